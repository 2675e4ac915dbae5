"""The Makefile: bare `make` says what there is, and each target that it names does something."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # a make that runs these tests hands its own flags down
    inherited = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, flags=re.MULTILINE))


def test_bare_make_lists_every_target_with_one_line_of_explanation() -> None:
    listed = dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", make().stdout, flags=re.MULTILINE))
    assert set(listed) == targets()
    assert {"demo", "test", "check", "generate", "sync", "fetch"} <= set(listed)
    assert all(len(explanation.split()) > 2 for explanation in listed.values())


def test_no_target_is_mistaken_for_a_file_of_its_name() -> None:
    phony = set(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.MULTILINE))
    assert {name for line in phony for name in line.split()} == targets()


@pytest.mark.parametrize("tool", sorted(set(re.findall(r"-m (scripts\.[a-z_.]+)", MAKEFILE))))
def test_a_target_starts_a_tool_that_exists(tool: str) -> None:
    path = ROOT.joinpath(*tool.split("."))
    assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


def test_make_names_the_required_python(tmp_path: Path) -> None:
    ended = make("venv", f"VENV={tmp_path / 'venv'}", "PYTHON=")
    assert ended.returncode != 0
    assert "Python 3.11 or newer" in ended.stderr
    assert not (tmp_path / "venv").exists()
