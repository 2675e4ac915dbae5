# Written by `python -m scripts.sync` from korus/_async/booking/hold.py; edit that file instead.
"""Bulk reservations of one client: concurrent calls, and the conversion of their facts to models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from korus._booking import hold_steps
from korus._booking.bulk_call import BulkResult
from korus._booking.intent_details import hold_details, hold_lines
from korus._booking.outcomes import Line, LineOutcome, Status
from korus._booking.request_items import RequestedLine, split
from korus._booking.violations import trace_violations
from korus._journal.intent_log import new_intent
from korus._primitives.synchronous import map_ordered
from korus.errors import KorusError, OutcomeUnknown, ValidationFailed
from korus_api import models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from korus._booking.facts import ReservationFacts
    from korus._booking.offer_facts import Knowledge
    from korus._booking.snapshot import Snapshot
    from korus._journal.intent_log import Intent
    from korus._sync.booking.driver import Driver
    from korus.models import Reservation

__all__ = ["hold_all", "reservation_model", "resolve"]


@frozen
class _Part:
    """Lines of one call."""

    lines: tuple[Line, ...]
    items: tuple[dict[str, Any], ...]
    prices: tuple[str | None, ...]


def hold_all(
    driver: Driver,
    lines: Sequence[Line],
    items: Sequence[dict[str, Any]],
    prices: Sequence[str | None],
    *,
    known: Knowledge,
    snapshot: Snapshot | None,
    external_reference: str | None,
    lines_per_call: int,
    concurrency: int,
) -> BulkResult[Reservation]:
    """Hold the items in calls of at most ``lines_per_call`` lines.

    Raises:
        ValidationFailed: The API refused every call; its violations are traced to lines.
        OutcomeUnknown: It is one call, and its result could not be determined.
        KorusError: No line has an outcome of its own.
    """
    parts = [
        _Part(
            tuple(lines[start : start + len(part)]),
            tuple(part),
            tuple(prices[start : start + len(part)]),
        )
        for start, part in split(items, lines_per_call)
    ]

    def hold(part: _Part) -> BulkResult[ReservationFacts] | KorusError:
        try:
            return _hold_part(driver, part, snapshot, external_reference)
        except ValidationFailed as refused:
            offset = part.lines[0].number - 1
            refused.violations = trace_violations(refused.violations, part.items, offset, known)
            return refused
        except KorusError as error:
            return error

    results = map_ordered(hold, parts, concurrency=concurrency)
    errors = [result for result in results if isinstance(result, KorusError)]
    if errors and len(errors) == len(results):
        raise _with_models(_together(errors))
    outcomes: list[LineOutcome[ReservationFacts]] = []
    for part, result in zip(parts, results, strict=True):
        outcomes += _failed(part, result) if isinstance(result, KorusError) else result.lines
    whole = [result for result in results if isinstance(result, BulkResult)]
    return BulkResult(
        tuple(outcomes),
        tuple(entry for result in whole for entry in result.unmatched_failures),
        tuple(held for result in whole for held in result.unmatched),
    ).built(reservation_model)


def _hold_part(
    driver: Driver, part: _Part, snapshot: Snapshot | None, external_reference: str | None
) -> BulkResult[ReservationFacts]:
    requested = [RequestedLine.of(item, price) for item, price in zip(part.items, part.prices, strict=True)]
    details = hold_details(part.items, part.prices, snapshot)
    details["lines"] = [line.number for line in part.lines]
    keys = [line.key for line in requested]
    intent = new_intent("hold", keys, details, reference=external_reference)
    steps = hold_steps.hold(
        intent, part.lines, requested, part.items, snapshot=snapshot, patience=driver.patience
    )
    return driver.run(steps)


def resolve(driver: Driver, intent: Intent) -> BulkResult[Reservation]:
    """Find the result of a hold whose outcome is unknown; nothing is held again.

    Raises:
        OutcomeUnknown: The API did not answer.
    """
    taken = driver.take(intent.id)
    lines = hold_lines(intent.details)
    asked = intent if taken is None else hold_steps.with_known_lines(taken, intent)
    steps = hold_steps.resolve_hold(asked, lines, driver.patience, is_ours=taken is not None)
    try:
        return (driver.run(steps, taken=taken)).built(reservation_model)
    except OutcomeUnknown as unknown:
        raise _with_models(unknown) from None


def reservation_model(facts: ReservationFacts) -> Reservation:
    """Return the model of a reservation."""
    return models.Reservation.from_dict(facts.to_dict())


def _with_models(error: KorusError) -> KorusError:
    """Convert the candidates of an unknown hold to models."""
    if isinstance(error, OutcomeUnknown):
        error.candidates = tuple(map(reservation_model, error.candidates))
    return error


def _failed(part: _Part, error: KorusError) -> list[LineOutcome[ReservationFacts]]:
    """Return the outcomes of lines whose call failed, while other calls did not."""
    status: Status = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
    candidates = error.candidates if isinstance(error, OutcomeUnknown) else ()
    return [LineOutcome(line, status, error=error, candidates=candidates) for line in part.lines]


def _together(errors: Sequence[KorusError]) -> KorusError:
    """Return the error to raise if every call failed: all violations, or an unknown outcome, or the first error."""
    refusals = [error for error in errors if isinstance(error, ValidationFailed)]
    if len(refusals) == len(errors) > 1:
        refusals[0].violations = tuple(found for error in refusals for found in error.violations)
    return next((error for error in errors if isinstance(error, OutcomeUnknown)), errors[0])
