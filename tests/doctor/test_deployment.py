"""`korus doctor` on the deployment: is a shared journal set, and does its clock run forward?"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from korus import Korus
from korus.doctor import Report
from korus.doctor._journal import JournalWatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from korus._core.config import Config


def config(journal: object) -> Config:
    with Korus(
        client_id="a", client_secret="b", base_url="http://127.0.0.1:1", token_url="http://127.0.0.1:1/t"
    ) as korus:
        return korus.with_options(journal=journal).config  # type: ignore[typeddict-item]


def seen(journal: object, now: Callable[[], float] | None = None) -> tuple[Report, str, str]:
    report = Report("0", "0")
    watch = JournalWatch(config(journal), report, now)
    watch.look()
    watch.close()
    return report, report.assumptions["a7"].seen, report.assumptions["a8"].seen


def test_without_a_journal_none_is_shared() -> None:
    report, a7, a8 = seen(None)
    assert (a7, a8) == ("broken", "not seen")
    assert "KORUS_JOURNAL" in report.assumptions["a7"].evidence
    assert report.status == 0


def test_a_file_is_shared_on_one_machine_and_is_not_created(tmp_path: Path) -> None:
    report, a7, a8 = seen(tmp_path / "journal.db")
    assert (a7, a8) == ("held", "held")
    assert "of this machine" in report.assumptions["a7"].evidence
    assert str(tmp_path) not in json.dumps(report.to_dict())
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    report, a7, a8 = seen(tmp_path / "missing" / "journal.db")
    assert (a7, a8) == ("broken", "not seen")
    assert [(step.title, step.status) for step in report.steps] == [("journal", "warning")]


def test_a_database_that_does_not_answer_is_named_without_its_address() -> None:
    pytest.importorskip("psycopg")
    report, a7, a8 = seen("postgresql+psycopg://shop:canary@127.0.0.1:1/bookings")
    assert (a7, a8) == ("broken", "not seen")
    shown = json.dumps(report.to_dict()) + report.text()
    assert "does not answer: OperationalError" in shown
    assert not [word for word in ("canary", "shop", "bookings") if word in shown]


def test_hanging_database_blocks_no_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("korus.doctor._journal._SECONDS", 0.2)
    began = time.monotonic()
    report, a7, a8 = seen(tmp_path / "journal.db", lambda: time.sleep(20) or 0.0)
    assert (a7, a8) == ("broken", "not seen")
    assert "TimeoutError" in report.assumptions["a7"].evidence
    assert time.monotonic() - began < 10


def test_a_server_is_shared_and_its_clock_is_asked() -> None:
    from scripts.postgres import Unavailable, server

    try:
        with server() as address:
            report, a7, a8 = seen(address)
    except Unavailable as reason:
        pytest.skip(f"no PostgreSQL server to test with: {reason}")
    assert (a7, a8) == ("held", "held")
    assert "a journal in postgresql is set" in report.assumptions["a7"].evidence
    assert "ran forward for" in report.assumptions["a8"].evidence


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([0, 0, 0], "held"),
        ([300, 300, 300], "held"),
        ([0, 0, -60], "broken"),
        ([0, 3600, 3600], "broken"),
    ],
    ids=["right", "apart", "back", "jump"],
)
def test_a_clock_that_does_not_run_with_this_machine_is_named(
    tmp_path: Path, steps: list[int], expected: str
) -> None:
    offsets = iter(steps)
    report, _, a8 = seen(tmp_path / "journal.db", lambda: time.time() + next(offsets))
    assert a8 == expected
    assert ("300 s ahead of" in report.assumptions["a8"].evidence) == (steps[0] == 300)
    assert report.status == 0
