"""Grammar of OpenAPI 3.0, 3.1 and 3.2: the fields of each kind of object.

A field's type is the kind of its value, ``{kind}`` for a mapping of them, ``[kind]`` for a list, and an empty string
for a plain value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scripts.descriptions.values import Object, as_object, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DATA", "EXTENSIBLE", "METHODS", "NEW_IN_3_2", "REFERABLE", "STRUCTURE", "operations_in"]

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
"""The methods that have a field of a path item; ``query`` since 3.2."""


def _plain(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "")


_PARAMETER: Final = {
    **_plain("description", "required", "deprecated", "allowEmptyValue", "style", "explode", "allowReserved"),
    "schema": "schema",
    "example": "",
    "examples": "{example}",
    "content": "{mediaType}",
}
_ENCODINGS: Final = {"encoding": "{encoding}", "prefixEncoding": "[encoding]", "itemEncoding": "encoding"}

STRUCTURE: Final[dict[str, dict[str, str]]] = {
    "document": {
        **_plain("openapi", "$self", "jsonSchemaDialect", "security", "externalDocs"),
        "info": "info",
        "servers": "[server]",
        "paths": "{pathItem}",
        "webhooks": "{pathItem}",
        "components": "components",
        "tags": "[tag]",
    },
    "info": _plain("title", "summary", "description", "termsOfService", "contact", "license", "version"),
    "server": _plain("url", "description", "variables", "name"),
    "tag": _plain("name", "summary", "description", "externalDocs", "parent", "kind"),
    "components": {
        "schemas": "{schema}",
        "responses": "{response}",
        "parameters": "{parameter}",
        "examples": "{example}",
        "requestBodies": "{requestBody}",
        "headers": "{header}",
        "securitySchemes": "{securityScheme}",
        "links": "{link}",
        "callbacks": "{callback}",
        "pathItems": "{pathItem}",
        "mediaTypes": "{mediaType}",
    },
    "pathItem": {
        **_plain("$ref", "summary", "description"),
        "servers": "[server]",
        "parameters": "[parameter]",
        **dict.fromkeys(METHODS, "operation"),
        "additionalOperations": "{operation}",
    },
    "operation": {
        **_plain("tags", "summary", "description", "externalDocs", "operationId", "deprecated", "security"),
        "servers": "[server]",
        "parameters": "[parameter]",
        "requestBody": "requestBody",
        "responses": "{response}",
        "callbacks": "{callback}",
    },
    "callback": {},
    "parameter": {**_plain("name", "in"), **_PARAMETER},
    "header": _PARAMETER,
    "requestBody": {**_plain("description", "required"), "content": "{mediaType}"},
    "response": {
        **_plain("summary", "description"),
        "headers": "{header}",
        "content": "{mediaType}",
        "links": "{link}",
    },
    "mediaType": {
        "schema": "schema",
        "itemSchema": "schema",
        "example": "",
        "examples": "{example}",
        **_ENCODINGS,
    },
    "encoding": {
        **_plain("contentType", "style", "explode", "allowReserved"),
        "headers": "{header}",
        **_ENCODINGS,
    },
    "example": _plain("summary", "description", "value", "externalValue", "dataValue", "serializedValue"),
    "link": _plain("operationRef", "operationId", "parameters", "requestBody", "description", "server"),
    "securityScheme": {
        **_plain("type", "description", "name", "in", "scheme", "bearerFormat", "openIdConnectUrl"),
        **_plain("flows", "oauth2MetadataUrl", "deprecated"),
    },
    "discriminator": _plain("propertyName", "mapping", "defaultMapping"),
    "schema": {
        **dict.fromkeys(
            ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"), "{schema}"
        ),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), "[schema]"),
        **dict.fromkeys(
            ("items", "not", "if", "then", "else", "contains", "propertyNames", "contentSchema"), "schema"
        ),
        **dict.fromkeys(("additionalProperties", "unevaluatedItems", "unevaluatedProperties"), "schema"),
        "discriminator": "discriminator",
        **_plain(
            "type", "enum", "required", "dependentRequired", "format", "pattern", "title", "description"
        ),
        **_plain("minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        **_plain("multipleOf", "minItems", "maxItems", "uniqueItems", "minContains", "maxContains"),
        **_plain("minProperties", "maxProperties", "contentEncoding", "contentMediaType", "nullable"),
        **_plain("deprecated", "readOnly", "writeOnly", "xml", "externalDocs"),
    },
}
"""The fields of each kind of object."""

DATA: Final = frozenset({"example", "value", "dataValue", "parameters", "requestBody"})
"""The plain fields that may hold any value, so that a `$ref` in them is not a reference."""

REFERABLE: Final = frozenset(
    {
        "schema",
        "response",
        "parameter",
        "example",
        "requestBody",
        "header",
        "securityScheme",
        "link",
        "callback",
    }
)
"""The kinds that may be a reference; a reference in place of any other kind is replaced by its target."""

EXTENSIBLE: Final = frozenset({"schema", "callback"})
"""The kinds whose further fields are not unknown: keywords of a vocabulary, addresses."""

NEW_IN_3_2: Final = frozenset(
    {
        ("document", "$self"),
        ("server", "name"),
        ("tag", "summary"),
        ("tag", "parent"),
        ("tag", "kind"),
        ("components", "mediaTypes"),
        ("pathItem", "query"),
        ("pathItem", "additionalOperations"),
        ("response", "summary"),
        ("mediaType", "itemSchema"),
        ("mediaType", "prefixEncoding"),
        ("mediaType", "itemEncoding"),
        ("encoding", "encoding"),
        ("encoding", "prefixEncoding"),
        ("encoding", "itemEncoding"),
        ("example", "dataValue"),
        ("example", "serializedValue"),
        ("securityScheme", "oauth2MetadataUrl"),
        ("securityScheme", "deprecated"),
        ("discriminator", "defaultMapping"),
    }
)
"""The kinds and fields that OpenAPI 3.2 has added."""


def operations_in(item: Object) -> Iterator[tuple[str, tuple[str, ...], Object]]:
    """Yield the operations of a path item: the method in capitals, the keys of its location, and the operation."""
    for method in METHODS:
        if is_object(item.get(method)):
            yield method.upper(), (method,), item[method]
    for method, operation in as_object(item.get("additionalOperations")).items():
        if is_object(operation):
            yield method, ("additionalOperations", method), operation
