"""Tests of releases: reproducible builds, pinned actions, version bounds, minimal permissions."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from ruamel.yaml import YAML

from scripts.release.build import build
from scripts.release.environments import EXTRAS, interpreters

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)


@pytest.mark.proof
def test_builds_from_two_clones_are_identical(tmp_path: Path) -> None:
    built = build(tmp_path / "dist", Path(sys.executable))
    assert sorted(Path(name).suffix for name in built) == [".gz", ".whl"]
    assert {file.name for file in (tmp_path / "dist").iterdir()} == set(built)


def test_the_running_python_is_found() -> None:
    version = "{}.{}".format(*sys.version_info)
    assert version in {"3.11", "3.12", "3.13", "3.14"}
    assert interpreters()


@each_workflow
def test_every_action_is_pinned_by_hash_with_its_version(workflow: Path) -> None:
    used = re.findall(r"uses: (.+)", workflow.read_text())
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


def test_each_action_has_one_hash() -> None:
    used = {one for workflow in WORKFLOWS for one in re.findall(r"uses: (.+)", workflow.read_text())}
    assert len(used) == len({one.partition("@")[0] for one in used})


@each_workflow
def test_workflows_grant_permissions_by_job_only(workflow: Path) -> None:
    read = YAML(typ="safe").load(workflow.read_text())
    assert read["permissions"] == {}
    assert [name for name, job in read["jobs"].items() if not job.get("permissions")] == []
    assert "secrets." not in workflow.read_text()


@each_workflow
def test_checkouts_do_not_persist_credentials(workflow: Path) -> None:
    jobs = YAML(typ="safe").load(workflow.read_text())["jobs"].values()
    checkouts = [step for job in jobs for step in job["steps"] if "actions/checkout" in step.get("uses", "")]
    assert [step for step in checkouts if step["with"]["persist-credentials"] is not False] == []


def test_dependency_updates_wait_a_week() -> None:
    read = YAML(typ="safe").load((ROOT / ".github" / "dependabot.yml").read_text())
    assert {update["package-ecosystem"] for update in read["updates"]} == {"github-actions", "pip"}
    assert {update["cooldown"]["default-days"] for update in read["updates"]} == {7}


def test_dependencies_have_a_lower_and_an_exclusive_upper_bound() -> None:
    extras = PROJECT["optional-dependencies"]
    lines = PROJECT["dependencies"] + [line for extra in (*EXTRAS, "testing") for line in extras[extra]]
    for line in lines:
        requirement = Requirement(line)
        if requirement.name in {"korus-sdk", "tzdata"}:  # tzdata's versions are dates
            continue
        bounds = {one.operator: Version(one.version) for one in requirement.specifier}
        assert set(bounds) == {">=", "<"}, line
        assert bounds["<"].release[1:] in {(), (0,)}, line


def test_every_application_extra_is_tested() -> None:
    assert set(EXTRAS) | {"testing", "dev"} == set(PROJECT["optional-dependencies"])
