"""A shop's booking process as the campaign runs it: it can be killed at any moment and started again.

What it has finished stands in a file of its own, one line a booking, as a shop's database would say. Everything
else it finds out from the journal and from the API. It decides nothing about exactness: that is korus's part. It
keeps to three rules that any shop should: recover the journal first, look for the reference before booking it, and
stay with a reservation until it has ended.
"""

from __future__ import annotations

import json
import logging
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from korus import AsyncKorus, Korus
from korus.config import Timeouts
from korus.errors import (
    BeneficiaryInvalid,
    DocumentsNotReady,
    KorusError,
    OutcomeUnknown,
    ReservationUnusable,
    SoldOut,
)
from korus.retry import RetryPolicy
from scripts.faults.plan import Plan, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from korus.models import Order, Reservation

__all__ = ["main", "options"]

CUSTOMER = {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.org", "country": "PT"}
PERSON = {
    "firstname": "Ada",
    "lastname": "Lovelace",
    "email": "ada@example.org",
    "phone": "+351210000000",
    "title": "mrs",
    "nationality": "PT",
    "dateOfBirth": "1990-12-10",
    "placeOfBirth": "Porto",
}
_ATTEMPTS = 200


def options() -> dict[str, Any]:
    """Give the settings of every client in the campaign: impatient, so that faults bite."""
    return {
        "timeout": Timeouts(total=3.0, connect=1.0, read=1.5, write=1.5, pool=3.0),
        "retry": RetryPolicy(attempts=6, first_wait=0.05, longest_wait=0.5, retry_after_cap=1.0, settle=1.5),
    }


class Ledger:
    """The booker's own file: what is finished, and how."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.done: dict[str, dict[str, Any]] = {}
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            for line in lines:
                try:
                    entry = json.loads(line)
                except ValueError:  # cut off by the kill
                    continue
                self.done[entry["reference"]] = entry
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        if path.stat().st_size:
            os.write(self._file, b"\n")

    def finish(self, plan: Plan, status: str, orders: Sequence[str], reason: str = "") -> None:
        """Note that a booking is finished."""
        entry = {"reference": plan.reference, "status": status, "orders": list(orders), "reason": reason}
        self.done[plan.reference] = entry
        os.write(self._file, (json.dumps(entry) + "\n").encode())


class ReplayCounter(logging.Handler):
    """Counts what korus repeats, in a file that survives a kill."""

    def __init__(self, path: Path) -> None:
        super().__init__(logging.DEBUG)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def emit(self, record: logging.LogRecord) -> None:
        """Count a log record that tells of a repetition."""
        if "again in" in str(record.msg) or "looking for what became" in str(record.msg):
            os.write(self._file, b".")


def _expired(error: KorusError) -> bool:
    return isinstance(error, ReservationUnusable)


def _pause() -> float:
    return random.uniform(0.05, 0.3)  # noqa: S311 - only spreads the load


# ---------------------------------------------------------------------- with threads


class ThreadBooker:
    """Makes bookings with the synchronous client, several at once in threads."""

    def __init__(self, korus: Korus, ledger: Ledger, folder: Path) -> None:
        self.korus = korus
        self.ledger = ledger
        self.folder = folder

    def book(self, plan: Plan) -> None:
        """Make one booking, however often it takes."""
        held: list[Reservation] = []
        for _ in range(_ATTEMPTS):
            try:
                orders = self._existing(plan)
                wanted = [offer for offer in plan.offers if offer not in self._offers_of(orders)]
                if not wanted:
                    break
                held = self._usable(held, wanted) or self._hold(plan, wanted)
                self._order(plan, held)
            except SoldOut as error:
                if not self._existing_or_nothing(plan):
                    self.ledger.finish(plan, "refused", [], str(error))
                    return
                break
            except OutcomeUnknown as unknown:
                self._resolve(unknown)
            except KorusError as error:
                if _expired(error):
                    held = []
                time.sleep(_pause())
        else:
            self.ledger.finish(plan, "unknown", [], "gave up")
            return
        self._finish(plan)

    def _existing(self, plan: Plan) -> list[Order]:
        return list(self.korus.orders.list(external_reference=plan.reference, page_size=50))

    def _existing_or_nothing(self, plan: Plan) -> list[Order]:
        while True:
            try:
                return self._existing(plan)
            except KorusError:
                time.sleep(_pause())

    def _offers_of(self, orders: Sequence[Order]) -> set[str]:
        found = {order.reservation for order in orders}
        return {item.offer for iri in found if iri for item in self.korus.reservations.get(iri).items}

    def _usable(self, held: Sequence[Reservation], wanted: Sequence[str]) -> list[Reservation]:
        return [
            fresh
            for fresh in (self.korus.reservations.get(reservation) for reservation in held)
            if not fresh.expired and fresh.items[0].offer in wanted
        ]

    def _hold(self, plan: Plan, wanted: Sequence[str]) -> list[Reservation]:
        builder = self.korus.reservations.bulk().from_dict(_part(plan, wanted))
        outcome = builder.submit(max_price_change="1000")
        for failed in outcome.failed:
            if failed.code in {"offer_unavailable", "session_unavailable"}:
                raise SoldOut(failed.reason or "sold out")
        for unknown in outcome.unknown:
            if isinstance(unknown.error, OutcomeUnknown):
                raise unknown.error
        return list(outcome.succeeded)

    def _order(self, plan: Plan, held: Sequence[Reservation]) -> None:
        if held:
            self.korus.orders.create(held, customer=CUSTOMER, external_reference=plan.reference)

    def _resolve(self, unknown: OutcomeUnknown) -> None:
        resource = self.korus.orders if unknown.operation == "bulk_create_orders" else self.korus.reservations
        for _ in range(_ATTEMPTS):
            try:
                if not resource.resolve(unknown).unknown:
                    return
            except KorusError:
                time.sleep(_pause())
        return

    def _finish(self, plan: Plan) -> None:
        """Name the beneficiaries and fetch the tickets."""
        orders = self._existing_or_nothing(plan)
        for order in orders:
            for _ in range(_ATTEMPTS):
                try:
                    needed = self.korus.tickets.required(order)
                    if needed:
                        self.korus.tickets.set_beneficiaries(order, [PERSON] * len(needed)).raise_for_failed()
                    self.korus.documents.download(order, to=self.folder, timeout=20)
                    break
                except (BeneficiaryInvalid, DocumentsNotReady, KorusError, ExceptionGroup):
                    time.sleep(_pause())
            else:
                self.ledger.finish(plan, "unknown", [order.iri], "no tickets")
                return
        self.ledger.finish(plan, "ordered", [order.iri for order in orders])


# ---------------------------------------------------------------------- with tasks


class TaskBooker:
    """Makes bookings with the asynchronous client, several at once in tasks."""

    def __init__(self, korus: AsyncKorus, ledger: Ledger, folder: Path) -> None:
        self.korus = korus
        self.ledger = ledger
        self.folder = folder

    async def book(self, plan: Plan) -> None:
        """Make one booking, however often it takes."""
        held: list[Reservation] = []
        for _ in range(_ATTEMPTS):
            try:
                orders = await self._existing(plan)
                there = await self._offers_of(orders)
                wanted = [offer for offer in plan.offers if offer not in there]
                if not wanted:
                    break
                held = await self._usable(held, wanted) or await self._hold(plan, wanted)
                await self._order(plan, held)
            except SoldOut as error:
                if not await self._existing_or_nothing(plan):
                    self.ledger.finish(plan, "refused", [], str(error))
                    return
                break
            except OutcomeUnknown as unknown:
                await self._resolve(unknown)
            except KorusError as error:
                if _expired(error):
                    held = []
                await anyio.sleep(_pause())
        else:
            self.ledger.finish(plan, "unknown", [], "gave up")
            return
        await self._finish(plan)

    async def _existing(self, plan: Plan) -> list[Order]:
        found = self.korus.orders.list(external_reference=plan.reference, page_size=50)
        return [order async for order in found]

    async def _existing_or_nothing(self, plan: Plan) -> list[Order]:
        while True:
            try:
                return await self._existing(plan)
            except KorusError:
                await anyio.sleep(_pause())

    async def _offers_of(self, orders: Sequence[Order]) -> set[str]:
        there: set[str] = set()
        for iri in {order.reservation for order in orders if order.reservation}:
            reservation = await self.korus.reservations.get(iri)
            there |= {item.offer for item in reservation.items}
        return there

    async def _usable(self, held: Sequence[Reservation], wanted: Sequence[str]) -> list[Reservation]:
        fresh = [await self.korus.reservations.get(reservation) for reservation in held]
        return [found for found in fresh if not found.expired and found.items[0].offer in wanted]

    async def _hold(self, plan: Plan, wanted: Sequence[str]) -> list[Reservation]:
        builder = self.korus.reservations.bulk().from_dict(_part(plan, wanted))
        outcome = await builder.submit(max_price_change="1000")
        for failed in outcome.failed:
            if failed.code in {"offer_unavailable", "session_unavailable"}:
                raise SoldOut(failed.reason or "sold out")
        for unknown in outcome.unknown:
            if isinstance(unknown.error, OutcomeUnknown):
                raise unknown.error
        return list(outcome.succeeded)

    async def _order(self, plan: Plan, held: Sequence[Reservation]) -> None:
        if held:
            await self.korus.orders.create(held, customer=CUSTOMER, external_reference=plan.reference)

    async def _resolve(self, unknown: OutcomeUnknown) -> None:
        resource = self.korus.orders if unknown.operation == "bulk_create_orders" else self.korus.reservations
        for _ in range(_ATTEMPTS):
            try:
                if not (await resource.resolve(unknown)).unknown:
                    return
            except KorusError:
                await anyio.sleep(_pause())

    async def _finish(self, plan: Plan) -> None:
        """Name the beneficiaries and fetch the tickets."""
        orders = await self._existing_or_nothing(plan)
        for order in orders:
            for _ in range(_ATTEMPTS):
                try:
                    needed = await self.korus.tickets.required(order)
                    if needed:
                        people = [PERSON] * len(needed)
                        (await self.korus.tickets.set_beneficiaries(order, people)).raise_for_failed()
                    await self.korus.documents.download(order, to=self.folder, timeout=20)
                    break
                except (BeneficiaryInvalid, DocumentsNotReady, KorusError, ExceptionGroup):
                    await anyio.sleep(_pause())
            else:
                self.ledger.finish(plan, "unknown", [order.iri], "no tickets")
                return
        self.ledger.finish(plan, "ordered", [order.iri for order in orders])


def _part(plan: Plan, wanted: Sequence[str]) -> dict[str, Any]:
    lines = [line for line in plan.booking["lines"] if line["offer"] in wanted]
    return {**plan.booking, "lines": lines}


# ---------------------------------------------------------------------- a process


def _recover(korus: Korus) -> None:
    for _ in range(_ATTEMPTS):
        try:
            if all(found.settled for found in korus.journal.recover()):
                return
        except KorusError:
            time.sleep(_pause())


def main(arguments: Sequence[str]) -> int:
    """Run a booker: ``COLOUR PLANS LEDGER FOLDER WORKERS``; the client is set up by ``KORUS_*``."""
    colour, plans, ledger_path, folder, workers = arguments
    logger = logging.getLogger("korus")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(ReplayCounter(Path(f"{ledger_path}.replays")))
    ledger = Ledger(Path(ledger_path))
    waiting = [plan for plan in read(Path(plans)) if plan.reference not in ledger.done]
    with Korus.from_env(**options()) as korus:
        _recover(korus)
        if colour == "threads":
            booker = ThreadBooker(korus, ledger, Path(folder))
            with ThreadPoolExecutor(int(workers)) as pool:
                list(pool.map(booker.book, waiting))
            return 0
    anyio.run(partial(_with_tasks, waiting, ledger, Path(folder), int(workers)))
    return 0


async def _with_tasks(waiting: list[Plan], ledger: Ledger, folder: Path, workers: int) -> None:
    pending = iter(waiting)
    async with AsyncKorus.from_env(**options()) as korus, anyio.create_task_group() as group:
        booker = TaskBooker(korus, ledger, folder)

        async def work() -> None:
            for plan in pending:
                await booker.book(plan)

        for _ in range(workers):
            group.start_soon(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
