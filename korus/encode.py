"""From plain JSON values to the bytes of a request's body: compact UTF-8.

With the extra ``korus[fast]`` msgspec writes what is plain through and through, and the standard library all
else, so both give the same bytes and refuse the same values.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from korus.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["encode_json"]

# cycles are found by the depth that they lead to, so every object need not be remembered
_STANDARD = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False
).encode
# msgspec would write NaN as null, and dates and the like, which the standard library refuses
_SCALARS = frozenset({str, int, bool, type(None)})


class _Encoders:
    """Which encoder is at hand; looked up with the first request, not with the import."""

    fast: Callable[[Any], bytes] | None = None
    looked_up = False

    @classmethod
    def choose(cls) -> Callable[[Any], bytes] | None:
        if not cls.looked_up:
            try:
                import msgspec.json  # noqa: PLC0415 (an extra; most start-ups never encode)
            except ImportError:
                pass
            else:
                cls.fast = msgspec.json.Encoder().encode
            cls.looked_up = True
        return cls.fast


def encode_json(value: Any) -> bytes:
    """Encode a request's body.

    Raises:
        InvalidArgument: when it holds what JSON cannot: NaN, an infinity, half a character, another object.
    """
    try:
        written = _fast(value)
        return _STANDARD(value).encode("utf-8") if written is None else written
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error)
    raise InvalidArgument(f"this cannot be sent as JSON: {reason}")


def _fast(value: Any) -> bytes | None:
    """Write what both encoders write alike; None for what the standard library has to judge."""
    encode = _Encoders.choose()
    if encode is None:
        return None
    try:
        written = encode(value)
        # looked at afterwards, when it is certain that looking comes to an end
        return written if _is_plain(value) else None
    except (TypeError, ValueError, RecursionError):
        return None


def _is_plain(value: Any) -> bool:
    """Tell whether a value is made of nothing but JSON's own types; `TypeError` for a key that is no text."""
    waiting: list[Any] = [value]
    take, add = waiting.pop, waiting.extend
    while waiting:
        found = take()
        kind = found.__class__
        if kind in _SCALARS:
            continue
        if kind is dict:
            "".join(found)  # takes texts only, and is the quickest to say so
            add(found.values())
        elif kind is list:
            add(found)
        else:
            return False
    return True
