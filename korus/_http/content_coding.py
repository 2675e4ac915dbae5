"""Content codings of answers: at most one is decoded, piece by piece, so that size limits hold during decoding.

A few kilobytes of nested gzip decode to gigabytes, and one layer to a thousand times its size: a decoder that returns
the whole content of a chunk can fill the memory before its size is checked.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PIECE", "Decoder", "Undecodable"]

PIECE: Final = 64 * 1024
"""The largest piece that a `Decoder` yields, in bytes."""

_GZIP = zlib.MAX_WBITS | 16
_ZLIB, _RAW = zlib.MAX_WBITS, -zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b"
_HEADER_BYTES = 2


class Undecodable(ValueError):
    """The content coding of a body cannot be decoded; the message has the reason and quotes nothing."""


class Decoder:
    """Decoder for the content coding of one body.

    Args:
        content_encoding: The header, None if it is missing.

    Raises:
        Undecodable: The header has more than one coding, or one that was not requested.
    """

    def __init__(self, content_encoding: str | None) -> None:
        named = [part.strip().lower() for part in (content_encoding or "").split(",")]
        codings = [part for part in named if part not in {"", "identity"}]
        if len(codings) > 1:
            raise Undecodable(f"it has {len(codings)} content codings; at most one is accepted")
        if codings and codings[0] not in {"gzip", "x-gzip", "deflate"}:
            raise Undecodable("its content coding is not one of those requested (gzip, deflate)")
        self._plain = not codings
        self._gzip = bool(codings) and codings[0] != "deflate"
        self._held = b""
        self._inflate = zlib.decompressobj(_GZIP) if self._gzip else None

    def pieces(self, raw: bytes) -> Iterator[bytes]:
        """Decode the next bytes of the body; yield at most `PIECE` bytes at a time.

        Raises:
            Undecodable: They do not follow the coding.
        """
        for start in range(0, len(raw), PIECE):
            part = raw[start : start + PIECE]
            if self._plain:
                yield part
                continue
            try:
                yield from self._inflated(self._held + part)
            except zlib.error:
                raise Undecodable("its content encoding is broken") from None

    def finish(self) -> None:
        """Check that the body is complete, once all of it was passed to `pieces`.

        Raises:
            Undecodable: The body is cut short.
        """
        if self._held or (self._inflate is not None and self._begun and not self._inflate.eof):
            raise Undecodable("its content encoding is broken: it is cut short")

    _begun = False

    def _inflated(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            # servers use two formats for deflate, which differ in the first two bytes
            self._held = data if len(data) < _HEADER_BYTES else b""
            if self._held:
                return
            self._inflate = zlib.decompressobj(_ZLIB if _is_zlib(data) else _RAW)
        self._begun = True
        while True:
            if self._inflate.eof:
                # gzip may have several members; other data after the end is ignored
                if not (data and self._gzip and _MAGIC.startswith(data[: len(_MAGIC)])):
                    return
                self._inflate = zlib.decompressobj(_GZIP)
            piece = self._inflate.decompress(data, PIECE)
            if piece:
                yield piece
            data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            # a full piece may leave more inside, whether or not bytes are left over
            if not data and len(piece) < PIECE:
                return


def _is_zlib(data: bytes) -> bool:
    return data[0] & 0x0F == zlib.DEFLATED and (data[0] << 8 | data[1]) % 31 == 0
