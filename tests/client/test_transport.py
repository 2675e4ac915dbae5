"""One call over real sockets: headers, retries, deadlines, and every kind of failure. Sync and async."""

from __future__ import annotations

import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from scripted_server import Caller, Reply, ScriptedServer, token

from korus import RetryPolicy, Timeouts, __version__, errors

ORDER = {"@id": "/v1/booking/orders/o1", "@type": "BookingOrder", "id": "o1"}
QUICK = RetryPolicy(first_wait=0.01, longest_wait=0.02)
ONCE = RetryPolicy(attempts=1)


def get_order(korus):
    return korus.orders.get("o1")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def send(korus, name, **arguments):
    """Send any operation through the transport, as the bulk calls do."""
    from korus._http.endpoints import endpoint, request_for

    module = endpoint(name)
    return korus.transport.send(module.OPERATION, request_for(module, **arguments))


def reserve(korus):
    from korus_api.models import BulkReservationInput

    return send(korus, "bulk_create_reservations", body=BulkReservationInput(items=[]))


@pytest.mark.parametrize("name", ["Client", "AsyncClient"])
def test_a_class_that_traces_httpx_in_place_of_its_own_is_used(
    server: ScriptedServer, caller: Caller, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the instrumentation of OpenTelemetry does up to 0.5x."""
    traced: list[object] = []
    own = getattr(httpx, name)

    class Traced(own):
        def __init__(self, **options):
            super().__init__(**options)
            traced.append(self)

    monkeypatch.setattr(httpx, name, Traced)
    server.replies(Reply(body=ORDER))
    caller.call(get_order)
    assert len(traced) == (caller.asynchronous == (name == "AsyncClient"))


def test_a_request_says_what_it_wants_and_who_asks(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER))
    assert caller.call(get_order, language="fr").id == "o1"
    (seen,) = server.api_requests
    assert (seen.method, seen.target) == ("GET", "/v1/booking/orders/o1")
    assert seen.headers["accept"] == "application/ld+json"
    assert seen.headers["accept-language"] == "fr"
    assert seen.headers["authorization"] == "Bearer canary-access-9b21-1"
    agent = seen.headers["user-agent"]
    assert agent.startswith(f"korus/{__version__} (KorusTicket API ")
    assert f"httpx/{httpx.__version__}" in agent


def test_without_a_language_none_is_asked_for(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER))
    caller.call(get_order)
    assert "accept-language" not in server.api_requests[0].headers


def test_a_write_says_what_its_body_is(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body={"reservations": []}))
    caller.call(reserve)
    (seen,) = server.api_requests
    assert seen.headers["content-type"] == "application/ld+json"
    assert json.loads(seen.body) == {"items": []}


def test_options_change_one_client_and_share_token_and_pool(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER))
    caller.call(
        get_order, lambda korus: korus.with_options(language="nl", timeout=5).orders.get("o1"), get_order
    )
    assert [seen.headers.get("accept-language") for seen in server.api_requests] == [None, "nl", None]
    assert len(server.token_requests) == 1


def test_other_credentials_get_a_token_of_their_own(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER))
    caller.call(get_order, lambda korus: korus.with_options(client_id="other").orders.get("o1"))
    assert [b"client_id=other" in seen.body for seen in server.token_requests] == [False, True]


def test_a_client_that_was_borrowed_from_leaves_the_pool_open(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=ORDER))
    client = caller.client()
    borrowed = client.with_options(language="de")
    if caller.asynchronous:
        import anyio

        anyio.run(borrowed.aclose)
    else:
        borrowed.close()
    assert caller.using(client, get_order).id == "o1"


def test_a_closed_client_says_so(server: ScriptedServer, caller: Caller) -> None:
    client = caller.client()
    caller.using(client, lambda _: None) if not caller.asynchronous else caller.using(client, lambda _: 1)
    with pytest.raises(errors.ConfigurationError, match="closed"):
        caller.using(client, get_order)


def test_an_httpx_client_of_ones_own_is_used_and_left_open(server: ScriptedServer, caller: Caller) -> None:
    # no connection is kept, since the test closes its client in another event loop
    server.replies(Reply(body=ORDER, headers={"Connection": "close"}))
    server.answer_token = lambda _: Reply(body=token(), headers={"Connection": "close"})
    if caller.asynchronous:
        import anyio

        own = httpx.AsyncClient(headers={"X-Mine": "yes"}, follow_redirects=True, auth=("u", "p"))
        close = lambda: anyio.run(own.aclose)  # noqa: E731
    else:
        own = httpx.Client(headers={"X-Mine": "yes"}, follow_redirects=True, auth=("u", "p"))
        close = own.close
    caller.using(caller.client(http_client=own), get_order)
    assert server.api_requests[0].headers["x-mine"] == "yes"
    assert server.api_requests[0].headers["authorization"].startswith("Bearer ")
    assert "authorization" not in server.token_requests[0].headers
    assert not own.is_closed
    close()


def test_a_transport_of_ones_own_is_used(server: ScriptedServer, caller: Caller) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 60})
        return httpx.Response(200, json=ORDER)

    assert caller.call(get_order, transport=httpx.MockTransport(handle)).id == "o1"
    assert server.seen == []


def test_an_httpx_client_of_the_other_kind_is_refused(caller: Caller) -> None:
    wrong = httpx.Client() if caller.asynchronous else httpx.AsyncClient()
    with pytest.raises(errors.ConfigurationError, match="`http_client` must be a"):
        caller.client(http_client=wrong)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, errors.StatusError),
        (400, errors.BadRequest),
        (403, errors.PermissionDenied),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (410, errors.StatusError),
        (422, errors.ValidationFailed),
        (429, errors.RateLimited),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (599, errors.ServerError),
    ],
)
def test_each_status_is_an_error_of_its_own(
    server: ScriptedServer, caller: Caller, status: int, kind: type[errors.StatusError]
) -> None:
    problem = {"title": "An error occurred", "detail": "Not today.", "type": f"/errors/{status}"}
    server.replies(Reply(status, problem, {"X-Request-Id": "r-17", "Set-Cookie": "a=b"}))
    with pytest.raises(errors.StatusError) as caught:
        caller.call(get_order, retry=ONCE)
    error = caught.value
    assert type(error) is kind
    assert (error.operation, error.status, error.request_id) == ("get_order", status, "r-17")
    assert error.problem is not None
    assert (error.problem.title, error.problem.detail) == ("An error occurred", "Not today.")
    assert error.problem.raw == problem
    assert "set-cookie" not in error.headers


def test_violations_come_with_the_argument_and_the_line_they_concern(
    server: ScriptedServer, caller: Caller
) -> None:
    violations = [
        {"propertyPath": "items[1].ticketSessions[0].session", "message": "No such session.", "code": "c1"},
        {"propertyPath": "customer.email", "message": "Not a mail address."},
    ]
    server.replies(Reply(422, {"violations": violations}))
    with pytest.raises(errors.ValidationFailed) as caught:
        caller.call(reserve)
    first, second = caught.value.violations
    assert (first.path, first.message, first.code, first.line) == (
        "items[1].ticketSessions[0].session",
        "No such session.",
        "c1",
        2,
    )
    assert first.argument == "items[1].ticket_sessions[0].session"
    assert (second.argument, second.line) == ("customer.email", None)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"<html>oops", b'{"violations": 3}', b"\xff\xfe"])
def test_a_422_without_readable_violations_is_still_validation(
    server: ScriptedServer, caller: Caller, body: bytes
) -> None:
    server.replies(Reply(422, body))
    with pytest.raises(errors.ValidationFailed) as caught:
        caller.call(reserve)
    assert caught.value.violations == ()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_read_is_repeated_after_a_passing_failure(
    server: ScriptedServer, caller: Caller, status: int
) -> None:
    server.replies(Reply(status), Reply(status), Reply(body=ORDER))
    assert caller.call(get_order, retry=QUICK).id == "o1"
    assert len(server.api_requests) == 3


def test_a_500_is_not_repeated(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(500))
    with pytest.raises(errors.ServerError):
        caller.call(get_order, retry=QUICK)
    assert len(server.api_requests) == 1


@pytest.mark.parametrize(
    "reply", [Reply(502), Reply(503, headers={"Retry-After": "0"}), Reply(504), Reply(reset=True)]
)
def test_a_bulk_post_that_may_have_been_carried_out_is_never_repeated(
    server: ScriptedServer, caller: Caller, reply: Reply
) -> None:
    server.replies(reply, Reply(body={"reservations": []}))
    with pytest.raises(errors.KorusError):
        caller.call(reserve, retry=QUICK)
    assert len(server.api_requests) == 1


def test_a_bulk_post_that_was_turned_away_is_repeated(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(429, headers={"Retry-After": "0"}), Reply(body={"reservations": []}))
    caller.call(reserve, retry=QUICK)
    assert len(server.api_requests) == 2


def test_attempts_are_counted(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(503))
    with pytest.raises(errors.ServerError):
        caller.call(get_order, retry=RetryPolicy(attempts=3, first_wait=0.001))
    assert len(server.api_requests) == 3


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_kept_to(server: ScriptedServer, caller: Caller, form: str) -> None:
    def answer(_: object) -> Reply:
        if len(server.api_requests) > 1:
            return Reply(body=ORDER)
        # a date has whole seconds, so it may be up to one second nearer than it says
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        return Reply(503, headers={"Retry-After": "1" if form == "seconds" else date})

    server.answer = answer
    caller.call(get_order, retry=QUICK)
    first, second = server.api_requests
    assert 0.9 <= second.at - first.at < 2.6


def test_retry_after_is_capped(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(429, headers={"Retry-After": "3600"}), Reply(body=ORDER))
    began = time.monotonic()
    caller.call(get_order, retry=RetryPolicy(first_wait=0.01, retry_after_cap=0.2))
    assert 0.2 <= time.monotonic() - began < 1


def test_a_wait_beyond_the_deadline_is_not_begun(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(503, headers={"Retry-After": "30"}))
    began = time.monotonic()
    with pytest.raises(errors.ServerError) as caught:
        caller.call(get_order, timeout=2)
    assert caught.value.retry_after == 30
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(delay=8),
        Reply(body=b"x" * 2000, drip=0.01),
        Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 100, drip=0.01),
    ],
    ids=["silence", "a body byte by byte", "headers byte by byte"],
)
def test_the_deadline_holds_within_a_tenth(server: ScriptedServer, caller: Caller, reply: Reply) -> None:
    server.replies(reply)

    def seconds() -> float:
        began: list[float] = []

        def timed(korus):
            began.append(time.monotonic())
            return korus.orders.get("o1")

        with pytest.raises(errors.TimedOut) as caught:
            caller.call(timed, timeout=2)
        assert caught.value.sent is True
        return time.monotonic() - began[0]

    # a busy machine may be late by itself, but not three times
    assert any(1.9 < seconds() < 2.2 for _ in range(3))


def test_the_deadline_covers_retries_and_their_waits(server: ScriptedServer, caller: Caller) -> None:
    server.answer = lambda _: Reply(503, delay=0.1)
    began = time.monotonic()
    with pytest.raises(errors.KorusError):
        caller.call(get_order, timeout=1, retry=RetryPolicy(attempts=1000, first_wait=0.05, longest_wait=0.1))
    assert time.monotonic() - began < 1.3
    assert len(server.api_requests) > 3


def test_a_refused_connection_was_not_sent_and_is_repeated(caller: Caller) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with pytest.raises(errors.ConnectionFailed) as caught:
        caller.call(get_order, base_url=url, retry=QUICK)
    assert caught.value.sent is False
    assert caught.value.operation == "get_order"


def test_a_name_that_does_not_resolve_was_not_sent(caller: Caller) -> None:
    with pytest.raises(errors.TransportError) as caught:
        caller.call(get_order, base_url="http://korus.invalid", retry=ONCE)
    assert caught.value.sent is False


def test_failing_tls_was_not_sent(caller: Caller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_in_plain_text() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        plain = threading.Thread(target=answer_in_plain_text)
        plain.start()
        with pytest.raises(errors.ConnectionFailed) as caught:
            caller.call(get_order, token_url=f"https://127.0.0.1:{listener.getsockname()[1]}/", retry=ONCE)
        plain.join()
    assert caught.value.sent is False


def test_a_bulk_post_that_never_left_is_repeated(server: ScriptedServer, caller: Caller) -> None:
    tried = []

    class Flaky(httpx.MockTransport):
        pass

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 60})
        tried.append(request.method)
        if len(tried) < 3:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, json={"reservations": []})

    caller.call(reserve, transport=Flaky(handle), retry=QUICK)
    assert tried == ["POST", "POST", "POST"]


@pytest.mark.parametrize(
    ("error", "kind", "sent"),
    [
        (httpx.ConnectError, errors.ConnectionFailed, False),
        (httpx.ConnectTimeout, errors.TimedOut, False),
        (httpx.PoolTimeout, errors.TimedOut, False),
        (httpx.ProxyError, errors.ConnectionFailed, False),
        (httpx.ReadTimeout, errors.TimedOut, True),
        (httpx.WriteTimeout, errors.TimedOut, True),
        (httpx.ReadError, errors.ConnectionLost, True),
        (httpx.WriteError, errors.ConnectionLost, True),
        (httpx.CloseError, errors.ConnectionLost, True),
        (httpx.RemoteProtocolError, errors.ConnectionLost, True),
        (ConnectionResetError, errors.ConnectionLost, True),
        (OSError, errors.ConnectionLost, True),
    ],
)
def test_every_failure_of_the_connection_says_whether_the_request_was_sent(
    caller: Caller, error: type[Exception], kind: type[errors.TransportError], sent: bool
) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 60})
        raise error("as told")

    with pytest.raises(errors.TransportError) as caught:
        caller.call(get_order, transport=httpx.MockTransport(handle), retry=ONCE)
    assert type(caught.value) is kind
    assert caught.value.sent is sent
    assert "as told" in str(caught.value) or kind is errors.TimedOut
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_failing_token_request_means_that_the_call_was_not_sent(
    server: ScriptedServer, caller: Caller
) -> None:
    server.answer_token = lambda _: Reply(reset=True)
    with pytest.raises(errors.TransportError) as caught:
        caller.call(reserve, retry=ONCE)
    assert caught.value.sent is False
    assert server.api_requests == []


def test_an_unwell_token_endpoint_is_asked_again_even_for_a_bulk_post(
    server: ScriptedServer, caller: Caller
) -> None:
    server.answer_token = lambda _: Reply(503) if len(server.token_requests) < 3 else Reply(body=token())
    server.replies(Reply(body={"reservations": []}))
    caller.call(reserve, retry=QUICK)
    assert (len(server.token_requests), len(server.api_requests)) == (3, 1)


CUT_SHORT = b'HTTP/1.1 200 OK\r\nContent-Type: application/ld+json\r\nContent-Length: 500\r\n\r\n{"@id": '


def test_an_answer_cut_short_is_a_lost_connection(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(raw=CUT_SHORT))
    with pytest.raises(errors.ConnectionLost) as caught:
        caller.call(reserve, retry=QUICK)
    assert caught.value.sent is True
    assert len(server.api_requests) == 1


def test_a_read_that_was_cut_short_is_repeated(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(raw=CUT_SHORT), Reply(body=ORDER))
    assert caller.call(get_order, retry=QUICK).id == "o1"


@pytest.mark.parametrize(
    ("reply", "excerpt"),
    [
        (Reply(body=b"<html><body>Bad gateway</body></html>", headers={"Content-Type": "text/html"}), b"<htm"),
        (Reply(body=b""), b""),
        (Reply(body=b'{"@id": "/v1/booking/ord'), b'{"@i'),
        (Reply(body='{"name": "café"}'.encode("latin-1")), b'{"na'),
        (Reply(body=b'{"n": "\xff"}', headers={"Content-Type": "application/json; charset=utf-16"}), b'{"n"'),
        (Reply(body=b" " * 10_000_000), b"    "),
        (Reply(body=b"[" * 1_000_000), b"[[[["),
        (Reply(body=b'{"a":' * 100_000 + b"1" + b"}" * 100_000), b'{"a"'),
        (Reply(body=b"9" * 10_000), b"9999"),
        (Reply(body=b'{"n": NaN}'), b'{"n"'),
        (Reply(body=b"null"), b"null"),
        (Reply(body=b"[1, 2]"), b"[1, "),
        (Reply(body=b'"text"'), b'"tex'),
    ],
    ids=[
        "html", "empty", "truncated", "wrong charset", "charset that does not fit", "10 MB of spaces",
        "deep arrays", "deep objects", "a number without end", "NaN", "null", "an array", "a text",
    ],
)  # fmt: skip
def test_an_answer_that_is_no_json_object_is_a_decoding_failure(
    server: ScriptedServer, caller: Caller, reply: Reply, excerpt: bytes
) -> None:
    server.replies(reply)
    began = time.monotonic()
    with pytest.raises(errors.DecodingFailed) as caught:
        caller.call(get_order)
    assert time.monotonic() - began < 5
    assert caught.value.excerpt == excerpt
    assert (caught.value.operation, caught.value.status) == ("get_order", 200)


def test_the_charset_that_an_answer_names_is_used(server: ScriptedServer, caller: Caller) -> None:
    server.replies(
        Reply(
            body='{"reference": "café"}'.encode("latin-1"),
            headers={"Content-Type": "application/ld+json; charset=ISO-8859-1"},
        )
    )
    assert caller.call(get_order).reference == "café"


def test_too_long_answer_is_refused_before_its_end(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=b'{"a": "' + b"x" * 2_000_000 + b'"}'))
    with pytest.raises(errors.DecodingFailed, match="max_answer_bytes"):
        caller.call(get_order, max_answer_bytes=100_000)


def test_a_broken_content_encoding_is_a_decoding_failure(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body=b"not gzip at all", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(errors.DecodingFailed, match="content encoding"):
        caller.call(get_order)


def test_an_answer_that_is_no_http_is_a_lost_connection(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(raw=b"SSH-2.0-OpenSSH_9.6\r\n"))
    with pytest.raises(errors.ConnectionLost):
        caller.call(get_order, retry=ONCE)


def test_timeouts_of_their_own_are_kept(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(delay=2))
    began = time.monotonic()
    with pytest.raises(errors.TimedOut, match="no answer in time"):
        caller.call(get_order, timeout=Timeouts(total=None, read=0.2), retry=ONCE)
    assert time.monotonic() - began < 1


def test_a_redirect_is_not_followed_and_the_token_stays(
    server: ScriptedServer, other_server: ScriptedServer, caller: Caller
) -> None:
    server.replies(Reply(307, headers={"Location": f"{other_server.base_url}/v1/booking/orders/o1"}))
    with pytest.raises(errors.StatusError, match="redirects are not followed") as caught:
        caller.call(get_order, retry=ONCE)
    assert caught.value.status == 307
    assert other_server.seen == []


def fetching(caller: Caller, url: str):
    """A call that gives the body at an address outside the API."""
    if caller.asynchronous:

        async def fetch(korus):
            async with korus.transport.fetch(url, operation="download") as got:
                return b"".join([chunk async for chunk in got.chunks()])
    else:

        def fetch(korus):
            with korus.transport.fetch(url, operation="download") as got:
                return b"".join(got.chunks())

    return fetch


BARE = {"host", "accept", "accept-encoding", "user-agent", "connection"}


def test_a_fetch_from_storage_carries_no_token(
    server: ScriptedServer, other_server: ScriptedServer, caller: Caller
) -> None:
    server.replies(Reply(body=ORDER))
    other_server.replies(Reply(body=b"%PDF-1.7 ..."))
    fetch = fetching(caller, f"{other_server.base_url}/f.pdf?sig=1")
    assert caller.call(get_order, fetch) == b"%PDF-1.7 ..."
    (seen,) = other_server.seen
    assert set(seen.headers) <= BARE
    assert seen.target == "/f.pdf?sig=1"


def test_nothing_of_an_own_httpx_client_goes_to_storage(
    server: ScriptedServer, other_server: ScriptedServer, caller: Caller
) -> None:
    other_server.replies(Reply(body=b"%PDF-1.7 ..."))
    kind = httpx.AsyncClient if caller.asynchronous else httpx.Client
    client = kind(
        headers={"X-Api-Key": "k", "Authorization": "Basic eDp5", "Accept": "text/html"},
        cookies={"session": "c"},
        params={"tenant": "t"},
        auth=("user", "password"),
        base_url="https://elsewhere.test",
    )
    assert caller.call(fetching(caller, f"{other_server.base_url}/f.pdf?sig=1%2B"), http_client=client)
    (seen,) = other_server.seen
    assert set(seen.headers) <= BARE
    assert seen.headers["accept"] == "*/*"
    assert seen.target == "/f.pdf?sig=1%2B"


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.test/f.pdf?Signature=canary",
        "https://127.0.0.1/f.pdf?Signature=canary",
        "https://[::1]/f.pdf",
        "https://user:canary@localhost:1/f.pdf",
        "https://169.254.169.254/latest/meta-data/?canary",
        "https://2130706433/",
        "https://storage.test@127.0.0.1/",
    ],
)
def test_an_address_that_is_no_storage_host_is_not_fetched(caller: Caller, url: str) -> None:
    asked = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200)

    with pytest.raises(errors.DownloadFailed) as caught:
        caller.call(
            fetching(caller, url), transport=httpx.MockTransport(handle), base_url="https://api.test",
            token_url="https://auth.test/token",
        )  # fmt: skip
    assert asked == []
    assert "canary" not in str(caught.value)
    assert caught.value.operation == "download"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "/etc/passwd", "javascript:1"])
def test_only_http_addresses_are_fetched(caller: Caller, url: str) -> None:
    if caller.asynchronous:

        async def fetch(korus):
            async with korus.transport.fetch(url, operation="download"):
                pass
    else:

        def fetch(korus):
            with korus.transport.fetch(url, operation="download"):
                pass

    with pytest.raises(errors.InvalidArgument):
        caller.call(fetch)


def test_a_hook_that_raises_for_a_status_comes_out_as_that_status(
    server: ScriptedServer, caller: Caller
) -> None:
    server.replies(Reply(404, headers={"Connection": "close", "X-Request-Id": "r-9"}))
    server.answer_token = lambda _: Reply(body=token(), headers={"Connection": "close"})
    if caller.asynchronous:

        async def hook(response: httpx.Response) -> None:
            response.raise_for_status()

        own = httpx.AsyncClient(event_hooks={"response": [hook]})
    else:
        own = httpx.Client(event_hooks={"response": [httpx.Response.raise_for_status]})
    with pytest.raises(errors.NotFound) as caught:
        caller.call(get_order, http_client=own)
    assert (caught.value.operation, caught.value.request_id) == ("get_order", "r-9")


def test_an_address_that_is_too_long_is_an_error_of_korus(caller: Caller) -> None:
    with pytest.raises(errors.KorusError):
        caller.call(lambda korus: korus.orders.list(external_reference="x" * 100_000).first())
