# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""GET /v1/booking/orders/{orderId}/documents/{id}."""

from __future__ import annotations

from typing import Any, Final, cast

import httpx

from ... import errors
from ..._reading import json_of, read_model
from ..._writing import path_part
from ...client import AuthenticatedClient, Client
from ...models.error import Error
from ...models.order_document import OrderDocument
from ...types import Operation, Response

OPERATION: Final = Operation(
    name="get_order_document",
    operation_id="api_v1bookingorders_orderIddocuments_id_get",
    method="GET",
    path="/v1/booking/orders/{orderId}/documents/{id}",
    tag="BookingOrderDocument",
    accept="application/ld+json",
    request_media_types=(),
    responses={
        "200": "application/ld+json",
        "403": "application/ld+json",
        "404": "application/ld+json",
    },
    deprecated=False,
)
"""The description of this operation."""


def build_request(
    *,
    order_id: str,
    id: str,
) -> dict[str, Any]:
    """Build the arguments of httpx's `request` for: Show one document.

    Shows the time from which the file is available, but no address: for that, update the document.

    Args:
        order_id: BookingOrder identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `orderId` in the
            path.
        id: BookingOrderDocument identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `id` in the path.
    """
    headers: dict[str, str] = {"Accept": OPERATION.accept}
    request: dict[str, Any] = {
        "method": OPERATION.method,
        "url": f"/v1/booking/orders/{path_part(order_id)}/documents/{path_part(id)}",
        "headers": headers,
    }
    return request


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Error | OrderDocument | None:
    status = response.status_code
    if status == 200:
        return cast("OrderDocument", read_model(OrderDocument, json_of(response)))
    if status == 403:
        return cast("Error", read_model(Error, json_of(response)))
    if status == 404:
        return cast("Error", read_model(Error, json_of(response)))
    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(status, response.content)
    return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Error | OrderDocument]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    order_id: str,
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[Error | OrderDocument]:
    """Show one document.

    Shows the time from which the file is available, but no address: for that, update the document.

    Args:
        order_id: BookingOrder identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `orderId` in the
            path.
        id: BookingOrderDocument identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `id` in the path.
        client: The client that sends the request.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        order_id=order_id,
        id=id,
    )
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    order_id: str,
    id: str,
    *,
    client: AuthenticatedClient,
) -> Error | OrderDocument | None:
    """Show one document.

    Shows the time from which the file is available, but no address: for that, update the document.

    Args:
        order_id: BookingOrder identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `orderId` in the
            path.
        id: BookingOrderDocument identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `id` in the path.
        client: The client that sends the request.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = sync_detailed(
        order_id=order_id,
        id=id,
        client=client,
    )
    return answer.parsed


async def asyncio_detailed(
    order_id: str,
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[Error | OrderDocument]:
    """Show one document.

    Shows the time from which the file is available, but no address: for that, update the document.

    Args:
        order_id: BookingOrder identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `orderId` in the
            path.
        id: BookingOrderDocument identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `id` in the path.
        client: The client that sends the request.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        order_id=order_id,
        id=id,
    )
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    order_id: str,
    id: str,
    *,
    client: AuthenticatedClient,
) -> Error | OrderDocument | None:
    """Show one document.

    Shows the time from which the file is available, but no address: for that, update the document.

    Args:
        order_id: BookingOrder identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `orderId` in the
            path.
        id: BookingOrderDocument identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `id` in the path.
        client: The client that sends the request.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = await asyncio_detailed(
        order_id=order_id,
        id=id,
        client=client,
    )
    return answer.parsed


__all__ = ["OPERATION", "asyncio", "asyncio_detailed", "build_request", "sync", "sync_detailed"]
