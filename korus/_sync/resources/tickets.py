# Written by `python -m scripts.sync` from korus/_async/resources/tickets.py; edit that file instead.
"""Tickets: what was issued for an order, and the people they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._sync.resources._resource import Resource
from korus.iri import TICKET, Reference
from korus.operations import available

if TYPE_CHECKING:
    from korus.models import OrderItemTicket, OrderItemTicketResource

__all__ = ["Tickets"]


class Tickets(Resource):
    """`Korus.tickets`: issued tickets."""

    def get(self, ticket: OrderItemTicket | OrderItemTicketResource | Reference | str) -> OrderItemTicket:
        """Read one issued ticket.

        Args:
            ticket: The ticket, also as it stands in an order, or its IRI.

        Raises:
            NotFound: when there is no such ticket.
            KorusError: what a request can raise; see `korus.errors`.

        Reference: 3.4, 4.15.
        """
        with available("get_order_item_ticket"):
            from korus_api.api.order_item_ticket import get_order_item_ticket
            from korus_api.models import OrderItemTicket

        found = self._reference(ticket, TICKET)
        return self._get(
            get_order_item_ticket,
            OrderItemTicket.from_dict,
            order_id=found.ids["order_id"],
            order_item_id=found.ids["order_item_id"],
            id=found.id,
        )
