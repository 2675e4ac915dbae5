"""Places whose name announces a private value: keys, parameters, form fields, words before a colon.

A value found by its name is certain, whatever its form; `korus.testing.detectors` finds values by their form. Nothing
is replaced here.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import korus_api
from attrs import field, frozen

from korus.testing.plainvalues import is_list, is_mapping
from korus.testing.pseudonyms import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from korus.testing import jsontext

__all__ = ["PERSON_KINDS", "Named", "form_fields_of", "kind_of_key", "may_be", "named", "private_places"]

_KEYS: Mapping[Kind, tuple[str, ...]] = {
    Kind.GIVEN: ("firstname", "givenname", "forename", "middlename", "firstnames", "prenom", "vorname"),
    Kind.FAMILY: ("lastname", "familyname", "surname", "birthname", "maidenname", "nachname"),
    Kind.NAME: (
        "fullname", "customername", "beneficiaryname", "holdername", "holder", "contactname", "visitorname",
        "guestname", "passengername", "username", "preferredusername", "cardholder", "nickname", "displayname",
        "cardholdername", "nameoncard", "contactperson",
    ),
    Kind.EMAIL: ("email", "mail", "emailaddress", "mailaddress", "customeremail", "contactemail", "useremail"),
    Kind.PHONE: (
        "phone", "phonenumber", "telephone", "telephonenumber", "mobile", "mobilephone", "mobilenumber", "fax", "tel",
    ),
    Kind.BIRTHDATE: ("dateofbirth", "birthdate", "birthday", "dob", "borndate", "bornon"),
    Kind.PLACE: ("placeofbirth", "birthplace", "cityofbirth", "birthcity", "countryofbirth", "birthcountry"),
    Kind.ADDRESS: (
        "streetaddress", "street", "postaladdress", "homeaddress", "passport", "passportnumber",
        "identitynumber", "documentnumber", "passportno", "idnumber", "idcardnumber", "nationalid", "nationalidnumber",
    ),
    Kind.ACCOUNT: (
        "iban", "cardnumber", "accountnumber", "bankaccount", "creditcard", "creditcardnumber", "ccnumber", "pan",
        "cvv", "cvc",
    ),
    Kind.VOUCHER: ("voucher", "vouchercode", "vouchers", "barcode", "barcodes", "qrcode", "ticketcode"),
    Kind.REFERENCE: (
        "reference", "externalreference", "connectorreference", "bookingreference", "orderreference", "references",
    ),
    Kind.CLIENT: ("clientid", "azp", "googleaccessid", "awsaccesskeyid", "accesskeyid", "keypairid"),
    Kind.TOKEN: (
        "accesstoken", "refreshtoken", "idtoken", "token", "jwt", "bearer", "bearertoken", "sessionstate",
        "sessiontoken", "securitytoken", "xamzsecuritytoken", "xgoogsecuritytoken", "authtoken", "csrftoken", "cookie",
        "cookies", "setcookie", "sessionid",
    ),
    Kind.SECRET: (
        "clientsecret", "secret", "password", "passwd", "apikey", "privatekey", "xapikey", "authorization",
        "clientassertion", "assertion", "credentials",
    ),
    Kind.SIGNATURE: (
        "signature", "sig", "xgoogsignature", "xamzsignature", "xgoogcredential", "xamzcredential", "hmac", "policy",
    ),
    # free text
    Kind.NOTE: ("notes", "note", "comment", "comments", "remark", "remarks", "specialrequest", "specialrequests"),
}  # fmt: skip
_BY_KEY: Mapping[str, Kind] = {name: kind for kind, names in _KEYS.items() for name in names}
_PERSON_KEYS = frozenset(
    {"firstname", "lastname", "email", "dateofbirth", "givenname", "familyname", "birthdate"}
)
_PERSONS = frozenset(
    {
        "customer",
        "beneficiary",
        "buyer",
        "contact",
        "guest",
        "visitor",
        "passenger",
        "participant",
        "attendee",
        "person",
        "owner",
        "recipient",
        "traveller",
        "traveler",
    }
)
# names that detect-secrets takes for secrets, also at the end of a longer name
_SECRET_KEY = re.compile(
    r"(?:(?:api|auth|service|account|db|database|priv|private|client|access|secret)key|(?:db|database|key)pass"
    r"|password|passwd|pwd|passphrase|contrase[nñ]a|secret|apitoken|authtoken|accesstoken|refreshtoken)(?:value|hash|confirmation)?[0-9]?$"
)
PERSON_KINDS: Final = frozenset(
    {Kind.GIVEN, Kind.FAMILY, Kind.NAME, Kind.BIRTHDATE, Kind.PLACE, Kind.ADDRESS, Kind.NOTE}
)
"""Kinds that only people have: in a catalogue, texts under these names belong to nobody."""
# names that mean the same after any other word; a note, a reference or a token of something does not
_QUALIFIED = frozenset(
    {Kind.GIVEN, Kind.FAMILY, Kind.NAME, Kind.EMAIL, Kind.PHONE, Kind.BIRTHDATE, Kind.PLACE}
)
_KEY_WORD = re.compile(r"[A-Z]?[a-zà-ÿ]+|[A-Z]+(?![a-z])")
_AFTERWARDS = re.compile(r"\s(?:of|as|on|in)\s.*")
_LEAST_PHONE_DIGITS = 6
_MOST_PHONE_CHARACTERS = 100
# answers without personal data: yes and no, small numbers, times of the day
_PLAIN_ANSWER = re.compile(
    r"true|false|[+-]?[0-9]{1,6}(?:\.[0-9]{1,4})?|[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?"
)
_NAMED = re.compile(
    r"(?P<name>(?:first|last|given|family|full|user)[ _-]?name|(?:date|place) of birth|[A-Za-z][A-Za-z_-]{0,40})"
    r"(?P<between>[\"']?\s{0,3}(?:=|:)\s{0,3}[\"']?)(?=[^\s\"'&;,<>{}()\[\]])",
    re.IGNORECASE,
)
_END_OF_VALUE = re.compile(r"[\s\"'&;,<>{}()\[\]]|$")


def _plain_key(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


def kind_of_key(key: str, siblings: Iterable[str] = ()) -> Kind | None:
    """Return the kind of a value by its name, None if the name does not announce one.

    Args:
        key: A JSON key, query parameter, form field or header name, in any notation.
        siblings: The other keys of the same object: beside an e-mail, ``name`` is a person's.
    """
    found = _by_name(key)
    if found is None and siblings and _plain_key(key) == "name":
        return Kind.NAME if _PERSON_KEYS & {_plain_key(one) for one in siblings} else None
    return found


@lru_cache(maxsize=10_000)
def _by_name(key: str) -> Kind | None:
    plain = _plain_key(key)
    found = _BY_KEY.get(plain)
    if found is None and (steps := re.findall(r"[^\[\].]+", key))[1:]:
        # forms and queries write the path to a field in its name: customer[firstname], customer.firstname
        plain = _plain_key(steps[-1])
        found = Kind.NAME if plain == "name" and _plain_key(steps[-2]) in _PERSONS else _BY_KEY.get(plain)
    if found is None and _SECRET_KEY.search(plain):
        found = Kind.SECRET
    return found or _qualified(key)


def _qualified(key: str) -> Kind | None:
    """Return the kind that the end of a name announces, as in ``guest_1_firstname`` or ``Last name (on the pass)``."""
    bare = key.partition("(")[0]
    for words in (_words(bare), _words(_AFTERWARDS.sub("", bare))):
        for count in (3, 2, 1):
            kind = _BY_KEY.get("".join(words[-count:]))
            if kind in _QUALIFIED:
                return kind
        if words[-1:] == ["name"] and _PERSONS & {*_words(key)}:
            return Kind.NAME
    return None


def _words(key: str) -> list[str]:
    return [one.lower() for one in _KEY_WORD.findall(key)]


@lru_cache(maxsize=10_000)
def is_word_of_the_api(word: str) -> bool:
    """Return True for a word of the API's description, such as its keys: it is not a person's name."""
    return json.dumps(word) in _description()


@cache
def _description() -> str:
    return files(korus_api).joinpath("description.json").read_text(encoding="utf-8")


def may_be(kind: Kind, value: str) -> bool:
    """Return True if a value can be of the kind that its name announces; an IRI is never a reference."""
    if not value.strip() or value.startswith(("/v", "/.well-known", "http://", "https://")):
        return False
    if kind is Kind.PHONE:
        return (
            len(value) <= _MOST_PHONE_CHARACTERS
            and sum(character.isdigit() for character in value) >= _LEAST_PHONE_DIGITS
        )
    return not (kind is Kind.EMAIL and "@" not in value and "%40" not in value)


def private_places(
    parsed: Any, form_fields: Mapping[str, Kind | None] | None = None, *, catalogue: bool = False
) -> Iterator[tuple[jsontext.Path, Kind, Any]]:
    """Yield the places of a JSON document whose name announces a private value.

    Args:
        parsed: The document.
        form_fields: IRIs or ids of form fields and the kinds of their answers, None for fields with choices.
        catalogue: True for an answer of the catalogue, in which no person is named.

    Yields:
        The path, the kind and the value: a text or a number.
    """
    for path, kind, value in _places(parsed, (), None, form_fields or {}):
        if not (catalogue and kind in PERSON_KINDS):
            yield path, kind, value


def _places(
    node: Any, path: jsontext.Path, inherited: Kind | None, fields: Mapping[str, Kind | None]
) -> Iterator[tuple[jsontext.Path, Kind, Any]]:
    if is_mapping(node):
        mapping = node
        asked = str(mapping.get("field"))
        known = next((name for name in (asked, asked.rpartition("/")[2]) if name in fields), None)
        for key, one in mapping.items():
            kind = kind_of_key(key, mapping) or (
                None if key in {"@id", "@type", "@context", "id"} else inherited
            )
            if key == "value" and known is not None:
                kind = fields[known]
            elif key == "value" and kind is None and "field" in mapping:
                # a field whose name announces nothing may still have a private answer
                kind = _kind_of_answer(one)
            elif kind is None and key == "name" and _PERSONS & {_plain_key(str(step)) for step in path[-2:]}:
                kind = Kind.NAME
            yield from _places(one, (*path, key), kind, fields)
    elif is_list(node):
        for number, one in enumerate(node):
            yield from _places(one, (*path, number), inherited, fields)
    elif inherited is None or not isinstance(node, str | int) or isinstance(node, bool):
        return
    elif may_be(inherited, str(node)):
        yield path, inherited, node


def _kind_of_answer(value: object) -> Kind | None:
    if not isinstance(value, str) or _PLAIN_ANSWER.fullmatch(value.strip()):
        return None
    return Kind.BIRTHDATE if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) else Kind.NOTE


def form_fields_of(node: Any) -> Iterator[tuple[str, Kind | None]]:
    """Yield form fields that ask for private values, by code or label; with None those that have choices."""
    if is_mapping(node):
        mapping = node
        if "type" in mapping and ("code" in mapping or "label" in mapping):
            asked = (kind_of_key(str(mapping.get(key) or "")) for key in ("code", "label"))
            kind = next((one for one in asked if one is not None), None)
            for key in ("@id", "id"):
                if (kind is not None or mapping.get("choices")) and isinstance(mapping.get(key), str):
                    yield mapping[key], kind
        for one in mapping.values():
            yield from form_fields_of(one)
    elif is_list(node):
        for one in node:
            yield from form_fields_of(one)


@frozen
class Named:
    """A value after a name that announces it, as in addresses, forms and prose."""

    kind: Kind
    between: str
    value: str = field(repr=False)
    start: int
    end: int


def named(text: str) -> Iterator[Named]:
    """Yield every value after a name that announces it."""
    end = 0
    for found in _NAMED.finditer(text):
        kind = kind_of_key(found["name"])
        if kind is None:
            continue
        start = found.end()
        if end <= start:
            # the end is searched once for all names within one value
            stop = _END_OF_VALUE.search(text, start)
            end = stop.start() if stop else len(text)
        yield Named(kind, found["between"], text[start:end], start, end)
