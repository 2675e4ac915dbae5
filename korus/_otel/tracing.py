"""The hook that makes spans, as a user has it: importable without the extra, which it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._core.distribution import install_hint
from korus.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.trace import TracerProvider

    from korus.hooks import Event

__all__ = ["Tracing"]


class Tracing:
    """A hook that makes spans of OpenTelemetry: ``Korus(hooks=[korus.Tracing()])``. It needs the extra ``otel``.

    Every call is a span named like its operation; below it is a span of kind CLIENT for each attempt. ``book``,
    ``order``, ``recover`` and ``sweep`` are spans around their calls. Where OpenTelemetry's own package instruments all
    of httpx (`HTTPXClientInstrumentor().instrument()`), the spans of attempts are that package's.

    The header ``traceparent`` is sent with requests to the API's own origin, and nowhere else; baggage is not sent.

    Args:
        tracer_provider: Where spans go; the global one when left out.

    Raises:
        ConfigurationError: The extra is not installed.
    """

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        try:
            from korus._otel.spans import Spans  # noqa: PLC0415 - an extra
        except ImportError as error:
            if (error.name or "").partition(".")[0] != "opentelemetry":
                raise
            raise ConfigurationError(f"korus.Tracing needs the extra: {install_hint('otel')}") from None
        self._spans = Spans(tracer_provider)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __call__(self, event: Event, /) -> None:
        """Begin a span, end it, or add to the current one."""
        self._spans.take(event)

    def request_headers(self) -> Mapping[str, str]:
        """Return the headers of the current trace."""
        return self._spans.headers()
