"""When to try again: the table of what may be repeated, and the waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from korus_api.operations import OPERATIONS

import korus
from korus._core.retry_policy import RetryPolicy
from korus._http.endpoints import endpoint
from korus._http.retry import REPLAY, Replay, next_wait, parse_retry_after, replay_of
from korus.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    DecodingFailed,
    KorusError,
    NotFound,
    RateLimited,
    ServerError,
    TimedOut,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
POLICY = RetryPolicy()


CALLS = "".join(path.read_text() for path in (Path(korus.__file__).parent / "_async").rglob("*.py"))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_repeated_as_its_method_allows(operation: str) -> None:
    method = endpoint(operation).OPERATION.method
    replay = replay_of(operation, method)
    assert (replay is Replay.SAFE) == (method in {"GET", "HEAD", "OPTIONS", "TRACE"})
    if method == "POST":
        assert replay is Replay.NEVER


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if f'"{one}"' in CALLS])
def test_write_that_korus_calls_is_never_left_to_a_default(operation: str) -> None:
    assert (endpoint(operation).OPERATION.method == "GET") != (operation in REPLAY)


def wait_after(error: KorusError, replay: Replay) -> float | None:
    return next_wait(POLICY, error, replay=replay, attempt=1, remaining=None)


@pytest.mark.parametrize("replay", Replay)
def test_what_was_never_sent_is_always_repeated(replay: Replay) -> None:
    for error in (ConnectionFailed("x", sent=False), TimedOut("x", sent=False), RateLimited("x", status=429)):
        assert wait_after(error, replay) is not None


@pytest.mark.parametrize("replay", Replay)
def test_ambiguous_failure_is_repeated_only_if_that_is_harmless(replay: Replay) -> None:
    errors: list[KorusError] = [ConnectionLost("x", sent=True), TimedOut("x", sent=True)]
    errors += [ServerError("x", status=status) for status in (502, 503, 504)]
    for error in errors:
        assert (wait_after(error, replay) is None) == (replay is Replay.NEVER)


@pytest.mark.parametrize(
    "error",
    [
        NotFound("x", status=404),
        AuthenticationFailed("x", status=401),
        ServerError("x", status=500),
        ServerError("x", status=501),
        DecodingFailed("x"),
    ],
)
def test_what_will_not_pass_is_not_repeated(error: KorusError) -> None:
    assert wait_after(error, Replay.SAFE) is None


def test_unknown_operation_is_treated_by_its_method() -> None:
    assert replay_of("list_moons", "GET") is Replay.SAFE
    assert replay_of("list_moons", "head") is Replay.SAFE
    assert replay_of("list_moons", "TRACE") is Replay.SAFE
    for method in ("PUT", "delete"):
        assert replay_of("make_moon", method) is Replay.IDEMPOTENT
    for method in ("POST", "PATCH", "QUERY"):
        assert replay_of("make_moon", method) is Replay.NEVER


@given(
    attempt=st.integers(1, 10_000),
    jitter=st.floats(0, 1),
    asked=st.none() | st.floats(0, 1e9),
    remaining=st.none() | st.floats(-10, 1000),
)
def test_a_wait_keeps_to_its_bounds(
    attempt: int, jitter: float, asked: float | None, remaining: float | None
) -> None:
    policy = RetryPolicy(attempts=10_000, first_wait=0.5, longest_wait=8, retry_after_cap=60)
    wait = next_wait(
        policy,
        RateLimited("x", status=429, retry_after=asked),
        replay=Replay.SAFE,
        attempt=attempt,
        remaining=remaining,
        jitter=lambda: jitter,
    )
    if wait is None:
        assert attempt == 10_000 or (remaining is not None and remaining <= 60)
        return
    assert wait >= 0.25
    assert wait <= max(8, min(asked or 0, 60))
    assert wait >= min(asked or 0, 60)
    assert remaining is None or wait < remaining


def test_waits_double_and_are_spread() -> None:
    policy = RetryPolicy(attempts=9, first_wait=1, longest_wait=5)

    def waits(jitter: float) -> list[float | None]:
        return [
            next_wait(
                policy,
                ServerError("x", status=503),
                replay=Replay.SAFE,
                attempt=attempt,
                remaining=None,
                jitter=lambda: jitter,
            )
            for attempt in range(1, 10)
        ]

    assert waits(1) == [1, 2, 4, 5, 5, 5, 5, 5, None]
    assert waits(0) == [0.5, 1, 2, 2.5, 2.5, 2.5, 2.5, 2.5, None]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("120", 120),
        (" 5 ", 5),
        ("1.5", 1.5),
        ("-5", None),
        ("soon", None),
        ("9" * 400, None),
        ("\u0665", None),
        ("Fri, 01 May 2026 12:00:30 GMT", 30),
        ("Friday, 01-May-26 12:00:30 GMT", 30),
        ("Fri May  1 12:00:30 2026", 30),
        ("Fri, 01 May 2026 14:00:30 +0200", 30),
        ("Fri, 01 May 2026 11:00:00 GMT", 0),
        ("Fri, 99 May 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_in_every_form(text: str | None, seconds: float | None) -> None:
    assert parse_retry_after(text, NOW) == seconds


@given(st.text())
def test_no_retry_after_breaks_reading(text: str) -> None:
    seconds = parse_retry_after(text, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(0, 4 * 10**9), st.integers(-12, 12))
def test_every_http_date_is_read(moment: int, hours: int) -> None:
    date = datetime.fromtimestamp(moment, timezone(timedelta(hours=hours)))
    assert parse_retry_after(format_datetime(date), NOW) == max((date - NOW).total_seconds(), 0)


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"attempts": True}, {"first_wait": -1}, {"retry_after_cap": float("inf")}]
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        RetryPolicy(**wrong)
