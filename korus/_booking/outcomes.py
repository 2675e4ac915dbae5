"""Outcomes of a bulk reservation or a bulk order, line by line. No I/O.

A bulk call that fails in part returns a `BulkOutcome` (reference 7.3): one outcome for each line in the order of the
request, failed lines with the API's message. A line whose outcome could not be determined is *unknown*, and
`korus.reservations.resolve` or `korus.orders.resolve` looks for it later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from attrs import evolve, field, frozen

from korus._booking.facts import ReservationFacts, describe_failure
from korus._primitives.clock import SYSTEM_CLOCK, Clock
from korus.errors import InvalidArgument, KorusError

if TYPE_CHECKING:
    from korus._journal.intent_log import Kind

__all__ = ["BulkOutcome", "ByLine", "HoldLine", "Line", "LineOutcome", "OrderLine", "Recovered"]

_Object = TypeVar("_Object")
_Other = TypeVar("_Other")
_Builder = TypeVar("_Builder")
Status = Literal["succeeded", "failed", "unknown"]


class Line(Protocol):
    """Line of a bulk call: `korus._booking.lines.BookingLine` or `OrderLine`."""

    @property
    def number(self) -> int:
        """Its number in the call, counted from 1."""
        ...


@frozen(eq=False)
class OrderLine:
    """One line of a bulk order.

    Attributes:
        number: Its number in the call, counted from 1.
        reservation: The IRI of the reservation to order.
    """

    number: int
    reservation: str


@frozen(eq=False)
class HoldLine:
    """Line of a bulk reservation that was read from the intent log.

    Attributes:
        number: Its number in the booking, counted from 1.
        offer: The offer's IRI.
        quantity: The requested quantity.
    """

    number: int
    offer: str
    quantity: int


@frozen(eq=False)
class LineOutcome(Generic[_Object]):
    """Outcome of one line.

    Attributes:
        line: The line.
        status: ``succeeded``: it exists, in full as far as the API shows. ``failed``: an order's reservation has ended
            without one, or the API refused it for good; of a hold, none was found. ``unknown``: anything else.
        result: The reservation or the order; of an unknown line, its known part.
        results: All results, if the API created several for one line.
        error: The reason of the failure (usually `korus.errors.ItemFailed`), or the `korus.errors.OutcomeUnknown` to
            resolve.
        raw: The failed entry as the API sent it, None without one.
        adopted: True if the answer was lost, and the result was found afterwards.
        candidates: The possible reservations of a hold that is unknown because no journal is shared. They may belong to
            another caller: do not order them. Holding again is safe, since a hold that is not ordered expires.
    """

    line: Line
    status: Status
    results: tuple[_Object, ...] = ()
    error: KorusError | None = None
    raw: Any = field(default=None, repr=False)
    adopted: bool = False
    candidates: tuple[_Object, ...] = ()

    def built(self, build: Callable[[_Object], _Other]) -> LineOutcome[_Other]:
        """Return a copy with each result converted."""
        return LineOutcome(
            self.line,
            self.status,
            tuple(map(build, self.results)),
            self.error,
            self.raw,
            self.adopted,
            tuple(map(build, self.candidates)),
        )

    @property
    def result(self) -> _Object | None:
        """The reservation or the order."""
        return self.results[0] if self.results else None

    @property
    def reason(self) -> str | None:
        """The API's message of a failure, or the reason why the outcome is not known; None for a success."""
        if self.error is None:
            return None
        return self.error.message if self.raw is None else describe_failure(self.raw)[0]

    @property
    def code(self) -> str | None:
        """The API's code for a failure, if it sent one."""
        return None if self.raw is None else describe_failure(self.raw)[1]


class ByLine(Mapping[Any, LineOutcome[_Object]]):
    """Mapping of outcomes by the line that ``add`` returned, or by its number counted from 1."""

    def __init__(self, outcomes: Sequence[LineOutcome[_Object]]) -> None:
        self._outcomes = {outcome.line.number: outcome for outcome in outcomes}

    def __getitem__(self, line: Line | int) -> LineOutcome[_Object]:
        return self._outcomes[line if isinstance(line, int) else line.number]

    def __iter__(self) -> Iterator[Line]:
        return (outcome.line for outcome in self._outcomes.values())

    def __len__(self) -> int:
        return len(self._outcomes)

    def __repr__(self) -> str:
        return f"ByLine({list(self._outcomes.values())!r})"


def _no_retry(_: Sequence[Any]) -> Any:
    raise InvalidArgument("cannot rebook: the original lines are not available; start a new reservation")


@frozen(eq=False)
class BulkOutcome(Generic[_Object, _Builder]):
    """Outcome of a bulk call, in the order of its lines.

    Attributes:
        lines: One outcome for each line.
        unmatched_failures: Failed entries of the answer that could not be correlated with a line.
        unmatched: Further objects that exist: they are in the answer but could not be correlated with a line, or
            were created late by a call that was considered lost.
        rebook: The function that starts a booking of lines of this one; `retry_failed` calls it.
        rebook_units: The same function for some units of each line.
    """

    lines: tuple[LineOutcome[_Object], ...]
    unmatched_failures: tuple[Any, ...] = field(default=(), repr=False)
    unmatched: tuple[_Object, ...] = ()
    rebook: Callable[[Sequence[Line]], _Builder] = field(default=_no_retry, repr=False)
    rebook_units: Callable[[Sequence[tuple[Any, int]]], _Builder] = field(default=_no_retry, repr=False)
    _clock: Clock = field(default=SYSTEM_CLOCK, repr=False, alias="clock")

    def __copy__(self) -> BulkOutcome[_Object, _Builder]:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> BulkOutcome[_Object, _Builder]:
        lines, unmatched_failures, unmatched = deepcopy(
            (self.lines, self.unmatched_failures, self.unmatched), memo
        )
        return evolve(self, lines=lines, unmatched_failures=unmatched_failures, unmatched=unmatched)

    def __reduce__(self) -> tuple[Any, ...]:
        # without the client: an outcome that another process reads cannot start a booking
        return BulkOutcome, (self.lines, self.unmatched_failures, self.unmatched)

    @property
    def succeeded(self) -> tuple[_Object, ...]:
        """The reservations or orders, each once, in the order of the lines."""
        found: dict[int, _Object] = {}
        for outcome in self.lines:
            for result in outcome.results if outcome.status == "succeeded" else ():
                found.setdefault(id(result), result)
        return tuple(found.values())

    @property
    def failed(self) -> tuple[LineOutcome[_Object], ...]:
        """The lines that the API refused."""
        return tuple(outcome for outcome in self.lines if outcome.status == "failed")

    @property
    def unknown(self) -> tuple[LineOutcome[_Object], ...]:
        """The lines that may have been processed or not."""
        return tuple(outcome for outcome in self.lines if outcome.status == "unknown")

    @property
    def by_line(self) -> ByLine[_Object]:
        """The outcomes by line, or by the line's number counted from 1."""
        return ByLine(self.lines)

    @property
    def ok(self) -> bool:
        """True if every line succeeded and every entry of the answer belongs to a line."""
        settled = all(outcome.status == "succeeded" for outcome in self.lines)
        return settled and not self.unmatched_failures and not self.unmatched

    def raise_for_failed(self) -> None:
        """Raise an error unless every line succeeded.

        Raises:
            ExceptionGroup: With one typed error for each line that failed or is unknown. The other lines stay booked.
        """
        errors = list(
            {id(found.error): found.error for found in self.lines if found.error is not None}.values()
        )
        if errors:
            count = len(self.failed) + len(self.unknown)
            raise ExceptionGroup(f"{count} of {len(self.lines)} lines did not succeed", errors)

    def retry_failed(self) -> _Builder:
        """Start a new bulk reservation of only the failed units; nothing is sent yet.

        The reservation of a failed order has ended or was refused for good, so its units can be held again. Unknown
        lines are not included, since they could be booked twice. Resolve them first.

        Raises:
            InvalidArgument: This is the outcome of an order whose reservations were not passed as the outcome of their
                booking, so the original lines are not available.
        """
        return self.rebook([outcome.line for outcome in self.failed])

    @property
    def expires_at(self) -> datetime | None:
        """The time at which the first reservation ends, aware; None if none shows it, and for orders.

        Each reservation has its own end (reference 7.3): those of one call may differ.
        """
        ends = [ReservationFacts.read(held).expires_at for held in self.succeeded]
        return min((moment for moment in ends if moment is not None), default=None)

    def remaining(self) -> timedelta | None:
        """The time left until `expires_at`: never negative, None if no reservation shows its end."""
        ends = self.expires_at
        return None if ends is None else max(ends - self._clock.now(), timedelta())


@frozen
class Recovered:
    """Outcome of one intent that was left open.

    Attributes:
        id: The intent's id.
        kind: ``hold`` or ``order``.
        reference: The external reference of an order, or of the purchase of a hold.
        lines: The outcome of each line that was open; empty if they are still not known.
        error: The reason why they are still not known.
    """

    id: str
    kind: Kind
    reference: str | None
    lines: tuple[LineOutcome[Any], ...] = field(default=())
    error: KorusError | None = None

    @property
    def settled(self) -> bool:
        """True if its outcome is known now."""
        unsettled = any(outcome.status == "unknown" for outcome in self.lines)
        return bool(self.lines) and not unsettled

    @property
    def succeeded(self) -> tuple[Any, ...]:
        """The reservations or orders that exist."""
        return tuple(result for outcome in self.lines for result in outcome.results)
