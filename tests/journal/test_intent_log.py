"""Intents as they are written down, and the log in memory: compare-and-set, claims, taking over."""

import os

import pytest
from attrs import evolve
from booking_facts import DOUBTS, FAILURES

from korus._journal.intent_log import Intent, MemoryIntentLog, Takeover, digest_of, new_intent
from korus.errors import InvalidArgument


class Processes:
    """A log that several processes share; which one asks and which ones live is set by the test."""

    def __init__(self):
        self.asking = "one"
        self.living = {"one", "two"}
        self.log = MemoryIntentLog(
            shared=True, owner=lambda: self.asking, alive=lambda owner, _: owner in self.living
        )

    def as_process(self, name):
        self.asking = name
        return self.log


@pytest.fixture
def processes():
    return Processes()


def intent(*keys, kind="order", name=None):
    made = new_intent(
        kind, keys or ("/r",), {"reservations": list(keys)}, {"customer": {"email": "x"}}, "REF"
    )
    return made if name is None else evolve(made, id=name)


class TestIntents:
    def test_intent_is_the_same_after_being_written_but_for_what_is_private(self):
        made = intent("/r")
        read = Intent.from_dict(made.to_dict(), "order")
        assert (read.id, read.keys, read.details, read.reference) == (
            made.id,
            made.keys,
            made.details,
            made.reference,
        )
        assert read.private == {}
        assert (read.state, read.sent, read.completable) == ("unknown", True, False)
        assert "email" not in repr(made) + repr(made.to_dict())

    def test_new_intent_is_intended_and_completable(self):
        made = intent()
        assert (made.state, made.sent, made.completable, made.epoch, made.outcome) == (
            "intended",
            False,
            True,
            1,
            None,
        )
        assert new_intent("hold", [], {}).id != new_intent("hold", [], {}).id

    def test_intent_of_the_first_version_is_read(self):
        assert Intent.from_dict({**intent().to_dict(), "version": 1}, "order").keys == ("/r",)

    @pytest.mark.parametrize(
        "stored",
        [
            None,
            {},
            "x",
            {"version": 3, "kind": "order"},
            {"version": 2, "kind": "order"},
            {"version": 2, "kind": "order", "id": "x", "subjects": None, "reference": None},
        ],
    )
    def test_anything_else_is_refused(self, stored):
        with pytest.raises(InvalidArgument, match="not an unknown order"):
            Intent.from_dict(stored, "order")

    def test_intent_of_another_kind_is_refused(self):
        with pytest.raises(InvalidArgument, match="not an unknown hold"):
            Intent.from_dict(intent().to_dict(), "hold")

    def test_digest_is_that_of_the_value_on_any_machine(self):
        assert digest_of({"b": 1, "a": "é"}) == digest_of({"a": "é", "b": 1})
        assert digest_of([1]) != digest_of([2])
        assert len(digest_of(["x"])) == 32


class TestCompareAndSet:
    def test_only_owner_and_epoch_change_a_state(self, processes):
        made = intent()
        processes.as_process("one").open(made)
        assert processes.log.advance(made, "sending")
        assert not processes.as_process("two").advance(made, "reconciling")
        assert not processes.as_process("one").advance(evolve(made, epoch=2), "reconciling")
        assert processes.log.advance(made, "reconciling")
        assert processes.log.entries()[0].state == "reconciling"

    def test_intent_that_was_taken_over_is_changed_by_its_new_owner_only(self, processes):
        made = intent()
        processes.as_process("one").open(made)
        processes.log.advance(made, "sending")
        processes.living = {"two"}
        (taken,) = processes.as_process("two").take_over().taken
        assert (taken.id, taken.epoch, taken.state, taken.sent) == (made.id, 2, "reconciling", True)
        processes.living = {"one", "two"}
        for log, given in ((processes.as_process("one"), made), (processes.as_process("one"), taken)):
            assert not log.advance(given, "sending")
            assert log.settle(given, {}, ["/x"]) is None
            assert not log.give_up(given, sent=True)
        assert processes.log.claimed(["/x"]) == frozenset()
        assert processes.as_process("two").settle(taken, {}, ["/x"]) == {"/x"}
        assert processes.log.entries() == []
        assert processes.log.settle(taken, {}, []) is None

    def test_details_are_kept_and_sent_stays_true(self, processes):
        made = intent()
        processes.log.open(made)
        processes.log.advance(evolve(made, details={"known": [1]}), "sending")
        processes.log.advance(evolve(made, details={"known": [2]}), "reconciling")
        (entry,) = processes.log.entries()
        assert (entry.details, entry.sent, entry.completable) == ({"known": [2]}, True, True)

    def test_unknown_is_not_completed_unless_only_a_recovery_could_not_see(self, processes):
        made = intent()
        processes.log.open(made)
        processes.log.advance(made, "unknown")
        assert not processes.log.entries()[0].completable
        other = intent(name="other")
        processes.log.open(other)
        processes.living = set()
        taken = processes.log.take(other.id)
        processes.log.advance(taken, "unknown")
        assert processes.log.entries()[1].completable


class TestGivingUp:
    def test_intent_that_was_not_sent_is_cancelled(self, processes):
        made = intent()
        processes.log.open(made)
        assert processes.log.give_up(made, sent=False)
        assert processes.log.entries() == []
        assert not processes.log.give_up(made, sent=False)

    def test_intent_that_was_sent_stays_open_and_is_never_completed(self, processes):
        made = intent()
        processes.log.open(made)
        assert processes.log.give_up(made, sent=True)
        (entry,) = processes.log.entries()
        assert (entry.state, entry.completable) == ("unknown", False)

    @pytest.mark.parametrize("sent", [True, False])
    def test_intent_that_was_taken_over_stays_to_be_completed(self, processes, sent):
        made = intent()
        processes.log.open(made)
        processes.living = set()
        (taken,) = processes.log.take_over().taken
        assert processes.log.give_up(taken, sent=sent)
        assert processes.log.entries()[0].completable


class TestTakingOver:
    def test_intents_of_the_living_are_left_alone(self, processes):
        made = intent()
        processes.log.open(made)
        assert processes.as_process("two").take_over() == Takeover((), ())
        assert processes.log.take(made.id) is None
        processes.living = {"two"}
        assert processes.log.take(made.id).id == made.id
        assert processes.log.take("nobody") is None

    def test_intents_that_another_process_recovers_are_counted(self, processes):
        made, spared = intent(name="a"), intent(name="b")
        for each in (made, spared):
            processes.as_process("one").open(each)
        processes.living = {"two", "three"}
        taken = processes.as_process("two").take_over({"b"})
        assert [each.id for each in taken.taken] == ["a"]
        assert processes.log.take_over({"a", "b"}) == Takeover((), ())
        assert processes.log.take_over({"b"}) == Takeover((), ())  # its own
        found = processes.as_process("three").take_over({"b"})
        assert ([each.id for each in found.under_way], found.taken) == (["a"], ())
        processes.living = {"three"}
        assert [each.id for each in processes.log.take_over({"b"}).taken] == ["a"]

    def test_unknown_intent_of_a_living_process_is_taken_over(self, processes):
        made = intent()
        processes.log.open(made)
        processes.log.advance(made, "unknown")
        assert [each.id for each in processes.as_process("two").take_over().taken] == [made.id]

    def test_child_of_a_fork_starts_empty(self, processes, monkeypatch):
        made = intent()
        processes.log.open(made)
        processes.log.claim(made, ["/x"])
        monkeypatch.setattr(os, "getpid", lambda: -1)
        assert processes.log.entries() == []
        assert processes.log.claimed(["/x"]) == frozenset()


class TestClaimsAndKeys:
    def test_reservation_belongs_to_the_first_that_claims_it(self, processes):
        one, two = intent(), intent()
        assert processes.log.claim(one, ["/a", "/b"]) == {"/a", "/b"}
        assert processes.log.claim(two, ["/b", "/c"]) == {"/c"}
        assert processes.log.claim(one, ["/a"]) == {"/a"}
        assert processes.log.claimed(["/a", "/b", "/c", "/d"]) == {"/a", "/b", "/c"}
        assert processes.log.claimed(["/a", "/b", "/c"], one) == {"/c"}

    def test_competing_intents_share_a_key_a_kind_and_a_living_process(self, processes):
        mine = intent("/r", "/s", name="m")
        others = {
            "b": intent("/s", name="b"),
            "a": intent("/r", "/t", name="a"),
            "c": intent("/x", name="c"),
            "d": intent("/r", kind="hold", name="d"),
        }
        for each in (mine, *others.values()):
            processes.log.open(each)
        assert [each.id for each in processes.log.competing(mine)] == ["a", "b"]
        processes.log.settle(others["a"], {}, [])
        assert [each.id for each in processes.log.competing(mine)] == ["b"]
        processes.log.advance(others["b"], "unknown")
        assert processes.log.competing(mine) == []
        dormant = [(each.id, each.state) for each in processes.log.competing(mine, with_dormant=True)]
        assert dormant == [("b", "unknown")]

    def test_call_refused_as_a_whole_competes_where_dormant_ones_are_wanted(self, processes):
        mine, refused, answered = intent("/r", name="m"), intent("/r", name="a"), intent("/r", name="b")
        unsent, other_key = intent("/r", name="c"), intent("/s", name="d")
        other_kind = intent("/r", kind="hold", name="e")
        for each in (mine, refused, answered, unsent, other_key, other_kind):
            processes.log.open(each)
            if each is not unsent:
                processes.log.advance(each, "sending")
        for each in (unsent, other_key, other_kind):
            processes.log.settle(each, {"refused": "Conflict"}, [])
        processes.log.settle(refused, {"lines": [{"status": "failed"}]}, [])
        processes.log.settle(answered, {"lines": []}, [])
        assert processes.log.competing(mine) == []
        found = processes.log.competing(mine, with_dormant=True)
        assert [(each.id, each.state) for each in found] == [("a", "unknown")]

    @pytest.mark.parametrize(("outcome", "doubtful"), DOUBTS)
    def test_key_is_in_doubt_until_an_outcome_excludes_a_result(self, processes, outcome, doubtful):
        first, second = intent("/r", "/s", name="a"), intent("/r", "/s", "/t", name="b")
        for each in (first, second):
            processes.log.open(each)
        assert processes.log.in_doubt(second) == set()
        processes.log.advance(first, "sending")
        assert processes.log.in_doubt(second) == {"/r", "/s"}
        assert processes.log.in_doubt(first) == set()
        assert processes.log.in_doubt(intent("/r", kind="hold")) == set()
        assert processes.log.in_doubt(second, same_reference=True) == {"/r", "/s"}
        assert processes.log.in_doubt(evolve(second, reference="OTHER"), same_reference=True) == set()
        processes.log.settle(first, outcome, [])
        assert processes.log.in_doubt(second) == doubtful

    @pytest.mark.parametrize(("outcome", "reported"), FAILURES)
    def test_key_that_was_reported_as_failed_is_remembered(self, processes, outcome, reported):
        first, second = intent("/r", "/s", name="a"), intent("/r", "/s", "/t", name="b")
        for each in (first, second):
            processes.log.open(each)
        assert processes.log.reported_failed(second) == set()
        processes.log.settle(first, outcome, [])
        assert processes.log.reported_failed(second) == reported
        assert processes.log.reported_failed(first) == set()
        assert processes.log.reported_failed(intent("/r", kind="hold")) == set()

    def test_failure_beside_what_is_unknown_is_remembered(self, processes):
        first, second = intent("/r", "/s", name="a"), intent("/r", "/s", name="b")
        for each in (first, second):
            processes.log.open(each)
        processes.log.advance(evolve(first, details={**first.details, "failed": ["/s"]}), "unknown")
        assert processes.log.reported_failed(second) == {"/s"}

    def test_whether_another_intent_was_sent_for_a_key_is_remembered(self, processes):
        first, second = intent("/r"), intent("/r", "/s")
        for each in (first, second):
            processes.log.open(each)
        assert not processes.log.sent_before(second)
        processes.log.advance(first, "sending")
        assert not processes.log.sent_before(first)
        assert processes.log.sent_before(second)
        processes.log.settle(first, {}, [])
        assert processes.log.sent_before(second)
        assert not processes.log.sent_before(intent("/r", kind="hold"))
        assert not processes.log.sent_before(intent("/s"))
