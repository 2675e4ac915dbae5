"""`make check`: every check runs whatever the others say, and the end says which failed."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

import pytest

from scripts import check
from scripts.check import Check

if TYPE_CHECKING:
    from pathlib import Path

PASSING = Check("good", "this", (), "something that is well")
FAILING = Check("bad", "no_such_module", (), "something that is not")


def test_every_check_has_a_name_of_its_own_and_a_command_that_exists() -> None:
    names = [one.name for one in check.CHECKS]
    assert sorted(names) == sorted(set(names))
    assert {"lint", "format", "mypy", "pyright", "imports", "dependencies", "generated", "sync"} <= set(names)
    assert [one.module for one in check.CHECKS if importlib.util.find_spec(one.module) is None] == []
    assert all(one.command[0] == sys.executable for one in check.CHECKS)


def test_a_check_that_fails_does_not_keep_the_others_from_running(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "CHECKS", (FAILING, PASSING))
    assert check.main([]) == 1
    out = capsys.readouterr().out
    assert "No module named no_such_module" in out
    assert "again with: python -m no_such_module" in out
    assert "    ok  good" in out
    assert out.splitlines()[-1] == "1 checks passed, 1 failed: bad"


def test_only_what_is_named_is_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "CHECKS", (FAILING, PASSING))
    assert check.main(["good"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 checks passed, 0 failed"
    with pytest.raises(SystemExit) as left:
        check.main(["nosuch"])
    assert left.value.code == 2


def test_freshness_names_every_file_that_make_generate_would_touch(tmp_path: Path) -> None:
    from scripts.freshness import differences

    old, new = tmp_path / "old", tmp_path / "new"
    for folder, files in (
        (old, {"same.py": "1", "gone.py": "1", "a/changed.py": "1"}),
        (new, {"same.py": "1"}),
    ):
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    (new / "a").mkdir()
    (new / "a" / "changed.py").write_text("2")
    (new / "fresh.py").write_text("1")
    (new / "__pycache__").mkdir()
    (new / "__pycache__" / "same.pyc").write_text("1")
    assert differences(old, old) == []
    assert differences(old, new) == ["fresh.py would be new", "gone.py would go", "a/changed.py would change"]
