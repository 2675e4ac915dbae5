"""Steps of a bulk reservation, which holds each line once even if answers are lost. No I/O.

A call whose answer is lost may have been processed. The newest reservations are then read until the result is clear:
reservations that are found are claimed, lines that two looks have proven absent are held again, and lines that stay
unclear are unknown. A hold that is not ordered expires, so one that appears late only takes stock for some minutes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, TypeAlias

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
from korus._booking.correlation import Correlation, correlate_holds
from korus._booking.effects import (
    Advance,
    Claim,
    Claimed,
    Competing,
    ListReservations,
    Now,
    OpenIntent,
    ReadReservation,
    SendHold,
    Settle,
    Today,
    Together,
    Wait,
    perform,
    write_down,
)
from korus._booking.facts import ReservationFacts, is_newest_first
from korus._booking.intent_details import known_lines, lines_of, placed_reservations
from korus._booking.outcomes import Line, LineOutcome
from korus._booking.reconciliation import Matches, find_matches
from korus._booking.snapshot import Snapshot
from korus._core.throttled_log import report
from korus._http.ambiguity import is_ambiguous, is_from_api, redirects_after_work
from korus._journal.intent_log import TakenOver
from korus.errors import (
    JournalFailed,
    KorusError,
    NotFound,
    OperationUnavailable,
    OutcomeUnknown,
    PermissionDenied,
    ReservationFailed,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from korus._booking.bulk_call import Patience
    from korus._booking.effects import Steps
    from korus._booking.facts import FailedEntry, HoldAnswer, Page
    from korus._booking.request_items import RequestedLine
    from korus._journal.intent_log import Intent

__all__ = ["HoldResult", "hold", "resolve_hold", "take_snapshot", "with_known_lines"]

_LOG = logging.getLogger("korus.booking")
OPERATION: Final = "bulk_create_reservations"
# enough to include those of the same second as the newest
_SNAPSHOT: Final = 20
_ROUNDS: Final = 3

HoldResult: TypeAlias = BulkResult[ReservationFacts]


@frozen
class _Call(BulkCall):
    """One call and the results of its lines so far, by index."""

    lines: tuple[Line, ...]
    requested: tuple[RequestedLine, ...]
    snapshot: Snapshot | None
    items: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    def unknown(self, cause: KorusError) -> OutcomeUnknown:
        return self.outcome_unknown(cause, OPERATION, "held")


# --- holding -----------------------------------------------------------------------------------------------


def take_snapshot() -> Steps[Snapshot | None]:
    """Read the newest reservations, to recognise newer ones later; None if the account may not list them.

    Raises:
        KorusError: They could not be read. Without a snapshot a lost hold could never be found.
    """
    try:
        page = yield from perform(ListReservations(1, _SNAPSHOT))
    except NotFound as error:
        if not is_from_api(error):  # an answer of a gateway
            raise
        return None
    except (PermissionDenied, OperationUnavailable):
        return None
    return Snapshot.of(page.members)


def hold(
    intent: Intent,
    lines: Sequence[Line],
    requested: Sequence[RequestedLine],
    items: Sequence[Mapping[str, Any]],
    *,
    snapshot: Snapshot | None,
    patience: Patience,
) -> Steps[HoldResult]:
    """Hold the items of one call.

    Raises:
        OutcomeUnknown: It is not known of any line whether it was held.
        KorusError: The API refused the call; nothing is held.
    """
    call = _Call(intent, patience, tuple(lines), tuple(requested), snapshot, tuple(items))
    yield from perform(OpenIntent(intent))
    try:
        return (yield from _rounds(call))
    except TakenOver:
        raise call.unknown(taken_over(OPERATION)) from None


def _rounds(call: _Call) -> Steps[HoldResult]:
    outcomes: dict[int, LineOutcome[ReservationFacts]] = {}
    pending = list(range(len(call.lines)))
    began = yield from perform(Now())
    for sends in range(1, _ROUNDS + 1):
        try:
            yield from advance(call, "sending")
        except JournalFailed as error:
            if sends == 1:
                raise
            # without the log the turn of each call is not known
            outcomes.update(_left_unknown(call, pending, error, _Look()))
            break
        try:
            answer = yield from perform(SendHold(call.intent, [call.items[place] for place in pending]))
        except KorusError as error:
            if not is_ambiguous(error) and not redirects_after_work(error):
                if sends == 1:
                    yield from write_down(Settle(call.intent, {"refused": type(error).__name__}))
                    raise
                # two looks have proven that nothing was held before
                outcomes.update(_refused(call, pending, error))
                break
            lost = error
        else:
            return (yield from _read(call, pending, outcomes, answer))
        report(_LOG, logging.WARNING, "hold_lost", f"{lost}; looking for its result")
        yield from still_mine(call)
        look = yield from _look_until_clear(call, pending, began, sends)
        outcomes.update(_found(call, look))
        repeatable = look.absent if sends < _ROUNDS else frozenset[int]()
        left = [place for place in pending if place not in outcomes]
        outcomes.update(_left_unknown(call, [place for place in left if place not in repeatable], lost, look))
        pending = [place for place in left if place in repeatable]
        if not pending:
            break
    return (yield from _finish(call, outcomes))


def _read(
    call: _Call,
    pending: Sequence[int],
    outcomes: dict[int, LineOutcome[ReservationFacts]],
    answer: HoldAnswer,
) -> Steps[HoldResult]:
    """Read the result of each line from an answer, and claim its reservations."""
    tied = correlate_holds([call.requested[place] for place in pending], answer.reservations, answer.failures)
    made = {
        iri
        for result in tied.lines
        for at in result.entries
        if (iri := answer.reservations[at].iri) is not None
    }
    # if the log cannot be written, the answer to this request is proof enough
    own = yield from write_down(Claim(call.intent, tuple(sorted(made))))
    outcomes.update(_tied(call, pending, tied, answer, set() if own is None else made - own))
    unmatched = tuple(answer.reservations[at] for at in tied.unmatched)
    return (yield from _finish(call, outcomes, tied.unmatched_failures, unmatched, is_answered=True))


def _tied(
    call: _Call, pending: Sequence[int], tied: Correlation, answer: HoldAnswer, foreign: set[str]
) -> dict[int, LineOutcome[ReservationFacts]]:
    found: dict[int, LineOutcome[ReservationFacts]] = {}
    for place, result in zip(pending, tied.lines, strict=True):
        line = call.lines[place]
        got = tuple(answer.reservations[at] for at in result.entries)
        if result.status == "succeeded" and not any(held.iri in foreign for held in got):
            found[place] = LineOutcome(line, "succeeded", got)
        elif result.status == "failed" and result.failure is not None:
            found[place] = _failed(line, result.failure)
        else:
            reason = result.shortfall or "the answer does not show its result"
            error = OutcomeUnknown(
                f"line {line.number}: {reason}",
                intent={**call.intent.to_dict(), "line": line.number},
                operation=OPERATION,
            )
            kept = () if any(held.iri in foreign for held in got) else got
            found[place] = LineOutcome(line, "unknown", kept, error=error)
    return found


def _failed(line: Line, entry: FailedEntry) -> LineOutcome[ReservationFacts]:
    error = ReservationFailed(
        f"line {line.number}: {entry.reason}",
        line=line.number,
        code=entry.code,
        raw=entry.raw,
        operation=OPERATION,
    )
    return LineOutcome(line, "failed", error=error, raw=entry.raw)


def _refused(
    call: _Call, places: Iterable[int], error: KorusError
) -> dict[int, LineOutcome[ReservationFacts]]:
    return {place: LineOutcome(call.lines[place], "failed", error=error) for place in places}


def _found(call: _Call, look: _Look) -> dict[int, LineOutcome[ReservationFacts]]:
    return {
        place: LineOutcome(call.lines[place], "succeeded", (held,), adopted=True)
        for place, held in look.found.items()
    }


def _left_unknown(
    call: _Call, places: Iterable[int], lost: KorusError, look: _Look
) -> dict[int, LineOutcome[ReservationFacts]]:
    return {
        place: LineOutcome(
            call.lines[place],
            "unknown",
            error=call.unknown(lost),
            candidates=look.candidates.get(place, ()),
        )
        for place in places
    }


def _finish(
    call: _Call,
    outcomes: Mapping[int, LineOutcome[ReservationFacts]],
    unmatched_failures: tuple[FailedEntry, ...] = (),
    unmatched: tuple[ReservationFacts, ...] = (),
    *,
    is_answered: bool = False,
) -> Steps[HoldResult]:
    """Write the outcomes to the log: settled, or open for the lines that are unknown.

    If another process has taken the intent over meanwhile, it finds the same result, since claims belong to the
    intent.
    """
    lines = tuple(outcomes[place] for place in range(len(call.lines)))
    if all(outcome.status != "unknown" for outcome in lines):
        claims = tuple(held.iri for outcome in lines for held in outcome.results if held.iri is not None)
        yield from write_down(Settle(call.intent, _recorded(call.intent, lines), claims))
        return HoldResult(lines, unmatched_failures, unmatched)
    intent = _noted(call.intent, lines)
    yield from write_down(Advance(intent, "unknown"))
    lines = tuple(_with_intent(outcome, intent) for outcome in lines)
    if not is_answered and all(outcome.status == "unknown" for outcome in lines):
        error = lines[0].error
        if isinstance(error, OutcomeUnknown):
            error.intent = intent.to_dict()
            error.candidates = tuple({held.iri: held for each in lines for held in each.candidates}.values())
            raise error
    return HoldResult(lines, unmatched_failures, unmatched)


def _with_intent(outcome: LineOutcome[ReservationFacts], intent: Intent) -> LineOutcome[ReservationFacts]:
    """Add the results of the other lines to the error of an unknown line, so that only this one is resolved."""
    if outcome.status == "unknown" and isinstance(outcome.error, OutcomeUnknown):
        outcome.error.intent = {**intent.to_dict(), "line": outcome.line.number}
    return outcome


# --- looking for what exists -------------------------------------------------------------------------------


@frozen
class _Look:
    """Result of looking for a lost call.

    Attributes:
        found: The reservations by the lines' indexes; claimed for the intent.
        candidates: The possible reservations of unclear lines.
        absent: The indexes of lines that two looks have proven absent.
    """

    found: Mapping[int, ReservationFacts] = field(factory=dict[int, ReservationFacts])
    candidates: Mapping[int, tuple[ReservationFacts, ...]] = field(factory=dict[int, Any])
    absent: frozenset[int] = frozenset()


@frozen
class _Listing:
    """Reservations created since the snapshot; ``is_whole`` if the list is certainly complete."""

    members: tuple[ReservationFacts, ...]
    is_whole: bool


def _look_until_clear(call: _Call, pending: Sequence[int], began: float, sends: int) -> Steps[_Look]:
    """Look until each pending line is found, or two looks `settle` apart show that it is absent."""
    patience, seen = call.patience, _Look()
    if call.snapshot is None:
        return seen
    lost_at = yield from perform(Now())
    ends = max(began + patience.most, lost_at + patience.settle)
    absent_since: dict[int, float] = {}
    pause = FIRST_PAUSE
    while True:
        now = yield from perform(Now())
        try:
            listing, matches = yield from _look_once(call, pending, sends)
            found = yield from _claimed(call, _found_in(listing, matches, pending))
        except KorusError as error:
            _LOG.debug("%s: cannot look: %s", OPERATION, error, extra={"event": "look_failed"})
        else:
            candidates = _candidates_in(listing, matches, pending)
            if not listing.is_whole or matches.is_pending:
                absent_since.clear()  # it proves nothing
            else:
                _note_absent(absent_since, [place for place in pending if place not in candidates], now)
            seen = _Look(found, candidates, _absent_for(absent_since, now, patience.settle))
            has_waited = now - lost_at >= patience.settle and not matches.is_pending
            if _is_clear(seen, pending, has_waited=has_waited or not patience.is_shared):
                return seen
            if has_waited and not listing.is_whole:
                return seen
        now = yield from perform(Now())
        if now >= ends:
            return seen
        yield from perform(Wait(min(pause, max(ends - now, 0.01))))
        pause = next_pause(pause)
        yield from still_mine(call)


def _note_absent(absent_since: dict[int, float], places: Iterable[int], now: float) -> None:
    """Record since when looks do not show these lines; the others were seen, so their absence starts over."""
    absent = set(places)
    for place in absent_since.keys() - absent:
        del absent_since[place]
    for place in absent:
        absent_since.setdefault(place, now)


def _absent_for(absent_since: Mapping[int, float], now: float, settle: float) -> frozenset[int]:
    """Return the lines that are absent in two looks at least `settle` apart."""
    return frozenset(place for place, since in absent_since.items() if since < now and now - since >= settle)


def _is_clear(seen: _Look, pending: Sequence[int], *, has_waited: bool) -> bool:
    """Return True if each line is found, proven absent, or has candidates that further waiting does not clarify."""
    open_lines = [place for place in pending if place not in seen.found and place not in seen.absent]
    return not open_lines or (has_waited and all(seen.candidates.get(place) for place in open_lines))


def _found_in(listing: _Listing, matches: Matches, pending: Sequence[int]) -> dict[int, ReservationFacts]:
    return {pending[at]: listing.members[where] for at, where in matches.found.items()}


def _candidates_in(
    listing: _Listing, matches: Matches, pending: Sequence[int]
) -> dict[int, tuple[ReservationFacts, ...]]:
    return {
        pending[at]: tuple(listing.members[where] for where in places)
        for at, places in matches.candidates.items()
        if places
    }


def _claimed(call: _Call, found: Mapping[int, ReservationFacts]) -> Steps[dict[int, ReservationFacts]]:
    """Claim reservations that were found; return those that belong to the call, as others may have claimed some."""
    iris = {held.iri for held in found.values() if held.iri is not None}
    if not iris:
        return {}
    own = yield from perform(Claim(call.intent, tuple(sorted(iris))))
    return {place: held for place, held in found.items() if held.iri in own}


def _look_once(call: _Call, pending: Sequence[int], sends: int) -> Steps[tuple[_Listing, Matches]]:
    listing = yield from _list_since(call.snapshot or Snapshot(frozenset(), None))
    # read after the list, so that each call with a result in the list is among them or has claimed it
    competing = yield from perform(Competing(call.intent, with_dormant=True))
    iris = tuple(held.iri for held in listing.members if held.iri is not None)
    taken = (yield from perform(Claimed(call.intent, iris))) | placed_reservations(call.intent)
    today = yield from perform(Today())
    # one that has ended is of no use to any call
    free = evolve(
        listing,
        members=tuple(
            held for held in listing.members if held.iri not in taken and held.ended(today) is None
        ),
    )
    matches = find_matches(
        [call.requested[place] for place in pending],
        free.members,
        call.intent,
        competing,
        is_shared=call.patience.is_shared,
        sends=sends,
    )
    return free, matches


def _list_since(snapshot: Snapshot) -> Steps[_Listing]:
    """List the reservations created since the snapshot, and check if the list is complete."""
    found: dict[str, ReservationFacts] = {}
    seen: set[str] = set()
    listed: list[ReservationFacts] = []
    is_whole, reached = True, not snapshot.iris
    for number in range(1, MOST_PAGES + 1):
        page: Page = yield from perform(ListReservations(number, PAGE))
        members: list[ReservationFacts] = list(page.members)
        fresh = [held for held in members if held.iri is not None and held.iri not in seen]
        listed += members
        seen.update(held.iri for held in fresh if held.iri is not None)
        newer = [held for held in fresh if not snapshot.is_before(held)]
        found.update((held.iri, held) for held in newer if held.iri is not None)
        if any(held.iri in snapshot.iris or snapshot.is_before(held) for held in members):
            reached = True
            break
        if page.total is not None and len(seen) >= page.total:
            break
        if not fresh:  # the end of the list, or a repeated page
            is_whole = not members and page.total is None
            break
    else:
        is_whole = False
    # a list that lacks known reservations, or has another order than requested, does not prove absence
    is_whole = is_whole and reached and is_newest_first(listed)
    opened, all_read = yield from _opened(list(found.values()))
    # entries that were listed by IRI only show their age now
    return _Listing(tuple(held for held in opened if not snapshot.is_before(held)), is_whole and all_read)


def _opened(members: Sequence[ReservationFacts]) -> Steps[tuple[list[ReservationFacts], bool]]:
    """Read the reservations that a list does not show in full; return False if some could not be read."""
    bare = [held for held in members if not held.is_readable and held.iri is not None]
    if not bare:
        return list(members), True
    read = yield from perform(Together(tuple(ReadReservation(held.iri or "") for held in bare)))
    opened = {
        held.iri: facts
        for held, facts in zip(bare, read, strict=True)
        if isinstance(facts, ReservationFacts) and facts.is_readable
    }
    return [opened.get(held.iri, held) for held in members], len(opened) == len(bare)


# --- resolving ---------------------------------------------------------------------------------------------


def resolve_hold(
    intent: Intent, lines: Sequence[Line], patience: Patience, *, is_ours: bool = True
) -> Steps[HoldResult]:
    """Find the result of a hold whose outcome is unknown; nothing is held again.

    Args:
        intent: The intent.
        lines: Its lines; those that are known already are not part of the result.
        patience: The waiting times.
        is_ours: True if the intent has been taken over from the log; else only claims are written to the log.

    Raises:
        OutcomeUnknown: The API did not answer.
    """
    stored = intent.details.get("baseline")
    snapshot = None if stored is None else Snapshot.from_dict(stored)
    call = _Call(intent, patience, tuple(lines), tuple(lines_of(intent)), snapshot, is_ours=is_ours)
    pending = [place for place, entry in enumerate(known_lines(intent)) if entry is None]
    lost = lost_answer(OPERATION)
    look = _Look(absent=frozenset(pending))
    if intent.sent:
        began = yield from perform(Now())
        try:
            look = yield from _look_until_clear(call, pending, began, _ROUNDS)
        except TakenOver:
            raise call.unknown(taken_over(OPERATION)) from None
        if not look.found and not look.absent and not look.candidates:
            raise call.unknown(lost)
    outcomes = _found(call, look)
    outcomes.update((place, _not_held(call.lines[place])) for place in pending if place in look.absent)
    outcomes.update(_left_unknown(call, [place for place in pending if place not in outcomes], lost, look))
    found = tuple(outcomes[place] for place in pending)
    noted = _noted(intent, found)
    if any(outcome.status == "unknown" for outcome in found):
        found = tuple(_with_intent(outcome, noted) for outcome in found)
    if is_ours and all(outcome.status != "unknown" for outcome in found):
        yield from write_down(Settle(noted, _recorded(noted, ())))
    elif is_ours:
        yield from write_down(Advance(noted, "unknown"))
    return HoldResult(found)


def _not_held(line: Line) -> LineOutcome[ReservationFacts]:
    error = ReservationFailed("nothing was held, or the hold has ended", line=line.number)
    return LineOutcome(line, "failed", error=error)


# --- entries of the log ------------------------------------------------------------------------------------


def _noted(intent: Intent, outcomes: Iterable[LineOutcome[ReservationFacts]]) -> Intent:
    """Add the known results to an intent, so that only the other lines are resolved later."""
    entries = {outcome.line.number: _entry(outcome) for outcome in outcomes if outcome.status != "unknown"}
    numbers = intent.details.get("lines") or ()
    known = [
        before or entries.get(number) for number, before in zip(numbers, known_lines(intent), strict=True)
    ]
    return evolve(intent, details={**intent.details, "known_lines": known})


def with_known_lines(taken: Intent, other: Intent) -> Intent:
    """Return an intent of the log with the results that its caller received, which the log may not have."""
    if taken.details.get("lines") != other.details.get("lines"):
        return taken
    known = [noted or said for noted, said in zip(known_lines(taken), known_lines(other), strict=True)]
    return evolve(taken, details={**taken.details, "known_lines": known})


def _recorded(intent: Intent, outcomes: Sequence[LineOutcome[ReservationFacts]]) -> dict[str, Any]:
    known = [entry for entry in known_lines(intent) if entry is not None]
    entries = [*known, *map(_entry, outcomes)]
    return {"lines": sorted(entries, key=lambda entry: entry["line"])}


def _entry(outcome: LineOutcome[ReservationFacts]) -> dict[str, Any]:
    return {
        "line": outcome.line.number,
        "status": outcome.status,
        "reservations": [held.iri for held in outcome.results],
        "code": outcome.code,
    }
