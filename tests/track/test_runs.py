"""State between runs: editions of one name, a description fetched before, older ones, and runs that were killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from reconstructed import copy_reconstructed

from scripts.descriptions import dump, load, read_lock, sha256, versions
from scripts.fetch import take
from scripts.track import pipeline
from scripts.track.history_steps import replay
from scripts.track.outcome import Edition, Outcome, Status, StoppedError, Wanted
from scripts.track.report import clear, failures, left, write_report
from scripts.track.staging import one_run, workplace

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    return copy_reconstructed(tmp_path / "openapi")


def edition(text, version="release"):
    content = load(ROOT / "openapi" / "release.yaml")
    content["info"].pop("x-provenance", None)
    content["info"].update(version=version, description=text)
    return dump(content).encode()


def filed(content, folder):
    return take(content, "next.yaml", folder=folder, republished=lambda _: True)


def test_history_shows_every_edition_of_a_name(folder):
    contents = [edition(text) for text in ("one", "two", "three")]
    for content in contents:
        filed(content, folder)
    names = [f"release+{sha256(content)[:8]}" for content in contents[:2]]
    assert versions(folder)[-3:] == [*names, "release"]
    lock = read_lock(folder)
    assert (lock.current, list(lock.descriptions)[-3:]) == ("release", [*names, "release"])
    assert [lock.descriptions[name].sha256 for name in names] == [sha256(one) for one in contents[:2]]
    steps = [(step.old.name, step.new.name) for step in replay(folder, python=False)]
    assert steps[-3:] == [("1.0.38", names[0]), (names[0], names[1]), (names[1], "release")]


@pytest.mark.parametrize(
    ("version", "known", "name"),
    [
        ("1.0.45", False, "1.0.45"),
        ("1.0.45", True, "1.0.45-aaaaaaaa"),
        ("release", False, "release-aaaaaaaa"),
    ],
)
def test_edition_is_named_with_its_digest_where_there_can_be_several(version, known, name):
    found = Edition(version, "a" * 64, known=known)
    assert (found.name, found.branch) == (name, f"api/{name}")


def test_branch_name_is_valid_for_git():
    assert Edition("2 ~beta^", "b" * 64).branch == "api/2-beta--bbbbbbbb"


@pytest.fixture
def tree(tmp_path, folder):
    """A tree whose raw client was generated from the release."""
    client = tmp_path / "generated" / "korus_api"
    client.mkdir(parents=True)
    digest = read_lock(folder).descriptions["release"].sha256
    (client / "__init__.py").write_text(f'DESCRIPTION_SHA256: Final = "{digest}"\n')
    return tmp_path


def test_fetched_version_is_compared_with_the_one_of_the_client(tree):
    fetched = filed(edition("newer", "1.0.45"), tree / "openapi")
    former = pipeline._former(tree, read_lock(tree / "openapi"), tree / "place")
    assert (former.name, former.path.name) == ("release", "release.yaml")
    assert not pipeline._is_known(tree, read_lock(tree / "openapi"), fetched.path)


def test_edition_fetched_before_is_compared_with_the_edition_before_it(tree):
    first = filed(edition("first"), tree / "openapi")
    (tree / "generated/korus_api/__init__.py").write_text(f'DESCRIPTION_SHA256: Final = "{first.sha256}"\n')
    filed(edition("second"), tree / "openapi")
    former = pipeline._former(tree, read_lock(tree / "openapi"), tree / "place")
    assert (former.name, former.path.name) == ("release", f"release+{first.sha256[:8]}.yaml")


def test_description_that_was_replaced_is_taken_from_git(tree):
    def git(*arguments):
        who = ("-c", "user.name=x", "-c", "user.email=x@localhost")
        subprocess.run(["git", *who, *arguments], cwd=tree, check=True, capture_output=True)

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "as it was")
    filed(edition("published"), tree / "openapi")
    (tree / "place").mkdir()
    former = pipeline._former(tree, read_lock(tree / "openapi"), tree / "place")
    assert former.path.read_bytes() == (ROOT / "openapi" / "release.yaml").read_bytes()


@pytest.mark.parametrize(
    ("version", "is_older"),
    [
        ("1.0.29", True),
        ("1.0.38", True),
        ("1.0.4", True),
        ("1.0.39", False),
        ("1.0.45", False),
        ("release", False),
    ],
)
def test_older_version_is_absorbed_only_on_request(folder, version, is_older):
    if is_older:
        with pytest.raises(StoppedError, match=f"{version} is older than") as stopped:
            pipeline.check_age(version, read_lock(folder))
        assert stopped.value.status is Status.NEEDS_A_PERSON
    else:
        pipeline.check_age(version, read_lock(folder))


def test_tests_that_a_run_leaves_out_are_there():
    assert [name for name in pipeline.NOT_RUN if not (ROOT / name).exists()] == []
    assert list(pipeline.NOT_RUN) == sorted(set(pipeline.NOT_RUN))


def test_report_of_an_earlier_run_is_removed(tmp_path):
    wanted = Wanted(root=tmp_path)
    write_report(wanted, Outcome(Status.INVALID, "not valid"))
    assert (tmp_path / "build/track/report.md").exists()
    clear(wanted)
    assert list((tmp_path / "build/track").iterdir()) == []


@pytest.mark.parametrize(("branch", "says"), [(False, "make track ARGS='--branch'"), (True, None)])
def test_refusal_names_the_next_command(tmp_path, branch, says):
    write_report(Wanted(root=tmp_path, branch=branch), Outcome(Status.TESTS_FAILED, "tests fail"))
    report = (tmp_path / "build/track/report.md").read_text()
    assert (f"To continue: `{says}`" in report) == (says is not None)


def test_two_runs_in_one_tree_do_not_meet(tmp_path):
    with one_run(tmp_path) as first, one_run(tmp_path) as second:
        assert (first, second) == (True, False)
    with one_run(tmp_path) as third:
        assert third


def test_copy_that_a_killed_run_left_behind_is_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code = (
        "import os, signal, tempfile\n"
        f"tempfile.tempdir = {str(tmp_path)!r}\n"
        "from scripts.track.staging import workplace\n"
        "with workplace() as place:\n"
        "    (place / 'korus').mkdir()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == -signal.SIGKILL
    (left_behind,) = tmp_path.glob("korus-track-*")
    with workplace() as place, workplace() as other:
        assert not left_behind.exists()
        assert place.exists()
        assert other.exists()
    assert list(tmp_path.glob("korus-track-*")) == []


def test_unreadable_response_leaves_the_result_on_the_branch(monkeypatch, tmp_path):
    def unread(copy, previous, description, outcome):
        outcome.unread = ["GET /v1/x: TypeError: no (a.yaml)"]
        raise StoppedError(Status.CASSETTES_FAILED, "recorded answers cannot be read")

    monkeypatch.setattr(pipeline, "_cassettes", unread)
    outcome = Outcome(Status.SAFE, "", edition=Edition("1.0.45", "a" * 64), changed=["openapi/lock.toml"])
    former = pipeline.Former(tmp_path / "release.yaml", "release")

    def prove(*, branch):
        wanted = Wanted(root=tmp_path, branch=branch, tests=(), checks=False, say=lambda _: None)
        return pipeline._prove(wanted, outcome, former, tmp_path / "next.yaml", tmp_path)

    with pytest.raises(StoppedError):
        prove(branch=False)
    outcome.status = prove(branch=True).status
    left_over = json.loads(outcome.as_json())
    assert (left_over["branch"], left_over["draft"], left_over["label"]) == (
        "api/1.0.45",
        True,
        "api: needs-a-person",
    )
    text = "\n".join(failures(outcome, "api/1.0.45"))
    assert "- `GET /v1/x: TypeError: no (a.yaml)`" in text
    assert "git switch api/1.0.45" in text


def test_recordings_are_grouped_by_operation_without_values():
    iri = "/v1/booking/orders/019a4f86-e5b1-7302-94ca-cef96551b9f4"
    outcome = Outcome(Status.SAFE, "")
    pipeline.judge_recordings(
        {
            ("kept as it came", "a.yaml", "1", f"GET {iri}", "/items/0/price", 'expected float, got "38.32"'),
            ("kept as it came", "b.yaml", "2", f"GET {iri}", "/items/7/price", 'expected float, got "12.00"'),
            (
                "request",
                "a.yaml",
                "3",
                "POST /v1/x",
                "request body /a",
                "missing: the description requires it",
            ),
        },
        outcome,
    )
    assert outcome.outdated == ["GET /v1/booking/orders/{}: /items/*/price: expected float (a.yaml, b.yaml)"]
    assert outcome.refused == ["POST /v1/x: request body /a: missing: the description requires it (a.yaml)"]
    assert all(task.breaks for task in left(outcome))


def test_recording_that_cannot_be_read_ends_the_run_with_its_reason():
    outcome = Outcome(Status.SAFE, "")
    trouble = ("not read", "a.yaml", "1", "GET /v1/x", "", "TypeError: no")
    with pytest.raises(StoppedError, match=r"GET /v1/x: TypeError: no \(a.yaml\)") as stopped:
        pipeline.judge_recordings({trouble}, outcome)
    assert stopped.value.status is Status.CASSETTES_FAILED
    assert outcome.unread == ["GET /v1/x: TypeError: no (a.yaml)"]
