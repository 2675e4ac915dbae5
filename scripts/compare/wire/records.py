"""Records of the comparison: one for each change, and all together.

A record is plain values, so that it can be written as JSON as it is. Nothing here finds changes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve, frozen

from scripts.compare.wire.rules import LEVELS, Direction, Level
from scripts.compare.wire.shapes import token
from scripts.descriptions.pointers import unescape

if TYPE_CHECKING:
    from scripts.descriptions.source import Source
    from scripts.descriptions.values import Json

__all__ = ["Comparison", "Record", "Where", "Witness", "fingerprint"]


@frozen
class Where:
    """The place of a change.

    Attributes:
        method: The HTTP method of the first operation concerned, in capitals; ``None`` where it is none's.
        path: The path of that operation, the webhook's name, or the callback's name and expression.
        old_pointer: JSON Pointer into the former document (behind a file's name and ``#`` where it is another
            file); ``None`` where there is nothing to point at.
        new_pointer: The same into the present document.
        location: The place in words: the part of the operation, and the way through the schemas by their names.
        old_line: The file and line in the former document, as ``file:line``, where it was read from a file.
        new_line: The same in the present one.
    """

    method: str | None
    path: str | None
    old_pointer: str | None
    new_pointer: str | None
    location: str
    old_line: str | None = None
    new_line: str | None = None


@frozen
class Witness:
    """A value that shows a change of a schema, checked against both schemas by a JSON Schema validator.

    Attributes:
        found: Whether there is one.
        value: The value. For requests it was accepted and is refused now; for responses it can be sent now and
            could not before.
        old_pointer: The former schema that it was checked against.
        new_pointer: The present one.
        reason: Why there is none.
    """

    found: bool
    value: Json = None
    old_pointer: str | None = None
    new_pointer: str | None = None
    reason: str | None = None


@frozen
class Record:
    """One change.

    Attributes:
        id: The rule that reports it.
        where: Its place.
        direction: ``request`` for what callers send (and for what concerns the call as a whole: operations, servers,
            security, names, texts), ``response`` for what the API sends, callbacks and webhooks included.
        level: What it means on the wire.
        old: The former value, ``None`` where there was none.
        new: The present value, ``None`` where there is none.
        message: One sentence.
        fingerprint: The same for the same change, however the documents are ordered.
        operations: All operations that it reaches, as ``METHOD path``.
        witness: For changes of schemas.
        accepted: Why somebody accepts it, if somebody does.
    """

    id: str
    where: Where
    direction: Direction
    level: Level
    old: Json
    new: Json
    message: str
    fingerprint: str
    operations: tuple[str, ...] = ()
    witness: Witness | None = None
    accepted: str | None = None

    @property
    def parameter(self) -> str | None:
        """The parameter that it is about, as on the wire."""
        _, found, rest = self.where.location.partition(" parameter ")
        return rest.partition(" ")[0] if found else None

    @property
    def key(self) -> str | None:
        """The property that it is about, as on the wire."""
        for pointer in (self.where.old_pointer, self.where.new_pointer):
            parts = (pointer or "").split("/")
            if len(parts) > 1 and parts[-2] == "properties":
                return unescape(parts[-1])
        return None

    def as_json(self) -> dict[str, Any]:
        """Return the record as plain values, the keys in snake case."""
        return {**asdict(self), "operations": list(self.operations)}


@frozen
class Comparison:
    """Result of comparing two documents.

    Attributes:
        old: The former document: its file or version.
        new: The present one.
        changes: The changes, the worst first.
    """

    old: str
    new: str
    changes: tuple[Record, ...]

    def count(self, level: Level) -> int:
        """Count the changes of a level that are not accepted."""
        return sum(record.level == level and record.accepted is None for record in self.changes)

    @property
    def worst(self) -> Level | None:
        """The worst level among the changes; ``None`` where there are none."""
        return next((level for level in LEVELS if self.count(level)), None)

    def located(self, old: Source, new: Source) -> Comparison:
        """Return the comparison with the lines of both files in each record."""
        return evolve(
            self,
            changes=tuple(
                evolve(
                    record,
                    where=evolve(
                        record.where,
                        old_line=_line(old, record.where.old_pointer),
                        new_line=_line(new, record.where.new_pointer),
                    ),
                )
                for record in self.changes
            ),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as plain values."""
        return {
            "old": self.old,
            "new": self.new,
            "summary": {level: self.count(level) for level in LEVELS},
            "changes": [record.as_json() for record in self.changes],
        }


def _line(document: Source, pointer: str | None) -> str | None:
    found = document.line(pointer) if pointer is not None else None
    return f"{found[0]}:{found[1]}" if found else None


def fingerprint(*parts: Json) -> str:
    """Return a short key of a change from names and values, without positions, so that order does not matter."""
    return hashlib.sha256(token(list(parts)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
