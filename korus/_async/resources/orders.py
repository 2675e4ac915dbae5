"""Orders: confirmed purchases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from korus_api import models

from korus._async.booking.order import place, resolve
from korus._async.resources._resource import AsyncResource
from korus._booking.intent_details import order_request_of
from korus._booking.orders import order_request, units_to_rebook
from korus._booking.outcomes import BulkOutcome, Line, OrderLine
from korus._core import watches
from korus._http.query import Direction, date_filter, direction_filter, text_filter
from korus._journal.intent_log import Intent
from korus.errors import InvalidArgument, OutcomeUnknown
from korus.iri import ORDER, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from korus._async.booking.builder import AsyncBulkReservation
    from korus._async.http.pages import AsyncPages
    from korus.models import Customer, Order, Reservation

__all__ = ["AsyncOrders"]


class AsyncOrders(AsyncResource):
    """`AsyncKorus.orders`: confirmed purchases."""

    def list(
        self,
        *,
        external_reference: str | None = None,
        sort: Direction | None = None,
        created_after: date | str | None = None,
        created_strictly_after: date | str | None = None,
        created_before: date | str | None = None,
        created_strictly_before: date | str | None = None,
        page_size: int | None = None,
        prefetch: int = 0,
        order: Direction | None = None,
    ) -> AsyncPages[Order]:
        """List the orders.

        Args:
            external_reference: Only orders with the caller's own reference.
            sort: By creation, ``asc`` (oldest first) or ``desc``.
            created_after: Only orders created on this date or later; a date or ``YYYY-MM-DD``.
            created_strictly_after: Only orders created later than this date.
            created_before: Only orders created on this date or earlier.
            created_strictly_before: Only orders created earlier than this date.
            page_size: Items per request, at least 1; by default the API's own.
            prefetch: The number of pages to prefetch.
            order: Deprecated name of ``sort``.

        Raises:
            InvalidArgument: An argument is invalid.
            OperationUnavailable: The API's version does not have one of the filters.

        Reference: 3.6.
        """
        return self._list(
            "list_orders",
            lambda: models.Order,
            page_size=page_size,
            prefetch=prefetch,
            external_reference=text_filter(external_reference, "external_reference"),
            order_created_at=direction_filter(sort, order),
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
            NotFound: The order does not exist.
            KorusError: The request failed; see `korus.errors`.

        Reference: 3.8, 4.13.
        """
        return await self._get("get_order", lambda: models.Order, id=self._reference(order, ORDER).id)

    async def create(
        self,
        held: BulkOutcome[Reservation, AsyncBulkReservation]
        | Iterable[Reservation | str]
        | Reservation
        | str,
        *,
        customer: Customer | Mapping[str, Any],
        external_reference: str,
        notes: str | None = None,
    ) -> BulkOutcome[Order, AsyncBulkReservation]:
        """Order reservations, each exactly once, even if this is called repeatedly or by several processes.

        The state of the reservations is read first. One that is already ordered under the same reference is not
        ordered again: its order is the outcome. If an answer is lost, the existing orders are read before anything is
        repeated.

        Args:
            held: The outcome of a booking, or the reservations to order: objects, IRIs or ids.
            customer: The customer.
            external_reference: Your own reference for the purchase, 1 to 50 characters, by which orders are
                found.
            notes: Notes for the issuer.

        Returns:
            The outcome of each reservation. Its ``retry_failed`` books the failed ones again if ``held`` was the
            outcome of a booking.

        Raises:
            InvalidArgument: An argument is invalid; nothing was sent.
            ReservationUnusable: Reservations have ended, were released, or are ordered under another
                reference; nothing was ordered.
            ValidationFailed: The API refused the request as a whole.
            OutcomeUnknown: The answer was lost, and the result could not be determined; call `resolve`.
            KorusError: The request failed; see `korus.errors`.

        Example:
            >>> placed = await korus.orders.create(held, customer=customer, external_reference="SHOP-42")
            >>> placed.raise_for_failed()

        Reference: 3.7, 4.12, 4.14, 7.3.
        """
        request = order_request(held, customer, external_reference, notes, self._base_url)
        with watches.action(self._transport.observer, "order", len(request.lines)):
            result = await place(self._session.driver, request)
        again: Callable[[Sequence[Any]], AsyncBulkReservation] | None = getattr(held, "rebook_units", None)

        def rebook(lines: Sequence[Line]) -> AsyncBulkReservation:
            failed = [line.reservation for line in lines if isinstance(line, OrderLine)]
            units = units_to_rebook(request, failed)
            if again is None:
                raise InvalidArgument(
                    "cannot rebook: the original lines are not available; start a new reservation"
                )
            return again(units)

        return BulkOutcome(
            result.lines,
            result.unmatched_failures,
            result.unmatched,
            rebook=rebook,
            clock=self._transport.clock,
        )

    async def resolve(
        self, unknown: OutcomeUnknown | Mapping[str, Any]
    ) -> BulkOutcome[Order, AsyncBulkReservation]:
        """Find the result of an order whose outcome was unknown; nothing is ordered.

        Args:
            unknown: The error, or its ``intent`` (plain JSON, which can be stored).

        Returns:
            The outcome of its reservations: ordered, or ended without an order. One that can still be ordered is
            unknown: order the same reservation again with `create`, or call this again after it has ended.

        Raises:
            InvalidArgument: It is not the intent of an order.
            OutcomeUnknown: The API did not answer.

        Reference: 3.6, 3.11, 7.3.
        """
        stored = unknown.intent if isinstance(unknown, OutcomeUnknown) else unknown
        intent = Intent.from_dict(stored, "order")
        request = order_request_of(intent)
        if not request.lines or not request.external_reference:
            raise InvalidArgument("not an unknown order: its reservations are missing")
        result = await resolve(self._session.driver, intent)
        return BulkOutcome(
            result.lines, result.unmatched_failures, result.unmatched, clock=self._transport.clock
        )
