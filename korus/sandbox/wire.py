"""Connections of the sandbox: answers as bytes, and connection faults.

A reset is a real one (RST, by ``SO_LINGER`` 0); an answer that is cut short ends before its announced length.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, cast

from attrs import define, field
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

__all__ = ["Answer", "ResettableProtocol", "reset", "send_answer", "send_cut_short", "send_padding"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_LINGER_0 = struct.pack("ii", 1, 0)
_TEN_MEGABYTES = 10 * 1024 * 1024


@define
class Answer:
    """A whole HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(factory=dict[str, str])

    def raw_headers(self, **more: str) -> list[tuple[bytes, bytes]]:
        """Return the headers for ASGI."""
        both: Mapping[str, str] = {
            **self.headers,
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in both.items()]


class ResettableProtocol(H11Protocol):
    """uvicorn's protocol, with access to the connection for the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Pass the connection to its requests."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}

    @property
    def idle(self) -> bool:
        """True if no request is being answered."""
        cycle = cast("Any", self.cycle)
        return cycle is None or cycle.response_complete


async def send_answer(send: Send, answer: Answer, *, method: str = "GET") -> None:
    """Send an answer without faults."""
    headers = answer.raw_headers(content_length=str(len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})


async def send_padding(send: Send, answer: Answer) -> None:
    """Send ten megabytes of spaces."""
    await send_answer(send, Answer(answer.status, b" " * _TEN_MEGABYTES, answer.headers))


async def send_cut_short(
    scope: Scope, receive: Receive, send: Send, answer: Answer, *, part: float, chunked: bool
) -> None:
    """Send the beginning of an answer and close the connection before its end."""
    length = {} if chunked else {"content_length": str(len(answer.body))}
    end = min(int(len(answer.body) * part), max(0, len(answer.body) - 1))
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers(**length)}
    )
    await send({"type": "http.response.body", "body": answer.body[:end], "more_body": True})
    _transport(scope).close()
    await _until_disconnected(receive)


async def reset(scope: Scope, receive: Receive) -> None:
    """Reset the connection: the peer sees ECONNRESET, or the end of the stream if it has not sent all."""
    transport = _transport(scope)
    raw = transport.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:  # the peer may be gone already
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
    transport.abort()
    await _until_disconnected(receive)


def _transport(scope: Scope) -> asyncio.Transport:
    return cast("asyncio.Transport", scope["state"]["transport"])


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
