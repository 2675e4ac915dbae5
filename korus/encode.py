"""From plain JSON values to the bytes of a request's body: compact UTF-8.

With the extra ``korus[fast]`` msgspec writes, and the standard library what msgspec would change; so both send
the same values and refuse the same ones.
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


class _Encoders:
    """Which encoder is at hand; looked up with the first request, not with the import."""

    fast: Callable[[Any], bytes | None] | None = None
    looked_up = False

    @classmethod
    def choose(cls) -> Callable[[Any], bytes | None] | None:
        if not cls.looked_up:
            cls.fast, cls.looked_up = _fast_encoder(), True
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
        return encode(value)
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return None


def _fast_encoder() -> Callable[[Any], bytes | None] | None:
    """Build the encoder of msgspec, which gives None when it would not write what the standard library does.

    msgspec writes dates, sets and other objects as texts and arrays, and names that are no text as text: turned
    into plain values first, as `to_builtins` does by the same rules, they differ from what was given. It writes
    NaN and the infinities as null; so a null leads to the standard library unless reading it back gives the
    same. Both looks together take half as long as visiting every value does in Python.
    """
    try:
        import msgspec  # noqa: PLC0415 (an extra; most start-ups never encode)
    except ImportError:
        return None
    write, plain, read = msgspec.json.Encoder().encode, msgspec.to_builtins, msgspec.json.Decoder().decode

    def encode(value: Any) -> bytes | None:
        written = write(value)
        if plain(value, str_keys=True) != value:
            return None
        # `rfind` takes half as long as `in`
        return written if written.rfind(b"null") < 0 or read(written) == value else None

    return encode
