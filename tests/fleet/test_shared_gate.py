"""Workers of one account against an API that limits requests, with and without Redis."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from anyio import create_task_group
from limited_server import Limit, LimitedServer

from korus import AsyncKorus, Korus, RetryPolicy
from korus.errors import RateLimited
from scripts.soak.redis_server import RedisServer, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKER = """
import sys, threading
from korus import Korus
from korus.errors import KorusError

url, redis, calls, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
korus = Korus(client_id="shop", client_secret="secret", base_url=url, token_url=url + "/token", cache=redis)
numbers, failed = iter(range(calls)), []

def work():
    for number in numbers:
        try:
            list(korus.orders.list(external_reference=f"A-{number}"))
        except KorusError as error:
            failed.append(type(error).__name__)

workers = [threading.Thread(target=work) for _ in range(threads)]
print("ready", flush=True)
input()
for worker in workers: worker.start()
for worker in workers: worker.join()
print(len(failed), *failed[:3], flush=True)
"""


@pytest.fixture
def redis_server(tmp_path) -> Iterator[RedisServer]:
    try:
        with RedisServer(tmp_path) as running:
            yield running
    except Unavailable as missing:
        pytest.skip(str(missing))


def settings(server: LimitedServer, **more: object) -> dict[str, object]:
    address = {"base_url": server.url, "token_url": f"{server.url}/token"}
    return {"client_id": "shop", "client_secret": "secret", **address, **more}


def run_fleet(
    server: LimitedServer, redis_url: str, *, processes: int, threads: int, calls: int
) -> list[str]:
    """Let some processes make their calls at once; returns what each printed last."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, server.url, redis_url, str(calls), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    return [worker.communicate("\n")[0].strip() for worker in workers]


def test_fleet_shares_what_it_learns_of_the_limit(redis_server: RedisServer) -> None:
    with LimitedServer(Limit(rate=40, burst=20), latency=0.01) as server:
        printed = run_fleet(server, redis_server.url, processes=2, threads=4, calls=80)
    assert printed == ["0", "0"]
    assert server.admitted == 160
    assert server.refused <= 8


@pytest.mark.proof
@pytest.mark.timeout(300)
@pytest.mark.parametrize("limit", [{}, {"kind": "window"}, {"retry_after": True}], ids=str)
def test_four_processes_at_twenty_requests_a_second(
    redis_server: RedisServer, limit: dict[str, object]
) -> None:
    with LimitedServer(Limit(**limit), latency=0.02) as server:
        printed = run_fleet(server, redis_server.url, processes=4, threads=8, calls=100)
    share = server.refused / (server.refused + server.admitted)
    times = (server.times[-1] - server.times[0]) * server.limit.rate / server.admitted

    assert printed == ["0"] * 4
    assert share <= 0.03
    assert times <= 1.5


def test_one_round_trip_to_redis_a_call_while_nothing_is_limited(redis_server: RedisServer) -> None:
    import redis

    with (
        LimitedServer(Limit(rate=1000, burst=1000)) as server,
        redis.Redis.from_url(redis_server.url) as client,
        Korus(**settings(server, cache=redis_server.url)) as korus,
    ):
        list(korus.orders.list(external_reference="A"))
        before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
        for number in range(5):
            list(korus.orders.list(external_reference=f"A-{number}"))
        assert client.info("commandstats")["cmdstat_evalsha"]["calls"] - before == 5


@pytest.mark.parametrize("trouble", ["kill", "suspend"])
def test_calls_go_on_without_redis(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    with (
        LimitedServer(Limit(rate=1000, burst=1000)) as server,
        Korus(**settings(server, cache=redis_server.url)) as korus,
    ):
        list(korus.orders.list(external_reference="A"))
        getattr(redis_server, trouble)()
        with caplog.at_level(logging.WARNING, logger="korus"):
            begins = time.monotonic()
            for number in range(10):
                list(korus.orders.list(external_reference=f"A-{number}"))
        assert time.monotonic() - begins < 5
        assert len(caplog.records) == 1
        assert server.admitted == 11


def test_threads_of_one_client_learn_without_redis() -> None:
    with LimitedServer(Limit(rate=40, burst=10)) as server, Korus(**settings(server)) as korus:
        numbers = iter(range(120))
        failed: list[Exception] = []

        def work() -> None:
            for number in numbers:
                try:
                    list(korus.orders.list(external_reference=f"A-{number}"))
                except Exception as error:  # noqa: BLE001 (compared below)
                    failed.append(error)

        workers = [threading.Thread(target=work) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert failed == []
    assert server.admitted == 120
    assert server.refused < 20


def test_call_without_room_before_its_deadline_is_not_sent() -> None:
    retry = RetryPolicy(attempts=1)
    with (
        LimitedServer(Limit(rate=1, burst=1, retry_after=True)) as server,
        Korus(**settings(server, retry=retry, timeout=0.8)) as korus,
    ):
        list(korus.orders.list(external_reference="A"))
        with pytest.raises(RateLimited):
            list(korus.orders.list(external_reference="B"))
        with pytest.raises(RateLimited, match=r"not sent, .* rate limit"):
            list(korus.orders.list(external_reference="C"))
    assert (server.admitted, server.refused) == (1, 1)


@pytest.mark.anyio
async def test_tasks_wait_for_their_turn_too() -> None:
    with LimitedServer(Limit(rate=50, burst=10)) as server:
        async with AsyncKorus(**settings(server)) as korus, create_task_group() as group:

            async def call(number: int) -> None:
                assert [order async for order in korus.orders.list(external_reference=f"A-{number}")] == []

            for number in range(40):
                group.start_soon(call, number)
    assert server.admitted == 40
    assert server.refused <= 30
