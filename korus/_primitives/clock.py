"""Clocks of korus: monotonic and wall clock, in one place, so that tests can move them.

Waiting differs between sync and async, and is in the other modules of this package.
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
    """Sources of the time.

    Attributes:
        monotonic: Returns monotonic seconds; for durations and deadlines.
        now: Returns the wall clock as an aware UTC datetime; for dates of the API.
    """

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now


SYSTEM_CLOCK = Clock()
