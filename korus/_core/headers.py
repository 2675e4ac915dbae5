"""Additional headers of a caller for requests to the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from korus._core.secret import Secret
from korus._core.values import shown
from korus.errors import ConfigurationError

__all__ = ["OWN", "ExtraHeaders", "guarded_headers", "is_header", "read_headers"]

ExtraHeaders: TypeAlias = tuple[tuple[str, Secret], ...]

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_VALUE = re.compile(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?", re.ASCII)
OWN = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Reserved headers: set by korus or httpx, or part of the framing of a request."""


def is_header(name: object, value: object) -> bool:
    """Return True for a header that can be sent and is not reserved."""
    return (
        isinstance(name, str)
        and isinstance(value, str)
        and _NAME.fullmatch(name) is not None
        and name.lower() not in OWN
        and _VALUE.fullmatch(value) is not None
    )


def guarded_headers(value: Any) -> Any:
    """Wrap the values, so that a traceback with local variables does not show them; this cannot fail."""
    if not isinstance(value, Mapping):
        return value
    headers = cast("Mapping[object, object]", value)
    return tuple((name, Secret(text) if isinstance(text, str) else text) for name, text in headers.items())


def read_headers(value: object) -> ExtraHeaders:
    """Check the value of ``extra_headers=``, after `guarded_headers`.

    Raises:
        ConfigurationError: It is not a mapping of texts, or has a header that is invalid or reserved.
    """
    if value is None:
        return ()
    if not isinstance(value, tuple):
        raise ConfigurationError(f"`extra_headers` must be a mapping of texts, got {shown(value)}")
    headers = cast("tuple[tuple[object, object], ...]", value)
    for name, header in headers:
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise ConfigurationError("`extra_headers` must have names of ASCII letters, digits and dashes")
        if name.lower() in OWN:
            raise ConfigurationError(
                f"`extra_headers` cannot have {name}: korus sets it itself"
                + ("; use `language`" if name.lower() == "accept-language" else "")
            )
        if not isinstance(header, Secret) or _VALUE.fullmatch(header.reveal()) is None:
            raise ConfigurationError(
                f"`extra_headers`: the value of {name} must be a text of printable ASCII characters"
            )
    return cast("ExtraHeaders", headers)
