"""The suite on httpx2: with ``KORUS_TEST_HTTPX=httpx2`` its clients send through clients and transports of httpx2.

Clients that korus opens itself become httpx2's, and a test's own transport of httpx is presented to korus as one of
httpx2, which korus presents to itself as one of httpx again. A test's own client of httpx stays what it is.
"""

from __future__ import annotations

from typing import Any

import httpcore2  # noqa: F401 (before a test has put something else in the place of trio)
import httpx
import httpx2

from korus._async.http import pool as async_pool
from korus._http.library import AsyncHttpx2Client, Httpx2Client
from korus._sync.http import pool as sync_pool

ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict)


class OwnClient(Httpx2Client):
    def close(self) -> None:
        self.theirs.close()


class OwnAsyncClient(AsyncHttpx2Client):
    async def aclose(self) -> None:
        await self.theirs.aclose()


class Stream(httpx2.SyncByteStream):
    def __init__(self, response: httpx.Response) -> None:
        self.response = response

    def __iter__(self) -> Any:
        try:
            yield from self.response.stream
        except ERRORS as error:
            raise theirs(error) from error

    def close(self) -> None:
        self.response.close()


class AsyncStream(httpx2.AsyncByteStream):
    def __init__(self, response: httpx.Response) -> None:
        self.response = response

    async def __aiter__(self) -> Any:
        try:
            async for part in self.response.stream:
                yield part
        except ERRORS as error:
            raise theirs(error) from error

    async def aclose(self) -> None:
        await self.response.aclose()


class Transport(httpx2.AsyncBaseTransport, httpx2.BaseTransport):
    """A test's transport of httpx as one of httpx2."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = self.inner.handle_request(ours(request))
        except ERRORS as error:
            raise theirs(error) from error
        return answer(response, Stream(response))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = await self.inner.handle_async_request(ours(request))
        except ERRORS as error:
            raise theirs(error) from error
        return answer(response, AsyncStream(response))

    def close(self) -> None:
        self.inner.close()

    async def aclose(self) -> None:
        await self.inner.aclose()


class WithoutConnections(Transport, httpx2.MockTransport):
    """The same for a transport that may be used in any event loop."""


def ours(request: httpx2.Request) -> httpx.Request:
    made = httpx.Request(
        request.method,
        str(request.url),
        headers=request.headers.raw,
        stream=httpx.ByteStream(request.content),
        extensions=request.extensions,
    )
    made.read()
    return made


def answer(response: httpx.Response, stream: Any) -> httpx2.Response:
    made = httpx2.Response(
        response.status_code,
        headers=response.headers.raw,
        stream=stream,
        extensions=dict(response.extensions),
    )
    if response.is_stream_consumed:
        made._content, made.is_stream_consumed = response.content, True
    return made


def theirs(error: Exception) -> Exception:
    kind = getattr(httpx2, type(error).__name__)
    try:
        return kind(str(error))
    except TypeError:
        return kind()


def install() -> None:
    """Have every client of korus in this process send through httpx2."""
    for module, own, kind in (
        (sync_pool, OwnClient, httpx2.Client),
        (async_pool, OwnAsyncClient, httpx2.AsyncClient),
    ):
        module._new_client = lambda own=own, kind=kind, **options: own(kind(**options))
        pool = module.Pool if module is sync_pool else module.AsyncPool
        pool.__init__ = _presenting(pool.__init__)


def _presenting(build: Any) -> Any:
    def init(self: Any, config: Any, http_client: Any, transport: Any) -> None:
        if isinstance(transport, (httpx.MockTransport, httpx.ASGITransport)):
            transport = WithoutConnections(transport)
        elif isinstance(transport, (httpx.BaseTransport, httpx.AsyncBaseTransport)):
            transport = Transport(transport)
        build(self, config, http_client, transport)

    return init
