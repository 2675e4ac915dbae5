"""Calls of a soak, with their correct answers and time limits, for both clients."""

from __future__ import annotations

import hashlib
import os
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import frozen

from scripts.soak.known import PAGE_SIZE, customer_data

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Generator

    from scripts.soak.known import Customer, Known

__all__ = ["Ask", "Steps", "WrongAnswer", "draw", "one_order"]

# the maximum number of requests of a call, each with its own deadline, including the waits between them
_ONE_REQUEST: Final = 1
_SOME_PAGES: Final = 3
_DOCUMENT: Final = 3
_BOOKING: Final = 15
_RECOVERY: Final = 40
_NUMBERS: Final = count(1)


class WrongAnswer(Exception):
    """Answer to another request."""


@frozen
class Ask:
    """One call.

    Attributes:
        kind: Its kind.
        ask: Makes the call; returns the answer, or an awaitable of it.
        requests: The number of deadlines that it may take.
    """

    kind: str
    ask: Callable[[], Any]
    requests: int = _ONE_REQUEST


Steps: TypeAlias = "Generator[Ask, Any, None]"
"""Generator that yields calls, and receives and checks their answers."""


def draw(korus: Any, known: Known, chance: random.Random) -> Steps:
    """Draw the next call; ``korus`` is a client of either kind."""
    step: Callable[[Any, Known, random.Random], Steps] = chance.choices(
        tuple(_WEIGHTS), weights=tuple(_WEIGHTS.values())
    )[0]
    return step(korus, known, chance)


def one_order(korus: Any, customer: Customer) -> Steps:
    """Read the order of one customer."""
    order = yield Ask("order", lambda: korus.orders.get(customer.order))
    _check(order.iri, customer.order)
    _check(order.external_reference, customer.reference)
    _check(order.customer.email, customer.email)


def _check(found: object, expected: object) -> None:
    if found != expected:
        raise WrongAnswer


def _orders(korus: Any, known: Known, chance: random.Random) -> Steps:
    yield from one_order(korus, chance.choice(known.customers))


def _orders_of_a_reference(korus: Any, known: Known, chance: random.Random) -> Steps:
    customer = chance.choice(known.customers)
    found = yield Ask(
        "orders of a reference",
        lambda: korus.orders.list(external_reference=customer.reference).page(1),
    )
    _check([order.iri for order in found], [customer.order])


def _reservations(korus: Any, known: Known, chance: random.Random) -> Steps:
    customer = chance.choice(known.customers)
    found = yield Ask("reservation", lambda: korus.reservations.get(customer.reservation))
    _check((found.iri, found.items[0].offer), (customer.reservation, customer.offer))


def _catalogs(korus: Any, known: Known, _: random.Random) -> Steps:
    found = yield Ask("catalogues", lambda: korus.catalogs.list().page(1))
    _check(tuple(catalog.iri for catalog in found), known.catalogs)


def _bases(korus: Any, known: Known, chance: random.Random) -> Steps:
    catalog = chance.choice(known.catalogs)
    found = yield Ask("product bases", lambda: korus.product_bases.list(catalog).page(1))
    _check(tuple(base.iri for base in found), known.bases[catalog])


def _offers(korus: Any, known: Known, chance: random.Random) -> Steps:
    catalog = chance.choice(known.catalogs)
    found = yield Ask("offers", lambda: korus.offers.list(catalog, order="desc", page_size=PAGE_SIZE).page(1))
    _check(tuple(offer.iri for offer in found), known.offers[catalog])


def _pages_of_offers(korus: Any, known: Known, chance: random.Random) -> Steps:
    """Read a little more than the first page, and leave prefetched pages unread."""
    catalog = chance.choice(known.catalogs)
    found = yield Ask(
        "pages of offers, fetched ahead",
        lambda: _first(
            korus.offers.list(catalog, order="desc", page_size=PAGE_SIZE, prefetch=2), PAGE_SIZE + 1
        ),
        _SOME_PAGES,
    )
    _check(tuple(offer.iri for offer in found[:PAGE_SIZE]), known.offers[catalog])


def _first(pages: Any, most: int) -> Any:
    if not hasattr(pages, "__aiter__"):
        found: list[Any] = list(islice(pages, most))
        return found

    async def read() -> list[Any]:
        found: list[Any] = []
        async for item in pages:
            found.append(item)
            if len(found) == most:
                break
        return found

    return read()


def _availability(korus: Any, known: Known, chance: random.Random) -> Steps:
    offer = chance.choice(known.customers).offer
    # korus itself checks that it belongs to the offer (rule R9)
    yield Ask("availability", lambda: korus.offers.availability(offer))


def _prices(korus: Any, known: Known, chance: random.Random) -> Steps:
    offer = chance.choice(tuple(known.prices))
    found = yield Ask("price", lambda: korus.offers.price(offer))
    _check(str(found.amount_incl_tax), known.prices[offer])


def _documents(korus: Any, known: Known, chance: random.Random) -> Steps:
    customer = chance.choice(known.customers)
    found = yield Ask("documents", lambda: korus.documents.list(customer.order).page(1))
    _check({document.iri for document in found}, set(customer.documents))
    for document, digest in customer.documents.items():
        file = yield Ask("document opened", partial(korus.documents.open, document, timeout=0), _DOCUMENT)
        with file:
            _check(hashlib.sha256(file.read()).hexdigest(), digest)


def _booking(korus: Any, known: Known, chance: random.Random) -> Steps:
    """Hold and order."""
    reference = f"SOAK-{os.getpid()}-{next(_NUMBERS)}"
    builder = korus.reservations.bulk().load(chance.choice(known.bookings))
    held = yield Ask("hold", lambda: builder.submit(max_price_change="1000"), _BOOKING)
    if not held.succeeded:
        return
    made = yield Ask(
        "order created",
        lambda: korus.orders.create(
            held.succeeded, customer=customer_data(f"{reference}@example.org"), external_reference=reference
        ),
        _BOOKING,
    )
    for order in made.succeeded:
        _check(order.external_reference, reference)


def _recovery(korus: Any, _: Known, __: random.Random) -> Steps:
    yield Ask("journal recovered", korus.journal.recover, _RECOVERY)


_WEIGHTS: Final[dict[Any, float]] = {
    _orders: 14,
    _orders_of_a_reference: 8,
    _reservations: 8,
    _catalogs: 8,
    _bases: 8,
    _offers: 10,
    _pages_of_offers: 5,
    _availability: 10,
    _prices: 6,
    _documents: 4,
    _booking: 5,
    _recovery: 0.3,
}
