# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""GET /v1/ticketing/catalogs/{catalogId}/offers/{id}/availability."""

from __future__ import annotations

from typing import Any, Final, cast

import httpx

from ... import errors
from ..._reading import json_of, read_model
from ..._writing import path_part
from ...client import AuthenticatedClient, Client
from ...models.error import Error
from ...models.offer_availability import OfferAvailability
from ...types import Operation, Response

OPERATION: Final = Operation(
    name="get_offer_availability",
    operation_id="api_v1ticketingcatalogs_catalogIdoffers_idavailability_get",
    method="GET",
    path="/v1/ticketing/catalogs/{catalogId}/offers/{id}/availability",
    tag="TicketingOfferAvailability",
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
    catalog_id: str,
    id: str,
) -> dict[str, Any]:
    """Build the arguments of httpx's `request` for: Get the availability of an offer.

    Asked live. Wanted before reserving an offer whose `availabilityCheckRequired` is true, or one with a
    ticket that needs a session, since all sessions are limited.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        id: TicketingOfferAvailability identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `id` in the path.
    """
    headers: dict[str, str] = {"Accept": OPERATION.accept}
    request: dict[str, Any] = {
        "method": OPERATION.method,
        "url": f"/v1/ticketing/catalogs/{path_part(catalog_id)}/offers/{path_part(id)}/availability",
        "headers": headers,
    }
    return request


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Error | OfferAvailability | None:
    status = response.status_code
    if status == 200:
        return cast("OfferAvailability", read_model(OfferAvailability, json_of(response)))
    if status == 403:
        return cast("Error", read_model(Error, json_of(response)))
    if status == 404:
        return cast("Error", read_model(Error, json_of(response)))
    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(status, response.content)
    return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Error | OfferAvailability]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    catalog_id: str,
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[Error | OfferAvailability]:
    """Get the availability of an offer.

    Asked live. Wanted before reserving an offer whose `availabilityCheckRequired` is true, or one with a
    ticket that needs a session, since all sessions are limited.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        id: TicketingOfferAvailability identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `id` in the path.
        client: The client that sends the request.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        catalog_id=catalog_id,
        id=id,
    )
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    catalog_id: str,
    id: str,
    *,
    client: AuthenticatedClient,
) -> Error | OfferAvailability | None:
    """Get the availability of an offer.

    Asked live. Wanted before reserving an offer whose `availabilityCheckRequired` is true, or one with a
    ticket that needs a session, since all sessions are limited.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        id: TicketingOfferAvailability identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `id` in the path.
        client: The client that sends the request.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = sync_detailed(
        catalog_id=catalog_id,
        id=id,
        client=client,
    )
    return answer.parsed


async def asyncio_detailed(
    catalog_id: str,
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[Error | OfferAvailability]:
    """Get the availability of an offer.

    Asked live. Wanted before reserving an offer whose `availabilityCheckRequired` is true, or one with a
    ticket that needs a session, since all sessions are limited.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        id: TicketingOfferAvailability identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `id` in the path.
        client: The client that sends the request.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        catalog_id=catalog_id,
        id=id,
    )
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    catalog_id: str,
    id: str,
    *,
    client: AuthenticatedClient,
) -> Error | OfferAvailability | None:
    """Get the availability of an offer.

    Asked live. Wanted before reserving an offer whose `availabilityCheckRequired` is true, or one with a
    ticket that needs a session, since all sessions are limited.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        id: TicketingOfferAvailability identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `id` in the path.
        client: The client that sends the request.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = await asyncio_detailed(
        catalog_id=catalog_id,
        id=id,
        client=client,
    )
    return answer.parsed


__all__ = ["OPERATION", "asyncio", "asyncio_detailed", "build_request", "sync", "sync_detailed"]
