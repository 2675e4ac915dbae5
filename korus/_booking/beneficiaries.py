"""Beneficiaries of issued tickets: missing fields, validation, and assignment of rows to tickets. No I/O.

The documents of an issued ticket may not be available before its beneficiary is known (reference 4.15, 7.4). An update
is merged into the known data: an omitted field is unchanged, a null clears it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from korus._booking.beneficiary_rows import BeneficiaryProblem, BeneficiaryRow, given_fields
from korus._booking.issued_tickets import DATE_OF_BIRTH, FIELDS, IssuedTicketFacts, field_name
from korus.errors import BeneficiaryInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Assigned", "Requirement", "assign", "check_beneficiary", "field_problem", "requirement"]

TITLES: Final = ("mr", "mrs", "mx")

_ALWAYS: Final = ("firstname", "lastname")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NATIONALITY: Final = re.compile(r"[A-Z]{2}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# in some time zones it is already tomorrow
_TOMORROW: Final = timedelta(days=1)
# older than any person; an earlier year is a typing error (19 for 2019, 1095 for 1995)
_OLDEST_YEARS: Final = 130


@frozen
class Requirement:
    """Beneficiary data that one ticket still requires.

    Attributes:
        ticket: The ticket's IRI.
        missing: The required fields of its beneficiary that are not known, by the API's names.
        deadline: The time until which they can be sent, aware; None if the API sends no deadline.
        amendable: True if the beneficiary can be changed later; None if the API does not send it.
        status: The ticket's status, None if the API does not send it.
        source: The ticket as it was read.
    """

    ticket: str | None
    missing: tuple[str, ...]
    deadline: datetime | None
    amendable: bool | None
    status: str | None
    source: Any = field(default=None, repr=False, eq=False)

    def __bool__(self) -> bool:
        """True if a field is missing."""
        return bool(self.missing)


def requirement(ticket: IssuedTicketFacts) -> Requirement:
    """Return the beneficiary data that a ticket still requires."""
    return Requirement(
        ticket=ticket.iri,
        missing=tuple(name for name in ticket.required if not _present(ticket.beneficiary.get(name))),
        deadline=ticket.deadline,
        amendable=ticket.amendable,
        status=ticket.status,
        source=ticket.raw,
    )


def check_beneficiary(ticket: IssuedTicketFacts, given: object, *, now: datetime) -> dict[str, Any]:
    """Check beneficiary data against its ticket and return the ``beneficiary`` object to send.

    Args:
        ticket: The ticket.
        given: A `Beneficiary`, or a mapping by the API's names or by Python's (``date_of_birth``). Fields that
            are absent are not sent; None is sent as null.
        now: The current time, aware.

    Raises:
        BeneficiaryInvalid: With every problem: a required field that is missing or cleared, an invalid title,
            nationality or date, a deadline that has passed, a beneficiary that can no longer be changed.
    """
    body, problems = _body(given, now)
    before = ticket.beneficiary
    if ticket.deadline is not None and now > ticket.deadline:
        problems.append(
            BeneficiaryProblem(None, f"the deadline for setting a beneficiary was {ticket.deadline}")
        )
    if ticket.amendable is False and any(_present(before.get(name)) for name in FIELDS):
        problems.append(BeneficiaryProblem(None, "this ticket's beneficiary can no longer be changed"))
    faulty = {problem.field for problem in problems}
    for name in dict.fromkeys([*_ALWAYS, *ticket.required]):
        # every update must contain the first and last name, even if they are known (reference 7.4)
        value = body.get(name) if name in _ALWAYS else body.get(name, before.get(name))
        if name not in faulty and not _present(value):
            problems.append(BeneficiaryProblem(name, "required"))
    if problems:
        raise BeneficiaryInvalid(problems)
    return body


@frozen
class Assigned:
    """A row with its ticket.

    Attributes:
        row: The row.
        ticket: Its ticket, None if it has none.
        problems: The problems of the row, or the reason why it has no ticket.
    """

    row: BeneficiaryRow
    ticket: IssuedTicketFacts | None
    problems: tuple[BeneficiaryProblem, ...]


def assign(tickets: Sequence[IssuedTicketFacts], rows: Sequence[BeneficiaryRow]) -> list[Assigned]:
    """Find the ticket of each row: the one it names, or the next one with missing fields that no row names."""
    places = _places(tickets)
    named: dict[int, int] = {}
    for row in rows:
        place = None if row.ticket is None else places.get(row.ticket)
        if place is not None:
            named[row.number] = place
    spoken_for = set(named.values())
    free = iter(
        [
            place
            for place, ticket in enumerate(tickets)
            if place not in spoken_for and requirement(ticket).missing
        ]
    )
    assigned: list[Assigned] = []
    taken: set[int] = set()
    for row in rows:
        place = named.get(row.number)
        problems = list(row.problems)
        if row.ticket is None and not problems:
            place = next(free, None)
            if place is None:
                problems.append(BeneficiaryProblem("ticket", "no ticket without a beneficiary is left"))
        elif place is None and not problems:
            problems.append(BeneficiaryProblem("ticket", "the order has no such ticket"))
        elif place in taken:
            problems.append(BeneficiaryProblem("ticket", "an earlier row names the same ticket"))
        if place is not None:
            taken.add(place)
        assigned.append(Assigned(row, None if place is None else tickets[place], tuple(problems)))
    return assigned


def _places(tickets: Sequence[IssuedTicketFacts]) -> Mapping[str, int | None]:
    """Return the index of each ticket by IRI, id and voucher; None for a name that several tickets share."""
    places: dict[str, int | None] = {}
    for place, ticket in enumerate(tickets):
        for name in ticket.names:
            places[name] = None if name in places else place
    return places


def _present(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _body(given: object, now: datetime) -> tuple[dict[str, Any], list[BeneficiaryProblem]]:
    """Return the given data by the API's names, with the problems of its values."""
    source = given_fields(given)
    if source is None:
        return {}, [BeneficiaryProblem(None, "must be a Beneficiary or a mapping")]
    body: dict[str, Any] = {}
    problems: list[BeneficiaryProblem] = []
    for name, value in source.items():
        key = field_name(str(name)) or str(name)
        if key not in FIELDS:
            problems.append(
                BeneficiaryProblem(str(name), f"unknown field; the fields are: {', '.join(FIELDS)}")
            )
        elif key in body:
            problems.append(BeneficiaryProblem(key, "given twice, in different spellings"))
        elif value is None:
            body[key] = None
        else:
            body[key], reason = _value(key, value, now)
            if reason:
                problems.append(BeneficiaryProblem(key, reason))
    return body, problems


_RULES: Final[Mapping[str, tuple[Callable[[str], object], str]]] = {
    "title": (lambda value: value in TITLES, f"must be one of {', '.join(TITLES)}"),
    "nationality": (_NATIONALITY.fullmatch, "must be two capital letters, such as PT"),
    "email": (lambda value: "@" in value.strip("@") and " " not in value, "must be an email address"),
}


def _value(key: str, value: object, now: datetime) -> tuple[object, str | None]:
    if key == DATE_OF_BIRTH:
        return _birth(value, now)
    if not isinstance(value, str):
        return value, f"must be a str, got {type(value).__name__}"
    plain = str.__str__(value)
    if not plain.strip():
        return plain, "must not be blank; omit it, or pass None to clear it"
    if _CONTROL.search(plain):
        return plain, "must not contain control characters"
    fits, reason = _RULES.get(key, (bool, ""))
    return plain, None if fits(plain) else reason


def _birth(value: object, now: datetime) -> tuple[object, str | None]:
    if isinstance(value, datetime) or not isinstance(value, (date, str)):
        return value, f"must be a date or a str such as '1991-06-23', got {type(value).__name__}"
    written = value if isinstance(value, str) else value.isoformat()
    try:
        born = date.fromisoformat(written) if _DATE.fullmatch(written) else None
    except ValueError:
        born = None
    if born is None:
        return written, "must be a date of the form YYYY-MM-DD"
    today = now.astimezone(UTC).date()
    if born > today + _TOMORROW:
        return written, "must not be in the future"
    if born.year < today.year - _OLDEST_YEARS:
        return written, f"must not be more than {_OLDEST_YEARS} years ago"
    return written, None


def field_problem(name: str, value: object, now: datetime) -> str | None:
    """Return why one field of a beneficiary cannot be sent, independent of its ticket; None if it can.

    Args:
        name: The field, in any spelling.
        value: Its value.
        now: The current time, aware.
    """
    return _value(field_name(name) or name, value, now)[1]
