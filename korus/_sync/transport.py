# Written by `python -m scripts.sync` from korus/_async/transport.py; edit that file instead.
"""One call to the API: headers, token, retries, deadline, and every failure as an error of korus.

What is decided here is decided elsewhere: `korus.retry` says whether to try again, `korus.failures` whether a
request may have arrived, `korus.problems` what an error answer means. This module only carries it out.
"""

from __future__ import annotations

import logging
import platform
from contextlib import contextmanager
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast
from urllib.parse import urlsplit

import httpx
from attrs import define, field

from korus._primitives.clock import SYSTEM_CLOCK, Clock
from korus._primitives.countdown import Countdown
from korus._primitives.synchronous import Calls, sleep, time_limit
from korus._sync.auth import PROGRESS, BearerAuth, Progress, Tokens
from korus._version import __version__
from korus.decode import decode_json, decode_object
from korus.encode import encode_json
from korus.errors import (
    ConfigurationError,
    DecodingFailed,
    InvalidArgument,
    KorusError,
)
from korus.failures import CAUGHT, failure_of
from korus.iri import prefix_of, relative_iris
from korus.oidc import OPERATION as TOKEN_OPERATION
from korus.problems import request_id_of, status_error
from korus.retry import Replay, next_wait, replay_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from korus._sync.cache import CatalogueCache
    from korus.config import Config, Timeouts
    from korus.secret import Secret

__all__ = ["Answer", "Fetched", "Transport", "Operation", "user_agent"]

_Decoded = TypeVar("_Decoded")

_LOG = logging.getLogger("korus")
_MEDIA_TYPE = "application/ld+json"
# the network's own timeouts come first, so that "never connected" is told from "never answered"
_SLACK = 1.03
_ERROR_BODY_BYTES = 1024 * 1024
_TOKEN_BODY_BYTES = 1024 * 1024


class Operation(Protocol):
    """What has to be known of an operation to call it: ``OPERATION`` of a module of `korus_api.api`."""

    @property
    def name(self) -> str:
        """``list_offers``."""
        ...

    @property
    def method(self) -> str:
        """``GET``."""
        ...


@define(eq=False)
class Answer:
    """An answer with a success status.

    Attributes:
        operation: The operation's name.
        status: The HTTP status.
        headers: The answer's headers.
        content: The body's bytes, without content encoding.
        secrets: What a decoding error masks, should the body echo it.
        prefix: The path below which the API is reached, which its IRIs may have before them.
    """

    operation: str
    status: int
    headers: httpx.Headers
    content: bytes = field(repr=False)
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    prefix: str = field(default="", repr=False, kw_only=True)

    @property
    def request_id(self) -> str | None:
        """The API's id of the request, if it sent one."""
        return request_id_of(self.headers)

    def json(self) -> Any:
        """Decode the body; `DecodingFailed` when it is not JSON."""
        return self._decoded(decode_json)

    def object(self) -> dict[str, Any]:
        """Decode the body, which has to be a JSON object; `DecodingFailed` when it is not."""
        return self._decoded(decode_object)

    def _decoded(self, decode: Callable[..., _Decoded]) -> _Decoded:
        try:
            document = decode(
                self.content,
                self.headers.get("content-type"),
                operation=self.operation,
                secrets=self.secrets,
            )
        except DecodingFailed as error:
            error.status, error.request_id = self.status, self.request_id
            # without the frames it came through: they hold the whole body
            raise error.with_traceback(None) from None
        return cast("_Decoded", relative_iris(document, self.prefix))


@define(eq=False)
class _Asked:
    """What a call asks for, the same in all its attempts."""

    name: str
    method: str
    url: str
    params: Any
    headers: dict[str, str]
    content: bytes | None = field(repr=False)


@define(eq=False)
class Fetched:
    """An answer of a storage host whose body is still on its way.

    Attributes:
        status: The HTTP status.
        headers: The answer's headers.
    """

    status: int
    headers: httpx.Headers
    _response: httpx.Response = field(repr=False)
    _operation: str = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """Give the body piece by piece, without content encoding; `TransportError` when it breaks off."""
        try:
            for chunk in self._response.iter_bytes():
                yield chunk
        except CAUGHT as error:
            failure = failure_of(error, sent=True, operation=self._operation)
        else:
            return
        raise failure


def user_agent() -> str:
    """Give the ``User-Agent``: the versions of korus, of the API's description, of httpx and of Python."""
    try:
        from korus_api import API_VERSION
    except ImportError:
        described = "unknown"
    else:
        described = API_VERSION
    return (
        f"korus/{__version__} (KorusTicket API {described}) "
        f"httpx/{httpx.__version__} Python/{platform.python_version()}"
    )


class Transport:
    """Carries out the operations of one client.

    Args:
        config: How patient to be, which language to ask for, where the API is.
        http: Gives the httpx client; called anew for each request, since it is opened late.
        clock: The clocks.
        tokens: The token source of another transport, to share it.
        cache: The catalogue cache of another transport, to share it.
        ahead: The calls that another transport makes ahead of time, which these become a part of.
    """

    def __init__(
        self,
        config: Config,
        http: Callable[[], httpx.Client],
        *,
        clock: Clock = SYSTEM_CLOCK,
        tokens: Tokens | None = None,
        cache: CatalogueCache | None = None,
        ahead: Calls | None = None,
    ) -> None:
        self.config = config
        self.ahead = Calls(ahead)
        self.clock = clock
        self._own_cache = cache is None
        self.cache = cache or self._opened_cache()
        shared = None if self.cache is None else self.cache.shared_token(clock)
        self.tokens = tokens or Tokens(config, self._post_for_token, clock, shared)
        self._http = http
        self._auth = BearerAuth(config.base_url, self.tokens)
        self._headers = {"Accept": _MEDIA_TYPE, "User-Agent": user_agent()}
        if config.language is not None:
            self._headers["Accept-Language"] = config.language
        self._timeouts = _http_timeouts(config.timeouts)

    def with_config(self, config: Config) -> Transport:
        """Give a transport with another set-up that shares the pool, and the token where it may."""
        mine = self.config
        same = (
            mine.base_url == config.base_url
            and mine.token_url == config.token_url
            and mine.client_id == config.client_id
            and mine.client_secret == config.client_secret
        )
        tokens = self.tokens if same else None
        cache = self.cache if self.cache is not None and self.cache.serves(config) else None
        return Transport(config, self._http, clock=self.clock, tokens=tokens, cache=cache, ahead=self.ahead)

    def _opened_cache(self) -> CatalogueCache | None:
        if self.config.cache is None:
            return None
        from korus._sync.cache import CatalogueCache

        return CatalogueCache(self.config.cache, self.config)

    def close(self) -> None:
        """End what is made ahead of time, and close the cache if it is this transport's own."""
        self.ahead.end()
        if self._own_cache and self.cache is not None:
            self.cache.close()

    def send(
        self, operation: Operation, arguments: Mapping[str, Any], *, replay: Replay | None = None
    ) -> Answer:
        """Carry out an operation and give its answer.

        Args:
            operation: The operation; ``OPERATION`` of its module in `korus_api.api`.
            arguments: What its ``build_request`` gave.
            replay: What repeating it does, where that differs from `korus.retry.REPLAY`.

        Raises:
            TransportError: no usable answer came, after all retries that were allowed.
            StatusError: the API answered with anything but a success.
            DecodingFailed: the answer's content encoding was broken, or it was too long.
            ConfigurationError: the client is closed, or an address cannot be called.
        """
        asked = self._asked(operation, arguments)
        replay = replay or replay_of(asked.name, operation.method)
        if self.cache is not None and self.cache.keeps(asked.name):
            return self._from_cache(self.cache, asked, replay)
        return self._carried_out(asked, replay)

    def _from_cache(self, cache: CatalogueCache, asked: _Asked, replay: Replay) -> Answer:
        language = asked.headers.get("Accept-Language")
        key, kept = cache.find(asked.url, asked.params or (), language)
        if kept is not None:
            headers = httpx.Headers({"content-type": kept.content_type})
            return Answer(
                asked.name, HTTPStatus.OK, headers, kept.content, prefix=prefix_of(self.config.base_url)
            )
        answer = self._carried_out(asked, replay)
        if answer.status == HTTPStatus.OK:
            cache.keep(key, asked.url, answer.content, answer.headers.get("content-type", ""))
        return answer

    def _carried_out(self, asked: _Asked, replay: Replay) -> Answer:
        name = asked.name
        total = self.config.timeouts.total
        deadline = None if total is None else self.clock.monotonic() + total
        attempt = 0
        while True:
            attempt += 1
            progress = Progress(deadline)
            outcome = self._attempt(asked, progress)
            if isinstance(outcome, Answer):
                return outcome
            wait = next_wait(
                self.config.retry,
                outcome,
                # a request that never left may always be repeated
                replay=replay if progress.sent else Replay.SAFE,
                attempt=attempt,
                remaining=None if deadline is None else deadline - self.clock.monotonic(),
            )
            if wait is None:
                raise outcome
            _LOG.debug("%s: attempt %d failed (%s); again in %.2f s", name, attempt, outcome, wait)
            sleep(wait)

    @contextmanager
    def fetch(
        self,
        url: str,
        *,
        operation: str,
        headers: Mapping[str, str] | None = None,
    ) -> Generator[Fetched]:
        """Open an address outside the API, such as a document's temporary one, without the API's token.

        Redirects are not followed; a caller that wants to reads ``Location`` and decides. The total time
        limit is not applied, since a file may be long; the timeouts of connecting and reading are.

        Args:
            url: An absolute http or https address.
            operation: What errors call it.
            headers: Headers to send.

        Raises:
            InvalidArgument: it is not an http or https address.
            TransportError: it could not be reached; reading the chunks raises it when the body breaks off.
        """
        if urlsplit(url).scheme.lower() not in {"http", "https"}:
            raise InvalidArgument("only http and https addresses are fetched", operation=operation)
        opened = self._open(url, headers or {}, operation)
        if isinstance(opened, KorusError):
            raise opened
        try:
            yield Fetched(opened.status_code, opened.headers, opened, operation)
        finally:
            opened.close()

    def _open(self, url: str, headers: Mapping[str, str], operation: str) -> httpx.Response | KorusError:
        try:
            request = self._http_client().build_request(
                "GET",
                url,
                headers={"User-Agent": self._headers["User-Agent"], **headers},
                extensions={"timeout": self._timeouts},
            )
            # an httpx client that the caller brought may add one to everything
            request.headers.pop("Authorization", None)
            return self._http_client().send(request, auth=None, stream=True, follow_redirects=False)
        except CAUGHT as error:
            return failure_of(error, sent=True, operation=operation)

    def _asked(self, operation: Operation, arguments: Mapping[str, Any]) -> _Asked:
        """Prepare what stays the same in all attempts."""
        body = arguments.get("json")
        return _Asked(
            operation.name,
            operation.method,
            self.config.base_url + str(arguments["url"]),
            arguments.get("params") or None,
            {**self._headers, **(arguments.get("headers") or {})},
            None if body is None else encode_json(body),
        )

    def _request(self, asked: _Asked, progress: Progress) -> httpx.Request:
        client = self._http_client()
        deadline = progress.deadline
        extensions = {
            PROGRESS: progress,
            "timeout": self._timeouts
            if deadline is None
            else Countdown(self._timeouts, deadline, self.clock.monotonic),
        }
        if client.params or client.cookies:
            return client.build_request(
                asked.method,
                asked.url,
                params=asked.params,
                content=asked.content,
                headers=asked.headers,
                extensions=extensions,
            )
        # without parameters and cookies of its own the client adds but its headers to a request, and merging
        # them for each one anew takes as long as all that is done here
        return httpx.Request(
            asked.method,
            asked.url,
            params=asked.params,
            content=asked.content,
            headers=_merged(tuple(client.headers.raw), tuple(asked.headers.items())),
            extensions=extensions,
        )

    def _attempt(self, asked: _Asked, progress: Progress) -> Answer | KorusError:
        """Send once. Failures are given back, not raised, so that no frame of httpx hangs on them."""
        name = asked.name
        try:
            request = self._request(asked, progress)
            with time_limit(self._seconds_left(progress.deadline)):
                response = self._http_client().send(
                    request, auth=self._auth, stream=True, follow_redirects=False
                )
                try:
                    content, whole = self._content(
                        response,
                        progress.deadline,
                        self.config.max_answer_bytes if response.is_success else _ERROR_BODY_BYTES,
                    )
                finally:
                    response.close()
        except KorusError as error:
            error.__traceback__ = error.__context__ = None
            return error
        except CAUGHT as error:
            total = self.config.timeouts.total
            return failure_of(error, sent=progress.sent, operation=name, total=total)
        if not response.is_success:
            return status_error(
                response.status_code,
                response.headers,
                content,
                operation=name,
                secrets=self.tokens.secrets,
                now=self.clock.now(),
            )
        if not whole:
            return DecodingFailed(
                f"{name}: the answer is longer than {self.config.max_answer_bytes} bytes (max_answer_bytes)",
                excerpt=content[:200],
                content_type=response.headers.get("content-type"),
                operation=name,
                status=response.status_code,
                request_id=request_id_of(response.headers),
            )
        return Answer(
            name,
            response.status_code,
            response.headers,
            content,
            self.tokens.secrets,
            prefix=prefix_of(self.config.base_url),
        )

    def _content(self, response: httpx.Response, deadline: float | None, limit: int) -> tuple[bytes, bool]:
        """Read the body, not for longer than the deadline; say whether it is whole or was too long."""
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                return b"".join(chunks), False
            if deadline is not None and self.clock.monotonic() > deadline:
                raise TimeoutError
        return b"".join(chunks), True

    def _post_for_token(self, request: httpx.Request) -> httpx.Response:
        """Send a token request; what `Tokens` is given to send with."""
        request.headers["User-Agent"] = self._headers["User-Agent"]
        request.extensions["timeout"] = self._timeouts
        outcome = self._answer_for_token(request)
        if isinstance(outcome, KorusError):
            raise outcome
        return outcome

    def _answer_for_token(self, request: httpx.Request) -> httpx.Response | KorusError:
        try:
            response = self._http_client().send(request, auth=None, stream=True, follow_redirects=False)
            try:
                content, _ = self._content(response, None, _TOKEN_BODY_BYTES)
            finally:
                response.close()
        except CAUGHT as error:
            return failure_of(error, sent=False, operation=TOKEN_OPERATION)
        content_type = response.headers.get("content-type", "")
        retry_after = response.headers.get("retry-after")
        headers = {"content-type": content_type} | ({"retry-after": retry_after} if retry_after else {})
        return httpx.Response(response.status_code, headers=headers, content=content)

    def _http_client(self) -> httpx.Client:
        client = self._http()
        if client.is_closed:
            raise ConfigurationError("this client is closed; build a new one")
        return client

    def _seconds_left(self, deadline: float | None) -> float | None:
        return None if deadline is None else (deadline - self.clock.monotonic()) * _SLACK


@lru_cache(maxsize=64)
def _merged(
    theirs: tuple[tuple[bytes, bytes], ...], ours: tuple[tuple[str, str], ...]
) -> list[tuple[bytes, bytes]]:
    """Put our headers over those of the httpx client; there are but a few combinations of them."""
    encoded = [(name.encode("ascii"), value.encode("ascii")) for name, value in ours]
    names = {name.lower() for name, _ in encoded}
    return [*((name, value) for name, value in theirs if name.lower() not in names), *encoded]


def _http_timeouts(timeouts: Timeouts) -> dict[str, float | None]:
    return {
        "connect": timeouts.connect,
        "read": timeouts.read,
        "write": timeouts.write,
        "pool": timeouts.pool,
    }
