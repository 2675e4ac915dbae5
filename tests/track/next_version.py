"""Make up the next version of this API's description, with one change of each kind that was asked for."""

from __future__ import annotations

import json
from typing import Any

from scripts.descriptions import FOLDER, load

CATALOG = "TicketingCatalog.jsonld-v1.catalog.read"
OFFERS = "/v1/ticketing/catalogs/{catalogId}/offers"
BASES = "/v1/ticketing/catalogs/{catalogId}/product_bases"
CLOSING = "/v1/ticketing/catalogs/{catalogId}/closing_days"
DAY = "TicketingClosingDay.jsonld-v1.closing_day.read"


def release() -> dict[str, Any]:
    """Return the newest reconstructed description as one that was downloaded."""
    content = load(FOLDER / "release.yaml")
    content["info"].pop("x-provenance", None)
    return content


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a schema, or those of its own part."""
    if "properties" in schema:
        return schema["properties"]
    return next(part["properties"] for part in schema["allOf"] if "properties" in part)


def named(content: dict[str, Any], start: str) -> str:
    return next(name for name in content["components"]["schemas"] if name.startswith(start))


def with_a_new_operation(content: dict[str, Any]) -> None:
    member = {"type": "array", "items": {"$ref": f"#/components/schemas/{DAY}"}}
    page = {"type": "object", "required": ["member"], "properties": {"member": member}}
    content["paths"][CLOSING] = {
        "get": {
            "operationId": "api_v1ticketingcatalogs_catalogIdclosing_days_get_collection",
            "tags": ["TicketingClosingDay"],
            "parameters": [
                {"name": "catalogId", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "responses": {
                "200": {
                    "description": "TicketingClosingDay collection",
                    "content": {"application/ld+json": {"schema": page}},
                }
            },
        }
    }
    content["components"]["schemas"][DAY] = {
        "type": "object",
        "properties": {"@id": {"type": "string"}, "day": {"type": "string", "format": "date"}},
    }
    content["tags"].append({"name": "TicketingClosingDay"})


def with_a_new_property(content: dict[str, Any]) -> None:
    catalog = content["components"]["schemas"][named(content, "TicketingCatalog.jsonld")]
    properties(catalog)["currency"] = {"type": ["string", "null"], "description": "What prices are in"}


def with_a_new_value(content: dict[str, Any]) -> None:
    reservation = content["components"]["schemas"][named(content, "BookingReservation.jsonld")]
    properties(reservation)["status"]["enum"].append("expired")


def without_an_optional_parameter(content: dict[str, Any]) -> None:
    operation = content["paths"][OFFERS]["get"]
    operation["parameters"] = [one for one in operation["parameters"] if one["name"] != "session"]


def with_a_nullable_property(content: dict[str, Any]) -> None:
    availability = content["components"]["schemas"][named(content, "TicketingOfferAvailability.jsonld")]
    sessions = properties(availability)["sessionsAvailability"]
    sessions["type"] = [sessions["type"], "null"]


def with_a_parameter_made_required(content: dict[str, Any]) -> None:
    for parameter in content["paths"][BASES]["get"]["parameters"]:
        if parameter["name"] == "withDisabled":
            parameter["required"] = True


def with_a_schema_renamed(content: dict[str, Any]) -> dict[str, Any]:
    old = named(content, "TicketingProductBaseOptionValue.jsonld")
    return json.loads(json.dumps(content).replace(old, "TicketingOptionValue.jsonld-v1.option_value.read"))


SAFE = (with_a_new_operation, with_a_new_property, with_a_new_value)
ALL = (
    *SAFE,
    without_an_optional_parameter,
    with_a_nullable_property,
    with_a_parameter_made_required,
    with_a_schema_renamed,
)


def next_version(changes: Any = ALL, version: str = "1.0.45") -> dict[str, Any]:
    """Return the newest description with some changes, under another version."""
    content = release()
    for change in changes:
        content = change(content) or content
    content["info"]["version"] = version
    return content
