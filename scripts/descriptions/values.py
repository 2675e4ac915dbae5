"""Reading of arbitrary values of a description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Json", "Object", "as_list", "as_object", "is_list", "is_object", "members"]

Json: TypeAlias = Any
"""Any value of a description."""

Object: TypeAlias = dict[str, Any]
"""An object of a description, as the reader returns it."""


def is_object(value: Json) -> TypeGuard[dict[str, Json]]:
    """Return True if a value is an object."""
    return isinstance(value, dict)


def is_list(value: Json) -> TypeGuard[list[Json]]:
    """Return True if a value is a list."""
    return isinstance(value, list)


def as_object(value: Json) -> dict[str, Json]:
    """Return an object unchanged, and an empty one for anything else."""
    return value if is_object(value) else {}


def as_list(value: Json) -> list[Json]:
    """Return a list unchanged, and an empty one for anything else."""
    return value if is_list(value) else []


def members(value: Json, *, but: str | None = None) -> Iterator[tuple[str, Json]]:
    """Yield the keys and values of all objects in a value, except for lists below the key ``but``."""
    todo = [value]
    while todo:
        node = todo.pop()
        if is_list(node):
            todo.extend(node)
        for key, part in as_object(node).items():
            yield key, part
            if is_object(part) or (is_list(part) and key != but):
                todo.append(part)
