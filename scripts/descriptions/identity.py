"""Identity of a document: its API and version, its completeness, and its origin."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from scripts.descriptions.errors import CutShortError, DescriptionError, OtherApiError
from scripts.descriptions.pointers import lookup
from scripts.descriptions.reading import lines_of, values
from scripts.descriptions.values import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.descriptions.documents import Document

__all__ = ["TITLE", "api_version", "check_whole", "is_reconstructed"]

TITLE = "KorusTicket API"
"""The ``info.title`` of every description of this API (section 1.2 of the API reference)."""


def api_version(document: Document, text: bytes | None = None) -> str:
    """Check that a document is an OpenAPI 3 description of this API, and return its version.

    Args:
        document: The document.
        text: The source file, in which a version without quotes (``1.10``) is looked up as written.

    Raises:
        DescriptionError: It is not an OpenAPI 3 document.
        CutShortError: It has no title, version or paths.
        OtherApiError: It describes another API: its title differs.
    """
    stated = document.get("openapi")
    if not (isinstance(stated, str) and re.fullmatch(r"3\.[0-9]+(\.[0-9]+)?(-\S+)?", stated)):
        raise DescriptionError("it is not an OpenAPI 3 document: `openapi` must be `3.x`")
    about = as_object(document.get("info"))
    title: object = about.get("title")
    if not isinstance(title, str):
        raise CutShortError("it has no `info.title`")
    if " ".join(title.split()).casefold() != TITLE.casefold():
        raise OtherApiError(f"it describes {title!r}, not {TITLE!r}")
    version: object = about.get("version")
    # an unquoted `version: 2.0` reads as a number
    if isinstance(version, int | float) and not isinstance(version, bool) and math.isfinite(version):
        version = _as_written(version, text)
    if not isinstance(version, str) or not version:
        raise CutShortError("it has no `info.version`")
    if not _has_operations(document):
        raise CutShortError("it has no `paths`")
    return version


def _as_written(version: float, text: bytes | None) -> str:
    """Return a numeric version as it is written: ``1.10`` is not ``1.1``."""
    if text is None:
        return str(version)
    number = lines_of(text, name="the description").get("/info/version", 0)
    line = text.decode("utf-8-sig").splitlines()[number - 1] if number else ""
    found = re.search(r"""version["']?\s*:\s*(?:&\S+\s+)?([^\s#,}]+)""", line)
    return found[1] if found and values(found[1], name="the version") == version else str(version)


def check_whole(document: Document) -> None:
    """Check that all parts exist to which the document itself refers.

    Raises:
        CutShortError: It has no operations, a local reference points at nothing, or an operation has a tag that
            the list of tags lacks.
    """
    if not _has_operations(document):
        raise CutShortError("it has no operations")
    for reference in dict.fromkeys(_references(document)):
        try:
            lookup(document, reference)
        except DescriptionError:
            raise CutShortError(f"it refers to {reference}, which does not exist") from None
    declared = {as_object(tag).get("name") for tag in as_list(document.get("tags"))}
    used = {
        tag
        for path in as_object(document.get("paths")).values()
        for operation in as_object(path).values()
        for tag in as_list(as_object(operation).get("tags"))
    }
    if declared and used - declared:
        missing = ", ".join(sorted(str(tag) for tag in used - declared))
        raise CutShortError(f"its list of tags lacks tags of operations: {missing}")


def _has_operations(document: Document) -> bool:
    return any(as_object(path) for path in as_object(document.get("paths")).values())


def _references(node: object) -> Iterator[str]:
    for one in as_list(node):
        yield from _references(one)
    for key, value in as_object(node).items():
        if key == "$ref" and isinstance(value, str):
            if value.startswith("#"):
                yield value
        elif not key.startswith("x-") and key not in {
            "example",
            "examples",
            "default",
            "const",
            "enum",
        }:  # such values are not read
            yield from _references(value)


def is_reconstructed(document: Document) -> bool:
    """Return True if a description is marked as reconstructed, not downloaded."""
    return as_object(as_object(document.get("info")).get("x-provenance")).get("origin") == "reconstructed"
