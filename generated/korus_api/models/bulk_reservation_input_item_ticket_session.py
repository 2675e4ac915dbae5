# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `BulkReservationInputItemTicketSession`."""

from __future__ import annotations

from typing import Any

from attrs import define as _define
from attrs import field as _field

from .._reading import shown
from .._writing import write_value
from ..types import UNSET, Unset


@_define(kw_only=True)
class BulkReservationInputItemTicketSession:
    """A ticket of the offer, with its session and form answers"""

    ticket: str
    """A ticket of the offer. Format `iri-reference`. Example: `https://example.com/`."""
    session: str | Unset = UNSET
    """Session of the ticket; absent if it needs none. Format `iri-reference`. Example:
    `https://example.com/`."""
    form_data: BulkReservationInputItemTicketSessionFormData | Unset = UNSET
    """Answers to the ticket's form. Key `formData`."""
    additional_properties: dict[str, Any] = _field(factory=dict)

    def __repr__(self) -> str:
        """Return the names of the given values; values are shown as `…`."""
        return shown(self, ["ticket", "session", "form_data", ])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; `UNSET` values are left out."""
        result: dict[str, Any] = {}
        if self.additional_properties:
            result |= {key: write_value(value) for key, value in self.additional_properties.items()}
        result["ticket"] = self.ticket
        if not isinstance(self.session, Unset):
            result["session"] = self.session
        if not isinstance(self.form_data, Unset):
            result["formData"] = self.form_data.to_dict()
        return result


from .bulk_reservation_input_item_ticket_session_form_data import (  # noqa: E402
    BulkReservationInputItemTicketSessionFormData,
)

__all__ = ["BulkReservationInputItemTicketSession"]
