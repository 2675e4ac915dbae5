"""A server that costs as little as a server can: it answers on loopback from memory, in a process of its own.

``python -m tests.benchmarks.server --delay 0.05 --total 5000`` prints its port and serves until its input ends.
It knows the token endpoint, the pages of one list of offers, and one availability; ``GET /_count`` tells how
many other GET requests there were since it was asked last.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.benchmarks import payloads

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AVAILABILITY", "OFFER", "PAGE_SIZE", "pages", "serving", "token_body"]

PAGE_SIZE = 50
OFFER = payloads.offer(1)["@id"]
AVAILABILITY = json.dumps(
    {"@context": "/contexts/TicketingOfferAvailability", "@id": f"{OFFER}/availability",
     "@type": "TicketingOfferAvailability", "availableQuantity": 1250, "sessionsAvailability": []},
    separators=(",", ":"),
).encode()  # fmt: skip


def token_body() -> bytes:
    """Give the token endpoint's answer."""
    return json.dumps(
        {"access_token": "bench", "expires_in": 86400, "refresh_expires_in": 0, "token_type": "Bearer"}
    ).encode()


class _Pages:
    """Pages of a long list, made of one page whose ids begin with the number of the page."""

    def __init__(self, total: int) -> None:
        self._total = total
        members = [payloads.offer(number) for number in range(PAGE_SIZE)]
        self._members = json.dumps(members, separators=(",", ":")).split("/offers/019")

    def page(self, number: int) -> bytes:
        """Give a page by its number."""
        envelope = payloads.page_of([], of=f"{payloads.BASE}/offers", total=self._total, page=number)
        text = json.dumps(envelope, separators=(",", ":"))
        if number <= -(-self._total // PAGE_SIZE):
            text = text.replace('"member":[]', f'"member":{f"/offers/{number:03x}".join(self._members)}')
        return text.encode()


def pages(total: int) -> _Pages:
    """Give the pages of a list of offers; the total is a multiple of the page size."""
    return _Pages(total)


class _Connection(asyncio.Protocol):
    def __init__(self, served: _Pages, delay: float, counted: list[int]) -> None:
        self._served, self._delay, self._counted = served, delay, counted
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            head = self._waiting[:end]
            found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
            size = int(found.group(1)) if found else 0
            if len(self._waiting) < end + 4 + size:
                return
            self._waiting = self._waiting[end + 4 + size :]
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            self._answer(method, target)

    def _answer(self, method: str, target: str) -> None:
        parts = urlsplit(target)
        delay = self._delay
        if method == "POST":
            body, delay = token_body(), 0.0
        elif parts.path == "/_count":
            body, delay = str(self._counted[0]).encode(), 0.0
            self._counted[0] = 0
        else:
            self._counted[0] += 1
            if parts.path.endswith("/availability"):
                body = AVAILABILITY
            else:
                body = self._served.page(int(parse_qs(parts.query).get("page", ["1"])[0]))
        answer = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/ld+json\r\nContent-Length: %d\r\n\r\n" % len(body)
        ) + body
        if delay:
            asyncio.get_running_loop().call_later(delay, self._transport.write, answer)
        else:
            self._transport.write(answer)


async def _serve(delay: float, total: int) -> None:
    loop = asyncio.get_running_loop()
    served, counted = pages(total), [0]
    server = await loop.create_server(
        lambda: _Connection(served, delay, counted), "127.0.0.1", 0, backlog=2048
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def serving(*, delay: float = 0.0, total: int = 5_000) -> Iterator[str]:
    """Run the server in a process of its own; give its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.server", f"--delay={delay}", f"--total={total}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.communicate()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--total", type=int, default=5_000)
    given = parser.parse_args()
    asyncio.run(_serve(given.delay, given.total))
