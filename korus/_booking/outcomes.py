"""Outcomes of a bulk reservation or a bulk order, line by line. No I/O.

A bulk call that partly fails is neither an exception nor a success (reference 7.3): it is a `BulkOutcome`, in the
order of the request, each failed line with the API's own words. A line whose outcome could not be found out is
*unknown*, which is neither, and `korus.reservations.resolve` or `korus.orders.resolve` asks again later.
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
    """A line of a bulk call: `korus._booking.lines.BookingLine` or `OrderLine`."""

    @property
    def number(self) -> int:
        """Its place in the call, counted from 1."""
        ...


@frozen(eq=False)
class OrderLine:
    """One line of a bulk order.

    Attributes:
        number: Its place in the call, counted from 1.
        reservation: The IRI of the reservation that was to be ordered.
    """

    number: int
    reservation: str


@frozen(eq=False)
class HoldLine:
    """A line of a bulk reservation that is only remembered.

    Attributes:
        number: Its place in the booking, counted from 1.
        offer: The offer's IRI.
        quantity: How many of it were asked for.
    """

    number: int
    offer: str
    quantity: int


@frozen(eq=False)
class LineOutcome(Generic[_Object]):
    """The outcome of one line.

    Attributes:
        line: The line.
        status: ``succeeded``: it exists, in full as far as the API shows. ``failed``: an order's reservation has ended
            without one, or the API refused it for good; of a hold, none was found. ``unknown``: anything else.
        result: The reservation or the order; of an unknown line, what there is of it.
        results: All of them, where the API made several of one line.
        error: Why it failed (`korus.errors.ItemFailed` as a rule), or the `korus.errors.OutcomeUnknown` to resolve.
        raw: The failed entry exactly as the API sent it, None if there is none.
        adopted: True if the result was found afterwards, its own answer having been lost.
        candidates: Of a hold that is unknown because no journal is shared, the reservations that could be it. They
            may be somebody else's: order none of them. Holding again is safe, since a hold that nobody orders ends
            by itself.
    """

    line: Line
    status: Status
    results: tuple[_Object, ...] = ()
    error: KorusError | None = None
    raw: Any = field(default=None, repr=False)
    adopted: bool = False
    candidates: tuple[_Object, ...] = ()

    def built(self, build: Callable[[_Object], _Other]) -> LineOutcome[_Other]:
        """Return the same outcome with each result built into something else."""
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
        """The API's words for a failure, or why the outcome is not known; None for a success."""
        if self.error is None:
            return None
        return self.error.message if self.raw is None else describe_failure(self.raw)[0]

    @property
    def code(self) -> str | None:
        """The API's code for a failure, if it sent one."""
        return None if self.raw is None else describe_failure(self.raw)[1]


class ByLine(Mapping[Any, LineOutcome[_Object]]):
    """Outcomes by line: by the line that ``add`` returned, or by its number counted from 1."""

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
    """The outcome of a bulk call, in the order of its lines.

    Attributes:
        lines: One outcome for each line.
        unmatched_failures: Failed entries of the answer that belong to no line that could be told.
        unmatched: Objects that exist beside what the lines got: in the answer, but of no line that could be
            told, or made late by a call that was taken for lost.
        rebook: Starts a booking of lines of this one; `retry_failed` calls it.
        rebook_units: The same for some units of each line.
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
        # the client stays behind: what another process reads back cannot start a booking
        return BulkOutcome, (self.lines, self.unmatched_failures, self.unmatched)

    @property
    def succeeded(self) -> tuple[_Object, ...]:
        """What was made, each once, in the order of the lines."""
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
        """The lines that may or may not have been carried out."""
        return tuple(outcome for outcome in self.lines if outcome.status == "unknown")

    @property
    def by_line(self) -> ByLine[_Object]:
        """The outcomes by line, or by the line's number counted from 1."""
        return ByLine(self.lines)

    @property
    def ok(self) -> bool:
        """True if every line succeeded and the answer held nothing that belongs to no line."""
        settled = all(outcome.status == "succeeded" for outcome in self.lines)
        return settled and not self.unmatched_failures and not self.unmatched

    def raise_for_failed(self) -> None:
        """Raise an error unless every line succeeded.

        Raises:
            ExceptionGroup: Of one typed error for each line that failed or is unknown. What succeeded stands.
        """
        errors = list(
            {id(found.error): found.error for found in self.lines if found.error is not None}.values()
        )
        if errors:
            count = len(self.failed) + len(self.unknown)
            raise ExceptionGroup(f"{count} of {len(self.lines)} lines did not succeed", errors)

    def retry_failed(self) -> _Builder:
        """Start a new bulk reservation of what failed, in units, and of that only; nothing is sent yet.

        A failed order's reservation has ended or was refused for good, so what it held can be held again. Unknown
        lines are not among them: booked again they might be booked twice. Resolve them first.

        Raises:
            InvalidArgument: This is the outcome of an order whose reservations were not given as the outcome
                of their booking, so nobody knows any more what had been asked for.
        """
        return self.rebook([outcome.line for outcome in self.failed])

    @property
    def expires_at(self) -> datetime | None:
        """When the first of the reservations ends, aware; None when none of them says (or for orders).

        Each reservation ends by itself (reference 7.3): two of one call may differ.
        """
        ends = [ReservationFacts.read(held).expires_at for held in self.succeeded]
        return min((moment for moment in ends if moment is not None), default=None)

    def remaining(self) -> timedelta | None:
        """How long until `expires_at`: never negative, None when no reservation says when it ends."""
        ends = self.expires_at
        return None if ends is None else max(ends - self._clock.now(), timedelta())


@frozen
class Recovered:
    """The outcome of one intent that was left open.

    Attributes:
        id: The intent's id.
        kind: ``hold`` or ``order``.
        reference: The external reference of an order, or of the purchase that a hold is for.
        lines: The outcome of each line that was open; empty when it is not known still.
        error: Why it is not known still.
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
