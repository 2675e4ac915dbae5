"""Scenarios of booking: holding, ordering, naming who comes."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from booking import ADA, EVERYTHING, held, named_ticket, ordered, plain_offer

from korus import RetryPolicy
from korus.errors import (
    BeneficiaryInvalid,
    OrderFailed,
    OutcomeUnknown,
    ReservationFailed,
    ReservationUnusable,
    ValidationFailed,
)
from korus.models import Beneficiary


@pytest.fixture
def options():
    return {"retry": RetryPolicy(first_wait=0.01, settle=0.05)}


def test_an_offer_is_held_and_ordered(client, korus_cassette):
    """One hold, its order, and both read again."""
    outcome = held(client, quantity=2)
    (reservation,) = outcome.succeeded
    assert outcome.ok
    assert reservation.status == "reserved"
    assert reservation.order is None
    assert client.reservations.get(reservation).iri == reservation.iri
    placed = client.orders.create(
        outcome.succeeded, customer=ADA, external_reference="SHOP-1", notes="Near the door"
    )
    (order,) = placed.succeeded
    assert order.status == "confirmed"
    assert order.external_reference == korus_cassette.shown("reference", "SHOP-1")
    assert order.customer.lastname == korus_cassette.shown("family", "Lovelace")
    assert order.customer.email == korus_cassette.shown("email", "ada.lovelace@example.com")
    assert Decimal(order.total_amount_incl_tax) == Decimal(reservation.total_amount_incl_tax)
    again = client.orders.get(order)
    assert again.iri == order.iri
    assert sum(len(item.tickets) for item in again.items) == 2
    assert client.reservations.get(reservation).order == order.iri


def test_orders_are_found_by_reference_and_by_time(client, korus_cassette):
    """Two orders, found by their own numbers and by when they were made."""
    first, second = (ordered(client, reference) for reference in ("SHOP-21", "SHOP-22"))
    reference = korus_cassette.shown("reference", "SHOP-22")
    assert [one.iri for one in client.orders.list(external_reference="SHOP-22")] == [second.iri]
    assert second.external_reference == reference
    newest = [one.iri for one in client.orders.list(sort="desc", page_size=1).page(1)]
    assert newest == [second.iri]
    day = first.created_at.date()
    inside = client.orders.list(created_after=day, created_before=day + timedelta(days=1), sort="asc")
    assert [one.iri for one in inside] == [first.iri, second.iri]
    outside = client.orders.list(
        created_strictly_after=day + timedelta(days=1), created_strictly_before=day + timedelta(days=2)
    )
    assert list(outside) == []
    assert [one.order for one in client.reservations.list(sort="asc")] == [first.iri, second.iri]


def test_a_bulk_hold_that_fails_in_part_says_which_line_failed(client, korus_cassette):
    """Three lines, the second refused by its issuer."""
    korus_cassette.arrange(
        lambda sandbox: sandbox.faults.add(
            "fail_items", operation="bulk_create_reservations", items=(1,), count=1
        )
    )
    booking = client.reservations.bulk()
    lines = [booking.add(plain_offer(client, number), quantity=1) for number in range(3)]
    outcome = booking.submit()
    assert [one.status for one in outcome.lines] == ["succeeded", "failed", "succeeded"]
    assert outcome.by_line[lines[1]].error.line == 2
    assert not outcome.ok
    with pytest.raises(ExceptionGroup) as caught:
        outcome.raise_for_failed()
    assert [type(one) for one in caught.value.exceptions] == [ReservationFailed]


def test_what_is_sold_out_fails_and_the_rest_is_held(client, korus_cassette):
    """The last place goes to somebody else between two requests."""
    booking = client.reservations.bulk()
    taken, free = plain_offer(client, 0), plain_offer(client, 1)
    booking.add(taken, quantity=2)
    booking.add(free)
    korus_cassette.arrange(lambda sandbox: sandbox.set_stock(taken.iri, 1))
    outcome = booking.submit(check=False)
    assert [one.status for one in outcome.lines] == ["failed", "succeeded"]


def test_an_order_that_fails_in_part_says_which_reservation_failed(client, korus_cassette):
    """Two holds, one of which its issuer does not confirm."""
    booking = client.reservations.bulk()
    for number in range(2):
        booking.add(plain_offer(client, number))
    outcome = booking.submit()
    korus_cassette.arrange(
        lambda sandbox: sandbox.faults.add("fail_items", operation="bulk_create_orders", items=(0,), count=1)
    )
    placed = client.orders.create(outcome.succeeded, customer=ADA, external_reference="SHOP-3")
    assert [one.status for one in placed.lines] == ["failed", "succeeded"]
    assert isinstance(placed.failed[0].error, OrderFailed)


def test_a_hold_that_has_ended_cannot_be_ordered(client, korus_cassette):
    """The time ran out before the order."""
    outcome = held(client)
    (reservation,) = outcome.succeeded
    korus_cassette.arrange(lambda sandbox: sandbox.expire_reservation(reservation.iri))
    assert client.reservations.get(reservation).expired is True
    with pytest.raises(ReservationUnusable, match=r"ended|expired|run out"):
        client.orders.create(outcome.succeeded, customer=ADA, external_reference="SHOP-4")


def test_an_order_is_found_again_after_a_time_out(client, korus_cassette):
    """The gateway gives up waiting, though the order was made; it is found by its reference and not made twice."""
    outcome = held(client)
    korus_cassette.arrange(
        lambda sandbox: sandbox.faults.add(
            "status", operation="bulk_create_orders", status=504, done=True, count=1
        )
    )
    reference = korus_cassette.stand_in("reference", "SHOP-5")
    placed = client.orders.create(outcome.succeeded, customer=ADA, external_reference=reference)
    (order,) = placed.succeeded
    assert order.external_reference == reference
    assert [one.iri for one in client.orders.list(external_reference=reference)] == [order.iri]


def test_a_hold_is_found_again_after_a_time_out(client, korus_cassette):
    """The gateway gives up waiting, though the offer is held; without a shared journal the hold is a candidate."""
    booking = client.reservations.bulk()
    booking.add(plain_offer(client))
    korus_cassette.arrange(
        lambda sandbox: sandbox.faults.add(
            "status", operation="bulk_create_reservations", status=504, done=True, count=1
        )
    )
    with pytest.raises(OutcomeUnknown) as caught:
        booking.submit()
    (candidate,) = caught.value.candidates
    assert [one.iri for one in client.reservations.list()] == [candidate.iri]


def test_a_refused_booking_says_what_is_wrong_with_which_line(client, korus_cassette):
    """The API refuses the whole request and nothing is held."""
    korus_cassette.arrange(
        lambda sandbox: sandbox.faults.add(
            "status",
            operation="bulk_create_reservations",
            status=422,
            count=1,
            body={
                "@context": "/contexts/ConstraintViolation",
                "@id": "/validation_errors/9ff3fdc4-b214-49db-8718-39c315e33d45",
                "@type": "ConstraintViolation",
                "status": 422,
                "violations": [
                    {
                        "propertyPath": "items[0].quantity",
                        "message": "This value should be 9 or less.",
                        "code": "30fbb013-d015-4232-8b3b-8f3be97a7e14",
                    }
                ],
                "detail": "items[0].quantity: This value should be 9 or less.",
                "description": "items[0].quantity: This value should be 9 or less.",
                "type": "/validation_errors/9ff3fdc4-b214-49db-8718-39c315e33d45",
                "title": "An error occurred",
            },
        )
    )
    booking = client.reservations.bulk()
    booking.add(plain_offer(client), quantity=10)
    with pytest.raises(ValidationFailed) as caught:
        booking.submit(check=False)
    (violation,) = caught.value.violations
    assert (violation.line, violation.path) == (1, "items[0].quantity")


def test_the_holder_of_a_ticket_is_named(client, korus_cassette):
    """A ticket that waits for its holder's name gets it and becomes valid."""
    booking = client.reservations.bulk()
    booking.add(named_ticket(client))
    placed = client.orders.create(booking.submit().succeeded, customer=ADA, external_reference="SHOP-6")
    ticket = client.tickets.get(placed.succeeded[0].items[0].tickets[0])
    assert ticket.status == "waiting_beneficiary_data"
    (need,) = client.tickets.required(placed.succeeded[0])
    assert set(need.missing) >= {"firstname", "lastname"}
    with pytest.raises(BeneficiaryInvalid):
        client.tickets.set_beneficiary(ticket, Beneficiary(firstname=" ", lastname="Lovelace"))
    done = client.tickets.set_beneficiary(ticket, EVERYTHING)
    assert done.status == "validated"
    assert done.beneficiary.firstname == korus_cassette.shown("given", "Ada")
    assert client.tickets.get(ticket).beneficiary.lastname == korus_cassette.shown("family", "Lovelace")


def test_a_booking_written_down_is_the_same_booking(client):
    """A cart goes through JSON before it is submitted."""
    booking = client.reservations.bulk()
    booking.add(plain_offer(client), quantity=3)
    written = json.loads(json.dumps(booking.to_dict()))
    again = client.reservations.bulk()
    again.load(written)
    assert again.submit().ok
