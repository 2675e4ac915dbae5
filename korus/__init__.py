"""korus, the Python SDK for the KorusTicket API.

`Korus` is the client, `AsyncKorus` the same with ``await``. What they raise is in `korus.errors`, what they
take and return in `korus.models` and `korus.types`. Nothing is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from korus._version import __version__

if TYPE_CHECKING:
    from korus_api import API_VERSION

    from korus import errors, forms, hooks, iri, models, money, types
    from korus._async.booking.builder import AsyncBulkReservation
    from korus._async.client import AsyncKorus
    from korus._async.http.pages import AsyncPages
    from korus._booking.outcomes import BulkOutcome
    from korus._core.cache_setting import Cache
    from korus._core.config import Timeouts
    from korus._core.retry_policy import RetryPolicy
    from korus._http.pagination import Page
    from korus._otel.tracing import Tracing
    from korus._sync.booking.builder import BulkReservation
    from korus._sync.client import Korus
    from korus._sync.http.pages import Pages
    from korus.errors import CollectionChanged, KorusError

__all__ = [
    "API_VERSION",
    "AsyncBulkReservation",
    "AsyncKorus",
    "AsyncPages",
    "BulkOutcome",
    "BulkReservation",
    "Cache",
    "CollectionChanged",
    "Korus",
    "KorusError",
    "Page",
    "Pages",
    "RetryPolicy",
    "Timeouts",
    "Tracing",
    "__version__",
    "errors",
    "forms",
    "hooks",
    "iri",
    "models",
    "money",
    "types",
]

_HOMES = {
    "API_VERSION": "korus_api",
    "AsyncBulkReservation": "korus._async.booking.builder",
    "AsyncKorus": "korus._async.client",
    "AsyncPages": "korus._async.http.pages",
    "BulkOutcome": "korus._booking.outcomes",
    "BulkReservation": "korus._sync.booking.builder",
    "Cache": "korus._core.cache_setting",
    "CollectionChanged": "korus.errors",
    "Korus": "korus._sync.client",
    "KorusError": "korus.errors",
    "Page": "korus._http.pagination",
    "Pages": "korus._sync.http.pages",
    "RetryPolicy": "korus._core.retry_policy",
    "Timeouts": "korus._core.config",
    "Tracing": "korus._otel.tracing",
}
_MODULES = frozenset({"errors", "forms", "hooks", "iri", "models", "money", "types"})


def __getattr__(name: str) -> Any:
    import importlib  # noqa: PLC0415 (nothing is imported before it is used)

    if name in _MODULES:
        return importlib.import_module(f"korus.{name}")
    if name in _HOMES:
        found = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'korus' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
