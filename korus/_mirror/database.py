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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from korus._core.forks import ForkGuard
from korus._core.private_files import create_private
from korus._core.secret import Secret
from korus._mirror.schema import SCHEMA_VERSION
from korus.errors import ConfigurationError, MirrorFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from sqlalchemy.engine import RootTransaction

    from korus._mirror.schema import Tables

__all__ = ["MIGRATIONS", "Database", "moment"]

MIGRATIONS: dict[int, Callable[[Connection, Tables], None]] = {}
"""How the tables of each earlier version are brought to the next one."""

_WAIT_SECONDS: Final = 60.0
_READING: Final = "korus_reading"
_POSTGRES: Final = frozenset({"postgres", "postgresql"})
_ASYNC_DRIVERS: Final = frozenset({"asyncpg", "aiosqlite", "psycopg_async", "aiomysql", "asyncmy"})
_CLOCKS: Final = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "extract(epoch from clock_timestamp())",
}


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
        self._engine, self._file = _engine(address)
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
        if self._clock is not None:
            return self._clock()
        expression = _CLOCKS.get(connection.dialect.name)
        if expression is None:
            return time.time()
        return float(connection.execute(text(f"SELECT {expression}")).scalar_one())

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
            with self._turn(ends, reading=reading), self._begun(ends, reading=reading) as connection:
                yield connection
        except SQLAlchemyError as cause:
            raise _failed(cause) from None
        except TimeoutError:
            raise MirrorFailed(
                "The mirror's database cannot be used now: another thread or a fork holds it. Try again."
            ) from None

    @contextmanager
    def _turn(self, ends: float, *, reading: bool) -> Generator[None]:
        """Let one thread write to SQLite at a time: SQLite itself serves at random who waits."""
        if reading or not self._is_lite:
            yield
            return
        if not self._writing.acquire(timeout=max(ends - time.monotonic(), 0)):
            raise TimeoutError
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def _begun(self, ends: float, *, reading: bool = False) -> Generator[Connection]:
        """Begin a transaction, waiting for a lock in steps: between them signals are seen and forks go on."""
        while True:
            with (
                self._forks.held(ends),
                self._engine.connect().execution_options(**{_READING: reading}) as connection,
            ):
                begun = _tried(connection, ends)
                if begun is None:
                    continue
                with begun:
                    if connection.dialect.name == "postgresql":
                        left = max(int((ends - time.monotonic()) * 1000), 1)
                        connection.execute(select(func.set_config("lock_timeout", f"{left}ms", True)))
                    yield connection
                return

    def _prepare(self, ends: float) -> None:
        """Create the tables, or bring them to this version."""
        with self._preparing:
            if self._is_ready:
                return
            if self._file is not None:
                with suppress(OSError):  # SQLite says what is wrong with the place
                    create_private(self._file)
            version = self._prepared(ends)
            if version != SCHEMA_VERSION:
                raise ConfigurationError(
                    f"The mirror's tables have version {version}, and this korus knows version {SCHEMA_VERSION}. "
                    "Use the korus that wrote them, or another database or prefix."
                )
            self._is_ready = True

    def _prepared(self, ends: float) -> int:
        while True:
            try:
                with self._begun(ends) as connection:
                    return _migrated(connection, self.tables)
            except SQLAlchemyError:
                if time.monotonic() >= ends:  # another process may be creating them this very moment
                    raise
                time.sleep(0.05)
                ends = min(ends, time.monotonic() + 1.0)


def moment(seconds: float) -> str:
    """Write a time as the tables hold it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _migrated(connection: Connection, tables: Tables) -> int:
    """Make sure that the tables are there; returns their version, -1 if it cannot be read."""
    meta, schema = tables.meta, tables.metadata.schema
    if schema is not None:
        connection.execute(CreateSchema(schema, if_not_exists=True))
    if not inspect(connection).has_table(meta.name, schema=schema):
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


def _tried(connection: Connection, ends: float) -> RootTransaction | None:
    """Try to begin a transaction; None if another one has the lock, and there is time left."""
    try:
        return connection.begin()
    except OperationalError as error:
        said = str(error.orig)
        if not ("locked" in said or "busy" in said) or time.monotonic() >= ends:
            raise
    return None


def _url(address: Secret) -> URL:
    """Read an address: a path, character for character, or a SQLAlchemy URL."""
    revealed = address.reveal()
    if "://" not in revealed:
        return URL.create("sqlite", database=str(Path(revealed).expanduser().absolute()))
    scheme, _, rest = revealed.partition("://")
    dialect, _, driver = scheme.partition("+")
    if driver in _ASYNC_DRIVERS:
        raise ConfigurationError(
            f"The mirror uses blocking drivers; write {dialect}:// in place of {dialect}+{driver}://."
        )
    if dialect in _POSTGRES and not driver:
        return make_url(f"postgresql+psycopg://{rest}")
    return make_url(revealed)


def _engine(address: Secret) -> tuple[Engine, Path | None]:
    try:
        url = _url(address)
        is_lite = url.get_backend_name() == "sqlite"
        if is_lite and (url.database in {None, "", ":memory:"} or "mode=memory" in str(url.database)):
            raise ConfigurationError("A mirror in memory would be gone with its process; name a file.")
        engine = (
            create_engine(
                url, connect_args={"timeout": 0.2, "isolation_level": None, "check_same_thread": False}
            )
            if is_lite
            else create_engine(url, pool_pre_ping=True)
        )
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as cause:
        if isinstance(cause, ConfigurationError):
            raise
        # what SQLAlchemy says of an address it cannot parse may quote it, password and all
        said = f": {cause}" if isinstance(cause, NoSuchModuleError | ImportError) else ""
        raise ConfigurationError(f"Cannot open the mirror: {type(cause).__name__}{said}") from None
    if not is_lite:
        return engine, None
    event.listen(engine, "connect", _tune)
    event.listen(engine, "begin", _begin)
    database = str(url.database)
    return engine, None if database.startswith("file:") else Path(database)


def _tune(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 200")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # a consumer may have seen what a power failure would undo
    cursor.close()


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    # reading first and writing later could end in SQLITE_BUSY without waiting
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _failed(cause: SQLAlchemyError) -> MirrorFailed:
    # only the driver's own words: the statement's parameters are data
    said = str(getattr(cause, "orig", None) or type(cause).__name__).strip().partition("\n")[0]
    return MirrorFailed(f"The mirror's database cannot be used: {said}")
