"""Objects that users hold can be pickled, copied and shown, and shows no person."""

import copy
import importlib
import inspect
import pickle
from decimal import Decimal

import anyio
import attrs
import pytest

import korus
from korus import errors
from korus._booking.lines import TicketChoice
from korus._core.secret import Secret
from korus._http.identity import Identity
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

PERSON, SECRET = "Canary", "canary-secret"
PUBLIC = ("", ".errors", ".forms", ".hooks", ".iri", ".mirror", ".types")
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
    Answer("get_order", 200, {"x-request-id": SECRET}, b"{}", (Secret(SECRET),), Identity("/v1", "/v1", "")),
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


# a client is built in each process, and a cache's address may have a password in it
NOT_PICKLED = {"Cache", "Config"}


def public_kinds():
    modules = [importlib.import_module(f"korus{name}") for name in PUBLIC]
    named = {getattr(module, name) for module in modules for name in module.__all__}
    return sorted((kind for kind in named if isinstance(kind, type)), key=lambda kind: kind.__name__)


def filled(kind):
    """Return an object whose fields hold texts, whatever their types."""
    made = object.__new__(kind)
    for field in attrs.fields(kind):
        object.__setattr__(made, field.name, f"{field.name} {PERSON}")
    return made


@pytest.mark.parametrize(
    "kind",
    [kind for kind in public_kinds() if attrs.has(kind) and kind.__name__ not in NOT_PICKLED],
    ids=lambda kind: kind.__name__,
)
def test_every_public_type_is_read_back_with_its_fields(kind):
    if "__reduce__" in vars(kind):
        assert kind in {type(held) for held in HELD_BY_USERS}
        return
    made = filled(kind)
    for way in (lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy):  # noqa: S301
        again = way(made)
        assert type(again) is kind
        assert [getattr(again, field.name) for field in attrs.fields(kind)] == [
            f"{field.name} {PERSON}" for field in attrs.fields(kind)
        ]


@pytest.mark.parametrize(
    "kind", [kind for kind in public_kinds() if issubclass(kind, Exception)], ids=lambda kind: kind.__name__
)
def test_every_error_is_read_back_with_its_text(kind):
    known = inspect.signature(kind.__init__).parameters
    given = {name: value for name, value in {"sent": True, "intent": {}}.items() if name in known}
    made = kind([]) if "problems" in dir(kind) else kind("what is wrong", **given)
    for way in (lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy):  # noqa: S301
        assert (type(way(made)), str(way(made))) == (kind, str(made))


def test_answer_read_back_has_no_secret_and_the_same_request_id():
    made = Answer("get_order", 200, {"x-request-id": f"r-{SECRET}"}, b'{"a": 1}', (Secret(SECRET),))
    written = pickle.dumps(made)
    assert SECRET.encode() not in written
    read = pickle.loads(written)  # noqa: S301 (just written)
    assert (read.request_id, read.json()) == (made.request_id, {"a": 1})


@pytest.mark.parametrize("kind", [korus.Korus, korus.AsyncKorus])
def test_what_holds_a_client_is_copied_with_it_and_never_pickled(kind):
    client = kind(client_id="a", client_secret=SECRET, environment="production")
    pages = client.catalogs.list()
    iterator = aiter(pages) if kind is korus.AsyncKorus else iter(pages)
    holding = (client.offers, client.reservations.bulk(), pages, iterator, client.transport)
    for held in holding:
        assert SECRET not in repr(held)
        assert type(copy.copy(held)) is type(copy.deepcopy([held])[0]) is type(held)
        with pytest.raises(
            TypeError, match=rf"Cannot pickle {type(held).__name__}: it holds a client. Build"
        ):
            pickle.dumps(held)
    for held in (client, client.config):
        with pytest.raises(TypeError, match="build"):
            pickle.dumps(held)


@pytest.mark.parametrize("kind", [korus.Korus, korus.AsyncKorus])
def test_mirror_and_its_consumer_are_never_pickled(kind, tmp_path):
    from korus.mirror import AsyncMirror, Mirror

    client = kind(client_id="a", client_secret=SECRET, environment="production")
    mirror = (Mirror if kind is korus.Korus else AsyncMirror)(tmp_path / "m.db", client)
    for held in (mirror, mirror.consumer("shop")):
        assert SECRET not in repr(held)
        assert copy.deepcopy([held])[0] is held
        with pytest.raises(TypeError, match="Cannot pickle"):
            pickle.dumps(held)
    mirror.close() if kind is korus.Korus else anyio.run(mirror.aclose)


@pytest.mark.parametrize("kind", [korus.Korus, korus.AsyncKorus])
@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy])
def test_lines_added_to_a_copy_of_a_booking_are_its_own(kind, way):
    booking = kind(client_id="a", client_secret="b", environment="production").reservations.bulk()
    booking.add(OFFERED)
    other = way(booking)
    other.add(OFFERED, 3)
    assert ([line.quantity for line in booking.lines], [line.quantity for line in other.lines]) == (
        [1],
        [1, 3],
    )
