"""Lock, event, sleep, workers and time limit for asyncio and trio.

Its counterpart is `korus._primitives.synchronous`; `scripts.sync` replaces one with the other.
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
"""The number of yields of a task of httpx before it has written a request: 4 on an open connection."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Arguments = ParamSpec("_Arguments")


class AsyncEvent:
    """Event that is set once, for which any number of tasks may wait."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = anyio.Event()

    def set(self) -> None:
        """Set the event: all waiting tasks continue, and later ones do not wait."""
        self._event.set()

    def is_set(self) -> bool:
        """Return True if it is set."""
        return self._event.is_set()

    async def wait(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109 (named as in threading)
        """Wait until it is set; return False if ``timeout`` seconds pass first."""
        if timeout is None:
            await self._event.wait()
        else:
            with anyio.move_on_after(max(timeout, 0)):
                await self._event.wait()
        return self._event.is_set()


def home() -> Hashable:
    """Return the owner of connections, locks and events: this process and this event loop."""
    return os.getpid(), _loop()


def _loop() -> Any:
    if _is_trio():
        return sys.modules["trio"].lowlevel.current_trio_token()
    import asyncio  # noqa: PLC0415 (not needed under trio)

    return asyncio.get_running_loop()


class AsyncLocal(Generic[_Result]):
    """One value for each process and event loop, created on first use.

    A forked child creates its own, and neither uses nor closes its parent's. A value is closed when its event
    loop ends. There is no lock, since one that is held during a fork stays locked in the child.

    Args:
        make: Creates a value.
        close: Closes a value.
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
        """Drop the values of event loops that were closed without ending their generators."""
        for key in tuple(self._values):
            process, loop = cast("tuple[int, Any]", key)
            if process == os.getpid() and getattr(loop, "is_closed", bool)():
                del self._values[key], self._guards[key]


class AsyncSlots:
    """Limit for the number of concurrent tasks.

    Args:
        count: The limit.
    """

    __slots__ = ("_semaphore",)

    def __init__(self, count: int) -> None:
        self._semaphore = anyio.Semaphore(count, fast_acquire=True)

    async def acquire(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109 (named as in threading)
        """Wait for a slot and take it; return False if ``timeout`` seconds pass first."""
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
        """Release the slot."""
        self._semaphore.release()


def time_limit(seconds: float | None) -> AbstractAsyncContextManager[object]:
    """Raise `TimeoutError` from the block if it has not ended after ``seconds``; None is no limit."""
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
    # another thread may be importing trio (as httpcore does with the first request): then trio does not run yet
    lowlevel = getattr(sys.modules.get("trio"), "lowlevel", None)
    in_trio_task = getattr(lowlevel, "in_trio_task", bool)
    return bool(in_trio_task())


async def run_blocking(
    function: Callable[_Arguments, _Result], *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> _Result:
    """Run a blocking function (a file, a database) without blocking the event loop."""
    return await anyio.to_thread.run_sync(lambda: function(*args, **kwargs))


class NoThread(Exception):
    """The system has no thread left for blocking work, which was not begun."""


async def run_to_end(function: Callable[[], _Result], grace: float, *, is_bounded: bool = False) -> _Result:
    """Run a blocking function that must not be abandoned.

    Args:
        function: The function, run in a worker thread.
        grace: Seconds to wait for it after a cancellation. Then it continues in its thread, without a waiter.
        is_bounded: True to wait for ``grace`` seconds at most even without a cancellation, and to delay cancellations
            until then.

    Raises:
        NoThread: No thread could be started.
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
    """Raise if this work has been stopped; does nothing here, since a task is cancelled where it waits."""


async def map_ordered(
    function: Callable[[_Item], Awaitable[_Result]], items: Iterable[_Item], *, concurrency: int
) -> list[_Result]:
    """Call ``function`` on every item, at most ``concurrency`` at a time; return the results in the order of the items.

    If a call fails, no further ones are started, running ones are completed (a write is never interrupted), and the
    error of the first failed item is raised.
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
    """Future result of a call that `AsyncWorkers.start` began."""

    __slots__ = ("_done", "_error", "_home", "_later", "_scope", "_value")

    def __init__(self) -> None:
        self._done = anyio.Event()
        self._error: Exception | None = Dropped()
        self._value: _Result | None = None
        self._scope = anyio.CancelScope()
        self._home = home()
        self._later = _later()

    async def result(self) -> _Result:
        """Wait for the call to end; return its result, or raise its error or `Dropped`."""
        await self._done.wait()
        if self._error is not None:
            raise self._error
        return cast("_Result", self._value)

    async def ended(self) -> None:
        """Wait for the end of the call, without its result; calls of other event loops or processes are skipped."""
        if self._home == home():
            await self._done.wait()

    def cancel(self) -> None:
        """Cancel the call; safe from any thread, and from the garbage collector."""
        process, _ = cast("tuple[int, Any]", self._home)
        if process != os.getpid():
            return
        with suppress(RuntimeError):  # its event loop has ended, so the call has too
            self._later(self._scope.cancel)

    async def run(self, call: Callable[[], Awaitable[_Result]], slots: anyio.Semaphore) -> None:
        """Run the call; used by `AsyncWorkers` only."""
        try:
            with self._scope:
                async with slots:
                    self._value = await call()
                self._error = None
        except Exception as error:  # noqa: BLE001 (raised in `result`, where somebody waits)
            self._error = error
        finally:
            # with a result or without
            self._done.set()


class AsyncCalls:
    """Prefetching calls that have not ended; they are ended before the object that they use is closed.

    Args:
        outer: The calls of the enclosing object, with which these end.
    """

    def __init__(self, outer: AsyncCalls | None = None) -> None:
        self._outer = outer
        self._running: set[AsyncPending[Any]] = set()

    def add(self, call: AsyncPending[Any]) -> None:
        """Add a call."""
        self._running.add(call)
        if self._outer is not None:
            self._outer.add(call)

    def discard(self, call: AsyncPending[Any]) -> None:
        """Remove a call that has ended."""
        self._running.discard(call)
        if self._outer is not None:
            self._outer.discard(call)

    def cancel(self) -> None:
        """Cancel all calls, without waiting."""
        for call in tuple(self._running):
            call.cancel()

    async def end(self) -> None:
        """Cancel all calls, and wait for their end."""
        self.cancel()
        for call in tuple(self._running):
            await call.ended()


class AsyncWorkers:
    """Calls made ahead of time, at most ``concurrency`` at once.

    They outlive the statement that starts them, for iterators that prefetch pages.

    Args:
        concurrency: How many run at once.
        calls: The list of calls of the object that closes what they use.
    """

    def __init__(self, concurrency: int, calls: AsyncCalls) -> None:
        self._slots = anyio.Semaphore(max(concurrency, 1))
        self._calls = AsyncCalls(calls)
        self._tasks: set[object] = set()

    def start(self, function: Callable[..., Awaitable[_Result]], *arguments: Any) -> AsyncPending[_Result]:
        """Begin a call as soon as a slot is free; return its future result."""
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
        """Let started calls reach the network before the caller continues.

        Otherwise the loop would not run them until the caller waits. For pages that take 1 ms to read and 50 ms to
        fetch, this saves 3 % of the time.
        """
        for _ in range(_TURNS_TO_THE_NETWORK):
            await sleep(0)

    def drop(self) -> None:
        """Start nothing more, and cancel running calls without waiting: the garbage collector calls this."""
        self._calls.cancel()


def _later() -> Callable[[Callable[[], object]], object]:
    """Return a function with which any thread schedules a call in the event loop of this task."""
    if _is_trio():
        token = sys.modules["trio"].lowlevel.current_trio_token()
        return cast("Callable[[Callable[[], object]], object]", token.run_sync_soon)
    import asyncio  # noqa: PLC0415 (not needed under trio)

    return asyncio.get_running_loop().call_soon_threadsafe


def _spawn(run: Callable[[], Awaitable[None]], keep: set[object]) -> None:
    # an async iterator cannot own a task group: its body must not be left while a cancel scope is open
    if _is_trio():
        # asyncio copies the context by itself, so spans and collectors of the caller apply
        sys.modules["trio"].lowlevel.spawn_system_task(run, context=contextvars.copy_context())
        return
    import asyncio  # noqa: PLC0415 (not needed under trio)

    task: asyncio.Task[None] = asyncio.ensure_future(cast("Any", run()))
    keep.add(task)  # the loop has only weak references to tasks
    task.add_done_callback(keep.discard)


def bound(pools: Iterable[Any]) -> None:
    """Do nothing: `time_limit` limits the use of these connection pools from outside."""


async def discard_lost(pools: Iterable[Any], is_over: Callable[[Any], bool]) -> None:
    """Remove connections from connection pools that are unused and unusable.

    A task that is cancelled while httpcore closes a connection or an answer leaves such a connection in the pool, until
    the pool is full of them and no call gets one (encode/httpcore#1093).

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
