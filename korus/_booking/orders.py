"""Requests for orders: which reservations, for whom, under which reference. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from attrs import field, frozen

from korus._booking.external_reference import reference_problem
from korus._booking.facts import ReservationFacts, iri_of, relative
from korus._booking.lines import BookingLine
from korus._booking.order_body import check_writable, customer_body, order_body
from korus._booking.outcomes import BulkOutcome, OrderLine
from korus.errors import InvalidArgument
from korus.iri import RESERVATION, reference

__all__ = ["HoldProblem", "OrderRequest", "order_request", "units_to_rebook"]


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
        units: How many units of its line each of these reservations holds, by IRI, where that can be worked out.
    """

    lines: tuple[OrderLine, ...]
    external_reference: str
    customer: Mapping[str, Any] = field(repr=False)
    notes: str | None = field(default=None, repr=False)
    booked: Mapping[str, tuple[BookingLine, ...]] = field(factory=dict[str, Any], repr=False)
    units: Mapping[str, int] = field(factory=dict[str, int], repr=False)

    def body(self, reservations: Iterable[str]) -> dict[str, Any]:
        """Return the request's body for some of the reservations."""
        return order_body(reservations, self.customer, self.external_reference, self.notes)


def order_request(
    held: object, customer: object, external_reference: object, notes: object, base_url: str | None
) -> OrderRequest:
    """Read the arguments of ``orders.create``.

    Raises:
        InvalidArgument: One of them is none that can be sent, or there is nothing to order.
        InvalidIri: Something among ``held`` is no reservation.
    """
    booked: dict[str, tuple[BookingLine, ...]] = {}
    units: dict[str, int] = {}
    members: tuple[object, ...]
    if isinstance(held, BulkOutcome):
        outcome: BulkOutcome[Any, Any] = cast("Any", held)
        for entry in outcome.lines:
            if not isinstance(entry.line, BookingLine) or entry.status != "succeeded":
                continue
            made = [_own_iri(iri_of(result) or result, base_url) for result in entry.results]
            shown = [ReservationFacts.read(result).units for result in entry.results]
            for iri, held_units in zip(made, _units(entry.line.quantity, shown), strict=True):
                booked[iri] = (*booked.get(iri, ()), entry.line)
                if held_units is not None:
                    units[iri] = held_units
        # an API behind a proxy may write its own address otherwise than it is reached
        members = tuple(iri_of(held) or held for held in outcome.succeeded)
    elif isinstance(held, str) or isinstance(held, Mapping) or not isinstance(held, Iterable):  # noqa: SIM101 - narrowed
        members = (cast("Any", held),)
    else:
        members = tuple(cast("Iterable[object]", held))
    iris = dict.fromkeys(_own_iri(entry, base_url) for entry in members)
    if not iris:
        raise InvalidArgument("there are no reservations to order")
    if notes is not None and not isinstance(notes, str):
        raise InvalidArgument(f"notes must be a text or None, got {type(notes).__name__}")
    check_writable({} if notes is None else {"notes": notes})
    return OrderRequest(
        lines=tuple(OrderLine(number, iri) for number, iri in enumerate(iris, start=1)),
        external_reference=_reference(external_reference),
        customer=customer_body(customer),
        notes=notes,
        booked=booked,
        units=units,
    )


def _own_iri(held: object, base_url: str | None) -> str:
    """Return the IRI of a reservation as facts have it."""
    return relative(reference(held, RESERVATION, base_url=base_url).iri)


def _units(quantity: int, shown: Sequence[int | None]) -> list[int | None]:
    """Return how many units each reservation of a line holds; None where that cannot be worked out."""
    if len(shown) == 1:
        return [quantity]
    if len(shown) == quantity:
        return [1] * quantity
    whole = None not in shown and sum(cast("Sequence[int]", shown)) == quantity
    return list(shown) if whole else [None] * len(shown)


def units_to_rebook(request: OrderRequest, failed: Iterable[str]) -> list[tuple[BookingLine, int]]:
    """Return the booking lines that reservations were for, each with how many units of it they held.

    Raises:
        InvalidArgument: The original lines, or how many units of one a reservation held, are not known.
    """
    wanted: dict[int, tuple[BookingLine, int]] = {}
    for iri in failed:
        lines = request.booked.get(iri)
        if not lines:
            raise InvalidArgument(
                "cannot rebook: the original lines are not available; start a new reservation"
            )
        for line in lines:
            # one reservation for several lines holds all of each
            units = line.quantity if len(lines) > 1 else request.units.get(iri)
            if units is None:
                raise InvalidArgument(
                    f"cannot rebook: how many units of line {line.number} the hold {iri} had is not shown; "
                    "start a new reservation"
                )
            wanted[id(line)] = (line, wanted.get(id(line), (line, 0))[1] + units)
    return [(line, min(units, line.quantity)) for line, units in wanted.values()]


def _reference(given: object) -> str:
    if not isinstance(given, str):
        raise InvalidArgument(f"`external_reference` must be a str, got {type(given).__name__}.")
    plain = str.__str__(given)
    problem = reference_problem(plain)
    if problem:
        raise InvalidArgument(f"`external_reference` must {problem}.")
    return plain
