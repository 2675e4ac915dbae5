"""Work that no fork splits: forks wait for it, and it for forks, but neither for ever."""

from __future__ import annotations

import threading
import time

import pytest

from korus._core import forks
from korus._core.forks import ForkGuard

LATER = 5.0


def in_thread(function) -> threading.Thread:
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def test_fork_waits_for_what_is_under_way_and_releases_then() -> None:
    seen: list[str] = []
    guard = ForkGuard(lambda: seen.append("released"))
    with guard.held(time.monotonic() + LATER):
        forking = in_thread(guard.before_fork)
        time.sleep(0.1)
        seen.append("worked")
    forking.join()
    guard.after_in_parent()
    assert seen == ["worked", "released"]


def test_what_begins_during_a_fork_waits_for_its_end() -> None:
    seen: list[str] = []
    guard = ForkGuard(lambda: None)
    guard.before_fork()

    def work() -> None:
        with guard.held(time.monotonic() + LATER):
            seen.append("worked")

    working = in_thread(work)
    time.sleep(0.1)
    seen.append("forked")
    guard.after_in_parent()
    working.join()
    assert seen == ["forked", "worked"]


def test_fork_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "_PATIENCE_SECONDS", 0.1)
    guard = ForkGuard(lambda: None)
    with guard.held(time.monotonic()):
        began = time.monotonic()
        guard.before_fork()
        assert time.monotonic() - began < 1
    guard.after_in_parent()


def test_work_that_waits_beyond_its_deadline_does_not_begin() -> None:
    guard = ForkGuard(lambda: None)
    guard.before_fork()
    began = time.monotonic()
    with pytest.raises(TimeoutError), guard.held(began + 0.1):
        pytest.fail("begun while the process forks")
    assert 0.05 < time.monotonic() - began < 1
    guard.after_in_parent()
    with guard.held(time.monotonic()):
        pass


def test_child_has_nothing_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "_PATIENCE_SECONDS", LATER)
    guard = ForkGuard(lambda: None)
    held = guard.held(time.monotonic())
    held.__enter__()  # by a thread that the child does not have
    guard.after_in_child()
    del held  # as the garbage collector does
    began = time.monotonic()
    guard.before_fork()
    assert time.monotonic() - began < 1
    guard.after_in_parent()


def test_guard_that_is_gone_is_not_asked_any_more() -> None:
    guard = ForkGuard(lambda: None)
    before = len(forks._guards())
    del guard
    assert len(forks._guards()) == before - 1
