"""Fixtures of all tests: a fresh sandbox, and a sync or async client that is connected to it.

With ``KORUS_TEST_HTTPX=httpx2`` the clients send through httpx2 (`httpx2_lane`).

Async tests run under asyncio; one that matters under trio too says so with
``@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])``.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from korus import AsyncKorus, Korus
    from korus.sandbox import Sandbox


# how fast examples come says something about the machine, not about korus; `make proof` draws more of them
settings.register_profile(
    "korus", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("proof", settings.get_profile("korus"), max_examples=200)
settings.load_profile("korus")


if os.environ.get("KORUS_TEST_HTTPX") == "httpx2":
    import httpx2_lane

    httpx2_lane.install()

# journals and copies of this repository are written by the thousand, and none of them has to outlive the tests
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own in it
_ENOUGH_BYTES = 2 * 1024**3


def pytest_configure() -> None:
    """Have temporary folders in memory where there is enough of it and programs may be started from it."""
    # a shell has what it runs in the background ignore interrupts, and every program started from there inherits it
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not os.access(_SHARED_MEMORY, os.R_OK | os.W_OK | os.X_OK):
        return
    found = os.statvfs(_SHARED_MEMORY)
    if found.f_bavail * found.f_frsize > _ENOUGH_BYTES and not found.f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_SHARED_MEMORY))


def pytest_collection_finish() -> None:
    # what was collected stays to the end: no garbage collection has to look through it
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the log of `korus book` out of the home of who runs the tests."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patched.delenv("KORUS_JOURNAL", raising=False)
        yield


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def as_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare with the version that the sandbox speaks, also where a newer one is being tracked."""
    from judging import description

    from korus.testing import descriptions, shipped

    spoken = descriptions.Description.of(json.loads(json.dumps(description(), default=str)))
    monkeypatch.setattr(shipped, "description", lambda: spoken)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the credentials of whoever runs the tests out of them."""
    for name in [
        name for name in os.environ if name.startswith("KORUS_") and not name.startswith("KORUS_TEST_")
    ]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _log_without_memory() -> None:
    """Let every test log what another has logged within the last minute."""
    throttled_log = sys.modules.get("korus._core.throttled_log")
    if throttled_log is not None:
        throttled_log.THROTTLE._quiet.clear()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    from korus.sandbox import Sandbox

    with Sandbox(seed=7) as running:
        yield running


@pytest.fixture
def share_time() -> Iterator[Callable[[Sandbox], Sandbox]]:
    """Have the clients of this process look at a sandbox's clock, where tests name days that will have passed."""
    from korus.testing.playing import time_of

    with ExitStack() as shared:

        def share(sandbox: Sandbox) -> Sandbox:
            shared.enter_context(time_of(sandbox.clock.now))
            return sandbox

        yield share


@pytest.fixture
def korus(sandbox: Sandbox) -> Iterator[Korus]:
    from korus import Korus

    with Korus(
        base_url=sandbox.base_url,
        token_url=sandbox.token_url,
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
    ) as client:
        yield client


@pytest.fixture
async def async_korus(sandbox: Sandbox) -> AsyncIterator[AsyncKorus]:
    from korus import AsyncKorus

    async with AsyncKorus(
        base_url=sandbox.base_url,
        token_url=sandbox.token_url,
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
    ) as client:
        yield client
