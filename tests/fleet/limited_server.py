"""A server on loopback that answers a few requests a second and refuses the others with 429."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from typing import Self

from attrs import define, field

TOKEN = json.dumps({"access_token": "a-token", "expires_in": 3600, "token_type": "Bearer"}).encode()
CATALOGS = json.dumps(
    {"@id": "/v1/ticketing/catalogs", "@type": "Collection", "totalItems": 0, "member": []}
).encode()


@define
class Limit:
    """A limiter.

    Attributes:
        kind: ``bucket`` refills all the time, ``window`` once a second, ``sliding`` looks back over one second.
        rate: Requests a second.
        burst: How many a bucket holds.
        retry_after: True to say in a 429 how long to wait.
        tells: True to send the quota with every answer.
    """

    kind: str = "bucket"
    rate: int = 20
    burst: int = 20
    retry_after: bool = False
    tells: bool = False
    _tokens: float = 0.0
    _at: float = 0.0
    _times: deque[float] = field(factory=deque)

    def admit(self, now: float) -> bool:
        """Return True if a request may pass."""
        if self.kind == "bucket":
            self._tokens = (
                min(self.burst, self._tokens + (now - self._at) * self.rate) if self._at else self.burst
            )
            self._at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
        past = int(now) if self.kind == "window" else now - 1
        while self._times and self._times[0] < past:
            self._times.popleft()
        if len(self._times) >= self.rate:
            return False
        self._times.append(now)
        return True

    def headers(self, now: float, *, is_admitted: bool) -> dict[str, str]:
        """Return what an answer says of the limit."""
        headers: dict[str, str] = {}
        if self.tells:
            headers["X-RateLimit-Remaining"] = str(max(self.rate - len(self._times), 0))
            headers["X-RateLimit-Reset"] = str(int(now) + 1)
        if not is_admitted and self.retry_after:
            headers["Retry-After"] = "1"
        return headers


class LimitedServer:
    """The server; counts what it admits and refuses."""

    def __init__(self, limit: Limit, latency: float = 0.0) -> None:
        self.limit, self.latency = limit, latency
        self.admitted = self.refused = 0
        self.order: list[str] = []
        self.times: list[float] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        async with server:
            await self._stop.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    (
                        int(line[15:])
                        for line in head.splitlines()
                        if line.lower().startswith("content-length:")
                    ),
                    0,
                )
                await reader.readexactly(length)
                method, path, _ = head.split(" ", 2)
                await asyncio.sleep(self.latency)
                writer.write(self._answer(method, path))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, method: str, path: str) -> bytes:
        if "token" in path:
            return _response(200, TOKEN, {})
        now = time.time()
        is_admitted = self.limit.admit(now)
        headers = self.limit.headers(now, is_admitted=is_admitted)
        if not is_admitted:
            self.refused += 1
            return _response(429, b"{}", headers)
        self.admitted += 1
        self.order.append(method)
        self.times.append(now)
        return _response(200, CATALOGS, headers)


def _response(status: int, body: bytes, headers: dict[str, str]) -> bytes:
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/ld+json\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode()
        + body
    )
