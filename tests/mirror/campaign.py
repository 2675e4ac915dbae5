"""Seeded runs of a mirror beside a model: changes, page drift, faults, lies, crashes and rivals at any point.

After each step the feed, replayed onto nothing, is the mirror; nothing was removed that was there all the time; and once
everything is quiet the mirror is the catalogue.
"""

from __future__ import annotations

import json
import random
import threading
from datetime import date
from typing import TYPE_CHECKING, Any

import httpx
from attrs import define, field
from fake_api import FakeApi

from korus._journal.process import ACTIVE
from korus._mirror.content import canonical
from korus.errors import KorusError
from korus.mirror import Mirror, SyncReport, replay

if TYPE_CHECKING:
    from collections.abc import Mapping

STEPS = 8


class Crash(BaseException):
    """The process is gone at this very moment: nothing that it would do afterwards is done."""


@define
class Run:
    """One run."""

    seed: int
    database: str
    options: dict[str, Any] = field(factory=dict)
    chance: random.Random = field(init=False)
    api: FakeApi = field(init=False)
    counts: dict[str, int] = field(factory=dict)
    gone: list[dict[str, Any]] = field(factory=list)
    removed_before: int = 0
    crashed: bool = False
    sessions: bool = False
    held: Mirror | None = None

    def __attrs_post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.sessions = self.chance.random() < 0.3
        self.api = FakeApi(page_limit=self.chance.randint(2, 9), etags=self.chance.random() < 0.7)
        for name in ("park", "museum")[: self.chance.randint(1, 2)]:
            base = self.api.add_base(self.api.add_catalog(name), f"{name}-base")
            products = [
                self.api.add_product(base, f"{name}-p{number}") for number in range(self.chance.randint(1, 4))
            ]
            for _ in range(self.chance.randint(0, 40)):
                offer = self.api.add_offer(self.chance.choice(products), self.day())
                if self.sessions and self.chance.random() < 0.2:
                    self.api.add_session(offer, "2027-01-01T10:00:00")

    def day(self) -> str | None:
        return (
            None
            if self.chance.random() < 0.1
            else f"2027-0{self.chance.randint(1, 2)}-{self.chance.randint(1, 28):02}"
        )

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    # --- the catalogue moves --------------------------------------------------------------------------------

    def change(self) -> None:
        """Make one change of the catalogue."""
        api, chance = self.api, self.chance
        catalog = chance.choice(list(api.offers))
        members = api.offers[catalog]
        kind = chance.choice(
            ["add", "remove", "reprice", "stock", "move", "day", "return", "rename", "session"]
        )
        products = [iri for iri in api.products if iri.startswith(catalog)]
        if kind == "add" and products:
            api.add_offer(chance.choice(products), self.day(), place=chance.randint(0, len(members)))
        elif kind == "return" and self.gone:
            offer = self.gone.pop(chance.randrange(len(self.gone)))
            own = api.offers[offer["@id"].partition("/offers/")[0]]
            own.insert(chance.randint(0, len(own)), offer)
        elif kind == "rename" and products:
            api.products[chance.choice(products)][1]["name"] = f"name {chance.randint(1, 9)}"
        elif members:
            offer = chance.choice(members)
            if kind == "remove":
                self.gone.append(api.remove_offer(offer["@id"]))
            elif kind == "reprice":
                offer["price"]["amountInclTax"] = f"{chance.randint(1, 50)}.00"
            elif kind == "stock":
                offer["availableQuantity"] = chance.choice([None, 0, 1, 30])
            elif kind == "move":
                members.insert(chance.randrange(len(members)), members.pop(members.index(offer)))
            elif kind == "day":
                offer["date"] = self.day()
            elif kind == "session" and self.sessions:
                self.change_session(offer)

    def change_session(self, offer: dict[str, Any]) -> None:
        """Change the sessions of an offer: one comes or goes, its time moves, or its ticket needs none any more."""
        (ticket,) = offer["tickets"]
        held = self.api.sessions.get(ticket["@id"], [])
        kind = self.chance.choice(["add", "remove", "time", "access"])
        if kind == "add" or not held:
            self.api.add_session(offer["@id"], "2027-01-01T10:00:00+01:00")
        elif kind == "remove":
            held.pop(self.chance.randrange(len(held)))
        elif kind == "time":
            self.chance.choice(held)["occursAt"] = f"2027-01-01T{self.chance.randint(10, 20)}:00:00+01:00"
        else:
            ticket["dateAccess"] = not ticket["dateAccess"]

    # --- one step -------------------------------------------------------------------------------------------

    def step(self) -> None:
        for _ in range(self.chance.choice([0, 1, 2, 5])):
            self.change()
        self.api.ever_gone = {offer["@id"] for offer in self.gone}
        self.trouble()
        try:
            report = self.sweep()
            self.count("ended")
            for sweep in report.sweeps:
                self.count(sweep.state)
        except Crash:
            ACTIVE.forget()  # the process is gone
            self.close()
            self.count("crashed")
        except KorusError:
            self.count("error")
        self.api.hooks.clear()
        self.api.lie, self.api.always_304 = None, False
        self.check()

    def sweep(self, *, accept: bool = False, window: tuple[Any, Any] | None = None) -> SyncReport:
        return self.mirror().sync(accept=accept, between=window, sessions=self.sessions, prefetch=0)

    def mirror(self) -> Mirror:
        """Return this process's mirror; after a crash, another one."""
        if self.held is None:
            self.held = Mirror(self.database, self.api.client(), max_removal_share=0.5, **self.options)
            release = self.held._store.leases.release
            # what has crashed releases nothing
            self.held._store.leases.release = lambda *a, **k: None if self.crashed else release(*a, **k)
        return self.held

    def close(self) -> None:
        if self.held is not None:
            self.held.close()
            self.held._client.close()
            self.held = None

    def trouble(self) -> None:
        """Choose what goes wrong in this step."""
        self.crashed = False
        kind = self.chance.choice(
            ["calm", "calm", "drift", "drift", "drift", "fault", "crash", "lie", "304", "rival", "window"]
        )
        self.count(kind)
        at = self.chance.randint(1, 25)
        seen = [0]

        def hook(request: httpx.Request) -> httpx.Response | None:
            seen[0] += 1
            if kind == "drift" and self.chance.random() < 0.3:
                self.change()
            if seen[0] != at:
                return None
            if kind == "fault":
                return self.chance.choice(
                    [
                        httpx.Response(500),
                        httpx.Response(200, text="<html>"),
                        httpx.Response(304),
                        httpx.Response(403, json={}),
                    ]
                )
            if kind == "crash" and threading.current_thread() is threading.main_thread():
                self.crashed = True
                raise Crash
            if kind == "rival":
                self.change()
                ACTIVE.forget()  # its lease has run out, as far as the rival can see
                self.sweep()
            if kind == "window":
                self.change()
                self.sweep(window=self.chance.choice(WINDOWS))
            return None

        self.api.hooks.append(hook)
        if kind == "lie":
            self.api.lie = self.lie()
        self.api.always_304 = kind == "304"

    def lie(self) -> Any:
        kind = self.chance.choice(["short", "total", "first page again", "twice", "shuffled", "empty"])
        cut, more = self.chance.randint(0, 10), self.chance.choice([-3, 3, 40])

        def told(request: httpx.Request, members: list[Any], total: int) -> tuple[list[Any], int]:  # noqa: PLR0911
            given = dict(request.url.params)
            if not request.url.path.endswith("/offers") or any(name.startswith("product") for name in given):
                return members, total
            if kind == "short":
                return members[:cut], len(members[:cut])
            if kind == "total":
                return members, max(0, total + more)
            if kind == "empty":
                return [], 0
            if kind == "first page again":
                size = self.api.page_limit
                return members[:size] * (1 + total // max(size, 1)), total
            if kind == "twice":
                return [*members[:1], *members[:-1]], total
            return self.chance.sample(members, len(members)), total

        return told

    # --- what has to hold -----------------------------------------------------------------------------------

    def check(self) -> None:
        mirror = self.mirror()
        changes = mirror.changes()
        held = rows(mirror)
        assert [change.seq for change in changes] == list(range(1, len(changes) + 1)), self.seed
        assert plain(replay(changes)) == plain(held), self.seed
        removed = {change.iri for change in changes[self.removed_before :] if change.op == "removed"}
        there = {offer["@id"] for members in self.api.offers.values() for offer in members}
        false = (removed & there) - self.api.ever_gone
        assert not false, (self.seed, false)
        self.removed_before = len(changes)
        open_periods(mirror, held, self.seed)

    def finish(self) -> dict[str, int]:
        """Sweep in peace until everything is settled: then the mirror is the catalogue."""
        self.api.ever_gone = {offer["@id"] for offer in self.gone}
        for attempt in range(5):
            self.crashed = False
            # what was held back because of a lie is not accepted, but what a truthful sweep lacks is
            report = self.sweep(accept=attempt > 0)
            done = all(sweep.state == "done" and not sweep.waiting for sweep in report.sweeps)
            held, truth = plain(rows(self.mirror())), plain(self.api.truth(sessions=self.sessions))
            # everything that is there is as it is there; more only as far as a second look is due
            assert {iri: held.get(iri) for iri in truth} == truth, self.seed
            if done:
                assert held == truth, self.seed
            if done:
                break
        else:
            raise AssertionError(f"seed {self.seed}: never settled")
        self.check()
        return self.counts


WINDOWS = [
    (None, None),
    (date(2027, 1, 1), date(2027, 1, 31)),
    (date(2027, 1, 15), None),
]


def rows(mirror: Mirror) -> dict[str, Any]:
    """Everything that a mirror holds, by IRI."""
    from sqlalchemy import select

    tables = mirror._database.tables
    with mirror._database.reading() as connection:
        held = {row.iri: json.loads(row.body) for row in connection.execute(select(tables.bodies))}
        named = {
            iri
            for table in tables.things.values()
            for iri in connection.execute(select(table.c.iri)).scalars()
        }
    assert set(held) == named
    return held


def open_periods(mirror: Mirror, held: Mapping[str, Any], seed: int) -> None:
    """Check that each offer has one period that still holds, with its price and stock, and what is gone has none."""
    from sqlalchemy import select

    table = mirror._database.tables.periods
    with mirror._database.reading() as connection:
        still = connection.execute(select(table).where(table.c.until.is_(None))).all()
    offers = sorted(iri for iri, body in held.items() if body["@type"] == "TicketingOffer")
    assert sorted(row.offer for row in still) == offers, seed
    for row in still:
        offer = held[row.offer]
        assert (row.price, row.available) == (offer["price"]["amountInclTax"], offer["availableQuantity"]), (
            seed
        )


def plain(held: Mapping[str, Any]) -> dict[str, str]:
    """Bodies as texts that can be compared."""
    return {iri: canonical(body) for iri, body in held.items()}


def run(seed: int, database: str, **options: Any) -> dict[str, int]:
    """Carry out one run; raises AssertionError when something does not hold."""
    campaign = Run(seed, database, options)
    try:
        for _ in range(STEPS):
            campaign.step()
        return campaign.finish()
    finally:
        campaign.close()
