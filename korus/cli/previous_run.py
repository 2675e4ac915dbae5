"""Reservations and orders of previous runs with the same external reference, from the intent log. No I/O.

The log ties each reservation to what was asked for, and to its orders. So what was bought is recognised even if the API
hides references, or does not list an order yet; and a hold that was not ordered can be, instead of holding again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import define, evolve, field, frozen

from korus._booking.facts import iri_of
from korus._booking.outcomes import OrderLine
from korus._booking.request_items import RequestedLine
from korus._core.raw_json import json_object, objects, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from korus._booking.outcomes import Recovered
    from korus._journal.database import JournalEntry

__all__ = ["LostHold", "Part", "PreviousReservation", "PreviousRuns", "read_log"]


@frozen
class Part:
    """Share of one line in a reservation.

    Attributes:
        requested: What the line asked for.
        units: How many units of it the reservation has, None where that cannot be worked out.
    """

    requested: RequestedLine
    units: int | None


@frozen
class PreviousReservation:
    """A reservation of a previous run.

    Attributes:
        iri: Its IRI.
        parts: What it holds; empty where the log does not say.
        status: ``held``: no order of it is known to have been sent. ``ordered``: it has orders. ``failed``: it was
            refused, or has ended without an order. ``unknown``: an order was sent whose outcome is not known.
            ``busy``: another process is ordering it.
        orders: The IRIs of its orders.
        intent: The id of the intent that is open still.
        reason: Why its outcome is not known.
    """

    iri: str
    parts: tuple[Part, ...] = ()
    status: Literal["held", "ordered", "failed", "unknown", "busy"] = "held"
    orders: tuple[str, ...] = ()
    intent: str | None = None
    reason: str = ""


@frozen
class LostHold:
    """A line of a hold whose answer was lost, of which it is not known whether it exists.

    Attributes:
        intent: The id of its intent.
        requested: What it asked for.
        reason: Why it is not known.
    """

    intent: str
    requested: RequestedLine
    reason: str


@define
class PreviousRuns:
    """Results of previous runs at the API.

    Attributes:
        reservations: Their reservations by IRI.
        lost: Lines of holds of which it is not known whether they exist.
        own_orders: The IRIs of orders that the log knows to be theirs, whatever reference these show.
    """

    reservations: dict[str, PreviousReservation] = field(factory=dict[str, PreviousReservation])
    lost: list[LostHold] = field(factory=list[LostHold])
    own_orders: set[str] = field(factory=set[str])

    @property
    def orders(self) -> dict[str, PreviousReservation]:
        """The reservations by the IRIs of their orders."""
        return {order: held for held in self.reservations.values() for order in held.orders}


def read_log(entries: Iterable[JournalEntry], recovered: Iterable[Recovered]) -> PreviousRuns:
    """Read what the intents with one reference brought about.

    Args:
        entries: Intents with the reference.
        recovered: What recovery has found just now of the intents that were open.
    """
    found = {each.id: each for each in recovered}
    runs = PreviousRuns()
    oldest_first = sorted(entries, key=lambda entry: entry.created_at)
    for entry in oldest_first:
        if entry.kind == "hold":
            _add_hold(runs, entry, found.get(entry.id))
    for entry in oldest_first:
        if entry.kind == "order":
            _add_order(runs, entry, found.get(entry.id))
    return runs


def _add_hold(runs: PreviousRuns, entry: JournalEntry, recovered: Recovered | None) -> None:
    written = [*_members(entry.outcome or {}, "lines"), *_members(entry.details, "known_lines")]
    known = {line.get("line"): line for line in written}
    numbers = objects(entry.details, "lines")
    for number, item in zip(numbers, _members(entry.details, "items"), strict=False):
        requested = RequestedLine.of(item)
        line = known.get(number)
        if line is None and entry.open:
            runs.lost.append(LostHold(entry.id, requested, _reason(recovered, entry)))
            continue
        iris = [str(iri) for iri in objects(line or {}, "reservations")]
        for iri in iris:
            before = runs.reservations.get(iri, PreviousReservation(iri))
            part = Part(requested, _units(requested.quantity, len(iris)))
            runs.reservations[iri] = evolve(before, parts=(*before.parts, part))


def _add_order(runs: PreviousRuns, entry: JournalEntry, recovered: Recovered | None) -> None:
    for iri in map(str, objects(entry.details, "reservations")):
        runs.reservations.setdefault(iri, PreviousReservation(iri))
    for line in _members(entry.outcome or {}, "lines"):
        before = runs.reservations.get(text(line, "reservation") or "")
        if before is None:
            continue
        orders = tuple(str(order) for order in objects(line, "orders"))
        runs.own_orders.update(orders)
        if orders:
            runs.reservations[before.iri] = evolve(before, status="ordered", orders=(*before.orders, *orders))
        elif line.get("status") == "failed" and before.status == "held":
            runs.reservations[before.iri] = evolve(before, status="failed")
    if entry.open:
        _add_open_order(runs, entry, recovered)


def _add_open_order(runs: PreviousRuns, entry: JournalEntry, recovered: Recovered | None) -> None:
    outcomes = {
        outcome.line.reservation: outcome
        for outcome in (() if recovered is None else recovered.lines)
        if isinstance(outcome.line, OrderLine)
    }
    for iri in map(str, objects(entry.details, "reservations")):
        before = runs.reservations[iri]
        outcome = outcomes.get(iri)
        orders = () if outcome is None else tuple(filter(None, map(iri_of, outcome.results)))
        if outcome is not None and outcome.status == "succeeded":
            runs.own_orders.update(orders)
        if orders:
            runs.reservations[iri] = evolve(before, status="ordered", orders=(*before.orders, *orders))
        elif outcome is not None and outcome.status == "failed":
            runs.reservations[iri] = evolve(before, status="failed")
        elif before.status != "ordered":
            reason = _reason(recovered, entry) if outcome is None else (outcome.reason or "not clear")
            status: Literal["busy", "unknown"] = "busy" if entry.alive else "unknown"
            runs.reservations[iri] = evolve(before, status=status, intent=entry.id, reason=reason)


def _reason(recovered: Recovered | None, entry: JournalEntry) -> str:
    if recovered is not None and recovered.error is not None:
        return recovered.error.message
    reasons = [outcome.reason for outcome in (() if recovered is None else recovered.lines) if outcome.reason]
    return reasons[0] if reasons else "another process works on it" if entry.alive else "it is not clear"


def _units(quantity: int, reservations: int) -> int | None:
    if reservations == 1:
        return quantity
    return 1 if reservations == quantity else None


def _members(source: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    return [found for found in map(json_object, objects(source, key)) if found is not None]
