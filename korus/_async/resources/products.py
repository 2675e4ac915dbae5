"""Products: the variants of a product base that are for sale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus_api import models

from korus._async.resources._resource import AsyncResource
from korus.iri import CATALOG, PRODUCT_BASE, Reference

if TYPE_CHECKING:
    from korus._async.http.pages import AsyncPages
    from korus.models import Catalog, Product, ProductBase

__all__ = ["AsyncProducts"]


class AsyncProducts(AsyncResource):
    """`AsyncKorus.products`: the variants that are for sale."""

    def list(
        self,
        parent: ProductBase | Catalog | Reference | str,
        *,
        page_size: int | None = None,
        prefetch: int = 0,
    ) -> AsyncPages[Product]:
        """List the products of a product base or, in old versions of the API, of a catalogue.

        Args:
            parent: The product base or its IRI; if the API lists products by catalogue, the catalogue, its
                IRI or its id.
            page_size: Items per request, at least 1; by default the API's own.
            prefetch: The number of pages to prefetch.

        Raises:
            InvalidIri: ``parent`` is neither.
            OperationUnavailable: The API's version lists products by the other one.

        Reference: 3.20.
        """
        above = self._reference(parent, CATALOG, PRODUCT_BASE)
        return self._list(
            "list_products",
            lambda: models.Product,
            page_size=page_size,
            prefetch=prefetch,
            catalog_id=above.ids["catalog_id"],
            product_base_id=above.ids.get("product_base_id"),
        )
