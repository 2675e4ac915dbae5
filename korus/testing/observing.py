"""Observations of a test about its clients: their events, and their spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field

if TYPE_CHECKING:
    from korus.hooks import Event, Hook

__all__ = ["Observed"]

_Event = TypeVar("_Event", bound="Event")


@define(eq=False)
class Observed:
    """Collects events, and spans where OpenTelemetry's SDK is installed.

    Example:
        >>> def test_the_shop_asks_once(korus, korus_observed):
        ...     observed = korus.with_options(hooks=korus_observed.hooks)
        ...     observed.catalogs.list().first()
        ...     assert len(korus_observed.of(CallEnded)) == 1

    Attributes:
        events: All events, in their order.
        hooks: What a client is given as ``hooks=``.
    """

    events: list[Event] = field(factory=list["Event"])
    hooks: list[Hook] = field(factory=list["Hook"])
    _exporter: Any = None

    def __attrs_post_init__(self) -> None:
        self.hooks.append(self.events.append)
        try:
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - only if it is installed
            from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415
            from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: PLC0415
                InMemorySpanExporter,
            )
        except ImportError:
            return
        from korus._otel.tracing import Tracing  # noqa: PLC0415 - needs the extra

        self._exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.hooks.append(Tracing(provider))

    def of(self, kind: type[_Event]) -> list[_Event]:
        """Return the events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def spans(self) -> list[Any]:
        """The spans that have ended, in the order of their ends.

        Raises:
            RuntimeError: OpenTelemetry's SDK is not installed.
        """
        if self._exporter is None:
            raise RuntimeError("no spans are collected: install opentelemetry-sdk")
        return list(self._exporter.get_finished_spans())
