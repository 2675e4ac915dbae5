"""Schedules written by hand: requests, and faults of effects."""

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
    """Schedule written by hand; effects that it does not name have no faults.

    Attributes:
        jobs: The lines of each request: one of the three offers, and the quantity.
        faults: By the name of an effect, the faults of the first, the second and so on; None for no fault.
        always: By the name of an effect, the fault of all that ``faults`` does not name.
        mishaps: Disturbances of a process during an effect: the name of the effect, its number from 1, the kind.
        bystanders: The number of other processes that recover, after two minutes and after four.
        hosts: The hosts of the processes, in the order in which they start; the last one is used for all others.
        pause: Seconds between a hold and its order.
        unknowns: The reactions to the first unknown order, the second and so on; later ones are resolved.
        orders_same: True for a second run that orders the same reservations again.
        gives_up: True for customers who do not book again after a cancellation.
        shared: True for a log that all processes share.
        character: The properties of the API.
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
        """Return the fault of the next effect with a name."""
        at = self._seen[effect]
        self._seen[effect] += 1
        planned = self.faults.get(effect, ())
        return planned[at] if at < len(planned) else self.always.get(effect)

    def mishap(self, effect: str) -> str | None:
        """Return the disturbance of a process whose effect with a name is about to end."""
        self._moved[effect] += 1
        return next(
            (kind for name, at, kind in self.mishaps if (name, at) == (effect, self._moved[effect])), None
        )

    def unknown(self) -> str:
        """Return the reaction to the next unknown order."""
        at = self._moved["unknown"]
        self._moved["unknown"] += 1
        return self.unknowns[at] if at < len(self.unknowns) else "resolve"

    def host(self) -> str:
        """Return the host of the next process."""
        self._started += 1
        return self.hosts[min(self._started, len(self.hosts)) - 1]
