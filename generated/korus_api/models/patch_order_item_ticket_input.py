# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `PatchOrderItemTicketInput`."""

from __future__ import annotations

from typing import Any

from attrs import define as _define
from attrs import field as _field

from .._reading import shown
from .._writing import write_value
from ..types import UNSET, Unset


@_define(kw_only=True)
class PatchOrderItemTicketInput:
    """Changes of a ticket"""

    beneficiary: PatchOrderItemTicketInputBeneficiary | Unset = UNSET
    """Beneficiary, the person who will use the ticket."""
    additional_properties: dict[str, Any] = _field(factory=dict)

    def __repr__(self) -> str:
        """Return the names of the given values; values are shown as `…`."""
        return shown(self, ["beneficiary", ])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; `UNSET` values are left out."""
        result: dict[str, Any] = {}
        if self.additional_properties:
            result |= {key: write_value(value) for key, value in self.additional_properties.items()}
        if not isinstance(self.beneficiary, Unset):
            result["beneficiary"] = self.beneficiary.to_dict()
        return result


from .patch_order_item_ticket_input_beneficiary import PatchOrderItemTicketInputBeneficiary  # noqa: E402

__all__ = ["PatchOrderItemTicketInput"]
