# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `Reservation`."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from attrs import define as _define
from attrs import field as _field

from .._reading import (
    ABSENT,
    read_datetime,
    read_model,
    read_models,
    reads_late,
    restore,
    same,
    shown,
    unknown_keys,
)


@reads_late
@_define(kw_only=True, eq=False, slots=False)
class Reservation:
    """A time-limited hold on offers"""

    _FIELDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("ld_context", "@context"),
        ("iri", "@id"),
        ("ld_type", "@type"),
        ("expired", "expired"),
        ("catalog", "catalog"),
        ("id", "id"),
        ("created_at", "createdAt"),
        ("total_amount_incl_tax", "totalAmountInclTax"),
        ("total_amount_excl_tax", "totalAmountExclTax"),
        ("expires_at", "expiresAt"),
        ("items", "items"),
        ("organization", "organization"),
        ("order", "order"),
        ("seats_arrangement", "seatsArrangement"),
        ("releasable", "releasable"),
        ("status", "status"),
    )

    ld_context: str | LdContext = ABSENT
    """JSON-LD context. Key `@context`. None if missing."""
    iri: str = ABSENT
    """IRI of this object; a blank node if it cannot be fetched. Key `@id`. None if missing."""
    ld_type: str = ABSENT
    """JSON-LD type. Key `@type`. None if missing."""
    expired: bool = ABSENT
    """True if the hold has expired. None if missing."""
    catalog: str = ABSENT
    """IRI of the catalogue. None if missing."""
    id: str = ABSENT
    """Id of the reservation, a UUID. None if missing."""
    created_at: datetime.datetime = ABSENT
    """Creation time. Format `date-time`. Example: `2026-02-03T14:01:02+00:00`. Key `createdAt`. None if
    missing."""
    total_amount_incl_tax: str = ABSENT
    """Sum with tax: a decimal number as text, two decimals. Example: `36.50`. Key `totalAmountInclTax`. None
    if missing."""
    total_amount_excl_tax: str | None = ABSENT
    """Sum without tax: a decimal number as text, two decimals. Example: `33.18`. Key `totalAmountExclTax`.
    None if missing."""
    expires_at: datetime.datetime = ABSENT
    """End of the hold. Format `date-time`. Example: `2026-02-03T14:16:02+00:00`. Key `expiresAt`. None if
    missing."""
    items: list[ReservationItem] = ABSENT
    """Held offers. None if missing."""
    organization: str = ABSENT
    """IRI of the organisation that holds it. None if missing."""
    order: str | None = ABSENT
    """IRI of its order, null before it is ordered. None if missing."""
    seats_arrangement: ReservationSeatsArrangement = ABSENT
    """True if the seats are adjacent. Key `seatsArrangement`. None if missing."""
    releasable: bool = ABSENT
    """True if the hold can be released. None if missing."""
    status: ReservationStatus = ABSENT
    """Status; `expired` shows that a hold has ended. None if missing."""
    _source: Mapping[str, Any] | None = _field(default=None, init=False, repr=False)
    _extra: dict[str, Any] | None = _field(default=None, init=False, repr=False)

    _LATE: ClassVar[dict[str, Callable[[Callable[[str], Any]], Any]]] = {
        "ld_context": lambda get: read_model(LdContext, get("@context")),
        "items": lambda get: read_models(ReservationItem, get("items")),
    }

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Read a mapping, without copying it; no value makes reading fail."""
        self = cls.__new__(cls)
        self._source = source
        self._extra = None
        get: Callable[[str], Any] = source.get
        self.iri = get("@id")
        self.ld_type = get("@type")
        self.expired = get("expired")
        self.catalog = get("catalog")
        self.id = get("id")
        self.created_at = read_datetime(get("createdAt"))
        self.total_amount_incl_tax = get("totalAmountInclTax")
        self.total_amount_excl_tax = get("totalAmountExclTax")
        self.expires_at = read_datetime(get("expiresAt"))
        self.organization = get("organization")
        self.order = get("order")
        self.seats_arrangement = ReservationSeatsArrangement.read(get("seatsArrangement"))
        self.releasable = get("releasable")
        self.status = ReservationStatus.read(get("status"))
        if get("@context") is None:
            self.ld_context = ABSENT
        if get("items") is None:
            self.items = ABSENT
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping that was read, with the changes made since."""
        return restore(self)

    @property
    def additional_properties(self) -> dict[str, Any]:
        """The values under keys without an attribute; changes are kept."""
        if self._extra is None:
            self._extra = unknown_keys(self)
        return self._extra

    def __repr__(self) -> str:
        """Return IRI, id and enum values; other values are shown as `…`."""
        return shown(self, [name for name, _ in self._FIELDS])

    def __eq__(self, other: object) -> bool:
        """Compare attributes and unknown keys."""
        return same(self, other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self) -> int:
        # by the IRI, so that equal models have equal hashes and can be keys of a mapping
        return hash((type(self), str(getattr(self, "iri", None))))


from .ld_context import LdContext  # noqa: E402
from .reservation_item import ReservationItem  # noqa: E402
from .reservation_seats_arrangement import ReservationSeatsArrangement  # noqa: E402
from .reservation_status import ReservationStatus  # noqa: E402

__all__ = ["Reservation"]
