# Written by `python -m scripts.sync` from korus/_async/http/fetching.py; edit that file instead.
"""Requests to addresses outside the API, such as those of stored documents: bare, and read piece by piece."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import define, field

from korus._http.library import httpx
from korus._http.transport_errors import CAUGHT, failure_of
from korus._sync.http.auth import PROGRESS, Progress
from korus._sync.http.reading import decoded
from korus.errors import DecodingFailed, DownloadFailed, InvalidArgument, KorusError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from korus._sync.http.exchange import Exchange

__all__ = ["Fetched", "fetch"]


@define(eq=False)
class Fetched:
    """An answer of a storage host whose body is still on its way.

    Attributes:
        status: The HTTP status.
        headers: The answer's headers.
    """

    status: int
    headers: httpx.Headers = field(repr=False)
    _response: httpx.Response = field(repr=False)
    _operation: str = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """Yield the body piece by piece, without content encoding; `TransportError` when it breaks off.

        Raises:
            DecodingFailed: it has more than one content coding, an unknown one, or a broken one.
        """
        from korus._http.content_coding import Undecodable

        failure: KorusError
        try:
            for chunk in decoded(self._response):
                yield chunk
        except Undecodable as error:
            failure = DecodingFailed(
                f"{self._operation}: the answer cannot be read: {error}", operation=self._operation
            )
        except CAUGHT as error:
            failure = failure_of(error, sent=True, operation=self._operation)
        else:
            return
        raise failure


@contextmanager
def fetch(
    exchange: Exchange,
    url: str,
    *,
    operation: str,
    headers: Mapping[str, str] | None = None,
) -> Generator[Fetched]:
    """Open an address outside the API, such as a document's temporary one, with a bare request.

    Neither the API's token nor headers, cookies or parameters of the caller's own httpx client are sent, which
    would break a signed address and give them to a stranger. Redirects are not followed; a caller that wants
    to reads ``Location`` and decides. The total time limit is not applied, since a file may be long; the
    timeouts of connecting and reading are.

    Args:
        exchange: What requests go through.
        url: An absolute http or https address.
        operation: What errors call it.
        headers: Headers to send.

    Raises:
        InvalidArgument: it is not an http or https address.
        DownloadFailed: it is on this machine, in a private network or a metadata service, or without https, and
            the API is not there itself.
        TransportError: it could not be reached; reading the chunks raises it when the body breaks off.
    """
    if urlsplit(url).scheme.lower() not in {"http", "https"}:
        raise InvalidArgument("only http and https addresses are fetched", operation=operation)
    progress = Progress()
    with ExitStack() as stack:
        try:
            stack.enter_context(exchange.slot(progress))
        except httpx.PoolTimeout as error:
            raise failure_of(error, sent=False, operation=operation) from None
        opened = _opened(exchange, url, headers or {}, operation, progress)
        if isinstance(opened, KorusError):
            raise opened
        try:
            yield Fetched(opened.status_code, opened.headers, opened, operation)
        finally:
            opened.close()


def _opened(
    exchange: Exchange, url: str, headers: Mapping[str, str], operation: str, progress: Progress
) -> httpx.Response | KorusError:
    from korus._http.storage import check_address, storage_headers

    try:
        request = httpx.Request(
            "GET",
            url,
            headers={**storage_headers(exchange.user_agent), **headers},
            extensions={PROGRESS: progress, "timeout": exchange.timeouts},
        )
        host = request.url.raw_host.decode("ascii")
        check_address(request.url.scheme, host, base_url=exchange.config.base_url)
        return exchange.send(request)
    except DownloadFailed as error:
        return error.with_traceback(None)
    except CAUGHT as error:
        return failure_of(error, sent=True, operation=operation)
