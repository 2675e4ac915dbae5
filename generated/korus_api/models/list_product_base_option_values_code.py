# Written by `python -m scripts.generate`. Do not edit: it is written anew.
"""The enum `ListProductBaseOptionValuesCode`."""

from __future__ import annotations

from .._reading import OpenStr


class ListProductBaseOptionValuesCode(OpenStr):
    """A list that may grow: values that are not listed are kept."""

    SEATING_CATEGORY = "seating_category"
    ZONE = "zone"
    PRICE_TYPE = "price_type"
    DAYS_COUNT = "days_count"


__all__ = ["ListProductBaseOptionValuesCode"]
