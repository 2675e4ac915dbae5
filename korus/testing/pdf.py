"""PDFs in cassettes: kept if they can be read and are not private, otherwise replaced.

Tickets have names, voucher numbers and drawn codes. A PDF is kept byte for byte only if all of it can be read as text
and none of it is private. Any other is replaced by a stand-in page, so that a download can be replayed and no ticket is
published. This is not a PDF library: what it does not understand counts as unreadable.
"""

from __future__ import annotations

import base64
import re
import zlib

__all__ = ["is_pdf", "readable_text", "stand_in"]

_STREAM = re.compile(rb"<<((?:[^<>]|<<[^<>]*>>|<[^<>]*>)*)>>\s*stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_UNREADABLE = re.compile(
    rb"/Encrypt\b|/Subtype\s*/Image\b|/Type0\b|/Identity-H|/EmbeddedFile|/ObjStm|/JS\b|\bBI\b.*?\bID\b",
    re.DOTALL,
)
_FILTER = re.compile(rb"/Filter\s*(\[[^\]]*\]|/\w+)")
_LITERAL = re.compile(rb"\(((?:[^()\\]|\\.)*)\)", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-Fa-f\s]+)>")
_RECTANGLE = re.compile(rb"\bre\b|\bl\b|\bc\b")
# a page with more strokes than this may be drawing a bar code or a QR code
_MOST_STROKES = 60


def is_pdf(content: bytes) -> bool:
    """Return True if the bytes begin like a PDF."""
    return content[:1024].lstrip().startswith(b"%PDF-")


def _plain(dictionary: bytes, content: bytes) -> bytes | None:
    found = _FILTER.search(dictionary)
    for name in re.findall(rb"/(\w+)", found[1]) if found else []:
        try:
            if name == b"FlateDecode":
                content = zlib.decompress(content)
            elif name == b"ASCII85Decode":
                content = base64.a85decode(b"<~" + content.strip().removeprefix(b"<~"), adobe=True)
            else:
                return None
        except (ValueError, zlib.error):
            return None
    return content


def _strings(content: bytes) -> list[str]:
    texts = [re.sub(rb"\\([()\\])", rb"\1", found[1]) for found in _LITERAL.finditer(content)]
    texts += [
        bytes.fromhex(re.sub(rb"\s", b"", found[1]).decode() + "0" * (len(found[1]) % 2))
        for found in _HEX.finditer(content)
        if re.sub(rb"\s", b"", found[1])
    ]
    return [
        text.decode("utf-16" if text[:2] in {b"\xfe\xff", b"\xff\xfe"} else "latin-1", "replace")
        for text in texts
    ]


def readable_text(content: bytes) -> str | None:
    """Return the whole text of a PDF, None if part of it cannot be read or may be a drawn code."""
    if not is_pdf(content) or _UNREADABLE.search(content):
        return None
    texts = [content.decode("latin-1")]
    for found in _STREAM.finditer(content):
        plain = _plain(found[1], found[2])
        if plain is None or _UNREADABLE.search(plain) or len(_RECTANGLE.findall(plain)) > _MOST_STROKES:
            return None
        strings = _strings(plain)
        # text that is drawn letter by letter or word by word has to be found too
        texts += [" ".join(strings), "".join(strings), plain.decode("latin-1")]
    if content.count(b"endstream") != len(_STREAM.findall(content)):
        return None
    return "\n".join([*texts, *_strings(content)])


def stand_in() -> bytes:
    """Return a PDF of one page that says that it replaces another one."""
    page = b"BT /F1 12 Tf 72 720 Td (This page stands for a document that is not kept in recordings.) Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = b"%PDF-1.4\n"
    offsets: list[int] = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(out))
    )
