"""Look-up of a booking file's offers, tickets and sessions in the catalogue. Reads only; holds nothing.

Names are compared regardless of case and spacing, in the client's language. A name that is unknown or ambiguous is a
problem of the file, reported with its line and the alternatives; all problems are collected.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from korus._core.texts import folded
from korus.cli.booking_file import BookingFile, Item, OfferGiven, OfferNamed, Text
from korus.cli.entries import Named, OfferEntry, SessionEntry
from korus.cli.source_positions import FileProblem, quoted
from korus.errors import InvalidIri, NotFound, OperationUnavailable
from korus.iri import OFFER, Reference, parse_iri, relative_iri

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from korus import Korus

__all__ = ["Found", "look_up"]

_MOST_CANDIDATES = 6
_DAYS_AROUND = 14
_LARGEST_PAGE = 50  # reference 8.1
_PAGES_AHEAD = 4


@frozen
class Found:
    """A line of the file, with its offer from the catalogue.

    Attributes:
        item: The line.
        catalog: The catalogue's name.
        product: The product's name.
        offer: The offer.
        tickets: The names of the offer's tickets by their IRI.
        sessions: The IRI of the chosen session by the IRI of its ticket.
        answers: The answers by the IRI of their ticket.
        starts: The start times of the chosen sessions, as far as the API has them.
        written: The file's names of its tickets, by their IRI.
    """

    item: Item
    catalog: str
    product: str
    offer: Any
    tickets: Mapping[str, str] = field(factory=dict[str, str])
    sessions: Mapping[str, str] = field(factory=dict[str, str])
    answers: Mapping[str, Mapping[str, Any]] = field(factory=dict[str, "Mapping[str, Any]"], repr=False)
    starts: frozenset[datetime] = frozenset()
    written: Mapping[str, str] = field(factory=dict[str, str])

    @property
    def date(self) -> str | None:
        """The offer's calendar date, None where it has none."""
        return OfferEntry.read(self.offer).date

    @property
    def title(self) -> str:
        """Description of the line in one line of text."""
        when = f", {self.date}" if self.date else ""
        return f"{self.item.quantity} x {self.product}{when} ({self.catalog})"


def look_up(korus: Korus, booking: BookingFile) -> tuple[tuple[Found, ...], tuple[FileProblem, ...]]:
    """Find every line of a booking.

    Returns:
        What was found, in the order of the lines, and the problems of the lines that are not among it.

    Raises:
        KorusError: A request failed.
    """
    search = _Search(korus, booking)
    found = [search.item(item) for item in booking.items]
    return tuple(entry for entry in found if entry is not None), tuple(search.problems)


@define
class _Scan:
    """Offers of a catalogue, read once and only as far as needed.

    Attributes:
        listed: The offers that are not read yet.
        wanted: The ids that a file names; other offers are not kept.
    """

    listed: Iterator[Any]
    wanted: frozenset[str]
    _read: dict[str, Any] = field(factory=dict[str, Any])

    def find(self, offer_id: str) -> Any:
        """Return the offer with this id; None if the catalogue has none."""
        while offer_id not in self._read:
            entry = next(self.listed, None)
            if entry is None:
                return None
            named = Named.read(entry)
            for each in self.wanted & {named.id, named.iri.rpartition("/")[2]}:
                self._read.setdefault(each, entry)
        return self._read[offer_id]


@define
class _Search:
    """One search of the catalogue: each list is read once."""

    korus: Korus
    booking: BookingFile
    problems: list[FileProblem] = field(factory=list[FileProblem])
    _catalogs: tuple[Named, ...] | None = None
    _products: dict[str, tuple[Named, ...]] = field(factory=dict[str, "tuple[Named, ...]"])
    _scans: dict[str, _Scan] = field(factory=dict[str, "_Scan"])
    _on_day: dict[tuple[str, str, date | None], list[Any]] = field(
        factory=dict["tuple[str, str, date | None]", "list[Any]"]
    )
    _sessions: dict[str, list[Any] | None] = field(factory=dict[str, "list[Any] | None"])

    def item(self, item: Item) -> Found | None:
        before = len(self.problems)
        placed = (
            self.given(item.offer) if isinstance(item.offer, OfferGiven) else self.named(item, item.offer)
        )
        if placed is None:
            return None
        catalog, offer = placed
        tickets = OfferEntry.read(offer).tickets
        sessions: dict[str, str] = {}
        starts: set[datetime] = set()
        names: dict[str, str] = {}
        for written, session in item.sessions.items():
            ticket = self.ticket(tickets, written, item, "sessions", sessions)
            if ticket is not None and (chosen := self.session(ticket, session)) is not None:
                sessions[ticket.iri], start = chosen
                names[ticket.iri] = written
                starts |= {start} if start else set()
        answers: dict[str, Mapping[str, Any]] = {}
        for written, values in item.answers.items():
            ticket = self.ticket(tickets, written, item, "answers", answers)
            if ticket is not None:
                answers[ticket.iri] = values
                names[ticket.iri] = written
        if len(self.problems) == before:
            self.missing_sessions(item, tickets, sessions)
            self.too_many_beneficiaries(item, tickets)
        if len(self.problems) > before:
            return None
        return Found(
            item,
            catalog.name,
            OfferEntry.read(offer).product_name,
            offer,
            {ticket.iri: ticket.name for ticket in tickets},
            sessions,
            answers,
            frozenset(starts),
            names,
        )

    def refuse(self, at: Text, reason: str) -> None:
        self.problems.append(FileProblem(at.line, at.where, reason))

    def refuse_at(self, where: str, reason: str) -> None:
        self.problems.append(FileProblem(self.booking.line_of(where), where, reason))

    # ── catalogues, products, offers ──

    def catalogs(self) -> tuple[Named, ...]:
        if self._catalogs is None:
            self._catalogs = tuple(Named.read(catalog) for catalog in self.korus.catalogs.list())
        return self._catalogs

    def products(self, catalog: Named) -> tuple[Named, ...]:
        if catalog.iri not in self._products:
            try:
                bases = list(self.korus.product_bases.list(catalog.thing))
                listed = [product for base in bases for product in self.korus.products.list(base)]
            except OperationUnavailable:  # the old model has no bases
                listed = list(self.korus.products.list(catalog.thing))
            self._products[catalog.iri] = tuple(Named.read(product) for product in listed)
        return self._products[catalog.iri]

    def named(self, item: Item, offer: OfferNamed) -> tuple[Named, Any] | None:
        catalog = self.one_of(self.catalogs(), offer.catalog, "catalogue granted to you")
        if catalog is None:
            return None
        product = self.one_of(self.products(catalog), offer.product, f"product of {catalog.name}")
        if product is None:
            return None
        found = self.on_day(catalog, product, offer.date)
        if len(found) == 1:
            return catalog, found[0]
        when = "without a date" if offer.date is None else offer.date.isoformat()
        if found:
            iris = ", ".join(str(OfferEntry.read(entry).iri) for entry in found[:_MOST_CANDIDATES])
            reason = f"{product.name} has {len(found)} offers {when}; say which by offer: {iris}"
        else:
            reason = f"{product.name} has no offer {when}{self.days_on_sale(catalog, product, offer)}"
        self.refuse_at(f"{item.where}.date", reason)
        return None

    def on_day(self, catalog: Named, product: Named, day: date | None) -> list[Any]:
        key = (catalog.iri, product.iri, day)
        if key not in self._on_day:
            listed = self.korus.offers.list(catalog.thing, products=[product.thing], after=day, before=day)
            written = None if day is None else day.isoformat()
            # a server may ignore a filter: do not book another day or product
            self._on_day[key] = [
                entry for entry in listed if _is_offer_of(OfferEntry.read(entry), product, written)
            ]
        return self._on_day[key]

    def days_on_sale(self, catalog: Named, product: Named, offer: OfferNamed) -> str:
        near = self.korus.offers.list(
            catalog.thing,
            products=[product.thing],
            after=offer.date and _moved(offer.date, -_DAYS_AROUND),
            before=offer.date and _moved(offer.date, _DAYS_AROUND),
            sort="asc",
            page_size=_LARGEST_PAGE,
        )
        days = {day: None for entry in near if (day := OfferEntry.read(entry).date)}
        return f"; it is on sale on {_some(list(days))}" if days else ""

    def given(self, offer: OfferGiven) -> tuple[Named, Any] | None:
        """Find an offer by IRI or id; no call gives a single offer, so its catalogue is read through."""
        catalogs: Sequence[Named] = self.catalogs()
        if "/" in offer.offer.text:
            address = self.address(offer.offer)
            if address is None:
                return None
            wanted, own = address.id, address.ids["catalog_id"]
            catalogs = [
                catalog for catalog in catalogs if catalog.id == own or catalog.iri.endswith(f"/{own}")
            ]
            if not catalogs:
                self.refuse(offer.offer, "this offer is in no catalogue that is granted to you")
                return None
        else:
            wanted = offer.offer.text
        if offer.catalog is not None:
            catalog = self.one_of(catalogs, offer.catalog, "catalogue of this offer")
            if catalog is None:
                return None
            catalogs = [catalog]
        for catalog in catalogs:
            entry = self.scan(catalog).find(wanted)
            if entry is not None:
                return catalog, entry
        self.refuse(offer.offer, f"there is no such offer in {_some([catalog.name for catalog in catalogs])}")
        return None

    def scan(self, catalog: Named) -> _Scan:
        if catalog.iri not in self._scans:
            given = (
                item.offer.offer.text for item in self.booking.items if isinstance(item.offer, OfferGiven)
            )
            listed = self.korus.offers.list(catalog.thing, page_size=_LARGEST_PAGE, prefetch=_PAGES_AHEAD)
            self._scans[catalog.iri] = _Scan(iter(listed), frozenset(map(self.offer_id, given)))
        return self._scans[catalog.iri]

    def offer_id(self, written: str) -> str:
        if "/" not in written:
            return written
        with suppress(InvalidIri):  # reported for its line
            return parse_iri(written, OFFER, base_url=self.korus.config.base_url).id
        return ""

    def address(self, written: Text) -> Reference | None:
        try:
            return parse_iri(written.text, OFFER, base_url=self.korus.config.base_url)
        except InvalidIri as error:
            self.refuse(written, error.message)
            return None

    def relative(self, written: Text) -> str:
        return relative_iri(written.text, self.korus.config.base_url) if "/" in written.text else written.text

    # ── tickets and sessions ──

    def ticket(
        self, tickets: Sequence[Named], written: str, item: Item, key: str, said: Mapping[str, object]
    ) -> Named | None:
        where = f"{item.where}.{key}.{written}"
        at = Text(written, self.booking.line_of(where), where)
        ticket = self.one_of(tickets, at, "ticket of this offer")
        if ticket is not None and ticket.iri in said:
            self.refuse(at, f"the ticket {ticket.name!r} is named twice")
            return None
        return ticket

    def session(self, ticket: Named, written: Text) -> tuple[str, datetime | None] | None:
        """Return the IRI and the start of a session written as an IRI, an id or a start time."""
        listed = self.sessions(ticket)
        matching = [
            found
            for session, found in zip(listed or (), map(SessionEntry.read, listed or ()), strict=True)
            if Named.read(session).is_meant_by(self.relative(written)) or written.text in found.written
        ]
        if len(matching) == 1 and matching[0].iri is not None:
            return matching[0].iri, matching[0].start
        if "/" in written.text:
            return written.text, None  # of another form; the booking judges whether it can be this ticket's
        if listed is None:
            self.refuse(written, "the sessions of this ticket cannot be listed; say the session by its IRI")
            return None
        what = "begins at more than one session" if matching else "is no session"
        self.refuse(written, f"{quoted(written.text)} {what} of {ticket.name}{_times(listed)}")
        return None

    def sessions(self, ticket: Named) -> list[Any] | None:
        """Return the sessions of a ticket; None if the API has no list of them."""
        if ticket.iri not in self._sessions:
            try:
                self._sessions[ticket.iri] = list(self.korus.offers.sessions(ticket.iri))
            except (OperationUnavailable, NotFound):
                self._sessions[ticket.iri] = None
        return self._sessions[ticket.iri]

    def missing_sessions(self, item: Item, tickets: Iterable[Named], chosen: Mapping[str, str]) -> None:
        for ticket in tickets:
            if ticket.iri in chosen or not ticket.needs_session:
                continue
            reason = f"the ticket {ticket.name!r} needs a session{_times(self.sessions(ticket) or [])}"
            self.refuse_at(f"{item.where}.sessions", reason)

    def too_many_beneficiaries(self, item: Item, tickets: Sequence[Named]) -> None:
        places = item.quantity * max(1, len(tickets))
        if len(item.beneficiaries) > places:
            reason = f"{len(item.beneficiaries)} people for {places} ticket{'s' * (places > 1)}"
            self.refuse_at(f"{item.where}.beneficiaries", reason)

    def one_of(self, things: Sequence[Named], written: Text, what: str) -> Named | None:
        """Find one entry by IRI or id, else by name; report a problem if none or several match."""
        meant = [thing for thing in things if thing.is_meant_by(self.relative(written))]
        meant = meant or [thing for thing in things if thing.is_called(written.text)]
        if len(meant) > 1:  # an exact match precedes names that differ in case or spacing
            meant = [thing for thing in meant if thing.name == written.text] or meant
        if len(meant) == 1:
            return meant[0]
        if meant:
            iris = _some([thing.iri for thing in meant])
            self.refuse(
                written,
                f"{quoted(written.text)} is the name of more than one {what}: say which by IRI: {iris}",
            )
            return None
        names = {folded(thing.name): thing.name for thing in things}
        near = [names[name] for name in get_close_matches(folded(written.text), names, n=3, cutoff=0.5)]
        offered = (
            f"did you mean {_some(near)}?" if near else f"there are {_some(list(names.values())) or 'none'}"
        )
        self.refuse(written, f"{quoted(written.text)} is no {what}; {offered}")
        return None


def _is_offer_of(offer: OfferEntry, product: Named, day: str | None) -> bool:
    another = offer.product and product.iri and offer.product != product.iri
    return offer.date == day and not another


def _moved(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:  # at the ends of the calendar
        return day


def _times(sessions: Iterable[object]) -> str:
    """Return the start times of sessions, as the end of a message."""
    times = _some([found.written[0] for found in map(SessionEntry.read, sessions) if found.written])
    return f"; there are {times}" if times else ""


def _some(words: Sequence[str]) -> str:
    """Join some of the words, with the number of the others."""
    quote = "'" if any("," in word for word in words) else ""
    shown = ", ".join(f"{quote}{word}{quote}" for word in words[:_MOST_CANDIDATES])
    return f"{shown} and {len(words) - _MOST_CANDIDATES} more" if len(words) > _MOST_CANDIDATES else shown
