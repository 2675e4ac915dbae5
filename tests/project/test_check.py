"""`make check`: every check runs whatever the others say, and the end says which failed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import check
from scripts.check import Check

ROOT = Path(__file__).resolve().parents[2]
PASSING = Check("good", "this", (), "something that is well")
FAILING = Check("bad", "no_such_module", (), "something that is not")


def does_something_when_run(module: str) -> bool:
    """Tell whether ``python -m`` runs anything: a module without an entry passes as a check without a look."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return False
    if spec.submodule_search_locations is not None:
        return importlib.util.find_spec(f"{module}.__main__") is not None
    return "if __name__ == " in Path(spec.origin).read_text(encoding="utf-8")


def test_an_import_against_the_contracts_is_found(tmp_path: Path) -> None:
    for part in ("korus", "generated/korus_api", "scripts"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    with (tmp_path / "korus" / "iri.py").open("a") as module:
        module.write("\nimport httpx\nimport korus.cli\n")
    path = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(tmp_path / "generated")])}
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.contracts"],
        cwd=tmp_path,
        env=os.environ | path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "the bottom floor does no I/O BROKEN" in ended.stdout
    assert "three floors: faces over I/O over what needs none BROKEN" in ended.stdout
    assert "no import circles, type-only imports included BROKEN" in ended.stdout
    assert " kept, 4 broken" in ended.stdout


def test_every_check_has_a_name_of_its_own_and_a_command_that_exists() -> None:
    names = [one.name for one in check.CHECKS]
    assert sorted(names) == sorted(set(names))
    assert {"lint", "format", "mypy", "pyright", "imports", "dependencies", "generated", "sync"} <= set(names)
    assert [one.module for one in check.CHECKS if not does_something_when_run(one.module)] == []
    assert not does_something_when_run("importlinter.cli")
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
