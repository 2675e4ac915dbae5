"""A fleet of shops, tried out: everything started, customers sent through it, and what came of it."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg
import redis
from attrs import field, frozen

from examples.fleet.box_office import box_office, misbehave
from examples.fleet.shared_shop import open_shop
from korus.errors import KorusError
from scripts import postgres
from scripts.soak.redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from examples.fleet.box_office import RateLimit
    from examples.fleet.shared_shop import Tables
    from examples.shop.shop import Shop
    from korus.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 4
THREADS = 8
# longer than the calls of a purchase together may take
_CUSTOMER_WAITS = 150.0
_SETTLED_WITHIN = 240.0
_TWO_LINES_SHARE = 0.25


@frozen
class Trial:
    """Settings of a fleet.

    Attributes:
        customers: How many there are; each buys once.
        at_once: How many of them buy at the same time.
        rate: Requests a second that the box office admits.
        severity: How often it fails; 1 is one write in four.
        kill_every: Customers served between two kills: not seconds, so that a slow machine sees no more of them.
        hold: Seconds that a hold lasts at the box office.
        settle_every: Seconds between two runs of `Shop.settle`.
        seed: Decides what chance decides.
    """

    customers: int = 2000
    at_once: int = 32
    rate: float = 60
    severity: float = 1.0
    kill_every: int = 40
    hold: float = 60
    settle_every: float = 2.0
    seed: int = 1


@frozen
class Result:
    """The numbers of a trial; times in seconds."""

    customers: int
    orders: int
    doubles: int
    losses: int
    told_booked: int
    told_not_booked: int
    told_nothing: int
    requests: int
    too_many: int
    too_many_percent: float
    p50: float
    p95: float
    tokens: int
    killed: int
    faults: int
    seconds: float
    journal_transactions_per_purchase: float
    journal_bytes_per_intent: int
    redis_round_trips_per_request: float
    details: Sequence[str] = field(factory=tuple)

    @property
    def is_clean(self) -> bool:
        return not (self.doubles or self.losses)


@frozen
class Answer:
    """The page that a customer saw; empty where the connection broke."""

    number: str
    page: str
    seconds: float


def run(trial: Trial) -> Result:
    """Try a fleet out.

    Raises:
        scripts.postgres.Unavailable, scripts.soak.redis_server.Unavailable: A server is not installed.
    """
    began = time.monotonic()
    sandbox, limit = box_office(seed=trial.seed, rate=trial.rate, hold=trial.hold)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="korus-fleet-")))
        cache = stack.enter_context(RedisServer(folder)).url
        journal = stack.enter_context(postgres.server(connections=150))
        database = _create_database(journal, "shop")
        stack.enter_context(sandbox)
        os.environ.update(sandbox.environment())
        os.environ.update(KORUS_JOURNAL=journal, SHOP_DATABASE=database, SHOP_CACHE=cache)
        os.environ["SHOP_HOLDS_LAST"] = str(trial.hold + 10)
        shop, tables = open_shop()
        stack.callback(tables.close)
        stack.callback(shop.korus.close)
        tables.create()
        misbehave(sandbox, seed=trial.seed, severity=trial.severity)
        with _workers() as (address, master):
            killer = Killer(master, trial)
            with _every(trial.settle_every, lambda: _settle(shop)):
                answers = _send_customers(address, trial, killer)
            faults = sandbox.faults.struck()
            sandbox.faults.clear()
        _settle_all(shop, tables)
        return reckon(
            answers,
            tables.mails(),
            sandbox,
            limit,
            killed=killer.killed,
            faults=faults,
            costs=_costs(journal, cache, purchases=trial.customers, requests=limit.admitted + limit.refused),
            seconds=time.monotonic() - began,
        )


# --- what runs ------------------------------------------------------------------------------------------------------


def _create_database(url: str, name: str) -> str:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.replace("/postgres?", f"/{name}?")


@contextmanager
def _workers() -> Iterator[tuple[str, int]]:
    """Run gunicorn; yields its address, and the process id of its master, whose children are the workers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        listener.set_inheritable(True)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        gunicorn = subprocess.Popen(  # noqa: S603 - our own command
            [
                *(sys.executable, "-m", "gunicorn", "--preload", "--worker-class", "gthread"),
                *(
                    "--workers",
                    str(WORKERS),
                    "--threads",
                    str(THREADS),
                    "--bind",
                    f"fd://{listener.fileno()}",
                ),
                *("--timeout", "120", "--graceful-timeout", "60", "--log-level", "critical"),
                *("--no-control-socket", "examples.fleet.app:application"),
            ],
            cwd=ROOT,
            pass_fds=[listener.fileno()],
        )
        try:
            _wait_for(gunicorn, address)
            yield address, gunicorn.pid
        finally:
            gunicorn.terminate()  # the workers finish what they are at
            gunicorn.wait()


def _wait_for(gunicorn: subprocess.Popen[bytes], address: str) -> None:
    while gunicorn.poll() is None:
        with suppress(httpx.TransportError):
            httpx.get(address, timeout=5)
            return
    raise RuntimeError("gunicorn has ended before it answered")


class Killer:
    """Kills a worker now and then; gunicorn forks another one."""

    def __init__(self, master: int, trial: Trial) -> None:
        self._children = Path(f"/proc/{master}/task/{master}/children")
        self._chance = random.Random(trial.seed)  # noqa: S311 - replayable chance is the point
        self._every = trial.kill_every
        self._lock = threading.Lock()
        self._served = 0
        self.killed = 0

    def served(self) -> None:
        """Count a customer, and kill a worker if it is time, whatever it is doing for others."""
        with self._lock:
            self._served += 1
            workers = self._children.read_text().split()
            if self._served % self._every == 0 and workers:
                with suppress(ProcessLookupError):
                    os.kill(int(self._chance.choice(workers)), signal.SIGKILL)
                    self.killed += 1


@contextmanager
def _every(seconds: float, work: Callable[[], object]) -> Iterator[None]:
    """Do something again and again until the block ends."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(seconds):
            work()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _settle(shop: Shop) -> None:
    with suppress(KorusError):  # the box office fails this call too: the next one finds out
        shop.settle()


def _settle_all(shop: Shop, tables: Tables) -> None:
    """Settle until no customer waits: the last ones when their holds have ended."""
    ends = time.monotonic() + _SETTLED_WITHIN
    _settle(shop)
    while tables.waiting and time.monotonic() < ends:
        time.sleep(1.0)
        _settle(shop)


def _send_customers(address: str, trial: Trial, killer: Killer) -> list[Answer]:
    chance = random.Random(trial.seed)  # noqa: S311 - replayable chance is the point
    forms = [
        {
            "number": f"FLEET-{trial.seed}-{number:05d}",
            "lines": 2 if chance.random() < _TWO_LINES_SHARE else 1,
            "quantity": chance.randint(1, 3),
            "firstname": "Ada",
            "lastname": "Lovelace",
            "email": f"customer-{number}@example.org",
        }
        for number in range(1, trial.customers + 1)
    ]
    # a connection that is kept could be one to a worker that has been killed meanwhile
    limits = httpx.Limits(max_keepalive_connections=0)
    with (
        httpx.Client(base_url=address, timeout=_CUSTOMER_WAITS, limits=limits) as browser,
        ThreadPoolExecutor(trial.at_once) as customers,
    ):
        return list(customers.map(lambda form: _buy(browser, form, killer), forms))


def _buy(browser: httpx.Client, form: Mapping[str, str | int], killer: Killer) -> Answer:
    """Buy once; one whose connection breaks does not try again, but waits for a mail."""
    began = time.monotonic()
    try:
        page = browser.post("/purchases", json=form).text
    except httpx.TransportError:
        page = ""
    seconds = time.monotonic() - began
    killer.served()
    return Answer(str(form["number"]), page, seconds)


# --- what came of it ------------------------------------------------------------------------------------------------

_REFERENCES = re.compile(r"tickets are booked: (.+)\.")
_NOT_BOOKED = re.compile(
    r"not been charged|[Nn]othing was bought|Somebody was faster|cannot be had|has changed"
)


def reckon(
    answers: Sequence[Answer],
    mails: Sequence[tuple[str, str]],
    sandbox: Sandbox,
    limit: RateLimit,
    *,
    killed: int,
    faults: int,
    costs: Mapping[str, float],
    seconds: float,
) -> Result:
    """Compare what the customers were told with what exists at the box office."""
    told: dict[str, list[str]] = {answer.number: [answer.page] if answer.page else [] for answer in answers}
    for number, text in mails:
        told[number].append(text)
    promised = {
        (number, reference)
        for number, texts in told.items()
        for text in texts
        for found in _REFERENCES.findall(text)
        for reference in found.split(", ")
    }
    orders = sandbox.inspect.orders
    existing = {(order["externalReference"], order["reference"]) for order in orders}
    # a basket has each offer once, and one order comes of each line
    lines = Counter((order["externalReference"], order["offer"]) for order in orders)
    refused = {number for number, texts in told.items() if any(map(_NOT_BOOKED.search, texts))}
    doubled = [number for (number, _), count in lines.items() for _ in range(count - 1)]
    details = {
        "ordered twice": doubled,
        "told of an order that does not exist": [number for number, _ in promised - existing],
        "not told of an order": [number for number, _ in existing - promised],
        "told that nothing was booked, and there is an order": sorted(
            refused & {number for number, _ in existing}
        ),
    }
    times = sorted(answer.seconds for answer in answers if answer.page)
    too_many = limit.refused + sandbox.inspect.statuses[429]
    requests = limit.refused + limit.admitted
    return Result(
        customers=len(answers),
        orders=len(orders),
        doubles=len(doubled),
        losses=sum(map(len, details.values())) - len(doubled),
        told_booked=len({number for number, _ in promised}),
        told_not_booked=len(refused - {number for number, _ in promised}),
        told_nothing=sum(
            not any(_REFERENCES.search(text) or _NOT_BOOKED.search(text) for text in texts)
            for texts in told.values()
        ),
        requests=requests,
        too_many=too_many,
        too_many_percent=round(100 * too_many / max(requests, 1), 2),
        p50=round(statistics.median(times), 2) if times else 0.0,
        p95=round(times[int(0.95 * (len(times) - 1))], 2) if times else 0.0,
        tokens=sandbox.inspect.tokens_issued,
        killed=killed,
        faults=faults,
        seconds=round(seconds, 1),
        details=[f"{what}: {', '.join(numbers)}" for what, numbers in details.items() if numbers],
        **costs,
    )


def _costs(journal: str, cache: str, *, purchases: int, requests: int) -> dict[str, float]:
    """Measure what the journal and Redis were asked, all retries, recoveries and runs of `settle` included."""
    with psycopg.connect(journal.replace("+psycopg", "")) as connection:
        (transactions,) = connection.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'postgres'"
        ).fetchone()
        size, intents = connection.execute(
            "SELECT sum(pg_total_relation_size(c.oid)), (SELECT count(*) FROM korus_journal_intents) "
            "FROM pg_class c WHERE c.relname LIKE 'korus_journal%' AND c.relkind = 'r'"
        ).fetchone()
    with redis.Redis.from_url(cache) as client:
        reads = client.info("stats")["total_reads_processed"]
    return {
        "journal_transactions_per_purchase": round(float(transactions) / purchases, 1),
        "journal_bytes_per_intent": round(float(size) / max(intents, 1)),
        "redis_round_trips_per_request": round(reads / max(requests, 1), 2),
    }
