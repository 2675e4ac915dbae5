"""Deprecation with a date: ``x-sunset`` says until when a deprecated part works (the meaning of RFC 8594)."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.descriptions.values import Json, Object

__all__ = ["SUNSET", "sunset_change", "sunset_of", "too_early"]

SUNSET = "x-sunset"


def sunset_of(part: Object) -> dt.date | None:
    """Return until when a part works; ``None`` where no date is written that can be read."""
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
    """Return the date until which a part was promised to work that is gone today already."""
    date = sunset_of(part)
    return date if date is not None and date > dt.datetime.now(dt.UTC).date() else None


def sunset_change(was: Object, now: Object) -> tuple[str, Json, Json, str] | None:
    """Return the rule, both values and what happened, where the date of a part changed or cannot be read."""
    old, new = was.get(SUNSET), now.get(SUNSET)
    if old == new:
        return None
    if new is not None and sunset_of(now) is None:
        return "sunset-unreadable", old, new, f"its {SUNSET} is no date"
    before, after = sunset_of(was), sunset_of(now)
    if before is not None and before == after:
        return None
    if before is not None and after is not None and after < before:
        return "sunset-moved-nearer", old, new, f"it works until {after} instead of {before}"
    if after is None:
        return "sunset-removed", old, new, "until when it works is not said any more"
    return "sunset-added", old, new, f"it works until {after}"
