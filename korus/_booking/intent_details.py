"""Details of intents in the intent log: the request of a hold or an order, and the known results of its lines.

They are plain JSON, without form answers or names. No I/O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from korus._booking.orders import OrderRequest
from korus._booking.outcomes import HoldLine, OrderLine
from korus._booking.request_items import RequestedLine, kept_item
from korus._core.raw_json import json_object, objects, text, whole
from korus.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from korus._booking.snapshot import Snapshot
    from korus._journal.intent_log import Intent

__all__ = [
    "hold_details",
    "hold_lines",
    "known_lines",
    "lines_of",
    "open_lines",
    "order_details",
    "order_request_of",
    "placed_reservations",
]


def hold_details(
    items: Sequence[Mapping[str, Any]], prices: Sequence[str | None], snapshot: Snapshot | None
) -> dict[str, Any]:
    """Return the details of a hold: its request, without form answers."""
    return {
        "items": list(map(kept_item, items, prices)),
        "baseline": None if snapshot is None else snapshot.to_dict(),
    }


def order_details(request: OrderRequest) -> dict[str, Any]:
    """Return the details of an order, without the customer."""
    return {
        "reservations": [line.reservation for line in request.lines],
        "externalReference": request.external_reference,
    }


def lines_of(hold: Intent) -> list[RequestedLine]:
    """Return the requested lines of a hold."""
    return [RequestedLine.of(cast("Mapping[str, Any]", item)) for item in objects(hold.details, "items")]


def known_lines(hold: Intent) -> list[Mapping[str, Any] | None]:
    """Return the known result of each line of a hold, None for the others."""
    known, items = objects(hold.details, "known_lines"), objects(hold.details, "items")
    return [json_object(entry) for entry in known] if len(known) == len(items) else [None] * len(items)


def placed_reservations(hold: Intent) -> frozenset[str]:
    """Return the reservations of the known lines of a hold."""
    return frozenset(
        str(iri) for entry in known_lines(hold) if entry is not None for iri in objects(entry, "reservations")
    )


def open_lines(other: Intent, key: str) -> list[tuple[int, str | None]]:
    """Return the quantity and answers digest of another call's unknown lines with the same key."""
    lines = zip(objects(other.details, "items"), other.keys, known_lines(other), strict=False)
    asked = [json_object(item) or {} for item, of, known in lines if of == key and known is None]
    return [(whole(item.get("quantity")) or 0, text(item, "answers")) for item in asked]


def hold_lines(details: Mapping[str, Any]) -> list[HoldLine]:
    """Return the lines of a hold from the details of the log, or of an `OutcomeUnknown`.

    Raises:
        InvalidArgument: They cannot be read.
    """
    items, numbers = objects(details, "items"), objects(details, "lines")
    try:
        return [
            HoldLine(number, item["offer"], item["quantity"])
            for number, item in zip(numbers, items, strict=True)
        ]
    except (KeyError, TypeError, ValueError):
        raise InvalidArgument("not an unknown hold: its lines cannot be read") from None


def order_request_of(intent: Intent) -> OrderRequest:
    """Return the request of an order from the details of the log, or of an `OutcomeUnknown`."""
    iris = objects(intent.details, "reservations")
    return OrderRequest(
        lines=tuple(OrderLine(number, str(iri)) for number, iri in enumerate(iris, start=1)),
        external_reference=text(intent.details, "externalReference") or "",
        customer=intent.private.get("customer") or {},
        notes=intent.private.get("notes"),
    )
