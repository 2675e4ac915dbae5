"""From plain JSON values to the bytes of a request's body: compact UTF-8.

With the extra ``korus-sdk[fast]`` orjson writes, and the standard library what orjson refuses or would change; so both
send the same values and refuse the same ones. orjson and not msgspec, which reads the answers (`korus._http.decode`):
it refuses dates, sets, decimals, foreign objects and names that are no text by itself. What msgspec writes would
have to be compared with what was given, which takes longer than the writing.
"""

from __future__ import annotations

import enum
import json
import uuid
from typing import TYPE_CHECKING, Any

from korus.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["encode_json"]


def _plain(value: object) -> object:
    """Turn into plain values the two kinds of objects that orjson takes unasked."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


# cycles are found by the depth that they lead to, so every object need not be remembered
_STANDARD = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False, default=_plain
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
    """Encode a request's body: plain values, and enumerations and UUIDs as what they stand for.

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
    """Write what orjson can write; None for what the standard library has to judge."""
    encode = _Encoders.choose()
    if encode is None:
        return None
    try:
        return encode(value)
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return None


def _fast_encoder() -> Callable[[Any], bytes | None] | None:
    """Build the encoder of orjson, which gives None when it would not write what the standard library does.

    It writes NaN and the infinities as null; so a null leads to the standard library unless reading it back gives
    the same.
    """
    try:
        import orjson  # noqa: PLC0415 (an extra; most start-ups never encode)
    except ImportError:
        return None
    write, read = orjson.dumps, orjson.loads
    only_json = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME

    def encode(value: Any) -> bytes | None:
        written = write(value, None, only_json)
        # `rfind` takes half as long as `in`
        return written if written.rfind(b"null") < 0 or read(written) == value else None

    return encode
