"""korus, the Python SDK for the KorusTicket API.

`Korus` is the client, `AsyncKorus` the same with ``await``. What they raise is in `korus.errors`, what they
take and return in `korus.models` and `korus.types`. Nothing is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._late_names import late_names as _late_names
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
    **{name: f"korus.{name}" for name in ("errors", "forms", "hooks", "iri", "models", "money", "types")},
}

if not TYPE_CHECKING:  # a type checker would take any name for one of the module's
    __getattr__, __dir__ = _late_names(__name__, _HOMES)
