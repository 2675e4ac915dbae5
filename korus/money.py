"""Amounts and currencies as the API writes them: decimal strings, and currency codes in either case.

Nothing is rounded or converted here, and no float ever holds an amount (reference 1.6, 8.7, 8.12).
"""

from __future__ import annotations

import re
from decimal import Decimal

from korus.errors import InvalidArgument

__all__ = ["amount", "same_currency", "wire_amount"]

_AMOUNT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)


def amount(value: object) -> Decimal | None:
    """Read an amount of an answer, such as ``offer.price.amount_incl_tax``.

    Args:
        value: What the API sent: a decimal string (``"36.50"``) or null.

    Returns:
        The exact amount, in units of its currency; None when there is none or when it cannot be read as one
        (reading an answer never raises; the original is still in the object that it came from).

    Reference: 1.6, 8.12.
    """
    if value is None:
        return None
    if isinstance(value, str):
        stripped = value.strip()
        return Decimal(stripped) if _AMOUNT.fullmatch(stripped) else None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return None


def same_currency(one: str | None, other: str | None) -> bool:
    """Return True if two currency codes mean the same: ``eur`` is ``EUR``; an unknown one equals nothing.

    Reference: 1.6, 8.7.
    """
    return bool(one) and bool(other) and str(one).casefold() == str(other).casefold()


def wire_amount(value: Decimal | int | str) -> str:
    """Write an amount as the API does: a plain decimal string with at least two decimals.

    Args:
        value: The amount; a float is refused, since it cannot hold every amount exactly.

    Raises:
        InvalidArgument: for a float, a bool, NaN, an infinity, or a text that is not a decimal number.
    """
    read = amount(value)
    if read is None:
        raise InvalidArgument(
            f"an amount is a Decimal, an int or a decimal string such as '36.50', not {value!r}"
        )
    places = -min(int(read.as_tuple().exponent), -2)
    return f"{read:.{places}f}"


def __dir__() -> list[str]:
    return sorted(__all__)
