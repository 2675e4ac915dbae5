"""Steps of a bulk order, which creates one order for each reservation even if answers are lost. No I/O.

A reservation with an order names it, and orders are listed by external reference. So existing orders are read before
anything is sent, and whenever an answer is lost. A missing order is created by sending the same reservation again,
never another one: the API refuses to order a reservation twice, so it is never bought twice, by any number of
processes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from attrs import evolve, field, frozen

from korus._booking.bulk_call import (
    FIRST_PAUSE,
    MOST_PAGES,
    PAGE,
    BulkCall,
    BulkResult,
    advance,
    lost_answer,
    next_pause,
    still_mine,
    taken_over,
)
from korus._booking.correlation import LineResult, correlate_orders
from korus._booking.effects import (
    Advance,
    Competing,
    InDoubt,
    ListOrders,
    ListReservations,
    Now,
    OpenIntent,
    ReadOrder,
    ReadReservation,
    ReportedFailed,
    SendOrder,
    SentBefore,
    Settle,
    Today,
    Together,
    Wait,
    perform,
    write_down,
)
from korus._booking.facts import OrderFacts, is_newest_first
from korus._booking.orders import HoldProblem
from korus._booking.outcomes import LineOutcome, OrderLine
from korus._booking.violations import trace_order_violations
from korus._core.throttled_log import report
from korus._http.ambiguity import (
    is_ambiguous,
    is_from_api,
    is_worth_a_look,
    may_follow_work,
    proves_order,
    redirects_after_work,
)
from korus._journal.intent_log import Intent, TakenOver
from korus.errors import (
    DecodingFailed,
    JournalFailed,
    KorusError,
    NotFound,
    OperationUnavailable,
    OrderFailed,
    OutcomeUnknown,
    PermissionDenied,
    ReservationUnusable,
    StatusError,
    UnexpectedCount,
    ValidationFailed,
    Violation,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from korus._booking.bulk_call import Patience
    from korus._booking.effects import Steps
    from korus._booking.facts import FailedEntry, OrderAnswer, Page, ReservationFacts
    from korus._booking.orders import OrderRequest

__all__ = ["OrderResult", "ReservationState", "complete_order", "order", "resolve_order"]

_LOG = logging.getLogger("korus.booking")
OPERATION: Final = "bulk_create_orders"
_TURN: Final = 0.1
_ROUNDS: Final = 4
_FEWEST_LISTED: Final = 3

OrderResult: TypeAlias = BulkResult[OrderFacts]


@frozen
class ReservationState:
    """State of a reservation.

    Attributes:
        kind: ``free`` to be ordered, ``ordered`` under this reference, ``foreign``: ordered under another,
            ``ended``: expired, released, or its order was cancelled, or ``absent``: the API answers that it does not
                exist.
        reservation: The reservation, None if it is absent.
        order: The order, if there is one.
        reason: Why it cannot be ordered.
    """

    kind: Literal["free", "ordered", "foreign", "ended", "absent"]
    reservation: ReservationFacts | None = None
    order: OrderFacts | None = None
    reason: str = ""


@frozen
class _Call(BulkCall):
    """One order in progress.

    Attributes:
        request: The request.
        began: The time at which the call began.
        completes: True if it completes an order of a dead process: lines reported as failed since are not ordered.
        in_doubt: Reservations that another call may have ordered, or has: a refusal may follow its success, and reads
            that show no order may lag.
        held: The reservations as they were read.
    """

    request: OrderRequest
    began: float = 0.0
    completes: bool = False
    in_doubt: frozenset[str] = frozenset()
    held: dict[str, ReservationFacts] = field(factory=dict[str, "ReservationFacts"])

    @property
    def reference(self) -> str:
        return self.request.external_reference

    def unknown(self, cause: KorusError, reason: str = "") -> OutcomeUnknown:
        return self.outcome_unknown(cause, OPERATION, "ordered", reason)


_Outcomes = dict[int, LineOutcome[OrderFacts]]


# --- ordering ----------------------------------------------------------------------------------------------


def order(intent: Intent, request: OrderRequest, patience: Patience) -> Steps[OrderResult]:
    """Order the reservations that are not ordered yet.

    Raises:
        ReservationUnusable: Reservations have ended, were released, or are ordered under another reference.
        ValidationFailed: The API refused the request as a whole.
        OutcomeUnknown: It is not known of any line whether it was ordered.
        KorusError: No line has an outcome of its own.
    """
    yield from perform(OpenIntent(intent))
    began = yield from perform(Now())
    call = _Call(intent, patience, request, began)
    try:
        yield from _wait_for_turn(call)
        call = evolve(call, in_doubt=(yield from perform(InDoubt(call.intent))))
        result = yield from _order(call)
        result = yield from _checked(call, result)
    except TakenOver:
        raise call.unknown(taken_over(OPERATION)) from None
    except OutcomeUnknown:
        yield from write_down(Advance(intent, "unknown"))
        raise
    except JournalFailed as error:
        # nothing was sent, and that cannot be logged now; after this time, another process may have completed it
        if (yield from perform(Now())) - began > patience.most + patience.settle:
            raise call.unknown(error) from None
        raise
    except KorusError as error:
        if not (yield from _settled_as_refused(intent, error)) or (
            yield from _newly_in_doubt(call, call.request.lines)
        ):
            raise call.unknown(taken_over(OPERATION)) from None
        raise
    return (yield from _finish(call, result))


def _settled_as_refused(intent: Intent, error: KorusError) -> Steps[bool]:
    """Write to the log that nothing was ordered; return False if another process may complete it, or has."""
    try:
        return (yield from perform(Settle(intent, {"refused": type(error).__name__}))) is not None
    except JournalFailed as unwritten:
        report(
            _LOG,
            logging.ERROR,
            "journal_failed",
            f"the journal could not be written after a refusal: {unwritten}",
        )
        return False  # after this process ends, another may complete it


def _order(call: _Call) -> Steps[OrderResult]:
    lines = call.request.lines
    states, listed = yield from _states(call, lines, free=(yield from _shown_free(call, lines)))
    kinds = {state.kind for state in states.values()}
    if "absent" in kinds or ("ended" in kinds and (yield from perform(SentBefore(call.intent)))):
        # the hold may be too new to be shown, or an earlier order may have a result that is not shown yet
        states = yield from _look_until_clear(call, lines, states)
    # if this process dies, recovery can see whether the same was ordered by other reservations since
    known = [found.iri for found in listed if found.iri is not None]
    call = evolve(call, intent=evolve(call.intent, details={**call.intent.details, "known": known}))
    uncertain = yield from _perhaps_own(call, states)
    problems = [
        HoldProblem(line.number, line.reservation, states[line.reservation].reason)
        for line in lines
        if states[line.reservation].kind in {"ended", "foreign", "absent"} and line.number not in uncertain
    ]
    if problems:
        raise ReservationUnusable(problems, operation=OPERATION)
    outcomes = {**_ordered(call, lines, states), **uncertain}
    return (yield from _rounds(call, outcomes, lost=None))


def _shown_free(call: _Call, lines: Sequence[OrderLine]) -> Steps[dict[str, ReservationFacts]]:
    """Find reservations that the newest pages of the list show in full and free to be ordered.

    A page is one request instead of fifty single ones. An outdated list costs at most a refusal, since the API orders
    a reservation at most once (a1); reservations that are not free in the list are read one by one.
    """
    wanted = {line.reservation for line in lines} - call.in_doubt
    if len(wanted) < _FEWEST_LISTED:
        return {}
    today = yield from perform(Today())
    shown: dict[str, ReservationFacts] = {}
    unclear: set[str] = set()
    for number in range(1, -(-len(wanted) // PAGE) + 1):
        try:
            page: Page = yield from perform(ListReservations(number, PAGE))
        except (NotFound, PermissionDenied, OperationUnavailable, DecodingFailed):
            break
        ours: list[ReservationFacts] = [held for held in page.members if held.iri in wanted]
        for held in ours:
            is_shown = held.is_readable and held.status is not None and held.expires_at is not None
            if held.iri in shown or not (is_shown and held.is_free and held.ended(today) is None):
                unclear.add(held.iri or "")
            shown[held.iri or ""] = held
        if not ours:
            break
    return {iri: held for iri, held in shown.items() if iri not in unclear}


def _perhaps_own(call: _Call, states: Mapping[str, ReservationState]) -> Steps[_Outcomes]:
    """Return unknown outcomes for lines that may have an order of an earlier call, which is not shown as such.

    An API may change references, and may not show a reservation for a while.
    """
    hidden = [line for line in call.request.lines if states[line.reservation].kind in {"foreign", "absent"}]
    if call.in_doubt.isdisjoint(line.reservation for line in hidden):
        return {}
    own = yield from perform(InDoubt(call.intent, same_reference=True))
    found: _Outcomes = {}
    for line in hidden:
        state = states[line.reservation]
        if state.kind == "foreign" and line.reservation in own:
            found[line.number] = _foreign(call, line, state)
        elif state.kind == "absent" and line.reservation in call.in_doubt:
            found.update(_left_unknown(call, [line], lost_answer(OPERATION)))
    return found


def _wait_for_turn(call: _Call) -> Steps[None]:
    """Wait for other calls that order the same reservations, so that their orders are seen.

    This only avoids a refusal by the API; it is the refusal that prevents a second order.
    """
    while (yield from perform(Now())) - call.began < call.patience.most:
        competing = yield from perform(Competing(call.intent))
        if not any(other.state == "sending" or other.id < call.intent.id for other in competing):
            return
        yield from perform(Wait(_TURN))
        yield from advance(call, "intended")


def _rounds(  # noqa: C901 (one round after the other)
    call: _Call, outcomes: _Outcomes, lost: KorusError | None
) -> Steps[OrderResult]:
    """Order the lines without an outcome, and repeat until each has one.

    Args:
        call: The call.
        outcomes: The known outcomes, by the line's number.
        lost: The error of an earlier lost answer for these lines; None if nothing was sent.
    """
    unmatched_failures: list[FailedEntry] = []
    unmatched: list[OrderFacts] = []
    for _ in range(_ROUNDS):
        pending = [line for line in call.request.lines if line.number not in outcomes]
        if not pending:
            break
        try:
            yield from advance(call, "sending")
        except JournalFailed as error:
            if lost is None:
                raise
            lost = error  # without the log the turn of each call is not known
            break
        outcomes.update((yield from _reported_failed(call, pending)))
        pending = [line for line in pending if line.number not in outcomes]
        if not pending:
            break
        iris = tuple(line.reservation for line in pending)
        try:
            answer = yield from perform(SendOrder(call.intent, call.request, iris))
        except KorusError as error:
            if not is_ambiguous(error):
                outcomes.update(
                    (yield from _after_refusal(call, pending, error, lost, has_others=bool(outcomes)))
                )
                break
            report(_LOG, logging.WARNING, "order_lost", f"{error}; looking for its result")
            lost = error
        else:
            read = yield from _read(call, pending, answer, lost)
            outcomes.update((outcome.line.number, outcome) for outcome in read.lines)
            unmatched_failures += read.unmatched_failures
            unmatched += read.unmatched
            pending = [line for line in pending if line.number not in outcomes]
            if not pending:
                break
            lost = DecodingFailed("the answer does not show its result", operation=OPERATION)
        yield from still_mine(call)
        found = yield from _try_to_look(call, pending)
        if found is None:
            break
        outcomes.update(_seen(call, pending, found, lost))
    left = [line for line in call.request.lines if line.number not in outcomes]
    outcomes.update(_left_unknown(call, left, lost or taken_over(OPERATION)))
    lines = tuple(outcomes[line.number] for line in call.request.lines)
    placed = {made.iri for outcome in lines for made in outcome.results}
    return OrderResult(
        lines, tuple(unmatched_failures), tuple(made for made in unmatched if made.iri not in placed)
    )


def _after_refusal(
    call: _Call,
    pending: Sequence[OrderLine],
    error: KorusError,
    lost: KorusError | None,
    *,
    has_others: bool,
) -> Steps[_Outcomes]:
    """Return the outcomes after the API refused a request as a whole.

    A refusal may follow a success: if a proxy repeats a request, the second one is refused, and after a lost answer a
    refusal proves nothing about the first request. So the reservations are read.
    """
    if isinstance(error, ValidationFailed):
        error.violations = _traced(error, pending)
    if lost is None and any(line.reservation in call.in_doubt for line in pending):
        lost = lost_answer(OPERATION)
    found: Mapping[str, ReservationState] | None = {}
    if lost is not None or proves_order(error):
        found = yield from _try_to_look(call, pending)
    elif is_worth_a_look(error):
        try:
            found, _ = yield from _states(call, pending, decides=True)
        except KorusError as unseen:
            _LOG.debug("%s: cannot look: %s", OPERATION, unseen, extra={"event": "look_failed"})
            found = None
    if found is None:
        return _left_unknown(call, pending, lost or error)
    outcomes = _ordered(call, pending, found)
    # it existed before the request, so its absence now proves nothing
    absent = [
        line for line in pending if line.reservation in found and found[line.reservation].kind == "absent"
    ]
    outcomes.update(_left_unknown(call, absent, lost or error))
    lapsed = _lapsed(call, pending, found)
    # an order with another reference that did not exist before the request may be its result
    outcomes.update(
        (number, outcome)
        for number, outcome in lapsed.items()
        if lost is not None or outcome.status == "unknown"
    )
    left = [line for line in pending if line.number not in outcomes]
    if lost is not None or proves_order(error) or redirects_after_work(error):
        outcomes.update(_left_unknown(call, left, lost or error))
    elif left and not has_others and not outcomes:
        raise error
    else:
        outcomes.update(_refused_lines(call, left, found, error))
    return outcomes


def _refused_lines(
    call: _Call, lines: Sequence[OrderLine], states: Mapping[str, ReservationState], error: KorusError
) -> _Outcomes:
    """Return the outcomes of lines that were refused together: failed if the refusal is final.

    After a temporary refusal, the same reservation can be ordered later.
    """
    if may_follow_work(error):
        return {line.number: LineOutcome(line, "failed", error=error) for line in lines}
    return _not_ordered_yet(call, lines, states, {}, f"it was not ordered ({error})")


def _read(
    call: _Call,
    pending: Sequence[OrderLine],
    answer: OrderAnswer,
    lost: KorusError | None,
) -> Steps[OrderResult]:
    """Read the outcomes of lines from an answer; unclear lines are omitted."""
    tied = correlate_orders(
        [line.reservation for line in pending], answer.orders, answer.failures, call.reference
    )
    results = dict(zip((line.number for line in pending), tied.lines, strict=True))
    doubtful = [
        line for line in pending if not _is_proven(results[line.number], answer.orders, line.reservation)
    ]
    found = yield from _seen_again(call, doubtful, results)
    outcomes: _Outcomes = {}
    used: set[str | None] = set()
    for line in pending:
        result = results[line.number]
        made = answer.orders[result.entries[0]] if result.status == "succeeded" else None
        outcome = _judged(call, line, result, made, found.get(line.reservation), lost=lost)
        if outcome is not None:
            outcomes[line.number] = outcome
            used.update(made.iri for made in outcome.results)
    left = {*tied.unmatched, *(at for result in tied.lines for at in result.entries)}
    unmatched = tuple(answer.orders[at] for at in sorted(left) if answer.orders[at].iri not in used)
    return OrderResult(tuple(outcomes.values()), tied.unmatched_failures, unmatched)


def _is_proven(result: LineResult, orders: Sequence[OrderFacts], reservation: str) -> bool:
    """Return True if an order in an answer names the line's reservation, which proves that it belongs to the line."""
    return result.status == "succeeded" and orders[result.entries[0]].reservation == reservation


def _seen_again(
    call: _Call, doubtful: Sequence[OrderLine], results: Mapping[int, LineResult]
) -> Steps[Mapping[str, ReservationState]]:
    """Look once at lines that the answer does not show as ordered, and until it is clear if an order may exist."""
    if not doubtful:
        return {}
    suspected = [
        line
        for line in doubtful
        if (failure := results[line.number].failure) is not None
        and (failure.says_already_ordered or line.reservation in call.in_doubt)
    ]
    found: dict[str, ReservationState] = {}
    if suspected:
        found.update((yield from _try_to_look(call, suspected)) or {})
    rest = [line for line in doubtful if line.reservation not in found]
    try:
        seen, _ = yield from _states(call, rest)
    except KorusError as error:
        _LOG.debug("%s: cannot look: %s", OPERATION, error, extra={"event": "look_failed"})
    else:
        found.update(seen)
    return found


def _judged(
    call: _Call,
    line: OrderLine,
    result: LineResult,
    made: OrderFacts | None,
    seen: ReservationState | None,
    *,
    lost: KorusError | None,
) -> LineOutcome[OrderFacts] | None:
    """Return the outcome of a line after an answer; None if it must be looked for, as after a lost answer.

    Args:
        call: The call.
        line: The line.
        result: Its result in the answer.
        made: Its order in the answer.
        seen: The state of its reservation after the answer; None if it was not read.
        lost: The error of an earlier lost answer.
    """
    if seen is not None and seen.kind == "ordered" and seen.order is not None:
        return _outcome(call, line, seen.order, adopted=result.status != "succeeded")
    if seen is not None and seen.kind == "foreign":
        return _foreign(call, line, seen)
    if result.status == "succeeded" and made is not None:
        return _outcome(call, line, made)
    if result.failure is not None and result.failure.excludes_no_order:
        return None
    if result.failure is not None and (result.status == "failed" or result.failure.says_already_ordered):
        return _refused_line(call, line, result.failure, seen, lost)
    return None


def _refused_line(
    call: _Call,
    line: OrderLine,
    failure: FailedEntry,
    seen: ReservationState | None,
    lost: KorusError | None,
) -> LineOutcome[OrderFacts]:
    """Return the outcome of a line that the API refused: failed only if the reason excludes an order."""
    if lost is None and line.reservation in call.in_doubt:
        lost = lost_answer(OPERATION)
    if failure.says_already_ordered:
        cause = lost or DecodingFailed("the order is not shown", operation=OPERATION)
        reason = "it is ordered, but its order is not shown yet; korus.orders.resolve asks again"
    elif seen is not None and (seen.kind == "ended" or (lost is None and seen.kind == "free")):
        error = OrderFailed(
            f"{line.reservation}: {failure.reason}",
            line=line.number,
            code=failure.code,
            raw=failure.raw,
            operation=OPERATION,
        )
        return LineOutcome(line, "failed", error=error, raw=failure.raw)
    else:
        # an earlier request may have been processed, which this refusal does not exclude
        cause = lost or lost_answer(OPERATION)
        reason = f"refused ({failure.reason}), but it may have been ordered before; korus.orders.resolve asks again"
    unknown = call.unknown(cause, f"{line.reservation}: {reason}")
    return LineOutcome(line, "unknown", error=unknown, raw=failure.raw)


def _outcome(
    call: _Call,
    line: OrderLine,
    made: OrderFacts,
    *,
    adopted: bool = False,
) -> LineOutcome[OrderFacts]:
    """Return the outcome of a line that has an order: succeeded unless the order differs from its hold."""
    known = call.held.get(line.reservation)
    shortfall = made.shortfall(known) if known is not None else "its reservation cannot be read"
    if shortfall is None:
        return LineOutcome(line, "succeeded", (made,), adopted=adopted)
    cause = DecodingFailed("the order differs from its hold", operation=OPERATION)
    error = call.unknown(cause, f"{line.reservation}: its order differs from its hold: {shortfall}")
    return LineOutcome(line, "unknown", (made,), error=error, adopted=adopted)


def _ordered(call: _Call, lines: Iterable[OrderLine], states: Mapping[str, ReservationState]) -> _Outcomes:
    found: _Outcomes = {}
    for line in lines:
        state = states.get(line.reservation)
        if state is not None and state.kind == "ordered" and state.order is not None:
            found[line.number] = _outcome(call, line, state.order, adopted=True)
    return found


def _lapsed(call: _Call, lines: Iterable[OrderLine], states: Mapping[str, ReservationState]) -> _Outcomes:
    """Return the outcomes of lines whose reservations have ended without an order, or have one of another reference."""
    found: _Outcomes = {}
    for line in lines:
        state = states.get(line.reservation)
        if state is not None and state.kind == "ended":
            found[line.number] = LineOutcome(line, "failed", error=_failure(line, state.reason))
        elif state is not None and state.kind == "foreign":
            found[line.number] = _foreign(call, line, state)
    return found


def _foreign(call: _Call, line: OrderLine, state: ReservationState) -> LineOutcome[OrderFacts]:
    """Return the outcome of a sent line whose reservation has an order with another reference.

    It may be the order of this line, since it is not known that references come back unchanged.
    """
    error = call.unknown(lost_answer(OPERATION), f"{line.reservation}: {state.reason}")
    return LineOutcome(line, "unknown", () if state.order is None else (state.order,), error=error)


def _seen(
    call: _Call, lines: Sequence[OrderLine], states: Mapping[str, ReservationState], lost: KorusError
) -> _Outcomes:
    """Return the outcomes that two looks show; a free reservation has none yet, and can be sent again."""
    absent = [line for line in lines if states[line.reservation].kind == "absent"]
    return {
        **_ordered(call, lines, states),
        **_lapsed(call, lines, states),
        **_left_unknown(call, absent, lost),
    }


def _traced(error: ValidationFailed, sent: Sequence[OrderLine]) -> tuple[Violation, ...]:
    found = trace_order_violations(error.violations, [line.reservation for line in sent])
    # indexes count the sent lines, numbers all requested lines
    return tuple(
        violation if violation.line is None else evolve(violation, line=sent[violation.line - 1].number)
        for violation in found
    )


def _failure(line: OrderLine, reason: str) -> OrderFailed:
    return OrderFailed(f"{line.reservation}: {reason}", line=line.number, operation=OPERATION)


def _left_unknown(call: _Call, lines: Iterable[OrderLine], lost: KorusError) -> _Outcomes:
    return {line.number: LineOutcome(line, "unknown", error=call.unknown(lost)) for line in lines}


def _finish(call: _Call, result: OrderResult) -> Steps[OrderResult]:
    """Write the outcome to the log: settled, or open for the lines that are unknown."""
    failed = _failed_lines(result)
    if any(outcome.status == "unknown" for outcome in result.lines):
        details = {**call.intent.details, "failed": [line.reservation for line in failed]}
        is_written = bool((yield from write_down(Advance(evolve(call.intent, details=details), "unknown"))))
    else:
        is_written = (yield from write_down(Settle(call.intent, _recorded(result.lines)))) is not None
    if failed:
        doubtful = (yield from _newly_in_doubt(call, failed)) if is_written else failed
        result = _with_outcomes(result, _left_unknown(call, doubtful, taken_over(OPERATION)))
    errors = [outcome.error for outcome in result.lines]
    if all(isinstance(error, OutcomeUnknown) for error in errors) and not any(
        outcome.results for outcome in result.lines
    ):
        error = errors[0]
        if isinstance(error, OutcomeUnknown):
            raise error
    return result


def _checked(call: _Call, result: OrderResult) -> Steps[OrderResult]:
    """Look again at failed lines if another call has sent their reservations meanwhile."""
    doubtful = yield from _newly_in_doubt(call, _failed_lines(result))
    if not doubtful:
        return result
    found = (yield from _try_to_look(call, doubtful)) or {}
    outcomes = {**_ordered(call, doubtful, found), **_lapsed(call, doubtful, found)}
    left = [line for line in doubtful if line.number not in outcomes]
    return _with_outcomes(result, {**outcomes, **_left_unknown(call, left, lost_answer(OPERATION))})


def _failed_lines(result: OrderResult) -> list[OrderLine]:
    lines = [outcome.line for outcome in result.lines if outcome.status == "failed"]
    return [line for line in lines if isinstance(line, OrderLine)]


def _newly_in_doubt(call: _Call, lines: Sequence[OrderLine]) -> Steps[Sequence[OrderLine]]:
    """Return the lines whose reservations another call has sent since this one began; all, if that cannot be read."""
    if not lines:
        return []
    try:
        doubtful = yield from perform(InDoubt(call.intent))
    except JournalFailed as error:
        report(
            _LOG, logging.ERROR, "journal_failed", f"the journal could not be read after a request: {error}"
        )
        return lines
    return [line for line in lines if line.reservation in doubtful - call.in_doubt]


def _with_outcomes(result: OrderResult, outcomes: _Outcomes) -> OrderResult:
    lines = tuple(outcomes.get(outcome.line.number, outcome) for outcome in result.lines)
    return evolve(result, lines=lines)


def _reported_failed(call: _Call, lines: Iterable[OrderLine]) -> Steps[_Outcomes]:
    """Return unknown outcomes for lines of a dead process that another call has reported as failed.

    Their reservations may have been replaced since. This is read after this call has logged that it sends; a call that
    reports a failure logs that first, and then looks for such entries.
    """
    if not call.completes:
        return {}
    failed = yield from perform(ReportedFailed(call.intent))
    reason = "not completed: another call has reported it as failed since"
    return {
        line.number: LineOutcome(
            line, "unknown", error=call.unknown(lost_answer(OPERATION), f"{line.reservation}: {reason}")
        )
        for line in lines
        if line.reservation in failed
    }


# --- resolving and completing ------------------------------------------------------------------------------


def resolve_order(
    intent: Intent, request: OrderRequest, patience: Patience, *, is_ours: bool = True
) -> Steps[OrderResult]:
    """Find the result of an order whose outcome is unknown; nothing is ordered.

    Args:
        intent: The intent.
        request: Its lines and reference, without a customer.
        patience: The waiting times.
        is_ours: True if the intent has been taken over from the log; else nothing is written to it.

    Raises:
        OutcomeUnknown: The API did not answer.
    """
    call, states = yield from _reopened(intent, request, patience, is_ours=is_ours)
    outcomes = {**_ordered(call, request.lines, states), **_lapsed(call, request.lines, states)}
    outcomes.update(_not_ordered_yet(call, request.lines, states, outcomes))
    result = OrderResult(tuple(outcomes[line.number] for line in request.lines))
    return (yield from _record(call, result))


def complete_order(intent: Intent, request: OrderRequest, patience: Patience) -> Steps[OrderResult]:
    """Complete an order whose process died: order the remaining reservations that still can be ordered.

    Raises:
        OutcomeUnknown: Its result could not be determined.
        KorusError: The remaining order was refused.
    """
    call, states = yield from _reopened(intent, request, patience)
    call = evolve(call, completes=True, in_doubt=(yield from perform(InDoubt(intent))))
    lost = lost_answer(OPERATION)
    outcomes = {**_ordered(call, request.lines, states), **_lapsed(call, request.lines, states)}
    if (yield from _was_ordered_otherwise(call, states)):
        reason = "not completed: other reservations were ordered under the same reference"
        outcomes.update(_not_ordered_yet(call, request.lines, states, outcomes, reason))
    outcomes.update(
        _left_unknown(
            call,
            [
                line
                for line in request.lines
                if states[line.reservation].kind == "absent" and line.number not in outcomes
            ],
            lost,
        )
    )
    try:
        result = yield from _rounds(call, outcomes, lost if intent.sent else None)
        result = yield from _checked(call, result)
    except TakenOver:
        raise call.unknown(taken_over(OPERATION)) from None
    except StatusError as error:
        if (yield from _newly_in_doubt(call, request.lines)):
            raise call.unknown(error) from None
        # a final refusal, since nothing was sent before; after a temporary one, recovery tries again later
        if may_follow_work(error):
            yield from write_down(Settle(intent, {"refused": type(error).__name__}))
        raise
    return (yield from _record(call, result))


def _reopened(
    intent: Intent, request: OrderRequest, patience: Patience, *, is_ours: bool = True
) -> Steps[tuple[_Call, dict[str, ReservationState]]]:
    began = yield from perform(Now())
    call = _Call(intent, patience, request, began, is_ours=is_ours)
    if not intent.sent and not (yield from perform(SentBefore(intent))):
        # no answer was lost, of this intent or another, so one look is enough
        states, _ = yield from _states(call, request.lines)
        return call, states
    try:
        found = yield from _try_to_look(call, request.lines)
    except TakenOver:
        raise call.unknown(taken_over(OPERATION)) from None
    if found is None:
        raise call.unknown(lost_answer(OPERATION))
    return call, dict(found)


def _not_ordered_yet(
    call: _Call,
    lines: Iterable[OrderLine],
    states: Mapping[str, ReservationState],
    outcomes: _Outcomes,
    why: str = "it has not been ordered",
) -> _Outcomes:
    """Return unknown outcomes for reservations that can still be ordered: ``failed`` would suggest to buy again."""
    found: _Outcomes = {}
    lost = lost_answer(OPERATION)
    for line in lines:
        if line.number in outcomes:
            continue
        state = states.get(line.reservation)
        reservation = None if state is None else state.reservation
        ends = None if reservation is None else reservation.expires_at
        until = "" if ends is None else f" until {ends.isoformat()}"
        reason = (
            f"{line.reservation}: {why}. It can be ordered{until}: order the same reservation again, or resolve it "
            "after it has ended; only then hold it again"
        )
        found[line.number] = LineOutcome(line, "unknown", error=call.unknown(lost, reason))
    return found


def _record(call: _Call, result: OrderResult) -> Steps[OrderResult]:
    """Write the outcome of a recovery to the log; unknown lines stay open."""
    if not call.is_ours:
        return result
    if any(outcome.status == "unknown" for outcome in result.lines):
        yield from write_down(Advance(call.intent, "unknown"))
    else:
        yield from write_down(Settle(call.intent, _recorded(result.lines)))
    return result


def _was_ordered_otherwise(call: _Call, states: Mapping[str, ReservationState]) -> Steps[bool]:
    """Return True if other reservations were ordered under the reference since the intent was written.

    Then the same lines were booked again, and completing this intent would book them twice.
    """
    known: set[object] = {*(call.intent.details.get("known") or ())}
    known |= {state.order.iri for state in states.values() if state.order is not None}
    own = {line.reservation for line in call.request.lines}
    listed, _ = yield from _by_reference(call, None)
    return any(
        found.iri not in known
        and found.reservation not in own
        and not found.is_cancelled
        and found.is_of(call.reference)
        for found in listed
    )


# --- reading existing orders -------------------------------------------------------------------------------


def _try_to_look(call: _Call, lines: Sequence[OrderLine]) -> Steps[dict[str, ReservationState] | None]:
    """Look until the states are clear, or the time is over; None if the API does not answer."""
    try:
        return (yield from _look_until_clear(call, lines))
    except KorusError as error:
        _LOG.debug("%s: cannot look: %s", OPERATION, error, extra={"event": "look_failed"})
        return None


def _look_until_clear(
    call: _Call, lines: Sequence[OrderLine], before: Mapping[str, ReservationState] | None = None
) -> Steps[dict[str, ReservationState]]:
    """Look until every line has an order, or two looks `settle` apart show the same state of those without one.

    An order that was seen once is kept, even if a later look does not show it.

    Args:
        call: The call.
        lines: The lines.
        before: The states of an earlier look.

    Raises:
        KorusError: The API did not answer within the time of the call, or contradicts itself.
    """
    patience = call.patience
    lost_at = yield from perform(Now())
    ends = max(call.began + patience.most, lost_at + patience.settle)
    # the time of the earlier look is not known: lines without an order must be seen twice from here on
    seen = {iri: state for iri, state in (before or {}).items() if state.order is not None}
    since: dict[str, float] = dict.fromkeys(seen, lost_at)
    pause = FIRST_PAUSE
    while True:
        now = yield from perform(Now())
        try:
            states, _ = yield from _states(call, lines)
        except KorusError as failed:
            _LOG.debug("%s: cannot look: %s", OPERATION, failed, extra={"event": "look_failed"})
            error, until = failed, ends
        else:
            _note_states(seen, since, states, now)
            if all(_is_certain(state, now - since[iri], patience.settle) for iri, state in seen.items()):
                return seen
            error = DecodingFailed("the API contradicts itself about a reservation", operation=OPERATION)
            until = ends + 2 * patience.settle
        if (yield from perform(Now())) >= until:
            raise error
        yield from perform(Wait(pause))
        pause = next_pause(pause)
        yield from still_mine(call)


def _note_states(
    seen: dict[str, ReservationState],
    since: dict[str, float],
    states: Mapping[str, ReservationState],
    now: float,
) -> None:
    """Record the states of a look, and since when they have not changed."""
    for iri, state in states.items():
        before = seen.get(iri)
        if before is not None and before.order is not None and state.order is None:
            continue
        if before is None or before.kind != state.kind:
            since[iri] = now
        seen[iri] = state


def _is_certain(state: ReservationState, age: float, settle: float) -> bool:
    return state.kind in {"ordered", "foreign"} or (age > 0 and age >= settle)


def _states(
    call: _Call,
    lines: Sequence[OrderLine],
    *,
    decides: bool = False,
    free: Mapping[str, ReservationFacts] | None = None,
) -> Steps[tuple[dict[str, ReservationState], list[OrderFacts]]]:
    """Read the state of reservations: first the reservations, then the orders with the external reference.

    Args:
        call: The call.
        lines: The reservations.
        decides: True if one without an order counts as not ordered; else it is read or sent again.
        free: Those that a list has shown to be free, which are not read again.

    Returns:
        The states by the reservations' IRIs, and the orders with the reference, if these were listed.

    Raises:
        KorusError: Something could not be read, or does not prove that a reservation has ended without an order.
    """
    if not lines:
        return {}, []
    known = dict[str, "ReservationFacts | KorusError"](free or {})
    asked = [line.reservation for line in lines if line.reservation not in known]
    if asked:
        read = yield from perform(Together(tuple(map(ReadReservation, asked))))
        known.update(zip(asked, read, strict=True))
    today = yield from perform(Today())
    found: dict[str, ReservationState] = {}
    for line in lines:
        facts = known[line.reservation]
        if isinstance(facts, KorusError):
            if not isinstance(facts, NotFound) or not is_from_api(facts):
                raise facts
            found[line.reservation] = ReservationState("absent", reason="the reservation does not exist")
        else:
            found[line.reservation] = _without_order(facts, today)
            call.held[line.reservation] = facts
    yield from _add_named_orders(call, found)
    listed: list[OrderFacts] = []
    if any(state.order is None for state in found.values()):
        # if the reservation does not name the order, the order may name the reservation
        listed, is_whole = yield from _by_reference(call, _earliest(found))
        for made in sorted(listed, key=lambda made: made.is_cancelled):
            state = found.get(made.reservation or "")
            if state is not None and state.order is None:
                found[made.reservation or ""] = _with_order(state, made, call.reference)
        if not is_whole and any(
            state.order is None and (decides or state.kind == "ended") for state in found.values()
        ):
            raise UnexpectedCount(
                "list_orders: the list is incomplete: it has fewer members than its total; other orders may exist",
                operation="list_orders",
            )
    return found, listed


def _without_order(facts: ReservationFacts, today: datetime) -> ReservationState:
    reason = facts.ended(today)
    return ReservationState("free" if reason is None else "ended", facts, reason=reason or "")


def _with_order(state: ReservationState, made: OrderFacts, reference: str) -> ReservationState:
    """Return the state of a reservation that has this order: ended if the order is cancelled."""
    if made.is_cancelled:
        return evolve(state, kind="ended", order=made, reason=f"its order {made.iri} was cancelled")
    if not made.is_of(reference):
        return evolve(
            state,
            kind="foreign",
            order=made,
            reason=f"it is already ordered, under the reference {made.external_reference!r}",
        )
    return evolve(state, kind="ordered", order=made, reason="")


def _add_named_orders(call: _Call, found: dict[str, ReservationState]) -> Steps[None]:
    """Read the orders that reservations name.

    Raises:
        DecodingFailed: An order names another reservation than the one that names it, or two name the same order.
        KorusError: One could not be read.
    """
    named = {
        iri: state.reservation.order
        for iri, state in found.items()
        if state.reservation is not None and state.reservation.order is not None
    }
    if not named:
        return
    if len(set(named.values())) < len(named):
        raise DecodingFailed(f"{OPERATION}: two reservations name the same order", operation=OPERATION)
    read = yield from perform(Together(tuple(ReadOrder(made) for made in named.values())))
    for iri, facts in zip(named, read, strict=True):
        if isinstance(facts, NotFound):  # of the order, which proves nothing about the reservation
            raise DecodingFailed(
                f"{OPERATION}: the reservation {iri} names an order that cannot be found", operation=OPERATION
            )
        if isinstance(facts, KorusError):
            raise facts
        if facts.reservation not in {None, iri}:
            raise DecodingFailed(
                f"{OPERATION}: the reservation {iri} names an order that names another reservation",
                operation=OPERATION,
            )
        found[iri] = _with_order(found[iri], facts, call.reference)


def _earliest(found: Mapping[str, ReservationState]) -> datetime | None:
    """Return the earliest creation time of the reservations; None if one is not shown."""
    made = [None if state.reservation is None else state.reservation.created_at for state in found.values()]
    return None if not made or None in made else min(each for each in made if each is not None)


def _by_reference(call: _Call, since: datetime | None) -> Steps[tuple[list[OrderFacts], bool]]:
    """List the orders with the external reference, newest first, down to those that are too old to belong to the call.

    Returns:
        The orders, and False if the list has fewer members than its total or repeats itself.

    Raises:
        UnexpectedCount: The list has no end, so a missing order may still exist.
    """
    found: dict[str, OrderFacts] = {}
    listed: list[OrderFacts] = []
    for number in range(1, MOST_PAGES + 1):
        page: Page = yield from perform(ListOrders(call.reference, number, PAGE))
        members: list[OrderFacts] = list(page.members)
        fresh = [made for made in members if made.iri is not None and made.iri not in found]
        found.update((made.iri, made) for made in fresh if made.iri is not None)
        listed += members
        counted = len(found) + sum(made.iri is None for made in listed)
        is_complete = page.total is not None and counted >= page.total
        too_old = since is not None and all(made.created_at and made.created_at < since for made in members)
        # the age of its last member proves nothing if the list has another order than requested
        if not fresh or is_complete or (too_old and is_newest_first(listed)):
            is_whole = bool(fresh) or is_complete or (not members and page.total is None)
            return list(found.values()), is_whole
    raise UnexpectedCount(
        f"list_orders: more than {MOST_PAGES * PAGE} orders have this external reference, so it cannot be "
        "determined whether another order exists",
        operation="list_orders",
    )


# --- entries of the log ------------------------------------------------------------------------------------


def _recorded(outcomes: Sequence[LineOutcome[OrderFacts]]) -> dict[str, Any]:
    return {
        "lines": [
            {
                "line": outcome.line.number,
                "status": outcome.status,
                "reservation": outcome.line.reservation if isinstance(outcome.line, OrderLine) else None,
                "orders": [made.iri for made in outcome.results],
                "code": outcome.code,
            }
            for outcome in outcomes
        ]
    }
