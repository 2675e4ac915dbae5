"""Three of the made-up versions whole: in a copy of the tree, with the suite and the checks, as every night."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import pytest
from rehearsal import VERSIONS, follow_the_release, made_up

from scripts.descriptions import dump, load
from scripts.track.outcome import Status, Wanted
from scripts.track.pipeline import absorb
from scripts.track.staging import copied

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]
LONGEST, CORES = 300, 2
"""Seconds that a run may take on two cores: processor time, for other parts of `make proof` run beside it."""


def processor_seconds():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("03-a-resource-and-webhooks", Status.SAFE),
        ("17-a-shared-schema", Status.SAFE),
        ("08-a-required-request-property", Status.NEEDS_A_PERSON),
    ],
)
def test_version_is_absorbed_whole_on_its_branch(name, status, tmp_path):
    root = copied(ROOT, tmp_path / "place")
    follow_the_release(root)
    description = tmp_path / "next.yaml"
    patch = load(VERSIONS / f"{name}.yaml")
    description.write_text(dump(made_up(patch, root / "openapi" / "release.yaml")), encoding="utf-8")
    began = processor_seconds()
    outcome = absorb(Wanted(root=root, description=description, branch=True, say=lambda _: None))
    assert (outcome.status, outcome.failed) == (status, []), outcome.output[-4000:]
    assert (processor_seconds() - began) / CORES < LONGEST
    branch = subprocess.run(
        ["git", "branch", "--show-current"], cwd=root, capture_output=True, text=True, check=True
    )
    assert branch.stdout.strip() == "api/1.0.45"
    assert (root / "build" / "track" / "outcome.json").exists()
