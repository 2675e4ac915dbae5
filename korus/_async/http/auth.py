"""Bearer authentication with single-flight token renewal, and one replay after a 401.

One `httpx.Auth` flow; `korus._http.oidc` builds the token requests and reads the answers. The token is only added to
requests to the API's own origin.
"""

from __future__ import annotations

import copy
import os
from http import HTTPStatus
from typing import TYPE_CHECKING

from attrs import define, field

from korus._async.http.reading import discard
from korus._http import oidc
from korus._http.library import httpx
from korus._primitives.asynchronous import AsyncEvent, check_stopped, home
from korus.errors import KorusError, StatusError, TimedOut

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Sequence

    from korus._async.http.cache import AsyncSharedToken
    from korus._core.config import Config
    from korus._core.observer import Observer
    from korus._core.secret import Secret
    from korus._http.oidc import Token
    from korus._primitives.clock import Clock

__all__ = ["PROGRESS", "AsyncBearerAuth", "AsyncTokens", "Progress"]

PROGRESS = "korus"
"""The request extension that holds its `Progress`."""

# refused credentials stay refused for a while: later calls get the same error
_REFUSAL_LASTS = 10.0
# a valid token stays in use while its endpoint fails; the renewal is retried after this time
_RENEW_AGAIN = 1.0
# locks of the system do not support longer waits
_LONGEST_WAIT = 1_000_000.0


@define
class Progress:
    """Progress of one attempt, shared with the code that runs it.

    Attributes:
        sent: True if the request itself may have been sent, False while it waits for a token.
        deadline: The monotonic time at which it must end, None for no limit.
        over: True if it has ended.
        added: Headers that hooks add to the request.
        status: The status of the answer.
        headers: The headers of the answer, None before it arrives.
    """

    deadline: float | None = None
    sent: bool = False
    over: bool = False
    added: Sequence[tuple[bytes, bytes]] = ()
    status: int | None = None
    headers: httpx.Headers | None = field(default=None, repr=False)


@define(eq=False)
class _Flight:
    """One renewal in flight, and the tasks that wait for it."""

    done: AsyncEvent
    token: Token | None = None
    error: KorusError | None = None


class AsyncTokens:
    """Access token of one client, renewed by one task while the others wait for it.

    A forked child and a second event loop use the token, but not a renewal in flight. There is no lock, since a lock
    that is held during a fork stays locked in the child.
    """

    def __init__(
        self,
        config: Config,
        post: Callable[[httpx.Request, float | None], Awaitable[httpx.Response]],
        clock: Clock,
        shared: AsyncSharedToken | None = None,
    ) -> None:
        self._config = config
        self._post = post
        self._clock = clock
        self._shared = shared
        self._token: Token | None = None
        self._renewed_by: int | None = None
        self._flights: dict[Hashable, _Flight] = {}
        self._refusal: KorusError | None = None
        self._refused_until = 0.0
        self._secrets: tuple[Secret, ...] = (config.client_secret,)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets that are masked if an answer echoes them."""
        return self._secrets

    async def token(
        self, stale: Token | None = None, deadline: float | None = None, observer: Observer | None = None
    ) -> Token:
        """Return a valid token.

        Args:
            stale: The token that the API has just refused and that must be replaced.
            deadline: The monotonic time at which the call must end, None for no limit.
            observer: Receives the events of a renewal by this call.

        Raises:
            AuthenticationFailed: The token endpoint answered with a 3xx or 4xx.
            TransportError: The token endpoint could not be reached, or sent no token; ``sent`` is False.
        """
        while True:
            token = self._token
            if token is not None and token is not stale and self._clock.monotonic() < token.renew_at:
                return token
            flight, leads = self._join(stale)
            if leads:
                await self._renew(flight, stale, deadline, observer)
            elif not await flight.done.wait(self._seconds_left(deadline)):
                raise TimedOut(
                    f"{oidc.OPERATION}: the time limit has passed while another call renewed the token; "
                    "it was not sent",
                    sent=False,
                    operation=oidc.OPERATION,
                )
            if flight.token is not None and flight.token is not stale:
                return flight.token
            if flight.error is not None:
                # a copy for each caller, since a shared error would collect all their tracebacks
                raise copy.copy(flight.error)
            # the renewing call was cancelled, or had less time: the next one renews

    def _join(self, stale: Token | None) -> tuple[_Flight, bool]:
        """Join the renewal in flight, or start one."""
        here, mine = home(), _Flight(AsyncEvent())
        flight = self._flights.setdefault(here, mine)
        if flight is not mine:
            return flight, False
        token, now = self._token, self._clock.monotonic()
        if token is not None and token is not stale and now < token.renew_at:
            mine.token = token
        elif self._refusal is not None and now < self._refused_until:
            mine.error = self._refusal
        else:
            return mine, True
        del self._flights[here]
        mine.done.set()
        return mine, False

    async def _renew(
        self, flight: _Flight, stale: Token | None, deadline: float | None, observer: Observer | None
    ) -> None:
        here, began = home(), self._clock.monotonic()
        failed: str | None = None
        renewed: Token | None = None
        try:
            renewed = flight.token = await self._renewed(stale, deadline)
        except KorusError as error:
            failed = type(error).__name__
            if deadline is not None and self._clock.monotonic() >= deadline:
                # the others may have more time than this call
                raise
            flight.error = _detached(error)
        finally:
            self._complete(flight, stale)
            del self._flights[here]
            flight.done.set()
            if observer is not None and (failed or renewed):
                from korus.hooks import TokenRenewed

                now = self._clock.monotonic()
                lifetime = None if renewed is None else renewed.ends_at - now
                observer.emit(TokenRenewed(now - began, lifetime, failed))

    def _complete(self, flight: _Flight, stale: Token | None) -> None:
        now, held = self._clock.monotonic(), self._token
        if flight.token is not None:
            self._token, self._refusal, self._renewed_by = flight.token, None, os.getpid()
            self._secrets = (
                self._config.client_secret,
                *(secret for token in (flight.token, held) if token is not None for secret in token.secrets),
            )
        elif isinstance(flight.error, StatusError) and oidc.is_refusal(flight.error.status or 0):
            self._refusal, self._refused_until = flight.error, now + _REFUSAL_LASTS
        elif held is not None and held is not stale and now < held.ends_at:
            # also if the renewing call was cancelled or had less time: the others continue
            self._token = flight.token = oidc.renewed_later(held, min(now + _RENEW_AGAIN, held.ends_at))
            flight.error = None

    async def _renewed(self, stale: Token | None, deadline: float | None) -> Token:
        """Return the token if another worker has renewed it, else renew it for all."""
        if self._shared is None:
            return await self._asked(stale, deadline)
        async with self._shared.turn(self._seconds_left(deadline)):
            found = await self._shared.load(self._seconds_left(deadline))
            if found is not None and (stale is None or found.access != stale.access):
                return found
            token = await self._asked(stale, deadline)
            await self._shared.save(token, self._seconds_left(deadline))
            return token

    async def _asked(self, stale: Token | None, deadline: float | None) -> Token:
        """Request a token: with the refresh token if possible, else (or if that is refused) with the credentials."""
        held = self._token
        # a token that is refused before it expires was revoked together with its refresh token; in a forked child
        # the refresh token belongs to the parent, since it may be valid for one use only
        if (
            held is not None
            and stale is None
            and self._renewed_by == os.getpid()
            and held.can_refresh(self._clock.monotonic())
        ):
            try:
                return await self._ask(held, deadline)
            except StatusError as error:
                if not oidc.is_refusal(error.status or 0):
                    raise
        return await self._ask(None, deadline)

    def _seconds_left(self, deadline: float | None) -> float | None:
        return None if deadline is None else min(max(deadline - self._clock.monotonic(), 0), _LONGEST_WAIT)

    async def _ask(self, held: Token | None, deadline: float | None) -> Token:
        asked_at = self._clock.monotonic()
        response = await self._post(_token_request(self._config, held), deadline)
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
    """Remove the traceback of an error, since its frames hold requests with tokens."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


class AsyncBearerAuth(httpx.Auth):
    """Bearer authentication for the API's own origin, with one replay after a 401."""

    def __init__(self, base_url: str, tokens: AsyncTokens, observer: Observer | None = None) -> None:
        url = httpx.URL(base_url)
        self._observer = observer
        self._origin = (url.scheme, url.host, url.port)
        self._tokens = tokens

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send with the token; after a 401 renew it and send again (P3: the request of a 401 was not processed)."""
        progress = request.extensions.get(PROGRESS) or Progress()
        if (request.url.scheme, request.url.host, request.url.port) != self._origin:
            progress.sent = True
            yield request
            return
        token = await self._tokens.token(None, progress.deadline, self._observer)
        request.headers["Authorization"] = _bearer(token)
        # waiting for the connection and the token takes time
        check_stopped()
        progress.sent = True
        response = yield request
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return
        # the connection is free for other requests, such as the token request, only after the answer was read
        await discard(response)
        progress.sent = False
        token = await self._tokens.token(token, progress.deadline, self._observer)
        request.headers["Authorization"] = _bearer(token)
        # waiting for the connection and the token takes time
        check_stopped()
        progress.sent = True
        yield request


def _bearer(token: Token) -> str:
    return f"Bearer {token.access.reveal()}"
