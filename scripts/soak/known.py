"""Requests of a soak and their correct answers, booked and read before the faults begin."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any, Final

from attrs import asdict, frozen

from scripts.faults.plan import draw

if TYPE_CHECKING:
    from pathlib import Path

    from korus import Korus
    from korus.models import Order
    from korus.sandbox import Sandbox

__all__ = ["PAGE_SIZE", "Customer", "Known", "customer_data", "learn", "read", "write"]

PAGE_SIZE: Final = 20
_DOCUMENTS_AFTER: Final = 0.5


@frozen
class Customer:
    """One customer with one order.

    Attributes:
        order: The order's IRI.
        reference: Its external reference.
        email: The customer's address.
        reservation: The ordered reservation.
        offer: The offer.
        documents: The digest of each document, by IRI; empty if a beneficiary is required first.
    """

    order: str
    reference: str
    email: str
    reservation: str
    offer: str
    documents: dict[str, str]


@frozen
class Known:
    """Facts of the sandbox.

    Attributes:
        catalogs: The catalogues' IRIs.
        bases: The IRIs of the product bases of each catalogue.
        offers: The IRIs of the first page of offers of each catalogue, latest first.
        prices: The prices of offers.
        customers: The customers.
        bookings: The possible bookings, as `korus.reservations.bulk().to_dict()` writes it.
    """

    catalogs: tuple[str, ...]
    bases: dict[str, tuple[str, ...]]
    offers: dict[str, tuple[str, ...]]
    prices: dict[str, str]
    customers: tuple[Customer, ...]
    bookings: tuple[dict[str, Any], ...]


def customer_data(email: str) -> dict[str, str]:
    """Return the customer."""
    return {"firstname": "Ada", "lastname": "Lovelace", "email": email, "country": "PT"}


def learn(korus: Korus, sandbox: Sandbox, *, seed: int, customers: int) -> Known:
    """Place one order for each customer, and read the correct answers."""
    plans = draw(korus, sandbox, seed=seed, count=0, commands=2 * customers).commands
    orders = [
        _bought(korus, plan.booking, number)
        for number, plan in enumerate(
            [plan for plan in plans if len(plan.offers) == 1][:customers],
            start=1,
        )
    ]
    time.sleep(_DOCUMENTS_AFTER)
    catalogs = [catalog.iri for catalog in korus.catalogs.list()]
    offers = {
        catalog: tuple(
            offer.iri for offer in korus.offers.list(catalog, order="desc", page_size=PAGE_SIZE).page(1)
        )
        for catalog in catalogs
    }
    return Known(
        catalogs=tuple(catalogs),
        bases={
            catalog: tuple(base.iri for base in korus.product_bases.list(catalog).page(1))
            for catalog in catalogs
        },
        offers=offers,
        prices={
            offer: str(korus.offers.price(offer).amount_incl_tax)
            for found in offers.values()
            for offer in found[:3]
        },
        customers=tuple(_customer(korus, order) for order in orders),
        bookings=tuple(plan.booking for plan in plans),
    )


def _bought(korus: Korus, booking: dict[str, Any], number: int) -> Order:
    held = korus.reservations.bulk().load(booking).submit()
    return korus.orders.create(
        held.succeeded,
        customer=customer_data(f"customer-{number}@example.org"),
        external_reference=f"SOAK-CUSTOMER-{number:03d}",
    ).succeeded[0]


def _customer(korus: Korus, order: Order) -> Customer:
    documents: dict[str, str] = {}
    for document in korus.documents.list(order):
        with korus.documents.open(document) as file:
            documents[document.iri] = hashlib.sha256(file.read()).hexdigest()
    reservation = korus.reservations.get(order.reservation or "")
    return Customer(
        order=order.iri,
        reference=order.external_reference or "",
        email=order.customer.email or "",
        reservation=reservation.iri,
        offer=reservation.items[0].offer,
        documents=documents,
    )


def write(known: Known, path: Path) -> None:
    """Write the facts for another process."""
    path.write_text(json.dumps(asdict(known)), encoding="utf-8")


def read(path: Path) -> Known:
    """Read what `write` wrote."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return Known(
        catalogs=tuple(found["catalogs"]),
        bases={catalog: tuple(iris) for catalog, iris in found["bases"].items()},
        offers={catalog: tuple(iris) for catalog, iris in found["offers"].items()},
        prices=found["prices"],
        customers=tuple(Customer(**customer) for customer in found["customers"]),
        bookings=tuple(found["bookings"]),
    )
