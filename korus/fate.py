"""Whether a write that failed may have been carried out all the same. A pure decision, made in one place."""

from __future__ import annotations

from korus.errors import ConnectionLost, DecodingFailed, KorusError, ServerError, TransportError

__all__ = ["lost_answer", "may_have_happened", "may_still_happen"]

# a gateway that gave up waiting says nothing about the one behind it
_GATEWAY = frozenset({502, 504})


def may_have_happened(error: KorusError) -> bool:
    """Tell whether the request may have been carried out although it ended in ``error``.

    A request that never left was not, and neither was one that the API refused (4xx). A lost connection, a
    time-out, any 5xx and an answer that cannot be read say nothing.
    """
    if isinstance(error, TransportError):
        return error.sent
    return isinstance(error, (ServerError, DecodingFailed))


def may_still_happen(error: KorusError) -> bool:
    """Tell whether the API may still be at work on the request; an answer of its own says that it is done."""
    if isinstance(error, ServerError):
        return error.status in _GATEWAY
    return isinstance(error, TransportError) and error.sent


def lost_answer(operation: str, *, recent: bool) -> KorusError:
    """Give an error that stands for an answer lost by somebody else.

    Args:
        operation: The operation's name.
        recent: Whether it was sent so short a time ago that the API may still be at work on it.
    """
    if recent:
        return ConnectionLost("the answer was lost just now", sent=True, operation=operation)
    return DecodingFailed("the answer was lost", operation=operation)
