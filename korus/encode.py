"""From plain JSON values to the bytes of a request's body: compact UTF-8.

With the extra ``korus[fast]`` msgspec writes, and the standard library what msgspec would change; so both send
the same values and refuse the same ones.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from korus.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["encode_json"]

# cycles are found by the depth that they lead to, so every object need not be remembered
_STANDARD = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False
).encode

_TEXT = frozenset({str})
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
    """Write what msgspec can write; None for what the standard library has to judge."""
    encode = _Encoders.choose()
    if encode is None:
        return None
    try:
        written = encode(value)
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return None
    return written if _is_plain(value) else None


def _is_plain(value: Any) -> bool:
    """Tell whether there is nothing in a value that msgspec and the standard library write differently.

    msgspec writes NaN as null, and dates, sets and other objects as texts and arrays. Looking for them costs a
    quarter of what writing with the standard library does, and two thirds of reading back what was written.
    """
    waiting = [value]
    take, put = waiting.pop, waiting.append
    while waiting:
        one = take()
        kind = type(one)
        if kind is dict:
            if not _TEXT.issuperset(map(type, one)):
                return False
            parts: Iterable[Any] = one.values()
        elif kind is list:
            parts = one
        elif kind is float:
            if one - one != 0.0:  # neither a number nor finite
                return False
            continue
        elif kind in _SCALARS:
            continue
        else:
            return False
        for part in parts:
            if type(part) not in _SCALARS:
                put(part)
    return True
