"""Rules of the catalogue cache: which answers are stored, for how long, and under which key. No I/O.

Catalogue data may be stored for a day (reference 1.9). Volatile and personal data may not: answers of the price and
availability operations, reservations, orders, tickets, documents, tokens. Entries belong to one service account,
address, language and set of headers. The answer's headers (RFC 9111: ``max-age``, ``no-store``, ``Expires``, ``Age``)
are obeyed, unless the setting ``keep`` overrides them. A stale answer is revalidated if it has a validator.

hishel's own rules are not used: they ignore ``Age``, and guess a lifetime from ``Last-Modified`` although the API has
advised one. `korus._async.http.cache` stores, `korus._async.http.read_through` revalidates.
"""

from __future__ import annotations

import hashlib
import math
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from attrs import evolve, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from korus._core.config import Config

__all__ = [
    "ADVISED",
    "CATALOGUE",
    "LONGEST",
    "OLD",
    "Facts",
    "Marks",
    "account_of",
    "confirms",
    "facts_from",
    "facts_of",
    "key_of",
    "name_of",
    "trusted_date",
    "varying_headers",
]

ADVISED: Final = 86_400.0
"""Lifetime of catalogue data that the API advises, in seconds."""
LONGEST: Final = 30 * ADVISED
"""The longest time for which an answer is used without asking, in seconds."""
OLD: Final = 7 * ADVISED
"""Seconds for which a stale answer is stored for revalidation."""
_OLD_ENOUGH_SECONDS: Final = 60
_SKEW: Final = 60.0
"""The greatest difference of the clocks of workers that share a cache, in seconds."""
_DIRECTIVE: Final = re.compile(r"""([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,]*))?""")
_SECONDS: Final = re.compile(r"\d{1,15}", re.ASCII)
_NOT_VARYING: Final = frozenset({
    "accept", "accept-encoding", "connection", "host", "if-modified-since", "if-none-match", "user-agent"
})  # fmt: skip
_ASKED_AT, _LIFETIME, _NO_STORE, _SWEPT = "x-asked-at", "x-lifetime", "x-no-store", "x-swept"

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
"""The operations whose answers are stored. Lists of sessions are not, since they have the current stock."""


def account_of(config: Config) -> str:
    """Return the key of a service account at an installation of the API, unique for the account."""
    return _digest(config.base_url, config.token_url, config.client_id)


def name_of(account: str, place: str) -> str:
    """Return the key of a cache: a service account and a storage."""
    return _digest(account, place)[:16]


def key_of(
    account: str,
    epoch: str,
    url: str,
    params: Iterable[tuple[str, object]],
    headers: Iterable[tuple[str, str]] = (),
) -> str:
    """Return the key of an answer.

    Args:
        account: The key of the account, from `account_of`.
        epoch: A text that all keys since the last clearing share.
        url: The request's address.
        params: Its query.
        headers: Its headers that the answer may depend on; see `varying_headers`.
    """
    parts = [account, epoch, url, urlencode([(name, str(value)) for name, value in params])]
    return "korus:" + _digest(*parts, *(repr(header) for header in headers))


def varying_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request that its answer may depend on, sorted."""
    named = ((name.lower(), value) for name, value in headers)
    return tuple(sorted(each for each in named if each[0] not in _NOT_VARYING))


@frozen
class Marks:
    """Times of invalidation: answers to earlier requests are stale.

    Attributes:
        asked_before: For answers to all requests.
        swept_before: For answers to the mirror's requests, which were made in the sweep that noticed a change.
    """

    asked_before: float = -math.inf
    swept_before: float = -math.inf


@frozen
class Facts:
    """Age and lifetime of a stored answer.

    Attributes:
        asked_at: The time of its request or revalidation, less the age that it had then.
        lifetime: The lifetime in seconds that the API set; None without one.
        no_store: True if the API forbids storing it.
        etag: Its entity tag.
        modified: Its ``Last-Modified``, if later changes can be distinguished by it.
        swept: True if a sweep of the mirror requested it.
    """

    asked_at: float
    lifetime: float | None = None
    no_store: bool = False
    etag: str | None = None
    modified: str | None = None
    swept: bool = False

    def age(self, now: float) -> float:
        """Return its age in seconds."""
        return max(now - self.asked_at, 0.0)

    def seconds(self, keep: float | None) -> float:
        """Return for how many seconds it is used without asking.

        Args:
            keep: The setting, which overrides the API; None to obey the API.
        """
        if keep is not None:
            return keep
        if self.no_store:
            return 0.0
        return ADVISED if self.lifetime is None else min(self.lifetime, LONGEST)

    def is_fresh(self, now: float, keep: float | None, marks: Marks) -> bool:
        """Return True if it may be used without asking; if the clock was set back, it is stale."""
        mark = marks.swept_before if self.swept else marks.asked_before
        return mark < self.asked_at <= now + _SKEW and now < self.asked_at + self.seconds(keep)

    def kept_for(self, keep: float | None) -> float:
        """Return for how many seconds it is stored; 0 for not at all."""
        if self.no_store and keep is None:
            return 0.0
        return self.seconds(keep) + (OLD if self.conditions() else 0.0)

    def conditions(self) -> dict[str, str]:
        """Return the headers of a conditional request; empty without a validator."""
        found = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in found.items() if value is not None}

    def confirmed(self, headers: Mapping[str, str], asked_at: float) -> Facts:
        """Return the facts after a 304, whose headers replace the stored ones."""
        new = facts_of(headers, asked_at)
        says = "cache-control" in headers or "expires" in headers
        return evolve(
            self,
            asked_at=new.asked_at,
            lifetime=new.lifetime if says else self.lifetime,
            no_store=new.no_store if says else self.no_store,
            etag=new.etag or self.etag,
        )

    def to_headers(self, content_type: str) -> dict[str, str]:
        """Return it as headers, beside the content type, for `facts_from` to read."""
        found = {
            "content-type": content_type,
            _ASKED_AT: repr(self.asked_at),
            _LIFETIME: None if self.lifetime is None else repr(self.lifetime),
            _NO_STORE: "1" if self.no_store else None,
            _SWEPT: "1" if self.swept else None,
            "etag": self.etag,
            "last-modified": self.modified,
        }
        return {name: value for name, value in found.items() if value is not None}


def facts_of(headers: Mapping[str, str], asked_at: float, *, swept: bool = False) -> Facts:
    """Read the caching headers of an answer.

    ``no-cache`` and ``must-revalidate`` alone are ignored: the API's framework sends them by default, and the API
    advises a day (reference 1.9).

    Args:
        headers: The answer's headers.
        asked_at: The wall-clock time when its request began.
        swept: True if a sweep of the mirror requested it.
    """
    said = _directives(headers.get("cache-control", ""))
    age = _SECONDS.match(headers.get("age", "").strip())
    return Facts(
        asked_at - (float(age[0]) if age else 0.0),
        _lifetime(said, headers, asked_at),
        "no-store" in said or "*" in headers.get("vary", ""),
        headers.get("etag"),
        trusted_date(headers, asked_at),
        swept,
    )


def facts_from(headers: Mapping[str, str]) -> Facts:
    """Read headers of `Facts.to_headers`; those of another version give a stale answer."""
    try:
        asked_at = float(headers.get(_ASKED_AT, "-inf"))
        lifetime = None if headers.get(_LIFETIME) is None else float(headers[_LIFETIME])
    except ValueError:
        return Facts(-math.inf)
    return Facts(
        asked_at,
        lifetime,
        _NO_STORE in headers,
        headers.get("etag"),
        headers.get("last-modified"),
        _SWEPT in headers,
    )


def confirms(facts: Facts, headers: Mapping[str, str]) -> bool:
    """Return True if a 304 confirms the stored answer: its entity tag, if it has one, is the same."""
    etag = headers.get("etag")
    return etag is None or facts.etag is None or etag.removeprefix("W/") == facts.etag.removeprefix("W/")


def trusted_date(headers: Mapping[str, str], sent: float | None = None) -> str | None:
    """Return ``Last-Modified`` if it is old enough to distinguish later changes.

    Args:
        headers: The answer's headers.
        sent: The time when it was sent, if it has no ``Date``.
    """
    modified, sent = _moment(headers.get("last-modified")), _moment(headers.get("date")) or sent
    if modified is None or sent is None or sent - modified < _OLD_ENOUGH_SECONDS:
        return None
    return headers["last-modified"]


def _directives(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for match in _DIRECTIVE.finditer(text):
        found.setdefault(match[1].lower(), []).append((match[2] or "").strip('"'))
    return found


def _lifetime(said: Mapping[str, list[str]], headers: Mapping[str, str], asked_at: float) -> float | None:
    if "max-age" in said:
        # the shortest of several; an invalid number counts as 0
        matches = [_SECONDS.fullmatch(value) for value in said["max-age"]]
        return min(float(match[0]) if match else 0.0 for match in matches)
    if "expires" not in headers:
        return None
    ends = _moment(headers["expires"])
    return 0.0 if ends is None else max(ends - (_moment(headers.get("date")) or asked_at), 0.0)


def _moment(text: str | None) -> float | None:
    try:
        found = parsedate_to_datetime(text or "")
    except (TypeError, ValueError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _digest(*parts: str) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
