"""A schedule written by hand: who asks for what, and what goes wrong with which effect."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field

from scripts.simulate.model import Character

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Script"]


@define
class Script:
    """A schedule by hand; whatever it does not name goes well.

    Attributes:
        jobs: For each request its lines: which of the three offers, and how many.
        faults: By the name of an effect, what goes wrong with the first, the second and so on; None is nothing.
        always: By the name of an effect, what goes wrong with all that ``faults`` does not name.
        mishaps: What happens to a process while an effect is under way: its name, its place from 1, the kind.
        bystanders: How many other processes recover, after two minutes and after four.
        hosts: Where the processes run, in the order in which they start; the last one counts for all others.
        pause: Seconds between a hold and its order.
        unknowns: What is done about the first order that is unknown, the second and so on; then it is resolved.
        orders_same: True for a second run that orders the same reservations again.
        gives_up: True for customers who have gone after a cancellation, so that nobody books again for them.
        shared: True for a log that all share.
        character: How the API is.
    """

    jobs: Sequence[Sequence[tuple[int, int]]] = (((1, 1),),)
    faults: Mapping[str, Sequence[str | None]] = field(factory=dict[str, "Sequence[str | None]"])
    always: Mapping[str, str] = field(factory=dict[str, str])
    mishaps: Sequence[tuple[str, int, str]] = ()
    bystanders: int = 0
    hosts: Sequence[str] = ("a",)
    pause: float = 0.0
    unknowns: Sequence[str] = ()
    orders_same: bool = False
    gives_up: bool = False
    shared: bool = True
    character: Character = field(factory=Character)
    _seen: Counter[str] = field(factory=Counter[str])
    _moved: Counter[str] = field(factory=Counter[str])
    _started: int = 0

    def fault(self, effect: str) -> str | None:
        """Return what goes wrong with the next effect of a name."""
        at = self._seen[effect]
        self._seen[effect] += 1
        planned = self.faults.get(effect, ())
        return planned[at] if at < len(planned) else self.always.get(effect)

    def mishap(self, effect: str) -> str | None:
        """Return what happens to a process whose effect of a name is about to end."""
        self._moved[effect] += 1
        return next(
            (kind for name, at, kind in self.mishaps if (name, at) == (effect, self._moved[effect])), None
        )

    def unknown(self) -> str:
        """Return what is done about the next order that is unknown."""
        at = self._moved["unknown"]
        self._moved["unknown"] += 1
        return self.unknowns[at] if at < len(self.unknowns) else "resolve"

    def host(self) -> str:
        """Return where the next process runs."""
        self._started += 1
        return self.hosts[min(self._started, len(self.hosts)) - 1]
