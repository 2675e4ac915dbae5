"""Complete soak: sandbox, Redis, faults, the process with the clients, and the result."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import asdict, field, frozen

from korus import Korus
from korus.sandbox import Sandbox
from scripts.soak import known
from scripts.soak.redis_server import RedisServer, Unavailable
from scripts.soak.shopper import GO, READY, STOP, STOPPED, WHERE_ARE_YOU, Measured, Setting
from scripts.soak.trouble import Pace, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Result", "Soak", "run"]

_SHOPPER: Final = (sys.executable, "-m", "scripts.soak.shopper")
_WARM_UP: Final = 60.0
# the pace of faults is designed for soaks of this duration
_USUAL_SECONDS: Final = 120.0
# the number of deadlines that the last calls may take in total
_LAST_CALLS: Final = 60
_DEAD: Final = "the process with the clients died"
_STARTS_WITHIN: Final = 60.0
_ENDS_WITHIN: Final = 180.0


@frozen
class Soak:
    """Settings of a soak.

    Attributes:
        seconds: The minimum duration; extended until faults of every kind have occurred.
        seed: The seed of all random decisions.
        workers: The number of threads and of tasks that use the clients.
        deadline: The clients' time limit, in seconds.
        slack: The time that a call may take beyond its deadlines, since the machine may be busy.
        memory: The maximum growth of the process after its warm-up, in MiB.
        customers: The number of customers.
    """

    seconds: float = 600.0
    seed: int = 0
    workers: int = 8
    deadline: float = 3.0
    slack: float = 2.0
    memory: float = 12.0
    customers: int = 12

    @property
    def sockets(self) -> int:
        """The maximum growth in sockets: the size of its pools, to the API and to Redis."""
        return 4 * self.workers

    @property
    def warm_up(self) -> float:
        """Seconds until the first measurement of memory."""
        return min(_WARM_UP, self.seconds / 4)


@frozen
class Result:
    """Result of a soak.

    Attributes:
        calls: Calls that were started.
        succeeded: Calls that were answered.
        cancelled: Tasks that were cancelled as requested.
        errors: Errors of korus, by class; they are correct while the API fails.
        unexplained: Those of them that no fault explains.
        foreign: Other exceptions and reports, by class.
        overran: Calls and cancellations that exceeded their time limit.
        wrong: Answers to another request.
        doubled: Orders beyond the first for one reference.
        children: Children forked from the process.
        child_calls: Calls of the children.
        children_failed: Children that failed.
        loops: Further event loops that used the client.
        outages: Outages of the API, by kind.
        redis_stops: Stops of Redis, by kind.
        tokens: Tokens issued.
        cache_hits: Answers from the cache.
        unanswered: The clients whose first call after all faults failed, with the error.
        warm: The resources of the process after its warm-up.
        end: Its resources at the end.
        left: Additional sockets and files after closing the clients, compared with before their use.
        memory: The maximum growth in MiB.
        sockets: The maximum growth in sockets.
        seconds: Wall time.
        details: Descriptions of the problems.
    """

    calls: int
    succeeded: int
    cancelled: int
    errors: Mapping[str, int]
    unexplained: Mapping[str, int]
    foreign: Mapping[str, int]
    overran: int
    wrong: int
    doubled: int
    children: int
    child_calls: int
    children_failed: int
    loops: int
    outages: Mapping[str, int]
    redis_stops: Mapping[str, int]
    tokens: int
    cache_hits: int
    unanswered: Mapping[str, str]
    warm: Measured
    end: Measured
    left: int
    memory: float
    sockets: int
    seconds: float
    details: tuple[str, ...] = field(default=(), converter=tuple)

    @property
    def growth(self) -> float:
        """The growth of the process in MiB."""
        return (self.end.memory - self.warm.memory) / 1024

    @property
    def faults(self) -> tuple[str, ...]:
        """Counts that must be zero, by the names of the table."""
        found = {
            "unexplained errors": sum(self.unexplained.values()),
            "foreign errors": sum(self.foreign.values()),
            "overran": self.overran,
            "wrong answers": self.wrong,
            "duplicate bookings": self.doubled,
            "children failed": self.children_failed,
            "no answer after all trouble": len(self.unanswered),
            "memory": self.growth > self.memory,
            "sockets": self.end.sockets > self.warm.sockets + self.sockets,
            "left open by close()": self.left > 0,
        }
        return tuple(name for name, count in found.items() if count)


class _Died(Exception):
    """The process with the clients did not follow a command."""


class _Process:
    """Process with the clients, controlled by lines on its standard input.

    Args:
        setting: Its settings.
        folder: The folder of its files.
    """

    def __init__(self, setting: Setting, folder: Path) -> None:
        file = folder / "setting.json"
        file.write_text(json.dumps(asdict(setting)), encoding="utf-8")
        self._said = folder / "stderr"
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*_SHOPPER, str(file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env={name: value for name, value in os.environ.items() if not name.startswith("KORUS_")},
                text=True,
            )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name="shopper", daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    @property
    def is_alive(self) -> bool:
        """True while it runs."""
        return self._process.poll() is None

    @property
    def noise(self) -> list[str]:
        """The lines that it printed to its standard error."""
        return self._said.read_text(encoding="utf-8", errors="replace").splitlines()

    def tell(self, word: str) -> None:
        """Send it a command."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{word}\n")
            self._process.stdin.flush()

    def await_line(self, line: str, seconds: float) -> None:
        """Wait until it prints a line.

        Raises:
            _Died: It prints another line, or none in time.
        """
        if (found := self.answer(seconds)) != line:
            raise _Died(f"the process with the clients printed {found!r} in place of {line!r}")

    def answer(self, seconds: float) -> str:
        """Return the next line that it prints.

        Raises:
            _Died: It printed none in time; `noise` contains the stacks of its threads.
        """
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self._process.send_signal(WHERE_ARE_YOU)
            time.sleep(1.0)
            raise _Died("the process with the clients hangs") from None
        if not line:
            raise _Died(_DEAD)
        return line.strip()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line)
        self._lines.put("")


def run(soak: Soak) -> Result:
    """Run a soak and return the result.

    Raises:
        Unavailable: There is no Redis server here, or this is not Linux.
    """
    if not Path("/proc/self/statm").exists():
        raise Unavailable("the soak needs Linux: it reads what a process holds from /proc")
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="korus-soak-")))
        redis = stack.enter_context(RedisServer(folder))
        sandbox = stack.enter_context(
            Sandbox(
                seed=soak.seed,
                offers=200,
                hold=timedelta(seconds=30),
                document_delay=timedelta(seconds=0.2),
                token_lifetime=15,
            )
        )
        client: dict[str, Any] = {
            **sandbox.credentials,
            "base_url": sandbox.base_url,
            "token_url": sandbox.token_url,
        }
        with Korus(**client) as korus:
            learnt = known.learn(korus, sandbox, seed=soak.seed, customers=soak.customers)
        known.write(learnt, folder / "known.json")
        setting = Setting(
            client={**client, "journal": str(folder / "bookings.db")},
            cache=redis.url,
            folder=str(folder),
            seed=soak.seed,
            workers=soak.workers,
            warm_up=soak.warm_up,
            deadline=soak.deadline,
            slack=soak.slack,
        )
        pace = Pace(factor=min(1.0, soak.seconds / _USUAL_SECONDS))
        trouble = Trouble(sandbox, redis, seed=soak.seed, pace=pace)
        process = stack.enter_context(_Process(setting, folder))
        found = _soaked(soak, trouble, process)
        return _result(soak, sandbox, trouble, found, time.monotonic() - began)


def _soaked(soak: Soak, trouble: Trouble, process: _Process) -> dict[str, Any]:
    """Cause faults for the process, end it during an outage, and return its result."""
    patience = _LAST_CALLS * soak.deadline + soak.slack
    try:
        process.await_line(READY, _STARTS_WITHIN)
        with trouble:
            ends = time.monotonic() + soak.seconds
            while process.is_alive and not (time.monotonic() > ends and trouble.is_whole):
                time.sleep(0.1)
        with trouble.at_the_end():
            process.tell(STOP)
            process.await_line(STOPPED, patience)
        process.tell(GO)
        found: dict[str, Any] = json.loads(process.answer(_ENDS_WITHIN))
    except (_Died, BrokenPipeError) as error:
        found = _nothing(str(error) if isinstance(error, _Died) else _DEAD)
    if process.noise:
        found["tally"]["foreign"]["lines on standard error"] = len(process.noise)
        found["tally"]["details"] += process.noise[-40:]
    return found


def _nothing(reason: str) -> dict[str, Any]:
    """Return the known result of a process that did not report."""
    numbers = dict.fromkeys(("succeeded", "cancelled", "wrong", "overran"), 0)
    counters = {name: dict[str, int]() for name in ("calls", "errors", "unexplained", "foreign")}
    counts = dict.fromkeys(("children", "children_failed", "child_calls", "loops", "cache_hits"), 0)
    nothing = asdict(Measured(0, 0, 0, 0))
    return {
        "tally": {**numbers, **counters, "details": [reason]},
        "counts": counts,
        "failed": dict.fromkeys(("Korus", "AsyncKorus"), reason),
        "measured": dict.fromkeys(("before", "warm", "end", "closed"), nothing),
    }


def _result(
    soak: Soak, sandbox: Sandbox, trouble: Trouble, found: Mapping[str, Any], seconds: float
) -> Result:
    tally, counts = found["tally"], found["counts"]
    measured = {name: Measured(**each) for name, each in found["measured"].items()}
    before, closed = measured["before"], measured["closed"]
    orders = Counter((order["externalReference"], order["offer"]) for order in sandbox.inspect.orders)
    return Result(
        calls=sum(tally["calls"].values()),
        succeeded=tally["succeeded"],
        cancelled=tally["cancelled"],
        errors=dict(sorted(tally["errors"].items())),
        unexplained=dict(sorted(tally["unexplained"].items())),
        foreign=dict(sorted(tally["foreign"].items())),
        overran=tally["overran"],
        wrong=tally["wrong"],
        doubled=sum(count - 1 for count in orders.values()),
        children=counts["children"],
        child_calls=counts["child_calls"],
        children_failed=counts["children_failed"],
        loops=counts["loops"],
        outages=dict(sorted(trouble.outages.items())),
        redis_stops=dict(sorted(trouble.redis_stops.items())),
        tokens=sandbox.inspect.tokens_issued,
        cache_hits=counts["cache_hits"],
        unanswered=found["failed"],
        warm=measured["warm"],
        end=measured["end"],
        left=max(closed.sockets - before.sockets, 0) + max(closed.files - before.files, 0),
        memory=soak.memory,
        sockets=soak.sockets,
        seconds=seconds,
        details=tally["details"],
    )
