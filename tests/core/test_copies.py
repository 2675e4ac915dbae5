"""Objects that users hold can be pickled, copied and shown, and shows no person."""

import copy
import pickle
from decimal import Decimal

import pytest

import korus
from korus import errors
from korus._booking.lines import TicketChoice
from korus.forms import FormAnswers
from korus.iri import parse_iri
from korus.models import Offer, Reservation
from korus.types import (
    Answer,
    BeneficiaryRow,
    BookingLine,
    BulkOutcome,
    FailedEntry,
    LineCheck,
    LineOutcome,
    Pending,
    Recovered,
    Requirement,
)

PERSON = "Canary"
OFFER = "/v1/ticketing/catalogs/c/offers/o"
LINE = BookingLine(1, OFFER, 2, (TicketChoice("/t", "/s", {"name": PERSON}),))
HELD = Reservation.from_dict({"@id": "/v1/booking/reservations/r", "customer": {"firstname": PERSON}})
OFFERED = {"@id": OFFER, "tickets": []}


def booked():
    client = korus.Korus(client_id="a", client_secret="b", environment="production")
    booking = client.reservations.bulk()
    line = booking.add(OFFERED)
    outcomes = (LineOutcome(line, "failed", raw={"message": PERSON}),)
    return BulkOutcome(outcomes, rebook=booking._rebook, rebook_units=booking.rebook_units)


HELD_BY_USERS = [
    LINE,
    HELD,
    Offer.from_dict(OFFERED),
    LineOutcome(LINE, "succeeded", (HELD,)),
    BulkOutcome((LineOutcome(LINE, "succeeded", (HELD,)),)),
    booked(),
    LineCheck(LINE, {"availableQuantity": 2}, {"amountInclTax": "1.00"}, Decimal(1), "eur"),
    korus.Page(items=(HELD,), number=1, total=2, position=None, page_size=1, requested=None),
    Recovered("i", "hold", None, (LineOutcome(LINE, "failed", error=errors.KorusError("no")),)),
    korus.Timeouts(),
    korus.RetryPolicy(),
    Pending(("/d",), (), None, 1.0),
    FailedEntry.read({"offer": OFFER, "message": PERSON}),
    Requirement("/t", ("firstname",), None, True, "s", {"beneficiary": {"firstname": PERSON}}),
    BeneficiaryRow(1, "/t", {"firstname": PERSON}),
    Answer("get_order", 200, {"x-name": PERSON}, PERSON.encode()),
    FormAnswers({"@id": "/v1/forms/f", "fields": []}, {"name": PERSON}),
    parse_iri(OFFER),
]


@pytest.mark.parametrize("held", HELD_BY_USERS, ids=lambda held: type(held).__name__)
def test_what_users_hold_can_be_pickled_and_copied(held):
    ways = (lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy)  # noqa: S301 (just written)
    assert [type(way(held)) for way in ways] == [type(held)] * 3


@pytest.mark.parametrize("held", HELD_BY_USERS, ids=lambda held: type(held).__name__)
def test_what_users_hold_shows_no_person(held):
    assert PERSON not in repr(held)


def test_an_outcome_read_back_says_what_became_of_its_lines_but_books_nothing():
    outcome = booked()
    read = pickle.loads(pickle.dumps(outcome))  # noqa: S301 (just written)
    assert [(each.line.offer, each.status) for each in read.lines] == [(OFFER, "failed")]
    with pytest.raises(errors.InvalidArgument, match="start a new reservation"):
        read.retry_failed()
    assert len(copy.deepcopy(outcome).retry_failed()) == len(copy.copy(outcome).retry_failed()) == 1
