"""Pagination: decides from the envelopes which page of a collection follows. No I/O.

The API's envelopes differ between versions and are not always right (reference 1.7, 8.1 to 8.5, 8.17): a link to the
next page is followed if there is one, else pages are counted until the total is reached. `korus._async.http.pages`
fetches the pages.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
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
    """Envelope of one page.

    Attributes:
        members: The items, as JSON.
        total: The number of items in the whole collection, None if it is missing.
        next_query: The query of the link to the next page, None without a link that may be followed.
        refused_link: True if the link to the next page points to another address.
        linked: True if there are links, so that a missing ``next`` means the last page.
    """

    members: Sequence[Any] = field(repr=False)
    total: int | None = None
    next_query: Query | None = None
    refused_link: bool = False
    linked: bool = False

    @cached_property
    def names(self) -> set[str]:
        """The IRIs or ids of the items."""
        members = cast("Sequence[dict[str, Any] | None]", self.members)
        return {
            name
            for member in members
            if isinstance(member, dict) and isinstance(name := member.get("@id") or member.get("id"), str)
        }


@frozen
class Cursor:
    """Position of reading: the page to request, and the facts from earlier pages.

    Attributes:
        number: The page's number, from 1.
        query: The whole query of a link to it; None to request it by number.
        skip: The items of this page that were read already.
        received: The items read on earlier pages.
        first_size: The number of items on the first page read, None before it.
        total: The last total.
        counted: True if ``received`` counts from the beginning of the collection.
        mark: An earlier query, to detect circular links.
        mark_at: The number of the page at which ``mark`` was taken.
        warned: True if a change of the collection was reported.
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
        items: The items.
        number: Its number, from 1.
        total: The number of items in the whole collection, None if the API does not send it.
        position: The position after this page, as plain JSON for ``resume``; None after the last.
        page_size: The API's actual page size, taken from the first page that was read: less than requested if the
            API has a lower limit (usually 50, reference 8.1). None if it is not known.
        requested: The requested page size, from ``page_size=``; None for the API's default.
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
    """A few pages that are kept to detect circles in a list of any length.

    Attributes:
        before: The previous page.
        first: The first page read.
        mark: A page in between, replaced at growing intervals, so that every circle meets it (Brent).
        mark_at: The number of pages read when it was taken.
        count: The number of pages read.
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
        """Return the memory after another page."""
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
    """Decision about the next page.

    Attributes:
        following: The next page, None after the last.
        repeated: True if the page repeats an earlier one, whose items are not returned again.
        warning: The message of a `CollectionChanged` warning.
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
        raise InvalidArgument(f"{what} must be a whole number from 1 to {_MOST}")
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgument(f"{what} must be a whole number of at least 1, got {value!r}")
    return int(value)


def read_envelope(document: Any, *, operation: str, url: str) -> Envelope:
    """Read the envelope of a page, with or without the ``hydra:`` prefix, complete or not.

    Args:
        document: The decoded answer.
        operation: The operation's name, for the error.
        url: The absolute address of the collection; links are followed only within it.

    Raises:
        DecodingFailed: It is not a collection.
    """
    if isinstance(document, list):
        # a collection in plain JSON
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

    Only the query is used, never the address, so no link can send a request with its token to another place.
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
    """Return the query for a page.

    Args:
        cursor: The page.
        base: The collection's own filters.
        page_size: The requested items per page, None for the API's default.
    """
    if cursor.query is not None:
        return cursor.query
    size: Query = () if page_size is None else ((_PAGE_SIZE, str(page_size)),)
    number: Query = () if cursor.number == 1 else ((_PAGE, str(cursor.number)),)
    return (*number, *size, *base)


def foreseen(cursor: Cursor, count: int) -> list[Cursor]:
    """Return up to ``count`` pages from ``cursor`` on that exist according to the total.

    Nothing is returned if the total is unknown, or if pages are linked by anything but their numbers.
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
    """Decide which page follows.

    Args:
        cursor: The requested page.
        envelope: Its envelope.
        memory: The pages kept to detect circles.
        paged: True if the operation has page numbers.
    """
    count = len(envelope.members)
    size = count if cursor.first_size is None else cursor.first_size
    received = cursor.received + count
    total = cursor.total if envelope.total is None else envelope.total
    if memory.holds(envelope):
        lacking = total is not None and cursor.counted and cursor.received < total
        said = f"page {cursor.number} repeats an earlier page" if lacking else None
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
    """Decide by the total; without one, a page as full as the first may be followed by another."""
    size = known.first_size or 0
    if len(envelope.members) < size:
        return False
    if cursor.first_size is None and cursor.number > 1 and envelope.linked:
        # started in the middle: this may be the short last page, so its links decide, not its size
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
    # a mark that is replaced at growing intervals meets every circle with constant memory (Brent)
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
    twice = before.names & envelope.names
    if twice:
        return f"{len(twice)} items of page {cursor.number} were on the page before it too"
    return None


def _shortfall(received: int, total: int | None) -> str | None:
    if total is None or received == total:
        return None
    return f"the collection said that it has {total} items, and {received} came"


def position_of(cursor: Cursor, skip: int, collection: str) -> dict[str, Any]:
    """Return a position as plain JSON."""
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
    raise InvalidArgument(f"not a position of a page: {reason}")


def collection_key(operation: str, url: str, base: Query) -> str:
    """Return the key of a list (operation, address and filters), so that a position is not used with another."""
    return hashlib.sha256(repr((operation, url, base)).encode()).hexdigest()[:16]
