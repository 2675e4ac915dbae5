"""Content codings of answers: at most one is undone, piece by piece, so that no answer outgrows a limit on the way.

A few kilobytes of gzip inside gzip are gigabytes, and even one layer is a thousand times its size: a decoder that
gives whatever a chunk holds has filled the memory before anybody can look.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PIECE", "Decoder", "Undecodable"]

PIECE: Final = 64 * 1024
"""The most that a `Decoder` gives at a time, in bytes."""

_GZIP = zlib.MAX_WBITS | 16
_ZLIB, _RAW = zlib.MAX_WBITS, -zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b"
_HEADER_BYTES = 2


class Undecodable(ValueError):
    """A body whose content coding cannot be undone; its text says why and quotes nothing."""


class Decoder:
    """Undoes the content coding of one body.

    Args:
        content_encoding: The header, None where there is none.

    Raises:
        Undecodable: it names more than one coding, or one that was not asked for.
    """

    def __init__(self, content_encoding: str | None) -> None:
        named = [part.strip().lower() for part in (content_encoding or "").split(",")]
        codings = [part for part in named if part not in {"", "identity"}]
        if len(codings) > 1:
            raise Undecodable(f"it has {len(codings)} content codings; at most one is accepted")
        if codings and codings[0] not in {"gzip", "x-gzip", "deflate"}:
            raise Undecodable("its content coding is none of those that were asked for (gzip, deflate)")
        self._plain = not codings
        self._gzip = bool(codings) and codings[0] != "deflate"
        self._held = b""
        self._inflate = zlib.decompressobj(_GZIP) if self._gzip else None

    def pieces(self, raw: bytes) -> Iterator[bytes]:
        """Yield what the next bytes of the body stand for, at most `PIECE` bytes at a time.

        Raises:
            Undecodable: they are not what the header says.
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
        """Check that nothing is missing, once the whole body was passed to `pieces`.

        Raises:
            Undecodable: the body is cut short.
        """
        if self._held or (self._inflate is not None and self._begun and not self._inflate.eof):
            raise Undecodable("its content encoding is broken: it is cut short")

    _begun = False

    def _inflated(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            # servers mean one of two things by deflate, and the first two bytes tell which
            self._held = data if len(data) < _HEADER_BYTES else b""
            if self._held:
                return
            self._inflate = zlib.decompressobj(_ZLIB if _is_zlib(data) else _RAW)
        self._begun = True
        while True:
            if self._inflate.eof:
                # a gzip file may have several members; anything else behind the end means nothing
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
