"""Runs: named locks that one process at a time holds, such as one for a purchase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from korus._journal.database import JournalDatabase, moment, short
from korus._journal.process import ACTIVE, Owner
from korus._journal.tables import RUNS

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["JournalRuns", "RunHolder"]


@frozen
class RunHolder:
    """Holder of a run, as `JournalRuns.acquire` found it.

    Attributes:
        host: The name of its machine.
        pid: Its process id.
        since: The time when it began, aware.
    """

    host: str
    pid: int
    since: datetime


class JournalRuns(JournalDatabase):
    """The runs of a journal."""

    def acquire(self, name: str) -> RunHolder | None:
        """Hold a name for this process, until `release` or its end; returns the holder if another process has it."""
        key = short(name, 200)
        with self._transaction() as connection:
            now = self._now(connection)
            mine = {"owner": str(self._owner), "lease": now + self._lease, "created": now}
            where = (RUNS.c.account == self._account, RUNS.c.name == key)
            row = connection.execute(select(RUNS).where(*where).with_for_update()).first()
            if row is None:
                try:
                    with connection.begin_nested():
                        connection.execute(insert(RUNS).values(account=self._account, name=key, **mine))
                except IntegrityError:  # another process was faster
                    row = connection.execute(select(RUNS).where(*where)).one()
                else:
                    ACTIVE.add(key)
                    return None
            holder = Owner.read(row.owner)
            if row.owner != str(self._owner) and self._works(holder, key, row.lease, now):
                return RunHolder(holder.host.partition("pid:")[0], holder.pid, moment(row.created))
            connection.execute(update(RUNS).where(*where).values(mine))
            ACTIVE.add(key)
            return None

    def renew(self, name: str) -> bool:
        """Renew the lease of a name; False if this process does not hold it any more."""
        with self._transaction() as connection:
            lease = self._now(connection) + self._lease
            return (
                connection.execute(update(RUNS).where(*self._my_run(name)).values(lease=lease)).rowcount > 0
            )

    def release(self, name: str) -> None:
        """Release a name that this process holds."""
        ACTIVE.discard(short(name, 200))
        with self._transaction() as connection:
            connection.execute(delete(RUNS).where(*self._my_run(name)))

    def _my_run(self, name: str) -> tuple[Any, ...]:
        return (
            RUNS.c.account == self._account,
            RUNS.c.name == short(name, 200),
            RUNS.c.owner == str(self._owner),
        )
