"""Database of a journal: transactions, reading of rows, and liveness of their owners."""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen
from sqlalchemy import Connection, Row, select
from sqlalchemy.exc import SQLAlchemyError

from korus._core.secret import Secret
from korus._journal.intent_log import ALIVE_STATES, Intent, Kind, State
from korus._journal.process import ACTIVE, Owner
from korus._journal.tables import ACCOUNT_LENGTH, META, MIGRATIONS, SCHEMA_VERSION, SUBJECTS
from korus._sql import SqlDatabase
from korus.errors import InvalidArgument, JournalFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

__all__ = ["JournalDatabase", "JournalEntry", "moment", "outcome_of", "short", "stored", "written"]

_LOCK_SECONDS: Final = 60.0
_CHECKPOINT_SECONDS: Final = 5.0


@frozen
class JournalEntry:
    """One intent of the journal.

    Attributes:
        id: Unique.
        kind: ``hold`` or ``order``.
        state: ``intended``, ``sending``, ``reconciling``, ``unknown`` or ``settled``.
        reference: The external reference of an order, or of the purchase that a hold is for.
        created_at: The time when it was written, aware.
        updated_at: The time of its last change, aware.
        alive: True if a process is working on it.
        details: The request: plain JSON.
        outcome: The result: plain JSON, None until it is settled.
    """

    id: str
    kind: Kind
    state: State
    reference: str | None
    created_at: datetime
    updated_at: datetime
    alive: bool
    details: Mapping[str, Any] = field(repr=False)
    outcome: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def open(self) -> bool:
        """True until its outcome is known."""
        return self.state != "settled"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "reference": self.reference,
            "createdAt": self.created_at.isoformat(),
            "updatedAt": self.updated_at.isoformat(),
            "alive": self.alive,
            "details": dict(self.details),
            "outcome": None if self.outcome is None else dict(self.outcome),
        }


class JournalDatabase(SqlDatabase):
    """Database of a journal in one process.

    Args:
        address: The path of an SQLite file, or a SQLAlchemy URL.
        account: The account of the bookings; journals of several accounts can share a database.
        lease: Seconds without a sign of life after which other machines may take an intent over.
        lock_timeout: The default time to wait for a lock of the database, in seconds.
        now: Returns the time in seconds since the epoch, in place of the database's own clock.

    Raises:
        ConfigurationError: The address cannot be used, or the journal was written by a later korus.
        JournalFailed: The database does not answer.
    """

    SUBJECT = "the journal"
    VERSION = SCHEMA_VERSION
    FAILURE = JournalFailed
    MIGRATIONS = MIGRATIONS

    def __init__(
        self,
        address: str | Secret,
        *,
        account: str = "",
        lease: float = 120.0,
        lock_timeout: float = _LOCK_SECONDS,
        now: Callable[[], float] | None = None,
    ) -> None:
        address = Secret(address)  # first, so that a traceback with local variables does not show a password
        self._account = short(account, ACCOUNT_LENGTH)
        self._lease = lease
        self._file: tuple[int, int] | None = None
        self._checkpointed = time.monotonic()
        super().__init__(
            address,
            META,
            in_memory="a journal in memory would not survive a crash; name a file",
            pragmas=("secure_delete = ON",),
            wait=lock_timeout,
            now=now,
        )

    def _start_process(self) -> None:
        super()._start_process()
        self._identity = Owner.current()

    @property
    def lease(self) -> float:
        """Seconds without a sign of life after which an intent or a run may be taken over."""
        return self._lease

    @property
    def _owner(self) -> Owner:
        self._notice_fork()
        return self._identity

    def close(self) -> None:
        """Close the connections to the database, after a checkpoint that removes forgotten data from its files."""
        if self._pid == os.getpid():
            with suppress(JournalFailed):
                self._checkpoint(force=True)
        super().close()

    @contextmanager
    def _transaction(
        self, wait: float | None = None, *, reading: bool = False, lasting: bool = True
    ) -> Generator[Connection]:
        with super()._transaction(wait, reading=reading, lasting=lasting) as connection:
            if self._file is not None and self._file != _file_at(self._path):
                raise JournalFailed(
                    "the journal's file was removed or replaced while it was in use; what is written now would be "
                    "lost. Put it back, or build a new client"
                )
            yield connection

    def _reading(self) -> AbstractContextManager[Connection]:
        """Begin a read-only transaction, for which writers do not wait."""
        return self._transaction(reading=True)

    def _create(self, path: Path) -> None:
        if path.parent.is_dir():  # the folder of a journal is not created
            super()._create(path)

    def _prepare(self, ends: float) -> None:
        super()._prepare(ends)
        if self._file is None:
            self._file = _file_at(self._path)

    def _checkpoint(self, *, force: bool = False) -> None:
        """Move SQLite's log into its main file, so that no forgotten data is left in the log."""
        since = time.monotonic() - self._checkpointed
        if self._path is None or not self._is_ready or not (force or since > _CHECKPOINT_SECONDS):
            return
        self._checkpointed = now = time.monotonic()
        with (
            # the statement bypasses SQLAlchemy, and so does its error (a full disk)
            suppress(SQLAlchemyError, TimeoutError, self._engine.dialect.loaded_dbapi.Error),
            self._forks.held(now),
            self._engine.connect() as connection,
        ):
            raw: Any = connection.connection.dbapi_connection
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # --- rows ----------------------------------------------------------------------------------------------

    def _intent(self, connection: Connection, row: Row[Any], now: float) -> Intent:
        keys = connection.execute(
            select(SUBJECTS.c.subject).where(SUBJECTS.c.intent == row.id).order_by(SUBJECTS.c.place)
        )
        return Intent(
            id=row.id,
            kind=row.kind,
            keys=tuple(keys.scalars()),
            details=stored(row.details, row.id),
            private=stored(row.private, row.id),
            reference=row.reference,
            state=row.state,
            epoch=row.epoch,
            sent=row.sent is not None,
            completable=bool(row.completable),
            age=max(now - row.updated, 0.0),
        )

    def _entry(self, row: Row[Any], now: float) -> JournalEntry:
        return JournalEntry(
            id=row.id,
            kind=row.kind,
            state=row.state,
            reference=row.reference,
            created_at=moment(row.created),
            updated_at=moment(row.updated),
            alive=self._alive(row, now),
            details=stored(row.details, row.id),
            outcome=outcome_of(row.outcome, row.id),
        )

    def _alive(self, row: Row[Any], now: float) -> bool:
        """Return True if a process works on an intent."""
        return row.state in ALIVE_STATES and self._works(Owner.read(row.owner), row.id, row.lease, now)

    def _works(self, owner: Owner, key: str, lease: float, now: float) -> bool:
        me = self._owner
        if owner.is_this_process(me):
            return key in ACTIVE
        return owner.is_alive(me) if owner.is_here(me) else lease >= now


def _file_at(path: Path | None) -> tuple[int, int] | None:
    """Return the identity of the file at a path."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return (-1, -1)
    return found.st_dev, found.st_ino


def short(name: str, most: int) -> str:
    """Return a name that fits a column: a digest if it is too long."""
    return name if len(name) <= most else hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def stored(written: str, intent: str) -> Any:
    """Read JSON of the journal.

    Raises:
        JournalFailed: It is damaged.
    """
    try:
        return json.loads(written)
    except ValueError:
        raise JournalFailed(
            f"the journal's entry {intent} is damaged: its text is no JSON; mend or delete that row"
        ) from None


def outcome_of(written: str | None, intent: str) -> Any:
    """Read an outcome; None if there is none yet."""
    return None if written is None else stored(written, intent)


def moment(seconds: float) -> datetime:
    """Return a time as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def written(value: Mapping[str, Any]) -> str:
    """Write JSON for the journal.

    Raises:
        InvalidArgument: It cannot be written as JSON.
    """
    try:
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        written.encode()
    except (TypeError, ValueError) as cause:
        raise InvalidArgument(
            f"the booking cannot be written to the journal: {type(cause).__name__}"
        ) from None
    return written
