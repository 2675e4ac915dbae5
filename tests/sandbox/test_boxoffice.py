"""Whatever happens in whatever order: what is left is what there was, less what is held and what is ordered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from threading import Thread

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from korus.sandbox.boxoffice import BoxOffice, Failure, Order, Request, Reservation
from korus.sandbox.catalogue import Offer, build_catalogue, sessions_of, tickets_of
from korus.sandbox.clock import Clock

START = datetime(2026, 12, 1, 9, tzinfo=UTC)
CUSTOMER = {"firstname": "Otto", "lastname": "Lind", "email": "otto@shop.example"}
CATALOGUE = build_catalogue(7, date(2026, 12, 1), 3400)


def offer_of(code: str) -> Offer:
    wanted = (offer for offer in CATALOGUE.offers_by_id.values() if offer.product.plan.code == code)
    return next(
        offer for offer in wanted if not offer.sold_out and offer.date and offer.date > date(2027, 1, 1)
    )


OFFERS = [offer_of("league_box_gold"), offer_of("workshop_adult"), offer_of("evening_boat")]


def request_for(offer: Offer, quantity: int, place: int = 0) -> Request:
    chosen = []
    for ticket in tickets_of(offer):
        sessions = sessions_of(ticket)
        chosen.append((ticket, sessions[place % len(sessions)] if sessions else None))
    return Request(offer, quantity, tuple(chosen))


class Counter(RuleBasedStateMachine):
    """A box office beside a model of it: a plain list of what was held."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(START, frozen=True)
        self.office = BoxOffice(CATALOGUE, self.clock)
        self.held: list[Reservation] = []
        self.before = [self.office.available(offer) for offer in OFFERS]

    @rule(which=st.integers(0, 2), quantity=st.integers(1, 30), place=st.integers(0, 3))
    def hold(self, which: int, quantity: int, place: int) -> None:
        offer = OFFERS[which]
        request = request_for(offer, quantity, place)
        left = self.office.available(offer)
        seats = [self.office.session_available(session) for _, session in request.sessions if session]
        answer = self.office.hold(request, "us")
        if min([left, *seats]) >= quantity:
            assert isinstance(answer, Reservation)
            self.held.append(answer)
        else:
            assert isinstance(answer, Failure)

    @precondition(lambda self: self.held)
    @rule(pick=st.integers(0, 50))
    def order(self, pick: int) -> None:
        reservation = self.held[pick % len(self.held)]
        could = reservation.order is None and not reservation.expired(self.clock.now())
        placed = self.office.order(reservation, CUSTOMER, "REF", None)
        assert isinstance(placed, Order) is could

    @precondition(lambda self: self.held)
    @rule(pick=st.integers(0, 50))
    def expire(self, pick: int) -> None:
        self.office.expire(self.held[pick % len(self.held)].id)

    @rule(minutes=st.integers(0, 12))
    def wait(self, minutes: int) -> None:
        self.clock.advance(timedelta(minutes=minutes))

    @invariant()
    def nothing_is_lost_or_sold_twice(self) -> None:
        now = self.clock.now()
        for offer, before in zip(OFFERS, self.before, strict=True):
            taken = sum(
                reservation.request.quantity
                for reservation in self.held
                if reservation.request.offer is offer and (reservation.order or not reservation.expired(now))
            )
            left = self.office.available(offer)
            assert left is not None
            assert before is not None
            assert left == before - taken >= 0

    @invariant()
    def a_reservation_has_one_order_at_most(self) -> None:
        ordered = [order.reservation.id for order in self.office.orders.values()]
        assert len(ordered) == len(set(ordered))
        assert sorted(ordered) == sorted(held.id for held in self.held if held.order)


TestCounter = Counter.TestCase
TestCounter.settings = settings(max_examples=25, stateful_step_count=25, deadline=None, database=None)


def test_threads_never_hold_more_than_there_is() -> None:
    office = BoxOffice(CATALOGUE, Clock(START, frozen=True))
    offer = OFFERS[0]
    there = office.available(offer)
    assert there is not None
    answers: list[Reservation | Failure] = []
    threads = [
        Thread(target=lambda: answers.extend(office.hold(request_for(offer, 1), "us") for _ in range(5)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(answer, Reservation) for answer in answers) == there
    assert len({answer.id for answer in answers if isinstance(answer, Reservation)}) == there
    assert office.available(offer) == 0


def test_what_is_set_is_what_is_left_whatever_was_sold() -> None:
    office = BoxOffice(CATALOGUE, Clock(START, frozen=True))
    offer = OFFERS[0]
    office.hold(request_for(offer, 1), "us")
    office.set_stock(offer.id, 3)
    assert office.available(offer) == 3
    assert isinstance(office.hold(request_for(offer, 3), "us"), Reservation)
    assert isinstance(office.hold(request_for(offer, 1), "us"), Failure)
