"""The fleet of shops in ``examples/fleet``: workers are killed, answers are lost, and nothing is sold twice or forgotten."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
_CANNOT_RUN = 2


def run_fleet(*arguments: str, seconds: float) -> dict[str, Any]:
    """Run it as a user does; returns its last line."""
    done = subprocess.run(
        [sys.executable, "-m", "examples.fleet", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode == _CANNOT_RUN:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(autouse=True)
def _installed() -> None:
    if importlib.util.find_spec("gunicorn") is None:
        pytest.skip("gunicorn is not installed (make venv)")


def assert_honest(found: dict[str, Any], *, customers: int) -> None:
    assert (found["doubles"], found["losses"], found["details"]) == (0, 0, [])
    assert found["customers"] == customers
    assert found["told_booked"] + found["told_not_booked"] + found["told_nothing"] == customers
    # it proves something only if something was sold, and something went wrong
    assert min(found["told_booked"], found["orders"], found["faults"], found["killed"]) > 0


@pytest.mark.timeout(300)
def test_a_worker_is_killed_and_nothing_is_doubled_or_lost() -> None:
    found = run_fleet(
        *("--customers", "40", "--at-once", "8", "--kill-every", "20", "--hold", "20"), seconds=280
    )
    assert_honest(found, customers=40)


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_two_hundred_customers_are_told_what_exists() -> None:
    found = run_fleet("--customers", "200", seconds=880)
    assert_honest(found, customers=200)
    assert found["killed"] >= 3
