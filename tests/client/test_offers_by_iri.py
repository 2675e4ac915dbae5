"""How many requests it takes to book an offer that is given by its IRI, which the API cannot show by itself."""

from __future__ import annotations

import logging
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from scripted_server import Caller, Reply, ScriptedServer

from korus import errors

CATALOG = "/v1/ticketing/catalogs/c1"
PRODUCT = f"{CATALOG}/products/p1"
OFFERS = [
    {
        "@id": f"{CATALOG}/offers/o{number}",
        "id": f"o{number}",
        "date": "2027-05-15",
        "product": PRODUCT,
        "tickets": [],
    }
    for number in range(1000)
]


@pytest.fixture
def lists(server: ScriptedServer) -> list[dict[str, list[str]]]:
    """The queries of all lists of offers; what has a filter is short, the rest has twenty pages."""
    asked: list[dict[str, list[str]]] = []

    def answer(seen) -> Reply:
        query = parse_qs(urlsplit(seen.target).query)
        asked.append(query)
        if "date[after]" in query or any(name.startswith("product") for name in query):
            return Reply(body={"member": OFFERS[900:910], "totalItems": 10})
        start = 50 * (int(query.get("page", ["1"])[0]) - 1)
        following = f"{CATALOG}/offers?page={start // 50 + 2}&itemsPerPage=50"
        view = {"next": following} if start + 50 < len(OFFERS) else {}
        return Reply(body={"member": OFFERS[start : start + 50], "totalItems": len(OFFERS), "view": view})

    server.answer = answer
    return asked


def problems(korus, *lines):
    booking = korus.reservations.bulk()
    for offer, hints in lines:
        booking.add(offer, **hints)
    return booking.problems()


def test_an_offer_given_as_json_is_not_looked_up(caller: Caller, lists: list) -> None:
    assert caller.call(lambda korus: problems(korus, (OFFERS[905], {}))) == ()
    assert lists == []


@pytest.mark.parametrize(
    "hints",
    [{"product": PRODUCT, "date": "2027-05-15"}, {"date": date(2027, 5, 15)}, {"product": PRODUCT}],
    ids=["both", "a date", "a product"],
)
def test_hints_make_it_one_request(caller: Caller, lists: list, hints: dict) -> None:
    lines = [(OFFERS[number]["@id"], hints) for number in (900, 905, 909)]
    assert caller.call(lambda korus: problems(korus, *lines)) == ()
    (query,) = lists
    assert ("date[before]" in query) is ("date" in hints)
    assert any(name.startswith("product") for name in query) is ("product" in hints)


def test_without_hints_all_lines_share_one_scan_and_the_log_says_so(
    caller: Caller, lists: list, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="korus")
    lines = [(OFFERS[number]["@id"], {}) for number in range(0, 1000, 10)]
    assert caller.call(lambda korus: problems(korus, *lines)) == ()
    assert len(lists) == 20
    assert [record.message for record in caplog.records if "catalogue" in record.message] == [
        (
            f"{CATALOG}: reading all offers of the catalogue, to find 100 that were given by IRI; "
            "to avoid this, pass the offer's JSON to add(), or its product= and date="
        )
    ]


def test_a_wrong_hint_costs_a_request_and_nothing_else(caller: Caller, lists: list) -> None:
    line = (OFFERS[60]["@id"], {"product": PRODUCT, "date": "2027-05-16"})
    assert caller.call(lambda korus: problems(korus, line)) == ()
    assert len(lists) == 1 + 2


def test_a_date_that_is_none_is_refused_at_once(caller: Caller, lists: list) -> None:
    booking = caller.client().reservations.bulk()
    with pytest.raises(errors.InvalidArgument, match="date"):
        booking.add(OFFERS[0]["@id"], date="tomorrow")
    assert len(booking) == 0
