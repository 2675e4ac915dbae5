"""Bulk call in progress: the common parts of holding and ordering. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from attrs import field, frozen

from korus._booking.effects import Advance, perform, write_down
from korus._journal.intent_log import TakenOver
from korus.errors import ConnectionLost, KorusError, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from korus._booking.effects import Steps
    from korus._booking.outcomes import LineOutcome
    from korus._journal.intent_log import Intent, State

__all__ = [
    "FIRST_PAUSE",
    "MOST_PAGES",
    "PAGE",
    "BulkCall",
    "BulkResult",
    "Patience",
    "advance",
    "lost_answer",
    "next_pause",
    "still_mine",
    "taken_over",
]

_Object = TypeVar("_Object")
_Model = TypeVar("_Model")

PAGE: Final = 50
# more pages than can be filled while a lost call is searched for; a longer list is not trusted
MOST_PAGES: Final = 1000
FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 2.0


@frozen
class Patience:
    """Waiting times of the booking protocol.

    Attributes:
        settle: Seconds within which the API completes a request and its reads show the result.
        total: Seconds for a whole call; None for no limit.
        is_shared: True if all processes that book for the account share the intent log.
    """

    settle: float
    total: float | None
    is_shared: bool = False

    @property
    def most(self) -> float:
        """Seconds for which reads are repeated while the API does not answer."""
        return max(self.settle, self.total or self.settle)


@frozen
class BulkResult(Generic[_Object]):
    """Outcome of the lines of one call: as facts, or as the models that users hold.

    Attributes:
        lines: One outcome for each line, in order.
        unmatched_failures: Failed entries that could not be correlated with a line; raw if the outcomes hold models.
        unmatched: Objects of the answer, or orders of a reservation, that belong to no line.
    """

    lines: tuple[LineOutcome[_Object], ...]
    unmatched_failures: tuple[Any, ...] = field(default=(), repr=False)
    unmatched: tuple[_Object, ...] = ()

    def built(self, model: Callable[[_Object], _Model]) -> BulkResult[_Model]:
        """Return the result with models instead of facts."""
        return BulkResult(
            tuple(outcome.built(model) for outcome in self.lines),
            tuple(entry.raw for entry in self.unmatched_failures),
            tuple(map(model, self.unmatched)),
        )


@frozen
class BulkCall:
    """One call in progress.

    Attributes:
        intent: Its intent in the log.
        patience: The waiting times.
        is_ours: False if only claims are written to the log.
    """

    intent: Intent
    patience: Patience
    is_ours: bool = field(default=True, kw_only=True)

    def outcome_unknown(
        self, cause: KorusError, operation: str, done: str, reason: str = ""
    ) -> OutcomeUnknown:
        """Return the error of lines whose outcome is unknown.

        Args:
            cause: The error by which the answer was lost.
            operation: The call's operation.
            done: The action that may have happened, ``held`` for example.
            reason: The message, if it is not that the answer was lost.
        """
        return OutcomeUnknown(
            reason
            or f"{operation}: it is not known whether this was {done}, since the answer was lost ({cause}) and asking "
            f"did not settle it; korus.{operation.removeprefix('bulk_create_')}.resolve asks again",
            intent=self.intent.to_dict(),
            operation=operation,
            status=cause.status,
            request_id=cause.request_id,
        )


def advance(call: BulkCall, state: State) -> Steps[None]:
    """Write the call's state to the log.

    Raises:
        TakenOver: Another process has taken it over.
    """
    if not (yield from perform(Advance(call.intent, state))):
        raise TakenOver


def still_mine(call: BulkCall) -> Steps[None]:
    """Write to the log that the call is reconciling; an error of the log is ignored, since the call only reads.

    Raises:
        TakenOver: Another process has taken it over.
    """
    if call.is_ours and (yield from write_down(Advance(call.intent, "reconciling"))) is False:
        raise TakenOver


def next_pause(pause: float) -> float:
    """Return the next pause between two looks."""
    return min(pause * 1.6, _LONGEST_PAUSE)


def lost_answer(operation: str) -> ConnectionLost:
    """Return the error of a request whose answer was lost."""
    return ConnectionLost("the answer was lost", sent=True, operation=operation)


def taken_over(operation: str) -> ConnectionLost:
    """Return the error of a call that another process has taken over."""
    return ConnectionLost("another process has taken it over", sent=True, operation=operation)
