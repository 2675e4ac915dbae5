"""Calls that read through the catalogue cache: single-flight requests, waiting calls, and revalidation.

`korus._http.cache_rules` decides which answers are stored and for how long; `cache` stores them.
"""

from __future__ import annotations

import copy
import time
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from attrs import define, evolve, field, frozen

from korus._http.cache_rules import confirms, facts_of
from korus._primitives.asynchronous import AsyncEvent, home
from korus.errors import DecodingFailed, KorusError, RateLimited, StatusError, TimedOut, TransportError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Mapping

    from korus._async.http.cache import AsyncCatalogueCache, CacheQuery, Lookup
    from korus._http.answer import Answer

__all__ = ["AsyncReadThrough", "FromCache"]

_CACHE_SECONDS, _CACHE_SHARE = 1.0, 0.1
# the share of a call's remaining time for waiting for another worker's turn
_TURN_SHARE = 0.5
# locks of the system do not support longer waits
_LONGEST_WAIT = 1e6
_LEADING: ContextVar[bool] = ContextVar("korus_asking_for_others", default=False)
_NO_CONDITIONS: Mapping[str, str] = {}


class Send(Protocol):
    """Sender of the request, with conditional headers."""

    def __call__(self, conditions: Mapping[str, str], /) -> Awaitable[Answer]:
        """Send it."""
        ...


@frozen
class FromCache:
    """Answer whose body was not sent in response to this call.

    Attributes:
        content: The body.
        content_type: Its ``Content-Type``.
        age: Its age in seconds.
        revalidated: True if the API confirmed that it has not changed.
        waited: True if it is the answer of another call that was in flight.
    """

    content: bytes = field(repr=False)
    content_type: str
    age: float
    revalidated: bool = False
    waited: bool = False


@define(eq=False)
class Flight:
    """Request in flight, with the calls that wait for its answer.

    Attributes:
        done: Set when it has ended.
        key: The key of its answer in the cache; None while the cache does not work.
        answer: The answer.
        error: The reason why there is no answer.
    """

    done: AsyncEvent
    key: str | None
    answer: Answer | FromCache | None = None
    error: KorusError | None = None


@define(eq=False)
class AsyncReadThrough:
    """Call that is answered from the cache or by the API.

    Args:
        cache: The cache.
        query: The request.
        send: Sends it.
        total: The time limit of a call in seconds, None for no limit.
        left: Returns the seconds that are left.
    """

    _cache: AsyncCatalogueCache
    _query: CacheQuery
    _send: Send = field(repr=False)
    _total: float | None
    _left: Callable[[], float | None] = field(repr=False)

    async def answer(self) -> Answer | FromCache:
        """Return the answer: fresh from the cache, or from another call in flight, or from the API.

        Raises:
            KorusError: The request failed.
        """
        while True:
            landed = self._cache.landed
            found = await self._find()
            kept = _fresh(found)
            if kept is not None:
                self._cache.hits += 1
                return kept
            if _LEADING.get():
                # called by a hook of a call for which others wait: it never waits, since it could wait for itself
                return await self._asked(found)
            place = self._place(found.key)
            mine = Flight(AsyncEvent(), found.key)
            flight: Flight = self._cache.flights.setdefault(place, mine)
            if flight is mine:
                # the last one may have ended between the look-up and the request
                return await self._lead(flight, place, found, again=landed is not self._cache.landed)
            brought = await self._follow(flight)
            if brought is not None:
                return brought
            # the leading call was cancelled, or had less time: the next one leads

    def _place(self, key: str | None) -> Hashable:
        """Return the key of the flight for this call, which calls without access to the cache find too."""
        place = home(), self._query
        flight: Flight | None = self._cache.flights.get(place)
        if flight is None or flight.key is None or key is None or flight.key == key:
            return place
        # the cache was cleared meanwhile, so requests in flight may be older
        return *place, key

    async def refreshed(self, conditions: Mapping[str, str]) -> Answer:
        """Send the request without using the stored answer, and store the new one; for the mirror.

        Args:
            conditions: The request's headers, which may be conditional on a change since the mirror read it.

        Raises:
            KorusError: The request failed; `StatusError` with 304 if it has not changed.
        """
        found = await self._cache.find(self._query, seconds=self._seconds(), facts_only=True)
        asked_at = time.time()
        self._cache.misses += 1
        try:
            answer = await self._send(_NO_CONDITIONS)
        except StatusError as error:
            if error.status == HTTPStatus.NOT_MODIFIED and found.kept is not None:
                await self._confirm_for_mirror(found, conditions, asked_at)
            raise
        await self._keep(found, answer, asked_at, swept=True)
        return answer

    async def _confirm_for_mirror(
        self, found: Lookup, conditions: Mapping[str, str], asked_at: float
    ) -> None:
        """Mark the answer as fresh for which the mirror received a 304."""
        kept = found.kept
        if kept is None:
            return
        # by the header that the API uses: an entity tag has priority over a date
        name = "If-None-Match" if "If-None-Match" in conditions else "If-Modified-Since"
        if name in conditions and kept.facts.conditions().get(name) == conditions[name]:
            facts = evolve(kept.facts, asked_at=asked_at, swept=True)
            await self._cache.confirm(kept, facts, seconds=self._seconds())

    async def _lead(
        self, flight: Flight, place: Hashable, found: Lookup, *, again: bool
    ) -> Answer | FromCache:
        """Send the request for all waiting calls."""
        before = _LEADING.set(True)
        try:
            flight.answer = await self._in_turn(found, again=again)
        except (StatusError, TransportError, DecodingFailed) as error:
            # the others may have more time than this call
            if not self._is_own(error):
                flight.error = copy.copy(error).with_traceback(None)
            raise
        finally:
            _LEADING.reset(before)
            self._cache.landed = object()
            del self._cache.flights[place]
            flight.done.set()
        return flight.answer

    def _is_own(self, error: KorusError) -> bool:
        left = self._left()
        return (left is not None and left <= 0) or (isinstance(error, RateLimited) and error.status is None)

    async def _follow(self, flight: Flight) -> Answer | FromCache | None:
        """Wait for the answer of another call; None if it has none."""
        left = self._left()
        if not await flight.done.wait(None if left is None else min(left, _LONGEST_WAIT)):
            raise TimedOut(
                "the time limit has passed while another call sent the same request; this one was not sent",
                sent=False,
            )
        if flight.error is not None:
            # a copy for each caller, since a shared error would collect all their tracebacks
            raise copy.copy(flight.error)
        brought = flight.answer
        if brought is None:
            return None
        self._cache.hits += 1
        if isinstance(brought, FromCache):
            return evolve(brought, waited=True)
        return FromCache(brought.content, brought.headers.get("content-type", ""), 0.0, waited=True)

    async def _in_turn(self, found: Lookup, *, again: bool) -> Answer | FromCache:
        """Send the request, unless another worker has just stored the answer."""
        left = self._left()
        wait = (_LONGEST_WAIT if left is None else left) * _TURN_SHARE
        async with self._cache.turn(found.key, wait) as waited:
            if waited or again:
                found = await self._find()
                kept = _fresh(found)
                if kept is not None:
                    self._cache.hits += 1
                    return kept
            return await self._asked(found)

    async def _asked(self, found: Lookup) -> Answer | FromCache:
        kept, asked_at = found.kept, time.time()
        self._cache.misses += 1
        answer = await self._send(_NO_CONDITIONS if kept is None else kept.facts.conditions())
        if answer.status == HTTPStatus.NOT_MODIFIED and kept is not None:
            if confirms(kept.facts, answer.headers):
                self._cache.unchanged += 1
                facts = kept.facts.confirmed(answer.headers, asked_at)
                await self._cache.confirm(kept, facts, seconds=self._seconds())
                return FromCache(kept.content, kept.content_type, facts.age(time.time()), revalidated=True)
            # of another answer than the stored one
            self._cache.misses += 1
            asked_at = time.time()
            answer = await self._send(_NO_CONDITIONS)
        await self._keep(found, answer, asked_at)
        return answer

    async def _keep(self, found: Lookup, answer: Answer, asked_at: float, *, swept: bool = False) -> None:
        # a maintenance page must not be cached for a day
        if answer.status != HTTPStatus.OK or not answer.is_readable():
            return
        headers = answer.headers
        await self._cache.keep(
            found,
            self._query.url,
            answer.content,
            headers.get("content-type", ""),
            facts_of(headers, asked_at, swept=swept),
            seconds=self._seconds(),
        )

    async def _find(self) -> Lookup:
        return await self._cache.find(self._query, seconds=self._seconds())

    def _seconds(self) -> float:
        """Return the time limit of one cache step: a small share of a call, and of its remaining time."""
        left = self._left()
        if left is None or self._total is None:
            return _CACHE_SECONDS
        return min(_CACHE_SECONDS, self._total * _CACHE_SHARE, max(left, 0.0))


def _fresh(found: Lookup) -> FromCache | None:
    kept = found.kept
    if kept is None or not found.is_fresh:
        return None
    return FromCache(kept.content, kept.content_type, kept.facts.age(time.time()))
