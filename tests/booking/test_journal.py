"""The journal: on SQLite always, on a PostgreSQL server where its programs are installed."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from korus import RetryPolicy, Timeouts
from korus._primitives.clock import Clock
from korus.errors import ConfigurationError, InvalidArgument, JournalFailed, OutcomeUnknown
from korus.intents import MemoryLedger, new_intent
from korus.journal import SCHEMA_VERSION, JournalStore

HOLD, ORDER = "bulk_create_reservations", "bulk_create_orders"


@pytest.fixture(scope="session")
def postgres():
    from scripts.postgres import VARIABLE, Unavailable, server

    if os.environ.get(VARIABLE):
        yield os.environ[VARIABLE]
        return
    try:
        running = server()
        url = running.__enter__()
    except Unavailable as reason:
        pytest.skip(f"no PostgreSQL server to test with: {reason}")
    yield url
    running.__exit__(None, None, None)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    return request.param


@pytest.fixture
def address(database, request, tmp_path):
    """An empty journal's address."""
    if database == "sqlite":
        return str(tmp_path / "bookings.db")
    import psycopg

    url = request.getfixturevalue("postgres")
    name = f"journal_{time.time_ns()}"
    host = url.partition("host=")[2]
    with psycopg.connect(host=host, user="korus", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.replace("/postgres?", f"/{name}?")


# a journal knows nothing of colours, nor these of databases: each is met with one of the other
together = pytest.mark.parametrize(("colour", "database"), [("sync", "sqlite"), ("async", "postgresql")])


def order_intent(*iris, reference="SHOP-1"):
    details = {"reservations": list(iris), "externalReference": reference}
    return new_intent("order", iris, details, {"customer": {"email": "ada@example.org"}}, reference)


class Time:
    """A wall clock that tests move."""

    def __init__(self):
        self.moment = datetime(2026, 2, 3, 14, tzinfo=UTC)
        self.clock = Clock(now=lambda: self.moment)


@pytest.fixture
def opened():
    """Open journals, and close them."""
    stores = []

    def open_(*args, **options):
        stores.append(JournalStore(*args, **options))
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


class TestStore:
    def test_what_is_written_down_is_there_for_another_process(self, address, opened):
        store = opened(address)
        intent = order_intent("/r/1", "/r/2")
        store.open(intent)
        (entry,) = opened(address).entries()
        assert (entry.id, entry.kind, entry.state, entry.reference) == (
            intent.id,
            "order",
            "sending",
            "SHOP-1",
        )
        assert entry.alive
        assert entry.open
        assert entry.details == intent.details
        assert json.loads(json.dumps(entry.to_dict()))["state"] == "sending"

    def test_a_settled_intent_keeps_its_outcome_and_forgets_what_is_private(self, address, opened):
        store = opened(address)
        intent = order_intent("/r/1")
        store.open(intent)
        assert store.settle(intent, {"orders": ["/o/1"]}, ["/r/1"]) == {"/r/1"}
        (entry,) = store.entries()
        assert not entry.open
        assert entry.outcome == {"orders": ["/o/1"]}
        assert store.entries(open_only=True) == []
        assert store.take_over() == []

    def test_a_reservation_belongs_to_whoever_claimed_it_first(self, address, opened):
        first, second = order_intent("/r/1"), order_intent("/r/1")
        one, other = opened(address), opened(address)
        assert one.claim(first, ["/r/1", "/r/2"]) == {"/r/1", "/r/2"}
        assert other.claim(second, ["/r/2", "/r/3"]) == {"/r/3"}
        assert one.claim(first, ["/r/1"]) == {"/r/1"}
        assert other.claimed(["/r/1", "/r/3", "/r/4"]) == {"/r/1", "/r/3"}
        assert other.claimed([]) == frozenset()
        assert other.claimed(["/r/1", "/r/3", "/r/4"], first) == {"/r/3"}

    def test_rivals_are_those_alive_that_are_about_the_same(self, address, opened):
        one, other = opened(address), opened(address)
        mine, same, apart = order_intent("/r/1", "/r/2"), order_intent("/r/2"), order_intent("/r/9")
        for intent in (mine, same, apart):
            other.open(intent)
        assert [rival.id for rival in one.rivals(mine)] == [same.id]
        assert one.rivals(mine)[0].subjects == ("/r/2",)
        other.move(same, "looking")
        assert one.rivals(mine)[0].state == "looking"
        other.settle(same, {}, [])
        assert one.rivals(mine) == []

    def test_accounts_do_not_see_each_other(self, address, opened):
        one, other = opened(address, account="a"), opened(address, account="b")
        intent = order_intent("/r/1")
        one.open(intent)
        one.claim(intent, ["/r/1"])
        assert other.entries() == []
        assert other.rivals(order_intent("/r/1")) == []
        assert other.claimed(["/r/1"]) == frozenset()

    def test_only_what_nobody_sees_to_is_taken_over_and_only_once(self, address, opened):
        time_ = Time()
        gone = opened(address, lease=60, clock=time_.clock)
        given_up, abandoned = order_intent("/r/1"), order_intent("/r/2")
        gone.open(given_up)
        gone.open(abandoned)
        gone.move(given_up, "unknown")
        one, other = (opened(address, lease=60, clock=time_.clock) for _ in range(2))
        assert [intent.id for intent, _ in one.take_over()] == [given_up.id]
        assert other.take_over() == []
        assert other.taken_by_others() == 1
        assert one.taken_by_others() == 0
        time_.moment += timedelta(seconds=61)
        taken = {intent.id: intent for intent, _ in other.take_over()}
        assert set(taken) == {given_up.id, abandoned.id}
        assert taken[abandoned.id].private == {"customer": {"email": "ada@example.org"}}
        assert other.take_over(taken) == []
        assert not gone.move(abandoned, "sending")

    def test_several_threads_share_it_without_losing_anything(self, address, opened):
        stores = [opened(address) for _ in range(4)]
        won = []

        def work(store):
            for number in range(10):
                intent = order_intent(f"/r/{number}")
                store.open(intent)
                won.extend(store.settle(intent, {}, [f"/r/{number}"]))

        threads = [threading.Thread(target=work, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(won) == sorted(f"/r/{number}" for number in range(10))
        assert stores[0].count() == {"settled": 40}

    def test_settled_entries_are_kept_as_long_as_was_said_and_open_ones_for_ever(self, address, opened):
        time_ = Time()
        store = opened(address, clock=time_.clock)
        assert store.retention == timedelta(days=90)
        store.keep(timedelta(days=7))
        done, waiting = order_intent("/r/1"), order_intent("/r/2")
        for intent in (done, waiting):
            store.open(intent)
        store.settle(done, {}, ["/r/1"])
        time_.moment += timedelta(days=6)
        assert store.prune() == 0
        assert store.claimed(["/r/1"]) == {"/r/1"}
        time_.moment += timedelta(days=2)
        assert opened(address, clock=time_.clock).prune() == 1
        assert [entry.id for entry in store.entries()] == [waiting.id]
        assert store.claimed(["/r/1"]) == frozenset()
        with pytest.raises(InvalidArgument):
            store.keep(timedelta(days=-1))

    def test_a_journal_of_a_later_version_is_refused(self, address, opened):
        from sqlalchemy import text

        store = opened(address)
        store.count()
        with store._engine.begin() as connection:
            connection.execute(
                text("UPDATE korus_journal_meta SET value = :version WHERE name = 'version'"),
                {"version": str(SCHEMA_VERSION + 1)},
            )
        with pytest.raises(ConfigurationError, match=f"version {SCHEMA_VERSION + 1}"):
            opened(address).count()

    @pytest.mark.parametrize(
        ("statement", "error", "said"),
        [
            (
                "UPDATE korus_journal_meta SET value = 'two' WHERE name = 'version'",
                ConfigurationError,
                "of a version that cannot be read",
            ),
            (
                "UPDATE korus_journal_intents SET details = '{'",
                JournalFailed,
                "is damaged: its text is no JSON",
            ),
        ],
    )
    def test_what_is_damaged_in_it_is_said(self, address, opened, statement, error, said):
        from sqlalchemy import text

        store = opened(address)
        store.open(order_intent("/r/1"))
        with store._engine.begin() as connection:
            connection.execute(text(statement))
        with pytest.raises(error, match=said):
            opened(address).entries()

    def test_accounts_that_begin_alike_have_books_of_their_own(self, address, opened):
        long = "c" * 40 + "@https://api.example.com/a/long/way/below"
        one, other = opened(address, account=f"{long}/1"), opened(address, account=f"{long}/2")
        one.open(order_intent("/r/1"))
        assert (len(one.entries()), len(other.entries())) == (1, 0)

    def test_memory_keeps_the_same_promises(self):
        ledger = MemoryLedger()
        mine, same = order_intent("/r/1", "/r/2"), order_intent("/r/2")
        ledger.open(mine)
        ledger.open(same)
        assert [rival.id for rival in ledger.rivals(mine)] == [same.id]
        assert ledger.claim(mine, ["/r/1"]) == {"/r/1"}
        assert ledger.settle(same, {}, ["/r/1", "/r/3"]) == {"/r/3"}
        assert ledger.claimed(["/r/1", "/r/2", "/r/3"]) == {"/r/1", "/r/3"}
        assert ledger.rivals(mine) == []


class TestAddresses:
    @pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:"])
    def test_a_journal_in_memory_is_refused(self, address):
        with pytest.raises(ConfigurationError, match="would not survive"):
            JournalStore(address)

    @pytest.mark.parametrize("address", ["nonsense://x", "://", "postgresql+nodriver://x"])
    def test_an_address_nobody_speaks_to_is_refused(self, address):
        with pytest.raises(ConfigurationError, match="cannot be opened"):
            JournalStore(address)

    def test_a_database_that_cannot_be_written_says_so(self, tmp_path):
        (tmp_path / "no.db").write_bytes(b"this is no database at all" * 100)
        with pytest.raises(JournalFailed, match="cannot be used"):
            JournalStore(str(tmp_path / "no.db")).count()
        with pytest.raises(JournalFailed):
            JournalStore(str(tmp_path / "nowhere" / "no.db")).count()

    def test_a_client_without_a_journal_says_so(self, front):
        with pytest.raises(ConfigurationError, match="no journal"):
            front.korus.journal.recover()


class TestOnDisk:
    def test_nothing_is_sent_that_could_not_be_written_down(self, front, tmp_path):
        korus = front.client(journal=str(tmp_path / "nowhere" / "bookings.db"))
        booking = korus.reservations.bulk()
        booking.add(front.offers(1)[0])
        with pytest.raises(JournalFailed):
            booking.submit()
        assert front.requests(HOLD) == 0

    def test_no_secret_and_nothing_personal_is_left_in_it(self, front, tmp_path):
        path = tmp_path / "bookings.db"
        korus = front.client(journal=str(path))
        booking = korus.reservations.bulk()
        booking.add(front.offers(1)[0])
        customer = {**front.customer, "lastname": "Canary-Lovelace", "email": "canary@example.org"}
        korus.orders.create(
            booking.submit(), customer=customer, external_reference="SHOP-1", notes="canary note"
        )
        with sqlite3.connect(path) as connection:
            dump = "\n".join(connection.iterdump())
        connection.close()
        assert "SHOP-1" in dump
        for canary in ("anary", front.sandbox.client_secret, "Bearer"):
            assert canary not in dump


@together
class TestBookings:
    def test_every_hold_and_order_is_written_down_with_what_came_of_it(self, front, address):
        korus = front.client(journal=address)
        booking = korus.reservations.bulk()
        booking.add(front.offers(1)[0], quantity=2)
        held = booking.submit()
        placed = korus.orders.create(held, customer=front.customer, external_reference="SHOP-1")
        order, hold = korus.journal.list()
        assert (order.kind, order.reference, hold.kind) == ("order", "SHOP-1", "hold")
        assert order.outcome["lines"][0]["orders"] == [placed.succeeded[0].iri]
        assert hold.outcome["lines"][0]["reservations"] == [held.succeeded[0].iri]
        assert korus.journal.list(open_only=True) == []
        assert [entry.kind for entry in korus.journal.list(reference="SHOP-1")] == ["order"]
        assert korus.journal.recover() == ()

    def test_an_order_whose_answer_was_lost_is_settled_later_by_another_client(self, front, address):
        hasty = front.client(journal=address, timeout=Timeouts(total=0.8))
        held = [reservation.iri for reservation in front.hold(*front.offers(2)).succeeded]
        front.sandbox.faults.add("drop_after", operation=ORDER, count=1)
        front.sandbox.faults.add("status", operation="get_reservation", status=503, skip=2)
        with pytest.raises(OutcomeUnknown):
            hasty.orders.create(held, customer=front.customer, external_reference="SHOP-1")
        front.sandbox.faults.clear()
        (recovered,) = front.client(journal=address).journal.recover()
        assert recovered.settled
        assert {order.iri for order in recovered.succeeded} == {
            each["order"] for each in front.sandbox.inspect.orders
        }
        assert len(front.sandbox.inspect.orders) == 2

    def test_what_the_api_cannot_tell_stays_open_for_the_next_time(self, front, address):
        hasty = front.client(journal=address, timeout=Timeouts(total=0.5))
        front.sandbox.faults.add("drop_after", operation=HOLD, count=1)
        front.sandbox.faults.add("status", operation="list_reservations", status=503, skip=1)
        booking = hasty.reservations.bulk()
        booking.add(front.offers(1)[0])
        with pytest.raises(OutcomeUnknown):
            booking.submit()
        (recovered,) = hasty.journal.recover()
        assert not recovered.settled
        assert recovered.error is not None
        front.sandbox.faults.clear()
        (recovered,) = hasty.journal.recover()
        assert recovered.settled
        assert recovered.succeeded[0].iri == front.sandbox.inspect.reservations[0]["reservation"]
        assert hasty.journal.list(open_only=True) == []


CRASHING = """
import sys
from korus import Korus, RetryPolicy, Timeouts
from korus.models import Customer

what, offer, reservation = sys.argv[1:]
with Korus.from_env(timeout=Timeouts(total=20)) as korus:
    print("ready", flush=True)
    if what == "hold":
        booking = korus.reservations.bulk()
        booking.add(offer, quantity=2)
        booking.submit(check=False)
    else:
        customer = Customer(firstname="Ada", lastname="L", email="ada@example.org")
        korus.orders.create([reservation], customer=customer, external_reference="SHOP-1")
"""


@together
class TestCrashes:
    """A process is killed with its request under way, and another one recovers."""

    def crash(self, front, address, what, *, offer="", reservation=""):
        environment = {**os.environ, **front.sandbox.environment(), "KORUS_JOURNAL": address}
        process = subprocess.Popen(
            [sys.executable, "-c", CRASHING, what, offer, reservation],
            env=environment,
            stdout=subprocess.PIPE,
        )
        process.stdout.readline()
        struck = front.sandbox.faults.struck()
        ends = time.monotonic() + 30
        while front.sandbox.faults.struck() == struck and time.monotonic() < ends:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    def recover(self, front, address):
        korus = front.client(journal=address, retry=RetryPolicy(first_wait=0.01, settle=1.5))
        return korus, korus.journal.recover()

    @pytest.mark.parametrize("seconds", [0.6, 30])
    def test_an_order_under_way_when_the_process_died_ends_as_one_order(self, front, address, seconds):
        (held,) = front.hold(*front.offers(1)).succeeded
        # the request is carried out after the process is gone, or never as far as anybody can see
        front.sandbox.faults.add("slow", operation=ORDER, count=1, seconds=seconds)
        self.crash(front, address, "order", reservation=held.iri)
        korus, (recovered,) = self.recover(front, address)
        assert recovered.settled
        assert recovered.reference == "SHOP-1"
        assert [each["order"] for each in front.sandbox.inspect.orders] == [recovered.succeeded[0].iri]
        assert korus.journal.list(open_only=True) == []

    def test_an_order_that_was_not_made_can_be_left_unmade(self, front, address):
        (held,) = front.hold(*front.offers(1)).succeeded
        front.sandbox.faults.add("slow", operation=ORDER, count=1, seconds=30)
        self.crash(front, address, "order", reservation=held.iri)
        korus = front.client(journal=address)
        (recovered,) = korus.journal.recover(complete=False)
        assert recovered.settled
        assert [outcome.status for outcome in recovered.lines] == ["failed"]
        assert front.sandbox.inspect.orders == []

    def test_an_order_that_was_booked_otherwise_meanwhile_is_not_completed(self, front, address):
        (offer,) = front.offers(1)
        (held,) = front.hold(offer).succeeded
        front.sandbox.faults.add("slow", operation=ORDER, count=1, seconds=30)
        self.crash(front, address, "order", reservation=held.iri)
        assert front.order(front.hold(offer), "SHOP-1").ok  # by somebody who did not recover first
        _, (recovered,) = self.recover(front, address)
        assert recovered.settled
        assert "ordered otherwise" in recovered.lines[0].reason
        assert len(front.sandbox.inspect.orders) == 1

    def test_a_hold_under_way_when_the_process_died_is_found_or_known_not_to_be(self, front, address):
        (offer,) = front.offers(1)
        front.sandbox.faults.add("slow", operation=HOLD, count=1, seconds=0.6)
        self.crash(front, address, "hold", offer=offer.iri)
        _, (recovered,) = self.recover(front, address)
        assert [held.iri for held in recovered.succeeded] == [
            each["reservation"] for each in front.sandbox.inspect.reservations
        ]
        front.sandbox.faults.add("slow", operation=HOLD, count=1, seconds=30)
        self.crash(front, address, "hold", offer=offer.iri)
        _, (recovered,) = self.recover(front, address)
        assert recovered.settled
        assert recovered.succeeded == ()

    def test_two_that_recover_at_once_complete_an_order_once(self, front, address):
        (held,) = front.hold(*front.offers(1)).succeeded
        front.sandbox.faults.add("slow", operation=ORDER, count=1, seconds=30)
        self.crash(front, address, "order", reservation=held.iri)
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(self.recover(front, address)[1])) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(len, found)) == [0, 1]
        assert len(front.sandbox.inspect.orders) == 1


def test_the_shell_lists_and_settles_what_is_open(front, tmp_path, monkeypatch, capsys):
    from korus.cli import main

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["journal", *arguments])
        return caught.value.code or 0, capsys.readouterr().out

    path = str(tmp_path / "bookings.db")
    for name, value in {**front.sandbox.environment(), "KORUS_JOURNAL": path}.items():
        monkeypatch.setenv(name, value)
    assert run("list") == (0, "nothing is open\n")
    (held,) = front.hold(*front.offers(1)).succeeded
    store = JournalStore.of(front.client(journal=path).config)
    intent = order_intent(held.iri)
    store.open(evolve(intent, private={"customer": front.customer, "notes": None}))
    store.move(intent, "unknown")
    store.close()
    status, shown = run("list")
    assert status == 0
    assert intent.id in shown
    assert "SHOP-1" in shown
    status, shown = run("recover", "--json")
    assert status == 0
    (recovered,) = json.loads(shown)
    assert recovered["settled"] is True
    assert recovered["lines"][0]["made"] == [each["order"] for each in front.sandbox.inspect.orders]
    assert run("list") == (0, "nothing is open\n")
    status, shown = run("list", "--all", "--json")
    assert [entry["state"] for entry in json.loads(shown)] == ["settled"]
    assert run("prune", "--older-than", "0s", "--keep", "30d") == (0, "1 forgotten\n")


def test_the_shell_asks_for_a_journal(front, monkeypatch, capsys):
    from korus.cli import main

    for name, value in front.sandbox.environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        main(["journal", "list"])
    assert caught.value.code == 2
    assert "KORUS_JOURNAL" in capsys.readouterr().err
