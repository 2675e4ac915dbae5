"""What became of a booking: per line, as a whole, and as the receipt that is written. No I/O.

A receipt names orders, documents and amounts. It holds no token, no address of the storage, no voucher and
nothing about a person: the tickets beside it have these.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

from korus.wire import iri_of, objects, text, wire

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from korus.cli.lookup import Found

__all__ = ["BOOKED", "NOTHING", "PARTLY", "Line", "SavedDocument", "receipt", "status", "summary"]

BOOKED: Final = 0
NOTHING: Final = 1
PARTLY: Final = 3

_WORDS: Final = {BOOKED: "booked", PARTLY: "partly", NOTHING: "nothing"}


@frozen
class SavedDocument:
    """A document of an order on disk; its IRI is None where it could not be told."""

    iri: str | None
    path: Path
    size: int
    sha256: str


@define
class Line:
    """What has become of one line of the file so far.

    Attributes:
        found: The line and what it stands for.
        reservation: The IRI of its hold.
        order: Its order, once there is one.
        unknown: It may or may not have been held or ordered.
        earlier: The order was there before this run, under the same external reference.
        named: How many beneficiaries have been set.
        documents: What was downloaded.
        failures: What the file asked for and could not be done, in words.
        remarks: What is worth knowing and is no failure.
    """

    found: Found
    reservation: str | None = None
    order: Any = None
    unknown: bool = False
    earlier: bool = False
    named: int = 0
    documents: list[SavedDocument] = field(factory=list[SavedDocument])
    failures: list[str] = field(factory=list[str])
    remarks: list[str] = field(factory=list[str])

    @property
    def is_booked(self) -> bool:
        """Whether there is an order for it."""
        return self.order is not None

    @property
    def order_reference(self) -> str | None:
        """The readable reference that the issuer knows the order by."""
        return text(wire(self.order) or {}, "reference")

    @property
    def state(self) -> str:
        """One word: ``booked``, ``incomplete`` (something after it failed), ``failed`` or ``unknown``."""
        if not self.is_booked:
            return "unknown" if self.unknown else "failed"
        return "incomplete" if self.failures else "booked"


def status(lines: Sequence[Line]) -> int:
    """The exit status: all booked and nothing failed, partly, or nothing at all."""
    if not any(line.is_booked for line in lines):
        return NOTHING
    return BOOKED if all(line.state == "booked" for line in lines) else PARTLY


def receipt(
    lines: Sequence[Line], external_reference: str, written_at: datetime, version: str
) -> dict[str, Any]:
    """The receipt as plain JSON; files are named relative to it."""
    return {
        "korus": version,
        "written_at": written_at.isoformat(timespec="seconds"),
        "external_reference": external_reference,
        "status": _WORDS[status(lines)],
        "total_incl_tax": _total(lines),
        "currency": _currency(lines),
        "items": [_entry(line) for line in lines],
    }


def _entry(line: Line) -> dict[str, Any]:
    order = wire(line.order) or {}
    return {
        "line": line.found.item.line,
        "state": line.state,
        "catalog": line.found.catalog,
        "product": line.found.product,
        "date": line.found.date,
        "quantity": line.found.item.quantity,
        "offer": iri_of(line.found.offer),
        "sessions": dict(line.found.sessions),
        "reservation": line.reservation,
        "order": iri_of(line.order),
        "order_reference": line.order_reference,
        "order_status": text(order, "status"),
        "ordered_earlier": line.earlier,
        "amount_incl_tax": text(order, "totalAmountInclTax"),
        "tickets": [
            iri_of(ticket)
            for item in objects(order, "items")
            for ticket in objects(wire(item) or {}, "tickets")
        ],
        "beneficiaries_set": line.named,
        "documents": [
            {"document": saved.iri, "file": saved.path.name, "bytes": saved.size, "sha256": saved.sha256}
            for saved in line.documents
        ],
        "failures": list(line.failures),
        "remarks": list(line.remarks),
    }


def _total(lines: Sequence[Line]) -> str | None:
    """The sum over the orders, as a decimal string; None when one of them does not say."""
    amounts = {
        str(iri_of(line.order)): text(wire(line.order) or {}, "totalAmountInclTax")
        for line in lines
        if line.is_booked
    }
    try:
        return str(sum((Decimal(amount or "") for amount in amounts.values()), Decimal("0.00")))
    except ArithmeticError:  # no amount, or one beyond all measure
        return None


def _currency(lines: Sequence[Line]) -> str | None:
    """What the offers are priced in, in capitals; None when they differ or one of them does not say."""
    prices = [wire((wire(line.found.offer) or {}).get("price")) or {} for line in lines]
    said = {(text(price, "currency") or "").upper() for price in prices}
    return said.pop() or None if len(said) == 1 else None


def summary(lines: Sequence[Line], folder: Path, total: str | None) -> list[str]:
    """The plain words that a run ends with."""
    booked = [line for line in lines if line.is_booked]
    said = [f"{len(booked)} of {len(lines)} booked" + (f", {total} in all" if booked and total else "")]
    for line in lines:
        reference = f"  {line.order_reference}" if line.order_reference else ""
        again = " (ordered by an earlier run)" if line.earlier else ""
        said.append(f"  {line.state:<10} {line.found.title}{reference}{again}")
        said += [f"             failed: {failure}" for failure in line.failures]
        said += [f"             note: {remark}" for remark in line.remarks]
    documents = sum(len(line.documents) for line in lines)
    if documents:
        said.append(f"{documents} file{'s' if documents > 1 else ''} of tickets in {folder}")
    return said
