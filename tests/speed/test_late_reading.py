"""What is read only when it is looked at must read, write and compare as if it had been read at once."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from korus_api import models

from korus.models import Offer, OfferPriceInOffer, Order, OrderItem, Product
from tests.benchmarks import payloads

if TYPE_CHECKING:
    from collections.abc import Callable

READABLE = sorted(name for name in models.__all__ if hasattr(getattr(models, name), "from_dict"))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
JSON = st.recursive(
    SCALARS | st.sampled_from(["2027-01-02", "2027-01-02T03:04:05+02:00", "confirmed", "/v1/x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def looked_at(model: Any) -> Any:
    for attribute, _ in model._FIELDS:
        value = getattr(model, attribute)
        for inner in value if isinstance(value, list) else [value]:
            if hasattr(inner, "_FIELDS"):
                looked_at(inner)
    return model


def calls_of(function: Callable[[], object]) -> int:
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count - 1  # the one that takes the profiler off


def objects(model: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from([wire for _, wire in model._FIELDS] + ["unforeseen"]), JSON)


@pytest.mark.parametrize("name", READABLE)
@settings(max_examples=settings.default.max_examples // 4)
@given(data=st.data())
def test_looking_or_not_gives_the_same_bytes_back(name: str, data: st.DataObject) -> None:
    model = getattr(models, name)
    source = data.draw(objects(model))
    before = json.dumps(source)
    assert json.dumps(model.from_dict(source).to_dict()) == before
    assert json.dumps(looked_at(model.from_dict(source)).to_dict()) == before
    assert json.dumps(source) == before
    assert model.from_dict(source) == looked_at(model.from_dict(source))


def test_what_was_looked_at_is_read_once() -> None:
    offer = Offer.from_dict(payloads.offer(7))
    assert offer.price is offer.price
    assert offer.tickets is offer.tickets
    assert calls_of(lambda: offer.price) == 1  # the lambda itself
    assert isinstance(offer.price, OfferPriceInOffer)
    assert isinstance(offer.product, Product)
    assert offer.date == date(2027, 1, 8)


def test_a_change_to_what_was_read_late_is_sent_back() -> None:
    offer = Offer.from_dict(payloads.offer(7))
    offer.price.amount_incl_tax = "1.00"
    offer.tickets.pop()
    offer.date = date(2028, 2, 29)
    written = offer.to_dict()
    assert written["price"]["amountInclTax"] == "1.00"
    assert len(written["tickets"]) == 1
    assert written["date"] == "2028-02-29"
    assert {**written, "price": 0, "tickets": 0, "date": 0} == {
        **payloads.offer(7),
        "price": 0,
        "tickets": 0,
        "date": 0,
    }


def test_setting_before_looking_replaces_what_came() -> None:
    order = Order.from_dict(payloads.order(3))
    order.cancelled_at = datetime.fromisoformat("2027-03-01T00:00:00+00:00")
    order.customer = None
    assert order.to_dict()["cancelledAt"] == "2027-03-01T00:00:00+00:00"
    assert order.to_dict()["customer"] is None


@pytest.mark.parametrize("look", [False, True])
@pytest.mark.parametrize(
    "through",
    [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))],  # noqa: S301 (our own bytes)
)
def test_copies_and_pickles_are_whole(through: Callable[[Any], Any], look: bool) -> None:
    order = Order.from_dict(payloads.order(1))
    if look:
        looked_at(order)
    other = through(order)
    assert other == order
    assert isinstance(other.items[0], OrderItem)
    assert other.to_dict() == payloads.order(1)


def test_an_attribute_that_no_class_has_is_still_an_error() -> None:
    for offer in (Offer.from_dict({}), Offer(), Offer.__new__(Offer)):
        with pytest.raises(AttributeError, match="'Offer' object has no attribute 'prise'"):
            _ = offer.prise
        assert not hasattr(offer, "__wrapped__")


def test_unknown_name_that_was_set_is_refused_when_sent() -> None:
    offer, misspelt = Offer.from_dict(payloads.offer(7)), "prise"
    setattr(offer, misspelt, "1.00")
    with pytest.raises(AttributeError, match="'Offer' object has no attribute 'prise' to send"):
        offer.to_dict()


def test_an_empty_object_made_by_hand_reads_nothing_late() -> None:
    assert Offer().price is None
    assert Offer().to_dict() == {}
