"""The steps of an order, driven by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from korus._booking import effects as ask
from korus._booking.bulk_call import Patience
from korus._booking.facts import OrderFacts, Page, ReservationFacts
from korus._booking.order_steps import resolve_order
from korus._booking.orders import OrderRequest
from korus._booking.outcomes import OrderLine
from korus._journal.intent_log import Intent

_IRI = "/v1/booking/reservations/r1"
_ENDED = ReservationFacts(_IRI, created_at=datetime(2027, 1, 1, tzinfo=UTC), expired=True)
_ORDER = OrderFacts("/v1/booking/orders/o1", reservation=_IRI, external_reference="SHOP-1")


def _resolved(pages: list[tuple[OrderFacts, ...]], *, was_sent_before: bool) -> tuple[str, int]:
    """Resolve an intent that sent nothing; returns the line's status and how often the orders were listed."""
    details = {"reservations": [_IRI], "externalReference": "SHOP-1"}
    intent = Intent("i1", "order", (_IRI,), details, reference="SHOP-1", state="unknown")
    request = OrderRequest((OrderLine(1, _IRI),), "SHOP-1", {})
    steps = resolve_order(intent, request, Patience(5.0, 60.0, is_shared=True))
    now, listed = 0.0, 0
    result: Any = None
    while True:
        try:
            effect = steps.send(result)
        except StopIteration as stop:
            return stop.value.lines[0].status, listed
        match effect:
            case ask.Now():
                result = now
            case ask.Today():
                result = datetime(2027, 1, 2, tzinfo=UTC)
            case ask.Wait(seconds):
                now += seconds
                result = None
            case ask.SentBefore():
                result = was_sent_before
            case ask.InDoubt(intent):
                result = frozenset(intent.keys) if was_sent_before else frozenset[str]()
            case ask.Together():
                result = [_ENDED]
            case ask.ListOrders():
                members = pages[min(listed, len(pages) - 1)]
                listed += 1
                result = Page(members, len(members))
            case _:
                result = True


def test_a_list_that_lags_is_not_believed_when_another_intent_has_sent() -> None:
    assert _resolved([(), (), (_ORDER,)], was_sent_before=True)[0] == "succeeded"


def test_one_look_is_enough_if_no_call_has_sent() -> None:
    assert _resolved([()], was_sent_before=False) == ("failed", 1)


def test_an_order_that_was_seen_stays_seen() -> None:
    assert _resolved([(_ORDER,), ()], was_sent_before=True) == ("succeeded", 1)
