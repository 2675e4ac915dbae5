"""Releasing a hold: refused by name without the operation, and carried out where a description has it."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import korus_api.operations
import pytest
from korus_api.types import Operation

from korus import AsyncKorus, Korus
from korus.errors import NotFound, OperationUnavailable, ValidationFailed
from korus.sandbox import Sandbox


@pytest.fixture
def released(monkeypatch):
    """A raw client whose description has the operation."""
    module = ModuleType("reservation_released")
    module.OPERATION = Operation(
        name="delete_reservation",
        operation_id="api_v1bookingreservations_id_delete",
        method="DELETE",
        path="/v1/booking/reservations/{id}",
        tag="BookingReservation",
        accept="application/ld+json",
        responses={"204": None},
    )
    module.build_request = lambda *, id: {  # noqa: A006 - the name that the description has
        "method": "DELETE", "url": f"/v1/booking/reservations/{id}", "headers": {"Accept": "application/ld+json"},
    }  # fmt: skip
    monkeypatch.setitem(sys.modules, module.__name__, module)
    known = {**korus_api.operations.OPERATIONS, "delete_reservation": module.__name__}
    monkeypatch.setattr(korus_api.operations, "OPERATIONS", known)


@pytest.fixture
def shop():
    with Sandbox(seed=7, releases=True) as running:
        client = {"client_id": running.client_id, "client_secret": running.client_secret}
        yield SimpleNamespace(
            sandbox=running, settings={"base_url": running.base_url, "token_url": running.token_url, **client}
        )


def held(korus):
    catalog = korus.catalogs.list().first()
    plain = (
        offer
        for offer in korus.offers.list(catalog, page_size=50)
        if all(ticket.date_access and not ticket.form for ticket in offer.tickets)
    )
    offer = next(plain)
    booking = korus.reservations.bulk()
    booking.add(offer, quantity=2)
    return booking.submit().succeeded[0]


def test_without_the_operation_it_is_refused_by_name(korus):
    with pytest.raises(OperationUnavailable, match="delete_reservation: there is no such operation"):
        korus.reservations.release("019a5331-dd1c-7ace-8bbf-8856ecdebb1b")


@pytest.mark.usefixtures("released")
def test_released_hold_gives_its_places_back_and_cannot_be_ordered(shop):
    with Korus(**shop.settings) as korus:
        reservation = held(korus)
        assert korus.reservations.release(reservation) is None
        assert korus.reservations.get(reservation).status == "released"
        korus.reservations.release(reservation)
        with pytest.raises(NotFound):
            korus.reservations.release("019a5331-dd1c-7ace-8bbf-8856ecdebb1b")


@pytest.mark.usefixtures("released")
async def test_async_release_of_an_ordered_hold_is_refused(shop):
    with Korus(**shop.settings) as korus:
        reservation = held(korus)
    shop.sandbox.box_office.reservations[reservation.id].order = "ordered"
    async with AsyncKorus(**shop.settings) as client:
        with pytest.raises(ValidationFailed, match="has been ordered"):
            await client.reservations.release(reservation)


def test_sandbox_has_no_release_unless_asked(sandbox, korus, released):
    reservation = held(korus)
    with pytest.raises(Exception, match="Method Not Allowed"):
        korus.reservations.release(reservation)
