"""What only a booking shows: a hold that is left to expire, and off production an order. Asked for explicitly."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from korus.errors import KorusError, NotFound, OutcomeUnknown
from korus.testing.plainvalues import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable

    from korus import Korus
    from korus.doctor._report import Report
    from korus.models import Reservation

__all__ = ["book"]

_SECONDS = 10.0
_STEP = 0.25
# spaces within, letters of another script and of both cases: what a system may trim, fold or normalise
_REFERENCE = " Doctor É e\u0301 {:x} "
_LISTS = {"reservation": "GET /v1/booking/reservations", "order": "GET /v1/booking/orders"}
_ORDER = "POST /v1/booking/orders/_bulk"
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
        _order(korus, report, held, settle)


def _order(korus: Korus, report: Report, held: Reservation, settle: float) -> None:
    reference = _REFERENCE.format(int(time.time()))
    try:
        (placed,) = korus.orders.create(held, customer=_CUSTOMER, external_reference=reference).succeeded
    except (KorusError, ValueError) as error:
        report.step("probe", "order", "failed", f"not ordered: {type(error).__name__}")
        return
    report.step("probe", "order", "ok", "ordered one unit")
    assert placed.iri is not None  # noqa: S101 - an order that succeeded has an IRI
    document = as_mapping(korus.request("GET", placed.iri).json())
    came = document.get("externalReference")
    if came == reference:
        report.assume("a6", "held", "one with spaces and composed letters came back as it was sent")
    else:
        how = _change(reference, came)
        report.assume("a6", "broken", how)
        report.differ(
            "assumption a6", "GET /v1/booking/orders/{id}", "externalReference", f"references are {how}"
        )
    reservation = as_mapping(korus.request("GET", str(held.iri)).json())
    if placed.iri in _texts(reservation) or held.iri in _texts(document):
        report.assume("a4", "held", "one of the two names the other")
    else:
        report.assume("a4", "broken", "neither names the other")
        report.differ("assumption a4", "GET /v1/booking/reservations/{id}", "", "neither names the other")
    in_list = _until(lambda: placed.iri in {one.iri for one in korus.orders.list(page_size=50).page(1).items})
    _shown(report, "order", 0.0, in_list, settle)
    _order_again(korus, report, str(held.iri))


def _order_again(korus: Korus, report: Report, reservation: str) -> None:
    """Order the same reservation once more, past the booking protocol, which would refuse to."""
    body = {"reservations": [reservation], "customer": _CUSTOMER, "externalReference": "Doctor again"}
    try:
        document = as_mapping(korus.request("POST", "/v1/booking/orders/_bulk", json=body).json())
    except KorusError as error:
        status = error.status
        if status is None or status >= 500:  # noqa: PLR2004
            report.step("probe", "order again", "warning", f"not known: {type(error).__name__}")
            return
        report.assume("a1", "held", f"a second order was refused with {status}")
        return
    if as_list(document.get("orders")):
        report.assume("a1", "broken", "a reservation was ordered twice")
        report.differ("assumption a1", _ORDER, "", "a reservation can be ordered twice")
    else:
        report.assume("a1", "held", "a second order was refused")


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
