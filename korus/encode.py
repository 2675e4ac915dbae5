"""From plain JSON values to the bytes of a request's body: compact UTF-8."""

from __future__ import annotations

import json
from typing import Any

from korus.errors import InvalidArgument

__all__ = ["encode_json"]


def encode_json(value: Any) -> bytes:
    """Encode a request's body.

    Raises:
        InvalidArgument: when it holds what JSON cannot: NaN, an infinity, half a character, another object.
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error)
    raise InvalidArgument(f"this cannot be sent as JSON: {reason}")
