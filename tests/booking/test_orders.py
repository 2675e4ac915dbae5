"""Requests for orders: what is sent, what is refused before, and what is held again after a failure."""

import pytest
from booking_facts import held_json, reservation_iri

from korus._booking.lines import BookingLine
from korus._booking.order_body import customer_body
from korus._booking.orders import HoldProblem, OrderRequest, order_request, units_to_rebook
from korus._booking.outcomes import BulkOutcome, HoldLine, LineOutcome, OrderLine
from korus.errors import InvalidArgument, InvalidIri

CUSTOMER = {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.org"}
A, B, C = (reservation_iri(name) for name in "abc")


def request(held=A, customer=CUSTOMER, reference="REF", notes=None, base_url=None):
    return order_request(held, customer, reference, notes, base_url)


def line(quantity=1, number=1):
    return BookingLine(number, f"/offers/{number}", quantity)


def outcome(*lines):
    """Return the outcome of a booking: each line with the reservations that came of it."""
    return BulkOutcome(
        tuple(
            LineOutcome(asked, "succeeded" if results else "failed", tuple(results))
            for asked, results in lines
        )
    )


class TestRequests:
    @pytest.mark.parametrize("before", ["https://api.internal", "https://api.internal/below"])
    def test_outcome_of_a_booking_is_ordered_whatever_address_the_api_gives_itself(self, before):
        held = held_json(name="a")
        booked = outcome((line(), [held | {"@id": f"{before}{A}/"}]))
        made = request(booked, base_url="https://api.test")
        assert [each.reservation for each in made.lines] == [A]
        assert made.booked == {A: (booked.lines[0].line,)}
        with pytest.raises(InvalidIri):
            request([f"{before}{A}"], base_url="https://api.test")

    def test_body_has_what_the_api_asks_for(self):
        made = request([A, B], notes="By the window.")
        assert made.lines[1].number == 2
        assert made.body([B]) == {
            "reservations": [B],
            "customer": CUSTOMER,
            "externalReference": "REF",
            "notes": "By the window.",
        }
        assert "notes" not in request().body([A])

    @pytest.mark.parametrize(
        "held", [A, {"@id": A}, [A], (A,), [{"@id": A}, A], iter([A]), f"https://api.example.com{A}"]
    )
    def test_reservations_are_taken_once_in_any_form(self, held):
        made = request(held, base_url="https://api.example.com")
        assert [(each.number, each.reservation) for each in made.lines] == [(1, A)]

    @pytest.mark.parametrize("held", [[], BulkOutcome(()), outcome((line(), []))])
    def test_nothing_to_order_is_refused(self, held):
        with pytest.raises(InvalidArgument, match="there are no reservations to order"):
            request(held)

    @pytest.mark.parametrize("held", ["/v1/booking/orders/o", 17, None, [None]])
    def test_what_is_no_reservation_is_refused(self, held):
        with pytest.raises(InvalidIri):
            request(held)

    @pytest.mark.parametrize("reference", ["", "  ", None, 17, "x" * 51, "a\nb"])
    def test_reference_that_cannot_be_found_again_is_refused(self, reference):
        with pytest.raises(InvalidArgument, match="external_reference"):
            request(reference=reference)
        assert request(reference="x" * 50).external_reference == "x" * 50

    @pytest.mark.parametrize("notes", [17, ["x"], "\ud800"])
    def test_notes_that_cannot_be_sent_are_refused(self, notes):
        with pytest.raises(InvalidArgument, match="notes"):
            request(notes=notes)

    @pytest.mark.parametrize("name", ["firstname", "lastname", "email"])
    @pytest.mark.parametrize("value", [None, "", " "])
    def test_customer_without_a_name_or_mail_is_refused(self, name, value):
        with pytest.raises(InvalidArgument, match=name):
            customer_body({**CUSTOMER, name: value})

    @pytest.mark.parametrize("value", ["A\x00", "A\nB", "\x7f", "a\x9fb", {"street": ["x\r"]}])
    def test_customer_with_control_characters_is_refused(self, value):
        with pytest.raises(InvalidArgument, match="`phone` must not contain control characters"):
            customer_body({**CUSTOMER, "phone": value})

    def test_notes_may_have_line_breaks_and_no_other_control_characters(self):
        assert request(notes="one\r\n\ttwo").notes == "one\r\n\ttwo"
        with pytest.raises(InvalidArgument, match="`notes` must not contain control characters"):
            request(notes="one\x00")

    @pytest.mark.parametrize("value", [float("nan"), object(), "\ud800", {1, 2}])
    def test_customer_that_cannot_be_sent_is_refused(self, value):
        with pytest.raises(InvalidArgument, match="`phone` cannot be sent as JSON"):
            customer_body({**CUSTOMER, "phone": value})

    def test_customer_that_is_none_is_refused(self):
        with pytest.raises(InvalidArgument, match="customer"):
            customer_body(None)

    def test_problem_of_a_hold_names_it(self):
        assert str(HoldProblem(1, A, "it was released")) == f"{A}: it was released"


class TestUnits:
    """How many units of a line each reservation holds, and what is held again when its order failed."""

    def test_only_reservation_of_a_line_holds_all_of_it(self):
        made = request(outcome((line(3), [held_json(name="a")])))
        assert made.booked[A][0].quantity == 3
        assert made.units == {A: 3}

    def test_one_reservation_for_each_unit_holds_one(self):
        made = request(outcome((line(3), [held_json(name=name) for name in "abc"])))
        assert made.units == {A: 1, B: 1, C: 1}

    def test_reservations_that_show_their_units_hold_those(self):
        made = request(outcome((line(5), [held_json(name="a", quantity=2), held_json(name="b", quantity=3)])))
        assert made.units == {A: 2, B: 3}

    @pytest.mark.parametrize("second", [{}, {"quantity": 2}, {"quantity": 4}])
    def test_units_that_do_not_add_up_are_not_known(self, second):
        made = request(outcome((line(5), [held_json(name="a", quantity=2), held_json(name="b", **second)])))
        assert made.units == {}
        assert set(made.booked) == {A, B}

    def test_lines_that_failed_or_are_only_remembered_book_nothing(self):
        held = BulkOutcome(
            (
                LineOutcome(line(), "unknown", (held_json(name="a"),)),
                LineOutcome(HoldLine(2, "/o", 1), "succeeded", (held_json(name="b"),)),
            )
        )
        made = request(held)
        assert [each.reservation for each in made.lines] == [B]
        assert made.booked == {}

    def test_failed_orders_are_held_again_in_their_units(self):
        asked = line(3)
        made = request(outcome((asked, [held_json(name=name) for name in "abc"])))
        assert units_to_rebook(made, [B]) == [(asked, 1)]
        assert units_to_rebook(made, [A, C]) == [(asked, 2)]
        assert units_to_rebook(made, [A, B, C]) == [(asked, 3)]
        assert units_to_rebook(made, []) == []

    def test_each_line_of_a_failed_order_is_held_again(self):
        one, two = line(2, 1), line(3, 2)
        made = request(outcome((one, [held_json(name="a")]), (two, [held_json(name="b")])))
        assert units_to_rebook(made, [B, A]) == [(two, 3), (one, 2)]

    def test_reservation_for_several_lines_is_all_of_each(self):
        one, two = line(3, 1), line(2, 2)
        shared = held_json(name="a")
        made = request(outcome((one, [shared]), (two, [shared])))
        assert units_to_rebook(made, [A]) == [(one, 3), (two, 2)]

    def test_no_more_units_are_held_again_than_were_asked_for(self):
        asked = line(2)
        made = OrderRequest(
            (OrderLine(1, A),), "REF", CUSTOMER, booked={A: (asked,), B: (asked,)}, units={A: 2, B: 2}
        )
        assert units_to_rebook(made, [A, B]) == [(asked, 2)]

    def test_lines_that_are_not_known_cannot_be_held_again(self):
        with pytest.raises(InvalidArgument, match="the original lines are not available"):
            units_to_rebook(request(A), [A])

    def test_units_that_are_not_known_cannot_be_held_again(self):
        made = request(outcome((line(5), [held_json(name="a", quantity=2), held_json(name="b")])))
        with pytest.raises(
            InvalidArgument, match=f"the hold {A} does not show its number of units of line 1"
        ):
            units_to_rebook(made, [A])
