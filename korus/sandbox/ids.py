"""Identifiers of the sandbox: UUIDs of version 7, genids, IRIs' last segments.

All ids are derived from what they identify, so the same seed gives the same catalogue on every machine. Nothing here is
random.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b

__all__ = ["IMPORTED_AT", "digest_of", "genid", "last_segment", "milliseconds", "uuid7"]

IMPORTED_AT = datetime(2025, 11, 4, 10, 20, 30, tzinfo=UTC)
"""The time in the ids of the catalogue: when the invented issuers were connected."""


def digest_of(*parts: object) -> bytes:
    """Return 32 bytes that depend on every part and on their order."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=32).digest()


def milliseconds(moment: datetime) -> int:
    """Return the milliseconds since 1970 of an aware moment."""
    return int(moment.timestamp() * 1000)


_IMPORTED_MS = milliseconds(IMPORTED_AT)


def uuid7(digest: bytes, moment_ms: int | None = None) -> str:
    """Return a well-formed version 7 UUID.

    Args:
        digest: At least 14 bytes; they fill everything but time, version and variant.
        moment_ms: Milliseconds since 1970; a time soon after the catalogue's import when left out.
    """
    if moment_ms is None:
        moment_ms = _IMPORTED_MS + int.from_bytes(digest[10:14], "big") % 86_400_000
    value = (moment_ms & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76
    value |= (int.from_bytes(digest[:2], "big") & 0xFFF) << 64
    value |= 0b10 << 62
    value |= int.from_bytes(digest[2:10], "big") & 0x3FFF_FFFF_FFFF_FFFF
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def genid(*parts: object) -> str:
    """Return the IRI of a blank node: the ``@id`` of an embedded value object, which cannot be fetched."""
    return f"/.well-known/genid/{digest_of('genid', *parts)[:10].hex()}"


def last_segment(iri: str) -> str:
    """Return the text after the last slash; a bare id stays what it is."""
    return iri.rsplit("/", 1)[-1]
