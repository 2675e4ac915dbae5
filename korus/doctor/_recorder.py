"""Recording of requests to the API, with error answers, a request limit and a rate limit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from korus._http.library import httpx
from korus.testing.privacy import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from korus._core.config import Config

__all__ = ["Recorder"]

_LONGEST = 4 * 1024 * 1024


class Recorder(httpx.BaseTransport):
    """Transport that sends through another one and records the exchanges.

    Args:
        inner: The other transport.
        log: The record of exchanges.
        config: The client's settings: requests to its token endpoint are not recorded.
    """

    def __init__(self, inner: httpx.BaseTransport, log: Log, config: Config) -> None:
        self._inner = inner
        self._log = log
        self._token_url = httpx.URL(config.token_url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, in its turn."""
        is_token = request.url.path == self._token_url.path and request.url.host == self._token_url.host
        if not is_token:
            self._log.wait()
        if self._log.hangs_up and not is_token:
            request.extensions = {**request.extensions, "trace": _hanging_up(request.extensions.get("trace"))}
        response = self._inner.handle_request(request)
        stream: Any = response.stream
        raw = b"".join(stream)
        stream.close()
        answer = httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx.ByteStream(raw),
            extensions=response.extensions,
        )
        if is_token:
            self._log.token_headers = dict(response.headers)
        elif len(raw) <= _LONGEST:
            self._log.exchanges.append(_exchange(request, answer, raw))
        return answer

    def close(self) -> None:
        """Close the other transport."""
        self._inner.close()


class Log:
    """Exchanges of the probe, with the limits of requests.

    Attributes:
        hangs_up: True to disconnect as soon as a request was sent.

    Args:
        most: The maximum number of requests.
        interval: The seconds between two requests.
    """

    def __init__(self, most: int, interval: float) -> None:
        self.exchanges: list[Exchange] = []
        self.hangs_up = False
        self.token_headers: dict[str, str] = {}
        self.sent = 0
        self._most = most
        self._interval = interval
        self._last = 0.0

    @property
    def is_exhausted(self) -> bool:
        """Return True if no more requests may be sent."""
        return self.sent >= self._most

    def wait(self) -> None:
        """Wait for the next turn."""
        self.sent += 1
        left = self._last + self._interval - time.monotonic()
        if left > 0:
            time.sleep(left)
        self._last = time.monotonic()

    @property
    def last(self) -> Exchange | None:
        """The last exchange."""
        return self.exchanges[-1] if self.exchanges else None


def client(config: Config, log: Log) -> httpx.Client:
    """Return an httpx client that records, built as by korus, with proxies and certificates."""
    made = httpx.Client(timeout=httpx.Timeout(15.0, connect=5.0))
    # httpx has no public way to wrap its transports for proxies
    made._transport = Recorder(made._transport, log, config)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    mounts: dict[Any, Any] = made._mounts  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportAssignmentType]
    for pattern, transport in mounts.items():
        if transport is not None:
            mounts[pattern] = Recorder(transport, log, config)
    return made


def _hanging_up(trace: Callable[[str, Any], object] | None) -> Callable[[str, Any], None]:
    """Return an httpcore trace function that raises an error when the request has been written."""

    def traced(name: str, info: Any) -> None:
        if trace is not None:
            trace(name, info)
        if name.endswith("send_request_body.complete"):
            raise httpx.ReadTimeout("disconnected")

    return traced


def _exchange(request: httpx.Request, response: httpx.Response, raw: bytes) -> Exchange:
    return Exchange(
        method=request.method,
        uri=str(request.url),
        request_headers=_headers(request.headers),
        request_body=request.content,
        status=response.status_code,
        reason="",
        response_headers=_headers(response.headers),
        response_body=raw,
    )


def _headers(headers: httpx.Headers) -> dict[str, tuple[str, ...]]:
    return {name: tuple(headers.get_list(name)) for name in headers}
