"""Which page of a collection comes next: pure decisions over what the pages say, whatever they leave out.

The API's envelopes differ between versions and are not always right (reference 1.7, 8.1 to 8.5, 8.17): the
link to the next page is believed where there is one, else pages are counted as long as the total says that
there is more. Nothing is fetched here; `korus._async.http.pages` does that.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar, cast, overload
from urllib.parse import parse_qsl, urlsplit

from attrs import evolve, field, frozen

from korus.errors import DecodingFailed, InvalidArgument, InvalidIri
from korus.iri import origin

__all__ = [
    "Cursor",
    "Envelope",
    "Memory",
    "Page",
    "Query",
    "Step",
    "check_page_number",
    "check_page_size",
    "collection_key",
    "cursor_at",
    "foreseen",
    "page_query",
    "position_of",
    "read_envelope",
    "step",
]

Query: TypeAlias = tuple[tuple[str, str], ...]
"""A query, pair by pair, as it is sent."""

_T = TypeVar("_T")

_PAGE, _PAGE_SIZE = "page", "itemsPerPage"
_MOST = 2**31 - 1
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@frozen
class Envelope:
    """What one page says of itself.

    Attributes:
        members: The items, as JSON.
        total: How many items the whole collection has, None when it does not say.
        next_query: The query of the link to the next page, None without a link that may be followed.
        refused_link: Whether there is a link to the next page that points to another place.
        linked: Whether there are links at all, so that a missing ``next`` means the last page.
    """

    members: Sequence[Any] = field(repr=False)
    total: int | None = None
    next_query: Query | None = None
    refused_link: bool = False
    linked: bool = False


@frozen
class Cursor:
    """Where reading stands: the page to ask for, and what has been learnt on the way to it.

    Attributes:
        number: The page's number, from 1.
        query: The whole query that a link gave for it; None to ask by number.
        skip: Items of this page that were read already.
        received: Items on the pages before it, as far as they were read.
        first_size: Members of the first page read, None before it.
        total: The total that was said last.
        counted: Whether ``received`` counts from the collection's beginning.
        mark: A query met earlier, to notice links that lead in a circle.
        mark_at: The number of the page that ``mark`` was taken at.
        warned: Whether a change of the collection was noticed already.
    """

    number: int = 1
    query: Query | None = None
    skip: int = 0
    received: int = 0
    first_size: int | None = None
    total: int | None = None
    counted: bool = True
    mark: Query | None = None
    mark_at: int = 1
    warned: bool = False


@frozen
class Page(Generic[_T]):
    """One page of a collection; iterable, with a length.

    Attributes:
        items: What is on it.
        number: Its number, from 1.
        total: How many items the whole collection has, None when the API does not say.
        position: Where to go on after this page, as plain JSON for ``resume``; None after the last.
        page_size: How many items the API puts on a page, as the first page that was read shows: less than was asked
            for where the API has a limit of its own (50 as a rule, reference 8.1). None when it is not known.
        requested: How many were asked for with ``page_size=``; None for the API's default.
    """

    items: tuple[_T, ...]
    number: int
    total: int | None
    position: Mapping[str, Any] | None
    page_size: int | None = None
    requested: int | None = None

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
class Memory:
    """The few pages that are kept to notice when reading goes round in a circle, however long the list is.

    Attributes:
        before: The page before this one.
        first: The first page read.
        mark: A page in between, exchanged ever more rarely, so that any circle comes upon it (Brent).
        mark_at: How many pages had been read when it was taken.
        count: How many pages were read.
    """

    before: Envelope | None = None
    first: Envelope | None = None
    mark: Envelope | None = None
    mark_at: int = 0
    count: int = 0

    def holds(self, envelope: Envelope) -> bool:
        """Return True if a page repeats one of those kept."""
        kept = (self.before, self.first, self.mark)
        return bool(envelope.members) and any(
            page is not None and envelope.members == page.members for page in kept
        )

    def with_page(self, envelope: Envelope) -> Memory:
        """Return the memory after one more page."""
        count = self.count + 1
        renew = count >= 2 * self.mark_at
        return Memory(
            before=envelope,
            first=self.first or envelope,
            mark=envelope if renew else self.mark,
            mark_at=count if renew else self.mark_at,
            count=count,
        )


@frozen
class Step:
    """What follows after a page.

    Attributes:
        following: The next page, None after the last.
        repeated: The page was an earlier one over again, so its items are not given twice.
        warning: What was noticed, for a `CollectionChanged` warning.
    """

    following: Cursor | None
    repeated: bool = False
    warning: str | None = None


def check_page_size(page_size: object) -> int | None:
    """Refuse a page size below 1; a large one is sent as asked (reference 8.1)."""
    return None if page_size is None else _whole(page_size, "page_size")


def check_page_number(number: object) -> int:
    """Refuse a page number below 1."""
    return _whole(number, "a page number")


def _whole(value: object, what: str) -> int:
    if isinstance(value, int) and value > _MOST:
        raise InvalidArgument(f"{what} is a whole number from 1 to {_MOST}")
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgument(f"{what} is a whole number from 1 on, not {value!r}")
    return int(value)


def read_envelope(document: Any, *, operation: str, url: str) -> Envelope:
    """Read what a page says, with or without the ``hydra:`` prefix, complete or not.

    Args:
        document: The decoded answer.
        operation: The operation's name, for the error.
        url: The absolute address of the collection; links are followed only within it.

    Raises:
        DecodingFailed: when it is nothing like a collection.
    """
    if isinstance(document, list):
        # the same collection in plain JSON
        return Envelope(cast("Sequence[Any]", document))
    if not isinstance(document, Mapping):
        raise DecodingFailed(f"{operation}: a collection was expected", operation=operation)
    source = cast("Mapping[str, Any]", document)
    members, total, view = (_entry(source, key) for key in ("member", "totalItems", "view"))
    if not isinstance(members, list):
        if members is not None or (total is None and view is None and not _is_collection(source)):
            raise DecodingFailed(f"{operation}: the answer has no members", operation=operation)
        members = []
    links = cast("Mapping[str, Any]", view if isinstance(view, Mapping) else {})
    following = _link(links, "next")
    next_query = None if following is None else _own_query(following, url)
    return Envelope(
        members=cast("Sequence[Any]", members),
        total=_count(total),
        next_query=next_query,
        refused_link=following is not None and next_query is None,
        linked=any(_link(links, name) is not None for name in ("first", "last", "previous", "next")),
    )


def _entry(source: Mapping[str, Any], key: str) -> Any:
    found = source.get(key)
    return source.get(f"hydra:{key}") if found is None else found


def _is_collection(source: Mapping[str, Any]) -> bool:
    return str(source.get("@type", "")).removeprefix("hydra:") in {"Collection", "PagedCollection"}


def _link(links: Mapping[str, Any], name: str) -> str | None:
    found = _entry(links, name)
    if isinstance(found, Mapping):
        found = cast("Mapping[str, Any]", found).get("@id")
    return found if isinstance(found, str) and found else None


def _count(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _own_query(link: str, url: str) -> Query | None:
    """Return the query of a link to the same collection on the same origin; None for any other link.

    Only the query is used and never the address, so no link can lead a request, and its token, elsewhere.
    """
    try:
        parts = urlsplit(link)
        if (parts.scheme or parts.netloc) and origin(link if parts.scheme else f"https:{link}") != origin(
            url
        ):
            return None
    except (InvalidIri, ValueError):
        return None
    path, own = parts.path, urlsplit(url).path
    # behind a proxy the API may not know the prefix under which it is reached
    if not parts.query or (path and not (own == path or own.endswith(path))):
        return None
    return tuple(parse_qsl(parts.query, keep_blank_values=True))


def page_query(cursor: Cursor, base: Query, page_size: int | None) -> Query:
    """Return the query to ask a page with.

    Args:
        cursor: The page.
        base: The collection's own filters.
        page_size: Items per page to ask for, None to leave it to the API.
    """
    if cursor.query is not None:
        return cursor.query
    size: Query = () if page_size is None else ((_PAGE_SIZE, str(page_size)),)
    number: Query = () if cursor.number == 1 else ((_PAGE, str(cursor.number)),)
    return (*number, *size, *base)


def foreseen(cursor: Cursor, count: int) -> list[Cursor]:
    """Name up to ``count`` pages from ``cursor`` on that are sure to be there, going by the total.

    Nothing is foreseen when the total is unknown, or when the pages are linked by anything but their numbers.
    """
    if not cursor.total or not cursor.first_size:
        return []
    last = math.ceil(cursor.total / cursor.first_size)
    ahead: list[Cursor] = []
    for number in range(cursor.number, min(cursor.number + count, last + 1)):
        query = None if cursor.query is None else _renumbered(cursor.query, cursor.number, number)
        if cursor.query is not None and query is None:
            return []
        ahead.append(evolve(cursor, number=number, query=query))
    return ahead


def _renumbered(query: Query, old: int, new: int) -> Query | None:
    if [value for key, value in query if key == _PAGE] != [str(old)]:
        return None
    return tuple((key, str(new) if key == _PAGE else value) for key, value in query)


def step(cursor: Cursor, envelope: Envelope, memory: Memory, *, paged: bool) -> Step:
    """Decide what follows after a page.

    Args:
        cursor: The page that was asked for.
        envelope: What came.
        memory: The pages that are remembered.
        paged: Whether the operation knows page numbers at all.
    """
    count = len(envelope.members)
    size = count if cursor.first_size is None else cursor.first_size
    received = cursor.received + count
    total = cursor.total if envelope.total is None else envelope.total
    if memory.holds(envelope):
        lacking = total is not None and cursor.counted and cursor.received < total
        said = f"page {cursor.number} is an earlier page over again" if lacking else None
        return Step(None, repeated=True, warning=None if cursor.warned else said)
    known = evolve(cursor, skip=0, received=received, first_size=size, total=total, query=None)
    following = _following(known, cursor, envelope, paged=paged)
    warning = _noticed(cursor, envelope, memory.before)
    if following is None and warning is None and not cursor.warned and cursor.counted:
        warning = _shortfall(received, total)
    if following is not None and warning is not None:
        following = evolve(following, warned=True)
    return Step(following, warning=warning)


def _following(known: Cursor, cursor: Cursor, envelope: Envelope, *, paged: bool) -> Cursor | None:
    if not envelope.members:
        return None
    if envelope.next_query is not None:
        return _along_link(known, cursor, envelope.next_query)
    more = paged and (envelope.refused_link or _is_more_by_count(known, cursor, envelope))
    return evolve(known, number=cursor.number + 1) if more else None


def _is_more_by_count(known: Cursor, cursor: Cursor, envelope: Envelope) -> bool:
    """Go by the total; without one, a page as full as the first may be followed by another."""
    size = known.first_size or 0
    if len(envelope.members) < size:
        return False
    if cursor.first_size is None and cursor.number > 1 and envelope.linked:
        # begun in the middle: this may be the short last page, so its size says nothing, but its links do
        return False
    if known.total is not None:
        return cursor.number * size < known.total
    return not envelope.linked


def _along_link(known: Cursor, cursor: Cursor, query: Query) -> Cursor | None:
    """Follow a link, unless it leads back: to an earlier page, to this one, or round in a circle."""
    if query in (cursor.query, cursor.mark):
        return None
    numbers = [int(value) for key, value in query if key == _PAGE and _NUMBER.fullmatch(value)]
    number = numbers[-1] if numbers else cursor.number + 1
    if number <= cursor.number:
        return None
    # a mark that is renewed ever more rarely meets any circle, and costs no memory (Brent)
    renew = cursor.number >= 2 * cursor.mark_at
    return evolve(
        known,
        number=number,
        query=query,
        mark=query if renew or cursor.mark is None else cursor.mark,
        mark_at=cursor.number if renew else cursor.mark_at,
    )


def _noticed(cursor: Cursor, envelope: Envelope, before: Envelope | None) -> str | None:
    if cursor.warned or before is None:
        return None
    if cursor.total is not None and envelope.total is not None and cursor.total != envelope.total:
        verb = "grew" if envelope.total > cursor.total else "shrank"
        return f"the collection {verb} from {cursor.total} to {envelope.total} items while it was read"
    twice = _names(before.members) & _names(envelope.members)
    if twice:
        return f"{len(twice)} items of page {cursor.number} were on the page before it too"
    return None


def _names(members: Iterable[Any]) -> set[str]:
    sources = (cast("dict[str, Any]", member) for member in members if isinstance(member, dict))
    return {name for source in sources if isinstance(name := source.get("@id") or source.get("id"), str)}


def _shortfall(received: int, total: int | None) -> str | None:
    if total is None or received == total:
        return None
    return f"the collection said that it has {total} items, and {received} came"


def position_of(cursor: Cursor, skip: int, collection: str) -> dict[str, Any]:
    """Write a position down as plain JSON."""
    return {
        "collection": collection,
        "page": cursor.number,
        "query": None if cursor.query is None else [list(pair) for pair in cursor.query],
        "skip": skip,
        "received": cursor.received,
        "size": cursor.first_size,
        "total": cursor.total,
        "counted": cursor.counted,
    }


def cursor_at(position: Mapping[str, Any], collection: str) -> Cursor:
    """Read a position that `position_of` wrote.

    Raises:
        InvalidArgument: It is invalid, or belongs to another list.
    """
    try:
        if position["collection"] != collection:
            raise InvalidArgument(
                "this position belongs to another list: resume the one that it was taken from"
            )
        query = position["query"]
        return Cursor(
            number=check_page_number(position["page"]),
            query=None if query is None else tuple((str(key), str(value)) for key, value in query),
            skip=max(int(position["skip"]), 0),
            received=max(int(position["received"]), 0),
            first_size=None if position["size"] is None else int(position["size"]),
            total=None if position["total"] is None else int(position["total"]),
            counted=bool(position["counted"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InvalidArgument):
            raise
        reason = f"{type(error).__name__}: {error}"
    raise InvalidArgument(f"not a position that pages gave: {reason}")


def collection_key(operation: str, url: str, base: Query) -> str:
    """Name a list (operation, address and filters), so that a position is not used with another."""
    return hashlib.sha256(repr((operation, url, base)).encode()).hexdigest()[:16]
