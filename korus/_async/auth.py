"""The token: asked for once, however many tasks need it, renewed before it ends, replayed once after a 401.

One `httpx.Auth` flow; what is asked and what the answers mean is decided in `korus.oidc`. The token is put on
requests to the API's own origin and on nothing else.
"""

from __future__ import annotations

import copy
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
from attrs import define

from korus import oidc
from korus._primitives.asynchronous import AsyncEvent, AsyncLock
from korus.errors import KorusError, StatusError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from korus._async.cache import AsyncSharedToken
    from korus._primitives.clock import Clock
    from korus.config import Config
    from korus.oidc import Token
    from korus.secret import Secret

__all__ = ["PROGRESS", "AsyncBearerAuth", "AsyncTokens", "Progress"]

PROGRESS = "korus"
"""The extension of a request under which its `Progress` travels."""

# refused credentials do not become right within a moment: whoever comes late gets the same answer
_REFUSAL_LASTS = 10.0
# a token that still holds is used on while its endpoint is unwell, and renewing is tried again after this
_RENEW_AGAIN = 1.0


@define
class Progress:
    """How far one attempt has come, shared with whoever carries it out.

    Attributes:
        sent: Whether the request itself may have left, as opposed to only a token being waited for.
        deadline: The monotonic time until which it may take, None for no limit.
    """

    deadline: float | None = None
    sent: bool = False


@define(eq=False)
class _Flight:
    """One renewal under way and those who wait for it."""

    done: AsyncEvent
    token: Token | None = None
    error: KorusError | None = None


class AsyncTokens:
    """The access token of one client, asked for by one task at a time while the others wait for it."""

    def __init__(
        self,
        config: Config,
        post: Callable[[httpx.Request], Awaitable[httpx.Response]],
        clock: Clock,
        shared: AsyncSharedToken | None = None,
    ) -> None:
        self._config = config
        self._post = post
        self._clock = clock
        self._shared = shared
        self._lock = AsyncLock()
        self._token: Token | None = None
        self._flight: _Flight | None = None
        self._refusal: KorusError | None = None
        self._refused_until = 0.0
        self._secrets: tuple[Secret, ...] = (config.client_secret,)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Everything that must not be shown, should an answer echo it."""
        return self._secrets

    async def token(self, stale: Token | None = None) -> Token:
        """Give a token that holds.

        Args:
            stale: The token that the API has just refused; another one is needed.

        Raises:
            AuthenticationFailed: when the credentials were refused.
            TransportError, StatusError, DecodingFailed: when the token endpoint could not answer.
        """
        while True:
            token = self._token
            if token is not None and token is not stale and self._clock.monotonic() < token.renew_at:
                return token
            flight, leads = await self._board(stale)
            if leads:
                await self._fly(flight, stale)
            else:
                await flight.done.wait()
            if flight.token is not None and flight.token is not stale:
                return flight.token
            if flight.error is not None:
                # everybody gets an error of their own: a shared one would collect all their tracebacks
                raise copy.copy(flight.error)
            # the task that asked was cancelled before it had an answer: the next one asks

    async def _board(self, stale: Token | None) -> tuple[_Flight, bool]:
        """Join the renewal that is under way, or begin one."""
        async with self._lock:
            if self._flight is not None:
                return self._flight, False
            token, now = self._token, self._clock.monotonic()
            flight = _Flight(AsyncEvent())
            if token is not None and token is not stale and now < token.renew_at:
                flight.token = token
            elif self._refusal is not None and now < self._refused_until:
                flight.error = self._refusal
            else:
                self._flight = flight
                return flight, True
            flight.done.set()
            return flight, False

    async def _fly(self, flight: _Flight, stale: Token | None) -> None:
        try:
            flight.token = await self._renewed(stale)
        except KorusError as error:
            flight.error = _detached(error)
        finally:
            self._land(flight, stale)

    def _land(self, flight: _Flight, stale: Token | None) -> None:
        now, held = self._clock.monotonic(), self._token
        if flight.token is not None:
            self._token, self._refusal = flight.token, None
            self._secrets = (
                self._config.client_secret,
                *(secret for token in (flight.token, held) if token is not None for secret in token.secrets),
            )
        elif isinstance(flight.error, StatusError) and oidc.is_refusal(flight.error.status or 0):
            self._refusal, self._refused_until = flight.error, now + _REFUSAL_LASTS
        elif flight.error is not None and held is not None and held is not stale and now < held.ends_at:
            self._token = flight.token = oidc.renewed_later(held, min(now + _RENEW_AGAIN, held.ends_at))
            flight.error = None
        self._flight = None
        flight.done.set()

    async def _renewed(self, stale: Token | None) -> Token:
        """Take the token that another worker has renewed already, else renew it for all."""
        if self._shared is None:
            return await self._asked(stale)
        async with self._shared.turn():
            found = await self._shared.load()
            if found is not None and (stale is None or found.access != stale.access):
                return found
            token = await self._asked(stale)
            await self._shared.save(token)
            return token

    async def _asked(self, stale: Token | None) -> Token:
        """Ask the endpoint: by refresh where that may do, else (or when that is refused) by credentials."""
        held = self._token
        # a token that the API refuses before its time was revoked, and its refresh token with it
        if held is not None and stale is None and held.can_refresh(self._clock.monotonic()):
            try:
                return await self._ask(held)
            except StatusError as error:
                if not oidc.is_refusal(error.status or 0):
                    raise
        return await self._ask(None)

    async def _ask(self, held: Token | None) -> Token:
        asked_at = self._clock.monotonic()
        response = await self._post(_token_request(self._config, held))
        if response.status_code != HTTPStatus.OK:
            raise oidc.token_error(
                response.status_code,
                response.headers,
                response.content,
                secrets=self.secrets,
                now=self._clock.now(),
            )
        return oidc.read_token(response.content, response.headers.get("content-type"), asked_at=asked_at)


def _token_request(config: Config, held: Token | None) -> httpx.Request:
    return httpx.Request(
        "POST",
        config.token_url,
        content=oidc.form(config, held),
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
    )


def _detached(error: KorusError) -> KorusError:
    """Cut an error loose from the frames it came through: they hold requests, and requests hold tokens."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


class AsyncBearerAuth(httpx.Auth):
    """Puts the token on requests to the API's own origin, and replays a request once after a 401."""

    def __init__(self, base_url: str, tokens: AsyncTokens) -> None:
        url = httpx.URL(base_url)
        self._origin = (url.scheme, url.host, url.port)
        self._tokens = tokens

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send with the token; after a 401 renew it and send once more (P3: a 401 was not carried out)."""
        progress = request.extensions.get(PROGRESS) or Progress()
        if (request.url.scheme, request.url.host, request.url.port) != self._origin:
            progress.sent = True
            yield request
            return
        token = await self._tokens.token()
        request.headers["Authorization"] = _bearer(token)
        progress.sent = True
        response = yield request
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return
        # the connection is free for others, the token request included, only when the answer was read
        await response.aread()
        progress.sent = False
        token = await self._tokens.token(stale=token)
        request.headers["Authorization"] = _bearer(token)
        progress.sent = True
        yield request


def _bearer(token: Token) -> str:
    return f"Bearer {token.access.reveal()}"
