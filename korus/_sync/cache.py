# Written by `python -m scripts.sync` from korus/_async/cache.py; edit that file instead.
"""The catalogue cache and the shared token, kept in SQLite or Redis through hishel and redis.

What may be kept is decided in `korus.caching`. A cache that cannot be reached is no reason to fail: its answers
are asked of the API then.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import frozen

from korus._primitives.synchronous import Lock, redis_client
from korus.caching import CATALOGUE, account_of, key_of
from korus.decode import decode_json
from korus.errors import ConfigurationError, DecodingFailed
from korus.oidc import Token
from korus.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from korus._primitives.clock import Clock
    from korus.caching import Cache
    from korus.config import Config

__all__ = ["CatalogueCache", "SharedToken", "Kept"]

_LOG = logging.getLogger("korus")
# longer than a token request with its retries takes; a worker that died holds the others up no longer
_TURN_SECONDS = 30.0
# an epoch has to outlive whatever was kept in it
_EPOCHS = 2


@frozen
class Kept:
    """An answer out of the cache."""

    content: bytes
    content_type: str


class CatalogueCache:
    """Answers about catalogues, kept for a while; `korus.Korus` has one as ``cache``.

    Attributes:
        hits: How many answers it gave.
        misses: How many it did not have, which is how many requests were made.

    Args:
        cache: Where and for how long.
        config: Whose answers they are.

    Raises:
        ConfigurationError: the extra ``korus[cache]`` is not installed.
    """

    def __init__(self, cache: Cache, config: Config) -> None:
        self.cache = cache
        self.hits = 0
        self.misses = 0
        self._account = account_of(config)
        self._opening = Lock()
        self._opened: Any = None
        self._redis = _connected(cache)
        try:
            import hishel
        except ImportError:
            raise ConfigurationError("cache= needs the extra: pip install 'korus[cache]'") from None
        self._hishel: Any = hishel

    def __repr__(self) -> str:
        kind = "SQLite" if self._redis is None else "Redis"
        return f"<{type(self).__name__} in {kind}, {self.hits} hits, {self.misses} misses>"

    def serves(self, config: Config) -> bool:
        """Tell whether it is the cache of another set-up too."""
        return self.cache == config.cache and self._account == account_of(config)

    @staticmethod
    def keeps(operation: str) -> bool:
        """Tell whether answers of an operation are kept."""
        return operation in CATALOGUE

    def shared_token(self, clock: Clock) -> SharedToken | None:
        """Give the token that workers share; None when they do not."""
        return None if self._redis is None else SharedToken(self._redis, self._account, clock)

    def find(
        self, url: str, params: Iterable[tuple[str, object]], language: str | None
    ) -> tuple[str, Kept | None]:
        """Give the name of an answer, and the answer if it was kept."""
        storage = self._storage()
        key = key_of(self._account, self._epoch(storage), url, params, language)
        for entry in self._entries(storage, key):
            content = b"".join([piece for piece in entry.response.stream])
            self.hits += 1
            return key, Kept(content, str(entry.response.headers.get("content-type", "")))
        self.misses += 1
        return key, None

    def keep(self, key: str, url: str, content: bytes, content_type: str) -> None:
        """Keep an answer, if it is one that can be read: a page of maintenance is not to be had for a day."""
        try:
            decode_json(content, content_type)
        except DecodingFailed:
            return
        self._create(self._storage(), key, url, kept=Kept(content, content_type), seconds=self.cache.keep)

    def clear(self) -> None:
        """Forget everything that is kept for this service account, in all processes that share the cache."""
        storage = self._storage()
        key = self._epoch_key()
        before = self._entries(storage, key)
        self._create(storage, key, seconds=self.cache.keep * _EPOCHS)
        for entry in before:
            storage.remove_entry(entry.id)

    def close(self) -> None:
        """Close the file or the connection."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()
        elif self._redis is not None:
            self._redis.close()

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
            return list(storage.get_entries(key))
        except RuntimeError as error:
            # what cannot be read is no reason to fail, but a database of another program has to be left alone
            reason = str(error)
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
        for _ in entry.response.stream:
            pass

    def _storage(self) -> Any:
        if self._opened is None:
            with self._opening:
                if self._opened is None:
                    self._opened = self._open()
        return self._opened

    def _open(self) -> Any:
        if self._redis is not None:
            return self._hishel.RedisStorage(client=self._redis)
        return self._hishel.SqliteStorage(database_path=self.cache.path, max_size=self.cache.max_bytes)


def _connected(cache: Cache) -> Any:
    if cache.redis_url is None:
        return None
    try:
        return redis_client(cache.redis_url.reveal())
    except ImportError:
        raise ConfigurationError("a cache in Redis needs the extra: pip install 'korus[cache]'") from None


class SharedToken:
    """The access token of a service account, which workers share through Redis and take turns to renew.

    Whoever may read the Redis server's memory may read the token, as long as it holds.
    """

    def __init__(self, redis: Any, account: str, clock: Clock) -> None:
        self._redis = redis
        self._key = f"korus:{account}:token"
        self._clock = clock

    @contextmanager
    def turn(self) -> Generator[None]:
        """Let one worker renew at a time; when Redis cannot be asked, everybody for himself."""
        lock = self._redis.lock(f"{self._key}:turn", timeout=_TURN_SECONDS, blocking_timeout=_TURN_SECONDS)
        held = False
        try:
            held = lock.acquire()
        except self._failures() as error:
            _LOG.warning("the shared token cannot be locked: %s", type(error).__name__)
        try:
            yield
        finally:
            if held:
                try:
                    lock.release()
                except self._failures() as error:
                    _LOG.debug("the turn was over already: %s", type(error).__name__)

    def load(self) -> Token | None:
        """Give the token that was renewed last, if it holds."""
        try:
            stored = self._redis.get(self._key)
            said: Any = json.loads(stored) if stored else {}
        except self._failures() as error:
            _LOG.warning("the shared token cannot be read: %s", type(error).__name__)
            return None
        # another machine's monotonic clock says nothing here, the time of day does
        shift = self._clock.monotonic() - time.time()
        try:
            token = Token(
                access=Secret(said["access"]),
                refresh=Secret(said["refresh"]) if said["refresh"] else None,
                renew_at=said["renew_at"] + shift,
                ends_at=said["ends_at"] + shift,
                refresh_ends_at=said["refresh_ends_at"] + shift if said["refresh_ends_at"] else None,
            )
        except (KeyError, TypeError):
            # none, or not written by this version
            return None
        return token if self._clock.monotonic() < token.renew_at else None

    def save(self, token: Token) -> None:
        """Let the others have a token."""
        shift = time.time() - self._clock.monotonic()
        said = {
            "access": token.access.reveal(),
            "refresh": None if token.refresh is None else token.refresh.reveal(),
            "renew_at": token.renew_at + shift,
            "ends_at": token.ends_at + shift,
            "refresh_ends_at": None if token.refresh_ends_at is None else token.refresh_ends_at + shift,
        }
        left = max(int((token.ends_at - self._clock.monotonic()) * 1000), 1)
        try:
            self._redis.set(self._key, json.dumps(said), px=left)
        except self._failures() as error:
            _LOG.warning("the token cannot be shared: %s", type(error).__name__)

    @staticmethod
    def _failures() -> tuple[type[Exception], ...]:
        from redis.exceptions import RedisError

        # a text that is no JSON is a `ValueError`
        return (RedisError, OSError, ValueError)
