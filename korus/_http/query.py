"""Values of list filters: from Python values to the texts of the API.

Reference: 1.6, 3.6, 3.14.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Literal, TypeAlias

from korus._core.deprecation import warn_deprecated
from korus.errors import InvalidArgument
from korus.iri import Kind, parse_id, reference

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Direction",
    "bare_id",
    "date_filter",
    "direction_filter",
    "id_filter",
    "text_filter",
    "texts_filter",
]

Direction: TypeAlias = Literal["asc", "desc"]
"""The sort direction: ``asc`` (ascending) or ``desc``."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def date_filter(value: date | str | None, name: str) -> str | None:
    """Write a calendar date as ``YYYY-MM-DD``.

    Raises:
        InvalidArgument: A text is not a date, or a `datetime` is given: the API filters by whole days, and dropping
            the time could mean another day.
    """
    if value is None:
        return None
    text = value.isoformat() if isinstance(value, date) else value
    # a datetime is a date to Python, and its text is too long here
    if not _is_date(text):
        raise InvalidArgument(
            f"{name} must be a date or 'YYYY-MM-DD', got {value!r}; for a datetime use .date()"
        )
    return text


def _is_date(text: object) -> bool:
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def direction_filter(sort: str | None, order: str | None = None) -> str | None:
    """Check a sort direction.

    Args:
        sort: The direction.
        order: The direction by the deprecated name of the argument.

    Raises:
        InvalidArgument: It is neither ``asc`` nor ``desc``, or both arguments are given.
    """
    if order is not None:
        warn_deprecated("`order=` as a sort direction", "`sort=`", removed_in="0.3")
        if sort is not None:
            raise InvalidArgument("`sort` and `order` are the same argument: give `sort` only")
        sort = order
    if sort is not None and sort not in ("asc", "desc"):
        raise InvalidArgument(f"`sort` must be 'asc' or 'desc', got {sort!r}")
    return sort


def id_filter(value: object, *kinds: Kind, base_url: str) -> str | None:
    """Return the bare id that a filter takes, from a model, an IRI or an id.

    Raises:
        InvalidIri: It is not one of these, or of another kind.
    """
    return None if value is None else bare_id(value, *kinds, base_url=base_url)


def bare_id(value: object, *kinds: Kind, base_url: str) -> str:
    """Return the bare id of a model, an IRI or an id.

    Raises:
        InvalidIri: It is not one of these, or of another kind.
    """
    if isinstance(value, str) and "/" not in value:
        return parse_id(value)
    return reference(value, *kinds, base_url=base_url).id


def text_filter(value: object, name: str) -> str | None:
    """Check a text that is sent as it is.

    Raises:
        InvalidArgument: It is empty or not a text: the API would take that for "no filter".
    """
    if value is None:
        return None
    if not isinstance(value, str) or not value or not _is_sendable(value):
        raise InvalidArgument(f"{name} must be a text, got {value!r}")
    return value


def _is_sendable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def texts_filter(values: Iterable[str] | str | None, name: str) -> list[str] | None:
    """Check one or several texts that are sent as they are; an empty sequence is "not given"."""
    if values is None:
        return None
    texts = [values] if isinstance(values, str) else list(values)
    for text in texts:
        text_filter(text, name)
    return texts or None
