"""See through `allOf`: what one schema says once everything it includes is laid side by side.

Each property remembers where in the description it stands, so that what stands inside it can be named after
that place, and be named once although many schemas include it. Nothing is named here and nothing is left out.
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
"""Keywords that are laid side by side in ways of their own."""

_REMARKS = frozenset({"description", "example", "examples", "default", "readOnly", "writeOnly", "deprecated"})
"""Keywords that say nothing of what a value looks like."""


@define
class Part:
    """A schema, the JSON pointer to where it stands (`at`) and the component it is part of.

    What several places say together of one thing is a part that is `made_of` theirs.
    """

    schema: Any
    at: str
    owner: str | None
    made_of: tuple[Part, ...] = ()


@define
class Flat:
    """A schema with its `allOf`s, `$ref` siblings and spellings of null resolved.

    Attributes:
        types: The JSON types it names, without `null`; empty when it names none.
        nullable: Whether null is allowed, in any spelling of 3.0 or 3.1.
        properties: Its own and all included properties, in order, by their name on the wire.
        required: Names of the required properties.
        additional: What stands for unnamed properties: nothing said, a boolean, or schemas.
        unions: Every `oneOf` and `anyOf` found, each a list of branches.
        items: What stands for the members of an array.
        enums: Every list of allowed values found, with the place of each.
        constants: Every constant found, with the place of each.
        keywords: Everything else (format, default, description and so on); the last one said wins.
        says_object: Whether it speaks of properties at all.
        followed: How many references had been followed when it was begun.
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
    """Return the component that a pointer is in."""
    if at.startswith(COMPONENT):
        return at[len(COMPONENT) :].split("/", maxsplit=1)[0]
    return inherited


def flatten(document: Object, part: Part, trail: tuple[str, ...] = ()) -> Flat:
    """Lay `part` and all it includes side by side.

    Args:
        document: The description, for following references.
        part: The schema and where it stands.
        trail: References already followed on the way here; a circle of `allOf`s ends where it closes.
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
    for keyword in ("then", "else"):  # what is there under a condition is there, and nobody has to give it
        demanded = list(flat.required)
        _include(document, flat, Part(schema.get(keyword), f"{part.at}/{keyword}", part.owner), trail)
        flat.required = demanded


def _include_values(flat: Flat, part: Part) -> None:
    for keyword, value in part.schema.items():
        if keyword not in _SPREAD and (value or keyword != "description"):
            flat.keywords[keyword] = value
    if is_list(part.schema.get("enum")):  # what is allowed at one place may be narrowed at another
        values = [_as_meant(value, part.schema) for value in part.schema["enum"]]
        flat.enums.append(Part(values, f"{part.at}/enum", part.owner))
    if "const" in part.schema:
        flat.constants.append(Part(part.schema["const"], f"{part.at}/const", part.owner))


def _as_meant(value: Any, schema: Object) -> Any:
    """Convert a value to text if the type is text, since YAML may have taken it for something else."""
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
        others = [branch for branch in branches if _ref(branch.schema) not in trail]
        # `Cat` includes `Pet` whose `oneOf` names `Cat`: inside `Cat` that says nothing new
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
    """Merge two descriptions of one part; the fuller one has priority."""
    if old is None or not _says_something(old):
        return new
    if not _says_something(new):
        return old
    if new.schema == old.schema and new.made_of == old.made_of:
        says_values = new.at != old.at and {"enum", "const"} & set(new.schema)
        return together(old, new, at=old.at) if says_values else old
    if not new.made_of and set(new.schema) <= _REMARKS:
        return Part({**old.schema, **new.schema}, old.at, old.owner, old.made_of)
    return _side_by_side(old, new) if _has_parts(old) else new


def _says_something(part: Part) -> bool:
    return bool(part.made_of or (is_object(part.schema) and part.schema))


def _side_by_side(old: Part, new: Part) -> Part:
    # it is not what stands at either place: a definition made of it must not be taken for theirs. The same places
    # make the same part, however often a schema that includes itself puts them together
    pieces = {piece.at: piece for part in (old, new) for piece in part.made_of or (part,)}
    if len(old.made_of) == len(pieces):
        return old
    first = next(iter(new.made_of), new).at
    return together(*pieces.values(), at="#and".join([first, *sorted(pieces.keys() - {first})]))


def together(*parts: Part, at: str) -> Part:
    """Merge several parts into one, named after the part at `at`."""
    marks = ("readOnly", "writeOnly", "deprecated", "description")
    told = {mark: part.schema[mark] for part in parts for mark in marks if mark in part.schema}
    return Part(told, at, parts[-1].owner, parts)


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


def _ref(schema: Any) -> str | None:
    return schema.get("$ref") if is_object(schema) else None
