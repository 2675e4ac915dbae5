"""Timeouts of one attempt, which shrink towards its deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Countdown"]

# httpcore takes 0 for "do not wait at all", which fails in another way than a timeout
_SHORTEST = 0.001


class Countdown(dict[str, Any]):
    """Timeouts that httpx passes to its transport; each is limited to the time left when it is read.

    So a slow connection leaves less time for the answer, and all waits together end at the deadline.

    Args:
        timeouts: Seconds by name: ``connect``, ``read``, ``write``, ``pool``.
        deadline: The time at which all waiting ends.
        now: The clock of the deadline.
    """

    __slots__ = ("_deadline", "_now")

    def __init__(
        self, timeouts: Mapping[str, float | None], deadline: float, now: Callable[[], float]
    ) -> None:
        super().__init__(timeouts)
        self._deadline = deadline
        self._now = now

    def get(self, name: str, default: Any = None) -> Any:
        """Return the seconds that a wait of this kind may take now."""
        seconds = super().get(name, default)
        left = max(self._deadline - self._now(), _SHORTEST)
        return left if seconds is None else min(seconds, left)
