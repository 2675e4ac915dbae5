"""Reading values that may be anything: what a description holds at some place."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeGuard

__all__ = ["Json", "Object", "as_list", "as_object", "is_list", "is_object"]

Json: TypeAlias = Any
"""Value of a description at some place: nothing is promised about it."""

Object: TypeAlias = dict[str, Any]
"""An object of a description, as the reader returns it."""


def is_object(value: Json) -> TypeGuard[dict[str, Json]]:
    """Return True if a value is an object."""
    return isinstance(value, dict)


def is_list(value: Json) -> TypeGuard[list[Json]]:
    """Return True if a value is a list."""
    return isinstance(value, list)


def as_object(value: Json) -> dict[str, Json]:
    """Return an object as it is, and an empty one for anything else."""
    return value if is_object(value) else {}


def as_list(value: Json) -> list[Json]:
    """Return a list as it is, and an empty one for anything else."""
    return value if is_list(value) else []
