# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `OrderItem`."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from attrs import define as _define
from attrs import field as _field

from .._reading import ABSENT, read_date, read_models, reads_late, restore, same, shown, unknown_keys


@reads_late
@_define(kw_only=True, eq=False, slots=False)
class OrderItem:
    """One offer in an order"""

    _FIELDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("unit_amount_incl_tax", "unitAmountInclTax"),
        ("unit_amount_excl_tax", "unitAmountExclTax"),
        ("quantity", "quantity"),
        ("total_amount_incl_tax", "totalAmountInclTax"),
        ("total_amount_excl_tax", "totalAmountExclTax"),
        ("id", "id"),
        ("amount_incl_tax", "amountInclTax"),
        ("amount_excl_tax", "amountExclTax"),
        ("date", "date"),
        ("product", "product"),
        ("tickets", "tickets"),
    )

    unit_amount_incl_tax: str = ABSENT
    """Price of one with tax: a decimal number as text, two decimals. Example: `36.50`. Key
    `unitAmountInclTax`. None if missing."""
    unit_amount_excl_tax: str = ABSENT
    """Price of one without tax: a decimal number as text, two decimals. Example: `33.18`. Key
    `unitAmountExclTax`. None if missing."""
    quantity: int = ABSENT
    """Quantity. None if missing."""
    total_amount_incl_tax: str = ABSENT
    """Price of all with tax: a decimal number as text, two decimals. Example: `36.50`. Key
    `totalAmountInclTax`. None if missing."""
    total_amount_excl_tax: str = ABSENT
    """Price of all without tax: a decimal number as text, two decimals. Example: `33.18`. Key
    `totalAmountExclTax`. None if missing."""
    id: str = ABSENT
    """Id of the item, a UUID. None if missing."""
    amount_incl_tax: str = ABSENT
    """Price with tax: a decimal number as text, two decimals. Example: `36.50`. Key `amountInclTax`. None if
    missing."""
    amount_excl_tax: str = ABSENT
    """Price without tax: a decimal number as text, two decimals. Example: `33.18`. Key `amountExclTax`. None
    if missing."""
    date: datetime.date | None = ABSENT
    """Date on which it is valid. Format `date`. Example: `2026-04-18`. None if missing."""
    product: str = ABSENT
    """IRI of the product. None if missing."""
    tickets: list[OrderItemTicketResource] = ABSENT
    """The tickets issued. None if missing."""
    _source: Mapping[str, Any] | None = _field(default=None, init=False, repr=False)
    _extra: dict[str, Any] | None = _field(default=None, init=False, repr=False)

    _LATE: ClassVar[dict[str, Callable[[Callable[[str], Any]], Any]]] = {
        "tickets": lambda get: read_models(OrderItemTicketResource, get("tickets")),
    }

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Read a mapping, without copying it; no value makes reading fail."""
        self = cls.__new__(cls)
        self._source = source
        self._extra = None
        get: Callable[[str], Any] = source.get
        self.unit_amount_incl_tax = get("unitAmountInclTax")
        self.unit_amount_excl_tax = get("unitAmountExclTax")
        self.quantity = get("quantity")
        self.total_amount_incl_tax = get("totalAmountInclTax")
        self.total_amount_excl_tax = get("totalAmountExclTax")
        self.id = get("id")
        self.amount_incl_tax = get("amountInclTax")
        self.amount_excl_tax = get("amountExclTax")
        self.date = read_date(get("date"))
        self.product = get("product")
        if get("tickets") is None:
            self.tickets = ABSENT
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


from .order_item_ticket_resource import OrderItemTicketResource  # noqa: E402

__all__ = ["OrderItem"]
