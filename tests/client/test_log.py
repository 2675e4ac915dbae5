"""The log: event names, flat fields, levels, no floods, and `KORUS_LOG`. Both colours."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest
from scripted_server import Caller, Reply, ScriptedServer

from korus import RetryPolicy, errors
from korus._core.throttled_log import Throttle

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


def test_repeated_trouble_is_told_with_its_count(caplog: pytest.LogCaptureFixture) -> None:
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


def said(setting: str, before: str = "") -> str:
    code = (
        f"import logging, httpx; {before}\n"
        "from korus import Korus\n"
        "def handle(request):\n"
        "    return httpx.Response(200, json={'access_token': 't', 'expires_in': 60, 'id': 'o1'})\n"
        "for _ in range(2):\n"
        "    korus = Korus(client_id='a', client_secret='b', environment='production',\n"
        "                  transport=httpx.MockTransport(handle))\n"
        "korus.orders.get('o1')\n"
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
