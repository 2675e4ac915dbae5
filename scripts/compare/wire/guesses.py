"""Deterministic guesses of many values of a JSON Schema.

Half of them follow the schema, so that most are valid; the rest combines the values, names and bounds in the schemas.
The caller checks them with a validator.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from scripts.compare.wire.samples import FORMATS, from_pattern
from scripts.descriptions.pointers import unescape
from scripts.descriptions.values import Json, Object, as_list, as_object, is_list, is_object, members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Guesses"]

PLAIN: tuple[Json, ...] = (None, True, False, 0, 1, -1, 2, 3, 0.5, 7, "", "a", "ab", "text", [], {})
BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
DEEPEST = 6
MOST_PARTS = 200
"""The maximum number of parts of a value."""
ONE_IN_TEN = 0.1
OFTEN = 0.6


class Guesses:
    """Guesses of values of one schema, also with the contents of another one."""

    def __init__(self, schema: Json, other: Json) -> None:
        self.schema = schema
        self.definitions = as_object(as_object(schema).get("$defs"))
        self.pool = [*PLAIN, *dict.fromkeys(_mentioned(schema)), *dict.fromkeys(_mentioned(other))]
        self.names = sorted({*_names(schema), *_names(other), "extra"})
        self.chance = random.Random(0)  # noqa: S311 - not a secret
        self.left = MOST_PARTS
        self._ways_of: dict[int, list[tuple[Callable[[Any, int], Json], Any]]] = {}
        self._pools: dict[tuple[int, str], list[Any]] = {}
        self._makers: dict[str, Callable[[Any, int], Json]] = {
            "object": self._object,
            "array": self._list,
            "string": self._text,
            "integer": self._number,
            "number": self._number,
            "boolean": self._boolean,
        }

    def some(self, count: int) -> Iterator[Json]:
        """Return values."""
        for _ in range(count):
            self.left = MOST_PARTS
            yield self._value(self.schema, DEEPEST)

    def _value(self, schema: Json, depth: int) -> Json:
        chance = self.chance
        self.left -= 1
        if not is_object(schema) or depth < 0 or self.left < 0 or chance.random() < ONE_IN_TEN:
            return self._anything(min(depth, self.left))
        if "const" in schema:
            return schema["const"]
        if as_list(schema.get("enum")):
            return chance.choice(schema["enum"])
        ways = self._ways_of.get(id(schema))
        if ways is None:
            ways = self._ways_of[id(schema)] = self._ways(schema)
        if not ways:
            return self._anything(depth)
        make, part = chance.choice(ways)
        return make(part, depth)

    def _ways(self, schema: Object) -> list[tuple[Callable[[Any, int], Json], Any]]:
        ways: list[tuple[Callable[[Any, int], Json], Any]] = []
        reference = schema.get("$ref")
        if isinstance(reference, str):
            ways += [(self._inside, self.definitions.get(_definition(reference)))] * 2
        for keyword in ("anyOf", "oneOf"):
            parts = as_list(schema.get(keyword))
            ways += [(self._inside, part) for part in parts]
            if len(parts) > 1:  # values of two alternatives together
                ways.append((self._two, parts))
        if as_list(schema.get("allOf")):
            ways += [(self._merged, schema["allOf"])] * 2
        ways += [
            (self._inside, schema[keyword])
            for keyword in ("if", "then", "else", "not")
            if is_object(schema.get(keyword))
        ]
        for kind in self._kinds(schema):
            ways += [(self._makers.get(kind, self._null), schema)] * 3
        return ways

    def _inside(self, part: Json, depth: int) -> Json:
        return self._value(part, depth - 1)

    def _two(self, parts: list[Json], depth: int) -> Json:
        return self._merged(self.chance.sample(parts, 2), depth)

    def _kinds(self, schema: Object) -> list[str]:
        stated = schema.get("type")
        kinds = [kind for kind in (as_list(stated) or [stated]) if isinstance(kind, str)]
        if not kinds and schema.keys() & {
            "properties",
            "required",
            "additionalProperties",
            "patternProperties",
        }:
            kinds.append("object")
        if not kinds and schema.keys() & {"items", "prefixItems", "contains", "maxItems", "minItems"}:
            kinds.append("array")
        return kinds

    def _null(self, _schema: Object, _depth: int) -> Json:
        return None

    def _boolean(self, _schema: Object, _depth: int) -> bool:
        return self.chance.random() < 0.5  # noqa: PLR2004 - an even chance

    def _text(self, schema: Object, _depth: int) -> Json:
        return self.chance.choice(self._drawn(schema, self._texts))

    def _number(self, schema: Object, _depth: int) -> Json:
        return self.chance.choice(self._drawn(schema, self._numbers))

    def _drawn(self, schema: Object, draw: Callable[[Object], Iterator[Any]]) -> list[Any]:
        key = (id(schema), draw.__name__)
        if key not in self._pools:
            self._pools[key] = list(draw(schema))
        return self._pools[key]

    def _merged(self, parts: list[Json], depth: int) -> Json:
        values = [self._value(part, depth - 1) for part in parts]
        self.chance.shuffle(values)  # a property may be declared in one part only
        if all(is_object(value) for value in values):
            return {name: part for value in values for name, part in value.items()}
        return self.chance.choice(values)

    def _object(self, schema: Object, depth: int) -> dict[str, Json]:
        chance = self.chance
        properties, required = as_object(schema.get("properties")), as_list(schema.get("required"))
        often = chance.choice([0, OFTEN, 1])
        made: dict[str, Json] = {
            name: self._value(part, depth - 1)
            for name, part in properties.items()
            if name in required or (depth > 0 and chance.random() < often)
        }
        extra = schema.get("additionalProperties", True)
        for name in required:
            if isinstance(name, str) and name not in made:
                made[name] = self._value(extra, depth - 1)
        for pattern, part in as_object(schema.get("patternProperties")).items():
            if chance.random() < often and (name := next(iter(from_pattern(pattern)), None)):
                made[name] = self._value(part, depth - 1)
        if chance.random() < 0.3:  # noqa: PLR2004 - now and then
            more = extra if extra is not True else schema.get("unevaluatedProperties", True)
            made.setdefault(chance.choice(self.names), self._value(more, depth - 1))
        return made

    def _list(self, schema: Object, depth: int) -> list[Json]:
        chance = self.chance
        prefix = as_list(schema.get("prefixItems"))
        least, most = schema.get("minItems", 0), schema.get("maxItems", 3)
        count = int(chance.choice([least, min(most, 8), chance.randint(0, 3), len(prefix)]))
        made = [
            self._value(prefix[i] if i < len(prefix) else schema.get("items", True), depth - 1)
            for i in range(min(count, 8))
        ]
        if "contains" in schema and chance.random() < OFTEN:
            made.insert(0, self._value(schema["contains"], depth - 1))
        return made

    def _texts(self, schema: Object) -> Iterator[str]:
        yield from (text for text in self.pool if isinstance(text, str))
        for length in (schema.get("minLength"), schema.get("maxLength")):
            if isinstance(length, int) and length <= 1000:  # noqa: PLR2004 - long enough
                yield "a" * length
        if isinstance(schema.get("pattern"), str):
            yield from from_pattern(schema["pattern"])
        yield from FORMATS.get(str(schema.get("format")), ())

    def _numbers(self, schema: Object) -> Iterator[float]:
        whole = schema.get("type") == "integer"
        numbers = [one for one in self.pool if isinstance(one, int | float) and not isinstance(one, bool)]
        step = schema.get("multipleOf")
        if isinstance(step, int | float):
            numbers += [step * factor for factor in (1, 2, 3, 5, -1)]
        yield from (int(one) if whole and one == one // 1 else one for one in numbers)

    def _anything(self, depth: int) -> Json:
        chance = self.chance
        if depth <= 0 or chance.random() < OFTEN:
            return chance.choice(self.pool)
        if chance.random() < 0.5:  # noqa: PLR2004 - an even chance
            return {
                name: self._anything(depth - 2) for name in chance.sample(self.names, min(2, len(self.names)))
            }
        return [self._anything(depth - 2) for _ in range(chance.randint(0, 2))]


def _definition(reference: str) -> str:
    return unescape(unquote(reference.removeprefix("#/$defs/")))


def _mentioned(schema: Json) -> Iterator[Any]:
    """Return the scalar values in a schema, and those near its bounds."""
    for key, part in members(schema, but="enum"):
        yield from _beside(key, part)


def _beside(key: str, value: Json) -> Iterator[Any]:
    if key in {"const", "enum"}:
        listed = value if is_list(value) else [value]
        yield from (one for one in listed if one is None or isinstance(one, str | int | float))
    elif key in BOUNDS and isinstance(value, int | float) and not isinstance(value, bool):
        yield from (value, value - 1, value + 1, value + 0.5)
    elif key in {"minLength", "maxLength"} and isinstance(value, int) and value < 60:  # noqa: PLR2004 - long enough
        yield from ("a" * value, "b" * (value + 1), "a" * max(0, value - 1))
    elif key == "pattern" and isinstance(value, str):
        yield from (text for _, text in zip(range(3), from_pattern(value), strict=False))
    elif key == "format" and isinstance(value, str):
        yield from FORMATS.get(value, ())


def _names(schema: Json) -> Iterator[str]:
    for key, part in members(schema):
        if key in {"properties", "dependentSchemas", "dependentRequired"}:
            yield from as_object(part)
        if key == "required" and is_list(part):
            yield from (name for name in part if isinstance(name, str))
        if key == "propertyNames":
            yield from (text for text in _mentioned(part) if isinstance(text, str))
        if key == "dependentRequired":
            yield from (name for names in as_object(part).values() for name in as_list(names))
