"""Bodies in cassettes: written as readable mappings, and read back as exactly the same bytes.

A body is one mapping. ``json`` holds the parsed value, for people and programs; ``layout`` describes the layout of the
text if it is not the usual compact form. Where no layout reproduces the bytes, ``exact`` holds the text beside the
value, and the two are compared on reading, so neither can be edited alone. ``form`` holds the pairs of a form, ``text``
a text, ``base64`` other bytes. An empty body is an empty mapping. This module does not decide what a body may contain.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from korus.testing import plainyaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "BodyUnreadable",
    "decode_content",
    "is_form",
    "is_json",
    "media_type",
    "parse_json",
    "parsed",
    "record",
    "replay",
    "text_of",
    "value",
]

_COMPACT = (",", ":")
_LAYOUTS: tuple[dict[str, Any], ...] = tuple(
    {
        **({} if separators == _COMPACT else {"separators": list(separators)}),
        **({} if indent is None else {"indent": indent}),
        **({"ascii": True} if ascii_only else {}),
        **({"escaped_slashes": True} if slashes else {}),
    }
    for separators, indent in (
        (_COMPACT, None),
        ((", ", ": "), None),
        ((",", ": "), 2),
        ((",", ": "), 4),
        ((",", ": "), 1),
        ((",", ": "), "\t"),
    )
    for ascii_only in (False, True)
    for slashes in (False, True)
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_ENDS = ("", "\n", "\r\n")


class BodyUnreadable(ValueError):
    """A body cannot be read, so its content is unknown."""


def media_type(content_type: str | None) -> str:
    """Return the media type of a ``Content-Type`` value, lower case and without parameters."""
    return (content_type or "").partition(";")[0].strip().lower()


def is_json(content_type: str | None) -> bool:
    """Return True for a content type of JSON: ``application/json`` or any ``+json``."""
    kind = media_type(content_type)
    return kind in {"application/json", "text/json"} or kind.endswith("+json")


def is_form(content_type: str | None) -> bool:
    """Return True for the content type of a submitted form."""
    return media_type(content_type) == "application/x-www-form-urlencoded"


def _charset(content_type: str | None) -> str | None:
    for part in (content_type or "").split(";")[1:]:
        name, _, value_ = part.partition("=")
        if name.strip().lower() == "charset":
            return value_.strip().strip("\"'").lower() or None
    return None


def text_of(content: bytes, content_type: str | None) -> tuple[str, str]:
    """Return the text of a body and the charset that reproduces its bytes.

    Raises:
        BodyUnreadable: No charset that the body could have can decode it, or it has control characters.
    """
    candidates = ["utf-8", _charset(content_type)]
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"} or (is_json(content_type) and b"\0" in content[:4]):
        candidates.insert(0, json.detect_encoding(content))
    for charset in candidates:
        if charset is None:
            continue
        try:
            text = content.decode(charset)
            exact = text.encode(charset) == content
        except (UnicodeError, LookupError):
            continue
        if exact and not _CONTROL.search(text):
            return text, charset
    raise BodyUnreadable(f"{len(content)} bytes that are not text in {_charset(content_type) or 'UTF-8'}")


def decode_content(content: bytes, content_encoding: str | None) -> bytes:
    """Undo the ``Content-Encoding`` of a body.

    Raises:
        BodyUnreadable: The encoding is unknown, or the bytes do not follow it.
    """
    for encoding in reversed([part.strip().lower() for part in (content_encoding or "").split(",")]):
        if encoding in {"", "identity"} or not content:
            continue
        if encoding not in {"gzip", "x-gzip", "deflate"}:
            raise BodyUnreadable(f"its content encoding {encoding!r} is not known")
        try:
            content = _inflate(content, encoding)
        except (zlib.error, EOFError) as error:
            raise BodyUnreadable(f"its content is not {encoding}: {error}") from error
    return content


def _inflate(content: bytes, encoding: str) -> bytes:
    windows = (zlib.MAX_WBITS | 16,) if encoding != "deflate" else (zlib.MAX_WBITS, -zlib.MAX_WBITS)
    for number, window in enumerate(windows, start=1):
        inflate = zlib.decompressobj(window)
        try:
            plain = inflate.decompress(content) + inflate.flush()
        except zlib.error:
            if number == len(windows):
                raise
            continue
        if not inflate.eof:
            raise EOFError("it is cut short")
        if inflate.unused_data:
            return plain + _inflate(inflate.unused_data, encoding)
        return plain
    raise EOFError("it is empty")  # pragma: no cover  # the loop always returns or raises


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return keys


def parse_json(text: str) -> Any:
    """Parse JSON strictly: NaN and repeated keys are refused.

    Raises:
        ValueError: It is not strict JSON.
    """
    try:
        return json.loads(
            text.removeprefix("\ufeff"), parse_constant=_refuse_constant, object_pairs_hook=_unique
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _dumps(parsed: Any, layout: Mapping[str, Any]) -> str:
    separators = layout.get("separators")
    indent = layout.get("indent")
    text = json.dumps(
        parsed,
        ensure_ascii=bool(layout.get("ascii")),
        separators=tuple(separators) if separators else ((",", ": ") if indent is not None else _COMPACT),
        indent=indent,
        allow_nan=False,
    )
    if layout.get("escaped_slashes"):
        text = text.replace("/", "\\/")
    return text + str(layout.get("ends", ""))


def _layout_of(text: str, parsed: Any) -> dict[str, Any] | None:
    stripped = text.rstrip("\r\n")
    end = text[len(stripped) :]
    if end not in _ENDS:
        return None
    for layout in _LAYOUTS:
        plain = {
            key: item for key, item in layout.items() if not (key == "separators" and "indent" in layout)
        }
        if _dumps(parsed, plain) == stripped:
            return {**plain, **({"ends": end} if end else {})}
    return None


def parsed(content: bytes, content_type: str | None) -> Mapping[str, Any]:
    """Return the part of a body to compare: ``json``, ``form`` or ``text``; empty for other bytes."""
    try:
        text, _ = text_of(content, content_type)
    except BodyUnreadable:
        return {}
    if is_form(content_type):
        return {"form": [list(pair) for pair in parse_qsl(text, keep_blank_values=True)]}
    if is_json(content_type) or text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}:
        try:
            return {"json": parse_json(text)}
        except ValueError:
            pass
    return {"text": text} if text else {}


def record(content: bytes, content_type: str | None) -> dict[str, Any]:
    """Return the mapping that represents these bytes in a cassette; `replay` returns the same bytes.

    Args:
        content: The bytes without any content encoding.
        content_type: The value of the header, if there is one.
    """
    if not content:
        return {}
    for recorded in _candidates(content, content_type):
        try:
            if replay(plainyaml.load(plainyaml.dump(recorded))) == content:
                return recorded
        except ValueError:
            continue
    return {"base64": base64.b64encode(content).decode("ascii")}


def _candidates(content: bytes, content_type: str | None) -> list[dict[str, Any]]:
    try:
        text, charset = text_of(content, content_type)
    except BodyUnreadable:
        return []
    note = {} if charset == "utf-8" else {"charset": charset}
    found: list[dict[str, Any]] = []
    if is_form(content_type):
        pairs = [list(pair) for pair in parse_qsl(text, keep_blank_values=True)]
        found += [{"form": pairs, **note}, {"form": pairs, "exact": text, **note}]
    elif is_json(content_type) or text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}:
        try:
            parsed = parse_json(text)
        except ValueError:
            pass
        else:
            layout = _layout_of(text, parsed)
            if layout is not None:
                found.append({"json": parsed, **({"layout": layout} if layout else {}), **note})
            found.append({"json": parsed, "exact": text, **note})
    found.append({"text": text, **note})
    return found


def replay(recorded: Mapping[str, Any]) -> bytes:
    """Return the bytes of a recorded body.

    Raises:
        BodyUnreadable: The mapping is not one that `record` writes, or its ``exact`` text differs from the value
            beside it.
    """
    try:
        return _replay(recorded)
    except BodyUnreadable:
        raise
    except (TypeError, ValueError, LookupError, binascii.Error) as error:
        raise BodyUnreadable(f"the recorded body cannot be read: {error}") from error


def _replay(recorded: Mapping[str, Any]) -> bytes:
    if not recorded:
        return b""
    if "base64" in recorded:
        return base64.b64decode(str(recorded["base64"]), validate=True)
    for key, written in _WRITTEN.items():
        if key in recorded:
            return written(recorded).encode(str(recorded.get("charset", "utf-8")))
    raise BodyUnreadable(f"a body has json, form, text or base64, not {', '.join(map(str, recorded))}")


def _written_json(recorded: Mapping[str, Any]) -> str:
    if "exact" not in recorded:
        return _dumps(recorded["json"], recorded.get("layout") or {})
    exact = str(recorded["exact"])
    if not _same(parse_json(exact), recorded["json"]):
        raise BodyUnreadable("`json` and `exact` differ; delete `exact` to keep the value")
    return exact


def _written_form(recorded: Mapping[str, Any]) -> str:
    pairs = [(str(name), str(item)) for name, item in recorded["form"]]
    if "exact" not in recorded:
        return urlencode(pairs)
    exact = str(recorded["exact"])
    if parse_qsl(exact, keep_blank_values=True) != pairs:
        raise BodyUnreadable("`form` and `exact` differ; delete `exact` to keep the pairs")
    return exact


def _written_text(recorded: Mapping[str, Any]) -> str:
    if not isinstance(recorded["text"], str):
        raise BodyUnreadable("`text` has to be a text")
    return recorded["text"]


_WRITTEN: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "json": _written_json,
    "form": _written_form,
    "text": _written_text,
}


def _same(one: Any, other: Any) -> bool:
    # True == 1 and 1 == 1.0 in Python, not in JSON texts
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


_NOTHING = object()


def value(recorded: Mapping[str, Any], default: Any = None) -> Any:
    """Return the parsed JSON of a recorded body, or the default if it holds no JSON."""
    found = recorded.get("json", _NOTHING)
    if found is not _NOTHING:
        return found
    if isinstance(recorded.get("text"), str):
        try:
            return parse_json(recorded["text"])
        except ValueError:
            return default
    return default
