"""Bookings of the campaign: small ones, drawn from the sandbox's catalogue by a seed."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from korus.errors import KorusError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from korus import Korus
    from korus.models import Offer, Reservation
    from korus.sandbox import Sandbox

__all__ = ["Drawn", "Plan", "draw", "read", "write"]

_POOL = 60
_PLENTY = 100_000
_SCARCE_SHARE = 0.03
_SCARCE_STOCK = 3
_TWO_LINES_SHARE = 0.25


@frozen
class Plan:
    """Planned booking.

    Attributes:
        reference: Its external reference.
        offers: The offers of its lines; each line becomes one order.
        booking: The lines as `korus.reservations.bulk().to_dict()` writes them.
    """

    reference: str
    offers: tuple[str, ...]
    booking: dict[str, Any]


@frozen
class Drawn:
    """The bookings of a campaign.

    Attributes:
        plans: The bookings of the booking processes.
        commands: The bookings of ``korus book``, which are available.
    """

    plans: list[Plan]
    commands: list[Plan]


def draw(korus: Korus, sandbox: Sandbox, *, seed: int, count: int, commands: int) -> Drawn:
    """Draw the bookings of a campaign and restock their offers."""
    chance = random.Random(seed)  # noqa: S311 - must be reproducible
    pool = list(_pool(korus, chance))
    scarce = pool[: max(1, round(len(pool) * _SCARCE_SHARE))]
    plenty = pool[len(scarce) :]
    for offer, sessions in pool:
        few = any(offer is other for other, _ in scarce)
        for iri in (offer.iri, *(session for session in sessions.values() if session)):
            sandbox.set_stock(iri, _SCARCE_STOCK if few else _PLENTY)

    def plan(reference: str, choices: list[tuple[Offer, dict[str, str | None]]]) -> Plan:
        chosen = chance.sample(choices, 2 if chance.random() < _TWO_LINES_SHARE else 1)
        builder = korus.reservations.bulk()
        for offer, sessions in chosen:
            builder.add(offer, quantity=chance.randint(1, 3), sessions=sessions)
        return Plan(reference, tuple(offer.iri for offer, _ in chosen), builder.to_dict())

    return Drawn(
        [plan(f"FAULTS-{seed}-{number:05d}", pool) for number in range(1, count + 1)],
        [plan(f"FAULTS-{seed}-BOOK-{number:03d}", plenty) for number in range(1, commands + 1)],
    )


def _pool(korus: Korus, chance: random.Random) -> Iterator[tuple[Offer, dict[str, str | None]]]:
    """Return offers whose tickets are available at once: without forms, and with instant documents."""
    found = 0
    for catalog in korus.catalogs.list():
        for base in korus.product_bases.list(catalog):
            if not base.instant_document_delivery or base.disabled:
                continue
            offers = korus.offers.list(catalog, product_base=base, sort="desc", page_size=50).page(1)
            for offer in chance.sample(list(offers), min(8, len(offers))):
                sessions = _sessions(korus, offer)
                if sessions is not None and _can_be_held(korus, offer, sessions):
                    found += 1
                    yield offer, sessions
                if found >= _POOL:
                    return


def _sessions(korus: Korus, offer: Offer) -> dict[str, str | None] | None:
    chosen: dict[str, str | None] = {}
    for ticket in offer.tickets:
        if getattr(ticket, "form", None):
            return None
        session = None if ticket.date_access else korus.offers.sessions(ticket).first()
        if session is None and not ticket.date_access:
            return None
        chosen[ticket.iri] = None if session is None else session.iri
    return chosen


def _can_be_held(korus: Korus, offer: Offer, sessions: dict[str, str | None]) -> bool:
    builder = korus.reservations.bulk()
    builder.add(offer, sessions=sessions)
    try:
        held: tuple[Reservation, ...] = builder.submit().succeeded
    except KorusError:
        return False
    return bool(held)


def write(plans: list[Plan], path: Path) -> None:
    """Write bookings to a file, one per line."""
    path.write_text("".join(json.dumps(asdict(plan)) + "\n" for plan in plans), encoding="utf-8")


def read(path: Path) -> list[Plan]:
    """Read what `write` wrote."""
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Plan(entry["reference"], tuple(entry["offers"]), entry["booking"]) for entry in entries]
