"""Simulated users: shops that hold, order, retry, run again and recover at any time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import define, evolve

from korus._booking import effects as ask
from korus._booking import hold_steps, order_steps
from korus._booking.hold_steps import take_snapshot
from korus._booking.intent_details import hold_details, hold_lines, order_request_of
from korus._booking.orders import order_request, units_to_rebook
from korus._booking.outcomes import BulkOutcome
from korus._booking.recovery_steps import recover
from korus._booking.request_items import RequestedLine
from korus._core.raw_json import json_object
from korus._journal.intent_log import Intent
from korus.errors import InvalidArgument, KorusError, OutcomeUnknown, ReservationUnusable
from scripts.simulate.world import Cancelled, Parallel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from korus._booking.facts import OrderFacts, ReservationFacts
    from korus._booking.lines import BookingLine
    from korus._booking.orders import OrderRequest
    from korus._booking.outcomes import LineOutcome
    from scripts.simulate.audit import Request
from scripts.simulate.world import Moves, Process, World

__all__ = ["Job", "bystander", "healthy_recovery", "shop"]

_CUSTOMER: Final = {"firstname": "Ada", "lastname": "Example", "email": "ada@shop.example"}
_TRIES: Final = 3
_PATIENCE: Final = 6


@define(eq=False)
class Job:
    """Request of a customer, with the shop's state of it.

    Attributes:
        request: The request.
        lines: The request as lines of a booking.
        is_tried: True after a process has worked on it.
        is_over: True if no process will work on it again.
        last: The latest attempted order, which the shop has stored.
    """

    request: Request
    lines: tuple[BookingLine, ...]
    is_tried: bool = False
    is_over: bool = False
    last: OrderRequest | None = None


def item_of(line: BookingLine) -> dict[str, Any]:
    """Return a line in the form in which it is sent."""
    offer = line.offer
    sessions = [{"ticket": f"{offer}/tickets/t1", "session": f"{offer}/tickets/t1/sessions/s1"}]
    return {"offer": offer, "quantity": line.quantity, "ticketSessions": sessions}


def intent_id(world: World) -> str:
    """Return a random id for a new intent, since the order of ids decides turns."""
    return f"{world.choices.draw():03d}-{world.count():04d}"


# --- holding -----------------------------------------------------------------------------------------------


def hold(process: Process, lines: Sequence[BookingLine]) -> Moves[list[LineOutcome[ReservationFacts]]]:
    """Hold lines, in one call or in two concurrent ones; unknown ones are resolved once, or left."""
    world = process.world
    try:
        snapshot = yield from process.run(take_snapshot())
    except KorusError:
        return []
    in_two = len(lines) > 1 and world.choices.happens(300)
    parts = [lines[:1], lines[1:]] if in_two else [lines]
    results = yield Parallel([_hold_part(process, part, snapshot) for part in parts])
    return [outcome for result in results for outcome in result]


def _hold_part(
    process: Process, lines: Sequence[BookingLine], snapshot: Any
) -> Moves[list[LineOutcome[ReservationFacts]]]:
    world = process.world
    items = [item_of(line) for line in lines]
    prices: list[str | None] = ["10.00" for _ in lines]
    requested = [RequestedLine.of(item, price) for item, price in zip(items, prices, strict=True)]
    details = hold_details(items, prices, snapshot)
    details["lines"] = [line.number for line in lines]
    intent = Intent(intent_id(world), "hold", tuple(line.key for line in requested), details)
    world.items[intent.id] = items
    steps = hold_steps.hold(intent, lines, requested, items, snapshot=snapshot, patience=process.patience)
    try:
        result = yield from process.run(steps)
    except OutcomeUnknown as unknown:
        world.audit.verdicts["hold OutcomeUnknown"] += 1
        return (yield from _resolve_hold(process, intent, lines, unknown.intent))
    except KorusError as error:
        world.audit.verdicts[f"hold {type(error).__name__}"] += 1
        return []
    world.audit.held(intent, result.lines)
    found = list(result.lines)
    left = next((each.error for each in found if isinstance(each.error, OutcomeUnknown)), None)
    if left is not None:
        known = [each for each in found if each.status != "unknown"]
        return [*known, *(yield from _resolve_hold(process, intent, lines, left.intent))]
    return found


def _resolve_hold(
    process: Process, intent: Intent, lines: Sequence[BookingLine], told: Mapping[str, Any]
) -> Moves[list[LineOutcome[ReservationFacts]]]:
    """Resolve an unknown hold, as ``korus.reservations.resolve`` does."""
    world = process.world
    if world.choices.happens(300):
        return []
    yield ask.Wait(world.choices.between(0.0, 20.0))
    remembered = Intent.from_dict(dict(told), "hold")
    taken = process.log.take(process, intent.id)
    of = remembered if taken is None else hold_steps.with_known_lines(taken, remembered)
    steps = hold_steps.resolve_hold(of, hold_lines(of.details), process.patience, is_ours=taken is not None)
    try:
        result = yield from process.run(steps, taken=taken)
    except KorusError:
        world.audit.verdicts["hold unresolved"] += 1
        return []
    world.audit.held(of, result.lines)
    by_number = {line.number: line for line in lines}
    return [evolve(outcome, line=by_number[outcome.line.number]) for outcome in result.lines]


# --- ordering ----------------------------------------------------------------------------------------------


def order(process: Process, job: Job, request: OrderRequest) -> Moves[tuple[list[str], bool]]:
    """Order reservations.

    Returns:
        Those that failed, and True if nothing is unknown.
    """
    world, reference = process.world, request.external_reference
    iris = [line.reservation for line in request.lines]
    details = {"reservations": iris, "externalReference": reference}
    private = {"customer": dict(request.customer), "notes": request.notes}
    intent = Intent(intent_id(world), "order", tuple(iris), details, private, reference)
    try:
        result = yield from process.run(order_steps.order(intent, request, process.patience))
    except OutcomeUnknown as unknown:
        world.audit.order_refused(intent, reference, unknown, iris)
        return (yield from _resolve_order(process, job, request, intent, unknown.intent))
    except ReservationUnusable as unusable:
        failed = [problem.reservation for problem in unusable.problems]
        world.audit.verdicts["order ReservationUnusable"] += 1
        world.audit.found_unusable(reference, failed)
        left = [line for line in request.lines if line.reservation not in failed]
        if not left:
            return failed, True
        more, is_clear = yield from order(process, job, evolve(request, lines=tuple(left)))
        return [*failed, *more], is_clear
    except KorusError as error:
        world.audit.order_refused(intent, reference, error, iris)
        if world.choices.happens(500):
            return [], False
        yield ask.Wait(world.choices.between(0.0, 10.0))
        return (yield from order(process, job, request)) if world.choices.happens(800) else ([], False)
    world.audit.ordered(intent, reference, result.lines)
    return (yield from _after_order(process, job, request, intent, result.lines))


def _after_order(
    process: Process,
    job: Job,
    request: OrderRequest,
    intent: Intent,
    lines: Iterable[LineOutcome[OrderFacts]],
) -> Moves[tuple[list[str], bool]]:
    found = list(lines)
    failed = [_reservation(each) for each in found if each.status == "failed"]
    unknown = [each for each in found if each.status == "unknown"]
    if not unknown:
        return failed, True
    error = next((each.error for each in unknown if isinstance(each.error, OutcomeUnknown)), None)
    if error is None:
        return failed, False
    open_lines = {_reservation(each) for each in unknown}
    left = evolve(request, lines=tuple(line for line in request.lines if line.reservation in open_lines))
    more, is_clear = yield from _resolve_order(process, job, left, intent, error.intent)
    return [*failed, *(iri for iri in more if iri in open_lines)], is_clear


def _resolve_order(
    process: Process, job: Job, request: OrderRequest, intent: Intent, told: Mapping[str, Any]
) -> Moves[tuple[list[str], bool]]:
    """Handle an unknown order: resolve it, order the same again, or leave it to recovery."""
    world = process.world
    options = ("resolve", "order again", "resolve late", "leave")
    what = world.choices.pick(options) if world.script is None else world.script.unknown()
    if what == "leave":
        return [], False
    if what == "order again":
        return (yield from order(process, job, request))
    yield ask.Wait(world.choices.between(0.0, 20.0 if what == "resolve" else 2 * world.character.life))
    taken = process.log.take(process, intent.id)
    of = taken or Intent.from_dict(dict(told), "order")
    steps = order_steps.resolve_order(of, order_request_of(of), process.patience, is_ours=taken is not None)
    try:
        result = yield from process.run(steps, taken=taken)
    except KorusError:
        world.audit.verdicts["order unresolved"] += 1
        return [], False
    world.audit.ordered(of, request.external_reference, result.lines)
    failed = [_reservation(each) for each in result.lines if each.status == "failed"]
    return failed, all(each.status != "unknown" for each in result.lines)


def _reservation(outcome: LineOutcome[OrderFacts]) -> str:
    return str(getattr(outcome.line, "reservation", ""))


# --- a shop ------------------------------------------------------------------------------------------------


def shop(process: Process, job: Job) -> Moves[None]:
    """Book the request of a customer.

    A second run recovers, lists what exists and books what is missing; or it orders the same reservations again.
    """
    world = process.world
    try:
        lines: Sequence[BookingLine] = job.lines
        if job.is_tried and job.last is not None and _orders_same(world):
            lines = yield from _order_and_retry(process, job, job.last)
        elif job.is_tried:
            lines = yield from _missing(process, job)
        job.is_tried = True
        for _ in range(_TRIES):
            if not lines:
                break
            lines = yield from _book(process, job, lines)
        job.is_over = True
    except Cancelled:
        # the customer has left; or the shop runs again later with its own state
        job.is_over = world.choices.happens(500) if world.script is None else world.script.gives_up
        raise


def _orders_same(world: World) -> bool:
    return world.choices.happens(300) if world.script is None else world.script.orders_same


def _book(process: Process, job: Job, lines: Sequence[BookingLine]) -> Moves[list[BookingLine]]:
    """Hold and order lines; return the lines to hold again."""
    world = process.world
    held = yield from hold(process, lines)
    if not held:  # nothing is held; unknown holds expire
        return list(lines)
    failed = [_line(each) for each in held if each.status == "failed"]
    whole = [_as_json(each) for each in held if each.status == "succeeded"]
    if not whole:
        return _joined(failed)
    pauses = (0.0, 0.0, 5.0, world.character.life - 3.0, world.character.life)
    yield ask.Wait(world.choices.pick(pauses) if world.script is None else world.script.pause)
    outcome: BulkOutcome[Any, Any] = BulkOutcome(tuple(whole))
    request = order_request(outcome, _CUSTOMER, job.request.reference, None, "https://api.example")
    return _joined([*failed, *(yield from _order_and_retry(process, job, request))])


def _order_and_retry(process: Process, job: Job, request: OrderRequest) -> Moves[list[BookingLine]]:
    """Order; return the failed units, as ``retry_failed`` does, or none while a line is unknown."""
    job.last = request
    refused, is_clear = yield from order(process, job, request)
    if not refused or not is_clear or process.world.choices.happens(200):
        return []
    try:
        return [evolve(line, quantity=units) for line, units in units_to_rebook(request, refused)]
    except InvalidArgument:
        return []


def _as_json(outcome: LineOutcome[ReservationFacts]) -> LineOutcome[Any]:
    return outcome.built(_raw)


def _raw(facts: ReservationFacts) -> Any:
    return facts.raw if json_object(facts.raw) is not None else facts.iri


def _line(outcome: LineOutcome[ReservationFacts]) -> BookingLine:
    return cast("BookingLine", outcome.line)


def _joined(lines: Iterable[BookingLine]) -> list[BookingLine]:
    return [evolve(line, number=number) for number, line in enumerate(lines, start=1)]


def _missing(process: Process, job: Job) -> Moves[list[BookingLine]]:
    """Recover, list the existing orders, and return the missing lines; none if they are not known."""
    world = process.world
    for _ in range(_PATIENCE):
        is_clear = yield from run_recovery(process)
        mine = [
            intent
            for intent in process.log.open_intents()
            if intent.kind == "order" and intent.reference == job.request.reference
        ]
        if is_clear and not mine:
            break
        yield ask.Wait(world.character.life / 2)
    else:
        return []
    yield ask.Wait(world.settle)
    units: Counter[str] = Counter()
    for made in world.api.orders(job.request.reference, world.now - world.settle):
        units[made.held.offer] += made.held.units
    left: list[BookingLine] = []
    for line in job.lines:
        there = min(units[line.offer], line.quantity)
        units[line.offer] -= there
        if there < line.quantity:
            left.append(evolve(line, quantity=line.quantity - there))
    return _joined(left)


# --- recovery ----------------------------------------------------------------------------------------------


def run_recovery(process: Process, *, complete: bool = True) -> Moves[bool]:
    """Recover, as ``korus.journal.recover()`` does; return False if it failed."""
    world = process.world
    before = process.log.left_behind(process)
    try:
        reported = yield from process.run(recover(complete=complete))
    except KorusError as error:
        world.audit.verdicts[f"recover: {type(error).__name__}"] += 1
        return False
    world.audit.recovery_ended(process, before, reported)
    return all(each.error is None for each in reported)


def bystander(process: Process, pauses: Sequence[float]) -> Moves[None]:
    """Recover at some times."""
    for pause in pauses:
        yield ask.Wait(pause)
        yield from run_recovery(process, complete=not process.world.choices.happens(200))


def healthy_recovery(process: Process) -> Moves[None]:
    """Recover until all intents are settled, until after the end of all reservations."""
    world = process.world
    for _ in range(_TRIES):
        yield ask.Wait(world.character.life + 2 * world.lease)
        yield from run_recovery(process)
