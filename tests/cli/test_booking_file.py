"""What a booking file may hold: every problem at once, each with its line, and nothing guessed."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus.cli.booking_file import BookingFile, FileInvalid, Item, OfferGiven, OfferNamed, Text, parse

GOOD = """\
external_reference: FAMILY-7
customer:
  firstname: Ada
  lastname: Lovelace
  email: ada@example.com
  optin: false
notes: Wheelchair place please
items:
  - offer: /v1/ticketing/catalogs/c/offers/o
    quantity: 2
  - catalog: City Museum
    product: Day ticket
    date: 2027-05-15
    quantity: 1
    sessions: {Guided tour: "14:30"}
    answers:
      Guided tour:
        allergies: nuts
        height: 1.10
        languages: [fr, en]
    beneficiaries:
      - {firstname: Ada, lastname: Lovelace, date_of_birth: 1985-12-10}
language: en
"""


def problems(text: str, *, as_json: bool = False) -> list[str]:
    with pytest.raises(FileInvalid) as caught:
        parse(text, json=as_json)
    return [str(problem) for problem in caught.value.problems]


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_a_good_file_says_completely_what_to_book() -> None:
    assert parse(GOOD, json=False) == BookingFile(
        external_reference="FAMILY-7",
        customer={"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.com", "optin": False},
        notes="Wheelchair place please",
        language="en",
        items=(
            Item(
                line=9,
                where="items[0]",
                offer=OfferGiven(Text("/v1/ticketing/catalogs/c/offers/o", 9, "items[0].offer"), None),
                quantity=2,
            ),
            Item(
                line=11,
                where="items[1]",
                offer=OfferNamed(
                    Text("City Museum", 11, "items[1].catalog"),
                    Text("Day ticket", 12, "items[1].product"),
                    date(2027, 5, 15),
                ),
                quantity=1,
                sessions={"Guided tour": Text("14:30", 15, "items[1].sessions.Guided tour")},
                answers={
                    "Guided tour": {"allergies": "nuts", "height": Decimal("1.10"), "languages": ["fr", "en"]}
                },
                beneficiaries=({"firstname": "Ada", "lastname": "Lovelace", "date_of_birth": "1985-12-10"},),
            ),
        ),
    )


def test_json_says_the_same_as_yaml() -> None:
    document = {
        "external_reference": "FAMILY-7",
        "customer": {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.com"},
        "items": [{"catalog": "City Museum", "product": "Day ticket", "date": "2027-05-15", "quantity": 1}],
    }
    found = parse(json.dumps(document, indent=1), json=True)
    assert found.items[0].offer == OfferNamed(
        Text("City Museum", 10, "items[0].catalog"),
        Text("Day ticket", 11, "items[0].product"),
        date(2027, 5, 15),
    )


def test_a_reference_given_beside_the_file_takes_the_place_of_its_own() -> None:
    assert parse(GOOD, json=False, external_reference="OTHER").external_reference == "OTHER"
    without = changed("external_reference: FAMILY-7\n", "")
    assert parse(without, json=False, external_reference="OTHER").external_reference == "OTHER"
    with pytest.raises(FileInvalid, match="1 to 50 characters"):
        parse(GOOD, json=False, external_reference="x" * 51)


def test_all_problems_of_a_file_are_reported_in_line_order() -> None:
    text = """\
customer: {firstname: Ada, lastnam: Lovelace, email: nowhere, country: france}
items:
  - offer: o
    product: Day ticket
    quantity: two
  - catalog: City Museum
    date: 2027-02-30
    quantity: 0
    beneficiaries:
      - {firstname: Ada}
      - Bob
  - just text
note: x
"""
    assert problems(text) == [
        "line 1: customer.lastnam: unknown key; did you mean lastname?",
        "line 1: customer.email: must be an e-mail address, not 'nowhere'",
        "line 1: customer.country: must be two capital letters (FR), not 'france'",
        "line 1: customer: lastname is missing",
        "line 1: external_reference is missing",
        "line 4: items[0].product: say either offer, or catalog, product and date, not offer and product",
        "line 5: items[0].quantity: must be a whole number of at least 1, not 'two'",
        "line 6: items[1]: product is missing; an item says its offer, or catalog, product and date",
        "line 7: items[1].date: 2027-02-30 is not a date: write it as 2027-05-15, a date and time as 2027-05-15 14:30:00",
        "line 8: items[1].quantity: must be a whole number of at least 1, not 0",
        "line 10: items[1].beneficiaries[0]: lastname is missing",
        (
            "line 11: items[1].beneficiaries[1]: must be a mapping with the keys firstname, lastname, title, nationality, "
            "date_of_birth, place_of_birth, email, phone, not 'Bob'"
        ),
        (
            "line 12: items[2]: must be a mapping with the keys offer, catalog, product, date, quantity, sessions, answers, "
            "beneficiaries, not 'just text'"
        ),
        "line 13: note: unknown key; did you mean notes?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("optin: false", "optin: no", "line 6: customer.optin: must be true or false, not 'no'"),
        ("optin: false", "title: dr", "line 6: customer.title: must be mr, mrs or mx, not 'dr'"),
        (
            "optin: false",
            "language: FR",
            "line 6: customer.language: must be two small letters (fr), not 'FR'",
        ),
        (
            "optin: false",
            "phone: +33639980456",
            "line 6: customer.phone: must be a text, not 33639980456; put it in quotes",
        ),
        (
            "FAMILY-7",
            "20270515",
            "line 1: external_reference: must be a text, not 20270515; put it in quotes",
        ),
        ("FAMILY-7", "' '", "line 1: external_reference: must not be empty"),
        ("Ada\n", "''\n", "line 3: customer.firstname: must not be empty"),
        (
            "quantity: 2",
            "quantity: true",
            "line 10: items[0].quantity: must be a whole number of at least 1, not true",
        ),
        (
            "quantity: 2",
            "quantity: 2.0",
            "line 10: items[0].quantity: must be a whole number of at least 1, not 2.0",
        ),
        ("    quantity: 2\n", "", "line 9: items[0]: quantity is missing"),
        (
            "date: 2027-05-15",
            "date: 15.05.2027",
            "line 13: items[1].date: must be a date that exists, written as 2027-05-15, not '15.05.2027'",
        ),
        (
            '{Guided tour: "14:30"}',
            "14:30",
            "line 15: items[1].sessions: must be a mapping of ticket to session, not '14:30'",
        ),
        (
            "languages: [fr, en]",
            "languages: {a: b}",
            "line 20: items[1].answers.Guided tour.languages: an answer is one value or a list of values, not a mapping",
        ),
        (
            "languages: [fr, en]",
            "languages: [[fr]]",
            "line 20: items[1].answers.Guided tour.languages[0]: must be one value, not a list",
        ),
        (
            "languages: [fr, en]",
            "languages:",
            "line 20: items[1].answers.Guided tour.languages: an answer must not be empty; leave the key out instead",
        ),
        (
            "date_of_birth: 1985-12-10",
            "date_of_birth: 10/12/1985",
            (
                "line 22: items[1].beneficiaries[0].date_of_birth: must be a date that exists, written as 2027-05-15, "
                "not '10/12/1985'"
            ),
        ),
    ],
)
def test_a_value_that_will_not_do_is_refused_with_its_line_and_reason(
    old: str, new: str, expected: str
) -> None:
    assert problems(changed(old, new)) == [expected]


def test_an_empty_list_of_items_is_nothing_to_book() -> None:
    text = GOOD[: GOOD.index("items:")] + "items: []\n"
    assert problems(text) == ["line 8: items: there is nothing to book"]


def test_a_file_that_is_no_mapping_is_refused() -> None:
    assert problems("- offer: x") == [
        "line 1: must be a mapping with the keys external_reference, customer, items, notes, language, not a list"
    ]


def test_a_key_said_twice_is_refused_and_the_rest_is_still_judged() -> None:
    text = changed("notes: Wheelchair place please", "external_reference: OTHER\nnotes: []")
    assert problems(text) == [
        "line 7: external_reference: said twice, first on line 1",
        "line 8: notes: must be a text, not a list",
    ]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["items", "customer", "offer", "quantity", "answers", "x"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(JSON_VALUES)
def test_any_file_is_parsed_or_refused_with_lines(value: object) -> None:
    text = json.dumps(
        {"customer": value, "items": [value, {"offer": "o", "answers": value, "quantity": value}]}, indent=1
    )
    found = problems(text, as_json=True)
    assert "line 1: external_reference is missing" in found
    assert all(1 <= int(line.split()[1].rstrip(":")) <= text.count("\n") + 1 for line in found)
