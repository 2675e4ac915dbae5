"""The token: one request however many need it, renewed in time, and never given to anybody else."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import anyio
import httpx
import pytest
from attrs import define
from scripted_server import CANARIES, Caller, Reply, ScriptedServer, token

from korus import AsyncKorus, Korus, RetryPolicy, errors
from korus._http.ambiguity import is_ambiguous, may_follow_work, redirects_after_work
from korus._primitives.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

ORDER = {"@id": "/v1/booking/orders/o1", "id": "o1"}
ONCE = RetryPolicy(attempts=1)
UNAUTHORIZED = {"code": 401, "message": "Expired token"}


RESERVATION = "/v1/booking/reservations/019a57f7-0d80-7f8f-8d5c-000000000001"
CUSTOMER = {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.org"}


def create_order(korus):
    return korus.orders.create(RESERVATION, customer=CUSTOMER, external_reference="R")


def get_order(korus):
    return korus.orders.get("o1")


@define
class MovableTime:
    """A monotonic clock that a test moves on."""

    seconds: float = 1000.0

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.seconds)


def with_clock(client, time: MovableTime):
    client.transport.clock = client.transport.tokens._clock = time.clock()
    return client


def grants(server: ScriptedServer) -> list[str]:
    return [parse_qs(seen.body.decode())["grant_type"][0] for seen in server.token_requests]


def move(time: MovableTime, seconds: float):
    def step(_: object) -> None:
        time.seconds += seconds

    return step


def test_the_credentials_are_sent_as_a_form(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER))
    caller.call(get_order)
    (seen,) = server.token_requests
    assert seen.method == "POST"
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(seen.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["shop"],
        "client_secret": [CANARIES["secret"]],
    }


def test_a_token_is_used_until_shortly_before_its_end(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER))
    time = MovableTime()
    client = with_clock(caller.client(timeout=None), time)
    caller.using(client, get_order, move(time, 1700), get_order)
    assert grants(server) == ["client_credentials"]


def test_a_token_is_refreshed_before_it_ends(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER))
    time = MovableTime()
    client = with_clock(caller.client(timeout=None), time)
    caller.using(client, get_order, move(time, 1750), get_order)
    assert grants(server) == ["client_credentials", "refresh_token"]
    form = parse_qs(server.token_requests[1].body.decode())
    assert form["refresh_token"] == [f"{CANARIES['refresh']}-1"]
    assert (form["client_id"], form["client_secret"]) == (["shop"], [CANARIES["secret"]])
    assert server.api_requests[1].headers["authorization"] == f"Bearer {CANARIES['access']}-2"


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_refresh_falls_back_to_the_credentials(
    server: ScriptedServer, caller: Caller, status: int
) -> None:
    server.replies(Reply(body=ORDER))
    server.answer_token = lambda seen: (
        Reply(status, {"error": "invalid_grant"}) if b"refresh_token" in seen.body else Reply(body=token())
    )
    time = MovableTime()
    client = with_clock(caller.client(timeout=None), time)
    assert caller.using(client, get_order, move(time, 1750), get_order).id == "o1"
    assert grants(server) == ["client_credentials", "refresh_token", "client_credentials"]


@pytest.mark.parametrize(
    "changes", [{"refresh_token": None}, {"refresh_expires_in": 100}], ids=["none given", "ended itself"]
)
def test_without_a_usable_refresh_token_the_credentials_are_sent(
    server: ScriptedServer, caller: Caller, changes: dict[str, object]
) -> None:
    server.replies(Reply(body=ORDER))
    answer = {key: value for key, value in token(**changes).items() if value is not None}
    server.answer_token = lambda _: Reply(body=answer)
    time = MovableTime()
    client = with_clock(caller.client(timeout=None), time)
    caller.using(client, get_order, move(time, 1750), get_order)
    assert grants(server) == ["client_credentials", "client_credentials"]


def test_a_token_that_still_holds_is_used_on_while_its_endpoint_is_unwell(
    server: ScriptedServer, caller: Caller
) -> None:
    server.replies(Reply(body=ORDER))
    server.answer_token = lambda _: Reply(503) if len(server.token_requests) > 1 else Reply(body=token())
    time = MovableTime()
    client = with_clock(caller.client(timeout=None, retry=ONCE), time)
    assert caller.using(client, get_order, move(time, 1750), get_order).id == "o1"
    with pytest.raises(errors.TokenUnavailable):
        caller.using(
            with_clock(caller.client(timeout=None, retry=ONCE), time),
            lambda korus: setattr(korus.transport.tokens, "_token", None),
            get_order,
        )


@pytest.mark.parametrize(
    "body", [b"", b"<html>unauthorized", b'{"code": 401, "message": "x"}', b'{"title": "x"}'], ids=str
)
def test_a_401_renews_the_token_once_and_replays(server: ScriptedServer, caller: Caller, body: bytes) -> None:
    server.replies(Reply(401, body, {"WWW-Authenticate": "Bearer"}), Reply(body=ORDER))
    assert caller.call(get_order).id == "o1"
    assert [seen.headers["authorization"][-2:] for seen in server.api_requests] == ["-1", "-2"]
    # a token refused before its time was revoked, its refresh token with it
    assert grants(server) == ["client_credentials", "client_credentials"]


def test_a_bulk_post_is_replayed_after_a_401_with_its_body(server: ScriptedServer, caller: Caller) -> None:
    from korus_api.api.reservation import bulk_create_reservations
    from korus_api.models import BulkReservationInput

    server.replies(Reply(401), Reply(body={"reservations": []}))
    request = bulk_create_reservations.build_request(body=BulkReservationInput(items=[]))
    caller.call(lambda korus: korus.transport.send(bulk_create_reservations.OPERATION, request))
    assert [seen.body for seen in server.api_requests] == [b'{"items":[]}'] * 2


def test_a_second_401_is_final(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(401, UNAUTHORIZED))
    with pytest.raises(errors.AuthenticationFailed, match="Expired token") as caught:
        caller.call(get_order)
    assert (len(server.api_requests), len(server.token_requests)) == (2, 2)
    assert (caught.value.operation, caught.value.status) == ("get_order", 401)


@pytest.mark.parametrize("status", [400, 401])
def test_refused_credentials_are_one_clear_error(server: ScriptedServer, caller: Caller, status: int) -> None:
    refusal = {"error": "invalid_client", "error_description": "Unknown client or wrong secret"}
    server.answer_token = lambda _: Reply(status, refusal, {"Content-Type": "application/json"})
    with pytest.raises(errors.AuthenticationFailed) as caught:
        caller.call(get_order)
    assert (caught.value.status, caught.value.operation) == (status, "token")
    assert "Unknown client or wrong secret" in str(caught.value)
    assert "client_id" in str(caught.value)
    assert len(server.token_requests) == 1
    assert server.api_requests == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"access_token": ""}',
        b'{"access_token": 5}',
        b'{"access_token": "a\\r\\nX-Evil: 1"}',
        b'{"access_token": "a", "token_type": "mac"}',
        b'{"access_token": "canary-access-9b21',
    ],
)
def test_an_unusable_token_answer_means_nothing_was_sent(
    server: ScriptedServer, caller: Caller, answer: bytes
) -> None:
    server.answer_token = lambda _: Reply(body=answer)
    with pytest.raises(errors.TokenUnavailable) as caught:
        caller.call(get_order)
    assert (caught.value.operation, caught.value.status, caught.value.sent) == ("token", 200, False)
    assert "token_url" in str(caught.value)
    assert "canary" not in repr(vars(caught.value)) + str(caught.value)
    assert len(server.token_requests) == 1
    assert server.api_requests == []


@pytest.mark.parametrize("call", [get_order, create_order], ids=["a read", "an order"])
@pytest.mark.parametrize("status", [301, 302, 308, 400, 401, 403, 404, 405, 409, 410, 422, 451])
def test_a_refusing_token_endpoint_is_an_authentication_failure(
    server: ScriptedServer, caller: Caller, status: int, call: Callable
) -> None:
    server.answer_token = lambda _: Reply(status, {"detail": "gone"}, {"Location": "http://127.0.0.1:1/"})
    with pytest.raises(errors.KorusError) as caught:
        caller.call(call, retry=RetryPolicy(attempts=3, first_wait=0.01))
    assert type(caught.value) is errors.AuthenticationFailed
    assert (caught.value.operation, caught.value.status) == ("token", status)
    assert "token_url" in str(caught.value)
    assert "base_url" not in str(caught.value)
    assert is_ambiguous(caught.value) is False
    assert may_follow_work(caught.value) is False
    assert redirects_after_work(caught.value) is False
    assert len(server.token_requests) == 1
    assert server.api_requests == []


@pytest.mark.parametrize("call", [get_order, create_order], ids=["a read", "an order"])
@pytest.mark.parametrize(
    ("status", "requests"),
    [(201, 1), (204, 1), (408, 1), (429, 3), (500, 1), (502, 3), (503, 3), (504, 3), (599, 1)],
)
def test_an_unwell_token_endpoint_means_nothing_was_sent(
    server: ScriptedServer, caller: Caller, status: int, requests: int, call: Callable
) -> None:
    server.answer_token = lambda _: Reply(status, b"<html>ada@example.org</html>", {"Retry-After": "0"})
    with pytest.raises(errors.KorusError) as caught:
        caller.call(call, retry=RetryPolicy(attempts=3, first_wait=0.01))
    assert type(caught.value) is errors.TokenUnavailable
    assert (caught.value.operation, caught.value.status, caught.value.sent) == ("token", status, False)
    assert is_ambiguous(caught.value) is False
    assert "ada@" not in str(caught.value) + repr(vars(caught.value))
    # 429 and the gateways' statuses are tried again, as those of the API are
    assert len(server.token_requests) == requests
    assert server.api_requests == []


def test_the_token_endpoint_says_how_long_to_wait(server: ScriptedServer, caller: Caller) -> None:
    server.answer_token = lambda _: Reply(503, headers={"Retry-After": "7"})
    with pytest.raises(errors.TokenUnavailable) as caught:
        caller.call(get_order, retry=ONCE)
    assert caught.value.retry_after == 7


def test_a_renewal_that_fails_after_a_401_means_nothing_was_done(
    server: ScriptedServer, caller: Caller
) -> None:
    server.answer = lambda _: Reply(401)
    server.answer_token = lambda _: Reply(500) if len(server.token_requests) > 1 else Reply(body=token())
    with pytest.raises(errors.TokenUnavailable) as caught:
        caller.call(get_order, retry=ONCE)
    assert caught.value.sent is False


def test_a_hook_that_raises_for_the_token_endpoint_is_no_answer_of_the_api(
    server: ScriptedServer, caller: Caller
) -> None:
    def check(response: httpx.Response) -> None:
        response.raise_for_status()

    async def check_later(response: httpx.Response) -> None:
        response.raise_for_status()

    server.answer_token = lambda _: Reply(404)
    if caller.asynchronous:
        client: Any = httpx.AsyncClient(event_hooks={"response": [check_later]})
    else:
        client = httpx.Client(event_hooks={"response": [check]})
    with pytest.raises(errors.AuthenticationFailed, match="token_url"):
        caller.call(get_order, http_client=client)


@pytest.mark.parametrize(
    "changes",
    [
        {"token_type": "bearer"},
        {"token_type": None},
        {"expires_in": "1800"},
        {"expires_in": None},
        {"expires_in": -5},
        {"expires_in": 0},
        {"refresh_expires_in": "soon"},
        {"refresh_token": 7},
        {"not-before-policy": 0, "scope": "x"},
    ],
    ids=str,
)
def test_odd_but_usable_token_answers_are_used(
    server: ScriptedServer, caller: Caller, changes: dict[str, object]
) -> None:
    server.replies(Reply(body=ORDER))
    server.answer_token = lambda _: Reply(body=token(**changes))
    assert caller.call(get_order).id == "o1"


def test_the_token_endpoint_is_not_followed_elsewhere(
    server: ScriptedServer, other_server: ScriptedServer, caller: Caller
) -> None:
    server.answer_token = lambda _: Reply(307, headers={"Location": other_server.token_url})
    with pytest.raises(errors.StatusError) as caught:
        caller.call(get_order, retry=ONCE)
    assert caught.value.status == 307
    assert other_server.seen == []


def test_a_link_to_another_host_never_gets_the_token(
    server: ScriptedServer, other_server: ScriptedServer, caller: Caller
) -> None:
    pages = [
        {
            "member": [{"id": f"o{number}"}],
            "totalItems": 3,
            "view": {"next": f"{other_server.base_url}/v1/booking/orders?page={number + 1}"},
        }
        for number in (1, 2)
    ]
    server.replies(
        *[Reply(body=page) for page in pages], Reply(body={"member": [{"id": "o3"}], "totalItems": 3})
    )
    orders = caller.call(lambda korus: korus.orders.list())
    assert [order.id for order in orders] == ["o1", "o2", "o3"]
    assert other_server.seen == []
    assert [seen.target for seen in server.api_requests] == [
        "/v1/booking/orders",
        "/v1/booking/orders?page=2",
        "/v1/booking/orders?page=3",
    ]


class Crowd:
    """Many callers of one client at once; counts what the API sees."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.tokens = 0
        self.calls = 0
        self._refuse = refuse
        self._counting = threading.Lock()

    def answer(self, request: httpx.Request) -> httpx.Response:
        with self._counting:
            if request.url.path == "/auth/token":
                self.tokens += 1
                if self._refuse:
                    return httpx.Response(401, json={"error": "invalid_client"})
                return httpx.Response(200, json=token(self.tokens))
            self.calls += 1
            return httpx.Response(200, json=ORDER)

    def sync_transport(self) -> httpx.BaseTransport:
        import time

        crowd = self

        class Slow(httpx.BaseTransport):
            def handle_request(self, request: httpx.Request) -> httpx.Response:
                if request.url.path == "/auth/token":
                    time.sleep(0.1)
                return crowd.answer(request)

        return Slow()

    def async_transport(self) -> httpx.AsyncBaseTransport:
        crowd = self

        class Slow(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                if request.url.path == "/auth/token":
                    await anyio.sleep(0.1)
                return crowd.answer(request)

        return Slow()


SETTINGS = {
    "base_url": "http://api.test",
    "token_url": "http://auth.test/auth/token",
    "client_id": "shop",
    "client_secret": "s",
    "timeout": None,
}


def outcomes_of_threads(client: Korus, count: int) -> list[object]:
    ready = threading.Barrier(count)
    outcomes: list[object] = [None] * count

    def work(index: int) -> None:
        ready.wait()
        try:
            outcomes[index] = client.orders.get("o1")
        except errors.KorusError as error:
            outcomes[index] = error

    threads = [threading.Thread(target=work, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


async def outcomes_of_tasks(client: AsyncKorus, count: int) -> list[object]:
    outcomes: list[object] = [None] * count

    async def work(index: int) -> None:
        try:
            outcomes[index] = await client.orders.get("o1")
        except errors.KorusError as error:
            outcomes[index] = error

    async with anyio.create_task_group() as group:
        for index in range(count):
            group.start_soon(work, index)
    return outcomes


def test_64_threads_make_one_token_request_before_and_one_around_an_expiry() -> None:
    crowd, time = Crowd(), MovableTime()
    with with_clock(Korus(**SETTINGS, transport=crowd.sync_transport()), time) as client:
        first = outcomes_of_threads(client, 64)
        assert crowd.tokens == 1
        time.seconds += 1790
        second = outcomes_of_threads(client, 64)
    assert crowd.tokens == 2
    assert crowd.calls == 128
    assert {outcome.id for outcome in first + second} == {"o1"}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_1000_tasks_make_one_token_request_before_and_one_around_an_expiry(backend: str) -> None:
    crowd, time = Crowd(), MovableTime()

    async def run() -> list[object]:
        async with with_clock(AsyncKorus(**SETTINGS, transport=crowd.async_transport()), time) as client:
            first = await outcomes_of_tasks(client, 1000)
            assert crowd.tokens == 1
            time.seconds += 1790
            return first + await outcomes_of_tasks(client, 1000)

    outcomes = anyio.run(run, backend=backend)
    assert crowd.tokens == 2
    assert crowd.calls == 2000
    assert {outcome.id for outcome in outcomes} == {"o1"}


def test_64_threads_with_bad_credentials_share_one_refusal() -> None:
    crowd = Crowd(refuse=True)
    with Korus(**SETTINGS, transport=crowd.sync_transport()) as client:
        outcomes = outcomes_of_threads(client, 64)
    assert (crowd.tokens, crowd.calls) == (1, 0)
    assert {type(outcome) for outcome in outcomes} == {errors.AuthenticationFailed}
    assert len({str(outcome) for outcome in outcomes}) == 1
    assert len({id(outcome) for outcome in outcomes}) == 64


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_1000_tasks_with_bad_credentials_share_one_refusal(backend: str) -> None:
    crowd = Crowd(refuse=True)

    async def run() -> list[object]:
        async with AsyncKorus(**SETTINGS, transport=crowd.async_transport()) as client:
            return await outcomes_of_tasks(client, 1000)

    outcomes = anyio.run(run, backend=backend)
    assert (crowd.tokens, crowd.calls) == (1, 0)
    assert {type(outcome) for outcome in outcomes} == {errors.AuthenticationFailed}
    assert len({id(outcome) for outcome in outcomes}) == 1000


def test_a_crowd_whose_token_was_revoked_renews_it_once() -> None:
    revoked: set[str] = set()
    crowd = Crowd()

    async def run() -> list[object]:
        class Revoking(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                await anyio.sleep(0.01)
                if request.headers.get("authorization") in revoked:
                    return httpx.Response(401, json=UNAUTHORIZED)
                return crowd.answer(request)

        async with AsyncKorus(**SETTINGS, transport=Revoking()) as client:
            await client.orders.get("o1")
            revoked.add(f"Bearer {CANARIES['access']}-1")
            return await outcomes_of_tasks(client, 300)

    outcomes = anyio.run(run)
    assert crowd.tokens == 2
    assert {outcome.id for outcome in outcomes} == {"o1"}


def test_when_the_task_that_asks_is_cancelled_another_one_asks() -> None:
    crowd = Crowd()

    async def run() -> list[object]:
        found: list[object] = []
        async with AsyncKorus(**SETTINGS, transport=crowd.async_transport()) as client:
            first = anyio.CancelScope()

            async def ask() -> None:
                with first:
                    await client.orders.get("o1")

            async def wait() -> None:
                await anyio.sleep(0.02)
                found.append(await client.orders.get("o1"))

            async with anyio.create_task_group() as group:
                group.start_soon(ask)
                group.start_soon(wait)
                await anyio.sleep(0.05)
                first.cancel()
        return found

    (order,) = anyio.run(run)
    assert order.id == "o1"
    assert crowd.tokens == 1
