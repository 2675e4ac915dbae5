"""Flattening of `allOf`: a schema merged with all schemas that it includes.

Each property has the pointer to its declaration, so that nested schemas are named after that place, and only once
although many schemas include it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from attrs import define, field

from scripts.descriptions.pointers import lookup, pointer
from scripts.descriptions.values import Object, as_list, as_object, is_list, is_object

COMPONENT = "#/components/schemas/"
_SPREAD = frozenset(
    {"$ref", "allOf", "oneOf", "anyOf", "properties", "required", "items", "type", "enum", "const"}
)
"""Keywords with their own rules of merging."""

_REMARKS = frozenset({"description", "example", "examples", "default", "readOnly", "writeOnly", "deprecated"})
"""Keywords that do not constrain a value."""


@define
class Part:
    """Schema with its JSON pointer (`at`) and the component that contains it.

    A schema merged from several places has their parts in `made_of`.
    """

    schema: Any
    at: str
    owner: str | None
    made_of: tuple[Part, ...] = ()


@define
class Flat:
    """Schema with `allOf`, `$ref` siblings and null resolved.

    Attributes:
        types: The JSON types, without `null`; empty if not given.
        nullable: True if null is allowed, in the syntax of 3.0 or 3.1.
        properties: Own and included properties, in order, by name on the wire.
        required: Names of the required properties.
        additional: The booleans and schemas given for unnamed properties.
        unions: The branches of each `oneOf` and `anyOf`.
        items: The schemas of the items of an array.
        enums: The lists of allowed values, each with its place.
        constants: The constants, each with its place.
        keywords: All other keywords (format, default, description and so on); the last one wins.
        says_object: True if it has a keyword for properties.
        followed: The number of references followed before this schema.
    """

    at: str
    types: list[str] = field(factory=list[str])
    nullable: bool = False
    properties: dict[str, Part] = field(factory=dict[str, Part])
    required: list[str] = field(factory=list[str])
    additional: list[Part | bool] = field(factory=list[Part | bool])
    unions: list[list[Part]] = field(factory=list[list[Part]])
    items: list[Part] = field(factory=list[Part])
    enums: list[Part] = field(factory=list[Part])
    constants: list[Part] = field(factory=list[Part])
    keywords: Object = field(factory=Object)
    says_object: bool = False
    followed: int = 0


def owner_of(at: str, inherited: str | None) -> str | None:
    """Return the component that contains the target of a pointer."""
    if at.startswith(COMPONENT):
        return at[len(COMPONENT) :].split("/", maxsplit=1)[0]
    return inherited


def flatten(document: Object, part: Part, trail: tuple[str, ...] = ()) -> Flat:
    """Return `part` merged with all schemas that it includes.

    Args:
        document: The description, to resolve references.
        part: The schema.
        trail: The references that led here; they are not followed again.
    """
    flat = Flat(at=part.at, followed=len(trail))
    _include(document, flat, part, trail)
    return flat


def _include(document: Object, flat: Flat, part: Part, trail: tuple[str, ...]) -> None:
    schema = part.schema
    if not is_object(schema):
        return
    for piece in part.made_of:
        _include(document, flat, piece, trail)
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference not in trail:
        target = Part(lookup(document, reference), reference, owner_of(reference, part.owner))
        _include(document, flat, target, (*trail, reference))
    for number, included in enumerate(as_list(schema.get("allOf"))):
        _include(document, flat, Part(included, f"{part.at}/allOf/{number}", part.owner), trail)
    _include_types(flat, schema)
    _include_members(flat, part)
    _include_alternatives(flat, part, trail)
    _include_values(flat, part)
    for keyword in ("then", "else"):  # conditional properties exist but are never required
        required = list(flat.required)
        _include(document, flat, Part(schema.get(keyword), f"{part.at}/{keyword}", part.owner), trail)
        flat.required = required


def _include_values(flat: Flat, part: Part) -> None:
    for keyword, value in part.schema.items():
        if keyword not in _SPREAD and (value or keyword != "description"):
            flat.keywords[keyword] = value
    if is_list(part.schema.get("enum")):  # the list may be narrowed at another place
        values = [_as_text(value, part.schema) for value in part.schema["enum"]]
        flat.enums.append(Part(values, f"{part.at}/enum", part.owner))
    if "const" in part.schema:
        flat.constants.append(Part(part.schema["const"], f"{part.at}/const", part.owner))


def _as_text(value: Any, schema: Object) -> Any:
    """Convert a value to text if the type is text, since YAML may have read it as another type."""
    if value is None or isinstance(value, str) or set(_names(schema.get("type"))) - {"null"} != {"string"}:
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _names(types: Any) -> list[str]:
    return [name for name in (types if is_list(types) else [types]) if isinstance(name, str)]


def _include_members(flat: Flat, part: Part) -> None:
    schema: Object = part.schema
    for wire, value in as_object(schema.get("properties")).items():
        new = Part(value, f"{part.at}/properties{pointer(str(wire))[1:]}", part.owner)
        flat.properties[str(wire)] = combined(flat.properties.get(str(wire)), new)
    flat.says_object |= "properties" in schema or "additionalProperties" in schema
    for wire in as_list(schema.get("required")):
        if isinstance(wire, str) and wire not in flat.required:
            flat.required.append(wire)
    additional = schema.get("additionalProperties")
    if isinstance(additional, bool):
        flat.additional.append(additional)
    elif is_object(additional):
        flat.additional.append(Part(additional, f"{part.at}/additionalProperties", part.owner))
    for pattern, value in as_object(schema.get("patternProperties")).items():
        flat.additional.append(
            Part(value, f"{part.at}/patternProperties{pointer(str(pattern))[1:]}", part.owner)
        )


def _include_alternatives(flat: Flat, part: Part, trail: tuple[str, ...]) -> None:
    schema: Object = part.schema
    for keyword in ("oneOf", "anyOf"):
        branches = [
            Part(branch, f"{part.at}/{keyword}/{number}", part.owner)
            for number, branch in enumerate(as_list(schema.get(keyword)))
        ]
        others = [branch for branch in branches if reference_of(branch.schema) not in trail]
        # inside `Cat`, which includes `Pet`, the `oneOf` of `Pet` with its branch `Cat` adds nothing
        if others and (len(others) == len(branches) or len(trail) == flat.followed):
            flat.unions.append(others)
    for number, item in enumerate(as_list(schema.get("prefixItems"))):
        flat.items.append(Part(item, f"{part.at}/prefixItems/{number}", part.owner))
    if is_object(schema.get("items")):
        new = Part(schema["items"], f"{part.at}/items", part.owner)
        if flat.items and not schema.get("prefixItems"):
            flat.items = [combined(flat.items[0], new)]
        else:
            flat.items.append(new)


def _include_types(flat: Flat, schema: Object) -> None:
    types = _names(schema.get("type"))
    if schema.get("nullable") is True or "null" in types:
        flat.nullable = True
    values = schema.get("enum")
    if is_list(values) and None in values and (not types or "null" in types or schema.get("nullable")):
        flat.nullable = True
    types = [name for name in types if name != "null"]
    if types:
        flat.types = types


def combined(old: Part | None, new: Part) -> Part:
    """Merge two declarations of one property; the more complete one has priority."""
    if old is None or not _has_content(old):
        return new
    if not _has_content(new):
        return old
    if new.schema == old.schema and new.made_of == old.made_of:
        has_values = new.at != old.at and {"enum", "const"} & set(new.schema)
        return together(old, new, at=old.at) if has_values else old
    if not new.made_of and set(new.schema) <= _REMARKS:
        return Part({**old.schema, **new.schema}, old.at, old.owner, old.made_of)
    return _side_by_side(old, new) if _has_parts(old) else new


def _has_content(part: Part) -> bool:
    return bool(part.made_of or (is_object(part.schema) and part.schema))


def _side_by_side(old: Part, new: Part) -> Part:
    # the merged part needs a pointer of its own, since it differs from both. It is made from the sorted pointers, so
    # that a recursive schema that merges them again gets the same part
    pieces = {piece.at: piece for part in (old, new) for piece in part.made_of or (part,)}
    if len(old.made_of) == len(pieces):
        return old
    first = next(iter(new.made_of), new).at
    return together(*pieces.values(), at="#and".join([first, *sorted(pieces.keys() - {first})]))


def together(*parts: Part, at: str) -> Part:
    """Merge several parts into one, named after the part at `at`."""
    marks = ("readOnly", "writeOnly", "deprecated", "description")
    schema = {mark: part.schema[mark] for part in parts for mark in marks if mark in part.schema}
    return Part(schema, at, parts[-1].owner, parts)


def _has_parts(part: Part) -> bool:
    inside = {
        "$ref",
        "allOf",
        "oneOf",
        "anyOf",
        "properties",
        "items",
        "enum",
        "const",
        "additionalProperties",
    }
    return bool(part.made_of or inside & set(part.schema))


def reference_of(schema: Any) -> str | None:
    """Return the `$ref` of a schema, or None."""
    return schema.get("$ref") if is_object(schema) else None
