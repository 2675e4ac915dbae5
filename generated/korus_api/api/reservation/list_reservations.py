# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""GET /v1/booking/reservations."""

from __future__ import annotations

from typing import Any, Final, cast

import httpx

from ... import errors
from ..._reading import json_of, read_model
from ..._writing import add_query
from ...client import AuthenticatedClient, Client
from ...models.error import Error
from ...models.list_reservations_order_created_at import ListReservationsOrderCreatedAt
from ...models.reservation_collection import ReservationCollection
from ...types import UNSET, Operation, Response, Unset

OPERATION: Final = Operation(
    name="list_reservations",
    operation_id="api_v1bookingreservations_get_collection",
    method="GET",
    path="/v1/booking/reservations",
    tag="BookingReservation",
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
    order_created_at: ListReservationsOrderCreatedAt | str | None | Unset = UNSET,
) -> dict[str, Any]:
    """Build the arguments of httpx's `request` for: List reservations.

    The reservations of your organisation, a page at a time.

    Args:
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        order_created_at: Sort by `createdAt`, ascending or descending. Sent as `order[createdAt]` in the
            query.
    """
    headers: dict[str, str] = {"Accept": OPERATION.accept}
    params: list[tuple[str, str]] = []
    add_query(params, "page", page, explode=False)
    add_query(params, "itemsPerPage", items_per_page, explode=False)
    add_query(params, "order[createdAt]", order_created_at, explode=False)
    request: dict[str, Any] = {
        "method": OPERATION.method,
        "url": OPERATION.path,
        "headers": headers,
        "params": params,
    }
    return request


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Error | ReservationCollection | None:
    status = response.status_code
    if status == 200:
        return cast("ReservationCollection", read_model(ReservationCollection, json_of(response)))
    if status == 403:
        return cast("Error", read_model(Error, json_of(response)))
    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(status, response.content)
    return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Error | ReservationCollection]:
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
    order_created_at: ListReservationsOrderCreatedAt | str | None | Unset = UNSET,
) -> Response[Error | ReservationCollection]:
    """List reservations.

    The reservations of your organisation, a page at a time.

    Args:
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        order_created_at: Sort by `createdAt`, ascending or descending. Sent as `order[createdAt]` in the
            query.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        page=page,
        items_per_page=items_per_page,
        order_created_at=order_created_at,
    )
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    order_created_at: ListReservationsOrderCreatedAt | str | None | Unset = UNSET,
) -> Error | ReservationCollection | None:
    """List reservations.

    The reservations of your organisation, a page at a time.

    Args:
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        order_created_at: Sort by `createdAt`, ascending or descending. Sent as `order[createdAt]` in the
            query.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = sync_detailed(
        page=page,
        items_per_page=items_per_page,
        order_created_at=order_created_at,
        client=client,
    )
    return answer.parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    order_created_at: ListReservationsOrderCreatedAt | str | None | Unset = UNSET,
) -> Response[Error | ReservationCollection]:
    """List reservations.

    The reservations of your organisation, a page at a time.

    Args:
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        order_created_at: Sort by `createdAt`, ascending or descending. Sent as `order[createdAt]` in the
            query.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        page=page,
        items_per_page=items_per_page,
        order_created_at=order_created_at,
    )
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
    order_created_at: ListReservationsOrderCreatedAt | str | None | Unset = UNSET,
) -> Error | ReservationCollection | None:
    """List reservations.

    The reservations of your organisation, a page at a time.

    Args:
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
        order_created_at: Sort by `createdAt`, ascending or descending. Sent as `order[createdAt]` in the
            query.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = await asyncio_detailed(
        page=page,
        items_per_page=items_per_page,
        order_created_at=order_created_at,
        client=client,
    )
    return answer.parsed


__all__ = ["OPERATION", "asyncio", "asyncio_detailed", "build_request", "sync", "sync_detailed"]
