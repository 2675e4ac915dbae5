"""Files that come from a storage host: how they are named, and whether they are what they should be. No I/O.

Nothing that a server says is trusted as a path; a file name is made of an order's reference and a document's
id, and of their harmless characters only.
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
# how files begin that are called nothing in particular
_MAGIC: Final = {b"\x89PNG\r\n\x1a\n": ".png", b"\xff\xd8\xff": ".jpg", b"PK\x03\x04": ".zip"}
_MESSAGES: Final = frozenset({"application/xml", "application/json", "application/ld+json"})
_MOST_DIGITS: Final = 18
_BEGINNING: Final = 16
_ENDING: Final = 1024
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
            return TooEarly(moment(found["due"].rstrip(".")))
    return None


def file_name(
    order: str,
    document_id: str,
    language: str | None,
    content_type: str,
    beginning: bytes = b"",
) -> str:
    """Return the name of a document's file, which no other document's file has.

    Args:
        order: The order's reference, which comes first in the name.
        document_id: The document's id.
        language: The language that was asked for, None to leave it out.
        content_type: What the storage host said the file is.
        beginning: Its first bytes, which count more.
    """
    parts = [order, document_id, language or ""]
    plain = [_LOOSE.sub("-", part).strip("-")[:_LONGEST] for part in parts]
    if plain != parts or "_" in "".join(plain) or document_id != document_id.lower():
        # other texts may give the same name, at least where a file system ignores case
        plain.append(hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:8])
    return "_".join(part for part in plain if part) + _suffix(_plain(content_type), beginning)


def _suffix(kind: str, beginning: bytes) -> str:
    """Return the ending of a file's name: as the file begins, else as it was called."""
    if beginning.startswith(MAGIC):
        return _TYPES["application/pdf"]
    if kind in _TYPES:
        return _TYPES[kind]
    return next((suffix for magic, suffix in _MAGIC.items() if beginning.startswith(magic)), ".bin")


def is_stale(status: int) -> bool:
    """Return True if a status can mean that the address has expired and a new one may help."""
    return status in _STALE


def length_of(headers: Mapping[str, str]) -> int | None:
    """Return the announced length of the body as it will be seen; None when it cannot be compared."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        return None
    said = headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= _MOST_DIGITS else None


def check_address(address: str) -> str:
    """Return the address of a document as it was given.

    Raises:
        DownloadFailed: It is not an http or https address.
    """
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        scheme = ""
    if scheme not in {"http", "https"}:
        raise DownloadFailed("the API gave an address that is not http or https", operation="download")
    return address


def next_address(address: str, location: str | None) -> str:
    """Return the address that a redirect leads to.

    Raises:
        DownloadFailed: It leads nowhere, or from https to http.
    """
    if not location:
        raise DownloadFailed("the storage host redirects to nowhere")
    try:
        following = urljoin(address, location)
        scheme = urlsplit(following).scheme
    except ValueError:
        raise DownloadFailed("the storage host redirects to what is no address") from None
    if urlsplit(address).scheme == "https" and scheme != "https":
        raise DownloadFailed("the storage host redirects from https to something else; not followed")
    return following


@define
class Content:
    """A file on its way: whether it is what it should be, from its first bytes to its last.

    Attributes:
        announced: How many bytes were announced, None when that was not said.
        content_type: What the storage host said it is.
        address: Where it came from; a path that ends in ``.pdf`` promises a PDF.
        max_bytes: A file longer than this is refused.
        size: How many bytes came so far.
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
        """Note the next piece.

        Raises:
            DownloadFailed: The file is too long with it.
        """
        self.size += len(chunk)
        if self.size > self.max_bytes:
            raise DownloadFailed(f"the file is longer than {self.max_bytes} bytes", operation="download")
        self.beginning = (self.beginning + chunk[:_BEGINNING])[:_BEGINNING]
        self.ending = (self.ending + chunk)[-_ENDING:]

    @property
    def has_begun(self) -> bool:
        """Whether enough has come to tell what it is."""
        return self.size >= _BEGINNING

    @property
    def is_cut_short(self) -> bool:
        """Whether less came than was announced."""
        return self.announced is not None and self.size < self.announced

    def check_beginning(self) -> None:
        """Raise DownloadFailed if the file is not what it should be, as far as its first bytes show."""
        check_beginning(self.beginning, content_type=self.content_type, address=self.address)

    def check(self) -> None:
        """Raise DownloadFailed if the file, which has come to its end, is not what it should be."""
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
    check_beginning(beginning, content_type=content_type, address=address)
    if beginning.startswith(MAGIC) and _END not in ending:
        raise DownloadFailed("this PDF has no end, so it is cut short")


def check_beginning(beginning: bytes, *, content_type: str, address: str) -> None:
    """Check the first bytes of a file; see `check_content`.

    Raises:
        DownloadFailed: It is not a PDF though it should be, or it is a message and not a file.
    """
    kind = _plain(content_type)
    if beginning.startswith(MAGIC):
        return
    if kind == "application/pdf" or urlsplit(address).path.lower().endswith(".pdf"):
        raise DownloadFailed(f"this is no PDF ({kind or 'no media type'}); it begins with {beginning[:16]!r}")
    if kind.startswith("text/") or kind in _MESSAGES:
        raise DownloadFailed(f"the storage host sent a message instead of a file ({kind})")


def _plain(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
