"""A sweep: all lists of a scope are read, past the catalogue cache, and what is on them is written.

What a sweep concludes is decided in `korus._mirror.sweeping`; what is written, in `korus._mirror.store`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from hashlib import blake2b
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attrs import define, evolve, field, frozen

from korus._async.http.pages import AsyncPages, AsyncReadings, PageReading, Source
from korus._http.cache_rules import trusted_date
from korus._http.pagination import read_envelope
from korus._mirror.content import Entry, fits, iri_for, page_as_read, read_member
from korus._mirror.store import Lease, Looks, PageRecord, ScopeLost, Store, combined
from korus._mirror.sweeping import Progress
from korus._primitives.asynchronous import map_ordered, run_blocking, run_to_end
from korus.errors import KorusError, NotFound, OperationUnavailable, PermissionDenied, StatusError
from korus.hooks import SweepEnded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from korus._async.client import AsyncKorus
    from korus._http.answer import Answer
    from korus._http.pagination import Envelope, Query
    from korus._mirror.content import KindName
    from korus._mirror.sweeping import SweepReport

__all__ = ["AsyncSweep"]

_T = TypeVar("_T")

_PAGE_SIZE: Final = 50  # reference 8.1
_CHUNK_PAGES: Final = 20
_SECOND_LOOKS: Final = 200
_MOST_DAYS: Final = 20
_MOST_CANDIDATES: Final = 5000
_GRACE_SECONDS: Final = 2.0
_CONCURRENCY: Final = 8
# a date that is so much older than the answer cannot have the same second as a later change (RFC 9110, 8.8.2.2)


class _Same(dict[str, Any]):
    """Placeholder of an item of a page that has not changed."""


@frozen
class _Unchanged:
    """An answer that was not needed: its page is as it was the last time."""

    record: PageRecord

    def json(self) -> Any:
        members = [_Same({"@id": iri}) for iri in self.record.iris]
        return page_as_read(members, self.record.envelope)


@frozen
class _Found:
    """Contents of a list of offers, and the number of its pages."""

    entries: list[Entry]
    pages: int

    @property
    def iris(self) -> list[str]:
        return [each.iri for each in self.entries]


@define
class _Chunk:
    """Pages that are written in one transaction."""

    entries: list[Entry] = field(factory=list[Entry])
    same: list[str] = field(factory=list[str])
    pages: list[PageRecord] = field(factory=list[PageRecord])
    read: int = 0


class AsyncSweep:
    """Reads one scope.

    Args:
        korus: The client.
        store: Where to write.
        lease: The right to do so.
        synced: The catalogue's ``lastSyncedAt``.
        prefetch: Pages to fetch ahead.
        full: Ask for every page, without conditions.
        max_removal_share: How much may be removed at most.
        progress: Is told how far it has come.
    """

    def __init__(
        self,
        korus: AsyncKorus,
        store: Store,
        lease: Lease,
        *,
        synced: str | None,
        prefetch: int,
        full: bool,
        max_removal_share: float,
        progress: Callable[[Progress], object],
    ) -> None:
        self._korus = korus
        self._store = store
        self._lease = lease
        self._synced = synced
        self._prefetch = prefetch
        self._full = full
        self._max_removal_share = max_removal_share
        self._progress = progress
        self._known: dict[int, PageRecord] = {}
        self._known_up_to = 0
        self._fresh: dict[Query, Answer] = {}
        self._kept: dict[Query, PageRecord] = {}
        self._read_again: set[Query] = set()

    async def run(self) -> SweepReport:
        """Read the scope and write it.

        Raises:
            KorusError: What a request can raise; the next sweep of the scope goes on from here.
        """
        transport = self._korus.transport
        began = transport.clock.monotonic()
        with transport.observer.action("sweep"):
            report = await self._run()
            transport.observer.emit(_ended(report, transport.clock.monotonic() - began))
        return report

    async def _run(self) -> SweepReport:
        lease = self._lease
        try:
            if lease.scope.catalog is None:
                await self._read_list("catalog", self._korus.catalogs.list(page_size=_PAGE_SIZE), "")
                lease.kinds.add("catalog")
                looks = Looks()
            else:
                await self._read_catalog(lease.scope.catalog)
                looks = await self._second_look(lease.scope.catalog)
            return await run_blocking(self._store.finish, lease, self._max_removal_share, looks)
        except ScopeLost:
            return lease.report("lost", reason="another worker has taken over")
        except BaseException:
            await run_to_end(lambda: self._store.release(lease, "failed", keep=True), _GRACE_SECONDS)
            raise

    # --- the lists -----------------------------------------------------------------------------------------

    async def _read_catalog(self, catalog: str) -> None:
        scope, offers = self._lease.scope, self._korus.offers
        await self._read_bases(catalog)
        await self._read_offers(
            offers.list(
                catalog, after=scope.after, before=scope.before, page_size=_PAGE_SIZE, prefetch=self._prefetch
            )
        )
        self._lease.kinds.add("offer")

    async def _read_bases(self, catalog: str) -> None:
        """Read product bases, their options and products; the old model has products only (reference 1.1)."""
        korus, lease = self._korus, self._lease
        try:
            bases = await self._read_list("product_base", self._bases(catalog), catalog)
        except OperationUnavailable:
            await self._read_list("product", korus.products.list(catalog, page_size=_PAGE_SIZE), catalog)
            lease.kinds.add("product")
            return
        lease.kinds |= {"product_base", "product"}
        for base in bases:
            await self._read_list("product", korus.products.list(base, page_size=_PAGE_SIZE), base)
        try:
            for base in bases:
                found = await self._read_list(
                    "option", korus.product_bases.options(base, page_size=_PAGE_SIZE), base
                )
                for option in found:
                    code = option.rpartition("/")[2]
                    values = korus.product_bases.option_values(base, code, page_size=_PAGE_SIZE)
                    await self._read_list("option_value", values, option)
        except OperationUnavailable:
            return
        lease.kinds |= {"option", "option_value"}

    def _bases(self, catalog: str) -> AsyncPages[Any]:
        try:
            return self._korus.product_bases.list(catalog, with_disabled=True, page_size=_PAGE_SIZE)
        except OperationUnavailable:
            return self._korus.product_bases.list(catalog, page_size=_PAGE_SIZE)

    async def _read_list(self, kind: KindName, pages: AsyncPages[Any], parent: str) -> list[str]:
        """Read a short list and write it; returns the IRIs of what is on it."""
        entries = await self._entries(kind, pages, parent)
        await run_blocking(self._store.write, self._lease, kind, entries)
        self._progress(Progress(self._lease.scope, kind, len(entries), len(entries)))
        return list(dict.fromkeys(each.iri for each in entries))

    async def _entries(self, kind: KindName, pages: AsyncPages[Any], parent: str) -> list[Entry]:
        readings = AsyncReadings(pages, self._read_fresh(pages), _as_it_is, self._lease.disturb)
        found: list[Entry] = []
        while (reading := await readings.next()) is not None:
            found.extend(self._readable(kind, reading, parent))
        return found

    def _readable(self, kind: KindName, reading: PageReading[Any], parent: str) -> Iterator[Entry]:
        for member in reading.page.items:
            found = read_member(kind, member, parent)
            if found is None:
                self._lease.disturb(f"a {kind.replace('_', ' ')} has neither an IRI nor an id")
            else:
                yield found

    @staticmethod
    def _read_fresh(pages: AsyncPages[Any]) -> Callable[[Query], Any]:
        read = AsyncReadings.source_of(pages).read

        async def fresh(query: Query) -> Answer:
            return await read(query, fresh=True)

        return fresh

    # --- offers: page by page, and only what changed --------------------------------------------------------

    async def _read_offers(self, pages: AsyncPages[Any]) -> None:
        lease = self._lease
        if lease.position is not None:
            pages = pages.resume(lease.position)
        read = AsyncReadings.source_of(pages).read

        async def ask(query: Query) -> Any:
            return await self._ask(read, query)

        readings = AsyncReadings(pages, ask, _as_it_is, lease.disturb)
        first: tuple[Query, tuple[str, ...]] | None = None
        read_so_far, chunk = 0, _Chunk()
        while (reading := await readings.next()) is not None:
            iris = self._take(chunk, reading, readings.query(reading))
            first = first or (readings.query(reading), iris)
            following = reading.page.position
            read_so_far += len(reading.page)
            if chunk.read >= _CHUNK_PAGES or following is None:
                await self._write(chunk, following)
                chunk = _Chunk()
            self._progress(Progress(lease.scope, "offer", read_so_far, reading.envelope.total))
        await self._write(chunk, None)
        if first is not None and read_so_far > len(first[1]):
            await self._compare_first(AsyncReadings.source_of(pages), *first)
        if lease.scope.sessions:
            await self._read_sessions()

    async def _compare_first(self, source: Source[Any], query: Query, iris: tuple[str, ...]) -> None:
        """Read the first page once more: what came or went in between has often moved it."""
        answer = await source.read(query, fresh=True)
        members = read_envelope(answer.json(), operation=source.operation, url=source.url).members
        again = tuple(iri_for("offer", member, self._lease.scope.catalog or "") or "" for member in members)
        if again != iris:
            self._lease.disturb("the first page was another one at the end")

    async def _ask(self, read: Any, query: Query) -> Any:
        """Read a page; where it is as it was the last time, return what stands for it."""
        record = None if self._full else await self._record(query)
        headers = {} if record is None else self._conditions(record)
        try:
            answer: Answer = await read(query, headers, fresh=True)
        except StatusError as error:
            if error.status != HTTPStatus.NOT_MODIFIED or record is None or not headers:
                raise
        else:
            if record is None or record.content != _content(answer):
                self._fresh[query] = answer
                return answer
            if not headers:  # its bytes were read, so it may be asked for conditionally again
                record = evolve(
                    record,
                    synced=self._synced,
                    etag=answer.headers.get("etag"),
                    modified=trusted_date(answer.headers),
                )
                self._read_again.add(query)
        self._kept[query] = record
        return _Unchanged(record)

    def _conditions(self, record: PageRecord) -> dict[str, str]:
        """Return the headers that ask whether a page has changed.

        A server may say that nothing has changed whatever happens. So it is not asked when the catalogue was imported
        anew, nor for longer than a day.
        """
        if not record.may_ask or record.synced != self._synced:
            return {}
        if record.etag is not None:
            return {"If-None-Match": record.etag}
        return {} if record.modified is None else {"If-Modified-Since": record.modified}

    async def _record(self, query: Query) -> PageRecord | None:
        numbers = [value for name, value in query if name == "page"]
        number = int(numbers[-1]) if numbers and numbers[-1].isdecimal() else 1
        if number > self._known_up_to or number not in self._known:
            scope = self._lease.scope.name
            self._known |= await run_blocking(self._store.known_pages, scope, "offers", number, _CHUNK_PAGES)
            self._known_up_to = max(self._known_up_to, number + _CHUNK_PAGES - 1)
        record = self._known.pop(number, None)
        return record if record is not None and record.query == json.dumps(query) else None

    def _take(self, chunk: _Chunk, reading: PageReading[Any], query: Query) -> tuple[str, ...]:
        """Add a page to what is written next; returns the IRIs on it."""
        chunk.read += 1
        record = self._kept.pop(query, None)
        answer = self._fresh.pop(query, None)
        if record is not None:
            chunk.same.extend(record.iris)
            if query in self._read_again:
                self._read_again.discard(query)
                chunk.pages.append(record)
            return record.iris
        parent = self._lease.scope.catalog or ""
        found = list(self._readable("offer", reading, parent))
        chunk.entries.extend(found)
        iris = tuple(each.iri for each in found)
        if answer is not None and len(found) == len(reading.envelope.members):
            chunk.pages.append(self._new_record(reading, query, answer, found))
        return iris

    def _new_record(
        self, reading: PageReading[Any], query: Query, answer: Answer, found: list[Entry]
    ) -> PageRecord:
        numbers = [value for name, value in query if name == "page"]
        return PageRecord(
            number=int(numbers[-1]) if numbers and numbers[-1].isdecimal() else 1,
            query=json.dumps(query),
            etag=answer.headers.get("etag"),
            modified=trusted_date(answer.headers),
            synced=self._synced,
            content=_content(answer),
            rows=combined(each.digest for each in found),
            iris=tuple(each.iri for each in found),
            envelope=_said(reading.envelope),
        )

    async def _write(self, chunk: _Chunk, position: Mapping[str, Any] | None) -> None:
        if not chunk.read:
            return
        await run_blocking(
            self._store.write,
            self._lease,
            "offer",
            chunk.entries,
            same=chunk.same,
            pages=chunk.pages,
            part="offers",
            position=position,
        )

    # --- sessions ------------------------------------------------------------------------------------------

    async def _read_sessions(self) -> None:
        """Read the sessions of all offers that the sweep saw."""
        after = ""
        while True:
            tickets = await run_blocking(self._store.tickets_with_sessions, self._lease, after, _PAGE_SIZE)
            if not tickets:
                break
            for ticket, zone, entries in await map_ordered(
                self._sessions_of, tickets, concurrency=_CONCURRENCY
            ):
                del ticket
                await run_blocking(self._store.write, self._lease, "session", entries, zone=zone)
            after = tickets[-1][0]
        self._lease.kinds.add("session")

    async def _sessions_of(self, ticket: tuple[str, str | None]) -> tuple[str, str | None, list[Entry]]:
        iri, zone = ticket
        try:
            pages = self._korus.offers.sessions(iri, page_size=_PAGE_SIZE)
            return iri, zone, await self._entries("session", pages, iri)
        except (NotFound, PermissionDenied):  # the offer has gone since; a list answers 403 then
            self._lease.disturb("an offer went while its sessions were read")
            return iri, zone, []

    # --- the second look -----------------------------------------------------------------------------------

    async def _second_look(self, catalog: str) -> Looks:
        """Ask for the own day and product of offers that were not seen."""
        lease = self._lease
        verdict = await run_blocking(self._store.verdict, lease, self._max_removal_share)
        if verdict.state != "done":
            return Looks()
        unseen = await run_blocking(self._store.unseen_offers, lease, _MOST_CANDIDATES)
        by_product: defaultdict[str, dict[str, date | None]] = defaultdict(dict)
        for each in unseen:
            if each.product is not None:
                by_product[each.product][each.iri] = each.date
        if not by_product or not await self._filters_work(catalog):
            return Looks()
        asked = list(by_product.items())[:_SECOND_LOOKS]
        gone = await map_ordered(self._look, asked, concurrency=_CONCURRENCY)
        confirmed = frozenset[str]().union(*gone)
        return Looks(confirmed, frozenset(iri for _, iris in asked for iri in iris) - confirmed)

    async def _filters_work(self, catalog: str) -> bool:
        """Return True if the API finds an offer that is there by its product and day."""
        seen = await run_blocking(self._store.any_seen_offer, self._lease)
        if seen is None or seen.product is None:
            return False
        found = await self._of(catalog, seen.product, seen.date)
        return found is not None and seen.iri in found.iris

    async def _look(self, asked: tuple[str, Mapping[str, date | None]]) -> set[str]:
        """Look for offers of a product; returns those that are not there.

        An offer may have moved to another day, so all days of the product are looked at too, unless its day has passed.
        """
        product, day_of = asked
        gone = set(day_of)
        days = sorted({day for day in day_of.values() if day is not None})
        for day in days[:_MOST_DAYS]:
            gone &= await self._not_among(product, day, {iri for iri in gone if day_of[iri] == day}) | {
                iri for iri in gone if day_of[iri] != day
            }
        today = self._korus.transport.clock.now().date()
        over = {day for day in days[:_MOST_DAYS] if day < today}
        passed = {iri for iri in gone if day_of[iri] in over}
        return passed | await self._not_among(product, None, gone - passed)

    async def _not_among(self, product: str, day: date | None, iris: set[str]) -> set[str]:
        """Return those offers that a product does not have, on a day or on any; none if the list cannot be believed."""
        if not iris:
            return set()
        catalog = self._lease.scope.catalog or ""
        found = await self._of(catalog, product, day)
        if found is not None and found.pages > 1:
            # of several pages: what moved from one to another shows when they are read twice
            again = await self._of(catalog, product, day)
            found = found if again is not None and again.iris == found.iris else None
        if found is None:
            return set()
        there = set(found.iris)
        back = [each for each in found.entries if each.iri in iris]
        if back:  # it was not on any page, but it is there
            await run_blocking(self._store.write, self._lease, "offer", back)
        expected = await run_blocking(self._store.seen_offers, self._lease, product, day, day)
        return iris - there if expected <= there else set()

    async def _of(self, catalog: str, product: str, day: date | None) -> _Found | None:
        """Return the offers of a product on a day; None if the list cannot be believed."""
        noticed: list[str] = []
        pages = self._korus.offers.list(
            catalog, products=[product], after=day, before=day, page_size=_PAGE_SIZE
        )
        readings = AsyncReadings(pages, self._read_fresh(pages), _as_it_is, noticed.append)
        found, count = list[Entry](), 0
        try:
            while (reading := await readings.next()) is not None:
                count += 1
                for member in reading.page.items:
                    each = read_member("offer", member, catalog)
                    if each is None or not fits(each.body, product, day):
                        return None
                    found.append(each)
        except KorusError:
            return None
        return None if noticed else _Found(found, count)


def _ended(report: SweepReport, elapsed: float) -> SweepEnded:
    return SweepEnded(
        "catalogs" if report.scope.catalog is None else "catalog",
        elapsed,
        read=report.added + report.changed + report.unchanged,
        added=report.added,
        changed=report.changed,
        removed=report.removed,
        whole=report.state == "done",
        error=None if report.error is None else type(report.error).__name__,
    )


def _as_it_is(member: _T) -> _T:
    return member


def _content(answer: Answer) -> str:
    return blake2b(answer.content, digest_size=16).hexdigest()


def _said(envelope: Envelope) -> dict[str, Any]:
    following = envelope.next_query
    return {
        "total": envelope.total,
        "next": None if following is None else [list(pair) for pair in following],
        "linked": envelope.linked,
    }
