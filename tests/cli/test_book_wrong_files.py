"""A wrong file is refused before anything is sent that books, with every problem at once."""

from __future__ import annotations

import json
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
    answers:
      Night among the exhibits:
"""
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
    file = write(tmp_path, NIGHT + "\n".join(f"        {name}: {value}" for name, value in answers.items()))
    ended = korus_command("book", file)
    assert ended.status == 2
    (problem, count) = ended.err.splitlines()
    line = 12 + list(answers).index(field) if field in answers else 12
    assert problem.startswith(f"{file}:{line}: items[0].answers.Night among the exhibits.{field}: ")
    assert count == "1 problem; nothing was booked"
    assert at_the_sandbox.inspect.reservations == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a: 1\nb: Adé\n".encode("latin-1"), "2: not UTF-8 (the byte 0xe9): save the file in that"),
        ("a: 1\n".encode("utf-16"), "1: not UTF-8 (the byte 0xff): save the file in that encoding"),
        (b"# " + b"x" * (1 << 20), "1: more than 1 MiB: this cannot be a booking file"),
        (b'"\\e[2J": 1\n', r"1: \x1b[2J: unknown key; known are external_reference,"),
        (b"external_reference: " + b"x" * 9999, "1: external_reference: must be 1 to 50 characters"),
    ],
)
def test_what_no_booking_file_can_be_is_refused_at_its_line(
    content: bytes,
    expected: str,
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    tmp_path: Path,
) -> None:
    file = tmp_path / "wish.yaml"
    file.write_bytes(content)
    ended = korus_command("book", file)
    assert ended.err.startswith(f"{file}:{expected}")
    assert max(map(len, ended.err.splitlines())) < 500
    assert (ended.status, at_the_sandbox.inspect.requests.total()) == (2, 0)


def test_problem_has_its_line_number(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    spread = """\
  - catalog: Lantern Park
    product: Evening admission with boat
    quantity: 1
    date: %s
    sessions:
      Boat among the lanterns: "19:15"
    answers:
      Nobody: {a: 1}
    beneficiaries:
      - {firstname: A, lastname: B}"""
    file = write(tmp_path, spread % "2031-01-01", spread % "2027-05-15")
    ended = korus_command("book", file)
    assert [line.split(": ")[:2] for line in ended.err.splitlines()[:2]] == [
        [f"{file}:8", "items[0].date"],
        [f"{file}:22", "items[1].answers.Nobody"],
    ]
    assert ended.status == 2


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("SHOP\u200d1", "must contain only printable characters, got U+200D at position 5"),
        ("SHOP\xa01", "must contain only printable characters, got U+00A0 at position 5"),
        ("SHOP\xad1", "must contain only printable characters, got U+00AD at position 5"),
        ("SHOP-1 ", "must not begin or end with whitespace"),
        ("CAFE\u0301", "must be in Unicode form NFC; convert it with unicodedata.normalize('NFC', …)"),
        ("x" * 51, "must be 1 to 50 characters long, got 51"),
    ],
)
@pytest.mark.parametrize("option", [False, True])
def test_an_odd_reference_is_refused_before_anything_is_sent(  # noqa: PLR0917
    found: str,
    expected: str,
    option: bool,
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    tmp_path: Path,
) -> None:
    file = tmp_path / "wish.yaml"
    text = HEAD if option else HEAD.replace("SHOP-1", json.dumps(found))
    file.write_text(text + "  - {offer: x, quantity: 1}\n", encoding="utf-8")
    ended = korus_command("book", file, *(["--reference", found] if option else []))
    assert ended.err.splitlines()[0] == f"{file}:1: external_reference: {expected}"
    assert (ended.status, at_the_sandbox.inspect.requests.total()) == (2, 0)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("date_of_birth", "2099-01-01", "must not be in the future"),
        ("date_of_birth", "0019-05-12", "must not be more than 130 years ago"),
        ("firstname", '"A\\u0007da"', "must not contain control characters"),
        ("lastname", '"Love\\nlace"', "must not contain control characters"),
        ("place_of_birth", '"Lon\\x9bdon"', "must not contain control characters"),
        ("phone", '"1\\u20282"', "must not contain control characters"),
        ("nationality", "gb", "must be two capital letters (FR), not 'gb'"),
        ("email", "ada", "must be an e-mail address, not 'ada'"),
        ("title", "dr", "must be mr, mrs or mx, not 'dr'"),
    ],
)
def test_a_person_who_could_not_be_named_is_refused_before_the_hold(  # noqa: PLR0917
    field: str,
    value: str,
    reason: str,
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    tmp_path: Path,
) -> None:
    person = {"firstname": "Ada", "lastname": "Lovelace"} | {field: value}
    written = ", ".join(f"{name}: {said}" for name, said in person.items())
    item = f"  - {{catalog: Lantern Park, product: Gift ticket, quantity: 1, beneficiaries: [{{{written}}}]}}"
    file = write(tmp_path, item)
    ended = korus_command("book", file)
    assert ended.err.splitlines()[0] == f"{file}:5: items[0].beneficiaries[0].{field}: {reason}"
    assert (ended.status, at_the_sandbox.inspect.requests.total()) == (2, 0)


@pytest.mark.parametrize("field", ["firstname", "lastname", "email", "phone"])
def test_a_customer_with_control_characters_is_refused_before_the_hold(
    field: str, at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    customer = {"firstname": "Ada", "lastname": "L", "email": "ada@example.com"} | {field: '"a\\u0001@b"'}
    written = ", ".join(f"{name}: {said}" for name, said in customer.items())
    file = tmp_path / "wish.yaml"
    file.write_text(f"external_reference: S\ncustomer: {{{written}}}\nitems: [{{offer: x, quantity: 1}}]\n")
    ended = korus_command("book", file)
    assert ended.err.splitlines()[0] == f"{file}:2: customer.{field}: must not contain control characters"
    assert (ended.status, at_the_sandbox.inspect.requests.total()) == (2, 0)


@pytest.mark.parametrize("seconds", ["inf", "nan", "-1"])
def test_a_wait_without_end_is_refused_before_anything_is_asked(
    seconds: str, at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = write(tmp_path, "  - {catalog: Lantern Park, product: Gift ticket, quantity: 1}")
    ended = korus_command("book", file, f"--wait={seconds}")
    assert (ended.status, at_the_sandbox.inspect.requests.total()) == (2, 0)


@pytest.mark.parametrize("amount", ["a lot", "-1", "NaN", "Infinity", ""])
def test_invalid_price_tolerance_is_refused_before_any_request(
    amount: str, at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = write(tmp_path, "  - {catalog: Lantern Park, product: Gift ticket, quantity: 1}")
    ended = korus_command("book", file, f"--max-price-change={amount}")
    assert (ended.status, at_the_sandbox.inspect.requests.total()) == (2, 0)
    assert "is not an amount like 2.00" in ended.err


@pytest.mark.parametrize("folder", ["taken", "taken/deeper", "/proc/nowhere"])
def test_unwritable_folder_is_refused_before_anything_is_held(
    folder: str, at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file of this name")
    file = write(tmp_path, "  - {catalog: Lantern Park, product: Gift ticket, quantity: 1}")
    ended = korus_command("book", file, "--to", folder)
    assert f"cannot write into {folder}/SHOP-1" in ended.err
    assert (ended.status, at_the_sandbox.inspect.reservations) == (2, [])
