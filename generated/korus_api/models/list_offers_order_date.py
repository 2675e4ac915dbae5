# Written by `python -m scripts.generate`. Do not edit: it is written anew.
"""The enum `ListOffersOrderDate`."""

from __future__ import annotations

from .._reading import OpenStr


class ListOffersOrderDate(OpenStr):
    """A list that may grow: values that are not listed are kept."""

    ASC = "asc"
    DESC = "desc"


__all__ = ["ListOffersOrderDate"]
