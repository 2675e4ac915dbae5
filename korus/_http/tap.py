"""Hook for a recorder of korus's exchanges, below retries and tokens and above the network.

Only tests install one (`korus.testing.recording`). Requests of other httpx clients do not pass here.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from korus._http.library import httpx

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["Tap", "tapped", "through"]

_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)


class Tap(Protocol):
    """Factory of clients that replace others."""

    def through(self, client: _Client) -> _Client:
        """Return the client that replaces ``client``."""
        ...


_TAPS: list[Tap] = []


def through(client: _Client) -> _Client:
    """Return the client to send with: the given one, unless exchanges are recorded or replayed."""
    return _TAPS[-1].through(client) if _TAPS else client


@contextmanager
def tapped(tap: Tap) -> Generator[None]:
    """Pass all exchanges of korus through a recorder."""
    _TAPS.append(tap)
    try:
        yield
    finally:
        _TAPS.remove(tap)
