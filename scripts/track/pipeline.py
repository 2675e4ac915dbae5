"""Steps of absorbing a version of the API's description, with their possible results."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from attrs import frozen
from openapi_spec_validator import validate
from openapi_spec_validator.exceptions import OpenAPISpecValidatorError
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from korus.errors import OperationUnavailable
from korus.sandbox.operations import OPERATIONS, RELEASE
from korus.testing.cassettes import find as find_cassettes
from scripts.compare import Comparison, ComparisonError, Document, compare
from scripts.compare.python import SurfaceError, explain, read_surface
from scripts.compare.wire.findings import erased
from scripts.descriptions import DescriptionError, load, read_lock, sha256, version_key
from scripts.descriptions.structure import operations_in
from scripts.descriptions.values import as_object
from scripts.fetch import Failure, Fetched, FetchError, fetch, take
from scripts.generate.build import AuditFailedError, OutputError, build, corrected
from scripts.generate.launcher import GenerationError
from scripts.track.judging import INBOUND, new_addresses, tasks
from scripts.track.outcome import (
    DEFAULT_TESTS,
    WORDS,
    Edition,
    Outcome,
    Status,
    Step,
    StoppedError,
    Wanted,
    is_number,
)
from scripts.track.proposals import proposal
from scripts.track.report import clear, write_report
from scripts.track.staging import bring_back, copied, differences, one_run, undo_interrupted, workplace
from scripts.track.writing import decide, fragments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from scripts.compare.python import Meaning, Surface
    from scripts.compare.python.recorded import Recordings
    from scripts.compare.python.uses import Layer
    from scripts.descriptions import Lock

__all__ = [
    "DEFAULT_TESTS",
    "Former",
    "Outcome",
    "Status",
    "Step",
    "Wanted",
    "absorb",
    "assess",
    "judge_recordings",
]

T = TypeVar("T")
Trouble: TypeAlias = tuple[str, str, str, str, str, str]
"""Kind, cassette, interaction, operation, pointer and message of a problem of a recording."""

NOT_RUN = (
    "tests/benchmarks",
    "tests/booking/test_backends.py",
    "tests/booking/test_interruption.py",
    "tests/client/test_deadlines.py",
    "tests/client/test_forks.py",
    "tests/client/test_httpx2.py",
    "tests/client/test_limits.py",
    "tests/client/test_loops.py",
    "tests/client/test_size.py",
    "tests/client/test_token.py",
    "tests/compare",
    "tests/core/test_fork_guard.py",
    "tests/descriptions",
    "tests/faults",
    "tests/fleet",
    "tests/generate",
    "tests/http/test_catalogue_cache.py",
    "tests/http/test_content_coding.py",
    "tests/http/test_rate_gate.py",
    "tests/http/test_storage.py",
    "tests/journal",
    "tests/mirror/test_campaign.py",
    "tests/mirror/test_hostile.py",
    "tests/mirror/test_living.py",
    "tests/openapi/test_fetch.py",
    "tests/project/test_check.py",
    "tests/project/test_distribution.py",
    "tests/project/test_make.py",
    "tests/project/test_metadata.py",
    "tests/project/test_mutate.py",
    "tests/project/test_proof.py",
    "tests/project/test_release.py",
    "tests/project/test_wheel.py",
    "tests/project/test_wheel_types.py",
    "tests/simulate",
    "tests/soak",
    "tests/speed",
    "tests/testing/test_plugin.py",
    "tests/testing/test_shell.py",
    "tests/track",
)
"""The tests that a run leaves out, so that it takes five minutes on two cores.

A description can affect the calls, arguments, values, recordings and documentation of korus, and the tests of these are
run. The others test the tools, packages and the project; decisions without the raw client; or the behaviour of
processes, connections, clocks and stores, whose calls of the API are also made by tests that are run. CI runs all tests
on the branch of the pull request.
"""
MOST_AGAIN = 10
MOST = 6
# the checks of `make check` that depend on the description. pyright does, too, but takes two minutes: CI runs it on the
# branch
CHECKS = ("mypy", "mypy-generated", "generated", "recorded")


@frozen
class Former:
    """Previous description: the file, and the raw client if it was read already."""

    path: Path
    name: str
    surface: Surface | None = None


def absorb(wanted: Wanted) -> Outcome:
    """Run all steps; the tree is changed completely or not at all."""
    outcome = Outcome(Status.NOT_WRITTEN, "")
    with one_run(wanted.root) as alone:
        if not alone:
            outcome.message = "another run is active in this tree; wait until it ends"
            return outcome
        clear(wanted)
        if undo_interrupted(wanted.root, _journal(wanted)):
            wanted.say("undid the changes of an interrupted run")
        with workplace() as place:
            try:
                _run(wanted, outcome, place)
            except StoppedError as stop:
                outcome.status, outcome.message = stop.status, " ".join(str(stop).split())
        write_report(wanted, outcome)
    return outcome


def _journal(wanted: Wanted) -> Path:
    return wanted.root / "build" / "track-undo"


def _run(wanted: Wanted, outcome: Outcome, place: Path) -> None:
    lock = _lock(wanted.root)
    if wanted.description is not None and _is_known(wanted.root, lock, wanted.description):
        outcome.status = Status.NOTHING_NEW
        outcome.message = f"nothing new: {wanted.description.name} is in the lock"
        return
    if wanted.branch:
        _check_branches(wanted.root)
    former = _former(wanted.root, lock, place)
    outcome.previous = former.name
    copy = copied(wanted.root, place)
    fetched = _step(wanted, outcome, "fetch", lambda: _filed(wanted, copy))
    if not fetched.new and fetched.sha256 == _built_from(wanted.root):
        outcome.status = Status.NOTHING_NEW
        outcome.message = f"nothing new: {fetched.version} is the published version"
        return
    known = lock.descriptions.get(fetched.version)
    outcome.version = fetched.version
    outcome.edition = Edition(fetched.version, fetched.sha256, known=known is not None and fetched.new)
    if not wanted.anyway:
        check_age(fetched.version, lock)
    _step(wanted, outcome, "validate", lambda: validate_file(fetched.path))
    client = copy / "generated" / "korus_api"
    meaning = assess(wanted, outcome, former, fetched.path, client, names=copy / "openapi" / "names.toml")
    notes = new_addresses(*(corrected(load(path)) for path in (former.path, fetched.path)))
    written = fragments(meaning, fetched.version, former.name, edition=outcome.edition.name, notes=notes)
    for name, content in written.items():
        (copy / "changelog.d").mkdir(parents=True, exist_ok=True)
        (copy / "changelog.d" / name).write_text(content, encoding="utf-8")
    _step(wanted, outcome, "write the reference pages", lambda: _pages(copy, outcome))
    stop = _prove(wanted, outcome, former, fetched.path, copy)
    outcome.status = stop.status if stop is not None else verdict(outcome, meaning)
    _bring_back(wanted, outcome, copy)
    how = "would be absorbed" if wanted.dry_run else "absorbed" if stop is None else "left on its branch"
    reason = WORDS[outcome.status] if stop is None else f"{stop}"
    step = outcome.decision
    outcome.message = f"{fetched.version} {how} in place of {outcome.previous}: {reason}" + (
        f"; korus {step.present} → {step.next}" if step else ""
    )


def _prove(
    wanted: Wanted, outcome: Outcome, former: Former, description: Path, copy: Path
) -> StoppedError | None:
    """Run recordings, tests and checks; return the problems that a maintainer must fix on the branch."""
    steps: dict[str, Callable[[], None]] = {
        "read the cassettes": lambda: _cassettes(copy, former.path, description, outcome)
    }
    if wanted.tests:
        steps["test"] = lambda: _tests(wanted, copy, outcome)
    else:
        outcome.steps.append(Step("test", "skipped, as requested"))
    if wanted.checks:
        steps["check"] = lambda: _checks(copy, outcome)
    first: StoppedError | None = None
    for name, run in steps.items():
        try:
            _step(wanted, outcome, name, run)
        except StoppedError as stop:
            if not wanted.branch or wanted.dry_run or not stop.status.is_mendable:
                raise
            first = first or stop
    return first


def _step(wanted: Wanted, outcome: Outcome, name: str, run: Callable[[], T]) -> T:
    wanted.say(f"{name} …")
    try:
        result = run()
    except StoppedError as stop:
        outcome.steps.append(Step(name, f"failed: {stop}"))
        raise
    outcome.steps.append(Step(name, "done"))
    return result


def assess(  # noqa: PLR0917 - what a run has at hand
    wanted: Wanted,
    outcome: Outcome,
    former: Former,
    description: Path,
    client: Path,
    read: tuple[Layer, Recordings] | None = None,
    names: Path | None = None,
) -> Meaning:
    """Compare, generate and determine the effects: the steps without tests and without a copy of the tree.

    Args:
        wanted: The options of the run.
        outcome: The result so far; findings are added to it.
        former: The previous description.
        description: The new description.
        client: The folder for its raw client.
        read: The hand-written layer and the cassettes, if they were read already.
        names: The table of fixed names, to which new ones are added; None to leave the project's table unchanged.
    """
    version = outcome.version or description.stem
    comparison = _step(wanted, outcome, "compare", lambda: _compare(former, description, version))
    _step(wanted, outcome, "generate and audit", lambda: _generate(description, client, names))
    meaning = _step(
        wanted,
        outcome,
        "determine the effects on Python",
        lambda: _explain(comparison, former, description, client, wanted.root, read),
    )
    outcome.meaning = meaning
    outcome.decision = decide(meaning, _korus_version(wanted.root))
    documents = [corrected(load(path)) for path in (former.path, description)]
    outcome.tasks = tasks(meaning, documents[0], documents[1], wanted.root)
    outcome.untaught = _untaught(description)
    outcome.proposal = proposal(meaning, wanted.root)
    return meaning


# --- the steps ----------------------------------------------------------------------------------------------------


def _lock(root: Path) -> Lock:
    try:
        return read_lock(root / "openapi")
    except DescriptionError as error:
        raise StoppedError(Status.FETCH_FAILED, f"the lock has no current version: {error}") from error


def _built_from(root: Path) -> str:
    """Return the digest of the description from which the raw client was generated."""
    text = _text(root / "generated" / "korus_api" / "__init__.py")
    found = re.search(r'^DESCRIPTION_SHA256.*"([0-9a-f]{64})"', text, re.MULTILINE)
    return found[1] if found else ""


def _is_known(root: Path, lock: Lock, description: Path) -> bool:
    try:
        digest = sha256(description.read_bytes())
    except OSError as error:
        raise StoppedError(Status.FETCH_FAILED, f"cannot read {description}: {error.strerror}") from error
    current = lock.descriptions.get(lock.current)
    if current is not None and digest == current.sha256:
        return _built_from(root) == digest
    return any(entry.sha256 == digest for entry in lock.descriptions.values())


def _former(root: Path, lock: Lock, place: Path) -> Former:
    """Return the description of the raw client, which `make fetch` may have superseded or replaced."""
    folder, digest = root / "openapi", _built_from(root)
    for version, entry in lock.descriptions.items():
        if entry.sha256 == digest:
            surface = read_surface(root / "generated" / "korus_api")
            return Former(folder / entry.file, version.partition("+")[0], surface)
    current = lock.descriptions.get(lock.current)
    if current is None:
        raise StoppedError(
            Status.FETCH_FAILED, f"the lock does not contain its current version {lock.current}"
        )
    committed = _git(root, "show", f"HEAD:openapi/{current.file}")
    if digest and committed.returncode == 0 and sha256(committed.stdout.encode()) == digest:
        path = place / "former" / current.file
        path.parent.mkdir()
        path.write_text(committed.stdout, encoding="utf-8", newline="")
        return Former(path, lock.current, read_surface(root / "generated" / "korus_api"))
    return Former(folder / current.file, lock.current)


def _filed(wanted: Wanted, copy: Path) -> Fetched:
    folder = copy / "openapi"

    def republished(version: str) -> bool:
        # a name that is not a number only means the newest version at the time, and is published repeatedly
        return wanted.anyway or not is_number(version)

    try:
        if wanted.description is None:
            return fetch(wanted.urls, folder=folder, accept_cut_short=wanted.anyway, republished=republished)
        content = wanted.description.read_bytes()
        name = wanted.description.name
        return take(content, name, folder=folder, accept_cut_short=wanted.anyway, republished=republished)
    except FetchError as error:
        if error.failure is Failure.OTHER_CONTENT:
            message = (
                f"{error.version} is known with other content; to absorb this one, run again with --anyway"
            )
            raise StoppedError(Status.NEEDS_A_PERSON, message) from error
        hint = "; if it is complete, run again with --anyway" if error.failure is Failure.CUT_SHORT else ""
        raise StoppedError(Status.FETCH_FAILED, f"{error.message}{hint}") from error
    except OSError as error:
        raise StoppedError(
            Status.FETCH_FAILED, f"cannot read {wanted.description}: {error.strerror}"
        ) from error


def check_age(version: str, lock: Lock) -> None:
    """Refuse an older version unless requested, since it is usually an old file or an error of the publisher."""
    followed = list(lock.descriptions)
    known = [one for one in followed if is_number(one) and one != version]
    latest = max(known, key=version_key, default=version)
    if version in followed and followed.index(version) < followed.index(lock.current):
        latest = lock.current
    elif not is_number(version) or version_key(version) >= version_key(latest):
        return
    raise StoppedError(
        Status.NEEDS_A_PERSON,
        f"{version} is older than {latest}, which is known; to absorb it, run again with --anyway",
    )


def validate_file(path: Path) -> None:
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


def _compare(former: Former, description: Path, version: str) -> Comparison:
    try:
        return compare(Document.read(former.path), Document.read(description), names=(former.name, version))
    except ComparisonError as error:
        raise StoppedError(Status.COMPARISON_FAILED, str(error)) from error


def _generate(description: Path, client: Path, names: Path | None) -> None:
    try:
        if names is None:
            build(description, client)
        else:
            build(description, client, names=names, grow=True)
    except (GenerationError, AuditFailedError, OutputError, DescriptionError) as error:
        raise StoppedError(
            Status.GENERATION_FAILED, f"the raw client cannot be generated: {error}"
        ) from error


def _explain(  # noqa: PLR0917 - internal, always called alike
    comparison: Comparison,
    former: Former,
    present: Path,
    client: Path,
    root: Path,
    read: tuple[Layer, Recordings] | None,
) -> Meaning:
    try:
        surface = former.surface
        if surface is None:
            build(former.path, client.parent / "former" / "korus_api")
            surface = read_surface(client.parent / "former" / "korus_api")
        surfaces = surface, read_surface(client)
        return explain(
            comparison, former.path, present, root=root, surfaces=surfaces, strict=False, read=read
        )
    except SurfaceError as error:
        raise StoppedError(Status.UNEXPLAINED, str(error)) from error
    except (GenerationError, AuditFailedError, OutputError, DescriptionError) as error:
        raise StoppedError(
            Status.GENERATION_FAILED, f"the raw client of {former.name} cannot be generated: {error}"
        ) from error


def _untaught(description: Path) -> list[str]:
    """Return the operations that the sandbox does not serve yet."""
    served = {(operation.method, erased(operation.path)) for operation in (*OPERATIONS, RELEASE)}
    return [
        f"{method} {path}"
        for path, item in as_object(load(description).get("paths")).items()
        for method, _, _ in operations_in(as_object(item))
        if (method, erased(path)) not in served
    ]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _environment(copy: Path) -> dict[str, str]:
    paths = [str(copy), str(copy / "generated"), *filter(None, [os.environ.get("PYTHONPATH")])]
    # pytest cuts its list of failures to the width of the terminal
    own = {"PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "1000"}
    # many tests start Python: without bytecode files in the copy, each would compile korus again
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | own


def _command(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - commands of this project
        (sys.executable, "-m", *arguments),
        cwd=copy,
        env=_environment(copy),
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _cassettes(copy: Path, previous: Path, description: Path, outcome: Outcome) -> None:
    """Read every recorded answer with the new client, and check every recorded request against the new description."""
    folders = [copy / name for name in ("tests/cassettes", "examples") if (copy / name).is_dir()]
    if not any("cassettes" in path.parts for path in find_cassettes(folders)):
        return
    before, after = _troubles(copy, previous, outcome), _troubles(copy, description, outcome)
    judge_recordings(after - before, outcome)


def judge_recordings(fresh: Iterable[Trouble], outcome: Outcome) -> None:
    """Add the new problems of recordings, compared with the previous version.

    An answer that cannot be read ends the run. A recording without an operation, or with other types, must be replaced
    by a maintainer, and a request that no longer matches the description requires a fix of korus.

    Args:
        fresh: The new problems.
        outcome: The result so far.
    """
    kinds: dict[str, list[Trouble]] = {}
    for trouble in sorted(fresh):
        kinds.setdefault(SAME_KIND.get(trouble[0], "outdated"), []).append(trouble)
    outcome.refused, outcome.unread, outcome.outdated = (
        _grouped(kinds.get(kind, ())) for kind in ("request", "not read", "outdated")
    )
    if outcome.unread:
        outcome.output += "\n".join([*outcome.unread, *outcome.outdated, *outcome.refused]) + "\n"
        raise StoppedError(
            Status.CASSETTES_FAILED,
            f"recorded responses cannot be read with the new client, the first: {outcome.unread[0]}",
        )


SAME_KIND = {"request": "request", "not read": "not read", "changed": "not read"}


def _grouped(troubles: Iterable[Trouble]) -> list[str]:
    """Return a line for each operation, with its problems and the recordings that show them."""
    groups: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for _, cassette, _, operation, pointer, message in troubles:
        what, where = groups.setdefault(ID.sub("/{}", operation), ({}, {}))
        what[": ".join(filter(None, (re.sub(r"/\d+(?=/|$)", "/*", pointer), VALUE.sub("", message))))] = None
        where[cassette] = None
    return [f"{operation}: {_some(what)} ({_some(where)})" for operation, (what, where) in groups.items()]


ID = re.compile(r"/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# the values differ between recordings, and may be private
VALUE = re.compile(r",? (?:got|not) .*$", re.DOTALL)


def _some(items: Iterable[str]) -> str:
    listed = list(items)
    more = f" and {len(listed) - MOST} more" if len(listed) > MOST else ""
    return ", ".join(listed[:MOST]) + more


def _troubles(copy: Path, description: Path, outcome: Outcome) -> set[Trouble]:
    done = _command(copy, "scripts.cassettes", "replay", "--format", "json", "--against", str(description))
    try:
        found = json.loads(done.stdout)["troubles"]
    except (ValueError, KeyError, TypeError) as error:
        outcome.output = done.stdout
        raise StoppedError(
            Status.CASSETTES_FAILED, f"the cassettes cannot be replayed: {_last_line(done.stdout)}"
        ) from error
    keys = ("kind", "cassette", "interaction", "operation", "pointer", "message")
    return {cast("Trouble", tuple(str(trouble.get(key, "")) for key in keys)) for trouble in found}


def _tests(wanted: Wanted, copy: Path, outcome: Outcome) -> None:
    # the pytest cache in the copy contains the failed tests
    command = ("pytest", "-q", "--no-header", *(f"--ignore={name}" for name in NOT_RUN), *wanted.tests)
    done = _command(copy, *command, "-n", "2")
    failed, outcome.lost = failures(done.stdout)
    if 0 < len(failed) <= MOST_AGAIN:
        # failures caused by a busy machine pass when run separately; those caused by the new version do not
        again = _command(copy, *command, "-n", "0", "--last-failed")
        if again.returncode in {0, 1} and not failures(again.stdout)[0]:
            outcome.unsteady = failed
            return
    if failed or (done.returncode and not outcome.lost):
        outcome.failed = failed
        outcome.output += done.stdout
        listed = ", ".join(failed[:5]) + (f" and {len(failed) - 5} more" if len(failed) > 5 else "")  # noqa: PLR2004 - explained by its use
        raise StoppedError(Status.TESTS_FAILED, f"tests fail: {listed or _last_line(done.stdout)}")


def failures(output: str) -> tuple[list[str], list[str]]:
    """Return the failed tests, separate from those of operations that the new version no longer has.

    The latter fail with `korus.errors.OperationUnavailable`, and a maintainer removes them; each has its reason.
    """
    gone = re.compile(rf"(.*?) - (?:korus\.errors\.)?({OperationUnavailable.__name__}: .*)")
    listed = re.findall(r"^(?:FAILED|ERROR) (\S.*)$", output, re.MULTILINE)
    lost = [f"{found[1]}: {found[2]}" for line in listed if (found := gone.fullmatch(line))]
    return [line.split()[0] for line in listed if not gone.fullmatch(line)], lost


def _pages(copy: Path, outcome: Outcome) -> None:
    """Write the documentation's reference pages from the new client."""
    if not (copy / "docs" / "reference").is_dir():
        return
    done = _command(copy, "scripts.docs")
    if done.returncode:
        outcome.output += done.stdout
        outcome.unchecked = [*outcome.unchecked, "docs"]


def _checks(copy: Path, outcome: Outcome) -> None:
    """Run the checks of `make check`; those that fail require a maintainer."""
    done = _command(copy, "scripts.check", *CHECKS)
    failed = re.findall(r"^ *FAILED +(\S+)", done.stdout, re.MULTILINE)
    if done.returncode:
        outcome.output += done.stdout
        outcome.unchecked = [*outcome.unchecked, *(failed or [_last_line(done.stdout)])]


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no output"


def verdict(outcome: Outcome, meaning: Meaning) -> Status:
    """Return the kind of change that was absorbed.

    A maintainer is needed if korus must be fixed or something cannot be judged. A change that only breaks readers
    stricter than the raw client, such as a new value of an enumeration, is safe.
    """
    # a removed parameter is reported to users; a removed operation requires a fix of korus
    gone = any(": it does not take " not in line for line in outcome.lost)
    unjudged = any(
        record.level == "possibly" and record.accepted is None and not record.id.startswith(INBOUND)
        for record in meaning.comparison.changes
    )
    if (
        gone
        or unjudged
        or meaning.unexplained
        or outcome.outdated
        or outcome.refused
        or outcome.unchecked
        or any(task.breaks for task in outcome.tasks)
    ):
        return Status.NEEDS_A_PERSON
    return Status.BREAKING if meaning.breaking or meaning.breaks_silently() else Status.SAFE


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
            if wanted.branch and outcome.edition is not None:
                _switch(wanted.root, outcome.edition.branch)
    except OSError as error:
        raise StoppedError(Status.NOT_WRITTEN, f"cannot write {error.filename}: {error.strerror}") from error
    outcome.steps.append(Step("write", f"{len(changed)} files changed"))


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - commands of this project
        ("git", *arguments),  # noqa: S607 - commands of this project
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )


def _check_branches(root: Path) -> None:
    """Check before the long steps that a branch can be created."""
    done = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if done.returncode:
        raise StoppedError(
            Status.NOT_WRITTEN, f"--branch requires a git repository with a commit; {root} is not one"
        )


def _switch(root: Path, branch: str) -> None:
    """Create and switch to a branch at the present commit; raise an error if an existing one has its own commits."""
    own = _git(root, "rev-list", "--count", f"HEAD..refs/heads/{branch}")
    if own.returncode == 0 and own.stdout.strip() != "0":
        raise StoppedError(
            Status.NOT_WRITTEN,
            f"the branch {branch} has {own.stdout.strip()} commits of its own; use or rename it, and run again",
        )
    done = _git(root, "switch", "--quiet", "--force-create", branch)
    if done.returncode:
        raise StoppedError(
            Status.NOT_WRITTEN, f"cannot switch to the branch {branch}: {_last_line(done.stderr)}"
        )
