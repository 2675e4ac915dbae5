"""Carry out what a booking file asks for: hold, order, name beneficiaries, fetch the tickets.

Everything that moves money is done by the library; this module only decides the order of the steps and writes
down, line by line, what became of each. What fails for one line does not stop the others.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from korus.beneficiaries import order_tickets
from korus.cli.booking_file import FileInvalid
from korus.cli.earlier import match_orders
from korus.cli.located import FileProblem
from korus.cli.receipt import Line, SavedDocument
from korus.errors import (
    DocumentsNotReady,
    KorusError,
    OperationUnavailable,
    OutcomeUnknown,
    PriceChanged,
    SoldOut,
    ValidationFailed,
)
from korus.models import Beneficiary, Customer
from korus.wire import iri_of, text, wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from korus import Korus
    from korus._booking.outcomes import BulkOutcome
    from korus._sync.bulk import BulkReservation
    from korus._sync.delivery import Pending
    from korus.availability import LineCheck
    from korus.booking import BookingProblem
    from korus.cli.booking_file import BookingFile
    from korus.cli.progress import Progress

__all__ = ["Errand", "Wishes"]

_KEYS = frozenset({"sessions", "answers"})
_AGAIN = "run the same command again later to fetch them"
_UNKNOWN = "it is not known whether this was done; run the same command again, it will find out"


@frozen
class Wishes:
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
class Errand:
    """One booking on its way; ``lines`` says at any moment, also after an error, what has become of it."""

    korus: Korus
    booking: BookingFile
    wishes: Wishes
    progress: Progress
    lines: list[Line] = field(factory=list[Line])

    def problems(self) -> tuple[FileProblem, ...]:
        """Say what is wrong with what was found: forms, sessions, quantities. Nothing is held."""
        if not self.lines:
            return ()
        return tuple(
            _in_file(problem, self.lines, self.booking) for problem in self._builder(self.lines).problems()
        )

    def check(self) -> list[str]:
        """Ask what is left of each line and what it costs now, in words. Nothing is held."""
        return [
            f"{line.found.title}: {_availability(check)}"
            for line, check in zip(self.lines, self._builder(self.lines).check(), strict=True)
        ]

    def take_up(self) -> None:
        """Recognise what an earlier run ordered under the same external reference.

        Raises:
            FileInvalid: The external reference belongs to an order that the file does not ask for.
        """
        found = [line.found for line in self.lines]
        self.progress.lines([entry.title for entry in found])
        reference = self.booking.external_reference
        self.progress.step(f"looking for orders with the reference {reference}")
        taken, strangers = match_orders(
            found, self.korus.orders.list(external_reference=reference), reference
        )
        if strangers:
            names = ", ".join(
                text(wire(order) or {}, "reference") or str(iri_of(order)) for order in strangers
            )
            reason = f"{reference!r} is the reference of another order already ({names}); take another one"
            line = self.booking.line_of("external_reference")
            raise FileInvalid((FileProblem(line, "external_reference", reason),))
        for position, order in taken.items():
            self.lines[position].order = order
            self.lines[position].earlier = True
            self.progress.line(position, "ordered by an earlier run")

    def book(self) -> None:
        """Hold what is not ordered yet, and order what could be held."""
        waiting = [line for line in self.lines if not line.is_booked]
        if not waiting:
            return
        held = self._hold(waiting)
        if self.wishes.whole and any(line.failures for line in waiting):
            for line in held.values():
                line.failures.append(
                    "not ordered, since not everything could be held; the hold ends by itself"
                )
        elif held:
            self._order(held)

    def finish(self) -> None:
        """Name the beneficiaries and fetch the tickets of everything that is ordered."""
        if any(line.is_booked for line in self.lines):
            self.progress.step("fetching the tickets")
        for position, line in enumerate(self.lines):
            if line.is_booked:
                self._name(position, line)
                self._fetch(position, line)
            self.progress.line(position, line.state)

    def _builder(self, lines: Sequence[Line]) -> BulkReservation:
        builder = self.korus.reservations.bulk()
        for line in lines:
            found = line.found
            builder.add(
                found.offer,
                quantity=found.item.quantity,
                sessions=dict(found.sessions),
                answers=dict(found.answers),
            )
        return builder

    def _hold(self, waiting: Sequence[Line]) -> dict[str, Line]:
        """Hold what can be had; gives the lines by the IRIs of their reservations."""
        self.progress.step("checking and holding")
        remaining = list(waiting)
        while remaining:
            try:
                outcome = self._builder(remaining).submit(max_price_change=self.wishes.max_price_change)
            except KorusError as error:
                refused = _refused(error)
                if not refused:
                    _fail(remaining, error)
                    return {}
                # nothing is held yet: leave out what cannot be had, and ask for the rest
                for number, reason in refused.items():
                    remaining[number - 1].failures.append(reason)
                remaining = [] if self.wishes.whole else [line for line in remaining if not line.failures]
            else:
                return _held(remaining, outcome)
        return {}

    def _order(self, held: Mapping[str, Line]) -> None:
        self.progress.step("ordering")
        lines = list({id(line): line for line in held.values()}.values())
        try:
            outcome = self.korus.orders.create(
                list(held),
                customer=Customer(**self.booking.customer),
                external_reference=self.booking.external_reference,
                notes=self.booking.notes,
            )
        except KorusError as error:
            _fail(lines, error)
            return
        for line, result in zip(held.values(), outcome.lines, strict=True):
            if result.status == "succeeded":
                line.order = result.result
                self.progress.line(self.lines.index(line), "ordered")
            else:
                line.failures.append(f"could not be ordered: {result.reason}")
                line.unknown = result.status == "unknown"

    def _name(self, position: int, line: Line) -> None:
        people = line.found.item.beneficiaries
        tickets = order_tickets(line.order)
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

    def _fetch(self, position: int, line: Line) -> None:
        latest: list[Pending] = []

        def show(standing: Pending) -> None:
            latest[:] = [standing]
            count = len(standing.ready) + len(standing.pending)
            self.progress.line(position, f"waiting, {len(standing.ready)} of {count} files ready")

        self.progress.line(position, "waiting for the tickets")
        try:
            for path in self.korus.documents.download(
                line.order,
                to=self.wishes.folder,
                language=self.booking.language,
                timeout=self.wishes.wait,
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


def _held(lines: Sequence[Line], outcome: BulkOutcome[Any, Any]) -> dict[str, Line]:
    held: dict[str, Line] = {}
    for line, result in zip(lines, outcome.lines, strict=True):
        made = {iri: line for each in result.results if (iri := iri_of(each))}
        if result.status == "succeeded" and made:
            line.reservation = next(iter(made))
            held |= made
        else:
            line.failures.append(f"could not be held: {result.reason}")
            line.unknown = result.status == "unknown"
    return held


def _availability(check: LineCheck) -> str:
    left = "as many as you like" if check.available is None else f"{check.available} left"
    if check.unit_price is None:
        return left
    return " ".join(filter(None, (f"{left}, {check.unit_price}", (check.currency or "").upper(), "each")))


def _fail(lines: Sequence[Line], error: KorusError) -> None:
    """Write an error of the whole call down for the lines that it concerns."""
    if isinstance(error, OutcomeUnknown):
        for line in lines:
            line.unknown = True
            line.failures.append(_UNKNOWN)
        return
    for line in lines:
        if not line.failures:
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
    known = wire((wire(ticket) or {}).get("beneficiary")) or {}
    return all(known.get(key) == value for key, value in wanted.to_dict().items())


def _due(latest: Sequence[Pending]) -> str:
    due = latest[0].due if latest else None
    return "" if due is None else f", but will be on {due.isoformat(sep=' ', timespec='minutes')}"


def _saved(path: Path, latest: Sequence[Pending]) -> SavedDocument:
    content = path.read_bytes()
    documents = (iri for standing in latest for iri in standing.ready if iri.rpartition("/")[2] in path.name)
    return SavedDocument(next(documents, None), path, len(content), hashlib.sha256(content).hexdigest())
