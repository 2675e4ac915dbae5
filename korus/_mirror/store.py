"""The writing side of a mirror: who sweeps what, what was seen, and the feed of changes.

Rows and their entries in the feed are written in one transaction, chunk by chunk, each under the lease of its sweep. A
row carries the number of the sweep that saw it last, and no older sweep changes it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from attrs import define, field, frozen
from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from korus._journal.process import ACTIVE, Owner
from korus._mirror.content import KINDS, PERIOD_FIELDS, columns_of, fields_changed, ticket_rows, written
from korus._mirror.database import moment
from korus._mirror.many import among, chunks, is_lite, rows_among
from korus._mirror.sweeping import Ceiling, Missing, Scope, SweepReport, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from sqlalchemy import Connection, Table

    from korus._mirror.content import Entry, KindName
    from korus._mirror.database import Database

__all__ = ["Candidate", "Lease", "Looks", "PageRecord", "ScopeLost", "Store"]

_LEASE_SECONDS: Final = 180.0
_RESUME_SECONDS: Final = 3600.0
_CONDITION_SECONDS: Final = 24 * 3600.0
_FORGET_PAGES_SECONDS: Final = 3 * 24 * 3600.0
_REMOVED_AT_ONCE: Final = 500
_CUT_OFF: Final = ("running", "interrupted")
_READ: Final = ("done", "unsettled", "quarantined", "superseded")
_TWICE: Final = "something was on two pages"
_COUNTS: Final = ("added", "changed", "removed", "unchanged")


class ScopeLost(Exception):
    """Another worker has taken over the scope; nothing of this one is written any more."""


@frozen
class PageRecord:
    """A page as it was read the last time.

    Attributes:
        number: Its number.
        query: The query that it was read with, as JSON.
        etag: Its entity tag.
        modified: Its ``Last-Modified``.
        synced: The catalogue's ``lastSyncedAt`` when it was read.
        content: The digest of its bytes.
        iris: What was on it.
        digests: The digests of what was on it.
        envelope: What it said of itself, as JSON.
        may_ask: True if the server may be asked whether it has changed.
    """

    number: int
    query: str
    etag: str | None
    modified: str | None
    synced: str | None
    content: str
    iris: tuple[str, ...]
    digests: tuple[str, ...]
    envelope: Mapping[str, Any]
    may_ask: bool = True


@frozen
class Candidate:
    """An offer that a sweep did not see."""

    iri: str
    product: str | None
    date: date | None


@frozen
class Looks:
    """Results of second looks at offers that a sweep did not see.

    Attributes:
        gone: They are not there.
        doubted: They were looked for, but that they are gone is not sure.
    """

    gone: frozenset[str] = frozenset()
    doubted: frozenset[str] = frozenset()


@define
class Lease:
    """The right to write what a sweep sees.

    Attributes:
        scope: What is swept.
        sweep: The sweep's number.
        epoch: Counts who had the scope; a change with an older one is refused.
        holder: Unique.
        position: Where the sweep that was cut off stood in the offers, if this one goes on with it.
        disturbed: The first thing that speaks against removing what was not seen.
        kinds: The kinds that are read whole.
        counts: What was done.
    """

    scope: Scope
    sweep: int
    epoch: int
    holder: str
    position: Mapping[str, Any] | None = None
    disturbed: str | None = None
    kinds: set[KindName] = field(factory=set["KindName"])
    counts: dict[str, int] = field(factory=dict[str, int])

    def disturb(self, reason: str) -> None:
        """Note what speaks against removing anything; the first reason is kept."""
        self.disturbed = self.disturbed or reason

    def count(self, what: str, number: int = 1) -> None:
        """Count something that was done."""
        self.counts[what] = self.counts.get(what, 0) + number

    def report(self, state: str, **more: Any) -> SweepReport:
        """Return what came of the sweep."""
        done: dict[str, Any] = {name: self.counts.get(name, 0) for name in _COUNTS}
        return SweepReport(self.scope, state, **{**done, **more})


class Store:
    """Writes what sweeps see.

    Args:
        database: Where to.
        lease: Seconds that a scope stays a worker's own without a sign of life, as seen from another machine.
    """

    def __init__(self, database: Database, *, lease: float = _LEASE_SECONDS) -> None:
        self._database = database
        self._tables = database.tables
        self._lease = lease

    # --- who sweeps what -----------------------------------------------------------------------------------

    def open_run(self, scopes: Iterable[Scope]) -> tuple[int, frozenset[str]]:
        """Open a run; returns its number, and the scopes that a run which was cut off had read just before.

        A run that met an error went on with its other scopes, so it was not cut off.
        """
        sweeps, table = self._tables.sweeps, self._tables.scopes
        names = [scope.name for scope in scopes]
        with self._database.reading() as connection:
            now = self._database.now(connection)
            number = int(connection.execute(select(func.max(sweeps.c.id))).scalar() or 0)
            row = connection.execute(
                select(sweeps.c.run, table.c.updated, table.c.owner, table.c.holder, table.c.lease)
                .join(table, table.c.sweep == sweeps.c.id)
                .where(table.c.name.in_(names), table.c.progress.is_not(None), sweeps.c.state.in_(_CUT_OFF))
                .order_by(sweeps.c.run.desc())
            ).first()
            if row is None or not 0 <= now - row.updated < _RESUME_SECONDS or self._works(row, now):
                return number, frozenset()
            done = connection.execute(
                select(sweeps.c.scope).where(
                    sweeps.c.run == row.run,
                    sweeps.c.scope.in_(names),
                    sweeps.c.state.in_(_READ),
                    sweeps.c.ended_at >= moment(now - _RESUME_SECONDS),
                )
            )
            return number, frozenset(done.scalars())

    def claim(self, scope: Scope, run: int = 0) -> Lease | None:
        """Take a scope for a sweep, going on with one that was cut off; None while another worker is at it."""
        table, sweeps = self._tables.scopes, self._tables.sweeps
        with self._database.writing() as connection:
            now = self._database.now(connection)
            row = connection.execute(select(table).where(table.c.name == scope.name)).first()
            if row is not None and self._works(row, now):
                return None
            epoch = 1 if row is None else row.epoch + 1
            position = None if row is None else _position(row, now)
            if row is not None and position is not None:
                lease = Lease(scope, int(row.sweep), epoch, str(uuid4()), position.get("position"))
                lease.disturb("it was cut off and went on later")
                begun = connection.execute(select(sweeps).where(sweeps.c.id == row.sweep)).one()
                lease.counts = {name: getattr(begun, name) for name in _COUNTS}
                connection.execute(
                    update(sweeps).where(sweeps.c.id == row.sweep).values(run=run, state="running")
                )
            else:
                if row is not None and row.progress is not None:
                    self._end(connection, row.sweep, "lost", now)
                lease = Lease(scope, self._new_sweep(connection, scope, run, now), epoch, str(uuid4()))
            values = {
                "owner": str(Owner.current()),
                "holder": lease.holder,
                "epoch": epoch,
                "lease": now + self._lease,
                "updated": now,
                "sweep": lease.sweep,
                "progress": json.dumps({"position": lease.position}),
            }
            if row is None:
                connection.execute(insert(table).values(name=scope.name, **values))
            else:
                connection.execute(update(table).where(table.c.name == scope.name).values(values))
            ACTIVE.add(lease.holder)
            return lease

    def _new_sweep(self, connection: Connection, scope: Scope, run: int, now: float) -> int:
        sweeps = self._tables.sweeps
        zero = dict.fromkeys(("added", "changed", "removed", "unchanged", "waiting", "quarantined"), 0)
        made = connection.execute(
            insert(sweeps).values(
                run=run,
                scope=scope.name,
                catalog=scope.catalog,
                after=scope.after,
                before=scope.before,
                state="running",
                started_at=moment(now),
                kinds="[]",
                **zero,
            )
        ).inserted_primary_key
        return int(made[0]) if made is not None else 0

    def _works(self, row: Any, now: float) -> bool:
        """Return True if somebody works on a scope; one who hangs works until the lease ends."""
        if not row.owner or row.lease < now:
            return False
        owner, me = Owner.read(row.owner), Owner.current()
        if owner.is_this_process(me):
            return row.holder in ACTIVE
        return not owner.is_here(me) or owner.is_alive(me)

    def _fenced(self, connection: Connection, lease: Lease, progress: Mapping[str, Any] | None) -> float:
        """Renew the lease, and refuse to write if it is another's; returns the time."""
        table = self._tables.scopes
        now = self._database.now(connection)
        values: dict[str, Any] = {"lease": now + self._lease, "updated": now}
        if progress is not None:
            values["progress"] = json.dumps(progress)
        renewed = connection.execute(
            update(table)
            .where(
                table.c.name == lease.scope.name,
                table.c.holder == lease.holder,
                table.c.epoch == lease.epoch,
            )
            .values(values)
        )
        if renewed.rowcount != 1:
            raise ScopeLost
        return now

    def renew(self, lease: Lease) -> None:
        """Show a sign of life.

        Raises:
            ScopeLost: Another worker has taken over.
        """
        with self._database.writing() as connection:
            self._fenced(connection, lease, None)

    def release(self, lease: Lease, state: str) -> None:
        """Release a scope that was not swept to the end; the next sweep goes on where this one stood.

        Args:
            lease: The sweep.
            state: What became of it.
        """
        scopes, sweeps = self._tables.scopes, self._tables.sweeps
        ACTIVE.discard(lease.holder)
        with self._database.writing() as connection:
            freed = connection.execute(
                update(scopes)
                .where(scopes.c.name == lease.scope.name, scopes.c.holder == lease.holder)
                .values(owner="", updated=self._database.now(connection))
            )
            if freed.rowcount:
                connection.execute(update(sweeps).where(sweeps.c.id == lease.sweep).values(state=state))

    def _end(self, connection: Connection, sweep: int, state: str, now: float, **values: Any) -> None:
        sweeps = self._tables.sweeps
        connection.execute(
            update(sweeps).where(sweeps.c.id == sweep).values(state=state, ended_at=moment(now), **values)
        )

    # --- pages ---------------------------------------------------------------------------------------------

    def known_pages(self, scope: str, part: str, first: int, count: int) -> dict[int, PageRecord]:
        """Return pages as they were read the last time."""
        pages = self._tables.pages
        with self._database.reading() as connection:
            now = self._database.now(connection)
            rows = connection.execute(
                select(pages).where(
                    pages.c.scope == scope,
                    pages.c.part == part,
                    pages.c.number >= first,
                    pages.c.number < first + count,
                )
            ).all()
        return {
            row.number: PageRecord(
                row.number,
                row.query,
                row.etag,
                row.modified,
                row.synced,
                row.content,
                tuple(json.loads(row.iris)),
                tuple(json.loads(row.digests)),
                json.loads(row.envelope),
                may_ask=0 <= now - row.read < _CONDITION_SECONDS,
            )
            for row in rows
        }

    # --- what is seen --------------------------------------------------------------------------------------

    def write(
        self,
        lease: Lease,
        kind: KindName,
        entries: Sequence[Entry],
        *,
        same: Sequence[PageRecord] = (),
        pages: Sequence[PageRecord] = (),
        part: str = "",
        position: Mapping[str, Any] | None = None,
        zone: str | None = None,
    ) -> list[PageRecord]:
        """Write what was seen, and the changes that it makes, in one transaction.

        Args:
            lease: The sweep.
            kind: Of what.
            entries: What was read.
            same: Pages that have not changed.
            pages: The pages that were read.
            part: The list that they are of.
            position: Where the sweep stands after these.
            zone: The time zone of sessions.

        Returns:
            Those of the pages ``same`` whose rows another sweep has changed since. Nothing was written of them.

        Raises:
            ScopeLost: Another worker has taken over; nothing was written.
        """
        table = self._tables.things[kind]
        counts: dict[str, int] = {}
        with self._database.writing() as connection:
            now = self._fenced(connection, lease, None if position is None else {"position": position})
            named = [entry.iri for entry in entries]
            known = _rows(connection, table, named)
            if len(set(named)) != len(named) or any(row.sweep == lease.sweep for row in known.values()):
                lease.disturb(_TWICE)
            changed = [
                entry
                for entry in {entry.iri: entry for entry in entries}.values()
                if not _is_newer(known.get(entry.iri), lease)
                and (entry.iri not in known or known[entry.iri].digest != entry.digest)
            ]
            self._upsert(
                connection,
                lease,
                kind=kind,
                entries=changed,
                known=known,
                at=moment(now),
                zone=zone,
                counts=counts,
            )
            fresh = {entry.iri for entry in changed}
            seen = [entry.iri for entry in entries if entry.iri in known and entry.iri not in fresh]
            counts["unchanged"] = counts.get("unchanged", 0) + self._mark(
                connection, table, lease, seen, moment(now)
            )
            marked, stale = self._mark_same(connection, table, lease, same, moment(now))
            counts["unchanged"] += marked
            self._keep_pages(connection, lease, part, pages, now)
            self._note_counts(connection, lease, counts)
        for name, number in counts.items():
            lease.count(name, number)
        return stale

    def _upsert(
        self,
        connection: Connection,
        lease: Lease,
        *,
        kind: KindName,
        entries: Sequence[Entry],
        known: Mapping[str, Any],
        at: str,
        zone: str | None,
        counts: dict[str, int],
    ) -> None:
        """Write new and changed rows, their entries in the feed, and what follows from them."""
        if not entries:
            return
        table, bodies = self._tables.things[kind], self._tables.bodies
        before = _bodies(connection, bodies, [entry.iri for entry in entries if entry.iri in known])
        feed: list[dict[str, Any]] = []
        for chunk in chunks(entries):
            new: list[dict[str, Any]] = []
            other: list[dict[str, Any]] = []
            for entry in chunk:
                columns = {
                    **columns_of(kind, entry.body, zone),
                    "catalog": lease.scope.catalog or entry.iri,
                    "parent": entry.parent,
                    "digest": entry.digest,
                    "last_seen": at,
                    "sweep": lease.sweep,
                    "missing": None,
                }
                old = before.get(entry.iri)
                if entry.iri not in known:
                    new.append({"iri": entry.iri, "first_seen": at, "first_sweep": lease.sweep, **columns})
                    feed.append(_change("added", kind, entry))
                    counts["added"] = counts.get("added", 0) + 1
                    continue
                other.append({"of_iri": entry.iri, **columns})
                fields = fields_changed(old or {}, entry.body)
                if fields or known[entry.iri].parent != entry.parent:
                    feed.append(_change("changed", kind, entry, fields, old or {}))
                    counts["changed"] = counts.get("changed", 0) + 1
                else:
                    counts["unchanged"] = counts.get("unchanged", 0) + 1
            if new:
                connection.execute(insert(table), new)
            if other:
                connection.execute(update(table).where(table.c.iri == bindparam("of_iri")), other)
            connection.execute(delete(bodies).where(bodies.c.iri.in_([entry.iri for entry in chunk])))
            connection.execute(
                insert(bodies), [{"iri": entry.iri, "body": written(entry.body)} for entry in chunk]
            )
            if kind == "offer":
                self._write_tickets(connection, lease, chunk)
        first = self._write_feed(connection, lease, feed, at)
        if kind == "offer":
            self._write_periods(connection, feed, first, at)

    def _write_tickets(self, connection: Connection, lease: Lease, entries: Sequence[Entry]) -> None:
        table = self._tables.offer_tickets
        connection.execute(delete(table).where(table.c.offer.in_([entry.iri for entry in entries])))
        rows = {
            row["iri"]: row
            for entry in entries
            for row in ticket_rows(entry.iri, lease.scope.catalog or "", entry.body)
        }
        if rows:
            # a ticket that is in two offers belongs to the one that said so last
            connection.execute(delete(table).where(table.c.iri.in_(list(rows))))
            connection.execute(insert(table), list(rows.values()))

    def _write_feed(
        self, connection: Connection, lease: Lease, feed: Sequence[dict[str, Any]], at: str
    ) -> int:
        """Write changes into the feed; returns the number of the first."""
        if not feed:
            return 0
        first = self._database.next_numbers(connection, len(feed))
        catalog = lease.scope.catalog
        for chunk in chunks(list(enumerate(feed))):
            connection.execute(
                insert(self._tables.changes),
                [
                    {
                        **{name: value for name, value in change.items() if name != "body"},
                        "seq": first + number,
                        "sweep": lease.sweep,
                        "catalog": catalog or change["catalog"] or change["iri"],
                        "at": at,
                    }
                    for number, change in chunk
                ],
            )
        return first

    def _write_periods(
        self, connection: Connection, feed: Sequence[dict[str, Any]], first: int, at: str
    ) -> None:
        """End the periods of offers whose price or stock changed, and begin new ones."""
        table = self._tables.periods
        concerned = [
            (first + number, change)
            for number, change in enumerate(feed)
            if change["op"] != "changed" or PERIOD_FIELDS & set(json.loads(change["fields"]))
        ]
        for chunk in chunks(concerned):
            ending = [change["iri"] for _, change in chunk if change["op"] != "added"]
            if ending:
                connection.execute(
                    update(table)
                    .where(table.c.offer.in_(ending), table.c.until.is_(None))
                    # the clock may have been set back
                    .values(
                        until=func.max(table.c.since, at)
                        if is_lite(connection)
                        else func.greatest(table.c.since, at)
                    )
                )
            rows = [_period(seq, change, at) for seq, change in chunk if change["op"] != "removed"]
            if rows:
                connection.execute(insert(table), rows)

    def _mark(self, connection: Connection, table: Table, lease: Lease, iris: Sequence[str], at: str) -> int:
        """Note that rows were seen; returns how many of them were there."""
        seen = 0
        for chunk in chunks(iris):
            marked = connection.execute(
                update(table)
                .where(among(connection, table.c.iri, chunk), table.c.sweep <= lease.sweep)
                .values(last_seen=at, sweep=lease.sweep, missing=None)
            )
            seen += marked.rowcount
        return seen

    def _mark_same(
        self, connection: Connection, table: Table, lease: Lease, pages: Sequence[PageRecord], at: str
    ) -> tuple[int, list[PageRecord]]:
        """Note that what is on unchanged pages was seen; returns how much that was, and the pages that do not hold."""
        if not pages:
            return 0, []
        expected = sum(len(page.iris) for page in pages)
        attempt = connection.begin_nested()
        marked = self._mark_page(connection, table, lease, pages, at)
        if marked == expected:
            attempt.commit()
            return marked, []
        attempt.rollback()
        stale, marked = list[PageRecord](), 0
        for page in pages:
            rows = _rows(connection, table, page.iris)
            if [rows[iri].digest if iri in rows else "" for iri in page.iris] != list(page.digests):
                stale.append(page)
                continue
            if len(rows) < len(page.iris) or any(row.sweep == lease.sweep for row in rows.values()):
                lease.disturb(_TWICE)
            marked += self._mark_page(connection, table, lease, [page], at)
        return marked, stale

    def _mark_page(
        self, connection: Connection, table: Table, lease: Lease, pages: Sequence[PageRecord], at: str
    ) -> int:
        """Note that what is on pages was seen, as far as the rows are as it was; returns how many are."""
        seen = 0
        for chunk in chunks([pair for page in pages for pair in zip(page.iris, page.digests, strict=True)]):
            iris, digests = zip(*chunk, strict=True)
            marked = connection.execute(
                update(table)
                .where(
                    among(connection, table.c.iri, iris),
                    # a digest is that of one thing only, its IRI included
                    among(connection, table.c.digest, digests),
                    table.c.sweep < lease.sweep,
                )
                .values(last_seen=at, sweep=lease.sweep, missing=None)
            )
            seen += marked.rowcount
        return seen

    def _keep_pages(
        self, connection: Connection, lease: Lease, part: str, pages: Sequence[PageRecord], now: float
    ) -> None:
        table = self._tables.pages
        if not pages:
            return
        by_number = {page.number: page for page in pages}
        key = and_(table.c.scope == lease.scope.name, table.c.part == part)
        connection.execute(delete(table).where(key, table.c.number.in_(list(by_number))))
        connection.execute(
            insert(table),
            [
                {
                    "scope": lease.scope.name,
                    "part": part,
                    "number": page.number,
                    "catalog": lease.scope.catalog or "",
                    "query": page.query,
                    "etag": page.etag,
                    "modified": page.modified,
                    "synced": page.synced,
                    "read": now,
                    "content": page.content,
                    "iris": json.dumps(page.iris),
                    "digests": json.dumps(page.digests),
                    "envelope": json.dumps(page.envelope),
                }
                for page in by_number.values()
            ],
        )

    def _note_counts(self, connection: Connection, lease: Lease, counts: Mapping[str, int]) -> None:
        sweeps = self._tables.sweeps
        values = {name: lease.counts.get(name, 0) + counts.get(name, 0) for name in _COUNTS}
        connection.execute(update(sweeps).where(sweeps.c.id == lease.sweep).values(values))

    # --- what is not seen ----------------------------------------------------------------------------------

    def unseen_offers(self, lease: Lease, limit: int) -> list[Candidate]:
        """Return offers of the scope that the sweep did not see, the nearest dates first."""
        offers = self._tables.things["offer"]
        with self._database.reading() as connection:
            rows = connection.execute(
                select(offers.c.iri, offers.c.product, offers.c.date)
                .where(*self._unseen("offer", lease.scope, lease.sweep))
                .order_by(offers.c.date, offers.c.iri)
                .limit(limit)
            ).all()
        return [Candidate(row.iri, row.product, row.date) for row in rows]

    def seen_offers(self, lease: Lease, product: str, after: date | None, before: date | None) -> set[str]:
        """Return offers of a product that the sweep saw, between two days."""
        offers = self._tables.things["offer"]
        where = [offers.c.product == product, offers.c.sweep == lease.sweep]
        if after is not None:
            where.append(offers.c.date >= after)
        if before is not None:
            where.append(offers.c.date <= before)
        with self._database.reading() as connection:
            return set(connection.execute(select(offers.c.iri).where(*where)).scalars())

    def tickets_with_sessions(self, lease: Lease, after: str, limit: int) -> list[tuple[str, str | None]]:
        """Return offer tickets of the scope that need a session, after an IRI, with the zone of their venue."""
        tickets, offers = self._tables.offer_tickets, self._tables.things["offer"]
        products, bases = self._tables.things["product"], self._tables.things["product_base"]
        with self._database.reading() as connection:
            rows = connection.execute(
                select(tickets.c.iri, bases.c.timezone)
                .join(offers, offers.c.iri == tickets.c.offer)
                .outerjoin(products, products.c.iri == offers.c.product)
                .outerjoin(bases, bases.c.iri == products.c.parent)
                .where(
                    *self._within("offer", lease.scope),
                    offers.c.sweep == lease.sweep,
                    tickets.c.date_access.is_(False),
                    tickets.c.iri > after,
                )
                .order_by(tickets.c.iri)
                .limit(limit)
            )
            return [(row.iri, row.timezone) for row in rows]

    def any_seen_offer(self, lease: Lease) -> Candidate | None:
        """Return an offer with a product and a day that the sweep saw; None if it saw none such."""
        offers = self._tables.things["offer"]
        with self._database.reading() as connection:
            row = connection.execute(
                select(offers.c.iri, offers.c.product, offers.c.date)
                .where(
                    offers.c.catalog == lease.scope.catalog,
                    offers.c.sweep == lease.sweep,
                    offers.c.product.is_not(None),
                    offers.c.date.is_not(None),
                )
                .limit(1)
            ).first()
        return None if row is None else Candidate(row.iri, row.product, row.date)

    def verdict(self, lease: Lease, ceiling: Ceiling) -> Verdict:
        """Return whether a sweep may remove what it did not see."""
        with self._database.reading() as connection:
            return judge(self._missing(connection, lease), disturbed=lease.disturbed, ceiling=ceiling)

    def finish(self, lease: Lease, ceiling: Ceiling, looks: Looks) -> SweepReport:
        """End a sweep: remove what was not seen, as far as that may be believed.

        Args:
            lease: The sweep.
            ceiling: How much it may remove.
            looks: What second looks came to.

        Raises:
            ScopeLost: Another worker has taken over; nothing was removed.
        """
        with self._database.writing() as connection:
            now = self._fenced(connection, lease, None)
            missing = self._missing(connection, lease)
            verdict = judge(missing, disturbed=lease.disturbed, ceiling=ceiling)
            waiting = quarantined = 0
            if verdict.state != "unsettled":
                self._supersede(connection, lease.scope)
            if verdict.state == "done":
                for kind in reversed(KINDS):
                    if kind in missing:
                        waiting += self._remove_unseen(
                            connection, lease, kind, looks, moment(now), accepted=ceiling.accepted
                        )
            elif verdict.state == "quarantined":
                quarantined = sum(found.unseen for found in missing.values())
                for kind in missing:
                    self._hold(connection, lease, kind)
            self._note_counts(connection, lease, {})
            self._end(
                connection,
                lease.sweep,
                verdict.state,
                now,
                reason=verdict.reason,
                waiting=waiting,
                quarantined=quarantined,
                kinds=json.dumps(sorted(lease.kinds)),
            )
            scopes, pages = self._tables.scopes, self._tables.pages
            connection.execute(
                update(scopes).where(scopes.c.name == lease.scope.name).values(owner="", progress=None)
            )
            # those of scopes that are read no more, such as "from yesterday on"
            connection.execute(delete(pages).where(pages.c.read < now - _FORGET_PAGES_SECONDS))
        ACTIVE.discard(lease.holder)
        return lease.report(verdict.state, waiting=waiting, quarantined=quarantined, reason=verdict.reason)

    def _supersede(self, connection: Connection, scope: Scope) -> None:
        """Close what was held back before in any of the same days: a newer sweep has looked since."""
        sweeps = self._tables.sweeps
        where = [sweeps.c.state == "quarantined", sweeps.c.catalog == scope.catalog]
        if scope.before is not None:
            where.append(sweeps.c.after.is_(None) | (sweeps.c.after <= scope.before))
        if scope.after is not None:
            where.append(sweeps.c.before.is_(None) | (sweeps.c.before >= scope.after))
        connection.execute(update(sweeps).where(*where).values(state="superseded"))

    def _hold(self, connection: Connection, lease: Lease, kind: KindName) -> None:
        """Note what a sweep in quarantine did not see: once accepted, the next one may remove it."""
        table = self._tables.things[kind]
        unseen = self._unseen(kind, lease.scope, lease.sweep)
        connection.execute(
            update(table).where(*unseen, table.c.missing.is_(None)).values(missing=-lease.sweep)
        )

    def _missing(self, connection: Connection, lease: Lease) -> dict[KindName, Missing]:
        found: dict[KindName, Missing] = {}
        for kind in KINDS:
            if kind not in lease.kinds:
                continue
            table = self._tables.things[kind]
            unseen, held = connection.execute(
                # one that was not seen before either
                select(func.count(), func.count(table.c.missing))
                .select_from(table)
                .where(*self._unseen(kind, lease.scope, lease.sweep))
            ).one()
            if unseen:
                before = connection.execute(
                    select(func.count())
                    .select_from(table)
                    .where(*self._within(kind, lease.scope), table.c.first_sweep != lease.sweep)
                ).scalar_one()
                found[kind] = Missing(int(unseen), int(before), int(held))
        return found

    def _within(self, kind: KindName, scope: Scope) -> list[Any]:
        """Return the conditions for the rows of a kind that a sweep of a scope sees."""
        table = self._tables.things[kind]
        where: list[Any] = []
        if scope.catalog is not None:
            where.append(table.c.catalog == scope.catalog)
        if not scope.has_window or kind not in {"offer", "session"}:
            return where
        offers = self._tables.things["offer"]
        days = [offers.c.date >= scope.after] if scope.after is not None else []
        if scope.before is not None:
            days.append(offers.c.date <= scope.before)
        if kind == "offer":
            return [*where, *days]
        tickets = self._tables.offer_tickets
        inside = select(tickets.c.iri).join(offers, offers.c.iri == tickets.c.offer)
        # those of a ticket that is in no offer any more are in no window, and in each
        left = table.c.parent.not_in(select(tickets.c.iri))
        return [*where, left | table.c.parent.in_(inside.where(offers.c.catalog == scope.catalog, *days))]

    def _unseen(self, kind: KindName, scope: Scope, sweep: int) -> list[Any]:
        return [*self._within(kind, scope), self._tables.things[kind].c.sweep < sweep]

    def _remove_unseen(
        self,
        connection: Connection,
        lease: Lease,
        kind: KindName,
        looks: Looks,
        at: str,
        *,
        accepted: bool,
    ) -> int:
        """Remove what two looks did not see, and mark the rest; returns how many are marked.

        What a sweep in quarantine did not see counts as a look only when a person has accepted it.
        """
        table = self._tables.things[kind]
        unseen = self._unseen(kind, lease.scope, lease.sweep)
        twice = [*unseen, table.c.missing.is_not(None) if accepted else table.c.missing > 0]
        if kind == "offer" and lease.scope.has_window and not accepted:
            # one that has moved out of these days is seen by no such sweep, and lives on
            gone: Sequence[str] = ()
        else:
            gone = connection.execute(select(table.c.iri).where(*twice)).scalars().all()
        if kind == "offer":
            confirmed = _rows(connection, table, sorted(looks.gone))
            known = {iri for iri, row in confirmed.items() if row.sweep < lease.sweep}
            gone = sorted((set[str](gone) - looks.doubted) | known)
        for chunk in chunks(gone):
            self._remove(connection, lease, kind, chunk, at)
        marked = connection.execute(update(table).where(*unseen).values(missing=lease.sweep))
        return marked.rowcount

    def _remove(
        self, connection: Connection, lease: Lease, kind: KindName, iris: Sequence[str], at: str
    ) -> None:
        """Remove rows, and what is part of them, with their entries in the feed."""
        if not iris:
            return
        if kind == "catalog":
            self._remove_below(connection, lease, iris, at)
        table, bodies = self._tables.things[kind], self._tables.bodies
        before = _bodies(connection, bodies, iris)
        rows = connection.execute(
            select(table.c.iri, table.c.parent, table.c.catalog).where(table.c.iri.in_(iris))
        ).all()
        feed = [
            {
                "op": "removed",
                "kind": kind,
                "iri": row.iri,
                "parent": row.parent,
                "catalog": row.catalog,
                "fields": "[]",
                "before": written(before.get(row.iri, {})),
                "after": None,
            }
            for row in rows
        ]
        first = self._write_feed(connection, lease, feed, at)
        if kind == "offer":
            self._write_periods(connection, feed, first, at)
            tickets, live = self._tables.offer_tickets, self._tables.live
            sessions = self._tables.things["session"]
            below = (
                connection.execute(
                    select(sessions.c.iri).where(
                        sessions.c.parent.in_(select(tickets.c.iri).where(tickets.c.offer.in_(iris)))
                    )
                )
                .scalars()
                .all()
            )
            for chunk in chunks(below):
                self._remove(connection, lease, "session", chunk, at)
            connection.execute(delete(tickets).where(tickets.c.offer.in_(iris)))
            connection.execute(delete(live).where(live.c.offer.in_(iris)))
        connection.execute(delete(bodies).where(bodies.c.iri.in_(iris)))
        connection.execute(delete(table).where(table.c.iri.in_(iris)))
        lease.count("removed", len(feed))

    def _remove_below(self, connection: Connection, lease: Lease, catalogs: Sequence[str], at: str) -> None:
        """Remove all that is in catalogues."""
        pages = self._tables.pages
        connection.execute(delete(pages).where(pages.c.catalog.in_(catalogs)))
        for kind in reversed(KINDS[1:]):
            table = self._tables.things[kind]
            while (
                gone := connection.execute(
                    select(table.c.iri).where(table.c.catalog.in_(catalogs)).limit(_REMOVED_AT_ONCE)
                )
                .scalars()
                .all()
            ):
                self._remove(connection, lease, kind, gone, at)

    # --- live ----------------------------------------------------------------------------------------------

    def write_live(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep what the API said of offers just now."""
        table = self._tables.live
        with self._database.writing() as connection:
            at = moment(self._database.now(connection))
            for chunk in chunks(rows):
                connection.execute(delete(table).where(table.c.offer.in_([row["offer"] for row in chunk])))
                connection.execute(
                    insert(table),
                    [{**row, "sessions": json.dumps(row["sessions"]), "at": at} for row in chunk],
                )


def _position(row: Any, now: float) -> dict[str, Any] | None:
    """Return where a sweep that was cut off stood; None if there is none, or it was too long ago."""
    if row.progress is None or not 0 <= now - row.updated < _RESUME_SECONDS:
        return None
    found: dict[str, Any] = json.loads(row.progress)
    return found


def _is_newer(row: Any, lease: Lease) -> bool:
    return row is not None and row.sweep > lease.sweep


def _change(
    op: str,
    kind: KindName,
    entry: Entry,
    fields: tuple[str, ...] = (),
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build an entry of the feed: of a change, only the fields that it concerns."""
    after = entry.body
    if before is not None:
        before = {name: before[name] for name in fields if name in before}
        after = {name: after[name] for name in fields if name in after}
    return {
        "op": op,
        "kind": kind,
        "iri": entry.iri,
        "parent": entry.parent,
        "catalog": None,
        "fields": json.dumps(fields),
        "before": None if before is None else written(before),
        "after": written(after),
        "body": entry.body,
    }


def _period(seq: int, change: Mapping[str, Any], at: str) -> dict[str, Any]:
    columns = columns_of("offer", change["body"])
    names = ("price", "price_minor", "currency", "available")
    return {"offer": change["iri"], "seq": seq, "since": at, "until": None} | {
        name: columns[name] for name in names
    }


def _rows(connection: Connection, table: Table, iris: Sequence[str]) -> dict[str, Any]:
    columns = table.c.iri, table.c.digest, table.c.sweep, table.c.parent
    return {row[0]: row for row in rows_among(connection, select(*columns), table.c.iri, iris)}


def _bodies(connection: Connection, bodies: Table, iris: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = rows_among(connection, select(bodies), bodies.c.iri, iris)
    return {row.iri: json.loads(row.body) for row in rows}
