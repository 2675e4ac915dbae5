"""Which reservations are those of a lost hold, and whose they are when several calls ask for the same."""

import sys

import pytest
from attrs import evolve
from booking_facts import (
    NOW,
    asked,
    held,
    held_json,
    item,
    offer_iri,
    old_session_iri,
    order_iri,
    reservation_iri,
)
from hypothesis import given
from hypothesis import strategies as st

from korus._booking.facts import ReservationFacts, is_newest_first
from korus._booking.intent_details import (
    hold_details,
    known_lines,
    lines_of,
    open_lines,
    placed_reservations,
)
from korus._booking.reconciliation import find_matches
from korus._booking.request_items import RequestedLine
from korus._booking.snapshot import Snapshot
from korus._journal.intent_log import new_intent


def intent_of(items, *, name="m", state="reconciling", known=None):
    """Return the intent of a hold of these items."""
    details = hold_details(items, [None] * len(items), None)
    if known is not None:
        details["known_lines"] = known
    made = new_intent("hold", [RequestedLine.of(entry).key for entry in items], details)
    return evolve(made, id=name, state=state)


def matches(items, candidates, *competing, name="m", **more):
    lines = [RequestedLine.of(entry) for entry in items]
    return find_matches(lines, candidates, intent_of(items, name=name), competing, **more)


def fits(line, reservation):
    """Return True if a reservation could be what a line asked for."""
    return find_matches([line], [reservation], intent_of([]), ()).candidates == {0: (0,)}


class TestSnapshot:
    def test_listed_or_older_reservations_were_there_before(self):
        snapshot = Snapshot.of([held(name="1"), held(name="2", seconds=-9)])
        assert snapshot.is_before(held(name="1", seconds=9))
        assert snapshot.is_before(held(name="3", seconds=-1))
        assert not snapshot.is_before(held(name="4"))  # the same second, and not listed
        assert not snapshot.is_before(held(name="5", seconds=1))

    def test_newest_counts_wherever_it_is_listed(self):
        assert Snapshot.of([held(seconds=-9), held()]).newest == NOW
        assert Snapshot.of([held(createdAt=None), held()]).newest == NOW
        assert Snapshot.of([held(createdAt=None)]).newest is None

    def test_moments_are_compared_whatever_their_zone(self):
        snapshot = Snapshot.of([held()])
        assert snapshot.is_before(held(createdAt="2026-02-03T14:59:59+01:00"))
        assert not snapshot.is_before(held(createdAt="2026-02-03T15:00:01+01:00"))

    def test_everything_is_new_after_an_empty_list(self):
        assert not Snapshot.of([]).is_before(held(seconds=-3600))

    def test_snapshot_is_the_same_after_being_written(self):
        snapshot = Snapshot.of([held() for _ in range(20)])
        assert Snapshot.from_dict(snapshot.to_dict()) == snapshot
        empty = Snapshot.of([])
        assert empty.to_dict() == {"newest": None, "iris": []}
        assert Snapshot.from_dict(empty.to_dict()) == empty

    def test_snapshot_keeps_at_most_fifty_iris(self):
        assert len(Snapshot.of([held() for _ in range(60)]).to_dict()["iris"]) == 50

    @pytest.mark.parametrize("odd", [{}, {"createdAt": None}, {"createdAt": "soon", "@id": 4}, None])
    def test_entry_that_shows_nothing_is_not_old(self, odd):
        assert not Snapshot.of([held()]).is_before(ReservationFacts.read(odd))
        assert Snapshot.of([ReservationFacts.read(odd)]).iris == frozenset()


class TestListOrder:
    def test_list_that_goes_up_in_time_is_not_newest_first(self):
        assert is_newest_first([held(seconds=2), held(seconds=1), held(seconds=1)])
        assert not is_newest_first([held(seconds=2), held(seconds=1), held(seconds=3)])

    def test_list_that_shows_no_times_is_taken_as_asked(self):
        assert is_newest_first([])
        assert is_newest_first([held(seconds=1), held(createdAt=None), held()])
        assert not is_newest_first([held(), held(createdAt=None), held(seconds=1)])


class TestLikeness:
    def test_hold_of_the_same_is_recognised(self):
        assert fits(asked(1, 2, 1), held(1, 1, items=2))

    @pytest.mark.parametrize(
        "other",
        [
            held(2, 1, items=2),
            held(1, 1, items=3),
            held(1, 2, items=2),
            held(1, None, items=2),
            held(1, 1, items=2, expired=True),
            held(1, 1, items=2, status="released"),
            held(1, 1, items=2, status="cancelled"),
            held(1, 1, items=2, order=order_iri("o")),
            held(1, 1, items=0),
            ReservationFacts(reservation_iri("r")),
        ],
    )
    def test_hold_of_anything_else_or_one_that_is_over_is_not(self, other):
        line = asked(1, 2, 1)
        assert not fits(line, other)
        assert not matches([item(1, 2, 1)], [other]).candidates.get(0)

    def test_hold_of_two_kinds_is_no_line(self):
        both = evolve(held(1), items=held(1).items + held(2).items)
        assert not fits(asked(1), both)
        assert not fits(asked(1, 2), both)

    def test_hold_that_does_not_say_that_it_is_over_may_be_the_line(self):
        assert fits(asked(), held(status=None, expired=None))

    def test_other_tickets_are_another_hold(self):
        more = held_json(1)
        more["items"][0]["offerTickets"].append({"ticket": f"{offer_iri(1)}/tickets/2"})
        assert not fits(asked(1), ReservationFacts.read(more))

    def test_hold_that_shows_no_tickets_may_be_any_of_its_offer(self):
        silent = ReservationFacts.read(held_json(1) | {"items": [{"offer": offer_iri(1)}]})
        assert fits(asked(1, 1, 3), silent)
        for session in (3, old_session_iri(9)):
            assert matches([item(1, 1, session)], [silent]).found == {0: 0}
        assert not fits(asked(2), silent)

    def test_every_ticket_has_to_have_its_session(self):
        def entry(*sessions):
            shown = [{"ticket": f"/t/{number}", "session": name} for number, name in enumerate(sessions)]
            return {"offer": "/o", "quantity": 1, "ticketSessions": shown, "offerTickets": shown}

        line = RequestedLine.of(entry("/s/sessions/1", "/s/sessions/2"))
        for sessions, same in (
            (("/s/sessions/1", "/events/e/sessions/2"), True),
            (("/s/sessions/9", "/events/e/sessions/2"), False),
        ):
            assert fits(line, ReservationFacts.read(held_json() | {"items": [entry(*sessions)]})) is same

    @pytest.mark.parametrize(("line", "shown"), [(old_session_iri(9), 1), (1, old_session_iri(9))])
    def test_session_in_the_other_form_may_be_the_same(self, line, shown):
        assert fits(asked(session=line), held(session=shown))
        assert matches([item(session=line)], [held(session=shown)]).found == {0: 0}

    def test_other_session_in_the_same_form_is_another(self):
        assert not fits(asked(session=old_session_iri(8)), held(session=old_session_iri(9)))
        assert not fits(asked(session=old_session_iri(8)), held(session=None))

    def test_amount_shows_the_units_where_the_items_do_not(self):
        line = asked(quantity=2, price="10.00")
        assert fits(line, held(amount="20.00"))
        assert not fits(line, held(amount="30.00"))
        assert fits(line, held(amount="21.37"))  # the price has moved

    def test_stated_quantity_counts_before_items_and_amount(self):
        assert fits(asked(quantity=2, price="10"), held(quantity=2, amount="10"))
        assert not fits(asked(quantity=1), held(quantity=2))
        assert fits(asked(quantity=4), held(items=2, quantity=2))
        partly = held_json(items=1)["items"] + held_json(quantity=1)["items"]
        assert fits(asked(quantity=2), ReservationFacts.read(held_json() | {"items": partly}))


class TestMatches:
    def test_what_fits_is_found_line_by_line(self):
        result = matches([item(1), item(2), item(3)], [held(2), held(1)])
        assert result.found == {0: 1, 1: 0}
        assert result.candidates == {0: (1,), 1: (0,), 2: ()}
        assert not result.unclear
        assert not result.is_pending

    def test_like_lines_get_one_candidate_each(self):
        result = matches([item(), item(), item(2)], [held(), held(2), held()])
        assert result.found == {0: 0, 1: 2, 2: 1}
        fewer = matches([item(), item()], [held()])
        assert fewer.found == {0: 0}
        assert fewer.unclear == {1}

    def test_candidate_that_fits_lines_in_both_forms_is_taken_once(self):
        result = matches([item(session=1), item(session=old_session_iri(9))], [held(session=1)])
        assert result.found == {0: 0}
        assert result.unclear == frozenset()

    def test_hold_that_hides_its_units_is_taken_only_where_all_ask_for_as_many(self):
        assert matches([item(quantity=3)], [held()]).found == {0: 0}
        two = matches([item(quantity=3), item(quantity=1)], [held(), held()])
        assert (two.found, two.unclear) == ({}, {0, 1})
        assert two.candidates == {0: (0, 1), 1: (0, 1)}
        for state in ("reconciling", "unknown"):
            other = intent_of([item(quantity=1)], name="z", state=state)
            assert matches([item(quantity=3)], [held()], other).found == {}
        assert matches([item(quantity=3)], [held(items=3)], other).found == {0: 0}
        assert matches([item(quantity=3)], [held(), held(items=3)], intent_of([item(2)], name="z")).found == {
            0: 1
        }

    @pytest.mark.parametrize(("others", "found"), [((2,), {0: 0}), ((4,), {}), ((2, 4), {}), ((), {0: 0})])
    def test_amount_does_not_show_units_beside_calls_for_other_units(self, others, found):
        # four units at half the price that was listed are as much as two
        competing = [intent_of([item(quantity=asks)], name="z", state="unknown") for asks in others]
        lines = [asked(quantity=2, price="10.00")]
        result = find_matches(lines, [held(amount="20.00")], intent_of([item(quantity=2)]), competing)
        assert result.found == found
        assert result.candidates == {0: (0,)}

    def test_hold_of_one_item_is_one_unit_where_others_list_theirs(self):
        result = matches([item(quantity=3), item(quantity=1)], [held(), held(items=3)])
        assert result.found == {0: 1, 1: 0}
        assert result.candidates == {0: (1,), 1: (0,)}

    def test_call_for_another_quantity_blocks_matching_hidden_units(self):
        other = intent_of([item(quantity=1)], name="z", state="sending")
        assert matches([item(quantity=3)], [held()], other).is_pending
        assert matches([item(quantity=3)], [held(items=3)], other).found == {0: 0}
        assert not matches([item(quantity=3)], [], other).is_pending

    def test_nothing_is_taken_while_another_call_sends_the_same(self):
        result = matches([item()], [held()], intent_of([item()], name="a", state="sending"))
        assert result.is_pending
        assert result.found == {}

    @pytest.mark.parametrize("state", ["intended", "reconciling", "unknown"])
    def test_another_call_that_does_not_send_does_not_keep_one_waiting(self, state):
        other = intent_of([item()], name="z", state=state)
        assert matches([item()], [held(), held()], other).found == {0: 0}

    def test_another_call_that_sends_something_else_does_not_keep_one_waiting(self):
        result = matches([item()], [held()], intent_of([item(2)], name="a", state="sending"))
        assert not result.is_pending
        assert result.found == {0: 0}

    def test_two_that_look_for_the_same_never_take_the_same(self):
        items, candidates = [item()], [held(), held()]
        first = matches(items, candidates, intent_of(items, name="b"), name="a")
        second = matches(items, candidates, intent_of(items, name="a"), name="b")
        assert (first.found, second.found) == ({0: 0}, {0: 1})

    def test_hold_is_not_left_to_an_abandoned_call(self):
        other = intent_of([item()], name="a", state="unknown")
        assert matches([item()], [held()], other).found == {0: 0}
        assert matches([item()], [held(), held()], other).found == {0: 0}
        assert matches([item()], [held(), held(), held()], other).found == {}

    def test_first_of_two_calls_gets_the_only_hold(self):
        items, candidates = [item()], [held()]
        assert matches(items, candidates, intent_of(items, name="b"), name="a").found == {0: 0}
        second = matches(items, candidates, intent_of(items, name="a"), name="b")
        assert second.found == {}
        assert second.unclear == {0}

    def test_holds_with_different_answers_are_not_swapped(self):
        mine, other = [item(answers="Ada")], [item(answers="Bob")]
        result = matches(mine, [held()], intent_of(other, name="z"))
        assert result.found == {}
        assert result.unclear == {0}
        assert matches(mine, [held()]).found == {0: 0}
        assert matches(mine, [held(), held()], intent_of(mine, name="z")).found == {0: 0}

    def test_lines_with_different_answers_are_taken_together_or_not_at_all(self):
        both = [item(answers="Ada"), item(answers="Bob")]
        assert matches(both, [held(), held()]).found == {0: 0, 1: 1}
        assert matches(both, [held()]).found == {}
        assert matches(both, [held(), held(), held()], sends=2).found == {}
        assert matches(both, [held(), held()], intent_of([item()], name="z")).found == {}

    def test_more_than_all_calls_requested_is_partly_foreign(self):
        result = matches([item()], [held(), held()])
        assert result.found == {}
        assert result.unclear == {0}
        assert matches([item()], [held(), held()], intent_of([item()], name="z")).found == {0: 0}
        assert matches([item()], [held() for _ in range(3)], intent_of([item()], name="z")).found == {}

    def test_line_sent_twice_may_be_held_twice(self):
        assert matches([item()], [held(), held()], sends=2).found == {0: 0}
        assert matches([item()], [held(), held(), held()], sends=2).found == {}

    def test_lines_that_another_call_knows_already_are_not_open(self):
        known = [{"line": 1, "status": "succeeded", "reservations": [reservation_iri("x")]}, None]
        other = intent_of([item(), item()], name="a", known=known)
        assert matches([item()], [held(), held()], other).found == {0: 1}
        assert matches([item()], [held(), held(), held()], other).found == {}

    def test_other_call_counts_only_its_lines_that_ask_for_the_same(self):
        other = intent_of([item(), item(2)], name="a")
        assert matches([item()], [held(), held()], other).found == {0: 1}

    def test_without_a_shared_log_look_alikes_are_candidates_only(self):
        result = matches([item(), item(2)], [held(), held(2), held()], is_shared=False)
        assert result.found == {}
        assert result.unclear == {0, 1}
        assert result.candidates == {0: (0, 2), 1: (1,)}

    @given(st.integers(1, 4), st.lists(st.integers(1, 3), min_size=1, max_size=4))
    def test_no_two_calls_take_the_same(self, lines, others):
        everybody = [[item()] * count for count in (lines, *others)]
        intents = [intent_of(items, name="abcdefgh"[place]) for place, items in enumerate(everybody)]
        for available in range(sum(map(len, everybody)) + 1):
            candidates = [held() for _ in range(available)]
            taken = [
                at
                for items, intent in zip(everybody, intents, strict=True)
                for at in find_matches(
                    [RequestedLine.of(entry) for entry in items],
                    candidates,
                    intent,
                    [other for other in intents if other is not intent],
                ).found.values()
            ]
            assert len(taken) == len(set(taken)) == available


class TestWhatIsRemembered:
    def test_hold_details_contain_no_form_answers(self):
        items = [item(1, 2, 3, answers="Canary"), item(2)]
        details = hold_details(items, ["10.00", None], Snapshot.of([held(name="r")]))
        assert "Canary" not in repr(details)
        assert details["baseline"] == {"newest": NOW.isoformat(), "iris": [reservation_iri("r")]}
        intent = new_intent("hold", ["a", "b"], details)
        assert lines_of(intent) == [asked(1, 2, 3, "Canary", "10.00"), asked(2)]
        assert hold_details(items, [None, None], None)["baseline"] is None

    def test_ticket_sessions_keep_tickets_and_sessions_only(self):
        (kept,) = hold_details([item(1, 2, 3, "Ada")], [None], None)["items"]
        assert [set(entry) for entry in kept["ticketSessions"]] == [{"ticket", "session"}]
        (kept,) = hold_details([item(1)], [None], None)["items"]
        assert [set(entry) for entry in kept["ticketSessions"]] == [{"ticket"}]

    def test_lines_that_are_known_have_their_reservations(self):
        known = [None, {"line": 2, "reservations": ["/a", "/b"]}]
        intent = intent_of([item(), item(2)], known=known)
        assert known_lines(intent) == known
        assert placed_reservations(intent) == {"/a", "/b"}

    @pytest.mark.parametrize("known", [None, [], [{"reservations": ["/a"]}], [{"reservations": ["/a"]}] * 3])
    def test_what_does_not_fit_the_lines_is_not_known(self, known):
        intent = intent_of([item(), item(2)], known=known)
        assert known_lines(intent) == [None, None]
        assert placed_reservations(intent) == frozenset()


# --- cost --------------------------------------------------------------------------------------------------


def calls(lines, candidates):
    """Return how many functions a search enters."""
    items = [item(*line) for line in lines]
    requested, intent = [RequestedLine.of(entry) for entry in items], intent_of(items)
    counted = 0

    def count(_frame, event, _argument):
        nonlocal counted
        counted += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        result = find_matches(requested, candidates, intent, [])
    finally:
        sys.setprofile(None)
    assert len(result.found) == len(lines)
    return counted


def test_work_grows_in_line_with_lines_and_reservations():
    """50 lost lines among 2,000 reservations, and 800 lines, cost calls in proportion to both together."""
    few = calls([(at,) for at in range(50)], [held(at) for at in range(50)])
    among_many = calls([(at,) for at in range(50)], [held(at) for at in range(2000)])
    many = calls([(at,) for at in range(800)], [held(at) for at in range(800)])
    assert among_many < few * 40
    assert many < few * 16 * 1.2


def test_work_for_like_lines_grows_in_line_with_them():
    small, large = (
        calls([(1, 1, at + 1) for at in range(size)], [held(1, at + 1) for at in range(size)])
        for size in (25, 200)
    )
    assert large < small * 8 * 1.2
    old = [(1, 1, old_session_iri(at + 1)) for at in range(200)]
    small, large = (calls(old[:size], [held(1, line[2]) for line in old[:size]]) for size in (25, 200))
    assert large < small * 8 * 1.2
    small, large = (calls([(1,)] * size, [held(1)] * size) for size in (25, 200))
    assert large < small * 8 * 1.2


@pytest.mark.parametrize(
    "competing",
    [
        [intent_of([item(1)], name="a", state="sending")],
        [intent_of([item(1)], name="a", state="sending"), intent_of([item(1)], name="b", state="unknown")],
    ],
)
def test_one_call_that_waits_for_its_answer_is_enough_to_wait(competing):
    assert matches([item(1), item(2)], [held(1)], *competing).is_pending
    assert not matches([item(2)], [held(1)], *competing).is_pending


def test_one_line_of_a_call_that_waits_is_enough_to_wait():
    other = intent_of([item(1, 1), item(1, 2)], name="a", state="sending")
    assert matches([item(1, 2)], [held(1, items=2)], other).is_pending


def test_two_items_without_quantities_are_two_units():
    found = matches([item(1, 2)], [held(1, items=2), held(1, items=1)], is_shared=True, sends=1)
    assert found.found == {0: 0}


def test_quantity_that_the_log_does_not_show_is_none():
    other = intent_of([item(1)])
    assert open_lines(other, other.keys[0]) == [(1, None)]
    damaged = evolve(other, details={**other.details, "items": [{"quantity": "x"}]})
    assert open_lines(damaged, other.keys[0]) == [(0, None)]
