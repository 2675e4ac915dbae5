"""Row 12: what a mirror costs above reading the pages: 20,000 offers unchanged, 1 % changed, a calendar, 100,000."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from korus import Korus
from korus.mirror import Mirror
from tests.benchmarks.measuring import Figure, Row, at_most, median, quartiles

if TYPE_CHECKING:
    from collections.abc import Iterator

OFFERS, MANY = 20_000, 100_000


@contextmanager
def _sandbox(offers: int) -> Iterator[dict[str, str]]:
    """Run a sandbox in a process of its own; yields the variables with which it is used."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "environment")
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "korus",
                "sandbox",
                "--offers",
                str(offers),
                "--environment-file",
                str(file),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not file.exists() or not file.read_text():
                time.sleep(0.1)
            pairs = (line.removeprefix("export ").split("=", 1) for line in file.read_text().splitlines())
            yield {name: value.strip("'") for name, value in pairs}
        finally:
            server.terminate()
            server.wait()


def _client(environment: dict[str, str]) -> Korus:
    return Korus(
        client_id=environment["KORUS_CLIENT_ID"],
        client_secret=environment["KORUS_CLIENT_SECRET"],
        base_url=environment["KORUS_BASE_URL"],
        token_url=environment["KORUS_TOKEN_URL"],
    )


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _reprice(environment: dict[str, str], iris: list[str], amount: str) -> None:
    with httpx.Client(base_url=environment["KORUS_BASE_URL"]) as admin:
        for iri in iris:
            admin.post(
                "/_sandbox/catalog",
                content=json.dumps({"action": "reprice", "iri": iri, "amount": amount}),
                headers={"Content-Type": "application/json"},
            ).raise_for_status()


def run(rounds: int, offers: int = OFFERS, many: int = MANY) -> Row:
    """Measure the row."""
    times: dict[str, list[float]] = {
        name: []
        for name in ("reading the pages", "sweep, nothing changed", "sweep, 1 % changed", "calendar (ms)")
    }
    with (
        _sandbox(offers) as environment,
        _client(environment) as korus,
        tempfile.TemporaryDirectory() as folder,
        Mirror(Path(folder, "mirror.db"), korus) as mirror,
    ):
        catalog = korus.catalogs.list().first()
        assert catalog is not None
        first = _timed(lambda: mirror.sync([catalog]))
        every = [offer.iri for offer in mirror.offers(catalog)][::100]
        product = next(iter(mirror.products(catalog)))
        month = mirror.offers(product=product, limit=1)[0].date
        for turn in range(rounds):
            reading = korus.offers.list(catalog, page_size=50, prefetch=2)
            times["reading the pages"].append(_timed(lambda reading=reading: sum(1 for _ in reading)))
            times["sweep, nothing changed"].append(_timed(lambda: mirror.sync([catalog])))
            _reprice(environment, every, f"{20 + turn}.00")
            times["sweep, 1 % changed"].append(_timed(lambda: mirror.sync([catalog])))
            days = [_timed(lambda: mirror.calendar(product, month)) for _ in range(20)]
            times["calendar (ms)"].append(median(days) * 1000)
    with (
        _sandbox(many) as environment,
        _client(environment) as korus,
        tempfile.TemporaryDirectory() as folder,
        Mirror(Path(folder, "mirror.db"), korus) as mirror,
    ):
        catalog = korus.catalogs.list().first()
        assert catalog is not None
        first_of_many = _timed(lambda: mirror.sync([catalog]))

    def above(name: str) -> Figure:
        extra = [one - two for one, two in zip(times[name], times["reading the pages"], strict=True)]
        return Figure(f"{name}: above reading", median(extra), quartiles(extra), unit="s", **at_most(0.3))

    return Row(
        12,
        f"a mirror of {offers} offers",
        "s",
        times,
        [
            above("sweep, nothing changed"),
            above("sweep, 1 % changed"),
            Figure("calendar of a month", median(times["calendar (ms)"]), unit="ms", **at_most(5)),
            Figure(
                f"first copy, {many} offers per {offers} offers",
                first_of_many / first / (many / offers),
                **at_most(1.3),
            ),
        ],
    )
