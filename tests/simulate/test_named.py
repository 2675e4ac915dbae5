"""The named schedules hold, and each shows what it is named for."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from attrs import evolve
from named_schedules import NAMED, WITHOUT

from korus._journal.intent_log import MemoryIntentLog
from scripts.simulate.breaks import BREAKS, broken
from scripts.simulate.model import ALL_HOLD, Assumptions
from scripts.simulate.search import search
from scripts.simulate.simulation import simulate_script

if TYPE_CHECKING:
    from scripts.simulate.script import Script

_CAUGHT_BY = {
    "R1": ("row 2: refused as ordered already, by a proxy's second try, while reads lag", "doubled"),
    "R2": ("row 2: 500 after the work while reads lag", "falsely_failed"),
    "R3": ("row 6: three units in three reservations, one refused", "doubled"),
    "R4": ("row 10: two without a common log lose the same hold", "stolen"),
    "R5": ("row 8: two recover, and one of them dies", "left_open"),
    "R6": ("row 9: suspended beyond its lease before it repeats a lost order", "after_lost_claim"),
    "R7": ("row 15: cancelled before the order is sent", "after_cancellation"),
    "R9": ("row 5: an order of another reservation in the answer, while reads lag", "lost"),
    "R10": ("row 2: lost, done late, and sent again while reads lag", "unproven_absence"),
}
_CAUGHT_WITHOUT = {
    "in_doubt": "found: refused as ordered already by a call that was cancelled, while reads lag",
    "reported_failed": "found: recovery beside a caller who was told that the same order failed",
}
_UNKNOWN_FIRST = {
    "row 4: a held line left out, another refused twice": "hold unknown",
    "row 7: one reservation listed for two lines": "hold unknown",
    "row 7: held and refused at once": "hold unknown",
    "row 7: fewer units held than asked for": "hold unknown",
    "row 7: fewer tickets than held": "order unknown",
    "row 10: two without a common log lose the same hold": "hold OutcomeUnknown",
    "row 12: an empty list after a lost hold": "hold OutcomeUnknown",
    "row 13: a proxy's second try refused, and a 404 for the look": "order OutcomeUnknown",
}


@pytest.mark.parametrize("name", NAMED)
def test_named_schedule_is_clean(name: str) -> None:
    result = simulate_script(NAMED[name], is_traced=True)
    assert result.is_clean, "\n".join(result.trace)


@pytest.mark.parametrize("name", NAMED)
def test_named_schedule_meets_the_faults_that_it_names(name: str) -> None:
    script = NAMED[name]
    expected = {kind for kinds in script.faults.values() for kind in kinds if kind is not None}
    expected |= {kind for _, _, kind in script.mishaps}
    assert expected <= simulate_script(script).faults.keys()


@pytest.mark.parametrize(("name", "verdict"), _UNKNOWN_FIRST.items())
def test_undetermined_lines_are_reported_as_unknown(name: str, verdict: str) -> None:
    assert simulate_script(NAMED[name]).verdicts.get(verdict, 0) > 0


@pytest.mark.parametrize("rule", BREAKS)
def test_undone_fix_is_caught_by_a_named_schedule(rule: str) -> None:
    name, count = _CAUGHT_BY[rule]
    with broken(rule):
        assert simulate_script(NAMED[name]).counts[count] > 0


@pytest.mark.parametrize(("query", "name"), _CAUGHT_WITHOUT.items())
def test_two_calls_for_one_reservation_double_without_the_query(query: str, name: str) -> None:
    with patch.object(MemoryIntentLog, query, return_value=frozenset[str]()):
        assert simulate_script(NAMED[name]).counts["doubled"] > 0


@pytest.mark.parametrize(("off", "schedule"), WITHOUT.items(), ids=map("-".join, WITHOUT))
def test_rules_break_without_an_assumption(off: tuple[str, ...], schedule: tuple[Script, str]) -> None:
    script, count = schedule
    broken_without = simulate_script(script, evolve(ALL_HOLD, **dict.fromkeys(off, False)))
    assert broken_without.counts.get(count, 0) + broken_without.verdicts.get(count, 0) > 0
    with_all = simulate_script(script)
    assert with_all.is_clean
    assert count not in with_all.verdicts


@pytest.mark.parametrize("name", ["a2", "a3", "a5", "a6", "a8"])
def test_no_order_is_duplicated_without_assumptions_about_holds(name: str) -> None:
    assert search(1, 60, Assumptions(**{name: False})).is_clean
