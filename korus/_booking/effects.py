"""Effects: what the booking protocol asks the outside to do, and the type of what each gives back.

The protocol's steps are generators that yield effects. Nothing in them does I/O, so a driver for each of sync and
async and the simulator carry out the same steps, and every moment between two effects is a place where a test can
crash, cancel or suspend a process. An effect gives back its result or has a `korus.errors.KorusError` raised at the
``yield``.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from attrs import field, frozen

from korus._booking.facts import HoldAnswer, OrderAnswer, OrderFacts, Page, ReservationFacts
from korus._core.throttled_log import report
from korus._journal.intent_log import Intent, State, Takeover
from korus.errors import JournalFailed

if TYPE_CHECKING:
    from korus._booking.orders import OrderRequest

__all__ = [
    "Advance",
    "Claim",
    "Claimed",
    "Competing",
    "Effect",
    "InDoubt",
    "ListOrders",
    "ListReservations",
    "Now",
    "OpenIntent",
    "ReadOrder",
    "ReadReservation",
    "ReportedFailed",
    "SendHold",
    "SendOrder",
    "SentBefore",
    "Settle",
    "Steps",
    "TakeOver",
    "Today",
    "Together",
    "Wait",
    "perform",
    "write_down",
]

T = TypeVar("T")
_LOG = logging.getLogger("korus.booking")


@frozen
class Effect(Generic[T]):
    """Base class of everything that a step may ask for."""


Steps: TypeAlias = Generator[Effect[Any], Any, T]


def perform(effect: Effect[T]) -> Steps[T]:
    """Yield an effect and return its typed result."""
    result: T = yield effect
    return result


def write_down(effect: Effect[T]) -> Steps[T | None]:
    """Perform a write to the intent log after the fact; None, and a line in the log, if it cannot be written.

    It happened, whether it is written down or not: recovery finds it out.
    """
    try:
        return (yield from perform(effect))
    except JournalFailed as error:
        report(
            _LOG,
            logging.ERROR,
            "journal_failed",
            f"the journal could not be written after a request: {error}",
        )
        return None


# --- requests that book ------------------------------------------------------------------------------------


@frozen
class SendHold(Effect[HoldAnswer]):
    """POST a bulk reservation of these items."""

    intent: Intent
    items: Sequence[Mapping[str, Any]] = field(repr=False)


@frozen
class SendOrder(Effect[OrderAnswer]):
    """POST a bulk order of these reservations."""

    intent: Intent
    request: OrderRequest = field(repr=False)
    reservations: tuple[str, ...]


# --- requests that read ------------------------------------------------------------------------------------


@frozen
class ReadReservation(Effect[ReservationFacts]):
    """GET a reservation."""

    iri: str


@frozen
class ReadOrder(Effect[OrderFacts]):
    """GET an order."""

    iri: str


@frozen
class ListReservations(Effect[Page]):
    """GET a page of the reservations, newest first; its members are `ReservationFacts`."""

    page: int
    size: int


@frozen
class ListOrders(Effect[Page]):
    """GET a page of the orders with an external reference, newest first; its members are `OrderFacts`."""

    reference: str
    page: int
    size: int


@frozen
class Together(Effect[list[Any]]):
    """Carry out several reads at once; each one's place in the list has its result or its `KorusError`."""

    effects: tuple[Effect[Any], ...]


# --- the intent log ----------------------------------------------------------------------------------------


@frozen
class OpenIntent(Effect[None]):
    """Write an intent down."""

    intent: Intent


@frozen
class Advance(Effect[bool]):
    """Compare-and-set the intent's state on its owner and epoch; False if another process has taken it over."""

    intent: Intent
    state: State


@frozen
class Settle(Effect[frozenset[str] | None]):
    """Write the outcome down and claim what came of it; None if another process has taken the intent over."""

    intent: Intent
    outcome: Mapping[str, Any] = field(repr=False)
    claims: tuple[str, ...] = ()


@frozen
class Claim(Effect[frozenset[str]]):
    """Claim reservations; gives those that are the intent's own now."""

    intent: Intent
    iris: tuple[str, ...]


@frozen
class Claimed(Effect[frozenset[str]]):
    """Read which reservations belong to anybody but the intent."""

    intent: Intent
    iris: tuple[str, ...]


@frozen
class Competing(Effect[list[Intent]]):
    """Read the other intents in flight that share a key.

    Attributes:
        intent: The intent.
        with_dormant: True to have those too that nobody works on, or that ended since shortly before this one was
            opened and of which something may exist all the same; their state is ``unknown``.
    """

    intent: Intent
    with_dormant: bool = False


@frozen
class SentBefore(Effect[bool]):
    """Read whether a request may have gone out for another intent that shares a key."""

    intent: Intent


@frozen
class InDoubt(Effect[frozenset[str]]):
    """Read the keys for which another intent may have led, or has led, to a result that is not shown yet.

    Attributes:
        intent: The intent.
        same_reference: True to look only at others with the same external reference.
    """

    intent: Intent
    same_reference: bool = False


@frozen
class ReportedFailed(Effect[frozenset[str]]):
    """Read the keys that another intent was reported as failed for, so that its caller may have booked otherwise."""

    intent: Intent


@frozen
class TakeOver(Effect[Takeover]):
    """Take over all intents that nobody works on, but for those to spare."""

    spare: frozenset[str]


# --- time --------------------------------------------------------------------------------------------------


@frozen
class Wait(Effect[None]):
    """Let time pass."""

    seconds: float


@frozen
class Now(Effect[float]):
    """Read the monotonic clock, in seconds."""


@frozen
class Today(Effect[datetime]):
    """Read the wall clock, aware."""
