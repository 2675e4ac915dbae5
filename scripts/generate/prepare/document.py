"""Assembly of the prepared description.

The result contains only what the raw client contains: operations with their facts, and the named schemas. `x-…`
members have what OpenAPI does not express (names on the wire, directions, discriminators).
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from scripts.descriptions import DescriptionError
from scripts.descriptions.pointers import lookup, pointer
from scripts.descriptions.values import Object, as_list, as_object, is_list, is_object
from scripts.generate.prepare.dialect import HYDRA_BASE, is_api_platform
from scripts.generate.prepare.flatten import COMPONENT, Part
from scripts.generate.prepare.kept import Kept
from scripts.generate.prepare.naming import Names, assign
from scripts.generate.prepare.operation_names import label, name_all
from scripts.generate.prepare.operations import collect, prepare_operation
from scripts.generate.prepare.shapes import LeftOut, Scope, Shaper, needs_class, referenced_key

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LeftOut", "Prepared", "prepare"]

GENERATED = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# keys of definitions that depend on the order of a list
_NUMBERED = re.compile(r"/(?:anyOf|oneOf|prefixItems|parameters)/\d")
# members whose references need no class: calls by the API, headers, and schemas that only exclude values
_ASIDE = frozenset(
    {
        "callbacks",
        "headers",
        "links",
        "encoding",
        "example",
        "examples",
        "default",
        "enum",
        "const",
        "discriminator",
        "not",
        "if",
        "$defs",
        "definitions",
        "contains",
        "propertyNames",
        "dependentSchemas",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contentSchema",
    }
)


@frozen
class Prepared:
    """A description ready for the generator.

    Attributes:
        document: The prepared description.
        left_out: The parts left out on purpose, each with its place and reason.
        kept: The names of all operations and classes.
    """

    document: Object
    left_out: tuple[LeftOut, ...]
    kept: Kept = field(factory=Kept)


def prepare(description: Any, kept: Kept | None = None) -> Prepared:
    """Prepare any OpenAPI 3.0 or 3.1 description.

    Args:
        description: The description.
        kept: Names from earlier runs, which are kept.

    Raises:
        DescriptionError: It is not an OpenAPI 3 document, or a reference has no target.
    """
    document = _checked(description)
    left_out: list[LeftOut] = []
    shaper = Shaper(document, left_out)
    operations = collect(document)
    kept = kept or Kept()
    name_all(document, operations, kept.operations)
    for operation in operations:
        prepare_operation(operation, shaper)
    _shape_unused(document, shaper, left_out)
    _set_class_roots(shaper)
    definitions = shaper.definitions
    names = assign(definitions, api_platform=is_api_platform(document), kept=kept.classes)
    paths: Object = {}
    for operation in operations:
        # the generator expects Python names in the path; the facts have the original path
        key = operation.facts["template"]
        # the generator knows only the methods of OpenAPI 3.1; the facts have the original method
        method = operation.method if operation.method in GENERATED else "post"
        while method in paths.get(key, {}):
            key += "/"
        paths.setdefault(key, {})[method] = _named(operation.prepared, names)
    info = as_object(document.get("info"))
    schemas = {
        names.of[key]: _named({**definition.body, "x-at": definition.at}, names)
        for key, definition in shaper.definitions.items()
        if key in names.of
    }
    prepared: Object = {
        "openapi": "3.1.0",
        "info": {"title": str(info.get("title") or "API"), "version": str(info.get("version") or "")},
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
        "x-discriminators": _discriminators(shaper, names),
    }
    given = Kept(
        {label(one): ".".join(filter(None, (one.version, one.directory, one.name))) for one in operations},
        # an index in a list may refer to another schema in the next description
        {
            key: names.of[names.same_as.get(key, key)]
            for key in definitions
            if ":#/components/schemas/" in key and not _NUMBERED.search(key)
        },
    )
    return Prepared(prepared, tuple(left_out), given)


def _checked(description: Any) -> Object:
    if not is_object(description) or not str(description.get("openapi", "")).startswith("3."):
        raise DescriptionError("not an OpenAPI 3 document: `openapi` must be `3.…`")
    for member in ("info", "paths", "components"):
        if description.get(member) is not None and not is_object(description[member]):
            raise DescriptionError(f"not an OpenAPI 3 document: `{member}` must be an object")
    if not any(is_object(description.get(member)) for member in ("paths", "components", "webhooks")):
        raise DescriptionError("not an OpenAPI 3 document: it has neither paths nor components nor webhooks")
    return description


def _shape_unused(document: Object, shaper: Shaper, left_out: list[LeftOut]) -> None:
    """Shape schemas that no operation uses; leave out those used only by a part that was left out."""
    schemas = as_object(as_object(document.get("components")).get("schemas"))
    kept = _mentioned(document, {entry.at for entry in left_out})
    mentioned = _mentioned(document, set())
    for component, schema in schemas.items():
        at = pointer("components", "schemas", str(component))
        keys = {f"read:{at}", f"request:{at}", f"enum:{at}"}
        if at in kept or keys & set(shaper.definitions):
            continue
        if at in mentioned:
            left_out.append(LeftOut(at, f"schema {component}", "used only in a media type that was left out"))
        elif HYDRA_BASE.match(str(component)):
            left_out.append(LeftOut(at, f"schema {component}", "a base schema that no other schema uses"))
        else:
            shape = shaper.shape(Part(schema, at, str(component)), "read", Scope(component=str(component)))
            why = "no operation uses it, and constants have no class"
            left_out.extend(LeftOut(place, f"value at {place}", why) for place in _constants(schema, at))
            if not needs_class(shape):
                why = "no operation uses it, and it has no class"
                left_out.append(LeftOut(at, f"schema {component}", why))


def _constants(schema: Any, at: str) -> Iterator[str]:
    """Yield the constants of a schema outside of its properties."""
    if not is_object(schema):
        return
    if "const" in schema:
        yield f"{at}/const"
    for keyword in ("allOf", "oneOf", "anyOf", "prefixItems"):
        for number, inner in enumerate(as_list(schema.get(keyword))):
            yield from _constants(inner, f"{at}/{keyword}/{number}")
    yield from _constants(schema.get("items"), f"{at}/items")


def _mentioned(document: Object, left_out: set[str]) -> set[str]:
    """Return the targets of all references that operations reach, except through `left_out`."""
    found: set[str] = set()
    waiting: list[tuple[str, Any]] = [("#/paths", document.get("paths"))]
    while waiting:
        at, node = waiting.pop()
        if at in left_out:
            continue
        if is_list(node):
            waiting.extend((f"{at}/{number}", value) for number, value in enumerate(node))
        elif is_object(node):
            target = node.get("$ref")
            if isinstance(target, str) and target not in found:
                found.add(target)
                # in a keyword that OpenAPI does not know, `$ref` is not a reference
                with suppress(DescriptionError):
                    waiting.append((target, lookup(document, target)))
            waiting.extend(
                (f"{at}{pointer(str(key))[1:]}", value)
                for key, value in node.items()
                if _is_relevant(at, str(key))
            )
    return found


def _is_relevant(at: str, key: str) -> bool:
    """Return True if a member can contain schemas that a client reads or sends; properties may have any name."""
    return at.endswith(("/properties", "/patternProperties")) or not (key in _ASIDE or key.startswith("x-"))


def _set_class_roots(shaper: Shaper) -> None:
    """Set the definition of a collection's members as the parent of the collection, which is named after them."""
    for definition in shaper.definitions.values():
        literal = definition.scope.literal
        if (
            literal is not None
            and literal.startswith(COMPONENT)
            and definition.scope.segments[:1] == ("Collection",)
        ):
            key = f"read:{literal}"
            if key in shaper.definitions:
                definition.scope = Scope(parent=key, segments=definition.scope.segments)


def _named(node: Any, names: Names) -> Any:
    """Replace the keys of definitions by class names."""
    if is_list(node):
        return [_named(value, names) for value in node]
    if not is_object(node):
        return node
    key = referenced_key(node)
    if key is not None:
        return {"$ref": COMPONENT + names.of[names.same_as.get(key, key)]}
    named = {name: _named(value, names) for name, value in node.items()}
    branches = named.get("anyOf")
    if is_list(branches):  # two definitions that became one class result in equal branches
        distinct = [branch for number, branch in enumerate(branches) if branch not in branches[:number]]
        return distinct[0] if len(distinct) == 1 else {**named, "anyOf": distinct}
    return named


def _discriminators(shaper: Shaper, names: Names) -> list[Object]:
    def name(key: str) -> str:
        return names.of[names.same_as.get(key, key)]

    return [
        {
            "classes": sorted({name(key) for key in keys}),
            "property": wire,
            "values": {value: name(key) for value, key in sorted(by_value.items())},
        }
        for keys, wire, by_value in shaper.discriminators
    ]
