"""Reader of the file of ``korus book FILE``: from its text to frozen classes, or to all problems in it.

No I/O and no catalogue: names of products, tickets and sessions are only read here, not looked up. The
format, in YAML (JSON has the same keys):

    external_reference: FAMILY-2027-05        # your own number, up to 50 characters; finds the orders again
    customer: {firstname: Ada, lastname: Lovelace, email: ada@example.com}
    language: en                              # optional: of the names below, and of the tickets
    notes: Wheelchair place please            # optional
    items:
      - offer: /v1/ticketing/catalogs/…/offers/…   # an IRI, or a bare id
        quantity: 2
      - catalog: City Museum                  # or by name: catalogue, product and, if it has dates, the date
        product: Day ticket
        date: 2027-05-15
        quantity: 2
        sessions: {Guided tour: "14:30"}      # for tickets bound to a session: its time, IRI or id
        answers:                              # for tickets with a form: field by code, label, id or IRI
          Guided tour: {allergies: nuts, seats: 2}
        beneficiaries:                        # in the order of the tickets
          - {firstname: Ada, lastname: Lovelace, date_of_birth: 1985-12-10}

Further keys: ``phone``, ``title`` (mr, mrs, mx), ``country``, ``language`` and ``optin`` of the customer;
``title``, ``nationality``, ``place_of_birth``, ``email`` and ``phone`` of a beneficiary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

from attrs import define, field, frozen

from korus._booking.beneficiaries import field_problem
from korus._booking.external_reference import reference_problem
from korus._primitives.clock import SYSTEM_CLOCK
from korus.cli.source_positions import (
    FileProblem,
    Scalar,
    SourceValue,
    Unreadable,
    quoted,
    read_json,
    read_yaml,
)

__all__ = ["BookingFile", "FileInvalid", "Item", "OfferGiven", "OfferNamed", "Text", "parse"]

AnswerValue: TypeAlias = Scalar | list[Scalar]


@frozen
class Text:
    """Text of the file with its position."""

    text: str
    line: int
    where: str


@frozen
class OfferGiven:
    """An offer by IRI or id; with an id, the catalogue saves looking through all of them."""

    offer: Text
    catalog: Text | None


@frozen
class OfferNamed:
    """The offer of a product on a date. The date is None for a product that is not bound to one."""

    catalog: Text
    product: Text
    date: date | None


@frozen
class Item:
    """One line of the booking.

    Attributes:
        line: The line of the file that it begins on.
        where: Its path in the file, ``items[0]``.
        offer: How the offer is said.
        quantity: How often it is booked, at least 1.
        sessions: By ticket, as written: name, id or IRI; likewise the session: time, id or IRI.
        answers: By ticket as written, the values by field as written.
        beneficiaries: Keyword arguments of `korus.models.Beneficiary`, in the order of the tickets.
    """

    line: int
    where: str
    offer: OfferGiven | OfferNamed
    quantity: int
    sessions: Mapping[str, Text] = field(factory=dict[str, Text])
    answers: Mapping[str, Mapping[str, AnswerValue]] = field(
        factory=dict[str, Mapping[str, AnswerValue]], repr=False
    )
    beneficiaries: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)


@frozen
class BookingFile:
    """A file that says completely what to book; whether it can be had is for the API to say.

    Attributes:
        external_reference: The shop's own number of the order.
        customer: Keyword arguments of `korus.models.Customer`.
        items: At least one.
        notes: Free text for the issuer, or None.
        language: Two letters: of the names in the file and of the tickets; None for the client's.
        lines: The line of the file that each of its values begins on, by path.
    """

    external_reference: str
    customer: Mapping[str, Any] = field(repr=False)
    items: tuple[Item, ...]
    notes: str | None = field(default=None, repr=False)
    language: str | None = None
    lines: Mapping[str, int] = field(factory=dict[str, int], repr=False, eq=False)

    def line_of(self, where: str) -> int:
        """The line of a path in the file, or of the nearest thing around it that is there."""
        while where and where not in self.lines:
            where = where[: max(where.rfind("."), where.rfind("["), 0)]
        return self.lines.get(where, 1)


class FileInvalid(ValueError):
    """The file cannot be booked; ``problems`` has all that is wrong with it, in the order of its lines."""

    def __init__(self, problems: tuple[FileProblem, ...]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(map(str, self.problems)))


def parse(text: str, *, json: bool, external_reference: str | None = None) -> BookingFile:
    """Read the text of a file.

    Args:
        text: The whole text.
        json: True for JSON, False for YAML.
        external_reference: Takes the place of the file's own.

    Raises:
        FileInvalid: With all problems at once.
    """
    try:
        located, problems = (read_json if json else read_yaml)(text)
    except Unreadable as error:
        raise FileInvalid(error.problems) from None
    judge = _Judge(list(problems))
    found = _booking(located, judge, external_reference)
    if found is None or judge.problems:
        raise FileInvalid(tuple(judge.problems))
    return found


@define
class _Judge:
    """Collects what is wrong, so that one look at the file is enough to mend it."""

    problems: list[FileProblem]

    def refuse(self, at: SourceValue, reason: str) -> None:
        if not at.refused:
            self.problems.append(FileProblem(at.line, at.where, reason))

    def mapping(self, at: SourceValue, keys: Mapping[str, _Key]) -> dict[str, Any]:
        """Read a mapping with known keys; invalid values are left out."""
        if not isinstance(at.value, dict):
            self.refuse(at, f"must be a mapping with the keys {', '.join(keys)}, not {_said(at)}")
            return {}
        found: dict[str, Any] = {}
        for name, entry in at.value.items():
            if name not in keys:
                near = get_close_matches(name, keys, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(keys)}"
                self.problems.append(FileProblem(entry.line, entry.where, f"unknown key; {hint}"))
            elif (read := keys[name].read(entry, self)) is not None:
                found[name] = read
        for name, key in keys.items():
            if key.required and name not in at.value:
                self.refuse(at, f"{name} is missing")
        return found

    def sequence(self, at: SourceValue, of: str) -> tuple[SourceValue, ...]:
        if isinstance(at.value, tuple):
            return at.value
        self.refuse(at, f"must be a list of {of}, not {_said(at)}")
        return ()

    def named(self, at: SourceValue, of: str) -> Mapping[str, SourceValue]:
        """A mapping whose keys are names of the file's own."""
        if isinstance(at.value, dict):
            return at.value
        self.refuse(at, f"must be a mapping of {of}, not {_said(at)}")
        return {}


@frozen
class _Key:
    """Key of a mapping. ``read`` reports a wrong value and returns None."""

    read: Callable[[SourceValue, _Judge], Any]
    required: bool = False


def _said(at: SourceValue) -> str:
    """Return a short word for a value of the wrong type."""
    if at.value is None:
        return "nothing"
    if isinstance(at.value, tuple):
        return "a list"
    if isinstance(at.value, dict):
        return "a mapping"
    if isinstance(at.value, bool):
        return "true" if at.value else "false"
    return quoted(at.value) if isinstance(at.value, str) else str(at.value)


# ── single values ──


def _text(at: SourceValue, judge: _Judge) -> str | None:
    if not isinstance(at.value, str):
        quotes = (
            "; put it in quotes" if isinstance(at.value, (int, date)) or hasattr(at.value, "as_tuple") else ""
        )
        judge.refuse(at, f"must be a text, not {_said(at)}{quotes}")
        return None
    if not at.value.strip():
        judge.refuse(at, "must not be empty")
        return None
    return at.value


def _placed_text(at: SourceValue, judge: _Judge) -> Text | None:
    text = _text(at, judge)
    return None if text is None else Text(text, at.line, at.where)


def _text_like(pattern: str, says: str) -> Callable[[SourceValue, _Judge], str | None]:
    def read(at: SourceValue, judge: _Judge) -> str | None:
        text = _text(at, judge)
        if text is not None and not re.fullmatch(pattern, text):
            judge.refuse(at, f"must be {says}, not {quoted(text)}")
            return None
        return text

    return read


def _quantity(at: SourceValue, judge: _Judge) -> int | None:
    if isinstance(at.value, int) and not isinstance(at.value, bool) and at.value >= 1:
        return at.value
    judge.refuse(at, f"must be a whole number of at least 1, not {_said(at)}")
    return None


def _yes_or_no(at: SourceValue, judge: _Judge) -> bool | None:
    if isinstance(at.value, bool):
        return at.value
    judge.refuse(at, f"must be true or false, not {_said(at)}")
    return None


def _calendar_date(at: SourceValue, judge: _Judge) -> date | None:
    if isinstance(at.value, date) and not isinstance(at.value, datetime):
        return at.value
    if isinstance(at.value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", at.value):
        try:
            return date.fromisoformat(at.value)
        except ValueError:
            pass
    judge.refuse(at, f"must be a date that exists, written as 2027-05-15, not {_said(at)}")
    return None


def _birthday(at: SourceValue, judge: _Judge) -> str | None:
    found = _calendar_date(at, judge)
    return None if found is None else found.isoformat()


_title: Final = _text_like("mr|mrs|mx", "mr, mrs or mx")
_country: Final = _text_like("[A-Z]{2}", "two capital letters (FR)")
_language: Final = _text_like("[a-z]{2}", "two small letters (fr)")
_email: Final = _text_like(r"[^@\s]+@[^@\s]+", "an e-mail address")


# ── the parts of a booking ──

_CUSTOMER: Final = {
    "firstname": _Key(_text, required=True),
    "lastname": _Key(_text, required=True),
    "email": _Key(_email, required=True),
    "phone": _Key(_text),
    "title": _Key(_title),
    "country": _Key(_country),
    "language": _Key(_language),
    "optin": _Key(_yes_or_no),
}

_BENEFICIARY: Final = {
    "firstname": _Key(_text, required=True),
    "lastname": _Key(_text, required=True),
    "title": _Key(_title),
    "nationality": _Key(_country),
    "date_of_birth": _Key(_birthday),
    "place_of_birth": _Key(_text),
    "email": _Key(_email),
    "phone": _Key(_text),
}


def _customer(at: SourceValue, judge: _Judge) -> dict[str, Any]:
    return _person(at, judge, _CUSTOMER)


def _beneficiaries(at: SourceValue, judge: _Judge) -> tuple[dict[str, Any], ...]:
    people = judge.sequence(at, "beneficiaries")
    return tuple(_person(person, judge, _BENEFICIARY) for person in people)


def _person(at: SourceValue, judge: _Judge, keys: Mapping[str, _Key]) -> dict[str, Any]:
    """Read a person, judged as it will be when it is sent: that is after the purchase."""
    found = judge.mapping(at, keys)
    said: Mapping[str, SourceValue] = at.value if isinstance(at.value, dict) else {}
    for name, value in found.items():
        reason = field_problem(name, value, SYSTEM_CLOCK.now()) if isinstance(value, str) else None
        if reason:
            judge.refuse(said[name], reason)
    return found


def _sessions(at: SourceValue, judge: _Judge) -> dict[str, Text]:
    read = {
        ticket: _placed_text(session, judge)
        for ticket, session in judge.named(at, "ticket to session").items()
    }
    return {ticket: session for ticket, session in read.items() if session is not None}


def _answers(at: SourceValue, judge: _Judge) -> dict[str, dict[str, AnswerValue]]:
    return {
        ticket: {
            name: _answer(value, judge) for name, value in judge.named(fields, "field to answer").items()
        }
        for ticket, fields in judge.named(at, "ticket to its answers").items()
    }


def _answer(at: SourceValue, judge: _Judge) -> AnswerValue:
    """Return the value as it is; the form checks it."""
    if isinstance(at.value, dict):
        judge.refuse(at, "an answer is one value or a list of values, not a mapping")
        return None
    if isinstance(at.value, tuple):
        choices: list[Scalar] = []
        for choice in at.value:
            if isinstance(choice.value, (tuple, dict)):
                judge.refuse(choice, f"must be one value, not {_said(choice)}")
            else:
                choices.append(choice.value)
        return choices
    if at.value is None:
        judge.refuse(at, "an answer must not be empty; leave the key out instead")
    return at.value


_ITEM: Final = {
    "offer": _Key(_placed_text),
    "catalog": _Key(_placed_text),
    "product": _Key(_placed_text),
    "date": _Key(_calendar_date),
    "quantity": _Key(_quantity, required=True),
    "sessions": _Key(_sessions),
    "answers": _Key(_answers),
    "beneficiaries": _Key(_beneficiaries),
}


def _item(at: SourceValue, judge: _Judge) -> Item | None:
    found = judge.mapping(at, _ITEM)
    offer = _offer(at, found, judge)
    if offer is None or "quantity" not in found:
        return None
    rest = {key: found[key] for key in ("sessions", "answers", "beneficiaries") if key in found}
    return Item(at.line, at.where, offer, found["quantity"], **rest)


def _offer(at: SourceValue, found: Mapping[str, Any], judge: _Judge) -> OfferGiven | OfferNamed | None:
    said: Mapping[str, SourceValue] = at.value if isinstance(at.value, dict) else {}
    if "offer" in said:
        for name in ("product", "date"):
            if name in said:
                judge.refuse(
                    said[name], f"say either offer, or catalog, product and date, not offer and {name}"
                )
        return OfferGiven(found["offer"], found.get("catalog")) if "offer" in found else None
    if isinstance(at.value, dict):
        for name in ("catalog", "product"):
            if name not in said:
                judge.refuse(at, f"{name} is missing; an item says its offer, or catalog, product and date")
    if "catalog" not in found or "product" not in found:
        return None
    return OfferNamed(found["catalog"], found["product"], found.get("date"))


def _items(at: SourceValue, judge: _Judge) -> tuple[Item, ...]:
    entries = judge.sequence(at, "items")
    if at.value == ():
        judge.refuse(at, "there is nothing to book")
    read = [_item(entry, judge) for entry in entries]
    return tuple(item for item in read if item is not None)


def _reference(at: SourceValue, judge: _Judge) -> str | None:
    text = _text(at, judge)
    problem = None if text is None else reference_problem(text)
    if problem:
        judge.refuse(at, f"must {problem}")
        return None
    return text


def _booking(at: SourceValue, judge: _Judge, external_reference: str | None) -> BookingFile | None:
    keys = {
        "external_reference": _Key(_reference, required=external_reference is None),
        "customer": _Key(_customer, required=True),
        "items": _Key(_items, required=True),
        "notes": _Key(_text),
        "language": _Key(_language),
    }
    found: dict[str, Any] = judge.mapping(at, keys)
    if external_reference is not None:
        judged = _reference(SourceValue(external_reference, at.line, "external_reference"), judge)
        found |= {"external_reference": judged}
    if not found.keys() >= {"external_reference", "customer", "items"}:
        return None
    return BookingFile(
        external_reference=found["external_reference"],
        customer=found["customer"],
        items=found["items"],
        notes=found.get("notes"),
        language=found.get("language"),
        lines=dict(at.lines()),
    )
