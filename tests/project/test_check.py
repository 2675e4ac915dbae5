"""`make check`: every check runs whatever the others say, and the end says which failed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import check, sizes
from scripts.check import Check

ROOT = Path(__file__).resolve().parents[2]
PASSING = Check("good", "this", (), "something that is well")
FAILING = Check("bad", "no_such_module", (), "something that is not")


def does_something_when_run(module: str) -> bool:
    """Return True if ``python -m`` runs the module: one without an entry point would always pass as a check."""
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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def f():\n" + "    f()\n" * 60, []),
        ("def f():\n" + "    f()\n" * 61, [(1, "f", 61, 60)]),
        ('def f():\n    """One.\n\n    Two.\n    """\n' + "    f()\n" * 60, []),
        ("class C:\n    async def f(self):\n" + "        f()\n" * 61, [(2, "f", 61, 60)]),
        ("class C:\n" + "    a = 1\n" * 399, []),
        ("class C:\n" + "    a = 1\n" * 400, [(1, "C", 401, 400)]),
    ],
)
def test_too_long_functions_and_classes_are_found(text: str, found: list[tuple[int, str, int, int]]) -> None:
    assert list(sizes.too_long(text)) == found


def test_long_function_fails_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("korus/_sync", "scripts/deep"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "long.py").write_text("def f():\n" + "    f()\n" * 61)
    monkeypatch.setattr(sizes, "ROOT", tmp_path)
    assert sizes.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "scripts/deep/long.py:1: f has 61 lines, at most 60 are allowed: split it"
    ]


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


def test_only_named_checks_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(check, "CHECKS", (FAILING, PASSING))
    assert check.main(["good"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 checks passed, 0 failed"
    with pytest.raises(SystemExit) as left:
        check.main(["nosuch"])
    assert left.value.code == 2
