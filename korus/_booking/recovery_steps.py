"""Steps of recovery, which settles intents that ended or cancelled processes left open. No I/O.

Nothing is held again. An order whose process died is completed while its reservations last, as decided before the
crash; one that its caller cancelled, or received as unknown, is only read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from korus._booking.effects import Effect, Now, TakeOver, Wait, perform
from korus._booking.hold_steps import resolve_hold
from korus._booking.intent_details import hold_lines, order_request_of
from korus._booking.order_steps import complete_order, resolve_order
from korus.errors import KorusError, OutcomeUnknown

if TYPE_CHECKING:
    from korus._booking.bulk_call import Patience
    from korus._booking.effects import Steps
    from korus._booking.hold_steps import HoldResult
    from korus._booking.order_steps import OrderResult
    from korus._booking.outcomes import LineOutcome
    from korus._journal.intent_log import Intent

__all__ = ["Recover", "RecoveredIntent", "recover", "recover_one"]

_OTHERS_SECONDS: Final = 300.0
_OTHERS_PAUSE: Final = 0.2


@frozen
class RecoveredIntent:
    """Outcome of one intent that was left open.

    Attributes:
        intent: The intent.
        lines: The outcome of each line that was open; empty if they are still not known.
        error: The reason why they are still not known.
    """

    intent: Intent
    lines: tuple[LineOutcome[Any], ...] = ()
    error: KorusError | None = None


@frozen
class Recover(Effect["list[RecoveredIntent]"]):
    """Run `recover_one` for each of these intents, several at once."""

    intents: tuple[Intent, ...]
    complete: bool


def recover(*, complete: bool) -> Steps[tuple[RecoveredIntent, ...]]:
    """Settle intents without a running owner, and wait for other processes that recover.

    After it returns, no intent from before is in progress in any process, except those that have an entry with an
    error.
    """
    done: dict[str, RecoveredIntent] = {}
    began = yield from perform(Now())
    while True:
        found = yield from perform(TakeOver(frozenset(done)))
        if found.taken:
            recovered = yield from perform(Recover(found.taken, complete))
            done.update((each.intent.id, each) for each in recovered)
            continue
        if not found.under_way:
            return tuple(done.values())
        if (yield from perform(Now())) - began > _OTHERS_SECONDS:
            return (*done.values(), *map(_still_under_way, found.under_way))
        yield from perform(Wait(_OTHERS_PAUSE))


def _still_under_way(intent: Intent) -> RecoveredIntent:
    error = OutcomeUnknown(
        f"{intent.kind} {intent.id}: another process is still recovering it", intent=intent.to_dict()
    )
    return RecoveredIntent(intent, error=error)


def recover_one(intent: Intent, patience: Patience, *, complete: bool) -> Steps[HoldResult | OrderResult]:
    """Find the result of an intent that was taken over.

    Raises:
        KorusError: It could not be determined, or the remaining order was refused.
    """
    if intent.kind == "hold":
        return (yield from resolve_hold(intent, hold_lines(intent.details), patience))
    request = order_request_of(intent)
    if complete and intent.completable and request.customer:
        return (yield from complete_order(intent, request, patience))
    return (yield from resolve_order(intent, request, patience))
