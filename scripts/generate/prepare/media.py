"""Choice of media types for requests and responses.

A response with several representations is requested in one, JSON-LD if possible. The audit lists the others with the
reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind: TypeAlias = Literal["json", "form", "multipart", "text", "binary"]


def essence(media_type: str) -> str:
    """Return a media type without its parameters, in lower case."""
    return media_type.split(";", maxsplit=1)[0].strip().lower()


def kind_of(media_type: str) -> Kind:
    """Return the kind of encoding of a media type."""
    plain = essence(media_type)
    if plain in {"application/json", "text/json", "*/*", "application/*"} or plain.endswith("+json"):
        return "json"
    if plain == "application/x-www-form-urlencoded":
        return "form"
    if plain == "multipart/form-data":
        return "multipart"
    if plain.startswith("text/") or plain.endswith(("/xml", "+xml", "yaml")):
        return "text"
    return "binary"


def preferred(media_types: Iterable[str], *, method: str, request: bool) -> str | None:
    """Return the media type to use: JSON-LD, then JSON; for a PATCH request, a merge patch first."""
    return min(
        media_types, key=lambda media_type: _rank(media_type, method=method, request=request), default=None
    )


def _rank(media_type: str, *, method: str, request: bool) -> tuple[int, str]:
    plain = essence(media_type)
    first = ["application/ld+json", "application/json"]
    if request and method == "patch":
        first = ["application/merge-patch+json", *first]
    if plain in first:
        return first.index(plain), plain
    by_kind = {"json": 10, "form": 20, "multipart": 21, "text": 30, "binary": 31}
    unsuited = plain in {"application/json-patch+json", "*/*"}
    return by_kind[kind_of(media_type)] + (5 if unsuited else 0), plain
