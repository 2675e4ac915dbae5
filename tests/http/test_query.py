"""Filter values: natural in Python, exact on the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus._http.endpoints import endpoint, is_paged, request_for
from korus._http.query import date_filter, direction_filter, id_filter, text_filter, texts_filter
from korus.errors import InvalidArgument, InvalidIri, OperationUnavailable
from korus.iri import PRODUCT, SESSIONS

C = "/v1/ticketing/catalogs/c1"
BASE = "https://api.test"


@given(st.dates(date(1000, 1, 1)))
def test_a_date_is_a_date_in_both_forms(day: date) -> None:
    assert (
        date_filter(day, "after") == date_filter(day.isoformat(), "after") == f"{day:%Y-%m-%d}".rjust(10, "0")
    )


@pytest.mark.parametrize(
    "wrong",
    [
        datetime(2026, 1, 1, tzinfo=UTC),
        "2026-1-1",
        "20260101",
        "2026-02-30",
        "2026-01-01T00:00",
        "",
        "soon",
        5,
        True,
    ],
)
def test_what_is_no_whole_day_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidArgument, match="after must be a date or 'YYYY-MM-DD'"):
        date_filter(wrong, "after")


def test_none_is_no_filter() -> None:
    assert date_filter(None, "x") is None
    assert direction_filter(None) is None
    assert id_filter(None, PRODUCT, base_url=BASE) is None
    assert text_filter(None, "x") is None
    assert texts_filter(None, "x") is None
    assert texts_filter([], "x") is None


@pytest.mark.parametrize("wrong", ["ASC", "up", "", 1])
def test_a_direction_is_asc_or_desc(wrong: object) -> None:
    assert direction_filter("asc") == "asc"
    with pytest.raises(InvalidArgument, match="'asc' or 'desc'"):
        direction_filter(wrong)


def test_a_filter_by_id_takes_whatever_names_the_resource() -> None:
    assert id_filter("p1", PRODUCT, base_url=BASE) == "p1"
    assert id_filter(f"{C}/products/p1", PRODUCT, base_url=BASE) == "p1"
    assert id_filter({"@id": f"{BASE}{C}/products/p1"}, PRODUCT, base_url=BASE) == "p1"
    assert id_filter(f"{C}/events/e1/sessions/s1", *SESSIONS, base_url=BASE) == "s1"
    for wrong in (f"{C}/offers/o1", "..", "", 5):
        with pytest.raises(InvalidIri):
            id_filter(wrong, PRODUCT, base_url=BASE)


@pytest.mark.parametrize("wrong", ["", 5, b"x", "\ud800"])
def test_a_text_filter_is_a_text(wrong: object) -> None:
    assert text_filter("SHOP-1", "external_reference") == "SHOP-1"
    assert texts_filter("zone:A", "option_values") == ["zone:A"]
    with pytest.raises(InvalidArgument):
        text_filter(wrong, "external_reference")
    with pytest.raises(InvalidArgument):
        texts_filter(["a", wrong], "option_values")


def test_an_operation_of_another_version_is_unavailable_by_name() -> None:
    with pytest.raises(
        OperationUnavailable, match="list_moons: there is no such operation in version"
    ) as caught:
        endpoint("list_moons")
    assert caught.value.operation == "list_moons"


def test_an_argument_of_another_version_is_unavailable_by_name() -> None:
    catalogs = endpoint("list_catalogs")
    with pytest.raises(OperationUnavailable, match="list_catalogs: it does not take moon"):
        request_for(catalogs, moon="full")
    with pytest.raises(OperationUnavailable, match="it cannot be called without catalog_id"):
        request_for(endpoint("list_offers"))
    assert request_for(catalogs, moon=None, order_created_at="asc")["params"] == [("order[createdAt]", "asc")]


def test_paged_and_unpaged_lists_are_distinguished() -> None:
    assert is_paged(endpoint("list_offers"))
    assert not is_paged(endpoint("list_order_documents"))
