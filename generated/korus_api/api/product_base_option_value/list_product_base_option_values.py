# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""GET /v1/ticketing/catalogs/{catalogId}/product_bases/{productBaseId}/options/{code}/values."""

from __future__ import annotations

from typing import Any, Final, cast

import httpx

from ... import errors
from ..._reading import json_of, read_model
from ..._writing import add_query, path_part
from ...client import AuthenticatedClient, Client
from ...models.error import Error
from ...models.list_product_base_option_values_code import ListProductBaseOptionValuesCode
from ...models.product_base_option_value_collection import ProductBaseOptionValueCollection
from ...types import UNSET, Operation, Response, Unset

OPERATION: Final = Operation(
    name="list_product_base_option_values",
    operation_id="api_v1ticketingcatalogs_catalogIdproduct_bases_productBaseIdoptions_codevalues_get_collection",
    method="GET",
    path="/v1/ticketing/catalogs/{catalogId}/product_bases/{productBaseId}/options/{code}/values",
    tag="TicketingProductBaseOptionValue",
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
    product_base_id: str,
    code: ListProductBaseOptionValuesCode | str,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
) -> dict[str, Any]:
    """Build the arguments of httpx's `request` for: List the values of an option.

    Values of one option of the base.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        product_base_id: TicketingProductBase identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `productBaseId` in
            the path.
        code: TicketingProductBaseOption identifier. Sent as `code` in the path.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.
    """
    headers: dict[str, str] = {"Accept": OPERATION.accept}
    params: list[tuple[str, str]] = []
    add_query(params, "page", page, explode=False)
    add_query(params, "itemsPerPage", items_per_page, explode=False)
    request: dict[str, Any] = {
        "method": OPERATION.method,
        "url": f"/v1/ticketing/catalogs/{path_part(catalog_id)}/product_bases/{path_part(product_base_id)}/options/{path_part(code)}/values",
        "headers": headers,
        "params": params,
    }
    return request


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Error | ProductBaseOptionValueCollection | None:
    status = response.status_code
    if status == 200:
        return cast("ProductBaseOptionValueCollection", read_model(ProductBaseOptionValueCollection, json_of(response)))
    if status == 403:
        return cast("Error", read_model(Error, json_of(response)))
    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(status, response.content)
    return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Error | ProductBaseOptionValueCollection]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    catalog_id: str,
    product_base_id: str,
    code: ListProductBaseOptionValuesCode | str,
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
) -> Response[Error | ProductBaseOptionValueCollection]:
    """List the values of an option.

    Values of one option of the base.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        product_base_id: TicketingProductBase identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `productBaseId` in
            the path.
        code: TicketingProductBaseOption identifier. Sent as `code` in the path.
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        catalog_id=catalog_id,
        product_base_id=product_base_id,
        code=code,
        page=page,
        items_per_page=items_per_page,
    )
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    catalog_id: str,
    product_base_id: str,
    code: ListProductBaseOptionValuesCode | str,
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
) -> Error | ProductBaseOptionValueCollection | None:
    """List the values of an option.

    Values of one option of the base.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        product_base_id: TicketingProductBase identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `productBaseId` in
            the path.
        code: TicketingProductBaseOption identifier. Sent as `code` in the path.
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = sync_detailed(
        catalog_id=catalog_id,
        product_base_id=product_base_id,
        code=code,
        page=page,
        items_per_page=items_per_page,
        client=client,
    )
    return answer.parsed


async def asyncio_detailed(
    catalog_id: str,
    product_base_id: str,
    code: ListProductBaseOptionValuesCode | str,
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
) -> Response[Error | ProductBaseOptionValueCollection]:
    """List the values of an option.

    Values of one option of the base.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        product_base_id: TicketingProductBase identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `productBaseId` in
            the path.
        code: TicketingProductBaseOption identifier. Sent as `code` in the path.
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.

    Returns:
        The response, with its parsed body.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    request = build_request(
        catalog_id=catalog_id,
        product_base_id=product_base_id,
        code=code,
        page=page,
        items_per_page=items_per_page,
    )
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    catalog_id: str,
    product_base_id: str,
    code: ListProductBaseOptionValuesCode | str,
    *,
    client: AuthenticatedClient,
    page: int | None | Unset = UNSET,
    items_per_page: int | None | Unset = UNSET,
) -> Error | ProductBaseOptionValueCollection | None:
    """List the values of an option.

    Values of one option of the base.

    Args:
        catalog_id: TicketingCatalog identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `catalogId` in the
            path.
        product_base_id: TicketingProductBase identifier. Pattern
            `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. Sent as `productBaseId` in
            the path.
        code: TicketingProductBaseOption identifier. Sent as `code` in the path.
        client: The client that sends the request.
        page: Number of the page, from 1. The server's default is `1`. Sent as `page` in the query.
        items_per_page: Maximum number of members of a page. At least `0`. At most `50`. The server's default
            is `10`. Sent as `itemsPerPage` in the query.

    Returns:
        The parsed body of the response.

    Raises:
        UnexpectedStatus: The status is not documented and `client.raise_on_unexpected_status` is true.
        httpx.TransportError: No response was received.
    """
    answer = await asyncio_detailed(
        catalog_id=catalog_id,
        product_base_id=product_base_id,
        code=code,
        page=page,
        items_per_page=items_per_page,
        client=client,
    )
    return answer.parsed


__all__ = ["OPERATION", "asyncio", "asyncio_detailed", "build_request", "sync", "sync_detailed"]
