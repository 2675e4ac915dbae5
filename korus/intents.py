"""What a client is about to do to the API and has not yet seen the end of, and who may lay hands on what.

The API has no idempotency key. So before a hold or an order is sent, an *intent* is written down; once its
outcome is known, that is written down too, together with a *claim* on every reservation that came of it. When
an answer is lost, what the API has made in the meantime is compared with the intents under way and with the
claims, so that nobody adopts what belongs to somebody else.

`Ledger` says what a place for intents can do; `MemoryLedger` is the one every client has, for the threads and
tasks of one process. `korus.journal` keeps the same in a database, for several processes and across crashes.
No I/O here.
"""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol
from uuid import uuid4

from attrs import evolve, field, frozen

from korus.errors import InvalidArgument
from korus.wire import wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Intent", "Ledger", "MemoryLedger", "State", "new_intent", "subject_of"]

Kind = Literal["hold", "order"]
State = Literal["sending", "looking", "unknown", "settled"]
"""``sending``: the request may be on its way. ``looking``: its answer was lost and the API is being asked.
``unknown``: asking did not settle it and nobody is asking now. ``settled``: its outcome is known."""

VERSION: Final = 1
_MOST_CLAIMS: Final = 100_000


@frozen
class Intent:
    """Something about to be done.

    Attributes:
        id: Unique.
        kind: ``hold`` or ``order``.
        subjects: What it is about, one text for each line: for an order the reservations' IRIs, for a hold a
            digest of what each line asks for. Lines alike have the same subject.
        details: Plain JSON with what is needed to find out what became of it.
        private: Plain JSON with what is needed besides to do it again, the customer for example; forgotten as
            soon as the intent is settled.
        reference: The caller's external reference, if there is one.
        state: How far it got.
        outcome: Plain JSON saying what came of it, once settled.
    """

    id: str
    kind: Kind
    subjects: tuple[str, ...]
    details: Mapping[str, Any]
    private: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    reference: str | None = None
    state: State = "sending"
    outcome: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give what `korus.errors.OutcomeUnknown.intent` holds: plain JSON, without anything private."""
        return {
            "version": VERSION,
            "id": self.id,
            "kind": self.kind,
            "reference": self.reference,
            "subjects": list(self.subjects),
            **self.details,
        }

    @classmethod
    def from_dict(cls, stored: object, kind: Kind) -> Intent:
        """Read what `to_dict` wrote.

        Raises:
            InvalidArgument: It is no such thing, or an intent of another kind or version.
        """
        source = wire(stored)
        if source is None or source.get("version") != VERSION or source.get("kind") != kind:
            raise InvalidArgument(f"not an unknown {kind}: give the OutcomeUnknown, or its intent as it was")
        known = {"version", "id", "kind", "reference", "subjects"}
        try:
            return cls(
                id=str(source["id"]),
                kind=kind,
                subjects=tuple(map(str, source["subjects"])),
                details={key: value for key, value in source.items() if key not in known},
                reference=source["reference"],
                state="unknown",
            )
        except (KeyError, TypeError) as cause:
            raise InvalidArgument(f"not an unknown {kind}: {cause!r}") from cause


def new_intent(
    kind: Kind,
    subjects: Iterable[str],
    details: Mapping[str, Any],
    private: Mapping[str, Any] | None = None,
    reference: str | None = None,
) -> Intent:
    """Begin an intent."""
    return Intent(str(uuid4()), kind, tuple(subjects), details, private or {}, reference)


def subject_of(value: object) -> str:
    """Give a short digest of a JSON value, the same on any machine."""
    written = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:32]


class Ledger(Protocol):
    """A place where intents and claims are kept. Every method is atomic, also between processes."""

    def open(self, intent: Intent) -> None:
        """Write an intent down; it is on disk, where there is a disk, when this returns."""
        ...

    def move(self, intent: Intent, state: State) -> bool:
        """Note how far an intent got, and that it is alive; False when it is somebody else's by now."""
        ...

    def settle(self, intent: Intent, outcome: Mapping[str, Any], claims: Iterable[str]) -> frozenset[str]:
        """Note an outcome and claim what came of it; what is private is forgotten.

        Returns:
            Those of ``claims`` that are this intent's now; the others are somebody else's.
        """
        ...

    def claimed(self, iris: Iterable[str], but: Intent | None = None) -> frozenset[str]:
        """Say which of some reservations are claimed by anybody, or by anybody but an intent."""
        ...

    def claim(self, intent: Intent, iris: Iterable[str]) -> frozenset[str]:
        """Claim reservations for an intent; gives those that are its own now."""
        ...

    def rivals(self, intent: Intent) -> list[Intent]:
        """Give the other intents alive, sending or looking, of the same kind that share a subject, by id."""
        ...


class MemoryLedger:
    """A ledger for the threads and tasks of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alive: dict[str, Intent] = {}
        self._claims: dict[str, str] = {}

    def open(self, intent: Intent) -> None:
        """See `Ledger`."""
        with self._lock:
            self._alive[intent.id] = intent

    def move(self, intent: Intent, state: State) -> bool:
        """See `Ledger`."""
        with self._lock:
            if state in {"sending", "looking"}:
                self._alive[intent.id] = evolve(intent, state=state)
            else:
                self._alive.pop(intent.id, None)
            return True

    def settle(self, intent: Intent, outcome: Mapping[str, Any], claims: Iterable[str]) -> frozenset[str]:
        """See `Ledger`."""
        _ = outcome  # whoever asked has it, and nobody else will ask here
        with self._lock:
            self._alive.pop(intent.id, None)
            return self._claim(intent, claims)

    def claimed(self, iris: Iterable[str], but: Intent | None = None) -> frozenset[str]:
        """See `Ledger`."""
        own = None if but is None else but.id
        with self._lock:
            return frozenset(iri for iri in iris if self._claims.get(iri, own) != own)

    def claim(self, intent: Intent, iris: Iterable[str]) -> frozenset[str]:
        """See `Ledger`."""
        with self._lock:
            return self._claim(intent, iris)

    def _claim(self, intent: Intent, iris: Iterable[str]) -> frozenset[str]:
        own = frozenset(iri for iri in iris if self._claims.setdefault(iri, intent.id) == intent.id)
        while len(self._claims) > _MOST_CLAIMS:  # the oldest holds have ended long ago
            del self._claims[next(iter(self._claims))]
        return own

    def rivals(self, intent: Intent) -> list[Intent]:
        """See `Ledger`."""
        mine = set(intent.subjects)
        with self._lock:
            return sorted(
                (
                    other
                    for other in self._alive.values()
                    if other.id != intent.id and other.kind == intent.kind and mine & set(other.subjects)
                ),
                key=lambda other: other.id,
            )
