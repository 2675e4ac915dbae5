"""Sixteen made-up next versions end in the right status, with the right label, tasks and sentences."""

from __future__ import annotations

import json

import pytest
from rehearsal import VERSIONS, body, left

from scripts.descriptions import load
from scripts.track.writing import fragments

NAMES = sorted(path.stem for path in VERSIONS.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_made_up_version_ends_as_it_should(name, rehearsal, tmp_path):
    patch = load(VERSIONS / f"{name}.yaml")
    wanted = patch["expects"]
    outcome = rehearsal.track(patch, tmp_path)
    assert (int(outcome.status), outcome.message if "message" in wanted else "") == (
        wanted["status"],
        outcome.message if wanted.get("message", "") in outcome.message else wanted.get("message", ""),
    )
    if outcome.meaning is None:
        return
    tasks = left(outcome)
    breaks = [task.text for task in tasks if task.breaks]
    assert len(breaks) == len(wanted["breaks"]), breaks
    assert [part for part in wanted["breaks"] if not any(part in text for text in breaks)] == []
    assert [part for part in wanted["tasks"] if not any(part in task.text for task in tasks)] == []
    if wanted["tasks"] == []:
        assert [task.text for task in tasks if "sandbox" not in task.text] == []
    written = fragments(outcome.meaning, patch["version"], "release", edition=outcome.edition.name)
    text = "\n".join([body(outcome), *written.values()])
    assert [part for part in wanted["says"] if part not in text] == []
    assert [part for part in wanted.get("never", ()) if part in text] == []
    published = json.loads(outcome.as_json())
    assert (published["label"], published["draft"]) == (wanted["label"], False)
    digest = outcome.edition.sha256[:8]
    branch = wanted.get("branch", f"api/{patch['version']}")
    assert published["branch"] == branch.format(digest=digest)
    fragment = wanted.get("fragment", f"+api-{patch['version'].replace('.', '-')}.api.md")
    assert fragment.format(digest=digest) in written


def test_there_are_sixteen_versions():
    assert len(NAMES) == 16
