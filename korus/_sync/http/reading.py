# Written by `python -m scripts.sync` from korus/_async/http/reading.py; edit that file instead.
"""Reading of answers' bodies within a size limit, for any length and content coding."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

from attrs import field, frozen

from korus._http.library import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["ACCEPTED", "Body", "decoded", "discard", "read_body"]

ACCEPTED = "gzip, deflate"
"""The value of ``Accept-Encoding``: the codings that `korus._http.content_coding` decodes."""

_MOST_DISCARDED = 64 * 1024
_LENGTH_DIGITS = 18


@frozen
class Body:
    """Body of an answer.

    Attributes:
        content: The bytes, without content coding; empty if they cannot be read.
        flaw: The reason why it is incomplete, None if it is complete; does not quote the body.
    """

    content: bytes = field(repr=False)
    flaw: str | None = None


def decoded(response: httpx.Response) -> Iterator[bytes]:
    """Yield a body in chunks of at most 64 KiB, without content coding.

    Raises:
        Undecodable: Its content coding is not accepted, or broken.
    """
    if response.is_stream_consumed:
        # the caller's transport or hook has read it
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
        limit: The maximum number of bytes, encoded and decoded; the rest is not read.
        is_late: Returns True if there is no time left.

    Raises:
        TimeoutError: There is no time left.
    """
    from korus._http.content_coding import Undecodable

    too_long = f"it is longer than {limit} bytes"
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and (len(announced) > _LENGTH_DIGITS or int(announced) > limit):
        return Body(b"", too_long)
    # joining a list of chunks would hold the body in memory twice
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
    """Read and discard the body of an answer, so that its connection can be reused; close it if it is long.

    httpx reads the complete decoded body of each answer to which an auth flow replies; here it is empty then.
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
