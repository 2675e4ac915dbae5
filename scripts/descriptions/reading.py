"""Reading YAML 1.2 and JSON, with the line of each value.

YAML is read by the core schema of YAML 1.2, where ``no`` is a word and ``2026-04-18`` is text; mapping keys are always
text, and a repeated key is an error. The meaning of a document is not checked here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

import yaml
from attrs import define, field
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)
from yaml.parser import ParserError
from yaml.scanner import ScannerError

from scripts.descriptions.errors import CutShortError, DescriptionError
from scripts.descriptions.pointers import escape
from scripts.descriptions.values import is_list, is_object

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.descriptions.values import Json

__all__ = ["BOOL", "FLOAT", "INT", "NULL", "lines_of", "read", "values"]

NULL = r"^(?:~|null|Null|NULL|)$"
BOOL = r"^(?:true|True|TRUE|false|False|FALSE)$"
INT = r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"
FLOAT = (
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_NULL, _BOOL, _INT, _FLOAT = (re.compile(pattern) for pattern in (NULL, BOOL, INT, FLOAT))
_FIRST = frozenset("~nNtTfF-+.0123456789")
_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "map", "seq")}
_TEXT = frozenset({"tag:yaml.org,2002:str", "!"})
_MOST_VALUES = 5_000_000
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _MeaningError(Exception):
    """The text is complete YAML or JSON, but invalid."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem if line is None else f"{problem}, line {line}")


def read(path: Path) -> Json:
    """Read the YAML or JSON in a file.

    Raises:
        DescriptionError: The file is missing, or cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DescriptionError(f"cannot read {path}: {error.strerror}") from error
    return values(content, name=path.name)


def decoded(text: str | bytes, name: str) -> str:
    """Decode UTF-8, with or without a byte order mark.

    Raises:
        DescriptionError: It is not UTF-8.
    """
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DescriptionError(f"{name} is not UTF-8 text: {error.reason} at byte {error.start}") from error


def values(text: str | bytes, *, name: str) -> Json:
    """Read YAML or JSON from a text.

    Raises:
        CutShortError: The text is incomplete.
        DescriptionError: It is not UTF-8, neither YAML nor JSON, or repeats a key.
    """
    plain = decoded(text, name)
    broken: json.JSONDecodeError | None = None
    if plain.lstrip()[:1] in {"{", "["}:
        try:
            return json.loads(plain, object_pairs_hook=_unique)
        except json.JSONDecodeError as error:
            broken = error  # a flow collection of YAML starts with a bracket too
        except (_MeaningError, RecursionError) as error:
            raise DescriptionError(f"{name} is not JSON: {_first_line(error)}") from error
    try:
        return _Builder(plain).document()
    except (yaml.YAMLError, ValueError, _MeaningError, RecursionError) as error:
        if broken is not None:
            at_end = broken.msg.startswith("Unterminated") or broken.pos >= len(plain.rstrip())
            raise _broken(at_end)(f"{name} is not JSON: {broken}") from error
        mark = getattr(error, "problem_mark", None) if isinstance(error, ScannerError | ParserError) else None
        at_end = mark is not None and mark.line >= plain.rstrip().count("\n")
        raise _broken(at_end)(f"{name} is not YAML: {_first_line(error)}") from error


def lines_of(text: str | bytes, *, name: str) -> dict[str, int]:
    """Return the line of each key and item, counted from 1, by JSON Pointer.

    Values behind an alias have no line of their own.
    """
    plain = decoded(text, name)
    if plain.lstrip()[:1] in {"{", "["}:
        try:
            json.loads(plain)
        except ValueError:
            pass
        else:
            return _json_lines(plain)
    builder = _Builder(plain, lines={})
    builder.document()
    return builder.lines or {}


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _MeaningError(f"the key {key!r} is repeated")
            seen.add(key)
    return made


def _broken(at_end: bool) -> type[DescriptionError]:
    """Choose the error for a text that cannot be parsed: an error at its end means that it is incomplete."""
    return CutShortError if at_end else DescriptionError


def _first_line(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"{problem}, line {mark.line + 1}" if mark is not None else str(problem)


# --- YAML -------------------------------------------------------------------------------------------------------------


@define
class _Builder:
    """Builder of plain values from the events of a YAML parser."""

    text: str
    lines: dict[str, int] | None = None
    _parser: Any = field(init=False)
    _anchors: dict[str, tuple[Json, int]] = field(init=False, factory=dict[str, "tuple[Json, int]"])
    _open: set[str] = field(init=False, factory=set[str])
    _made: int = field(init=False, default=0)

    def document(self) -> Json:
        """Read the only document of the text."""
        self._parser = _Parser(self.text)
        self._next()
        event = self._next()
        if isinstance(event, StreamEndEvent):
            return None
        made = self._value(self._next(), "")
        event = self._next()
        while isinstance(event, DocumentEndEvent):
            event = self._next()
        if not isinstance(event, StreamEndEvent):
            raise _MeaningError("it has several documents", event.start_mark.line + 1)
        return made

    def _next(self) -> Any:
        return self._parser.get_event()

    def _value(self, event: Any, at: str) -> Json:
        self._made += 1
        kind = cast("object", type(event))
        if kind is AliasEvent:
            return self._alias(event)
        before, anchor = self._made, event.anchor
        if kind is ScalarEvent:
            made: Json = _scalar(event)
        else:
            if anchor:
                self._open.add(anchor)
            if event.tag and event.tag not in _TAGS:
                raise _MeaningError(f"the tag {event.tag} is unknown", event.start_mark.line + 1)
            made = self._mapping(at) if kind is MappingStartEvent else self._sequence(at)
        if anchor:
            self._open.discard(anchor)
            self._anchors[anchor] = (made, self._made - before + 1)
        return made

    def _alias(self, event: Any) -> Json:
        line = event.start_mark.line + 1
        if event.anchor in self._open:
            raise _MeaningError(f"the alias {event.anchor} is inside its own anchor", line)
        if event.anchor not in self._anchors:
            raise _MeaningError(f"the alias {event.anchor} has no anchor before it", line)
        made, size = self._anchors[event.anchor]
        self._made += size
        if self._made > _MOST_VALUES:
            raise _MeaningError("its aliases expand to too many values", line)
        return _copied(made)

    def _sequence(self, at: str) -> list[Json]:
        made: list[Json] = []
        while True:
            event = self._next()
            if type(event) is SequenceEndEvent:
                return made
            place = at
            if self.lines is not None:
                place = f"{at}/{len(made)}"
                self.lines[place] = event.start_mark.line + 1
            made.append(self._value(event, place))

    def _mapping(self, at: str) -> dict[str, Json]:
        made: dict[str, Json] = {}
        merged: list[Json] = []
        while True:
            event = self._next()
            kind = cast("object", type(event))
            if kind is MappingEndEvent:
                break
            line = event.start_mark.line + 1
            named = self._alias(event) if kind is AliasEvent else event.value if kind is ScalarEvent else None
            if not isinstance(named, str):
                raise _MeaningError("a key is not text", line)
            if named == "<<" and kind is ScalarEvent and event.implicit[0]:
                merged.append(self._value(self._next(), f"{at}/<<"))
                continue
            if named in made:  # 200 and "200" are the same key, as in JSON
                raise _MeaningError(f"the key {named!r} is repeated", line)
            place = at
            if self.lines is not None:
                place = f"{at}/{escape(named)}"
                self.lines[place] = line
            made[named] = self._value(self._next(), place)
        for one in merged:
            _merge(made, one)
        return made


def _merge(made: dict[str, Json], merged: Json) -> None:
    """Add the entries of the merge key ``<<`` that the mapping itself does not have."""
    for part in merged if is_list(merged) else [merged]:
        if not is_object(part):
            raise _MeaningError("`<<` does not name a mapping")
        for key, value in part.items():
            made.setdefault(key, value)


def _copied(value: Json) -> Json:
    if is_object(value):
        return {key: _copied(part) for key, part in value.items()}
    if is_list(value):
        return [_copied(part) for part in value]
    return value


def _scalar(event: Any) -> Json:
    text: str = event.value
    tag = event.tag
    if tag is None or tag in _TEXT:
        if tag in _TEXT or not event.implicit[0] or (text and text[0] not in _FIRST):
            return text
    elif tag not in _TAGS:
        raise _MeaningError(f"the tag {tag} is unknown", event.start_mark.line + 1)
    if _NULL.match(text):
        return None
    if _INT.match(text):
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    if _FLOAT.match(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if _BOOL.match(text):
        return text[0] in "tT"
    return text


# --- lines of JSON ----------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]|[^\s\[\]{},:"]+')


def _json_lines(text: str) -> dict[str, int]:
    """Find the lines in a text that is known to be JSON."""
    lines: dict[str, int] = {}
    holders: list[tuple[str, int | None]] = []  # each holder's pointer, and the index of its next item
    here, line, seen, is_key = "", 1, 0, False
    for match in _TOKEN.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        mark = match.group()
        if mark in "]}":
            holders.pop()
            continue
        if mark == ",":
            holder, index = holders[-1]
            is_key = index is None
            holders[-1] = (holder, None if index is None else index + 1)
            continue
        if is_key:
            here, is_key = f"{holders[-1][0]}/{escape(json.loads(mark))}", False
            lines[here] = line
            continue
        if holders and holders[-1][1] is not None:
            here = f"{holders[-1][0]}/{holders[-1][1]}"
            lines[here] = line
        if mark in "[{":
            holders.append((here, 0 if mark == "[" else None))
            is_key = mark == "{"
    return lines
