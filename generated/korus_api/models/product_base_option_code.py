# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Enum `ProductBaseOptionCode`."""

from __future__ import annotations

from .._reading import OpenStr


class ProductBaseOptionCode(OpenStr):
    """Name of the dimension"""

    SEATING_CATEGORY = "seating_category"
    ZONE = "zone"
    PRICE_TYPE = "price_type"
    DAYS_COUNT = "days_count"


__all__ = ["ProductBaseOptionCode"]
