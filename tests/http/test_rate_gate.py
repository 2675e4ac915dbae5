"""The rate that a gate learns, in Python and inside Redis."""

from __future__ import annotations

import heapq
import math
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from limited_server import Limit

from korus._http.rate_gate import SCRIPT, RateGate, Turn, exhausted_for
from scripts.soak.redis_server import RedisServer, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LONG = 1e6


def turn(gate: RateGate, now: float, *, books: bool = False, longest: float = LONG) -> Turn:
    taken = gate.take(now, books=books, longest=longest)
    assert taken is not None
    return taken


def limited(gate: RateGate, now: float, retry_after: float | None = None) -> None:
    gate.limited(now, sent_at=now - 0.01, retry_after=retry_after)


def test_nothing_waits_until_a_limit_is_known() -> None:
    gate = RateGate()
    assert [turn(gate, 1.0).wait for _ in range(1000)] == [0.0] * 1000


def test_429_pauses_and_then_spaces_requests() -> None:
    gate = RateGate()
    for _ in range(20):
        turn(gate, 1.0)
    limited(gate, 1.1)
    waits = [turn(gate, 1.1).wait for _ in range(3)]
    assert waits[0] == pytest.approx(0.5)
    assert waits[2] - waits[1] == pytest.approx(1 / (20 * 0.85), rel=0.02)


def test_one_burst_of_429_cuts_once() -> None:
    gate = RateGate()
    for _ in range(20):
        turn(gate, 1.0)
    limited(gate, 1.1)
    rate = gate.rate
    for _ in range(10):
        gate.limited(1.2, sent_at=1.0, retry_after=None)
    assert (gate.rate, gate.strikes) == (rate, 0)


def test_429_right_after_a_pause_cuts_harder_and_pauses_longer() -> None:
    gate = RateGate()
    for _ in range(20):
        turn(gate, 1.0)
    limited(gate, 1.1)
    rate, ended = gate.rate, gate.hold
    limited(gate, ended + 0.1)
    assert gate.rate < 0.7 * rate
    assert gate.hold == pytest.approx(ended + 0.1 + 1.0)


def test_retry_after_holds_everybody() -> None:
    gate = RateGate()
    turn(gate, 1.0)
    limited(gate, 1.1, retry_after=7.0)
    assert turn(gate, 1.1).wait == pytest.approx(7.0, abs=0.05)
    assert gate.take(1.1, books=False, longest=5.0) is None


def test_later_retry_after_of_the_same_burst_extends_the_hold() -> None:
    gate = RateGate()
    turn(gate, 1.0)
    limited(gate, 1.1, retry_after=2.0)
    gate.limited(1.2, sent_at=1.0, retry_after=9.0)
    assert gate.hold == pytest.approx(10.2)


def test_rate_recovers_and_then_looks_for_more() -> None:
    gate = RateGate()
    for _ in range(100):
        turn(gate, 1.0)
    limited(gate, 1.1)
    rate, begins = gate.rate, gate.since
    assert gate.limit(begins) == pytest.approx(0.85 * rate)
    assert gate.limit(begins + gate.recovery) == pytest.approx(rate)
    assert gate.limit(begins + 2 * gate.recovery) == pytest.approx(1.15 * rate)
    assert gate.limit(begins + 100 * gate.recovery) == math.inf


def test_what_waits_takes_another_turn_after_a_cut() -> None:
    gate = RateGate()
    first = turn(gate, 1.0)
    assert gate.again(1.0, first) == Turn(0.0, 1.0, 0, 1.0)
    limited(gate, 1.1)
    assert gate.again(1.2, first) is None


def test_bookings_do_not_wait_behind_reads() -> None:
    gate = RateGate()
    for _ in range(10):
        turn(gate, 1.0)
    limited(gate, 1.1)
    reads = [turn(gate, 1.1).wait for _ in range(10)]
    booking = turn(gate, 1.1, books=True).wait
    assert booking == pytest.approx(reads[0])
    assert turn(gate, 1.1, books=True).wait > booking
    # and they push the reads back
    assert turn(gate, 1.1).wait > reads[-1] + 2 * (reads[1] - reads[0])


def test_used_up_quota_holds_without_a_cut() -> None:
    gate = RateGate()
    turn(gate, 1.0)
    gate.exhausted(1.0, seconds=3.0)
    assert (turn(gate, 1.0).wait, gate.limit(1.0)) == (3.0, math.inf)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "12"}, 12.0),
        ({"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "12"}, 12.0),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "1.5"}, 1.5),
        ({"RateLimit-Remaining": "3", "RateLimit-Reset": "12"}, None),
        ({"RateLimit-Remaining": "0"}, None),
        ({"RateLimit": "limit=100, remaining=0, reset=5"}, 5.0),
        ({"RateLimit": "limit=100, remaining=7, reset=5"}, None),
        ({"RateLimit": '"default";r=0;t=30'}, 30.0),
        ({"RateLimit": '"default";r=1;t=30'}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW.timestamp()) + 40)}, 40.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW.timestamp()) - 40)}, 0.0),
        ({"X-RateLimit-Remaining": "none", "X-RateLimit-Reset": "soon"}, None),
        ({"Content-Limit": "0"}, None),
    ],
)
def test_headers_say_when_the_quota_is_used_up(headers: dict[str, str], seconds: float | None) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert exhausted_for(raw, lambda: NOW) == seconds


# --- many workers, by the clock of a simulation ------------------------------------------------------------


def simulate(limit: Limit, *, calls: int = 400, seed: int = 1, is_fleet: bool = True) -> tuple[float, float]:
    """Return the share of 429s, and how much longer than the limit's own time it took, for 32 workers."""
    chance = random.Random(seed)
    gate = RateGate.feeling_its_way(1000.0) if is_fleet else RateGate()
    due: list[tuple[float, int, str, Any]] = []
    left, refused, last, number = calls, 0, 0.0, 0

    def later(at: float, what: str, about: Any = None) -> None:
        nonlocal number
        number += 1
        heapq.heappush(due, (at, number, what, about))

    for _ in range(32):
        later(1000.0 + chance.random() / 100, "begin")
    while due:
        now, _, what, about = heapq.heappop(due)
        if what == "begin":
            if left:
                left -= 1
                later(now, "ask")
        elif what == "ask" or (what == "wake" and gate.again(now, about) is None):
            taken = turn(gate, now)
            later(taken.at, "wake" if taken.wait else "send", taken)
        elif what in {"wake", "send"}:
            is_admitted = limit.admit(now + 0.01)
            later(now + 0.02 * (0.5 + chance.random()), "end", (now, is_admitted))
        elif about[1]:
            last = now
            later(now, "begin")
        else:
            refused += 1
            gate.limited(now, sent_at=about[0], retry_after=1.0 if limit.retry_after else None)
            later(now + 0.25, "ask")
    return refused / (calls + refused), (last - 1000.0) * limit.rate / calls


@pytest.mark.parametrize(
    "limit",
    [
        {},
        {"burst": 5},
        {"kind": "window"},
        {"kind": "sliding"},
        {"retry_after": True},
        {"kind": "sliding", "retry_after": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", range(3))
def test_fleet_wastes_little_and_loses_little_time(limit: dict[str, Any], seed: int) -> None:
    share, times = simulate(Limit(**limit), seed=seed)
    assert share <= 0.035
    assert times <= 1.5


def test_slow_limit_is_learnt_by_few_refusals_more() -> None:
    share, times = simulate(Limit("sliding", rate=3))
    assert share <= 0.06
    assert times <= 1.5


def test_single_process_learns_a_limit_too() -> None:
    share, times = simulate(Limit("sliding"), calls=2000, is_fleet=False)
    assert share <= 0.03
    assert times <= 1.3


# --- the same in Redis -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    try:
        with (
            RedisServer(tmp_path_factory.mktemp("redis")) as running,
            redis.Redis.from_url(running.url) as client,
        ):
            yield client
    except Unavailable as missing:
        pytest.skip(str(missing))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["read", "booking", "again", "limited", "limited late", "exhausted"]),
        st.floats(0.0, 3.0),
        st.sampled_from([None, 1.0, 4.0]),
    ),
    max_size=40,
)


@given(STEPS)
def test_script_decides_as_the_gate_does(server: redis.Redis, steps: list[Any]) -> None:
    server.flushall()
    script = server.register_script(SCRIPT)
    now, gate, last = 1000.0, RateGate.feeling_its_way(1000.0), Turn(0.0, 1000.0, 0, 1000.0)

    def run(*arguments: float | str) -> list[float]:
        return [float(part or 0) for part in script(keys=["gate"], args=arguments)]

    for what, passed, number in steps:
        now = round(now + passed, 3)
        if what in {"read", "booking"}:
            taken = gate.take(now, books=what == "booking", longest=5.0)
            wait, at, epoch = run("take", now, int(what == "booking"), 5.0, 0)
            if taken is None:
                assert wait == -1
                continue
            assert (wait, at, epoch) == pytest.approx((taken.wait, taken.at, taken.epoch), abs=0.01)
            last = taken
        elif what == "again":
            again = gate.again(now, last) or gate.take(now, books=False, longest=5.0)
            assert run("again", now, 0, 5.0, last.epoch)[0] == pytest.approx(
                again.wait if again else -1, abs=0.01
            )
        elif what == "exhausted":
            gate.exhausted(now, seconds=passed)
            run("exhausted", now, passed)
        else:
            sent = last.at if what == "limited late" else now
            gate.limited(now, sent_at=sent, retry_after=number)
            run("limited", now, sent, "" if number is None else number)


def test_gate_is_forgotten_after_an_hour_without_requests(server: redis.Redis) -> None:
    server.flushall()
    server.register_script(SCRIPT)(keys=["gate"], args=["take", "", 0, 1, 0])
    assert 3500 < server.ttl("gate") <= 3600
