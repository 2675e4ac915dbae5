# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Enum `OrderItemTicketStatus`."""

from __future__ import annotations

from .._reading import OpenStr


class OrderItemTicketStatus(OpenStr):
    """Whether data of the beneficiary are awaited"""

    WAITING_BENEFICIARY_DATA = "waiting_beneficiary_data"
    VALIDATED = "validated"


__all__ = ["OrderItemTicketStatus"]
