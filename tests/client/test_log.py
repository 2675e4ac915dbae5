"""The log: event names, flat fields, levels, no floods, and `KORUS_LOG`. Sync and async."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from scripted_server import Caller, Reply, ScriptedServer

from korus import RetryPolicy, errors, hooks
from korus._core.event_log import log_event
from korus._core.throttled_log import Throttle
from korus._http.cache_health import CacheHealth

ORDER = {"@id": "/v1/booking/orders/o1", "@type": "BookingOrder", "id": "o1"}
QUICK = RetryPolicy(first_wait=0.01, longest_wait=0.02)


def get_order(korus):
    return korus.orders.get("o1")


def events_of(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    return [
        (record.name, record.levelname, str(getattr(record, "event", "")))
        for record in caplog.records
        if record.name.startswith("korus")
    ]


def test_every_event_is_a_line_at_debug(
    server: ScriptedServer, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="korus")
    server.replies(Reply(503), Reply(body=ORDER, headers={"X-Request-Id": "r-1"}))
    caller.call(get_order, retry=QUICK)
    assert events_of(caplog) == [
        ("korus.http", "DEBUG", "call_started"),
        ("korus.http", "DEBUG", "attempt_started"),
        ("korus.http", "DEBUG", "token_renewed"),
        ("korus.http", "DEBUG", "attempt_ended"),
        ("korus.http", "INFO", "retry_scheduled"),
        ("korus.http", "DEBUG", "attempt_started"),
        ("korus.http", "DEBUG", "attempt_ended"),
        ("korus.http", "DEBUG", "call_ended"),
    ]
    ended = vars(caplog.records[-1])
    fields = {name: ended[name] for name in ended if name.startswith("korus_") and name != "korus_elapsed"}
    assert fields == {
        "korus_call": fields["korus_call"],
        "korus_operation": "get_order",
        "korus_attempts": 2,
        "korus_status": 200,
        "korus_request_id": "r-1",
    }
    assert "operation=get_order" in caplog.records[-1].getMessage()


def test_by_default_nothing_is_logged_of_a_call_that_succeeds(
    server: ScriptedServer, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    server.replies(Reply(503), Reply(body=ORDER))
    caller.call(get_order, retry=QUICK)
    assert events_of(caplog) == []


def test_a_rate_limit_is_a_warning_once_a_minute(
    server: ScriptedServer, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    server.replies(Reply(429, {}, {"Retry-After": "0"}))
    client = caller.client(retry=RetryPolicy(attempts=5, first_wait=0.001, longest_wait=0.002))
    with pytest.raises(errors.RateLimited):
        caller.using(client, get_order)
    assert events_of(caplog) == [("korus.http", "WARNING", "rate_limit_met")]


def test_repeated_trouble_is_logged_with_its_count(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    logger = logging.getLogger("korus.test")
    for at in (0, 1, 59, 61, 62, 200):
        now[0] = at
        throttle.log(logger, logging.WARNING, "journal", "cannot write")
        throttle.log(logger, logging.DEBUG, "quiet", "nobody reads this")
    throttle.log(logger, logging.WARNING, "other", "cannot read")
    assert [record.getMessage() for record in caplog.records] == [
        "cannot write",
        "cannot write (2 more since the last line)",
        "cannot write (1 more since the last line)",
        "cannot read",
    ]
    assert [vars(record)["korus_left_out"] for record in caplog.records] == [0, 2, 1, 0]


def said(setting: str, before: str = "", status: int = 200) -> str:
    code = (
        f"import logging, httpx; {before}\n"
        "from korus import Korus, RetryPolicy, errors as sdk\n"
        "def handle(request):\n"
        f"    status = 200 if 'token' in str(request.url) else {status}\n"
        "    return httpx.Response(status, json={'access_token': 't', 'expires_in': 60, 'id': 'o1'})\n"
        "for _ in range(2):\n"
        "    korus = Korus(client_id='a', client_secret='b', environment='production',\n"
        "                  transport=httpx.MockTransport(handle), retry=RetryPolicy(attempts=1))\n"
        "try:\n"
        "    korus.orders.get('o1')\n"
        "except sdk.KorusError:\n"
        "    pass\n"
    )
    environment = {**os.environ, "KORUS_LOG": setting}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stderr


@pytest.fixture(scope="module")
def debug() -> str:
    return said("debug")


def test_korus_log_writes_to_standard_error(debug: str) -> None:
    assert debug.count(" DEBUG korus.http: call_ended ") == 1
    assert "operation=get_order" in debug


def test_korus_log_leaves_the_log_to_a_program_that_has_one() -> None:
    assert "asctime" not in said("debug", "logging.basicConfig(format='mine %(message)s')")
    lines = said("debug", "logging.basicConfig(format='mine %(message)s')").splitlines()
    assert [line for line in lines if "call_ended" in line] == [
        line for line in lines if line.startswith("mine call_ended")
    ]


def test_korus_log_that_is_empty_or_unknown_changes_nothing() -> None:
    assert said("") == ""
    assert "KORUS_LOG must be debug, info or warning" in said("verbose")
    assert "call_ended" not in said("verbose") + said("info")


@pytest.mark.parametrize(
    ("setting", "status", "expected"),
    [
        ("info", 404, ["INFO call_ended"]),
        ("info", 429, ["WARNING rate_limit_met", "INFO call_ended"]),
        ("warning", 404, []),
        ("warning", 429, ["WARNING rate_limit_met"]),
        (" WARNING ", 200, []),
    ],
)
def test_korus_log_writes_its_level_and_above(setting: str, status: int, expected: list[str]) -> None:
    lines = said(setting, status=status).splitlines()
    assert [" ".join([line.split()[2], line.split()[4]]) for line in lines] == expected


def test_calls_that_fail_again_are_a_line_a_minute_with_their_count(
    server: ScriptedServer, caller: Caller, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("korus._core.event_log.THROTTLE", Throttle(lambda: now[0]))
    caplog.set_level(logging.INFO, logger="korus")
    server.replies(Reply(404, {}), Reply(404, {}), Reply(404, {}), Reply(503, {}))
    once = RetryPolicy(attempts=1)
    for later in (0, 0, 61):
        now[0] += later
        with pytest.raises(errors.NotFound):
            caller.call(get_order, retry=once)
    with pytest.raises(errors.ServerError):  # another trouble
        caller.call(get_order, retry=once)
    assert [record.korus_error for record in caplog.records] == ["NotFound", "NotFound", "ServerError"]
    assert [record.korus_left_out for record in caplog.records] == [0, 1, 0]
    assert caplog.records[1].getMessage().endswith("(1 more since the last line)")


def test_a_cache_that_fails_again_is_a_line_a_minute_with_its_count(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    health = CacheHealth(lambda: now[0])
    for later in (0, 20, 20, 21):
        now[0] += later
        health.failed("TimeoutError")
    assert [(record.event, record.korus_left_out) for record in caplog.records] == [
        ("cache_failed", 0),
        ("cache_failed", 2),
    ]


# --- what the documentation says of it ---------------------------------------------------------------------

CALL, ACTION = hooks.Call(1, "get_order", "GET"), hooks.Action(1, "book")
ANY_ERROR = {"error": "TimedOut"}
SAMPLES: list[tuple[hooks.Event, str]] = [
    (hooks.CallStarted(CALL), "DEBUG"),
    (hooks.CallEnded(CALL, 1.0), "DEBUG"),
    (hooks.CallEnded(CALL, 1.0, **ANY_ERROR), "INFO"),
    (hooks.CallEnded(CALL, 1.0, cancelled=True), "DEBUG"),
    (hooks.AttemptStarted(CALL, 1), "DEBUG"),
    (hooks.AttemptEnded(CALL, 1, 1.0), "DEBUG"),
    (hooks.AttemptEnded(CALL, 1, 1.0, **ANY_ERROR), "DEBUG"),
    (hooks.RetryScheduled(CALL, 1, 1.0, "TimedOut"), "INFO"),
    (hooks.RateLimitMet(CALL), "WARNING"),
    (hooks.TurnScheduled(CALL, 1, 1.0), "DEBUG"),
    (hooks.CacheHit(CALL), "DEBUG"),
    (hooks.TokenRenewed(1.0, 60.0), "DEBUG"),
    (hooks.TokenRenewed(1.0, **ANY_ERROR), "WARNING"),
    (hooks.ActionStarted(ACTION), "DEBUG"),
    (hooks.ActionEnded(ACTION, 1.0), "INFO"),
    (hooks.BookingStep("hold", "i1", "settled", 1), "INFO"),
    (hooks.BookingStep("hold", "i1", "unknown", 1), "WARNING"),
    (hooks.SweepEnded("offers", 1.0), "INFO"),
]
ROOT = Path(__file__).resolve().parents[2]


def documented() -> dict[str, set[str]]:
    """Return the events of each level as docs/howto/observe.md has them."""
    page = (ROOT / "docs" / "howto" / "observe.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (ERROR|WARNING|INFO|DEBUG) \| (.*) \|$", page, flags=re.MULTILINE)
    return {level: set(re.findall(r"`([a-z]+_[a-z_]+)`", text)) for level, text in rows}


@pytest.mark.parametrize(
    ("event", "level"), SAMPLES, ids=lambda one: str(getattr(one, "__class__", one).__name__)
)
def test_an_event_has_the_level_that_is_documented(
    event: hooks.Event, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="korus")
    log_event(event)
    (record,) = caplog.records
    assert record.levelname == level
    assert record.event in documented()[level]


def test_every_event_is_documented() -> None:
    assert {type(event) for event, _ in SAMPLES} == set(hooks.Event.__subclasses__())
    named = set(
        re.findall(r'"event": "([a-z_]+)"|report\(\s*_LOG,\s*logging\.[A-Z]+,\s*"([a-z_]+)"', sources())
    )
    said_of = set().union(*documented().values())
    assert {one for pair in named for one in pair if one} - {"log_setting"} <= said_of


def sources() -> str:
    return "\n".join(
        file.read_text(encoding="utf-8")
        for file in (ROOT / "korus").rglob("*.py")
        if not {"sandbox", "_sync"} & set(file.parts)
    )


def test_there_is_one_logger_with_children_and_its_troubles_are_throttled() -> None:
    names = set(re.findall(r'getLogger\("([^"]*)"\)', sources()))
    assert names == {"korus", *(f"korus.{one}" for one in ("booking", "cache", "hooks", "http", "mirror"))}
    # the one of `KORUS_LOG` itself, which is read once
    assert len(re.findall(r"(?:_LOG|logger)\.(?:warning|error|exception|critical)\(", sources())) == 1


@pytest.mark.parametrize("whole", [True, False])
def test_partial_sweep_is_logged_as_such(caplog: pytest.LogCaptureFixture, *, whole: bool) -> None:
    event = hooks.SweepEnded(kind="offers", elapsed=1.0, read=2, added=1, changed=0, removed=0, whole=whole)
    with caplog.at_level(logging.INFO, logger="korus.mirror"):
        log_event(event)
    (record,) = caplog.records
    assert f"whole={whole}" in record.getMessage()
    assert vars(record)["korus_whole"] is whole
