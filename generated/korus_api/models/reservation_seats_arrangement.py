# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Enum `ReservationSeatsArrangement`."""

from __future__ import annotations

from .._reading import OpenStr


class ReservationSeatsArrangement(OpenStr):
    """True if the seats are adjacent"""

    ADJACENT = "ADJACENT"
    NON_ADJACENT = "NON_ADJACENT"
    UNKNOWN = "UNKNOWN"


__all__ = ["ReservationSeatsArrangement"]
