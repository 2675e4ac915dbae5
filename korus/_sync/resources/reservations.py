# Written by `python -m scripts.sync` from korus/_async/resources/reservations.py; edit that file instead.
"""Reservations: holds on offers that fix price and place until they expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._sync.resources._resource import Resource
from korus.filters import Direction, direction_filter
from korus.iri import RESERVATION, Reference
from korus.operations import available

if TYPE_CHECKING:
    from korus._sync.pages import Pages
    from korus.models import Reservation

__all__ = ["Reservations"]


class Reservations(Resource):
    """`Korus.reservations`: temporary holds."""

    def list(
        self, *, order: Direction | None = None, page_size: int | None = None, prefetch: int = 0
    ) -> Pages[Reservation]:
        """List the reservations.

        Args:
            order: By creation, ``asc`` (oldest first) or ``desc``.
            page_size: Items per request, from 1; the API's default when left out.
            prefetch: Pages to fetch ahead.

        Raises:
            InvalidArgument: when an argument is none that can be sent.

        Reference: 3.9.
        """
        with available("list_reservations"):
            from korus_api.api.reservation import list_reservations
            from korus_api.models import Reservation

        return self._list(
            list_reservations,
            Reservation.from_dict,
            page_size=page_size,
            prefetch=prefetch,
            order_created_at=direction_filter(order),
        )

    def get(self, reservation: Reservation | Reference | str) -> Reservation:
        """Read one reservation.

        Args:
            reservation: The reservation, its IRI or its id.

        Raises:
            NotFound: when there is no such reservation.
            KorusError: what a request can raise; see `korus.errors`.

        Reference: 3.11, 4.10.
        """
        with available("get_reservation"):
            from korus_api.api.reservation import get_reservation
            from korus_api.models import Reservation

        found = self._reference(reservation, RESERVATION)
        return self._get(get_reservation, Reservation.from_dict, id=found.id)
