"""One `AsyncKorus` in several event loops: each has connections of its own, all share the token."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import warnings
from types import ModuleType

import httpcore  # noqa: F401 (before a test has put something else in the place of trio)
import httpx
import pytest
import trio
from scripted_server import Reply, ScriptedServer, Seen, token

from korus import AsyncKorus, errors

ORDER = {"@id": "/v1/booking/orders/x", "id": "x"}


def page(seen: Seen) -> Reply:
    number = int(seen.target.partition("page=")[2] or 1)
    members = [{"@id": f"/v1/ticketing/catalogs/{number}-{n}", "id": f"{number}-{n}"} for n in range(30)]
    return Reply(body={"totalItems": 90, "member": members})


@pytest.fixture
def korus(server: ScriptedServer) -> AsyncKorus:
    server.answer = lambda seen: page(seen) if "catalogs" in seen.target else Reply(body=ORDER)
    return AsyncKorus(**server.settings(timeout=5))


async def ids(korus: AsyncKorus) -> str:
    return (await korus.orders.get("x")).id


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("run", [asyncio.run, lambda work: trio.run(lambda: work)], ids=["asyncio", "trio"])
def test_a_second_event_loop_is_as_good_as_the_first(korus: AsyncKorus, server: ScriptedServer, run) -> None:
    assert [run(ids(korus)) for _ in range(3)] == ["x"] * 3
    assert len(server.token_requests) == 1
    gc.collect()
    assert korus._pool._opened._values == {}


def test_asyncio_and_trio_take_turns(korus: AsyncKorus) -> None:
    for _ in range(2):
        assert asyncio.run(ids(korus)) == "x"
        assert trio.run(ids, korus) == "x"


@pytest.mark.parametrize("done", [(), ("lowlevel",)], ids=["begun", "half done"])
def test_another_thread_may_be_importing_trio(korus: AsyncKorus, monkeypatch, done) -> None:
    importing = ModuleType("trio")
    for name in done:
        setattr(importing, name, ModuleType(f"trio.{name}"))
    monkeypatch.setitem(sys.modules, "trio", importing)
    assert asyncio.run(ids(korus)) == "x"


def test_a_loop_that_is_closed_without_care_leaves_no_trace(korus: AsyncKorus) -> None:
    with warnings.catch_warnings():
        # of the sockets that such a loop leaves behind, whenever they are collected
        warnings.simplefilter("ignore", ResourceWarning)
        for _ in range(3):
            loop = asyncio.new_event_loop()
            assert loop.run_until_complete(ids(korus)) == "x"
            loop.close()
        assert len(korus._pool._opened._values) == 1
        assert asyncio.run(ids(korus)) == "x"
        del loop
        gc.collect()


def test_two_loops_at_once_do_not_wait_for_each_other(korus: AsyncKorus, server: ScriptedServer) -> None:
    server.answer_token = lambda _: Reply(body=token(), delay=0.3)
    found: list[str] = []

    async def many() -> None:
        found.extend(await asyncio.gather(*[ids(korus) for _ in range(5)]))

    threads = [threading.Thread(target=asyncio.run, args=(many(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == ["x"] * 20
    assert 1 <= len(server.token_requests) <= 4


def test_a_renewal_that_ended_with_its_loop_is_begun_again(korus: AsyncKorus, server: ScriptedServer) -> None:
    server.answer_token = lambda _: Reply(body=token(), delay=1 if len(server.token_requests) == 1 else 0)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await ids(korus)

    asyncio.run(give_up())
    began = time.monotonic()
    assert asyncio.run(ids(korus)) == "x"
    assert time.monotonic() - began < 0.8


def test_an_iteration_goes_on_in_another_loop(korus: AsyncKorus) -> None:
    listed = aiter(korus.catalogs.list(prefetch=2))

    async def take(count: int) -> list[str]:
        return [(await anext(listed)).id for _ in range(count)]

    assert asyncio.run(take(31))[-1] == "2-0"
    assert asyncio.run(take(59))[-1] == "3-29"


def test_a_client_that_was_closed_is_closed_in_every_loop(korus: AsyncKorus) -> None:
    async def use() -> None:
        async with korus:
            await ids(korus)

    asyncio.run(use())
    with pytest.raises(errors.ConfigurationError, match="closed; build a new one"):
        asyncio.run(ids(korus))


@pytest.mark.parametrize("setting", ["http_client", "transport"])
def test_what_the_caller_lent_is_refused_in_a_second_loop(server: ScriptedServer, setting: str) -> None:
    # no connection is kept, since the test closes its client in another event loop
    server.answer = lambda _: Reply(body=ORDER, headers={"Connection": "close"})
    server.answer_token = lambda _: Reply(body=token(), headers={"Connection": "close"})
    lent = httpx.AsyncClient() if setting == "http_client" else httpx.AsyncHTTPTransport()
    korus = AsyncKorus(**server.settings(**{setting: lent}))

    async def first() -> str:
        found = await ids(korus), await ids(korus)
        await lent.aclose() if setting == "transport" else None
        return found[1]

    assert asyncio.run(first()) == "x"
    with pytest.raises(errors.ConfigurationError, match=rf"Cannot use this {setting} in a second event loop"):
        asyncio.run(ids(korus))
    if setting == "http_client":
        asyncio.run(lent.aclose())


def test_a_transport_without_connections_serves_every_loop() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=token() if request.url.path == "/token" else ORDER)

    korus = AsyncKorus(
        base_url="https://api.test",
        token_url="https://api.test/token",
        client_id="shop",
        client_secret="s",
        transport=httpx.MockTransport(answer),
    )
    assert [asyncio.run(ids(korus)) for _ in range(2)] == ["x", "x"]


class TestAsPytestAsyncioDoes:
    """pytest-asyncio runs each test in a loop of its own, and a client may be shared by a whole module."""

    @pytest.mark.filterwarnings("error")
    def test_a_loop_for_each_test(self, korus: AsyncKorus) -> None:
        for _ in range(3):
            with asyncio.Runner() as runner:
                assert runner.run(ids(korus)) == "x"
                assert runner.run(ids(korus)) == "x"
        gc.collect()

    def test_closing_in_a_loop_of_ones_own(self, korus: AsyncKorus) -> None:
        with asyncio.Runner() as runner:
            runner.run(ids(korus))
        with asyncio.Runner() as runner:
            runner.run(korus.aclose())


def test_a_cache_in_a_file_serves_every_loop(server: ScriptedServer, tmp_path) -> None:
    server.answer = page
    korus = AsyncKorus(**server.settings(cache=tmp_path / "cache.sqlite3"))

    async def first() -> str:
        found = await korus.catalogs.list().first()
        assert found is not None
        return found.id

    assert [asyncio.run(first()) for _ in range(3)] == ["1-0"] * 3
    assert len(server.api_requests) == 1
