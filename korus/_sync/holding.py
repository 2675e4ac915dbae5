# Written by `python -m scripts.sync` from korus/_async/holding.py; edit that file instead.
"""Carrying out a bulk reservation: each hold once, whatever becomes of the answers.

A call whose answer is lost may have been carried out. Then the newest reservations are looked at until it is
clear: what is found is adopted, what is certainly not there is asked for again, and what cannot be told is
unknown. What a reservation must look like to be adopted is decided in `korus.adoption`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from korus._primitives.synchronous import map_ordered, sleep
from korus.adoption import (
    Baseline,
    adoptable,
    could_be,
    hold_details,
    hold_subjects,
    placed_reservations,
    told_lines,
)
from korus.booking import Knowledge, split, trace_violations
from korus.errors import (
    DecodingFailed,
    KorusError,
    NotFound,
    OperationUnavailable,
    OutcomeUnknown,
    PermissionDenied,
    ReservationFailed,
    UnexpectedCount,
    ValidationFailed,
)
from korus.fate import lost_answer, may_have_happened, may_still_happen
from korus.intents import Intent, new_intent
from korus.matching import Answer, describe_failure, failed_entries, match_reservations
from korus.operations import available, request_for
from korus.outcomes import Line, LineOutcome, Status
from korus.pages import read_envelope
from korus.wire import iri_of, objects, wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from korus._sync.books import Books
    from korus._sync.transport import Transport
    from korus.models import Reservation

__all__ = ["Holding", "HoldResult"]

_LOG = logging.getLogger("korus")
_OPERATION = "bulk_create_reservations"
_PAGE = 50
# enough to know what was made in the same second as the newest
_BASELINE = 20
_MOST_PAGES = 40
_FIRST_LOOK = 0.2
_LONGEST_PAUSE = 2.0
_ROUNDS = 3
# an answer that came, though of no use, says that the API is done; its list may lag behind a little
_ANSWERED = 1.0


@frozen
class HoldResult:
    """What became of the lines of a booking.

    Attributes:
        lines: One outcome for each line, in order.
        unplaced: Failed entries that belong to no line that could be told.
        strangers: Reservations that exist beside what the lines got.
    """

    lines: tuple[LineOutcome[Reservation], ...]
    unplaced: tuple[Any, ...] = ()
    strangers: tuple[Reservation, ...] = ()


@frozen
class _Call:
    """The lines of one request."""

    lines: tuple[Line, ...]
    items: tuple[dict[str, Any], ...]
    prices: tuple[str | None, ...]
    baseline: Baseline | None
    round: int = 1

    def part(self, places: Sequence[int]) -> _Call:
        """The same call for some of its lines, one round later."""
        return _Call(
            tuple(self.lines[place] for place in places),
            tuple(self.items[place] for place in places),
            tuple(self.prices[place] for place in places),
            self.baseline,
            self.round + 1,
        )


class Holding:
    """Holds for one client.

    Args:
        transport: What carries requests out.
        books: The client's ledger.
    """

    def __init__(self, transport: Transport, books: Books) -> None:
        self._transport = transport
        self._books = books

    def baseline(self) -> Baseline | None:
        """Look at the newest reservations, to know later which are newer; None where that is not allowed."""
        try:
            return Baseline.of(self._newest(1, _BASELINE))
        except (PermissionDenied, NotFound, OperationUnavailable):
            return None

    def place(
        self,
        lines: Sequence[Line],
        items: Sequence[dict[str, Any]],
        prices: Sequence[str | None],
        known: Knowledge,
        baseline: Baseline | None,
        *,
        lines_per_call: int,
        concurrency: int,
    ) -> HoldResult:
        """Hold what the items ask for, in calls of at most ``lines_per_call`` lines.

        Raises:
            ValidationFailed: The API refused every call; its violations are traced to lines.
            OutcomeUnknown: It is one call, and what became of it could not be found out.
            KorusError: Not one line got as far as an outcome of its own.
        """
        calls = [
            _Call(
                tuple(lines[start : start + len(part)]),
                tuple(part),
                tuple(prices[start : start + len(part)]),
                baseline,
            )
            for start, part in split(items, lines_per_call)
        ]

        def carry_out(call: _Call) -> HoldResult | KorusError:
            try:
                return self._carry_out(call)
            except ValidationFailed as refused:
                offset = call.lines[0].number - 1
                refused.violations = trace_violations(refused.violations, call.items, offset, known)
                return refused
            except KorusError as error:
                return error

        results = map_ordered(carry_out, calls, concurrency=concurrency)
        errors = [result for result in results if isinstance(result, KorusError)]
        if errors and len(errors) == len(results):
            raise _together(errors)
        outcomes: list[LineOutcome[Reservation]] = []
        for call, result in zip(calls, results, strict=True):
            outcomes += _failed(call, result) if isinstance(result, KorusError) else result.lines
        whole = [result for result in results if isinstance(result, HoldResult)]
        return HoldResult(
            tuple(outcomes),
            tuple(entry for result in whole for entry in result.unplaced),
            tuple(held for result in whole for held in result.strangers),
        )

    def _carry_out(self, call: _Call) -> HoldResult:
        details = hold_details(call.items, call.prices, call.baseline)
        details["lines"] = [line.number for line in call.lines]
        intent = new_intent("hold", hold_subjects(call.items), details)
        self._books.open(intent)
        try:
            try:
                answer = self._send(call)
            except KorusError as error:
                if not may_have_happened(error):
                    self._books.settle(intent, {"refused": type(error).__name__})
                    raise
                lost = error
            else:
                return self._read(call, intent, *answer)
            return self._find_out(call, intent, lost)
        except KorusError:
            raise
        except BaseException:
            self._books.abandon(intent)
            raise

    def _send(self, call: _Call) -> tuple[list[Any], tuple[Any, ...]]:
        """Send the items; give the reservations and the failed entries that came."""
        with available(_OPERATION):
            from korus_api.api.reservation import bulk_create_reservations

        request = {
            "method": bulk_create_reservations.OPERATION.method,
            "url": bulk_create_reservations.OPERATION.path,
            "headers": {"Content-Type": "application/ld+json"},
            "json": {"items": list(call.items)},
        }
        answer = self._transport.send(bulk_create_reservations.OPERATION, request)
        document = answer.object()
        made = document.get("reservations")
        if not isinstance(made, list) and "failedReservations" not in document:
            raise DecodingFailed(
                f"{_OPERATION}: the answer lists neither reservations nor failures",
                excerpt=answer.content[:200],
                content_type=answer.headers.get("content-type"),
                operation=_OPERATION,
                status=answer.status,
                request_id=answer.request_id,
            )
        return list(objects(document, "reservations")), failed_entries(document.get("failedReservations"))

    def _read(self, call: _Call, intent: Intent, made: list[Any], failed: tuple[Any, ...]) -> HoldResult:
        """Tell from an answer what became of each line, and claim what was made."""
        matched = match_reservations(call.items, made, failed)
        models = [_model(entry) for entry in made]
        iris = [iri for iri in map(iri_of, made) if iri is not None]
        told = [_told(line, place, matched, models) for place, line in enumerate(call.lines)]
        known = [outcome for outcome in told if outcome is not None]
        if len(known) == len(told):
            self._books.settle(intent, _recorded(intent, known), iris)
        else:
            intent = _left_open(intent, known)
            self._books.leave(intent, iris)
        outcomes = tuple(
            outcome or _untold(line, intent) for line, outcome in zip(call.lines, told, strict=True)
        )
        strangers = tuple(models[place] for place in matched.strangers)
        return HoldResult(outcomes, matched.unplaced, strangers)

    def _find_out(self, call: _Call, intent: Intent, lost: KorusError) -> HoldResult:
        """Find out what became of a call whose answer was lost."""
        _LOG.warning("%s: %s; looking for what became of it", _OPERATION, lost)
        self._books.move(intent, "looking")
        adopted, unclear = self._look_until_clear(call, intent, lost)
        if unclear is None or len(unclear) == len(call.lines):  # of not one line can anything be said
            self._books.move(intent, "unknown")
            raise _unknown(intent, lost)
        results: dict[int, LineOutcome[Reservation]] = {
            place: LineOutcome(call.lines[place], "succeeded", (held,), adopted=True)
            for place, held in adopted.items()
        }
        missing = [place for place in range(len(call.lines)) if place not in results and place not in unclear]
        if len(missing) == len(call.lines) and call.round >= _ROUNDS:
            self._books.move(intent, "unknown")
            raise _unknown(intent, lost)
        if unclear:
            intent = _left_open(intent, list(results.values()), [call.lines[place] for place in missing])
            self._books.leave(intent)
        else:
            self._books.settle(intent, _recorded(intent, list(results.values())))
        for place in unclear:
            results[place] = LineOutcome(call.lines[place], "unknown", error=_unknown(intent, lost))
        again = self._again(call, missing) if missing else HoldResult(())
        results.update(zip(missing, again.lines, strict=True))
        strangers = self._strangers(call, intent, missing) if missing else ()
        lines = tuple(results[place] for place in range(len(call.lines)))
        return HoldResult(lines, again.unplaced, (*again.strangers, *strangers))

    def _again(self, call: _Call, missing: Sequence[int]) -> HoldResult:
        """Ask once more for what was certainly not held."""
        part = call.part(missing)
        if part.round > _ROUNDS:
            errors = [
                ReservationFailed("it was not held, and was asked for often enough", line=line.number)
                for line in part.lines
            ]
            return HoldResult(
                tuple(
                    LineOutcome(line, "failed", error=error)
                    for line, error in zip(part.lines, errors, strict=True)
                )
            )
        try:
            return self._carry_out(part)
        except KorusError as error:
            if len(part.lines) == len(call.lines):
                raise
            return HoldResult(tuple(_failed(part, error)))

    def _strangers(self, call: _Call, intent: Intent, missing: Sequence[int]) -> tuple[Reservation, ...]:
        """Look whether a call that was taken for lost has been carried out late, after it was repeated.

        Such holds are claimed, so that nobody takes them for theirs, and end by themselves.
        """
        try:
            candidates = self._candidates(call.baseline)
        except KorusError as error:
            _LOG.debug("%s: cannot look: %s", _OPERATION, error)
            return ()
        if self._books.rivals(intent):
            return ()  # it may be theirs
        candidates = self._free(candidates)
        late = [held for held in candidates if any(could_be(call.items[place], held) for place in missing)]
        own = self._books.claim(intent, [iri for iri in map(iri_of, late) if iri])
        found = tuple(_model(held) for held in late if iri_of(held) in own)
        if found:
            _LOG.warning("%s: carried out late: %d holds that nobody needs", _OPERATION, len(found))
        return found

    def _look_until_clear(
        self, call: _Call, intent: Intent, lost: KorusError
    ) -> tuple[dict[int, Reservation], set[int] | None]:
        """Look until every line is found, or long enough.

        Returns:
            What was found by the line's place, and the lines of which it cannot be said; None for these when
            the API could not be asked at all.
        """
        patience = self._transport.config.retry.settle
        enough = patience if may_still_happen(lost) else min(patience, _ANSWERED)
        most = max(patience, self._transport.config.timeouts.total or patience)
        if call.baseline is None:
            return {}, None
        began, pause = self._now(), _FIRST_LOOK
        while True:
            waited = self._now() - began
            try:
                found, unclear, pending = self._look(call, intent)
            except KorusError as error:
                _LOG.debug("%s: cannot look: %s", _OPERATION, error)
            else:
                if len(found) == len(call.lines) or (waited >= enough and not pending):
                    own = self._books.claim(intent, [iri for iri in map(iri_of, found.values()) if iri])
                    lost_race = {place for place, held in found.items() if iri_of(held) not in own}
                    if not lost_race:
                        return {place: _model(held) for place, held in found.items()}, unclear
            if waited >= most:
                return {}, None
            sleep(pause)
            pause = min(pause * 1.6, _LONGEST_PAUSE)
            self._books.move(intent, "looking")

    def _look(self, call: _Call, intent: Intent) -> tuple[dict[int, Mapping[str, Any]], set[int], bool]:
        """Look once: what was found, the lines that are unclear, whether others are under way."""
        candidates = self._candidates(call.baseline)
        # read after the list, so that whoever made something in it is among them or has claimed it
        rivals = self._books.rivals(intent)
        free = self._free(candidates, intent)
        found = adoptable(call.items, free, intent, rivals)
        return {place: free[at] for place, at in found.adopted.items()}, set(found.unclear), found.pending

    def _free(
        self, candidates: Sequence[Mapping[str, Any]], intent: Intent | None = None
    ) -> list[Mapping[str, Any]]:
        """Leave out what somebody has claimed; what an intent has claimed is free for its open lines."""
        claimed = self._books.claimed((iri for iri in map(iri_of, candidates) if iri), intent)
        placed: frozenset[str] = frozenset() if intent is None else placed_reservations(intent)
        return [held for held in candidates if iri_of(held) not in claimed | placed]

    def _candidates(self, baseline: Baseline | None) -> list[Mapping[str, Any]]:
        """List the reservations made since the baseline.

        Raises:
            UnexpectedCount: There are more than can be looked through, so what is not found may be there still.
        """
        if baseline is None:
            return []
        found: dict[str, Mapping[str, Any]] = {}
        for number in range(1, _MOST_PAGES + 1):
            page = self._newest(number)
            newer = [held for held in page if not baseline.is_before(held)]
            found.update((iri, held) for held in newer if (iri := iri_of(held)) is not None)
            if len(newer) < len(page) or not page:
                return list(found.values())
        raise UnexpectedCount(
            f"list_reservations: more than {_MOST_PAGES * _PAGE} reservations were made since the call began",
            operation="list_reservations",
        )

    def _newest(self, number: int, size: int = _PAGE) -> list[Mapping[str, Any]]:
        with available("list_reservations"):
            from korus_api.api.reservation import list_reservations

        request = request_for(
            list_reservations,
            order_created_at="desc",
            items_per_page=size,
            page=None if number == 1 else number,
        )
        answer = self._transport.send(list_reservations.OPERATION, request)
        url = self._transport.config.base_url + str(request["url"])
        envelope = read_envelope(answer.json(), operation="list_reservations", url=url)
        return [member for member in envelope.members if isinstance(member, dict)]

    def resolve(self, intent: Intent, lines: Sequence[Line], *, recent: bool = False) -> HoldResult:
        """Ask again what became of an intent that was left unknown; nothing is held anew.

        Args:
            intent: The intent.
            lines: Its lines; those of which it is known already are left out.
            recent: Whether the API may still be at work on it.

        Raises:
            OutcomeUnknown: The API could not be asked.
        """
        told = told_lines(intent)
        lines = [line for line, known in zip(lines, told, strict=True) if known is None]
        stored = [
            item for item, known in zip(objects(intent.details, "items"), told, strict=True) if known is None
        ]
        baseline = intent.details.get("baseline")
        call = _Call(
            tuple(lines),
            tuple(stored),
            tuple(item.get("price") for item in stored),
            None if baseline is None else Baseline.from_dict(baseline),
            _ROUNDS,
        )
        lost = lost_answer(_OPERATION, recent=recent)
        adopted, unclear = self._look_until_clear(call, intent, lost)
        if unclear is None:
            raise _unknown(intent, lost)
        outcomes: dict[int, LineOutcome[Reservation]] = {}
        for place, line in enumerate(call.lines):
            held = adopted.get(place)
            if held is not None:
                outcomes[place] = LineOutcome(line, "succeeded", (held,), adopted=True)
            elif place not in unclear:
                error = ReservationFailed("nothing was held, or it has ended by now", line=line.number)
                outcomes[place] = LineOutcome(line, "failed", error=error)
        if unclear:
            intent = _left_open(intent, list(outcomes.values()))
            self._books.leave(intent)
        else:
            self._books.settle(intent, _recorded(intent, list(outcomes.values())))
        for place in unclear:
            outcomes[place] = LineOutcome(call.lines[place], "unknown", error=_unknown(intent, lost))
        return HoldResult(tuple(outcomes[place] for place in range(len(call.lines))))

    def _now(self) -> float:
        return self._transport.clock.monotonic()


def _model(entry: Any) -> Reservation:
    from korus_api.models import Reservation

    source = wire(entry)
    return entry if source is None else Reservation.from_dict(source)


def _told(
    line: Line, place: int, matched: Answer, models: Sequence[Reservation]
) -> LineOutcome[Reservation] | None:
    """Give the outcome of a line that an answer tells; None when it does not."""
    verdict = matched.verdicts[place]
    if verdict.status == "succeeded":
        return LineOutcome(line, "succeeded", tuple(models[at] for at in verdict.entries))
    if verdict.status == "failed":
        reason, code = describe_failure(verdict.raw)
        error = ReservationFailed(
            f"line {line.number}: {reason}",
            line=line.number,
            code=code,
            raw=verdict.raw,
            operation=_OPERATION,
        )
        return LineOutcome(line, "failed", error=error, raw=verdict.raw)
    return None


def _untold(line: Line, intent: Intent) -> LineOutcome[Reservation]:
    error = OutcomeUnknown(
        f"line {line.number}: the answer does not tell what became of it",
        intent={**intent.to_dict(), "line": line.number},
        operation=_OPERATION,
    )
    return LineOutcome(line, "unknown", error=error)


def _left_open(
    intent: Intent, outcomes: Sequence[LineOutcome[Reservation]], repeated: Sequence[Line] = ()
) -> Intent:
    """Note with an intent what is known of its lines, so that later only the others are asked about.

    Args:
        intent: The intent.
        outcomes: What is known.
        repeated: Lines that are asked for again, as another intent.
    """
    entries = {entry["line"]: entry for entry in _entries(outcomes)}
    entries |= {line.number: {"line": line.number, "status": "repeated"} for line in repeated}
    told = [
        known or entries.get(number)
        for number, known in zip(objects(intent.details, "lines"), told_lines(intent), strict=True)
    ]
    return evolve(intent, details={**intent.details, "told": told})


def _recorded(intent: Intent, outcomes: Sequence[LineOutcome[Reservation]]) -> dict[str, Any]:
    told = [known for known in told_lines(intent) if known is not None]
    return {"lines": sorted([*told, *_entries(outcomes)], key=lambda entry: entry["line"])}


def _entries(outcomes: Sequence[LineOutcome[Reservation]]) -> list[dict[str, Any]]:
    return [
        {
            "line": outcome.line.number,
            "status": outcome.status,
            "reservations": [iri_of(result) for result in outcome.results],
            "code": outcome.code,
        }
        for outcome in outcomes
    ]


def _failed(call: _Call, error: KorusError) -> list[LineOutcome[Reservation]]:
    """Give the outcomes of lines whose whole call failed, beside others that did not."""
    status: Status = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
    return [LineOutcome(line, status, error=error) for line in call.lines]


def _unknown(intent: Intent, lost: KorusError) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{_OPERATION}: it is not known whether this was held, since the answer was lost ({lost}) and asking "
        "did not settle it; korus.reservations.resolve asks again",
        intent=intent.to_dict(),
        operation=_OPERATION,
        status=lost.status,
        request_id=lost.request_id,
    )


def _together(errors: Sequence[KorusError]) -> KorusError:
    """Give the error to raise when every call failed: all violations, or what is unknown, or the first."""
    refusals = [error for error in errors if isinstance(error, ValidationFailed)]
    if len(refusals) == len(errors) > 1:
        refusals[0].violations = tuple(found for error in refusals for found in error.violations)
    return next((error for error in errors if isinstance(error, OutcomeUnknown)), errors[0])
