"""Validation of the lines of a bulk reservation before it is sent. No I/O.

`wanted` returns the facts that are needed first. `prepare` returns every problem of every line, or the items of the
request (reference 4.9). Unknown facts are not checked locally, but by the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from korus._booking.lines import BookingProblem, shown_value
from korus._booking.request_items import TicketSession, is_form_data, read_answers, request_item
from korus.forms import FormAnswers
from korus.iri import CATALOG, OFFER_TICKET, OFFER_TICKET_SESSION, SESSIONS, parse_iri

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from korus._booking.lines import BookingLine, TicketChoice
    from korus._booking.offer_facts import Knowledge

__all__ = ["Prepared", "Wanted", "prepare", "wanted"]

_MOST_QUANTITY: Final = 2**31 - 1


@frozen
class Wanted:
    """Offers, tickets and forms to read before lines can be checked, by IRI."""

    offers: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.offers or self.tickets or self.forms)


@frozen
class Prepared:
    """Result of checking a booking.

    Attributes:
        items: One item of the request for each line, in order; valid only if there are no problems.
        problems: All problems, in the order of the lines.
    """

    items: tuple[dict[str, Any], ...] = field(repr=False)
    problems: tuple[BookingProblem, ...]


def wanted(lines: Iterable[BookingLine], known: Knowledge, *, only_answers: bool = False) -> Wanted:
    """Return the facts to read from the API before the lines can be checked; empty if none are missing.

    Args:
        lines: The lines.
        known: The known facts.
        only_answers: Return only the facts that are needed to encode form answers.
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
    """Check all lines against the known facts, and build the items of the request."""
    items: list[dict[str, Any]] = []
    problems: list[BookingProblem] = []
    for line in lines:
        found = [*line.problems, *_quantity_problems(line)]
        tickets = [] if line.problems and _nameless(line) else _tickets(line, known, found)
        problems += found
        items.append(request_item(line.offer, line.quantity, tickets))
    return Prepared(tuple(items), tuple(problems))


def _nameless(line: BookingLine) -> bool:
    """Return True if the offer of a line is not known."""
    return any(problem.field in {"offer", "catalog"} for problem in line.problems)


def _quantity_problems(line: BookingLine) -> list[BookingProblem]:
    quantity = line.quantity
    if isinstance(quantity, bool) or not isinstance(quantity, int):
        reason = f"must be an integer, got {shown_value(quantity)}"
    elif quantity < 1:
        reason = f"must be at least 1, got {shown_value(quantity)}"
    elif quantity > _MOST_QUANTITY:
        reason = f"{shown_value(quantity)} is too large"
    else:
        return []
    return [BookingProblem(line.number, reason, field="quantity")]


def _tickets(line: BookingLine, known: Knowledge, problems: list[BookingProblem]) -> list[TicketSession]:
    """Build the ticket sessions of a line; add their problems to ``problems``."""
    if line.offer in known.offers and known.offers[line.offer] is None:
        reason = "the catalogue does not contain this offer"
        problems.append(BookingProblem(line.number, reason, field="offer"))
        return []
    listed = known.tickets_of(line.offer)
    named = [choice.ticket for choice in line.choices]
    unexpected = [
        ticket
        for ticket in named
        if (listed is not None and ticket not in listed) or not ticket.startswith(f"{line.offer}/")
    ]
    for ticket in unexpected:
        has = ", ".join(listed) if listed else ("none" if listed is not None else "not known")
        reason = f"not a ticket of this offer; its tickets: {has}"
        problems.append(BookingProblem(line.number, reason, ticket, "sessions"))
    sent = listed if listed is not None else [ticket for ticket in named if ticket not in unexpected]
    return [_ticket_session(line, ticket, known, problems) for ticket in sent]


def _ticket_session(
    line: BookingLine, ticket: str, known: Knowledge, problems: list[BookingProblem]
) -> TicketSession:
    choice = line.choice(ticket)
    session = choice.session if choice else None
    facts = known.tickets.get(ticket)
    whole_day = None if facts is None else facts.is_whole_day
    reason: str | None = None
    if session is None:
        if whole_day is False and not _is_misread(line, ticket):
            reason = "no session given" if choice else "this ticket is missing"
            reason += "; it requires a session, since it does not give access for the whole day"
    elif whole_day is True:
        reason = "it gives access for the whole day and takes no session"
    else:
        reason = _foreign_session(session, ticket)
    if reason:
        problems.append(BookingProblem(line.number, reason, ticket, "sessions"))
    return TicketSession(ticket, session, _form_data(line, ticket, choice, known, problems))


def _is_misread(line: BookingLine, ticket: str) -> bool:
    return any(problem.ticket == ticket and problem.field == "sessions" for problem in line.problems)


def _foreign_session(session: str, ticket: str) -> str | None:
    """Return why a session is not one of a ticket, as far as its IRI shows; the old form names an event."""
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
    given = read_answers(answers)
    if answers is not None and given is None:
        reason = f"must be a mapping of fields to values, got {shown_value(answers)}"
        problems.append(BookingProblem(line.number, reason, ticket, "answers"))
        return None
    if given is not None and is_form_data(given):
        return dict(given)
    form = known.form_of(ticket)
    definition = known.forms.get(form) if form is not None else None
    if definition is not None:
        checked = FormAnswers(definition.to_dict(), given or {}, line.time_zone)
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
        return f"the form {form} cannot be read; pass a FormAnswers built from its definition instead"
    if known.tickets.get(ticket) is None:
        return "this ticket's form is not known; pass a FormAnswers built from its definition instead"
    return "this ticket has no form"


def _needs_form(answers: object) -> bool:
    given = read_answers(answers)
    return bool(given) and not isinstance(answers, FormAnswers) and not is_form_data(given or {})
