"""The database of a mirror: opened late, for its owner's eyes only, with waits that end.

SQLite by default (a path), PostgreSQL for a fleet; any database that SQLAlchemy speaks to may work. This module needs
the extra ``korus-sdk[mirror]``.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, inspect, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from korus._core.forks import ForkGuard
from korus._core.private_files import create_private
from korus._core.secret import Secret
from korus._mirror.schema import SCHEMA_VERSION
from korus._sql import begun, database_time, open_engine, prepared, reason_of, turn
from korus.errors import ConfigurationError, MirrorFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from korus._mirror.schema import Tables

__all__ = ["MIGRATIONS", "Database", "moment"]


def _forget_pages(connection: Connection, tables: Tables) -> None:
    """Replace the table of pages: its columns have changed, and without it all pages are read in full once."""
    tables.pages.drop(connection)
    tables.pages.create(connection)


MIGRATIONS: dict[int, Callable[[Connection, Tables], None]] = {1: _forget_pages}
"""How the tables of each earlier version are brought to the next one."""

_WAIT_SECONDS: Final = 60.0


class Database:
    """Transactions on the tables of a mirror, which are created with the first one.

    Args:
        address: The path of an SQLite file, or a SQLAlchemy URL.
        tables: The tables.
        wait: Seconds to wait for a lock of the database.
        now: Returns the time in seconds since the epoch, in place of the database's own clock.

    Raises:
        ConfigurationError: The address cannot be used.
    """

    def __init__(
        self,
        address: str | os.PathLike[str] | Secret,
        tables: Tables,
        *,
        wait: float = _WAIT_SECONDS,
        now: Callable[[], float] | None = None,
    ) -> None:
        # first, so that a traceback with local variables does not show a password
        address = address if isinstance(address, Secret) else Secret(os.fspath(address))
        self.tables = tables
        self._wait = wait
        self._clock = now
        self._engine, self._file = open_engine(
            address, "the mirror", in_memory="A mirror in memory would be gone with its process; name a file."
        )
        self._is_lite = self._engine.dialect.name == "sqlite"
        if self._is_lite and tables.metadata.schema is not None:
            raise ConfigurationError("SQLite has no schemas; name a prefix in place of the schema.")
        # a child that inherits an open SQLite file has its locks wrong for ever
        self._forks = ForkGuard(self._engine.dispose if self._is_lite else bool)
        self._start_process()

    def _start_process(self) -> None:
        self._pid = os.getpid()
        self._writing = threading.RLock()
        self._preparing = threading.Lock()
        self._is_ready = False

    def close(self) -> None:
        """Close the connections."""
        if self._pid == os.getpid():
            self._engine.dispose()

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """Begin a transaction that writes; writers take turns.

        Raises:
            MirrorFailed: The database does not answer, or stays locked.
        """
        with self._transaction(reading=False) as connection:
            meta = self.tables.meta
            if not self._is_lite:
                # all writers take this lock first: sequence numbers become visible in order, and nobody deadlocks
                connection.execute(select(meta.c.value).where(meta.c.name == "seq").with_for_update())
            yield connection

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """Begin a transaction that only reads.

        Raises:
            MirrorFailed: The database does not answer.
        """
        with self._transaction(reading=True) as connection:
            yield connection

    def now(self, connection: Connection) -> float:
        """Return the time by the database's clock, in seconds since the epoch."""
        return database_time(connection) if self._clock is None else self._clock()

    def next_numbers(self, connection: Connection, count: int) -> int:
        """Take sequence numbers for changes; returns the first. They are without gaps, and visible in order."""
        meta = self.tables.meta
        last = int(connection.execute(select(meta.c.value).where(meta.c.name == "seq")).scalar_one())
        connection.execute(update(meta).where(meta.c.name == "seq").values(value=str(last + count)))
        return last + 1

    @contextmanager
    def _transaction(self, *, reading: bool) -> Generator[Connection]:
        if self._pid != os.getpid():  # a fork is a process of its own
            self._engine.dispose(close=False)
            self._start_process()
        ends = time.monotonic() + self._wait
        try:
            self._prepare(ends)
            with (
                self._turn(ends, reading=reading),
                begun(self._engine, self._forks, ends, reading=reading) as connection,
            ):
                yield connection
        except SQLAlchemyError as cause:
            raise MirrorFailed(f"The mirror's database cannot be used: {reason_of(cause)}") from None
        except TimeoutError:
            raise MirrorFailed(
                "The mirror's database cannot be used now: another thread or a fork holds it. Try again."
            ) from None

    @contextmanager
    def _turn(self, ends: float, *, reading: bool) -> Generator[None]:
        """Let one thread of this process write to SQLite at a time."""
        if reading or not self._is_lite:
            yield
            return
        with turn(self._writing, ends) as is_mine:
            if not is_mine:
                raise TimeoutError
            yield

    def _prepare(self, ends: float) -> None:
        """Create the tables, or bring them to this version."""
        with self._preparing:
            if self._is_ready:
                return
            if self._file is not None:
                with suppress(OSError):  # SQLite says what is wrong with the place
                    create_private(self._file)
            version = prepared(self._engine, self._forks, ends, partial(_migrated, tables=self.tables))
            if version != SCHEMA_VERSION:
                raise ConfigurationError(
                    f"The mirror's tables have version {version}, and this korus knows version {SCHEMA_VERSION}. "
                    "Use the korus that wrote them, or another database or prefix."
                )
            self._is_ready = True


def moment(seconds: float) -> str:
    """Write a time as the tables hold it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _migrated(connection: Connection, tables: Tables) -> int:
    """Make sure that the tables are there; returns their version, -1 if it cannot be read."""
    meta, schema = tables.meta, tables.metadata.schema
    found_there = inspect(connection)
    # one who may not create schemas may use one that is there
    if schema is not None and not found_there.has_schema(schema):
        connection.execute(CreateSchema(schema, if_not_exists=True))
    if not found_there.has_table(meta.name, schema=schema):
        tables.metadata.create_all(connection)
        first: Mapping[str, str] = {"version": str(SCHEMA_VERSION), "seq": "0"}
        connection.execute(insert(meta), [{"name": name, "value": value} for name, value in first.items()])
    found = connection.execute(
        select(meta.c.value).where(meta.c.name == "version").with_for_update()
    ).scalar()
    version = int(found) if found is not None and found.isascii() and found.isdecimal() else -1
    while version in MIGRATIONS and version < SCHEMA_VERSION:
        MIGRATIONS[version](connection, tables)
        version += 1
        connection.execute(update(meta).where(meta.c.name == "version").values(value=str(version)))
    return version
