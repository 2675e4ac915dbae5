"""Who a ticket is for: what is still needed, what cannot be sent, and rows read from a CSV file.

An issued ticket may want to know its beneficiary before its documents can be had (reference 4.15, 7.4). What
is given is merged into what is known already: a field that is left out stays as it is, a null clears it.
Nothing is sent here, and nothing but a CSV file is read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final, cast

from attrs import field, frozen

from korus._core.raw_json import iri_of, json_object, objects, text
from korus._core.tables import TableInvalid, decode_table, read_table
from korus.errors import BeneficiaryInvalid, InvalidArgument

__all__ = [
    "FIELDS",
    "BeneficiaryProblem",
    "BeneficiaryRow",
    "Requirement",
    "assign",
    "check_beneficiary",
    "field_problem",
    "order_tickets",
    "read_rows",
    "requirement",
]

FIELDS: Final = (
    "firstname",
    "lastname",
    "title",
    "nationality",
    "dateOfBirth",
    "placeOfBirth",
    "email",
    "phone",
)
"""The fields of a beneficiary, as the API writes them (reference 4.15)."""

TITLES: Final = ("mr", "mrs", "mx")

_ALWAYS: Final = ("firstname", "lastname")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NATIONALITY: Final = re.compile(r"[A-Z]{2}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_WORDS: Final = re.compile(r"[^a-z0-9]")
# somewhere on earth it is tomorrow already
_TOMORROW: Final = timedelta(days=1)
# nobody has lived so long; an older year is a slip (19 for 2019, 1095 for 1995)
_OLDEST_YEARS: Final = 130
_MOST_SHOWN: Final = 10
_TICKET_COLUMNS: Final = ("ticket", "ticketid", "ticketiri", "voucher")


@frozen
class BeneficiaryProblem:
    """Why beneficiary data cannot be sent.

    Attributes:
        field: The field, as the API writes it; None when it is the ticket.
        reason: What is wrong. It names no value, these being personal.
    """

    field: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason


@frozen
class Requirement:
    """What one ticket still needs.

    Attributes:
        ticket: The ticket's IRI.
        missing: The fields of its beneficiary that are required and not known, as the API writes them.
        deadline: Until when they can be given, aware; None when the API names no deadline.
        amendable: Whether the beneficiary can be changed once given; None when the API does not say.
        status: The ticket's status, None when the API gives none.
        source: The ticket as it was read.
    """

    ticket: str | None
    missing: tuple[str, ...]
    deadline: datetime | None
    amendable: bool | None
    status: str | None
    source: Any = field(default=None, repr=False, eq=False)

    def __bool__(self) -> bool:
        """Whether anything is missing."""
        return bool(self.missing)


@frozen
class BeneficiaryRow:
    """One row of many beneficiaries; outcomes refer back to it.

    Attributes:
        number: Its place, counted from 1 (a CSV file's heading does not count).
        ticket: The ticket's IRI, id or voucher; None when the row takes the next ticket that needs one.
        beneficiary: What was given, by the API's field names.
        problems: What was wrong with the row itself.
    """

    number: int
    ticket: str | None = field(repr=False)
    beneficiary: Mapping[str, Any] = field(repr=False)
    problems: tuple[BeneficiaryProblem, ...] = ()


def order_tickets(order: object) -> tuple[Any, ...]:
    """Give the tickets of an order (an object or its JSON), in order, as far as the API told them."""
    items = [json_object(item) or {} for item in objects(json_object(order) or {}, "items")]
    return tuple(ticket for item in items for ticket in objects(item, "tickets"))


def requirement(ticket: object) -> Requirement:
    """Say what a ticket (an object or its JSON) still needs."""
    source = json_object(ticket) or {}
    known = json_object(source.get("beneficiary")) or {}
    required = tuple(name for name in objects(source, "requiredBeneficiaryFields") if isinstance(name, str))
    amendable = source.get("beneficiaryAmendable")
    return Requirement(
        ticket=iri_of(ticket),
        missing=tuple(name for name in required if not _present(known.get(_key(name)))),
        deadline=_moment(source.get("beneficiaryDesignationDeadline")),
        amendable=amendable if isinstance(amendable, bool) else None,
        status=text(source, "status"),
        source=ticket,
    )


def check_beneficiary(ticket: object, given: object, *, now: datetime) -> dict[str, Any]:
    """Check beneficiary data against its ticket and give the ``beneficiary`` object to send.

    Args:
        ticket: The ticket: an object or its JSON.
        given: A `Beneficiary`, or a mapping by the API's names or by Python's (``date_of_birth``). What is
            not in it is not sent; None is sent as null.
        now: The present moment, aware.

    Raises:
        BeneficiaryInvalid: With every problem: a required field missing or cleared, a title, nationality or
            date that is none, a deadline that has passed, a beneficiary that cannot be changed any more.
    """
    body, problems = _body(given, now)
    source = json_object(ticket) or {}
    before = json_object(source.get("beneficiary")) or {}
    need = requirement(ticket)
    if need.deadline is not None and now > need.deadline:
        problems.append(
            BeneficiaryProblem(None, f"the deadline for naming a beneficiary was {need.deadline}")
        )
    if need.amendable is False and any(_present(before.get(name)) for name in FIELDS):
        problems.append(BeneficiaryProblem(None, "this ticket's beneficiary cannot be changed any more"))
    faulty = {problem.field for problem in problems}
    required = [name for name in objects(source, "requiredBeneficiaryFields") if isinstance(name, str)]
    for name in dict.fromkeys([*_ALWAYS, *map(_key, required)]):
        # first and last name have to be in every update, whatever is known already (reference 7.4)
        value = body.get(name) if name in _ALWAYS else body.get(name, before.get(name))
        if name not in faulty and not _present(value):
            problems.append(BeneficiaryProblem(name, "required"))
    if problems:
        raise BeneficiaryInvalid(problems)
    return body


def read_rows(source: object) -> list[BeneficiaryRow]:
    """Read many beneficiaries.

    Args:
        source: The path of a CSV file (UTF-8; commas, semicolons or tabs; a heading; as spreadsheets write
            it), an open file of one, or an iterable of `Beneficiary` objects and mappings. Columns and keys are
            the fields of a beneficiary in any spelling (``dateOfBirth``, ``date_of_birth``, ``Date of birth``)
            and ``ticket``: the IRI, id or voucher of the ticket the row is for. An empty cell is not sent.

    Raises:
        InvalidArgument: The file cannot be read, is not CSV, or has no heading.
    """
    if isinstance(source, (str, Path)):
        try:
            content: str | bytes = Path(source).read_bytes()
        except (OSError, ValueError) as cause:
            raise InvalidArgument(f"the rows cannot be read: {cause}") from cause
        return _read_csv(content)
    if hasattr(source, "readlines"):
        try:
            content = cast("IO[str] | IO[bytes]", source).read()
        except (OSError, ValueError) as cause:
            raise InvalidArgument(f"the rows cannot be read: {cause}") from cause
        return _read_csv(content)
    if not isinstance(source, Iterable) or isinstance(source, Mapping):
        raise InvalidArgument("rows are a CSV file or a list of beneficiaries")
    return [_row(number, entry) for number, entry in enumerate(cast("Iterable[object]", source), start=1)]


def assign(
    order: object, rows: Sequence[BeneficiaryRow]
) -> list[tuple[BeneficiaryRow, Mapping[str, Any] | None, tuple[BeneficiaryProblem, ...]]]:
    """Find the ticket of each row: the one it names, or the next that needs something and nobody names.

    Returns:
        Each row with its ticket's JSON, None when there is none, and with what is wrong with that.
    """
    tickets = [source for source in map(json_object, order_tickets(order)) if source is not None]
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
    assigned: list[tuple[BeneficiaryRow, Mapping[str, Any] | None, tuple[BeneficiaryProblem, ...]]] = []
    taken: set[int] = set()
    for row in rows:
        place = named.get(row.number)
        problems = list(row.problems)
        if row.ticket is None and not problems:
            place = next(free, None)
            if place is None:
                problems.append(BeneficiaryProblem("ticket", "no ticket is left that needs a beneficiary"))
        elif place is None and not problems:
            problems.append(BeneficiaryProblem("ticket", "the order has no such ticket"))
        elif place in taken:
            problems.append(BeneficiaryProblem("ticket", "an earlier row is for this ticket already"))
        if place is not None:
            taken.add(place)
        assigned.append((row, None if place is None else tickets[place], tuple(problems)))
    return assigned


def _places(tickets: Sequence[Mapping[str, Any]]) -> Mapping[str, int | None]:
    """Return where the ticket of an IRI, id or voucher is; None for a name that more than one has."""
    places: dict[str, int | None] = {}
    for place, ticket in enumerate(tickets):
        for name in {iri_of(ticket), text(ticket, "id"), text(ticket, "voucher")} - {None}:
            places[cast("str", name)] = None if name in places else place
    return places


def _row(number: int, entry: object) -> BeneficiaryRow:
    if isinstance(entry, BeneficiaryRow):
        return entry
    ticket: object = None
    if isinstance(entry, tuple):  # (ticket, data)
        ticket, *given = cast("tuple[object, ...]", entry) or (None,)
        source = json_object(given[0]) if len(given) == 1 else None
    else:
        source = json_object(entry)
        named = [key for key in source or () if _WORDS.sub("", str(key).lower()) in _TICKET_COLUMNS]
        ticket = (source or {}).get(named[0]) if named else None
        source = {key: value for key, value in source.items() if key not in named} if source else source
    if source is None:
        problem = BeneficiaryProblem(None, "not a beneficiary: give a Beneficiary or a mapping")
        return BeneficiaryRow(number, None, {}, (problem,))
    name = _ticket_name(ticket)
    if ticket is not None and name is None:
        return BeneficiaryRow(number, None, source, (BeneficiaryProblem("ticket", "this names no ticket"),))
    return BeneficiaryRow(number, name, source)


def _ticket_name(ticket: object) -> str | None:
    source = json_object(ticket)
    return iri_of(ticket) or (text(source, "id") if source is not None else None)


def _read_csv(content: str | bytes) -> list[BeneficiaryRow]:
    try:
        table = read_table(decode_table(content) if isinstance(content, bytes) else content)
    except UnicodeDecodeError as cause:
        raise InvalidArgument(f"the rows cannot be read: {cause}; save the file as UTF-8") from None
    except TableInvalid as cause:
        raise InvalidArgument(str(cause)) from None
    columns = [_column(heading) if heading else "" for heading in table.headings]
    count = Counter(filter(None, columns))
    wrong = [
        repr(heading)
        for heading, column in zip(table.headings, columns, strict=True)
        if column is None or count[column] > 1
    ]
    if wrong:
        known = ", ".join(("ticket", *FIELDS))
        shown = ", ".join(wrong[:_MOST_SHOWN]) + (", …" if len(wrong) > _MOST_SHOWN else "")
        raise InvalidArgument(f"columns unknown or repeated: {shown}; the columns are {known}")
    return [_csv_row(number, columns, cells) for number, cells in enumerate(table.rows, start=1)]


def _csv_row(number: int, columns: Sequence[str | None], cells: Sequence[str]) -> BeneficiaryRow:
    given = {column: cell for column, cell in zip(columns, cells, strict=False) if column and cell}
    problems: list[BeneficiaryProblem] = []
    if any(cells[len(columns) :]):
        problems.append(BeneficiaryProblem(None, f"{len(cells)} cells under {len(columns)} headings"))
    elif any(cell and not column for column, cell in zip(columns, cells, strict=False)):
        problems.append(BeneficiaryProblem(None, "a cell under an empty heading"))
    return BeneficiaryRow(number, given.pop("ticket", None), given, tuple(problems))


def _column(name: str) -> str | None:
    plain = _WORDS.sub("", name.lower())
    if plain in _TICKET_COLUMNS:
        return "ticket"
    return next((known for known in FIELDS if known.lower() == plain), None)


def _key(name: str) -> str:
    """The API's name of a field that may be spelled otherwise."""
    return _column(name) or name


def _present(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _body(given: object, now: datetime) -> tuple[dict[str, Any], list[BeneficiaryProblem]]:
    """Write down what was given by the API's names, with what is wrong with the values themselves."""
    source = json_object(given)
    if source is None:
        return {}, [BeneficiaryProblem(None, "not a beneficiary: give a Beneficiary or a mapping")]
    body: dict[str, Any] = {}
    problems: list[BeneficiaryProblem] = []
    for name, value in source.items():
        key = _key(str(name))
        if key not in FIELDS:
            problems.append(BeneficiaryProblem(str(name), f"no such field; there are: {', '.join(FIELDS)}"))
        elif key in body:
            problems.append(BeneficiaryProblem(key, "given twice, in two spellings"))
        elif value is None:
            body[key] = None
        else:
            body[key], reason = _value(key, value, now)
            if reason:
                problems.append(BeneficiaryProblem(key, reason))
    return body, problems


_RULES: Final[Mapping[str, tuple[Callable[[str], object], str]]] = {
    "title": (lambda value: value in TITLES, f"one of {', '.join(TITLES)} is needed"),
    "nationality": (_NATIONALITY.fullmatch, "two capital letters are needed, such as PT"),
    "email": (lambda value: "@" in value.strip("@") and " " not in value, "not a mail address"),
}


def _value(key: str, value: object, now: datetime) -> tuple[object, str | None]:
    if key == "dateOfBirth":
        return _birth(value, now)
    if not isinstance(value, str):
        return value, f"a text is needed, not a {type(value).__name__}"
    plain = str.__str__(value)
    if not plain.strip():
        return plain, "blank; leave it out, or give None to clear it"
    if _CONTROL.search(plain):
        return plain, "control characters cannot be sent"
    fits, reason = _RULES.get(key, (bool, ""))
    return plain, None if fits(plain) else reason


def _birth(value: object, now: datetime) -> tuple[object, str | None]:
    if isinstance(value, datetime) or not isinstance(value, (date, str)):
        return value, f"a date or a text such as 1991-06-23 is needed, not a {type(value).__name__}"
    written = value if isinstance(value, str) else value.isoformat()
    try:
        born = date.fromisoformat(written) if _DATE.fullmatch(written) else None
    except ValueError:
        born = None
    if born is None:
        return written, "not a date of the form YYYY-MM-DD"
    today = now.astimezone(UTC).date()
    if born > today + _TOMORROW:
        return written, "this day is yet to come"
    if born.year < today.year - _OLDEST_YEARS:
        return written, f"this day is more than {_OLDEST_YEARS} years ago"
    return written, None


def field_problem(name: str, value: object, now: datetime) -> str | None:
    """Return why one field of a beneficiary cannot be sent, whatever its ticket; None if it can.

    Args:
        name: The field, in any spelling.
        value: What was given for it.
        now: The present moment, aware.
    """
    return _value(_key(name), value, now)[1]


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
