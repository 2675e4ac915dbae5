# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `BulkReservationInputItem`."""

from __future__ import annotations

from typing import Any

from attrs import define as _define
from attrs import field as _field

from .._reading import shown
from .._writing import write_value


@_define(kw_only=True)
class BulkReservationInputItem:
    """An offer to hold"""

    offer: str
    """The offer to hold. Format `iri-reference`. Example: `https://example.com/`."""
    quantity: int
    """Quantity. At least `1`."""
    ticket_sessions: list[BulkReservationInputItemTicketSession]
    """One entry for each ticket of the offer. Key `ticketSessions`."""
    additional_properties: dict[str, Any] = _field(factory=dict)

    def __repr__(self) -> str:
        """Return the names of the given values; values are shown as `…`."""
        return shown(self, ["offer", "quantity", "ticket_sessions", ])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; `UNSET` values are left out."""
        result: dict[str, Any] = {}
        if self.additional_properties:
            result |= {key: write_value(value) for key, value in self.additional_properties.items()}
        result["offer"] = self.offer
        result["quantity"] = self.quantity
        result["ticketSessions"] = [item.to_dict() for item in self.ticket_sessions]
        return result


from .bulk_reservation_input_item_ticket_session import BulkReservationInputItemTicketSession  # noqa: E402

__all__ = ["BulkReservationInputItem"]
