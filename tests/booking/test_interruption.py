"""What is told to stop stops: interrupts, cancellations, a locked journal, a system without threads (rule R7)."""

import _thread
import itertools
import sqlite3
import threading
import time

import anyio
import httpx
import pytest

from korus import AsyncKorus, Korus, RetryPolicy, Timeouts
from korus._async.booking.driver import AsyncDriver
from korus._journal.intent_log import new_intent
from korus._journal.sql_store import JournalStore
from korus._primitives import synchronous
from korus._primitives.synchronous import map_ordered
from korus.errors import JournalFailed

HOLD, ORDER = "bulk_create_reservations", "bulk_create_orders"
CUSTOMER = {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.org"}


@pytest.fixture
def settings(sandbox, tmp_path):
    return {
        **sandbox.credentials,
        "base_url": sandbox.base_url,
        "token_url": sandbox.token_url,
        "retry": RetryPolicy(first_wait=0.01, longest_wait=0.05, settle=0.3),
        "timeout": Timeouts(total=5.0),
        "journal": str(tmp_path / "bookings.db"),
    }


@pytest.fixture
def offers(sandbox, settings):
    """Plain offers, with plenty left."""
    found = []
    with Korus(**{**settings, "journal": None}) as korus:
        for catalog in korus.catalogs.list():
            for offer in korus.offers.list(catalog, sort="desc", page_size=50).page(1):
                plain = all(ticket.date_access and not ticket.form for ticket in offer.tickets)
                if plain and not offer.product.disabled:
                    sandbox.set_stock(offer.iri, 1000)
                    found.append(offer)
    return found


def held_one(korus, offer):
    booking = korus.reservations.bulk()
    booking.add(offer)
    return booking.submit().succeeded[0].iri


def interrupt_after(sandbox, operation, count):
    """Interrupt the main thread as soon as the sandbox has seen so many requests."""

    def watch():
        while sandbox.inspect.requests[operation] < count:
            time.sleep(0.005)
        _thread.interrupt_main()

    threading.Thread(target=watch, daemon=True).start()


def states(korus):
    return {entry.state for entry in korus.journal.list()}


class TestInterrupts:
    def test_an_interrupted_bulk_hold_sends_no_further_request(self, sandbox, settings, offers):
        with Korus(**settings) as korus:
            booking = korus.reservations.bulk(lines_per_call=1, concurrency=3)
            for offer in (offers * 60)[:60]:
                booking.add(offer)
            sandbox.faults.add("slow", operation=HOLD, seconds=0.2)
            interrupt_after(sandbox, HOLD, 3)
            with pytest.raises(KeyboardInterrupt):
                booking.submit(check=False)
            # what was under way at that moment has left; nothing has since
            after = sandbox.inspect.requests[HOLD]
            assert after < 60
            time.sleep(0.5)
            assert sandbox.inspect.requests[HOLD] == after
            # a write that took longer than the 2 s for which it is waited for ends by itself, or is given up
            ends = time.monotonic() + 10
            while (
                alive := [each for each in korus.journal.list() if each.alive]
            ) and time.monotonic() < ends:
                time.sleep(0.2)
            assert alive == []

    def test_what_waits_for_a_token_is_not_sent_after_an_interrupt(self, offers):
        tokens, late = itertools.count(), []

        def api(request):
            if request.url.path == "/token":
                number = next(tokens)
                if number:
                    _thread.interrupt_main()
                    while not synchronous._STOP.get().is_set():
                        time.sleep(0.01)
                return httpx.Response(200, json={"access_token": f"token{number}", "expires_in": 600})
            if not request.url.path.endswith("/_bulk"):
                return httpx.Response(200, json={"member": [], "totalItems": 0})
            if request.headers["Authorization"] != "Bearer token0":
                late.append(request)
            return httpx.Response(401)

        account = {"client_id": "shop", "client_secret": "secret", "transport": httpx.MockTransport(api)}
        with Korus(**account, base_url="https://api.test", token_url="https://api.test/token") as korus:
            booking = korus.reservations.bulk(lines_per_call=1, concurrency=2)
            for offer in (offers * 2)[:2]:
                booking.add(offer)
            with pytest.raises(KeyboardInterrupt):
                booking.submit(check=False)
        assert next(tokens) > 1
        assert late == []

    def test_an_interrupted_recovery_orders_nothing_more(self, sandbox, settings, offers):
        with Korus(**settings) as korus:
            iris = [held_one(korus, offer) for offer in (offers * 10)[:10]]
            store = JournalStore.of(korus.config)
            for number, iri in enumerate(iris):
                # as a process leaves them that died before it sent anything
                details = {"reservations": [iri], "externalReference": f"R-{number}"}
                store.open(new_intent("order", [iri], details, {"customer": CUSTOMER}, f"R-{number}"))
            sandbox.faults.add("slow", operation=ORDER, seconds=0.3)
            interrupt_after(sandbox, ORDER, 1)
            with pytest.raises(KeyboardInterrupt):
                korus.journal.recover(concurrency=2)
            after = sandbox.inspect.requests[ORDER]
            assert after < 10
            time.sleep(1.0)
            assert sandbox.inspect.requests[ORDER] == after
            sandbox.faults.clear()
            # they are completed once somebody recovers and is not interrupted
            assert all(found.settled for found in korus.journal.recover())
            assert len(sandbox.inspect.orders) == 10
            store.close()

    def test_waits_of_other_threads_end_with_the_interrupt(self):
        from korus._primitives.synchronous import sleep

        def work(item):
            if item == 0:
                time.sleep(0.1)
                _thread.interrupt_main()
            sleep(60)

        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            map_ordered(work, range(4), concurrency=4)
        assert time.monotonic() - began < 30

    def test_without_threads_the_calling_one_does_all_the_work(self, monkeypatch):
        def refuse(_):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", refuse)
        assert map_ordered(lambda item: item * 2, range(5), concurrency=4) == [0, 2, 4, 6, 8]

    @pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
    async def test_without_a_thread_for_the_journal_nothing_is_sent(
        self, sandbox, settings, offers, monkeypatch
    ):
        with Korus(**settings) as korus:
            iri = held_one(korus, offers[0])

        def refuse(*_, **__):
            raise RuntimeError("can't start new thread")

        async with AsyncKorus(**settings) as korus:
            await korus.reservations.get(iri)  # the token, before
            with monkeypatch.context() as patched:
                patched.setattr("anyio.to_thread.run_sync", refuse)
                with pytest.raises(JournalFailed, match="no thread left"):
                    await korus.orders.create([iri], customer=CUSTOMER, external_reference="SHOP-1")
        assert sandbox.inspect.orders == []

    async def test_without_a_thread_after_the_order_its_outcome_is_returned(
        self, sandbox, settings, offers, monkeypatch
    ):
        plain = anyio.to_thread.run_sync
        with Korus(**settings) as korus:
            iri = held_one(korus, offers[0])

        async def refuse(*args, **more):
            if sandbox.inspect.orders:
                raise RuntimeError("can't start new thread")
            return await plain(*args, **more)

        async with AsyncKorus(**settings) as korus:
            with monkeypatch.context() as patched:
                patched.setattr("anyio.to_thread.run_sync", refuse)
                placed = await korus.orders.create([iri], customer=CUSTOMER, external_reference="SHOP-1")
            assert placed.ok
            (recovered,) = await korus.journal.recover()
            assert recovered.settled
        assert len(sandbox.inspect.orders) == 1


class TestCancellation:
    async def test_an_order_cancelled_before_it_was_sent_is_never_bought(self, sandbox, settings, offers):
        with Korus(**settings) as korus:
            iri = held_one(korus, offers[0])
        sandbox.faults.add("slow", operation="get_reservation", seconds=0.4)
        async with AsyncKorus(**settings) as korus:
            with anyio.move_on_after(0.2) as scope:
                await korus.orders.create([iri], customer=CUSTOMER, external_reference="SHOP-1")
            assert scope.cancelled_caught
            (entry,) = await korus.journal.list(kind="order")
            assert (entry.state, entry.outcome) == ("settled", {"cancelled": True})
            sandbox.faults.clear()
            assert await korus.journal.recover() == ()
        assert sandbox.inspect.orders == []

    @pytest.mark.parametrize("step", ["open", "advance", "settle"])
    @pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
    async def test_a_cancelled_journal_write_leaves_nothing_alive(
        self, sandbox, settings, offers, step, monkeypatch
    ):
        with Korus(**settings) as korus:
            iri = held_one(korus, offers[0])
        plain = getattr(JournalStore, step)

        writing = []

        def slow(*args, **kwargs):
            writing.append(True)
            time.sleep(0.3)
            return plain(*args, **kwargs)

        async with AsyncKorus(**settings) as korus:
            monkeypatch.setattr(JournalStore, step, slow)
            async with anyio.create_task_group() as group:

                async def cancel_while_it_writes():
                    while not writing:  # noqa: ASYNC110 - it is set by a thread
                        await anyio.sleep(0.01)
                    group.cancel_scope.cancel()

                group.start_soon(cancel_while_it_writes)
                await korus.orders.create([iri], customer=CUSTOMER, external_reference="SHOP-1")
            monkeypatch.undo()
            (entry,) = await korus.journal.list(kind="order")
            assert not entry.alive
            if step != "settle":
                assert entry.outcome == {"cancelled": True}
            await korus.journal.recover()
            assert len(sandbox.inspect.orders) == (step == "settle")
            made = await korus.orders.create([iri], customer=CUSTOMER, external_reference="SHOP-1")
            assert made.ok
        assert len(sandbox.inspect.orders) == 1

    async def test_a_locked_journal_freezes_neither_the_loop_nor_a_cancellation(
        self, sandbox, settings, offers, tmp_path
    ):
        with Korus(**settings) as korus:
            iri = held_one(korus, offers[0])
        sandbox.faults.add("slow", operation="get_reservation", seconds=3)
        blocking = sqlite3.connect(tmp_path / "bookings.db", isolation_level=None)
        ticks = []

        async def tick():
            while True:
                ticks.append(time.monotonic())
                await anyio.sleep(0.05)

        async with AsyncKorus(**settings) as korus, anyio.create_task_group() as group:
            group.start_soon(tick)
            with anyio.move_on_after(0.3):

                async def lock():
                    await anyio.sleep(0.2)
                    blocking.execute("BEGIN IMMEDIATE")

                group.start_soon(lock)
                await korus.orders.create([iri], customer=CUSTOMER, external_reference="SHOP-1")
            longest = max(after - before for before, after in itertools.pairwise(ticks))
            assert longest < 1.5
            blocking.execute("ROLLBACK")
            # what could not be written then is written with the next change
            sandbox.faults.clear()
            assert await korus.journal.recover() == ()
            (entry,) = await korus.journal.list(kind="order")
            assert entry.outcome == {"cancelled": True}
            group.cancel_scope.cancel()
        blocking.close()

    def test_an_order_waits_for_the_journal_no_longer_than_its_deadline(
        self, sandbox, settings, offers, tmp_path
    ):
        with Korus(**{**settings, "timeout": Timeouts(total=1.0)}) as korus:
            iri = held_one(korus, offers[0])
            blocking = sqlite3.connect(tmp_path / "bookings.db", isolation_level=None)
            blocking.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            with pytest.raises(JournalFailed, match="locked"):
                korus.orders.create([iri], customer=CUSTOMER, external_reference="SHOP-1")
            assert time.monotonic() - began < 15
            assert sandbox.inspect.requests[ORDER] == 0
            blocking.execute("ROLLBACK")
            blocking.close()
            assert korus.orders.create([iri], customer=CUSTOMER, external_reference="SHOP-1").ok

    async def test_a_recovery_that_is_cancelled_lets_go_of_what_it_took(self, settings, monkeypatch):
        async with AsyncKorus(**settings) as korus:
            store = korus.journal.store
            store.open(new_intent("order", ["/r"], {"reservations": ["/r"], "externalReference": "S"}))
            taking = JournalStore.take_over

            def slow(*args):
                time.sleep(0.3)
                return taking(*args)

            monkeypatch.setattr(JournalStore, "take_over", slow)
            with anyio.move_on_after(0.1):
                await korus.journal.recover()
            monkeypatch.undo()
            assert len(store.take_over().taken) == 1

    def test_the_driver_of_each_client_knows_whether_the_log_is_shared(self, settings):
        korus = AsyncKorus(**settings)
        assert isinstance(korus._session.driver, AsyncDriver)
        assert korus._session.driver.patience.is_shared
        assert not AsyncKorus(**{**settings, "journal": None})._session.driver.patience.is_shared
