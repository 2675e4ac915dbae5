"""Facts read from what the API sent, whatever its shape."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from booking_facts import (
    NOW,
    failed,
    held,
    held_json,
    offer_iri,
    old_session_iri,
    order_iri,
    ordered,
    reservation_iri,
    session_iri,
    ticket_iri,
)
from hypothesis import given
from hypothesis import strategies as st

from korus._booking import facts
from korus._booking.facts import (
    FailedEntry,
    HeldItem,
    HoldAnswer,
    OrderAnswer,
    OrderFacts,
    ReservationFacts,
    describe_failure,
    iri_of,
    is_newest_first,
    is_similar,
    moment,
    relative,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["@id", "offer", "message", "items", "quantity", "path", "reservation", "tickets"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


class TestReservations:
    def test_everything_shown_is_read(self):
        shown = held(
            1,
            2,
            name="r",
            quantity=3,
            amount="30.00",
            order=order_iri("o"),
            expired=True,
            expiresAt="2026-02-03T15:15:00+01:00",
        )
        assert (shown.iri, shown.order, shown.status) == (reservation_iri("r"), order_iri("o"), "reserved")
        assert (shown.created_at, shown.expires_at) == (NOW, NOW + timedelta(minutes=15))
        assert (shown.expired, shown.total) == (True, Decimal(30))
        signature = (offer_iri(1), frozenset({(ticket_iri(1), session_iri(1, 2))}))
        assert shown.items == (HeldItem(signature, 3),)
        assert shown.is_readable
        assert not shown.is_free

    def test_item_has_its_amount_and_tickets_by_name_or_in_full(self):
        shown = {"offer": {"@id": offer_iri(1)}, "amountInclTax": "9.50", "quantity": True}
        shown["offerTickets"] = [{"@id": ticket_iri(1)}, {"ticket": {"@id": ticket_iri(1, 2)}}, {}, 17]
        (found,) = ReservationFacts.read({"items": [shown]}).items
        assert found == HeldItem(
            (offer_iri(1), frozenset({(ticket_iri(1), None), (ticket_iri(1, 2), None)})),
            None,
            Decimal("9.50"),
        )

    @pytest.mark.parametrize("bare", [reservation_iri("r"), f"https://api.example.com{reservation_iri('r')}"])
    def test_bare_iri_is_its_name_only(self, bare):
        shown = ReservationFacts.read(bare)
        assert shown == ReservationFacts(reservation_iri("r"))
        assert not shown.is_readable
        assert shown.raw is bare

    @pytest.mark.parametrize("items", [None, [], [17], [{}], [{"offer": None}], "x"])
    def test_items_that_cannot_be_read_are_left_out(self, items):
        shown = ReservationFacts.read(held_json(items=1) | {"items": items})
        assert shown.items == ()
        assert not shown.is_readable

    def test_one_item_that_cannot_be_read_makes_it_unreadable(self):
        shown = ReservationFacts.read(held_json() | {"items": [*held_json()["items"], {}]})
        assert len(shown.items) == 1
        assert not shown.is_readable

    @pytest.mark.parametrize(
        ("changes", "units"),
        [
            ({"quantity": 3}, 3),
            ({"quantity": 2, "items": 2}, 4),
            ({"items": 2}, 2),
            ({"items": 1}, None),
            ({"items": 0}, None),
        ],
    )
    def test_units_are_stated_or_counted(self, changes, units):
        assert held(**changes).units == units

    def test_units_partly_stated_are_counted(self):
        items = [*held_json(quantity=5)["items"], *held_json()["items"]]
        assert ReservationFacts.read(held_json() | {"items": items}).units == 2

    def test_tickets_of_its_order_are_those_of_its_items(self):
        assert held().tickets == 1
        assert held(items=3).tickets == 3
        assert held(items=2, quantity=2).tickets == 4
        assert held(items=0).tickets is None
        silent = {"items": [*held_json()["items"], {"offer": offer_iri(1)}]}
        assert ReservationFacts.read(held_json() | silent).tickets is None

    @pytest.mark.parametrize(
        ("changes", "is_free"),
        [
            ({}, True),
            ({"status": None, "expired": None}, True),
            ({"status": "released"}, False),
            ({"status": "cancelled"}, False),
            ({"expired": True}, False),
            ({"order": order_iri("o")}, False),
        ],
    )
    def test_free_reservation_can_be_ordered(self, changes, is_free):
        assert held(**changes).is_free is is_free

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({}, None),
            ({"status": "released"}, "it was released"),
            ({"expired": True}, "it has ended"),
            ({"expired": True, "expiresAt": NOW.isoformat()}, f"it ended at {NOW.isoformat()}"),
            ({"expired": None, "expiresAt": NOW.isoformat()}, f"it ended at {NOW.isoformat()}"),
            ({"expired": None, "expiresAt": (NOW + timedelta(seconds=1)).isoformat()}, None),
            # the API's word counts more than the clock
            ({"expired": False, "expiresAt": (NOW - timedelta(hours=1)).isoformat()}, None),
            ({"expired": None}, None),
            ({"expired": "yes"}, None),
        ],
    )
    def test_reason_why_it_has_ended(self, changes, reason):
        assert held(**changes).ended(NOW) == reason


class TestOrders:
    def test_everything_shown_is_read(self):
        items = [{"quantity": 2, "tickets": [{}, {}]}, {"quantity": 1, "tickets": []}]
        shown = ordered(
            "a", "o", externalReference="REF", items=items, totalAmountInclTax="9.00", status="cancelled"
        )
        assert (shown.iri, shown.reservation, shown.external_reference) == (
            order_iri("o"),
            reservation_iri("a"),
            "REF",
        )
        assert (shown.quantity, shown.tickets, shown.total, shown.is_cancelled) == (3, 2, 9, True)
        assert shown.created_at is None
        assert ordered(createdAt=NOW.isoformat()).created_at == NOW

    @pytest.mark.parametrize("items", [None, [], [{}], [{"quantity": None}, {"quantity": 1}], [17]])
    def test_counts_that_are_not_shown_are_not_known(self, items):
        shown = ordered(items=items)
        assert (shown.quantity, shown.tickets, shown.is_cancelled) == (None, None, False)

    def test_tickets_of_some_items_only_are_not_counted(self):
        assert ordered(items=[{"tickets": [{}]}, {}]).tickets is None
        assert ordered(items=[{"tickets": [{}]}, {"tickets": [{}]}]).tickets == 2

    def test_bare_iri_is_its_name_only(self):
        assert OrderFacts.read(order_iri("o")) == OrderFacts(order_iri("o"))

    @pytest.mark.parametrize(
        ("shown", "is_ours"), [(None, True), ("REF", True), (" ref  ", True), ("RÉF", False), ("REF2", False)]
    )
    def test_order_is_of_a_reference_unless_it_shows_another(self, shown, is_ours):
        assert ordered(externalReference=shown).is_of("REF") is is_ours

    @pytest.mark.parametrize(
        ("shown", "reservation", "shortfall"),
        [
            ({}, held(items=3), None),
            ({"items": [{"quantity": 3}]}, held(items=3), None),
            ({"items": [{"quantity": 2}]}, held(items=3), "it has 2 of 3 units"),
            ({"items": [{"quantity": 4}]}, held(items=3), None),
            ({"items": [{"quantity": 4}]}, held(quantity=3), "it has 4 of 3 units"),
            ({"items": [{"quantity": 3}]}, held(quantity=3), None),
            ({"items": [{"tickets": [{}, {}]}]}, held(quantity=1), None),
            ({"items": [{"tickets": [{}]}]}, held(items=3), "it has 1 of 3 tickets"),
            ({"items": [{"quantity": 3, "tickets": [{}]}]}, held(items=3), "it has 1 of 3 tickets"),
            ({"totalAmountInclTax": "2"}, held(amount="3"), "it costs less than its hold"),
            ({"totalAmountInclTax": "3"}, held(amount="3"), None),
            ({"totalAmountInclTax": "2"}, held(amount="3", quantity=1), "it costs less than its hold"),
            ({"totalAmountInclTax": "2", "items": [{"quantity": 1}]}, held(amount="3", quantity=1), None),
            ({"totalAmountInclTax": "2"}, held(), None),
            ({"items": [{"quantity": 2}]}, None, None),
        ],
    )
    def test_shortfall_is_what_it_lacks_of_its_hold(self, shown, reservation, shortfall):
        assert ordered(**shown).shortfall(reservation) == shortfall


class TestFailedEntries:
    @pytest.mark.parametrize(
        ("raw", "reason", "code"),
        [
            ({"message": "Sold out.", "code": "sold_out"}, "Sold out.", "sold_out"),
            ({"detail": "Sold out."}, "Sold out.", None),
            ({"error": {"message": "Sold out.", "code": "x"}}, "Sold out.", "x"),
            ({"error": {"message": "Sold out."}, "code": "y"}, "Sold out.", "y"),
            ({"message": "", "title": "No."}, "No.", None),
            ({"code": 17}, "17", "17"),
            ({"code": True}, "the API gave no reason", None),
            ("Sold out.", "Sold out.", None),
            ("", "the API gave no reason", None),
            ({}, "the API gave no reason", None),
            (None, "the API gave no reason", None),
            ([1], "the API gave no reason", None),
        ],
    )
    def test_reason_and_code_are_read_as_far_as_they_can_be(self, raw, reason, code):
        assert describe_failure(raw) == (reason, code)
        assert (failed(raw).reason, failed(raw).code) == (reason, code)

    @pytest.mark.parametrize("depth", [20, 500, 900])
    def test_reason_nested_too_deeply_is_left_alone(self, depth):
        raw = "x"
        for _ in range(depth):
            raw = {"message": raw, "code": "c"}
        assert describe_failure(raw) == ("c", "c")

    def test_anything_in_place_of_the_list_is_one_entry_at_most(self):
        assert FailedEntry.read_all(None) == ()
        assert [entry.raw for entry in FailedEntry.read_all([1, None])] == [1, None]
        assert [entry.raw for entry in FailedEntry.read_all((1,))] == [1]
        assert [entry.raw for entry in FailedEntry.read_all({"code": "x"})] == [{"code": "x"}]

    @pytest.mark.parametrize(
        ("raw", "says"),
        [
            ({"code": "already_ordered"}, True),
            ({"message": "It has been ordered."}, True),
            ({"message": "No.", "code": "order-already-exists"}, True),
            ({"message": "Conflict", "detail": "The reservation has already been ordered."}, True),
            ({"violations": [{"message": "This reservation already has an order."}]}, True),
            ({"error": {"status": "ALREADY_PART_OF_AN_ORDER"}}, True),
            ({"message": "No."}, False),
            ({"message": "The offer has an ordering limit."}, False),
        ],
    )
    def test_words_that_prove_an_order(self, raw, says):
        assert failed(raw).says_already_ordered is says

    @pytest.mark.parametrize(
        ("path", "place"),
        [
            ("items[1].quantity", 1),
            ("items.12", 12),
            ("item[0]", 0),
            ("[items][2][offer]", 2),
            ("data.items[3]", 3),
            ("reservations[4]", 4),
            ("/items/5/offer", 5),
            ("/reservations/6", 6),
            ("items[1234567890]", None),
            ("items", None),
            ("rows[1]", None),
            ("customer.email", None),
        ],
    )
    def test_path_names_a_place(self, path, place):
        assert failed({"propertyPath": path}).index == place
        assert failed({"path": path}).index == place
        assert failed({"violations": [{"propertyPath": path}]}).index == place

    def test_paths_of_several_places_name_none(self):
        entry = failed([{"path": "items[0]"}, {"path": "items[1]"}])
        assert entry.index is None
        assert entry.names_something
        assert failed([{"path": "items[1].a"}, {"path": "items[1].b"}]).index == 1

    @pytest.mark.parametrize(
        ("raw", "offer"),
        [
            ({"offer": offer_iri(1)}, offer_iri(1)),
            ({"offer": {"@id": offer_iri(1)}}, offer_iri(1)),
            ({"offer": f"https://x.example{offer_iri(1)}"}, offer_iri(1)),
            ({"ticket": ticket_iri(1)}, offer_iri(1)),
            ([session_iri(1, 2), ticket_iri(1)], offer_iri(1)),
            ([ticket_iri(1), ticket_iri(2)], None),
            ({"offer": offer_iri(1), "ticket": ticket_iri(2)}, None),
            ({"offer": "bare"}, "bare"),
            ({"event": old_session_iri(1)}, None),
        ],
    )
    def test_offer_is_named_by_itself_or_by_its_tickets(self, raw, offer):
        assert failed(raw).offer == offer
        assert failed(raw).names_something

    def test_reservation_quantity_and_sessions_are_read(self):
        entry = failed(
            {
                "reservation": reservation_iri("a"),
                "quantity": 2,
                "also": [reservation_iri("b"), session_iri(1, 2)],
            }
        )
        assert (entry.reservation, entry.quantity) == (reservation_iri("a"), 2)
        assert entry.sessions == {session_iri(1, 2)}
        assert entry.mentions == {reservation_iri("a"), reservation_iri("b"), session_iri(1, 2)}
        assert failed([reservation_iri("a")]).reservation == reservation_iri("a")
        assert failed([reservation_iri("a"), reservation_iri("b")]).reservation is None
        assert failed({"quantity": True}).quantity is None

    @pytest.mark.parametrize(
        ("raw", "names"),
        [
            ({"index": 0}, True),
            ({"itemIndex": 3}, True),
            ({"index": "x"}, False),
            ({"path": "[0].offer"}, True),
            ({"path": "quantity"}, False),
            ({"offerId": "019A57F7-0d80-7f8f-8d5c-e33a8015044c"}, True),
            ({"order": order_iri("x")}, True),
            ({"event": "/v1/ticketing/catalogs/c/events/e"}, True),
            ({"reservation": "r"}, True),
            ({"@id": "/.well-known/genid/019a57f7-0d80-7f8f-8d5c-e33a8015044c"}, False),
            ({"@context": "/v1/contexts/FailedReservation", "@type": "FailedReservation"}, False),
            ({"code": 17, "quantity": 2, "message": "There are 3 left."}, False),
            (None, False),
        ],
    )
    def test_entry_names_something_or_nothing(self, raw, names):
        assert failed(raw).names_something is names

    def test_texts_are_read_down_to_a_depth(self):
        raw = offer_iri(1)
        for _ in range(6):
            raw = [raw]
        assert failed(raw).offer == offer_iri(1)
        assert failed([raw]).offer is None

    @given(ANYTHING)
    def test_no_shape_raises(self, raw):
        assert FailedEntry.read(raw).raw is raw
        assert ReservationFacts.read(raw).raw is raw
        assert OrderFacts.read(raw).raw is raw
        assert isinstance(describe_failure(raw)[0], str)

    def test_name_in_many_entries_is_worked_out_once(self, monkeypatch):
        worked_out = Counter()

        def count(found):
            worked_out[found] += 1
            return mention(found)

        mention = facts._mention
        monkeypatch.setattr(facts, "_mention", count)
        names = [reservation_iri(number) for number in range(100)]
        assert len(FailedEntry.read_all([{"names": names}] * 50)) == 50
        assert worked_out == dict.fromkeys(names, 1)


class TestAnswers:
    @pytest.mark.parametrize(
        ("answer", "made", "failures"),
        [(HoldAnswer, "reservations", "failedReservations"), (OrderAnswer, "orders", "failedOrders")],
    )
    def test_answer_lists_what_was_made_or_what_failed(self, answer, made, failures):
        entry = {"@id": f"/v1/booking/{made}/1"}
        found = answer.read({made: [entry]})
        assert [each.iri for each in getattr(found, made)] == [entry["@id"]]
        assert found.failures == ()
        assert len(answer.read({failures: [{"offer": offer_iri(1)}]}).failures) == 1
        assert answer.read({failures: None}) == answer((), ())
        both = answer.read({made: [entry], failures: [{}]})
        assert (len(getattr(both, made)), len(both.failures)) == (1, 1)

    @pytest.mark.parametrize("answer", [HoldAnswer, OrderAnswer])
    @pytest.mark.parametrize("document", [{}, {"reservations": None, "orders": {}}, {"title": "Conflict"}])
    def test_answer_that_lists_neither_is_none(self, answer, document):
        assert answer.read(document) is None


class TestSmallReadings:
    @pytest.mark.parametrize(
        ("seconds", "is_sorted"),
        [
            ((), True),
            ((3,), True),
            ((3, 2, 1), True),
            ((2, 2), True),
            ((3, None, 1), True),
            ((1, 2), False),
            ((3, 1, 2), False),
            ((1, None, 2), False),
        ],
    )
    def test_list_is_newest_first_unless_it_shows_otherwise(self, seconds, is_sorted):
        listed = [held(createdAt=None) if second is None else held(seconds=second) for second in seconds]
        assert is_newest_first(listed) is is_sorted

    def test_json_of_an_entry_is_as_it_came_and_of_an_iri_its_name(self):
        entry = held_json(name="r", quantity=2)
        assert ReservationFacts.read(entry).to_dict() == entry
        assert ReservationFacts.read(reservation_iri("r")).to_dict() == {"@id": reservation_iri("r")}
        assert OrderFacts.read(order_iri("o")).to_dict() == {"@id": order_iri("o")}
        assert OrderFacts.read(17).to_dict() == {}

    @pytest.mark.parametrize(
        ("iri", "expected"),
        [
            ("/v1/x", "/v1/x"),
            ("https://api.example.com/v1/x", "/v1/x"),
            ("https://api.example.com/prefix/v1/x", "/v1/x"),
            ("/prefix/v1/x", "/v1/x"),
            ("//v1/x", "/v1/x"),
            ("see/v1/x", "see/v1/x"),
            ("/v1/x/", "/v1/x"),
            ("/v1/x%2dy%2F%7e%zz", "/v1/x-y%2F~%zz"),
            ("/v1/X", "/v1/X"),
            ("/v1/01A22692-0C9F-75DE-84D1-5C1400C83A31/X", "/v1/01a22692-0c9f-75de-84d1-5c1400c83a31/X"),
            ("ends with /", "ends with /"),
            ("https://api.example.com/v2/x", "https://api.example.com/v2/x"),
        ],
    )
    def test_iris_are_made_relative(self, iri, expected):
        assert relative(iri) == expected
        assert iri_of({"@id": iri}) == expected

    @pytest.mark.parametrize("nothing", [None, {}, "", 17, "/.well-known/genid/1", {"@id": None}])
    def test_genid_and_nothing_name_nothing(self, nothing):
        assert iri_of(nothing) is None

    @pytest.mark.parametrize(
        ("one", "other", "similar"),
        [
            ("REF", "ref", True),
            (" a  b ", "A B", True),
            ("Straße", "STRASSE", True),
            ("Cafe\u0301", "Caf\u00e9", True),
            ("a b", "ab", False),
            ("REF", "REF2", False),
        ],
    )
    def test_references_are_similar_but_for_case_space_and_form(self, one, other, similar):
        assert is_similar(one, other) is similar

    def test_moments_are_aware_or_nothing(self):
        assert moment("2026-02-03T14:00:00") == NOW
        assert moment("2026-02-03T15:00:00+01:00") == NOW
        assert moment(NOW) is NOW
        assert moment(datetime(2026, 2, 3, 14, 0)) == datetime(2026, 2, 3, 14, 0, tzinfo=UTC)  # noqa: DTZ001
        assert [moment(odd) for odd in (None, 17, "soon", "")] == [None] * 4


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"code": "gateway_timeout", "message": "The issuer's system refused."}, True),
        ({"code": "issuer_refused", "message": "The issuer's system timed out."}, True),
        ({"message": "The issuer's system timed out."}, True),
        ({}, True),
        (None, True),
        ({"message": " "}, True),
        ({"quantity": 1}, True),
        (reservation_iri(1), True),
        ({"message": reservation_iri(1)}, True),
        ({"code": "issuer_refused", "message": "The issuer's system refused."}, False),
        ({"code": "issuer_refused"}, False),
        ("refused", False),
    ],
)
def test_failure_without_a_reason_or_after_waiting_excludes_no_order(entry, says):
    assert FailedEntry.read(entry).excludes_no_order is says
