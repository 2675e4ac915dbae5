"""Report of a run: the steps, the effects, and the remaining tasks for a maintainer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus.errors import OperationUnavailable
from korus.sandbox.operations import API_VERSION
from scripts.compare.python.render import FORMATS
from scripts.track.judging import Task
from scripts.track.outcome import WORDS, Outcome, Status, Wanted
from scripts.track.writing import pull_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["by_reason", "clear", "failures", "left", "write_report"]

MOST = 30
OUTCOME = "outcome.json"
"""The outcome of the run, for `scripts.track publish`; written only if the run ended."""


def by_reason(lost: Sequence[str]) -> dict[str, list[str]]:
    """Return the files of skipped tests, by the message of korus."""
    found: dict[str, set[str]] = {}
    for line in lost:
        place, _, reason = line.partition(f": {OperationUnavailable.__name__}: ")
        found.setdefault(reason, set()).add(place.partition(":")[0])
    return {reason: sorted(files) for reason, files in sorted(found.items())}


def left(outcome: Outcome) -> list[Task]:
    """Return the tasks that no command can do, those that break korus first."""
    breaking = [
        *[f"fix korus: the description no longer allows a request: {line}" for line in outcome.refused],
        *[f"record again, outdated by the new version: {line}" for line in outcome.outdated],
        *[
            f"remove from korus, no longer in the new version: {reason} ({', '.join(tests)})"
            for reason, tests in by_reason(outcome.lost).items()
        ],
        *[
            f"the check `{name}` fails: see output.txt, and run `python -m scripts.check {name}`"
            for name in outcome.unchecked
        ],
        *[
            f"find the cause of a changed name in the raw client: {change.sentence}"
            for change in (outcome.meaning.unexplained if outcome.meaning else ())
        ],
    ]
    later = [
        *[
            f"add `{operation}` to the sandbox: it, its tests and recordings stay at {API_VERSION} until then"
            for operation in outcome.untaught
        ],
        *[f"check a test that passed only when run again: {name}" for name in outcome.unsteady],
    ]
    if outcome.proposal:
        later.append(
            "check proposal.patch in the report, and apply it with `git apply`: methods for new operations, and new "
            "names of renamed classes"
        )
    return [
        *[task for task in outcome.tasks if task.breaks],
        *[Task(text, breaks=True) for text in breaking],
        *[task for task in outcome.tasks if not task.breaks],
        *[Task(text) for text in later],
    ]


def failures(outcome: Outcome, branch: str) -> list[str]:
    """Return the part of a pull request with the failures and the next steps."""
    if not outcome.status.is_mendable:
        return []
    failed = [*outcome.failed, *outcome.unread] or [outcome.message]
    listed = [f"- `{line}`" for line in failed[:MOST]]
    if len(failed) > MOST:
        listed.append(f"- and {len(failed) - MOST} more: see output.txt")
    tests = (
        " ".join(dict.fromkeys(line.partition("::")[0] for line in outcome.failed[:MOST])) or "tests/recorded"
    )
    return [
        "",
        "## Failures",
        "",
        "Do not merge this yet: the branch has the new raw client, and korus must be fixed.",
        "",
        *listed,
        "",
        "First steps:",
        "",
        "```shell",
        f"git fetch origin {branch} && git switch {branch}",
        f"make test ARGS='{tests}'",
        "python -m scripts.cassettes check",
        "make check",
        "```",
    ]


def clear(wanted: Wanted) -> None:
    """Remove the report of an earlier run, to avoid confusion with this one."""
    folder = wanted.root / wanted.report
    for old in folder.iterdir() if folder.is_dir() else ():
        if old.is_file():
            old.unlink()


def write_report(wanted: Wanted, outcome: Outcome) -> None:
    """Write the report of a run."""
    clear(wanted)
    folder = wanted.root / wanted.report
    folder.mkdir(parents=True, exist_ok=True)
    if outcome.status is Status.NOTHING_NEW:
        (folder / OUTCOME).write_text(outcome.as_json(), encoding="utf-8")
        return

    def write(name: str, content: str) -> None:
        path = folder / name
        path.write_text(content, encoding="utf-8")
        outcome.written.append(path)

    tasks = left(outcome)
    if outcome.meaning is not None and outcome.decision is not None:
        for name, form in (("changes.json", "json"), ("changes.html", "html"), ("changes.md", "markdown")):
            write(name, FORMATS[form](outcome.meaning))
        write("pull-request.md", body(outcome))
    if outcome.proposal:
        write("proposal.patch", outcome.proposal)
    if outcome.output:
        write("output.txt", outcome.output)
    write("report.md", "\n".join(_summary(wanted, outcome, tasks)) + "\n")
    # written last: it marks the report as complete
    write(OUTCOME, outcome.as_json())


def body(outcome: Outcome) -> str:
    """Return the text of the pull request."""
    if outcome.meaning is None or outcome.decision is None:
        return ""
    branch = outcome.edition.branch if outcome.edition else ""
    return pull_request(
        outcome.meaning,
        outcome.decision,
        WORDS[outcome.status],
        outcome.version or "?",
        outcome.previous or "?",
        checks=[(step.name, step.outcome) for step in outcome.steps],
        tasks=left(outcome),
        failures=failures(outcome, branch),
    )


def _summary(wanted: Wanted, outcome: Outcome, tasks: Iterable[Task]) -> list[str]:
    lines = [
        f"# {outcome.previous or '?'} → {outcome.version or '?'}: {WORDS[outcome.status]}",
        "",
        outcome.message,
        "",
        *[f"- {step.name}: {step.outcome}" for step in outcome.steps],
    ]
    if outcome.meaning is not None:
        files = "changes.md, changes.json and changes.html; the pull request's text in pull-request.md."
        lines += ["", f"The changes are in {files}"]
    for heading, breaks in (("Required changes", True), ("Optional changes", False)):
        listed = [f"- {task.text}" for task in tasks if task.breaks is breaks]
        lines += ["", f"{heading}:", "", *listed] if listed else []
    if outcome.output:
        lines += ["", "The failures are in output.txt."]
    command = _command(wanted, outcome)
    return [*lines, "", f"To continue: `{command}`"] if command else lines


def _command(wanted: Wanted, outcome: Outcome) -> str:
    """Return the command to continue after this run, empty if there is nothing to do."""
    given = f"--description {wanted.description} " if wanted.description else ""
    if outcome.status.is_mendable and not wanted.branch:
        return f"make track ARGS='{given}--branch'"
    is_asked = outcome.status is Status.NEEDS_A_PERSON and outcome.meaning is None
    return f"make track ARGS='{given}--anyway --branch'" if is_asked else ""
