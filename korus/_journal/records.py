"""Administration of a journal's records: listing, forgetting, retention."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, insert, select, update

from korus._journal.database import JournalDatabase, JournalEntry, written
from korus._journal.tables import CLAIMS, INTENTS, META, SUBJECTS
from korus.errors import InvalidArgument

if TYPE_CHECKING:
    from korus._journal.intent_log import Kind

__all__ = ["JournalRecords"]

_RETENTION: Final = timedelta(days=90)
_CLAIM_SECONDS: Final = 7 * 24 * 3600.0


class JournalRecords(JournalDatabase):
    """Records of a journal."""

    def entries(
        self,
        *,
        open_only: bool = False,
        kind: Kind | None = None,
        reference: str | None = None,
        limit: int | None = None,
    ) -> list[JournalEntry]:
        """List intents, newest first.

        Args:
            open_only: Only those whose outcome is not known yet.
            kind: ``hold`` or ``order``.
            reference: Only those with this external reference.
            limit: The most entries to return.
        """
        wanted = select(INTENTS).where(INTENTS.c.account == self._account)
        if open_only:
            wanted = wanted.where(INTENTS.c.state != "settled")
        if kind is not None:
            wanted = wanted.where(INTENTS.c.kind == kind)
        if reference is not None:
            wanted = wanted.where(INTENTS.c.reference == reference)
        with self._reading() as connection:
            rows = connection.execute(wanted.order_by(INTENTS.c.created.desc(), INTENTS.c.id).limit(limit))
            now = self._now(connection)
            return [self._entry(row, now) for row in rows]

    def references(self) -> frozenset[str]:
        """Return the references of all intents that are kept."""
        wanted = select(INTENTS.c.reference).where(
            INTENTS.c.account == self._account, INTENTS.c.reference.is_not(None)
        )
        with self._reading() as connection:
            return frozenset(connection.execute(wanted.distinct()).scalars())

    def forget(self, intent_id: str) -> bool:
        """Settle an abandoned intent whose outcome cannot be found any more; return False without one."""
        with self._transaction() as connection:
            now = self._now(connection)
            where = (INTENTS.c.account == self._account, INTENTS.c.id == intent_id)
            row = connection.execute(select(INTENTS).where(*where).with_for_update()).first()
            if row is None or row.state == "settled" or self._alive(row, now):
                return False
            connection.execute(
                update(INTENTS)
                .where(*where)
                .values(
                    state="settled",
                    updated=now,
                    lease=now,
                    epoch=row.epoch + 1,
                    outcome=written({"forgotten": True}),
                    private="{}",
                )
            )
            return True

    def retention(self) -> timedelta:
        """Return how long settled intents are kept; stored in the journal itself, 90 days by default."""
        with self._reading() as connection:
            seconds = connection.execute(select(META.c.value).where(META.c.name == "retention")).scalar()
            # rounding may exceed the longest timedelta
            most = timedelta.max.total_seconds() - 1.0
            return _RETENTION if seconds is None else timedelta(seconds=min(float(seconds), most))

    def keep(self, keep: timedelta) -> None:
        """Set the retention, for all processes that share the journal.

        Raises:
            InvalidArgument: It is not a timedelta, or negative.
        """
        _check_period(keep, "keep")
        if keep < timedelta():
            raise InvalidArgument(f"`keep` must not be negative, got {keep}")
        with self._transaction() as connection:
            connection.execute(delete(META).where(META.c.name == "retention"))
            connection.execute(insert(META).values(name="retention", value=repr(keep.total_seconds())))

    def prune(self, older_than: timedelta | None = None) -> int:
        """Forget settled intents whose last change is older than ``older_than`` (the retention when None).

        Returns:
            The number of forgotten intents. Open ones are never forgotten.

        Raises:
            InvalidArgument: It is not a timedelta.
        """
        if older_than is not None:
            _check_period(older_than, "older_than")
        keep = self.retention() if older_than is None else older_than
        with self._transaction() as connection:
            now = self._now(connection)
            old = select(INTENTS.c.id).where(
                INTENTS.c.account == self._account,
                INTENTS.c.state == "settled",
                INTENTS.c.updated < now - keep.total_seconds(),
            )
            connection.execute(delete(SUBJECTS).where(SUBJECTS.c.intent.in_(old)))
            gone = connection.execute(delete(INTENTS).where(INTENTS.c.id.in_(old)))
            # the hold has ended long before, so its claim is not needed
            connection.execute(
                delete(CLAIMS).where(
                    CLAIMS.c.account == self._account, CLAIMS.c.created < now - _CLAIM_SECONDS
                )
            )
        self._checkpoint(force=True)
        return gone.rowcount

    def count(self) -> dict[str, int]:
        """Count the intents by state."""
        with self._reading() as connection:
            rows = connection.execute(
                select(INTENTS.c.state, func.count())
                .where(INTENTS.c.account == self._account)
                .group_by(INTENTS.c.state)
            )
            return {str(row[0]): int(row[1]) for row in rows}


def _check_period(value: object, name: str) -> None:
    if not isinstance(value, timedelta):
        raise InvalidArgument(f"`{name}` must be a timedelta, got {type(value).__name__}.")
