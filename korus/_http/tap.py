"""The place for a recorder of korus's exchanges: below retries and tokens, above the network.

Only tests put one there (`korus.testing.recording`). Without one a client is used as it is. What other clients of httpx
send does not pass here.
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
    """Makes the client that sends in place of another one."""

    def through(self, client: _Client) -> _Client:
        """Return the client to send with in place of ``client``."""
        ...


_TAPS: list[Tap] = []


def through(client: _Client) -> _Client:
    """Return the client that korus sends with: the given one, unless exchanges are recorded or replayed."""
    return _TAPS[-1].through(client) if _TAPS else client


@contextmanager
def tapped(tap: Tap) -> Generator[None]:
    """Let everything that korus sends pass a recorder."""
    _TAPS.append(tap)
    try:
        yield
    finally:
        _TAPS.remove(tap)
