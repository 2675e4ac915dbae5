"""Rows 6, 8 and 9: long lists, with waiting, without end, and a second time."""

from __future__ import annotations

import asyncio
import json
import math
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from korus import AsyncKorus, Korus
from tests.benchmarks import payloads, server
from tests.benchmarks.measuring import (
    CPU,
    Figure,
    Row,
    at_least,
    at_most,
    median,
    peak_memory,
    quartiles,
    race,
    race_async,
    ratio,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_DELAY, _OFFERS, _AHEAD = 0.05, 5_000, 4
_PAGES = _OFFERS // server.PAGE_SIZE
_MIRRORED = 20_000
_LENGTHS = (1_000, 10_000, 100_000)
_RACED, _KORUS, _HAND = 20_000, "korus", "by hand, httpx and json()"


def _options(base: str) -> dict[str, Any]:
    return {"client_id": "bench", "client_secret": "bench", "base_url": base, "token_url": f"{base}/token"}


async def _waiting(base: str, rounds: int) -> dict[str, list[float]]:
    async with AsyncKorus(**_options(base)) as client, httpx.AsyncClient(base_url=base) as raw:

        async def one(number: int) -> None:
            (await raw.get(f"{payloads.BASE}/offers", params={"page": number})).json()

        async def by_httpx() -> None:
            await one(1)
            numbers = iter(range(2, _PAGES + 1))

            async def work() -> None:
                for number in numbers:
                    await one(number)

            await asyncio.gather(*(work() for _ in range(_AHEAD)))

        async def read() -> None:
            listed = client.offers.list(payloads.CATALOG, page_size=server.PAGE_SIZE, prefetch=_AHEAD)
            count = 0
            async for _ in listed:
                count += 1
            assert count == _OFFERS

        return await race_async(
            {"korus, async": read, "httpx and json(), async": by_httpx}, rounds, scale=1e3, once=True
        )


def _in_threads(one: Callable[[int], object]) -> None:
    """Ask for the first page, then for the others with as many threads as korus may use."""
    one(1)
    with ThreadPoolExecutor(_AHEAD) as pool:
        for _ in pool.map(one, range(2, _PAGES + 1)):
            pass


class _Sockets(threading.local):
    """A bare connection for each thread: what the server and this machine take, without any client."""

    def __init__(self, base: str) -> None:
        address = urlsplit(base)
        self._socket = socket.create_connection((address.hostname, address.port))

    def ask(self, number: int) -> None:
        path = f"{payloads.BASE}/offers?page={number}"
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        head, _, body = self._socket.recv(1 << 20).partition(b"\r\n\r\n")
        left = int(head.rpartition(b" ")[2]) - len(body)
        while left:
            left -= len(self._socket.recv(left))


def _waiting_in_threads(base: str, rounds: int) -> dict[str, list[float]]:
    with Korus(**_options(base)) as client, httpx.Client(base_url=base) as raw:

        def read() -> None:
            listed = client.offers.list(payloads.CATALOG, page_size=server.PAGE_SIZE, prefetch=_AHEAD)
            assert sum(1 for _ in listed) == _OFFERS

        def by_httpx() -> None:
            _in_threads(lambda number: raw.get(f"{payloads.BASE}/offers", params={"page": number}).json())

        def by_sockets() -> None:
            _in_threads(_Sockets(base).ask)

        return race(
            {"korus": read, "httpx and json()": by_httpx, "bare sockets": by_sockets},
            rounds,
            scale=1e3,
            once=True,
        )


def run_waiting(rounds: int) -> Row:
    """Read 5,000 offers from a server that takes 50 ms for each answer."""
    with server.serving(delay=_DELAY, total=_OFFERS) as base:
        times = _waiting_in_threads(base, rounds)
        times |= asyncio.run(_waiting(base, rounds))
    # nothing is known before the first page; then as many at once as are allowed
    turns = 1 + math.ceil((_PAGES - 1) / _AHEAD)
    limit = turns * _DELAY * 1e3
    figures = [
        _over(f"{client_kind} / the limit", times[name], limit, **at_most(1.10))
        for client_kind, name in (("sync", "korus"), ("async", "korus, async"))
    ]
    figures += [
        _over(f"{name} / the limit, for comparison", times[name], limit)
        for name in ("httpx and json()", "httpx and json(), async", "bare sockets")
    ]
    remark = f"limit: {turns} answers one after the other at {_DELAY * 1e3:.0f} ms, with prefetch={_AHEAD}: {limit:.0f} ms"
    return Row(6, "read 5,000 offers at 50 ms per answer", "ms", times, figures, [remark])


def _over(text: str, times: Sequence[float], limit: float, **aim: Any) -> Figure:
    ratios = [spent / limit for spent in times]
    return Figure(text, median(ratios), quartiles(ratios), **aim)


def _transport(total: int) -> httpx.MockTransport:
    served = server.pages(total)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, content=server.token_body())
        return httpx.Response(200, content=served.page(int(request.url.params.get("page", "1"))))

    return httpx.MockTransport(answer)


def _endless(total: int) -> Korus:
    return Korus(**_options("http://api.test"), transport=_transport(total))


def _iterate(total: int) -> None:
    with _endless(total) as client:
        count = sum(1 for _ in client.offers.list(payloads.CATALOG, page_size=server.PAGE_SIZE))
    assert count == total


def _by_hand(total: int) -> None:
    """Do what a shop would write itself: ask for page after page, and read JSON."""
    found = 0
    with httpx.Client(base_url="http://api.test", transport=_transport(total)) as client:
        for page in count(1):
            answer = client.get(
                f"{payloads.CATALOG}/offers",
                params={"page": page, "itemsPerPage": server.PAGE_SIZE},
                headers={"Authorization": "Bearer a", "Accept": "application/ld+json"},
            )
            answer.raise_for_status()
            body = answer.json()
            found += sum(1 for _ in body["member"])
            if not body["member"] or found >= body["totalItems"]:
                break
    assert found == total


def grown(total: int) -> float:
    """Say by how many MB this process grew between the first page and the last of a list."""
    with _endless(total) as client:
        first = 0.0
        for number, _ in enumerate(client.offers.list(payloads.CATALOG, page_size=server.PAGE_SIZE)):
            if number == server.PAGE_SIZE - 1:
                first = peak_memory()
        return peak_memory() - first


def run_long(rounds: int) -> Row:
    """Iterate over lists of up to 100,000 offers, and see whether time and memory behave."""
    times: dict[str, list[float]] = {f"{length:,} offers": [] for length in _LENGTHS}
    for _ in range(rounds):
        for length in _LENGTHS:
            started = time.perf_counter()
            _iterate(length)
            times[f"{length:,} offers"].append((time.perf_counter() - started) * 1e3)
    fits = [
        _fit(_LENGTHS, [times[f"{length:,} offers"][turn] for length in _LENGTHS]) for turn in range(rounds)
    ]
    growth = float(
        subprocess.run(
            [
                sys.executable,
                "-c",
                f"from tests.benchmarks.paging import grown; print(grown({_LENGTHS[-1]}))",
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    raced = race(
        {_KORUS: lambda: _iterate(_RACED), _HAND: lambda: _by_hand(_RACED)},
        rounds,
        scale=1e3,
        clock=CPU,
        once=True,
    )
    times.update((f"{name}, {_RACED:,} offers", values) for name, values in raced.items())
    per_item = [spent / _LENGTHS[-1] * 1e3 for spent in times[f"{_LENGTHS[-1]:,} offers"]]
    figures = [
        Figure("memory above the first page, 100,000 offers", growth, unit="MB", **at_most(5.0)),
        Figure("R² of time over length", median(fits), quartiles(fits), unit="", **at_least(0.99)),
        Figure("time per offer", median(per_item), quartiles(per_item), unit="µs"),
        ratio(f"processor time: {_KORUS} / {_HAND}", raced[_KORUS], raced[_HAND], **at_most(1.15)),
    ]
    return Row(8, "iterate 100,000 items", "ms", times, figures)


def _fit(lengths: tuple[int, ...], times: list[float]) -> float:
    """Give R² of a straight line through the times."""
    mean_x, mean_y = sum(lengths) / len(lengths), sum(times) / len(times)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(lengths, times, strict=True)) / sum(
        (x - mean_x) ** 2 for x in lengths
    )
    left = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in zip(lengths, times, strict=True))
    return 1 - left / sum((y - mean_y) ** 2 for y in times)


def run_mirror(rounds: int) -> Row:
    """Mirror 20,000 offers twice, the second time by a new client with the same cache."""
    times: dict[str, list[float]] = {"first pass": [], "second pass": []}
    requests: dict[str, list[int]] = {"first pass": [], "second pass": []}
    with server.serving(total=_MIRRORED) as base:
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                for name, spent in times.items():
                    with Korus(**_options(base), cache=Path(folder, "cache.sqlite3")) as client:
                        started = time.perf_counter()
                        mirror = list(client.offers.list(payloads.CATALOG, page_size=server.PAGE_SIZE))
                        spent.append((time.perf_counter() - started) * 1e3)
                    assert len(mirror) == _MIRRORED
                    requests[name].append(json.loads(httpx.get(f"{base}/_count").text))
    shares = [second / first for first, second in zip(*requests.values(), strict=True)]
    figures = [
        Figure("requests: second pass / first", median(shares), quartiles(shares), **at_most(0.05)),
        Figure("requests of the first pass", median(requests["first pass"]), unit="requests"),
        Figure("requests of the second pass", median(requests["second pass"]), unit="requests"),
    ]
    return Row(9, "mirror a catalogue of 20,000 offers twice", "ms", times, figures)
