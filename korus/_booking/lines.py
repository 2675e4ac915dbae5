"""Lines of a bulk reservation, and their problems. No I/O."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

__all__ = ["BookingLine", "BookingProblem", "TicketChoice", "shown_value"]


@frozen
class BookingProblem:
    """Reason why a line cannot be booked.

    Attributes:
        line: The line's number, counted from 1.
        reason: The problem.
        ticket: The IRI of the ticket concerned, or the value given for it; None if the problem concerns the
            whole line.
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
    """Session and form answers of a line for one ticket of its offer.

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
    """One line of a bulk reservation; the key of its result in the outcome.

    Attributes:
        number: Its place in the booking, counted from 1.
        offer: The offer's IRI, or the invalid value given for it.
        quantity: The number of units of the offer.
        choices: The choices for its tickets.
        price: The price of one unit that the buyer was shown, a decimal string; None for the listed one.
        time_zone: The venue's time zone, for form answers that are datetimes with a zone.
        problems: The problems of the arguments themselves.
    """

    number: int
    offer: str
    quantity: Any
    choices: tuple[TicketChoice, ...] = ()
    price: str | None = None
    time_zone: str | None = None
    problems: tuple[BookingProblem, ...] = ()

    def choice(self, ticket: str) -> TicketChoice | None:
        """The line's choice for a ticket."""
        return next((choice for choice in self.choices if choice.ticket == ticket), None)


def shown_value(value: object) -> str:
    """Return a value for a message, shortened."""
    try:
        shown = value if isinstance(value, str) and value else repr(value)
    except ValueError:  # an int with more digits than Python converts
        shown = "a number with too many digits"
    return shown if len(shown) <= 160 else f"{shown[:160]}…"  # noqa: PLR2004 - long enough for any IRI
