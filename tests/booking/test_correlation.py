"""Which entries of a bulk answer belong to which lines."""

import sys
from collections import Counter
from decimal import Decimal

import pytest
from attrs import evolve
from booking_facts import (
    asked,
    failed,
    held,
    held_json,
    item,
    offer_iri,
    old_session_iri,
    order_iri,
    ordered,
    refused,
    reservation_iri,
    session_iri,
    ticket_iri,
)
from hypothesis import given
from hypothesis import strategies as st

from korus._booking.correlation import correlate_holds, correlate_orders, shown_units
from korus._booking.facts import OrderFacts, ReservationFacts
from korus._booking.request_items import RequestedLine

UNKNOWN = ("undetermined",)
FAILED = ("failed",)


def won(*places):
    return ("succeeded", *places)


def results(answer):
    return [(line.status, *line.entries) for line in answer.lines]


def correlate(lines, reservations, failures):
    return results(correlate_holds(lines, reservations, failures))


class TestRequestedLines:
    def test_iris_of_a_request_are_read_as_those_of_an_answer(self):
        sent = item(2, 3, session=4)
        sent["offer"] += "/"
        sent["ticketSessions"][0]["ticket"] = f"https://api.test{sent['ticketSessions'][0]['ticket']}"
        assert RequestedLine.of(sent) == RequestedLine.of(item(2, 3, session=4))

    def test_line_is_read_from_an_item_of_a_request(self):
        line = RequestedLine.of(item(2, 3, session=4, answers="Ada"), "36.50")
        assert line.signature == (offer_iri(2), frozenset({(ticket_iri(2), session_iri(2, 4))}))
        assert (line.offer, line.quantity, line.price) == (offer_iri(2), 3, Decimal("36.50"))
        assert line.sessions == {session_iri(2, 4)}
        assert line.answers is not None
        assert line.answers != asked(2, 3, 4, "Bob").answers

    def test_line_kept_by_the_log_has_its_digest_and_price(self):
        kept = {"offer": "/o", "quantity": 1, "ticketSessions": [], "price": "2.50", "answers": "d"}
        assert RequestedLine.of(kept) == RequestedLine(("/o", frozenset()), 1, Decimal("2.50"), "d")
        assert RequestedLine.of({**kept, "answers": None}).answers is None
        assert RequestedLine.of(kept, "3").price == 3

    def test_line_without_ticket_sessions_or_answers_has_none(self):
        line = RequestedLine.of({"offer": "/o", "quantity": "2"})
        assert line == RequestedLine(("/o", frozenset()), 2)
        assert line.sessions == frozenset()
        assert asked(1).sessions == frozenset()
        assert asked(1).answers is None

    def test_key_ignores_quantity_answers_and_price(self):
        assert asked(1, 2, 3, "Ada", "1").key == asked(1, 1, 3, "Bob", "2").key
        keys = {
            asked(1, 1).key,
            asked(2, 1).key,
            asked(1, 1, 1).key,
            asked(1, 1, 2).key,
            RequestedLine((offer_iri(1), frozenset()), 1).key,
        }
        assert len(keys) == 5


class TestHolds:
    @pytest.mark.parametrize(
        ("price", "amounts", "are_units"),
        [
            ("10.00", ("10.00", "10.00"), True),
            ("10.00", ("18.00", "18.00"), False),  # two units at nine each, or one at eighteen
            ("10.00", ("18.00", "9.00"), False),
            ("10.00", (None, None), True),
            (None, ("18.00", "18.00"), True),
            (None, ("18.00", "9.00"), False),
        ],
    )
    def test_as_many_holds_as_units_are_the_line_unless_amounts_speak_against_it(
        self, price, amounts, are_units
    ):
        answer = correlate_holds([asked(1, 2, price=price)], [held(amount=amount) for amount in amounts], [])
        assert results(answer) == [won(0, 1) if are_units else UNKNOWN]
        assert answer.unmatched == (() if are_units else (0, 1))

    def test_offers_distinguish_lines_whatever_the_order_of_the_answer(self):
        answer = correlate_holds([asked(1), asked(2), asked(3)], [held(3), held(1)], [refused(2, code="no")])
        assert results(answer) == [won(1), FAILED, won(0)]
        assert answer.lines[1].failure.code == "no"
        assert (answer.unmatched, answer.unmatched_failures) == ((), ())

    def test_sessions_distinguish_lines_of_one_offer(self):
        lines = [asked(session=1), asked(session=2)]
        assert correlate(lines, [held(session=2)], [refused(quantity=1)]) == [FAILED, won(0)]
        assert correlate(lines, [held(session=2), held(session=1)], []) == [won(1), won(0)]

    @pytest.mark.parametrize(
        ("small", "large"),
        [
            ({"quantity": 1}, {"quantity": 3}),
            ({"items": 1}, {"items": 3}),
            ({"amount": "36.50"}, {"amount": "109.50"}),
        ],
    )
    @pytest.mark.parametrize("price", [None, "36.50", "10"])
    def test_quantities_items_or_amounts_distinguish_like_lines(self, small, large, price):
        lines = [asked(quantity=3, price=price), asked(quantity=1, price=price)]
        assert correlate(lines, [held(**small), held(**large)], []) == [won(1), won(0)]
        assert correlate(lines, [held(**large), held(**small)], []) == [won(0), won(1)]

    def test_size_of_one_hold_pairs_the_others_too(self):
        lines = [asked(quantity=1), asked(quantity=2), asked(quantity=3)]
        pieces = [held(quantity=3), held(), held(quantity=1)]
        assert correlate(lines, pieces, []) == [won(2), won(1), won(0)]

    def test_quantity_of_a_refusal_identifies_which_like_line_failed(self):
        lines = [asked(quantity=1), asked(quantity=3)]
        assert correlate(lines, [held()], [refused(quantity=1)]) == [FAILED, won(0)]
        assert correlate(lines, [held()], [refused(quantity=3)]) == [won(0), FAILED]

    def test_size_of_a_hold_identifies_which_like_line_failed(self):
        lines = [asked(quantity=1), asked(quantity=3)]
        assert correlate(lines, [held(quantity=3)], [refused()]) == [FAILED, won(0)]
        assert correlate(lines, [held(quantity=1)], [refused()]) == [won(0), FAILED]
        assert correlate(lines, [held(quantity=2)], [refused()]) == [UNKNOWN, UNKNOWN]

    def test_identical_lines_are_settled_in_their_order(self):
        answer = correlate_holds([asked(), asked(), asked()], [held(), held()], [refused()])
        assert results(answer) == [won(0), won(1), FAILED]

    def test_like_lines_with_different_answers_are_not_guessed(self):
        lines = [asked(answers="Ada"), asked(answers="Bob")]
        answer = correlate_holds(lines, [held()], [refused()])
        assert results(answer) == [UNKNOWN, UNKNOWN]
        assert answer.unmatched == (0,)
        assert len(answer.unmatched_failures) == 1

    def test_equal_quantities_with_different_answers_are_not_guessed(self):
        lines = [asked(answers="Ada"), asked(answers="Bob"), asked(quantity=2)]
        assert correlate(lines, [held(quantity=1), held(quantity=2)], [refused(quantity=1)]) == [UNKNOWN] * 3
        assert correlate(lines, [held(quantity=1), held(quantity=1)], [refused(quantity=2)]) == [
            won(0),
            won(1),
            FAILED,
        ]

    def test_like_lines_of_unknown_size_are_not_guessed(self):
        lines = [asked(quantity=2), asked(quantity=3)]
        assert correlate(lines, [held()], [refused()]) == [UNKNOWN, UNKNOWN]

    def test_one_hold_may_cover_lines_of_several_offers(self):
        both = ReservationFacts.read(held_json(1, items=1))
        both = evolve(both, items=both.items + held(2).items)
        assert correlate([asked(1), asked(2)], [both], []) == [won(0), won(0)]

    def test_one_hold_may_cover_several_like_lines(self):
        for merged in (held(items=2), held(quantity=2)):
            assert correlate([asked(), asked()], [merged], []) == [won(0), won(0)]
        for merged in (held(items=3), held(quantity=3), held()):
            assert correlate([asked(), asked()], [merged], []) == [UNKNOWN, UNKNOWN]

    def test_several_holds_of_a_unit_may_be_one_line(self):
        lines = [asked(quantity=2), asked(2)]
        assert correlate(lines, [held(), held(2), held()], []) == [won(0, 2), won(1)]
        assert correlate(lines[:1], [held(quantity=1), held(quantity=1)], []) == [won(0, 1)]
        assert correlate(lines[:1], [held(quantity=1), held()], []) == [won(0, 1)]
        two = [asked(quantity=2), asked(quantity=3)]
        assert correlate(two, [held() for _ in range(5)], []) == [won(0, 1), won(2, 3, 4)]

    @pytest.mark.parametrize(
        "sizes",
        [
            [{"quantity": 2}, {"quantity": 2}],
            [{"items": 2}, {}],
            [{}, {}, {}],
            [{"quantity": 1}, {"quantity": 2}],
        ],
    )
    def test_holds_that_do_not_add_up_to_a_line_leave_it_open(self, sizes):
        answer = correlate_holds([asked(quantity=2)], [held(**size) for size in sizes], [])
        assert [line.status for line in answer.lines] == ["undetermined"]

    def test_several_holds_of_stated_quantities_may_be_one_line(self):
        sizes = [held(quantity=2), held(quantity=1)]
        assert correlate([asked(quantity=3)], sizes, []) == [won(0, 1)]
        assert correlate([asked(quantity=4)], sizes, []) == [("undetermined", 0, 1)]
        assert (
            correlate([asked(quantity=2), asked(quantity=2)], [*sizes, held(quantity=1)], []) == [UNKNOWN] * 2
        )

    def test_items_of_one_hold_are_added_up(self):
        def of(*quantities):
            return evolve(held(), items=tuple(held(quantity=quantity).items[0] for quantity in quantities))

        assert correlate([asked(quantity=3)], [of(1, 2)], []) == [won(0)]
        assert correlate([asked(quantity=4)], [of(1, 2)], []) == [("undetermined", 0)]
        assert correlate([asked(quantity=2)], [of(None, 5)], []) == [won(0)]
        assert correlate([asked(quantity=2)], [of(5, None)], []) == [won(0)]

    def test_amounts_of_a_hold_of_several_kinds_are_those_of_its_items(self):
        def of(*amounts):
            items = [evolve(held(1).items[0], amount=each and Decimal(each)) for each in amounts]
            return evolve(held(1), items=(*items[:1], *held(2).items, *items[1:]), total=Decimal(99))

        lines = [asked(1, 2, price="10"), asked(2, price="7")]
        assert correlate(lines, [of("20")], []) == [won(0), won(0)]
        assert correlate(lines, [of("10")], []) == [("undetermined", 0), won(0)]
        assert correlate(lines, [of("5", "15")], []) == [won(0), won(0)]
        assert correlate([asked(1, 3, price="10"), lines[1]], [of("5", "15")], []) == [
            ("undetermined", 0),
            won(0),
        ]
        assert correlate(lines, [of("5", None)], []) == [won(0), won(0)]

    def test_sizes_shown_by_one_like_hold_count_for_all(self):
        two = [asked(quantity=2), asked(quantity=2)]
        assert correlate(two, [held(items=2), held()], []) == [won(0), ("undetermined", 1)]
        assert correlate([asked(quantity=2), asked(quantity=3)], [held(items=3), held()], []) == [
            ("undetermined", 1),
            won(0),
        ]
        assert correlate(two, [held(items=2), held(quantity=2)], []) == [won(0), won(1)]

    def test_like_holds_whose_amounts_show_nothing_are_taken_in_order(self):
        lines = [asked(quantity=3), asked(quantity=2)]
        for amounts in (("20", "37"), ("0", "0"), (None, "5")):
            pieces = [held(amount=amount) for amount in amounts]
            assert correlate(lines, pieces, []) == [won(0), won(1)]
        pieces = [held(amount="0.50"), held(amount="0.75")]
        assert correlate(lines, pieces, []) == [won(1), won(0)]

    @pytest.mark.parametrize(
        ("price", "quantity", "items", "total", "shown"),
        [
            (None, 3, 2, "10", 3),
            (None, None, 2, "10", 2),
            ("10", None, 1, "20", 2),
            ("0.50", None, 1, "1", 2),
            ("0.50", None, 1, "0", None),
            ("10", None, 1, "25", None),
            ("0", None, 1, "20", None),
            (None, None, 1, "20", None),
            ("10", None, 1, None, None),
        ],
    )
    def test_units_are_stated_or_listed_or_paid(self, price, quantity, items, total, shown):
        paid = None if total is None else Decimal(total)
        assert shown_units(asked(price=price), quantity, items, paid) == shown

    def test_units_that_only_seem_to_add_up_are_no_line(self):
        assert correlate([asked(quantity=3)], [held(items=2), held()], []) == [UNKNOWN]

    def test_unmentioned_line_is_open(self):
        assert correlate([asked(1), asked(2)], [held(1)], []) == [won(0), UNKNOWN]
        assert correlate([asked(1), asked(2)], [], [refused(1)]) == [FAILED, UNKNOWN]
        assert correlate([asked(1)], [], []) == [UNKNOWN]

    def test_old_form_of_a_session_is_still_the_only_hold_of_its_offer(self):
        assert correlate([asked(session=1)], [held(session=old_session_iri(9))], []) == [won(0)]
        assert correlate([asked(session=old_session_iri(9))], [held(session=1)], []) == [won(0)]

    def test_hold_that_shows_no_tickets_is_the_only_one_of_its_offer(self):
        silent = ReservationFacts.read(held_json(1) | {"items": [{"offer": offer_iri(1)}]})
        assert correlate([asked(session=1)], [silent], []) == [won(0)]
        assert correlate([asked(session=1), asked(session=2)], [silent], []) == [UNKNOWN, UNKNOWN]
        assert correlate([asked(quantity=2, session=1)], [silent, held(session=2)], []) == [UNKNOWN]
        assert correlate([asked(session=1), asked(session=2)], [silent, held(session=1)], []) == [
            won(1),
            won(0),
        ]

    def test_hold_of_other_tickets_of_the_offer_is_not_the_line(self):
        def tickets(*names):
            shown = [
                {"ticket": ticket_iri(1, number), "session": name}
                for number, name in enumerate(names, start=1)
            ]
            return {"offer": offer_iri(1), "quantity": 1, "ticketSessions": shown, "offerTickets": shown}

        def of(*names):
            return ReservationFacts.read(held_json() | {"items": [tickets(*names)]})

        line = RequestedLine.of(tickets("/e/sessions/1", "/e/sessions/2"))
        assert correlate([line], [of("/e/sessions/1", "/events/1/sessions/9")], []) == [won(0)]
        assert correlate([line], [of("/e/sessions/9", "/events/1/sessions/9")], []) == [UNKNOWN]
        assert correlate([line], [of("/e/sessions/1")], []) == [UNKNOWN]
        assert correlate([line], [of("/e/sessions/1", "/e/sessions/2", None)], []) == [UNKNOWN]

    @pytest.mark.parametrize("bare", [held_json(items=0, name="r"), reservation_iri("r")])
    def test_last_line_gets_the_one_hold_left_that_shows_nothing(self, bare):
        bare = ReservationFacts.read(bare)
        assert correlate([asked(1), asked(2)], [bare, held(2)], []) == [won(0), won(1)]
        assert correlate([asked(1), asked(2)], [bare], []) == [UNKNOWN, UNKNOWN]
        assert correlate([asked(1)], [bare, ReservationFacts(reservation_iri("x"))], []) == [UNKNOWN]

    @pytest.mark.parametrize(
        "nothing", [{}, None, 17, {"@id": "/.well-known/genid/1"}, held_json() | {"@id": None}]
    )
    def test_entry_without_a_name_is_no_hold(self, nothing):
        answer = correlate_holds([asked(1)], [ReservationFacts.read(nothing)], [])
        assert results(answer) == [UNKNOWN]
        assert answer.unmatched == (0,)

    @pytest.mark.parametrize("over", [{"status": "released"}, {"order": order_iri("o")}, {"expired": True}])
    def test_hold_that_is_over_is_not_taken(self, over):
        for entry in (held(**over), held(items=0, **over)):
            answer = correlate_holds([asked(1)], [entry], [])
            assert results(answer) == [UNKNOWN]
            assert answer.unmatched == (0,)


class TestContradictions:
    """Answers that contradict the request or themselves: nothing of them is believed."""

    def test_line_that_was_held_and_refused_at_once_is_open(self):
        for quantity in (None, 1, 2, 3):
            answer = correlate_holds([asked(quantity=3)], [held()], [refused(quantity=quantity)])
            assert results(answer) == [UNKNOWN]
            assert answer.unmatched == (0,)
        assert correlate([asked(1), asked(2)], [held(1), held(2)], [refused(1)]) == [UNKNOWN, won(1)]
        assert correlate([asked()], [held()], [failed({"propertyPath": "items[0]"})]) == [UNKNOWN]

    def test_like_lines_that_were_held_and_refused_at_once_are_open(self):
        assert correlate([asked(), asked()], [held(), held()], [refused()]) == [UNKNOWN, UNKNOWN]
        assert correlate([asked(), asked()], [held(quantity=2)], [refused()]) == [UNKNOWN, UNKNOWN]
        assert (
            correlate([asked(quantity=2)] * 3, [held(quantity=2), held(quantity=1)], [refused()])
            == [UNKNOWN] * 3
        )
        sessions = [asked(session=1), asked(session=2)]
        assert correlate(sessions, [held(session=1)], [refused(session=1)]) == [UNKNOWN, UNKNOWN]

    def test_more_holds_than_lines_are_not_swallowed(self):
        answer = correlate_holds([asked()], [held(), held()], [])
        assert [line.status for line in answer.lines] == ["undetermined"]
        assert answer.unmatched == (0, 1)

    def test_hold_of_something_else_is_unmatched(self):
        answer = correlate_holds([asked(1)], [held(1), held(9)], [])
        assert results(answer) == [won(0)]
        assert answer.unmatched == (1,)

    def test_hold_of_something_else_is_not_taken_by_elimination(self):
        assert correlate([asked(1)], [held(9)], []) == [UNKNOWN]
        partly = ReservationFacts.read(
            held_json(1) | {"items": [*held_json(1)["items"], *held_json(9)["items"]]}
        )
        assert correlate([asked(1)], [partly], []) == [UNKNOWN]
        assert correlate([asked(session=1)], [held(session=2)], []) == [UNKNOWN]

    def test_reservation_listed_twice_counts_once(self):
        twice = [held(name="r"), held(name="r")]
        answer = correlate_holds([asked(), asked()], twice, [])
        assert results(answer) == [UNKNOWN, UNKNOWN]
        assert answer.unmatched == (0,)
        assert correlate([asked()], twice, []) == [won(0)]

    def test_reservation_listed_twice_with_different_content_is_unmatched(self):
        answer = correlate_holds([asked(1), asked(2)], [held(1, name="r"), held(2, name="r")], [])
        assert results(answer) == [UNKNOWN, UNKNOWN]
        assert answer.unmatched == (0, 1)
        bare = ReservationFacts(reservation_iri("r"))
        assert correlate([asked(1)], [bare, held(1, name="r")], []) == [UNKNOWN]

    @pytest.mark.parametrize(
        ("size", "shortfall"),
        [
            ({"quantity": 1}, "1 of 3 units are held"),
            ({"quantity": 4}, "4 of 3 units are held"),
            ({"items": 2}, "2 of 3 units are held"),
            ({"amount": "20.00"}, "2 of 3 units are held"),
            ({"amount": "40.00"}, "4 of 3 units are held"),
            ({"amount": "30.00"}, None),
            ({"amount": "21.37"}, None),
            ({"amount": "0.00"}, None),
            ({}, None),
        ],
    )
    def test_line_held_in_part_is_open_with_what_it_got(self, size, shortfall):
        (line,) = correlate_holds([asked(quantity=3, price="10")], [held(**size)], []).lines
        assert (line.status, line.shortfall) == (
            ("succeeded", None) if shortfall is None else ("undetermined", shortfall)
        )
        assert line.entries == (0,)

    def test_free_line_is_not_judged_by_its_amount(self):
        assert correlate([asked(quantity=3, price="0")], [held(amount="10.00")], []) == [won(0)]

    def test_two_of_three_holds_of_a_unit_fall_short(self):
        answer = correlate_holds([asked(quantity=3)], [held(), held()], [])
        assert results(answer) == [("undetermined", 0, 1)]
        assert answer.lines[0].shortfall == "2 of 3 units are held"
        assert answer.unmatched == ()

    @pytest.mark.parametrize("size", [{"quantity": 2}, {"items": 2}, {"amount": "20.00"}])
    def test_one_of_several_like_lines_held_in_part_is_open(self, size):
        lines = [asked(quantity=2, price="10"), asked(quantity=3, price="10")]
        answer = correlate_holds(lines, [held(**size), held(**size)], [])
        assert results(answer) == [won(0), ("undetermined", 1)]
        assert answer.lines[1].shortfall == "2 of 3 units are held"

    def test_line_held_in_part_blocks_elimination(self):
        lines = [asked(1, 2), asked(2)]
        assert correlate(lines, [held(1, quantity=1)], [failed({})]) == [("undetermined", 0), UNKNOWN]
        bare = ReservationFacts(reservation_iri("x"))
        assert correlate(lines, [held(1, quantity=1), bare], []) == [("undetermined", 0), UNKNOWN]

    @pytest.mark.parametrize(
        "entries",
        [
            [{"propertyPath": "items[0].quantity"}, {"propertyPath": "items[0].offer"}],
            [{"offer": offer_iri(1), "code": "a"}, {"offer": offer_iri(1), "code": "b"}],
            [{"offer": offer_iri(1)}, {"ticketSessions": [{"ticket": ticket_iri(1)}]}],
            [{"offer": offer_iri(1)}, offer_iri(1)],
            [{"violations": [{"propertyPath": "items[0].offer"}]}, {"path": "/items/0/quantity"}],
        ],
    )
    def test_repeated_failure_of_one_line_says_nothing_of_another(self, entries):
        lines, failures = [asked(1), asked(2)], [failed(entry) for entry in entries]
        answer = correlate_holds(lines, [], failures)
        assert results(answer) == [FAILED, UNKNOWN]
        assert answer.lines[0].failure is failures[0]
        assert answer.unmatched_failures == ()

    @pytest.mark.parametrize(
        ("lines", "entries"),
        [
            ([asked(session=1), asked(session=2)], [refused(session=1), refused(session=1)]),
            ([asked(quantity=1), asked(quantity=3)], [refused(quantity=1), refused(quantity=1)]),
            (
                [asked(quantity=1, session=1), asked(quantity=3, session=2)],
                [refused(quantity=1), refused(quantity=1, session=1)],
            ),
        ],
    )
    def test_repeated_failure_says_nothing_of_another_line_of_its_offer(self, lines, entries):
        assert correlate(lines, [], entries) == [FAILED, UNKNOWN]

    def test_failure_of_a_part_says_nothing_of_the_line(self):
        assert correlate([asked(quantity=3)], [], [refused(quantity=1)]) == [UNKNOWN]
        assert correlate([asked(quantity=3)], [], [refused(quantity=1), refused()]) == [UNKNOWN]

    def test_more_failures_than_like_lines_leave_them_open(self):
        entries = [refused(code=str(number)) for number in range(3)]
        answer = correlate_holds([asked(), asked()], [], entries)
        assert results(answer) == [UNKNOWN, UNKNOWN]
        assert answer.unmatched_failures == tuple(entries)
        assert correlate([asked(), asked()], [], entries[:2]) == [FAILED, FAILED]
        assert correlate([asked(), asked()], [], entries[:1]) == [UNKNOWN, UNKNOWN]

    @pytest.mark.parametrize(
        "other",
        [
            {"offer": offer_iri(9)},
            {"propertyPath": "items[7].offer"},
            {"propertyPath": "items[1].offer"},
            {"propertyPath": "rows[0].offer"},
            {"path": "[0]"},
            {"index": 0},
            {"position": 1},
            {"offer": offer_iri(1), "ticketSessions": [{"session": session_iri(1, 9)}]},
            {"offer": offer_iri(1), "tickets": [ticket_iri(2)]},
            {"offer": offer_iri(1), "sessions": [session_iri(1, 1), session_iri(1, 9)]},
            {"session": old_session_iri(9)},
            {"offer": offer_iri(1), "quantity": 5},
            {"quantity": 5},
            {"reservation": reservation_iri("x")},
            {"order": order_iri("x")},
            {"offerId": "019a57f7-0d80-7f8f-8d5c-e33a8015044c"},
            {"a": offer_iri(1), "b": offer_iri(2)},
            {"propertyPath": "items[0]", "offer": offer_iri(9)},
            {"propertyPath": "items[0]", "quantity": 5},
            {"propertyPath": "items[0]", "session": session_iri(1, 9)},
            {"errors": [{"path": "items[0]"}, {"path": "items[1]"}]},
        ],
    )
    def test_failure_that_names_something_else_is_for_no_line(self, other):
        answer = correlate_holds([asked(1, session=1)], [], [failed(other)])
        assert results(answer) == [UNKNOWN]
        assert answer.unmatched_failures == (failed(other),)
        if "items[1]" not in str(other):
            beside = correlate_holds([asked(1, session=1), asked(2)], [], [failed(other), failed({})])
            assert results(beside) == [UNKNOWN, UNKNOWN]

    def test_failure_that_contradicts_keeps_others_from_elimination(self):
        lines = [asked(1), asked(2)]
        entry = failed({"propertyPath": "items[0]", "offer": offer_iri(2)})
        assert correlate(lines, [], [entry]) == [UNKNOWN, UNKNOWN]
        assert correlate(lines, [], [failed({"propertyPath": "items[0]"}), entry]) == [FAILED, UNKNOWN]
        assert correlate(lines, [held(1)], [failed({}), refused(9)]) == [won(0), UNKNOWN]

    def test_hold_left_over_casts_doubt_on_failures_of_its_offer_only(self):
        lines = [asked(1), asked(2)]
        spare = [held(1, name="r"), held(9, name="r")]
        answer = correlate_holds(lines, spare, [refused(1), refused(2)])
        assert results(answer) == [UNKNOWN, FAILED]
        assert answer.lines[0].failure.offer == offer_iri(1)
        assert correlate(lines, [held(9)], [refused(1), refused(2)]) == [FAILED, FAILED]
        assert correlate(lines, [held(1, status="released")], [refused(1), refused(2)]) == [FAILED, FAILED]

    def test_hold_that_shows_nothing_casts_doubt_on_every_failure(self):
        bare = ReservationFacts(reservation_iri("x"))
        both = [refused(1), refused(2)]
        assert correlate([asked(1), asked(2)], [bare], both) == [UNKNOWN, UNKNOWN]
        assert correlate([asked(1), asked(2)], [bare], both[:1]) == [FAILED, won(0)]
        more = [bare, ReservationFacts(reservation_iri("y"))]
        assert correlate([asked(1), asked(2), asked(3)], more, both[:1]) == [FAILED, UNKNOWN, UNKNOWN]
        assert correlate([asked(1), asked(2)], more, both[:1]) == [UNKNOWN, UNKNOWN]

    def test_uncertain_group_keeps_failures_from_other_lines_of_its_offer(self):
        lines = [asked(session=1), asked(session=1), asked(session=2)]
        answer = correlate_holds(lines, [held(session=1)], [refused()])
        assert results(answer) == [UNKNOWN] * 3
        assert answer.unmatched_failures == (refused(),)
        sizes = [asked(quantity=1), asked(quantity=3), asked(quantity=3, session=1)]
        assert correlate(sizes, [held()], [refused(quantity=1), refused(quantity=3)]) == [UNKNOWN] * 3
        assert correlate(lines, [held(session=1)], [refused(), refused()]) == [won(0), FAILED, FAILED]
        assert correlate(lines, [held(session=1)], [refused(session=1), refused(session=2)]) == [
            won(0),
            FAILED,
            FAILED,
        ]

    def test_failures_are_paired_with_the_lines_that_they_name(self):
        lines = [asked(session=1), asked(session=2), asked(quantity=3, session=3)]
        entries = [refused(session=3), refused(session=2), refused(session=1)]
        answer = correlate_holds(lines, [], entries)
        assert [line.failure for line in answer.lines] == entries[::-1]
        entries = [refused(quantity=3), refused(), refused(quantity=1)]
        answer = correlate_holds([asked(quantity=1), asked(quantity=2), asked(quantity=3)], [], entries)
        assert [line.failure for line in answer.lines] == [entries[2], entries[1], entries[0]]
        silent = [failed({"quantity": 3, "code": "a"}), failed({"quantity": 1, "code": "b"})]
        answer = correlate_holds([asked(1, 1), asked(2, 3)], [], silent)
        assert [line.failure for line in answer.lines] == silent[::-1]

    def test_sessions_that_several_lines_share_do_not_identify_one(self):
        def line(*sessions):
            tickets = [
                {"ticket": ticket_iri(1, n), "session": session_iri(1, s, n)} for n, s in enumerate(sessions)
            ]
            return RequestedLine.of({"offer": offer_iri(1), "quantity": 1, "ticketSessions": tickets})

        def entry(*sessions):
            return refused_of([session_iri(1, s, n) for n, s in enumerate(sessions)])

        def refused_of(names):
            return failed({"offer": offer_iri(1), "ticketSessions": [{"session": name} for name in names]})

        lines = [line(1, 1), line(1, 2)]
        assert correlate(lines, [], [entry(1, 1)]) == [FAILED, UNKNOWN]
        assert correlate(lines, [], [entry(1, 2)]) == [UNKNOWN, FAILED]
        assert correlate(lines, [], [refused_of([session_iri(1, 2, 1)])]) == [UNKNOWN, FAILED]
        assert correlate(lines, [], [entry(1), entry(1)]) == [UNKNOWN, UNKNOWN]
        wide = [line(1, 1, 1), line(1, 2, 1)]
        for names in ((2, 0), (0, 2)):
            named = [
                session_iri(1, 1, n) if s == 0 else session_iri(1, s, 1)
                for n, s in zip((0, 2), names, strict=True)
            ]
            assert correlate(wide, [], [refused_of(named)]) == [UNKNOWN, FAILED]

    def test_session_in_the_other_form_names_the_only_line_of_its_offer(self):
        entry = failed({"offer": offer_iri(1), "session": old_session_iri(9)})
        assert correlate([asked(session=1)], [], [entry]) == [FAILED]
        assert correlate([asked(session=1), asked(session=2)], [], [entry]) == [UNKNOWN, UNKNOWN]
        assert correlate([asked(session=old_session_iri(9)), asked(session=2)], [], [entry]) == [
            FAILED,
            UNKNOWN,
        ]


class TestFailedEntriesFindTheirLine:
    @pytest.mark.parametrize(
        "shape",
        [
            lambda offer, _: offer,
            lambda offer, _: {"offer": {"@id": offer}},
            lambda offer, _: {"item": {"offer": offer, "why": "sold out"}},
            lambda offer, _: {"ticketSessions": [{"ticket": f"{offer}/tickets/t"}]},
            lambda _, place: {"propertyPath": f"items[{place}]", "message": "sold out"},
            lambda _, place: {"violations": [{"propertyPath": f"items.{place}.quantity"}]},
            lambda _, place: {"path": f"/items/{place}/quantity"},
        ],
    )
    def test_two_entries_find_the_two_open_lines(self, shape):
        lines = [asked(1), asked(2), asked(3), asked(4)]
        entries = [failed(shape(offer_iri(4), 3)), failed(shape(offer_iri(2), 1))]
        answer = correlate_holds(lines, [held(3), held(1)], entries)
        assert results(answer) == [won(1), FAILED, won(0), FAILED]
        assert answer.lines[1].failure is entries[1]
        assert answer.lines[3].failure is entries[0]

    @pytest.mark.parametrize("raw", ["Sold out.", None, 17, {}, {"@type": "FailedReservation", "code": "no"}])
    def test_entries_that_name_nothing_are_eliminated_by_their_number(self, raw):
        lines = [asked(1), asked(2), asked(3)]
        one = failed(raw)
        assert correlate(lines, [held(3), held(1)], [one]) == [won(1), FAILED, won(0)]
        assert correlate(lines, [held(1)], [one, one]) == [won(0), FAILED, FAILED]
        for count in (1, 3):
            assert correlate(lines, [held(1)], [one] * count) == [won(0), UNKNOWN, UNKNOWN]
        assert correlate(lines, [held(1), held(9)], [one, one]) == [won(0), UNKNOWN, UNKNOWN]
        bare = ReservationFacts(reservation_iri("x"))
        assert correlate(lines, [held(1), bare], [one, one]) == [won(0), UNKNOWN, UNKNOWN]
        assert correlate(lines[:2], [held(1), bare], [one]) == [won(0), UNKNOWN]
        assert correlate_holds(lines, [held(1), bare], [one, one]).unmatched_failures == (one, one)
        assert correlate(lines[:2], [held(1)], [one, one]) == [won(0), UNKNOWN]


# --- properties --------------------------------------------------------------------------------------------

LINES = st.lists(
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.sampled_from([None, 1, 2]), st.booleans()),
    min_size=1,
    max_size=7,
)
PLAIN = [
    ("quantity", "whole"),
    ("items", "whole"),
    ("amount", "whole"),
    ("quantity", "quantity"),
    ("plain", "place"),
]


def reservation_of(line, style, **more):
    offer, quantity, session, _ = line
    sizes = {
        "quantity": {"quantity": quantity},
        "items": {"items": quantity},
        "amount": {"amount": f"{quantity * 10}.00"},
        "plain": {},
    }
    return held(offer, session, **sizes[style], **more)


def failure_of(line, place, style):
    offer, quantity, session, _ = line
    return {
        "whole": refused(offer, quantity, session),
        "quantity": refused(offer, quantity),
        "offer": refused(offer),
        "place": failed({"propertyPath": f"items[{place}]"}),
        "bare": failed({}),
    }[style]


def hold_request(lines):
    return [asked(offer, quantity, session, price="10") for offer, quantity, session, _ in lines]


@given(LINES, st.sampled_from(PLAIN), st.randoms(use_true_random=False))
def test_plain_answer_leaves_nothing_undetermined(lines, style, random):
    """Each line is answered by its own whole reservation or its own whole failed entry, in any order."""
    made = [(place, reservation_of(line, style[0])) for place, line in enumerate(lines) if line[3]]
    refusals = [failure_of(line, place, style[1]) for place, line in enumerate(lines) if not line[3]]
    random.shuffle(made)
    random.shuffle(refusals)
    answer = correlate_holds(hold_request(lines), [facts for _, facts in made], refusals)
    assert answer.unmatched == ()
    assert answer.unmatched_failures == ()
    assert all(line.status != "undetermined" for line in answer.lines)
    # lines that ask for the same are interchangeable
    said = Counter(
        line[:3] for line, result in zip(lines, answer.lines, strict=True) if result.status == "succeeded"
    )
    assert said == Counter(line[:3] for line in lines if line[3])
    for line, result in zip(lines, answer.lines, strict=True):
        for at in result.entries:
            got = lines[made[at][0]]
            assert (got[0], got[2]) == (line[0], line[2])
            assert got[1] == line[1] or style[0] == "plain"


@st.composite
def dishonest(draw):
    """Draw lines, what was really held, and an answer that leaves out, repeats, adds and contradicts."""
    lines = draw(LINES)
    style = draw(st.sampled_from(["quantity", "items", "amount"]))
    entries = draw(st.sampled_from(["whole", "place"]))
    made = [reservation_of(line, style, name=f"l{place}") for place, line in enumerate(lines) if line[3]]
    refusals = [failure_of(line, place, entries) for place, line in enumerate(lines) if not line[3]]
    kinds = ["omit", "repeat", "repeat failure", "omit failure", "part", "stranger", "bare", "elsewhere"]
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=3)):
        if kind == "omit" and made:
            made.pop(draw(st.integers(0, len(made) - 1)))
        elif kind == "repeat" and made:
            made.append(draw(st.sampled_from(made)))
        elif kind == "repeat failure" and refusals:
            refusals.append(draw(st.sampled_from(refusals)))
        elif kind == "omit failure" and refusals:
            refusals.pop(draw(st.integers(0, len(refusals) - 1)))
        elif kind == "part":
            offer, quantity, session, _ = draw(st.sampled_from(lines))
            made.append(reservation_of((offer, quantity + 4, session, True), style, name="part"))
        elif kind == "stranger":
            made.append(held(9))
        elif kind == "bare":
            made.append(ReservationFacts(reservation_iri("bare")))
        elif kind == "elsewhere":
            refusals.append(draw(st.sampled_from([refused(9), refused(1, 9), refused(1, 1, 9)])))
    random = draw(st.randoms(use_true_random=False))
    random.shuffle(made)
    random.shuffle(refusals)
    return lines, made, refusals


def test_more_is_held_of_a_line_than_there_are_lines():
    lines = [(1, 1, None, False), (1, 1, 1, True)]
    part = reservation_of((1, 5, 1, True), "quantity", name="part")
    answer = correlate_holds(
        hold_request(lines), [reservation_of(lines[1], "quantity"), part], [refused(1, 1)]
    )
    assert [line.status for line in answer.lines] == ["undetermined", "undetermined"]


@given(dishonest())
def test_no_line_is_called_failed_or_succeeded_wrongly(drawn):
    lines, made, refusals = drawn
    answer = correlate_holds(hold_request(lines), made, refusals)
    used = [at for line in answer.lines for at in line.entries]
    assert len(used) == len(set(used))
    assert set(used).isdisjoint(answer.unmatched)
    wholes, fails, truth = Counter(), Counter(), Counter()
    for line, result in zip(lines, answer.lines, strict=True):
        wholes[line[:3]] += result.status == "succeeded"
        fails[line[:3]] += result.status == "failed"
        truth[line[:3]] += line[3]
        if result.status == "succeeded":
            (at,) = result.entries
            assert made[at].iri != reservation_iri("part")
            if made[at].items:
                assert made[at].items[0].signature == hold_request([line])[0].signature
    repeated = {
        kind
        for kind, count in Counter((e.offer, e.quantity, e.sessions, e.index) for e in refusals).items()
        if count > 1
    }
    for kind, held_for_real in truth.items():
        alike = [line for line in lines if line[:3] == kind]
        offer, quantity, session = kind
        sessions = frozenset() if session is None else frozenset({session_iri(offer, session)})
        name = (offer_iri(offer), quantity, sessions, None)
        same_offer = [line for line in lines if line[:2] == kind[:2]]
        without_session = (offer_iri(offer), quantity, frozenset(), None)
        if (len(alike) > 1 and name in repeated) or (len(same_offer) > 1 and without_session in repeated):
            continue  # a repeated entry is no different from one for each of several lines that it may name
        assert fails[kind] <= len(alike) - held_for_real


# --- cost --------------------------------------------------------------------------------------------------


def calls(function, *arguments):
    """Return how many Python functions a call enters."""
    counted = 0

    def count(_frame, event, _argument):
        nonlocal counted
        counted += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return counted


def is_linear(build):
    small, large = (calls(correlate_holds, *build(size)) for size in (25, 100))
    return large < 4 * small * 1.2


@pytest.mark.parametrize(
    "build",
    [
        lambda n: ([asked(at) for at in range(n)], [held(at) for at in range(n)], []),
        lambda n: ([asked() for _ in range(n)], [held() for _ in range(n)], []),
        lambda n: (
            [asked(quantity=at + 1) for at in range(n)],
            [held(quantity=at + 1) for at in range(n)],
            [],
        ),
        lambda n: (
            [asked(session=at + 1) for at in range(n)],
            [],
            [refused(1, 1, at + 1) for at in range(n)],
        ),
        lambda n: ([asked() for _ in range(n)], [], [refused() for _ in range(n)]),
        lambda n: ([asked(at) for at in range(n)], [], [failed({}) for _ in range(n)]),
        lambda n: (
            [asked(at) for at in range(n)],
            [],
            [failed({"names": [offer_iri(at) for at in range(n)]})] * n,
        ),
        lambda n: ([asked(session=at % 9 + 1) for at in range(n)], [held(session=1)] * 3, [refused()] * n),
        lambda n: ([asked(quantity=2) for _ in range(n)], [held() for _ in range(2 * n)], []),
    ],
)
def test_work_for_a_hold_grows_in_line_with_its_lines(build):
    assert is_linear(build)


def test_work_for_an_order_grows_in_line_with_its_lines():
    def build(n):
        iris = [reservation_iri(at) for at in range(n)]
        every = failed({"names": iris})
        return iris, [ordered(at) for at in range(0, n, 2)], [every] * n, "REF"

    small, large = (calls(correlate_orders, *build(size)) for size in (25, 100))
    assert large < 4 * small * 1.2


# --- orders ------------------------------------------------------------------------------------------------

A, B, C = (reservation_iri(name) for name in "abc")


def correlate_all(reservations, orders, failures, reference="REF"):
    return correlate_orders(reservations, orders, [failed(entry) for entry in failures], reference)


class TestOrders:
    def test_orders_are_found_by_the_reservation_they_name(self):
        entry = {"reservation": B, "code": "reservation_expired"}
        answer = correlate_all([A, B, C], [ordered("c"), ordered("a")], [entry])
        assert results(answer) == [won(1), FAILED, won(0)]
        assert answer.lines[1].failure.raw is entry
        assert (answer.unmatched, answer.unmatched_failures) == ((), ())

    def test_order_that_names_none_is_the_one_that_is_left(self):
        assert results(correlate_all([A, B], [ordered(), ordered("a")], [])) == [won(1), won(0)]
        assert results(correlate_all([A, B], [ordered()], [{"reservation": A}])) == [FAILED, won(0)]

    def test_two_orders_that_name_none_leave_their_lines_open(self):
        answer = correlate_all([A, B], [ordered(), ordered()], [])
        assert results(answer) == [UNKNOWN, UNKNOWN]
        assert answer.unmatched == (0, 1)

    def test_order_that_names_none_is_not_taken_beside_a_contradiction(self):
        for beside in (
            [ordered("x")],
            [ordered(None, externalReference="OTHER")],
            [ordered("a", status="cancelled")],
        ):
            answer = correlate_all([A], [ordered(), *beside], [])
            assert results(answer) == [UNKNOWN]
            assert answer.unmatched == (0, 1)
        assert results(correlate_all([A], [ordered()], [{"reservation": C}])) == [UNKNOWN]
        assert results(correlate_all([A], [ordered()], [{}])) == [UNKNOWN]

    @pytest.mark.parametrize(
        "other",
        [
            {"reservation": "x"},
            {"reservation": "x", "externalReference": "OTHER"},
            {"externalReference": "OTHER"},
            {"reservation": "a", "status": "cancelled"},
        ],
    )
    def test_order_of_something_else_is_never_taken(self, other):
        answer = correlate_all([A], [ordered(**other)], [])
        assert results(answer) == [UNKNOWN]
        assert answer.unmatched == (0,)

    @pytest.mark.parametrize("nothing", [{}, None, 17, {"@id": "/.well-known/genid/1"}])
    def test_entry_that_says_nothing_is_no_order(self, nothing):
        answer = correlate_all([A], [OrderFacts.read(nothing)], [])
        assert results(answer) == [UNKNOWN]
        assert answer.unmatched == (0,)

    def test_order_whose_reference_was_trimmed_or_folded_is_ours(self):
        assert results(correlate_all([A], [ordered("a", externalReference=" ref ")], [])) == [won(0)]

    def test_order_matches_by_reservation_despite_another_reference(self):
        assert results(correlate_all([A], [ordered("a", externalReference="OTHER")], [])) == [won(0)]

    def test_two_orders_for_one_reservation_are_open(self):
        answer = correlate_all([A], [ordered("a"), ordered("a")], [])
        assert results(answer) == [("undetermined", 0, 1)]

    def test_order_beside_a_refusal_is_open(self):
        answer = correlate_all([A], [ordered("a")], [{"reservation": A}])
        assert results(answer) == [("undetermined", 0)]
        assert answer.lines[0].failure is not None

    def test_order_listed_twice_counts_once(self):
        assert results(correlate_all([A, B], [ordered("a", "o"), ordered("a", "o")], [])) == [won(0), UNKNOWN]
        assert results(correlate_all([A, B], [ordered(None, "o"), ordered(None, "o")], [])) == [
            UNKNOWN,
            UNKNOWN,
        ]

    def test_order_listed_twice_with_different_content_is_unmatched(self):
        for other in (ordered("b", "o"), ordered(None, "o")):
            answer = correlate_all([A, B], [ordered("a", "o"), other], [{"reservation": A}])
            assert results(answer) == [UNKNOWN, UNKNOWN]
            assert answer.unmatched == (0, 1)

    def test_spare_order_casts_doubt_on_refusals(self):
        answer = correlate_all([A, B], [ordered()], [{"reservation": A}, {"reservation": B}])
        assert results(answer) == [UNKNOWN, UNKNOWN]
        assert answer.unmatched == (0,)
        three = correlate_all([A, B, C], [ordered(), ordered()], [{"reservation": A}])
        assert results(three) == [FAILED, UNKNOWN, UNKNOWN]

    def test_contradicting_order_makes_its_reservation_undetermined(self):
        orders = [ordered("a", status="cancelled")]
        answer = correlate_all([A, B], orders, [{"reservation": A}, {"reservation": B}])
        assert results(answer) == [UNKNOWN, FAILED]

    def test_refusal_that_proves_an_order_counts_before_others(self):
        entries = [{"reservation": A, "message": "No."}, {"reservation": A, "code": "already_ordered"}]
        for given_entries in (entries, entries[::-1]):
            (line,) = correlate_all([A], [], given_entries).lines
            assert line.status == "failed"
            assert line.failure.says_already_ordered

    @pytest.mark.parametrize(
        "shape",
        [
            lambda iri, _: iri,
            lambda iri, _: {"reservation": {"@id": iri}},
            lambda iri, _: {"reservation": f"https://api.example.com{iri}"},
            lambda iri, _: {"error": {"resource": iri}},
            lambda _, place: {"propertyPath": f"reservations[{place}]"},
            lambda iri, place: {"propertyPath": f"reservations[{place}]", "reservation": iri},
        ],
    )
    def test_two_failed_orders_find_their_reservations(self, shape):
        iris = [A, B, C, reservation_iri("d")]
        entries = [shape(iris[3], 3), shape(iris[1], 1)]
        answer = correlate_all(iris, [ordered("a"), ordered("c")], entries)
        assert results(answer) == [won(0), FAILED, won(1), FAILED]
        assert answer.lines[1].failure.raw is entries[1]
        assert answer.lines[3].failure.raw is entries[0]

    @pytest.mark.parametrize("raw", ["no reason", None, {}, {"code": "no"}])
    def test_failed_orders_that_name_nothing_are_eliminated_by_number(self, raw):
        orders = [ordered("a")]
        assert results(correlate_all([A, B, C], orders, [raw, raw])) == [won(0), FAILED, FAILED]
        for count in (1, 3):
            answer = correlate_all([A, B, C], orders, [raw] * count)
            assert results(answer) == [won(0), UNKNOWN, UNKNOWN]
            assert len(answer.unmatched_failures) == count
        assert results(correlate_all([A, B], [*orders, ordered("x")], [raw])) == [won(0), UNKNOWN]
        assert results(correlate_all([A, B], orders, [raw, {"reservation": C}])) == [won(0), UNKNOWN]

    def test_silent_failures_are_kept_in_their_order(self):
        answer = correlate_all([A, B], [], [{"code": "a"}, {"code": "b"}])
        assert [line.failure.code for line in answer.lines] == ["a", "b"]

    @pytest.mark.parametrize(
        "raw",
        [
            {"reservation": C},
            {"propertyPath": "reservations[7]"},
            {"propertyPath": "reservations[2]"},
            {"propertyPath": "reservations[0]", "reservation": B},
            {"propertyPath": "reservations[0]", "reservation": C},
            {"both": [A, B]},
            {"reservation": C, "instead": A},
            {"order": order_iri("x")},
            {"id": "019a57f7-0d80-7f8f-8d5c-e33a8015044c"},
        ],
    )
    def test_failed_order_that_names_something_else_is_for_no_line(self, raw):
        answer = correlate_all([A, B], [], [raw])
        assert results(answer) == [UNKNOWN, UNKNOWN]
        assert [entry.raw for entry in answer.unmatched_failures] == [raw]
        assert results(correlate_all([A, B], [], [raw, {}])) == [UNKNOWN, UNKNOWN]
        assert results(correlate_all([A, B], [ordered("a")], [raw]))[1] == UNKNOWN

    def test_places_name_reservations_from_the_first_to_the_last(self):
        paths = [{"propertyPath": f"reservations[{place}]"} for place in (0, 1)]
        assert results(correlate_all([A, B, C], [], paths)) == [FAILED, FAILED, UNKNOWN]
        assert results(correlate_all([A, B], [], [{"propertyPath": "reservations[1]"}])) == [UNKNOWN, FAILED]


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["offer", "message", "error", "items", "quantity", "propertyPath", "reservation"]
                ),
                inner,
            )
        ),
    )
)
def test_no_shape_raises(raw):
    line = RequestedLine.of({"offer": "/o", "quantity": 1, "ticketSessions": []})
    assert len(correlate_holds([line], [ReservationFacts.read(raw)], [failed(raw)]).lines) == 1
    assert len(correlate_orders(["/r"], [OrderFacts.read(raw)], [failed(raw)], "REF").lines) == 1
