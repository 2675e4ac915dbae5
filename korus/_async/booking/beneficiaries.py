"""Saying who tickets are for: checked against the ticket, then sent as a merge-patch of what was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from korus._booking.beneficiaries import (
    BeneficiaryProblem,
    BeneficiaryRow,
    assign,
    check_beneficiary,
)
from korus._booking.outcomes import LineOutcome, Status
from korus._core.raw_json import iri_of
from korus._http.ambiguity import is_ambiguous
from korus._http.endpoints import available, request_for
from korus._primitives.asynchronous import map_ordered
from korus.errors import BeneficiaryInvalid, KorusError
from korus.iri import TICKET, Reference, parse_iri

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from korus._async.http.transport import AsyncTransport
    from korus.models import OrderItemTicket

__all__ = ["AsyncNaming"]

_OPERATION = "update_order_item_ticket"


class AsyncNaming:
    """Names beneficiaries for one client.

    Args:
        transport: What carries requests out.
    """

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def order(self, order: Reference) -> dict[str, Any]:
        """Read an order."""
        with available("get_order"):
            from korus_api.api.order import get_order

        request = request_for(get_order, id=order.id)
        return (await self._transport.send(get_order.OPERATION, request)).object()

    async def ticket(self, ticket: Reference) -> dict[str, Any]:
        """Read a ticket."""
        with available("get_order_item_ticket"):
            from korus_api.api.order_item_ticket import get_order_item_ticket

        request = request_for(
            get_order_item_ticket,
            order_id=ticket.ids["order_id"],
            order_item_id=ticket.ids["order_item_id"],
            id=ticket.id,
        )
        return (await self._transport.send(get_order_item_ticket.OPERATION, request)).object()

    async def name(self, ticket: Reference, known: Mapping[str, Any], beneficiary: object) -> OrderItemTicket:
        """Check and send who a ticket is for.

        Raises:
            BeneficiaryInvalid: It cannot be sent; all problems at once.
            KorusError: What a request can raise.
        """
        with available(_OPERATION):
            from korus_api.api.order_item_ticket import update_order_item_ticket
            from korus_api.models import OrderItemTicket

        body = check_beneficiary(known, beneficiary, now=self._transport.clock.now())
        ids = {"order_id": ticket.ids["order_id"], "order_item_id": ticket.ids["order_item_id"]}
        with available("get_order_item_ticket"):
            from korus_api.api.order_item_ticket import get_order_item_ticket

        # the same path; the body is written by hand, since absent and null are different things in it
        path = request_for(get_order_item_ticket, **ids, id=ticket.id)["url"]
        request = {
            "url": path,
            "headers": {"Content-Type": "application/merge-patch+json"},
            "json": {"beneficiary": body},
        }
        answer = await self._transport.send(update_order_item_ticket.OPERATION, request)
        return OrderItemTicket.from_dict(answer.object())

    async def name_all(
        self, order: Mapping[str, Any], rows: Sequence[BeneficiaryRow], *, concurrency: int
    ) -> tuple[LineOutcome[OrderItemTicket], ...]:
        """Name the tickets of an order, row by row; a row that is wrong fails alone."""
        assigned = assign(order, rows)

        async def carry_out(
            entry: tuple[BeneficiaryRow, Mapping[str, Any] | None, tuple[BeneficiaryProblem, ...]],
        ) -> LineOutcome[OrderItemTicket]:
            row, ticket, problems = entry
            try:
                iri = iri_of(ticket)
                if ticket is None or iri is None or problems:
                    raise BeneficiaryInvalid(problems, operation=_OPERATION)
                reference = parse_iri(iri, TICKET, base_url=self._transport.config.base_url)
                named = await self.name(reference, ticket, row.beneficiary)
            except KorusError as error:
                status: Status = "unknown" if is_ambiguous(error) else "failed"
                return LineOutcome(row, status, error=error)
            return LineOutcome(row, "succeeded", (named,))

        return tuple(await map_ordered(carry_out, assigned, concurrency=concurrency))
