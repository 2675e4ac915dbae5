"""Rows 5 and 7: single calls through the whole client, one by one and a thousand at once."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import httpx

from korus import AsyncKorus, Korus, Timeouts
from tests.benchmarks import server
from tests.benchmarks.measuring import (
    CPU,
    Figure,
    Row,
    at_least,
    at_most,
    median,
    quartiles,
    race,
    race_async,
    ratio,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_PATH = f"{server.OFFER}/availability"
_HEADERS = {"Accept": "application/ld+json", "Authorization": "Bearer bench", "User-Agent": "httpx"}
_BATCH = 20
_AT_ONCE, _POOL = 1_000, 20


def _options(base: str) -> dict[str, Any]:
    return {"client_id": "bench", "client_secret": "bench", "base_url": base, "token_url": f"{base}/token"}


def _mock(request: httpx.Request) -> httpx.Response:
    body = server.token_body() if request.method == "POST" else server.AVAILABILITY
    return httpx.Response(200, content=body, headers={"Content-Type": "application/ld+json"})


def _limits(connections: int) -> httpx.Limits:
    return httpx.Limits(max_connections=connections, max_keepalive_connections=connections)


def _sync(base: str, rounds: int, *, mocked: bool) -> dict[str, list[float]]:
    transport = httpx.MockTransport(_mock) if mocked else None
    raw = httpx.Client(base_url=base, limits=_limits(100), transport=transport)
    mine = Korus(**_options(base), **({"transport": transport} if mocked else {}))

    def by_httpx() -> None:
        for _ in range(_BATCH):
            raw.get(_PATH, headers=_HEADERS).json()

    def by_korus() -> None:
        for _ in range(_BATCH):
            mine.offers.availability(server.OFFER)

    with raw, mine:
        return _each(
            race({"httpx": by_httpx, "korus": by_korus}, rounds, clock=CPU if mocked else time.perf_counter)
        )


async def _async(base: str, rounds: int, *, mocked: bool) -> dict[str, list[float]]:
    transport = httpx.MockTransport(_mock) if mocked else None
    raw = httpx.AsyncClient(base_url=base, limits=_limits(100), transport=transport)
    mine = AsyncKorus(**_options(base), **({"transport": transport} if mocked else {}))

    async def by_httpx() -> None:
        for _ in range(_BATCH):
            (await raw.get(_PATH, headers=_HEADERS)).json()

    async def by_korus() -> None:
        for _ in range(_BATCH):
            await mine.offers.availability(server.OFFER)

    async with raw, mine:
        return _each(
            await race_async(
                {"httpx": by_httpx, "korus": by_korus}, rounds, clock=CPU if mocked else time.perf_counter
            )
        )


def _each(times: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    return {name: [spent / _BATCH for spent in values] for name, values in times.items()}


def run(rounds: int) -> Row:
    """Measure one GET: over loopback, and with a transport that answers at once."""
    rounds = max(rounds, 45)  # short turns, so more of them
    with server.serving() as base:
        found = {
            "": _sync(base, rounds, mocked=False),
            ", async": asyncio.run(_async(base, rounds, mocked=False)),
            ", mock": _sync("http://api.test", rounds, mocked=True),
            ", mock, async": asyncio.run(_async("http://api.test", rounds, mocked=True)),
        }
    times = {f"{name}{kind}": values for kind, race_ in found.items() for name, values in race_.items()}
    figures = [
        ratio("loopback, sync: korus / httpx", times["korus"], times["httpx"], **at_most(1.15)),
        ratio(
            "loopback, async: korus / httpx", times["korus, async"], times["httpx, async"], **at_most(1.15)
        ),
        _more("mock, sync: korus − httpx", times["korus, mock"], times["httpx, mock"]),
        _more("mock, async: korus − httpx", times["korus, mock, async"], times["httpx, mock, async"]),
    ]
    return Row(
        5,
        "one GET through the whole client",
        "µs",
        times,
        figures,
        [f"{len(server.AVAILABILITY)} bytes; with the mock transport processor time"],
    )


def _more(text: str, mine: Sequence[float], other: Sequence[float]) -> Figure:
    more = [one - two for one, two in zip(mine, other, strict=True)]
    return Figure(text, median(more), quartiles(more), unit="µs", **at_most(30))


async def _thousand(base: str, rounds: int, clock: Callable[[], float]) -> dict[str, list[float]]:
    patient = Timeouts(total=None, pool=None)
    raw = httpx.AsyncClient(base_url=base, limits=_limits(_POOL), timeout=httpx.Timeout(30, pool=None))
    mine = AsyncKorus(**_options(base), max_connections=_POOL, timeout=patient)

    async def one() -> None:
        (await raw.get(_PATH, headers=_HEADERS)).json()

    async def by_httpx() -> None:
        await asyncio.gather(*(one() for _ in range(_AT_ONCE)))

    async def by_korus() -> None:
        await asyncio.gather(*(mine.offers.availability(server.OFFER) for _ in range(_AT_ONCE)))

    async with raw, mine:
        await one()
        await mine.offers.availability(server.OFFER)
        contestants = {"httpx": by_httpx, "korus": by_korus}
        return await race_async(contestants, rounds, scale=1e3, clock=clock, once=True)


def run_at_once(rounds: int) -> Row:
    """Measure a thousand calls at once on a pool of twenty."""
    with server.serving() as base:
        times = asyncio.run(_thousand(base, rounds, time.perf_counter))
        worked = asyncio.run(_thousand(base, rounds, CPU))
    times |= {f"{name}, processor time": values for name, values in worked.items()}
    figures = [
        ratio("throughput: korus / httpx", times["httpx"], times["korus"], **at_least(0.95)),
        # what is left when other programs keep the processors busy
        ratio("calls per second of processor time: korus / httpx", worked["httpx"], worked["korus"]),
        Figure("calls per second of korus", _AT_ONCE / median(times["korus"]) * 1e3, unit="/s"),
    ]
    return Row(7, "1,000 concurrent calls, async, on a pool of 20", "ms", times, figures)
