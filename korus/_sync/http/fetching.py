# Written by `python -m scripts.sync` from korus/_async/http/fetching.py; edit that file instead.
"""Requests to addresses outside the API, such as those of documents: without credentials, and streamed."""

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
    """Answer of a storage host whose body is not read yet.

    Attributes:
        status: The HTTP status.
        headers: The answer's headers.
    """

    status: int
    headers: httpx.Headers = field(repr=False)
    _response: httpx.Response = field(repr=False)
    _operation: str = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in chunks, without content encoding; `TransportError` if it breaks off.

        Raises:
            DecodingFailed: It has several content codings, an unknown one, or a broken one.
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
    """Open an address outside the API, such as a document's temporary one, without credentials.

    Neither the API's token nor headers, cookies or parameters of the caller's own httpx client are sent: they would
    break a signed address and be disclosed to another party. Redirects are not followed; callers can read
    ``Location``. The total time limit does not apply, since a file may be long; the timeouts of connecting and reading
    do.

    Args:
        exchange: The exchange for requests.
        url: An absolute http or https address.
        operation: The name of the operation in errors.
        headers: Headers to send.

    Raises:
        InvalidArgument: It is not an http or https address.
        DownloadFailed: It is on this machine, in a private network or a metadata service, or without https, and
            the API's own address is not.
        TransportError: It could not be reached; reading the chunks raises it if the body breaks off.
    """
    if urlsplit(url).scheme.lower() not in {"http", "https"}:
        raise InvalidArgument("the address must be an http or https address", operation=operation)
    progress = Progress()
    with ExitStack() as stack:
        try:
            stack.enter_context(exchange.slot(progress, exchange.timeouts))
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
