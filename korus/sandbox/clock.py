"""Clock of the sandbox, which tests can move.

Tokens, holds, document delays and signed addresses expire by this clock only.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

__all__ = ["Clock", "stamp"]


def stamp(moment: datetime) -> str:
    """Format a time as the API does: UTC, explicit offset, no fraction (reference 1.6)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


class Clock:
    """A clock that runs like the real one until it is moved, set or stopped; safe to share between threads.

    Args:
        start: The moment to begin at, aware; now when left out.
        frozen: True to stop it, so that only :meth:`advance` and :meth:`set` move it.
    """

    def __init__(self, start: datetime | None = None, *, frozen: bool = False) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta()
        self._stopped_at: datetime | None = None
        if start is not None:
            self.set(start)
        if frozen:
            self.freeze()

    def now(self) -> datetime:
        """Return the sandbox's current time, aware, in UTC."""
        with self._lock:
            return self._now()

    def _now(self) -> datetime:
        return self._stopped_at if self._stopped_at is not None else datetime.now(UTC) + self._offset

    def advance(self, by: timedelta | float) -> datetime:
        """Move time on.

        Args:
            by: A timedelta or a number of seconds; negative moves back.

        Returns:
            The new current time.
        """
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        with self._lock:
            if self._stopped_at is not None:
                self._stopped_at += step
            else:
                self._offset += step
            return self._now()

    def set(self, moment: datetime) -> None:
        """Set the clock to ``moment``.

        Raises:
            ValueError: The moment has no offset.
        """
        if moment.tzinfo is None:
            raise ValueError("the sandbox's clock needs an aware datetime, such as datetime(..., tzinfo=UTC)")
        with self._lock:
            if self._stopped_at is not None:
                self._stopped_at = moment.astimezone(UTC)
            else:
                self._offset = moment.astimezone(UTC) - datetime.now(UTC)

    def freeze(self) -> None:
        """Stop the clock."""
        with self._lock:
            self._stopped_at = self._now()

    def resume(self) -> None:
        """Let the clock run again."""
        with self._lock:
            if self._stopped_at is not None:
                self._offset = self._stopped_at - datetime.now(UTC)
                self._stopped_at = None
