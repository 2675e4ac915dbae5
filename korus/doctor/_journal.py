"""Checks of the deployment's assumptions a7 (a shared journal is set) and a8 (its clock runs forward).

Nothing is written to the journal. An SQLite file is not opened, since its clock is this machine's.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from attrs import frozen

from korus.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    from korus._core.config import Config
    from korus.doctor._report import Report

__all__ = ["JournalWatch"]

_TOLERANCE = 1.0
_SECONDS = 10.0
"""Seconds within which the database must return its clock."""
_APART_SECONDS = 60


@frozen
class _Sample:
    """Database time, compared with this machine's clocks.

    Attributes:
        monotonic: The monotonic time of the query.
        took: The duration of the query in seconds.
        apart: The seconds by which it is ahead of this machine's.
        time: The database's time.
    """

    monotonic: float
    took: float
    apart: float
    time: float


def _bounded(ask: Callable[[], float]) -> float:
    """Return the result of a query; raise TimeoutError if it hangs, since drivers have no common time limit."""
    answers: list[float | Exception] = []

    def work() -> None:
        try:
            answers.append(ask())
        except Exception as error:  # noqa: BLE001 (raised by who waits)
            answers.append(error)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(_SECONDS)
    if not answers:
        raise TimeoutError
    if isinstance(answers[0], Exception):
        raise answers[0]
    return answers[0]


class JournalWatch:
    """Watch on the journal of a client's settings, which reads its clock several times while the doctor runs.

    Args:
        config: The settings.
        report: The report.
        now: Returns the time in seconds since the epoch, instead of the database's clock.
    """

    def __init__(self, config: Config, report: Report, now: Callable[[], float] | None = None) -> None:
        self._report = report
        self._samples: list[_Sample] = []
        self._engine: Engine | None = None
        self._now = now
        if config.journal is None:
            text = "no journal is set (journal=, KORUS_JOURNAL); a log in memory is not shared"
            report.assume("a7", "broken", text)
            report.leave("a8", "no journal is set")
            return
        from korus._sql import open_engine  # noqa: PLC0415 (an extra)

        try:
            engine, file = open_engine(config.journal, "the journal", in_memory="the journal is in memory")
        except ConfigurationError as error:
            self._unusable(error.message)
            return
        if engine.dialect.name == "sqlite":
            engine.dispose()
            self._file(file)
        else:
            self._engine = engine
            self._now = now or self._ask
            self.look()

    def look(self) -> None:
        """Read the journal's clock again."""
        if self._now is None:
            return
        before = time.monotonic()
        try:
            said = _bounded(self._now)
        except Exception as error:  # noqa: BLE001 (whatever a driver raises)
            self._now = None
            self._unusable(f"its database does not answer: {type(error).__name__}")
            return
        took = time.monotonic() - before
        self._samples.append(_Sample(before + took / 2, took, said - time.time() + took / 2, said))

    def close(self) -> None:
        """Read the clock for the last time, and report the results."""
        self.look()
        if self._engine is not None:
            self._engine.dispose()
        if self._now is None:
            return
        if self._engine is not None:
            kind = self._engine.dialect.name
            self._report.assume(
                "a7", "held", f"a journal in {kind} is set; all processes that book must use it"
            )
        self._judge()

    def _judge(self) -> None:
        first, last = self._samples[0], self._samples[-1]
        for one, next_one in zip(self._samples, self._samples[1:], strict=False):
            passed, ran = next_one.monotonic - one.monotonic, next_one.time - one.time
            if ran < -one.took - next_one.took or abs(ran - passed) > _TOLERANCE + one.took + next_one.took:
                text = f"its clock went {ran:+.1f} s while {passed:.1f} s passed on this machine"
                self._report.assume("a8", "broken", text)
                return
        text = f"its clock ran forward for {last.monotonic - first.monotonic:.1f} s"
        if abs(last.apart) > _APART_SECONDS:
            text += (
                f"; it is {abs(last.apart):.0f} s {'ahead of' if last.apart > 0 else 'behind'} this machine's"
            )
        self._report.assume("a8", "held", text)

    def _ask(self) -> float:
        from korus._sql import database_time  # noqa: PLC0415 (an extra)

        assert self._engine is not None  # noqa: S101 (set where this method is chosen)
        with self._engine.connect() as connection:
            return database_time(connection)

    def _file(self, file: Path | None) -> None:
        """Check the folder of an SQLite file."""
        if file is not None and not os.access(file if file.exists() else file.parent, os.W_OK):
            self._unusable("its file cannot be written")
            return
        self._now = self._now or time.time
        text = "an SQLite file is set; it is shared only by the processes of this machine that use it"
        self._report.assume("a7", "held", text)
        self.look()

    def _unusable(self, reason: str) -> None:
        self._report.assume("a7", "broken", f"a journal is set, but {reason}")
        self._report.leave("a8", "the journal cannot be used")
        self._report.step(
            "settings", "journal", "warning", reason, "Bookings fail without it; see docs/howto/recover.md."
        )
