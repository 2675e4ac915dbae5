"""Decoding of answers: from bytes to plain JSON values, or `DecodingFailed` with a description of the bytes.

With the extra ``korus-sdk[fast]`` msgspec decodes, and the standard library reads what msgspec refuses, so both accept
the same bodies and return the same values. Models are not built here; `korus._http.error_responses` reads errors.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn, cast

from attrs import field, frozen

from korus.errors import DecodingFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["SplitPage", "decode_json", "decode_object", "described", "split_page", "text_of"]

_SHOWN = 4

_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]+)""", re.IGNORECASE | re.ASCII)
_MEDIA_TYPE = re.compile(r"[A-Za-z]{1,20}/[A-Za-z0-9.+-]{1,60}(?=$|[\s;])", re.ASCII)
_UTF8_NAMES = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


class _NotJson(ValueError):
    """Internal error with the reason, from which `DecodingFailed` is built."""


def _refuse_constant(name: str) -> NoReturn:
    raise _NotJson(f"{name} is not JSON")


_STANDARD = json.JSONDecoder(parse_constant=_refuse_constant)


def _fast_decoder() -> Callable[[bytes], Any] | None:
    try:
        import msgspec.json  # noqa: PLC0415 (an extra; most start-ups never decode)
    except ImportError:
        return None
    return cast("Callable[[bytes], Any]", msgspec.json.Decoder().decode)


class _Decoders:
    """Return the available decoder; chosen with the first answer, not at import."""

    fast: Callable[[bytes], Any] | None = None
    looked_up = False

    @classmethod
    def choose(cls) -> Callable[[bytes], Any] | None:
        if not cls.looked_up:
            cls.fast, cls.looked_up = _fast_decoder(), True
        return cls.fast


def decode_json(
    body: bytes,
    content_type: str | None = None,
    *,
    operation: str | None = None,
) -> Any:
    """Decode the JSON body of an answer.

    Args:
        body: The bytes, already without content encoding.
        content_type: The header's value, of which only the charset is used.
        operation: The operation's name, for the error.

    Returns:
        The same as `json.loads`; amounts are texts and stay so.

    Raises:
        DecodingFailed: It is not JSON: HTML, empty, cut short, in another charset, or nested deeper than Python's
            recursion allows.
    """
    try:
        return _decode(body, _charset(content_type))
    except RecursionError:
        reason = "nested too deeply"
    except ValueError as error:
        reason = _reason(body, error)
    # raised here, without the decoder's frames, which hold the body
    raise DecodingFailed(
        f"{operation or 'the answer'}: the body is {reason}: {described(body, content_type)}",
        excerpt=body,
        content_type=content_type,
        operation=operation,
    )


def decode_object(
    body: bytes,
    content_type: str | None = None,
    *,
    operation: str | None = None,
) -> dict[str, Any]:
    """Decode a body that has to be a JSON object.

    Raises:
        DecodingFailed: It is not JSON, or not an object.
    """
    value = decode_json(body, content_type, operation=operation)
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    raise DecodingFailed(
        f"{operation or 'the answer'}: a JSON object was expected, not {_json_kind(value)}",
        excerpt=body,
        content_type=content_type,
        operation=operation,
    )


@frozen
class SplitPage:
    """A page of a collection whose members are not decoded.

    Attributes:
        key: The key of its members.
        members: Each member as it is written.
        rest: The other entries as they are written, by key.
    """

    key: str
    members: tuple[bytes, ...] = field(repr=False)
    rest: Mapping[str, bytes] = field(repr=False)

    def only(self, places: Iterable[int]) -> bytes:
        """Return the body of the same page with some of its members."""
        members = b",".join(self.members[place] for place in places)
        entries = {**self.rest, self.key: b"[" + members + b"]"}
        return b"{" + b",".join(json.dumps(key).encode() + b":" + raw for key, raw in entries.items()) + b"}"


def split_page(body: bytes, content_type: str | None = None) -> SplitPage | None:
    """Find the members of a collection without decoding them.

    Returns:
        The page, whose members may not even be JSON; None without msgspec, or if the body is anything else.
    """
    if _Decoders.choose() is None or _charset(content_type) is not None:
        return None
    from msgspec import Raw  # noqa: PLC0415 (an extra)
    from msgspec.json import decode  # noqa: PLC0415

    try:
        entries = {key: bytes(raw) for key, raw in decode(body, type=dict[str, Raw]).items()}
        # as the envelope is read: null counts as missing
        key = next(key for key in ("member", "hydra:member") if entries.get(key, b"null") != b"null")
        members = tuple(bytes(raw) for raw in decode(entries.pop(key), type=list[Raw]))
    except (ValueError, RecursionError, StopIteration):
        return None
    return SplitPage(key, members, entries)


def text_of(body: bytes, content_type: str | None = None) -> str:
    """Return any body as text for people; never raises."""
    try:
        return body.decode(_charset(content_type) or "utf-8", errors="replace")
    except (LookupError, ValueError):
        return body.decode("utf-8", errors="replace")


def described(body: bytes, content_type: str | None = None) -> str:
    """Describe an unreadable body without quoting it: length, kind and the first four bytes."""
    if not body:
        return "0 bytes"
    begins = f"{len(body)} bytes that begin with {ascii(body[:_SHOWN])[1:]}"
    kind = _MEDIA_TYPE.match(content_type or "")
    return f"{begins} ({kind.group().lower()})" if kind else begins


def _decode(body: bytes, charset: str | None) -> Any:
    if charset is None:
        fast = _Decoders.choose()
        if fast is not None:
            try:
                return fast(body)
            except (ValueError, RecursionError):
                pass  # the standard library decides what is JSON
        return _STANDARD.decode(body.decode("utf-8-sig"))
    try:
        text = body.decode(charset)
    except LookupError:
        # an unknown charset: JSON is UTF-8 by default
        text = body.decode("utf-8-sig")
    return _STANDARD.decode(text.removeprefix("\ufeff"))


def _charset(content_type: str | None) -> str | None:
    if content_type is None or "charset" not in content_type.lower():
        return None
    found = _CHARSET.search(content_type)
    name = found.group(1).lower() if found else "utf-8"
    return None if name in _UTF8_NAMES else name


def _reason(body: bytes, error: ValueError) -> str:
    start = body[:1024].lstrip()
    if not body:
        return "empty"
    if not start and not body.strip():
        return "nothing but white space"
    if start[:1] == b"<":
        return "not JSON but markup"
    if isinstance(error, UnicodeDecodeError):
        return "not text in its charset"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON, or cut short at character {error.pos} of {len(error.doc)}"
    return f"not JSON ({error})" if isinstance(error, _NotJson) else "not JSON"


def _json_kind(value: object) -> str:
    kinds: dict[type, str] = {list: "an array", str: "a text", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
