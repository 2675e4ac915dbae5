"""Which reservations can be the ones whose answer was lost, and whose they are when several ask for the same."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from korus.adoption import Baseline, adoptable, could_be, hold_details, hold_subjects
from korus.errors import (
    BadRequest,
    ConnectionFailed,
    ConnectionLost,
    DecodingFailed,
    InvalidArgument,
    RateLimited,
    ServerError,
    TimedOut,
)
from korus.fate import may_have_happened, may_still_happen
from korus.intents import Intent, new_intent

NOW = datetime(2026, 2, 3, 14, 0, tzinfo=UTC)


def item(shop, offer=1, quantity=1, session=None, answers=None):
    entry = {"ticket": shop.ticket_iri(offer)}
    if session:
        entry["session"] = shop.session_iri(offer, 1, session)
    if answers:
        entry["formData"] = {"form": shop.form_iri(), "fields": [{"field": "f", "value": answers}]}
    return {"offer": shop.offer_iri(offer), "quantity": quantity, "ticketSessions": [entry]}


def held(shop, number, offer=1, quantity=1, session=None, *, seconds=0, **more):
    tickets = [
        {
            "ticket": shop.ticket_iri(offer),
            "session": shop.session_iri(offer, 1, session) if session else None,
        }
    ]
    return {
        "@id": f"/v1/booking/reservations/{number}",
        "createdAt": (NOW + timedelta(seconds=seconds)).isoformat(),
        "items": [{"offer": shop.offer_iri(offer), "offerTickets": tickets}] * quantity,
        "expired": False,
        "order": None,
        "status": "reserved",
        **more,
    }


def intent_for(items, *, name, state="looking"):
    made = new_intent("hold", hold_subjects(items), hold_details(items, [None] * len(items), None))
    return evolve(made, id=name, state=state)


def found(items, candidates, *rivals, name="m"):
    return adoptable(items, candidates, intent_for(items, name=name), rivals)


class TestBaseline:
    def test_what_was_listed_or_is_older_was_there_before(self, shop):
        baseline = Baseline.of([held(shop, 1), held(shop, 2, seconds=-9)])
        assert baseline.is_before(held(shop, 1))
        assert baseline.is_before(held(shop, 3, seconds=-1))
        assert not baseline.is_before(held(shop, 4))  # the same second, and not listed
        assert not baseline.is_before(held(shop, 5, seconds=1))

    def test_moments_are_compared_whatever_their_zone(self, shop):
        baseline = Baseline.of([held(shop, 1)])
        earlier = held(shop, 2, createdAt="2026-02-03T14:59:59+01:00")
        assert baseline.is_before(earlier)
        assert not baseline.is_before({**earlier, "createdAt": "2026-02-03T15:00:01+01:00"})

    def test_where_nothing_was_everything_is_new(self, shop):
        assert not Baseline.of([]).is_before(held(shop, 1, seconds=-3600))

    def test_it_is_the_same_after_being_written_down(self, shop):
        baseline = Baseline.of([held(shop, number) for number in range(20)])
        assert Baseline.from_dict(baseline.to_dict()) == baseline

    @pytest.mark.parametrize("odd", [{}, {"createdAt": None}, {"createdAt": "soon", "@id": 4}])
    def test_what_says_nothing_of_itself_is_not_taken_for_old(self, shop, odd):
        assert not Baseline.of([held(shop, 1)]).is_before(odd)


class TestLikeness:
    def test_a_hold_of_the_same_is_recognised(self, shop):
        assert could_be(item(shop, quantity=2, session=1), held(shop, 1, quantity=2, session=1))

    @pytest.mark.parametrize(
        "other",
        [
            {"offer": 2},
            {"quantity": 3},
            {"session": 2},
            {"expired": True},
            {"status": "released"},
            {"order": "/v1/booking/orders/o"},
            {"items": []},
            {"items": None},
        ],
    )
    def test_a_hold_of_anything_else_or_one_that_is_over_is_not(self, shop, other):
        assert not could_be(
            item(shop, quantity=2, session=1), held(shop, 1, **{"quantity": 2, "session": 1, **other})
        )

    def test_the_amount_tells_how_many_where_the_items_do_not(self, shop):
        asked = {**item(shop, quantity=2), "price": "10.00"}
        packed = held(shop, 1, totalAmountInclTax="20.00")
        assert could_be(asked, packed)
        assert not could_be(asked, {**packed, "totalAmountInclTax": "30.00"})
        assert could_be(asked, {**packed, "totalAmountInclTax": "21.37"})  # the price has moved

    def test_a_stated_quantity_has_the_last_word(self, shop):
        stated = held(shop, 1)
        stated["items"][0]["quantity"] = 2
        assert could_be(item(shop, quantity=2), stated)
        assert not could_be(item(shop, quantity=1), stated)


class TestAdoption:
    def test_what_fits_is_adopted_line_by_line(self, shop):
        items = [item(shop, 1), item(shop, 2), item(shop, 3)]
        result = found(items, [held(shop, "b", 2), held(shop, "a", 1)])
        assert result.adopted == {0: 1, 1: 0}
        assert not result.unclear
        assert not result.pending

    def test_nothing_is_touched_while_somebody_else_is_sending_the_same(self, shop):
        items = [item(shop)]
        result = found(items, [held(shop, 1)], intent_for(items, name="a", state="sending"))
        assert result.pending
        assert result.adopted == {}

    def test_two_who_look_for_the_same_never_take_the_same(self, shop):
        items, candidates = [item(shop)], [held(shop, 1), held(shop, 2)]
        first = found(items, candidates, intent_for(items, name="b"), name="a")
        second = found(items, candidates, intent_for(items, name="a"), name="b")
        assert sorted([*first.adopted.values(), *second.adopted.values()]) == [0, 1]

    def test_of_two_who_look_for_one_hold_the_first_has_it(self, shop):
        items, candidates = [item(shop)], [held(shop, 1)]
        assert found(items, candidates, intent_for(items, name="b"), name="a").adopted == {0: 0}
        second = found(items, candidates, intent_for(items, name="a"), name="b")
        assert second.adopted == {}
        assert second.unclear == {0}

    def test_holds_with_different_answers_are_not_swapped(self, shop):
        mine, other = [item(shop, answers="Ada")], [item(shop, answers="Bob")]
        result = found(mine, [held(shop, 1)], intent_for(other, name="z"))
        assert result.adopted == {}
        assert result.unclear == {0}
        assert found(mine, [held(shop, 1)]).adopted == {0: 0}

    def test_more_than_all_of_us_asked_for_belongs_in_part_to_a_stranger(self, shop):
        result = found([item(shop)], [held(shop, 1), held(shop, 2)])
        assert result.adopted == {}
        assert result.unclear == {0}

    @given(st.integers(1, 4), st.lists(st.integers(1, 3), min_size=1, max_size=4))
    def test_whoever_looks_nobody_adopts_what_another_adopts(self, shared_shop, lines, rivals):
        names = "abcdefgh"
        everybody = [[item(shared_shop)] * count for count in (lines, *rivals)]
        intents = [intent_for(items, name=names[place]) for place, items in enumerate(everybody)]
        total = sum(map(len, everybody))
        for available in range(total + 1):
            candidates = [held(shared_shop, number) for number in range(available)]
            taken = [
                at
                for items, intent in zip(everybody, intents, strict=True)
                for at in adoptable(
                    items, candidates, intent, [other for other in intents if other is not intent]
                ).adopted.values()
            ]
            assert len(taken) == len(set(taken)) == available


class TestIntents:
    def test_what_is_remembered_of_a_hold_holds_nobodys_answers(self, shop):
        details = hold_details([item(shop, answers="Canary")], ["10.00"], None)
        assert "Canary" not in repr(details)
        assert hold_subjects(details["items"]) == hold_subjects([item(shop, answers="Canary")])

    def test_an_intent_is_the_same_after_being_written_down_but_for_what_is_private(self):
        made = new_intent("order", ["/r"], {"reservations": ["/r"]}, {"customer": {"email": "x"}}, "SHOP-1")
        read = Intent.from_dict(made.to_dict(), "order")
        assert (read.id, read.subjects, read.details, read.reference) == (
            made.id,
            made.subjects,
            made.details,
            made.reference,
        )
        assert read.private == {}
        assert "email" not in repr(made)
        with pytest.raises(InvalidArgument, match="not an unknown hold"):
            Intent.from_dict(made.to_dict(), "hold")


class TestFate:
    @pytest.mark.parametrize(
        ("error", "happened", "still"),
        [
            (ConnectionFailed("", sent=False), False, False),
            (TimedOut("", sent=False), False, False),
            (TimedOut("", sent=True), True, True),
            (ConnectionLost("", sent=True), True, True),
            (ServerError("", status=502), True, True),
            (ServerError("", status=504), True, True),
            (ServerError("", status=503), True, False),
            (ServerError("", status=500), True, False),
            (DecodingFailed(""), True, False),
            (BadRequest("", status=400), False, False),
            (RateLimited("", status=429), False, False),
        ],
    )
    def test_each_failure_says_whether_the_work_may_have_been_done(self, error, happened, still):
        assert may_have_happened(error) is happened
        assert may_still_happen(error) is still
