# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Enum `ListProductBaseOptionValuesCode`."""

from __future__ import annotations

from .._reading import OpenStr


class ListProductBaseOptionValuesCode(OpenStr):
    """Open enum: values that are not listed are kept."""

    SEATING_CATEGORY = "seating_category"
    ZONE = "zone"
    PRICE_TYPE = "price_type"
    DAYS_COUNT = "days_count"


__all__ = ["ListProductBaseOptionValuesCode"]
