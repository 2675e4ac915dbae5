"""Statements with many values, split where they would be too large."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ARRAY, Text, any_, delete, func, insert, literal, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Connection, Select

__all__ = ["among", "chunks", "is_lite", "replace", "rows_among", "values_of"]

_CHUNK: Final = 500


def chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """Split a sequence into pieces that fit into a statement."""
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))


def rows_among(
    connection: Connection, wanted: Select[*tuple[Any, ...]], column: Column[str], values: Sequence[str]
) -> list[Any]:
    """Return the rows with one of many values."""
    return [
        row
        for chunk in chunks(values)
        for row in connection.execute(wanted.where(among(connection, column, chunk))).all()
    ]


def among(
    connection: Connection, column: ColumnElement[Any], values: Sequence[str] | Sequence[int]
) -> ColumnElement[bool]:
    """Return the condition that a column has one of many values."""
    # one parameter in place of hundreds: these would take longer to render than to look up
    if connection.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(Text())))
    if not is_lite(connection):
        return column.in_(values)
    return column.in_(values_of(values))


def values_of(values: Sequence[str] | Sequence[int]) -> Select[Any]:
    """Return the query for many values that are one parameter. SQLite only."""
    return select(func.json_each(json.dumps(values)).table_valued("value").c.value)


def replace(connection: Connection, key: Column[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, replacing those with the same primary key."""
    if not rows:
        return
    if is_lite(connection):
        connection.execute(insert(key.table).prefix_with("OR REPLACE"), rows)
        return
    connection.execute(delete(key.table).where(among(connection, key, [row[key.name] for row in rows])))
    connection.execute(insert(key.table), rows)


def is_lite(connection: Connection) -> bool:
    """Return True for SQLite."""
    return connection.dialect.name == "sqlite"
