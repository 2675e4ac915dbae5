"""Fetching an order's documents: waiting until they are there, and saving them whole or not at all.

The file comes from a storage host at a temporary address, without the API's token. It is written beside its
place under another name and moved there when it has been checked, so that a broken download leaves nothing
and a repeated one replaces its file at once. What a file must be is decided in `korus.downloads`.
"""

from __future__ import annotations

import logging
import os
import tempfile
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from korus._primitives.asynchronous import run_blocking, sleep
from korus.beneficiaries import order_tickets, requirement
from korus.downloads import (
    check_content,
    file_name,
    is_stale,
    length_of,
    moment_of,
    next_address,
    too_early,
)
from korus.errors import (
    DocumentsNotReady,
    DownloadFailed,
    InvalidArgument,
    KorusError,
    OperationUnavailable,
    TransportError,
    ValidationFailed,
)
from korus.iri import DOCUMENT, Reference, parse_iri
from korus.operations import available, request_for
from korus.pages import read_envelope
from korus.retry import Replay, next_wait
from korus.wire import iri_of, objects, text, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from korus._async.transport import AsyncFetched, AsyncTransport

__all__ = ["AsyncDelivery", "Pending"]

_LOG = logging.getLogger("korus")
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_MOST_REDIRECTS = 5
_ENDING = 1024
_BEGINNING = 16
# a document that is due so many seconds after the deadline will not come in time
_HOPELESS = 60.0


@frozen
class Pending:
    """How waiting for documents stands; what a progress callback gets.

    Attributes:
        ready: The IRIs of the documents that can be downloaded.
        pending: Those that cannot yet.
        due: When the last of these will be ready, None when it is not known.
        waited: Seconds waited so far.
    """

    ready: tuple[str, ...]
    pending: tuple[str, ...]
    due: datetime | None
    waited: float

    def without(self, document: str) -> Pending:
        """Return the same with a document that is not ready after all."""
        ready = tuple(iri for iri in self.ready if iri != document)
        return evolve(self, ready=ready, pending=(*self.pending, document))


@frozen
class _Listed:
    """The documents of an order, as they were listed."""

    documents: tuple[Any, ...]
    now: datetime


class AsyncDelivery:
    """Waits for and fetches documents for one client.

    Args:
        transport: What carries requests out.
    """

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    # --- waiting -------------------------------------------------------------------------------------------

    async def wait(
        self,
        order: Reference,
        *,
        patience: float,
        progress: Callable[[Pending], object] | None,
        some: bool = False,
    ) -> tuple[tuple[Any, ...], Pending]:
        """Ask again and again, ever more slowly, until the documents can be downloaded.

        Args:
            order: The order.
            patience: Seconds to wait at most.
            progress: Called after each look.
            some: Whether it is enough that some can be, when the others will not be in time.

        Returns:
            The documents, and how they stand.

        Raises:
            DocumentsNotReady: They are not ready in time, or cannot be before beneficiaries are named.
        """
        began, pause, looks = self.now(), _FIRST_PAUSE, 0
        while True:
            listed = await self._list(order)
            looks += 1
            standing = _standing(listed, self.now() - began)
            if progress is not None:
                progress(standing)
            if listed.documents and not standing.pending:
                return listed.documents, standing
            left = patience - standing.waited
            hopeless = _is_hopeless(standing.due, listed.now, left)
            if (hopeless or left <= 0) and standing.ready and some:
                return listed.documents, standing
            if looks == 1 and not listed.documents:
                await self._refuse_unnamed(order)
            if hopeless or left <= 0:
                raise _not_ready(order, standing)
            await sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def _list(self, order: Reference) -> _Listed:
        try:
            with available("list_order_documents"):
                from korus_api.api.order_document import list_order_documents
        except OperationUnavailable:
            return await self._named_by_order(order)
        request = request_for(list_order_documents, order_id=order.id)
        answer = await self._transport.send(list_order_documents.OPERATION, request)
        url = self._transport.config.base_url + str(request["url"])
        envelope = read_envelope(answer.json(), operation="list_order_documents", url=url)
        return _Listed(tuple(envelope.members), self._moment(answer.headers))

    async def _named_by_order(self, order: Reference) -> _Listed:
        """Take the documents that an order names, where there is no list of them (before 1.0.19, P15)."""
        return _Listed(objects(await self.order(order), "documents"), self._transport.clock.now())

    async def order(self, order: Reference) -> dict[str, Any]:
        """Read the order."""
        with available("get_order"):
            from korus_api.api.order import get_order

        request = request_for(get_order, id=order.id)
        return (await self._transport.send(get_order.OPERATION, request)).object()

    async def _refuse_unnamed(self, order: Reference) -> None:
        """Say so when documents cannot come before beneficiaries are named."""
        needed = [requirement(ticket) for ticket in order_tickets(await self.order(order))]
        waiting = [need for need in needed if need.missing]
        if waiting:
            first = waiting[0]
            raise DocumentsNotReady(
                f"{order.iri}: {len(waiting)} tickets need their beneficiary before there are documents; "
                f"{first.ticket} lacks {', '.join(first.missing)}",
                operation="list_order_documents",
            )

    def _moment(self, headers: Mapping[str, str]) -> datetime:
        """Give the API's own time where it says it, since its dates are by its clock."""
        try:
            found = parsedate_to_datetime(headers.get("date", ""))
        except (TypeError, ValueError):
            return self._transport.clock.now()
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

    # --- fetching ------------------------------------------------------------------------------------------

    async def address(self, document: Reference, language: str | None) -> dict[str, Any]:
        """Ask for the temporary address of a document."""
        with available("update_order_document"):
            from korus_api.api.order_document import update_order_document
            from korus_api.models import PatchOrderDocumentInput

        request = request_for(
            update_order_document,
            order_id=document.ids["order_id"],
            id=document.id,
            body=PatchOrderDocumentInput(),
        )
        if language is not None:
            headers: dict[str, str] = request.get("headers") or {}
            request = {**request, "headers": {**headers, "Accept-Language": language}}
        return (await self._transport.send(update_order_document.OPERATION, request)).object()

    async def _ready_address(self, document: Reference, language: str | None, ends: float) -> dict[str, Any]:
        """Ask for the temporary address of a document again and again while the API says that it is too early.

        Raises:
            DocumentsNotReady: It is too early still when the patience ends, or long after that.
        """
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self.address(document, language)
            except ValidationFailed as refused:
                early = too_early(refused)
                if early is None:
                    raise
                left = ends - self.now()
                if left <= 0 or _is_hopeless(early.due, self._moment(refused.headers), left):
                    due = "" if early.due is None else f"; it is due at {early.due.isoformat()}"
                    raise DocumentsNotReady(
                        f"{document.iri}: not ready yet{due}", pending=(document.iri,), operation=_OPERATION
                    ) from None
            await sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def save(
        self,
        document: Reference,
        order: Mapping[str, Any],
        folder: Path,
        *,
        language: str | None,
        follow_redirects: bool,
        max_bytes: int,
        ends: float,
    ) -> Path:
        """Fetch a document and put it into a folder, under a name of its own.

        Raises:
            DocumentsNotReady: The API says that it is too early for it, until ``ends`` (a time of `now`).
            DownloadFailed: It could not be fetched, or is not what it should be; nothing is left behind.
        """
        refreshed, attempt = False, 0
        patched = await self._ready_address(document, language, ends)
        while True:
            attempt += 1
            url = text(patched, "temporaryUrl")
            if url is None:
                raise DownloadFailed(f"{document.iri}: the API gave no address for it", operation=_OPERATION)
            try:
                return await self._fetch(url, document, order, folder, language, follow_redirects, max_bytes)
            except _Stale as stale:
                if refreshed:
                    raise DownloadFailed(
                        f"{document.iri}: the storage host refused the address twice ({stale.status})",
                        operation=_OPERATION,
                        status=stale.status,
                    ) from None
                refreshed = True
                patched = await self._ready_address(document, language, ends)
            except (TransportError, _Broken) as error:
                cause = error.error if isinstance(error, _Broken) else error
                wait = next_wait(
                    self._transport.config.retry, cause, replay=Replay.SAFE, attempt=attempt, remaining=None
                )
                if wait is None:
                    raise DownloadFailed(f"{document.iri}: {cause}", operation=_OPERATION) from None
                _LOG.debug("%s: attempt %d failed (%s)", _OPERATION, attempt, cause)
                await sleep(wait)

    async def _fetch(  # noqa: PLR0917 - one document's whole story
        self,
        url: str,
        document: Reference,
        order: Mapping[str, Any],
        folder: Path,
        language: str | None,
        follow_redirects: bool,
        max_bytes: int,
    ) -> Path:
        for _ in range(_MOST_REDIRECTS + 1):
            async with self._transport.fetch(url, operation=_OPERATION) as fetched:
                if 300 <= fetched.status < 400:  # noqa: PLR2004
                    if not follow_redirects:
                        raise DownloadFailed(
                            f"{document.iri}: the storage host redirects; follow_redirects=True allows it",
                            operation=_OPERATION,
                            status=fetched.status,
                        )
                    url = next_address(url, fetched.headers.get("location"))
                    continue
                _refuse_status(document, fetched)
                name = file_name(order, document.id, language, fetched.headers.get("content-type", ""))
                return await self._write(fetched, url, folder, name, max_bytes)
        raise DownloadFailed(f"{document.iri}: the storage host redirects without end", operation=_OPERATION)

    async def _write(self, fetched: AsyncFetched, url: str, folder: Path, name: str, max_bytes: int) -> Path:
        part = await run_blocking(_Part, folder)
        size, beginning, ending = 0, b"", b""
        try:
            async for chunk in fetched.chunks():
                size += len(chunk)
                _refuse_length(size, max_bytes)
                beginning = (beginning + chunk[:_BEGINNING])[:_BEGINNING]
                ending = (ending + chunk)[-_ENDING:]
                await run_blocking(part.file.write, chunk)
            _check(fetched, url, beginning, ending, size)
            final = folder / name
            await run_blocking(_finish, part, final)
        except BaseException:
            _discard(part)
            raise
        return final

    def now(self) -> float:
        """Return the time that patience is measured by, in seconds."""
        return self._transport.clock.monotonic()


_OPERATION = "download"


class _Stale(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Broken(Exception):
    """A download that broke off and can be tried again."""

    def __init__(self, error: KorusError) -> None:
        super().__init__(error)
        self.error = error


def _refuse_length(size: int, most: int) -> None:
    if size > most:
        raise DownloadFailed(f"the file is longer than {most} bytes", operation=_OPERATION)


def _refuse_status(document: Reference, fetched: AsyncFetched) -> None:
    if fetched.status == 200:  # noqa: PLR2004
        return
    if is_stale(fetched.status):
        raise _Stale(fetched.status)
    message = f"{document.iri}: the storage host answered {fetched.status}"
    if fetched.status == 429 or fetched.status >= 500:  # noqa: PLR2004
        raise _Broken(TransportError(message, sent=True, operation=_OPERATION))
    raise DownloadFailed(message, operation=_OPERATION, status=fetched.status)


def _standing(listed: _Listed, waited: float) -> Pending:
    ready: list[str] = []
    pending: list[str] = []
    due: list[datetime] = []
    for document in listed.documents:
        name = iri_of(document) or "(a document without an IRI)"
        moment = _due(document)
        if moment is None or moment <= listed.now:
            ready.append(name)
        else:
            pending.append(name)
            due.append(moment)
    return Pending(tuple(ready), tuple(pending), max(due, default=None), waited)


def _due(document: object) -> datetime | None:
    return moment_of(text(wire(document) or {}, "downloadableAt"))


def _is_hopeless(due: datetime | None, now: datetime, left: float) -> bool:
    """Return True if what is due then will not come within the seconds left."""
    return due is not None and (due - now).total_seconds() > max(left, 0) + _HOPELESS


def _not_ready(order: Reference, standing: Pending) -> DocumentsNotReady:
    due = "" if standing.due is None else f"; the last is due at {standing.due.isoformat()}"
    count = f"{len(standing.pending)} documents are" if standing.pending else "the documents are"
    return DocumentsNotReady(
        f"{order.iri}: {count} not ready after {standing.waited:.0f} s{due}",
        pending=standing.pending,
        operation="list_order_documents",
    )


def document_of(document: object, order: Reference, base_url: str) -> Reference:
    """Give the address of a document that an order has, however the API named it.

    Raises:
        InvalidIri: It is no document.
        InvalidArgument: It is a document of another order.
    """
    iri = iri_of(document)
    if iri is None:
        iri = f"{order.iri}/documents/{text(wire(document) or {}, 'id')}"
    found = parse_iri(iri, DOCUMENT, base_url=base_url)
    if not found.is_within(order):
        raise InvalidArgument(f"{found.iri} is a document of another order than {order.iri}")
    return found


class _Part:
    """A file in the making, beside the place where it will be."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=".korus-", suffix=".part", dir=folder)
        self.path = Path(name)
        self.file = os.fdopen(number, "wb")


def _finish(part: _Part, final: Path) -> None:
    part.file.flush()
    os.fsync(part.file.fileno())
    part.file.close()
    part.path.chmod(0o644)
    part.path.replace(final)


def _discard(part: _Part) -> None:
    part.file.close()
    part.path.unlink(missing_ok=True)


def _check(fetched: AsyncFetched, url: str, beginning: bytes, ending: bytes, size: int) -> None:
    announced = length_of(fetched.headers)
    try:
        check_content(
            beginning,
            ending,
            size,
            announced=announced,
            content_type=fetched.headers.get("content-type", ""),
            address=url,
        )
    except DownloadFailed as error:
        if announced is not None and size < announced:
            raise _Broken(TransportError(error.message, sent=True, operation=_OPERATION)) from None
        raise
