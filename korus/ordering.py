"""What an order asks for: which reservations, for whom, under which reference; can it be asked? No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import field, frozen

from korus._booking.external_reference import reference_problem
from korus.booking import BookingLine
from korus.errors import InvalidArgument
from korus.iri import RESERVATION, reference
from korus.outcomes import BulkOutcome, OrderLine, expiry
from korus.wire import iri_of, text, wire

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["HoldProblem", "OrderRequest", "belongs", "customer_body", "ended", "order_request"]

_REQUIRED: Final = ("firstname", "lastname", "email")


@frozen
class HoldProblem:
    """Why a reservation cannot be ordered.

    Attributes:
        line: Its place in the call, counted from 1.
        reservation: Its IRI.
        reason: What is wrong.
    """

    line: int
    reservation: str
    reason: str

    def __str__(self) -> str:
        return f"{self.reservation}: {self.reason}"


@frozen
class OrderRequest:
    """A bulk order, ready to be sent.

    Attributes:
        lines: The reservations, each once.
        external_reference: The caller's own reference.
        customer: Who buys, as it is sent.
        notes: Anything the issuer should know, None to leave it out.
        booked: The booking lines that the reservations came of, by IRI, where they are known.
    """

    lines: tuple[OrderLine, ...]
    external_reference: str
    customer: Mapping[str, Any] = field(repr=False)
    notes: str | None = field(default=None, repr=False)
    booked: Mapping[str, tuple[BookingLine, ...]] = field(factory=dict[str, Any], repr=False)

    def body(self, lines: Sequence[OrderLine]) -> dict[str, Any]:
        """Give the request's body for some of the lines (reference 4.12)."""
        notes = {} if self.notes is None else {"notes": self.notes}
        return {
            "reservations": [line.reservation for line in lines],
            "customer": dict(self.customer),
            "externalReference": self.external_reference,
            **notes,
        }


def order_request(
    held: object, customer: object, external_reference: object, notes: object, base_url: str | None
) -> OrderRequest:
    """Read the arguments of ``orders.create``.

    Raises:
        InvalidArgument: One of them is none that can be sent, or there is nothing to order.
        InvalidIri: Something among ``held`` is no reservation.
    """
    booked: dict[str, tuple[BookingLine, ...]] = {}
    members: tuple[object, ...]
    if isinstance(held, BulkOutcome):
        outcome: BulkOutcome[Any, Any] = cast("Any", held)
        for entry in outcome.lines:
            for result in entry.results if isinstance(entry.line, BookingLine) else ():
                iri = reference(result, RESERVATION, base_url=base_url).iri
                booked[iri] = (*booked.get(iri, ()), cast("BookingLine", entry.line))
        members = outcome.succeeded
    elif isinstance(held, str) or wire(held) is not None or not isinstance(held, Iterable):
        members = (held,)
    else:
        members = tuple(cast("Iterable[object]", held))
    iris = dict.fromkeys(reference(entry, RESERVATION, base_url=base_url).iri for entry in members)
    if not iris:
        raise InvalidArgument("there are no reservations to order")
    if notes is not None and not isinstance(notes, str):
        raise InvalidArgument(f"notes is a text or None, not {type(notes).__name__}")
    return OrderRequest(
        lines=tuple(OrderLine(number, iri) for number, iri in enumerate(iris, start=1)),
        external_reference=_reference(external_reference),
        customer=customer_body(customer),
        notes=notes,
        booked=booked,
    )


def _reference(given: object) -> str:
    if not isinstance(given, str):
        raise InvalidArgument(f"`external_reference` must be a str, got {type(given).__name__}.")
    plain = str.__str__(given)
    problem = reference_problem(plain)
    if problem:
        raise InvalidArgument(f"`external_reference` must {problem}.")
    return plain


def customer_body(customer: object) -> dict[str, Any]:
    """Write the customer as it is sent.

    Raises:
        InvalidArgument: It is no customer, or lacks a name or a mail address.
    """
    source = wire(customer)
    if source is None:
        raise InvalidArgument("customer is a korus.models.Customer, or a mapping with the API's field names")
    body = dict(source)
    missing = [name for name in _REQUIRED if not text(body, name) or not str(body[name]).strip()]
    if missing:
        raise InvalidArgument(f"the customer needs {', '.join(missing)}")
    return body


def ended(reservation: Mapping[str, Any], now: datetime) -> str | None:
    """Say why a reservation cannot be ordered any more; None when it can, as far as it shows."""
    if text(reservation, "status") == "released":
        return "it was released"
    ends = expiry(reservation)
    said = reservation.get("expired")
    # the API's word counts more than this machine's clock
    if said is True or (not isinstance(said, bool) and ends is not None and now >= ends):
        return "it has ended" if ends is None else f"it ended at {ends.isoformat()}"
    return None


def belongs(order: Mapping[str, Any], external_reference: str) -> bool:
    """Tell whether an order is of that reference; an order that shows none is taken to be."""
    found = order.get("externalReference")
    return found is None or found == external_reference


def reservation_of(order: Mapping[str, Any]) -> str | None:
    """Give the IRI of the reservation that an order was made from, if it names it (reference 8.13)."""
    return iri_of(order.get("reservation"))
