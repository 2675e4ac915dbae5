"""Events of a booking for hooks: steps of the protocol, actions, and no reference or person. Sync and async."""

from __future__ import annotations

import pickle

import pytest

from korus.errors import OrderFailed, OutcomeUnknown, ValidationFailed
from korus.hooks import ActionEnded, ActionStarted, BookingStep, CallEnded


@pytest.fixture
def events():
    return []


@pytest.fixture
def heard(front, events):
    front.korus = front.client(hooks=[events.append])
    return front


def steps(events, kind):
    return [
        (event.state, event.lines, event.outcome)
        for event in events
        if isinstance(event, BookingStep) and event.kind == kind
    ]


def test_a_booking_is_two_actions_and_their_steps(heard, events):
    held = heard.hold(*heard.offers(2), quantity=2)
    heard.order(held, "SHOP-77", notes="beside the door")
    assert steps(events, "hold") == [
        ("intended", 2, {}),
        ("sending", 2, {}),
        ("settled", 2, {"succeeded": 2}),
    ]
    assert steps(events, "order") == [
        ("intended", 2, {}),
        ("sending", 2, {}),
        ("settled", 2, {"succeeded": 2}),
    ]
    actions = [event.action for event in events if isinstance(event, ActionStarted)]
    assert [(action.name, action.lines) for action in actions] == [("book", 2), ("order", 2)]
    ended = [event for event in events if isinstance(event, ActionEnded)]
    assert [(event.action, event.error) for event in ended] == [(action, None) for action in actions]
    shown = pickle.dumps(events).decode("latin-1")
    people = ["Ada", "Lovelace", "ada@example.org", "SHOP-77", "beside the door"]
    assert not [word for word in people if word in shown]
    assert not [held_one.id for held_one in held.succeeded if held_one.id in shown]


def test_a_lost_order_is_reconciled_and_settled(heard, events):
    held = heard.hold(*heard.offers(1))
    heard.sandbox.faults.add("drop_after", operation="bulk_create_orders", count=1)
    heard.order(held)
    assert [state for state, *_ in steps(events, "order")] == [
        "intended",
        "sending",
        "reconciling",
        "settled",
    ]
    lost = [event.error for event in events if isinstance(event, CallEnded) and event.call.method == "POST"]
    assert lost == [None, "ConnectionLost"]


def test_a_lost_hold_is_unknown_without_a_shared_journal(heard, events):
    offers = heard.offers(1)
    heard.sandbox.faults.add("drop_after", operation="bulk_create_reservations", count=1)
    with pytest.raises(OutcomeUnknown):
        heard.hold(*offers)
    assert [state for state, *_ in steps(events, "hold")] == ["intended", "sending", "reconciling", "unknown"]
    assert [event.error for event in events if isinstance(event, ActionEnded)] == ["OutcomeUnknown"]


def test_a_refusal_is_an_outcome(heard, events):
    held = heard.hold(*heard.offers(1))
    heard.sandbox.faults.add("status", status=422, operation="bulk_create_orders", count=1)
    with pytest.raises((ValidationFailed, OrderFailed)):
        heard.order(held).raise_for_failed()
    assert steps(events, "order")[-1] == ("settled", 1, {"refused": 1})
    assert [event.error for event in events if isinstance(event, ActionEnded)] == [None, "ValidationFailed"]


def test_a_download_is_a_call_of_its_own(heard, events, tmp_path):
    placed = heard.order(heard.hold(*heard.offers(1)))
    (order,) = placed.succeeded
    events.clear()
    saved = heard.korus.documents.download(order, to=tmp_path, timeout=20)
    assert saved
    downloads = [
        event for event in events if isinstance(event, CallEnded) and event.call.operation == "download"
    ]
    assert [(event.error, event.attempts, event.call.host) for event in downloads] == [(None, 1, None)] * len(
        saved
    )


def test_a_hook_that_fails_changes_nothing_of_a_booking(front):
    def bad(event):
        raise ValueError("no")

    front.korus = front.client(hooks=[bad])
    offers = front.offers(1)
    front.sandbox.faults.add("drop_after", operation="bulk_create_orders", count=1)
    assert front.order(front.hold(*offers)).ok
    assert len(front.sandbox.inspect.orders_by_reference()["SHOP-1"]) == 1
