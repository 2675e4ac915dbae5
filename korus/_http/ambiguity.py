"""Ambiguity of failed writes: may the request have been processed although it ended in an error? A pure decision."""

from __future__ import annotations

import re
from typing import Final

from korus.errors import (
    AuthenticationFailed,
    DecodingFailed,
    KorusError,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServerError,
    StatusError,
    TransportError,
)

__all__ = [
    "already_ordered_in",
    "is_ambiguous",
    "is_from_api",
    "is_worth_a_look",
    "may_follow_work",
    "proves_order",
    "redirects_after_work",
    "says_already_ordered",
    "says_timed_out",
]

# compiled by `re` when the first of them is needed, which few clients ever do
_ALREADY_ORDERED: Final = (
    r"already[\s_-]+(?:been[\s_-]+)?(?:ordered|confirmed|purchased|booked)"
    r"|(?:already[\s_-]+)?has[\s_-]+(?:already[\s_-]+)?an[\s_-]+order(?![a-z])"
    r"|already[\s_-]+(?:a[\s_-]+)?part[\s_-]+of[\s_-]+an[\s_-]+order(?![a-z])"
    r"|(?:has|was|been|is)[\s_-]+(?:been[\s_-]+)?ordered"
    r"|order[\s_-]+already[\s_-]+exists"
)
_TIMED_OUT: Final = r"time[sd]?[\s_-]*out|gateway"
_REDIRECTS: Final = range(300, 400)
_NOT_HTTP: Final = 600
# what was waited for may come still: nobody waited to its end (408, and 460 and 499 of load balancers)
_GAVE_UP: Final = frozenset({408, 460, 499})


def is_ambiguous(error: KorusError) -> bool:
    """Return True if the request may have been processed although it ended in ``error``.

    One that never left was not, and one that the API refused (4xx) was not by itself. A lost connection, a timeout,
    any 5xx, a status that says that somebody gave up waiting, or none of HTTP's, and an answer that cannot be read say
    nothing: whatever the status, an origin behind a gateway may still be at work.
    """
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, AuthenticationFailed):  # the token endpoint's: the request itself was never sent
        return False
    status = error.status or 0
    gave_up = isinstance(error, StatusError) and (status in _GAVE_UP or status >= _NOT_HTTP)
    return gave_up or isinstance(error, ServerError | DecodingFailed)


def may_follow_work(error: KorusError) -> bool:
    """Return True for a refusal that need not be the first word on the request.

    A proxy that sends a request again gets the second try refused (409, 422, 404, 400), and a redirect may point at the
    result of finished work.
    """
    if not isinstance(error, StatusError) or is_ambiguous(error):
        return False
    return not isinstance(error, AuthenticationFailed | PermissionDenied | RateLimited)


def is_worth_a_look(error: KorusError) -> bool:
    """Return True for a refusal after which the API is asked once what exists.

    Besides those that may follow work it is a 403, which a firewall also puts in the place of an answer.
    """
    return may_follow_work(error) or isinstance(error, PermissionDenied)


def redirects_after_work(error: KorusError) -> bool:
    """Return True for a redirect, which says nothing about whether the request was processed.

    One of the token endpoint is an `AuthenticationFailed`: the request itself was never sent.
    """
    return error.status in _REDIRECTS and not isinstance(error, AuthenticationFailed)


def says_already_ordered(words: str) -> bool:
    """Return True if a refusal's words say that the reservation has an order."""
    return already_ordered_in(words) is not None


def says_timed_out(words: str) -> bool:
    """Return True if a refusal's words say that somebody gave up waiting, which excludes no order."""
    return re.search(_TIMED_OUT, words, re.IGNORECASE) is not None


def already_ordered_in(words: str) -> str | None:
    """Return those of a refusal's words that say that the reservation has an order; nothing else is among them."""
    found = re.search(_ALREADY_ORDERED, words, re.IGNORECASE)
    return None if found is None else found.group()


def proves_order(error: KorusError) -> bool:
    """Return True if a refusal says that the reservation has an order already."""
    if not isinstance(error, StatusError):
        return False
    problem = error.problem
    words = [error.body, *((problem.title, problem.detail) if problem else ())]
    return any(says_already_ordered(found) for found in words if found)


def is_from_api(error: NotFound) -> bool:
    """Return True if a 404 is the API's own problem document, and not the page of a gateway before it."""
    raw = None if error.problem is None else error.problem.raw
    return isinstance(raw, dict) and any(key in raw for key in ("detail", "title", "@type", "hydra:title"))
