# Written by `python -m scripts.sync` from korus/_async/http/transport.py; edit that file instead.
"""One call to the API: headers, token, retries, deadline, and every failure as an error of korus.

This module only carries out what others decide: `korus._http.retry` whether to try again, `transport_errors` whether a
request may have arrived, `error_responses` what an error answer means.
"""

from __future__ import annotations

import platform
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from attrs import define, evolve, field

from korus._core.client_bound import ClientBound
from korus._core.observer import CallWatch, Observer
from korus._http.answer import Answer
from korus._http.encode import encode_json
from korus._http.error_responses import request_id_of, status_error
from korus._http.identity import Identity
from korus._http.library import connection_pools, httpx
from korus._http.oidc import OPERATION as TOKEN_OPERATION
from korus._http.oidc import unusable
from korus._http.rate_gate import Turn, exhausted_for
from korus._http.raw_answers import RawAnswer, collect, is_collecting
from korus._http.retry import Replay, next_wait, replay_of
from korus._http.tap import through
from korus._http.transport_errors import CAUGHT, failure_of
from korus._primitives.clock import SYSTEM_CLOCK, Clock
from korus._primitives.countdown import Countdown
from korus._primitives.synchronous import Calls, discard_lost, sleep, time_limit
from korus._sync.http.auth import PROGRESS, BearerAuth, Progress, Tokens
from korus._sync.http.gate import Gate
from korus._sync.http.reading import ACCEPTED, Body, decoded, read_body
from korus._version import __version__
from korus.errors import (
    ConfigurationError,
    DecodingFailed,
    DownloadFailed,
    InvalidArgument,
    KorusError,
    RateLimited,
)
from korus.hooks import CacheHit, RateLimitMet, RetryScheduled, TurnScheduled
from korus.iri import prefix_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from korus._core.config import Config, Timeouts
    from korus._sync.http.cache import CacheQuery, CatalogueCache
    from korus._sync.http.pool import Pool

__all__ = ["Fetched", "Transport", "Operation", "Trace", "user_agent"]

_MEDIA_TYPE = "application/ld+json"
# the network's own timeouts come first, so that "never connected" is told from "never answered"
_SLACK = 1.03
_ERROR_BODY_BYTES = 1024 * 1024
_TOKEN_BODY_BYTES = 1024 * 1024


class Operation(Protocol):
    """What has to be known of an operation to call it: ``OPERATION`` of a module of `korus_api.api`."""

    @property
    def name(self) -> str:
        """``list_offers``."""
        ...

    @property
    def method(self) -> str:
        """``GET``."""
        ...

    @property
    def path(self) -> str:
        """``/v1/ticketing/catalogs/{catalogId}/offers``."""
        ...


@define
class Trace:
    """How far a call has come, for who has to know it even when the call is torn down.

    Attributes:
        sent: True once a request may have left.
    """

    sent: bool = False


@define(eq=False)
class _Asked:
    """What a call asks for, the same in all its attempts."""

    name: str
    method: str
    url: str
    params: Any = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    content: bytes | None = field(repr=False)
    identity: Identity = field(repr=False)
    fresh: bool = False
    is_conditional: bool = False
    watch: CallWatch | None = field(default=None, repr=False)


@define(eq=False)
class Fetched:
    """An answer of a storage host whose body is still on its way.

    Attributes:
        status: The HTTP status.
        headers: The answer's headers.
    """

    status: int
    headers: httpx.Headers = field(repr=False)
    _response: httpx.Response = field(repr=False)
    _operation: str = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """Yield the body piece by piece, without content encoding; `TransportError` when it breaks off.

        Raises:
            DecodingFailed: it has more than one content coding, an unknown one, or a broken one.
        """
        from korus._http.content_coding import Undecodable

        failure: KorusError
        try:
            for chunk in decoded(self._response):
                yield chunk
        except Undecodable as error:
            failure = DecodingFailed(
                f"{self._operation}: the answer cannot be read: {error}", operation=self._operation
            )
        except CAUGHT as error:
            failure = failure_of(error, sent=True, operation=self._operation)
        else:
            return
        raise failure


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


class Transport(ClientBound):
    """Carries out the operations of one client.

    Args:
        config: How patient to be, which language to ask for, where the API is.
        pool: The httpx client to use here, and the room for attempts in it.
        clock: The clocks.
        tokens: The token source of another transport, to share it.
        cache: The catalogue cache of another transport, to share it.
        ahead: The calls that another transport makes ahead of time, which these become a part of.
        gate: The gate of another transport, to share it.
    """

    def __init__(
        self,
        config: Config,
        pool: Pool,
        *,
        clock: Clock = SYSTEM_CLOCK,
        tokens: Tokens | None = None,
        cache: CatalogueCache | None = None,
        ahead: Calls | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.config = config
        self.ahead = Calls(ahead)
        self.clock = clock
        self._own_cache = cache is None
        self.cache = cache or self._opened_cache()
        shared = None if self.cache is None else self.cache.shared_token(clock)
        self.tokens = tokens or Tokens(config, self._post_for_token, clock, shared)
        if gate is None:
            gate = Gate(clock, None if self.cache is None else self.cache.shared_gate())
        self._gate = gate
        self._pool = pool
        self.observer = Observer(config.hooks, clock.monotonic)
        self._auth = BearerAuth(config.base_url, self.tokens, self.observer)
        self._headers = {"Accept": _MEDIA_TYPE, "Accept-Encoding": ACCEPTED, "User-Agent": user_agent()}
        if config.language is not None:
            self._headers["Accept-Language"] = config.language
        api = httpx.URL(config.base_url)
        self._server = api.host, api.port or {"https": 443, "http": 80}.get(api.scheme)
        self._timeouts = _http_timeouts(config.timeouts)

    def with_config(self, config: Config) -> Transport:
        """Return a transport with another set-up that shares the pool, and the token where it may."""
        mine = self.config
        same = (
            mine.base_url == config.base_url
            and mine.token_url == config.token_url
            and mine.client_id == config.client_id
            and mine.client_secret == config.client_secret
        )
        tokens = self.tokens if same else None
        cache = self.cache if self.cache is not None and self.cache.serves(config) else None
        gate = self._gate if same else None
        return Transport(
            config, self._pool, clock=self.clock, tokens=tokens, cache=cache, ahead=self.ahead, gate=gate
        )

    def _opened_cache(self) -> CatalogueCache | None:
        if self.config.cache is None:
            return None
        from korus._sync.http.cache import CatalogueCache

        return CatalogueCache(self.config.cache, self.config)

    def close(self) -> None:
        """End what is made ahead of time, and close the cache if it is this transport's own."""
        self.ahead.end()
        if self._own_cache and self.cache is not None:
            self.cache.close()

    def call(self, operation: str, /, **arguments: Any) -> Answer:
        """Carry out an operation that is known by its name.

        Args:
            operation: The name.
            arguments: Its arguments; None means "not given".

        Raises:
            OperationUnavailable: This description does not have it, or not with these arguments.
            KorusError: What `send` raises.
        """
        from korus._http.endpoints import endpoint, request_for

        module = endpoint(operation)
        return self.send(module.OPERATION, request_for(module, **arguments))

    def send(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        *,
        replay: Replay | None = None,
        trace: Trace | None = None,
        fresh: bool = False,
    ) -> Answer:
        """Carry out an operation and give its answer.

        Args:
            operation: The operation; ``OPERATION`` of its module in `korus_api.api`.
            arguments: What its ``build_request`` gave.
            replay: What repeating it does, where that differs from `korus._http.retry.REPLAY`.
            trace: Is told when the request may have left, also when the call is cancelled.
            fresh: Ask the API whatever is in the catalogue cache, and put its answer there.

        Raises:
            TransportError: no usable answer came, after all retries that were allowed.
            StatusError: the API answered with anything but a success.
            DecodingFailed: the answer's content encoding was broken, or it was too long.
            ConfigurationError: the client is closed, or an address cannot be called.
        """
        asked = self._asked(operation, arguments)
        asked.fresh = fresh
        replay = replay or replay_of(asked.name, operation.method)
        total = self.config.timeouts.total
        deadline = None if total is None else self.clock.monotonic() + total
        if not (self.observer.is_on or is_collecting()):
            return self._answered(asked, replay, deadline, trace)
        asked.watch = watch = self._watch(asked)
        answer: Answer | None = None
        try:
            with watch:
                answer = self._answered(asked, replay, deadline, trace)
                return answer
        finally:
            if is_collecting():
                collect(self._pool, _raw_answer(watch, answer))

    def _watch(self, asked: _Asked) -> CallWatch:
        return self.observer.call(asked.name, asked.method, asked.identity.template or None, *self._server)

    def _answered(self, asked: _Asked, replay: Replay, deadline: float | None, trace: Trace | None) -> Answer:
        if self.cache is not None and self.cache.keeps(asked.name):
            return self._from_cache(self.cache, asked, replay, deadline)
        return self._carried_out(asked, replay, deadline, trace)

    def _from_cache(
        self, cache: CatalogueCache, asked: _Asked, replay: Replay, deadline: float | None
    ) -> Answer:
        from korus._sync.http.read_through import FromCache, ReadThrough

        def send(conditions: Mapping[str, str]) -> Answer:
            conditional = evolve(
                asked, headers={**asked.headers, **conditions}, is_conditional=bool(conditions)
            )
            return self._carried_out(conditional, replay, deadline)

        def left() -> float | None:
            return None if deadline is None else deadline - self.clock.monotonic()

        reading = ReadThrough(cache, self._cache_query(asked), send, self.config.timeouts.total, left)
        if asked.fresh:
            return reading.refreshed(asked.headers)
        found = reading.answer()
        if not isinstance(found, FromCache):
            return found
        if asked.watch is not None:
            hit = CacheHit(asked.watch.call, found.age, found.revalidated, found.waited)
            self.observer.emit(hit)
        return Answer(
            asked.name,
            HTTPStatus.OK,
            httpx.Headers({"content-type": found.content_type}),
            found.content,
            identity=asked.identity,
            prefix=prefix_of(self.config.base_url),
        )

    def _cache_query(self, asked: _Asked) -> CacheQuery:
        """Return what an answer depends on: the caller's own httpx client adds to it."""
        from korus._http.cache_rules import varying_headers
        from korus._sync.http.cache import CacheQuery

        headers, params = self._pool.added()
        merged = _merged(tuple(headers), tuple(asked.headers.items()))
        named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in merged]
        query = httpx.QueryParams(asked.params)
        query = httpx.QueryParams(params).merge(query) if params else query
        return CacheQuery(asked.url, tuple(query.multi_items()), varying_headers(named))

    def _carried_out(
        self, asked: _Asked, replay: Replay, deadline: float | None, trace: Trace | None = None
    ) -> Answer:
        attempt = 0
        failure: KorusError | None = None
        while True:
            attempt += 1
            turn = self._gate.enter(
                books=replay is Replay.NEVER, deadline=deadline, waits=self._waiting(asked, attempt)
            )
            if turn is None:
                raise failure or _no_turn(asked.name)
            progress = Progress(deadline)
            try:
                outcome = self._watched_attempt(asked, progress)
            finally:
                if trace is not None and progress.sent:
                    trace.sent = True
            self._learn(asked, turn, outcome)
            if isinstance(outcome, Answer):
                return outcome
            failure = outcome
            wait = next_wait(
                self.config.retry,
                failure,
                # a request that never left may always be repeated
                replay=replay if progress.sent else Replay.SAFE,
                attempt=attempt,
                remaining=None if deadline is None else deadline - self.clock.monotonic(),
            )
            if wait is None:
                raise failure
            if asked.watch is not None:
                failed = type(failure).__name__
                self.observer.emit(RetryScheduled(asked.watch.call, attempt, wait, failed, failure.status))
            sleep(wait)

    def _waiting(self, asked: _Asked, attempt: int) -> Callable[[float], None] | None:
        """Return what passes a wait for a turn on to the hooks; None if nobody listens."""
        watch = asked.watch
        if watch is None:
            return None
        return lambda wait: self.observer.emit(TurnScheduled(watch.call, attempt, wait))

    def _learn(self, asked: _Asked, turn: Turn, outcome: Answer | KorusError) -> None:
        """Let the gate and the hooks know of a limit that was met."""
        longest = self.config.retry.retry_after_cap
        if isinstance(outcome, RateLimited):
            call = (asked.watch or self._watch(asked)).call
            self.observer.emit(RateLimitMet(call, outcome.retry_after))
            wait = outcome.retry_after
            self._gate.limited(turn, None if wait is None else min(wait, longest))
        elif isinstance(outcome, Answer):
            seconds = exhausted_for(httpx.Headers(outcome.headers).raw, self.clock.now)
            if seconds is not None:
                self._gate.exhausted(min(seconds, longest))

    def _watched_attempt(self, asked: _Asked, progress: Progress) -> Answer | KorusError:
        if asked.watch is None:
            return self._attempt(asked, progress)
        with asked.watch.attempt() as watch:
            progress.added = watch.added
            try:
                outcome = self._attempt(asked, progress)
            finally:
                watch.sent = progress.sent
                if progress.headers is not None:
                    watch.status, watch.headers = progress.status, progress.headers
                    watch.request_id = request_id_of(progress.headers, self.tokens.secrets)
            watch.error = outcome if isinstance(outcome, KorusError) else None
        return outcome

    @contextmanager
    def fetch(
        self,
        url: str,
        *,
        operation: str,
        headers: Mapping[str, str] | None = None,
    ) -> Generator[Fetched]:
        """Open an address outside the API, such as a document's temporary one, with a bare request.

        Neither the API's token nor headers, cookies or parameters of the caller's own httpx client are sent, which
        would break a signed address and give them to a stranger. Redirects are not followed; a caller that wants
        to reads ``Location`` and decides. The total time limit is not applied, since a file may be long; the
        timeouts of connecting and reading are.

        Args:
            url: An absolute http or https address.
            operation: What errors call it.
            headers: Headers to send.

        Raises:
            InvalidArgument: it is not an http or https address.
            DownloadFailed: it is on this machine, in a private network or a metadata service, or without https, and
                the API is not there itself.
            TransportError: it could not be reached; reading the chunks raises it when the body breaks off.
        """
        if urlsplit(url).scheme.lower() not in {"http", "https"}:
            raise InvalidArgument("only http and https addresses are fetched", operation=operation)
        progress = Progress()
        with ExitStack() as stack:
            try:
                stack.enter_context(self._slot(progress))
            except httpx.PoolTimeout as error:
                raise failure_of(error, sent=False, operation=operation) from None
            opened = self._open(url, headers or {}, operation, progress)
            if isinstance(opened, KorusError):
                raise opened
            try:
                yield Fetched(opened.status_code, opened.headers, opened, operation)
            finally:
                opened.close()

    def _open(
        self, url: str, headers: Mapping[str, str], operation: str, progress: Progress
    ) -> httpx.Response | KorusError:
        from korus._http.storage import check_address, storage_headers

        try:
            request = httpx.Request(
                "GET",
                url,
                headers={**storage_headers(self._headers["User-Agent"]), **headers},
                extensions={PROGRESS: progress, "timeout": self._timeouts},
            )
            host = request.url.raw_host.decode("ascii")
            check_address(request.url.scheme, host, base_url=self.config.base_url)
            return through(self._http_client()).send(request, auth=None, stream=True, follow_redirects=False)
        except DownloadFailed as error:
            return error.with_traceback(None)
        except CAUGHT as error:
            return failure_of(error, sent=True, operation=operation)

    def _asked(self, operation: Operation, arguments: Mapping[str, Any]) -> _Asked:
        """Prepare what stays the same in all attempts."""
        body = arguments.get("json")
        return _Asked(
            operation.name,
            operation.method,
            self.config.base_url + str(arguments["url"]),
            arguments.get("params") or None,
            {
                **self._headers,
                **(arguments.get("headers") or {}),
                **{name: value.reveal() for name, value in self.config.extra_headers},
            },
            None if body is None else encode_json(body),
            Identity(operation.path, str(arguments["url"]), self.config.base_url),
        )

    def _request(self, asked: _Asked, progress: Progress) -> httpx.Request:
        client = self._http_client()
        extensions = {PROGRESS: progress, "timeout": self._timeouts_until(progress.deadline)}
        # merging the headers for each request takes as long as all that is done here, so it is kept
        headers = _merged(tuple(client.headers.raw), tuple(asked.headers.items()))
        # the cookies are those of the caller's own client, none that an answer has set
        return httpx.Request(
            asked.method,
            asked.url,
            params=client.params.merge(asked.params) if client.params else asked.params,
            content=asked.content,
            headers=[*headers, *progress.added] if progress.added else headers,
            cookies=self._pool.cookies or None,
            extensions=extensions,
        )

    def _attempt(self, asked: _Asked, progress: Progress) -> Answer | KorusError:
        """Send once. Failures are given back, not raised, so that no frame of httpx hangs on them."""
        name = asked.name
        try:
            request = self._request(asked, progress)
            with time_limit(self._seconds_left(progress.deadline)), self._slot(progress):
                response = through(self._http_client()).send(
                    request, auth=self._auth, stream=True, follow_redirects=False
                )
                progress.status, progress.headers = response.status_code, response.headers
                try:
                    body = self._body(
                        response,
                        progress.deadline,
                        self.config.max_answer_bytes if response.is_success else _ERROR_BODY_BYTES,
                    )
                finally:
                    response.close()
        except KorusError as error:
            error.__traceback__ = error.__context__ = None
            return error
        except CAUGHT as error:
            total = self.config.timeouts.total
            secrets = self.tokens.secrets
            return failure_of(error, sent=progress.sent, operation=name, total=total, secrets=secrets)
        unchanged = asked.is_conditional and response.status_code == HTTPStatus.NOT_MODIFIED
        if not (response.is_success or unchanged):
            return status_error(
                response.status_code,
                response.headers,
                body.content,
                operation=name,
                secrets=self.tokens.secrets,
                now=self.clock.now(),
            )
        if body.flaw is not None:
            return DecodingFailed(
                f"{name}: the answer cannot be read: {body.flaw} (max_answer_bytes is "
                f"{self.config.max_answer_bytes})",
                content_type=response.headers.get("content-type"),
                operation=name,
                status=response.status_code,
                request_id=request_id_of(response.headers, self.tokens.secrets),
            )
        return Answer(
            name,
            response.status_code,
            response.headers,
            body.content,
            self.tokens.secrets,
            asked.identity,
            prefix=prefix_of(self.config.base_url),
        )

    @contextmanager
    def _slot(self, progress: Progress) -> Generator[None]:
        """Keep more attempts out of httpx than it has connections.

        Those that wait inside can leave a connection taken for ever when they are cancelled
        (encode/httpcore#1093), and now and then so can the others.
        """
        client, slots = self._http_client(), self._pool.slots()
        if not slots.acquire(self._timeouts_until(progress.deadline).get("pool")):
            raise httpx.PoolTimeout("")
        try:
            yield
        except BaseException:
            progress.over = True
            discard_lost(connection_pools(client), _is_over)
            raise
        finally:
            slots.release()

    def _body(self, response: httpx.Response, deadline: float | None, limit: int) -> Body:
        """Read the body, not for longer than the deadline."""
        return read_body(
            response, limit, is_late=lambda: deadline is not None and self.clock.monotonic() > deadline
        )

    def _post_for_token(self, request: httpx.Request, deadline: float | None) -> httpx.Response:
        """Send a token request; what `Tokens` is given to send with.

        It goes through the slot of the attempt that needs the token, which has no other request under way.
        """
        request.headers["User-Agent"] = self._headers["User-Agent"]
        progress = Progress(deadline)
        request.extensions |= {PROGRESS: progress, "timeout": self._timeouts_until(deadline)}
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
            response = through(self._http_client()).send(
                request, auth=None, stream=True, follow_redirects=False
            )
            try:
                body = self._body(response, deadline, _TOKEN_BODY_BYTES)
            finally:
                response.close()
        except httpx.HTTPStatusError as error:
            # raised by an event hook of an httpx client that the caller brought
            return httpx.Response(error.response.status_code)
        except CAUGHT as error:
            return failure_of(error, sent=False, operation=TOKEN_OPERATION)
        content_type = response.headers.get("content-type", "")
        retry_after = response.headers.get("retry-after")
        headers = {"content-type": content_type} | ({"retry-after": retry_after} if retry_after else {})
        if body.flaw is not None and response.is_success:
            return unusable(body.flaw)
        return httpx.Response(response.status_code, headers=headers, content=body.content)

    def _http_client(self) -> httpx.Client:
        client = self._pool.get()
        if client.is_closed:
            raise ConfigurationError("this client is closed; build a new one")
        return client

    def _timeouts_until(self, deadline: float | None) -> dict[str, float | None]:
        if deadline is None:
            return self._timeouts
        return Countdown(self._timeouts, deadline, self.clock.monotonic)

    def _seconds_left(self, deadline: float | None) -> float | None:
        return None if deadline is None else (deadline - self.clock.monotonic()) * _SLACK


def _no_turn(operation: str) -> RateLimited:
    return RateLimited(
        f"{operation}: not sent, because the API's rate limit leaves no room before the call's deadline. Send fewer "
        "requests at once, or raise `timeout`.",
        operation=operation,
    )


def _raw_answer(watch: CallWatch, answer: Answer | None) -> RawAnswer:
    last = watch.last
    status = None if answer is None else answer.status
    if last is None:  # out of the cache, or refused before an attempt
        return RawAnswer(watch.call.operation, status, httpx.Headers(), None, watch.elapsed, 0)
    headers = last.headers or httpx.Headers()
    return RawAnswer(
        watch.call.operation, last.status, headers, last.request_id, watch.elapsed, watch.attempts
    )


def _is_over(request: Any) -> bool:
    """Return True if a request of httpcore is one of an attempt that has ended."""
    progress = request.extensions.get(PROGRESS)
    return isinstance(progress, Progress) and progress.over


@lru_cache(maxsize=64)
def _merged(
    theirs: tuple[tuple[bytes, bytes], ...], ours: tuple[tuple[str, str], ...]
) -> list[tuple[bytes, bytes]]:
    """Put our headers over those of the httpx client; there are but a few combinations of them."""
    encoded = [(name.encode("ascii"), value.encode("ascii")) for name, value in ours]
    names = {name.lower() for name, _ in encoded}
    return [*((name, value) for name, value in theirs if name.lower() not in names), *encoded]


def _http_timeouts(timeouts: Timeouts) -> dict[str, float | None]:
    return {
        "connect": timeouts.connect,
        "read": timeouts.read,
        "write": timeouts.write,
        "pool": timeouts.pool,
    }
