"""Reduction of schemas to shapes that the generator supports, and definitions of objects and enums.

A shape is a reference to a definition, a plain type, a constant, an array of shapes, `anyOf` of shapes, or empty (any
value). Objects and enums become definitions, keyed by their pointer. Responses and requests have separate definitions,
since absent and null are equivalent in a response but not in a request. `scripts.generate.prepare.naming` names the
definitions.
"""

from __future__ import annotations

import functools
import json
from typing import Any, Literal, TypeAlias

from attrs import define, evolve, field, frozen

from scripts.descriptions.pointers import lookup
from scripts.descriptions.values import Object, is_list, is_object
from scripts.generate.prepare.flatten import (
    COMPONENT,
    Flat,
    Part,
    combined,
    flatten,
    owner_of,
    reference_of,
    together,
)
from scripts.generate.prepare.names import class_name, distinct_identifiers, member_names, pascal, singular

Direction: TypeAlias = Literal["read", "request"]

RESERVED_ATTRIBUTES = frozenset({"to_dict", "from_dict", "additional_properties", "to_multipart", "source"})
"""Names used in every generated model."""

_KEPT_FORMATS = frozenset({"date-time", "date", "binary"})
"""Formats with a Python type; other text is `str` (ids are opaque, reference section 1.5)."""

_BESIDE_REFERENCES = frozenset(
    {"description", "summary", "example", "examples", "title", "deprecated", "externalDocs", "nullable",
     "readOnly", "writeOnly", "default", "xml", "$comment"}
)  # fmt: skip
"""Keywords beside a reference that do not change the type."""

_EXTENSION = "#definition:"


@frozen
class LeftOut:
    """Part of the description that is left out of the client on purpose.

    Attributes:
        at: The pointer to the part; everything below it is left out, too.
        what: A readable name.
        reason: The reason.
    """

    at: str
    what: str
    reason: str


@frozen
class Scope:
    """Context of a schema, from which its definition is named.

    Attributes:
        component: The component, if the schema is one.
        parent: The key of the definition with the property.
        literal: The first part of the name, in an operation or in a component without a class.
        segments: The further parts of the name, outermost first.
    """

    component: str | None = None
    parent: str | None = None
    literal: str | None = None
    segments: tuple[str, ...] = ()

    def item(self) -> Scope:
        """Return the scope of an array's items: the array's in the singular."""
        last = self.segments[-1] if self.segments else (self.literal or self.component or "")
        one = pascal(singular(last))
        one = f"{pascal(last)}Item" if one == pascal(last) else one
        if self.segments:
            return evolve(self, segments=(*self.segments[:-1], one))
        return Scope(literal=one)

    def variant(self, name: str) -> Scope:
        """Return the scope of a branch of a union."""
        if self.component is not None:
            return Scope(literal=pascal(self.component), segments=(name,))
        return evolve(self, segments=(*self.segments, name))


@define
class Definition:
    """Object or enum that becomes a Python class."""

    key: str
    kind: Literal["object", "enum"]
    direction: Direction
    at: str
    scope: Scope
    body: Object = field(factory=Object)


def reference(key: str) -> Object:
    """Return a reference to a definition, by its key."""
    return {"$ref": _EXTENSION + key}


def referenced_key(shape: Any) -> str | None:
    """Return the key of the definition that `shape` refers to, or None."""
    target = shape.get("$ref") if is_object(shape) else None
    return target[len(_EXTENSION) :] if isinstance(target, str) and target.startswith(_EXTENSION) else None


@define
class Shaper:
    """Converter of schemas to shapes, which collects the definitions."""

    document: Object
    left_out: list[LeftOut] = field(factory=list[LeftOut])
    definitions: dict[str, Definition] = field(factory=dict[str, Definition])
    discriminators: list[tuple[list[str], str, dict[str, str]]] = field(
        factory=list[tuple[list[str], str, dict[str, str]]]
    )
    begun: set[tuple[Direction, str]] = field(factory=set[tuple[Direction, str]])
    whole: dict[tuple[Direction, str], Object] = field(factory=dict[tuple[Direction, str], Object])

    def shape(self, part: Part, direction: Direction, scope: Scope, trail: tuple[str, ...] = ()) -> Object:
        """Return the shape of a schema.

        Args:
            part: The schema.
            direction: `read` in a response, `request` in a request.
            scope: The scope of its name, if it needs a class.
            trail: The references that led here through schemas without a class.
        """
        if not is_object(part.schema):
            return {}
        target = _sole_reference(part.schema)
        if target is not None:
            shape = self._referenced(target, part, direction, scope, trail)
            return nullable(shape) if part.schema.get("nullable") is True else shape
        flat = flatten(self.document, part, trail)
        shape = self._shape_of(flat, part, direction, scope, trail)
        return nullable(shape) if flat.nullable else shape

    def _referenced(
        self, target: str, part: Part, direction: Direction, scope: Scope, trail: tuple[str, ...]
    ) -> Object:
        if (direction, target) in self.whole:
            return self.whole[direction, target]
        owner = owner_of(target, part.owner)
        itself = Part(lookup(self.document, target), target, owner)
        begun = (direction, target) in self.begun
        keys = (f"{direction}:{target}", f"enum:{target}", f"enum:{target}#integer")
        known = [reference(key) for key in keys if begun and key in self.definitions]
        if known:
            shape = any_of(known)
            return nullable(shape) if flatten(self.document, itself).nullable else shape
        if target in trail:  # a recursive alias has no finite type
            return {}
        if target == f"{COMPONENT}{owner}":
            scope = Scope(component=owner)
        self.begun.add((direction, target))
        shape = self.shape(itself, direction, scope, (*trail, target))
        if not begun:
            self.begun.discard((direction, target))
        if not trail:  # within a cycle the shape may be incomplete
            self.whole[direction, target] = shape
        return shape

    def _shape_of(
        self, flat: Flat, part: Part, direction: Direction, scope: Scope, trail: tuple[str, ...]
    ) -> Object:
        found = [self._constant(constant) for constant in flat.constants]
        if flat.enums:
            found.append(self._enum(flat, scope))
        if flat.properties or (flat.unions and _typed_extras(flat)):
            found.append(
                self._variants(flat, part, direction, scope, trail)
                or self._object(flat, part, direction, scope)
            )
        else:
            union = self._union(flat, direction, scope, trail) if flat.unions else {}
            found += [union] if union or (flat.unions and not (flat.types or found)) else []
        # declarations at several places may contradict each other: all are kept
        kinds = [] if found else _types(flat)
        if _typed_extras(flat) and not flat.properties and not flat.unions and "object" not in kinds:
            kinds = [*kinds, "object"]
        if flat.items and "array" not in kinds:
            kinds = [*kinds, "array"]
        found += [
            self._typed(name, flat, part, direction=direction, scope=scope, trail=trail) for name in kinds
        ]
        return any_of(found)

    def _typed(
        self, name: str, flat: Flat, part: Part, *, direction: Direction, scope: Scope, trail: tuple[str, ...]
    ) -> Object:
        if name == "array":
            return self._array(flat, direction, scope, trail)
        if name == "object":
            named = bool(_typed_extras(flat)) or scope.component is not None
            return self._object(flat, part, direction, scope) if named else {}
        return _plain_type(name, flat)

    def _array(self, flat: Flat, direction: Direction, scope: Scope, trail: tuple[str, ...]) -> Object:
        inner = [self.shape(item, direction, scope.item(), trail) for item in flat.items]
        return {"type": "array", "items": any_of(inner)}

    def _constant(self, part: Part) -> Object:
        constant = _constant(part.schema)
        if "const" not in constant and part.schema is not None:
            why = "only text and integers become constants; the plain type is used"
            self.left_out.append(LeftOut(part.at, f"value at {part.at}", why))
        return constant

    def _enum(self, flat: Flat, scope: Scope) -> Object:
        values = enum_values(flat)
        texts = [value for value in values if isinstance(value, str)]
        numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
        if not values:
            return {"type": "null"} if any(listed.schema for listed in flat.enums) else {}
        others = [value for value in values if value not in texts and not _is_in(value, numbers)]
        for listed in flat.enums if others else []:
            why = "only text and integers become enums; the plain type is used"
            self.left_out.append(LeftOut(listed.at, f"values at {listed.at}", why))
        shapes: list[Object] = []
        both = bool(texts and numbers)
        kinds: list[tuple[str, list[Any]]] = [("string", texts), ("integer", numbers)]
        for name, members in kinds:
            if not members:
                continue
            where = scope.variant("Number") if both and name == "integer" else scope
            key = f"enum:{flat.at}" + (f"#{name}" if both and name == "integer" else "")
            if key not in self.definitions:
                self.definitions[key] = Definition(key, "enum", "read", flat.at, where)
                given = flat.keywords.get("x-enum-varnames") if not both else None
                self.definitions[key].body = {
                    "type": name,
                    "enum": members,
                    "x-enum-varnames": member_names(members, given if is_list(given) else ()),
                    "description": stripped(flat.keywords.get("description")),
                }
            shapes.append(reference(key))
        return any_of([*shapes, *(_constant(value) for value in others)])

    def _union(self, flat: Flat, direction: Direction, scope: Scope, trail: tuple[str, ...]) -> Object:
        branches = [branch for union in flat.unions for branch in union]
        real = [branch for branch in branches if not _is_null(branch.schema)]
        shapes: list[Object] = []
        inline = [branch for branch in real if _needs_class(branch.schema)]
        for number, branch in enumerate(real, start=1):
            where = scope if len(inline) == 1 else scope.variant(_variant_name(branch.schema, number))
            shapes.append(self.shape(branch, direction, where, trail))
        if flat.types and not any(shapes):
            return {}
        if len(real) < len(branches):
            flat.nullable = True
        self._note_discriminator(flat, real, shapes)
        return any_of(shapes)

    def _note_discriminator(self, flat: Flat, branches: list[Part], shapes: list[Object]) -> None:
        discriminator = flat.keywords.get("discriminator")
        if not is_object(discriminator) or not isinstance(discriminator.get("propertyName"), str):
            return
        keys = {
            reference_of(branch.schema): referenced_key(shape)
            for branch, shape in zip(branches, shapes, strict=True)
        }
        by_value = {
            target.rsplit("/", 1)[-1]: key
            for target, key in keys.items()
            if target is not None and key is not None
        }
        mapping = discriminator.get("mapping")
        for value, target in (mapping if is_object(mapping) else {}).items():
            full = str(target) if "/" in str(target) else f"{COMPONENT}{target}"
            key = keys.get(full)
            if key is not None:
                by_value[str(value)] = key
        if by_value:
            chosen = sorted({key for key in keys.values() if key})
            self.discriminators.append((chosen, discriminator["propertyName"], by_value))

    def _variants(
        self, flat: Flat, part: Part, direction: Direction, scope: Scope, trail: tuple[str, ...]
    ) -> Object | None:
        """Merge properties beside a `oneOf` into its branches, if every branch adds properties."""
        branches = [branch for union in flat.unions for branch in union]
        if not branches or not is_object(part.schema):
            return None
        looked = [flatten(self.document, branch, trail) for branch in branches]
        richer = [seen for seen in looked if set(seen.properties) - set(flat.properties)]
        own = [keyword for keyword in ("oneOf", "anyOf") if part.schema.get(keyword)]
        if len(richer) < len(branches) or len(own) < len(flat.unions) or _typed_extras(flat):
            others = self._gather(flat, branches, direction, scope, trail)
            return any_of([self._object(flat, part, direction, scope), *others])
        common = {
            name: value for name, value in part.schema.items() if name not in {"oneOf", "anyOf", "$ref"}
        }
        shapes: list[Object] = []
        for number, branch in enumerate(branches, start=1):
            whole = together(Part(common, part.at, part.owner), branch, at=f"{branch.at}#with")
            shapes.append(
                self.shape(whole, direction, scope.variant(_variant_name(branch.schema, number)), trail)
            )
        return any_of(shapes)

    def _gather(
        self, flat: Flat, branches: list[Part], direction: Direction, scope: Scope, trail: tuple[str, ...]
    ) -> list[Object]:
        """Add the properties of all branches to one class; return the shapes of branches that are not objects."""
        extras = _typed_extras(flat)
        others: list[Object] = []
        waiting = [(branch, str(number)) for number, branch in enumerate(branches, start=1)]
        met: set[str] = set()
        while waiting:
            branch, number = waiting.pop(0)
            if branch.at in met:  # unions may be recursive
                continue
            met.add(branch.at)
            seen = flatten(self.document, branch, trail)
            for wire, inner in seen.properties.items():
                known = flat.properties.get(wire)
                merged = inner if known is None else combined(inner, known)
                # the schema of unnamed properties also applies to properties that only a branch names
                flat.properties[wire] = functools.reduce(combined, extras if known is None else [], merged)
            if seen.properties:
                flat.additional += _typed_extras(seen)
                inside = [inner for union in seen.unions for inner in union]
                waiting += [(inner, f"{number}Variant{nth}") for nth, inner in enumerate(inside, start=1)]
            elif _is_something_else(seen) or _typed_extras(seen):
                where = scope.variant(_variant_name(branch.schema, number))
                others.append(self.shape(branch, direction, where, trail))
        return others

    def _object(self, flat: Flat, part: Part, direction: Direction, scope: Scope) -> Object:
        key = f"{direction}:{flat.at}"
        if key in self.definitions:
            return reference(key)
        definition = Definition(key, "object", direction, flat.at, scope)
        self.definitions[key] = definition
        hidden = "writeOnly" if direction == "read" else "readOnly"
        shown = {
            wire: inner
            for wire, inner in flat.properties.items()
            if not (is_object(inner.schema) and inner.schema.get(hidden) is True)
        }
        names = distinct_identifiers(shown, reserved=RESERVED_ATTRIBUTES)
        properties: Object = {}
        documented: Object = {}
        for wire, inner in shown.items():
            properties[names[wire]] = self.shape(inner, direction, self._scope_of(wire, inner, key, part))
            documented[names[wire]] = describe(self.document, inner)
        extras = _typed_extras(flat)
        additional: Any = direction == "read" or False not in flat.additional
        if extras:
            inside = Scope(parent=key, segments=("AdditionalProperty",))
            additional = any_of([self.shape(extra, direction, inside) for extra in extras])
        definition.body = {
            "type": "object",
            "description": stripped(flat.keywords.get("description")),
            "properties": properties,
            "required": [names[wire] for wire in shown if direction == "read" or wire in flat.required],
            "additionalProperties": additional,
            "x-direction": direction,
            "x-wire": {names[wire]: wire for wire in shown},
            "x-documented": documented,
        }
        return reference(key)

    def _scope_of(self, wire: str, inner: Part, key: str, part: Part) -> Scope:
        """Return the scope of a property: the schema that declares it, not one that includes it."""
        segment = pascal("ld_" + wire[1:] if wire.startswith("@") else wire) or class_name(wire)
        if (
            inner.owner is not None
            and inner.owner != part.owner
            and inner.at.startswith(f"{COMPONENT}{inner.owner}/")
        ):
            return Scope(literal=f"{COMPONENT}{inner.owner}", segments=(segment,))
        return Scope(parent=key, segments=(segment,))


def enum_values(flat: Flat) -> list[Any]:
    """Return the distinct values of an enum, without null."""
    values: list[Any] = []
    for value in (value for listed in flat.enums for value in listed.schema):
        if value is not None and not _is_in(value, values):
            values.append(value)
    return values


def _is_in(value: Any, values: list[Any]) -> bool:
    """Return True if the values contain an equal value of the same type; 1, 1.0 and true differ."""
    return any(value == other and type(value) is type(other) for other in values)


def nullable(shape: Object) -> Object:
    """Return `shape` with null allowed."""
    return any_of([shape, {"type": "null"}]) if shape else shape


def any_of(shapes: list[Object]) -> Object:
    """Return the union of `shapes`; a union of any value with shapes that need no class is any value."""
    flat: list[Object] = []
    for shape in shapes:
        for inner in shape.get("anyOf", [shape]):
            if inner not in flat:
                flat.append(inner)
    if {} in flat and not any(needs_class(shape) or "const" in shape for shape in flat):
        return {}
    flat.sort(key=lambda shape: shape == {"type": "null"})
    return flat[0] if len(flat) == 1 else {"anyOf": flat} if flat else {}


def needs_class(shape: Object) -> bool:
    """Return True if a shape contains a reference to a definition."""
    return _EXTENSION in str(shape)


def describe(document: Object, part: Part) -> str:
    """Return the documentation of a property or parameter: description and constraints."""
    schema = part.schema if is_object(part.schema) else {}
    flat = flatten(document, part) if schema else Flat(at=part.at)
    pieces: list[str] = []
    own = stripped(schema.get("description")) or (
        "" if "$ref" in schema else stripped(flat.keywords.get("description"))
    )
    if own:
        pieces.append(own if own.endswith((".", "!", "?", ">")) else f"{own}.")
    if schema.get("deprecated") is True:
        pieces.append("Deprecated.")
    for keyword, words in _FACTS:
        value = flat.keywords.get(keyword)
        if value is not None and value is not False and not isinstance(value, dict | list):
            pieces.append(
                f"{words} `{json.dumps(value, default=str, ensure_ascii=False)}`.".replace('`"', "`").replace(
                    '"`', "`"
                )
            )
    return " ".join(pieces)


_FACTS = (
    ("format", "Format"),
    ("pattern", "Pattern"),
    ("minimum", "At least"),
    ("maximum", "At most"),
    ("exclusiveMinimum", "More than"),
    ("exclusiveMaximum", "Less than"),
    ("minLength", "Shortest length"),
    ("maxLength", "Greatest length"),
    ("minItems", "Fewest members"),
    ("maxItems", "Most members"),
    ("default", "The server's default is"),
    ("example", "Example:"),
)


def stripped(value: Any) -> str:
    """Return a text without surrounding blanks; empty for any other value."""
    return value.strip() if isinstance(value, str) else ""


def _constant(value: Any) -> Object:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return {"const": value}
    if value is None:
        return {"type": "null"}
    return (
        {"type": "boolean"}
        if isinstance(value, bool)
        else {"type": "number"}
        if isinstance(value, float)
        else {}
    )


def _typed_extras(flat: Flat) -> list[Part]:
    """Return the schemas of unnamed properties, except empty ones."""
    return [extra for extra in flat.additional if isinstance(extra, Part) and extra.schema]


def _types(flat: Flat) -> list[str]:
    if flat.types:
        return flat.types
    if flat.items:
        return ["array"]
    return ["object"] if flat.says_object else []


def _sole_reference(schema: Object) -> str | None:
    """Return the reference to which `schema` is equivalent, or None."""
    meaning = set(schema) - _BESIDE_REFERENCES
    meaning = {keyword for keyword in meaning if not keyword.startswith("x-")}
    if meaning == {"$ref"} and isinstance(schema["$ref"], str):
        target: str = schema["$ref"]
        return target
    if meaning == {"allOf"} and is_list(schema["allOf"]) and len(schema["allOf"]) == 1:
        inner = schema["allOf"][0]
        return _sole_reference(inner) if is_object(inner) and not inner.get("nullable") else None
    return None


def _is_something_else(flat: Flat) -> bool:
    """Return True if a branch is another type, not only a constraint on the object."""
    return bool(set(flat.types) - {"object"} or flat.unions or flat.items or flat.enums or flat.constants)


def _plain_type(name: str, flat: Flat) -> Object:
    if name == "string":
        text_format = flat.keywords.get("format")
        if flat.keywords.get("contentMediaType") == "application/octet-stream":
            text_format = "binary"
        return {"type": name, "format": text_format} if text_format in _KEPT_FORMATS else {"type": name}
    return {"type": name} if name in {"integer", "number", "boolean"} else {}


def _is_null(schema: Any) -> bool:
    return is_object(schema) and schema.get("type") in ("null", ["null"])


def _needs_class(schema: Any) -> bool:
    """Return True if a branch of a union may need a class and has no name."""
    if not is_object(schema) or "$ref" in schema:
        return False
    return bool(
        {"properties", "additionalProperties", "enum", "allOf", "oneOf", "anyOf", "items"} & set(schema)
    )


def _variant_name(schema: Any, number: int | str) -> str:
    title = schema.get("title") if is_object(schema) else None
    return (pascal(title) if isinstance(title, str) else "") or f"Variant{number}"
