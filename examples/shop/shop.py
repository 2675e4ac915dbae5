"""A small ticket shop on top of korus: what is on, a basket, a checkout, the tickets.

It is an example of how a program that uses korus is tested, so it does what shops do and no more: it keeps the baskets
and the purchases that are open, and whatever can go wrong at the API becomes a sentence for the customer.

It is also the model of how to treat a purchase whose outcome is not known, because the answer to it was lost: the
client has a journal, the customer reads "we will mail you", nobody orders again, and `Shop.settle` finds out and mails.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from korus.errors import DocumentsNotReady, KorusError, OutcomeUnknown, PriceChanged, SoldOut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableSet, Sequence
    from datetime import date
    from pathlib import Path

    from korus import BulkOutcome, Korus
    from korus.models import Customer, Offer, Order, Reservation
    from korus.types import JournalEntry


_LATER = "We cannot tell yet whether your order went through. Please do not order again: we will mail you."
_NOT_BOOKED = "Your order did not go through. You have not been charged."


def booked(orders: Sequence[Order]) -> str:
    """Return what the customer of some orders reads."""
    return f"Your tickets are booked: {', '.join(order.reference for order in orders)}."


class Sorry(Exception):
    """Something that the customer has to be told; the text is for them. Nothing was bought."""


class WeWillMail(Exception):
    """It is not known yet what was bought; the text is for the customer, who hears more from `Shop.settle`."""


@frozen
class Shown:
    """An offer as the shop window shows it."""

    offer: Offer
    name: str
    day: date | None
    price: Decimal
    currency: str

    def __str__(self) -> str:
        when = self.day.isoformat() if self.day else "any day"
        return f"{self.name}, {when}: {self.price} {self.currency}"


@define
class Basket:
    """Basket of a customer."""

    lines: list[tuple[Shown, int]] = field(factory=list)

    def add(self, shown: Shown, quantity: int = 1) -> None:
        """Put offers into the basket."""
        self.lines.append((shown, quantity))

    @property
    def total(self) -> Decimal:
        """The total price, as shown."""
        return sum((shown.price * quantity for shown, quantity in self.lines), Decimal())


@frozen
class Purchase:
    """Purchase of a customer: an order for each line of the basket, except rejected ones."""

    orders: tuple[Order, ...]
    missing: tuple[str, ...] = ()


@frozen
class Shop:
    """The shop: nearly everything it knows, it asks korus.

    Attributes:
        korus: A client with a journal, so that a purchase survives a lost answer and a crash.
        mail: Sends a mail to the customer of a purchase, known by its number.
        waiting: The numbers of purchases whose outcome is not known; a table of the shop's database in real life.
        holds_last: Longer than any hold of the box office: what has not been ordered until then never is.
    """

    korus: Korus
    mail: Callable[[str, str], object]
    waiting: MutableSet[str] = field(factory=set)
    holds_last: timedelta = timedelta(hours=1)

    def whats_on(self, day: date | None = None, limit: int = 5) -> list[Shown]:
        """The first offers of a day, or of the first day there is anything, that can be had without further choice."""
        shown: list[Shown] = []
        for catalog in self.korus.catalogs.list():
            for offer in self.korus.offers.list(catalog, after=day, before=day, sort="asc", page_size=10):
                if any(not ticket.date_access or ticket.form for ticket in offer.tickets):
                    continue
                # the list may be a day old; what moves, the stock and some prices, has to be asked for
                if offer.availability_check_required:
                    left = self.korus.offers.availability(offer).available_quantity
                    if left is not None and left < 1:
                        continue
                price = self.korus.offers.price(offer) if offer.realtime_price_required else offer.price
                amount, currency = Decimal(price.amount_incl_tax), price.currency.upper()
                shown.append(Shown(offer, offer.product.name, offer.date, amount, currency))
                if len(shown) == limit:
                    return shown
        return shown

    def check_out(self, basket: Basket, customer: Customer, number: str) -> Purchase:
        """Hold everything in the basket and order it under the shop's own number.

        Raises:
            Sorry: Something cannot be had; nothing was bought.
            WeWillMail: The answer was lost, so it may have been bought. Never check out again: `settle` finds out.
        """
        booking = self.korus.reservations.bulk()
        lines = {
            booking.add(shown.offer, quantity=quantity, price=shown.price).number: shown
            for shown, quantity in basket.lines
        }
        try:
            held = booking.submit(max_price_change=0, external_reference=number)
        except SoldOut:
            raise Sorry("Somebody was faster: not all of it is left.") from None
        except PriceChanged:
            raise Sorry("A price has changed since you looked. Please look again.") from None
        except KorusError as error:
            # also if it is not known whether it was held: a hold that nobody orders ends by itself
            raise Sorry("The box office does not answer as it should. Nothing was bought.") from error
        if not held.ok:
            gone = [outcome for outcome in held.lines if outcome.status != "succeeded"]
            names = ", ".join(lines[outcome.line.number].name for outcome in gone)
            raise Sorry(f"This cannot be had any more: {names or 'a part of your basket'}.")
        names_of = {
            reservation.iri: lines[outcome.line.number].name
            for outcome in held.lines
            for reservation in outcome.results
        }
        return self._order(held, names_of, customer, number)

    def _order(
        self,
        held: BulkOutcome[Reservation, Any],
        names: Mapping[str, str],
        customer: Customer,
        number: str,
    ) -> Purchase:
        self.waiting.add(number)  # first of all, so that a crash leaves it there
        try:
            placed = self.korus.orders.create(held, customer=customer, external_reference=number)
        except OutcomeUnknown:
            raise WeWillMail(_LATER) from None
        except KorusError as error:
            self.waiting.discard(number)
            raise Sorry("The order was not confirmed. You have not been charged.") from error
        if placed.unknown:
            raise WeWillMail(_LATER)
        if not placed.succeeded:
            self.waiting.discard(number)
            raise Sorry("The order was not confirmed. You have not been charged.")
        # mailed while it still waits: a crash before the page is shown loses nothing
        self.mail(number, booked(placed.succeeded))
        self.waiting.discard(number)
        return Purchase(placed.succeeded, tuple(names[failed.line.reservation] for failed in placed.failed))

    def settle(self) -> None:
        """Find out what became of the purchases that are open, and mail their customers.

        Run it when the shop starts, and every few minutes. The journal asks the box office what exists; what cannot
        be told yet stays open for the next time.
        """
        found: dict[str, Sequence[Order]] = {}
        for recovered in self.korus.journal.recover():
            if recovered.kind == "order" and recovered.reference is not None:
                found[recovered.reference] = (*found.get(recovered.reference, ()), *recovered.succeeded)
        for number in sorted(self.waiting):
            entries = self.korus.journal.list(reference=number)
            if any(entry.open for entry in entries):
                continue  # not known yet
            if not any(entry.kind == "order" for entry in entries) and self._may_be_ordered(entries):
                continue  # about to be ordered by another worker, or the worker crashed just before
            # the shop crashed between settling and mailing if the journal has nothing to say any more
            orders = found[number] if number in found else self._orders(number)
            self.mail(number, booked(orders) if orders else _NOT_BOOKED)
            self.waiting.discard(number)

    def _may_be_ordered(self, holds: Sequence[JournalEntry]) -> bool:
        ends = datetime.now(UTC) - self.holds_last
        return not holds or any(hold.updated_at > ends for hold in holds)

    def _orders(self, number: str) -> list[Order]:
        return [
            order
            for order in self.korus.orders.list(external_reference=number)
            if order.external_reference == number
        ]

    def tickets(self, order: Order, folder: Path) -> list[Path]:
        """Fetch the tickets of an order as PDF.

        Raises:
            Sorry: They are not ready yet.
        """
        try:
            self.korus.documents.wait(order, timeout=30)
        except DocumentsNotReady:
            raise Sorry("Your tickets are being prepared. We will mail them to you.") from None
        return self.korus.documents.download(order, to=folder)
