"""A wrong file is refused before anything is sent that books, with every problem at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ended

    from korus.sandbox import Sandbox

HEAD = """\
external_reference: SHOP-1
language: en
customer: {firstname: Ada, lastname: Lovelace, email: ada@example.com}
items:
"""
EVENING = "  - {catalog: Lantern Park, product: Evening admission with boat, date: 2027-05-15, quantity: 1"


def write(folder: Path, *items: str) -> Path:
    file = folder / "wish.yaml"
    file.write_text(HEAD + "".join(f"{item}\n" for item in items))
    return file


def test_what_is_no_booking_is_refused_before_anything_is_sent(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = write(tmp_path, "  - {offer: x, quantity: 0}", "  - {product: y, quantity: 1}")
    ended = korus_command("book", file)
    assert ended.status == 2
    assert ended.err.splitlines() == [
        f"{file}:5: items[0].quantity: must be a whole number of at least 1, not 0",
        f"{file}:6: items[1]: catalog is missing; an item says its offer, or catalog, product and date",
        "2 problems; nothing was booked",
    ]
    assert at_the_sandbox.inspect.requests.total() == 0


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            "  - {catalog: Lantern Prk, product: x, quantity: 1}",
            "items[0].catalog: 'Lantern Prk' is no catalogue granted to you; did you mean Lantern Park?",
        ),
        (
            "  - {catalog: Harbour Aquarium, product: x, quantity: 1}",
            (
                "items[0].catalog: 'Harbour Aquarium' is no catalogue granted to you; "
                "there are Lantern Park, Vega Stadium, Museum of Quiet Things"
            ),
        ),
        (
            "  - {catalog: lantern  PARK, product: Gift tickt, quantity: 1}",
            "items[0].product: 'Gift tickt' is no product of Lantern Park; did you mean Gift ticket?",
        ),
        (
            "  - {catalog: Vega Stadium, product: 'Cup night, south stand, silver', date: 2027-05-15, quantity: 1}",
            (
                "items[0].date: Cup night, south stand, silver has no offer 2027-05-15; "
                "it is on sale on 2027-05-12, 2027-05-19, 2027-05-26"
            ),
        ),
        (
            "  - {catalog: Lantern Park, product: Evening admission with boat, date: 0001-01-01, quantity: 1}",
            "items[0].date: Evening admission with boat has no offer 0001-01-01",
        ),
        (
            "  - {catalog: Lantern Park, product: Evening admission with boat, date: 9999-12-31, quantity: 1}",
            "items[0].date: Evening admission with boat has no offer 9999-12-31",
        ),
        (
            EVENING + ", sessions: {Boat among the lanterns: '19:15', boat AMONG the lanterns: '20:00'}}",
            "items[0].sessions.boat AMONG the lanterns: the ticket 'Boat among the lanterns' is named twice",
        ),
        (
            "  - {catalog: Lantern Park, product: Gift ticket, date: 2027-05-15, quantity: 1}",
            "items[0].date: Gift ticket has no offer 2027-05-15",
        ),
        (
            EVENING + "}",
            (
                "items[0].sessions: the ticket 'Boat among the lanterns' needs a session; "
                "there are 18:30, 19:15, 20:00, 20:45"
            ),
        ),
        (
            EVENING + ", sessions: {Boat among the lanterns: '19:16'}}",
            (
                "items[0].sessions.Boat among the lanterns: '19:16' is no session of Boat among the lanterns; "
                "there are 18:30, 19:15, 20:00, 20:45"
            ),
        ),
        (
            EVENING + ", sessions: {Boat: '19:15'}}",
            "items[0].sessions.Boat: 'Boat' is no ticket of this offer; there are Admission, Boat among the lanterns",
        ),
        (
            EVENING + ", answers: {Ship: {a: 1}}, sessions: {Boat among the lanterns: '19:15'}}",
            "items[0].answers.Ship: 'Ship' is no ticket of this offer; there are Admission, Boat among the lanterns",
        ),
        (
            (
                "  - {catalog: Lantern Park, product: Gift ticket, quantity: 1, "
                "beneficiaries: [{firstname: A, lastname: B}, {firstname: C, lastname: D}]}"
            ),
            "items[0].beneficiaries: 2 people for 1 ticket",
        ),
        (
            "  - {offer: 0192a000-0000-7000-8000-000000000000, catalog: Museum of Quiet Things, quantity: 1}",
            "items[0].offer: there is no such offer in Museum of Quiet Things",
        ),
        (
            "  - {offer: /v1/ticketing/catalogs/x/offers/y, quantity: 1}",
            "items[0].offer: this offer is in no catalogue that is granted to you",
        ),
        (
            "  - {offer: /v1/ticketing/catalogs/../offers/y, quantity: 1}",
            "items[0].offer: not the IRI of an offer: '/v1/ticketing/catalogs/../offers/y'",
        ),
        (
            "  - {offer: 'https://elsewhere.example/v1/ticketing/catalogs/x/offers/y', quantity: 1}",
            (
                "items[0].offer: this IRI is not on the API's own host: "
                "'https://elsewhere.example/v1/ticketing/catalogs/x/offers/y'"
            ),
        ),
    ],
)
def test_what_the_catalogue_does_not_have_is_refused_with_what_it_has(
    item: str, expected: str, at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = write(tmp_path, item)
    ended = korus_command("book", file)
    assert ended.err.splitlines() == [f"{file}:5: {expected}", "1 problem; nothing was booked"]
    assert ended.status == 2
    assert at_the_sandbox.inspect.reservations == []


def test_the_problems_of_all_lines_come_together(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = write(
        tmp_path,
        "  - {catalog: nowhere, product: x, quantity: 1}",
        "  - {catalog: Lantern Park, product: Gift ticket, quantity: 1}",
        "  - {catalog: Lantern Park, product: nothing like it, quantity: 1}",
    )
    ended = korus_command("book", file)
    assert [line.split(": ")[:2] for line in ended.err.splitlines()[:2]] == [
        [f"{file}:5", "items[0].catalog"],
        [f"{file}:7", "items[2].product"],
    ]
    assert ended.status == 2
    assert at_the_sandbox.inspect.reservations == []


NIGHT = """\
  - catalog: Museum of Quiet Things
    product: A night at the museum
    date: 2027-05-14
    quantity: 1
    sessions: {Night among the exhibits: "20:00"}
    answers: {Night among the exhibits: {%s}}"""
ANSWERS = {
    "contact": "Charles",
    "swims": "true",
    "height": "128",
    "shoe_size": "31.5",
    "born_on": "2018-12-10",
    "wake_at": '"07:15"',
    "pick_up": "2027-05-15 09:30:00",
    "meal": "vegan",
    "interests": "[clocks]",
}


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        ("contact", "12"),
        ("swims", '"yes"'),
        ("height", '"tall"'),
        ("shoe_size", "[31.5]"),
        ("born_on", "yesterday"),
        ("wake_at", '"25:00"'),
        ("pick_up", "2027-05-15"),
        ("meal", "steak"),
        ("interests", "[clocks, clocks]"),
        ("interests", None),
        ("weight", "12"),
    ],
)
def test_an_answer_that_does_not_fit_its_field_is_refused_at_its_line(
    field: str,
    answer: str | None,
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    tmp_path: Path,
) -> None:
    answers = {name: value for name, value in (ANSWERS | {field: answer}).items() if value is not None}
    file = write(tmp_path, NIGHT % ", ".join(f"{name}: {value}" for name, value in answers.items()))
    ended = korus_command("book", file)
    assert ended.status == 2
    (problem, count) = ended.err.splitlines()
    assert problem.startswith(f"{file}:5: items[0].Night among the exhibits")
    assert field in problem
    assert count == "1 problem; nothing was booked"
    assert at_the_sandbox.inspect.reservations == []
