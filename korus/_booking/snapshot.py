"""Snapshot of the newest reservations before a call, to recognise those that were created since. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from korus._core.raw_json import objects
from korus._core.values import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from korus._booking.facts import ReservationFacts

__all__ = ["Snapshot"]

_KEPT: Final = 50


@frozen
class Snapshot:
    """Newest reservations before a call: any other that is not older was created since.

    Attributes:
        iris: The newest reservations' IRIs.
        newest: The creation time of the newest; None if there was none, or none showed it.
    """

    iris: frozenset[str]
    newest: datetime | None

    @classmethod
    def of(cls, reservations: Iterable[ReservationFacts]) -> Snapshot:
        """Build it from the first page of the list, newest first."""
        listed = list(reservations)
        made = [facts.created_at for facts in listed if facts.created_at is not None]
        return cls(frozenset(facts.iri for facts in listed if facts.iri), max(made, default=None))

    def is_before(self, reservation: ReservationFacts) -> bool:
        """Return True if a reservation existed before the call."""
        if reservation.iri in self.iris:
            return True
        made = reservation.created_at
        return made is not None and self.newest is not None and made < self.newest

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "newest": None if self.newest is None else self.newest.isoformat(),
            "iris": sorted(self.iris)[:_KEPT],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Snapshot:
        """Read what `to_dict` wrote."""
        return cls(frozenset(map(str, objects(stored, "iris"))), moment(stored.get("newest")))
