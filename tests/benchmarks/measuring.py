"""Time things beside each other, and say how far they are apart.

All contestants of a row take turns in every round, so that what else the machine does hits them alike. A figure
is the median over the rounds of the ratio within one round; its spread is the middle half of those ratios.
"""

from __future__ import annotations

import gc
import re
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

__all__ = [
    "CPU",
    "Figure",
    "Row",
    "at_least",
    "at_most",
    "median",
    "peak_memory",
    "quartiles",
    "race",
    "race_async",
    "ratio",
]

CPU = time.process_time
"""The clock that runs only while this process does."""

_ROUND_SECONDS = 0.02
"""How long one contestant's turn lasts at least, so that the clock's grain does not matter."""


@frozen
class Figure:
    """One number that has an aim.

    Attributes:
        text: What it is.
        value: The median.
        spread: The middle half of the rounds.
        unit: What it is in; the sign of multiplication for a ratio.
        aim: The limit, None for a number that is only told.
        below: Whether the aim is an upper limit.
    """

    text: str
    value: float
    spread: tuple[float, float] | None = None
    unit: str = "×"
    aim: float | None = None
    below: bool = True

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None without one."""
        if self.aim is None:
            return None
        return self.value <= self.aim if self.below else self.value >= self.aim


@frozen
class Row:
    """A row of the table.

    Attributes:
        number: Its number there.
        title: The work.
        unit: What the times are in.
        times: Each contestant's times, round by round.
        figures: What follows from them.
        remarks: What else has to be said: peers that are absent, conditions.
    """

    number: int
    title: str
    unit: str
    times: Mapping[str, Sequence[float]]
    figures: Sequence[Figure]
    remarks: Sequence[str] = field(factory=tuple)


def median(values: Sequence[float]) -> float:
    """Give the median."""
    return statistics.median(values)


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """Give the bounds of the middle half."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def peak_memory() -> float:
    """Give the most memory that this process ever held, in MB."""
    try:
        # `getrusage` would count the process that this one was started from
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return peak / 1024 if sys.platform == "darwin" else peak
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024  # type: ignore[index]


def ratio(text: str, mine: Sequence[float], other: Sequence[float], **aim: Any) -> Figure:
    """Compare two contestants of one race."""
    ratios = [one / two for one, two in zip(mine, other, strict=True)]
    return Figure(text, median(ratios), quartiles(ratios), **aim)


def at_most(aim: float) -> dict[str, Any]:
    """Say that a figure has an upper limit."""
    return {"aim": aim, "below": True}


def at_least(aim: float) -> dict[str, Any]:
    """Say that a figure has a lower limit."""
    return {"aim": aim, "below": False}


def race(
    contestants: Mapping[str, Callable[[], Any]],
    rounds: int,
    *,
    scale: float = 1e6,
    clock: Callable[[], float] = time.perf_counter,
    once: bool = False,
) -> dict[str, list[float]]:
    """Let all take turns; give the time of one call of each, round by round.

    The collector of garbage is off during a turn and runs before it, as in `timeit`.

    Args:
        contestants: What to call.
        rounds: How often each has its turn.
        scale: Units per second: 1e6 for microseconds.
        clock: `CPU` for work that waits for nothing: a processor shared with others then does not matter.
        once: Whether a turn is a single call, not preceded by any, since one takes seconds.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    repeats: dict[str, int] = {}
    for name, call in contestants.items():
        if not once:
            call()
            started = time.perf_counter()
            call()
            repeats[name] = max(int(_ROUND_SECONDS / (time.perf_counter() - started)), 1)
    for turn in range(rounds):
        for name, call in _turned(contestants, turn):
            gc.collect()
            gc.disable()
            started = clock()
            for _ in range(repeats.get(name, 1)):
                call()
            spent = clock() - started
            gc.enable()
            times[name].append(spent / repeats.get(name, 1) * scale)
    return times


async def race_async(
    contestants: Mapping[str, Callable[[], Awaitable[Any]]],
    rounds: int,
    *,
    scale: float = 1e6,
    clock: Callable[[], float] = time.perf_counter,
    once: bool = False,
) -> dict[str, list[float]]:
    """Do the same for what has to be awaited."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    repeats: dict[str, int] = {}
    for name, call in contestants.items():
        if not once:
            await call()
            started = time.perf_counter()
            await call()
            repeats[name] = max(int(_ROUND_SECONDS / (time.perf_counter() - started)), 1)
    for turn in range(rounds):
        for name, call in _turned(contestants, turn):
            gc.collect()
            gc.disable()
            started = clock()
            for _ in range(repeats.get(name, 1)):
                await call()
            spent = clock() - started
            gc.enable()
            times[name].append(spent / repeats.get(name, 1) * scale)
    return times


def _turned(contestants: Mapping[str, Any], turn: int) -> list[tuple[str, Any]]:
    """Begin with another one each time, so that nobody always follows the same one."""
    listed = list(contestants.items())
    start = turn % len(listed)
    return listed[start:] + listed[:start]
