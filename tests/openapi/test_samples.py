"""Every published sample is admitted by the schema of its operation, in every version that has the operation."""

import copy
import json
from pathlib import Path

import jsonschema_rs
import pytest

SAMPLES = Path(__file__).resolve().parent / "samples"

ALL = ["1.0.4", "1.0.7", "1.0.10", "1.0.19", "1.0.38", "release"]
OLD, NEW, LATE, FORMS = ALL[:2], ALL[2:], ALL[3:], ALL[:3]
CATALOG = "/v1/ticketing/catalogs/{catalogId}"
OFFER = CATALOG + "/offers/{id}"
ORDERS, RESERVATIONS = "/v1/booking/orders", "/v1/booking/reservations"
TICKET = ORDERS + "/{orderId}/items/{orderItemId}/tickets/{id}"
DOCUMENTS = ORDERS + "/{orderId}/documents"

# sample, operation, status ("body" for a request), versions
TABLE = [
    ("catalogs-list.json", "get", "/v1/ticketing/catalogs", "200", ALL),
    ("product-bases-list.json", "get", CATALOG + "/product_bases", "200", NEW),
    ("products-list.json", "get", CATALOG + "/products", "200", OLD),
    # the same members come below a base in the newer model
    ("products-list.json", "get", CATALOG + "/product_bases/{productBaseId}/products", "200", NEW),
    ("pagination-page-1.json", "get", CATALOG + "/events", "200", OLD),
    ("offer-price.json", "get", OFFER + "/price", "200", ALL),
    ("offer-availability.json", "get", OFFER + "/availability", "200", ALL),
    ("offer-availability.event-era.json", "get", OFFER + "/availability", "200", ALL),
    (
        "session-availability.dev.json",
        "get",
        CATALOG + "/events/{eventId}/sessions/{id}/availability",
        "200",
        OLD,
    ),
    ("reservations-bulk-request.json", "post", RESERVATIONS + "/_bulk", "body", ALL),
    ("reservations-bulk-request.form-data.json", "post", RESERVATIONS + "/_bulk", "body", ALL),
    ("reservations-bulk-request.two-items.json", "post", RESERVATIONS + "/_bulk", "body", ALL),
    ("reservations-bulk-response.json", "post", RESERVATIONS + "/_bulk", "200", ALL),
    ("reservation-get.json", "get", RESERVATIONS + "/{id}", "200", ALL),
    ("reservations-list.documented-example.json", "get", RESERVATIONS, "200", ALL),
    ("ticket-get.json", "get", TICKET, "200", ALL),
    ("ticket-get.1.0.19.json", "get", TICKET, "200", ALL),
    ("ticket-patch-request.json", "patch", TICKET, "body", ALL),
    ("ticket-get.1.0.19.json", "patch", TICKET, "200", ALL),
    ("order-get.json", "get", ORDERS + "/{id}", "200", ALL),
    ("orders-bulk-request.json", "post", ORDERS + "/_bulk", "body", ALL),
    ("orders-bulk-response.json", "post", ORDERS + "/_bulk", "200", ALL),
    ("document-patch-request.json", "patch", DOCUMENTS + "/{id}", "body", ALL),
    ("document-patch-response.json", "patch", DOCUMENTS + "/{id}", "200", ALL),
    ("order-documents-list.documented-example.json", "get", DOCUMENTS, "200", LATE),
    ("proposed/reservations-bulk-response.partial-failure.json", "post", RESERVATIONS + "/_bulk", "200", ALL),
    ("proposed/orders-bulk-response.partial-failure.json", "post", ORDERS + "/_bulk", "200", ALL),
    ("proposed/error-403.json", "get", ORDERS, "403", ALL),
    ("proposed/error-404.json", "get", ORDERS + "/{id}", "404", ALL),
    ("proposed/error-422.json", "post", RESERVATIONS + "/_bulk", "422", ALL),
    ("proposed/form-get.json", "get", "/v1/forms/{id}", "200", FORMS),
    ("proposed/offers-list.json", "get", CATALOG + "/offers", "200", ALL),
    (
        "proposed/offer-ticket-sessions-list.json",
        "get",
        CATALOG + "/offers/{offerId}/tickets/{offerTicketId}/sessions",
        "200",
        NEW,
    ),
]

# the token endpoint is not part of the descriptions, and no description lists a 401
UNDESCRIBED = {"token-response.json", "proposed/token-error-401.json", "proposed/error-401.json"}


def sample(name):
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def validator(document, method, path, part):
    operation = document["paths"][path][method]
    content = operation["requestBody"] if part == "body" else operation["responses"][part]
    (described,) = content["content"].values()
    schema = {**described["schema"], "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def test_every_sample_is_checked_or_listed_as_undescribed():
    files = {str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*.json")}
    assert files == {row[0] for row in TABLE} | UNDESCRIBED


@pytest.mark.parametrize(
    ("name", "method", "path", "part", "version"),
    [(*row[:4], version) for row in TABLE for version in row[4]],
)
def test_a_published_sample_is_admitted(*, describe, name, method, path, part, version):
    problems = [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in validator(describe(version), method, path, part).iter_errors(sample(name))
    ]
    assert problems == []


def changed(name, *steps, to):
    """Give a sample with the value at the end of some steps replaced, or removed where the new value is ``...``."""
    content = sample(name)
    node = content
    for step in steps[:-1]:
        node = node[step]
    if to is ...:
        del node[steps[-1]]
    else:
        node[steps[-1]] = to
    assert content != sample(name)
    return content


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize(
    ("method", "path", "part", "content"),
    [
        ("get", OFFER + "/price", "200", changed("offer-price.json", "amountInclTax", to=36.5)),
        ("get", ORDERS + "/{id}", "200", changed("order-get.json", "totalAmountInclTax", to=None)),
        ("get", ORDERS + "/{id}", "200", changed("order-get.json", "status", to="lost")),
        (
            "get",
            ORDERS + "/{id}",
            "200",
            changed("order-get.json", "items", 0, "tickets", 0, "voucher", to=44),
        ),
        ("get", "/v1/ticketing/catalogs", "200", changed("catalogs-list.json", "member", to=...)),
        ("get", "/v1/ticketing/catalogs", "200", changed("catalogs-list.json", "totalItems", to=-1)),
        ("get", "/v1/ticketing/catalogs", "200", changed("catalogs-list.json", "member", 0, "id", to=7)),
        ("post", RESERVATIONS + "/_bulk", "body", changed("reservations-bulk-request.json", "items", to=[])),
        (
            "post",
            RESERVATIONS + "/_bulk",
            "body",
            changed("reservations-bulk-request.json", "items", 0, "quantity", to=0),
        ),
        (
            "post",
            RESERVATIONS + "/_bulk",
            "body",
            changed("reservations-bulk-request.json", "items", 0, "ticketSessions", 1, "session", to=None),
        ),
        (
            "post",
            RESERVATIONS + "/_bulk",
            "body",
            changed(
                "reservations-bulk-request.form-data.json",
                *("items", 0, "ticketSessions", 0, "formData", "fields", 0, "value"),
                to=4,
            ),
        ),
        ("post", ORDERS + "/_bulk", "body", changed("orders-bulk-request.json", "externalReference", to=...)),
        ("post", ORDERS + "/_bulk", "body", changed("orders-bulk-request.json", "customer", "email", to=...)),
        ("patch", TICKET, "body", changed("ticket-patch-request.json", "beneficiary", "lastname", to=...)),
        ("patch", TICKET, "body", changed("ticket-patch-request.json", "beneficiary", "title", to="dr")),
    ],
)
def test_values_that_the_reference_excludes_are_rejected(*, describe, method, path, part, content, version):
    assert not validator(describe(version), method, path, part).is_valid(content)


@pytest.mark.parametrize(
    ("version", "admitted"), [("1.0.4", True), ("1.0.7", True), ("1.0.10", False), ("release", False)]
)
def test_json_ld_keys_of_an_item_are_demanded_from_1_0_10_on(describe, version, admitted):
    without = copy.deepcopy(sample("order-get.json"))
    del without["@id"]
    assert validator(describe(version), "get", ORDERS + "/{id}", "200").is_valid(without) is admitted


@pytest.mark.parametrize(
    ("version", "admitted"), [("1.0.7", True), ("1.0.10", True), ("1.0.19", False), ("release", False)]
)
def test_json_ld_keys_of_list_members_are_demanded_from_1_0_19_on(describe, version, admitted):
    without = changed("catalogs-list.json", "member", 0, "@type", to=...)
    assert validator(describe(version), "get", "/v1/ticketing/catalogs", "200").is_valid(without) is admitted
