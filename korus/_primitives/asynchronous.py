"""Lock, event, sleep, workers and time limit for asyncio and trio.

Its twin is `korus._primitives.synchronous`; `scripts.sync` swaps one for the other.
"""

from __future__ import annotations

import contextvars
import os
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterable
    from contextlib import AbstractAsyncContextManager


__all__ = [
    "AsyncCalls",
    "AsyncEvent",
    "AsyncLocal",
    "AsyncLock",
    "AsyncPending",
    "AsyncSlots",
    "AsyncWorkers",
    "Dropped",
    "NoThread",
    "bound",
    "check_stopped",
    "discard_lost",
    "home",
    "map_ordered",
    "redis_client",
    "run_blocking",
    "run_to_end",
    "sleep",
    "time_limit",
]

AsyncLock = anyio.Lock
sleep = anyio.sleep

_TURNS_TO_THE_NETWORK = 5
"""How often a task of httpx gives way before it has written a request: 4 times on an open connection."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Arguments = ParamSpec("_Arguments")


class AsyncEvent:
    """Something that happens once and that any number of tasks may wait for."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = anyio.Event()

    def set(self) -> None:
        """Let everybody through, now and from now on."""
        self._event.set()

    def is_set(self) -> bool:
        """Return True if it has happened."""
        return self._event.is_set()

    async def wait(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109 (named as in threading)
        """Wait until it happens; False when ``timeout`` seconds passed first."""
        if timeout is None:
            await self._event.wait()
        else:
            with anyio.move_on_after(max(timeout, 0)):
                await self._event.wait()
        return self._event.is_set()


def home() -> Hashable:
    """Return what connections, locks and events belong to: this process and this event loop."""
    return os.getpid(), _loop()


def _loop() -> Any:
    if _is_trio():
        return sys.modules["trio"].lowlevel.current_trio_token()
    import asyncio  # noqa: PLC0415 (not needed under trio)

    return asyncio.get_running_loop()


class AsyncLocal(Generic[_Result]):
    """One value for each process and event loop, made when it is first asked for there.

    A forked child makes its own and neither uses nor closes its parent's. A value is closed when its event
    loop ends. There is no lock: one that is held during a fork stays locked in the child.

    Args:
        make: Makes a value.
        close: Closes it.
    """

    def __init__(self, make: Callable[[], _Result], close: Callable[[_Result], Awaitable[object]]) -> None:
        self._make = make
        self._close = close
        self._values: dict[Hashable, _Result] = {}
        self._guards: dict[Hashable, AsyncGenerator[None]] = {}

    def get(self) -> _Result:
        """Return the value of this process and event loop."""
        here = home()
        if here not in self._values:
            self._forget_ended_loops()
            self._values[here] = self._make()
            guard = self._guards[here] = self._until_the_loop_ends(here)
            # an event loop closes the generators that were started in it when it ends
            with suppress(StopIteration):
                guard.__anext__().send(None)
        return self._values[here]

    async def aclose(self) -> None:
        """Close the value of this process and event loop, if there is one."""
        guard = self._guards.get(home())
        if guard is not None:
            await guard.aclose()

    async def _until_the_loop_ends(self, here: Hashable) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self._guards.pop(here, None)
            value = self._values.pop(here, None)
            if value is not None:
                await self._close(value)

    def _forget_ended_loops(self) -> None:
        """Forget the values of event loops that were closed without ending their generators."""
        for key in tuple(self._values):
            process, loop = cast("tuple[int, Any]", key)
            if process == os.getpid() and getattr(loop, "is_closed", bool)():
                del self._values[key], self._guards[key]


class AsyncSlots:
    """Room for a number of tasks at once.

    Args:
        count: How many.
    """

    __slots__ = ("_semaphore",)

    def __init__(self, count: int) -> None:
        self._semaphore = anyio.Semaphore(count, fast_acquire=True)

    async def acquire(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109 (named as in threading)
        """Wait for room and take it; False when ``timeout`` seconds passed first."""
        with suppress(anyio.WouldBlock):
            self._semaphore.acquire_nowait()
            return True
        if timeout is None:
            await self._semaphore.acquire()
            return True
        with anyio.move_on_after(max(timeout, 0)):
            await self._semaphore.acquire()
            return True
        return False

    def release(self) -> None:
        """Leave room for another task."""
        self._semaphore.release()


def time_limit(seconds: float | None) -> AbstractAsyncContextManager[object]:
    """Raise `TimeoutError` out of the block when it has not ended after ``seconds``; None is no limit."""
    if _is_trio():
        return _trio_limit(seconds)
    import asyncio  # noqa: PLC0415 (not needed under trio)

    # a fifth of what the cancel scope of anyio costs, and there is one around every call
    return asyncio.timeout(seconds)


@asynccontextmanager
async def _trio_limit(seconds: float | None) -> AsyncGenerator[None]:
    with anyio.fail_after(None if seconds is None else max(seconds, 0)):
        yield


def _is_trio() -> bool:
    # nothing runs in a trio that another thread is only importing, as httpcore does with the first request
    lowlevel = getattr(sys.modules.get("trio"), "lowlevel", None)
    in_trio_task = getattr(lowlevel, "in_trio_task", bool)
    return bool(in_trio_task())


async def run_blocking(
    function: Callable[_Arguments, _Result], *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> _Result:
    """Run a function that blocks (a file, a database) without holding up the event loop."""
    return await anyio.to_thread.run_sync(lambda: function(*args, **kwargs))


class NoThread(Exception):
    """The system has no thread left for work that blocks; it was not begun."""


async def run_to_end(function: Callable[[], _Result], grace: float, *, is_bounded: bool = False) -> _Result:
    """Run a function that blocks and must not be left in the middle.

    Args:
        function: What to run, in a worker thread.
        grace: Seconds to wait for it after a cancellation. Then it is left to end by itself, and nobody waits.
        is_bounded: Wait for ``grace`` seconds at most even without a cancellation, and let no cancellation in
            meanwhile.

    Raises:
        NoThread: It could not be begun.
        TimeoutError: It is bounded, and has not ended in time.
    """
    ended = anyio.Event()
    results: list[_Result] = []
    failures: list[BaseException] = []
    scope = anyio.CancelScope(shield=True)

    def call() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 (raised below, in the task that asked)
            failures.append(error)

    async def work() -> None:
        with scope:
            try:
                await anyio.to_thread.run_sync(call, abandon_on_cancel=True)
            except RuntimeError:  # `call` raises nothing, so this is a thread that cannot be started
                failures.append(NoThread())
            ended.set()

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        try:
            if not is_bounded:
                await ended.wait()
        finally:
            with anyio.move_on_after(grace, shield=True):
                await ended.wait()
            scope.cancel()
    if failures:
        raise failures[0]
    if not results:
        raise TimeoutError
    return results[0]


def check_stopped() -> None:
    """Raise if this work has been told to stop; a task is stopped where it waits, so there is nothing to check."""


async def map_ordered(
    function: Callable[[_Item], Awaitable[_Result]], items: Iterable[_Item], *, concurrency: int
) -> list[_Result]:
    """Call ``function`` on every item, at most ``concurrency`` at a time, results in the order of the items.

    When a call fails, no further ones are started, those under way end by themselves (a write is never cut
    off in the middle), and the error of the first item that failed is raised.
    """
    results: dict[int, _Result] = {}
    failures: dict[int, Exception] = {}
    pending = iter(list(enumerate(items)))

    async def work() -> None:
        for index, item in pending:
            if failures:
                return
            try:
                results[index] = await function(item)
            except Exception as error:  # noqa: BLE001 (raised below, after the others have ended)
                failures[index] = error
                return

    async with anyio.create_task_group() as group:
        for _ in range(max(concurrency, 1)):
            group.start_soon(work)
    if failures:
        raise failures[min(failures)]
    return [results[index] for index in sorted(results)]


class Dropped(Exception):
    """A call was cancelled before it ended, because what it belongs to has ended."""


class AsyncPending(Generic[_Result]):
    """The result to come of a call that `AsyncWorkers.start` began."""

    __slots__ = ("_done", "_error", "_home", "_later", "_scope", "_value")

    def __init__(self) -> None:
        self._done = anyio.Event()
        self._error: Exception | None = Dropped()
        self._value: _Result | None = None
        self._scope = anyio.CancelScope()
        self._home = home()
        self._later = _later()

    async def result(self) -> _Result:
        """Wait for the call to end and give what it gave, or raise what it raised, or `Dropped`."""
        await self._done.wait()
        if self._error is not None:
            raise self._error
        return cast("_Result", self._value)

    async def ended(self) -> None:
        """Wait for the call to end, however it ends; one of another event loop or process is not waited for."""
        if self._home == home():
            await self._done.wait()

    def cancel(self) -> None:
        """Have the call end early; of use from any thread, and from the garbage collector."""
        process, _ = cast("tuple[int, Any]", self._home)
        if process != os.getpid():
            return
        with suppress(RuntimeError):  # its event loop has ended, and it has with it
            self._later(self._scope.cancel)

    async def run(self, call: Callable[[], Awaitable[_Result]], slots: anyio.Semaphore) -> None:
        """Make the call; only `AsyncWorkers` does this."""
        try:
            with self._scope:
                async with slots:
                    self._value = await call()
                self._error = None
        except Exception as error:  # noqa: BLE001 (raised in `result`, where somebody waits)
            self._error = error
        finally:
            # whether there is a result or not
            self._done.set()


class AsyncCalls:
    """The calls that were started ahead of time and have not ended; closing what they use ends them first.

    Args:
        outer: The calls of what this is a part of: it ends with them.
    """

    def __init__(self, outer: AsyncCalls | None = None) -> None:
        self._outer = outer
        self._running: set[AsyncPending[Any]] = set()

    def add(self, call: AsyncPending[Any]) -> None:
        """Take a call in."""
        self._running.add(call)
        if self._outer is not None:
            self._outer.add(call)

    def discard(self, call: AsyncPending[Any]) -> None:
        """Forget a call that has ended."""
        self._running.discard(call)
        if self._outer is not None:
            self._outer.discard(call)

    def cancel(self) -> None:
        """Have them end early, without waiting."""
        for call in tuple(self._running):
            call.cancel()

    async def end(self) -> None:
        """Have them end early, and wait until they have."""
        self.cancel()
        for call in tuple(self._running):
            await call.ended()


class AsyncWorkers:
    """Calls made ahead of time, at most ``concurrency`` at once.

    They outlive the statement that starts them, as an iterator needs that fetches pages ahead.

    Args:
        concurrency: How many at once.
        calls: Where they are kept for the object that closes what they use.
    """

    def __init__(self, concurrency: int, calls: AsyncCalls) -> None:
        self._slots = anyio.Semaphore(max(concurrency, 1))
        self._calls = AsyncCalls(calls)
        self._tasks: set[object] = set()

    def start(self, function: Callable[..., Awaitable[_Result]], *arguments: Any) -> AsyncPending[_Result]:
        """Begin a call as soon as there is room and give its result to come."""
        pending: AsyncPending[_Result] = AsyncPending()
        self._calls.add(pending)

        async def run() -> None:
            try:
                await pending.run(lambda: function(*arguments), self._slots)
            finally:
                self._calls.discard(pending)

        _spawn(run, self._tasks)
        return pending

    async def give_way(self) -> None:
        """Let the calls that were started get as far as the network, before the caller goes on with its own work.

        The loop would otherwise not come to them before the caller waits for something. Over pages that cost
        1 ms to read and 50 ms to get, this saves 3 % of the time.
        """
        for _ in range(_TURNS_TO_THE_NETWORK):
            await sleep(0)

    def drop(self) -> None:
        """Start nothing more, and cancel what is under way; nobody waits, since the garbage collector calls this."""
        self._calls.cancel()


def _later() -> Callable[[Callable[[], object]], object]:
    """Return a function that has the event loop of this task call another one soon, from any thread."""
    if _is_trio():
        token = sys.modules["trio"].lowlevel.current_trio_token()
        return cast("Callable[[Callable[[], object]], object]", token.run_sync_soon)
    import asyncio  # noqa: PLC0415 (not needed under trio)

    return asyncio.get_running_loop().call_soon_threadsafe


def _spawn(run: Callable[[], Awaitable[None]], keep: set[object]) -> None:
    # an async iterator cannot own a task group: its body must not be left while a cancel scope is open
    if _is_trio():
        # asyncio copies the context by itself: spans and collectors of the caller hold for what is made for it
        sys.modules["trio"].lowlevel.spawn_system_task(run, context=contextvars.copy_context())
        return
    import asyncio  # noqa: PLC0415 (not needed under trio)

    task: asyncio.Task[None] = asyncio.ensure_future(cast("Any", run()))
    keep.add(task)  # the loop itself holds tasks only weakly
    task.add_done_callback(keep.discard)


def bound(pools: Iterable[Any]) -> None:
    """Do nothing: `time_limit` bounds what uses these connection pools from outside."""


async def discard_lost(pools: Iterable[Any], is_over: Callable[[Any], bool]) -> None:
    """Take connections out of connection pools that nobody uses and nobody can use again.

    A task that is cancelled while httpcore closes a connection or an answer leaves its own behind like this, and
    after as many as the pool is large no call gets one any more (encode/httpcore#1093).

    Args:
        pools: The pools, of httpcore or httpcore2.
        is_over: Returns True if the attempt that sent this request of httpcore has ended.
    """
    for pool in pools:
        pool._requests = [sent for sent in pool._requests if not is_over(sent.request)]  # noqa: SLF001
        used = {id(sent.connection) for sent in pool._requests}  # noqa: SLF001
        lost = [
            connection
            for connection in pool.connections
            if not (id(connection) in used or connection.is_idle() or connection.is_closed())
        ]
        for connection in lost:
            pool._connections.remove(connection)  # noqa: SLF001
        with anyio.CancelScope(shield=True), suppress(Exception):
            for connection in lost:
                await connection.aclose()


def redis_client(url: str) -> Any:
    """Build a client of a Redis server that does not retry; `ImportError` without the package."""
    from redis.asyncio import Redis  # noqa: PLC0415 (an extra)
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    return cast("Any", Redis).from_url(url, retry=Retry(NoBackoff(), 0))
