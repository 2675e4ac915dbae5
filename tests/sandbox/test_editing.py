"""The catalogue moves when it is told to, and by itself: offers, products, prices, stock, pages, entity tags."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from korus.sandbox import Sandbox
from korus.sandbox.catalogue import build_catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopping import Shop

FIRST = "/v1/ticketing/catalogs"


def listed(shop: Shop, catalog: str, **params: Any) -> dict[str, dict[str, Any]]:
    return {offer["@id"]: offer for offer in shop.members(f"{catalog}/offers", **params)}


def test_an_offer_is_removed_and_comes_back_with_its_id(shop: Shop) -> None:
    catalog = shop.catalog()
    before = listed(shop, catalog)
    gone = next(iter(before))
    shop.sandbox.catalog.remove(gone)
    assert gone not in listed(shop, catalog)
    assert shop.get(f"{gone}/price").status_code == 404
    assert shop.sandbox.catalog.add(gone) == gone
    assert list(listed(shop, catalog)) == list(before)


def test_an_offer_is_added_for_a_product_and_a_day(shop: Shop) -> None:
    catalog = shop.catalog()
    offer = next(iter(listed(shop, catalog).values()))
    second = shop.sandbox.catalog.add(offer["product"]["@id"], offer["date"], price="3.50")
    found = listed(shop, catalog, **{"date[after]": offer["date"], "date[before]": offer["date"]})
    assert {offer["@id"], second} <= set(found)
    assert found[second]["price"]["amountInclTax"] == "3.50"


def test_a_listed_price_stock_and_day_change(shop: Shop) -> None:
    catalog = shop.catalog()
    offer = next(offer for offer in listed(shop, catalog).values() if offer["availableQuantity"])
    edit = shop.sandbox.catalog
    edit.reprice(offer["@id"], "7.05")
    edit.restock(offer["@id"], 3)
    found = listed(shop, catalog)[offer["@id"]]
    assert (found["price"]["amountInclTax"], found["availableQuantity"]) == ("7.05", 3)
    assert shop.get(f"{offer['@id']}/price").json()["amountInclTax"] == "7.05"
    edit.restock(offer["@id"], 0)
    assert listed(shop, catalog)[offer["@id"]]["availableQuantity"] == 0
    edit.move(offer["@id"], to="2099-01-02")
    assert listed(shop, catalog, **{"date[after]": "2099-01-01"})[offer["@id"]]["date"] == "2099-01-02"


def test_a_sold_out_day_with_sessions_returns(shop: Shop) -> None:
    catalog = shop.catalog()
    offer = next(
        offer
        for offer in shop.sandbox.catalogue.offers[catalog.rsplit("/", 1)[-1]]
        if offer.sold_out and offer.product.plan.tickets[0].sessions is not None
    )
    assert shop.get(f"{offer.iri}/availability").json()["availableQuantity"] == 0
    shop.sandbox.catalog.restock(offer.iri, 4)
    assert shop.get(f"{offer.iri}/availability").json()["availableQuantity"] > 0


def test_products_come_are_disabled_and_go_with_their_offers(shop: Shop) -> None:
    catalog = shop.catalog()
    edit = shop.sandbox.catalog
    base = shop.members(f"{catalog}/product_bases")[0]["@id"]
    product = edit.add_product(base, "Midnight walk", price="12.00")
    offer = edit.add(product, "2099-05-01")
    edit.disable(product)
    edit.rename(product, "Noon walk")
    found = {each["@id"]: each for each in shop.members(f"{base}/products")}[product]
    assert (found["name"], found["disabled"]) == ("Noon walk", True)
    late = listed(shop, catalog, **{"date[after]": "2099-01-01"})[offer]
    assert (late["product"]["disabled"], late["price"]["amountInclTax"]) == (True, "12.00")
    edit.remove(product)
    assert product not in {each["@id"] for each in shop.members(f"{base}/products")}
    assert listed(shop, catalog, **{"date[after]": "2099-01-01"}) == {}
    edit.remove(base)
    assert base not in {each["@id"] for each in shop.members(f"{catalog}/product_bases")}


@pytest.mark.parametrize(
    "change",
    [
        lambda edit: edit.remove("019a0000-0000-7000-8000-000000000000"),
        lambda edit: edit.add("019a0000-0000-7000-8000-000000000000", "2027-01-01"),
        lambda edit: edit.reprice("nothing", "1.00"),
        lambda edit: edit.disable("nothing"),
        lambda edit: edit.sync("nothing"),
        lambda edit: edit.add_product("nothing", "A"),
    ],
)
def test_what_does_not_exist_cannot_be_changed(shop: Shop, change: Callable[[Any], object]) -> None:
    with pytest.raises(KeyError):
        change(shop.sandbox.catalog)


def test_last_synced_and_entity_tags_move_with_each_change(shop: Shop) -> None:
    catalog = shop.catalog()
    first = shop.get(FIRST)
    offers = shop.get(f"{catalog}/offers", {"itemsPerPage": 5})
    headers = {"If-None-Match": offers.headers["etag"]}
    assert shop.get(f"{catalog}/offers", {"itemsPerPage": 5}, **headers).status_code == 304
    shop.sandbox.catalog.reprice(offers.json()["member"][0]["@id"], "1.00")
    assert shop.get(f"{catalog}/offers", {"itemsPerPage": 5}, **headers).status_code == 200
    again = shop.get(FIRST, **{"If-Modified-Since": first.headers["last-modified"]})
    assert again.status_code == 200
    synced = {each["@id"]: each["lastSyncedAt"] for each in again.json()["member"]}
    before = {each["@id"]: each["lastSyncedAt"] for each in first.json()["member"]}
    assert [iri for iri in synced if synced[iri] != before[iri]] == [catalog]


def test_changes_within_one_second_have_their_own_times() -> None:
    sandbox = Sandbox(now=datetime(2027, 1, 1, tzinfo=UTC), frozen=True)
    catalog = sandbox.catalogue.catalogs[0]
    times = []
    for _ in range(3):
        sandbox.catalog.sync(catalog.iri)
        times.append(sandbox.catalogue.synced[catalog.id])
    assert len(set(times)) == 3


def test_a_page_shifts_while_the_list_is_read(shop: Shop) -> None:
    catalog = shop.catalog()
    before = [offer["@id"] for offer in shop.members(f"{catalog}/offers", page=1)]
    shop.sandbox.catalog.while_reading(lambda: shop.sandbox.catalog.remove(before[0]), page=2)
    second = [offer["@id"] for offer in shop.members(f"{catalog}/offers", page=2)]
    shop.sandbox.catalog.add(before[0])
    assert [offer["@id"] for offer in shop.members(f"{catalog}/offers", page=2)][1:] == second[:-1]


def test_one_sandboxes_changes_are_no_others() -> None:
    one, other = Sandbox(seed=3), Sandbox(seed=3)
    offer = next(iter(one.catalogue.offers_by_id))
    one.catalog.remove(offer)
    assert offer in other.catalogue.offers_by_id
    assert offer in build_catalogue(3, one.catalogue.first_day, 3400).offers_by_id


def test_the_same_seed_makes_the_same_changes_and_every_kind() -> None:
    runs = []
    for _ in range(2):
        sandbox = Sandbox(seed=5, offers=300)
        chance = random.Random(1)
        runs.append([sandbox.catalog.change(chance) for _ in range(300)])
    assert runs[0] == runs[1]
    assert {line.split()[0] for line in runs[0]} >= {"reprice", "restock", "remove", "add", "move", "disable"}


def test_a_living_catalogue_changes_by_itself_until_it_stops() -> None:
    with Sandbox(seed=5, offers=200, living=200) as sandbox:
        deadline = time.monotonic() + 20
        while sandbox.changes_made < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
    made = sandbox.changes_made
    assert made >= 5
    time.sleep(0.05)
    assert sandbox.changes_made == made


def test_how_fast_a_catalogue_lives_can_be_changed_while_it_runs() -> None:
    sandbox = Sandbox(seed=5, offers=200)
    sandbox.living = 200  # it lives only while it runs
    with sandbox:
        deadline = time.monotonic() + 20
        while sandbox.changes_made < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        sandbox.living = 0
        made = sandbox.changes_made
        assert made >= 5
        time.sleep(0.05)
        assert (sandbox.changes_made, sandbox.living) == (made, 0)


def test_the_catalogue_is_changed_from_another_process_too(shop: Shop) -> None:
    offer = next(iter(listed(shop, shop.catalog())))
    url = f"{shop.sandbox.admin_url}/catalog"
    assert shop.http.post(url, json={"action": "reprice", "iri": offer, "amount": "2.00"}).status_code == 200
    assert listed(shop, shop.catalog())[offer]["price"]["amountInclTax"] == "2.00"
    assert shop.http.post(url, json={"action": "remove", "iri": offer}).json() == {}
    assert shop.http.post(url, json={"action": "add", "iri": offer}).json() == {"iri": offer}
    assert shop.http.post(url, json={"action": "paint", "iri": offer}).status_code == 400


def test_contexts_and_the_documentation_link_are_served(shop: Shop) -> None:
    answer = shop.get(FIRST)
    link = answer.headers["link"]
    assert link.endswith('rel="http://www.w3.org/ns/hydra/core#apiDocumentation"')
    documentation = shop.get(link[1:].partition(">")[0]).json()
    assert {each["hydra:title"] for each in documentation["hydra:supportedClass"]} >= {"TicketingOffer"}
    context = shop.get(answer.json()["@context"])
    assert context.headers["content-type"].startswith("application/ld+json")
    assert {"@vocab", "lastSyncedAt"} <= set(context.json()["@context"])
    assert shop.get("/contexts/Nothing").status_code == 404
