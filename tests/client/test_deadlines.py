"""Every call ends within its own deadline, whatever hangs: Redis, another caller's renewal, a proxy."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING

import anyio
import pytest
from scripted_server import Caller, Reply, ScriptedServer, token

from korus import RetryPolicy, errors
from korus._http.cache_health import CacheHealth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ORDER = {"@id": "/v1/booking/orders/x", "id": "x"}
CATALOGS = {"totalItems": 1, "member": [{"@id": "/v1/ticketing/catalogs/c", "id": "c"}]}
ONCE = RetryPolicy(attempts=1)


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """Import what a call takes before anything is measured."""
    server = ScriptedServer()
    server.answer = lambda _: Reply(body=ORDER)
    for asynchronous in (False, True):
        Caller(asynchronous, server).call(get_order, proxied)
    server.close()


def proxied(korus):
    import httpcore  # noqa: F401

    return korus.orders.get("x")


class RawServer:
    """Takes connections and treats each as it is told, in a thread of its own."""

    def __init__(self, treat: Callable[[socket.socket], None]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        self.made = 0
        self._treat = treat
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.made += 1
            self._open.append(connection)
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._treat(connection)

    def close(self) -> None:
        for connection in (self.listener, *self._open):
            connection.close()


def keep_silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def drip(connection: socket.socket) -> None:
    """Answer everything with a text that never ends."""
    connection.recv(4096)
    connection.sendall(b"$1000000\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


@pytest.fixture(params=[keep_silent, drip], ids=["silent", "dripping"])
def redis(request: pytest.FixtureRequest) -> Iterator[RawServer]:
    running = RawServer(request.param)
    yield running
    running.close()


def catalogs(korus):
    return korus.catalogs.list()


def get_order(korus):
    return korus.orders.get("x")


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_redis_that_does_not_answer_costs_little(
    server: ScriptedServer, caller: Caller, redis: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = lambda seen: Reply(body=CATALOGS if "catalogs" in seen.path else ORDER)
    caller.call(catalogs, get_order, cache="redis://127.0.0.1:1")  # imports what it takes
    caplog.clear()
    began = time.monotonic()
    found = caller.call(*[catalogs] * 5, get_order, timeout=2, cache=f"redis://127.0.0.1:{redis.port}")
    assert time.monotonic() - began < 1.5
    assert found.id == "x"
    (said,) = warnings_of(caplog)
    assert said.startswith("the cache does not work (TimeoutError); it is left alone for 15 s at a time")
    assert redis.made <= 2


def test_with_the_usual_deadline_a_silent_redis_costs_a_second(
    server: ScriptedServer, caller: Caller
) -> None:
    running = RawServer(keep_silent)
    server.answer = lambda _: Reply(body=CATALOGS)
    began = time.monotonic()
    caller.call(*[catalogs] * 3, cache=f"redis://127.0.0.1:{running.port}")
    assert 0.9 < time.monotonic() - began < 4
    running.close()


def test_clearing_a_cache_that_does_not_work_is_an_error(caller: Caller) -> None:
    with pytest.raises(errors.TransportError, match="Cannot clear the cache"):
        caller.call(lambda korus: korus.cache.clear(), cache="redis://127.0.0.1:1")


def test_a_locked_cache_file_costs_little(
    server: ScriptedServer, caller: Caller, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import sqlite3

    file = tmp_path / "cache.sqlite3"
    server.answer = lambda _: Reply(body=CATALOGS)
    caller.call(catalogs, cache=file)
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    found = caller.call(catalogs, catalogs, cache=file, timeout=3)
    assert time.monotonic() - began < 1.5
    connection.execute("ROLLBACK")
    connection.close()
    assert [catalog.id for catalog in found] == ["c"]
    assert len(warnings_of(caplog)) == 1


def test_a_cache_file_that_is_locked_later_costs_little(
    server: ScriptedServer, caller: Caller, tmp_path: Path
) -> None:
    import sqlite3

    file = tmp_path / "cache.sqlite3"
    server.answer = lambda seen: Reply(body=CATALOGS)
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    took: list[float] = []

    def lock(korus):
        connection.execute("BEGIN EXCLUSIVE")
        took.append(time.monotonic())
        return korus.with_options(language="fr").catalogs.list()

    caller.call(catalogs, lock, cache=file, timeout=3)
    assert time.monotonic() - took[0] < 1.5
    connection.close()


def test_a_file_that_is_no_database_is_left_alone(
    server: ScriptedServer, caller: Caller, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "cache.sqlite3"
    file.write_bytes(b"this is not a database at all" * 100)
    server.answer = lambda _: Reply(body=CATALOGS)
    assert len(caller.call(catalogs, catalogs, cache=file)) == 1
    assert warnings_of(caplog)[0].startswith("the cache does not work (DatabaseError)")
    assert len(warnings_of(caplog)) == 1


def test_a_cache_is_asked_again_after_its_rest(caplog: pytest.LogCaptureFixture) -> None:
    now = [100.0]
    health = CacheHealth(lambda: now[0])
    assert not health.is_resting
    for _ in range(100):
        health.failed("TimeoutError")
        assert health.is_resting
        now[0] += 14.9
        assert health.is_resting
        now[0] += 0.2
        assert not health.is_resting
    # 1,510 s have passed
    assert len(caplog.records) == 25


def test_the_turn_of_a_worker_that_died_is_not_waited_for(
    server: ScriptedServer, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fakeredis

    from korus._async.http import cache as async_cache
    from korus._http.cache_rules import account_of
    from korus._sync.http import cache as sync_cache

    shared = fakeredis.FakeServer()
    monkeypatch.setattr(sync_cache, "redis_client", lambda url: fakeredis.FakeRedis(server=shared))
    monkeypatch.setattr(async_cache, "redis_client", lambda url: fakeredis.FakeAsyncRedis(server=shared))
    server.answer = lambda _: Reply(body=ORDER)
    client = caller.client(cache="redis://test", timeout=2)
    fakeredis.FakeRedis(server=shared).lock(
        f"korus:{account_of(client.config)}:token:turn", timeout=30
    ).acquire()
    began = time.monotonic()
    assert caller.using(client, get_order).id == "x"
    assert time.monotonic() - began < 1


def test_a_follower_keeps_to_its_own_deadline(server: ScriptedServer, caller: Caller) -> None:
    server.answer = lambda _: Reply(body=ORDER)
    server.answer_token = lambda _: Reply(body=token(), delay=2)
    took: list[float] = []

    def follow(korus):
        began = time.monotonic()
        with pytest.raises(errors.TimedOut, match="it was not sent") as caught:
            korus.with_options(timeout=0.5, retry=ONCE).orders.get("x")
        took.append(time.monotonic() - began)
        assert caught.value.sent is False

    async def follow_async(korus):
        began = time.monotonic()
        with pytest.raises(errors.TimedOut, match="it was not sent"):
            await korus.with_options(timeout=0.5, retry=ONCE).orders.get("x")
        took.append(time.monotonic() - began)

    def both(korus):
        leader = threading.Thread(target=get_order, args=(korus,))
        leader.start()
        time.sleep(0.1)
        follow(korus)
        leader.join()

    async def both_async(korus):
        async with anyio.create_task_group() as group:
            group.start_soon(korus.orders.get, "x")
            await anyio.sleep(0.1)
            await follow_async(korus)

    caller.call(both_async if caller.asynchronous else both)
    assert took[0] < 1
    assert len(server.token_requests) == 1


def test_a_leader_with_little_time_does_not_take_the_others_with_it(
    server: ScriptedServer, caller: Caller
) -> None:
    server.answer = lambda _: Reply(body=ORDER)
    server.answer_token = lambda _: Reply(body=token(), delay=1 if len(server.token_requests) == 1 else 0)
    failed: list[errors.TimedOut] = []

    def hurry(korus):
        try:
            korus.with_options(timeout=0.4, retry=ONCE).orders.get("x")
        except errors.TimedOut as error:
            failed.append(error)

    async def hurry_async(korus):
        try:
            await korus.with_options(timeout=0.4, retry=ONCE).orders.get("x")
        except errors.TimedOut as error:
            failed.append(error)

    def both(korus):
        leader = threading.Thread(target=hurry, args=(korus,))
        leader.start()
        time.sleep(0.1)
        found = korus.with_options(retry=ONCE).orders.get("x")
        leader.join()
        return found

    async def both_async(korus):
        async with anyio.create_task_group() as group:
            group.start_soon(hurry_async, korus)
            await anyio.sleep(0.1)
            return await korus.with_options(retry=ONCE).orders.get("x")

    assert caller.call(both_async if caller.asynchronous else both).id == "x"
    assert len(failed) == 1


def dripping_proxy(phase: str) -> Callable[[socket.socket], None]:
    """Return a proxy that never comes to an end of a phase."""

    def treat(connection: socket.socket) -> None:
        connection.recv(65536)
        if phase == "tunnel":
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
        elif phase == "handshake":
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03\x3f\xff")
        elif phase == "headers":
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            connection.sendall(b"x" if phase in {"handshake", "body"} else b"X-A: b\r\n")
            time.sleep(0.05)

    return treat


@pytest.mark.parametrize("variable", ["ALL_PROXY", "scheme"])
@pytest.mark.parametrize("phase", ["tunnel", "handshake", "headers", "body"])
def test_a_proxy_that_drips_is_bounded(
    caller: Caller, phase: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = RawServer(dripping_proxy(phase))
    scheme = "https" if phase in {"tunnel", "handshake"} else "http"
    name = variable if variable == "ALL_PROXY" else f"{scheme.upper()}_PROXY"
    for each in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(each, raising=False)
        monkeypatch.delenv(each.lower(), raising=False)
    monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    began = time.monotonic()
    with pytest.raises(errors.TransportError):
        caller.call(
            get_order,
            base_url=f"{scheme}://api.test",
            token_url=f"{scheme}://auth.test/token",
            timeout=1,
            retry=ONCE,
        )
    assert time.monotonic() - began < 1.8
    proxy.close()


@pytest.mark.parametrize("flooded", ["api", "token"])
def test_a_server_that_never_pauses_and_never_answers_is_bounded(
    server: ScriptedServer, caller: Caller, flooded: str
) -> None:
    def flood(connection: socket.socket) -> None:
        connection.recv(65536)
        while True:
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" * 50)

    api = RawServer(flood)
    name = "base_url" if flooded == "api" else "token_url"
    began = time.monotonic()
    with pytest.raises(errors.TimedOut):
        caller.call(get_order, **{name: f"http://127.0.0.1:{api.port}"}, timeout=1, retry=ONCE)
    assert time.monotonic() - began < 2.5
    api.close()


def test_a_host_whose_addresses_are_all_dead_is_bounded(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = full.getsockname()[1]
    waiting = []
    for _ in range(4):  # nobody takes them, so that no further one is answered
        waiting.append(socket.socket())
        waiting[-1].setblocking(False)
        waiting[-1].connect_ex(("127.0.0.1", port))
    found = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *a, **k: [found] * 4 if host == "dead.test" else resolve(host, *a, **k),
    )
    began = time.monotonic()
    at = f"http://dead.test:{port}"
    with pytest.raises(errors.TransportError):
        caller.call(get_order, base_url=at, token_url=f"{at}/token", timeout=1, retry=ONCE)
    assert time.monotonic() - began < 1.8
    for connection in (full, *waiting):
        connection.close()


def test_a_request_that_is_taken_slowly_is_bounded(caller: Caller) -> None:
    def take_slowly(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while connection.recv(2048):
            time.sleep(0.2)

    slow = RawServer(take_slowly)
    slow.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def reserve(korus):
        from korus._http.endpoints import endpoint

        operation = endpoint("bulk_create_reservations").OPERATION
        body = {"items": ["x" * 1000] * 8000}
        return korus.transport.send(operation, {"url": "/v1/booking/reservations/bulk", "json": body})

    tokens = ScriptedServer()
    began = time.monotonic()
    with pytest.raises(errors.TimedOut):
        caller.call(
            reserve,
            base_url=f"http://127.0.0.1:{slow.port}",
            token_url=tokens.token_url,
            timeout=1,
            retry=ONCE,
        )
    assert time.monotonic() - began < 1.8
    slow.close()
    tokens.close()
