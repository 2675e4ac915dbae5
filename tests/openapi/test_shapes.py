"""Each generation's way to write schemas, and what changed from version to version (sections 4, 5 and 9)."""

import pytest

ALL = ["1.0.4", "1.0.7", "1.0.10", "1.0.19", "1.0.38", "release"]
OLD = ALL[:2]
NEW = ALL[2:]
LATE = ALL[3:]
ITEM = {"$ref": "#/components/schemas/HydraItemBaseSchema"}
LISTED = {
    "catalog": "TicketingCatalog.jsonld-v1.catalog.read",
    "offer": "TicketingOffer.jsonld-v1.offer.read",
    "product": "TicketingProduct.jsonld-v1.product.read",
}
ITEMS = [
    "BookingReservation.jsonld-v1.reservation.read",
    "BookingOrder.jsonld-v1.order.read",
    "BookingOrderItemTicket.jsonld-v1.order_item_ticket.read",
    "BookingOrderDocument.jsonld-v1.order_document.patch_read",
    "TicketingOfferPrice.jsonld-v1.offer_price.read",
    "TicketingOfferAvailability.jsonld-v1.offer_availability.read",
    "BookingOrder.BulkOrderOutput.jsonld-v1.order.read",
    "BookingReservation.BulkReservationOutput.jsonld-v1.reservation.read",
]
VALUES = [
    "OrderCustomer.jsonld-v1.order.read",
    "OrderItem.jsonld-v1.order.read",
    "ReservationItem.jsonld-v1.reservation.read",
    "ReservationItemOfferTicket.jsonld-v1.reservation.read",
    "OrderItemTicketBeneficiary.jsonld-v1.order_item_ticket.read",
    "OfferPrice.jsonld-v1.offer.read",
    "SessionAvailability.jsonld-v1.offer_availability.read",
]


def schemas(document):
    return document["components"]["schemas"]


def own(schema):
    """Give the own properties of a schema, apart from its JSON-LD keys."""
    parts = [schema, *schema.get("allOf", [])]
    return {
        name: value
        for part in parts
        for name, value in part.get("properties", {}).items()
        if not name.startswith("@")
    }


def names(document, name):
    return list(own(schemas(document)[name]))


def test_inputs_are_named_as_in_their_generation(version, document):
    found = {name for name in schemas(document) if "Input" in name}
    expected = {
        False: {
            "BookingReservation.BulkReservationInput.jsonld-v1.reservation.bulk_write",
            "BookingOrder.BulkOrderInput.jsonld-v1.order.bulk_write",
            "BookingOrderItemTicket.PatchOrderItemTicketInput-v1.order_item_ticket.patch_write",
            "BookingOrderDocument.PatchOrderDocumentInput-v1.order_document.patch_write",
        },
        True: {
            "BookingReservation.BulkReservationInput-v1.reservation.bulk_write",
            "BookingOrder.BulkOrderInput-v1.order.bulk_write",
            "BookingOrderItemTicket.PatchOrderItemTicketInput-v1.order_item_ticket.patch_write.jsonMergePatch",
            "BookingOrderDocument.PatchOrderDocumentInput-v1.order_document.patch_write.jsonMergePatch",
        },
    }
    assert found == expected[version in LATE]


def test_errors_are_named_and_shaped_as_in_their_generation(version, document):
    found = schemas(document)
    assert ("ConstraintViolation.jsonld-jsonld" in found) is (version in OLD)
    assert ("ConstraintViolation.jsonld" in found) is (version not in OLD)
    error = own(found["Error.jsonld"])
    assert list(error) == ["title", "detail", "status", "instance", "type", "description"]
    assert error["status"]["type"] == (["number", "null"] if version == "release" else "number")
    assert (error["status"]["default"], error["status"]["examples"]) == (400, [404])
    name = "ConstraintViolation.jsonld-jsonld" if version in OLD else "ConstraintViolation.jsonld"
    violation = own(found[name])
    assert list(violation) == ["status", "violations", "detail", "description", "type", "title", "instance"]
    entry = violation["violations"]["items"]
    late = version == "release"
    assert list(entry["properties"]) == [
        "propertyPath",
        "message",
        *(["code", "hint", "payload"] if late else []),
    ]
    assert entry.get("required") == (["propertyPath", "message"] if late else None)


@pytest.mark.parametrize("name", ITEMS)
def test_an_item_has_its_json_ld_keys(version, document, name):
    schema = schemas(document)[name]
    if version in OLD:
        assert list(schema["properties"])[:3] == ["@context", "@id", "@type"]
        assert all(schema["properties"][key]["readOnly"] for key in ("@context", "@id", "@type"))
        assert "required" not in schema
        assert schema["deprecated"] is False
    else:
        assert schema["allOf"][0] == ITEM
        assert "deprecated" not in schema


@pytest.mark.parametrize("name", LISTED.values())
def test_list_only_resource_lacks_json_ld_keys_in_1_0_10_only(version, document, name):
    schema = schemas(document)[name]
    if version in OLD:
        assert "@id" in schema["properties"]
    elif version == "1.0.10":
        assert "allOf" not in schema
        assert not [key for key in schema["properties"] if key.startswith("@")]
    else:
        assert schema["allOf"][0] == ITEM


@pytest.mark.parametrize("name", VALUES)
def test_a_nested_value_has_json_ld_keys_in_1_0_4_only(version, document, name):
    schema = schemas(document)[name]
    assert "allOf" not in schema
    keys = [key for key in schema["properties"] if key.startswith("@")]
    assert keys == (["@context", "@id", "@type"] if version == "1.0.4" else [])


def test_a_ticket_inside_an_offer_or_an_order_has_an_iri_in_every_version(version, document):
    found = schemas(document)
    for name in (
        "TicketingOfferTicket.jsonld-v1.offer.read",
        "TicketingProduct.jsonld-v1.offer.read",
        "OrderItemTicketResource.jsonld-v1.order.read",
    ):
        keys = [key for key in found[name].get("properties", {}) if key.startswith("@")]
        if version in LATE:
            assert found[name]["allOf"][0] == ITEM
        else:
            assert keys == (["@context", "@id", "@type"] if version == "1.0.4" else ["@id", "@type"])


def test_no_own_field_of_an_answer_is_required(document):
    for name, schema in schemas(document).items():
        if ".jsonld" in name and "Input" not in name:
            assert "required" not in schema
            for part in schema.get("allOf", []):
                assert "required" not in part


def test_lists_are_written_as_in_their_generation(version, document):
    answer = document["paths"]["/v1/booking/orders"]["get"]["responses"]["200"]
    schema = answer["content"]["application/ld+json"]["schema"]
    member = {"type": "array", "items": {"$ref": "#/components/schemas/BookingOrder.jsonld-v1.order.read"}}
    base = {"$ref": "#/components/schemas/HydraCollectionBaseSchema"}
    if version in OLD:
        assert list(schema["properties"]) == ["member", "totalItems", "view", "search"]
        assert schema["properties"]["member"] == member
        assert schema["required"] == ["member"]
        assert not [name for name in schemas(document) if name.startswith("Hydra")]
    elif version == "1.0.10":
        assert schema["allOf"] == [base, {"type": "object", "properties": {"member": member}}]
        assert list(schemas(document)["HydraCollectionBaseSchema"]["properties"]) == [
            "member",
            "totalItems",
            "view",
            "search",
        ]
        assert schemas(document)["HydraCollectionBaseSchema"]["required"] == ["member"]
    else:
        own_part = {"type": "object", "required": ["member"], "properties": {"member": member}}
        assert schema["allOf"] == [base, own_part]
        unpaged = {"$ref": "#/components/schemas/HydraCollectionBaseSchemaNoPagination"}
        assert schemas(document)["HydraCollectionBaseSchema"]["allOf"][0] == unpaged
        assert list(schemas(document)["HydraCollectionBaseSchemaNoPagination"]["properties"]) == [
            "totalItems",
            "search",
        ]


def test_only_the_newest_view_example_has_the_right_key(version, document):
    def views(node):
        if isinstance(node, dict):
            if "variableRepresentation" not in node and {"first", "last", "next"} <= set(
                node.get("properties", {})
            ):
                yield node
            for one in node.values():
                yield from views(one)
        elif isinstance(node, list):
            for one in node:
                yield from views(one)

    found = list(views(document))
    assert found
    for view in found:
        assert list(view["properties"]) == ["@id", "@type", "first", "last", "previous", "next"]
        assert list(view["example"])[:2] == ["@id", "@type" if version == "release" else "type"]
        assert "required" not in view


def test_the_list_of_documents_has_no_pages(version, document):
    path = "/v1/booking/orders/{orderId}/documents"
    if version not in LATE:
        assert path not in document["paths"]
        return
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/ld+json"]["schema"]
    assert schema["allOf"][0] == {"$ref": "#/components/schemas/HydraCollectionBaseSchemaNoPagination"}


def test_the_ticket_has_the_fields_of_its_version(version, document):
    expected = [
        "id", "voucher", "occursAt", *(["event"] if version in OLD else []), "requiredBeneficiaryFields", "beneficiary",
        "beneficiaryDesignationDeadline", "beneficiaryAmendable", *([] if version == "1.0.4" else ["status", "seating"]),
    ]  # fmt: skip
    assert names(document, "BookingOrderItemTicket.jsonld-v1.order_item_ticket.read") == expected
    assert names(document, "OrderItemTicketResource.jsonld-v1.order.read") == expected


def test_the_reservation_has_the_fields_of_its_version(version, document):
    later = version != "1.0.4"
    assert names(document, "BookingReservation.jsonld-v1.reservation.read") == [
        "expired", *(["catalog"] if later else []), "id", "createdAt", "totalAmountInclTax", "totalAmountExclTax",
        "expiresAt", "items", "organization", "order",
        *(["seatsArrangement", "releasable", "status"] if later else []),
    ]  # fmt: skip


def test_the_order_and_its_customer_have_the_fields_of_their_version(version, document):
    later = version != "1.0.4"
    assert names(document, "BookingOrder.jsonld-v1.order.read") == [
        "id", "createdAt", *(["catalog"] if later else []), "organization", "reference", "externalReference",
        "connectorReference", "totalAmountInclTax", "totalAmountExclTax", "reservation", "customer", "status",
        "cancelledAt", "items",
    ]  # fmt: skip
    assert names(document, "OrderCustomer.jsonld-v1.order.read") == [
        "firstname", "lastname", "email", "phone", *(["optin"] if later else []), "country", "language",
        *(["title"] if later else []),
    ]  # fmt: skip
    order = own(schemas(document)["BookingOrder.jsonld-v1.order.read"])
    assert order["totalAmountExclTax"]["type"] == "string"
    assert order["cancelledAt"]["type"] == ["string", "null"]
    assert "enum" not in own(schemas(document)["OrderCustomer.jsonld-v1.order.read"]).get("title", {})


def test_the_order_request_has_the_fields_of_its_version(version, document):
    (name,) = [name for name in schemas(document) if "BulkOrderInput" in name]
    request = schemas(document)[name]
    assert list(request["properties"]) == [
        "reservations", "customer", "externalReference", *(["notes"] if version == "release" else []),
    ]  # fmt: skip
    assert request["required"] == ["externalReference"]
    customer = request["properties"]["customer"]
    assert customer["required"] == ["firstname", "lastname", "email"]
    assert list(customer["properties"]) == [
        "firstname", "lastname", "email", "phone", "country", "language",
        *([] if version == "1.0.4" else ["optin", "title"]),
    ]  # fmt: skip
    if version != "1.0.4":
        assert customer["properties"]["title"]["enum"] == ["mr", "mrs", "mx"]


def test_the_reservation_request_takes_form_answers_in_every_version(document):
    (name,) = [name for name in schemas(document) if "BulkReservationInput" in name]
    request = schemas(document)[name]
    assert request["required"] == ["items"]
    assert request["properties"]["items"]["minItems"] == 1
    item = request["properties"]["items"]["items"]
    assert item["required"] == ["offer", "quantity", "ticketSessions"]
    assert item["properties"]["quantity"]["minimum"] == 1
    ticket = item["properties"]["ticketSessions"]["items"]
    assert ticket["required"] == ["ticket"]
    for relation in (
        item["properties"]["offer"],
        ticket["properties"]["ticket"],
        ticket["properties"]["session"],
    ):
        assert (relation["type"], relation["format"]) == ("string", "iri-reference")
        assert relation["example"] == "https://example.com/"
    form_data = ticket["properties"]["formData"]
    assert form_data["required"] == ["form", "fields"]
    assert form_data["properties"]["fields"]["items"]["required"] == ["field", "value"]
    assert form_data["properties"]["fields"]["items"]["properties"]["value"]["type"] == "string"


def test_the_beneficiary_request_keeps_its_nested_list_of_required_fields(document):
    (name,) = [name for name in schemas(document) if "PatchOrderItemTicketInput" in name]
    request = schemas(document)[name]
    assert "required" not in request
    beneficiary = request["properties"]["beneficiary"]
    assert beneficiary["required"] == ["firstname", "lastname"]
    assert list(beneficiary["properties"]) == [
        "firstname", "lastname", "title", "nationality", "dateOfBirth", "placeOfBirth", "email", "phone",
    ]  # fmt: skip
    assert beneficiary["properties"]["title"]["enum"] == ["mr", "mrs", "mx", None]


def test_the_catalogue_gains_its_last_synchronisation_in_1_0_19(version, document):
    assert names(document, "TicketingCatalog.jsonld-v1.catalog.read") == [
        "id", "createdAt", *(["lastSyncedAt"] if version in LATE else []), "name",
    ]  # fmt: skip


def test_offer_tickets_name_a_form_until_1_0_10(version, document):
    expected = ["id", "name", "description", "dateAccess", *([] if version in LATE else ["form"])]
    assert names(document, "TicketingOfferTicket.jsonld-v1.offer.read") == expected
    assert names(document, "TicketingOfferTicket.jsonld-v1.offer_ticket.read") == expected


def test_product_bases_gain_their_notes_in_the_newest_version(version, document):
    name = "TicketingProductBase.jsonld-v1.product_base.read"
    if version in OLD:
        assert name not in schemas(document)
        return
    notes = [
        "description", "shortDescription", "termsOfUse", "useSession", "timezone", "recurring",
        "beneficiaryInfoMayBeRequired", "instantDocumentDelivery", "maxAmountPerOrder", "universe", "venue", "medias",
    ]  # fmt: skip
    assert names(document, name) == ["id", "name", "disabled", *(notes if version == "release" else [])]


def test_date_filters_of_offers_gain_stock_words_in_1_0_38(version, document):
    path = "/v1/ticketing/catalogs/{catalogId}/offers"
    found = {
        one["name"]: one["description"]
        for one in document["paths"][path]["get"]["parameters"]
        if one["name"].startswith("date[")
    }
    stock = version in {"1.0.38", "release"}
    assert found == {
        name: f"TicketingOffer {name}" if stock else ""
        for name in ("date[after]", "date[strictly_after]", "date[before]", "date[strictly_before]")
    }


def test_1_0_38_differs_from_1_0_19_as_in_the_reference(describe):
    """Everything else is the same but for the marks of what was seen where, and the version's own name."""

    def bare(node):
        if isinstance(node, dict):
            return {key: bare(value) for key, value in node.items() if key != "x-evidence"}
        return [bare(one) for one in node] if isinstance(node, list) else node

    earlier, later = bare(describe("1.0.19")), bare(describe("1.0.38"))
    catalog = "/v1/ticketing/catalogs/{catalogId}"
    assert later["paths"].pop(f"{catalog}/product_bases/{{productBaseId}}/seat_maps/{{id}}")
    assert later["components"]["schemas"].pop("TicketingSeatMap.jsonld-v1.seat_map.read")
    assert later["tags"].pop()["name"] == "TicketingSeatMap"
    assert earlier["components"] == later["components"]
    assert earlier["tags"] == later["tags"]
    differing = [path for path in later["paths"] if earlier["paths"][path] != later["paths"][path]]
    assert sorted(differing) == [f"{catalog}/offers", f"{catalog}/product_bases"]


def test_a_nullable_reference_is_written_as_any_of(document):
    ticket = own(schemas(document)["BookingOrderItemTicket.jsonld-v1.order_item_ticket.read"])
    assert ticket["beneficiary"]["anyOf"] == [
        {"$ref": "#/components/schemas/OrderItemTicketBeneficiary.jsonld-v1.order_item_ticket.read"},
        {"type": "null"},
    ]
