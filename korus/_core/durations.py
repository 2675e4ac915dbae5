"""Durations that sockets, clocks and sleeps accept. No I/O."""

from __future__ import annotations

from typing import Any, Final, overload

__all__ = ["LONGEST", "bounded"]

LONGEST: Final = 1e9
"""Thirty years, in seconds: sockets and sleeps refuse much more with an OverflowError."""


@overload
def bounded(seconds: float) -> float: ...
@overload
def bounded(seconds: float | None) -> float | None: ...
def bounded(seconds: Any) -> Any:
    """Return a number of seconds, at most `LONGEST`; a value that is not finite is returned as it is, to be refused."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return seconds
    return LONGEST if LONGEST < seconds != float("inf") else seconds
