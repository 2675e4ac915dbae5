# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""POST /v1/booking/orders/_bulk."""

from __future__ import annotations

from typing import Any, Final, cast

import httpx

from ... import errors
from ..._reading import json_of, read_model
from ...client import AuthenticatedClient, Client
from ...models.bulk_order_input import BulkOrderInput
from ...models.bulk_order_output import BulkOrderOutput
from ...models.constraint_violation import ConstraintViolation
from ...models.error import Error
from ...types import Operation, Response

OPERATION: Final = Operation(
    name="bulk_create_orders",
    operation_id="api_v1bookingorders_bulk_post",
    method="POST",
    path="/v1/booking/orders/_bulk",
    tag="BookingOrder",
    accept="application/ld+json",
    request_media_types=("application/ld+json",),
    responses={
        "200": "application/ld+json",
        "400": "application/ld+json",
        "403": "application/ld+json",
        "422": "application/ld+json",
    },
    deprecated=False,
)
"""The description of this operation."""


def build_request(
    *,
    body: BulkOrderInput,
) -> dict[str, Any]:
    """Build the arguments of httpx's `request` for: Turn reservations into orders.

    The request is checked as a whole first: if it is wrong, nothing is ordered and the answer is 422. Then
    each reservation is ordered with its issuer, and some may fail while others succeed: the status is 200 all
    the same, and those that failed stand in `failedOrders`.

    Args:
        body: The request body, as `application/ld+json`.
    """
    headers: dict[str, str] = {"Accept": OPERATION.accept}
    request: dict[str, Any] = {
        "method": OPERATION.method,
        "url": OPERATION.path,
        "headers": headers,
    }
    request["json"] = body.to_dict()
    headers["Content-Type"] = "application/ld+json"
    return request


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> BulkOrderOutput | ConstraintViolation | Error | None:
    status = response.status_code
    if status == 200:
        return cast("BulkOrderOutput", read_model(BulkOrderOutput, json_of(response)))
    if status == 400:
        return cast("Error", read_model(Error, json_of(response)))
    if status == 403:
        return cast("Error", read_model(Error, json_of(response)))
    if status == 422:
        return cast("ConstraintViolation", read_model(ConstraintViolation, json_of(response)))
    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(status, response.content)
    return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[BulkOrderOutput | ConstraintViolation | Error]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: BulkOrderInput,
) -> Response[BulkOrderOutput | ConstraintViolation | Error]:
    """Turn reservations into orders.

    The request is checked as a whole first: if it is wrong, nothing is ordered and the answer is 422. Then
    each reservation is ordered with its issuer, and some may fail while others succeed: the status is 200 all
    the same, and those that failed stand in `failedOrders`.

    Args:
        client: The client that sends the request.
        body: The request body, as `application/ld+json`.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        body=body,
    )
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: BulkOrderInput,
) -> BulkOrderOutput | ConstraintViolation | Error | None:
    """Turn reservations into orders.

    The request is checked as a whole first: if it is wrong, nothing is ordered and the answer is 422. Then
    each reservation is ordered with its issuer, and some may fail while others succeed: the status is 200 all
    the same, and those that failed stand in `failedOrders`.

    Args:
        client: The client that sends the request.
        body: The request body, as `application/ld+json`.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = sync_detailed(
        body=body,
        client=client,
    )
    return answer.parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: BulkOrderInput,
) -> Response[BulkOrderOutput | ConstraintViolation | Error]:
    """Turn reservations into orders.

    The request is checked as a whole first: if it is wrong, nothing is ordered and the answer is 422. Then
    each reservation is ordered with its issuer, and some may fail while others succeed: the status is 200 all
    the same, and those that failed stand in `failedOrders`.

    Args:
        client: The client that sends the request.
        body: The request body, as `application/ld+json`.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        body=body,
    )
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: BulkOrderInput,
) -> BulkOrderOutput | ConstraintViolation | Error | None:
    """Turn reservations into orders.

    The request is checked as a whole first: if it is wrong, nothing is ordered and the answer is 422. Then
    each reservation is ordered with its issuer, and some may fail while others succeed: the status is 200 all
    the same, and those that failed stand in `failedOrders`.

    Args:
        client: The client that sends the request.
        body: The request body, as `application/ld+json`.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = await asyncio_detailed(
        body=body,
        client=client,
    )
    return answer.parsed


__all__ = ["OPERATION", "asyncio", "asyncio_detailed", "build_request", "sync", "sync_detailed"]
