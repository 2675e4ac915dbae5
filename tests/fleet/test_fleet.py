"""The fleet of shops in ``examples/fleet``: workers are killed, answers are lost, and nothing is sold twice or forgotten."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from examples.fleet.fleet import Answer, reckon

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


@pytest.fixture
def gunicorn() -> None:
    if importlib.util.find_spec("gunicorn") is None:
        pytest.skip("gunicorn is not installed (make venv)")


def assert_honest(found: dict[str, Any], *, customers: int) -> None:
    assert (found["doubles"], found["losses"], found["details"]) == (0, 0, [])
    assert found["customers"] == customers
    assert found["told_booked"] + found["told_not_booked"] + found["told_nothing"] == customers
    # it proves something only if something was sold, and something went wrong
    assert min(found["told_booked"], found["orders"], found["faults"], found["killed"]) > 0


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("gunicorn")
def test_a_worker_is_killed_and_nothing_is_doubled_or_lost() -> None:
    found = run_fleet(
        *("--customers", "40", "--at-once", "8", "--kill-every", "20", "--hold", "20"), seconds=280
    )
    assert_honest(found, customers=40)


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("gunicorn")
def test_two_hundred_customers_learn_what_exists() -> None:
    found = run_fleet("--customers", "200", seconds=880)
    assert_honest(found, customers=200)
    assert found["killed"] >= 3


# --- what would make it fail does -----------------------------------------------------------------------------------

BOOKED = "Your tickets are booked: R-1."
LATER = "We cannot tell yet whether your order went through. Please do not order again: we will mail you."
NOT_BOOKED = "Your order did not go through. You have not been charged."


def order(reference: str, offer: str = "/offers/1") -> dict[str, str]:
    return {"externalReference": "F-1", "reference": reference, "offer": offer}


def judge(page: str, mails: list[str], orders: list[dict[str, str]]) -> tuple[int, int, int]:
    found = reckon(
        [Answer("F-1", page, 1.0)],
        [("F-1", mail) for mail in mails],
        SimpleNamespace(inspect=SimpleNamespace(orders=orders, statuses=Counter(), tokens_issued=1)),
        SimpleNamespace(admitted=1, refused=0),
        killed=0,
        faults=0,
        costs=dict.fromkeys(
            (
                "journal_transactions_per_purchase",
                "journal_bytes_per_intent",
                "redis_round_trips_per_request",
            ),
            0,
        ),
        seconds=1.0,
    )
    assert found.is_clean is (found.doubles + found.losses == 0)
    return found.doubles, found.losses, found.told_nothing


@pytest.mark.parametrize(
    ("page", "mails", "orders", "expected"),
    [
        (BOOKED, [BOOKED], [order("R-1")], (0, 0, 0)),
        ("", [BOOKED], [order("R-1")], (0, 0, 0)),
        (NOT_BOOKED, [], [], (0, 0, 0)),
        ("", [], [], (0, 0, 1)),
        (LATER, [], [], (0, 0, 1)),
        (BOOKED, [], [], (0, 1, 0)),
        (LATER, [], [order("R-1")], (0, 1, 1)),
        (BOOKED, [NOT_BOOKED], [order("R-1")], (0, 1, 0)),
        (BOOKED, [], [order("R-1"), order("R-2", "/offers/2")], (0, 1, 0)),
        ("Your tickets are booked: R-1, R-2.", [], [order("R-1"), order("R-2")], (1, 0, 0)),
    ],
)
def test_doubles_and_losses_are_counted(page, mails, orders, expected) -> None:
    assert judge(page, mails, orders) == expected
