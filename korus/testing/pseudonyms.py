"""Pseudonyms: replacements in cassettes for persons, secrets, and numbers that grant entry.

A pseudonym keeps the kind of the value (an e-mail stays an e-mail, a phone number a phone number, a UUID keeps its
version and its order). It comes from a keyed hash, so the same person has the same pseudonym in every cassette made
with the same key. Form and check sum distinguish pseudonyms from real values, so replacing twice is harmless and a scan
can find what was missed. `korus.testing.privacy` finds the private places of an exchange.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import unicodedata
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from korus.testing.notations import dates_in, nationals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["PUBLIC_KEY", "SECRET_KINDS", "UUID", "Kind", "Pseudonyms", "is_pseudonym", "kind_of", "pieces"]

PUBLIC_KEY: Final = b"korus: invented data needs no secret key"
"""The public key, for invented data such as the sandbox's."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_CHECK = b"korus pseudonym check"
_BODY, _SUM = 8, 2
_ACCENTED = r"0-9A-Za-z\u00c0-\u024f"

UUID: Final = re.compile(
    r"(?<![0-9a-f])([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-)([0-9a-f]{10,14})(?![0-9a-f])",
    re.IGNORECASE,
)
"""A UUID anywhere in a text; the last group may be too short or too long, as in published samples."""


class Kind(StrEnum):
    """The kind of a private value."""

    GIVEN = "given"
    FAMILY = "family"
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    BIRTHDATE = "birthdate"
    PLACE = "place"
    ADDRESS = "address"
    ACCOUNT = "account"
    VOUCHER = "voucher"
    REFERENCE = "reference"
    CLIENT = "client"
    TOKEN = "token"  # noqa: S105  # the name of a kind
    SECRET = "secret"  # noqa: S105  # the name of a kind
    SIGNATURE = "signature"
    NOTE = "note"


SECRET_KINDS: Final = frozenset({Kind.CLIENT, Kind.TOKEN, Kind.SECRET, Kind.SIGNATURE})
"""Kinds that say nothing about a person and that no two runs share."""

_FORMS: dict[Kind, str] = {
    Kind.GIVEN: "Given-{}",
    Kind.FAMILY: "Family-{}",
    Kind.NAME: "Name-{}",
    Kind.EMAIL: "mail-{}@person.example",
    Kind.PLACE: "Place-{}",
    Kind.ADDRESS: "Address-{}",
    Kind.ACCOUNT: "Account-{}",
    Kind.VOUCHER: "VOUCHER-{}",
    Kind.REFERENCE: "REF-{}",
    Kind.CLIENT: "client-{}",
    Kind.TOKEN: "token-{}",
    Kind.SECRET: "secret-{}",
    Kind.SIGNATURE: "signature-{}",
    Kind.NOTE: "Note-{}",
}
_PATTERNS: dict[Kind, re.Pattern[str]] = {
    kind: re.compile(form.replace(".", r"\.").replace("{}", rf"([{_ALPHABET}]{{{_BODY + _SUM}}})"))
    for kind, form in _FORMS.items()
}
_PHONE = re.compile(r"(\+|0)999([0-9]{7})([0-9]{2})")
_VOUCHER_DIGITS = re.compile(r"9999([0-9]{4,})([0-9]{2})")
_BIRTHDATE = re.compile(r"190[0-9]-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_ANY = re.compile(
    rf"(?<![{_ACCENTED}])(?:"
    + "|".join(pattern.pattern.replace("(", "(?:") for pattern in _PATTERNS.values())
    + rf"|(?:\+|0)999[0-9]{{9}}|9999[0-9]{{6,}}|{_BIRTHDATE.pattern})(?![{_ACCENTED}])"
)
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_EUROPEAN_DATE = re.compile(r"(\d{2})([./-])(\d{2})\2(\d{4})")


def _letters(digest: bytes, count: int) -> str:
    number = int.from_bytes(digest, "big")
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in range(count))


def _digits(digest: bytes, count: int) -> str:
    return str(int.from_bytes(digest, "big"))[-count:].rjust(count, "0")


def _check(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8, key=_CHECK).digest()


def kind_of(text: str) -> Kind | None:
    """Return the kind of a pseudonym, None if the text as a whole is not one."""
    for kind, pattern in _PATTERNS.items():
        found = pattern.fullmatch(text)
        if found:
            body, given = found[1][:_BODY], found[1][_BODY:]
            return kind if _letters(_check(kind, body), _SUM) == given else None
    if found := _PHONE.fullmatch(text):
        return Kind.PHONE if _digits(_check(Kind.PHONE, found[2]), 2) == found[3] else None
    if found := _VOUCHER_DIGITS.fullmatch(text):
        return Kind.VOUCHER if _digits(_check(Kind.VOUCHER, found[1]), 2) == found[2] else None
    if _BIRTHDATE.fullmatch(text[:10]):
        return Kind.BIRTHDATE
    if (found := _EUROPEAN_DATE.fullmatch(text)) and found[4].startswith("190"):
        return Kind.BIRTHDATE
    return None


def is_pseudonym(text: str) -> bool:
    """Return True if the whole text is a pseudonym."""
    return kind_of(text) is not None


def pieces(text: str) -> Iterable[tuple[str, bool]]:
    """Split a text into pseudonyms (flag True) and the parts between them (False)."""
    position = 0
    for found in _ANY.finditer(text):
        if not is_pseudonym(found[0]):
            continue
        if found.start() > position:
            yield text[position : found.start()], False
        yield found[0], True
        position = found.end()
    if position < len(text) or not text:
        yield text[position:], False


def _folded(value: str) -> str:
    # composed and decomposed letters are the same name
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold()).split())


def _national(value: str) -> str:
    return next(iter(nationals(value)), re.sub(r"\D", "", value).lstrip("0"))


@frozen
class Pseudonyms:
    """Makes the pseudonyms of one key.

    Attributes:
        key: The key of the hash. It is needed to make the same pseudonyms again, not to read a cassette, and cannot
            be derived from them.
    """

    key: bytes = field(default=PUBLIC_KEY, repr=False)

    @classmethod
    def of_environment(cls, settings: Mapping[str, str]) -> Pseudonyms | None:
        """Return the maker of pseudonyms for real traffic, with the owner's private key; None without a key."""
        given = settings.get("KORUS_PSEUDONYM_KEY")
        if given:
            return cls(given.encode())
        secret = settings.get("KORUS_CLIENT_SECRET")
        if not secret:
            return None
        return cls(hashlib.scrypt(secret.encode(), salt=b"korus pseudonyms", n=2**14, r=8, p=1, dklen=32))

    @property
    def public(self) -> bool:
        """True if the key is the public one."""
        return self.key == PUBLIC_KEY

    def _digest(self, kind: str, value: str) -> bytes:
        return hmac.digest(self.key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), "sha256")

    def replace(self, kind: Kind, value: str) -> str:
        """Return the pseudonym for a value; pseudonyms and empty values are returned as they are."""
        if not value.strip() or is_pseudonym(value):
            return value
        special = {Kind.PHONE: self._phone, Kind.BIRTHDATE: self._birthdate, Kind.VOUCHER: self._voucher}
        found = special[kind](value) if kind in special else None
        if found is not None:
            return found
        body = _letters(self._digest(kind, _folded(value)), _BODY)
        form = _FORMS.get(kind, _FORMS[Kind.NAME])
        shown = kind if kind in _FORMS else Kind.NAME
        return form.format(body + _letters(_check(shown, body), _SUM))

    def _phone(self, value: str) -> str | None:
        body = _digits(self._digest(Kind.PHONE, _national(value)), 7)
        start = "0" if value.strip().startswith("0") and not value.strip().startswith("00") else "+"
        return f"{start}999{body}{_digits(_check(Kind.PHONE, body), 2)}"

    def _birthdate(self, value: str) -> str:
        found = _ISO_DATE.match(value)
        european = _EUROPEAN_DATE.fullmatch(value)
        day_of_birth = next(iter(dates_in(value)), None)
        canonical = day_of_birth.isoformat() if day_of_birth else _folded(value)
        days = int.from_bytes(self._digest(Kind.BIRTHDATE, canonical), "big") % 3652
        day = dt.date(1900, 1, 1) + dt.timedelta(days=days)
        if european:
            return day.strftime(f"%d{european[2]}%m{european[2]}%Y")
        # the time of a birth is replaced as well, its notation stays
        rest = re.sub(r"\d", "0", value[10:]) if found and value[10:11] in {"T", " "} else ""
        return day.isoformat() + rest

    def _voucher(self, value: str) -> str | None:
        if not value.isascii() or not value.isdigit():
            return None
        length = max(len(value), 10)
        body = _digits(self._digest(Kind.VOUCHER, value), length - 6)
        return f"9999{body}{_digits(_check(Kind.VOUCHER, body), 2)}"

    def identifiers(self, found: Iterable[str]) -> dict[str, str]:
        """Return pseudonyms for UUIDs: the first four groups and the order stay, the last group is replaced.

        Args:
            found: All UUIDs of a cassette; those that share their first four groups are ordered among themselves.
        """
        groups: dict[str, set[str]] = {}
        for identifier in found:
            split = UUID.fullmatch(identifier)
            if split is not None and not is_own_identifier(identifier):
                groups.setdefault(split[1].lower(), set()).add(split[2].lower())
        made: dict[str, str] = {}
        for prefix, tails in groups.items():
            ordered = sorted(tails)
            new = sorted(self._tail(prefix, tail) for tail in ordered)
            made.update({prefix + tail: prefix + other for tail, other in zip(ordered, new, strict=True)})
        return made

    def _tail(self, prefix: str, tail: str) -> str:
        body = self._digest("uuid", prefix + tail).hex()[: len(tail) - 5]
        return body + _check("uuid", prefix, body).hex()[:5]


def is_own_identifier(identifier: str) -> bool:
    """Return True if a UUID is a pseudonym."""
    split = UUID.fullmatch(identifier)
    if split is None:
        return False
    prefix, body, given = split[1].lower(), split[2].lower()[:-5], split[2].lower()[-5:]
    return _check("uuid", prefix, body).hex()[:5] == given
