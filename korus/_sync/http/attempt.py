# Written by `python -m scripts.sync` from korus/_async/http/attempt.py; edit that file instead.
"""Single attempt of a call: a request with headers and token, and its answer or failure."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from attrs import define, field

from korus._http.answer import Answer
from korus._http.error_responses import request_id_of, status_error
from korus._http.library import httpx
from korus._http.transport_errors import CAUGHT, failure_of
from korus._primitives.synchronous import time_limit
from korus._sync.http.auth import PROGRESS
from korus.errors import DecodingFailed, KorusError
from korus.iri import prefix_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from korus._core.watches import CallWatch
    from korus._http.identity import Identity
    from korus._sync.http.auth import BearerAuth, Progress, Tokens
    from korus._sync.http.exchange import Exchange
    from korus._sync.http.reading import Body

__all__ = ["Asked", "Attempts", "headers_over"]

# the network's own timeouts come first, to distinguish "never connected" from "never answered"
_SLACK = 1.03
_ERROR_BODY_BYTES = 1024 * 1024


@define(eq=False)
class Asked:
    """Request of a call, the same in all its attempts."""

    name: str
    method: str
    url: str
    params: Any = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    content: bytes | None = field(repr=False)
    identity: Identity = field(repr=False)
    fresh: bool = False
    is_conditional: bool = False
    watch: CallWatch | None = field(default=None, repr=False)


class Attempts:
    """Attempts of a client's calls.

    Args:
        exchange: The exchange for requests.
        tokens: The token source.
        auth: The authentication, which adds the token.
    """

    def __init__(self, exchange: Exchange, tokens: Tokens, auth: BearerAuth) -> None:
        self._exchange = exchange
        self._tokens = tokens
        self._auth = auth

    def make(self, asked: Asked, progress: Progress) -> Answer | KorusError:
        """Send once. Failures are returned, not raised, so that they hold no frames of httpx."""
        try:
            timeouts = self._exchange.timeouts_until(progress.deadline)
            request = self._request(asked, progress, timeouts)
            with (
                time_limit(self._seconds_left(progress.deadline)),
                self._exchange.slot(progress, timeouts),
            ):
                response = self._exchange.send(request, self._auth)
                progress.status, progress.headers = response.status_code, response.headers
                try:
                    body = self._exchange.body(
                        response,
                        progress.deadline,
                        self._exchange.config.max_answer_bytes if response.is_success else _ERROR_BODY_BYTES,
                    )
                finally:
                    response.close()
        except KorusError as error:
            error.__traceback__ = error.__context__ = None
            return error
        except CAUGHT as error:
            total = self._exchange.config.timeouts.total
            secrets = self._tokens.secrets
            return failure_of(error, sent=progress.sent, operation=asked.name, total=total, secrets=secrets)
        return self._result(asked, response, body)

    def _result(self, asked: Asked, response: httpx.Response, body: Body) -> Answer | KorusError:
        """Return the result of an answer."""
        name, config, secrets = asked.name, self._exchange.config, self._tokens.secrets
        unchanged = asked.is_conditional and response.status_code == HTTPStatus.NOT_MODIFIED
        if not (response.is_success or unchanged):
            return status_error(
                response.status_code,
                response.headers,
                body.content,
                operation=name,
                secrets=secrets,
                now=self._exchange.clock.now(),
            )
        if body.flaw is not None:
            return DecodingFailed(
                f"{name}: the answer cannot be read: {body.flaw} (max_answer_bytes is "
                f"{config.max_answer_bytes})",
                content_type=response.headers.get("content-type"),
                operation=name,
                status=response.status_code,
                request_id=request_id_of(response.headers, secrets),
            )
        return Answer(
            name,
            response.status_code,
            response.headers,
            body.content,
            secrets,
            asked.identity,
            prefix=prefix_of(config.base_url),
        )

    def _request(
        self, asked: Asked, progress: Progress, timeouts: Mapping[str, float | None]
    ) -> httpx.Request:
        client = self._exchange.http_client()
        extensions = {PROGRESS: progress, "timeout": timeouts}
        # cached, since merging the headers takes as long as everything else here
        headers = headers_over(tuple(client.headers.raw), tuple(asked.headers.items()))
        # only cookies of the caller's own client, none from answers
        return httpx.Request(
            asked.method,
            asked.url,
            params=client.params.merge(asked.params) if client.params else asked.params,
            content=asked.content,
            headers=[*headers, *progress.added] if progress.added else headers,
            cookies=self._exchange.pool.cookies or None,
            extensions=extensions,
        )

    def _seconds_left(self, deadline: float | None) -> float | None:
        return None if deadline is None else (deadline - self._exchange.clock.monotonic()) * _SLACK


@lru_cache(maxsize=64)
def headers_over(
    theirs: tuple[tuple[bytes, bytes], ...], ours: tuple[tuple[str, str], ...]
) -> list[tuple[bytes, bytes]]:
    """Merge our headers over those of the httpx client; cached, since there are only a few combinations."""
    encoded = [(name.encode("ascii"), value.encode("ascii")) for name, value in ours]
    names = {name.lower() for name, _ in encoded}
    return [*((name, value) for name, value in theirs if name.lower() not in names), *encoded]
