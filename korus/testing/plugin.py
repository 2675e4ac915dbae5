"""pytest plugin of korus: fixtures and options for tests with recorded traffic.

``korus_sandbox`` is a running sandbox; ``korus`` and ``async_korus`` are the sync and the async client. In a test that
also requests ``korus_cassette``, the cassette of the test answers them, or records them.

pytest loads this module in every environment where korus is installed, with or without the extra
``korus-sdk[testing]``. Nothing heavy and nothing optional is imported at the top; the work is done in
`korus.testing.playing`.
"""

from __future__ import annotations

import functools
import inspect
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
    from datetime import datetime

    from korus import AsyncKorus, Korus
    from korus.sandbox import Sandbox
    from korus.testing.observing import Observed
    from korus.testing.playing import Scenario

__all__: list[str] = []

# far enough ahead that all recorded bookings are in the future
_FIRST_RECORDED_DAY = date(2030, 4, 15)


@contextmanager
def _needs_extra(what: str) -> Generator[None]:
    """Name the extra when one of its packages is missing."""
    try:
        yield
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] in {"korus", "korus_api"}:
            raise
        from korus._core.distribution import install_hint  # noqa: PLC0415 - only when one is missing

        raise pytest.UsageError(
            f"{what} needs the extra 'testing' of korus: {install_hint('testing')} ({error})"
        ) from None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and settings, all of them named after korus."""
    group = parser.getgroup("korus", "recorded traffic with korus")
    group.addoption(
        "--korus-record",
        choices=("none", "missing", "all"),
        default=None,
        help="none: only replay (the default); missing: record cassettes that do not exist; all: record all again",
    )
    group.addoption(
        "--korus-rerecord-older-than",
        metavar="DATE",
        default=None,
        help="record again the cassettes that were recorded before this ISO date",
    )
    group.addoption(
        "--korus-environment",
        choices=("sandbox", "settings"),
        default="sandbox",
        help="record against the sandbox (the default) or against what the KORUS_* settings name",
    )
    group.addoption(
        "--korus-check",
        metavar="FILE",
        default=None,
        help="fail a test whose cassette is not what this OpenAPI description says; `current` is the one of korus",
    )
    group.addoption(
        "--korus-exceptions",
        metavar="FILE",
        default=None,
        help="known exceptions for --korus-check, each with a reason",
    )
    parser.addini(
        "korus_cassettes",
        "folder of the cassettes, below the root; without it they are in `cassettes` beside each test module",
        default="",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker, and keep the settings that a recording may need."""
    config.addinivalue_line(
        "markers",
        "korus_cassette(purpose=None, name=None, volatile=()): what the cassette of the test shows, its file name "
        "if it is not the test's, and the places of requests that are not compared",
    )
    config.addinivalue_line(
        "markers", "korus_sandbox(**arguments): the arguments of the sandbox, such as offers=200 or living=5"
    )
    if config.getoption("--korus-environment", default="sandbox") == "settings":
        with _needs_extra("--korus-environment"):
            from korus.testing.playing import keep_settings  # noqa: PLC0415 - only when asked for

        keep_settings(config)


def pytest_report_header() -> list[str]:
    """Return a warning if the other distribution with a package `korus` is installed too."""
    from korus._core.distribution import conflict  # noqa: PLC0415 - nothing of korus is imported at the top

    warning = conflict()
    return [f"korus: warning: {warning}"] if warning else []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add a check that every cassette belongs to a test, where tests have cassettes."""
    scenarios = [item for item in items if "korus_cassette" in getattr(item, "fixturenames", ())]
    for item in scenarios:
        if item.get_closest_marker("vcr"):
            raise pytest.UsageError(
                f"{item.nodeid}: korus_cassette and pytest.mark.vcr would both record; use one of them"
            )
    if scenarios:
        with _needs_extra("korus_cassette"):
            from korus.testing.playing import ownership_item  # noqa: PLC0415 - only when there are cassettes

        check = ownership_item(session, config, items)
        if check is not None:
            items.append(check)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test ran to its end; a failure of the recording is never an expected failure."""
    report = yield
    if "korus_cassette" in getattr(item, "fixturenames", ()):
        from korus.testing.playing import PASSED, TOLD, is_own_failure  # noqa: PLC0415 - only for tests with a cassette

        if call.excinfo is not None and is_own_failure(call.excinfo.value):
            report.outcome, report.longrepr = (
                "failed",
                f"{type(call.excinfo.value).__name__}: {call.excinfo.value}",
            )
            vars(report).pop("wasxfail", None)
        if call.when == "call":
            item.stash[PASSED] = report.passed or report.skipped
            item.stash[TOLD] = report.passed
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Replay a test once after recording it: a recording that cannot be replayed is discarded."""
    done = yield
    if "korus_cassette" in getattr(item, "fixturenames", ()):
        from _pytest.runner import runtestprotocol  # noqa: PLC0415 - as every plugin that runs a test again

        from korus.testing.playing import replay_once  # noqa: PLC0415 - only for tests with a cassette

        failed = replay_once(item, lambda: runtestprotocol(item, nextitem=nextitem, log=False))
        if failed is not None:
            item.ihook.pytest_runtest_logreport(report=failed)
    return done


@pytest.fixture
def korus_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A fresh sandbox: a KorusTicket API with state, on loopback.

    The marker ``korus_sandbox`` sets its arguments: ``@pytest.mark.korus_sandbox(offers=200, living=5)``.
    Its offers begin today; in a recording they always begin on the same day, so that recordings are equal.
    """
    with _needs_extra("korus_sandbox"):
        from korus.sandbox import Sandbox as Running  # noqa: PLC0415 - an extra

    node: Any = request.node
    marker = node.get_closest_marker("korus_sandbox")
    arguments: dict[str, Any] = {"seed": 7, **({} if marker is None else marker.kwargs)}
    if "korus_cassette" in request.fixturenames:
        arguments.setdefault("first_day", _FIRST_RECORDED_DAY)
    with Running(**arguments) as sandbox:
        yield sandbox


@pytest.fixture
def korus_observed() -> Observed:
    """Events and spans of the clients that use its ``hooks``."""
    from korus.testing.observing import Observed as Collecting  # noqa: PLC0415 - heavier than the plugin may be

    return Collecting()


@pytest.fixture
def korus_cassette(request: pytest.FixtureRequest) -> Iterator[Scenario]:
    """The cassette of this test, answering or recording."""
    with _needs_extra("korus_cassette"):
        from korus.testing.playing import play  # noqa: PLC0415 - needs the extra

    with play(request) as scenario:
        yield scenario


@pytest.fixture
def korus_recorded_time(korus_cassette: Scenario) -> Iterator[datetime]:
    """Time of the recording: the clock of the whole program is set to it while the cassette answers.

    Needs the package time-machine. korus itself always uses the time of the recording.
    """
    from korus.testing.playing import frozen_time  # noqa: PLC0415 - needs the extra

    with frozen_time(korus_cassette) as moment:
        yield moment


@pytest.fixture
def _korus_settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Arguments of a client in this test."""
    with _needs_extra("the fixture korus"):
        from korus.testing.playing import settings_for  # noqa: PLC0415 - needs the extra

    return settings_for(request)


@pytest.fixture
def korus(_korus_settings: dict[str, Any]) -> Iterator[Korus]:
    """A client, connected to the test's cassette if it requests one, otherwise to a sandbox."""
    from korus import Korus as Client  # noqa: PLC0415 - heavier than the plugin may be

    with Client(**_korus_settings) as client:
        yield client


@pytest.fixture
def async_korus(request: pytest.FixtureRequest, _korus_settings: dict[str, Any]) -> Iterator[AsyncKorus]:
    """An async client, for tests run by anyio's plugin (installed with httpx) or by pytest-asyncio."""
    if "anyio_backend" in request.fixturenames:
        yield request.getfixturevalue("_anyio_korus")
        return
    from korus import AsyncKorus as Client  # noqa: PLC0415 - heavier than the plugin may be

    client = Client(**_korus_settings)
    node: Any = request.node
    test = node.obj
    if inspect.iscoroutinefunction(test):
        # connections belong to the event loop of the test, which has ended when fixtures are torn down
        node.obj = _closing(client, test)
    yield client
    node.obj = test  # it may be run again


def _closing(client: AsyncKorus, test: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(test)
    async def closing(*args: Any, **kwargs: Any) -> Any:
        async with client:
            return await test(*args, **kwargs)

    return closing


@pytest.fixture
async def _anyio_korus(anyio_backend: Any, _korus_settings: dict[str, Any]) -> AsyncIterator[AsyncKorus]:  # noqa: ARG001
    from korus import AsyncKorus as Client  # noqa: PLC0415 - heavier than the plugin may be

    async with Client(**_korus_settings) as client:
        yield client
