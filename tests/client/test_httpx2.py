"""Clients and transports of httpx2 in the place of httpx's: used, closed, limited and refused alike."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import time
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from forking import fork
from scripted_server import CANARIES, Caller, Reply, ScriptedServer, token

from korus import AsyncKorus, Korus, RetryPolicy, Timeouts, errors
from korus._http import library

if TYPE_CHECKING:
    from korus.sandbox import Sandbox

httpx2 = pytest.importorskip("httpx2")  # not in the lanes that have only what korus declares

ORDER = {"@id": "/v1/booking/orders/x", "id": "x"}
ONCE = RetryPolicy(attempts=1)
ERRORS = [
    name
    for name, kind in vars(httpx2).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and name not in {"HTTPError", "HTTPStatusError"}
]


def get_order(korus: Any) -> Any:
    return korus.orders.get("x")


def own_client(caller: Caller, **options: Any) -> Any:
    return (httpx2.AsyncClient if caller.asynchronous else httpx2.Client)(**options)


def own_transport(caller: Caller, **options: Any) -> Any:
    return (httpx2.AsyncHTTPTransport if caller.asynchronous else httpx2.HTTPTransport)(**options)


def answering(respond: Any) -> httpx2.MockTransport:
    def handle(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/auth/token":
            return httpx2.Response(200, json=token())
        return respond(request)

    return httpx2.MockTransport(handle)


@pytest.fixture(params=["http_client", "transport"])
def lent(request: pytest.FixtureRequest, caller: Caller) -> dict[str, Any]:
    kind = own_client if request.param == "http_client" else own_transport
    return {request.param: kind(caller)}


def test_client_is_used_without_its_auth_and_left_open(server: ScriptedServer, caller: Caller) -> None:
    # no connection is kept, since the test closes its client in another event loop
    server.replies(Reply(body=ORDER, headers={"Connection": "close"}))
    server.answer_token = lambda _: Reply(body=token(), headers={"Connection": "close"})
    own = own_client(
        caller, headers={"X-Mine": b"\xe9"}, params={"tenant": "t"}, cookies={"c": "1"}, auth=("u", "p"),
        follow_redirects=True,
    )  # fmt: skip
    caller.using(caller.client(http_client=own), get_order)
    (seen,) = server.api_requests
    assert seen.headers["authorization"].startswith("Bearer ")
    assert seen.headers["cookie"] == "c=1"
    assert seen.target == "/v1/booking/orders/x?tenant=t"
    assert "x-mine" in seen.headers
    assert seen.headers["accept"] == "application/ld+json"
    assert "authorization" not in server.token_requests[0].headers
    assert not own.is_closed
    anyio.run(own.aclose) if caller.asynchronous else own.close()


def test_header_added_later_is_sent(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER))
    own = own_client(caller)
    client = caller.client(http_client=own)
    own.headers["X-Later"] = "yes"
    assert caller.using(client, get_order, lent=own).id == "x"
    assert server.api_requests[0].headers["x-later"] == "yes"


def test_closed_client_is_a_configuration_error(caller: Caller) -> None:
    own = own_client(caller)
    anyio.run(own.aclose) if caller.asynchronous else own.close()
    with pytest.raises(errors.ConfigurationError, match="closed"):
        caller.using(caller.client(http_client=own), get_order)


def test_transport_is_used_and_closed_with_the_client(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER))
    closed: list[bool] = []
    kind: Any = httpx2.AsyncHTTPTransport if caller.asynchronous else httpx2.HTTPTransport

    class Own(kind):
        def close(self) -> None:
            closed.append(True)
            super().close()

        async def aclose(self) -> None:
            closed.append(True)
            await super().aclose()

    assert caller.call(get_order, transport=Own()).id == "x"
    assert closed == [True]
    assert server.api_requests[0].headers["user-agent"].startswith("korus/")


def test_mock_transport_sees_the_body_and_the_token(caller: Caller) -> None:
    seen: list[Any] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.content, request.headers["authorization"], str(request.url)))
        return httpx2.Response(200, json={"ok": "é"})

    answer = caller.call(
        lambda korus: korus.request("POST", "/v1/x", json={"a": "é"}, params={"q": ["a b", "ü"]}),
        transport=answering(respond),
    )
    assert answer.json() == {"ok": "é"}
    ((content, authorization, url),) = seen
    assert json.loads(content) == {"a": "é"}
    assert authorization.startswith(f"Bearer {CANARIES['access']}")
    assert url.endswith("/v1/x?q=a+b&q=%C3%BC")


def test_refused_token_is_renewed_and_the_request_sent_again(
    server: ScriptedServer, caller: Caller, lent: dict[str, Any]
) -> None:
    server.replies(Reply(401, {"detail": "no"}), Reply(body=ORDER))
    assert caller.call(get_order, **lent).id == "x"
    assert len(server.token_requests) == 2


def test_refused_connection_was_not_sent(caller: Caller, lent: dict[str, Any]) -> None:
    with pytest.raises(errors.ConnectionFailed) as caught:
        caller.call(get_order, base_url="http://127.0.0.1:9", retry=ONCE, **lent)
    assert caught.value.sent is False
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("phase", ["read", "total"])
def test_slow_answer_is_a_timeout(
    server: ScriptedServer, caller: Caller, lent: dict[str, Any], phase: str
) -> None:
    server.replies(Reply(body=ORDER, delay=3))
    timeout = Timeouts(total=10, read=0.3) if phase == "read" else Timeouts(total=0.5)
    began = time.monotonic()
    with pytest.raises(errors.TimedOut) as caught:
        caller.call(get_order, timeout=timeout, retry=ONCE, **lent)
    assert caught.value.sent is True
    assert time.monotonic() - began < 2.5


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(raw=b"nonsense from a proxy\r\n\r\n"), errors.ConnectionLost),
        (Reply(reset=True), errors.ConnectionLost),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"), errors.ConnectionLost),
        (Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}), errors.DecodingFailed),
        (Reply(body=b"x" * 5000), errors.DecodingFailed),
        (Reply(body=gzip.compress(b"x" * 500_000), headers={"Content-Encoding": "gzip"}), errors.DecodingFailed),
        (Reply(404, {"detail": "no"}), errors.NotFound),
    ],
    ids=["nonsense", "reset", "cut off", "no gzip", "too long", "too long when decoded", "404"],
)  # fmt: skip
def test_bad_answer_is_the_same_error_as_with_httpx(
    server: ScriptedServer, caller: Caller, lent: dict[str, Any], reply: Reply, kind: type[Exception]
) -> None:
    server.replies(reply)
    with pytest.raises(kind) as caught:
        caller.call(get_order, retry=ONCE, max_answer_bytes=4000, **lent)
    with pytest.raises(kind) as expected:
        caller.call(get_order, retry=ONCE, max_answer_bytes=4000)
    assert str(caught.value).replace("httpx2", "httpx") == str(expected.value)
    assert "canary" not in repr(caught.value)


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_of_httpx2_is_an_error_of_korus(caller: Caller, name: str) -> None:
    kind: Any = getattr(httpx2, name)

    def respond(_: httpx2.Request) -> httpx2.Response:
        raise kind() if issubclass(kind, httpx2.StreamError) and name != "StreamError" else kind("canary")

    with pytest.raises(errors.KorusError) as caught:
        caller.call(get_order, transport=answering(respond), retry=ONCE)
    assert caught.value.__context__ is None
    ours = getattr(httpx, name, None)
    if ours is not None:

        def respond_with_ours(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/auth/token":
                return httpx.Response(200, json=token())
            raise ours() if issubclass(ours, httpx.StreamError) and name != "StreamError" else ours("canary")

        with pytest.raises(type(caught.value)) as expected:
            caller.call(get_order, transport=httpx.MockTransport(respond_with_ours), retry=ONCE)
        assert str(caught.value) == str(expected.value)


def test_hook_that_raises_for_a_status_comes_out_as_that_status(
    server: ScriptedServer, caller: Caller
) -> None:
    server.replies(Reply(404, headers={"X-Request-Id": "r-9"}))
    if caller.asynchronous:

        async def hook(response: httpx2.Response) -> None:
            response.raise_for_status()

        own = own_client(caller, event_hooks={"response": [hook]})
    else:
        own = own_client(caller, event_hooks={"response": [httpx2.Response.raise_for_status]})
    with pytest.raises(errors.NotFound) as caught:
        caller.call(get_order, http_client=own)
    assert (caught.value.operation, caught.value.request_id) == ("get_order", "r-9")


def test_hook_that_reads_an_encoded_answer_leaves_it_readable(server: ScriptedServer, caller: Caller) -> None:
    body = gzip.compress(b'{"@id": "/v1/booking/orders/x", "id": "x"}')
    server.replies(Reply(body=body, headers={"Content-Encoding": "gzip"}))
    sizes: list[int] = []
    if caller.asynchronous:

        async def hook(response: httpx2.Response) -> None:
            sizes.append(len(await response.aread()))

        own = own_client(caller, event_hooks={"response": [hook]})
    else:
        own = own_client(
            caller, event_hooks={"response": [lambda response: sizes.append(len(response.read()))]}
        )
    assert caller.call(get_order, http_client=own).id == "x"
    assert sizes[-1] == 42


def test_nothing_of_the_client_goes_to_a_storage_host(
    server: ScriptedServer, other_server: ScriptedServer, caller: Caller
) -> None:
    other_server.replies(Reply(body=b"%PDF-1.7 ..."))
    own = own_client(
        caller, headers={"X-Api-Key": "k"}, cookies={"c": "1"}, params={"t": "1"}, auth=("u", "p")
    )
    url = f"{other_server.base_url}/f.pdf?sig=1%2B"
    if caller.asynchronous:

        async def fetch(korus: AsyncKorus) -> bytes:
            async with korus.transport.fetch(url, operation="download") as fetched:
                return b"".join([chunk async for chunk in fetched.chunks()])
    else:

        def fetch(korus: Korus) -> bytes:
            with korus.transport.fetch(url, operation="download") as fetched:
                return b"".join(fetched.chunks())

    assert caller.call(fetch, http_client=own) == b"%PDF-1.7 ..."
    (seen,) = other_server.seen
    assert seen.target == "/f.pdf?sig=1%2B"
    assert not set(seen.headers) & {"x-api-key", "cookie", "authorization"}


@pytest.mark.parametrize("name", ["http_client", "transport"])
def test_what_is_of_the_other_kind_is_refused(caller: Caller, name: str) -> None:
    wrong = {
        "http_client": httpx2.Client if caller.asynchronous else httpx2.AsyncClient,
        "transport": httpx2.HTTPTransport if caller.asynchronous else httpx2.AsyncHTTPTransport,
    }[name]
    with pytest.raises(
        errors.ConfigurationError, match=rf"`{name}` must be an httpx\.\w+ or httpx2\.\w+, got"
    ):
        caller.client(**{name: wrong()})


@pytest.mark.parametrize("setting", ["http_client", "transport"])
def test_what_was_lent_is_refused_in_a_second_loop(server: ScriptedServer, setting: str) -> None:
    server.answer = lambda _: Reply(body=ORDER, headers={"Connection": "close"})
    server.answer_token = lambda _: Reply(body=token(), headers={"Connection": "close"})
    lent = httpx2.AsyncClient() if setting == "http_client" else httpx2.AsyncHTTPTransport()
    korus = AsyncKorus(**server.settings(**{setting: lent}))

    async def use() -> str | None:
        return (await korus.orders.get("x")).id

    assert asyncio.run(use()) == "x"
    with pytest.raises(errors.ConfigurationError, match=f"Cannot use this {setting} in a second event loop"):
        asyncio.run(use())
    asyncio.run(lent.aclose())


def test_mock_transport_serves_every_loop() -> None:
    korus = AsyncKorus(
        base_url="https://api.test",
        token_url="https://api.test/auth/token",
        client_id="shop",
        client_secret="s",
        transport=answering(lambda _: httpx2.Response(200, json=ORDER)),
    )

    async def use() -> str | None:
        return (await korus.orders.get("x")).id

    assert [asyncio.run(use()) for _ in range(2)] == ["x", "x"]


@pytest.mark.parametrize("setting", ["http_client=httpx2.Client()", "transport=httpx2.HTTPTransport()"])
def test_what_was_lent_is_refused_after_a_fork(server: ScriptedServer, setting: str) -> None:
    server.replies(Reply(body=ORDER))
    script = f"""
import httpx2
korus = Korus(**SETTINGS, {setting})
unused = Korus(**SETTINGS, {setting})
korus.orders.get("x")
wait(in_child(lambda: korus.orders.get("x"), "used"))
wait(in_child(lambda: unused.orders.get("x").id, "unused"))
print("parent:", korus.orders.get("x").id)
os._exit(0) if sys.stdout.flush() is None else None
"""
    parent, unused, used = fork(server, script)
    name = setting.partition("=")[0]
    assert f"ConfigurationError: Cannot use this {name} after a fork" in used
    assert (parent, unused) == ("parent: x", "unused: x")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_cancelled_calls_leave_no_connection_taken(server: ScriptedServer, backend: str) -> None:
    server.answer = lambda _: Reply(body=ORDER, delay=0.3)

    async def main() -> None:
        limits = httpx2.Limits(max_connections=3)
        async with (
            httpx2.AsyncClient(limits=limits) as own,
            AsyncKorus(**server.settings(http_client=own, max_connections=3, retry=ONCE)) as korus,
        ):
            for _ in range(3):
                with anyio.move_on_after(0.1):
                    async with anyio.create_task_group() as group:
                        for _ in range(3):
                            group.start_soon(korus.orders.get, "x")
            (pool,) = library.connection_pools(korus._pool.get())
            assert pool is own._transport._pool
            assert (await korus.orders.get("x")).id == "x"
            assert [each for each in pool.connections if not each.is_idle() and not each.is_closed()] == []

    anyio.run(main, backend=backend)
    gc.collect()


@pytest.mark.parametrize("setting", ["http_client", "transport"])
def test_booking_at_the_sandbox_sync(sandbox: Sandbox, setting: str) -> None:
    own = httpx2.Client() if setting == "http_client" else httpx2.HTTPTransport()
    with Korus(**_at(sandbox), **{setting: own}) as korus:
        catalogs = list(korus.catalogs.list())
        offers = list(korus.offers.list(catalogs[0]))
    own.close()
    with Korus(**_at(sandbox)) as plain:
        assert [offer.iri for offer in plain.offers.list(catalogs[0])] == [offer.iri for offer in offers]
    assert len(offers) > 1


@pytest.mark.parametrize("setting", ["http_client", "transport"])
def test_booking_at_the_sandbox_async(sandbox: Sandbox, setting: str) -> None:
    async def main() -> int:
        own = httpx2.AsyncClient() if setting == "http_client" else httpx2.AsyncHTTPTransport()
        async with AsyncKorus(**_at(sandbox), **{setting: own}) as korus:
            catalog = await korus.catalogs.list().first()
            assert catalog is not None
            found = [offer.iri async for offer in korus.offers.list(catalog)]
        await own.aclose()
        return len(found)

    assert anyio.run(main) > 1


def _at(sandbox: Sandbox) -> dict[str, Any]:
    return {**sandbox.credentials, "base_url": sandbox.base_url, "token_url": sandbox.token_url}


def test_httpx2_is_not_imported_by_korus() -> None:
    import subprocess
    import sys

    script = "import sys, korus; korus.Korus, korus.AsyncKorus; assert 'httpx2' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_only_the_engines_pools_count_as_connection_pools() -> None:
    class Odd(httpx2.BaseTransport):
        _pool = object()

    client = httpx.Client(transport=library.Httpx2Transport(Odd()))
    assert library.connection_pools(client) == []
