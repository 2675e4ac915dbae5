# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `BulkReservationInput`."""

from __future__ import annotations

from typing import Any

from attrs import define as _define
from attrs import field as _field

from .._reading import shown
from .._writing import write_value


@_define(kw_only=True)
class BulkReservationInput:
    """Offers to hold"""

    items: list[BulkReservationInputItem]
    """One entry per offer. Fewest members `1`."""
    additional_properties: dict[str, Any] = _field(factory=dict)

    def __repr__(self) -> str:
        """Return the names of the given values; values are shown as `…`."""
        return shown(self, ["items", ])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; `UNSET` values are left out."""
        result: dict[str, Any] = {}
        if self.additional_properties:
            result |= {key: write_value(value) for key, value in self.additional_properties.items()}
        result["items"] = [item.to_dict() for item in self.items]
        return result


from .bulk_reservation_input_item import BulkReservationInputItem  # noqa: E402

__all__ = ["BulkReservationInput"]
