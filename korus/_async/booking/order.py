"""Bulk orders of one client, and the conversion of their facts to models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._booking import order_steps
from korus._booking.intent_details import order_details, order_request_of
from korus._journal.intent_log import new_intent

if TYPE_CHECKING:
    from korus._async.booking.driver import AsyncDriver
    from korus._booking.bulk_call import BulkResult
    from korus._booking.facts import OrderFacts
    from korus._booking.orders import OrderRequest
    from korus._journal.intent_log import Intent
    from korus.models import Order

__all__ = ["order_model", "place", "resolve"]


async def place(driver: AsyncDriver, request: OrderRequest) -> BulkResult[Order]:
    """Order reservations that are not ordered yet; raises the errors of `korus._booking.order_steps.order`."""
    iris = [line.reservation for line in request.lines]
    intent = new_intent(
        "order",
        iris,
        order_details(request),
        {"customer": dict(request.customer), "notes": request.notes},
        request.external_reference,
    )
    result = await driver.run(order_steps.order(intent, request, driver.patience))
    return result.built(order_model)


async def resolve(driver: AsyncDriver, intent: Intent) -> BulkResult[Order]:
    """Find the result of an order whose outcome is unknown; nothing is ordered.

    Raises:
        OutcomeUnknown: The API did not answer.
    """
    taken = await driver.take(intent.id)
    request = order_request_of(taken or intent)
    steps = order_steps.resolve_order(taken or intent, request, driver.patience, is_ours=taken is not None)
    return (await driver.run(steps, taken=taken)).built(order_model)


def order_model(facts: OrderFacts) -> Order:
    """Return the model of an order."""
    from korus_api.models import Order

    return Order.from_dict(facts.to_dict())
