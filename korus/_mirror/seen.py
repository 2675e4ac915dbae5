"""Writing of what a sweep saw: rows and feed in one transaction, chunk by chunk.

A row has the number of the sweep that saw it last, and no older sweep changes it.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from attrs import evolve, frozen
from sqlalchemy import bindparam, delete, insert, select, update

from korus._mirror.content import columns_of, fields_changed, ticket_rows, written
from korus._mirror.database import moment
from korus._mirror.feed_writer import change_of, write_changes
from korus._mirror.many import among, chunks, is_lite, replace
from korus._mirror.page_records import PageRecord
from korus._mirror.rows import PLACE, bodies_of, places_of, rows_of, within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement, Connection, Table

    from korus._mirror.content import Entry, KindName
    from korus._mirror.database import Database
    from korus._mirror.leases import Lease, Leases
    from korus._mirror.page_records import PageRecords

__all__ = ["Candidate", "Seen"]

_Found: TypeAlias = Literal["places", "iris"] | None
"""The key by which all unchanged rows were found; None if any was not."""

_NOTHING: Final[Mapping[int, Mapping[str, Any]]] = MappingProxyType({})
_TWICE: Final = "something was on two pages"


@frozen
class Candidate:
    """Offer that a sweep did not see."""

    iri: str
    product: str | None
    date: date | None


class Seen:
    """Writes what sweeps saw."""

    def __init__(self, database: Database, leases: Leases, pages: PageRecords) -> None:
        self._database = database
        self._tables = database.tables
        self._offers = database.tables.things["offer"]
        self._leases = leases
        self._pages = pages

    def write(
        self,
        lease: Lease,
        kind: KindName,
        entries: Sequence[Entry],
        *,
        same: Sequence[PageRecord] = (),
        conditions: Mapping[int, Mapping[str, Any]] = _NOTHING,
        pages: Sequence[PageRecord] = (),
        part: str = "",
        position: Mapping[str, Any] | None = None,
        zone: str | None = None,
    ) -> list[PageRecord]:
        """Write what was seen, and the changes that follow, in one transaction.

        Args:
            lease: The sweep's lease.
            kind: The kind of the entries.
            entries: New and changed entries.
            same: Unchanged pages, and the unchanged members of others.
            conditions: For unchanged pages that were sent in full, the values for the next conditional request, by
                page number.
            pages: The records of changed pages.
            part: The list of the pages.
            position: The sweep's position after them.
            zone: The time zone of sessions.

        Returns:
            The unchanged pages whose rows another sweep has changed since. Nothing was written for them.

        Raises:
            ScopeLost: Another worker has taken over; nothing was written.
        """
        table = self._tables.things[kind]
        counts: dict[str, int] = {}
        # without entries there is nothing for the feed
        with self._database.writing(lasting=bool(entries)) as connection:
            now = self._leases.fence(connection, lease, None if position is None else {"position": position})
            marked, stale, found = self._mark_same(connection, lease, part, same, moment(now))
            named = [entry.iri for entry in entries]
            known = rows_of(connection, table, named)
            if len(set(named)) != len(named) or any(row.sweep == lease.sweep for row in known.values()):
                lease.disturb(_TWICE)
            changed = [
                entry
                for entry in {entry.iri: entry for entry in entries}.values()
                if not _is_newer(known.get(entry.iri), lease)
                and (entry.iri not in known or known[entry.iri].digest != entry.digest)
            ]
            self._upsert(
                connection,
                lease,
                kind=kind,
                entries=changed,
                known=known,
                at=moment(now),
                zone=zone,
                counts=counts,
            )
            fresh = {entry.iri for entry in changed}
            seen = [entry.iri for entry in entries if entry.iri in known and entry.iri not in fresh]
            marked += self._mark(connection, table, lease, seen, moment(now))
            counts["unchanged"] = counts.get("unchanged", 0) + marked
            self._keep_pages(connection, lease, part=part, found=found, same=same, pages=pages, now=now)
            self._pages.change(
                connection,
                lease.scope,
                part,
                {number: {**columns, "read": now} for number, columns in conditions.items()},
            )
            self._leases.note_counts(connection, lease, counts)
        for name, number in counts.items():
            lease.count(name, number)
        return stale

    def _upsert(
        self,
        connection: Connection,
        lease: Lease,
        *,
        kind: KindName,
        entries: Sequence[Entry],
        known: Mapping[str, Any],
        at: str,
        zone: str | None,
        counts: dict[str, int],
    ) -> None:
        """Write new and changed rows, their tickets, and their entries in the feed."""
        if not entries:
            return
        table, bodies = self._tables.things[kind], self._tables.bodies
        before = bodies_of(connection, bodies, [entry.iri for entry in entries if entry.iri in known])
        feed: list[dict[str, Any]] = []
        for chunk in chunks(entries):
            new: list[dict[str, Any]] = []
            other: list[dict[str, Any]] = []
            texts: list[dict[str, Any]] = []
            for entry in chunk:
                columns = {
                    **columns_of(kind, entry.body, zone),
                    "catalog": lease.scope.catalog or entry.iri,
                    "parent": entry.parent,
                    "digest": entry.digest,
                    "last_seen": at,
                    "sweep": lease.sweep,
                    "missing": None,
                }
                body = written(entry.body)
                texts.append({"iri": entry.iri, "body": body})
                if entry.iri not in known:
                    new.append({"iri": entry.iri, "first_seen": at, "first_sweep": lease.sweep, **columns})
                    feed.append(change_of("added", kind, entry, columns, after=body))
                    counts["added"] = counts.get("added", 0) + 1
                    continue
                other.append({"of_iri": entry.iri, **columns})
                old = before.get(entry.iri, {})
                fields = fields_changed(old, entry.body)
                if fields or known[entry.iri].parent != entry.parent:
                    was, now = _some(old, fields), _some(entry.body, fields)
                    feed.append(
                        change_of("changed", kind, entry, columns, fields=fields, before=was, after=now)
                    )
                    counts["changed"] = counts.get("changed", 0) + 1
                else:
                    counts["unchanged"] = counts.get("unchanged", 0) + 1
            if new:
                connection.execute(insert(table), new)
            if other:
                connection.execute(update(table).where(table.c.iri == bindparam("of_iri")), other)
            replace(connection, bodies.c.iri, texts)
            if kind == "offer":
                self._write_tickets(connection, lease, chunk)
        write_changes(connection, self._database, lease, feed, at)

    def _write_tickets(self, connection: Connection, lease: Lease, entries: Sequence[Entry]) -> None:
        table = self._tables.offer_tickets
        offers = [entry.iri for entry in entries]
        connection.execute(delete(table).where(among(connection, table.c.offer, offers)))
        rows = {
            row["iri"]: row
            for entry in entries
            for row in ticket_rows(entry.iri, lease.scope.catalog or "", entry.body)
        }
        # a ticket in two offers belongs to the one that was written last
        replace(connection, table.c.iri, list(rows.values()))

    def _mark(self, connection: Connection, table: Table, lease: Lease, iris: Sequence[str], at: str) -> int:
        """Mark rows as seen; returns the number of existing ones."""
        seen = 0
        for chunk in chunks(iris):
            marked = connection.execute(
                update(table)
                .where(among(connection, table.c.iri, chunk), table.c.sweep <= lease.sweep)
                .values(last_seen=at, sweep=lease.sweep, missing=None)
            )
            seen += marked.rowcount
        return seen

    def _keep_pages(
        self,
        connection: Connection,
        lease: Lease,
        *,
        part: str,
        found: _Found,
        same: Sequence[PageRecord],
        pages: Sequence[PageRecord],
        now: float,
    ) -> None:
        """Write the records of pages, with the places of their rows if these were unknown or have changed."""
        renew = found == "iris" and is_lite(connection)
        if renew:  # those that are kept are wrong
            pages = [evolve(page, places=None) for page in pages]
        moved = same if renew else ()
        without_places = [*moved, *(page for page in pages if page.places is None)]
        found_at = places_of(connection, self._offers, [iri for page in without_places for iri in page.iris])

        def places(page: PageRecord) -> str | None:
            at = [found_at.get(iri) for iri in page.iris]
            return None if None in at else json.dumps(at)

        self._pages.change(
            connection, lease.scope, part, {page.number: {"places": places(page)} for page in moved}
        )
        placed = [evolve(page, places=page.places or places(page)) for page in pages]
        self._pages.keep(connection, lease.scope, part, placed, now)

    def _mark_same(
        self,
        connection: Connection,
        lease: Lease,
        part: str,
        pages: Sequence[PageRecord],
        at: str,
    ) -> tuple[int, list[PageRecord], _Found]:
        """Mark the rows of unchanged pages as seen.

        Rows are found by their places first, which takes half the time, and by their IRIs if any row has moved.

        Returns:
            The number of rows, the pages with other rows than expected, and the key by which all rows were found.
        """
        count = sum(page.count for page in pages)
        if not count:
            return 0, [], "places"
        if is_lite(connection) and all(page.places is not None for page in pages):
            attempt = connection.begin_nested()
            keys, digests = (
                self._pages.listed(column, lease.scope, part, pages) for column in ("places", "digests")
            )
            if (
                self._mark_where(connection, lease, at, PLACE.in_(keys), self._offers.c.digest.in_(digests))
                == count
            ):
                attempt.commit()
                return count, [], "places"
            attempt.rollback()
        attempt = connection.begin_nested()
        pairs = [pair for page in pages for pair in page.pairs()]
        if self._mark_pairs(connection, lease, pairs, at) == count:
            attempt.commit()
            return count, [], "iris"
        attempt.rollback()
        stale, marked = list[PageRecord](), 0
        for page in pages:
            pairs = page.pairs()
            rows = rows_of(connection, self._offers, [iri for iri, _ in pairs])
            if any(iri not in rows or rows[iri].digest != digest for iri, digest in pairs):
                stale.append(page)
                continue
            if len(rows) < len(pairs) or any(row.sweep == lease.sweep for row in rows.values()):
                lease.disturb(_TWICE)
            marked += self._mark_pairs(connection, lease, pairs, at)
        return marked, stale, None

    def _mark_pairs(
        self, connection: Connection, lease: Lease, pairs: Sequence[tuple[str, str]], at: str
    ) -> int:
        """Mark rows as seen if their digests are the expected ones; returns their number."""
        seen = 0
        for chunk in chunks(pairs):
            iris, digests = zip(*chunk, strict=True)
            by_iri, as_it_was = (
                among(connection, self._offers.c.iri, iris),
                among(connection, self._offers.c.digest, digests),
            )
            seen += self._mark_where(connection, lease, at, by_iri, as_it_was)
        return seen

    def _mark_where(self, connection: Connection, lease: Lease, at: str, *where: ColumnElement[bool]) -> int:
        """Mark rows as seen that this sweep has not seen before; returns their number.

        Rows are found by a key and a digest. A digest belongs to one object only, since it includes the IRI, so a row
        that has moved is not marked by mistake.
        """
        marked = connection.execute(
            update(self._offers)
            .where(*where, self._offers.c.sweep < lease.sweep)
            .values(last_seen=at, sweep=lease.sweep, missing=None)
        )
        return marked.rowcount

    def offers(self, lease: Lease, product: str, after: date | None, before: date | None) -> set[str]:
        """Return offers of a product that the sweep saw, between two days."""
        offers = self._offers
        where = [offers.c.product == product, offers.c.sweep == lease.sweep]
        if after is not None:
            where.append(offers.c.date >= after)
        if before is not None:
            where.append(offers.c.date <= before)
        with self._database.reading() as connection:
            return set(connection.execute(select(offers.c.iri).where(*where)).scalars())

    def any_offer(self, lease: Lease) -> Candidate | None:
        """Return an offer with a product and a day that the sweep saw, or None."""
        offers = self._tables.things["offer"]
        with self._database.reading() as connection:
            row = connection.execute(
                select(offers.c.iri, offers.c.product, offers.c.date)
                .where(
                    offers.c.catalog == lease.scope.catalog,
                    offers.c.sweep == lease.sweep,
                    offers.c.product.is_not(None),
                    offers.c.date.is_not(None),
                )
                .limit(1)
            ).first()
        return None if row is None else Candidate(row.iri, row.product, row.date)

    def tickets_with_sessions(self, lease: Lease, after: str, limit: int) -> list[tuple[str, str | None]]:
        """Return offer tickets of the scope that need a session, from an IRI on, with the time zone of their venue."""
        tickets, offers = self._tables.offer_tickets, self._tables.things["offer"]
        products, bases = self._tables.things["product"], self._tables.things["product_base"]
        with self._database.reading() as connection:
            rows = connection.execute(
                select(tickets.c.iri, bases.c.timezone)
                .join(offers, offers.c.iri == tickets.c.offer)
                .outerjoin(products, products.c.iri == offers.c.product)
                .outerjoin(bases, bases.c.iri == products.c.parent)
                .where(
                    *within(self._tables, "offer", lease.scope),
                    offers.c.sweep == lease.sweep,
                    tickets.c.date_access.is_(False),
                    tickets.c.iri > after,
                )
                .order_by(tickets.c.iri)
                .limit(limit)
            )
            return [(row.iri, row.timezone) for row in rows]

    def write_live(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store live prices and availability."""
        table = self._tables.live
        with self._database.writing() as connection:
            at = moment(self._database.now(connection))
            for chunk in chunks(rows):
                connection.execute(delete(table).where(table.c.offer.in_([row["offer"] for row in chunk])))
                connection.execute(
                    insert(table),
                    [{**row, "sessions": json.dumps(row["sessions"]), "at": at} for row in chunk],
                )


def _some(body: Mapping[str, Any], fields: Sequence[str]) -> str:
    return written({name: body[name] for name in fields if name in body})


def _is_newer(row: Any, lease: Lease) -> bool:
    return row is not None and row.sweep > lease.sweep
