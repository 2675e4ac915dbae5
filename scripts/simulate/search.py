"""Search: runs and counts many schedules of one seed."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from attrs import define, field

from scripts.simulate.audit import COUNTS
from scripts.simulate.breaks import broken
from scripts.simulate.choices import choices_of
from scripts.simulate.model import ALL_HOLD, Assumptions
from scripts.simulate.simulation import Result, simulate

__all__ = ["Tally", "search"]


@define
class Tally:
    """Result of a search.

    Attributes:
        seed: The seed.
        schedules: The number of schedules.
        demanding: The number of those with at least two processes, four faults and sixty effects.
        seconds: CPU time.
        failing: The first schedule that was not clean, and its number.
    """

    seed: int
    schedules: int = 0
    demanding: int = 0
    processes: int = 0
    effects: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(factory=Counter[str])
    verdicts: Counter[str] = field(factory=Counter[str])
    counts: Counter[str] = field(factory=lambda: Counter(dict.fromkeys(COUNTS, 0)))
    failing: tuple[int, Result] | None = None

    @property
    def is_clean(self) -> bool:
        """True if all counts are zero."""
        return not any(self.counts.values())

    def add(self, number: int, result: Result) -> None:
        """Add the result of a schedule."""
        self.schedules += 1
        self.demanding += result.is_demanding
        self.processes += result.processes
        self.effects += result.effects
        self.faults.update(result.faults)
        self.verdicts.update(result.verdicts)
        self.counts.update(result.counts)
        if self.failing is None and not result.is_clean:
            self.failing = (number, result)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON without the duration, so that it is the same for the same seed."""
        return {
            "seed": self.seed,
            "schedules": self.schedules,
            "demanding": self.demanding,
            "processes": self.processes,
            "effects": self.effects,
            "faults": dict(sorted(self.faults.items())),
            "verdicts": dict(sorted(self.verdicts.items())),
            "counts": dict(self.counts),
            "clean": self.is_clean,
        }


def search(
    seed: int,
    schedules: int,
    assumptions: Assumptions = ALL_HOLD,
    *,
    rule: str | None = None,
    stops_at_failure: bool = False,
) -> Tally:
    """Run many schedules of a seed."""
    tally = Tally(seed)
    began = time.process_time()
    with broken(rule):
        for number in range(schedules):
            tally.add(number, simulate(choices_of(seed, number), assumptions))
            if stops_at_failure and tally.failing is not None:
                break
    tally.seconds = time.process_time() - began
    return tally
