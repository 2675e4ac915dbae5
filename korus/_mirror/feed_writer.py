"""Writing of the feed of changes, and of the price history that follows from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, update

from korus._mirror.content import PERIOD_FIELDS, written
from korus._mirror.many import among, chunks, is_lite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Table

    from korus._mirror.content import Entry, KindName
    from korus._mirror.database import Database
    from korus._mirror.leases import Lease

__all__ = ["change_of", "removal_of", "write_changes"]

_PERIOD_COLUMNS: Final = ("price", "price_minor", "currency", "available")


def write_changes(
    connection: Connection, database: Database, lease: Lease, feed: Sequence[dict[str, Any]], at: str
) -> None:
    """Write changes of things of one kind into the feed, and those of offers into their price history."""
    if not feed:
        return
    first = database.next_numbers(connection, len(feed))
    catalog = lease.scope.catalog
    for chunk in chunks(list(enumerate(feed))):
        connection.execute(
            insert(database.tables.changes),
            [
                {
                    **{name: value for name, value in change.items() if name != "columns"},
                    "seq": first + number,
                    "sweep": lease.sweep,
                    "catalog": catalog or change["catalog"] or change["iri"],
                    "at": at,
                }
                for number, change in chunk
            ],
        )
    if feed[0]["kind"] == "offer":
        _write_periods(connection, database.tables.periods, feed, first, at)


def _write_periods(
    connection: Connection, table: Table, feed: Sequence[dict[str, Any]], first: int, at: str
) -> None:
    """End the periods of offers whose price or stock has changed, and begin new ones."""
    concerned = [
        (first + number, change)
        for number, change in enumerate(feed)
        if change["op"] != "changed" or PERIOD_FIELDS & set(json.loads(change["fields"]))
    ]
    for chunk in chunks(concerned):
        ending = [change["iri"] for _, change in chunk if change["op"] != "added"]
        if ending:
            # the clock may have been set back
            later = func.max if is_lite(connection) else func.greatest
            connection.execute(
                update(table)
                .where(among(connection, table.c.offer, ending), table.c.until.is_(None))
                .values(until=later(table.c.since, at))
            )
        rows = [_period(seq, change, at) for seq, change in chunk if change["op"] != "removed"]
        if rows:
            connection.execute(insert(table), rows)


def change_of(
    op: str,
    kind: KindName,
    entry: Entry,
    columns: Mapping[str, Any],
    *,
    fields: tuple[str, ...] = (),
    before: str | None = None,
    after: str,
) -> dict[str, Any]:
    """Build an entry of the feed.

    Args:
        op: ``added`` or ``changed``.
        kind: The kind of object.
        entry: The object now.
        columns: Its row.
        fields: The changed fields.
        before: The changed fields before, as JSON.
        after: The changed fields now, or the whole object that was added, as JSON.
    """
    return {
        "op": op,
        "kind": kind,
        "iri": entry.iri,
        "parent": entry.parent,
        "catalog": None,
        "fields": json.dumps(fields),
        "before": before,
        "after": after,
        "columns": {name: columns[name] for name in _PERIOD_COLUMNS} if kind == "offer" else None,
    }


def removal_of(kind: KindName, row: Any, before: Mapping[str, Any]) -> dict[str, Any]:
    """Build the feed's entry for a removed row."""
    return {
        "op": "removed",
        "kind": kind,
        "iri": row.iri,
        "parent": row.parent,
        "catalog": row.catalog,
        "fields": "[]",
        "before": written(before),
        "after": None,
    }


def _period(seq: int, change: Mapping[str, Any], at: str) -> dict[str, Any]:
    return {"offer": change["iri"], "seq": seq, "since": at, "until": None, **change["columns"]}
