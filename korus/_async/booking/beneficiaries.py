"""Updates of beneficiaries, which are checked against the ticket and sent as a merge patch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus_api import models

from korus._booking.beneficiaries import Assigned, assign, check_beneficiary
from korus._booking.issued_tickets import IssuedTicketFacts, read_order_tickets
from korus._booking.outcomes import LineOutcome, Status
from korus._http.ambiguity import is_ambiguous
from korus._http.endpoints import endpoint, model_of, request_for
from korus._primitives.asynchronous import map_ordered
from korus.errors import BeneficiaryInvalid, KorusError
from korus.iri import TICKET, Reference, parse_iri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from korus._async.http.transport import AsyncTransport
    from korus._booking.beneficiary_rows import BeneficiaryRow
    from korus.models import OrderItemTicket

__all__ = ["AsyncBeneficiaries"]

_OPERATION = "update_order_item_ticket"


class AsyncBeneficiaries:
    """Beneficiary updates of one client.

    Args:
        transport: The transport for requests.
    """

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def tickets(self, order: Reference) -> tuple[IssuedTicketFacts, ...]:
        """Read the tickets of an order."""
        return read_order_tickets((await self._transport.call("get_order", id=order.id)).object())

    async def ticket(self, ticket: Reference) -> IssuedTicketFacts:
        """Read a ticket."""
        answer = await self._transport.call(
            "get_order_item_ticket",
            order_id=ticket.ids["order_id"],
            order_item_id=ticket.ids["order_item_id"],
            id=ticket.id,
        )
        return IssuedTicketFacts.read(answer.object())

    async def name(self, ticket: Reference, known: IssuedTicketFacts, beneficiary: object) -> OrderItemTicket:
        """Check and send the beneficiary of a ticket.

        Raises:
            BeneficiaryInvalid: The data is invalid; contains all problems.
            KorusError: The request failed.
        """
        operation = endpoint("update_order_item_ticket").OPERATION
        model = model_of(operation.name, lambda: models.OrderItemTicket)
        body = check_beneficiary(known, beneficiary, now=self._transport.clock.now())
        ids = {"order_id": ticket.ids["order_id"], "order_item_id": ticket.ids["order_item_id"]}
        # the same path, but with a separate body, in which absent and null are different
        path = request_for(endpoint("get_order_item_ticket"), **ids, id=ticket.id)["url"]
        request = {
            "url": path,
            "headers": {"Content-Type": "application/merge-patch+json"},
            "json": {"beneficiary": body},
        }
        answer = await self._transport.send(operation, request)
        return model.from_dict(answer.object())

    async def name_all(
        self, tickets: Sequence[IssuedTicketFacts], rows: Sequence[BeneficiaryRow], *, concurrency: int
    ) -> tuple[LineOutcome[OrderItemTicket], ...]:
        """Set the beneficiaries of tickets row by row; an invalid row does not affect the others."""

        async def carry_out(entry: Assigned) -> LineOutcome[OrderItemTicket]:
            row, ticket = entry.row, entry.ticket
            try:
                if ticket is None or ticket.iri is None or entry.problems:
                    raise BeneficiaryInvalid(entry.problems, operation=_OPERATION)
                reference = parse_iri(ticket.iri, TICKET, base_url=self._transport.config.base_url)
                named = await self.name(reference, ticket, row.beneficiary)
            except KorusError as error:
                status: Status = "unknown" if is_ambiguous(error) else "failed"
                return LineOutcome(row, status, error=error)
            return LineOutcome(row, "succeeded", (named,))

        return tuple(await map_ordered(carry_out, assign(tickets, rows), concurrency=concurrency))
