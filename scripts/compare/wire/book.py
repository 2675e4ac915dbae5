"""Normal form of the schemas of a document.

``allOf`` is merged, ``anyOf`` and ``oneOf`` become alternatives, ``nullable`` (3.0), a list of types and ``anyOf`` with
``null`` become the type ``null``, ``const`` becomes an enumeration with one value, booleans beside bounds (3.0) become
bounds. Other keywords (``not``, ``if``, …) are kept as opaque constraints.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, TypeGuard

from scripts.compare.wire.keywords import read_number, read_string, read_values, stated_types
from scripts.compare.wire.merging import copied, intersection_of, normalised, union_of
from scripts.compare.wire.portable import MOST_REFERENCES, Portable, compiled
from scripts.compare.wire.shapes import (
    ANNOTATIONS,
    ANYTHING,
    KINDS,
    NAME,
    Branch,
    Property,
    Shape,
    Use,
    annotates,
    token,
)
from scripts.descriptions.pointers import escape
from scripts.descriptions.values import Json, as_list, as_object

if TYPE_CHECKING:
    from scripts.compare.wire.documents import Document

__all__ = ["Book"]

# no constraint of values, or read elsewhere
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
# opaque constraints and the types that they constrain
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


class Book:
    """Shapes of the schemas of a document."""

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
        """Return the use at a location, with references and annotating wrappers resolved.

        Raises:
            UnresolvedError: A reference has no target.
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

    def shape(self, core: tuple[str, ...]) -> Shape:
        """Return the shape of the intersection of the schemas at some locations."""
        found = self._shapes.get(core)
        if found is None:
            if len(core) == 1:
                found = normalised(self._read(core[0], (), "allOf"))
            else:
                found = normalised(reduce(intersection_of, (self._read(loc, (), "allOf") for loc in core)))
            self._shapes[core] = found = self._judged(core, found)
        return found

    def _judged(self, core: tuple[str, ...], shape: Shape) -> Shape:
        """Reduce enumerated values to those that the whole schema allows."""
        # beside an alternative without an enumeration, a rejected value must be kept
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
            # a recursive `allOf` equals its other parts; a recursive `anyOf` its other alternatives
            return _anything(location, cut=True) if through == "allOf" else Shape(location, cut=True)
        found = self._read_before.get(location)
        if found is None:
            found = self._reread(location, above)
            if not found.cut:
                self._read_before[location] = found
        return found

    def _reread(self, location: str, above: tuple[str, ...]) -> Shape:
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
        shape = reduce(intersection_of, parts) if len(parts) > 1 else parts[0]
        if len(parts) > 1:
            shape = self._claimed(shape, location)
        for keyword in ("anyOf", "oneOf"):
            members = as_list(content.get(keyword))
            if members:
                choices = [f"{location}/{keyword}/{i}" for i in range(len(members))]
                read = [(self.use(choice).core[0], self._read(choice, above, keyword)) for choice in choices]
                shape = intersection_of(shape, union_of(read, keyword, location))
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
        """Replace an ``allOf`` by its merged schema."""
        kinds = {
            kind: [copied(branch, source=location) if len(branches) == 1 else branch for branch in branches]
            for kind, branches in shape.kinds.items()
        }
        return Shape(location, kinds, shape.choice, shape.discriminators, shape.merged, shape.cut)

    def _closed(self, shape: Shape, location: str, content: dict[str, Json]) -> Shape:
        """Treat ``unevaluatedProperties`` as ``additionalProperties`` of the merged schema, if they are equivalent."""
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
                continue  # every property is evaluated then
            simple = not any(key in content for key in ("if", "not", "dependentSchemas", "contains"))
            branches = shape.kinds.get(kind, [])
            if simple and not any(
                beside in as_object(self.document.at(branch.source)) for branch in branches
            ):
                value = False if rule is False else self.use(f"{location}/{keyword}")
                closed = [copied(branch) for branch in branches]
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

    def _own(self, location: str, content: dict[str, Json]) -> Shape:  # noqa: C901, PLR0912 - a flat list of cases
        """Read the keywords of one schema, without those that include others."""
        kinds = stated_types(content)
        branches: dict[str, Branch] = {kind: Branch(kind, location) for kind in kinds}
        read_values(content, branches, location)
        for name, branch in list(branches.items()):
            if name == "number":
                read_number(content, branch, location, integer=kinds["number"])
            elif name == "string":
                read_string(content, branch, location)
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
        _counted(content, branch, location, "Items")
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

    def _object(self, content: dict[str, Json], branch: Branch, location: str) -> None:
        _counted(content, branch, location, "Properties")
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

    # --- annotations --------------------------------------------------------------------------------------------------

    def annotations(self, use: Use) -> dict[str, tuple[Json, str]]:
        """Return the annotations of a use with their places; the outermost has priority."""
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
        """Return an annotation of a use, including the parts of ``allOf``."""
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

    # --- canonical text -----------------------------------------------------------------------------------------------

    def digest(self, use: Use, depth: int = 4) -> str:
        """Return the canonical text of a use, to some depth."""
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
                if len(found) > 200:  # noqa: PLR2004 - explained by its use
                    found = format(hash(found) & 0xFFFFFFFFFFFFFFFF, "x")
            self._digests[key] = found
        return found

    def branch_digest(self, branch: Branch, depth: int) -> str:
        """Return the canonical text of a branch, to some depth."""

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
        """Return the canonical text of an opaque constraint."""
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
    """Return an enumeration with the values that a validator allows; None if it allows none."""
    values = {key: value for key, value in (branch.values or {}).items() if validator.is_valid(value)}
    if not values:
        return None
    kept = {"contentEncoding", "contentMediaType"}
    limits = {name: v for name, v in branch.limits.items() if name in kept or name.startswith("?")}
    return Branch(branch.kind, branch.source, branch.variant, limits, branch.origins, values)


def _limit_text(value: Json) -> str:
    # sets are unordered
    return str(sorted(value, key=str) if _is_set(value) else value)


def _is_set(value: Json) -> TypeGuard[frozenset[Json]]:
    return isinstance(value, frozenset)


def _with_opaque(branch: Branch, keyword: str, location: str) -> Branch:
    copy = copied(branch)
    copy.opaque = {**branch.opaque, keyword: (*branch.opaque.get(keyword, ()), location)}
    copy.origins = {**branch.origins, keyword: location}
    return copy


def _anything(location: str, *, cut: bool = False) -> Shape:
    return Shape(location, {kind: [Branch(kind, location)] for kind in KINDS}, merged=(location,), cut=cut)


def _counted(content: dict[str, Json], branch: Branch, location: str, what: str) -> None:
    """Read the minimum and the maximum number of items or properties."""
    for name, idle in ((f"min{what}", 0), (f"max{what}", None)):
        value = content.get(name)
        if isinstance(value, int | float) and value != idle:
            branch.limits[name] = value
            branch.origins[name] = location
