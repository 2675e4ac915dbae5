# Written by `python -m scripts.sync` from korus/_async/http/cache.py; edit that file instead.
"""The catalogue cache and the shared token, kept in SQLite or Redis through hishel and redis.

What may be kept is decided in `korus._http.cache_rules`. A cache that cannot be reached is no reason to fail: the API
is asked then.
"""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field, frozen

from korus._core.distribution import install_hint
from korus._core.private_files import create_private
from korus._core.secret import Secret
from korus._http.cache_health import CacheHealth, raise_swallowed, swallowed_errors
from korus._http.cache_rules import CATALOGUE, account_of, key_of
from korus._http.oidc import Token
from korus._primitives.synchronous import Local, redis_client, run_blocking, time_limit
from korus._sync.http.gate import SharedGate
from korus.errors import ConfigurationError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

    from korus._core.cache_setting import Cache
    from korus._core.config import Config
    from korus._core.headers import ExtraHeaders
    from korus._primitives.clock import Clock

__all__ = ["CatalogueCache", "SharedToken", "Kept"]

_Result = TypeVar("_Result")

# a worker that died with its turn keeps it no longer; the others do not wait for it as long as that
_TURN_SECONDS = 10.0
_WAIT_SECONDS, _WAIT_SHARE = 2.0, 0.1
# for one statement, while another process writes
_BUSY_SECONDS = 0.25
# an epoch has to outlive whatever was kept in it
_EPOCHS = 2
_CLEAR_SECONDS = 10.0


@frozen
class Kept:
    """An answer out of the cache."""

    content: bytes = field(repr=False)
    content_type: str


@define(eq=False)
class _Opened:
    """What is opened in one process and event loop."""

    storage: Any
    redis: Any
    ready: bool = False


class CatalogueCache:
    """Answers about catalogues, kept for a while; `korus.Korus` has one as ``cache``.

    Attributes:
        hits: How many answers it gave.
        misses: How many it did not have, which is how many requests were made.

    Args:
        cache: Where and for how long.
        config: Whose answers they are.

    Raises:
        ConfigurationError: the extra ``korus-sdk[cache]`` is not installed.
    """

    def __init__(self, cache: Cache, config: Config) -> None:
        self.cache = cache
        self.hits = 0
        self.misses = 0
        self._account = account_of(config)
        self._is_redis = cache.redis_url is not None
        self._opened = Local(self._open, _close)
        self._health = CacheHealth()
        try:
            import hishel

            if self._is_redis:
                import_module("redis")  # looked for before the first call
        except ImportError:
            raise ConfigurationError(f"cache= needs the extra: {install_hint('cache')}") from None
        self._hishel: Any = hishel

    def __repr__(self) -> str:
        kind = "Redis" if self._is_redis else "SQLite"
        return f"<{type(self).__name__} in {kind}, {self.hits} hits, {self.misses} misses>"

    def serves(self, config: Config) -> bool:
        """Return True if another configuration may use this cache."""
        return self.cache == config.cache and self._account == account_of(config)

    @staticmethod
    def keeps(operation: str) -> bool:
        """Return True if answers of an operation are kept."""
        return operation in CATALOGUE

    def shared_token(self, clock: Clock) -> SharedToken | None:
        """Return the token that workers share; None when they do not."""
        if not self._is_redis:
            return None
        return SharedToken(lambda: self._opened.get().redis, self._account, clock, self._health)

    def shared_gate(self) -> SharedGate | None:
        """Return the gate that workers share; None when they do not."""
        if not self._is_redis:
            return None
        return SharedGate(lambda: self._opened.get().redis, self._account, self._health)

    def find(
        self,
        url: str,
        params: Iterable[tuple[str, object]],
        language: str | None,
        headers: ExtraHeaders = (),
        *,
        seconds: float,
        fresh: bool = False,
    ) -> tuple[str | None, Kept | None]:
        """Return the key of an answer, and the answer if it was kept; neither while the cache does not work.

        Args:
            url: The request's address.
            params: Its query.
            language: Its ``Accept-Language``.
            headers: Its other headers that an answer may depend on.
            seconds: How long it may take.
            fresh: Return the key only.
        """

        def step(storage: Any) -> tuple[str, Kept | None]:
            key = key_of(self._account, self._epoch(storage), url, params, language, headers=headers)
            if fresh:
                return key, None
            for entry in self._entries(storage, key):
                content = b"".join([piece for piece in entry.response.stream])
                return key, Kept(content, str(entry.response.headers.get("content-type", "")))
            return key, None

        key, kept = self._attempt(step, seconds) or (None, None)
        if kept is None:
            self.misses += 1
        else:
            self.hits += 1
        return key, kept

    def keep(
        self, key: str, url: str, content: bytes, content_type: str, *, seconds: float, instead: bool = False
    ) -> None:
        """Keep an answer, unless that takes too long; ``instead`` of the one that may be kept already."""

        def step(storage: Any) -> None:
            for entry in self._entries(storage, key) if instead else ():
                storage.remove_entry(entry.id)
            kept = Kept(content, content_type)
            self._create(storage, key, url, kept=kept, seconds=self.cache.keep)

        self._attempt(step, seconds)

    def clear(self) -> None:
        """Forget everything that is kept for this service account, in all processes that share the cache.

        Raises:
            TransportError: the cache does not answer.
        """

        def step(storage: Any) -> bool:
            key = self._epoch_key()
            before = self._entries(storage, key)
            self._create(storage, key, seconds=self.cache.keep * _EPOCHS)
            for entry in before:
                storage.remove_entry(entry.id)
            return True

        if not self._attempt(step, _CLEAR_SECONDS, anyway=True):
            raise TransportError("Cannot clear the cache: it does not work. Try again later.", sent=False)

    def close(self) -> None:
        """Close the file or the connection."""
        self._opened.close()

    def _attempt(
        self, step: Callable[[Any], _Result], seconds: float, *, anyway: bool = False
    ) -> _Result | None:
        """Carry out a step on the storage; None when the cache does not work, which is then left alone."""
        if seconds <= 0 or (self._health.is_resting and not anyway):
            return None
        swallowed: list[str] = []
        try:
            with swallowed_errors(swallowed):
                with time_limit(seconds):
                    result = step(self._storage(seconds))
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 (hishel, redis, sqlite3: nothing of them is a reason to fail)
            swallowed, result = swallowed or [type(error).__name__], None
        if swallowed:
            self._health.failed(swallowed[0])
            return None
        return result

    def _epoch_key(self) -> str:
        return f"korus:{self._account}:epoch"

    def _epoch(self, storage: Any) -> str:
        # all keys carry the id of one entry, so that putting another in its place clears the cache
        for _ in range(2):
            found = sorted(str(entry.id) for entry in self._entries(storage, self._epoch_key()))
            if found:
                return found[0]
            self._create(storage, self._epoch_key(), seconds=self.cache.keep * _EPOCHS)
        return ""

    def _entries(self, storage: Any, key: str) -> list[Any]:
        try:
            entries = list(storage.get_entries(key))
        except RuntimeError as error:
            # what cannot be read is no reason to fail, but a database of another program has to be left alone
            reason = str(error)
        else:
            raise_swallowed()
            return entries
        raise ConfigurationError(
            f"cache={str(self.cache.path)!r} cannot be used, name another file: {reason}"
        )

    def _create(
        self, storage: Any, key: str, url: str = "", *, kept: Kept = Kept(b"", ""), seconds: float
    ) -> None:
        def pieces() -> Iterator[bytes]:
            yield kept.content

        hishel = self._hishel
        response = hishel.Response(200, hishel.Headers({"content-type": kept.content_type}), pieces())
        # neither the request's headers, which hold the token, nor the answer's are kept
        entry = storage.create_entry(hishel.Request("GET", url), response, key, ttl=seconds)
        raise_swallowed()
        for _ in entry.response.stream:
            pass

    def _storage(self, seconds: float) -> Any:
        opened = self._opened.get()
        if not opened.ready and opened.redis is None:
            run_blocking(_check_free, self.cache.path, seconds)
            self._entries(opened.storage, self._epoch_key())
            # hishel itself waits for 5 s for another process to have written
            cursor = opened.storage.connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000:.0f}")
        opened.ready = True
        return opened.storage

    def _open(self) -> _Opened:
        url, hishel = self.cache.redis_url, self._hishel
        if url is None:
            path, most = self.cache.path, self.cache.max_bytes
            return _Opened(hishel.SqliteStorage(database_path=path, max_size=most), None)
        redis = redis_client(url.reveal())
        return _Opened(hishel.RedisStorage(client=redis), redis)


def _close(opened: _Opened) -> None:
    opened.storage.close()


def _check_free(path: Path, seconds: float) -> None:
    """Raise an error of SQLite if another process keeps a database locked for so long."""
    with suppress(OSError):  # SQLite says what is wrong with it
        create_private(path)
    if path.exists():
        with closing(sqlite3.connect(path, timeout=seconds, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")


class SharedToken:
    """The access token of a service account, which workers share through Redis and take turns to renew.

    Whoever may read the Redis server's memory may read the token, as long as it holds.
    """

    def __init__(
        self, redis: Callable[[], Any], account: str, clock: Clock, health: CacheHealth | None = None
    ) -> None:
        self._redis = redis
        self._key = f"korus:{account}:token"
        self._clock = clock
        self._health = health or CacheHealth()

    @contextmanager
    def turn(self, seconds: float | None) -> Generator[None]:
        """Let one worker renew at a time, as far as that takes a small share of the time.

        When Redis does not answer, or another worker keeps its turn, this one renews all the same.

        Args:
            seconds: How long the call may take that needs the token, None for no limit.
        """
        wait = _share(seconds)
        lock = self._redis().lock(f"{self._key}:turn", timeout=_TURN_SECONDS)
        held = self._attempt(lambda: lock.acquire(blocking_timeout=wait), wait * 1.5)
        try:
            yield
        finally:
            if held:
                self._attempt(lock.release, wait)

    def load(self, seconds: float | None) -> Token | None:
        """Return the token that was renewed last, if it holds."""
        stored = self._attempt(lambda: self._redis().get(self._key), _share(seconds))
        # another machine's monotonic clock says nothing here, the time of day does
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
            # none, or not written by this version
            return None
        return token if self._clock.monotonic() < token.renew_at else None

    def save(self, token: Token, seconds: float | None) -> None:
        """Let the others have a token."""
        shift = time.time() - self._clock.monotonic()
        # without the refresh token: it outlives the access token, and the credentials give a new one anyway
        said = {
            "access": token.access.reveal(),
            "renew_at": token.renew_at + shift,
            "ends_at": token.ends_at + shift,
        }
        left = max(int((token.ends_at - self._clock.monotonic()) * 1000), 1)
        self._attempt(lambda: self._redis().set(self._key, json.dumps(said), px=left), _share(seconds))

    def _attempt(self, command: Callable[[], _Result], seconds: float) -> _Result | None:
        """Carry out a command; None when Redis does not answer, which is then left alone."""
        if seconds <= 0 or self._health.is_resting:
            return None
        from redis.exceptions import LockNotOwnedError

        try:
            with time_limit(seconds):
                return command()
        except LockNotOwnedError:
            return None  # the turn was over already
        except Exception as error:  # noqa: BLE001 (redis, sockets, the event loop: nothing is a reason to fail)
            self._health.failed(type(error).__name__)
            return None


def _share(seconds: float | None) -> float:
    return _WAIT_SECONDS if seconds is None else min(_WAIT_SECONDS, seconds * _WAIT_SHARE)
