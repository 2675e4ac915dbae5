"""Amounts as the API writes them: decimal text with two places; inside the sandbox they are whole cents."""

from __future__ import annotations

__all__ = ["amount", "without_tax"]


def amount(cents: int) -> str:
    """Write cents as decimal text: ``3650`` is ``"36.50"``."""
    return f"{cents // 100}.{cents % 100:02d}"


def without_tax(cents: int, percent: int) -> int:
    """Return the net of a gross amount, rounded to a cent (halves up)."""
    return (cents * 200 + 100 + percent) // (200 + 2 * percent)
