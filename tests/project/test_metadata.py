"""The project's own files: what is declared is pinned, capped and installed, and nothing names a machine."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from korus._core.distribution import DISTRIBUTION

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
DECLARED = sorted(
    {
        *PROJECT["build-system"]["requires"],
        *PROJECT["project"]["dependencies"],
        *(line for lines in EXTRAS.values() for line in lines if not line.startswith(DISTRIBUTION)),
    }
)
# versions that are dates have no next major version to stay below
CALENDAR_VERSIONED = {"tzdata", "towncrier"}


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


@pytest.mark.parametrize("line", DECLARED)
def test_a_declared_dependency_has_a_lower_bound_and_an_exclusive_cap(line: str) -> None:
    requirement = Requirement(line)
    operators = {clause.operator for clause in requirement.specifier}
    if operators == {"=="}:
        return
    assert ">=" in operators
    assert "<=" not in operators
    assert "<" in operators or requirement.name in CALENDAR_VERSIONED
    for clause in requirement.specifier:
        if clause.operator == "<":
            assert re.fullmatch(r"\d+", clause.version), f"{line}: the cap is a whole major version"


@pytest.mark.parametrize("line", DECLARED)
def test_a_pinned_version_is_one_that_is_declared(line: str) -> None:
    requirement = Requirement(line)
    assert requirement.specifier.contains(constraints()[canonicalize_name(requirement.name)])


def test_library_depends_on_httpx_and_attrs_only() -> None:
    assert sorted(Requirement(line).name for line in PROJECT["project"]["dependencies"]) == [
        "anyio",
        "attrs",
        "httpx",
    ]
    assert "anyio" in closure("httpx")


def test_constraints_are_exact_versions_without_addresses() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.!+]+", line), line


def closure(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """Every distribution that a requirement brings here, with its extras."""
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [(canonicalize_name(name), extras)]
    while todo:
        wanted = todo.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        for line in metadata.requires(wanted[0]) or []:
            requirement = Requirement(line)
            if requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in (*wanted[1], "")
            ):
                todo.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return {found for found, _ in seen}


def test_every_development_dependency_is_pinned_as_installed() -> None:
    pinned = constraints()
    brought = closure(DISTRIBUTION, frozenset({"dev"})) - {DISTRIBUTION}
    assert {name: metadata.version(name) for name in sorted(brought)} == {
        name: pinned.get(name, "not pinned") for name in sorted(brought)
    }


def test_nothing_is_pinned_that_nothing_brings() -> None:
    assert sorted(constraints().keys() - closure(DISTRIBUTION, frozenset({"dev"}))) == []


def test_tools_check_against_python_3_11() -> None:
    assert PROJECT["project"]["requires-python"] == ">=3.11"
    assert PROJECT["tool"]["mypy"]["python_version"] == "3.11"
    assert PROJECT["tool"]["pyright"]["pythonVersion"] == "3.11"
    assert PROJECT["tool"]["ruff"]["target-version"] == "py311"


def test_version_is_defined_once() -> None:
    import korus._version

    assert str(Version(korus._version.__version__)) == metadata.version(DISTRIBUTION)
    assert PROJECT["project"]["dynamic"] == ["version"]


def test_no_tracked_file_names_a_path_of_one_machine_or_a_registry() -> None:
    # the words are put together here so that this file does not find itself
    forbidden = "|".join(
        ["/" + "work/", "/" + "root/", "/" + "home/[a-z]", "pypi" + r"\.org/simple", "file" + ":///opt"]
    )
    found = subprocess.run(
        ["git", "grep", "-nIE", forbidden, "--", ".", ":!generated"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode > 1:
        pytest.skip("not a git checkout")
    assert found.stdout == ""


def test_everything_tracked_is_text() -> None:
    # `git diff` against nothing counts no lines of what it takes for binary
    empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    found = subprocess.run(
        ["git", "diff", "--cached", "--numstat", empty], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip("not a git checkout")
    assert [line for line in found.stdout.splitlines() if line.startswith("-")] == []


def test_helper_modules_of_tests_have_unique_names_and_are_found() -> None:
    beside = [
        path
        for path in (ROOT / "tests").glob("*/*.py")
        if not path.name.startswith("test_") and path.name not in {"conftest.py", "__init__.py"}
    ]
    names = [path.name for path in beside]
    assert sorted(names) == sorted(set(names))
    folders = {
        str(path.parent.relative_to(ROOT)) for path in beside if not (path.parent / "__init__.py").exists()
    }
    assert folders <= set(PROJECT["tool"]["pytest"]["ini_options"]["pythonpath"])
