"""Requests to the API that are counted, slowed down and recorded, answers that are errors too."""

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
    """Sends through another transport and keeps what was answered.

    Args:
        inner: What sends.
        log: Where exchanges are kept.
        config: The client's settings: what goes to its token endpoint is not recorded.
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
    """Exchanges of the probe, and how many more may follow.

    Attributes:
        hangs_up: True to hang up as soon as a request was sent.

    Args:
        most: How many requests at most.
        interval: Seconds between two of them.
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
        """Return True if no more may be asked."""
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
    """Return an httpx client as korus would build one, proxies and certificates included, that records."""
    made = httpx.Client(timeout=httpx.Timeout(15.0, connect=5.0))
    # httpx has no public way to wrap the transports that it makes for proxies
    made._transport = Recorder(made._transport, log, config)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    mounts: dict[Any, Any] = made._mounts  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportAssignmentType]
    for pattern, transport in mounts.items():
        if transport is not None:
            mounts[pattern] = Recorder(transport, log, config)
    return made


def _hanging_up(trace: Callable[[str, Any], object] | None) -> Callable[[str, Any], None]:
    """Return a trace function of httpcore that fails as soon as the request has been written."""

    def traced(name: str, info: Any) -> None:
        if trace is not None:
            trace(name, info)
        if name.endswith("send_request_body.complete"):
            raise httpx.ReadTimeout("hung up")

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
