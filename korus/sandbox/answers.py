"""Validation of form answers: the strict format of each field type (reference 6).

It checks the text that a client sent; ``korus.forms`` turns Python values into such text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._core.field_types import FIELD_TYPES

if TYPE_CHECKING:
    from korus.sandbox.catalogue import FormField

__all__ = ["problem_with"]


def problem_with(field: FormField, value: str) -> str | None:
    """Return what is wrong with one value of a field, or None.

    Args:
        field: The field it answers.
        value: The text as sent.
    """
    kind = FIELD_TYPES[field.plan.type]
    if kind.has_choices:
        return None if field.allows(value) else "The value you selected is not a valid choice."
    if kind.shape is None:
        return None if value.strip() or not field.plan.required else "This value should not be blank."
    return f"This value should be {kind.form}." if kind.problem_with(value) else None
