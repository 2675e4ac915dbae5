# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Enum `FormFieldType`."""

from __future__ import annotations

from .._reading import OpenStr


class FormFieldType(OpenStr):
    """What kind of answer it takes"""

    TEXT = "text"
    BOOL = "bool"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    SINGLE_CHOICE = "single_choice"
    MULTI_CHOICE = "multi_choice"


__all__ = ["FormFieldType"]
