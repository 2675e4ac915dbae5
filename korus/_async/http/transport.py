"""Calls to the API: headers, rate limit, retries, deadline, hooks, and conversion of every failure to a korus error.

The decisions are made elsewhere: retries in `korus._http.retry`, whether a request may have arrived in
`transport_errors`, the meaning of error answers in `error_responses`. Each attempt is made in `attempt`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, evolve

from korus._async.http.attempt import Asked, AsyncAttempts, headers_over
from korus._async.http.auth import AsyncBearerAuth, AsyncTokens, Progress
from korus._async.http.exchange import AsyncExchange
from korus._async.http.gate import AsyncGate
from korus._async.http.reading import ACCEPTED
from korus._core.client_bound import ClientBound
from korus._core.observer import COLLECTORS, Observer
from korus._http.answer import Answer
from korus._http.encode import encode_json
from korus._http.error_responses import request_id_of
from korus._http.identity import Identity
from korus._http.library import httpx
from korus._http.rate_gate import Turn, exhausted_for
from korus._http.retry import Replay, next_wait, replay_of
from korus._primitives.asynchronous import AsyncCalls, sleep
from korus._primitives.clock import SYSTEM_CLOCK, Clock
from korus.errors import (
    KorusError,
    RateLimited,
)
from korus.iri import prefix_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from korus._async.http.cache import AsyncCatalogueCache, CacheQuery
    from korus._async.http.fetching import AsyncFetched
    from korus._async.http.pool import AsyncPool
    from korus._core.config import Config
    from korus._core.watches import CallWatch

__all__ = ["AsyncTransport", "Operation", "Trace"]

_MEDIA_TYPE = "application/ld+json"


class Operation(Protocol):
    """Description of an operation: ``OPERATION`` of a module of `korus_api.api`."""

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
    """Progress of a call, which is also valid if the call is cancelled.

    Attributes:
        sent: True if a request may have been sent.
    """

    sent: bool = False


class AsyncTransport(ClientBound):
    """Transport for the operations of one client.

    Args:
        config: The configuration: timeouts, language, addresses.
        pool: The httpx client, and the slots for attempts.
        clock: The clocks.
        tokens: The token source of another transport, to share it.
        cache: The catalogue cache of another transport, to share it.
        ahead: The prefetching calls of another transport, to share them.
        gate: The gate of another transport, to share it.
    """

    def __init__(
        self,
        config: Config,
        pool: AsyncPool,
        *,
        clock: Clock = SYSTEM_CLOCK,
        tokens: AsyncTokens | None = None,
        cache: AsyncCatalogueCache | None = None,
        ahead: AsyncCalls | None = None,
        gate: AsyncGate | None = None,
    ) -> None:
        self.config = config
        self.ahead = AsyncCalls(ahead)
        self.clock = clock
        self._own_cache = cache is None
        self.cache = cache or self._opened_cache()
        shared = None if self.cache is None else self.cache.shared_token(clock)
        self._exchange = AsyncExchange(config, pool, clock)
        self.tokens = tokens or AsyncTokens(config, self._exchange.post_for_token, clock, shared)
        if gate is None:
            gate = AsyncGate(clock, None if self.cache is None else self.cache.shared_gate())
        self._gate = gate
        self._pool = pool
        self.observer = Observer(config.hooks, clock.monotonic)
        auth = AsyncBearerAuth(config.base_url, self.tokens, self.observer)
        self._attempts = AsyncAttempts(self._exchange, self.tokens, auth)
        self._headers = {
            "Accept": _MEDIA_TYPE,
            "Accept-Encoding": ACCEPTED,
            "User-Agent": self._exchange.user_agent,
        }
        if config.language is not None:
            self._headers["Accept-Language"] = config.language
        api = httpx.URL(config.base_url)
        self._server = api.host, api.port or {"https": 443, "http": 80}.get(api.scheme)

    def with_config(self, config: Config) -> AsyncTransport:
        """Return a transport with another configuration that shares the pool, and the token if possible."""
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
        return AsyncTransport(
            config, self._pool, clock=self.clock, tokens=tokens, cache=cache, ahead=self.ahead, gate=gate
        )

    def _opened_cache(self) -> AsyncCatalogueCache | None:
        if self.config.cache is None:
            return None
        from korus._async.http.cache import AsyncCatalogueCache

        return AsyncCatalogueCache(self.config.cache, self.config)

    async def aclose(self) -> None:
        """End prefetching, and close the cache if this transport owns it."""
        await self.ahead.end()
        if self._own_cache and self.cache is not None:
            await self.cache.aclose()

    async def call(self, operation: str, /, **arguments: Any) -> Answer:
        """Call an operation by its name.

        Args:
            operation: The name.
            arguments: Its arguments; None means "not given".

        Raises:
            OperationUnavailable: This description does not have it, or not with these arguments.
            KorusError: As `send`.
        """
        from korus._http.endpoints import endpoint, request_for

        module = endpoint(operation)
        return await self.send(module.OPERATION, request_for(module, **arguments))

    async def send(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        *,
        replay: Replay | None = None,
        trace: Trace | None = None,
        fresh: bool = False,
    ) -> Answer:
        """Call an operation and return its answer.

        Args:
            operation: The operation; ``OPERATION`` of its module in `korus_api.api`.
            arguments: The result of its ``build_request``.
            replay: The effect of repeating it, if it differs from `korus._http.retry.REPLAY`.
            trace: Records that the request may have been sent, even if the call is cancelled.
            fresh: True to bypass the catalogue cache, and store the answer there.

        Raises:
            TransportError: There was no usable answer after all allowed retries.
            StatusError: The API answered with an error status.
            DecodingFailed: The answer's content encoding was broken, or it was too long.
            ConfigurationError: The client is closed, or an address is invalid.
        """
        asked = self._asked(operation, arguments)
        asked.fresh = fresh
        replay = replay or replay_of(asked.name, operation.method)
        total = self.config.timeouts.total
        deadline = None if total is None else self.clock.monotonic() + total
        if not self.observer.is_on:
            return await self._answered(asked, replay, deadline, trace)
        asked.watch = watch = self._watch(asked)
        answer: Answer | None = None
        try:
            with watch:
                answer = await self._answered(asked, replay, deadline, trace)
                return answer
        finally:
            self._collect(watch, answer)

    def _collect(self, watch: CallWatch, answer: Answer | None) -> None:
        """Pass an answer on to the blocks of `korus.raw_answer` around this call."""
        if not COLLECTORS.get():
            return
        from korus._http.raw_answers import collect, raw_answer

        collect(self._pool, raw_answer(watch, answer))

    def _watch(self, asked: Asked) -> CallWatch:
        from korus._core import watches

        return watches.call(
            self.observer, asked.name, asked.method, asked.identity.template or None, self._server
        )

    async def _answered(
        self, asked: Asked, replay: Replay, deadline: float | None, trace: Trace | None
    ) -> Answer:
        if self.cache is not None and self.cache.keeps(asked.name):
            return await self._from_cache(self.cache, asked, replay, deadline)
        return await self._carried_out(asked, replay, deadline, trace)

    async def _from_cache(
        self, cache: AsyncCatalogueCache, asked: Asked, replay: Replay, deadline: float | None
    ) -> Answer:
        from korus._async.http.read_through import AsyncReadThrough, FromCache

        async def send(conditions: Mapping[str, str]) -> Answer:
            conditional = evolve(
                asked, headers={**asked.headers, **conditions}, is_conditional=bool(conditions)
            )
            return await self._carried_out(conditional, replay, deadline)

        def left() -> float | None:
            return None if deadline is None else deadline - self.clock.monotonic()

        reading = AsyncReadThrough(cache, self._cache_query(asked), send, self.config.timeouts.total, left)
        if asked.fresh:
            return await reading.refreshed(asked.headers)
        found = await reading.answer()
        if not isinstance(found, FromCache):
            return found
        if asked.watch is not None:
            from korus.hooks import CacheHit

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

    def _cache_query(self, asked: Asked) -> CacheQuery:
        """Return what an answer depends on, including the additions of the caller's own httpx client."""
        from korus._async.http.cache import CacheQuery
        from korus._http.cache_rules import varying_headers

        headers, params = self._pool.added()
        merged = headers_over(tuple(headers), tuple(asked.headers.items()))
        named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in merged]
        query = httpx.QueryParams(asked.params)
        query = httpx.QueryParams(params).merge(query) if params else query
        return CacheQuery(asked.url, tuple(query.multi_items()), varying_headers(named))

    async def _carried_out(
        self, asked: Asked, replay: Replay, deadline: float | None, trace: Trace | None = None
    ) -> Answer:
        attempt = 0
        failure: KorusError | None = None
        while True:
            attempt += 1
            turn = await self._gate.enter(
                books=replay is Replay.NEVER, deadline=deadline, waits=self._waiting(asked, attempt)
            )
            if turn is None:
                raise failure or _no_turn(asked.name)
            progress = Progress(deadline)
            try:
                outcome = await self._watched_attempt(asked, progress)
            finally:
                if trace is not None and progress.sent:
                    trace.sent = True
            await self._learn(asked, turn, outcome)
            if isinstance(outcome, Answer):
                return outcome
            failure = outcome
            wait = next_wait(
                self.config.retry,
                failure,
                # a request that was never sent can always be repeated
                replay=replay if progress.sent else Replay.SAFE,
                attempt=attempt,
                remaining=None if deadline is None else deadline - self.clock.monotonic(),
            )
            if wait is None:
                raise failure
            if asked.watch is not None:
                from korus.hooks import RetryScheduled

                failed = type(failure).__name__
                self.observer.emit(RetryScheduled(asked.watch.call, attempt, wait, failed, failure.status))
            await sleep(wait)

    def _waiting(self, asked: Asked, attempt: int) -> Callable[[float], None] | None:
        """Return a function that reports waits to the hooks; None if there are no hooks."""
        watch = asked.watch
        if watch is None:
            return None
        from korus.hooks import TurnScheduled

        return lambda wait: self.observer.emit(TurnScheduled(watch.call, attempt, wait))

    async def _learn(self, asked: Asked, turn: Turn, outcome: Answer | KorusError) -> None:
        """Report a reached limit to the gate and the hooks."""
        longest = self.config.retry.retry_after_cap
        if isinstance(outcome, RateLimited):
            from korus.hooks import RateLimitMet

            call = (asked.watch or self._watch(asked)).call
            self.observer.emit(RateLimitMet(call, outcome.retry_after))
            wait = outcome.retry_after
            await self._gate.limited(turn, None if wait is None else min(wait, longest))
        elif isinstance(outcome, Answer):
            seconds = exhausted_for(httpx.Headers(outcome.headers).raw, self.clock.now)
            if seconds is not None:
                await self._gate.exhausted(min(seconds, longest))

    async def _watched_attempt(self, asked: Asked, progress: Progress) -> Answer | KorusError:
        if asked.watch is None:
            return await self._attempts.make(asked, progress)
        with asked.watch.attempt() as watch:
            progress.added = watch.added
            try:
                outcome = await self._attempts.make(asked, progress)
            finally:
                watch.sent = progress.sent
                if progress.headers is not None:
                    watch.status, watch.headers = progress.status, progress.headers
                    watch.request_id = request_id_of(progress.headers, self.tokens.secrets)
            watch.error = outcome if isinstance(outcome, KorusError) else None
        return outcome

    def fetch(
        self, url: str, *, operation: str, headers: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[AsyncFetched]:
        """Open an address outside the API; see `korus._async.http.fetching.fetch`."""
        from korus._async.http.fetching import fetch

        return fetch(self._exchange, url, operation=operation, headers=headers)

    def _asked(self, operation: Operation, arguments: Mapping[str, Any]) -> Asked:
        """Prepare the parts that are the same in all attempts."""
        body = arguments.get("json")
        return Asked(
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


def _no_turn(operation: str) -> RateLimited:
    return RateLimited(
        f"{operation}: not sent, because the API's rate limit leaves no room before the call's deadline. Send fewer "
        "requests at once, or raise `timeout`.",
        operation=operation,
    )
