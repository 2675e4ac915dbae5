"""Bundling of a description and the files that it refers to into one document with internal references only.

Parts of other files become components; unknown fields, and parts that the tools do not support, are reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from scripts.descriptions.errors import DescriptionError
from scripts.descriptions.normal import normalise
from scripts.descriptions.pointers import last, pointer
from scripts.descriptions.source import Source, split
from scripts.descriptions.values import as_list, as_object, is_object

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.descriptions.normal import Normal, Reference
    from scripts.descriptions.values import Json, Object

__all__ = ["NOT_SUPPORTED", "Bundle", "bundled"]

_SECTIONS = {
    "schema": "schemas",
    "response": "responses",
    "parameter": "parameters",
    "example": "examples",
    "requestBody": "requestBodies",
    "header": "headers",
    "securityScheme": "securitySchemes",
    "link": "links",
    "callback": "callbacks",
}
NOT_SUPPORTED = {
    ("mediaType", "itemSchema"): "a stream of items",
    ("mediaType", "prefixEncoding"): "parts by position",
    ("mediaType", "itemEncoding"): "parts by position",
    ("encoding", "encoding"): "parts inside of parts",
    ("encoding", "prefixEncoding"): "parts by position",
    ("encoding", "itemEncoding"): "parts by position",
    ("discriminator", "defaultMapping"): "an alternative for all other values",
}
"""Parts of OpenAPI 3.2 that the generated client does not support: kind and field, with their purpose."""


@frozen
class Bundle:
    """Document with internal references only, and its fields that OpenAPI does not define."""

    document: Object
    unknown: tuple[str, ...]


def bundled(path: Path, root: Json) -> Bundle:
    """Bundle a description into one document.

    Raises:
        UnresolvedError: A reference cannot be resolved.
        DescriptionError: It is not OpenAPI 3, or requires an unsupported feature.
    """
    source = Source(path, root)
    found = normalise(source)
    for one in found.newer:
        if (one.kind, one.name) in NOT_SUPPORTED:
            raise DescriptionError(
                f"{path}: {one.at}: `{one.name}` ({NOT_SUPPORTED[one.kind, one.name]}, OpenAPI 3.2) is not supported"
            )
    _mappings(source, found)
    _collect(source, found)
    _children(source.root, found.references)
    return Bundle(source.root, tuple(f"{one.at}: `{one.name}`" for one in found.unknown))


def _mappings(source: Source, found: Normal) -> None:
    """Treat the addresses in the mappings of discriminators as references."""
    known = {reference.goal for reference in found.references if reference.kind == "schema"}
    for at, schema in _schemas_with_discriminators(source, found):
        mapping = as_object(as_object(schema.get("discriminator")).get("mapping"))
        for value, target in mapping.items():
            if not isinstance(target, str) or not ("/" in target or "#" in target or "." in target):
                continue
            try:
                goal = source.target(target, at)
            except DescriptionError:
                continue
            if goal in known:
                mapping[value] = _Later(goal)


class _Later(str):
    """Target location of a mapping, until it has its place in the bundle."""

    __slots__ = ()


def _schemas_with_discriminators(source: Source, found: Normal) -> list[tuple[str, Object]]:
    """Find all schemas with a discriminator."""
    result: list[tuple[str, Object]] = []
    seen: set[int] = set()
    todo: list[tuple[str, Json]] = [("", source.root)]
    todo += [(one.goal, source.at(one.goal)) for one in found.references if split(one.goal)[0]]
    while todo:
        at, node = todo.pop()
        if id(node) in seen:
            continue
        if is_object(node):
            seen.add(id(node))
            if is_object(node.get("discriminator")):
                result.append((at, node))
            todo.extend((at, part) for part in node.values())
        todo.extend((at, part) for part in as_list(node))
    return result


def _collect(source: Source, found: Normal) -> None:
    """Assign every part of another file a place among the components, and write every reference in one form."""
    places: dict[tuple[str, str], str] = {}
    # targets are looked up before parts are moved
    nodes = {(one.kind, one.goal): source.at(one.goal) for one in found.references}
    names = _names(source, found)
    for (kind, goal), node in nodes.items():
        file, inside = split(goal)
        if not file:
            places[kind, goal] = pointer(*_keys(inside))
            continue
        components = source.root.setdefault("components", {})
        section = components.setdefault(_SECTIONS[kind], {})
        name = last(inside) if inside else file.rpartition("/")[2].rpartition(".")[0]
        wanted, number = name, 2
        while wanted in section:
            wanted, number = f"{name}{number}", number + 1
        wanted = names.get((kind, goal), wanted)
        section[wanted] = node
        places[kind, goal] = pointer("components", _SECTIONS[kind], wanted)
    for one in found.references:
        one.holder.pop(one.key, None)
        one.holder["$ref"] = places[one.kind, one.goal]
    for _, schema in _schemas_with_discriminators(source, found):
        mapping = as_object(as_object(schema.get("discriminator")).get("mapping"))
        for value, target in mapping.items():
            if isinstance(target, _Later):
                mapping[value] = places["schema", target]


def _names(source: Source, found: Normal) -> dict[tuple[str, str], str]:
    """Return the names that the document's own components give to parts of other files."""
    components = as_object(source.root.get("components"))
    entries = {
        id(entry): (kind, name)
        for kind, section in _SECTIONS.items()
        for name, entry in as_object(components.get(section)).items()
        if is_object(entry) and entry.keys() == {"$ref"}
    }
    names: dict[tuple[str, str], str] = {}
    for one in found.references:
        kind, name = entries.get(id(one.holder), ("", ""))
        if kind == one.kind and split(one.goal)[0]:
            names.setdefault((kind, one.goal), name)
    return names


def _keys(inside: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in inside.split("/")[1:]]


def _children(root: Object, references: list[Reference]) -> None:
    """Extend a reference to a parent with a discriminator to its children, which include it by `allOf`."""
    schemas = as_object(as_object(root.get("components")).get("schemas"))
    children: dict[str, list[str]] = {}
    included: set[int] = set()
    for name, schema in schemas.items():
        for part in as_list(as_object(schema).get("allOf")):
            if is_object(part) and isinstance(part.get("$ref"), str):
                included.add(id(part))
                children.setdefault(part["$ref"], []).append(pointer("components", "schemas", name))
    for one in references:
        if one.kind != "schema" or id(one.holder) in included or one.holder.get("$ref") not in children:
            continue
        target = one.holder["$ref"]
        parent = as_object(schemas.get(last(target)))
        discriminator = as_object(parent.get("discriminator"))
        if not isinstance(discriminator.get("propertyName"), str) or "oneOf" in parent or "anyOf" in parent:
            continue
        family = [*_descendants(target, children), target]
        written = as_object(discriminator.get("mapping"))
        named = {last(place): place for place in family if place not in written.values()}
        del one.holder["$ref"]
        one.holder["oneOf"] = [{"$ref": place} for place in family]
        one.holder["discriminator"] = {
            "propertyName": discriminator["propertyName"],
            "mapping": {**named, **written},
        }


def _descendants(parent: str, children: dict[str, list[str]]) -> list[str]:
    found: dict[str, None] = {}
    todo = [parent]
    while todo:
        for child in children.get(todo.pop(), ()):
            if child not in found:
                found[child] = None
                todo.append(child)
    return list(found)
