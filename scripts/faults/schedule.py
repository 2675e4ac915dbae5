"""What goes wrong during a campaign: rules for the sandbox, outages, and when a process is killed."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

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
_OUTAGES = 0.35
_PATCHES = ("update_order_item_ticket", "update_order_document")


def add_faults(sandbox: Sandbox, *, severity: float) -> None:
    """Put the rules of a campaign in force.

    Args:
        sandbox: Where.
        severity: How often, 1 for the usual: about one write in four and one read in twelve is hit.
    """
    add = sandbox.faults.add

    def share(probability: float) -> float:
        return min(1.0, probability * severity)

    for operation in _POSTS:
        add("drop_before", operation=operation, probability=share(0.04))
        add("drop_after", operation=operation, probability=share(0.06))
        add("cut_short", operation=operation, probability=share(0.03), at=0.4)
        add("cut_short", operation=operation, probability=share(0.02), chunked=True)
        add("slow", operation=operation, probability=share(0.03), seconds=2.4)  # longer than anybody waits
        add("slow", operation=operation, probability=share(0.05), seconds=0.3)
        add("status", operation=operation, probability=share(0.02), status=502)
        add("status", operation=operation, probability=share(0.02), status=503, done=True)
        add("status", operation=operation, probability=share(0.01), status=504, done=True)
        add("html", operation=operation, probability=share(0.01), status=502)
        add("empty", operation=operation, probability=share(0.01))
        add("status", operation=operation, probability=share(0.03), status=429, retry_after="0.2")
        add("fail_items", operation=operation, probability=share(0.01))
    add("expire", operation="bulk_create_orders", probability=share(0.01))
    for operation in (*_GETS, *_PATCHES):
        add("drop_before", operation=operation, probability=share(0.02))
        add("drop_after", operation=operation, probability=share(0.01))
        add("cut_short", operation=operation, probability=share(0.01))
        add("status", operation=operation, probability=share(0.02), status=503)
        add("status", operation=operation, probability=share(0.01), status=429, retry_after="0.1")
        add("slow", operation=operation, probability=share(0.01), seconds=0.5)
    for operation in (*_POSTS, *_GETS, *_PATCHES):
        add("revoke_token", operation=operation, probability=share(0.004))
    add("status", operation="token", probability=share(0.03), status=503)
    add("cut_short", operation="storage", probability=share(0.03))
    add("drop_after", operation="storage", probability=share(0.03))
    add("status", operation="storage", probability=share(0.02), status=503)


class Disturber:
    """Refuses connections for a moment now and then, and kills processes.

    When it strikes is counted in orders made, not in seconds, so that a slow machine gets no more of it.

    Args:
        sandbox: Whose connections are refused.
        kill: Kills one of the processes, chosen by the number it is given.
        seed: Decides the moments.
        pauses: The fewest and the most orders between two disturbances; None for none at all.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        kill: Callable[[int], None],
        *,
        seed: int,
        pauses: tuple[int, int] | None,
    ) -> None:
        self._sandbox = sandbox
        self._kill = kill
        self._chance = random.Random(seed)  # noqa: S311 - replayable chance is the point
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
        while not self._over.wait(0.02):
            if len(self._sandbox.box_office.orders) < due:
                continue
            due += self._chance.randint(fewest, most)
            if self._chance.random() < _OUTAGES:
                self._sandbox.refuse_connections(self._chance.uniform(0.1, 0.6))
            else:
                # also in the middle of things: not only just after an order
                self._over.wait(self._chance.uniform(0.0, 0.3))
                self._kill(self._chance.randrange(1_000_000))
