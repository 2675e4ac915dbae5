"""Which entries of a bulk answer belong to which lines."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from korus.matching import describe_failure, failed_entries, match_orders, match_reservations


def item(shop, offer=1, quantity=1, session=None, answers=None):
    entry = {"ticket": shop.ticket_iri(offer)}
    if session:
        entry["session"] = shop.session_iri(offer, 1, session)
    if answers:
        entry["formData"] = {"form": shop.form_iri(), "fields": [{"field": "f", "value": answers}]}
    return {"offer": shop.offer_iri(offer), "quantity": quantity, "ticketSessions": [entry]}


def held(shop, offer=1, session=None, *, items=1, quantity=None, amount=None):
    entry = {
        "offer": shop.offer_iri(offer),
        "offerTickets": [
            {
                "ticket": shop.ticket_iri(offer),
                "session": shop.session_iri(offer, 1, session) if session else None,
                "seating": {},
            }
        ],
        "amountInclTax": amount,
    }
    if quantity is not None:
        entry["quantity"] = quantity
    return {"@id": f"/v1/booking/reservations/{random.getrandbits(60):x}", "items": [entry] * items}


def refused(shop, offer=1, quantity=1):
    return {"@type": "FailedReservation", "offer": shop.offer_iri(offer), "quantity": quantity, "code": "no"}


def verdicts(answer):
    return [(verdict.status, *verdict.entries) for verdict in answer.verdicts]


class TestReservations:
    def test_offers_tell_lines_apart_whatever_the_order_of_the_answer(self, shop):
        answer = match_reservations(
            [item(shop, 1), item(shop, 2), item(shop, 3)], [held(shop, 3), held(shop, 1)], [refused(shop, 2)]
        )
        assert verdicts(answer) == [("succeeded", 1), ("failed",), ("succeeded", 0)]
        assert answer.verdicts[1].raw["code"] == "no"

    def test_sessions_tell_lines_of_one_offer_apart(self, shop):
        answer = match_reservations(
            [item(shop, session=1), item(shop, session=2)], [held(shop, session=2)], [refused(shop)]
        )
        assert verdicts(answer) == [("failed",), ("succeeded", 0)]

    def test_stated_quantities_amounts_or_items_tell_like_lines_apart(self, shop):
        items = [item(shop, quantity=3), item(shop, quantity=1)]
        for small, large in [
            (held(shop, quantity=1), held(shop, quantity=3)),
            (held(shop, items=1), held(shop, items=3)),
            (held(shop, amount="36.50"), held(shop, amount="109.50")),
        ]:
            assert verdicts(match_reservations(items, [small, large], [])) == [
                ("succeeded", 1),
                ("succeeded", 0),
            ]

    def test_the_quantity_of_a_refusal_tells_which_of_two_like_lines_failed(self, shop):
        items = [item(shop, quantity=1), item(shop, quantity=3)]
        answer = match_reservations(items, [held(shop)], [refused(shop, quantity=1)])
        assert verdicts(answer) == [("failed",), ("succeeded", 0)]

    def test_lines_that_ask_for_the_very_same_thing_are_settled_in_their_order(self, shop):
        answer = match_reservations([item(shop), item(shop)], [held(shop)], [refused(shop)])
        assert verdicts(answer) == [("succeeded", 0), ("failed",)]

    def test_like_lines_with_different_answers_are_not_guessed_at(self, shop):
        items = [item(shop, answers="Ada"), item(shop, answers="Bob")]
        answer = match_reservations(items, [held(shop)], [refused(shop)])
        assert verdicts(answer) == [("open",), ("open",)]
        assert answer.strangers == (0,)
        assert len(answer.unplaced) == 1

    def test_like_lines_of_unknown_size_are_not_guessed_at(self, shop):
        items = [item(shop, quantity=2), item(shop, quantity=3)]
        assert (
            verdicts(match_reservations(items, [held(shop)], [{"offer": shop.offer_iri()}]))
            == [("open",)] * 2
        )

    def test_one_hold_may_cover_several_lines_and_several_holds_one_line(self, shop):
        both = held(shop, 1)
        both["items"] += held(shop, 2)["items"]
        assert (
            verdicts(match_reservations([item(shop, 1), item(shop, 2)], [both], [])) == [("succeeded", 0)] * 2
        )
        assert verdicts(match_reservations([item(shop, quantity=2)], [held(shop), held(shop)], [])) == [
            ("succeeded", 0, 1)
        ]
        merged = held(shop, items=2)
        assert verdicts(match_reservations([item(shop), item(shop)], [merged], [])) == [("succeeded", 0)] * 2

    def test_a_line_that_was_held_and_refused_at_once_is_open(self, shop):
        answer = match_reservations([item(shop, quantity=3)], [held(shop)], [refused(shop, quantity=1)])
        assert verdicts(answer) == [("open",)]

    def test_a_line_that_the_answer_does_not_mention_is_open(self, shop):
        assert verdicts(match_reservations([item(shop, 1), item(shop, 2)], [held(shop, 1)], [])) == [
            ("succeeded", 0),
            ("open",),
        ]

    def test_more_holds_than_were_asked_for_are_not_swallowed(self, shop):
        answer = match_reservations([item(shop)], [held(shop), held(shop)], [])
        assert verdicts(answer) == [("open",)]
        assert answer.strangers == (0, 1)

    def test_a_hold_of_something_else_is_a_stranger(self, shop):
        answer = match_reservations([item(shop, 1)], [held(shop, 1), held(shop, 9)], [])
        assert verdicts(answer) == [("succeeded", 0)]
        assert answer.strangers == (1,)

    def test_a_session_written_in_the_old_form_is_still_the_only_hold_of_its_offer(self, shop):
        reservation = held(shop, session=1)
        reservation["items"][0]["offerTickets"][0]["session"] = f"{shop.catalog}/events/e/sessions/s"
        assert verdicts(match_reservations([item(shop, session=1)], [reservation], [])) == [("succeeded", 0)]

    @pytest.mark.parametrize(
        "bare", [{"@id": "/v1/booking/reservations/r", "items": None}, {}, "/v1/booking/x", None]
    )
    def test_the_last_line_gets_what_is_left_even_if_it_says_nothing(self, shop, bare):
        answer = match_reservations([item(shop, 1), item(shop, 2)], [bare, held(shop, 2)], [])
        assert verdicts(answer) == [("succeeded", 0), ("succeeded", 1)]

    @pytest.mark.parametrize(
        "shape",
        [
            lambda offer: offer,
            lambda offer: {"offer": {"@id": offer}},
            lambda offer: {"item": {"offer": offer, "why": "sold out"}},
            lambda offer: {"ticketSessions": [{"ticket": f"{offer}/tickets/t"}]},
            lambda offer: {"propertyPath": "items[1]", "message": "sold out"},
            lambda offer: "Sold out.",
            lambda offer: None,
            lambda offer: 17,
            lambda offer: {},
        ],
    )
    def test_a_failed_entry_of_any_shape_finds_its_line_and_is_kept_as_it_came(self, shop, shape):
        raw = shape(shop.offer_iri(2))
        answer = match_reservations(
            [item(shop, 1), item(shop, 2), item(shop, 3)], [held(shop, 3), held(shop, 1)], [raw]
        )
        assert verdicts(answer) == [("succeeded", 1), ("failed",), ("succeeded", 0)]
        assert answer.verdicts[1].raw is raw

    @given(st.data())
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_no_verdict_is_ever_wrong(self, shop, data):
        """Make up requests and honest answers of many styles, and hold the verdicts against the truth."""
        asked = data.draw(
            st.lists(
                st.tuples(st.integers(1, 3), st.integers(1, 3), st.sampled_from([None, 1, 2])),
                min_size=1,
                max_size=6,
            )
        )
        items = [item(shop, offer, quantity, session) for offer, quantity, session in asked]
        truth = [data.draw(st.booleans()) for _ in asked]
        style = data.draw(st.sampled_from(["plain", "quantity", "items", "amount"]))
        failed_style = data.draw(st.sampled_from(["full", "offer", "bare"]))
        reservations, failed = [], []
        for place, ((offer, quantity, session), won) in enumerate(zip(asked, truth, strict=True)):
            if won:
                made = held(
                    shop,
                    offer,
                    session,
                    quantity=quantity if style == "quantity" else None,
                    items=quantity if style == "items" else 1,
                    amount=f"{quantity * offer * 10}.50" if style == "amount" else None,
                )
                reservations.append((place, made))
            else:
                entry = {
                    "full": refused(shop, offer, quantity),
                    "offer": {"offer": shop.offer_iri(offer)},
                    "bare": {},
                }
                failed.append((place, entry[failed_style]))
        data.draw(st.randoms(use_true_random=False)).shuffle(reservations)
        answer = match_reservations(items, [made for _, made in reservations], [entry for _, entry in failed])
        for place, verdict in enumerate(answer.verdicts):
            like = [other for other in range(len(asked)) if asked[other] == asked[place]]
            if verdict.status == "open":
                continue
            # lines that ask for the same are interchangeable, so their counts have to be right
            said = sum(answer.verdicts[other].status == "succeeded" for other in like)
            if all(answer.verdicts[other].status != "open" for other in like):
                assert said == sum(truth[other] for other in like)
            for at in verdict.entries:
                made_for = asked[reservations[at][0]]
                assert made_for[0] == asked[place][0]
                assert made_for[2] == asked[place][2]
                if style in ("quantity", "items"):
                    assert made_for[1] == asked[place][1] or len(like) == len(asked)
        assert set(answer.strangers).isdisjoint(at for verdict in answer.verdicts for at in verdict.entries)
        if all(truth) and failed_style != "bare":
            assert all(verdict.status == "succeeded" for verdict in answer.verdicts)
        if not any(truth):
            assert all(verdict.status == "failed" for verdict in answer.verdicts)


RESERVATIONS = ["/v1/booking/reservations/a", "/v1/booking/reservations/b", "/v1/booking/reservations/c"]


class TestOrders:
    def test_orders_are_found_by_the_reservation_they_name(self):
        answer = match_orders(
            RESERVATIONS,
            [{"reservation": RESERVATIONS[2]}, {"reservation": {"@id": RESERVATIONS[0]}}],
            [{"reservation": RESERVATIONS[1], "code": "reservation_expired"}],
        )
        assert verdicts(answer) == [("succeeded", 1), ("failed",), ("succeeded", 0)]

    def test_an_order_that_names_none_is_the_one_that_is_left(self):
        answer = match_orders(RESERVATIONS[:2], [{}, {"reservation": RESERVATIONS[0]}], [])
        assert verdicts(answer) == [("succeeded", 1), ("succeeded", 0)]

    def test_two_orders_that_name_none_leave_their_lines_open(self):
        answer = match_orders(RESERVATIONS[:2], [{}, {}], [])
        assert verdicts(answer) == [("open",), ("open",)]
        assert answer.strangers == (0, 1)

    def test_two_orders_for_one_reservation_and_an_order_beside_a_refusal_are_open(self):
        twice = [{"reservation": RESERVATIONS[0]}] * 2
        assert verdicts(match_orders(RESERVATIONS[:1], twice, [])) == [("open", 0, 1)]
        assert verdicts(match_orders(RESERVATIONS[:1], twice[:1], [{"reservation": RESERVATIONS[0]}])) == [
            ("open", 0)
        ]

    @pytest.mark.parametrize(
        "raw",
        [
            RESERVATIONS[1],
            {"reservation": {"@id": RESERVATIONS[1]}},
            {"error": {"resource": RESERVATIONS[1]}},
            {"propertyPath": "reservations[1]"},
            "no reason",
            None,
        ],
    )
    def test_a_failed_order_of_any_shape_finds_its_reservation(self, raw):
        orders = [{"reservation": RESERVATIONS[0]}, {"reservation": RESERVATIONS[2]}]
        answer = match_orders(RESERVATIONS, orders, [raw])
        assert verdicts(answer) == [("succeeded", 0), ("failed",), ("succeeded", 1)]


class TestFailedEntries:
    @pytest.mark.parametrize(
        ("raw", "reason", "code"),
        [
            ({"message": "Sold out.", "code": "sold_out"}, "Sold out.", "sold_out"),
            ({"detail": "Sold out."}, "Sold out.", None),
            ({"error": {"message": "Sold out.", "code": "x"}}, "Sold out.", "x"),
            ({"code": 17}, "17", "17"),
            ("Sold out.", "Sold out.", None),
            ({}, "the API gave no reason", None),
            (None, "no reason given: None", None),
            ([1], "no reason given: [1]", None),
        ],
    )
    def test_reason_and_code_are_read_as_far_as_they_can_be(self, raw, reason, code):
        assert describe_failure(raw) == (reason, code)

    def test_whatever_stands_in_place_of_the_list_is_one_entry_at_most(self):
        assert failed_entries(None) == ()
        assert failed_entries([1, None]) == (1, None)
        assert failed_entries({"code": "x"}) == ({"code": "x"},)

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
    def test_no_shape_whatever_raises(self, raw):
        assert isinstance(describe_failure(raw)[0], str)
        one = {"offer": "/o", "quantity": 1, "ticketSessions": []}
        for status in (match_reservations([one], [raw], [raw]), match_orders(["/r"], [raw], [raw])):
            assert len(status.verdicts) == 1
