"""Publishing: one pull request for each edition, a failure that stays red until it is mended, nothing in silence."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from scripts.track.outcome import Edition, Outcome, Status
from scripts.track.publish import BOT, Failed, Publisher, read_publication, run_in
from scripts.track.writing import LONGEST, fitted

PERSON = ("-c", "user.name=Ana", "-c", "user.email=ana@example.test")


class Hub:
    """A stand-in for `gh`: pull requests, and what may fail."""

    def __init__(self):
        self.requests = []
        self.started = []
        self.failing = ""
        self.longest = 0

    def __call__(self, *command, text=None):
        verb = " ".join(command[1:3])
        if self.failing and verb == self.failing:
            raise Failed(f"`gh {verb}` failed: not permitted")
        options = self.options(command[3:])
        if text is not None:
            self.longest = max(self.longest, len(text))
            if len(text) > 65_536:
                raise Failed("body is too long (maximum is 65536 characters)")
        handler = getattr(self, verb.replace(" ", "_"), None)
        return (handler(command, options, text) if handler else None) or ""

    @staticmethod
    def options(rest):
        found, name = {}, ""
        for part in rest:
            if part.startswith("--"):
                name = part[2:]
                found[name] = ""
            elif name:
                found[name] = part
        return found

    def pr_list(self, command, options, text):
        return json.dumps(self.requests)

    def pr_create(self, command, options, text):
        self.requests.insert(
            0,
            {
                "number": len(self.requests) + 1, "headRefName": options["head"], "state": "OPEN", "body": text,
                "labels": [{"name": options["label"]}], "isDraft": "draft" in options, "title": options["title"],
                "comments": [],
            },
        )  # fmt: skip

    def one(self, number):
        return next(one for one in self.requests if one["number"] == int(number))

    def pr_edit(self, command, options, text):
        one = self.one(command[3])
        one["body"] = text
        labels = {label["name"] for label in one["labels"]} - {options.get("remove-label")}
        one["labels"] = [{"name": name} for name in sorted(labels | {options["add-label"]})]

    def pr_ready(self, command, options, text):
        self.one(command[3])["isDraft"] = "undo" in options

    def pr_close(self, command, options, text):
        one = self.one(command[3])
        one["state"] = "CLOSED"
        one["comments"].append(options["comment"])

    def pr_comment(self, command, options, text):
        self.one(command[3])["comments"].append(options["body"])

    def pr_view(self, command, options, text):
        return json.dumps(self.one(command[3])["comments"])

    def workflow_run(self, command, options, text):
        self.started.append(options["ref"])

    def open(self):
        return {one["headRefName"]: one for one in self.requests if one["state"] == "OPEN"}


class Nights:
    """A repository on "GitHub", and a night's job with a fresh checkout of it."""

    def __init__(self, place):
        self.place, self.hub, self.count = place, Hub(), 0
        self.origin = place / "origin.git"
        self.git(place, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        self.work = self.checkout("begin")
        self.write(self.work, "release", "0" * 64)
        self.git(self.work, "add", ".")
        self.git(self.work, *PERSON, "commit", "--quiet", "--message", "begin")
        self.git(self.work, "push", "--quiet", "origin", "HEAD:main")

    @staticmethod
    def git(folder, *arguments):
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def checkout(self, name):
        folder = self.place / name
        self.git(self.place, "clone", "--quiet", str(self.origin), str(folder))
        return folder

    @staticmethod
    def write(folder, version, digest):
        for name, content in (
            (
                "openapi/lock.toml",
                f'current = "{version}"\n\n[descriptions."{version}"]\nsha256 = "{digest}"\n',
            ),
            ("generated/korus_api/x.py", f"# {digest}\n"),
            ("changelog.d/README.md", "fragments\n"),
            ("docs/reference/models.md", "models\n"),
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)

    def night(self, version, digest, status=Status.SAFE, body="It is **safe**.\n"):
        """Track in a fresh checkout, then publish."""
        self.count += 1
        folder = self.checkout(f"night{self.count}")
        outcome = Outcome(status, "as it came", version=version, changed=["openapi/lock.toml"])
        if version is not None:
            main = (folder / "openapi" / "lock.toml").read_text()
            digest = digest * 64 if len(digest) == 1 else digest
            if digest in main:
                outcome.status = Status.NOTHING_NEW
            outcome.edition = Edition(version, digest, known=f'"{version}"' in main)
            if outcome.is_absorbed:
                self.git(folder, "switch", "--quiet", "--force-create", outcome.edition.branch)
                self.write(folder, version, digest)
        report = folder / "build" / "track"
        report.mkdir(parents=True)
        (report / "pull-request.md").write_text(body)
        (report / "outcome.json").write_text(outcome.as_json())
        publication = read_publication(report)
        return [] if publication is None else Publisher(self.runner(folder)).publish(publication)

    def runner(self, folder):
        real = run_in(folder)
        return lambda *command, text=None: (
            self.hub(*command, text=text) if command[0] == "gh" else real(*command, text=text)
        )

    def person_commits(self, branch):
        folder = self.checkout(f"person{self.count}-{branch.replace('/', '-')}")
        self.git(folder, "switch", "--quiet", branch)
        (folder / "mended.py").write_text("mended = True\n")
        self.git(folder, "add", ".")
        self.git(folder, *PERSON, "commit", "--quiet", "--message", "mended")
        self.git(folder, "push", "--quiet", "origin", branch)

    def merge(self, branch):
        folder = self.checkout(f"merge{self.count}")
        self.git(folder, *PERSON, "merge", "--quiet", "--no-ff", "--message", "merged", f"origin/{branch}")
        self.git(folder, "push", "--quiet", "origin", "HEAD:main")
        self.hub.open()[branch]["state"] = "MERGED"

    def tip(self, branch):
        return self.git(self.origin, "rev-parse", branch)


@pytest.fixture
def nights(tmp_path):
    return Nights(tmp_path)


def labels(request):
    return [label["name"] for label in request["labels"]]


def test_twelve_nights_lose_no_version(nights):
    hub = nights.hub
    # 1: nothing is permitted to open pull requests: the branch is there, the night is red
    hub.failing = "pr create"
    with pytest.raises(Failed, match="not permitted"):
        nights.night("1.0.45", "a")
    assert hub.open() == {}
    # 2: still red, though the branch holds the edition
    with pytest.raises(Failed, match="not permitted"):
        nights.night("1.0.45", "a")
    # 3: permitted now, and the request comes, though its text is longer than GitHub takes
    hub.failing = ""
    nights.night("1.0.45", "a", body="x" * 99 + "\n" + "a line of many\n" * 9000)
    assert list(hub.open()) == ["api/1.0.45"]
    assert "**The text is cut here.**" in hub.open()["api/1.0.45"]["body"]
    assert hub.longest <= 65_536
    # 4: the same again changes nothing but the text
    before = nights.tip("api/1.0.45")
    assert nights.night("1.0.45", "a")[0] == "api/1.0.45 has this edition already"
    assert (nights.tip("api/1.0.45"), len(hub.requests)) == (before, 1)
    # 5: another edition of it breaks: the same request, with another label
    nights.night("1.0.45", "b", Status.BREAKING)
    assert labels(hub.open()["api/1.0.45"]) == ["api: breaking"]
    assert nights.tip("api/1.0.45") != before
    # 6: a maintainer has fixed something; the next edition gets a separate branch and request
    nights.person_commits("api/1.0.45")
    mended = nights.tip("api/1.0.45")
    done = nights.night("1.0.45", "c", Status.TESTS_FAILED)
    assert nights.tip("api/1.0.45") == mended
    assert "so this edition gets a separate branch" in done[0]
    draft = hub.open()["api/1.0.45-cccccccc"]
    assert (draft["isDraft"], labels(draft)) == (True, ["api: needs-a-person"])
    assert [one["comments"] for one in hub.requests if one["headRefName"] == "api/1.0.45"] == [
        ["Superseded by `api/1.0.45-cccccccc`, which follows the published description."]
    ]
    # 7: it holds now: no draft any more
    nights.night("1.0.45", "c")
    assert not hub.open()["api/1.0.45-cccccccc"]["isDraft"]
    # 8: a newer version supersedes requests without commits of a maintainer
    done = nights.night("1.0.46", "d")
    assert "api/1.0.45-cccccccc" not in hub.open()
    assert {"api/1.0.45", "api/1.0.46"} == set(hub.open())
    assert any("left open" in line for line in done)
    # 9: merged, with the branch kept: nothing is new
    nights.person_commits("api/1.0.46")
    nights.merge("api/1.0.46")
    assert nights.night("1.0.46", "d") == []
    # 10: the merged version is published with other content: a branch of its own, no silence
    nights.night("1.0.46", "e", Status.BREAKING)
    assert labels(hub.open()["api/1.0.46-eeeeeeee"]) == ["api: breaking"]
    # 11: a maintainer closes it: it is not opened again, and that is reported
    hub.open()["api/1.0.46-eeeeeeee"]["state"] = "CLOSED"
    assert "closed by a maintainer" in nights.night("1.0.46", "e", Status.BREAKING)[0]
    assert "api/1.0.46-eeeeeeee" not in hub.open()
    # 12: refused: red, with the reason
    with pytest.raises(Failed, match=r"nothing was absorbed \(status 21\)"):
        nights.night("1.0.47", "f", Status.INVALID)
    assert hub.started[-1] == "api/1.0.46-eeeeeeee"


def test_editions_that_share_a_name_do_not_collide(nights):
    nights.night("release", "1")
    nights.night("release", "2", Status.BREAKING)
    assert list(nights.hub.open()) == ["api/release-22222222"]
    assert nights.tip("api/release-11111111") != nights.tip("api/release-22222222")


def test_former_edition_published_again_replaces_the_later_one(nights):
    nights.night("release", "1")
    nights.night("release", "2", Status.BREAKING)
    nights.night("release", "1")
    assert list(nights.hub.open()) == ["api/release-11111111"]


def test_branch_is_made_again_when_main_has_moved(nights):
    nights.night("1.0.45", "a")
    before = nights.tip("api/1.0.45")
    folder = nights.checkout("main")
    (folder / "more.py").write_text("more = 1\n")
    nights.git(folder, "add", ".")
    nights.git(folder, *PERSON, "commit", "--quiet", "--message", "more")
    nights.git(folder, "push", "--quiet", "origin", "main")
    nights.night("1.0.45", "a")
    assert nights.tip("api/1.0.45") != before
    author = nights.git(nights.origin, "log", "-1", "--format=%ae", "api/1.0.45")
    assert author == BOT[1]


def test_concurrent_push_is_not_overwritten(nights):
    nights.night("1.0.45", "a")
    hub = nights.hub
    folder = nights.checkout("late")
    nights.git(folder, "switch", "--quiet", "--force-create", "api/1.0.45")
    nights.write(folder, "1.0.45", "b" * 64)
    (folder / "build" / "track").mkdir(parents=True)
    outcome = Outcome(Status.SAFE, "", version="1.0.45", edition=Edition("1.0.45", "b" * 64), changed=["x"])
    (folder / "build" / "track" / "outcome.json").write_text(outcome.as_json())
    (folder / "build" / "track" / "pull-request.md").write_text("text\n")
    publisher = Publisher(nights.runner(folder))

    class Late(Publisher):
        def _push(self, publication, there):
            nights.person_commits("api/1.0.45")
            super()._push(publication, there)

    late = Late(publisher.run)
    with pytest.raises(Failed, match="git push"):
        late.publish(read_publication(folder / "build" / "track"))
    assert hub.open()["api/1.0.45"]["body"].count("a" * 64) == 1


def test_run_that_did_not_end_is_red(tmp_path):
    with pytest.raises(Failed, match="did not end"):
        read_publication(tmp_path)


def test_long_text_is_cut_at_a_line_within_the_limit():
    text = "<details>\n" + "- `Name` is new\n" * 9000
    cut = fitted(text, "It is there.")
    assert len(cut) <= LONGEST
    assert cut.endswith("- `Name` is new\n\n</details>\n\n**The text is cut here.** It is there.\n")
    assert fitted("short\n", "x") == "short\n"


def test_workflow_has_no_shell_that_decides():
    text = (Path(__file__).resolve().parents[2] / ".github" / "workflows" / "track.yml").read_text()
    assert "python -m scripts.track publish" in text
    assert not any(word in text for word in ("gh pr", "git push", "case "))
