"""Which answers may be kept, for how long and under which name: the rules of the catalogue cache, without I/O.

Catalogue data may be kept for a day (reference 1.9). Everything that moves or is personal may not: prices and
availabilities that are asked for, reservations, orders, tickets, documents, tokens. What is kept is kept for one
service account, one address, one language and one set of headers. What the API says of it (RFC 9111: ``max-age``,
``no-store``, ``Expires``, ``Age``) is obeyed unless the setting ``keep`` says otherwise. Then it is old, and the API is
asked whether it has changed, if the answer had something to ask by.

hishel's own rules are not used: they take no notice of ``Age``, and guess a lifetime from ``Last-Modified`` where the
API has advised one. `korus._async.http.cache` does the keeping, `korus._async.http.read_through` the asking.
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
"""Seconds that the API advises to keep catalogue data."""
LONGEST: Final = 30 * ADVISED
"""Seconds that an answer is used without asking at most, whatever the API says."""
OLD: Final = 7 * ADVISED
"""Seconds that an old answer is kept, to ask whether it has changed."""
_OLD_ENOUGH_SECONDS: Final = 60
_SKEW: Final = 60.0
"""Seconds by which the clocks of workers that share a cache may differ."""
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
"""The operations whose answers are kept. Lists of sessions are not among them: they say what is left."""


def account_of(config: Config) -> str:
    """Name a service account at an installation of the API; two names are equal for the same account only."""
    return _digest(config.base_url, config.token_url, config.client_id)


def name_of(account: str, place: str) -> str:
    """Name a cache: what is kept for a service account at a place."""
    return _digest(account, place)[:16]


def key_of(
    account: str,
    epoch: str,
    url: str,
    params: Iterable[tuple[str, object]],
    headers: Iterable[tuple[str, str]] = (),
) -> str:
    """Name an answer.

    Args:
        account: What `account_of` gave.
        epoch: What all keys since the last clearing have in common.
        url: The request's address.
        params: Its query.
        headers: Its headers that the answer may depend on; see `varying_headers`.
    """
    parts = [account, epoch, url, urlencode([(name, str(value)) for name, value in params])]
    return "korus:" + _digest(*parts, *(repr(header) for header in headers))


def varying_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request that its answer may depend on, in an order of their own."""
    named = ((name.lower(), value) for name, value in headers)
    return tuple(sorted(each for each in named if each[0] not in _NOT_VARYING))


@frozen
class Marks:
    """Moments before which an answer has to have been asked for in order to be old.

    Attributes:
        asked_before: For answers to anybody's requests.
        swept_before: For answers to the mirror's own, which has read them itself in the sweep that saw a change.
    """

    asked_before: float = -math.inf
    swept_before: float = -math.inf


@frozen
class Facts:
    """The age of a kept answer, and how it may be used.

    Attributes:
        asked_at: The time of day at which it was asked for or confirmed, less the age that it had then.
        lifetime: For how many seconds the API lets it be used; None if it does not say.
        no_store: True if the API does not want it kept.
        etag: Its entity tag.
        modified: Its ``Last-Modified``, if that tells later changes from it.
        swept: True if it was asked for by a sweep of the mirror.
    """

    asked_at: float
    lifetime: float | None = None
    no_store: bool = False
    etag: str | None = None
    modified: str | None = None
    swept: bool = False

    def age(self, now: float) -> float:
        """Return how many seconds old it is."""
        return max(now - self.asked_at, 0.0)

    def seconds(self, keep: float | None) -> float:
        """Return for how many seconds it is used without asking.

        Args:
            keep: The setting, which outranks the API; None to obey the API.
        """
        if keep is not None:
            return keep
        if self.no_store:
            return 0.0
        return ADVISED if self.lifetime is None else min(self.lifetime, LONGEST)

    def is_fresh(self, now: float, keep: float | None, marks: Marks) -> bool:
        """Return True if it may be used without asking; a clock that was set back makes it old."""
        mark = marks.swept_before if self.swept else marks.asked_before
        return mark < self.asked_at <= now + _SKEW and now < self.asked_at + self.seconds(keep)

    def kept_for(self, keep: float | None) -> float:
        """Return for how many seconds it is worth keeping; 0 for not at all."""
        if self.no_store and keep is None:
            return 0.0
        return self.seconds(keep) + (OLD if self.conditions() else 0.0)

    def conditions(self) -> dict[str, str]:
        """Return the headers that ask whether it has changed; none if it cannot be asked."""
        found = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in found.items() if value is not None}

    def confirmed(self, headers: Mapping[str, str], asked_at: float) -> Facts:
        """Return what is known after a 304, whose headers replace those that were kept."""
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
    """Read what an answer says of its keeping.

    ``no-cache`` and ``must-revalidate`` alone do not count: the API's framework sends them with every answer for which
    nobody has decided anything, and the API advises a day (reference 1.9).

    Args:
        headers: The answer's.
        asked_at: When its request began, by the time of day.
        swept: Whether a sweep of the mirror asked.
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
    """Read what `Facts.to_headers` wrote; what another version wrote is as old as can be."""
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
    """Return True if a 304 is about the answer that is kept: its entity tag, if it has one, is the same."""
    etag = headers.get("etag")
    return etag is None or facts.etag is None or etag.removeprefix("W/") == facts.etag.removeprefix("W/")


def trusted_date(headers: Mapping[str, str], sent: float | None = None) -> str | None:
    """Return ``Last-Modified`` if it is old enough to tell later changes from it.

    Args:
        headers: The answer's.
        sent: When it was sent, if it has no ``Date``.
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
        # of several the shortest; what is no number is no time at all
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
