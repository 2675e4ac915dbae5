"""Faults of requests that read: delayed or failing reads, meaningless 404s, wrong lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from korus._booking import effects as ask
from korus._booking.facts import OrderFacts, Page, ReservationFacts, is_newest_first
from korus.errors import ConnectionLost, DecodingFailed, KorusError, NotFound, Problem, ServerError
from scripts.simulate.network import Reply, gateway_404

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.simulate.world import Task, World

__all__ = ["Look", "read"]

_FAULTS: Final = ("read lags", "read lags", "read fails", "gateway's 404 for a read", "read is slow")
_ITEM_FAULTS: Final = (*_FAULTS, "API's own 404 for a read")
_HOLD_LIES: Final = (
    *_FAULTS,
    "list in another order",
    "list of bare IRIs",
    "list without items",
    "empty list",
)
_ORDER_LIES: Final = (*_FAULTS, "list in another order", "list filtered wrongly", "empty list")
# if only the list links an order to its reservation, the list is correct (a4)
_ORDER_FAULTS: Final = (*_FAULTS, "list in another order", "list filtered wrongly")
_WORK: Final = 0.05


@frozen
class Look:
    """Read that the API itself answered.

    Attributes:
        task: The number of the reading task.
        subject: The IRI, or the kind of the effect for a list.
        begun: Its start time.
        is_absent: True for a 404 of the API's own.
        is_first: False for a later page of a list.
        is_empty: True for an empty list although there are members.
        is_unsorted: True for a list that is visibly not sorted as requested.
    """

    task: int
    subject: str
    begun: float
    is_absent: bool = False
    is_first: bool = True
    is_empty: bool = False
    is_unsorted: bool = False


def _look(task: Task, effect: ask.Effect[Any], begun: float, lie: str | None, shown: Any) -> Look:
    subject = getattr(effect, "iri", type(effect).__name__)
    if not isinstance(shown, Page) or not isinstance(effect, ask.ListReservations):
        return Look(task.number, subject, begun, is_absent=isinstance(shown, KorusError))
    is_unsorted = not is_newest_first(shown.members)
    is_empty = lie == "empty list"
    return Look(
        task.number, subject, begun, is_first=effect.page == 1, is_empty=is_empty, is_unsorted=is_unsorted
    )


def read(world: World, task: Task, effect: ask.Effect[Any]) -> Reply:
    """Send a request that reads."""
    kind = world.fault(_faults(world, effect), effect=type(effect).__name__)
    begun = world.now
    at = begun + _WORK + (world.choices.between(0.1, 20.0) if kind == "read is slow" else 0.0)
    longest = world.settle if world.assumptions.a3 else 12 * world.settle
    seen = at - (world.choices.between(0.0, longest) if kind == "read lags" else 0.0)

    def finish() -> Any:
        if kind == "read fails":
            raise world.choices.pick(
                (ServerError(kind, status=503), ConnectionLost(kind, sent=True), DecodingFailed(kind))
            )
        if kind == "gateway's 404 for a read":
            raise gateway_404()
        shown = _absent() if kind == "API's own 404 for a read" else _shown(world, effect, kind, at, seen)
        world.audit.looked(_look(task, effect, begun, kind, shown))
        if isinstance(shown, KorusError):
            raise shown
        return shown

    return Reply(at, finish)


def _faults(world: World, effect: ask.Effect[Any]) -> tuple[str, ...]:
    match effect:
        case ask.ReadReservation():
            return _ITEM_FAULTS
        case ask.ListReservations():
            return _HOLD_LIES
        case ask.ListOrders():
            return _ORDER_LIES if world.api.character.tie in {"both", "reservation"} else _ORDER_FAULTS
        case _:
            return _FAULTS


def _shown(world: World, effect: ask.Effect[Any], lie: str | None, at: float, seen: float) -> Any:
    api = world.api
    match effect:
        case ask.ReadReservation(iri):
            held = api.held.get(iri)
            if held is None or held.made > seen:
                return _absent()
            return ReservationFacts.read(api.reservation(held, at, seen))
        case ask.ReadOrder(iri):
            made = api.bought.get(iri)
            if made is None or not made.is_shown(seen):
                return _absent()
            return OrderFacts.read(api.order_json(made))
        case ask.ListReservations():
            members = [api.reservation(held, at, seen) for held in api.reservations(seen)]
            told = [_told(entry, lie) for entry in members]
            return _page(world, told, effect, lie, ReservationFacts.read)
        case ask.ListOrders(reference):
            wanted = None if lie == "list filtered wrongly" else reference
            orders = [api.order_json(made) for made in api.orders(wanted, seen)]
            return _page(world, orders, effect, lie, OrderFacts.read)
        case _:
            raise AssertionError(f"no way to carry out {type(effect).__name__}")


def _told(entry: dict[str, Any], lie: str | None) -> Any:
    if lie == "list of bare IRIs":
        return entry["@id"]
    if lie == "list without items":
        return {key: value for key, value in entry.items() if key != "items"}
    return entry


def _page(
    world: World,
    members: list[Any],
    effect: ask.ListReservations | ask.ListOrders,
    lie: str | None,
    read_facts: Callable[[object], Any],
) -> Page:
    if lie == "list in another order":
        members.reverse()
    if lie == "empty list":
        members = []
    size = min(effect.size, world.api.character.page_cap)
    shown = members[(effect.page - 1) * size : effect.page * size]
    total = len(members) if world.api.character.shows_total else None
    return Page(tuple(map(read_facts, shown)), total)


def _absent() -> NotFound:
    body = {"@type": "hydra:Error", "title": "An error occurred", "detail": "Not Found"}
    return NotFound("Not Found", status=404, problem=Problem(detail="Not Found", raw=body), body="Not Found")
