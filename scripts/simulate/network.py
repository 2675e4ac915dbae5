"""Network faults of requests that book, on the way to the API and back.

A request that books starts, is processed at some time or never, and ends with an answer or an error. The numbers of the
schedule decide each of the three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from attrs import define, field, frozen

from korus._booking.facts import (
    FailedEntry,
    HoldAnswer,
    OrderAnswer,
    OrderFacts,
    ReservationFacts,
)
from korus.errors import (
    BadRequest,
    Conflict,
    ConnectionFailed,
    ConnectionLost,
    DecodingFailed,
    KorusError,
    NotFound,
    PermissionDenied,
    Problem,
    RateLimited,
    ServerError,
    StatusError,
    TimedOut,
    ValidationFailed,
)
from scripts.simulate.answers import HOLD_TWISTS, ORDER_TWISTS, Entries, failed_hold, failed_order, twisted
from scripts.simulate.model import ALREADY, Bought

if TYPE_CHECKING:
    from collections.abc import Callable

    from korus._booking import effects as ask
    from scripts.simulate.world import Process, World

__all__ = ["Reply", "gateway_404", "send_hold", "send_order"]

_WORK: Final = 0.05
_ANSWER: Final = 0.1
_SERVER_ERRORS: Final = 500

_WITHOUT_WORK: Final = (
    "connection refused",
    "answer lost before the work",
    "5xx without the work",
    "3xx without the work",
    "4xx without the work",
    "gateway's 404 for a request",
    "refused for now (401, 403, 429)",
)
_WITH_WORK: Final = (
    "answer lost after the work",
    "5xx after the work",
    "3xx after the work",
    "unreadable answer after the work",
    "work done late after a lost answer",
    "work done late after a 5xx",
    "a proxy's second try refused",
)
_PARTIAL_HOLDS: Final = ("line refused", "a hold for each unit", "fewer units held")
_PARTIAL_ORDERS: Final = (
    "order refused",
    "fewer tickets",
    "a proxy's second try refused by line",
    "issuer's timeout after the work",
    "refused without a reason after the work",
)
_STOP: Final = "suspended before sending"
# cases without network faults are more frequent
_HOLD_FAULTS: Final = (*_WITHOUT_WORK, *_WITH_WORK, _STOP, *_PARTIAL_HOLDS * 4, *HOLD_TWISTS)
_ORDER_FAULTS: Final = (*_WITHOUT_WORK, *_WITH_WORK * 2, _STOP, *_PARTIAL_ORDERS * 3, *ORDER_TWISTS)


@frozen
class Reply:
    """End of an effect: its time, and ``finish``, which returns the result or raises."""

    at: float
    finish: Callable[[], Any]


@define
class _Request:
    """Request that books."""

    kind: str | None
    begun: float
    ends: float
    works: float | None
    error: KorusError | None = None
    twist: str | None = None
    made: list[Any] = field(factory=list[Any])
    failed: list[Any] = field(factory=list[Any])


def _planned(world: World, process: Process, effect: str) -> _Request:
    """Decide the course of a request that books."""
    choices = world.choices
    faults, weight = (_HOLD_FAULTS, 2.0) if effect == "SendHold" else (_ORDER_FAULTS, 6.0)
    kind = world.fault(faults, weight, effect)
    begun = world.now
    if kind == _STOP:
        begun += choices.between(1.0, 2 * world.lease)
        process.suspend(begun)
        kind = world.fault((*_WITHOUT_WORK, *_WITH_WORK), 4.0, effect)
    plan = _Request(kind, begun, begun + _ANSWER, begun + _WORK)
    if kind in _WITHOUT_WORK:
        plan.works = None
        plan.error = _error(world, kind)
    elif kind in _WITH_WORK:
        plan.error = _error(world, kind)
        if kind.startswith("work done late"):
            longest = world.settle if world.assumptions.a2 else 12 * world.settle
            plan.works = plan.ends + choices.between(0.1, longest)
    elif kind in HOLD_TWISTS or kind in ORDER_TWISTS:
        plan.twist = kind
    if isinstance(plan.error, TimedOut):
        wait = choices.between(0.0, 30.0)
        plan.ends += wait
        if plan.works is not None and kind is not None and kind.startswith("work done late"):
            plan.works += wait
    return plan


def _error(world: World, kind: str) -> KorusError:  # noqa: PLR0911 (one for each kind)
    choices = world.choices
    if kind == "connection refused":
        return ConnectionFailed(kind, sent=False)
    if "lost" in kind:
        return choices.pick((ConnectionLost(kind, sent=True), TimedOut(kind, sent=True)))
    if "5xx" in kind:
        status = choices.pick((500, 502, 503, 504, 520, 524, 408, 499))
        return (ServerError if status >= _SERVER_ERRORS else StatusError)(kind, status=status)
    if "3xx" in kind:
        return StatusError(kind, status=choices.pick((303, 302, 307)))
    if kind == "gateway's 404 for a request":
        return gateway_404()
    if "401" in kind:
        return choices.pick((RateLimited(kind, status=429), PermissionDenied(kind, status=403)))
    if kind == "a proxy's second try refused":
        detail = ALREADY if world.api.character.explains and choices.happens(500) else "cannot be used"
        return _refusal(choices.pick((Conflict, ValidationFailed, BadRequest, PermissionDenied)), detail)
    if kind == "4xx without the work":
        return _refusal(choices.pick((Conflict, ValidationFailed, BadRequest)), "not possible")
    return DecodingFailed(kind)


def _refusal(
    kind: type[Conflict | ValidationFailed | BadRequest | PermissionDenied], detail: str
) -> StatusError:
    status = {Conflict: 409, ValidationFailed: 422, BadRequest: 400, PermissionDenied: 403}[kind]
    return kind(detail, status=status, problem=Problem(detail=detail, raw={"detail": detail}), body=detail)


def gateway_404() -> NotFound:
    """Return the 404 of a gateway, which is not the API's own."""
    body = "<html><h1>404 Not Found</h1></html>"
    return NotFound("404", status=404, problem=Problem(raw=body), body=body)


# --- holds -------------------------------------------------------------------------------------------------


def send_hold(world: World, process: Process, effect: ask.SendHold) -> Reply:
    """Send a bulk reservation."""
    plan = _planned(world, process, "SendHold")
    items, intent = effect.items, effect.intent
    victim = world.choices.draw() * len(items) // 1000 if plan.kind in _PARTIAL_HOLDS else -1
    numbers = process.sent_lines(intent, items)

    def work() -> None:
        at = plan.works or world.now
        for place, item in enumerate(items):
            key = [(intent.id, numbers[place])]
            units = int(item["quantity"])
            if place != victim:
                plan.made.append(world.api.hold(item, units, at, key))
            elif plan.kind == "line refused":
                plan.failed.append(failed_hold(place, item, "sold out", world.choices))
            elif plan.kind == "fewer units held":
                plan.made.append(world.api.hold(item, max(units - 1, 1), at, key))
            else:
                plan.made += [world.api.hold(item, 1, at, key) for _ in range(units)]

    def answer(entries: Entries) -> HoldAnswer:
        made, failed = entries
        return HoldAnswer(tuple(map(ReservationFacts.read, made)), FailedEntry.read_all(failed))

    def shown() -> Entries:
        return [world.api.reservation(held, world.now, world.now) for held in plan.made], plan.failed

    return _carried_out(world, process, plan, work, lambda: answer(_twist(world, plan, shown())))


# --- orders ------------------------------------------------------------------------------------------------


def send_order(world: World, process: Process, effect: ask.SendOrder) -> Reply:
    """Send a bulk order."""
    plan = _planned(world, process, "SendOrder")
    iris, intent = effect.reservations, effect.intent
    victim = world.choices.draw() * len(iris) // 1000 if plan.kind in _PARTIAL_ORDERS else -1

    def order(iri: str, *, is_short: bool) -> Bought | str:
        at = plan.works or world.now
        made = world.api.order(
            iri, effect.request.external_reference, intent.id, plan.begun, at, is_short=is_short
        )
        # an API that refuses the second try because of the first without saying so shows the first at once
        if isinstance(made, Bought) and plan.kind is not None and plan.kind.startswith("a proxy's"):
            explains = world.api.character.explains if plan.error is None else str(plan.error) == ALREADY
            made.lags = explains
        return made

    last_words: dict[str | None, Callable[[str], Bought | str]] = {
        "a proxy's second try refused by line": lambda iri: order(iri, is_short=False),
        "issuer's timeout after the work": lambda _: "the issuer timed out",
        "refused without a reason after the work": lambda _: "",
    }

    def work() -> None:
        for place, iri in enumerate(iris):
            if place == victim and plan.kind == "order refused":
                plan.failed.append(failed_order(iri, "no longer on sale", world.choices))
                continue
            made = order(iri, is_short=place == victim and plan.kind == "fewer tickets")
            if place == victim and isinstance(made, Bought) and plan.kind in last_words:
                made = last_words[plan.kind](iri)
            if isinstance(made, Bought):
                plan.made.append(made)
            else:
                plan.failed.append(failed_order(iri, made, world.choices))

    def answer(entries: Entries) -> OrderAnswer:
        made, failed = entries
        return OrderAnswer(tuple(map(OrderFacts.read, made)), FailedEntry.read_all(failed))

    def shown() -> Entries:
        return [world.api.order_json(made) for made in plan.made], plan.failed

    return _carried_out(world, process, plan, work, lambda: answer(_twist(world, plan, shown())))


def _twist(world: World, plan: _Request, entries: Entries) -> Entries:
    if plan.twist is None:
        return entries
    return twisted(plan.twist, *entries, world.choices, world.api)


def _carried_out(
    world: World, process: Process, plan: _Request, work: Callable[[], None], answer: Callable[[], Any]
) -> Reply:
    if plan.works is not None:
        world.later(plan.works, work)

    def finish() -> Any:
        if plan.error is not None:
            _raise(plan.error)
        if world.now > plan.ends + process.patience.most:
            raise TimedOut("suspended beyond the deadline", sent=True)
        return answer()

    return Reply(plan.ends, finish)


def _raise(error: KorusError) -> NoReturn:
    raise error
