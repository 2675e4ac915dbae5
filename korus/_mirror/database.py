"""Database of a mirror: opened with the first use, readable by its owner only, with bounded waits.

SQLite by default (a path), PostgreSQL for a fleet; other databases of SQLAlchemy may work. Needs the extra
``korus-sdk[mirror]``.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final

from sqlalchemy import Connection, Index, MetaData, inspect, select, update
from sqlalchemy.schema import CreateSchema

from korus._core.secret import Secret
from korus._mirror.schema import SCHEMA_VERSION
from korus._sql import SqlDatabase
from korus.errors import ConfigurationError, MirrorFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    from korus._mirror.schema import Tables

__all__ = ["MIGRATIONS", "Database", "moment"]


def _forget_pages(connection: Connection, database: Database) -> None:
    """Replace the table of pages, whose columns have changed; the next sweep then decodes all pages."""
    database.tables.pages.drop(connection)
    database.tables.pages.create(connection)


def _write_less(connection: Connection, database: Database) -> None:
    """Replace the table of pages, and drop the unused index of changes by IRI."""
    _forget_pages(connection, database)
    changes = database.tables.changes.to_metadata(MetaData())
    Index(f"{changes.name}_iri", changes.c.iri).drop(connection, checkfirst=True)


MIGRATIONS: dict[int, Callable[[Connection, Database], None]] = {1: _forget_pages, 2: _write_less}
"""The migration from each earlier version of the tables to the next."""

_WAIT_SECONDS: Final = 60.0
# Keys arrive in no order, so many new rows change pages all over the indexes: these are written once per transaction,
# and do not reach the database's file with each commit.
_PRAGMAS: Final = ("cache_size = -32000", "wal_autocheckpoint = 8000")


class Database(SqlDatabase):
    """Transactions on the tables of a mirror, which are created with the first one.

    Args:
        address: The path of an SQLite file, or a SQLAlchemy URL.
        tables: The tables.
        wait: Seconds to wait for a lock of the database.
        now: Returns the time in seconds since the epoch, in place of the database's own clock.

    Raises:
        ConfigurationError: The address cannot be used.
    """

    SUBJECT = "the mirror"
    VERSION = SCHEMA_VERSION
    FAILURE = MirrorFailed
    FIRST: ClassVar = {"seq": "0"}
    MIGRATIONS = MIGRATIONS

    def __init__(
        self,
        address: str | os.PathLike[str] | Secret,
        tables: Tables,
        *,
        wait: float = _WAIT_SECONDS,
        now: Callable[[], float] | None = None,
    ) -> None:
        # first, so that no traceback with local variables shows a password
        address = address if isinstance(address, Secret) else Secret(os.fspath(address))
        self.tables = tables
        in_memory = "A mirror in memory would be gone with its process; name a file."
        super().__init__(address, tables.meta, in_memory=in_memory, pragmas=_PRAGMAS, wait=wait, now=now)
        if self._is_lite and tables.metadata.schema is not None:
            raise ConfigurationError("SQLite has no schemas; name a prefix in place of the schema.")

    @contextmanager
    def writing(self, *, lasting: bool = True) -> Generator[Connection]:
        """Begin a transaction that writes; writers take turns.

        Args:
            lasting: False if a power failure may undo it until the next lasting one. True where the feed is written,
                since a consumer may have read it.

        Raises:
            MirrorFailed: The database does not answer, or stays locked.
        """
        with self._transaction(lasting=lasting) as connection:
            meta = self.tables.meta
            if not self._is_lite:
                # all writers take this lock first: numbers become visible in order, and there are no deadlocks
                connection.execute(select(meta.c.value).where(meta.c.name == "seq").with_for_update())
            yield connection

    def reading(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that only reads.

        Raises:
            MirrorFailed: The database does not answer.
        """
        return self._transaction(reading=True)

    def now(self, connection: Connection) -> float:
        """Return the time by the database's clock, in seconds since the epoch."""
        return self._now(connection)

    def next_numbers(self, connection: Connection, count: int) -> int:
        """Reserve sequence numbers for changes, without gaps and visible in order; returns the first."""
        meta = self.tables.meta
        last = int(connection.execute(select(meta.c.value).where(meta.c.name == "seq")).scalar_one())
        connection.execute(update(meta).where(meta.c.name == "seq").values(value=str(last + count)))
        return last + 1

    def _migrated(self, connection: Connection) -> int:
        schema = self.tables.metadata.schema
        # a role that may not create schemas may use an existing one
        if schema is not None and not inspect(connection).has_schema(schema):
            connection.execute(CreateSchema(schema, if_not_exists=True))
        return super()._migrated(connection)


def moment(seconds: float) -> str:
    """Write a time as in the tables."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
