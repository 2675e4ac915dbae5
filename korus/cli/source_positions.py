"""Reader of JSON and YAML texts: plain values with their lines.

Numbers with a point are kept exactly, as `~decimal.Decimal`; YAML's dates are read as dates. Repeated keys, values
without a plain form (custom YAML tags, NaN) and endless nesting are problems. All problems are collected, and the rest
is returned, so that it can be checked too. The meaning of the values is not checked here.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import define, evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["FileProblem", "Scalar", "SourceValue", "Unreadable", "quoted", "read_json", "read_yaml"]

Scalar: TypeAlias = str | bool | int | Decimal | date | datetime | None

_DEEPEST: Final = 20
_MOST_VALUES: Final = 100_000
_LONGEST_QUOTE: Final = 80
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_YAML_TAG: Final = "tag:yaml.org,2002:"


@frozen
class FileProblem:
    """Problem of a file.

    Attributes:
        line: The line number, from 1.
        where: The path of keys: ``items[1].quantity``; empty for the file as a whole.
        reason: The problem and, where possible, how to mend it.
    """

    line: int
    where: str
    reason: str

    def __str__(self) -> str:
        return (
            f"line {self.line}: {self.where}: {self.reason}"
            if self.where
            else f"line {self.line}: {self.reason}"
        )


@frozen
class SourceValue:
    """Value with its position in the file.

    Attributes:
        value: A plain value, a tuple of such values, or a dict of them.
        line: The line number, from 1.
        where: Its path of keys in the file.
        refused: True if it has a problem already; its value is None then.
    """

    value: Scalar | tuple[SourceValue, ...] | dict[str, SourceValue] = field(repr=False)
    line: int
    where: str = ""
    refused: bool = False

    def lines(self) -> Iterator[tuple[str, int]]:
        """The path of every value in it, itself first, and the line that it begins on."""
        yield self.where, self.line
        inner: Iterable[SourceValue] = ()
        if isinstance(self.value, dict):
            inner = self.value.values()
        elif isinstance(self.value, tuple):
            inner = self.value
        for entry in inner:
            yield from entry.lines()

    def plain(self) -> Any:
        """The value without lines: texts, numbers, lists and dicts."""
        if isinstance(self.value, tuple):
            return [entry.plain() for entry in self.value]
        if isinstance(self.value, dict):
            return {key: entry.plain() for key, entry in self.value.items()}
        return self.value


class Unreadable(ValueError):
    """The text is not JSON or YAML, or nests without end: there is nothing to judge further."""

    def __init__(self, problems: tuple[FileProblem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def quoted(text: str) -> str:
    """A text of the file in quotes, cut short if it is long, as a message repeats it."""
    return repr(text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…")


def read_json(text: str) -> tuple[SourceValue, tuple[FileProblem, ...]]:
    """Read strict JSON: its values, and the problems of single values.

    Raises:
        Unreadable: With line and reason.
    """
    text = text.removeprefix("\ufeff")
    try:
        json.loads(text, parse_int=_Digits, parse_float=_Digits, parse_constant=_Digits)
    except json.JSONDecodeError as error:
        reason = f"not JSON: {error.msg} (column {error.colno})"
        raise Unreadable((FileProblem(error.lineno, "", reason),)) from None
    except RecursionError:
        raise Unreadable((FileProblem(1, "", "nested too deeply to be read"),)) from None
    reading = _Reading()
    located, _ = _JsonWalk(text, reading).value(_after_space(text, 0), "", 0)
    return located, tuple(reading.problems)


def read_yaml(text: str) -> tuple[SourceValue, tuple[FileProblem, ...]]:
    """Read one YAML 1.2 document: its values, and the problems of single values.

    Raises:
        Unreadable: With line and reason.
    """
    _refuse_other_versions(text)
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import, and JSON needs none of it
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        node: Any = YAML(typ="rt", pure=True).compose(text)  # pyright: ignore[reportUnknownMemberType] - untyped there
    except (YAMLError, ValueError, AssertionError) as error:
        raise Unreadable((_yaml_problem(error, text),)) from None
    except RecursionError:
        raise Unreadable((FileProblem(1, "", "nested too deeply to be read"),)) from None
    if node is None:
        raise Unreadable((FileProblem(1, "", "the file is empty"),))
    reading = _Reading()
    located = _from_node(node, reading, "", 0)
    return located, tuple(reading.problems)


@define
class _Reading:
    """Problems found while a text was read."""

    problems: list[FileProblem] = field(factory=list[FileProblem])
    values: int = 0

    def refuse(self, line: int, where: str, reason: str) -> SourceValue:
        self.problems.append(FileProblem(line, where, reason))
        return SourceValue(None, line, where, refused=True)

    def count(self, line: int, where: str, depth: int) -> None:
        """Stop a text that nests without end or repeats itself into something huge (YAML's anchors can)."""
        self.values += 1
        if depth > _DEEPEST or self.values > _MOST_VALUES:
            reason = "nested too deeply" if depth > _DEEPEST else f"more than {_MOST_VALUES} values"
            raise Unreadable((*self.problems, FileProblem(line, where, reason)))

    def scalar(self, read: Callable[[str], Scalar], text: str, line: int, where: str) -> SourceValue:
        """Read the text of a value of another type."""
        try:
            return SourceValue(read(text), line, where)
        except ValueError as error:
            return self.refuse(line, where, str(error))

    def add(self, entries: dict[str, SourceValue], key: str, entry: SourceValue, key_line: int) -> None:
        """Put an entry under its key; a key that was there already is a problem, and the first one counts."""
        if key in entries:
            reason = f"said twice, first on line {entries[key].line}"
            self.problems.append(FileProblem(key_line, entry.where, reason))
        else:
            entries[key] = entry


def _below(where: str, key: str | int) -> str:
    if isinstance(key, int):
        return f"{where}[{key}]"
    return f"{where}.{key}" if where else key


# ── JSON ──


class _Digits(str):
    """Number as written, not checked yet."""

    __slots__ = ()


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


class _JsonWalk:
    """Walk well-formed JSON to find the position of each value.

    The standard library's decoder says the position of a mistake but not of a value.
    """

    def __init__(self, text: str, reading: _Reading) -> None:
        self.text = text
        self.reading = reading
        self.scalar = json.JSONDecoder(parse_int=_Digits, parse_float=_Digits, parse_constant=_Digits)
        self._counted = (0, 1)

    def line(self, at: int) -> int:
        counted_to, line = self._counted
        line += self.text.count("\n", counted_to, at)
        self._counted = (at, line)
        return line

    def value(self, at: int, where: str, depth: int) -> tuple[SourceValue, int]:
        """The value that begins at a position, and the position behind it."""
        line = self.line(at)
        self.reading.count(line, where, depth)
        if self.text[at] == "{":
            return self.mapping(at, line, where, depth)
        if self.text[at] == "[":
            return self.sequence(at, line, where, depth)
        found: Any
        found, end = self.scalar.raw_decode(self.text, at)
        if isinstance(found, _Digits):
            read = _integer if found.removeprefix("-").isdigit() else _decimal
            return self.reading.scalar(read, found, line, where), end
        if isinstance(found, str):
            return self.reading.scalar(_whole, found, line, where), end
        return SourceValue(found, line, where), end

    def mapping(self, at: int, line: int, where: str, depth: int) -> tuple[SourceValue, int]:
        entries: dict[str, SourceValue] = {}
        at = _after_space(self.text, at + 1)
        while self.text[at] != "}":
            key_line = self.line(at)
            key: str
            key, at = self.scalar.raw_decode(self.text, at)
            at = _after_space(self.text, _after_space(self.text, at) + 1)  # over the colon
            entry, at = self.value(at, _below(where, key), depth + 1)
            self.reading.add(entries, key, entry, key_line)
            at = self._over_comma(at)
        return SourceValue(entries, line, where), at + 1

    def sequence(self, at: int, line: int, where: str, depth: int) -> tuple[SourceValue, int]:
        entries: list[SourceValue] = []
        at = _after_space(self.text, at + 1)
        while self.text[at] != "]":
            entry, at = self.value(at, _below(where, len(entries)), depth + 1)
            entries.append(entry)
            at = self._over_comma(at)
        return SourceValue(tuple(entries), line, where), at + 1

    def _over_comma(self, at: int) -> int:
        at = _after_space(self.text, at)
        return _after_space(self.text, at + 1) if self.text[at] == "," else at


# ── YAML ──

_VERSION: Final = re.compile(r"%YAML[ \t]+(?P<version>[^ \t#]+)")


def _refuse_other_versions(text: str) -> None:
    """Refuse a file that says that it is YAML 1.1, where the same words have other values."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        said = _VERSION.match(line.rstrip("\r"))
        if said is not None and said["version"] != "1.2":
            reason = (
                f"this file says that it is YAML {quoted(said['version'])[1:-1]}, and booking files are YAML 1.2, "
                "where yes and no are texts and 012 is twelve; take this line away if that is what is meant"
            )
            raise Unreadable((FileProblem(number, "", reason),))
        if line.strip() and line[0] not in "#%":
            return  # the directives have ended


def _yaml_problem(error: Any, text: str) -> FileProblem:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return FileProblem(mark.line + 1, "", f"not YAML: {error.problem or error.context}")
    # a character that YAML does not allow: its position comes instead of a mark
    line = text.count("\n", 0, getattr(error, "position", 0)) + 1
    return FileProblem(
        line,
        "",
        f"not YAML: {getattr(error, 'reason', (str(error).splitlines() or ['it cannot be read'])[0])}",
    )


def _from_node(node: Any, reading: _Reading, where: str, depth: int) -> SourceValue:
    line: int = node.start_mark.line + 1
    reading.count(line, where, depth)
    tag = str(node.tag)
    if tag == f"{_YAML_TAG}map":
        return SourceValue(_entries(node.value, reading, where, depth), line, where)
    if tag == f"{_YAML_TAG}seq":
        entries = (
            _from_node(entry, reading, _below(where, position), depth + 1)
            for position, entry in enumerate(node.value)
        )
        return SourceValue(tuple(entries), line, where)
    read = _YAML_SCALARS.get(tag.removeprefix(_YAML_TAG))
    if read is None or not isinstance(node.value, str):
        return reading.refuse(line, where, f"the YAML tag {tag} has no meaning here")
    return reading.scalar(read, node.value, line, where)


def _entries(pairs: Any, reading: _Reading, where: str, depth: int) -> dict[str, SourceValue]:
    entries: dict[str, SourceValue] = {}
    merged: list[SourceValue] = []
    for key, value in pairs:
        key_line: int = key.start_mark.line + 1
        if not isinstance(key.value, str):
            reading.refuse(key_line, where, "a key must be a text")
            continue
        if key.value == "<<" and key.style is None:
            merged += _merged(value, reading, where, depth + 1)
            continue
        entry = _from_node(value, reading, _below(where, key.value), depth + 1)
        if value.value == "":  # ruamel places what is left empty where the next thing begins
            entry = evolve(entry, line=key_line)
        reading.add(entries, key.value, entry, key_line)
    for mapping in merged:  # what is said here counts before what is merged, and the first before the next
        if isinstance(mapping.value, dict):
            entries = mapping.value | entries
    return entries


def _merged(node: Any, reading: _Reading, where: str, depth: int) -> list[SourceValue]:
    """The mappings that a merge key ``<<`` brings in: an alias of one, or a list of them."""
    nodes = node.value if str(node.tag) == f"{_YAML_TAG}seq" else [node]
    mappings = [_from_node(each, reading, where, depth) for each in nodes]
    for mapping in mappings:
        if not isinstance(mapping.value, dict) and not mapping.refused:
            reading.refuse(mapping.line, where, "<< merges a mapping, or a list of them, and nothing else")
    return mappings


def _whole(text: str) -> str:
    """Refuse half of a surrogate pair, which an escape can write and no encoding can send."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{text[error.start]!r} is half a character") from None
    return text


_LONGEST_NUMBER: Final = 1000


def _number(text: str, read: Callable[[str], Any]) -> Any:
    try:
        if len(text) <= _LONGEST_NUMBER:
            return read(text.replace("_", ""))
    except (ValueError, ArithmeticError):
        pass
    raise ValueError(f"{text[:40]} is not a number that can be used")


def _integer(text: str) -> int:
    prefixed = text.lstrip("+-")[:2].lower()
    base = {"0x": 16, "0o": 8, "0b": 2}.get(prefixed, 10)
    found: int = _number(text, lambda digits: int(digits, base))
    return found


def _decimal(text: str) -> Decimal:
    found: Decimal = _number(text, Decimal)
    if not found.is_finite():
        raise ValueError(f"{text} is not a number that can be used")
    return found


def _moment(text: str) -> date | datetime:
    try:
        return date.fromisoformat(text) if len(text) == len("2027-05-15") else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text} is not a date: write it as 2027-05-15, a date and time as 2027-05-15 14:30:00"
        ) from None


_YAML_SCALARS: Final[Mapping[str, Callable[[str], Scalar]]] = {
    "str": _whole,
    "int": _integer,
    "float": _decimal,
    "bool": lambda text: text.lower() == "true",
    "null": lambda _: None,
    "timestamp": _moment,
}
