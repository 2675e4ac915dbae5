"""Conversion of error answers to errors of `korus.errors`. Nothing here raises.

The API's error bodies are problem documents, but an answer of a proxy may be anything (reference 1.8, 4.19, 8.26):
known parts are read, the rest is described, never quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, cast

from korus._core.secret import Secret, redact
from korus._http.ambiguity import already_ordered_in
from korus._http.decode import decode_json, described, text_of
from korus._http.retry import parse_retry_after
from korus.errors import (
    AuthenticationFailed,
    BadRequest,
    Conflict,
    DecodingFailed,
    NotFound,
    PermissionDenied,
    Problem,
    RateLimited,
    ServerError,
    StatusError,
    ValidationFailed,
    Violation,
)

__all__ = ["error_texts", "request_id_of", "status_error"]

_BODY_CHARACTERS = 2000
_MESSAGE_CHARACTERS = 300
_ID_CHARACTERS = 100
_DECODED_BYTES = 256 * 1024
_BY_STATUS: Mapping[int, type[StatusError]] = {
    400: BadRequest,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    422: ValidationFailed,
    429: RateLimited,
}
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "cf-ray")
_PRIVATE_HEADERS = frozenset(
    {"set-cookie", "cookie", "authorization", "proxy-authorization", "x-api-key", "x-auth-token"}
)
_HINTS = {
    401: "the token was renewed once and is still refused",
    403: "the service account may not do this",
    404: "there is no such resource, or the service account may not see it",
    429: "too many requests",
}
_SERVER_ERRORS = range(500, 600)
_REDIRECTS = range(300, 400)


def request_id_of(headers: Mapping[str, str], secrets: Iterable[Secret] = ()) -> str | None:
    """Return the id with which the API's support can find the request, None if the answer has none.

    A server may send any text: ``secrets`` are masked, unprintable characters are dropped, and it is cut.
    """
    names = {name.lower() for name in headers}  # one pass: each look into httpx.Headers takes microseconds
    for name in _REQUEST_ID_HEADERS:
        if name in names:
            found = "".join(filter(str.isprintable, redact(headers.get(name) or "", secrets)))
            if found:
                return found[:_ID_CHARACTERS]
    return None


def error_texts(
    body: bytes, content_type: str | None, secrets: Iterable[Secret]
) -> tuple[str | None, str | None]:
    """Return title and detail of an error body in JSON, each cut, and None if it is missing."""
    problem = _problem(_document(body, content_type, tuple(secrets)))
    return _plain(problem.title), _plain(problem.detail)


def status_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    operation: str | None = None,
    secrets: Iterable[Secret] = (),
    now: datetime | None = None,
) -> StatusError:
    """Build the error for an answer whose status is not a success.

    Args:
        status: The HTTP status.
        headers: The answer's headers, names in lower case or a mapping that ignores case.
        body: The answer's body, or the first part of it.
        operation: The operation's name.
        secrets: The secrets that are masked, in case the body echoes them.
        now: The current time, for a ``Retry-After`` date.

    Returns:
        The error, not raised.
    """
    secrets = tuple(secrets)
    content_type = headers.get("content-type")
    document = _document(body, content_type, secrets)
    problem = _problem(document)
    request_id = request_id_of(headers, secrets)
    if document is None:
        text = _unreadable(body, content_type)
    else:
        text = redact(text_of(body[: _BODY_CHARACTERS * 4], content_type), secrets)[:_BODY_CHARACTERS]
    details: dict[str, Any] = {
        "operation": operation,
        "status": status,
        "problem": problem,
        "request_id": request_id,
        "headers": {
            name.lower(): redact(value, secrets)
            for name, value in headers.items()
            if name.lower() not in _PRIVATE_HEADERS
        },
        "body": text,
    }
    message = _message(status, operation, problem, "" if document is not None else text, request_id)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return ValidationFailed(message, violations=_violations(document), **details)
    if status == HTTPStatus.TOO_MANY_REQUESTS or status in _SERVER_ERRORS:
        kind = RateLimited if status == HTTPStatus.TOO_MANY_REQUESTS else ServerError
        wait = parse_retry_after(headers.get("retry-after"), now or datetime.now(UTC))
        return kind(message, retry_after=wait, **details)
    return _BY_STATUS.get(status, StatusError)(message, **details)


def _unreadable(body: bytes, content_type: str | None) -> str:
    """Describe a body that is not JSON, with any words in it that prove an order, which are not private."""
    if not body:
        return ""
    proof = already_ordered_in(text_of(body[:_DECODED_BYTES], content_type))
    return described(body, content_type) + (f", with the words {proof!r}" if proof else "")


def _document(body: bytes, content_type: str | None, secrets: tuple[Secret, ...]) -> object:
    if len(body) > _DECODED_BYTES:
        return None
    clean = redact(text_of(body, content_type), secrets)
    try:
        return cast("object", decode_json(clean.encode("utf-8", errors="replace")))
    except DecodingFailed:
        return None


def _problem(document: object) -> Problem:
    if not isinstance(document, Mapping):
        return Problem(raw=document)
    source = cast("Mapping[str, object]", document)
    return Problem(
        title=_text(source, "title", "hydra:title", "error"),
        detail=_text(source, "detail", "description", "hydra:description", "message", "error_description"),
        type=_text(source, "type"),
        instance=_text(source, "instance"),
        raw=document,
    )


def _text(source: Mapping[str, object], *keys: str) -> str | None:
    for key in keys:
        found = source.get(key)
        if isinstance(found, str) and found:
            return found
    return None


def _message(
    status: int, operation: str | None, problem: Problem, unreadable: str, request_id: str | None
) -> str:
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    if status in _REDIRECTS:
        said = "the answer points elsewhere, and redirects are not followed; check base_url"
    else:
        said = _plain(problem.detail) or _plain(problem.title) or _HINTS.get(status) or unreadable
    tail = f" (request {request_id})" if request_id else ""
    return f"{operation or 'request'}: {phrase}{': ' + said if said else ''}{tail}"


def _plain(text: str | None) -> str | None:
    """Return a text on one line and cut, for a message; None for a page of markup."""
    if text is None or text.lstrip().startswith("<"):
        return None
    return " ".join(text.split())[:_MESSAGE_CHARACTERS] or None


def _violations(document: object) -> tuple[Violation, ...]:
    if not isinstance(document, Mapping):
        return ()
    entries = cast("Mapping[str, object]", document).get("violations")
    if not isinstance(entries, list):
        return ()
    return tuple(_violation(entry) for entry in cast("list[object]", entries))


_LINE = re.compile(r"(?:items|reservations)\[([0-9]{1,6})\]", re.ASCII)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])", re.ASCII)


def _violation(entry: object) -> Violation:
    if not isinstance(entry, Mapping):
        return Violation(path="", message=str(entry))
    source = cast("Mapping[str, object]", entry)
    path = _text(source, "propertyPath", "property_path") or ""
    line = _LINE.match(path)
    return Violation(
        path=path,
        message=_text(source, "message", "title", "hint") or "",
        code=_text(source, "code"),
        argument=_HUMP.sub("_", path).lower() or None,
        line=int(line.group(1)) + 1 if line else None,
    )
