"""Reading of raw JSON: objects and their members, from a model of `korus.models` or from the JSON behind it.

Only the modules at the edge use this, those that turn what came into typed facts or write what is sent
(`tests/project/test_typed_facts.py` lists them). It validates nothing and never raises on what the API sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["iri_of", "json_object", "objects", "text", "whole"]

_BLANK = "/.well-known/genid/"
_ABSENT = object()


def json_object(value: object) -> Mapping[str, Any] | None:
    """Return the JSON object behind a model or a mapping; None for anything else (an IRI, a number, None)."""
    # a bulk call reads thousands of values: what JSON is made of comes first, and no protocol is asked
    if value.__class__ is dict:
        return cast("Mapping[str, Any]", value)
    if value is None or isinstance(value, str):
        return None
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)
    to_dict = getattr(value, "to_dict", None)
    if to_dict is None or isinstance(value, type):
        return None
    return cast("Mapping[str, Any]", to_dict())


def text(source: Mapping[str, Any], key: str) -> str | None:
    """Return a text that is not empty; None if it is absent, null, empty or not a text."""
    found = source.get(key)
    return found if isinstance(found, str) and found else None


def whole(value: object) -> int | None:
    """Return a whole number; None for anything else, a bool included."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def objects(source: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    """Return the members of an array, whatever they are; empty if it is absent, null or not an array."""
    found = source.get(key)
    return tuple(cast("Sequence[Any]", found)) if isinstance(found, list) else ()


def iri_of(value: object) -> str | None:
    """Return the IRI of a model, a JSON object or an IRI; None without one and for blank nodes (reference 1.5)."""
    found: object
    if value is None:  # most of what a bulk call looks at is here or is not
        return None
    if isinstance(value, str):
        found = value
    elif value.__class__ is dict or isinstance(value, Mapping):
        found = cast("Mapping[str, Any]", value).get("@id")
    else:
        # a model has it as an attribute: writing the whole model for it would take hundreds of times longer
        found = getattr(value, "iri", _ABSENT)
        if found is _ABSENT:
            source = json_object(value)
            found = value if source is None else source.get("@id")
    if not isinstance(found, str) or not found or found.startswith(_BLANK):
        return None
    return str.__str__(found)
