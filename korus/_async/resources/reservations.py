"""Reservations: holds on offers that fix price and places until they expire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from korus_api import models

from korus._async.booking.builder import AsyncBulkReservation, AsyncLookUps
from korus._async.booking.hold import resolve
from korus._async.resources._resource import AsyncResource
from korus._async.resources.forms import AsyncForms
from korus._async.resources.offers import AsyncOffers
from korus._booking.intent_details import hold_lines
from korus._booking.outcomes import BulkOutcome
from korus._http.endpoints import endpoint, request_for
from korus._http.query import Direction, direction_filter
from korus._journal.intent_log import Intent
from korus.errors import InvalidArgument, OutcomeUnknown
from korus.iri import RESERVATION, Reference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from korus._async.http.pages import AsyncPages
    from korus.models import Catalog, ProductBase, Reservation

__all__ = ["AsyncReservations"]


class AsyncReservations(AsyncResource):
    """`AsyncKorus.reservations`: temporary holds."""

    def list(
        self,
        *,
        sort: Direction | None = None,
        page_size: int | None = None,
        prefetch: int = 0,
        order: Direction | None = None,
    ) -> AsyncPages[Reservation]:
        """List the reservations.

        Args:
            sort: By creation, ``asc`` (oldest first) or ``desc``.
            page_size: Items per request, at least 1; by default the API's own.
            prefetch: The number of pages to prefetch.
            order: Deprecated name of ``sort``.

        Raises:
            InvalidArgument: An argument is invalid.

        Reference: 3.9.
        """
        return self._list(
            "list_reservations",
            lambda: models.Reservation,
            page_size=page_size,
            prefetch=prefetch,
            order_created_at=direction_filter(sort, order),
        )

    async def get(self, reservation: Reservation | Reference | str) -> Reservation:
        """Read one reservation.

        Args:
            reservation: The reservation, its IRI or its id.

        Raises:
            NotFound: The reservation does not exist.
            KorusError: The request failed; see `korus.errors`.

        Reference: 3.11, 4.10.
        """
        found = self._reference(reservation, RESERVATION)
        return await self._get("get_reservation", lambda: models.Reservation, id=found.id)

    async def release(self, reservation: Reservation | Reference | str) -> None:
        """Release a hold before it expires, so that its places can be sold again.

        A hold that is not ordered expires; this is for holds that should not take stock until then, such as the
        ``unmatched`` reservations and the ``candidates`` of a booking, once it is known that no caller needs them.

        Args:
            reservation: The reservation, its IRI or its id.

        Raises:
            OperationUnavailable: The API's version cannot release (release and before).
            NotFound: The reservation does not exist, or an attempt whose answer was lost has released it.
            ValidationFailed: It has been ordered.
            KorusError: The request failed; see `korus.errors`.
        """
        module = endpoint("delete_reservation")
        found = self._reference(reservation, RESERVATION)
        await self._transport.send(module.OPERATION, request_for(module, id=found.id))

    def bulk(
        self,
        *,
        catalog: Catalog | Mapping[str, Any] | Reference | str | None = None,
        time_zone: ProductBase | Mapping[str, Any] | tzinfo | str | None = None,
        lines_per_call: int = 50,
        concurrency: int = 4,
    ) -> AsyncBulkReservation:
        """Start a bulk reservation: add lines to it, then submit it.

        Args:
            catalog: The catalogue of offers that are given by their bare id: an object, an IRI or an id.
            time_zone: The venue's time zone for form answers that are datetimes with a zone: an IANA name or
                a product base.
            lines_per_call: The maximum number of lines in one request; larger bookings are split in order.
            concurrency: The maximum number of concurrent requests.

        Raises:
            InvalidIri: ``catalog`` is not a catalogue.
            InvalidArgument: ``time_zone`` is unknown, or ``lines_per_call`` is less than 1.

        Reference: 3.10, 4.9.
        """
        return AsyncBulkReservation(
            self._session,
            AsyncLookUps(AsyncOffers(self._session), AsyncForms(self._session)),
            catalog=catalog,
            time_zone=time_zone,
            lines_per_call=lines_per_call,
            concurrency=concurrency,
        )

    async def resolve(
        self, unknown: OutcomeUnknown | Mapping[str, Any]
    ) -> BulkOutcome[Reservation, AsyncBulkReservation]:
        """Find the result of holds whose outcome was unknown; nothing is held again.

        Args:
            unknown: The error, or its ``intent`` (plain JSON, which can be stored).

        Returns:
            The outcome of the lines that were unknown: held, not held, or still unknown.

        Raises:
            InvalidArgument: It is not the intent of a hold.
            OutcomeUnknown: The API did not answer.

        Reference: 3.9, 7.3.
        """
        stored = unknown.intent if isinstance(unknown, OutcomeUnknown) else unknown
        intent = Intent.from_dict(stored, "hold")
        if not hold_lines(intent.details):
            raise InvalidArgument("not an unknown hold: its lines are missing")
        result = await resolve(self._session.driver, intent)
        return BulkOutcome(
            result.lines, result.unmatched_failures, result.unmatched, clock=self._transport.clock
        )
