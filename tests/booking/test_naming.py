"""Beneficiaries at the sandbox, sync and async."""

import pytest

from korus.errors import BeneficiaryInvalid, InvalidIri
from korus.models import Beneficiary

PATCH = "update_order_item_ticket"
PERSON = {
    "firstname": "Ada",
    "lastname": "Lovelace",
    "email": "ada@example.org",
    "phone": "+351210000000",
    "title": "mrs",
    "nationality": "PT",
    "dateOfBirth": "1990-12-10",
    "placeOfBirth": "Porto",
}


@pytest.fixture
def order(front):
    """An order of two tickets that want to know their beneficiaries."""
    for catalog in front.korus.catalogs.list():
        for base in front.korus.product_bases.list(catalog):
            if not base.beneficiary_info_may_be_required or base.disabled:
                continue
            for offer in list(front.korus.offers.list(catalog, product_base=base, sort="desc", page_size=50))[
                :5
            ]:
                if any(ticket.form for ticket in offer.tickets):
                    continue
                sessions = {
                    ticket: front.korus.offers.sessions(ticket)
                    for ticket in offer.tickets
                    if not ticket.date_access
                }
                chosen = {ticket: next(iter(listed)) for ticket, listed in sessions.items()}
                for iri in (offer.iri, *(session.iri for session in chosen.values())):
                    front.sandbox.set_stock(iri, 100)
                booking = front.korus.reservations.bulk()
                booking.add(offer, quantity=2, sessions=chosen)
                made = front.order(booking.submit()).succeeded[0]
                if len(front.korus.tickets.required(made)) == 2:
                    return made
    raise AssertionError("the sandbox sells nothing that asks for names")


def named(front):
    return [name for order in front.sandbox.inspect.orders for name in order["beneficiaries"]]


def test_it_says_what_each_ticket_needs_and_by_when(front, order):
    needs = front.korus.tickets.required(order)
    assert [need.ticket for need in needs] == [ticket.iri for ticket in order.items[0].tickets]
    assert {"firstname", "lastname"} <= set(needs[0].missing)
    assert needs[0].deadline is None or needs[0].deadline.tzinfo is not None


@pytest.mark.parametrize("given", ["object", "iri"])
def test_a_ticket_gets_its_beneficiary_and_needs_nothing_more(front, order, given):
    ticket = order.items[0].tickets[0]
    person = {
        key: PERSON[key] for key in ("firstname", "lastname", *front.korus.tickets.required(order)[0].missing)
    }
    done = front.korus.tickets.set_beneficiary(ticket if given == "object" else ticket.iri, person)
    assert done.beneficiary.firstname == "Ada"
    assert [need.ticket for need in front.korus.tickets.required(order.iri)] == [
        order.items[0].tickets[1].iri
    ]


def test_only_what_was_given_is_sent(front, order):
    ticket = order.items[0].tickets[0]
    front.korus.tickets.set_beneficiary(ticket, PERSON)
    missing = front.korus.tickets.get(ticket)
    front.korus.tickets.set_beneficiary(missing, Beneficiary(firstname="Ada", lastname="King", phone=None))
    assert named(front)[0] == {**PERSON, "lastname": "King", "phone": None}


def test_what_the_ticket_cannot_take_is_refused_before_it_is_sent(front, order):
    with pytest.raises(BeneficiaryInvalid) as caught:
        front.korus.tickets.set_beneficiary(order.items[0].tickets[0], {"firstname": "Ada", "title": "dr"})
    assert {"lastname", "title"} <= {problem.field for problem in caught.value.problems}
    assert front.requests(PATCH) == 0


def test_what_is_no_ticket_is_refused(front):
    with pytest.raises(InvalidIri):
        front.korus.tickets.set_beneficiary("/v1/booking/orders/o", PERSON)


def test_a_lost_answer_is_asked_for_again_since_the_same_twice_is_the_same(front, order):
    front.sandbox.faults.add("drop_after", operation=PATCH, count=1)
    front.korus.tickets.set_beneficiary(order.items[0].tickets[0], PERSON)
    assert named(front)[0] == PERSON
    assert front.requests(PATCH) == 2


def test_many_are_named_from_a_csv_file_with_an_outcome_for_each_row(front, order, tmp_path):
    first, second = order.items[0].tickets
    path = tmp_path / "people.csv"
    header = "ticket," + ",".join(PERSON)
    rows = [
        f"{second.voucher}," + ",".join(PERSON.values()),
        "," + ",".join({**PERSON, "nationality": "Portugal"}.values()),
        f"{second.iri}," + ",".join(PERSON.values()),
        "," + ",".join(PERSON.values()),
    ]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    done = front.korus.tickets.set_beneficiaries(order, path)
    assert [outcome.status for outcome in done.lines] == ["succeeded", "failed", "failed", "failed"]
    assert [outcome.line.number for outcome in done.failed] == [2, 3, 4]
    assert [problem.field for problem in done.by_line[2].error.problems] == ["nationality"]
    assert "an earlier row" in done.by_line[3].reason
    assert "no ticket without a beneficiary is left" in done.by_line[4].reason
    assert [need.ticket for need in front.korus.tickets.required(order)] == [first.iri]


def test_rows_that_name_no_ticket_take_those_that_need_something_in_order(front, order):
    people = [PERSON, {**PERSON, "firstname": "Bob"}]
    done = front.korus.tickets.set_beneficiaries(order, people)
    assert done.ok
    assert [person["firstname"] for person in named(front)] == ["Ada", "Bob"]
    assert front.korus.tickets.required(order) == ()
