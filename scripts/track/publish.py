"""Publishing of a tracking run: its branch, and one pull request for each edition of the API's description.

The result of a run is in `build/track/outcome.json`. The check is for the pull request, not the branch, so that a
failed step is repeated in the next night. A branch with commits of a maintainer is never overwritten: another edition
gets a separate branch. Every failure ends in an error, which is repeated until it is fixed.

Git and GitHub's `gh` are passed in, so that tests can replace them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any, Protocol

from attrs import evolve, field, frozen

from scripts.descriptions import version_key
from scripts.track.outcome import LABELS, Status
from scripts.track.writing import fitted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["BOT", "Failed", "Publication", "Publisher", "Runner", "read_publication"]

BOT = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
PRODUCTS = ("openapi", "generated", "changelog.d", "docs/reference")
MAIN = "main"
_MARK = "<!-- edition: "
_SUPERSEDED = "Superseded by `"
_DIGITS = 8


class Failed(Exception):
    """Publishing failed; the message states the reason and the next step."""


class Runner(Protocol):
    """Runs a command in the repository and returns what it printed."""

    def __call__(self, *command: str, text: str | None = None) -> str:
        """Run a command.

        Raises:
            Failed: It ended with another status than 0.
        """
        ...


@frozen
class Publication:
    """The result of a run of tracking, to be published.

    Attributes:
        version: The version of the API.
        sha256: The digest of its description, which identifies the edition.
        branch: The branch of the working tree.
        label: The label of the pull request.
        draft: True if checks or tests still fail.
        body: The text of the pull request.
        message: The result of the run.
    """

    version: str
    sha256: str
    branch: str
    label: str
    draft: bool
    body: str = field(repr=False)
    message: str = ""

    @property
    def title(self) -> str:
        """The title of the pull request."""
        return f"Follow API {self.branch.removeprefix('api/')}"


def read_publication(folder: Path) -> Publication | None:
    """Read the result of the last run; None if it found nothing new.

    Raises:
        Failed: The run left nothing to publish, because it was refused or did not end.
    """
    path = folder / "outcome.json"
    if not path.exists():
        raise Failed(
            "there is no outcome.json, so the run did not end; run `python -m scripts.track --branch` again"
        )
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if found["status"] == Status.NOTHING_NEW:
        return None
    if not found["branch"] or not found["label"]:
        raise Failed(f"nothing was absorbed (status {found['status']}): {found['message']}")
    body = (folder / "pull-request.md").read_text(encoding="utf-8")
    names = ("version", "sha256", "branch", "label", "draft", "message")
    return Publication(body=body, **{name: found[name] for name in names})


def run_in(root: Path) -> Runner:
    """Return a function that runs commands in a folder."""

    def run(*command: str, text: str | None = None) -> str:
        done = subprocess.run(  # noqa: S603 - commands of this project
            command, cwd=root, check=False, capture_output=True, text=True, input=text
        )
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise Failed(f"`{' '.join(command[:3])}` failed: {said[-1] if said else done.returncode}")
        return done.stdout.strip()

    return run


@frozen
class _Request:
    """A pull request as `gh` lists it."""

    number: int
    branch: str
    state: str
    body: str = field(repr=False)
    labels: tuple[str, ...] = ()
    draft: bool = False
    superseded: bool = False

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> _Request:
        return cls(
            int(found["number"]),
            str(found["headRefName"]),
            str(found["state"]).upper(),
            str(found.get("body") or ""),
            tuple(str(label["name"]) for label in found.get("labels") or ()),
            bool(found.get("isDraft")),
            _SUPERSEDED in json.dumps(found.get("comments") or ()),
        )

    def shows(self, publication: Publication) -> bool:
        return f"{_MARK}{publication.sha256}" in self.body


@frozen
class Publisher:
    """Publisher to GitHub.

    Attributes:
        run: Runs git and `gh`.
        report: The place of the full report, as a sentence.
    """

    run: Runner
    report: str = "The full text is in pull-request.md of the report."

    def publish(self, publication: Publication) -> list[str]:
        """Push the branch and open or update its pull request.

        Returns:
            The actions, one per line.

        Raises:
            Failed: A step failed.
        """
        requests = self._requests()
        # a request that was closed for a later edition is reopened if the former one is published again
        closed = [
            one for one in requests if one.state == "CLOSED" and not one.superseded and one.shows(publication)
        ]
        if closed and not any(one.state == "OPEN" and one.shows(publication) for one in requests):
            return [
                f"#{closed[0].number} for this edition was closed by a maintainer, so it is not opened again"
            ]
        done: list[str] = []
        there = self._remote(publication.branch)
        if there and self._has_person(there):
            if self._holds(there, publication):
                done.append(
                    f"{publication.branch} has this edition, with commits of a maintainer: left unchanged"
                )
                return [*done, *self._request(publication, requests)]
            done.append(
                f"{publication.branch} has commits of a maintainer, so this edition gets a separate branch"
            )
            publication = evolve(publication, branch=f"{publication.branch}-{publication.sha256[:_DIGITS]}")
            self.run("git", "branch", "--force", publication.branch)
            self.run("git", "switch", "--quiet", publication.branch)
            there = self._remote(publication.branch)
            if there and self._has_person(there):
                done.append(f"{publication.branch} has commits of a maintainer too: left unchanged")
                return [*done, *self._request(publication, requests)]
        if there and self._holds(there, publication) and self._is_on_main(there):
            done.append(f"{publication.branch} has this edition already")
        else:
            self._push(publication, there)
            done.append(f"pushed {publication.branch}")
        done += self._request(publication, requests)
        return [*done, *self._supersede(publication, requests)]

    # --- the branch

    def _remote(self, branch: str) -> str | None:
        """Return the commit of a branch on GitHub, None where it does not exist."""
        listed = self.run("git", "ls-remote", "origin", f"refs/heads/{branch}")
        if not listed:
            return None
        self.run("git", "fetch", "--quiet", "origin", f"+refs/heads/{branch}:refs/remotes/origin/{branch}")
        return listed.split()[0]

    def _has_person(self, commit: str) -> bool:
        authors = self.run("git", "log", "--format=%ae", f"origin/{MAIN}..{commit}").split()
        return any(author != BOT[1] for author in authors)

    def _holds(self, commit: str, publication: Publication) -> bool:
        try:
            lock = self.run("git", "show", f"{commit}:openapi/lock.toml")
        except Failed:
            return False
        current = re.search(r'^current = "(.+)"$', lock, re.MULTILINE)
        entry = lock.partition(f'[descriptions."{current[1]}"]')[2].partition("[")[0] if current else ""
        return publication.sha256 in entry

    def _is_on_main(self, commit: str) -> bool:
        # so main has no commits that the branch lacks
        return self.run("git", "rev-list", "--count", f"{commit}..origin/{MAIN}") == "0"

    def _push(self, publication: Publication, there: str | None) -> None:
        who = ("-c", f"user.name={BOT[0]}", "-c", f"user.email={BOT[1]}")
        self.run("git", "add", "--all", *PRODUCTS)
        if self.run("git", "status", "--porcelain", "--untracked-files=no"):
            self.run("git", *who, "commit", "--quiet", "--message", publication.title)
        # only if the branch is unchanged since it was read: a push meanwhile is not overwritten
        lease = f"--force-with-lease=refs/heads/{publication.branch}:{there or ''}"
        self.run("git", "push", "--quiet", lease, "origin", f"HEAD:refs/heads/{publication.branch}")

    # --- the pull request

    def _requests(self) -> list[_Request]:
        names = "number,headRefName,state,body,labels,isDraft,comments"
        listed = self.run("gh", "pr", "list", "--state", "all", "--limit", "200", "--json", names)
        return [
            one for one in map(_Request.read, json.loads(listed or "[]")) if one.branch.startswith("api/")
        ]

    def _request(self, publication: Publication, requests: list[_Request]) -> list[str]:
        for label in sorted(set(LABELS.values())):
            text = "Effects of following a version of the API"
            self.run("gh", "label", "create", label, "--force", "--description", text)
        text = fitted(publication.body, self.report) + f"\n{_MARK}{publication.sha256} -->\n"
        known = next(
            (one for one in requests if one.branch == publication.branch and one.state == "OPEN"), None
        )
        if known is None:
            command = ["gh", "pr", "create", "--base", MAIN, "--head", publication.branch]
            command += ["--title", publication.title, "--body-file", "-", "--label", publication.label]
            self.run(*command, *(("--draft",) if publication.draft else ()), text=text)
            done = [f"opened a pull request for {publication.branch}"]
        else:
            done = [self._update(publication, known, text)]
        # a push with the workflow's own token starts no workflow
        self.run("gh", "workflow", "run", "ci.yml", "--ref", publication.branch)
        return done

    def _update(self, publication: Publication, known: _Request, text: str) -> str:
        number = str(known.number)
        wrong = [label for label in known.labels if label in LABELS.values() and label != publication.label]
        command = ["gh", "pr", "edit", number, "--title", publication.title, "--body-file", "-"]
        for label in wrong:
            command += ["--remove-label", label]
        self.run(*command, "--add-label", publication.label, text=text)
        if known.draft != publication.draft:
            self.run("gh", "pr", "ready", number, *(("--undo",) if publication.draft else ()))
        return f"updated #{number}"

    def _supersede(self, publication: Publication, requests: list[_Request]) -> list[str]:
        """Close the open requests of former editions; one with commits of a maintainer only gets a comment."""
        done: list[str] = []
        for one in requests:
            if (
                one.state != "OPEN"
                or one.branch == publication.branch
                or not _is_older(one.branch, publication.branch)
            ):
                continue
            words = f"{_SUPERSEDED}{publication.branch}`, which follows the published description."
            there = self._remote(one.branch)
            if there and self._has_person(there):
                if words not in self.run("gh", "pr", "view", str(one.number), "--json", "comments"):
                    self.run("gh", "pr", "comment", str(one.number), "--body", words)
                done.append(f"#{one.number} is superseded, and has commits of a maintainer: left open")
            else:
                self.run("gh", "pr", "close", str(one.number), "--comment", words)
                done.append(f"closed #{one.number}, which is superseded")
        return done


def _is_older(branch: str, other: str) -> bool:
    """Return True if a branch follows an older version, or another edition of the same name."""
    one, two = (name.removeprefix("api/") for name in (branch, other))
    plain, present = (re.sub(rf"-[0-9a-f]{{{_DIGITS}}}$", "", name) for name in (one, two))
    return plain == present or version_key(plain) < version_key(present) or version_key(present)[0] != 1


def where_the_report_is() -> str:
    """Return where the whole report is, as a sentence: on GitHub with the address of the run."""
    server, repository, run = (
        os.environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    if not (server and repository and run):
        return "The full text is in build/track/pull-request.md."
    address = f"{server}/{repository}/actions/runs/{run}"
    return f"The full text is in pull-request.md of the artifact `track-report` of {address}."
