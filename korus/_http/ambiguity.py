"""Ambiguity of failed writes: decides whether a request that ended in an error may have been processed. No I/O."""

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
# the other side stopped waiting, so the work may still be done (408, and 460 and 499 of load balancers)
_GAVE_UP: Final = frozenset({408, 460, 499})


def is_ambiguous(error: KorusError) -> bool:
    """Return True if the request may have been processed although it ended in ``error``.

    A request that was never sent was not processed, nor was one that the API refused (4xx). A lost connection, a
    timeout, any 5xx, a status of a side that stopped waiting, an unknown status, and an unreadable answer are
    ambiguous: an origin behind a gateway may still be processing the request.
    """
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, AuthenticationFailed):  # the token endpoint's: the request itself was never sent
        return False
    status = error.status or 0
    gave_up = isinstance(error, StatusError) and (status in _GAVE_UP or status >= _NOT_HTTP)
    return gave_up or isinstance(error, ServerError | DecodingFailed)


def may_follow_work(error: KorusError) -> bool:
    """Return True for a refusal that may follow a successful first attempt.

    If a proxy sends a request twice, the second one is refused (409, 422, 404, 400), and a redirect may point at the
    result of finished work.
    """
    if not isinstance(error, StatusError) or is_ambiguous(error):
        return False
    return not isinstance(error, AuthenticationFailed | PermissionDenied | RateLimited)


def is_worth_a_look(error: KorusError) -> bool:
    """Return True for a refusal after which the API is asked once for existing results.

    These are the refusals that may follow work, and 403, with which a firewall may replace an answer.
    """
    return may_follow_work(error) or isinstance(error, PermissionDenied)


def redirects_after_work(error: KorusError) -> bool:
    """Return True for a redirect, which says nothing about whether the request was processed.

    A redirect of the token endpoint is an `AuthenticationFailed`: the request itself was never sent.
    """
    return error.status in _REDIRECTS and not isinstance(error, AuthenticationFailed)


def says_already_ordered(words: str) -> bool:
    """Return True if the text of a refusal says that the reservation has an order."""
    return already_ordered_in(words) is not None


def says_timed_out(words: str) -> bool:
    """Return True if the text of a refusal says that a side stopped waiting, which does not exclude an order."""
    return re.search(_TIMED_OUT, words, re.IGNORECASE) is not None


def already_ordered_in(words: str) -> str | None:
    """Return the words of a refusal that say that the reservation has an order, and nothing else of its text."""
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
