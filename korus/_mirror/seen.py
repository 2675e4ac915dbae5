"""Entries that a sweep saw: written with the changes that it makes, in one transaction, chunk by chunk.

A row carries the number of the sweep that saw it last, and no older sweep changes it.
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

_Expected: TypeAlias = tuple[str, str, int | None]
"""IRI and digest of what should be as it was, and the place of its row if that is known."""

_NOTHING: Final[Mapping[tuple[str, str], int | None]] = MappingProxyType({})
_TWICE: Final = "something was on two pages"


@frozen
class Candidate:
    """An offer that a sweep did not see."""

    iri: str
    product: str | None
    date: date | None


class Seen:
    """Writes what sweeps saw."""

    def __init__(self, database: Database, leases: Leases, pages: PageRecords) -> None:
        self._database = database
        self._tables = database.tables
        self._leases = leases
        self._pages = pages

    def write(
        self,
        lease: Lease,
        kind: KindName,
        entries: Sequence[Entry],
        *,
        before: Mapping[tuple[str, str], int | None] = _NOTHING,
        same: Sequence[PageRecord] = (),
        pages: Sequence[PageRecord] = (),
        part: str = "",
        position: Mapping[str, Any] | None = None,
        zone: str | None = None,
    ) -> list[PageRecord]:
        """Write what was seen, and the changes that it makes, in one transaction.

        Args:
            lease: The sweep.
            kind: Of what.
            entries: What was read.
            before: IRI and digest of what was on the same pages the last time, with the place of its row.
            same: Pages that have not changed.
            pages: The pages that were read.
            part: The list that they are of.
            position: Where the sweep stands after these.
            zone: The time zone of sessions.

        Returns:
            Those of the pages ``same`` whose rows another sweep has changed since. Nothing was written of them.

        Raises:
            ScopeLost: Another worker has taken over; nothing was written.
        """
        table = self._tables.things[kind]
        counts: dict[str, int] = {}
        # without entries nothing gets into the feed
        with self._database.writing(lasting=bool(entries)) as connection:
            now = self._leases.fence(connection, lease, None if position is None else {"position": position})
            pairs = [(entry.iri, entry.digest) for entry in entries]
            expected = [(*pair, before[pair]) for pair in pairs if pair in before] + _expected(same)
            found = self._mark_expected(connection, table, lease, expected, moment(now))
            doubtful: Sequence[PageRecord] = same
            if found is not None:
                counts["unchanged"] = len(expected)
                entries = [entry for entry, pair in zip(entries, pairs, strict=True) if pair not in before]
                doubtful = ()
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
            counts["unchanged"] = counts.get("unchanged", 0) + self._mark(
                connection, table, lease, seen, moment(now)
            )
            marked, stale = self._mark_same(connection, table, lease, doubtful, moment(now))
            counts["unchanged"] += marked
            if found == "iris":
                self._renew_places(connection, table, lease, part, same)
            placed = self._placed(connection, table, pages, renew=found == "iris")
            self._pages.keep(connection, lease.scope, part, placed, now)
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
        """Write new and changed rows, their entries in the feed, and what follows from them."""
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
        # a ticket that is in two offers belongs to the one that said so last
        replace(connection, table.c.iri, list(rows.values()))

    def _mark(self, connection: Connection, table: Table, lease: Lease, iris: Sequence[str], at: str) -> int:
        """Note that rows were seen; returns how many of them were there."""
        seen = 0
        for chunk in chunks(iris):
            marked = connection.execute(
                update(table)
                .where(among(connection, table.c.iri, chunk), table.c.sweep <= lease.sweep)
                .values(last_seen=at, sweep=lease.sweep, missing=None)
            )
            seen += marked.rowcount
        return seen

    def _mark_expected(
        self, connection: Connection, table: Table, lease: Lease, expected: Sequence[_Expected], at: str
    ) -> Literal["places", "iris"] | None:
        """Note that things were seen if all are as they were; returns None, and notes nothing, if any is not.

        Places of rows are tried first, since numbers are found in half of the time, and IRIs if any row has moved.
        """
        if not expected:
            return "places"
        iris, digests, places = zip(*expected, strict=True)
        keys: list[tuple[Literal["places", "iris"], ColumnElement[Any], Sequence[Any]]] = [
            ("iris", table.c.iri, iris)
        ]
        if is_lite(connection) and None not in places:
            keys.insert(0, ("places", PLACE, places))
        for found, key, values in keys:
            attempt = connection.begin_nested()
            marked = self._mark_pairs(
                connection, table, lease, key=key, values=values, digests=digests, at=at
            )
            if marked == len(expected):
                attempt.commit()
                return found
            attempt.rollback()
        return None

    def _renew_places(
        self, connection: Connection, table: Table, lease: Lease, part: str, pages: Sequence[PageRecord]
    ) -> None:
        """Look up the places of rows again: some were unknown, or others by now."""
        if pages and is_lite(connection):
            placed = self._placed(connection, table, pages, renew=True)
            self._pages.keep_places(connection, lease.scope, part, placed)

    def _placed(
        self, connection: Connection, table: Table, pages: Sequence[PageRecord], *, renew: bool
    ) -> list[PageRecord]:
        """Return pages with the places of their rows, which are looked up where they are unknown."""
        wanted = [page for page in pages if renew or page.places is None]
        found = places_of(connection, table, [iri for page in wanted for iri in page.iris])

        def place(page: PageRecord) -> PageRecord:
            is_known = all(iri in found for iri in page.iris)
            return evolve(page, places=tuple(found[iri] for iri in page.iris) if is_known else None)

        return [place(page) if renew or page.places is None else page for page in pages]

    def _mark_same(
        self, connection: Connection, table: Table, lease: Lease, pages: Sequence[PageRecord], at: str
    ) -> tuple[int, list[PageRecord]]:
        """Note that what is on unchanged pages was seen; returns how much that was, and the pages that do not hold."""
        expected = _expected(pages)
        if self._mark_expected(connection, table, lease, expected, at):
            return len(expected), []
        stale, marked = list[PageRecord](), 0
        for page in pages:
            rows = rows_of(connection, table, page.iris)
            if [rows[iri].digest if iri in rows else "" for iri in page.iris] != list(page.digests):
                stale.append(page)
                continue
            if len(rows) < len(page.iris) or any(row.sweep == lease.sweep for row in rows.values()):
                lease.disturb(_TWICE)
            marked += self._mark_pairs(
                connection, table, lease, key=table.c.iri, values=page.iris, digests=page.digests, at=at
            )
        return marked, stale

    def _mark_pairs(
        self,
        connection: Connection,
        table: Table,
        lease: Lease,
        *,
        key: ColumnElement[Any],
        values: Sequence[Any],
        digests: Sequence[str],
        at: str,
    ) -> int:
        """Note that things were seen, as far as the rows are as they were; returns how many are.

        Args:
            connection: The transaction.
            table: Of which things.
            lease: The sweep.
            key: What the rows are found by.
            values: The key of each thing.
            digests: The digest of each thing.
            at: The time.
        """
        seen = 0
        for some, theirs in zip(chunks(values), chunks(digests), strict=True):
            marked = connection.execute(
                update(table)
                .where(
                    among(connection, key, some),
                    # a digest is that of one thing only, its IRI included, so a row at another place is not marked
                    among(connection, table.c.digest, theirs),
                    table.c.sweep < lease.sweep,
                )
                .values(last_seen=at, sweep=lease.sweep, missing=None)
            )
            seen += marked.rowcount
        return seen

    def offers(self, lease: Lease, product: str, after: date | None, before: date | None) -> set[str]:
        """Return offers of a product that the sweep saw, between two days."""
        offers = self._tables.things["offer"]
        where = [offers.c.product == product, offers.c.sweep == lease.sweep]
        if after is not None:
            where.append(offers.c.date >= after)
        if before is not None:
            where.append(offers.c.date <= before)
        with self._database.reading() as connection:
            return set(connection.execute(select(offers.c.iri).where(*where)).scalars())

    def any_offer(self, lease: Lease) -> Candidate | None:
        """Return an offer with a product and a day that the sweep saw; None if it saw none such."""
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
        """Return offer tickets of the scope that need a session, after an IRI, with the zone of their venue."""
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
        """Keep what the API said of offers just now."""
        table = self._tables.live
        with self._database.writing() as connection:
            at = moment(self._database.now(connection))
            for chunk in chunks(rows):
                connection.execute(delete(table).where(table.c.offer.in_([row["offer"] for row in chunk])))
                connection.execute(
                    insert(table),
                    [{**row, "sessions": json.dumps(row["sessions"]), "at": at} for row in chunk],
                )


def _expected(pages: Sequence[PageRecord]) -> list[_Expected]:
    """Return all that is on pages, as it should be."""
    return [each for page in pages for each in zip(page.iris, page.digests, page.known_places(), strict=True)]


def _some(body: Mapping[str, Any], fields: Sequence[str]) -> str:
    return written({name: body[name] for name in fields if name in body})


def _is_newer(row: Any, lease: Lease) -> bool:
    return row is not None and row.sweep > lease.sweep
