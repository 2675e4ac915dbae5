"""The plain JSON behind a value: a model of `korus.models`, or the JSON object that it would be made from.

The floor without I/O (bookings, form answers, beneficiaries) judges what the API said, not how Python holds
it, so it reads models and plain dicts alike through this module. It validates nothing and never raises on
what the API sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast, runtime_checkable

__all__ = ["Wired", "iri_of", "objects", "text", "wire"]

_BLANK = "/.well-known/genid/"


@runtime_checkable
class Wired(Protocol):
    """Anything that gives back the JSON object it stands for; every model of `korus.models` does."""

    def to_dict(self) -> Mapping[str, Any]:
        """The JSON object, keys as the API writes them."""
        ...


def wire(value: object) -> Mapping[str, Any] | None:
    """Give the JSON object behind a model or a mapping; None for anything else (an IRI, a number, None)."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)
    if isinstance(value, Wired) and not isinstance(value, type):
        return value.to_dict()
    return None


def text(source: Mapping[str, Any], key: str) -> str | None:
    """Read a text that has to be there to be of use: None when absent, null, empty or not a text."""
    found = source.get(key)
    return found if isinstance(found, str) and found else None


def objects(source: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    """Read an array, whatever its members are; empty when absent, null or not an array."""
    found = source.get(key)
    return tuple(cast("Sequence[Any]", found)) if isinstance(found, list) else ()


def iri_of(value: object) -> str | None:
    """Give the IRI of a model, a JSON object or an IRI; None for none and for blank nodes (reference 1.5)."""
    source = wire(value)
    found = value if source is None else source.get("@id")
    if not isinstance(found, str) or not found or found.startswith(_BLANK):
        return None
    return str.__str__(found)
