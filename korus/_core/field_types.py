"""Types of form fields (reference 6): a table for forms, sandbox, documentation and tests.

A type whose answers are texts of a certain shape needs only a row. A type that takes other Python values also needs a
function in `korus.forms`.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FIELD_TYPES", "FieldType"]


@frozen
class FieldType:
    """One type of form fields.

    Attributes:
        name: The API's name of the type.
        values: The Python values that it takes, as documented in `korus.forms`.
        sent: The text that is sent, as documented there.
        example: A Python value; None for a type with choices.
        text: The text that is sent for the example.
        shape: The pattern of the type's texts; None if any text is allowed.
        form: The shape in words, such as ``YYYY-MM-DD``.
        read: Converts a text of the shape; raises `ValueError` if it is not on the calendar.
        has_choices: True if the answer is one of the choices of the field.
        is_multiple: True if there may be several answers.
    """

    name: str
    values: str
    sent: str
    example: Any = None
    text: str = ""
    shape: re.Pattern[str] | None = None
    form: str = ""
    read: Callable[[str], Any] = str
    has_choices: bool = False
    is_multiple: bool = False

    def problem_with(self, text: str) -> str | None:
        """Return the fault of a text of this type, as the end of a sentence; None if it is valid."""
        if self.shape is None:
            return None
        if not self.shape.fullmatch(text):
            return f"is not of the form {self.form}"
        try:
            self.read(text)
        except ValueError:
            return "is not on the calendar or the clock"
        return None


_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
# more than any real answer, and less than the length at which Python refuses to read an integer
_DIGITS = "[0-9]{1,1000}"

_ROWS = (
    FieldType("text", "`str`", "the text, unchanged", "Vega", "Vega"),
    FieldType(
        "bool",
        "`bool`",
        "``true``, ``false``",
        True,
        "true",
        re.compile("true|false"),
        "'true' or 'false'",
        lambda text: text == "true",
    ),
    FieldType(
        "integer",
        "`int`, but not `bool`",
        "``4``",
        4,
        "4",
        re.compile(f"-?{_DIGITS}"),
        "'4': digits only",
        int,
    ),
    FieldType(
        "decimal",
        "`~decimal.Decimal`, `int` (not `bool`) or decimal text",
        "``7.50``",
        Decimal("7.5"),
        "7.50",
        re.compile(rf"-?{_DIGITS}(?:\.{_DIGITS})?"),
        "'7.50': digits with a point, no exponent",
        Decimal,
    ),
    FieldType(
        "date",
        "`~datetime.date` (not `~datetime.datetime`), or its text",
        "``2026-04-18``",
        date(2026, 4, 18),
        "2026-04-18",
        re.compile(_DAY),
        "YYYY-MM-DD",
        date.fromisoformat,
    ),
    FieldType(
        "time",
        "`~datetime.time` without zone and seconds, or its text",
        "``18:45``",
        time(18, 45),
        "18:45",
        re.compile(_CLOCK),
        "HH:MM",
        time.fromisoformat,
    ),
    FieldType(
        "datetime",
        "`~datetime.datetime` without microseconds, or its text",
        "``2026-04-18 18:45:00``",
        datetime(2026, 4, 18, 18, 45),  # noqa: DTZ001 - forms have no zone
        "2026-04-18 18:45:00",
        re.compile(f"{_DAY} {_CLOCK}:[0-5][0-9]"),
        "YYYY-MM-DD HH:MM:SS",
        datetime.fromisoformat,
    ),
    FieldType(
        "single_choice",
        "a choice: its code, its label, or the choice itself",
        "the choice's code",
        has_choices=True,
    ),
    FieldType(
        "multi_choice",
        "a list, tuple or set of choices",
        "one text for each choice",
        has_choices=True,
        is_multiple=True,
    ),
)

FIELD_TYPES: Mapping[str, FieldType] = MappingProxyType({row.name: row for row in _ROWS})
"""The types by name, in the order of the reference."""
