"""Files that come from a storage host: how they are named, and whether they are what they should be. No I/O.

Nothing that a server says is trusted as a path; a file name is made of an order's reference and a document's
id, and of their harmless characters only.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from attrs import frozen

from korus.errors import DownloadFailed
from korus.wire import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from korus.errors import ValidationFailed

__all__ = [
    "MAGIC",
    "TooEarly",
    "check_content",
    "file_name",
    "is_stale",
    "length_of",
    "moment_of",
    "next_address",
    "too_early",
]

MAGIC: Final = b"%PDF-"
_END: Final = b"%%EOF"
# how the API says that it is too early; the moment may be left out
_TOO_EARLY: Final = re.compile(
    r"can(?:not)? be downloaded (?:from|before)\s*(?P<due>[0-9TZ:.+-]*)", re.IGNORECASE
)
_LOOSE: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST: Final = 80
_TYPES: Final = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "application/vnd.apple.pkpass": ".pkpass",
    "application/zip": ".zip",
}
# what storage hosts answer when a signed address has run out, or is not believed any more
_STALE: Final = frozenset({400, 401, 403, 404, 410})


@frozen
class TooEarly:
    """The API's word that a document cannot be downloaded yet; ``due`` is None where it could not be read."""

    due: datetime | None


def too_early(error: ValidationFailed) -> TooEarly | None:
    """Read a 422 that says from when on a document can be downloaded; None if it is about anything else."""
    detail = error.problem.detail if error.problem is not None else None
    for said in (*(violation.message for violation in error.violations), detail or "", error.message):
        found = _TOO_EARLY.search(said)
        if found:
            return TooEarly(moment_of(found["due"].rstrip(".")))
    return None


def moment_of(written: str | None) -> datetime | None:
    """Read a moment as the API writes it, aware; None where there is none that can be read."""
    try:
        found = None if written is None else datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)


def file_name(order: Mapping[str, Any], document_id: str, language: str | None, content_type: str) -> str:
    """Make the name of a document's file.

    Args:
        order: The order's JSON, as far as it is known; its reference comes first in the name.
        document_id: The document's id.
        language: The language that was asked for, None to leave it out.
        content_type: What the storage host said the file is.
    """
    parts = [text(order, "reference") or text(order, "id") or "order", document_id, language or ""]
    plain = [_LOOSE.sub("-", part).strip("-")[:_LONGEST] for part in parts]
    return "_".join(part for part in plain if part) + _TYPES.get(_plain(content_type), ".bin")


def is_stale(status: int) -> bool:
    """Tell whether a status can mean that the address has expired and a new one may help."""
    return status in _STALE


def length_of(headers: Mapping[str, str]) -> int | None:
    """Give the announced length of the body as it will be seen; None when it cannot be compared."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        return None
    said = headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() else None


def next_address(address: str, location: str | None) -> str:
    """Give where a redirect leads.

    Raises:
        DownloadFailed: It leads nowhere, or from https to http.
    """
    if not location:
        raise DownloadFailed("the storage host redirects to nowhere")
    following = urljoin(address, location)
    if urlsplit(address).scheme == "https" and urlsplit(following).scheme != "https":
        raise DownloadFailed("the storage host redirects from https to something else; not followed")
    return following


def check_content(
    beginning: bytes, ending: bytes, size: int, *, announced: int | None, content_type: str, address: str
) -> None:
    """Check that a file is whole and what it is said to be.

    Args:
        beginning: Its first bytes.
        ending: Its last bytes, some hundreds.
        size: How many bytes came.
        announced: How many were announced, None when that was not said.
        content_type: What the storage host said it is.
        address: Where it came from; a path that ends in ``.pdf`` promises a PDF.

    Raises:
        DownloadFailed: It is not.
    """
    if announced is not None and size != announced:
        raise DownloadFailed(f"the file is cut short: {size} of {announced} bytes came")
    if size == 0:
        raise DownloadFailed("the file is empty")
    kind = _plain(content_type)
    promised = kind == "application/pdf" or urlsplit(address).path.lower().endswith(".pdf")
    if promised and not beginning.startswith(MAGIC):
        raise DownloadFailed(f"this is no PDF ({kind or 'no media type'}); it begins with {beginning[:16]!r}")
    if promised and _END not in ending:
        raise DownloadFailed("this PDF has no end, so it is cut short")
    if kind.startswith("text/") or kind in {"application/xml", "application/json", "application/ld+json"}:
        raise DownloadFailed(f"the storage host sent a message instead of a file ({kind})")


def _plain(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
