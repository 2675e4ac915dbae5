"""Catalogue of the sandbox: plans with ids, dates and initial stock.

A built catalogue is shared and immutable; each sandbox has a copy, which :mod:`korus.sandbox.editing` changes.
:mod:`korus.sandbox.boxoffice` keeps the current stock. Each offer depends only on seed, product and date, so it is the
same on every machine, whatever the calendar's first day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from attrs import evolve, field, frozen

from korus.sandbox.ids import IMPORTED_AT, digest_of, uuid7
from korus.sandbox.seed_data import (
    CATALOGS,
    FORMS,
    BasePlan,
    CatalogPlan,
    ChoicePlan,
    FieldPlan,
    FormPlan,
    OptionPlan,
    ProductPlan,
    TicketPlan,
    guided_walks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "CALENDAR_DAYS",
    "Base",
    "Catalog",
    "Catalogue",
    "Form",
    "FormField",
    "Offer",
    "OfferTicket",
    "Option",
    "OptionValue",
    "Product",
    "Session",
    "build_catalogue",
    "first_day_on_sale",
    "in_date_order",
    "new_offer",
    "session_stock",
    "sessions_of",
    "tickets_of",
]

CALENDAR_DAYS = 400
"""The number of days in the calendar, so that a whole year is always ahead."""

_SOLD_OUT_WEEKDAY, _SOLD_OUT_WEEKEND = 10, 26  # of 256
_SATURDAY = 5


@frozen(eq=False)
class FormField:
    """A field with its address."""

    plan: FieldPlan
    id: str
    iri: str

    def allows(self, code: str) -> bool:
        """Return True if a choice with this code exists."""
        return any(choice.code == code for choice in self.choices)

    @property
    def choices(self) -> tuple[ChoicePlan, ...]:
        """The choices of a choice field; empty for other types."""
        return self.plan.choices


@frozen(eq=False)
class Form:
    """A form with its address and its fields."""

    plan: FormPlan
    id: str
    iri: str
    fields: tuple[FormField, ...]


@frozen(eq=False)
class OptionValue:
    """A position on an option, with its id."""

    code: str
    id: str
    iri: str
    label_en: str
    label_fr: str


@frozen(eq=False)
class Option:
    """An option of a base."""

    plan: OptionPlan
    values: tuple[OptionValue, ...]

    @property
    def code(self) -> str:
        """The option's code, the last segment of its address."""
        return self.plan.code


@frozen(eq=False)
class Catalog:
    """One issuer's catalogue and its address."""

    plan: CatalogPlan
    id: str
    iri: str
    created: datetime
    forms: Mapping[str, Form]

    @property
    def zone(self) -> ZoneInfo:
        """The venue's time zone."""
        return ZoneInfo(self.plan.timezone)


@frozen(eq=False)
class Base:
    """A product base."""

    plan: BasePlan
    catalog: Catalog
    id: str
    iri: str
    options: tuple[Option, ...]


@frozen(eq=False)
class Product:
    """A product; ``position`` is its place in the catalogue."""

    plan: ProductPlan
    base: Base
    catalog: Catalog
    id: str
    iri: str
    position: int


@frozen(eq=False)
class Offer:
    """An offer: a product on a date, with its price and initial stock.

    ``capacity`` is None if no limit is known or only the sessions are limited; ``price`` is the list price in cents,
    ``moving_price`` the one that the price operation answers.
    """

    product: Product
    id: str
    iri: str
    date: date | None
    capacity: int | None
    price: int
    moving_price: int
    sold_out: bool

    @property
    def catalog(self) -> Catalog:
        """The catalogue it belongs to."""
        return self.product.catalog

    @property
    def limited(self) -> bool:
        """True if its stock can be requested."""
        return self.capacity is not None or any(ticket.sessions for ticket in self.product.plan.tickets)


@frozen(eq=False)
class OfferTicket:
    """A ticket that is part of an offer."""

    plan: TicketPlan
    offer: Offer
    id: str
    iri: str

    @property
    def form(self) -> Form | None:
        """The form that must be answered."""
        return None if self.plan.form is None else self.offer.catalog.forms[self.plan.form]

    @property
    def needs_session(self) -> bool:
        """True if a session must be chosen."""
        return self.plan.sessions is not None


@frozen(eq=False)
class Session:
    """A start time of an offer ticket; ``occurs_at`` carries the venue's offset."""

    ticket: OfferTicket
    id: str
    iri: str
    occurs_at: datetime
    capacity: int


@frozen
class Catalogue:
    """All catalogues with their offers and indexes; ``synced`` is each catalogue's ``lastSyncedAt``."""

    seed: int
    first_day: date
    catalogs: tuple[Catalog, ...]
    bases: Mapping[str, tuple[Base, ...]]
    products: Mapping[str, tuple[Product, ...]]
    offers: Mapping[str, tuple[Offer, ...]]
    offers_by_id: Mapping[str, Offer]
    forms: Mapping[str, Form]
    by_date: Mapping[str, tuple[Offer, ...]] = field(repr=False)
    synced: Mapping[str, datetime] = field(repr=False)

    def own(self) -> Catalogue:
        """Return a copy that may be changed."""
        return evolve(
            self,
            bases=dict(self.bases),
            products=dict(self.products),
            offers=dict(self.offers),
            offers_by_id=dict(self.offers_by_id),
            by_date=dict(self.by_date),
            synced=dict(self.synced),
        )

    def catalog(self, catalog_id: str) -> Catalog | None:
        """Return the catalogue with this id."""
        return next((catalog for catalog in self.catalogs if catalog.id == catalog_id), None)

    @property
    def offer_count(self) -> int:
        """The number of offers in all catalogues."""
        return len(self.offers_by_id)


_KEPT_OFFERS = 131_072
"""The number of offers whose tickets and sessions are cached: enough for the largest benchmark."""


@lru_cache(maxsize=_KEPT_OFFERS)
def tickets_of(offer: Offer) -> tuple[OfferTicket, ...]:
    """Return the tickets of an offer, in order."""
    tickets: list[OfferTicket] = []
    for plan in offer.product.plan.tickets:
        ticket_id = uuid7(digest_of(offer.id, "ticket", plan.code))
        tickets.append(OfferTicket(plan, offer, ticket_id, f"{offer.iri}/tickets/{ticket_id}"))
    return tuple(tickets)


@lru_cache(maxsize=_KEPT_OFFERS)
def sessions_of(ticket: OfferTicket) -> tuple[Session, ...]:
    """Return the start times of an offer ticket, earliest first; none when it is good for the whole day."""
    plan, day = ticket.plan.sessions, ticket.offer.date
    if plan is None or day is None:
        return ()
    sessions: list[Session] = []
    for index, text in enumerate(plan.times):
        digest = digest_of(ticket.id, "session", text)
        session_id = uuid7(digest)
        share = 100 if index == 0 else 55 + digest[20] % 46
        capacity = 0 if ticket.offer.sold_out else max(1, plan.capacity * share // 100)
        occurs_at = datetime.combine(day, time.fromisoformat(text), ticket.offer.catalog.zone)
        sessions.append(
            Session(ticket, session_id, f"{ticket.iri}/sessions/{session_id}", occurs_at, capacity)
        )
    return tuple(sessions)


@lru_cache(maxsize=_KEPT_OFFERS)
def session_stock(offer: Offer) -> tuple[tuple[tuple[str, int], ...], ...]:
    """Return the sessions (id, places) of each ticket of an offer that needs one."""
    return tuple(
        tuple((session.id, session.capacity) for session in sessions_of(ticket))
        for ticket in tickets_of(offer)
        if ticket.needs_session
    )


@cache
def _calendar(first_day: date, days: int) -> tuple[tuple[date, str], ...]:
    return tuple(
        (day, day.isoformat()) for day in (first_day + timedelta(days=offset) for offset in range(days))
    )


def first_day_on_sale(now: datetime) -> date:
    """Return the first day that has not passed in the time zone of any catalogue."""
    return max(now.astimezone(ZoneInfo(plan.timezone)).date() for plan in CATALOGS)


@lru_cache(maxsize=4)
def build_catalogue(seed: int, first_day: date, offers: int) -> Catalogue:
    """Build all catalogues; equal arguments return the same (shared, immutable) object.

    Args:
        seed: Decides ids, stock, sold-out days and moving prices.
        first_day: The first date on sale.
        offers: The number of offers in the first catalogue, reached by adding products or leaving out the last days.
    """
    forms = tuple(_form(seed, plan) for plan in FORMS)
    catalogs: list[Catalog] = []
    bases: dict[str, tuple[Base, ...]] = {}
    products: dict[str, tuple[Product, ...]] = {}
    offers_of: dict[str, tuple[Offer, ...]] = {}
    for index, plan in enumerate(CATALOGS):
        catalog = _catalog(seed, plan, forms)
        wanted = offers if index == 0 else None
        catalogs.append(catalog)
        bases[catalog.id] = tuple(_base(seed, base, catalog) for base in _base_plans(plan, wanted))
        products[catalog.id] = _products(seed, bases[catalog.id])
        offers_of[catalog.id] = _offers(seed, products[catalog.id], first_day, wanted)
    return Catalogue(
        seed=seed,
        first_day=first_day,
        catalogs=tuple(catalogs),
        bases=bases,
        products=products,
        offers=offers_of,
        offers_by_id={offer.id: offer for members in offers_of.values() for offer in members},
        forms={form.id: form for form in forms},
        by_date={key: in_date_order(members) for key, members in offers_of.items()},
        synced={catalog.id: IMPORTED_AT for catalog in catalogs},
    )


def _base_plans(plan: CatalogPlan, wanted: int | None) -> tuple[BasePlan, ...]:
    if wanted is None:
        return plan.bases
    per_week = sum(len(product.weekdays) for base in plan.bases for product in base.products if product.dated)
    missing = wanted - per_week * CALENDAR_DAYS // 7
    walks = max(0, -(-missing // CALENDAR_DAYS))
    return (*plan.bases, *(guided_walks(first + 1, walks - first) for first in range(0, walks, 10)))


def _form(seed: int, plan: FormPlan) -> Form:
    form_id = uuid7(digest_of(seed, "form", plan.code))
    iri = f"/v1/forms/{form_id}"
    fields: list[FormField] = []
    for field_plan in plan.fields:
        field_id = uuid7(digest_of(seed, "form", plan.code, field_plan.code))
        fields.append(FormField(field_plan, field_id, f"{iri}/fields/{field_id}"))
    return Form(plan, form_id, iri, tuple(fields))


def _catalog(seed: int, plan: CatalogPlan, forms: Sequence[Form]) -> Catalog:
    digest = digest_of(seed, "catalog", plan.code)
    catalog_id = uuid7(digest)
    created = datetime(2025, 11, 4, 10, 20, digest[0] % 60, tzinfo=UTC)
    by_code = {form.plan.code: form for form in forms}
    return Catalog(plan, catalog_id, f"/v1/ticketing/catalogs/{catalog_id}", created, by_code)


def _base(seed: int, plan: BasePlan, catalog: Catalog) -> Base:
    base_id = uuid7(digest_of(seed, "base", catalog.plan.code, plan.code))
    iri = f"{catalog.iri}/product_bases/{base_id}"
    options: list[Option] = []
    for option in plan.options:
        values: list[OptionValue] = []
        for code, label in option.values:
            value_id = uuid7(digest_of(seed, "value", catalog.plan.code, plan.code, option.code, code))
            value_iri = f"{iri}/options/{option.code}/values/{value_id}"
            values.append(OptionValue(code, value_id, value_iri, label.en, label.fr))
        options.append(Option(option, tuple(values)))
    return Base(plan, catalog, base_id, iri, tuple(options))


def _products(seed: int, bases: Sequence[Base]) -> tuple[Product, ...]:
    products: list[Product] = []
    for base in bases:
        for plan in base.plan.products:
            product_id = uuid7(digest_of(seed, "product", base.catalog.plan.code, plan.code))
            iri = f"{base.catalog.iri}/products/{product_id}"
            products.append(Product(plan, base, base.catalog, product_id, iri, len(products)))
    return tuple(products)


def _offers(seed: int, products: Sequence[Product], first_day: date, wanted: int | None) -> tuple[Offer, ...]:
    """Build the offers product by product; if there are too many, the latest days are left out."""
    days = _calendar(first_day, CALENDAR_DAYS)
    slots: list[tuple[int, Product, date | None, str]] = []
    for product in products:
        if not product.plan.dated:
            slots.append((-1, product, None, "open"))
            continue
        weekdays = product.plan.weekdays
        slots.extend(
            (index, product, day, text) for index, (day, text) in enumerate(days) if day.weekday() in weekdays
        )
    if wanted is not None and len(slots) > wanted:
        slots.sort(key=lambda slot: (slot[0], slot[1].position))
        del slots[wanted:]
        slots.sort(key=lambda slot: (slot[1].position, slot[0]))
    return tuple(_offer(seed, product, day, text) for _, product, day, text in slots)


def new_offer(seed: int, product: Product, day: date | None, number: int = 0) -> Offer:
    """Build the offer of a product on a day; numbers above 0 are further offers of that day."""
    text = "open" if day is None else day.isoformat()
    return _offer(seed, product, day, f"{text} {number}" if number else text)


def _offer(seed: int, product: Product, day: date | None, text: str) -> Offer:
    digest = digest_of(seed, "offer", product.id, text)
    offer_id = uuid7(digest)
    plan = product.plan
    weekend = day is not None and day.weekday() >= _SATURDAY
    sold_out = digest[20] < (_SOLD_OUT_WEEKEND if weekend else _SOLD_OUT_WEEKDAY) and (
        plan.capacity is not None or plan.tickets[0].sessions is not None
    )
    capacity = plan.capacity
    if capacity is not None:
        capacity = 0 if sold_out else max(1, capacity * (40 + digest[21] % 61) // 100) if capacity else 0
    price = plan.price + (plan.price // 10 if weekend and plan.dynamic else 0)
    moving_price = price
    if plan.dynamic:
        percent = (-6, -4, -2, 2, 3, 5, 8, 12)[digest[22] % 8]
        moving_price = price + price * percent // 100
    return Offer(
        product,
        offer_id,
        f"{product.catalog.iri}/offers/{offer_id}",
        day,
        capacity,
        price,
        moving_price,
        sold_out,
    )


def in_date_order(offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """Order by date, then by product; offers without a date come last, as the database puts them."""
    return tuple(sorted(offers, key=lambda offer: (offer.date or date.max, offer.product.position)))
