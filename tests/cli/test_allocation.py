"""An order is tied to lines by what the log says of it, else by product, date, start and number of units."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from korus._booking.request_items import RequestedLine
from korus.cli.allocation import Allocation, allocate_items, allocate_parts, shortfall
from korus.cli.booking_file import Item, OfferNamed, Text
from korus.cli.lookup import Found
from korus.cli.previous_run import Part
from korus.cli.receipt import Line

CATALOG = "/v1/ticketing/catalogs/c"


def line(
    product: str, day: str | None = "2027-05-15", quantity: int = 1, *, start: str = "", tickets: int = 1
) -> Line:
    at = Text("x", 1, "x")
    item = Item(1, "items[0]", OfferNamed(at, at, None if day is None else date.fromisoformat(day)), quantity)
    offer = {
        "@id": f"{CATALOG}/offers/{product}",
        "product": {"@id": f"{CATALOG}/products/{product}"},
        "date": day,
    }
    starts = frozenset({datetime.fromisoformat(start)} if start else set())
    names = {f"{CATALOG}/offers/{product}/tickets/{number}": f"T{number}" for number in range(tickets)}
    return Line(Found(item, "C", product, offer, names, starts=starts))


def order(*items: dict[str, Any]) -> dict[str, Any]:
    return {"@id": "/v1/booking/orders/o", "items": list(items)}


def requested(offer: str, quantity: int = 1, *, answers: str | None = None) -> RequestedLine:
    return RequestedLine((offer, frozenset()), quantity, answers=answers)


def given(found: list[Line], allocated: Allocation | None) -> dict[int, int] | None:
    """The units by the line's place."""
    if allocated is None:
        return None
    return {at: units for at, line in enumerate(found) for taker, units in allocated if taker is line}


def bought(
    product: str, day: str | None = "2027-05-15", quantity: int | None = 1, tickets: int = 1, start: str = ""
) -> dict[str, Any]:
    said = {} if quantity is None else {"quantity": quantity}
    ticket = {"occursAt": start or None}
    return said | {"product": f"{CATALOG}/products/{product}", "date": day, "tickets": [ticket] * tickets}


def test_an_order_is_given_to_the_line_that_it_fits() -> None:
    found = [line("a"), line("b", quantity=2), line("a", "2027-05-16")]
    assert given(found, allocate_items(found, order(bought("b", quantity=2)))) == {1: 2}
    assert given(found, allocate_items(found, order(bought("a", "2027-05-16")))) == {2: 1}


def test_equal_lines_take_one_order_each() -> None:
    found = [line("a"), line("a")]
    found[0].settled = 1
    assert given(found, allocate_items(found, order(bought("a")))) == {1: 1}
    found[1].settled = 1
    assert allocate_items(found, order(bought("a"))) is None


def test_an_order_with_several_items_is_of_several_lines() -> None:
    found = [line("b"), line("c"), line("a")]
    assert given(found, allocate_items(found, order(bought("a"), bought("b")))) == {0: 1, 2: 1}
    twice = [line("a"), line("a")]
    assert given(twice, allocate_items(twice, order(bought("a"), bought("a")))) == {0: 1, 1: 1}


def test_a_line_takes_fewer_units_than_it_asks_for_but_never_more() -> None:
    found = [line("a", quantity=3)]
    assert given(found, allocate_items(found, order(bought("a", quantity=2)))) == {0: 2}
    found[0].settled = 2
    assert allocate_items(found, order(bought("a", quantity=2))) is None


def test_units_go_to_the_line_that_lacks_exactly_so_many() -> None:
    found = [line("a", quantity=3), line("a", quantity=2)]
    assert given(found, allocate_items(found, order(bought("a", quantity=2)))) == {1: 2}
    assert given(found, allocate_items(found, order(bought("a", quantity=4)))) == {0: 3, 1: 1}


def test_orders_that_fit_no_line_are_given_to_none() -> None:
    for stranger in (
        order(bought("z")),
        order(bought("a", "2027-05-16")),
        order(bought("a", None)),
        order(bought("a", quantity=2)),
        order(bought("a"), bought("z")),
        order(),
        order(bought("a", quantity=None, tickets=0)),
    ):
        assert allocate_items([line("a")], stranger) is None


def test_without_a_quantity_the_tickets_are_counted() -> None:
    found = [line("a", quantity=2, tickets=2)]
    assert given(found, allocate_items(found, order(bought("a", quantity=None, tickets=4)))) == {0: 2}
    assert given(found, allocate_items(found, order(bought("a", quantity=None, tickets=2)))) == {0: 1}


def test_lines_that_differ_in_their_start_only_are_distinguished() -> None:
    early, late = "2027-05-15T10:00:00+02:00", "2027-05-15T14:00:00+02:00"
    found = [line("a", start=early), line("a", start=late)]
    afternoon = order(bought("a", start="2027-05-15T12:00:00+00:00"))
    assert given(found, allocate_items(found, afternoon)) == {1: 1}


def test_log_distinguishes_lines_by_their_form_answers() -> None:
    found = [line("a"), line("a")]
    found[0].requested, found[1].requested = requested("a", answers="nuts"), requested("a", answers="milk")
    assert given(found, allocate_parts(found, [Part(requested("a", answers="milk"), 1)])) == {1: 1}
    assert allocate_parts(found, [Part(requested("a", answers="eggs"), 1)]) is None
    assert allocate_parts(found, [Part(requested("a", answers="milk"), None)]) is None
    assert allocate_parts(found, []) is None


def test_an_order_that_shows_less_than_it_is_for_falls_short() -> None:
    found = line("a", quantity=2, tickets=2)
    whole = bought("a", quantity=2, tickets=4)
    assert shortfall(order(whole), [(found, 2)]) is None
    assert shortfall(order(bought("a", quantity=2, tickets=3)), [(found, 2)]) == "it has 3 of 4 tickets"
    assert shortfall(order(bought("a", quantity=1, tickets=4)), [(found, 2)]) == "it has 1 of 2 units"
    assert shortfall(order(bought("a", quantity=None, tickets=4)), [(found, 2)]) is None
    assert shortfall({"@id": "/v1/booking/orders/o"}, [(found, 2)]) is None
