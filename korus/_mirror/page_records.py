"""Records of the pages that were read, so that the next sweep need not look at those that have not changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy import and_, bindparam, delete, insert, select, update

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from korus._mirror.database import Database
    from korus._mirror.sweeping import Scope

__all__ = ["PageRecord", "PageRecords"]

_CONDITION_SECONDS: Final = 24 * 3600.0
_FORGET_SECONDS: Final = 3 * 24 * 3600.0


@frozen
class PageRecord:
    """A page as it was read the last time.

    Attributes:
        number: Its number.
        query: The query that it was read with, as JSON.
        etag: Its entity tag.
        modified: Its ``Last-Modified``.
        synced: The catalogue's ``lastSyncedAt`` when it was read.
        content: The digest of its bytes.
        iris: What was on it.
        digests: The digests of what was on it.
        quick: The digests of how that was written, as JSON.
        envelope: What it said of itself, as JSON.
        places: The places of the rows of what was on it, as far as they are known; they may be others by now.
        may_ask: True if the server may be asked whether it has changed.
    """

    number: int
    query: str
    etag: str | None
    modified: str | None
    synced: str | None
    content: str
    iris: tuple[str, ...]
    digests: tuple[str, ...]
    quick: str
    envelope: Mapping[str, Any]
    places: tuple[int, ...] | None = None
    may_ask: bool = True

    def known(self) -> dict[str, tuple[str, str | None]]:
        """Return the digests of what was on it, by IRI."""
        quick: list[str | None] = json.loads(self.quick)
        return dict(zip(self.iris, zip(self.digests, quick, strict=True), strict=True))

    def known_places(self) -> Sequence[int | None]:
        """Return the place of the row of each thing that was on it, None where it is unknown."""
        if self.places is None or len(self.places) != len(self.iris):
            return [None] * len(self.iris)
        return self.places


class PageRecords:
    """The records in a mirror's database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.tables.pages

    def known(self, scope: str, part: str, first: int, count: int) -> dict[int, PageRecord]:
        """Return pages as they were read the last time."""
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
                tuple(json.loads(row.digests)),
                row.quick,
                json.loads(row.envelope),
                None if row.places is None else tuple(json.loads(row.places)),
                may_ask=0 <= now - row.read < _CONDITION_SECONDS,
            )
            for row in rows
        }

    def keep(
        self, connection: Connection, scope: Scope, part: str, pages: Sequence[PageRecord], now: float
    ) -> None:
        """Replace the records of pages that were read just now."""
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
                    "digests": json.dumps(page.digests),
                    "quick": page.quick,
                    "envelope": json.dumps(page.envelope),
                    "places": _places(page),
                }
                for page in by_number.values()
            ],
        )

    def keep_places(
        self, connection: Connection, scope: Scope, part: str, pages: Sequence[PageRecord]
    ) -> None:
        """Replace the places of the rows of pages."""
        if not pages:
            return
        table = self._table
        connection.execute(
            update(table).where(
                table.c.scope == scope.name, table.c.part == part, table.c.number == bindparam("of_number")
            ),
            [{"of_number": page.number, "places": _places(page)} for page in pages],
        )

    def forget(self, connection: Connection, now: float) -> None:
        """Forget those of scopes that are read no more, such as "from yesterday on"."""
        connection.execute(delete(self._table).where(self._table.c.read < now - _FORGET_SECONDS))

    def forget_catalogs(self, connection: Connection, catalogs: Sequence[str]) -> None:
        """Forget those of catalogues."""
        connection.execute(delete(self._table).where(self._table.c.catalog.in_(catalogs)))


def _places(page: PageRecord) -> str | None:
    return None if page.places is None else json.dumps(page.places)
