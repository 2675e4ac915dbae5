"""What the live questions before a booking say: is enough left, and has the price moved. No I/O.

Availability is asked where an offer says that its stock is limited or a session is booked, the price where it
says that it moves (reference 7.2). A quantity of null means that no limit is known.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from korus._booking.correlation import RequestedLine
from korus._core.raw_json import iri_of, json_object, objects, text
from korus.errors import InvalidArgument, PriceChanged, SoldOut
from korus.forms import coerce_field
from korus.money import amount, same_currency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from korus._booking.lines import BookingLine

__all__ = [
    "LineCheck",
    "PriceChange",
    "Shortage",
    "listed_price",
    "needs_availability",
    "needs_price",
    "refuse",
    "tolerance",
]


@frozen(eq=False)
class LineCheck:
    """What was asked about one line, and what came.

    Attributes:
        line: The line.
        availability: The answer about what is left, None when it was not asked.
        price: The answer about the price, None when it was not asked.
        listed: The price of one unit that the buyer was shown, or that the offer lists; None when not known.
        currency: Its currency.
    """

    line: BookingLine
    availability: Any = field(default=None, repr=False)
    price: Any = field(default=None, repr=False)
    listed: Decimal | None = None
    currency: str | None = None

    @property
    def available(self) -> int | None:
        """How many are left of the offer; None when no limit is known, or nobody asked."""
        return _whole((json_object(self.availability) or {}).get("availableQuantity"))

    @property
    def sessions(self) -> dict[str, int | None]:
        """How many are left of each session, by IRI, as far as the answer names them."""
        entries = [
            json_object(entry) or {}
            for entry in objects(json_object(self.availability) or {}, "sessionsAvailability")
        ]
        found = {iri_of(entry.get("session")): _whole(entry.get("availableQuantity")) for entry in entries}
        return {iri: left for iri, left in found.items() if iri is not None}

    @property
    def unit_price(self) -> Decimal | None:
        """The price of one unit now, taxes included; the listed one when nobody asked."""
        return (
            self.listed
            if self.price is None
            else amount((json_object(self.price) or {}).get("amountInclTax"))
        )

    @property
    def moved(self) -> bool:
        """Whether the price is another than the listed one, or cannot be compared with it."""
        if self.price is None and self.line.price is None:
            return False
        now = text(json_object(self.price) or {}, "currency")
        other = bool(now and self.currency) and not same_currency(now, self.currency)
        return other or self.unit_price is None or self.unit_price != self.listed


@frozen
class Shortage:
    """Less is left than the booking asks for.

    Attributes:
        lines: The numbers of the lines that ask for it.
        offer: The offer's IRI.
        session: The session's IRI when it is the session that is short.
        asked: How many they ask for together.
        available: How many are left.
    """

    lines: tuple[int, ...]
    offer: str
    session: str | None
    asked: int
    available: int

    def __str__(self) -> str:
        numbers = ", ".join(map(str, self.lines))
        return (
            f"line {numbers}: asked for {self.asked}, {self.available} left of {self.session or self.offer}"
        )


@frozen
class PriceChange:
    """The price of a line's offer has moved.

    Attributes:
        line: The line's number.
        offer: The offer's IRI.
        listed: What one unit was said to cost; None when that is not known.
        now: What it costs; None when the API did not say.
        currency: The currency it costs that in.
    """

    line: int
    offer: str
    listed: Decimal | None
    now: Decimal | None
    currency: str | None

    def __str__(self) -> str:
        return f"line {self.line}: {self.now} {self.currency or ''} now, listed {self.listed}: {self.offer}"


def needs_availability(
    offer: Mapping[str, Any] | None,
    tickets: Iterable[Mapping[str, Any] | None] = (),
    lines: Iterable[BookingLine] = (),
) -> bool:
    """Return True if an offer's availability has to be asked before it is held.

    That is where the offer says so, and where a session is needed or chosen, since all sessions are limited
    whatever the offer says (reference 7.2).

    Args:
        offer: The offer, None if it is not known.
        tickets: Its tickets, as far as they are known.
        lines: The lines that book it.
    """
    if offer is not None and offer.get("availabilityCheckRequired") is True:
        return True
    return any(ticket is not None and ticket.get("dateAccess") is False for ticket in tickets) or any(
        choice.session is not None for line in lines for choice in line.choices
    )


def needs_price(offer: Mapping[str, Any] | None) -> bool:
    """Tell whether an offer wants its price to be asked before it is held."""
    return offer is not None and offer.get("realtimePriceRequired") is True


def listed_price(line: BookingLine, offer: Mapping[str, Any] | None) -> tuple[Decimal | None, str | None]:
    """Give the price of one unit that a line counts on, and its currency."""
    price = json_object((offer or {}).get("price")) or {}
    return amount(line.price or price.get("amountInclTax")), text(price, "currency")


def tolerance(max_price_change: Decimal | str | int | None) -> Decimal | None:
    """Read how far the price of one unit may move, either way: an amount from 0 on, None for any distance.

    Raises:
        InvalidArgument: It is no amount: a float, a negative number, NaN.
    """
    if max_price_change is None:
        return None
    try:
        found = Decimal(coerce_field("decimal", max_price_change)[0])
    except InvalidArgument as cause:
        raise InvalidArgument(f"max_price_change is an amount such as '1.50': {cause}") from None
    if found < 0:
        raise InvalidArgument(f"max_price_change is an amount from 0 on, not {max_price_change!r}")
    return found


def refuse(
    checks: Sequence[LineCheck], items: Sequence[Mapping[str, Any]], max_price_change: Decimal | None
) -> None:
    """Refuse a booking that would not get what it asks for at the price it counts on.

    Args:
        checks: What was asked, line by line.
        items: The items that would be sent, line by line.
        max_price_change: How far the price of one unit may move; None for any distance.

    Raises:
        SoldOut: Less is left than all lines together ask for.
        PriceChanged: A price moved further than allowed, or cannot be compared.
    """
    short = _shortages(checks, items)
    if short:
        raise SoldOut("there is not enough left: " + "; ".join(map(str, short)), shortages=short)
    if max_price_change is None:
        return
    changes = [
        PriceChange(
            line=check.line.number,
            offer=check.line.offer,
            listed=check.listed,
            now=check.unit_price,
            currency=text(json_object(check.price) or {}, "currency") or check.currency,
        )
        for check in checks
        if check.moved and not _within(check, max_price_change)
    ]
    if changes:
        raise PriceChanged("the price has moved: " + "; ".join(map(str, changes)), changes=changes)


def _within(check: LineCheck, allowed: Decimal) -> bool:
    now = text(json_object(check.price) or {}, "currency")
    if now and check.currency and not same_currency(now, check.currency):
        return False
    if check.listed is None or check.unit_price is None:
        return False
    return abs(check.unit_price - check.listed) <= allowed


def _shortages(checks: Sequence[LineCheck], items: Sequence[Mapping[str, Any]]) -> list[Shortage]:
    asked: Counter[tuple[str, str | None]] = Counter()
    lines: dict[tuple[str, str | None], list[int]] = {}
    left: dict[tuple[str, str | None], int] = {}
    for check, item in zip(checks, items, strict=True):
        offer, sessions = RequestedLine.of(item).signature
        keys: list[tuple[str, str | None]] = [(offer, None)]
        keys += sorted((offer, session) for _, session in sessions if session is not None)
        for key in keys:
            asked[key] += item["quantity"]
            lines.setdefault(key, []).append(check.line.number)
            known = check.available if key[1] is None else check.sessions.get(key[1])
            if known is not None:
                left[key] = min(known, left.get(key, known))
    return [
        Shortage(tuple(dict.fromkeys(lines[key])), key[0], key[1], asked[key], left[key])
        for key in asked
        if key in left and asked[key] > left[key]
    ]


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
