"""Replacements for bodies that cannot be searched: a sentence with the type, the length and a keyed digest.

The same content has the same replacement, so a repeated request is recognised. Images stay valid images, with the
sentence after their end.
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import TYPE_CHECKING, Final

from korus.testing import bodies
from korus.testing.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["for_binary", "for_text", "is_stand_in", "same_content"]

_TEXT = re.compile(r"(?:<html>)?concealed: [0-9]+ characters(?:</html>)?")
_BINARY = re.compile(rb"concealed: ([\w.+/-]*), ([0-9]+) bytes, digest ([0-9a-f]{16})")
_IMAGES: Final[Mapping[bytes, bytes]] = {
    b"\x89PNG\r\n": base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
    ),
    b"GIF8": base64.b64decode("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw=="),
}


def for_text(text: str) -> str:
    """Return the replacement for a text without structure: CSV, markup and prose may hold anything."""
    if _TEXT.fullmatch(text):
        return text
    said = f"concealed: {len(text)} characters"
    return f"<html>{said}</html>" if text.lstrip()[:1] == "<" else said


def for_binary(content: bytes, content_type: str | None, pseudonyms: Pseudonyms) -> bytes:
    """Return the replacement for bytes that cannot be read."""
    if is_stand_in(content):
        return content
    image = next((one for start, one in _IMAGES.items() if content.startswith(start)), b"")
    return image + _sentence(content, content_type, pseudonyms)


def _sentence(content: bytes, content_type: str | None, pseudonyms: Pseudonyms) -> bytes:
    kind = re.sub(r"[^\w.+/-]", "", bodies.media_type(content_type))
    if kind.startswith("multipart/") and content.startswith(b"--"):
        # each request has another boundary
        content = content.replace(content.partition(b"\r\n")[0].removeprefix(b"--"), b"boundary")
    digest = hmac.digest(pseudonyms.key, b"body\0" + content, "sha256").hex()[:16]
    return f"concealed: {kind}, {len(content)} bytes, digest {digest}".encode()


def is_stand_in(content: bytes) -> bool:
    """Return True for a replacement made by `for_binary`."""
    image = next((one for one in _IMAGES.values() if content.startswith(one)), b"")
    return _BINARY.fullmatch(content[len(image) :]) is not None


def same_content(
    recorded: bytes, content: bytes, content_type: str | None, pseudonyms: Pseudonyms | None
) -> bool:
    """Return True if a recorded replacement may be that of a content; without the key, type and length decide."""
    stands = _BINARY.search(recorded)
    if stands is None or not is_stand_in(recorded) or not content:
        return False
    other = _BINARY.fullmatch(_sentence(content, content_type, pseudonyms or Pseudonyms()))
    compared = 2 if pseudonyms is None else 3
    return other is not None and stands.groups()[:compared] == other.groups()[:compared]
