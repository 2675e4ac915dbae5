"""Content of a description, read independently of the preparation.

The audit has its own reader, so that it notices mistakes of the preparation: operations with parameters, bodies and
responses, and schemas with resolved references and compositions, each with its pointer.
"""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from scripts.descriptions.pointers import lookup, pointer, resolve
from scripts.descriptions.structure import operations_in
from scripts.descriptions.values import Object, as_list, as_object, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPOSED = ("allOf", "then", "else")


@frozen
class Place:
    """Schema with its pointer."""

    schema: Any
    at: str


@define
class Schema:
    """Schema with all schemas that it includes.

    Attributes:
        at: The pointer, with references resolved.
        properties: The declarations of each property, by name on the wire.
        items: The schemas of the items of an array.
        additional: The schemas of other keys.
        branches: The branches of `oneOf` and `anyOf`.
        values: The lists of allowed values, each with its place.
    """

    at: str
    properties: dict[str, list[Place]] = field(factory=dict[str, list[Place]])
    items: list[Place] = field(factory=list[Place])
    additional: list[Place] = field(factory=list[Place])
    branches: list[Place] = field(factory=list[Place])
    values: list[tuple[str, list[Any]]] = field(factory=list[tuple[str, list[Any]]])


@frozen
class MediaType:
    """Media type of a body or a response."""

    media_type: str
    schema: Any
    at: str


@frozen
class Parameter:
    """Declared parameter."""

    place: str
    name: str
    at: str
    schema: Any
    schema_at: str


@frozen
class Answer:
    """Declared response."""

    status: str
    media: tuple[MediaType, ...]
    at: str


@frozen
class Operation:
    """Declared operation."""

    method: str
    path: str
    at: str
    parameters: tuple[Parameter, ...]
    bodies: tuple[MediaType, ...]
    answers: tuple[Answer, ...]


def operations(document: Object) -> Iterator[Operation]:
    """Yield all operations."""
    for path, raw in as_object(document.get("paths")).items():
        item = resolve(document, raw)
        if not is_object(item):
            continue
        for method, keys, source in operations_in(item):
            yield _operation(document, str(path), method, item, (pointer("paths", str(path), *keys), source))


def _operation(
    document: Object, path: str, method: str, item: Object, place: tuple[str, Object]
) -> Operation:
    at, source = place
    parameters = {
        **_parameters(document, item.get("parameters"), pointer("paths", path)),
        **_parameters(document, source.get("parameters"), at),
    }
    raw_body = source.get("requestBody")
    body_at = raw_body["$ref"] if is_object(raw_body) and "$ref" in raw_body else f"{at}/requestBody"
    answers: list[Answer] = []
    for status, raw in as_object(source.get("responses")).items():
        if str(status).startswith("x-"):
            continue
        answer_at = (
            raw["$ref"] if is_object(raw) and "$ref" in raw else f"{at}/responses{pointer(str(status))[1:]}"
        )
        code = str(status).upper() if str(status).upper().endswith("XX") else str(status)
        answers.append(Answer(code, _media(resolve(document, raw), answer_at), answer_at))
    return Operation(
        method=method,
        path=path,
        at=at,
        parameters=tuple(parameters.values()),
        bodies=_media(resolve(document, raw_body), body_at),
        answers=tuple(answers),
    )


def _parameters(document: Object, listed: Any, at: str) -> dict[tuple[str, str], Parameter]:
    found: dict[tuple[str, str], Parameter] = {}
    for number, raw in enumerate(listed if is_list(listed) else []):
        declared = resolve(document, raw)
        where = raw["$ref"] if is_object(raw) and "$ref" in raw else f"{at}/parameters/{number}"
        schema, schema_at = declared.get("schema"), f"{where}/schema"
        content = declared.get("content")
        if schema is None and is_object(content) and content:
            media = next(iter(content))
            schema, schema_at = (
                as_object(content[media]).get("schema"),
                f"{where}/content{pointer(media)[1:]}/schema",
            )
        key = (str(declared["in"]), str(declared["name"]))
        found[key] = Parameter(*key, where, schema, schema_at)
    return found


def _media(holder: Any, at: str) -> tuple[MediaType, ...]:
    content = holder.get("content") if is_object(holder) else None
    if not is_object(content):
        return ()
    return tuple(
        MediaType(str(media), as_object(value).get("schema"), f"{at}/content{pointer(str(media))[1:]}")
        for media, value in content.items()
    )


def called_by_the_api(document: Object) -> Iterator[tuple[str, str]]:
    """Yield the webhooks and callbacks, which the API calls."""
    for name, item in as_object(document.get("webhooks")).items():
        for method, keys, _ in operations_in(as_object(item)):
            yield pointer("webhooks", str(name), *keys), f"webhook {name} {method}"
    for operation in operations(document):
        source = lookup(document, operation.at)
        for name, raw in as_object(source.get("callbacks")).items():
            callback = resolve(document, raw)
            for address, item in as_object(callback).items():
                for method, keys, _ in operations_in(as_object(item)):
                    where = f"{operation.at}/callbacks{pointer(str(name), str(address), *keys)[1:]}"
                    yield where, f"callback {name} {method}"


def components(document: Object) -> Iterator[tuple[str, str, Any]]:
    """Yield all named schemas."""
    for name, schema in as_object(as_object(document.get("components")).get("schemas")).items():
        yield str(name), pointer("components", "schemas", str(name)), schema


def see_through(document: Object, schema: Any, at: str) -> Schema:
    """Return a schema merged with all schemas that it includes."""
    followed: set[str] = set()
    while is_object(schema) and set(schema) == {"$ref"}:
        target = str(schema["$ref"])
        if target in followed:  # a cycle of aliases
            break
        followed.add(target)
        at, schema = target, lookup(document, target)
    seen = Schema(at)
    _collect(document, schema, at, seen, set())
    return seen


def _collect(document: Object, schema: Any, at: str, seen: Schema, trail: set[str]) -> None:
    if not is_object(schema) or at in trail:
        return
    trail.add(at)
    target = schema.get("$ref")
    if isinstance(target, str):
        _collect(document, lookup(document, target), target, seen, trail)
    for keyword in _COMPOSED:
        included = schema.get(keyword)
        for number, part in enumerate(included if is_list(included) else [included]):
            where = f"{at}/{keyword}/{number}" if is_list(included) else f"{at}/{keyword}"
            _collect(document, part, where, seen, trail)
    _collect_members(schema, at, seen)
    for keyword in ("oneOf", "anyOf"):
        for number, branch in enumerate(as_list(schema.get(keyword))):
            seen.branches.append(Place(branch, f"{at}/{keyword}/{number}"))
    seen.values.extend(_values(schema, at))


def _values(schema: Object, at: str) -> Iterator[tuple[str, list[Any]]]:
    values = schema.get("enum")
    if is_list(values):
        yield f"{at}/enum", [_plain(value, schema) for value in values if value is not None]
    if schema.get("const") is not None:
        yield f"{at}/const", [schema["const"]]


def _collect_members(schema: Object, at: str, seen: Schema) -> None:
    for wire, value in as_object(schema.get("properties")).items():
        place = Place(value, f"{at}/properties{pointer(str(wire))[1:]}")
        seen.properties.setdefault(str(wire), []).append(place)
    if is_object(schema.get("items")):
        seen.items.append(Place(schema["items"], f"{at}/items"))
    for number, item in enumerate(as_list(schema.get("prefixItems"))):
        seen.items.append(Place(item, f"{at}/prefixItems/{number}"))
    if is_object(schema.get("additionalProperties")):
        seen.additional.append(Place(schema["additionalProperties"], f"{at}/additionalProperties"))
    for pattern, value in as_object(schema.get("patternProperties")).items():
        seen.additional.append(Place(value, f"{at}/patternProperties{pointer(str(pattern))[1:]}"))


def _plain(value: Any, schema: Object) -> Any:
    """Convert a value to text if the type is text, since YAML may have read it as another type."""
    named = schema.get("type")
    types = {name for name in (named if is_list(named) else [named]) if name != "null"}
    if types == {"string"} and not isinstance(value, str):
        if isinstance(value, dt.date):
            return value.isoformat()
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


@frozen
class Declaration:
    """Property or list of allowed values anywhere in a schema.

    Attributes:
        at: The pointer.
        name: The property's name on the wire (it may be empty), or None.
        values: The allowed values, or empty.
    """

    at: str
    name: str | None = None
    values: tuple[Any, ...] = ()


def all_declarations(document: Object) -> Iterator[Declaration]:
    """Yield every property and list of values, in named and in inline schemas."""
    for _, at, schema in components(document):
        yield from _declarations(schema, at)
    for operation in operations(document):
        for parameter in operation.parameters:
            yield from _declarations(parameter.schema, parameter.schema_at)
        for media in itertools.chain(operation.bodies, *(answer.media for answer in operation.answers)):
            yield from _declarations(media.schema, f"{media.at}/schema")


def _declarations(schema: Any, at: str) -> Iterator[Declaration]:
    """Yield every property and list of values in one schema, without following references."""
    if not is_object(schema):
        return
    for wire, value in as_object(schema.get("properties")).items():
        where = f"{at}/properties{pointer(str(wire))[1:]}"
        yield Declaration(where, name=str(wire))
        yield from _declarations(value, where)
    for place, values in _values(schema, at):
        yield Declaration(place, values=tuple(values))
    for keyword in ("items", "additionalProperties", "then", "else"):
        yield from _declarations(schema.get(keyword), f"{at}/{keyword}")
    for keyword in ("allOf", "oneOf", "anyOf", "prefixItems"):
        for number, part in enumerate(as_list(schema.get(keyword))):
            yield from _declarations(part, f"{at}/{keyword}/{number}")
    for pattern, value in as_object(schema.get("patternProperties")).items():
        yield from _declarations(value, f"{at}/patternProperties{pointer(str(pattern))[1:]}")
