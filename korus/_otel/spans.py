"""Spans of OpenTelemetry for calls, attempts, bookings and sweeps.

Names and attributes follow OpenTelemetry's semantic conventions for HTTP clients; what they do not name begins with
``korus.``. No span holds an address, a body, a person or an external reference.
"""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from attrs import frozen
from opentelemetry import context, trace
from opentelemetry.trace import NoOpTracer, ProxyTracerProvider, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from korus._version import __version__
from korus.hooks import (
    ActionEnded,
    ActionStarted,
    AttemptEnded,
    AttemptStarted,
    BookingStep,
    CacheHit,
    CallEnded,
    CallStarted,
    RateLimitMet,
    RetryScheduled,
    SweepEnded,
    TokenRenewed,
    TurnScheduled,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer, TracerProvider

    from korus.hooks import Event

__all__ = ["Spans"]

_BEGINNINGS = frozenset({CallStarted, ActionStarted})
_INSTRUMENTATION = "opentelemetry.instrumentation.httpx"


@frozen
class _Open:
    """A span that has begun, the context that it made, and the one before."""

    span: Span
    inside: Context
    before: Context


class Spans:
    """The spans of a client's calls and actions.

    Args:
        tracer_provider: Where spans go; the global one when left out.
    """

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        self._provider = tracer_provider
        self._tracer: Tracer | None = None
        self._propagator = TraceContextTextMapPropagator()
        self._open: dict[tuple[object, ...], _Open] = {}

    def headers(self) -> Mapping[str, str]:
        """Return the headers of the current trace."""
        headers: dict[str, str] = {}
        if not _is_instrumented():
            self._propagator.inject(headers)
        return headers

    def take(self, event: Event) -> None:
        """Begin a span, end it, or add to the current one."""
        if self._tracer is None and type(event) in _BEGINNINGS:
            self._tracer = _tracer(self._provider)
        # whose spans nobody sees; as long as no SDK is set up, the next call looks again
        if self._tracer is None or isinstance(self._tracer, NoOpTracer):
            return
        match event:
            case CallStarted(call):
                about = {"korus.operation": call.operation, "http.request.method": call.method}
                self._begin((CallStarted, call.id), call.operation, about)
            case CallEnded():
                self._end_call(event)
            case AttemptStarted():
                if not _is_instrumented():
                    self._begin_attempt(event)
            case AttemptEnded():
                self._end_attempt(event)
            case ActionStarted(action):
                lines = {} if action.lines is None else {"korus.lines": action.lines}
                self._begin((ActionStarted, action.id), action.name, lines)
            case ActionEnded(action):
                self._end((ActionStarted, action.id), {}, event.error, cancelled=event.cancelled)
            case _:
                _add(event)

    def _begin_attempt(self, event: AttemptStarted) -> None:
        call, number = event.call, event.number
        about: dict[str, Any] = {"http.request.method": call.method, "korus.operation": call.operation}
        known = {"url.template": call.path, "server.address": call.host, "server.port": call.port}
        about |= {key: value for key, value in known.items() if value is not None}
        if number > 1:
            about["http.request.resend_count"] = number - 1
        name = call.method if call.path is None else f"{call.method} {call.path}"
        self._begin((AttemptStarted, call.id, number), name, about, SpanKind.CLIENT)

    def _end_attempt(self, event: AttemptEnded) -> None:
        about = _answered(event.status, event.request_id)
        error = event.error
        if error is not None and event.status is not None and event.status >= HTTPStatus.BAD_REQUEST:
            error = str(event.status)  # as the conventions have it for a span of kind CLIENT
        self._end((AttemptStarted, event.call.id, event.number), about, error, cancelled=event.cancelled)

    def _end_call(self, event: CallEnded) -> None:
        about = {**_answered(event.status, event.request_id), "korus.attempts": event.attempts}
        self._end((CallStarted, event.call.id), about, event.error, cancelled=event.cancelled)

    def _begin(
        self,
        key: tuple[object, ...],
        name: str,
        attributes: Mapping[str, Any],
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> None:
        if self._tracer is None:
            return
        before = context.get_current()
        span = self._tracer.start_span(name, before, kind, attributes)
        inside = trace.set_span_in_context(span, before)
        self._open[key] = _Open(span, inside, before)
        context.attach(inside)

    def _end(
        self,
        key: tuple[object, ...],
        attributes: Mapping[str, Any],
        error: str | None,
        *,
        cancelled: bool,
    ) -> None:
        opened = self._open.pop(key, None)
        if opened is None:
            return
        # a call that is torn down may end in another context, where there is nothing to put back
        if context.get_current() is opened.inside:
            context.attach(opened.before)
        span = opened.span
        span.set_attributes(dict(attributes))
        if cancelled:
            span.set_attribute("korus.cancelled", value=True)
        if error is not None:
            span.set_attribute("error.type", error)
            span.set_status(Status(StatusCode.ERROR))
        span.end()


def _tracer(provider: TracerProvider | None) -> Tracer | None:
    """Return a tracer; None as long as the program has set up none."""
    found = trace.get_tracer_provider() if provider is None else provider
    if isinstance(found, ProxyTracerProvider):
        return None
    return trace.get_tracer("korus", __version__, found)


def _answered(status: int | None, request_id: str | None) -> dict[str, Any]:
    found = {"http.response.status_code": status, "korus.request_id": request_id}
    return {key: value for key, value in found.items() if value is not None}


def _add(event: Event) -> None:
    """Add an event to the current span."""
    about: dict[str, Any]
    match event:
        case RetryScheduled():
            about = {"korus.attempt": event.number, "korus.wait": event.wait, "error.type": event.reason}
            name = "korus.retry"
        case TurnScheduled():
            name, about = "korus.turn", {"korus.attempt": event.number, "korus.wait": event.wait}
        case RateLimitMet():
            about = {} if event.retry_after is None else {"korus.retry_after": event.retry_after}
            name = "korus.rate_limit"
        case TokenRenewed():
            about = {"korus.elapsed": event.elapsed}
            about |= {} if event.error is None else {"error.type": event.error}
            name = "korus.token_renewed"
        case CacheHit():
            name = "korus.cache_hit"
            about = {"korus.cache.age": event.age, "korus.cache.revalidated": event.revalidated}
        case BookingStep():
            about = {"korus.kind": event.kind, "korus.state": event.state, "korus.intent": event.intent}
            about |= {f"korus.lines.{ended}": count for ended, count in event.outcome.items()}
            about["korus.lines"] = event.lines
            name = "korus.booking_step"
        case SweepEnded():
            about = {"korus.kind": event.kind, "korus.read": event.read, "korus.whole": event.whole}
            about |= {
                "korus.added": event.added,
                "korus.changed": event.changed,
                "korus.removed": event.removed,
            }
            about |= {} if event.error is None else {"error.type": event.error}
            name = "korus.sweep"
        case _:
            return
    trace.get_current_span().add_event(name, about)


def _is_instrumented() -> bool:
    """Return True if OpenTelemetry's own package makes a span of every request of httpx."""
    module = sys.modules.get(_INSTRUMENTATION)
    return module is not None and bool(module.HTTPXClientInstrumentor().is_instrumented_by_opentelemetry)
