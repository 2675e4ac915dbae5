"""Private values of one cassette: learnt from the places that announce them, then searched for everywhere.

Values are found in other spellings: in any case, with or without accents, composed or decomposed, with other
separators; phone numbers and dates of birth in any notation. The time needed grows with the length of the texts, not
with the number of values.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import csv
import html
import io
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

from attrs import define, field

from korus.testing import bodies
from korus.testing.decoding import View, decoded, fold, folded, is_spaceless
from korus.testing.keys import PERSON_KINDS, kind_of_key, may_be, named, private_places
from korus.testing.notations import dates_in, dates_where, nationals
from korus.testing.plainvalues import is_list, is_mapping
from korus.testing.pseudonyms import SECRET_KINDS, UUID, Kind, is_pseudonym

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

__all__ = ["Found", "Learned"]

_LEAST_REFERENCE, _LEAST_WORD, _LEAST_LOOSE = 4, 3, 8
_DEEPEST = 24
# a number of six digits or more, written with signs between them, and perhaps beside others
_NUMBER = re.compile(r"(?<![0-9A-Za-z.])(?:\+|\(\+?)?[0-9](?:[\s().+/_-]{0,3}[0-9]){5,40}(?![0-9A-Za-z])")
_MOST_DIGITS, _LEAST_AMONG_OTHERS = 18, 7
_WORD = r"0-9A-Za-z\u00c0-\u024f\u0370-\u058f\u0900-\u0dff\u1e00-\u1fff"
_PARTICLES = frozenset(
    {"van", "von", "der", "den", "des", "del", "della", "bin", "ibn", "mrs", "and", "und", "the"}
)
_TAG = re.compile(r"<(/?)([A-Za-z_][\w.:-]*)((?:\s[^<>]*)?)>|<!\[CDATA\[(.*?)\]\]>|([^<]+)", re.DOTALL)
_ATTRIBUTE = re.compile(r"([A-Za-z_][\w.:-]*)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_DELIMITERS = ",;\t|"
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


@define
class Found:
    """A learnt value in a text.

    Attributes:
        start: Where it begins in the decoded text.
        end: Where it ends.
        kind: Its kind.
        value: The value as learnt.
    """

    start: int
    end: int
    kind: Kind
    value: str = field(repr=False)


@define
class Learned:
    """The private values of a cassette, the form fields that ask for them, and the UUIDs in it.

    Attributes:
        values: Values and their kinds.
        fields: IRIs or ids of form fields and the kinds of their answers.
        identifiers: UUIDs, lower case.
    """

    values: dict[str, Kind] = field(factory=dict[str, Kind], repr=False)
    fields: dict[str, Kind | None] = field(factory=dict[str, "Kind | None"])
    identifiers: set[str] = field(factory=set[str])
    _texts: dict[str, tuple[Kind, str]] = field(factory=dict[str, "tuple[Kind, str]"], repr=False)
    _phones: dict[str, str] = field(factory=dict[str, str], repr=False)
    _dates: dict[dt.date, str] = field(factory=dict["dt.date", str], repr=False)
    _patterns: list[re.Pattern[str]] | None = None

    def learn(self, kind: Kind, value: str) -> None:
        """Learn a value; pseudonyms, and values that cannot be of the kind, are ignored."""
        value = value.strip()
        if not value or value in self.values or not may_be(kind, value) or is_pseudonym(value):
            return
        self.values[value] = kind
        self._patterns = None
        if kind is Kind.PHONE:
            for number in nationals(value):
                self._phones.setdefault(number, value)
        elif kind is Kind.BIRTHDATE:
            for day in dates_in(value):
                self._dates.setdefault(day, day.isoformat())
        for text, whole in _variants(value, kind):
            self._texts.setdefault(text, (kind, whole))

    def canonical(self, kind: Kind, value: str) -> str:
        """Return the value as it was first learnt, for any of its notations."""
        if kind is Kind.PHONE:
            return next((self._phones[one] for one in nationals(value) if one in self._phones), value)
        if kind is Kind.BIRTHDATE:
            days = dates_in(value)
            return (
                value
                if not days or next(iter(days)) in self._dates
                else next((one.isoformat() for one in days if one in self._dates), value)
            )
        return value

    def find(self, view: View) -> Iterator[Found]:
        """Yield the learnt values in a decoded text; they may overlap."""
        yield from self._find_texts(view)
        if self._phones:
            yield from self._find_phones(view.text)
        if self._dates:
            yield from self._find_dates(view.text)

    def knows(self, text: str) -> bool:
        """Return True if a learnt value is in a text."""
        return next(self.find(decoded(text)), None) is not None

    def number(self, value: int) -> bool:
        """Return True if a number is a learnt value."""
        digits = str(value)
        return (
            digits in self._texts
            or bool(self._phones.keys() & nationals(digits).keys())
            or bool(self._dates.keys() & dates_in(digits).keys())
        )

    def _find_texts(self, view: View) -> Iterator[Found]:
        if self._patterns is None:
            self._patterns = _patterns(self._texts)
        if not self._patterns:
            return
        plain = folded(view)
        for pattern in self._patterns:
            for found in pattern.finditer(plain.text):
                kind, value = self._texts[found[0]]
                start, end = plain.inner_span(found.start(), found.end())
                yield Found(start, end, kind, value)

    def _find_phones(self, text: str) -> Iterator[Found]:
        for found in _NUMBER.finditer(text):
            for start, end in _parts(found):
                known = next((one for one in nationals(text[start:end]) if one in self._phones), None)
                if known is not None:
                    yield Found(start, end, Kind.PHONE, self._phones[known])
                    break

    def _find_dates(self, text: str) -> Iterator[Found]:
        for start, end, days in dates_where(text):
            known = next((one for one in days if one in self._dates), None)
            if known is not None:
                yield Found(start, end, Kind.BIRTHDATE, self._dates[known])

    # --- where values are announced --------------------------------------------------------------------------------

    def document(self, parsed: Any, *, catalogue: bool = False) -> None:
        """Learn from a JSON document."""
        for _, kind, value in private_places(parsed, self.fields, catalogue=catalogue):
            self.learn(kind, str(value))
        for text, key in texts_of(parsed):
            if key != "code":
                self.uuids(text)
            self.text(text, catalogue=catalogue)

    def text(self, text: str, *, catalogue: bool = False) -> None:
        """Learn from a text: from JSON, markup or a table in it, and from the parameters of an address."""
        start = text.lstrip("\ufeff \t\r\n")[:1]
        if start in {"{", "["}:
            try:
                self.document(bodies.parse_json(text), catalogue=catalogue)
            except ValueError:
                pass
            else:
                return
        if start == "<" and not catalogue:
            self.markup(text)
        elif "\n" in text and not catalogue:
            self.table(text)
        self.named(text, catalogue=catalogue)

    def named(self, text: str, *, catalogue: bool = False) -> None:
        """Learn the values after names that announce them, as in the address of a file."""
        for one in named(text):
            if catalogue and one.kind in PERSON_KINDS:
                continue
            if "=" in one.between or one.kind in SECRET_KINDS:
                self.learn(one.kind, unquote_plus(one.value) if "%" in one.value else one.value)

    def markup(self, text: str) -> None:
        """Learn from elements and attributes of XML or HTML by their names."""
        passed: list[str] = []
        for closing, tag, attributes, data, plain in _TAG.findall(text):
            if tag:
                name = tag.rpartition(":")[2]
                if closing:
                    passed = (
                        passed[: len(passed) - 1 - passed[::-1].index(name)] if name in passed else passed
                    )
                    continue
                for key, double, single in _ATTRIBUTE.findall(attributes):
                    self._learn_beside(f"{name}.{key.rpartition(':')[2]}", html.unescape(double or single))
                if not attributes.endswith("/"):
                    passed.append(name)
            elif passed and (data or plain).strip():
                self._learn_beside(".".join(passed[-2:]), data or html.unescape(plain))

    def _learn_beside(self, path: str, value: str) -> None:
        kind = kind_of_key(path.rpartition(".")[2]) or kind_of_key(path)
        if kind is not None:
            self.learn(kind, value)

    def table(self, text: str) -> None:
        """Learn from the columns of a table in text, by its first line."""
        first = text.lstrip("\ufeff").partition("\n")[0]
        delimiter = max(_DELIMITERS, key=first.count)
        try:
            rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter))
        except csv.Error:
            return
        head = [one.strip() for one in rows[0]] if rows else []
        kinds = [kind_of_key(one, head) for one in head]
        for row in rows[1:]:
            for kind, value in zip(kinds, row, strict=False):
                if kind is not None:
                    self.learn(kind, value)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Learn from the pairs of a form or a query."""
        for name, value in pairs:
            kind = kind_of_key(name)
            if kind is not None:
                self.learn(kind, value)
            else:
                self.text(value)
            self.uuids(value)

    def headers(self, headers: Mapping[str, tuple[str, ...]]) -> None:
        """Learn from headers: credentials, cookies, and headers whose name announces a private value."""
        for name, value in ((name.lower(), value) for name, values in headers.items() for value in values):
            if name == "authorization":
                self._authorization(value)
            elif name in {"cookie", "set-cookie"}:
                cookie = value.split(";")
                for part in cookie[:1] if name == "set-cookie" else cookie:
                    self.learn(Kind.TOKEN, part.partition("=")[2].strip())
            else:
                kind = kind_of_key(name.removeprefix("x-"))
                if kind is not None:
                    self.learn(kind, unquote(value))
                else:
                    self.named(value)
                self.uuids(value)

    def _authorization(self, value: str) -> None:
        scheme, _, credential = value.strip().partition(" ")
        self.learn(Kind.TOKEN, credential or scheme)
        if scheme.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return
            self.learn(Kind.CLIENT, unquote(name))
            self.learn(Kind.SECRET, unquote(secret))

    def uuids(self, text: str) -> None:
        """Note the UUIDs of a text."""
        self.identifiers.update(found[0].lower() for found in UUID.finditer(text))


def texts_of(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of a JSON document with their keys, and its keys without."""
    if is_mapping(node):
        for name, one in node.items():
            yield name, ""
            yield from texts_of(one, name)
    elif is_list(node):
        for one in node:
            yield from texts_of(one, key)
    elif isinstance(node, str):
        yield node, key


def _parts(number: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield a whole number, then the longest runs of its groups: others may stand beside it."""
    yield number.start(), number.end()
    at = number.start()
    groups = [(at + one.start(), at + one.end()) for one in re.finditer(r"(?:\(?\+)?[0-9]+", number[0])]
    for first, (start, _) in enumerate(groups):
        for _, end in reversed(groups[first:]):
            digits = sum(one.isdigit() for one in number.string[start:end])
            if _LEAST_AMONG_OTHERS <= digits <= _MOST_DIGITS:
                yield start, end


def _variants(value: str, kind: Kind) -> Iterator[tuple[str, str]]:
    """Yield the folded spellings of a value inside other texts, each with the value."""
    plain = fold(value)
    if _is_worth_looking_for(plain, kind):
        yield plain, value
        joined = plain.replace(" ", "")
        if len(joined) >= _LEAST_REFERENCE:
            yield joined, value
        yield from ((other, value) for other in _misread(value, plain))
    if kind in SECRET_KINDS:
        yield fold(base64.b64encode(value.encode()).decode().rstrip("=")), value
    words = plain.split()
    if kind in {Kind.NAME, Kind.GIVEN, Kind.FAMILY} and len(words) > 1:
        written = re.split(r"[\s\u00a0\u2010\u2011-]+", value)
        for word in written:
            found = fold(word)
            if len(found) >= _LEAST_WORD and found not in _PARTICLES:
                yield found, word
                yield from ((other, word) for other in _misread(word, found))
        yield " ".join(reversed(words)), value


def _misread(value: str, plain: str) -> Iterator[str]:
    """Yield spellings of a name without its special letters: two letters for one, or its bytes read as letters."""
    spelled = fold(unicodedata.normalize("NFC", value).casefold().translate(_SPELLED))
    if spelled != plain:
        yield spelled
    for form in ("NFC", "NFD") if not value.isascii() else ():
        for charset in ("latin-1", "cp1252"):
            with contextlib.suppress(UnicodeDecodeError):
                yield fold(unicodedata.normalize(form, value).encode().decode(charset))


def _is_worth_looking_for(text: str, kind: Kind) -> bool:
    if kind in {Kind.PHONE, Kind.BIRTHDATE}:
        # these are looked for in any notation
        return not any(one.isdigit() for one in text)
    if kind in {Kind.REFERENCE, Kind.VOUCHER, *SECRET_KINDS}:
        return len(text) >= _LEAST_REFERENCE
    return len(text) > 1 or (len(text) == 1 and is_spaceless(text))


def _patterns(texts: Mapping[str, tuple[Kind, str]]) -> list[re.Pattern[str]]:
    bounded: list[str] = []
    loose: list[str] = []
    for text, (kind, _) in texts.items():
        inside = kind in SECRET_KINDS and len(text) >= _LEAST_LOOSE
        (loose if inside or (is_spaceless(text[0]) and is_spaceless(text[-1])) else bounded).append(text)
    found: list[re.Pattern[str]] = []
    if loose:
        found.append(re.compile(_tree(sorted(loose))))
    if bounded:
        found.append(re.compile(rf"(?<![{_WORD}])(?:{_tree(sorted(bounded))})(?![{_WORD}])"))
    return found


def _tree(texts: list[str], depth: int = 0) -> str:
    """Return a pattern for many texts, longest first, that looks at each character once and not once for each text."""
    if len(texts) == 1:
        return re.escape(texts[0])
    if depth >= _DEEPEST:
        return "(?:" + "|".join(re.escape(one) for one in sorted(texts, key=len, reverse=True)) + ")"
    common = 0
    first, last = texts[0], texts[-1]
    while common < min(len(first), len(last)) and first[common] == last[common]:
        common += 1
    groups: dict[str, list[str]] = {}
    for one in texts:
        groups.setdefault(one[common : common + 1], []).append(one[common:])
    ends = "?" if groups.pop("", None) else ""
    branches = "|".join(_tree(group, depth + 1) for group in groups.values())
    return re.escape(first[:common]) + (f"(?:{branches}){ends}" if branches else "")
