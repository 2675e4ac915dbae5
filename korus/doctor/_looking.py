"""Polling of the API until a result is shown, for the doctor's bookings."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from korus.errors import KorusError
from korus.testing.plainvalues import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from korus import Korus
    from korus.doctor._report import Report

__all__ = ["ORDERS", "RESERVATIONS", "SECONDS", "newest", "note_lag", "read", "texts", "until"]

SECONDS = 10.0
"""Seconds to wait until a result is visible."""
RESERVATIONS, ORDERS = "/v1/booking/reservations", "/v1/booking/orders"
_STEP = 0.25
_SIZE = 50


def read(korus: Korus, address: str, **params: str | int) -> Mapping[str, Any] | None:
    """Return a JSON object of the API; None if it is not shown."""
    try:
        return as_mapping(korus.request("GET", address, params=params).json())
    except KorusError:
        return None


def newest(korus: Korus, address: str, **params: str) -> list[Mapping[str, Any]]:
    """Return the newest entries of a list.

    If the list is not sorted by creation, its last page is read too.
    """
    asked: dict[str, str | int] = {"order[createdAt]": "desc", "itemsPerPage": _SIZE, **params}
    document = read(korus, address, **asked) or {}
    found = list(_members(document))
    created = [str(one.get("createdAt")) for one in found]
    total = document.get("totalItems", document.get("hydra:totalItems"))
    if created != sorted(created, reverse=True) and isinstance(total, int) and found and total > len(found):
        found += _members(read(korus, address, **asked, page=-(-total // len(found))) or {})
    return found


def _members(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for one in as_list(document.get("member", document.get("hydra:member"))):
        yield as_mapping(one)


def until(is_shown: Callable[[], bool], seconds: float = SECONDS) -> float | None:
    """Return the seconds until something is shown, None if it takes too long."""
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        if is_shown():
            return elapsed
        time.sleep(_STEP)
    return None


def note_lag(report: Report, what: str, item: float | None, listed: float | None, settle: float) -> None:
    """Report the time until a write was shown, by item and in the list."""
    said = [
        f"{place} after {'more than ' if seconds is None else ''}{SECONDS if seconds is None else seconds:.1f} s"
        for place, seconds in (("by item", item), ("in the list", listed))
    ]
    text = f"a new {what} is shown {', '.join(said)}"
    report.observations[f"{what}, shown"] = text
    if item is None or listed is None or max(item, listed) > settle:
        report.assume("a3", "broken", f"{text}, `settle` is {settle:.1f} s")
        report.differ("assumption a3", f"GET /v1/booking/{what}s", "", f"reads lag: {text}")
    else:
        report.assume("a3", "held", text)


def texts(value: object) -> set[str]:
    """Return all strings of a JSON value."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return {text for one in as_mapping(value).values() for text in texts(one)}
    return {text for one in as_list(value) for text in texts(one)}
