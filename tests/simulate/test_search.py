"""The search: clean, the same for the same seed, demanding enough, and able to fail."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from scripts.simulate.__main__ import main
from scripts.simulate.breaks import BREAKS, broken
from scripts.simulate.choices import Choices, choices_of
from scripts.simulate.model import Assumptions
from scripts.simulate.search import search
from scripts.simulate.shrink import as_test, shrunk
from scripts.simulate.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUICKLY_CAUGHT = ("R2", "R10")


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_short_search_is_clean_and_demanding() -> None:
    tally = search(7, 150)
    assert tally.is_clean, tally.failing
    assert tally.demanding >= tally.schedules // 2


def test_one_seed_gives_the_same_moves_byte_for_byte() -> None:
    first = simulate(choices_of(3, 14), is_traced=True)
    again = simulate(choices_of(3, 14), is_traced=True)
    assert first.trace == again.trace
    assert first == again


def test_numbers_of_a_schedule_repeat_it() -> None:
    first = simulate(choices_of(3, 15), is_traced=True)
    assert simulate(first.numbers, is_traced=True).trace == first.trace


def test_schedule_of_zeros_has_no_violations() -> None:
    result = simulate(())
    assert result.is_clean
    assert result.faults == {}
    assert result.verdicts == {"hold succeeded": 1, "order succeeded": 1}


@pytest.mark.parametrize("rule", _QUICKLY_CAUGHT)
def test_search_catches_an_undone_fix(rule: str) -> None:
    tally = search(6, 500, rule=rule, stops_at_failure=True)
    assert not tally.is_clean


def test_break_is_undone_after_its_block() -> None:
    before = search(1, 5).to_dict()
    for rule in BREAKS:
        with broken(rule):
            pass
    assert search(1, 5).to_dict() == before


def test_failing_schedule_is_shrunk_to_a_test() -> None:
    tally = search(7, 60, rule="R2", stops_at_failure=True)
    assert tally.failing is not None
    _, result = tally.failing
    numbers = shrunk(result.numbers, "lost", rule="R2")
    assert sum(map(bool, numbers)) < sum(map(bool, result.numbers))
    with broken("R2"):
        assert simulate(numbers).counts["lost"] > 0
        written = as_test(numbers, "lost", rule="R2")
    space: dict[str, object] = {"simulate": simulate}
    exec(written, space)  # noqa: S102 (what is printed has to run)
    space["test_lost_stays_zero"]()  # type: ignore[operator]


@pytest.mark.parametrize("name", ["a1", "a4", "a7"])
def test_an_assumption_switched_off_shows_in_the_counts(name: str) -> None:
    tally = search(0, 400, Assumptions(**{name: False}), stops_at_failure=True)
    assert not tally.is_clean


def test_command_prints_counts_and_exits_with_1_unless_all_are_zero(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--seed", "7", "--schedules", "20"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["schedules"], last["clean"]) == (20, True)
    assert main(["--seed", "0", "--schedules", "100", "--break", "R2"]) == 1
    printed = capsys.readouterr().out
    assert "def test_" in printed
    assert not json.loads(printed.splitlines()[-1])["clean"]


def test_choices_beyond_the_numbers_are_harmless() -> None:
    choices = Choices([999])
    assert choices.happens(1)
    assert not choices.happens(999)
    assert choices.pick("abc") == "a"
