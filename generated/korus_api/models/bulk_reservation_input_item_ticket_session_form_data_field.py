# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `BulkReservationInputItemTicketSessionFormDataField`."""

from __future__ import annotations

from typing import Any

from attrs import define as _define
from attrs import field as _field

from .._reading import shown
from .._writing import write_value


@_define(kw_only=True)
class BulkReservationInputItemTicketSessionFormDataField:
    """The answer to one field"""

    field: str
    """IRI of the field."""
    value: str
    """The answer, always as text."""
    additional_properties: dict[str, Any] = _field(factory=dict)

    def __repr__(self) -> str:
        """Return the names of the given values; values are shown as `…`."""
        return shown(self, ["field", "value", ])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; `UNSET` values are left out."""
        result: dict[str, Any] = {}
        if self.additional_properties:
            result |= {key: write_value(value) for key, value in self.additional_properties.items()}
        result["field"] = self.field
        result["value"] = self.value
        return result


__all__ = ["BulkReservationInputItemTicketSessionFormDataField"]
