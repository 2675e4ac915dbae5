"""Schedule of a campaign's faults: rules for the sandbox, and disturbances of processes."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from korus.sandbox import Sandbox

__all__ = ["Disturber", "add_faults"]

_POSTS = ("bulk_create_reservations", "bulk_create_orders")
_GETS = (
    "get_offer_availability",
    "get_offer_price",
    "list_reservations",
    "get_reservation",
    "list_orders",
    "get_order",
    "list_order_documents",
)
_PATCHES = ("update_order_item_ticket", "update_order_document")


def add_faults(sandbox: Sandbox, *, severity: float) -> None:
    """Add the fault rules of a campaign.

    Args:
        sandbox: The sandbox.
        severity: The factor of their frequency; 1 means about one write in four and one read in twelve is hit.
    """
    add = sandbox.faults.add

    def share(probability: float) -> float:
        return min(1.0, probability * severity)

    for operation in _POSTS:
        add("drop_before", operation=operation, probability=share(0.04))
        add("drop_after", operation=operation, probability=share(0.06))
        add("cut_short", operation=operation, probability=share(0.03), at=0.4)
        add("cut_short", operation=operation, probability=share(0.02), chunked=True)
        add("slow", operation=operation, probability=share(0.03), seconds=2.4)  # longer than any timeout
        add("slow", operation=operation, probability=share(0.05), seconds=0.3)
        add("status", operation=operation, probability=share(0.02), status=502)
        add("status", operation=operation, probability=share(0.02), status=503, done=True)
        add("status", operation=operation, probability=share(0.01), status=504, done=True)
        add("html", operation=operation, probability=share(0.01), status=502)
        add("empty", operation=operation, probability=share(0.01))
        # rare, since korus treats each as a rate limit and sends more slowly for a while
        add("status", operation=operation, probability=share(0.006), status=429, retry_after="0.2")
        add("fail_items", operation=operation, probability=share(0.01))
    add("expire", operation="bulk_create_orders", probability=share(0.01))
    for operation in (*_GETS, *_PATCHES):
        add("drop_before", operation=operation, probability=share(0.02))
        add("drop_after", operation=operation, probability=share(0.01))
        add("cut_short", operation=operation, probability=share(0.01))
        add("status", operation=operation, probability=share(0.02), status=503)
        add("status", operation=operation, probability=share(0.001), status=429, retry_after="0.1")
        add("slow", operation=operation, probability=share(0.01), seconds=0.5)
    for operation in (*_POSTS, *_GETS, *_PATCHES):
        add("revoke_token", operation=operation, probability=share(0.004))
    add("status", operation="token", probability=share(0.03), status=503)
    add("cut_short", operation="storage", probability=share(0.03))
    add("drop_after", operation="storage", probability=share(0.03))
    add("status", operation="storage", probability=share(0.02), status=503)


class Disturber:
    """Disturbances of a campaign, with all kinds equally often.

    The pauses are counted in orders, not in seconds, so that a slow machine has no more disturbances.

    Args:
        sandbox: The sandbox whose orders are counted.
        kinds: The kinds. Each gets a random number, and returns False if it is not possible now.
        seed: The seed of the times.
        pauses: The minimum and maximum number of orders between two disturbances; None for no disturbances.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        kinds: Sequence[Callable[[int], bool]],
        *,
        seed: int,
        pauses: tuple[int, int] | None,
    ) -> None:
        self._sandbox = sandbox
        self._kinds = kinds
        self._chance = random.Random(seed)  # noqa: S311 - must be reproducible
        self._pauses = pauses
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="disturber", daemon=True)

    def __enter__(self) -> Self:
        if self._pauses is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        fewest, most = self._pauses or (1, 1)
        due = self._chance.randint(fewest, most)
        waiting: list[Callable[[int], bool]] = []
        while not self._over.wait(0.02):
            if len(self._sandbox.box_office.orders) < due:
                continue
            due += self._chance.randint(fewest, most)
            if not waiting:
                waiting = self._chance.sample(self._kinds, len(self._kinds))
            # also at other times than just after an order
            self._over.wait(self._chance.uniform(0.0, 0.3))
            done = next((kind for kind in waiting if kind(self._chance.randrange(1_000_000))), None)
            if done is not None:
                waiting.remove(done)
