# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""POST /v1/booking/reservations/_bulk."""

from __future__ import annotations

from typing import Any, Final, cast

import httpx

from ... import errors
from ..._reading import json_of, read_model
from ...client import AuthenticatedClient, Client
from ...models.bulk_reservation_input import BulkReservationInput
from ...models.bulk_reservation_output import BulkReservationOutput
from ...models.constraint_violation import ConstraintViolation
from ...models.error import Error
from ...types import Operation, Response

OPERATION: Final = Operation(
    name="bulk_create_reservations",
    operation_id="api_v1bookingreservations_bulk_post",
    method="POST",
    path="/v1/booking/reservations/_bulk",
    tag="BookingReservation",
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
    body: BulkReservationInput,
) -> dict[str, Any]:
    """Build the arguments of httpx's `request` for: Reserve one or more offers.

    Each item names an offer, how many of it, and for every ticket of the offer its session and form answers
    where it needs them. The request is checked as a whole first: if it is wrong, nothing is held and the
    answer is 422. Then each issuer is asked, and some offers may be held while others fail: the status is 200
    all the same, and those that failed stand in `failedReservations`. Every reservation ends at its own
    `expiresAt`.

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
) -> BulkReservationOutput | ConstraintViolation | Error | None:
    status = response.status_code
    if status == 200:
        return cast("BulkReservationOutput", read_model(BulkReservationOutput, json_of(response)))
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
) -> Response[BulkReservationOutput | ConstraintViolation | Error]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: BulkReservationInput,
) -> Response[BulkReservationOutput | ConstraintViolation | Error]:
    """Reserve one or more offers.

    Each item names an offer, how many of it, and for every ticket of the offer its session and form answers
    where it needs them. The request is checked as a whole first: if it is wrong, nothing is held and the
    answer is 422. Then each issuer is asked, and some offers may be held while others fail: the status is 200
    all the same, and those that failed stand in `failedReservations`. Every reservation ends at its own
    `expiresAt`.

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
    body: BulkReservationInput,
) -> BulkReservationOutput | ConstraintViolation | Error | None:
    """Reserve one or more offers.

    Each item names an offer, how many of it, and for every ticket of the offer its session and form answers
    where it needs them. The request is checked as a whole first: if it is wrong, nothing is held and the
    answer is 422. Then each issuer is asked, and some offers may be held while others fail: the status is 200
    all the same, and those that failed stand in `failedReservations`. Every reservation ends at its own
    `expiresAt`.

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
    body: BulkReservationInput,
) -> Response[BulkReservationOutput | ConstraintViolation | Error]:
    """Reserve one or more offers.

    Each item names an offer, how many of it, and for every ticket of the offer its session and form answers
    where it needs them. The request is checked as a whole first: if it is wrong, nothing is held and the
    answer is 422. Then each issuer is asked, and some offers may be held while others fail: the status is 200
    all the same, and those that failed stand in `failedReservations`. Every reservation ends at its own
    `expiresAt`.

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
    body: BulkReservationInput,
) -> BulkReservationOutput | ConstraintViolation | Error | None:
    """Reserve one or more offers.

    Each item names an offer, how many of it, and for every ticket of the offer its session and form answers
    where it needs them. The request is checked as a whole first: if it is wrong, nothing is held and the
    answer is 422. Then each issuer is asked, and some offers may be held while others fail: the status is 200
    all the same, and those that failed stand in `failedReservations`. Every reservation ends at its own
    `expiresAt`.

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
