"""Telling apart what stands in a parsed document, in a way that the type checkers follow.

A parsed document is anything; these say "a list of anything" and "a mapping of texts to anything" and nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

__all__ = ["as_list", "as_mapping", "is_list", "is_mapping"]


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether the value is a list."""
    return isinstance(value, list)


def is_mapping(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether the value is a mapping, which in a parsed document has texts for keys."""
    return isinstance(value, Mapping)


def as_list(value: Any) -> list[Any]:
    """The value if it is a list, an empty one otherwise."""
    return value if is_list(value) else []


def as_mapping(value: Any) -> dict[str, Any]:
    """The value if it is a mapping, an empty one otherwise."""
    return value if is_mapping(value) else {}
