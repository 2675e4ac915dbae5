"""Effects: the actions that the booking protocol requests from its driver, each with the type of its result.

The protocol's steps are generators that yield effects. They do no I/O, so the sync driver, the async driver and the
simulator run the same steps, and a test can crash, cancel or suspend a process between any two effects. The driver
sends the result of an effect back, or raises a `korus.errors.KorusError` at the ``yield``.
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
    """Base class of effects."""


Steps: TypeAlias = Generator[Effect[Any], Any, T]


def perform(effect: Effect[T]) -> Steps[T]:
    """Yield an effect and return its typed result."""
    result: T = yield effect
    return result


def write_down(effect: Effect[T]) -> Steps[T | None]:
    """Write to the intent log after a request; return None and log an error if that fails.

    The request has been sent in any case, and recovery finds its result.
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
    """Carry out several reads at once; the result is a list of each read's result or its `KorusError`."""

    effects: tuple[Effect[Any], ...]


# --- the intent log ----------------------------------------------------------------------------------------


@frozen
class OpenIntent(Effect[None]):
    """Write an intent to the log."""

    intent: Intent


@frozen
class Advance(Effect[bool]):
    """Compare-and-set the intent's state on its owner and epoch; False if another process has taken it over."""

    intent: Intent
    state: State


@frozen
class Settle(Effect[frozenset[str] | None]):
    """Write the outcome and claim the resulting reservations; None if another process has taken the intent over."""

    intent: Intent
    outcome: Mapping[str, Any] = field(repr=False)
    claims: tuple[str, ...] = ()


@frozen
class Claim(Effect[frozenset[str]]):
    """Claim reservations; the result is those that the intent owns now."""

    intent: Intent
    iris: tuple[str, ...]


@frozen
class Claimed(Effect[frozenset[str]]):
    """Read which reservations other intents have claimed."""

    intent: Intent
    iris: tuple[str, ...]


@frozen
class Competing(Effect[list[Intent]]):
    """Read the other intents in flight that share a key.

    Attributes:
        intent: The intent.
        with_dormant: True to include intents without a running owner, and those that ended after or shortly before this
            one was opened and may have a result; their state is ``unknown``.
    """

    intent: Intent
    with_dormant: bool = False


@frozen
class SentBefore(Effect[bool]):
    """Read whether a request may have been sent for another intent that shares a key."""

    intent: Intent


@frozen
class InDoubt(Effect[frozenset[str]]):
    """Read the keys for which another intent has, or may have, a result that is not shown yet.

    Attributes:
        intent: The intent.
        same_reference: True to look only at others with the same external reference.
    """

    intent: Intent
    same_reference: bool = False


@frozen
class ReportedFailed(Effect[frozenset[str]]):
    """Read the keys that another intent reported as failed, for which its caller may have booked again."""

    intent: Intent


@frozen
class TakeOver(Effect[Takeover]):
    """Take over all intents without a running owner, except those to spare."""

    spare: frozenset[str]


# --- time --------------------------------------------------------------------------------------------------


@frozen
class Wait(Effect[None]):
    """Wait for some seconds."""

    seconds: float


@frozen
class Now(Effect[float]):
    """Read the monotonic clock, in seconds."""


@frozen
class Today(Effect[datetime]):
    """Read the wall clock, aware."""
