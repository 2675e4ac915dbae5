"""A whole campaign: sandbox, bookers, kills, and the reckoning."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from korus import Korus
from korus.errors import KorusError
from korus.sandbox import Sandbox
from scripts.faults.booker import Ledger, options
from scripts.faults.plan import draw, write
from scripts.faults.schedule import Disturber, add_faults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scripts.faults.plan import Plan

__all__ = ["Campaign", "Reckoning", "run"]

_SETTLED_WITHIN = 120.0


@frozen
class Campaign:
    """How a campaign is run.

    Attributes:
        seed: Decides everything that chance decides.
        bookings: How many bookings.
        processes: How many booking processes; every other one uses threads, the rest tasks.
        workers: How many threads or tasks in each.
        severity: How bad it gets; 1 is bad.
        journal: A SQLAlchemy URL of the journal; a file of its own when None.
        pauses: The fewest and the most orders between two outages or kills; None for none at all.
        most_seconds: How long it may take at most.
    """

    seed: int = 0
    bookings: int = 2000
    processes: int = 4
    workers: int = 8
    severity: float = 1.0
    journal: str | None = None
    pauses: tuple[int, int] | None = (15, 60)
    most_seconds: float = 1800.0


@frozen
class Reckoning:
    """What came of a campaign.

    Attributes:
        asked: Bookings asked for.
        lines: Orders that these were to become, one for each line.
        ordered: Bookings that the bookers believe to be ordered.
        refused: Bookings refused for good, being sold out.
        orders: Orders that exist at the sandbox.
        duplicates: Orders beyond the first for the same line of the same booking.
        lost: Orders that exist and nobody knows of, orders believed in that do not exist, bookings that nobody
            finished, and lines of ordered bookings without an order.
        unknown: What is open after recovery: intents of the journal and bookings.
        spare_holds: Holds that were never ordered; they end by themselves.
        tokens: Tokens that were requested.
        replays: Requests and questions that korus repeated by itself.
        kills: Processes that were killed.
        faults: Faults that struck.
        requests: Requests that the sandbox saw.
        seconds: Wall time.
    """

    asked: int
    lines: int
    ordered: int
    refused: int
    orders: int
    duplicates: int
    lost: int
    unknown: int
    spare_holds: int
    tokens: int
    replays: int
    kills: int
    faults: int
    requests: int
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether nothing happened twice, nothing was lost and nothing is left unknown."""
        return not (self.duplicates or self.lost or self.unknown)


class _Processes:
    """The booking processes; those that end before their work is done are started again."""

    def __init__(self, commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> None:
        self._commands = commands
        self._environment = dict(environment)
        self._lock = threading.Lock()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._finished: set[int] = set()
        self.kills = 0
        self.failures: Counter[int] = Counter()

    def kill(self, choice: int) -> None:
        with self._lock:
            alive = [process for process in self._running.values() if process.poll() is None]
            if alive:
                alive[choice % len(alive)].send_signal(signal.SIGKILL)
                self.kills += 1

    def attend(self, most_seconds: float) -> None:
        """Keep the processes running until all have finished their work.

        Raises:
            TimeoutError: It takes too long, or one of them fails again and again.
        """
        ends = time.monotonic() + most_seconds
        try:
            while len(self._finished) < len(self._commands):
                for number in range(len(self._commands)):
                    self._attend(number)
                if time.monotonic() > ends or max(self.failures.values(), default=0) > 5:  # noqa: PLR2004
                    raise TimeoutError(f"not finished; failures: {dict(self.failures)}")
                time.sleep(0.05)
        finally:
            for process in self._running.values():
                if process.poll() is None:
                    process.kill()
                process.wait()

    def _attend(self, number: int) -> None:
        process = self._running.get(number)
        if process is not None and process.poll() is None:
            return
        if process is not None and process.returncode == 0:
            self._finished.add(number)
        if number in self._finished:
            return
        if process is not None and process.returncode > 0:
            self.failures[number] += 1
        with self._lock:
            self._running[number] = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self._commands[number], env=self._environment
            )


def run(campaign: Campaign) -> Reckoning:
    """Run a campaign and give the reckoning."""
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="korus-faults-") as folder,
        Sandbox(
            seed=campaign.seed,
            offers=400,
            hold=timedelta(seconds=90),
            document_delay=timedelta(seconds=0.2),
            token_lifetime=20,
        ) as sandbox,
    ):
        root = Path(folder)
        journal = campaign.journal or str(root / "bookings.db")
        settings: dict[str, Any] = {
            **sandbox.credentials,
            "base_url": sandbox.base_url,
            "token_url": sandbox.token_url,
            **options(),
        }
        with Korus(**settings) as korus:
            plans = draw(korus, sandbox, seed=campaign.seed, count=campaign.bookings)
        before = len(sandbox.inspect.reservations)
        processes = _Processes(
            _commands(campaign, plans, root),
            {**os.environ, **sandbox.environment(), "KORUS_JOURNAL": journal},
        )
        sandbox.faults.reseed(campaign.seed)
        add_faults(sandbox, severity=campaign.severity)
        with Disturber(sandbox, processes.kill, seed=campaign.seed, pauses=campaign.pauses):
            processes.attend(campaign.most_seconds)
        sandbox.faults.clear()
        with Korus(**settings, journal=journal) as korus:
            left = _recover(korus)
        return _reckon(sandbox, plans, root, left=left, kills=processes.kills, before=before, began=began)


def _commands(campaign: Campaign, plans: list[Plan], root: Path) -> list[list[str]]:
    commands: list[list[str]] = []
    for number in range(campaign.processes):
        share = root / f"plans-{number}"
        write(plans[number :: campaign.processes], share)
        colour = "threads" if number % 2 == 0 else "tasks"
        commands.append(
            [
                sys.executable,
                "-m",
                "scripts.faults.booker",
                colour,
                str(share),
                str(root / f"ledger-{number}"),
                str(root / "tickets"),
                str(campaign.workers),
            ]
        )
    return commands


def _recover(korus: Korus) -> int:
    """Recover the journal until nothing is open; give how many intents are open still."""
    ends = time.monotonic() + _SETTLED_WITHIN
    while True:
        try:
            korus.journal.recover()
            left = len(korus.journal.list(open_only=True))
        except KorusError:
            left = -1
        if left == 0 or time.monotonic() > ends:
            return abs(left)
        time.sleep(0.5)


def _reckon(
    sandbox: Sandbox, plans: Sequence[Plan], root: Path, *, left: int, kills: int, before: int, began: float
) -> Reckoning:
    done: dict[str, dict[str, Any]] = {}
    for path in root.glob("ledger-*"):
        if path.suffix != ".replays":
            done |= Ledger(path).done
    books = sandbox.inspect.orders
    by_line = Counter((order["externalReference"], order["offer"]) for order in books)
    existing = {order["order"] for order in books}
    believed = {iri for entry in done.values() for iri in entry["orders"]}
    ordered = [plan for plan in plans if done.get(plan.reference, {}).get("status") == "ordered"]
    missing_lines = sum((plan.reference, offer) not in by_line for plan in ordered for offer in plan.offers)
    partly = sum("sold out" in entry["reason"] for entry in done.values() if entry["status"] == "ordered")
    unfinished = sum(plan.reference not in done for plan in plans)
    reservations = sandbox.inspect.reservations[before:]
    return Reckoning(
        asked=len(plans),
        lines=sum(len(plan.offers) for plan in plans),
        ordered=len(ordered),
        refused=sum(entry["status"] == "refused" for entry in done.values()),
        orders=len(books),
        duplicates=sum(count - 1 for count in by_line.values()),
        lost=len(existing ^ believed) + unfinished + max(0, missing_lines - partly),
        unknown=left + sum(entry["status"] == "unknown" for entry in done.values()),
        spare_holds=sum(held["order"] is None for held in reservations),
        tokens=sandbox.inspect.tokens_issued,
        replays=sum(path.stat().st_size for path in root.glob("ledger-*.replays")),
        kills=kills,
        faults=sandbox.faults.struck(),
        requests=sandbox.inspect.requests.total(),
        seconds=time.monotonic() - began,
    )
