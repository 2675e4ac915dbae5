"""Faults during a soak: outages of the API, and stops of Redis."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from korus.sandbox import Sandbox
    from scripts.soak.redis_server import RedisServer

__all__ = ["OUTAGES", "REDIS_STOPS", "Pace", "Trouble"]

_REFUSED: Final = "connections refused"
# longer than the time limit of any call of the soak
_SILENT_SECONDS: Final = 6.0
_LISTENS_AGAIN: Final = 0.1
_RULES: Final[Mapping[str, Sequence[tuple[Any, dict[str, Any]]]]] = {
    "connections reset": [("drop_before", {"probability": 0.7})],
    "answers lost": [("drop_after", {"probability": 0.5})],
    "answers cut short": [("cut_short", {"probability": 0.5})],
    "slow answers": [("slow", {"probability": 0.7, "seconds": 0.5})],
    "no answers": [("slow", {"probability": 0.7, "seconds": _SILENT_SECONDS})],
    "503": [("status", {"probability": 0.7, "status": 503})],
    "502 with a page": [("html", {"probability": 0.7, "status": 502})],
    "429": [("status", {"probability": 0.5, "status": 429, "retry_after": "0.2"})],
    "no tokens": [
        ("status", {"probability": 0.8, "status": 503, "operation": "token"}),
        ("revoke_token", {"probability": 0.1}),
    ],
}
OUTAGES: Final = (_REFUSED, *_RULES)
"""Kinds of faults of the API."""
REDIS_STOPS: Final = ("killed", "silent")
"""Kinds of faults of Redis."""


@frozen
class Pace:
    """Durations without and with faults, in seconds: minimum and maximum.

    Attributes:
        calm: Between two outages of the API.
        outage: An outage of the API.
        redis_calm: Between two stops of Redis; a client does not use a failed cache for 15 s.
        redis_stop: A stop of Redis.
        factor: The factor of all durations.
    """

    calm: tuple[float, float] = (1.5, 5.0)
    outage: tuple[float, float] = (1.0, 4.0)
    redis_calm: tuple[float, float] = (18.0, 30.0)
    redis_stop: tuple[float, float] = (2.0, 6.0)
    factor: float = field(default=1.0, kw_only=True)

    def drawn(self, chance: random.Random, between: tuple[float, float]) -> float:
        """Return a number of seconds between two."""
        return self.factor * chance.uniform(*between)


class Trouble:
    """Source of faults until the block ends, with all kinds equally often; everything works afterwards.

    Args:
        sandbox: The API.
        redis: The cache.
        seed: The seed of all random decisions.
        pace: The durations.
    """

    def __init__(self, sandbox: Sandbox, redis: RedisServer, *, seed: int, pace: Pace) -> None:
        self._sandbox = sandbox
        self._redis = redis
        self._pace = pace
        self._over = threading.Event()
        self.outages: Counter[str] = Counter()
        self.redis_stops: Counter[str] = Counter()
        api = random.Random(seed)  # noqa: S311 - must be reproducible
        cache = random.Random(seed + 1)  # noqa: S311
        self._threads = [
            threading.Thread(target=self._make, args=(api, OUTAGES, pace.calm, self._outage), name="outages"),
            threading.Thread(
                target=self._make, args=(cache, REDIS_STOPS, pace.redis_calm, self._stop_redis), name="redis"
            ),
        ]

    @property
    def is_whole(self) -> bool:
        """True after faults of every kind."""
        return set(OUTAGES) <= self.outages.keys() and set(REDIS_STOPS) <= self.redis_stops.keys()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    @contextmanager
    def at_the_end(self) -> Generator[None]:
        """Stop all answers of the API and Redis until the block ends."""
        rule = self._sandbox.faults.add("drop_before")
        self._redis.suspend()
        try:
            yield
        finally:
            self._redis.resume()
            self._sandbox.faults.remove(rule)

    def _make(
        self,
        chance: random.Random,
        kinds: Sequence[str],
        calm: tuple[float, float],
        make: Callable[[str, random.Random], None],
    ) -> None:
        waiting: list[str] = []
        while not self._over.wait(self._pace.drawn(chance, calm)):
            waiting = waiting or chance.sample(kinds, len(kinds))
            make(waiting.pop(), chance)

    def _outage(self, kind: str, chance: random.Random) -> None:
        seconds = self._pace.drawn(chance, self._pace.outage)
        self.outages[kind] += 1
        if kind == _REFUSED:
            self._sandbox.refuse_connections(seconds)
            time.sleep(seconds + _LISTENS_AGAIN)  # it cannot be ended earlier
            return
        rules = [self._sandbox.faults.add(fault, **rule) for fault, rule in _RULES[kind]]
        self._over.wait(seconds)
        for rule in rules:
            self._sandbox.faults.remove(rule)

    def _stop_redis(self, kind: str, chance: random.Random) -> None:
        seconds = self._pace.drawn(chance, self._pace.redis_stop)
        self.redis_stops[kind] += 1
        stop, begin = (
            (self._redis.kill, self._redis.start)
            if kind == "killed"
            else (self._redis.suspend, self._redis.resume)
        )
        stop()
        self._over.wait(seconds)
        begin()
