"""Which lines of a booking file were ordered by an earlier run, told from the orders of the same reference.

The external reference is what makes ``korus book`` safe to run again: orders that bear it and fit a line of
the file are taken as that line's, and nothing is bought twice. No I/O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from korus.cli.lookup import moment
from korus.wire import iri_of, objects, text, wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from korus.cli.lookup import Found

__all__ = ["match_orders"]


def match_orders(
    found: Sequence[Found], orders: Iterable[object], external_reference: str
) -> tuple[dict[int, object], tuple[object, ...]]:
    """Give every order to the lines that it fits.

    An order fits when each of its items has product, date, start times and number of tickets of a line that
    no other order has taken. Orders of another reference (a server may ignore the filter) and cancelled ones
    are passed over.

    Returns:
        The order of each line, by the line's position, and the orders that fit no line.
    """
    taken: dict[int, object] = {}
    strangers: list[object] = []
    for order in orders:
        source = wire(order) or {}
        if source.get("externalReference") != external_reference or source.get("status") == "cancelled":
            continue
        positions = _positions(found, source, taken.keys())
        if positions is None:
            strangers.append(order)
        else:
            taken |= dict.fromkeys(positions, order)
    return taken, tuple(strangers)


def _positions(found: Sequence[Found], order: Mapping[str, Any], taken: Iterable[int]) -> list[int] | None:
    """The lines that an order's items are, one each; None when one is none of them, or there are no items."""
    free = [position for position in range(len(found)) if position not in taken]
    positions: list[int] = []
    for item in objects(order, "items"):
        fitting = [position for position in free if _fits(found[position], wire(item) or {})]
        if not fitting:
            return None
        positions.append(fitting[0])
        free.remove(fitting[0])
    return positions or None


def _fits(line: Found, item: Mapping[str, Any]) -> bool:
    offer = wire(line.offer) or {}
    product, own = iri_of(item.get("product")), iri_of(offer.get("product"))
    if product is None or own is None or product != own or text(item, "date") != line.date:
        return False
    tickets = objects(item, "tickets")
    starts = {start for ticket in tickets if (start := moment((wire(ticket) or {}).get("occursAt")))}
    if starts and not starts >= line.starts:
        return False
    quantity = item.get("quantity")
    if isinstance(quantity, int):
        return quantity == line.item.quantity
    return len(tickets) == line.item.quantity * max(1, len(line.tickets))
