"""Checks of setting values, reading of the API's timestamps, and readable JSON."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TypeGuard

__all__ = ["is_count", "is_number", "moment", "readable_json", "shown"]

_LONGEST = 60
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_number(value: object) -> TypeGuard[float]:
    """Return True for an int or a float; not for a bool, nor for an int beyond the range of floats."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def is_count(value: object) -> TypeGuard[int]:
    """Return True for a whole number of at least 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def shown(value: object) -> str:
    """Return a value for a message: numbers and None as they are, of other values only the kind."""
    if value is None or isinstance(value, int | float):
        return repr(value) if len(repr(value)) <= _LONGEST else f"a number of {len(repr(value))} digits"
    return f"a value of type {type(value).__name__}"


def moment(written: object) -> datetime | None:
    """Read a timestamp of the API, aware; None if it cannot be read as one."""
    if isinstance(written, datetime):
        found = written
    elif isinstance(written, str):
        try:
            found = datetime.fromisoformat(written)
        except ValueError:
            return None
    else:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def readable_json(value: object) -> str:
    """Write JSON without escaping letters, except half of a surrogate pair, which no file can hold."""
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
