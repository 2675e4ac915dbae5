"""Feed of changes: reading, named consumers, replay, JSON lines and CSV."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from attrs import frozen
from sqlalchemy import delete, func, insert, select

from korus._core.values import is_count, readable_json
from korus._mirror.content import KINDS
from korus._mirror.database import moment
from korus.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import IO

    from korus._mirror.content import KindName
    from korus._mirror.database import Database

__all__ = ["Change", "Feed", "Operation", "replay", "write_csv", "write_json_lines"]

Operation: TypeAlias = Literal["added", "changed", "removed"]

_CSV_COLUMNS: Final = (
    "seq",
    "at",
    "sweep",
    "op",
    "kind",
    "iri",
    "catalog",
    "parent",
    "fields",
    "before",
    "after",
)
# a spreadsheet would treat these as formulas
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


@frozen
class Change:
    """An entry of the feed.

    Attributes:
        seq: Its number, without gaps, in the order of the changes.
        sweep: The number of the sweep that found it.
        op: ``added``, ``changed`` or ``removed``.
        kind: ``catalog``, ``product_base``, ``option``, ``option_value``, ``product``, ``offer`` or ``session``.
        iri: The IRI of the object.
        catalog: The catalogue's IRI.
        parent: The IRI that it is listed under.
        fields: The keys that changed; empty if the object was added or removed.
        before: The content before: of a removed object all fields, of a changed one the changed fields. A field that
            did not exist is absent. None if the object was added.
        after: The content after, likewise. None if the object was removed.
        at: The time at which the sweep found it, as ISO 8601 in UTC.
    """

    seq: int
    sweep: int
    op: Operation
    kind: KindName
    iri: str
    catalog: str
    parent: str
    fields: tuple[str, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    at: str

    def to_dict(self) -> dict[str, Any]:
        """Return the change as plain JSON."""
        return {
            "seq": self.seq,
            "at": self.at,
            "sweep": self.sweep,
            "op": self.op,
            "kind": self.kind,
            "iri": self.iri,
            "catalog": self.catalog,
            "parent": self.parent,
            "fields": list(self.fields),
            "before": None if self.before is None else dict(self.before),
            "after": None if self.after is None else dict(self.after),
        }


class Feed:
    """Reads the changes of a mirror."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changes = database.tables.changes
        self._consumers = database.tables.consumers

    def read(
        self, since: int = 0, limit: int | None = None, *, kinds: Iterable[KindName] | None = None
    ) -> tuple[Change, ...]:
        """Return the changes after a number, oldest first."""
        if since != 0 and not is_count(since):
            raise InvalidArgument(f"`since` must be a number of a change, from 0 on, got {since!r}.")
        if limit is not None and not is_count(limit):
            raise InvalidArgument(f"`limit` must be at least 1, got {limit!r}.")
        table = self._changes
        wanted = select(table).where(table.c.seq > since).order_by(table.c.seq).limit(limit)
        if kinds is not None:
            wanted = wanted.where(table.c.kind.in_(_kinds(kinds)))
        with self._database.reading() as connection:
            return tuple(map(_change, connection.execute(wanted)))

    def last(self) -> int:
        """Return the number of the newest change, 0 if there is none."""
        with self._database.reading() as connection:
            return int(connection.execute(select(func.max(self._changes.c.seq))).scalar() or 0)

    def position(self, consumer: str) -> int:
        """Return the number of the last change that a consumer acknowledged."""
        table = self._consumers
        with self._database.reading() as connection:
            found = connection.execute(
                select(table.c.seq).where(table.c.name == _consumer(consumer))
            ).scalar()
        return int(found or 0)

    def acknowledge(self, consumer: str, seq: int) -> int:
        """Acknowledge all changes up to a number; returns the consumer's position, which never decreases.

        Raises:
            InvalidArgument: There is no change with that number yet.
        """
        table = self._consumers
        name = _consumer(consumer)
        with self._database.writing() as connection:
            last = int(connection.execute(select(func.max(self._changes.c.seq))).scalar() or 0)
            if seq != 0 and not (is_count(seq) and seq <= last):
                raise InvalidArgument(f"`seq` must be the number of a change, at most {last}, got {seq!r}.")
            before = connection.execute(select(table.c.seq).where(table.c.name == name)).scalar()
            now = max(int(before or 0), seq)
            connection.execute(delete(table).where(table.c.name == name))
            connection.execute(
                insert(table).values(name=name, seq=now, updated_at=moment(self._database.now(connection)))
            )
        return now

    def consumers(self) -> dict[str, int]:
        """Return the positions of all consumers."""
        with self._database.reading() as connection:
            rows = connection.execute(select(self._consumers).order_by(self._consumers.c.name))
            return {row.name: int(row.seq) for row in rows}


def _consumer(name: str) -> str:
    if not name or len(name) > 200 or not name.isprintable():  # noqa: PLR2004 (the column's width)
        raise InvalidArgument("`consumer` must be a name of 1 to 200 printable characters.")
    return name


def _kinds(kinds: Iterable[str]) -> list[str]:
    named = [kinds] if isinstance(kinds, str) else list(kinds)
    for kind in named:
        if kind not in KINDS:
            raise InvalidArgument(f"`kinds` must be some of {', '.join(KINDS)}, got {kind!r}.")
    return named


def _change(row: Any) -> Change:
    return Change(
        seq=int(row.seq),
        sweep=row.sweep,
        op=row.op,
        kind=row.kind,
        iri=row.iri,
        catalog=row.catalog,
        parent=row.parent,
        fields=tuple(json.loads(row.fields)),
        before=None if row.before is None else json.loads(row.before),
        after=None if row.after is None else json.loads(row.after),
        at=row.at,
    )


def replay(
    changes: Iterable[Change], onto: dict[str, dict[str, Any]] | None = None
) -> dict[str, dict[str, Any]]:
    """Apply changes to a copy; returns the objects by IRI.

    Args:
        changes: Changes of the feed, in order.
        onto: The result of earlier changes, which is modified; empty by default.
    """
    held = {} if onto is None else onto
    for change in changes:
        if change.op == "removed":
            held.pop(change.iri, None)
            continue
        kept = held.get(change.iri, {}) if change.op == "changed" else {}
        body = {key: value for key, value in kept.items() if key not in change.fields}
        held[change.iri] = {**body, **(change.after or {})}
    return held


def write_json_lines(changes: Iterable[Change], file: IO[str]) -> int:
    """Write changes as JSON lines; returns their number."""
    count = 0
    for change in changes:
        file.write(readable_json(change.to_dict()) + "\n")
        count += 1
    return count


def write_csv(changes: Iterable[Change], file: IO[str]) -> int:
    """Write changes as CSV with headings; returns their number. ``fields``, ``before`` and ``after`` are JSON."""
    table = csv.writer(file, lineterminator="\r\n")
    table.writerow(_CSV_COLUMNS)
    count = 0
    for change in changes:
        said = change.to_dict()
        table.writerow([_cell(said[name]) for name in _CSV_COLUMNS])
        count += 1
    return count


def _cell(value: object) -> str | int:
    if isinstance(value, int):
        return value
    text = "" if value is None else value if isinstance(value, str) else readable_json(value)
    # with an apostrophe a spreadsheet does not calculate it
    return f"'{text}" if text.startswith(_FORMULA) else text
