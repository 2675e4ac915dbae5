"""The pytest plugin: a user's tests record, replay, and fail for the right reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from korus.testing import shipped

pytest_plugins = ["pytester"]

PLUGINS = (
    "-p",
    "korus.testing.plugin",
    "-p",
    "pytest_recording.plugin",
    "-p",
    "anyio",
    "-p",
    "no:cacheprovider",
)
SHOP = """
import pytest

@pytest.mark.korus_cassette(purpose="The first catalogue of the shop.")
def test_first(korus, korus_cassette):
    assert korus.catalogs.list().first().name

@pytest.mark.anyio
@pytest.mark.korus_cassette(name="test_first")
async def test_first_with_await(async_korus, korus_cassette):
    assert (await async_korus.catalogs.list().first()).name

def test_without_a_cassette(korus, korus_sandbox):
    assert korus.catalogs.list().first().name
    assert korus_sandbox.inspect.requests["list_catalogs"] == 1
"""
CONFTEST = """
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """The cassette of the shop, recorded once by its own test.

    What the plugin imports late is imported here: pytester forgets modules that a run in this process has imported,
    and imports them a second time in the next.
    """
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_shop.py").write_text(SHOP)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        patched.delenv("PYTEST_ADDOPTS", raising=False)
        patched.chdir(folder)
        options = ("--import-mode=importlib", f"--rootdir={folder}", "--korus-record=missing", "-q")
        assert pytest.main([*PLUGINS, *options, str(folder)]) == pytest.ExitCode.OK
    for name in ("conftest", "test_shop"):
        sys.modules.pop(name, None)
    return (folder / "cassettes" / "test_shop" / "test_first.yaml").read_bytes()


@pytest.fixture
def project(pytester, recorded):
    """A project with a recorded cassette that both clients replay."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_shop=SHOP)
    path = cassette(pytester)
    path.parent.mkdir(parents=True)
    path.write_bytes(recorded)
    return pytester


@pytest.fixture(autouse=True)
def _few_plugins(monkeypatch, recorded):
    # starting every plugin of this project for each run takes longer than all of these tests
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def run(pytester, *arguments):
    return pytester.runpytest_inprocess(*PLUGINS, *arguments)


def cassette(project):
    return project.path / "cassettes" / "test_shop" / "test_first.yaml"


def test_recording_replays_to_sync_and_async_without_network(project):
    text = cassette(project).read_text()
    assert "purpose: The first catalogue of the shop." in text
    assert "origin: sandbox" in text
    before = cassette(project).stat().st_mtime_ns
    blocked = ("-p", "pytest_socket", "--disable-socket", "--allow-unix-socket")
    # the one run in a process of its own, as a user starts it
    replayed = project.runpytest_subprocess(*PLUGINS, "-k", "test_first", *blocked)
    replayed.assert_outcomes(passed=2, deselected=2)
    assert cassette(project).stat().st_mtime_ns == before


def test_without_being_asked_nothing_is_recorded(pytester):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_shop=SHOP)
    result = run(pytester, "-k", "test_first and not await")
    result.assert_outcomes(failed=1, errors=1, deselected=3)
    result.stdout.fnmatch_lines(
        [
            "ScenarioFailed: no cassette answers POST *: record it with --korus-record=missing",
            "*is answered by nothing in test_first.yaml. The cassette is empty or does not exist.*",
        ]
    )
    assert not cassette(pytester).exists()


def test_an_interaction_that_is_not_played_fails_the_run(project):
    project.makepyfile(
        test_shop=SHOP.replace(
            "    assert korus.catalogs.list().first().name\n\n@pytest.mark.anyio",
            "    pass\n\n@pytest.mark.anyio",
        )
    )
    result = run(project, "-k", "test_first and not await")
    result.assert_outcomes(passed=1, errors=1, deselected=3)
    result.stdout.fnmatch_lines(
        ["*has interactions that the test did not play:*", "*interaction 1: GET *catalogs*"]
    )


def test_a_deleted_interaction_fails_the_run_and_names_the_nearest(project):
    path = cassette(project)
    text = path.read_text()
    start = text.index("- at:", text.index("- at:") + 1)
    path.write_text(text[:start])
    result = run(project, "-k", "test_first and not await")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*is answered by nothing in test_first.yaml. The nearest is interaction 0,*"]
    )


def test_a_request_whose_error_the_program_swallows_fails_all_the_same(project):
    swallowing = SHOP.replace(
        "    assert korus.catalogs.list().first().name\n\n@pytest.mark.anyio",
        "    assert korus.catalogs.list().first().name\n"
        "    try:\n        korus.orders.list().first()\n    except BaseException:\n        pass\n\n@pytest.mark.anyio",
    )
    project.makepyfile(test_shop=swallowing)
    result = run(project, "-k", "test_first and not await")
    result.assert_outcomes(passed=1, errors=1, deselected=3)
    result.stdout.fnmatch_lines(["*GET */v1/booking/orders*", "*is answered by nothing*"])


@pytest.mark.proof
def test_a_cassette_that_no_test_owns_fails_the_run(project):
    orphan = cassette(project).with_name("test_gone.yaml")
    orphan.write_bytes(cassette(project).read_bytes())
    result = run(project)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*cassettes that no test owns:*", "*cassettes/test_shop/test_gone.yaml*"])
    run(project, "test_shop.py::test_first").assert_outcomes(passed=1)


@pytest.mark.proof
def test_only_old_cassettes_are_recorded_again(project):
    path = cassette(project)
    path.write_text(path.read_text().replace("recorded_at: '20", "recorded_at: '19", 1))
    run(project, "-k", "test_first", "--korus-rerecord-older-than=1900-01-01").assert_outcomes(
        passed=2, deselected=2
    )
    assert "recorded_at: '19" in path.read_text()
    run(project, "-k", "test_first", "--korus-rerecord-older-than=2000-01-01").assert_outcomes(
        passed=2, deselected=2
    )
    assert "recorded_at: '20" in path.read_text()
    result = run(project, "-k", "test_first", "--korus-rerecord-older-than=yesterday")
    result.stdout.fnmatch_lines(["*must be an ISO date, got 'yesterday'*"])


def test_failing_recording_keeps_the_old_cassette(project):
    before = cassette(project).read_bytes()
    project.makepyfile(
        test_shop=SHOP.replace(
            "assert korus.catalogs.list().first().name\n\n",
            "assert not korus.catalogs.list().first().name\n\n",
            1,
        )
    )
    result = run(project, "-k", "test_first and not await", "--korus-record=all")
    assert result.ret == 1
    assert cassette(project).read_bytes() == before


def test_a_cassette_is_checked_against_a_description_when_asked(project):
    release = Path(__file__).resolve().parents[2] / "openapi" / "release.yaml"
    exceptions = shipped.EXCEPTIONS
    asked = (f"--korus-check={release}", f"--korus-exceptions={exceptions}", "-k", "test_first and not await")
    run(project, *asked).assert_outcomes(passed=1, deselected=3)
    run(project, "--korus-check=current", *asked[2:]).assert_outcomes(passed=1, deselected=3)
    path = cassette(project)
    path.write_text(path.read_text().replace("lastSyncedAt: '", "lastSyncedAt: 'never ", 1))
    result = run(project, *asked)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["format *response body /member/0/lastSyncedAt*never*"])


def test_recording_a_real_environment_without_credentials_is_refused(project, monkeypatch):
    monkeypatch.delenv("KORUS_CLIENT_ID", raising=False)
    monkeypatch.delenv("KORUS_CLIENT_SECRET", raising=False)
    result = run(project, "--korus-record=all", "--korus-environment=settings")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*needs KORUS_CLIENT_ID, KORUS_CLIENT_SECRET*nothing was recorded*"])


def test_two_ways_of_recording_at_once_are_refused(project):
    project.makepyfile(
        test_shop=SHOP.replace(
            "@pytest.mark.korus_cassette(p", "@pytest.mark.vcr\n@pytest.mark.korus_cassette(p", 1
        )
    )
    result = run(project, "-k", "test_first and not await")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*korus_cassette and pytest.mark.vcr would both record*"])


@pytest.mark.proof
def test_pytest_recordings_own_option_is_understood(project):
    cassette(project).unlink()
    run(project, "-k", "test_first", "--record-mode=once").assert_outcomes(passed=2, deselected=2)
    assert cassette(project).exists()
    result = run(project, "-k", "test_first", "--record-mode=new_episodes")
    result.stdout.fnmatch_lines(["*a cassette of korus is one whole scenario*"])


def test_plugin_is_discovered_and_imports_nothing_heavy_or_optional():
    code = (
        "import sys, pytest, importlib.metadata; before = set(sys.modules); "
        "[found] = [one for one in importlib.metadata.entry_points(group='pytest11') if one.name == 'korus']; "
        "found.load(); print(found.value, *sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"korus.testing.plugin", "korus"}


def test_a_run_without_the_extra_is_not_disturbed(pytester):
    missing = "('vcr', 'yaml', 'jsonschema_rs', 'detect_secrets', 'starlette', 'uvicorn', 'pytest_recording')"
    pytester.makeconftest(f"import sys\nfor name in {missing}:\n    sys.modules[name] = None\n")
    pytester.makepyfile("def test_plain():\n    assert True\n")
    pytester.runpytest_subprocess("-p", "korus.testing.plugin").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("missing", "fixture"),
    [
        ("vcr", "korus_cassette"),
        ("jsonschema_rs", "korus"),
        ("yaml", "async_korus"),
        ("starlette", "korus"),
        ("starlette", "korus_sandbox"),
    ],
)
def test_a_fixture_without_the_extra_names_the_extra(pytester, missing, fixture):
    pytester.makeconftest(f"import sys\nsys.modules[{missing!r}] = None\n")
    pytester.makepyfile(f"def test_it({fixture}):\n    assert True\n")
    result = pytester.runpytest_subprocess("-p", "korus.testing.plugin", "-p", "anyio")
    assert result.ret != 0
    text = result.stdout.str() + result.stderr.str()
    assert "needs the extra 'testing' of korus: pip install 'korus-sdk[testing]'" in text
    assert "INTERNALERROR" not in text


ASYNC = """
import asyncio, gc, warnings
import pytest

loops = []

{marker}
@pytest.mark.parametrize("again", [1, 2])
async def test_with_a_sandbox(async_korus, korus_sandbox, again):
    assert (await async_korus.catalogs.list().first()).name
    assert korus_sandbox.inspect.requests["list_catalogs"] == 1

{marker}
@pytest.mark.korus_cassette(name="test_first")
async def test_with_a_cassette(async_korus, korus_cassette):
    assert (await async_korus.catalogs.list().first()).name

class TestInAClass:
    {marker}
    async def test_method(self, async_korus):
        assert [catalog.name async for catalog in async_korus.catalogs.list()]

{marker}
async def test_that_fails(async_korus):
    await async_korus.catalogs.list().first()
    raise AssertionError("as it should")
"""


@pytest.mark.parametrize("runner", ["asyncio strict", "asyncio auto", "anyio", "anyio auto", "both"])
def test_the_async_client_works_whichever_plugin_runs_the_test(pytester, recorded, runner):
    plugins = {
        "asyncio strict": ("-p", "pytest_asyncio.plugin", "-p", "anyio"),
        "asyncio auto": ("-p", "pytest_asyncio.plugin", "-o", "asyncio_mode=auto"),
        "anyio": ("-p", "anyio"),
        "anyio auto": ("-p", "anyio", "-o", "anyio_mode=auto"),
        "both": ("-p", "pytest_asyncio.plugin", "-p", "anyio"),
    }[runner]
    marker = {
        "asyncio strict": "@pytest.mark.asyncio",
        "anyio": "@pytest.mark.anyio",
        "both": "@pytest.mark.anyio",
    }
    pytester.makeconftest(CONFTEST if "anyio" in runner or runner == "both" else "")
    pytester.makepyfile(test_shop=ASYNC.format(marker=marker.get(runner, "")))
    path = cassette(pytester)
    path.parent.mkdir(parents=True)
    path.write_bytes(recorded)
    scope = (
        ("-o", "asyncio_default_fixture_loop_scope=function") if "pytest_asyncio.plugin" in plugins else ()
    )
    result = pytester.runpytest_inprocess(
        "-p",
        "korus.testing.plugin",
        "-p",
        "pytest_recording.plugin",
        *plugins,
        *scope,
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
    )
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: as it should*"])
    assert "ResourceWarning" not in result.stdout.str()


def test_the_marker_gives_the_sandbox_its_arguments(pytester):
    pytester.makepyfile(
        test_shop="""
        import pytest

        @pytest.mark.korus_sandbox(offers=60, seed=3)
        def test_a_small_one(korus, korus_sandbox):
            catalog = korus.catalogs.list().first()
            before = korus.offers.list(catalog).total()
            korus_sandbox.catalog.remove(korus.offers.list(catalog).first().iri)
            assert (before, korus.offers.list(catalog).total(), korus_sandbox.seed) == (60, 59, 3)
        """
    )
    run(pytester, "--strict-markers").assert_outcomes(passed=1)


ODD = """
import datetime
import pytest

@pytest.mark.xfail(strict=True, reason="a bug")
def test_bug(korus, korus_cassette):
    korus.catalogs.list().first()
    assert False

@pytest.mark.xfail(strict=True, reason="a bug")
@pytest.mark.korus_cassette(name="test_bug")
def test_mended(korus, korus_cassette):
    korus.orders.list().first()

@pytest.mark.xfail(strict=True, reason="a bug")
@pytest.mark.korus_cassette(name="test_bug")
def test_mended_and_swallowed(korus, korus_cassette):
    try:
        korus.orders.list().first()
    except BaseException:
        pass
    assert False

def test_skips(korus, korus_cassette):
    korus.catalogs.list().first()
    pytest.skip("not today")

times = []

def test_unstable(korus, korus_cassette):
    times.append(1)
    (korus.orders if len(times) > 1 else korus.catalogs).list().first()

@pytest.mark.anyio
async def test_stable(async_korus, korus_cassette):
    assert await async_korus.catalogs.list().first()

def test_time(korus, korus_cassette, korus_recorded_time):
    now = datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta() <= now - korus_cassette.recorded_at < datetime.timedelta(minutes=1)
    assert korus_recorded_time == korus_cassette.recorded_at
    korus.catalogs.list().first()
"""


def test_a_recording_is_replayed_once_and_its_own_failures_are_never_expected(pytester):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_odd=ODD)
    result = run(pytester, "-k", "not mended", "--korus-record=missing")
    result.assert_outcomes(passed=4, skipped=1, xfailed=1, errors=1, deselected=2)
    result.stdout.fnmatch_lines(["This recording is not kept, because the test fails when it is replayed:"])
    folder = pytester.path / "cassettes" / "test_odd"
    assert sorted(path.stem for path in folder.iterdir()) == [
        "test_bug",
        "test_skips",
        "test_stable",
        "test_time",
    ]
    for path in folder.iterdir():
        path.write_text(path.read_text().replace("recorded_at: '20", "recorded_at: '19", 1))
    result = run(pytester, "-k", "not unstable", "-rA")
    result.assert_outcomes(passed=3, skipped=1, xfailed=2, errors=2, failed=1, deselected=1)
    result.stdout.fnmatch_lines_random(
        [
            "FAILED *::test_mended - NotRecorded: GET *",
            "ERROR *::test_mended_and_swallowed - ScenarioFailed: GET *",
            "XFAIL *::test_bug*",
        ]
    )
