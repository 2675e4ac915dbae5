"""Records of pages, with which the next sweep skips what has not changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from korus._mirror.many import values_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Select

    from korus._mirror.database import Database
    from korus._mirror.sweeping import Scope

__all__ = ["PageRecord", "PageRecords"]

_CONDITION_SECONDS: Final = 24 * 3600.0
_FORGET_SECONDS: Final = 3 * 24 * 3600.0
_MOST_MEMBERS: Final = 1_000_000_000  # no page has so many; a page's number is at most this


@frozen
class PageRecord:
    """Page at the previous sweep.

    Attributes:
        number: Its number.
        query: Its query, as JSON.
        etag: Its entity tag.
        modified: Its ``Last-Modified``.
        synced: The catalogue's ``lastSyncedAt`` when it was read.
        content: The digest of its text.
        iris: The IRIs of its members.
        digests: The digests of its members, as JSON.
        quick: The digests of their texts, as JSON; null where unknown.
        envelope: Its envelope, as JSON.
        places: The places of their rows, as JSON, None if any is unknown; rows may have moved since.
        may_ask: True if the next request may be conditional.
        without: The indexes of members that have changed since.
    """

    number: int
    query: str
    etag: str | None
    modified: str | None
    synced: str | None
    content: str
    iris: tuple[str, ...]
    digests: str
    quick: str
    envelope: Mapping[str, Any]
    places: str | None = None
    may_ask: bool = True
    without: frozenset[int] = frozenset()

    @property
    def count(self) -> int:
        """The number of members that have not changed."""
        return len(self.iris) - len(self.without)

    def by_quick(self) -> dict[str | None, int]:
        """Return the index of each member by the digest of its text."""
        return {quick: index for index, quick in enumerate(json.loads(self.quick))}

    def pairs(self) -> list[tuple[str, str]]:
        """Return the IRI and digest of each member that has not changed."""
        pairs = list(zip(self.iris, json.loads(self.digests), strict=True))
        return [pair for index, pair in enumerate(pairs) if index not in self.without]


class PageRecords:
    """Table of page records."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.tables.pages

    def known(self, scope: str, part: str, first: int, count: int) -> dict[int, PageRecord]:
        """Return the records of some pages."""
        pages = self._table
        with self._database.reading() as connection:
            now = self._database.now(connection)
            rows = connection.execute(
                select(pages).where(
                    pages.c.scope == scope,
                    pages.c.part == part,
                    pages.c.number >= first,
                    pages.c.number < first + count,
                )
            ).all()
        return {
            row.number: PageRecord(
                row.number,
                row.query,
                row.etag,
                row.modified,
                row.synced,
                row.content,
                tuple(json.loads(row.iris)),
                row.digests,
                row.quick,
                json.loads(row.envelope),
                row.places,
                may_ask=0 <= now - row.read < _CONDITION_SECONDS,
            )
            for row in rows
        }

    def keep(
        self, connection: Connection, scope: Scope, part: str, pages: Sequence[PageRecord], now: float
    ) -> None:
        """Replace the records of pages that were just read."""
        if not pages:
            return
        table = self._table
        by_number = {page.number: page for page in pages}
        key = and_(table.c.scope == scope.name, table.c.part == part)
        connection.execute(delete(table).where(key, table.c.number.in_(list(by_number))))
        connection.execute(
            insert(table),
            [
                {
                    "scope": scope.name,
                    "part": part,
                    "number": page.number,
                    "catalog": scope.catalog or "",
                    "query": page.query,
                    "etag": page.etag,
                    "modified": page.modified,
                    "synced": page.synced,
                    "read": now,
                    "content": page.content,
                    "iris": json.dumps(page.iris),
                    "digests": page.digests,
                    "quick": page.quick,
                    "envelope": json.dumps(page.envelope),
                    "places": page.places,
                }
                for page in by_number.values()
            ],
        )

    def change(
        self, connection: Connection, scope: Scope, part: str, values: Mapping[int, Mapping[str, Any]]
    ) -> None:
        """Update columns of records, by page number."""
        if not values:
            return
        table = self._table
        connection.execute(
            update(table).where(
                table.c.scope == scope.name, table.c.part == part, table.c.number == bindparam("of_number")
            ),
            [{"of_number": number, **columns} for number, columns in values.items()],
        )

    def listed(self, column: str, scope: Scope, part: str, pages: Sequence[PageRecord]) -> Select[Any]:
        """Return the query for all elements of a column with JSON arrays, except for changed members. SQLite only."""
        table = self._table
        each = func.json_each(table.c[column]).table_valued("key", "value", joins_implicitly=True)
        numbers = [page.number for page in pages]
        without = [page.number * _MOST_MEMBERS + index for page in pages for index in page.without]
        return select(each.c.value).where(
            table.c.scope == scope.name,
            table.c.part == part,
            table.c.number.in_(values_of(numbers)),
            (table.c.number * _MOST_MEMBERS + each.c.key).not_in(values_of(without)),
        )

    def forget(self, connection: Connection, now: float) -> None:
        """Delete records of scopes that are no longer read, such as "from yesterday on"."""
        connection.execute(delete(self._table).where(self._table.c.read < now - _FORGET_SECONDS))

    def forget_catalogs(self, connection: Connection, catalogs: Sequence[str]) -> None:
        """Delete the records of catalogues."""
        connection.execute(delete(self._table).where(self._table.c.catalog.in_(catalogs)))
