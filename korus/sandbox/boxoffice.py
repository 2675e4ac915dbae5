"""Bookings of the sandbox: stock, holds, orders, issued tickets and their documents.

One lock serialises all changes: the last place is held once, a reservation is ordered once. Holds expire by the
sandbox's clock; their places are returned before anything else happens. No HTTP and no JSON here.
"""

from __future__ import annotations

import heapq
import threading
from collections import Counter, defaultdict
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from attrs import define, field, frozen

from korus.sandbox.catalogue import Catalogue, Offer, OfferTicket, Session, session_stock
from korus.sandbox.ids import digest_of, milliseconds, uuid7

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from korus.sandbox.clock import Clock

__all__ = [
    "BoxOffice",
    "Document",
    "Failure",
    "IssuedTicket",
    "Order",
    "Request",
    "Reservation",
]

_NAMING_CLOSES = timedelta(days=2)
_LATE_NAMING = timedelta(hours=1)
_LATE_DOCUMENTS = timedelta(days=2)


@frozen
class Request:
    """One line of a bulk reservation, checked and resolved.

    ``sessions`` has one entry for every ticket of the offer, in the offer's order; None for a whole-day
    ticket.
    """

    offer: Offer
    quantity: int
    sessions: tuple[tuple[OfferTicket, Session | None], ...]
    answers: tuple[tuple[str, str, str], ...] = ()


@frozen
class Failure:
    """Reason why the issuer refused one entry of a bulk call."""

    code: str
    message: str


@define(eq=False)
class Reservation:
    """A hold: one line of a bulk reservation. ``unit_price`` is in cents."""

    id: str
    organization: str
    request: Request
    unit_price: int
    created: datetime
    expires: datetime
    order: str | None = None
    returned: bool = False
    released: bool = False

    @property
    def iri(self) -> str:
        """The hold's address."""
        return f"/v1/booking/reservations/{self.id}"

    def expired(self, now: datetime) -> bool:
        """Return True if it ended without an order."""
        return self.order is None and now >= self.expires


@define(eq=False)
class IssuedTicket:
    """A ticket of an order item; ``required`` names the beneficiary fields that must be known."""

    id: str
    iri: str
    offer_ticket: OfferTicket
    session: Session | None
    voucher: str
    required: tuple[str, ...]
    deadline: datetime | None
    amendable: bool
    beneficiary: dict[str, str | None] | None = None

    @property
    def complete(self) -> bool:
        """True if all required beneficiary fields are known."""
        return all((self.beneficiary or {}).get(name) for name in self.required)

    @property
    def occurs_at(self) -> datetime | None:
        """The start of its session."""
        return None if self.session is None else self.session.occurs_at


@define(eq=False)
class Document:
    """A file of an order; ``edition`` counts the changes of its content."""

    id: str
    kind: Literal["tickets", "confirmation"]
    downloadable: datetime
    edition: int = 1


@define(eq=False)
class Order:
    """A purchase: one reservation, confirmed."""

    id: str
    organization: str
    reservation: Reservation
    customer: Mapping[str, str | bool]
    external_reference: str
    notes: str | None
    created: datetime
    reference: str
    connector_reference: str
    item_id: str
    tickets: tuple[IssuedTicket, ...] = ()
    documents: list[Document] = field(factory=list[Document])

    @property
    def iri(self) -> str:
        """The order's address."""
        return f"/v1/booking/orders/{self.id}"

    @property
    def offer(self) -> Offer:
        """The offer that was bought."""
        return self.reservation.request.offer

    @property
    def complete(self) -> bool:
        """True if all required beneficiaries are known."""
        return all(ticket.complete for ticket in self.tickets)


class BoxOffice:
    """Stock and bookings of one sandbox.

    Args:
        catalogue: The catalogue.
        clock: The clock by which holds expire.
        hold: How long a hold lasts; each catalogue's own time when None.
        document_delay: The time between the completion of an order and its documents.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        clock: Clock,
        *,
        hold: timedelta | None = None,
        document_delay: timedelta = timedelta(seconds=1),
    ) -> None:
        self.catalogue = catalogue
        self.clock = clock
        self.lock = threading.RLock()
        self.reservations: dict[str, Reservation] = {}
        self.orders: dict[str, Order] = {}
        self.reservations_of: defaultdict[str, list[Reservation]] = defaultdict(list)
        self.orders_of: defaultdict[str, list[Order]] = defaultdict(list)
        self.orders_by_reference: defaultdict[tuple[str, str], list[Order]] = defaultdict(list)
        self._hold = hold
        self._document_delay = document_delay
        self._taken: Counter[str] = Counter()
        self._stock: dict[str, int] = {}
        self._prices: dict[str, int] = {}
        self._ends: list[tuple[datetime, int, Reservation]] = []
        self._made = 0

    # --- stock and price ------------------------------------------------------------------------------------

    def available(self, offer: Offer) -> int | None:
        """Return how many of an offer can be held now; None when no limit is known."""
        with self.lock:
            self._give_back()
            return self._available(offer)

    def available_of(self, offers: Sequence[Offer]) -> list[int | None]:
        """Return how many of each offer can be held now."""
        with self.lock:
            self._give_back()
            return [self._available(offer) for offer in offers]

    def session_available(self, session: Session) -> int:
        """Return how many places of a start time are left now."""
        with self.lock:
            self._give_back()
            return self._session_available(session)

    def _available(self, offer: Offer) -> int | None:
        capacity = self._stock.get(offer.id, offer.capacity)
        limits = [] if capacity is None else [max(0, capacity - self._taken.get(offer.id, 0))]
        limits += [sum(self._left(*session) for session in sessions) for sessions in session_stock(offer)]
        return min(limits) if limits else None

    def _session_available(self, session: Session) -> int:
        return self._left(session.id, session.capacity)

    def _left(self, key: str, capacity: int) -> int:
        return max(0, self._stock.get(key, capacity) - self._taken.get(key, 0))

    def set_stock(self, key: str, available: int) -> None:
        """Set how many of an offer or a session (by id) are left."""
        with self.lock:
            self._give_back()
            self._stock[key] = self._taken[key] + available

    def price(self, offer: Offer) -> int:
        """Return the current price of an offer, in cents."""
        with self.lock:
            return self._prices.get(offer.id, offer.moving_price)

    def set_price(self, offer_id: str, cents: int) -> None:
        """Set the current price of an offer; lists still show the old one."""
        with self.lock:
            self._prices[offer_id] = cents

    # --- holds ----------------------------------------------------------------------------------------------

    def hold(self, request: Request, organization: str) -> Reservation | Failure:
        """Hold one line, or return the reason why the issuer refuses."""
        with self.lock:
            now = self._give_back()
            refusal = self._hold_refused(request, now)
            if refusal is not None:
                return refusal
            for key in self._keys(request):
                self._taken[key] += request.quantity
            offer = request.offer
            lasts = self._hold or timedelta(minutes=offer.catalog.plan.hold_minutes)
            created = now.replace(microsecond=0)
            reservation = Reservation(
                id=self._new_id("reservation", now),
                organization=organization,
                request=request,
                unit_price=self._prices.get(offer.id, offer.moving_price),
                created=created,
                expires=created + lasts,
            )
            self.reservations[reservation.id] = reservation
            self.reservations_of[organization].append(reservation)
            heapq.heappush(self._ends, (reservation.expires, self._made, reservation))
            return reservation

    def _hold_refused(self, request: Request, now: datetime) -> Failure | None:
        offer = request.offer
        if offer.product.plan.disabled or offer.product.base.plan.disabled:
            return Failure("product_disabled", "This product is not on sale.")
        if offer.date is not None and offer.date < now.astimezone(offer.catalog.zone).date():
            return Failure("offer_closed", "The date of this offer has passed.")
        left = self._available(offer)
        if left is not None and left < request.quantity:
            return Failure("offer_unavailable", f"Asked for {request.quantity}, {left} left.")
        for _, session in request.sessions:
            if session is None:
                continue
            left = self._session_available(session)
            if left < request.quantity:
                return Failure(
                    "session_unavailable", f"Asked for {request.quantity} at that time, {left} left."
                )
        return None

    @staticmethod
    def _keys(request: Request) -> list[str]:
        return [request.offer.id, *(session.id for _, session in request.sessions if session is not None)]

    def _give_back(self) -> datetime:
        """Release the places of expired holds; return the current time."""
        now = self.clock.now()
        while self._ends and self._ends[0][0] <= now:
            reservation = heapq.heappop(self._ends)[2]
            if reservation.order is None and not reservation.returned:
                self._return(reservation)
        return now

    def _return(self, reservation: Reservation) -> None:
        reservation.returned = True
        for key in self._keys(reservation.request):
            self._taken[key] -= reservation.request.quantity

    def expire(self, reservation_id: str) -> None:
        """End a hold at once; nothing happens when it is unknown, ordered or over."""
        with self.lock:
            now = self._give_back()
            reservation = self.reservations.get(reservation_id)
            if reservation is None or reservation.order is not None or reservation.returned:
                return
            reservation.expires = min(reservation.expires, now.replace(microsecond=0))
            self._return(reservation)

    def release(self, reservation: Reservation) -> bool:
        """Release the places of a hold before it ends; False if it is ordered. A second time nothing happens."""
        with self.lock:
            self._give_back()
            if reservation.order is not None:
                return False
            if not reservation.returned:
                reservation.released = True
                self._return(reservation)
            return True

    # --- orders ---------------------------------------------------------------------------------------------

    def order(
        self,
        reservation: Reservation,
        customer: Mapping[str, str | bool],
        external_reference: str,
        notes: str | None,
    ) -> Order | Failure:
        """Turn a hold into an order, once."""
        with self.lock:
            now = self._give_back()
            if reservation.order is not None:
                return Failure("reservation_already_ordered", "This reservation has been ordered.")
            if reservation.returned or reservation.expired(now):
                return Failure("reservation_expired", "The hold had ended.")
            order = self._confirmed(reservation, customer, external_reference, notes, now)
            reservation.order = order.id
            self.orders[order.id] = order
            self.orders_of[order.organization].append(order)
            self.orders_by_reference[order.organization, external_reference].append(order)
            self._issue_documents(order, now)
            return order

    def _confirmed(
        self,
        reservation: Reservation,
        customer: Mapping[str, str | bool],
        external_reference: str,
        notes: str | None,
        now: datetime,
    ) -> Order:
        order_id = self._new_id("order", now)
        digest = digest_of("order", order_id)
        order = Order(
            id=order_id,
            organization=reservation.organization,
            reservation=reservation,
            customer=customer,
            external_reference=external_reference,
            notes=notes,
            created=now.replace(microsecond=0),
            reference=f"{reservation.request.offer.catalog.plan.reference}-{digest[:3].hex().upper()}",
            connector_reference=str(5000 + len(self.orders)),
            item_id=self._new_id("item", now),
        )
        order.tickets = tuple(self._issued(order, now))
        return order

    def _issued(self, order: Order, now: datetime) -> list[IssuedTicket]:
        request = order.reservation.request
        base = request.offer.product.base.plan
        tickets: list[IssuedTicket] = []
        for unit in range(request.quantity):
            for place, (offer_ticket, session) in enumerate(request.sessions):
                named = base.names == "each" or (base.names == "lead" and unit == place == 0)
                ticket_id = self._new_id("ticket", now)
                tickets.append(
                    IssuedTicket(
                        id=ticket_id,
                        iri=f"{order.iri}/items/{order.item_id}/tickets/{ticket_id}",
                        offer_ticket=offer_ticket,
                        session=session,
                        voucher=str(int.from_bytes(digest_of("voucher", ticket_id)[:8], "big"))[:16].rjust(
                            16, "4"
                        ),
                        required=base.required if named else (),
                        deadline=self._naming_deadline(request.offer, session, now) if named else None,
                        amendable=base.amendable,
                    )
                )
        return tickets

    @staticmethod
    def _naming_deadline(offer: Offer, session: Session | None, now: datetime) -> datetime | None:
        if offer.date is None:
            return None
        start = (
            session.occurs_at if session else datetime.combine(offer.date, time(23, 59), offer.catalog.zone)
        )
        return min(start, max(now.replace(microsecond=0) + _LATE_NAMING, start - _NAMING_CLOSES))

    def _issue_documents(self, order: Order, now: datetime) -> None:
        """Create the documents of an order once all beneficiaries are named; later changes make a new edition."""
        if not order.complete:
            return
        if order.documents:
            for document in order.documents:
                document.edition += 1
            return
        ready = _downloadable(now, self._document_delay)
        if order.offer.product.base.plan.instant or order.offer.date is None:
            order.documents.append(Document(self._new_id("document", now), "tickets", ready))
            return
        eve = datetime.combine(order.offer.date, time(6), order.offer.catalog.zone) - _LATE_DOCUMENTS
        order.documents.append(Document(self._new_id("document", now), "confirmation", ready))
        order.documents.append(Document(self._new_id("document", now), "tickets", max(ready, eve)))

    def name_beneficiary(
        self, order: Order, ticket: IssuedTicket, changes: Mapping[str, str | None]
    ) -> Failure | None:
        """Merge beneficiary data into a ticket; return None, or the reason for a refusal."""
        with self.lock:
            now = self._give_back()
            if ticket.deadline is not None and now > ticket.deadline:
                return Failure("deadline_passed", "The time for naming this ticket's beneficiary has passed.")
            if ticket.beneficiary is not None and not ticket.amendable:
                return Failure("not_amendable", "This ticket's beneficiary cannot be changed any more.")
            ticket.beneficiary = {**(ticket.beneficiary or {}), **changes}
            self._issue_documents(order, now)
            return None

    # --- looking up -----------------------------------------------------------------------------------------

    def reservations_for(self, organization: str) -> Sequence[Reservation]:
        """Return an organisation's reservations, oldest first."""
        with self.lock:
            self._give_back()
            return tuple(self.reservations_of[organization])

    def orders_for(self, organization: str, external_reference: str | None = None) -> Sequence[Order]:
        """Return an organisation's orders, oldest first, of one external reference or of all."""
        with self.lock:
            if external_reference is not None:
                return tuple(self.orders_by_reference.get((organization, external_reference), ()))
            return tuple(self.orders_of[organization])

    def _new_id(self, kind: str, now: datetime) -> str:
        self._made += 1
        return uuid7(digest_of(self.catalogue.seed, kind, self._made), milliseconds(now))


def _downloadable(complete: datetime, delay: timedelta) -> datetime:
    """Return when a document can be downloaded, in whole seconds as the API shows it."""
    if not delay:
        return complete.replace(microsecond=0)
    ready = complete + delay
    return ready if not ready.microsecond else ready.replace(microsecond=0) + timedelta(seconds=1)
