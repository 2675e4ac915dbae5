"""Events of a client's calls for hooks, and that no hook breaks one. Sync and async."""

from __future__ import annotations

import contextlib
import logging
import pickle
import time
from typing import Any

import anyio
import pytest
from attrs import frozen
from scripted_server import CANARIES, Caller, Reply, ScriptedServer, token

from korus import Cache, RetryPolicy, errors, hooks
from korus.hooks import (
    AttemptEnded,
    AttemptStarted,
    CacheHit,
    Call,
    CallEnded,
    CallStarted,
    RateLimitMet,
    RetryScheduled,
    TokenRenewed,
    TurnScheduled,
)

ORDER = {"@id": "/v1/booking/orders/o1", "@type": "BookingOrder", "id": "o1"}
QUICK = RetryPolicy(first_wait=0.01, longest_wait=0.02)
ONCE = RetryPolicy(attempts=1)


def get_order(korus):
    return korus.orders.get("o1")


def kinds(events: list[hooks.Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_a_call_that_succeeds_is_four_events_and_a_token(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER, headers={"X-Request-Id": "r-1"}))
    events: list[hooks.Event] = []
    caller.call(get_order, hooks=[events.append])
    started, attempt, renewed, attempt_ended, ended = events
    host, port = server.base_url.removeprefix("http://").split(":")
    call = started.call
    assert call == Call(call.id, "get_order", "GET", "/v1/booking/orders/{id}", host, int(port))
    assert (started, attempt) == (CallStarted(call), AttemptStarted(call, 1))
    assert isinstance(renewed, TokenRenewed)
    assert renewed.error is None
    assert renewed.lifetime == pytest.approx(1800, abs=5)
    assert attempt_ended == AttemptEnded(call, 1, attempt_ended.elapsed, True, 200, "r-1")
    assert ended == CallEnded(call, ended.elapsed, 1, 200, "r-1")
    assert 0 < attempt_ended.elapsed <= ended.elapsed < 10


def test_retry_event_has_reason_and_wait(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(429, {}, {"Retry-After": "0"}), Reply(reset=True), Reply(body=ORDER))
    events: list[hooks.Event] = []
    caller.call(get_order, retry=QUICK, hooks=[events.append])
    (met,) = [event for event in events if isinstance(event, RateLimitMet)]
    first, second = [event for event in events if isinstance(event, RetryScheduled)]
    assert met.retry_after == 0
    assert (first.number, first.reason, first.status) == (1, "RateLimited", 429)
    assert (second.number, second.reason, second.status) == (2, "ConnectionLost", None)
    assert 0 < first.wait <= 0.02
    attempts = [event for event in events if isinstance(event, AttemptEnded)]
    assert [(a.number, a.status, a.error, a.sent) for a in attempts] == [
        (1, 429, "RateLimited", True),
        (2, None, "ConnectionLost", True),
        (3, 200, None, True),
    ]
    assert (events[-1].attempts, events[-1].status, events[-1].error) == (3, 200, None)
    assert len({event.call.id for event in events if hasattr(event, "call")}) == 1


def test_a_wait_for_a_turn_is_an_event(server: ScriptedServer, caller: Caller) -> None:
    used_up = {"RateLimit-Remaining": "0", "RateLimit-Reset": "1"}
    server.replies(Reply(body=ORDER, headers=used_up), Reply(body=ORDER))
    events: list[hooks.Event] = []
    caller.call(get_order, get_order, hooks=[events.append])
    (turn,) = [event for event in events if isinstance(event, TurnScheduled)]
    ended = events[-1]
    assert (turn.call, turn.number) == (ended.call, 1)
    assert 0.5 < turn.wait <= 1
    assert ended.elapsed >= turn.wait
    assert kinds(events)[-5:] == [
        "CallStarted",
        "TurnScheduled",
        "AttemptStarted",
        "AttemptEnded",
        "CallEnded",
    ]


def test_a_turn_after_the_deadline_is_not_waited_for(server: ScriptedServer, caller: Caller) -> None:
    used_up = {"RateLimit-Remaining": "0", "RateLimit-Reset": "30"}
    server.replies(Reply(body=ORDER, headers=used_up))
    events: list[hooks.Event] = []
    with pytest.raises(errors.RateLimited):
        caller.call(get_order, get_order, hooks=[events.append], timeout=5)
    assert kinds(events)[-2:] == ["CallStarted", "CallEnded"]
    assert (events[-1].error, events[-1].attempts) == ("RateLimited", 0)


def test_a_call_that_fails_says_so(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(404, {}, {"X-Request-Id": "gone"}))
    events: list[hooks.Event] = []
    with pytest.raises(errors.NotFound):
        caller.call(get_order, hooks=[events.append])
    ended = events[-1]
    assert (ended.status, ended.error, ended.request_id, ended.attempts) == (404, "NotFound", "gone", 1)


def test_refused_token_is_reported(server: ScriptedServer, caller: Caller) -> None:
    server.answer_token = lambda _: Reply(401, {"error": "invalid_client"})
    events: list[hooks.Event] = []
    with pytest.raises(errors.AuthenticationFailed):
        caller.call(get_order, retry=ONCE, hooks=[events.append])
    (renewed,) = [event for event in events if isinstance(event, TokenRenewed)]
    assert (renewed.error, renewed.lifetime) == ("AuthenticationFailed", None)
    assert [event.sent for event in events if isinstance(event, AttemptEnded)] == [False]


def test_cached_answer_is_reported(server: ScriptedServer, caller: Caller, tmp_path) -> None:
    server.replies(Reply(body={"hydra:member": [], "hydra:totalItems": 0}))
    events: list[hooks.Event] = []
    list_catalogs = lambda korus: korus.catalogs.list()  # noqa: E731
    caller.call(list_catalogs, list_catalogs, hooks=[events.append], cache=Cache(tmp_path / "c.db"))
    hit = next(event for event in events if isinstance(event, CacheHit))
    assert [event.attempts for event in events if isinstance(event, CallEnded)] == [1, 0]
    assert kinds(events)[-3:] == ["CallStarted", "CacheHit", "CallEnded"]
    assert hit.call.operation == "list_catalogs"


@pytest.mark.parametrize("error", [ValueError("x"), RecursionError(), ExceptionGroup("x", [OSError()])])
def test_a_hook_that_fails_breaks_neither_call_nor_other_hooks(
    server: ScriptedServer, caller: Caller, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def bad(event: hooks.Event) -> None:
        raise error

    class Worse:
        def __call__(self, event: hooks.Event) -> None:
            raise error

        def request_headers(self) -> dict[str, str]:
            raise error

    server.replies(Reply(503), Reply(body=ORDER))
    events: list[hooks.Event] = []
    assert caller.call(get_order, retry=QUICK, hooks=[bad, Worse(), events.append]).id == "o1"
    assert kinds(events)[-1] == "CallEnded"
    failures = [record for record in caplog.records if getattr(record, "event", "") == "hook_failed"]
    # once for each hook, however many events
    assert [record.levelno for record in failures] == [logging.WARNING] * 2
    assert "test_a_hook_that_fails" in failures[0].getMessage()


def test_a_hook_that_is_interrupted_interrupts(server: ScriptedServer, caller: Caller) -> None:
    def interrupted(event: hooks.Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        caller.call(get_order, hooks=[interrupted])
    server.replies(Reply(body=ORDER))
    assert caller.call(get_order).id == "o1"


def test_a_hook_that_calls_the_api_is_not_called_again(server: ScriptedServer) -> None:
    from korus import Korus

    server.replies(Reply(body=ORDER))
    events: list[hooks.Event] = []

    def calling(event: hooks.Event) -> None:
        events.append(event)
        if isinstance(event, CallEnded):
            korus.orders.get("o2x")

    with Korus(**server.settings(hooks=[calling])) as korus:
        korus.orders.get("o1")
    assert len(server.api_requests) == 2
    assert kinds(events).count("CallEnded") == 1


def test_a_hook_adds_headers_for_the_api_only(server: ScriptedServer, caller: Caller) -> None:
    class Adding:
        def __call__(self, event: hooks.Event) -> None:
            pass

        def request_headers(self) -> dict[str, Any]:
            return {
                "traceparent": "00-a-b-01",
                "Authorization": "Bearer other",
                "X-Bad": "a\r\nb: c",
                "X Bad": "x",
                "X-None": None,
            }

    server.replies(Reply(401, {}), Reply(body=ORDER))
    caller.call(get_order, hooks=[Adding()])
    assert [seen.headers.get("traceparent") for seen in server.api_requests] == ["00-a-b-01"] * 2
    assert all("traceparent" not in seen.headers for seen in server.token_requests)
    assert all(seen.headers["authorization"].startswith("Bearer canary") for seen in server.api_requests)
    assert not {"x-bad", "x bad", "x-none", "b"} & set(server.api_requests[0].headers)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_call_is_cancelled_and_not_an_error(server: ScriptedServer, backend: str) -> None:
    from korus import AsyncKorus

    server.replies(Reply(delay=2))
    events: list[hooks.Event] = []

    async def run() -> None:
        async with AsyncKorus(**server.settings(hooks=[events.append])) as korus:
            with anyio.move_on_after(0.3):
                await korus.orders.get("o1")

    anyio.run(run, backend=backend)
    attempt, ended = events[-2:]
    assert (attempt.error, attempt.cancelled, attempt.sent) == (None, True, True)
    assert (ended.error, ended.cancelled, ended.status) == (None, True, None)


def test_options_have_hooks_of_their_own(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER))
    mine: list[hooks.Event] = []
    theirs: list[hooks.Event] = []
    caller.call(
        lambda korus: korus.with_options(hooks=[theirs.append]).orders.get("o1"),
        lambda korus: korus.with_options(timeout=5).orders.get("o1"),
        lambda korus: korus.with_options(hooks=[]).orders.get("o1"),
        hooks=[mine.append],
    )
    # the token is renewed by the call that needs it, which is that of the other client
    assert "TokenRenewed" in kinds(theirs)
    assert kinds(theirs).count("CallEnded") == kinds(mine).count("CallEnded") == 1


@pytest.mark.parametrize("wrong", ["print", print, [1], {"a": 1}, None])
def test_hooks_that_are_no_callables_are_refused(server: ScriptedServer, caller: Caller, wrong: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match="`hooks` must be a list of callables"):
        caller.client(hooks=wrong)


def test_events_are_frozen_small_and_picklable() -> None:
    call = Call(1, "get_order", "GET")
    event = CallEnded(call, 1.0)
    assert pickle.loads(pickle.dumps(event)) == event  # noqa: S301
    with pytest.raises(AttributeError):
        event.elapsed = 2.0  # type: ignore[misc]
    assert not hasattr(event, "__dict__")


def test_events_hold_no_secret(server: ScriptedServer, caller: Caller) -> None:
    echo = {"detail": f"{CANARIES['access']}-1 {CANARIES['secret']}"}
    headers = {"X-Request-Id": f"id-{CANARIES['access']}-1"}
    server.replies(Reply(503, echo, headers), Reply(401, echo, headers), Reply(200, ORDER, headers))
    server.answer_token = lambda _: Reply(body=token(), headers=headers)
    events: list[hooks.Event] = []
    caller.call(get_order, retry=QUICK, hooks=[events.append], extra_headers={"X-Key": CANARIES["refresh"]})
    shown = repr(events).encode() + pickle.dumps(events)
    assert events
    assert not [canary for canary in CANARIES.values() if canary.encode() in shown]


# --- raw answers -------------------------------------------------------------------------------------------


@frozen
class Inside:
    """Makes calls inside `raw_answer`."""

    calls: tuple[Any, ...]

    def __call__(self, korus: Any) -> Any:
        return self._awaited(korus) if type(korus).__name__ == "AsyncKorus" else self._called(korus)

    def _called(self, korus: Any) -> Any:
        with korus.raw_answer() as raw:
            for call in self.calls:
                with contextlib.suppress(errors.KorusError):
                    call(korus)
        return raw

    async def _awaited(self, korus: Any) -> Any:
        with korus.raw_answer() as raw:
            for call in self.calls:
                with contextlib.suppress(errors.KorusError):
                    await call(korus)
        return raw


def test_raw_answers_of_successes_are_collected(server: ScriptedServer, caller: Caller) -> None:
    raw = caller.call(Inside(()))
    assert (raw.answers, raw.status, raw.request_id, raw.elapsed, raw.last) == ([], None, None, None, None)
    assert list(raw.headers) == []
    server.replies(Reply(body=ORDER, headers={"X-Request-Id": "r-1", "X-Left": "7"}))
    raw = caller.call(get_order, Inside((get_order,)))
    assert (raw.status, raw.request_id, raw.headers["x-left"]) == (200, "r-1", "7")
    assert 0 < raw.elapsed < 10
    assert len(raw.answers) == 1  # not the call before the block


def test_a_failed_call_has_its_last_raw_answer(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(503, {}, {"X-Request-Id": "r-1"}), Reply(404, {}, {"X-Request-Id": "r-2"}))
    raw = caller.call(Inside((get_order,)), retry=QUICK)
    (answer,) = raw.answers
    assert (answer.status, answer.request_id, answer.attempts) == (404, "r-2", 2)


def test_a_call_without_an_answer_has_a_raw_answer_without_status(
    server: ScriptedServer, caller: Caller
) -> None:
    server.replies(Reply(reset=True))
    raw = caller.call(Inside((get_order,)), retry=ONCE)
    assert (raw.status, dict(raw.headers), raw.answers[0].attempts) == (None, {}, 1)


def test_raw_answers_are_of_one_client_and_its_options(
    server: ScriptedServer, other_server: ScriptedServer, caller: Caller
) -> None:
    server.replies(Reply(body=ORDER))
    other_server.replies(Reply(body=ORDER))
    options = lambda korus: korus.with_options(timeout=5).orders.get("o1")  # noqa: E731
    request = lambda korus: korus.request("GET", "/v1/new")  # noqa: E731
    raw = caller.call(Inside((options, request)))
    assert [answer.operation for answer in raw.answers] == ["get_order", "request"]


def test_raw_answers_of_another_client_are_left_out(server: ScriptedServer) -> None:
    from korus import Korus

    server.replies(Reply(body=ORDER))
    with Korus(**server.settings()) as one, Korus(**server.settings()) as other:
        with one.raw_answer() as outer, other.raw_answer() as inner, one.raw_answer() as again:
            one.orders.get("o1")
        one.orders.get("o1")
    assert [len(raw.answers) for raw in (outer, inner, again)] == [1, 0, 1]


# --- requests without a method -----------------------------------------------------------------------------


def test_a_request_is_sent_with_token_retries_and_errors(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(503), Reply(body={"new": [1]}, headers={"X-Request-Id": "r"}))
    answer = caller.call(
        lambda korus: korus.request(
            "GET", "/v1/new/thing%2F1", params={"page": 2, "on": True, "a[]": ["x", "y"]}
        ),
        retry=QUICK,
        language="fr",
    )
    assert (answer.status, answer.json(), answer.request_id) == (200, {"new": [1]}, "r")
    seen = server.api_requests[-1]
    assert (seen.method, seen.target) == ("GET", "/v1/new/thing%2F1?page=2&on=true&a%5B%5D=x&a%5B%5D=y")
    assert seen.headers["authorization"].startswith("Bearer ")
    assert seen.headers["accept-language"] == "fr"
    server.replies(Reply(422, {"violations": [{"propertyPath": "x", "message": "no"}]}))
    with pytest.raises(errors.ValidationFailed):
        caller.call(lambda korus: korus.request("POST", "/v1/new", json={"a": 1}))
    assert server.api_requests[-1].headers["content-type"] == "application/ld+json"
    assert server.api_requests[-1].body == b'{"a":1}'


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_request_that_writes_is_not_repeated_once_it_was_sent(
    server: ScriptedServer, caller: Caller, method: str
) -> None:
    server.replies(Reply(503))
    with pytest.raises(errors.ServerError):
        caller.call(lambda korus: korus.request(method, "/v1/new", json={}), retry=QUICK)
    assert len(server.api_requests) == 1


def test_a_request_names_no_id_in_its_events(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(404, {}))
    events: list[hooks.Event] = []
    with pytest.raises(errors.NotFound):
        caller.call(lambda korus: korus.request("GET", "/v1/people/jane-doe"), hooks=[events.append])
    assert "jane" not in repr(events)


WRONG_REQUESTS = {
    "method": ("GETT", "/v1/x", {}),
    "lower case": ("get", "/v1/x", {}),
    "no slash": ("GET", "v1/x", {}),
    "address": ("GET", "https://evil.test/v1", {}),
    "another host": ("GET", "//evil.test/v1", {}),
    "user info": ("GET", "@evil.test/v1", {}),
    "backslash": ("GET", "/\\evil.test", {}),
    "query": ("GET", "/v1/x?a=b", {}),
    "fragment": ("GET", "/v1/x#a", {}),
    "dots": ("GET", "/v1/../../admin", {}),
    "encoded dots": ("GET", "/v1/%2e%2E/admin", {}),
    "space": ("GET", "/v1/a b", {}),
    "line": ("GET", "/v1/a\r\nHost: x", {}),
    "not ascii": ("GET", "/v1/é", {}),
    "no text": ("GET", None, {}),
    "body of a GET": ("GET", "/v1/x", {"json": {}}),
    "parameters": ("GET", "/v1/x", {"params": "a=b"}),
    "parameter": ("GET", "/v1/x", {"params": {"a": object()}}),
    "half a character": ("GET", "/v1/x", {"params": {"a": "\ud800"}}),
    "content type": ("POST", "/v1/x", {"json": {}, "content_type": "a\r\nb"}),
    "no JSON": ("POST", "/v1/x", {"json": float("nan")}),
}


@pytest.mark.parametrize("wrong", WRONG_REQUESTS.values(), ids=WRONG_REQUESTS)
def test_a_request_that_cannot_be_sent_is_refused(
    server: ScriptedServer, caller: Caller, wrong: tuple[Any, Any, dict[str, Any]]
) -> None:
    method, path, arguments = wrong
    with pytest.raises(errors.InvalidArgument):
        caller.call(lambda korus: korus.request(method, path, **arguments))
    assert server.seen == []


# --- headers of the caller's own ---------------------------------------------------------------------------


def test_extra_headers_are_sent_to_the_api_only(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER))
    caller.call(
        get_order,
        lambda korus: korus.with_options(extra_headers={"X-Shop": "b", "User-Agent": "me"}).orders.get("o1"),
        lambda korus: korus.with_options(extra_headers=None).orders.get("o1"),
        lambda korus: korus.with_options(timeout=4).orders.get("o1"),
        extra_headers={"X-Shop": "a"},
    )
    assert [seen.headers.get("x-shop") for seen in server.api_requests] == ["a", "b", None, "a"]
    assert server.api_requests[1].headers["user-agent"] == "me"
    assert "x-shop" not in server.token_requests[0].headers


def test_answers_to_other_headers_are_kept_apart(server: ScriptedServer, caller: Caller, tmp_path) -> None:
    server.answer = lambda seen: Reply(
        body={"hydra:member": [{"@id": f"/v1/x/{seen.headers.get('x-shop')}"}], "hydra:totalItems": 1}
    )

    def listed(headers):
        return lambda korus: korus.with_options(extra_headers=headers).catalogs.list()

    cache = Cache(tmp_path / "c.db")
    for headers in ({"X-Shop": "a"}, {"X-Shop": "b"}, None, {"x-shop": "a"}):
        caller.call(listed(headers), cache=cache)
    assert len(server.api_requests) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        "X-Shop: a",
        ["X-Shop"],
        {"Authorization": "x"},
        {"HOST": "x"},
        {"Accept-Language": "fr"},
        {"X-Shop": 1},
        {"X-Shop": "a\nb"},
        {"X-Shop": "é"},
        {"X Shop": "a"},
        {1: "a"},
    ],
    ids=str,
)
def test_extra_headers_that_cannot_be_sent_are_refused(
    server: ScriptedServer, caller: Caller, wrong: Any
) -> None:
    with pytest.raises(errors.ConfigurationError, match="extra_headers"):
        caller.client(extra_headers=wrong)
    client = caller.client()
    with pytest.raises(errors.ConfigurationError, match="extra_headers"):
        client.with_options(extra_headers=wrong)


def test_the_values_of_extra_headers_are_shown_nowhere(server: ScriptedServer, caller: Caller) -> None:
    from test_secrets import assert_no_canary, everything_shown

    headers = {"X-Key": CANARIES["refresh"]}
    client = caller.client(extra_headers=headers)
    shown = [client, client.config, vars(client), vars(client.transport), client.with_options(timeout=1)]
    assert_no_canary(repr(shown))
    server.replies(Reply(500))
    with pytest.raises(errors.KorusError) as caught:
        caller.call(get_order, retry=ONCE, extra_headers=headers)
    assert_no_canary(everything_shown(caught.value))
    with pytest.raises(errors.ConfigurationError) as caught:
        caller.client(extra_headers=headers, timeout="soon")
    assert_no_canary(everything_shown(caught.value))


def test_a_call_without_hooks_pays_less_than_a_microsecond() -> None:
    from korus._core.observer import Observer

    observer = Observer((), time.monotonic)

    def cost() -> float:
        started = time.perf_counter()
        for _ in range(2000):
            if observer.is_on:
                raise AssertionError
        return (time.perf_counter() - started) / 2000

    assert min(cost() for _ in range(20)) < 1e-6
