"""Changes of single values in a JSON text that leave the rest of the text as it is.

Spacing, escapes, the order of keys and the notation of numbers are kept; only the tokens that change are rewritten.
The document has to be valid JSON; it is not validated here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Path", "rewrite"]

Path = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"[^\s,\]}]+")
_DECODER = json.JSONDecoder(strict=False)


@define
class _Rewriter:
    text: str
    change: Callable[[Path, Any], Any]
    change_key: Callable[[Path, str], str]
    out: list[str] = field(factory=list[str])

    def space(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        end = found.end() if found else at
        self.out.append(self.text[at:end])
        return end

    def literal(self, at: int) -> int:
        self.out.append(self.text[at])
        return at + 1

    def string(self, at: int) -> tuple[str, int]:
        value, end = _DECODER.raw_decode(self.text, at)
        return value, end

    def emit(self, at: int, end: int, old: Any, new: Any) -> None:
        raw = self.text[at:end]
        if type(old) is type(new) and old == new:
            self.out.append(raw)
            return
        written = json.dumps(new, ensure_ascii="\\u" in raw and raw.isascii())
        self.out.append(written.replace("/", "\\/") if "\\/" in raw else written)

    def value(self, at: int, path: Path) -> int:
        at = self.space(at)
        opening = self.text[at]
        if opening == "{":
            end = self.members(self.literal(at), path, "}")
        elif opening == "[":
            end = self.members(self.literal(at), path, "]")
        elif opening == '"':
            text, end = self.string(at)
            self.emit(at, end, text, self.change(path, text))
        else:
            found = _SCALAR.match(self.text, at)
            end = found.end() if found else at
            scalar = json.loads(self.text[at:end])
            self.emit(at, end, scalar, self.change(path, scalar))
        return self.space(end)

    def members(self, at: int, path: Path, closing: str) -> int:
        at = self.space(at)
        number = 0
        while self.text[at] != closing:
            step: str | int = number
            if closing == "}":
                at = self.space(at)
                key, end = self.string(at)
                self.emit(at, end, key, self.change_key(path, key))
                at = self.literal(self.space(end))
                step = key
            at = self.value(at, (*path, step))
            if self.text[at] == ",":
                at = self.literal(at)
                at = self.space(at)
            number += 1
        return self.literal(at)


def rewrite(text: str, change: Callable[[Path, Any], Any], change_key: Callable[[Path, str], str]) -> str:
    """Return a JSON text with its scalars and keys replaced by what the functions return.

    Args:
        text: Valid JSON.
        change: Called with the path and value of every scalar; returns the new value.
        change_key: Called with the path of the object and each of its keys; returns the new key.
    """
    rewriter = _Rewriter(text.removeprefix("\ufeff"), change, change_key)
    rewriter.value(0, ())
    return text[: len(text) - len(text.removeprefix("\ufeff"))] + "".join(rewriter.out)
