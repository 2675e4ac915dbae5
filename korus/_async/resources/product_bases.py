"""Product bases, and the options in which the products of one base differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus_api import models

from korus._async.resources._resource import AsyncResource
from korus._http.query import bare_id
from korus.iri import CATALOG, PRODUCT_BASE, SEAT_MAP, SESSIONS, Reference, parse_id

if TYPE_CHECKING:
    from korus._async.http.pages import AsyncPages
    from korus.models import (
        Catalog,
        OfferTicketSession,
        ProductBase,
        ProductBaseOption,
        ProductBaseOptionValue,
        SeatMap,
    )

__all__ = ["AsyncProductBases"]


class AsyncProductBases(AsyncResource):
    """`AsyncKorus.product_bases`: groups of product variants."""

    def list(
        self,
        catalog: Catalog | Reference | str,
        *,
        with_disabled: bool | None = None,
        page_size: int | None = None,
        prefetch: int = 0,
    ) -> AsyncPages[ProductBase]:
        """List the product bases of a catalogue.

        Args:
            catalog: The catalogue, its IRI or its id.
            with_disabled: True to include disabled bases; the API omits them by default.
            page_size: Items per request, at least 1; by default the API's own.
            prefetch: The number of pages to prefetch.

        Raises:
            InvalidIri: ``catalog`` is not a catalogue.
            OperationUnavailable: The API's version has no product bases, or no ``with_disabled``.

        Reference: 3.19.
        """
        return self._list(
            "list_product_bases",
            lambda: models.ProductBase,
            page_size=page_size,
            prefetch=prefetch,
            catalog_id=self._reference(catalog, CATALOG).id,
            with_disabled=with_disabled,
        )

    def options(
        self,
        product_base: ProductBase | Reference | str,
        *,
        page_size: int | None = None,
        prefetch: int = 0,
    ) -> AsyncPages[ProductBaseOption]:
        """List the options of a product base: the dimensions in which its products differ.

        Args:
            product_base: The base or its IRI.
            page_size: Items per request, at least 1; by default the API's own.
            prefetch: The number of pages to prefetch.

        Raises:
            InvalidIri: ``product_base`` is not a product base.
            OperationUnavailable: The API's version has no options.

        Reference: 3.21 (P7).
        """
        base = self._reference(product_base, PRODUCT_BASE)
        return self._list(
            "list_product_base_options",
            lambda: models.ProductBaseOption,
            page_size=page_size,
            prefetch=prefetch,
            catalog_id=base.ids["catalog_id"],
            product_base_id=base.id,
        )

    def option_values(
        self,
        product_base: ProductBase | Reference | str,
        code: ProductBaseOption | str,
        *,
        page_size: int | None = None,
        prefetch: int = 0,
    ) -> AsyncPages[ProductBaseOptionValue]:
        """List the values of one option of a product base.

        Args:
            product_base: The base or its IRI.
            code: The option or its code: one of `korus.models.ProductBaseOptionCode`, such as ``zone``, or any other
                text.
            page_size: Items per request, at least 1; by default the API's own.
            prefetch: The number of pages to prefetch.

        Raises:
            InvalidIri: ``product_base`` is not a product base, or ``code`` is not a code.
            OperationUnavailable: The API's version has no option values.

        Reference: 3.21.
        """
        base = self._reference(product_base, PRODUCT_BASE)
        return self._list(
            "list_product_base_option_values",
            lambda: models.ProductBaseOptionValue,
            page_size=page_size,
            prefetch=prefetch,
            catalog_id=base.ids["catalog_id"],
            product_base_id=base.id,
            code=parse_id(code if isinstance(code, str) else code.code, "code"),
        )

    async def seat_map(
        self,
        product_base: ProductBase | Reference | str,
        session: OfferTicketSession | SeatMap | Reference | str,
    ) -> SeatMap:
        """Read the seat map of a session.

        It is not documented whether the API expects the id of the session or that of a seat map. Either can be passed.

        Args:
            product_base: The base or its IRI.
            session: The session, or a seat map that was read before: the object, its IRI or its id.

        Returns:
            The seat map. The fields of the layout are not documented; they are in ``additional_properties``.

        Raises:
            InvalidIri: ``product_base`` or ``session`` is something else.
            NotFound: There is no seat map with this id.
            OperationUnavailable: The API's version has no seat maps (before 1.0.38).
            KorusError: The request failed; see `korus.errors`.

        Reference: section 2 (operation 29, P22, P23).
        """
        base = self._reference(product_base, PRODUCT_BASE)
        return await self._get(
            "get_seat_map",
            lambda: models.SeatMap,
            catalog_id=base.ids["catalog_id"],
            product_base_id=base.id,
            id=bare_id(session, *SESSIONS, SEAT_MAP, base_url=self._base_url),
        )
