"""The distribution is called korus-sdk: every hint installs that one, and the other `korus` is noticed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from korus._core.distribution import DISTRIBUTION, FOREIGN, conflict, install_hint

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
INSTALLS = re.compile(
    r"\b(?:pip3?|pipx|uv|poetry|pdm|conda)\s+(?:pip\s+)?(?:install|add|download|wheel)\b(?P<rest>[^\n`;&|]*)"
)
REQUIREMENT = re.compile(r"(?<![\w./-])[Kk]orus(?:[-_.]?sdk)?(?:\[[^\]\n]*\])?(?![\w/-]|\.\w)")
EXTRA = re.compile(r"(?<![\w./-])korus(?:[-_]sdk)?\[[a-z{][^\]\n]*\]")
# hints that name another project on purpose
NOT_OURS = {"tests/project/test_distribution.py"}


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file() and name not in NOT_OURS]


def texts() -> dict[str, str]:
    return {name: (ROOT / name).read_text(encoding="utf-8", errors="replace") for name in tracked()}


def wrong_requirements(text: str) -> list[str]:
    """Return the requirements in install commands that name korus and would not install it."""
    found = [word for command in INSTALLS.finditer(text) for word in REQUIREMENT.findall(command["rest"])]
    found += EXTRA.findall(text)
    return [word for word in found if not installs_korus(word)]


def installs_korus(word: str) -> bool:
    word = word.replace("{DISTRIBUTION}", DISTRIBUTION)
    if "{" in word:  # extras that the code fills in
        return word.startswith(f"{DISTRIBUTION}[")
    try:
        requirement = Requirement(word)
    except InvalidRequirement:
        return False
    extras = {canonicalize_name(extra) for extra in requirement.extras}
    return requirement.name == DISTRIBUTION and extras <= set(PROJECT["optional-dependencies"])


@pytest.mark.parametrize(
    "line",
    [
        "pip install korus",
        "pip install 'korus[cli]'",
        "python -m pip install -U korus",
        "uv add korus[journal]",
        "uv pip install --upgrade korus==0.1",
        "pipx install Korus",
        "pip install korus_sdk",
        "pip install korus-sdk[nosuch]",
        "needs the extra ``korus[cache]``",
        'dependencies = ["korus[cli]>=0.1"]',
    ],
)
def test_a_wrong_name_is_found(line: str) -> None:
    assert wrong_requirements(line)


@pytest.mark.parametrize(
    "line",
    [
        "pip install korus-sdk",
        "pip install 'korus-sdk[cli,journal]'",
        "pip install '/path/to/korus[cli]'",
        "pip install --constraint constraints.txt --editable '.[dev]'",
        "pip uninstall korus korus-sdk",
        "pip install 'httpx[socks]' # korus needs it",
    ],
)
def test_a_right_name_is_left_alone(line: str) -> None:
    assert wrong_requirements(line.partition(" #")[0]) == []


def test_every_install_command_of_the_project_names_the_distribution() -> None:
    checked = texts()
    assert {"README.md", "Makefile", "pyproject.toml", "examples/shop/README.md"} <= set(checked)
    assert {name: wrong for name, text in checked.items() if (wrong := wrong_requirements(text))} == {}
    assert any(INSTALLS.search(text) for name, text in checked.items() if name.endswith(".md"))


def test_messages_take_the_name_from_the_constant() -> None:
    spelled = [
        f"{name}: {line.strip()}"
        for name, text in texts().items()
        if name.startswith(("korus/", "scripts/")) and name.endswith(".py")
        for line in text.splitlines()
        if re.search(r"(install|add) ['\"]?korus", line)
    ]
    assert spelled == []
    assert install_hint("cli,journal") == "pip install 'korus-sdk[cli,journal]'"


def test_the_constant_is_the_name_of_the_project() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    assert PROJECT["scripts"] == {"korus": "korus.cli:main"}
    assert PROJECT["entry-points"]["pytest11"] == {"korus": "korus.testing.plugin"}


def test_every_python_that_ci_runs_is_a_classifier() -> None:
    named = {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if " :: 3." in line}
    ci = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert named == set(re.findall(r'"(3\.\d+)"', ci)) == {"3.11", "3.12", "3.13", "3.14"}


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A folder of packages in which the other distribution is installed."""
    about = tmp_path / f"{FOREIGN}-0.1.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: korus\nVersion: 0.1.1\n")
    return tmp_path


def test_the_other_distribution_is_noticed(beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert conflict() is None
    monkeypatch.syspath_prepend(beside)
    warning = conflict()
    assert warning is not None
    assert warning.startswith("korus 0.1.1 is installed beside korus-sdk")
    assert "pip uninstall korus korus-sdk; pip install korus-sdk" in warning


def test_the_command_warns_of_the_other_distribution(beside: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(beside)!r}); from korus.cli import main; main(['--version'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"korus \d+\.\d+\.\d+\n", done.stdout)
    assert done.stderr.startswith("korus: warning: korus 0.1.1 is installed beside korus-sdk")


def test_the_pytest_plugin_warns_of_the_other_distribution(
    beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from korus.testing.plugin import pytest_report_header

    assert pytest_report_header() == []
    monkeypatch.syspath_prepend(beside)
    (line,) = pytest_report_header()
    assert line.startswith("korus: warning: korus 0.1.1")


def test_building_a_client_does_not_look_for_it() -> None:
    code = (
        "import sys; from korus import Korus; Korus(client_id='a', client_secret='b', environment='production'); "
        "print('importlib.metadata' in sys.modules, end='')"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False"
