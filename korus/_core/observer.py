"""Passing events on to the hooks of a client. A hook that fails breaks nothing.

A client that nobody listens to needs neither the events nor what watches for them, so both are imported late.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from korus._core.headers import is_header

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from korus.hooks import Event, Hook, RequestHeaders

__all__ = ["COLLECTORS", "Observer"]

_HTTP = logging.getLogger("korus.http")
# True inside a hook: what it calls makes no events, or it would be called without end
_INSIDE: ContextVar[bool] = ContextVar("korus_inside_hook", default=False)

COLLECTORS: ContextVar[tuple[tuple[object, Any], ...]] = ContextVar("korus_raw_answers", default=())
"""The collectors of answers in this context, each with its pool; see `korus._http.raw_answers`."""


class Observer:
    """The hooks of one client.

    Args:
        hooks: The hooks.
        monotonic: The clock.
    """

    __slots__ = ("_adding", "_log", "hooks", "monotonic")

    def __init__(self, hooks: Sequence[Hook], monotonic: Callable[[], float]) -> None:
        self.hooks = tuple(hooks)
        self.monotonic = monotonic
        self._log: Callable[[Event], None] | None = None
        self._adding: tuple[RequestHeaders, ...] = ()
        if self.hooks:
            from korus.hooks import RequestHeaders  # noqa: PLC0415

            self._adding = tuple(hook for hook in self.hooks if isinstance(hook, RequestHeaders))

    @property
    def is_on(self) -> bool:
        """Return True if anybody listens."""
        return bool(self.hooks) or _HTTP.isEnabledFor(logging.INFO) or bool(COLLECTORS.get())

    def emit(self, event: Event) -> None:
        """Pass an event on to the log and to all hooks."""
        if _INSIDE.get():
            return
        if self._log is None:
            from korus._core.event_log import log_event  # noqa: PLC0415

            self._log = log_event
        self._log(event)
        if not self.hooks:
            return
        before = _INSIDE.set(True)
        try:
            for hook in self.hooks:
                try:
                    hook(event)
                except Exception as error:  # noqa: BLE001 - a hook never breaks a call
                    from korus._core.event_log import log_failure  # noqa: PLC0415

                    log_failure(hook, error)
        finally:
            _INSIDE.reset(before)

    def request_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers that hooks add to the attempt that has just started."""
        found: list[tuple[bytes, bytes]] = []
        if _INSIDE.get():
            return found
        for hook in self._adding:
            try:
                added = hook.request_headers()
                found += [
                    (name.encode(), value.encode()) for name, value in added.items() if is_header(name, value)
                ]
            except Exception as error:  # noqa: BLE001 - see above
                from korus._core.event_log import log_failure  # noqa: PLC0415

                log_failure(hook, error)
        return found
