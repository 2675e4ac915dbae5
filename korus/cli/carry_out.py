"""Steps of booking a file: hold, order, set beneficiaries, fetch the tickets.

The library does everything that moves money; this module decides the order of the steps and records the result of each
line. A failure of one line does not stop the others.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from korus._booking.facts import iri_of as relative_iri_of
from korus._booking.issued_tickets import IssuedTicketFacts, order_tickets
from korus.cli.allocation import Allocation, give_order
from korus.cli.receipt import Line, SavedDocument
from korus.cli.resumption import Resumption
from korus.cli.source_positions import FileProblem
from korus.errors import (
    DocumentsNotReady,
    KorusError,
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
_LOST_CLAIM = (
    "another run for the same reference has taken over, since this one gave no sign of life for long"
)


@frozen
class Options:
    """Options of a booking.

    Attributes:
        folder: The folder for the documents.
        wait: Seconds to wait for the documents of an order.
        whole: Order nothing unless every line could be held.
        max_price_change: The largest difference between the price of one unit and the listed one, a decimal string;
            None for no limit.
    """

    folder: Path
    wait: float
    whole: bool = False
    max_price_change: str | None = None


@define
class BookingRun:
    """One booking in progress; ``lines`` has the current results at any time, also after an error.

    Attributes:
        korus: The client.
        booking: The file.
        options: The options.
        progress: The display.
        lines: The lines of the file.
        claim: The claim of this run in the intent log; None only where nothing is booked.
        recovered: The results of the recovery at the beginning.
        other_orders: The IRIs of further orders that the API made or named.
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
        """Return the problems of the lines: forms, sessions, quantities. Nothing is held."""
        if not self.lines:
            return ()
        builder = self._builder([(line, line.quantity) for line in self.lines])
        found = tuple(_in_file(problem, self.lines, self.booking) for problem in builder.problems())
        if not found:
            for line, requested in zip(self.lines, builder.requested(), strict=True):
                line.requested = requested
        return found

    def check(self) -> list[str]:
        """Return the availability and the current price of each line in words. Nothing is held."""
        builder = self._builder([(line, line.quantity) for line in self.lines])
        return [
            f"{line.found.title}: {_availability(check)}"
            for line, check in zip(self.lines, builder.check(), strict=True)
        ]

    def take_up(self) -> None:
        """Find what previous runs held and ordered under the same external reference.

        Raises:
            FileInvalid: The external reference is that of an order that the file does not ask for, or differs from
                one only in what the API may not tell apart.
        """
        previous = Resumption(self.korus, self.booking, self.progress, self.lines, self.recovered)
        self._held = previous.take_up()

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
        """Set the beneficiaries and fetch the tickets of all orders."""
        if any(line.is_booked for line in self.lines):
            self.progress.step("fetching the tickets")
        for position, line in enumerate(self.lines):
            if line.is_booked:
                self._name(position, line)
                self._fetch_all(position, line)
            self.progress.line(position, line.state)

    def _has_claim(self, lines: Iterable[Line]) -> bool:
        """Return True if this run may still book: after a suspension, another may have taken over."""
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
        """Settle the intents that recovery left open, after everything has an order."""
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
        """Hold the missing lines that are available."""
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
                # nothing is held yet: leave out unavailable lines, and hold the rest
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
                # nothing is ordered yet: leave out unavailable lines, and order the rest
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
            give_order(order, allocated, is_new=True)
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

        def show(state: Pending) -> None:
            latest[:] = [state]
            count = len(state.ready) + len(state.pending)
            self.progress.line(position, f"waiting, {len(state.ready)} of {count} files ready")

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
    """Return the numbers of the lines to leave out after an error that held nothing and names its lines."""
    if isinstance(error, SoldOut):
        # if lines exceed the stock only together, the last is left out
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


def _availability(check: LineCheck) -> str:
    left = "as many as you like" if check.available is None else f"{check.available} left"
    if check.unit_price is None:
        return left
    return " ".join(filter(None, (f"{left}, {check.unit_price}", (check.currency or "").upper(), "each")))


def _fail(lines: Iterable[Line], error: KorusError, done: str) -> None:
    """Record an error of the whole call for its lines."""
    for line in lines:
        if isinstance(error, OutcomeUnknown):
            line.unknown = True
            line.failures.append(_UNKNOWN.format(done))
        elif not line.failures:
            line.failures.append(error.message)


def _in_file(problem: BookingProblem, lines: Sequence[Line], booking: BookingFile) -> FileProblem:
    """Convert a problem of a booking's line to one of the file."""
    found = lines[problem.line - 1].found
    path: list[str | None] = [found.item.where, problem.field]
    if problem.ticket is not None:
        ticket = found.written.get(problem.ticket) or found.tickets.get(problem.ticket, problem.ticket)
        # other fields than an item's keys belong to the ticket's form
        key, answer = (problem.field, None) if problem.field in _KEYS else ("answers", problem.field)
        path = [found.item.where, key, ticket, answer]
    where = ".".join(part for part in path if part)
    return FileProblem(booking.line_of(where), where, problem.reason)


def _is_named(ticket: object, wanted: Beneficiary) -> bool:
    """Return True if a ticket has the wanted beneficiary already, as after an interrupted run."""
    known = IssuedTicketFacts.read(ticket).beneficiary
    return all(known.get(key) == value for key, value in wanted.to_dict().items())


def _due(latest: Sequence[Pending]) -> str:
    due = latest[0].due if latest else None
    return "" if due is None else f", but will be on {due.isoformat(sep=' ', timespec='minutes')}"


def _saved(path: Path, latest: Sequence[Pending]) -> SavedDocument:
    content = path.read_bytes()
    documents = (iri for state in latest for iri in state.ready if iri.rpartition("/")[2] in path.name)
    return SavedDocument(next(documents, None), path, len(content), hashlib.sha256(content).hexdigest())
