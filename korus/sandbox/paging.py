"""Collections and their pages: bounds, the envelope, page links, the search block (reference 1.7).

Invalid page numbers are refused with 400, sizes above the maximum are lowered silently, a size of 0 returns only the
total. ``view`` is left out if one page is enough and no query was sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from attrs import frozen

from korus.sandbox.problems import JsonObject, malformed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DATE", "DEFAULT_SIZE", "LARGEST_SIZE", "Page", "Query", "envelope"]

Item = TypeVar("Item")

DEFAULT_SIZE = 10
LARGEST_SIZE = 50

DATE = re.compile(r"[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])")
"""The calendar date that filters take (1.6)."""

_INDEX = re.compile(r"\[[0-9]+\]")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


@frozen
class Query:
    """The query of a request, in the order it was sent."""

    pairs: tuple[tuple[str, str], ...]

    def last(self, name: str) -> str | None:
        """Return the value of a parameter, the last one where it was sent more than once."""
        return next((value for key, value in reversed(self.pairs) if key == name), None)

    def every(self, name: str) -> list[str]:
        """Return the values of a repeated parameter; an index in the brackets is allowed."""
        indexed = re.compile(re.escape(name.removesuffix("[]")) + r"\[[0-9]*\]")
        return [value for key, value in self.pairs if indexed.fullmatch(key)]

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        """Return a parameter that must be one of a few texts."""
        value = self.last(name)
        if value is not None and value not in choices:
            raise malformed(f"The parameter {name} should be one of: {', '.join(choices)}.")
        return value

    def matching(self, name: str, pattern: re.Pattern[str], form: str) -> str | None:
        """Return a parameter that must have a certain form."""
        value = self.last(name)
        if value is not None and pattern.fullmatch(value) is None:
            raise malformed(f"The parameter {name} should be {form}.")
        return value

    def integer(self, name: str, default: int) -> int:
        """Return a whole number."""
        value = self.last(name)
        if value is None:
            return default
        if _INTEGER.fullmatch(value) is None:
            raise malformed(f"The parameter {name} should be a whole number.")
        return int(value)

    def without_page(self) -> str:
        """Write the query without its page number, as page links do."""
        return "&".join(
            f"{_quoted(_INDEX.sub('[]', key))}={_quoted(value)}" for key, value in self.pairs if key != "page"
        )


def _quoted(text: str) -> str:
    return quote(text, safe="")


@frozen
class Page:
    """The requested part of a collection."""

    number: int
    size: int

    @classmethod
    def asked_for(cls, query: Query) -> Page:
        """Read ``page`` and ``itemsPerPage``.

        Raises:
            Refusal: 400, a page below 1, a size below 0, or a later page of size 0.
        """
        number, size = query.integer("page", 1), query.integer("itemsPerPage", DEFAULT_SIZE)
        if number < 1:
            raise malformed("Page should not be less than 1")
        if size < 0:
            raise malformed("Limit should not be less than 0")
        if size == 0 and number > 1:
            raise malformed("Page should not be greater than 1 if limit is equal to 0")
        return cls(number, min(size, LARGEST_SIZE))

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return the items on this page."""
        return items[(self.number - 1) * self.size : self.number * self.size]


def _view(path: str, query: Query, page: Page, total: int) -> JsonObject | None:
    last = max(1, -(-total // page.size)) if page.size else 1
    if not query.pairs and last == 1:
        return None
    rest = query.without_page()

    def link(number: int) -> str:
        return f"{path}?{rest}&page={number}" if rest else f"{path}?page={number}"

    numbered = query.last("page") is not None or last > 1
    view: JsonObject = {
        "@id": link(page.number) if numbered else f"{path}?{rest}",
        "@type": "PartialCollectionView",
    }
    if last > 1:
        view |= {"first": link(1), "last": link(last)}
        if page.number > 1:
            view["previous"] = link(page.number - 1)
        if page.number < last:
            view["next"] = link(page.number + 1)
    return view


def _search(path: str, filters: Sequence[str]) -> JsonObject:
    return {
        "@type": "IriTemplate",
        "template": f"{path}{{?{','.join(filters)}}}",
        "variableRepresentation": "BasicRepresentation",
        "mapping": [
            {"@type": "IriTemplateMapping", "variable": name, "property": _property(name), "required": False}
            for name in filters
        ],
    }


def _property(name: str) -> str:
    """Return the property of a filter's parameter: ``createdAt`` of ``order[createdAt]``."""
    head, _, inner = name.partition("[")
    return inner.rstrip("]") if head == "order" else head


def envelope(
    path: str, context: str, query: Query, total: int, *, page: Page | None, filters: Sequence[str] = ()
) -> tuple[JsonObject, JsonObject]:
    """Return the parts before and after ``member`` in a collection's answer.

    Args:
        path: The collection's address.
        context: The short name of its members' type.
        query: The query as sent.
        total: How many members the whole collection has.
        page: The page; None for a collection without pages, and so without ``view``.
        filters: The parameters that filter or order it; without any there is no ``search``.
    """
    head: JsonObject = {
        "@context": f"/contexts/{context}",
        "@id": path,
        "@type": "Collection",
        "totalItems": total,
    }
    tail: JsonObject = {}
    view = None if page is None else _view(path, query, page, total)
    if view is not None:
        tail["view"] = view
    if filters:
        tail["search"] = _search(path, filters)
    return head, tail
