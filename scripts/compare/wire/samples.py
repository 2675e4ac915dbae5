"""Deterministic sample values of a schema.

The values may be invalid: the caller checks them with a validator.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scripts.compare.wire.shapes import KINDS, Branch, Use, token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scripts.compare.wire.book import Book
    from scripts.descriptions.values import Json

__all__ = ["FORMATS", "GENERIC", "Sampler", "from_pattern"]

FORMATS: dict[str, tuple[str, ...]] = {
    "date": ("2027-01-02", "2027-12-31"),
    "date-time": ("2027-01-02T03:04:05Z", "2027-12-31T23:59:59+01:00"),
    "time": ("03:04:05Z", "23:59:59+01:00"),
    "duration": ("P1D", "PT2H"),
    "email": ("ada@example.org", "x@example.com"),
    "idn-email": ("ada@example.org", "björn@example.org"),
    "hostname": ("example.org", "a.example.com"),
    "idn-hostname": ("example.org", "bücher.example"),
    "ipv4": ("192.0.2.1", "198.51.100.7"),
    "ipv6": ("2001:db8::1", "::1"),
    "uri": ("https://example.org/a", "urn:example:b"),
    "url": ("https://example.org/a", "https://example.com/b"),
    "uri-reference": ("/a", "https://example.org/a"),
    "iri": ("https://example.org/a", "https://example.org/ä"),
    "iri-reference": ("/a", "/ä", "https://example.org/a"),
    "uri-template": ("/a/{b}", "/{c}"),
    "json-pointer": ("/a", "/a/b"),
    "relative-json-pointer": ("0", "1/a"),
    "regex": ("^a$", "[0-9]+"),
    "uuid": ("0192f0c1-2b3d-7c4e-8f50-617283940a1b", "4f1c2d3e-5a6b-4c7d-8e9f-0a1b2c3d4e5f"),
}
"""Values of the formats that the validator supports."""

GENERIC: tuple[Json, ...] = (
    "text",
    "",
    "a",
    "A",
    "0",
    "1",
    "12.34",
    "2027-01-02",
    "a b",
    "ä",
    "-1",
    "x" * 40,
    0,
    1,
    -1,
    2,
    0.5,
    7,
    100,
    -100,
    2**31,
    -(2**31) - 1,
    2**40,
    2**63,
    True,
    False,
    None,
    [],
    ["text"],
    [1],
    [1, 1],
    ["text", "text"],
    {},
    {"extra": "text"},
    {"extra": 1},
)
"""Values of all types."""

DEEPEST = 7
# a schema that requires itself has no value
NEVER_ENDS = 12
MOST_REPEATS = 64


class NoSampleError(Exception):
    """A schema without a sample value."""


# --- text from patterns -----------------------------------------------------------------------------------------------

_parser: Any = re._parser  # type: ignore[attr-defined]  # noqa: SLF001 - the only parser of patterns there is


def from_pattern(pattern: str) -> Iterator[str]:
    """Return texts that match a pattern, shorter ones first; empty if the pattern is not supported."""
    return iter(_all_from_pattern(pattern))


@lru_cache(maxsize=1024)
def _all_from_pattern(pattern: str) -> tuple[str, ...]:
    return tuple(_from_pattern(pattern))


def _from_pattern(pattern: str) -> Iterator[str]:
    try:
        parsed = _parser.parse(pattern.replace(r"\p{L}", "[a-z]").replace(r"\p{N}", "[0-9]"))
    except (re.error, RecursionError, OverflowError):
        return
    seen: set[str] = set()
    for choice in range(8):
        try:
            text = "".join(_texts(parsed, choice))
        except NoSampleError:
            continue
        for candidate in (text, f"x{text}", f"{text}x", f"{text}\n"):
            if candidate not in seen:
                seen.add(candidate)
                try:
                    if re.search(pattern, candidate):
                        yield candidate
                except re.error:
                    return


def _texts(parsed: Any, choice: int) -> Iterator[str]:
    for operation, argument in parsed:
        yield _text(str(operation), argument, choice)


def _text(operation: str, argument: Any, choice: int) -> str:  # noqa: PLR0911 - a flat list of cases
    if operation == "LITERAL":
        return chr(argument)
    if operation == "NOT_LITERAL":
        return "a" if argument != ord("a") else "b"
    if operation == "ANY":
        return "a1-Z"[choice % 4]
    if operation == "IN":
        return _member(argument, choice)
    if operation in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        least, most, part = argument
        most = min(int(most), least + MOST_REPEATS)
        count = (
            least,
            min(least + 1, most),
            min(least + 2, most),
            most if most < least + MOST_REPEATS else least + 3,
        )[choice % 4]
        return "".join("".join(_texts(part, choice + i)) for i in range(count))
    if operation == "SUBPATTERN":
        return "".join(_texts(argument[-1], choice))
    if operation == "BRANCH":
        branches = argument[1]
        return "".join(_texts(branches[choice % len(branches)], choice))
    if operation == "ATOMIC_GROUP":
        return "".join(_texts(argument, choice))
    if operation in {"AT", "ASSERT", "ASSERT_NOT"}:
        return ""
    raise NoSampleError(operation)


def _member(items: Any, choice: int) -> str:  # noqa: C901, PLR0912 - a flat list of cases
    options: list[str] = []
    negated = False
    for operation, argument in items:
        name = str(operation)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            options.append(chr(argument))
        elif name == "RANGE":
            low, high = argument
            options.extend(dict.fromkeys((chr(low), chr(high), chr((low + high) // 2))))
        elif name == "CATEGORY":
            category = str(argument)
            if category.endswith("NOT_DIGIT"):
                options.append("a")
            elif category.endswith("DIGIT"):
                options.extend("190")
            elif category.endswith("NOT_SPACE"):
                options.append("a")
            elif category.endswith("SPACE"):
                options.append(" ")
            elif category.endswith("NOT_WORD"):
                options.append("-")
            else:
                options.extend("aZ0_")
    if negated:
        options = [char for char in "aZ0-_ .x" if char not in options] or ["\u00e4"]
    if not options:
        raise NoSampleError("an empty class")
    return options[choice % len(options)]


# --- values of schemas --------------------------------------------------------------------------------------------


class Sampler:
    """Sampler of values of a document's schemas."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._values: dict[tuple[tuple[str, ...], bool, int], Json] = {}

    def value(self, use: Use, *, full: bool = False, depth: int = 0, salt: int = 0) -> Json:
        """Return one value.

        Args:
            use: The schema.
            full: True to include optional properties of objects.
            depth: The nesting depth of the value.
            salt: A number; values with different numbers differ if possible.

        Raises:
            NoSampleError: There is no value.
        """
        if depth > NEVER_ENDS:
            raise NoSampleError(use.core[0])
        shape = self.book.shape(use.core)
        order = ("string", "number", "boolean", "object", "array", "null")
        if depth > DEEPEST:
            order = ("null", "string", "number", "boolean", "array", "object")
        for kind in order:
            for branch in shape.kinds.get(kind, ()):
                try:
                    return self.branch(branch, full=full, depth=depth, salt=salt)
                except NoSampleError:
                    continue
        raise NoSampleError(use.core[0])

    def branch(self, branch: Branch, *, full: bool = False, depth: int = 0, salt: int = 0) -> Json:  # noqa: C901, PLR0911 - a flat list of cases
        """Return one value of an alternative.

        Raises:
            NoSampleError: There is no value.
        """
        if branch.values is not None:
            values = list(branch.values.values())
            return values[salt % len(values)]
        if branch.kind == "null":
            return None
        if branch.kind == "boolean":
            return salt % 2 == 0
        if branch.kind == "string":
            texts = list(self.texts(branch))
            if not texts:
                raise NoSampleError(branch.source)
            if salt and "pattern" not in branch.limits and "format" not in branch.limits:
                text = f"{texts[0]}{salt}"
                if len(text) <= branch.limits.get("maxLength", len(text)):
                    return text
            return texts[salt % len(texts)]
        if branch.kind == "number":
            numbers = list(self.numbers(branch))
            if not numbers:
                raise NoSampleError(branch.source)
            return numbers[salt % len(numbers)]
        if branch.kind == "array":
            return self.list(branch, int(branch.limits.get("minItems", 0)), full=full, depth=depth)
        return self.object(branch, full=full, depth=depth)

    def texts(self, branch: Branch) -> Iterator[str]:
        """Return texts of an alternative."""
        least = int(branch.limits.get("minLength", 0))
        most = branch.limits.get("maxLength")
        patterns = sorted(branch.limits.get("pattern", ()))
        formats = sorted(branch.limits.get("format", ()))
        texts: Iterable[str]
        if patterns:
            texts = (text for pattern in patterns for text in from_pattern(pattern))
        elif formats and formats[0] in FORMATS:
            texts = FORMATS[formats[0]]
        elif least > 10_000:  # noqa: PLR2004 - explained by its use
            return
        else:
            texts = ("text"[: int(most)] if most is not None else "text",)
            texts = tuple(text + "x" * (least - len(text)) for text in texts)
        for text in texts:
            if len(text) >= least and (most is None or len(text) <= most):
                yield text

    def numbers(self, branch: Branch) -> Iterator[float]:  # noqa: C901 - a flat list of cases
        """Return numbers of an alternative."""
        limits = branch.limits
        integer = bool(limits.get("integer"))
        steps = sorted(limits.get("multipleOf", ()))
        low, high = limits.get("minimum"), limits.get("maximum")
        step: float = 1
        for part in steps:
            step = step * part if steps[0] != part else part
        starts: list[float] = [0, 1, 2, 7]
        if low is not None:
            starts = [low[0], low[0] + 1, low[0] + 0.5, low[0] + 2, *starts]
        if high is not None:
            starts += [high[0], high[0] - 1, high[0] - 0.5]
        seen: set[float] = set()
        for start in starts:
            number: float = start
            if steps:
                number = -(-start // step) * step
            if integer:
                if number != int(number):
                    continue
                number = int(number)
            if low is not None and (number < low[0] or (low[1] and number == low[0])):
                continue
            if high is not None and (number > high[0] or (high[1] and number == high[0])):
                continue
            if number not in seen:
                seen.add(number)
                yield number

    def list(
        self, branch: Branch, count: int, *, full: bool = False, depth: int = 0, same: bool = False
    ) -> list[Json]:
        """Return a list of a given length.

        Raises:
            NoSampleError: An item has no value.
        """
        if count > MOST_REPEATS * 4:
            raise NoSampleError(branch.source)
        made: list[Json] = []
        tokens: set[str] = set()
        for i in range(count):
            rule: Use | bool | None = branch.prefix[i] if i < len(branch.prefix) else branch.items
            if rule is False:
                raise NoSampleError(branch.source)
            salt = 0 if same else i
            while True:
                item = (
                    self.value(rule, full=full, depth=depth + 1, salt=salt)
                    if isinstance(rule, Use)
                    else f"text{salt}"
                )
                mark = token(item)
                if same or not branch.limits.get("uniqueItems") or mark not in tokens:
                    break
                salt += 1
                if salt > count + 4:
                    raise NoSampleError(branch.source)
            tokens.add(mark)
            made.append(item)
        return made

    def object(self, branch: Branch, *, full: bool = False, depth: int = 0) -> dict[str, Json]:  # noqa: C901 - a flat list of cases
        """Return an object with its required or with all properties.

        Raises:
            NoSampleError: A required property has no value.
        """
        made: dict[str, Json] = {}
        names = list(branch.properties) if full and depth < 2 else []  # noqa: PLR2004 - explained by its use
        wanted = dict.fromkeys((*branch.required, *names))
        for name in list(wanted):
            for other in branch.dependents.get(name, ()):
                wanted.setdefault(other)
        for name in wanted:
            declared = branch.properties.get(name)
            rule: Use | bool | None = declared.use if declared else branch.additional
            if rule is False:
                raise NoSampleError(branch.source)
            try:
                made[name] = self.value(rule, full=full, depth=depth + 1) if isinstance(rule, Use) else "text"
            except NoSampleError:
                if name in branch.required:
                    raise
        least = int(branch.limits.get("minProperties", 0))
        if least > MOST_REPEATS * 4:
            raise NoSampleError(branch.source)
        for name, declared in branch.properties.items():
            if len(made) >= least:
                break
            if name not in made:
                made[name] = self.value(declared.use, depth=depth + 1)
        for i in range(max(0, least - len(made))):
            rule = branch.additional
            made[f"extra{i}"] = self.value(rule, depth=depth + 1) if isinstance(rule, Use) else "text"
        return made

    def several(self, use: Use) -> Iterator[Json]:
        """Return several values: of each alternative one without and one with optional parts."""
        shape = self.book.shape(use.core)
        for kind in KINDS:
            for branch in shape.kinds.get(kind, ()):
                for full in (False, True):
                    try:
                        yield self.branch(branch, full=full)
                    except NoSampleError:
                        break
