"""Rows that a sweep did not see: candidates for a second look, and removal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy import delete, func, select, update

from korus._journal.process import ACTIVE
from korus._mirror.content import KINDS
from korus._mirror.database import moment
from korus._mirror.feed_writer import removal_of, write_changes
from korus._mirror.many import chunks
from korus._mirror.rows import bodies_of, rows_of, within
from korus._mirror.seen import Candidate
from korus._mirror.sweeping import Ceiling, Missing, Scope, SweepReport, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from korus._mirror.content import KindName
    from korus._mirror.database import Database
    from korus._mirror.leases import Lease, Leases
    from korus._mirror.page_records import PageRecords

__all__ = ["Looks", "Unseen"]

_REMOVED_AT_ONCE: Final = 500


@frozen
class Looks:
    """Results of second looks at missing offers.

    Attributes:
        gone: The offers that do not exist any more.
        doubted: The offers about which the second look gave no clear result.
    """

    gone: frozenset[str] = frozenset()
    doubted: frozenset[str] = frozenset()


class Unseen:
    """Finds and removes what sweeps did not see."""

    def __init__(self, database: Database, leases: Leases, pages: PageRecords) -> None:
        self._database = database
        self._tables = database.tables
        self._leases = leases
        self._pages = pages

    def offers(self, lease: Lease, limit: int) -> list[Candidate]:
        """Return offers of the scope that the sweep did not see, nearest dates first."""
        offers = self._tables.things["offer"]
        with self._database.reading() as connection:
            rows = connection.execute(
                select(offers.c.iri, offers.c.product, offers.c.date)
                .where(*self._where("offer", lease.scope, lease.sweep))
                .order_by(offers.c.date, offers.c.iri)
                .limit(limit)
            ).all()
        return [Candidate(row.iri, row.product, row.date) for row in rows]

    def verdict(self, lease: Lease, ceiling: Ceiling) -> Verdict:
        """Return the verdict about what a sweep did not see."""
        with self._database.reading() as connection:
            return judge(self._missing(connection, lease), disturbed=lease.disturbed, ceiling=ceiling)

    def finish(self, lease: Lease, ceiling: Ceiling, looks: Looks) -> SweepReport:
        """End a sweep: remove what it did not see, within the rules.

        Args:
            lease: The sweep's lease.
            ceiling: The limit for removals.
            looks: The results of second looks.

        Raises:
            ScopeLost: Another worker has taken over; nothing was removed.
        """
        with self._database.writing() as connection:
            now = self._leases.fence(connection, lease, None)
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
            ended = {"reason": verdict.reason, "waiting": waiting, "quarantined": quarantined}
            self._leases.finish(connection, lease, verdict.state, now, **ended)
            self._pages.forget(connection, now)
        ACTIVE.discard(lease.holder)
        return lease.report(verdict.state, **ended)

    def _supersede(self, connection: Connection, scope: Scope) -> None:
        """Close earlier sweeps in quarantine with days in common: a newer sweep has looked since."""
        sweeps = self._tables.sweeps
        where = [sweeps.c.state == "quarantined", sweeps.c.catalog == scope.catalog]
        if scope.before is not None:
            where.append(sweeps.c.after.is_(None) | (sweeps.c.after <= scope.before))
        if scope.after is not None:
            where.append(sweeps.c.before.is_(None) | (sweeps.c.before >= scope.after))
        connection.execute(update(sweeps).where(*where).values(state="superseded"))

    def _hold(self, connection: Connection, lease: Lease, kind: KindName) -> None:
        """Mark what a sweep in quarantine did not see: once accepted, the next sweep may remove it."""
        table = self._tables.things[kind]
        unseen = self._where(kind, lease.scope, lease.sweep)
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
                # those that earlier sweeps did not see either
                select(func.count(), func.count(table.c.missing))
                .select_from(table)
                .where(*self._where(kind, lease.scope, lease.sweep))
            ).one()
            if unseen:
                before = connection.execute(
                    select(func.count())
                    .select_from(table)
                    .where(*within(self._tables, kind, lease.scope), table.c.first_sweep != lease.sweep)
                ).scalar_one()
                found[kind] = Missing(int(unseen), int(before), int(held))
        return found

    def _where(self, kind: KindName, scope: Scope, sweep: int) -> list[Any]:
        return [*within(self._tables, kind, scope), self._tables.things[kind].c.sweep < sweep]

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
        """Remove what two looks did not see, and mark the rest; returns the number of marked rows.

        A sweep in quarantine counts as a look only if a person has accepted it.
        """
        table = self._tables.things[kind]
        unseen = self._where(kind, lease.scope, lease.sweep)
        twice = [*unseen, table.c.missing.is_not(None) if accepted else table.c.missing > 0]
        if kind == "offer" and lease.scope.has_window and not accepted:
            # an offer that has moved to a day outside of the window still exists
            gone: Sequence[str] = ()
        else:
            gone = connection.execute(select(table.c.iri).where(*twice)).scalars().all()
        if kind == "offer":
            confirmed = rows_of(connection, table, sorted(looks.gone))
            known = {iri for iri, row in confirmed.items() if row.sweep < lease.sweep}
            gone = sorted((set[str](gone) - looks.doubted) | known)
        for chunk in chunks(gone):
            self._remove(connection, lease, kind, chunk, at)
        marked = connection.execute(update(table).where(*unseen).values(missing=lease.sweep))
        return marked.rowcount

    def _remove(
        self, connection: Connection, lease: Lease, kind: KindName, iris: Sequence[str], at: str
    ) -> None:
        """Remove rows and what belongs to them, with their entries in the feed."""
        if not iris:
            return
        if kind == "catalog":
            self._remove_below(connection, lease, iris, at)
        table, bodies = self._tables.things[kind], self._tables.bodies
        before = bodies_of(connection, bodies, iris)
        rows = connection.execute(
            select(table.c.iri, table.c.parent, table.c.catalog).where(table.c.iri.in_(iris))
        ).all()
        # in the same order on every database
        feed = [removal_of(kind, row, before.get(row.iri, {})) for row in sorted(rows)]
        write_changes(connection, self._database, lease, feed, at)
        if kind == "offer":
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
        """Remove all rows of catalogues."""
        self._pages.forget_catalogs(connection, catalogs)
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
