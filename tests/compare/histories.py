"""Histories of an API in three styles of real descriptions, with one version after each edit."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from scripts.descriptions import dump

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Document = dict[str, Any]

TEXT = {"type": "string"}


def ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


def listed(part):
    return {"type": "array", "items": part}


def path_parameter(name):
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def query(name, schema=TEXT, **more):
    return {"name": name, "in": "query", "schema": schema, **more}


def operation(name, tag, answer=None, body=None, parameters=(), **more):
    """Describe an operation by the schemas of its answer and body."""
    content = {"content": {"application/json": {"schema": answer}}} if answer else {}
    made = {
        "operationId": name,
        "tags": [tag],
        "parameters": list(parameters),
        "responses": {
            "200" if answer else "204": {"description": "Done", **content},
            "404": {"description": "No"},
        },
        **more,
    }
    return made | ({"requestBody": {"content": {"application/json": {"schema": body}}}} if body else {})


FIRST: Document = {
    "openapi": "3.0.3",
    "info": {"title": "Shop", "version": "1"},
    "paths": {
        "/items": {
            "get": operation("listItems", "items", listed(ref("Item")), parameters=[query("q")]),
            "post": operation("createItem", "items", ref("Item"), ref("ItemInput")),
        },
        "/items/{id}": {
            "get": operation("getItem", "items", ref("Item"), parameters=[path_parameter("id")]),
            "delete": operation("deleteItem", "items", parameters=[path_parameter("id")]),
        },
        "/orders": {"post": operation("createOrder", "orders", ref("Order"), ref("OrderInput"))},
    },
    "components": {
        "schemas": {
            "Item": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": TEXT,
                    "state": {"type": "string", "enum": ["new", "sold"]},
                    "price": ref("Price"),
                    "parent": ref("Item"),
                    "labels": {"type": "object", "additionalProperties": TEXT},
                },
            },
            "ItemInput": {"type": "object", "required": ["name"], "properties": {"name": TEXT, "price": ref("PriceInput")}},
            "Price": {"type": "object", "properties": {"amount": {"type": "integer"}, "currency": TEXT}},
            "PriceInput": {"type": "object", "properties": {"amount": {"type": "integer"}, "currency": TEXT}},
            "Order": {"type": "object", "properties": {"items": listed(ref("Item")), "total": ref("Price")}},
            "OrderInput": {"type": "object", "properties": {"items": listed(TEXT), "note": {**TEXT, "nullable": True}}},
        }
    },
}  # fmt: skip


def edit(change: Callable[[Document, Document], object]) -> Callable[[Document], Document]:
    """Return an edit of paths and schemas."""

    def edited(document: Document) -> Document:
        made = copy.deepcopy(document)
        change(made["paths"], made["components"]["schemas"])
        return made

    return edited


def renamed(**names: str) -> Callable[[Document], Document]:
    """Return an edit that replaces names everywhere."""

    def edited(document: Document) -> Document:
        text = json.dumps(document)
        for old, new in names.items():
            for around in ('"{}"', '/{}"', "/{}/"):
                text = text.replace(around.format(old), around.format(new))
        return json.loads(text)

    return edited


def parameter_renamed(document: Document) -> Document:
    """Rename a path parameter and add an operation beside those that have it."""
    made = json.loads(json.dumps(document).replace('/items/{id}"', '/items/{itemId}"'))
    item = made["paths"]["/items/{itemId}"]
    for described in item.values():
        described["parameters"] = [path_parameter("itemId")]
    item["put"] = operation("replaceItem", "items", ref("Item"), ref("ItemInput"), [path_parameter("itemId")])
    return made


EDITS: tuple[Callable[[Document], Document], ...] = (
    edit(lambda paths, schemas: schemas["Item"]["properties"].update(weight={"type": "number"})),
    edit(lambda paths, schemas: schemas["Item"]["properties"]["state"]["enum"].append("gone")),
    edit(lambda paths, schemas: paths["/items"]["get"]["parameters"].append(query("limit", {"type": "integer"}))),
    # a schema of responses is also sent, and the reverse
    edit(lambda paths, schemas: schemas["ItemInput"]["properties"].update(price=ref("Price"))),
    edit(lambda paths, schemas: schemas["Order"]["properties"].update(request=ref("OrderInput"))),
    parameter_renamed,
    # an unused schema, and one that becomes unused
    edit(lambda paths, schemas: schemas.update(Draft={"type": "object", "properties": {"item": ref("Item")}})),
    edit(lambda paths, schemas: schemas["Order"]["properties"].pop("total")),
    renamed(Item="Article", listItems="listArticles", getItem="getArticle"),
    edit(
        lambda paths, schemas: paths.update(
            {"/customers": {"get": operation("listCustomers", "customers", listed(ref("Customer")))}}
        )
        or schemas.update(Customer={"type": "object", "properties": {"name": TEXT, "orders": listed(ref("Order"))}})
    ),
    edit(
        lambda paths, schemas: schemas.update(
            Article={
                "allOf": [
                    {"type": "object", "required": ["id"], "properties": {"id": TEXT}},
                    {"type": "object", "properties": {
                        **schemas["Article"]["properties"], "twin": {"oneOf": [TEXT, ref("Article")]}
                    }},
                ]
            }
        )
    ),
    edit(lambda paths, schemas: paths["/orders"]["post"].update(deprecated=True, operationId="placeOrder")),
    edit(lambda paths, schemas: paths.pop("/orders")),
)  # fmt: skip


# --- the shapes -------------------------------------------------------------------------------------------------------


def in_files(document: Document, folder: Path) -> Path:
    """Write each operation and schema to a file of its own, as DigitalOcean does."""
    text = json.dumps(document)
    schemas = document["components"]["schemas"]
    for name in schemas:
        text = text.replace(f'"#/components/schemas/{name}"', f'"../schemas/{name}.yml"')
    made = json.loads(text)
    for kind in ("schemas", "operations"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for name, schema in made["components"]["schemas"].items():
        (folder / "schemas" / f"{name}.yml").write_text(dump(schema), encoding="utf-8")
    for item in made["paths"].values():
        for method, described in item.items():
            file = f"operations/{described['operationId']}.yml"
            (folder / file).write_text(dump(described), encoding="utf-8")
            item[method] = {"$ref": file}
    del made["components"]
    return written(made, folder)


def with_forms(document: Document, folder: Path) -> Path:
    """Write bodies as forms and references as alternatives of an id, as Stripe does."""
    made = copy.deepcopy(document)
    for item in made["paths"].values():
        for described in item.values():
            content = described.get("requestBody", {}).get("content", {})
            for media in list(content):
                deep = {name: {"style": "deepObject", "explode": True} for name in ("price", "items")}
                content["application/x-www-form-urlencoded"] = {**content.pop(media), "encoding": deep}
    for schema in made["components"]["schemas"].values():
        for name, part in schema.get("properties", {}).items():
            if "$ref" in part:
                expanded = {"oneOf": [part]}
                schema["properties"][name] = {"anyOf": [TEXT, part], "x-expansionResources": expanded}
    return written(made, folder)


def with_webhooks(document: Document, folder: Path) -> Path:
    """Write OpenAPI 3.1 with webhooks, linked data and groups in the names of schemas, as API Platform does."""
    text = json.dumps(document).replace("application/json", "application/ld+json")
    for name in document["components"]["schemas"]:
        text = text.replace(f'schemas/{name}"', f'schemas/{name}.jsonld-read"').replace(
            f'"{name}": {{', f'"{name}.jsonld-read": {{'
        )
    made = json.loads(text.replace('"type": "string", "nullable": true', '"type": ["string", "null"]'))
    made["openapi"] = "3.1.0"
    base = {"type": "object", "properties": {"@id": TEXT, "@type": {"oneOf": [TEXT, listed(TEXT)]}}}
    for name, schema in made["components"]["schemas"].items():
        if "allOf" not in schema:
            made["components"]["schemas"][name] = {"allOf": [ref("HydraItemBaseSchema"), schema]}
    made["components"]["schemas"]["HydraItemBaseSchema"] = base
    first = next(iter(made["components"]["schemas"]))
    made["webhooks"] = {"changed": {"post": operation("onChange", "hooks", body=ref(first))}}
    return written(made, folder)


SHAPES: dict[str, Callable[[Document, Path], Path]] = {
    "operations in files": in_files,
    "forms and expansions": with_forms,
    "linked data and webhooks": with_webhooks,
}


def written(document: Document, folder: Path) -> Path:
    """Write a document."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "api.yaml"
    path.write_text(dump(document), encoding="utf-8")
    return path


def history(shape: str, folder: Path) -> list[Path]:
    """Write all versions in one shape; return their files, the oldest first."""
    versions = [FIRST]
    for change in EDITS:
        versions.append(change(versions[-1]))
    return [
        SHAPES[shape]({**version, "info": {"title": "Shop", "version": str(number)}}, folder / str(number))
        for number, version in enumerate(versions, 1)
    ]
