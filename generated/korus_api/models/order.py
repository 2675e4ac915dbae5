# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `Order`."""

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
class Order:
    """A purchase confirmed with the ticket issuer"""

    _FIELDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("ld_context", "@context"),
        ("iri", "@id"),
        ("ld_type", "@type"),
        ("id", "id"),
        ("created_at", "createdAt"),
        ("catalog", "catalog"),
        ("organization", "organization"),
        ("reference", "reference"),
        ("external_reference", "externalReference"),
        ("connector_reference", "connectorReference"),
        ("total_amount_incl_tax", "totalAmountInclTax"),
        ("total_amount_excl_tax", "totalAmountExclTax"),
        ("reservation", "reservation"),
        ("customer", "customer"),
        ("status", "status"),
        ("cancelled_at", "cancelledAt"),
        ("items", "items"),
    )

    ld_context: str | LdContext = ABSENT
    """JSON-LD context. Key `@context`. None if missing."""
    iri: str = ABSENT
    """IRI of this object; a blank node if it cannot be fetched. Key `@id`. None if missing."""
    ld_type: str = ABSENT
    """JSON-LD type. Key `@type`. None if missing."""
    id: str = ABSENT
    """Id of the order, a UUID. None if missing."""
    created_at: datetime.datetime = ABSENT
    """Time of the order. Format `date-time`. Example: `2026-02-03T14:05:06+00:00`. Key `createdAt`. None if
    missing."""
    catalog: str = ABSENT
    """IRI of the catalogue. None if missing."""
    organization: str = ABSENT
    """IRI of the organisation that placed it. None if missing."""
    reference: str = ABSENT
    """Public name. Example: `LANTRN-7C41E9`. None if missing."""
    external_reference: str | None = ABSENT
    """Your own reference. Example: `SHOP-17`. Key `externalReference`. None if missing."""
    connector_reference: str | None = ABSENT
    """The issuer's name for it. Example: `5120`. Key `connectorReference`. None if missing."""
    total_amount_incl_tax: str = ABSENT
    """Sum with tax: a decimal number as text, two decimals. Example: `36.50`. Key `totalAmountInclTax`. None
    if missing."""
    total_amount_excl_tax: str = ABSENT
    """Sum without tax: a decimal number as text, two decimals. Example: `33.18`. Key `totalAmountExclTax`.
    None if missing."""
    reservation: str = ABSENT
    """IRI of its reservation. None if missing."""
    customer: OrderCustomer = ABSENT
    """Customer. None if missing."""
    status: OrderStatus = ABSENT
    """Status. None if missing."""
    cancelled_at: datetime.datetime | None = ABSENT
    """Time of the cancellation, null if not cancelled. Format `date-time`. Key `cancelledAt`. None if
    missing."""
    items: list[OrderItem] = ABSENT
    """Ordered items. None if missing."""
    _source: Mapping[str, Any] | None = _field(default=None, init=False, repr=False)
    _extra: dict[str, Any] | None = _field(default=None, init=False, repr=False)

    _LATE: ClassVar[dict[str, Callable[[Callable[[str], Any]], Any]]] = {
        "ld_context": lambda get: read_model(LdContext, get("@context")),
        "customer": lambda get: read_model(OrderCustomer, get("customer")),
        "items": lambda get: read_models(OrderItem, get("items")),
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
        self.id = get("id")
        self.created_at = read_datetime(get("createdAt"))
        self.catalog = get("catalog")
        self.organization = get("organization")
        self.reference = get("reference")
        self.external_reference = get("externalReference")
        self.connector_reference = get("connectorReference")
        self.total_amount_incl_tax = get("totalAmountInclTax")
        self.total_amount_excl_tax = get("totalAmountExclTax")
        self.reservation = get("reservation")
        self.status = OrderStatus.read(get("status"))
        self.cancelled_at = read_datetime(get("cancelledAt"))
        if get("@context") is None:
            self.ld_context = ABSENT
        if get("customer") is None:
            self.customer = ABSENT
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
from .order_customer import OrderCustomer  # noqa: E402
from .order_item import OrderItem  # noqa: E402
from .order_status import OrderStatus  # noqa: E402

__all__ = ["Order"]
