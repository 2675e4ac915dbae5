"""Outcomes of a bulk call, line by line."""

from datetime import UTC, datetime, timedelta

import pytest

from korus._booking.outcomes import BulkOutcome, LineOutcome, OrderLine
from korus._primitives.clock import Clock
from korus.errors import InvalidArgument, OutcomeUnknown, ReservationFailed

NOW = datetime(2026, 2, 3, 14, 0, tzinfo=UTC)
CLOCK = Clock(now=lambda: NOW)


def reservation(minutes):
    return {"expiresAt": (NOW + timedelta(minutes=minutes)).isoformat()}


def outcome(**more):
    raw = {"code": "sold_out", "message": "Nothing left.", "extra": [1]}
    lines = (
        LineOutcome(OrderLine(1, "/a"), "succeeded", (reservation(15),)),
        LineOutcome(
            OrderLine(2, "/b"), "failed", error=ReservationFailed("Nothing left.", line=2, raw=raw), raw=raw
        ),
        LineOutcome(OrderLine(3, "/c"), "unknown", error=OutcomeUnknown("Who knows?", intent={"id": "x"})),
        LineOutcome(OrderLine(4, "/d"), "succeeded", (reservation(5),)),
    )
    return BulkOutcome(lines, **more)


def test_lines_are_sorted_by_their_outcome():
    found = outcome()
    assert found.succeeded == (reservation(15), reservation(5))
    assert [line.line.number for line in found.failed] == [2]
    assert [line.line.number for line in found.unknown] == [3]
    assert not found.ok


def test_a_failed_line_has_the_apis_reason_and_everything_it_sent():
    (failed,) = outcome().failed
    assert (failed.reason, failed.code) == ("Nothing left.", "sold_out")
    assert failed.raw == {"code": "sold_out", "message": "Nothing left.", "extra": [1]}


def test_a_line_is_found_by_itself_and_by_its_number():
    found = outcome()
    line = found.lines[2].line
    assert found.by_line[line] is found.by_line[3] is found.lines[2]
    assert list(found.by_line) == [entry.line for entry in found.lines]
    assert len(found.by_line) == 4
    with pytest.raises(KeyError):
        found.by_line[5]


def test_raising_gives_one_typed_error_for_each_line_that_did_not_succeed():
    with pytest.raises(ExceptionGroup) as caught:
        outcome().raise_for_failed()
    assert [type(error) for error in caught.value.exceptions] == [ReservationFailed, OutcomeUnknown]
    assert caught.value.message == "2 of 4 lines did not succeed"
    assert caught.group_contains(ReservationFailed, match="Nothing left")


def test_nothing_is_raised_when_all_went_well():
    found = BulkOutcome((LineOutcome(OrderLine(1, "/a"), "succeeded", ({},)),))
    found.raise_for_failed()
    assert found.ok


@pytest.mark.parametrize("beside", [{"unmatched_failures": ({},)}, {"unmatched": ({},)}])
def test_outcome_with_unmatched_entries_is_not_ok(beside):
    assert not BulkOutcome((LineOutcome(OrderLine(1, "/a"), "succeeded", ({},)),), **beside).ok


def test_unknown_line_may_have_results_that_did_not_succeed():
    part = reservation(1)
    found = BulkOutcome((LineOutcome(OrderLine(1, "/a"), "unknown", (part,)),))
    assert found.succeeded == ()
    assert found.lines[0].result is part
    assert not found.ok


def test_built_outcome_keeps_everything_but_the_objects():
    line = LineOutcome(OrderLine(1, "/a"), "unknown", (1,), OutcomeUnknown("?", intent={}), {}, True, (2, 3))
    built = line.built(str)
    assert (built.results, built.candidates) == (("1",), ("2", "3"))
    assert (built.line, built.status, built.error, built.raw, built.adopted) == (
        line.line,
        "unknown",
        line.error,
        {},
        True,
    )


def test_an_object_that_several_lines_share_succeeded_once():
    shared = reservation(1)
    found = BulkOutcome(
        tuple(LineOutcome(OrderLine(number, "/a"), "succeeded", (shared,)) for number in (1, 2))
    )
    assert found.succeeded == (shared,)


def test_only_failed_lines_are_booked_again_and_unknown_ones_are_not():
    assert [line.number for line in outcome(rebook=list).retry_failed()] == [2]
    with pytest.raises(InvalidArgument, match="the original lines are not available"):
        outcome().retry_failed()


def test_time_left_is_that_of_the_first_expiry_and_never_negative():
    found = outcome(clock=CLOCK)
    assert found.expires_at == NOW + timedelta(minutes=5)
    assert found.remaining() == timedelta(minutes=5)
    later = outcome(clock=Clock(now=lambda: NOW + timedelta(hours=1)))
    assert later.remaining() == timedelta()


@pytest.mark.parametrize("written", [None, "soon", 17, ""])
def test_reservation_that_does_not_show_its_end_has_no_time_left(written):
    found = BulkOutcome((LineOutcome(OrderLine(1, "/a"), "succeeded", ({"expiresAt": written},)),))
    assert found.expires_at is None
    assert found.remaining() is None
