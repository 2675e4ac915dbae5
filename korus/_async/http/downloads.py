"""Downloads of documents from the storage host: into a file, into memory, or as a stream.

They have a temporary address and need no token. `korus._booking.file_checks` checks the content. Files on disk are
written atomically: a failed download leaves no file, and a repeated one replaces its file at once.
"""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import IO, TYPE_CHECKING, TypeVar

from attrs import frozen

from korus._booking.file_checks import Content, check_address, file_name, is_stale, length_of, next_address
from korus._core import watches
from korus._core.part_files import PartFile
from korus._http.retry import Replay, next_wait
from korus._primitives.asynchronous import run_blocking, sleep
from korus.errors import DownloadFailed, KorusError, TransportError
from korus.hooks import RetryScheduled

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from korus._async.http.fetching import AsyncFetched
    from korus._async.http.transport import AsyncTransport
    from korus._booking.document_facts import DocumentAddress
    from korus._core.watches import CallWatch
    from korus.iri import Reference

__all__ = ["AsyncDocumentStream", "AsyncDownloads"]

_OPERATION = "download"
_MOST_REDIRECTS = 5
_IN_MEMORY = 4 * 1024 * 1024
_T = TypeVar("_T")


class AsyncDocumentStream:
    """Stream of a document; iterate over it for chunks of bytes, or `read` all of them.

    Attributes:
        content_type: The storage host's Content-Type, empty if it sends none.
        size: The announced number of bytes, None if not announced.
    """

    content_type: str
    size: int | None

    def __init__(self, fetched: AsyncFetched, content: Content) -> None:
        self.content_type = content.content_type
        self.size = content.announced
        self._chunks = _checked(fetched, content)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.content_type or 'of unknown type'}, {self.size} bytes>"

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk.

        Raises:
            DownloadFailed: The stream broke off, is too long, or is not the expected file. Discard the chunks
                before it.
        """
        try:
            return await anext(self._chunks)
        except (TransportError, _Broken) as error:
            raise DownloadFailed(str(_cause(error)), operation=_OPERATION) from None

    async def read(self) -> bytes:
        """Return the remaining bytes; raises the same errors as iterating."""
        return b"".join([chunk async for chunk in self])

    async def aclose(self) -> None:
        """Close the stream."""
        await self._chunks.aclose()


@frozen
class AsyncDownloads:
    """Download of one document.

    Attributes:
        transport: The transport for requests.
        document: The document.
        address: Requests its temporary address from the API.
        follow_redirects: True to follow redirects of the storage host.
        max_bytes: The maximum size; a longer file is refused.
    """

    transport: AsyncTransport
    document: Reference
    address: Callable[[], Awaitable[DocumentAddress]]
    follow_redirects: bool
    max_bytes: int

    async def save(self, order: str, folder: Path, language: str | None) -> Path:
        """Save the document in a folder, under a unique name.

        Raises:
            DownloadFailed: It could not be fetched or written, or is not the expected file; no file is left.
        """

        async def save(url: str) -> Path:
            async with AsyncExitStack() as stack:
                fetched, content = await self._open(stack, url)
                part = PartFile(folder)
                try:
                    await run_blocking(part.open)
                    async for chunk in _checked(fetched, content):
                        await run_blocking(part.write, chunk)
                    name = file_name(
                        order, self.document.id, language, content.content_type, content.beginning
                    )
                    return await run_blocking(part.finish, name)
                except BaseException:
                    part.drop()
                    raise

        return await self._retried(save)

    async def open(self) -> IO[bytes]:
        """Return the complete document as an open file, in memory unless it is large.

        Raises:
            DownloadFailed: It could not be fetched, or is not the expected file.
        """

        async def open_(url: str) -> IO[bytes]:
            async with AsyncExitStack() as stack:
                fetched, content = await self._open(stack, url)
                file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - it is given away
                try:
                    async for chunk in _checked(fetched, content):
                        await run_blocking(file.write, chunk)
                    file.seek(0)
                except BaseException:
                    file.close()
                    raise
                return file

        return await self._retried(open_)

    @asynccontextmanager
    async def stream(self) -> AsyncGenerator[AsyncDocumentStream]:
        """Open the document as a stream.

        Raises:
            DownloadFailed: It could not be fetched.
        """
        async with AsyncExitStack() as stack:

            async def start(url: str) -> AsyncDocumentStream:
                fetched, content = await self._open(stack, url)
                return AsyncDocumentStream(fetched, content)

            async with aclosing(await self._retried(start)) as stream:
                yield stream

    async def _retried(self, attempt: Callable[[str], Awaitable[_T]]) -> _T:
        """Make attempts, which hooks receive as those of one call."""
        with watches.call(self.transport.observer, _OPERATION, "GET") as watch:

            async def watched(url: str) -> _T:
                with watch.attempt() as one:
                    one.sent = True
                    try:
                        return await attempt(url)
                    except (_Stale, _Broken) as error:
                        one.status = error.status if isinstance(error, _Stale) else None
                        one.error = DownloadFailed("")
                        raise

            return await self._made(watched, watch)

    async def _made(self, attempt: Callable[[str], Awaitable[_T]], watch: CallWatch) -> _T:
        """Make attempts with the document's address, which is requested again after it expires."""
        document, refreshed, count = self.document, False, 0
        patched = await self.address()
        while True:
            count += 1
            url = patched.url
            if url is None:
                raise DownloadFailed(f"{document.iri}: the API sent no address for it", operation=_OPERATION)
            try:
                return await attempt(check_address(url))
            except _Stale as stale:
                if refreshed:
                    raise DownloadFailed(
                        f"{document.iri}: the storage host refused the address twice ({stale.status})",
                        operation=_OPERATION,
                        status=stale.status,
                    ) from None
                refreshed = True
                patched = await self.address()
            except OSError as error:
                raise DownloadFailed(
                    f"{document.iri}: cannot write it to disk: {error.strerror or type(error).__name__}",
                    operation=_OPERATION,
                ) from error
            except (TransportError, _Broken) as error:
                cause = _cause(error)
                wait = next_wait(
                    self.transport.config.retry, cause, replay=Replay.SAFE, attempt=count, remaining=None
                )
                if wait is None:
                    raise DownloadFailed(f"{document.iri}: {cause}", operation=_OPERATION) from None
                self.transport.observer.emit(
                    RetryScheduled(watch.call, count, wait, type(cause).__name__, cause.status)
                )
                await sleep(wait)

    async def _open(self, stack: AsyncExitStack, url: str) -> tuple[AsyncFetched, Content]:
        """Open the answer at an address, or at the target of its redirects, until the stack is closed."""
        for _ in range(_MOST_REDIRECTS + 1):
            fetched = await stack.enter_async_context(self.transport.fetch(url, operation=_OPERATION))
            if not 300 <= fetched.status < 400:  # noqa: PLR2004
                self._refuse_status(fetched)
                return fetched, Content(
                    announced=length_of(fetched.headers),
                    content_type=fetched.headers.get("content-type", ""),
                    address=url,
                    max_bytes=self.max_bytes,
                )
            if not self.follow_redirects:
                raise DownloadFailed(
                    f"{self.document.iri}: the storage host redirects; pass follow_redirects=True to allow it",
                    operation=_OPERATION,
                    status=fetched.status,
                )
            url = next_address(url, fetched.headers.get("location"))
            await stack.aclose()
        raise DownloadFailed(
            f"{self.document.iri}: too many redirects of the storage host", operation=_OPERATION
        )

    def _refuse_status(self, fetched: AsyncFetched) -> None:
        if fetched.status == 200:  # noqa: PLR2004
            return
        if is_stale(fetched.status):
            raise _Stale(fetched.status)
        message = f"{self.document.iri}: the storage host answered {fetched.status}"
        if fetched.status == 429 or fetched.status >= 500:  # noqa: PLR2004
            raise _Broken(TransportError(message, sent=True, operation=_OPERATION))
        raise DownloadFailed(message, operation=_OPERATION, status=fetched.status)


class _Stale(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Broken(Exception):
    """Interruption of a download that can be retried."""

    def __init__(self, error: KorusError) -> None:
        super().__init__(error)
        self.error = error


def _cause(error: TransportError | _Broken) -> KorusError:
    return error.error if isinstance(error, _Broken) else error


async def _checked(fetched: AsyncFetched, content: Content) -> AsyncGenerator[bytes]:
    """Yield the chunks of a file, and raise an error if its beginning or end is invalid."""
    held: list[bytes] = []
    async for chunk in fetched.chunks():
        content.take(chunk)
        held.append(chunk)
        if content.has_begun:
            content.check_beginning()
            yield b"".join(held)
            held.clear()
    if content.is_cut_short:
        message = f"the file is incomplete: received {content.size} of {content.announced} bytes"
        raise _Broken(TransportError(message, sent=True, operation=_OPERATION))
    content.check()
    if held:
        yield b"".join(held)
