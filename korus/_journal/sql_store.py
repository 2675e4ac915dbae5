"""Journal: the intent log in a database, shared by processes and kept across crashes.

Every hold and every order is written before it is sent, and settled afterwards. Any process that shares the journal can
settle intents of a killed one, with `Korus.journal` and ``korus journal``. Any database that SQLAlchemy supports may
work; SQLite (a file) and PostgreSQL are tested.

It stores offers, sessions and quantities, the resulting reservations and orders, the external reference, and a digest
of form answers. The customer and the notes of an order are kept only until the order is settled, since an order that
was never sent cannot be completed without them. Tokens and credentials are never written.

Each change of an intent's state is a compare-and-set on its owner and epoch. Liveness on one machine is the
process's id and start time; the lease, by the database's clock, is for other machines. This module needs the extra
``korus-sdk[journal]``.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve
from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from korus._journal.database import outcome_of, stored, written
from korus._journal.intent_log import (
    Intent,
    State,
    Takeover,
    keys_in_doubt,
    keys_reported_failed,
    may_hide_results,
)
from korus._journal.process import ACTIVE
from korus._journal.records import JournalRecords
from korus._journal.runs import JournalRuns
from korus._journal.tables import CLAIMS, INTENTS, SUBJECTS
from korus.errors import ConfigurationError, JournalFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement

    from korus._core.config import Config

__all__ = ["JournalStore"]

_SLACK_SECONDS: Final = 60.0
_WITHOUT_LIMIT_SECONDS: Final = 600.0
_LONGEST_LOCK_SECONDS: Final = 60.0
_PRUNE_EVERY: Final = 500
_CHECKPOINT_EVERY: Final = 50
# a hold may appear in lists some time after its request was refused
_LAG_SECONDS: Final = 60.0

# statements of every booking are built once: building one takes SQLAlchemy longer than executing it
_MINE: Final = (
    INTENTS.c.id == bindparam("mine"),
    INTENTS.c.owner == bindparam("owned_by"),
    INTENTS.c.epoch == bindparam("in_epoch"),
    INTENTS.c.state != "settled",
)
"""The conditions of a compare-and-set: owner and epoch are unchanged."""
_CHANGE: Final = update(INTENTS).where(*_MINE)
_HOLDERS: Final = select(CLAIMS.c.iri, CLAIMS.c.intent).where(
    CLAIMS.c.account == bindparam("account"), CLAIMS.c.iri.in_(bindparam("iris", expanding=True))
)
_OPEN, _ADD_SUBJECTS, _ADD_CLAIMS = insert(INTENTS), insert(SUBJECTS), insert(CLAIMS)


class JournalStore(JournalRecords, JournalRuns):
    """Journal in a database: an `IntentLog` that several processes can share."""

    shared = True
    _settled = 0

    def _start_process(self) -> None:
        super()._start_process()
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
            lock_timeout=min(patience, _LONGEST_LOCK_SECONDS),
        )

    def open(self, intent: Intent, wait: float | None = None) -> None:
        """Write an intent. It survives a power cut once it has been advanced to ``sending``."""
        with self._transaction(wait, lasting=False) as connection:
            now = self._now(connection)
            connection.execute(
                _OPEN,
                {
                    "id": intent.id,
                    "kind": intent.kind,
                    "state": intent.state,
                    "account": self._account,
                    "reference": intent.reference,
                    "owner": str(self._owner),
                    "lease": now + self._lease,
                    "created": now,
                    "updated": now,
                    "details": written(intent.details),
                    "private": written(intent.private),
                    "epoch": intent.epoch,
                    "completable": True,
                },
            )
            connection.execute(
                _ADD_SUBJECTS,
                [
                    {"intent": intent.id, "place": float(place), "subject": key[:200]}
                    for place, key in enumerate(intent.keys)
                ],
            )
        self._flush_given_up()

    def advance(self, intent: Intent, state: State, wait: float | None = None) -> bool:
        """Set an intent's state and details; return False if another process has taken it over."""
        with self._transaction(wait, lasting=state in {"sending", "unknown"}) as connection:
            now = self._now(connection)
            values: dict[str, Any] = {
                "state": state,
                "updated": now,
                "lease": now + self._lease,
                "details": written(intent.details),
            }
            if state == "sending":
                values["sent"] = now
            change = _CHANGE
            if state == "unknown":
                # a caller that got "unknown" decides what happens next, but not a recovery that could not find out
                change = _CHANGE.values(completable=INTENTS.c.completable & INTENTS.c.taken.is_not(None))
            return connection.execute(change, values | self._mine(intent)).rowcount > 0

    def settle(
        self, intent: Intent, outcome: Mapping[str, Any], claims: Iterable[str], wait: float | None = None
    ) -> frozenset[str] | None:
        """Write an outcome, claim its results, and forget the private data; return None if it was taken over."""
        with self._transaction(wait) as connection:
            now = self._now(connection)
            values = {
                "state": "settled",
                "updated": now,
                "lease": now,
                "outcome": written(outcome),
                "private": "{}",
            }
            if not connection.execute(_CHANGE, values | self._mine(intent)).rowcount:
                return None
            own = self._claim(connection, intent, self._claims(intent, claims, now))
        self._settled += 1
        if self._settled % _PRUNE_EVERY == 0:
            with suppress(JournalFailed):  # the outcome is written; the next call prunes
                self.prune()
        self._checkpoint(force=self._settled % _CHECKPOINT_EVERY == 0)
        return own

    def give_up(self, intent: Intent, *, sent: bool, wait: float | None = None) -> bool:
        """Abandon an intent: it is cancelled if nothing was sent, otherwise unknown and never completed.

        If this cannot be written now, it is written with the next change that this process makes.
        """
        self._given_up[intent.id] = (intent, sent)
        with self._transaction(wait) as connection:
            changed = self._write_given_up(connection, intent, sent=sent)
        self._given_up.pop(intent.id, None)
        return changed

    def _write_given_up(self, connection: Connection, intent: Intent, *, sent: bool) -> bool:
        now = self._now(connection)
        taken = connection.execute(
            select(INTENTS.c.taken.is_not(None)).where(*_MINE), self._mine(intent)
        ).scalar_one_or_none()
        if taken is None:
            return False
        values: dict[str, Any] = {"state": "unknown", "updated": now, "lease": now}
        if not taken:
            values["completable"] = False
            if not sent:
                values |= {"state": "settled", "outcome": written({"cancelled": True}), "private": "{}"}
        connection.execute(update(INTENTS).where(INTENTS.c.id == intent.id).values(values))
        return True

    def _flush_given_up(self) -> None:
        """Write pending changes of intents that were given up."""
        for intent, sent in tuple(self._given_up.values()):
            with suppress(JournalFailed):
                self.give_up(intent, sent=sent)

    def claimed(self, iris: Iterable[str], but: Intent | None = None) -> frozenset[str]:
        """Return the reservations that are claimed, except by the given intent."""
        wanted = sorted(set(iris))
        if not wanted:
            return frozenset()
        claims = select(CLAIMS.c.iri).where(CLAIMS.c.account == self._account, CLAIMS.c.iri.in_(wanted))
        if but is not None:
            claims = claims.where(CLAIMS.c.intent != but.id)
        with self._reading() as connection:
            return frozenset(row.iri for row in connection.execute(claims))

    def claim(self, intent: Intent, iris: Iterable[str], wait: float | None = None) -> frozenset[str]:
        """Claim reservations for an intent; return those that belong to it now."""
        with self._transaction(wait, lasting=False) as connection:  # the outcome, which follows, is durable
            rows = self._claims(intent, iris, self._now(connection))
            # results that an answer has just named are rarely claimed by others; psycopg logs it where they are
            if not rows or (self._is_lite and _inserted(connection, rows)):
                return frozenset(row["iri"] for row in rows)
            return self._claim(connection, intent, rows)

    def _claim(
        self, connection: Connection, intent: Intent, rows: Sequence[Mapping[str, Any]]
    ) -> frozenset[str]:
        if not rows:
            return frozenset()
        asked = {"account": self._account, "iris": [row["iri"] for row in rows]}
        held = {row.iri: row.intent for row in connection.execute(_HOLDERS, asked)}
        missing = [row for row in rows if row["iri"] not in held]
        if missing and _inserted(connection, missing):
            held.update((row["iri"], intent.id) for row in missing)
        elif missing:  # another process has claimed one in between
            for row in missing:
                _inserted(connection, [row])
            held = {row.iri: row.intent for row in connection.execute(_HOLDERS, asked)}
        return frozenset(iri for iri, holder in held.items() if holder == intent.id)

    def _claims(self, intent: Intent, iris: Iterable[str], now: float) -> list[dict[str, Any]]:
        """Return the rows of claims, in one order, so that two processes never wait for each other."""
        return [
            {"account": self._account, "iri": iri, "intent": intent.id, "created": now}
            for iri in sorted(set(iris))
        ]

    def competing(self, intent: Intent, *, with_dormant: bool = False) -> list[Intent]:
        """See `IntentLog`."""
        with self._reading() as connection:
            is_wanted = INTENTS.c.state != "settled"
            if with_dormant:
                is_wanted |= _ended_since(intent)
            rows = connection.execute(
                select(INTENTS).where(is_wanted, *self._sharing(intent)).order_by(INTENTS.c.id)
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
                select(INTENTS.c.id).where(INTENTS.c.sent.is_not(None), *self._sharing(intent)).limit(1)
            ).first()
            return found is not None

    def in_doubt(self, intent: Intent, *, same_reference: bool = False) -> frozenset[str]:
        """Return the keys for which another intent of this kind may have a result."""
        conditions: list[ColumnElement[bool]] = [INTENTS.c.sent.is_not(None)]
        if same_reference:
            conditions.append(INTENTS.c.reference == intent.reference)
        return self._keys_of_others(
            intent, lambda keys, _, outcome: keys_in_doubt(keys, outcome), *conditions
        )

    def reported_failed(self, intent: Intent) -> frozenset[str]:
        """Return the keys that another intent of this kind reported as failed."""
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
                select(INTENTS.c.id, INTENTS.c.details, INTENTS.c.outcome).where(
                    *self._sharing(intent), *conditions
                )
            ).all()
            subjects = connection.execute(
                select(SUBJECTS.c.intent, SUBJECTS.c.subject).where(
                    SUBJECTS.c.intent.in_([other.id for other in others])
                )
            ).all()
        shared: defaultdict[str, list[str]] = defaultdict(list)
        for row in subjects:
            shared[row.intent] += keys.get(row.subject, ())
        found = (
            chosen(shared[other.id], stored(other.details, other.id), outcome_of(other.outcome, other.id))
            for other in others
        )
        return frozenset[str]().union(*found)

    def take(self, intent_id: str) -> Intent | None:
        """Take over one abandoned intent; None if a process works on it, or if it is settled or missing."""
        return next(iter(self._take_over(INTENTS.c.id == intent_id).taken), None)

    def take_over(self, spare: Iterable[str] = ()) -> Takeover:
        """Take over all abandoned intents, and list those of others in the same transaction."""
        self._flush_given_up()
        return self._take_over(INTENTS.c.id.not_in(tuple(spare)))

    def _take_over(self, condition: Any) -> Takeover:
        taken: list[Intent] = []
        under_way: list[Intent] = []
        with self._transaction() as connection:
            now = self._now(connection)
            rows = connection.execute(
                select(INTENTS)
                .where(INTENTS.c.account == self._account, INTENTS.c.state != "settled", condition)
                .order_by(INTENTS.c.created, INTENTS.c.id)
                .with_for_update()
            ).all()
            for row in rows:
                intent = self._intent(connection, row, now)
                if self._alive(row, now):
                    if row.taken is not None and row.owner != str(self._owner):
                        under_way.append(intent)
                    continue
                connection.execute(
                    update(INTENTS)
                    .where(INTENTS.c.id == row.id)
                    .values(
                        owner=str(self._owner),
                        state="reconciling",
                        epoch=row.epoch + 1,
                        updated=now,
                        taken=now,
                        lease=now + self._lease,
                    )
                )
                # it is active before others can see that it belongs to this process
                ACTIVE.add(row.id)
                taken.append(evolve(intent, state="reconciling", epoch=row.epoch + 1))
        return Takeover(tuple(taken), tuple(under_way))

    def _mine(self, intent: Intent) -> dict[str, Any]:
        """Return the values of `_MINE` for an intent."""
        return {"mine": intent.id, "owned_by": str(self._owner), "in_epoch": intent.epoch}

    def _sharing(self, intent: Intent) -> tuple[Any, ...]:
        keys = sorted({key[:200] for key in intent.keys})
        return (
            INTENTS.c.account == self._account,
            INTENTS.c.kind == intent.kind,
            INTENTS.c.id != intent.id,
            INTENTS.c.id.in_(select(SUBJECTS.c.intent).where(SUBJECTS.c.subject.in_(keys))),
        )


def _inserted(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Insert claims; False, and nothing is inserted, if one of the reservations is claimed already."""
    try:
        with connection.begin_nested():
            connection.execute(_ADD_CLAIMS, rows)
    except IntegrityError:
        return False
    return True


def _ended_since(intent: Intent) -> ColumnElement[bool]:
    """Return the condition of sent intents whose last change is later than shortly before this one began."""
    begun = select(INTENTS.c.created).where(INTENTS.c.id == intent.id).scalar_subquery()
    return INTENTS.c.sent.is_not(None) & (INTENTS.c.updated >= begun - _LAG_SECONDS)


def _may_have_left_something(row: Row[Any]) -> bool:
    """Return True for an intent that is open, or whose outcome may be incomplete."""
    return row.state != "settled" or may_hide_results(outcome_of(row.outcome, row.id) or {})
