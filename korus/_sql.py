"""Databases of journal and mirror: SQLite, or any database of SQLAlchemy, opened lazily, with bounded waits for locks.

This module needs SQLAlchemy, which the extras of both install.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Table,
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

from korus._core.forks import ForkGuard
from korus._core.private_files import create_private
from korus.errors import ConfigurationError, KorusError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from sqlalchemy.engine import RootTransaction

    from korus._core.secret import Secret

__all__ = ["SqlDatabase", "database_time", "open_engine"]

_READING: Final = "korus_reading"
_LASTING: Final = "korus_lasting"
_POSTGRES: Final = frozenset({"postgres", "postgresql"})
_ASYNC_DRIVERS: Final = frozenset({"asyncpg", "aiosqlite", "psycopg_async", "aiomysql", "asyncmy"})
_CLOCKS: Final = {"postgresql": "extract(epoch from clock_timestamp())"}
_PRAGMAS: Final = ("busy_timeout = 200", "journal_mode = WAL", "synchronous = FULL")


_WRITE_LOCKS = weakref.WeakValueDictionary[tuple[int, Path], Any]()


class SqlDatabase:
    """Transactions on tables of korus, which are created, or brought to this version, with the first one.

    A fork is a process of its own, with connections and locks of its own.

    Args:
        address: The path of an SQLite file, or a SQLAlchemy URL.
        meta: The table of names and values that holds the version of all tables beside it.
        in_memory: The message for an SQLite database in memory, which is refused.
        pragmas: Further pragmas of SQLite.
        wait: The default time to wait for a lock of the database, in seconds.
        now: Returns the time in seconds since the epoch, in place of the database's own clock.

    Raises:
        ConfigurationError: The address cannot be used.
    """

    SUBJECT: ClassVar[str]
    """Its name in messages."""
    VERSION: ClassVar[int]
    """The version of the tables; those of a later korus are refused."""
    FAILURE: ClassVar[type[KorusError]]
    """Raised where the database does not answer."""
    FIRST: ClassVar[Mapping[str, str]] = {}
    """The first rows of the table of names and values, beside the version."""
    MIGRATIONS: ClassVar[Mapping[int, Callable[[Connection, Any], None]]]
    """The migration of each earlier version to the next one; called with the database itself."""

    def __init__(
        self,
        address: Secret,
        meta: Table,
        *,
        in_memory: str,
        pragmas: tuple[str, ...] = (),
        wait: float,
        now: Callable[[], float] | None,
    ) -> None:
        self._meta = meta
        self._wait = wait
        self._clock = now
        self._engine, self._path = open_engine(address, self.SUBJECT, in_memory=in_memory, pragmas=pragmas)
        self._is_lite = self._engine.dialect.name == "sqlite"
        # a child that inherits an open SQLite file has wrong locks for ever
        self._forks = ForkGuard(self._engine.dispose if self._is_lite else bool)
        self._is_ready = False
        self._start_process()
        # who forgets to close it leaves no connection open; when the interpreter ends, threads may be using them still
        weakref.finalize(self, _let_go, self._engine, self._pid).atexit = False

    def _start_process(self) -> None:
        self._pid = os.getpid()
        self._preparing = threading.Lock()
        self._writing: Any = None
        if self._is_lite:  # all that write to a file take turns
            lock = threading.RLock()
            path = self._path
            self._writing = lock if path is None else _WRITE_LOCKS.setdefault((self._pid, path), lock)

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            self._engine.dispose(close=False)
            self._start_process()

    def close(self) -> None:
        """Close the connections."""
        if self._pid == os.getpid():
            self._engine.dispose()

    @contextmanager
    def _transaction(
        self, wait: float | None = None, *, reading: bool = False, lasting: bool = True
    ) -> Generator[Connection]:
        """Carry out one transaction.

        Args:
            wait: Seconds to wait for a lock.
            reading: True if it only reads.
            lasting: False if a power cut may undo it until the next lasting one; other processes see it at once.
        """
        self._notice_fork()
        ends = time.monotonic() + (self._wait if wait is None else wait)
        is_free = reading or self._writing is None
        try:
            self._prepare(ends)
            with (
                nullcontext() if is_free else turn(self._writing, ends),
                begun(self._engine, self._forks, ends, reading=reading, lasting=lasting) as connection,
            ):
                yield connection
        except SQLAlchemyError as cause:
            raise self.FAILURE(f"{self.SUBJECT} cannot be used: {reason_of(cause)}") from None
        except TimeoutError:
            raise self.FAILURE(f"{self.SUBJECT} cannot be used while this process forks; try again") from None

    def _prepare(self, ends: float) -> None:
        """Create or migrate the tables."""
        with self._preparing:
            if self._is_ready:
                return
            if self._path is not None:
                with suppress(OSError):  # SQLite raises an error with the reason
                    self._create(self._path)
            version = prepared(self._engine, self._forks, ends, self._migrated)
            if version != self.VERSION:
                found = "of a version that cannot be read" if version < 0 else f"of version {version}"
                raise ConfigurationError(
                    f"{self.SUBJECT} is {found}, and this korus knows version {self.VERSION}; "
                    "use the korus that wrote it, or another place"
                )
            self._is_ready = True

    def _create(self, path: Path) -> None:
        """Create the file, readable by its owner only from the beginning."""
        create_private(path)

    def _migrated(self, connection: Connection) -> int:
        """Create or migrate the tables; return their version, -1 if it cannot be read."""
        meta = self._meta
        if not inspect(connection).has_table(meta.name, schema=meta.schema):
            meta.metadata.create_all(connection)
            rows = {"version": str(self.VERSION), **self.FIRST}
            connection.execute(insert(meta), [{"name": name, "value": value} for name, value in rows.items()])
        found = connection.execute(
            select(meta.c.value).where(meta.c.name == "version").with_for_update()
        ).scalar()
        version = int(found) if found is not None and found.isascii() and found.isdecimal() else -1
        while version < self.VERSION and version in self.MIGRATIONS:
            self.MIGRATIONS[version](connection, self)
            version += 1
            connection.execute(update(meta).where(meta.c.name == "version").values(value=str(version)))
        return version

    def _now(self, connection: Connection) -> float:
        return database_time(connection) if self._clock is None else self._clock()


def _let_go(engine: Engine, pid: int) -> None:
    """Close the connections of a database that nobody uses any more, but not those that a parent process uses."""
    engine.dispose(close=os.getpid() == pid)


def open_engine(
    address: Secret, subject: str, *, in_memory: str, pragmas: tuple[str, ...] = ()
) -> tuple[Engine, Path | None]:
    """Open a database; nothing is read or written yet.

    Args:
        address: A path, character for character, or a SQLAlchemy URL.
        subject: Its name in messages: "the journal".
        in_memory: The message for an SQLite database in memory, which is refused.
        pragmas: Further pragmas of SQLite.

    Returns:
        The engine, and the file of SQLite if there is one.

    Raises:
        ConfigurationError: The address cannot be used.
    """
    try:
        url = _url(address, subject)
        is_lite = url.get_backend_name() == "sqlite"
        if is_lite and (url.database in {None, "", ":memory:"} or "mode=memory" in str(url.database)):
            raise ConfigurationError(in_memory)
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
        # SQLAlchemy's message about an invalid address may quote it with the password
        said = f": {cause}" if isinstance(cause, NoSuchModuleError | ImportError) else ""
        raise ConfigurationError(f"{subject} cannot be opened: {type(cause).__name__}{said}") from None
    if not is_lite:
        return engine, None

    def tune(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in (*_PRAGMAS, *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", tune)
    event.listen(engine, "begin", _begin)
    database = str(url.database)
    return engine, None if database.startswith("file:") else Path(database)


def _url(address: Secret, subject: str) -> URL:
    revealed = address.reveal()
    if "://" not in revealed:
        return URL.create("sqlite", database=str(Path(revealed).expanduser().absolute()))
    scheme, _, rest = revealed.partition("://")
    dialect, _, driver = scheme.partition("+")
    if driver in _ASYNC_DRIVERS:
        raise ConfigurationError(
            f"{subject} uses blocking drivers; write {dialect}:// in place of {dialect}+{driver}://"
        )
    if dialect in _POSTGRES and not driver:
        return make_url(f"postgresql+psycopg://{rest}")
    return make_url(revealed)


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    reading = options.get(_READING, False)
    lasting = options.get(_LASTING, True)
    if not reading and connection.info.setdefault(_LASTING, True) is not lasting:
        # a lasting commit makes the log last as a whole, so what came before it lasts too
        connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
        connection.info[_LASTING] = lasting
    # reading first and writing later could end in SQLITE_BUSY without waiting
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def begun(
    engine: Engine, forks: ForkGuard, ends: float, *, reading: bool = False, lasting: bool = True
) -> Generator[Connection]:
    """Begin a transaction, waiting for a lock in steps, between which signals and forks are handled.

    Args:
        engine: The database.
        forks: Delays forks while a connection is in use.
        ends: When to give up, by the monotonic clock.
        reading: True for a read-only one, for which writers do not wait.
        lasting: False if a power cut may undo it until the next lasting one.
    """
    while True:
        with (
            forks.held(ends),
            engine.connect().execution_options(**{_READING: reading, _LASTING: lasting}) as connection,
        ):
            transaction = _tried(connection, ends)
            if transaction is None:
                continue
            with transaction:
                if connection.dialect.name == "postgresql":
                    left = max(int((ends - time.monotonic()) * 1000), 1)
                    connection.execute(select(func.set_config("lock_timeout", f"{left}ms", True)))
                yield connection
            return


def _tried(connection: Connection, ends: float) -> RootTransaction | None:
    """Try to begin a transaction; return None if another one has the lock and time is left."""
    try:
        return connection.begin()
    except OperationalError as error:
        said = str(error.orig)
        if not ("locked" in said or "busy" in said) or time.monotonic() >= ends:
            raise
    return None


@contextmanager
def turn(lock: Any, ends: float) -> Generator[bool]:
    """Let one thread write to SQLite at a time, since SQLite's own order of waiters is random.

    Args:
        lock: A `threading.RLock`.
        ends: When to give up, by the monotonic clock.

    Yields:
        True if it is this thread's turn, False if time ran out.
    """
    try:
        yield lock.acquire(timeout=max(ends - time.monotonic(), 0))
    finally:
        # Ctrl-C may arrive when the lock has been taken but `acquire` has not returned
        if lock._is_owned():  # noqa: SLF001 (there is no public way to ask)
            lock.release()


def prepared(engine: Engine, forks: ForkGuard, ends: float, migrate: Callable[[Connection], int]) -> int:
    """Create or migrate tables; return their version."""
    while True:
        try:
            with begun(engine, forks, ends) as connection:
                return migrate(connection)
        except SQLAlchemyError:
            if time.monotonic() >= ends:  # another process may be creating them now
                raise
            time.sleep(0.05)
            ends = min(ends, time.monotonic() + 1.0)


def database_time(connection: Connection) -> float:
    """Return the time by the database's clock, in seconds since the epoch.

    It is this machine's for SQLite, which has no other, and where it is not known how to ask.
    """
    expression = _CLOCKS.get(connection.dialect.name)
    if expression is None:
        return time.time()
    return float(connection.execute(text(f"SELECT {expression}")).scalar_one())


def reason_of(cause: SQLAlchemyError) -> str:
    """Return the first line of the driver's message: the parameters of a statement can be personal."""
    return str(getattr(cause, "orig", None) or type(cause).__name__).strip().partition("\n")[0]
