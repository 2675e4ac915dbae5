# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Enum `OrderItemTicketStatus`."""

from __future__ import annotations

from .._reading import OpenStr


class OrderItemTicketStatus(OpenStr):
    """True if data of the beneficiary are missing"""

    WAITING_BENEFICIARY_DATA = "waiting_beneficiary_data"
    VALIDATED = "validated"


__all__ = ["OrderItemTicketStatus"]
