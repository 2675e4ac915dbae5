"""The journal: intents and outcomes of bookings in a database, so that they survive a crash.

Every hold and every order is written down before it is sent and settled after. What a killed process left
open can be settled by any other that shares the journal: `Korus.journal` and ``korus journal`` do that. Any
database that SQLAlchemy speaks to will do; SQLite (a file) and PostgreSQL are tested.

What is kept: which offers, sessions and quantities, which reservations and orders came of them, the external
reference, and a digest of form answers. The customer and the notes of an order are kept only until the order
is settled, since an order that was never sent cannot be completed without them. Tokens and credentials never
are.

This module is the store; it asks the API nothing. It needs the extra ``korus[journal]``.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from attrs import field, frozen
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Index,
    MetaData,
    Row,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from korus._primitives.clock import SYSTEM_CLOCK, Clock
from korus.errors import ConfigurationError, InvalidArgument, JournalFailed
from korus.intents import Intent, State

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from korus.config import Config

__all__ = ["SCHEMA_VERSION", "JournalEntry", "JournalStore"]

SCHEMA_VERSION: Final = 1
_ACCOUNT = 64
"""The version of the journal's tables; a journal written by a later korus is refused."""

DEFAULT_RETENTION: Final = timedelta(days=90)

_SLACK_SECONDS: Final = 60.0
_WITHOUT_LIMIT_SECONDS: Final = 600.0
_CLAIM_SECONDS: Final = 7 * 24 * 3600.0
_PRUNE_EVERY: Final = 500
_OPEN: Final = ("sending", "looking")
_READING: Final = "korus_reading"

_METADATA = MetaData()
_META = Table(
    "korus_journal_meta",
    _METADATA,
    Column("name", String(40), primary_key=True),
    Column("value", String(200), nullable=False),
)
_INTENTS = Table(
    "korus_journal_intents",
    _METADATA,
    Column("id", String(36), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("account", String(_ACCOUNT), nullable=False),
    Column("reference", String(200)),
    Column("owner", String(300), nullable=False),
    Column("lease", Float(53), nullable=False),
    Column("created", Float(53), nullable=False),
    Column("updated", Float(53), nullable=False),
    Column("taken", Float(53)),
    Column("details", Text, nullable=False),
    Column("private", Text, nullable=False),
    Column("outcome", Text),
    Index("korus_journal_intents_open", "state", "account"),
    Index("korus_journal_intents_reference", "reference"),
    Index("korus_journal_intents_updated", "updated"),
)
_SUBJECTS = Table(
    "korus_journal_subjects",
    _METADATA,
    Column("intent", String(36), primary_key=True),
    Column("place", Float(53), primary_key=True),
    Column("subject", String(200), nullable=False),
    Index("korus_journal_subjects_subject", "subject"),
)
_CLAIMS = Table(
    "korus_journal_claims",
    _METADATA,
    Column("account", String(_ACCOUNT), primary_key=True),
    Column("iri", String(200), primary_key=True),
    Column("intent", String(36), nullable=False),
    Column("created", Float(53), nullable=False),
)


@frozen
class JournalEntry:
    """One intent of the journal.

    Attributes:
        id: Unique.
        kind: ``hold`` or ``order``.
        state: ``sending``, ``looking``, ``unknown`` or ``settled``; see `korus.intents.State`.
        reference: The external reference of an order.
        created_at: When it was written down, aware.
        updated_at: When it was touched last, aware.
        alive: Whether a process is seeing to it.
        details: What it asked for: plain JSON.
        outcome: What came of it: plain JSON, None until it is settled.
    """

    id: str
    kind: str
    state: State
    reference: str | None
    created_at: datetime
    updated_at: datetime
    alive: bool
    details: Mapping[str, Any] = field(repr=False)
    outcome: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def open(self) -> bool:
        """Whether its outcome is not known yet."""
        return self.state != "settled"

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON."""
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


class JournalStore:
    """A journal in a database; a `korus.intents.Ledger` that several processes may share.

    Args:
        address: The path of an SQLite file, or a SQLAlchemy URL.
        account: Whose bookings these are; journals of several accounts can share a database.
        lease: How many seconds an intent stays its process's own without a sign of life.
        clock: The clocks.

    Raises:
        ConfigurationError: The address cannot be used, or the journal was written by a later korus.
        JournalFailed: The database does not answer.
    """

    def __init__(
        self, address: str, *, account: str = "", lease: float = 120.0, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._account = _account(account)
        self._lease = lease
        self._clock = clock
        self._engine = _engine(address)
        self._identity = _Owner.mine()
        self._settled = 0
        self._preparing = threading.Lock()
        self._ready = False

    @classmethod
    def of(cls, config: Config, clock: Clock = SYSTEM_CLOCK) -> JournalStore:
        """Open the journal that a client's set-up names. Nothing is read before it is first used."""
        if config.journal is None:
            raise ConfigurationError("this client has no journal; give journal= or set KORUS_JOURNAL")
        total = config.timeouts.total
        lease = (_WITHOUT_LIMIT_SECONDS if total is None else total) + config.retry.settle + _SLACK_SECONDS
        account = f"{config.client_id}@{config.base_url}"
        return cls(config.journal.reveal(), account=account, lease=lease, clock=clock)

    @property
    def _owner(self) -> _Owner:
        if self._identity.pid != os.getpid():  # a fork is a process of its own
            self._engine.dispose(close=False)
            self._identity = _Owner.mine()
        return self._identity

    def close(self) -> None:
        """Close the connections to the database."""
        self._engine.dispose()

    # --- the ledger ----------------------------------------------------------------------------------------

    def open(self, intent: Intent) -> None:
        """Write an intent down; when this returns it is on disk."""
        now = self._now()
        with self._transaction() as connection:
            connection.execute(
                insert(_INTENTS).values(
                    id=intent.id,
                    kind=intent.kind,
                    state=intent.state,
                    account=self._account,
                    reference=intent.reference,
                    owner=str(self._owner),
                    lease=now + self._lease,
                    created=now,
                    updated=now,
                    details=_written(intent.details),
                    private=_written(intent.private),
                )
            )
            connection.execute(
                insert(_SUBJECTS),
                [
                    {"intent": intent.id, "place": float(place), "subject": subject[:200]}
                    for place, subject in enumerate(intent.subjects)
                ],
            )

    def move(self, intent: Intent, state: State) -> bool:
        """Note how far an intent got; False when another process has taken it over."""
        now = self._now()
        with self._transaction() as connection:
            changed = connection.execute(
                update(_INTENTS)
                .where(_INTENTS.c.id == intent.id, _INTENTS.c.owner == str(self._owner))
                .where(_INTENTS.c.state != "settled")
                .values(
                    state=state,
                    updated=now,
                    lease=now + self._lease,
                    details=_written(intent.details),
                )
            )
            return changed.rowcount > 0

    def settle(self, intent: Intent, outcome: Mapping[str, Any], claims: Iterable[str]) -> frozenset[str]:
        """Note an outcome, claim what came of it, and forget what is private."""
        now = self._now()
        with self._transaction() as connection:
            connection.execute(
                update(_INTENTS)
                .where(_INTENTS.c.id == intent.id)
                .values(state="settled", updated=now, lease=now, outcome=_written(outcome), private="{}")
            )
            own = self._claim(connection, intent, claims)
        self._settled += 1
        if self._settled % _PRUNE_EVERY == 0:
            self.prune()
        return own

    def claimed(self, iris: Iterable[str], but: Intent | None = None) -> frozenset[str]:
        """Say which reservations are claimed by anybody, or by anybody but an intent."""
        wanted = sorted(set(iris))
        if not wanted:
            return frozenset()
        claims = select(_CLAIMS.c.iri).where(_CLAIMS.c.account == self._account, _CLAIMS.c.iri.in_(wanted))
        if but is not None:
            claims = claims.where(_CLAIMS.c.intent != but.id)
        with self._reading() as connection:
            rows = connection.execute(claims)
            return frozenset(row.iri for row in rows)

    def claim(self, intent: Intent, iris: Iterable[str]) -> frozenset[str]:
        """Claim reservations for an intent; gives those that are its own now."""
        with self._transaction() as connection:
            return self._claim(connection, intent, iris)

    def _claim(self, connection: Connection, intent: Intent, iris: Iterable[str]) -> frozenset[str]:
        own: set[str] = set()
        for iri in sorted(set(iris)):  # in one order, so that two processes never wait for each other
            row = {"account": self._account, "iri": iri, "intent": intent.id, "created": self._now()}
            try:
                with connection.begin_nested():
                    connection.execute(insert(_CLAIMS).values(row))
            except IntegrityError:
                holder = connection.execute(
                    select(_CLAIMS.c.intent).where(_CLAIMS.c.account == self._account, _CLAIMS.c.iri == iri)
                ).scalar()
                if holder != intent.id:
                    continue
            own.add(iri)
        return frozenset(own)

    def rivals(self, intent: Intent) -> list[Intent]:
        """Give the other intents alive, of the same kind, that share a subject, by id."""
        subjects = sorted({subject[:200] for subject in intent.subjects})
        sharing = select(_SUBJECTS.c.intent).where(_SUBJECTS.c.subject.in_(subjects))
        with self._reading() as connection:
            rows = connection.execute(
                select(_INTENTS)
                .where(_INTENTS.c.account == self._account, _INTENTS.c.kind == intent.kind)
                .where(_INTENTS.c.state.in_(_OPEN), _INTENTS.c.id != intent.id)
                .where(_INTENTS.c.id.in_(sharing))
                .order_by(_INTENTS.c.id)
            ).all()
            return [self._intent(connection, row) for row in rows if self._alive(row)]

    # --- looking after it ----------------------------------------------------------------------------------

    def entries(
        self,
        *,
        open_only: bool = False,
        kind: str | None = None,
        reference: str | None = None,
        limit: int | None = None,
    ) -> list[JournalEntry]:
        """List intents, newest first.

        Args:
            open_only: Only those whose outcome is not known yet.
            kind: ``hold`` or ``order``.
            reference: Only orders with this external reference.
            limit: At most so many.
        """
        wanted = select(_INTENTS).where(_INTENTS.c.account == self._account)
        if open_only:
            wanted = wanted.where(_INTENTS.c.state != "settled")
        if kind is not None:
            wanted = wanted.where(_INTENTS.c.kind == kind)
        if reference is not None:
            wanted = wanted.where(_INTENTS.c.reference == reference)
        with self._reading() as connection:
            rows = connection.execute(wanted.order_by(_INTENTS.c.created.desc(), _INTENTS.c.id).limit(limit))
            return [self._entry(row) for row in rows]

    def take_over(self, but: Iterable[str] = ()) -> list[tuple[Intent, datetime]]:
        """Make the intents one's own that no process sees to any more; gives them and when they were touched.

        An intent is left behind when its process gave it up, died, or gave no sign of life for its lease.

        Args:
            but: The ids of intents to leave alone.
        """
        spared = frozenset(but)
        now = self._now()
        with self._transaction() as connection:
            rows = connection.execute(
                select(_INTENTS)
                .where(_INTENTS.c.account == self._account, _INTENTS.c.state != "settled")
                .order_by(_INTENTS.c.created, _INTENTS.c.id)
            ).all()
            taken: list[tuple[Intent, datetime]] = []
            for row in rows:
                if row.id in spared or self._alive(row):
                    continue
                changed = connection.execute(
                    update(_INTENTS)
                    .where(_INTENTS.c.id == row.id, _INTENTS.c.owner == row.owner)
                    .where(_INTENTS.c.updated == row.updated, _INTENTS.c.state == row.state)
                    .values(
                        owner=str(self._owner),
                        state="looking",
                        updated=now,
                        taken=now,
                        lease=now + self._lease,
                    )
                )
                if changed.rowcount:
                    taken.append((self._intent(connection, row), _moment(row.updated)))
            return taken

    @property
    def retention(self) -> timedelta:
        """How long settled intents are kept; stored in the journal itself, 90 days at first."""
        with self._reading() as connection:
            seconds = connection.execute(select(_META.c.value).where(_META.c.name == "retention")).scalar()
            return DEFAULT_RETENTION if seconds is None else timedelta(seconds=float(seconds))

    def taken_by_others(self) -> int:
        """Count the intents left behind that other processes are seeing to this moment."""
        with self._reading() as connection:
            rows = connection.execute(
                select(_INTENTS)
                .where(_INTENTS.c.account == self._account, _INTENTS.c.state.in_(_OPEN))
                .where(_INTENTS.c.taken.is_not(None), _INTENTS.c.owner != str(self._owner))
            )
            return sum(self._alive(row) for row in rows)

    def keep(self, keep: timedelta) -> None:
        """Set the retention, for everybody who shares the journal.

        Raises:
            InvalidArgument: It is negative.
        """
        if keep < timedelta():
            raise InvalidArgument("a retention is not negative")
        with self._transaction() as connection:
            connection.execute(delete(_META).where(_META.c.name == "retention"))
            connection.execute(insert(_META).values(name="retention", value=repr(keep.total_seconds())))

    def prune(self, older_than: timedelta | None = None) -> int:
        """Forget settled intents that were touched longer ago than ``older_than`` (the retention when None).

        Returns:
            How many were forgotten. What is not settled is never forgotten.
        """
        keep = self.retention if older_than is None else older_than
        now = self._now()
        with self._transaction() as connection:
            old = select(_INTENTS.c.id).where(
                _INTENTS.c.account == self._account,
                _INTENTS.c.state == "settled",
                _INTENTS.c.updated < now - keep.total_seconds(),
            )
            connection.execute(delete(_SUBJECTS).where(_SUBJECTS.c.intent.in_(old)))
            gone = connection.execute(delete(_INTENTS).where(_INTENTS.c.id.in_(old)))
            # a hold has ended long before; its claim protects nothing any more
            connection.execute(
                delete(_CLAIMS).where(
                    _CLAIMS.c.account == self._account, _CLAIMS.c.created < now - _CLAIM_SECONDS
                )
            )
            return gone.rowcount

    def count(self) -> dict[str, int]:
        """Count the intents by state."""
        with self._reading() as connection:
            rows = connection.execute(
                select(_INTENTS.c.state, func.count())
                .where(_INTENTS.c.account == self._account)
                .group_by(_INTENTS.c.state)
            )
            return {str(row[0]): int(row[1]) for row in rows}

    # --- rows ----------------------------------------------------------------------------------------------

    def _intent(self, connection: Connection, row: Row[Any]) -> Intent:
        subjects = connection.execute(
            select(_SUBJECTS.c.subject).where(_SUBJECTS.c.intent == row.id).order_by(_SUBJECTS.c.place)
        )
        return Intent(
            id=row.id,
            kind=row.kind,
            subjects=tuple(subjects.scalars()),
            details=_stored(row.details, row.id),
            private=_stored(row.private, row.id),
            reference=row.reference,
            state=row.state,
        )

    def _entry(self, row: Row[Any]) -> JournalEntry:
        return JournalEntry(
            id=row.id,
            kind=row.kind,
            state=row.state,
            reference=row.reference,
            created_at=_moment(row.created),
            updated_at=_moment(row.updated),
            alive=row.state in _OPEN and self._alive(row),
            details=_stored(row.details, row.id),
            outcome=None if row.outcome is None else _stored(row.outcome, row.id),
        )

    def _alive(self, row: Row[Any]) -> bool:
        """Tell whether a process is seeing to an intent."""
        if row.state not in _OPEN or row.lease < self._now():
            return False
        return not _Owner.read(row.owner).is_gone(self._owner)

    # --- the database --------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self, *, reading: bool = False) -> Generator[Connection]:
        _ = self._owner
        self._prepare()
        try:
            with (
                self._engine.connect().execution_options(**{_READING: reading}) as connection,
                connection.begin(),
            ):
                yield connection
        except SQLAlchemyError as cause:
            raise _failed(cause) from None

    def _reading(self) -> AbstractContextManager[Connection]:
        """A transaction that only reads, so that nobody who writes has to wait for it."""
        return self._transaction(reading=True)

    def _prepare(self) -> None:
        """Create the tables, or check that they are of this version."""
        with self._preparing:
            if self._ready:
                return
            try:
                version = _prepared(self._engine)
            except SQLAlchemyError as cause:
                raise _failed(cause) from None
            if version != SCHEMA_VERSION:
                told = "of a version that cannot be read" if version < 0 else f"of version {version}"
                raise ConfigurationError(
                    f"the journal is {told}, and this korus knows version {SCHEMA_VERSION}; "
                    "use the korus that wrote it, or another journal"
                )
            self._ready = True

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _account(name: str) -> str:
    """Give what fits the column: the name, or where it is longer, what tells it from others that begin alike."""
    return name if len(name) <= _ACCOUNT else hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def _stored(text: str, intent: str) -> Any:
    """Read JSON of the journal.

    Raises:
        JournalFailed: It is damaged.
    """
    try:
        return json.loads(text)
    except ValueError:
        raise JournalFailed(
            f"the journal's entry {intent} is damaged: its text is no JSON; mend or delete that row"
        ) from None


def _prepared(engine: Engine) -> int:
    """Make sure that the tables are there; gives their version, -1 where that cannot be told."""
    attempts = 3
    while True:
        attempts -= 1
        try:
            with engine.begin() as connection:
                if not inspect(connection).has_table(_META.name):
                    _METADATA.create_all(connection)
                    connection.execute(insert(_META).values(name="version", value=str(SCHEMA_VERSION)))
                found = connection.execute(select(_META.c.value).where(_META.c.name == "version")).scalar()
                text = str(found or 0)
                return int(text) if text.isascii() and text.isdecimal() else -1
        except SQLAlchemyError:
            if not attempts:  # another process may be creating them this very moment
                raise


@frozen
class _Owner:
    """A process, named so that another one on the same machine can tell whether it is gone."""

    host: str
    pid: int
    started: str
    token: str

    @classmethod
    def mine(cls) -> _Owner:
        return cls(_machine(), os.getpid(), _started(os.getpid()) or "", uuid4().hex)

    @classmethod
    def read(cls, written: str) -> _Owner:
        host, pid, started, token = written.rsplit(" ", 3)
        return cls(host, int(pid), started.strip("-"), token)

    def __str__(self) -> str:
        return f"{self.host} {self.pid} {self.started or '-'} {self.token}"

    def is_gone(self, me: _Owner) -> bool:
        """Tell whether this process has certainly ended; a process elsewhere is given its lease."""
        if self.token == me.token or self.host != me.host:
            return False
        if self.pid == me.pid:
            return self.started != me.started  # a client of this very process may have another token
        now = _started(self.pid)
        return now is None or bool(self.started and now and now != self.started)


def _machine() -> str:
    """Name the place where process numbers mean something: a machine, or a container on it."""
    try:
        space = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        space = ""
    return f"{socket.gethostname()[:100]}{space}".replace(" ", "_")


def _started(pid: int) -> str | None:
    """Say when a process of this machine started, in ticks; empty when that cannot be told, None if gone."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        fields = []
    if len(fields) > 19:  # noqa: PLR2004 - starttime is the 22nd field of all, see proc(5)
        return None if fields[0] in {"Z", "X"} else fields[19]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return ""


def _engine(address: str) -> Engine:
    try:
        url = make_url(address if "://" in address else f"sqlite:///{Path(address).expanduser().absolute()}")
        lite = url.get_backend_name() == "sqlite"
        if lite and url.database in {None, "", ":memory:"}:
            raise ConfigurationError("a journal in memory would not survive a crash; name a file")
        engine = (
            create_engine(
                url, connect_args={"timeout": 60, "isolation_level": None, "check_same_thread": False}
            )
            if lite
            else create_engine(url, pool_pre_ping=True)
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as cause:
        raise ConfigurationError(f"the journal cannot be opened: {type(cause).__name__}: {cause}") from None
    if lite:
        event.listen(engine, "connect", _tune)
        event.listen(engine, "begin", _begin)
    return engine


def _tune(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 60000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    # reading first and writing later could end in SQLITE_BUSY without waiting
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _failed(cause: SQLAlchemyError) -> JournalFailed:
    # only the driver's own words: the statement's parameters can be personal
    said = str(getattr(cause, "orig", None) or type(cause).__name__).strip().partition("\n")[0]
    return JournalFailed(f"the journal cannot be used: {said}")


def _written(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
