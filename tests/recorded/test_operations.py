"""Scenarios that go through all operations: each is refused in the ways it documents, each list is read by pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from booking import ADA, EVERYTHING, a_timed_ticket, held, named_ticket, ordered, plain_offer

from korus import RetryPolicy
from korus.errors import BadRequest, NotFound, PermissionDenied, StatusError, ValidationFailed

NOWHERE = "019c23d2-0000-7abc-8def-000000000000"
ERRORS = {400: BadRequest, 403: PermissionDenied, 404: NotFound, 422: ValidationFailed}


@pytest.fixture
def options():
    return {"retry": RetryPolicy(first_wait=0.01)}


def refusal(status):
    """An answer with every field that a refusal may have."""
    if status != 422:
        return {
            "@context": "/contexts/Error",
            "@id": f"/errors/{status}",
            "@type": "Error",
            "title": "An error occurred",
            "detail": "Not like this.",
            "description": "Not like this.",
            "status": status,
            "type": f"/errors/{status}",
            "instance": "/v1/refused",
        }
    return {
        "@context": "/contexts/ConstraintViolation",
        "@id": "/validation_errors/9ff3fdc4-b214-49db-8718-39c315e33d45",
        "@type": "ConstraintViolation",
        "status": 422,
        "violations": [
            {
                "propertyPath": "somewhere",
                "message": "This value is not valid.",
                "code": "30fbb013-d015-4232-8b3b-8f3be97a7e14",
                "hint": "Choose another one.",
                "payload": {"severity": "error"},
            }
        ],
        "detail": "somewhere: This value is not valid.",
        "description": "somewhere: This value is not valid.",
        "type": "/validation_errors/9ff3fdc4-b214-49db-8718-39c315e33d45",
        "title": "An error occurred",
        "instance": "/v1/refused",
    }


def refused(client, scenario, status, asks):
    """Ask everything once, each answered with the status; what korus raised, by operation."""
    for operation in asks:
        scenario.arrange(
            lambda sandbox, operation=operation: sandbox.faults.add(
                "status", operation=operation, status=status, count=1, body=refusal(status)
            )
        )
    raised = {}
    for operation, ask in asks.items():
        with pytest.raises(StatusError) as caught:
            ask(client)
        raised[operation] = caught.value
    assert {operation: type(error) for operation, error in raised.items()} == dict.fromkeys(
        asks, ERRORS[status]
    )
    assert {operation: error.operation for operation, error in raised.items()} == {one: one for one in asks}
    return raised


def test_every_read_of_what_is_sold_may_be_forbidden(client, korus_cassette):
    """403 from each operation below a catalogue."""
    catalog, offer, ticket = a_timed_ticket(client)
    base = client.product_bases.list(catalog).first()
    refused(
        client,
        korus_cassette,
        403,
        {
            "list_catalogs": lambda client: client.catalogs.list().first(),
            "list_offers": lambda client: client.offers.list(catalog).first(),
            "get_offer_availability": lambda client: client.offers.availability(offer),
            "get_offer_price": lambda client: client.offers.price(offer),
            "get_offer_ticket": lambda client: client.offers.ticket(ticket),
            "list_offer_ticket_sessions": lambda client: client.offers.sessions(ticket).first(),
            "list_product_bases": lambda client: client.product_bases.list(catalog).first(),
            "list_products": lambda client: client.products.list(base).first(),
            "list_product_base_options": lambda client: client.product_bases.options(base).first(),
            "list_product_base_option_values": lambda client: client.product_bases.option_values(
                base, "zone"
            ).first(),
            "get_seat_map": lambda client: client.product_bases.seat_map(base, NOWHERE),
        },
    )


def test_every_read_of_what_was_booked_may_be_forbidden(client, korus_cassette):
    """403 from each operation on holds, orders, tickets and documents."""
    korus_cassette.arrange(lambda sandbox: setattr(sandbox.box_office, "_document_delay", timedelta(0)))
    (reservation,) = held(client).succeeded
    order = ordered(client, "SHOP-31")
    (document, *_) = client.documents.list(order)
    ticket = order.items[0].tickets[0]
    refused(
        client,
        korus_cassette,
        403,
        {
            "list_reservations": lambda client: client.reservations.list().first(),
            "get_reservation": lambda client: client.reservations.get(reservation),
            "list_orders": lambda client: client.orders.list().first(),
            "get_order": lambda client: client.orders.get(order),
            "list_order_documents": lambda client: list(client.documents.list(order)),
            "get_order_document": lambda client: client.documents.get(document),
            "get_order_item_ticket": lambda client: client.tickets.get(ticket),
            "get_form": lambda client: client.forms.get(NOWHERE),
        },
    )


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_every_change_of_an_order_may_be_refused(client, korus_cassette, status):
    """A ticket cannot be given a name, and a document has no address."""
    booking = client.reservations.bulk()
    booking.add(named_ticket(client))
    (order,) = client.orders.create(
        booking.submit().succeeded, customer=ADA, external_reference="SHOP-32"
    ).succeeded
    ticket = client.tickets.get(order.items[0].tickets[0])
    raised = refused(
        client,
        korus_cassette,
        status,
        {
            "update_order_item_ticket": lambda client: client.tickets.set_beneficiary(ticket, EVERYTHING),
            "update_order_document": lambda client: client.documents.url(
                f"{order.iri}/documents/{NOWHERE}", language="fr"
            ),
        },
    )
    for error in raised.values():
        assert error.problem.detail
    if status == 422:
        for error in raised.values():
            assert [one.path for one in error.violations] == ["somewhere"]


@pytest.mark.parametrize("status", [400, 403])
def test_every_booking_may_be_refused_as_a_whole(client, korus_cassette, status):
    """Nothing is held, and what is held is not ordered."""
    reservations = held(client).succeeded
    booking = client.reservations.bulk()
    booking.add(plain_offer(client, 1))
    refused(
        client,
        korus_cassette,
        status,
        {
            "bulk_create_reservations": lambda _: booking.submit(check=False),
            "bulk_create_orders": lambda client: client.orders.create(
                reservations, customer=ADA, external_reference="SHOP-33"
            ),
        },
    )
    assert client.reservations.get(reservations[0]).order is None


def test_what_belongs_to_nothing_is_not_found(client):
    """404 for a ticket of an offer, a ticket of an order, a document and a seat map."""
    catalog, offer, _ = a_timed_ticket(client)
    base = client.product_bases.list(catalog).first()
    order = ordered(client, "SHOP-34")
    for ask in (
        lambda: client.offers.ticket(f"{offer.iri}/tickets/{NOWHERE}"),
        lambda: client.tickets.get(f"{order.iri}/items/{NOWHERE}/tickets/{NOWHERE}"),
        lambda: client.documents.get(f"{order.iri}/documents/{NOWHERE}"),
        lambda: client.product_bases.seat_map(base, NOWHERE),
    ):
        with pytest.raises(NotFound) as caught:
            ask()
        assert caught.value.status == 404


def test_every_list_is_read_page_by_page(client):
    """One item a page: the second page of each list goes on where the first ended."""
    catalog, _, ticket = a_timed_ticket(client)
    bases = list(client.product_bases.list(catalog, page_size=50))
    base, option = next(
        (base, option)
        for base in bases
        for option in client.product_bases.options(base)
        if client.product_bases.options(base).total() > 1
        and client.product_bases.option_values(base, option.code).total() > 1
    )
    for reference in ("SHOP-35", "SHOP-36"):
        ordered(client, reference)
    for listed in (
        client.catalogs.list(sort="asc", page_size=1),
        client.product_bases.list(catalog, page_size=1),
        client.products.list(base, page_size=1),
        client.product_bases.options(base, page_size=1),
        client.product_bases.option_values(base, option.code, page_size=1),
        client.offers.sessions(ticket, page_size=1),
        client.orders.list(page_size=1),
    ):
        pages = []
        for page in listed.pages():
            pages.append([one.iri for one in page])
            if len(pages) == 2:
                break
        assert all(len(page) == 1 for page in pages)
        assert len(pages) == min(listed.total(), 2)
        assert len({iri for page in pages for iri in page}) == len(pages)


def test_buyers_and_beneficiaries_have_a_salutation(client, korus_cassette):
    """All titles of a customer and of a ticket's holder, and none; the order shows the holder."""
    for title, reference in (("mr", "SHOP-37"), ("mx", "SHOP-38")):
        booking = client.reservations.bulk()
        booking.add(named_ticket(client))
        (order,) = client.orders.create(
            booking.submit().succeeded,
            customer={**ADA.to_dict(), "title": title},
            external_reference=reference,
        ).succeeded
        assert order.customer.title == title
        ticket = client.tickets.get(order.items[0].tickets[0])
        whole = {
            "firstname": "Ada",
            "lastname": "Lovelace",
            "email": "ada@example.com",
            "phone": "+33639980456",
            "title": title,
            "dateOfBirth": "1984-05-06",
            "placeOfBirth": "London",
            "nationality": "GB",
        }
        assert client.tickets.set_beneficiary(ticket, whole).beneficiary.title == title
        (shown,) = (one for item in client.orders.get(order).items for one in item.tickets)
        assert shown.beneficiary.title == title
        assert shown.beneficiary.lastname == korus_cassette.shown("family", "Lovelace")
