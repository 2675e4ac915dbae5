"""Short ways to write requested lines, reservations, orders and failed entries, read as korus reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from korus._booking.facts import FailedEntry, OrderFacts, ReservationFacts
from korus._booking.request_items import RequestedLine

NOW = datetime(2026, 2, 3, 14, 0, tzinfo=UTC)
CATALOG = "/v1/ticketing/catalogs/c"
_numbers = count(1)


def offer_iri(offer):
    return f"{CATALOG}/offers/{offer}"


def ticket_iri(offer, ticket=1):
    return f"{offer_iri(offer)}/tickets/{ticket}"


def session_iri(offer, session, ticket=1):
    return f"{ticket_iri(offer, ticket)}/sessions/{session}"


def old_session_iri(session):
    return f"{CATALOG}/events/e/sessions/{session}"


def reservation_iri(name):
    return f"/v1/booking/reservations/{name}"


def order_iri(name):
    return f"/v1/booking/orders/{name}"


def item(offer=1, quantity=1, session=None, answers=None):
    """Return an item of a request."""
    entry = {"ticket": ticket_iri(offer)}
    if session:
        entry["session"] = session if isinstance(session, str) else session_iri(offer, session)
    if answers:
        entry["formData"] = {"form": "/v1/forms/f", "fields": [{"field": "f", "value": answers}]}
    return {"offer": offer_iri(offer), "quantity": quantity, "ticketSessions": [entry]}


def asked(offer=1, quantity=1, session=None, answers=None, price=None):
    """Return what a line asks for."""
    return RequestedLine.of(item(offer, quantity, session, answers), price)


def held_json(offer=1, session=None, *, name=None, items=1, quantity=None, amount=None, seconds=0, **more):
    """Return a reservation as the API writes it; one item for each unit where ``items`` says so."""
    shown = session_iri(offer, session) if isinstance(session, int) else session
    entry = {
        "offer": offer_iri(offer),
        "offerTickets": [{"ticket": ticket_iri(offer), "session": shown}],
        "amountInclTax": None,
        **({} if quantity is None else {"quantity": quantity}),
    }
    return {
        "@id": reservation_iri(name or f"r{next(_numbers)}"),
        "createdAt": (NOW + timedelta(seconds=seconds)).isoformat(),
        "items": [entry] * items,
        "status": "reserved",
        "expired": False,
        "order": None,
        "totalAmountInclTax": amount,
        **more,
    }


def held(offer=1, session=None, **more):
    """Return the facts of a reservation."""
    return ReservationFacts.read(held_json(offer, session, **more))


def refused_json(offer=1, quantity=None, session=None, **more):
    """Return a failed entry of a hold, with as much as is given."""
    return {
        "@type": "FailedReservation",
        **({} if offer is None else {"offer": offer_iri(offer)}),
        **({} if quantity is None else {"quantity": quantity}),
        **({} if session is None else {"ticketSessions": [{"session": session_iri(offer, session)}]}),
        **more,
    }


def refused(offer=1, quantity=None, session=None, **more):
    """Return the facts of a failed entry."""
    return FailedEntry.read(refused_json(offer, quantity, session, **more))


def failed(raw):
    """Return the facts of a failed entry of any shape."""
    return FailedEntry.read(raw)


def ordered(reservation=None, name=None, **more):
    """Return the facts of an order."""
    return OrderFacts.read(
        {
            "@id": order_iri(name or f"o{next(_numbers)}"),
            "reservation": None if reservation is None else reservation_iri(reservation),
            **more,
        }
    )


FAILURES = [
    ({"refused": "Conflict"}, {"/r", "/s"}),
    ({"cancelled": True}, set()),
    (
        {
            "lines": [
                {"status": "succeeded", "reservation": "/r", "orders": ["/o"]},
                {"status": "failed", "reservation": "/s", "orders": []},
            ]
        },
        {"/s"},
    ),
]
"""Outcomes of an intent for ``/r`` and ``/s``, and the keys that its caller was told have failed."""

DOUBTS = [
    ({"refused": "Conflict"}, set()),
    ({"cancelled": True}, set()),
    ({"forgotten": True}, {"/r", "/s"}),
    (
        {
            "lines": [
                {"status": "succeeded", "reservation": "/r", "orders": ["/o"]},
                {"status": "failed", "reservation": "/s", "orders": []},
            ]
        },
        {"/r"},
    ),
]
"""Outcomes of an order that was sent for the reservations /r and /s, and those that may have an order after it."""
