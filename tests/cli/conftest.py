"""`korus …` as one types it, against a sandbox whose calendar holds the weekend of the example."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from attrs import frozen

from korus.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from korus.sandbox import Sandbox


@frozen
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def own_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the commands' own log out of the home of who runs the tests; returns where it is."""
    state = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    monkeypatch.delenv("KORUS_JOURNAL", raising=False)
    return state / "korus" / "bookings.db"


@pytest.fixture
def sandbox(share_time: Callable[[Sandbox], Sandbox]) -> Iterator[Sandbox]:
    """Run a sandbox shortly before the days that these tests name."""
    from korus.sandbox import Sandbox

    with Sandbox(
        seed=7,
        now=datetime(2027, 5, 3, 9, tzinfo=UTC),
        first_day=date(2027, 5, 10),
        document_delay=timedelta(0),
    ) as running:
        yield share_time(running)


@pytest.fixture
def korus_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """Run `korus ARGUMENTS` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Ended:
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        status = left.value.code
        return Ended(status if isinstance(status, int) else 0, captured.out, captured.err)

    return run


@pytest.fixture
def at_the_sandbox(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, with the variables set that lead to it."""
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    return sandbox
