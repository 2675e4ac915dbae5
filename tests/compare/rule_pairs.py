"""A pair of minimal documents for each rule of the comparison, and pairs that are the same on the wire.

`SCHEMAS` holds pairs of schemas: put into a request they give the request's rule, into a response the response's.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import scripts.compare

Schema = dict[str, Any] | bool
Document = dict[str, Any]


def document(content: dict[str, Any]) -> scripts.compare.Document:
    """Return a new document to compare."""
    return scripts.compare.Document(Path("made-up.yaml"), copy.deepcopy(content))


def operation(**parts: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "done"}}, **parts}


def api(paths: dict[str, Any] | None = None, *, openapi: str = "3.1.0", **parts: Any) -> Document:
    return {
        "openapi": openapi,
        "info": {"title": "Made up", "version": "1"},
        "paths": {"/a": {"get": operation()}} if paths is None else paths,
        **parts,
    }


def one(openapi: str = "3.1.0", path: str = "/a", method: str = "get", **parts: Any) -> Document:
    return api({path: {method: operation(**parts)}}, openapi=openapi)


def ref(name: str, section: str = "schemas") -> dict[str, str]:
    return {"$ref": f"#/components/{section}/{name}"}


def sent(schema: Schema, *, openapi: str = "3.1.0", **schemas: Schema) -> Document:
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    parts: dict[str, Any] = {"components": {"schemas": schemas}} if schemas else {}
    return api({"/a": {"post": operation(requestBody=body)}}, openapi=openapi, **parts)


def answered(schema: Schema, *, openapi: str = "3.1.0", **schemas: Schema) -> Document:
    answer = {"200": {"description": "done", "content": {"application/json": {"schema": schema}}}}
    parts: dict[str, Any] = {"components": {"schemas": schemas}} if schemas else {}
    return api({"/a": {"get": {"responses": answer}}}, openapi=openapi, **parts)


def thing(**properties: Schema) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def having(name: str) -> dict[str, Any]:
    return {"type": "object", "required": [name]}


TEXT = {"type": "string"}
NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}
CAT = {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": INTEGER}, "required": ["kind"]}
DOG = {
    "type": "object",
    "properties": {"kind": {"const": "dog"}, "barks": {"type": "boolean"}},
    "required": ["kind"],
}

# equivalent, but neither judge can prove it
HARD = {"pattern": "^(?:[0-9]{3}-){40}[0-9]{2}$"}
HARD_TOO = {"pattern": "^(?:[0-9]{3}-){39}[0-9]{3}-[0-9]{2}$"}


def many(prefix: str, schema: Schema) -> dict[str, Any]:
    return {"anyOf": [{**thing(**{f"{prefix}{i}": schema}), "required": [f"{prefix}{i}"]} for i in range(9)]}


# more alternatives than are combined
MANY, MANY_TOO, MANY_AGAIN = many("a", TEXT), many("b", TEXT), many("c", TEXT)
MANY_HARD, MANY_HARD_TOO = many("b", HARD), many("b", HARD_TOO)

# stem of the rule: (old schema, new schema); the direction is put before the stem, if it has none
SCHEMAS: dict[str, tuple[Schema, Schema]] = {
    "type-narrowed": (NUMBER, INTEGER),
    "type-widened": (INTEGER, NUMBER),
    "type-changed": (TEXT, INTEGER),
    "became-not-nullable": ({"type": ["string", "null"]}, TEXT),
    "became-nullable": (TEXT, {"anyOf": [TEXT, {"type": "null"}]}),
    "enum-value-removed": ({"enum": ["a", "b"]}, {"enum": ["a"]}),
    "enum-value-added": ({"const": "a"}, {"enum": ["a", "b"]}),
    "enum-introduced": (TEXT, {"type": "string", "enum": ["a"]}),
    "enum-lifted": ({"type": "string", "enum": ["a"]}, TEXT),
    "format-narrowed": (TEXT, {"type": "string", "format": "date"}),
    "format-widened": ({"type": "string", "format": "date"}, TEXT),
    "format-changed": ({"type": "string", "format": "date"}, {"type": "string", "format": "uuid"}),
    "format-unjudged": (
        {"type": "string", "format": "stock-number"},
        {"type": "string", "format": "seat-number"},
    ),
    "format-hint-changed": (TEXT, {"type": "string", "format": "password"}),
    "pattern-narrowed": (TEXT, {"type": "string", "pattern": "^a+$"}),
    "pattern-widened": ({"type": "string", "pattern": "^a+$"}, TEXT),
    "pattern-changed": ({"type": "string", "pattern": "^a+$"}, {"type": "string", "pattern": "^b+$"}),
    "pattern-unjudged": (
        {"type": "string", "pattern": "^(?:[0-9]{3}-){40}[0-9]{2}$"},
        {"type": "string", "pattern": "^(?:[0-9]{3}-){39}[0-9]{3}-[0-9]{2}$"},
    ),
    "minimum-raised": ({"type": "number", "minimum": 1}, {"type": "number", "exclusiveMinimum": 1}),
    "minimum-lowered": ({"type": "integer", "minimum": 1}, INTEGER),
    "maximum-lowered": (NUMBER, {"type": "number", "maximum": 9}),
    "maximum-raised": ({"type": "number", "maximum": 9}, {"type": "number", "maximum": 10}),
    "multiple-of-narrowed": (INTEGER, {"type": "integer", "multipleOf": 5}),
    "multiple-of-widened": ({"type": "number", "multipleOf": 10}, {"type": "number", "multipleOf": 5}),
    "multiple-of-changed": ({"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 3}),
    "min-length-raised": (TEXT, {"type": "string", "minLength": 1}),
    "min-length-lowered": ({"type": "string", "minLength": 2}, {"type": "string", "minLength": 1}),
    "max-length-lowered": (TEXT, {"type": "string", "maxLength": 5}),
    "max-length-raised": ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 6}),
    "min-items-raised": ({"type": "array"}, {"type": "array", "minItems": 1}),
    "min-items-lowered": ({"type": "array", "minItems": 1}, {"type": "array"}),
    "max-items-lowered": ({"type": "array", "maxItems": 3}, {"type": "array", "maxItems": 2}),
    "max-items-raised": ({"type": "array", "maxItems": 2}, {"type": "array"}),
    "min-properties-raised": ({"type": "object"}, {"type": "object", "minProperties": 1}),
    "min-properties-lowered": ({"type": "object", "minProperties": 1}, {"type": "object"}),
    "max-properties-lowered": ({"type": "object"}, {"type": "object", "maxProperties": 3}),
    "max-properties-raised": ({"type": "object", "maxProperties": 3}, {"type": "object"}),
    "unique-items-required": ({"type": "array"}, {"type": "array", "uniqueItems": True}),
    "unique-items-lifted": ({"type": "array", "uniqueItems": True}, {"type": "array"}),
    "content-encoding-changed": (TEXT, {"type": "string", "contentEncoding": "base64"}),
    "property-became-required": (thing(x=TEXT), {**thing(x=TEXT), "required": ["x"]}),
    "property-became-optional": ({**thing(x=TEXT), "required": ["x"]}, thing(x=TEXT)),
    "additional-properties-narrowed": ({"type": "object"}, {"type": "object", "additionalProperties": False}),
    "additional-properties-widened": ({"type": "object", "additionalProperties": TEXT}, {"type": "object"}),
    "pattern-properties-narrowed": (
        {"type": "object"},
        {"type": "object", "patternProperties": {"^x": TEXT}},
    ),
    "pattern-properties-widened": ({"type": "object", "patternProperties": {"^x": TEXT}}, {"type": "object"}),
    "pattern-properties-unjudged": (
        {"type": "object", "additionalProperties": TEXT, "patternProperties": {"^x": TEXT}},
        {"type": "object", "additionalProperties": TEXT, "patternProperties": {"^x.*$": TEXT}},
    ),
    "property-names-narrowed": ({"type": "object"}, {"type": "object", "propertyNames": {"maxLength": 3}}),
    "property-names-widened": ({"type": "object", "propertyNames": {"maxLength": 3}}, {"type": "object"}),
    "dependent-required-narrowed": (
        thing(a=TEXT, b=TEXT),
        {**thing(a=TEXT, b=TEXT), "dependentRequired": {"a": ["b"]}},
    ),
    "dependent-required-widened": (
        {**thing(a=TEXT, b=TEXT), "dependentRequired": {"a": ["b"]}},
        thing(a=TEXT, b=TEXT),
    ),
    "items-narrowed": ({"type": "array"}, {"type": "array", "items": TEXT}),
    "items-widened": ({"type": "array", "items": TEXT}, {"type": "array"}),
    "prefix-items-narrowed": (
        {"type": "array", "prefixItems": [TEXT]},
        {"type": "array", "prefixItems": [TEXT, INTEGER]},
    ),
    "prefix-items-widened": (
        {"type": "array", "prefixItems": [TEXT, INTEGER]},
        {"type": "array", "prefixItems": [TEXT]},
    ),
    "variant-removed": ({"oneOf": [CAT, DOG]}, CAT),
    "variant-added": ({"anyOf": [CAT]}, {"anyOf": [CAT, DOG]}),
    "variant-redundant": (
        {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 9}]},
        {"type": "string", "maxLength": 9},
    ),
    "choice-narrowed": (
        {"anyOf": [thing(a=TEXT), thing(b=TEXT)]},
        {"oneOf": [thing(a=TEXT), thing(b=TEXT)]},
    ),
    "choice-widened": (
        {"oneOf": [thing(a=TEXT), thing(b=TEXT)]},
        {"anyOf": [thing(a=TEXT), thing(b=TEXT)]},
    ),
    "not-narrowed": (TEXT, {"type": "string", "not": {"const": "a"}}),
    "not-widened": ({"type": "string", "not": {"const": "a"}}, TEXT),
    "not-changed": ({"type": "string", "not": {"const": "a"}}, {"type": "string", "not": {"const": "b"}}),
    "condition-narrowed": (
        thing(a=TEXT),
        {**thing(a=TEXT), "if": {"required": ["a"]}, "then": {"minProperties": 2}},
    ),
    "condition-widened": (
        {**thing(a=TEXT), "if": {"required": ["a"]}, "then": {"minProperties": 2}},
        thing(a=TEXT),
    ),
    "contains-narrowed": ({"type": "array"}, {"type": "array", "contains": {"const": 1}}),
    "contains-widened": ({"type": "array", "contains": {"const": 1}}, {"type": "array"}),
    "dependent-schemas-narrowed": (
        thing(a=TEXT),
        {**thing(a=TEXT), "dependentSchemas": {"a": {"minProperties": 2}}},
    ),
    "dependent-schemas-widened": (
        {**thing(a=TEXT), "dependentSchemas": {"a": {"minProperties": 2}}},
        thing(a=TEXT),
    ),
    "unevaluated-narrowed": (
        {**thing(a=TEXT), "if": {"required": ["b"]}, "then": thing(b=TEXT)},
        {**thing(a=TEXT), "if": {"required": ["b"]}, "then": thing(b=TEXT), "unevaluatedProperties": False},
    ),
    "unevaluated-widened": (
        {**thing(a=TEXT), "if": {"required": ["b"]}, "then": thing(b=TEXT), "unevaluatedProperties": False},
        {**thing(a=TEXT), "if": {"required": ["b"]}, "then": thing(b=TEXT)},
    ),
    "keyword-unjudged": (TEXT, {"type": "string", "seatMap": "round"}),
    "request-variant-unjudged": (
        {"anyOf": [{"type": "string", "pattern": "^b$"}, {"type": "string", **HARD}]},
        {"type": "string", **HARD_TOO},
    ),
    "response-variant-unjudged": (
        {"type": "string", **HARD_TOO},
        {"anyOf": [{"type": "string", "pattern": "^b$"}, {"type": "string", **HARD}]},
    ),
    "response-choice-unjudged": (
        {"oneOf": [{"type": "string", **HARD}, {"type": "string", "pattern": "^b$"}]},
        {"anyOf": [{"type": "string", **HARD}, {"type": "string", "pattern": "^b$"}]},
    ),
    "request-choice-unjudged": (
        {"anyOf": [{"type": "string", **HARD}, {"type": "string", "pattern": "^b$"}]},
        {"oneOf": [{"type": "string", **HARD}, {"type": "string", "pattern": "^b$"}]},
    ),
    "not-unjudged": ({"type": "string", "not": HARD}, {"type": "string", "not": HARD_TOO}),
    "condition-changed": (
        {**thing(), "if": {"required": ["a"]}, "then": {"required": ["b"]}},
        {**thing(), "if": {"required": ["b"]}, "then": {"required": ["a"]}},
    ),
    "condition-unjudged": (
        {"type": "string", "if": HARD, "then": {"maxLength": 2}},
        {"type": "string", "if": HARD_TOO, "then": {"maxLength": 2}},
    ),
    "contains-changed": (
        {"type": "array", "contains": {"const": 1}},
        {"type": "array", "contains": {"const": 2}},
    ),
    "contains-unjudged": (
        {"type": "array", "contains": {"type": "string", **HARD}},
        {"type": "array", "contains": {"type": "string", **HARD_TOO}},
    ),
    "dependent-schemas-changed": (
        {**thing(), "dependentSchemas": {"a": {"required": ["b"]}}},
        {**thing(), "dependentSchemas": {"b": {"required": ["a"]}}},
    ),
    "dependent-schemas-unjudged": (
        {**thing(), "dependentSchemas": {"a": thing(b=HARD)}},
        {**thing(), "dependentSchemas": {"a": thing(b=HARD_TOO)}},
    ),
    "unevaluated-changed": (
        {**thing(), "if": {"required": ["b"]}, "then": thing(b=TEXT), "unevaluatedProperties": TEXT},
        {**thing(), "if": {"required": ["b"]}, "then": thing(b=TEXT), "unevaluatedProperties": INTEGER},
    ),
    "unevaluated-unjudged": (
        {**thing(), "if": {"required": ["b"]}, "then": thing(b=TEXT), "unevaluatedProperties": HARD},
        {**thing(), "if": {"required": ["b"]}, "then": thing(b=TEXT), "unevaluatedProperties": HARD_TOO},
    ),
    "all-of-narrowed": (MANY, {"allOf": [MANY, MANY_TOO]}),
    "all-of-widened": ({"allOf": [MANY, MANY_TOO]}, MANY),
    "all-of-changed": ({"allOf": [MANY, MANY_TOO]}, {"allOf": [MANY, MANY_AGAIN]}),
    "all-of-unjudged": ({"allOf": [MANY, MANY_HARD]}, {"allOf": [MANY, MANY_HARD_TOO]}),
    "discriminator-property-changed": (
        {"oneOf": [CAT, DOG], "discriminator": {"propertyName": "kind"}},
        {"oneOf": [CAT, DOG], "discriminator": {"propertyName": "sort"}},
    ),
    "discriminator-unjudged": (
        {"oneOf": [CAT, DOG]},
        {"oneOf": [CAT, DOG], "discriminator": {"propertyName": "kind"}},
    ),
    "discriminator-value-removed": (
        {
            "oneOf": [CAT, DOG],
            "discriminator": {"propertyName": "kind", "mapping": {"cat": "cat.json", "tom": "cat.json"}},
        },
        {"oneOf": [CAT, DOG], "discriminator": {"propertyName": "kind", "mapping": {"cat": "cat.json"}}},
    ),
    "discriminator-value-added": (
        {"oneOf": [CAT, DOG], "discriminator": {"propertyName": "kind", "mapping": {"cat": "cat.json"}}},
        {
            "oneOf": [CAT, DOG],
            "discriminator": {"propertyName": "kind", "mapping": {"cat": "cat.json", "tom": "cat.json"}},
        },
    ),
    "discriminator-value-changed": (
        {"oneOf": [CAT, DOG], "discriminator": {"propertyName": "kind", "mapping": {"pet": "cat.json"}}},
        {"oneOf": [CAT, DOG], "discriminator": {"propertyName": "kind", "mapping": {"pet": "dog.json"}}},
    ),
    "property-added-to-closed-object": (
        {**thing(a=TEXT), "additionalProperties": False},
        {**thing(a=TEXT, b=TEXT), "additionalProperties": False},
    ),
    "property-added": (thing(a=TEXT), thing(a=TEXT, b=TEXT)),
    "required-property-added": (thing(a=TEXT), {**thing(a=TEXT, b=TEXT), "required": ["b"]}),
    "property-removed": (thing(a=TEXT, b=TEXT), thing(a=TEXT)),
    "property-removed-from-closed-object": (
        {**thing(a=TEXT, b=TEXT), "additionalProperties": False},
        {**thing(a=TEXT), "additionalProperties": False},
    ),
    "property-became-read-only": (thing(a=TEXT), thing(a={"type": "string", "readOnly": True})),
    "property-no-longer-read-only": (thing(a={"type": "string", "readOnly": True}), thing(a=TEXT)),
    "required-property-no-longer-read-only": (
        {**thing(a={"type": "string", "readOnly": True}), "required": ["a"]},
        {**thing(a=TEXT), "required": ["a"]},
    ),
    "property-became-write-only": (thing(a=TEXT), thing(a={"type": "string", "writeOnly": True})),
    "property-no-longer-write-only": (thing(a={"type": "string", "writeOnly": True}), thing(a=TEXT)),
    "default-changed": ({"type": "integer", "default": 1}, {"type": "integer", "default": 2}),
    "default-added": (INTEGER, {"type": "integer", "default": 2}),
    "default-removed": ({"type": "integer", "default": 1}, INTEGER),
    "property-deprecated": (thing(a=TEXT), thing(a={"type": "string", "deprecated": True})),
    "property-no-longer-deprecated": (thing(a={"type": "string", "deprecated": True}), thing(a=TEXT)),
    "schema-title-changed": ({"title": "A"}, {"title": "B"}),
    "schema-description-changed": (TEXT, {"type": "string", "description": "Who"}),
    "schema-example-changed": ({"example": 1}, {"example": 2}),
    "change-without-effect": (
        {**thing(a=TEXT), "not": {"required": ["a"]}},
        {**thing(a=INTEGER), "not": {"required": ["a"]}},
    ),
    "request-schema-narrowed": (
        {"oneOf": [having("a"), having("b")]},
        {"oneOf": [having("a"), having("b"), having("c")]},
    ),
    "response-schema-widened": (
        {"oneOf": [having("a"), having("b"), having("c")]},
        {"oneOf": [having("a"), having("b")]},
    ),
    "schema-annotation-changed": (TEXT, {"type": "string", "owl:maxCardinality": 1}),
    "schema-external-docs-changed": (
        TEXT,
        {"type": "string", "externalDocs": {"url": "https://example.org"}},
    ),
}


def schema_cases() -> dict[str, tuple[Document, Document]]:
    """Yield a pair of documents for each rule about schemas."""
    cases: dict[str, tuple[Document, Document]] = {}
    for stem, (old, new) in SCHEMAS.items():
        for direction, wrap in (("request", sent), ("response", answered)):
            if stem.startswith(f"{direction}-"):
                cases[stem] = (wrap(old), wrap(new))
            elif not stem.startswith(("request-", "response-")):
                cases[f"{direction}-{stem}"] = (wrap(old), wrap(new))
    return cases


def query(**parts: Any) -> dict[str, Any]:
    return {"name": "x", "in": "query", "schema": TEXT, **parts}


def with_parameter(*parameters: dict[str, Any], **parts: Any) -> Document:
    return one(parameters=list(parameters), **parts)


def with_body(content: Any = None, **parts: Any) -> Document:
    return one(
        method="post", requestBody={"content": content or {"application/json": {"schema": TEXT}}, **parts}
    )


def with_answer(status: str = "200", **parts: Any) -> Document:
    return one(responses={status: {"description": "done", **parts}})


def with_header(header: dict[str, Any] | None) -> Document:
    return with_answer(headers={} if header is None else {"X-Left": header})


def secured(
    security: list[dict[str, list[str]]] | None, schemes: dict[str, Any] | None = None, **parts: Any
) -> Document:
    known = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}, "flow": flow()}
    wanted = {} if security is None else {"security": security}
    return api(
        {"/a": {"get": operation(**wanted)}},
        components={"securitySchemes": known if schemes is None else schemes},
        **parts,
    )


def flow(**parts: Any) -> dict[str, Any]:
    credentials = {"tokenUrl": "https://example.org/token", "scopes": {"read": "read"}, **parts}
    return {"type": "oauth2", "flows": {"clientCredentials": credentials}}


def calling(callbacks: dict[str, Any] | None) -> Document:
    return one(method="post", **({} if callbacks is None else {"callbacks": callbacks}))


def called(parameter: dict[str, Any] | None = None, method: str = "post") -> dict[str, Any]:
    inner = operation(**({"parameters": [parameter]} if parameter else {}))
    return {"paid": {"{$request.body#/url}": {method: inner}}}


EXAMPLES = {"application/json": {"schema": TEXT, "example": "a"}}
ENCODED = {"multipart/form-data": {"schema": thing(a=TEXT), "encoding": {"a": {"contentType": "text/csv"}}}}
PLAIN = {"multipart/form-data": {"schema": thing(a=TEXT)}}
JSON = {"application/json": {"schema": TEXT}}
BOTH_TYPES = {**JSON, "text/csv": {"schema": TEXT}}
TAGGED = {"tags": [{"name": "a"}]}


# id of the rule: (old document, new document)
def path_id() -> dict[str, Any]:
    return {"name": "id", "in": "path", "required": True, "schema": INTEGER}


DOCUMENTS: dict[str, tuple[Document, Document]] = {
    "operation-removed": (api({"/a": {"get": operation(), "put": operation()}}), api()),
    "operation-added": (api(), api({"/a": {"get": operation(), "put": operation()}})),
    "path-parameter-renamed": (
        one(path="/a/{x}", parameters=[{"name": "x", "in": "path", "required": True, "schema": TEXT}]),
        one(path="/a/{y}", parameters=[{"name": "y", "in": "path", "required": True, "schema": TEXT}]),
    ),
    "operation-id-changed": (one(operationId="a"), one(operationId="b")),
    "operation-deprecated": (one(), one(deprecated=True)),
    "operation-no-longer-deprecated": (one(deprecated=True), one()),
    "operation-tags-changed": (one(tags=["a"]), one(tags=["b"])),
    "operation-summary-changed": (one(summary="a"), one(summary="b")),
    "operation-description-changed": (one(), one(description="b")),
    "operation-external-docs-changed": (one(), one(externalDocs={"url": "https://example.org"})),
    "operation-keyword-changed": (one(), one(idempotent=True)),
    "path-description-changed": (
        api({"/a": {"get": operation(), "summary": "a"}}),
        api({"/a": {"get": operation(), "summary": "b"}}),
    ),
    "removed-before-sunset": (
        api({"/a": {"get": operation(), "put": operation(**{"x-sunset": "2999-01-01"})}}),
        api({"/a": {"get": operation()}}),
    ),
    "sunset-moved-nearer": (one(**{"x-sunset": "2999-01-01"}), one(**{"x-sunset": "2030-01-01T00:00:00Z"})),
    "sunset-unreadable": (one(), one(**{"x-sunset": "next year"})),
    "sunset-removed": (one(**{"x-sunset": "Sun, 01 Jan 2999 00:00:00 GMT"}), one()),
    "sunset-added": (one(), one(**{"x-sunset": "2999-01-01"})),
    "path-parameter-described": (one(path="/a/{id}"), one(path="/a/{id}", parameters=[path_id()])),
    "path-parameter-no-longer-described": (one(path="/a/{id}", parameters=[path_id()]), one(path="/a/{id}")),
    "stray-path-parameter-added": (one(), one(parameters=[path_id()])),
    "stray-path-parameter-removed": (one(parameters=[path_id()]), one()),
    "parameter-became-list": (
        with_parameter(query()),
        with_parameter(query(schema={"type": "array", "items": TEXT})),
    ),
    "response-status-range-narrowed": (
        one(responses={"2XX": {"description": "done"}}),
        one(responses={"200": {"description": "done"}}),
    ),
    "response-status-range-widened": (
        one(responses={"200": {"description": "done"}}),
        one(responses={"2XX": {"description": "done"}}),
    ),
    "response-media-range-narrowed": (
        with_answer(content={"application/*": {"schema": TEXT}}),
        with_answer(content={"application/json": {"schema": TEXT}}),
    ),
    "request-xml-changed": (
        with_body({"application/xml": {"schema": TEXT}}),
        with_body({"application/xml": {"schema": {"type": "string", "xml": {"attribute": True}}}}),
    ),
    "response-xml-changed": (
        with_answer(content={"application/xml": {"schema": TEXT}}),
        with_answer(content={"application/xml": {"schema": {"type": "string", "xml": {"attribute": True}}}}),
    ),
    "document-text-changed": (
        api(openapi="3.2.0", tags=[{"name": "a"}]),
        api(openapi="3.2.0", tags=[{"name": "a", "kind": "nav"}]),
    ),
    "parameter-removed": (with_parameter(query(deprecated=True)), one()),
    "parameter-added": (one(), with_parameter(query())),
    "required-parameter-added": (one(), with_parameter(query(required=True))),
    "parameter-became-required": (with_parameter(query()), with_parameter(query(required=True))),
    "parameter-became-optional": (
        with_parameter(query(required=True)),
        with_parameter(query(required=False)),
    ),
    "parameter-moved": (with_parameter(query()), with_parameter(query(**{"in": "header"}))),
    "parameter-array-suffix-changed": (with_parameter(query()), with_parameter(query(name="x[]"))),
    "parameter-serialization-changed": (
        with_parameter(query(schema={"type": "array", "items": TEXT})),
        with_parameter(query(schema={"type": "array", "items": TEXT}, explode=False)),
    ),
    "parameter-serialization-rewritten": (with_parameter(query()), with_parameter(query(explode=False))),
    "parameter-serialization-unjudged": (
        with_parameter(query(schema={})),
        with_parameter(query(schema={}, style="deepObject")),
    ),
    "parameter-type-generalized": (with_parameter(query(schema=INTEGER)), with_parameter(query())),
    "parameter-reserved-characters-changed": (
        with_parameter(query()),
        with_parameter(query(allowReserved=True)),
    ),
    "parameter-empty-value-forbidden": (with_parameter(query(allowEmptyValue=True)), with_parameter(query())),
    "parameter-empty-value-allowed": (with_parameter(query()), with_parameter(query(allowEmptyValue=True))),
    "parameter-deprecated": (with_parameter(query()), with_parameter(query(deprecated=True))),
    "parameter-no-longer-deprecated": (with_parameter(query(deprecated=True)), with_parameter(query())),
    "parameter-description-changed": (with_parameter(query()), with_parameter(query(description="b"))),
    "parameter-example-changed": (with_parameter(query(example="a")), with_parameter(query(example="b"))),
    "request-body-added": (one(method="post"), with_body()),
    "required-request-body-added": (one(method="post"), with_body(required=True)),
    "request-body-removed": (with_body(), one(method="post")),
    "request-body-became-required": (with_body(), with_body(required=True)),
    "request-body-became-optional": (with_body(required=True), with_body(required=False)),
    "request-body-description-changed": (with_body(), with_body(description="b")),
    "request-media-type-removed": (with_body(BOTH_TYPES), with_body(JSON)),
    "request-media-type-added": (with_body(JSON), with_body(BOTH_TYPES)),
    "request-encoding-changed": (with_body(PLAIN), with_body(ENCODED)),
    "request-media-example-changed": (with_body(JSON), with_body(EXAMPLES)),
    "response-success-status-removed": (
        one(responses={"200": {"description": "done"}, "202": {"description": "later"}}),
        one(responses={"200": {"description": "done"}}),
    ),
    "response-success-status-added": (
        one(responses={"200": {"description": "done"}}),
        one(responses={"200": {"description": "done"}, "202": {"description": "later"}}),
    ),
    "response-status-removed": (
        one(responses={"200": {"description": "done"}, "404": {"description": "no"}}),
        one(),
    ),
    "response-status-added": (
        one(),
        one(responses={"200": {"description": "done"}, "404": {"description": "no"}}),
    ),
    "response-description-changed": (one(), one(responses={"200": {"description": "well done"}})),
    "response-media-type-removed": (with_answer(content=BOTH_TYPES), with_answer(content=JSON)),
    "response-media-type-added": (with_answer(content=JSON), with_answer(content=BOTH_TYPES)),
    "response-encoding-changed": (with_answer(content=PLAIN), with_answer(content=ENCODED)),
    "response-media-example-changed": (with_answer(content=JSON), with_answer(content=EXAMPLES)),
    "response-body-added": (one(), with_answer(content=JSON)),
    "response-body-removed": (with_answer(content=JSON), one()),
    "response-header-removed": (with_header({"schema": TEXT}), with_header(None)),
    "response-required-header-removed": (with_header({"schema": TEXT, "required": True}), with_header(None)),
    "response-header-added": (with_header(None), with_header({"schema": TEXT})),
    "response-header-became-optional": (
        with_header({"schema": TEXT, "required": True}),
        with_header({"schema": TEXT}),
    ),
    "response-header-became-required": (
        with_header({"schema": TEXT}),
        with_header({"schema": TEXT, "required": True}),
    ),
    "response-header-serialization-changed": (
        with_header({"schema": TEXT}),
        with_header({"content": {"text/csv": {"schema": TEXT}}}),
    ),
    "response-header-deprecated": (
        with_header({"schema": TEXT}),
        with_header({"schema": TEXT, "deprecated": True}),
    ),
    "response-header-no-longer-deprecated": (
        with_header({"schema": TEXT, "deprecated": True}),
        with_header({"schema": TEXT}),
    ),
    "response-header-description-changed": (
        with_header({"schema": TEXT}),
        with_header({"schema": TEXT, "description": "b"}),
    ),
    "response-links-changed": (one(), with_answer(links={"next": {"operationId": "a"}})),
    "security-requirement-added": (secured(None), secured([{"key": []}])),
    "security-requirement-removed": (secured([{"key": []}]), secured([{"key": []}, {}])),
    "security-alternative-removed": (secured([{"key": []}, {"flow": ["read"]}]), secured([{"key": []}])),
    "security-alternative-added": (secured([{"key": []}]), secured([{"key": []}, {"flow": ["read"]}])),
    "security-scope-added": (secured([{"flow": []}]), secured([{"flow": ["read"]}])),
    "security-scope-removed": (secured([{"flow": ["read"]}]), secured([{"flow": []}])),
    "security-scheme-changed": (
        secured([{"key": []}], {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}),
        secured([{"key": []}], {"key": {"type": "apiKey", "in": "query", "name": "X-Key"}}),
    ),
    "security-scheme-rewritten": (
        secured([{"key": []}], {"key": {"type": "apiKey", "in": "header", "name": "authorization"}}),
        secured([{"token": []}], {"token": {"type": "http", "scheme": "Bearer"}}),
    ),
    "security-scheme-flow-removed": (
        secured(None, {"flow": {"type": "oauth2", "flows": {**flow()["flows"], "implicit": {"scopes": {}}}}}),
        secured(None, {"flow": flow()}),
    ),
    "security-scheme-flow-added": (
        secured(None, {"flow": flow()}),
        secured(None, {"flow": {"type": "oauth2", "flows": {**flow()["flows"], "implicit": {"scopes": {}}}}}),
    ),
    "security-scheme-address-changed": (
        secured(None, {"flow": flow()}),
        secured(None, {"flow": flow(tokenUrl="https://example.com/token")}),
    ),
    "security-scheme-scope-removed": (
        secured(None, {"flow": flow()}),
        secured(None, {"flow": flow(scopes={})}),
    ),
    "security-scheme-scope-added": (
        secured(None, {"flow": flow(scopes={})}),
        secured(None, {"flow": flow()}),
    ),
    "security-scheme-added": (secured(None, {}), secured(None)),
    "security-scheme-removed": (secured(None), secured(None, {})),
    "security-scheme-description-changed": (
        secured(None, {"flow": flow()}),
        secured(None, {"flow": {**flow(), "description": "b"}}),
    ),
    "server-removed": (
        api(servers=[{"url": "https://a.example"}, {"url": "https://b.example"}]),
        api(servers=[{"url": "https://a.example/"}]),
    ),
    "server-added": (
        api(servers=[{"url": "https://a.example/"}]),
        api(servers=[{"url": "https://b.example"}, {"url": "https://a.example"}]),
    ),
    "server-variable-changed": (
        api(servers=[{"url": "https://{x}.example", "variables": {"x": {"default": "a"}}}]),
        api(servers=[{"url": "https://{x}.example", "variables": {"x": {"default": "b"}}}]),
    ),
    "server-description-changed": (
        api(servers=[{"url": "https://a.example"}]),
        api(servers=[{"url": "https://a.example", "description": "b"}]),
    ),
    "tag-added": (api(), api(**TAGGED)),
    "tag-removed": (api(**TAGGED), api()),
    "tag-description-changed": (api(**TAGGED), api(tags=[{"name": "a", "description": "b"}])),
    "info-version-changed": (api(), api(info={"title": "Made up", "version": "2"})),
    "info-changed": (api(), api(info={"title": "Thought up", "version": "1"})),
    "info-description-changed": (api(), api(info={"title": "Made up", "version": "1", "description": "b"})),
    "external-docs-changed": (api(), api(externalDocs={"url": "https://example.org"})),
    "document-keyword-changed": (api(), api(jsonSchemaDialect="https://example.org/dialect")),
    "callback-removed": (calling(called()), calling(None)),
    "callback-added": (calling(None), calling(called())),
    "callback-operation-removed": (
        calling({"paid": {"{$request.body#/url}": {"post": operation(), "put": operation()}}}),
        calling(called()),
    ),
    "callback-operation-added": (
        calling(called()),
        calling({"paid": {"{$request.body#/url}": {"post": operation(), "put": operation()}}}),
    ),
    "callback-part-changed": (calling(called()), calling(called(query()))),
    "webhook-removed": (api(webhooks={"paid": {"post": operation()}}), api(webhooks={})),
    "webhook-added": (api(), api(webhooks={"paid": {"post": operation()}})),
    "unreached-schema-changed": (
        api(components={"schemas": {"A": TEXT}}),
        api(components={"schemas": {"A": INTEGER}}),
    ),
}

CASES: dict[str, tuple[Document, Document]] = {**schema_cases(), **DOCUMENTS}
