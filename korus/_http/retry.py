"""Retry decisions: whether and when a failed request is repeated, and the table of repeatable operations. No I/O.

A request that may have been processed is repeated only if `REPLAY` says that this changes nothing.
"""

from __future__ import annotations

import math
import random
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from korus.errors import (
    KorusError,
    RateLimited,
    ServerError,
    StatusError,
    TokenUnavailable,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from korus._core.retry_policy import RetryPolicy

__all__ = ["REPLAY", "Replay", "next_wait", "parse_retry_after", "replay_of", "replay_of_unknown"]


class Replay(Enum):
    """Effect of repeating an operation if the first request was processed after all."""

    SAFE = "safe"
    """It reads: repeating it changes nothing."""

    IDEMPOTENT = "idempotent"
    """It writes the same again, with the same result."""

    NEVER = "never"
    """It would happen twice: only a request that certainly was not processed is repeated."""


REPLAY: Mapping[str, Replay] = MappingProxyType(
    {
        # a merge-patch of the same fields gives the same ticket
        "update_order_item_ticket": Replay.IDEMPOTENT,
        # requests another temporary address; the document stays the same
        "update_order_document": Replay.IDEMPOTENT,
        # a released hold stays released
        "delete_reservation": Replay.IDEMPOTENT,
        # the API has no idempotency key: sent twice is held or bought twice
        "bulk_create_reservations": Replay.NEVER,
        "bulk_create_orders": Replay.NEVER,
    }
)
"""Effect of repeating each write operation that korus calls. Reads may always be repeated."""

_BY_METHOD: Mapping[str, Replay] = MappingProxyType(
    {
        **dict.fromkeys(("GET", "HEAD", "OPTIONS", "TRACE"), Replay.SAFE),
        **dict.fromkeys(("PUT", "DELETE"), Replay.IDEMPOTENT),
    }
)


def replay_of(operation: str, method: str) -> Replay:
    """Return the effect of repeating an operation: by `REPLAY`, else by its method (RFC 9110, 9.2)."""
    return REPLAY.get(operation, _BY_METHOD.get(method.upper(), Replay.NEVER))


def replay_of_unknown(method: str) -> Replay:
    """Return the effect of repeating a raw request: only reads are repeated once they were sent."""
    found = _BY_METHOD.get(method.upper())
    return found if found is Replay.SAFE else Replay.NEVER


def next_wait(
    policy: RetryPolicy,
    error: KorusError,
    *,
    replay: Replay,
    attempt: int,
    remaining: float | None,
    jitter: Callable[[], float] = random.random,
) -> float | None:
    """Decide after a failed attempt: seconds to wait before the next one, or None to give up.

    Args:
        policy: The retry policy.
        error: The error of the attempt.
        replay: The effect of repeating the operation.
        attempt: The number of the attempt that failed, from 1.
        remaining: Seconds left until the deadline, None without one.
        jitter: Returns a number from 0 to 1; waits are spread over the upper half of their length, so that clients
            that failed together do not return together.
    """
    if attempt >= policy.attempts or not _may_repeat(policy, error, replay):
        return None
    wait = min(policy.first_wait * 2.0 ** min(attempt - 1, 60), policy.longest_wait)
    wait *= 0.5 + jitter() / 2
    asked = error.retry_after if isinstance(error, RateLimited | ServerError | TokenUnavailable) else None
    if asked is not None:
        wait = max(wait, min(asked, policy.retry_after_cap)) if asked > 0 else wait
    if remaining is not None and wait >= remaining:
        return None
    return wait


def _may_repeat(policy: RetryPolicy, error: KorusError, replay: Replay) -> bool:
    if isinstance(error, TokenUnavailable):
        return error.status in policy.statuses
    if isinstance(error, TransportError):
        return not error.sent or replay is not Replay.NEVER
    if isinstance(error, RateLimited):
        return error.status in policy.statuses
    if isinstance(error, StatusError):
        return error.status in policy.statuses and replay is not Replay.NEVER
    return False


_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read a ``Retry-After`` header: seconds, or an HTTP date.

    Args:
        value: The header's text, None when it is absent.
        now: The current time, aware.

    Returns:
        Seconds from now, never negative; None if the header is absent or invalid.
    """
    if value is None:
        return None
    text = value.strip()
    if _SECONDS.fullmatch(text):
        seconds = float(text)
        return seconds if math.isfinite(seconds) else None
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max((date - now).total_seconds(), 0.0)
