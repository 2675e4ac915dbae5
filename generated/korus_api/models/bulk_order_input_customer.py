# Written by `python -m scripts.generate` from KorusTicket API release. Do not edit: it is written anew.
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
    """Who buys

    Attributes:
        firstname: First name. Example: `otto`. Key `firstname`.
        lastname: Last name. Example: `lind`. Key `lastname`.
        email: Mail address. Key `email`.
        phone: Phone number, best in E.164 form. Example: `+33639980456`. Key `phone`.
        country: Country, two capital letters. Example: `FR`. Key `country`.
        language: Language, two small letters. Example: `fr`. Key `language`.
        optin: Whether the customer wants news. Key `optin`.
        title: Form of address. Key `title`.
    """

    firstname: str
    lastname: str
    email: str
    phone: str | Unset = UNSET
    country: str | Unset = UNSET
    language: str | Unset = UNSET
    optin: bool | Unset = UNSET
    title: BulkOrderInputCustomerTitle | str | Unset = UNSET
    additional_properties: dict[str, Any] = _field(factory=dict)

    def __repr__(self) -> str:
        """Show which values there are."""
        return shown(self, ["firstname", "lastname", "email", "phone", "country", "language", "optin", "title", ])

    def to_dict(self) -> dict[str, Any]:
        """Write it as JSON will hold it; what is `UNSET` is not there."""
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
