"""The box office: korus's sandbox with a rate limit, which loses answers, fails and dawdles."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

from korus.sandbox import Sandbox
from scripts.faults.schedule import add_faults

_PLENTY = 1_000_000


class RateLimit:
    """An ASGI application in front of another: a bucket that refills all the time, and 429 when it is empty.

    Args:
        app: What answers the requests that are admitted.
        rate: How many a second.
        burst: How many the bucket holds.
        free: The beginning of paths that are not limited.
    """

    def __init__(self, app: Any, rate: float, burst: float, free: str) -> None:
        self._app, self._rate, self._burst, self._free = app, rate, burst, free
        self._left, self._at = burst, time.monotonic()
        self.admitted = self.refused = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith(self._free) or self._admits():
            await self._app(scope, receive, send)
            return
        while (await receive()).get("more_body"):
            pass
        body = json.dumps({"@type": "Error", "status": 429, "detail": "Too many requests."}).encode()
        headers = [(b"content-type", b"application/ld+json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _admits(self) -> bool:
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            self.refused += 1
            return False
        self._left -= 1
        self.admitted += 1
        return True


def box_office(*, seed: int, rate: float, hold: float) -> tuple[Sandbox, RateLimit]:
    """Return a sandbox, not yet started, and the limit in front of it."""
    sandbox = Sandbox(seed=seed, offers=400, hold=timedelta(seconds=hold), token_lifetime=60)
    for offer in sandbox.catalogue.offers_by_id:
        sandbox.set_stock(offer, _PLENTY)
    # the token endpoint is another server
    limit = RateLimit(sandbox.app, rate, burst=rate, free="/realms/")
    sandbox.app = limit
    return sandbox, limit


def misbehave(sandbox: Sandbox, *, seed: int, severity: float) -> None:
    """Have it lose answers, fail and dawdle, as `make faults` does."""
    sandbox.faults.reseed(seed)
    add_faults(sandbox, severity=severity)
