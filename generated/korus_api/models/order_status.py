# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Enum `OrderStatus`."""

from __future__ import annotations

from .._reading import OpenStr


class OrderStatus(OpenStr):
    """Status"""

    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


__all__ = ["OrderStatus"]
