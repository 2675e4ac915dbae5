"""Reservations and orders of previous runs of a booking file: found, and allocated to its lines.

Nothing is booked here. Lines whose booking may exist are not booked again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve

from korus._booking.facts import ReservationFacts, is_similar
from korus._booking.facts import iri_of as relative_iri_of
from korus.cli.allocation import Allocation, allocate_items, allocate_parts, asks_for, give_order
from korus.cli.booking_file import FileInvalid
from korus.cli.entries import OrderEntry
from korus.cli.previous_run import PreviousReservation, PreviousRuns, read_log
from korus.cli.source_positions import FileProblem, quoted
from korus.errors import KorusError, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from korus import Korus
    from korus._booking.outcomes import Recovered
    from korus.cli.booking_file import BookingFile
    from korus.cli.progress import Progress
    from korus.cli.receipt import Line

__all__ = ["Resumption"]

_LATER = "run the same command again later, or let go of it: korus journal forget {}"


class Resumption:
    """Allocates what previous runs have booked to the lines of a file.

    Args:
        korus: The client.
        booking: The file.
        progress: The display.
        lines: The lines of the file.
        recovered: The results of the recovery at the beginning.
    """

    def __init__(
        self,
        korus: Korus,
        booking: BookingFile,
        progress: Progress,
        lines: Sequence[Line],
        recovered: tuple[Recovered, ...],
    ) -> None:
        self._korus = korus
        self._booking = booking
        self._reference = booking.external_reference
        self._progress = progress
        self._lines = lines
        self._recovered = recovered
        self._held: dict[str, Allocation] = {}

    def take_up(self) -> dict[str, Allocation]:
        """Find what previous runs held and ordered under the same external reference.

        Returns:
            What is held and can be ordered: the lines that each reservation is for.

        Raises:
            FileInvalid: The external reference is that of an order that the file does not ask for, or differs from
                one only in what the API may not tell apart.
        """
        self._progress.lines([line.found.title for line in self._lines])
        self._progress.step(f"looking for orders with the reference {self._reference}")
        self._refuse_similar_in_log()
        runs = read_log(self._korus.journal.list(reference=self._reference), self._recovered)
        seen = self._seen(runs)
        orders = self._orders(runs)
        self._refuse_similar(orders)
        hidden = [order for order in orders if self._take_order(order, runs) is False]
        for held in runs.reservations.values():
            if held.status in {"held", "unknown", "busy"}:
                self._take_reservation(held, seen.get(held.iri))
        for lost in runs.lost:
            self._leave(
                [line for line in self._lines if asks_for(line, lost.requested)],
                lost.requested.quantity,
                f"it is not known whether a previous run's hold exists ({lost.reason}); "
                + _LATER.format(lost.intent),
            )
        for order in hidden:
            self._leave_hidden(order)
        for position, line in enumerate(self._lines):
            if line.is_booked:
                line.earlier = True
                self._progress.line(position, "ordered by an earlier run")
        return self._held

    def _seen(self, runs: PreviousRuns) -> dict[str, ReservationFacts]:
        """Read the reservations that have no order as far as the log knows; note the orders that they name."""
        seen: dict[str, ReservationFacts] = {}
        for held in tuple(runs.reservations.values()):
            if held.status not in {"held", "unknown"}:
                continue
            with suppress(KorusError):  # what cannot be read is judged by the log alone
                seen[held.iri] = facts = ReservationFacts.read(self._korus.reservations.get(held.iri))
                if facts.order is not None:
                    runs.reservations[held.iri] = evolve(held, status="ordered", orders=(facts.order,))
        return seen

    def _orders(self, runs: PreviousRuns) -> list[Any]:
        """Read the orders with the reference: those that are listed, and those that only the log knows."""
        found = {
            relative_iri_of(order): order
            for order in self._korus.orders.list(external_reference=self._reference)
        }
        for iri, held in runs.orders.items():
            if iri in found:
                continue
            try:
                found[iri] = self._korus.orders.get(iri)
            except NotFound:
                # the log has seen it; that the API does not show it now proves nothing
                self._leave_parts(
                    held, f"its order {iri} is not shown by the API; run the same command again later"
                )
        return [order for order in found.values() if OrderEntry.read(order).status != "cancelled"]

    def _refuse_similar_in_log(self) -> None:
        """Refuse a reference that differs from that of an earlier run only in what the API may not tell apart.

        The API may not show yet, or never show, what that run ordered.
        """
        for other in sorted(self._korus.journal.store.references()):
            if other == self._reference or not is_similar(other, self._reference):
                continue
            runs = read_log(self._korus.journal.list(reference=other), self._recovered)
            if any(held.status in {"ordered", "unknown", "busy"} for held in runs.reservations.values()):
                reason = (
                    f"differs only in case, space or Unicode form from {quoted(other)}, the reference of an earlier "
                    "run that ordered; if it is the same purchase, write it so, else take another one"
                )
                raise FileInvalid((self._of_reference(reason),))

    def _refuse_similar(self, orders: Iterable[object]) -> None:
        for order in orders:
            shown = OrderEntry.read(order).external_reference
            if shown is not None and shown != self._reference and is_similar(shown, self._reference):
                reason = (
                    f"differs only in case, space or Unicode form from {quoted(shown)}, the reference of the order "
                    f"{OrderEntry.read(order).name}; if that is yours, write it so, else take another one"
                )
                raise FileInvalid((self._of_reference(reason),))

    def _take_order(self, order: Any, runs: PreviousRuns) -> bool | None:
        """Allocate an order to its lines; False if it hides its reference and the log does not know it.

        Raises:
            FileInvalid: It has this reference, and is of none of the lines.
        """
        entry = OrderEntry.read(order)
        held = runs.orders.get(entry.relative_iri or "")
        held = held or runs.reservations.get(entry.reservation or "")
        shown = entry.external_reference
        if shown is None and held is None:
            return False
        if shown not in {None, self._reference} and entry.relative_iri not in runs.own_orders:
            if held is None:
                return None  # a server may ignore the filter
            self._leave_parts(
                held,
                f"its hold is ordered under another reference ({entry.name}), which may be how the API writes this "
                "one; look at it, and take another reference if it is not",
            )
            runs.reservations[held.iri] = evolve(held, status="ordered")
            return True
        allocated = allocate_parts(self._lines, held.parts) if held is not None else None
        allocated = allocated or allocate_items(self._lines, order)
        if allocated is None:
            reason = f"{self._reference!r} is the reference of another order already ({entry.name}); take another one"
            raise FileInvalid((self._of_reference(reason),))
        give_order(order, allocated)
        if held is not None:
            runs.reservations[held.iri] = evolve(held, status="ordered")
        return True

    def _take_reservation(self, held: PreviousReservation, facts: ReservationFacts | None) -> None:
        """Use a reservation that has no order yet, or leave its lines alone while that is not clear."""
        is_free = facts is not None and facts.ended(self._korus.transport.clock.now()) is None
        allocated = allocate_parts(self._lines, held.parts) if is_free and held.status != "busy" else None
        if allocated is not None:
            # ordering the same reservation again never buys it twice
            self._hold_for(allocated, held.iri)
        elif held.status == "busy":
            self._leave_parts(held, f"another process is ordering it: {held.reason}")
        elif held.status == "unknown":
            reason = f"a previous run's order of it is not known: {held.reason}"
            self._leave_parts(held, f"{reason}; {_LATER.format(held.intent)}")

    def _hold_for(self, allocated: Allocation, iri: str) -> None:
        for line, units in allocated:
            line.settled += units
            line.reservations.append(iri)
        self._held[iri] = [*self._held.get(iri, ()), *allocated]

    def _leave_parts(self, held: PreviousReservation, reason: str) -> None:
        if not held.parts:  # it may be of any line
            for line in self._lines:
                self._leave([line], line.missing, reason)
        for part in held.parts:
            fitting = [line for line in self._lines if asks_for(line, part.requested)]
            self._leave(fitting, part.units or part.requested.quantity, reason)

    def _leave_hidden(self, order: object) -> None:
        name = OrderEntry.read(order).name
        reason = (
            f"the order {name} may be of this line, but hides its reference, and the log does not know it; look at it, "
            "and take another reference if it is not"
        )
        for line, units in allocate_items(self._lines, order) or ():
            self._leave([line], units, reason)

    def _leave(self, fitting: Sequence[Line], units: int, reason: str) -> None:
        """Report units as unknown, so that they are not booked again."""
        for line in fitting:
            taken = min(line.missing, units)
            if taken > 0:
                line.settled += taken
                units -= taken
                line.unknown = True
                line.failures.append(reason)

    def _of_reference(self, reason: str) -> FileProblem:
        return FileProblem(self._booking.line_of("external_reference"), "external_reference", reason)
