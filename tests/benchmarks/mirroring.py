"""Row 12: what a mirror costs above reading the pages, how it grows, and dlt's copy of the same offers."""

from __future__ import annotations

import json
import os
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
DLT = Path("build/bench/dlt/bin/python").absolute()  # a link that is resolved would leave its environment


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


# in a process of its own, so that its memory is its own
_COPY = """
import json, sys, time
from korus import Korus
from korus.mirror import Mirror
from tests.benchmarks.measuring import peak_memory

with Korus.from_env() as korus, Mirror(sys.argv[1], korus) as mirror:
    catalog = korus.catalogs.list().first()
    for turn in range(2):
        started = time.perf_counter()
        mirror.sync([catalog])
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "memory": peak_memory(), "offers": mirror.status().counts["offer"]}))
"""


def _copies(environment: dict[str, str], folder: str) -> list[dict[str, float]]:
    """Sweep twice into an empty mirror; returns seconds, and the most memory so far in MB."""
    said = subprocess.run(
        [sys.executable, "-c", _COPY, str(Path(folder, "copy.db"))],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [json.loads(line) for line in said.splitlines()]


def _median_copies(environment: dict[str, str], times: int = 3) -> list[dict[str, float]]:
    """Copy into an empty mirror several times; returns the median of each figure: one copy takes a few seconds only."""
    found: list[list[dict[str, float]]] = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            found.append(_copies(environment, folder))
    return [
        {name: median([copies[turn][name] for copies in found]) for name in found[0][turn]}
        for turn in range(len(found[0]))
    ]


def _by_dlt(environment: dict[str, str], path: str, folder: str) -> list[float] | str:
    """Copy the offers twice with dlt; returns the seconds, or why there are none."""
    if not DLT.exists():
        return "dlt is not installed: `make bench` installs it into build/bench/dlt"
    names = ("KORUS_BASE_URL", "KORUS_TOKEN_URL", "KORUS_CLIENT_ID", "KORUS_CLIENT_SECRET")
    script = Path(__file__).with_name("dlt_copy.py")
    done = subprocess.run(
        [str(DLT), str(script), *(environment[name] for name in names), path, folder, "2"],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return f"dlt failed: {done.stderr.strip().splitlines()[-1]}"
    seconds: list[float] = json.loads(done.stdout)["seconds"]
    return seconds


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
        few = _median_copies(environment)
        by_dlt = _by_dlt(environment, f"{catalog.iri}/offers", folder)
        mirror.sync([catalog])
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
    with _sandbox(many) as environment, tempfile.TemporaryDirectory() as folder:
        lots = _copies(environment, folder)

    def above(name: str) -> Figure:
        extra = [one - two for one, two in zip(times[name], times["reading the pages"], strict=True)]
        return Figure(f"{name}: above reading", median(extra), quartiles(extra), unit="s", **at_most(0.3))

    figures = [
        above("sweep, nothing changed"),
        above("sweep, 1 % changed"),
        Figure("calendar of a month", median(times["calendar (ms)"]), unit="ms", **at_most(5)),
        *(
            Figure(
                f"{name}, time per offer: {many} / {offers}",
                two["seconds"] / one["seconds"] / (two["offers"] / one["offers"]),
                **at_most(1.3),
            )
            for name, one, two in zip(("first copy", "sweep, nothing changed"), few, lots, strict=True)
        ),
        Figure(
            f"memory for {many} offers above that for {offers}",
            lots[-1]["memory"] - few[-1]["memory"],
            unit="MB",
            **at_most(10),
        ),
    ]
    if isinstance(by_dlt, str):
        return Row(12, f"a mirror of {offers} offers", "s", times, figures, [by_dlt])
    figures += [
        Figure(f"{name}: dlt, {other} / korus", there / here["seconds"])
        for name, other, there, here in zip(
            ("first copy", "nothing changed"), ("first run", "second run"), by_dlt, few, strict=True
        )
    ]
    return Row(12, f"a mirror of {offers} offers", "s", times, figures)
