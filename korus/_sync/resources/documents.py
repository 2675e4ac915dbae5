# Written by `python -m scripts.sync` from korus/_async/resources/documents.py; edit that file instead.
"""Documents: the files of an order, usually its tickets as PDF."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import IO, TYPE_CHECKING

from korus._booking.document_facts import DocumentAddress, OrderName, Pending
from korus._core.durations import bounded
from korus._core.throttled_log import report
from korus._http.endpoints import model_of
from korus._sync.booking.documents import Delivery, document_of
from korus._sync.http.downloads import DocumentStream, Downloads
from korus._sync.resources._resource import Resource
from korus.errors import DocumentsNotReady, InvalidArgument
from korus.iri import DOCUMENT, ORDER, Reference
from korus_api import models

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from korus._sync.http.pages import Pages
    from korus.models import Order, OrderDocument, OrderDocumentPatchRead

_LOG = logging.getLogger("korus.booking")
_WAIT_SECONDS = 60.0
_MOST_BYTES = 100 * 1024 * 1024

__all__ = ["Documents"]


class Documents(Resource):
    """`Korus.documents`: the files of orders."""

    def list(
        self, order: Order | Reference | str, *, page_size: int | None = None, prefetch: int = 0
    ) -> Pages[OrderDocument]:
        """List the documents of an order.

        Args:
            order: The order, its IRI or its id.
            page_size: Items per request, at least 1, if the list has pages.
            prefetch: The number of pages to prefetch.

        Raises:
            InvalidIri: ``order`` is not an order.
            OperationUnavailable: The API's version has no such list (before 1.0.19).

        Reference: 3.1, 4.16.
        """
        return self._list(
            "list_order_documents",
            lambda: models.OrderDocument,
            page_size=page_size,
            prefetch=prefetch,
            order_id=self._reference(order, ORDER).id,
        )

    def get(self, document: OrderDocument | Reference | str) -> OrderDocument:
        """Read the entry of one document, with the time from which it can be downloaded.

        Args:
            document: The document or its IRI.

        Raises:
            NotFound: The document does not exist.
            OperationUnavailable: The API's version cannot read one (before 1.0.19).
            KorusError: The request failed; see `korus.errors`.

        Reference: 3.2, 4.16.
        """
        found = self._reference(document, DOCUMENT)
        return self._get(
            "get_order_document", lambda: models.OrderDocument, order_id=found.ids["order_id"], id=found.id
        )

    def url(
        self, document: OrderDocument | Reference | str, *, language: str | None = None
    ) -> OrderDocumentPatchRead:
        """Request the temporary address of a document.

        The address is signed, belongs to a storage host and expires soon. Fetch it without the API's token, and do
        not pass it on to customers; `download` does this for you.

        Args:
            document: The document or its IRI.
            language: The language of the file, such as ``fr``; by default the client's.

        Raises:
            NotFound: The document does not exist.
            ValidationFailed: It cannot be downloaded yet.
            KorusError: The request failed; see `korus.errors`.

        Reference: 3.3, 4.16, 7.4.
        """
        found = self._reference(document, DOCUMENT)
        model = model_of("update_order_document", lambda: models.OrderDocumentPatchRead)
        address = Delivery(self._transport).address(found, _language(language))
        return model.from_dict(address.raw)

    def wait(
        self,
        order: Order | Reference | str,
        *,
        timeout: float = _WAIT_SECONDS,  # noqa: ASYNC109 (the name that waiting methods have everywhere)
        progress: Callable[[Pending], object] | None = None,
    ) -> tuple[OrderDocument, ...]:
        """Wait until all documents of an order can be downloaded.

        The API is polled with increasing intervals, from half a second to ten seconds. If a document is due long
        after the deadline, or if beneficiaries are missing, waiting ends at once.

        Args:
            order: The order, its IRI or its id.
            timeout: The maximum number of seconds to wait; 0 to look once.
            progress: Called after each look with a `Pending`: the ready and pending documents, and when they are due.

        Returns:
            The documents.

        Raises:
            DocumentsNotReady: They were not ready in time; ``pending`` names the missing ones.
            KorusError: The request failed; see `korus.errors`.

        Reference: 3.1, 4.16, 7.4.
        """
        model = model_of("list_order_documents", lambda: models.OrderDocument)
        found, _ = Delivery(self._transport).wait(
            self._reference(order, ORDER), patience=_seconds(timeout), progress=progress
        )
        return tuple(model.from_dict(document.to_dict()) for document in found)

    def download(
        self,
        order: Order | Reference | str,
        *,
        to: str | Path,
        language: str | None = None,
        timeout: float = _WAIT_SECONDS,  # noqa: ASYNC109 (the name that waiting methods have everywhere)
        progress: Callable[[Pending], object] | None = None,
        follow_redirects: bool = False,
        max_bytes: int = _MOST_BYTES,
    ) -> builtins.list[Path]:
        """Save the documents of an order as files.

        It waits like `wait`, but if documents are due long after the deadline, it saves only those that are ready,
        at least one. Each file is named after the order's reference and the document's id, is written
        atomically, and replaces a file of the same name, so repeated calls are safe.

        Args:
            order: The order, its IRI or its id.
            to: The folder, which is created if it does not exist.
            language: The language of the file, such as ``fr``; by default the client's.
            timeout: The maximum number of seconds to wait for the documents.
            progress: As for `wait`.
            follow_redirects: True to follow redirects of the storage host.
            max_bytes: The maximum size; a longer file is refused.

        Returns:
            The paths of the files, in the order of the documents.

        Raises:
            DocumentsNotReady: No document was ready in time.
            DownloadFailed: A file could not be fetched, is incomplete, or should be a PDF and is not.
            KorusError: The request failed; see `korus.errors`.

        Reference: 3.1, 3.3, 7.4.
        """
        reference, patience, language = self._reference(order, ORDER), _seconds(timeout), _language(language)
        folder = _folder(to)
        delivery = Delivery(self._transport)
        ends = delivery.now() + patience
        documents, state = delivery.wait(reference, patience=patience, progress=progress, some=True)
        name = OrderName.read(order)
        if not name.is_known:
            name = OrderName.read(delivery.order(reference))
        saved: builtins.list[Path] = []
        for document in documents:
            found = document_of(document, reference, self._base_url)
            if found.iri in state.pending:
                continue
            try:
                fetched = self._fetch(delivery, found, language, ends, follow_redirects, max_bytes)
                saved.append(fetched.save(name.name, folder, language))
            except DocumentsNotReady:
                # ready according to the list, but not according to the latest answer
                state = state.without(found.iri)
                if progress is not None:
                    progress(state)
        if not saved:
            raise DocumentsNotReady(f"{reference.iri}: no document is ready", pending=state.pending)
        if state.pending:
            text = f"{reference.iri}: not ready yet: {', '.join(state.pending)}"
            report(_LOG, logging.WARNING, "documents_not_ready", text)
        return saved

    def open(
        self,
        document: OrderDocument | Reference | str,
        *,
        language: str | None = None,
        timeout: float = _WAIT_SECONDS,  # noqa: ASYNC109 (the name that waiting methods have everywhere)
        follow_redirects: bool = False,
        max_bytes: int = _MOST_BYTES,
    ) -> IO[bytes]:
        """Fetch one document and return it as an open file, for an email or your own storage.

        The file is complete and checked. It is in memory, or in a private temporary file if it is large. Close it,
        or use it as a context manager.

        Args:
            document: The document or its IRI.
            language: The language of the file, such as ``fr``; by default the client's.
            timeout: The maximum number of seconds to wait while the document is not ready.
            follow_redirects: True to follow redirects of the storage host.
            max_bytes: The maximum size; a longer file is refused.

        Raises:
            DocumentsNotReady: The document was not ready in time.
            DownloadFailed: It could not be fetched, is incomplete, or should be a PDF and is not.
            KorusError: The request failed; see `korus.errors`.

        Example:
            >>> with korus.documents.open(document) as file:
            ...     attach(file.read())

        Reference: 3.3, 7.4.
        """
        return self._one(document, language, timeout, follow_redirects, max_bytes).open()

    def stream(
        self,
        document: OrderDocument | Reference | str,
        *,
        language: str | None = None,
        timeout: float = _WAIT_SECONDS,
        follow_redirects: bool = False,
        max_bytes: int = _MOST_BYTES,
    ) -> AbstractContextManager[DocumentStream]:
        """Open one document as a stream of bytes.

        Some errors of a file can only be detected at its end: if reading raises an error, discard all chunks before
        it. `open` and `download` return complete files only.

        Args:
            document: The document or its IRI.
            language: The language of the file, such as ``fr``; by default the client's.
            timeout: The maximum number of seconds to wait while the document is not ready.
            follow_redirects: True to follow redirects of the storage host.
            max_bytes: The maximum size; a longer file is refused.

        Raises:
            DocumentsNotReady: The document was not ready in time.
            DownloadFailed: It could not be fetched; while reading, it broke off, or should be a PDF and is not.
            KorusError: The request failed; see `korus.errors`.

        Example:
            >>> with korus.documents.stream(document) as stream:
            ...     for chunk in stream:
            ...         response.write(chunk)

        Reference: 3.3, 7.4.
        """
        return self._one(document, language, timeout, follow_redirects, max_bytes).stream()

    def _one(
        self,
        document: OrderDocument | Reference | str,
        language: str | None,
        timeout: float,
        follow_redirects: bool,
        max_bytes: int,
    ) -> Downloads:
        delivery = Delivery(self._transport)
        ends = delivery.now() + _seconds(timeout)
        found = self._reference(document, DOCUMENT)
        return self._fetch(delivery, found, _language(language), ends, follow_redirects, max_bytes)

    def _fetch(  # noqa: PLR0917 - what the methods have in common
        self,
        delivery: Delivery,
        document: Reference,
        language: str | None,
        ends: float,
        follow_redirects: bool,
        max_bytes: int,
    ) -> Downloads:
        def address() -> DocumentAddress:
            return delivery.address_in_time(document, language, ends)

        return Downloads(self._transport, document, address, follow_redirects, max_bytes)


def _folder(to: object) -> Path:
    if not isinstance(to, (str, Path)) or "\0" in str(to):
        raise InvalidArgument(f"`to` must be the path of a folder, got {type(to).__name__}.")
    return Path(to)


def _seconds(timeout: object) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 <= timeout < float("inf"):
        raise InvalidArgument(f"`timeout` must be a number of seconds of at least 0, got {timeout!r}.")
    return float(bounded(timeout))


def _language(language: object) -> str | None:
    if language is None:
        return None
    if not isinstance(language, str) or not language.isascii() or not language.isprintable() or not language:
        raise InvalidArgument(f"`language` must be a code such as 'fr', got {language!r}.")
    return str.__str__(language)
