# Written by `python -m scripts.sync` from korus/_async/http/reading.py; edit that file instead.
"""Reading the bodies of answers within a limit, whatever their length and content coding."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

from attrs import field, frozen

from korus._http.library import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["ACCEPTED", "Body", "decoded", "discard", "read_body"]

ACCEPTED = "gzip, deflate"
"""What ``Accept-Encoding`` says: the codings that `korus._http.content_coding` undoes."""

_MOST_DISCARDED = 64 * 1024
_LENGTH_DIGITS = 18


@frozen
class Body:
    """The body of an answer, as far as it was read.

    Attributes:
        content: The bytes, without content coding; empty when they cannot be read.
        flaw: Why it is not whole, None if it is; a text without anything of the body in it.
    """

    content: bytes = field(repr=False)
    flaw: str | None = None


def decoded(response: httpx.Response) -> Iterator[bytes]:
    """Yield a body piece by piece, without content coding, at most 64 KiB at a time.

    Raises:
        Undecodable: its content coding is not accepted, or broken.
    """
    if response.is_stream_consumed:
        # a transport or a hook of the caller's has read it
        yield response.content
        return
    from korus._http.content_coding import Decoder

    decoder = Decoder(response.headers.get("content-encoding"))
    for raw in response.iter_raw():
        for piece in decoder.pieces(raw):
            yield piece
    decoder.finish()


def read_body(response: httpx.Response, limit: int, *, is_late: Callable[[], bool]) -> Body:
    """Read a body of at most ``limit`` bytes.

    Args:
        response: The answer, opened as a stream.
        limit: The most bytes, on the wire as well as decoded; the rest is not read.
        is_late: Returns True when there is no more time.

    Raises:
        TimeoutError: there is no more time.
    """
    from korus._http.content_coding import Undecodable

    too_long = f"it is longer than {limit} bytes"
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and (len(announced) > _LENGTH_DIGITS or int(announced) > limit):
        return Body(b"", too_long)
    # a list of chunks would have to be joined, and then the body would be there twice
    content = io.BytesIO()
    try:
        for piece in decoded(response):
            content.write(piece)
            if max(content.tell(), response.num_bytes_downloaded) > limit:
                return Body(b"", too_long)
            if is_late():
                raise TimeoutError
    except Undecodable as error:
        return Body(b"", str(error))
    return Body(content.getvalue())


def discard(response: httpx.Response) -> None:
    """Read and forget the body of an answer, so that its connection can be used again; close it if it is long.

    httpx reads the whole body, decoded, of every answer that an auth flow replies to: it finds none here.
    """
    if response.is_stream_consumed:
        return
    stream, size = cast("httpx.SyncByteStream", response.stream), 0
    try:
        for raw in stream:
            size += len(raw)
            if size > _MOST_DISCARDED:
                break
    finally:
        stream.close()
    response.stream = httpx.ByteStream(b"")
    response.headers.pop("content-encoding", None)
