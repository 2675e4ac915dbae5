"""Circuit breaker of a cache: after a failure it is not used for a while."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from korus._core.throttled_log import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["CacheHealth", "raise_swallowed", "swallowed_errors"]

_LOG = logging.getLogger("korus.cache")
_REST_SECONDS = 15.0


class _Swallowed(Exception):
    """An error of the database that hishel has logged."""


class CacheHealth:
    """State of one cache.

    Args:
        monotonic: The clock.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._rests_until = 0.0
        self._throttle = Throttle(monotonic)

    @property
    def is_resting(self) -> bool:
        """True while the cache is not used."""
        return self._monotonic() < self._rests_until

    def failed(self, reason: str) -> None:
        """Stop using the cache for a while; this is logged at most once a minute."""
        self._rests_until = self._monotonic() + _REST_SECONDS
        text = (
            f"the cache does not work ({reason}); it is left alone for {_REST_SECONDS:.0f} s at a time, and the API is "
            "asked instead"
        )
        self._throttle.log(_LOG, logging.WARNING, "cache_failed", text, {"event": "cache_failed"})


_SWALLOWED: ContextVar[list[str] | None] = ContextVar("korus_swallowed", default=None)


class _Collecting(logging.Filter):
    """Log filter that collects database errors of hishel, which logs them with a traceback and continues."""

    def filter(self, record: logging.LogRecord) -> bool:
        swallowed = _SWALLOWED.get()
        if swallowed is None:
            return True
        kind = record.exc_info[0] if record.exc_info else None
        swallowed.append(kind.__name__ if kind is not None else "an error")
        return False


_COLLECTING = _Collecting()
_LOGGERS = tuple(
    logging.getLogger(f"hishel._core._storages.{name}")
    for name in ("_async_redis", "_async_sqlite", "_sync_redis", "_sync_sqlite")
)


@contextmanager
def swallowed_errors(swallowed: list[str]) -> Generator[None]:
    """Collect the names of the errors that hishel logs and ignores inside the block."""
    for logger in _LOGGERS:
        logger.addFilter(_COLLECTING)  # does nothing the second time
    before = _SWALLOWED.set(swallowed)
    try:
        yield
    finally:
        _SWALLOWED.reset(before)


def raise_swallowed() -> None:
    """Raise an error if hishel has swallowed one in this block, since the next operation would fail as well."""
    if _SWALLOWED.get():
        raise _Swallowed
