"""Documents of an order: waiting until they are ready, and their temporary addresses.

`korus._async.http.downloads` fetches the files.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from korus_api import models

from korus._booking.beneficiaries import requirement
from korus._booking.document_facts import DocumentAddress, DocumentFacts, Pending, documents_of
from korus._booking.file_checks import too_early
from korus._booking.issued_tickets import read_order_tickets
from korus._http.endpoints import endpoint, model_of, request_for
from korus._http.pagination import read_envelope
from korus._primitives.asynchronous import sleep
from korus.errors import (
    DocumentsNotReady,
    InvalidArgument,
    OperationUnavailable,
    ValidationFailed,
)
from korus.iri import DOCUMENT, Reference, parse_iri

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from korus._async.http.transport import AsyncTransport

__all__ = ["AsyncDelivery"]

_OPERATION = "download"
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
# a document that is due this many seconds after the deadline is not waited for
_HOPELESS = 60.0


@frozen
class _Listed:
    """Listed documents of an order."""

    documents: tuple[DocumentFacts, ...] = field(repr=False)
    now: datetime


class AsyncDelivery:
    """Waits for documents and requests their addresses, for one client.

    Args:
        transport: The transport for requests.
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
    ) -> tuple[tuple[DocumentFacts, ...], Pending]:
        """Poll with increasing intervals until the documents can be downloaded.

        Args:
            order: The order.
            patience: The maximum number of seconds to wait.
            progress: Called after each look.
            some: True if some documents are enough when the others will not be ready in time.

        Returns:
            The documents, and their state.

        Raises:
            DocumentsNotReady: They are not ready in time, or require beneficiaries first.
        """
        began, pause, looks = self.now(), _FIRST_PAUSE, 0
        while True:
            listed = await self._list(order)
            looks += 1
            state = _pending(listed, self.now() - began)
            if progress is not None:
                progress(state)
            if listed.documents and not state.pending:
                return listed.documents, state
            left = patience - state.waited
            hopeless = _is_hopeless(state.due, listed.now, left)
            if (hopeless or left <= 0) and state.ready and some:
                return listed.documents, state
            if looks == 1 and not listed.documents:
                await self._refuse_unnamed(order)
            if hopeless or left <= 0:
                raise _not_ready(order, state)
            await sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def _list(self, order: Reference) -> _Listed:
        try:
            request = request_for(endpoint("list_order_documents"), order_id=order.id)
        except OperationUnavailable:
            return await self._named_by_order(order)
        answer = await self._transport.send(endpoint("list_order_documents").OPERATION, request)
        url = self._transport.config.base_url + str(request["url"])
        envelope = read_envelope(answer.json(), operation="list_order_documents", url=url)
        documents = tuple(map(DocumentFacts.read, envelope.members))
        return _Listed(documents, self._moment(answer.headers))

    async def _named_by_order(self, order: Reference) -> _Listed:
        """Return the documents that an order names, for versions without a list of them (before 1.0.19, P15)."""
        return _Listed(documents_of(await self.order(order)), self._transport.clock.now())

    async def order(self, order: Reference) -> dict[str, Any]:
        """Read the order."""
        return (await self._transport.call("get_order", id=order.id)).object()

    async def _refuse_unnamed(self, order: Reference) -> None:
        """Raise an error if documents require beneficiaries that are missing."""
        needed = map(requirement, read_order_tickets(await self.order(order)))
        waiting = [need for need in needed if need.missing]
        if waiting:
            first = waiting[0]
            raise DocumentsNotReady(
                f"{order.iri}: {len(waiting)} tickets require a beneficiary before their documents are created; "
                f"{first.ticket} lacks {', '.join(first.missing)}",
                operation="list_order_documents",
            )

    def _moment(self, headers: Mapping[str, str]) -> datetime:
        """Return the API's own time if it sends it, since its dates follow its clock."""
        try:
            found = parsedate_to_datetime(headers.get("date", ""))
        except (TypeError, ValueError, IndexError, OverflowError):
            return self._transport.clock.now()
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

    # --- addresses -----------------------------------------------------------------------------------------

    async def address(self, document: Reference, language: str | None) -> DocumentAddress:
        """Request the temporary address of a document."""
        body = model_of("update_order_document", lambda: models.PatchOrderDocumentInput)()
        request = request_for(
            endpoint("update_order_document"), order_id=document.ids["order_id"], id=document.id, body=body
        )
        if language is not None:
            headers: dict[str, str] = request.get("headers") or {}
            request = {**request, "headers": {**headers, "Accept-Language": language}}
        answer = await self._transport.send(endpoint("update_order_document").OPERATION, request)
        return DocumentAddress.read(answer.object())

    async def address_in_time(
        self, document: Reference, language: str | None, ends: float
    ) -> DocumentAddress:
        """Request the temporary address of a document, and repeat while the API answers that it is not ready.

        Raises:
            DocumentsNotReady: It is not ready at the end of the wait, or is due long after it.
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

    def now(self) -> float:
        """Return the current time of the clock that limits waiting, in seconds."""
        return self._transport.clock.monotonic()


def _pending(listed: _Listed, waited: float) -> Pending:
    ready: list[str] = []
    pending: list[str] = []
    due: list[datetime] = []
    for document in listed.documents:
        name = document.iri or "(a document without an IRI)"
        if document.due is None or document.due <= listed.now:
            ready.append(name)
        else:
            pending.append(name)
            due.append(document.due)
    return Pending(tuple(ready), tuple(pending), max(due, default=None), waited)


def _is_hopeless(due: datetime | None, now: datetime, left: float) -> bool:
    """Return True if a document that is due then will not be ready within the seconds left."""
    return due is not None and (due - now).total_seconds() > max(left, 0) + _HOPELESS


def _not_ready(order: Reference, state: Pending) -> DocumentsNotReady:
    due = "" if state.due is None else f"; the last is due at {state.due.isoformat()}"
    count = f"{len(state.pending)} documents are" if state.pending else "the documents are"
    return DocumentsNotReady(
        f"{order.iri}: {count} not ready after {state.waited:.0f} s{due}",
        pending=state.pending,
        operation="list_order_documents",
    )


def document_of(document: DocumentFacts, order: Reference, base_url: str) -> Reference:
    """Return the reference of an order's document, from any form in which the API names it.

    Raises:
        InvalidIri: It is not a document.
        InvalidArgument: It is a document of another order.
    """
    iri = document.iri or f"{order.iri}/documents/{document.id}"
    found = parse_iri(iri, DOCUMENT, base_url=base_url)
    if not found.is_within(order):
        raise InvalidArgument(f"{found.iri} is a document of another order than {order.iri}")
    return found
