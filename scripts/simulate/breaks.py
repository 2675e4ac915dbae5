"""Breaks: each undoes one fix of the protocol, to prove that the simulator can fail.

A break replaces a decision of `korus._booking`, or of the log in memory, within a ``with`` block.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from attrs import evolve

from korus._booking import correlation, facts, hold_steps, order_steps, orders, reconciliation
from korus._http import ambiguity
from korus._journal.intent_log import MemoryIntentLog, Takeover
from korus.errors import ServerError
from scripts.simulate import users

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from korus._booking.correlation import Correlation
    from korus._booking.facts import FailedEntry, OrderFacts
    from korus._booking.lines import BookingLine
    from korus._booking.orders import OrderRequest
    from korus._journal.intent_log import Intent

__all__ = ["BREAKS", "broken"]

Replacement = tuple[Any, str, Any]


@contextmanager
def broken(rule: str | None) -> Generator[None]:
    """Undo the fix of a rule inside the block; do nothing for None."""
    with ExitStack() as stack:
        for owner, name, replacement in BREAKS[rule][1]() if rule is not None else ():
            stack.enter_context(patch.object(owner, name, replacement))
        yield


def _already_ordered_fails() -> list[Replacement]:
    def never(_: object) -> bool:
        return False

    return [(order_steps, "proves_order", never), (facts, "says_already_ordered", never)]


def _server_errors_refuse() -> list[Replacement]:
    is_ambiguous = ambiguity.is_ambiguous

    def decide(error: Any) -> bool:
        return is_ambiguous(error) and not isinstance(error, ServerError)

    def no(_: object) -> bool:
        return False

    return [(order_steps, "is_ambiguous", decide), (order_steps, "may_follow_work", no)]


def _whole_lines_again() -> list[Replacement]:
    units_to_rebook = orders.units_to_rebook

    def whole(request: OrderRequest, failed: Iterable[str]) -> list[tuple[BookingLine, int]]:
        return [(line, line.quantity) for line, _ in units_to_rebook(request, failed)]

    return [(users, "units_to_rebook", whole)]


def _look_alikes_taken() -> list[Replacement]:
    find_matches = reconciliation.find_matches

    def find(*arguments: Any, **options: Any) -> Any:
        return find_matches(*arguments, **{**options, "is_shared": True})

    return [(hold_steps, "find_matches", find)]


def _others_not_waited_for() -> list[Replacement]:
    take_over = MemoryIntentLog.take_over

    def take(self: MemoryIntentLog, spare: Iterable[str] = ()) -> Takeover:
        return evolve(take_over(self, spare), under_way=())

    return [(MemoryIntentLog, "take_over", take)]


def _lost_claims_ignored() -> list[Replacement]:
    advance = MemoryIntentLog.advance

    def always(self: MemoryIntentLog, *arguments: Any) -> bool:
        advance(self, *arguments)
        return True

    return [(MemoryIntentLog, "advance", always)]


def _cancelled_ones_completed() -> list[Replacement]:
    def keep(self: MemoryIntentLog, intent: Intent, *, sent: bool, wait: float | None = None) -> bool:
        _ = sent, wait
        return self.advance(intent, "reconciling")

    return [(MemoryIntentLog, "give_up", keep)]


def _orders_taken_by_elimination() -> list[Replacement]:
    correlate_orders = correlation.correlate_orders

    def take(
        reservations: Sequence[str],
        made: Sequence[OrderFacts],
        failures: Sequence[FailedEntry],
        reference: str,
    ) -> Correlation:
        own = [
            evolve(entry, reservation=None, external_reference=None)
            if entry.reservation not in reservations
            else entry
            for entry in made
        ]
        return correlate_orders(reservations, own, failures, reference)

    return [(order_steps, "correlate_orders", take)]


def _one_look_believed() -> list[Replacement]:
    look_for_orders: Any = vars(order_steps)["_look_until_clear"]
    look_for_holds: Any = vars(hold_steps)["_look_until_clear"]

    def for_orders(call: Any, *arguments: Any) -> Any:
        return look_for_orders(evolve(call, patience=evolve(call.patience, settle=0.0)), *arguments)

    def for_holds(call: Any, *arguments: Any) -> Any:
        return look_for_holds(evolve(call, patience=evolve(call.patience, settle=0.0)), *arguments)

    return [(order_steps, "_look_until_clear", for_orders), (hold_steps, "_look_until_clear", for_holds)]


BREAKS: Final[dict[str, tuple[str, Callable[[], list[Replacement]]]]] = {
    "R1": ('"already ordered" is treated as a failure, so that it is ordered again', _already_ordered_fails),
    "R2": ("a 5xx is treated as a refusal without a lookup", _server_errors_refuse),
    "R3": ("a retry requests whole lines instead of the failed units", _whole_lines_again),
    "R4": ("without a shared log a similar reservation is taken", _look_alikes_taken),
    "R5": ("recovery does not wait for other recoveries", _others_not_waited_for),
    "R6": ("a lost claim is ignored", _lost_claims_ignored),
    "R7": ("a cancelled booking is completed", _cancelled_ones_completed),
    "R9": ("an order of another reservation is assigned by elimination", _orders_taken_by_elimination),
    "R10": ("a single lookup proves absence", _one_look_believed),
}
