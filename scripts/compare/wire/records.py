"""Records of the comparison, one for each change.

A record has only plain values, which JSON supports.
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
    """Place of a change.

    Attributes:
        method: The HTTP method of the first affected operation, in capitals, or None.
        path: The path of that operation, the webhook's name, or the callback's name and expression.
        old_pointer: JSON Pointer into the old document, after a file name and ``#`` if it is another file, or None.
        new_pointer: The same into the new document.
        location: The place in words: the part of the operation, and the names of the schemas on the way.
        old_line: The place in the old document as ``file:line``, if it was read from a file.
        new_line: The same in the new document.
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
    """Value that shows a change of a schema, checked with both schemas by a JSON Schema validator.

    Attributes:
        found: True if there is one.
        value: The value. In requests it was accepted and is rejected now; in responses it is possible now and was
            impossible before.
        old_pointer: The old schema.
        new_pointer: The new schema.
        reason: The reason for its absence.
    """

    found: bool
    value: Json = None
    old_pointer: str | None = None
    new_pointer: str | None = None
    reason: str | None = None


@frozen
class Record:
    """Change.

    Attributes:
        id: The rule.
        where: The place.
        direction: ``request`` for values that clients send and for whole calls (operations, servers, security, names,
            texts), ``response`` for values that the API sends, including callbacks and webhooks.
        level: The effect on the wire.
        old: The old value, or None.
        new: The new value, or None.
        message: One sentence.
        fingerprint: The key of the change, independent of the order in the documents.
        operations: All affected operations, as ``METHOD path``.
        witness: An example, for changes of schemas.
        accepted: The reason why the change is accepted, or None.
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
        """The name of the changed parameter on the wire."""
        _, found, rest = self.where.location.partition(" parameter ")
        return rest.partition(" ")[0] if found else None

    @property
    def key(self) -> str | None:
        """The name of the changed property on the wire."""
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
        old: The file or version of the old document.
        new: The file or version of the new document.
        changes: The changes, breaking ones first.
    """

    old: str
    new: str
    changes: tuple[Record, ...]

    def count(self, level: Level) -> int:
        """Count the changes of a level that are not accepted."""
        return sum(record.level == level and record.accepted is None for record in self.changes)

    @property
    def worst(self) -> Level | None:
        """The worst level of the changes, or None."""
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
    """Return a short key of a change from names and values, without positions."""
    return hashlib.sha256(token(list(parts)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
