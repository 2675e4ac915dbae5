"""Put the facts of one version together into its OpenAPI document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from scripts.descriptions import entries, mapping
from scripts.reconstruct import shapes
from scripts.reconstruct.operations import OPERATIONS, PAGE, TAGS, UUID_V7, Operation
from scripts.reconstruct.schemas import INLINE, OPTION_CODES, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.descriptions import Document
    from scripts.reconstruct.versions import Version

__all__ = ["document"]

LD = "application/ld+json"
MERGE_PATCH = "application/merge-patch+json"
MARK = {"x-evidence": "inferred"}

SERVERS = (
    {"url": "https://api.demo.korusticket.com", "description": "Demo server"},
    {"url": "https://api.korusticket.com", "description": "Production server"},
)
# What a path parameter other than `id` identifies.
IDENTIFIED = {
    "orderId": "BookingOrder",
    "orderItemId": "OrderItem",
    "catalogId": "TicketingCatalog",
    "offerId": "TicketingOffer",
    "offerTicketId": "TicketingOfferTicket",
    "productBaseId": "TicketingProductBase",
    "eventId": "TicketingEvent",
    "code": "TicketingProductBaseOption",
}
ERRORS = {
    "400": "The request cannot be read",
    "403": "Not allowed with this token",
    "404": "Nothing stands here",
    "422": "The content of the request was refused",
}
STATUSES = {
    "list": ("403",),
    "show": ("403", "404"),
    "create": ("400", "403", "422"),
    "update": ("400", "403", "404", "422"),
}
STOCK = {"list": "collection", "show": "resource", "create": "resource created", "update": "resource updated"}


def document(version: Version) -> Document:
    """Reconstruct the description of a version."""
    operations = [one for one in OPERATIONS if one.holds(version)]
    tags = [one for one in TAGS if one.holds(version)]
    places = {tag.name: place for place, tag in enumerate(tags)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in sorted(operations, key=lambda one: (places[one.tag], one.path)):
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, version)
    return {
        "openapi": "3.1.0",
        "info": _about(version),
        "servers": [dict(server) for server in SERVERS],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(_components(operations, version))),
            "securitySchemes": {
                "JWT": {
                    "type": "apiKey",
                    "description": "The word Bearer, a space and the access token",
                    "name": "Authorization",
                    "in": "header",
                }
            },
        },
        "security": [{"JWT": []}],
        "tags": [
            {
                "name": tag.name,
                "description": tag.description,
                **(MARK if tag.is_inferred(version) else {}),
            }
            for tag in tags
        ],
    }


def _about(version: Version) -> dict[str, Any]:
    return {
        "title": "KorusTicket API",
        "description": "KorusTicket API",
        "version": version.name,
        "x-provenance": {
            "origin": "reconstructed",
            "from": "The pages of the public documentation as this project's API reference summarises them, "
            f"and the rules by which API Platform {version.generation.value} writes descriptions. Texts are "
            "this project's own.",
            "note": "Not a download: the published file was never seen. A part marked `x-evidence: inferred` "
            "was not seen in this version, but follows from other versions, from the generator or from a "
            "proposal.",
        },
    }


def _operation(operation: Operation, version: Version) -> dict[str, Any]:
    parameters = [*_path_parameters(operation)]
    query = (*(PAGE if operation.paged else ()), *operation.query)
    parameters += [shapes.query_parameter(one, operation.tag, version) for one in query if one.holds(version)]
    return {
        "operationId": operation.operation_id,
        **(MARK if operation.proposed or operation.is_inferred(version) else {}),
        "tags": [operation.tag],
        "responses": _responses(operation, version),
        "summary": operation.summary,
        "description": operation.description,
        "parameters": parameters,
        **({"requestBody": _body(operation, version)} if operation.body else {}),
    }


def _path_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    """Write the parameters in a path; OpenAPI 3.1 has no word there for those that generation A adds."""
    for name in re.findall(r"\{(\w+)\}", operation.path):
        schema: dict[str, Any] = {"type": "string", "pattern": UUID_V7}
        if name == "code":
            schema = {"type": "string", "enum": list(OPTION_CODES)}
        yield {
            "name": name,
            "in": "path",
            "description": f"{IDENTIFIED.get(name, operation.tag)} identifier",
            "required": True,
            "deprecated": False,
            "schema": schema,
            "style": "simple",
            "explode": False,
        }


def _body(operation: Operation, version: Version) -> dict[str, Any]:
    schema = SCHEMAS[operation.body or ""]
    media_type = MERGE_PATCH if operation.method == "patch" else LD
    return {
        "description": schema.description,
        "content": {
            media_type: {"schema": shapes.pointer(shapes.component_name(schema, version.generation))}
        },
        "required": True,
    }


def _responses(operation: Operation, version: Version) -> dict[str, Any]:
    generation = version.generation
    answer = (
        shapes.list_schema(operation, generation)
        if operation.kind == "list"
        else shapes.pointer(shapes.component_name(SCHEMAS[operation.answer], generation))
    )
    found: dict[str, Any] = {
        "200": {
            "description": f"{operation.tag} {STOCK[operation.kind]}",
            **(MARK if operation.answer_proposed else {}),
            "content": {LD: {"schema": answer}},
        }
    }
    for status in STATUSES[operation.kind]:
        name = shapes.violation_name(generation) if status == "422" else "Error.jsonld"
        found[status] = {"description": ERRORS[status], "content": {LD: {"schema": shapes.pointer(name)}}}
    return found


def _components(operations: list[Operation], version: Version) -> Iterator[tuple[str, dict[str, Any]]]:
    """Write every schema that the operations need, directly or through another one."""
    yield from shapes.hydra_components(version.generation).items()
    yield from shapes.errors(version).items()
    waiting = [key for one in operations for key in (one.answer, one.body) if key]
    done: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key in done:
            continue
        done.add(key)
        schema = SCHEMAS[key]
        yield shapes.component_name(schema, version.generation), shapes.component(schema, version)
        waiting += [to for one in schema.fields if one.holds(version) for to in _references(one.schema)]


def _references(node: Any) -> Iterator[str]:
    for one in entries(node):
        yield from _references(one)
    for key, value in mapping(node).items():
        if key == "$ref":
            yield value
        elif key == "$inline":
            yield from (to for one in INLINE[value].fields for to in _references(one.schema))
        else:
            yield from _references(value)
