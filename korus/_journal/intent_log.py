"""The intent log: a write-ahead log of booking requests in flight, and ownership of the reservations they create.

The API has no idempotency key. So before a hold or an order is sent, an *intent* is written to the log; once its
outcome is known, that is written too, together with a *claim* on each reservation that came of it. When an answer is
lost, the results that exist at the API are compared with the intents in flight and with the claims, so that no process
takes the result of another.

Each change of an intent's state is a compare-and-set on its owner and epoch. An operation that returns False, None or
nothing because another process has taken the intent over means that the caller must begin no further request.

`IntentLog` is the protocol; `MemoryIntentLog` serves the threads and tasks of one process. `korus._journal.sql_store`
keeps the same in a database, for several processes and across crashes. No I/O here.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol
from uuid import uuid4

from attrs import define, evolve, field, frozen

from korus._core.raw_json import json_object, objects
from korus._journal.process import ACTIVE
from korus.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = [
    "Intent",
    "IntentLog",
    "MemoryIntentLog",
    "State",
    "TakenOver",
    "Takeover",
    "counted",
    "digest_of",
    "keys_in_doubt",
    "keys_reported_failed",
    "may_hide_results",
    "new_intent",
]

Kind = Literal["hold", "order"]
State = Literal["intended", "sending", "reconciling", "unknown", "settled"]
"""``intended``: written down, nothing sent. ``sending``: a request may be on its way. ``reconciling``: an answer was
lost and the API is being asked. ``unknown``: asking did not settle it and nobody is asking now. ``settled``: its
outcome is known."""

VERSION: Final = 2
_READABLE_VERSIONS: Final = (1, VERSION)
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_MOST_CLAIMS: Final = 100_000
_MOST_ENDED: Final = 100
ALIVE_STATES: Final = frozenset({"intended", "sending", "reconciling"})


@frozen
class Intent:
    """A bulk call in flight.

    Attributes:
        id: Unique.
        kind: ``hold`` or ``order``.
        keys: One text for each line: for an order the reservations' IRIs, for a hold a digest of the line's request.
            Equal lines have equal keys.
        details: Plain JSON, from which its outcome can be found.
        private: Plain JSON that is also needed to repeat it, for example the customer; forgotten as soon as the intent
            is settled.
        reference: The caller's external reference, if there is one.
        state: Its state.
        outcome: Plain JSON with its outcome, once settled.
        epoch: The number of its owners so far; with the owner it fences each change of state.
        sent: True if a request for it may have gone out.
        completable: True if `recover` may order what is missing: no outcome was reported, and it was not given up.
        age: Seconds since its last change, by the log's clock, when it was read; 0 for one that was just made.
    """

    id: str
    kind: Kind
    keys: tuple[str, ...]
    details: Mapping[str, Any] = field(repr=False)
    private: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    reference: str | None = None
    state: State = "intended"
    outcome: Mapping[str, Any] | None = field(default=None, repr=False)
    epoch: int = 1
    sent: bool = False
    completable: bool = True
    age: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the value of `korus.errors.OutcomeUnknown.intent`: plain JSON, without anything private."""
        return {
            "version": VERSION,
            "id": self.id,
            "kind": self.kind,
            "reference": self.reference,
            "subjects": list(self.keys),
            **self.details,
        }

    @classmethod
    def from_dict(cls, stored: object, kind: Kind) -> Intent:
        """Read what `to_dict` wrote.

        Raises:
            InvalidArgument: It is something else, or an intent of another kind or version.
        """
        source: Mapping[str, Any] = json_object(stored) or {}
        if source.get("version") not in _READABLE_VERSIONS or source.get("kind") != kind:
            raise InvalidArgument(f"not an unknown {kind}: give the OutcomeUnknown, or its intent as it was")
        known = {"version", "id", "kind", "reference", "subjects"}
        try:
            return cls(
                id=str(source["id"]),
                kind=kind,
                keys=tuple(map(str, source["subjects"])),
                details={key: value for key, value in source.items() if key not in known},
                reference=source["reference"],
                state="unknown",
                sent=True,
                completable=False,
            )
        except (KeyError, TypeError) as cause:
            raise InvalidArgument(f"not an unknown {kind}: {type(cause).__name__}") from None


def new_intent(
    kind: Kind,
    keys: Iterable[str],
    details: Mapping[str, Any],
    private: Mapping[str, Any] | None = None,
    reference: str | None = None,
) -> Intent:
    """Build a new intent."""
    return Intent(str(uuid4()), kind, tuple(keys), details, private or {}, reference)


def digest_of(value: object) -> str:
    """Return a short digest of a JSON value, the same on any machine."""
    return hashlib.sha256(_CANONICAL.encode(value).encode()).hexdigest()[:32]


def keys_in_doubt(keys: Iterable[str], outcome: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the keys of a sent order for which its outcome does not exclude an order.

    Args:
        keys: The intent's keys.
        outcome: Its outcome; None if it is not settled.
    """
    if outcome is None:
        return frozenset(keys)
    if (
        "lines" not in outcome and "forgotten" not in outcome
    ):  # refused as a whole, or cancelled before it was sent
        return frozenset()
    return frozenset(keys) - _failed_in(outcome)


def may_hide_results(outcome: Mapping[str, Any]) -> bool:
    """Return True if more may exist than the outcome of a hold has.

    A request that was refused as a whole may have been processed before, because a proxy sent it twice; a line that
    failed may be held all the same, if its answer was lost or is wrong.
    """
    lines = [json_object(line) or {} for line in objects(outcome, "lines")]
    return "refused" in outcome or any(line.get("status") == "failed" for line in lines)


def keys_reported_failed(
    keys: Iterable[str], details: Mapping[str, Any], outcome: Mapping[str, Any] | None
) -> frozenset[str]:
    """Return the keys of an order that were reported as failed, which its caller may have booked otherwise since.

    Args:
        keys: The intent's keys.
        details: Its details, with the failed lines beside the unknown ones.
        outcome: Its outcome; None if it is not settled.
    """
    if outcome is not None and "refused" in outcome:
        return frozenset(keys)
    return frozenset(keys) & (_failed_in(outcome or {}) | {*(details.get("failed") or ())})


def _failed_in(outcome: Mapping[str, Any]) -> set[Any]:
    """Return the reservations of an order's lines that failed."""
    lines = [json_object(line) or {} for line in objects(outcome, "lines")]
    return {line.get("reservation") for line in lines if line.get("status") == "failed"}


def counted(intent: Intent, outcome: Mapping[str, Any] | None) -> dict[str, int]:
    """Count the lines of an intent by their results: ``succeeded`` and ``failed``, or ``refused`` for all of them.

    Args:
        intent: The intent.
        outcome: Its outcome; None if it is not settled.
    """
    if outcome is None:
        return {}
    if "refused" in outcome:
        return {"refused": len(intent.keys)}
    return dict(
        Counter(str(line.get("status")) for line in map(json_object, objects(outcome, "lines")) if line)
    )


@frozen
class Takeover:
    """Result of `IntentLog.take_over`, from one transaction.

    Attributes:
        taken: Abandoned intents, which belong to the caller now.
        under_way: Intents that other processes have taken over and are working on.
    """

    taken: tuple[Intent, ...]
    under_way: tuple[Intent, ...]


class TakenOver(Exception):
    """Another process has taken the intent over; no further request may begin."""


class IntentLog(Protocol):
    """Storage of intents and claims. Every method is atomic, also between processes.

    ``wait`` limits the seconds that a method waits for a lock; None is the log's own limit.
    """

    shared: bool
    """True if all processes that book for the account use this log, so that unclaimed results have no owner."""

    def open(self, intent: Intent, wait: float | None = None) -> None:
        """Write an intent, visible to every process; it is durable when `advance` sets it to sent."""
        ...

    def advance(self, intent: Intent, state: State, wait: float | None = None) -> bool:
        """Set an intent's state and details, and renew its lease; False if it has been taken over or settled."""
        ...

    def settle(
        self, intent: Intent, outcome: Mapping[str, Any], claims: Iterable[str], wait: float | None = None
    ) -> frozenset[str] | None:
        """Write an outcome, claim its results, and forget the private data.

        Returns:
            Those of ``claims`` that belong to this intent now; None if it has been taken over or settled by another.
        """
        ...

    def give_up(self, intent: Intent, *, sent: bool, wait: float | None = None) -> bool:
        """Abandon an intent: it is cancelled if nothing was sent, otherwise unknown and never completed.

        An intent that was taken over from a dead process stays completable.
        """
        ...

    def claimed(self, iris: Iterable[str], but: Intent | None = None) -> frozenset[str]:
        """Return the reservations that are claimed, except by the given intent."""
        ...

    def claim(self, intent: Intent, iris: Iterable[str], wait: float | None = None) -> frozenset[str]:
        """Claim reservations for an intent; return those that belong to it now."""
        ...

    def competing(self, intent: Intent, *, with_dormant: bool = False) -> list[Intent]:
        """Return the other active intents of the same kind that share a key, by id.

        Args:
            intent: The intent.
            with_dormant: True to include abandoned ones, and those that ended since shortly before this one was
                opened and may have a result all the same; their state is ``unknown``.
        """
        ...

    def sent_before(self, intent: Intent) -> bool:
        """Return True if a request may have gone out for another intent of this kind that shares a key."""
        ...

    def in_doubt(self, intent: Intent, *, same_reference: bool = False) -> frozenset[str]:
        """Return the intent's keys for which another one of its kind may have a result.

        A request for it was sent, and no outcome excludes a result.

        Args:
            intent: The intent.
            same_reference: True to look only at others with the same external reference.
        """
        ...

    def reported_failed(self, intent: Intent) -> frozenset[str]:
        """Return the intent's keys that another one of its kind reported as failed."""
        ...

    def take(self, intent_id: str) -> Intent | None:
        """Take over one abandoned intent; None if a process works on it, or if it is settled or missing."""
        ...

    def take_over(self, spare: Iterable[str] = ()) -> Takeover:
        """Take over all abandoned intents, except those to spare.

        An intent is abandoned if its process gave it up or died, or gave no sign of life for its lease.
        """
        ...


@define
class _Entry:
    intent: Intent
    owner: object
    taken: bool = False


def _is_active(_: object, intent: Intent) -> bool:
    return intent.id in ACTIVE


class MemoryIntentLog:
    """An intent log in memory, for the threads and tasks of one process.

    Args:
        shared: True if all that book use this object (simulations and tests); a client's own log is not shared.
        owner: Returns the current owner; by default the same for the whole process.
        alive: Returns True if an owner is still working on an intent; by default if its call has not ended.
    """

    def __init__(
        self,
        *,
        shared: bool = False,
        owner: Callable[[], object] = os.getpid,
        alive: Callable[[object, Intent], bool] | None = None,
    ) -> None:
        self.shared = shared
        self._owner = owner
        self._is_alive = alive or _is_active
        self._start_empty()

    def _start_empty(self) -> None:
        self._pid = os.getpid()
        self._own_lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._by_key: dict[str, set[str]] = {}
        self._claims: dict[str, str] = {}
        self._sent_keys: dict[tuple[str, str], str] = {}
        self._doubts: dict[tuple[str, str], dict[str, str | None]] = {}
        self._failed: dict[tuple[str, str], set[str]] = {}
        self._ended: deque[Intent] = deque(maxlen=_MOST_ENDED)

    @property
    def _lock(self) -> threading.Lock:
        if self._pid != os.getpid():  # in a forked child, intents in flight belong to the parent
            self._start_empty()
        return self._own_lock

    def open(self, intent: Intent, wait: float | None = None) -> None:
        """See `IntentLog`."""
        _ = wait
        with self._lock:
            self._entries[intent.id] = _Entry(intent, self._owner())
            for key in intent.keys:
                self._by_key.setdefault(key, set()).add(intent.id)

    def advance(self, intent: Intent, state: State, wait: float | None = None) -> bool:
        """See `IntentLog`."""
        _ = wait
        with self._lock:
            entry = self._held(intent)
            if entry is None:
                return False
            before = entry.intent
            entry.intent = evolve(
                before,
                state=state,
                details=intent.details,
                sent=before.sent or state == "sending",
                # a caller that got "unknown" decides what happens next, but not a recovery that could not find out
                completable=before.completable and (state != "unknown" or entry.taken),
            )
            if state == "sending":
                self._note_sent(intent)
            self._note_failed(intent, None)
            return True

    def settle(
        self, intent: Intent, outcome: Mapping[str, Any], claims: Iterable[str], wait: float | None = None
    ) -> frozenset[str] | None:
        """See `IntentLog`."""
        _ = wait
        with self._lock:
            entry = self._held(intent)
            if entry is None:
                return None
            if entry.intent.sent and may_hide_results(outcome):
                self._ended.append(evolve(entry.intent, state="unknown"))
            self._clear_doubts(intent, frozenset(intent.keys) - keys_in_doubt(intent.keys, outcome))
            self._note_failed(intent, outcome)
            self._remove(intent)
            return self._claim(intent, claims)

    def give_up(self, intent: Intent, *, sent: bool, wait: float | None = None) -> bool:
        """See `IntentLog`."""
        _ = wait
        with self._lock:
            entry = self._held(intent)
            if entry is None:
                return False
            if entry.taken or sent:
                entry.intent = evolve(
                    entry.intent, state="unknown", completable=entry.intent.completable and entry.taken
                )
            else:
                self._remove(intent)
            return True

    def claimed(self, iris: Iterable[str], but: Intent | None = None) -> frozenset[str]:
        """See `IntentLog`."""
        own = None if but is None else but.id
        with self._lock:
            return frozenset(iri for iri in iris if self._claims.get(iri, own) != own)

    def claim(self, intent: Intent, iris: Iterable[str], wait: float | None = None) -> frozenset[str]:
        """See `IntentLog`."""
        _ = wait
        with self._lock:
            return self._claim(intent, iris)

    def competing(self, intent: Intent, *, with_dormant: bool = False) -> list[Intent]:
        """See `IntentLog`."""
        with self._lock:
            ids = set[str]().union(*(self._by_key.get(key, ()) for key in set(intent.keys))) - {intent.id}
            entries = [self._entries[other] for other in sorted(ids)]
            found = [
                (entry.intent, self._alive(entry)) for entry in entries if entry.intent.kind == intent.kind
            ]
            found += [
                (other, False)
                for other in self._ended
                if other.kind == intent.kind and not {*intent.keys}.isdisjoint(other.keys)
            ]
        return [
            other if is_alive else evolve(other, state="unknown")
            for other, is_alive in found
            if is_alive or with_dormant
        ]

    def sent_before(self, intent: Intent) -> bool:
        """See `IntentLog`."""
        with self._lock:
            return any(
                self._sent_keys.get((intent.kind, key), intent.id) != intent.id for key in set(intent.keys)
            )

    def in_doubt(self, intent: Intent, *, same_reference: bool = False) -> frozenset[str]:
        """See `IntentLog`."""
        with self._lock:
            return frozenset(
                key
                for key in intent.keys
                for other, reference in self._doubts.get((intent.kind, key), {}).items()
                if other != intent.id and (not same_reference or reference == intent.reference)
            )

    def reported_failed(self, intent: Intent) -> frozenset[str]:
        """See `IntentLog`."""
        with self._lock:
            return frozenset(
                key for key in intent.keys if self._failed.get((intent.kind, key), set()) - {intent.id}
            )

    def take(self, intent_id: str) -> Intent | None:
        """See `IntentLog`."""
        with self._lock:
            entry = self._entries.get(intent_id)
            if entry is None or self._alive(entry):
                return None
            return self._take(entry)

    def take_over(self, spare: Iterable[str] = ()) -> Takeover:
        """See `IntentLog`."""
        spared = frozenset(spare)
        taken: list[Intent] = []
        under_way: list[Intent] = []
        with self._lock:
            for entry in list(self._entries.values()):
                if entry.intent.id in spared:
                    continue
                if not self._alive(entry):
                    taken.append(self._take(entry))
                elif entry.taken and entry.owner != self._owner():
                    under_way.append(entry.intent)
        return Takeover(tuple(taken), tuple(under_way))

    def entries(self) -> Sequence[Intent]:
        """Return the intents that are not settled, oldest first."""
        with self._lock:
            return [entry.intent for entry in self._entries.values()]

    def _alive(self, entry: _Entry) -> bool:
        return entry.intent.state in ALIVE_STATES and self._is_alive(entry.owner, entry.intent)

    def _held(self, intent: Intent) -> _Entry | None:
        """Return the entry of an intent if it still belongs to the caller."""
        entry = self._entries.get(intent.id)
        mine = entry is not None and entry.owner == self._owner() and entry.intent.epoch == intent.epoch
        return entry if mine else None

    def _take(self, entry: _Entry) -> Intent:
        before = entry.intent
        entry.intent = evolve(before, state="reconciling", epoch=before.epoch + 1)
        entry.owner, entry.taken = self._owner(), True
        # `sent` distinguishes an intent of which nothing was sent
        return entry.intent

    def _remove(self, intent: Intent) -> None:
        self._entries.pop(intent.id, None)
        for key in intent.keys:
            ids = self._by_key.get(key, set())
            ids.discard(intent.id)
            if not ids:
                self._by_key.pop(key, None)

    def _note_sent(self, intent: Intent) -> None:
        for key in intent.keys:
            # a key keeps the first intent that sent for it, which differs from all later ones
            self._sent_keys.setdefault((intent.kind, key), intent.id)
            self._doubts.setdefault((intent.kind, key), {})[intent.id] = intent.reference
        for known in (self._sent_keys, self._doubts):
            while len(known) > _MOST_CLAIMS:
                del known[next(iter(known))]

    def _note_failed(self, intent: Intent, outcome: Mapping[str, Any] | None) -> None:
        for key in keys_reported_failed(intent.keys, intent.details, outcome):
            self._failed.setdefault((intent.kind, key), set()).add(intent.id)
        while len(self._failed) > _MOST_CLAIMS:
            del self._failed[next(iter(self._failed))]

    def _clear_doubts(self, intent: Intent, keys: Iterable[str]) -> None:
        for key in keys:
            doubts = self._doubts.get((intent.kind, key), {})
            doubts.pop(intent.id, None)
            if not doubts:
                self._doubts.pop((intent.kind, key), None)

    def _claim(self, intent: Intent, claims: Iterable[str]) -> frozenset[str]:
        own = frozenset(iri for iri in claims if self._claims.setdefault(iri, intent.id) == intent.id)
        while len(self._claims) > _MOST_CLAIMS:  # the oldest holds have ended long ago
            del self._claims[next(iter(self._claims))]
        return own
