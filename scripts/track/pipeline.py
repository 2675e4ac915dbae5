"""Absorb a version of the API's description: the steps in their order, and what each of them can end in."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from attrs import define, field, frozen
from openapi_spec_validator import validate
from openapi_spec_validator.exceptions import OpenAPISpecValidatorError
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from korus.errors import OperationUnavailable
from korus.sandbox.operations import API_VERSION
from korus.sandbox.operations import OPERATIONS as SERVED
from korus.testing.cassettes import find as find_cassettes
from scripts.compare import Comparison, ComparisonError, Document, compare
from scripts.compare.python import Meaning, SurfaceError, explain, read_surface
from scripts.compare.python.render import FORMATS
from scripts.descriptions import DescriptionError, load, read_lock, sha256, version_key
from scripts.descriptions.structure import METHODS
from scripts.descriptions.values import as_object
from scripts.fetch import ADDRESSES, Failure, Fetched, FetchError, fetch, take
from scripts.generate.build import AuditFailedError, OutputError, build
from scripts.generate.launcher import GenerationError
from scripts.track.staging import bring_back, copied, differences, undo_interrupted
from scripts.track.writing import Decision, decide, fragments, pull_request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["DEFAULT_TESTS", "Outcome", "Status", "Step", "absorb"]

T = TypeVar("T")

DEFAULT_TESTS = ("tests",)
# these test the tool that is just at work, and speed; neither depends on the description
NOT_RUN = ("tests/compare", "tests/track", "tests/benchmarks")
MOST_AGAIN = 10
# what of `make check` can depend on the description; the rest looks at files that are not touched
CHECKS = ("mypy", "pyright", "mypy-generated", "generated", "recorded")


class Status(IntEnum):
    """How a run ended; the value is the exit status."""

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


WORDS: dict[Status, str] = {
    Status.NOTHING_NEW: "nothing new",
    Status.SAFE: "safe",
    Status.BREAKING: "breaking",
    Status.NEEDS_A_PERSON: "for a person to decide",
    Status.FETCH_FAILED: "failed to fetch",
    Status.INVALID: "refused: not a valid description",
    Status.COMPARISON_FAILED: "refused: cannot be compared",
    Status.GENERATION_FAILED: "refused: the raw client would lose something",
    Status.UNEXPLAINED: "refused: changes of names have no cause",
    Status.TESTS_FAILED: "refused: the tests do not hold",
    Status.CASSETTES_FAILED: "refused: recorded answers cannot be read",
    Status.NOT_WRITTEN: "failed to write",
}


class StoppedError(Exception):
    """A step ended the run."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status


@frozen
class Step:
    """One step of a run, and how it went."""

    name: str
    outcome: str


@define
class Outcome:
    """How a run ended.

    Attributes:
        status: The exit status.
        message: One line.
        steps: What was done.
        version: The version that came.
        previous: The version that was followed.
        meaning: What the change means, as far as it was worked out.
        decision: What it means for korus's version.
        written: The files of the report.
        changed: The files that were changed in the tree.
        output: What the step that failed said.
        outdated: Recordings that show what the new version does not say any more.
        untaught: Operations of the new version that the sandbox does not serve.
        lost: Tests of what the new version does not offer any more, each with the reason.
        unsteady: Tests that failed and held when they were run again, by themselves.
        unchecked: Checks of `make check` that do not hold with the new version, each with what it said.
    """

    status: Status
    message: str
    steps: list[Step] = field(factory=list[Step])
    version: str | None = None
    previous: str | None = None
    meaning: Meaning | None = None
    decision: Decision | None = None
    written: list[Path] = field(factory=list[Path])
    changed: list[str] = field(factory=list[str])
    output: str = ""
    outdated: list[str] = field(factory=list[str])
    untaught: list[str] = field(factory=list[str])
    lost: list[str] = field(factory=list[str])
    unsteady: list[str] = field(factory=list[str])
    unchecked: list[str] = field(factory=list[str])


@frozen
class Wanted:
    """What a run is asked to do.

    Attributes:
        root: The repository.
        description: A file to take instead of fetching.
        dry_run: Whether to leave the tree as it is.
        branch: Whether to leave the result on a branch of its own.
        anyway: Whether to follow also what is older, or was published before with other content.
        tests: What to hand to pytest.
        checks: Whether to run the checks of `make check`.
        report: Where the report goes.
        urls: Where to fetch from.
        say: Tells people what is being done.
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


def absorb(wanted: Wanted) -> Outcome:
    """Carry out a run; the tree is changed as a whole or not at all."""
    outcome = Outcome(Status.NOT_WRITTEN, "")
    if undo_interrupted(wanted.root, _journal(wanted)):
        wanted.say("undid what an interrupted run had begun")
    with tempfile.TemporaryDirectory(prefix="korus-track-") as place:
        try:
            _run(wanted, outcome, Path(place))
        except StoppedError as stop:
            outcome.status, outcome.message = stop.status, " ".join(str(stop).split())
    if outcome.status is not Status.NOTHING_NEW:
        _report(wanted, outcome)
    return outcome


def _journal(wanted: Wanted) -> Path:
    return wanted.root / "build" / "track-undo"


def _run(wanted: Wanted, outcome: Outcome, place: Path) -> None:
    if wanted.description is not None and _is_known(wanted.root, wanted.description):
        outcome.status = Status.NOTHING_NEW
        outcome.message = f"nothing new: {wanted.description.name} is in the lock"
        return
    if wanted.branch:
        _check_branches(wanted.root)
    copy = copied(wanted.root, place)
    previous = _previous(wanted.root)
    outcome.previous = previous.stem
    fetched = _step(wanted, outcome, "fetch", lambda: _filed(wanted, copy))
    if not fetched.new:
        outcome.status = Status.NOTHING_NEW
        outcome.message = f"nothing new: {fetched.version} is what is published"
        return
    outcome.version = fetched.version
    if not wanted.anyway:
        _check_age(fetched.version, wanted.root)
    _step(wanted, outcome, "validate", lambda: _validate(fetched.path))
    comparison = _step(wanted, outcome, "compare", lambda: _compare(previous, fetched, outcome))
    _step(wanted, outcome, "generate and audit", lambda: _generate(fetched.path, copy))
    meaning = _step(
        wanted,
        outcome,
        "say it in Python",
        lambda: _explain(comparison, previous, fetched.path, wanted.root, copy, place),
    )
    outcome.meaning = meaning
    outcome.decision = decide(meaning, _korus_version(wanted.root))
    for name, content in fragments(meaning, fetched.version, outcome.previous).items():
        (copy / "changelog.d" / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / "changelog.d" / name).write_text(content, encoding="utf-8")
    outcome.untaught = _untaught(fetched.path)
    outcome.outdated = _step(
        wanted, outcome, "read the cassettes", lambda: _cassettes(copy, previous, fetched.path, outcome)
    )
    if wanted.tests:
        _step(wanted, outcome, "test", lambda: _tests(wanted, copy, outcome))
    else:
        outcome.steps.append(Step("test", "left out, as asked"))
    if wanted.checks:
        outcome.unchecked = _step(wanted, outcome, "check", lambda: _checks(copy, outcome))
    outcome.status = Status.NEEDS_A_PERSON if _needs_a_person(outcome, meaning) else _verdict(meaning)
    _bring_back(wanted, outcome, copy)
    how = "would be absorbed" if wanted.dry_run else "absorbed"
    outcome.message = (
        f"{fetched.version} {how} in place of {outcome.previous}: {WORDS[outcome.status]}; "
        f"korus {outcome.decision.present} → {outcome.decision.next}"
    )


def _step(wanted: Wanted, outcome: Outcome, name: str, run: Callable[[], T]) -> T:
    wanted.say(f"{name} …")
    try:
        result = run()
    except StoppedError as stop:
        outcome.steps.append(Step(name, f"failed: {stop}"))
        raise
    outcome.steps.append(Step(name, "done"))
    return result


# --- the steps ----------------------------------------------------------------------------------------------------


def _is_known(root: Path, description: Path) -> bool:
    try:
        digest = sha256(description.read_bytes())
        return any(entry.sha256 == digest for entry in read_lock(root / "openapi").descriptions.values())
    except OSError as error:
        raise StoppedError(Status.FETCH_FAILED, f"cannot read {description}: {error.strerror}") from error
    except DescriptionError as error:
        raise StoppedError(Status.FETCH_FAILED, str(error)) from error


def _previous(root: Path) -> Path:
    try:
        lock = read_lock(root / "openapi")
        return root / "openapi" / lock.descriptions[lock.current].file
    except (DescriptionError, KeyError) as error:
        raise StoppedError(Status.FETCH_FAILED, f"the lock does not say what is followed: {error}") from error


def _filed(wanted: Wanted, copy: Path) -> Fetched:
    folder = copy / "openapi"

    def republished(version: str) -> bool:
        # a name that is no number says only that it was the newest then: it is published again and again
        return wanted.anyway or not _is_number(version)

    try:
        if wanted.description is None:
            return fetch(wanted.urls, folder=folder, republished=republished)
        content = wanted.description.read_bytes()
        return take(content, wanted.description.name, folder=folder, republished=republished)
    except FetchError as error:
        if error.failure is Failure.OTHER_CONTENT:
            message = (
                f"{error.version} is known with other content; to follow this one, run again with --anyway"
            )
            raise StoppedError(Status.NEEDS_A_PERSON, message) from error
        raise StoppedError(Status.FETCH_FAILED, error.message) from error
    except OSError as error:
        raise StoppedError(
            Status.FETCH_FAILED, f"cannot read {wanted.description}: {error.strerror}"
        ) from error


def _is_number(version: str) -> bool:
    return version_key(version)[0] == version_key("1.0")[0]


def _check_age(version: str, root: Path) -> None:
    """Go back to an older version only when asked to: as a rule it is an old file, or a slip of the publisher."""
    known = [one for one in read_lock(root / "openapi").descriptions if _is_number(one) and one != version]
    latest = max(known, key=version_key, default=version)
    if _is_number(version) and version_key(version) < version_key(latest):
        raise StoppedError(
            Status.NEEDS_A_PERSON,
            f"{version} is older than {latest}, which is known; to follow it, run again with --anyway",
        )


def _validate(path: Path) -> None:
    try:
        validate(load(path))
    except (OpenAPISpecValidatorError, OpenAPIValidationError, DescriptionError) as error:
        raise StoppedError(
            Status.INVALID, f"{path.name} is not valid OpenAPI: {_first_line(error)}"
        ) from error
    except Exception as error:
        raise StoppedError(
            Status.INVALID, f"{path.name} cannot be validated: {type(error).__name__}: {_first_line(error)}"
        ) from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).partition("\n")[0][:300]


def _compare(previous: Path, fetched: Fetched, outcome: Outcome) -> Comparison:
    try:
        return compare(
            Document.read(previous),
            Document.read(fetched.path),
            names=(outcome.previous or previous.stem, fetched.version),
        )
    except ComparisonError as error:
        raise StoppedError(Status.COMPARISON_FAILED, str(error)) from error


def _generate(description: Path, copy: Path) -> None:
    try:
        build(description, copy / "generated" / "korus_api")
    except (GenerationError, AuditFailedError, OutputError, DescriptionError) as error:
        raise StoppedError(
            Status.GENERATION_FAILED, f"the raw client cannot be generated: {error}"
        ) from error


def _explain(  # noqa: PLR0917 - called from here only, always alike
    comparison: Comparison, previous: Path, present: Path, root: Path, copy: Path, place: Path
) -> Meaning:
    try:
        committed = root / "generated" / "korus_api"
        if f'"{sha256(previous.read_bytes())}"' in _text(committed / "__init__.py"):
            former = read_surface(committed)
        else:
            build(previous, place / "former" / "korus_api")
            former = read_surface(place / "former" / "korus_api")
        surfaces = former, read_surface(copy / "generated" / "korus_api")
        return explain(comparison, previous, present, root=root, surfaces=surfaces, strict=False)
    except SurfaceError as error:
        raise StoppedError(Status.UNEXPLAINED, str(error)) from error
    except (GenerationError, AuditFailedError, OutputError, DescriptionError) as error:
        raise StoppedError(
            Status.GENERATION_FAILED, f"the raw client of {previous.stem} cannot be generated: {error}"
        ) from error


def _untaught(description: Path) -> list[str]:
    """Name the operations that the sandbox has to be taught; until then it speaks the version that it knows."""
    served = {(operation.method, operation.path) for operation in SERVED}
    return [
        f"{method.upper()} {path}"
        for path, item in as_object(load(description).get("paths")).items()
        for method in as_object(item)
        if method in METHODS and (method.upper(), path) not in served
    ]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _environment(copy: Path) -> dict[str, str]:
    paths = [str(copy), str(copy / "generated"), *filter(None, [os.environ.get("PYTHONPATH")])]
    # pytest cuts its list of failures to the width of the terminal
    own = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "1000"}
    return {**os.environ, **own}


def _command(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the own commands of the project
        (sys.executable, "-m", *arguments),
        cwd=copy,
        env=_environment(copy),
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _cassettes(copy: Path, previous: Path, description: Path, outcome: Outcome) -> list[str]:
    """Read every recorded answer with the new client; give what is worse than it was with the former one.

    What cannot be read at all ends the run. A recording that the new version has no operation or other types for is
    for a person to replace.
    """
    folders = [copy / name for name in ("tests/cassettes", "examples") if (copy / name).is_dir()]
    if not any("cassettes" in path.parts for path in find_cassettes(folders)):
        return []
    before, after = _troubles(copy, previous, outcome), _troubles(copy, description, outcome)
    fresh = sorted(after - before)
    unread = [trouble for trouble in fresh if trouble[0] in {"not read", "changed"}]
    lines = [": ".join(part for part in trouble if part) for trouble in fresh]
    if unread:
        outcome.output = "\n".join(lines) + "\n"
        raise StoppedError(
            Status.CASSETTES_FAILED,
            f"{len(unread)} recorded answers cannot be read with the client of {description.stem}, the first: "
            + lines[0],
        )
    return lines


def _troubles(copy: Path, description: Path, outcome: Outcome) -> set[tuple[str, ...]]:
    done = _command(copy, "scripts.cassettes", "replay", "--format", "json", "--against", str(description))
    try:
        found = json.loads(done.stdout)["troubles"]
    except (ValueError, KeyError, TypeError) as error:
        outcome.output = done.stdout
        raise StoppedError(
            Status.CASSETTES_FAILED, f"the cassettes cannot be replayed: {_last_line(done.stdout)}"
        ) from error
    keys = ("kind", "cassette", "interaction", "operation", "pointer", "message")
    return {tuple(str(trouble.get(key, "")) for key in keys) for trouble in found}


def _tests(wanted: Wanted, copy: Path, outcome: Outcome) -> None:
    # the cache of the copy, which goes with it, knows what has failed
    command = ("pytest", "-q", "--no-header", *(f"--ignore={name}" for name in NOT_RUN), *wanted.tests)
    done = _command(copy, *command, "-n", "2")
    failed, outcome.lost = failures(done.stdout)
    if 0 < len(failed) <= MOST_AGAIN:
        # what a busy machine made fail holds when it is run by itself; what the new version broke does not
        again = _command(copy, *command, "-n", "0", "--last-failed")
        if again.returncode in {0, 1} and not failures(again.stdout)[0]:
            outcome.unsteady = failed
            return
    if failed or (done.returncode and not outcome.lost):
        outcome.output = done.stdout
        listed = ", ".join(failed[:5]) + (f" and {len(failed) - 5} more" if len(failed) > 5 else "")  # noqa: PLR2004 - a number that says itself
        raise StoppedError(Status.TESTS_FAILED, f"the tests do not hold: {listed or _last_line(done.stdout)}")


def failures(output: str) -> tuple[list[str], list[str]]:
    """Return what pytest lists as failed, apart from tests of what the new version does not offer any more.

    Those fail with `korus.errors.OperationUnavailable`, and a person takes them out; each is returned with its reason.
    """
    gone = re.compile(rf"(.*?) - (?:korus\.errors\.)?({OperationUnavailable.__name__}: .*)")
    listed = re.findall(r"^(?:FAILED|ERROR) (\S.*)$", output, re.MULTILINE)
    lost = [f"{found[1]}: {found[2]}" for line in listed if (found := gone.fullmatch(line))]
    return [line.split()[0] for line in listed if not gone.fullmatch(line)], lost


def _checks(copy: Path, outcome: Outcome) -> list[str]:
    """Run the checks of `make check`; give those that do not hold. They ask for a person, who can mend the code."""
    done = _command(copy, "scripts.check", *CHECKS)
    failed = re.findall(r"^ *FAILED +(\S+)", done.stdout, re.MULTILINE)
    if done.returncode:
        outcome.output = done.stdout
    return failed or ([_last_line(done.stdout)] if done.returncode else [])


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no output"


def _needs_a_person(outcome: Outcome, meaning: Meaning) -> bool:
    """Tell whether something is left that no command can do: judge a change, record, mend korus itself."""
    # a parameter less is a change that users are told of; an operation less is one that korus has to be mended for
    gone = any(": it does not take " not in line for line in outcome.lost) or any(
        record.id == "operation-removed" and meaning.effects[record.fingerprint].uses
        for record in meaning.comparison.changes
    )
    return bool(
        gone
        or meaning.unexplained
        or outcome.outdated
        or outcome.unchecked
        or meaning.comparison.count("possibly")
    )


def _verdict(meaning: Meaning) -> Status:
    """Say what kind of change was absorbed.

    What only breaks readers that are stricter than the raw client, as a new value of an enumeration does, is safe.
    """
    if meaning.breaking or meaning.breaks_silently():
        return Status.BREAKING
    return Status.SAFE


def _korus_version(root: Path) -> str:
    text = (root / "korus" / "_version.py").read_text(encoding="utf-8")
    found = re.search(r'__version__\s*=\s*"([^"]+)"', text)
    return found[1] if found else "0.0.0"


# --- the result ---------------------------------------------------------------------------------------------------


def _bring_back(wanted: Wanted, outcome: Outcome, copy: Path) -> None:
    changed = differences(wanted.root, copy)
    outcome.changed = list(changed)
    if wanted.dry_run:
        outcome.steps.append(Step("write", f"left out: {len(changed)} files would change"))
        return
    try:
        with bring_back(wanted.root, changed, _journal(wanted)):
            if wanted.branch and outcome.version is not None:
                _switch(wanted.root, f"api/{outcome.version}")
    except OSError as error:
        raise StoppedError(Status.NOT_WRITTEN, f"cannot write {error.filename}: {error.strerror}") from error
    outcome.steps.append(Step("write", f"{len(changed)} files changed"))


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the own commands of the project
        ("git", *arguments),  # noqa: S607 - the own commands of the project
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )


def _check_branches(root: Path) -> None:
    """See before the long work that there can be branches."""
    done = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if done.returncode:
        raise StoppedError(
            Status.NOT_WRITTEN, f"--branch needs a git repository with a commit; {root} is none"
        )


def _switch(root: Path, branch: str) -> None:
    """Go to a branch of this name, made from where the repository is; what was committed on one is not given up."""
    own = _git(root, "rev-list", "--count", f"HEAD..refs/heads/{branch}")
    if own.returncode == 0 and own.stdout.strip() != "0":
        raise StoppedError(
            Status.NOT_WRITTEN,
            f"the branch {branch} has {own.stdout.strip()} commits of its own; go there, or rename it, and run again",
        )
    done = _git(root, "switch", "--quiet", "--force-create", branch)
    if done.returncode:
        raise StoppedError(Status.NOT_WRITTEN, f"cannot go to the branch {branch}: {_last_line(done.stderr)}")


def _by_reason(lost: Sequence[str]) -> dict[str, list[str]]:
    """Give the files of the tests that were skipped, by what korus said."""
    found: dict[str, set[str]] = {}
    for line in lost:
        place, _, reason = line.partition(f": {OperationUnavailable.__name__}: ")
        found.setdefault(reason, set()).add(place.partition(":")[0])
    return {reason: sorted(files) for reason, files in sorted(found.items())}


def _left(outcome: Outcome) -> list[str]:
    """Say what no command can do."""
    return [
        *[
            f"teach the sandbox `{operation}`: it speaks {API_VERSION} until then, and so do its tests and recordings"
            for operation in outcome.untaught
        ],
        *[f"record anew what the new version has outdated: {line}" for line in outcome.outdated],
        *[
            f"take out of korus what the new version does not offer any more: {reason} ({', '.join(tests)})"
            for reason, tests in _by_reason(outcome.lost).items()
        ],
        *[f"look at a test that held only when it was run again: {name}" for name in outcome.unsteady],
        *[
            f"the check `{name}` does not hold: see output.txt, and `python -m scripts.check {name}`"
            for name in outcome.unchecked
        ],
    ]


def _report(wanted: Wanted, outcome: Outcome) -> None:
    folder = wanted.root / wanted.report
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.is_file():
            old.unlink()

    def write(name: str, content: str) -> None:
        path = folder / name
        path.write_text(content, encoding="utf-8")
        outcome.written.append(path)

    previous, version = outcome.previous or "?", outcome.version or "?"
    head = [
        f"# {previous} → {version}: {WORDS[outcome.status]}",
        "",
        outcome.message,
        "",
        *[f"- {step.name}: {step.outcome}" for step in outcome.steps],
    ]
    if outcome.meaning is not None and outcome.decision is not None:
        write("changes.json", FORMATS["json"](outcome.meaning))
        write("changes.html", FORMATS["html"](outcome.meaning))
        write("changes.md", FORMATS["markdown"](outcome.meaning))
        write(
            "pull-request.md",
            pull_request(
                outcome.meaning,
                outcome.decision,
                WORDS[outcome.status],
                version,
                previous,
                [(step.name, step.outcome) for step in outcome.steps],
                _left(outcome),
            ),
        )
        head += [
            "",
            (
                "What changed is in changes.md, changes.json and changes.html; the pull request's text in "
                "pull-request.md."
            ),
        ]
    left = _left(outcome)
    if left:
        head += ["", "Left for a person:", "", *[f"- {line}" for line in left]]
    if outcome.output:
        write("output.txt", outcome.output)
        head += ["", "What did not hold is in output.txt."]
    write("report.md", "\n".join(head) + "\n")
