"""A program that uses every resource; mypy and pyright accept it, strict, against the installed wheel."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from korus import (
    AsyncBulkReservation,
    AsyncKorus,
    AsyncPages,
    BulkOutcome,
    BulkReservation,
    Cache,
    Korus,
    Pages,
    RetryPolicy,
    Timeouts,
    money,
)
from korus.errors import KorusError, OutcomeUnknown, SoldOut
from korus.forms import FormAnswers
from korus.iri import Reference, parse_iri
from korus.models import (
    Beneficiary,
    Catalog,
    Customer,
    Offer,
    OfferTicket,
    OfferTicketSession,
    Order,
    Reservation,
)

if TYPE_CHECKING:
    from korus.types import BookingLine, JournalEntry, LineOutcome, Recovered, Requirement


def browse(korus: Korus) -> Offer | None:
    catalog: Catalog | None = korus.catalogs.list(sort="asc").first()
    if catalog is None:
        return None
    total: int | None = korus.catalogs.list().total()
    print(total, catalog.name)
    for base in korus.product_bases.list(catalog):
        for option in korus.product_bases.options(base):
            print([value.label for value in korus.product_bases.option_values(base, option)])
        print([product.name for product in korus.products.list(base)])
    offers: Pages[Offer] = korus.offers.list(
        catalog, after=date(2026, 5, 1), products=["p1"], page_size=50, prefetch=2
    )
    for page in offers.pages():
        print(page.number, len(page.items), page.position)
    return offers.first()


def price(korus: Korus, offer: Offer) -> Decimal | None:
    print(korus.offers.availability(offer).available_quantity)
    now = korus.offers.price(offer)
    listed: Decimal | None = money.amount(offer.price.amount_incl_tax)
    print(listed, money.same_currency(now.currency, offer.price.currency), money.wire_amount("1.5"))
    return money.amount(now.amount_incl_tax)


def hold(korus: Korus, offer: Offer, reference: Reference) -> BulkOutcome[Reservation, BulkReservation]:
    booking = korus.reservations.bulk(catalog="c1", time_zone=ZoneInfo("Europe/Lisbon"), lines_per_call=20)
    sessions: dict[str, OfferTicketSession] = {}
    choices: dict[OfferTicket, str] = {}
    for ticket in offer.tickets:
        print(korus.offers.ticket(ticket).name)
        for session in korus.offers.sessions(ticket):
            sessions[ticket.iri] = session
            choices[ticket] = session.iri
        if ticket.form is not None:
            answers = FormAnswers(korus.forms.get(ticket.form), {"seats": 2})
            booking.add(offer, 2, sessions=[(ticket, None)], answers={ticket: answers})
        booking.add(offer, sessions={ticket: None}, answers={ticket.iri: {"seats": 2}})
    line: BookingLine = booking.add(offer, quantity=2, sessions=sessions, price=Decimal("36.50"))
    booking.add(reference, sessions=choices, product="p1", date="2026-05-01")
    booking.add({"@id": "/v1/ticketing/catalogs/c/offers/o"}, time_zone="Europe/Lisbon")
    booking.add("o1", catalog=parse_iri("/v1/ticketing/catalogs/c"))
    again: BulkReservation = korus.reservations.bulk().load(booking.to_dict())
    print(booking.problems(), [check.available for check in again.check()], len(again))
    try:
        held = booking.submit(max_price_change="0.00", external_reference="SHOP-42")
    except SoldOut as error:
        print(error.shortages)
        raise
    except OutcomeUnknown as unknown:
        return korus.reservations.resolve(unknown)
    outcome: LineOutcome[Reservation] = held.by_line[line]
    print(outcome.status, outcome.error, [made.expires_at for made in outcome.results])
    print([reservation.iri for reservation in korus.reservations.list(sort="desc")])
    print(korus.reservations.get(held.succeeded[0]).status)
    return held


def order(korus: Korus, held: BulkOutcome[Reservation, BulkReservation]) -> Order:
    customer = Customer(firstname="Ada", lastname="Lovelace", email="ada@example.com")
    placed = korus.orders.create(held, customer=customer, external_reference="SHOP-42", notes="by the door")
    placed.raise_for_failed()
    if placed.failed:
        print(placed.retry_failed().lines)
    print([found.reference for found in korus.orders.list(external_reference="SHOP-42")])
    return korus.orders.get(placed.succeeded[0])


def deliver(korus: Korus, made: Order) -> list[Path]:
    needed: tuple[Requirement, ...] = korus.tickets.required(made)
    for need in needed:
        if need.ticket is not None:
            korus.tickets.set_beneficiary(need.ticket, Beneficiary(firstname="Ada", lastname="Lovelace"))
    korus.tickets.set_beneficiaries(made, [("t1", {"firstname": "Ada", "lastname": "Lovelace"})])
    print(korus.tickets.get(made.items[0].tickets[0]).status)
    for document in korus.documents.wait(made, timeout=30):
        print(korus.documents.get(document).iri)
        with korus.documents.open(document, language="fr") as file:
            content: bytes = file.read()
            print(len(content))
        with korus.documents.stream(document) as chunks:
            for chunk in chunks:
                print(len(chunk))
    return korus.documents.download(made, to=Path("tickets"))


def recover(korus: Korus) -> None:
    found: tuple[Recovered, ...] = tuple(korus.journal.recover())
    entries: list[JournalEntry] = list(korus.journal.list(reference="SHOP-42"))
    print(len(found), len(entries), korus.journal.prune(timedelta(days=30)))
    kept: timedelta = korus.journal.store.retention()
    korus.journal.retain(kept)


def main() -> None:
    settings = Timeouts(total=30, connect=5)
    with Korus(
        client_id="shop",
        client_secret="secret",
        environment="demo",
        timeout=settings,
        retry=RetryPolicy(attempts=2),
        cache=Cache("cache.db"),
        journal="bookings.db",
    ) as korus:
        french: Korus = korus.with_options(language="fr", timeout=timedelta(seconds=5))
        try:
            offer = browse(french)
            if offer is not None:
                price(korus, offer)
                made = order(korus, hold(korus, offer, parse_iri("/v1/ticketing/catalogs/c/offers/o")))
                print(deliver(korus, made))
        except KorusError as error:
            print(error.message, error.operation, error.request_id)
        recover(korus)


async def run() -> None:
    async with AsyncKorus.from_env(language="fr") as korus:
        pages: AsyncPages[Catalog] = korus.catalogs.list()
        total: int | None = await pages.total()
        catalog = await pages.first()
        if catalog is None:
            return
        async for offer in korus.offers.list(catalog):
            booking: AsyncBulkReservation = korus.reservations.bulk(catalog=catalog)
            booking.add(offer, 1, sessions={ticket.iri: None for ticket in offer.tickets})
            held = await booking.submit()
            placed = await korus.orders.create(
                held, customer={"firstname": "A"}, external_reference=f"R{total}"
            )
            async with korus.documents.stream("/v1/booking/orders/o/documents/d") as stream:
                async for chunk in stream:
                    print(len(chunk), placed.ok)
