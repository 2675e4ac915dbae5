"""Conversion of text to Python names: words, case, plurals, identifiers.

The generator changes names that it considers unsuitable. Every name returned here is a fixed point of the generator's
naming functions, so that it is written unchanged.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from openapi_python_client.strings import ClassName, PythonIdentifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX = "field_"
"""The generator's prefix for names that are not valid identifiers."""

_WORDS = re.compile(
    r"""
    [A-Z]+(?=[A-Z][a-z]|[^A-Za-z]|$)  # an acronym: URL in URLShortener
    | [A-Z]?[a-z]+[0-9]*              # a word, with the digits that follow it: line1
    | [A-Z]+[0-9]*
    | [0-9]+
    | [^\W\d_A-Za-z]+                 # letters of other scripts stay together
    """,
    re.VERBOSE,
)
_SIGNS: Mapping[str, str] = {
    "+": "plus", "-": "dash", ".": "dot", ",": "comma", ":": "colon", ";": "semicolon", "/": "slash",
    "\\": "backslash", "_": "underscore", " ": "space", "*": "star", "&": "and", "|": "or", "!": "not",
    "=": "equal", "<": "less", ">": "greater", "%": "percent", "#": "hash", "@": "at", "$": "dollar",
    "?": "question", "'": "quote", '"': "double_quote", "(": "open", ")": "close", "[": "open_bracket",
    "]": "close_bracket", "{": "open_brace", "}": "close_brace", "~": "tilde", "^": "caret", "`": "backtick",
}  # fmt: skip
_LATIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d",
     "Đ": "D", "ð": "d", "þ": "th", "\u0131": "i"}
)  # fmt: skip
_JSON_LD = re.compile(r"@(\w+)")


def ascii_letters(text: str) -> str:
    """Remove the accents of Latin letters; keep other scripts."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_LATIN))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFKC", plain)


def words(text: str) -> list[str]:
    """Split camel case, snake case and punctuation into words, keeping the letters' case."""
    return _WORDS.findall(ascii_letters(text))


def pascal(text: str) -> str:
    """Write `text` in Pascal case; acronyms keep their capitals."""
    return "".join(word[:1].upper() + word[1:] for word in words(text))


def snake(text: str) -> str:
    """Write `text` in snake case."""
    return "_".join(word.lower() for word in words(text))


def fingerprint(text: str) -> str:
    """Return a short, stable part of a name for text without letters."""
    # digits only: the generator capitalises letters that follow digits
    return f"{int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10**8:08}"


def class_name(text: str) -> str:
    """Build a class name that the generator does not change."""
    name = pascal(text) or "Model"
    return (
        _fixed_point(name if name[0].isalpha() else f"Model{name}", ClassName) or f"ModelX{fingerprint(text)}"
    )


def identifier(text: str) -> str:
    """Build an identifier that the generator does not change; keywords and builtins get a trailing `_`."""
    name = snake(text) or snake(spelled(text)) or "field"
    name = name if name[0].isalpha() else f"field_{name}"
    return _fixed_point(name, PythonIdentifier) or f"field_x{fingerprint(text)}"


def _fixed_point(name: str, made: type[ClassName | PythonIdentifier]) -> str | None:
    """Return the name that the generator does not change any more, or None without one."""
    for _ in range(3):
        before, name = name, str(made(name, PREFIX))
        if name == before and name.isidentifier():
            return name
    return None


def module_name(name: str) -> str:
    """Return the module that the generator writes the class `name` into."""
    return str(PythonIdentifier(name, PREFIX))


def spelled(text: str) -> str:
    """Replace every punctuation mark by a word, so that `+1`, `-1` and `1` differ."""
    parts: list[str] = []
    for letter in ascii_letters(text):
        if letter.isalnum():
            parts.append(letter)
        else:
            sign = _SIGNS.get(letter) or unicodedata.name(letter, f"u{ord(letter):x}").lower()
            parts.append(f"_{re.sub(r'[^0-9a-z]+', '_', sign)}_")
    return "".join(parts)


def property_identifier(wire: str) -> str:
    """Return the attribute name of a key on the wire: `iri` for `@id`, `ld_x` for `@x`, `a_b_c` for `a[b.c]`."""
    json_ld = _JSON_LD.fullmatch(wire)
    if json_ld:
        return "iri" if json_ld[1] == "id" else identifier(f"ld_{json_ld[1]}")
    if wire[:1] in "+-" and wire[1:2].isalnum():
        return identifier(("plus_" if wire[0] == "+" else "minus_") + wire[1:])
    return identifier(wire)


def distinct_identifiers(wires: Iterable[str], *, reserved: Iterable[str] = ()) -> dict[str, str]:
    """Return distinct attribute names for the keys, independent of their order.

    A key that is a valid Python name keeps it. `x[]` beside `x` becomes `x_list`; remaining conflicts are numbered in
    alphabetical order.
    """
    taken = set(reserved)
    chosen: dict[str, str] = {}
    for wire in sorted(
        set(wires), key=lambda wire: (property_identifier(wire) != wire, wire.startswith("@"), wire)
    ):
        name = property_identifier(wire)
        candidates = [name]
        if wire.endswith("[]"):
            candidates.append(identifier(f"{name}_list"))
        if wire == "@id":
            candidates.append("ld_id")
        if name in reserved:
            candidates.append(identifier(f"{name.rstrip('_')}_value"))
        number = 2
        while all(candidate in taken for candidate in candidates):
            candidates.append(identifier(f"{name.rstrip('_')}_{number}"))
            number += 1
        chosen[wire] = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(chosen[wire])
    return chosen


_IRREGULAR = {"children": "child", "people": "person", "data": "data", "media": "media", "series": "series",
              "news": "news", "status": "status", "address": "address"}  # fmt: skip


def singular(text: str) -> str:
    """Return `text` with its last English word in the singular, by rule; other words are kept."""
    parts = words(text)
    if not parts:
        return text
    last = parts[-1]
    lower = last.lower()
    if lower in _IRREGULAR:
        one = _IRREGULAR[lower]
        if one == lower:
            return text
    elif lower.endswith("ies") and len(lower) > 4:  # noqa: PLR2004 - "ties" is "tie", "countries" is "country"
        one = lower[:-3] + "y"
    elif lower.endswith(("sses", "shes", "ches", "xes", "zzes", "statuses")):
        one = lower[:-2]
    elif lower.endswith("s") and not lower.endswith(("ss", "us", "is")):
        one = lower[:-1]
    else:
        return text
    return "".join(part[:1].upper() + part[1:] for part in parts[:-1]) + (one[:1].upper() + one[1:])


def plural(text: str) -> str:
    """Return the plural of a snake-case noun, by rule."""
    irregular = {one: many for many, one in _IRREGULAR.items() if one != many}
    head, _, last = text.rpartition("_")
    if last in irregular:
        many = irregular[last]
    elif last.endswith(("data", "media", "series", "news")):
        many = last
    elif re.search(r"[^aeiou]y$", last):
        many = last[:-1] + "ies"
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        many = last + "es"
    else:
        many = last + "s"
    return f"{head}_{many}" if head else many


def member_name(value: str | int) -> str:
    """Return the name of an enum member: `WAITING` for `waiting`, `VALUE_1_5` for `1.5`."""
    if isinstance(value, int):
        return f"VALUE_MINUS_{-value}" if value < 0 else f"VALUE_{value}"
    if not value:
        return "EMPTY"
    text = value
    if value[0] in "+-" and len(value) > 1:
        text = ("plus_" if value[0] == "+" else "minus_") + value[1:]
    return _as_member(snake(text) or snake(spelled(text)) or f"x{fingerprint(value)}", value)


def _as_member(name: str, value: str) -> str:
    if not name[0].isalpha():
        name = f"value_{name}"
    upper = name.upper()
    return upper if upper.isidentifier() else f"VALUE_X{fingerprint(value)}"


def member_names(values: list[str] | list[int], given: Iterable[object] = ()) -> list[str]:
    """Return distinct member names for the values of an enum, independent of their order.

    Valid names in the description (`x-enum-varnames`) are used. The case is appended for values that differ only in
    case; punctuation is written as words for values that differ only in punctuation.
    """
    offered = [name for name in given if isinstance(name, str)]
    if len(offered) == len(values):
        usable = [snake(name).upper() for name in offered]
        if all(name.isidentifier() for name in usable) and len(set(usable)) == len(values):
            return usable
    plain = {value: member_name(value) for value in values}
    chosen: dict[str | int, str] = {}
    for value, name in plain.items():
        rivals = [other for other, other_name in plain.items() if other_name == name and other != value]
        if not rivals:
            chosen[value] = name
            continue
        text = str(value)
        chosen[value] = _distinguished(text, name, [str(rival) for rival in rivals])
    shared = Counter(chosen.values())
    # every member of a conflict gets an ending, so that names do not depend on the order
    return [
        f"{chosen[value]}_X{fingerprint(str(value))}" if shared[chosen[value]] > 1 else chosen[value]
        for value in values
    ]


def _distinguished(text: str, name: str, rivals: list[str]) -> str:
    if not any(rival.lower() == text.lower() for rival in rivals):
        apart = _as_member(snake(spelled(text)) or name, text)
        if all(_as_member(snake(spelled(rival)) or name, rival) != apart for rival in rivals):
            return apart
    if text.islower():
        return f"{name}_LOWER"
    if text.isupper():
        return f"{name}_UPPER"
    if text.istitle():
        return f"{name}_TITLE"
    return f"{name}_X{fingerprint(text)}"
