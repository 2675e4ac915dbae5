"""Where the commands keep their log, and who may hold a run in it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from booking_files import ADULTS, write

from korus._journal.sql_store import JournalStore
from korus.cli.own_log import log_setting
from korus.cli.run_claim import RunBusy, claim_run
from korus.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ended

    from korus.sandbox import Sandbox


def test_the_log_is_in_the_state_folder_unless_another_is_set(
    own_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert log_setting() == {"journal": str(own_log)}
    monkeypatch.setenv("KORUS_JOURNAL", "elsewhere.db")
    assert log_setting() == {}


@pytest.mark.parametrize("given", ["", "relative/state"])
def test_without_a_state_folder_of_its_own_it_is_in_the_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", given)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert log_setting() == {"journal": str(tmp_path / ".local/state/korus/bookings.db")}
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / ".local").rglob("*") if path.is_dir()}
    assert modes == {0o700}


def test_a_log_that_others_could_read_is_closed_to_them(own_log: Path) -> None:
    own_log.parent.mkdir(parents=True, mode=0o755)
    own_log.touch(0o644)
    log_setting()
    assert own_log.parent.stat().st_mode & 0o777 == 0o700
    assert own_log.stat().st_mode & 0o777 == 0o600


def test_a_folder_of_another_user_is_refused(own_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_log.parent.mkdir(parents=True)
    monkeypatch.setattr(os, "geteuid", lambda: own_log.stat().st_uid + 1 if own_log.exists() else 4242)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        log_setting()


def test_without_a_home_the_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(ConfigurationError, match="Set KORUS_JOURNAL"):
        log_setting()


def test_a_home_that_depends_on_the_current_folder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "here")
    with pytest.raises(ConfigurationError, match="not an absolute path: here"):
        log_setting()


@pytest.fixture
def stores(tmp_path: Path) -> Callable[[], JournalStore]:
    return lambda: JournalStore(str(tmp_path / "log.db"), account="shop")


@pytest.mark.parametrize("other", ["SHOP-1", "shop-1", " SHOP-1", "ＳＨＯＰ-1"])
def test_a_run_is_claimed_by_one_at_a_time(stores: Callable[[], JournalStore], other: str) -> None:
    told: list[int] = []
    with claim_run(stores(), "SHOP-1", 0, lambda holder: told.append(holder.pid)) as claim:
        assert claim.is_held()
        with pytest.raises(RunBusy) as busy, claim_run(stores(), other, 0.3, lambda it: told.append(it.pid)):
            pass
        assert (busy.value.holder.pid, told) == (os.getpid(), [os.getpid()])
        with claim_run(stores(), "SHOP-2", 0, lambda holder: told.append(holder.pid)):
            pass
    with claim_run(stores(), other, 0, lambda holder: told.append(holder.pid)):
        assert len(told) == 1


def test_a_run_that_waits_begins_when_the_other_ends(stores: Callable[[], JournalStore]) -> None:
    with claim_run(stores(), "SHOP-1", 0, print) as claim:
        threading.Timer(0.5, claim.release).start()
        began = time.monotonic()
        with claim_run(stores(), "SHOP-1", 30, lambda _: None):
            assert 0.3 < time.monotonic() - began < 20


def test_a_claim_is_renewed_while_the_run_goes_on(tmp_path: Path) -> None:
    store = JournalStore(str(tmp_path / "log.db"), lease=0.3)
    renewed = threading.Event()
    renew = store.renew
    store.renew = lambda name: renewed.set() or renew(name)  # type: ignore[method-assign]
    with claim_run(store, "SHOP-1", 0, print):
        assert renewed.wait(10)


def test_without_a_thread_a_claim_is_renewed_when_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    store = JournalStore(str(tmp_path / "log.db"))
    with claim_run(store, "SHOP-1", 0, print) as claim:
        assert claim.is_held()
    assert store.acquire("korus book shop-1") is None


def test_a_run_that_has_lost_its_claim_books_nothing(
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(JournalStore, "renew", lambda *_: False)
    ended = korus_command("book", write(tmp_path, ADULTS))
    assert ended.status == 1
    assert "another run for the same reference has taken over" in ended.out
    assert at_the_sandbox.inspect.reservations == []
