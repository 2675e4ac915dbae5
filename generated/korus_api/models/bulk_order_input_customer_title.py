# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Enum `BulkOrderInputCustomerTitle`."""

from __future__ import annotations

from .._reading import OpenStr


class BulkOrderInputCustomerTitle(OpenStr):
    """Salutation"""

    MR = "mr"
    MRS = "mrs"
    MX = "mx"


__all__ = ["BulkOrderInputCustomerTitle"]
