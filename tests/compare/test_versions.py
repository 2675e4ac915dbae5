"""The changes between the six descriptions are those in section 9 of the API reference."""

from __future__ import annotations

from itertools import pairwise

import pytest

from scripts.compare import Document, compare
from scripts.descriptions import descriptions, find, read_lock

VERSIONS = ["1.0.4", "1.0.7", "1.0.10", "1.0.19", "1.0.38", "release"]
C = "/v1/ticketing/catalogs/{catalogId}"
ORDERS = "/v1/booking/orders"
R = "/v1/booking/reservations"
LD = {"@id", "@type", "@context"}


@pytest.fixture(scope="module")
def steps(six):
    documents = {version: Document.read(path) for version, path in descriptions(six).items()}
    return {(old, new): compare(documents[old], documents[new]).changes for old, new in pairwise(documents)}


def name_of(record):
    """Return the property of a record."""
    for pointer in (record.where.new_pointer, record.where.old_pointer):
        parts = (pointer or "").split("/")
        if len(parts) > 1 and parts[-2] == "properties":
            return parts[-1]
    return None


def having(records, *rules):
    return [record for record in records if record.id in rules]


def operations(records, verb):
    return {record.operations[0] for record in having(records, f"operation-{verb}")}


def properties(records, way, verb):
    """Return the added or removed properties, each with the affected operations."""
    found = {}
    for record in records:
        if f"property-{verb}" in record.id and record.id.startswith(way):
            found.setdefault(name_of(record), set()).update(record.operations)
    return found


def tags(records, verb):
    return {record.new or record.old for record in having(records, f"tag-{verb}")}


def test_there_are_the_six_descriptions_in_their_order(six, steps):
    assert list(descriptions(six)) == VERSIONS
    assert list(steps) == list(pairwise(VERSIONS))
    # the versions in the repository from the beginning
    assert set(VERSIONS) <= set(descriptions())


@pytest.mark.parametrize("version", VERSIONS)
def test_compared_versions_are_the_reconstructed_ones(six, version):
    if read_lock().descriptions[version].origin != "reconstructed":
        pytest.skip(f"{version} has been downloaded")
    assert find(version).read_bytes() == find(version, six).read_bytes()


def test_every_step_says_that_the_version_changed(steps):
    for (old, new), records in steps.items():
        (record,) = having(records, "info-version-changed")
        assert (record.old, record.new, record.level) == (old, new, "compatible")


def test_from_1_0_4_to_1_0_7_fields_came(steps):
    came = properties(steps["1.0.4", "1.0.7"], "response", "added")
    assert f"GET {ORDERS}/{{orderId}}/items/{{orderItemId}}/tickets/{{id}}" in came["status"]
    assert f"GET {ORDERS}/{{orderId}}/items/{{orderItemId}}/tickets/{{id}}" in came["seating"]
    for name in ("catalog", "seatsArrangement", "releasable", "status"):
        assert f"GET {R}/{{id}}" in came[name], name
    for name in ("catalog", "optin", "title"):
        assert f"GET {ORDERS}/{{id}}" in came[name], name
    sent = properties(steps["1.0.4", "1.0.7"], "request", "added")
    assert {name: ops for name, ops in sent.items() if name in {"optin", "title"}} == {
        "optin": {f"POST {ORDERS}/_bulk"},
        "title": {f"POST {ORDERS}/_bulk"},
    }


def test_from_1_0_4_to_1_0_7_only_nested_json_ld_keys_break(steps):
    records = [record for record in steps["1.0.4", "1.0.7"] if record.level == "breaking"]
    assert {record.id for record in records} == {"response-property-removed"}
    assert {name_of(record) for record in records} == LD
    reached = {label for record in records for label in record.operations}
    assert f"GET {ORDERS}/{{orderId}}/items/{{orderItemId}}/tickets/{{id}}" in reached


def test_from_1_0_7_to_1_0_10_product_bases_replace_events(steps):
    records = steps["1.0.7", "1.0.10"]
    assert operations(records, "added") == {
        f"GET {C}/offers/{{offerId}}/tickets/{{id}}",
        f"GET {C}/offers/{{offerId}}/tickets/{{offerTicketId}}/sessions",
        f"GET {C}/product_bases",
        f"GET {C}/product_bases/{{productBaseId}}/products",
        f"GET {C}/product_bases/{{productBaseId}}/options",
        f"GET {C}/product_bases/{{productBaseId}}/options/{{code}}/values",
    }
    assert operations(records, "removed") == {
        f"GET {C}/offers/{{offerId}}/tickets",
        f"GET {C}/products",
        f"GET {C}/events",
        f"GET {C}/events/{{id}}",
        f"GET {C}/events/{{eventId}}/sessions",
        f"GET {C}/events/{{eventId}}/sessions/{{id}}/availability",
    }
    assert tags(records, "added") == {
        "TicketingOfferTicketSession",
        "TicketingProductBase",
        "TicketingProductBaseOption",
        "TicketingProductBaseOptionValue",
    }
    assert tags(records, "removed") == {"TicketingEvent", "TicketingSession", "TicketingSessionAvailability"}


def test_from_1_0_7_to_1_0_10_ticket_event_and_envelope_change(steps):
    records = steps["1.0.7", "1.0.10"]
    went = properties(records, "response", "removed")
    assert f"GET {ORDERS}/{{orderId}}/items/{{orderItemId}}/tickets/{{id}}" in went["event"]
    assert {name for name in went if name not in LD} == {"event"}
    # members of lists lose the keys of JSON-LD; what is fetched by itself must have them
    assert "GET /v1/ticketing/catalogs" in went["@id"]
    demanded = having(records, "response-property-became-required")
    assert {name_of(record) for record in demanded} == {"@id", "@type"}
    assert having(
        records, "response-property-no-longer-read-only", "response-required-property-no-longer-read-only"
    )


def test_from_1_0_7_to_1_0_10_nothing_else_breaks(steps):
    breaking = [record for record in steps["1.0.7", "1.0.10"] if record.level == "breaking"]
    assert {record.id for record in breaking} == {"operation-removed", "response-property-removed"}
    possibly = [record for record in steps["1.0.7", "1.0.10"] if record.level == "possibly"]
    # the older generator also wrote a deprecated keyword, which the newer one leaves out
    assert {record.id for record in possibly} == {"parameter-empty-value-forbidden"}


def test_a_renamed_component_is_no_change_on_the_wire(steps):
    for records in steps.values():
        assert not any(
            "ConstraintViolation.jsonld-jsonld" in str((record.old, record.new)) for record in records
        )


def test_from_1_0_10_to_1_0_19_forms_went_and_documents_came(steps):
    records = steps["1.0.10", "1.0.19"]
    assert tags(records, "removed") == {"Form", "FormField", "FormFieldChoice"}
    assert operations(records, "removed") == {"GET /v1/forms/{id}"}
    assert operations(records, "added") == {
        f"GET {ORDERS}/{{orderId}}/documents",
        f"GET {ORDERS}/{{orderId}}/documents/{{id}}",
    }
    went = properties(records, "response", "removed")
    assert set(went) == {"form"}
    assert f"GET {C}/offers/{{offerId}}/tickets/{{id}}" in went["form"]
    came = properties(records, "response", "added")
    assert came["lastSyncedAt"] == {"GET /v1/ticketing/catalogs"}
    assert "GET /v1/ticketing/catalogs" in came["@id"]
    assert {record.id for record in records if record.level == "breaking"} == {
        "operation-removed",
        "response-property-removed",
    }
    assert [record for record in records if record.level == "possibly"] == []


def test_from_1_0_19_to_1_0_38_seat_map_parameter_and_texts_came(steps):
    records = steps["1.0.19", "1.0.38"]
    assert {(record.id, record.where.location) for record in records} == {
        ("info-version-changed", "info"),
        ("operation-added", ""),
        ("tag-added", "tags"),
        ("parameter-added", "query parameter withDisabled"),
        ("parameter-description-changed", "query parameter date[after]"),
        ("parameter-description-changed", "query parameter date[before]"),
        ("parameter-description-changed", "query parameter date[strictly_after]"),
        ("parameter-description-changed", "query parameter date[strictly_before]"),
    }
    assert {record.level for record in records} == {"compatible"}
    (added,) = having(records, "parameter-added")
    assert added.operations == (f"GET {C}/product_bases",)


def test_from_1_0_38_to_release_parameters_and_fields_came(steps):
    records = steps["1.0.38", "release"]
    assert {record.new for record in having(records, "parameter-added")} == {
        "productBaseId",
        "optionValuesContext[]",
    }
    assert {label for record in having(records, "parameter-added") for label in record.operations} == {
        f"GET {C}/offers"
    }
    assert properties(records, "request", "added") == {"notes": {f"POST {ORDERS}/_bulk"}}
    came = properties(records, "response", "added")
    assert {"code", "hint", "payload"} <= set(came)
    authored = {name for name, labels in came.items() if labels == {f"GET {C}/product_bases"}}
    assert {"description", "medias", "venue", "maxAmountPerOrder", "timezone", "termsOfUse"} <= authored
    (example,) = having(records, "response-schema-example-changed")
    assert example.where.location.endswith("view")
    assert ("type" in example.old, "@type" in example.new) == (True, True)


def test_from_1_0_38_to_release_nothing_breaks_but_the_status_of_an_error(steps):
    records = steps["1.0.38", "release"]
    (breaking,) = [record for record in records if record.level == "breaking"]
    assert (breaking.id, breaking.old, breaking.new) == ("response-became-nullable", False, True)
    assert breaking.where.location.endswith("› status")
    assert breaking.witness.found
    assert breaking.witness.value["status"] is None  # a whole body
    assert len(breaking.operations) > 15
    assert [record for record in records if record.level == "possibly"] == []


def test_one_change_of_a_shared_schema_is_one_record(steps):
    (breaking,) = [record for record in steps["1.0.38", "release"] if record.level == "breaking"]
    assert (
        breaking.where.old_pointer
        == breaking.where.new_pointer
        == "/components/schemas/Error.jsonld/allOf/1/properties/status"
    )
