# Written by `python -m scripts.sync` from korus/_async/ordering.py; edit that file instead.
"""Carrying out a bulk order: one order for each reservation, whatever becomes of the answers.

A reservation names its order once it has one, and orders are listed by external reference. So before anything
is sent, and whenever an answer is lost, the API is asked what exists; only what certainly is not there is
ordered (again). The API refuses to order a reservation twice, which settles races between processes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal, cast

from attrs import evolve, frozen

from korus._primitives.synchronous import map_ordered, sleep
from korus.booking import trace_order_violations
from korus.errors import (
    DecodingFailed,
    KorusError,
    NotFound,
    OperationUnavailable,
    OrderFailed,
    OutcomeUnknown,
    ReservationUnusable,
    ValidationFailed,
    Violation,
)
from korus.fate import lost_answer, may_have_happened, may_still_happen
from korus.intents import Intent, new_intent
from korus.iri import ORDER, RESERVATION, parse_iri
from korus.matching import Verdict, describe_failure, failed_entries, match_orders
from korus.operations import available, request_for
from korus.ordering import HoldProblem, OrderRequest, belongs, ended, reservation_of
from korus.outcomes import LineOutcome, OrderLine
from korus.pages import read_envelope
from korus.wire import iri_of, objects, wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from korus._sync.books import Books
    from korus._sync.transport import Transport
    from korus.models import Order

__all__ = ["Ordering", "OrderResult", "Standing"]

_LOG = logging.getLogger("korus")
_OPERATION = "bulk_create_orders"
_CONCURRENCY = 8
_PAGE = 50
_MOST_PAGES = 20
_FIRST_LOOK = 0.2
_LONGEST_PAUSE = 2.0
_TURN = 0.1
_ROUNDS = 4
# an answer that came, though of no use, says that the API is done; what it shows may lag behind a little
_ANSWERED = 1.0


@frozen
class OrderResult:
    """What became of the lines of an order.

    Attributes:
        lines: One outcome for each line, in order.
        unplaced: Failed entries that belong to no line that could be told.
        strangers: Orders that exist beside what the lines got.
    """

    lines: tuple[LineOutcome[Order], ...]
    unplaced: tuple[Any, ...] = ()
    strangers: tuple[Order, ...] = ()


@frozen
class Standing:
    """How a reservation stands.

    Attributes:
        kind: ``free`` to be ordered, ``ordered`` under this reference, ``foreign``: ordered under another,
            ``ended``: by itself, released, or its order was cancelled, or ``absent``: the API knows no such
            reservation.
        order: The order, if there is one.
        reason: Why it cannot be ordered.
    """

    kind: Literal["free", "ordered", "foreign", "ended", "absent"]
    order: Order | None = None
    reason: str = ""


class Ordering:
    """Orders for one client.

    Args:
        transport: What carries requests out.
        books: The client's ledger.
    """

    def __init__(self, transport: Transport, books: Books) -> None:
        self._transport = transport
        self._books = books

    def create(self, request: OrderRequest) -> OrderResult:
        """Order what is not ordered yet.

        Raises:
            ReservationUnusable: Reservations have ended, were released, or are ordered under another
                reference.
            ValidationFailed: The API refused the request as a whole.
            OutcomeUnknown: Of not one line could be found out whether it was ordered.
            KorusError: Not one line got as far as an outcome of its own.
        """
        intent = new_intent(
            "order",
            [line.reservation for line in request.lines],
            _details(request),
            {"customer": dict(request.customer), "notes": request.notes},
            request.external_reference,
        )
        intent = evolve(intent, state="looking")
        self._books.open(intent)
        return self.carry_out(intent, request)

    def carry_out(self, intent: Intent, request: OrderRequest) -> OrderResult:
        """Carry out an intent that is written down already; `create` says what it raises."""
        try:
            self._take_turn(intent)
            try:
                result = self._carry_out(intent, request)
            except OutcomeUnknown:
                self._books.move(intent, "unknown")
                raise
            except KorusError as error:
                self._books.settle(intent, {"refused": type(error).__name__})
                raise
        except KorusError:
            raise
        except BaseException:
            self._books.abandon(intent)
            raise
        if any(outcome.status == "unknown" for outcome in result.lines):
            self._books.move(intent, "unknown")
            errors = [outcome.error for outcome in result.lines]
            if all(isinstance(error, OutcomeUnknown) for error in errors):
                raise cast("OutcomeUnknown", errors[0])
        else:
            self._books.settle(intent, _recorded(result.lines))
        return result

    def look(
        self, intent: Intent, lines: Sequence[OrderLine], reference: str, *, recent: bool
    ) -> dict[str, Standing]:
        """Ask how the reservations of an intent stand, for as long as its order may still be under way.

        Raises:
            OutcomeUnknown: The API could not be asked.
        """
        lost = lost_answer(_OPERATION, recent=recent)
        standing = self._look_until_clear(intent, lines, reference, lost)
        if standing is None:
            raise _unknown(intent, lost)
        return standing

    def resolve(self, intent: Intent, lines: Sequence[OrderLine], *, recent: bool = False) -> OrderResult:
        """Ask what became of an intent that was left unknown; nothing is ordered.

        Args:
            intent: The intent.
            lines: Its lines.
            recent: Whether the API may still be at work on it.

        Raises:
            OutcomeUnknown: The API could not be asked.
        """
        standing = self.look(intent, lines, str(intent.details["externalReference"]), recent=recent)
        outcomes: list[LineOutcome[Order]] = []
        for line in lines:
            found = standing[line.reservation]
            if found.kind == "ordered" and found.order is not None:
                outcomes.append(LineOutcome(line, "succeeded", (found.order,), adopted=True))
            else:
                reason = found.reason or "it was not ordered"
                outcomes.append(
                    _refused(line, OrderFailed(f"{line.reservation}: {reason}", line=line.number))
                )
        self._books.settle(intent, _recorded(outcomes))
        return OrderResult(tuple(outcomes))

    def complete(self, intent: Intent, request: OrderRequest, *, recent: bool) -> OrderResult:
        """Carry on with an intent that was left behind: order what was not ordered and still can be.

        Args:
            intent: The intent.
            request: What it asked for.
            recent: Whether the API may still be at work on it.

        Raises:
            OutcomeUnknown: What became of it could not be found out.
            KorusError: What remained to be ordered was refused.
        """
        standing = self.look(intent, request.lines, request.external_reference, recent=recent)
        outcomes = _lapsed(request.lines, standing)
        if self._was_booked_otherwise(intent, request, standing):
            reason = "not completed: it has been ordered otherwise under the same reference"
            outcomes.update(_adopted(request.lines, standing))
            outcomes.update(
                (line.number, _refused(line, OrderFailed(f"{line.reservation}: {reason}", line=line.number)))
                for line in request.lines
                if line.number not in outcomes
            )
        usable = tuple(line for line in request.lines if line.number not in outcomes)
        if usable:
            try:
                result = self.carry_out(intent, evolve(request, lines=usable))
            except ReservationUnusable:
                # they ended this very moment
                result = self.resolve(intent, usable)
            outcomes.update((outcome.line.number, outcome) for outcome in result.lines)
        lines = tuple(outcomes[line.number] for line in request.lines)
        if not any(outcome.status == "unknown" for outcome in lines):
            self._books.settle(intent, _recorded(lines))
        return OrderResult(lines)

    def _was_booked_otherwise(
        self, intent: Intent, request: OrderRequest, standing: Mapping[str, Standing]
    ) -> bool:
        """Tell whether other reservations were ordered under the reference since the intent was written.

        Then somebody has booked anew what this was about, and completing it too would be once too often.
        """
        known: set[str | None] = {str(iri) for iri in objects(intent.details, "known")}
        known |= {iri_of(found.order) for found in standing.values()}
        own = {line.reservation for line in request.lines}
        return any(
            iri_of(order) not in known and reservation_of(order) not in own and _stands(order)
            for order in self._by_reference(request.external_reference)
        )

    # --- one after the other -------------------------------------------------------------------------------

    def _take_turn(self, intent: Intent) -> None:
        """Wait for others who are ordering the same reservations, so that their orders are seen.

        This spares the API a refusal; it is the refusal that keeps an order from being made twice.
        """
        most = self._most
        began = self._now()
        while self._now() - began < most:
            rivals = self._books.rivals(intent)
            if not any(other.state == "sending" or other.id < intent.id for other in rivals):
                return
            sleep(_TURN)
            self._books.move(intent, "looking")

    def _carry_out(self, intent: Intent, request: OrderRequest) -> OrderResult:
        listed: list[Mapping[str, Any]] = []
        standing = self._standing(request.lines, request.external_reference, listed)
        # should this be left behind, it can be told whether somebody has ordered the same anew since
        known = [iri for iri in map(iri_of, listed) if iri]
        intent = evolve(intent, details={**intent.details, "known": known})
        problems = [
            HoldProblem(line.number, line.reservation, standing[line.reservation].reason)
            for line in request.lines
            if standing[line.reservation].kind in {"ended", "foreign", "absent"}
        ]
        if problems:
            raise ReservationUnusable(problems, operation=_OPERATION)
        outcomes = _adopted(request.lines, standing)
        missing = [line for line in request.lines if line.number not in outcomes]
        rest = self._order(intent, request, missing, bool(outcomes)) if missing else OrderResult(())
        outcomes.update((outcome.line.number, outcome) for outcome in rest.lines)
        lines = tuple(outcomes[line.number] for line in request.lines)
        return OrderResult(lines, rest.unplaced, rest.strangers)

    def _order(
        self, intent: Intent, request: OrderRequest, lines: Sequence[OrderLine], others: bool
    ) -> OrderResult:
        """Order lines that have no order, and do not rest before it is known what became of each."""
        outcomes: dict[int, LineOutcome[Order]] = {}
        missing: list[OrderLine] = list(lines)
        lost: KorusError | None = None
        for round_ in range(1, _ROUNDS + 1):
            self._books.move(intent, "sending")
            try:
                orders, failed = self._send(request, missing)
            except KorusError as error:
                if isinstance(error, ValidationFailed):
                    error.violations = _traced(error, missing)
                if lost is None and not may_have_happened(error):
                    if not others:
                        raise
                    outcomes.update((line.number, _refused(line, error)) for line in missing)
                    break
                _LOG.warning("%s: %s; looking for what became of it", _OPERATION, error)
                lost = error
            else:
                read = self._read(intent, request, missing, orders, failed)
                outcomes.update((outcome.line.number, outcome) for outcome in read.lines)
                twice = self._twice(request, outcomes) if round_ > 1 else ()
                return OrderResult(
                    tuple(outcomes[line.number] for line in lines), read.unplaced, (*read.strangers, *twice)
                )
            self._books.move(intent, "looking")
            standing = self._look_until_clear(intent, missing, request.external_reference, lost)
            if standing is None:
                outcomes.update((line.number, _left_unknown(line, intent, lost)) for line in missing)
                break
            outcomes.update(_adopted(missing, standing))
            outcomes.update(_lapsed(missing, standing))
            missing = [line for line in missing if line.number not in outcomes]
            if not missing:
                break
            if not may_have_happened(lost):
                # the repetition was refused, and what came before it was not carried out
                outcomes.update((line.number, _refused(line, lost)) for line in missing)
                break
        else:
            left = lost or DecodingFailed("the answer was lost", operation=_OPERATION)
            outcomes.update((line.number, _left_unknown(line, intent, left)) for line in missing)
        return OrderResult(tuple(outcomes[line.number] for line in lines))

    # --- sending and reading -------------------------------------------------------------------------------

    def _send(self, request: OrderRequest, lines: Sequence[OrderLine]) -> tuple[list[Any], tuple[Any, ...]]:
        with available(_OPERATION):
            from korus_api.api.order import bulk_create_orders
            from korus_api.models import BulkOrderInput

        if request.notes is not None and not hasattr(BulkOrderInput, "notes"):
            raise OperationUnavailable(
                f"{_OPERATION}: this version of the API's description knows no notes", operation=_OPERATION
            )
        arguments = {
            "method": bulk_create_orders.OPERATION.method,
            "url": bulk_create_orders.OPERATION.path,
            "headers": {"Content-Type": "application/ld+json"},
            "json": request.body(lines),
        }
        answer = self._transport.send(bulk_create_orders.OPERATION, arguments)
        document = answer.object()
        if not isinstance(document.get("orders"), list) and "failedOrders" not in document:
            raise DecodingFailed(
                f"{_OPERATION}: the answer lists neither orders nor failures",
                excerpt=answer.content[:200],
                content_type=answer.headers.get("content-type"),
                operation=_OPERATION,
                status=answer.status,
                request_id=answer.request_id,
            )
        return list(objects(document, "orders")), failed_entries(document.get("failedOrders"))

    def _read(
        self,
        intent: Intent,
        request: OrderRequest,
        lines: Sequence[OrderLine],
        orders: Sequence[Any],
        failed: Sequence[Any],
    ) -> OrderResult:
        """Tell from an answer what became of each line; the reservation itself has the last word."""
        matched = match_orders([line.reservation for line in lines], orders, failed)
        models = [_model(entry) for entry in orders]
        doubtful = [
            line
            for line, verdict in zip(lines, matched.verdicts, strict=True)
            if verdict.status != "succeeded"
        ]
        try:
            standing = self._standing(doubtful, request.external_reference)
        except KorusError as error:
            _LOG.debug("%s: cannot look: %s", _OPERATION, error)
            standing = {}
        outcomes: list[LineOutcome[Order]] = []
        used: set[str | None] = set()
        for line, verdict in zip(lines, matched.verdicts, strict=True):
            found = standing.get(line.reservation)
            if verdict.status == "succeeded":
                outcomes.append(LineOutcome(line, "succeeded", tuple(models[at] for at in verdict.entries)))
            elif found is not None and found.kind == "ordered" and found.order is not None:
                used.add(iri_of(found.order))
                outcomes.append(LineOutcome(line, "succeeded", (found.order,), adopted=True))
            else:
                outcomes.append(_doubtful(line, verdict, found, intent))
        strangers = tuple(models[at] for at in matched.strangers if iri_of(models[at]) not in used)
        return OrderResult(tuple(outcomes), matched.unplaced, strangers)

    def _twice(self, request: OrderRequest, outcomes: Mapping[int, LineOutcome[Order]]) -> tuple[Order, ...]:
        """Look, after an order was repeated, whether a reservation has got two; that must not stay silent."""
        try:
            listed = self._by_reference(request.external_reference)
        except KorusError as error:
            _LOG.debug("%s: cannot look: %s", _OPERATION, error)
            return ()
        wanted = {line.reservation for line in request.lines}
        known = {iri_of(result) for outcome in outcomes.values() for result in outcome.results}
        found = [
            order
            for order in listed
            if reservation_of(order) in wanted and iri_of(order) not in known and _stands(order)
        ]
        doubled = [
            order
            for order in found
            if any(
                reservation_of(order) == cast("OrderLine", outcome.line).reservation
                for outcome in outcomes.values()
                if outcome.status == "succeeded"
            )
        ]
        if doubled:
            _LOG.error(
                "%s: the API made two orders of one reservation: %s", _OPERATION, doubled[0].get("@id")
            )
        return tuple(_model(order) for order in doubled)

    # --- asking what exists --------------------------------------------------------------------------------

    def _look_until_clear(
        self, intent: Intent, lines: Sequence[OrderLine], reference: str, lost: KorusError
    ) -> dict[str, Standing] | None:
        """Look until every line has an order or has ended, or long enough; None when it cannot be asked."""
        patience = self._transport.config.retry.settle
        enough = patience if may_still_happen(lost) else min(patience, _ANSWERED)
        began, pause = self._now(), _FIRST_LOOK
        while True:
            waited = self._now() - began
            try:
                standing = self._standing(lines, reference)
            except KorusError as error:
                _LOG.debug("%s: cannot look: %s", _OPERATION, error)
            else:
                free = [found for found in standing.values() if found.kind in {"free", "ended"}]
                if not free or waited >= enough:
                    return standing
            if waited >= self._most:
                return None
            sleep(pause)
            pause = min(pause * 1.6, _LONGEST_PAUSE)
            self._books.move(intent, "looking")

    def _standing(
        self, lines: Sequence[OrderLine], reference: str, listed: list[Mapping[str, Any]] | None = None
    ) -> dict[str, Standing]:
        """Ask how reservations stand: themselves first, then the orders with the reference.

        Args:
            lines: The reservations.
            reference: The external reference.
            listed: Takes in the orders that were listed, where they were.
        """
        if not lines:
            return {}
        asked = map_ordered(lambda line: self._stands(line, reference), lines, concurrency=_CONCURRENCY)
        found = {line.reservation: standing for line, standing in zip(lines, asked, strict=True)}
        if any(standing.kind in {"free", "ended"} for standing in found.values()):
            # an API that does not name the order with the reservation may name the reservation with the order
            orders = self._by_reference(reference)
            if listed is not None:
                listed += orders
            for order in orders:
                named = reservation_of(order)
                if named in found and found[named].order is None:
                    found[named] = _ordered(order)
        return found

    def _stands(self, line: OrderLine, reference: str) -> Standing:
        with available("get_reservation"):
            from korus_api.api.reservation import get_reservation

        try:
            request = request_for(get_reservation, id=parse_iri(line.reservation, RESERVATION).id)
            reservation = (self._transport.send(get_reservation.OPERATION, request)).object()
        except NotFound:
            return Standing("absent", reason="there is no such reservation")
        named = iri_of(reservation.get("order"))
        if named is None:
            reason = ended(reservation, self._transport.clock.now())
            return Standing("free") if reason is None else Standing("ended", reason=reason)
        order = self._order_at(named)
        if belongs(order, reference):
            return _ordered(order)
        other = order.get("externalReference")
        return Standing("foreign", _model(order), f"it is ordered already, under the reference {other!r}")

    def _order_at(self, iri: str) -> dict[str, Any]:
        with available("get_order"):
            from korus_api.api.order import get_order

        found = parse_iri(iri, ORDER, base_url=self._transport.config.base_url)
        request = request_for(get_order, id=found.id)
        return (self._transport.send(get_order.OPERATION, request)).object()

    def _by_reference(self, reference: str) -> list[Mapping[str, Any]]:
        """List the orders with an external reference; of one that is used over and over, so many."""
        with available("list_orders"):
            from korus_api.api.order import list_orders

        found: list[Mapping[str, Any]] = []
        for number in range(1, _MOST_PAGES + 1):
            request = request_for(
                list_orders,
                external_reference=reference,
                items_per_page=_PAGE,
                page=None if number == 1 else number,
            )
            answer = self._transport.send(list_orders.OPERATION, request)
            url = self._transport.config.base_url + str(request["url"])
            envelope = read_envelope(answer.json(), operation="list_orders", url=url)
            page = [source for source in map(wire, envelope.members) if source is not None]
            found += [order for order in page if belongs(order, reference)]
            if not page or (envelope.total is not None and number * len(page) >= envelope.total):
                break
        return found

    @property
    def _most(self) -> float:
        settle = self._transport.config.retry.settle
        return max(settle, self._transport.config.timeouts.total or settle)

    def _now(self) -> float:
        return self._transport.clock.monotonic()


def _model(entry: Any) -> Order:
    from korus_api.models import Order

    source = wire(entry)
    return cast("Order", entry) if source is None else Order.from_dict(source)


def _ordered(order: Mapping[str, Any]) -> Standing:
    """Say how a reservation stands that has this order: a cancelled one gives nobody a ticket."""
    if _stands(order):
        return Standing("ordered", _model(order))
    return Standing("ended", _model(order), f"its order {iri_of(order)} was cancelled")


def _traced(error: ValidationFailed, sent: Sequence[OrderLine]) -> tuple[Violation, ...]:
    found = trace_order_violations(error.violations, [line.reservation for line in sent])
    # places count what was sent, lines what was asked for
    return tuple(
        violation if violation.line is None else evolve(violation, line=sent[violation.line - 1].number)
        for violation in found
    )


def _details(request: OrderRequest) -> dict[str, Any]:
    return {
        "reservations": [line.reservation for line in request.lines],
        "externalReference": request.external_reference,
    }


def _adopted(lines: Sequence[OrderLine], standing: Mapping[str, Standing]) -> dict[int, LineOutcome[Order]]:
    return {
        line.number: LineOutcome(line, "succeeded", (order,), adopted=True)
        for line in lines
        if standing[line.reservation].kind == "ordered"
        and (order := standing[line.reservation].order) is not None
    }


def _lapsed(lines: Sequence[OrderLine], standing: Mapping[str, Standing]) -> dict[int, LineOutcome[Order]]:
    return {
        line.number: _refused(
            line,
            OrderFailed(
                f"{line.reservation}: {standing[line.reservation].reason}",
                line=line.number,
                operation=_OPERATION,
            ),
        )
        for line in lines
        if standing[line.reservation].kind in {"ended", "foreign", "absent"}
    }


def _doubtful(
    line: OrderLine, verdict: Verdict, found: Standing | None, intent: Intent
) -> LineOutcome[Order]:
    if verdict.status == "failed":
        reason, code = describe_failure(verdict.raw)
        error = OrderFailed(
            f"{line.reservation}: {reason}",
            line=line.number,
            code=code,
            raw=verdict.raw,
            operation=_OPERATION,
        )
        return LineOutcome(line, "failed", error=error, raw=verdict.raw)
    if found is not None and found.kind in {"ended", "foreign", "absent"}:
        return _refused(line, OrderFailed(f"{line.reservation}: {found.reason}", line=line.number))
    unknown = OutcomeUnknown(
        f"{line.reservation}: the answer does not tell whether it was ordered",
        intent=intent.to_dict(),
        operation=_OPERATION,
    )
    return LineOutcome(line, "unknown", error=unknown)


def _refused(line: OrderLine, error: KorusError) -> LineOutcome[Order]:
    return LineOutcome(line, "failed", error=error)


def _left_unknown(line: OrderLine, intent: Intent, lost: KorusError) -> LineOutcome[Order]:
    return LineOutcome(line, "unknown", error=_unknown(intent, lost))


def _stands(order: Mapping[str, Any]) -> bool:
    return order.get("status") != "cancelled"


def _unknown(intent: Intent, lost: KorusError) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{_OPERATION}: it is not known whether this was ordered, since the answer was lost ({lost}) and "
        "asking did not settle it; korus.orders.resolve asks again",
        intent=intent.to_dict(),
        operation=_OPERATION,
        status=lost.status,
        request_id=lost.request_id,
    )


def _recorded(outcomes: Sequence[LineOutcome[Order]]) -> dict[str, Any]:
    return {
        "lines": [
            {
                "line": outcome.line.number,
                "status": outcome.status,
                "reservation": cast("OrderLine", outcome.line).reservation,
                "orders": [iri_of(result) for result in outcome.results],
                "code": outcome.code,
            }
            for outcome in outcomes
        ]
    }
