"""Error answers become errors, whatever is in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus._core.secret import Secret
from korus._http.error_responses import status_error
from korus.errors import Problem, RateLimited, ServerError, StatusError, ValidationFailed

PROPOSED = Path(__file__).parent.parent / "openapi" / "samples" / "proposed"
NOW = datetime(2026, 5, 1, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["violations", "propertyPath", "message", "title", "detail", "type", "code", "x"]
            ),
            inner,
        )
    ),
    max_leaves=10,
)


@given(
    status=st.integers(0, 999),
    body=st.one_of(st.binary(), JSON.map(lambda value: json.dumps(value).encode())),
    content_type=st.text(),
    retry_after=st.text(),
)
def test_building_an_error_never_fails(status: int, body: bytes, content_type: str, retry_after: str) -> None:
    headers = {"content-type": content_type, "retry-after": retry_after}
    error = status_error(status, headers, body, operation="x", now=NOW, secrets=[Secret("a")])
    assert isinstance(error, StatusError)
    assert error.status == status
    assert error.problem is not None
    assert str(error).startswith("x: ")


def test_the_shapes_of_the_reference_are_read() -> None:
    for name, detail in {
        "error-401": "Expired token",
        "error-403": "No access to this catalogue.",
        "error-404": "No such resource.",
        "error-422": "items[0].quantity: The quantity is too small.",
        "token-error-401": "Unknown client or wrong secret",
    }.items():
        body = (PROPOSED / f"{name}.json").read_bytes()
        error = status_error(int(name[-3:]), {"content-type": "application/ld+json"}, body)
        assert error.problem is not None
        assert error.problem.detail == detail
        assert error.problem.raw == json.loads(body)
        assert detail in str(error)
        if isinstance(error, ValidationFailed):
            (violation,) = error.violations
            assert (violation.path, violation.line, violation.argument) == (
                "items[0].quantity",
                1,
                "items[0].quantity",
            )


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimited), (503, ServerError)])
def test_retry_after_is_on_the_error(status: int, kind: type[RateLimited | ServerError]) -> None:
    error = status_error(status, {"retry-after": "Fri, 01 May 2026 00:00:40 GMT"}, b"", now=NOW)
    assert isinstance(error, kind)
    assert error.retry_after == 40
    bare = status_error(status, {}, b"", now=NOW)
    assert isinstance(bare, kind)
    assert bare.retry_after is None


def test_a_page_of_a_proxy_is_described() -> None:
    error = status_error(502, {"content-type": "text/html"}, b"<html>Ada</html>" + b"x" * 9000)
    assert error.body == "9016 bytes that begin with '<htm' (text/html)"
    assert str(error) == f"request: 502 Bad Gateway: {error.body}"
    assert error.problem == Problem()


@pytest.mark.parametrize("status", [400, 404, 422, 429, 500, 503])
@pytest.mark.parametrize(
    "body",
    [
        b"<html><h1>Ada</h1>",
        b"You, Ada, may not",
        b'{"name": "Ada"',
        b'{"detail": "<html>Ada</html>", "title": " <p>Ada"}',
        b'[{"name": "Ada"}]',
        b'"Ada"',
        b"\xff\xfeA\0d\0a\0",
    ],
)
def test_no_message_quotes_what_is_no_problem_document(status: int, body: bytes) -> None:
    error = status_error(status, {"content-type": "text/html"}, body)
    assert "Ada" not in f"{error} {error!r} {error.problem!r}"


def test_a_detail_is_cut_in_the_message() -> None:
    error = status_error(400, {}, b'{"detail": "' + b"long " * 1000 + b'"}')
    assert len(str(error)) < 400
    assert error.problem is not None
    assert len(error.problem.detail or "") == 5000


def test_the_request_id_is_masked_and_cut() -> None:
    error = status_error(
        500, {"x-request-id": "r\x1b[0m hunter2 " + "x" * 500}, b"", secrets=[Secret("hunter2")]
    )
    assert error.request_id is not None
    assert error.request_id.startswith("r[0m *** xxx")
    assert len(error.request_id) == 100
    assert "hunter2" not in str(error) + repr(vars(error))


def test_a_huge_error_page_is_not_decoded() -> None:
    error = status_error(500, {}, b'{"detail": "' + b"x" * 1_000_000 + b'"}')
    assert error.problem is not None
    assert error.problem.detail is None


@pytest.mark.parametrize("name", ["X-Request-Id", "x-correlation-id", "Request-Id"])
def test_the_request_id_is_found_and_shown(name: str) -> None:
    error = status_error(404, {name.lower(): "r-1"}, b"")
    assert error.request_id == "r-1"
    assert "(request r-1)" in str(error)


def test_headers_that_are_private_are_left_out() -> None:
    headers = {"set-cookie": "a", "Authorization": "Bearer x", "Server": "nginx"}
    assert status_error(500, headers, b"").headers == {"server": "nginx"}
