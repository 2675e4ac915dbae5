"""The description that the sandbox speaks as a judge: is this answer one that the description allows?

The description is the reconstructed one with the overlay applied, as the raw client is generated from it. Statuses
that no description lists but that every HTTP server of this kind gives are named in ``UNLISTED``.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from korus.sandbox import API_VERSION
from scripts.descriptions import find, load
from scripts.descriptions.overlay import apply_file

ROOT = Path(__file__).parents[2]

UNLISTED = {401, 405, 406, 415}
"""401 is in no description (reference 1.3), 405, 406 and 415 come before any operation is looked at."""

UNLISTED_ON_LISTS = {400}
"""A page below 1 is an error (reference 1.7), though lists name 403 only."""


@cache
def description() -> dict[str, Any]:
    return apply_file(load(find(API_VERSION)), ROOT / "openapi" / "overlay.yaml")


@cache
def operations() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, item in description()["paths"].items()
        for method, operation in item.items()
        if method in {"get", "post", "patch", "put", "delete"}
    }


@cache
def _templates() -> list[tuple[re.Pattern[str], str]]:
    paths = sorted({path for _, path in operations()}, key=lambda path: "{" in path.rsplit("/", 1)[-1])
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path) for path in paths]


def template_of(path: str) -> str | None:
    return next((template for pattern, template in _templates() if pattern.fullmatch(path)), None)


@cache
def _validator(method: str, template: str, status: str) -> Any:
    content = operations()[method, template]["responses"][status]["content"]
    schema = content["application/ld+json"]["schema"]
    whole = {"components": description()["components"], **schema}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def judge(method: str, path: str, status: int, content_type: str, body: Any) -> list[str]:
    """Return what the description has against an answer; nothing when it conforms."""
    template = template_of(path)
    if template is None or (method, template) not in operations():
        return [f"no such operation: {method} {path}"]
    documented = operations()[method, template]["responses"]
    if str(status) not in documented:
        is_list = set(documented) == {"200", "403"}
        allowed = status in UNLISTED or status == 304 or (is_list and status in UNLISTED_ON_LISTS)
        return [] if allowed else [f"{status} is not documented for {method} {template}"]
    if content_type.split(";", maxsplit=1)[0] != "application/ld+json":
        return [f"{content_type} is not documented"]
    validator = _validator(method, template, str(status))
    found = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(body)]
    schema = operations()[method, template]["responses"][str(status)]["content"]["application/ld+json"][
        "schema"
    ]
    return found + [f"undocumented: {place}" for place in undocumented(body, schema)]


def undocumented(value: Any, schema: dict[str, Any], place: str = "") -> list[str]:
    """Return the places of members that no part of the schema names; JSON-LD keys may stand anywhere."""
    if isinstance(value, list):
        items = _parts(schema, "items")
        return [found for each in value for item in items for found in undocumented(each, item, f"{place}[]")]
    if not isinstance(value, dict):
        return []
    properties: dict[str, list[dict[str, Any]]] = {}
    flat = _flat(schema)
    for part in flat:
        for name, inner in part.get("properties", {}).items():
            properties.setdefault(name, []).append(inner)
    if not properties:
        return []
    found: list[str] = []
    for name, inner in value.items():
        if name.startswith("@"):
            continue
        if name not in properties:
            found.append(f"{place}.{name}")
        else:
            found += undocumented(inner, {"allOf": properties[name]}, f"{place}.{name}")
    return found


def _flat(schema: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in schema:
        return _flat(description()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
    inner = [
        part for key in ("allOf", "anyOf", "oneOf") for each in schema.get(key, ()) for part in _flat(each)
    ]
    return [schema, *inner]


def _parts(schema: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return a keyword's schemas joined into one, wherever in the schema they stand."""
    found = [part[key] for part in _flat(schema) if isinstance(part.get(key), dict)]
    return [{"allOf": found}] if found else []
