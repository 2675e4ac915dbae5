"""As many attempts at once as there are connections; an outage leaves no connection taken (encode/httpcore#1093)."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

import anyio
import httpx
import pytest
from scripted_server import Reply, ScriptedServer, token

from korus import AsyncKorus, Korus, RetryPolicy, Timeouts, errors
from korus._http.library import connection_pools

ORDER = {"@id": "/v1/booking/orders/x", "id": "x"}
ONCE = RetryPolicy(attempts=1)
BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@pytest.mark.parametrize("how", ["own", "scope", "native"])
@BACKENDS
def test_after_an_outage_the_first_call_is_answered(server: ScriptedServer, backend: str, how: str) -> None:
    if (backend, how) == ("trio", "native"):
        pytest.skip("there is one way to cancel in trio")
    sick = threading.Event()
    server.answer = lambda _: Reply(body=ORDER, delay=1.5 if sick.is_set() else 0)

    async def main() -> None:
        total = 0.5 if how == "own" else 20
        async with AsyncKorus(**server.settings(max_connections=4, timeout=total, retry=ONCE)) as korus:
            await korus.orders.get("x")
            sick.set()
            failed: Counter[str] = Counter()

            async def call() -> None:
                try:
                    if how == "native":
                        import asyncio

                        async with asyncio.timeout(0.5):
                            await korus.orders.get("x")
                    else:
                        with anyio.fail_after(0.5 if how == "scope" else 10):
                            await korus.orders.get("x")
                except (TimeoutError, errors.TimedOut) as error:
                    failed[type(error).__name__] += 1

            async with anyio.create_task_group() as group:
                for _ in range(40):
                    group.start_soon(call)
            sick.clear()
            assert failed.total() == 40
            began = time.monotonic()
            assert (await korus.orders.get("x")).id == "x"
            assert time.monotonic() - began < 0.4

    anyio.run(main, backend=backend)


# one that anyio was connecting when its call was cancelled is left to the garbage collector by asyncio
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_no_connection_is_lost_however_calls_are_cancelled(server: ScriptedServer) -> None:
    import asyncio
    import gc

    chance = random.Random(7)
    server.answer = lambda _: Reply(body=ORDER, delay=chance.choice([0, 0, 0.01]))

    async def main() -> None:
        async with AsyncKorus(**server.settings(max_connections=3, timeout=20, retry=ONCE)) as korus:
            await korus.orders.get("x")
            (pool,) = connection_pools(korus._pool.get())
            pool._keepalive_expiry = 0.001

            async def call() -> None:
                try:
                    async with asyncio.timeout(chance.random() * 0.02):
                        await korus.orders.get("x")
                except (TimeoutError, errors.ConnectionLost):
                    # httpcore may close an idle connection that it has just given to a request
                    pass

            until = time.monotonic() + 4
            while time.monotonic() < until:
                await asyncio.gather(*[call() for _ in range(9)])
                assert [
                    connection
                    for connection in pool.connections
                    if not connection.is_idle() and not connection.is_closed()
                ] == []
            assert (await korus.orders.get("x")).id == "x"

    asyncio.run(main())
    gc.collect()


class Counting:
    """Counts the requests that are in httpx at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.lock = threading.Lock()

    def come(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def go(self) -> None:
        with self.lock:
            self.now -= 1

    def answer(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=token() if request.url.path == "/token" else ORDER)


SETTINGS = {
    "base_url": "https://api.test",
    "token_url": "https://api.test/token",
    "client_id": "shop",
    "client_secret": "s",
    "max_connections": 3,
}


@BACKENDS
def test_no_more_attempts_than_connections_enter_httpx(backend: str) -> None:
    counting = Counting()

    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            counting.come()
            await anyio.sleep(0.01)
            counting.go()
            return counting.answer(request)

    async def main() -> None:
        async with AsyncKorus(**SETTINGS, transport=Transport()) as korus:

            async def call(client: AsyncKorus) -> None:
                assert (await client.orders.get("x")).id == "x"

            async with anyio.create_task_group() as group:
                for client in [korus, korus.with_options(language="fr")] * 10:
                    group.start_soon(call, client)

    anyio.run(main, backend=backend)
    assert counting.most == 3


def test_threads_wait_for_their_turn_too() -> None:
    counting = Counting()

    class Transport(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            counting.come()
            time.sleep(0.01)
            counting.go()
            return counting.answer(request)

    with Korus(**SETTINGS, transport=Transport()) as korus:
        found: list[str] = []
        threads = [threading.Thread(target=lambda: found.append(korus.orders.get("x").id)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert found == ["x"] * 20
    assert counting.most == 3


def test_a_call_waits_for_its_turn_within_its_deadline(server: ScriptedServer, caller) -> None:
    server.answer = lambda _: Reply(body=ORDER, delay=2)

    def both(korus):
        quick = korus.with_options(timeout=0.4, retry=ONCE)
        if not caller.asynchronous:
            slow = threading.Thread(target=korus.orders.get, args=("x",))
            slow.start()
            time.sleep(0.1)
            began = time.monotonic()
            with pytest.raises(errors.TimedOut, match="it was not sent") as caught:
                quick.orders.get("x")
            took = time.monotonic() - began
            slow.join()
            return took, caught.value.sent
        return _both(korus, quick)

    async def _both(korus, quick):
        async with anyio.create_task_group() as group:
            group.start_soon(korus.orders.get, "x")
            await anyio.sleep(0.1)
            began = time.monotonic()
            with pytest.raises(errors.TimedOut, match="it was not sent") as caught:
                await quick.orders.get("x")
            return time.monotonic() - began, caught.value.sent

    took, sent = caller.call(both, max_connections=1)
    assert took < 1
    assert sent is False


def test_the_pools_own_timeout_bounds_the_wait(server: ScriptedServer) -> None:
    server.answer = lambda _: Reply(body=ORDER, delay=1)
    timeouts = Timeouts(total=30, pool=0.2)
    with Korus(**server.settings(max_connections=1, timeout=timeouts, retry=ONCE)) as korus:
        slow = threading.Thread(target=korus.orders.get, args=("x",))
        slow.start()
        time.sleep(0.1)
        with pytest.raises(errors.TimedOut, match="no connection of the pool became free in time"):
            korus.orders.get("x")
        slow.join()


def test_one_connection_is_enough_to_renew_a_token(server: ScriptedServer, caller) -> None:
    server.replies(Reply(401), Reply(body=ORDER))
    assert caller.call(lambda korus: korus.orders.get("x"), max_connections=1, timeout=5).id == "x"
    assert len(server.token_requests) == 2


def test_threads_are_served_in_the_order_in_which_they_came() -> None:
    from korus._primitives.synchronous import Slots

    slots, served = Slots(1), []
    assert slots.acquire(0)
    assert not slots.acquire(0.01)

    def wait(number: int) -> None:
        assert slots.acquire(5)
        served.append(number)
        slots.release()

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    slots.release()
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2, 3, 4]
    assert slots.acquire(0)
