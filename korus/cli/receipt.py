"""Result of a booking: of each line, as a whole, and as a receipt. No I/O.

A receipt names orders, documents and amounts. It holds no token, no address of the storage, no voucher and
nothing about a person: the tickets beside it have these.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

from korus.cli.entries import OfferEntry, OrderEntry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from korus._booking.request_items import RequestedLine
    from korus.cli.lookup import Found

__all__ = [
    "BOOKED",
    "NOTHING",
    "PARTLY",
    "Line",
    "SavedDocument",
    "receipt",
    "status",
    "summary",
]

BOOKED: Final = 0
NOTHING: Final = 1
PARTLY: Final = 3

_WORDS: Final = {BOOKED: "booked", PARTLY: "partly", NOTHING: "nothing"}
_UNKNOWN: Final = "unknown"


@frozen
class SavedDocument:
    """A document of an order on disk; its IRI is None if unknown."""

    iri: str | None
    path: Path
    size: int
    sha256: str


@define
class Line:
    """The outcome of one line of the file so far.

    Attributes:
        found: The line and what it names.
        requested: What it asks the API for, once that is known.
        reservations: The IRIs of its holds.
        orders: Its orders: one as a rule, several where the API made several of it, or several runs booked it.
        settled: How many of its units are not to be held: they are ordered, held already, or it is not known.
        unknown: Some of it may or may not have been held or ordered.
        earlier: An order was there before this run, under the same external reference.
        named: How many beneficiaries have been set.
        documents: What was downloaded.
        failures: What the file asked for and could not be done, in words.
        remarks: What is worth knowing and is no failure.
    """

    found: Found
    requested: RequestedLine | None = None
    reservations: list[str] = field(factory=list[str])
    orders: list[Any] = field(factory=list[Any])
    settled: int = 0
    unknown: bool = False
    earlier: bool = False
    named: int = 0
    documents: list[SavedDocument] = field(factory=list[SavedDocument])
    failures: list[str] = field(factory=list[str])
    remarks: list[str] = field(factory=list[str])

    @property
    def quantity(self) -> int:
        """The number of units in the file."""
        return self.found.item.quantity

    @property
    def missing(self) -> int:
        """The number of units to hold."""
        return max(self.quantity - self.settled, 0)

    @property
    def is_booked(self) -> bool:
        """True if there is an order for it, or for some of it."""
        return bool(self.orders)

    @property
    def order_references(self) -> list[str]:
        """The readable references that the issuer knows the orders by."""
        found = (OrderEntry.read(order).reference for order in self.orders)
        return [reference for reference in found if reference]

    @property
    def state(self) -> str:
        """``booked``, ``incomplete`` (some of it, or something after it, failed), ``failed`` or ``unknown``."""
        if not self.is_booked:
            return _UNKNOWN if self.unknown else "failed"
        return "incomplete" if self.failures or self.unknown or self.missing else "booked"

    def add_order(self, order: object) -> None:
        """Note an order, once."""
        iri = OrderEntry.read(order).iri
        if iri is None or all(iri != OrderEntry.read(known).iri for known in self.orders):
            self.orders.append(order)


def status(lines: Sequence[Line], other_orders: Sequence[str] = ()) -> int:
    """Return the exit status: all is booked and nothing failed, a part is or it is not known what, or nothing is."""
    states = {line.state for line in lines}
    if states <= {"booked"} and lines and not other_orders:
        return BOOKED
    return NOTHING if states <= {"failed"} and not other_orders else PARTLY


def receipt(
    lines: Sequence[Line],
    external_reference: str,
    written_at: datetime,
    version: str,
    other_orders: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the receipt as plain JSON; files are named relative to it."""
    is_unknown = {line.state for line in lines} <= {"failed", _UNKNOWN} and any(
        line.unknown for line in lines
    )
    return {
        "korus": version,
        "written_at": written_at.isoformat(timespec="seconds"),
        "external_reference": external_reference,
        "status": _UNKNOWN if is_unknown else _WORDS[status(lines, other_orders)],
        "total_incl_tax": _total(lines),
        "currency": _currency(lines),
        "items": [_entry(line) for line in lines],
        "other_orders": list(other_orders),
        "earlier_items": [],
    }


def _entry(line: Line) -> dict[str, Any]:
    orders = [OrderEntry.read(order) for order in line.orders]
    first = orders[0] if orders else OrderEntry(None)
    iris = [order.iri for order in orders if order.iri]
    return {
        "line": line.found.item.line,
        "state": line.state,
        "catalog": line.found.catalog,
        "product": line.found.product,
        "date": line.found.date,
        "quantity": line.quantity,
        "offer": OfferEntry.read(line.found.offer).iri,
        "sessions": dict(line.found.sessions),
        "reservation": line.reservations[0] if line.reservations else None,
        "reservations": list(line.reservations),
        "order": iris[0] if iris else None,
        "orders": iris,
        "order_reference": first.reference,
        "order_status": first.status,
        "ordered_earlier": line.earlier,
        "amount_incl_tax": _total([line]) if line.is_booked else None,
        "tickets": [ticket for order in orders for item in order.items for ticket in item.tickets],
        "beneficiaries_set": line.named,
        "documents": [
            {"document": saved.iri, "file": saved.path.name, "bytes": saved.size, "sha256": saved.sha256}
            for saved in line.documents
        ],
        "failures": list(line.failures),
        "remarks": list(line.remarks),
    }


def _total(lines: Sequence[Line]) -> str | None:
    """Return the sum over the orders, as a decimal string; None when one of them does not say."""
    orders = [OrderEntry.read(order) for line in lines for order in line.orders]
    amounts = {str(order.iri): order.total for order in orders}
    try:
        return str(sum((Decimal(amount or "") for amount in amounts.values()), Decimal("0.00")))
    except ArithmeticError:  # no amount, or one beyond all measure
        return None


def _currency(lines: Sequence[Line]) -> str | None:
    """Return what the offers are priced in, in capitals; None when they differ or one of them does not say."""
    said = {(OfferEntry.read(line.found.offer).currency or "").upper() for line in lines}
    return said.pop() or None if len(said) == 1 else None


def summary(
    lines: Sequence[Line], folder: Path, total: str | None, other_orders: Sequence[str] = ()
) -> list[str]:
    """Return the plain words that a run ends with."""
    booked = sum(line.state == "booked" for line in lines)
    incomplete = sum(line.state == "incomplete" for line in lines)
    words = f"{booked} of {len(lines)} booked" + (f", {incomplete} incomplete" if incomplete else "")
    said = [words + (f", {total} in all" if (booked or incomplete) and total else "")]
    for line in lines:
        reference = "  " + ", ".join(line.order_references) if line.order_references else ""
        again = " (ordered by an earlier run)" if line.earlier else ""
        said.append(f"  {line.state:<10} {line.found.title}{reference}{again}")
        said += [f"             failed: {failure}" for failure in line.failures]
        said += [f"             note: {remark}" for remark in line.remarks]
    said += [f"  the order {iri} belongs to no line; look at it" for iri in other_orders]
    documents = sum(len(line.documents) for line in lines)
    if documents:
        said.append(f"{documents} file{'s' if documents > 1 else ''} of tickets in {folder}")
    return said
