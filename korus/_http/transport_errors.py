"""Conversion of httpx's errors to those of korus, with the information whether the request may have been processed.

The new error is never chained to the old one: the frames of httpx hold headers, and headers hold the token.
"""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING

from korus._http.error_responses import status_error
from korus._http.library import httpx
from korus.errors import (
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    DecodingFailed,
    KorusError,
    TimedOut,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from korus._core.secret import Secret

__all__ = ["CAUGHT", "failure_of"]

CAUGHT = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict, TimeoutError, OSError)
"""The errors of a request that `failure_of` converts."""

# with these there was no connection, so nothing can have been received
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    ConnectionRefusedError,
    ssl.SSLCertVerificationError,
)


# where a text of httpx, httpcore, h11 or h2 begins to quote: 'x', b'x', bytearray(b'x'), name=x
_QUOTED = re.compile(r"""(?:\w+\()?(?:\bb)?["'`=]""")
_PROXY_STATUS = re.compile(r"\d{3}\b")
_LONGEST_TEXT = 80


def failure_of(
    error: Exception,
    *,
    sent: bool,
    operation: str | None,
    total: float | None = None,
    secrets: Iterable[Secret] = (),
) -> KorusError:
    """Build the error for a request that got no answer.

    Args:
        error: The error; one of `CAUGHT`.
        sent: True if the request itself may have been sent; False while only a token was requested.
        operation: The operation's name.
        total: The limit for the whole call in seconds, named in the message of a timeout.
        secrets: The secrets that are masked in the headers of an answer, if a hook of the caller raised it.

    Returns:
        The error, not raised.
    """
    if isinstance(error, httpx.HTTPStatusError):
        # raised by an event hook of an httpx client that the caller brought
        response = error.response
        return status_error(response.status_code, response.headers, b"", operation=operation, secrets=secrets)
    sent = sent and not isinstance(error, _NEVER_SENT)
    what = operation or "request"
    said = _said(error)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return ConfigurationError(f"{what}: this address cannot be called: {said}", operation=operation)
    if isinstance(error, httpx.DecodingError):
        return DecodingFailed(f"{what}: the answer's content encoding is broken: {said}", operation=operation)
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return TimedOut(f"{what}: {_patience(error, total)}; {_fate(sent)}", sent=sent, operation=operation)
    if not sent:
        return ConnectionFailed(
            f"{what}: no connection: {said}; {_fate(sent)}", sent=False, operation=operation
        )
    return ConnectionLost(
        f"{what}: the connection broke before the whole answer was there: {said}; {_fate(sent)}",
        sent=True,
        operation=operation,
    )


def _said(error: Exception) -> str:
    """Return the error's name and its text up to the first quotation.

    h11 quotes data that it could not read, which may be private, and httpx an address or a header with the token.
    Messages of the operating system are shown whole.
    """
    text = str(error)
    if isinstance(error, httpx.ProxyError) and (status := _PROXY_STATUS.match(text)):
        # the phrase after it comes from the proxy
        text = status.group()
    elif not isinstance(error, (httpx.NetworkError, OSError)):
        text = _QUOTED.split(text, maxsplit=1)[0][:_LONGEST_TEXT].rstrip(" :,")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _patience(error: Exception, total: float | None) -> str:
    waits: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "no connection within the time allowed for connecting",
        httpx.PoolTimeout: "no connection of the pool became free in time",
        httpx.ReadTimeout: "no answer in time",
        httpx.WriteTimeout: "the request was not taken in time",
    }
    limit = "" if total is None else f" of {total:g} s"
    return waits.get(type(error), f"the time limit{limit} has passed")


def _fate(sent: bool) -> str:
    return "it may have been carried out" if sent else "it was not sent"
