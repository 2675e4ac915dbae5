"""Traces: one readable tree for each booking, conventional names, and nothing about people. Sync and async."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from korus import AsyncKorus, Korus, RetryPolicy, Tracing, errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.sdk.trace import ReadableSpan

    from korus.sandbox import Sandbox
    from korus.testing.observing import Observed

QUICK = RetryPolicy(first_wait=0.01, longest_wait=0.02, settle=0.2)
CUSTOMER = {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.org"}


class Traced:
    """A tracer of one's own, and what it has exported."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("shop")

    @property
    def spans(self) -> list[ReadableSpan]:
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def tree(self) -> list[str]:
        """All spans, each indented below its parent."""
        depths: dict[int, int] = {}
        lines = []
        for span in self.spans:
            depth = 0 if span.parent is None else depths[span.parent.span_id] + 1
            depths[span.context.span_id] = depth
            lines.append("  " * depth + span.name)
        return lines


@pytest.fixture
def traced() -> Traced:
    return Traced()


def settings(sandbox: Sandbox, **options: Any) -> dict[str, Any]:
    return {
        **sandbox.credentials,
        "base_url": sandbox.base_url,
        "token_url": sandbox.token_url,
        "retry": QUICK,
        **options,
    }


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest, sandbox: Sandbox, traced: Traced) -> Any:
    """Run ``steps(korus)``, a generator that yields what is awaited in async and is sent the result."""
    options = settings(sandbox, hooks=[Tracing(traced.provider)])

    def synchronous(steps: Any) -> None:
        with Korus(**options) as korus, suppress(StopIteration):
            running, result = steps(korus), None
            while True:
                result = running.send(result)

    async def asynchronous(steps: Any) -> None:
        async with AsyncKorus(**options) as korus:
            running, result = steps(korus), None
            while True:
                try:
                    asked = running.send(result)
                except StopIteration:
                    return
                result = await asked

    return synchronous if request.param == "sync" else lambda steps: anyio.run(asynchronous, steps)


def book(korus: Any, offer: Any) -> Any:
    booking = korus.reservations.bulk()
    booking.add(offer)
    held = yield booking.submit()
    yield korus.orders.create(held, customer=CUSTOMER, external_reference="SHOP-1")


def some_offer(sandbox: Sandbox) -> Any:
    with Korus(**settings(sandbox)) as korus:
        for catalog in korus.catalogs.list():
            for offer in korus.offers.list(catalog, sort="desc", page_size=50):
                plain = all(ticket.date_access and not ticket.form for ticket in offer.tickets)
                if plain and offer.availability_check_required and not offer.product.disabled:
                    sandbox.set_stock(offer.iri, 100)
                    return offer
    raise AssertionError


def test_a_booking_with_a_retry_and_a_lost_answer_is_one_trace(
    sandbox: Sandbox, run: Any, traced: Traced
) -> None:
    offer = some_offer(sandbox)
    sandbox.faults.add("status", status=503, operation="get_offer_availability", count=1)
    sandbox.faults.add("drop_after", operation="bulk_create_orders", count=1)

    def steps(korus: Any) -> Any:
        with traced.tracer.start_as_current_span("checkout"):
            yield from book(korus, offer)

    run(steps)
    assert len({span.context.trace_id for span in traced.spans}) == 1
    tree = traced.tree()
    assert tree[:2] == ["checkout", "  book"]
    availability = tree.index("    get_offer_availability")
    assert tree[availability + 1 :].count("      GET " + sandbox_path("get_offer_availability")) == 2
    order = tree.index("  order")
    assert "    bulk_create_orders" in tree[order:]
    assert "      POST /v1/booking/orders/_bulk" in tree[order:]
    by_name = {span.name: span for span in traced.spans}
    steps_of = [
        (event.attributes["korus.kind"], event.attributes["korus.state"])
        for span in (by_name["book"], by_name["order"])
        for event in span.events
        if event.name == "korus.booking_step"
    ]
    assert steps_of == [
        ("hold", "intended"),
        ("hold", "sending"),
        ("hold", "settled"),
        ("order", "intended"),
        ("order", "sending"),
        ("order", "reconciling"),
        ("order", "settled"),
    ]
    assert by_name["bulk_create_orders"].status.status_code is StatusCode.ERROR
    assert by_name["order"].status.status_code is StatusCode.UNSET
    shown = "\n".join(span.to_json() for span in traced.spans)
    assert not [word for word in (*CUSTOMER.values(), "SHOP-1", offer.id, "Bearer") if word in shown]


def test_log_of_a_booking_is_flat_and_has_no_names(
    sandbox: Sandbox, run: Any, caplog: pytest.LogCaptureFixture
) -> None:
    offer = some_offer(sandbox)
    sandbox.faults.add("status", status=503, operation="get_offer_availability", count=1)
    sandbox.faults.add("drop_after", operation="bulk_create_orders", count=1)
    caplog.set_level(logging.DEBUG, logger="korus")
    run(lambda korus: book(korus, offer))
    records = [record for record in caplog.records if record.name.startswith("korus")]
    events = {str(getattr(record, "event", None)) for record in records}
    assert {"booking_step", "retry_scheduled", "order_lost", "action_ended", "call_ended"} <= events
    assert "None" not in events
    own = [value for record in records for name, value in vars(record).items() if name.startswith("korus_")]
    assert {type(value) for value in own} <= {str, int, float, bool}
    shown = "\n".join(f"{record.getMessage()} {vars(record)}" for record in records)
    secrets = [sandbox.client_secret, "Bearer"]
    assert not [word for word in (*CUSTOMER.values(), "SHOP-1", *secrets) if word in shown]


def sandbox_path(operation: str) -> str:
    from korus._http.endpoints import endpoint

    return endpoint(operation).OPERATION.path


def test_an_attempt_is_a_client_span_with_conventional_names(
    sandbox: Sandbox, run: Any, traced: Traced
) -> None:
    sandbox.faults.add("status", status=503, operation="list_catalogs", count=1)

    def steps(korus: Any) -> Any:
        yield korus.catalogs.list().first()

    run(steps)
    call, first, second = traced.spans
    assert [span.kind for span in traced.spans] == [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.CLIENT]
    assert call.name == "list_catalogs"
    assert first.name == second.name == "GET /v1/ticketing/catalogs"
    host, port = sandbox.base_url.removeprefix("http://").split(":")
    about = dict(second.attributes or {})
    assert about.pop("korus.request_id")
    assert about == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.request.resend_count": 1,
        "url.template": "/v1/ticketing/catalogs",
        "server.address": host,
        "server.port": int(port),
        "korus.operation": "list_catalogs",
    }
    assert first.attributes is not None
    assert first.attributes["error.type"] == "503"
    assert "http.request.resend_count" not in first.attributes
    assert first.status.status_code is StatusCode.ERROR
    assert [event.name for event in call.events] == ["korus.retry"]
    assert [event.name for event in first.events] == ["korus.token_renewed"]
    assert call.status.status_code is StatusCode.UNSET
    assert call.attributes is not None
    assert call.attributes["korus.attempts"] == 2


def test_the_trace_goes_to_the_api_and_nothing_else_does(sandbox: Sandbox, traced: Traced) -> None:
    seen: list[httpx.Request] = []

    class Noting(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return super().handle_request(request)

    token = context.attach(baggage.set_baggage("customer", "Ada"))
    try:
        with Korus(**settings(sandbox), transport=Noting(), hooks=[Tracing(traced.provider)]) as korus:
            korus.catalogs.list().first()
    finally:
        context.detach(token)
    to_token, to_api = seen
    assert "traceparent" not in to_token.headers
    attempt = traced.spans[1]
    assert to_api.headers["traceparent"].startswith(
        f"00-{attempt.context.trace_id:032x}-{attempt.context.span_id:016x}-"
    )
    assert all("baggage" not in request.headers for request in seen)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_call_that_is_cancelled_is_no_error(sandbox: Sandbox, traced: Traced, backend: str) -> None:
    sandbox.latency = 3

    async def cancelled() -> None:
        async with AsyncKorus(**settings(sandbox, hooks=[Tracing(traced.provider)])) as korus:
            with anyio.move_on_after(0.3):
                await korus.catalogs.list().first()
            assert trace.get_current_span() is trace.INVALID_SPAN

    anyio.run(cancelled, backend=backend)
    assert len(traced.spans) == 2
    for span in traced.spans:
        assert span.status.status_code is StatusCode.UNSET
        assert span.attributes is not None
        assert span.attributes["korus.cancelled"] is True
        assert "error.type" not in span.attributes


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_pages_read_ahead_are_in_the_trace_of_who_reads(
    sandbox: Sandbox, traced: Traced, backend: str
) -> None:
    async def read() -> None:
        async with AsyncKorus(**settings(sandbox, hooks=[Tracing(traced.provider)])) as korus:
            with traced.tracer.start_as_current_span("reading"):
                catalog = await korus.catalogs.list().first()
                count = 0
                async for _ in korus.offers.list(catalog, page_size=5, prefetch=3):
                    count += 1
                    if count == 25:
                        break

    anyio.run(read, backend=backend)
    assert len({span.context.trace_id for span in traced.spans}) == 1


def test_a_call_that_fails_names_its_error(sandbox: Sandbox, run: Any, traced: Traced) -> None:
    def steps(korus: Any) -> Any:
        yield korus.orders.get("00000000-0000-4000-8000-000000000000")

    with pytest.raises(errors.NotFound):
        run(steps)
    call, attempt = traced.spans
    assert call.attributes is not None
    assert call.attributes["error.type"] == "NotFound"
    assert attempt.attributes is not None
    assert attempt.attributes["error.type"] == "404"
    assert call.status.status_code is attempt.status.status_code is StatusCode.ERROR
    assert not call.status.description
    assert not call.events


@contextmanager
def instrumented(traced: Traced) -> Iterator[None]:
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=traced.provider)
    try:
        yield
    finally:
        instrumentor.uninstrument()


def test_where_httpx_is_instrumented_attempts_are_not_traced_twice(
    sandbox: Sandbox, run: Any, traced: Traced
) -> None:
    def steps(korus: Any) -> Any:
        yield korus.catalogs.list().first()

    with instrumented(traced):
        run(steps)
    call = next(span for span in traced.spans if span.name == "list_catalogs")
    below = [span for span in traced.spans if span.parent and span.parent.span_id == call.context.span_id]
    assert [span.kind for span in below] == [SpanKind.CLIENT] * 2  # the token's and the call's
    assert len({span.context.trace_id for span in traced.spans}) == 1


def functions_called(work: Callable[[], object]) -> int:
    """Count the functions that are called, of C too: a measure that no other program changes, unlike time."""
    count = 0

    def note(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    work()  # what is imported or set up once does not count
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("provider", [None, trace.NoOpTracerProvider()], ids=["not set up", "no-op"])
def test_a_tracer_that_records_nothing_costs_little(provider: trace.TracerProvider | None) -> None:
    """With 60 and 26, a call's events took 14 us of CPU in all; with 60 and 93, 26 us."""
    from korus._core import watches
    from korus._core.observer import Observer

    def call_through(observer: Observer) -> None:
        with (
            watches.call(observer, "get_order", "GET", "/v1/x/{id}", ("api.test", 443)) as call,
            call.attempt() as attempt,
        ):
            attempt.sent, attempt.status, attempt.request_id = True, 200, "r"

    plain = Observer([lambda event: None], time.monotonic)
    tracing = Observer([Tracing(provider)], time.monotonic)
    without, with_tracing = (functions_called(lambda one=one: call_through(one)) for one in (plain, tracing))
    assert without <= 66
    assert with_tracing - without <= 32


def test_a_tracer_that_is_set_up_later_is_found(
    sandbox: Sandbox, traced: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Korus(**settings(sandbox, hooks=[Tracing()])) as korus:
        korus.catalogs.list().first()
        monkeypatch.setattr(trace, "get_tracer_provider", lambda: traced.provider)
        korus.catalogs.list().first()
    assert [span.name for span in traced.spans] == ["list_catalogs", "GET /v1/ticketing/catalogs"]


@pytest.mark.parametrize("provider", [None, trace.NoOpTracerProvider()], ids=["not set up", "no-op"])
def test_a_tracer_that_records_nothing_passes_the_trace_on(
    sandbox: Sandbox, provider: trace.TracerProvider | None
) -> None:
    parent = trace.SpanContext(0xA1, 0xB2, is_remote=True, trace_flags=trace.TraceFlags(1))
    token = context.attach(trace.set_span_in_context(trace.NonRecordingSpan(parent)))
    seen: list[str] = []

    class Noting(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(request.headers.get("traceparent", ""))
            return super().handle_request(request)

    try:
        with Korus(**settings(sandbox), transport=Noting(), hooks=[Tracing(provider)]) as korus:
            korus.catalogs.list().first()
    finally:
        context.detach(token)
    assert seen == ["", f"00-{0xA1:032x}-{0xB2:016x}-01"]


def test_importing_korus_imports_no_telemetry() -> None:
    code = (
        "import sys, korus; korus.Korus(client_id='a', client_secret='b', environment='production'); "
        "korus.Tracing; assert not any(name.startswith('opentelemetry') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_extra_tracing_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "korus._otel.spans", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(errors.ConfigurationError, match=r"korus-sdk\[otel\]"):
        Tracing()


def test_the_fixture_collects_events_and_spans(sandbox: Sandbox, korus_observed: Observed) -> None:
    from korus.hooks import CallEnded

    with Korus(**settings(sandbox, hooks=korus_observed.hooks)) as korus:
        korus.catalogs.list().first()
    (ended,) = korus_observed.of(CallEnded)
    assert ended.call.operation == "list_catalogs"
    assert [span.name for span in korus_observed.spans] == ["GET /v1/ticketing/catalogs", "list_catalogs"]
