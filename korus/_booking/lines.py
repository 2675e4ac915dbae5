"""What a bulk reservation asks for: its lines, what is wrong with them, and the items that are sent. No I/O.

A `Booking` collects lines. What has to be known of an offer to judge a line (its tickets, whether they need a
session, their forms) is a `Knowledge`, filled from the objects that the caller gave and, by the client, from
the API: `wanted` says what is missing. `prepare` judges all lines against what is known and gives every
problem at once, or the items of the request (reference 4.9). What is not known is not judged: the API has the
last word anyway.

Splitting a large booking into calls and tracing a 422's paths back to lines are here too, being arithmetic on
items.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, cast

from attrs import evolve, field, frozen

from korus._core.raw_json import iri_of, json_object, objects, text
from korus.errors import AnswersInvalid, InvalidArgument, InvalidIri, Violation
from korus.forms import FormAnswers, coerce_field, parse_field, zone
from korus.iri import (
    CATALOG,
    OFFER,
    OFFER_TICKET,
    OFFER_TICKET_SESSION,
    SESSIONS,
    Kind,
    Reference,
    parse_iri,
    prefix_of,
    reference,
    relative_iris,
)

__all__ = [
    "Booking",
    "BookingLine",
    "BookingProblem",
    "Knowledge",
    "Prepared",
    "TicketChoice",
    "Wanted",
    "prepare",
    "split",
    "trace_order_violations",
    "trace_violations",
    "wanted",
]

_VERSION: Final = 1
_MOST_QUANTITY: Final = 2**31 - 1


@frozen
class BookingProblem:
    """Why a line cannot be booked as it stands.

    Attributes:
        line: The line's number, counted from 1.
        reason: What is wrong.
        ticket: The IRI of the ticket concerned, or what was given for it; None when it is the line as a
            whole.
        field: The argument (``quantity``, ``offer``, ``sessions``, ``answers``) or the form field concerned.
    """

    line: int
    reason: str
    ticket: str | None = None
    field: str | None = None

    def __str__(self) -> str:
        ticket = f", ticket {self.ticket}" if self.ticket else ""
        where = f", {self.field}" if self.field else ""
        return f"line {self.line}{ticket}{where}: {self.reason}"


@frozen
class TicketChoice:
    """What a line says about one ticket of its offer.

    Attributes:
        ticket: The ticket's IRI.
        session: The IRI of the chosen session, None for none.
        answers: Answers by field, a `FormAnswers`, a finished ``formData`` object, or None.
    """

    ticket: str
    session: str | None = None
    answers: object = field(default=None, repr=False)


@frozen(eq=False)
class BookingLine:
    """One line of a bulk reservation; what becomes of it is found under it in the outcome.

    Attributes:
        number: Its place in the booking, counted from 1.
        offer: The offer's IRI; what was given instead, when that is no offer.
        quantity: How many times the offer is wanted.
        choices: What was said about its tickets.
        price: The price of one unit that the buyer was shown, a decimal string; None for the listed one.
        time_zone: The venue's time zone, for form answers that are datetimes with a zone.
        problems: What was wrong with the arguments themselves.
    """

    number: int
    offer: str
    quantity: Any
    choices: tuple[TicketChoice, ...] = ()
    price: str | None = None
    time_zone: str | None = None
    problems: tuple[BookingProblem, ...] = ()

    def choice(self, ticket: str) -> TicketChoice | None:
        """What the line says about a ticket."""
        return next((choice for choice in self.choices if choice.ticket == ticket), None)


@frozen
class Knowledge:
    """What is known of offers, tickets and forms, by IRI: their JSON, or None when the API has none."""

    offers: dict[str, Mapping[str, Any] | None] = field(factory=dict[str, Any])
    tickets: dict[str, Mapping[str, Any] | None] = field(factory=dict[str, Any])
    forms: dict[str, Mapping[str, Any] | None] = field(factory=dict[str, Any])

    def learn_offer(self, iri: str, offer: Mapping[str, Any] | None) -> None:
        """Keep what an offer says of itself and of its tickets."""
        self.offers[iri] = offer
        for ticket in objects(offer or {}, "tickets"):
            self.learn_ticket(ticket, iri)

    def learn_ticket(self, ticket: object, offer: str | None = None) -> None:
        """Keep what a ticket says of itself, unless more is known already."""
        source = json_object(ticket)
        iri = _ticket_iri(ticket, offer)
        if source is not None and iri is not None and len(source) >= len(self.tickets.get(iri) or {}):
            self.tickets[iri] = source

    def tickets_of(self, offer: str) -> tuple[str, ...] | None:
        """The IRIs of an offer's tickets, in its order; None when they are not known."""
        source = self.offers.get(offer)
        if source is None or not isinstance(source.get("tickets"), list):
            return None
        found = [_ticket_iri(ticket, offer) for ticket in objects(source, "tickets")]
        return tuple(iri for iri in found if iri is not None) if all(found) else None

    def form_of(self, ticket: str) -> str | None:
        """The IRI of a ticket's form; None when it has none or the ticket is not known."""
        source = self.tickets.get(ticket)
        return iri_of(source.get("form")) if source is not None else None


@frozen
class Wanted:
    """What has to be asked of the API before lines can be judged, by IRI."""

    offers: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.offers or self.tickets or self.forms)


@frozen
class Prepared:
    """The judgement of a booking.

    Attributes:
        items: One item of the request for each line, in order; of use only when there are no problems.
        problems: Everything that is wrong, in the order of the lines.
    """

    items: tuple[dict[str, Any], ...] = field(repr=False)
    problems: tuple[BookingProblem, ...]


class Booking:
    """The lines of a bulk reservation, and what is known about what they ask for.

    Attributes:
        knowledge: What is known; grows with every object that is added.
    """

    knowledge: Knowledge

    def __init__(
        self, *, catalog: object = None, time_zone: object = None, base_url: str | None = None
    ) -> None:
        """Start an empty booking.

        Args:
            catalog: The catalogue of offers that are given by their bare id.
            time_zone: The venue's time zone for all lines that do not state their own.
            base_url: Where the API is; IRIs may be given as URLs on its origin.

        Raises:
            InvalidIri: ``catalog`` is no catalogue.
            InvalidArgument: ``time_zone`` names no time zone.
        """
        self.knowledge = Knowledge()
        self._lines: list[BookingLine] = []
        self._base_url = base_url
        self._catalog = None if catalog is None else reference(catalog, CATALOG, base_url=base_url).iri
        self._time_zone = _zone_name(time_zone)

    @property
    def lines(self) -> tuple[BookingLine, ...]:
        """The lines so far."""
        return tuple(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def add(
        self,
        offer: object,
        quantity: int = 1,
        sessions: Mapping[Any, object] | Iterable[tuple[object, object]] | None = None,
        answers: Mapping[Any, object] | Iterable[tuple[object, object]] | None = None,
        *,
        catalog: object = None,
        price: Decimal | str | int | None = None,
        time_zone: object = None,
    ) -> BookingLine:
        """Add a line; `korus.reservations.bulk` explains the arguments. Nothing is judged here but IRIs."""
        number = len(self._lines) + 1
        problems: list[BookingProblem] = []
        found = self._try(
            number, problems, "offer", offer, OFFER, parent=self._below(catalog, number, problems)
        )
        choices: dict[str, TicketChoice] = {}
        for name, pairs in (("sessions", sessions), ("answers", answers)):
            for given, value in _pairs(pairs):
                ticket = self._try(number, problems, name, given, OFFER_TICKET, parent=found)
                if ticket is None:
                    continue
                self.knowledge.learn_ticket(given, ticket.up(OFFER).iri)
                choice = choices.get(ticket.iri, TicketChoice(ticket.iri))
                if name == "answers":
                    choices[ticket.iri] = evolve(choice, answers=value)
                elif value is not None:
                    session = self._try(number, problems, name, value, *SESSIONS, parent=ticket)
                    choice = evolve(choice, session=session.iri if session else None)
                choices.setdefault(ticket.iri, choice)
                if name == "sessions":
                    choices[ticket.iri] = choice
        source = json_object(offer)
        if found is not None and source is not None:
            self.knowledge.learn_offer(found.iri, relative_iris(source, prefix_of(self._base_url or "")))
        line = BookingLine(
            number=number,
            offer=found.iri if found else _shown(offer),
            quantity=quantity,
            choices=tuple(choices.values()),
            price=_price(price),
            time_zone=_zone_name(time_zone) or self._time_zone,
            problems=tuple(problems),
        )
        self._lines.append(line)
        return line

    def repeat(self, line: BookingLine, quantity: int | None = None) -> BookingLine:
        """Add a line of another booking once more, or some units of it; it gets the next number here."""
        again = evolve(
            line,
            quantity=line.quantity if quantity is None else quantity,
            number=len(self._lines) + 1,
            problems=tuple(evolve(problem, line=len(self._lines) + 1) for problem in line.problems),
        )
        self._lines.append(again)
        return again

    def to_dict(self) -> dict[str, Any]:
        """Write the booking as plain JSON: a queue, a file or a row can carry it.

        What is known of the offers, tickets and forms goes along, so that reading it back asks the API
        nothing anew.

        Raises:
            InvalidArgument: A line holds something that JSON cannot say.
        """
        used = {line.offer for line in self._lines}
        tickets = {iri: _kept(_TICKET_FACTS, facts) for iri, facts in self.knowledge.tickets.items() if facts}
        return {
            "version": _VERSION,
            "catalog": self._catalog,
            "timeZone": self._time_zone,
            "lines": [_line_to_dict(line) for line in self._lines],
            "known": {
                "offers": {
                    iri: _kept(_OFFER_FACTS, facts)
                    for iri, facts in self.knowledge.offers.items()
                    if facts is not None and iri in used
                },
                "tickets": tickets,
                "forms": {iri: dict(facts) for iri, facts in self.knowledge.forms.items() if facts},
            },
        }

    def load(self, stored: object) -> None:
        """Take in the lines and the knowledge of a booking that `to_dict` wrote.

        Raises:
            InvalidArgument: It is no such thing, or of a version that this korus does not know.
        """
        source = json_object(stored)
        if source is None or source.get("version") != _VERSION:
            version = None if source is None else source.get("version")
            raise InvalidArgument(f"not a stored booking of version {_VERSION}: its version is {version!r}")
        try:
            for line in [_line_from_dict(entry) for entry in source["lines"]]:
                self.repeat(line)
            self._catalog = text(source, "catalog") or self._catalog
            self._time_zone = text(source, "timeZone") or self._time_zone
            known = json_object(source.get("known")) or {}
            for iri, facts in (json_object(known.get("offers")) or {}).items():
                self.knowledge.learn_offer(iri, facts)
            self.knowledge.tickets.update(json_object(known.get("tickets")) or {})
            self.knowledge.forms.update(json_object(known.get("forms")) or {})
        except (KeyError, TypeError, AttributeError, ValueError) as cause:
            raise InvalidArgument(f"not a stored booking: {cause!r}") from cause

    def _below(self, catalog: object, number: int, problems: list[BookingProblem]) -> Reference | None:
        """The catalogue that a bare offer id is read below."""
        if catalog is None:
            return None if self._catalog is None else parse_iri(self._catalog, CATALOG)
        return self._try(number, problems, "catalog", catalog, CATALOG)

    def _try(
        self,
        number: int,
        problems: list[BookingProblem],
        name: str,
        value: object,
        *kinds: Kind,
        parent: Reference | None = None,
    ) -> Reference | None:
        try:
            return reference(value, *kinds, base_url=self._base_url, parent=parent)
        except InvalidIri as cause:
            ticket = parent.iri if parent is not None and kinds == SESSIONS else None
            problems.append(BookingProblem(number, str(cause), ticket, name))
            return None


# ---------------------------------------------------------------------- judging


def wanted(lines: Iterable[BookingLine], known: Knowledge, *, only_answers: bool = False) -> Wanted:
    """Say what the API has to be asked before the lines can be judged; empty when all that can be known is.

    Args:
        lines: The lines.
        known: What is known already.
        only_answers: Ask only for what is needed to write down the answers of lines that have any.
    """
    offers: dict[str, None] = {}
    tickets: dict[str, None] = {}
    forms: dict[str, None] = {}
    for line in lines:
        needs_form = {choice.ticket for choice in line.choices if _needs_form(choice.answers)}
        if _nameless(line) or (only_answers and not needs_form):
            continue
        if line.offer not in known.offers and not (only_answers and needs_form <= known.tickets.keys()):
            offers[line.offer] = None
            continue
        named = {choice.ticket for choice in line.choices if choice.ticket.startswith(f"{line.offer}/")}
        concerned = needs_form if only_answers else named | set(known.tickets_of(line.offer) or ())
        for ticket in sorted(concerned):
            if ticket not in known.tickets:
                tickets[ticket] = None
            form = known.form_of(ticket)
            if form is not None and form not in known.forms:
                forms[form] = None
    return Wanted(tuple(offers), tuple(tickets), tuple(forms))


def prepare(lines: Iterable[BookingLine], known: Knowledge) -> Prepared:
    """Judge all lines against what is known and write down the items of the request."""
    items: list[dict[str, Any]] = []
    problems: list[BookingProblem] = []
    for line in lines:
        found = list(line.problems)
        found += _quantity_problems(line)
        tickets = list[dict[str, Any]]()
        if not _nameless(line):
            tickets = _tickets(line, known, found)
        problems += found
        items.append({"offer": line.offer, "quantity": line.quantity, "ticketSessions": tickets})
    return Prepared(tuple(items), tuple(problems))


def _nameless(line: BookingLine) -> bool:
    """Tell whether not even the offer is known that a line is for."""
    return any(problem.field in {"offer", "catalog"} for problem in line.problems)


def _quantity_problems(line: BookingLine) -> list[BookingProblem]:
    quantity = line.quantity
    if isinstance(quantity, bool) or not isinstance(quantity, int):
        reason = f"{_shown(quantity)} is not a whole number"
    elif quantity < 1:
        reason = f"{_shown(quantity)} is less than 1"
    elif quantity > _MOST_QUANTITY:
        reason = f"{_shown(quantity)} is more than anybody can sell"
    else:
        return []
    return [BookingProblem(line.number, reason, field="quantity")]


def _tickets(line: BookingLine, known: Knowledge, problems: list[BookingProblem]) -> list[dict[str, Any]]:
    """Write down the ticket sessions of a line; what is wrong with them goes to ``problems``."""
    if line.offer in known.offers and known.offers[line.offer] is None:
        reason = "the catalogue lists no such offer (any more)"
        problems.append(BookingProblem(line.number, reason, field="offer"))
        return []
    listed = known.tickets_of(line.offer)
    named = [choice.ticket for choice in line.choices]
    strangers = [
        ticket
        for ticket in named
        if (listed is not None and ticket not in listed) or not ticket.startswith(f"{line.offer}/")
    ]
    for ticket in strangers:
        has = ", ".join(listed) if listed else ("none" if listed is not None else "not known")
        reason = f"not a ticket of this offer; its tickets: {has}"
        problems.append(BookingProblem(line.number, reason, ticket, "sessions"))
    sent = listed if listed is not None else [ticket for ticket in named if ticket not in strangers]
    return [_ticket_session(line, ticket, known, problems) for ticket in sent]


def _ticket_session(
    line: BookingLine, ticket: str, known: Knowledge, problems: list[BookingProblem]
) -> dict[str, Any]:
    choice = line.choice(ticket)
    session = choice.session if choice else None
    misread = any(problem.ticket == ticket and problem.field == "sessions" for problem in line.problems)
    facts = known.tickets.get(ticket)
    whole_day = facts.get("dateAccess") if facts is not None else None
    reason: str | None = None
    if session is None:
        if whole_day is False and not misread:
            reason = "no session chosen" if choice else "this ticket is missing"
            reason += "; it needs a session, since it does not give access for the whole day"
    elif whole_day is True:
        reason = "it gives access for the whole day and needs no session"
    else:
        reason = _foreign_session(session, ticket)
    if reason:
        problems.append(BookingProblem(line.number, reason, ticket, "sessions"))
    written: dict[str, Any] = {"ticket": ticket}
    if session is not None:
        written["session"] = session
    form_data = _form_data(line, ticket, choice, known, problems)
    if form_data is not None:
        written["formData"] = form_data
    return written


def _foreign_session(session: str, ticket: str) -> str | None:
    """Say why a session is not one of a ticket, as far as its IRI tells; the old form names an event."""
    chosen = parse_iri(session, *SESSIONS)
    if chosen.kind is OFFER_TICKET_SESSION and chosen.up(OFFER_TICKET).iri != ticket:
        return f"{session} is a session of another ticket"
    if chosen.up(CATALOG).iri != parse_iri(ticket, OFFER_TICKET).up(CATALOG).iri:
        return f"{session} is a session of another catalogue"
    return None


def _form_data(
    line: BookingLine,
    ticket: str,
    choice: TicketChoice | None,
    known: Knowledge,
    problems: list[BookingProblem],
) -> Mapping[str, Any] | None:
    answers = choice.answers if choice else None
    if isinstance(answers, FormAnswers):
        return _answered(answers, line, ticket, problems)
    given = json_object(answers)
    if answers is not None and given is None:
        reason = f"{_shown(answers)} is not a set of answers; give a mapping of fields to values"
        problems.append(BookingProblem(line.number, reason, ticket, "answers"))
        return None
    if given is not None and _is_form_data(given):
        return dict(given)
    form = known.form_of(ticket)
    facts = known.forms.get(form) if form is not None else None
    if facts is not None:
        source = facts if iri_of(facts) else {**facts, "@id": form}
        checked = FormAnswers(source, given or {}, line.time_zone)
        if not given and not checked.problems:
            return None
        return _answered(checked, line, ticket, problems)
    if given:
        problems.append(BookingProblem(line.number, _why_no_form(ticket, form, known), ticket, "answers"))
    return None


def _answered(
    answers: FormAnswers, line: BookingLine, ticket: str, problems: list[BookingProblem]
) -> Mapping[str, Any] | None:
    if not answers.problems:
        return answers.form_data
    problems += [
        BookingProblem(line.number, problem.reason, ticket, problem.field or "answers")
        for problem in answers.problems
    ]
    return None


def _why_no_form(ticket: str, form: str | None, known: Knowledge) -> str:
    if form is not None:
        return f"the form {form} cannot be read; give a FormAnswers made from its definition instead"
    if known.tickets.get(ticket) is None:
        return "nothing is known of this ticket's form; give a FormAnswers made from its definition instead"
    return "this ticket asks for no answers"


def _needs_form(answers: object) -> bool:
    source = json_object(answers)
    return bool(source) and not isinstance(answers, FormAnswers) and not _is_form_data(source or {})


def _is_form_data(answers: Mapping[Any, Any]) -> bool:
    return set(answers) == {"form", "fields"} and isinstance(answers["fields"], (list, tuple))


# ---------------------------------------------------------------------- splitting and tracing


def split(items: Sequence[dict[str, Any]], size: int) -> list[tuple[int, Sequence[dict[str, Any]]]]:
    """Cut the items into calls of at most ``size``, in order, each with the number of lines before it.

    Raises:
        InvalidArgument: ``size`` is less than 1.
    """
    if isinstance(size, bool) or not isinstance(cast("object", size), int) or size < 1:
        raise InvalidArgument(f"a call needs room for at least one line, not {size!r}")
    return [(start, items[start : start + size]) for start in range(0, len(items), size)]


def trace_violations(
    violations: Iterable[Violation], items: Sequence[Mapping[str, Any]], offset: int, known: Knowledge
) -> tuple[Violation, ...]:
    """Trace the paths of a 422 on a bulk reservation back to lines, tickets and form fields.

    Args:
        violations: As the API gave them.
        items: The items of the call that was refused.
        offset: How many lines of the booking stand before that call's first.
        known: For the names of form fields.
    """
    return tuple(_trace(violation, items, offset, known) for violation in violations)


def _trace(
    violation: Violation, items: Sequence[Mapping[str, Any]], offset: int, known: Knowledge
) -> Violation:
    path = _steps(violation.path)
    place, item = _member(items, path, "items")
    if place is None or item is None:
        return violation
    rest = path[2:]
    if rest[:1] != ["ticketSessions"]:
        return evolve(violation, line=offset + place + 1, argument=rest[0] if rest else None)
    _, session = _member(cast("Sequence[Any]", item.get("ticketSessions", ())), rest, "ticketSessions")
    if session is None:
        return evolve(violation, line=offset + place + 1, argument="sessions")
    argument = {"session": "sessions", "formData": "answers"}.get("".join(rest[2:3]), "ticket")
    form_data = json_object(session.get("formData")) or {}
    _, answer = _member(objects(form_data, "fields"), rest[3:], "fields")
    name = None if answer is None else _field_name(form_data, answer, known)
    return evolve(
        violation, line=offset + place + 1, argument=argument, ticket=session.get("ticket"), field=name
    )


def trace_order_violations(
    violations: Iterable[Violation], reservations: Sequence[str]
) -> tuple[Violation, ...]:
    """Trace the paths of a 422 on a bulk order back to reservations and to arguments of ``orders.create``."""
    return tuple(_trace_order(violation, reservations) for violation in violations)


def _trace_order(violation: Violation, reservations: Sequence[str]) -> Violation:
    path = _steps(violation.path)
    if path[:1] == ["reservations"]:
        place = _place(path[1]) if len(path) > 1 else None
        known = place is not None and place < len(reservations)
        return evolve(violation, argument="held", line=place + 1 if known and place is not None else None)
    if path[:1] == ["externalReference"]:
        return evolve(violation, argument="external_reference")
    return evolve(violation, argument=".".join(path)) if path else violation


def _steps(path: str) -> list[str]:
    return re.findall(r"[^.\[\]]+", path)


def _place(step: str) -> int | None:
    return int(step) if re.fullmatch(r"[0-9]{1,9}", step) else None


def _member(
    members: Sequence[Any], path: Sequence[str], name: str
) -> tuple[int | None, Mapping[str, Any] | None]:
    if len(path) < 2 or path[0] != name:  # noqa: PLR2004 - a name and a place
        return None, None
    place = _place(path[1])
    if place is None or place >= len(members):
        return None, None
    return place, json_object(members[place])


def _field_name(form_data: Mapping[str, Any], answer: Mapping[str, Any], known: Knowledge) -> str | None:
    iri = answer.get("field")
    form = known.forms.get(str(form_data.get("form"))) or {}
    for entry in objects(form, "fields"):
        source = json_object(entry) or {}
        if isinstance(iri, str) and (iri_of(source) == iri or iri.endswith(f"/fields/{source.get('id')}")):
            return text(source, "code") or text(source, "label") or iri
    return iri if isinstance(iri, str) else None


# ---------------------------------------------------------------------- plain JSON

_TICKET_FACTS: Final = ("@id", "id", "name", "dateAccess", "form")
_OFFER_FACTS: Final = (
    "@id",
    "id",
    "date",
    "availabilityCheckRequired",
    "realtimePriceRequired",
    "price",
    "tickets",
)
# JSON says the other values of form answers natively; these are tagged with their field type
_TAGS: Final[Mapping[type, str]] = {Decimal: "decimal", datetime: "datetime", date: "date", time: "time"}


def _kept(keys: Sequence[str], facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: [iri_of(ticket) or _kept(_TICKET_FACTS, json_object(ticket) or {}) for ticket in facts[key]]
        if key == "tickets" and isinstance(facts[key], list)
        else facts[key]
        for key in keys
        if key in facts
    }


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
        raise InvalidArgument(f"{_shown(answers)} is not a set of answers")
    if _is_form_data(source):
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
        raise InvalidArgument(f"{_shown(name)} does not name a form field")
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
        return source["code"]  # a choice, given as the object itself
    raise InvalidArgument(f"{_shown(value)} cannot be written down as JSON")


def _tagged(tag: str, value: object) -> dict[str, str]:
    if isinstance(value, datetime) and value.utcoffset() is not None:
        return {"datetime": value.isoformat()}
    try:
        return {tag: coerce_field(tag, value)[0]}
    except AnswersInvalid as refused:
        reason = refused.problems[0].reason
        raise InvalidArgument(f"{_shown(value)} cannot be written down: {reason}") from None


def _value_from_json(value: object) -> object:
    source = json_object(value)
    if source is None:
        return value
    ((tag, written),) = source.items()
    if tag == "datetime" and "T" in written:
        return datetime.fromisoformat(written)
    return parse_field(tag, written)


# ---------------------------------------------------------------------- small readings


def _ticket_iri(ticket: object, offer: str | None) -> str | None:
    found = iri_of(ticket)
    if found is None and offer is not None:
        identity = text(json_object(ticket) or {}, "id")
        found = f"{offer}/tickets/{identity}" if identity else None
    return found


def _pairs(
    given: Mapping[Any, object] | Iterable[tuple[object, object]] | None,
) -> list[tuple[object, object]]:
    if given is None:
        return []
    if isinstance(given, Mapping):
        return list(cast("Mapping[object, object]", given).items())
    return [(ticket, value) for ticket, value in given]


def _price(given: Decimal | str | int | None) -> str | None:
    if given is None:
        return None
    try:
        return coerce_field("decimal", given)[0]
    except AnswersInvalid as refused:
        raise InvalidArgument(f"not a price: {refused.problems[0].reason}") from None


def _zone_name(given: object) -> str | None:
    found = zone(given)
    if found is None:
        return None
    name = getattr(found, "key", None)
    if not isinstance(name, str):
        raise InvalidArgument("give the time zone of a booking as an IANA name, which can be written down")
    return name


def _shown(value: object) -> str:
    try:
        shown = value if isinstance(value, str) and value else repr(value)
    except ValueError:  # an int of more digits than Python writes
        shown = "a number beyond all measure"
    return shown if len(shown) <= 160 else f"{shown[:160]}…"  # noqa: PLR2004 - long enough for any IRI
