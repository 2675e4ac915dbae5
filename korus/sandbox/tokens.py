"""Token endpoint of the sandbox: client credentials and refresh (reference 1.3).

Tokens are opaque text, expire by the sandbox's clock and can be revoked. That a refresh needs the client's credentials
is proposal P1, the form of the errors is proposal P2.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from korus.sandbox.clock import Clock

__all__ = ["Client", "TokenEndpoint", "TokenRefusal"]


_MOST_TOKENS = 10_000
"""The number of tokens above which expired ones are discarded, so that memory does not grow."""


@frozen
class Client:
    """A service account: its credentials, its organisation, and the ids of its catalogues."""

    id: str
    secret: str
    organization: str
    catalogs: frozenset[str]

    def __repr__(self) -> str:
        return f"Client(id={self.id!r})"


@frozen
class _Grant:
    client: Client
    ends: datetime


class TokenRefusal(Exception):
    """An error answer of RFC 6749, section 5.2."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(status, error, description)
        self.status = status
        self.body = {"error": error, "error_description": description}


class TokenEndpoint:
    """Issues, checks and revokes tokens.

    Args:
        clock: The clock by which they expire.
        lifetime: How long an access token is valid, in whole seconds.
        refresh_lifetime: How long a refresh token is valid; 0 issues none, as RFC 6749 allows.
    """

    def __init__(self, clock: Clock, *, lifetime: int = 1800, refresh_lifetime: int = 1800) -> None:
        self.clock = clock
        self.lifetime = lifetime
        self.refresh_lifetime = refresh_lifetime
        self.issued: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._clients: dict[str, Client] = {}
        self._access: dict[str, _Grant] = {}
        self._refresh: dict[str, _Grant] = {}
        self._lock = threading.Lock()

    def add_client(self, client: Client) -> None:
        """Add a service account."""
        self._clients[client.id] = client

    def token_request(
        self, media_type: str, form: Mapping[str, str], authorization: str | None
    ) -> dict[str, Any]:
        """Answer a token request.

        Raises:
            TokenRefusal: The request is refused.
        """
        try:
            if media_type != "application/x-www-form-urlencoded":
                raise _no_form()
            return self._token_request(form, authorization)
        except TokenRefusal as refusal:
            self.refused[refusal.body["error"]] += 1
            raise

    def _token_request(self, form: Mapping[str, str], authorization: str | None) -> dict[str, Any]:
        kind = form.get("grant_type")
        if not kind:
            raise TokenRefusal(400, "invalid_request", "Missing form parameter: grant_type")
        client = self._authenticated(form, authorization)
        if kind == "client_credentials":
            return self._issue(client, kind)
        if kind == "refresh_token":
            with self._lock:
                grant = self._refresh.get(form.get("refresh_token", ""))
            if grant is None or grant.client != client or grant.ends <= self.clock.now():
                raise TokenRefusal(400, "invalid_grant", "Invalid refresh token")
            return self._issue(client, kind)
        raise TokenRefusal(400, "unsupported_grant_type", "Unsupported grant_type")

    def _authenticated(self, form: Mapping[str, str], authorization: str | None) -> Client:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization is not None and authorization.lower().startswith("basic "):
            client_id, secret = _basic_credentials(authorization)
        client = self._clients.get(client_id)
        if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
            raise TokenRefusal(401, "invalid_client", "Unknown client or wrong secret")
        return client

    def _issue(self, client: Client, kind: str) -> dict[str, Any]:
        now = self.clock.now()
        access, refresh = (
            f"sandbox-access-{secrets.token_urlsafe(32)}",
            f"sandbox-refresh-{secrets.token_urlsafe(32)}",
        )
        answer: dict[str, Any] = {"access_token": access, "expires_in": self.lifetime}
        with self._lock:
            self._forget_expired(now)
            self._access[access] = _Grant(client, now + timedelta(seconds=self.lifetime))
            if self.refresh_lifetime:
                self._refresh[refresh] = _Grant(client, now + timedelta(seconds=self.refresh_lifetime))
                answer |= {"refresh_expires_in": self.refresh_lifetime, "refresh_token": refresh}
            self.issued[kind] += 1
        return answer | {"token_type": "Bearer", "not-before-policy": 0, "scope": "profile email"}

    def _forget_expired(self, now: datetime) -> None:
        if len(self._access) > _MOST_TOKENS:
            self._access = {token: grant for token, grant in self._access.items() if grant.ends > now}
            self._refresh = {token: grant for token, grant in self._refresh.items() if grant.ends > now}

    def client_of(self, authorization: str | None) -> Client | str:
        """Return the account of the access token in an ``Authorization`` header, or the reason to refuse it."""
        if not authorization:
            return "JWT Token not found"
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return "JWT Token not found"
        with self._lock:
            grant = self._access.get(token.strip())
        if grant is None:
            return "Invalid JWT Token"
        if grant.ends <= self.clock.now():
            return "Expired JWT Token"
        return grant.client

    def revoke(self, authorization: str | None) -> None:
        """Revoke the access token of an ``Authorization`` header."""
        token = (authorization or "").partition(" ")[2].strip()
        with self._lock:
            self._access.pop(token, None)

    def revoke_all(self, *, refresh: bool = False) -> None:
        """Revoke all access tokens, with ``refresh`` all refresh tokens too."""
        with self._lock:
            self._access.clear()
            if refresh:
                self._refresh.clear()

    @property
    def tokens_issued(self) -> int:
        """The number of issued access tokens."""
        return sum(self.issued.values())


def _no_form() -> TokenRefusal:
    return TokenRefusal(400, "invalid_request", "Send application/x-www-form-urlencoded")


def _basic_credentials(authorization: str) -> tuple[str, str]:
    try:
        decoded = base64.b64decode(authorization[6:].strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    client_id, _, secret = decoded.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)
