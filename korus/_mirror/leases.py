"""Leases of scopes, and the record of each sweep.

A sweep writes only under its lease, so a worker that was considered dead writes nothing more.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from attrs import define, field
from sqlalchemy import func, insert, select, update

from korus._journal.process import ACTIVE, Owner
from korus._mirror.database import moment
from korus._mirror.sweeping import Scope, SweepReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from korus._mirror.content import KindName
    from korus._mirror.database import Database

__all__ = ["Lease", "Leases", "ScopeLost"]

_LEASE_SECONDS: Final = 180.0  # after this time another machine takes over from a worker that hangs
_RESUME_SECONDS: Final = 3600.0
_CUT_OFF: Final = ("running", "interrupted")
_READ: Final = ("done", "unsettled", "quarantined", "superseded")
_COUNTS: Final = ("added", "changed", "removed", "unchanged")


class ScopeLost(Exception):
    """Another worker has taken over the scope; this one writes nothing more."""


@define
class Lease:
    """Exclusive right of one sweep to write a scope.

    Attributes:
        scope: The scope.
        sweep: The sweep's number.
        epoch: Increases with each owner of the scope; writes with an older one are refused.
        holder: A unique id.
        position: The position in the offers of an interrupted sweep that this one continues, None to start.
        disturbed: The first reason not to remove what was not seen.
        kinds: The kinds that were read in full.
        counts: The numbers of objects added, changed and so on.
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
        """Record a reason not to remove anything; the first one is kept."""
        self.disturbed = self.disturbed or reason

    def count(self, what: str, number: int = 1) -> None:
        """Increase a counter."""
        self.counts[what] = self.counts.get(what, 0) + number

    def report(self, state: str, **more: Any) -> SweepReport:
        """Return the report of the sweep."""
        done: dict[str, Any] = {name: self.counts.get(name, 0) for name in _COUNTS}
        return SweepReport(self.scope, state, **{**done, **more})


class Leases:
    """Runs, and the leases of their sweeps."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tables = database.tables

    def open_run(self, scopes: Iterable[Scope]) -> tuple[int, frozenset[str]]:
        """Open a run; returns its number, and the scopes that an interrupted run has just read.

        A run with a failed sweep continued with its other scopes, so it was not interrupted.
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
        """Take a scope for a sweep, or to continue an interrupted one; None while another worker has it."""
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
                lease.disturb("it was interrupted and continued later")
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
                "lease": now + _LEASE_SECONDS,
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
        """Return True if a worker has the scope; one that hangs has it until the lease ends."""
        if not row.owner or row.lease < now:
            return False
        owner, me = Owner.read(row.owner), Owner.current()
        if owner.is_this_process(me):
            return row.holder in ACTIVE
        return not owner.is_here(me) or owner.is_alive(me)

    def fence(self, connection: Connection, lease: Lease, progress: Mapping[str, Any] | None) -> float:
        """Renew a lease before a write; returns the time.

        Args:
            connection: The transaction that writes.
            lease: The lease.
            progress: The sweep's position after the write; None if a later sweep could not continue from there.

        Raises:
            ScopeLost: Another worker has taken over.
        """
        table = self._tables.scopes
        now = self._database.now(connection)
        values: dict[str, Any] = {"lease": now + _LEASE_SECONDS, "updated": now}
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
        """Renew a lease.

        Raises:
            ScopeLost: Another worker has taken over.
        """
        with self._database.writing() as connection:
            self.fence(connection, lease, None)

    def release(self, lease: Lease, state: str) -> None:
        """Release the scope of a sweep that did not reach its end; the next sweep continues from its position.

        Args:
            lease: The lease.
            state: The sweep's final state.
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

    def finish(self, connection: Connection, lease: Lease, state: str, now: float, **values: Any) -> None:
        """Record the end of a sweep that has read its whole scope, and release the scope."""
        self.note_counts(connection, lease, {})
        self._end(connection, lease.sweep, state, now, kinds=json.dumps(sorted(lease.kinds)), **values)
        scopes = self._tables.scopes
        connection.execute(
            update(scopes).where(scopes.c.name == lease.scope.name).values(owner="", progress=None)
        )

    def _end(self, connection: Connection, sweep: int, state: str, now: float, **values: Any) -> None:
        sweeps = self._tables.sweeps
        connection.execute(
            update(sweeps).where(sweeps.c.id == sweep).values(state=state, ended_at=moment(now), **values)
        )

    def note_counts(self, connection: Connection, lease: Lease, counts: Mapping[str, int]) -> None:
        """Record the sweep's counts so far: those of its lease, and these."""
        sweeps = self._tables.sweeps
        values = {name: lease.counts.get(name, 0) + counts.get(name, 0) for name in _COUNTS}
        connection.execute(update(sweeps).where(sweeps.c.id == lease.sweep).values(values))


def _position(row: Any, now: float) -> dict[str, Any] | None:
    """Return the position of an interrupted sweep; None without one, or if it was too long ago."""
    if row.progress is None or not 0 <= now - row.updated < _RESUME_SECONDS:
        return None
    found: dict[str, Any] = json.loads(row.progress)
    return found
