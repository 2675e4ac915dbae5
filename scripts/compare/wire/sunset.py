"""Deprecation with a date: ``x-sunset``, the date until which a deprecated part works (as in RFC 8594)."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.descriptions.values import Json, Object

__all__ = ["SUNSET", "sunset_change", "sunset_of", "too_early"]

SUNSET = "x-sunset"


def sunset_of(part: Object) -> dt.date | None:
    """Return the date until which a part works; None without a valid date."""
    written = part.get(SUNSET)
    if not isinstance(written, str):
        return None
    try:
        return dt.datetime.fromisoformat(written).date()
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(written).date()
    except (TypeError, ValueError):
        return None


def too_early(part: Object) -> dt.date | None:
    """Return the announced date of a removed part, if it has not passed yet."""
    date = sunset_of(part)
    return date if date is not None and date > dt.datetime.now(dt.UTC).date() else None


def sunset_change(was: Object, now: Object) -> tuple[str, Json, Json, str] | None:
    """Return rule, values and clause if the date of a part changed or is invalid."""
    old, new = was.get(SUNSET), now.get(SUNSET)
    if old == new:
        return None
    if new is not None and sunset_of(now) is None:
        return "sunset-unreadable", old, new, f"its {SUNSET} is not a date"
    before, after = sunset_of(was), sunset_of(now)
    if before is not None and before == after:
        return None
    if before is not None and after is not None and after < before:
        return "sunset-moved-nearer", old, new, f"it works until {after} instead of {before}"
    if after is None:
        return "sunset-removed", old, new, "the date until which it works was removed"
    return "sunset-added", old, new, f"it works until {after}"
