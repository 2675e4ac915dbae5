# Written by `python -m scripts.sync` from korus/_async/resources/documents.py; edit that file instead.
"""Documents: the files of an order, as a rule its tickets as PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._sync.resources._resource import Resource
from korus.iri import DOCUMENT, ORDER, Reference
from korus.operations import available

if TYPE_CHECKING:
    from korus._sync.pages import Pages
    from korus.models import Order, OrderDocument

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
        with available("list_order_documents"):
            from korus_api.api.order_document import list_order_documents
            from korus_api.models import OrderDocument

        return self._list(
            list_order_documents,
            OrderDocument.from_dict,
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
        with available("get_order_document"):
            from korus_api.api.order_document import get_order_document
            from korus_api.models import OrderDocument

        found = self._reference(document, DOCUMENT)
        return self._get(
            get_order_document, OrderDocument.from_dict, order_id=found.ids["order_id"], id=found.id
        )
