"""`make proof`: one part that fails makes all of it fail, and what each printed is kept."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from scripts import proof
from scripts.check import Check
from scripts.faults.__main__ import main as faults
from scripts.soak.__main__ import main as soak

if TYPE_CHECKING:
    from pathlib import Path

PASSING = Check("good", "this", (), "something that is well")
FAILING = Check("bad", "no_such_module", (), "something that is not")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(proof, "FOLDER", tmp_path / "proof")
    return tmp_path / "proof"


@pytest.mark.parametrize("parts", [(FAILING, PASSING), (PASSING, FAILING)])
def test_a_part_that_fails_makes_the_whole_fail(
    parts: tuple[Check, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    folder: Path,
) -> None:
    monkeypatch.setattr(proof, "PARTS", parts)
    assert proof.main([]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 parts passed, 1 failed in 0 min: bad")
    assert "No module named no_such_module" in (folder / "bad.txt").read_text()
    assert "Beautiful is better than ugly" in (folder / "good.txt").read_text()


def test_only_parts_that_are_named_are_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(proof, "PARTS", (FAILING, PASSING))
    assert proof.main(["good"]) == 0
    with pytest.raises(SystemExit):
        proof.main(["other"])
    assert "unknown part: other; known are bad, good" in capsys.readouterr().err


def test_every_part_has_a_name_and_starts_with_this_python() -> None:
    names = [part.name for part in proof.PARTS]
    assert sorted(names) == sorted(set(names))
    assert {"soak", "fuzz", "faults-1", "simulate-1", "mirror-postgresql", "mirror-living", "tests"} <= set(
        names
    )
    assert {"track-whole", "histories"} <= set(names)
    assert {"mirror-sqlite-first", "mirror-sqlite-second"} <= set(names)
    assert all(part.command[:2] == [sys.executable, "-m"] for part in proof.PARTS)


@pytest.mark.parametrize(("command", "module"), [(faults, "scripts.faults"), (soak, "scripts.soak")])
def test_arguments_of_a_part_are_those_of_its_command(command, module, monkeypatch) -> None:
    started: list[object] = []

    class Started(Exception):
        pass

    def start(wanted: object) -> None:
        started.append(wanted)
        raise Started

    monkeypatch.setattr(f"{module}.__main__.run", start)
    for part in proof.PARTS:
        if part.module == module:
            with pytest.raises(Started):
                command(part.arguments)
    assert started
