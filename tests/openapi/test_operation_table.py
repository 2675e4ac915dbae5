"""The operations, parameters and tags of each version, against a table written down apart from the tool's own."""

from scripts.descriptions import FOLDER, versions
from scripts.descriptions.overlay import apply_file
from scripts.generate.prepare import prepare

ALL = ["1.0.4", "1.0.7", "1.0.10", "1.0.19", "1.0.38", "release"]
OLD = ALL[:2]
NEW = ALL[2:]
LATE = ALL[3:]
FORMS = ALL[:3]
SEATS = ALL[4:]
CATALOGS, ORDERS, RESERVATIONS = "/v1/ticketing/catalogs", "/v1/booking/orders", "/v1/booking/reservations"
OFFER = CATALOGS + "/{catalogId}/offers"
CATALOGS_ID, ORDERS_ID, RESERVATIONS_ID = (
    "api_v1ticketingcatalogs",
    "api_v1bookingorders",
    "api_v1bookingreservations",
)

# the name in Python, then what the description says of it, then the versions that have it
TABLE = [
    ("list_order_documents", "get", ORDERS + "/{orderId}/documents", ORDERS_ID + "_orderIddocuments_get_collection", "BookingOrderDocument", LATE),
    ("get_order_document", "get", ORDERS + "/{orderId}/documents/{id}", ORDERS_ID + "_orderIddocuments_id_get", "BookingOrderDocument", LATE),
    ("update_order_document", "patch", ORDERS + "/{orderId}/documents/{id}", ORDERS_ID + "_orderIddocuments_id_patch", "BookingOrderDocument", ALL),
    ("get_order_item_ticket", "get", ORDERS + "/{orderId}/items/{orderItemId}/tickets/{id}", ORDERS_ID + "_orderIditems_orderItemIdtickets_id_get", "BookingOrderItemTicket", ALL),
    ("update_order_item_ticket", "patch", ORDERS + "/{orderId}/items/{orderItemId}/tickets/{id}", ORDERS_ID + "_orderIditems_orderItemIdtickets_id_patch", "BookingOrderItemTicket", ALL),
    ("list_orders", "get", ORDERS, ORDERS_ID + "_get_collection", "BookingOrder", ALL),
    ("bulk_create_orders", "post", ORDERS + "/_bulk", ORDERS_ID + "_bulk_post", "BookingOrder", ALL),
    ("get_order", "get", ORDERS + "/{id}", ORDERS_ID + "_id_get", "BookingOrder", ALL),
    ("list_reservations", "get", RESERVATIONS, RESERVATIONS_ID + "_get_collection", "BookingReservation", ALL),
    ("bulk_create_reservations", "post", RESERVATIONS + "/_bulk", RESERVATIONS_ID + "_bulk_post", "BookingReservation", ALL),
    ("get_reservation", "get", RESERVATIONS + "/{id}", RESERVATIONS_ID + "_id_get", "BookingReservation", ALL),
    ("get_form", "get", "/v1/forms/{id}", "api_v1forms_id_get", "Form", FORMS),
    ("list_catalogs", "get", CATALOGS, CATALOGS_ID + "_get_collection", "TicketingCatalog", ALL),
    ("list_offers", "get", OFFER, CATALOGS_ID + "_catalogIdoffers_get_collection", "TicketingOffer", ALL),
    ("get_offer_availability", "get", OFFER + "/{id}/availability", CATALOGS_ID + "_catalogIdoffers_idavailability_get", "TicketingOfferAvailability", ALL),
    ("get_offer_price", "get", OFFER + "/{id}/price", CATALOGS_ID + "_catalogIdoffers_idprice_get", "TicketingOfferPrice", ALL),
    ("list_offer_tickets", "get", OFFER + "/{offerId}/tickets", CATALOGS_ID + "_catalogIdoffers_offerIdtickets_get_collection", "TicketingOfferTicket", OLD),
    ("get_offer_ticket", "get", OFFER + "/{offerId}/tickets/{id}", CATALOGS_ID + "_catalogIdoffers_offerIdtickets_id_get", "TicketingOfferTicket", NEW),
    ("list_offer_ticket_sessions", "get", OFFER + "/{offerId}/tickets/{offerTicketId}/sessions", CATALOGS_ID + "_catalogIdoffers_offerIdtickets_offerTicketIdsessions_get_collection", "TicketingOfferTicketSession", NEW),
    ("list_product_bases", "get", CATALOGS + "/{catalogId}/product_bases", CATALOGS_ID + "_catalogIdproduct_bases_get_collection", "TicketingProductBase", NEW),
    ("list_products", "get", CATALOGS + "/{catalogId}/product_bases/{productBaseId}/products", CATALOGS_ID + "_catalogIdproduct_bases_productBaseIdproducts_get_collection", "TicketingProduct", NEW),
    ("list_products", "get", CATALOGS + "/{catalogId}/products", CATALOGS_ID + "_catalogIdproducts_get_collection", "TicketingProduct", OLD),
    ("list_product_base_options", "get", CATALOGS + "/{catalogId}/product_bases/{productBaseId}/options", CATALOGS_ID + "_catalogIdproduct_bases_productBaseIdoptions_get_collection", "TicketingProductBaseOption", NEW),
    ("list_product_base_option_values", "get", CATALOGS + "/{catalogId}/product_bases/{productBaseId}/options/{code}/values", CATALOGS_ID + "_catalogIdproduct_bases_productBaseIdoptions_codevalues_get_collection", "TicketingProductBaseOptionValue", NEW),
    ("get_seat_map", "get", CATALOGS + "/{catalogId}/product_bases/{productBaseId}/seat_maps/{id}", CATALOGS_ID + "_catalogIdproduct_bases_productBaseIdseat_maps_id_get", "TicketingSeatMap", SEATS),
    ("list_events", "get", CATALOGS + "/{catalogId}/events", CATALOGS_ID + "_catalogIdevents_get_collection", "TicketingEvent", OLD),
    ("get_event", "get", CATALOGS + "/{catalogId}/events/{id}", CATALOGS_ID + "_catalogIdevents_id_get", "TicketingEvent", OLD),
    ("list_sessions", "get", CATALOGS + "/{catalogId}/events/{eventId}/sessions", CATALOGS_ID + "_catalogIdevents_eventIdsessions_get_collection", "TicketingSession", OLD),
    ("get_session_availability", "get", CATALOGS + "/{catalogId}/events/{eventId}/sessions/{id}/availability", CATALOGS_ID + "_catalogIdevents_eventIdsessions_idavailability_get", "TicketingSessionAvailability", OLD),
]  # fmt: skip

TAGS = [
    ("BookingOrderDocument", ALL), ("BookingOrderItemTicket", ALL), ("BookingOrder", ALL), ("BookingReservation", ALL),
    ("FormFieldChoice", FORMS), ("FormField", FORMS), ("Form", FORMS), ("TicketingCatalog", ALL), ("TicketingEvent", OLD),
    ("TicketingOffer", ALL), ("TicketingOfferAvailability", ALL), ("TicketingOfferPrice", ALL),
    ("TicketingOfferTicket", ALL), ("TicketingOfferTicketSession", NEW), ("TicketingProductBaseOption", NEW),
    ("TicketingProductBaseOptionValue", NEW), ("TicketingProductBase", NEW), ("TicketingProduct", ALL),
    ("TicketingSeatMap", SEATS), ("TicketingSessionAvailability", OLD), ("TicketingSession", OLD),
]  # fmt: skip

DATES = ["after", "strictly_after", "before", "strictly_before"]
PAGING = ["page", "itemsPerPage"]
DATE = r"[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def query_names(path: str, version: str) -> list[str]:
    """Give the query parameters that a list has in a version, from section 3 of the API reference."""
    if path.endswith(("/documents", "/{offerId}/tickets")):
        return []
    own = {
        ORDERS: ["external_reference", "order[createdAt]", *(f"createdAt[{bound}]" for bound in DATES)],
        RESERVATIONS: ["order[createdAt]"],
        CATALOGS: ["order[createdAt]"],
        OFFER: [
            "order[date]",
            *(f"date[{bound}]" for bound in DATES),
            "product[]",
            *(["productBaseId"] if version == "release" else []),
            "session",
            *(["optionValuesContext[]"] if version == "release" else []),
        ],
        CATALOGS + "/{catalogId}/product_bases": ["withDisabled"] if version in {"1.0.38", "release"} else [],
    }
    return [*PAGING, *own.get(path, [])]


def operations(document):
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_version_that_is_reconstructed_is_known_here():
    assert set(ALL) <= set(versions())


def test_a_version_has_the_operations_of_the_table_and_no_others(version, document):
    expected = {
        (method, path): (name, [tag]) for _, method, path, name, tag, held in TABLE if version in held
    }
    found = {key: (one["operationId"], one["tags"]) for key, one in operations(document).items()}
    assert found == expected


def test_operations_get_the_python_names_of_the_table(version, document):
    prepared = prepare(apply_file(document, FOLDER / "overlay.yaml")).document
    found = {one["operationId"] for item in prepared["paths"].values() for one in item.values()}
    # the overlay puts forms back where they are gone
    assert found == {name for name, *_, held in TABLE if version in held} | {"get_form"}


def test_tags_come_in_the_order_in_which_the_pages_print_them(version, document):
    assert [tag["name"] for tag in document["tags"]] == [name for name, held in TAGS if version in held]
    assert all(tag["description"] for tag in document["tags"])


def test_paths_are_sorted_by_tag_and_then_by_path(document):
    places = [tag["name"] for tag in document["tags"]]
    found = [
        (places.index(next(iter(item.values()))["tags"][0]), path) for path, item in document["paths"].items()
    ]
    assert found == sorted(found)


def test_query_parameters_have_the_exact_names_in_the_order_of_the_pages(version, document):
    for (method, path), operation in operations(document).items():
        found = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
        is_list = operation["operationId"].endswith("_get_collection")
        assert found == (query_names(path, version) if is_list else []), (method, path)


def test_path_parameters_are_uuids_of_version_7_except_the_option_code(document):
    for (method, path), operation in operations(document).items():
        found = {one["name"]: one for one in operation["parameters"] if one["in"] == "path"}
        assert [f"{{{name}}}" for name in found] == [part for part in path.split("/") if part[:1] == "{"]
        for name, one in found.items():
            assert one["required"] is True, (method, path)
            assert (one["style"], one["explode"]) == ("simple", False)
            expected = (
                {"type": "string", "enum": ["seating_category", "zone", "price_type", "days_count"]}
                if name == "code"
                else {"type": "string", "pattern": UUID}
            )
            assert one["schema"] == expected


def test_the_schemas_of_query_parameters_are_those_of_the_reference(document):
    def without_marks(node):
        if isinstance(node, dict):
            return {key: without_marks(value) for key, value in node.items() if key != "x-evidence"}
        return node

    expected = {
        "page": {"type": "integer", "default": 1},
        "itemsPerPage": {"type": "integer", "default": 10, "minimum": 0, "maximum": 50},
        "external_reference": {"type": "string", "pattern": "^.{1,50}$"},
        "order[createdAt]": {"type": "string", "enum": ["asc", "desc"]},
        "order[date]": {"type": "string", "enum": ["asc", "desc"]},
        "product[]": {"type": "array", "items": {"type": "string"}},
        "productBaseId": {"type": "string"},
        "session": {"type": "string", "pattern": UUID},
        "optionValuesContext[]": {"type": "array", "items": {"type": "string"}},
        "withDisabled": {"type": "boolean", "pattern": "true|false"},
        **{
            f"{name}[{bound}]": {"type": "string", "pattern": DATE}
            for name in ("date", "createdAt")
            for bound in DATES
        },
    }
    for operation in operations(document).values():
        for one in operation["parameters"]:
            if one["in"] == "query":
                assert without_marks(one["schema"]) == expected[one["name"]]
                assert one["required"] is False
                assert one["style"] == "form"
                # a list is sent by repeating its key
                assert one["explode"] is one["name"].endswith("[]")


def test_only_generation_a_documents_empty_parameters(version, document):
    query = [one for op in operations(document).values() for one in op["parameters"] if one["in"] == "query"]
    for one in query:
        assert ("allowEmptyValue" in one) is (version in OLD)
        assert ("allowReserved" in one) is (version in OLD)


def test_statuses_and_media_types_follow_the_kind_of_operation(version, document):
    for (method, path), operation in operations(document).items():
        is_list = operation["operationId"].endswith("_get_collection")
        expected = {
            "post": ["200", "400", "403", "422"],
            "patch": ["200", "400", "403", "404", "422"],
            "get": ["200", "403"] if is_list else ["200", "403", "404"],
        }[method]
        assert list(operation["responses"]) == expected, path
        for answer in operation["responses"].values():
            assert list(answer["content"]) == ["application/ld+json"]
        if method == "get":
            assert "requestBody" not in operation
        else:
            media_type = {"post": "application/ld+json", "patch": "application/merge-patch+json"}[method]
            assert operation["requestBody"]["required"] is True
            assert list(operation["requestBody"]["content"]) == [media_type]


def test_servers_and_the_one_security_scheme_are_those_of_the_api(document):
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "KorusTicket API"
    assert "license" not in document["info"]
    assert document["servers"] == [
        {"url": "https://api.demo.korusticket.com", "description": "Demo server"},
        {"url": "https://api.korusticket.com", "description": "Production server"},
    ]
    schemes = document["components"]["securitySchemes"]
    assert list(schemes) == ["JWT"]
    assert {key: schemes["JWT"][key] for key in ("type", "in", "name")} == {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
    }
    assert document["security"] == [{"JWT": []}]


def test_every_operation_has_a_summary_and_a_description(document):
    for operation in operations(document).values():
        assert operation["summary"]
        assert operation["description"]
