# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `BulkOrderInputCustomer`."""

from __future__ import annotations

from typing import Any

from attrs import define as _define
from attrs import field as _field

from .._reading import shown
from .._writing import write_value
from ..types import UNSET, Unset


@_define(kw_only=True)
class BulkOrderInputCustomer:
    """Customer"""

    firstname: str
    """First name. Example: `otto`."""
    lastname: str
    """Last name. Example: `lind`."""
    email: str
    """Mail address."""
    phone: str | Unset = UNSET
    """Phone number, preferably in E.164 form. Example: `+33639980456`."""
    country: str | Unset = UNSET
    """Country, two capital letters. Example: `FR`."""
    language: str | Unset = UNSET
    """Language, two small letters. Example: `fr`."""
    optin: bool | Unset = UNSET
    """True if the customer wants news."""
    title: BulkOrderInputCustomerTitle | str | Unset = UNSET
    """Salutation."""
    additional_properties: dict[str, Any] = _field(factory=dict)

    def __repr__(self) -> str:
        """Return the names of the given values; values are shown as `…`."""
        return shown(self, ["firstname", "lastname", "email", "phone", "country", "language", "optin", "title", ])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; `UNSET` values are left out."""
        result: dict[str, Any] = {}
        if self.additional_properties:
            result |= {key: write_value(value) for key, value in self.additional_properties.items()}
        result["firstname"] = self.firstname
        result["lastname"] = self.lastname
        result["email"] = self.email
        if not isinstance(self.phone, Unset):
            result["phone"] = self.phone
        if not isinstance(self.country, Unset):
            result["country"] = self.country
        if not isinstance(self.language, Unset):
            result["language"] = self.language
        if not isinstance(self.optin, Unset):
            result["optin"] = self.optin
        if not isinstance(self.title, Unset):
            result["title"] = write_value(self.title)
        return result


from .bulk_order_input_customer_title import BulkOrderInputCustomerTitle  # noqa: E402

__all__ = ["BulkOrderInputCustomer"]
