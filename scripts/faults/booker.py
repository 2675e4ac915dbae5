"""Booking process of a shop in the campaign, which can be stopped at any time and started again.

Its own file contains its finished bookings, one per line, like a shop's database. All other state is read from the
journal and the API. korus alone is responsible for exactly-once booking. The booker follows four rules for shops:
recover the journal first; look for the reference before booking it; order the same reservation again if it is not known
whether it was ordered; hold again only lines whose reservation has ended or was refused.

A booker of the kind ``alone`` shares no journal. It writes each reservation to its own file before it orders it.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import platform
import random
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

import anyio
import httpx
from attrs import define, field

from korus import AsyncKorus, Korus
from korus._core.config import Timeouts
from korus._core.retry_policy import RetryPolicy
from korus._journal import sql_store
from korus.errors import (
    KorusError,
    OutcomeUnknown,
    ReservationFailed,
    ReservationUnusable,
    SoldOut,
)
from korus.hooks import BookingStep, Event, Hook, RetryScheduled
from scripts.faults.plan import Plan, read

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from korus import BulkOutcome
    from korus._booking.outcomes import Recovered
    from korus._journal.database import JournalEntry
    from korus.models import Order, Reservation

__all__ = [
    "AGAIN",
    "INTERRUPTED",
    "KINDS",
    "LEASE",
    "PERSON",
    "WHERE_ARE_YOU",
    "Notes",
    "ResultLog",
    "main",
    "on_host",
    "options",
]

Kind = Literal["threads", "tasks", "bulk", "forks", "alone"]
KINDS: Final[tuple[Kind, ...]] = ("threads", "tasks", "bulk", "forks", "alone")

CUSTOMER: Final = {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.org", "country": "PT"}
PERSON: Final = {
    "firstname": "Ada",
    "lastname": "Lovelace",
    "email": "ada@example.org",
    "phone": "+351210000000",
    "title": "mrs",
    "nationality": "PT",
    "dateOfBirth": "1990-12-10",
    "placeOfBirth": "Porto",
}
AGAIN: Final = 75
"""The status of a booker that must be started again."""
INTERRUPTED: Final = 130
"""The status of a booker that was interrupted."""

WHERE_ARE_YOU: Final = signal.SIGUSR1
"""The signal on which a booker prints the stacks of its threads."""

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_TOTAL: Final = 3.0
_SETTLE: Final = 1.5
_SLACK: Final = 1.0
LEASE: Final = _TOTAL + _SETTLE + _SLACK
"""Seconds of an intent's lease in the campaign."""

# longer than the life of a hold, so that holds that cannot be ordered have ended
_PATIENCE: Final = 150.0
_DELIVERY: Final = 60.0
_LEAST_TRIES: Final = 8
_RECOVERY: Final = 90.0
_BATCH: Final = 24
_HOOKS: Final[list[Hook]] = []
_TRACE: Final[list[Notes]] = []


def options() -> dict[str, Any]:
    """Return the settings of every client in the campaign, with short timeouts, so that faults have an effect."""
    return {
        "timeout": Timeouts(total=_TOTAL, connect=1.0, read=1.5, write=1.5, pool=_TOTAL),
        "retry": RetryPolicy(
            attempts=6, first_wait=0.05, longest_wait=0.5, retry_after_cap=1.0, settle=_SETTLE
        ),
        "hooks": _HOOKS,
    }


@contextmanager
def on_host(name: str) -> Generator[None]:
    """Simulate a separate host for this process, with a short lease, until the block ends.

    On the same host a suspended process counts as alive; its lease only matters on other hosts.
    """
    before = sql_store.__dict__["_SLACK_SECONDS"], platform.node
    sql_store.__dict__["_SLACK_SECONDS"] = _SLACK
    platform.node = lambda: name
    try:
        yield
    finally:
        sql_store.__dict__["_SLACK_SECONDS"], platform.node = before


# ---------------------------------------------------------------------- what is written down


class Notes:
    """JSON lines file to which several processes append, and which survives a kill."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        if path.stat().st_size:
            os.write(self._file, b"\n")

    def write(self, entry: Mapping[str, Any]) -> None:
        """Append a line."""
        os.write(self._file, (json.dumps(entry) + "\n").encode())

    @staticmethod
    def read(path: Path) -> Iterator[dict[str, Any]]:
        """Read all complete lines; a kill can leave an incomplete one."""
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                yield json.loads(line)
            except ValueError:
                continue


class ResultLog:
    """Booker's own file: the finished bookings with results, and without a journal the reservations to be ordered."""

    def __init__(self, path: Path) -> None:
        self.done: dict[str, dict[str, Any]] = {}
        self.ordering: dict[str, dict[str, str]] = {}
        for entry in Notes.read(path):
            if entry["status"] == "ordering":
                self.ordering[entry["reference"]] = entry["held"]
            else:
                self.done[entry["reference"]] = entry
        self._notes = Notes(path)

    def finish(self, plan: Plan, status: str, orders: Iterable[str], reason: str = "") -> None:
        """Record that a booking is finished."""
        entry = {"reference": plan.reference, "status": status, "orders": sorted(orders), "reason": reason}
        self.done[plan.reference] = entry
        self._notes.write(entry)

    def note(self, plan: Plan, held: Mapping[str, str]) -> None:
        """Record the reservations that are about to be ordered."""
        self._notes.write({"reference": plan.reference, "status": "ordering", "held": dict(held)})


class ReplayCounter:
    """Hook that counts repetitions by korus, in a file that survives a kill."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def __call__(self, event: Event) -> None:
        """Count a repetition, or a read after a lost answer."""
        is_question = isinstance(event, BookingStep) and event.state == "reconciling"
        if is_question or isinstance(event, RetryScheduled):
            os.write(self._file, b".")


def _trace(what: str, **more: Any) -> None:
    """Record events, to find the cause of a loss."""
    for notes in _TRACE:
        notes.write({"at": time.time(), "pid": os.getpid(), "what": what, **more})


def _trace_steps(event: Event) -> None:
    if isinstance(event, BookingStep):
        _trace("step", intent=event.intent, kind=event.kind, state=event.state)


def _traced_lines(outcome: BulkOutcome[Any, Any]) -> list[tuple[str, str | None, str]]:
    return [(each.status, each.result and each.result.iri, str(each.error)) for each in outcome.lines]


def _watch_requests(notes: Notes) -> None:
    """Record the start of requests that book, to check that none starts after a signal."""

    def note(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/_bulk"):
            notes.write({"pid": os.getpid(), "at": time.monotonic(), "path": request.url.path})

    # where a request is sent: it may have waited for a token before
    send, send_async = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

    def noted(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        note(request)
        return send(self, request)

    async def noted_async(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        note(request)
        return await send_async(self, request)

    vars(httpx)["HTTPTransport"].handle_request = noted
    vars(httpx)["AsyncHTTPTransport"].handle_async_request = noted_async


# ---------------------------------------------------------------------- one booking


@define
class Tries:
    """Limit of seconds with a minimum number of tries: a suspended process loses time, but no try."""

    ends: float
    left: int

    @classmethod
    def of(cls, seconds: float, least: int) -> Tries:
        """Start now."""
        return cls(time.monotonic() + seconds, least)

    def next(self) -> bool:
        """Start a try; return False if none is left."""
        self.left -= 1
        return self.left >= 0 or time.monotonic() < self.ends


@define
class Making:
    """One booking in progress.

    Attributes:
        plan: The plan.
        held: The reservation of each offer that may be ordered, or may have been.
        ordered: The order of each offer that has one.
        recovered: Reservations of before a crash whose content is not known yet.
        sold_out: The reason why no more are available.
        tries: The tries, after it has started.
    """

    plan: Plan
    held: dict[str, str] = field(factory=dict[str, str])
    ordered: dict[str, str] = field(factory=dict[str, str])
    recovered: list[str] = field(factory=list[str])
    sold_out: str = ""
    tries: Tries = field(init=False)

    def begin(self) -> None:
        """Start its time limit now, since a process makes its bookings one after another."""
        self.tries = Tries.of(_PATIENCE, _LEAST_TRIES)

    @property
    def wanted(self) -> list[str]:
        """The offers that have no order yet."""
        return [offer for offer in self.plan.offers if offer not in self.ordered]

    @property
    def to_hold(self) -> dict[str, Any]:
        """The lines to hold, in the form of a builder; empty if there are none."""
        free = [] if self.sold_out else [offer for offer in self.wanted if offer not in self.held]
        return {
            **self.plan.booking,
            "lines": [line for line in self.plan.booking["lines"] if line["offer"] in free],
        }

    @property
    def to_order(self) -> list[str]:
        """The reservations to order."""
        return [self.held[offer] for offer in self.wanted if offer in self.held]

    @property
    def is_over(self) -> bool:
        """True if only the delivery remains."""
        return not self.wanted or bool(self.sold_out and not self.to_order)

    def note_holds(self, outcome: BulkOutcome[Reservation, Any]) -> None:
        """Record the holds; unknown ones expire and are held again."""
        _trace("held", reference=self.plan.reference, lines=_traced_lines(outcome))
        for each in outcome.lines:
            if each.status == "succeeded" and each.result is not None:
                self.held[each.result.items[0].offer] = each.result.iri
            elif (
                each.status == "failed" and isinstance(each.error, ReservationFailed) and _sold_out(each.code)
            ):
                self.sold_out = each.reason or "sold out"

    def note_orders(self, outcome: BulkOutcome[Order, Any]) -> None:
        """Record the orders; failed ones can be held again, unknown ones are ordered again."""
        _trace("ordered", reference=self.plan.reference, held=self.held, lines=_traced_lines(outcome))
        offers = {held: offer for offer, held in self.held.items()}
        for each in outcome.lines:
            offer = offers.get(getattr(each.line, "reservation", ""))
            if offer is not None and each.status == "succeeded" and each.result is not None:
                self.ordered[offer] = each.result.iri
            elif offer is not None and each.status == "failed":
                del self.held[offer]

    def note_ended(self, error: ReservationUnusable) -> None:
        """Drop reservations that have ended without an order."""
        ended = {problem.reservation for problem in error.problems}
        self.held = {offer: held for offer, held in self.held.items() if held not in ended}

    def note_error(self, error: KorusError) -> None:
        """Record the effect of an error on the booking; most require another try."""
        _trace("error", reference=self.plan.reference, error=f"{type(error).__name__}: {error}")
        if isinstance(error, SoldOut):
            self.sold_out = str(error)
        elif isinstance(error, ReservationUnusable):
            self.note_ended(error)

    def finish(self, results: ResultLog, *, delivered: bool) -> None:
        """Write the result of the booking."""
        if not self.is_over:
            results.finish(self.plan, "unknown", self.ordered.values(), "gave up")
        elif not self.ordered:
            results.finish(self.plan, "refused", [], self.sold_out)
        else:
            status = "ordered" if delivered else "unknown"
            results.finish(
                self.plan, status, self.ordered.values(), self.sold_out and f"sold out: {self.sold_out}"
            )


def _sold_out(code: str | None) -> bool:
    return code in {"offer_unavailable", "session_unavailable"}


def _pause() -> float:
    return random.uniform(0.05, 0.3)  # noqa: S311 - only spreads the load


class Stopping(Exception):
    """The booker was stopped."""


class ThreadBooker:
    """Booker with the synchronous client, for any thread."""

    def __init__(self, korus: Korus, results: ResultLog, folder: Path, *, notes: bool = False) -> None:
        self.korus = korus
        self.results = results
        self.folder = folder
        self.stopping = threading.Event()
        self._notes = notes

    def book(self, making: Making) -> None:
        """Make one booking."""
        if self.stopping.is_set():
            raise Stopping
        self._until_over(making)
        making.finish(self.results, delivered=all(map(self._deliver, making.ordered.values())))

    def _until_over(self, making: Making) -> None:
        is_known = False
        making.begin()
        while not (is_known and making.is_over) and making.tries.next():
            try:
                if not is_known:
                    self._look(making)
                    is_known = True
                self._try(making)
            except KorusError as error:
                making.note_error(error)
                self._rest()

    def _rest(self) -> None:
        if self.stopping.wait(_pause()):
            raise Stopping

    def _look(self, making: Making) -> None:
        """Find the orders under the reference, and the reservations of before a crash."""
        for order in self.korus.orders.list(external_reference=making.plan.reference, page_size=50):
            if order.reservation:
                making.ordered[self._offer_of(order.reservation)] = order.iri
        for reservation in making.recovered:
            making.held[self._offer_of(reservation)] = reservation

    def _offer_of(self, reservation: str) -> str:
        return self.korus.reservations.get(reservation).items[0].offer

    def _try(self, making: Making) -> None:
        if making.to_hold["lines"]:
            try:
                builder = self.korus.reservations.bulk().load(making.to_hold)
                making.note_holds(builder.submit(max_price_change="1000"))
            except OutcomeUnknown as unknown:
                making.note_holds(self.korus.reservations.resolve(unknown))
        if self.stopping.is_set():
            raise Stopping
        if making.to_order:
            self.order(making)

    def order(self, making: Making) -> None:
        """Order the reservations."""
        if self._notes:
            self.results.note(making.plan, making.held)
        reference = making.plan.reference
        making.note_orders(
            self.korus.orders.create(making.to_order, customer=CUSTOMER, external_reference=reference)
        )

    def _deliver(self, order: str) -> bool:
        """Set the beneficiaries and download the tickets of an order."""
        tries = Tries.of(_DELIVERY, _LEAST_TRIES)
        while tries.next():
            try:
                needed = self.korus.tickets.required(order)
                if needed:
                    self.korus.tickets.set_beneficiaries(order, [PERSON] * len(needed)).raise_for_failed()
                self.korus.documents.download(order, to=self.folder, timeout=20)
            except (KorusError, ExceptionGroup):
                self._rest()
            else:
                return True
        return False


class TaskBooker:
    """Booker with the asynchronous client, several bookings at once in tasks."""

    def __init__(self, korus: AsyncKorus, results: ResultLog, folder: Path, *, notes: bool = False) -> None:
        self.korus = korus
        self.results = results
        self.folder = folder
        self._notes = notes

    async def book(self, making: Making) -> None:
        """Make one booking."""
        is_known = False
        making.begin()
        while not (is_known and making.is_over) and making.tries.next():
            try:
                if not is_known:
                    await self._look(making)
                    is_known = True
                await self._try(making)
            except KorusError as error:
                making.note_error(error)
                await anyio.sleep(_pause())
        delivered = [await self._deliver(order) for order in making.ordered.values()]
        making.finish(self.results, delivered=all(delivered))

    async def _look(self, making: Making) -> None:
        async for order in self.korus.orders.list(external_reference=making.plan.reference, page_size=50):
            if order.reservation:
                making.ordered[await self._offer_of(order.reservation)] = order.iri
        for reservation in making.recovered:
            making.held[await self._offer_of(reservation)] = reservation

    async def _offer_of(self, reservation: str) -> str:
        return (await self.korus.reservations.get(reservation)).items[0].offer

    async def _try(self, making: Making) -> None:
        if making.to_hold["lines"]:
            try:
                builder = self.korus.reservations.bulk().load(making.to_hold)
                making.note_holds(await builder.submit(max_price_change="1000"))
            except OutcomeUnknown as unknown:
                making.note_holds(await self.korus.reservations.resolve(unknown))
        if making.to_order:
            if self._notes:
                self.results.note(making.plan, making.held)
            reference = making.plan.reference
            outcome = await self.korus.orders.create(
                making.to_order, customer=CUSTOMER, external_reference=reference
            )
            making.note_orders(outcome)

    async def _deliver(self, order: str) -> bool:
        tries = Tries.of(_DELIVERY, _LEAST_TRIES)
        while tries.next():
            try:
                needed = await self.korus.tickets.required(order)
                if needed:
                    people = [PERSON] * len(needed)
                    (await self.korus.tickets.set_beneficiaries(order, people)).raise_for_failed()
                await self.korus.documents.download(order, to=self.folder, timeout=20)
            except (KorusError, ExceptionGroup):
                await anyio.sleep(_pause())
            else:
                return True
        return False


# ---------------------------------------------------------------------- after a restart


def _taken_up(plans: Iterable[Plan], results: ResultLog, korus: Korus | None) -> list[Making]:
    """Return the bookings to make, each with the state that earlier processes left."""
    makings = {
        plan.reference: Making(plan, held=dict(results.ordering.get(plan.reference, {})))
        for plan in plans
        if plan.reference not in results.done
    }
    if korus is not None:
        for found in _recovered(korus):
            _trace(
                "recovered",
                reference=found.reference,
                kind=found.kind,
                intent=found.id,
                error=str(found.error),
            )
            if found.reference in makings and found.kind == "order":
                makings[found.reference].recovered += _reservations_of(found)
        for entry in _orders_known(korus):
            if entry.reference in makings:
                makings[entry.reference].recovered += _reservations_in(entry)
    return list(makings.values())


def _recovered(korus: Korus) -> list[Recovered]:
    """Recover the journal; what stays unknown is found once."""
    found: dict[str, Recovered] = {}
    ends = time.monotonic() + _RECOVERY
    while True:
        try:
            found.update((each.id, each) for each in korus.journal.recover())
        except KorusError:
            if time.monotonic() > ends:
                raise
            time.sleep(_pause())
        else:
            return list(found.values())


def _reservations_of(found: Recovered) -> list[str]:
    """Return the reservations that are to be ordered again, or have been."""
    if found.lines:
        open_lines = [each.line for each in found.lines if each.status != "failed"]
        return [reservation for line in open_lines if (reservation := getattr(line, "reservation", None))]
    intent = found.error.intent if isinstance(found.error, OutcomeUnknown) else None
    return list((intent or {}).get("reservations", ()))


def _orders_known(korus: Korus) -> list[JournalEntry]:
    ends = time.monotonic() + _RECOVERY
    while True:
        try:
            return korus.journal.list(kind="order")
        except KorusError:
            if time.monotonic() > ends:
                raise
            time.sleep(_pause())


def _reservations_in(entry: JournalEntry) -> list[str]:
    """Return the reservations that were ordered; a list of orders may not show them yet."""
    lines = (entry.outcome or {}).get("lines", ())
    return [line["reservation"] for line in lines if line["status"] == "succeeded"]


# ---------------------------------------------------------------------- a process


@define
class Setting:
    """Instructions for a booking process."""

    kind: Kind
    plans: list[Plan]
    results: ResultLog
    folder: Path
    workers: int
    signals: Notes
    is_korus_call: bool = False
    """True while the main thread is in a call of korus that uses its own threads."""

    def note_signal(self, number: int, *, stops_all: bool) -> None:
        """Record a signal, and whether it forbids further requests that book."""
        self.signals.write(
            {"pid": os.getpid(), "at": time.monotonic(), "signal": number, "stopsAll": stops_all}
        )


def main(arguments: Sequence[str]) -> int:
    """Run a booker: ``KIND NUMBER FOLDER WORKERS``; ``KORUS_*`` configure the client."""
    kind, number, root, workers = arguments[0], arguments[1], Path(arguments[2]), int(arguments[3])
    with on_host(f"booker-{number}"):
        return _run(kind, number, root, workers)


def _run(kind: str, number: str, root: Path, workers: int) -> int:
    faulthandler.register(WHERE_ARE_YOU)
    results = root / f"results-{number}"
    logger = logging.getLogger("korus")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    _TRACE.append(Notes(root / f"trace-{number}"))
    _HOOKS.append(_trace_steps)
    _HOOKS.append(ReplayCounter(Path(f"{results}.replays")))
    _watch_requests(Notes(root / f"requests-{number}"))
    found = KINDS[KINDS.index(kind)]
    plans = read(root / f"plans-{number}")
    setting = Setting(
        found, plans, ResultLog(results), root / "tickets", workers, Notes(root / f"signals-{number}")
    )
    if kind in {"tasks", "alone"}:
        return _run_tasks(setting)
    _interrupt_on_signals(setting)
    try:
        with Korus.from_env(**options()) as korus:
            return _KINDS[found](korus, setting)
    except (KeyboardInterrupt, Stopping):
        return INTERRUPTED


def _interrupt_on_signals(setting: Setting) -> None:
    """Treat SIGTERM like SIGINT; a second one does not interrupt the cleanup."""

    def stop(number: int, _: object) -> NoReturn:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        setting.note_signal(number, stops_all=setting.is_korus_call)
        raise KeyboardInterrupt

    for each in _SIGNALS:
        signal.signal(each, stop)


def _with_threads(korus: Korus, setting: Setting) -> int:
    booker = ThreadBooker(korus, setting.results, setting.folder)
    _book_in_threads(booker, _taken_up(setting.plans, setting.results, korus), setting.workers)
    return 0


def _book_in_threads(booker: ThreadBooker, makings: Sequence[Making], workers: int) -> None:
    with ThreadPoolExecutor(workers) as pool:
        try:
            list(pool.map(booker.book, makings))
        except BaseException:
            booker.stopping.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _with_bulk_calls(korus: Korus, setting: Setting) -> int:
    """Hold many bookings with one call from the main thread, which receives interrupts; korus starts the threads."""
    booker = ThreadBooker(korus, setting.results, setting.folder)
    setting.is_korus_call = True
    makings = _taken_up(setting.plans, setting.results, korus)
    for at in range(0, len(makings), _BATCH):
        batch = makings[at : at + _BATCH]
        fresh = [making for making in batch if not making.recovered]
        setting.is_korus_call = True
        _hold_together(korus, fresh, setting.workers)
        setting.is_korus_call = False
        _book_in_threads(booker, batch, setting.workers)
    return 0


def _hold_together(korus: Korus, makings: Sequence[Making], workers: int) -> None:
    """Hold the lines of several bookings; each booking then tries its failed lines itself."""
    lines = [line for making in makings for line in making.to_hold["lines"]]
    if not lines:
        return
    builder = korus.reservations.bulk(lines_per_call=1, concurrency=workers)
    builder.load({**makings[0].plan.booking, "lines": lines})
    owners = [making for making in makings for _ in making.to_hold["lines"]]
    try:
        outcome = builder.submit(max_price_change="1000")
    except KorusError:
        return
    for making, each in zip(owners, outcome.lines, strict=True):
        if each.status == "succeeded" and each.result is not None:
            making.held[each.result.items[0].offer] = each.result.iri


def _with_forks(korus: Korus, setting: Setting) -> int:
    """Book in threads, and in children that are forked meanwhile and use the same client."""
    booker = ThreadBooker(korus, setting.results, setting.folder)
    makings = _taken_up(setting.plans, setting.results, korus)
    children: list[int] = []
    forks = Notes(setting.folder.parent / "forks")
    for at in range(0, len(makings), _BATCH):
        batch = makings[at : at + _BATCH]
        with ThreadPoolExecutor(setting.workers) as pool:
            futures = [pool.submit(booker.book, making) for making in batch[::2]]
            try:
                time.sleep(_pause() / 2)  # the client is in use, and so are its locks
                children.append(_fork(partial(_book_in_child, korus, setting, batch[1::2])))
                forks.write({"pid": children[-1]})
                for future in futures:
                    future.result()
            except BaseException:
                booker.stopping.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    return AGAIN if any(ends) else 0


def _book_in_child(korus: Korus, setting: Setting, makings: Sequence[Making]) -> None:
    # only the client is inherited, since the lock of a booker's event may be held by a thread of the parent
    _book_in_threads(ThreadBooker(korus, setting.results, setting.folder), makings, setting.workers)


def _fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except (KeyboardInterrupt, Stopping):
        status = INTERRUPTED
    finally:
        os._exit(status)


def _run_tasks(setting: Setting) -> int:
    makings: list[Making]
    if setting.kind == "alone":
        makings = _taken_up(setting.plans, setting.results, None)
    else:
        with Korus.from_env(**options()) as korus:
            makings = _taken_up(setting.plans, setting.results, korus)
    return anyio.run(_with_tasks, setting, makings)


async def _with_tasks(setting: Setting, makings: Sequence[Making]) -> int:
    pending = iter(makings)
    status = 0
    async with AsyncKorus.from_env(**options()) as korus, anyio.create_task_group() as group:
        booker = TaskBooker(korus, setting.results, setting.folder, notes=setting.kind == "alone")

        async def work() -> None:
            for making in pending:
                await booker.book(making)

        async def listen() -> None:
            nonlocal status
            with anyio.open_signal_receiver(*_SIGNALS) as signals:
                async for number in signals:
                    setting.note_signal(number, stops_all=True)
                    status = INTERRUPTED
                    group.cancel_scope.cancel()

        async with anyio.create_task_group() as workers:
            group.start_soon(listen)
            for _ in range(setting.workers):
                workers.start_soon(work)
        group.cancel_scope.cancel()
    return status


_KINDS: Final = {"threads": _with_threads, "bulk": _with_bulk_calls, "forks": _with_forks}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
