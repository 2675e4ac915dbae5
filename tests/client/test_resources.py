"""Every resource that can be read, against the sandbox, sync and async."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from attrs import define

from korus import AsyncKorus, Korus, errors
from korus.models import (
    Customer,
)
from korus.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        yield running


@define
class Reader:
    """Reads with a fresh client."""

    asynchronous: bool
    _sandbox: Sandbox

    def read(self, call: Any) -> Any:
        settings = {
            "base_url": self._sandbox.base_url,
            "token_url": self._sandbox.token_url,
            "client_id": self._sandbox.client_id,
            "client_secret": self._sandbox.client_secret,
        }
        if not self.asynchronous:
            with Korus(**settings) as korus:
                found = call(korus)
                return list(found) if type(found).__name__ == "Pages" else found

        async def run() -> Any:
            async with AsyncKorus(**settings) as korus:
                found = call(korus)
                if hasattr(found, "__aiter__"):
                    return [item async for item in found]
                return await found

        return anyio.run(run)


@pytest.fixture(params=["sync", "async"])
def reader(request: pytest.FixtureRequest, stand_in: Sandbox) -> Reader:
    return Reader(request.param == "async", stand_in)


@pytest.fixture
def catalog(reader: Reader) -> Any:
    return reader.read(lambda korus: korus.catalogs.list().first())


@define
class Bought:
    """An order, made without the booking layer, so that reading is tested alone."""

    reservation: dict[str, Any]
    order: dict[str, Any]


@pytest.fixture(scope="module")
def bought(stand_in: Sandbox) -> Bought:
    with Korus(
        base_url=stand_in.base_url,
        token_url=stand_in.token_url,
        client_id=stand_in.client_id,
        client_secret=stand_in.client_secret,
    ) as korus:
        for offer in korus.offers.list(korus.catalogs.list().first(), sort="asc"):
            simple = all(ticket.date_access and not ticket.form for ticket in offer.tickets)
            if simple and korus.offers.availability(offer).available_quantity != 0:
                break
        booking = korus.reservations.bulk()
        booking.add(offer)
        (held,) = booking.submit().succeeded
        customer = Customer(firstname="Otto", lastname="Lind", email="otto@example.org")
        (order,) = korus.orders.create([held], customer=customer, external_reference="SHOP-17").succeeded
        return Bought(held.to_dict(), order.to_dict())


def test_catalogues_are_listed_in_either_direction(reader: Reader) -> None:
    up = reader.read(lambda korus: korus.catalogs.list(sort="asc"))
    down = reader.read(lambda korus: korus.catalogs.list(sort="desc"))
    assert [each.id for each in up] == [each.id for each in reversed(down)]
    assert up[0].created_at <= up[-1].created_at
    assert up[0].iri == f"/v1/ticketing/catalogs/{up[0].id}"


@pytest.mark.parametrize("form", ["object", "iri", "absolute iri", "id", "json"])
def test_offers_are_listed_for_a_catalogue_however_it_is_named(
    reader: Reader, stand_in: Sandbox, catalog: Any, form: str
) -> None:
    given = {
        "object": catalog,
        "iri": catalog.iri,
        "absolute iri": stand_in.base_url + catalog.iri,
        "id": catalog.id,
        "json": catalog.to_dict(),
    }[form]
    first = reader.read(lambda korus: korus.offers.list(given, page_size=2).first())
    assert first.iri.startswith(f"{catalog.iri}/offers/")


def test_offers_are_filtered_by_date(reader: Reader, catalog: Any) -> None:
    offers = reader.read(lambda korus: korus.offers.list(catalog, sort="asc", page_size=50, prefetch=4))
    days = sorted({offer.date for offer in offers if isinstance(offer.date, date)})
    low, high = days[10], days[12]
    one_day = timedelta(days=1)

    def dates(**filters: Any) -> set[date]:
        return {
            offer.date
            for offer in reader.read(lambda korus: korus.offers.list(catalog, page_size=50, **filters))
        }

    assert dates(after=low, before=high) == {low, days[11], high}
    assert dates(strictly_after=low, strictly_before=high.isoformat()) == {days[11]}
    assert dates(after=high, before=high - one_day) == set()


def test_offers_are_filtered_by_product_and_base(reader: Reader, catalog: Any) -> None:
    base = reader.read(lambda korus: korus.product_bases.list(catalog).first())
    products = reader.read(lambda korus: korus.products.list(base))
    by_base = reader.read(
        lambda korus: korus.offers.list(catalog, product_base=base, page_size=50, prefetch=2)
    )
    by_products = reader.read(
        lambda korus: korus.offers.list(catalog, products=products, page_size=50, prefetch=2)
    )
    assert by_base
    assert {offer.id for offer in by_base} == {offer.id for offer in by_products}
    assert {offer.product.name for offer in by_base} == {product.name for product in products}


def test_the_price_of_an_offer_is_exact_text(reader: Reader, catalog: Any) -> None:
    offer = reader.read(lambda korus: korus.offers.list(catalog).first())
    price = reader.read(lambda korus: korus.offers.price(offer))
    assert price.iri == f"{offer.iri}/price"
    assert isinstance(price.amount_incl_tax, str)
    assert price.currency.upper() == "EUR"
    assert reader.read(lambda korus: korus.offers.price(offer.iri)) == price


def test_availability_tickets_and_sessions_of_an_offer_belong_to_it(reader: Reader, catalog: Any) -> None:
    offers = reader.read(lambda korus: korus.offers.list(catalog, page_size=50, prefetch=2))
    offer = next(offer for offer in offers if any(not ticket.date_access for ticket in offer.tickets))
    ticket = next(ticket for ticket in offer.tickets if not ticket.date_access)
    assert reader.read(lambda korus: korus.offers.availability(offer)).iri == f"{offer.iri}/availability"
    found = reader.read(lambda korus: korus.offers.ticket(ticket))
    assert (found.iri, found.date_access) == (ticket.iri, False)
    sessions = reader.read(lambda korus: korus.offers.sessions(ticket.iri))
    assert sessions
    assert all(session.iri.startswith(f"{ticket.iri}/sessions/") for session in sessions)
    of_session = reader.read(lambda korus: korus.offers.list(catalog, session=sessions[0]))
    assert [each.id for each in of_session] == [offer.id]


def test_disabled_product_bases_are_listed_on_request(reader: Reader) -> None:
    found = {False: 0, True: 0}
    for catalog in reader.read(lambda korus: korus.catalogs.list()):
        shown = reader.read(lambda korus, at=catalog: korus.product_bases.list(at))
        everything = reader.read(lambda korus, at=catalog: korus.product_bases.list(at, with_disabled=True))
        assert {base.id for base in shown} == {base.id for base in everything if not base.disabled}
        found[False] += len(shown)
        found[True] += len(everything)
    assert found[True] >= found[False] > 0


def test_options_and_their_values_are_listed(reader: Reader, catalog: Any) -> None:
    counted = 0
    for base in reader.read(lambda korus: korus.product_bases.list(catalog)):
        for option in reader.read(lambda korus, at=base: korus.product_bases.options(at)):
            by_option = reader.read(
                lambda korus, at=base, of=option: korus.product_bases.option_values(at, of)
            )
            by_code = reader.read(
                lambda korus, at=base, of=option: korus.product_bases.option_values(at.iri, str(of.code))
            )
            assert [value.id for value in by_option] == [value.id for value in by_code]
            counted += len(by_option)
    assert counted > 0


def seat_map_of(reader: Reader, catalog: Any) -> tuple[Any, Any, Any]:
    offers = reader.read(lambda korus: korus.offers.list(catalog, page_size=50))
    ticket = next(ticket for offer in offers for ticket in offer.tickets if not ticket.date_access)
    session = reader.read(lambda korus: korus.offers.sessions(ticket).first())
    for base in reader.read(lambda korus: korus.product_bases.list(catalog)):
        try:
            return (
                base,
                session,
                reader.read(lambda korus, at=base: korus.product_bases.seat_map(at, session)),
            )
        except errors.NotFound:
            continue
    raise AssertionError("no product base has a seat map for the session")


def test_a_seat_map_is_read_by_session_id_and_iri(reader: Reader, catalog: Any) -> None:
    base, session, found = seat_map_of(reader, catalog)
    assert (found.id, found.iri) == (session.id, f"{base.iri}/seat_maps/{session.id}")
    assert found.additional_properties == {}
    for given in (session.iri, session.id, found, found.iri):
        again = reader.read(lambda korus, at=given: korus.product_bases.seat_map(base.iri, at))
        assert again == found


@pytest.mark.parametrize("wrong", [None, "", "a/b", "/v1/booking/orders/o1", "/v1/ticketing/catalogs/c1"])
def test_a_seat_map_needs_an_id_or_a_session(reader: Reader, wrong: Any) -> None:
    with pytest.raises(errors.InvalidIri):
        reader.read(
            lambda korus: korus.product_bases.seat_map("/v1/ticketing/catalogs/c/product_bases/b", wrong)
        )


def test_a_reservation_is_read_and_listed(reader: Reader, bought: Bought) -> None:
    found = reader.read(lambda korus: korus.reservations.get(bought.reservation["id"]))
    assert found.iri == bought.reservation["@id"]
    assert found.order == bought.order["@id"]
    newest = reader.read(lambda korus: korus.reservations.list(sort="desc", page_size=1).first())
    assert newest.id == found.id


def test_an_order_is_read_and_found_by_its_reference(reader: Reader, bought: Bought) -> None:
    found = reader.read(lambda korus: korus.orders.get(bought.order["@id"]))
    assert found.external_reference == "SHOP-17"
    (same,) = reader.read(lambda korus: korus.orders.list(external_reference="SHOP-17"))
    assert same.id == found.id
    day = found.created_at.date()
    within = reader.read(
        lambda korus: korus.orders.list(created_after=day, created_before=day + timedelta(days=1))
    )
    assert found.id in {order.id for order in within}
    assert reader.read(lambda korus: korus.orders.list(created_strictly_before=day)) == []
    later = reader.read(lambda korus: korus.orders.list(created_strictly_after=day + timedelta(days=1)))
    assert later == []


def test_issued_ticket_is_read_as_in_its_order(reader: Reader, bought: Bought) -> None:
    order = reader.read(lambda korus: korus.orders.get(bought.order["id"]))
    ticket = order.items[0].tickets[0]
    found = reader.read(lambda korus: korus.tickets.get(ticket))
    assert (found.id, found.iri) == (ticket.id, ticket.iri)


def test_the_documents_of_an_order_are_listed_and_read(reader: Reader, bought: Bought) -> None:
    documents = reader.read(lambda korus: korus.documents.list(bought.order["id"]))
    assert documents
    for document in documents:
        found = reader.read(lambda korus, at=document: korus.documents.get(at))
        assert found.iri == document.iri
        assert found.iri.startswith(f"{bought.order['@id']}/documents/")


def test_a_form_is_read_with_its_fields(reader: Reader, stand_in: Sandbox) -> None:
    def form_of(korus: Korus) -> str | None:
        for catalog in korus.catalogs.list():
            for offer in korus.offers.list(catalog, page_size=50):
                for ticket in offer.tickets:
                    if ticket.form:
                        return ticket.form
        return None

    with Korus(
        base_url=stand_in.base_url,
        token_url=stand_in.token_url,
        client_id=stand_in.client_id,
        client_secret=stand_in.client_secret,
    ) as korus:
        iri = form_of(korus)
    assert iri is not None
    form = reader.read(lambda korus: korus.forms.get(iri))
    assert form.iri == iri
    assert {str(field.type_) if hasattr(field, "type_") else str(field.type) for field in form.fields}


@pytest.mark.parametrize(
    "call",
    [
        lambda korus: korus.offers.list("/v1/booking/orders/o1"),
        lambda korus: korus.offers.list("https://evil.test/v1/ticketing/catalogs/c1"),
        lambda korus: korus.offers.list("c1/../c2"),
        lambda korus: korus.offers.list(None),
        lambda korus: korus.offers.list("c1", after="tomorrow"),
        lambda korus: korus.offers.list("c1", sort="up"),
        lambda korus: korus.offers.list("c1", products=["/v1/ticketing/catalogs/c1"]),
        lambda korus: korus.offers.price("o1"),
        lambda korus: korus.orders.get(""),
        lambda korus: korus.orders.list(external_reference=""),
        lambda korus: korus.tickets.get("t1"),
        lambda korus: korus.documents.list("/v1/booking/reservations/r1"),
        lambda korus: korus.product_bases.option_values("/v1/ticketing/catalogs/c/product_bases/b", "a/b"),
        lambda korus: korus.products.list("c1", page_size=0),
        lambda korus: korus.catalogs.list(prefetch=-1),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(
    reader: Reader, stand_in: Sandbox, call: Any
) -> None:
    before = sum(stand_in.inspect.requests.values())
    with pytest.raises((errors.InvalidArgument, errors.OperationUnavailable)):
        reader.read(call)
    assert sum(stand_in.inspect.requests.values()) == before


def test_what_is_not_there_is_not_found(reader: Reader) -> None:
    with pytest.raises(errors.NotFound) as caught:
        reader.read(lambda korus: korus.orders.get("019c23d2-3a50-7c4c-9160-d5fa5b460249"))
    assert caught.value.operation == "get_order"
    assert caught.value.request_id
