"""Properties of the comparison of every pair of documents, of this API and generated."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rule_pairs import CAT, DOG, INTEGER, TEXT, api, document, operation, query, ref, thing

from scripts.compare import Document, compare
from scripts.descriptions import descriptions, load

REAL = {version: load(path) for version, path in descriptions().items()}
SETS = {"required", "enum", "parameters", "tags", "servers", "oneOf", "anyOf", "allOf", "type", "security"}
# each example compares two documents, which is slow
QUICK = settings(
    max_examples=max(1, settings.default.max_examples // 3),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

# --- generated documents ------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "c", "d"])
LEAVES = st.sampled_from(
    [
        TEXT,
        INTEGER,
        {"type": ["string", "null"]},
        {"type": "string", "format": "date"},
        {"type": "string", "pattern": "^[a-z]+$", "maxLength": 8},
        {"type": "integer", "minimum": 1, "maximum": 50},
        {"enum": ["new", "paid", "gone"]},
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "boolean", "default": False},
        {"anyOf": [{"$ref": "#/components/schemas/Node"}, {"type": "null"}]},
        {"$ref": "#/components/schemas/Thing"},
        {"oneOf": [CAT, DOG]},
        {},
    ]
)


def larger(parts):
    objects = st.builds(
        lambda properties, required, closed: {
            "type": "object",
            "properties": properties,
            "required": sorted(required & properties.keys()),
            **({"additionalProperties": False} if closed else {}),
        },
        st.dictionaries(NAMES, parts, max_size=4),
        st.sets(NAMES, max_size=2),
        st.booleans(),
    )
    lists = st.builds(
        lambda items, least: {"type": "array", "items": items, "minItems": least}, parts, st.integers(0, 2)
    )
    wrapped = st.builds(lambda part: {"allOf": [part], "description": "Wrapped"}, parts)
    merged = st.builds(lambda one, two: {"allOf": [one, two]}, objects, objects)
    return st.one_of(objects, lists, wrapped, merged)


SCHEMAS = st.recursive(LEAVES, larger, max_leaves=6)


@st.composite
def documents(draw):
    paths = {}
    for name in draw(st.lists(st.sampled_from(["/a", "/b/{id}", "/c"]), unique=True, min_size=1)):
        methods = {}
        for method in draw(st.lists(st.sampled_from(["get", "post", "patch"]), unique=True, min_size=1)):
            content = {"application/json": {"schema": draw(SCHEMAS)}}
            methods[method] = operation(
                responses={"200": {"description": "done", "content": content}},
                parameters=[
                    *(
                        [{"name": "id", "in": "path", "required": True, "schema": TEXT}]
                        if "{" in name
                        else []
                    ),
                    *[
                        query(name=key, schema=draw(LEAVES))
                        for key in draw(st.lists(NAMES, unique=True, max_size=2))
                    ],
                ],
            )
            if method != "get":
                methods[method]["requestBody"] = {"content": {"application/json": {"schema": draw(SCHEMAS)}}}
        paths[name] = methods
    schemas = {
        "Node": thing(next=ref("Node"), value=draw(LEAVES)),
        "Thing": thing(x=TEXT, y={"$ref": "#/components/schemas/Node"}),
    }
    return api(paths, components={"schemas": schemas})


# --- equivalent notations -------------------------------------------------------------------------------------


def reordered(node, chance, key=""):
    if isinstance(node, dict):
        items = list(node.items())
        chance.shuffle(items)
        return {name: reordered(part, chance, name) for name, part in items}
    if isinstance(node, list):
        parts = [reordered(part, chance) for part in node]
        if key in SETS:
            chance.shuffle(parts)
        return parts
    return node


def dereferenced(root):
    """Replace every reference by its target, unless it is recursive."""

    def walk(node, above):
        if isinstance(node, list):
            return [walk(part, above) for part in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str):
            if reference in above:
                return node
            target = root
            for part in reference[2:].split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            inner = walk(target, (*above, reference))
            beside = {key: part for key, part in node.items() if key != "$ref"}
            return {"allOf": [inner], **beside} if beside else inner
        return {key: walk(part, above) for key, part in node.items()}

    return {**root, "paths": walk(root["paths"], ())}


def renamed(root):
    text = json.dumps(root)
    names = list(root.get("components", {}).get("schemas", {}))
    changed = json.loads(text)
    schemas = changed.get("components", {}).get("schemas", {})
    for i, name in enumerate(names):
        schemas[f"Renamed{i}"] = schemas.pop(name)
    places = {
        f"#/components/schemas/{name}": f"#/components/schemas/Renamed{i}" for i, name in enumerate(names)
    }

    def walk(node):
        if isinstance(node, list):
            for part in node:
                walk(part)
        elif isinstance(node, dict):
            if node.get("$ref") in places:
                node["$ref"] = places[node["$ref"]]
            for part in node.values():
                walk(part)

    walk(changed)
    return changed


def found(old, new):
    former, present = Document(Path("old.yaml"), old), Document(Path("new.yaml"), new)
    return [(record.id, record.message) for record in compare(former, present).changes]


@pytest.mark.parametrize("version", REAL)
@pytest.mark.parametrize(
    "rewrite", [copy.deepcopy, lambda d: reordered(d, random.Random(7)), dereferenced, renamed]
)
def test_equivalent_description_has_not_changed(version, rewrite):
    assert found(REAL[version], rewrite(REAL[version])) == []
    assert found(rewrite(REAL[version]), REAL[version]) == []


@given(documents(), st.integers(0, 1000))
@QUICK
def test_equivalent_generated_document_has_not_changed(content, seed):
    chance = random.Random(seed)
    for rewrite in (copy.deepcopy, lambda d: reordered(d, chance), dereferenced, renamed):
        assert found(content, rewrite(content)) == []
        assert found(rewrite(content), content) == []


@given(content=documents())
@settings(QUICK)
def test_json_and_yaml_of_any_layout_are_read_alike(content, tmp_path_factory):
    folder = tmp_path_factory.mktemp("layouts")
    writers = {
        "indented.json": lambda: json.dumps(content, indent=4),
        "dense.json": lambda: json.dumps(content, separators=(",", ":")),
        "block.yaml": lambda: yaml.safe_dump(content),
        "flow.yaml": lambda: yaml.safe_dump(content, default_flow_style=True),
    }
    read = []
    for name, write in writers.items():
        path = Path(folder) / name
        path.write_text(write(), encoding="utf-8")
        read.append(Document.read(path))
    for other in read[1:]:
        assert compare(read[0], other).changes == ()


# --- both ways --------------------------------------------------------------------------------------------------------

MIRRORED = {
    "operation-added": "operation-removed",
    "parameter-added": "parameter-removed",
    "tag-added": "tag-removed",
    "response-property-added": "response-property-removed",
    "response-required-property-added": "response-property-removed",
    "response-property-added-to-closed-object": "response-property-removed-from-closed-object",
    "response-enum-value-added": "response-enum-value-removed",
    "response-became-nullable": "response-became-not-nullable",
    "response-property-became-optional": "response-property-became-required",
}


def both_ways(old, new):
    return [compare(document(a), document(b)).changes for a, b in ((old, new), (new, old))]


def mirrored(there, back, added, removed):
    came = {(r.where.new_pointer, str(r.new)) for r in there if r.id in added}
    went = {(r.where.old_pointer, str(r.old)) for r in back if r.id in removed}
    return came, went


@pytest.mark.parametrize(("old", "new"), list(zip(list(REAL)[:-1], list(REAL)[1:], strict=True)), ids=str)
def test_what_came_one_way_went_the_other_way(old, new):
    groups = {}
    for added, removed in MIRRORED.items():
        groups.setdefault(removed, set()).add(added)
    there, back = both_ways(REAL[old], REAL[new])
    for removed, added in groups.items():
        if "became" in removed:
            continue
        came, went = mirrored(there, back, added, {removed})
        assert came == went, removed


@given(documents(), documents())
@QUICK
def test_additions_are_removals_in_the_reverse_comparison(old, new):
    there, back = both_ways(old, new)
    for added, removed in (
        ({"operation-added"}, {"operation-removed"}),
        ({"parameter-added"}, {"parameter-removed"}),
    ):
        came, went = mirrored(there, back, added, removed)
        assert came == went
    assert bool(there) == bool(back)


# --- every change is reported -------------------------------------------------------------------------------------------


def everywhere(node, pointer=(), inside=False):
    """Yield the place of every schema of a document."""
    if isinstance(node, dict):
        if inside:
            yield pointer
        for key, part in node.items():
            if key in {"example", "examples", "default", "enum", "const"} or key.startswith("x-"):
                continue
            schema = key in {"schema", "items", "additionalProperties"} and isinstance(part, dict)
            if key in {"properties", "schemas"} and isinstance(part, dict):
                for name, inner in part.items():
                    yield from everywhere(inner, (*pointer, key, name), inside=True)
            elif key in {"allOf", "anyOf", "oneOf"} and isinstance(part, list):
                for i, inner in enumerate(part):
                    yield from everywhere(inner, (*pointer, key, i), inside=True)
            else:
                yield from everywhere(part, (*pointer, key), inside=schema)
    elif isinstance(node, list):
        for i, part in enumerate(node):
            yield from everywhere(part, (*pointer, i))


def at(root, pointer):
    for key in pointer:
        root = root[key]
    return root


def alone(root, place):
    """Return True if no neighbour of a schema can make its change ineffective."""
    text = json.dumps(root)
    if len(place) == 3 and f'"allOf": [{{"$ref": "#/components/schemas/{place[2]}"}}' in text:
        return False
    return "allOf" not in place and not {"allOf", "anyOf", "oneOf", "$ref"} & at(root, place).keys()


def kinds(schema):
    named = schema.get("type")
    return set(named if isinstance(named, list) else [named])


# name: (the applicable schemas, the edit)
MUTATIONS = {
    "another type": (
        lambda s: kinds(s) & {"string", "integer", "boolean"},
        lambda s: (
            s.update(type="array", items={"const": "mutated"}) or s.pop("enum", None) or s.pop("const", None)
        ),
    ),
    "nullable": (
        lambda s: isinstance(s.get("type"), str) and s["type"] != "null" and not {"enum", "const"} & s.keys(),
        lambda s: s.update(type=[s["type"], "null"]),
    ),
    "a property": (lambda s: "properties" in s, lambda s: s["properties"].update(mutated={"type": "string"})),
    "a property less": (
        lambda s: s.get("properties"),
        lambda s: s["properties"].pop(min(s["properties"])),
    ),
    "a required property": (
        lambda s: set(s.get("properties", ())) - set(s.get("required", ())),
        lambda s: s.update(
            required=[*s.get("required", ()), min(set(s["properties"]) - set(s.get("required", ())))]
        ),
    ),
    "a value": (
        lambda s: len([v for v in s.get("enum", ()) if isinstance(v, str)]) > 1,
        lambda s: s.update(enum=[*s["enum"], "mutated"]),
    ),
    "a value less": (
        lambda s: len([v for v in s.get("enum", ()) if isinstance(v, str)]) > 1,
        lambda s: s.update(enum=s["enum"][1:]),
    ),
    "a length": (
        lambda s: "string" in kinds(s) and not {"enum", "const"} & s.keys(),
        lambda s: s.update(minLength=s.get("minLength", 0) + 3),
    ),
    "a pattern": (
        lambda s: "string" in kinds(s) and not {"enum", "const"} & s.keys(),
        lambda s: s.update(pattern="^mutated"),
    ),
    "a bound": (
        lambda s: kinds(s) & {"integer", "number"} and not {"enum", "const"} & s.keys(),
        lambda s: s.update(minimum=s.get("minimum", 0) + 7),
    ),
    "a format": (
        lambda s: "string" in kinds(s) and not {"enum", "const", "contentEncoding"} & s.keys(),
        lambda s: s.update(format="ipv6" if s.get("format") != "ipv6" else "ipv4"),
    ),
    "a number of items": (
        lambda s: "array" in kinds(s),
        lambda s: s.update(maxItems=(s.get("maxItems") or 9) - 1),
    ),
    "differing items": (
        lambda s: "array" in kinds(s) and not s.get("uniqueItems"),
        lambda s: s.update(uniqueItems=True),
    ),
    "closed": (
        lambda s: "object" in kinds(s) and "additionalProperties" not in s,
        lambda s: s.update(additionalProperties=False),
    ),
    "a negation": (
        lambda s: kinds(s) & {"string", "integer"} and not {"enum", "const"} & s.keys(),
        lambda s: s.update({"not": {"maxLength": 60, "maximum": 10**9}}),
    ),
    "deprecated": (lambda s: "type" in s and "deprecated" not in s, lambda s: s.update(deprecated=True)),
    "a default": (lambda s: "type" in s, lambda s: s.update(default="mutated")),
    "a description": (lambda s: "type" in s, lambda s: s.update(description="Mutated.")),
    "an unknown keyword": (lambda s: "type" in s, lambda s: s.update(mutated=True)),
}
SITES = {
    version: [place for place in everywhere(content) if isinstance(at(content, place), dict)]
    for version, content in REAL.items()
}


@pytest.mark.proof
@pytest.mark.parametrize("name", MUTATIONS)
@given(data=st.data())
@settings(QUICK, max_examples=5)
def test_every_mutation_of_a_schema_of_this_api_is_reported(name, data):
    version = data.draw(st.sampled_from(sorted(REAL)))
    suits, change = MUTATIONS[name]
    places = [
        place for place in SITES[version] if suits(at(REAL[version], place)) and alone(REAL[version], place)
    ]
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    mutated = copy.deepcopy(REAL[version])
    change(at(mutated, place))
    if mutated == REAL[version]:
        return
    assert found(REAL[version], mutated) != [], place
    assert found(mutated, REAL[version]) != [], place


@pytest.mark.proof
@pytest.mark.parametrize("name", MUTATIONS)
@given(data=st.data())
@settings(QUICK)
def test_every_mutation_of_a_made_up_schema_is_reported(name, data):
    content = data.draw(documents())
    suits, change = MUTATIONS[name]
    places = [
        place
        for place in everywhere(content["paths"], ("paths",))
        if isinstance(at(content, place), dict) and suits(at(content, place)) and alone(content, place)
    ]
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    mutated = copy.deepcopy(content)
    change(at(mutated, place))
    if mutated == content:
        return
    assert found(content, mutated) != [], place
    assert found(mutated, content) != [], place


def test_fingerprints_do_not_depend_on_the_order_of_the_documents():
    for old, new in zip(list(REAL)[:-1], list(REAL)[1:], strict=True):
        first = compare(document(REAL[old]), document(REAL[new])).changes
        chance = random.Random(3)
        again = compare(
            document(reordered(REAL[old], chance)), document(reordered(REAL[new], chance))
        ).changes
        assert sorted(r.fingerprint for r in first) == sorted(r.fingerprint for r in again)
        assert len({r.fingerprint for r in first}) == len(first)
