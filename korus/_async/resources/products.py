"""Products: one thing for sale, in one variant."""

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
            parent: The product base or its IRI; where the API lists products by catalogue, the catalogue, its
                IRI or its id.
            page_size: Items per request, from 1; the API's default when left out.
            prefetch: Pages to fetch ahead.

        Raises:
            InvalidIri: when ``parent`` is neither.
            OperationUnavailable: when the API's version lists products by the other one of the two.

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
