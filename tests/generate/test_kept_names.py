"""Names stay the same when operations and schemas are added or removed."""

from __future__ import annotations

import copy

import pytest

from scripts.descriptions import FOLDER, load
from scripts.generate.build import NAMES, corrected
from scripts.generate.prepare import prepare
from scripts.generate.prepare.kept import Kept, read_kept, write_kept

OFFERS = "/v1/ticketing/catalogs/{catalogId}/offers"
PRODUCTS = "/v1/ticketing/catalogs/{catalogId}/product_bases/{productBaseId}/products"


@pytest.fixture(scope="module")
def release():
    return corrected(load(FOLDER / "release.yaml"))


@pytest.fixture(scope="module")
def kept(release):
    return prepare(release).kept


def operation(tag, schema):
    answer = {"description": "It", "content": {"application/ld+json": {"schema": schema}}}
    return {
        "operationId": "api_x_get_collection",
        "tags": [tag],
        "parameters": [],
        "responses": {"200": answer},
    }


def reading(name):
    return {"$ref": f"#/components/schemas/{name}"}


def test_committed_table_has_every_name_of_the_committed_client(release):
    table = read_kept(NAMES)
    given = prepare(release, table).kept
    assert table.grown(given) == table


def test_second_generation_gives_the_same_names(release, kept):
    assert prepare(release, kept).kept == kept


def test_name_of_a_removed_operation_is_not_given_to_another(release, kept):
    content = copy.deepcopy(release)
    content["paths"]["/v1/offers"] = {"get": content["paths"].pop(OFFERS)["get"]}
    content["paths"]["/v1/offers"]["get"]["parameters"] = []
    assert prepare(content).kept.operations["GET /v1/offers"] == "offer.list_offers"
    given = prepare(content, kept).kept.operations["GET /v1/offers"]
    assert given == "offer.list_offers_get"


def test_addition_with_a_shorter_path_takes_no_name(release, kept):
    content = copy.deepcopy(release)
    content["paths"]["/v1/products"] = {
        "get": operation("TicketingProduct", reading("TicketingProduct.jsonld-v1.product.read"))
    }
    given = prepare(content, kept).kept.operations
    label = "GET " + PRODUCTS.replace("{catalogId}", "{}").replace("{productBaseId}", "{}")
    assert given[label] == "product.list_products"
    assert given["GET /v1/products"] != "product.list_products"


def test_removed_class_keeps_its_name_to_itself(release):
    content = copy.deepcopy(release)
    gone = "read:#/components/schemas/Gone.jsonld-v1.other.read"
    content["components"]["schemas"]["TicketingMap.jsonld-v1.map.read"] = {
        "type": "object",
        "properties": {"seats": {"type": "integer"}},
    }
    content["paths"]["/v1/maps"] = {
        "get": operation("TicketingMap", reading("TicketingMap.jsonld-v1.map.read"))
    }
    assert "Map" in prepare(content).document["components"]["schemas"]
    taken = prepare(content, Kept(classes={gone: "Map"})).document["components"]["schemas"]
    assert "Map" not in taken
    assert "MapV1" in taken


def test_schema_that_is_only_called_otherwise_keeps_its_class(release, kept):
    content = copy.deepcopy(release)
    schemas = content["components"]["schemas"]
    schemas["TicketingSeatMap.jsonld-seat_map.read"] = schemas.pop("TicketingSeatMap.jsonld-v1.seat_map.read")
    get = content["paths"]["/v1/ticketing/catalogs/{catalogId}/product_bases/{productBaseId}/seat_maps/{id}"][
        "get"
    ]
    get["responses"]["200"]["content"]["application/ld+json"]["schema"] = reading(
        "TicketingSeatMap.jsonld-seat_map.read"
    )
    assert "SeatMap" in prepare(content, kept).document["components"]["schemas"]


@pytest.mark.parametrize("tag", ["BookingOrder", "BookingOrderV2", "BookingOrder v2"])
def test_later_version_of_a_path_is_a_package_of_its_own(release, kept, tag):
    content = copy.deepcopy(release)
    twin = copy.deepcopy(content["paths"]["/v1/booking/orders"]["get"])
    twin["tags"] = [tag]
    content["paths"]["/v2/booking/orders"] = {"get": twin}
    given = prepare(content, kept).kept
    assert given.operations["GET /v2/booking/orders"] == "v2.order.list_orders"
    assert {**given.operations, **kept.operations} == given.operations
    assert {**given.classes, **kept.classes} == given.classes
    del content["paths"]["/v1/booking/orders"]
    later = prepare(content, kept.grown(given)).kept
    assert later.operations["GET /v2/booking/orders"] == "v2.order.list_orders"


def test_table_is_written_and_read_back(tmp_path):
    table = Kept({"GET /a/{}": "a.get_a"}, {'read:#/components/schemas/"x"\\\x7f': "X"})
    write_kept(table, tmp_path / "names.toml")
    assert read_kept(tmp_path / "names.toml") == table
    assert read_kept(tmp_path / "other.toml") == Kept()


def test_release_of_a_hold_keeps_its_name(release):
    content = copy.deepcopy(release)
    content["paths"]["/v1/booking/reservations/{id}"]["delete"] = {
        "operationId": "letGo",
        "tags": ["Something"],
        "responses": {"204": {"description": "Gone"}},
    }
    given = prepare(content, read_kept(NAMES)).kept.operations
    assert given["DELETE /v1/booking/reservations/{}"] == "reservation.delete_reservation"
