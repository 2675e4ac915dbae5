"""Events that a program may listen to, for logs, traces and metrics.

A hook is a callable that takes one event; a client takes hooks with ``hooks=``. They are called in the thread and the
task of the call that they are about, at once and one after the other, so a hook has to be quick and must not wait. An
exception of a hook is logged and goes no further. What a hook calls with a client of korus makes no events.

Events hold no address, body, name, token or reference, only what is listed here. New kinds of events and new fields may
come with any version: leave out what you do not know.

Example:
    >>> from korus.hooks import CallEnded, Event
    >>> def count(event: Event) -> None:
    ...     if isinstance(event, CallEnded):
    ...         print(event.call.operation, event.status, event.elapsed)
    >>> korus = Korus.from_env(hooks=[count])  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Action",
    "ActionEnded",
    "ActionStarted",
    "AttemptEnded",
    "AttemptStarted",
    "BookingStep",
    "CacheHit",
    "Call",
    "CallEnded",
    "CallStarted",
    "Event",
    "Hook",
    "RateLimitMet",
    "RequestHeaders",
    "RetryScheduled",
    "SweepEnded",
    "TokenRenewed",
    "TurnScheduled",
]


@frozen
class Event:
    """Base class of all events."""


class Hook(Protocol):
    """Type of the members of ``hooks=``: a function, or an object with ``__call__``."""

    def __call__(self, event: Event, /) -> None:
        """Receive an event. Errors raised here are logged, and the call goes on."""
        ...


@runtime_checkable
class RequestHeaders(Protocol):
    """A hook that adds headers to the requests that are sent to the API, such as those of a trace.

    They are sent to the API's own origin only: neither to the token endpoint nor to a storage host.
    """

    def request_headers(self) -> Mapping[str, str]:
        """Return headers for the attempt whose `AttemptStarted` has just been passed to this hook."""
        ...


@frozen
class Call:
    """A call of one operation of the API, with all its attempts.

    Attributes:
        id: Unique in this process.
        operation: Its name, such as ``list_offers``; ``request`` for `Korus.request`, ``download`` for a file.
        method: The HTTP method.
        path: Its path with parameters in braces; None where there is no template.
        host: The server's name; None for a file, whose host is not the API's.
        port: The server's port; None for a file.
    """

    id: int
    operation: str
    method: str
    path: str | None = None
    host: str | None = None
    port: int | None = None


@frozen
class CallStarted(Event):
    """A call begins."""

    call: Call


@frozen
class CallEnded(Event):
    """A call has ended.

    Attributes:
        call: The call.
        elapsed: Seconds that it took, waits included.
        attempts: How often it was tried; 0 if its answer came from the cache.
        status: The HTTP status of the last answer, None if none came.
        request_id: The API's id of the last request, if it sent one.
        error: The name of the error's class, None for a success.
        cancelled: True if the caller cancelled or interrupted it, which is no error.
    """

    call: Call
    elapsed: float
    attempts: int = 0
    status: int | None = None
    request_id: str | None = None
    error: str | None = None
    cancelled: bool = False


@frozen
class AttemptStarted(Event):
    """One attempt of a call begins: it waits for a connection and for the token, and sends the request.

    Attributes:
        call: The call.
        number: Which attempt, from 1.
    """

    call: Call
    number: int


@frozen
class AttemptEnded(Event):
    """One attempt of a call has ended.

    Attributes:
        call: The call.
        number: Which attempt, from 1.
        elapsed: Seconds that it took.
        sent: True if the request may have left.
        status: The HTTP status, None if no answer came.
        request_id: The API's id of the request, if it sent one.
        error: The name of the error's class, None for a success.
        cancelled: True if the caller cancelled or interrupted it.
    """

    call: Call
    number: int
    elapsed: float
    sent: bool = False
    status: int | None = None
    request_id: str | None = None
    error: str | None = None
    cancelled: bool = False


@frozen
class RetryScheduled(Event):
    """An attempt has failed and the call will be tried again.

    Attributes:
        call: The call.
        number: Which attempt has failed, from 1.
        wait: Seconds until the next one.
        reason: The name of the error's class.
        status: The HTTP status, None if no answer came.
    """

    call: Call
    number: int
    wait: float
    reason: str
    status: int | None = None


@frozen
class RateLimitMet(Event):
    """The API has answered 429.

    Attributes:
        call: The call.
        retry_after: Seconds that the API asks to wait, None if it does not.
    """

    call: Call
    retry_after: float | None = None


@frozen
class TurnScheduled(Event):
    """A limit of the API is known, and an attempt waits for its turn so as not to exceed it.

    If the limit changes meanwhile, another wait follows. A turn that would come after the call's deadline is not waited
    for; the call ends at once.

    Attributes:
        call: The call.
        number: Which attempt waits, from 1.
        wait: Seconds until its turn.
    """

    call: Call
    number: int
    wait: float


@frozen
class CacheHit(Event):
    """A call is answered from the catalogue cache, or by another call for the same that was under way.

    Attributes:
        call: The call.
        age: How many seconds ago the API gave the answer, or said that it still holds.
        revalidated: True if the API was asked and said that it has not changed (304); else nothing is sent.
        waited: True if the other call brought it.
    """

    call: Call
    age: float = 0.0
    revalidated: bool = False
    waited: bool = False


@frozen
class TokenRenewed(Event):
    """The access token was renewed, or could not be.

    Attributes:
        elapsed: Seconds that it took.
        lifetime: Seconds that the new token holds, None if there is none.
        error: The name of the error's class, None for a success.
    """

    elapsed: float
    lifetime: float | None = None
    error: str | None = None


@frozen
class Action:
    """Something that takes several calls.

    Attributes:
        id: Unique in this process.
        name: ``book``, ``order``, ``recover`` or ``sweep``.
        lines: How many lines it is about, None if it is about none.
    """

    id: int
    name: str
    lines: int | None = None


@frozen
class ActionStarted(Event):
    """An action begins."""

    action: Action


@frozen
class ActionEnded(Event):
    """An action has ended.

    Attributes:
        action: The action.
        elapsed: Seconds that it took.
        error: The name of the error's class, None if it raised none.
        cancelled: True if the caller cancelled or interrupted it.
    """

    action: Action
    elapsed: float
    error: str | None = None
    cancelled: bool = False


@frozen
class BookingStep(Event):
    """An intent of the booking protocol has got further.

    Attributes:
        kind: ``hold`` or ``order``.
        intent: The intent's id, under which it is in the journal.
        state: ``intended``: written down. ``sending``: its request goes out. ``reconciling``: the answer was lost and
            the API is asked what exists. ``unknown``: asking did not settle it. ``settled``: its outcome is known.
        lines: How many lines it has.
        outcome: How many lines ended how, once settled: ``succeeded``, ``failed``; or ``refused``: all of them, by an
            error answer.
    """

    kind: Literal["hold", "order"]
    intent: str
    state: str
    lines: int
    outcome: Mapping[str, int] = field(factory=dict[str, int])


@frozen
class SweepEnded(Event):
    """A sweep of the mirror has ended.

    Attributes:
        kind: What was read, such as ``offers``.
        elapsed: Seconds that it took.
        read: How many items were read.
        added: How many of them were new.
        changed: How many had changed.
        removed: How many were gone.
        whole: True if everything in its scope was read; only then something may be removed.
        error: The name of the error's class, None if it was carried out.
    """

    kind: str
    elapsed: float
    read: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    whole: bool = True
    error: str | None = None


def __dir__() -> list[str]:
    return sorted(__all__)
