"""Descriptions of other APIs: every change is reported, and only changes are."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import attrs
import pytest
from rule_pairs import INTEGER, NUMBER, TEXT, answered, api, one, operation, ref, sent, thing, with_body

from scripts.compare import Document, compare
from scripts.compare.__main__ import main
from scripts.compare.python import client_of, explain
from scripts.compare.python.recorded import Recordings
from scripts.compare.python.uses import Layer
from scripts.descriptions import DescriptionError

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "descriptions" / "cases"


def found(old, new):
    return sorted((record.level, record.id) for record in compare(old, new).changes)


def case(name, suffix="yaml"):
    return tuple(Document.read(CASES / f"{name}_{side}.{suffix}") for side in ("old", "new"))


@pytest.mark.parametrize(
    ("name", "suffix", "forth", "back"),
    [
        (
            "opref",
            "yaml",
            ["parameter-removed", "required-parameter-added", "response-property-removed"],
            ["parameter-removed", "required-parameter-added", "response-property-removed"],
        ),
        (
            "q32",
            "yaml",
            ["response-property-removed", "request-property-removed"],
            ["request-property-removed"],
        ),
        ("owl", "json", [], []),
        (
            "range",
            "json",
            [],
            ["request-type-changed", "response-media-type-added", "response-status-range-widened"],
        ),
        ("stray", "yaml", [], []),
        ("py2", "yaml", [], ["response-property-removed"]),
    ],
)
def test_cases_have_the_right_level_in_both_directions(name, suffix, forth, back):
    old, new = case(name, suffix)
    for pair, expected in (((old, new), forth), ((new, old), back)):
        assert sorted(rule for level, rule in found(*pair) if level != "compatible") == sorted(expected)


SAME = {
    "an encoding that is so anyway": (
        with_body({"multipart/form-data": {"schema": thing(a=TEXT, b=thing(x=TEXT))}}),
        with_body(
            {
                "multipart/form-data": {
                    "schema": thing(a=TEXT, b=thing(x=TEXT)),
                    "encoding": {
                        "a": {"contentType": "text/plain"},
                        "b": {"contentType": "application/json"},
                    },
                }
            }
        ),
    ),
    "the end of something, written otherwise": tuple(
        one(deprecated=True, **{"x-sunset": day}) for day in ("2099-01-02", "Fri, 02 Jan 2099 00:00:00 GMT")
    ),
    "an encoding of what has no parts": tuple(
        with_body({"application/json": {"schema": thing(a=TEXT), **more}})
        for more in ({}, {"encoding": {"a": {"contentType": "text/csv"}}})
    ),
    "nullable beside an enum without null": (
        sent({"type": "string", "nullable": True, "enum": ["a"]}, openapi="3.0.3"),
        sent({"type": "string", "nullable": True, "enum": ["a", None]}, openapi="3.0.3"),
    ),
    "no properties at all": (
        sent({"type": "object", "additionalProperties": False}),
        sent({"type": "object", "maxProperties": 0}),
    ),
    "below a list without items": (
        sent({"type": "array", "maxItems": 0, "items": TEXT}),
        sent({"type": "array", "maxItems": 0, "items": INTEGER}),
    ),
    "XML of an operation that speaks JSON": (answered({"xml": {"name": "a"}}), answered({})),
    "mappings as PHP writes empty ones": (api(webhooks=[], components=None), api()),
}


@pytest.mark.parametrize("name", SAME)
def test_equivalent_schemas_have_no_change(name):
    old, new = (Document(Path("a.yaml"), content) for content in SAME[name])
    assert found(old, new) == found(new, old) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"enum": [-1, 2]}, {"enum": [-1, 2], "multipleOf": 2}),
        ({"enum": ["a", "2027-01-02"]}, {"enum": ["a", "2027-01-02"], "format": "date"}),
        ({"enum": ["a", "b"]}, {"enum": ["a", "b"], "pattern": "^a"}),
        ({"const": "a"}, {"const": "a", "minLength": 2}),
        (
            {"oneOf": [{"type": "integer", "minimum": 0}]},
            {"oneOf": [{"type": "integer", "minimum": 0}, {"type": "number", "minimum": 0}]},
        ),
        (thing(a={}), {**thing(a={}), "allOf": [{"properties": {"a": {"maxLength": 1}}}]}),
        (TEXT, {"type": "string", "if": {"minLength": 2}, "then": {"pattern": "^a"}}),
        (TEXT, {"type": "string", "anyOf": [{"minLength": 2}, {"pattern": "^a"}]}),
        ({"enum": [1, 2]}, {"anyOf": [{"type": "integer", "minimum": 2}, TEXT]}),
    ],
)
def test_additional_constraint_is_always_reported(old, new):
    changes = compare(Document(Path("a.yaml"), sent(old)), Document(Path("b.yaml"), sent(new))).changes
    assert any(record.level == "breaking" and record.witness and record.witness.found for record in changes)
    back = compare(Document(Path("a.yaml"), answered(new)), Document(Path("b.yaml"), answered(old))).changes
    assert any(record.level == "breaking" for record in back)


def test_a_style_of_an_object_in_a_form_is_another_way_to_write_it():
    def form(**more):
        return with_body({"application/x-www-form-urlencoded": {"schema": thing(a=thing(x=TEXT)), **more}})

    plain, styled = (
        Document(Path("a.yaml"), form(**more)) for more in ({}, {"encoding": {"a": {"style": "form"}}})
    )
    assert found(plain, styled) == found(styled, plain) == [("possibly", "request-encoding-changed")]


CLOSED = {"type": "object", "additionalProperties": False}
ONE_LETTER = {"type": "object", "propertyNames": {"maxLength": 1}}


@pytest.mark.parametrize(
    ("accepted", "refused"),
    [
        ({"type": "array"}, {"type": "array", "items": {"oneOf": [{}, {"type": "number"}]}}),
        (CLOSED, {**CLOSED, "required": ["a"]}),
        ({**ONE_LETTER, "additionalProperties": TEXT}, {**ONE_LETTER, "additionalProperties": INTEGER}),
        ({"type": "array", "unevaluatedItems": False}, {"type": "array", "unevaluatedItems": False, "minItems": 1}),
        ({"type": "array", "items": {}, "unevaluatedItems": False}, {"type": "array", "unevaluatedItems": False}),
        (
            {**thing(), "additionalProperties": {}, "unevaluatedProperties": INTEGER, "if": NUMBER},
            {**thing(), "unevaluatedProperties": INTEGER, "if": NUMBER},
        ),
        ({**thing(a=TEXT), "maxProperties": 0}, {**thing(a=TEXT), "required": ["a"]}),
        (thing(), {**thing(), "required": ["a"]}),
        (
            {"type": "array", "prefixItems": [{"type": "array"}], "items": INTEGER},
            {"type": "array", "prefixItems": [{"type": "array"}], "items": thing(a=TEXT)},
        ),
        (
            {"oneOf": [TEXT, {"type": "array", "items": NUMBER}]},
            {"oneOf": [TEXT, {"type": "array", "items": NUMBER}, {"type": "array", "items": {"type": ["integer", "null"]}, "minItems": 2}]},
        ),
        (
            {"oneOf": [{}, {**thing(b=TEXT), "additionalProperties": False}]},
            {"oneOf": [{}, *({**thing(b=part), "additionalProperties": False} for part in (TEXT, INTEGER))]},
        ),
    ],
)  # fmt: skip
def test_rejecting_a_body_is_breaking_in_both_directions(accepted, refused):
    for make, pair in ((sent, (accepted, refused)), (answered, (refused, accepted))):
        changes = compare(*(Document(Path("a.yaml"), make(schema)) for schema in pair)).changes
        assert any(record.level == "breaking" for record in changes)


SOON, LATER = ({"type": "string", "deprecated": True, "x-sunset": f"{year}-01-01"} for year in (2998, 2999))


@pytest.mark.parametrize("make", [sent, answered])
@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (thing(a=LATER, b=TEXT), thing(b=TEXT), "removed-before-sunset"),
        (thing(a=LATER), thing(a=SOON), "sunset-moved-nearer"),
        (thing(a=LATER), thing(a={**LATER, "x-sunset": "soon"}), "sunset-unreadable"),
        (thing(a=SOON), thing(a=LATER), "sunset-added"),
        (thing(a=SOON), thing(a={"type": "string", "deprecated": True}), "sunset-removed"),
    ],
)
def test_the_sunset_of_a_property_is_compared(make, old, new, rule):
    assert rule in {
        record_id for _, record_id in found(*(Document(Path("a.yaml"), make(x)) for x in (old, new)))
    }


@pytest.mark.parametrize("around", [lambda part: part, lambda part: {"type": "array", "items": part}])
def test_wider_alternative_of_one_of_rejects_values_of_another(around):
    def document(schema):
        maps = {"type": "object", "additionalProperties": schema}
        return Document(Path("a.yaml"), sent(around({"oneOf": [{}, {"type": "array", "items": maps}]})))

    assert ("breaking", "request-schema-narrowed") in found(document({"const": None}), document({}))


def test_schema_in_an_impossible_place_is_judged_elsewhere():
    def document(schema):
        empty = {"type": "array", "items": ref("T"), "maxItems": 0}
        return Document(Path("a.yaml"), sent({"oneOf": [empty, thing(a=ref("T"))]}, T=thing(b=schema)))

    assert ("breaking", "request-type-changed") in found(document(TEXT), document(INTEGER))


def test_schema_with_many_references_is_judged_as_a_whole():
    many = {f"Part{number}": thing(a=TEXT) for number in range(100)}
    more = {"type": "object", "minProperties": 1}

    def document(schema):
        whole = thing(
            **{name: ref(name) for name in many},
            choice={"anyOf": [{**thing(a=schema), "required": ["a"]}, more]},
        )
        return Document(Path("a.yaml"), sent(whole, **many))

    assert {level for level, _ in found(document(TEXT), document(INTEGER))} == {"compatible"}


def test_schema_that_requires_itself_is_compared():
    def document(schema):
        itself = {**thing(again=ref("Itself"), a=schema), "required": ["again"]}
        return Document(Path("a.yaml"), sent(ref("Itself"), Itself=itself))

    assert compare(document(TEXT), document(INTEGER)).changes


def test_change_that_no_body_shows_is_compatible():
    def covered(schema):
        return sent({"anyOf": [thing(a=schema), {"type": "object"}]})

    changes = found(*(Document(Path("a.yaml"), covered(schema)) for schema in (TEXT, INTEGER)))
    assert all(level == "compatible" for level, _ in changes)


def test_a_witness_is_a_whole_body():
    def deep(schema):
        return sent({**thing(a={"type": "array", "items": thing(b=schema)}), "required": ["c"]})

    changes = compare(*(Document(Path("a.yaml"), deep(schema)) for schema in (TEXT, INTEGER))).changes
    (record,) = changes
    assert set(record.witness.value) == {"a", "c"}
    assert isinstance(record.witness.value["a"][0]["b"], str)


def test_record_over_several_statuses_names_none():
    def two(schema):
        answer = {"description": "d", "content": {"application/json": {"schema": ref("T")}}}
        paths = {
            "/a": {"post": {"responses": {"201": answer}}},
            "/b": {"get": {"responses": {"200": answer}}},
        }
        return api(paths, components={"schemas": {"T": schema}})

    (record,) = compare(
        *(Document(Path("a.yaml"), two(thing(a=schema))) for schema in (TEXT, INTEGER))
    ).changes
    assert record.where.location.startswith("response application/json ›")


def test_renamed_path_parameter_is_one_record():
    def named(name):
        item = {method: operation(parameters=[{**AT_ITEM, "name": name}]) for method in ("get", "delete")}
        return Document(Path("a.yaml"), api({f"/a/{{{name}}}": copy.deepcopy(item)}))

    (record,) = compare(named("id"), named("itemId")).changes
    assert record.id == "path-parameter-renamed"
    assert record.operations == ("DELETE /a/{itemId}", "GET /a/{itemId}")


def test_a_change_of_an_unknown_field_is_reported():
    old, new = (
        Document(Path("a.yaml"), one(parameters=[{"name": "q", "in": "query", "type": kind}]))
        for kind in "ab"
    )
    assert found(old, new) == [("possibly", "document-keyword-changed")]


def test_the_methods_of_openapi_3_2_are_compared():
    def document(schema):
        body = {"content": {"application/json": {"schema": schema}}}
        item = {
            "query": operation(requestBody=body),
            "additionalOperations": {"COPY": operation(requestBody=body)},
        }
        return Document(Path("a.yaml"), api({"/a": item}, openapi="3.2.0"))

    (record,) = compare(document(thing(a=TEXT)), document(thing(a=INTEGER))).changes[:1]
    concerned = {
        label
        for change in compare(document(thing(a=TEXT)), document(thing(a=INTEGER))).changes
        for label in change.operations
    }
    assert record.level == "breaking"
    assert concerned == {"QUERY /a", "COPY /a"}


def test_a_stream_of_items_is_compared():
    def document(schema):
        content = {"text/event-stream": {"itemSchema": schema}}
        answer = {"200": {"description": "d", "content": content}}
        return Document(Path("a.yaml"), api({"/a": {"get": {"responses": answer}}}, openapi="3.2.0"))

    assert found(document(TEXT), document(INTEGER)) == [("breaking", "response-type-changed")]


KEY = {"components": {"securitySchemes": {"K": {"type": "http", "scheme": "bearer"}}}}


@pytest.mark.parametrize(
    ("make", "old", "new", "rule"),
    [
        (lambda moved: sent({"type": moved}), ["string", "null"], ["string"], "request-became-not-nullable"),
        (lambda moved: sent({"enum": moved}), ["a", "b"], ["a"], "request-enum-value-removed"),
        (
            lambda moved: sent({**thing(a=TEXT), "required": moved}),
            [],
            ["a"],
            "request-property-became-required",
        ),
        (lambda moved: sent({**TEXT, "maxLength": moved}), 3, 2, "request-max-length-lowered"),
        (lambda moved: {**one(), **KEY, "security": moved}, [], [{"K": []}], "security-requirement-added"),
        (
            lambda moved: {**one(), "servers": [{"url": "https://{a}", "variables": {"a": moved}}]},
            {"default": "x"},
            {"default": "y"},
            "server-variable-changed",
        ),
        (lambda moved: one(operationId=moved), "a", "b", "operation-id-changed"),
    ],
)
def test_a_reference_in_the_place_of_a_plain_value_is_followed(make, old, new, rule):
    moved = {"x-one": old, "x-other": {"old": {"$ref": "#/x-one"}, "new": new}}
    pair = [
        Document(Path("a.yaml"), {**make({"$ref": f"#/x-other/{side}"}), **copy.deepcopy(moved)})
        for side in ("old", "new")
    ]
    assert rule in {record.id for record in compare(*pair).changes}


def test_values_that_look_like_references_are_kept():
    value = {"$ref": "#/nowhere"}
    schema = {"enum": [value], "default": value, "const": value, "example": value, "examples": [value]}
    assert found(*[Document(Path("a.yaml"), sent(copy.deepcopy(schema))) for _ in range(2)]) == []


@pytest.mark.parametrize(
    "content", [{"paths": {"/a": {"get": [1]}}}, {"components": {"schemas": {"A": 1}}}, {"webhooks": "x"}]
)
def test_members_of_a_wrong_type_are_errors(content):
    with pytest.raises(DescriptionError):
        Document(Path("a.yaml"), {**api(), **content})


def test_a_repeated_key_is_refused(tmp_path, capsys):
    path = tmp_path / "a.yaml"
    path.write_text("openapi: 3.1.0\npaths:\n  /a: {}\n  /a: {}\n", encoding="utf-8")
    assert main([str(path), str(path)]) == 3
    assert "'/a' is repeated, line 4" in capsys.readouterr().err


@pytest.fixture(scope="module")
def read():
    """The hand-written layer and the cassettes, which do not concern these documents."""
    return Layer(ROOT), Recordings(ROOT)


def assert_names_have_causes(paths, read, folder):
    """Check in both directions that each change of a name has a record as its cause."""
    surfaces = [client_of(path, folder / str(number)) for number, path in enumerate(paths)]
    for old, new in ((0, 1), (1, 0)):
        comparison = compare(Document.read(paths[old]), Document.read(paths[new]))
        pair = surfaces[old], surfaces[new]
        meaning = explain(comparison, paths[old], paths[new], surfaces=pair, read=read)
        assert meaning.unexplained == ()
        assert meaning.name_changes()


@pytest.mark.parametrize("name", ["py2", "stray"])
def test_the_python_names_of_a_case_have_a_cause(name, read, tmp_path):
    assert_names_have_causes([CASES / f"{name}_{side}.yaml" for side in ("old", "new")], read, tmp_path)


def read_and_sent(answers, *, reader="get", openapi="3.1.0", **schemas):
    """Build a document in which the schema `Network` is sent, with the given response."""
    body = {"content": {"application/json": {"schema": ref("Network")}}}
    operations = {
        "post": operation(requestBody=body, operationId="postA"),
        reader: {
            "operationId": "readA",
            "responses": {
                status: {"description": "d", "content": {"application/json": {"schema": schema}}}
                for status, schema in answers.items()
            },
        },
    }
    parts = {"components": {"schemas": {"Network": thing(host=TEXT), **schemas}}}
    return api({"/a": operations}, openapi=openapi, **parts)


DETAIL = thing(id=TEXT)
AT_ITEM = {"name": "itemId", "in": "path", "required": True}
NETWORKS = {"type": "object", "additionalProperties": ref("Network")}
ORDINARY = {
    "a parameter of the path is of another type": tuple(
        one(path="/a/{itemId}", operationId="getA", parameters=[{**AT_ITEM, "schema": schema}])
        for schema in (TEXT, INTEGER)
    ),
    "a schema that is sent is answered in an error": (
        read_and_sent({"200": DETAIL}),
        read_and_sent({"200": DETAIL, "404": ref("Network")}),
    ),
    "a schema that is sent is the value of a mapping": (
        read_and_sent({"200": DETAIL}),
        read_and_sent({"200": thing(id=TEXT, networks=NETWORKS)}),
    ),
    "a schema that is sent is answered to a query": (
        read_and_sent({"200": DETAIL}, reader="query", openapi="3.2.0"),
        read_and_sent({"200": thing(id=TEXT, network=ref("Network"))}, reader="query", openapi="3.2.0"),
    ),
    "an object takes no further properties": (
        read_and_sent({"200": DETAIL}),
        read_and_sent({"200": DETAIL}, Network={**thing(host=TEXT), "additionalProperties": False}),
    ),
    "the further properties of an object are numbers": (
        read_and_sent({"200": ref("Network")}),
        read_and_sent({"200": ref("Network")}, Network={**thing(host=TEXT), "additionalProperties": NUMBER}),
    ),
}


def listed(schema, **schemas):
    return answered(thing(a=schema), **schemas)


A, B, C = thing(x=TEXT), thing(y=TEXT), thing(z=TEXT)
DRAFTED = thing(id=TEXT, draft=ref("NetworkInput"))
ORDINARY |= {
    "a property holds one of two objects instead of one": (listed(A), listed({"anyOf": [A, B]})),
    "an object is one more of several, in the middle": (
        listed({"anyOf": [A, C]}),
        listed({"anyOf": [A, B, C]}),
    ),
    "several objects are listed in another order": (
        listed({"anyOf": [A, B, C]}),
        listed({"anyOf": [C, A, B]}),
    ),
    "values of an enumeration are numbers instead of texts": (
        listed(ref("Size"), Size={"type": "string", "enum": ["s"]}),
        listed(ref("Size"), Size={"type": "integer", "enum": [1]}),
    ),
    "a value comes that is spelled nearly like another one": (
        listed(ref("Size"), Size={"type": "string", "enum": ["a-b"]}),
        listed(ref("Size"), Size={"type": "string", "enum": ["a-b", "a_b"]}),
    ),
    "an enumeration of one value is a constant": (
        listed(ref("Size"), Size={"type": "string", "enum": ["s"]}),
        listed(ref("Size"), Size={"type": "string", "const": "s"}),
    ),
    "an enumeration of one value is a constant in its place": (
        listed({"type": "string", "enum": ["s"]}),
        listed({"type": "string", "const": "s"}),
    ),
    "values get names": (
        listed(ref("Size"), Size={"type": "string", "enum": ["s"]}),
        listed(ref("Size"), Size={"type": "string", "enum": ["s"], "x-enum-varnames": ["SMALL"]}),
    ),
    "an answer holds the schema of a request beside one that is named like it": (
        read_and_sent({"200": ref("Detail")}, Detail=DETAIL, NetworkInput=A),
        read_and_sent({"200": ref("Detail")}, Detail=DRAFTED, NetworkInput=A),
    ),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_the_python_names_of_an_ordinary_change_have_a_cause(name, read, tmp_path):
    paths = []
    for side, document in zip(("old", "new"), ORDINARY[name], strict=True):
        paths.append(tmp_path / f"{side}.json")
        paths[-1].write_text(json.dumps(document), encoding="utf-8")
    assert_names_have_causes(paths, read, tmp_path)


def test_python_change_without_a_wire_change_needs_review(read, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(listed(ref("A"), A=A)), encoding="utf-8")
    other = tmp_path / "b.json"
    other.write_text(json.dumps(listed(ref("A"), A={**A, "x-note": 1})), encoding="utf-8")
    surface = client_of(path, tmp_path / "client")
    model = surface.models["A"]
    number = attrs.evolve(model.attributes["x"], annotation="int")
    for attributes in ({}, {"x": number}, {**model.attributes, "y": number}):
        models = {**surface.models, "A": attrs.evolve(model, attributes=attributes)}
        pair = surface, attrs.evolve(surface, models=models)
        comparison = compare(Document.read(path), Document.read(other))
        assert explain(comparison, path, other, surfaces=pair, strict=False, read=read).unexplained
