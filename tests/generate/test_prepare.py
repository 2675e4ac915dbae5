from __future__ import annotations

import pytest
from reconstructed import VERSIONS

from scripts.descriptions import find, load, versions
from scripts.generate.build import corrected
from scripts.generate.prepare import DescriptionError, prepare


def named(document, kind):
    return {
        name
        for name, schema in prepare(document).document["components"]["schemas"].items()
        if (schema.get("x-direction") or "enum") in kind
    }


def operation_names(document):
    prepared = prepare(document).document
    return {operation["operationId"] for item in prepared["paths"].values() for operation in item.values()}


def ours(version):
    return corrected(load(find(version)))


@pytest.mark.parametrize("version", VERSIONS)
def test_schemas_lose_prefix_representation_and_groups(version):
    names = named(ours(version), {"read", "request"})
    assert {
        "Offer", "Catalog", "Order", "OrderCustomer", "OrderItem", "OrderItemTicket", "OrderItemTicketBeneficiary",
        "Reservation", "ReservationItem", "ReservationItemOfferTicket", "OfferPrice", "OfferPriceInOffer",
        "OfferAvailability", "Form", "FormField", "FormFieldChoice", "Error", "ConstraintViolation",
        "OfferCollection", "CollectionView", "CollectionSearch",
    } <= names  # fmt: skip
    assert not any("Jsonld" in name or "Ticketing" in name or "Hydra" in name for name in names)


def test_input_classes_are_named_after_their_place():
    assert named(ours("release"), {"request"}) == {
        "BulkReservationInput", "BulkReservationInputItem", "BulkReservationInputItemTicketSession",
        "BulkReservationInputItemTicketSessionFormData", "BulkReservationInputItemTicketSessionFormDataField",
        "BulkOrderInput", "BulkOrderInputCustomer", "PatchOrderItemTicketInput",
        "PatchOrderItemTicketInputBeneficiary", "PatchOrderDocumentInput",
    }  # fmt: skip


def test_document_after_a_patch_has_its_own_class():
    assert {"OrderDocument", "OrderDocumentPatchRead"} <= named(ours("release"), {"read"})


def backwards(node):
    if isinstance(node, dict):
        return {key: backwards(node[key]) for key in reversed(list(node))}
    return [backwards(value) for value in node] if isinstance(node, list) else node


@pytest.mark.parametrize("version", versions())
def test_names_do_not_depend_on_the_order_of_the_description(version):
    document = ours(version)
    assert named(document, {"read", "request", "enum"}) == named(
        backwards(document), {"read", "request", "enum"}
    )
    assert operation_names(document) == operation_names(backwards(document))


def test_resources_with_equal_names_are_disambiguated():
    document = load_fixture("names_on_the_wire")
    assert {"BookingOrder", "TicketingOrder"} <= named(document, {"read"})
    assert {"list_booking_orders", "list_ticketing_orders"} <= operation_names(document)


def load_fixture(name):
    from pathlib import Path

    return load(Path(__file__).parent / "descriptions" / f"{name}.yaml")


def test_a_schema_both_read_and_sent_is_two_classes(described):
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Both"}}}}
    document = described(
        {"Both": schema}, requestBody=content, responses={"200": {"description": "", **content}}
    )
    assert named(document, {"read"}) == {"Both"}
    assert named(document, {"request"}) == {"BothInput"}


def test_equal_schemas_share_a_class(described):
    def answer(name):
        return {
            "200": {
                "description": "",
                "content": {"application/ld+json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
            }
        }

    same = {"type": "object", "properties": {"a": {"type": "string"}}}
    other = {"type": "object", "properties": {"a": {"type": "integer"}}}
    holder = {
        "type": "object",
        "properties": {
            "one": {"$ref": "#/components/schemas/Tag.jsonld-tag.read"},
            "two": {"$ref": "#/components/schemas/Tag.jsonld-book.read"},
            "three": {"$ref": "#/components/schemas/Tag.jsonld-shop.read"},
        },
    }
    document = described(
        {
            "Holder.jsonld-holder.read": holder,
            "Tag.jsonld-tag.read": same,
            "Tag.jsonld-book.read": same,
            "Tag.jsonld-shop.read": other,
        },
        responses=answer("Holder.jsonld-holder.read"),
    )
    assert named(document, {"read"}) == {"Holder", "Tag", "TagInShop"}
    properties = prepare(document).document["components"]["schemas"]["Holder"]["properties"]
    assert properties["one"] == properties["two"] != properties["three"]


@pytest.mark.parametrize(
    ("spelling", "openapi"),
    [
        ({"type": "string", "nullable": True}, "3.0.3"),
        ({"type": ["string", "null"]}, "3.1.0"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "3.1.0"),
        ({"oneOf": [{"type": "null"}, {"type": "string"}]}, "3.1.0"),
        ({"type": ["null", "string"], "maxLength": 3}, "3.1.0"),
    ],
)
def test_null_is_read_in_every_syntax(described, spelling, openapi):
    document = {**described({"Thing": {"type": "object", "properties": {"a": spelling}}}), "openapi": openapi}
    properties = prepare(document).document["components"]["schemas"]["Thing"]["properties"]
    assert properties["a"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "not an OpenAPI 3 document"),
        ({"swagger": "2.0"}, "not an OpenAPI 3 document"),
        ([], "not an OpenAPI 3 document"),
        ({"openapi": "3.1.0"}, "neither paths nor components"),
        ({"openapi": "3.1.0", "paths": []}, "`paths` must be an object"),
    ],
)
def test_other_documents_are_rejected(document, said):
    with pytest.raises(DescriptionError, match=said):
        prepare(document)


@pytest.mark.parametrize(
    "target", ["#/components/schemas/Nowhere", "other.yaml#/A", "#/components/schemas/Thing/properties/9"]
)
def test_reference_without_target_is_reported(described, target):
    document = described({"Thing": {"type": "object", "properties": {"a": {"$ref": target}}}})
    with pytest.raises(DescriptionError) as caught:
        prepare(document)
    assert target in str(caught.value)


def test_cyclic_parameter_references_are_rejected(described):
    document = described(parameters=[{"$ref": "#/components/parameters/A"}])
    document["components"]["parameters"] = {
        "A": {"$ref": "#/components/parameters/B"},
        "B": {"$ref": "#/components/parameters/A"},
    }
    with pytest.raises(DescriptionError, match="circular"):
        prepare(document)
