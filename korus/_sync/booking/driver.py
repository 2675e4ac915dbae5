# Written by `python -m scripts.sync` from korus/_async/booking/driver.py; edit that file instead.
"""Driver of the booking protocol: runs the effects that its steps yield.

All decisions are made in `korus._booking`. This module sends, reads, waits and writes to the intent log. If a call is
cancelled or interrupted, it leaves the intent in the right state: if nothing was sent, the intent is closed as
cancelled before the cancellation is propagated.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define

from korus._booking import effects as ask
from korus._booking.bulk_call import Patience
from korus._booking.facts import (
    HoldAnswer,
    OrderAnswer,
    OrderFacts,
    Page,
    ReservationFacts,
    iri_of,
)
from korus._booking.recovery_steps import Recover, RecoveredIntent, recover_one
from korus._core.throttled_log import report
from korus._http.endpoints import endpoint, model_of, request_for
from korus._http.pagination import read_envelope
from korus._journal.intent_log import counted
from korus._journal.process import ACTIVE
from korus._primitives.synchronous import check_stopped, map_ordered, sleep
from korus._sync.http.transport import Trace
from korus.errors import DecodingFailed, InvalidIri, KorusError, OperationUnavailable
from korus.hooks import BookingStep
from korus.iri import ORDER, RESERVATION, parse_iri
from korus_api import models

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from korus._booking.effects import Effect, Steps
    from korus._journal.intent_log import Intent
    from korus._sync.booking.intent_log import BookingLog
    from korus._sync.http.transport import Transport

__all__ = ["Driver"]

_LOG = logging.getLogger("korus.booking")
_Result = TypeVar("_Result")
_CONCURRENCY = 8


@define
class _Work:
    """Intent of running steps, with the state that is needed if they are cancelled."""

    intent: Intent | None
    sent: bool = False


class Driver:
    """Runs the steps of one client's bookings.

    Args:
        transport: The transport for requests.
        log: The client's intent log.
        concurrency: The maximum number of intents to recover at once.
    """

    def __init__(self, transport: Transport, log: BookingLog, concurrency: int = 4) -> None:
        self._transport = transport
        self._log = log
        self.concurrency = concurrency

    @property
    def patience(self) -> Patience:
        """The waiting times of this client."""
        config = self._transport.config
        return Patience(config.retry.settle, config.timeouts.total, self._log.is_shared)

    def run(self, steps: Steps[_Result], taken: Intent | None = None) -> _Result:
        """Run steps to their end.

        Args:
            steps: The steps.
            taken: Their intent, if it was taken over; an intent that they open is noticed automatically.

        Raises:
            KorusError: The steps failed.
        """
        work = _Work(taken, sent=taken is not None and taken.sent)
        if taken is not None:
            ACTIVE.add(taken.id)
        ids = set[str]()
        result: Any = None
        error: KorusError | None = None
        try:
            while True:
                try:
                    effect = steps.throw(error) if error is not None else steps.send(result)
                except StopIteration as stop:
                    return cast("_Result", stop.value)
                if isinstance(effect, ask.OpenIntent):
                    ACTIVE.add(effect.intent.id)
                    ids.add(effect.intent.id)
                    work.intent = effect.intent
                result, error = None, None
                try:
                    result = self._perform(effect, work)
                except KorusError as caught:
                    error = caught
        finally:
            steps.close()
            try:
                if work.intent is not None:
                    self._log.give_up(work.intent, sent=work.sent)
            finally:
                self._log.let_go(*ids, *(() if taken is None else (taken.id,)))

    def _perform(self, effect: Effect[Any], work: _Work) -> Any:
        match effect:
            case ask.SendHold() | ask.SendOrder():
                return self._send(effect, work)
            case ask.Advance(intent, state):
                held = self._log.do(self._log.store.advance, intent, state)
                work.intent = None if state == "unknown" or not held else intent
                if held:
                    self._report(intent, state)
                return held
            case ask.Settle(intent, outcome, claims):
                own = self._log.do(self._log.store.settle, intent, outcome, claims)
                work.intent = None
                if own is not None:
                    self._report(intent, "settled", outcome)
                return own
            case Recover(intents, complete):
                return self._recover(intents, complete=complete)
            case _:
                return self._do(effect)

    def _do(self, effect: Effect[Any]) -> Any:  # noqa: C901, PLR0911 - a table of effects
        """Run an effect that neither books nor ends an intent."""
        store, clock = self._log.store, self._transport.clock
        match effect:
            case ask.Together(effects):
                return map_ordered(self._result_of, effects, concurrency=_CONCURRENCY)
            case ask.Wait(seconds):
                return sleep(seconds)
            case ask.Now() | ask.Today():
                return clock.monotonic() if isinstance(effect, ask.Now) else clock.now()
            case ask.TakeOver(spare):
                return self._log.take_over(spare)
            case ask.OpenIntent(intent):
                self._log.do(store.open, intent)
                return self._report(intent, "intended")
            case ask.Claim(intent, iris):
                return self._log.do(store.claim, intent, iris)
            case ask.Claimed(intent, iris):
                return self._log.do(store.claimed, iris, intent)
            case ask.Competing(intent, with_dormant):
                return self._log.do(store.competing, intent, with_dormant=with_dormant)
            case ask.SentBefore(intent):
                return self._log.do(store.sent_before, intent)
            case ask.InDoubt(intent, same_reference):
                return self._log.do(store.in_doubt, intent, same_reference=same_reference)
            case ask.ReportedFailed(intent):
                return self._log.do(store.reported_failed, intent)
            case _:
                return self._read(effect)

    def _read(self, effect: Effect[Any]) -> Any:
        match effect:
            case ask.ReadReservation(iri):
                return self._reservation(iri)
            case ask.ReadOrder(iri):
                return self._order(iri)
            case ask.ListReservations(page, size):
                return self._reservations(page, size)
            case ask.ListOrders(reference, page, size):
                return self._orders(reference, page, size)
            case _:
                raise AssertionError(f"unknown effect {type(effect).__name__}")

    def _result_of(self, effect: Effect[Any]) -> Any:
        try:
            return self._read(effect)
        except KorusError as error:
            return error

    def take(self, intent_id: str) -> Intent | None:
        """Take over one intent without a running owner."""
        return self._log.do(self._log.store.take, intent_id)

    def _recover(self, intents: Sequence[Intent], *, complete: bool) -> list[RecoveredIntent]:
        def recover(intent: Intent) -> RecoveredIntent:
            steps = recover_one(intent, self.patience, complete=complete)
            try:
                return RecoveredIntent(intent, (self.run(steps, taken=intent)).lines)
            except KorusError as error:
                text = f"journal: {intent.kind} {intent.id} is still open: {error}"
                report(_LOG, logging.WARNING, "intent_left_open", text)
                return RecoveredIntent(intent, error=error)

        try:
            return map_ordered(recover, intents, concurrency=self.concurrency)
        finally:
            self._log.let_go(*(intent.id for intent in intents))

    def _report(self, intent: Intent, state: str, outcome: Mapping[str, Any] | None = None) -> None:
        """Report the progress of an intent to the hooks."""
        step = BookingStep(intent.kind, intent.id, state, len(intent.keys), counted(intent, outcome))
        self._transport.observer.emit(step)

    # --- requests that book --------------------------------------------------------------------------------

    def _send(self, effect: ask.SendHold | ask.SendOrder, work: _Work) -> HoldAnswer | OrderAnswer:
        check_stopped()
        trace = Trace()
        try:
            if isinstance(effect, ask.SendHold):
                return self._send_hold(effect, trace)
            return self._send_order(effect, trace)
        finally:
            work.sent = work.sent or trace.sent

    def _send_hold(self, effect: ask.SendHold, trace: Trace) -> HoldAnswer:
        body = {"items": list(effect.items)}
        return self._post(endpoint("bulk_create_reservations").OPERATION, body, HoldAnswer.read, trace)

    def _send_order(self, effect: ask.SendOrder, trace: Trace) -> OrderAnswer:
        operation = endpoint("bulk_create_orders").OPERATION
        name = operation.name
        if effect.request.notes is not None and not hasattr(
            model_of(name, lambda: models.BulkOrderInput), "notes"
        ):
            raise OperationUnavailable(
                f"{name}: this version of the API's description does not support notes", operation=name
            )
        body = effect.request.body(effect.reservations)
        return self._post(operation, body, OrderAnswer.read, trace)

    def _post(
        self,
        operation: Any,
        body: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], _Result | None],
        trace: Trace,
    ) -> _Result:
        arguments = {
            "method": operation.method,
            "url": operation.path,
            "headers": {"Content-Type": "application/ld+json"},
            "json": body,
        }
        answer = self._transport.send(operation, arguments, trace=trace)
        found = read(answer.object())
        if found is None:
            raise DecodingFailed(
                f"{operation.name}: the answer lists neither results nor failures",
                content_type=answer.headers.get("content-type"),
                operation=operation.name,
                status=answer.status,
                request_id=answer.request_id,
            )
        return found

    # --- requests that read --------------------------------------------------------------------------------

    def _reservation(self, iri: str) -> ReservationFacts:
        answer = self._transport.call("get_reservation", id=parse_iri(iri, RESERVATION).id)
        return _named(ReservationFacts.read(answer.object()), iri, "get_reservation")

    def _order(self, iri: str) -> OrderFacts:
        try:
            found = parse_iri(iri, ORDER, base_url=self._transport.config.base_url)
        except InvalidIri:  # sent by the API, not by the caller
            raise DecodingFailed(
                "get_order: the reservation names an order that is not the IRI of an order",
                operation="get_order",
            ) from None
        answer = self._transport.call("get_order", id=found.id)
        return _named(OrderFacts.read(answer.object()), found.iri, "get_order")

    def _reservations(self, page: int, size: int) -> Page:
        return self._page(
            "list_reservations",
            ReservationFacts.read,
            order_created_at="desc",
            items_per_page=size,
            page=None if page == 1 else page,
        )

    def _orders(self, reference: str, page: int, size: int) -> Page:
        return self._page(
            "list_orders",
            OrderFacts.read,
            external_reference=reference,
            order_created_at="desc",
            items_per_page=size,
            page=None if page == 1 else page,
        )

    def _page(self, operation: str, read: Callable[[object], Any], **arguments: Any) -> Page:
        module = endpoint(operation)
        request = request_for(module, **arguments)
        answer = self._transport.send(module.OPERATION, request)
        url = self._transport.config.base_url + str(request["url"])
        envelope = read_envelope(answer.json(), operation=operation, url=url)
        return Page(tuple(map(read, envelope.members)), envelope.total)


_Facts = TypeVar("_Facts", ReservationFacts, OrderFacts)


def _named(facts: _Facts, asked: str, operation: str) -> _Facts:
    """Return facts of the requested resource, or without an IRI.

    Raises:
        DecodingFailed: The answer names another resource.
    """
    if facts.iri is not None and facts.iri != iri_of(asked):
        raise DecodingFailed(f"{operation}: the answer is about another resource", operation=operation)
    return facts
