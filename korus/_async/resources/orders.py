"""Orders: purchases as the ticket issuers have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._async.resources._resource import AsyncResource
from korus.filters import Direction, date_filter, direction_filter, text_filter
from korus.iri import ORDER, Reference
from korus.operations import available

if TYPE_CHECKING:
    from datetime import date

    from korus._async.pages import AsyncPages
    from korus.models import Order

__all__ = ["AsyncOrders"]


class AsyncOrders(AsyncResource):
    """`AsyncKorus.orders`: confirmed purchases."""

    def list(
        self,
        *,
        external_reference: str | None = None,
        order: Direction | None = None,
        created_after: date | str | None = None,
        created_strictly_after: date | str | None = None,
        created_before: date | str | None = None,
        created_strictly_before: date | str | None = None,
        page_size: int | None = None,
        prefetch: int = 0,
    ) -> AsyncPages[Order]:
        """List the orders.

        Args:
            external_reference: Only orders with the caller's own reference.
            order: By creation, ``asc`` (oldest first) or ``desc``.
            created_after: Only orders made on this date or later; a date or ``YYYY-MM-DD``.
            created_strictly_after: Only orders made later than this date.
            created_before: Only orders made on this date or earlier.
            created_strictly_before: Only orders made earlier than this date.
            page_size: Items per request, from 1; the API's default when left out.
            prefetch: Pages to fetch ahead.

        Raises:
            InvalidArgument: when an argument is none that can be sent.
            OperationUnavailable: when the API's version does not know one of the filters.

        Reference: 3.6.
        """
        with available("list_orders"):
            from korus_api.api.order import list_orders
            from korus_api.models import Order

        return self._list(
            list_orders,
            Order.from_dict,
            page_size=page_size,
            prefetch=prefetch,
            external_reference=text_filter(external_reference, "external_reference"),
            order_created_at=direction_filter(order),
            created_at_after=date_filter(created_after, "created_after"),
            created_at_strictly_after=date_filter(created_strictly_after, "created_strictly_after"),
            created_at_before=date_filter(created_before, "created_before"),
            created_at_strictly_before=date_filter(created_strictly_before, "created_strictly_before"),
        )

    async def get(self, order: Order | Reference | str) -> Order:
        """Read one order.

        Args:
            order: The order, its IRI or its id.

        Raises:
            NotFound: when there is no such order.
            KorusError: what a request can raise; see `korus.errors`.

        Reference: 3.8, 4.13.
        """
        with available("get_order"):
            from korus_api.api.order import get_order
            from korus_api.models import Order

        return await self._get(get_order, Order.from_dict, id=self._reference(order, ORDER).id)
