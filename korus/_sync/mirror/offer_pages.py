# Written by `python -m scripts.sync` from korus/_async/mirror/offer_pages.py; edit that file instead.
"""Pages of a catalogue's offers; a sweep decodes only what has changed since the previous sweep."""

from __future__ import annotations

import json
from http import HTTPStatus
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve, field, frozen

from korus._http.cache_rules import trusted_date
from korus._http.decode import split_page
from korus._http.pagination import read_envelope
from korus._mirror.content import (
    Entry,
    digest_as_written,
    iri_for,
    page_as_read,
    read_members,
)
from korus._mirror.page_records import PageRecord
from korus._mirror.sweeping import Progress
from korus._primitives.synchronous import run_blocking
from korus._sync.http.pages import Readings
from korus.errors import DecodingFailed, KorusError, StatusError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from korus._http.answer import Answer
    from korus._http.pagination import Envelope, Query
    from korus._mirror.leases import Lease
    from korus._mirror.store import Store
    from korus._primitives.clock import Clock
    from korus._sync.http.pages import PageReading, Pages

__all__ = ["OfferPages"]

_PART: Final = "offers"
# The size of one transaction. It has few known pages, so that the pages fetched meanwhile are enough to continue with.
# It has more new ones: each new offer changes database pages all over the indexes, and small transactions would write
# these again and again. A slow list is written more often, so that a crash loses little.
_CHUNK_COSTS: Final = 160
_KNOWN_PAGE_COSTS: Final = 2
_NEW_OFFERS_FOR_ONE: Final = 32
_CHUNK_SECONDS: Final = 10.0
_AHEAD: Final = 40  # pages that a server answers while a chunk is written
_KNOWN_PAGES: Final = 80
_LARGEST_NUMBER: Final = 1_000_000_000


@frozen
class _Unchanged:
    """Stand-in for an answer whose page has not changed."""

    record: PageRecord

    def json(self) -> Any:
        return page_as_read([{"@id": iri} for iri in self.record.iris], self.record.envelope)


@define
class _Page:
    """Page that was read; members whose text has not changed are not decoded.

    It is compared when it is used and not when it is fetched: prefetching threads that release the interpreter wait
    long to get it back.

    Attributes:
        answer: The answer.
        record: The page at the previous sweep.
        content: The digest of its text, after the comparison.
        quick: The digest of each member's text; empty if unknown.
        indexes: For each member its index in ``record``, or None if it was decoded; empty if all were decoded.
    """

    answer: Answer
    record: PageRecord | None = None
    content: str | None = field(default=None, repr=False)
    quick: Sequence[str] = field(default=(), repr=False)
    indexes: Sequence[int | None] = field(default=(), repr=False)

    def json(self) -> Any:
        self.content = digest_as_written(self.answer.content)
        same = self.same
        return self._changed() if same is None else _Unchanged(same).json()

    def _changed(self) -> Any:
        """Decode the members whose text has changed; the others are placeholders."""
        answer = self.answer
        page = split_page(answer.content, answer.headers.get("content-type"))
        if page is not None:
            self.quick = [digest_as_written(member) for member in page.members]
        if page is None or self.record is None:
            return answer.json()
        before = self.record.by_quick()
        indexes = [before.get(quick) for quick in self.quick]
        try:
            body = page.only(place for place, index in enumerate(indexes) if index is None)
            document = evolve(answer, content=body).json()
        except DecodingFailed:
            return answer.json()  # raises the error about the whole body
        self.indexes = indexes
        decoded, iris = iter(document[page.key]), self.record.iris
        document[page.key] = [next(decoded) if index is None else {"@id": iris[index]} for index in indexes]
        return document

    @property
    def same(self) -> PageRecord | None:
        """The page at the previous sweep, if it was compared and has not changed."""
        return self.record if self.record is not None and self.record.content == self.content else None


@define
class _Chunk:
    """Pages to write in one transaction."""

    entries: list[Entry] = field(factory=list[Entry])
    same: list[PageRecord] = field(factory=list["PageRecord"])
    conditions: dict[int, Mapping[str, Any]] = field(factory=dict[int, "Mapping[str, Any]"])
    pages: list[PageRecord] = field(factory=list[PageRecord])
    costs: int = 0


class OfferPages:
    """Reads the offers of a scope.

    Args:
        pages: The list.
        store: The tables to write to.
        lease: The sweep's lease.
        synced: The catalogue's ``lastSyncedAt``.
        prefetch: The number of pages to fetch ahead.
        full: True to request every page without conditions.
        stay: Renews the lease when it is due.
        clock: The client's clock.
        progress: Called with the progress.
    """

    def __init__(
        self,
        pages: Pages[Any],
        store: Store,
        lease: Lease,
        *,
        synced: str | None,
        prefetch: int,
        full: bool,
        stay: Callable[[], None],
        clock: Clock,
        progress: Callable[[Progress], object],
    ) -> None:
        self._pages = pages
        self._source = Readings.source_of(pages)
        self._store = store
        self._lease = lease
        self._synced = synced
        self._ahead = max(prefetch, _AHEAD)
        self._full = full
        self._stay = stay
        self._clock = clock
        self._progress = progress
        self._known: dict[int, PageRecord] = {}
        self._known_up_to = 0
        self._read: dict[Query, _Page | _Unchanged] = {}

    def read(self) -> None:
        """Read all pages and write their content.

        Raises:
            ScopeLost: Another worker has taken over.
        """
        lease, pages = self._lease, self._pages
        if lease.position is not None:
            pages = pages.resume(lease.position)
        readings = Readings(pages, lease.disturb, self._ask, ahead=_AHEAD)
        first: tuple[Query, tuple[str, ...]] | None = None
        read_so_far, chunk = 0, _Chunk()
        self._foresee(1 if lease.position is None else lease.position["page"])
        position, written_at = lease.position, self._clock.monotonic()
        while (reading := self._next(readings, chunk, position)) is not None:
            self._foresee(reading.cursor.number + 1)
            iris = self._take(chunk, reading, readings.query(reading))
            first = first or (readings.query(reading), iris)
            position = reading.page.position
            read_so_far += len(reading.page)
            is_due = self._clock.monotonic() - written_at >= _CHUNK_SECONDS
            if chunk.costs >= _CHUNK_COSTS or is_due or position is None:
                self._write(chunk, position)
                chunk, written_at = _Chunk(), self._clock.monotonic()
            self._stay()
            self._progress(Progress(lease.scope, "offer", read_so_far, reading.envelope.total))
        if chunk.costs:  # the last page was a repeated one
            self._write(chunk, None)
        if first is not None and read_so_far > len(first[1]):
            self._compare_first(*first)

    def _next(
        self, readings: Readings, chunk: _Chunk, position: Mapping[str, Any] | None
    ) -> PageReading[Any] | None:
        """Read the next page; if that fails, write the pages before it, so that they need not be read again."""
        try:
            return readings.next()
        except KorusError:
            if chunk.costs:
                self._write(chunk, position)
            raise

    def _compare_first(self, query: Query, iris: tuple[str, ...]) -> None:
        """Read the first page again: offers that were added or removed meanwhile have often shifted it."""
        _, envelope = self._again(query)
        parent = self._lease.scope.catalog or ""
        if tuple(iri_for("offer", member, parent) or "" for member in envelope.members) != iris:
            self._lease.disturb("the first page had changed at the end")

    def _write(self, chunk: _Chunk, position: Mapping[str, Any] | None) -> None:
        stale = run_blocking(
            self._store.seen.write,
            self._lease,
            "offer",
            chunk.entries,
            same=chunk.same,
            conditions=chunk.conditions,
            pages=chunk.pages,
            part=_PART,
            position=position,
        )
        if not stale:
            return
        # another sweep has changed rows of unchanged pages
        whole, written = _Chunk(), {entry.iri for entry in chunk.entries}
        for record in stale:
            query: Query = tuple((name, value) for name, value in json.loads(record.query))
            answer, envelope = self._again(query)
            self._add(whole, query, _Page(answer, content=digest_as_written(answer.content)), envelope)
        # the new content of a changed page is written already
        whole.entries = [entry for entry in whole.entries if entry.iri not in written]
        self._write(whole, position)

    def _ask(self, query: Query) -> Any:
        """Read a page, or return its stand-in if it has not changed."""
        record = self._record(query)
        headers = {} if record is None else self._conditions(record)
        try:
            answer: Answer = self._source.read(query, headers, fresh=True)
        except StatusError as error:
            if error.status != HTTPStatus.NOT_MODIFIED or record is None or not headers:
                raise
            found: _Page | _Unchanged = _Unchanged(record)
        else:
            found = _Page(answer, record)
        self._read[query] = found
        return found

    def _conditions(self, record: PageRecord) -> dict[str, str]:
        """Return the headers of a conditional request for a page.

        A server may answer 304 whatever happens, so there are no conditions after a new import of the catalogue, nor
        for longer than a day.
        """
        if not record.may_ask or record.synced != self._synced:
            return {}
        if record.etag is not None:
            return {"If-None-Match": record.etag}
        return {} if record.modified is None else {"If-Modified-Since": record.modified}

    def _foresee(self, number: int) -> None:
        """Load the records of a page, and of those that are fetched ahead."""
        if self._full or number + self._ahead <= self._known_up_to or number > _LARGEST_NUMBER:
            return
        first = max(number, self._known_up_to + 1)
        found = run_blocking(self._store.pages.known, self._lease.scope.name, _PART, first, _KNOWN_PAGES)
        self._known.update(found)
        self._known_up_to = first + _KNOWN_PAGES - 1

    def _record(self, query: Query) -> PageRecord | None:
        record = self._known.pop(_number(query), None)
        return record if record is not None and record.query == json.dumps(query) else None

    def _take(self, chunk: _Chunk, reading: PageReading[Any], query: Query) -> tuple[str, ...]:
        """Add a page to the next transaction; returns the IRIs on it."""
        page = self._read.pop(query, None)
        record = page.same if isinstance(page, _Page) else None if page is None else page.record
        if record is None:
            return self._add(chunk, query, page if isinstance(page, _Page) else None, reading.envelope)
        chunk.costs += _KNOWN_PAGE_COSTS
        chunk.same.append(record)
        if isinstance(page, _Page):  # its content was read, so the next request may be conditional again
            headers = page.answer.headers
            etag, modified = headers.get("etag"), trusted_date(headers)
            chunk.conditions[record.number] = {"synced": self._synced, "etag": etag, "modified": modified}
        return record.iris

    def _add(self, chunk: _Chunk, query: Query, page: _Page | None, envelope: Envelope) -> tuple[str, ...]:
        """Add what has changed on a page to the next transaction; returns the IRIs on it."""
        record, catalog = None if page is None else page.record, self._lease.scope.catalog or ""
        costs = 1 if record is None else _KNOWN_PAGE_COSTS
        chunk.costs += max(costs, len(envelope.members) // _NEW_OFFERS_FOR_ONE)
        before = [] if record is None else record.pairs()
        known = {each: index for index, each in enumerate(before)}
        found, same = list[tuple[str, str]](), list[int]()
        indexes = page.indexes if page is not None and page.indexes else repeat(None)
        for member, index in zip(envelope.members, indexes, strict=False):
            if index is not None:
                found.append(before[index])
                same.append(index)
                continue
            for entry in read_members("offer", (member,), catalog, self._lease.disturb):
                found.append((entry.iri, entry.digest))
                if found[-1] in known:
                    same.append(known[found[-1]])
                else:
                    chunk.entries.append(entry)
        if len(set(same)) < len(same):
            self._lease.disturb("something was on one page twice")
        if record is not None and same:
            chunk.same.append(evolve(record, without=frozenset(range(len(before))).difference(same)))
        if page is not None and page.content is not None and len(found) == len(envelope.members):
            chunk.pages.append(self._new_record(query, page, page.content, envelope, found))
        return tuple(iri for iri, _ in found)

    def _new_record(
        self, query: Query, page: _Page, content: str, envelope: Envelope, found: list[tuple[str, str]]
    ) -> PageRecord:
        before, iris = page.record, tuple(iri for iri, _ in found)
        return PageRecord(
            number=_number(query),
            query=json.dumps(query),
            etag=page.answer.headers.get("etag"),
            modified=trusted_date(page.answer.headers),
            synced=self._synced,
            content=content,
            iris=iris,
            digests=json.dumps([digest for _, digest in found]),
            quick=json.dumps(page.quick or [None] * len(iris)),
            envelope=_said(envelope),
            places=before.places if before is not None and before.iris == iris else None,
        )

    def _again(self, query: Query) -> tuple[Answer, Envelope]:
        source = self._source
        answer = source.read(query, fresh=True)
        return answer, read_envelope(answer.json(), operation=source.operation, url=source.url)


def _number(query: Query) -> int:
    """Return the number of a page's record; lists without page numbers have one record, of the last page read."""
    numbers = [int(value) for name, value in query if name == "page" and value.isdecimal()]
    return min(numbers[-1], _LARGEST_NUMBER) if numbers else 1


def _said(envelope: Envelope) -> dict[str, Any]:
    following = envelope.next_query
    return {
        "total": envelope.total,
        "next": None if following is None else [list(pair) for pair in following],
        "linked": envelope.linked,
    }
