"""Bring schemas into one form in which two that admit the same values look the same.

A :class:`Shape` says, for each JSON type, which alternatives a value of that type may satisfy; a :class:`Branch` is
one alternative with all its constraints merged. ``allOf`` is merged away, ``anyOf`` and ``oneOf`` become alternatives,
``nullable`` (3.0), a list of types and ``anyOf`` with ``null`` become the type ``null``, ``const`` becomes an
enumeration of one, booleans beside bounds (3.0) become bounds. What has no such form (``not``, ``if``, …) is kept
beside it as opaque. Parts (properties, items) are not looked into: they are :class:`Use` s, brought into form when
they are asked for, so that schemas may be circular.
"""

from __future__ import annotations

import json
import math
import re
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from attrs import define, evolve, field

from scripts.compare.wire.portable import MOST_REFERENCES, Portable, compiled
from scripts.compare.wire.sunset import SUNSET
from scripts.descriptions.pointers import escape
from scripts.descriptions.values import Json, as_list, as_object

if TYPE_CHECKING:
    from scripts.compare.wire.documents import Document

__all__ = [
    "ANNOTATIONS",
    "ANYTHING",
    "KINDS",
    "Book",
    "Branch",
    "Property",
    "Shape",
    "Use",
    "kind_of",
    "token",
]

KINDS = ("null", "boolean", "number", "string", "array", "object")

ANYTHING = "/x-anything"
"""Location of a schema that admits everything, in each document."""
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


def annotates(key: str) -> bool:
    """Return True if a keyword says nothing about values: a text, or a name of a vocabulary (`owl:maxCardinality`)."""
    return key in ANNOTATIONS or ":" in key


# say nothing about values, or are read where they are needed
NEUTRAL = frozenset(
    {
        "$comment",
        "$id",
        "$schema",
        "$anchor",
        "$dynamicAnchor",
        "$defs",
        "$vocabulary",
        "definitions",
    }
)
LISTING = ANNOTATIONS | {"type", "enum", "const"}
SCALAR_LIMITS = {
    "minLength": "string",
    "maxLength": "string",
    "pattern": "string",
    "contentEncoding": "string",
    "contentMediaType": "string",
    "contentSchema": "string",
    "minimum": "number",
    "maximum": "number",
    "exclusiveMinimum": "number",
    "exclusiveMaximum": "number",
    "multipleOf": "number",
    "minItems": "array",
    "maxItems": "array",
    "uniqueItems": "array",
    "minProperties": "object",
    "maxProperties": "object",
}
STRUCTURAL = frozenset(
    {
        "type",
        "enum",
        "const",
        "format",
        "nullable",
        "$ref",
        "$dynamicRef",
        "allOf",
        "anyOf",
        "oneOf",
        "discriminator",
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "propertyNames",
        "items",
        "prefixItems",
        "dependentRequired",
    }
)
# constraints compared as wholes, and the types that they constrain
OPAQUE = {
    "not": KINDS,
    "if": KINDS,
    "contains": ("array",),
    "unevaluatedItems": ("array",),
    "dependentSchemas": ("object",),
    "unevaluatedProperties": ("object",),
    "xml": KINDS,
}
CONDITIONAL = frozenset({"then", "else", "minContains", "maxContains"})
NUMBER_FORMATS = frozenset(
    {"int32", "int64", "float", "double", "decimal", "int8", "int16", "uint8", "uint32", "uint64"}
)
MOST_ALTERNATIVES = 64
NEARLY = 1e-9
_quoted = json.encoder.encode_basestring


class Use(NamedTuple):
    """A place where schemas are used.

    Attributes:
        core: The locations of the schemas that all hold there.
        wrappers: The locations, outermost first, that only annotate them.
    """

    core: tuple[str, ...]
    wrappers: tuple[str, ...] = ()

    def both(self, other: Use) -> Use:
        """Give the use of what this one and the other ask for."""
        core = dict.fromkeys((*self.core, *other.core))
        return Use(tuple(core), tuple(dict.fromkeys((*self.wrappers, *other.wrappers))))


class Property(NamedTuple):
    """A property of an object: its schema, and where it is declared."""

    use: Use
    location: str


def kind_of(value: Json) -> str:
    """Name the JSON type of a value."""
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
    """Write a JSON value so that equal values (1 and 1.0, not 1 and true) are written alike."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, default=str)


@define(eq=False)
class Branch:
    """One alternative for values of one JSON type.

    Attributes:
        kind: The type.
        source: The location of the schema that it comes from.
        variant: The location of the member of ``oneOf`` or ``anyOf`` that it comes from, if it does.
        limits: Constraints by keyword; a bound is a pair of a number and whether it is excluded.
        origins: Where each constraint is written.
        values: The only admitted values by their tokens; ``None`` where they are not enumerated.
        properties: Declared properties of an object.
        required: Names that must be there, and where that is said.
        additional: The schema of undeclared properties; ``False`` where there may be none, ``None`` where any.
        patterns: The schemas of properties by pattern of their names.
        names: The schema of property names.
        dependents: The names that must be there if another is.
        items: The schema of an array's further items; ``False`` where there may be none, ``None`` where any.
        prefix: The schemas of an array's first items.
        opaque: Constraints compared as wholes: keyword, and the locations of the schemas that hold them.
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
        """Tell whether every value of the type is admitted."""
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
        """Tell whether nothing but a list of scalar values is asked for."""
        return self.values is not None and not self.opaque and self.kind not in {"array", "object"}


@define(eq=False)
class Shape:
    """What a schema admits.

    Attributes:
        source: The location of the schema, or of the first of several.
        kinds: The alternatives for each JSON type that is admitted.
        choice: ``anyOf`` or ``oneOf`` for each type with several alternatives.
        discriminators: Where discriminators stand that choose between the alternatives.
        merged: The locations that ``allOf`` brought together; one where it did not.
        cut: Whether the schema contains itself without a property or an item in between.
    """

    source: str
    kinds: dict[str, list[Branch]] = field(factory=dict[str, list[Branch]])
    choice: dict[str, str] = field(factory=dict[str, str])
    discriminators: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    cut: bool = False

    def is_anything(self) -> bool:
        """Return True if every JSON value is admitted."""
        return len(self.kinds) == len(KINDS) and all(map(self.admits_all, self.kinds))

    def admits_all(self, kind: str) -> bool:
        """Return True if every value of a type is admitted: of several alternatives one alone may hold in `oneOf`."""
        branches = self.kinds.get(kind, [])
        return any(branch.is_free() for branch in branches) and self.choice.get(kind) != "oneOf"


# --- merging ----------------------------------------------------------------------------------------------------


def _tighter(name: str, one: Json, other: Json) -> Json:
    if name == "minimum":
        return max(one, other)  # (5, True) excludes 5, so it is above (5, False)
    if name == "maximum":
        return min(one, other, key=lambda bound: (bound[0], not bound[1]))
    if name in {"minLength", "minItems", "minProperties"}:
        return max(one, other)
    if name in {"maxLength", "maxItems", "maxProperties"}:
        return min(one, other)
    if isinstance(one, frozenset):
        return one | other
    return one


def undeclared(branch: Branch, name: str) -> Use | bool | None:
    """Say what a branch asks of a property that it does not declare."""
    matching = [part.use for pattern, part in branch.patterns.items() if _matches(pattern, name)]
    if matching:
        return reduce(Use.both, matching)
    return branch.additional


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


def _and(one: Use | bool | None, other: Use | bool | None) -> Use | bool | None:
    if one is False or other is False:
        return False
    if isinstance(one, Use) and isinstance(other, Use):
        return one.both(other)
    return one if isinstance(one, Use) else other if isinstance(other, Use) else None


def _merge_properties(one: Branch, other: Branch) -> dict[str, Property]:
    merged: dict[str, Property] = {}
    for name in dict.fromkeys((*one.properties, *other.properties)):
        mine, theirs = one.properties.get(name), other.properties.get(name)
        if mine and theirs:
            merged[name] = Property(mine.use.both(theirs.use), mine.location)
            continue
        declared = mine or theirs
        if declared is None:
            continue
        rule = undeclared(other if mine else one, name)
        if rule is False:
            continue
        use = declared.use.both(rule) if isinstance(rule, Use) else declared.use
        merged[name] = Property(use, declared.location)
    return merged


def _merge_prefix(one: Branch, other: Branch) -> tuple[Use, ...]:
    parts: list[Use] = []
    for i in range(max(len(one.prefix), len(other.prefix))):
        mine: Use | bool | None = one.prefix[i] if i < len(one.prefix) else one.items
        theirs: Use | bool | None = other.prefix[i] if i < len(other.prefix) else other.items
        both = _and(mine, theirs)
        if not isinstance(both, Use):
            break
        parts.append(both)
    return tuple(parts)


def meet(one: Branch, other: Branch) -> Branch | None:  # noqa: C901 - one case after the other
    """Give the branch of what both ask for; ``None`` where no enumerated value is left."""
    if other.is_free():
        return _relabelled(one, other)
    if one.is_free():
        return _relabelled(other, one)
    values = one.values
    if other.values is not None:
        values = (
            other.values if values is None else {key: v for key, v in values.items() if key in other.values}
        )
        if not values:
            return None
    limits = dict(one.limits)
    origins = {**other.origins, **one.origins}
    for name, value in other.limits.items():
        if name in limits:
            tight = _tighter(name, limits[name], value)
            if tight != limits[name]:
                origins[name] = other.origins.get(name, other.source)
            limits[name] = tight
        else:
            limits[name] = value
    opaque = dict(one.opaque)
    for name, locations in other.opaque.items():
        opaque[name] = tuple(dict.fromkeys((*opaque.get(name, ()), *locations)))
    patterns = dict(one.patterns)
    for name, part in other.patterns.items():
        mine = patterns.get(name)
        patterns[name] = Property(mine.use.both(part.use), mine.location) if mine else part
    dependents = dict(one.dependents)
    for name, asked in other.dependents.items():
        dependents[name] = dependents.get(name, frozenset()) | asked
    return Branch(
        kind=one.kind,
        source=one.source,
        variant=one.variant or other.variant,
        limits=limits,
        origins=origins,
        values=values,
        properties=_merge_properties(one, other),
        required={**other.required, **one.required},
        additional=_and(one.additional, other.additional),
        patterns=patterns,
        names=one.names.both(other.names) if one.names and other.names else one.names or other.names,
        dependents=dependents,
        items=_and(one.items, other.items),
        prefix=_merge_prefix(one, other),
        opaque=opaque,
    )


def _relabelled(branch: Branch, free: Branch) -> Branch:
    if branch.variant or not free.variant:
        return branch
    return _copy(branch, variant=free.variant)


def _copy(branch: Branch, *, source: str | None = None, variant: str | None = None) -> Branch:
    return Branch(
        branch.kind,
        source or branch.source,
        variant or branch.variant,
        branch.limits,
        branch.origins,
        branch.values,
        branch.properties,
        branch.required,
        branch.additional,
        branch.patterns,
        branch.names,
        branch.dependents,
        branch.items,
        branch.prefix,
        branch.opaque,
    )


def _intersection(one: Shape, other: Shape) -> Shape:
    kinds: dict[str, list[Branch]] = {}
    choice: dict[str, str] = {}
    for kind in KINDS:
        mine, theirs = one.kinds.get(kind), other.kinds.get(kind)
        if not mine or not theirs:
            continue
        if len(mine) * len(theirs) > MOST_ALTERNATIVES:
            # too many to multiply out: what the other asks for is compared as a whole
            opaque = Branch(kind, other.source, opaque={"allOf": (other.source,)})
            theirs = [opaque]
        merged = [both for a in mine for b in theirs if (both := meet(a, b)) is not None]
        if merged:
            kinds[kind] = merged
            if len(merged) > 1:
                choice[kind] = one.choice.get(kind) or other.choice.get(kind) or "anyOf"
    return Shape(
        one.source,
        kinds,
        choice,
        tuple(dict.fromkeys((*one.discriminators, *other.discriminators))),
        tuple(dict.fromkeys((*one.merged, *other.merged))),
        one.cut or other.cut,
    )


def _absorb(branches: list[Branch], choice: str) -> list[Branch]:
    """Drop alternatives that add nothing, and join enumerations."""
    if len(branches) < 2:  # noqa: PLR2004 - a number that says itself
        return branches
    if choice == "anyOf":
        free = next((branch for branch in branches if branch.is_free()), None)
        if free is not None:
            return [free]
    kept: list[Branch] = []
    enumerations: dict[str, Branch] = {}
    seen: set[tuple[object, ...]] = set()
    for branch in branches:
        if branch.is_enumeration():
            listed = _listed(branch)
            if listed is None or _joins(listed, enumerations, choice):
                continue
            kept.append(listed)
            continue
        if choice == "anyOf" and branch.kind not in {"array", "object"} and branch.values is None:
            mark = (tuple(sorted(branch.limits.items(), key=str)), tuple(sorted(branch.opaque.items())))
            if mark in seen:
                continue
            seen.add(mark)
        kept.append(branch)
    return kept


def _joins(listed: Branch, enumerations: dict[str, Branch], choice: str) -> bool:
    """Add an enumeration to the first one with the same limits; return False if it has to stand for itself."""
    first = enumerations.setdefault(token(listed.limits), listed)
    mine, theirs = first.values or {}, listed.values or {}
    if first is listed:
        listed.values = dict(theirs)
        return False
    if choice != "anyOf" and mine.keys() & theirs.keys():
        return False
    mine.update(theirs)
    return True


def _union(shapes: list[tuple[str, Shape]], choice: str, source: str) -> Shape:
    kinds: dict[str, list[Branch]] = {}
    chosen: dict[str, str] = {}
    discriminators: dict[str, None] = {}
    for kind in KINDS:
        branches: list[Branch] = []
        for location, shape in shapes:
            for branch in shape.kinds.get(kind, ()):
                branches.append(branch if branch.variant else _copy(branch, variant=location))
                if len(shape.kinds.get(kind, ())) > 1:
                    kept = {choice, shape.choice.get(kind, choice), chosen.get(kind, choice)}
                    chosen[kind] = "oneOf" if "oneOf" in kept else choice
        branches = _absorb(branches, chosen.get(kind, choice))
        if branches:
            kinds[kind] = branches
            if len(branches) > 1:
                chosen.setdefault(kind, choice)
            else:
                chosen.pop(kind, None)
    for _, shape in shapes:
        discriminators.update(dict.fromkeys(shape.discriminators))
    return Shape(
        source, kinds, chosen, tuple(discriminators), (source,), any(shape.cut for _, shape in shapes)
    )


# --- reading ----------------------------------------------------------------------------------------------------


class Book:
    """The shapes of one document's schemas."""

    def __init__(self, document: Document) -> None:
        self.document = document
        document.define(ANYTHING, {})
        document.define(NAME, {"type": "string"})
        self._uses: dict[str, Use] = {}
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._annotated: dict[Use, dict[str, tuple[Json, str]]] = {}
        self._read_before: dict[str, Shape] = {}
        self._digests: dict[tuple[tuple[str, ...], int], str] = {}

    def use(self, location: str) -> Use:
        """Give what is used at a location, through references and wrappers that only annotate.

        Raises:
            UnresolvedError: A reference there points at nothing.
        """
        found = self._uses.get(location)
        if found is None:
            found = self._uses[location] = self._use(location)
        return found

    def _use(self, location: str) -> Use:
        document = self.document
        wrappers: list[str] = []
        seen: set[str] = set()
        start = location
        while location not in seen:
            seen.add(location)
            node = document.at(location)
            if not isinstance(node, dict):
                break
            content = as_object(node)
            constraints = [
                key
                for key in content
                if not annotates(key)
                and key not in NEUTRAL
                and not key.startswith("x-")
                and not (key == "nullable" and (content[key] is not True or document.dialect != "3.0"))
            ]
            reference = content.get("$ref", content.get("$dynamicRef"))
            if isinstance(reference, str) and (
                document.dialect == "3.0" or constraints in (["$ref"], ["$dynamicRef"])
            ):
                if document.dialect != "3.0" and any(annotates(key) for key in content):
                    wrappers.append(location)
                location = document.target(reference, location)
                continue
            if len(constraints) == 1 and constraints[0] in {"allOf", "anyOf", "oneOf"}:
                members = as_list(content[constraints[0]])
                if len(members) == 1:
                    if any(annotates(key) for key in content):
                        wrappers.append(location)
                    location = f"{location}/{constraints[0]}/0"
                    continue
            break
        else:
            return Use((start,), ())
        return Use((location,), tuple(wrappers))

    def looked_at(self) -> frozenset[str]:
        """Give the locations of all schemas that were looked at so far."""
        return frozenset(self._read_before) | {place for core in self._shapes for place in core}

    def shape(self, core: tuple[str, ...]) -> Shape:
        """Give the shape of what is asked for by all the schemas at some locations."""
        found = self._shapes.get(core)
        if found is None:
            if len(core) == 1:
                found = self._settled(self._read(core[0], (), "allOf"))
            else:
                found = self._settled(reduce(_intersection, (self._read(loc, (), "allOf") for loc in core)))
            self._shapes[core] = found = self._judged(core, found)
        return found

    def _judged(self, core: tuple[str, ...], shape: Shape) -> Shape:
        """Judge enumerated values by the whole schema, after which nothing else matters for them."""
        # beside an alternative that lists nothing, a value that is refused has to stay to be seen
        listed = [
            branch
            for branches in shape.kinds.values()
            for branch in branches
            if all(one.values is not None for one in branches)
        ]
        if len(core) == 1 and as_object(self.document.at(core[0])).keys() <= LISTING:
            return shape
        if not listed or shape.cut:
            return shape
        schema = Portable(self, None).schema(core, MOST_REFERENCES)
        validator = compiled(schema) if schema is not None else None
        if validator is None:
            return shape
        kinds: dict[str, list[Branch]] = {}
        for kind, branches in shape.kinds.items():
            kept = [_left(branch, validator) if branch in listed else branch for branch in branches]
            if left := [branch for branch in kept if branch is not None]:
                kinds[kind] = left
        choice = {kind: named for kind, named in shape.choice.items() if len(kinds.get(kind, ())) > 1}
        return Shape(shape.source, kinds, choice, shape.discriminators, shape.merged, shape.cut)

    def _read(self, location: str, above: tuple[str, ...], through: str) -> Shape:
        location = self.use(location).core[0]
        if location in above:
            # what asks for itself and more asks for the rest; what admits itself or more admits the rest
            return _anything(location, cut=True) if through == "allOf" else Shape(location, cut=True)
        found = self._read_before.get(location)
        if found is None:
            found = self._read_anew(location, above)
            if not found.cut:
                self._read_before[location] = found
        return found

    def _read_anew(self, location: str, above: tuple[str, ...]) -> Shape:
        node = self.document.at(location)
        if node is False:
            return Shape(location, merged=(location,))
        content = as_object(node)
        above = (*above, location)
        parts = [self._own(location, content)]
        reference = content.get("$ref", content.get("$dynamicRef"))
        if isinstance(reference, str):
            parts.append(self._read(self.document.target(reference, location), above, "allOf"))
        parts.extend(
            self._read(f"{location}/allOf/{i}", above, "allOf")
            for i in range(len(as_list(content.get("allOf"))))
        )
        shape = reduce(_intersection, parts) if len(parts) > 1 else parts[0]
        if len(parts) > 1:
            shape = self._claimed(shape, location)
        for keyword in ("anyOf", "oneOf"):
            members = as_list(content.get(keyword))
            if members:
                choices = [f"{location}/{keyword}/{i}" for i in range(len(members))]
                read = [(self.use(choice).core[0], self._read(choice, above, keyword)) for choice in choices]
                shape = _intersection(shape, _union(read, keyword, location))
        if content.get("nullable") is True and self.document.dialect == "3.0" and "null" not in shape.kinds:
            shape = Shape(
                location,
                {**shape.kinds, "null": [Branch("null", location)]},
                shape.choice,
                shape.discriminators,
                shape.merged,
                shape.cut,
            )
        if isinstance(content.get("discriminator"), dict):
            shape.discriminators = (*shape.discriminators, f"{location}/discriminator")
        return self._closed(shape, location, content)

    def _claimed(self, shape: Shape, location: str) -> Shape:
        """Let what ``allOf`` merged stand where the ``allOf`` stands."""
        kinds = {
            kind: [_copy(branch, source=location) if len(branches) == 1 else branch for branch in branches]
            for kind, branches in shape.kinds.items()
        }
        return Shape(location, kinds, shape.choice, shape.discriminators, shape.merged, shape.cut)

    def _closed(self, shape: Shape, location: str, content: dict[str, Json]) -> Shape:
        """Take ``unevaluatedProperties`` for ``additionalProperties`` of the merged whole, where it is that."""
        for keyword, kind, attribute, beside in (
            ("unevaluatedProperties", "object", "additional", "additionalProperties"),
            ("unevaluatedItems", "array", "items", "items"),
        ):
            if keyword not in content:
                continue
            rule = content[keyword]
            if rule is True or rule == {}:
                continue
            if any(beside in as_object(self.document.at(part)) for part in shape.merged):
                continue  # which leaves nothing that is not evaluated
            simple = not any(key in content for key in ("if", "not", "dependentSchemas", "contains"))
            branches = shape.kinds.get(kind, [])
            if simple and not any(
                beside in as_object(self.document.at(branch.source)) for branch in branches
            ):
                value = False if rule is False else self.use(f"{location}/{keyword}")
                closed = [_copy(branch) for branch in branches]
                for branch in closed:
                    setattr(branch, attribute, value)
                    branch.origins = {**branch.origins, attribute: location}
                if closed:
                    shape.kinds[kind] = closed
            else:
                shape.kinds[kind] = [
                    _with_opaque(branch, keyword, location) for branch in shape.kinds.get(kind, [])
                ]
        return shape

    def _own(self, location: str, content: dict[str, Json]) -> Shape:  # noqa: C901, PLR0912 - one case after the other
        """Read the keywords of one schema, without those that bring in others beside it."""
        kinds = _types(content)
        branches: dict[str, Branch] = {kind: Branch(kind, location) for kind in kinds}
        _enumerate(content, branches, location)
        for name, branch in list(branches.items()):
            if name == "number":
                _number(content, branch, location, integer=kinds["number"])
            elif name == "string":
                _string(content, branch, location)
            elif name == "array":
                self._array(content, branch, location)
            elif name == "object":
                self._object(content, branch, location)
        negated = content.get("not")
        if as_object(negated).keys() == {"type"}:
            types = as_object(negated)["type"]
            named = as_list(types) or [types]
            if "integer" not in named:
                for kind in named:
                    branches.pop(kind, None)
                content = {key: value for key, value in content.items() if key != "not"}
        elif negated is True or negated == {}:
            return Shape(location, merged=(location,))
        elif negated is False:
            content = {key: value for key, value in content.items() if key != "not"}
        for key in content:
            if key in OPAQUE:
                if key not in {"unevaluatedProperties", "unevaluatedItems"}:
                    for kind in OPAQUE[key]:
                        if kind in branches:
                            branches[kind].opaque[key] = (location,)
                            branches[kind].origins[key] = location
            elif not (
                key in STRUCTURAL
                or key in SCALAR_LIMITS
                or annotates(key)
                or key in NEUTRAL
                or key in CONDITIONAL
                or key.startswith("x-")
            ):
                for branch in branches.values():
                    branch.limits[f"?{key}"] = token(content[key])
                    branch.origins[f"?{key}"] = location
        return Shape(location, {kind: [branch] for kind, branch in branches.items()}, merged=(location,))

    def _array(self, content: dict[str, Json], branch: Branch, location: str) -> None:
        for name, idle in (("minItems", 0), ("maxItems", None)):
            value = content.get(name)
            if isinstance(value, int | float) and value != idle:
                branch.limits[name] = value
                branch.origins[name] = location
        if content.get("uniqueItems") is True:
            branch.limits["uniqueItems"] = True
            branch.origins["uniqueItems"] = location
        prefix = as_list(content.get("prefixItems"))
        branch.prefix = tuple(self.use(f"{location}/prefixItems/{i}") for i in range(len(prefix)))
        items = content.get("items")
        if items is False:
            branch.items = False
        elif isinstance(items, dict) and any(
            key not in NEUTRAL and not annotates(key) for key in as_object(items)
        ):
            branch.items = self.use(f"{location}/items")
        if branch.items is not None or prefix:
            branch.origins["items"] = location

    def _object(self, content: dict[str, Json], branch: Branch, location: str) -> None:  # noqa: C901 - one case after the other
        for name, idle in (("minProperties", 0), ("maxProperties", None)):
            value = content.get(name)
            if isinstance(value, int | float) and value != idle:
                branch.limits[name] = value
                branch.origins[name] = location
        for name in as_object(content.get("properties")):
            place = f"{location}/properties/{escape(name)}"
            branch.properties[name] = Property(self.use(place), place)
        for name in as_object(content.get("patternProperties")):
            place = f"{location}/patternProperties/{escape(name)}"
            branch.patterns[name] = Property(self.use(place), place)
        for name in as_list(content.get("required")):
            if isinstance(name, str):
                branch.required[name] = location
        additional = content.get("additionalProperties")
        if additional is False or (isinstance(additional, dict) and additional == {"not": {}}):
            branch.additional = False
        elif isinstance(additional, dict) and any(
            key not in NEUTRAL and not annotates(key) and not key.startswith("x-")
            for key in as_object(additional)
        ):
            branch.additional = self.use(f"{location}/additionalProperties")
        if branch.additional is not None:
            branch.origins["additional"] = location
        if isinstance(content.get("propertyNames"), dict):
            branch.names = self.use(f"{location}/propertyNames").both(Use((NAME,)))
            branch.origins["names"] = location
        for name, asked in as_object(content.get("dependentRequired")).items():
            branch.dependents[name] = frozenset(other for other in as_list(asked) if isinstance(other, str))
            branch.origins["dependents"] = location

    def _settled(self, shape: Shape) -> Shape:
        """Bring constraints that depend on each other into the one form they have."""
        kinds: dict[str, list[Branch]] = {}
        for kind, branches in shape.kinds.items():
            kept = [settled for branch in branches if (settled := _settle(branch)) is not None]
            kept = _absorb(kept, shape.choice.get(kind, "anyOf"))
            if kept:
                kinds[kind] = kept
        choice = {kind: named for kind, named in shape.choice.items() if len(kinds.get(kind, ())) > 1}
        return Shape(shape.source, kinds, choice, shape.discriminators, shape.merged, shape.cut)

    # --- annotations ----------------------------------------------------------------------------------------------

    def annotations(self, use: Use) -> dict[str, tuple[Json, str]]:
        """Find what annotates a use, and where each keyword is written; what is outermost counts."""
        found = self._annotated.get(use)
        if found is None:
            found = {}
            for location in (*use.wrappers, *use.core):
                content = as_object(self.document.at(location))
                for name in filter(annotates, content):
                    if name not in found:
                        found[name] = (content[name], location)
            self._annotated[use] = found
        return found

    def deep_annotation(self, use: Use, name: str) -> tuple[Json, str] | None:
        """Find what annotates a use, be it in a part that ``allOf`` merges in."""
        found = self.annotations(use).get(name)
        if found is not None:
            return found
        for location in use.core:
            content = self.document.at(location)
            if isinstance(content, dict) and ("allOf" in content or "$ref" in content):
                for merged in self.shape((location,)).merged:
                    part = as_object(self.document.at(merged))
                    if name in part:
                        return part[name], merged
        return None

    # --- likeness -------------------------------------------------------------------------------------------------

    def digest(self, use: Use, depth: int = 4) -> str:
        """Write down what a use asks for, to some depth, so that like uses are written alike."""
        key = (use.core, depth)
        found = self._digests.get(key)
        if found is None:
            if depth <= 0:
                shape = self.shape(use.core)
                found = ",".join(sorted(shape.kinds))
            else:
                shape = self.shape(use.core)
                parts = [
                    self.branch_digest(branch, depth)
                    for kind in KINDS
                    for branch in shape.kinds.get(kind, ())
                ]
                found = "|".join(sorted(parts)) or "never"
                if len(found) > 200:  # noqa: PLR2004 - a number that says itself
                    found = format(hash(found) & 0xFFFFFFFFFFFFFFFF, "x")
            self._digests[key] = found
        return found

    def branch_digest(self, branch: Branch, depth: int) -> str:
        """Write down what a branch asks for, to some depth."""

        def part(value: Use | bool | None) -> str:
            return self.digest(value, depth - 1) if isinstance(value, Use) else str(value)

        limits = sorted((name, _limit_text(value)) for name, value in branch.limits.items())
        return repr(
            (
                branch.kind,
                limits,
                sorted(branch.values) if branch.values is not None else None,
                sorted((name, part(declared.use)) for name, declared in branch.properties.items()),
                sorted(branch.required),
                part(branch.additional),
                sorted((name, part(declared.use)) for name, declared in branch.patterns.items()),
                part(branch.names),
                sorted((name, sorted(asked)) for name, asked in branch.dependents.items()),
                part(branch.items),
                [part(use) for use in branch.prefix],
                sorted(
                    (name, [self.opaque_digest(name, location, depth) for location in locations])
                    for name, locations in branch.opaque.items()
                ),
            )
        )

    def opaque_digest(self, keyword: str, location: str, depth: int = 4) -> str:
        """Write down a constraint that is compared as a whole."""
        content = as_object(self.document.at(location))
        if keyword == "allOf":
            return self.digest(Use((location,)), depth)
        parts: list[str] = []
        beside = {"if": ("if", "then", "else"), "contains": ("contains", "minContains", "maxContains")}
        for name in beside.get(keyword, (keyword,)):
            if name not in content:
                continue
            value = content[name]
            if name == "dependentSchemas":
                parts.extend(
                    f"{key}:{self.digest(self.use(f'{location}/{name}/{escape(key)}'), depth - 1 if depth else 0)}"
                    for key in sorted(as_object(value))
                )
            elif isinstance(value, dict | bool) and name != "xml":
                below = depth - 1 if depth else 0
                parts.append(f"{name}:{self.digest(self.use(f'{location}/{name}'), below)}")
            else:
                parts.append(f"{name}:{token(value)}")
        return ";".join(parts)


def _left(branch: Branch, validator: Any) -> Branch | None:
    """Return an enumeration of the values that a validator admits; ``None`` where it admits none."""
    values = {key: value for key, value in (branch.values or {}).items() if validator.is_valid(value)}
    if not values:
        return None
    kept = {"contentEncoding", "contentMediaType"}
    limits = {name: v for name, v in branch.limits.items() if name in kept or name.startswith("?")}
    return Branch(branch.kind, branch.source, branch.variant, limits, branch.origins, values)


def _limit_text(value: Json) -> str:
    # a set has no order of its own
    return str(sorted(value, key=str) if _is_set(value) else value)


def _is_set(value: Json) -> TypeGuard[frozenset[Json]]:
    return isinstance(value, frozenset)


def _with_opaque(branch: Branch, keyword: str, location: str) -> Branch:
    copy = _copy(branch)
    copy.opaque = {**branch.opaque, keyword: (*branch.opaque.get(keyword, ()), location)}
    copy.origins = {**branch.origins, keyword: location}
    return copy


def _anything(location: str, *, cut: bool = False) -> Shape:
    return Shape(location, {kind: [Branch(kind, location)] for kind in KINDS}, merged=(location,), cut=cut)


def _types(content: dict[str, Json]) -> dict[str, bool]:
    """Give the types that a schema names, and for ``number`` whether only integers are meant."""
    stated = content.get("type")
    if stated is None:
        return dict.fromkeys(KINDS, False)
    named = [name for name in (as_list(stated) or [stated]) if isinstance(name, str)]
    kinds: dict[str, bool] = {}
    for name in named:
        if name == "integer":
            kinds.setdefault("number", True)
        elif name == "number":
            kinds["number"] = False
        elif name in KINDS:
            kinds[name] = False
        elif name == "any":
            return dict.fromkeys(KINDS, False)
    return kinds


def _enumerate(content: dict[str, Json], branches: dict[str, Branch], location: str) -> None:
    lists: list[list[Json]] = []
    if isinstance(content.get("enum"), list):
        lists.append(as_list(content["enum"]))
    if "const" in content:
        lists.append([content["const"]])
    for values in lists:
        for kind in list(branches):
            branch = branches[kind]
            mine = {token(value): value for value in values if kind_of(value) == kind}
            if branch.values is not None:
                mine = {key: value for key, value in mine.items() if key in branch.values}
            if not mine:
                del branches[kind]
                continue
            if kind == "null" or (kind == "boolean" and len(mine) == 2):  # noqa: PLR2004 - a number that says itself
                continue
            branch.values = mine
            branch.origins["enum"] = location


def _number(content: dict[str, Json], branch: Branch, location: str, *, integer: bool) -> None:
    limits, origins = branch.limits, branch.origins
    if integer:
        limits["integer"] = True
        origins["integer"] = location
    for name, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        bounds: list[tuple[float, bool]] = []
        value, beside = content.get(name), content.get(exclusive)
        if isinstance(value, int | float) and not isinstance(value, bool):
            bounds.append((value, beside is True))
        if isinstance(beside, int | float) and not isinstance(beside, bool):
            bounds.append((beside, True))
        if bounds:
            limits[name] = bounds[0] if len(bounds) == 1 else _tighter(name, *bounds)
            origins[name] = location
    step = content.get("multipleOf")
    if isinstance(step, int | float) and not isinstance(step, bool):
        limits["multipleOf"] = frozenset({step})
        origins["multipleOf"] = location
    stated = content.get("format")
    if isinstance(stated, str) and (
        "type" not in content or stated in NUMBER_FORMATS or "string" not in _types(content)
    ):
        limits["format"] = frozenset({stated})
        origins["format"] = location


def _string(content: dict[str, Json], branch: Branch, location: str) -> None:  # noqa: C901 - one case after the other
    limits, origins = branch.limits, branch.origins
    for name, idle in (("minLength", 0), ("maxLength", None)):
        value = content.get(name)
        if isinstance(value, int | float) and value != idle:
            limits[name] = value
            origins[name] = location
    pattern = content.get("pattern")
    if isinstance(pattern, str) and pattern not in {"", ".*", "^.*$"}:
        limits["pattern"] = frozenset({_pattern(pattern)})
        origins["pattern"] = location
    stated = content.get("format")
    encoding, media = content.get("contentEncoding"), content.get("contentMediaType")
    if isinstance(stated, str) and stated not in NUMBER_FORMATS:
        if stated == "byte":
            encoding = encoding or "base64"
        elif stated == "binary":
            media = media or "application/octet-stream"
        else:
            limits["format"] = frozenset({stated})
            origins["format"] = location
    elif isinstance(stated, str) and "number" not in _types(content):
        limits["format"] = frozenset({stated})
        origins["format"] = location
    for name, value in (("contentEncoding", encoding), ("contentMediaType", media)):
        if isinstance(value, str):
            limits[name] = frozenset({value})
            origins[name] = location
    if isinstance(content.get("contentSchema"), dict):
        limits["contentSchema"] = frozenset({token(content["contentSchema"])})
        origins["contentSchema"] = location


def _pattern(pattern: str) -> str:
    """Write a pattern without what makes no difference to a search."""
    if pattern.endswith(".*") and not pattern.endswith("\\.*"):
        pattern = pattern.removesuffix(".*")
    return pattern.replace("[0-9]", r"\d")


def _settle(branch: Branch) -> Branch | None:
    """Bring the constraints of one branch into the one form they have; ``None`` where nothing is left."""
    if not branch.limits:
        return branch
    branch = _copy(branch)
    limits = branch.limits = dict(branch.limits)
    if branch.kind == "number":
        _settle_number(limits)
    if branch.kind == "array" and limits.get("maxItems", 2) <= 1:
        limits.pop("uniqueItems", None)
    if _contradicts(branch):
        return None
    if branch.kind == "object" and limits.get("minProperties", math.inf) <= len(branch.required):
        del limits["minProperties"]
    if branch.values is not None and branch.kind in {"number", "string", "boolean"}:
        return _listed(branch)
    return branch


def _listed(branch: Branch) -> Branch | None:
    """Return an enumeration without the values that its limits rule out, and without the limits."""
    values = branch.values or {}
    left = {key: value for key, value in values.items() if admits(branch.limits, value)}
    kept = {"contentEncoding", "contentMediaType"}
    limits = {name: v for name, v in branch.limits.items() if name in kept or name.startswith("?")}
    return evolve(branch, values=left, limits=limits) if left else None


def _contradicts(branch: Branch) -> bool:
    """Return True if the least is more than the most."""
    limits = branch.limits
    for least, most in (
        ("minLength", "maxLength"),
        ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
    ):
        if limits.get(least, 0) > limits.get(most, math.inf):
            return True
    if len(branch.required) > limits.get("maxProperties", math.inf):
        return True
    if "minimum" in limits and "maximum" in limits:
        (low, above), (high, below) = limits["minimum"], limits["maximum"]
        return bool(low > high or (low == high and (above or below)))
    return False


def is_empty(branch: Branch) -> bool:
    """Return True if nothing can be inside: no property of the object, no item of the array."""
    if branch.kind == "array":
        return branch.limits.get("maxItems") == 0 or (branch.items is False and not branch.prefix)
    bare = branch.additional is False and not branch.properties and not branch.patterns
    return branch.limits.get("maxProperties") == 0 or bare


def asks_for_more(branch: Branch) -> bool:
    """Return True if an empty object or array is refused."""
    least = branch.limits.get("minItems" if branch.kind == "array" else "minProperties", 0)
    return bool(branch.required) or least > 0


def _settle_number(limits: dict[str, Json]) -> None:
    steps = limits.get("multipleOf")
    if steps is not None and 1 in steps:
        limits["integer"] = True
        steps = frozenset(step for step in steps if step != 1)
    if steps is not None:
        if steps:
            limits["multipleOf"] = steps
        else:
            limits.pop("multipleOf", None)
    if limits.get("integer"):
        if "minimum" in limits:
            value, excluded = limits["minimum"]
            limits["minimum"] = (math.floor(value) + 1 if excluded else math.ceil(value), False)
        if "maximum" in limits:
            value, excluded = limits["maximum"]
            limits["maximum"] = (math.ceil(value) - 1 if excluded else math.floor(value), False)


def admits(limits: dict[str, Json], value: Json) -> bool:  # noqa: C901, PLR0911 - one case after the other
    """Tell whether the limits of a branch admit a scalar value; what cannot be told is taken to be admitted."""
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
