"""Shrinking: finds fewer and smaller numbers that show the same fault, and prints them as a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import asdict

from scripts.simulate.breaks import broken
from scripts.simulate.model import ALL_HOLD, Assumptions
from scripts.simulate.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["as_test", "shrunk"]

_MOST_RUNS: Final = 400


def shrunk(
    numbers: Sequence[int], count: str, assumptions: Assumptions = ALL_HOLD, rule: str | None = None
) -> tuple[int, ...]:
    """Return a simpler schedule in which the same count is not zero.

    Numbers at the end are removed, since missing numbers are zero; then blocks of numbers are set to zero or removed.
    """
    runs = 0

    def fails(candidate: Sequence[int]) -> bool:
        nonlocal runs
        runs += 1
        if runs > _MOST_RUNS:
            return False
        with broken(rule):
            return simulate(candidate, assumptions).counts[count] > 0

    best = _cut(list(numbers), fails)
    size = max(len(best) // 2, 1)
    while size >= 1:
        at = 0
        while at < len(best):
            block = best[at : at + size]
            zeros = [*best[:at], *[0] * len(block), *best[at + size :]]
            without = [*best[:at], *best[at + size :]]
            if fails(without):
                best = without
                continue
            if any(block) and fails(zeros):
                best = zeros
            at += size
        size //= 2
    return tuple(_cut(best, fails))


def _cut(numbers: list[int], fails: Callable[[Sequence[int]], bool]) -> list[int]:
    """Return a short beginning that still fails, found by bisection."""
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        if fails(numbers[:middle]):
            high = middle
        else:
            low = middle + 1
    found = numbers[:high]
    while found and not found[-1]:
        found.pop()
    return found


def as_test(
    numbers: Sequence[int], count: str, assumptions: Assumptions = ALL_HOLD, rule: str | None = None
) -> str:
    """Return a schedule as the source of a test."""
    with broken(rule):
        note = next((note for note in simulate(numbers, assumptions).notes if note.startswith(count)), count)
    lines: list[str] = []
    for number in numbers:
        if not lines or len(lines[-1]) + len(f"{number}, ") > 96:  # noqa: PLR2004 (a line's length)
            lines.append("        ")
        lines[-1] += f"{number}, "
    written = "\n".join(line.rstrip() for line in lines)
    off = ", ".join(f"{name}=False" for name, holds in asdict(assumptions).items() if not holds)
    given = f"numbers, Assumptions({off})" if off else "numbers"
    return (
        f"def test_{count}_stays_zero() -> None:\n"
        f"    # {note}\n"
        f"    numbers = [\n{written}\n    ]\n"
        f"    assert simulate({given}).counts[{count!r}] == 0\n"
    )
