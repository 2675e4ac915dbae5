"""Client-side rate limit of an account, learnt from answers and shared by its workers through Redis.

The rules are in `korus._http.rate_gate`. Without Redis, or while it does not answer, each client has its own gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import evolve

from korus._http.rate_gate import SCRIPT, RateGate, Turn
from korus._primitives.asynchronous import sleep, time_limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from korus._http.cache_health import CacheHealth
    from korus._primitives.clock import Clock

__all__ = ["AsyncGate", "AsyncSharedGate"]

_NO_LIMIT = 1e9
# a request waits at most this long for Redis
_SECONDS = 0.3


class AsyncSharedGate:
    """Gate of a service account in Redis.

    Args:
        redis: Returns the client of this process and event loop.
        account: The service account.
        health: The state of the Redis server, shared with the cache.
    """

    def __init__(self, redis: Callable[[], Any], account: str, health: CacheHealth) -> None:
        self._redis = redis
        self._key = f"korus:{account}:rate"
        self._health = health

    async def turn(
        self, *, books: bool, longest: float, last: Turn | None = None
    ) -> Turn | Literal[False] | None:
        """Return the next turn, or None if it comes too late; False while Redis does not answer.

        Args:
            books: True for a request that books.
            longest: The maximum number of seconds to wait.
            last: The turn that is due now; it is returned unless a limit was reached since it was taken.
        """
        command = ("take", "", int(books), longest, 0 if last is None else last.epoch)
        answer = await self._run(*(command if last is None else ("again", *command[1:])))
        if answer is None:
            return False
        wait, at, epoch = (float(part or 0) for part in answer)
        return Turn(wait, at, int(epoch), at) if wait >= 0 else None

    async def limited(self, turn: Turn, retry_after: float | None) -> None:
        """Record a 429."""
        await self._run("limited", "", turn.at, "" if retry_after is None else retry_after)

    async def exhausted(self, seconds: float) -> None:
        """Record that no requests are left for some seconds."""
        await self._run("exhausted", "", seconds)

    async def _run(self, *arguments: str | float) -> list[bytes] | None:
        if self._health.is_resting:
            return None
        try:
            async with time_limit(_SECONDS):
                # EVALSHA, or EVAL the first time
                script = self._redis().register_script(SCRIPT)
                answer: list[bytes] = await script(keys=[self._key], args=arguments)
        except Exception as error:  # noqa: BLE001 (redis, sockets, the event loop: nothing is a reason to fail)
            self._health.failed(type(error).__name__)
            return None
        return answer


class AsyncGate:
    """Gate of a client, and of those derived from it for the same account.

    Threads change its state without a lock, which a fork could leave locked: a race costs at most one request more or
    less.

    Args:
        clock: The clocks.
        shared: The gate in Redis, if there is one.
    """

    def __init__(self, clock: Clock, shared: AsyncSharedGate | None = None) -> None:
        self._clock = clock
        self._own = RateGate()
        self._shared = shared

    async def enter(
        self, *, books: bool, deadline: float | None, waits: Callable[[float], None] | None = None
    ) -> Turn | None:
        """Wait for a turn.

        Args:
            books: True for a request that books.
            deadline: The time at which the call must end.
            waits: Called before each wait, with its seconds.

        Returns:
            The turn; None, at once, if it would come after the deadline.
        """
        turn = await self._take(books=books, deadline=deadline)
        while turn is not None and turn.wait > 0:
            if waits is not None:
                waits(turn.wait)
            await sleep(turn.wait)
            turn = await self._take(books=books, deadline=deadline, last=turn)
        return turn and Turn(turn.wait, turn.at, turn.epoch, self._clock.monotonic())

    async def _take(self, *, books: bool, deadline: float | None, last: Turn | None = None) -> Turn | None:
        """Return the next turn; or the last one without its wait, unless a limit was reached since it was taken."""
        now = self._clock.monotonic()
        longest = _NO_LIMIT if deadline is None else max(deadline - now, 0.0)
        if self._shared is not None:
            turn = await self._shared.turn(books=books, longest=longest, last=last)
            if not isinstance(turn, bool):
                return turn
            last = last and evolve(last, epoch=self._own.epoch)
        return self._own.again(now, last) or self._own.take(now, books=books, longest=longest)

    async def limited(self, turn: Turn, retry_after: float | None) -> None:
        """Record that a request was answered with 429."""
        self._own.limited(self._clock.monotonic(), sent_at=turn.sent_at, retry_after=retry_after)
        if self._shared is not None:
            await self._shared.limited(turn, retry_after)

    async def exhausted(self, seconds: float) -> None:
        """Record that an answer showed that no requests are left for some seconds."""
        self._own.exhausted(self._clock.monotonic(), seconds=seconds)
        if self._shared is not None:
            await self._shared.exhausted(seconds)
