"""A version that was never seen goes through the command in a copy of the repository, or is refused and leaves no trace."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from next_version import SAFE, next_version, release
from rehearsal import follow_the_release

from scripts.compare.python import SurfaceError
from scripts.descriptions import dump, find, load, read_lock, sha256, write_lock
from scripts.generate.build import AuditFailedError
from scripts.track import pipeline
from scripts.track.outcome import Status, Wanted
from scripts.track.pipeline import absorb
from scripts.track.report import by_reason
from scripts.track.staging import bring_back, copied, differences, undo_interrupted

ROOT = Path(__file__).resolve().parent.parent.parent
QUICK = ("tests/core/test_money.py",)
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A copy of this repository as it followed the release, with two of its cassettes."""
    root = copied(ROOT, tmp_path_factory.mktemp("original"))
    kept = {"test_browsing", "test_published"}
    for folder in (root / "tests" / "cassettes" / "recorded").iterdir():
        if folder.name not in kept:
            shutil.rmtree(folder)
    follow_the_release(root)
    return root


@pytest.fixture
def repository(original, tmp_path):
    """The same for each test."""
    return Path(shutil.copytree(original, tmp_path / "place" / "korus", symlinks=True))


@pytest.fixture
def plain(repository):
    """The repository with few tests and without any cassette, for what has nothing to do with them."""
    kept = {repository / "tests" / "core"}
    for folder in (repository / "examples", repository / "docs", *(repository / "tests").iterdir()):
        if folder.is_dir() and folder not in kept:
            shutil.rmtree(folder)
    return repository


@pytest.fixture
def written(tmp_path):
    """Write a description to a file beside the repository."""

    def write(content, name="next.yaml"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else dump(content), encoding="utf-8")
        return path

    return write


def state(root):
    """Return the content of a tree, without build files."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for folder in ("openapi", "generated", "changelog.d", "korus", "scripts", "tests")
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def run(root, description, **options):
    return absorb(
        Wanted(
            root=root,
            description=description,
            say=lambda _: None,
            **{"tests": QUICK, "checks": False, **options},
        )
    )


@pytest.mark.proof
def test_a_safe_version_is_absorbed_whole(repository, written):
    before = state(repository)
    description = written(next_version(SAFE))
    outcome = run(repository, description)
    assert (outcome.status, outcome.message) == (
        Status.SAFE,
        "1.0.45 absorbed in place of release: safe; korus 0.1.0 → 0.1.1",
    )
    after = state(repository)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {name.split("/")[0] for name in changed} == {"openapi", "generated", "changelog.d"}
    assert (repository / "openapi" / "1.0.45.yaml").read_bytes() == description.read_bytes()
    lock = read_lock(repository / "openapi")
    assert lock.current == "1.0.45"
    assert lock.descriptions["1.0.45"].sha256 == sha256(description.read_bytes())
    init = (repository / "generated/korus_api/__init__.py").read_text()
    assert 'API_VERSION: Final = "1.0.45"' in init
    assert (repository / "generated/korus_api/api/closing_day/list_closing_days.py").exists()
    assert "`list_closing_days`" in (repository / "docs/reference/api.md").read_text()
    told = (repository / "changelog.d" / "+api-1-0-45.api.md").read_text()
    assert "`ReservationStatus.EXPIRED` ('expired') is new" in told
    assert "**Breaking:**" not in told
    assert not (repository / "changelog.d" / "+api-1-0-45.breaking.md").exists()
    assert not (repository / "build" / "track-undo").exists()
    again = run(repository, description)
    assert (again.status, again.message) == (Status.NOTHING_NEW, "nothing new: next.yaml is in the lock")
    assert state(repository) == after


@pytest.mark.proof
def test_breaking_version_is_absorbed_with_a_note_and_a_page(repository, written):
    outcome = run(repository, written(next_version()), branch=True)
    assert outcome.status == Status.BREAKING
    assert outcome.decision.next == "0.2.0"
    note = (repository / "changelog.d" / "+api-1-0-45.breaking.md").read_text()
    assert "- Remove the argument `session` from calls of `list_offers`." in note
    assert "- Replace `ProductBaseOptionValue` by `OptionValue`." in note
    report = repository / "build" / "track"
    page = (report / "pull-request.md").read_text()
    assert page.startswith("# Follow API 1.0.45\n")
    for told in (
        "This change is **breaking**",
        "**Breaking:** `offer.list_offers` no longer has the parameter `session`",
        "`closing_day.list_closing_days` is new",
        "used in `korus/_async/resources/offers.py:",
        "- test: done",
    ):
        assert told in page
    shown = json.loads((report / "changes.json").read_text())
    assert shown["python"]["verdict"] == "breaking"
    assert (report / "changes.html").read_text().startswith("<!doctype html>")
    branch = subprocess.run(
        ["git", "branch", "--show-current"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert branch.stdout.strip() == "api/1.0.45"
    status = subprocess.run(
        ["git", "status", "--short"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert "openapi/1.0.45.yaml" in status.stdout  # left in the working tree


@pytest.mark.proof
def test_version_that_breaks_tests_is_refused_without_changes(plain, written):
    test = plain / "tests" / "test_status.py"
    test.write_text(
        "from korus_api.models import Reservation\n\n"
        "def test_the_status_is_known():\n"
        "    assert Reservation.from_dict({'status': 'expired'}).status == 'reserved'\n"
    )
    before = state(plain)
    outcome = run(plain, written(next_version(SAFE)), tests=("tests/test_status.py",))
    assert outcome.status == Status.TESTS_FAILED
    assert "tests/test_status.py::test_the_status_is_known" in outcome.message
    assert state(plain) == before
    report = (plain / "build" / "track" / "report.md").read_text()
    assert "refused: tests fail" in report
    assert "- test: failed" in report
    assert "test_the_status_is_known" in (plain / "build" / "track" / "output.txt").read_text()
    assert (plain / "build" / "track" / "pull-request.md").exists()


@pytest.mark.proof
def test_version_that_breaks_tests_is_left_on_its_branch(plain, written):
    (plain / "tests" / "test_status.py").write_text(
        "from korus_api.models import Reservation\n\n"
        "def test_the_status_is_known():\n"
        "    assert Reservation.from_dict({'status': 'expired'}).status == 'reserved'\n"
    )
    outcome = run(plain, written(next_version(SAFE)), tests=("tests/test_status.py",), branch=True)
    assert outcome.status == Status.TESTS_FAILED
    assert outcome.message.startswith("1.0.45 left on its branch in place of release: tests fail")
    assert read_lock(plain / "openapi").current == "1.0.45"
    left = json.loads((plain / "build/track/outcome.json").read_text())
    assert (left["status"], left["branch"], left["draft"], left["label"]) == (
        25, "api/1.0.45", True, "api: needs-a-person",
    )  # fmt: skip
    page = (plain / "build" / "track" / "pull-request.md").read_text()
    assert "## Failures" in page
    assert "- `tests/test_status.py::test_the_status_is_known`" in page
    assert "make test ARGS='tests/test_status.py'" in page


@pytest.mark.proof
def test_flaky_test_is_named_and_refuses_nothing(plain, written):
    (plain / "tests" / "test_unsteady.py").write_text(
        "from pathlib import Path\n\n"
        "def test_it_holds_the_second_time():\n"
        "    seen = Path(__file__).with_suffix('.seen')\n"
        "    before = seen.exists()\n"
        "    seen.touch()\n"
        "    assert before\n"
    )
    outcome = run(plain, written(next_version(SAFE)), tests=("tests/test_unsteady.py",), dry_run=True)
    assert outcome.status == Status.SAFE
    assert outcome.unsteady == ["tests/test_unsteady.py::test_it_holds_the_second_time"]
    assert "held only when it was run again" in (plain / "build" / "track" / "pull-request.md").read_text()


@pytest.mark.proof
def test_tests_run_against_the_new_client_not_the_installed_one(plain, written):
    test = plain / "tests" / "test_new.py"
    test.write_text(
        "import korus, korus_api\n\n"
        "def test_it_is_the_new_one():\n"
        "    assert korus_api.API_VERSION == korus.API_VERSION == '1.0.45'\n"
    )
    outcome = run(plain, written(next_version(SAFE)), tests=("tests/test_new.py",), dry_run=True)
    assert outcome.status == Status.SAFE
    assert "would be absorbed" in outcome.message


# --- refusals that need no client -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        ("a: [1", Status.FETCH_FAILED, "next.yaml"),
        (
            "openapi: 3.1.0\ninfo: {title: Another API, version: '1'}\npaths: {}\n",
            Status.FETCH_FAILED,
            "Another API",
        ),
    ],
)
def test_other_documents_are_refused(plain, written, content, status, said):
    before = state(plain)
    outcome = run(plain, written(content))
    assert outcome.status == status
    assert said in outcome.message
    assert state(plain) == before


def test_a_description_that_is_not_valid_openapi_is_refused(plain, written):
    content = next_version(())
    content["paths"]["/v1/booking/orders"]["get"]["parameters"][0].pop("in")
    before = state(plain)
    outcome = run(plain, written(content))
    assert outcome.status == Status.INVALID
    assert state(plain) == before


@pytest.mark.proof
def test_incomplete_description_is_absorbed_only_on_request(plain, written):
    content = next_version(SAFE)
    content["paths"]["/v1/booking/orders"]["get"]["tags"].append("Undeclared")
    before = state(plain)
    outcome = run(plain, written(content))
    assert outcome.status == Status.FETCH_FAILED
    assert (
        "lacks some that operations have: Undeclared; if it is whole, run again with --anyway"
        in outcome.message
    )
    assert state(plain) == before
    assert run(plain, written(content), anyway=True, tests=(), dry_run=True).status == Status.SAFE


@pytest.mark.proof
def test_known_version_with_other_content_needs_review(plain, written):
    first = next_version((), version="1.0.44")
    path = plain / "openapi" / "1.0.44.yaml"
    path.write_text(dump(first), encoding="utf-8")
    lock = read_lock(plain / "openapi")
    entry = lock.descriptions["release"]
    write_lock(
        lock.with_description(
            "1.0.44",
            attrs.evolve(entry, file="1.0.44.yaml", sha256=sha256(path.read_bytes()), origin="downloaded"),
            current=False,
        ),
        plain / "openapi",
    )
    before = state(plain)
    outcome = run(plain, written(next_version(SAFE, version="1.0.44")))
    assert outcome.status == Status.NEEDS_A_PERSON
    assert "other content" in outcome.message
    assert state(plain) == before

    accepted = run(plain, written(next_version(SAFE, version="1.0.44")), anyway=True, tests=())
    assert accepted.status == Status.SAFE
    assert (plain / "openapi" / "1.0.44.yaml").read_bytes() == (
        plain.parent.parent / "next.yaml"
    ).read_bytes()
    (kept,) = (plain / "openapi").glob("1.0.44+*.yaml")
    assert load(kept)["info"] == first["info"]


@pytest.mark.proof
def test_name_that_is_not_a_number_is_published_repeatedly(plain, written):
    first = run(plain, written(next_version(SAFE[1:2], version="release")), tests=())
    # it replaces the reconstructed file, which can be written again
    assert (first.status, first.previous, first.version) == (Status.SAFE, "release", "release")
    assert read_lock(plain / "openapi").descriptions["release"].origin == "downloaded"
    second = run(plain, written(next_version(SAFE, version="release")), tests=())
    assert second.status == Status.SAFE
    assert "(release) in another edition" in (plain / "changelog.d" / "+api-release.api.md").read_text()
    assert len(list((plain / "openapi").glob("release+*.yaml"))) == 1
    assert read_lock(plain / "openapi").current == "release"


@pytest.mark.proof
def test_older_version_is_followed_only_on_request(plain, written):
    description = written(next_version(SAFE, version="1.0.29"))
    before = state(plain)
    outcome = run(plain, description)
    assert outcome.status == Status.NEEDS_A_PERSON
    assert (
        outcome.message
        == "1.0.29 is older than 1.0.38, which is known; to absorb it, run again with --anyway"
    )
    assert state(plain) == before
    assert run(plain, description, anyway=True, tests=(), dry_run=True).status == Status.SAFE
    assert state(plain) == before


@pytest.mark.proof
def test_branch_with_own_commits_is_not_overwritten(plain, written):
    def git(*arguments):
        return subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@localhost", *arguments],
            cwd=plain, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip

    home = git("branch", "--show-current")
    git("switch", "--quiet", "--create", "api/1.0.45")
    git("commit", "--quiet", "--allow-empty", "--message", "mended by hand")
    git("switch", "--quiet", home)
    before, commit = state(plain), git("rev-parse", "api/1.0.45")
    outcome = run(plain, written(next_version(SAFE)), branch=True, tests=())
    assert outcome.status == Status.NOT_WRITTEN
    assert "api/1.0.45 has 1 commits of its own" in outcome.message
    assert (state(plain), git("branch", "--show-current")) == (before, home)
    assert git("rev-parse", "api/1.0.45") == commit


def test_branch_requires_a_git_repository(plain, written):
    shutil.rmtree(plain / ".git")
    outcome = run(plain, written(next_version(SAFE)), branch=True)
    assert outcome.status == Status.NOT_WRITTEN
    assert "requires a git repository" in outcome.message


def test_known_version_is_reported_in_one_line(plain, monkeypatch):
    monkeypatch.setattr(pipeline, "copied", lambda *_: pytest.fail("it began to work"))
    outcome = run(plain, find("1.0.19"))
    assert (outcome.status, outcome.message) == (
        Status.NOTHING_NEW,
        "nothing new: 1.0.19.yaml is in the lock",
    )
    assert outcome.written == []
    assert [path.name for path in (plain / "build" / "track").iterdir()] == ["outcome.json"]


@pytest.mark.parametrize(
    ("step", "error", "status"),
    [
        ("build", AuditFailedError("the property x is missing"), Status.GENERATION_FAILED),
        ("explain", SurfaceError("nothing explains x"), Status.UNEXPLAINED),
    ],
)
def test_incomplete_or_unexplained_client_is_refused(  # noqa: PLR0917 - internal, always called alike
    plain, written, monkeypatch, step, error, status
):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(pipeline, step, fail)
    before = state(plain)
    outcome = run(plain, written(next_version(SAFE)))
    assert outcome.status == status
    assert str(error) in outcome.message
    assert state(plain) == before
    assert (plain / "build" / "track" / "report.md").exists()


# --- the tree is changed as a whole or not at all ---------------------------------------------------------------------


@pytest.fixture
def small(tmp_path):
    """A tree with a few files of each kind, and a copy in which some differ."""
    for name in ("root", "copy"):
        for path, content in (
            ("openapi/lock.toml", "old"),
            ("openapi/1.yaml", "old"),
            ("generated/korus_api/models/gone.py", "old"),
            ("changelog.d/README.md", "same"),
        ):
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(content)
    copy = tmp_path / "copy"
    (copy / "openapi/lock.toml").write_text("new")
    (copy / "openapi/2.yaml").write_text("new")
    shutil.rmtree(copy / "generated/korus_api/models")
    (copy / "generated/korus_api/api").mkdir()
    (copy / "generated/korus_api/api/new.py").write_text("new")
    return tmp_path / "root", copy


def tree(root):
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_the_lock_is_written_last(small):
    changed = differences(*small)
    assert list(changed)[-1] == "openapi/lock.toml"
    assert changed["generated/korus_api/models/gone.py"] is None


def test_changed_files_are_copied_and_removed_ones_deleted(small, tmp_path):
    root, copy = small
    with bring_back(root, differences(root, copy), tmp_path / "undo"):
        pass
    assert tree(root) == tree(copy)
    assert not (root / "generated/korus_api/models").exists()
    assert not (tmp_path / "undo").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, SystemExit])
def test_an_interruption_puts_everything_back(small, tmp_path, error):
    root, copy = small
    before = tree(root)
    with pytest.raises(error), bring_back(root, differences(root, copy), tmp_path / "undo"):
        raise error
    assert tree(root) == before
    assert not (tmp_path / "undo").exists()


@pytest.mark.parametrize("moment", range(5))
def test_a_run_that_was_killed_is_undone_by_the_next(small, tmp_path, moment):
    root, copy = small
    before = tree(root)
    code = (
        "import os, sys\nfrom pathlib import Path\nimport scripts.track.staging as staging\n"
        "root, copy, undo, moment = (*map(Path, sys.argv[1:4]), int(sys.argv[4]))\n"
        "write, count = staging.write_whole, [0]\n"
        "def dying(path, content):\n"
        "    if path.is_relative_to(root):\n"
        "        count[0] += 1\n"
        "        if count[0] > moment: os._exit(9)\n"
        "    write(path, content)\n"
        "staging.write_whole = dying\n"
        "with staging.bring_back(root, staging.differences(root, copy), undo):\n"
        "    os._exit(9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root), str(copy), str(tmp_path / "undo"), str(moment)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 9
    assert undo_interrupted(root, tmp_path / "undo")
    assert tree(root) == before
    assert not undo_interrupted(root, tmp_path / "undo")


def test_next_version_is_made_from_release():
    assert release()["info"]["version"] == "release"


def test_tests_of_removed_operations_are_reported_by_reason():
    no_session = "korus.errors.OperationUnavailable: list_offers: it does not take session"
    output = "\n".join(
        [
            f"FAILED tests/b.py::test_one[sync] - {no_session}",
            f"FAILED tests/b.py::test_one[a b] - {no_session}",
            f"ERROR tests/a.py::test_two - {no_session}",
            "FAILED tests/a.py::test_three - OperationUnavailable: get_form: there is no such operation",
            "FAILED tests/c.py::test_four - AssertionError: OperationUnavailable: x",
            "ERROR tests/d.py",
            "SKIPPED [1] tests/e.py:1: OperationUnavailable: x",
            "4 failed, 2 errors in 1.00s",
        ]
    )
    failed, lost = pipeline.failures(output)
    assert failed == ["tests/c.py::test_four", "tests/d.py"]
    assert by_reason(lost) == {
        "get_form: there is no such operation": ["tests/a.py"],
        "list_offers: it does not take session": ["tests/a.py", "tests/b.py"],
    }
