"""Amounts as the API writes them: decimal text with two places; inside the sandbox they are whole cents."""

from __future__ import annotations

__all__ = ["amount", "cents", "without_tax"]


def amount(cents: int) -> str:
    """Write cents as decimal text: ``3650`` is ``"36.50"``."""
    return f"{cents // 100}.{cents % 100:02d}"


def cents(text: str) -> int:
    """Read decimal text as cents: ``"36.5"`` is 3650.

    Raises:
        ValueError: It is not an amount.
    """
    whole, _, rest = text.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0")[:2])


def without_tax(cents: int, percent: int) -> int:
    """Return the net of a gross amount, rounded to a cent (halves up)."""
    return (cents * 200 + 100 + percent) // (200 + 2 * percent)
