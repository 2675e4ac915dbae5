"""A sweep: all lists of a scope are read, past the catalogue cache, and what is on them is written.

What a sweep concludes is decided in `korus._mirror.sweeping`; what is written, in `korus._mirror.store`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from hashlib import blake2b
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from attrs import define, evolve, field, frozen

from korus._async.http.pages import AsyncPages, AsyncReadings, PageReading
from korus._http.cache_rules import trusted_date
from korus._http.pagination import read_envelope
from korus._mirror.content import Entry, fits, iri_for, option_code, page_as_read, read_member
from korus._mirror.store import Lease, Looks, PageRecord, ScopeLost, Store
from korus._mirror.sweeping import Progress
from korus._primitives.asynchronous import map_ordered, run_blocking, run_to_end
from korus.errors import (
    InvalidIri,
    KorusError,
    NotFound,
    OperationUnavailable,
    PermissionDenied,
    StatusError,
)
from korus.hooks import SweepEnded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
    from datetime import date

    from korus._async.client import AsyncKorus
    from korus._http.answer import Answer
    from korus._http.pagination import Envelope, Query
    from korus._mirror.content import KindName
    from korus._mirror.sweeping import Ceiling, SweepReport

    _Again: TypeAlias = Callable[[Query], Awaitable[tuple[Answer, Envelope]]]

__all__ = ["AsyncSweep"]

_T = TypeVar("_T")

_PAGE_SIZE: Final = 50  # reference 8.1
# what is written in one transaction: so much, of which a page costs as much as its content has to be looked at
_CHUNK_COSTS: Final = 80
_NEW_PAGE_COSTS: Final = 4
_KNOWN_PAGES: Final = 80
_SECOND_LOOKS: Final = 200
_MOST_DAYS: Final = 20
_MOST_CANDIDATES: Final = 5000
_GRACE_SECONDS: Final = 2.0
_RENEW_SECONDS: Final = 45.0
_CONCURRENCY: Final = 8
_LARGEST_NUMBER: Final = 1_000_000_000


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
    same: list[PageRecord] = field(factory=list["PageRecord"])
    pages: list[PageRecord] = field(factory=list[PageRecord])
    costs: int = 0


class AsyncSweep:
    """Reads one scope.

    Args:
        korus: The client.
        store: Where to write.
        lease: The right to do so.
        synced: The catalogue's ``lastSyncedAt``.
        prefetch: Pages to fetch ahead.
        full: Ask for every page, without conditions.
        ceiling: How much may be removed.
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
        ceiling: Ceiling,
        progress: Callable[[Progress], object],
    ) -> None:
        self._korus = korus
        self._store = store
        self._lease = lease
        self._synced = synced
        self._prefetch = prefetch
        self._full = full
        self._ceiling = ceiling
        self._progress = progress
        self._known: dict[int, PageRecord] = {}
        self._known_up_to = 0
        self._fresh: dict[Query, Answer] = {}
        self._kept: dict[Query, PageRecord] = {}
        self._read_again: set[Query] = set()
        self._renewed = korus.transport.clock.monotonic()

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
                pages = self._korus.catalogs.list(page_size=_PAGE_SIZE)
                await self._keep("catalog", await self._entries("catalog", pages, ""))
                looks = Looks()
            else:
                await self._read_catalog(lease.scope.catalog)
                looks = await self._second_look(lease.scope.catalog)
            return await run_blocking(self._store.finish, lease, self._ceiling, looks)
        except ScopeLost:
            return lease.report("lost", reason="another worker has taken over")
        except BaseException as error:
            # the run goes on with its other scopes after an error, but not after a cancellation
            state = "failed" if isinstance(error, KorusError) else "interrupted"
            await run_to_end(lambda: self._store.release(lease, state), _GRACE_SECONDS)
            raise

    async def _stay(self) -> None:
        """Renew the lease where nothing was written for a while.

        Raises:
            ScopeLost: Another worker has taken over.
        """
        now = self._korus.transport.clock.monotonic()
        if now - self._renewed >= _RENEW_SECONDS:
            self._renewed = now
            await run_blocking(self._store.renew, self._lease)

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
        korus = self._korus
        try:
            bases = await self._entries("product_base", self._bases(catalog), catalog)
        except OperationUnavailable:
            pages = korus.products.list(catalog, page_size=_PAGE_SIZE)
            await self._keep("product", await self._entries("product", pages, catalog))
            return
        await self._keep("product_base", bases)
        bases = _once(bases)
        products = [
            each
            for base in bases
            for each in await self._entries(
                "product", korus.products.list(base.iri, page_size=_PAGE_SIZE), base.iri
            )
        ]
        await self._keep("product", products)
        try:
            await self._read_options(bases)
        except OperationUnavailable:
            return

    async def _read_options(self, bases: list[Entry]) -> None:
        listed = self._korus.product_bases
        options = [
            each
            for base in bases
            for each in await self._entries(
                "option", listed.options(base.iri, page_size=_PAGE_SIZE), base.iri
            )
        ]
        values, is_whole = list[Entry](), True
        for option in _once(options):
            try:
                pages = listed.option_values(option.parent, option_code(option), page_size=_PAGE_SIZE)
            except InvalidIri:  # a code that no address can have
                is_whole = False
            else:
                values += await self._entries("option_value", pages, option.iri)
        await self._keep("option", options)
        await self._keep("option_value", values, is_whole=is_whole)

    def _bases(self, catalog: str) -> AsyncPages[Any]:
        try:
            return self._korus.product_bases.list(catalog, with_disabled=True, page_size=_PAGE_SIZE)
        except OperationUnavailable:
            return self._korus.product_bases.list(catalog, page_size=_PAGE_SIZE)

    async def _keep(self, kind: KindName, entries: list[Entry], *, is_whole: bool = True) -> None:
        """Write all that the scope has of a kind."""
        await run_blocking(self._store.write, self._lease, kind, entries)
        if is_whole:
            self._lease.kinds.add(kind)
        self._progress(Progress(self._lease.scope, kind, len(entries), len(entries)))

    async def _entries(self, kind: KindName, pages: AsyncPages[Any], parent: str) -> list[Entry]:
        readings = AsyncReadings(pages, self._read_fresh(pages), _as_it_is, self._lease.disturb)
        found: list[Entry] = []
        while (reading := await readings.next()) is not None:
            found.extend(self._readable(kind, reading.envelope.members, parent))
            await self._stay()
        return found

    def _readable(self, kind: KindName, members: Iterable[Any], parent: str) -> Iterator[Entry]:
        for member in members:
            found = read_member(kind, member, parent)
            if found is None:
                self._lease.disturb(f"one of the {kind.replace('_', ' ')}s has no IRI or id that can be kept")
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
        source = AsyncReadings.source_of(pages)

        async def ask(query: Query) -> Any:
            return await self._ask(source.read, query)

        async def again(query: Query) -> tuple[Answer, Envelope]:
            answer = await source.read(query, fresh=True)
            return answer, read_envelope(answer.json(), operation=source.operation, url=source.url)

        readings = AsyncReadings(pages, ask, _as_it_is, lease.disturb)
        first: tuple[Query, tuple[str, ...]] | None = None
        read_so_far, chunk = 0, _Chunk()
        await self._foresee(1 if lease.position is None else lease.position["page"])
        while (reading := await readings.next()) is not None:
            await self._foresee(reading.cursor.number + 1)
            iris = self._take(chunk, reading, readings.query(reading))
            first = first or (readings.query(reading), iris)
            following = reading.page.position
            read_so_far += len(reading.page)
            if chunk.costs >= _CHUNK_COSTS or following is None:
                await self._write(chunk, following, again)
                chunk = _Chunk()
            await self._stay()
            self._progress(Progress(lease.scope, "offer", read_so_far, reading.envelope.total))
        if chunk.costs:  # the last page came over again
            await self._write(chunk, None, again)
        if first is not None and read_so_far > len(first[1]):
            await self._compare_first(again, *first)
        if lease.scope.sessions:
            await self._read_sessions()

    async def _compare_first(self, again: _Again, query: Query, iris: tuple[str, ...]) -> None:
        """Read the first page once more: what came or went in between has often moved it."""
        _, envelope = await again(query)
        parent = self._lease.scope.catalog or ""
        if tuple(iri_for("offer", member, parent) or "" for member in envelope.members) != iris:
            self._lease.disturb("the first page was another one at the end")

    async def _ask(self, read: Any, query: Query) -> Any:
        """Read a page; where it is as it was the last time, return what stands for it."""
        record = self._record(query)
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

    async def _foresee(self, number: int) -> None:
        """Have the records of a page at hand, and of those that are fetched ahead."""
        if self._full or number + self._prefetch <= self._known_up_to or number > _LARGEST_NUMBER:
            return
        first = max(number, self._known_up_to + 1)
        found = await run_blocking(
            self._store.known_pages, self._lease.scope.name, "offers", first, _KNOWN_PAGES
        )
        self._known.update(found)
        self._known_up_to = first + _KNOWN_PAGES - 1

    def _record(self, query: Query) -> PageRecord | None:
        record = self._known.pop(_number(query), None)
        return record if record is not None and record.query == json.dumps(query) else None

    def _take(self, chunk: _Chunk, reading: PageReading[Any], query: Query) -> tuple[str, ...]:
        """Add a page to what is written next; returns the IRIs on it."""
        record = self._kept.pop(query, None)
        if record is None:
            return self._add(chunk, query, self._fresh.pop(query, None), reading.envelope)
        chunk.costs += 1
        chunk.same.append(record)
        if query in self._read_again:
            self._read_again.discard(query)
            chunk.pages.append(record)
        return record.iris

    def _add(self, chunk: _Chunk, query: Query, answer: Answer | None, envelope: Envelope) -> tuple[str, ...]:
        """Add what was read of a page to what is written next; returns the IRIs on it."""
        chunk.costs += _NEW_PAGE_COSTS
        found = list(self._readable("offer", envelope.members, self._lease.scope.catalog or ""))
        chunk.entries.extend(found)
        if answer is not None and len(found) == len(envelope.members):
            chunk.pages.append(self._new_record(query, answer, envelope, found))
        return tuple(each.iri for each in found)

    def _new_record(self, query: Query, answer: Answer, envelope: Envelope, found: list[Entry]) -> PageRecord:
        return PageRecord(
            number=_number(query),
            query=json.dumps(query),
            etag=answer.headers.get("etag"),
            modified=trusted_date(answer.headers),
            synced=self._synced,
            content=_content(answer),
            iris=tuple(each.iri for each in found),
            digests=tuple(each.digest for each in found),
            envelope=_said(envelope),
        )

    async def _write(self, chunk: _Chunk, position: Mapping[str, Any] | None, again: _Again) -> None:
        stale = await run_blocking(
            self._store.write,
            self._lease,
            "offer",
            chunk.entries,
            same=chunk.same,
            pages=chunk.pages,
            part="offers",
            position=position,
        )
        if not stale:
            return
        # another sweep has changed rows of pages that have not changed
        whole = _Chunk()
        for record in stale:
            query: Query = tuple((name, value) for name, value in json.loads(record.query))
            self._add(whole, query, *await again(query))
        await self._write(whole, position, again)

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
        verdict = await run_blocking(self._store.verdict, lease, self._ceiling)
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
        await self._stay()
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


def _once(entries: list[Entry]) -> list[Entry]:
    return list({each.iri: each for each in entries}.values())


def _as_it_is(member: _T) -> _T:
    return member


def _number(query: Query) -> int:
    """Return the number under which a page is kept; where pages have none, the last one read is kept."""
    numbers = [int(value) for name, value in query if name == "page" and value.isdecimal()]
    return min(numbers[-1], _LARGEST_NUMBER) if numbers else 1


def _content(answer: Answer) -> str:
    return blake2b(answer.content, digest_size=16).hexdigest()


def _said(envelope: Envelope) -> dict[str, Any]:
    following = envelope.next_query
    return {
        "total": envelope.total,
        "next": None if following is None else [list(pair) for pair in following],
        "linked": envelope.linked,
    }
