"""The asynchronous half under both event loops: a booking whose answers are lost, with a journal."""

import anyio
import pytest

from korus import AsyncKorus, RetryPolicy

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]


async def test_a_booking_with_lost_answers_ends_as_one_order(sandbox, tmp_path):
    sandbox.faults.add("drop_after", operation="bulk_create_reservations", count=1)
    sandbox.faults.add("cut_short", operation="bulk_create_orders", count=1)
    async with AsyncKorus(
        **sandbox.credentials,
        base_url=sandbox.base_url,
        token_url=sandbox.token_url,
        retry=RetryPolicy(first_wait=0.01, settle=0.3),
        journal=str(tmp_path / "bookings.db"),
    ) as korus:
        catalog = await korus.catalogs.list().first()
        async for offer in korus.offers.list(catalog, sort="desc"):
            if all(ticket.date_access and not ticket.form for ticket in offer.tickets):
                break
        sandbox.set_stock(offer.iri, 10)
        booking = korus.reservations.bulk()
        booking.add(offer, quantity=2)
        customer = {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.org"}
        placed = await korus.orders.create(
            await booking.submit(), customer=customer, external_reference="SHOP-1"
        )
        assert [outcome.adopted for outcome in placed.lines] == [True]
        assert [entry.state for entry in await korus.journal.list()] == ["settled", "settled"]
    assert [each["order"] for each in sandbox.inspect.orders] == [placed.succeeded[0].iri]


async def test_a_cancelled_order_is_left_for_recovery_and_found_by_it(sandbox, tmp_path):
    settings = {
        **sandbox.credentials,
        "base_url": sandbox.base_url,
        "token_url": sandbox.token_url,
        "retry": RetryPolicy(first_wait=0.01, settle=1.0),
        "journal": str(tmp_path / "bookings.db"),
    }
    async with AsyncKorus(**settings) as korus:
        catalog = await korus.catalogs.list().first()
        async for offer in korus.offers.list(catalog, sort="desc"):
            if all(ticket.date_access and not ticket.form for ticket in offer.tickets):
                break
        sandbox.set_stock(offer.iri, 10)
        booking = korus.reservations.bulk()
        booking.add(offer)
        held = await booking.submit()
        fault = sandbox.faults.add("slow", operation="bulk_create_orders", count=1, seconds=0.5)
        customer = {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.org"}
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:

                async def cancel():
                    while not sandbox.faults.struck(fault):  # noqa: ASYNC110 - the sandbox is in a thread
                        await anyio.sleep(0.01)
                    scope.cancel()

                group.start_soon(cancel)
                await korus.orders.create(held, customer=customer, external_reference="SHOP-1")
        (entry,) = await korus.journal.list(open_only=True)
        assert entry.state == "unknown"
        (recovered,) = await korus.journal.recover()
        assert recovered.settled
    assert [each["order"] for each in sandbox.inspect.orders] == [recovered.succeeded[0].iri]
