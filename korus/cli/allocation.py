"""Allocation of orders and reservations to the lines of a booking file, in units. No I/O.

By what the intent log says of it where that is known, which tells form answers apart too; else by product, date, start
times and number of tickets. A line takes no more units than it still lacks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from korus._booking.facts import OrderFacts
from korus.cli.entries import OfferEntry, OrderEntry, OrderItem
from korus.cli.receipt import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from korus._booking.request_items import RequestedLine
    from korus.cli.previous_run import Part

__all__ = ["Allocation", "allocate_items", "allocate_parts", "asks_for", "give_order"]

Allocation: TypeAlias = list[tuple[Line, int]]
"""Lines, and how many units each gets."""


def allocate_parts(lines: Sequence[Line], parts: Sequence[Part]) -> Allocation | None:
    """Return the lines that the parts of a reservation belong to; None if they are not all lines that lack them."""
    allocated: Allocation = []
    for part in parts:
        taken = _take([line for line in lines if asks_for(line, part.requested)], part.units, allocated)
        if taken is None:
            return None
        allocated += taken
    return allocated or None


def allocate_items(lines: Sequence[Line], order: object) -> Allocation | None:
    """Return the lines that the items of an order fit; None if one of them fits none that lacks it."""
    allocated: Allocation = []
    for item in OrderEntry.read(order).items:
        fitting = [line for line in lines if _fits(line, item)]
        units = _units(fitting[0], item) if fitting else None
        taken = _take(fitting, units, allocated)
        if taken is None:
            return None
        allocated += taken
    return allocated or None


def asks_for(line: Line, requested: RequestedLine) -> bool:
    """Return True if a line asks for the same, apart from how many."""
    own = line.requested
    return own is not None and (own.signature, own.answers) == (requested.signature, requested.answers)


def shortfall(order: object, allocated: Allocation) -> str | None:
    """Return in what an order falls short of the units that it is for, as far as it shows; None if it does not."""
    facts = OrderFacts.read(order)
    units = sum(taken for _, taken in allocated)
    tickets = sum(taken * _tickets(line) for line, taken in allocated)
    for what, shown, needed in (("units", facts.quantity, units), ("tickets", facts.tickets, tickets)):
        if shown is not None and shown < needed:
            return f"it has {shown} of {needed} {what}"
    return None


def _take(fitting: Sequence[Line], units: int | None, allocated: Allocation) -> Allocation | None:
    """Allocate units to lines that still lack them, preferably to one that lacks exactly as many."""
    if not units:
        return None
    used = {id(line): sum(taken for other, taken in allocated if other is line) for line in fitting}
    room = [(line, line.missing - used[id(line)]) for line in fitting]
    exact = next((line for line, left in room if left == units), None)
    if exact is not None:
        return [(exact, units)]
    taken: Allocation = []
    for line, left in room:
        share = min(left, units)
        if share > 0:
            taken.append((line, share))
            units -= share
    return taken if units == 0 else None


def _units(line: Line, item: OrderItem) -> int | None:
    if item.quantity is not None:
        return item.quantity
    return max(len(item.tickets) // _tickets(line), 1) if item.tickets else None


def _tickets(line: Line) -> int:
    """Return how many tickets one unit has."""
    return max(len(line.found.tickets), 1)


def _fits(line: Line, item: OrderItem) -> bool:
    product = OfferEntry.read(line.found.offer).product
    if item.product is None or item.product != product or item.date != line.found.date:
        return False
    return not item.starts or item.starts >= line.found.starts


def give_order(order: Any, allocated: Allocation, *, is_new: bool = False) -> None:
    """Note an order with its lines, and in what it falls short of them."""
    short = shortfall(order, allocated)
    for line, units in allocated:
        line.add_order(order)
        if not is_new:
            line.settled += units
        if short is not None:
            line.failures.append(f"the order {OrderEntry.read(order).name} is not whole: {short}")
