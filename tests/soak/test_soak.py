"""A short soak; ``make soak`` runs a long one. And: what would make it fail does."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest
from attrs import evolve

from korus.errors import AnswerMismatch, JournalFailed, ReservationUnusable, TimedOut
from scripts.soak import soak as soak_module
from scripts.soak.__main__ import main
from scripts.soak.calls import Ask, WrongAnswer
from scripts.soak.shopper import Measured, Noise, Setting, carry_out, carry_out_async
from scripts.soak.soak import Result, Soak
from scripts.soak.tally import Tally
from scripts.soak.trouble import OUTAGES, REDIS_STOPS

ROOT = Path(__file__).resolve().parents[2]
needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None,
    reason="there is no redis-server here (Debian: apt-get install redis-server)",
)
# how long calls take is up to the machine that runs the tests: only what hangs is too late
SHORT = """
import sys
from scripts.soak import __main__ as command, soak
command.Soak = lambda **_: soak.Soak(
    seconds=4, seed=5, workers=4, deadline=5, slack=20, memory=64, customers=4
)
sys.exit(command.main([]))
"""


@pytest.mark.proof
@needs_redis
def test_two_clients_live_through_everything() -> None:
    # in a process of its own: the sandbox lives through it too
    done = subprocess.run(
        [sys.executable, "-c", SHORT], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["faults"], found["details"], found["unanswered"]) == ([], [], {})
    # it proves something only if something went wrong
    assert found["outages"].keys() == set(OUTAGES)
    assert found["redis_stops"].keys() == set(REDIS_STOPS)
    assert min(found[name] for name in ("children", "loops", "cancelled", "succeeded")) > 0
    assert found["child_calls"] >= 3 * found["children"]


class NoTrouble:
    is_whole = True

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def at_the_end(self) -> NoTrouble:
        return self


SAY_READY = "import sys, time; print('ready', flush=True)"
DIED = "the process with the clients died"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("raise SystemExit", DIED),
        (SAY_READY, DIED),
        (f"{SAY_READY}; input(); print('stopped', flush=True); input()", DIED),
        (f"{SAY_READY}; time.sleep(60)", "the process with the clients hangs"),
        ("print('what?')", "the process with the clients printed 'what?' in place of 'ready'"),
        ("import sys; sys.stderr.write('noise\\n')", "noise"),
    ],
)
def test_process_that_dies_hangs_or_complains_is_not_clean(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, reason: str
) -> None:
    monkeypatch.setattr(soak_module, "_SHOPPER", (sys.executable, "-c", script))
    setting = Setting({}, "", "", seed=0, workers=1, warm_up=0, deadline=1, slack=1)
    with soak_module._Process(setting, tmp_path) as process:
        found = soak_module._soaked(Soak(seconds=0, deadline=0.01, slack=0.01), NoTrouble(), process)
    assert found["failed"].keys() == {"Korus", "AsyncKorus"}
    assert reason in found["tally"]["details"]


def test_missing_redis_names_the_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["--seconds", "1"]) == 2
    assert "apt-get install redis-server" in capsys.readouterr().err


# ---------------------------------------------------------------------- the result

HELD = Measured(memory=80 * 1024, objects=90_000, sockets=10, files=20)


def result(**more: object) -> Result:
    numbers = ("calls", "succeeded", "cancelled", "overran", "wrong", "doubled", "children", "child_calls")
    others = ("children_failed", "loops", "tokens", "cache_hits", "left", "sockets")
    counts = ("errors", "unexplained", "foreign", "outages", "redis_stops", "unanswered")
    return Result(
        **{
            **dict.fromkeys((*numbers, *others), 0),
            **{name: {} for name in counts},
            "warm": HELD,
            "end": HELD,
            "memory": 16.0,
            "seconds": 1.5,
            **more,
        }
    )


FAULTS = {
    "unexplained errors": {"unexplained": {"JournalFailed": 1}},
    "foreign errors": {"foreign": {"AttributeError": 1}},
    "overran": {"overran": 1},
    "wrong answers": {"wrong": 1},
    "duplicate bookings": {"doubled": 1},
    "children failed": {"children_failed": 1},
    "no answer after all trouble": {"unanswered": {"Korus": "TimedOut"}},
    "memory": {"end": evolve(HELD, memory=HELD.memory + 17 * 1024)},
    "sockets": {"end": evolve(HELD, sockets=HELD.sockets + 1)},
    "left open by close()": {"left": 1},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_of_any_kind_fails_the_soak(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    monkeypatch.setattr("scripts.soak.__main__.run", lambda _: result(**FAULTS[fault]))
    assert main([]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[-2] == f"not clean: {fault}"
    assert json.loads(printed[-1])["faults"] == [fault]


def test_errors_of_korus_and_growth_within_bounds_are_clean(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    grown = evolve(HELD, memory=HELD.memory + 16 * 1024)
    monkeypatch.setattr("scripts.soak.__main__.run", lambda _: result(errors={"TimedOut": 3}, end=grown))
    assert main([]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-2] == "clean"
    assert [line.split()[-1] for line in printed if line.strip().startswith("TimedOut")] == ["3"]
    last = json.loads(printed[-1])
    assert (last["errors"], last["end"]["memory"], last["faults"]) == ({"TimedOut": 3}, grown.memory, [])


# ---------------------------------------------------------------------- calls


@pytest.fixture(params=["sync", "async"])
def made(request: pytest.FixtureRequest):
    """Return what makes one call of steps and counts how it ends."""

    def make(work, *, slack: float = 5.0, check=lambda _: None) -> Tally:
        tally = Tally(deadline=0.0, slack=slack)

        async def work_async():
            return work()

        def steps():
            check((yield Ask("read", work if request.param == "sync" else work_async)))

        if request.param == "sync":
            carry_out(steps(), tally)
        else:
            asyncio.run(carry_out_async(steps(), tally))
        return tally

    return make


def raising(error: BaseException):
    def work() -> None:
        raise error

    return work


def test_answer_is_counted_as_one(made) -> None:
    tally = made(lambda: "right")
    assert (tally.calls, tally.succeeded, tally.details) == ({"read": 1}, 1, [])


def test_error_of_korus_is_counted_by_its_class(made) -> None:
    tally = made(raising(TimedOut("late", sent=False)))
    assert (tally.errors, tally.succeeded) == ({"TimedOut": 1}, 0)
    assert (tally.foreign, tally.unexplained, tally.wrong, tally.overran) == ({}, {}, 0, 0)


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("loop"), ExceptionGroup("g", [OSError()])])
def test_any_other_error_is_foreign(made, error: Exception) -> None:
    tally = made(raising(error))
    assert (tally.foreign, tally.errors) == ({type(error).__name__: 1}, {})


def test_error_without_a_cause_in_the_soak_is_unexplained(made) -> None:
    assert made(raising(JournalFailed("locked"))).unexplained == {"JournalFailed": 1}
    assert made(raising(ReservationUnusable(["ended"]))).unexplained == {}


def test_answer_to_another_question_is_wrong(made) -> None:
    def check(answer: object) -> None:
        raise WrongAnswer

    assert made(lambda: "other", check=check).wrong == 1
    assert made(raising(AnswerMismatch("another order"))).wrong == 1


def test_call_that_takes_too_long_overran(made) -> None:
    assert made(lambda: time.sleep(0.06), slack=0.05).overran == 1
    assert made(raising(TimedOut("late", sent=False)), slack=-1.0).overran == 1


def test_counts_of_a_child_are_added() -> None:
    tally, child = Tally(1.0, 1.0), Tally(1.0, 1.0)
    child.note_foreign("ValueError", "in the child")
    child.note_wrong("of the parent")
    tally.add(child.to_dict())
    assert (tally.foreign, tally.wrong, len(tally.details)) == ({"ValueError": 1}, 1, 2)


# ---------------------------------------------------------------------- noise


def never_retrieved() -> None:
    async def main_task() -> None:
        async def fail() -> None:
            raise ValueError

        task = asyncio.ensure_future(fail())
        await asyncio.sleep(0)
        del task

    asyncio.run(main_task())


def in_a_finalizer() -> None:
    class Failing:
        def __del__(self) -> None:
            raise OSError

    Failing()


def in_a_thread() -> None:
    thread = threading.Thread(target=raising(KeyError("x")))
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (never_retrieved, "log of asyncio"),
        (in_a_finalizer, "OSError"),
        (in_a_thread, "KeyError"),
        (lambda: warnings.warn("unclosed <socket>", ResourceWarning, stacklevel=1), "ResourceWarning"),
        (lambda: logging.getLogger("redis").warning("lost"), "log of redis"),
    ],
)
def test_unraised_errors_are_foreign_too(work, name: str) -> None:
    tally = Tally(1.0, 1.0)
    before = sys.unraisablehook, threading.excepthook
    with Noise(tally).listening():
        work()
        logging.getLogger("korus").warning("the cache does not work")
    assert tally.foreign == {name: 1}
    assert (sys.unraisablehook, threading.excepthook) == before


def test_memory_and_sockets_are_measured(tmp_path: Path) -> None:
    before = Measured.now()
    with (tmp_path / "open").open("w"):
        loop = asyncio.new_event_loop()  # a pair of sockets and a selector
        held = bytearray(32 * 1024 * 1024)
        held[::1024] = b"x" * (len(held) // 1024)
        now = Measured.now()
        loop.close()
    assert now.sockets == before.sockets + 2
    assert now.files >= before.files + 1
    assert now.memory > before.memory + 30 * 1024
