"""Shapes: the normal form of schemas, in which equivalent schemas are equal.

A :class:`Shape` has, for each JSON type, the alternatives that a value of the type may satisfy; a :class:`Branch` is
one alternative with all its constraints merged. Parts (properties, items) are :class:`Use` s, which the book
normalises on demand, so that schemas may be recursive.
"""

from __future__ import annotations

import json
import math
import re
from functools import reduce
from typing import NamedTuple

from attrs import define, field

from scripts.compare.wire.sunset import SUNSET
from scripts.descriptions.values import Json, as_list, as_object

__all__ = [
    "ANNOTATIONS",
    "ANYTHING",
    "KINDS",
    "NAME",
    "Branch",
    "Property",
    "Shape",
    "Use",
    "admits",
    "annotates",
    "asks_for_more",
    "is_empty",
    "kind_of",
    "token",
    "undeclared",
]

KINDS = ("null", "boolean", "number", "string", "array", "object")
ANYTHING = "/x-anything"
"""Location of the schema that allows every value, in each document."""
NAME = "/x-name"
"""Location of the schema of all property names."""
ANNOTATIONS = frozenset(
    {
        "title",
        "description",
        "default",
        "example",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "externalDocs",
        SUNSET,
    }
)
NEARLY = 1e-9
_quoted = json.encoder.encode_basestring


def annotates(key: str) -> bool:
    """Return True if a keyword does not constrain values: a text, or a term of a vocabulary (`owl:maxCardinality`)."""
    return key in ANNOTATIONS or ":" in key


class Use(NamedTuple):
    """Place where schemas are used.

    Attributes:
        core: The locations of the schemas, all of which apply.
        wrappers: The locations, outermost first, that only annotate them.
    """

    core: tuple[str, ...]
    wrappers: tuple[str, ...] = ()

    def both(self, other: Use) -> Use:
        """Return the use of the schemas of both."""
        core = dict.fromkeys((*self.core, *other.core))
        return Use(tuple(core), tuple(dict.fromkeys((*self.wrappers, *other.wrappers))))


class Property(NamedTuple):
    """Property of an object: its schema, and the location of its declaration."""

    use: Use
    location: str


def kind_of(value: Json) -> str:
    """Return the JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _plain(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(part) for part in as_list(value)]
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in as_object(value).items()}
    return value


def token(value: Json) -> str:
    """Return the canonical text of a JSON value; 1 and 1.0 are equal, 1 and true are not."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, default=str)


@define(eq=False)
class Branch:
    """Alternative for values of one JSON type.

    Attributes:
        kind: The type.
        source: The location of its schema.
        variant: The location of its member of ``oneOf`` or ``anyOf``, or None.
        limits: Constraints by keyword; a bound is a pair of a number and True if it is exclusive.
        origins: The location of each constraint.
        values: The enumerated values by their tokens, or None.
        properties: The declared properties of an object.
        required: The required names, with their locations.
        additional: The schema of undeclared properties; False if they are forbidden, None if any are allowed.
        patterns: The schemas of properties by pattern of their names.
        names: The schema of property names.
        dependents: The names that are required beside another.
        items: The schema of an array's further items; False if they are forbidden, None if any are allowed.
        prefix: The schemas of an array's first items.
        opaque: Constraints that are not normalised: keyword, and the locations of their schemas.
    """

    kind: str
    source: str
    variant: str | None = None
    limits: dict[str, Json] = field(factory=dict[str, Json])
    origins: dict[str, str] = field(factory=dict[str, str])
    values: dict[str, Json] | None = None
    properties: dict[str, Property] = field(factory=dict[str, Property])
    required: dict[str, str] = field(factory=dict[str, str])
    additional: Use | bool | None = None
    patterns: dict[str, Property] = field(factory=dict[str, Property])
    names: Use | None = None
    dependents: dict[str, frozenset[str]] = field(factory=dict[str, frozenset[str]])
    items: Use | bool | None = None
    prefix: tuple[Use, ...] = ()
    opaque: dict[str, tuple[str, ...]] = field(factory=dict[str, tuple[str, ...]])

    def is_free(self) -> bool:
        """Return True if every value of the type is allowed."""
        return not (
            self.limits
            or self.values is not None
            or self.properties
            or self.required
            or self.additional is not None
            or self.patterns
            or self.names
            or self.dependents
            or self.items is not None
            or self.prefix
            or self.opaque
        )

    def is_enumeration(self) -> bool:
        """Return True if the only constraint is a list of scalar values."""
        return self.values is not None and not self.opaque and self.kind not in {"array", "object"}


@define(eq=False)
class Shape:
    """Set of values that a schema allows.

    Attributes:
        source: The location of the schema, or of the first of several.
        kinds: The alternatives for each allowed JSON type.
        choice: ``anyOf`` or ``oneOf`` for each type with several alternatives.
        discriminators: The locations of discriminators of the alternatives.
        merged: The locations merged by ``allOf``, or the only one.
        cut: True if the schema contains itself without a property or an item in between.
    """

    source: str
    kinds: dict[str, list[Branch]] = field(factory=dict[str, list[Branch]])
    choice: dict[str, str] = field(factory=dict[str, str])
    discriminators: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    cut: bool = False

    def is_anything(self) -> bool:
        """Return True if every JSON value is allowed."""
        return len(self.kinds) == len(KINDS) and all(map(self.admits_all, self.kinds))

    def admits_all(self, kind: str) -> bool:
        """Return True if every value of a type is allowed; in `oneOf`, several alternatives exclude each other."""
        branches = self.kinds.get(kind, [])
        return any(branch.is_free() for branch in branches) and self.choice.get(kind) != "oneOf"


def undeclared(branch: Branch, name: str) -> Use | bool | None:
    """Return the schema of an undeclared property in a branch."""
    matching = [part.use for pattern, part in branch.patterns.items() if _matches(pattern, name)]
    if matching:
        return reduce(Use.both, matching)
    return branch.additional


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


def is_empty(branch: Branch) -> bool:
    """Return True if only an empty object or array is allowed."""
    if branch.kind == "array":
        return branch.limits.get("maxItems") == 0 or (branch.items is False and not branch.prefix)
    bare = branch.additional is False and not branch.properties and not branch.patterns
    return branch.limits.get("maxProperties") == 0 or bare


def asks_for_more(branch: Branch) -> bool:
    """Return True if an empty object or array is rejected."""
    least = branch.limits.get("minItems" if branch.kind == "array" else "minProperties", 0)
    return bool(branch.required) or least > 0


def admits(limits: dict[str, Json], value: Json) -> bool:  # noqa: C901, PLR0911 - a flat list of cases
    """Return True if the limits of a branch allow a scalar value, or if that is unknown."""
    if isinstance(value, str):
        if not limits.get("minLength", 0) <= len(value) <= limits.get("maxLength", math.inf):
            return False
        for pattern in limits.get("pattern", ()):
            try:
                if re.search(pattern, value) is None:
                    return False
            except re.error:
                continue
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    if limits.get("integer") and value != int(value):
        return False
    if any(
        step > 0 and abs(value / step - round(value / step)) > NEARLY for step in limits.get("multipleOf", ())
    ):
        return False
    if "minimum" in limits:
        bound, excluded = limits["minimum"]
        if value < bound or (excluded and value == bound):
            return False
    if "maximum" in limits:
        bound, excluded = limits["maximum"]
        if value > bound or (excluded and value == bound):
            return False
    return True
