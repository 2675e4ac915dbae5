"""Draft of a bulk reservation: its lines, and the known facts about their offers. No I/O.

A `Booking` collects lines. The facts that are needed to check a line (the offer's tickets, their sessions and forms)
are a `Knowledge`, filled from the objects that the caller passed and, by the client, from the API.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from korus._booking.lines import BookingLine, BookingProblem, TicketChoice, shown_value
from korus._booking.offer_facts import Knowledge, OfferFacts, TicketFacts
from korus._booking.stored_booking import StoredBooking, booking_to_dict, read_booking
from korus.errors import AnswersInvalid, InvalidArgument, InvalidIri
from korus.forms import coerce_field, zone
from korus.iri import CATALOG, OFFER, OFFER_TICKET, SESSIONS, Kind, Reference, parse_iri, prefix_of, reference

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["Booking"]


class Booking:
    """Lines of a bulk reservation, and the known facts about their offers.

    Attributes:
        knowledge: The known facts; every added object extends them.
    """

    knowledge: Knowledge

    def __init__(
        self, *, catalog: object = None, time_zone: object = None, base_url: str | None = None
    ) -> None:
        """Start an empty booking.

        Args:
            catalog: The catalogue of offers that are given by their bare id.
            time_zone: The venue's time zone for all lines that do not set their own.
            base_url: The API's address; IRIs may be given as URLs of its origin.

        Raises:
            InvalidIri: ``catalog`` is not a catalogue.
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

    def __copy__(self) -> Booking:
        other = object.__new__(Booking)
        vars(other).update(vars(self))
        other._lines = list(self._lines)
        return other

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
        """Add a line; `korus.reservations.bulk` explains the arguments. Only IRIs are checked here."""
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
                self.knowledge.learn_ticket(TicketFacts.read(given, ticket.up(OFFER).iri))
                choice = choices.get(ticket.iri, TicketChoice(ticket.iri))
                if name == "answers":
                    choices[ticket.iri] = evolve(choice, answers=value)
                elif value is not None:
                    session = self._try(number, problems, name, value, *SESSIONS, parent=ticket)
                    choice = evolve(choice, session=session.iri if session else None)
                choices.setdefault(ticket.iri, choice)
                if name == "sessions":
                    choices[ticket.iri] = choice
        if found is not None:
            facts = OfferFacts.read(offer, found.iri, prefix=prefix_of(self._base_url or ""))
            if facts.is_described:
                self.knowledge.learn_offer(found.iri, facts)
        line = BookingLine(
            number=number,
            offer=found.iri if found else shown_value(offer),
            quantity=quantity,
            choices=tuple(choices.values()),
            price=_price(price),
            time_zone=_zone_name(time_zone) or self._time_zone,
            problems=tuple(problems),
        )
        self._lines.append(line)
        return line

    def repeat(self, line: BookingLine, quantity: int | None = None) -> BookingLine:
        """Add a line of another booking again, or some of its units; it gets the next number here."""
        again = evolve(
            line,
            quantity=line.quantity if quantity is None else quantity,
            number=len(self._lines) + 1,
            problems=tuple(evolve(problem, line=len(self._lines) + 1) for problem in line.problems),
        )
        self._lines.append(again)
        return again

    def to_dict(self) -> dict[str, Any]:
        """Return the booking as plain JSON, for a queue, a file or a database row.

        The known facts about offers, tickets and forms are included, so that reading it back sends no requests.

        Raises:
            InvalidArgument: A line holds a value that cannot be written as JSON.
        """
        return booking_to_dict(StoredBooking(self.lines, self.knowledge, self._catalog, self._time_zone))

    def load(self, stored: object) -> None:
        """Add the lines and the facts of a booking that `to_dict` wrote.

        Raises:
            InvalidArgument: It is not a stored booking, or its version is not supported.
        """
        read = read_booking(stored)
        for line in read.lines:
            self.repeat(line)
        self._catalog = read.catalog or self._catalog
        self._time_zone = read.time_zone or self._time_zone
        for iri, offer in read.known.offers.items():
            self.knowledge.learn_offer(iri, offer)
        self.knowledge.tickets.update(read.known.tickets)
        self.knowledge.forms.update(read.known.forms)

    def _below(self, catalog: object, number: int, problems: list[BookingProblem]) -> Reference | None:
        """The catalogue of bare offer ids."""
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
        raise InvalidArgument("`time_zone` of a booking must be an IANA name, so that it can be stored.")
    return name
