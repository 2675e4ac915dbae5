"""Process whose clients are soaked: threads, tasks, forked children and further event loops use them.

It prints ``ready`` and ``stopped`` to its standard output, and reads the commands ``stop`` and ``go`` (make the first
calls after all faults) from its standard input. The last line is its result as JSON.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import json
import logging
import os
import random
import select
import signal
import sys
import threading
import time
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import asdict, define, frozen

from korus import AsyncKorus, Cache, Korus, RetryPolicy, Timeouts
from korus.errors import CollectionChanged, KorusError
from scripts.soak import known
from scripts.soak.calls import draw, one_order
from scripts.soak.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Sequence

    from scripts.soak.calls import Steps

__all__ = [
    "GO",
    "READY",
    "STOP",
    "STOPPED",
    "WHERE_ARE_YOU",
    "Measured",
    "Noise",
    "Setting",
    "carry_out",
    "carry_out_async",
    "main",
]

READY: Final = "ready"
STOP: Final = "stop"
STOPPED: Final = "stopped"
GO: Final = "go"
WHERE_ARE_YOU: Final = signal.SIGUSR1
"""The signal on which the process prints the stacks of its threads."""

_CACHE_KEEPS: Final = 3.0
_PAUSE: Final = (0.0, 0.08)
_CANCELLED_SHARE: Final = 0.2
_CANCELLED_WITHIN: Final = (0.001, 0.01, 0.05, 0.5)
# the time limit for writing a cancellation to the log (rule R7)
_CANCELLATION: Final = 2.0
_FORK_EVERY: Final = 0.5
_LOOP_EVERY: Final = 4
_MOST_CHILDREN: Final = 4
_CHILD_SECONDS: Final = 120.0
_CHILD_ORDERS: Final = 3


@frozen
class Setting:
    """Settings of the process.

    Attributes:
        client: Settings of both clients: credentials, addresses and the journal.
        cache: The Redis server.
        folder: The folder of the file of `known.write`, and of the files of children.
        seed: The seed of all random decisions.
        workers: The number of threads, and of tasks.
        warm_up: Seconds before the first measurement of memory.
        deadline: The clients' time limit.
        slack: The time that a call may take beyond its deadlines.
    """

    client: dict[str, str]
    cache: str
    folder: str
    seed: int
    workers: int
    warm_up: float
    deadline: float
    slack: float

    def options(self) -> dict[str, Any]:
        """Return the arguments of the clients; fewer connections than workers, so that some have to wait."""
        seconds = self.deadline
        return {
            **self.client,
            "cache": Cache(self.cache, keep=_CACHE_KEEPS),
            "timeout": Timeouts(
                total=seconds, connect=seconds / 2, read=seconds / 1.5, write=seconds / 1.5, pool=seconds
            ),
            "retry": RetryPolicy(
                attempts=3, first_wait=0.05, longest_wait=0.3, retry_after_cap=1.0, settle=0.5
            ),
            "max_connections": max(2, self.workers * 3 // 4),
        }


@frozen
class Measured:
    """Resources of the process.

    Attributes:
        memory: Resident memory in KiB.
        objects: Objects tracked by the garbage collector.
        sockets: Open sockets.
        files: Other open files.
    """

    memory: int
    objects: int
    sockets: int
    files: int

    @classmethod
    def now(cls) -> Measured:
        """Collect garbage and measure."""
        for _ in range(3):
            gc.collect()
        names: list[str] = []
        for file in tuple(Path("/proc/self/fd").iterdir()):
            with suppress(FileNotFoundError):  # the folder itself, which is closed by now
                names.append(str(file.readlink()))
        sockets = sum(name.startswith("socket:") for name in names)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return cls(
            memory=pages * os.sysconf("SC_PAGE_SIZE") // 1024,
            objects=len(gc.get_objects()),
            sockets=sockets,
            files=len(names) - sockets,
        )


# ---------------------------------------------------------------------- calls


def carry_out(steps: Steps, tally: Tally) -> None:
    """Make calls with the synchronous client."""
    ask = tally.next(steps, None)
    while ask is not None:
        results: list[Any] = []
        with tally.call(ask, results):
            results.append(ask.ask())
        ask = tally.next(steps, results[0]) if results else None
    steps.close()


async def carry_out_async(steps: Steps, tally: Tally) -> None:
    """Make calls with the asynchronous client."""
    ask = tally.next(steps, None)
    while ask is not None:
        results: list[Any] = []
        with tally.call(ask, results):
            results.append(await ask.ask())
        ask = tally.next(steps, results[0]) if results else None
    steps.close()


# ---------------------------------------------------------------------- errors outside of calls


class Noise(logging.Handler):
    """Counter of warnings and errors outside of calls, as foreign errors.

    Attributes:
        tally: The counts; a child has its own.
    """

    def __init__(self, tally: Tally) -> None:
        super().__init__(logging.WARNING)
        self.tally = tally

    def emit(self, record: logging.LogRecord) -> None:
        """Count a warning or an error of other libraries than korus; among them are those of asyncio."""
        if record.name.partition(".")[0] != "korus":
            self.tally.note_foreign(f"log of {record.name}", str(record.msg))

    @contextmanager
    def listening(self) -> Generator[None]:
        """Listen until the block ends."""
        logging.getLogger().addHandler(self)
        # korus itself warns once a minute that Redis does not work
        logging.getLogger("korus").addHandler(logging.NullHandler())
        hooks = sys.unraisablehook, threading.excepthook
        sys.unraisablehook = lambda found: self.tally.note_foreign(
            found.exc_type.__name__, f"unraisable, {found.err_msg or 'in a finalizer'}"
        )
        threading.excepthook = lambda found: self.tally.note_foreign(found.exc_type.__name__, "in a thread")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            # a fork of a process with threads; catalogues that change
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", CollectionChanged)
            warnings.showwarning = self._note_warning
            yield
        sys.unraisablehook, threading.excepthook = hooks
        logging.getLogger().removeHandler(self)

    def _note_warning(
        self, message: Warning | str, category: type[Warning], *_: object, **__: object
    ) -> None:
        # without addresses and socket numbers
        self.tally.note_foreign(category.__name__, str(message).partition("<")[0])


# ---------------------------------------------------------------------- the process


@define
class _Child:
    number: int
    ends: float


class Shopper:
    """The two clients and their users.

    Args:
        setting: The settings of the process.
        tally: The counts.
        noise: The counter of other warnings and errors.
    """

    def __init__(self, setting: Setting, tally: Tally, noise: Noise) -> None:
        self._setting = setting
        self._folder = Path(setting.folder)
        self._known = known.read(self._folder / "known.json")
        self._chance = random.Random(setting.seed)  # noqa: S311 - must be reproducible
        self._noise = noise
        self.tally = tally
        self.korus = Korus(**setting.options())
        self.async_korus = AsyncKorus(**setting.options())
        self._loop = asyncio.new_event_loop()
        self._loop_thread = threading.Thread(target=self._loop.run_forever, name="loop")
        self._children: dict[int, _Child] = {}
        self.counts = {"children": 0, "children_failed": 0, "child_calls": 0, "loops": 0}

    def __enter__(self) -> Self:
        self._loop_thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._loop_thread.join()
        self._loop.close()

    def close(self) -> None:
        """Close both clients."""
        self.korus.close()
        self._in_loop(self.async_korus.aclose())

    def shop(self, is_over: Callable[[float], bool]) -> None:
        """Use the clients from threads, tasks, children and event loops.

        Args:
            is_over: Waits for some seconds and returns True when it is time to stop.
        """
        over = threading.Event()
        seeds = [self._chance.random() for _ in range(2 * self._setting.workers)]
        threads = [
            threading.Thread(target=self._work, args=(random.Random(seed), over))  # noqa: S311
            for seed in seeds[::2]
        ]
        tasks = [
            asyncio.run_coroutine_threadsafe(self._work_async(random.Random(seed), over), self._loop)  # noqa: S311
            for seed in seeds[1::2]
        ]
        for thread in threads:
            thread.start()
        is_told = False
        while not (is_told and self._has_seen_all):
            self._reap()
            if len(self._children) < _MOST_CHILDREN:
                self._fork()
            if self.counts["children"] % _LOOP_EVERY == 1:
                asyncio.run(self._in_another_loop())
            is_told = is_over(_FORK_EVERY) or is_told
        over.set()
        for thread in threads:
            thread.join()
        for task in tasks:
            task.result()
        while self._children:
            time.sleep(_FORK_EVERY / 10)
            self._reap()

    @property
    def _has_seen_all(self) -> bool:
        """True after at least one child, further event loop and cancellation."""
        return min(self.counts["children"], self.counts["loops"], self.tally.cancelled) > 0

    def first_calls(self) -> dict[str, str]:
        """Make a first call with both clients; return the name of the error of those that fail."""
        customer = self._known.customers[0]
        failed: dict[str, str] = {}
        calls: dict[str, Callable[[], object]] = {
            "Korus": lambda: self.korus.orders.get(customer.order),
            "AsyncKorus": lambda: self._in_loop(self.async_korus.orders.get(customer.order)),
        }
        for client, call in calls.items():
            try:
                call()
            except KorusError as error:
                failed[client] = f"{type(error).__name__}: {error}"
        return failed

    def _in_loop(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    # --- threads, tasks, loops -----------------------------------------------------------------------------

    def _work(self, chance: random.Random, over: threading.Event) -> None:
        while not over.wait(chance.uniform(*_PAUSE)):
            carry_out(draw(self.korus, self._known, chance), self.tally)

    async def _work_async(self, chance: random.Random, over: threading.Event) -> None:
        while not over.is_set():
            task = asyncio.ensure_future(
                carry_out_async(draw(self.async_korus, self._known, chance), self.tally)
            )
            if chance.random() < _CANCELLED_SHARE:
                await self._cancel(task, chance)
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()
            await asyncio.sleep(chance.uniform(*_PAUSE))

    async def _cancel(self, task: asyncio.Future[None], chance: random.Random) -> None:
        await asyncio.wait({task}, timeout=chance.uniform(0, chance.choice(_CANCELLED_WITHIN)))
        if task.done():
            return
        began = time.monotonic()
        task.cancel()
        await asyncio.wait({task})
        took = time.monotonic() - began
        if took > _CANCELLATION + self.tally.slack:
            self.tally.note_overrun(f"cancelled task: {took:.1f} s")
        if task.cancelled():
            self.tally.note_cancelled()

    async def _in_another_loop(self) -> None:
        """Use the client in a new event loop; some calls are cancelled at its end."""
        self.counts["loops"] += 1
        customer = self._chance.choice(self._known.customers)
        await asyncio.gather(
            carry_out_async(one_order(self.async_korus, customer), self.tally),
            carry_out_async(draw(self.async_korus, self._known, self._chance), self.tally),
        )

    # --- children ------------------------------------------------------------------------------------------

    def _fork(self) -> None:
        self.counts["children"] += 1
        number, seed = self.counts["children"], self._chance.random()
        child = os.fork()
        if child:
            self._children[child] = _Child(number, time.monotonic() + _CHILD_SECONDS)
            return
        status = 1
        try:
            self._be_child(number, random.Random(seed))  # noqa: S311
            status = 0
        finally:
            os._exit(status)

    def _be_child(self, number: int, chance: random.Random) -> None:
        """Use the inherited clients for one customer, and check that no other customer's orders are returned."""
        tally = self._noise.tally = self.tally.like()
        customer = chance.choice(self._known.customers)

        async def read() -> None:
            for _ in range(_CHILD_ORDERS):
                await carry_out_async(one_order(self.async_korus, customer), tally)
            await carry_out_async(draw(self.async_korus, self._known, chance), tally)
            if number % 4 == 0:
                await self.async_korus.aclose()

        if number % 3 != 0:
            asyncio.run(read())
        if number % 3 != 1:
            for _ in range(_CHILD_ORDERS):
                carry_out(one_order(self.korus, customer), tally)
            carry_out(draw(self.korus, self._known, chance), tally)
            if number % 4 == 0:
                self.korus.close()
        gc.collect()
        self._note(number).write_text(json.dumps(tally.to_dict()), encoding="utf-8")

    def _note(self, number: int) -> Path:
        return self._folder / f"child-{number}"

    def _reap(self) -> None:
        for child, about in tuple(self._children.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            if not ended and time.monotonic() > about.ends:
                os.kill(child, WHERE_ARE_YOU)
                time.sleep(1.0)
                os.kill(child, signal.SIGKILL)
                ended, status = os.waitpid(child, 0)
            if ended:
                del self._children[child]
                self._note_end(about.number, os.waitstatus_to_exitcode(status))

    def _note_end(self, number: int, status: int) -> None:
        if status:
            self.counts["children_failed"] += 1
            self.tally.say(f"child {number} ended with {status}")
            return
        note = self._note(number)
        found = json.loads(note.read_text(encoding="utf-8"))
        note.unlink()
        self.counts["child_calls"] += sum(found["calls"].values())
        self.tally.add(found)


# ---------------------------------------------------------------------- orders from outside


def _told(word: str) -> Callable[[float], bool]:
    """Return a function that waits for some seconds, and returns True after a line was received."""

    def is_told(seconds: float) -> bool:
        if not select.select([0], [], [], seconds)[0]:
            return False
        line = os.read(0, len(word) + 1).decode()
        if line.strip() != word:
            raise EOFError(line)
        return True

    return is_told


def _after(seconds: float) -> Callable[[float], bool]:
    """Return a function that waits for some seconds, and returns True after a total time."""
    ends = time.monotonic() + seconds

    def is_over(pause: float) -> bool:
        time.sleep(min(pause, max(ends - time.monotonic(), 0)))
        return time.monotonic() >= ends

    return is_over


def main(arguments: Sequence[str]) -> int:
    """Run the process; its argument names the file with the setting."""
    faulthandler.register(WHERE_ARE_YOU)
    setting = Setting(**json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    tally = Tally(setting.deadline, setting.slack)
    noise = Noise(tally)
    with noise.listening(), Shopper(setting, tally, noise) as shopper:
        before = Measured.now()
        print(READY, flush=True)
        shopper.shop(_after(setting.warm_up))
        warm = Measured.now()
        shopper.shop(_told(STOP))
        print(STOPPED, flush=True)
        _told(GO)(_CHILD_SECONDS)
        failed = shopper.first_calls()
        end = Measured.now()
        caches = [cache for cache in (shopper.korus.cache, shopper.async_korus.cache) if cache is not None]
        shopper.close()
        closed = Measured.now()
        counts = {**shopper.counts, "cache_hits": sum(cache.hits for cache in caches)}
    measured = {"before": before, "warm": warm, "end": end, "closed": closed}
    found = {
        "tally": tally.to_dict(),
        "counts": counts,
        "failed": failed,
        "measured": {name: asdict(each) for name, each in measured.items()},
    }
    print(json.dumps(found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
