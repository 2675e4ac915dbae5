"""The journal: on SQLite always, on a PostgreSQL server where its programs are installed."""

import gc
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from attrs import evolve
from booking_facts import DOUBTS, FAILURES
from sqlalchemy import Engine, event

from korus import RetryPolicy, Timeouts
from korus._journal.intent_log import MemoryIntentLog, new_intent
from korus._journal.process import ACTIVE, Owner
from korus._journal.sql_store import JournalStore
from korus._journal.tables import SCHEMA_VERSION
from korus.errors import BookingInvalid, ConfigurationError, InvalidArgument, JournalFailed, OutcomeUnknown

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


# a journal does not know sync from async, nor the clients their database: each is tested with one of the other
together = pytest.mark.parametrize(("client_kind", "database"), [("sync", "sqlite"), ("async", "postgresql")])


def order_intent(*iris, reference="SHOP-1"):
    details = {"reservations": list(iris), "externalReference": reference}
    return new_intent("order", iris, details, {"customer": {"email": "ada@example.org"}}, reference)


class Time:
    """The time of a log, which tests move."""

    def __init__(self):
        self.seconds = 1_770_000_000.0

    def now(self):
        return self.seconds


@pytest.fixture(autouse=True)
def active():
    """Forget which intents this process works on."""
    yield
    ACTIVE.forget()


def working(intent):
    """Have this process work on an intent, as a call does."""
    ACTIVE.add(intent.id)
    return intent


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
        intent = working(order_intent("/r/1", "/r/2"))
        store.open(intent)
        (entry,) = opened(address).entries()
        assert (entry.id, entry.kind, entry.state, entry.reference) == (
            intent.id,
            "order",
            "intended",
            "SHOP-1",
        )
        assert entry.alive
        assert entry.open
        assert entry.details == intent.details
        assert json.loads(json.dumps(entry.to_dict()))["state"] == "intended"

    def test_a_settled_intent_keeps_its_outcome_and_forgets_what_is_private(self, address, opened):
        store = opened(address)
        intent = order_intent("/r/1")
        store.open(intent)
        assert store.settle(intent, {"orders": ["/o/1"]}, ["/r/1"]) == {"/r/1"}
        (entry,) = store.entries()
        assert not entry.open
        assert entry.outcome == {"orders": ["/o/1"]}
        assert store.entries(open_only=True) == []
        assert store.take_over().taken == ()

    def test_reservation_belongs_to_the_first_claim(self, address, opened):
        first, second = order_intent("/r/1"), order_intent("/r/1")
        one, other = opened(address), opened(address)
        assert one.claim(first, ["/r/1", "/r/2"]) == {"/r/1", "/r/2"}
        assert other.claim(second, ["/r/2", "/r/3"]) == {"/r/3"}
        assert one.claim(first, ["/r/1"]) == {"/r/1"}
        assert other.claimed(["/r/1", "/r/3", "/r/4"]) == {"/r/1", "/r/3"}
        assert other.claimed([]) == frozenset()
        assert other.claimed(["/r/1", "/r/3", "/r/4"], first) == {"/r/3"}
        assert one.claim(first, []) == frozenset()

    def test_a_claim_that_another_has_is_no_trouble_of_the_database(self, address, opened, caplog):
        store = opened(address)
        first, second = order_intent("/r/1"), order_intent("/r/2")
        store.open(first), store.open(second)
        mine = [f"/o/{number:03}" for number in range(200)]
        assert store.claim(first, mine) == set(mine)
        for _ in range(5):
            assert store.claim(second, [*mine, "/o/999"]) == {"/o/999"}
        assert caplog.records == []

    def test_new_claims_are_written_by_one_statement(self, address, opened):
        store, sent = opened(address), []
        mine, theirs = order_intent("/r/1"), order_intent("/r/1")
        store.claim(theirs, ["/r/0"])

        def note(*given):
            sent.append(given[2])

        event.listen(Engine, "before_cursor_execute", note)
        try:
            assert len(store.claim(mine, [f"/r/{number}" for number in range(1, 51)])) == 50
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        assert sum("INSERT" in statement for statement in sent) == 1

    def test_competing_intents_are_those_alive_that_share_a_key(self, address, opened):
        one, other = opened(address), opened(address)
        mine, same, apart = order_intent("/r/1", "/r/2"), order_intent("/r/2"), order_intent("/r/9")
        for intent in (mine, same, apart):
            other.open(working(intent))
        assert [found.id for found in one.competing(mine)] == [same.id]
        assert one.competing(mine)[0].keys == ("/r/2",)
        other.advance(same, "reconciling")
        assert one.competing(mine)[0].state == "reconciling"
        ACTIVE.discard(same.id)
        assert one.competing(mine) == []
        assert [(each.id, each.state) for each in one.competing(mine, with_dormant=True)] == [
            (same.id, "unknown")
        ]
        other.settle(same, {}, [])
        assert one.competing(mine, with_dormant=True) == []

    def test_call_refused_as_a_whole_since_an_intent_began_competes_with_it(self, address, opened):
        now = [1000.0]
        one, other = (opened(address, now=lambda: now[0]) for _ in "12")
        long_ago, before, mine, unsent, answered = (order_intent("/r/1") for _ in range(5))
        for intent in (long_ago, before, unsent, answered):
            other.open(intent)
            if intent is not unsent:
                other.advance(intent, "sending")
        other.settle(long_ago, {"refused": "Conflict"}, [])
        now[0] += 30.0
        other.settle(before, {"lines": [{"status": "failed"}]}, [])
        now[0] += 31.0
        one.open(mine)
        other.settle(unsent, {"refused": "Conflict"}, [])
        other.settle(answered, {"lines": []}, [])
        assert one.competing(mine) == []
        found = one.competing(mine, with_dormant=True)
        assert [(each.id, each.state) for each in found] == [(before.id, "unknown")]

    def test_whether_a_request_was_sent_for_a_key_is_remembered(self, address, opened):
        store = opened(address)
        first, second = order_intent("/r/1"), order_intent("/r/1")
        for intent in (first, second):
            store.open(intent)
        assert not store.sent_before(second)
        store.advance(first, "sending")
        store.settle(first, {}, [])
        assert store.sent_before(second)
        assert not store.sent_before(first)

    @pytest.mark.parametrize(("outcome", "doubtful"), DOUBTS)
    def test_key_is_in_doubt_until_an_outcome_excludes_a_result(self, address, opened, outcome, doubtful):
        store = opened(address)
        first, second = order_intent("/r", "/s"), order_intent("/r", "/s", "/t")
        for intent in (first, second):
            store.open(intent)
        assert store.in_doubt(second) == set()
        store.advance(first, "sending")
        assert store.in_doubt(second) == {"/r", "/s"}
        assert store.in_doubt(first) == set()
        assert store.in_doubt(second, same_reference=True) == {"/r", "/s"}
        assert store.in_doubt(evolve(second, reference="OTHER"), same_reference=True) == set()
        store.settle(first, outcome, [])
        assert store.in_doubt(second) == doubtful

    @pytest.mark.parametrize(("outcome", "reported"), FAILURES)
    def test_key_that_was_reported_as_failed_is_remembered(self, address, opened, outcome, reported):
        store = opened(address)
        first, second = order_intent("/q", "/r", "/s"), order_intent("/q", "/r", "/s", "/t")
        for intent in (first, second):
            store.open(intent)
        store.advance(evolve(first, details={"failed": ["/q"]}), "unknown")
        assert store.reported_failed(second) == {"/q"}
        store.settle(evolve(first, details={}), outcome, [])
        assert store.reported_failed(second) == reported | {"/q"}
        assert store.reported_failed(first) == set()

    def test_refused_order_says_nothing_of_keys_that_it_does_not_share(self, address, opened):
        store = opened(address)
        first, second = order_intent("/r", "/s"), order_intent("/s", "/t")
        for intent in (first, second):
            store.open(intent)
        store.settle(first, {"refused": "Conflict"}, [])
        assert store.reported_failed(second) == {"/s"}

    def test_failed_key_longer_than_the_column_is_found(self, address, opened):
        store, key = opened(address), f"/{'r' * 250}"
        first, second = order_intent(key), order_intent(key)
        for intent in (first, second):
            store.open(intent)
        store.advance(first, "sending")
        store.settle(first, {"lines": [{"reservation": key, "status": "failed"}]}, [])
        assert store.in_doubt(second) == set()
        assert store.reported_failed(second) == {key}

    def test_accounts_do_not_see_each_other(self, address, opened):
        one, other = opened(address, account="a"), opened(address, account="b")
        intent = order_intent("/r/1")
        one.open(intent)
        one.claim(intent, ["/r/1"])
        assert other.entries() == []
        assert other.competing(order_intent("/r/1")) == []
        assert other.claimed(["/r/1"]) == frozenset()

    def test_only_abandoned_intents_are_taken_over_once(self, address, opened):
        store = opened(address)
        given_up, working_on = order_intent("/r/1"), working(order_intent("/r/2"))
        store.open(given_up)
        store.open(working_on)
        one, other = (opened(address) for _ in range(2))
        (taken,) = one.take_over().taken
        assert (taken.id, taken.epoch, taken.state) == (given_up.id, 2, "reconciling")
        assert taken.private == {"customer": {"email": "ada@example.org"}}
        found = other.take_over()
        assert found.taken == ()
        assert [intent.id for intent in found.under_way] == [given_up.id]
        assert one.take_over() == type(found)((), ())

    def test_a_process_elsewhere_keeps_its_intents_for_its_lease(self, address, opened, monkeypatch):
        time_ = Time()
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr("korus._journal.process._machine", lambda: "elsewhere")
            gone = opened(address, lease=60, now=time_.now)
            intent = order_intent("/r/1")
            gone.open(intent)
        here = opened(address, lease=60, now=time_.now)
        assert here.take_over().taken == ()
        time_.seconds += 61
        assert [taken.id for taken in here.take_over().taken] == [intent.id]

    def test_a_change_needs_the_owner_and_the_epoch(self, address, opened):
        gone, here = opened(address), opened(address)
        intent = order_intent("/r/1")
        gone.open(intent)
        (taken,) = here.take_over().taken
        assert not gone.advance(intent, "sending")
        assert gone.settle(intent, {"orders": []}, ["/r/1"]) is None
        assert not gone.give_up(intent, sent=True)
        assert here.claimed(["/r/1"]) == frozenset()
        assert here.entries()[0].outcome is None
        assert here.advance(taken, "sending")
        assert not here.advance(intent, "sending")

    @pytest.mark.parametrize(("sent", "state"), [(False, "settled"), (True, "unknown")])
    def test_given_up_is_cancelled_or_unknown_and_never_completed(self, address, opened, sent, state):
        store = opened(address)
        intent = order_intent("/r/1")
        store.open(intent)
        assert store.give_up(intent, sent=sent)
        (entry,) = store.entries()
        assert entry.state == state
        assert entry.outcome == (None if sent else {"cancelled": True})
        assert [taken.completable for taken in store.take_over().taken] == [False] * sent

    def test_a_recovery_that_gives_up_leaves_it_to_be_completed(self, address, opened):
        store = opened(address)
        store.open(order_intent("/r/1"))
        (taken,) = store.take_over().taken
        ACTIVE.discard(taken.id)
        assert store.give_up(taken, sent=False)
        (again,) = store.take_over().taken
        assert (again.completable, again.epoch) == (True, 3)
        ACTIVE.discard(again.id)
        store.advance(again, "unknown")
        assert store.take_over().taken[0].completable

    def test_one_intent_can_be_taken_by_its_id(self, address, opened):
        store = opened(address)
        left, busy = order_intent("/r/1"), working(order_intent("/r/2"))
        for intent in (left, busy):
            store.open(intent)
        assert store.take(left.id).epoch == 2
        assert store.take(busy.id) is None
        assert store.take("unheard of") is None

    def test_forgetting_settles_abandoned_intents_only(self, address, opened):
        store = opened(address)
        left, busy = order_intent("/r/1"), working(order_intent("/r/2"))
        for intent in (left, busy):
            store.open(intent)
        assert store.forget(left.id)
        assert not store.forget(left.id)
        assert not store.forget(busy.id)
        assert not store.forget("unheard of")
        assert {entry.id: entry.outcome for entry in store.entries()} == {
            left.id: {"forgotten": True},
            busy.id: None,
        }
        assert not store.advance(left, "sending")

    def test_a_name_is_held_by_one_process_at_a_time(self, address, opened, monkeypatch):
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr("korus._journal.process._machine", lambda: "elsewherepid:[7]")
            other = opened(address, lease=60, now=lambda: 1000.0)
            assert other.acquire("SHOP-1") is None
        here = opened(address, lease=60, now=lambda: 1030.0)
        holder = here.acquire("SHOP-1")
        assert (holder.host, holder.pid, holder.since.timestamp()) == ("elsewhere", os.getpid(), 1000.0)
        assert here.acquire("SHOP-2") is None
        other.release("SHOP-1")
        assert here.acquire("SHOP-1") is None
        later = opened(address, lease=60, now=lambda: 1091.0)
        here.release("SHOP-1")
        assert later.acquire("SHOP-1") is None

    def test_several_threads_share_it_without_losing_anything(self, address, opened):
        stores = [opened(address) for _ in range(4)]
        won = []

        def work(store):
            for number in range(10):
                intent = order_intent(f"/r/{number}")
                store.open(intent)
                won.extend(store.settle(intent, {}, [f"/r/{number}"]) or ())

        threads = [threading.Thread(target=work, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(won) == sorted(f"/r/{number}" for number in range(10))
        assert stores[0].count() == {"settled": 40}

    def test_settled_entries_expire_and_open_ones_never_do(self, address, opened):
        time_ = Time()
        store = opened(address, now=time_.now)
        assert store.retention() == timedelta(days=90)
        store.keep(timedelta(days=7))
        done, waiting = order_intent("/r/1"), order_intent("/r/2")
        for intent in (done, waiting):
            store.open(intent)
        store.settle(done, {}, ["/r/1"])
        time_.seconds += 6 * 86400
        assert store.prune() == 0
        assert store.claimed(["/r/1"]) == {"/r/1"}
        time_.seconds += 2 * 86400
        assert opened(address, now=time_.now).prune() == 1
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
        log = MemoryIntentLog()
        mine, same = (working(order_intent("/r/1", "/r/2")), working(order_intent("/r/2")))
        log.open(mine)
        log.open(same)
        assert [found.id for found in log.competing(mine)] == [same.id]
        assert log.claim(mine, ["/r/1"]) == {"/r/1"}
        assert log.advance(same, "sending")
        assert log.sent_before(mine)
        assert log.settle(same, {}, ["/r/1", "/r/3"]) == {"/r/3"}
        assert log.claimed(["/r/1", "/r/2", "/r/3"]) == {"/r/1", "/r/3"}
        assert log.competing(mine) == []
        assert log.take(mine.id) is None
        ACTIVE.discard(mine.id)
        taken = log.take(mine.id)
        assert (taken.epoch, taken.sent, taken.completable) == (2, False, True)
        assert not log.advance(mine, "sending")
        assert not log.shared

    def test_a_forked_child_starts_with_an_empty_memory(self, monkeypatch):
        log = MemoryIntentLog()
        intent = working(order_intent("/r/1"))
        log.open(intent)
        log.claim(intent, ["/r/1"])
        with log._lock:  # as another thread may hold it during the fork
            pid = os.getpid()
            monkeypatch.setattr(os, "getpid", lambda: pid + 1)
            assert log.entries() == []
        assert log.claimed(["/r/1"]) == frozenset()

    def test_a_journal_of_the_first_version_is_brought_to_this_one(self, tmp_path, opened):
        path = tmp_path / "old.db"
        with sqlite3.connect(path) as connection:
            connection.executescript(FIRST_VERSION)
        connection.close()
        store = opened(str(path), account="a")
        entries = {entry.id: entry.state for entry in store.entries()}
        assert entries == {"one": "reconciling", "two": "unknown", "three": "settled"}
        taken = {intent.id: (intent.completable, intent.epoch) for intent in store.take_over().taken}
        assert taken == {"one": (True, 2), "two": (False, 2)}
        assert opened(str(path), account="a").acquire("SHOP-1") is None


FIRST_VERSION = """
CREATE TABLE korus_journal_meta (name VARCHAR(40) PRIMARY KEY, value VARCHAR(200) NOT NULL);
CREATE TABLE korus_journal_intents (
    id VARCHAR(36) PRIMARY KEY, kind VARCHAR(10) NOT NULL, state VARCHAR(10) NOT NULL, account VARCHAR(64) NOT NULL,
    reference VARCHAR(200), owner VARCHAR(300) NOT NULL, lease FLOAT NOT NULL, created FLOAT NOT NULL,
    updated FLOAT NOT NULL, taken FLOAT, details TEXT NOT NULL, private TEXT NOT NULL, outcome TEXT);
CREATE TABLE korus_journal_subjects (
    intent VARCHAR(36), place FLOAT, subject VARCHAR(200) NOT NULL, PRIMARY KEY (intent, place));
CREATE TABLE korus_journal_claims (
    account VARCHAR(64), iri VARCHAR(200), intent VARCHAR(36) NOT NULL, created FLOAT NOT NULL,
    PRIMARY KEY (account, iri));
INSERT INTO korus_journal_meta VALUES ('version', '1');
INSERT INTO korus_journal_intents VALUES
    ('one', 'order', 'looking', 'a', 'S', 'h 1 - t', 9, 1, 1, NULL, '{}', '{}', NULL),
    ('two', 'order', 'unknown', 'a', 'S', 'h 1 - t', 9, 2, 2, NULL, '{}', '{}', NULL),
    ('three', 'order', 'settled', 'a', 'S', 'h 1 - t', 9, 3, 3, NULL, '{}', '{}', '{}');
"""


class TestAddresses:
    @pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:"])
    def test_a_journal_in_memory_is_refused(self, address):
        with pytest.raises(ConfigurationError, match="would not survive"):
            JournalStore(address)

    @pytest.mark.parametrize("address", ["postgres://u:secret@h/d", "postgresql://u:secret@h/d"])
    def test_postgresql_is_spoken_to_with_the_driver_that_korus_brings(self, address):
        store = JournalStore(address)
        assert store._engine.url.drivername == "postgresql+psycopg"
        assert "secret" not in repr(store.__dict__)

    @pytest.mark.parametrize("address", ["postgresql+asyncpg://u:secret@h/d", "sqlite+aiosqlite:///x.db"])
    def test_an_asynchronous_driver_is_refused_with_the_address_to_use(self, address):
        with pytest.raises(
            ConfigurationError, match=r"blocking drivers; write (postgresql|sqlite)://"
        ) as caught:
            JournalStore(address)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("address", ["nonsense://x", "://", "postgresql+nodriver://x"])
    def test_unused_address_is_refused(self, address):
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
    def test_its_files_are_for_their_owner_only(self, tmp_path, opened):
        store = opened(str(tmp_path / "bookings.db"))
        store.open(order_intent("/r/1"))
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        assert modes["bookings.db"] == modes["bookings.db-wal"] == 0o600

    def test_what_is_forgotten_is_gone_from_its_files(self, tmp_path, opened):
        store = opened(str(tmp_path / "bookings.db"))
        intent = order_intent("/r/1")
        store.open(evolve(intent, private={"customer": {"email": "canary@example.org"}}))
        assert any(b"canary@" in path.read_bytes() for path in tmp_path.iterdir())
        store.settle(intent, {}, [])
        for number in range(50):  # at the latest after so many
            other = order_intent(f"/r/{number}")
            store.open(other)
            store.settle(other, {}, [])
        assert not any(b"canary@" in path.read_bytes() for path in tmp_path.iterdir())

    @pytest.mark.skipif(
        not Path("/proc/self/fd").exists(), reason="open files are counted as Linux lists them"
    )
    def test_forgotten_database_leaves_no_file_open(self, tmp_path):
        path = tmp_path / "bookings.db"
        store = JournalStore(str(path))
        store.count()

        def opened_files():
            links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.exists()]
            return [link for link in links if link.startswith(str(path))]

        assert opened_files()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del store
            gc.collect()
        assert opened_files() == []
        assert [str(each.message) for each in caught if "database" in str(each.message)] == []

    def test_threads_that_wait_to_write_take_turns(self, tmp_path, opened):
        path = str(tmp_path / "bookings.db")
        stores = [opened(path), opened(path)]
        stores[0].count(), stores[1].count()
        writers = [
            threading.Thread(target=stores[number % 2].open, args=[order_intent(f"/r/{number}")])
            for number in range(24)  # more than there are connections
        ]
        with stores[0]._transaction():
            for writer in writers:
                writer.start()
            time.sleep(0.3)
            assert [store._engine.pool.checkedout() for store in stores] == [1, 0]
        for writer in writers:
            writer.join()
        assert stores[0].count() == {"intended": 24}

    def test_nothing_is_opened_while_the_process_forks(self, tmp_path, opened):
        store = opened(str(tmp_path / "bookings.db"))
        store.open(order_intent("/r/1"))
        store._forks.before_fork()
        try:
            store._checkpoint(force=True)
            with pytest.raises(JournalFailed, match="while this process forks; try again"):
                store.open(order_intent("/r/2"), wait=0.05)
            # SQLite removes it with the last connection
            assert not (tmp_path / "bookings.db-wal").exists()
        finally:
            store._forks.after_in_parent()
        assert store.count() == {"intended": 1}

    def test_a_full_disk_does_not_stop_the_closing(self, tmp_path, opened, monkeypatch):
        class Full:
            def execute(self, _):
                raise sqlite3.OperationalError("database or disk is full")

        store = opened(str(tmp_path / "bookings.db"))
        store.open(order_intent("/r/1"))
        raw = SimpleNamespace(connection=SimpleNamespace(dbapi_connection=Full()))
        with monkeypatch.context() as patched:
            patched.setattr(store._engine, "connect", lambda: nullcontext(raw))
            store._checkpoint(force=True)
        assert store.count() == {"intended": 1}

    @pytest.mark.parametrize("name", ["what?.db", "100%25.db", "a b#c.db", "päth.db"])
    def test_a_path_names_that_very_file(self, tmp_path, opened, name):
        opened(str(tmp_path / name)).count()
        assert (tmp_path / name).exists()

    @pytest.mark.parametrize("replaced", [False, True])
    def test_a_file_that_is_gone_is_noticed_before_the_next_intent(self, tmp_path, opened, replaced):
        path = tmp_path / "bookings.db"
        store = opened(str(path))
        store.open(order_intent("/r/1"))
        path.rename(tmp_path / "moved.db")
        if replaced:
            path.write_bytes(b"")
        with pytest.raises(JournalFailed, match="removed or replaced"):
            store.open(order_intent("/r/2"))
        (tmp_path / "moved.db").rename(path)
        store.open(order_intent("/r/3"))
        assert len(store.entries()) == 2

    def test_a_lock_is_waited_for_no_longer_than_allowed(self, tmp_path, opened):
        path = tmp_path / "bookings.db"
        store = opened(str(path), lock_timeout=0.3)
        store.count()
        blocking = sqlite3.connect(path, isolation_level=None)
        blocking.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(JournalFailed, match="locked"):
            store.open(order_intent("/r/1"))
        with pytest.raises(JournalFailed, match="locked"):
            store.open(order_intent("/r/1"), wait=0.1)
        assert time.monotonic() - began < 10
        blocking.execute("ROLLBACK")
        blocking.close()
        store.open(order_intent("/r/1"))

    def test_what_could_not_be_given_up_is_given_up_with_the_next_change(self, tmp_path, opened):
        path = tmp_path / "bookings.db"
        store = opened(str(path), lock_timeout=0.1)
        intent = order_intent("/r/1")
        store.open(intent)
        blocking = sqlite3.connect(path, isolation_level=None)
        blocking.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalFailed):
            store.give_up(intent, sent=False, wait=0.1)
        blocking.execute("ROLLBACK")
        blocking.close()
        store.open(order_intent("/r/2"))
        assert {entry.id: entry.outcome for entry in store.entries()}[intent.id] == {"cancelled": True}

    @pytest.mark.parametrize(
        "value", [{"email": "\ud800@example.org"}, {"email": object()}, {"age": float("nan")}]
    )
    def test_a_customer_that_cannot_be_written_is_refused(self, front, value):
        with pytest.raises(InvalidArgument, match="cannot be sent as JSON"):
            front.korus.orders.create(
                ["/v1/booking/reservations/r"],
                customer={**front.customer, **value},
                external_reference="S",
            )
        assert front.requests("get_reservation") == 0

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

    def test_a_hold_and_an_order_wait_for_the_disk_twice_each(self, front, tmp_path):
        written = []

        def note(connection):
            if not connection.get_execution_options().get("korus_reading"):
                written.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())

        normal, full = 1, 2
        korus = front.client(journal=str(tmp_path / "bookings.db"))
        booking = korus.reservations.bulk()
        for offer in front.offers(3):
            booking.add(offer)
        korus.journal.list()  # creates the tables
        event.listen(Engine, "commit", note)
        try:
            held = booking.submit()
            hold, written[:] = list(written), []
            korus.orders.create(held, customer=front.customer, external_reference="SHOP-1")
        finally:
            event.remove(Engine, "commit", note)
        # written down, sent, claimed, settled; the last one before a request and the last one after it last
        assert hold == [normal, full, normal, full]
        assert written == [normal, full, full]

    def test_a_hold_takes_so_many_statements_however_many_lines_it_has(self, front, tmp_path):
        said = []

        def note(connection, cursor, statement, *_):
            said.append(statement.split()[0])

        korus = front.client(journal=str(tmp_path / "bookings.db"))
        korus.journal.list()  # creates the tables
        for lines in (1, 7):
            booking = korus.reservations.bulk()
            for offer in front.offers(lines):
                booking.add(offer)
            said.clear()
            event.listen(Engine, "before_cursor_execute", note)
            try:
                booking.submit(check=False)
            finally:
                event.remove(Engine, "before_cursor_execute", note)
            opened, sending, claimed = ["INSERT", "INSERT"], ["UPDATE"], ["SAVEPOINT", "INSERT", "RELEASE"]
            settled = ["UPDATE", "SELECT"]
            changes = [verb for verb in said if verb not in {"PRAGMA", "BEGIN"}]
            assert changes == [*opened, *sending, *claimed, *settled], lines


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

    def test_undecided_intents_stay_open(self, front, address):
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
        assert not recovered.settled
        assert [outcome.status for outcome in recovered.lines] == ["unknown"]
        front.sandbox.expire_reservation(held.iri)
        (recovered,) = korus.journal.recover(complete=False)
        assert [outcome.status for outcome in recovered.lines] == ["failed"]
        assert front.sandbox.inspect.orders == []

    def test_an_order_that_was_booked_otherwise_meanwhile_is_not_completed(self, front, address):
        (offer,) = front.offers(1)
        (held,) = front.hold(offer).succeeded
        front.sandbox.faults.add("slow", operation=ORDER, count=1, seconds=30)
        self.crash(front, address, "order", reservation=held.iri)
        assert front.order(front.hold(offer), "SHOP-1").ok  # by somebody who did not recover first
        _, (recovered,) = self.recover(front, address)
        assert not recovered.settled
        assert "other reservations were ordered" in recovered.lines[0].reason
        assert len(front.sandbox.inspect.orders) == 1

    def test_hold_interrupted_by_a_crash_is_found_or_known_to_be_absent(self, front, address):
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


def test_a_hold_is_found_by_the_reference_of_its_purchase(front, address):
    client = front.client(journal=address)
    booking = client.reservations.bulk()
    booking.add(front.offers(1)[0], quantity=2)
    (requested,) = booking.requested()
    assert requested.quantity == 2
    (held,) = booking.submit(external_reference="SHOP-1").succeeded
    (entry,) = client.journal.list(reference="SHOP-1")
    assert (entry.kind, entry.outcome["lines"][0]["reservations"]) == ("hold", [held.iri])
    assert client.journal.list(reference="SHOP-2") == []


def test_lines_that_cannot_be_booked_ask_for_nothing(front):
    booking = front.client().reservations.bulk()
    booking.add(front.offers(1)[0], quantity=0)
    with pytest.raises(BookingInvalid):
        booking.requested()


def test_a_run_that_another_has_taken_over_is_not_renewed(opened, address):
    first = opened(address, lease=0.1)
    assert first.acquire("run") is None
    assert first.renew("run") is True
    first.release("run")
    assert first.renew("run") is False


@pytest.mark.parametrize("keep", [timedelta.max, timedelta(days=10**8), timedelta(0)])
def test_any_retention_can_be_set_and_read(keep, address, opened):
    store = opened(address)
    store.keep(keep)
    assert abs(store.retention() - keep) <= timedelta(seconds=2)
    assert store.prune() == 0
    assert store.prune(keep) == 0


@pytest.mark.parametrize("period", [5, "90 days", None])
def test_a_period_of_an_odd_type_is_refused(period, address, opened):
    with pytest.raises(InvalidArgument, match="`keep` must be a timedelta"):
        opened(address).keep(period)
    if period is not None:
        with pytest.raises(InvalidArgument, match="`older_than` must be a timedelta"):
            opened(address).prune(period)


def test_outcome_is_written_although_pruning_fails(address, opened, monkeypatch):
    store = opened(address)
    monkeypatch.setattr("korus._journal.sql_store._PRUNE_EVERY", 1)
    monkeypatch.setattr(store, "prune", lambda: (_ for _ in ()).throw(JournalFailed("no")))
    intent = order_intent("/r/1")
    store.open(intent)
    assert store.settle(intent, {}, ["/r/1"]) == {"/r/1"}


def test_machines_with_the_same_name_are_distinguished(tmp_path, monkeypatch):
    file = tmp_path / "machine-id"
    monkeypatch.setattr("korus._journal.process._MACHINE_ID", file)
    without = Owner.current()
    file.write_text("4c1f\n")
    one = Owner.current()
    file.write_text("9a02\n")
    other = Owner.current()
    assert len({without.host, one.host, other.host}) == 3
    assert not other.is_here(one)
    assert one.is_here(Owner.read(str(one)))
    assert "4c1f" not in one.host
