"""A small ticket shop on top of korus: what is on, a basket, a checkout, the tickets.

It is an example of how a program that uses korus is tested, so it does what shops do and no more: it holds no state but
the basket, and whatever can go wrong at the API becomes a sentence for the customer.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from korus.errors import DocumentsNotReady, KorusError, PriceChanged, SoldOut

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from korus import Korus
    from korus.models import Customer, Offer, Order


class Sorry(Exception):
    """Something that the customer has to be told; the text is for them."""


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
    """What a customer has chosen so far."""

    lines: list[tuple[Shown, int]] = field(factory=list)

    def add(self, shown: Shown, quantity: int = 1) -> None:
        """Put offers into the basket."""
        self.lines.append((shown, quantity))

    @property
    def total(self) -> Decimal:
        """What it all costs, as shown."""
        return sum((shown.price * quantity for shown, quantity in self.lines), Decimal())


@frozen
class Shop:
    """The shop: everything it knows, it asks korus."""

    korus: Korus

    def whats_on(self, day: date | None = None, limit: int = 5) -> list[Shown]:
        """The first offers of a day, or of the first day there is anything, that can be had without further choice."""
        shown: list[Shown] = []
        for catalog in self.korus.catalogs.list():
            for offer in self.korus.offers.list(catalog, after=day, before=day, order="asc", page_size=10):
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

    def check_out(self, basket: Basket, customer: Customer, number: str) -> Order:
        """Hold everything in the basket and order it under the shop's own number.

        Raises:
            Sorry: Something cannot be had; nothing was bought.
        """
        booking = self.korus.reservations.bulk()
        lines = {
            booking.add(shown.offer, quantity=quantity, price=shown.price).number: shown
            for shown, quantity in basket.lines
        }
        try:
            held = booking.submit(max_price_change=0)
        except SoldOut:
            raise Sorry("Somebody was faster: not all of it is left.") from None
        except PriceChanged:
            raise Sorry("A price has changed since you looked. Please look again.") from None
        except KorusError as error:
            raise Sorry("The box office does not answer as it should. Nothing was bought.") from error
        if held.failed:
            names = ", ".join(lines[outcome.line.number].name for outcome in held.failed)
            raise Sorry(f"This cannot be had any more: {names}.")
        placed = self.korus.orders.create(held, customer=customer, external_reference=number)
        if placed.failed:
            raise Sorry("The order was not confirmed. You have not been charged.")
        return placed.succeeded[0]

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
