"""The comparison of what type checkers say of a user's program with what they should say."""

from pathlib import Path

import pytest

from scripts.wheel_types import compare


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    (tmp_path / "one.py").write_text('"""A line ends in ``# refused``."""\nf(1)\nf(None)  # refused\n')
    return tmp_path


def test_expected_errors_are_accepted(programs: Path) -> None:
    assert compare({("one.py", 3): "no"}, programs) == []


def test_a_missing_error_and_an_unexpected_one_are_problems(programs: Path) -> None:
    assert compare({("one.py", 2): "odd"}, programs) == ["one.py:3: accepted", "one.py:2: odd"]
