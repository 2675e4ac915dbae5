# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""GET /v1/booking/orders."""

from __future__ import annotations

from typing import Any, Final, cast

import httpx

from ... import errors
from ..._reading import json_of, read_model
from ..._writing import add_query
from ...client import AuthenticatedClient, Client
from ...models.error import Error
from ...models.list_orders_order_created_at import ListOrdersOrderCreatedAt
from ...models.order_collection import OrderCollection
from ...types import UNSET, Operation, Response, Unset

OPERATION: Final = Operation(
    name="list_orders",
    operation_id="api_v1bookingorders_get_collection",
    method="GET",
    path="/v1/booking/orders",
    tag="BookingOrder",
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
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    external_reference: str | None | Unset = UNSET,
    order_created_at: ListOrdersOrderCreatedAt | str | None | Unset = UNSET,
    created_at_after: str | None | Unset = UNSET,
    created_at_strictly_after: str | None | Unset = UNSET,
    created_at_before: str | None | Unset = UNSET,
    created_at_strictly_before: str | None | Unset = UNSET,
) -> dict[str, Any]:
    """Build the arguments of httpx's `request` for: List orders.

    The orders of your organisation, a page at a time.

    Args:
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        external_reference: Only orders placed under this reference of your own (in a body it is called
            `externalReference`). Pattern `^.{1,50}$`. Sent as `external_reference` in the query.
        order_created_at: Sort by `createdAt`, ascending or descending. Sent as `order[createdAt]` in the
            query.
        created_at_after: Only those whose `createdAt` is on this date or later (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `createdAt[after]` in the
            query.
        created_at_strictly_after: Only those whose `createdAt` is later than this date (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as
            `createdAt[strictly_after]` in the query.
        created_at_before: Only those whose `createdAt` is on this date or earlier (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `createdAt[before]` in
            the query.
        created_at_strictly_before: Only those whose `createdAt` is earlier than this date (YYYY-MM-DD).
            Pattern `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as
            `createdAt[strictly_before]` in the query.
    """
    headers: dict[str, str] = {"Accept": OPERATION.accept}
    params: list[tuple[str, str]] = []
    add_query(params, "page", page, explode=False)
    add_query(params, "itemsPerPage", items_per_page, explode=False)
    add_query(params, "external_reference", external_reference, explode=False)
    add_query(params, "order[createdAt]", order_created_at, explode=False)
    add_query(params, "createdAt[after]", created_at_after, explode=False)
    add_query(params, "createdAt[strictly_after]", created_at_strictly_after, explode=False)
    add_query(params, "createdAt[before]", created_at_before, explode=False)
    add_query(params, "createdAt[strictly_before]", created_at_strictly_before, explode=False)
    request: dict[str, Any] = {
        "method": OPERATION.method,
        "url": OPERATION.path,
        "headers": headers,
        "params": params,
    }
    return request


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Error | OrderCollection | None:
    status = response.status_code
    if status == 200:
        return cast("OrderCollection", read_model(OrderCollection, json_of(response)))
    if status == 403:
        return cast("Error", read_model(Error, json_of(response)))
    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(status, response.content)
    return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Error | OrderCollection]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    external_reference: str | None | Unset = UNSET,
    order_created_at: ListOrdersOrderCreatedAt | str | None | Unset = UNSET,
    created_at_after: str | None | Unset = UNSET,
    created_at_strictly_after: str | None | Unset = UNSET,
    created_at_before: str | None | Unset = UNSET,
    created_at_strictly_before: str | None | Unset = UNSET,
) -> Response[Error | OrderCollection]:
    """List orders.

    The orders of your organisation, a page at a time.

    Args:
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        external_reference: Only orders placed under this reference of your own (in a body it is called
            `externalReference`). Pattern `^.{1,50}$`. Sent as `external_reference` in the query.
        order_created_at: Sort by `createdAt`, ascending or descending. Sent as `order[createdAt]` in the
            query.
        created_at_after: Only those whose `createdAt` is on this date or later (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `createdAt[after]` in the
            query.
        created_at_strictly_after: Only those whose `createdAt` is later than this date (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as
            `createdAt[strictly_after]` in the query.
        created_at_before: Only those whose `createdAt` is on this date or earlier (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `createdAt[before]` in
            the query.
        created_at_strictly_before: Only those whose `createdAt` is earlier than this date (YYYY-MM-DD).
            Pattern `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as
            `createdAt[strictly_before]` in the query.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        page=page,
        items_per_page=items_per_page,
        external_reference=external_reference,
        order_created_at=order_created_at,
        created_at_after=created_at_after,
        created_at_strictly_after=created_at_strictly_after,
        created_at_before=created_at_before,
        created_at_strictly_before=created_at_strictly_before,
    )
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    external_reference: str | None | Unset = UNSET,
    order_created_at: ListOrdersOrderCreatedAt | str | None | Unset = UNSET,
    created_at_after: str | None | Unset = UNSET,
    created_at_strictly_after: str | None | Unset = UNSET,
    created_at_before: str | None | Unset = UNSET,
    created_at_strictly_before: str | None | Unset = UNSET,
) -> Error | OrderCollection | None:
    """List orders.

    The orders of your organisation, a page at a time.

    Args:
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        external_reference: Only orders placed under this reference of your own (in a body it is called
            `externalReference`). Pattern `^.{1,50}$`. Sent as `external_reference` in the query.
        order_created_at: Sort by `createdAt`, ascending or descending. Sent as `order[createdAt]` in the
            query.
        created_at_after: Only those whose `createdAt` is on this date or later (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `createdAt[after]` in the
            query.
        created_at_strictly_after: Only those whose `createdAt` is later than this date (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as
            `createdAt[strictly_after]` in the query.
        created_at_before: Only those whose `createdAt` is on this date or earlier (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `createdAt[before]` in
            the query.
        created_at_strictly_before: Only those whose `createdAt` is earlier than this date (YYYY-MM-DD).
            Pattern `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as
            `createdAt[strictly_before]` in the query.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = sync_detailed(
        page=page,
        items_per_page=items_per_page,
        external_reference=external_reference,
        order_created_at=order_created_at,
        created_at_after=created_at_after,
        created_at_strictly_after=created_at_strictly_after,
        created_at_before=created_at_before,
        created_at_strictly_before=created_at_strictly_before,
        client=client,
    )
    return answer.parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    external_reference: str | None | Unset = UNSET,
    order_created_at: ListOrdersOrderCreatedAt | str | None | Unset = UNSET,
    created_at_after: str | None | Unset = UNSET,
    created_at_strictly_after: str | None | Unset = UNSET,
    created_at_before: str | None | Unset = UNSET,
    created_at_strictly_before: str | None | Unset = UNSET,
) -> Response[Error | OrderCollection]:
    """List orders.

    The orders of your organisation, a page at a time.

    Args:
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        external_reference: Only orders placed under this reference of your own (in a body it is called
            `externalReference`). Pattern `^.{1,50}$`. Sent as `external_reference` in the query.
        order_created_at: Sort by `createdAt`, ascending or descending. Sent as `order[createdAt]` in the
            query.
        created_at_after: Only those whose `createdAt` is on this date or later (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `createdAt[after]` in the
            query.
        created_at_strictly_after: Only those whose `createdAt` is later than this date (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as
            `createdAt[strictly_after]` in the query.
        created_at_before: Only those whose `createdAt` is on this date or earlier (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `createdAt[before]` in
            the query.
        created_at_strictly_before: Only those whose `createdAt` is earlier than this date (YYYY-MM-DD).
            Pattern `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as
            `createdAt[strictly_before]` in the query.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        page=page,
        items_per_page=items_per_page,
        external_reference=external_reference,
        order_created_at=order_created_at,
        created_at_after=created_at_after,
        created_at_strictly_after=created_at_strictly_after,
        created_at_before=created_at_before,
        created_at_strictly_before=created_at_strictly_before,
    )
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    external_reference: str | None | Unset = UNSET,
    order_created_at: ListOrdersOrderCreatedAt | str | None | Unset = UNSET,
    created_at_after: str | None | Unset = UNSET,
    created_at_strictly_after: str | None | Unset = UNSET,
    created_at_before: str | None | Unset = UNSET,
    created_at_strictly_before: str | None | Unset = UNSET,
) -> Error | OrderCollection | None:
    """List orders.

    The orders of your organisation, a page at a time.

    Args:
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        external_reference: Only orders placed under this reference of your own (in a body it is called
            `externalReference`). Pattern `^.{1,50}$`. Sent as `external_reference` in the query.
        order_created_at: Sort by `createdAt`, ascending or descending. Sent as `order[createdAt]` in the
            query.
        created_at_after: Only those whose `createdAt` is on this date or later (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `createdAt[after]` in the
            query.
        created_at_strictly_after: Only those whose `createdAt` is later than this date (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as
            `createdAt[strictly_after]` in the query.
        created_at_before: Only those whose `createdAt` is on this date or earlier (YYYY-MM-DD). Pattern
            `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as `createdAt[before]` in
            the query.
        created_at_strictly_before: Only those whose `createdAt` is earlier than this date (YYYY-MM-DD).
            Pattern `[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])`. Sent as
            `createdAt[strictly_before]` in the query.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = await asyncio_detailed(
        page=page,
        items_per_page=items_per_page,
        external_reference=external_reference,
        order_created_at=order_created_at,
        created_at_after=created_at_after,
        created_at_strictly_after=created_at_strictly_after,
        created_at_before=created_at_before,
        created_at_strictly_before=created_at_strictly_before,
        client=client,
    )
    return answer.parsed


__all__ = ["OPERATION", "asyncio", "asyncio_detailed", "build_request", "sync", "sync_detailed"]
