"""Queries for rows of a mirror's tables: those of a scope, and many by their IRIs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Integer, literal_column, select

from korus._mirror.many import is_lite, rows_among

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Table

    from korus._mirror.content import KindName
    from korus._mirror.schema import Tables
    from korus._mirror.sweeping import Scope

__all__ = ["PLACE", "bodies_of", "places_of", "rows_of", "within"]

PLACE: Final = literal_column("rowid", Integer)
"""The place of a row in SQLite's table, a number; ``VACUUM`` changes all of them."""


def within(tables: Tables, kind: KindName, scope: Scope) -> list[Any]:
    """Return the conditions for the rows of a kind in a scope."""
    table = tables.things[kind]
    where: list[Any] = []
    if scope.catalog is not None:
        where.append(table.c.catalog == scope.catalog)
    if not scope.has_window or kind not in {"offer", "session"}:
        return where
    offers = tables.things["offer"]
    days = [offers.c.date >= scope.after] if scope.after is not None else []
    if scope.before is not None:
        days.append(offers.c.date <= scope.before)
    if kind == "offer":
        return [*where, *days]
    tickets = tables.offer_tickets
    inside = select(tickets.c.iri).join(offers, offers.c.iri == tickets.c.offer)
    # sessions of a ticket that is in no offer any more belong to every window
    left = table.c.parent.not_in(select(tickets.c.iri))
    return [*where, left | table.c.parent.in_(inside.where(offers.c.catalog == scope.catalog, *days))]


def rows_of(connection: Connection, table: Table, iris: Sequence[str]) -> dict[str, Any]:
    """Return the existing ones of many rows, with their digest, sweep and parent."""
    columns = table.c.iri, table.c.digest, table.c.sweep, table.c.parent
    return {row[0]: row for row in rows_among(connection, select(*columns), table.c.iri, iris)}


def places_of(connection: Connection, table: Table, iris: Sequence[str]) -> dict[str, int]:
    """Return the places of the existing ones of many rows; empty if the database has no such numbers."""
    if not is_lite(connection):
        return {}
    rows = rows_among(connection, select(table.c.iri, PLACE).select_from(table), table.c.iri, iris)
    return {row[0]: row[1] for row in rows}


def bodies_of(connection: Connection, bodies: Table, iris: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the stored ones of many objects."""
    rows = rows_among(connection, select(bodies), bodies.c.iri, iris)
    return {row.iri: json.loads(row.body) for row in rows}
