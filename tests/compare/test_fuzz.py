"""The fuzz of the comparison in its small form; `make fuzz` judges 100,000 pairs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from fuzz import document, figures, judge, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.compare import compare


@pytest.mark.parametrize("direction", ["request", "response"])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.randoms(use_true_random=False))
def test_every_difference_of_schemas_is_reported(direction, chance):
    counts, wrong = judge(chance, direction)
    assert counts["silent"] == 0, wrong


@pytest.mark.parametrize(
    "pair",
    json.loads(Path(__file__).with_name("silent_once.json").read_text()),
    ids=["what fits only at length", "two ways to one body"],
)
def test_pair_that_100000_have_shown_in_silence_is_breaking(pair):
    found = compare(document(pair["old"], pair["direction"]), document(pair["new"], pair["direction"]))
    assert "breaking" in {change.level for change in found.changes}


@pytest.mark.proof
def test_the_figures_of_the_fuzz_are_kept():
    counts: Counter[str] = Counter()
    for seed in range(2):
        counts += run((seed, 150))[0]
    shares = figures(counts)
    assert shares["silent"] == 0
    assert shares["called breaking"] >= 97
    # few pairs, so a few of them weigh more than among 100,000
    assert shares["possibly"] <= 6
    assert shares["breaking without a value"] <= 6
