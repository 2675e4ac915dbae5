"""Bulk orders against the sandbox, sync and async: one order for each reservation, whatever goes wrong."""

import json
import threading

import pytest
from test_holding import LOST

from korus import RetryPolicy, Timeouts
from korus.errors import (
    InvalidArgument,
    InvalidIri,
    OrderFailed,
    OutcomeUnknown,
    ReservationUnusable,
    ValidationFailed,
)
from korus.models import Customer
from korus.sandbox import representations

POST = "bulk_create_orders"


def orders_of(front, reference="SHOP-1"):
    return front.sandbox.inspect.orders_by_reference().get(reference, [])


class TestOrdering:
    def test_reservations_become_orders_line_by_line(self, front):
        held = front.hold(*front.offers(2), quantity=2)
        placed = front.order(held, customer=Customer(firstname="Ada", lastname="L", email="a@example.org"))
        assert placed.ok
        assert [outcome.result.reservation for outcome in placed.lines] == [
            reservation.iri for reservation in held.succeeded
        ]
        assert {order.external_reference for order in placed.succeeded} == {"SHOP-1"}
        assert len(orders_of(front)) == 2

    @pytest.mark.parametrize(("lines", "most"), [(1, 5), (3, 5), (50, 5), (51, 6)])
    def test_an_order_of_many_reservations_costs_a_request_for_each_page_of_them(self, front, lines, most):
        (offer,) = front.offers(1)
        held = front.hold(*[offer] * lines)
        before = front.sandbox.inspect.requests
        assert len(front.order(held).succeeded) == lines
        assert (front.sandbox.inspect.requests - before).total() <= most

    def test_objects_iris_ids_and_outcomes_name_the_same_reservations(self, front):
        held = front.hold(*front.offers(1))
        (reservation,) = held.succeeded
        placed = [
            front.order(given).succeeded[0].iri
            for given in (
                held,
                held.succeeded,
                reservation,
                reservation.iri,
                [reservation.id],
                reservation.iri,
            )
        ]
        assert len(set(placed)) == 1
        assert front.requests(POST) == 1

    def test_a_reservation_named_twice_is_ordered_once(self, front):
        (reservation,) = front.hold(*front.offers(1)).succeeded
        placed = front.order([reservation, reservation.iri])
        assert len(placed.lines) == 1
        assert len(orders_of(front)) == 1

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"external_reference": ""}, InvalidArgument),
            ({"external_reference": "x" * 51}, InvalidArgument),
            ({"external_reference": "a\nb"}, InvalidArgument),
            ({"external_reference": 17}, InvalidArgument),
            ({"customer": {"firstname": "Ada"}}, InvalidArgument),
            ({"customer": None}, InvalidArgument),
            ({"notes": 4}, InvalidArgument),
            ({"held": []}, InvalidArgument),
            ({"held": ["/v1/booking/orders/o"]}, InvalidIri),
            ({"held": ["https://evil.example/v1/booking/reservations/r"]}, InvalidIri),
            ({"held": None}, InvalidIri),
        ],
    )
    def test_what_cannot_be_sent_is_refused_before_anything_is(self, front, arguments, error):
        usual = {
            "held": ["/v1/booking/reservations/r"],
            "customer": front.customer,
            "external_reference": "S",
        }
        given = {**usual, **arguments}
        with pytest.raises(error):
            front.korus.orders.create(given.pop("held"), **given)
        assert front.requests("get_reservation") == front.requests(POST) == 0

    def test_a_refused_order_names_the_argument_at_fault(self, front):
        held = front.hold(*front.offers(1))
        with pytest.raises(ValidationFailed) as caught:
            front.order(held, customer={**front.customer, "email": "nonsense"})
        assert [violation.argument for violation in caught.value.violations] == ["customer.email"]
        assert orders_of(front) == []
        assert front.order(held).ok


class TestUnusable:
    def test_a_hold_that_has_ended_is_refused_before_anything_is_ordered(self, front):
        held = front.hold(*front.offers(2))
        front.sandbox.expire_reservation(held.succeeded[1].iri)
        with pytest.raises(ReservationUnusable) as caught:
            front.order(held)
        (problem,) = caught.value.problems
        assert (problem.line, problem.reservation) == (2, held.succeeded[1].iri)
        assert "it ended at" in problem.reason
        assert front.requests(POST) == 0

    def test_a_hold_that_ends_between_is_reported_for_itself(self, front):
        held = front.hold(*front.offers(1))
        front.sandbox.faults.add("expire", operation=POST, count=1)
        placed = front.order(held)
        (failed,) = placed.failed
        assert isinstance(failed.error, OrderFailed)
        assert (failed.code, failed.reason) == ("reservation_expired", "The hold had ended.")
        again = front.clients.blocking(placed.retry_failed())
        assert front.order(again.submit(), "SHOP-1").ok

    def test_a_reservation_ordered_under_another_reference_is_refused(self, front):
        held = front.hold(*front.offers(1))
        front.order(held, "SHOP-1")
        with pytest.raises(ReservationUnusable, match="already ordered, under the reference 'SHOP-1'"):
            front.order(held, "SHOP-2")
        assert orders_of(front, "SHOP-2") == []

    def test_a_reservation_that_does_not_exist_is_refused(self, front):
        with pytest.raises(ReservationUnusable, match="the reservation does not exist"):
            front.order(["01900000-0000-7000-8000-000000000000"])

    def test_what_was_ordered_without_a_known_booking_cannot_be_booked_again(self, front):
        held = front.hold(*front.offers(1))
        front.sandbox.faults.add("fail_items", operation=POST, count=1)
        placed = front.order(list(held.succeeded))
        with pytest.raises(InvalidArgument, match="cannot rebook: the original lines"):
            placed.retry_failed()


class TestExactlyOnce:
    @pytest.mark.parametrize(("kind", "rule", "done"), LOST)
    def test_a_lost_answer_ends_with_one_order_for_each_reservation(self, front, kind, rule, done):
        held = front.hold(*front.offers(2))
        front.sandbox.faults.add(kind, operation=POST, count=1, **rule)
        placed = front.order(held)
        assert placed.ok
        assert {order.iri for order in placed.succeeded} == {each["order"] for each in orders_of(front)}
        assert len(orders_of(front)) == 2
        assert [outcome.adopted for outcome in placed.lines] == [done, done]
        assert front.requests(POST) == (1 if done else 2)

    def test_a_cancelled_order_is_no_success_of_ordering_again(self, front, monkeypatch):
        held = front.hold(*front.offers(1))
        order = front.order(held).succeeded[0]
        shown = representations.order
        monkeypatch.setattr(representations, "order", lambda item: {**shown(item), "status": "cancelled"})
        with pytest.raises(ReservationUnusable, match=f"its order {order.iri} was cancelled"):
            front.order(held)
        assert len(orders_of(front)) == 1

    def test_lost_again_and_again_it_is_still_ordered_once(self, front):
        held = front.hold(*front.offers(1))
        front.sandbox.faults.add("drop_before", operation=POST, count=1)
        front.sandbox.faults.add("status", operation=POST, count=1, skip=1, status=503)
        front.sandbox.faults.add("drop_after", operation=POST, count=1, skip=2)
        assert front.order(held).ok
        assert len(orders_of(front)) == 1

    def test_part_of_a_lost_order_is_adopted_and_only_the_rest_sent_again(self, front):
        held = front.hold(*front.offers(3))
        front.sandbox.faults.add("fail_items", operation=POST, items=(1,), count=1)
        front.sandbox.faults.add("drop_after", operation=POST, count=1)
        placed = front.order(held)
        assert [outcome.adopted for outcome in placed.lines] == [True, False, True]
        assert len(orders_of(front)) == 3

    def test_an_order_made_later_than_anybody_waits_is_found(self, front):
        held = front.hold(*front.offers(1))
        front.sandbox.faults.add("slow", operation=POST, count=1, seconds=0.6)
        impatient = front.client(timeout=Timeouts(total=0.4), retry=RetryPolicy(first_wait=0.01, settle=2.0))
        placed = impatient.orders.create(
            [reservation.iri for reservation in held.succeeded],
            customer=front.customer,
            external_reference="SHOP-1",
        )
        assert placed.lines[0].adopted
        assert len(orders_of(front)) == 1

    def test_an_order_made_even_later_is_refused_by_the_api_and_found(self, front):
        held = front.hold(*front.offers(1))
        front.sandbox.faults.add("slow", operation=POST, count=1, seconds=1.2)
        impatient = front.client(timeout=Timeouts(total=0.3), retry=RetryPolicy(first_wait=0.01, settle=0.3))
        placed = impatient.orders.create(
            [held.succeeded[0].iri], customer=front.customer, external_reference="SHOP-1"
        )
        assert placed.ok
        front.sandbox.faults.clear()
        threading.Event().wait(1.2)
        assert len(orders_of(front)) == 1

    def test_processes_that_order_the_same_at_once_end_with_one_order_each(self, front):
        held = [reservation.iri for reservation in front.hold(*front.offers(3)).succeeded]
        others = [front.client() for _ in range(6)]  # nothing is shared between them
        front.sandbox.faults.add("slow", operation=POST, seconds=0.1)
        placed = []

        def order(client):
            placed.append(client.orders.create(held, customer=front.customer, external_reference="SHOP-1"))

        threads = [threading.Thread(target=order, args=(client,)) for client in others]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(placed) == 6
        assert all(outcome.ok for outcome in placed)
        assert len({tuple(order.iri for order in outcome.succeeded) for outcome in placed}) == 1
        assert len(orders_of(front)) == 3

    def test_orders_that_name_no_reservation_are_accepted(self, front, monkeypatch):
        from korus.sandbox import representations

        plain = representations.order

        def nameless(order):
            return {key: value for key, value in plain(order).items() if key != "reservation"}

        held = front.hold(*front.offers(2))
        monkeypatch.setattr(representations, "order", nameless)
        front.sandbox.faults.add("drop_after", operation=POST, count=1)
        placed = front.order(held)
        assert placed.ok
        assert len(orders_of(front)) == 2

    def test_what_cannot_be_found_out_is_unknown_and_can_be_resolved_later(self, front):
        held = [reservation.iri for reservation in front.hold(*front.offers(2)).succeeded]
        hasty = front.client(timeout=Timeouts(total=0.8))
        front.sandbox.faults.add("drop_after", operation=POST, count=1)
        front.sandbox.faults.add("status", operation="get_reservation", status=503, skip=2)
        with pytest.raises(OutcomeUnknown) as caught:
            hasty.orders.create(held, customer=front.customer, external_reference="SHOP-1")
        assert front.customer["email"] not in json.dumps(caught.value.intent)
        front.sandbox.faults.clear()
        resolved = front.client().orders.resolve(json.loads(json.dumps(caught.value.intent)))
        assert resolved.ok
        assert len(resolved.succeeded) == 2
        assert front.order(held).ok
        assert len(orders_of(front)) == 2

    def test_a_lost_order_is_unknown_until_its_reservation_has_ended(self, front):
        held = front.hold(*front.offers(1))
        front.sandbox.faults.add("status", operation=POST, status=503)
        with pytest.raises(OutcomeUnknown) as caught:
            front.order(held)
        front.sandbox.faults.clear()
        resolved = front.korus.orders.resolve(caught.value)
        assert [outcome.status for outcome in resolved.lines] == ["unknown"]
        assert "order the same reservation again" in resolved.lines[0].reason
        front.sandbox.expire_reservation(held.succeeded[0].iri)
        resolved = front.korus.orders.resolve(caught.value)
        assert [outcome.status for outcome in resolved.lines] == ["failed"]
        assert orders_of(front) == []

    def test_a_lost_order_can_be_placed_again_by_the_same_reservation(self, front):
        held = front.hold(*front.offers(1))
        front.sandbox.faults.add("status", operation=POST, status=503)
        with pytest.raises(OutcomeUnknown):
            front.order(held)
        front.sandbox.faults.clear()
        assert front.order(held).ok
        assert len(orders_of(front)) == 1

    @pytest.mark.parametrize("intent", [{}, {"version": 1, "kind": "hold"}, {"version": 2, "kind": "order"}])
    def test_what_is_no_unknown_order_is_refused(self, front, intent):
        with pytest.raises(InvalidArgument):
            front.korus.orders.resolve(intent)
