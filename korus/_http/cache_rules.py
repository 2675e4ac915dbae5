"""Which answers may be kept, for how long and under which name: the rules of the catalogue cache, without I/O.

Catalogue data may be kept for a day (reference 1.9). Everything that moves or is personal may not: prices and
availabilities that are asked for, reservations, orders, tickets, documents, tokens. What is kept is kept for
one service account, one address and one language. `korus._async.http.cache` does the keeping.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from korus._core.config import Config
    from korus._core.headers import ExtraHeaders

__all__ = ["CATALOGUE", "account_of", "key_of"]

CATALOGUE = frozenset(
    {
        "get_event",
        "get_form",
        "get_offer_ticket",
        "list_catalogs",
        "list_events",
        "list_offer_tickets",
        "list_offers",
        "list_product_base_option_values",
        "list_product_base_options",
        "list_product_bases",
        "list_products",
    }
)
"""The operations whose answers are kept. Lists of sessions are not among them: they say what is left."""


def account_of(config: Config) -> str:
    """Name a service account at an installation of the API; two names are equal for the same account only."""
    return _digest(config.base_url, config.token_url, config.client_id)


def key_of(
    account: str,
    epoch: str,
    url: str,
    params: Iterable[tuple[str, object]],
    language: str | None,
    *,
    headers: ExtraHeaders = (),
) -> str:
    """Name an answer.

    Args:
        account: What `account_of` gave.
        epoch: What all keys since the last clearing have in common.
        url: The request's address.
        params: Its query.
        language: Its ``Accept-Language``.
        headers: Its other headers that the answer may depend on.
    """
    parts = [account, epoch, url, urlencode(list(params)), language or ""]
    return "korus:" + _digest(*parts, *(f"{name.lower()}:{value.reveal()}" for name, value in headers))


def _digest(*parts: str) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
