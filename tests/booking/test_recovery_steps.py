"""The steps of recovery against a script: who is taken over, who is waited for, and what is completed."""

import pytest
from attrs import evolve
from booking_facts import held, item, ordered, reservation_iri
from booking_script import World, pages

from korus._booking import recovery_steps
from korus._booking.bulk_call import Patience
from korus._booking.facts import OrderAnswer
from korus._booking.intent_details import hold_details, hold_lines, order_request_of
from korus._booking.recovery_steps import RecoveredIntent, recover, recover_one
from korus._booking.request_items import RequestedLine
from korus._booking.snapshot import Snapshot
from korus._journal.intent_log import Takeover, new_intent
from korus.errors import InvalidArgument, OutcomeUnknown

PATIENCE = Patience(5.0, 20.0, is_shared=True)
A = reservation_iri("a")


def hold_intent(*items, **changes):
    items = items or (item(),)
    details = hold_details(items, [None] * len(items), Snapshot.of([]))
    details["lines"] = [*range(1, len(items) + 1)]
    made = new_intent("hold", [RequestedLine.of(entry).key for entry in items], details)
    return evolve(made, **{"sent": True, **changes})


def order_intent(*, private=True, **changes):
    customer = {"customer": {"email": "ada@example.org"}, "notes": "By the window."} if private else {}
    made = new_intent("order", [A], {"reservations": [A], "externalReference": "REF"}, customer, "REF")
    return evolve(made, **{"sent": True, **changes})


def recovered(*intents):
    return [RecoveredIntent(intent) for intent in intents]


class TestTakingOver:
    def test_nothing_left_is_nothing_to_do(self):
        world = World(TakeOver=[Takeover((), ())])
        assert world.run(recover(complete=True)) == ()
        assert world.names() == ["TakeOver"]

    def test_taken_intents_are_recovered_until_none_is_left(self):
        one, two = hold_intent(), order_intent()
        world = World(
            TakeOver=[Takeover((one,), ()), Takeover((two,), ()), Takeover((), ())],
            Recover=[recovered(one), recovered(two)],
        )
        result = world.run(recover(complete=False))
        assert [each.intent for each in result] == [one, two]
        assert world.names() == ["TakeOver", "Recover", "TakeOver", "Recover", "TakeOver"]
        assert [(effect.intents, effect.complete) for effect in world.only("Recover")] == [
            ((one,), False),
            ((two,), False),
        ]
        assert [effect.spare for effect in world.only("TakeOver")] == [set(), {one.id}, {one.id, two.id}]

    def test_intents_that_others_recover_are_waited_for(self):
        mine, other = hold_intent(), order_intent()
        world = World(
            TakeOver=[
                Takeover((mine,), (other,)),
                Takeover((), (other,)),
                Takeover((), (other,)),
                Takeover((), ()),
            ],
            Recover=[recovered(mine)],
        )
        assert [each.intent for each in world.run(recover(complete=True))] == [mine]
        assert world.names() == ["TakeOver", "Recover", "TakeOver", "Wait", "TakeOver", "Wait", "TakeOver"]
        assert world.only("Recover")[0].complete

    def test_intent_of_another_process_that_dies_is_taken_over(self):
        other = order_intent()
        world = World(
            TakeOver=[Takeover((), (other,)), Takeover((other,), ()), Takeover((), ())],
            Recover=[recovered(other)],
        )
        assert [each.intent for each in world.run(recover(complete=True))] == [other]

    def test_intent_that_others_never_settle_is_reported_after_five_minutes(self):
        mine, other = hold_intent(), order_intent()
        world = World(TakeOver=[Takeover((mine,), ())], Recover=[recovered(mine)])
        world.script("TakeOver", lambda _: Takeover((), (other,)))
        result = world.run(recover(complete=True))
        assert [each.intent for each in result] == [mine, other]
        assert result[0].error is None
        assert isinstance(result[1].error, OutcomeUnknown)
        assert result[1].error.intent["id"] == other.id
        assert f"order {other.id}: another process is still recovering it" in str(result[1].error)
        assert 300 < world.waited() <= 300.5
        assert {effect.seconds for effect in world.only("Wait")} == {0.2}

    def test_time_for_others_is_over_only_after_it(self, monkeypatch):
        monkeypatch.setattr(recovery_steps, "_OTHERS_SECONDS", 0.2)
        world = World(now=0.0, TakeOver=lambda _: Takeover((), (order_intent(),)))
        assert len(world.run(recover(complete=True))) == 1
        assert world.waited() == 0.4


class TestRecoveringOne:
    def test_hold_is_looked_for_and_never_sent(self):
        made = held(1)
        world = World(ListReservations=pages(made))
        result = world.run(recover_one(hold_intent(), PATIENCE, complete=True))
        assert [(outcome.status, outcome.results) for outcome in result.lines] == [("succeeded", (made,))]
        world = World(ListReservations=pages())
        result = world.run(recover_one(hold_intent(), PATIENCE, complete=True))
        assert [outcome.status for outcome in result.lines] == ["failed"]
        assert world.only("SendHold") == []

    def test_order_whose_process_died_is_completed(self):
        world = World(ReadReservation=lambda _: held(1, name="a"), SendOrder=[OrderAnswer((ordered("a"),))])
        result = world.run(recover_one(order_intent(), PATIENCE, complete=True))
        assert [outcome.status for outcome in result.lines] == ["succeeded"]
        (send,) = world.only("SendOrder")
        assert send.request.body([A]) == {
            "reservations": [A],
            "customer": {"email": "ada@example.org"},
            "externalReference": "REF",
            "notes": "By the window.",
        }

    @pytest.mark.parametrize(
        ("intent", "complete"),
        [
            (order_intent(), False),
            (order_intent(completable=False), True),
            (order_intent(private=False), True),
        ],
    )
    def test_order_that_was_given_up_is_only_looked_at(self, intent, complete):
        world = World(ReadReservation=lambda _: held(1, name="a"))
        result = world.run(recover_one(intent, PATIENCE, complete=complete))
        assert [outcome.status for outcome in result.lines] == ["unknown"]
        assert world.only("SendOrder") == []

    def test_cancelled_order_that_was_never_sent_is_not_bought(self):
        world = World(ReadReservation=lambda _: held(1, name="a"))
        intent = order_intent(sent=False, completable=False)
        world.run(recover_one(intent, PATIENCE, complete=True))
        assert world.only("SendOrder") == []


class TestWhatIsRemembered:
    def test_lines_of_a_hold_are_read(self):
        lines = hold_lines(hold_intent(item(1, 2), item(3)).details)
        assert [(line.number, line.offer, line.quantity) for line in lines] == [
            (1, item(1)["offer"], 2),
            (2, item(3)["offer"], 1),
        ]

    def test_lines_that_do_not_fit_their_items_are_not_read(self):
        with pytest.raises(InvalidArgument, match="its lines cannot be read"):
            hold_lines({**hold_intent(item(1), item(2)).details, "lines": [1]})

    @pytest.mark.parametrize("damaged", [{"offer": "/o"}, {"quantity": 1}, None, 7, "x", []])
    def test_lines_that_are_damaged_are_refused(self, damaged):
        with pytest.raises(InvalidArgument, match="its lines cannot be read"):
            hold_lines({"items": [damaged], "lines": [1]})

    def test_request_of_an_order_is_read(self):
        request = order_request_of(order_intent())
        assert [(line.number, line.reservation) for line in request.lines] == [(1, A)]
        assert (request.external_reference, request.notes) == ("REF", "By the window.")
        assert request.customer == {"email": "ada@example.org"}

    def test_order_without_what_was_private_has_no_customer(self):
        request = order_request_of(order_intent(private=False))
        assert (request.customer, request.notes) == ({}, None)
        bare = evolve(order_intent(), details={"reservations": [A]})
        assert order_request_of(bare).external_reference == ""
