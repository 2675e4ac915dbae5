# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Raw client for KorusTicket API, version release.

`api` has one module per operation, `models` the classes of requests and responses, `operations` the index of operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .client import AuthenticatedClient, Client

API_VERSION: Final = "release"
"""The version of the API's description (`info.version`)."""

DESCRIPTION_SHA256: Final = "8f939aed5817721c2729ab4c729717c2b1ebc7aa9edd56d221f7493376c81343"
"""The SHA-256 of the description file, before the overlay."""

__all__ = ["API_VERSION", "DESCRIPTION_SHA256", "AuthenticatedClient", "Client"]


def __getattr__(name: str) -> Any:
    """Import the clients on first use."""
    if name in {"AuthenticatedClient", "Client"}:
        from . import client

        return getattr(client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
