"""Follow `$ref`s inside one description.

A reference that leads nowhere, leaves the document, or goes round in a circle without ever reaching something
is an error of the description and is reported as such, in one line. It copies nothing and changes nothing.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeGuard
from urllib.parse import unquote

from scripts.descriptions import DescriptionError

__all__ = [
    "DescriptionError",
    "Json",
    "as_list",
    "as_object",
    "escape",
    "is_list",
    "is_object",
    "lookup",
    "pointer",
    "resolve",
]

Json: TypeAlias = dict[str, Any]
"""An object of the description, as the YAML or JSON reader gives it."""


def is_object(value: Any) -> TypeGuard[Json]:
    """Tell whether a part of a description is an object."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Tell whether a part of a description is a list."""
    return isinstance(value, list)


def as_object(value: Any) -> Json:
    """Give an object of a description, an empty one where there is none."""
    return value if is_object(value) else {}


def as_list(value: Any) -> list[Any]:
    """Give a list of a description, an empty one where there is none."""
    return value if is_list(value) else []


def escape(token: str) -> str:
    """Write one key as a JSON pointer token (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1")


def pointer(*tokens: str) -> str:
    """Join keys to a JSON pointer in fragment form, `#/paths/~1v1~1offers`."""
    return "#" + "".join(f"/{escape(token)}" for token in tokens)


def lookup(document: Json, reference: str) -> Any:
    """Give what `reference` points at.

    Raises:
        DescriptionError: It leaves the document or leads nowhere.
    """
    if not reference.startswith("#"):
        raise DescriptionError(
            f"$ref {reference!r} leaves the document; only references inside it are followed"
        )
    target: Any = document
    for token in reference[1:].split("/")[1:]:
        key = unquote(token).replace("~1", "/").replace("~0", "~")
        if is_object(target) and key in target:
            target = target[key]
        elif is_list(target) and key.isdecimal() and int(key) < len(target):
            target = target[int(key)]
        else:
            raise DescriptionError(f"$ref {reference!r} leads nowhere")
    return target


def resolve(document: Json, node: Any) -> Any:
    """Follow `node` while it is a reference: a parameter, body or answer; schemas are named, not followed.

    Raises:
        DescriptionError: The chain leads nowhere or runs in a circle.
    """
    seen: list[str] = []
    while is_object(node) and isinstance(node.get("$ref"), str):
        reference: str = node["$ref"]
        if reference in seen:
            raise DescriptionError(f"$ref {reference!r} runs in a circle")
        seen.append(reference)
        node = lookup(document, reference)
    return node
