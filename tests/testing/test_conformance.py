"""Every way in which an exchange can differ from its description is found, and told by kind and place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from korus.testing.cassettes import Interaction, RecordedRequest, RecordedResponse
from korus.testing.conformance import Checker, universe
from korus.testing.descriptions import Description, DescriptionUnreadable

THING = {
    "allOf": [
        {"$ref": "#/components/schemas/Base"},
        {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "minLength": 2},
                "state": {"type": "string", "enum": ["open", "closed"]},
                "count": {"type": ["integer", "null"]},
                "made": {"type": "string", "format": "date-time"},
                "inner": {"anyOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "null"}]},
                "free": {},
                "bag": {"type": "object", "additionalProperties": {"type": "integer"}},
                "secret": {"type": "string", "writeOnly": True},
                "choice": {
                    "oneOf": [
                        {"type": "string"},
                        {"type": "object", "properties": {"x": {"type": "integer"}}},
                    ]
                },
            },
        },
    ]
}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "7"},
    "servers": [{"url": "https://things.example/base"}],
    "paths": {
        "/things": {
            "parameters": [{"name": "tenant", "in": "query", "required": True, "schema": {"type": "string"}}],
            "get": {
                "parameters": [
                    {"name": "page", "in": "query", "schema": {"type": "integer", "maximum": 9}},
                    {
                        "name": "id[]",
                        "in": "query",
                        "schema": {"type": "array", "items": {"type": "integer"}},
                    },
                    {
                        "name": "range",
                        "in": "query",
                        "style": "deepObject",
                        "schema": {"type": "object", "properties": {"from": {"type": "integer"}}},
                    },
                ],
                "responses": {
                    "200": {
                        "headers": {"Retry-After": {"required": True, "schema": {"type": "integer"}}},
                        "content": {
                            "application/ld+json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
                            }
                        },
                    },
                    "4XX": {"content": {"application/problem+json": {"schema": {"type": "object"}}}},
                },
            },
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["name", "made"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "made": {"type": "string", "readOnly": True},
                                },
                            }
                        }
                    },
                },
                "responses": {"201": {"description": "made"}},
            },
        },
        "/things/{id}": {
            "get": {
                "parameters": [
                    {
                        "name": "id",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string", "pattern": "^[0-9]+$"},
                    }
                ],
                "responses": {"200": {"content": {"application/pdf": {}}}},
            }
        },
        "/things/_all": {"get": {"responses": {"204": {"description": "gone"}}}},
    },
    "components": {
        "schemas": {
            "Base": {"type": "object", "properties": {"@id": {"type": "string"}}, "required": ["@id"]},
            "Inner": {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "again": {"$ref": "#/components/schemas/Inner"}},
            },
            "Thing": THING,
        }
    },
}
GOOD = {"@id": "/things/1", "name": "One"}


def checker(document=DOCUMENT):
    return Checker(Description.of(document))


def listed(*members, query="tenant=x", status=200, kind="application/ld+json; charset=utf-8", headers=None):
    return Interaction(
        request=RecordedRequest(method="GET", uri=f"https://somewhere.else/things?{query}"),
        response=RecordedResponse(
            status=status,
            headers={"content-type": (kind,), **(headers or {"retry-after": ("3",)})},
            body={"json": list(members)},
        ),
    )


def found(interaction, document=DOCUMENT):
    return [
        (one.kind, one.part, one.pointer, one.value)
        for one in checker(document).examine(interaction).findings
        if one.kind != "documented"
    ]


def test_an_exchange_that_is_as_described_gives_one_finding_that_says_so():
    (one,) = (
        checker()
        .examine(listed(GOOD, {**GOOD, "inner": None, "free": {"x": [1]}}), cassette="c.yaml", number=4)
        .findings
    )
    assert (one.kind, one.cassette, one.interaction, one.operation, one.api_version) == (
        "documented",
        "c.yaml",
        4,
        "GET /things",
        "7",
    )


@pytest.mark.parametrize(
    ("change", "kind", "pointer", "value"),
    [
        ({"extra": 1}, "undocumented field", "/0/extra", 1),
        ({"inner": {"a": 1, "b/c": 2}}, "undocumented field", "/0/inner/b~1c", 2),
        ({"inner": {"again": {"again": {"z": 0}}}}, "undocumented field", "/0/inner/again/again/z", 0),
        ({"inner": {"a": "text"}}, "type", "/0/inner/a", "text"),
        ({"inner": 5}, "type", "/0/inner", 5),
        ({"choice": {"x": 1, "y": 2}}, "undocumented field", "/0/choice/y", 2),
        ({"state": "ajar"}, "unknown enum value", "/0/state", "ajar"),
        ({"count": "1"}, "type", "/0/count", "1"),
        ({"name": None}, "type", "/0/name", None),
        ({"made": "yesterday"}, "format", "/0/made", "yesterday"),
        ({"name": "x"}, "format", "/0/name", "x"),
        ({"bag": {"one": "x"}}, "type", "/0/bag/one", "x"),
    ],
)
def test_body_problems_have_kind_place_and_value(change, kind, pointer, value):
    assert found(listed({**GOOD, **change})) == [(kind, "response body", pointer, value)]


def test_missing_fields_are_reported_once():
    assert found(listed({"name": "One"}, {"@id": "x"})) == [
        ("missing", "response body", "/0/@id", None),
        ("missing", "response body", "/1/name", None),
    ]


def test_a_whole_body_of_another_type_is_one_finding():
    wrong = Interaction(
        request=RecordedRequest(method="GET", uri="https://x/things?tenant=x"),
        response=RecordedResponse(
            status=200,
            headers={"content-type": ("application/ld+json",), "retry-after": ("1",)},
            body={"json": {}},
        ),
    )
    assert found(wrong) == [("type", "response body", "", {})]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tenant=x&page=3&id[]=1&id[]=2&range[from]=5", []),
        ("page=3", [("missing", "request query", "/tenant", None)]),
        ("tenant=x&page=three", [("type", "request query", "/page", "three")]),
        ("tenant=x&page=10", [("format", "request query", "/page", 10)]),
        ("tenant=x&id[]=1&id[]=b", [("type", "request query", "/id[]/1", "b")]),
        ("tenant=x&range[from]=a", [("type", "request query", "/range/from", "a")]),
        ("tenant=x&range[to]=1", [("undocumented field", "request query", "/range/to", "1")]),
        ("tenant=x&sort=up", [("undocumented field", "request query", "/sort", "up")]),
    ],
)
def test_parameters_are_read_as_their_schema_means_them(query, expected):
    assert found(listed(GOOD, query=query)) == expected


def test_statuses_media_types_and_headers_are_compared():
    assert found(listed(GOOD, status=500)) == [("undocumented status", "response status", "", 500)]
    assert found(listed(GOOD, kind="text/html")) == [
        ("format", "response headers", "/content-type", "text/html")
    ]
    assert found(listed(GOOD, headers={"retry-after": ("soon",)})) == [
        ("type", "response headers", "/Retry-After", "soon")
    ]
    assert found(listed(GOOD, headers={"etag": ("1",)})) == [
        ("missing", "response headers", "/Retry-After", None)
    ]
    assert found(listed(status=404, kind="application/problem+json")) == [("type", "response body", "", [])]


def post(body, kind="application/json"):
    return Interaction(
        request=RecordedRequest(
            method="POST", uri="https://x/base/things?tenant=1", headers={"content-type": (kind,)}, body=body
        ),
        response=RecordedResponse(status=201),
    )


def test_request_bodies_are_compared_and_read_only_fields_need_not_be_sent():
    assert found(post({"json": {"name": "x"}})) == []
    assert found(post({})) == [("missing", "request body", "", None)]
    assert found(post({"json": {"nom": "x"}})) == [
        ("missing", "request body", "/name", None),
        ("undocumented field", "request body", "/nom", "x"),
    ]
    assert found(post({"json": {"name": "x"}}, kind="text/plain")) == [
        ("format", "request headers", "/content-type", "text/plain")
    ]
    assert found(post({"text": "no json"})) == [("type", "request body", "", "no json")]


def get(path, status=200, body=None, kind="application/pdf"):
    return Interaction(
        request=RecordedRequest(method="GET", uri=f"https://x{path}"),
        response=RecordedResponse(status=status, headers={"content-type": (kind,)}, body=body or {}),
    )


def test_the_most_specific_path_wins_and_path_parameters_are_compared():
    assert found(get("/things/_all", 204)) == []
    assert found(get("/things/12", body={"base64": "JVBERi0="})) == []
    assert found(get("/things/ab", body={"base64": "JVBERi0="})) == [("format", "request path", "/id", "ab")]
    assert found(get("/things/12")) == [("missing", "response body", "", None)]


def test_undocumented_operation_is_found_and_other_servers_ignored():
    assert found(get("/things/1/parts")) == [
        ("undocumented field", "request path", "", "GET /things/1/parts"),
    ]
    assert checker().examine(get("/bucket/file.pdf", body={"base64": "JVBERi0="})).findings == ()


def test_descriptions_of_openapi_3_0_are_understood():
    document = {
        "openapi": "3.0.3",
        "info": {"version": "1"},
        "paths": {
            "/n": {
                "get": {
                    "responses": {
                        "default": {
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "type": "integer",
                                        "nullable": True,
                                        "minimum": 3,
                                        "exclusiveMinimum": True,
                                    }
                                }
                            }
                        }
                    }
                }
            }
        },
    }

    def answer(value):
        return get("/n", body={"json": value}, kind="application/json")

    assert found(answer(None), document) == []
    assert found(answer(4), document) == []
    assert found(answer(3), document) == [("format", "response body", "", 3)]


def test_what_was_shown_is_part_of_everything_that_could_be():
    everything = universe(Description.of(DOCUMENT))
    shown = checker().examine(listed({**GOOD, "state": "open", "inner": {"a": 1}})).shown
    names = {
        **everything.operations,
        **everything.statuses,
        **everything.parameters,
        **everything.properties,
        **everything.enum_values,
    }
    assert {names[pointer] for pointer in shown} == {
        "GET /things",
        "GET /things 200",
        "GET /things ?tenant",
        "Base.@id",
        "Thing.name",
        "Thing.state",
        'Thing.state = "open"',
        "Thing.inner",
        "Inner.a",
    }
    assert 'Thing.state = "closed"' in names.values()
    assert len(everything.operations) == 4


@pytest.mark.parametrize("document", [None, [], {}, {"paths": None}])
def test_what_is_no_description_is_refused(document):
    with pytest.raises(DescriptionUnreadable):
        Description.of(document)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False)
    | st.sampled_from(["a", "b", "", "x-y"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c/d"]), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYWORDS = [
    "type", "properties", "items", "allOf", "anyOf", "oneOf", "enum", "required", "additionalProperties", "nullable",
    "pattern", "patternProperties", "$ref", "format", "minimum", "not", "prefixItems", "exclusiveMinimum", "const",
]  # fmt: skip
SCHEMAS = st.recursive(
    VALUES
    | st.sampled_from(
        ["string", "object", "#/components/schemas/Any", "#/nowhere", "elsewhere.yaml", "[", "(?<"]
    ),
    lambda inner: (
        st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "(", "^a"]), inner, max_size=3)
        | st.lists(inner, max_size=3)
    ),
    max_leaves=14,
)


@settings(max_examples=300, deadline=None)
@given(schema=SCHEMAS, value=VALUES, version=st.sampled_from(["3.0.3", "3.1.0"]))
def test_whatever_a_description_says_is_compared_without_a_crash(schema, value, version):
    document = {
        "openapi": version,
        "info": {"version": "1"},
        "paths": {
            "/x": {"get": {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}}
        },
        "components": {"schemas": {"Any": schema}},
    }
    description = Description.of(document)
    shown = Checker(description).examine(get("/x", body={"json": value}, kind="application/json")).shown
    everything = universe(description)
    assert shown <= {
        *everything.operations,
        *everything.statuses,
        *everything.properties,
        *everything.enum_values,
    }


@settings(max_examples=200, deadline=None)
@given(
    document=st.recursive(
        VALUES,
        lambda inner: st.dictionaries(
            st.sampled_from(
                [
                    "paths",
                    "/x",
                    "get",
                    "responses",
                    "parameters",
                    "servers",
                    "200",
                    "content",
                    "requestBody",
                    "headers",
                    "$ref",
                    "schema",
                ]
            ),
            inner | st.just([]) | st.just({}),
            max_size=4,
        ),
        max_leaves=12,
    )
)
def test_malformed_description_is_refused_or_compared_without_crash(document):
    try:
        description = Description.of(document)
    except DescriptionUnreadable:
        return
    universe(description)
    Checker(description).examine(get("/x", body={"json": 1}, kind="application/json"))
