"""Conversion of a booking to plain JSON, for a queue, a file or a database row, and back. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, cast

from attrs import frozen

from korus._booking.lines import BookingLine, BookingProblem, TicketChoice, shown_value
from korus._booking.offer_facts import Knowledge, OfferFacts, TicketFacts
from korus._booking.request_items import is_form_data
from korus._core.form_fields import FormDefinition
from korus._core.raw_json import iri_of, json_object, text
from korus.errors import AnswersInvalid, InvalidArgument
from korus.forms import FormAnswers, coerce_field, parse_field

__all__ = ["StoredBooking", "booking_to_dict", "read_booking"]

_VERSION: Final = 1

# form answers that JSON has no type for are tagged with their field type
_TAGS: Final[Mapping[type, str]] = {Decimal: "decimal", datetime: "datetime", date: "date", time: "time"}


@frozen
class StoredBooking:
    """Stored form of a booking.

    Attributes:
        lines: Its lines.
        known: The known facts about their offers, so that reading it back sends no requests.
        catalog: The IRI of the catalogue of offers that are given by their id.
        time_zone: The venue's time zone for lines that do not set their own.
    """

    lines: tuple[BookingLine, ...]
    known: Knowledge
    catalog: str | None = None
    time_zone: str | None = None


def booking_to_dict(booking: StoredBooking) -> dict[str, Any]:
    """Return a booking as plain JSON.

    Raises:
        InvalidArgument: A line holds a value that cannot be written as JSON.
    """
    used = {line.offer for line in booking.lines}
    known = booking.known
    return {
        "version": _VERSION,
        "catalog": booking.catalog,
        "timeZone": booking.time_zone,
        "lines": [_line_to_dict(line) for line in booking.lines],
        "known": {
            "offers": {iri: offer.to_dict() for iri, offer in known.offers.items() if offer and iri in used},
            "tickets": {iri: ticket.to_dict() for iri, ticket in known.tickets.items() if ticket},
            "forms": {iri: form.to_dict() for iri, form in known.forms.items() if form},
        },
    }


def read_booking(stored: object) -> StoredBooking:
    """Read what `booking_to_dict` wrote.

    Raises:
        InvalidArgument: It is not a stored booking, or its version is not supported.
    """
    source = json_object(stored)
    if source is None or source.get("version") != _VERSION:
        version = None if source is None else source.get("version")
        raise InvalidArgument(f"not a stored booking of version {_VERSION}: its version is {version!r}")
    try:
        known = json_object(source.get("known")) or {}
        return StoredBooking(
            lines=tuple(_line_from_dict(entry) for entry in source["lines"]),
            known=Knowledge(
                {iri: OfferFacts.read(offer, iri) for iri, offer in _entries(known, "offers")},
                {iri: TicketFacts.read(ticket) for iri, ticket in _entries(known, "tickets")},
                {iri: FormDefinition.read(form, iri) for iri, form in _entries(known, "forms")},
            ),
            catalog=text(source, "catalog"),
            time_zone=text(source, "timeZone"),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as cause:
        raise InvalidArgument(f"not a stored booking: {cause!r}") from cause


def _entries(known: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the objects of one kind, by IRI."""
    listed = list((json_object(known.get(key)) or {}).items())
    if any(not isinstance(entry, Mapping) for _, entry in listed):
        raise TypeError(key)
    return listed


def _line_to_dict(line: BookingLine) -> dict[str, Any]:
    return {
        "offer": line.offer,
        "quantity": line.quantity,
        "price": line.price,
        "timeZone": line.time_zone,
        "tickets": [
            {"ticket": choice.ticket, "session": choice.session, **_answers_to_dict(choice.answers)}
            for choice in line.choices
        ],
        "problems": [
            {"reason": problem.reason, "ticket": problem.ticket, "field": problem.field}
            for problem in line.problems
        ],
    }


def _line_from_dict(entry: Mapping[str, Any]) -> BookingLine:
    return BookingLine(
        number=0,
        offer=entry["offer"],
        quantity=entry["quantity"],
        price=entry.get("price"),
        time_zone=entry.get("timeZone"),
        choices=tuple(
            TicketChoice(choice["ticket"], choice.get("session"), _answers_from_dict(choice))
            for choice in entry.get("tickets", ())
        ),
        problems=tuple(
            BookingProblem(0, problem["reason"], problem.get("ticket"), problem.get("field"))
            for problem in entry.get("problems", ())
        ),
    )


def _answers_to_dict(answers: object) -> dict[str, Any]:
    if answers is None:
        return {}
    if isinstance(answers, FormAnswers):
        return {"formData": answers.form_data}
    source = json_object(answers)
    if source is None:
        raise InvalidArgument(
            f"form answers must be a mapping of fields to values, got {shown_value(answers)}"
        )
    if is_form_data(source):
        return {"formData": dict(source)}
    named = {_answer_name(name): value for name, value in source.items()}
    return {"answers": {name: _value_to_json(value) for name, value in named.items()}}


def _answers_from_dict(choice: Mapping[str, Any]) -> object:
    if "formData" in choice:
        return choice["formData"]
    answers = choice.get("answers")
    return None if answers is None else {name: _value_from_json(value) for name, value in answers.items()}


def _answer_name(name: object) -> str:
    source = json_object(name)
    found = iri_of(name) if source is None else iri_of(source) or text(source, "id") or text(source, "code")
    if found is None:
        raise InvalidArgument(f"{shown_value(name)} is not the name of a form field")
    return found


def _value_to_json(value: object) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (str, int)):
        return str.__str__(value) if isinstance(value, str) else int(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        members = [_value_to_json(member) for member in cast("Iterable[object]", value)]
        return sorted(members) if isinstance(value, (set, frozenset)) else members
    for kind, tag in _TAGS.items():
        if isinstance(value, kind):
            return _tagged(tag, value)
    source = json_object(value)
    if source is not None and isinstance(source.get("code"), str):
        return source["code"]  # the object of a choice
    raise InvalidArgument(f"{shown_value(value)} cannot be stored as JSON")


def _tagged(tag: str, value: object) -> dict[str, str]:
    if isinstance(value, datetime) and value.utcoffset() is not None:
        return {"datetime": value.isoformat()}
    try:
        return {tag: coerce_field(tag, value)[0]}
    except AnswersInvalid as refused:
        reason = refused.problems[0].reason
        raise InvalidArgument(f"{shown_value(value)} cannot be stored: {reason}") from None


def _value_from_json(value: object) -> object:
    source = json_object(value)
    if source is None:
        return value
    ((tag, written),) = source.items()
    if tag == "datetime" and "T" in written:
        return datetime.fromisoformat(written)
    return parse_field(tag, written)
