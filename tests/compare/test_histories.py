"""Histories in three styles: each step is compared in both directions, and every change of names has a cause."""

from __future__ import annotations

import itertools

import pytest
from histories import EDITS, SHAPES, history

from scripts.compare import Document, compare
from scripts.compare.__main__ import main

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_step_of_a_history_is_a_change_in_both_directions(shape, tmp_path):
    documents = [Document.read(path) for path in history(shape, tmp_path)]
    assert len(documents) == len(EDITS) + 1 >= 10
    for old, new in itertools.pairwise(documents):
        for pair in ((old, new), (new, old)):
            assert {record.id for record in compare(*pair).changes} >= {"info-version-changed"}


@pytest.mark.parametrize(
    ("shape", "steps"),
    [
        ("operations in files", slice(4, 6)),
        *(pytest.param(shape, slice(None), marks=pytest.mark.proof) for shape in SHAPES),
    ],
)
def test_each_step_of_a_history_has_a_cause_in_python(shape, steps, tmp_path, capsys):
    paths = history(shape, tmp_path)
    for old, new in list(itertools.pairwise(paths))[steps]:
        assert main([str(old), str(new), "--python"]) == 0, capsys.readouterr().err
        assert "no cause was found" not in capsys.readouterr().out
