"""A collection of the API that is read page by page, only as far as it is looked at.

Which page comes next is decided in `korus.pages`.
"""

from __future__ import annotations

import warnings
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from attrs import field, frozen

from korus import pages as paging
from korus._primitives.asynchronous import AsyncPending, AsyncWorkers
from korus.errors import CollectionChanged, InvalidArgument, UnexpectedCount
from korus.pages import Cursor, Envelope, Query

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping

__all__ = ["AsyncPages", "Page", "Source"]

_T = TypeVar("_T")


@frozen
class Page(Generic[_T]):
    """One page of a collection; iterable, with a length.

    Attributes:
        items: What is on it.
        number: Its number, from 1.
        total: How many items the whole collection has, None when the API does not say.
        position: Where to go on after this page, as plain JSON for `AsyncPages.resume`; None after the last.
    """

    items: tuple[_T, ...]
    number: int
    total: int | None
    position: Mapping[str, Any] | None

    def __iter__(self) -> Iterator[_T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> _T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[_T, ...]: ...
    def __getitem__(self, index: int | slice) -> _T | tuple[_T, ...]:
        return self.items[index]


@frozen
class Source(Generic[_T]):
    """Where the pages of one list come from.

    Attributes:
        operation: The operation's name.
        url: The collection's absolute address.
        query: Its filters.
        paged: Whether the operation knows page numbers.
        read: Fetches a page by its query and gives the decoded answer.
        build: Makes a model of one item.
    """

    operation: str
    url: str
    query: Query
    paged: bool
    read: Callable[[Query], Awaitable[Any]] = field(repr=False)
    build: Callable[[Any], _T] = field(repr=False)

    @property
    def key(self) -> str:
        """What positions of this list are marked with."""
        return paging.collection_key(self.operation, self.url, self.query)


@frozen
class _Reading(Generic[_T]):
    cursor: Cursor
    envelope: Envelope
    page: Page[_T]


class AsyncPages(Generic[_T]):
    """A list of the API, fetched as needed; nothing is sent before it is looked at.

    Iterate over it for the items, over `pages` for whole pages; each iteration reads anew. Pages are read one
    after the other and dropped behind, so memory does not grow with the collection.

    A collection that changes while it is read may show an item twice or not at all, since the API counts
    pages and keeps no snapshot. Where that can be noticed (another total, the same items again, fewer or
    more items than announced) a `korus.CollectionChanged` warning says so once; reading always ends.

    Example:
        >>> async for offer in korus.offers.list(catalog, page_size=50, prefetch=4):
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
            raise InvalidArgument(f"prefetch is a number of pages from 0 on, not {prefetch!r}")
        self._source = source
        self._page_size = paging.check_page_size(page_size)
        self._prefetch = prefetch
        self._start = start or Cursor()
        self._cursor: Cursor | None = self._start
        self._skip = self._start.skip
        self._total = self._start.total

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._source.operation} from page {self._start.number}>"

    def __aiter__(self) -> AsyncIterator[_T]:
        # with nothing fetched ahead there is nothing to clean up, and a loop may be left at any moment: a
        # generator left behind would have to be closed, which trio complains about
        return self._items() if self._prefetch else _Items(self._start, self._turn, self._stand)

    async def _items(self) -> AsyncGenerator[_T]:
        async with aclosing(self._readings()) as readings:
            async for reading in readings:
                self._cursor = reading.cursor
                for index in range(reading.cursor.skip, len(reading.page)):
                    self._skip = index + 1
                    yield reading.page.items[index]
        self._cursor = None

    async def pages(self) -> AsyncGenerator[Page[_T]]:
        """Iterate over whole pages.

        Yields:
            Page after page; one that was resumed in its middle comes without what was read before.

        Raises:
            KorusError: what a request can raise; see `korus.errors`.
        """
        async with aclosing(self._readings()) as readings:
            async for reading in readings:
                self._cursor, self._skip = reading.cursor, len(reading.page)
                skip = reading.cursor.skip
                yield reading.page if not skip else _without(reading.page, skip)
        self._cursor = None

    @property
    async def total(self) -> int | None:
        """How many items the collection has: as the last page said that was read, else by asking for one.

        None when the API does not say.
        """
        if self._total is None:
            await self._read(self._start)
        return self._total

    async def first(self) -> _T | None:
        """Give the first item, None when there is none."""
        reading, _ = await self._read(self._start)
        items = reading.page.items[self._start.skip :]
        return items[0] if items else None

    async def one(self) -> _T:
        """Give the only item.

        Raises:
            UnexpectedCount: when there is none, or another one.
        """
        found: list[_T] = []
        async with aclosing(self._items()) as items:
            async for item in items:
                found.append(item)
                if len(found) > 1:
                    break
        if len(found) != 1:
            raise UnexpectedCount(
                f"{self._source.operation}: exactly one item was expected, there "
                f"{'are more' if found else 'is none'}",
                operation=self._source.operation,
            )
        return found[0]

    async def page(self, number: int) -> Page[_T]:
        """Give one page; beyond the last it is empty.

        Args:
            number: Its number, from 1.

        Raises:
            InvalidArgument: when the number is below 1, or above 1 where the API has no pages for this list.
        """
        number = paging.check_page_number(number)
        if number > 1 and not self._source.paged:
            raise InvalidArgument(f"{self._source.operation}: this list comes as one page")
        reading, _ = await self._read(Cursor(number=number, counted=number == 1))
        return reading.page

    @property
    def position(self) -> Mapping[str, Any] | None:
        """Where the latest iteration stands, as plain JSON for `resume`; None once it has come to its end."""
        if self._cursor is None:
            return None
        return paging.position_of(self._cursor, self._skip, self._source.key)

    def resume(self, position: Mapping[str, Any]) -> AsyncPages[_T]:
        """Give the same list from a saved position on.

        Args:
            position: What `position` or `Page.position` gave, possibly in another process.

        Raises:
            InvalidArgument: when it is not a position of this list.
        """
        start = paging.cursor_at(position, self._source.key)
        return AsyncPages(self._source, page_size=self._page_size, prefetch=self._prefetch, start=start)

    async def _readings(self) -> AsyncGenerator[_Reading[_T]]:
        """Read page after page, ahead of the reader where that was asked for and is possible."""
        cursor: Cursor | None = self._start
        before: Envelope | None = None
        workers = AsyncWorkers(self._prefetch) if self._prefetch else None
        ahead: dict[Query, AsyncPending[Any]] = {}
        try:
            while cursor is not None:
                coming = ahead.pop(self._query(cursor), None)
                document = None if coming is None else await coming.result()
                reading, step = await self._turn(cursor, before, document)
                if step.repeated:
                    return
                cursor, before = step.following, reading.envelope
                if workers is not None and cursor is not None:
                    for page in paging.foreseen(cursor, self._prefetch):
                        query = self._query(page)
                        if query not in ahead:
                            ahead[query] = workers.start(self._source.read, query)
                yield reading
        finally:
            if workers is not None:
                await workers.aclose()

    def _query(self, cursor: Cursor) -> Query:
        return paging.page_query(cursor, self._source.query, self._page_size)

    def _stand(self, cursor: Cursor | None, skip: int = 0) -> None:
        self._cursor, self._skip = cursor, skip

    async def _turn(
        self, cursor: Cursor, before: Envelope | None, document: Any = None
    ) -> tuple[_Reading[_T], paging.Step]:
        reading, step = await self._read(cursor, before, document)
        if step.warning is not None:
            warnings.warn(f"{self._source.operation}: {step.warning}", CollectionChanged, stacklevel=4)
        return reading, step

    async def _read(
        self, cursor: Cursor, before: Envelope | None = None, document: Any = None
    ) -> tuple[_Reading[_T], paging.Step]:
        if document is None:
            document = await self._source.read(self._query(cursor))
        source = self._source
        envelope = paging.read_envelope(document, operation=source.operation, url=source.url)
        step = paging.step(cursor, envelope, before, paged=source.paged)
        self._total = envelope.total if envelope.total is not None else self._total
        following = step.following
        page = Page(
            items=tuple(map(source.build, envelope.members)),
            number=cursor.number,
            total=envelope.total,
            position=None if following is None else paging.position_of(following, 0, source.key),
        )
        return _Reading(cursor, envelope, page), step


class _Items(Generic[_T]):
    """The items of a list one by one, with nothing under way between them."""

    def __init__(
        self,
        start: Cursor,
        turn: Callable[[Cursor, Envelope | None], Awaitable[tuple[_Reading[_T], paging.Step]]],
        stand: Callable[[Cursor | None, int], None],
    ) -> None:
        self._turn, self._stand = turn, stand
        self._following: Cursor | None = start
        self._cursor = start
        self._before: Envelope | None = None
        self._items: tuple[_T, ...] = ()
        self._next = 0

    def __aiter__(self) -> AsyncIterator[_T]:
        return self

    async def __anext__(self) -> _T:
        while self._next >= len(self._items):
            if self._following is None:
                self._stand(None, 0)
                raise StopAsyncIteration
            await self._turn_to(self._following)
        self._next += 1
        self._stand(self._cursor, self._next)
        return self._items[self._next - 1]

    async def _turn_to(self, cursor: Cursor) -> None:
        reading, step = await self._turn(cursor, self._before)
        self._cursor, self._before = cursor, reading.envelope
        self._items, self._next = reading.page.items, cursor.skip
        self._following = step.following
        if step.repeated:
            self._items, self._following = (), None


def _without(page: Page[_T], skip: int) -> Page[_T]:
    return Page(page.items[skip:], page.number, page.total, page.position)
