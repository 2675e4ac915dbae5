"""Scenarios of forms: every type of field is asked, answered and sent as the API wants it."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from korus._core.field_types import FIELD_TYPES

ANSWERS = {
    **{name: row.example for name, row in FIELD_TYPES.items()},
    "text": "Sleeps near the window",
    "date": date(1990, 4, 18),
    "datetime": datetime(2027, 4, 18, 18, 45),  # noqa: DTZ001 - forms have no zone (reference 6)
}


def an_offer_with_a_form(client, *, required):
    """An offer whose ticket has a form with the wanted number of required fields, the ticket and the form."""
    seen = {}
    for catalog in client.catalogs.list():
        for offer in client.offers.list(catalog, sort="asc", page_size=20).page(1):
            for ticket in offer.tickets:
                if not ticket.form or (offer.available_quantity or 99) < 3:
                    continue
                form = seen.setdefault(ticket.form, None) or client.forms.get(ticket.form)
                seen[ticket.form] = form
                if sum(bool(field.required) for field in form.fields) >= required:
                    return offer, ticket, form
    return pytest.fail("no offer has such a form")


def answer(field):
    kind = FIELD_TYPES[str(field.type_)]
    if kind.is_multiple:
        return [choice.code for choice in field.choices[:2]]
    return field.choices[0].code if kind.has_choices else ANSWERS[kind.name]


@pytest.mark.parametrize("required", [0, 9])
def test_a_form_with_all_nine_types_of_fields_is_answered(client, required):
    """The form is read, answered with Python values, and the offer is held with the answers."""
    offer, ticket, form = an_offer_with_a_form(client, required=required)
    assert {str(field.type_) for field in form.fields} == set(FIELD_TYPES)
    booking = client.reservations.bulk()
    sessions = {} if ticket.date_access else {ticket: client.offers.sessions(ticket).first()}
    booking.add(
        offer, sessions=sessions, answers={ticket: {field.code: answer(field) for field in form.fields}}
    )
    outcome = booking.submit()
    assert outcome.ok
