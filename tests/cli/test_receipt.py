"""The receipt: what it says, what it keeps to itself, and the exit status that goes with it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from korus.cli.booking_file import Item, OfferNamed, Text
from korus.cli.lookup import Found
from korus.cli.receipt import Line, SavedDocument, receipt, status, summary

PERSON = {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.com"}


def line(*, order: dict[str, Any] | None = None, **changes: Any) -> Line:
    at = Text("x", 1, "x")
    item = Item(7, "items[0]", OfferNamed(at, at, date(2027, 5, 15)), 2, beneficiaries=(PERSON,))
    offer = {"@id": "/v1/ticketing/catalogs/c/offers/o", "date": "2027-05-15"}
    return Line(Found(item, "Lantern Park", "Day visit", offer), order=order, **changes)


def order(reference: str = "LANTRN-1", amount: str | None = "73.00") -> dict[str, Any]:
    return {
        "@id": f"/v1/booking/orders/{reference}",
        "reference": reference,
        "status": "confirmed",
        "totalAmountInclTax": amount,
        "customer": {"firstname": "Ada", "email": "ada@example.com"},
        "items": [{"tickets": [{"@id": "/v1/t/1", "voucher": "4400112233557799", "beneficiary": PERSON}]}],
    }


def written(*lines: Line) -> dict[str, Any]:
    return receipt(lines, "SHOP-1", datetime(2027, 5, 1, 12, tzinfo=UTC), "1.2.3")


def test_the_status_is_0_for_all_3_for_a_part_and_1_for_nothing() -> None:
    good, bad = line(order=order()), line(failures=["sold out"])
    assert status([good, good]) == 0
    assert status([good, bad]) == 3
    assert status([bad, bad]) == 1
    assert status([line(order=order(), failures=["the tickets could not be fetched"])]) == 3
    assert status([line(order=order(), remarks=["not ready yet"])]) == 0
    assert status([line(unknown=True, failures=["unknown"])]) == 1


def test_a_receipt_names_what_was_bought_and_what_lies_beside_it() -> None:
    saved = SavedDocument(
        "/v1/booking/orders/LANTRN-1/documents/d", Path("tickets/x/LANTRN-1.pdf"), 1234, "ab" * 32
    )
    found = written(line(order=order(), reservation="/v1/booking/reservations/r", documents=[saved], named=1))
    assert found["korus"] == "1.2.3"
    assert found["written_at"] == "2027-05-01T12:00:00+00:00"
    assert (found["external_reference"], found["status"], found["total_incl_tax"]) == (
        "SHOP-1",
        "booked",
        "73.00",
    )
    (entry,) = found["items"]
    assert entry == {
        "line": 7,
        "state": "booked",
        "catalog": "Lantern Park",
        "product": "Day visit",
        "date": "2027-05-15",
        "quantity": 2,
        "offer": "/v1/ticketing/catalogs/c/offers/o",
        "sessions": {},
        "reservation": "/v1/booking/reservations/r",
        "order": "/v1/booking/orders/LANTRN-1",
        "order_reference": "LANTRN-1",
        "order_status": "confirmed",
        "ordered_earlier": False,
        "amount_incl_tax": "73.00",
        "tickets": ["/v1/t/1"],
        "beneficiaries_set": 1,
        "documents": [
            {
                "document": "/v1/booking/orders/LANTRN-1/documents/d",
                "file": "LANTRN-1.pdf",
                "bytes": 1234,
                "sha256": "ab" * 32,
            }
        ],
        "failures": [],
        "remarks": [],
    }


def test_a_receipt_tells_nothing_about_a_person_and_no_voucher() -> None:
    text = json.dumps(written(line(order=order())))
    assert not [
        secret for secret in ("Ada", "Lovelace", "ada@example.com", "4400112233557799") if secret in text
    ]


def test_the_total_adds_each_order_once_and_is_left_out_when_one_does_not_say() -> None:
    shared = order()
    assert (
        written(line(order=shared), line(order=shared), line(order=order("B", "0.10")))["total_incl_tax"]
        == "73.10"
    )
    assert written(line(order=shared), line(order=order("B", None)))["total_incl_tax"] is None
    assert written(line())["total_incl_tax"] == "0.00"


def test_the_summary_says_for_every_line_what_became_of_it_and_why() -> None:
    lines = [line(order=order(), earlier=True), line(failures=["could not be held: sold out"])]
    assert summary(lines, Path("tickets/SHOP-1"), "73.00") == [
        "1 of 2 booked, 73.00 in all",
        "  booked     2 x Day visit, 2027-05-15 (Lantern Park)  LANTRN-1 (ordered by an earlier run)",
        "  failed     2 x Day visit, 2027-05-15 (Lantern Park)",
        "             failed: could not be held: sold out",
    ]
