# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Enum `ReservationStatus`."""

from __future__ import annotations

from .._reading import OpenStr


class ReservationStatus(OpenStr):
    """Where it stands; a hold that ran out is told by `expired`"""

    RESERVED = "reserved"
    RELEASED = "released"


__all__ = ["ReservationStatus"]
