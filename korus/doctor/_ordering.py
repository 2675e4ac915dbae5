"""Orders of the doctor, outside of production only, to check a1, a4, a5 and a6."""

from __future__ import annotations

import time
import unicodedata
from typing import TYPE_CHECKING

from attrs import frozen

from korus.doctor._looking import ORDERS, newest, note_lag, read, texts, until
from korus.errors import KorusError
from korus.testing.plainvalues import as_list, as_mapping

if TYPE_CHECKING:
    from korus import Korus
    from korus.doctor._report import Report

__all__ = ["order", "order_again", "order_ended"]

# text that a system may trim, fold, normalise or cut: outer and inner spaces, a composed and a decomposed letter
_REFERENCE = " Doctor  \u00c9 e\u0301 "
_LONGEST = 50
_PATH = f"{ORDERS}/_bulk"
_CUSTOMER = {"firstname": "Korus", "lastname": "Doctor", "email": "doctor@example.org"}
# no: not now (408, 425, 429), not you (401, 403), not here (405)
_REFUSALS = frozenset({400, 404, 409, 410, 422})


@frozen
class _Placed:
    """Outcome of an order.

    Attributes:
        iri: The order that was placed.
        refused: True if the API refused it.
        text: The status or error.
    """

    iri: str | None
    refused: bool
    text: str


def order(korus: Korus, report: Report, held: str, settle: float) -> str | None:
    """Order a reservation without the booking protocol, which would refuse the reference; return the order."""
    reference = f"{_REFERENCE}{int(time.time()):x}".ljust(_LONGEST - 1, "x") + " "
    placed = _place(korus, held, reference)
    if placed.iri is None:
        report.step("probe", "order", "failed", f"not ordered: {placed.text}")
        for name in ("a1", "a4", "a6"):
            report.leave(name, "no order could be placed")
        return None
    report.step("probe", "order", "ok", "ordered one unit")
    iri = placed.iri
    in_item = until(lambda: read(korus, iri) is not None)
    in_list = until(lambda: iri in {one.get("@id") for one in newest(korus, ORDERS)})
    note_lag(report, "order", in_item, in_list, settle)
    document = read(korus, iri)
    if document is None:
        for name in ("a4", "a6"):
            report.leave(name, "the order is not shown")
        return iri
    _compare_references(report, reference, document.get("externalReference"))
    if iri in texts(read(korus, held)) or held in texts(document):
        report.assume("a4", "held", "one of the two names the other")
    else:
        _look_by_reference(korus, report, iri, reference)
    return iri


def _compare_references(report: Report, reference: str, came: object) -> None:
    if came == reference:
        report.assume("a6", "held", "a reference with spaces and composed letters came back unchanged")
        return
    text = f"references are {_change(reference, came)}"
    report.assume("a6", "broken", text)
    report.differ("assumption a6", f"GET {ORDERS}/{{id}}", "externalReference", text)


def _look_by_reference(korus: Korus, report: Report, iri: str, reference: str) -> None:
    """Check if the list by reference links an order to its reservation, since neither names the other."""
    if [one.get("@id") for one in newest(korus, ORDERS, external_reference=reference)] == [iri]:
        report.assume("a4", "held", "neither names the other, but the list by reference shows the order")
    else:
        text = "neither names the other, and the list by reference does not show the order"
        report.assume("a4", "broken", text)
        report.differ("assumption a4", "GET /v1/booking/reservations/{id}", "", text)


def order_again(korus: Korus, report: Report, held: str, first: str) -> None:
    """Order the same reservation again."""
    reference = f"Doctor again {int(time.time()):x}"
    placed = _place(korus, held, reference)
    if placed.iri == first:
        report.assume("a1", "held", "a second order was answered with the first one")
        return
    twins = [
        one
        for one in newest(korus, ORDERS)
        if one.get("@id") != first and reference == str(one.get("externalReference")).strip()
    ]
    if placed.iri is not None or twins:
        text = "a reservation was ordered twice"
        report.assume(
            "a1", "broken", text if placed.iri else f"{text}, though it was refused ({placed.text})"
        )
        report.differ("assumption a1", f"POST {_PATH}", "", "a reservation can be ordered twice")
    elif placed.refused:
        report.assume("a1", "held", f"a second order was refused ({placed.text})")
    else:
        report.leave("a1", f"the result of a second order is not known ({placed.text})")
        report.step("probe", "order again", "warning", f"not known: {placed.text}")


def order_ended(korus: Korus, report: Report, held: str) -> None:
    """Order a reservation that has ended."""
    placed = _place(korus, held, f"Doctor late {int(time.time()):x}")
    if placed.iri is not None:
        text = "a reservation that had ended was ordered"
        report.assume("a5", "broken", text)
        report.differ("assumption a5", f"POST {_PATH}", "", "a reservation that has ended can be ordered")
    elif placed.refused:
        report.assume("a5", "held", f"an order of a reservation that had ended was refused ({placed.text})")
    else:
        report.leave("a5", f"the result of an order after the end is not known ({placed.text})")


def _place(korus: Korus, reservation: str, reference: str) -> _Placed:
    body = {"reservations": [reservation], "customer": _CUSTOMER, "externalReference": reference}
    try:
        document = as_mapping(korus.request("POST", _PATH, json=body).json())
    except KorusError as error:
        return _Placed(None, error.status in _REFUSALS, str(error.status or type(error).__name__))
    for one in as_list(document.get("orders")):
        iri = as_mapping(one).get("@id")
        if isinstance(iri, str) and iri:
            return _Placed(iri, refused=False, text="placed")
    if as_list(document.get("failedOrders")):
        return _Placed(None, refused=True, text="an entry of failedOrders")
    return _Placed(None, refused=False, text="the answer names neither an order nor a failure")


def _change(sent: str, came: object) -> str:
    """Return a description of how a text was changed, without quoting it."""
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
