"""Complete campaign: sandbox, proxy, bookers, commands, disturbances, and the result."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, field, frozen

from korus import Korus
from korus.errors import KorusError
from korus.sandbox import Sandbox
from scripts.faults.booker import KINDS, Notes, ResultLog, on_host, options
from scripts.faults.commands import CommandRuns
from scripts.faults.plan import draw, write
from scripts.faults.processes import Processes
from scripts.faults.proxy import Proxy
from scripts.faults.schedule import Disturber, add_faults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scripts.faults.plan import Plan

__all__ = ["Campaign", "Result", "late_requests", "run"]

_SETTLED_WITHIN: Final = 120.0
# the time that a thread may take from its last check for a stop to the sending of a request
_STOPPED_WITHIN: Final = 0.3


@frozen
class Campaign:
    """Settings of a campaign.

    Attributes:
        seed: The seed of all random decisions.
        bookings: The number of bookings.
        commands: The number of further bookings, made by ``korus book``.
        processes: The number of booking processes, of `scripts.faults.booker.KINDS` in turn.
        workers: The number of threads or tasks in each.
        severity: The factor of the frequency of faults.
        journal: The SQLAlchemy URL of the journal; a new file if None.
        pauses: The minimum and maximum number of orders between two disturbances; None for no disturbances.
        most_seconds: The maximum duration.
    """

    seed: int = 0
    bookings: int = 1500  # about four minutes; 2,000 took five and a half where the machine was slow
    commands: int = 4
    processes: int = len(KINDS)
    workers: int = 8
    severity: float = 1.0
    journal: str | None = None
    pauses: tuple[int, int] | None = (15, 60)
    most_seconds: float = 1800.0


@frozen
class Result:
    """Result of a campaign.

    Attributes:
        asked: Requested bookings.
        lines: Orders to be created for these, one for each line.
        ordered: Bookings that are ordered according to the bookers.
        refused: Bookings that were finally refused, as sold out.
        orders: Orders that exist at the sandbox.
        duplicates: Orders beyond the first for the same line of the same booking.
        lost: Orders that exist and no booker knows, orders of bookers that do not exist, unfinished bookings, and
            lines of ordered bookings without an order.
        unknown: Intents of the journals and bookings that are open after recovery.
        late: Requests that book and started after their call was interrupted.
        spare_holds: Holds that were never ordered; they expire.
        tokens: Tokens that were requested.
        replays: Requests and reads that korus repeated.
        kinds: The number of faults of each kind.
        requests: Requests that the sandbox received.
        seconds: Wall time.
        details: Descriptions of the problems, to find their causes.
    """

    asked: int
    lines: int
    ordered: int
    refused: int
    orders: int
    duplicates: int
    lost: int
    unknown: int
    late: int
    spare_holds: int
    tokens: int
    replays: int
    requests: int
    seconds: float
    kinds: Mapping[str, int] = field(factory=dict[str, int])
    details: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """True if there are no duplicate, late, lost or unknown bookings."""
        return not (self.duplicates or self.lost or self.unknown or self.late)


@frozen
class _Account:
    """One account of the campaign, with its own journal, or none."""

    credentials: Mapping[str, str]
    addresses: Mapping[str, str]
    journal: str | None

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments of a client."""
        own = {} if self.journal is None else {"journal": self.journal}
        return {**self.credentials, **self.addresses, **own, **options()}

    @property
    def environment(self) -> dict[str, str]:
        """The same as environment variables, overridden by `options`."""
        given = {**self.credentials, **self.addresses, "journal": self.journal or ""}
        return {**os.environ, **{f"KORUS_{name.upper()}": value for name, value in given.items()}}


def run(campaign: Campaign) -> Result:
    """Run a campaign and return the result; the files of the bookers are kept if it is not clean."""
    began = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(on_host("campaign"))
        root = Path(tempfile.mkdtemp(prefix="korus-faults-"))
        sandbox = stack.enter_context(
            Sandbox(
                seed=campaign.seed,
                offers=400,
                hold=timedelta(seconds=90),
                document_delay=timedelta(seconds=0.2),
                token_lifetime=20,
            )
        )
        proxy = stack.enter_context(Proxy(sandbox, seed=campaign.seed, severity=campaign.severity))
        shop, alone, commands = _accounts(campaign, sandbox, proxy, root)
        patient: dict[str, Any] = {**shop.credentials, **shop.addresses}
        with Korus(**patient) as korus:
            drawn = draw(
                korus, sandbox, seed=campaign.seed, count=campaign.bookings, commands=campaign.commands
            )
        before = len(sandbox.inspect.reservations)
        kinds = [KINDS[number % len(KINDS)] for number in range(campaign.processes)]
        _write_plans(drawn.plans, kinds, root)
        processes = Processes(
            [_command(campaign, number, kind, root) for number, kind in enumerate(kinds)],
            [(alone if kind == "alone" else shop).environment for kind in kinds],
            root / "forks",
            lambda: _recover_once(shop),
        )
        (root / "commands").mkdir()
        runs = CommandRuns(drawn.commands, commands.environment, root / "commands", seed=campaign.seed)
        sandbox.faults.reseed(campaign.seed)
        add_faults(sandbox, severity=campaign.severity)
        proxy.calm = False
        outages = _Outages(proxy)
        disturbances = [
            processes.kill, processes.interrupt, processes.terminate, processes.suspend, processes.kill_child,
            outages.refuse,
        ]  # fmt: skip
        with Disturber(sandbox, disturbances, seed=campaign.seed, pauses=campaign.pauses), runs:
            processes.attend(campaign.most_seconds)
        struck = _struck(sandbox)
        sandbox.faults.clear()
        proxy.calm = True
        left = _recover(shop) + _recover(commands)
        counts = processes.counts + runs.counts + proxy.struck + outages.counts + struck
        counts["child forked from a used client"] = len(list(Notes.read(root / "forks")))
        books = _Books(sandbox, [*drawn.plans, *drawn.commands], _done(root) | runs.done, left)
        result = books.result(
            late=late_requests(root),
            spare=sum(held["order"] is None for held in sandbox.inspect.reservations[before:]),
            replays=sum(path.stat().st_size for path in root.glob("results-*.replays")),
            kinds=counts,
            seconds=time.monotonic() - began,
        )
        if result.clean:
            shutil.rmtree(root)
            return result
        (root / "orders.json").write_text(json.dumps(sandbox.inspect.orders, default=str, indent=1))
        return evolve(result, details=(*result.details, f"the bookers' notes are in {root}"))


class _Outages:
    """Periods in which connections are refused."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self.counts: Counter[str] = Counter()

    def refuse(self, choice: int) -> bool:
        """Refuse connections for a moment."""
        self._proxy.refuse(0.1 + choice % 500 / 1000)
        self.counts["outage (connections refused)"] += 1
        return True


def _accounts(
    campaign: Campaign, sandbox: Sandbox, proxy: Proxy, root: Path
) -> tuple[_Account, _Account, _Account]:
    """Return the accounts of the bookers that share a journal, of the one without, and of the commands."""
    addresses = {
        "base_url": proxy.base_url,
        "token_url": sandbox.token_url.replace(sandbox.base_url, proxy.base_url),
    }
    others: list[dict[str, str]] = []
    for name in ("alone", "commands"):
        sandbox.add_client(name, "another-secret")
        others.append({"client_id": name, "client_secret": "another-secret"})
    journal = campaign.journal or str(root / "bookings.db")
    return (
        _Account(sandbox.credentials, addresses, journal),
        _Account(others[0], addresses, None),
        _Account(others[1], addresses, str(root / "commands.db")),
    )


def _write_plans(plans: Sequence[Plan], kinds: Sequence[str], root: Path) -> None:
    # a booker with bulk calls waits for the slowest line of each, and gets half of the bookings
    owners = [number for number, kind in enumerate(kinds) for _ in range(1 if kind == "bulk" else 2)]
    for number in range(len(kinds)):
        own = [plan for at, plan in enumerate(plans) if owners[at % len(owners)] == number]
        write(own, root / f"plans-{number}")


def _command(campaign: Campaign, number: int, kind: str, root: Path) -> list[str]:
    booker = [sys.executable, "-m", "scripts.faults.booker"]
    return [*booker, kind, str(number), str(root), str(campaign.workers)]


def _recover_once(account: _Account) -> None:
    """Recover the intents of suspended processes while others are running."""
    with Korus(**account.settings) as korus:
        try:
            korus.journal.recover()
        except KorusError:
            return


def _recover(account: _Account) -> int:
    """Recover the journal until no intent is open; return the number of intents that are still open."""
    ends = time.monotonic() + _SETTLED_WITHIN
    with Korus(**account.settings) as korus:
        while True:
            try:
                korus.journal.recover()
                left = len(korus.journal.list(open_only=True))
            except KorusError:
                left = 1
            if left == 0 or time.monotonic() > ends:
                return left
            time.sleep(0.5)


def _struck(sandbox: Sandbox) -> Counter[str]:
    found: Counter[str] = Counter()
    for rule in sandbox.faults:
        done = ", work done" if rule.done else ""
        what = f"{rule.kind} {rule.status}{done}" if rule.kind in {"status", "html"} else rule.kind
        found[f"API: {what}"] += sandbox.faults.struck(rule)
    return found


def _done(root: Path) -> dict[str, dict[str, Any]]:
    done: dict[str, dict[str, Any]] = {}
    for path in root.glob("results-*"):
        if path.suffix != ".replays":
            done |= ResultLog(path).done
    return done


def late_requests(root: Path) -> int:
    """Count requests that book and started after their call was interrupted."""
    late = 0
    for path in root.glob("signals-*"):
        stopped = {entry["pid"]: entry["at"] for entry in Notes.read(path) if entry["stopsAll"]}
        requests = Notes.read(path.with_name(path.name.replace("signals", "requests")))
        late += sum(
            entry["at"] > stopped[entry["pid"]] + _STOPPED_WITHIN
            for entry in requests
            if entry["pid"] in stopped
        )
    return late


@frozen
class _Books:
    """Comparison of the sandbox's bookings with the bookers' results."""

    sandbox: Sandbox
    plans: Sequence[Plan]
    done: Mapping[str, Mapping[str, Any]]
    left: int

    def result(
        self, *, late: int, spare: int, replays: int, kinds: Mapping[str, int], seconds: float
    ) -> Result:
        """Compare them."""
        orders = self.sandbox.inspect.orders
        by_line = Counter((order["externalReference"], order["offer"]) for order in orders)
        existing = {order["order"]: order["externalReference"] for order in orders}
        believed = {iri: name for name, entry in self.done.items() for iri in entry["orders"]}
        ordered = [plan for plan in self.plans if self._status(plan) == "ordered"]
        missing = [
            plan.reference
            for plan in ordered
            for offer in plan.offers
            if (plan.reference, offer) not in by_line and not self.done[plan.reference]["reason"]
        ]
        unfinished = [plan.reference for plan in self.plans if self._status(plan) is None]
        unknown = [plan.reference for plan in self.plans if self._status(plan) == "unknown"]
        doubled = [name for (name, _), count in by_line.items() if count > 1]
        unheard = [name for iri, name in existing.items() if iri not in believed]
        phantoms = [name for iri, name in believed.items() if iri not in existing]
        return Result(
            asked=len(self.plans),
            lines=sum(len(plan.offers) for plan in self.plans),
            ordered=len(ordered),
            refused=sum(self._status(plan) == "refused" for plan in self.plans),
            orders=len(orders),
            duplicates=sum(count - 1 for count in by_line.values()),
            lost=len(unheard) + len(phantoms) + len(unfinished) + len(missing),
            unknown=self.left + len(unknown),
            late=late,
            spare_holds=spare,
            tokens=self.sandbox.inspect.tokens_issued,
            replays=replays,
            requests=self.sandbox.inspect.requests.total(),
            seconds=seconds,
            kinds=dict(sorted(kinds.items())),
            details=tuple(
                f"{what}: {', '.join(sorted(names)[:20])}"
                for what, names in {
                    "ordered twice": doubled,
                    "ordered, but not reported": unheard,
                    "reported, but not ordered": phantoms,
                    "not finished": unfinished,
                    "lines without an order": missing,
                    "unknown": unknown,
                    "intents left open": [str(self.left)] if self.left else [],
                }.items()
                if names
            ),
        )

    def _status(self, plan: Plan) -> str | None:
        entry = self.done.get(plan.reference)
        return None if entry is None else entry["status"]
