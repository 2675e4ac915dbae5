# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `BulkOrderInput`."""

from __future__ import annotations

from typing import Any

from attrs import define as _define
from attrs import field as _field

from .._reading import shown
from .._writing import write_value
from ..types import UNSET, Unset


@_define(kw_only=True)
class BulkOrderInput:
    """Reservations to order, and the customer"""

    external_reference: str
    """Your own reference for the order, by which it can be found. Example: `SHOP-17`. Key
    `externalReference`."""
    reservations: list[str] | Unset = UNSET
    """IRIs of the reservations to order, none of them expired."""
    customer: BulkOrderInputCustomer | Unset = UNSET
    """Customer."""
    notes: str | None | Unset = UNSET
    """Anything the issuer should know. Example: `Wheelchair place please`."""
    additional_properties: dict[str, Any] = _field(factory=dict)

    def __repr__(self) -> str:
        """Return the names of the given values; values are shown as `…`."""
        return shown(self, ["external_reference", "reservations", "customer", "notes", ])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; `UNSET` values are left out."""
        result: dict[str, Any] = {}
        if self.additional_properties:
            result |= {key: write_value(value) for key, value in self.additional_properties.items()}
        result["externalReference"] = self.external_reference
        if not isinstance(self.reservations, Unset):
            result["reservations"] = write_value(self.reservations)
        if not isinstance(self.customer, Unset):
            result["customer"] = self.customer.to_dict()
        if not isinstance(self.notes, Unset):
            result["notes"] = self.notes
        return result


from .bulk_order_input_customer import BulkOrderInputCustomer  # noqa: E402

__all__ = ["BulkOrderInput"]
