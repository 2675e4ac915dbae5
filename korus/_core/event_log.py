"""Events as log lines: their logger, level and flat fields.

A line has the fields ``event``, the event's name, and ``korus_…``, one for each value. DEBUG: every call, attempt and
cache hit. INFO: steps of bookings, and calls that failed or are retried. WARNING: problems that need attention.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from attrs import fields

from korus._core.throttled_log import THROTTLE
from korus.hooks import Action, BookingStep, Call, CallEnded, RateLimitMet, TokenRenewed

if TYPE_CHECKING:
    from korus.hooks import Event

__all__ = ["event_name", "log_event", "log_failure", "values_of"]

_LOGGERS = {
    "booking": logging.getLogger("korus.booking"),
    "hooks": logging.getLogger("korus.hooks"),
    "http": logging.getLogger("korus.http"),
    "mirror": logging.getLogger("korus.mirror"),
}
_ROOMS = {
    "BookingStep": "booking",
    "ActionStarted": "booking",
    "ActionEnded": "booking",
    "SweepEnded": "mirror",
}
_INFO = frozenset({"BookingStep", "ActionEnded", "RetryScheduled", "SweepEnded"})
_QUIET = frozenset({"CallStarted", "AttemptStarted", "AttemptEnded"})
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def log_event(event: Event) -> None:
    """Write an event to the log."""
    kind = type(event).__name__
    logger = _LOGGERS[_ROOMS.get(kind, "http")]
    level = _level(event, kind)
    if not logger.isEnabledFor(level):
        return
    values = values_of(event)
    name = event_name(event)
    message = " ".join([name, *(f"{key}={_written(value)}" for key, value in values.items())])
    extra = {"event": name, **{f"korus_{key}": value for key, value in values.items()}}
    trouble = (
        values.get("error") or values.get("reason") or (kind if isinstance(event, RateLimitMet) else None)
    )
    if trouble is None or isinstance(event, BookingStep) or level < logging.INFO:
        logger.log(level, "%s", message, extra=extra)
    else:
        THROTTLE.log(logger, level, (kind, values.get("operation"), trouble), message, extra)


def _level(event: Event, kind: str) -> int:
    if kind in _QUIET:  # most events are of these kinds
        return logging.DEBUG
    match event:
        case RateLimitMet() | BookingStep(state="unknown"):
            return logging.WARNING
        case TokenRenewed(error=str()):
            return logging.WARNING
        case CallEnded(error=str(), cancelled=False):
            return logging.INFO
        case _:
            return logging.INFO if kind in _INFO else logging.DEBUG


def event_name(event: Event) -> str:
    """Return an event's name in the log, such as ``call_ended``."""
    return _WORD.sub("_", type(event).__name__).lower()


def values_of(event: Event) -> dict[str, Any]:
    """Return the values of an event, flat, without None and without flags that are False by default."""
    values: dict[str, Any] = {}
    for attribute in fields(type(event)):
        value = getattr(event, attribute.name)
        if isinstance(value, Call):
            values |= {"call": value.id, "operation": value.operation}
        elif isinstance(value, Action):
            values |= {"action": value.id, "name": value.name, "lines": value.lines}
        elif isinstance(value, dict):
            values |= value
        elif value is not False or attribute.default is not False:
            values[attribute.name] = value
    return {key: value for key, value in values.items() if value is not None}


def log_failure(hook: object, error: Exception) -> None:
    """Log that a hook failed, at most once a minute, without the error's text, which may quote data."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    kind = type(error).__name__
    code = None if traceback is None else traceback.tb_frame.f_code
    place = "" if code is None or traceback is None else f" in {code.co_qualname}, line {traceback.tb_lineno}"
    THROTTLE.log(
        _LOGGERS["hooks"],
        logging.WARNING,
        (type(hook).__name__, place, kind),
        f"a hook failed: {kind}{place}; the call goes on",
        {"event": "hook_failed", "korus_error": kind},
    )


def _written(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
