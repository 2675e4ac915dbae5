"""Lines of a bulk reservation: what is sent for them, what is wrong with them, and how they are written down."""

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus._booking.booking import Booking
from korus._booking.judging import Wanted, prepare, wanted
from korus._booking.offer_facts import Knowledge, OfferFacts, TicketFacts
from korus._booking.request_items import split
from korus._booking.violations import trace_order_violations, trace_violations
from korus._core.form_fields import FormDefinition
from korus.errors import InvalidArgument, InvalidIri, Violation
from korus.forms import FormAnswers

BASE = "https://api.example.com"


def judged(booking):
    return prepare(booking.lines, booking.knowledge)


def definition(shop, number, *fields):
    return FormDefinition.read(shop.form(number, *fields), shop.form_iri(number))


def reasons(booking):
    return [str(problem) for problem in judged(booking).problems]


class TestItems:
    def test_an_offer_with_a_whole_day_ticket_is_sent_without_the_key_session(self, shop):
        booking = Booking()
        booking.add(shop.offer(), quantity=2)
        assert judged(booking).problems == ()
        assert judged(booking).items == (
            {
                "offer": shop.offer_iri(),
                "quantity": 2,
                "ticketSessions": [{"ticket": shop.ticket_iri()}],
            },
        )

    def test_every_ticket_of_the_offer_is_named_in_the_offers_order(self, shop):
        booking = Booking()
        offer = shop.offer(1, shop.ticket(1, 1), shop.ticket(1, 2, date_access=False), shop.ticket(1, 3))
        booking.add(offer, sessions={shop.ticket_iri(1, 2): shop.session_iri(1, 2, 7)})
        assert judged(booking).items[0]["ticketSessions"] == [
            {"ticket": shop.ticket_iri(1, 1)},
            {"ticket": shop.ticket_iri(1, 2), "session": shop.session_iri(1, 2, 7)},
            {"ticket": shop.ticket_iri(1, 3)},
        ]

    def test_iris_urls_ids_and_objects_say_the_same(self, shop):
        offer = shop.offer(1, shop.ticket(1, 1, date_access=False))
        ticket, session = offer["tickets"][0], {"@id": shop.session_iri()}
        spellings = [
            (offer, {ticket["@id"]: session}),
            (offer, [(ticket, shop.session_iri())]),
            (shop.offer_iri(), {ticket["id"]: shop.session_iri().rsplit("/", 1)[1]}),
            (BASE + shop.offer_iri(), {BASE + ticket["@id"]: BASE + shop.session_iri()}),
            (offer["id"], {ticket["id"]: {"id": shop.session_iri().rsplit("/", 1)[1]}}),
            ({"id": offer["id"]}, {ticket["id"]: shop.session_iri()}),
        ]
        for given_offer, sessions in spellings:
            booking = Booking(catalog=shop.catalog, base_url=BASE)
            booking.add(given_offer, sessions=sessions)
            assert judged(booking).problems == ()
            assert judged(booking).items[0]["ticketSessions"] == [
                {"ticket": shop.ticket_iri(), "session": shop.session_iri()}
            ]

    def test_answers_become_form_data(self, shop):
        seats = shop.field(1, 2, "seats", "integer")
        booking = Booking()
        booking.knowledge.forms[shop.form_iri()] = definition(shop, 1, shop.field(1, 1, "allergies"), seats)
        booking.add(
            shop.offer(1, shop.ticket(form=shop.form_iri())), answers={shop.ticket_iri(): {"seats": 2}}
        )
        assert judged(booking).items[0]["ticketSessions"][0]["formData"] == {
            "form": shop.form_iri(),
            "fields": [{"field": seats["@id"], "value": "2"}],
        }

    def test_answers_made_from_a_definition_of_ones_own_need_no_knowledge(self, shop):
        answers = FormAnswers(shop.form(1, shop.field(1, 1, "name")), {"name": "Vega"})
        booking = Booking()
        booking.add(shop.offer_iri(), answers={shop.ticket_iri(): answers})
        assert judged(booking).items[0]["ticketSessions"] == [
            {"ticket": shop.ticket_iri(), "formData": answers.form_data}
        ]

    def test_what_is_not_known_is_left_to_the_api(self, shop):
        booking = Booking()
        booking.add(shop.offer_iri())
        assert judged(booking).problems == ()
        assert judged(booking).items[0]["ticketSessions"] == []

    def test_form_known_without_its_own_iri_is_still_the_tickets(self, shop):
        booking = Booking()
        form = {"fields": shop.form(1, shop.field(1, 1, "name"))["fields"]}
        booking.knowledge.forms[shop.form_iri()] = FormDefinition.read(form, shop.form_iri())
        booking.add(
            shop.offer(1, shop.ticket(form=shop.form_iri())), answers={shop.ticket_iri(): {"name": "Vega"}}
        )
        assert judged(booking).items[0]["ticketSessions"][0]["formData"]["form"] == shop.form_iri()


class TestKnowledge:
    def test_what_is_said_last_of_a_ticket_counts_unless_it_says_less(self, shop):
        known = Knowledge()
        full = shop.ticket()
        for said in (full, {**full, "name": "New"}, {"@id": full["@id"], "name": "Less"}):
            known.learn_ticket(TicketFacts.read(said))
        assert known.tickets[full["@id"]].raw["name"] == "New"

    def test_tickets_of_an_offer_are_known_all_or_not_at_all(self, shop):
        known = Knowledge()
        for tickets, found in (
            ([shop.ticket()], (shop.ticket_iri(),)),
            ([shop.ticket(), {}], None),
            ([], ()),
            (None, None),
        ):
            known.learn_offer(shop.offer_iri(), OfferFacts.read({**shop.offer(), "tickets": tickets}))
            assert known.tickets_of(shop.offer_iri()) == found
        assert known.tickets_of(shop.offer_iri(2)) is None

    def test_ticket_known_by_its_id_is_one_of_its_offer(self, shop):
        known = Knowledge()
        offer = {**shop.offer(), "tickets": [{"id": "t", "dateAccess": True}]}
        known.learn_offer(shop.offer_iri(), OfferFacts.read(offer))
        assert known.tickets_of(shop.offer_iri()) == (f"{shop.offer_iri()}/tickets/t",)
        known.learn_ticket(TicketFacts.read({"id": "t"}))
        known.learn_ticket(TicketFacts.read("/v1/x", shop.offer_iri()))
        assert list(known.tickets) == [f"{shop.offer_iri()}/tickets/t"]

    @pytest.mark.parametrize("kind", ["offers", "tickets", "forms"])
    def test_anything_wanted_has_to_be_asked(self, kind):
        assert Wanted(**{kind: ("/x",)})
        assert not Wanted()


class TestProblems:
    def test_all_problems_of_all_lines_are_found_at_once(self, shop):
        booking = Booking()
        booking.knowledge.forms[shop.form_iri()] = definition(
            shop, 1, shop.field(1, 1, "name", required=True)
        )
        booking.add(shop.offer(1), quantity=0)
        booking.add(shop.offer(2, shop.ticket(2, 1, date_access=False)))
        booking.add(shop.offer(3), sessions={shop.ticket_iri(3): shop.session_iri(3)})
        booking.add(shop.offer(4, shop.ticket(4, form=shop.form_iri())))
        booking.add(shop.offer(5), sessions={shop.ticket_iri(1): None})
        assert [(found.line, found.ticket, found.field) for found in judged(booking).problems] == [
            (1, None, "quantity"),
            (2, shop.ticket_iri(2), "sessions"),
            (3, shop.ticket_iri(3), "sessions"),
            (4, shop.ticket_iri(4), "name"),
            (5, shop.ticket_iri(1), "sessions"),
        ]

    @pytest.mark.parametrize("quantity", [1, 2**31 - 1])
    def test_smallest_and_largest_quantity_are_taken(self, shop, quantity):
        booking = Booking()
        booking.add(shop.offer(), quantity=quantity)
        assert judged(booking).problems == ()

    def test_session_that_cannot_be_read_hides_no_missing_one(self, shop):
        tickets = [shop.ticket(1, number, date_access=False) for number in (1, 2)]
        booking = Booking()
        booking.add(shop.offer(1, *tickets), sessions={shop.ticket_iri(1, 1): "a/b"})
        assert [(found.ticket, found.field) for found in judged(booking).problems] == [
            (shop.ticket_iri(1, 1), "sessions"),
            (shop.ticket_iri(1, 2), "sessions"),
        ]

    def test_ticket_that_cannot_be_read_is_a_problem_of_its_line(self, shop):
        booking = Booking()
        booking.add(shop.offer_iri(), answers={"a/b": {"name": "Vega"}}, sessions={"a/c": shop.session_iri()})
        assert [(found.line, found.ticket, found.field) for found in judged(booking).problems] == [
            (1, None, "sessions"),
            (1, None, "answers"),
        ]

    def test_problems_of_a_repeated_line_have_its_new_number(self, shop):
        one, two = Booking(), Booking()
        bad = one.add("not an offer")
        for _ in range(3):
            two.add(shop.offer())
        assert two.repeat(bad).number == 4
        assert [found.line for found in judged(two).problems] == [4]

    @pytest.mark.parametrize("quantity", [0, -1, True, 1.0, "2", None, Decimal(2), 2**31])
    def test_a_quantity_is_a_whole_number_from_one_on(self, shop, quantity):
        booking = Booking()
        booking.add(shop.offer(), quantity=quantity)
        (problem,) = judged(booking).problems
        assert (problem.line, problem.field) == (1, "quantity")

    def test_a_ticket_of_another_offer_is_named_with_those_there_are(self, shop):
        booking = Booking()
        booking.add(shop.offer(1), sessions={shop.ticket_iri(2): None})
        (reason,) = reasons(booking)
        assert reason == (
            f"line 1, ticket {shop.ticket_iri(2)}, sessions: not a ticket of this offer; "
            f"its tickets: {shop.ticket_iri(1)}"
        )

    def test_a_ticket_of_another_offer_is_found_without_knowing_the_offer(self, shop):
        booking = Booking()
        booking.add(shop.offer_iri(1), sessions={shop.ticket_iri(2): shop.session_iri(2)})
        assert [problem.ticket for problem in judged(booking).problems] == [shop.ticket_iri(2)]

    @pytest.mark.parametrize(("tickets", "named"), [([], "none"), (None, "not known")])
    def test_tickets_there_are_may_be_none_or_not_known(self, shop, tickets, named):
        booking = Booking()
        booking.add({**shop.offer(1), "tickets": tickets}, sessions={shop.ticket_iri(2): None})
        assert [reason.rpartition("its tickets: ")[2] for reason in reasons(booking)] == [named]

    def test_missing_ticket_and_missing_session_differ(self, shop):
        offer = shop.offer(1, shop.ticket(1, 1, date_access=False), shop.ticket(1, 2, date_access=False))
        booking = Booking()
        booking.add(offer, sessions={shop.ticket_iri(1, 1): None})
        first, second = judged(booking).problems
        assert first.reason.startswith("no session given")
        assert second.reason.startswith("this ticket is missing")

    @pytest.mark.parametrize("other", ["ticket", "offer", "event", "event elsewhere"])
    def test_a_session_of_another_ticket_or_catalogue_is_refused(self, shop, other):
        elsewhere = shop.catalog.replace("019a4e61", "019a4e62")
        session, refused = {
            "ticket": (shop.session_iri(1, 2), True),
            "offer": (shop.session_iri(2, 1), True),
            "event": (f"{shop.catalog}/events/e/sessions/s", False),
            "event elsewhere": (f"{elsewhere}/events/e/sessions/s", True),
        }[other]
        booking = Booking()
        booking.add(shop.offer(1, shop.ticket(date_access=False)), sessions={shop.ticket_iri(): session})
        assert bool(judged(booking).problems) is refused

    @pytest.mark.parametrize(
        "offer",
        [
            "",
            "not an iri",
            "https://evil.example/v1/ticketing/catalogs/c/offers/o",
            "//evil.example/v1/ticketing/catalogs/c/offers/o",
            "/v1/ticketing/catalogs/c",
            "/v1/ticketing/catalogs/c/offers/",
            "/v1/ticketing/catalogs/c/offers/..",
            "/v1/ticketing/catalogs/c/offers/../../secrets",
            "/v1/ticketing/catalogs/c/offers/o/tickets/t",
            "/v1/ticketing/catalogs/c/offers/o?x=1",
            "/v1/ticketing/catalogs/c/offers/o%2e%2e",
            "019a57f7-0d80-7f8f-8d5c-e33a8015044c",
            None,
            7,
            {},
        ],
    )
    def test_what_is_no_offer_of_this_api_is_refused_and_never_sent(self, offer):
        booking = Booking(base_url=BASE)
        booking.add(offer)
        assert [problem.field for problem in judged(booking).problems] == ["offer"]

    @pytest.mark.parametrize("session", ["", "https://evil.example/x", "/v1/ticketing/catalogs/c", 3, "a/b"])
    def test_what_is_no_session_is_refused(self, shop, session):
        booking = Booking()
        booking.add(shop.offer(1, shop.ticket(date_access=False)), sessions={shop.ticket_iri(): session})
        (problem,) = judged(booking).problems
        assert (problem.ticket, problem.field) == (shop.ticket_iri(), "sessions")

    def test_answers_for_a_ticket_that_asks_for_none_are_refused(self, shop):
        booking = Booking()
        booking.add(shop.offer(), answers={shop.ticket_iri(): {"name": "Vega"}})
        assert [problem.reason for problem in judged(booking).problems] == ["this ticket has no form"]

    def test_answers_to_a_form_that_cannot_be_read_are_refused_with_a_way_out(self, shop):
        booking = Booking()
        booking.knowledge.forms[shop.form_iri()] = None
        booking.add(shop.offer(1, shop.ticket(form=shop.form_iri())), answers={shop.ticket_iri(): {"a": "b"}})
        (problem,) = judged(booking).problems
        assert "pass a FormAnswers built from its definition" in problem.reason

    def test_an_offer_that_its_catalogue_does_not_list_is_refused(self, shop):
        booking = Booking()
        booking.knowledge.offers[shop.offer_iri()] = None
        booking.add(shop.offer_iri())
        assert [problem.field for problem in judged(booking).problems] == ["offer"]

    def test_a_datetime_with_a_zone_needs_the_venues(self, shop):
        form = shop.form(1, shop.field(1, 1, "arrival", "datetime"))
        offer = shop.offer(1, shop.ticket(form=shop.form_iri()))
        answers = {shop.ticket_iri(): {"arrival": datetime(2026, 7, 1, 12, tzinfo=UTC)}}
        for time_zone, sent in ((None, None), ("Europe/Lisbon", "2026-07-01 13:00:00")):
            booking = Booking(time_zone=time_zone)
            booking.knowledge.forms[shop.form_iri()] = FormDefinition.read(form, shop.form_iri())
            booking.add(offer, answers=answers)
            found = judged(booking)
            if sent is None:
                assert [problem.field for problem in found.problems] == ["arrival"]
            else:
                assert found.items[0]["ticketSessions"][0]["formData"]["fields"][0]["value"] == sent

    def test_price_that_is_none_is_refused_at_once(self, shop):
        with pytest.raises(InvalidArgument, match="not a price"):
            Booking().add(shop.offer(), price="cheap")

    @pytest.mark.parametrize(("length", "shown"), [(160, "x" * 160), (161, "x" * 160 + "…")])
    def test_long_value_is_shown_cut(self, length, shown):
        assert Booking().add("x" * length).offer == shown

    def test_a_catalogue_that_is_none_is_refused_at_once(self):
        with pytest.raises(InvalidIri):
            Booking(catalog="/v1/booking/orders/o")


class TestWanted:
    def test_an_offer_known_by_its_iri_is_asked_for_and_then_its_forms(self, shop):
        booking = Booking()
        booking.add(shop.offer_iri())
        assert wanted(booking.lines, booking.knowledge).offers == (shop.offer_iri(),)
        offer = shop.offer(1, shop.ticket(form=shop.form_iri()), shop.ticket_iri(1, 2))
        booking.knowledge.learn_offer(shop.offer_iri(), OfferFacts.read(offer))
        now = wanted(booking.lines, booking.knowledge)
        assert (now.offers, now.tickets, now.forms) == ((), (shop.ticket_iri(1, 2),), (shop.form_iri(),))
        booking.knowledge.tickets[shop.ticket_iri(1, 2)] = None
        booking.knowledge.forms[shop.form_iri()] = None
        assert not wanted(booking.lines, booking.knowledge)

    def test_unchecked_lines_ask_only_for_the_forms_of_their_answers(self, shop):
        booking = Booking()
        booking.add(shop.offer_iri(1))
        booking.add(shop.offer_iri(2), answers={shop.ticket_iri(2): {"name": "Vega"}})
        assert wanted(booking.lines, booking.knowledge, only_answers=True).offers == (shop.offer_iri(2),)

    def test_tickets_that_are_known_are_enough_to_write_down_answers(self, shop):
        booking = Booking()
        booking.add(shop.offer_iri(), answers=[(shop.ticket(form=shop.form_iri()), {"name": "Vega"})])
        needed = wanted(booking.lines, booking.knowledge, only_answers=True)
        assert (needed.offers, needed.tickets, needed.forms) == ((), (), (shop.form_iri(),))

    def test_finished_answers_need_no_form(self, shop):
        answers = FormAnswers(shop.form(1, shop.field(1, 1, "name")), {"name": "Vega"})
        for finished in (answers, answers.form_data, None, {}):
            booking = Booking()
            booking.add(shop.offer_iri(), answers={shop.ticket_iri(): finished})
            assert not wanted(booking.lines, booking.knowledge, only_answers=True)

    def test_a_line_whose_offer_is_malformed_asks_for_nothing(self):
        booking = Booking()
        booking.add("/etc/passwd")
        assert not wanted(booking.lines, booking.knowledge)


class TestWrittenDown:
    def test_a_booking_read_back_sends_the_same(self, shop):
        booking = Booking(time_zone="Europe/Lisbon")
        booking.knowledge.forms[shop.form_iri()] = definition(
            shop,
            1,
            shop.field(1, 1, "name"),
            shop.field(1, 2, "budget", "decimal"),
            shop.field(1, 3, "born", "date"),
            shop.field(1, 4, "wake", "time"),
            shop.field(1, 5, "arrival", "datetime"),
            shop.field(1, 6, "leave", "datetime"),
            shop.field(1, 7, "meals", "multi_choice", choices=["plain", "vegan"]),
            shop.field(1, 8, "seats", "integer"),
            shop.field(1, 9, "guide", "bool"),
        )
        booking.add(
            shop.offer(1, shop.ticket(date_access=False, form=shop.form_iri())),
            quantity=3,
            sessions={shop.ticket_iri(): shop.session_iri()},
            answers={
                shop.ticket_iri(): {
                    "name": "Vega",
                    "budget": Decimal("7.5"),
                    "born": date(1991, 6, 23),
                    "wake": time(7, 30),
                    "arrival": datetime(2026, 4, 18, 18, 45),  # noqa: DTZ001 - local to the venue
                    "leave": datetime(2026, 7, 18, 18, 45, tzinfo=UTC),
                    "meals": ["vegan", "plain"],
                    "seats": 2,
                    "guide": True,
                }
            },
            price="36.50",
        )
        stored = json.loads(json.dumps(booking.to_dict()))
        again = Booking()
        again.load(stored)
        assert judged(booking).problems == ()
        assert judged(again) == judged(booking)
        assert not wanted(again.lines, again.knowledge)
        assert json.loads(json.dumps(again.to_dict())) == stored

    def test_ticket_without_an_iri_is_written_down_with_its_offer(self, shop):
        booking = Booking()
        booking.add({**shop.offer(), "tickets": [{"id": "t", "dateAccess": True, "other": 1}]})
        stored = booking.to_dict()
        assert stored["known"]["offers"][shop.offer_iri()]["tickets"] == [{"id": "t", "dateAccess": True}]
        again = Booking()
        again.load(json.loads(json.dumps(stored)))
        assert judged(again) == judged(booking)

    @pytest.mark.parametrize(
        ("names", "written"),
        [
            ({"@id": "/f", "id": "i", "code": "c"}, "/f"),
            ({"id": "i", "code": "c"}, "i"),
            ({"code": "c"}, "c"),
        ],
    )
    def test_field_given_as_an_object_is_written_by_its_name(self, shop, names, written):
        class Field:
            def to_dict(self):
                return names

        booking = Booking()
        booking.add(shop.offer(), answers={shop.ticket_iri(): {Field(): "Vega"}})
        assert booking.to_dict()["lines"][0]["tickets"][0]["answers"] == {written: "Vega"}

    def test_value_that_a_form_cannot_have_is_not_written_down(self, shop):
        booking = Booking()
        booking.add(shop.offer(), answers={shop.ticket_iri(): {"budget": Decimal("NaN")}})
        with pytest.raises(InvalidArgument, match="cannot be stored"):
            booking.to_dict()

    def test_only_what_is_known_of_its_offers_is_written_down(self, shop):
        booking = Booking()
        booking.add(shop.offer_iri(1))
        booking.add(shop.offer(2))
        booking.knowledge.offers[shop.offer_iri(1)] = None
        booking.knowledge.learn_offer(shop.offer_iri(3), OfferFacts.read(shop.offer(3)))
        known = booking.to_dict()["known"]["offers"]
        assert list(known) == [shop.offer_iri(2)]
        assert known[shop.offer_iri(2)]["tickets"] == [shop.ticket_iri(2)]
        assert known[shop.offer_iri(2)]["price"] == shop.offer(2)["price"]
        odd = {"@id": shop.offer_iri(2), "tickets": None, "date": ["x"]}
        booking.knowledge.offers[shop.offer_iri(2)] = OfferFacts.read(odd)
        kept = booking.to_dict()["known"]["offers"][shop.offer_iri(2)]
        assert (kept["tickets"], kept["date"]) == (None, ["x"])

    def test_catalogue_and_time_zone_of_a_stored_booking_count(self, shop):
        stored = Booking(catalog=shop.catalog, time_zone="Europe/Lisbon").to_dict()
        again = Booking()
        again.load(stored)
        line = again.add(shop.offer()["id"])
        assert (line.offer, line.time_zone) == (shop.offer_iri(), "Europe/Lisbon")
        own = Booking(catalog=shop.catalog, time_zone="Europe/Lisbon")
        own.load(Booking().to_dict())
        assert own.add(shop.offer()["id"]).offer == shop.offer_iri()

    def test_problems_of_its_arguments_are_kept(self, shop):
        booking = Booking()
        booking.add("https://evil.example/offer", quantity=2)
        again = Booking()
        again.add(shop.offer())
        again.load(json.loads(json.dumps(booking.to_dict())))
        assert [(problem.line, problem.field) for problem in judged(again).problems] == [(2, "offer")]

    def test_what_json_cannot_say_is_refused_when_it_is_written(self, shop):
        booking = Booking()
        booking.add(shop.offer(), answers={shop.ticket_iri(): {"name": object()}})
        with pytest.raises(InvalidArgument, match="cannot be stored"):
            booking.to_dict()

    @given(
        st.recursive(
            st.none() | st.integers() | st.text(max_size=4),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(
                        ["version", "lines", "known", "offers", "offer", "quantity", "tickets", "ticket"]
                    ),
                    inner,
                )
            ),
        )
    )
    def test_what_is_no_stored_booking_is_refused(self, stored):
        with pytest.raises(InvalidArgument):
            Booking().load(stored)

    def test_a_booking_of_a_later_version_is_refused(self):
        with pytest.raises(InvalidArgument, match="its version is 2"):
            Booking().load({"version": 2, "lines": []})


class TestSplitting:
    @given(st.integers(0, 40), st.integers(1, 12))
    def test_calls_keep_the_order_and_their_place(self, count, size):
        items = [{"offer": str(number)} for number in range(count)]
        calls = split(items, size)
        assert [item for _, part in calls for item in part] == items
        assert all(1 <= len(part) <= size for _, part in calls)
        assert all(items[offset] is part[0] for offset, part in calls)

    @pytest.mark.parametrize("size", [0, -1, True, 1.5, None])
    def test_a_call_without_room_is_refused(self, size):
        with pytest.raises(InvalidArgument):
            split([{}], size)


class TestViolations:
    @pytest.fixture
    def booking(self, shop):
        booking = Booking()
        fields = [shop.field(1, number, code) for number, code in enumerate("abc", start=1)]
        booking.knowledge.forms[shop.form_iri()] = definition(shop, 1, *fields)
        booking.add(shop.offer(1))
        booking.add(
            shop.offer(2, shop.ticket(2, form=shop.form_iri())),
            answers={shop.ticket_iri(2): {"a": "1", "b": "2", "c": "3"}},
        )
        return booking

    @pytest.mark.parametrize("offset", [0, 50])
    @pytest.mark.parametrize(
        ("path", "line", "argument", "with_ticket", "field"),
        [
            ("items[1].ticketSessions[0].formData.fields[2].value", 2, "answers", True, "c"),
            ("items[1].ticketSessions[0].formData.form", 2, "answers", True, None),
            ("items[1].ticketSessions[0].session", 2, "sessions", True, None),
            ("items[1].ticketSessions[0].ticket", 2, "ticket", True, None),
            ("items[1].ticketSessions[7].ticket", 2, "sessions", False, None),
            ("items[1].ticketSessions", 2, "sessions", False, None),
            ("items[0].quantity", 1, "quantity", False, None),
            ("[items][0][offer]", 1, "offer", False, None),
            ("items.1.ticketSessions.0.session", 2, "sessions", True, None),
            ("items[1]", 2, None, False, None),
            ("items[2].offer", None, None, False, None),
            ("items[x].offer", None, None, False, None),
            ("items", None, None, False, None),
            ("", None, None, False, None),
        ],
    )
    def test_a_path_leads_to_line_ticket_and_field(
        self, shop, booking, offset, path, *, line, argument, with_ticket, field
    ):
        (traced,) = trace_violations(
            [Violation(path, "No.")], judged(booking).items, offset, booking.knowledge
        )
        assert traced == Violation(
            path,
            "No.",
            argument=argument,
            line=None if line is None else line + offset,
            ticket=shop.ticket_iri(2) if with_ticket else None,
            field=field,
        )

    def test_field_of_a_form_is_named_as_well_as_it_is_known(self, shop, booking):
        path = "items[1].ticketSessions[0].formData.fields[2].value"
        items = judged(booking).items
        form = booking.knowledge.forms[shop.form_iri()].raw
        iri = form["fields"][2]["@id"]
        for fields, name in (
            ([{**field, "@id": None} for field in form["fields"]], "c"),
            ([{**field, "id": None} for field in form["fields"]], "c"),
            ([{**field, "code": None} for field in form["fields"]], "C"),
            ([{**field, "code": None, "label": None} for field in form["fields"]], iri),
            ([], iri),
        ):
            booking.knowledge.forms[shop.form_iri()] = FormDefinition.read(
                {**form, "fields": fields}, shop.form_iri()
            )
            (traced,) = trace_violations([Violation(path, "No.")], items, 0, booking.knowledge)
            assert traced.field == name

    @pytest.mark.parametrize(
        ("path", "argument", "line"),
        [
            ("reservations[1]", "held", 2),
            ("reservations[0]", "held", 1),
            ("reservations[2]", "held", None),
            ("reservations[5]", "held", None),
            ("reservations[1].iri", "held", 2),
            ("reservations", "held", None),
            ("customer.email", "customer.email", None),
            ("externalReference", "external_reference", None),
            ("externalReference[0]", "external_reference", None),
            ("", None, None),
        ],
    )
    def test_a_path_of_an_order_leads_to_the_reservation_or_the_argument(self, path, argument, line):
        assert trace_order_violations([Violation(path, "No.")], ["a", "b"]) == (
            Violation(path, "No.", argument=argument, line=line),
        )
