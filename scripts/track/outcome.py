"""Run of tracking: its options, its exit statuses, and its results for other tools."""

from __future__ import annotations

import json
import re
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from scripts.descriptions import version_key
from scripts.fetch import ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scripts.compare.python import Meaning
    from scripts.track.judging import Task
    from scripts.track.writing import Decision

__all__ = [
    "DEFAULT_TESTS",
    "LABELS",
    "WORDS",
    "Edition",
    "Outcome",
    "Status",
    "Step",
    "StoppedError",
    "Wanted",
]

DEFAULT_TESTS = ("tests",)
_DIGITS = 8


class Status(IntEnum):
    """Status of a run; the value is the exit status."""

    NOTHING_NEW = 0
    SAFE = 10
    BREAKING = 11
    NEEDS_A_PERSON = 12
    FETCH_FAILED = 20
    INVALID = 21
    COMPARISON_FAILED = 22
    GENERATION_FAILED = 23
    UNEXPLAINED = 24
    TESTS_FAILED = 25
    CASSETTES_FAILED = 26
    NOT_WRITTEN = 27

    @property
    def is_mendable(self) -> bool:
        """True if a maintainer can fix korus on the branch, because the raw client is complete."""
        return self in {Status.TESTS_FAILED, Status.CASSETTES_FAILED}


WORDS: dict[Status, str] = {
    Status.NOTHING_NEW: "nothing new",
    Status.SAFE: "safe",
    Status.BREAKING: "breaking",
    Status.NEEDS_A_PERSON: "pending review",
    Status.FETCH_FAILED: "failed to fetch",
    Status.INVALID: "refused: not a valid description",
    Status.COMPARISON_FAILED: "refused: cannot be compared",
    Status.GENERATION_FAILED: "refused: the raw client would be incomplete",
    Status.UNEXPLAINED: "refused: changes of names have no cause",
    Status.TESTS_FAILED: "refused: tests fail",
    Status.CASSETTES_FAILED: "refused: recorded responses cannot be read",
    Status.NOT_WRITTEN: "failed to write",
}
NEEDS_A_PERSON = "api: needs-a-person"
LABELS: dict[Status, str] = {
    Status.SAFE: "api: safe",
    Status.BREAKING: "api: breaking",
    Status.NEEDS_A_PERSON: NEEDS_A_PERSON,
    Status.TESTS_FAILED: NEEDS_A_PERSON,
    Status.CASSETTES_FAILED: NEEDS_A_PERSON,
}
"""The label of the pull request, for each status that has one."""


class StoppedError(Exception):
    """Error of a step that ends the run."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status


@frozen
class Edition:
    """One publication of a version. A name can be published repeatedly, so the digest identifies it.

    Attributes:
        version: Its stated version.
        sha256: The digest of its file.
        known: True if the lock already had the version, with other content.
    """

    version: str
    sha256: str
    known: bool = False

    @property
    def name(self) -> str:
        """The version, with the digest if there can be several editions."""
        return (
            f"{self.version}-{self.sha256[:_DIGITS]}"
            if self.known or not is_number(self.version)
            else self.version
        )

    @property
    def branch(self) -> str:
        """The branch that holds it."""
        return f"api/{re.sub(r'[^0-9A-Za-z.+_-]+', '-', self.name)}"


def is_number(version: str) -> bool:
    """Return True if a version is a number; any other name only means that it was the newest at the time."""
    return version_key(version)[0] == version_key("1.0")[0]


@frozen
class Step:
    """One step of a run, with its result."""

    name: str
    outcome: str


@define
class Outcome:
    """Result of a run.

    Attributes:
        status: The exit status.
        message: One line.
        steps: The steps.
        version: The new version.
        edition: The new edition.
        previous: The previous version.
        meaning: The effects of the change, as far as they were determined.
        decision: The effect on korus's version.
        tasks: The remaining tasks for korus.
        written: The files of the report.
        changed: The files that were changed in the tree.
        output: The output of the failed step.
        failed: Tests that fail.
        unread: Recorded answers that cannot be read.
        outdated: Recordings that no longer match the new version.
        refused: Recorded requests that no longer match the description.
        untaught: Operations of the new version that the sandbox does not serve.
        lost: Tests of operations that the new version no longer has, each with the reason.
        unsteady: Tests that failed, and passed when they were run again separately.
        unchecked: Checks of `make check` that fail with the new version, each with its output.
        proposal: A patch for new operations, empty without any.
    """

    status: Status
    message: str
    steps: list[Step] = field(factory=list[Step])
    version: str | None = None
    edition: Edition | None = None
    previous: str | None = None
    meaning: Meaning | None = None
    decision: Decision | None = None
    tasks: list[Task] = field(factory=list["Task"])
    written: list[Path] = field(factory=list[Path])
    changed: list[str] = field(factory=list[str])
    output: str = ""
    failed: list[str] = field(factory=list[str])
    unread: list[str] = field(factory=list[str])
    outdated: list[str] = field(factory=list[str])
    refused: list[str] = field(factory=list[str])
    untaught: list[str] = field(factory=list[str])
    lost: list[str] = field(factory=list[str])
    unsteady: list[str] = field(factory=list[str])
    unchecked: list[str] = field(factory=list[str])
    proposal: str = ""

    @property
    def is_absorbed(self) -> bool:
        """True if the result can be kept in the tree: on a branch also with failures that a maintainer must fix."""
        return self.status in LABELS

    def as_json(self) -> str:
        """Return the data for publishing the result."""
        edition = self.edition
        plain: dict[str, Any] = {
            "status": int(self.status),
            "message": self.message,
            "version": self.version,
            "previous": self.previous,
            "edition": edition.name if edition else None,
            "sha256": edition.sha256 if edition else None,
            "branch": edition.branch if edition and self.changed and self.is_absorbed else None,
            "label": LABELS.get(self.status),
            "draft": self.status.is_mendable,
        }
        return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


@frozen
class Wanted:
    """Options of a run.

    Attributes:
        root: The repository.
        description: A file to use instead of fetching.
        dry_run: True to leave the tree unchanged.
        branch: True to leave the result on a separate branch.
        anyway: True to follow also versions that are older, were published with other content, or look incomplete.
        tests: The arguments for pytest.
        checks: True to run the checks of `make check`.
        report: The folder of the report.
        urls: The addresses to fetch from.
        say: Prints the progress.
    """

    root: Path
    description: Path | None = None
    dry_run: bool = False
    branch: bool = False
    anyway: bool = False
    tests: Sequence[str] = DEFAULT_TESTS
    checks: bool = True
    report: Path = Path("build/track")
    urls: Sequence[str] = ADDRESSES
    say: Callable[[str], None] = print
