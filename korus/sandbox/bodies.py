"""Reading and validation of request bodies, before anything is changed (reference 7.3).

All violations are collected with their property paths, and refused in one 422. The reference's 4.9 (P12), 4.12 and 4.15
define required fields and bounds; limits of the sandbox alone are named here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

from korus._core.field_types import FIELD_TYPES
from korus.sandbox.answers import problem_with
from korus.sandbox.boxoffice import BoxOffice, Request, Reservation
from korus.sandbox.catalogue import Catalogue, FormField, Offer, OfferTicket, Session, sessions_of, tickets_of
from korus.sandbox.problems import JsonObject, ViolationList, forbidden, malformed

if TYPE_CHECKING:
    from korus.sandbox.tokens import Client

__all__ = [
    "MOST_PER_LINE",
    "MOST_UNITS",
    "OrderRequest",
    "read_beneficiary",
    "read_json",
    "read_orders",
    "read_reservations",
]

MOST_UNITS = 10_000
"""The most units of all lines of a body together; a limit of the sandbox only, which shows each unit in its answer."""

MOST_PER_LINE = 1000
"""The largest quantity of one line where the product base names none; a limit of the sandbox only."""

_BLANK = "This value should not be blank."
_OFFER = re.compile(r"/v1/ticketing/catalogs/([^/?#]+)/offers/([^/?#]+)")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_LONGEST_REFERENCE = 50


def read_json(body: bytes) -> JsonObject:
    """Return the JSON object of a body.

    Raises:
        Refusal: 400, it is not a JSON object.
    """
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
        if b"\\u" in body:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is not text
    except (ValueError, RecursionError):
        raise malformed("The request's body is not JSON.") from None
    if not isinstance(value, dict):
        raise malformed("The request's body should be a JSON object.")
    return cast("JsonObject", value)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _kind_of(value: object) -> str:
    names: dict[type, str] = {
        dict: "object",
        list: "array",
        str: "string",
        bool: "boolean",
        int: "integer",
        float: "number",
    }
    return names.get(type(value), "null")


def _typed(value: object, wanted: str, path: str, problems: ViolationList) -> bool:
    if _kind_of(value) == wanted:
        return True
    problems.add(path, f"This value should be of type {wanted}, {_kind_of(value)} given.", "type")
    return False


def _member(
    source: Mapping[str, Any],
    name: str,
    wanted: str,
    path: str,
    problems: ViolationList,
    *,
    required: bool = True,
) -> Any:
    """Return a member of the wanted type; None, with a violation, if it is missing or of another type."""
    if name not in source:
        if required:
            problems.add(path, _BLANK, "blank")
        return None
    return source[name] if _typed(source[name], wanted, path, problems) else None


# --- reservations -------------------------------------------------------------------------------------------


def read_reservations(body: JsonObject, catalogue: Catalogue, client: Client) -> list[Request]:
    """Return the lines of a bulk reservation.

    Raises:
        Refusal: 422 with everything that is wrong, or 403 when an offer's catalogue is not granted.
    """
    problems = ViolationList()
    items = _member(body, "items", "array", "items", problems)
    if items == []:
        problems.add("items", "This collection should contain 1 element or more.", "count")
    lines = [
        _line(item, f"items[{index}]", catalogue, client, problems) for index, item in enumerate(items or [])
    ]
    if sum(line.quantity for line in lines if line is not None) > MOST_UNITS:
        problems.add("items", f"All lines together should ask for {MOST_UNITS} units or less.", "range")
    problems.raise_if_any()
    return [line for line in lines if line is not None]


def _line(
    item: object, path: str, catalogue: Catalogue, client: Client, problems: ViolationList
) -> Request | None:
    if not _typed(item, "object", path, problems):
        return None
    source = cast("JsonObject", item)
    offer = _offer(source, f"{path}.offer", catalogue, client, problems)
    quantity = _member(source, "quantity", "integer", f"{path}.quantity", problems)
    entries = _member(source, "ticketSessions", "array", f"{path}.ticketSessions", problems)
    if quantity is not None:
        _check_quantity(quantity, offer, f"{path}.quantity", problems)
    if offer is None or entries is None:
        return None
    sessions, answers = _ticket_sessions(entries, offer, f"{path}.ticketSessions", problems)
    return None if quantity is None else Request(offer, quantity, sessions, answers)


def _offer(
    source: JsonObject, path: str, catalogue: Catalogue, client: Client, problems: ViolationList
) -> Offer | None:
    iri = _member(source, "offer", "string", path, problems)
    if iri is None:
        return None
    match = _OFFER.fullmatch(iri)
    offer = catalogue.offers_by_id.get(match[2]) if match else None
    if match is None or offer is None or offer.catalog.id != match[1]:
        problems.add(path, "There is no such offer.", "reference")
        return None
    if offer.catalog.id not in client.catalogs:
        raise forbidden("No access to this catalogue.")
    return offer


def _check_quantity(quantity: int, offer: Offer | None, path: str, problems: ViolationList) -> None:
    most = MOST_PER_LINE
    if offer is not None and offer.product.base.plan.maximum is not None:
        most = offer.product.base.plan.maximum
    if quantity < 1:
        problems.add(path, "This value should be 1 or more.", "range")
    elif quantity > most:
        problems.add(path, f"This value should be {most} or less.", "range")


def _ticket_sessions(
    entries: list[object], offer: Offer, path: str, problems: ViolationList
) -> tuple[tuple[tuple[OfferTicket, Session | None], ...], tuple[tuple[str, str, str], ...]]:
    """Read the choice for every ticket, in the offer's order, and the answers: ticket, field, value."""
    wanted = {ticket.iri: ticket for ticket in tickets_of(offer)}
    chosen: dict[str, Session | None] = {}
    answers: list[tuple[str, str, str]] = []
    for index, entry in enumerate(entries):
        place = f"{path}[{index}]"
        if not _typed(entry, "object", place, problems):
            continue
        source = cast("JsonObject", entry)
        iri = _member(source, "ticket", "string", f"{place}.ticket", problems)
        if iri is None:
            continue
        ticket = wanted.get(iri)
        if ticket is None:
            problems.add(f"{place}.ticket", "This is not a ticket of the offer.", "reference")
            continue
        if iri in chosen:
            problems.add(f"{place}.ticket", "This ticket is named twice.", "unique")
            continue
        chosen[iri] = _session(source, ticket, f"{place}.session", problems)
        answers += _answers(source, ticket, f"{place}.formData", problems)
    for iri, ticket in wanted.items():
        if iri not in chosen and len(entries) < len(wanted):
            problems.add(path, f"The ticket {ticket.plan.name.en} ({iri}) is missing.", "count")
    return tuple((ticket, chosen.get(iri)) for iri, ticket in wanted.items()), tuple(answers)


def _session(source: JsonObject, ticket: OfferTicket, path: str, problems: ViolationList) -> Session | None:
    if "session" not in source:
        if ticket.needs_session:
            problems.add(path, "A session must be chosen for this ticket.", "blank")
        return None
    iri = _member(source, "session", "string", path, problems)
    if iri is None:
        return None
    if not ticket.needs_session:
        problems.add(path, "This ticket is good for the whole day and takes no session.", "forbidden")
        return None
    session = next((session for session in sessions_of(ticket) if session.iri == iri), None)
    if session is None:
        problems.add(path, "This is not a session of the ticket.", "reference")
    return session


def _answers(
    source: JsonObject, ticket: OfferTicket, path: str, problems: ViolationList
) -> list[tuple[str, str, str]]:
    form = ticket.form
    if "formData" not in source:
        if form is not None:
            problems.add(path, "This ticket's form must be answered.", "blank")
        return []
    given = _member(source, "formData", "object", path, problems)
    if given is None:
        return []
    if form is None:
        problems.add(path, "This ticket has no form.", "forbidden")
        return []
    form_iri = _member(given, "form", "string", f"{path}.form", problems)
    if form_iri is not None and form_iri != form.iri:
        problems.add(f"{path}.form", "This is not the form of the ticket.", "reference")
    entries = _member(given, "fields", "array", f"{path}.fields", problems)
    if entries is None:
        return []
    known = {field.iri: field for field in form.fields}
    answers = _field_values(entries, known, f"{path}.fields", problems)
    answered = {field.iri for field, _ in answers}
    for field in form.fields:
        if field.plan.required and field.iri not in answered:
            problems.add(
                f"{path}.fields", f"An answer is required: {field.plan.code} ({field.iri}).", "blank"
            )
    return [(ticket.id, field.plan.code, value) for field, value in answers]


def _field_values(
    entries: list[object], known: Mapping[str, FormField], path: str, problems: ViolationList
) -> list[tuple[FormField, str]]:
    answers: list[tuple[FormField, str]] = []
    earlier: dict[str, set[str]] = {}
    for index, entry in enumerate(entries):
        place = f"{path}[{index}]"
        if not _typed(entry, "object", place, problems):
            continue
        source = cast("JsonObject", entry)
        iri = _member(source, "field", "string", f"{place}.field", problems)
        value = _member(source, "value", "string", f"{place}.value", problems)
        field = known.get(iri or "")
        if iri is not None and field is None:
            problems.add(f"{place}.field", "This is not a field of the form.", "reference")
        if field is None:
            continue
        before = earlier.setdefault(field.iri, set())
        if before and (not FIELD_TYPES[field.plan.type].is_multiple or value in before):
            problems.add(f"{place}.field", "This field is answered twice.", "unique")
        before.add(value or "")
        answers.append((field, value or ""))
        wrong = None if value is None else problem_with(field, value)
        if wrong is not None:
            problems.add(f"{place}.value", wrong, f"answer_{field.plan.type}")
    return answers


# --- orders -------------------------------------------------------------------------------------------------


@frozen
class OrderRequest:
    """A bulk order's body, checked and resolved."""

    reservations: tuple[Reservation, ...]
    customer: Mapping[str, str | bool]
    external_reference: str
    notes: str | None


def read_orders(body: JsonObject, box_office: BoxOffice, client: Client) -> OrderRequest:
    """Read and resolve the body of a bulk order.

    Raises:
        Refusal: 422 with everything that is wrong.
    """
    problems = ViolationList()
    reservations = _reservations(body, box_office, client, problems)
    customer = _customer(body, problems)
    reference = _member(body, "externalReference", "string", "externalReference", problems)
    if reference is not None and not 1 <= len(reference) <= _LONGEST_REFERENCE:
        problems.add(
            "externalReference", f"This text should have 1 to {_LONGEST_REFERENCE} characters.", "length"
        )
    notes = body.get("notes")
    if notes is not None:
        _typed(notes, "string", "notes", problems)
    problems.raise_if_any()
    return OrderRequest(reservations, customer, reference or "", notes)


def _reservations(
    body: JsonObject, box_office: BoxOffice, client: Client, problems: ViolationList
) -> tuple[Reservation, ...]:
    entries = _member(body, "reservations", "array", "reservations", problems)
    if entries == []:
        problems.add("reservations", "This collection should contain 1 element or more.", "count")
    found: dict[str, Reservation] = {}
    for index, iri in enumerate(entries or []):
        path = f"reservations[{index}]"
        if not _typed(iri, "string", path, problems):
            continue
        reservation = box_office.reservations.get(iri.removeprefix("/v1/booking/reservations/"))
        if reservation is None or reservation.iri != iri or reservation.organization != client.organization:
            problems.add(path, "There is no such reservation.", "reference")
        elif iri in found:
            problems.add(path, "This reservation is named twice.", "unique")
        else:
            found[iri] = reservation
    return tuple(found.values())


def _is_text(value: str) -> bool:
    return bool(value.strip())


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


_Rule = tuple[Callable[[str], object], str]
_NOT_BLANK: _Rule = (_is_text, _BLANK)
_EMAIL_RULE: _Rule = (_EMAIL.fullmatch, "This value is not an e-mail address.")
_TITLE_RULE: _Rule = (re.compile("mr|mrs|mx").fullmatch, "The value you selected is not a valid choice.")
_COUNTRY_RULE: _Rule = (re.compile("[A-Z]{2}").fullmatch, "This value should be two upper-case letters.")
_LANGUAGE_RULE: _Rule = (re.compile("[a-z]{2}").fullmatch, "This value should be two lower-case letters.")
_DAY_RULE: _Rule = (_is_day, "This value should be a date, YYYY-MM-DD.")

_CUSTOMER: dict[str, _Rule] = {
    "firstname": _NOT_BLANK,
    "lastname": _NOT_BLANK,
    "email": _EMAIL_RULE,
    "phone": _NOT_BLANK,
    "country": _COUNTRY_RULE,
    "language": _LANGUAGE_RULE,
    "title": _TITLE_RULE,
}
_BENEFICIARY: dict[str, _Rule] = {
    "firstname": _NOT_BLANK,
    "lastname": _NOT_BLANK,
    "email": _EMAIL_RULE,
    "phone": _NOT_BLANK,
    "title": _TITLE_RULE,
    "dateOfBirth": _DAY_RULE,
    "placeOfBirth": _NOT_BLANK,
    "nationality": _COUNTRY_RULE,
}


def _checked(value: Any, rule: _Rule, path: str, problems: ViolationList) -> bool:
    accepts, message = rule
    if not _typed(value, "string", path, problems):
        return False
    if not accepts(value):
        problems.add(path, message, "format")
        return False
    return True


def _customer(body: JsonObject, problems: ViolationList) -> dict[str, str | bool]:
    given = _member(body, "customer", "object", "customer", problems)
    customer: dict[str, str | bool] = {}
    if given is None:
        return customer
    for name, rule in _CUSTOMER.items():
        path = f"customer.{name}"
        if name in given:
            if _checked(given[name], rule, path, problems):
                customer[name] = given[name]
        elif name in {"firstname", "lastname", "email"}:
            problems.add(path, _BLANK, "blank")
    if "optin" in given and _typed(given["optin"], "boolean", "customer.optin", problems):
        customer["optin"] = given["optin"]
    return customer


# --- beneficiaries ------------------------------------------------------------------------------------------


def read_beneficiary(body: JsonObject) -> dict[str, str | None]:
    """Return the beneficiary fields that a merge-patch changes; null clears one, an absent one stays.

    Raises:
        Refusal: 422 with everything that is wrong.
    """
    problems = ViolationList()
    given = _member(body, "beneficiary", "object", "beneficiary", problems, required=False)
    changes: dict[str, str | None] = {}
    if given is None:
        problems.raise_if_any()
        return changes
    for name, rule in _BENEFICIARY.items():
        path, required = f"beneficiary.{name}", name in {"firstname", "lastname"}
        if name not in given:
            if required:
                problems.add(path, _BLANK, "blank")
        elif given[name] is None and not required:
            changes[name] = None
        elif _checked(given[name], rule, path, problems):
            changes[name] = given[name]
    problems.raise_if_any()
    return changes
