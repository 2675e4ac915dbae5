# Written by `python -m scripts.sync` from korus/_async/http/auth.py; edit that file instead.
"""Bearer authentication with single-flight token renewal, and one replay after a 401.

One `httpx.Auth` flow; what is asked and what the answers mean is decided in `korus._http.oidc`. The token is put on
requests to the API's own origin and on nothing else.
"""

from __future__ import annotations

import copy
import os
from http import HTTPStatus
from typing import TYPE_CHECKING

from attrs import define, field

from korus._http import oidc
from korus._http.library import httpx
from korus._primitives.synchronous import Event, check_stopped, home
from korus._sync.http.reading import discard
from korus.errors import KorusError, StatusError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Sequence

    from korus._core.config import Config
    from korus._core.observer import Observer
    from korus._core.secret import Secret
    from korus._http.oidc import Token
    from korus._primitives.clock import Clock
    from korus._sync.http.cache import SharedToken

__all__ = ["PROGRESS", "BearerAuth", "Tokens", "Progress"]

PROGRESS = "korus"
"""The extension of a request under which its `Progress` travels."""

# refused credentials do not become right within a moment: later calls get the same answer
_REFUSAL_LASTS = 10.0
# a token that still holds is used on while its endpoint is unwell, and renewing is tried again after this
_RENEW_AGAIN = 1.0
# longer waits are too long for a lock of the system
_LONGEST_WAIT = 1_000_000.0


@define
class Progress:
    """How far one attempt has come, shared with the code that carries it out.

    Attributes:
        sent: Whether the request itself may have left, as opposed to only a token being waited for.
        deadline: The monotonic time until which it may take, None for no limit.
        over: Whether it has ended.
        added: Headers that hooks add to the request.
        status: The status of the answer.
        headers: The headers of the answer, None as long as there is none.
    """

    deadline: float | None = None
    sent: bool = False
    over: bool = False
    added: Sequence[tuple[bytes, bytes]] = ()
    status: int | None = None
    headers: httpx.Headers | None = field(default=None, repr=False)


@define(eq=False)
class _Flight:
    """One renewal under way and those who wait for it."""

    done: Event
    token: Token | None = None
    error: KorusError | None = None


class Tokens:
    """The access token of one client, asked for by one task at a time while the others wait for it.

    A forked child and a second event loop take the token over, but not a renewal that is under way. There is no
    lock: one that is held during a fork stays locked in the child.
    """

    def __init__(
        self,
        config: Config,
        post: Callable[[httpx.Request, float | None], httpx.Response],
        clock: Clock,
        shared: SharedToken | None = None,
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
        """Everything that must not be shown, should an answer echo it."""
        return self._secrets

    def token(
        self, stale: Token | None = None, deadline: float | None = None, observer: Observer | None = None
    ) -> Token:
        """Return a token that holds.

        Args:
            stale: The token that the API has just refused; another one is needed.
            deadline: The monotonic time until which it may take, None for no limit.
            observer: Is told of a renewal that this call makes.

        Raises:
            AuthenticationFailed: the token endpoint answered with a 3xx or 4xx.
            TransportError: the token endpoint could not be reached, or gave no token; ``sent`` is False.
        """
        while True:
            token = self._token
            if token is not None and token is not stale and self._clock.monotonic() < token.renew_at:
                return token
            flight, leads = self._join(stale)
            if leads:
                self._renew(flight, stale, deadline, observer)
            elif not flight.done.wait(self._seconds_left(deadline)):
                raise TimedOut(
                    f"{oidc.OPERATION}: the time limit has passed while another call renewed the token; "
                    "it was not sent",
                    sent=False,
                    operation=oidc.OPERATION,
                )
            if flight.token is not None and flight.token is not stale:
                return flight.token
            if flight.error is not None:
                # everybody gets an error of their own: a shared one would collect all their tracebacks
                raise copy.copy(flight.error)
            # the call that asked was cancelled, or had less time: the next one asks

    def _join(self, stale: Token | None) -> tuple[_Flight, bool]:
        """Join the renewal that is under way, or begin one."""
        here, mine = home(), _Flight(Event())
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

    def _renew(
        self, flight: _Flight, stale: Token | None, deadline: float | None, observer: Observer | None
    ) -> None:
        here, began = home(), self._clock.monotonic()
        failed: str | None = None
        renewed: Token | None = None
        try:
            renewed = flight.token = self._renewed(stale, deadline)
        except KorusError as error:
            failed = type(error).__name__
            if deadline is not None and self._clock.monotonic() >= deadline:
                # the others may have more time than this call had
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
            # also when the call that asked was cancelled or had less time: the others go on with this one
            self._token = flight.token = oidc.renewed_later(held, min(now + _RENEW_AGAIN, held.ends_at))
            flight.error = None

    def _renewed(self, stale: Token | None, deadline: float | None) -> Token:
        """Return the token that another worker has renewed already, else renew it for all."""
        if self._shared is None:
            return self._asked(stale, deadline)
        with self._shared.turn(self._seconds_left(deadline)):
            found = self._shared.load(self._seconds_left(deadline))
            if found is not None and (stale is None or found.access != stale.access):
                return found
            token = self._asked(stale, deadline)
            self._shared.save(token, self._seconds_left(deadline))
            return token

    def _asked(self, stale: Token | None, deadline: float | None) -> Token:
        """Ask the endpoint: by refresh where that may do, else (or when that is refused) by credentials."""
        held = self._token
        # a token that the API refuses before its time was revoked, and its refresh token with it; a refresh token
        # that a forked child has of its parent may be good for one use only, and that is the parent's
        if (
            held is not None
            and stale is None
            and self._renewed_by == os.getpid()
            and held.can_refresh(self._clock.monotonic())
        ):
            try:
                return self._ask(held, deadline)
            except StatusError as error:
                if not oidc.is_refusal(error.status or 0):
                    raise
        return self._ask(None, deadline)

    def _seconds_left(self, deadline: float | None) -> float | None:
        return None if deadline is None else min(max(deadline - self._clock.monotonic(), 0), _LONGEST_WAIT)

    def _ask(self, held: Token | None, deadline: float | None) -> Token:
        asked_at = self._clock.monotonic()
        response = self._post(_token_request(self._config, held), deadline)
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


class BearerAuth(httpx.Auth):
    """Puts the token on requests to the API's own origin, and replays a request once after a 401."""

    def __init__(self, base_url: str, tokens: Tokens, observer: Observer | None = None) -> None:
        url = httpx.URL(base_url)
        self._observer = observer
        self._origin = (url.scheme, url.host, url.port)
        self._tokens = tokens

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Send with the token; after a 401 renew it and send once more (P3: a 401 was not carried out)."""
        progress = request.extensions.get(PROGRESS) or Progress()
        if (request.url.scheme, request.url.host, request.url.port) != self._origin:
            progress.sent = True
            yield request
            return
        token = self._tokens.token(None, progress.deadline, self._observer)
        request.headers["Authorization"] = _bearer(token)
        # connection and token may have been waited for
        check_stopped()
        progress.sent = True
        response = yield request
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return
        # the connection is free for others, the token request included, only when the answer was read
        discard(response)
        progress.sent = False
        token = self._tokens.token(token, progress.deadline, self._observer)
        request.headers["Authorization"] = _bearer(token)
        # connection and token may have been waited for
        check_stopped()
        progress.sent = True
        yield request


def _bearer(token: Token) -> str:
    return f"Bearer {token.access.reveal()}"
