"""What the documentation printed is read by the newest client: the only witnesses of versions nobody can ask.

The cassettes are built by `python -m scripts.cassettes.published` from the samples in tests/openapi/samples.
"""

from __future__ import annotations

from decimal import Decimal

from korus.models import Beneficiary
from scripts.cassettes import published

ORDER = "/v1/booking/orders/019c23d2-3a50-7c4c-9160-d5fa5b460249"
TICKET = f"{ORDER}/items/019c23d2-3a50-73d9-8727-aa4d5128f906/tickets/019c23d2-3e38-780b-b699-b4e342c52246"
RESERVATION = "/v1/booking/reservations/019c23ce-8130-757d-9573-7de8ce887e98"
CATALOG = "/v1/ticketing/catalogs/019a4e61-e5b0-7246-801a-c1eb3bc7c567"
OFFER = f"{CATALOG}/offers/019a57f7-0d80-7f8f-8d5c-e33a8015044c"
DOCUMENT = f"{ORDER}/documents/019c23d2-9810-7977-8819-6c3b9676689a"


def prefix(iri):
    """An IRI without the part of its last UUID that a pseudonym replaces."""
    return iri.rpartition("-")[0]


def a_ticket(client, korus_cassette):
    ticket = client.tickets.get(TICKET)
    assert ticket.required_beneficiary_fields
    assert ticket.voucher == korus_cassette.shown("voucher", "4400112233557799")
    assert ticket.beneficiary.date_of_birth
    assert ticket.beneficiary_designation_deadline.utcoffset() is not None
    assert ticket.additional_properties["event"].startswith(prefix(CATALOG))
    return ticket


def set_beneficiary(client, ticket):
    return client.tickets.set_beneficiary(
        ticket,
        Beneficiary(
            firstname="mira",
            lastname="vega",
            title="mrs",
            nationality="PT",
            date_of_birth="1991-06-23",
            place_of_birth="Port-Imaginaire",
            email="mira.vega@example.org",
            phone="+33639980123",
        ),
    )


def test_a_ticket_as_version_1_0_4_printed_it_is_read_and_its_beneficiary_set(client, korus_cassette):
    ticket = a_ticket(client, korus_cassette)
    assert set_beneficiary(client, ticket) == ticket


def test_a_ticket_as_version_1_0_7_printed_it_is_read_and_its_beneficiary_set(client, korus_cassette):
    ticket = a_ticket(client, korus_cassette)
    assert set_beneficiary(client, ticket) == ticket


def test_a_ticket_as_version_1_0_19_printed_it_is_read(client):
    ticket = client.tickets.get(TICKET)
    assert ticket.status.is_known
    assert ticket.seating == {}
    assert "event" not in ticket.additional_properties


def the_reservation_pages(client):
    reservation = client.reservations.get(RESERVATION)
    assert Decimal(reservation.total_amount_incl_tax) > 0
    assert reservation.seats_arrangement == "ADJACENT"
    assert prefix(reservation.order) == prefix(ORDER)
    assert reservation.items[0].offer_tickets
    # its number of items is a placeholder, so only the page that was printed is read
    assert [prefix(one.iri) for one in client.reservations.list().page(1)] == [prefix(RESERVATION)]


def test_the_reservation_pages_of_version_1_0_7_are_read(client):
    the_reservation_pages(client)


def test_the_reservation_pages_of_version_1_0_4_are_read(client):
    the_reservation_pages(client)


def test_the_order_of_the_guide_is_read(client, korus_cassette):
    order = client.orders.get(ORDER)
    (item,) = order.items
    assert item.quantity == len(item.tickets)
    assert item.tickets[0].iri.startswith(prefix(ORDER))
    assert order.cancelled_at is None
    assert prefix(order.additional_properties.get("reservation") or order.reservation) == prefix(RESERVATION)
    assert order.customer.phone.startswith(korus_cassette.shown("phone", "0639980456")[:4])


def test_the_catalogue_pages_of_the_guides_are_read(client):
    (catalog,) = client.catalogs.list()
    assert prefix(catalog.iri) == prefix(CATALOG)
    bases = list(client.product_bases.list(CATALOG))
    assert [base.disabled for base in bases] == [False, False]


def test_price_and_availability_of_the_guides_are_read(client):
    price = client.offers.price(OFFER)
    assert Decimal(price.amount_incl_tax) > 0
    assert price.currency.lower() == "eur"
    availability = client.offers.availability(OFFER)
    assert availability.sessions_availability[0].available_quantity >= 0


def test_the_availability_of_the_time_of_events_is_read(client):
    availability = client.offers.availability(OFFER)
    assert "/events/" in availability.sessions_availability[0].session


def test_the_documents_of_version_1_0_19_are_listed_and_addressed(client):
    documents = list(client.documents.list(ORDER))
    assert len(documents) == 2
    assert all(document.downloadable_at.tzinfo for document in documents)
    assert client.documents.url(DOCUMENT).temporary_url.startswith("https://storage.googleapis.com/")


def test_the_cassettes_are_what_the_samples_give():
    stale = [one.name for one in published.PUBLISHED if not published._is_fresh(one)]
    assert stale == [], "run `make generate`"


def test_published_cassettes_are_marked_as_not_recorded():
    assert {published.build(one).header.origin for one in published.PUBLISHED} == {"published"}
    assert {one.api_version for one in published.PUBLISHED} >= {"1.0.4", "1.0.7"}
