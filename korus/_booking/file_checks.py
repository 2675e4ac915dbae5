"""Downloaded files: their names, and checks of their content. No I/O.

A file name consists of the safe characters of an order's reference and a document's id; names and paths that a server
sends are not used.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from attrs import define, field, frozen

from korus._core.values import moment
from korus.errors import DownloadFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from korus.errors import ValidationFailed

__all__ = [
    "MAGIC",
    "Content",
    "TooEarly",
    "check_address",
    "check_beginning",
    "check_content",
    "file_name",
    "is_stale",
    "length_of",
    "next_address",
    "too_early",
]

MAGIC: Final = b"%PDF-"
_END: Final = b"%%EOF"
# the API's message before a document is ready; the time is optional
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
# first bytes of files without a specific media type
_MAGIC: Final = {b"\x89PNG\r\n\x1a\n": ".png", b"\xff\xd8\xff": ".jpg", b"PK\x03\x04": ".zip"}
_MESSAGES: Final = frozenset({"application/xml", "application/json", "application/ld+json"})
_MOST_DIGITS: Final = 18
_BEGINNING: Final = 16
_ENDING: Final = 1024
# statuses of storage hosts for a signed address that has expired or is no longer valid
_STALE: Final = frozenset({400, 401, 403, 404, 410})


@frozen
class TooEarly:
    """Answer that a document cannot be downloaded yet; ``due`` is None if it could not be read."""

    due: datetime | None


def too_early(error: ValidationFailed) -> TooEarly | None:
    """Read a 422 for a document that is not ready; None if it is about anything else."""
    detail = error.problem.detail if error.problem is not None else None
    for said in (*(violation.message for violation in error.violations), detail or "", error.message):
        found = _TOO_EARLY.search(said)
        if found:
            return TooEarly(moment(found["due"].rstrip(".")))
    return None


def file_name(
    order: str,
    document_id: str,
    language: str | None,
    content_type: str,
    beginning: bytes = b"",
) -> str:
    """Return the name of a document's file, which is unique for each document.

    Args:
        order: The order's reference, which comes first in the name.
        document_id: The document's id.
        language: The requested language, None to omit it.
        content_type: The storage host's Content-Type.
        beginning: Its first bytes, which have priority.
    """
    parts = [order, document_id, language or ""]
    plain = [_LOOSE.sub("-", part).strip("-")[:_LONGEST] for part in parts]
    if plain != parts or "_" in "".join(plain) or document_id != document_id.lower():
        # other texts may result in the same name, at least if the file system ignores case
        plain.append(hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:8])
    return "_".join(part for part in plain if part) + _suffix(_plain(content_type), beginning)


def _suffix(kind: str, beginning: bytes) -> str:
    """Return the extension of a file's name: by its first bytes, else by its media type."""
    if beginning.startswith(MAGIC):
        return _TYPES["application/pdf"]
    if kind in _TYPES:
        return _TYPES[kind]
    return next((suffix for magic, suffix in _MAGIC.items() if beginning.startswith(magic)), ".bin")


def is_stale(status: int) -> bool:
    """Return True for a status with which a storage host may refuse an expired address."""
    return status in _STALE


def length_of(headers: Mapping[str, str]) -> int | None:
    """Return the announced length of the decoded body; None if it cannot be compared."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        return None
    said = headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= _MOST_DIGITS else None


def check_address(address: str) -> str:
    """Return the address of a document unchanged.

    Raises:
        DownloadFailed: It is not an http or https address.
    """
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        scheme = ""
    if scheme not in {"http", "https"}:
        raise DownloadFailed("the address of the document is not http or https", operation="download")
    return address


def next_address(address: str, location: str | None) -> str:
    """Return the target of a redirect.

    Raises:
        DownloadFailed: It has no valid target, or leads from https to http.
    """
    if not location:
        raise DownloadFailed("the storage host sent a redirect without a target")
    try:
        following = urljoin(address, location)
        scheme = urlsplit(following).scheme
    except ValueError:
        raise DownloadFailed("the storage host sent a redirect to an invalid address") from None
    if urlsplit(address).scheme == "https" and scheme != "https":
        raise DownloadFailed("the storage host redirects from https to another scheme, which is not followed")
    return following


@define
class Content:
    """Content checks of a file while it is downloaded.

    Attributes:
        announced: The announced number of bytes, None if not announced.
        content_type: The storage host's Content-Type.
        address: Its address; a path that ends in ``.pdf`` must be a PDF.
        max_bytes: The maximum size; a longer file is refused.
        size: The number of bytes received so far.
        beginning: The first of them.
        ending: The last of them.
    """

    announced: int | None
    content_type: str
    address: str = field(repr=False)  # it is signed
    max_bytes: int
    size: int = 0
    beginning: bytes = field(default=b"", repr=False)
    ending: bytes = field(default=b"", repr=False)

    def take(self, chunk: bytes) -> None:
        """Add the next chunk.

        Raises:
            DownloadFailed: The file is longer than the maximum.
        """
        self.size += len(chunk)
        if self.size > self.max_bytes:
            raise DownloadFailed(f"the file is longer than {self.max_bytes} bytes", operation="download")
        self.beginning = (self.beginning + chunk[:_BEGINNING])[:_BEGINNING]
        self.ending = (self.ending + chunk)[-_ENDING:]

    @property
    def has_begun(self) -> bool:
        """True if enough bytes were received to check the file's type."""
        return self.size >= _BEGINNING

    @property
    def is_cut_short(self) -> bool:
        """True if fewer bytes were received than announced."""
        return self.announced is not None and self.size < self.announced

    def check_beginning(self) -> None:
        """Raise DownloadFailed if the first bytes show that the file is not the expected one."""
        check_beginning(self.beginning, content_type=self.content_type, address=self.address)

    def check(self) -> None:
        """Raise DownloadFailed if the complete file is not the expected one."""
        check_content(
            self.beginning,
            self.ending,
            self.size,
            announced=self.announced,
            content_type=self.content_type,
            address=self.address,
        )


def check_content(
    beginning: bytes, ending: bytes, size: int, *, announced: int | None, content_type: str, address: str
) -> None:
    """Check that a file is complete and of the expected type.

    Args:
        beginning: Its first bytes.
        ending: Its last bytes, some hundreds.
        size: The number of bytes received.
        announced: The announced number, None if not announced.
        content_type: The storage host's Content-Type.
        address: Its address; a path that ends in ``.pdf`` must be a PDF.

    Raises:
        DownloadFailed: It is incomplete, or of another type.
    """
    if announced is not None and size != announced:
        raise DownloadFailed(f"the file is incomplete: received {size} of {announced} bytes")
    if size == 0:
        raise DownloadFailed("the file is empty")
    check_beginning(beginning, content_type=content_type, address=address)
    if beginning.startswith(MAGIC) and _END not in ending:
        raise DownloadFailed("the file is incomplete: the end marker of the PDF is missing")


def check_beginning(beginning: bytes, *, content_type: str, address: str) -> None:
    """Check the first bytes of a file; see `check_content`.

    Raises:
        DownloadFailed: It should be a PDF and is not, or it is a message instead of a file.
    """
    kind = _plain(content_type)
    if beginning.startswith(MAGIC):
        return
    if kind == "application/pdf" or urlsplit(address).path.lower().endswith(".pdf"):
        raise DownloadFailed(
            f"the file is not a PDF ({kind or 'no media type'}); it begins with {beginning[:16]!r}"
        )
    if kind.startswith("text/") or kind in _MESSAGES:
        raise DownloadFailed(f"the storage host sent a message instead of a file ({kind})")


def _plain(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
