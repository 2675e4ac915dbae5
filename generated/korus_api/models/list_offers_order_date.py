# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Enum `ListOffersOrderDate`."""

from __future__ import annotations

from .._reading import OpenStr


class ListOffersOrderDate(OpenStr):
    """Open enum: values that are not listed are kept."""

    ASC = "asc"
    DESC = "desc"


__all__ = ["ListOffersOrderDate"]
