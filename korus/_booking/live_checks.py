"""Live checks of availability and price before a booking. No I/O.

Availability is read if an offer's stock is limited or a session is booked, the price if the offer's price is variable
(reference 7.2). A quantity of null means that no limit is known.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from korus._booking.offer_facts import AvailabilityFacts, PriceFacts
from korus._booking.request_items import RequestedLine
from korus.errors import InvalidArgument, PriceChanged, SoldOut
from korus.forms import coerce_field
from korus.money import amount, same_currency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from korus._booking.lines import BookingLine
    from korus._booking.offer_facts import OfferFacts, TicketFacts

__all__ = [
    "LineCheck",
    "PriceChange",
    "Shortage",
    "listed_price",
    "needs_availability",
    "refuse",
    "tolerance",
]


@frozen(eq=False)
class LineCheck:
    """Live availability and price of one line.

    Attributes:
        line: The line.
        availability: The availability, None if it was not read.
        price: The live price, None if it was not read.
        listed: The price of one unit that the buyer was shown, or that the offer lists; None if not known.
        currency: Its currency.
    """

    line: BookingLine
    availability: Any = field(default=None, repr=False)
    price: Any = field(default=None, repr=False)
    listed: Decimal | None = None
    currency: str | None = None

    @property
    def available(self) -> int | None:
        """Quantity left of the offer; None if no limit is known, or it was not read."""
        return AvailabilityFacts.read(self.availability).quantity

    @property
    def sessions(self) -> dict[str, int | None]:
        """Quantity left of each session that the answer names, by IRI."""
        return dict(AvailabilityFacts.read(self.availability).sessions)

    @property
    def unit_price(self) -> Decimal | None:
        """Current price of one unit, taxes included; the listed one if it was not read."""
        return self.listed if self.price is None else PriceFacts.read(self.price).amount

    @property
    def moved(self) -> bool:
        """True if the price differs from the listed one, or cannot be compared with it."""
        if self.price is None and self.line.price is None:
            return False
        return self.is_in_another_currency or self.unit_price is None or self.unit_price != self.listed

    @property
    def is_in_another_currency(self) -> bool:
        """True if the live price is in another currency than the listed one."""
        now = PriceFacts.read(self.price).currency
        return bool(now and self.currency) and not same_currency(now, self.currency)


@frozen
class Shortage:
    """Offer or session with less left than the booking requests.

    Attributes:
        lines: The numbers of the lines that request it.
        offer: The offer's IRI.
        session: The session's IRI, if the shortage is one of a session.
        asked: The quantity that they request together.
        available: The quantity left.
    """

    lines: tuple[int, ...]
    offer: str
    session: str | None
    asked: int
    available: int

    def __str__(self) -> str:
        numbers = ", ".join(map(str, self.lines))
        return (
            f"line {numbers}: {self.asked} requested, {self.available} left of {self.session or self.offer}"
        )


@frozen
class PriceChange:
    """Changed price of a line's offer.

    Attributes:
        line: The line's number.
        offer: The offer's IRI.
        listed: The listed price of one unit; None if not known.
        now: The current price; None if the API did not send it.
        currency: The currency of the current price.
    """

    line: int
    offer: str
    listed: Decimal | None
    now: Decimal | None
    currency: str | None

    def __str__(self) -> str:
        return f"line {self.line}: {self.now} {self.currency or ''} now, listed {self.listed}: {self.offer}"


def needs_availability(
    offer: OfferFacts | None,
    tickets: Iterable[TicketFacts | None] = (),
    lines: Iterable[BookingLine] = (),
) -> bool:
    """Return True if an offer's availability must be read before it is held.

    This is the case if the offer says so, and if a session is required or chosen, since all sessions are limited
    (reference 7.2).

    Args:
        offer: The offer, None if it is not known.
        tickets: Its known tickets.
        lines: The lines that book it.
    """
    if offer is not None and offer.needs_availability:
        return True
    return any(ticket is not None and ticket.is_whole_day is False for ticket in tickets) or any(
        choice.session is not None for line in lines for choice in line.choices
    )


def listed_price(line: BookingLine, offer: OfferFacts | None) -> PriceFacts:
    """Return the price of one unit that a line expects."""
    listed = PriceFacts() if offer is None else offer.price
    return evolve(listed, amount=amount(line.price)) if line.price else listed


def tolerance(max_price_change: Decimal | str | int | None) -> Decimal | None:
    """Read the maximum change of the price of one unit, up or down: an amount of at least 0, None for no limit.

    Raises:
        InvalidArgument: It is not a valid amount, for example a float, a negative number or NaN.
    """
    if max_price_change is None:
        return None
    try:
        found = Decimal(coerce_field("decimal", max_price_change)[0])
    except InvalidArgument as cause:
        raise InvalidArgument(f"`max_price_change` must be an amount such as '1.50': {cause}") from None
    if found < 0:
        raise InvalidArgument(f"`max_price_change` must be at least 0, got {max_price_change!r}.")
    return found


def refuse(
    checks: Sequence[LineCheck], items: Sequence[Mapping[str, Any]], max_price_change: Decimal | None
) -> None:
    """Raise an error if the availability or the price does not allow a booking.

    Args:
        checks: The live checks, one for each line.
        items: The items to be sent, one for each line.
        max_price_change: The maximum change of the price of one unit; None for no limit.

    Raises:
        SoldOut: Less is left than all lines request together.
        PriceChanged: A price changed more than allowed, or cannot be compared.
    """
    short = _shortages(checks, items)
    if short:
        raise SoldOut("not enough left: " + "; ".join(map(str, short)), shortages=short)
    if max_price_change is None:
        return
    changes = [
        PriceChange(
            line=check.line.number,
            offer=check.line.offer,
            listed=check.listed,
            now=check.unit_price,
            currency=PriceFacts.read(check.price).currency or check.currency,
        )
        for check in checks
        if check.moved and not _within(check, max_price_change)
    ]
    if changes:
        raise PriceChanged("the price has changed: " + "; ".join(map(str, changes)), changes=changes)


def _within(check: LineCheck, allowed: Decimal) -> bool:
    if check.is_in_another_currency or check.listed is None or check.unit_price is None:
        return False
    return abs(check.unit_price - check.listed) <= allowed


def _shortages(checks: Sequence[LineCheck], items: Sequence[Mapping[str, Any]]) -> list[Shortage]:
    asked: Counter[tuple[str, str | None]] = Counter()
    lines: dict[tuple[str, str | None], list[int]] = {}
    left: dict[tuple[str, str | None], int] = {}
    for check, item in zip(checks, items, strict=True):
        requested, availability = RequestedLine.of(item), AvailabilityFacts.read(check.availability)
        offer = requested.offer
        keys: list[tuple[str, str | None]] = [(offer, None)]
        keys += sorted((offer, session) for _, session in requested.signature[1] if session is not None)
        for key in keys:
            asked[key] += requested.quantity
            lines.setdefault(key, []).append(check.line.number)
            known = availability.quantity if key[1] is None else availability.sessions.get(key[1])
            if known is not None:
                left[key] = min(known, left.get(key, known))
    return [
        Shortage(tuple(dict.fromkeys(lines[key])), key[0], key[1], asked[key], left[key])
        for key in asked
        if key in left and asked[key] > left[key]
    ]
