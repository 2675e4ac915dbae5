"""Offers: price and availability of a product on a date, with its tickets and their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus_api import models

from korus._async.resources._resource import AsyncResource
from korus._http.query import Direction, date_filter, direction_filter, id_filter, texts_filter
from korus.iri import CATALOG, OFFER, OFFER_TICKET, PRODUCT, PRODUCT_BASE, SESSIONS, Reference

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from korus._async.http.pages import AsyncPages
    from korus.models import (
        Catalog,
        Offer,
        OfferAvailability,
        OfferPrice,
        OfferTicket,
        OfferTicketSession,
        Product,
        ProductBase,
    )

__all__ = ["AsyncOffers"]


class AsyncOffers(AsyncResource):
    """`AsyncKorus.offers`: price and availability of products by date."""

    def list(
        self,
        catalog: Catalog | Reference | str,
        *,
        after: date | str | None = None,
        strictly_after: date | str | None = None,
        before: date | str | None = None,
        strictly_before: date | str | None = None,
        sort: Direction | None = None,
        products: Iterable[Product | Reference | str] | None = None,
        product_base: ProductBase | Reference | str | None = None,
        session: OfferTicketSession | Reference | str | None = None,
        option_values: Iterable[str] | None = None,
        page_size: int | None = None,
        prefetch: int = 0,
        order: Direction | None = None,
    ) -> AsyncPages[Offer]:
        """List the offers of a catalogue.

        Quantities and prices in the list are for display; call `availability` and `price` just before booking if
        the offer requires it.

        Args:
            catalog: The catalogue, its IRI or its id.
            after: Only offers on this date or later; a date or ``YYYY-MM-DD``.
            strictly_after: Only offers later than this date.
            before: Only offers on this date or earlier.
            strictly_before: Only offers earlier than this date.
            sort: By date, ``asc`` (earliest first) or ``desc``.
            products: Only offers of these products: objects, IRIs or ids.
            product_base: Only offers of this base's products.
            session: Only offers of this session.
            option_values: Only offers with these option values, which are sent unchanged.
            page_size: Items per request, at least 1; by default the API's own.
            prefetch: The number of pages to prefetch.
            order: Deprecated name of ``sort``.

        Raises:
            InvalidArgument: An argument is invalid.
            OperationUnavailable: The API's version does not have one of the filters.

        Reference: 3.14 (P8, P9).
        """
        base_url = self._base_url
        wanted = None if products is None else [id_filter(x, PRODUCT, base_url=base_url) for x in products]
        return self._list(
            "list_offers",
            lambda: models.Offer,
            page_size=page_size,
            prefetch=prefetch,
            catalog_id=self._reference(catalog, CATALOG).id,
            order_date=direction_filter(sort, order),
            date_after=date_filter(after, "after"),
            date_strictly_after=date_filter(strictly_after, "strictly_after"),
            date_before=date_filter(before, "before"),
            date_strictly_before=date_filter(strictly_before, "strictly_before"),
            product=wanted,
            product_base_id=id_filter(product_base, PRODUCT_BASE, base_url=base_url),
            session=id_filter(session, *SESSIONS, base_url=base_url),
            option_values_context=texts_filter(option_values, "option_values"),
        )

    async def price(self, offer: Offer | Reference | str) -> OfferPrice:
        """Read an offer's current price.

        Args:
            offer: The offer or its IRI.

        Returns:
            Amounts as decimal strings, and their currency; `korus.money.amount` reads them.

        Raises:
            NotFound: The offer does not exist.
            KorusError: The request failed; see `korus.errors`.

        Reference: 3.16, 4.7.
        """
        found = self._reference(offer, OFFER)
        return await self._get(
            "get_offer_price", lambda: models.OfferPrice, catalog_id=found.ids["catalog_id"], id=found.id
        )

    async def availability(self, offer: Offer | Reference | str) -> OfferAvailability:
        """Read the quantity left of an offer, and of each of its sessions.

        Args:
            offer: The offer or its IRI.

        Returns:
            Quantities; None where no limit is known.

        Raises:
            NotFound: The offer does not exist.
            KorusError: The request failed; see `korus.errors`.

        Reference: 3.15, 4.7.
        """
        found = self._reference(offer, OFFER)
        return await self._get(
            "get_offer_availability",
            lambda: models.OfferAvailability,
            catalog_id=found.ids["catalog_id"],
            id=found.id,
        )

    async def ticket(self, ticket: OfferTicket | Reference | str) -> OfferTicket:
        """Read one ticket of an offer.

        Args:
            ticket: The offer ticket or its IRI.

        Raises:
            NotFound: The ticket does not exist.
            OperationUnavailable: The API's version can only list them (`tickets`).
            KorusError: The request failed; see `korus.errors`.

        Reference: 3.17, 4.8.
        """
        found = self._reference(ticket, OFFER_TICKET)
        return await self._get(
            "get_offer_ticket",
            lambda: models.OfferTicket,
            catalog_id=found.ids["catalog_id"],
            offer_id=found.ids["offer_id"],
            id=found.id,
        )

    def tickets(
        self, offer: Offer | Reference | str, *, page_size: int | None = None, prefetch: int = 0
    ) -> AsyncPages[OfferTicket]:
        """List the tickets of an offer; always raises with the API version from which this korus is generated.

        Versions from 1.0.10 on have no such list: ``offer.tickets`` contains the tickets, and `ticket` reads one.

        Args:
            offer: The offer or its IRI.
            page_size: Items per request, at least 1, if the list has pages.
            prefetch: The number of pages to prefetch.

        Raises:
            InvalidIri: ``offer`` is not an offer.
            OperationUnavailable: The API's version has no such list (from 1.0.10 on).

        Reference: 3.17.
        """
        found = self._reference(offer, OFFER)
        return self._list(
            "list_offer_tickets",
            lambda: models.OfferTicket,
            page_size=page_size,
            prefetch=prefetch,
            catalog_id=found.ids["catalog_id"],
            offer_id=found.id,
        )

    def sessions(
        self, ticket: OfferTicket | Reference | str, *, page_size: int | None = None, prefetch: int = 0
    ) -> AsyncPages[OfferTicketSession]:
        """List the sessions that can be chosen for a ticket of an offer.

        Args:
            ticket: The offer ticket or its IRI.
            page_size: Items per request, at least 1; by default the API's own.
            prefetch: The number of pages to prefetch.

        Raises:
            InvalidIri: ``ticket`` is not an offer ticket.
            OperationUnavailable: The API's version has no such list (before 1.0.10).

        Reference: 3.18 (P6).
        """
        found = self._reference(ticket, OFFER_TICKET)
        return self._list(
            "list_offer_ticket_sessions",
            lambda: models.OfferTicketSession,
            page_size=page_size,
            prefetch=prefetch,
            catalog_id=found.ids["catalog_id"],
            offer_id=found.ids["offer_id"],
            offer_ticket_id=found.id,
        )
