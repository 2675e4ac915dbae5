"""Passing events on to the hooks of a client. A hook that fails breaks nothing."""

from __future__ import annotations

import itertools
import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Self

from attrs import define, field

from korus._core.headers import is_header
from korus.hooks import (
    Action,
    ActionEnded,
    ActionStarted,
    AttemptEnded,
    AttemptStarted,
    Call,
    CallEnded,
    CallStarted,
    RequestHeaders,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from korus.hooks import Event, Hook

__all__ = ["ActionWatch", "AttemptWatch", "CallWatch", "Observer"]

_HTTP = logging.getLogger("korus.http")
_COUNT = itertools.count(1)
# True inside a hook: what it calls makes no events, or it would be called without end
_INSIDE: ContextVar[bool] = ContextVar("korus_inside_hook", default=False)


class Observer:
    """The hooks of one client.

    Args:
        hooks: The hooks.
        monotonic: The clock.
    """

    __slots__ = ("_adding", "_log", "hooks", "monotonic")

    def __init__(self, hooks: Sequence[Hook], monotonic: Callable[[], float]) -> None:
        self.hooks = tuple(hooks)
        self.monotonic = monotonic
        self._log: Callable[[Event], None] | None = None
        self._adding = tuple(hook for hook in self.hooks if isinstance(hook, RequestHeaders))

    @property
    def is_on(self) -> bool:
        """Return True if anybody listens."""
        return bool(self.hooks) or _HTTP.isEnabledFor(logging.INFO)

    def emit(self, event: Event) -> None:
        """Pass an event on to the log and to all hooks."""
        if _INSIDE.get():
            return
        if self._log is None:
            from korus._core.event_log import log_event  # noqa: PLC0415 (a client that nobody listens to needs none of it)

            self._log = log_event
        self._log(event)
        if not self.hooks:
            return
        before = _INSIDE.set(True)
        try:
            for hook in self.hooks:
                try:
                    hook(event)
                except Exception as error:  # noqa: BLE001 - a hook never breaks a call
                    from korus._core.event_log import log_failure  # noqa: PLC0415

                    log_failure(hook, error)
        finally:
            _INSIDE.reset(before)

    def request_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers that hooks add to the attempt that has just started."""
        found: list[tuple[bytes, bytes]] = []
        if _INSIDE.get():
            return found
        for hook in self._adding:
            try:
                added = hook.request_headers()
                found += [
                    (name.encode(), value.encode()) for name, value in added.items() if is_header(name, value)
                ]
            except Exception as error:  # noqa: BLE001 - see above
                from korus._core.event_log import log_failure  # noqa: PLC0415

                log_failure(hook, error)
        return found

    def call(
        self,
        operation: str,
        method: str,
        path: str | None = None,
        host: str | None = None,
        port: int | None = None,
    ) -> CallWatch:
        """Return what is entered for the time of a call."""
        return CallWatch(self, Call(next(_COUNT), operation, method, path, host, port))

    def action(self, name: str, lines: int | None = None) -> ActionWatch:
        """Return what is entered for the time of an action."""
        return ActionWatch(self, Action(next(_COUNT), name, lines))


@define(eq=False)
class AttemptWatch:
    """One attempt of a call, from its beginning to its end.

    Attributes:
        added: Headers that hooks add to its request.
        headers: The headers of its answer, None as long as there is none.
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
