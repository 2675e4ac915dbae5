"""Requests to the token endpoint and their answers: client credentials and refresh. No I/O.

`korus._async.http.auth` sends the requests, one at a time. Secrets stay wrapped.

Reference: 1.3 (P1, P2).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from attrs import evolve, frozen

from korus._core.secret import Secret
from korus._http.decode import decode_object
from korus._http.error_responses import error_texts
from korus._http.retry import parse_retry_after
from korus.errors import AuthenticationFailed, DecodingFailed, Problem, TokenUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from korus._core.config import Config

__all__ = [
    "OPERATION",
    "Token",
    "form",
    "is_refusal",
    "read_token",
    "renewed_later",
    "token_error",
    "unusable",
]

OPERATION = "token"
"""The operation's name in errors of the token endpoint."""

# a token is renewed this long before it expires, or after nine tenths of a short lifetime
_MARGIN = 60.0
_MARGIN_SHARE = 0.1
# the default lifetime, since RFC 6749 only recommends `expires_in`
_UNSTATED_LIFE = 60.0
_OK = 200
_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, _TIMED_OUT = 400, 401, 403, 429, 408
_REDIRECTS = range(300, 400)


@frozen
class Token:
    """An access token and its refresh token. Times are seconds of the monotonic clock.

    Attributes:
        access: The access token.
        refresh: The refresh token, None if the answer had none.
        renew_at: The time from which it is renewed.
        ends_at: The time from which the API refuses it.
        refresh_ends_at: The time from which the refresh token is refused; None if it is not known.
    """

    access: Secret
    refresh: Secret | None
    renew_at: float
    ends_at: float
    refresh_ends_at: float | None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The parts that must not be shown."""
        return (self.access,) if self.refresh is None else (self.access, self.refresh)

    def can_refresh(self, at: float) -> bool:
        """Return True if the refresh token may still be accepted."""
        return self.refresh is not None and (self.refresh_ends_at is None or at < self.refresh_ends_at)


def renewed_later(token: Token, at: float) -> Token:
    """Return the same token, to be renewed only from ``at`` on."""
    return evolve(token, renew_at=at)


def form(config: Config, token: Token | None) -> bytes:
    """Return the body of a token request: a refresh of ``token``, or client credentials without one.

    A refresh repeats the credentials, which a confidential client has to send (P1).
    """
    return urlencode(
        {
            **(
                {"grant_type": "client_credentials"}
                if token is None or token.refresh is None
                else {"grant_type": "refresh_token", "refresh_token": token.refresh.reveal()}
            ),
            "client_id": config.client_id,
            "client_secret": config.client_secret.reveal(),
        }
    ).encode("ascii")


def is_refusal(status: int) -> bool:
    """Return True if the endpoint refused the credentials, and was not merely unable to answer."""
    return _BAD_REQUEST <= status < 500 and status not in {_TOO_MANY, _TIMED_OUT}  # noqa: PLR2004 (the 4xx)


def token_error(
    status: int, headers: Mapping[str, str], body: bytes, *, secrets: Iterable[Secret], now: datetime
) -> AuthenticationFailed | TokenUnavailable:
    """Build the error for a token request that did not succeed (P2).

    A 3xx or 4xx of the token endpoint is `AuthenticationFailed`, everything else `TokenUnavailable`; classes for
    answers of the API are not used. Of the body only OAuth's ``error`` and ``error_description`` are kept.
    """
    if not is_refusal(status) and status not in _REDIRECTS:
        return TokenUnavailable(
            f"{OPERATION}: the token endpoint (token_url) answered {status}; the request was not sent",
            operation=OPERATION,
            status=status,
            retry_after=parse_retry_after(headers.get("retry-after"), now),
        )
    title, detail = error_texts(body, headers.get("content-type"), secrets)
    if status in _REDIRECTS:
        reason = f"the token endpoint answered {status}, and redirects are not followed; check token_url"
    elif status in {_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN}:
        said = " ".join(part for part in (title, detail) if part)
        reason = (
            f"the token endpoint refused the credentials ({status}{': ' + said if said else ''}); "
            "check client_id, client_secret and token_url"
        )
    else:
        reason = f"the token endpoint answered {status}; check token_url"
    return AuthenticationFailed(
        reason, operation=OPERATION, status=status, problem=Problem(title=title, detail=detail)
    )


def read_token(body: bytes, content_type: str | None, *, asked_at: float) -> Token:
    """Read the answer to a token request.

    Args:
        body: The answer's body.
        content_type: The value of the header.
        asked_at: The monotonic time when the request began, from which lifetimes count.

    Raises:
        TokenUnavailable: It has no usable token. The message quotes nothing of the body.
    """
    answer = _object(body, content_type)
    access, kind = answer.get("access_token"), answer.get("token_type")
    if not isinstance(access, str) or not _is_header_text(access):
        raise unusable("it has no usable access_token")
    if isinstance(kind, str) and kind.casefold() != "bearer":
        raise unusable("its token_type is not Bearer")
    life = _seconds(answer.get("expires_in"))
    life = _UNSTATED_LIFE if life is None else life
    refresh, refresh_life = answer.get("refresh_token"), _seconds(answer.get("refresh_expires_in"))
    return Token(
        access=Secret(access),
        refresh=Secret(refresh) if isinstance(refresh, str) and refresh else None,
        renew_at=asked_at + life - min(_MARGIN, life * _MARGIN_SHARE),
        ends_at=asked_at + life,
        # Keycloak sends 0 for a refresh token that does not expire
        refresh_ends_at=asked_at + refresh_life if refresh_life else None,
    )


def unusable(reason: str) -> TokenUnavailable:
    """Build the error for a 200 of the token endpoint without a usable token."""
    return TokenUnavailable(
        f"{OPERATION}: the token endpoint's answer cannot be used: {reason}; the request was not sent. "
        "Check token_url.",
        operation=OPERATION,
        status=_OK,
    )


def _object(body: bytes, content_type: str | None) -> Mapping[str, object]:
    try:
        return decode_object(body, content_type, operation=OPERATION)
    except DecodingFailed:
        # raised outside of the handler, since the error's frames and excerpt may hold most of a token
        pass
    raise unusable("it is not a JSON object")


def _is_header_text(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _seconds(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
