"""Raw requests, for operations without a method: checked, and prepared like those of an operation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from attrs import frozen

from korus._core.values import is_number, shown
from korus.errors import InvalidArgument

__all__ = ["RawOperation", "raw_request"]

_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
# the characters of a path by RFC 3986, percent-encoded
_PATH = re.compile(r"/(?![/\\])(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*", re.ASCII)
_DOTS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:;[ -~]*)?", re.ASCII)


@frozen
class RawOperation:
    """Operation that is not in the description: its path has ids in it, so it has no template."""

    method: str
    path: str = ""
    name: str = "request"


def raw_request(
    method: str,
    path: object,
    params: object,
    json: object,
    content_type: str | None,
) -> tuple[RawOperation, dict[str, Any]]:
    """Return the arguments of the transport for a request.

    Raises:
        InvalidArgument: An argument cannot be sent.
    """
    if method not in _METHODS:
        raise InvalidArgument(f"`method` must be one of {', '.join(_METHODS)}")
    if not isinstance(path, str) or not _PATH.fullmatch(path) or _DOTS.search(path):
        raise InvalidArgument(
            "`path` must be a percent-encoded path below `base_url` that begins with a slash, such as "
            "'/v1/ticketing/catalogs'; give a query as `params`"
        )
    if json is not None and method in {"GET", "HEAD", "OPTIONS"}:
        raise InvalidArgument(f"`json` must be left out of a {method}")
    if content_type is None:
        content_type = "application/merge-patch+json" if method == "PATCH" else "application/ld+json"
    elif not _MEDIA_TYPE.fullmatch(content_type):
        raise InvalidArgument("`content_type` must be a media type, such as 'application/json'")
    arguments: dict[str, Any] = {"method": method, "url": path, "params": _pairs(params)}
    if json is not None:
        arguments |= {"json": json, "headers": {"Content-Type": content_type}}
    return RawOperation(method), arguments


def _pairs(params: object) -> list[tuple[str, str]]:
    if params is None:
        return []
    if not isinstance(params, Mapping):
        raise InvalidArgument(f"`params` must be a mapping, got {shown(params)}")
    pairs: list[tuple[str, str]] = []
    for name, value in cast("Mapping[object, object]", params).items():
        values = cast("Sequence[object]", value) if isinstance(value, list | tuple) else [value]
        pairs += [(_text(name), _text(one)) for one in values]
    return pairs


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and not any(map(_is_half, value)):
        return value
    if not is_number(value):
        raise InvalidArgument(f"`params` must have texts and numbers, got {shown(value)}")
    return str(value)


def _is_half(character: str) -> bool:
    """Return True for half of a surrogate pair, which cannot be encoded."""
    return "\ud800" <= character <= "\udfff"
