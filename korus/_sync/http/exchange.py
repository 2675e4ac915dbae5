# Written by `python -m scripts.sync` from korus/_async/http/exchange.py; edit that file instead.
"""Exchange of requests and answers through the pool's httpx client: slots, time limits, bodies, token requests."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from korus._http.library import connection_pools, httpx
from korus._http.oidc import OPERATION as TOKEN_OPERATION
from korus._http.oidc import unusable
from korus._http.tap import through
from korus._http.transport_errors import CAUGHT, failure_of
from korus._primitives.countdown import Countdown
from korus._primitives.synchronous import discard_lost
from korus._sync.http.auth import PROGRESS, Progress
from korus._sync.http.reading import Body, read_body
from korus._version import __version__
from korus.errors import ConfigurationError, KorusError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from korus._core.config import Config
    from korus._primitives.clock import Clock
    from korus._primitives.synchronous import Slots
    from korus._sync.http.pool import Pool

__all__ = ["Exchange", "Slot", "user_agent"]

_TOKEN_BODY_BYTES = 1024 * 1024


def user_agent() -> str:
    """Return the ``User-Agent``: the versions of korus, of the API's description, of httpx and of Python."""
    try:
        from korus_api import API_VERSION
    except ImportError:
        described = "unknown"
    else:
        described = API_VERSION
    return (
        f"korus/{__version__} (KorusTicket API {described}) "
        f"httpx/{httpx.__version__} Python/{platform.python_version()}"
    )


class Exchange:
    """Sender of requests, each of which is one attempt of a call.

    Args:
        config: The configuration with the timeouts.
        pool: The httpx client, and the slots for attempts.
        clock: The clocks.
    """

    def __init__(self, config: Config, pool: Pool, clock: Clock) -> None:
        self.config = config
        self.pool = pool
        self.clock = clock
        self.user_agent = user_agent()
        timeouts = config.timeouts
        self.timeouts: dict[str, float | None] = {
            "connect": timeouts.connect,
            "read": timeouts.read,
            "write": timeouts.write,
            "pool": timeouts.pool,
        }

    def http_client(self) -> httpx.Client:
        """Return the httpx client.

        Raises:
            ConfigurationError: It is closed.
        """
        client = self.pool.get()
        if client.is_closed:
            raise ConfigurationError("this client is closed; build a new one")
        return client

    def timeouts_until(self, deadline: float | None) -> dict[str, float | None]:
        """Return the network's timeouts, limited by the time left until a deadline."""
        if deadline is None:
            return self.timeouts
        return Countdown(self.timeouts, deadline, self.clock.monotonic)

    def slot(self, progress: Progress, timeouts: Mapping[str, float | None]) -> Slot:
        """Return the room for an attempt in httpx, to be entered."""
        client, slots = self.pool.opened()
        return Slot(client, slots, progress, timeouts.get("pool"))

    def send(self, request: httpx.Request, auth: httpx.Auth | None = None) -> httpx.Response:
        """Send a request; the answer's body is not read yet."""
        return through(self.http_client()).send(request, auth=auth, stream=True, follow_redirects=False)

    def body(self, response: httpx.Response, deadline: float | None, limit: int) -> Body:
        """Read the body within the deadline."""
        return read_body(
            response, limit, is_late=lambda: deadline is not None and self.clock.monotonic() > deadline
        )

    def post_for_token(self, request: httpx.Request, deadline: float | None) -> httpx.Response:
        """Send a token request for `Tokens`.

        It uses the slot of the attempt that needs the token, which has no other request in flight.
        """
        request.headers["User-Agent"] = self.user_agent
        progress = Progress(deadline)
        request.extensions |= {PROGRESS: progress, "timeout": self.timeouts_until(deadline)}
        try:
            outcome = self._answer_for_token(request, deadline)
        finally:
            progress.over = True
        if isinstance(outcome, KorusError):
            raise outcome
        return outcome

    def _answer_for_token(
        self, request: httpx.Request, deadline: float | None
    ) -> httpx.Response | KorusError:
        try:
            response = self.send(request)
            try:
                body = self.body(response, deadline, _TOKEN_BODY_BYTES)
            finally:
                response.close()
        except httpx.HTTPStatusError as error:
            # raised by an event hook of the caller's own httpx client
            return httpx.Response(error.response.status_code)
        except CAUGHT as error:
            return failure_of(error, sent=False, operation=TOKEN_OPERATION)
        content_type = response.headers.get("content-type", "")
        retry_after = response.headers.get("retry-after")
        headers = {"content-type": content_type} | ({"retry-after": retry_after} if retry_after else {})
        if body.flaw is not None and response.is_success:
            return unusable(body.flaw)
        return httpx.Response(response.status_code, headers=headers, content=body.content)


class Slot:
    """Room for one attempt: httpx never gets more at once than it has connections.

    Those that wait inside httpx can leave a connection taken for ever when they are cancelled (encode/httpcore#1093),
    and now and then so can the others.

    Args:
        client: The httpx client.
        slots: Its room.
        progress: The attempt's.
        seconds: How long to wait for room; None for as long as it takes.
    """

    __slots__ = ("_client", "_progress", "_seconds", "_slots")

    def __init__(self, client: httpx.Client, slots: Slots, progress: Progress, seconds: float | None) -> None:
        self._client = client
        self._slots = slots
        self._progress = progress
        self._seconds = seconds

    def __enter__(self) -> None:
        if not self._slots.acquire(self._seconds):
            raise httpx.PoolTimeout("")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is not None:
                self._progress.over = True
                discard_lost(connection_pools(self._client), _is_over)
        finally:
            self._slots.release()


def _is_over(request: Any) -> bool:
    """Return True if a request of httpcore is one of an attempt that has ended."""
    progress = request.extensions.get(PROGRESS)
    return isinstance(progress, Progress) and progress.over
