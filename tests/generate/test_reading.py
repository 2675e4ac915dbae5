from __future__ import annotations

import copy
import datetime as dt
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from korus_api import models
from korus_api.models import Offer, OfferPriceInOffer, Order, OrderStatus


def pickled(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - written a moment ago


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
READABLE = sorted(name for name in models.__all__ if hasattr(getattr(models, name), "from_dict"))


@st.composite
def answers(draw):
    """Any object at all, under the keys of one of the models, other keys, or none."""
    model = getattr(models, draw(st.sampled_from(READABLE)))
    wires = [wire for _, wire in model._FIELDS]
    keys = st.sampled_from(wires) | st.text(max_size=6) if wires else st.text(max_size=6)
    return model, draw(st.dictionaries(keys, JSON, max_size=8))


@given(answers())
def test_any_value_is_read_and_written_unchanged(answer):
    model, source = answer
    before = copy.deepcopy(source)
    read = model.from_dict(source)
    assert json.dumps(read.to_dict()) == json.dumps(before)
    assert source == before
    assert read == model.from_dict(before)
    for again in (copy.copy(read), copy.deepcopy(read), pickled(read)):
        assert again == read
        assert json.dumps(again.to_dict()) == json.dumps(before)


@given(answers())
def test_unknown_keys_are_kept(answer):
    model, source = answer
    known = {wire for _, wire in model._FIELDS}
    extra = model.from_dict(source).additional_properties
    assert set(extra) == set(source) - known


def test_dates_and_enums_are_read_and_other_values_kept():
    order = Order.from_dict({"createdAt": "2026-02-03T14:05:06Z", "cancelledAt": "soon", "status": "on_hold"})
    assert order.created_at == dt.datetime(2026, 2, 3, 14, 5, 6, tzinfo=dt.UTC)
    assert order.cancelled_at == "soon"
    assert (order.status, order.status.is_known, OrderStatus.CONFIRMED.is_known) == ("on_hold", False, True)
    assert order.items is None


def test_an_iri_or_null_where_an_object_was_expected_is_kept():
    offer = Offer.from_dict(
        {"product": "/v1/ticketing/catalogs/1/products/2", "price": None, "tickets": [None, "x", {"id": "3"}]}
    )
    assert offer.product == "/v1/ticketing/catalogs/1/products/2"
    assert offer.price is None
    assert offer.tickets[:2] == [None, "x"]
    assert offer.tickets[2].id == "3"


def test_only_changed_values_are_written_differently():
    source = {"new": 1, "date": "2026-04-18", "price": {"amountInclTax": "36.50", "unit": "x"}, "id": "a"}
    offer = Offer.from_dict(source)
    offer.id = "b"
    offer.date = dt.date(2026, 4, 19)
    offer.price.currency = "eur"
    offer.available_quantity = 3
    offer.additional_properties["new"] = 2
    written = offer.to_dict()
    assert written == {
        "new": 2, "date": "2026-04-19", "price": {"amountInclTax": "36.50", "unit": "x", "currency": "eur"}, "id": "b",
        "availableQuantity": 3,
    }  # fmt: skip
    assert list(written) == ["new", "date", "price", "id", "availableQuantity"]
    assert source["price"] == {"amountInclTax": "36.50", "unit": "x"}


@pytest.mark.parametrize(
    "text",
    ["2026-02-03T14:05:06Z", "2026-02-03T14:05:06+00:00", "2026-02-03T16:05:06.0+02:00", "20260203T140506Z"],
)
def test_a_timestamp_keeps_its_spelling_until_it_is_changed(text):
    order = Order.from_dict({"createdAt": text})
    assert order.to_dict() == {"createdAt": text}
    order.created_at = order.created_at.astimezone(dt.timezone(dt.timedelta(hours=5)))
    assert order.to_dict() == {"createdAt": order.created_at.isoformat()}


def test_written_values_are_independent_of_the_model():
    offer = Offer.from_dict({"other": {"list": [1]}, "tickets": [{"id": "1"}]})
    offer.to_dict()["other"]["list"].append(2)
    offer.to_dict()["tickets"].clear()
    assert offer.to_dict() == {"other": {"list": [1]}, "tickets": [{"id": "1"}]}


def test_setting_null_writes_null_and_a_removed_unknown_key_is_gone():
    offer = Offer.from_dict({"date": "2026-04-18", "more": 1})
    offer.date = None
    del offer.additional_properties["more"]
    assert offer.to_dict() == {"date": None}


def test_models_are_created_by_keyword():
    offer = Offer(id="1", price=OfferPriceInOffer(amount_incl_tax="2.00"), date=dt.date(2026, 1, 1))
    assert offer.to_dict() == {"id": "1", "date": "2026-01-01", "price": {"amountInclTax": "2.00"}}
    assert offer == Offer.from_dict(offer.to_dict())
    assert offer != Offer(id="2")
    assert offer != "1"


@given(st.text(max_size=12))
def test_an_open_enum_keeps_any_text(text):
    status = OrderStatus(text)
    assert status == text
    assert str(status) == f"{status}" == text
    assert json.loads(json.dumps(status)) == text
    assert hash(status) == hash(text)
    for again in (pickled(status), copy.copy(status), copy.deepcopy(status)):
        assert again == status
        assert type(again) is OrderStatus
        assert again.is_known == (text in {"confirmed", "cancelled"})


def test_enum_keeps_values_of_other_types():
    assert OrderStatus.read(None) is None
    assert OrderStatus.read(3) == 3
    assert OrderStatus.read("confirmed") is OrderStatus.CONFIRMED
    with pytest.raises(ValueError, match="is not a valid OrderStatus"):
        OrderStatus(3)


def test_models_are_imported_on_first_use():
    assert "Offer" in dir(models)
    with pytest.raises(AttributeError, match="Nothing"):
        models.Nothing  # noqa: B018
