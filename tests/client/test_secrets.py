"""Secrets stay where they belong: canaries go through every path and must not come out of any."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from scripted_server import CANARIES, Caller, Reply, ScriptedServer, token

from korus import AsyncKorus, Cache, Korus, RetryPolicy, errors
from korus._core.config import Config
from korus._core.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

ORDER = {"@id": "/v1/booking/orders/o1", "id": "o1"}
ONCE = RetryPolicy(attempts=1)
ECHO = {"detail": f"you sent {CANARIES['access']}-1 and {CANARIES['secret']} and {CANARIES['refresh']}-1"}


def get_order(korus):
    return korus.orders.get("o1")


def assert_no_canary(text: str | bytes) -> None:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    for name, canary in CANARIES.items():
        assert canary not in shown, (
            f"the {name} canary came out: …{shown[max(shown.find(canary) - 200, 0) :][:300]}"
        )


def everything_shown(error: BaseException) -> str:
    """What any handler could print: repr, str, attributes, and the whole traceback with local variables."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "\n".join([repr(error), str(error), repr(vars(error)), *_outside_the_tests(lines).format()])


def _outside_the_tests(lines: traceback.TracebackException) -> traceback.TracebackException:
    """Drop the frames of the tests themselves, which hold the canaries as plain text."""
    lines.stack[:] = [frame for frame in lines.stack if "/tests/" not in frame.filename]
    for linked in (lines.__cause__, lines.__context__, *(lines.exceptions or ())):
        if linked is not None:
            _outside_the_tests(linked)
    return lines


REPLIES = {
    "status": Reply(500, ECHO),
    "violations": Reply(422, {"violations": [{"propertyPath": "x", "message": str(ECHO)}]}),
    "html": Reply(502, f"<html>{ECHO}</html>".encode(), {"Content-Type": "text/html"}),
    "echoing header": Reply(400, {}, {"X-Echo": f"Bearer {CANARIES['access']}-1"}),
    "unauthorized": Reply(401, ECHO),
    "redirect": Reply(302, b"", {"Location": "http://127.0.0.1:1/"}),
    "not json": Reply(200, f"<p>{ECHO['detail']}</p>".encode()),
    "not an object": Reply(200, [ECHO]),
    "cut short": Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
    "reset": Reply(reset=True),
    "no http": Reply(raw=b"hello\r\n\r\n"),
    "slow": Reply(delay=1),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_no_failing_call_shows_a_secret(
    server: ScriptedServer, caller: Caller, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.replies(reply)
    with pytest.raises(errors.KorusError) as caught:
        caller.call(get_order, retry=ONCE, timeout=0.5)
    assert_no_canary(everything_shown(caught.value))
    assert_no_canary(pickle.dumps(caught.value))
    assert_no_canary(repr(copy.deepcopy(caught.value)))
    # httpcore logs the headers of answers; that an answer echoes a token there is beyond our reach
    assert_no_canary(
        "".join(record.getMessage() for record in caplog.records if record.name[:8] != "httpcore")
    )


TOKEN_REPLIES = {
    "refused": Reply(401, {"error": "invalid_client", "error_description": CANARIES["secret"]}),
    "unwell": Reply(503, {"detail": CANARIES["secret"]}),
    "not json": Reply(200, f"{token()}".encode()),
    "cut short": Reply(200, json.dumps(token()).encode()[:60]),
    "no token": Reply(200, {"refresh_token": CANARIES["refresh"]}),
    "reset": Reply(reset=True),
    "slow": Reply(delay=1),
    "broken gzip": Reply(200, json.dumps(token()).encode(), {"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("reply", TOKEN_REPLIES.values(), ids=TOKEN_REPLIES)
def test_no_failing_token_request_shows_a_secret(
    server: ScriptedServer, caller: Caller, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer_token = lambda _: reply
    with pytest.raises(errors.KorusError) as caught:
        caller.call(get_order, retry=ONCE, timeout=0.5)
    assert_no_canary(everything_shown(caught.value))
    assert_no_canary(everything_shown(ExceptionGroup("several", [caught.value])))
    assert_no_canary(pickle.dumps(caught.value))
    assert_no_canary(caplog.text)


def test_a_working_call_logs_no_secret(
    server: ScriptedServer, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.replies(Reply(401, {}), Reply(body=ORDER))
    order = caller.call(get_order)
    assert_no_canary(caplog.text)
    assert_no_canary(json.dumps(order.to_dict()) + repr(order))


@pytest.mark.parametrize("kind", [Korus, AsyncKorus])
def test_nothing_of_a_client_shows_a_secret(server: ScriptedServer, kind: type) -> None:
    client = kind(**server.settings(journal="postgresql://me:canary-secret-7f3a@db/korus"))
    shown = [
        client,
        client.config,
        client.transport,
        client.orders,
        client.orders.list(),
        client.transport.tokens,
        vars(client),
        vars(client.transport),
        vars(client.transport.tokens),
        client.with_options(client_secret=CANARIES["secret"] + "2"),
    ]
    assert_no_canary("\n".join(f"{thing!r} {thing!s} {thing}" for thing in shown))


@pytest.mark.parametrize("kind", [Korus, AsyncKorus])
def test_neither_a_client_nor_its_configuration_can_be_pickled(server: ScriptedServer, kind: type) -> None:
    client = kind(**server.settings())
    for thing in (client, client.config, client.config.client_secret):
        file = io.BytesIO()
        with pytest.raises(TypeError, match="pickled"):
            pickle.dump(thing, file)
        assert_no_canary(file.getvalue())


@pytest.mark.parametrize("kind", [Korus, AsyncKorus])
@pytest.mark.parametrize(
    "changes",
    [{"environment": "moon"}, {"base_url": "ftp://x"}, {"timeout": "soon"}, {"language": "\n"}],
    ids=str,
)
def test_a_configuration_error_shows_no_secret(
    server: ScriptedServer, kind: type, changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        kind(**server.settings(**changes))
    assert_no_canary(everything_shown(caught.value))
    monkeypatch.setenv("KORUS_CLIENT_SECRET", CANARIES["secret"])
    monkeypatch.setenv("KORUS_BASE_URL", server.base_url)
    monkeypatch.setenv("KORUS_TIMEOUT", "soon")
    with pytest.raises(errors.ConfigurationError) as caught:
        kind.from_env()
    assert_no_canary(everything_shown(caught.value))
    monkeypatch.delenv("KORUS_TIMEOUT")
    with pytest.raises(errors.ConfigurationError) as caught:
        kind.from_env(client_secret=CANARIES["secret"])
    assert_no_canary(everything_shown(caught.value))


ADDRESSES = [
    "https://user:canary-secret-7f3a@api.test",
    "https://canary-secret-7f3a@api.test/x?y#z",
    "https://user:canary-secret-7f3a/@api.test",
    "https:/user:canary-secret-7f3a@api.test",
    "user:canary-secret-7f3a@api.test",
    "ftp://user:canary-secret-7f3a?@api.test",
]


@pytest.mark.parametrize("kind", [Korus, AsyncKorus])
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("setting", ["base_url", "token_url"])
def test_a_password_in_an_address_is_refused_and_not_shown(
    server: ScriptedServer, kind: type, setting: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = server.settings(**{setting: address})
    client = kind(**server.settings())
    for build in (
        lambda: kind(**settings),
        lambda: kind.from_env(**settings),
        lambda: client.with_options(**{setting: address}),
    ):
        with pytest.raises(errors.ConfigurationError, match=setting) as caught:
            build()
        assert_no_canary(everything_shown(caught.value))
    for name, value in {**settings, "client_secret": "s"}.items():
        monkeypatch.setenv(f"KORUS_{name.upper()}", value)
    with pytest.raises(errors.ConfigurationError, match=setting) as caught:
        kind.from_env()
    assert_no_canary(everything_shown(caught.value))


@pytest.mark.parametrize("kind", [Korus, AsyncKorus])
@pytest.mark.parametrize(
    "cache",
    [
        "valkey://user:canary-secret-7f3a@cache.test",
        "REDIS+TLS://user:canary-secret-7f3a@cache.test/0",
        "sqlite:///canary-secret-7f3a",
        "http://canary-secret-7f3a",
    ],
)
def test_a_cache_of_an_unknown_scheme_is_refused_and_not_shown(
    server: ScriptedServer, kind: type, cache: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    client = kind(**server.settings())
    for build in (
        lambda: kind(**server.settings(cache=cache)),
        lambda: kind.from_env(**server.settings(cache=cache)),
        lambda: client.with_options(cache=cache),
        lambda: Cache(cache),
        lambda: Cache.of(cache),
    ):
        with pytest.raises(errors.ConfigurationError, match="scheme") as caught:
            build()
        assert_no_canary(everything_shown(caught.value))
    with pytest.raises(errors.ConfigurationError) as caught:
        Cache("redis://user:canary-secret-7f3a@cache.test", keep=-1)
    assert_no_canary(everything_shown(caught.value))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [Korus, AsyncKorus])
@pytest.mark.parametrize(
    "wrong",
    [{"timeout": "soon"}, {"base_url": "ftp://x"}, {"cache": "valkey://x"}, {"http_client": 1}, {"max_connections": 0}],
    ids=str,
)  # fmt: skip
def test_the_password_of_the_journal_is_in_no_traceback(
    server: ScriptedServer, kind: type, wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # what the journal itself raises when it is opened is tested with the journal
    url = "postgresql://me:canary-secret-7f3a@db/korus"
    client = kind(**server.settings())
    monkeypatch.setenv("KORUS_JOURNAL", url)
    for build in (
        lambda: kind(**server.settings(journal=url, **wrong)),
        lambda: kind(**server.settings(journal=Secret(url), **wrong)),
        lambda: kind.from_env(**server.settings(**wrong)),
        lambda: kind.from_env(**server.settings(journal=url, **wrong)),
        lambda: client.with_options(journal=url, **wrong),
    ):
        with pytest.raises(errors.ConfigurationError) as caught:
            build()
        assert_no_canary(everything_shown(caught.value))


def test_an_unexpected_error_in_the_middle_of_a_call_shows_no_secret(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in a transport of the user's own: not ours to catch, but its traceback goes through our frames."""
    import httpx

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(200, json=token())
        raise ZeroDivisionError

    client = Korus(**server.settings(transport=httpx.MockTransport(handle)))
    with pytest.raises(ZeroDivisionError) as caught:
        client.orders.get("o1")
    assert_no_canary(everything_shown(caught.value))


def test_a_secret_hides_itself_everywhere() -> None:
    secret = Secret("canary-secret-7f3a")
    assert (
        f"{secret} {secret!r} {secret!s} %s" % secret
        == "Secret('***') Secret('***') Secret('***') Secret('***')"
    )
    assert secret.reveal() == "canary-secret-7f3a"
    assert secret == Secret(secret)
    assert secret != Secret("other")
    assert secret != "canary-secret-7f3a"
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret
    assert not hasattr(secret, "__dict__")
    assert sys.getsizeof(secret)


def test_a_configuration_compares_and_shows_itself_without_its_secret() -> None:
    config = Config("https://a", "https://b", "shop", Secret("canary-secret-7f3a"))
    assert config == Config("https://a", "https://b", "shop", Secret("canary-secret-7f3a"))
    assert_no_canary(repr(config))
