"""Equivalent notations are not a change, in either direction."""

from __future__ import annotations

import pytest
from rule_pairs import (
    CAT,
    DOG,
    INTEGER,
    TEXT,
    answered,
    api,
    one,
    operation,
    query,
    ref,
    sent,
    thing,
    with_answer,
    with_body,
)

THING = {
    "type": "object",
    "properties": {"a": TEXT, "b": {"type": "integer", "minimum": 1}},
    "required": ["a"],
}
NODE = thing(next=ref("Node"), value=TEXT)


def both(old, new, old_version="3.1.0", new_version="3.1.0", old_schemas=None, new_schemas=None):  # noqa: PLR0917 - internal, always called alike
    """Build documents with a pair of schemas in a request and in a response."""
    return [
        (
            wrap(old, openapi=old_version, **(old_schemas or {})),
            wrap(new, openapi=new_version, **(new_schemas or old_schemas or {})),
        )
        for wrap in (sent, answered)
    ]


SCHEMAS = {
    "a schema inline or by reference": both(ref("Thing"), THING, old_schemas={"Thing": THING}),
    "a schema renamed": both(
        ref("Thing"), ref("Item"), old_schemas={"Thing": THING}, new_schemas={"Item": THING}
    ),
    "an allOf of one": both({"allOf": [ref("Thing")]}, ref("Thing"), old_schemas={"Thing": THING}),
    "an allOf of one with a text of the inner": both(
        {"allOf": [ref("Thing")]}, ref("Thing"), old_schemas={"Thing": {**THING, "description": "A thing"}}
    ),
    "nullable and a list of types": both(
        {"type": "string", "nullable": True}, {"type": ["string", "null"]}, "3.0.3"
    ),
    "a list of types and anyOf null": both({"type": ["string", "null"]}, {"anyOf": [TEXT, {"type": "null"}]}),
    "a nullable reference in 3.0 and 3.1": both(
        {"allOf": [ref("Thing")], "nullable": True},
        {"anyOf": [ref("Thing"), {"type": "null"}]},
        "3.0.3",
        old_schemas={"Thing": THING},
    ),
    "a nullable enumeration in 3.0 and 3.1": both(
        {"type": "string", "nullable": True, "enum": ["a", "b"]},
        {"type": ["string", "null"], "enum": ["b", "a", None]},
        "3.0.3",
    ),
    "nullable false": both({"type": "string", "nullable": False}, TEXT, "3.0.3"),
    "an exclusive bound in 3.0 and 3.1": both(
        {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": False},
        {"type": "number", "exclusiveMinimum": 0, "maximum": 9},
        "3.0.3",
    ),
    "an exclusive bound of integers": both(
        {"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}
    ),
    "const and enum of one": both({"const": "a"}, {"type": "string", "enum": ["a"]}),
    "constants and an enumeration": both({"anyOf": [{"const": "a"}, {"const": "b"}]}, {"enum": ["b", "a"]}),
    "a list of types and anyOf types": both({"type": ["string", "integer"]}, {"anyOf": [INTEGER, TEXT]}),
    "a list of types and oneOf types": both({"type": ["string", "integer"]}, {"oneOf": [TEXT, INTEGER]}),
    "integer among numbers": both({"type": ["integer", "number"]}, {"type": "number"}),
    "allOf merged flat": both(
        {"allOf": [ref("Thing"), thing(c={"type": "number"})]},
        {"type": "object", "properties": {**THING["properties"], "c": {"type": "number"}}, "required": ["a"]},
        old_schemas={"Thing": THING},
    ),
    "bounds through allOf": both(
        {"type": "integer", "allOf": [{"minimum": 1}, {"maximum": 9}]},
        {"type": "integer", "minimum": 1, "maximum": 9},
    ),
    "a keyword beside a reference": both(
        {"$ref": "#/components/schemas/Thing", "minProperties": 2},
        {"allOf": [ref("Thing"), {"minProperties": 2}]},
        old_schemas={"Thing": THING},
    ),
    "the order of required": both({**THING, "required": ["a", "b"]}, {**THING, "required": ["b", "a"]}),
    "the order of alternatives": both({"oneOf": [CAT, DOG]}, {"oneOf": [DOG, CAT]}),
    "the order of enumerated values": both({"enum": ["a", "b", 1]}, {"enum": [1, "b", "a"]}),
    "alternatives that cannot both hold": both({"oneOf": [CAT, DOG]}, {"anyOf": [CAT, DOG]}),
    "a base before and inside alternatives": both(
        {"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"anyOf": [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}]},
    ),
    "nested alternatives": both(
        {"anyOf": [{"anyOf": [TEXT, INTEGER]}, {"type": "null"}]}, {"type": ["null", "integer", "string"]}
    ),
    "the same alternative twice": both({"anyOf": [TEXT, TEXT]}, TEXT),
    "an open enumeration": both({"anyOf": [{"enum": ["a"]}, TEXT]}, TEXT),
    "circular schemas renamed": both(
        ref("Node"),
        ref("Knot"),
        old_schemas={"Node": NODE},
        new_schemas={"Knot": thing(next=ref("Knot"), value=TEXT)},
    ),
    "circular schemas unrolled": both(
        ref("Node"), thing(next=ref("Node"), value=TEXT), old_schemas={"Node": NODE}
    ),
    "defaults of constraints": both({"type": "string", "minLength": 0}, TEXT),
    "additional properties spelled out": both({**THING, "additionalProperties": True}, THING),
    "additional properties of any kind": both({**THING, "additionalProperties": {}}, THING),
    "items of any kind": both({"type": "array", "items": {}}, {"type": "array"}),
    "uniqueItems false": both({"type": "array", "uniqueItems": False}, {"type": "array"}),
    "both booleans enumerated": both({"type": "boolean", "enum": [True, False]}, {"type": "boolean"}),
    "a multiple of one": both({"type": "number", "multipleOf": 1}, INTEGER),
    "one and 1.0": both({"type": "number", "enum": [1.0, 2]}, {"type": "number", "enum": [2.0, 1]}),
    "binary in 3.0 and 3.1": both(
        {"type": "string", "format": "binary"},
        {"type": "string", "contentMediaType": "application/octet-stream"},
        "3.0.3",
    ),
    "base64 in 3.0 and 3.1": both(
        {"type": "string", "format": "byte"}, {"type": "string", "contentEncoding": "base64"}, "3.0.3"
    ),
    "unevaluatedProperties of a merged whole": both(
        {"allOf": [ref("Thing")], "unevaluatedProperties": False},
        {**THING, "additionalProperties": False},
        old_schemas={"Thing": THING},
    ),
    "what is not null": both(
        {"not": {"type": "null"}}, {"type": ["boolean", "number", "string", "array", "object"]}
    ),
    "a negation written differently": both(
        {"not": thing(x=TEXT)}, {"not": {"allOf": [{"type": "object"}, {"properties": {"x": TEXT}}]}}
    ),
    "an implicit discriminator value spelled out": both(
        {"oneOf": [ref("Cat"), ref("Dog")], "discriminator": {"propertyName": "kind"}},
        {
            "oneOf": [ref("Dog"), ref("Cat")],
            "discriminator": {
                "propertyName": "kind",
                "mapping": {"Cat": "Cat", "Dog": "#/components/schemas/Dog"},
            },
        },
        old_schemas={"Cat": CAT, "Dog": DOG},
    ),
    "a property's own text around a reference": both(
        thing(p={"allOf": [ref("Thing")], "description": "Which"}),
        thing(p={**THING, "description": "Which"}),
        old_schemas={"Thing": {**THING, "description": "A thing"}},
    ),
    "extensions": both({**THING, "x-order": 1}, {**THING, "x-order": 2}),
    "a pattern with a tail": both({"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^a.*"}),
}

PLACE = {"name": "id", "in": "path", "required": True, "schema": TEXT}
BODY = {"application/json": {"schema": TEXT}}
KEYED = {"components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}}

DOCUMENTS = {
    "parameters of the path or of the operation": (
        api({"/a/{id}": {"parameters": [PLACE, query()], "get": operation()}}),
        api({"/a/{id}": {"get": operation(parameters=[query(), PLACE])}}),
    ),
    "the usual style of a query parameter": (
        one(parameters=[query(schema={"type": "array", "items": TEXT})]),
        one(
            parameters=[
                query(schema={"type": "array", "items": TEXT}, style="form", explode=True, required=False)
            ]
        ),
    ),
    "the usual style of a path parameter": (
        one(path="/a/{id}", parameters=[PLACE]),
        one(path="/a/{id}", parameters=[{**PLACE, "style": "simple", "explode": False, "deprecated": False}]),
    ),
    "a parameter by reference": (
        one(parameters=[query()]),
        {**one(parameters=[ref("X", "parameters")]), "components": {"parameters": {"X": query()}}},
    ),
    "a header's case": (
        one(parameters=[query(**{"in": "header", "name": "X-Trace"})]),
        one(parameters=[query(**{"in": "header", "name": "x-trace"})]),
    ),
    "a response by reference": (
        with_answer(content=BODY),
        {
            **one(responses={"200": ref("Done", "responses")}),
            "components": {"responses": {"Done": {"description": "done", "content": BODY}}},
        },
    ),
    "a body by reference": (
        with_body(required=True),
        {
            **one(method="post", requestBody=ref("Text", "requestBodies")),
            "components": {"requestBodies": {"Text": {"required": True, "content": BODY}}},
        },
    ),
    "a media type's case and charset": (
        with_body({"application/json": {"schema": TEXT}}),
        with_body({"Application/JSON; charset=UTF-8": {"schema": TEXT}}),
    ),
    "an optional body": (with_body(), with_body(required=False)),
    "security of all or of each": (
        api({"/a": {"get": operation()}}, security=[{"key": []}], **KEYED),
        api({"/a": {"get": operation(security=[{"key": []}])}}, **KEYED),
    ),
    "no security spelled out": (
        api({"/a": {"get": operation()}}, **KEYED),
        api({"/a": {"get": operation(security=[])}}, security=[{"key": []}], **KEYED),
    ),
    "a security scheme renamed": (
        api({"/a": {"get": operation(security=[{"key": []}])}}, **KEYED),
        api(
            {"/a": {"get": operation(security=[{"token": []}])}},
            components={"securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
        ),
    ),
    "servers of all or of each": (
        api({"/a": {"get": operation()}}, servers=[{"url": "https://a.example"}]),
        api({"/a": {"get": operation(servers=[{"url": "https://a.example/"}])}}),
    ),
    "the usual server spelled out": (api(), api(servers=[{"url": "/"}])),
    "the order of servers, tags and parameters": (
        api(
            {"/a": {"get": operation(parameters=[query(), query(name="y")], tags=["a", "b"])}},
            servers=[{"url": "https://a.example"}, {"url": "https://b.example"}],
            tags=[{"name": "a"}, {"name": "b"}],
        ),
        api(
            {"/a": {"get": operation(parameters=[query(name="y"), query()], tags=["b", "a"])}},
            servers=[{"url": "https://b.example"}, {"url": "https://a.example"}],
            tags=[{"name": "b"}, {"name": "a"}],
        ),
    ),
    "deprecated false": (one(), one(deprecated=False)),
    "3.0 and 3.1": (one(openapi="3.0.3"), one(openapi="3.1.1")),
    "a path by reference": (
        api({"/a": {"get": operation()}}),
        api({"/a": ref("A", "pathItems")}, components={"pathItems": {"A": {"get": operation()}}}),
    ),
    "schemas that nothing refers to": (
        api(components={"schemas": {"A": TEXT}}),
        api(components={"schemas": {}}),
    ),
}

CASES = [
    *(
        (f"{name}, {way}", pair)
        for name, pairs in SCHEMAS.items()
        for way, pair in zip(("sent", "answered"), pairs, strict=True)
    ),
    *DOCUMENTS.items(),
]


@pytest.mark.parametrize("pair", [pair for _, pair in CASES], ids=[name for name, _ in CASES])
def test_other_notation_is_no_change(pair, compared):
    old, new = pair
    assert [(record.id, record.message) for record in compared(old, new).changes] == []
    assert [(record.id, record.message) for record in compared(new, old).changes] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"const": 1}, {"const": True}),
        ({"enum": [0, "a"]}, {"enum": [False, "a"]}),
        (
            {"type": "array", "prefixItems": [TEXT, INTEGER]},
            {"type": "array", "prefixItems": [INTEGER, TEXT]},
        ),
        (thing(a=TEXT), {"properties": {"a": TEXT}}),
        ({"oneOf": [CAT, DOG]}, {"oneOf": [CAT, {**DOG, "required": []}]}),
    ],
)
def test_similar_schemas_that_differ_are_a_change(old, new, compared):
    assert compared(sent(old), sent(new)).changes
    assert compared(answered(old), answered(new)).changes


def test_implicit_discriminator_value_follows_the_schema_name(compared):
    def pets(cat):
        return {"oneOf": [ref(cat), ref("Dog")], "discriminator": {"propertyName": "kind"}}

    old = answered(pets("Cat"), Cat=CAT, Dog=DOG)
    new = answered(pets("Kitten"), Kitten=CAT, Dog=DOG)
    assert {record.id for record in compared(old, new).changes} == {
        "response-discriminator-value-removed",
        "response-discriminator-value-added",
    }
