"""Catalogue cache and shared token, stored in SQLite or Redis through hishel and redis.

`korus._http.cache_rules` decides which answers are stored. If the cache does not work, calls go to the API and do not
fail.
"""

from __future__ import annotations

import json
import math
import platform
import sqlite3
import time
from contextlib import asynccontextmanager, closing, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from attrs import define, field, frozen

from korus._async.http.gate import AsyncSharedGate
from korus._core.distribution import install_hint
from korus._core.private_files import create_private
from korus._core.secret import Secret, without_userinfo
from korus._http.cache_health import CacheHealth, raise_swallowed, swallowed_errors
from korus._http.cache_rules import (
    CATALOGUE,
    LONGEST,
    OLD,
    Facts,
    Marks,
    account_of,
    facts_from,
    key_of,
    name_of,
)
from korus._http.oidc import Token
from korus._primitives.asynchronous import AsyncLocal, redis_client, run_blocking, sleep, time_limit
from korus.errors import ConfigurationError, TransportError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Hashable, Mapping
    from pathlib import Path

    from korus._core.cache_setting import Cache
    from korus._core.config import Config
    from korus._primitives.clock import Clock

__all__ = ["AsyncCatalogueCache", "AsyncSharedToken", "CacheQuery", "Kept", "Lookup"]

_Result = TypeVar("_Result")

# the turn of a worker that died ends after this time; the others wait less long for it
_TURN_SECONDS = 10.0
_WAIT_SECONDS, _WAIT_SHARE = 2.0, 0.1
# for one statement while another process writes
_BUSY_SECONDS = 0.25
_TURN_PAUSE = 0.05
_WRITTEN_MEANWHILE = "WatchError"
_WRITE_PAUSE = 0.01
_CLEAR_SECONDS = 10.0
_ASKED, _SWEPT, _EPOCH, _CLEARED = "x-asked-before", "x-swept-before", "x-epoch", "x-cleared"
_AT_ONCE = 10.0
_NO_HEADERS: Mapping[str, str] = {}


@frozen
class Kept:
    """Answer from the cache.

    Attributes:
        content: The body.
        content_type: Its ``Content-Type``.
        facts: The facts that are stored with it.
        entry: The id of its entry.
    """

    content: bytes = field(repr=False)
    content_type: str
    facts: Facts
    entry: Any


@frozen
class Lookup:
    """Result of a look-up in the cache.

    Attributes:
        key: The answer's key; None while the cache does not work.
        kept: The answer, fresh or stale; None if it is not stored.
        is_fresh: True if it may be used without revalidation.
        entries: The ids of all entries with the key.
    """

    key: str | None = None
    kept: Kept | None = None
    is_fresh: bool = False
    entries: tuple[Any, ...] = field(default=(), repr=False)


@frozen
class CacheQuery:
    """Request whose answer is cached.

    Attributes:
        url: Its address.
        params: Its query.
        headers: Its headers on which the answer may depend; see `korus._http.cache_rules.varying_headers`.
    """

    url: str
    params: tuple[tuple[str, object], ...] = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)


@define(eq=False)
class _Opened:
    """Storage that is open in one process and event loop."""

    storage: Any
    redis: Any
    ready: bool = False


class AsyncCatalogueCache:
    """Cache of catalogue answers; the attribute ``cache`` of `korus.AsyncKorus`.

    Attributes:
        hits: The number of calls that were answered without a request.
        misses: The number of requests.
        unchanged: The number of requests that were answered with 304, without a body.
        flights: The requests in flight, for which other calls with the same request wait.
        landed: A marker that is replaced after each of them has ended.

    Args:
        cache: The settings of the cache.
        config: The configuration of the client.

    Raises:
        ConfigurationError: The extra ``korus-sdk[cache]`` is not installed.
    """

    def __init__(self, cache: Cache, config: Config) -> None:
        self.cache = cache
        self.hits = 0
        self.misses = 0
        self.unchanged = 0
        self.flights: dict[Hashable, Any] = {}
        self.landed = object()
        self._account = account_of(config)
        self._keep = None if cache.keep == "api" else cache.keep
        # an epoch must live longer than its entries
        self._longest = 2 * (max(self._keep or 0.0, LONGEST) + OLD)
        self._is_redis = cache.redis_url is not None
        self._opened = AsyncLocal(self._open, _close)
        self._health = CacheHealth()
        try:
            import hishel

            if self._is_redis:
                import_module("redis")  # checked before the first call
        except ImportError:
            raise ConfigurationError(f"`cache` requires an extra: {install_hint('cache')}") from None
        self._hishel: Any = hishel

    def __repr__(self) -> str:
        kind = "Redis" if self._is_redis else "SQLite"
        return f"<{type(self).__name__} in {kind}, {self.hits} hits, {self.misses} misses>"

    def serves(self, config: Config) -> bool:
        """Return True if another configuration may use this cache."""
        return self.cache == config.cache and self._account == account_of(config)

    @staticmethod
    def keeps(operation: str) -> bool:
        """Return True if answers of an operation are cached."""
        return operation in CATALOGUE

    @property
    def name(self) -> str:
        """Name of this service account's entries at this location; the mirror's feed uses it."""
        url = self.cache.redis_url
        place = (
            f"{platform.node()} {self.cache.path.absolute()}"
            if url is None
            else without_userinfo(url.reveal())
        )
        return f"catalogue-cache:{name_of(self._account, place)}"

    def shared_token(self, clock: Clock) -> AsyncSharedToken | None:
        """Return the shared token of the workers; None if they share none."""
        if not self._is_redis:
            return None
        return AsyncSharedToken(lambda: self._opened.get().redis, self._account, clock, self._health)

    def shared_gate(self) -> AsyncSharedGate | None:
        """Return the shared gate of the workers; None if they share none."""
        if not self._is_redis:
            return None
        return AsyncSharedGate(lambda: self._opened.get().redis, self._account, self._health)

    async def find(self, query: CacheQuery, *, seconds: float, facts_only: bool = False) -> Lookup:
        """Return the stored answer, or an empty look-up while the cache does not work.

        Args:
            query: The request.
            seconds: The time limit.
            facts_only: True to omit the body.
        """

        async def step(storage: Any) -> Lookup:
            epoch, marks, _ = await self._epoch(storage)
            key = key_of(self._account, epoch, query.url, query.params, query.headers)
            found = {entry.id: entry for entry in await self._entries(storage, key)}
            facts = {id_: facts_from(entry.response.headers) for id_, entry in found.items()}
            usable = [id_ for id_ in facts if facts[id_].kept_for(self._keep)]
            if not usable:
                return Lookup(key, entries=tuple(found))
            newest = max(usable, key=lambda id_: facts[id_].asked_at)
            response = found[newest].response
            content = b"" if facts_only else b"".join([piece async for piece in response.stream])
            kept = Kept(content, str(response.headers.get("content-type", "")), facts[newest], newest)
            is_fresh = kept.facts.is_fresh(time.time(), self._keep, marks)
            return Lookup(key, kept, is_fresh, tuple(found))

        return await self._attempt(step, seconds) or Lookup()

    async def keep(
        self, found: Lookup, url: str, content: bytes, content_type: str, facts: Facts, *, seconds: float
    ) -> None:
        """Replace the stored answer with a new one, or remove it if the new one may not be stored.

        Args:
            found: The result of `find`.
            url: The request's address.
            content: The body.
            content_type: Its ``Content-Type``.
            facts: The facts to store with it.
            seconds: The time limit.
        """
        key, lasts = found.key, facts.kept_for(self._keep)
        if key is None:
            return

        async def step(storage: Any) -> None:
            if lasts:
                await self._create(storage, key, url, content, facts.to_headers(content_type), seconds=lasts)
            for entry in found.entries:
                await storage.remove_entry(entry)

        await self._attempt(step, seconds)

    async def confirm(self, kept: Kept, facts: Facts, *, seconds: float) -> None:
        """Update the facts of an answer from a 304; remove the answer if it may no longer be stored."""

        async def step(storage: Any) -> None:
            if not facts.kept_for(self._keep):
                await storage.remove_entry(kept.entry)
                return
            headers = self._hishel.Headers(facts.to_headers(kept.content_type))
            await storage.update_headers(kept.entry, headers)

        await self._attempt(step, seconds)

    async def expire(self, *, began: float | None = None) -> bool:
        """Mark all entries of this service account as stale, so that they are revalidated.

        Args:
            began: The wall-clock time at which the mirror's sweep began that found a change: answers that the sweep
                has read stay fresh.

        Returns:
            True on success; False while the cache does not work.
        """

        async def step(storage: Any) -> bool:
            _, before, entry = await self._epoch(storage)
            if entry is None:
                return False
            now = time.time()
            asked = max(before.asked_before, now)
            swept = max(before.swept_before, now if began is None else began)
            headers = {**entry.response.headers, _ASKED: repr(asked), _SWEPT: repr(swept)}
            await storage.update_headers(entry.id, self._hishel.Headers(headers))
            return True

        return await self._attempt(step, _CLEAR_SECONDS, anyway=True) or False

    @asynccontextmanager
    async def turn(self, key: str | None, seconds: float) -> AsyncGenerator[bool]:
        """Let one of the workers that share a Redis send the request; the others wait for a while.

        The turn of a worker that died expires. Without Redis there is no wait.

        Args:
            key: The answer's key.
            seconds: The maximum time to wait.

        Yields:
            True if another worker may have stored the answer meanwhile.
        """
        wait = min(seconds, _TURN_SECONDS)
        if key is None or not self._is_redis or wait <= 0:
            yield False
            return
        lock = self._opened.get().redis.lock(f"{key}:turn", timeout=_TURN_SECONDS)
        held = await self._take(lock, wait)
        try:
            yield held is not None
        finally:
            if held:
                await self._on_redis(lock.release, _WAIT_SECONDS)

    async def _take(self, lock: Any, wait: float) -> bool | None:
        """Return True if the lock was acquired, False if another worker holds it, None if Redis does not answer."""
        ends = time.monotonic() + wait
        while True:
            held = await self._on_redis(lambda: lock.acquire(blocking=False), min(wait, _WAIT_SECONDS))
            if held is not False or time.monotonic() >= ends:
                return held
            await sleep(_TURN_PAUSE)

    async def _on_redis(self, command: Callable[[], Awaitable[_Result]], seconds: float) -> _Result | None:
        return await _attempt(command, seconds, self._health)

    async def clear(self) -> None:
        """Delete all entries of this service account, for all processes that share the cache.

        Raises:
            TransportError: The cache does not answer.
        """

        async def step(storage: Any) -> bool:
            key = self._epoch_key()
            before = await self._entries(storage, key)
            headers = {_EPOCH: uuid4().hex, _CLEARED: repr(time.time())}
            await self._create(storage, key, headers=headers, seconds=self._longest)
            for entry in before:
                await storage.remove_entry(entry.id)
            return True

        if not await self._attempt(step, _CLEAR_SECONDS, anyway=True):
            raise TransportError("Cannot clear the cache: it does not work. Try again later.", sent=False)

    async def aclose(self) -> None:
        """Close the file or the connection."""
        await self._opened.aclose()

    async def _attempt(
        self, step: Callable[[Any], Awaitable[_Result]], seconds: float, *, anyway: bool = False
    ) -> _Result | None:
        """Run a step on the storage; return None if the cache does not work, which is then not used for a while."""
        if seconds <= 0 or (self._health.is_resting and not anyway):
            return None
        ends = time.monotonic() + seconds
        while True:
            swallowed: list[str] = []
            result: _Result | None = None
            try:
                with swallowed_errors(swallowed):
                    async with time_limit(seconds):
                        result = await step(await self._storage(seconds))
            except ConfigurationError:
                raise
            except Exception as error:  # noqa: BLE001 (hishel, redis, sqlite3: nothing of them is a reason to fail)
                swallowed = swallowed or [type(error).__name__]
            if not swallowed:
                return result
            seconds = ends - time.monotonic()
            # another worker has written the same entry meanwhile, so the cache works
            if swallowed[0] != _WRITTEN_MEANWHILE or seconds <= 0:
                self._health.failed(swallowed[0])
                return None
            await sleep(_WRITE_PAUSE)

    def _epoch_key(self) -> str:
        return f"korus:{self._account}:epoch"

    async def _epoch(self, storage: Any) -> tuple[str, Marks, Any]:
        """Return the epoch that all keys contain until the cache is cleared, its marks, and their entry."""
        key = self._epoch_key()
        for _ in range(2):
            entries = await self._entries(storage, key)
            if entries:
                chosen = min(entries, key=_precedence)
                marks = [_marks(entry.response.headers) for entry in entries]
                asked = max(each.asked_before for each in marks)
                swept = max(each.swept_before for each in marks)
                return _precedence(chosen)[1], Marks(asked, swept), chosen
            # workers that create it at the same time use the same name
            name = f"{time.time() // _AT_ONCE:.0f}"
            await self._create(storage, key, headers={_EPOCH: name}, seconds=self._longest)
        return "", Marks(), None

    async def _entries(self, storage: Any, key: str) -> list[Any]:
        try:
            entries = list(await storage.get_entries(key))
        except RuntimeError as error:
            # an unreadable cache does not fail, but the database of another program must not be used
            reason = str(error)
        else:
            raise_swallowed()
            return entries
        raise ConfigurationError(
            f"cache={str(self.cache.path)!r} cannot be used; choose another file: {reason}"
        )

    async def _create(
        self,
        storage: Any,
        key: str,
        url: str = "",
        content: bytes = b"",
        headers: Mapping[str, str] = _NO_HEADERS,
        *,
        seconds: float,
    ) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            yield content

        hishel = self._hishel
        response = hishel.Response(200, hishel.Headers(dict(headers)), pieces())
        # neither the request's headers, which hold the token, nor the answer's cookies are stored
        entry = await storage.create_entry(hishel.Request("GET", url), response, key, ttl=seconds)
        raise_swallowed()
        async for _ in entry.response.stream:
            pass

    async def _storage(self, seconds: float) -> Any:
        opened = self._opened.get()
        if not opened.ready and opened.redis is None:
            await run_blocking(_check_free, self.cache.path, seconds)
            await self._entries(opened.storage, self._epoch_key())
            # hishel's own timeout is 5 s
            cursor = await opened.storage.connection.cursor()
            await cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000:.0f}")
        opened.ready = True
        return opened.storage

    def _open(self) -> _Opened:
        url, hishel = self.cache.redis_url, self._hishel
        if url is None:
            path, most = self.cache.path, self.cache.max_bytes
            return _Opened(hishel.AsyncSqliteStorage(database_path=path, max_size=most), None)
        redis = redis_client(url.reveal())
        return _Opened(hishel.AsyncRedisStorage(client=redis), redis)


async def _close(opened: _Opened) -> None:
    await opened.storage.close()


def _check_free(path: Path, seconds: float) -> None:
    """Raise an SQLite error if another process keeps a database locked longer than this."""
    with suppress(OSError):  # SQLite itself reports the problem
        create_private(path)
    if path.exists():
        with closing(sqlite3.connect(path, timeout=seconds, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")


class AsyncSharedToken:
    """Access token of a service account that workers share through Redis and renew in turns.

    Anyone who can read the Redis server's memory can read the token while it is valid.
    """

    def __init__(
        self, redis: Callable[[], Any], account: str, clock: Clock, health: CacheHealth | None = None
    ) -> None:
        self._redis = redis
        self._key = f"korus:{account}:token"
        self._clock = clock
        self._health = health or CacheHealth()

    @asynccontextmanager
    async def turn(self, seconds: float | None) -> AsyncGenerator[None]:
        """Let one worker renew at a time, but wait only for a small share of the time.

        If Redis does not answer, or another worker keeps its turn, this one renews nevertheless.

        Args:
            seconds: The time limit of the call that needs the token, None for no limit.
        """
        wait = _share(seconds)
        lock = self._redis().lock(f"{self._key}:turn", timeout=_TURN_SECONDS)
        held = await self._attempt(lambda: lock.acquire(blocking_timeout=wait), wait * 1.5)
        try:
            yield
        finally:
            if held:
                await self._attempt(lock.release, wait)

    async def load(self, seconds: float | None) -> Token | None:
        """Return the latest token, if it is valid."""
        stored = await self._attempt(lambda: self._redis().get(self._key), _share(seconds))
        # by the wall clock, since monotonic clocks differ between machines
        shift = self._clock.monotonic() - time.time()
        try:
            said: Any = json.loads(stored) if stored else {}
            token = Token(
                access=Secret(said["access"]),
                refresh=None,
                renew_at=said["renew_at"] + shift,
                ends_at=said["ends_at"] + shift,
                refresh_ends_at=None,
            )
        except (KeyError, TypeError, ValueError):
            # missing, or written by another version
            return None
        return token if self._clock.monotonic() < token.renew_at else None

    async def save(self, token: Token, seconds: float | None) -> None:
        """Share a token with the other workers."""
        shift = time.time() - self._clock.monotonic()
        # without the refresh token, which outlives the access token and is not needed, since there are credentials
        said = {
            "access": token.access.reveal(),
            "renew_at": token.renew_at + shift,
            "ends_at": token.ends_at + shift,
        }
        left = max(int((token.ends_at - self._clock.monotonic()) * 1000), 1)
        await self._attempt(lambda: self._redis().set(self._key, json.dumps(said), px=left), _share(seconds))

    async def _attempt(self, command: Callable[[], Awaitable[_Result]], seconds: float) -> _Result | None:
        return await _attempt(command, seconds, self._health)


async def _attempt(
    command: Callable[[], Awaitable[_Result]], seconds: float, health: CacheHealth
) -> _Result | None:
    """Run a Redis command; return None if Redis does not answer, which is then not used for a while."""
    if seconds <= 0 or health.is_resting:
        return None
    from redis.exceptions import LockNotOwnedError

    try:
        async with time_limit(seconds):
            return await command()
    except LockNotOwnedError:
        return None  # the turn had expired
    except Exception as error:  # noqa: BLE001 (redis, sockets, the event loop: nothing is a reason to fail)
        health.failed(type(error).__name__)
        return None


def _precedence(entry: Any) -> tuple[float, str, str]:
    """Return the sort key of epoch entries: the latest clearing has priority, else the oldest name."""
    headers = entry.response.headers
    return -float(headers.get(_CLEARED, "0")), headers.get(_EPOCH, ""), str(entry.id)


def _marks(headers: Mapping[str, str]) -> Marks:
    try:
        return Marks(float(headers.get(_ASKED, "-inf")), float(headers.get(_SWEPT, "-inf")))
    except ValueError:
        return Marks(math.inf, math.inf)


def _share(seconds: float | None) -> float:
    return _WAIT_SECONDS if seconds is None else min(_WAIT_SECONDS, seconds * _WAIT_SHARE)
