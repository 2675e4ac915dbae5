# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""GET /v1/ticketing/catalogs/{catalogId}/offers."""

from __future__ import annotations

from typing import Any, Final, cast

import httpx

from ... import errors
from ..._reading import json_of, read_model
from ..._writing import add_query, path_part
from ...client import AuthenticatedClient, Client
from ...models.error import Error
from ...models.list_offers_order_date import ListOffersOrderDate
from ...models.offer_collection import OfferCollection
from ...types import UNSET, Operation, Response, Unset

OPERATION: Final = Operation(
    name="list_offers",
    operation_id="api_v1ticketingcatalogs_catalogIdoffers_get_collection",
    method="GET",
    path="/v1/ticketing/catalogs/{catalogId}/offers",
    tag="TicketingOffer",
    accept="application/ld+json",
    request_media_types=(),
    responses={
        "200": "application/ld+json",
        "403": "application/ld+json",
    },
    deprecated=False,
)
"""The description of this operation."""


def build_request(
    *,
    catalog_id: str,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    order_date: ListOffersOrderDate | str | None | Unset = UNSET,
    date_after: str | None | Unset = UNSET,
    date_strictly_after: str | None | Unset = UNSET,
    date_before: str | None | Unset = UNSET,
    date_strictly_before: str | None | Unset = UNSET,
    product: list[str] | None | Unset = UNSET,
    product_base_id: str | None | Unset = UNSET,
    session: str | None | Unset = UNSET,
    option_values_context: list[str] | None | Unset = UNSET,
) -> dict[str, Any]:
    """Build the arguments of httpx's `request` for: List offers of a catalogue.

    Prices and quantities here are good for display and may be kept for a day; ask for the price and the
    availability of an offer itself before reserving it.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        order_date: Sort by `date`, ascending or descending. Sent as `order[date]` in the query.
        date_after: TicketingOffer date[after]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[after]` in the
            query.
        date_strictly_after: TicketingOffer date[strictly_after]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[strictly_after]` in
            the query.
        date_before: TicketingOffer date[before]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[before]` in the
            query.
        date_strictly_before: TicketingOffer date[strictly_before]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[strictly_before]`
            in the query.
        product: Only offers of these products, by id; repeat the parameter for several. Sent as `product[]`
            in the query.
        product_base_id: Only offers of the products of this base, by its id. Sent as `productBaseId` in the
            query.
        session: Only offers for this session, by its id. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `session` in the
            query.
        option_values_context: Only offers with these option values; repeat the parameter for several. Sent as
            `optionValuesContext[]` in the query.
    """
    headers: dict[str, str] = {"Accept": OPERATION.accept}
    params: list[tuple[str, str]] = []
    add_query(params, "page", page, explode=False)
    add_query(params, "itemsPerPage", items_per_page, explode=False)
    add_query(params, "order[date]", order_date, explode=False)
    add_query(params, "date[after]", date_after, explode=False)
    add_query(params, "date[strictly_after]", date_strictly_after, explode=False)
    add_query(params, "date[before]", date_before, explode=False)
    add_query(params, "date[strictly_before]", date_strictly_before, explode=False)
    add_query(params, "product[]", product)
    add_query(params, "productBaseId", product_base_id, explode=False)
    add_query(params, "session", session, explode=False)
    add_query(params, "optionValuesContext[]", option_values_context)
    request: dict[str, Any] = {
        "method": OPERATION.method,
        "url": f"/v1/ticketing/catalogs/{path_part(catalog_id)}/offers",
        "headers": headers,
        "params": params,
    }
    return request


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Error | OfferCollection | None:
    status = response.status_code
    if status == 200:
        return cast("OfferCollection", read_model(OfferCollection, json_of(response)))
    if status == 403:
        return cast("Error", read_model(Error, json_of(response)))
    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(status, response.content)
    return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Error | OfferCollection]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    catalog_id: str,
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    order_date: ListOffersOrderDate | str | None | Unset = UNSET,
    date_after: str | None | Unset = UNSET,
    date_strictly_after: str | None | Unset = UNSET,
    date_before: str | None | Unset = UNSET,
    date_strictly_before: str | None | Unset = UNSET,
    product: list[str] | None | Unset = UNSET,
    product_base_id: str | None | Unset = UNSET,
    session: str | None | Unset = UNSET,
    option_values_context: list[str] | None | Unset = UNSET,
) -> Response[Error | OfferCollection]:
    """List offers of a catalogue.

    Prices and quantities here are good for display and may be kept for a day; ask for the price and the
    availability of an offer itself before reserving it.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        order_date: Sort by `date`, ascending or descending. Sent as `order[date]` in the query.
        date_after: TicketingOffer date[after]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[after]` in the
            query.
        date_strictly_after: TicketingOffer date[strictly_after]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[strictly_after]` in
            the query.
        date_before: TicketingOffer date[before]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[before]` in the
            query.
        date_strictly_before: TicketingOffer date[strictly_before]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[strictly_before]`
            in the query.
        product: Only offers of these products, by id; repeat the parameter for several. Sent as `product[]`
            in the query.
        product_base_id: Only offers of the products of this base, by its id. Sent as `productBaseId` in the
            query.
        session: Only offers for this session, by its id. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `session` in the
            query.
        option_values_context: Only offers with these option values; repeat the parameter for several. Sent as
            `optionValuesContext[]` in the query.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        catalog_id=catalog_id,
        page=page,
        items_per_page=items_per_page,
        order_date=order_date,
        date_after=date_after,
        date_strictly_after=date_strictly_after,
        date_before=date_before,
        date_strictly_before=date_strictly_before,
        product=product,
        product_base_id=product_base_id,
        session=session,
        option_values_context=option_values_context,
    )
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    catalog_id: str,
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    order_date: ListOffersOrderDate | str | None | Unset = UNSET,
    date_after: str | None | Unset = UNSET,
    date_strictly_after: str | None | Unset = UNSET,
    date_before: str | None | Unset = UNSET,
    date_strictly_before: str | None | Unset = UNSET,
    product: list[str] | None | Unset = UNSET,
    product_base_id: str | None | Unset = UNSET,
    session: str | None | Unset = UNSET,
    option_values_context: list[str] | None | Unset = UNSET,
) -> Error | OfferCollection | None:
    """List offers of a catalogue.

    Prices and quantities here are good for display and may be kept for a day; ask for the price and the
    availability of an offer itself before reserving it.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        order_date: Sort by `date`, ascending or descending. Sent as `order[date]` in the query.
        date_after: TicketingOffer date[after]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[after]` in the
            query.
        date_strictly_after: TicketingOffer date[strictly_after]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[strictly_after]` in
            the query.
        date_before: TicketingOffer date[before]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[before]` in the
            query.
        date_strictly_before: TicketingOffer date[strictly_before]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[strictly_before]`
            in the query.
        product: Only offers of these products, by id; repeat the parameter for several. Sent as `product[]`
            in the query.
        product_base_id: Only offers of the products of this base, by its id. Sent as `productBaseId` in the
            query.
        session: Only offers for this session, by its id. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `session` in the
            query.
        option_values_context: Only offers with these option values; repeat the parameter for several. Sent as
            `optionValuesContext[]` in the query.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = sync_detailed(
        catalog_id=catalog_id,
        page=page,
        items_per_page=items_per_page,
        order_date=order_date,
        date_after=date_after,
        date_strictly_after=date_strictly_after,
        date_before=date_before,
        date_strictly_before=date_strictly_before,
        product=product,
        product_base_id=product_base_id,
        session=session,
        option_values_context=option_values_context,
        client=client,
    )
    return answer.parsed


async def asyncio_detailed(
    catalog_id: str,
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    order_date: ListOffersOrderDate | str | None | Unset = UNSET,
    date_after: str | None | Unset = UNSET,
    date_strictly_after: str | None | Unset = UNSET,
    date_before: str | None | Unset = UNSET,
    date_strictly_before: str | None | Unset = UNSET,
    product: list[str] | None | Unset = UNSET,
    product_base_id: str | None | Unset = UNSET,
    session: str | None | Unset = UNSET,
    option_values_context: list[str] | None | Unset = UNSET,
) -> Response[Error | OfferCollection]:
    """List offers of a catalogue.

    Prices and quantities here are good for display and may be kept for a day; ask for the price and the
    availability of an offer itself before reserving it.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        order_date: Sort by `date`, ascending or descending. Sent as `order[date]` in the query.
        date_after: TicketingOffer date[after]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[after]` in the
            query.
        date_strictly_after: TicketingOffer date[strictly_after]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[strictly_after]` in
            the query.
        date_before: TicketingOffer date[before]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[before]` in the
            query.
        date_strictly_before: TicketingOffer date[strictly_before]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[strictly_before]`
            in the query.
        product: Only offers of these products, by id; repeat the parameter for several. Sent as `product[]`
            in the query.
        product_base_id: Only offers of the products of this base, by its id. Sent as `productBaseId` in the
            query.
        session: Only offers for this session, by its id. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `session` in the
            query.
        option_values_context: Only offers with these option values; repeat the parameter for several. Sent as
            `optionValuesContext[]` in the query.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        catalog_id=catalog_id,
        page=page,
        items_per_page=items_per_page,
        order_date=order_date,
        date_after=date_after,
        date_strictly_after=date_strictly_after,
        date_before=date_before,
        date_strictly_before=date_strictly_before,
        product=product,
        product_base_id=product_base_id,
        session=session,
        option_values_context=option_values_context,
    )
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    catalog_id: str,
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    order_date: ListOffersOrderDate | str | None | Unset = UNSET,
    date_after: str | None | Unset = UNSET,
    date_strictly_after: str | None | Unset = UNSET,
    date_before: str | None | Unset = UNSET,
    date_strictly_before: str | None | Unset = UNSET,
    product: list[str] | None | Unset = UNSET,
    product_base_id: str | None | Unset = UNSET,
    session: str | None | Unset = UNSET,
    option_values_context: list[str] | None | Unset = UNSET,
) -> Error | OfferCollection | None:
    """List offers of a catalogue.

    Prices and quantities here are good for display and may be kept for a day; ask for the price and the
    availability of an offer itself before reserving it.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        order_date: Sort by `date`, ascending or descending. Sent as `order[date]` in the query.
        date_after: TicketingOffer date[after]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[after]` in the
            query.
        date_strictly_after: TicketingOffer date[strictly_after]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[strictly_after]` in
            the query.
        date_before: TicketingOffer date[before]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[before]` in the
            query.
        date_strictly_before: TicketingOffer date[strictly_before]. Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `date[strictly_before]`
            in the query.
        product: Only offers of these products, by id; repeat the parameter for several. Sent as `product[]`
            in the query.
        product_base_id: Only offers of the products of this base, by its id. Sent as `productBaseId` in the
            query.
        session: Only offers for this session, by its id. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `session` in the
            query.
        option_values_context: Only offers with these option values; repeat the parameter for several. Sent as
            `optionValuesContext[]` in the query.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = await asyncio_detailed(
        catalog_id=catalog_id,
        page=page,
        items_per_page=items_per_page,
        order_date=order_date,
        date_after=date_after,
        date_strictly_after=date_strictly_after,
        date_before=date_before,
        date_strictly_before=date_strictly_before,
        product=product,
        product_base_id=product_base_id,
        session=session,
        option_values_context=option_values_context,
        client=client,
    )
    return answer.parsed


__all__ = ["OPERATION", "asyncio", "asyncio_detailed", "build_request", "sync", "sync_detailed"]
