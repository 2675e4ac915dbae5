"""Numbers of a schedule: each decision draws the next one. Zero is always the harmless choice."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Choices", "Worst", "choices_of"]

_T = TypeVar("_T")
_RANGE: Final = 1000


class Choices:
    """Source of decisions.

    Args:
        numbers: The first numbers, each from 0 to 999.
        random: The source of further numbers; zeros if None.
    """

    def __init__(self, numbers: Sequence[int] = (), random: Random | None = None) -> None:
        self.numbers = list(numbers)
        self._at = 0
        self._random = random

    def draw(self) -> int:
        """Return the next number, from 0 to 999."""
        at = self._at
        self._at += 1
        if at < len(self.numbers):
            return self.numbers[at] % _RANGE
        if self._random is None:
            return 0
        number = int(self._random.random() * _RANGE)
        self.numbers.append(number)
        return number

    def happens(self, permille: int) -> bool:
        """Return True in this many of a thousand cases."""
        return self.draw() >= _RANGE - permille

    def pick(self, options: Sequence[_T]) -> _T:
        """Return one of the options, the first for zero."""
        return options[self.draw() * len(options) // _RANGE]

    def between(self, low: float, high: float) -> float:
        """Return a number from ``low`` to ``high``."""
        return low + (high - low) * self.draw() / _RANGE


class Worst(Choices):
    """Choices without faults and with maximum delays, for schedules that are written by hand."""

    def between(self, low: float, high: float) -> float:
        """Return the maximum."""
        _ = low
        return high


def choices_of(seed: int, number: int) -> Choices:
    """Return the choices of one schedule of a seed."""
    return Choices(random=Random(f"{seed}/{number}"))  # noqa: S311 (a schedule, not a secret)
