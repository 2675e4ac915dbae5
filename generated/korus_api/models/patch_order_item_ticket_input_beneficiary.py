# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `PatchOrderItemTicketInputBeneficiary`."""

from __future__ import annotations

from typing import Any

from attrs import define as _define
from attrs import field as _field

from .._reading import shown
from .._writing import write_value
from ..types import UNSET, Unset


@_define(kw_only=True)
class PatchOrderItemTicketInputBeneficiary:
    """Beneficiary, the person who will use the ticket"""

    firstname: str
    """First name. Example: `mira`."""
    lastname: str
    """Last name. Example: `vega`."""
    title: PatchOrderItemTicketInputBeneficiaryTitle | str | None | Unset = UNSET
    """Salutation."""
    nationality: str | None | Unset = UNSET
    """Country, two capital letters. Example: `PT`."""
    date_of_birth: str | None | Unset = UNSET
    """Day of birth, YYYY-MM-DD. Example: `1991-06-23`. Key `dateOfBirth`."""
    place_of_birth: str | None | Unset = UNSET
    """Place of birth. Key `placeOfBirth`."""
    email: str | None | Unset = UNSET
    """Mail address."""
    phone: str | None | Unset = UNSET
    """Phone number."""
    additional_properties: dict[str, Any] = _field(factory=dict)

    def __repr__(self) -> str:
        """Return the names of the given values; values are shown as `…`."""
        return shown(self, ["firstname", "lastname", "title", "nationality", "date_of_birth", "place_of_birth", "email", "phone", ])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; `UNSET` values are left out."""
        result: dict[str, Any] = {}
        if self.additional_properties:
            result |= {key: write_value(value) for key, value in self.additional_properties.items()}
        result["firstname"] = self.firstname
        result["lastname"] = self.lastname
        if not isinstance(self.title, Unset):
            result["title"] = write_value(self.title)
        if not isinstance(self.nationality, Unset):
            result["nationality"] = self.nationality
        if not isinstance(self.date_of_birth, Unset):
            result["dateOfBirth"] = self.date_of_birth
        if not isinstance(self.place_of_birth, Unset):
            result["placeOfBirth"] = self.place_of_birth
        if not isinstance(self.email, Unset):
            result["email"] = self.email
        if not isinstance(self.phone, Unset):
            result["phone"] = self.phone
        return result


from .patch_order_item_ticket_input_beneficiary_title import (  # noqa: E402
    PatchOrderItemTicketInputBeneficiaryTitle,
)

__all__ = ["PatchOrderItemTicketInputBeneficiary"]
