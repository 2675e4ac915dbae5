# Written by `python -m scripts.sync` from korus/_async/resources/tickets.py; edit that file instead.
"""Tickets: the issued tickets of an order, and their beneficiaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from korus._booking.beneficiaries import Requirement, requirement
from korus._booking.beneficiary_rows import read_rows
from korus._booking.issued_tickets import IssuedTicketFacts
from korus._booking.outcomes import BulkOutcome
from korus._sync.booking.beneficiaries import Beneficiaries
from korus._sync.resources._resource import Resource
from korus.iri import ORDER, TICKET, Reference
from korus_api import models

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import IO

    from korus.models import (
        Beneficiary,
        Order,
        OrderItemTicket,
        OrderItemTicketResource,
    )

__all__ = ["Tickets"]


class Tickets(Resource):
    """`Korus.tickets`: issued tickets."""

    def get(self, ticket: OrderItemTicket | OrderItemTicketResource | Reference | str) -> OrderItemTicket:
        """Read one issued ticket.

        Args:
            ticket: The ticket, also from an order, or its IRI.

        Raises:
            NotFound: The ticket does not exist.
            KorusError: The request failed; see `korus.errors`.

        Reference: 3.4, 4.15.
        """
        found = self._reference(ticket, TICKET)
        return self._get(
            "get_order_item_ticket",
            lambda: models.OrderItemTicket,
            order_id=found.ids["order_id"],
            order_item_id=found.ids["order_item_id"],
            id=found.id,
        )

    def required(self, order: Order | Reference | str) -> tuple[Requirement, ...]:
        """Return the missing beneficiary data of an order's tickets.

        Args:
            order: The order, its IRI or its id. An object is read again, since it may have changed.

        Returns:
            One entry for each ticket with missing fields: the fields, and the deadline. Empty if nothing is
            missing.

        Raises:
            KorusError: The request failed; see `korus.errors`.

        Reference: 4.15, 7.4.
        """
        fresh = Beneficiaries(self._transport).tickets(self._reference(order, ORDER))
        return tuple(need for need in map(requirement, fresh) if need.missing)

    def set_beneficiary(
        self,
        ticket: OrderItemTicket | OrderItemTicketResource | Reference | str,
        beneficiary: Beneficiary | Mapping[str, Any],
    ) -> OrderItemTicket:
        """Set the beneficiary of a ticket.

        The data is checked first and then merged into the known data: an omitted field is unchanged, None clears it.
        The first and last name are always required.

        Args:
            ticket: The ticket, also from an order, or its IRI (then it is read first).
            beneficiary: The beneficiary: a `Beneficiary`, or a mapping by the API's names or Python's.

        Returns:
            The ticket as it is now.

        Raises:
            BeneficiaryInvalid: A required field is missing, a value is invalid, the deadline has passed, or the
                beneficiary can no longer be changed; contains all problems, nothing was sent.
            ValidationFailed: The API refused it.
            KorusError: The request failed; see `korus.errors`.

        Reference: 3.5, 4.15, 7.4.
        """
        beneficiaries = Beneficiaries(self._transport)
        reference = self._reference(ticket, TICKET)
        known = IssuedTicketFacts.read(ticket)
        if not known.shows_requirements:
            known = beneficiaries.ticket(reference)
        return beneficiaries.name(reference, known, beneficiary)

    def set_beneficiaries(
        self,
        order: Order | Reference | str,
        rows: str | Path | IO[str] | Iterable[object],
        *,
        concurrency: int = 4,
    ) -> BulkOutcome[OrderItemTicket, Any]:
        """Set the beneficiaries of many tickets of an order.

        Args:
            order: The order, its IRI or its id; it is read again.
            rows: A CSV file (its path, or open), or a list of beneficiaries: `Beneficiary` objects, mappings,
                or pairs of a ticket and one of these. A row names its ticket by IRI, id or voucher in
                ``ticket``; rows without one take the tickets with missing fields, in the order of the order's
                tickets.
            concurrency: The maximum number of concurrent requests.

        Returns:
            The outcome of each row: invalid rows have failed, with all their problems, and the others were
            sent.

        Raises:
            InvalidArgument: The file cannot be read, or is not such a file; nothing was sent.
            KorusError: The order could not be read; see `korus.errors`.

        Reference: 3.5, 7.4.
        """
        listed = read_rows(rows)
        beneficiaries = Beneficiaries(self._transport)
        fresh = beneficiaries.tickets(self._reference(order, ORDER))
        lines = beneficiaries.name_all(fresh, listed, concurrency=concurrency)
        return BulkOutcome(lines, clock=self._transport.clock)
