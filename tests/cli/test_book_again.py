"""`korus book` twice: at once, after an interrupt, after a kill. Real processes, one sandbox, each unit bought once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from attrs import define
from booking_files import ADULTS, CHILDREN, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from korus.sandbox import Sandbox

HOLD, ORDER = "bulk_create_reservations", "bulk_create_orders"


@define
class Ended:
    """How a process ended."""

    status: int
    out: str
    err: str


@define
class Shell:
    """A `korus book` in a process of its own."""

    process: subprocess.Popen[str]
    folder: Path

    def wait(self) -> Ended:
        out, err = self.process.communicate(timeout=90)
        return Ended(self.process.returncode, out, err)

    def stop(self, number: signal.Signals) -> Ended:
        self.process.send_signal(number)
        return self.wait()

    @property
    def bought(self) -> set[str]:
        (written,) = self.folder.glob("*/receipt.json")
        return {item["order"] for item in json.loads(written.read_text("utf-8"))["items"]}


@pytest.fixture
def shell(at_the_sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[..., Shell]]:
    """Start `korus book` of two lines, three units, into a folder."""
    file = write(tmp_path, ADULTS, CHILDREN)
    started: list[Shell] = []

    def start(folder: str = "tickets", *arguments: str) -> Shell:
        command = [sys.executable, "-m", "korus.cli", "book", str(file), "--to", str(tmp_path / folder)]
        process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
        )
        started.append(Shell(process, tmp_path / folder))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


def wait_for_fault(sandbox: Sandbox) -> None:
    ends = time.monotonic() + 30
    while not sandbox.faults.struck():
        assert time.monotonic() < ends
        time.sleep(0.01)
    time.sleep(0.2)


def bought(sandbox: Sandbox) -> list[int]:
    return sorted(order["quantity"] for order in sandbox.inspect.orders)


@pytest.mark.parametrize("journal", ["own", pytest.param("set", marks=pytest.mark.proof)])
def test_of_three_shells_at_once_one_books_and_all_have_the_tickets(
    at_the_sandbox: Sandbox,
    shell: Callable[..., Shell],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    journal: str,
) -> None:
    if journal == "set":
        monkeypatch.setenv("KORUS_JOURNAL", str(tmp_path / "shared.db"))
    at_the_sandbox.faults.add("slow", operation=HOLD, seconds=1, count=1)
    shells = [shell("one"), shell("two"), shell("one")]
    assert [each.wait().status for each in shells] == [0, 0, 0]
    assert bought(at_the_sandbox) == [1, 2]
    everything = {order["order"] for order in at_the_sandbox.inspect.orders}
    assert [each.bought for each in shells] == [everything] * 3


@pytest.mark.parametrize(
    ("operation", "number"),
    [
        (HOLD, signal.SIGINT),
        (HOLD, signal.SIGKILL),
        (ORDER, signal.SIGTERM),
        # each signal and each operation has been tried by now
        pytest.param(HOLD, signal.SIGTERM, marks=pytest.mark.proof),
        pytest.param(ORDER, signal.SIGINT, marks=pytest.mark.proof),
        pytest.param(ORDER, signal.SIGKILL, marks=pytest.mark.proof),
    ],
)
def test_a_run_that_is_stopped_is_finished_by_the_next(
    at_the_sandbox: Sandbox, shell: Callable[..., Shell], number: signal.Signals, operation: str
) -> None:
    at_the_sandbox.faults.add("slow", operation=operation, seconds=4, count=1)
    first = shell("one")
    wait_for_fault(at_the_sandbox)
    stopped = first.stop(number)
    if number is signal.SIGKILL:
        assert stopped.status == -signal.SIGKILL
    else:
        assert (stopped.status, len(stopped.err.splitlines())) == (130, 1)
        assert "twice" not in stopped.out + stopped.err
        assert bought(at_the_sandbox) == []
    again = shell("two").wait()
    assert again.status == 0
    if operation == ORDER:
        assert "orders that earlier runs had begun, found or completed now: 2" in again.out
    time.sleep(2)
    assert bought(at_the_sandbox) == [1, 2]
    # what the first one held is ordered, not held once more
    assert len(at_the_sandbox.inspect.reservations) == 2


def test_lost_order_is_placed_by_the_next_run_from_the_same_hold(
    at_the_sandbox: Sandbox, shell: Callable[..., Shell]
) -> None:
    at_the_sandbox.faults.add("slow", operation=ORDER, seconds=60, count=1)
    first = shell()
    wait_for_fault(at_the_sandbox)
    assert first.stop(signal.SIGTERM).status == 130
    assert shell().wait().status == 0
    assert bought(at_the_sandbox) == [1, 2]
    assert len(at_the_sandbox.inspect.reservations) == 2


def test_a_second_signal_does_not_cut_off_what_the_first_has_begun(
    at_the_sandbox: Sandbox, shell: Callable[..., Shell], own_log: Path
) -> None:
    at_the_sandbox.faults.add("slow", operation=ORDER, seconds=60, count=1)
    first = shell()
    wait_for_fault(at_the_sandbox)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        first.process.send_signal(number)
    assert first.wait().status == 130
    with sqlite3.connect(own_log) as log:
        kept = log.execute(
            "SELECT state, completable FROM korus_journal_intents WHERE kind = 'order'"
        ).fetchall()
    log.close()
    assert kept == [("unknown", 0)]  # nobody will buy what was given up


def test_a_second_run_that_waits_in_vain_says_who_is_at_work(
    at_the_sandbox: Sandbox, shell: Callable[..., Shell]
) -> None:
    at_the_sandbox.faults.add("slow", operation=ORDER, seconds=1, count=1)
    first = shell("one")
    wait_for_fault(at_the_sandbox)
    first.process.send_signal(signal.SIGSTOP)  # for as long as the second takes
    second = shell("two", "--wait", "0.5")
    ended = second.wait()
    first.process.send_signal(signal.SIGCONT)
    assert ended.status == 3
    assert f"process {first.process.pid} on " in ended.err
    assert "nothing was booked by this one" in ended.err
    assert not second.folder.exists()
    assert first.wait().status == 0
    assert bought(at_the_sandbox) == [1, 2]


def test_another_reference_does_not_wait(at_the_sandbox: Sandbox, shell: Callable[..., Shell]) -> None:
    at_the_sandbox.faults.add("slow", operation=ORDER, seconds=60, count=1)
    first = shell("one")
    wait_for_fault(at_the_sandbox)
    assert shell("two", "--wait", "0", "--reference", "SHOP-2").wait().status == 0
    assert first.process.poll() is None
    first.stop(signal.SIGKILL)


def test_a_killed_run_leaves_its_claim_to_the_next(
    at_the_sandbox: Sandbox, shell: Callable[..., Shell]
) -> None:
    at_the_sandbox.faults.add("slow", operation="list_offers", seconds=60, count=1)
    first = shell()
    wait_for_fault(at_the_sandbox)
    first.stop(signal.SIGKILL)
    assert shell("two", "--wait", "0").wait().status == 0


def test_the_log_of_the_command_is_for_its_owner_only(
    at_the_sandbox: Sandbox, shell: Callable[..., Shell], own_log: Path
) -> None:
    before = os.umask(0)
    try:
        assert shell().wait().status == 0
    finally:
        os.umask(before)
    assert own_log.parent.stat().st_mode & 0o777 == 0o700
    assert own_log.parent.parent.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in own_log.parent.iterdir()} == {0o600}
