"""Throttled logging: a repeated message is written once a minute, with its count."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Hashable, Mapping

__all__ = ["THROTTLE", "Throttle", "report"]

_SECONDS = 60.0
_MOST_KEYS = 500


class Throttle:
    """Messages that were logged within the last minute.

    There is no lock, since one that is held during a fork stays locked in the child: two threads may at worst write a
    line too many or lose a count.

    Args:
        monotonic: The clock.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        # by key: until when further lines are left out, and how many were
        self._quiet: dict[Hashable, tuple[float, int]] = {}

    def log(
        self,
        logger: logging.Logger,
        level: int,
        key: Hashable,
        message: str,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a line, unless one with the same key was written within the last minute.

        The first line after that minute has the number of lines left out, also as the field ``korus_left_out``.
        """
        if not logger.isEnabledFor(level):
            return
        now = self._monotonic()
        until, left_out = self._quiet.get(key, (now, 0))
        if now < until:
            self._quiet[key] = until, left_out + 1
            return
        if len(self._quiet) >= _MOST_KEYS:
            self._quiet.clear()
        self._quiet[key] = now + _SECONDS, 0
        more = f" ({left_out} more since the last line)" if left_out else ""
        logger.log(level, "%s%s", message, more, extra={**(extra or {}), "korus_left_out": left_out})


THROTTLE = Throttle()
"""The log of this process."""


def report(logger: logging.Logger, level: int, event: str, text: str) -> None:
    """Write a line about a problem, at most once a minute, with the event's name as the field ``event``."""
    THROTTLE.log(logger, level, event, text, {"event": event})
