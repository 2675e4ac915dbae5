"""What an earlier run ordered is recognised by reference, product, date, start and number of tickets."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from korus.cli.booking_file import Item, OfferNamed, Text
from korus.cli.earlier import match_orders
from korus.cli.lookup import Found

CATALOG = "/v1/ticketing/catalogs/c"


def line(
    product: str, day: str | None = "2027-05-15", quantity: int = 1, *, start: str = "", tickets: int = 1
) -> Found:
    at = Text("x", 1, "x")
    item = Item(1, "items[0]", OfferNamed(at, at, None if day is None else date.fromisoformat(day)), quantity)
    offer = {
        "@id": f"{CATALOG}/offers/{product}",
        "product": {"@id": f"{CATALOG}/products/{product}"},
        "date": day,
    }
    starts = frozenset({datetime.fromisoformat(start)} if start else set())
    names = {f"{CATALOG}/offers/{product}/tickets/{number}": f"T{number}" for number in range(tickets)}
    return Found(item, "C", product, offer, names, starts=starts)


def order(*items: dict[str, Any], reference: str = "R", status: str = "confirmed") -> dict[str, Any]:
    return {
        "@id": "/v1/booking/orders/o",
        "externalReference": reference,
        "status": status,
        "items": list(items),
    }


def bought(
    product: str, day: str | None = "2027-05-15", quantity: int | None = 1, tickets: int = 1, start: str = ""
) -> dict[str, Any]:
    said = {} if quantity is None else {"quantity": quantity}
    ticket = {"occursAt": start or None}
    return said | {"product": f"{CATALOG}/products/{product}", "date": day, "tickets": [ticket] * tickets}


def test_an_order_is_given_to_the_line_that_it_fits() -> None:
    found = [line("a"), line("b", quantity=2), line("a", "2027-05-16")]
    first, second = order(bought("b", quantity=2)), order(bought("a", "2027-05-16"))
    assert match_orders(found, [first, second], "R") == ({1: first, 2: second}, ())


def test_two_equal_lines_take_one_order_each() -> None:
    found = [line("a"), line("a")]
    orders = [order(bought("a")), order(bought("a"))]
    taken, strangers = match_orders(found, orders, "R")
    assert (sorted(taken), strangers) == ([0, 1], ())
    assert match_orders(found, orders[:1], "R") == ({0: orders[0]}, ())


def test_an_order_with_several_items_is_several_lines() -> None:
    both = order(bought("a"), bought("b"))
    assert match_orders([line("b"), line("c"), line("a")], [both], "R") == ({2: both, 0: both}, ())


def test_orders_that_fit_no_line_are_strangers() -> None:
    for stranger in (
        order(bought("z")),
        order(bought("a", "2027-05-16")),
        order(bought("a", None)),
        order(bought("a", quantity=2)),
        order(bought("a"), bought("z")),
        order(),
    ):
        assert match_orders([line("a")], [stranger], "R") == ({}, (stranger,))


def test_orders_of_another_reference_and_cancelled_ones_are_passed_over() -> None:
    others = [order(bought("a"), reference="R2"), order(bought("a"), status="cancelled")]
    assert match_orders([line("a")], others, "R") == ({}, ())


def test_without_a_quantity_the_tickets_are_counted() -> None:
    found = [line("a", quantity=2, tickets=2)]
    fitting = order(bought("a", quantity=None, tickets=4))
    assert match_orders(found, [fitting], "R") == ({0: fitting}, ())
    short = order(bought("a", quantity=None, tickets=2))
    assert match_orders(found, [short], "R") == ({}, (short,))


def test_lines_that_differ_only_in_their_start_are_told_apart() -> None:
    early, late = "2027-05-15T10:00:00+02:00", "2027-05-15T14:00:00+02:00"
    found = [line("a", start=early), line("a", start=late)]
    afternoon = order(bought("a", start="2027-05-15T12:00:00+00:00"))
    assert match_orders(found, [afternoon], "R") == ({1: afternoon}, ())
