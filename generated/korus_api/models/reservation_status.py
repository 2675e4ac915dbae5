# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Enum `ReservationStatus`."""

from __future__ import annotations

from .._reading import OpenStr


class ReservationStatus(OpenStr):
    """Status; `expired` shows that a hold has ended"""

    RESERVED = "reserved"
    RELEASED = "released"


__all__ = ["ReservationStatus"]
