"""Bulk orders of one client, their facts turned into the models that users hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from korus._booking import order_steps
from korus._booking.intent_details import order_details, order_request_of
from korus._journal.intent_log import new_intent

if TYPE_CHECKING:
    from korus._async.booking.driver import AsyncDriver
    from korus._booking.facts import OrderFacts
    from korus._booking.orders import OrderRequest
    from korus._booking.outcomes import LineOutcome
    from korus._journal.intent_log import Intent
    from korus.models import Order

__all__ = ["OrderResult", "order_model", "place", "resolve"]


@frozen
class OrderResult:
    """The outcome of the lines of an order.

    Attributes:
        lines: One outcome for each line, in order.
        unplaced: Failed entries that belong to no line that could be told, as they came.
        strangers: Orders that exist beside what the lines got.
    """

    lines: tuple[LineOutcome[Order], ...]
    unplaced: tuple[Any, ...] = ()
    strangers: tuple[Order, ...] = ()

    @classmethod
    def of(cls, result: order_steps.OrderResult) -> OrderResult:
        """Turn facts into models."""
        return cls(
            tuple(outcome.built(order_model) for outcome in result.lines),
            tuple(entry.raw for entry in result.unplaced),
            tuple(map(order_model, result.strangers)),
        )


async def place(driver: AsyncDriver, request: OrderRequest) -> OrderResult:
    """Order what is not ordered yet; `korus._booking.order_steps.order` says what it raises."""
    iris = [line.reservation for line in request.lines]
    intent = new_intent(
        "order",
        iris,
        order_details(request),
        {"customer": dict(request.customer), "notes": request.notes},
        request.external_reference,
    )
    return OrderResult.of(await driver.run(order_steps.order(intent, request, driver.patience)))


async def resolve(driver: AsyncDriver, intent: Intent) -> OrderResult:
    """Ask what became of an intent that was left unknown; nothing is ordered.

    Raises:
        OutcomeUnknown: The API could not be asked.
    """
    taken = await driver.take(intent.id)
    request = order_request_of(taken or intent)
    steps = order_steps.resolve_order(taken or intent, request, driver.patience, is_ours=taken is not None)
    return OrderResult.of(await driver.run(steps, taken=taken))


def order_model(facts: OrderFacts) -> Order:
    """Return the model of an order."""
    from korus_api.models import Order

    return Order.from_dict(facts.to_dict())
