"""Random pairs of schemas, compared and judged by a JSON Schema validator: ``python -m tests.compare.fuzz``.

Prints one table: how many pairs a value tells apart, how many of those are called breaking, and how often the
comparison says so without one. Properties that one side does not declare are compatible by convention.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import jsonschema_rs

from scripts.compare import Document, compare
from scripts.compare.wire.rules import LEVELS

NAMES = ("a", "b", "c")
PLAIN = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    3,
    4,
    5,
    0.5,
    2.5,
    -3,
    "",
    "a",
    "b",
    "ab",
    "abc",
    "cab",
    "2027-01-02",
    "zzz",
)
TRIES = 150
LIMITS = {"silent": 0.0, "called breaking": 97.0, "possibly": 3.0, "breaking without a value": 3.0}
# known by convention, not from a value
CONVENTION = {"response-property-removed"}


REFERENCE = "#/components/schemas/"


class Schemas:
    """Random schemas and values from one random generator."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.named: dict[str, object] = {}
        self._names: tuple[str, ...] = ()

    def whole(self):
        """Return a schema with components, which may refer to each other below a property or item."""
        names = self.chance.choice([(), (), ("S",), ("S", "T")])
        self._names, named = names, {}
        for name in names:
            named[name] = self._object(lambda: self.part(2))
        self.named = named
        made = self.schema()
        return {**made, "components": {"schemas": named}} if named else made

    def part(self, depth):
        """Return a schema of a property or item, sometimes a reference."""
        if self._names and self.chance.random() < 0.25:
            return {"$ref": REFERENCE + self.chance.choice(self._names)}
        return self.schema(depth)

    def _maybe(self, often, **keywords):
        return {key: make() for key, make in keywords.items() if self.chance.random() < often}

    def scalar(self):
        chance = self.chance
        low, high = (lambda: chance.randint(-2, 3)), (lambda: chance.randint(2, 6))
        return chance.choice(
            [
                lambda: {
                    "type": "integer",
                    **self._maybe(0.3, minimum=low, maximum=high, multipleOf=lambda: chance.choice([2, 3])),
                },
                lambda: {"type": "number", **self._maybe(0.4, minimum=low, exclusiveMaximum=high)},
                lambda: {
                    "type": "string",
                    **self._maybe(
                        0.4, minLength=lambda: chance.randint(0, 3), maxLength=lambda: chance.randint(1, 5)
                    ),
                    **self._maybe(
                        0.15, pattern=lambda: chance.choice(["^a", "b$", "^[a-c]+$"]), format=lambda: "date"
                    ),
                },
                lambda: {
                    "enum": chance.sample([1, 2, -1, "a", "ab", None, True, 0.5], chance.randint(1, 4)),
                    **self._maybe(0.2, multipleOf=lambda: 2, minLength=lambda: 2),
                },
                lambda: {"const": chance.choice([1, "a", None])},
                lambda: {"type": "boolean"},
                lambda: {"type": ["string", "null"]},
                lambda: {"type": chance.sample(["string", "null", "integer", "boolean", "array"], 2)},
                dict,
                lambda: {"type": chance.choice(["null", "integer", "string"])},
            ]
        )()

    def schema(self, depth=3):  # noqa: PLR0911 - one kind after the other
        chance = self.chance
        if depth <= 0 or chance.random() < 0.3:
            return self.scalar()
        part = lambda: self.schema(depth - 1)  # noqa: E731
        kind = chance.randrange(12)
        if kind < 3:
            return self._object(lambda: self.part(depth - 1))
        if kind < 5:
            return self._array(lambda: self.part(depth - 1))
        if kind < 9:
            keyword = chance.choice(["anyOf", "oneOf", "anyOf", "oneOf", "allOf"])
            return {keyword: [part() for _ in range(chance.randint(2, 3))]}
        if kind == 9:
            return {**self.scalar(), "not": self.scalar()}
        if kind == 10:
            return {
                **part(),
                "if": self.scalar(),
                "then": self.schema(depth - 2),
                **self._maybe(0.5, **{"else": self.scalar}),
            }
        return part()

    def _array(self, part):
        chance = self.chance
        made = {
            "type": "array",
            **self._maybe(0.9, items=part),
            **self._maybe(0.3, minItems=lambda: chance.randint(0, 2), maxItems=lambda: chance.randint(0, 3)),
            **self._maybe(
                0.15,
                uniqueItems=lambda: True,
                prefixItems=lambda: [part() for _ in range(chance.randint(1, 2))],
                contains=part,
                unevaluatedItems=lambda: chance.choice([False, {"type": "string"}]),
            ),
        }
        if "contains" in made:
            made |= self._maybe(0.3, minContains=lambda: chance.randint(0, 2), maxContains=lambda: 1)
        return made

    def _object(self, part):
        chance = self.chance
        return {
            "type": "object",
            "properties": {name: part() for name in NAMES if chance.random() < 0.6},
            **self._maybe(0.5, required=lambda: [name for name in NAMES if chance.random() < 0.4]),
            **self._maybe(0.3, additionalProperties=lambda: chance.choice([False, part()])),
            **self._maybe(
                0.08,
                maxProperties=lambda: chance.randint(0, 2),
                minProperties=lambda: chance.randint(1, 2),
                dependentRequired=lambda: {"a": ["b"]},
                dependentSchemas=lambda: {"a": part()},
                patternProperties=lambda: {chance.choice(["^a", "^x"]): part()},
                propertyNames=lambda: {"maxLength": chance.randint(1, 2)},
                unevaluatedProperties=lambda: chance.choice([False, {"type": "integer"}]),
            ),
        }

    def changed(self, schema, depth=3):
        """Change one thing in a schema."""
        chance = self.chance
        if not isinstance(schema, dict) or not schema or chance.random() < 0.2:
            return self.schema(depth)
        made = copy.deepcopy(schema)
        key = chance.choice(list(made))
        part = made[key]
        way = chance.random()
        if key == "components":
            name = chance.choice(list(part["schemas"]))
            part["schemas"][name] = self.changed(part["schemas"][name], depth - 1)
        elif way < 0.2 and len(made) > 1:
            del made[key]
        elif way < 0.4:
            made = {**self.schema(depth), **made}
        elif key in {"properties", "patternProperties", "dependentSchemas"}:
            name = chance.choice(list(part) or ["a"])
            part[name] = self.changed(part.get(name, {}), depth - 1)
        elif key in {"anyOf", "oneOf", "allOf", "prefixItems"}:
            self._members(part, depth)
        elif isinstance(part, dict) and key != "dependentRequired":
            made[key] = self.changed(part, depth - 1)
        elif key == "enum":
            made[key] = [*part[chance.randint(0, 1) :], chance.choice([3, "b", 4])]
        elif key == "required":
            made[key] = [name for name in NAMES if chance.random() < 0.5]
        elif isinstance(part, int) and not isinstance(part, bool):
            made[key] = max(0, part + chance.choice([-1, 1])) or 1
        return made

    def _members(self, parts, depth):
        chance, way = self.chance, self.chance.random()
        if way < 0.3:
            parts.append(self.schema(depth - 1))
        elif way < 0.5 and len(parts) > 1:
            parts.pop(chance.randrange(len(parts)))
        else:
            number = chance.randrange(len(parts))
            parts[number] = self.changed(parts[number], depth - 1)

    def value(self, schema, depth=4):
        """Return a value that may be valid."""
        chance = self.chance
        if not isinstance(schema, dict) or chance.random() < 0.08 or depth < 0:
            return self._anything(depth)
        if "$ref" in schema:
            return self.value(self.named.get(schema["$ref"].removeprefix(REFERENCE)), depth - 1)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return chance.choice(schema["enum"])
        ways = [
            lambda part=part: self.value(part, depth - 1)
            for keyword in ("anyOf", "oneOf")
            for part in schema.get(keyword, ())
        ]
        for keyword in ("anyOf", "oneOf", "allOf"):
            if schema.get(keyword):
                ways += [lambda keyword=keyword: self._together(schema[keyword], depth)]
        for keyword in ("if", "then", "else"):
            if keyword in schema and chance.random() < 0.3:
                ways += [lambda keyword=keyword: self.value(schema[keyword], depth - 1)]
        stated = schema.get("type")
        stated = chance.choice(stated) if isinstance(stated, list) else stated
        if stated in {"object", "array"}:
            make = self._filled if stated == "object" else self._items
            ways += [lambda: make(schema, depth)] * 2
        elif stated is not None:
            ways += [lambda: self._scalar(stated, schema)] * 2
        return chance.choice(ways)() if ways else self._anything(depth)

    def _together(self, parts, depth):
        values = [self.value(part, depth - 1) for part in parts]
        if all(isinstance(value, dict) for value in values):
            return {name: part for value in values for name, part in value.items()}
        return self.chance.choice(values)

    def _filled(self, schema, depth):
        chance, required = self.chance, schema.get("required", ())
        extra = schema.get("additionalProperties", True)
        made = {
            name: self.value(part, depth - 1)
            for name, part in schema.get("properties", {}).items()
            if name in required or chance.random() < 0.6
        }
        for name in required:
            made.setdefault(name, self.value(extra, depth - 1))
        if chance.random() < 0.3:
            made[chance.choice([*NAMES, "x", "ab", "xyz"])] = self.value(extra, depth - 1)
        return made

    def _items(self, schema, depth):
        chance, prefix = self.chance, schema.get("prefixItems", [])
        count = chance.choice([schema.get("minItems", 0), chance.randint(0, 3), schema.get("maxItems", 2)])
        made = [
            self.value(prefix[i] if i < len(prefix) else schema.get("items", True), depth - 1)
            for i in range(count)
        ]
        return [self.value(schema["contains"], depth - 1), *made] if "contains" in schema else made

    def _scalar(self, kind, schema):
        chance = self.chance
        low, high = schema.get("minimum", 0), schema.get("maximum", schema.get("exclusiveMaximum", 4))
        texts = [
            "a" * schema.get("minLength", 0),
            "a" * schema.get("maxLength", 3),
            "ab",
            "abc",
            "cab",
            "",
            "2027-01-02",
        ]
        return {
            "integer": lambda: chance.choice([low, high, chance.randint(-4, 8), 6]),
            "number": lambda: chance.choice([low, high, high - 0.5, chance.randint(-4, 8), 2.5]),
            "string": lambda: chance.choice(texts),
            "boolean": lambda: chance.random() < 0.5,
            "null": lambda: None,
        }[kind]()

    def _anything(self, depth):
        chance = self.chance
        if depth <= 0 or chance.random() < 0.7:
            return chance.choice(PLAIN)
        if chance.random() < 0.5:
            return {name: self._anything(depth - 1) for name in (*NAMES, "x") if chance.random() < 0.4}
        return [self._anything(depth - 1) for _ in range(chance.randint(0, 3))]


def document(schema, direction):
    """Build a document with a schema in a request or a response."""
    schema = copy.deepcopy(schema)
    components = schema.pop("components", {})
    content = {"application/json": {"schema": schema}}
    operation = (
        {"requestBody": {"required": True, "content": content}, "responses": {"204": {"description": "done"}}}
        if direction == "request"
        else {"responses": {"200": {"description": "done", "content": content}}}
    )
    content = {
        "openapi": "3.1.0",
        "info": {"title": "Fuzz", "version": "1"},
        "paths": {"/a": {"post": operation}},
        "components": components,
    }
    return Document(Path("fuzz.yaml"), content)


def declared(schema):
    """Return the names of all properties that a schema declares."""
    if isinstance(schema, list):
        return set().union(*map(declared, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", ())) if isinstance(schema.get("properties"), dict) else set()
    return own.union(*map(declared, schema.values()))


def keys(value):
    """Return the names of all properties in a value."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set(value if isinstance(value, dict) else ()).union(*map(keys, parts))


def judge(chance, direction):
    """Compare one random pair; return its counts, and the pair if the result is wrong."""
    schemas = Schemas(chance)
    old = schemas.whole()
    new = schemas.changed(old)
    if "components" in old:
        new.setdefault("components", copy.deepcopy(old["components"]))
    inside, outside = (old, new) if direction == "request" else (new, old)
    first, second = (
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True) for schema in (inside, outside)
    )
    comparison = compare(document(old, direction), document(new, direction))
    # no body uses a schema that no operation uses
    changes = [record for record in comparison.changes if record.id != "unreached-schema-changed"]
    levels = {record.level for record in changes}
    worst = next((level for level in LEVELS if level in levels), None)
    ids = {record.id for record in changes}
    aside = declared(outside) - declared(inside)
    aside |= {
        record.message.partition("property ")[2].partition(" was")[0]
        for record in changes
        if record.id.endswith(("-property-added", "-property-removed"))
    }

    def shows(value):
        return first.is_valid(value) and not second.is_valid(value)

    shown = by_convention = False
    for _ in range(TRIES):
        value = schemas.value(inside if chance.random() < 0.7 else outside)
        if shows(value):
            by_convention = True
            if not keys(value) & aside:
                shown = True
                break
    counts = Counter({"pairs": 1, str(worst): 1})
    if shown:
        counts["with a value"] += 1
        counts["called breaking"] += worst == "breaking"
        counts["silent"] += worst in {None, "compatible"}
    elif worst == "breaking" and not by_convention:
        said = [record for record in changes if record.level == "breaking"]
        proved = any(
            record.witness and record.witness.found and shows(record.witness.value) for record in said
        )
        counts["breaking without a value"] += not proved and not {record.id for record in said} <= CONVENTION
    wrong = {"direction": direction, "old": old, "new": new, "value": value, "ids": sorted(ids)}
    return counts, wrong if counts["silent"] else None


def run(job):
    """Judge pairs with one seed."""
    seed, pairs = job
    chance = random.Random(seed)
    counts, wrong = Counter(), []
    for number in range(pairs):
        found, bad = judge(chance, ("request", "response")[number % 2])
        counts += found
        wrong += [bad] if bad else []
    return counts, wrong


def figures(counts):
    """Return the shares that have limits, in percent."""

    def share(part, whole):
        return 100 * counts[part] / max(1, counts[whole])

    return {
        "silent": share("silent", "pairs"),
        "called breaking": share("called breaking", "with a value"),
        "possibly": share("possibly", "pairs"),
        "breaking without a value": share("breaking without a value", "breaking"),
    }


def main(arguments=None):
    """Run the command; return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m tests.compare.fuzz", description=__doc__)
    parser.add_argument("--pairs", type=int, default=100_000, help="how many pairs (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    given = parser.parse_args(arguments)
    size = min(500, given.pairs)
    jobs = [(given.seed * 1_000_003 + number, size) for number in range(-(-given.pairs // size))]
    counts, wrong = Counter(), []
    with ProcessPoolExecutor(given.jobs) as pool:
        for found, bad in pool.map(run, jobs):
            counts += found
            wrong += bad
    for bad in wrong[:20]:
        print("silent:", json.dumps(bad))
    print(f"{'pairs':<28}{counts['pairs']:>10}\n{'told apart by a value':<28}{counts['with a value']:>10}")
    kept = True
    for name, figure in figures(counts).items():
        good = figure >= LIMITS[name] if name == "called breaking" else figure <= LIMITS[name]
        kept = kept and good
        print(
            f"{name:<28}{figure:>9.2f}%   {'at least' if name == 'called breaking' else 'at most'} {LIMITS[name]}%"
        )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
