"""The steps of a bulk reservation against a script: what comes out, and in which order what is done."""

import pytest
from attrs import evolve
from booking_facts import held, held_json, item, refused, reservation_iri
from booking_script import World, not_found, pages

from korus._booking import bulk_call, hold_steps
from korus._booking.bulk_call import Patience
from korus._booking.facts import HoldAnswer, Page, ReservationFacts
from korus._booking.hold_steps import hold, resolve_hold, take_snapshot, with_known_lines
from korus._booking.intent_details import hold_details, known_lines
from korus._booking.outcomes import HoldLine
from korus._booking.request_items import RequestedLine
from korus._booking.snapshot import Snapshot
from korus._journal.intent_log import may_hide_results, new_intent
from korus.errors import (
    BadRequest,
    ConnectionFailed,
    ConnectionLost,
    DecodingFailed,
    JournalFailed,
    NotFound,
    OperationUnavailable,
    OutcomeUnknown,
    PermissionDenied,
    ReservationFailed,
    ServerError,
    StatusError,
    TimedOut,
    ValidationFailed,
)

SETTLE, TOTAL = 5.0, 20.0
OLD = held(7, name="old", seconds=-60)
SNAPSHOT = Snapshot.of([OLD])
LOST = ConnectionLost("gone", sent=True)
JOURNAL = JournalFailed("no space left")


def intent_of(items, snapshot=SNAPSHOT, **changes):
    details = {**hold_details(items, [None] * len(items), snapshot), "lines": [*range(1, len(items) + 1)]}
    made = new_intent("hold", [RequestedLine.of(entry).key for entry in items], details)
    return evolve(made, **changes)


def lines_of(items):
    return [
        HoldLine(number, entry["offer"], entry["quantity"]) for number, entry in enumerate(items, start=1)
    ]


def patience(*, is_shared=True, total=TOTAL):
    return Patience(SETTLE, total, is_shared)


def run(world, *items, snapshot=SNAPSHOT, is_shared=True, settle=SETTLE, total=TOTAL):
    items = items or (item(),)
    return world.run(
        hold(
            intent_of(items, snapshot),
            lines_of(items),
            [RequestedLine.of(entry) for entry in items],
            items,
            snapshot=snapshot,
            patience=Patience(settle, total, is_shared),
        )
    )


def answer(*reservations, failures=()):
    return HoldAnswer(tuple(reservations), tuple(failures))


def statuses(result):
    return [outcome.status for outcome in result.lines]


def listing(*members, **more):
    return pages(*members, OLD, **more)


class TestPlainAnswers:
    def test_hold_is_written_down_before_it_is_sent_and_settled_after(self):
        made = held(1)
        world = World(SendHold=[answer(made)])
        result = run(world)
        assert statuses(result) == ["succeeded"]
        assert result.lines[0].results == (made,)
        assert not result.lines[0].adopted
        assert world.names() == ["OpenIntent", "Advance sending", "SendHold", "Claim", "Settle"]
        (claim,), (settle,) = world.only("Claim"), world.only("Settle")
        assert claim.iris == settle.claims == (made.iri,)
        assert settle.outcome == {
            "lines": [{"line": 1, "status": "succeeded", "reservations": [made.iri], "code": None}]
        }

    def test_failed_lines_have_the_apis_words(self):
        entry = refused(2, message="Sold out.", code="sold_out")
        made = held(1)
        world = World(SendHold=[answer(made, failures=[entry])])
        result = run(world, item(1), item(2))
        assert statuses(result) == ["succeeded", "failed"]
        error = result.lines[1].error
        assert isinstance(error, ReservationFailed)
        assert (error.line, error.code, error.raw) == (2, "sold_out", entry.raw)
        assert str(error).startswith("line 2: Sold out.")
        assert result.lines[1].raw is entry.raw
        assert world.only("Settle")[0].outcome["lines"][1]["code"] == "sold_out"

    def test_unmatched_entries_and_failures_are_passed_on(self):
        stranger, entry = held(9), refused(8)
        result = run(World(SendHold=[answer(held(1), stranger, failures=[entry])]))
        assert (result.unmatched, result.unmatched_failures) == ((stranger,), (entry,))

    @pytest.mark.parametrize(
        "error",
        [
            BadRequest("no", status=400),
            ValidationFailed("no", status=422),
            ConnectionFailed("no", sent=False),
            TimedOut("no", sent=False),
        ],
    )
    def test_refusal_settles_the_intent_without_a_look(self, error):
        world = World(SendHold=[error])
        with pytest.raises(type(error)) as caught:
            run(world)
        assert caught.value is error
        assert world.names() == ["OpenIntent", "Advance sending", "SendHold", "Settle"]
        assert world.only("Settle")[0].outcome == {"refused": type(error).__name__}

    def test_line_that_the_answer_does_not_mention_is_unknown(self):
        made = held(1)
        world = World(SendHold=[answer(made)])
        result = run(world, item(1), item(2))
        assert statuses(result) == ["succeeded", "unknown"]
        assert world.names() == ["OpenIntent", "Advance sending", "SendHold", "Claim", "Advance unknown"]
        error = result.lines[1].error
        assert error.intent["line"] == 2
        assert error.intent["known_lines"] == [
            {"line": 1, "status": "succeeded", "reservations": [made.iri], "code": None},
            None,
        ]
        assert "line 2: the answer does not show its result" in str(error)
        assert world.only("Advance")[1].intent.details["known_lines"][0]["line"] == 1

    def test_answer_that_mentions_no_line_is_an_outcome_of_unknown_lines(self):
        assert statuses(run(World(SendHold=[answer()]))) == ["unknown"]

    def test_line_held_in_part_is_unknown_and_has_what_it_got(self):
        made = held(1, quantity=1)
        result = run(World(SendHold=[answer(made)]), item(1, 3))
        assert statuses(result) == ["unknown"]
        assert result.lines[0].results == (made,)
        assert "1 of 3 units are held" in str(result.lines[0].error)

    @pytest.mark.parametrize("own", [1, 2])
    def test_reservation_that_another_call_has_claimed_is_not_taken(self, own):
        made = [held(1), held(2)]
        world = World(SendHold=[answer(*made)], Claim=[frozenset({made[own - 1].iri})])
        result = run(world, item(1), item(2))
        expected = ["unknown", "unknown"]
        expected[own - 1] = "succeeded"
        assert statuses(result) == expected
        assert result.lines[2 - own].results == ()

    def test_line_of_several_holds_needs_all_of_them(self):
        made = [held(1), held(1)]
        world = World(SendHold=[answer(*made)], Claim=[frozenset({made[0].iri})])
        (outcome,) = run(world, item(1, 2)).lines
        assert (outcome.status, outcome.results) == ("unknown", ())
        part = [held(1), held(1)]
        world = World(SendHold=[answer(*part)], Claim=[frozenset({part[0].iri})])
        (outcome,) = run(world, item(1, 3)).lines
        assert (outcome.status, outcome.results) == ("unknown", ())

    def test_refusal_that_the_answer_contradicts_is_unknown(self):
        spare = [held(1, name="r"), held(9, name="r")]
        (outcome,) = run(World(SendHold=[answer(*spare, failures=[refused(1)])])).lines
        assert outcome.status == "unknown"

    def test_part_that_another_call_has_claimed_is_not_shown(self):
        world = World(SendHold=[answer(held(1, quantity=1))], Claim=[frozenset()])
        (outcome,) = run(world, item(1, 3)).lines
        assert (outcome.status, outcome.results) == ("unknown", ())


class TestLostAnswers:
    @pytest.mark.parametrize(
        "error",
        [
            LOST,
            TimedOut("slow", sent=True),
            ServerError("no", status=500),
            ServerError("no", status=503),
            DecodingFailed("html"),
            StatusError("see other", status=303),
        ],
    )
    def test_result_is_looked_for_claimed_and_taken(self, error):
        made = held(1, seconds=1)
        world = World(SendHold=[error], ListReservations=listing(made))
        result = run(world)
        assert statuses(result) == ["succeeded"]
        assert result.lines[0].results == (made,)
        assert result.lines[0].adopted
        assert world.names() == [
            "OpenIntent",
            "Advance sending",
            "SendHold",
            "Advance reconciling",
            "ListReservations",
            "Competing",
            "Claimed",
            "Claim",
            "Settle",
        ]
        assert world.only("Claim")[0].iris == world.only("Settle")[0].claims == (made.iri,)

    def test_absent_hold_is_sent_again_after_two_looks_settle_apart(self):
        made = held(1, seconds=9)
        world = World(SendHold=[LOST, answer(made)], ListReservations=listing())
        assert statuses(run(world)) == ["succeeded"]
        assert world.waited(world.only("ListReservations")[-1]) >= SETTLE
        names = world.names("Wait", "ListReservations", "Competing", "Claimed", "Advance reconciling")
        assert names == [
            "OpenIntent",
            "Advance sending",
            "SendHold",
            "Advance sending",
            "SendHold",
            "Claim",
            "Settle",
        ]
        one, two = world.only("SendHold")
        assert (one.items, two.items, two.intent.id) == (two.items, [item()], one.intent.id)

    def test_looking_is_paced_and_each_look_checks_the_ownership(self):
        world = World(SendHold=[LOST, answer(held(1))], ListReservations=listing())
        run(world)
        waits = [effect.seconds for effect in world.only("Wait")]
        assert waits[0] == pytest.approx(0.2)
        assert waits[1] == pytest.approx(0.32)
        assert max(waits) <= 2.0
        assert waits == sorted(waits)
        looks = world.names().count("ListReservations")
        assert world.names().count("Advance reconciling") == looks
        assert looks == len(waits) + 1

    def test_limits_of_looking_are_those_that_were_chosen(self):
        # the reference allows pages of at most fifty
        assert (bulk_call.FIRST_PAUSE, bulk_call.PAGE, bulk_call.MOST_PAGES) == (0.2, 50, 1000)

    @pytest.mark.parametrize("cause", [bulk_call.lost_answer, bulk_call.taken_over])
    def test_call_that_was_lost_or_taken_over_may_have_been_sent(self, cause):
        error = cause("bulk_create_orders")
        assert (error.sent, error.operation) == (True, "bulk_create_orders")

    def test_two_looks_exactly_settle_apart_prove_absence(self):
        world = World(now=0.0, SendHold=[LOST, answer(held(1))], ListReservations=listing())
        run(world, settle=0.2)
        assert world.waited() == 0.2

    def test_one_look_proves_no_absence_even_without_settle(self):
        world = World(SendHold=[LOST, answer(held(1))], ListReservations=listing())
        run(world, settle=0)
        assert len(world.only("ListReservations")) == 2

    def test_looking_ends_with_the_time_of_the_call(self):
        world = World(now=0.0, SendHold=[LOST], ListReservations=ServerError("no", status=500))
        with pytest.raises(OutcomeUnknown):
            run(world, settle=0.5, total=0.5)
        assert world.now == 0.5

    def test_candidates_are_settled_for_exactly_after_settle(self):
        world = World(
            now=0.0,
            SendHold=[LOST],
            ListReservations=listing(held(1, seconds=1)),
            Claim=lambda _: frozenset(),
        )
        with pytest.raises(OutcomeUnknown):
            run(world, settle=0.2)
        assert world.now == 0.2

    def test_only_lines_proven_absent_are_sent_again(self):
        first, second = held(1, seconds=1), held(2, seconds=9)
        world = World(SendHold=[LOST, answer(second)], ListReservations=listing(first))
        result = run(world, item(1), item(2))
        assert [(outcome.status, outcome.adopted) for outcome in result.lines] == [
            ("succeeded", True),
            ("succeeded", False),
        ]
        assert [effect.items for effect in world.only("SendHold")] == [[item(1), item(2)], [item(2)]]
        assert world.only("Settle")[0].claims == (first.iri, second.iri)

    def test_hold_that_shows_up_late_is_found_and_not_sent_again(self):
        made = held(1, seconds=1)
        world = World(SendHold=[LOST])

        def list_now(effect):
            shown = listing(made) if world.now > 103 else listing()
            return shown(effect)

        world.script("ListReservations", list_now)
        assert run(world).lines[0].results == (made,)
        assert len(world.only("SendHold")) == 1

    def test_hold_seen_between_looks_has_to_be_absent_again(self):
        made = held(1, seconds=1)
        world = World(SendHold=[LOST, answer(held(1))], Claim=lambda _: frozenset())

        def list_now(effect):
            is_seen = 102 < world.now < 104
            return listing(*([made] if is_seen else []))(effect)

        world.script("ListReservations", list_now)
        run(world)
        assert world.waited(world.only("SendHold")[1]) >= 4 + SETTLE

    def test_no_hold_is_sent_more_than_three_times(self):
        world = World(SendHold=[LOST] * 9, ListReservations=listing())
        with pytest.raises(OutcomeUnknown, match="it is not known whether this was held"):
            run(world)
        assert len(world.only("SendHold")) == 3
        assert world.names()[-1] == "Advance unknown"

    def test_refusal_of_what_was_proven_absent_fails_the_line(self):
        refusal = ValidationFailed("no", status=422)
        world = World(SendHold=[LOST, refusal], ListReservations=listing())
        (outcome,) = run(world).lines
        assert (outcome.status, outcome.error) == ("failed", refusal)
        assert world.names()[-1] == "Settle"
        # a second try of the request may have been refused: what it left is not to be taken for another call's
        assert may_hide_results(world.only("Settle")[0].outcome)

    def test_without_a_snapshot_nothing_can_be_looked_for(self):
        world = World(SendHold=[LOST])
        with pytest.raises(OutcomeUnknown):
            run(world, snapshot=None)
        assert world.names() == [
            "OpenIntent",
            "Advance sending",
            "SendHold",
            "Advance reconciling",
            "Advance unknown",
        ]

    def test_unknown_hold_carries_what_is_needed_to_ask_again(self):
        cause = ServerError("bad gateway", status=502, request_id="req-1")
        world = World(SendHold=[cause], ListReservations=ServerError("no", status=500))
        with pytest.raises(OutcomeUnknown) as caught:
            run(world)
        error = caught.value
        assert (error.status, error.request_id, error.operation) == (502, "req-1", "bulk_create_reservations")
        assert error.intent["kind"] == "hold"
        assert error.intent["known_lines"] == [None]
        assert "line" not in error.intent

    def test_api_that_cannot_be_asked_is_asked_until_the_time_is_over(self):
        for total, longest in ((TOTAL, TOTAL), (1.0, SETTLE), (None, SETTLE)):
            world = World(SendHold=[LOST], ListReservations=ServerError("no", status=500))
            with pytest.raises(OutcomeUnknown):
                run(world, total=total)
            assert longest <= world.now - 100 <= longest + 0.1

    def test_time_to_look_begins_with_the_answer_that_was_lost(self):
        world = World(ListReservations=ServerError("no", status=500))

        def send(_):
            world.now += 30
            return LOST

        world.script("SendHold", send)
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert SETTLE <= world.now - 130 <= SETTLE + 0.1

    def test_api_that_recovers_is_believed_from_then_on(self):
        made = held(1, seconds=1)
        world = World(SendHold=[LOST])
        down = ServerError("no", status=500)
        world.script("ListReservations", lambda effect: down if world.now < 104 else listing(made)(effect))
        assert statuses(run(world)) == ["succeeded"]

    def test_call_that_sends_the_same_is_waited_for(self):
        made = held(1, seconds=1)
        rival = evolve(intent_of([item()]), state="sending")
        world = World(SendHold=[LOST], ListReservations=listing(made), Competing=[[rival], [rival], []])
        assert statuses(run(world)) == ["succeeded"]
        assert len(world.only("Competing")) == 3

    def test_call_that_sends_the_same_for_ever_leaves_the_line_unknown(self):
        rival = evolve(intent_of([item()]), state="sending")
        world = World(SendHold=[LOST], ListReservations=listing())
        world.script("Competing", lambda _: [rival])
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert len(world.only("SendHold")) == 1

    def test_hold_that_others_claimed_is_not_found(self):
        made = held(1, seconds=1)
        world = World(
            SendHold=[LOST, answer(held(1))], ListReservations=listing(made), Claimed=frozenset({made.iri})
        )
        world.script("Claimed", lambda _: frozenset({made.iri}))
        result = run(world)
        assert not result.lines[0].adopted
        assert world.only("Claimed")[0].iris == (made.iri,)

    def test_hold_that_another_call_claims_first_is_not_taken(self):
        made = held(1, seconds=1)
        world = World(SendHold=[LOST], ListReservations=listing(made), Claim=lambda _: frozenset())
        with pytest.raises(OutcomeUnknown) as caught:
            run(world)
        assert len(world.only("SendHold")) == 1
        assert caught.value.candidates == (made,)


class TestListsThatAreNotBelieved:
    """After a lost answer korus acts on absence only if the list can be believed."""

    @pytest.mark.parametrize(
        "listed",
        [
            pytest.param(pages(), id="empty though earlier reservations are known"),
            pytest.param(pages(held(5, seconds=3)), id="without what is known"),
            pytest.param(pages(held(5, seconds=3), held(6, seconds=4), OLD), id="unsorted"),
            pytest.param(pages(OLD, held(6, seconds=4)), id="oldest first"),
            pytest.param(
                lambda _: Page((held(5, name="five", seconds=3),), 9), id="the same page again and again"
            ),
            pytest.param(
                lambda _: Page((held(5, name="five", seconds=3),), None), id="pages without a total"
            ),
            pytest.param(
                lambda effect: Page((held(5, seconds=3),) if effect.page == 1 else (), 9), id="short"
            ),
            pytest.param(
                pages(ReservationFacts(reservation_iri("bare")), OLD), id="bare IRIs that cannot be read"
            ),
            pytest.param(pages(held(items=0, seconds=3), OLD), id="no items, and none when read"),
        ],
    )
    def test_line_is_unknown_and_not_held_again(self, listed):
        world = World(SendHold=[LOST], ListReservations=listed)
        world.script("ReadReservation", lambda effect: not_found() if "bare" in effect.iri else held(items=0))
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert len(world.only("SendHold")) == 1
        assert world.now - 100 >= SETTLE
        assert world.now - 100 <= SETTLE + 2
        assert max(effect.page for effect in world.only("ListReservations")) <= 2

    @pytest.mark.parametrize(
        "listed",
        [
            pytest.param(lambda _: Page((held(5, name="five"),), None), id="the same page again and again"),
            pytest.param(lambda effect: Page((held(5),) if effect.page == 1 else (), 9), id="short"),
            pytest.param(lambda _: Page((), 9), id="empty though it counts some"),
            pytest.param(pages(held(5, seconds=3), held(6, seconds=4)), id="unsorted"),
        ],
    )
    def test_list_of_a_new_account_is_not_believed_either(self, listed):
        world = World(SendHold=[LOST], ListReservations=listed)
        with pytest.raises(OutcomeUnknown):
            run(world, snapshot=Snapshot.of([]))
        assert len(world.only("SendHold")) == 1

    @pytest.mark.parametrize(
        "listed",
        [
            pytest.param(pages(OLD), id="as it was"),
            pytest.param(pages(held(5, seconds=3), OLD), id="with something else"),
            pytest.param(pages(held(5, seconds=3), OLD, total=False), id="without a total"),
            pytest.param(pages(held(5, seconds=3), OLD, size=1), id="page by page"),
            pytest.param(pages(held(5, seconds=3), held(7, seconds=-70)), id="with older ones only"),
        ],
    )
    def test_list_that_can_be_believed_proves_absence(self, listed):
        world = World(SendHold=[LOST, answer(held(1))], ListReservations=listed)
        assert statuses(run(world)) == ["succeeded"]
        assert len(world.only("SendHold")) == 2

    @pytest.mark.parametrize(
        "listed", [pages(), pages(held(5, seconds=3)), pages(total=False), pages(held(5), total=False)]
    )
    def test_first_hold_of_an_account_needs_no_earlier_one(self, listed):
        world = World(SendHold=[LOST, answer(held(1))], ListReservations=listed)
        assert statuses(run(world, snapshot=Snapshot.of([]))) == ["succeeded"]

    def test_list_is_read_to_what_was_there_before_and_no_further(self):
        newer = [held(5, seconds=60 - at) for at in range(60)]
        older = [held(5, seconds=-70 - at) for at in range(200)]
        world = World(SendHold=[LOST], ListReservations=pages(held(1, seconds=99), *newer, OLD, *older))
        assert statuses(run(world)) == ["succeeded"]
        assert [(effect.page, effect.size) for effect in world.only("ListReservations")] == [(1, 50), (2, 50)]

    def test_list_without_an_end_is_given_up_and_not_believed(self, monkeypatch):
        monkeypatch.setattr(hold_steps, "MOST_PAGES", 4)

        def endless(effect):
            return Page(tuple(held(5, name=f"p{effect.page}-{at}", seconds=9) for at in range(2)), None)

        world = World(SendHold=[LOST], ListReservations=endless)
        with pytest.raises(OutcomeUnknown):
            run(world, snapshot=Snapshot.of([]))
        assert max(effect.page for effect in world.only("ListReservations")) == 4

    def test_bare_members_are_read_one_by_one(self):
        made = held(1, name="made", seconds=1)
        world = World(
            SendHold=[LOST],
            ListReservations=pages(ReservationFacts(made.iri), ReservationFacts(OLD.iri)),
            ReadReservation=[made],
        )
        assert run(world).lines[0].results == (made,)
        (together,) = world.only("Together")
        assert [effect.iri for effect in together.effects] == [made.iri]

    def test_bare_member_that_turns_out_older_is_not_taken(self):
        older = held(1, name="older", seconds=-90)
        world = World(
            SendHold=[LOST, answer(held(1, name="again"))],
            ListReservations=pages(ReservationFacts(OLD.iri), ReservationFacts(older.iri)),
            ReadReservation=lambda _: older,
        )
        assert run(world).lines[0].results[0].iri == reservation_iri("again")

    def test_members_without_a_name_are_left_out(self):
        nameless = ReservationFacts.read(held_json(1, seconds=1) | {"@id": None})
        world = World(SendHold=[LOST, answer(held(1, name="again"))], ListReservations=pages(nameless, OLD))
        assert run(world).lines[0].results[0].iri == reservation_iri("again")


class TestWithoutASharedLog:
    def test_look_alikes_are_candidates_and_the_line_unknown(self):
        made = held(1, seconds=1)
        world = World(SendHold=[LOST], ListReservations=listing(made))
        with pytest.raises(OutcomeUnknown) as caught:
            run(world, is_shared=False)
        assert caught.value.candidates == (made,)
        assert world.only("Claim") == world.only("Settle") == []
        assert world.only("Wait") == []
        assert len(world.only("SendHold")) == 1

    def test_line_without_look_alikes_is_held_again(self):
        made = held(1, seconds=1)
        world = World(SendHold=[LOST, answer(held(2))], ListReservations=listing(made))
        result = run(world, item(1), item(2), is_shared=False)
        assert statuses(result) == ["unknown", "succeeded"]
        assert result.lines[0].candidates == (made,)
        assert world.only("SendHold")[1].items == [item(2)]


class TestOwnership:
    def test_intent_that_cannot_be_written_sends_nothing(self):
        world = World(OpenIntent=JOURNAL)
        with pytest.raises(JournalFailed):
            run(world)
        assert world.names() == ["OpenIntent"]

    def test_turn_that_cannot_be_written_sends_nothing(self):
        world = World(Advance=[JOURNAL])
        with pytest.raises(JournalFailed):
            run(world)
        assert world.names() == ["OpenIntent", "Advance sending"]

    def test_intent_taken_over_before_sending_sends_nothing(self):
        world = World(Advance=[False])
        with pytest.raises(OutcomeUnknown, match="another process has taken it over"):
            run(world)
        assert world.names() == ["OpenIntent", "Advance sending"]

    def test_intent_taken_over_after_a_lost_answer_begins_no_request(self):
        world = World(Advance=[True, False], SendHold=[LOST])
        with pytest.raises(OutcomeUnknown, match="another process has taken it over"):
            run(world)
        assert world.names() == ["OpenIntent", "Advance sending", "SendHold", "Advance reconciling"]

    def test_intent_taken_over_while_looking_begins_no_request(self):
        world = World(Advance=[True, True, True, False], SendHold=[LOST], ListReservations=listing())
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert len(world.only("SendHold")) == 1
        assert len(world.only("ListReservations")) == 2

    def test_intent_taken_over_before_the_second_round_sends_nothing_more(self):
        world = World(SendHold=[LOST], ListReservations=listing())
        world.script("Advance", lambda effect: effect.state != "sending" or not world.only("SendHold"))
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert len(world.only("SendHold")) == 1

    def test_log_that_fails_while_looking_does_not_end_the_look(self):
        made = held(1, seconds=1)
        world = World(SendHold=[LOST], ListReservations=listing(made), Advance=[True, JOURNAL])
        assert statuses(run(world)) == ["succeeded"]

    def test_log_that_fails_before_the_second_round_leaves_the_line_unknown(self):
        found = held(1, seconds=1)
        world = World(SendHold=[LOST], ListReservations=listing(found))
        world.script(
            "Advance",
            lambda effect: JOURNAL if effect.state == "sending" and world.only("SendHold") else True,
        )
        for items in ((item(1), item(2)), (item(2), item(1))):
            world.effects.clear()
            world.script("SendHold", [LOST])
            result = run(world, *items)
            assert sorted(statuses(result)) == ["succeeded", "unknown"]
            assert len(world.only("SendHold")) == 1

    @pytest.mark.parametrize("effect", ["Claim", "Settle"])
    def test_answer_is_kept_if_the_log_fails(self, effect):
        made = held(1)
        world = World(SendHold=[answer(made)], **{effect: JOURNAL})
        assert run(world).lines[0].results == (made,)

    def test_unknown_line_is_kept_if_the_log_fails(self):
        world = World(SendHold=[answer()], Advance=[True, JOURNAL])
        assert statuses(run(world)) == ["unknown"]

    def test_settled_by_another_process_meanwhile_is_the_same(self):
        world = World(SendHold=[answer(held(1))], Settle=[None])
        assert statuses(run(world)) == ["succeeded"]

    def test_claims_that_cannot_be_read_leave_the_line_unknown(self):
        world = World(SendHold=[LOST], ListReservations=listing(held(1, seconds=1)), Claimed=JOURNAL)
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert world.only("Claim") == []


class TestSnapshot:
    def test_newest_twenty_are_remembered(self):
        world = World(ListReservations=pages(OLD))
        assert world.run(take_snapshot()) == SNAPSHOT
        assert [(effect.page, effect.size) for effect in world.only("ListReservations")] == [(1, 20)]

    @pytest.mark.parametrize(
        "error",
        [PermissionDenied("no", status=403), not_found(), OperationUnavailable("no")],
    )
    def test_account_that_may_not_list_has_no_snapshot(self, error):
        assert World(ListReservations=error).run(take_snapshot()) is None

    def test_404_of_a_gateway_is_no_reason_to_hold_without_a_snapshot(self):
        with pytest.raises(NotFound):
            World(ListReservations=NotFound("<html>", status=404)).run(take_snapshot())

    def test_api_that_is_down_is_reported(self):
        with pytest.raises(ServerError):
            World(ListReservations=ServerError("no", status=500)).run(take_snapshot())


class TestResolving:
    def resolve(self, world, *items, is_shared=True, is_ours=True, snapshot=SNAPSHOT, known=None, sent=True):
        items = items or (item(),)
        intent = intent_of(items, snapshot, sent=sent, state="reconciling")
        if known is not None:
            intent = evolve(intent, details={**intent.details, "known_lines": known})
        return world.run(
            resolve_hold(intent, lines_of(items), patience(is_shared=is_shared), is_ours=is_ours)
        )

    def test_found_hold_is_claimed_and_settled(self):
        made = held(1, seconds=1)
        world = World(ListReservations=listing(made))
        result = self.resolve(world)
        assert [(outcome.status, outcome.results) for outcome in result.lines] == [("succeeded", (made,))]
        assert world.names() == ["ListReservations", "Competing", "Claimed", "Claim", "Settle"]
        outcome = world.only("Settle")[0].outcome
        assert outcome["lines"][0]["reservations"] == [made.iri]
        assert not may_hide_results(outcome)

    def test_reported_line_is_left_out_without_a_note_in_the_log(self):
        items = (item(1), item(2))
        taken = intent_of(items, SNAPSHOT, sent=True, state="reconciling")
        said = {
            "line": 2,
            "status": "succeeded",
            "reservations": ["/v1/booking/reservations/r2"],
            "code": None,
        }
        noted = {**said, "line": 1, "reservations": ["/v1/booking/reservations/r1"]}
        told = evolve(taken, details={**taken.details, "known_lines": [None, said]})
        assert known_lines(with_known_lines(taken, told)) == [None, said]
        both = evolve(taken, details={**taken.details, "known_lines": [noted, None]})
        assert known_lines(with_known_lines(both, told)) == [noted, said]
        other = evolve(told, details={**told.details, "lines": [7, 8]})
        assert with_known_lines(taken, other) == taken
        world = World(ListReservations=listing())
        result = world.run(resolve_hold(with_known_lines(taken, told), lines_of(items), patience()))
        assert [(outcome.line.number, outcome.status) for outcome in result.lines] == [(1, "failed")]

    def test_absent_hold_has_failed_after_two_looks(self):
        world = World(ListReservations=listing())
        (outcome,) = self.resolve(world).lines
        assert may_hide_results(world.only("Settle")[0].outcome)
        assert outcome.status == "failed"
        assert isinstance(outcome.error, ReservationFailed)
        assert outcome.error.line == 1
        assert world.now - 100 >= SETTLE
        assert world.only("SendHold") == []
        assert world.only("Settle")[0].outcome["lines"][0]["status"] == "failed"

    def test_one_absent_line_is_enough_to_hide_a_hold(self):
        world = World(ListReservations=listing(held(1, seconds=1)))
        found = self.resolve(world, item(1), item(2)).lines
        assert [outcome.status for outcome in found] == ["succeeded", "failed"]
        assert may_hide_results(world.only("Settle")[0].outcome)

    def test_abandoned_calls_compete_too(self):
        world = World(ListReservations=listing(held(1, seconds=1)))
        self.resolve(world)
        assert [effect.with_dormant for effect in world.only("Competing")] == [True]

    def test_hold_that_was_never_sent_has_failed_without_a_look(self):
        world = World()
        assert statuses(self.resolve(world, sent=False)) == ["failed"]
        assert world.names() == ["Settle"]

    def test_look_alikes_without_a_shared_log_are_candidates(self):
        made = held(1, seconds=1)
        world = World(ListReservations=listing(made))
        (outcome,) = self.resolve(world, is_shared=False).lines
        assert (outcome.status, outcome.candidates) == ("unknown", (made,))
        assert outcome.error.intent["line"] == 1
        assert world.names()[-1] == "Advance unknown"

    def test_only_lines_that_are_not_known_are_asked_about(self):
        made = held(2, seconds=1)
        known = {
            "line": 1,
            "status": "succeeded",
            "reservations": ["/v1/booking/reservations/k"],
            "code": None,
        }
        world = World(ListReservations=listing(held(1, name="k", seconds=1), made))
        result = self.resolve(world, item(1), item(2), known=[known, None])
        assert [(outcome.line.number, outcome.results) for outcome in result.lines] == [(2, (made,))]
        assert world.only("Claim")[0].iris == (made.iri,)
        assert [entry["line"] for entry in world.only("Settle")[0].outcome["lines"]] == [1, 2]

    def test_mixed_lines_stay_open_with_what_is_known(self):
        world = World(ListReservations=listing(held(1, seconds=1)))
        result = self.resolve(world, item(1), item(2), is_shared=False)
        assert statuses(result) == ["unknown", "failed"]
        told = world.only("Advance")[-1].intent.details["known_lines"]
        assert [entry and entry["line"] for entry in told] == [None, 2]
        assert result.lines[0].error.intent["known_lines"] == told

    def test_foreign_intent_is_only_looked_at(self):
        world = World(ListReservations=listing())
        assert statuses(self.resolve(world, is_ours=False)) == ["failed"]
        assert {"Advance reconciling", "Settle", "Advance unknown"}.isdisjoint(world.names())
        world = World(ListReservations=listing(held(1, seconds=1)))
        assert statuses(self.resolve(world, is_ours=False, is_shared=False)) == ["unknown"]
        assert {"Advance reconciling", "Settle", "Advance unknown"}.isdisjoint(world.names())

    @pytest.mark.parametrize(
        "world", [World(ListReservations=ServerError("no", status=500)), World(ListReservations=pages())]
    )
    def test_api_that_shows_nothing_reliable_leaves_it_unknown(self, world):
        with pytest.raises(OutcomeUnknown, match="the answer was lost"):
            self.resolve(world)
        assert world.only("Settle") == []

    def test_hold_without_a_snapshot_stays_unknown(self):
        world = World()
        with pytest.raises(OutcomeUnknown):
            self.resolve(world, snapshot=None)
        assert world.names() == []

    def test_intent_taken_over_meanwhile_stays_unknown(self):
        world = World(ListReservations=listing(), Advance=[False])
        with pytest.raises(OutcomeUnknown, match="another process has taken it over"):
            self.resolve(world)
        assert len(world.only("ListReservations")) == 1
        assert world.only("Settle") == []

    def test_result_is_kept_if_the_log_fails(self):
        world = World(ListReservations=listing(held(1, seconds=1)), Settle=JOURNAL)
        assert statuses(self.resolve(world)) == ["succeeded"]


def test_patience_asks_at_least_as_long_as_settle_takes():
    assert Patience(5, 20).most == 20
    assert Patience(5, 2).most == 5
    assert Patience(5, None).most == 5
    assert not Patience(5, None).is_shared
