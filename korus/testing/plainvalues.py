"""Type guards for the values of a parsed document, which may be anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

__all__ = ["as_list", "as_mapping", "is_list", "is_mapping"]


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Return True if the value is a list."""
    return isinstance(value, list)


def is_mapping(value: Any) -> TypeGuard[dict[str, Any]]:
    """Return True if the value is a mapping, which in a parsed document has texts for keys."""
    return isinstance(value, Mapping)


def as_list(value: Any) -> list[Any]:
    """Return the value if it is a list, an empty list otherwise."""
    return value if is_list(value) else []


def as_mapping(value: Any) -> dict[str, Any]:
    """Return the value if it is a mapping, an empty mapping otherwise."""
    return value if is_mapping(value) else {}
