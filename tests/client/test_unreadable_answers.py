"""What nobody can read may be somebody's order: it is described in errors and logs, and never quoted."""

from __future__ import annotations

import logging

import httpx
import pytest
from scripted_server import Caller, Reply, ScriptedServer, token

from korus import RetryPolicy, errors
from korus._http.transport_errors import failure_of

ONCE = RetryPolicy(attempts=1, settle=0.05)
CANARIES = ("Lovelace", "ada@example.org", "1607709132476385", "canary-access", "canary-refresh")
PERSONAL = (
    b'{"orders": [{"lastname": "Lovelace", "email": "ada@example.org", "voucher": "1607709132476385"}]}'
)
TOKENS = str(token()).encode()
RESERVATION = "/v1/booking/reservations/019a57f7-0d80-7f8f-8d5c-000000000001"
HELD = {"@id": RESERVATION, "status": "reserved", "expired": False}
CUSTOMER = {"firstname": "Ada", "lastname": "Byron", "email": "byron@example.org"}

# a desynchronised proxy gives the rest of one answer before the next, or something else altogether
GARBLED = {
    "a body before the head": Reply(raw=PERSONAL + TOKENS + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "a header that is none": Reply(raw=b"HTTP/1.1 200 OK\r\n" + PERSONAL + TOKENS + b"\r\n\r\n"),
    "a reason phrase": Reply(raw=b"HTTP/1.1 299 " + PERSONAL + TOKENS + b"\r\nContent-Length: 0\r\n\r\n"),
    "a length that is none": Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: " + PERSONAL + b"\r\n\r\n"),
    "a chunk that is none": Reply(
        raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + PERSONAL + TOKENS + b"\r\n"
    ),
    "a line without an end": Reply(raw=PERSONAL * 2000),
    "markup": Reply(body=b"<html>" + PERSONAL + TOKENS),
    "text": Reply(body=b"Dear " + PERSONAL + TOKENS, headers={"Content-Type": "text/plain"}),
    "JSON cut short": Reply(body=(PERSONAL + TOKENS)[:-9]),
    "JSON of another kind": Reply(body=b"[" + PERSONAL + b"]"),
    "an error page": Reply(502, b"<html>" + PERSONAL + TOKENS),
    "another status": Reply(218, b"<html>" + PERSONAL + TOKENS),
    "a broken encoding": Reply(body=PERSONAL + TOKENS, headers={"Content-Encoding": "gzip"}),
}


def shown(error: BaseException, log: str) -> list[str]:
    text = f"{error}\n{error!r}\n{vars(error)}\n{log}"
    return [canary for canary in CANARIES if canary in text]


def get_order(korus):
    return korus.orders.get("o1")


def create_order(korus):
    return korus.orders.create(RESERVATION, customer=CUSTOMER, external_reference="R")


@pytest.mark.parametrize("reply", GARBLED.values(), ids=GARBLED)
@pytest.mark.parametrize("call", [get_order, create_order])
def test_an_unreadable_answer_is_quoted_nowhere(
    server: ScriptedServer, caller: Caller, reply: Reply, call, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="korus")
    server.answer = lambda seen: (
        Reply(body=HELD) if seen.path == RESERVATION else reply if seen.method == "POST" or call is get_order
        else Reply(body={"member": [], "totalItems": 0})
    )  # fmt: skip
    with pytest.raises(errors.KorusError) as caught:
        caller.call(call, retry=ONCE, timeout=5)
    assert shown(caught.value, caplog.text) == []


@pytest.mark.parametrize("reply", GARBLED.values(), ids=GARBLED)
def test_an_unreadable_answer_of_the_token_endpoint_is_quoted_nowhere(
    server: ScriptedServer, caller: Caller, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="korus")
    server.answer_token = lambda _: reply
    with pytest.raises(errors.TransportError) as caught:
        caller.call(get_order, retry=ONCE, timeout=5)
    assert caught.value.sent is False
    assert shown(caught.value, caplog.text) == []
    assert not getattr(caught.value, "excerpt", b"")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.RemoteProtocolError("illegal header line: bytearray(b'Lovelace')"), "illegal header line"),
        (httpx.RemoteProtocolError("<ConnectionTerminated error_code:1, additional_data:b'Lovelace'>"), "error_code"),
        (httpx.LocalProtocolError("Illegal header value b'Bearer canary-access'"), "Illegal header value"),
        (httpx.LocalProtocolError('Illegal header value "Bearer canary-access"'), "Illegal header value"),
        (httpx.ProxyError("407 Lovelace"), "407"),
        (httpx.InvalidURL("Invalid port: 'canary-access@host'"), "Invalid port"),
        (httpx.CookieConflict("Multiple cookies exist with name=canary-access"), "Multiple cookies"),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), "without sending a response."),
        (httpx.ConnectError("[Errno 111] Connection refused"), "[Errno 111] Connection refused"),
        (httpx.RemoteProtocolError(""), "RemoteProtocolError"),
        (httpx.RemoteProtocolError("long " * 50 + "Lovelace"), "long"),
    ],
)  # fmt: skip
def test_httpx_error_is_cut_before_it_quotes(error: Exception, said: str) -> None:
    failure = failure_of(error, sent=True, operation="get_order")
    assert said in str(failure)
    assert shown(failure, "") == []
    assert len(str(failure)) < 200
