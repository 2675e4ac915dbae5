"""Form answers as the sandbox demands them: the strict wire format of each of the nine field types.

The formats are the reference's section 6. This module reads text that a client sent and says what is wrong
with it; it does not turn Python values into text, which is the client's part (``korus.forms``).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from korus.sandbox.catalogue import FormField

__all__ = ["FIELD_TYPES", "problem_with"]

_PATTERNS: dict[str, tuple[re.Pattern[str], str]] = {
    "bool": (re.compile(r"true|false"), "This value should be true or false."),
    "integer": (re.compile(r"-?[0-9]{1,18}"), "This value should be a whole number in digits."),
    "decimal": (
        re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?"),
        "This value should be a number with a point as separator.",
    ),
    "date": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "This value should be a date, YYYY-MM-DD."),
    "time": (re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]"), "This value should be a time, HH:MM."),
    "datetime": (
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"),
        "This value should be a date and time, YYYY-MM-DD HH:MM:SS.",
    ),
}

FIELD_TYPES: tuple[str, ...] = ("text", *_PATTERNS, "single_choice", "multi_choice")
"""The nine types."""


def problem_with(field: FormField, value: str) -> str | None:
    """Return what is wrong with one value of a field, or None.

    Args:
        field: The field it answers.
        value: The text as sent.
    """
    kind = field.plan.type
    if kind == "text":
        return None if value.strip() or not field.plan.required else "This value should not be blank."
    if kind in {"single_choice", "multi_choice"}:
        return None if field.allows(value) else "The value you selected is not a valid choice."
    pattern, message = _PATTERNS[kind]
    if pattern.fullmatch(value) is None or not _exists(kind, value):
        return message
    return None


def _exists(kind: str, value: str) -> bool:
    """Tell whether a well-formed date is one of the calendar's."""
    try:
        if kind == "date":
            date.fromisoformat(value)
        elif kind == "datetime":
            datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
