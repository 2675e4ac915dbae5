"""Builder of a bulk reservation: collects lines, validates all of them, checks them live, and holds them."""

from __future__ import annotations

import logging
from copy import copy
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from attrs import frozen

from korus._async.booking.hold import hold_all
from korus._booking.booking import Booking
from korus._booking.hold_steps import take_snapshot
from korus._booking.judging import Prepared, prepare, wanted
from korus._booking.lines import BookingLine, BookingProblem
from korus._booking.live_checks import (
    LineCheck,
    listed_price,
    needs_availability,
    refuse,
    tolerance,
)
from korus._booking.offer_facts import OfferFacts, TicketFacts
from korus._booking.outcomes import BulkOutcome, Line
from korus._booking.request_items import RequestedLine, split
from korus._core import watches
from korus._core.client_bound import ClientBound
from korus._core.form_fields import FormDefinition
from korus._core.throttled_log import THROTTLE
from korus._http.query import date_filter
from korus._primitives.asynchronous import map_ordered
from korus.errors import (
    BadRequest,
    BookingInvalid,
    InvalidArgument,
    NotFound,
    OperationUnavailable,
    PermissionDenied,
)
from korus.iri import CATALOG, OFFER, OFFER_TICKET, parse_iri

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from datetime import date, tzinfo
    from decimal import Decimal
    from typing import TypeAlias

    from korus._async.booking.session import AsyncSession
    from korus._async.http.pages import AsyncPages
    from korus._booking.bulk_call import BulkResult
    from korus._booking.snapshot import Snapshot
    from korus.forms import FormAnswers
    from korus.iri import Reference
    from korus.models import (
        Catalog,
        Form,
        Offer,
        OfferAvailability,
        OfferPrice,
        OfferTicket,
        OfferTicketSession,
        Product,
        ProductBase,
        Reservation,
    )

    _Ticket: TypeAlias = OfferTicket | Reference | str
    _Value = TypeVar("_Value")
    _ByTicket: TypeAlias = (
        Mapping[OfferTicket, _Value]
        | Mapping[Reference, _Value]
        | Mapping[str, _Value]
        | Mapping[_Ticket, _Value]
        | Iterable[tuple[_Ticket | Mapping[str, Any], _Value]]
    )

__all__ = ["AsyncBulkReservation", "AsyncLookUps"]

_Facts = TypeVar("_Facts")
_LOG = logging.getLogger("korus.booking")
_PAGE = 50
_CONCURRENCY = 4


class _Offers(Protocol):
    """Look-ups of offers, as in `AsyncOffers`."""

    def list(
        self,
        catalog: str,
        *,
        after: str | None = None,
        before: str | None = None,
        products: Iterable[Product | Reference | str] | None = None,
        page_size: int | None = None,
    ) -> AsyncPages[Offer]: ...

    async def ticket(self, ticket: str) -> OfferTicket: ...

    def tickets(self, offer: str) -> AsyncPages[OfferTicket]: ...

    async def availability(self, offer: str) -> OfferAvailability: ...

    async def price(self, offer: str) -> OfferPrice: ...


class _Forms(Protocol):
    """Look-up of forms, as in `AsyncForms`."""

    async def get(self, form: str) -> Form: ...


@frozen
class AsyncLookUps:
    """Reads of a booking before it is validated."""

    offers: _Offers
    forms: _Forms


class AsyncBulkReservation(ClientBound):
    """Builder of a bulk reservation; `AsyncKorus.reservations.bulk` creates one.

    Adding lines sends nothing. `submit` then reports the problems of all lines at once, or holds the lines and
    returns the outcome of each.

    Example:
        >>> booking = korus.reservations.bulk()
        >>> line = booking.add(offer, quantity=2, sessions={ticket: session})
        >>> held = await booking.submit(max_price_change="0.00")
        >>> held.by_line[line].status
        'succeeded'

    Reference: 4.9, 7.2, 7.3.
    """

    def __init__(
        self,
        session: AsyncSession,
        look_ups: AsyncLookUps,
        *,
        catalog: Catalog | Mapping[str, Any] | Reference | str | None = None,
        time_zone: ProductBase | Mapping[str, Any] | tzinfo | str | None = None,
        lines_per_call: int = 50,
        concurrency: int = _CONCURRENCY,
    ) -> None:
        split((), lines_per_call)  # refuses an invalid size
        self._session, self._look_ups = session, look_ups
        self._booking = Booking(catalog=catalog, time_zone=time_zone, base_url=session.config.base_url)
        # hints for offers that were given by IRI: product and date
        self._hints: dict[str, tuple[Product | Reference | str | None, str | None]] = {}
        self._lines_per_call = lines_per_call
        self._concurrency = concurrency

    @property
    def lines(self) -> tuple[BookingLine, ...]:
        """The lines so far."""
        return self._booking.lines

    def __len__(self) -> int:
        return len(self._booking)

    def __copy__(self) -> Self:
        """Return a booking with the same lines, to which others can be added."""
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other._booking, other._hints = copy(self._booking), dict(self._hints)
        return other

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} lines>"

    def add(
        self,
        offer: Offer | Mapping[str, Any] | Reference | str,
        quantity: int = 1,
        *,
        sessions: _ByTicket[OfferTicketSession | Mapping[str, Any] | Reference | str | None] | None = None,
        answers: _ByTicket[FormAnswers | Mapping[Any, Any] | None] | None = None,
        catalog: Catalog | Mapping[str, Any] | Reference | str | None = None,
        price: Decimal | str | int | None = None,
        time_zone: ProductBase | Mapping[str, Any] | tzinfo | str | None = None,
        product: Product | Reference | str | None = None,
        date: date | str | None = None,
    ) -> BookingLine:
        """Add a line; nothing is sent, and its problems are reported later with those of other lines.

        The API cannot return a single offer. Pass the offer itself (an object or its JSON) to avoid a look-up; an IRI
        or id is searched among the offers of ``product`` on ``date``, and without these hints among the offers of the
        whole catalogue, once for all lines of a booking.

        Args:
            offer: The offer: an object, its JSON, its IRI, or its id if the catalogue is known.
            quantity: The number of units, at least 1.
            sessions: The chosen session of each ticket of the offer that requires one, by ticket: objects, IRIs
                or ids, as a mapping or as pairs. Tickets that give access for the whole day need no entry.
            answers: The answers to the form of each ticket that has one, by ticket: a mapping of fields to
                values as `korus.forms` takes them, or a `korus.forms.FormAnswers`.
            catalog: The catalogue of an offer that is given by its id.
            price: The price of one unit that the buyer was shown; by default the offer's listed price.
            time_zone: The venue's time zone (an IANA name or a product base), for answers that are datetimes
                with a zone.
            product: The offer's product, as a hint for the look-up.
            date: The offer's date, as a hint for the look-up; a date or ``YYYY-MM-DD``.

        Returns:
            The line; the outcome's ``by_line`` contains its result.

        Raises:
            InvalidArgument: ``price``, ``time_zone`` or ``date`` cannot be read.
        """
        day = date_filter(date, "date")
        line = self._booking.add(
            offer, quantity, sessions, answers, catalog=catalog, price=price, time_zone=time_zone
        )
        if product is not None or day is not None:
            self._hints[line.offer] = (product, day)
        return line

    def to_dict(self) -> dict[str, Any]:
        """Return the booking as plain JSON, for a queue, a file or a database row; `load` reads it.

        Raises:
            InvalidArgument: An answer has a type that cannot be stored.
        """
        return self._booking.to_dict()

    def load(self, stored: Mapping[str, Any]) -> Self:
        """Add the lines of a booking that `to_dict` wrote, and return this builder.

        Raises:
            InvalidArgument: It is not a stored booking, or its version is not supported.
        """
        self._booking.load(stored)
        return self

    async def problems(self) -> tuple[BookingProblem, ...]:
        """Check the lines, and read the required facts from the API; nothing is held."""
        return (await self._prepared(check=True)).problems

    async def requested(self) -> tuple[RequestedLine, ...]:
        """Return the requested lines in the form of the intent log; nothing is held.

        Raises:
            BookingInvalid: Lines are invalid; contains all problems.
        """
        prepared = self._judged(await self._prepared(check=True))
        return tuple(map(RequestedLine.of, prepared.items))

    async def check(self) -> tuple[LineCheck, ...]:
        """Read availability and price of offers that require it; nothing is held.

        Returns:
            One check for each line.

        Raises:
            BookingInvalid: Lines are invalid; contains all problems.
            KorusError: A request failed; see `korus.errors`.

        Reference: 7.2.
        """
        self._judged(await self._prepared(check=True))
        checks, _ = await self._ask(with_snapshot=False)
        return checks

    async def submit(
        self,
        *,
        max_price_change: Decimal | str | int | None = None,
        check: bool = True,
        external_reference: str | None = None,
    ) -> BulkOutcome[Reservation, AsyncBulkReservation]:
        """Hold the lines.

        Args:
            max_price_change: The maximum difference of the price of one unit from the listed one (or from the
                ``price`` of the line), up or down, in units of the currency; None for no limit.
            check: True to read missing facts (tickets, forms, availability, price) first. With False, the lines
                are only checked against the known facts, and the rest is left to the API.
            external_reference: Your reference for the purchase of this hold. It is not sent, but written to the
                journal, to find these holds after a crash.

        Returns:
            The outcome of each line. Each reservation ends at its own ``expires_at``.

        Raises:
            BookingInvalid: Lines are invalid; contains all problems. Nothing was sent.
            SoldOut: Less is left than requested; nothing is held.
            PriceChanged: A price changed more than allowed; nothing is held.
            ValidationFailed: The API refused the request as a whole; its violations name line, ticket, field.
            OutcomeUnknown: The answer was lost, and the result could not be determined.
            KorusError: A request failed; see `korus.errors`.

        Reference: 3.10, 7.3.
        """
        allowed = tolerance(max_price_change)
        with watches.action(self._session.transport.observer, "book", len(self.lines)):
            return await self._submit(allowed, external_reference, check=check)

    async def _submit(
        self, allowed: Decimal | None, external_reference: str | None, *, check: bool
    ) -> BulkOutcome[Reservation, AsyncBulkReservation]:
        prepared = self._judged(await self._prepared(check=check))
        if check:
            checks, snapshot = await self._ask(with_snapshot=True)
            refuse(checks, prepared.items, allowed)
            # the current price of one unit shows how many a hold has; the listed one may be outdated
            prices = [each.unit_price for each in checks]
        elif allowed is not None:
            raise InvalidArgument("`max_price_change` requires check=True, since the price must be read.")
        else:
            snapshot = await self._session.driver.run(take_snapshot())
            offers = self._booking.knowledge.offers
            prices = [listed_price(line, offers.get(line.offer)).amount for line in self.lines]
        result = await hold_all(
            self._session.driver,
            self.lines,
            prepared.items,
            [None if price is None else str(price) for price in prices],
            known=self._booking.knowledge,
            snapshot=snapshot,
            external_reference=external_reference,
            lines_per_call=self._lines_per_call,
            concurrency=self._concurrency,
        )
        return self.outcome_of(result)

    def outcome_of(self, result: BulkResult[Reservation]) -> BulkOutcome[Reservation, AsyncBulkReservation]:
        """Build the public outcome from the results of the lines."""
        return BulkOutcome(
            result.lines,
            result.unmatched_failures,
            result.unmatched,
            rebook=self._rebook,
            rebook_units=self.rebook_units,
            clock=self._session.transport.clock,
        )

    def _rebook(self, lines: Sequence[Line]) -> AsyncBulkReservation:
        return self.rebook_units([(line, line.quantity) for line in lines if isinstance(line, BookingLine)])

    def rebook_units(self, lines: Sequence[tuple[BookingLine, int]]) -> AsyncBulkReservation:
        """Start a booking of lines of this one, each with a number of units."""
        again = AsyncBulkReservation(
            self._session,
            self._look_ups,
            lines_per_call=self._lines_per_call,
            concurrency=self._concurrency,
        )
        again._booking.knowledge = self._booking.knowledge
        for line, units in lines:
            again._booking.repeat(line, quantity=units)
        return again

    def _judged(self, prepared: Prepared) -> Prepared:
        if prepared.problems:
            raise BookingInvalid(prepared.problems, operation="bulk_create_reservations")
        if not prepared.items:
            raise InvalidArgument("there are no lines to book; add some first")
        return prepared

    # --- reading missing facts -----------------------------------------------------------------------------

    async def _prepared(self, *, check: bool) -> Prepared:
        known, shared = self._booking.knowledge, self._session.offer_facts.known
        for _ in range(4):  # offers first, then their tickets, then the forms of these
            need = wanted(self.lines, known, only_answers=not check)
            if not need:
                break
            known.tickets.update(_those(shared.tickets, need.tickets))
            known.forms.update(_those(shared.forms, need.forms))
            for offer in need.offers:
                if offer in shared.offers:
                    known.learn_offer(offer, shared.offers[offer])
            await self._learn_offers([offer for offer in need.offers if offer not in known.offers])
            questions: list[Callable[[], Awaitable[None]]] = []
            questions += [self._learner(self._learn_ticket, iri) for iri in need.tickets]
            questions += [self._learner(self._learn_form, iri) for iri in need.forms]
            await map_ordered(_asked, questions, concurrency=self._concurrency)
        return prepare(self.lines, known)

    def _learner(self, learn: Callable[[str], Awaitable[None]], iri: str) -> Callable[[], Awaitable[None]]:
        async def question() -> None:
            await learn(iri)

        return question

    async def _learn_offers(self, iris: Sequence[str]) -> None:
        """Look offers up in the lists of their catalogues, which is the only way to read one."""
        known = self._booking.knowledge
        catalogs: dict[str, set[str]] = {}
        for wanted_iri in iris:
            catalogs.setdefault(parse_iri(wanted_iri, OFFER).up(CATALOG).iri, set()).add(wanted_iri)
        for catalog, missing in catalogs.items():
            try:
                await self._look_by_hints(catalog, missing)
                if missing:
                    text = (
                        f"{catalog}: reading all offers of the catalogue, to find {len(missing)} that were "
                        "given by IRI; to avoid this, pass the offer's JSON to add(), or its product= and date="
                    )
                    key = ("catalogue_read_whole", catalog)
                    THROTTLE.log(_LOG, logging.INFO, key, text, {"event": "catalogue_read_whole"})
                    await self._look(catalog, missing)
            except NotFound:
                pass  # the catalogue does not exist either
            known.offers.update(dict.fromkeys(missing))

    async def _look_by_hints(self, catalog: str, missing: set[str]) -> None:
        """Look offers up by their hints, with one list for all products of a day."""
        days: dict[str | None, list[Product | Reference | str | None]] = {}
        for iri in sorted(missing):
            if iri in self._hints:
                product, day = self._hints[iri]
                days.setdefault(day, []).append(product)
        for day, products in days.items():
            filters: dict[str, Any] = {} if day is None else {"after": day, "before": day}
            named = [product for product in products if product is not None]
            if len(named) == len(products):
                filters["products"] = named
            if not filters:
                continue
            try:
                await self._look(catalog, missing, **filters)
            except (BadRequest, NotFound, OperationUnavailable):
                continue  # a wrong hint is ignored

    async def _look(self, catalog: str, missing: set[str], **filters: Any) -> None:
        """Read the offers of a catalogue until none is missing; remove each one found from ``missing``."""
        known, shared = self._booking.knowledge, self._session.offer_facts.known
        async for offer in self._look_ups.offers.list(catalog, page_size=_PAGE, **filters):
            facts = OfferFacts.read(offer)
            if facts.iri is None or not facts.is_described:
                continue
            shared.offers[facts.iri] = facts
            if facts.iri in missing:
                missing.discard(facts.iri)
                known.learn_offer(facts.iri, facts)
            if not missing:
                break

    async def _learn_ticket(self, iri: str) -> None:
        known = self._booking.knowledge
        if iri in known.tickets:
            return
        try:
            found = TicketFacts.read(await self._look_ups.offers.ticket(iri))
        except NotFound:
            found = None
        except OperationUnavailable:
            offer = parse_iri(iri, OFFER_TICKET).up(OFFER).iri
            async for ticket in self._look_ups.offers.tickets(offer):
                known.learn_ticket(TicketFacts.read(ticket, offer))
            found = known.tickets.get(iri)
        known.tickets[iri] = found
        if found is not None:
            self._session.offer_facts.known.tickets[iri] = found

    async def _learn_form(self, iri: str) -> None:
        known = self._booking.knowledge
        if iri in known.forms:
            return
        try:
            found = FormDefinition.read(await self._look_ups.forms.get(iri), iri)
        except (NotFound, PermissionDenied, OperationUnavailable):
            found = None
        known.forms[iri] = found
        if found is not None:
            self._session.offer_facts.known.forms[iri] = found

    # --- reading availability and price --------------------------------------------------------------------

    async def _ask(self, *, with_snapshot: bool) -> tuple[tuple[LineCheck, ...], Snapshot | None]:
        """Read all availabilities and prices concurrently, once for each offer."""
        known = self._booking.knowledge
        offers: dict[str, list[BookingLine]] = {}
        for line in self.lines:
            offers.setdefault(line.offer, []).append(line)
        left: dict[str, Any] = {}
        prices: dict[str, Any] = {}
        snapshots: list[Snapshot | None] = []

        async def availability_of(offer: str) -> None:
            left[offer] = await self._look_ups.offers.availability(offer)

        async def price_of(offer: str) -> None:
            prices[offer] = await self._look_ups.offers.price(offer)

        async def look() -> None:
            snapshots.append(await self._session.driver.run(take_snapshot()))

        questions: list[Callable[[], Awaitable[None]]] = [look] if with_snapshot else []
        for offer, lines in offers.items():
            facts = known.offers.get(offer)
            tickets = [known.tickets.get(iri) for iri in known.tickets_of(offer) or ()]
            if needs_availability(facts, tickets, lines):
                questions.append(self._learner(availability_of, offer))
            if facts is not None and facts.needs_price:
                questions.append(self._learner(price_of, offer))
        await map_ordered(_asked, questions, concurrency=self._concurrency)
        checks: list[LineCheck] = []
        for line in self.lines:
            listed = listed_price(line, known.offers.get(line.offer))
            answers = left.get(line.offer), prices.get(line.offer)
            checks.append(LineCheck(line, *answers, listed.amount, listed.currency))
        return tuple(checks), snapshots[0] if snapshots else None


def _those(shared: Mapping[str, _Facts], iris: Iterable[str]) -> dict[str, _Facts]:
    """Return the known facts of some IRIs."""
    return {iri: shared[iri] for iri in iris if iri in shared}


async def _asked(question: Callable[[], Awaitable[None]]) -> None:
    await question()
