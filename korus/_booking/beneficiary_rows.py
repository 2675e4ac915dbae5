"""Rows of beneficiaries, from a CSV file or from objects. The only I/O is reading the CSV file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, cast

from attrs import field, frozen

from korus._booking.issued_tickets import FIELDS, field_name, plain_name
from korus._core.raw_json import iri_of, json_object, text
from korus._core.tables import TableInvalid, decode_table, read_table
from korus.errors import InvalidArgument

__all__ = ["BeneficiaryProblem", "BeneficiaryRow", "given_fields", "read_rows"]

_MOST_SHOWN: Final = 10
_TICKET_COLUMNS: Final = ("ticket", "ticketid", "ticketiri", "voucher")


@frozen
class BeneficiaryProblem:
    """Reason why beneficiary data cannot be sent.

    Attributes:
        field: The field, by the API's name; None if the problem is the ticket.
        reason: The problem. It quotes no values, since they are personal data.
    """

    field: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason


@frozen
class BeneficiaryRow:
    """One row of beneficiary data; outcomes refer to it.

    Attributes:
        number: Its number, counted from 1, without a CSV file's header.
        ticket: The ticket's IRI, id or voucher; None if the row takes the next ticket that needs one.
        beneficiary: The data, by the API's field names.
        problems: The problems of the row itself.
    """

    number: int
    ticket: str | None = field(repr=False)
    beneficiary: Mapping[str, Any] = field(repr=False)
    problems: tuple[BeneficiaryProblem, ...] = ()


def given_fields(given: object) -> Mapping[str, Any] | None:
    """Return the fields of a beneficiary (an object or a mapping); None for anything else."""
    return json_object(given)


def read_rows(source: object) -> list[BeneficiaryRow]:
    """Read many beneficiaries.

    Args:
        source: The path of a CSV file (UTF-8; commas, semicolons or tabs; a header row; as spreadsheets export
            it), an open CSV file, or an iterable of `Beneficiary` objects and mappings. Columns and keys are
            the fields of a beneficiary in any spelling (``dateOfBirth``, ``date_of_birth``, ``Date of birth``)
            and ``ticket``: the IRI, id or voucher of the row's ticket. Empty cells are not sent.

    Raises:
        InvalidArgument: The file cannot be read, is not CSV, or has no header row.
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
        raise InvalidArgument("`rows` must be a CSV file or an iterable of beneficiaries.")
    return [_row(number, entry) for number, entry in enumerate(cast("Iterable[object]", source), start=1)]


def _row(number: int, entry: object) -> BeneficiaryRow:
    if isinstance(entry, BeneficiaryRow):
        return entry
    ticket: object = None
    if isinstance(entry, tuple):  # (ticket, data)
        ticket, *given = cast("tuple[object, ...]", entry) or (None,)
        source = given_fields(given[0]) if len(given) == 1 else None
    else:
        source = given_fields(entry)
        named = [key for key in source or () if plain_name(str(key)) in _TICKET_COLUMNS]
        ticket = (source or {}).get(named[0]) if named else None
        source = {key: value for key, value in source.items() if key not in named} if source else source
    if source is None:
        problem = BeneficiaryProblem(None, "must be a Beneficiary or a mapping")
        return BeneficiaryRow(number, None, {}, (problem,))
    name = _ticket_name(ticket)
    if ticket is not None and name is None:
        return BeneficiaryRow(
            number, None, source, (BeneficiaryProblem("ticket", "must be an IRI, id or voucher"),)
        )
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
        raise InvalidArgument(f"unknown or repeated columns: {shown}; the columns are {known}")
    return [_csv_row(number, columns, cells) for number, cells in enumerate(table.rows, start=1)]


def _csv_row(number: int, columns: Sequence[str | None], cells: Sequence[str]) -> BeneficiaryRow:
    given = {column: cell for column, cell in zip(columns, cells, strict=False) if column and cell}
    problems: list[BeneficiaryProblem] = []
    if any(cells[len(columns) :]):
        problems.append(BeneficiaryProblem(None, f"{len(cells)} cells for {len(columns)} columns"))
    elif any(cell and not column for column, cell in zip(columns, cells, strict=False)):
        problems.append(BeneficiaryProblem(None, "a cell in a column without a name"))
    return BeneficiaryRow(number, given.pop("ticket", None), given, tuple(problems))


def _column(name: str) -> str | None:
    return "ticket" if plain_name(name) in _TICKET_COLUMNS else field_name(name)
