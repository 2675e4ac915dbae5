"""Requests for orders: their reservations, customer and external reference. No I/O."""

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
    """Reason why a reservation cannot be ordered.

    Attributes:
        line: Its number in the call, counted from 1.
        reservation: Its IRI.
        reason: The problem.
    """

    line: int
    reservation: str
    reason: str

    def __str__(self) -> str:
        return f"{self.reservation}: {self.reason}"


@frozen
class OrderRequest:
    """Bulk order that is ready to be sent.

    Attributes:
        lines: The reservations, each once.
        external_reference: The caller's own reference.
        customer: The customer, in the form in which it is sent.
        notes: Notes for the issuer, None to omit them.
        booked: The booking lines of the reservations, by IRI, if they are known.
        units: The number of units of its line that each of these reservations holds, by IRI, if it is known.
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
        InvalidArgument: An argument is invalid, or there is nothing to order.
        InvalidIri: An entry of ``held`` is not a reservation.
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
        # an API behind a proxy may write its own address differently
        members = tuple(iri_of(held) or held for held in outcome.succeeded)
    elif isinstance(held, str) or isinstance(held, Mapping) or not isinstance(held, Iterable):  # noqa: SIM101 - narrowed
        members = (cast("Any", held),)
    else:
        members = tuple(cast("Iterable[object]", held))
    iris = dict.fromkeys(_own_iri(entry, base_url) for entry in members)
    if not iris:
        raise InvalidArgument("there are no reservations to order")
    if notes is not None and not isinstance(notes, str):
        raise InvalidArgument(f"`notes` must be a str or None, got {type(notes).__name__}.")
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
    """Return the IRI of a reservation in normal form."""
    return relative(reference(held, RESERVATION, base_url=base_url).iri)


def _units(quantity: int, shown: Sequence[int | None]) -> list[int | None]:
    """Return the number of units that each reservation of a line holds; None if it is not known."""
    if len(shown) == 1:
        return [quantity]
    if len(shown) == quantity:
        return [1] * quantity
    whole = None not in shown and sum(cast("Sequence[int]", shown)) == quantity
    return list(shown) if whole else [None] * len(shown)


def units_to_rebook(request: OrderRequest, failed: Iterable[str]) -> list[tuple[BookingLine, int]]:
    """Return the booking lines of reservations, each with the number of units that they held.

    Raises:
        InvalidArgument: The original lines, or the units of a reservation, are not known.
    """
    wanted: dict[int, tuple[BookingLine, int]] = {}
    for iri in failed:
        lines = request.booked.get(iri)
        if not lines:
            raise InvalidArgument(
                "cannot rebook: the original lines are not available; start a new reservation"
            )
        for line in lines:
            # one reservation of several lines holds all units of each
            units = line.quantity if len(lines) > 1 else request.units.get(iri)
            if units is None:
                raise InvalidArgument(
                    f"cannot rebook: the hold {iri} does not show its number of units of line {line.number}; "
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
