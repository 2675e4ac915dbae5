"""A server of our own on loopback that answers exactly what a test tells it to, however wrong."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from attrs import define, field

from korus import AsyncKorus, Korus

if TYPE_CHECKING:
    from collections.abc import Callable

CANARIES = {
    "secret": "canary-secret-7f3a",
    "access": "canary-access-9b21",
    "refresh": "canary-refresh-44c8",
}


@define
class Seen:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@define
class Reply:
    """What to answer: a status and a body, or something worse.

    Attributes:
        delay: Seconds before anything is sent.
        raw: Sent in place of a proper answer, byte for byte; the connection is closed after it.
        drip: Seconds between the single bytes of what is sent.
        reset: Break the connection with a TCP reset in place of an answer.
    """

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(factory=dict)
    delay: float = 0
    raw: bytes | None = None
    drip: float | None = None
    reset: bool = False

    def encoded(self) -> bytes:
        if self.raw is not None:
            return self.raw
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Type": "application/ld+json", "Content-Length": str(len(body)), **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Any\r\n{lines}\r\n".encode() + body


def token(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "access_token": f"{CANARIES['access']}-{number}",
        "expires_in": 1800,
        "refresh_expires_in": 1800,
        "refresh_token": f"{CANARIES['refresh']}-{number}",
        "token_type": "Bearer",
        **changes,
    }


class ScriptedServer:
    """Answers with ``answer(request)``; the token endpoint with ``answer_token(request)``."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.answer: Callable[[Seen], Reply] = lambda _: Reply(body={})
        self.answer_token: Callable[[Seen], Reply] = lambda _: Reply(body=token(len(self.token_requests)))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self._running = True
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def token_url(self) -> str:
        return f"{self.base_url}/auth/token"

    @property
    def token_requests(self) -> list[Seen]:
        return [request for request in list(self.seen) if request.path == "/auth/token"]

    @property
    def api_requests(self) -> list[Seen]:
        return [request for request in list(self.seen) if request.path != "/auth/token"]

    def settings(self, **changes: Any) -> dict[str, Any]:
        return {
            "base_url": self.base_url,
            "token_url": self.token_url,
            "client_id": "shop",
            "client_secret": CANARIES["secret"],
            **changes,
        }

    def replies(self, *replies: Reply) -> None:
        """Answer these in turn, the last one for ever."""
        waiting = list(replies)
        self.answer = lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def close(self) -> None:
        self._running = False
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def _accept(self) -> None:
        while self._running:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as reader:
                while (request := _read(reader)) is not None:
                    self.seen.append(request)
                    is_token = request.path == "/auth/token"
                    reply = self.answer_token(request) if is_token else self.answer(request)
                    if not _send(connection, reply):
                        return
        except OSError:
            return


def _read(reader: Any) -> Seen | None:
    first = reader.readline().decode("latin-1").split()
    if len(first) < 2:
        return None
    headers: dict[str, str] = {}
    while (line := reader.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", 0)))
    return Seen(first[0], first[1], headers, body, time.monotonic())


def _send(connection: socket.socket, reply: Reply) -> bool:
    """Carry out a reply; say whether the connection goes on."""
    if reply.delay:
        time.sleep(reply.delay)
    if reply.reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    if reply.drip is None:
        connection.sendall(reply.encoded())
    else:
        for byte in reply.encoded():
            connection.sendall(bytes([byte]))
            time.sleep(reply.drip)
    return reply.raw is None


@define
class Caller:
    """Calls the same thing with the sync or the async client, so that each test is written once.

    ``call(lambda korus: korus.orders.get("x"))`` gives the result in both.
    """

    asynchronous: bool
    _server: ScriptedServer
    _open: list[Any] = field(factory=list)

    def client(self, **changes: Any) -> Any:
        client = (AsyncKorus if self.asynchronous else Korus)(**self._server.settings(**changes))
        self._open.append(client)
        return client

    def call(self, *calls: Callable[[Any], Any], **changes: Any) -> Any:
        """Make calls one after the other with one client, whose ``http_client`` is closed; return the last result."""
        return self.using(self.client(**changes), *calls, lent=changes.get("http_client"))

    def using(self, client: Any, *calls: Callable[[Any], Any], lent: Any = None) -> Any:
        if not self.asynchronous:
            with lent or nullcontext(), client:
                return [_listed(call(client)) for call in calls][-1]
        import anyio

        async def run() -> Any:
            async with lent or nullcontext(), client:
                return [await _awaited(call(client)) for call in calls][-1]

        return anyio.run(run)


def _listed(value: Any) -> Any:
    return list(value) if hasattr(value, "__next__") or type(value).__name__ == "Pages" else value


async def _awaited(value: Any) -> Any:
    if hasattr(value, "__await__"):
        value = await value
    return [item async for item in value] if hasattr(value, "__aiter__") else value
