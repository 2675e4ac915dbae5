"""Counts of the calls of a soak."""

from __future__ import annotations

import threading
import time
import traceback
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from korus.errors import (
    AnswerMismatch,
    ConfigurationError,
    InvalidArgument,
    JournalFailed,
    KorusError,
    NotFound,
    OperationUnavailable,
    PermissionDenied,
    ReservationUnusable,
)
from scripts.soak.calls import Ask, WrongAnswer

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from scripts.soak.calls import Steps

__all__ = ["Tally"]

_MOST_DETAILS: Final = 20
_COUNTERS: Final = ("calls", "errors", "unexplained", "foreign")
_NUMBERS: Final = ("succeeded", "cancelled", "wrong", "overran")
# no fault of the soak causes these, except for a hold that has ended: `ReservationUnusable`
_UNEXPLAINED: Final = (
    ConfigurationError,
    JournalFailed,
    InvalidArgument,
    OperationUnavailable,
    NotFound,
    PermissionDenied,
)


class Tally:
    """Counts of the threads and tasks of one process.

    Attributes:
        calls: Calls that were started, by kind.
        errors: korus's own errors, by class.
        unexplained: Those of them that no fault of the soak explains.
        foreign: Other exceptions and reports, by class.
        succeeded: Calls that were answered.
        cancelled: Calls that were cancelled as requested.
        wrong: Answers to another request.
        overran: Calls that exceeded their time limit.
        details: Descriptions of the problems, without content of answers.

    Args:
        deadline: The time limit of a request in seconds.
        slack: Seconds that a call may take beyond its deadlines, since the machine may be busy.
    """

    def __init__(self, deadline: float, slack: float) -> None:
        self.deadline = deadline
        self.slack = slack
        self._lock = threading.Lock()
        self.calls: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.unexplained: Counter[str] = Counter()
        self.foreign: Counter[str] = Counter()
        self.succeeded = self.cancelled = self.wrong = self.overran = 0
        self.details: list[str] = []

    def like(self) -> Tally:
        """Return an empty tally with the same limits, for a forked child, since this one's lock may be held."""
        return Tally(self.deadline, self.slack)

    def seconds(self, ask: Ask) -> float:
        """Return the time limit of a call."""
        return ask.requests * self.deadline + self.slack

    def next(self, steps: Steps, answer: Any) -> Ask | None:
        """Return the next call after an answer, or the first; None after the last, or after a wrong answer."""
        try:
            ask = steps.send(answer)
        except StopIteration:
            return None
        except WrongAnswer as error:
            self.note_wrong(_place(error))
            return None
        with self._lock:
            self.calls[ask.kind] += 1
        return ask

    @contextmanager
    def call(self, ask: Ask, results: list[Any]) -> Generator[None]:
        """Count the end of a call; add its answer to ``results``."""
        began = time.monotonic()
        try:
            yield
        except KorusError as error:
            self._note_error(ask, error)
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            self.note_foreign(type(error).__name__, f"{ask.kind}: {_place(error)}")
        finally:
            took = time.monotonic() - began
            if took > self.seconds(ask):
                self.note_overrun(f"{ask.kind}: {took:.1f} s instead of {self.seconds(ask):.1f} s")
        if results:
            with self._lock:
                self.succeeded += 1

    def note_cancelled(self) -> None:
        """Count a call that was cancelled."""
        with self._lock:
            self.cancelled += 1

    def note_wrong(self, detail: str) -> None:
        """Count an answer to another request."""
        with self._lock:
            self.wrong += 1
            self.say(f"wrong answer: {detail}")

    def note_overrun(self, detail: str) -> None:
        """Count a call that took too long."""
        with self._lock:
            self.overran += 1
            self.say(f"overran: {detail}")

    def note_foreign(self, name: str, detail: str) -> None:
        """Count an error that is not korus's."""
        with self._lock:
            self.foreign[name] += 1
            self.say(f"foreign {name}: {detail}")

    def _note_error(self, ask: Ask, error: KorusError) -> None:
        name = type(error).__name__
        if isinstance(error, AnswerMismatch):
            self.note_wrong(f"refused by korus as {name} of {error.operation}")
        with self._lock:
            self.errors[name] += 1
            if isinstance(error, _UNEXPLAINED) and not isinstance(error, ReservationUnusable):
                self.unexplained[name] += 1
                self.say(f"unexplained {name}: {ask.kind}: {error}")

    def say(self, detail: str) -> None:
        """Add to the details."""
        if len(self.details) < _MOST_DETAILS:
            self.details.append(detail)

    def add(self, found: Mapping[str, Any]) -> None:
        """Add the counts of another process."""
        with self._lock:
            for name in _COUNTERS:
                getattr(self, name).update(found[name])
            for name in _NUMBERS:
                setattr(self, name, getattr(self, name) + found[name])
            for detail in found["details"]:
                self.say(f"in a child: {detail}")

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain JSON."""
        with self._lock:
            return {name: getattr(self, name) for name in (*_COUNTERS, *_NUMBERS, "details")}


def _place(error: BaseException) -> str:
    """Return the location of an error, innermost frame last."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)
