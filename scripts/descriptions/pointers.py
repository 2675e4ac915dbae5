"""JSON Pointers (RFC 6901) and the references that hold them."""

from __future__ import annotations

from urllib.parse import unquote

from scripts.descriptions.errors import DescriptionError
from scripts.descriptions.values import Json, is_list, is_object

__all__ = ["child", "escape", "last", "lookup", "pointer", "resolve", "steps", "unescape"]


def escape(key: str) -> str:
    """Write a key as a step of a JSON Pointer."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def unescape(step: str) -> str:
    """Read the key in a step of a JSON Pointer."""
    return step.replace("~1", "/").replace("~0", "~") if "~" in step else step


def pointer(*keys: str) -> str:
    """Join keys to a pointer in fragment form: ``#/paths/~1v1~1offers``; its percent signs are escaped."""
    return "#" + "".join(f"/{escape(key)}" for key in keys).replace("%", "%25")


def steps(reference: str) -> list[str]:
    """Read the keys of a pointer, in fragment form or not."""
    return [unescape(unquote(step)) for step in reference.removeprefix("#").split("/")[1:]]


def last(location: str) -> str:
    """Read the last key of a pointer."""
    return unescape(location.rpartition("/")[2])


def child(node: Json, key: str) -> Json:
    """Return the member of an object or list.

    Raises:
        LookupError: It does not exist.
    """
    if is_object(node):
        return node[key]
    if is_list(node) and key.isdecimal():
        return node[int(key)]
    raise LookupError(key)


def lookup(document: Json, reference: str) -> Json:
    """Return the target of a reference inside a document.

    Raises:
        DescriptionError: It leaves the document, or its target does not exist.
    """
    if not reference.startswith("#"):
        raise DescriptionError(
            f"$ref {reference!r} leaves the document; only internal references are allowed"
        )
    node = document
    for key in steps(reference):
        try:
            node = child(node, key)
        except LookupError:
            raise DescriptionError(f"$ref {reference!r} has no target") from None
    return node


def resolve(document: Json, node: Json) -> Json:
    """Follow `node` while it is a reference: a parameter, body or answer; schemas are named, not followed.

    Raises:
        DescriptionError: The chain has no target, or is circular.
    """
    seen: set[str] = set()
    while is_object(node) and isinstance(node.get("$ref"), str):
        reference: str = node["$ref"]
        if reference in seen:
            raise DescriptionError(f"$ref {reference!r} is circular")
        seen.add(reference)
        node = lookup(document, reference)
    return node
