"""Decoded texts, with a map from each character to its place in the source.

Private values are searched for in decoded text, so that they are found in any encoding: percent signs (also twice),
HTML entities, escapes of JSON and of bytes, encoded words of mail, wide and invisible characters, composed and
decomposed letters, other separators. Replacements are written at the original place. This module does not know what is
private.
"""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from bisect import bisect_right
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["View", "decoded", "fold", "folded", "is_spaceless", "rewritten"]

_ESCAPE = re.compile(
    r"(?:%[0-9A-Fa-f]{2})+"
    r"|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
    r"|(?:\\u[0-9A-Fa-f]{4})+|\\U[0-9A-Fa-f]{8}|\\u\{[0-9A-Fa-f]{1,6}\}|(?:\\x[0-9A-Fa-f]{2})+|\\[\"'/\\bfnrt]"
    r"|=\?[\w.-]{1,40}\?[BQbq]\?[^?\s]{1,400}\?="  # a word in the header of a mail
    # quoted-printable: letters outside of ASCII only, for a sign before two digits is a parameter as often
    r"|(?:=[C-F][0-9A-F](?:(?:=\r?\n)?=[89AB][0-9A-F]){1,3}(?:=\r?\n(?==))?)+"
    r"|[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"  # not to be seen
    r"|[\u00a0\u2007\u2010\u2011\u202f\u2212\u3000\uff01-\uff5e]"  # another width
)
_PLAIN = {
    "\u00a0": " ",
    "\u2007": " ",
    "\u202f": " ",
    "\u3000": " ",
    "\u2010": "-",
    "\u2011": "-",
    "\u2212": "-",
}
_MOST_LAYERS = 5
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
# separators are one and the same; letters of other scripts are looked at one by one, decomposed Hangul as a whole
_SEPARATOR = re.compile(r"[\s+_.'\u2010-\u2015\u2019\u00b7\u30fb-]+")
_FOLDED = re.compile(rf"{_SEPARATOR.pattern}|[\u1100-\u11ff]+|[^\x00-\x7f]")
_IGNORED = re.compile(
    r"[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u0652\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]"
)
_SPACELESS = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    r"\U00020000-\U0003ffff\u0590-\u06ff]"
)
# letters whose accent is a part of them; a capital of the dotless i is the usual one
_UNDECOMPOSED = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ł": "l",
        "ħ": "h",
        "ŧ": "t",
        "ŋ": "ng",
        "\u0131": "i",
    }
)
_Unit = tuple[int, int, int, int]


@frozen
class View:
    """A decoded text, with the place of each part in the text that it was made from.

    Attributes:
        text: The text as it reads.
        inner: The view that it was made from, None if that is the source itself.
    """

    text: str
    inner: View | None = None
    _units: list[_Unit] = field(factory=list[_Unit], repr=False)
    _starts: list[int] = field(factory=list[int], repr=False)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place of a part of this text in the source, extended to whole escapes and whole letters."""
        first, last = self.inner_span(start, end)
        return (first, last) if self.inner is None else self.inner.span(first, last)

    def inner_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place of a part of this text in the view that it was made from."""
        return self._first(start), self._last(end)

    def _first(self, at: int) -> int:
        number = bisect_right(self._starts, at) - 1
        if number < 0:
            return at
        _, end, inner_start, inner_end = self._units[number]
        return inner_start if at < end else inner_end + at - end

    def _last(self, end: int) -> int:
        if not end:
            return self._first(0)
        number = bisect_right(self._starts, end - 1) - 1
        found = end
        if number >= 0:
            _, unit_end, _, inner_end = self._units[number]
            found = inner_end if end - 1 < unit_end else inner_end + end - unit_end
        # what reads as nothing belongs to the letter before it
        for start, unit_end, inner_start, inner_end in self._units[number + 1 : number + 9]:
            if start != unit_end or start != end or inner_start != found:
                break
            found = inner_end
        return found


def _view(source: str, inner: View | None, parts: Iterable[tuple[int, int, str]], *, lower: bool) -> View:
    """Return the view in which each given part of the source is replaced by the text beside it."""
    out: list[str] = []
    units: list[_Unit] = []
    length = position = 0
    for start, end, text in parts:
        plain = source[position:start]
        out += (plain.lower() if lower else plain, text)
        length += start - position
        units.append((length, length + len(text), start, end))
        length += len(text)
        position = end
    rest = source[position:]
    out.append(rest.lower() if lower else rest)
    return View("".join(out), inner, units, [unit[0] for unit in units])


def _escapes(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _ESCAPE.finditer(text):
        start, end, written = found.start(), found.end(), found[0]
        if written[0] == "%":
            yield from _octets(bytes.fromhex(written.replace("%", "")), start, 3)
        elif written[0] == "\\" and written[1] in "uUx":
            yield from _escaped_letters(written, start)
        else:
            read = _read(written)
            if read != written:
                yield start, end, read


def _read(written: str) -> str:
    """Decode one escape, or one character in an unusual form."""
    if written[0] == "&":
        return html.unescape(written)
    if written[0] == "\\":
        return _CONTROLS.get(written[1], written[1])
    if written[:2] == "=?":
        return _mail_word(written)
    if written[0] == "=":
        return bytes.fromhex(re.sub(r"=(?:\r?\n)?", "", written)).decode(errors="replace")
    if "\uff01" <= written <= "\uff5e":
        return chr(ord(written) - 0xFEE0)
    return _PLAIN.get(written, "")


def _mail_word(written: str) -> str:
    try:
        return str(make_header(decode_header(written)))
    except (LookupError, ValueError, HeaderParseError):
        return written


def _octets(content: bytes, at: int, width: int) -> Iterator[tuple[int, int, str]]:
    """Read bytes that were written one by one: UTF-8 if they are, Latin-1 otherwise."""
    try:
        read, size = content.decode(), None
    except UnicodeDecodeError:
        read, size = content.decode("latin-1"), 1
    for character in read:
        end = at + width * (size or len(character.encode("utf-8", "surrogatepass")))
        yield at, end, character
        at = end


def _escaped_letters(written: str, at: int) -> Iterator[tuple[int, int, str]]:
    if written[1] == "x":
        yield from _octets(bytes.fromhex(written.replace("\\x", "")), at, 4)
        return
    if written[1] == "U" or written[2] == "{":
        code = int(written[2:].strip("{}"), 16)
        if code <= sys.maxunicode:
            yield at, at + len(written), chr(code)
        return
    codes = bytes.fromhex(written.replace("\\u", ""))
    for character in codes.decode("utf-16-be", "replace"):
        end = at + (12 if ord(character) > 0xFFFF else 6)  # noqa: PLR2004 - the first that takes two
        yield at, end, character
        at = end


def decoded(text: str) -> View:
    """Return a text with all its escapes undone, also those within each other."""
    view = View(text)
    for _ in range(_MOST_LAYERS):
        if view.text.isascii() and not any(sign in view.text for sign in "%&\\="):
            break
        parts = list(_escapes(view.text))
        if not parts:
            break
        view = _view(view.text, view, parts, lower=False)
    return view


def _letters(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _FOLDED.finditer(text):
        written = found[0]
        if _SEPARATOR.match(written):
            read = " "
        elif "\u1100" <= written[0] <= "\u11ff":
            read = unicodedata.normalize("NFC", written)
        elif "\uac00" <= written[0] <= "\ud7a3":
            continue
        else:
            read = _letter(written)
            if read == written:
                continue
        if read != " " or written != " ":
            yield found.start(), found.end(), read


def _letter(character: str) -> str:
    if _IGNORED.match(character):
        return ""
    return _IGNORED.sub("", unicodedata.normalize("NFKD", character).casefold()).translate(_UNDECOMPOSED)


def folded(view: View) -> View:
    """Return a view in which case, accents, notation and kinds of separators make no difference."""
    return _view(view.text, view, _letters(view.text), lower=True)


def fold(text: str) -> str:
    """Return a text folded by `folded`, without separators at its ends."""
    return folded(View(text)).text.strip()


def is_spaceless(character: str) -> bool:
    """Return True for letters of scripts that write words, or particles, without a space between them."""
    return _SPACELESS.match(character) is not None


_AS_WRITTEN: Final = {"@": ("%2540", "%40"), "+": ("%252B", "%2B")}


def _escaped(made: str, raw: str) -> str:
    """Return a pseudonym with its characters escaped like those of the value that it replaces."""
    for sign, escapes in _AS_WRITTEN.items():
        found = next((one for one in escapes if one in raw.upper()), None)
        if found and sign in made:
            made = made.replace(sign, found)
    return made


def rewritten(view: View, source: str, changes: Iterable[tuple[int, int, str]]) -> str:
    """Return the source with parts of the view replaced; of overlapping parts, the first one counts.

    Args:
        view: A view of the source.
        source: The source.
        changes: Start, end and new text of each part of the view, in order.
    """
    out: list[str] = []
    position = 0
    for start, end, made in changes:
        first, last = view.span(start, end)
        if first < position:
            continue
        raw = source[first:last]
        out += (source[position:first], _escaped(made, raw))
        position = last
    return "".join([*out, source[position:]]) if out else source
