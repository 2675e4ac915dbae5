"""Every operation of the description, over a transport that fails: what is repeated and what never is."""

import importlib

import httpx
import pytest
from korus_api.operations import OPERATIONS

from korus import Korus, RetryPolicy
from korus._http.retry import REPLAY, Replay, replay_of
from korus.errors import ConnectionFailed, ConnectionLost, ServerError

ATTEMPTS = 3


class Failing(httpx.BaseTransport):
    """Gives tokens, and fails at everything else in one way."""

    def __init__(self, failure):
        self.failure = failure
        self.sent = 0

    def handle_request(self, request):
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 600, "token_type": "Bearer"})
        self.sent += 1
        if isinstance(self.failure, int):
            return httpx.Response(self.failure)
        raise self.failure("made up", request=request)


def tries(name, failure, error):
    operation = importlib.import_module(OPERATIONS[name]).OPERATION
    transport = Failing(failure)
    with Korus(
        client_id="c",
        client_secret="s",
        base_url="http://api.test",
        token_url="http://api.test/token",
        transport=transport,
        retry=RetryPolicy(attempts=ATTEMPTS, first_wait=0.0),
    ) as korus:
        body = {} if operation.method in {"POST", "PATCH"} else None
        with pytest.raises(error):
            korus.transport.send(operation, {"url": operation.path, "json": body})
    return transport.sent


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_request_that_never_left_is_simply_sent_again(name):
    assert tries(name, httpx.ConnectError, ConnectionFailed) == ATTEMPTS
    assert tries(name, httpx.ConnectTimeout, Exception) == ATTEMPTS


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_ambiguous_request_is_repeated_only_where_the_table_allows(name):
    method = importlib.import_module(OPERATIONS[name]).OPERATION.method
    allowed = 1 if replay_of(name, method) is Replay.NEVER else ATTEMPTS
    assert tries(name, httpx.ReadError, ConnectionLost) == allowed
    assert tries(name, 503, ServerError) == allowed


def test_only_the_two_calls_that_book_are_never_repeated():
    never = {name for name, replay in REPLAY.items() if replay is Replay.NEVER}
    assert never == {"bulk_create_reservations", "bulk_create_orders"}
