"""Work of the pytest plugin: find the cassette of a test, open it, and check its use afterwards.

A cassette answers unless recording is requested. Afterwards every interaction must have been played and every request
answered; otherwise the test fails, even if the program under test swallowed the error or the test is expected to fail.
A new recording is replayed once, and discarded if that fails. Options and fixtures are in `korus.testing.plugin`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib
import os
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest
from attrs import define, field

from korus._primitives import clock
from korus.testing import bodies, cassettes, checking, descriptions, reports, shipped
from korus.testing.naming import cassette_path
from korus.testing.pseudonyms import Kind, Pseudonyms
from korus.testing.recording import CannotBeReplayed, CassetteSession, NotRecorded, now, open_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from pathlib import Path

    from korus.sandbox import Sandbox

__all__ = [
    "PASSED",
    "TOLD",
    "Scenario",
    "ScenarioFailed",
    "frozen_time",
    "is_own_failure",
    "keep_settings",
    "ownership_item",
    "play",
    "replay_once",
    "settings_for",
]

PASSED: Final = pytest.StashKey[bool]()
TOLD: Final = pytest.StashKey[bool]()
_BEFORE: Final = pytest.StashKey["tuple[Path, bytes | None]"]()
_SETTINGS: Final = pytest.StashKey["dict[str, str]"]()
_RECORDED: Final = pytest.StashKey["set[Path]"]()
_API = re.compile(r"/v[0-9]+/")
_MODES = {"none": "none", "once": "missing", "all": "all", "rewrite": "all"}


class ScenarioFailed(AssertionError):
    """A cassette does not fit its test."""


def is_own_failure(error: BaseException) -> bool:
    """Return True for a failure of the recording, which no test can expect."""
    own = (ScenarioFailed, NotRecorded, CannotBeReplayed, cassettes.CassetteUnreadable, bodies.BodyUnreadable)
    return isinstance(error, own)


@define(eq=False)
class Scenario:
    """The cassette of a running test.

    Attributes:
        path: The file.
        recording: True if requests are sent and recorded.
        sandbox: The sandbox that is being recorded, None otherwise.
    """

    path: Path
    recording: bool
    sandbox: Sandbox | None
    _session: CassetteSession = field(repr=False)
    _pseudonyms: Pseudonyms = field(repr=False)

    def arrange(self, change: Callable[[Sandbox], object]) -> None:
        """Change something at the sandbox for the recording; nothing happens when the cassette answers.

        Args:
            change: Called with the sandbox, for example to add a fault or to move its clock.
        """
        if self.sandbox is not None:
            change(self.sandbox)

    def shown(self, kind: str, value: str) -> str:
        """Return a private value as it is in the answers: itself while recording, its pseudonym in replay.

        Args:
            kind: Its kind: ``given``, ``family``, ``email``, ``phone``, ``reference``, … (`pseudonyms.Kind`).
            value: The value that the test sends.
        """
        return value if self.recording else self._pseudonyms.replace(Kind(kind), value)

    def stand_in(self, kind: str, value: str) -> str:
        """Return a value to send that comes back unchanged, recorded or replayed: a pseudonym.

        Needed by a program that searches the answers for what it sent, such as an order by its reference.

        Args:
            kind: Its kind, as for `shown`.
            value: Anything; the same value gives the same pseudonym.
        """
        return self._pseudonyms.replace(Kind(kind), value)

    @property
    def recorded_at(self) -> dt.datetime:
        """The time when the recording began, in UTC; the answers' dates are of that day."""
        return self._session.header.recorded_at

    @property
    def unplayed(self) -> tuple[str, ...]:
        """The interactions that have not been played yet."""
        return self._session.unplayed

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The requests that no interaction answered."""
        return self._session.unanswered


def keep_settings(config: pytest.Config) -> None:
    """Keep the ``KORUS_*`` settings of the environment before tests can change them.

    Raises:
        pytest.UsageError: A recording needs a setting that is missing.
    """
    found = {name: value for name, value in os.environ.items() if name.startswith("KORUS_") and value}
    missing = [name for name in ("KORUS_CLIENT_ID", "KORUS_CLIENT_SECRET") if name not in found]
    if "KORUS_ENVIRONMENT" not in found and "KORUS_BASE_URL" not in found:
        missing.append("KORUS_ENVIRONMENT or KORUS_BASE_URL")
    if missing:
        raise pytest.UsageError(
            f"recording against a real environment needs {', '.join(missing)}; nothing was recorded"
        )
    config.stash[_SETTINGS] = found


def _mode(config: pytest.Config) -> str:
    asked = config.getoption("--korus-record")
    if asked is not None:
        return str(asked)
    general = config.getoption("--record-mode", default=None) or "none"
    if general not in _MODES:
        raise pytest.UsageError(
            f"a cassette of korus is one whole scenario: --record-mode={general} cannot add to it"
        )
    return _MODES[general]


def _is_old(path: Path, config: pytest.Config) -> bool:
    given = config.getoption("--korus-rerecord-older-than")
    if not given or not path.is_file():
        return False
    try:
        limit = dt.datetime.fromisoformat(str(given))
    except ValueError as error:
        raise pytest.UsageError(f"--korus-rerecord-older-than: must be an ISO date, got {given!r}") from error
    limit = limit if limit.tzinfo else limit.replace(tzinfo=dt.UTC)
    return cassettes.read(path).header.recorded_at < limit


def _records(path: Path, config: pytest.Config) -> bool:
    if path in config.stash.setdefault(_RECORDED, set()):
        return False  # another test of this run has recorded it; now it answers
    if path.is_file() and cassettes.read(path).header.origin == "published":
        return False  # built from documentation: it cannot be recorded
    mode = _mode(config)
    return mode == "all" or (mode == "missing" and not path.is_file()) or _is_old(path, config)


def _purpose(node: pytest.Item) -> str:
    marker = node.get_closest_marker("korus_cassette")
    given = marker.kwargs.get("purpose") or (marker.args[0] if marker.args else None) if marker else None
    documented = (getattr(getattr(node, "function", None), "__doc__", None) or "").strip().partition("\n")[0]
    words = re.sub(r"\[.*\]$", "", node.name).removeprefix("test_").replace("_", " ")
    return str(given or documented or f"{words[:1].upper()}{words[1:]}.")


def _pseudonyms(settings: Mapping[str, str] | None) -> Pseudonyms:
    """Return pseudonyms with the public key for the sandbox's invented data, with the owner's key for real traffic."""
    given = os.environ.get("KORUS_PSEUDONYM_KEY") or (settings or {}).get("KORUS_PSEUDONYM_KEY")
    if given:
        return Pseudonyms(given.encode())
    return Pseudonyms() if settings is None else Pseudonyms.of_environment(settings) or Pseudonyms()


def _origin(settings: Mapping[str, str] | None) -> cassettes.Origin:
    if settings is None:
        return "sandbox"
    return "production" if settings.get("KORUS_ENVIRONMENT") == "production" else "demo"


@contextlib.contextmanager
def play(request: pytest.FixtureRequest) -> Generator[Scenario, None, None]:
    """Open the cassette of a test, and check it when the test has ended.

    Raises:
        pytest.UsageError: The options contradict each other.
        Failed: An interaction was not played, a request not answered, or the cassette does not follow the description.
    """
    import korus_api  # noqa: PLC0415 - only its facts are needed, and only here

    from korus._version import __version__  # noqa: PLC0415 - beside the other fact of the header

    node, config = request.node, request.config
    marker = node.get_closest_marker("korus_cassette")
    path = cassette_path(node)
    record = _records(path, config)
    settings = config.stash.get(_SETTINGS, None) if record else None
    sandbox: Sandbox | None = (
        request.getfixturevalue("korus_sandbox") if record and settings is None else None
    )
    pseudonyms = _pseudonyms(settings)
    header = cassettes.Header(
        origin=_origin(settings),
        api_version=korus_api.API_VERSION,
        description_sha256=korus_api.DESCRIPTION_SHA256,
        recorded_at=now(),
        korus_version=__version__,
        purpose=_purpose(node),
        volatile=tuple(marker.kwargs.get("volatile", ())) if marker else (),
        language=(settings or {}).get("KORUS_LANGUAGE", ""),
    )
    secret = (settings or {}).get("KORUS_CLIENT_SECRET") or getattr(sandbox, "client_secret", None)
    hook: Any = getattr(config.hook, "pytest_recording_configure", None)
    with (
        open_cassette(
            path,
            header=header,
            record=record,
            pseudonyms=pseudonyms,
            secrets=[str(secret)] if secret else [],
            renew=record and _is_old(path, config),
            configure=lambda vcr: hook(config=config, vcr=vcr) if hook is not None else None,
        ) as session,
        time_of(None if record else session.now),
    ):
        scenario = Scenario(path, record, sandbox, session, pseudonyms)
        yield scenario
        passed = node.stash.get(PASSED, False)
        if record and not passed:
            session.discard()
        before = path.read_bytes() if record and path.is_file() else None
    if record and passed:
        config.stash[_RECORDED].add(path)
        node.stash[_BEFORE] = path, before
    _judge(scenario, node, config)


def _judge(scenario: Scenario, node: pytest.Item, config: pytest.Config) -> None:
    if scenario.unanswered:
        raise ScenarioFailed("\n".join(scenario.unanswered))
    if not node.stash.get(TOLD, False):
        return
    if scenario.unplayed:
        lines = "".join(f"\n  interaction {one}" for one in scenario.unplayed)
        raise ScenarioFailed(f"{scenario.path} has interactions that the test did not play:{lines}")
    description = config.getoption("--korus-check")
    if description and scenario.path.is_file():
        given = config.getoption("--korus-exceptions")
        current = description == "current"
        report = checking.check(
            [scenario.path],
            description=shipped.description() if current else descriptions.read(str(description)),
            standing=shipped.exceptions() if current else (),
            exemptions=checking.read_exemptions(str(given)) if given else (),
            complete=False,
        )
        if not report.passed:
            raise ScenarioFailed(reports.check_as_table(report))


def replay_once(
    item: pytest.Item, run: Callable[[], Iterable[pytest.TestReport]]
) -> pytest.TestReport | None:
    """Replay a test that has just been recorded; if it fails, discard the recording and return the failure.

    Args:
        item: The test.
        run: Runs it once more.
    """
    recorded = item.stash.get(_BEFORE, None)
    if recorded is None:
        return None
    del item.stash[_BEFORE]
    path, before = recorded
    failed = next((one for one in run() if one.failed), None)
    if failed is None:
        return None
    if before is not None:
        path.write_bytes(before)
    else:
        path.unlink(missing_ok=True)
    failed.when, failed.outcome = "teardown", "failed"
    failed.longrepr = (
        f"This recording is not kept, because the test fails when it is replayed:\n{failed.longreprtext}"
    )
    return failed


@contextlib.contextmanager
def frozen_time(scenario: Scenario) -> Generator[dt.datetime, None, None]:
    """Set the clock of the whole program to the time of the recording, from which it runs on.

    Raises:
        pytest.UsageError: The package time-machine is not installed.
    """
    try:
        time_machine: Any = importlib.import_module("time_machine")  # of the user's
    except ImportError:
        raise pytest.UsageError(
            "korus_recorded_time needs the package time-machine: pip install time-machine"
        ) from None
    if scenario.recording:
        yield scenario.recorded_at
        return
    with time_machine.travel(scenario.recorded_at, tick=True):
        yield scenario.recorded_at


@contextlib.contextmanager
def time_of(now_: Callable[[], dt.datetime] | None) -> Generator[None, None, None]:
    """Set the clock of korus to the time of a recording, so that its holds have not expired.

    Args:
        now_: Returns the time, None for no change.
    """
    if now_ is None:
        yield
        return
    before = clock.SYSTEM_CLOCK.now
    # the clock is frozen for all other code; while a cassette answers, its time is the recording's
    object.__setattr__(clock.SYSTEM_CLOCK, "now", now_)
    try:
        yield
    finally:
        object.__setattr__(clock.SYSTEM_CLOCK, "now", before)


def settings_for(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the arguments of a client in a test: for its cassette, for a recording, or for a sandbox."""
    scenario: Scenario | None = request.getfixturevalue("korus_cassette") if _has_cassette(request) else None
    if scenario is not None and not scenario.recording:
        return _as_recorded(scenario.path)
    kept = request.config.stash.get(_SETTINGS, None)
    if scenario is not None and kept is not None:
        names = ("client_id", "client_secret", "environment", "base_url", "token_url", "language")
        return {name: kept[f"KORUS_{name.upper()}"] for name in names if f"KORUS_{name.upper()}" in kept}
    sandbox: Sandbox = request.getfixturevalue("korus_sandbox")
    return {
        "base_url": sandbox.base_url,
        "token_url": sandbox.token_url,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
    }


def _has_cassette(request: pytest.FixtureRequest) -> bool:
    return "korus_cassette" in request.fixturenames


def _as_recorded(path: Path) -> dict[str, Any]:
    """Return addresses and language as in the cassette, with invalid credentials."""
    found: dict[str, Any] = {
        "base_url": "https://api.sandbox.test",
        "token_url": "https://auth.sandbox.test/token",
    }
    cassette = cassettes.read(path) if path.is_file() else None
    for one in cassette.interactions if cassette else ():
        split = urlsplit(one.request.uri)
        before, version, _ = (
            re.split(r"(/v[0-9]+/)", split.path, maxsplit=1) if _API.search(split.path) else ("", "", "")
        )
        if any(name == "grant_type" for name, _ in one.request.body.get("form", ())):
            found["token_url"] = one.request.uri
        elif version and ("authorization" in one.request.headers or not before):
            found["base_url"] = f"{split.scheme}://{split.netloc}{before}"
    if cassette and cassette.header.language:
        found["language"] = cassette.header.language
    return {**found, "client_id": "replayed", "client_secret": "replayed"}


class _Ownership(pytest.Item):
    """Fails when a cassette belongs to no test."""

    folders: tuple[Path, ...] = ()
    owned: frozenset[Path] = frozenset()

    def runtest(self) -> None:
        """Look for files that no collected test has as its cassette."""
        found = set(cassettes.find(folder for folder in self.folders if folder.exists()))
        orphans = sorted(path for path in found if path not in self.owned)
        if orphans:
            root = self.config.rootpath
            lines = "".join(
                f"\n  {path.relative_to(root) if path.is_relative_to(root) else path}" for path in orphans
            )
            pytest.fail(f"cassettes that no test owns:{lines}")

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return the location of the check for pytest's report."""
        return self.path, None, self.name


def ownership_item(
    session: pytest.Session, config: pytest.Config, items: Iterable[pytest.Item]
) -> pytest.Item | None:
    """Return a check of the cassettes of all completely collected test modules, None if there are none.

    If all tests of the project are collected, folders of removed modules are checked too.
    """
    if any("::" in argument for argument in config.args):
        return None
    owned = {cassette_path(item) for item in items if "korus_cassette" in getattr(item, "fixturenames", ())}
    folders = {path.parent for path in owned}
    base = config.getini("korus_cassettes")
    if base and _collects_everything(config):
        folders = {config.rootpath / str(base)}
    made: Any = _Ownership
    check: _Ownership = made.from_parent(session, name="every cassette belongs to a test")
    check.folders, check.owned = tuple(sorted(folders)), frozenset(owned)
    return check


def _collects_everything(config: pytest.Config) -> bool:
    here = config.invocation_params.dir
    given = [(here / argument).resolve() for argument in config.args]
    wanted = [(config.rootpath / path).resolve() for path in config.getini("testpaths") or ["."]]
    return all(any(path.is_relative_to(one) for one in given) for path in wanted)
