"""Name the operations and their parameters, and reduce what each takes and answers.

Operation names come from the method and the resource (`list_offers`, `bulk_create_orders`) where API Platform made up
the operation ids, and from the authored operation id or the path where not. Everything of an operation that the
generator does not keep (the names on the wire, the styles, the media types) travels in its `x-operation` member.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

from attrs import define, field

from scripts.prepare.dialect import generated_verb, is_api_platform, without_prefix
from scripts.prepare.flatten import Part, flatten, owner_of
from scripts.prepare.media import kind_of, preferred
from scripts.prepare.names import (
    distinct_identifiers,
    identifier,
    pascal,
    plural,
    property_identifier,
    singular,
    snake,
)
from scripts.prepare.references import DescriptionError, Json, pointer, resolve
from scripts.prepare.shapes import LeftOut, Shaper, Stand, describe, referenced_key

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
RESERVED_PARAMETERS = frozenset(
    {"client", "url", "body", "headers", "params", "self", "request", "response", "answer", "errors", "httpx", "cast",
     "add_query", "add_header", "add_cookie", "path_part", "form_fields", "form_parts", "write_value"}
)  # fmt: skip
"""Names that the functions of an operation's module use themselves."""
_LOCATIONS = ("path", "query", "header", "cookie")
_IGNORED_HEADERS = {"accept", "content-type", "authorization"}
_TEMPLATE = re.compile(r"{([^{}]+)}")
_VERBS = {
    "get_collection": "list",
    "get": "get",
    "post": "create",
    "patch": "update",
    "put": "replace",
    "delete": "delete",
}


@define
class Operation:
    """One operation on its way into the prepared description."""

    path: str
    method: str
    source: Json
    at: str
    parameters: list[tuple[Json, str]]
    name: str = ""
    directory: str = ""
    facts: Json = field(factory=dict)
    prepared: Json = field(factory=dict)


def collect(document: Json) -> list[Operation]:
    """Find all operations, with the parameters of their path."""
    found: list[Operation] = []
    for path, raw in (document.get("paths") or {}).items():
        item = resolve(document, raw)
        if not isinstance(item, dict):
            continue
        for method in METHODS:
            source = item.get(method)
            if isinstance(source, dict):
                at = pointer("paths", str(path), method)
                shared = _parameters(document, item, pointer("paths", str(path)))
                own = _parameters(document, source, at)
                merged = {**shared, **own}
                found.append(Operation(str(path), method, source, at, list(merged.values())))
    return found


def _parameters(document: Json, node: Json, at: str) -> dict[tuple[str, str], tuple[Json, str]]:
    result: dict[tuple[str, str], tuple[Json, str]] = {}
    listed = node.get("parameters")
    for number, raw in enumerate(listed if isinstance(listed, list) else []):
        parameter = resolve(document, raw)
        if (
            not isinstance(parameter, dict)
            or "name" not in parameter
            or parameter.get("in") not in _LOCATIONS
        ):
            raise DescriptionError(
                f"{at}/parameters/{number} is no parameter: it needs a name and a known place"
            )
        where = raw["$ref"] if "$ref" in raw else f"{at}/parameters/{number}"
        result[str(parameter["in"]), str(parameter["name"])] = (parameter, where)
    return result


def name_all(document: Json, operations: list[Operation]) -> None:
    """Give every operation its name and the folder it goes to, all names different."""
    api_platform = is_api_platform(document)
    tags = {_tag(operation) for operation in operations}
    nouns: dict[str, set[str]] = defaultdict(set)
    for tag in tags:
        nouns[identifier(without_prefix(tag))].add(tag)
    for operation in operations:
        tag = _tag(operation)
        short = without_prefix(tag) if api_platform else tag
        noun = identifier(short if not api_platform or len(nouns[identifier(short)]) == 1 else tag)
        operation.directory = identifier(short)
        operation.name = _name(operation, noun.rstrip("_"), api_platform=api_platform)
    _tell_apart(operations)


def _tag(operation: Operation) -> str:
    tags = operation.source.get("tags")
    if isinstance(tags, list) and tags:
        return str(tags[0])
    if generated_verb(str(operation.source.get("operationId", ""))):
        static = [
            part
            for part in operation.path.split("/")
            if part and "{" not in part and not part.startswith("_")
        ]
        return pascal(singular(static[-1])) if static else "Default"
    return "default"


def _name(operation: Operation, noun: str, *, api_platform: bool) -> str:
    given = operation.source.get("operationId")
    authored = given.strip() if isinstance(given, str) else ""
    verb = generated_verb(authored) if api_platform else None
    if verb is None:
        return (
            identifier(authored)
            if authored
            else identifier(f"{operation.method} {_path_words(operation.path)}")
        )
    last = operation.path.rstrip("/").rpartition("/")[2]
    action = _VERBS[verb]
    if last.startswith("_"):
        many = plural(noun) if verb in {"post", "get_collection"} or "bulk" in last else noun
        return identifier(f"{snake(last)}_{action}_{many}")
    object_name = plural(noun) if verb == "get_collection" else noun
    if (
        "{" not in last
        and last
        and not noun.endswith(snake(singular(last)))
        and not noun.endswith(snake(last))
    ):
        return identifier(f"{action}_{object_name}_{snake(last)}")
    return identifier(f"{action}_{object_name}")


def _path_words(path: str) -> str:
    return " ".join(re.sub(r"[{}]", "", part) for part in path.split("/") if part) or "root"


def _tell_apart(operations: list[Operation]) -> None:
    """Say of operations of one name below what they stand; the one with the shortest path keeps the name."""
    by_name: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        by_name[operation.name].append(operation)
    taken = {name for name, group in by_name.items() if len(group) == 1}
    for name, group in sorted(by_name.items()):
        if len(group) == 1:
            continue
        ordered = sorted(group, key=lambda one: (one.path.count("/"), one.path, one.method))
        for rank, operation in enumerate(ordered):
            candidates = (
                [name] if rank == 0 else [_below(operation, name), identifier(f"{name}_{operation.method}")]
            )
            candidates.append(identifier(f"{name} {operation.method} {_path_words(operation.path)}"))
            number = 2
            while all(candidate in taken for candidate in candidates):
                candidates.append(identifier(f"{name}_{number}"))
                number += 1
            operation.name = next(candidate for candidate in candidates if candidate not in taken)
            taken.add(operation.name)


def _below(operation: Operation, name: str) -> str:
    parts = [part for part in operation.path.split("/") if part]
    static = [part for part, after in zip(parts, parts[1:], strict=False) if "{" not in part and "{" in after]
    if static and "{" in parts[-1]:
        static = static[:-1]
    return (
        identifier(f"{name}_of_{snake(singular(static[-1]))}")
        if static
        else identifier(f"{name}_{operation.method}")
    )


def prepare_operation(document: Json, operation: Operation, shaper: Shaper, left_out: list[LeftOut]) -> None:
    """Reduce parameters, body and answers of one operation."""
    parameters = _prepare_parameters(document, operation, shaper, left_out)
    body, request_media = _prepare_body(document, operation, shaper, left_out)
    responses, response_facts = _prepare_responses(document, operation, shaper, left_out)
    source = operation.source
    template = operation.path
    for fact in parameters:
        if fact["in"] == "path":
            template = template.replace("{" + fact["wire"] + "}", "{" + fact["python"] + "}")
    secured = source.get("security", document.get("security"))
    operation.facts = {
        "name": operation.name,
        "operation_id": str(source.get("operationId") or operation.name),
        "method": operation.method.upper(),
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
        "operationId": operation.name,
        "tags": [operation.directory],
        "summary": _text(source.get("summary")),
        "description": _text(source.get("description")),
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
    if isinstance(secured, list) and any(secured):
        operation.prepared["security"] = [{"token": []}]
    if body:
        operation.prepared["requestBody"] = body


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _accept(responses: list[Json], usual: str) -> str:
    """List what is asked for, what a success is written in first; where anything may come, JSON rather."""
    ordered = sorted(responses, key=lambda fact: not str(fact["status"]).startswith("2"))
    media = [fact["media_type"] for fact in ordered if fact["media_type"]]
    if "*/*" in media and "application/json" not in media:
        media.insert(media.index("*/*"), "application/json")
    return ", ".join(dict.fromkeys(media)) or usual


def _prepare_parameters(
    document: Json, operation: Operation, shaper: Shaper, left_out: list[LeftOut]
) -> list[Json]:
    in_path = _TEMPLATE.findall(operation.path)
    kept: list[tuple[Json, str]] = []
    for parameter, at in operation.parameters:
        wire, place = str(parameter["name"]), parameter["in"]
        what = f"{operation.method.upper()} {operation.path}: parameter {wire} in {place}"
        if place == "path" and wire not in in_path:
            left_out.append(LeftOut(at, what, "the path has no place for it"))
        elif place == "header" and wire.lower() in _IGNORED_HEADERS:
            left_out.append(
                LeftOut(at, what, "the client sets this header itself; OpenAPI says to ignore it")
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
    facts: list[Json] = []
    for (parameter, at), label in zip(kept, labels, strict=True):
        facts.append(_parameter_facts(document, operation, parameter, at, pythons[label], shaper))
    order = {wire: number for number, wire in enumerate(in_path)}
    facts.sort(
        key=lambda fact: (
            _LOCATIONS.index(fact["in"]),
            order.get(fact["wire"], 0) if fact["in"] == "path" else 0,
        )
    )
    return facts


def _label(parameter: Json, ambiguous: set[str], kept: list[tuple[Json, str]]) -> str:
    """Name a parameter by its name on the wire, and by its place too when that name is used in several places."""
    wire = str(parameter["name"])
    same = [other for other, _ in kept if other["name"] == wire]
    if property_identifier(wire) in ambiguous and len(same) > 1 and parameter["in"] != same[0]["in"]:
        return f"{wire} {parameter['in']}"
    return wire


def _parameter_facts(
    document: Json, operation: Operation, parameter: Json, at: str, python: str, shaper: Shaper
) -> Json:
    schema, where, as_json = parameter.get("schema"), f"{at}/schema", False
    content = parameter.get("content")
    if schema is None and isinstance(content, dict) and content:
        media = next(iter(content))
        schema, where = (content[media] or {}).get("schema"), f"{at}/content{pointer(media)[1:]}/schema"
        as_json = kind_of(media) == "json"
    part = Part(schema if isinstance(schema, dict) else {}, where, owner_of(where, None))
    wire, place = str(parameter["name"]), str(parameter["in"])
    stand = Stand(literal=pascal(operation.name), segments=(pascal(python),))
    style = str(parameter.get("style") or ("form" if place in {"query", "cookie"} else "simple"))
    explode = parameter.get("explode")
    shape = shaper.shape(part, "request", stand)
    flat = flatten(document, part)
    description = _text(parameter.get("description"))
    told = describe(
        document, Part({**part.schema, "description": ""}, where, part.owner) if part.schema else part
    )
    return {
        "python": python,
        "wire": wire,
        "in": place,
        "style": style,
        # the brackets of `product[]` say that the key is repeated, whatever `explode` says (reference section 3.14)
        "explode": wire.endswith("[]") or (explode if isinstance(explode, bool) else style == "form"),
        "json": as_json,
        "required": place == "path" or parameter.get("required") is True,
        "description": " ".join(filter(None, [_sentence(description), told])),
        "deprecated": parameter.get("deprecated") is True,
        "nullable": flat.nullable,
        "schema": shape,
        "at": at,
    }


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?", ">")) else f"{text}."


def _prepare_body(
    document: Json, operation: Operation, shaper: Shaper, left_out: list[LeftOut]
) -> tuple[Json, list[Json]]:
    raw = operation.source.get("requestBody")
    body = resolve(document, raw)
    if not isinstance(body, dict) or not isinstance(body.get("content"), dict) or not body["content"]:
        return {}, []
    at = raw["$ref"] if isinstance(raw, dict) and "$ref" in raw else f"{operation.at}/requestBody"
    content: dict[str, Any] = body["content"]
    first = preferred(content, method=operation.method, request=True)
    ordered = sorted(content, key=lambda media: media != first)
    prepared: Json = {}
    facts: list[Json] = []
    shapes: list[Json] = []
    for media in ordered:
        schema = (content[media] or {}).get("schema")
        where = f"{at}/content{pointer(media)[1:]}"
        what = f"{operation.method.upper()} {operation.path}: request body as {media}"
        kind = kind_of(media)
        if facts and (kind in {fact["kind"] for fact in facts} or kind == "text"):
            left_out.append(
                LeftOut(where, what, f"another way to send it, which is sent as {facts[0]['media_type']}")
            )
            continue
        if facts and schema == (content[facts[0]["media_type"]] or {}).get("schema") and kind != "binary":
            left_out.append(
                LeftOut(where, what, f"another way to send it, which is sent as {facts[0]['media_type']}")
            )
            continue
        if kind in {"text", "binary"}:
            left_out.append(
                LeftOut(f"{where}/schema", f"{what}: what is inside", "it is sent as text or bytes")
            )
        shape = _body_shape(operation, schema, f"{where}/schema", kind, shaper, alone=not facts)
        if facts and (shape in shapes or (kind != "binary" and referenced_key(shape) is None)):
            left_out.append(
                LeftOut(where, what, f"another way to send it, which is sent as {facts[0]['media_type']}")
            )
            continue
        shapes.append(shape)
        prepared[media] = {"schema": shape}
        facts.append({"media_type": media, "kind": kind, "at": where})
    required = body.get("required") is True
    return {"content": prepared, "required": required}, [{**fact, "required": required} for fact in facts]


def _body_shape(
    operation: Operation, schema: Any, where: str, kind: str, shaper: Shaper, *, alone: bool
) -> Json:
    if kind in {"text", "binary"}:
        return {"type": "string", "format": "binary"}
    part = Part(schema if isinstance(schema, dict) else {}, where, owner_of(where, None))
    stand = Stand(literal=pascal(operation.name), segments=("Body",) if alone else (pascal(kind), "Body"))
    return shaper.shape(part, "request", stand)


def _prepare_responses(
    document: Json, operation: Operation, shaper: Shaper, left_out: list[LeftOut]
) -> tuple[Json, list[Json]]:
    prepared: Json = {}
    facts: list[Json] = []
    for raw_status, raw in (operation.source.get("responses") or {}).items():
        status = str(raw_status)
        if status.startswith("x-"):
            continue
        status = status.upper() if status.upper().endswith("XX") else status
        response = resolve(document, raw)
        response = response if isinstance(response, dict) else {}
        at = (
            raw["$ref"]
            if isinstance(raw, dict) and "$ref" in raw
            else f"{operation.at}/responses{pointer(str(raw_status))[1:]}"
        )
        content: Json = response.get("content") if isinstance(response.get("content"), dict) else {}
        media = preferred(content, method=operation.method, request=False)
        for other in content:
            if other != media:
                what = f"{operation.method.upper()} {operation.path}: {status} as {other}"
                where = f"{at}/content{pointer(other)[1:]}"
                left_out.append(
                    LeftOut(
                        where,
                        what,
                        f"another representation of the same answer, which is asked for as {media}",
                    )
                )
        entry: Json = {"description": _text(response.get("description"))}
        kind = "none"
        if media is not None:
            kind, shape = _response_shape(document, operation, status, content, media, at, shaper)
            if kind in {"text", "binary"}:
                where = f"{at}/content{pointer(media)[1:]}/schema"
                left_out.append(
                    LeftOut(where, f"{status} as {media}: what is inside", "it is given as text or bytes")
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
    document: Json, operation: Operation, status: str, content: Json, media: str, at: str, shaper: Shaper
) -> tuple[str, Json]:
    schema = (content[media] or {}).get("schema")
    where = f"{at}/content{pointer(media)[1:]}/schema"
    part = Part(schema if isinstance(schema, dict) else {}, where, owner_of(where, None))
    kind = kind_of(media)
    flat = flatten(document, part)
    if kind in {"binary", "form", "multipart"} or (
        flat.keywords.get("format") == "binary" and kind == "json"
    ):
        return "binary", {"type": "string", "format": "binary"}
    if kind == "text":
        return "text", {"type": "string"}
    return "json", shaper.shape(part, "read", _response_stand(operation, status, flat))


def _response_stand(operation: Operation, status: str, flat: Any) -> Stand:
    """Name an answer without a name: a collection after its members, anything else after the operation."""
    member = flat.properties.get("member") or flat.properties.get("hydra:member")
    items = member.schema.get("items") if member is not None and isinstance(member.schema, dict) else None
    target = items.get("$ref") if isinstance(items, dict) else None
    if isinstance(target, str):
        return Stand(literal=f"{target}", segments=("Collection",))
    success = [code for code in operation.source.get("responses") or {} if str(code).startswith("2")]
    ending = "Response" if status.startswith("2") and len(success) == 1 else f"Response{status.title()}"
    return Stand(literal=pascal(operation.name), segments=(ending,))
