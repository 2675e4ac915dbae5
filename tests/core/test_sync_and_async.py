"""Sync and async are one program: the sync half is made from the async one, and the primitives are twins."""

from __future__ import annotations

import inspect
import threading
import time
from typing import Any

import anyio
import pytest

from korus import AsyncKorus, Korus
from korus._primitives import asynchronous, synchronous
from scripts import sync

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def test_the_sync_half_is_what_the_script_writes() -> None:
    assert sync.main(["--check"]) == 0


def test_a_stale_sync_half_is_named(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(sync, "TARGET", tmp_path)
    (tmp_path / "left_over.py").write_text("")
    assert sync.main(["--check"]) == 1
    said = capsys.readouterr().out
    assert "korus/_sync/client.py is out of date" in said
    assert "korus/_sync/left_over.py is out of date" in said
    assert sync.main([]) == 0
    assert not (tmp_path / "left_over.py").exists()
    assert sync.main(["--check"]) == 0


def test_a_module_loses_async_in_code_comments_and_docstrings() -> None:
    source = '''"""See `AsyncThing`: ``await thing.get()``."""

from collections.abc import Awaitable, Callable
from korus._async.other import AsyncThing


# AsyncThing waits
async def use(thing: "AsyncThing", call: Callable[[int], Awaitable[list[int]]]) -> None:
    async with thing:
        async for x in thing:
            print(await call(x), "AsyncThing")
    await thing.aclose()
'''
    assert sync.synchronous({"made.py": source})["made.py"].splitlines() == [
        "# Written by `python -m scripts.sync` from korus/_async/made.py; edit that file instead.",
        '"""See `Thing`: ``thing.get()``."""',
        "",
        "from collections.abc import Callable",
        "",
        "from korus._sync.other import Thing",
        "",
        "",
        "# Thing waits",
        'def use(thing: "Thing", call: Callable[[int], list[int]]) -> None:',
        "    with thing:",
        "        for x in thing:",
        '            print(call(x), "Thing")',
        "    thing.close()",
    ]


def surface(kind: type) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, member in inspect.getmembers(kind):
        if not name.startswith("_"):
            function = getattr(member, "func", None) or getattr(member, "fget", None) or member
            found[name] = list(inspect.signature(function).parameters) if callable(function) else []
    return found


def test_sync_and_async_have_the_same_names_and_arguments() -> None:
    asynchronous_names = surface(AsyncKorus)
    asynchronous_names["close"] = asynchronous_names.pop("aclose")
    assert asynchronous_names == surface(Korus)
    settings = {"client_id": "a", "client_secret": "b", "environment": "production"}
    one, other = AsyncKorus(**settings), Korus(**settings)
    for name in surface(Korus):
        if type(getattr(other, name)).__module__.startswith("korus._sync.resources"):
            assert surface(type(getattr(one, name))) == surface(type(getattr(other, name)))


def test_the_primitives_are_twins() -> None:
    names = {name.removeprefix("Async") for name in asynchronous.__all__}
    assert names == set(synchronous.__all__)


@BACKENDS
def test_results_keep_the_order_of_the_items_and_concurrency_its_bound(backend: str) -> None:
    busy = most = 0

    async def work(item: int) -> int:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await anyio.sleep(0.001 * (item % 3))
        busy -= 1
        return item * 2

    async def run() -> list[int]:
        return await asynchronous.map_ordered(work, range(30), concurrency=4)

    assert anyio.run(run, backend=backend) == [item * 2 for item in range(30)]
    assert most == 4


def test_results_keep_the_order_of_the_items_in_threads() -> None:
    busy = most = 0
    counting = threading.Lock()

    def work(item: int) -> int:
        nonlocal busy, most
        with counting:
            busy += 1
            most = max(most, busy)
        time.sleep(0.002 * (item % 3))
        with counting:
            busy -= 1
        return item * 2

    assert synchronous.map_ordered(work, range(30), concurrency=4) == [item * 2 for item in range(30)]
    assert 1 < most <= 4
    assert synchronous.map_ordered(work, [], concurrency=4) == []
    assert synchronous.map_ordered(work, [3], concurrency=0) == [6]


@BACKENDS
def test_a_failure_stops_what_has_not_begun_and_cuts_nothing_off(backend: str) -> None:
    begun, ended = [], []

    async def work(item: int) -> None:
        begun.append(item)
        await anyio.sleep(0.01)
        ended.append(item)
        if item == 1:
            raise ValueError(item)

    async def run() -> None:
        await asynchronous.map_ordered(work, range(100), concurrency=3)

    with pytest.raises(ValueError, match="1"):
        anyio.run(run, backend=backend)
    assert sorted(begun) == sorted(ended)
    assert len(begun) < 10


def test_failing_thread_stops_waiting_calls_but_not_running_ones() -> None:
    begun, ended = [], []

    def work(item: int) -> None:
        begun.append(item)
        time.sleep(0.01)
        ended.append(item)
        if item == 1:
            raise ValueError(item)

    with pytest.raises(ValueError, match="1"):
        synchronous.map_ordered(work, range(100), concurrency=3)
    assert sorted(begun) == sorted(ended)
    assert len(begun) < 10


@BACKENDS
def test_workers_give_results_and_errors_where_they_are_waited_for(backend: str) -> None:
    async def double(item: int) -> int:
        if item < 0:
            raise ValueError(item)
        await anyio.sleep(0.001)
        return item * 2

    async def run() -> list[int]:
        workers = asynchronous.AsyncWorkers(2, asynchronous.AsyncCalls())
        pending = [workers.start(double, item) for item in (1, 2, 3, -1)]
        results = [await one.result() for one in pending[:3]]
        with pytest.raises(ValueError, match="-1"):
            await pending[3].result()
        never = workers.start(anyio.sleep, 60)
        workers.drop()
        with pytest.raises(asynchronous.Dropped):
            await never.result()
        return results

    began = time.monotonic()
    assert anyio.run(run, backend=backend) == [2, 4, 6]
    assert time.monotonic() - began < 10


@BACKENDS
def test_calls_under_way_end_with_what_they_belong_to(backend: str) -> None:
    ended = []

    async def call() -> None:
        try:
            await anyio.sleep(60)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.01)
            ended.append(True)

    async def run() -> None:
        whole = asynchronous.AsyncCalls()
        part = asynchronous.AsyncCalls(whole)
        workers = asynchronous.AsyncWorkers(2, part)
        pending = [workers.start(call) for _ in range(3)]
        await workers.give_way()
        await whole.end()
        assert ended == [True, True]  # the third never had room
        with pytest.raises(asynchronous.Dropped):
            await pending[0].result()
        await part.end()

    anyio.run(run, backend=backend)


def test_running_calls_are_awaited_and_waiting_ones_never_begin() -> None:
    begun, ended, go_on = [], [], threading.Event()

    def call(number: int) -> None:
        begun.append(number)
        go_on.wait(10)
        ended.append(number)

    whole = synchronous.Calls()
    workers = synchronous.Workers(2, synchronous.Calls(whole))
    pending = [workers.start(call, number) for number in range(5)]
    while len(begun) < 2:
        time.sleep(0.001)
    workers.drop()  # gives back control while the calls are under way
    assert ended == []
    threading.Timer(0.05, go_on.set).start()
    whole.end()
    assert sorted(ended) == sorted(begun) == [0, 1]
    with pytest.raises(synchronous.Dropped):
        pending[4].result()


@BACKENDS
def test_workers_are_dropped_from_any_thread_and_after_their_loop(backend: str) -> None:
    kept = []

    async def run() -> None:
        workers = asynchronous.AsyncWorkers(1, asynchronous.AsyncCalls())
        kept.append(workers)
        never = workers.start(anyio.sleep, 60)
        await workers.give_way()
        await anyio.to_thread.run_sync(workers.drop)
        with pytest.raises(asynchronous.Dropped):
            await never.result()
        workers.start(anyio.sleep, 60)

    anyio.run(run, backend=backend)
    kept[0].drop()


@BACKENDS
def test_an_event_is_waited_for_with_a_limit(backend: str) -> None:
    async def run() -> tuple[bool, bool]:
        event = asynchronous.AsyncEvent()
        early = await event.wait(0.01)
        event.set()
        return early, await event.wait()

    assert anyio.run(run, backend=backend) == (False, True)


@BACKENDS
def test_a_time_limit_ends_a_block(backend: str) -> None:
    async def run() -> None:
        async with asynchronous.time_limit(0.05):
            await anyio.sleep(60)

    with pytest.raises(TimeoutError):
        anyio.run(run, backend=backend)


@BACKENDS
def test_blocking_work_goes_to_a_thread(backend: str) -> None:
    async def run() -> tuple[int, int]:
        return await asynchronous.run_blocking(threading.get_ident), threading.get_ident()

    there, here = anyio.run(run, backend=backend)
    assert there != here
    assert synchronous.run_blocking(threading.get_ident) == threading.get_ident()
