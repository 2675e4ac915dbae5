"""Lock, event, sleep, workers and time limit for threads.

Its counterpart is `korus._primitives.asynchronous`; `scripts.sync` replaces one with the other.
"""

from __future__ import annotations

import contextvars
import os
import socket
import sys
import threading
import time
from collections import deque

# not late: this module acts at forks, and may not begin to in the middle of one
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable


__all__ = [
    "Calls",
    "Dropped",
    "Event",
    "Local",
    "Lock",
    "NoThread",
    "Pending",
    "Slots",
    "Workers",
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

Dropped = CancelledError
Lock = threading.Lock
Event = threading.Event

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Arguments = ParamSpec("_Arguments")


def home() -> Hashable:
    """Return the owner of connections, locks and events: this process."""
    return os.getpid()


class Local(Generic[_Result]):
    """One value for each process, created on first use.

    A forked child creates its own, and neither uses nor closes its parent's. There is no lock, since one that is held
    during a fork stays locked in the child.

    Args:
        make: Creates a value; of two created at the same time, one is dropped unused.
        close: Closes a value.
    """

    def __init__(self, make: Callable[[], _Result], close: Callable[[_Result], object]) -> None:
        self._make = make
        self._close = close
        self._values: dict[Hashable, _Result] = {}

    def get(self) -> _Result:
        """Return the value of this process."""
        here = home()
        if here not in self._values:
            self._values.setdefault(here, self._make())
        return self._values[here]

    def close(self) -> None:
        """Close the value of this process, if there is one."""
        value = self._values.pop(home(), None)
        if value is not None:
            self._close(value)


class Slots:
    """Limit for the number of concurrent threads, first come, first served, unlike `threading.Semaphore`.

    Args:
        count: The limit.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._free = count
        self._waiting: deque[threading.Lock] = deque()

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for a slot and take it; return False if ``timeout`` seconds pass first."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        came = False
        try:
            came = turn.acquire(
                timeout=-1 if timeout is None else min(max(timeout, 0), threading.TIMEOUT_MAX)
            )
        finally:
            if not came:
                self._leave(turn)
        return came

    def _leave(self, turn: threading.Lock) -> None:
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        # the slot came at the last moment
        self.release()

    def release(self) -> None:
        """Release the slot."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


class _Deadline(threading.local):
    at: float | None = None


_DEADLINE = _Deadline()
_WRITTEN_AT_ONCE = 16 * 1024


class time_limit:  # noqa: N801 (its twin is a function; a class costs a fifth of a generator)
    """Limit every wait on the network inside the block; None is no limit.

    A thread cannot be interrupted, so the limit is applied by the sockets that `bound` installs: they never wait longer
    than the time left, and raise the timeout errors of httpx.
    """

    __slots__ = ("_before", "_seconds")

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._before = _DEADLINE.at
        if self._seconds is not None:
            at = time.monotonic() + self._seconds
            _DEADLINE.at = at if self._before is None else min(at, self._before)

    def __exit__(self, *_: object) -> None:
        _DEADLINE.at = self._before


def run_blocking(
    function: Callable[_Arguments, _Result], *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> _Result:
    """Run a blocking function; here a plain call."""
    return function(*args, **kwargs)


class NoThread(Exception):
    """The system has no thread left; raised by the async module only."""


def run_to_end(function: Callable[[], _Result], grace: float, *, is_bounded: bool = False) -> _Result:
    """Run a blocking function that must not be abandoned; here a plain call."""
    _ = grace, is_bounded
    return function()


class Stopped(BaseException):
    """The call that this thread works for has been interrupted; nothing more may begin."""


class _Stop:
    """Stop signal for the threads of one `map_ordered` whose caller was interrupted.

    Args:
        outer: The signal of the enclosing call.
    """

    _STEP = 0.05

    def __init__(self, outer: _Stop | None) -> None:
        self._event = threading.Event()
        self._outer = outer

    def set(self) -> None:
        """Stop the threads."""
        self._event.set()

    def is_set(self) -> bool:
        """Return True if the threads must stop."""
        return self._event.is_set() or (self._outer is not None and self._outer.is_set())

    def wait(self, seconds: float) -> None:
        """Wait, at most until the threads must stop."""
        ends = time.monotonic() + seconds
        while not self.is_set() and (left := ends - time.monotonic()) > 0:
            self._event.wait(min(left, seconds if self._outer is None else self._STEP))


_STOP: contextvars.ContextVar[_Stop | None] = contextvars.ContextVar("korus_stop", default=None)
_JOIN_SECONDS = 2.0
# some systems handle an interrupt only between two waits
_JOIN_STEP_SECONDS = 0.1


def check_stopped() -> None:
    """Raise `Stopped` if the call that this thread works for has been interrupted."""
    stop = _STOP.get()
    if stop is not None and stop.is_set():
        raise Stopped


def sleep(seconds: float) -> None:
    """Wait; `Stopped` as soon as the call that this thread works for is interrupted."""
    stop = _STOP.get()
    if stop is None:
        time.sleep(max(seconds, 0))
        return
    stop.wait(seconds)
    check_stopped()


def map_ordered(
    function: Callable[[_Item], _Result], items: Iterable[_Item], *, concurrency: int
) -> list[_Result]:
    """Call ``function`` on every item, at most ``concurrency`` at a time; return the results in the order of the items.

    If a call fails, no further ones are started, running ones are completed (a write is never interrupted), and the
    error of the first failed item is raised. If the calling thread is interrupted, the other threads end at their next
    check: waits end, and no request that books begins.
    """
    entries = list(enumerate(items))
    results: dict[int, _Result] = {}
    failures: dict[int, BaseException] = {}
    taking = threading.Lock()
    pending = iter(entries)
    stop = _Stop(_STOP.get())

    def work() -> None:
        _STOP.set(stop)
        while not failures and not stop.is_set():
            with taking:
                entry = next(pending, None)
            if entry is None:
                return
            index, item = entry
            try:
                results[index] = function(item)
            except (Exception, Stopped) as error:  # noqa: BLE001 (raised below, after the others have ended)
                failures[index] = error

    count = min(concurrency, len(entries))
    threads = _Threads(work)
    try:
        # an interrupt arrives in the calling thread, which only waits, so that no request is interrupted
        threads.start(count if count > 1 else 0)
        if not threads.left:
            contextvars.copy_context().run(work)
        while threads.left:
            threads.wait(_JOIN_STEP_SECONDS)
    except BaseException:
        stop.set()
        ends = time.monotonic() + _JOIN_SECONDS
        while threads.left and (rest := ends - time.monotonic()) > 0:
            threads.wait(rest)
        raise
    check_stopped()
    if failures:
        raise failures[min(failures)]
    return [results[index] for index in sorted(results)]


class _Threads:
    """Threads that do the same work, with a count of those that have not ended.

    `threading.Thread.join` cannot be used: if it is interrupted, the thread counts as ended (bpo-45274).
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._ended = SimpleQueue[None]()
        self.left = 0

    def start(self, count: int) -> None:
        """Start a number of threads, or as many as the system allows."""
        for _ in range(count):
            try:
                threading.Thread(target=contextvars.copy_context().run, args=(self._run,)).start()
            except RuntimeError:  # no more threads: the existing ones do the work
                return
            self.left += 1

    def wait(self, seconds: float) -> None:
        """Wait for one thread to end, at most for the given time."""
        with suppress(Empty):
            self._ended.get(timeout=seconds)
            self.left -= 1

    def _run(self) -> None:
        try:
            self._work()
        finally:
            self._ended.put(None)


class Pending(Generic[_Result]):
    """Future result of a call that `Workers.start` began."""

    __slots__ = ("_future",)

    def __init__(self, future: Future[_Result]) -> None:
        self._future = future

    def result(self) -> _Result:
        """Wait for the call to end; return its result, or raise its error or `Dropped`."""
        return self._future.result()


class Calls:
    """Prefetching calls that have not ended; they are ended before the object that they use is closed.

    Args:
        outer: The calls of the enclosing object, with which these end.
    """

    def __init__(self, outer: Calls | None = None) -> None:
        self._outer = outer
        # by process: the threads of a parent do not run in its child, so their calls never end there
        self._running: dict[Hashable, set[Future[Any]]] = {}

    def add(self, call: Future[Any]) -> None:
        """Add a call, until it has ended."""
        running = self._running.setdefault(home(), set())
        running.add(call)
        call.add_done_callback(running.discard)
        if self._outer is not None:
            self._outer.add(call)

    def cancel(self) -> None:
        """Cancel calls that have not begun; a thread cannot be interrupted."""
        for call in self._mine():
            call.cancel()

    def end(self) -> None:
        """Cancel calls that have not begun, and wait for the end of the others."""
        self.cancel()
        wait(self._mine())

    def _mine(self) -> tuple[Future[Any], ...]:
        return tuple(self._running.get(home(), ()))


class Workers:
    """Calls made ahead of time, at most ``concurrency`` at once.

    They outlive the statement that starts them, for iterators that prefetch pages.

    Args:
        concurrency: How many run at once.
        calls: The list of calls of the object that closes what they use.
    """

    def __init__(self, concurrency: int, calls: Calls) -> None:
        self._pool = ThreadPoolExecutor(max(concurrency, 1), thread_name_prefix="korus")
        self._calls = calls
        self._home = home()

    def start(self, function: Callable[..., _Result], *arguments: Any) -> Pending[_Result]:
        """Begin a call as soon as a slot is free; return its future result."""
        future = self._pool.submit(contextvars.copy_context().run, function, *arguments)
        self._calls.add(future)
        return Pending(future)

    def give_way(self) -> None:
        """Do nothing: started threads reach the network by themselves."""

    def drop(self) -> None:
        """Start nothing more, without waiting: the garbage collector calls this, at any time and in any thread.

        The thread may hold a lock that running calls need to end.
        """
        if self._home == home():  # a lock of the parent's pool may stay locked for ever in the child
            self._pool.shutdown(wait=False, cancel_futures=True)


def bound(pools: Iterable[Any]) -> None:
    """Apply `time_limit` to all connections of connection pools that have none yet."""
    for pool in pools:
        # httpx cannot set the network backend, httpcore can
        pool._network_backend = _bounded_sockets(_engine_of(pool))  # noqa: SLF001


def discard_lost(pools: Iterable[Any], is_over: Callable[[Any], bool]) -> None:
    """Do nothing: only cancelled tasks lose connections."""


def redis_client(url: str) -> Any:
    """Build a client of a Redis server that observes `time_limit`; `ImportError` without the package."""
    from redis import ConnectionPool, Redis  # noqa: PLC0415 (an extra)
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    pool: Any = cast("Any", ConnectionPool).from_url(url, retry=Retry(NoBackoff(), 0))
    pool.connection_class = _bounded_connection(pool.connection_class)
    return cast("Any", Redis).from_pool(pool)


def _seconds_left(timeout: float | None) -> float | None:
    if _DEADLINE.at is None:
        return timeout
    # for a socket, 0 means "do not wait", whose error is not a timeout
    left = max(_DEADLINE.at - time.monotonic(), 0.001)
    return left if timeout is None else min(timeout, left)


def _check_time(error: type[Exception]) -> None:
    """Raise an error if no time is left, since a socket that always has data would never time out."""
    if _DEADLINE.at is not None and time.monotonic() >= _DEADLINE.at:
        raise error


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return [host]  # connecting to it raises the error that httpcore makes of this
    return [str(address[0]) for *_, address in found] or [host]


def _engine_of(pool: Any) -> Any:
    """Return the module of a connection pool: httpcore or httpcore2."""
    roots = [kind.__module__.partition(".")[0] for kind in type(pool).__mro__]
    return sys.modules[next(root for root in roots if root in {"httpcore", "httpcore2"})]


def _bounded_sockets(httpcore: Any) -> Any:
    class Stream(httpcore.NetworkStream):  # type: ignore[misc]  # of either library
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        def read(self, max_bytes: int, timeout: float | None = None) -> Any:
            _check_time(httpcore.ReadTimeout)
            return self._stream.read(max_bytes, _seconds_left(timeout))

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            # httpcore restarts the timeout with every part that is sent
            for start in range(0, len(buffer), _WRITTEN_AT_ONCE):
                _check_time(httpcore.WriteTimeout)
                self._stream.write(buffer[start : start + _WRITTEN_AT_ONCE], _seconds_left(timeout))

        def close(self) -> None:
            self._stream.close()

        def start_tls(
            self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
        ) -> Any:
            return Stream(self._stream.start_tls(ssl_context, server_hostname, _seconds_left(timeout)))

        def get_extra_info(self, info: str) -> Any:
            return self._stream.get_extra_info(info)

    class Backend(httpcore.SyncBackend):  # type: ignore[misc]
        def connect_tcp(
            self, host: str, port: int, timeout: float | None = None, *args: Any, **options: Any
        ) -> Any:
            # the socket module would restart the timeout with each address of the host
            *others, last = _addresses(host, port)
            connect: Any = super().connect_tcp  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            for address in others:
                with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                    return Stream(connect(address, port, _seconds_left(timeout), *args, **options))
            return Stream(connect(last, port, _seconds_left(timeout), *args, **options))

    return Backend()


class _BoundedSocket:
    """Socket that never waits longer than the time left."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._timeout: float | None = sock.gettimeout()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout

    def recv(self, *arguments: Any) -> Any:
        return self._in_time().recv(*arguments)

    def recv_into(self, *arguments: Any) -> Any:
        return self._in_time().recv_into(*arguments)

    def sendall(self, *arguments: Any) -> Any:
        return self._in_time().sendall(*arguments)

    def _in_time(self) -> Any:
        if self._timeout != 0:
            _check_time(TimeoutError)
        # 0 checks for data without waiting
        self._sock.settimeout(0 if self._timeout == 0 else _seconds_left(self._timeout))
        return self._sock


def _bounded_connection(kind: Any) -> Any:
    """Return a class of Redis connections that never wait longer than the time left."""

    def in_time(name: str) -> property:
        return property(
            lambda connection: _seconds_left(getattr(connection, name)),
            lambda connection, value: setattr(connection, name, value),
        )

    class Connection(kind):  # type: ignore[misc]  # one of three kinds of redis
        socket_connect_timeout = in_time("_socket_connect_timeout")
        socket_timeout = in_time("_socket_timeout")

        def _connect(self) -> Any:
            return _BoundedSocket(super()._connect())  # pyright: ignore[reportUnknownMemberType]  # see above

    return Connection
