"""The intent log in a database, so that bookings survive a crash and several processes can share it: the journal.

Every hold and every order is written down before it is sent and settled after. What a killed process left open can be
settled by any other that shares the journal: `Korus.journal` and ``korus journal`` do that. Any database that
SQLAlchemy supports can hold it; SQLite (a file) and PostgreSQL are tested.

What is kept: which offers, sessions and quantities, which reservations and orders came of them, the external reference,
and a digest of form answers. The customer and the notes of an order are kept only until the order is settled, since an
order that was never sent cannot be completed without them. Tokens and credentials are never written.

Each change of an intent's state is a compare-and-set on its owner and epoch. Liveness on one machine is the
process's id and start time; the lease, by the database's clock, is for other machines. This module needs the extra
``korus-sdk[journal]``.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections import defaultdict
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from attrs import evolve, field, frozen
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    inspect,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from korus._core.forks import ForkGuard
from korus._core.secret import Secret
from korus._journal.intent_log import (
    ALIVE_STATES,
    Intent,
    Kind,
    State,
    Takeover,
    keys_in_doubt,
    keys_reported_failed,
)
from korus._journal.process import ACTIVE, Owner
from korus._sql import begun, database_time, open_engine, prepared, reason_of, turn
from korus.errors import ConfigurationError, InvalidArgument, JournalFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from sqlalchemy import ColumnElement

    from korus._core.config import Config

__all__ = ["SCHEMA_VERSION", "JournalEntry", "JournalStore", "RunHolder"]

SCHEMA_VERSION: Final = 2
"""The version of the journal's tables; a journal written by a later korus is refused."""

DEFAULT_RETENTION: Final = timedelta(days=90)

_ACCOUNT: Final = 64
_SLACK_SECONDS: Final = 60.0
_WITHOUT_LIMIT_SECONDS: Final = 600.0
_CLAIM_SECONDS: Final = 7 * 24 * 3600.0
_PRUNE_EVERY: Final = 500
_LOCK_SECONDS: Final = 60.0
_CHECKPOINT_EVERY: Final = 50
_CHECKPOINT_SECONDS: Final = 5.0
# a hold may be listed only some time after the refusal of the request that made it
_LAG_SECONDS: Final = 60.0
_OWNER_ONLY: Final = 0o600

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
    Column("state", String(12), nullable=False),
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
    Column("epoch", Integer, nullable=False, server_default="1"),
    Column("sent", Float(53)),
    Column("completable", Boolean, nullable=False, server_default=text("true")),
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
_RUNS = Table(
    "korus_journal_runs",
    _METADATA,
    Column("account", String(_ACCOUNT), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("owner", String(300), nullable=False),
    Column("lease", Float(53), nullable=False),
    Column("created", Float(53), nullable=False),
)


@frozen
class JournalEntry:
    """One intent of the journal.

    Attributes:
        id: Unique.
        kind: ``hold`` or ``order``.
        state: ``intended``, ``sending``, ``reconciling``, ``unknown`` or ``settled``.
        reference: The external reference of an order, or of the purchase that a hold is for.
        created_at: When it was written down, aware.
        updated_at: When it was changed last, aware.
        alive: True if a process is working on it.
        details: What it asked for: plain JSON.
        outcome: What came of it: plain JSON, None until it is settled.
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
        """True if its outcome is not known yet."""
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


@frozen
class RunHolder:
    """The process that holds a run, as `JournalStore.acquire` found it.

    Attributes:
        host: The name of its machine.
        pid: Its process id.
        since: When it began, aware.
    """

    host: str
    pid: int
    since: datetime


class JournalStore:
    """A journal in a database; an `IntentLog` that several processes may share.

    Args:
        address: The path of an SQLite file, or a SQLAlchemy URL.
        account: Whose bookings these are; journals of several accounts can share a database.
        lease: Seconds that an intent stays its process's own without a sign of life, as seen from another machine.
        lock_timeout: Seconds to wait for a lock of the database where a call says nothing else.
        now: Returns the time in seconds since the epoch, in place of the database's own clock.

    Raises:
        ConfigurationError: The address cannot be used, or the journal was written by a later korus.
        JournalFailed: The database does not answer.
    """

    shared = True

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
        self._account = _account(account)
        self._lease = lease
        self._lock_timeout = lock_timeout
        self._clock = now
        self._engine, path = open_engine(
            address,
            "the journal",
            in_memory="a journal in memory would not survive a crash; name a file",
            pragmas=("secure_delete = ON",),
        )
        self._file = None if path is None else _File(path)
        # a child that inherits an open SQLite file has its locks wrong for ever
        self._forks = ForkGuard(self._engine.dispose if self._engine.dialect.name == "sqlite" else bool)
        self._identity = Owner.current()
        self._settled = 0
        self._checkpointed = time.monotonic()
        self._preparing = threading.Lock()
        self._writing = _write_lock(self._file)
        self._ready = False
        self._given_up: dict[str, tuple[Intent, bool]] = {}

    @classmethod
    def of(cls, config: Config) -> JournalStore:
        """Open the journal of a client's configuration. Nothing is read before it is first used."""
        if config.journal is None:
            raise ConfigurationError("this client has no journal; give journal= or set KORUS_JOURNAL")
        total = config.timeouts.total
        patience = _WITHOUT_LIMIT_SECONDS if total is None else total
        account = f"{config.client_id}@{config.base_url}"
        return cls(
            config.journal,
            account=account,
            lease=patience + config.retry.settle + _SLACK_SECONDS,
            lock_timeout=min(patience, _LOCK_SECONDS),
        )

    @property
    def lease(self) -> float:
        """Seconds that an intent or a run stays its process's own without a sign of life."""
        return self._lease

    @property
    def _owner(self) -> Owner:
        if self._identity.pid != os.getpid():  # a fork is a process of its own
            self._engine.dispose(close=False)
            self._identity = Owner.current()
            self._preparing = threading.Lock()
            self._writing = _write_lock(self._file)
            self._given_up = {}
        return self._identity

    def close(self) -> None:
        """Close the connections to the database, and leave nothing of what was forgotten in its files."""
        if self._identity.pid == os.getpid():
            with suppress(JournalFailed):
                self._checkpoint(force=True)
            self._engine.dispose()

    # --- the intent log ------------------------------------------------------------------------------------

    def open(self, intent: Intent, wait: float | None = None) -> None:
        """Write an intent down; when this returns it is on disk."""
        with self._transaction(wait) as connection:
            now = self._now(connection)
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
                    epoch=intent.epoch,
                    completable=True,
                )
            )
            connection.execute(
                insert(_SUBJECTS),
                [
                    {"intent": intent.id, "place": float(place), "subject": key[:200]}
                    for place, key in enumerate(intent.keys)
                ],
            )
        self._flush_given_up()

    def advance(self, intent: Intent, state: State, wait: float | None = None) -> bool:
        """Set an intent's state and details; False when another process has taken it over."""
        with self._transaction(wait) as connection:
            now = self._now(connection)
            values: dict[str, Any] = {
                "state": state,
                "updated": now,
                "lease": now + self._lease,
                "details": _written(intent.details),
            }
            if state == "sending":
                values["sent"] = now
            if state == "unknown":
                # whoever was told "unknown" decides what happens next, unless it was a recovery that could not see
                values["completable"] = _INTENTS.c.completable & _INTENTS.c.taken.is_not(None)
            changed = connection.execute(update(_INTENTS).where(*self._mine(intent)).values(values))
            return changed.rowcount > 0

    def settle(
        self, intent: Intent, outcome: Mapping[str, Any], claims: Iterable[str], wait: float | None = None
    ) -> frozenset[str] | None:
        """Write an outcome down, claim what came of it, and forget what is private; None if it was taken over."""
        with self._transaction(wait) as connection:
            now = self._now(connection)
            changed = connection.execute(
                update(_INTENTS)
                .where(*self._mine(intent))
                .values(state="settled", updated=now, lease=now, outcome=_written(outcome), private="{}")
            )
            if not changed.rowcount:
                return None
            own = self._claim(connection, intent, claims, now)
        self._settled += 1
        if self._settled % _PRUNE_EVERY == 0:
            with suppress(JournalFailed):  # the outcome is written; the next one prunes
                self.prune()
        self._checkpoint(force=self._settled % _CHECKPOINT_EVERY == 0)
        return own

    def give_up(self, intent: Intent, *, sent: bool, wait: float | None = None) -> bool:
        """Note that the caller has gone: cancelled if nothing was sent, else unknown and never to be completed.

        What cannot be written now is written with the next change that this process makes.
        """
        self._given_up[intent.id] = (intent, sent)
        with self._transaction(wait) as connection:
            changed = self._write_given_up(connection, intent, sent=sent)
        self._given_up.pop(intent.id, None)
        return changed

    def _write_given_up(self, connection: Connection, intent: Intent, *, sent: bool) -> bool:
        now = self._now(connection)
        taken = connection.execute(
            select(_INTENTS.c.taken.is_not(None)).where(*self._mine(intent))
        ).scalar_one_or_none()
        if taken is None:
            return False
        values: dict[str, Any] = {"state": "unknown", "updated": now, "lease": now}
        if not taken:
            values["completable"] = False
            if not sent:
                values |= {"state": "settled", "outcome": _written({"cancelled": True}), "private": "{}"}
        connection.execute(update(_INTENTS).where(_INTENTS.c.id == intent.id).values(values))
        return True

    def _flush_given_up(self) -> None:
        """Write down what could not be written when it was given up."""
        for intent, sent in tuple(self._given_up.values()):
            with suppress(JournalFailed):
                self.give_up(intent, sent=sent)

    def claimed(self, iris: Iterable[str], but: Intent | None = None) -> frozenset[str]:
        """Return those reservations that are claimed by anybody, or by anybody but an intent."""
        wanted = sorted(set(iris))
        if not wanted:
            return frozenset()
        claims = select(_CLAIMS.c.iri).where(_CLAIMS.c.account == self._account, _CLAIMS.c.iri.in_(wanted))
        if but is not None:
            claims = claims.where(_CLAIMS.c.intent != but.id)
        with self._reading() as connection:
            return frozenset(row.iri for row in connection.execute(claims))

    def claim(self, intent: Intent, iris: Iterable[str], wait: float | None = None) -> frozenset[str]:
        """Claim reservations for an intent; returns those that are its own now."""
        with self._transaction(wait) as connection:
            return self._claim(connection, intent, iris, self._now(connection))

    def _claim(
        self, connection: Connection, intent: Intent, iris: Iterable[str], now: float
    ) -> frozenset[str]:
        own: set[str] = set()
        for iri in sorted(set(iris)):  # in one order, so that two processes never wait for each other
            row = {"account": self._account, "iri": iri, "intent": intent.id, "created": now}
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

    def competing(self, intent: Intent, *, with_dormant: bool = False) -> list[Intent]:
        """See `IntentLog`."""
        with self._reading() as connection:
            rows = connection.execute(
                select(_INTENTS)
                .where(_is_open_or_refused(intent), *self._sharing(intent))
                .order_by(_INTENTS.c.id)
            ).all()
            now = self._now(connection)
            # the keys of an intent are read one by one: only of those that are wanted
            found = [
                (self._intent(connection, row, now), is_alive)
                for row in rows
                if (is_alive := self._alive(row, now)) or (with_dormant and _may_have_left_something(row))
            ]
        return [other if is_alive else evolve(other, state="unknown") for other, is_alive in found]

    def sent_before(self, intent: Intent) -> bool:
        """Return True if a request may have gone out for another intent of this kind that shares a key."""
        with self._reading() as connection:
            found = connection.execute(
                select(_INTENTS.c.id).where(_INTENTS.c.sent.is_not(None), *self._sharing(intent)).limit(1)
            ).first()
            return found is not None

    def in_doubt(self, intent: Intent, *, same_reference: bool = False) -> frozenset[str]:
        """Return the keys for which another intent of this kind may have led to a result."""
        conditions: list[ColumnElement[bool]] = [_INTENTS.c.sent.is_not(None)]
        if same_reference:
            conditions.append(_INTENTS.c.reference == intent.reference)
        return self._keys_of_others(
            intent, lambda keys, _, outcome: keys_in_doubt(keys, outcome), *conditions
        )

    def reported_failed(self, intent: Intent) -> frozenset[str]:
        """Return the keys that the caller of another intent of this kind was told have failed."""
        return self._keys_of_others(intent, keys_reported_failed)

    def _keys_of_others(
        self,
        intent: Intent,
        chosen: Callable[[Iterable[str], Mapping[str, Any], Mapping[str, Any] | None], frozenset[str]],
        *conditions: ColumnElement[bool],
    ) -> frozenset[str]:
        """Return the keys that `chosen` picks from those that another intent of this kind shares.

        Args:
            intent: The intent.
            chosen: Takes the shared keys, the other intent's details and its outcome.
            conditions: What the other intents have to meet besides.
        """
        keys: defaultdict[str, list[str]] = defaultdict(list)
        for key in intent.keys:
            keys[key[:200]].append(key)
        with self._reading() as connection:
            others = connection.execute(
                select(_INTENTS.c.id, _INTENTS.c.details, _INTENTS.c.outcome).where(
                    *self._sharing(intent), *conditions
                )
            ).all()
            subjects = connection.execute(
                select(_SUBJECTS.c.intent, _SUBJECTS.c.subject).where(
                    _SUBJECTS.c.intent.in_([other.id for other in others])
                )
            ).all()
        shared: defaultdict[str, list[str]] = defaultdict(list)
        for row in subjects:
            shared[row.intent] += keys.get(row.subject, ())
        found = (
            chosen(shared[other.id], _stored(other.details, other.id), _outcome(other.outcome, other.id))
            for other in others
        )
        return frozenset[str]().union(*found)

    def take(self, intent_id: str) -> Intent | None:
        """Take one intent over that nobody works on; None if somebody does, it is settled, or it is not here."""
        return next(iter(self._take_over(_INTENTS.c.id == intent_id).taken), None)

    def take_over(self, spare: Iterable[str] = ()) -> Takeover:
        """Take over all intents that nobody works on, and count those of others in the same transaction."""
        self._flush_given_up()
        return self._take_over(_INTENTS.c.id.not_in(tuple(spare)))

    def _take_over(self, condition: Any) -> Takeover:
        taken: list[Intent] = []
        under_way: list[Intent] = []
        with self._transaction() as connection:
            now = self._now(connection)
            rows = connection.execute(
                select(_INTENTS)
                .where(_INTENTS.c.account == self._account, _INTENTS.c.state != "settled", condition)
                .order_by(_INTENTS.c.created, _INTENTS.c.id)
                .with_for_update()
            ).all()
            for row in rows:
                intent = self._intent(connection, row, now)
                if self._alive(row, now):
                    if row.taken is not None and row.owner != str(self._owner):
                        under_way.append(intent)
                    continue
                connection.execute(
                    update(_INTENTS)
                    .where(_INTENTS.c.id == row.id)
                    .values(
                        owner=str(self._owner),
                        state="reconciling",
                        epoch=row.epoch + 1,
                        updated=now,
                        taken=now,
                        lease=now + self._lease,
                    )
                )
                # known as worked on before others can see that it is this process's
                ACTIVE.add(row.id)
                taken.append(evolve(intent, state="reconciling", epoch=row.epoch + 1))
        return Takeover(tuple(taken), tuple(under_way))

    # --- runs ----------------------------------------------------------------------------------------------

    def acquire(self, name: str) -> RunHolder | None:
        """Hold a name for this process, until `release` or its end; returns the holder if another process has it."""
        key = _short(name, 200)
        with self._transaction() as connection:
            now = self._now(connection)
            mine = {"owner": str(self._owner), "lease": now + self._lease, "created": now}
            where = (_RUNS.c.account == self._account, _RUNS.c.name == key)
            row = connection.execute(select(_RUNS).where(*where).with_for_update()).first()
            if row is None:
                try:
                    with connection.begin_nested():
                        connection.execute(insert(_RUNS).values(account=self._account, name=key, **mine))
                except IntegrityError:  # another process was faster this very moment
                    row = connection.execute(select(_RUNS).where(*where)).one()
                else:
                    ACTIVE.add(key)
                    return None
            holder = Owner.read(row.owner)
            if row.owner != str(self._owner) and self._works(holder, key, row.lease, now):
                return RunHolder(holder.host.partition("pid:")[0], holder.pid, _moment(row.created))
            connection.execute(update(_RUNS).where(*where).values(mine))
            ACTIVE.add(key)
            return None

    def renew(self, name: str) -> bool:
        """Renew the lease of a name; False if this process does not hold it any more."""
        with self._transaction() as connection:
            lease = self._now(connection) + self._lease
            return (
                connection.execute(update(_RUNS).where(*self._my_run(name)).values(lease=lease)).rowcount > 0
            )

    def release(self, name: str) -> None:
        """Let go of a name that this process holds."""
        ACTIVE.discard(_short(name, 200))
        with self._transaction() as connection:
            connection.execute(delete(_RUNS).where(*self._my_run(name)))

    def _my_run(self, name: str) -> tuple[Any, ...]:
        return (
            _RUNS.c.account == self._account,
            _RUNS.c.name == _short(name, 200),
            _RUNS.c.owner == str(self._owner),
        )

    # --- looking after it ----------------------------------------------------------------------------------

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
            now = self._now(connection)
            return [self._entry(row, now) for row in rows]

    def references(self) -> frozenset[str]:
        """Return the references of all intents that are kept."""
        wanted = select(_INTENTS.c.reference).where(
            _INTENTS.c.account == self._account, _INTENTS.c.reference.is_not(None)
        )
        with self._reading() as connection:
            return frozenset(connection.execute(wanted.distinct()).scalars())

    def forget(self, intent_id: str) -> bool:
        """Settle an intent that nobody works on and that nothing can settle any more; False if there is none such."""
        with self._transaction() as connection:
            now = self._now(connection)
            where = (_INTENTS.c.account == self._account, _INTENTS.c.id == intent_id)
            row = connection.execute(select(_INTENTS).where(*where).with_for_update()).first()
            if row is None or row.state == "settled" or self._alive(row, now):
                return False
            connection.execute(
                update(_INTENTS)
                .where(*where)
                .values(
                    state="settled",
                    updated=now,
                    lease=now,
                    epoch=row.epoch + 1,
                    outcome=_written({"forgotten": True}),
                    private="{}",
                )
            )
            return True

    def retention(self) -> timedelta:
        """Return how long settled intents are kept; stored in the journal itself, 90 days at first."""
        with self._reading() as connection:
            seconds = connection.execute(select(_META.c.value).where(_META.c.name == "retention")).scalar()
            # what was rounded up beyond the longest is the longest
            most = timedelta.max.total_seconds() - 1.0
            return DEFAULT_RETENTION if seconds is None else timedelta(seconds=min(float(seconds), most))

    def keep(self, keep: timedelta) -> None:
        """Set the retention, for everybody who shares the journal.

        Raises:
            InvalidArgument: It is not a timedelta, or negative.
        """
        _check_period(keep, "keep")
        if keep < timedelta():
            raise InvalidArgument(f"`keep` must not be negative, got {keep}")
        with self._transaction() as connection:
            connection.execute(delete(_META).where(_META.c.name == "retention"))
            connection.execute(insert(_META).values(name="retention", value=repr(keep.total_seconds())))

    def prune(self, older_than: timedelta | None = None) -> int:
        """Forget settled intents that were changed longer ago than ``older_than`` (the retention when None).

        Returns:
            How many were forgotten. What is not settled is never forgotten.

        Raises:
            InvalidArgument: It is not a timedelta.
        """
        if older_than is not None:
            _check_period(older_than, "older_than")
        keep = self.retention() if older_than is None else older_than
        with self._transaction() as connection:
            now = self._now(connection)
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
        self._checkpoint(force=True)
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

    def _mine(self, intent: Intent) -> tuple[Any, ...]:
        """Return the conditions under which a change may be made: owner and epoch are what they were."""
        return (
            _INTENTS.c.id == intent.id,
            _INTENTS.c.owner == str(self._owner),
            _INTENTS.c.epoch == intent.epoch,
            _INTENTS.c.state != "settled",
        )

    def _sharing(self, intent: Intent) -> tuple[Any, ...]:
        keys = sorted({key[:200] for key in intent.keys})
        return (
            _INTENTS.c.account == self._account,
            _INTENTS.c.kind == intent.kind,
            _INTENTS.c.id != intent.id,
            _INTENTS.c.id.in_(select(_SUBJECTS.c.intent).where(_SUBJECTS.c.subject.in_(keys))),
        )

    def _intent(self, connection: Connection, row: Row[Any], now: float) -> Intent:
        keys = connection.execute(
            select(_SUBJECTS.c.subject).where(_SUBJECTS.c.intent == row.id).order_by(_SUBJECTS.c.place)
        )
        return Intent(
            id=row.id,
            kind=row.kind,
            keys=tuple(keys.scalars()),
            details=_stored(row.details, row.id),
            private=_stored(row.private, row.id),
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
            created_at=_moment(row.created),
            updated_at=_moment(row.updated),
            alive=self._alive(row, now),
            details=_stored(row.details, row.id),
            outcome=_outcome(row.outcome, row.id),
        )

    def _alive(self, row: Row[Any], now: float) -> bool:
        """Return True if somebody works on an intent."""
        return row.state in ALIVE_STATES and self._works(Owner.read(row.owner), row.id, row.lease, now)

    def _works(self, owner: Owner, key: str, lease: float, now: float) -> bool:
        me = self._owner
        if owner.is_this_process(me):
            return key in ACTIVE
        return owner.is_alive(me) if owner.is_here(me) else lease >= now

    # --- the database --------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self, wait: float | None = None, *, reading: bool = False) -> Generator[Connection]:
        _ = self._owner
        ends = time.monotonic() + (self._lock_timeout if wait is None else wait)
        try:
            self._prepare(ends)
            with (
                self._turn(ends, reading=reading),
                begun(self._engine, self._forks, ends, reading=reading) as connection,
            ):
                self._check_file()
                yield connection
        except SQLAlchemyError as cause:
            raise JournalFailed(f"the journal cannot be used: {reason_of(cause)}") from None
        except TimeoutError:
            raise JournalFailed("the journal cannot be used while this process forks; try again") from None

    def _turn(self, ends: float, *, reading: bool) -> AbstractContextManager[object]:
        """Let one thread of this process write to SQLite at a time."""
        return nullcontext() if reading or self._writing is None else turn(self._writing, ends)

    def _reading(self) -> AbstractContextManager[Connection]:
        """A transaction that only reads, so that nobody who writes has to wait for it."""
        return self._transaction(reading=True)

    def _prepare(self, ends: float) -> None:
        """Create the tables, or bring them to this version."""
        with self._preparing:
            if self._ready:
                return
            if self._file is not None:
                self._file.create()
            version = prepared(self._engine, self._forks, ends, _migrated)
            if version != SCHEMA_VERSION:
                found = "of a version that cannot be read" if version < 0 else f"of version {version}"
                raise ConfigurationError(
                    f"the journal is {found}, and this korus knows version {SCHEMA_VERSION}; "
                    "use the korus that wrote it, or another journal"
                )
            if self._file is not None:
                self._file.remember()
            self._ready = True

    def _check_file(self) -> None:
        if self._file is not None and not self._file.is_same():
            raise JournalFailed(
                "the journal's file was removed or replaced while it was in use; what is written now would be lost. "
                "Put it back, or build a new client"
            )

    def _checkpoint(self, *, force: bool = False) -> None:
        """Move what SQLite has written into its main file, so that nothing forgotten is left in the log beside it."""
        since = time.monotonic() - self._checkpointed
        if self._file is None or not self._ready or not (force or since > _CHECKPOINT_SECONDS):
            return
        self._checkpointed = now = time.monotonic()
        with (
            # the statement goes past SQLAlchemy, and so does its error (a full disk)
            suppress(SQLAlchemyError, TimeoutError, self._engine.dialect.loaded_dbapi.Error),
            self._forks.held(now),
            self._engine.connect() as connection,
        ):
            raw: Any = connection.connection.dbapi_connection
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _now(self, connection: Connection) -> float:
        return database_time(connection) if self._clock is None else self._clock()


class _File:
    """The file of an SQLite journal: for its owner's eyes only, and still the one that was opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._identity: tuple[int, int] | None = None

    def create(self) -> None:
        """Create the file if there is none, so that nobody else can read it from its first byte on."""
        if self._identity is not None:
            return
        with suppress(OSError):  # SQLite says what is wrong with the place
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), _OWNER_ONLY))

    def remember(self) -> None:
        """Note which file it is."""
        self._identity = self._current()

    def is_same(self) -> bool:
        """Return True if the path still leads to the file that was opened."""
        return self._identity is None or self._identity == self._current()

    def _current(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return (-1, -1)
        return found.st_dev, found.st_ino


_WRITE_LOCKS = WeakValueDictionary[tuple[int, Path], Any]()


def _write_lock(file: _File | None) -> Any:
    """Return the lock that all stores of a file share in this process; a child does not inherit it."""
    if file is None:
        return None
    return _WRITE_LOCKS.setdefault((os.getpid(), file.path), threading.RLock())


def _check_period(value: object, name: str) -> None:
    if not isinstance(value, timedelta):
        raise InvalidArgument(f"`{name}` must be a timedelta, got {type(value).__name__}.")


def _account(name: str) -> str:
    """Return what fits the column: the name, or where it is longer, a digest of it."""
    return name if len(name) <= _ACCOUNT else hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def _stored(written: str, intent: str) -> Any:
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


def _outcome(written: str | None, intent: str) -> Any:
    return None if written is None else _stored(written, intent)


def _is_open_or_refused(intent: Intent) -> ColumnElement[bool]:
    """Return the condition of intents that are open, or ended with something since shortly before this one began."""
    begun = select(_INTENTS.c.created).where(_INTENTS.c.id == intent.id).scalar_subquery()
    return or_(
        _INTENTS.c.state != "settled",
        and_(_INTENTS.c.sent.is_not(None), _INTENTS.c.updated >= begun - _LAG_SECONDS),
    )


def _may_have_left_something(row: Row[Any]) -> bool:
    """Return True for an intent that is open, or was refused as a whole: a refusal may hide what was done."""
    return row.state != "settled" or "refused" in (_outcome(row.outcome, row.id) or {})


def _migrated(connection: Connection) -> int:
    """Make sure that the tables are there and of this version; returns their version, -1 if it cannot be read."""
    if not inspect(connection).has_table(_META.name):
        _METADATA.create_all(connection)
        connection.execute(insert(_META).values(name="version", value=str(SCHEMA_VERSION)))
    found = connection.execute(
        select(_META.c.value).where(_META.c.name == "version").with_for_update()
    ).scalar()
    written = str(found or 0)
    version = int(written) if written.isascii() and written.isdecimal() else -1
    if version == 1:
        _migrate_to_2(connection)
        return SCHEMA_VERSION
    return version


def _migrate_to_2(connection: Connection) -> None:
    """Add the epoch, and what recovery has to know: was anything sent, and may it be completed?"""
    table = _INTENTS.name
    for column in (
        "epoch INTEGER NOT NULL DEFAULT 1",
        "sent DOUBLE PRECISION",
        "completable BOOLEAN NOT NULL DEFAULT true",
    ):
        connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column}"))
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {table} ALTER COLUMN state TYPE VARCHAR(12)"))
    _RUNS.create(connection, checkfirst=True)
    connection.execute(update(_INTENTS).values(sent=_INTENTS.c.updated))
    connection.execute(update(_INTENTS).where(_INTENTS.c.state == "looking").values(state="reconciling"))
    connection.execute(update(_INTENTS).where(_INTENTS.c.state == "unknown").values(completable=False))
    connection.execute(update(_META).where(_META.c.name == "version").values(value="2"))


def _written(value: Mapping[str, Any]) -> str:
    try:
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        written.encode()
    except (TypeError, ValueError) as cause:
        raise InvalidArgument(
            f"the booking cannot be written to the journal: {type(cause).__name__}"
        ) from None
    return written


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
