"""Detectors of private values by their form: addresses, numbers with check digits, tokens, random words.

The same detectors conceal a recording and scan a finished one, so nothing is written that a scan would find. Check
digits decide where there are any: sixteen digits are a card only if Luhn's sum is right, letters and digits an account
only if ISO 7064's is. Places and replacements are decided elsewhere.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final

from attrs import frozen

from korus.testing.pseudonyms import Kind, pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

__all__ = ["EMAIL", "JWT", "PHONE", "PLUGINS", "Detected", "detect", "is_card", "is_iban"]

EMAIL: Final = re.compile(
    # looked for at the beginning of a word only, and not without end: else a long word takes its length squared
    r"(?:(?<![\w%])|(?<=%[0-9A-Fa-f]{2}))\w(?:[\w.+'\u0300-\u036f-]|%2[Bb]){0,1000}"
    r"(?:@|%40)[\w\u0300-\u036f-]+(?:\.[\w\u0300-\u036f-]+)*\.[^\W\d_]{2,}"
)
"""An e-mail address in any script, also with its sign percent-encoded."""
JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]{6,2048}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?")
"""A JSON web token."""
PHONE: Final = re.compile(
    r"(?:(?<![\w.:+-])|(?<=[A-Za-z]:)(?=\+))(?:"
    r"(?:\+|00)[1-9][0-9]{0,2}(?:[ +().-]{0,2}[0-9]){7,13}"  # international
    r"|0[1-9](?:[ .-]?[0-9]{2}){4}"  # with a national zero, in pairs or not parted at all
    r"|0[1-9][0-9]{1,3}[ /-][0-9]{3,4}(?:[ -]?[0-9]){3,5}"  # a national zero and an area
    r"|\(0[1-9][0-9]{1,4}\) ?[0-9](?:[ -]?[0-9]){4,9}"
    r"|(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[.-][0-9]{4}"  # North America
    r")(?![\w-])(?!\.[0-9])"
)
"""A phone number, international or as it is written in its country."""

_TOKENS: Mapping[str, re.Pattern[str]] = {
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY[A-Z ]*-----(?:[^-]*-----END [A-Z ]*-----)?"),
    "access key": re.compile(
        r"(?<![A-Za-z0-9])(?:"
        r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}"
        r"|AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[0-9A-Za-z_-]{20,}"
        r"|gh[pousr]_[0-9A-Za-z]{36,255}|github_pat_[0-9A-Za-z_]{40,255}|gl(?:pat|ptt|dt|rt|cbt|ft|soat)-[0-9A-Za-z_-]{20,}"
        r"|(?:sk|pk|rk)_(?:live|test)_[0-9A-Za-z]{10,255}|whsec_[0-9A-Za-z+/=]{16,}"
        r"|xox[abeoprs]-[0-9A-Za-z-]{10,}|xapp-[0-9A-Za-z-]{10,}"
        r"|npm_[0-9A-Za-z]{36}|pypi-[0-9A-Za-z_-]{16,}|hf_[0-9A-Za-z]{30,}|dop_v1_[0-9a-f]{64}"
        r"|SG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}|key-[0-9a-f]{32}|[0-9a-f]{32}-us[0-9]{1,2}"
        r"|sq0[a-z]{3}-[0-9A-Za-z_-]{22,}|EAAA[0-9A-Za-z_-]{60}|(?:AC|SK)[0-9a-f]{32}"
        r"|sk-(?:ant-|proj-)?[0-9A-Za-z_-]{20,}|shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}"
        r"|(?:live|test)_[0-9A-Za-z]{30,}|[0-9]{8,10}:AA[0-9A-Za-z_-]{32,}"
        r"|access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}"
        r")(?![A-Za-z0-9])"
    ),
    "account key": re.compile(r"(?<=AccountKey=)[A-Za-z0-9+/=]{40,}"),
}  # fmt: skip
PLUGINS: Final = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
    "CloudantDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "KeywordDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TwilioKeyDetector",
)
"""The plugins of detect-secrets that are asked; others keep their patterns up to date."""
# the words behind `password:` and the like are judged by their key
_BY_KEY = frozenset({"KeywordDetector", "BasicAuthDetector"})

# what detect-secrets measures, over words of at least this length
_WORD = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+_-]{24,}={0,2}(?![A-Za-z0-9+/_=-])")
_RANDOM_HEX, _RANDOM_WORD = 3.0, 4.2
_HARMLESS = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{10,14}|/\.well-known/genid/[0-9a-f]{20}|[0-9a-f]{20}",
    re.IGNORECASE,
)
_LONG = re.compile(r"[A-Za-z0-9+/_=.:$-]{16}")
_LONGEST = 2000
_PART = re.compile(rf"(?<!\S)\S{{16,{_LONGEST}}}(?!\S)")
_MOST_CARD_DIGITS = 19
_DIGITS = re.compile(r"(?<![\w.])[0-9](?:[ +\u00a0-]?[0-9]){11,60}(?!\w)(?!\.[0-9])")
# the first digits of a card and how many it has
_CARD = re.compile(
    r"4[0-9]{12}(?:[0-9]{3}){0,2}|(?:5[1-5]|2[2-7])[0-9]{14}|3[47][0-9]{13}|3(?:0[0-5]|[689][0-9])[0-9]{11,13}"
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12,15}|35[2-8][0-9]{13,16}|62[0-9]{14,17}|(?:50|5[6-9]|6[0-9])[0-9]{10,17}"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=(?:[ +\u00a0-]?[A-Za-z0-9]){11})")
_IBAN_LENGTHS: Mapping[str, int] = {
    country: int(length)
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM TL SO",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE",
        31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
_IBAN_REST: Mapping[int, re.Pattern[str]] = {
    length: re.compile(rf"[A-Za-z0-9](?:[ +\u00a0-]?[A-Za-z0-9]){{{length - 1}}}(?![A-Za-z0-9])")
    for length in {*_IBAN_LENGTHS.values()}
}


@frozen
class Detected:
    """A part of a text that is private by its form.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        kind: Its kind.
        what: Its kind in words.
    """

    start: int
    end: int
    kind: Kind
    what: str


def is_card(digits: str) -> bool:
    """Return True for the number of a payment card: an issuer's first digits and length, and Luhn's sum."""
    if not _CARD.fullmatch(digits):
        return False
    doubled = (
        digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4)  # noqa: PLR2004 - nine is cast out
        for place, digit in enumerate(int(one) for one in reversed(digits))
    )
    return sum(doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Return True for an international bank account number without separators: length and check digits fit."""
    text = text.upper()
    if len(text) != _IBAN_LENGTHS.get(text[:2]):
        return False
    return int("".join(str(int(one, 36)) for one in text[4:] + text[:4])) % 97 == 1


def detect(text: str) -> Iterator[Detected]:
    """Yield the parts of a text that are private by their form, the most certain first; parts may overlap."""
    if _LONG.search(text) or "-----BEGIN" in text:
        yield from _tokens(text)
    yield from _cards(text)
    yield from _accounts(text)
    if "@" in text or "%40" in text:
        for found in EMAIL.finditer(text):
            yield Detected(found.start(), found.end(), Kind.EMAIL, "e-mail address")
    for found in PHONE.finditer(text):
        yield Detected(found.start(), found.end(), Kind.PHONE, "phone number")


def _tokens(text: str) -> Iterator[Detected]:
    for found in JWT.finditer(text):
        yield Detected(found.start(), found.end(), Kind.TOKEN, "JSON web token")
    for what, pattern in _TOKENS.items():
        for found in pattern.finditer(text):
            yield Detected(found.start(), found.end(), Kind.TOKEN, what)
    # some of these patterns take the square of a long word's length
    parts = [(0, text)] if len(text) <= _LONGEST else [(one.start(), one[0]) for one in _PART.finditer(text)]
    for start, part in parts:
        for pattern in _patterns():
            for found in pattern.finditer(part):
                group = found.lastindex or 0
                where = start + found.start(group), start + found.end(group)
                yield Detected(*where, Kind.TOKEN, "token (detect-secrets)")
    yield from _random_words(text)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    from detect_secrets.core.plugins.util import (  # noqa: PLC0415 - heavy, and only recording and scanning need it
        get_mapping_from_secret_type_to_class,
    )

    classes: Iterable[Any] = get_mapping_from_secret_type_to_class().values()
    wanted = [one for one in classes if one.__name__ in PLUGINS and one.__name__ not in _BY_KEY]
    return tuple(pattern for one in wanted for pattern in getattr(one, "denylist", ()))


def _random_words(text: str) -> Iterator[Detected]:
    position = 0
    for piece, own in pieces(text):
        for found in () if own else _WORD.finditer(_HARMLESS.sub(_blank, piece)):
            word = found[0].rstrip("=")
            if _is_random(word):
                start = position + found.start()
                yield Detected(start, start + len(found[0]), Kind.TOKEN, "word that looks random")
        position += len(piece)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _is_random(word: str) -> bool:
    if re.fullmatch(r"[0-9a-fA-F]+", word):
        return _entropy(word.lower()) > _RANDOM_HEX
    mixed = all(re.search(part, word) for part in ("[0-9]", "[a-z]", "[A-Z]"))
    return mixed and _entropy(word) > _RANDOM_WORD


def _entropy(word: str) -> float:
    """Return Shannon's entropy of the characters of a word, in bits each."""
    shares = [count / len(word) for count in Counter(word).values()]
    return -sum(share * math.log2(share) for share in shares)


def _cards(text: str) -> Iterator[Detected]:
    for found in _DIGITS.finditer(text):
        groups = list(re.finditer(r"[0-9]+", found[0]))
        for first, group in enumerate(groups):
            digits = ""
            for last in groups[first:]:
                digits += last[0]
                if len(digits) > _MOST_CARD_DIGITS:
                    break
                if is_card(digits):
                    at = found.start()
                    yield Detected(at + group.start(), at + last.end(), Kind.ACCOUNT, "card number")
                    break


def _accounts(text: str) -> Iterator[Detected]:
    for found in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(found[0][:2].upper())
        written = _IBAN_REST[length].match(text, found.start()) if length else None
        if written and is_iban("".join(one for one in written[0] if one.isalnum())):
            yield Detected(written.start(), written.end(), Kind.ACCOUNT, "account number")
