# Written by `python -m scripts.sync` from korus/_async/http/pages.py; edit that file instead.
"""Lazy reading of the API's paginated collections.

`korus._http.pagination` decides which page is next.
"""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from attrs import evolve, field, frozen

from korus._core.client_bound import ClientBound
from korus._http import pagination as paging
from korus._http.pagination import Cursor, Envelope, Memory, Page, Query
from korus._primitives.synchronous import Calls, Dropped, Pending, Workers, home
from korus.errors import (
    CollectionChanged,
    ConfigurationError,
    InvalidArgument,
    UnexpectedCount,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from korus._http.answer import Answer

__all__ = ["Pages", "Readings", "PageAnswer", "PageReading", "Source"]

_T = TypeVar("_T")

_NOTHING = Memory()


class PageAnswer(Protocol):
    """Answer with a page."""

    def json(self) -> Any:
        """Decode it."""
        ...


class PageReader(Protocol):
    """Reader of a page by its query."""

    def __call__(
        self, query: Query, headers: Mapping[str, str] | None = None, *, fresh: bool = False
    ) -> Answer:
        """Read a page; ``fresh`` bypasses the catalogue cache."""
        ...


@frozen
class Source(Generic[_T]):
    """Source of the pages of one list.

    Attributes:
        operation: The operation's name.
        url: The collection's absolute address.
        query: Its filters.
        paged: True if the operation has page numbers.
        read: Reads a page by its query; the answer is decoded later.
        build: Builds the model of one item.
        ahead: The client's calls in flight, which include those for prefetched pages.
    """

    operation: str
    url: str
    query: Query
    paged: bool
    read: PageReader = field(repr=False)
    build: Callable[[Any], _T] = field(repr=False)
    ahead: Calls = field(factory=Calls, repr=False)

    @property
    def key(self) -> str:
        """The key of this list in saved positions."""
        return paging.collection_key(self.operation, self.url, self.query)


@frozen
class PageReading(Generic[_T]):
    """Page that was read: its position, its metadata, and the next page."""

    cursor: Cursor
    envelope: Envelope
    page: Page[_T]
    step: paging.Step


class _Reader(Generic[_T]):
    """Shared state of a list and its iterations: the source of pages, and the latest position."""

    def __init__(self, source: Source[_T], page_size: int | None, prefetch: int, start: Cursor) -> None:
        self.source = source
        self.page_size = page_size
        self.prefetch = prefetch
        self.ahead = prefetch
        self.start = start
        self.cursor: Cursor | None = start
        self.skip = start.skip
        self.total = start.total
        self.changed = False
        self.read_page: Callable[[Query], PageAnswer] = source.read
        self.notice: Callable[[str], object] | None = None

    def stand(self, cursor: Cursor | None, skip: int = 0) -> None:
        """Record the position of reading."""
        self.cursor, self.skip = cursor, skip

    def query(self, cursor: Cursor) -> Query:
        """Return the query of a page."""
        return paging.page_query(cursor, self.source.query, self.page_size)

    def read(
        self, cursor: Cursor, memory: Memory = _NOTHING, answer: PageAnswer | None = None
    ) -> PageReading[_T]:
        """Read a page, or use its prefetched answer."""
        source = self.source
        if answer is None:
            answer = self.read_page(self.query(cursor))
        envelope = paging.read_envelope(answer.json(), operation=source.operation, url=source.url)
        step = paging.step(cursor, envelope, memory, paged=source.paged)
        self.total = envelope.total if envelope.total is not None else self.total
        following = step.following
        page = Page(
            items=tuple(map(source.build, envelope.members)),
            number=cursor.number,
            total=envelope.total,
            position=None if following is None else paging.position_of(following, 0, source.key),
            page_size=len(envelope.members) if cursor.first_size is None else cursor.first_size,
            requested=self.page_size,
        )
        return PageReading(cursor, envelope, page, step)


class Pages(ClientBound, Generic[_T]):
    """Lazy list of the API; nothing is sent before it is read.

    Iterate over it for the items, over `pages` for whole pages; each iteration reads them again. Pages are read one
    after the other and then released, so memory use does not grow with the collection. The API may return fewer
    items per page than ``page_size`` requests; `korus.Page.page_size` is the actual number.

    If a collection changes while it is read, an item may appear twice or not at all, since the API has numbered
    pages and no snapshots. If korus detects a change (another total, repeated items, fewer or more items than
    announced), it issues one `korus.CollectionChanged` warning, and `changed` is True; reading always ends.

    Example:
        >>> for offer in korus.offers.list(catalog, page_size=50, prefetch=4):
        ...     print(offer.date)

    Reference: 1.7, 8.1 to 8.5.
    """

    def __init__(
        self,
        source: Source[_T],
        *,
        page_size: int | None = None,
        prefetch: int = 0,
        start: Cursor | None = None,
    ) -> None:
        if isinstance(prefetch, bool) or prefetch < 0:
            raise InvalidArgument(f"`prefetch` must be an integer of at least 0, got {prefetch!r}.")
        self._reader = _Reader(source, paging.check_page_size(page_size), prefetch, start or Cursor())

    def __repr__(self) -> str:
        reader = self._reader
        return f"<{type(self).__name__} {reader.source.operation} from page {reader.start.number}>"

    def __iter__(self) -> Iterator[_T]:
        return _Items(self._reader)

    def pages(self) -> Iterator[Page[_T]]:
        """Iterate over whole pages; a page that is resumed in its middle contains only the remaining items.

        Raises:
            KorusError: A request failed while iterating; see `korus.errors`.
        """
        return _WholePages(self._reader)

    def total(self) -> int | None:
        """Return the number of items in the collection, from the latest page, or by reading the first.

        Returns:
            The number; None if the API does not send it.
        """
        if self._reader.total is None:
            self._reader.read(self._reader.start)
        return self._reader.total

    def first(self) -> _T | None:
        """Return the first item, None for an empty collection."""
        start = self._reader.start
        reading = self._reader.read(start)
        items = reading.page.items[start.skip :]
        return items[0] if items else None

    def one(self) -> _T:
        """Return the only item.

        Raises:
            UnexpectedCount: There is no item, or more than one.
        """
        found: list[_T] = []
        for item in self:
            found.append(item)
            if len(found) > 1:
                break
        operation = self._reader.source.operation
        if len(found) != 1:
            raise UnexpectedCount(
                f"{operation}: expected exactly one item, found {'more' if found else 'none'}",
                operation=operation,
            )
        return found[0]

    def page(self, number: int) -> Page[_T]:
        """Return one page, which is empty after the last.

        Args:
            number: Its number, from 1.

        Raises:
            InvalidArgument: The number is less than 1, or greater than 1 and the list has no pages.
        """
        number = paging.check_page_number(number)
        if number > 1 and not self._reader.source.paged:
            raise InvalidArgument(f"{self._reader.source.operation}: this list has only one page")
        reading = self._reader.read(Cursor(number=number, counted=number == 1))
        return reading.page

    @property
    def changed(self) -> bool:
        """True if the latest iteration detected that the collection changed while it was read."""
        return self._reader.changed

    @property
    def position(self) -> Mapping[str, Any] | None:
        """The position of the latest iteration, as plain JSON for `resume`; None after its end."""
        reader = self._reader
        if reader.cursor is None:
            return None
        return paging.position_of(reader.cursor, reader.skip, reader.source.key)

    def resume(self, position: Mapping[str, Any]) -> Pages[_T]:
        """Return the same list from a saved position on.

        Args:
            position: A value of `position` or `korus.Page.position`, possibly of another process.

        Raises:
            InvalidArgument: It is not a position of this list.
        """
        reader = self._reader
        start = paging.cursor_at(position, reader.source.key)
        return Pages(reader.source, page_size=reader.page_size, prefetch=reader.prefetch, start=start)


class _Walk(Generic[_T]):
    """One iteration over a list, with prefetching if requested.

    It is a class and not a generator, since a loop can be left at any time, and requests in flight must then end
    without being awaited.
    """

    def __init__(self, reader: _Reader[_T]) -> None:
        self._reader = reader
        reader.changed = False
        self._cursor: Cursor | None = reader.start
        self._memory = _NOTHING
        self._home: Hashable = None
        self._workers: Workers | None = None
        self._ahead: dict[Query, Pending[PageAnswer]] = {}

    def _begin_ahead(self) -> None:
        """Start prefetching; pages that another process or event loop fetches for this iteration never arrive here."""
        if self._reader.prefetch and self._home != home():
            self._home, self._ahead = home(), {}
            self._workers = Workers(self._reader.prefetch, self._reader.source.ahead)

    def turn(self) -> PageReading[_T] | None:
        """Read the next page; None after the last."""
        reader, cursor = self._reader, self._cursor
        if cursor is None:
            reader.stand(None)
            return None
        self._begin_ahead()
        coming = self._ahead.pop(reader.query(cursor), None)
        try:
            answer = None if coming is None else coming.result()
        except Dropped:
            raise ConfigurationError(
                "this client was closed while a list was read; build a new one"
            ) from None
        if answer is not None:
            # the next page is fetched while this one is decoded
            self._look_ahead(cursor, 1)
        reading = reader.read(cursor, self._memory, answer)
        step = reading.step
        if step.warning is not None:
            self._changed(step.warning)
        self._cursor, self._memory = step.following, self._memory.with_page(reading.envelope)
        if step.repeated:
            return self.turn()
        self._look_ahead(self._cursor)
        return reading

    def _changed(self, warning: str) -> None:
        reader = self._reader
        reader.changed = True
        if reader.notice is not None:
            reader.notice(warning)
        else:
            warnings.warn(f"{reader.source.operation}: {warning}", CollectionChanged, stacklevel=5)

    def _look_ahead(self, cursor: Cursor | None, past: int = 0) -> None:
        """Start to prefetch pages from a cursor on; the first ``past`` are started already."""
        reader = self._reader
        if self._workers is None or cursor is None:
            return
        is_enough = reader.ahead > reader.prefetch and len(self._ahead) > reader.ahead // 2
        # enough is prefetched, with the next page among it
        if is_enough and (past or reader.query(cursor) in self._ahead):
            return
        started = False
        for page in paging.foreseen(cursor, reader.ahead + past)[past:]:
            query = reader.query(page)
            if query not in self._ahead:
                self._ahead[query], started = self._workers.start(reader.read_page, query), True
        if started:
            self._workers.give_way()

    def __del__(self) -> None:
        workers = getattr(self, "_workers", None)
        if workers is not None:
            workers.drop()


class Readings:
    """One iteration over the pages of a list, for callers that need more than their items, which are raw JSON.

    Args:
        pages: The list.
        notice: Called with the evidence that the collection changed, instead of a warning.
        read_page: Reads a page by its query; None for the list's own reader, bypassing the catalogue cache.
        ahead: The number of prefetched pages that may wait for the caller, so that more pages are read while the
            caller does something else. The number of concurrent requests is not higher.
    """

    def __init__(
        self,
        pages: Pages[Any],
        notice: Callable[[str], object],
        read_page: Callable[[Query], PageAnswer] | None = None,
        ahead: int = 0,
    ) -> None:
        given = pages._reader  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] (of this module)
        source = evolve(given.source, build=_as_it_is)
        self._reader: _Reader[Any] = _Reader(source, given.page_size, given.prefetch, given.start)
        self._reader.read_page = read_page or partial(source.read, fresh=True)
        self._reader.notice = notice
        self._reader.ahead = max(given.prefetch, ahead if given.prefetch else 0)
        self._walk = _Walk(self._reader)

    @staticmethod
    def source_of(pages: Pages[Any]) -> Source[Any]:
        """Return the source of a list's pages."""
        return pages._reader.source  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] (of this module)

    def query(self, reading: PageReading[Any]) -> Query:
        """Return the query of a page that was read."""
        return self._reader.query(reading.cursor)

    def next(self) -> PageReading[Any] | None:
        """Read the next page; None after the last."""
        return self._walk.turn()


def _as_it_is(member: Any) -> Any:
    return member


class _Items(ClientBound, Generic[_T]):
    """Iterator over the items of a list."""

    def __init__(self, reader: _Reader[_T]) -> None:
        self._reader = reader
        self._walk = _Walk(reader)
        self._cursor: Cursor | None = None
        self._items: tuple[_T, ...] = ()
        self._next = 0

    def __iter__(self) -> Iterator[_T]:
        return self

    def __next__(self) -> _T:
        while self._next >= len(self._items):
            reading = self._walk.turn()
            if reading is None:
                raise StopIteration
            self._cursor, self._items, self._next = reading.cursor, reading.page.items, reading.cursor.skip
        place, reader = self._next, self._reader
        self._next = reader.skip = place + 1
        reader.cursor = self._cursor
        return self._items[place]


class _WholePages(ClientBound, Generic[_T]):
    """Iterator over the pages of a list."""

    def __init__(self, reader: _Reader[_T]) -> None:
        self._reader = reader
        self._walk = _Walk(reader)

    def __iter__(self) -> Iterator[Page[_T]]:
        return self

    def __next__(self) -> Page[_T]:
        reading = self._walk.turn()
        if reading is None:
            raise StopIteration
        page, skip = reading.page, reading.cursor.skip
        self._reader.stand(reading.cursor, len(page))
        return page if not skip else evolve(page, items=page.items[skip:])
