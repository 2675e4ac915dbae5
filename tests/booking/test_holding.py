"""Bulk reservations against the sandbox, sync and async: each hold once, whatever becomes of the answers."""

import json
import threading
from datetime import timedelta

import httpx
import pytest

from korus import RetryPolicy, Timeouts
from korus._core.field_types import FIELD_TYPES
from korus._journal.intent_log import MemoryIntentLog, new_intent
from korus.errors import (
    BookingInvalid,
    InvalidArgument,
    OutcomeUnknown,
    PriceChanged,
    ReservationFailed,
    ServerError,
    SoldOut,
    ValidationFailed,
)

POST = "bulk_create_reservations"

# kind, rule, whether the work was done before the answer was lost
LOST = [
    pytest.param("drop_after", {}, True, id="reset after the work"),
    pytest.param("drop_before", {}, False, id="reset before the work"),
    pytest.param("cut_short", {}, True, id="answer cut short"),
    pytest.param("cut_short", {"chunked": True}, True, id="answer cut between chunks"),
    pytest.param("status", {"status": 502}, False, id="502"),
    pytest.param("status", {"status": 503}, False, id="503"),
    pytest.param("status", {"status": 504, "done": True}, True, id="504 after the work"),
    pytest.param("status", {"status": 500, "done": True}, True, id="500 after the work"),
    pytest.param("html", {"done": True}, True, id="a page of a proxy"),
    pytest.param("html", {"status": 200, "done": True}, True, id="a page of a proxy, as a success"),
    pytest.param("empty", {}, True, id="empty answer"),
    pytest.param("not_json", {}, True, id="answer that is no JSON"),
    pytest.param("wrong_charset", {}, True, id="answer in another charset"),
]


class Forgetful:
    """Transports that take the second reservation out of the answer to a bulk reservation."""

    @staticmethod
    def without_the_second(request, response, content):
        headers = {"Content-Type": response.headers["content-type"]}
        if request.method == "POST" and request.url.path.endswith("/reservations/_bulk"):
            answer = json.loads(content)
            del answer["reservations"][1]
            content = json.dumps(answer).encode()
        return httpx.Response(response.status_code, headers=headers, content=content)

    @classmethod
    def synchronous(cls):
        class Transport(httpx.HTTPTransport):
            def handle_request(self, request):
                response = super().handle_request(request)
                return cls.without_the_second(request, response, response.read())

        return Transport()

    @classmethod
    def asynchronous(cls):
        class Transport(httpx.AsyncHTTPTransport):
            async def handle_async_request(self, request):
                response = await super().handle_async_request(request)
                return cls.without_the_second(request, response, await response.aread())

        return Transport()


class Overtaken(MemoryIntentLog):
    """An intent log in which another call claims the second hold just after it was seen that nobody had."""

    def __init__(self, sandbox):
        super().__init__(shared=True)
        self.sandbox = sandbox

    def claimed(self, iris, but=None):
        before = super().claimed(iris, but)
        made = [entry["reservation"] for entry in self.sandbox.inspect.reservations]
        if len(made) == 2:
            self.claim(new_intent("hold", ["another"], {}), made[1:])
        return before


def listed(entries):
    return [entry.to_dict() for entry in entries]


class TestHolding:
    def test_lines_are_held_and_refer_back_to_what_was_added(self, front):
        first, second = front.offers(2)
        booking = front.korus.reservations.bulk()
        one, two = booking.add(first, quantity=2), booking.add(second)
        held = booking.submit()
        assert held.ok
        assert held.by_line[one].result.items[0].offer == first.iri
        assert held.by_line[two].result.items[0].offer == second.iri
        assert [(each["offer"], each["quantity"]) for each in front.sandbox.inspect.reservations] == [
            (first.iri, 2),
            (second.iri, 1),
        ]
        assert timedelta(minutes=5) < held.remaining() <= timedelta(minutes=20)
        assert held.expires_at == min(reservation.expires_at for reservation in held.succeeded)

    def test_all_problems_are_reported_before_anything_is_sent(self, front):
        (plain,) = front.offers(1)
        (timed,) = front.offers(1, session=True)
        booking = front.korus.reservations.bulk()
        booking.add(plain, quantity=0)
        booking.add(timed)
        booking.add("https://evil.example/v1/ticketing/catalogs/c/offers/o")
        with pytest.raises(BookingInvalid) as caught:
            booking.submit()
        assert [problem.line for problem in caught.value.problems] == [1, 2, 3]
        assert front.requests(POST) == 0

    def test_nothing_to_book_is_refused(self, front):
        with pytest.raises(InvalidArgument, match="no lines"):
            front.korus.reservations.bulk().submit()

    def test_an_offer_known_by_its_iri_is_looked_up_once_and_remembered(self, front):
        (offer,) = front.offers(1)
        before = front.requests("list_offers")
        for _ in range(2):
            booking = front.korus.reservations.bulk()
            booking.add(offer.iri)
            booking.add(offer.iri, quantity=2)
            assert booking.submit().ok
        pages = front.requests("list_offers") - before
        booking = front.client().reservations.bulk()
        booking.add(offer.iri)
        assert booking.submit().ok
        assert front.requests("list_offers") - before == 2 * pages

    def test_unchecked_lines_are_left_to_the_api(self, front):
        (offer,) = front.offers(1)
        before = front.requests("get_offer_availability")
        booking = front.korus.reservations.bulk()
        booking.add(offer)
        assert booking.submit(check=False).ok
        assert front.requests("get_offer_availability") == before
        with pytest.raises(InvalidArgument, match="check=True"):
            booking.submit(check=False, max_price_change="1")

    def test_a_form_is_fetched_and_its_answers_are_sent(self, front):
        (offer,) = front.offers(1, form=True, session=None)
        ticket = next(ticket for ticket in offer.tickets if ticket.form)
        sessions = {
            timed: next(iter(front.korus.offers.sessions(timed)))
            for timed in offer.tickets
            if not timed.date_access
        }
        for session in sessions.values():
            front.sandbox.set_stock(session.iri, 10)
        form = front.korus.forms.get(ticket.form)
        answers = {}
        for field in form.fields:
            kind = FIELD_TYPES[field.type_]
            choice = field.choices[0].code if kind.has_choices else None
            answers[field.code] = [choice] if kind.is_multiple else choice or kind.example
        booking = front.korus.reservations.bulk()
        booking.add(offer, sessions=sessions, answers={ticket: answers})
        assert booking.submit().ok
        assert len(front.sandbox.inspect.reservations[-1]["answers"]) == len(form.fields)

    def test_a_booking_carried_by_a_queue_is_held_the_same(self, front):
        (offer,) = front.offers(1, session=True)
        ticket = next(ticket for ticket in offer.tickets if not ticket.date_access)
        session = front.korus.offers.sessions(ticket).first()
        front.sandbox.set_stock(session.iri, 10)
        booking = front.korus.reservations.bulk()
        booking.add(offer, quantity=2, sessions={ticket: session})
        stored = json.dumps(booking.to_dict())
        assert front.client().reservations.bulk().load(json.loads(stored)).submit().ok
        assert front.sandbox.inspect.reservations[-1]["sessions"][-1] == session.iri

    def test_a_large_booking_is_split_into_calls_and_keeps_its_order(self, front):
        offers = front.offers(8)
        booking = front.korus.reservations.bulk(lines_per_call=3, concurrency=2)
        lines = [booking.add(offer) for offer in offers]
        held = booking.submit()
        assert front.requests(POST) == 3
        assert [held.by_line[line].result.items[0].offer for line in lines] == [offer.iri for offer in offers]


class TestChecking:
    def test_what_is_left_and_what_it_costs_is_asked_where_the_offer_says_so(self, front):
        offers = front.offers(3, stock=50)
        booking = front.korus.reservations.bulk()
        for offer in offers:
            booking.add(offer)
        checks = booking.check()
        for offer, check in zip(offers, checks, strict=True):
            assert (check.availability is not None) is offer.availability_check_required
            assert (check.price is not None) is offer.realtime_price_required
        assert front.requests(POST) == 0

    @pytest.mark.parametrize("stored", [False, True])
    def test_a_session_is_asked_about_whatever_its_offer_says(self, front, stored):
        (offer,) = front.offers(1, session=True)
        ticket = next(ticket for ticket in offer.tickets if not ticket.date_access)
        session = front.korus.offers.sessions(ticket).first()
        front.sandbox.set_stock(session.iri, 1)
        booking = front.korus.reservations.bulk()
        unlimited = {**offer.to_dict(), "availabilityCheckRequired": False}
        booking.add(unlimited, quantity=2, sessions={ticket: session})
        if stored:
            booking = front.client().reservations.bulk().load(json.loads(json.dumps(booking.to_dict())))
        with pytest.raises(SoldOut) as caught:
            booking.submit()
        (shortage,) = caught.value.shortages
        assert (shortage.session, shortage.asked, shortage.available) == (session.iri, 2, 1)
        assert front.requests("get_offer_availability") == 1
        assert front.requests(POST) == 0

    def test_an_offer_without_limit_or_session_is_not_asked_about(self, front):
        (offer,) = front.offers(1)
        booking = front.korus.reservations.bulk()
        booking.add({**offer.to_dict(), "availabilityCheckRequired": False})
        assert booking.submit().ok
        assert front.requests("get_offer_availability") == 0

    def test_too_little_left_for_all_lines_together_is_refused_before_the_hold(self, front):
        offer = next(offer for offer in front.offers(20) if offer.availability_check_required)
        front.sandbox.set_stock(offer.iri, 3)
        booking = front.korus.reservations.bulk()
        booking.add(offer, quantity=2)
        booking.add(offer, quantity=2)
        with pytest.raises(SoldOut) as caught:
            booking.submit()
        (shortage,) = caught.value.shortages
        assert (shortage.lines, shortage.asked, shortage.available) == ((1, 2), 4, 3)
        assert front.requests(POST) == 0

    def test_price_beyond_the_tolerance_is_refused_before_the_hold(self, front):
        offer = next(offer for offer in front.offers(60) if offer.realtime_price_required)
        front.sandbox.set_price(offer.iri, "123.45")
        listed = offer.price.amount_incl_tax
        booking = front.korus.reservations.bulk()
        booking.add(offer)
        with pytest.raises(PriceChanged) as caught:
            booking.submit(max_price_change="0.01")
        (change,) = caught.value.changes
        assert (change.line, str(change.listed), str(change.now)) == (1, listed, "123.45")
        assert front.requests(POST) == 0
        assert booking.submit(max_price_change="1000").ok

    def test_price_shown_to_the_buyer_replaces_the_listed_one(self, front):
        offer = next(offer for offer in front.offers(60) if offer.realtime_price_required)
        front.sandbox.set_price(offer.iri, "20.00")
        booking = front.korus.reservations.bulk()
        booking.add(offer, price="20.00")
        assert booking.submit(max_price_change=0).ok

    @pytest.mark.parametrize("allowed", [0.5, -1, "NaN", "1e3", True])
    def test_a_tolerance_that_is_no_amount_is_refused(self, front, allowed):
        (offer,) = front.offers(1)
        booking = front.korus.reservations.bulk()
        booking.add(offer)
        with pytest.raises(InvalidArgument, match="max_price_change"):
            booking.submit(max_price_change=allowed)


class TestFailures:
    def test_partial_failure_is_an_outcome_and_only_failed_lines_are_retried(self, front):
        offers = front.offers(3)
        front.sandbox.faults.add("fail_items", operation=POST, items=(1,), count=1)
        held = front.hold(*offers)
        assert [outcome.status for outcome in held.lines] == ["succeeded", "failed", "succeeded"]
        (failed,) = held.failed
        assert failed.line.number == 2
        assert failed.raw["offer"] == offers[1].iri
        with pytest.raises(ExceptionGroup) as caught:
            held.raise_for_failed()
        assert caught.group_contains(ReservationFailed)
        again = front.clients.blocking(held.retry_failed())
        assert [line.offer for line in again.lines] == [offers[1].iri]
        assert again.submit().ok
        assert len(front.sandbox.inspect.reservations) == 3

    def test_a_refused_call_names_the_lines_tickets_and_fields_at_fault(self, front):
        (plain,), (timed,) = front.offers(1), front.offers(1, session=True)
        booking = front.korus.reservations.bulk()
        booking.add(plain)
        ticket = next(ticket for ticket in timed.tickets if not ticket.date_access)
        booking.add(timed.iri, sessions={ticket.iri: None})
        with pytest.raises(ValidationFailed) as caught:
            booking.submit(check=False)
        assert {violation.line for violation in caught.value.violations} == {2}
        assert ticket.iri in {violation.ticket for violation in caught.value.violations}
        assert front.sandbox.inspect.reservations == []

    def test_one_refused_call_of_several_leaves_the_others_standing(self, front):
        (plain,), (timed,) = front.offers(1), front.offers(1, session=True)
        booking = front.korus.reservations.bulk(lines_per_call=1)
        booking.add(plain)
        booking.add(timed.iri)
        held = booking.submit(check=False)
        assert [outcome.status for outcome in held.lines] == ["succeeded", "failed"]
        error = held.failed[0].error
        assert isinstance(error, ValidationFailed)
        assert {violation.line for violation in error.violations} == {2}

    def test_a_status_that_says_no_is_raised_as_such(self, front):
        (offer,) = front.offers(1)
        front.sandbox.faults.add("status", operation=POST, status=409)
        with pytest.raises(Exception, match="409") as caught:
            front.hold(offer)
        assert caught.value.status == 409
        assert front.requests(POST) == 1


class TestLostAnswers:
    @pytest.fixture
    def front(self, shared_front):
        return shared_front

    @pytest.mark.parametrize(("kind", "rule", "done"), LOST)
    def test_each_line_is_held_once_whatever_becomes_of_the_answer(self, front, kind, rule, done):
        offers = front.offers(2)
        front.sandbox.faults.add(kind, operation=POST, count=1, **rule)
        held = front.hold(*offers, quantity=2)
        assert held.ok
        assert [outcome.adopted for outcome in held.lines] == [done, done]
        assert len(front.sandbox.inspect.reservations) == 2
        assert {reservation.iri for reservation in held.succeeded} == {
            each["reservation"] for each in front.sandbox.inspect.reservations
        }
        assert front.requests(POST) == (1 if done else 2)

    def test_result_of_a_late_answer_is_looked_for_until_it_appears(self, front):
        (offer,) = front.offers(1)
        front.sandbox.faults.add("slow", operation=POST, count=1, seconds=0.6)
        impatient = front.client(timeout=Timeouts(total=0.4), retry=RetryPolicy(first_wait=0.01, settle=2.0))
        booking = impatient.reservations.bulk()
        booking.add(offer)
        held = booking.submit()
        assert held.lines[0].adopted
        assert len(front.sandbox.inspect.reservations) == 1

    def test_a_request_that_never_left_is_simply_sent_again(self, front):
        (offer,) = front.offers(1)
        # as often as it takes: how long the sandbox is away is bounded by the timeout alone
        patient = RetryPolicy(attempts=1000, first_wait=0.01, longest_wait=0.05)
        booking = front.client(retry=patient).reservations.bulk()
        booking.add(offer)
        front.sandbox.refuse_connections(0.05)
        assert booking.submit(check=False).ok
        assert front.requests(POST) == 1

    def test_too_many_requests_are_sent_again_since_they_were_not_carried_out(self, front):
        (offer,) = front.offers(1)
        front.sandbox.faults.add("status", operation=POST, count=2, status=429, retry_after="0")
        assert front.hold(offer).ok
        assert len(front.sandbox.inspect.reservations) == 1

    def test_part_of_a_lost_call_is_adopted_and_only_the_rest_asked_for_again(self, front):
        offers = front.offers(3)
        front.sandbox.faults.add("fail_items", operation=POST, items=(1,), count=1)
        front.sandbox.faults.add("drop_after", operation=POST, count=1)
        held = front.hold(*offers)
        assert held.ok
        assert [outcome.adopted for outcome in held.lines] == [True, False, True]
        assert len(front.sandbox.inspect.reservations) == 3

    def test_hold_of_another_call_is_not_adopted(self, front):
        (offer,) = front.offers(1)
        earlier = front.hold(offer).succeeded[0]
        front.sandbox.faults.add("drop_before", operation=POST, count=1)
        held = front.hold(offer)
        assert held.succeeded[0].iri != earlier.iri
        assert len(front.sandbox.inspect.reservations) == 2

    def test_many_at_once_never_share_a_hold(self, front):
        (offer,) = front.offers(1)
        front.sandbox.faults.add("drop_after", operation=POST, probability=0.4)
        front.sandbox.faults.add("drop_before", operation=POST, probability=0.2)
        got, errors = [], []

        def book():
            try:
                got.append(front.hold(offer).succeeded[0].iri)
            except OutcomeUnknown as error:
                errors.append(error)

        threads = [threading.Thread(target=book) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == len(set(got))
        assert len(got) + len(errors) == 8
        assert len(got) >= 4

    def test_what_cannot_be_found_out_is_unknown_and_can_be_resolved_later(self, front):
        (offer,) = front.offers(1)
        booking = front.client(timeout=Timeouts(total=1.0)).reservations.bulk()
        booking.add(offer, quantity=2)
        front.sandbox.faults.add("drop_after", operation=POST, count=1)
        front.sandbox.faults.add("status", operation="list_reservations", status=503, skip=1)
        with pytest.raises(OutcomeUnknown) as caught:
            booking.submit()
        with pytest.raises(OutcomeUnknown):
            front.client(timeout=Timeouts(total=0.5)).reservations.resolve(caught.value)
        front.sandbox.faults.clear()
        intent = json.loads(json.dumps(caught.value.intent))
        resolved = front.client().reservations.resolve(intent)
        assert resolved.ok
        assert resolved.succeeded[0].iri == front.sandbox.inspect.reservations[0]["reservation"]

    def test_resolving_a_hold_that_was_never_made_says_failed(self, front):
        (offer,) = front.offers(1)
        front.sandbox.faults.add("status", operation=POST, status=503)
        with pytest.raises(OutcomeUnknown) as caught:
            front.hold(offer)
        front.sandbox.faults.clear()
        resolved = front.korus.reservations.resolve(caught.value)
        assert [outcome.status for outcome in resolved.lines] == ["failed"]
        assert front.sandbox.inspect.reservations == []

    @pytest.fixture
    def short(self, front, tmp_path):
        """Give a client with a journal to which the API's answer does not tell of the second line."""
        made = Forgetful.asynchronous() if front.clients.client_kind == "async" else Forgetful.synchronous()
        return front.client(journal=str(tmp_path / "bookings.db"), transport=made)

    def hold_with(self, client, *offers):
        booking = client.reservations.bulk()
        for offer in offers:
            booking.add(offer)
        return booking.submit()

    def test_line_missing_in_the_answer_is_unknown_until_resolved(self, front, short):
        held = self.hold_with(short, *front.offers(3))
        assert [outcome.status for outcome in held.lines] == ["succeeded", "unknown", "succeeded"]
        intent = json.loads(json.dumps(held.unknown[0].error.intent))
        assert [entry["state"] for entry in listed(short.journal.list(open_only=True))] == ["unknown"]
        resolved = short.reservations.resolve(intent)
        assert [outcome.line.number for outcome in resolved.lines] == [2]
        assert resolved.succeeded[0].iri == front.sandbox.inspect.reservations[1]["reservation"]
        (entry,) = listed(short.journal.list())
        assert [line["line"] for line in entry["outcome"]["lines"]] == [1, 2, 3]
        assert {line["status"] for line in entry["outcome"]["lines"]} == {"succeeded"}
        assert len(front.sandbox.inspect.reservations) == 3

    def test_unmatched_hold_is_found_by_resolve(self, front, short):
        (offer,) = front.offers(1)
        booking = short.reservations.bulk()
        booking.add(offer)
        booking.add(offer, quantity=2)
        held = booking.submit()
        assert [outcome.status for outcome in held.lines] == ["unknown", "unknown"]
        assert len(held.unmatched) == 1
        resolved = short.reservations.resolve(held.unknown[0].error)
        assert [outcome.result.iri for outcome in resolved.lines] == [
            entry["reservation"] for entry in front.sandbox.inspect.reservations
        ]

    def test_recovery_covers_lines_missing_in_the_answer(self, front, short):
        offers = front.offers(2)
        self.hold_with(short, *offers)
        front.sandbox.clock.advance(timedelta(hours=1))
        (recovered,) = short.journal.recover()
        assert [(outcome.line.number, outcome.status) for outcome in recovered.lines] == [(2, "failed")]
        assert recovered.settled
        (entry,) = listed(short.journal.list())
        assert [line["status"] for line in entry["outcome"]["lines"]] == ["succeeded", "failed"]

    def test_found_hold_stays_found_beside_one_claimed_by_another(self, front):
        front.korus = front.client(journal=None)
        getattr(front.korus._session.intent_log, "_inner", front.korus._session.intent_log).store = Overtaken(
            front.sandbox
        )
        front.sandbox.faults.add("drop_after", operation=POST, count=1)
        held = front.hold(*front.offers(2))
        assert held.ok
        assert [outcome.adopted for outcome in held.lines] == [True, False]
        assert held.by_line[1].result.iri == front.sandbox.inspect.reservations[0]["reservation"]
        assert len(front.sandbox.inspect.reservations) == 3

    def test_more_new_reservations_than_can_be_looked_through_leave_it_unknown(self, front, monkeypatch):
        (offer,) = front.offers(1)
        monkeypatch.setattr("korus._booking.hold_steps.MOST_PAGES", 1)
        booking = front.client(timeout=Timeouts(total=1.0)).reservations.bulk(lines_per_call=60)
        for _ in range(60):
            booking.add(offer)
        front.sandbox.faults.add("drop_after", operation=POST, count=1)
        held = booking.submit()
        assert [len(held.succeeded), len(held.unknown)] == [50, 10]
        monkeypatch.undo()
        resolved = front.korus.reservations.resolve(held.unknown[0].error)
        assert len(resolved.succeeded) == 10
        iris = [made.iri for made in (*held.succeeded, *resolved.succeeded)]
        assert len(set(iris)) == 60
        assert len(front.sandbox.inspect.reservations) == 60

    @pytest.mark.parametrize("intent", [{}, {"version": 1, "kind": "order"}, {"version": 9, "kind": "hold"}])
    def test_what_is_no_unknown_hold_is_refused(self, front, intent):
        with pytest.raises(InvalidArgument):
            front.korus.reservations.resolve(intent)

    def test_without_a_shared_log_look_alikes_are_candidates_only(self, clients, front):
        alone = type(front)(clients, clients.sandbox)
        (offer,) = alone.offers(1)
        front.sandbox.faults.add("drop_after", operation=POST, count=1)
        with pytest.raises(OutcomeUnknown) as caught:
            alone.hold(offer)
        (made,) = front.sandbox.inspect.reservations
        assert [candidate.iri for candidate in caught.value.candidates] == [made["reservation"]]
        again = alone.hold(offer)
        assert again.ok
        assert again.succeeded[0].iri != made["reservation"]
        resolved = alone.korus.reservations.resolve(caught.value)
        assert [outcome.status for outcome in resolved.lines] == ["unknown"]
        front.sandbox.clock.advance(timedelta(hours=1))
        resolved = alone.korus.reservations.resolve(caught.value)
        assert [outcome.status for outcome in resolved.lines] == ["failed"]

    def test_two_clients_without_a_shared_log_never_share_a_hold(self, clients, front):
        one, other = (type(front)(clients, clients.sandbox) for _ in range(2))
        (offer,) = one.offers(1)
        front.sandbox.faults.add("drop_after", operation=POST, count=1)
        with pytest.raises(OutcomeUnknown):
            one.hold(offer)
        front.sandbox.faults.add("drop_before", operation=POST, count=1)
        held = other.hold(offer)
        made = [entry["reservation"] for entry in front.sandbox.inspect.reservations]
        assert [reservation.iri for reservation in held.succeeded] == made[1:]

    def test_a_client_that_may_not_look_says_at_once_that_it_does_not_know(self, front):
        (offer,) = front.offers(1)
        front.sandbox.faults.add("status", operation="list_reservations", status=403)
        front.sandbox.faults.add("status", operation=POST, count=1, status=503, done=True)
        with pytest.raises(OutcomeUnknown):
            front.hold(offer)
        assert front.requests(POST) == 1

    def test_a_baseline_that_cannot_be_read_keeps_the_hold_from_being_sent(self, front):
        (offer,) = front.offers(1)
        front.sandbox.faults.add("status", operation="list_reservations", status=500)
        with pytest.raises(ServerError):
            front.hold(offer)
        assert front.requests(POST) == 0
