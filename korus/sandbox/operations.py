"""Operations of the API: from an authorised call to the object that answers it.

The table :data:`OPERATIONS` covers the description of :data:`API_VERSION`, with the form operation that the overlay
restores (P21). Handlers are plain functions; token, faults and HTTP are handled around them.

Where the description has no status for a case, the sandbox uses a documented one: a list below something that does not
exist, or belongs to another client, is refused with 403, since lists document no 404.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import field, frozen

from korus.sandbox import representations as represent
from korus.sandbox.bodies import read_beneficiary, read_json, read_orders, read_reservations
from korus.sandbox.boxoffice import BoxOffice, Document, Failure, IssuedTicket, Order, Reservation
from korus.sandbox.catalogue import Base, Catalog, Catalogue, Offer, OfferTicket, sessions_of, tickets_of
from korus.sandbox.clock import stamp
from korus.sandbox.ids import IMPORTED_AT, genid
from korus.sandbox.languages import preferred_language
from korus.sandbox.paging import DATE, Page, Query, envelope
from korus.sandbox.problems import JsonObject, Refusal, Violation, forbidden, invalid, malformed, not_found

if TYPE_CHECKING:
    from korus.sandbox.faults import Fault
    from korus.sandbox.storage import Storage
    from korus.sandbox.tokens import Client

__all__ = ["API_VERSION", "OPERATIONS", "RELEASE", "Call", "Operation", "Reply", "World"]

API_VERSION = "release"
"""The version of the API's description that the sandbox implements; a newer one is added by hand."""

_ORDER = ("asc", "desc")
_OPTION_CODES = frozenset({"seating_category", "zone", "price_type", "days_count"})
_LONGEST_REFERENCE = 50
_KEPT_SEARCHES = 32
_SESSION = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

OfferSearch = tuple[str, tuple[tuple[str, str], ...]]
"""A catalogue's id and the parameters that choose and order its offers."""

FoundOffers = tuple[Sequence[Offer], Sequence[Offer]]
"""The offers of a catalogue at a time, and the search result among them."""


@frozen
class World:
    """State that handlers work on; ``reading`` is called with the number of each page of offers before its answer."""

    catalogue: Catalogue
    box_office: BoxOffice
    storage: Storage
    reading: Callable[[int], None] = lambda _: None
    found_offers: dict[OfferSearch, FoundOffers] = field(factory=dict[OfferSearch, FoundOffers], repr=False)


@frozen
class Reply:
    """A success: JSON text, its language, how it may be cached, and when it changed last."""

    text: str
    language: str | None = None
    cache: str = "private, no-store"
    tagged: bool = False
    modified: datetime | None = None
    status: int = 200


@frozen
class Call:
    """One authorised request."""

    world: World
    client: Client
    path: str
    ids: Mapping[str, str]
    query: Query
    body: bytes
    accept_language: str | None
    faults: Sequence[Fault] = ()

    def language(self, catalog: Catalog | None = None) -> str:
        """Return the requested language, else the catalogue's own, else English."""
        default = "en" if catalog is None else catalog.plan.language
        return preferred_language(self.accept_language, default) or default


Handler = Callable[[Call], Reply]
Item = TypeVar("Item")

_CATALOGUE_CACHE = "private, max-age=3600"
_OFFER_CACHE = "private, no-cache"


@frozen
class Operation:
    """One operation: its name (as in ``korus_api``), method, path and handler."""

    name: str
    method: str
    path: str
    handler: Handler
    consumes: str | None = None


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _answer(value: JsonObject, language: str | None = None) -> Reply:
    return Reply(_json(value), language)


def _collection(
    call: Call,
    context: str,
    items: Sequence[Item],
    write: Callable[[Item], JsonObject] | None = None,
    *,
    write_page: Callable[[Sequence[Item]], list[str]] | None = None,
    filters: Sequence[str] = (),
    paged: bool = True,
    language: str | None = None,
    cache: str = "private, no-store",
    catalogs: Sequence[Catalog] = (),
) -> Reply:
    """Answer a page of items, each written as an object, or all together as JSON texts."""
    page = Page.asked_for(call.query) if paged else None
    members = items if page is None else page.of(items)
    if write_page is not None:
        texts = write_page(members)
    else:
        texts = [_json(write(member)) for member in members] if write is not None else []
    head, tail = envelope(call.path, context, call.query, len(items), page=page, filters=filters)
    rest = _json(tail)[1:-1]
    text = f'{_json(head)[:-1]},"member":[{",".join(texts)}]{"," if rest else ""}{rest}}}'
    modified = max((call.world.catalogue.synced[catalog.id] for catalog in catalogs), default=None)
    return Reply(text, language, cache, tagged=cache != "private, no-store", modified=modified)


# --- finding what a path names ------------------------------------------------------------------------------


def _catalog(call: Call, *, listing: bool) -> Catalog:
    catalog = call.world.catalogue.catalog(call.ids["catalogId"])
    if catalog is None and not listing:
        raise not_found("There is no such catalogue.")
    if catalog is None or catalog.id not in call.client.catalogs:
        raise forbidden("No access to this catalogue.")
    return catalog


def _missing(what: str, *, listing: bool) -> Refusal:
    return forbidden(f"No access to this {what}.") if listing else not_found(f"There is no such {what}.")


def _offer(call: Call, name: str, *, listing: bool = False) -> Offer:
    catalog = _catalog(call, listing=listing)
    offer = call.world.catalogue.offers_by_id.get(call.ids[name])
    if offer is None or offer.catalog is not catalog:
        raise _missing("offer", listing=listing)
    return offer


def _offer_ticket(call: Call, name: str, *, listing: bool = False) -> OfferTicket:
    offer = _offer(call, "offerId", listing=listing)
    for ticket in tickets_of(offer):
        if ticket.id == call.ids[name]:
            return ticket
    raise _missing("ticket", listing=listing)


def _base(call: Call, *, listing: bool = True) -> Base:
    catalog = _catalog(call, listing=listing)
    for base in call.world.catalogue.bases[catalog.id]:
        if base.id == call.ids["productBaseId"]:
            return base
    raise _missing("product base", listing=listing)


def _order(call: Call, name: str, *, listing: bool = False) -> Order:
    order = call.world.box_office.orders.get(call.ids[name])
    if order is None:
        raise _missing("order", listing=listing)
    if order.organization != call.client.organization:
        raise forbidden("No access to this order.")
    return order


def _reservation(call: Call) -> Reservation:
    held = call.world.box_office.reservations.get(call.ids["id"])
    if held is None:
        raise not_found("There is no such reservation.")
    if held.organization != call.client.organization:
        raise forbidden("No access to this reservation.")
    return held


def _ticket(call: Call) -> tuple[Order, IssuedTicket]:
    order = _order(call, "orderId")
    for ticket in order.tickets if order.item_id == call.ids["orderItemId"] else ():
        if ticket.id == call.ids["id"]:
            return order, ticket
    raise _missing("ticket", listing=False)


def _document(call: Call) -> tuple[Order, Document]:
    order = _order(call, "orderId")
    for document in order.documents:
        if document.id == call.ids["id"]:
            return order, document
    raise _missing("document", listing=False)


# --- the catalogue ------------------------------------------------------------------------------------------


def _ordered(items: Sequence[Item], direction: str | None) -> Sequence[Item]:
    return items[::-1] if direction == "desc" else items


def list_catalogs(call: Call) -> Reply:
    """Catalogues granted to the client."""
    direction = call.query.choice("order[createdAt]", _ORDER)
    granted = [catalog for catalog in call.world.catalogue.catalogs if catalog.id in call.client.catalogs]
    if direction is not None:
        granted.sort(key=lambda catalog: catalog.created)
    language = call.language()
    return _collection(
        call,
        "TicketingCatalog",
        _ordered(granted, direction),
        lambda catalog: represent.catalog(catalog, language, call.world.catalogue.synced[catalog.id]),
        filters=("order[createdAt]",),
        language=language,
        cache=_CATALOGUE_CACHE,
        catalogs=granted,
    )


def list_product_bases(call: Call) -> Reply:
    """Product bases; disabled ones only on demand."""
    catalog = _catalog(call, listing=True)
    everything = call.query.choice("withDisabled", ("true", "false", "1", "0")) in {"true", "1"}
    bases = [base for base in call.world.catalogue.bases[catalog.id] if everything or not base.plan.disabled]
    language = call.language(catalog)
    return _collection(
        call,
        "TicketingProductBase",
        bases,
        lambda base: represent.base(base, language),
        filters=("withDisabled",),
        language=language,
        cache=_CATALOGUE_CACHE,
        catalogs=(catalog,),
    )


def _of_base(
    call: Call,
    base: Base,
    context: str,
    items: Sequence[Item],
    write: Callable[[Item, str], JsonObject],
) -> Reply:
    """Answer a page of a base's items, in the requested language."""
    language = call.language(base.catalog)
    return _collection(
        call,
        context,
        items,
        lambda item: write(item, language),
        language=language,
        cache=_CATALOGUE_CACHE,
        catalogs=(base.catalog,),
    )


def list_products(call: Call) -> Reply:
    """Products of a base."""
    base = _base(call)
    products = [each for each in call.world.catalogue.products[base.catalog.id] if each.base.id == base.id]
    return _of_base(call, base, "TicketingProduct", products, represent.product)


def list_product_base_options(call: Call) -> Reply:
    """Options of a base."""
    base = _base(call)
    return _of_base(
        call,
        base,
        "TicketingProductBaseOption",
        base.options,
        lambda option, language: represent.option(option, base.iri, language),
    )


def list_product_base_option_values(call: Call) -> Reply:
    """Values of an option; none where the base has no such option."""
    if call.ids["code"] not in _OPTION_CODES:
        raise _missing("option", listing=True)
    base = _base(call)
    values = [value for option in base.options if option.code == call.ids["code"] for value in option.values]
    return _of_base(call, base, "TicketingProductBaseOptionValue", values, represent.option_value)


def get_seat_map(call: Call) -> Reply:
    """The seat map of a session of the base (P22, P23)."""
    base = _base(call, listing=False)
    for offer in call.world.catalogue.offers[base.catalog.id]:
        for ticket in tickets_of(offer) if offer.product.base is base else ():
            for session in sessions_of(ticket):
                if session.id == call.ids["id"]:
                    return _answer(represent.seat_map(session, base.iri))
    raise _missing("seat map", listing=False)


_DATE_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "after": lambda value, bound: value >= bound,
    "strictly_after": lambda value, bound: value > bound,
    "before": lambda value, bound: value <= bound,
    "strictly_before": lambda value, bound: value < bound,
}


def _bounds(query: Query, name: str) -> list[tuple[Callable[[Any, Any], bool], date]]:
    found: list[tuple[Callable[[Any, Any], bool], date]] = []
    for kind, holds in _DATE_BOUNDS.items():
        text = query.matching(f"{name}[{kind}]", DATE, "a date, YYYY-MM-DD")
        if text is not None:
            found.append((holds, _day(text)))
    return found


def _day(text: str) -> date:
    """Read a date as the API's framework does: 31 April is 1 May, and the year 0 exists."""
    year, month, day = max(1, int(text[:4])), int(text[5:7]), int(text[8:])
    return date(year, month, 1) + timedelta(days=day - 1)


_OFFER_FILTERS = (
    "order[date]",
    *(f"date[{bound}]" for bound in ("before", "strictly_before", "after", "strictly_after")),
    "product[]",
    "productBaseId",
    "session",
    "optionValuesContext[]",
)


def list_offers(call: Call) -> Reply:
    """Offers of a catalogue, with every filter of the reference's 3.14."""
    catalog = _catalog(call, listing=True)
    call.world.reading(Page.asked_for(call.query).number)
    offers = _offers(call, catalog)
    language = call.language(catalog)
    return _collection(
        call,
        "TicketingOffer",
        offers,
        write_page=lambda page: represent.offer_fragments(page, call.world.box_office, language),
        filters=_OFFER_FILTERS,
        language=language,
        cache=_OFFER_CACHE,
    )


def _offers(call: Call, catalog: Catalog) -> Sequence[Offer]:
    """Return the offers of a query; cached until the catalogue changes."""
    wanted = tuple(pair for pair in call.query.pairs if pair[0] not in {"page", "itemsPerPage"})
    key = (catalog.id, wanted)
    everything = call.world.catalogue.offers[catalog.id]
    of, found = call.world.found_offers.get(key, (None, ()))
    if of is not everything:
        found = _found_offers(call.world.catalogue, catalog, Query(wanted))
        if len(call.world.found_offers) >= _KEPT_SEARCHES:
            call.world.found_offers.clear()
        call.world.found_offers[key] = everything, found
    return found


def _found_offers(catalogue: Catalogue, catalog: Catalog, query: Query) -> Sequence[Offer]:
    direction = query.choice("order[date]", _ORDER)
    bounds = _bounds(query, "date")
    offers: Sequence[Offer] = (
        catalogue.offers[catalog.id] if direction is None else catalogue.by_date[catalog.id]
    )
    tests = _offer_tests(query, catalogue)
    if bounds:
        tests.append(
            lambda offer: offer.date is not None and all(holds(offer.date, day) for holds, day in bounds)
        )
    if tests:
        offers = [offer for offer in offers if all(test(offer) for test in tests)]
    if direction == "desc":  # latest first; products of a day in their own order, undated offers first
        offers = sorted(offers, key=lambda offer: (offer.date or date.max).toordinal(), reverse=True)
    return offers


def _offer_tests(query: Query, catalogue: Catalogue) -> list[Callable[[Offer], bool]]:
    tests: list[Callable[[Offer], bool]] = []
    products = {_bare(value) for value in query.every("product[]")}
    if products:
        tests.append(lambda offer: offer.product.id in products)
    base = query.last("productBaseId")
    if base is not None:
        tests.append(lambda offer: offer.product.base.id == _bare(base))
    session = query.matching("session", _SESSION, "an id")
    if session is not None:
        tests.append(
            lambda offer: any(
                each.id == session for ticket in tickets_of(offer) for each in sessions_of(ticket)
            )
        )
    wanted = set(query.every("optionValuesContext[]"))
    if wanted:
        tests.append(_option_test(wanted, catalogue))
    return tests


def _bare(value: str) -> str:
    return value.rsplit("/", 1)[-1]


def _option_test(wanted: set[str], catalogue: Catalogue) -> Callable[[Offer], bool]:
    """Match ids or addresses of option values, one of each option named (the sandbox's reading of P9)."""
    bare = {_bare(value) for value in wanted}
    by_option: dict[str, set[str]] = {}
    for bases in catalogue.bases.values():
        for base in bases:
            for option in base.options:
                codes = {value.code for value in option.values if value.id in bare}
                if codes:
                    by_option.setdefault(f"{base.id} {option.code}", set()).update(codes)
    known = {key.split(" ")[0] for key in by_option}

    def test(offer: Offer) -> bool:
        base = offer.product.base.id
        options = dict(offer.product.plan.options)
        named = {key.split(" ")[1]: codes for key, codes in by_option.items() if key.startswith(base)}
        return base in known and all(options.get(code) in codes for code, codes in named.items())

    return test


def get_offer_availability(call: Call) -> Reply:
    """The stock of an offer."""
    return _answer(represent.availability(_offer(call, "id"), call.world.box_office))


def get_offer_price(call: Call) -> Reply:
    """The current price of an offer."""
    return _answer(represent.price(_offer(call, "id"), call.world.box_office))


def get_offer_ticket(call: Call) -> Reply:
    """One ticket of an offer."""
    ticket = _offer_ticket(call, "id")
    language = call.language(ticket.offer.catalog)
    written = represent.offer_ticket(ticket, language)
    return Reply(
        _json({"@context": "/contexts/TicketingOfferTicket", **written}),
        language,
        _CATALOGUE_CACHE,
        tagged=True,
        modified=call.world.catalogue.synced[ticket.offer.catalog.id],
    )


def list_offer_ticket_sessions(call: Call) -> Reply:
    """Start times of an offer ticket (P6)."""
    ticket = _offer_ticket(call, "offerTicketId", listing=True)
    return _collection(
        call,
        "TicketingOfferTicketSession",
        sessions_of(ticket),
        lambda session: represent.session(session, call.world.box_office),
        cache=_OFFER_CACHE,
    )


def get_form(call: Call) -> Reply:
    """A form with its fields (P21)."""
    form = call.world.catalogue.forms.get(call.ids["id"])
    if form is None:
        raise not_found("There is no such form.")
    language = call.language()
    return Reply(
        _json(represent.form(form, language)), language, _CATALOGUE_CACHE, tagged=True, modified=IMPORTED_AT
    )


# --- reservations -------------------------------------------------------------------------------------------


def list_reservations(call: Call) -> Reply:
    """The organisation's reservations."""
    direction = call.query.choice("order[createdAt]", _ORDER)
    box_office = call.world.box_office
    held = box_office.reservations_for(call.client.organization)
    return _collection(
        call,
        "BookingReservation",
        _ordered(held, direction),
        write_page=lambda page: represent.reservation_fragments(page, box_office),
        filters=("order[createdAt]",),
    )


def get_reservation(call: Call) -> Reply:
    """One reservation."""
    held = _reservation(call)
    (written,) = represent.reservation_fragments([held], call.world.box_office)
    return Reply(f'{{"@context":"/contexts/BookingReservation",{written[1:]}')


def release_reservation(call: Call) -> Reply:
    """Release a hold before it ends. No description has this yet; it follows API Platform's DELETE."""
    held = _reservation(call)
    if not call.world.box_office.release(held):
        raise invalid([Violation("", "This reservation has been ordered.", "reservation_already_ordered")])
    return Reply("", status=204)


_ORDERED_TO_FAIL = Failure("issuer_refused", "The issuer's system refused.")


def _told_to_fail(call: Call, index: int) -> bool:
    return any(
        fault.kind == "fail_items" and (not fault.items or index in fault.items) for fault in call.faults
    )


def _told_to(call: Call, kind: str) -> bool:
    return any(fault.kind == kind for fault in call.faults)


def bulk_create_reservations(call: Call) -> Reply:
    """Hold offers: the whole request is validated first, then each line is processed by itself."""
    box_office = call.world.box_office
    lines = read_reservations(read_json(call.body), call.world.catalogue, call.client)
    reservations: list[JsonObject] = []
    failed: list[JsonObject] = []
    with box_office.lock:
        if _told_to(call, "sold_out"):
            for line in lines:
                box_office.set_stock(line.offer.id, 0)
        for index, line in enumerate(lines):
            held = (
                _ORDERED_TO_FAIL
                if _told_to_fail(call, index)
                else box_office.hold(line, call.client.organization)
            )
            if isinstance(held, Failure):
                failed.append(represent.failed_reservation(line, held))
            else:
                context = {"@context": "/contexts/BookingReservation"}
                reservations.append(context | represent.reservation(held, box_office))
    return _answer(_bulk("BookingReservation", {"reservations": reservations, "failedReservations": failed}))


def _bulk(context: str, lists: dict[str, list[JsonObject]]) -> JsonObject:
    first = next((entry["@id"] for entries in lists.values() for entry in entries), "")
    return {
        "@context": f"/contexts/{context}",
        "@id": genid("bulk", context, first),
        "@type": context,
        **lists,
    }


# --- orders -------------------------------------------------------------------------------------------------


def list_orders(call: Call) -> Reply:
    """The organisation's orders; date bounds mean midnight UTC, as the API's framework compares them."""
    query = call.query
    reference = query.last("external_reference")
    if reference is not None and not 1 <= len(reference) <= _LONGEST_REFERENCE:
        raise malformed("The parameter external_reference should have 1 to 50 characters.")
    direction = query.choice("order[createdAt]", _ORDER)
    bounds = [
        (holds, datetime(day.year, day.month, day.day, tzinfo=UTC))
        for holds, day in _bounds(query, "createdAt")
    ]
    orders = call.world.box_office.orders_for(call.client.organization, reference)
    if bounds:
        orders = [order for order in orders if all(holds(order.created, moment) for holds, moment in bounds)]
    return _collection(
        call,
        "BookingOrder",
        _ordered(orders, direction),
        represent.order,
        filters=(
            "external_reference",
            "order[createdAt]",
            *(f"createdAt[{bound}]" for bound in ("before", "strictly_before", "after", "strictly_after")),
        ),
    )


def get_order(call: Call) -> Reply:
    """One order."""
    return _answer({"@context": "/contexts/BookingOrder", **represent.order(_order(call, "id"))})


def bulk_create_orders(call: Call) -> Reply:
    """Order reservations: the whole request is validated first, then each is processed by itself."""
    box_office = call.world.box_office
    orders: list[JsonObject] = []
    failed: list[JsonObject] = []
    with box_office.lock:
        asked = read_orders(read_json(call.body), box_office, call.client)
        for index, held in enumerate(asked.reservations):
            if _told_to(call, "expire"):
                box_office.expire(held.id)
            placed = (
                _ORDERED_TO_FAIL
                if _told_to_fail(call, index) and held.order is None
                else box_office.order(held, asked.customer, asked.external_reference, asked.notes)
            )
            if isinstance(placed, Failure):
                failed.append(represent.failed_order(held, placed))
            else:
                orders.append({"@context": "/contexts/BookingOrder", **represent.order(placed)})
    return _answer(_bulk("BookingOrder", {"orders": orders, "failedOrders": failed}))


def get_order_item_ticket(call: Call) -> Reply:
    """One issued ticket."""
    return _answer(represent.ticket(_ticket(call)[1]))


def update_order_item_ticket(call: Call) -> Reply:
    """Set a ticket's beneficiary (merge-patch)."""
    order, ticket = _ticket(call)
    changes = read_beneficiary(read_json(call.body))
    if changes:
        failure = call.world.box_office.name_beneficiary(order, ticket, changes)
        if failure is not None:
            raise invalid([Violation("beneficiary", failure.message, failure.code)])
    return _answer(represent.ticket(ticket))


def list_order_documents(call: Call) -> Reply:
    """Documents of an order, unpaged; none while a beneficiary is missing."""
    order = _order(call, "orderId", listing=True)
    return _collection(
        call,
        "BookingOrderDocument",
        tuple(order.documents),
        lambda document: represent.document(document, order.iri),
        paged=False,
    )


def get_order_document(call: Call) -> Reply:
    """One document."""
    order, document = _document(call)
    return _answer({"@context": "/contexts/BookingOrderDocument", **represent.document(document, order.iri)})


def update_order_document(call: Call) -> Reply:
    """Return a temporary address; a 422 before ``downloadableAt``, which is the sandbox's choice."""
    order, document = _document(call)
    read_json(call.body)
    if call.world.box_office.clock.now() < document.downloadable:
        when = stamp(document.downloadable)
        raise invalid([Violation("", f"This document can be downloaded from {when}.", "not_ready")])
    language = call.language(order.offer.catalog)
    url = call.world.storage.sign(order, document, language)
    return _answer(represent.patched_document(document, order.iri, url, language), language)


_C = "/v1/ticketing/catalogs"
_O = "/v1/booking/orders"
_R = "/v1/booking/reservations"
_POSTED = "application/ld+json"
_MERGED = "application/merge-patch+json"

OPERATIONS: tuple[Operation, ...] = (
    Operation("list_order_documents", "GET", f"{_O}/{{orderId}}/documents", list_order_documents),
    Operation("get_order_document", "GET", f"{_O}/{{orderId}}/documents/{{id}}", get_order_document),
    Operation(
        "update_order_document", "PATCH", f"{_O}/{{orderId}}/documents/{{id}}", update_order_document, _MERGED
    ),
    Operation(
        "get_order_item_ticket",
        "GET",
        f"{_O}/{{orderId}}/items/{{orderItemId}}/tickets/{{id}}",
        get_order_item_ticket,
    ),
    Operation(
        "update_order_item_ticket",
        "PATCH",
        f"{_O}/{{orderId}}/items/{{orderItemId}}/tickets/{{id}}",
        update_order_item_ticket,
        _MERGED,
    ),
    Operation("list_orders", "GET", _O, list_orders),
    Operation("bulk_create_orders", "POST", f"{_O}/_bulk", bulk_create_orders, _POSTED),
    Operation("get_order", "GET", f"{_O}/{{id}}", get_order),
    Operation("list_reservations", "GET", _R, list_reservations),
    Operation("bulk_create_reservations", "POST", f"{_R}/_bulk", bulk_create_reservations, _POSTED),
    Operation("get_reservation", "GET", f"{_R}/{{id}}", get_reservation),
    Operation("get_form", "GET", "/v1/forms/{id}", get_form),
    Operation("list_catalogs", "GET", _C, list_catalogs),
    Operation("list_offers", "GET", f"{_C}/{{catalogId}}/offers", list_offers),
    Operation(
        "get_offer_availability",
        "GET",
        f"{_C}/{{catalogId}}/offers/{{id}}/availability",
        get_offer_availability,
    ),
    Operation("get_offer_price", "GET", f"{_C}/{{catalogId}}/offers/{{id}}/price", get_offer_price),
    Operation(
        "get_offer_ticket", "GET", f"{_C}/{{catalogId}}/offers/{{offerId}}/tickets/{{id}}", get_offer_ticket
    ),
    Operation(
        "list_offer_ticket_sessions",
        "GET",
        f"{_C}/{{catalogId}}/offers/{{offerId}}/tickets/{{offerTicketId}}/sessions",
        list_offer_ticket_sessions,
    ),
    Operation("list_product_bases", "GET", f"{_C}/{{catalogId}}/product_bases", list_product_bases),
    Operation(
        "list_products", "GET", f"{_C}/{{catalogId}}/product_bases/{{productBaseId}}/products", list_products
    ),
    Operation(
        "list_product_base_options",
        "GET",
        f"{_C}/{{catalogId}}/product_bases/{{productBaseId}}/options",
        list_product_base_options,
    ),
    Operation(
        "list_product_base_option_values",
        "GET",
        f"{_C}/{{catalogId}}/product_bases/{{productBaseId}}/options/{{code}}/values",
        list_product_base_option_values,
    ),
    Operation(
        "get_seat_map",
        "GET",
        f"{_C}/{{catalogId}}/product_bases/{{productBaseId}}/seat_maps/{{id}}",
        get_seat_map,
    ),
)
"""Every operation served, by its name in the raw client."""

RELEASE = Operation("delete_reservation", "DELETE", f"{_R}/{{id}}", release_reservation)
"""An optional operation: ``Sandbox(releases=True)``."""
