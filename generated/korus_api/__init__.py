# Written by `python -m scripts.generate` from KorusTicket API release. Do not edit: it is written anew.
"""The raw client for KorusTicket API, version release.

`api` holds one module per operation, `models` the classes they take and answer, `operations` the list of operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .client import AuthenticatedClient, Client

API_VERSION: Final = "release"
"""The version of the API's description (`info.version`)."""

DESCRIPTION_SHA256: Final = "6e13dce50f5290f2c9144567780c66dde020ff8929a0c7e8566c65e6b595e2d3"
"""The SHA-256 of the description's file as it was, before the overlay."""

__all__ = ["API_VERSION", "DESCRIPTION_SHA256", "AuthenticatedClient", "Client"]


def __getattr__(name: str) -> Any:
    """Import the clients when they are first asked for."""
    if name in {"AuthenticatedClient", "Client"}:
        from . import client

        return getattr(client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
