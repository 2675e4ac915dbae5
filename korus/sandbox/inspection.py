"""Inspection of a sandbox's requests and bookings, for tests and campaigns.

It is the server's side, with which a client's results are compared.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from korus.sandbox.clock import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from korus.sandbox.boxoffice import BoxOffice, Order, Reservation
    from korus.sandbox.tokens import TokenEndpoint

__all__ = ["Exchange", "Inspection"]

_KEPT_EXCHANGES = 20_000


@frozen
class Exchange:
    """One request: to which operation, how it was answered, and which faults struck it.

    A status of 0 means that it was not answered.

    ``authorized`` is True if it had an ``Authorization`` header.
    """

    operation: str
    method: str
    path: str
    status: int
    faults: tuple[str, ...]
    authorized: bool
    language: str | None
    moment: datetime

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {**asdict(self), "moment": stamp(self.moment)}


class Inspection:
    """Requests and bookings of a sandbox."""

    def __init__(self, box_office: BoxOffice, tokens: TokenEndpoint) -> None:
        self._box_office = box_office
        self._tokens = tokens
        self._lock = threading.Lock()
        self._exchanges: deque[Exchange] = deque(maxlen=_KEPT_EXCHANGES)
        self._requests: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._storage_with_token = 0

    def note(self, exchange: Exchange) -> None:
        """Log a request."""
        with self._lock:
            self._exchanges.append(exchange)
            self._requests[exchange.operation] += 1
            self._statuses[exchange.status] += 1
            if exchange.operation == "storage" and exchange.authorized:
                self._storage_with_token += 1

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The latest requests (20,000 at most), oldest first."""
        with self._lock:
            return tuple(self._exchanges)

    @property
    def requests(self) -> Counter[str]:
        """The number of requests by operation; ``token`` and ``storage`` count too."""
        with self._lock:
            return Counter(self._requests)

    @property
    def statuses(self) -> Counter[int]:
        """The number of answers by status; 0 is a dropped connection."""
        with self._lock:
            return Counter(self._statuses)

    @property
    def tokens_issued(self) -> int:
        """The number of issued access tokens, of all grant types."""
        return self._tokens.tokens_issued

    @property
    def token_grants(self) -> Counter[str]:
        """The number of issued access tokens by grant type."""
        return Counter(self._tokens.issued)

    @property
    def storage_requests(self) -> int:
        """The number of requests to the storage host."""
        return self.requests["storage"]

    @property
    def storage_requests_with_token(self) -> int:
        """The number of those with an ``Authorization`` header; each is a leak."""
        with self._lock:
            return self._storage_with_token

    @property
    def orders(self) -> list[dict[str, Any]]:
        """Every order: its address, reservation, offer, quantity, external reference, documents and names."""
        with self._box_office.lock:
            return [_order_facts(order) for order in self._box_office.orders.values()]

    @property
    def reservations(self) -> list[dict[str, Any]]:
        """Every reservation made: its address, offer, quantity, sessions, order, whether it is over."""
        with self._box_office.lock:
            now = self._box_office.clock.now()
            return [_reservation_facts(held, now) for held in self._box_office.reservations.values()]

    @property
    def open_reservations(self) -> list[dict[str, Any]]:
        """The reservations that hold stock and have no order."""
        return [held for held in self.reservations if held["order"] is None and not held["expired"]]

    def orders_by_reference(self) -> dict[str, list[dict[str, Any]]]:
        """Return the orders of each external reference."""
        found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for order in self.orders:
            found[order["externalReference"]].append(order)
        return dict(found)

    def orders_by_reservation(self) -> dict[str, list[str]]:
        """Return the orders of each reservation; more than one would be a fault of the sandbox."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for order in self.orders:
            found[order["reservation"]].append(order["order"])
        return dict(found)

    def summary(self) -> dict[str, Any]:
        """Return all counts as a JSON object."""
        return {
            "now": stamp(self._box_office.clock.now()),
            "offers": self._box_office.catalogue.offer_count,
            "reservations": len(self._box_office.reservations),
            "open_reservations": len(self.open_reservations),
            "orders": len(self._box_office.orders),
            "tokens_issued": self.tokens_issued,
            "token_grants": dict(self.token_grants),
            "requests": dict(self.requests),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "storage_requests": self.storage_requests,
            "storage_requests_with_token": self.storage_requests_with_token,
        }


def _reservation_facts(held: Reservation, now: datetime) -> dict[str, Any]:
    return {
        "reservation": held.iri,
        "organization": held.organization,
        "offer": held.request.offer.iri,
        "quantity": held.request.quantity,
        "sessions": [None if session is None else session.iri for _, session in held.request.sessions],
        "answers": [list(answer) for answer in held.request.answers],
        "order": None if held.order is None else f"/v1/booking/orders/{held.order}",
        "expired": held.returned or held.expired(now),
        "expiresAt": stamp(held.expires),
    }


def _order_facts(order: Order) -> dict[str, Any]:
    return {
        "order": order.iri,
        "organization": order.organization,
        "reservation": order.reservation.iri,
        "offer": order.offer.iri,
        "quantity": order.reservation.request.quantity,
        "externalReference": order.external_reference,
        "reference": order.reference,
        "createdAt": stamp(order.created),
        "documents": [f"{order.iri}/documents/{document.id}" for document in order.documents],
        "tickets": [ticket.iri for ticket in order.tickets],
        "beneficiaries": [ticket.beneficiary for ticket in order.tickets],
    }
