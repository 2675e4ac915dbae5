"""Carry out what a booking file asks for: hold, order, name beneficiaries, fetch the tickets.

Everything that moves money is done by the library; this module only decides the order of the steps and writes
down, line by line, the outcome of each. What fails for one line does not stop the others.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field, frozen

from korus._booking.facts import ReservationFacts, is_similar
from korus._booking.facts import iri_of as relative_iri_of
from korus._booking.issued_tickets import IssuedTicketFacts, order_tickets
from korus.cli.allocation import Allocation, allocate_items, allocate_parts, asks_for, shortfall
from korus.cli.booking_file import FileInvalid
from korus.cli.entries import OrderEntry
from korus.cli.located import FileProblem, quoted
from korus.cli.previous_run import PreviousReservation, PreviousRuns, read_log
from korus.cli.receipt import Line, SavedDocument
from korus.errors import (
    DocumentsNotReady,
    KorusError,
    NotFound,
    OperationUnavailable,
    OutcomeUnknown,
    PriceChanged,
    ReservationUnusable,
    SoldOut,
    ValidationFailed,
)
from korus.models import Beneficiary, Customer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from korus import Korus
    from korus._booking.document_facts import Pending
    from korus._booking.lines import BookingProblem
    from korus._booking.live_checks import LineCheck
    from korus._booking.outcomes import BulkOutcome, LineOutcome, Recovered
    from korus._sync.booking.builder import BulkReservation
    from korus.cli.booking_file import BookingFile
    from korus.cli.progress import Progress
    from korus.cli.run_claim import RunClaim

__all__ = ["BookingRun", "Options"]

_KEYS = frozenset({"sessions", "answers"})
_AGAIN = "run the same command again later to fetch them"
_UNKNOWN = "it is not known whether this was {}; run the same command again to find out"
_LATER = "run the same command again later, or let go of it: korus journal forget {}"
_LOST_CLAIM = (
    "another run for the same reference has taken over, since this one gave no sign of life for long"
)


@frozen
class Options:
    """How a booking is to be carried out.

    Attributes:
        folder: Where the documents go.
        wait: Seconds to wait for the documents of an order.
        whole: Order nothing unless every line could be held.
        max_price_change: How far the price of one unit may have moved from the listed one, a decimal string;
            None for any distance.
    """

    folder: Path
    wait: float
    whole: bool = False
    max_price_change: str | None = None


@define
class BookingRun:
    """One booking in progress; ``lines`` says at any moment, also after an error, what has become of it.

    Attributes:
        korus: The client.
        booking: The file.
        options: How to carry it out.
        progress: Where to say what is done.
        lines: The lines of the file.
        claim: The claim of this run in the intent log; None only where nothing is booked.
        recovered: What recovery has found just now of what was left open.
        other_orders: The IRIs of orders that the API made, or named, beside those of the lines.
    """

    korus: Korus
    booking: BookingFile
    options: Options
    progress: Progress
    lines: list[Line] = field(factory=list[Line])
    claim: RunClaim | None = None
    recovered: tuple[Recovered, ...] = ()
    other_orders: list[str] = field(factory=list[str])
    _held: dict[str, Allocation] = field(factory=dict[str, Allocation])

    @property
    def reference(self) -> str:
        """The external reference."""
        return self.booking.external_reference

    def problems(self) -> tuple[FileProblem, ...]:
        """Return what is wrong with what was found: forms, sessions, quantities. Nothing is held."""
        if not self.lines:
            return ()
        builder = self._builder([(line, line.quantity) for line in self.lines])
        found = tuple(_in_file(problem, self.lines, self.booking) for problem in builder.problems())
        if not found:
            for line, requested in zip(self.lines, builder.requested(), strict=True):
                line.requested = requested
        return found

    def check(self) -> list[str]:
        """Ask what is left of each line and what it costs now, in words. Nothing is held."""
        builder = self._builder([(line, line.quantity) for line in self.lines])
        return [
            f"{line.found.title}: {_availability(check)}"
            for line, check in zip(self.lines, builder.check(), strict=True)
        ]

    # --- previous runs -------------------------------------------------------------------------------------

    def take_up(self) -> None:
        """Find what previous runs held and ordered under the same external reference.

        Raises:
            FileInvalid: The external reference is that of an order that the file does not ask for, or differs from
                one only in what the API may not tell apart.
        """
        self.progress.lines([line.found.title for line in self.lines])
        self.progress.step(f"looking for orders with the reference {self.reference}")
        self._refuse_similar_in_log()
        runs = read_log(self.korus.journal.list(reference=self.reference), self.recovered)
        seen = self._seen(runs)
        orders = self._orders(runs)
        self._refuse_similar(orders)
        hidden = [order for order in orders if self._take_order(order, runs) is False]
        for held in runs.reservations.values():
            if held.status in {"held", "unknown", "busy"}:
                self._take_reservation(held, seen.get(held.iri))
        for lost in runs.lost:
            self._leave(
                [line for line in self.lines if asks_for(line, lost.requested)],
                lost.requested.quantity,
                f"it is not known whether a previous run's hold exists ({lost.reason}); "
                + _LATER.format(lost.intent),
            )
        for order in hidden:
            self._leave_hidden(order)
        for position, line in enumerate(self.lines):
            if line.is_booked:
                line.earlier = True
                self.progress.line(position, "ordered by an earlier run")

    def _seen(self, runs: PreviousRuns) -> dict[str, ReservationFacts]:
        """Read the reservations that have no order as far as the log knows; note the orders that they name."""
        seen: dict[str, ReservationFacts] = {}
        for held in tuple(runs.reservations.values()):
            if held.status not in {"held", "unknown"}:
                continue
            with suppress(KorusError):  # what cannot be read is judged by the log alone
                seen[held.iri] = facts = ReservationFacts.read(self.korus.reservations.get(held.iri))
                if facts.order is not None:
                    runs.reservations[held.iri] = evolve(held, status="ordered", orders=(facts.order,))
        return seen

    def _orders(self, runs: PreviousRuns) -> list[Any]:
        """Read the orders with the reference: those that are listed, and those that only the log knows."""
        found = {
            relative_iri_of(order): order
            for order in self.korus.orders.list(external_reference=self.reference)
        }
        for iri, held in runs.orders.items():
            if iri in found:
                continue
            try:
                found[iri] = self.korus.orders.get(iri)
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
        for other in sorted(self.korus.journal.store.references()):
            if other == self.reference or not is_similar(other, self.reference):
                continue
            runs = read_log(self.korus.journal.list(reference=other), self.recovered)
            if any(held.status in {"ordered", "unknown", "busy"} for held in runs.reservations.values()):
                reason = (
                    f"differs only in case, space or Unicode form from {quoted(other)}, the reference of an earlier "
                    "run that ordered; if it is the same purchase, write it so, else take another one"
                )
                raise FileInvalid((self._of_reference(reason),))

    def _refuse_similar(self, orders: Iterable[object]) -> None:
        for order in orders:
            shown = OrderEntry.read(order).external_reference
            if shown is not None and shown != self.reference and is_similar(shown, self.reference):
                reason = (
                    f"differs only in case, space or Unicode form from {quoted(shown)}, the reference of the order "
                    f"{_name(order)}; if that is yours, write it so, else take another one"
                )
                raise FileInvalid((self._of_reference(reason),))

    def _take_order(self, order: Any, runs: PreviousRuns) -> bool | None:
        """Give an order to its lines; False if it hides its reference and the log does not know it.

        Raises:
            FileInvalid: It has this reference, and is of none of the lines.
        """
        entry = OrderEntry.read(order)
        held = runs.orders.get(entry.relative_iri or "")
        held = held or runs.reservations.get(entry.reservation or "")
        shown = entry.external_reference
        if shown is None and held is None:
            return False
        if shown not in {None, self.reference} and entry.relative_iri not in runs.own_orders:
            if held is None:
                return None  # a server may ignore the filter
            self._leave_parts(
                held,
                f"its hold is ordered under another reference ({_name(order)}), which may be how the API writes this "
                "one; look at it, and take another reference if it is not",
            )
            runs.reservations[held.iri] = evolve(held, status="ordered")
            return True
        allocated = allocate_parts(self.lines, held.parts) if held is not None else None
        allocated = allocated or allocate_items(self.lines, order)
        if allocated is None:
            reason = f"{self.reference!r} is the reference of another order already ({_name(order)}); take another one"
            raise FileInvalid((self._of_reference(reason),))
        _give(order, allocated)
        if held is not None:
            runs.reservations[held.iri] = evolve(held, status="ordered")
        return True

    def _take_reservation(self, held: PreviousReservation, facts: ReservationFacts | None) -> None:
        """Use a reservation that has no order yet, or leave its lines alone while that is not clear."""
        is_free = facts is not None and facts.ended(self.korus.transport.clock.now()) is None
        allocated = allocate_parts(self.lines, held.parts) if is_free and held.status != "busy" else None
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
            for line in self.lines:
                self._leave([line], line.missing, reason)
        for part in held.parts:
            fitting = [line for line in self.lines if asks_for(line, part.requested)]
            self._leave(fitting, part.units or part.requested.quantity, reason)

    def _leave_hidden(self, order: object) -> None:
        reason = (
            f"the order {_name(order)} may be of this line, but hides its reference, and the log does not know it; "
            "look at it, and take another reference if it is not"
        )
        for line, units in allocate_items(self.lines, order) or ():
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
        return FileProblem(self.booking.line_of("external_reference"), "external_reference", reason)

    # --- booking -------------------------------------------------------------------------------------------

    def book(self) -> None:
        """Hold what is missing, and order what is held."""
        waiting = [line for line in self.lines if line.missing]
        if waiting and self._has_claim(waiting):
            self._hold(waiting)
        held = self._lines_held()
        if self.options.whole and any(line.failures for line in self.lines):
            for line in held:
                line.failures.append(
                    "not ordered, since not everything could be held; the hold ends by itself"
                )
        elif held and self._has_claim(held):
            self._order()
            self._settle()

    def finish(self) -> None:
        """Name the beneficiaries and fetch the tickets of everything that is ordered."""
        if any(line.is_booked for line in self.lines):
            self.progress.step("fetching the tickets")
        for position, line in enumerate(self.lines):
            if line.is_booked:
                self._name(position, line)
                self._fetch_all(position, line)
            self.progress.line(position, line.state)

    def _has_claim(self, lines: Iterable[Line]) -> bool:
        """Return True if this run may book still; a suspended one may have been taken for dead."""
        try:
            if self.claim is not None and self.claim.is_held():
                return True
            reason = _LOST_CLAIM
        except KorusError as error:
            reason = error.message
        for line in lines:
            line.failures.append(f"not booked: {reason}")
        return False

    def _settle(self) -> None:
        """Close what recovery left open, now that everything has an order."""
        if not all(line.is_booked and not line.unknown for line in self.lines):
            return
        for each in self.recovered:
            errors = [outcome.error for outcome in each.lines if isinstance(outcome.error, OutcomeUnknown)]
            if each.kind == "order" and each.reference == self.reference and errors:
                with suppress(KorusError):
                    self.korus.orders.resolve(errors[0])

    def _builder(self, lines: Iterable[tuple[Line, int]]) -> BulkReservation:
        builder = self.korus.reservations.bulk()
        for line, units in lines:
            found = line.found
            builder.add(
                found.offer,
                quantity=units,
                sessions=dict(found.sessions),
                answers=dict(found.answers),
            )
        return builder

    def _hold(self, waiting: Sequence[Line]) -> None:
        """Hold what can be had of what is missing."""
        self.progress.step("checking and holding")
        remaining = list(waiting)
        while remaining:
            try:
                outcome = self._builder((line, line.missing) for line in remaining).submit(
                    max_price_change=self.options.max_price_change, external_reference=self.reference
                )
            except KorusError as error:
                refused = _refused(error)
                if not refused:
                    _fail(remaining, error, "held")
                    return
                # nothing is held yet: leave out what cannot be had, and ask for the rest
                for number, reason in refused.items():
                    remaining[number - 1].failures.append(reason)
                remaining = [] if self.options.whole else [line for line in remaining if not line.failures]
            else:
                self._read_holds(remaining, outcome)
                return

    def _read_holds(self, lines: Sequence[Line], outcome: BulkOutcome[Any, Any]) -> None:
        for line, result in zip(lines, outcome.lines, strict=True):
            made = [iri for each in result.results if (iri := relative_iri_of(each))]
            if result.status != "succeeded" or not made:
                line.failures.append(f"could not be held: {result.reason}")
                line.unknown = line.unknown or result.status == "unknown"
                continue
            units = line.missing
            line.settled += units
            line.reservations += made
            for iri in made:
                share = units if len(made) == 1 else units // len(made)
                self._held.setdefault(iri, []).append((line, share))

    def _order(self) -> None:
        self.progress.step("ordering")
        while self._held:
            try:
                outcome = self.korus.orders.create(
                    list(self._held),
                    customer=Customer(**self.booking.customer),
                    external_reference=self.reference,
                    notes=self.booking.notes,
                )
            except ReservationUnusable as error:
                unusable = {problem.reservation: problem.reason for problem in error.problems}
                if self.options.whole or unusable.keys().isdisjoint(self._held):
                    _fail(self._lines_held(), error, "ordered")
                    return
                # nothing is ordered yet: leave out what cannot be had, and order the rest
                for iri, reason in unusable.items():
                    for line, _ in self._held.pop(iri, ()):
                        line.failures.append(f"could not be ordered: {reason}")
            except KorusError as error:
                _fail(self._lines_held(), error, "ordered")
                return
            else:
                for result, allocated in zip(outcome.lines, self._held.values(), strict=True):
                    self._read_order(result, allocated)
                self.other_orders += filter(None, map(relative_iri_of, outcome.unmatched))
                return

    def _lines_held(self) -> list[Line]:
        return list({id(line): line for allocated in self._held.values() for line, _ in allocated}.values())

    def _read_order(self, result: LineOutcome[Any], allocated: Allocation) -> None:
        for order in result.results:
            _give(order, allocated, is_new=True)
        for line, _ in allocated:
            if result.status == "succeeded":
                self.progress.line(self.lines.index(line), "ordered")
                continue
            line.unknown = line.unknown or result.status == "unknown"
            if not line.failures:
                words = (
                    "" if result.results else "could not be ordered: " if result.status == "failed" else ""
                )
                line.failures.append(f"{words}{result.reason}")

    def _name(self, position: int, line: Line) -> None:
        people = line.found.item.beneficiaries
        tickets = [ticket for order in line.orders for ticket in order_tickets(order)]
        if len(people) > len(tickets):
            line.failures.append(f"{len(people)} beneficiaries for {len(tickets)} tickets")
        for number, (person, ticket) in enumerate(zip(people, tickets, strict=False), start=1):
            self.progress.line(position, f"naming beneficiary {number} of {len(people)}")
            beneficiary = Beneficiary(**person)
            try:
                if not _is_named(ticket, beneficiary):
                    self.korus.tickets.set_beneficiary(ticket, beneficiary)
                line.named += 1
            except KorusError as error:
                line.failures.append(f"beneficiary {number} could not be set: {error.message}")

    def _fetch_all(self, position: int, line: Line) -> None:
        for order in line.orders:
            self._fetch(position, line, order)

    def _fetch(self, position: int, line: Line, order: Any) -> None:
        latest: list[Pending] = []

        def show(standing: Pending) -> None:
            latest[:] = [standing]
            count = len(standing.ready) + len(standing.pending)
            self.progress.line(position, f"waiting, {len(standing.ready)} of {count} files ready")

        self.progress.line(position, "waiting for the tickets")
        try:
            for path in self.korus.documents.download(
                order,
                to=self.options.folder,
                language=self.booking.language,
                timeout=self.options.wait,
                progress=show,
            ):
                line.documents.append(_saved(path, latest))
            if latest and latest[0].pending:
                count = len(latest[0].pending)
                line.remarks.append(f"{count} file{'s are' if count > 1 else ' is'} not ready yet; {_AGAIN}")
        except OperationUnavailable as error:
            line.remarks.append(error.message)
        except DocumentsNotReady:
            line.remarks.append(f"the tickets are not ready yet{_due(latest)}; {_AGAIN}")
        except (KorusError, OSError) as error:
            disk = error if isinstance(error, OSError) else error.__cause__
            if isinstance(disk, OSError):
                line.failures.append(f"the tickets could not be written: {disk.strerror}; {_AGAIN}")
            else:
                line.failures.append(f"the tickets could not be fetched: {error}")


def _refused(error: KorusError) -> dict[int, str]:
    """The lines to do without, by number, when an error held nothing and says which lines it is about."""
    if isinstance(error, SoldOut):
        # of lines that are too many only together, the last gives way
        return {
            max(shortage.lines): f"sold out: asked for {shortage.asked}, {shortage.available} left"
            for shortage in error.shortages
        }
    if isinstance(error, PriceChanged):
        return {
            change.line: f"the price has moved from {change.listed} to {change.now} {(change.currency or '').upper()}"
            for change in error.changes
        }
    if isinstance(error, ValidationFailed):
        return {each.line: f"refused: {each.message}" for each in error.violations if each.line is not None}
    return {}


def _give(order: Any, allocated: Allocation, *, is_new: bool = False) -> None:
    """Note an order with its lines, and in what it falls short of them."""
    short = shortfall(order, allocated)
    for line, units in allocated:
        line.add_order(order)
        if not is_new:
            line.settled += units
        if short is not None:
            line.failures.append(f"the order {_name(order)} is not whole: {short}")


def _name(order: object) -> str:
    return OrderEntry.read(order).name


def _availability(check: LineCheck) -> str:
    left = "as many as you like" if check.available is None else f"{check.available} left"
    if check.unit_price is None:
        return left
    return " ".join(filter(None, (f"{left}, {check.unit_price}", (check.currency or "").upper(), "each")))


def _fail(lines: Iterable[Line], error: KorusError, done: str) -> None:
    """Write an error of the whole call down for the lines that it concerns."""
    for line in lines:
        if isinstance(error, OutcomeUnknown):
            line.unknown = True
            line.failures.append(_UNKNOWN.format(done))
        elif not line.failures:
            line.failures.append(error.message)


def _in_file(problem: BookingProblem, lines: Sequence[Line], booking: BookingFile) -> FileProblem:
    """A problem of a booking's line as one of the file."""
    found = lines[problem.line - 1].found
    path: list[str | None] = [found.item.where, problem.field]
    if problem.ticket is not None:
        ticket = found.written.get(problem.ticket) or found.tickets.get(problem.ticket, problem.ticket)
        # a field that is no key of an item is one of the ticket's form
        key, answer = (problem.field, None) if problem.field in _KEYS else ("answers", problem.field)
        path = [found.item.where, key, ticket, answer]
    where = ".".join(part for part in path if part)
    return FileProblem(booking.line_of(where), where, problem.reason)


def _is_named(ticket: object, wanted: Beneficiary) -> bool:
    """Whether a ticket's beneficiary is the wanted one already, as after a run that was interrupted."""
    known = IssuedTicketFacts.read(ticket).beneficiary
    return all(known.get(key) == value for key, value in wanted.to_dict().items())


def _due(latest: Sequence[Pending]) -> str:
    due = latest[0].due if latest else None
    return "" if due is None else f", but will be on {due.isoformat(sep=' ', timespec='minutes')}"


def _saved(path: Path, latest: Sequence[Pending]) -> SavedDocument:
    content = path.read_bytes()
    documents = (iri for standing in latest for iri in standing.ready if iri.rpartition("/")[2] in path.name)
    return SavedDocument(next(documents, None), path, len(content), hashlib.sha256(content).hexdigest())
