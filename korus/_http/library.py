"""HTTP library: the only module of korus that imports httpx, with adapters for clients and transports of httpx2.

All other modules import `httpx` from here. httpx2 is its successor with other classes; korus neither needs nor imports
it. Clients and transports of httpx2 that a program passes are adapted to httpx: requests, answers and errors are
converted, and bodies are passed on piece by piece, so that limits and timeouts hold.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

__all__ = [
    "AsyncClientLike",
    "AsyncHttpx2Client",
    "AsyncHttpx2Transport",
    "AsyncTransportLike",
    "ClientLike",
    "Httpx2Client",
    "Httpx2Transport",
    "TransportLike",
    "connection_pools",
    "cookies_of",
    "httpx",
    "is_of_kind",
    "without_cookies",
]

_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)

_ENGINES = ("httpcore", "httpcore2")
# a decoded body has another length than in its headers
_OF_ENCODED = ("content-encoding", "content-length", "transfer-encoding")


class ClientLike(Protocol):
    """A `Client` of httpx or httpx2."""

    @property
    def is_closed(self) -> bool:
        """True once it is closed."""
        ...

    def send(
        self, request: Any, *, stream: bool = ..., auth: Any = ..., follow_redirects: bool | Any = ...
    ) -> Any:
        """Send a request."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class AsyncClientLike(Protocol):
    """An `AsyncClient` of httpx or httpx2."""

    @property
    def is_closed(self) -> bool:
        """True once it is closed."""
        ...

    async def send(
        self, request: Any, *, stream: bool = ..., auth: Any = ..., follow_redirects: bool | Any = ...
    ) -> Any:
        """Send a request."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class TransportLike(Protocol):
    """A `BaseTransport` of httpx or httpx2."""

    def handle_request(self, request: Any) -> Any:
        """Send a request."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class AsyncTransportLike(Protocol):
    """An `AsyncBaseTransport` of httpx or httpx2."""

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


def is_of_kind(value: object, *names: str) -> bool:
    """Return True if a value is of one of these classes of httpx or httpx2."""
    libraries = [httpx, *filter(None, [sys.modules.get("httpx2")])]
    return isinstance(value, tuple(getattr(library, name) for library in libraries for name in names))


def without_cookies(client: _Client) -> _Client:
    """Have a client neither keep cookies nor look for them: the token is all that identifies an account to the API.

    Looking for them takes httpx a fifth of a call. The client is no subclass of httpx's: what traces httpx may have put
    another class in its place.
    """
    setattr(client.cookies, "extract_cookies", _ignore)  # noqa: B010 (a method, to the type checkers)
    return client


def _ignore(_: object) -> None:
    """Do nothing."""


def cookies_of(client: Any) -> httpx.Cookies:
    """Return a copy of a client's cookies."""
    cookies = httpx.Cookies()
    for cookie in client.cookies.jar:
        cookies.jar.set_cookie(cookie)
    return cookies


def connection_pools(client: httpx.Client | httpx.AsyncClient) -> list[Any]:
    """Return the connection pools behind a client, those of its proxies included."""
    known = tuple(
        kind
        for engine in filter(None, map(sys.modules.get, _ENGINES))
        for kind in (engine.ConnectionPool, engine.AsyncConnectionPool)
    )
    found: Any = client.theirs if isinstance(client, (Httpx2Client, AsyncHttpx2Client)) else client
    pools: list[Any] = []
    # neither library has a public way to them
    for transport in (found._transport, *found._mounts.values()):  # noqa: SLF001
        is_adapter = isinstance(transport, (Httpx2Transport, AsyncHttpx2Transport))
        pool: Any = getattr(transport.theirs if is_adapter else transport, "_pool", None)
        if issubclass(type(pool), known):
            pools.append(pool)
    return pools


class Httpx2Transport(httpx.BaseTransport):
    """A transport of httpx2 as one of httpx.

    Args:
        theirs: The transport.
        send: Sends a request of httpx2 in its place.
    """

    def __init__(self, theirs: Any, send: Callable[[Any], Any] | None = None) -> None:
        self.theirs = theirs
        self._send = send or theirs.handle_request

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        request.read()
        failure: Exception | None = None
        response: Any = None
        try:
            response = self._send(_their_request(request))
        except _their_errors() as error:
            failure = _our_error(error, request)
        if failure is not None:  # outside of the handler: the frames of the other error hold the token
            raise failure
        return _our_response(response, _Stream(response))

    def close(self) -> None:
        """Close the connections."""
        self.theirs.close()


class AsyncHttpx2Transport(httpx.AsyncBaseTransport):
    """An async transport of httpx2 as one of httpx.

    Args:
        theirs: The transport.
        send: Sends a request of httpx2 in its place.
    """

    def __init__(self, theirs: Any, send: Callable[[Any], Awaitable[Any]] | None = None) -> None:
        self.theirs = theirs
        self._send = send or theirs.handle_async_request

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        await request.aread()
        failure: Exception | None = None
        response: Any = None
        try:
            response = await self._send(_their_request(request))
        except _their_errors() as error:
            failure = _our_error(error, request)
        if failure is not None:
            raise failure
        return _our_response(response, _AsyncStream(response))

    async def aclose(self) -> None:
        """Close the connections."""
        await self.theirs.aclose()


class _Theirs:
    """The attributes of a client that korus reads, read from the httpx2 client each time."""

    theirs: Any

    @property
    def headers(self) -> httpx.Headers:
        """The headers that it adds."""
        return httpx.Headers(self.theirs.headers.raw)

    @headers.setter
    def headers(self, headers: object) -> None: ...

    @property
    def params(self) -> httpx.QueryParams:
        """The query that it adds."""
        return httpx.QueryParams(self.theirs.params.multi_items())

    @params.setter
    def params(self, params: object) -> None: ...

    @property
    def is_closed(self) -> bool:
        """True once it is closed."""
        return bool(self.theirs.is_closed)


class Httpx2Client(_Theirs, httpx.Client):
    """A client of httpx2 as one of httpx; closing it leaves the other open.

    Args:
        theirs: The client.
    """

    def __init__(self, theirs: Any) -> None:
        self.theirs = theirs
        super().__init__(transport=Httpx2Transport(theirs, self._send), trust_env=False)

    def _send(self, request: Any) -> Any:
        return self.theirs.send(request, auth=None, stream=True, follow_redirects=False)

    def close(self) -> None:
        """Do nothing: the other is closed by its owner."""


class AsyncHttpx2Client(_Theirs, httpx.AsyncClient):
    """An async client of httpx2 as one of httpx; closing it leaves the other open.

    Args:
        theirs: The client.
    """

    def __init__(self, theirs: Any) -> None:
        self.theirs = theirs
        super().__init__(transport=AsyncHttpx2Transport(theirs, self._send), trust_env=False)

    async def _send(self, request: Any) -> Any:
        return await self.theirs.send(request, auth=None, stream=True, follow_redirects=False)

    async def aclose(self) -> None:
        """Do nothing: the other is closed by its owner."""


class _Stream(httpx.SyncByteStream):
    def __init__(self, response: Any) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        failure: Exception | None = None
        try:
            yield from self._response.stream
        except _their_errors() as error:
            failure = _our_error(error, None)
        if failure is not None:
            raise failure

    def close(self) -> None:
        failure: Exception | None = None
        try:
            self._response.close()
        except _their_errors() as error:
            failure = _our_error(error, None)
        if failure is not None:
            raise failure


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, response: Any) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        failure: Exception | None = None
        try:
            async for part in self._response.stream:
                yield part
        except _their_errors() as error:
            failure = _our_error(error, None)
        if failure is not None:
            raise failure

    async def aclose(self) -> None:
        failure: Exception | None = None
        try:
            await self._response.aclose()
        except _their_errors() as error:
            failure = _our_error(error, None)
        if failure is not None:
            raise failure


def _their_request(request: httpx.Request) -> Any:
    """Return a request, whose body has been read, as one of httpx2."""
    httpx2: Any = sys.modules["httpx2"]
    theirs = httpx2.Request(
        request.method,
        str(request.url),
        headers=request.headers.raw,
        stream=httpx2.ByteStream(request.content),
        extensions=request.extensions,
    )
    theirs.read()
    return theirs


def _our_response(theirs: Any, stream: _Stream | _AsyncStream) -> httpx.Response:
    """Return an answer of httpx2 as one of httpx; a body that was read already is taken as it was decoded."""
    extensions = dict(theirs.extensions)
    headers = httpx.Headers(theirs.headers.raw)
    if not theirs.is_stream_consumed:
        return httpx.Response(theirs.status_code, headers=headers, stream=stream, extensions=extensions)
    for name in _OF_ENCODED:
        headers.pop(name, None)
    return httpx.Response(theirs.status_code, headers=headers, content=theirs.content, extensions=extensions)


def _their_errors() -> tuple[type[Exception], ...]:
    httpx2: Any = sys.modules["httpx2"]
    return httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, httpx2.CookieConflict


def _our_error(theirs: Any, request: httpx.Request | None) -> Exception:
    """Return an error of httpx2 as the one of httpx that has its name, or its nearest base class's name."""
    if type(theirs).__name__ == "HTTPStatusError" and request is not None:
        # raised by an event hook of a client that the caller brought
        answer = theirs.response
        response = httpx.Response(answer.status_code, headers=answer.headers.raw, request=request)
        return httpx.HTTPStatusError(str(theirs), request=request, response=response)
    names = [kind.__name__ for kind in type(theirs).__mro__]
    kind: type[Exception] = next(getattr(httpx, name) for name in names if hasattr(httpx, name))
    try:
        return kind(str(theirs))
    except TypeError:  # the stream errors bring their own text
        return kind()
