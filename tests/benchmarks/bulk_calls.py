"""Row 13: what a line of a bulk call costs, and how many requests an order of many reservations takes."""

from __future__ import annotations

import gc
import json
import logging
import math
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from korus import Korus
from korus.models import Customer, Offer
from tests.benchmarks.measuring import CPU, Figure, Row, at_most, median, quartiles

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIZES = (50, 200, 800, 1600)
_AIMS = {"add": 50.0, "submit": 60.0, "submit, with a journal": 140.0}
_FIXED = "a fixed piece of work"
_CATALOG = "/v1/ticketing/catalogs/019a4e61-e5b0-7246-801a-c1eb3bc7c567"
_CUSTOMER = Customer(firstname="Ada", lastname="Lovelace", email="ada@example.org")


def _offer(number: int) -> Offer:
    iri = f"{_CATALOG}/offers/019a57f7-0d80-7f8f-8d5c-{number:012d}"
    ticket = f"{iri}/tickets/019a57f7-24f0-723c-800c-{number:012d}"
    return Offer.from_dict(
        {
            "@id": iri,
            "id": iri.rpartition("/")[2],
            "date": "2026-12-18",
            "availabilityCheckRequired": False,
            "realtimePriceRequired": False,
            "price": {"amountInclTax": "36.50", "currency": "eur"},
            "product": {
                "@id": f"{_CATALOG}/products/019a57f7-0000-7000-8000-000000000001",
                "name": "One day",
            },
            "tickets": [{"@id": ticket, "id": ticket.rpartition("/")[2], "name": "Day", "dateAccess": True}],
        }
    )


class _Api:
    """Holds and orders everything; answers within this process, so its work counts too."""

    def __init__(self) -> None:
        self.requests = 0
        self._held: dict[str, dict[str, Any]] = {}
        self._numbers = count(1)  # parts of a call are sent at once

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/token":
            return httpx.Response(200, json={"access_token": "a", "token_type": "Bearer", "expires_in": 3600})
        self.requests += 1
        if request.method == "GET":
            held = list(reversed(self._held.values())) if path.endswith("/reservations") else []
            page = int(request.url.params.get("page", 1)) - 1
            size = int(request.url.params.get("itemsPerPage", 50))
            member = held[page * size : (page + 1) * size]
            return httpx.Response(200, json={"totalItems": len(held), "member": member})
        body = json.loads(request.content)
        if path.endswith("/reservations/_bulk"):
            return httpx.Response(201, json={"reservations": [self._hold(item) for item in body["items"]]})
        return httpx.Response(201, json={"orders": [self._order(iri) for iri in body["reservations"]]})

    def _hold(self, item: dict[str, Any]) -> dict[str, Any]:
        iri = f"/v1/booking/reservations/019a57f7-30a8-79f0-aeb7-{next(self._numbers):012d}"
        tickets = [{"ticket": each["ticket"], "session": None} for each in item["ticketSessions"]]
        held = {"offer": item["offer"], "quantity": item["quantity"], "offerTickets": tickets}
        self._held[iri] = {
            "@id": iri,
            "id": iri.rpartition("/")[2],
            "createdAt": "2026-11-29T10:00:00+00:00",
            "expiresAt": "2099-12-29T10:00:00+00:00",
            "expired": False,
            "status": "reserved",
            "order": None,
            "totalAmountInclTax": "36.50",
            "items": [held],
        }
        return self._held[iri]

    def _order(self, reservation: str) -> dict[str, Any]:
        iri = reservation.replace("reservations", "orders")
        return {"@id": iri, "reservation": reservation, "externalReference": "SHOP-1", "items": []}


def _client(api: _Api, journal: str | None) -> Korus:
    return Korus(
        client_id="a",
        client_secret="b",
        base_url="https://api.example",
        token_url="https://api.example/token",
        http_client=httpx.Client(transport=httpx.MockTransport(api)),
        journal=journal,
    )


def _per_line(size: int, journal: str | None) -> tuple[float, float]:
    """Return the µs per line of adding and of submitting."""
    offers = [_offer(number) for number in range(size)]
    with _client(_Api(), journal) as korus:
        first = korus.reservations.bulk()
        first.add(_offer(size))
        assert first.submit(check=False).ok
        booking = korus.reservations.bulk()
        gc.collect()
        gc.disable()  # as in the other rows
        started = CPU()
        for offer in offers:
            booking.add(offer)
        added = CPU()
        held = booking.submit(check=False)
        ended = CPU()
        gc.enable()
    assert len(held.succeeded) == size
    return (added - started) / size * 1e6, (ended - added) / size * 1e6


def _fixed() -> float:
    """Return the µs that writing and reading a small object take."""
    started = CPU()
    for _ in range(1000):
        json.loads(json.dumps({"a": [1, 2, 3] * 10, "b": "x" * 50}))
    return (CPU() - started) / 1000 * 1e6


def _measured(rounds: int) -> Iterator[tuple[str, int, float]]:
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds + 1):
            for size in _SIZES:
                added, submitted = _per_line(size, None)
                _, written = _per_line(size, str(Path(folder, f"{turn}-{size}.db")))
                if turn:  # the first time imports
                    yield "add", size, added
                    yield "submit", size, submitted
                    yield "submit, with a journal", size, written


def _requests(size: int) -> int:
    api = _Api()
    with _client(api, None) as korus:
        booking = korus.reservations.bulk()
        for number in range(size):
            booking.add(_offer(number))
        held = booking.submit(check=False)
        before = api.requests
        assert korus.orders.create(held, customer=_CUSTOMER, external_reference="SHOP-1").ok
    return api.requests - before


def run(rounds: int) -> Row:
    """Measure lines of 50 to 1,600."""
    logging.getLogger("korus").setLevel(logging.ERROR)
    times: dict[str, list[float]] = {_FIXED: [_fixed() for _ in range(rounds)]}
    for what, size, spent in _measured(rounds):
        times.setdefault(f"{what}, a line of {size}", []).append(spent)
    figures = []
    for what, aim in _AIMS.items():
        lines = times[f"{what}, a line of {_SIZES[1]}"]
        figures.append(
            Figure(f"{what}: a line of {_SIZES[1]}", median(lines), quartiles(lines), "µs", **at_most(aim))
        )
        first, last = (median(times[f"{what}, a line of {size}"]) * size for size in (_SIZES[0], _SIZES[-1]))
        growth = math.log(last / first) / math.log(_SIZES[-1] / _SIZES[0])
        figures.append(Figure(f"{what}: exponent of growth", growth, unit="", **at_most(1.1)))
    for size in (1, 50, 120):
        most = math.ceil(size / 50) + 4
        figures.append(
            Figure(f"requests for an order of {size} reservations", _requests(size), unit="", **at_most(most))
        )
    return Row(
        13,
        "hold and order in bulk",
        "µs",
        times,
        figures,
        [
            "processor time of all threads, with that of the answers, which are made in the same process",
            "a booking of one line comes first: it gets the token and makes the journal's tables",
            "the fixed piece of work writes and reads a small object with the standard library's json",
        ],
    )
