"""A proxy in front of the sandbox: a gateway's 404, reads that lag behind, requests that it repeats, outages.

The sandbox's own faults are those of an API and of its connections. Intermediaries add others: an HTML page with 404
for an existing resource, a replica that does not show a write yet, the refusal of a repeated request that hides the
first one's success, and bookings that are refused before they reach the API.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import frozen

from korus.sandbox.app import TOKEN_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from korus.sandbox import Sandbox
    from korus.sandbox.boxoffice import Order

__all__ = ["Proxy"]

_ORDERS: Final = "/v1/booking/orders"
_RESERVATIONS: Final = "/v1/booking/reservations"
_BULK: Final = frozenset({f"{_ORDERS}/_bulk", f"{_RESERVATIONS}/_bulk"})
_NOBODY: Final = "00000000-0000-7000-8000-000000000000"
_TICK: Final = 0.03
# so that no request is processed later than `settle` after its end
_REPEATED_WITHIN: Final = 0.2
_END_SECONDS: Final = 10.0
_HEAD_LIMIT: Final = 1 << 16
_LAG: Final = (0.2, 1.1)
_LONG_LAG: Final = (1.8, 3.0)
_PAGE: Final = b"<html><head><title>%d</title></head><body><h1>%d</h1><hr>gateway</body></html>"


class _Broken(Exception):
    """The connection to the sandbox or to the client was closed early."""


@frozen
class _Request:
    method: str
    path: str
    head: bytes
    body: bytes

    @property
    def place(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]

    @property
    def is_read(self) -> bool:
        """True for a read of bookings."""
        return self.method == "GET" and self.place.startswith((_ORDERS, _RESERVATIONS))

    def alone(self, path: str | None = None) -> bytes:
        """Return the request for a separate connection, which ends with the answer."""
        first, *fields = self.head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        if path is not None:
            first = first.replace(self.path.encode(), path.encode(), 1)
        left_out = (b"connection:", b"accept-encoding:")
        kept = [field for field in fields if not field.lower().startswith(left_out)]
        return b"\r\n".join([first, *kept, b"Connection: close", b"", b""]) + self.body


class Proxy:
    """Proxy in front of a sandbox, with the faults of proxies.

    Args:
        sandbox: The sandbox.
        seed: The seed of the faults.
        severity: The factor of their frequency.
    """

    def __init__(self, sandbox: Sandbox, *, seed: int, severity: float) -> None:
        self._box_office = sandbox.box_office
        self._address = sandbox.base_url
        self._chance = random.Random(seed)  # noqa: S311 - must be reproducible
        self._severity = severity
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._listening: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.StreamWriter] = set()
        self._seen = 0
        self._hidden_until: dict[str, float] = {}
        self._port = 0
        self.struck: Counter[str] = Counter()
        self.calm = True
        """Forward everything unchanged."""

    @property
    def base_url(self) -> str:
        """The origin for clients, instead of the sandbox's."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        self._run(self._start_watching())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def refuse(self, seconds: float) -> None:
        """Refuse connections for a time and close the idle ones, like a proxy during a restart."""
        self._run(self._refuse(seconds))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        self._listening = await asyncio.start_server(
            self._attend, sock=listener, limit=_HEAD_LIMIT, backlog=1024
        )

    async def _refuse(self, seconds: float) -> None:
        if self._listening is None:
            return
        self._listening.close()
        self._listening = None
        for writer in tuple(self._idle):
            writer.close()
        self._loop.call_later(seconds, lambda: self._loop.create_task(self._listen()))

    async def _start_watching(self) -> None:
        async def watch() -> None:
            while True:
                self._note_orders()
                await asyncio.sleep(_TICK)

        self._connections.add(self._loop.create_task(watch()))

    async def _end(self) -> None:
        if self._listening is not None:
            self._listening.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    # --- connections ---------------------------------------------------------------------------------------

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        upstream = _Upstream(self._address)
        try:
            while True:
                self._idle.add(writer)
                request = await _read_request(reader)
                self._idle.discard(writer)
                if request is None:
                    break
                await self._answer(request, upstream, writer)
        except (_Broken, OSError, asyncio.IncompleteReadError):
            writer.transport.abort()  # as much of the answer as there was
        except asyncio.CancelledError:
            writer.transport.abort()  # at the end
        finally:
            self._idle.discard(writer)
            upstream.close()
            writer.close()

    async def _answer(self, request: _Request, upstream: _Upstream, writer: asyncio.StreamWriter) -> None:
        if self.calm:
            return await upstream.forward(request, writer)
        if self._strikes(0.01 if request.is_read else 0.004) and request.place != TOKEN_PATH:
            self.struck["gateway 404"] += 1
            return await _say(writer, 404)
        if request.place == TOKEN_PATH and self._strikes(0.03):
            self.struck["gateway 404 for a token"] += 1
            return await _say(writer, 404)
        if request.place in _BULK and self._strikes(0.03):
            await self._try_first(request)
        hidden = self._hidden() if request.is_read else frozenset[str]()
        if hidden and not self._is_other_order(request, hidden):
            writer.write(await self._stale(request, hidden))
            return await writer.drain()
        return await upstream.forward(request, writer)

    async def _try_first(self, request: _Request) -> None:
        """Send a request twice, with the first answer lost; a slow request is not repeated."""
        began = time.monotonic()
        with suppress(_Broken, OSError):
            await self._asked(request.alone())
        if time.monotonic() - began > _REPEATED_WITHIN:
            raise _Broken
        self.struck["request repeated by the proxy"] += 1

    def _strikes(self, probability: float) -> bool:
        return self._chance.random() < probability * self._severity

    async def _asked(self, request: bytes) -> bytes:
        """Return the complete answer to a request on a separate connection."""
        reader, writer = await _connected(self._address)
        try:
            writer.write(request)
            return await reader.read(-1)
        finally:
            writer.close()

    # --- reads that lag ------------------------------------------------------------------------------------

    def _note_orders(self) -> None:
        """Decide for each new order if and for how long reads do not show it."""
        while self._seen < len(self._box_office.orders):
            with self._box_office.lock:
                fresh = list(self._box_office.orders.values())[self._seen :]
            self._seen += len(fresh)
            for order in fresh:
                if lag := 0.0 if self.calm else self._lag(order):
                    self._hidden_until[order.iri] = time.monotonic() + lag

    def _lag(self, order: Order) -> float:
        drawn = self._chance.random() / self._severity
        if drawn < 0.15:  # noqa: PLR2004 - a share
            return self._chance.uniform(*_LAG)
        # reads must stay within `settle` to show in time that an ended reservation has no order
        left = (order.reservation.expires - self._box_office.clock.now()).total_seconds()
        return self._chance.uniform(*_LONG_LAG) if drawn < 0.18 and left > _END_SECONDS else 0.0  # noqa: PLR2004

    def _hidden(self) -> frozenset[str]:
        self._note_orders()
        now = time.monotonic()
        for iri in [iri for iri, until in self._hidden_until.items() if until <= now]:
            del self._hidden_until[iri]
        return frozenset(self._hidden_until)

    def _is_other_order(self, request: _Request, hidden: frozenset[str]) -> bool:
        return request.place.startswith(f"{_ORDERS}/") and not request.place.startswith(tuple(hidden))

    async def _stale(self, request: _Request, hidden: frozenset[str]) -> bytes:
        """Return the answer without the hidden orders."""
        for iri in hidden:
            if request.place.startswith(iri):
                self.struck["lagging read"] += 1
                gone = request.place.replace(iri.rpartition("/")[2], _NOBODY, 1)
                return _kept_alive(await self._asked(request.alone(gone)))
        answer = await self._asked(request.alone())
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            return _kept_alive(answer)
        try:
            document = json.loads(body)
        except ValueError:
            raise _Broken from None
        if not _hide(document, hidden):
            return _kept_alive(answer)
        self.struck["lagging read"] += 1
        written = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        return _kept_alive(head + b"\r\n\r\n" + written)


def _hide(document: dict[str, Any], hidden: frozenset[str]) -> bool:
    """Remove hidden orders from a reservation or a list; return False if there are none."""
    found = False
    members: list[dict[str, Any]] | None = document.get("member")
    if members is not None:
        left = [member for member in members if member.get("@id") not in hidden]
        found = len(left) < len(members)
        if found:
            document["member"] = left
            if isinstance(document.get("totalItems"), int):
                document["totalItems"] -= len(members) - len(left)
    else:
        left = [document]
    for member in left:
        if member.get("order") in hidden:
            member["order"] = None
            found = True
    return found


# ---------------------------------------------------------------------- HTTP/1.1, as far as the sandbox speaks it


class _Upstream:
    """Connection to the sandbox of one client's connection."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def close(self) -> None:
        """Close it."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def forward(self, request: _Request, writer: asyncio.StreamWriter) -> None:
        """Forward a request, and return the answer as it arrives."""
        if self._streams is None or self._streams[0].at_eof():
            self.close()
            self._streams = await _connected(self._address)
        reader, out = self._streams
        out.write(request.head + request.body)
        await _copy_answer(reader, writer, writer.write)


async def _connected(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port), limit=_HEAD_LIMIT)


async def _read_request(reader: asyncio.StreamReader) -> _Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    fields = _fields(head)
    body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
    method, path, _ = head.split(b" ", 2)
    return _Request(method.decode(), path.decode(), head, body)


def _fields(head: bytes) -> dict[bytes, bytes]:
    pairs = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.lower(): value.strip() for name, _, value in pairs}


async def _copy_answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, send: Callable[[bytes], None]
) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        raise _Broken from None
    send(head)
    fields = _fields(head)
    if fields.get(b"transfer-encoding") == b"chunked":
        await _copy_chunks(reader, writer, send)
    elif not head.startswith((b"HTTP/1.1 204", b"HTTP/1.1 304")):
        await _copy_bytes(reader, writer, send, int(fields.get(b"content-length", b"0")))
    await writer.drain()
    if fields.get(b"connection") == b"close":
        raise _Broken


async def _copy_chunks(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, send: Callable[[bytes], None]
) -> None:
    while True:
        size = await reader.readline()
        if not size.endswith(b"\n"):
            await writer.drain()
            raise _Broken
        send(size)
        length = int(size, 16)
        await _copy_bytes(reader, writer, send, length + 2)
        if length == 0:
            return


async def _copy_bytes(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, send: Callable[[bytes], None], length: int
) -> None:
    while length:
        some = await reader.read(min(length, 1 << 16))
        if not some:
            await writer.drain()
            raise _Broken
        send(some)
        length -= len(some)


def _kept_alive(answer: bytes) -> bytes:
    """Return an answer with the length of its body, for a connection that is kept open.

    Raises:
        _Broken: It was incomplete.
    """
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        raise _Broken
    status, *fields = head.split(b"\r\n")
    left_out = (b"content-length:", b"connection:", b"transfer-encoding:")
    kept = [field for field in fields if not field.lower().startswith(left_out)]
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([status, *kept, length, b"", b""]) + body


async def _say(writer: asyncio.StreamWriter, status: int) -> None:
    page = _PAGE % (status, status)
    head = b"HTTP/1.1 %d Gateway\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % (
        status,
        len(page),
    )
    writer.write(head + page)
    await writer.drain()
