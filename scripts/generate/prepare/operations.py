"""Preparation of operations: parameters, bodies and responses.

The member `x-operation` has the facts that the generator does not keep (names on the wire, styles, media types).
Operations are named in `scripts.generate.prepare.operation_names`.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from attrs import define, field

from scripts.descriptions import DescriptionError
from scripts.descriptions.pointers import pointer, resolve
from scripts.descriptions.structure import operations_in
from scripts.descriptions.values import Object, as_object, is_list, is_object
from scripts.generate.prepare.dialect import is_api_platform
from scripts.generate.prepare.flatten import Flat, Part, flatten, owner_of
from scripts.generate.prepare.media import kind_of, preferred
from scripts.generate.prepare.names import (
    distinct_identifiers,
    module_name,
    pascal,
    property_identifier,
)
from scripts.generate.prepare.shapes import LeftOut, Scope, Shaper, describe, referenced_key, stripped

RESERVED_PARAMETERS = frozenset(
    {"client", "url", "body", "headers", "params", "self", "request", "response", "answer", "errors", "httpx",
     "cast", "add_query", "add_header", "add_cookie", "path_part", "form_fields", "form_parts", "form_text", "json_of",
     "body_media_type", "query_text", "send_empty_form", "write_value"}
)  # fmt: skip
"""Names used in the functions of an operation's module."""
_LOCATIONS = ("path", "query", "header", "cookie")
_STYLES = frozenset({"deepObject", "form", "label", "matrix", "pipeDelimited", "simple", "spaceDelimited"})
_IGNORED_HEADERS = {"accept", "content-type", "authorization"}
_SCALARS = {"string", "integer", "number", "boolean"}
_TEMPLATE = re.compile(r"{([^{}]+)}")


@define
class Operation:
    """Operation while it is prepared."""

    path: str
    method: str
    source: Object
    at: str
    parameters: list[tuple[Object, str]]
    name: str = ""
    directory: str = ""
    version: str = ""
    sent_as: str = ""
    facts: Object = field(factory=Object)
    prepared: Object = field(factory=Object)


def collect(document: Object) -> list[Operation]:
    """Return all operations, with the parameters of their path."""
    found: list[Operation] = []
    for path, raw in as_object(document.get("paths")).items():
        item = resolve(document, raw)
        if not is_object(item):
            continue
        shared = _parameters(document, item, pointer("paths", str(path)))
        for method, keys, source in operations_in(item):
            at = pointer("paths", str(path), *keys)
            merged = {**shared, **_parameters(document, source, at)}
            found.append(
                Operation(str(path), method.lower(), source, at, list(merged.values()), sent_as=method)
            )
    return found


def _parameters(document: Object, node: Object, at: str) -> dict[tuple[str, str], tuple[Object, str]]:
    result: dict[tuple[str, str], tuple[Object, str]] = {}
    listed = node.get("parameters")
    for number, raw in enumerate(listed if is_list(listed) else []):
        parameter = resolve(document, raw)
        if not is_object(parameter) or "name" not in parameter or parameter.get("in") not in _LOCATIONS:
            if is_object(parameter) and parameter.get("in") == "querystring":
                raise DescriptionError(
                    f"{at}/parameters/{number}: `in: querystring` (OpenAPI 3.2) is not supported"
                )
            raise DescriptionError(
                f"{at}/parameters/{number} is not a parameter: it must have `name` and a known `in`"
            )
        where = raw.get("$ref", f"{at}/parameters/{number}")
        result[str(parameter["in"]), str(parameter["name"])] = (parameter, where)
    return result


def prepare_operation(operation: Operation, shaper: Shaper) -> None:
    """Prepare parameters, body and responses of an operation."""
    document = shaper.document
    parameters = _prepare_parameters(operation, shaper)
    body, request_media = _prepare_body(operation, shaper)
    responses, response_facts = _prepare_responses(operation, shaper)
    source = operation.source
    template = operation.path
    for fact in parameters:
        if fact["in"] == "path":
            template = template.replace("{" + fact["wire"] + "}", "{" + fact["python"] + "}")
    secured = source.get("security", document.get("security"))
    operation.facts = {
        "name": ".".join(filter(None, (operation.version, operation.name))),
        "module": ".".join(
            filter(None, (operation.version, operation.directory, module_name(operation.name)))
        ),
        "operation_id": str(source.get("operationId") or operation.name),
        "method": operation.sent_as or operation.method.upper(),
        "path": operation.path,
        "tag": str((source.get("tags") or [""])[0]),
        "accept": _accept(
            response_facts, usual="application/ld+json" if is_api_platform(document) else "*/*"
        ),
        "bodies": request_media,
        "responses": response_facts,
        "parameters": parameters,
        "template": template,
        "deprecated": source.get("deprecated") is True,
        "at": operation.at,
    }
    operation.prepared = {
        # the generator has no nested packages; `scripts.generate.launcher` moves the module
        "operationId": "_".join(filter(None, (operation.version, operation.name))),
        "tags": ["_".join(filter(None, (operation.version, operation.directory)))],
        "summary": stripped(source.get("summary")),
        "description": stripped(source.get("description")),
        "parameters": [
            {
                "name": fact["python"],
                "in": fact["in"],
                "required": fact["required"],
                "schema": fact.pop("schema"),
            }
            for fact in parameters
        ],
        "responses": responses,
        "x-operation": operation.facts,
    }
    if is_list(secured) and any(secured):
        operation.prepared["security"] = [{"token": []}]
    if body:
        operation.prepared["requestBody"] = body


def _accept(responses: list[Object], usual: str) -> str:
    """Return the `Accept` header: media types of successful responses first, JSON before `*/*`."""
    ordered = sorted(responses, key=lambda fact: not str(fact["status"]).startswith("2"))
    media = [fact["media_type"] for fact in ordered if fact["media_type"]]
    if "*/*" in media and "application/json" not in media:
        media.insert(media.index("*/*"), "application/json")
    return ", ".join(dict.fromkeys(media)) or usual


def _prepare_parameters(operation: Operation, shaper: Shaper) -> list[Object]:
    in_path = _TEMPLATE.findall(operation.path)
    kept: list[tuple[Object, str]] = []
    for parameter, at in operation.parameters:
        wire, place = str(parameter["name"]), parameter["in"]
        what = f"{operation.method.upper()} {operation.path}: parameter {wire} in {place}"
        if place == "path" and wire not in in_path:
            shaper.left_out.append(LeftOut(at, what, "the path does not contain it"))
        elif place == "header" and wire.lower() in _IGNORED_HEADERS:
            shaper.left_out.append(
                LeftOut(at, what, "the client sets this header; OpenAPI ignores such parameters")
            )
        else:
            kept.append((parameter, at))
    declared = {str(parameter["name"]) for parameter, _ in kept if parameter["in"] == "path"}
    for wire in in_path:
        if wire not in declared:
            declared.add(wire)
            kept.append(({"name": wire, "in": "path", "schema": {"type": "string"}}, operation.at))
    kept.sort(key=lambda entry: _LOCATIONS.index(entry[0]["in"]))
    ambiguous = {
        python
        for python, count in Counter(
            property_identifier(str(parameter["name"])) for parameter, _ in kept
        ).items()
        if count > 1
    }
    labels = [_label(parameter, ambiguous, kept) for parameter, _ in kept]
    pythons = distinct_identifiers(labels, reserved=RESERVED_PARAMETERS)
    facts: list[Object] = []
    for (parameter, at), label in zip(kept, labels, strict=True):
        facts.append(_parameter_facts(operation, parameter, at, pythons[label], shaper))
    order = {wire: number for number, wire in enumerate(in_path)}
    facts.sort(
        key=lambda fact: (
            _LOCATIONS.index(fact["in"]),
            order.get(fact["wire"], 0) if fact["in"] == "path" else 0,
        )
    )
    return facts


def _label(parameter: Object, ambiguous: set[str], kept: list[tuple[Object, str]]) -> str:
    """Return the name of a parameter, with its location if the name is used in several locations."""
    wire = str(parameter["name"])
    same = [other for other, _ in kept if other["name"] == wire]
    if property_identifier(wire) in ambiguous and len(same) > 1 and parameter["in"] != same[0]["in"]:
        return f"{wire} {parameter['in']}"
    return wire


def _parameter_facts(operation: Operation, parameter: Object, at: str, python: str, shaper: Shaper) -> Object:
    schema, where, as_json = parameter.get("schema"), f"{at}/schema", False
    content = parameter.get("content")
    if schema is None and is_object(content) and content:
        media = next(iter(content))
        schema, where = as_object(content[media]).get("schema"), f"{at}/content{pointer(media)[1:]}/schema"
        as_json = kind_of(media) == "json"
    part = Part(schema if is_object(schema) else {}, where, owner_of(where, None))
    wire, place = str(parameter["name"]), str(parameter["in"])
    scope = Scope(literal=pascal(f"{operation.version} {operation.name}"), segments=(pascal(python),))
    style = str(parameter.get("style") or ("form" if place in {"query", "cookie"} else "simple"))
    _check_style(style, at)
    # before 3.2, it had no meaning outside of the query
    is_newest = str(shaper.document.get("openapi")).startswith("3.2")
    if parameter.get("allowReserved") is True and place != "query" and is_newest:
        raise DescriptionError(f"{at}: `allowReserved` in the {place} (OpenAPI 3.2) is not supported")
    explode = parameter.get("explode")
    shape = shaper.shape(part, "request", scope)
    flat = flatten(shaper.document, part)
    description = stripped(parameter.get("description"))
    constraints = describe(
        shaper.document, Part({**part.schema, "description": ""}, where, part.owner) if part.schema else part
    )
    return {
        "python": python,
        "wire": wire,
        "in": place,
        "style": style,
        # the key `product[]` is always repeated, whatever `explode` is (reference section 3.14)
        "explode": _explodes(wire, explode, style),
        "json": as_json,
        "reserved": parameter.get("allowReserved") is True,
        "delimited": not _explodes(wire, explode, style) and not set(flat.types) <= _SCALARS,
        "required": place == "path" or parameter.get("required") is True,
        "description": " ".join(filter(None, [_sentence(description), constraints])),
        "deprecated": parameter.get("deprecated") is True,
        "nullable": flat.nullable,
        "schema": shape,
        "at": at,
    }


def _check_style(style: str, at: str) -> None:
    if style not in _STYLES:
        newest = " (OpenAPI 3.2)" if style == "cookie" else ""
        raise DescriptionError(f"{at}: `style: {style}`{newest} is not supported")


def _explodes(wire: str, explode: Any, style: str) -> bool:
    return wire.endswith("[]") or (explode if isinstance(explode, bool) else style == "form")


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?", ">")) else f"{text}."


def _prepare_body(operation: Operation, shaper: Shaper) -> tuple[Object, list[Object]]:
    raw = operation.source.get("requestBody")
    body = resolve(shaper.document, raw)
    if not is_object(body) or not is_object(body.get("content")) or not body["content"]:
        return {}, []
    at = raw["$ref"] if is_object(raw) and "$ref" in raw else f"{operation.at}/requestBody"
    content: dict[str, Any] = body["content"]
    best = preferred(content, method=operation.method, request=True)
    ordered = sorted(content, key=lambda media: media != best)
    first = ordered[0]
    prepared: Object = {}
    facts: list[Object] = []
    shapes: list[Object] = []
    for media in ordered:
        schema = as_object(content[media]).get("schema")
        where = f"{at}/content{pointer(media)[1:]}"
        what = f"{operation.method.upper()} {operation.path}: request body as {media}"
        kind = kind_of(media)
        alternative = LeftOut(where, what, f"alternative media type; the body is sent as {first}")
        if facts and (
            kind in {"text", *(fact["kind"] for fact in facts)}
            or (kind != "binary" and schema == as_object(content[first]).get("schema"))
        ):
            shaper.left_out.append(alternative)
            continue
        if kind in {"text", "binary"}:
            shaper.left_out.append(
                LeftOut(f"{where}/schema", f"{what}: schema", "it is sent as text or bytes")
            )
        shape = _body_shape(operation, schema, f"{where}/schema", kind, shaper, alone=not facts)
        if facts and (shape in shapes or (kind != "binary" and referenced_key(shape) is None)):
            shaper.left_out.append(alternative)
            continue
        shapes.append(shape)
        prepared[media] = {"schema": shape}
        encoding = _encoding(as_object(content[media]).get("encoding"), f"{where}/encoding")
        facts.append({"media_type": media, "kind": kind, "at": where, "encoding": encoding})
    required = body.get("required") is True
    return {"content": prepared, "required": required}, [{**fact, "required": required} for fact in facts]


def _encoding(declared: Any, at: str) -> dict[str, Object]:
    """Return the encoding of form fields that differs from the default."""
    found: dict[str, Object] = {}
    for name, how in as_object(declared).items():
        facts: Object = {}
        content_type = as_object(how).get("contentType")
        if isinstance(content_type, str):
            facts["content_type"] = content_type
        for key in ("style", "explode", "allowReserved"):
            if key in as_object(how):
                facts[{"allowReserved": "reserved"}.get(key, key)] = how[key]
        if "style" in facts or "explode" in facts:
            style = str(facts.get("style") or "form")
            _check_style(style, f"{at}{pointer(str(name))[1:]}")
            facts = {**facts, "style": style, "explode": _explodes("", facts.get("explode"), style)}
        if facts:
            found[str(name)] = facts
    return found


def _body_shape(
    operation: Operation, schema: Any, where: str, kind: str, shaper: Shaper, *, alone: bool
) -> Object:
    if kind in {"text", "binary"}:
        return {"type": "string", "format": "binary"}
    part = Part(schema if is_object(schema) else {}, where, owner_of(where, None))
    scope = Scope(
        literal=pascal(f"{operation.version} {operation.name}"),
        segments=("Body",) if alone else (pascal(kind), "Body"),
    )
    return shaper.shape(part, "request", scope)


def _prepare_responses(operation: Operation, shaper: Shaper) -> tuple[Object, list[Object]]:
    prepared: Object = {}
    facts: list[Object] = []
    for raw_status, raw in as_object(operation.source.get("responses")).items():
        status = str(raw_status)
        if status.startswith("x-"):
            continue
        status = status.upper() if status.upper().endswith("XX") else status
        response = resolve(shaper.document, raw)
        response = response if is_object(response) else {}
        at = (
            raw["$ref"]
            if is_object(raw) and "$ref" in raw
            else f"{operation.at}/responses{pointer(str(raw_status))[1:]}"
        )
        content = as_object(response.get("content"))
        media = preferred(content, method=operation.method, request=False)
        for other in content:
            if other != media:
                what = f"{operation.method.upper()} {operation.path}: {status} as {other}"
                where = f"{at}/content{pointer(other)[1:]}"
                shaper.left_out.append(
                    LeftOut(
                        where,
                        what,
                        f"alternative representation; the response is requested as {media}",
                    )
                )
        entry: Object = {"description": stripped(response.get("description"))}
        kind = "none"
        if media is not None:
            where = f"{at}/content{pointer(media)[1:]}/schema"
            part = Part(as_object(as_object(content[media]).get("schema")), where, owner_of(where, None))
            kind, shape = _response_shape(operation, status, media, part, shaper)
            if kind in {"text", "binary"}:
                shaper.left_out.append(
                    LeftOut(where, f"{status} as {media}: schema", "it is returned as text or bytes")
                )
            entry["content"] = {media: {"schema": shape}}
        prepared[status] = entry
        facts.append(
            {
                "status": status,
                "media_type": media,
                "kind": kind,
                "description": entry["description"],
                "at": at,
            }
        )
    return prepared or {"default": {"description": ""}}, facts


def _response_shape(
    operation: Operation, status: str, media: str, part: Part, shaper: Shaper
) -> tuple[str, Object]:
    kind = kind_of(media)
    flat = flatten(shaper.document, part)
    if kind in {"binary", "form", "multipart"} or (
        flat.keywords.get("format") == "binary" and kind == "json"
    ):
        return "binary", {"type": "string", "format": "binary"}
    if kind == "text":
        return "text", {"type": "string"}
    return "json", shaper.shape(part, "read", _response_scope(operation, status, flat, shaper))


def _response_scope(operation: Operation, status: str, flat: Flat, shaper: Shaper) -> Scope:
    """Return the scope of an inline response: the members of a collection, otherwise the operation."""
    member = flat.properties.get("member") or flat.properties.get("hydra:member")
    items = flatten(shaper.document, member).items if member is not None else []
    target = as_object(items[-1].schema).get("$ref") if items else None
    if isinstance(target, str):
        return Scope(literal=f"{target}", segments=("Collection",))
    success = [code for code in as_object(operation.source.get("responses")) if str(code).startswith("2")]
    ending = "Response" if status.startswith("2") and len(success) == 1 else f"Response{status.title()}"
    return Scope(literal=pascal(f"{operation.version} {operation.name}"), segments=(ending,))
