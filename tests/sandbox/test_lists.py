"""Lists: pages and their links, filters, order, languages, and HTTP caching."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from korus.sandbox.languages import preferred_language

if TYPE_CHECKING:
    from shopping import Shop


@pytest.fixture
def offers(shop: Shop) -> str:
    return f"{shop.catalog()}/offers"


def test_the_first_of_several_pages_links_to_the_others(shop: Shop, offers: str) -> None:
    answer = shop.get(offers).json()
    assert len(answer["member"]) == 10
    assert answer["totalItems"] == 3400
    assert answer["view"] == {
        "@id": f"{offers}?page=1",
        "@type": "PartialCollectionView",
        "first": f"{offers}?page=1",
        "last": f"{offers}?page=340",
        "next": f"{offers}?page=2",
    }


def test_links_lead_through_the_whole_list_and_no_further(shop: Shop, offers: str) -> None:
    seen: list[str] = []
    address: str | None = f"{offers}?itemsPerPage=50&date%5Bafter%5D=2027-01-01&date%5Bbefore%5D=2027-02-01"
    while address:
        answer = shop.get(address).json()
        seen += [offer["@id"] for offer in answer["member"]]
        address = answer["view"].get("next")
    assert len(seen) == len(set(seen)) == answer["totalItems"] > 100
    assert dict(parse_qsl(urlsplit(answer["view"]["previous"]).query))["date[after]"] == "2027-01-01"


def test_a_page_after_the_last_is_empty(shop: Shop, offers: str) -> None:
    answer = shop.get(offers, {"page": 999}).json()
    assert answer["member"] == []
    assert answer["totalItems"] == 3400
    assert "next" not in answer["view"]


def test_one_page_has_no_view_unless_something_was_asked(shop: Shop) -> None:
    assert "view" not in shop.get("/v1/ticketing/catalogs").json()
    asked = shop.get("/v1/ticketing/catalogs", {"itemsPerPage": 5}).json()
    assert asked["view"] == {
        "@id": "/v1/ticketing/catalogs?itemsPerPage=5",
        "@type": "PartialCollectionView",
    }


def test_page_size_is_capped_and_size_zero_gives_the_total(shop: Shop, offers: str) -> None:
    assert len(shop.get(offers, {"itemsPerPage": 500}).json()["member"]) == 50
    nothing = shop.get(offers, {"itemsPerPage": 0}).json()
    assert (nothing["member"], nothing["totalItems"]) == ([], 3400)


@pytest.mark.parametrize(
    "query",
    [
        {"page": 0},
        {"page": -1},
        {"page": "two"},
        {"itemsPerPage": -1},
        {"itemsPerPage": 0, "page": 2},
        {"order[date]": "up"},
        {"date[after]": "2027-02-30T00:00:00"},
        {"date[before]": "yesterday"},
        {"session": "not-an-id"},
    ],
)
def test_a_bad_query_is_a_400(query: dict[str, Any], shop: Shop, offers: str) -> None:
    answer = shop.get(offers, query)
    assert answer.status_code == 400
    assert answer.json()["@type"] == "Error"


def test_offers_are_filtered_by_date_on_both_sides(shop: Shop, offers: str) -> None:
    def days(**params: str) -> list[str]:
        return sorted({offer["date"] for offer in shop.members(offers, **params)})

    span = {"date[after]": "2027-01-04", "date[before]": "2027-01-06"}
    assert days(**span) == ["2027-01-04", "2027-01-05", "2027-01-06"]
    span = {"date[strictly_after]": "2027-01-04", "date[strictly_before]": "2027-01-06"}
    assert days(**span) == ["2027-01-05"]


def test_offers_come_in_the_order_asked_for(shop: Shop, offers: str) -> None:
    span = {"date[after]": "2027-01-04", "date[before]": "2027-01-08"}
    up = [offer["date"] for offer in shop.members(offers, **span, **{"order[date]": "asc"})]
    down = [offer["date"] for offer in shop.members(offers, **span, **{"order[date]": "desc"})]
    assert up == sorted(up)
    assert down == sorted(up, reverse=True)
    assert shop.members(offers, **{"order[date]": "desc"})[0]["date"] is None


def test_offers_are_filtered_by_product_base_session_and_option(shop: Shop, offers: str) -> None:
    catalog = shop.catalog()
    bases = {base["name"]: base["@id"] for base in shop.members(f"{catalog}/product_bases")}
    day_visit = bases["Day visit"]
    products = shop.members(f"{day_visit}/products")
    wanted = [product["id"] for product in products[:2]]
    span = {"date[after]": "2027-01-04", "date[before]": "2027-01-05"}

    found = shop.members(offers, **span, **{"product[]": wanted})
    assert {offer["product"]["id"] for offer in found} == set(wanted)
    assert len(found) == 4

    of_base = shop.members(offers, **span, productBaseId=day_visit.rsplit("/", 1)[-1])
    assert {offer["product"]["id"] for offer in of_base} == {product["id"] for product in products}

    workshop = shop.offers("Lantern workshop, adult")[0]
    session = shop.members(f"{workshop['tickets'][0]['@id']}/sessions")[0]
    assert [offer["id"] for offer in shop.members(offers, session=session["id"])] == [workshop["id"]]

    values = {
        value["code"]: value["id"]
        for option in ("price_type", "days_count")
        for value in shop.members(f"{day_visit}/options/{option}/values")
    }
    chosen = [values["child"], values["2"]]
    found = shop.members(offers, **span, **{"optionValuesContext[]": chosen})
    assert {offer["product"]["name"] for offer in found} == {"Lantern Park, two days, child"}
    assert shop.members(offers, **{"optionValuesContext[]": ["nonsense"]}) == []


def test_search_shows_the_filters(shop: Shop, offers: str) -> None:
    search = shop.get(offers).json()["search"]
    variables = [entry["variable"] for entry in search["mapping"]]
    assert {"order[date]", "date[strictly_before]", "product[]", "session", "optionValuesContext[]"} <= set(
        variables
    )
    assert {entry["property"] for entry in search["mapping"] if entry["variable"] == "order[date]"} == {
        "date"
    }
    assert search["template"].startswith(f"{offers}{{?")
    order = shop.buy(shop.offers("Lantern Park, one day, child")[0])
    documents = shop.get(f"{order['@id']}/documents").json()
    assert "search" not in documents
    assert "view" not in documents


def test_disabled_bases_are_shown_on_demand(shop: Shop) -> None:
    bases = f"{shop.catalog()}/product_bases"
    assert not any(base["disabled"] for base in shop.members(bases))
    assert [base["name"] for base in shop.members(bases, withDisabled="true") if base["disabled"]] == [
        "Ice rink (closed for works)"
    ]
    assert shop.members(bases, withDisabled="false") == shop.members(bases)
    assert shop.get(bases, {"withDisabled": "perhaps"}).status_code == 400


def test_options_of_other_bases_are_empty_and_unknown_ones_not_found(shop: Shop) -> None:
    base = shop.members(f"{shop.catalog()}/product_bases")[0]["@id"]
    assert shop.members(f"{base}/options/zone/values") == []
    assert [option["code"] for option in shop.members(f"{base}/options")] == ["price_type"]
    assert shop.http.auth is not None


def test_texts_come_in_the_language_asked_for(shop: Shop) -> None:
    def name(language: str | None, place: int = 0) -> tuple[str, str]:
        answer = shop.get("/v1/ticketing/catalogs", **({"Accept-Language": language} if language else {}))
        return answer.json()["member"][place]["name"], answer.headers["content-language"]

    assert name("fr") == ("Parc des Lanternes", "fr")
    assert name("de, fr-CA;q=0.8, en;q=0.4") == ("Parc des Lanternes", "fr")
    assert name("en") == ("Lantern Park", "en")
    assert "Accept-Language" in shop.get("/v1/ticketing/catalogs").headers["vary"]


def test_a_catalogue_has_a_language_of_its_own(shop: Shop) -> None:
    museum = shop.catalog("Museum of Quiet Things")
    assert shop.get(f"{museum}/product_bases").json()["member"][0]["name"] == "Collection permanente"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("FR-be", "fr"),
        ("en;q=0.1, fr;q=0.2", "fr"),
        ("fr;q=0", "en"),
        ("fr;q=much", "en"),
        ("*", "en"),
        ("de", "en"),
    ],
)
def test_a_language_is_chosen_by_weight(header: str | None, language: str) -> None:
    assert preferred_language(header, "en") == language


def test_what_has_not_changed_is_not_sent_again(shop: Shop, offers: str) -> None:
    first = shop.get(offers)
    again = shop.get(offers, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    catalogs = shop.get("/v1/ticketing/catalogs")
    assert "max-age" in catalogs.headers["cache-control"]
    since = catalogs.headers["last-modified"]
    assert shop.get("/v1/ticketing/catalogs", **{"If-Modified-Since": since}).status_code == 304
    assert shop.get(
        "/v1/ticketing/catalogs", **{"If-None-Match": '"other"', "If-Modified-Since": since}
    ).is_success


def test_a_list_of_offers_changes_with_the_stock_and_the_language(shop: Shop, offers: str) -> None:
    offer = shop.offers("Lantern Park, one day, child")[0]
    query = {"product[]": offer["product"]["id"]}
    tag = shop.get(offers, query).headers["etag"]
    assert shop.get(offers, query, **{"If-None-Match": tag, "Accept-Language": "fr"}).status_code == 200
    shop.reserve(shop.line(offer))
    assert shop.get(offers, query, **{"If-None-Match": tag}).status_code == 200


def test_what_is_booked_and_what_moves_is_not_cached(shop: Shop) -> None:
    offer = shop.offers("Lantern Park, one day, child")[0]["@id"]
    for path in (f"{offer}/price", f"{offer}/availability", "/v1/booking/orders", "/v1/booking/reservations"):
        answer = shop.get(path)
        assert answer.headers["cache-control"] == "private, no-store"
        assert "etag" not in answer.headers
