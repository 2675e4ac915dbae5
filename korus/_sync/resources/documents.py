# Written by `python -m scripts.sync` from korus/_async/resources/documents.py; edit that file instead.
"""Documents: the files of an order, as a rule its tickets as PDF."""

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
            page_size: Items per request, from 1, where the list has pages.
            prefetch: Pages to fetch ahead.

        Raises:
            InvalidIri: when ``order`` is no order.
            OperationUnavailable: when the API's version has no such list (before 1.0.19).

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
        """Read one document's entry: from when on it can be downloaded.

        Args:
            document: The document or its IRI.

        Raises:
            NotFound: when there is no such document.
            OperationUnavailable: when the API's version cannot show one (before 1.0.19).
            KorusError: what a request can raise; see `korus.errors`.

        Reference: 3.2, 4.16.
        """
        found = self._reference(document, DOCUMENT)
        return self._get(
            "get_order_document", lambda: models.OrderDocument, order_id=found.ids["order_id"], id=found.id
        )

    def url(
        self, document: OrderDocument | Reference | str, *, language: str | None = None
    ) -> OrderDocumentPatchRead:
        """Ask for the temporary address of a document.

        The address is signed, belongs to a storage host and stops working soon. Fetch it without the API's
        token, and do not pass it on to customers; `download` does all of that.

        Args:
            document: The document or its IRI.
            language: Which language the file should be in, such as ``fr``; the client's when left out.

        Raises:
            NotFound: when there is no such document.
            ValidationFailed: when it cannot be downloaded yet.
            KorusError: what a request can raise; see `korus.errors`.

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

        The API is asked ever more slowly, every half second at first and every ten seconds at last. When a
        document is due long after the deadline, or when beneficiaries are missing, waiting ends at once.

        Args:
            order: The order, its IRI or its id.
            timeout: Seconds to wait at most; 0 looks once.
            progress: Called after each look with a `Pending`: what is ready, what is not, when it will be.

        Returns:
            The documents.

        Raises:
            DocumentsNotReady: They were not ready in time; ``pending`` names those that were not.
            KorusError: what a request can raise; see `korus.errors`.

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

        It waits as `wait` does, but is content with those documents that are ready when others are due long
        after the deadline; at least one has to be. Each file is named after the order's reference and the
        document's id, appears when it is whole, and replaces one of the same name, so that running this again
        is safe.

        Args:
            order: The order, its IRI or its id.
            to: The folder; made if it is not there.
            language: Which language the files should be in, such as ``fr``; the client's when left out.
            timeout: Seconds to wait for the documents at most.
            progress: As for `wait`.
            follow_redirects: Whether the storage host may send us to another address.
            max_bytes: A file longer than this is refused.

        Returns:
            The paths of the files, in the order of the documents.

        Raises:
            DocumentsNotReady: Not one document was ready in time.
            DownloadFailed: A file could not be fetched, is cut short, or is no PDF though it should be.
            KorusError: what a request can raise; see `korus.errors`.

        Reference: 3.1, 3.3, 7.4.
        """
        reference, patience, language = self._reference(order, ORDER), _seconds(timeout), _language(language)
        folder = _folder(to)
        delivery = Delivery(self._transport)
        ends = delivery.now() + patience
        documents, standing = delivery.wait(reference, patience=patience, progress=progress, some=True)
        name = OrderName.read(order)
        if not name.is_known:
            name = OrderName.read(delivery.order(reference))
        saved: builtins.list[Path] = []
        for document in documents:
            found = document_of(document, reference, self._base_url)
            if found.iri in standing.pending:
                continue
            try:
                fetched = self._fetch(delivery, found, language, ends, follow_redirects, max_bytes)
                saved.append(fetched.save(name.name, folder, language))
            except DocumentsNotReady:
                # the list said that it was ready, and the API says now that it is not
                standing = standing.without(found.iri)
                if progress is not None:
                    progress(standing)
        if not saved:
            raise DocumentsNotReady(f"{reference.iri}: no document is ready", pending=standing.pending)
        if standing.pending:
            text = f"{reference.iri}: not ready yet: {', '.join(standing.pending)}"
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
        """Fetch one document and return it as an open file, for a mail or a store of your own.

        The file is whole and checked. It is in memory, or in a temporary file that nobody else sees if it is
        large. Close it, or use it as a context manager.

        Args:
            document: The document or its IRI.
            language: Which language the file should be in, such as ``fr``; the client's when left out.
            timeout: Seconds to ask again at most while the API says that it is too early.
            follow_redirects: Whether the storage host may send us to another address.
            max_bytes: A file longer than this is refused.

        Raises:
            DocumentsNotReady: It was too early still.
            DownloadFailed: It could not be fetched, is cut short, or is no PDF though it should be.
            KorusError: what a request can raise; see `korus.errors`.

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
        """Open one document as a stream of bytes, which are passed on as they come.

        What is wrong with a file may show only at its end: an error while it is read means that everything before
        it is to be thrown away. `open` and `download` give whole files only.

        Args:
            document: The document or its IRI.
            language: Which language the file should be in, such as ``fr``; the client's when left out.
            timeout: Seconds to ask again at most while the API says that it is too early.
            follow_redirects: Whether the storage host may send us to another address.
            max_bytes: A file longer than this is refused.

        Raises:
            DocumentsNotReady: It was too early still.
            DownloadFailed: It could not be fetched; while reading, it broke off or is no PDF though it should be.
            KorusError: what a request can raise; see `korus.errors`.

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
        raise InvalidArgument(f"timeout is a number of seconds from 0 on, not {timeout!r}")
    return float(bounded(timeout))


def _language(language: object) -> str | None:
    if language is None:
        return None
    if not isinstance(language, str) or not language.isascii() or not language.isprintable() or not language:
        raise InvalidArgument(f"language is a code such as 'fr', not {language!r}")
    return str.__str__(language)
