"""The two clocks that korus reads, in one place so that a test can move them.

It does not sleep: waiting differs between the colours and lives beside this module.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SYSTEM_CLOCK", "Clock"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@frozen
class Clock:
    """Where the time comes from.

    Attributes:
        monotonic: Seconds that never go back; for durations and deadlines.
        now: The wall clock as an aware UTC datetime; for dates that the API names.
    """

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now


SYSTEM_CLOCK = Clock()
