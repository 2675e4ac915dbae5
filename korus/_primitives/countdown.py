"""The timeouts of one attempt, which shrink as its deadline comes nearer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Countdown"]

# httpcore takes 0 for "do not wait at all", which fails in another way than a timeout
_SHORTEST = 0.001


class Countdown(dict[str, Any]):
    """What httpx hands to its transport as ``timeout``: looked at before each wait, cut to what is left.

    So a connection that takes long leaves less for the answer, and all waits together end at the deadline.

    Args:
        timeouts: Seconds by name: ``connect``, ``read``, ``write``, ``pool``.
        deadline: The time at which all waiting ends.
        now: The clock that the deadline is read from.
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
