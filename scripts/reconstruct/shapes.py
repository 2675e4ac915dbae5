"""The shape of a description: how each generation of API Platform writes names, schemas and lists.

From section 5 of the API reference. Everything here is a rule of the generator; what the API offers stands in
``operations`` and ``schemas``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scripts.descriptions import entries, mapping
from scripts.reconstruct.schemas import INLINE, SCHEMAS, Field, Schema
from scripts.reconstruct.versions import VERSIONS, Generation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scripts.reconstruct.operations import Operation, Parameter
    from scripts.reconstruct.versions import Version

__all__ = [
    "ITEM",
    "component",
    "component_name",
    "errors",
    "hydra_components",
    "list_schema",
    "pointer",
    "query_parameter",
    "violation_name",
]

ITEM = "HydraItemBaseSchema"
COLLECTION = "HydraCollectionBaseSchema"
UNPAGED = "HydraCollectionBaseSchemaNoPagination"
MARK = {"x-evidence": "inferred"}

_TEXT = {"type": "string"}
_IRI = {"type": "string", "format": "iri-reference"}
_CONTEXT = {
    "oneOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {
                "@vocab": {"type": "string"},
                "hydra": {"type": "string", "enum": ["http://www.w3.org/ns/hydra/core#"]},
            },
            "required": ["@vocab", "hydra"],
            "additionalProperties": True,
        },
    ]
}


def pointer(name: str) -> dict[str, Any]:
    """Refer to a component schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def component_name(schema: Schema, generation: Generation) -> str:
    """Give a schema the name that the generator of that time gives it.

    Outputs and, in generations A and B, the bodies of POST requests are told apart by ``.jsonld``; from C
    on the bodies of PATCH requests end in ``.jsonMergePatch`` instead.
    """
    early = generation in {Generation.A, Generation.B}
    stem = ".".join(filter(None, (schema.resource, schema.dto)))
    if schema.kind == "merge_patch":
        return f"{stem}-{schema.groups}{'' if early else '.jsonMergePatch'}"
    if schema.kind == "input":
        return f"{stem}{'.jsonld' if early else ''}-{schema.groups}"
    return f"{stem}.jsonld-{schema.groups}"


def violation_name(generation: Generation) -> str:
    """Give the name of the schema of a 422 answer."""
    return "ConstraintViolation.jsonld-jsonld" if generation is Generation.A else "ConstraintViolation.jsonld"


def component(schema: Schema, version: Version) -> dict[str, Any]:
    """Write a schema as a component of a version."""
    mark = MARK if schema.is_inferred(version) or not schema.named else {}
    fields = [one for one in schema.fields if one.holds(version)]
    own = {one.name: _property(one, version) for one in fields}
    if schema.kind in {"input", "merge_patch"}:
        return _input(schema, fields, own, version.generation, mark)
    return _output(schema, own, version, mark)


def _property(one: Field, version: Version) -> dict[str, Any]:
    """Write a field, marked where it was not seen; a reference is marked where it points at."""
    written: dict[str, Any] = _resolved(one.schema, version)
    if one.is_inferred(version) and "$ref" not in written:
        written = {**written, **MARK}
    return written


def _resolved(node: Any, version: Version) -> Any:
    """Put names for keys in references, and the fields of a table where an inline object refers to one."""
    if listed := entries(node):
        return [_resolved(one, version) for one in listed]
    if not mapping(node):
        return node
    if "$ref" in node:
        return pointer(component_name(SCHEMAS[node["$ref"]], version.generation))
    if "$inline" in node:
        table = INLINE[node["$inline"]]
        fields = [one for one in table.fields if one.holds(version)]
        return {
            "type": "object",
            "description": table.description,
            "required": [one.name for one in fields if one.required],
            "properties": {one.name: _property(one, version) for one in fields},
        }
    return {key: _resolved(value, version) for key, value in node.items()}


def _input(
    schema: Schema, fields: Iterable[Field], own: dict[str, Any], generation: Generation, mark: dict[str, str]
) -> dict[str, Any]:
    required = [one.name for one in fields if one.required]
    # from C on a merge patch says nothing of what its top level must have
    keep = required and not (schema.kind == "merge_patch" and generation.number >= Generation.C.number)
    return {
        "type": "object",
        "description": schema.description,
        **mark,
        **_deprecated(generation),
        **({"required": required} if keep else {}),
        **({"properties": own} if own else {}),
    }


def _deprecated(generation: Generation) -> dict[str, bool]:
    return {"deprecated": False} if generation is Generation.A else {}


def _output(schema: Schema, own: dict[str, Any], version: Version, mark: dict[str, str]) -> dict[str, Any]:
    generation = version.generation
    head: dict[str, Any] = {"description": schema.description, **mark}
    if generation is Generation.A:
        keys = _early_keys()
        if version.name == "1.0.7" and schema.kind in {"value", "nested"}:
            # its pages list no JSON-LD keys on nested objects
            keys = _proposed_keys(schema)
        return {"type": "object", **head, **_deprecated(generation), "properties": {**keys, **own}}
    if schema.kind == "item" or (schema.kind != "value" and generation is not Generation.B):
        return {**head, "allOf": [pointer(ITEM), {"type": "object", "properties": own}]}
    # B writes no JSON-LD keys here
    return {"type": "object", **head, "properties": {**_proposed_keys(schema), **own}}


def _proposed_keys(schema: Schema) -> dict[str, Any]:
    """Give a nested resource its IRI all the same: without it a client cannot reserve (proposal P11)."""
    return {"@id": {**_TEXT, **MARK}, "@type": {**_TEXT, **MARK}} if schema.kind == "nested" else {}


def _early_keys() -> dict[str, Any]:
    return {
        "@context": {"readOnly": True, **_CONTEXT},
        "@id": {"readOnly": True, **_TEXT},
        "@type": {"readOnly": True, **_TEXT},
    }


# --- errors ---------------------------------------------------------------------------------------

_NULLABLE_TEXT = {"type": ["string", "null"]}
_PROBLEM = {
    "title": "What kind of problem it is, in a few words",
    "detail": "What went wrong this time",
    "status": "The status of the answer",
    "instance": "Address of this occurrence",
    "type": "Address that names the kind of problem",
    "description": "The detail once more",
}
_LONG_VIOLATION = {
    "code": {**_NULLABLE_TEXT, "description": "Which rule was broken, a UUID as text"},
    "hint": {**_NULLABLE_TEXT, "description": "How to mend it"},
    "payload": {"type": ["object", "null"], "description": "What the rule was given along"},
}


def errors(version: Version) -> dict[str, dict[str, Any]]:
    """Write the two schemas of error answers."""
    generation = version.generation
    late = generation is Generation.D
    nullable = {"title", "detail", "instance", "description"}
    problem: dict[str, Any] = {
        name: {**(_NULLABLE_TEXT if name in nullable else _TEXT), "description": words}
        for name, words in _PROBLEM.items()
    }
    problem["status"] = {
        "type": ["number", "null"] if late else "number",
        "description": _PROBLEM["status"],
        "default": 400,
        "examples": [404],
    }
    entry: dict[str, Any] = {
        "type": "object",
        "properties": {
            "propertyPath": {**_TEXT, "description": "Where in the request, as in `items[0].quantity`"},
            "message": {**_TEXT, "description": "What is wrong there"},
            **(_LONG_VIOLATION if late else {}),
        },
        **({"required": ["propertyPath", "message"]} if late else {}),
    }
    violation: dict[str, Any] = {
        "status": {"type": "integer", "default": 422, "description": _PROBLEM["status"]},
        "violations": {"type": "array", "items": entry, "description": "Everything that is wrong"},
        "detail": {**_TEXT, "description": _PROBLEM["detail"]},
        "description": {**_TEXT, "description": _PROBLEM["description"]},
        "type": {**_TEXT, "description": _PROBLEM["type"]},
        "title": {**_NULLABLE_TEXT, "description": _PROBLEM["title"]},
        "instance": {**_NULLABLE_TEXT, "description": _PROBLEM["instance"]},
    }
    seen = {} if version.name == "1.0.7" else MARK
    return {
        "Error.jsonld": _problem("What went wrong", problem, generation, seen),
        violation_name(generation): _problem("What is wrong with the request", violation, generation, MARK),
    }


def _problem(
    description: str, own: dict[str, Any], generation: Generation, mark: dict[str, str]
) -> dict[str, Any]:
    head: dict[str, Any] = {"description": description, **mark}
    if generation is Generation.A:
        return {"type": "object", **head, **_deprecated(generation), "properties": {**_early_keys(), **own}}
    return {**head, "allOf": [pointer(ITEM), {"type": "object", "properties": own}]}


# --- lists ----------------------------------------------------------------------------------------


def _view(generation: Generation) -> dict[str, Any]:
    links = ("first", "last", "previous", "next")
    # until C the example has the wrong key, a slip of the generator
    key = "@type" if generation is Generation.D else "type"
    return {
        "type": "object",
        "properties": {"@id": _IRI, "@type": _TEXT, **dict.fromkeys(links, _IRI)},
        "example": dict.fromkeys(("@id", key, *links), "string"),
    }


_TOTAL = {"type": "integer", "minimum": 0}
_SEARCH = {
    "type": "object",
    "properties": {
        "@type": _TEXT,
        "template": _TEXT,
        "variableRepresentation": _TEXT,
        "mapping": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "@type": _TEXT,
                    "variable": _TEXT,
                    "property": _NULLABLE_TEXT,
                    "required": {"type": "boolean"},
                },
            },
        },
    },
}


def hydra_components(generation: Generation) -> dict[str, dict[str, Any]]:
    """Write the schemas that items and lists are built on; generation A has none."""
    if generation is Generation.A:
        return {}
    item = {
        "type": "object",
        "properties": {"@context": _CONTEXT, "@id": _TEXT, "@type": _TEXT},
        "required": ["@id", "@type"],
    }
    if generation is Generation.B:
        collection = {
            "type": "object",
            "required": ["member"],
            "properties": {
                "member": {"type": "array"},
                "totalItems": _TOTAL,
                "view": _view(generation),
                "search": _SEARCH,
            },
        }
        return {ITEM: item, COLLECTION: collection}
    return {
        ITEM: item,
        UNPAGED: {"type": "object", "properties": {"totalItems": _TOTAL, "search": _SEARCH}},
        COLLECTION: {
            "allOf": [pointer(UNPAGED), {"type": "object", "properties": {"view": _view(generation)}}]
        },
    }


def list_schema(operation: Operation, generation: Generation) -> dict[str, Any]:
    """Write the schema of a list of what an operation answers with."""
    member = {
        "type": "array",
        "items": pointer(component_name(SCHEMAS[operation.answer], generation)),
    }
    if generation is Generation.A:
        view = {"view": _view(generation)} if operation.paged else {}
        return {
            "type": "object",
            "properties": {"member": member, "totalItems": _TOTAL, **view, "search": _SEARCH},
            "required": ["member"],
        }
    own: dict[str, Any] = {"type": "object", "properties": {"member": member}}
    if generation is not Generation.B:
        own = {"type": "object", "required": ["member"], "properties": {"member": member}}
    base = COLLECTION if operation.paged or generation is Generation.B else UNPAGED
    return {
        "type": "object",
        "description": f"A list of {operation.tag}",
        "allOf": [pointer(base), own],
    }


# --- parameters -----------------------------------------------------------------------------------


def query_parameter(one: Parameter, tag: str, version: Version) -> dict[str, Any]:
    """Write a query parameter; only generation A says whether it may be empty or hold any character."""
    early = version.generation is Generation.A
    described = one.description
    if described is None:
        stock = one.stock_since and version.name in _from(one.stock_since)
        described = f"{tag} {one.name}" if stock else ""
    return {
        "name": one.name,
        "in": "query",
        "description": described,
        "required": False,
        "deprecated": False,
        **({"allowEmptyValue": True} if early else {}),
        "schema": dict(one.schema),
        "style": "form",
        # a list is sent by repeating the key
        "explode": one.schema["type"] == "array",
        **({"allowReserved": False} if early else {}),
    }


def _from(name: str) -> set[str]:
    names = [version.name for version in VERSIONS]
    return set(names[names.index(name) :])
