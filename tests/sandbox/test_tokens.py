"""The token endpoint: client credentials, refresh, expiry, revocation, and the errors of RFC 6749."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from shopping import PLAIN

from korus.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


def ask(sandbox: Sandbox, **form: str) -> httpx.Response:
    return PLAIN.post(sandbox.token_url, data=form)


def grant(sandbox: Sandbox, **more: str) -> dict[str, Any]:
    return ask(sandbox, grant_type="client_credentials", **sandbox.credentials, **more).json()


def status(sandbox: Sandbox, token: str) -> int:
    return PLAIN.get(
        f"{sandbox.base_url}/v1/booking/orders", headers={"Authorization": f"Bearer {token}"}
    ).status_code


@pytest.fixture
def shortlived() -> Iterator[Sandbox]:
    with Sandbox(token_lifetime=60, refresh_lifetime=600) as sandbox:
        yield sandbox


def test_credentials_give_a_token_with_the_documented_keys(sandbox: Sandbox) -> None:
    answer = grant(sandbox)
    assert {"access_token", "expires_in", "refresh_expires_in", "refresh_token", "token_type"} <= set(answer)
    assert (answer["expires_in"], answer["refresh_expires_in"], answer["token_type"]) == (
        1800,
        1800,
        "Bearer",
    )
    assert status(sandbox, answer["access_token"]) == 200


def test_a_refresh_gives_another_token_while_it_lasts(shortlived: Sandbox) -> None:
    first = grant(shortlived)
    shortlived.clock.advance(61)
    assert status(shortlived, first["access_token"]) == 401
    refresh = {
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
        **shortlived.credentials,
    }
    second = ask(shortlived, **refresh)
    assert status(shortlived, second.json()["access_token"]) == 200
    shortlived.clock.advance(600)
    late = ask(shortlived, **refresh)
    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")
    assert shortlived.inspect.token_grants == {"client_credentials": 1, "refresh_token": 1}


def test_a_refresh_needs_the_credentials_too(sandbox: Sandbox) -> None:
    answer = ask(sandbox, grant_type="refresh_token", refresh_token=grant(sandbox)["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_sandbox_may_issue_no_refresh_token() -> None:
    with Sandbox(refresh_lifetime=0) as sandbox:
        assert "refresh_token" not in grant(sandbox)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "korus-sandbox", "client_secret": "no"}, 401, "invalid_client"),
        ({"grant_type": "password", "client_id": "korus-sandbox", "client_secret": "sandbox-secret"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "client_id": "korus-sandbox", "client_secret": "sandbox-secret", "refresh_token": "x"}, 400, "invalid_grant"),
    ],
)  # fmt: skip
def test_a_bad_request_gets_an_error_of_the_standard(
    form: dict[str, str], status: int, error: str, sandbox: Sandbox
) -> None:
    answer = ask(sandbox, **form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"]
    assert answer.headers["content-type"] == "application/json"
    assert sandbox.inspect.tokens_issued == 0


def test_the_credentials_may_come_in_a_basic_header(sandbox: Sandbox) -> None:
    form = {"grant_type": "client_credentials"}
    answer = PLAIN.post(sandbox.token_url, data=form, auth=(sandbox.client_id, sandbox.client_secret))
    assert answer.status_code == 200
    assert PLAIN.post(sandbox.token_url, data=form, auth=("korus-sandbox", "no")).status_code == 401


def test_json_and_get_are_refused(sandbox: Sandbox) -> None:
    answer = PLAIN.post(sandbox.token_url, json={"grant_type": "client_credentials", **sandbox.credentials})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert PLAIN.get(sandbox.token_url).status_code == 405


def test_revoked_tokens_are_worthless_and_new_ones_are_not(sandbox: Sandbox) -> None:
    first = grant(sandbox)
    sandbox.tokens.revoke_all()
    assert status(sandbox, first["access_token"]) == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], **sandbox.credentials}
    assert status(sandbox, ask(sandbox, **refresh).json()["access_token"]) == 200
    sandbox.tokens.revoke_all(refresh=True)
    assert ask(sandbox, **refresh).status_code == 400


def test_neither_secret_nor_token_is_in_a_repr(sandbox: Sandbox) -> None:
    token = grant(sandbox)["access_token"]
    shown = repr(sandbox) + repr(sandbox.tokens) + repr(sandbox.client) + repr(sandbox.inspect)
    assert sandbox.client_secret not in shown
    assert token not in shown
