# Written by `python -m scripts.generate`. Do not edit: it is written anew.
"""The enum `OrderStatus`."""

from __future__ import annotations

from .._reading import OpenStr


class OrderStatus(OpenStr):
    """Where it stands"""

    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


__all__ = ["OrderStatus"]
