"""Setting ``retry=``: how failed requests are retried."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import cast

from attrs import field, frozen

from korus._core.durations import bounded
from korus._core.values import is_count, is_number, shown
from korus.errors import ConfigurationError

__all__ = ["RetryPolicy"]


def _statuses(value: object) -> frozenset[int]:
    statuses = cast("Collection[object]", value) if isinstance(value, Collection) else (None,)
    if all(map(is_count, statuses)):
        return frozenset(cast("Collection[int]", statuses))
    raise ConfigurationError(
        f"`statuses` must be a set of numbers, such as {{429, 503}}, got {shown(value)}"  # pyright: ignore[reportUnknownArgumentType]  # of whatever
    )


@frozen
class RetryPolicy:
    """Policy for retries of failed requests.

    The total time is bounded by `Timeouts.total`, including retries and waits: a wait that would end after the
    deadline is not begun, and the last error is raised at once.

    Attributes:
        attempts: The most requests for one call, including the first; 1 switches retries off.
        first_wait: Seconds before the second attempt, before jitter; each further wait is twice as long.
        longest_wait: The longest wait between attempts, in seconds.
        retry_after_cap: The longest wait that the API may demand by ``Retry-After``, in seconds.
        statuses: The statuses that are retried, if repeating the operation is allowed (for 429 it always is: the API
            did not process the request).
        settle: Seconds for which the API is asked for the result of a hold or an order whose answer was lost, before
            a missing result counts as not processed. It must be longer than the API may take for one.

    Reference: 1.8 (P4).
    """

    attempts: int = field(default=4)
    first_wait: float = field(default=0.25, converter=bounded)
    longest_wait: float = field(default=8.0, converter=bounded)
    retry_after_cap: float = field(default=60.0, converter=bounded)
    statuses: frozenset[int] = field(default=frozenset({429, 502, 503, 504}), converter=_statuses)
    settle: float = field(default=5.0, converter=bounded)

    def __attrs_post_init__(self) -> None:
        if not is_count(self.attempts):
            raise ConfigurationError(
                f"`attempts` must be a whole number of at least 1, got {shown(self.attempts)}"
            )
        for name in ("first_wait", "longest_wait", "retry_after_cap", "settle"):
            seconds = getattr(self, name)
            if not (is_number(seconds) and 0 <= seconds < math.inf):
                raise ConfigurationError(
                    f"`{name}` must be a number of seconds from 0 on, got {shown(seconds)}"
                )
