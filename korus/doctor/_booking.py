"""Findings that need a booking: a hold that is left to expire, and off production an order. Asked for explicitly."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from korus.errors import KorusError, NotFound, OutcomeUnknown
from korus.testing.plainvalues import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable

    from korus import Korus
    from korus.doctor._report import Report

__all__ = ["book"]

_SECONDS = 10.0
_STEP = 0.25
# what a system may trim, fold, normalise or cut: spaces at both ends and within, a composed and a decomposed letter
_REFERENCE = " Doctor  \u00c9 e\u0301 "
_LONGEST = 50
_LISTS = {"reservation": "GET /v1/booking/reservations", "order": "GET /v1/booking/orders"}
_PATH = "/v1/booking/orders/_bulk"
_CUSTOMER = {"firstname": "Korus", "lastname": "Doctor", "email": "doctor@example.org"}


def book(korus: Korus, report: Report, offer: str, *, order: bool) -> None:
    """Hold one unit of an offer and look at what becomes of it; order it if ``order``.

    The hold is left to expire: the API documents no way to release one.
    """
    booking = korus.reservations.bulk()
    booking.add(offer)
    try:
        (held,) = booking.submit().succeeded
    except (KorusError, ValueError) as error:
        text = f"not held: {type(error).__name__}"
        advice = "An offer that needs no form and no session, with stock, is held most easily."
        report.step(
            "probe", "hold", "failed" if isinstance(error, OutcomeUnknown) else "warning", text, advice
        )
        return
    report.step("probe", "hold", "ok", "held one unit; it is left to expire")
    settle = korus.config.retry.settle
    in_item = _until(lambda: _is_found(lambda: korus.reservations.get(held)))
    in_list = _until(
        lambda: held.iri in {one.iri for one in korus.reservations.list(page_size=50).page(1).items}
    )
    _shown(report, "reservation", in_item, in_list, settle)
    if order:
        _order(korus, report, held.iri, settle)


def _order(korus: Korus, report: Report, held: str, settle: float) -> None:
    """Order a reservation past the booking protocol, which would refuse the reference."""
    reference = f"{_REFERENCE}{int(time.time()):x}".ljust(_LONGEST - 1, "x") + " "
    placed, problem = _placed(korus, held, reference)
    if placed is None:
        report.step("probe", "order", "failed", f"not ordered: {problem}")
        return
    report.step("probe", "order", "ok", "ordered one unit")
    document = as_mapping(korus.request("GET", placed).json())
    came = document.get("externalReference")
    if came == reference:
        report.assume("a6", "held", "one with spaces and composed letters came back as it was sent")
    else:
        how = _change(reference, came)
        report.assume("a6", "broken", f"references are {how}")
        report.differ(
            "assumption a6", "GET /v1/booking/orders/{id}", "externalReference", f"references are {how}"
        )
    reservation = as_mapping(korus.request("GET", held).json())
    if placed in _texts(reservation) or held in _texts(document):
        report.assume("a4", "held", "one of the two names the other")
    else:
        report.assume("a4", "broken", "neither names the other")
        report.differ("assumption a4", "GET /v1/booking/reservations/{id}", "", "neither names the other")
    in_list = _until(lambda: placed in {one.iri for one in korus.orders.list(page_size=50).page(1).items})
    _shown(report, "order", 0.0, in_list, settle)
    _order_again(korus, report, held)


def _placed(korus: Korus, reservation: str, reference: str) -> tuple[str | None, str]:
    """Return the order that was placed, or why there is none."""
    body = {"reservations": [reservation], "customer": _CUSTOMER, "externalReference": reference}
    try:
        document = as_mapping(korus.request("POST", _PATH, json=body).json())
    except KorusError as error:
        return None, str(error.status or type(error).__name__)
    orders = [as_mapping(one).get("@id") for one in as_list(document.get("orders"))]
    return (str(orders[0]), "") if orders and orders[0] else (None, "refused")


def _order_again(korus: Korus, report: Report, reservation: str) -> None:
    placed, problem = _placed(korus, reservation, "Doctor again")
    if placed is not None:
        report.assume("a1", "broken", "a reservation was ordered twice")
        report.differ("assumption a1", f"POST {_PATH}", "", "a reservation can be ordered twice")
    elif problem == "refused" or problem.startswith("4"):
        report.assume("a1", "held", f"a second order was refused ({problem})")
    else:
        report.step("probe", "order again", "warning", f"not known: {problem}")


def _shown(report: Report, what: str, item: float | None, listed: float | None, settle: float) -> None:
    """Note after how long a write was shown."""
    said = [
        f"{place} after {'more than ' if seconds is None else ''}{_SECONDS if seconds is None else seconds:.1f} s"
        for place, seconds in (("by item", item), ("in the list", listed))
    ]
    text = f"a new {what} is shown {', '.join(said)}"
    report.observations[f"{what}, shown"] = text
    if item is None or listed is None or max(item, listed) > settle:
        report.assume("a3", "broken", f"{text}, `settle` is {settle:.1f} s")
        report.differ("assumption a3", _LISTS[what], "", f"reads lag: {text}")
    else:
        report.assume("a3", "held", text)


def _until(is_shown: Callable[[], bool]) -> float | None:
    """Return after how many seconds something is shown, None if it takes too long."""
    began = time.monotonic()
    while time.monotonic() - began < _SECONDS:
        elapsed = time.monotonic() - began
        if is_shown():
            return elapsed
        time.sleep(_STEP)
    return None


def _is_found(read: Callable[[], Any]) -> bool:
    try:
        read()
    except NotFound:
        return False
    return True


def _change(sent: str, came: object) -> str:
    """Return how a text was changed, without quoting it."""
    import unicodedata  # noqa: PLC0415

    if not isinstance(came, str):
        return "not shown"
    if came == sent.strip():
        return "trimmed"
    if came and came in sent:
        return f"cut to {len(came)} characters"
    if came.strip() in {unicodedata.normalize(form, sent).strip() for form in ("NFC", "NFD", "NFKC", "NFKD")}:
        return "normalised"
    if came.strip().casefold() == sent.strip().casefold():
        return "folded to one case"
    return "changed"


def _texts(value: object) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return {text for one in as_mapping(value).values() for text in _texts(one)}
    return {text for one in as_list(value) for text in _texts(one)}
