"""Encoding of request bodies: from plain JSON values to compact UTF-8.

With the extra ``korus-sdk[fast]`` orjson encodes, and the standard library encodes what orjson refuses or would change,
so both accept and send the same values. msgspec, which decodes answers (`korus._http.decode`), is not used here: it
writes dates, sets, decimals and other objects that have to be refused, and checks for them take longer than encoding.
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
    """Convert the two kinds of objects that are allowed beside plain values."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


# cycles end at the recursion limit, so objects need not be remembered
_STANDARD = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False, default=_plain
).encode


class _Encoders:
    """Return the available encoder; chosen with the first request, not at import."""

    fast: Callable[[Any], bytes | None] | None = None
    looked_up = False

    @classmethod
    def choose(cls) -> Callable[[Any], bytes | None] | None:
        if not cls.looked_up:
            cls.fast, cls.looked_up = _fast_encoder(), True
        return cls.fast


def encode_json(value: Any) -> bytes:
    """Encode a request's body: plain values, enumerations by their values, and UUIDs as text.

    Raises:
        InvalidArgument: A value is not allowed in JSON: NaN, an infinity, half a character, another object.
    """
    try:
        written = _fast(value)
        return _STANDARD(value).encode("utf-8") if written is None else written
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error)
    raise InvalidArgument(f"this cannot be sent as JSON: {reason}")


def _fast(value: Any) -> bytes | None:
    """Encode with orjson; return None if the standard library has to decide."""
    encode = _Encoders.choose()
    if encode is None:
        return None
    try:
        return encode(value)
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return None


def _fast_encoder() -> Callable[[Any], bytes | None] | None:
    """Build the encoder with orjson, which returns None if its result might differ from the standard library's.

    orjson writes NaN and the infinities as null, so a result with null is used only if reading it back gives the same
    value.
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
