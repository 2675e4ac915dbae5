"""The receipt: what it says, what it keeps to itself, and the exit status that goes with it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from korus.cli.booking_file import Item, OfferNamed, Text
from korus.cli.lookup import Found
from korus.cli.receipt import Line, SavedDocument, receipt, status, summary
from korus.cli.receipt_file import with_earlier

PERSON = {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.com"}


def line(*, order: dict[str, Any] | None = None, settled: int = 2, **changes: Any) -> Line:
    at = Text("x", 1, "x")
    item = Item(7, "items[0]", OfferNamed(at, at, date(2027, 5, 15)), 2, beneficiaries=(PERSON,))
    offer = {"@id": "/v1/ticketing/catalogs/c/offers/o", "date": "2027-05-15"}
    orders = [] if order is None else [order]
    return Line(Found(item, "Lantern Park", "Day visit", offer), orders=orders, settled=settled, **changes)


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
    assert status([line(order=order(), settled=1)]) == 3
    assert status([line(unknown=True, failures=["unknown"])]) == 3
    assert status([bad, line(unknown=True)]) == 3
    assert status([good], ["/v1/booking/orders/somebodys"]) == 3
    assert status([]) == 1


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "booked"),
        ({"settled": 1}, "incomplete"),
        ({"unknown": True}, "incomplete"),
        ({"failures": ["it has 1 of 2 tickets"]}, "incomplete"),
        ({"order": None}, "failed"),
        ({"order": None, "unknown": True}, "unknown"),
    ],
)
def test_a_line_is_booked_only_if_all_of_it_is(changes: dict[str, Any], state: str) -> None:
    assert line(**{"order": order(), **changes}).state == state


def test_what_is_not_known_is_neither_partly_nor_nothing() -> None:
    assert written(line(unknown=True), line())["status"] == "unknown"
    assert written(line(unknown=True), line(order=order()))["status"] == "partly"


def test_a_line_with_several_orders_names_them_all() -> None:
    both = line(order=order("A", "1.00"))
    both.add_order(order("B", "2.00"))
    both.add_order(order("B", "2.00"))
    (entry,) = written(both)["items"]
    assert entry["orders"] == ["/v1/booking/orders/A", "/v1/booking/orders/B"]
    assert (entry["order"], entry["amount_incl_tax"]) == ("/v1/booking/orders/A", "3.00")


def test_items_of_an_earlier_receipt_that_were_bought_are_kept() -> None:
    first = written(line(order=order("A")), line(order=order("B")))
    second = with_earlier(written(line(order=order("B"))), first)
    assert [item["order"] for item in second["earlier_items"]] == ["/v1/booking/orders/A"]
    third = with_earlier(written(line(order=order("A"))), second)
    assert [item["order"] for item in third["earlier_items"]] == ["/v1/booking/orders/B"]
    assert with_earlier(written(line()), {"items": [{"order": None}, 7, None]})["earlier_items"] == []


def test_a_receipt_of_an_older_korus_is_read_too() -> None:
    older = {"items": [{"order": "/v1/booking/orders/A", "state": "booked"}]}
    assert with_earlier(written(line()), older)["earlier_items"] == older["items"]


def test_a_receipt_names_what_was_bought_and_what_lies_beside_it() -> None:
    saved = SavedDocument(
        "/v1/booking/orders/LANTRN-1/documents/d", Path("tickets/x/LANTRN-1.pdf"), 1234, "ab" * 32
    )
    held = ["/v1/booking/reservations/r"]
    found = written(line(order=order(), reservations=held, documents=[saved], named=1))
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
        "reservations": ["/v1/booking/reservations/r"],
        "order": "/v1/booking/orders/LANTRN-1",
        "orders": ["/v1/booking/orders/LANTRN-1"],
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


def test_receipt_has_no_person_and_no_voucher() -> None:
    text = json.dumps(written(line(order=order())))
    assert not [
        secret for secret in ("Ada", "Lovelace", "ada@example.com", "4400112233557799") if secret in text
    ]


def test_total_counts_each_order_once_and_is_absent_if_one_is_unknown() -> None:
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
