"""Watching calls, their attempts and actions: an event when one begins, and another when it ends."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Self

from attrs import define, field

from korus.hooks import (
    Action,
    ActionEnded,
    ActionStarted,
    AttemptEnded,
    AttemptStarted,
    Call,
    CallEnded,
    CallStarted,
)

if TYPE_CHECKING:
    from types import TracebackType

    from korus._core.observer import Observer

__all__ = ["ActionWatch", "AttemptWatch", "CallWatch", "action", "call"]

_COUNT = itertools.count(1)


def call(
    observer: Observer,
    operation: str,
    method: str,
    path: str | None = None,
    server: tuple[str | None, int | None] = (None, None),
) -> CallWatch:
    """Return what is entered for the time of a call."""
    return CallWatch(observer, Call(next(_COUNT), operation, method, path, *server))


def action(observer: Observer, name: str, lines: int | None = None) -> ActionWatch:
    """Return what is entered for the time of an action."""
    return ActionWatch(observer, Action(next(_COUNT), name, lines))


@define(eq=False)
class AttemptWatch:
    """One attempt of a call, from its beginning to its end.

    Attributes:
        added: Headers that hooks add to its request.
        headers: The headers of its answer, None before it comes.
        sent: True if the request may have left.
        status: The status of its answer.
        request_id: The id in its answer.
        error: What it ended in, where that is returned and not raised.
    """

    _observer: Observer
    _call: Call
    _number: int
    added: list[tuple[bytes, bytes]] = field(factory=list[tuple[bytes, bytes]])
    headers: Any = field(default=None, repr=False)
    sent: bool = False
    status: int | None = None
    request_id: str | None = None
    error: BaseException | None = None
    _started: float = 0.0

    def __enter__(self) -> Self:
        self._started = self._observer.monotonic()
        self._observer.emit(AttemptStarted(self._call, self._number))
        self.added = self._observer.request_headers()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._observer.emit(
            AttemptEnded(
                self._call,
                self._number,
                self._observer.monotonic() - self._started,
                self.sent,
                self.status,
                self.request_id,
                *_ended(self.error or error),
            )
        )


@define(eq=False)
class CallWatch:
    """One call, from its beginning to its end.

    Attributes:
        call: The call.
        attempts: How many attempts have begun.
        last: The last of them.
    """

    _observer: Observer
    call: Call
    attempts: int = 0
    last: AttemptWatch | None = None
    elapsed: float = 0.0
    _started: float = 0.0

    def attempt(self) -> AttemptWatch:
        """Return what is entered for the time of the next attempt."""
        self.attempts += 1
        self.last = AttemptWatch(self._observer, self.call, self.attempts)
        return self.last

    def __enter__(self) -> Self:
        self._started = self._observer.monotonic()
        self._observer.emit(CallStarted(self.call))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.elapsed = self._observer.monotonic() - self._started
        last = self.last
        self._observer.emit(
            CallEnded(
                self.call,
                self.elapsed,
                self.attempts,
                None if last is None else last.status,
                None if last is None else last.request_id,
                *_ended(error),
            )
        )


@define(eq=False)
class ActionWatch:
    """One action, from its beginning to its end."""

    _observer: Observer
    action: Action
    _started: float = 0.0

    def __enter__(self) -> Self:
        self._started = self._observer.monotonic()
        self._observer.emit(ActionStarted(self.action))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        elapsed = self._observer.monotonic() - self._started
        self._observer.emit(ActionEnded(self.action, elapsed, *_ended(error)))


def _ended(error: BaseException | None) -> tuple[str | None, bool]:
    """Return the name of the error's class, and whether it is a cancellation, which is no error."""
    if error is None:
        return None, False
    # of asyncio and trio, an interrupt, the end of the process: none of them is an `Exception`
    if not isinstance(error, Exception):
        return None, True
    return type(error).__name__, False
