"""Finding what is private in an exchange, wherever it stands, and putting pseudonyms there.

Two passes. The first reads the places whose name says what they hold (a key, a query parameter, a form field, a
header, a form answer whose field asks for a name) and learns the private values of the whole cassette. The second
replaces them everywhere else too: in free text, addresses, keys, headers and texts inside texts; and with them
whatever looks like an e-mail, a phone number, a token or a signature without having been announced. Bodies that
cannot be read are refused. The notation of the pseudonyms is the business of `korus.testing.pseudonyms`.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import unicodedata
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

from attrs import define, evolve, field, frozen

from korus.testing import bodies, jsontext, pdf
from korus.testing.plainvalues import is_list, is_mapping
from korus.testing.pseudonyms import SECRET_KINDS, UUID, Kind, Pseudonyms, is_pseudonym, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = [
    "ALLOWED_REQUEST_HEADERS",
    "ALLOWED_RESPONSE_HEADERS",
    "EMAIL",
    "JWT",
    "PHONE",
    "Exchange",
    "conceal",
    "form_fields_of",
    "kind_of_key",
    "may_be",
    "named",
    "private_places",
]

ALLOWED_REQUEST_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-language",
        "authorization",
        "content-type",
        "if-match",
        "if-modified-since",
        "if-none-match",
    }
)
"""Request headers that are kept; of ``authorization`` the scheme and a pseudonym."""

ALLOWED_RESPONSE_HEADERS: Final = frozenset(
    {
        "allow",
        "cache-control",
        "content-disposition",
        "content-language",
        "content-type",
        "deprecation",
        "etag",
        "last-modified",
        "link",
        "location",
        "retry-after",
        "sunset",
        "vary",
        "www-authenticate",
        "x-request-id",
    }
)
"""Response headers that are kept, besides those of rate limits."""

_KEYS: Mapping[Kind, tuple[str, ...]] = {
    Kind.GIVEN: ("firstname", "givenname", "forename", "middlename", "firstnames", "prenom", "vorname"),
    Kind.FAMILY: ("lastname", "familyname", "surname", "birthname", "maidenname", "nachname"),
    Kind.NAME: (
        "fullname", "customername", "beneficiaryname", "holdername", "holder", "contactname", "visitorname",
        "guestname", "passengername", "username", "preferredusername", "cardholder", "nickname", "displayname",
    ),
    Kind.EMAIL: ("email", "mail", "emailaddress", "mailaddress", "customeremail", "contactemail", "useremail"),
    Kind.PHONE: (
        "phone", "phonenumber", "telephone", "telephonenumber", "mobile", "mobilephone", "mobilenumber", "fax", "tel",
    ),
    Kind.BIRTHDATE: ("dateofbirth", "birthdate", "birthday", "dob", "borndate", "bornon"),
    Kind.PLACE: ("placeofbirth", "birthplace", "cityofbirth", "birthcity", "countryofbirth", "birthcountry"),
    Kind.ADDRESS: (
        "streetaddress", "street", "postaladdress", "homeaddress", "passport", "passportnumber", "iban",
        "cardnumber", "identitynumber", "documentnumber",
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
    # what people write in their own words
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
    }
)
_LEAST_PHONE_DIGITS, _LEAST_REFERENCE = 6, 4
_MOST_PHONE_CHARACTERS = 100
# answers that say nothing about anybody: yes and no, small numbers, times of the day
_PLAIN_ANSWER = re.compile(
    r"true|false|[+-]?[0-9]{1,6}(?:\.[0-9]{1,4})?|[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?"
)
_FILE_NAME = re.compile(r"""(filename\*?\s*=\s*)("(?:[^"\\]|\\.)*"?|[^;\s]+)""", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}(?=\"?$)")
_STAND_IN = re.compile(r"(?:<html>)?concealed: [0-9]+ characters(?:</html>)?")

EMAIL: Final = re.compile(
    # looked for at the beginning of a word only, and not without end: else a long word takes its length squared
    r"(?:(?<![\w%])|(?<=%[0-9A-Fa-f]{2}))\w(?:[\w.+'-]|%2[Bb]){0,1000}(?:@|%40)[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}"
)
"""An e-mail address in any script, also with its sign percent-encoded."""
JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]{6,2048}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?")
"""A JSON web token."""
PHONE: Final = re.compile(
    r"(?:(?<![\w.:+-])|(?<=[A-Za-z]:)(?=\+))(?:"
    r"(?:\+|00)[1-9][0-9]{0,2}(?:[ ().-]{0,2}[0-9]){7,13}"  # international
    r"|0[1-9](?:[ .-]?[0-9]{2}){4}"  # with a national zero, in pairs or not parted at all
    r"|0[1-9][0-9]{1,3}[ /-][0-9]{3,4}(?:[ -]?[0-9]){3,5}"  # a national zero and an area
    r"|\(0[1-9][0-9]{1,4}\) ?[0-9](?:[ -]?[0-9]){4,9}"
    r"|(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[.-][0-9]{4}"  # North America
    r")(?![\w-])(?!\.[0-9])"
)
"""A phone number, international or as it is written in its country."""
_CREDENTIAL = re.compile(r"\b(Bearer|Basic)(\s+|%20|\+)([A-Za-z0-9._~+/=-]{6,})", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)([^/\s:@\"']+):([^/\s@\"']+)(?=@)")
_NAMED = re.compile(
    r"(?P<name>(?:first|last|given|family|full|user)[ _-]?name|(?:date|place) of birth|[A-Za-z][A-Za-z_-]{0,40})"
    r"(?P<between>[\"']?\s{0,3}(?:=|:)\s{0,3}[\"']?)(?=[^\s\"'&;,<>{}()\[\]])",
    re.IGNORECASE,
)
_END_OF_VALUE = re.compile(r"[\s\"'&;,<>{}()\[\]]|$")
_IDENTIFIER = re.compile(r"[@A-Za-z_/][\w/.-]*")
_STRUCTURAL = frozenset(
    {"@type", "@context", "status", "type", "currency", "seatsArrangement", "country", "language"}
)
# a whole address inside another, and what may be a text in base64
_ENCODED = re.compile(r"(?<![\w.~+%-])[\w.~+-]*%(?:[\w.~+-]|%)*%3[AD](?:[\w.~+-]|%)*", re.IGNORECASE)
_PACKED = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{12,}={0,2}(?![A-Za-z0-9+/_=-])")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LETTER = r"0-9A-Za-z\u00c0-\u024f"


@frozen(kw_only=True)
class Exchange:
    """A request and its answer as they went over the wire, header names in lower case.

    Attributes:
        method: The HTTP method.
        uri: The whole address.
        request_headers: Names to all values.
        request_body: The bytes sent.
        status: The answer's status.
        reason: The answer's reason phrase.
        response_headers: Names to all values.
        response_body: The bytes answered; their content encoding, if any, is named in the headers.
    """

    method: str
    uri: str
    request_headers: Mapping[str, tuple[str, ...]] = field(repr=False)
    request_body: bytes = field(repr=False)
    status: int
    reason: str
    response_headers: Mapping[str, tuple[str, ...]] = field(repr=False)
    response_body: bytes = field(repr=False)


def _plain_key(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


def kind_of_key(key: str, siblings: Iterable[str] = ()) -> Kind | None:
    """What a value is by the name it stands under, None if the name says nothing.

    Args:
        key: A JSON key, query parameter, form field or header name, in any notation.
        siblings: The other keys of the same object: beside an e-mail, ``name`` is a person's.
    """
    plain = _plain_key(key)
    found = _BY_KEY.get(plain)
    if found is None and (steps := re.findall(r"[^\[\].]+", key))[1:]:
        # forms and queries write the path to a field in its name: customer[firstname], customer.firstname
        plain = _plain_key(steps[-1])
        found = Kind.NAME if plain == "name" and _plain_key(steps[-2]) in _PERSONS else _BY_KEY.get(plain)
    if found is None and plain == "name" and _PERSON_KEYS & {_plain_key(one) for one in siblings}:
        return Kind.NAME
    return found


def may_be(kind: Kind, value: str) -> bool:
    """Whether a value can be of the kind that its place announces; an IRI is never a reference."""
    if not value.strip() or value.startswith(("/v", "/.well-known", "http://", "https://")):
        return False
    if kind is Kind.PHONE:
        return (
            len(value) <= _MOST_PHONE_CHARACTERS
            and sum(character.isdigit() for character in value) >= _LEAST_PHONE_DIGITS
        )
    return not (kind is Kind.EMAIL and "@" not in value and "%40" not in value)


def private_places(
    parsed: Any, form_fields: Mapping[str, Kind | None] | None = None
) -> Iterator[tuple[jsontext.Path, Kind, Any]]:
    """The places of a JSON document whose name says that a private value stands there.

    Args:
        parsed: The document.
        form_fields: IRIs or ids of form fields and what their answers are, None where these are known choices.

    Yields:
        The path, the kind and the value, which is a text or a number.
    """
    yield from _places(parsed, (), None, form_fields or {})


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
                # a question whose name says nothing may still be answered with something private
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
    """Form fields that ask for something private, by what their code or label says, and None for those with choices."""
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


@define
class _Learned:
    """The private values of a cassette and the UUIDs in it."""

    pseudonyms: Pseudonyms
    values: dict[str, Kind] = field(factory=dict[str, Kind], repr=False)
    fields: dict[str, Kind | None] = field(factory=dict[str, "Kind | None"])
    identifiers: set[str] = field(factory=set[str])
    origins: dict[str, str] = field(factory=dict[str, str])

    def learn(self, kind: Kind, value: str) -> None:
        value = value.strip()
        if value and may_be(kind, value) and not is_pseudonym(value):
            self.values.setdefault(value, kind)


def _variants(value: str, kind: Kind) -> Iterator[tuple[str, Callable[[str], str]]]:
    """How a value may be written inside other texts, and how its pseudonym is then."""
    for normal in (unicodedata.normalize("NFC", value), unicodedata.normalize("NFD", value)):
        yield normal, str
        yield quote(normal, safe=""), lambda made: quote(made, safe="")
        yield quote_plus(normal), quote_plus
        yield html.escape(normal), html.escape
        yield json.dumps(normal)[1:-1], str
    yield re.sub(r"\s", "", value), str
    if kind in SECRET_KINDS:
        yield base64.b64encode(value.encode()).decode().rstrip("="), str
    if kind is Kind.PHONE:
        digits = re.sub(r"\D", "", value)
        yield digits, str
        if value.lstrip().startswith("+"):
            yield "00" + digits, str
        # the same number as people write it in its own country
        yield "0" + digits[-9:], str
        yield "+" + digits, str
    if kind is Kind.BIRTHDATE and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value[:10]):
        year, month, day = value[:10].split("-")
        yield value[:10], str
        for sign in "./-":
            yield f"{day}{sign}{month}{sign}{year}", str
        yield f"{year}{month}{day}", str


def _worth_looking_for(text: str, kind: Kind) -> bool:
    if kind in {Kind.REFERENCE, Kind.VOUCHER, *SECRET_KINDS}:
        return len(text) >= _LEAST_REFERENCE
    return len(text) > 1


@frozen
class _Concealer:
    learned: _Learned
    identifiers: Mapping[str, str]
    replacements: Mapping[str, str]
    known: re.Pattern[str] | None

    @classmethod
    def of(cls, learned: _Learned) -> _Concealer:
        replacements: dict[str, str] = {}
        loose: list[str] = []
        bounded: list[str] = []
        for value, kind in learned.values.items():
            for text, written in _variants(value, kind):
                folded = text.casefold()
                if folded in replacements or not _worth_looking_for(text, kind):
                    continue
                replacements[folded] = written(
                    learned.pseudonyms.replace(kind, text if text == value else value)
                )
                (loose if kind in SECRET_KINDS else bounded).append(text)
        known = None
        if replacements:
            longest = sorted({*loose, *bounded}, key=lambda text: (-len(text), text))
            parts = [
                re.escape(text) if text in loose else rf"(?<![{_LETTER}]){re.escape(text)}(?![{_LETTER}])"
                for text in longest
            ]
            known = re.compile("|".join(parts), re.IGNORECASE)
        return cls(learned, learned.pseudonyms.identifiers(sorted(learned.identifiers)), replacements, known)

    def kind(self, kind: Kind, value: str) -> str:
        return self.learned.pseudonyms.replace(kind, value)

    def text(self, text: str, key: str = "") -> str:
        """A text with nothing private left in it."""
        for origin, canonical in self.learned.origins.items():
            text = text.replace(origin, canonical)
        if key != "code":
            text = UUID.sub(lambda found: self.identifiers.get(found[0].lower(), found[0]), text)
        stripped = text.lstrip()
        if stripped[:1] in {"{", "["}:
            try:
                return self.json(text)
            except ValueError:
                pass
        for step in (
            self._encoded,
            self._named,
            self._credentials,
            self._known(key),
            self._patterns,
            self._packed,
        ):
            text = "".join(piece if own else step(piece) for piece, own in pieces(text))
        return text

    def _encoded(self, text: str) -> str:
        """Addresses and forms that stand percent-encoded inside a text."""

        def change(found: re.Match[str]) -> str:
            decoded = unquote_plus(found[0])
            made = self.text(decoded)
            return found[0] if made == decoded else quote(made, safe="")

        return _ENCODED.sub(change, text) if "%3" in text else text

    def _packed(self, text: str) -> str:
        """Texts in base64: one with something private in it goes as a whole."""

        def change(found: re.Match[str]) -> str:
            decoded = unpacked(found[0])
            return (
                found[0]
                if decoded is None or self.text(decoded) == decoded
                else self.kind(Kind.TOKEN, found[0])
            )

        return _PACKED.sub(change, text)

    def _named(self, text: str) -> str:
        out: list[str] = []
        position = 0
        for one in named(text):
            value = one.value
            decoded = unquote_plus(value) if "%" in value else value
            if one.start < position or not may_be(one.kind, decoded) or is_pseudonym(decoded):
                continue
            if one.kind is Kind.REFERENCE and "=" not in one.between:
                # "reference: a word" is prose as often as it is a number
                continue
            made = self.kind(one.kind, decoded)
            out += [text[position : one.start], quote(made, safe="+") if decoded != value else made]
            position = one.end
        return "".join([*out, text[position:]])

    def _credentials(self, text: str) -> str:
        def scheme(found: re.Match[str]) -> str:
            return found[1] + found[2] + self.kind(Kind.TOKEN, found[3])

        text = "".join(piece if own else _CREDENTIAL.sub(scheme, piece) for piece, own in pieces(text))
        text = JWT.sub(lambda found: self.kind(Kind.TOKEN, found[0]), text)
        return _USERINFO.sub(
            lambda found: f"{self.kind(Kind.CLIENT, found[1])}:{self.kind(Kind.SECRET, found[2])}", text
        )

    def _known(self, key: str) -> Callable[[str], str]:
        def change(text: str) -> str:
            if self.known is None:
                return text
            if key in _STRUCTURAL and _IDENTIFIER.fullmatch(text):
                # somebody may be called Order, the type of the resource is not private for it
                return text
            if _is_moment(key) and re.fullmatch(
                r"\d{4}-\d{2}-\d{2}([T ][\d:.]+(Z|[+-]\d{2}:?\d{2})?)?", text
            ):
                return text
            return self.known.sub(lambda found: self.replacements.get(found[0].casefold(), found[0]), text)

        return change

    def _patterns(self, text: str) -> str:
        def email(found: re.Match[str]) -> str:
            made = self.kind(Kind.EMAIL, found[0].replace("%40", "@"))
            return made.replace("@", "%40") if "%40" in found[0] else made

        text = "".join(piece if own else EMAIL.sub(email, piece) for piece, own in pieces(text))
        return "".join(
            piece if own else PHONE.sub(lambda found: self.kind(Kind.PHONE, found[0]), piece)
            for piece, own in pieces(text)
        )

    def json(self, text: str) -> str:
        """A JSON text with nothing private left in it, laid out as before."""
        parsed = bodies.parse_json(text)
        kinds = {path: kind for path, kind, _ in private_places(parsed, self.learned.fields)}

        def change(path: jsontext.Path, value: Any) -> Any:
            kind = kinds.get(path)
            if isinstance(value, str):
                if kind is not None and not UUID.fullmatch(value):
                    return self.kind(kind, value)
                key = next((step for step in reversed(path) if isinstance(step, str)), "")
                return self.text(value, key)
            if kind is not None and isinstance(value, int) and not isinstance(value, bool):
                made = self.learned.pseudonyms.replace(Kind.VOUCHER, str(value))
                return int(made)
            return value

        return jsontext.rewrite(text, change, lambda _path, key: self.key(key))

    def key(self, key: str) -> str:
        if kind_of_key(key) is not None or re.fullmatch(r"[@a-z][A-Za-z0-9_]*", key):
            return key
        return self.text(key)

    def uri(self, uri: str) -> str:
        for origin, canonical in self.learned.origins.items():
            uri = canonical + uri[len(origin) :] if uri.startswith(origin) else uri
        base, mark, query = uri.partition("?")
        fragmentless, _, _ = query.partition("#")
        return self.text(base) + mark + self.pairs(fragmentless)

    def pairs(self, encoded: str) -> str:
        """A query or a form, each pair that does not change left exactly as it was written."""
        changed: list[str] = []
        for pair in encoded.split("&"):
            name, sign, value = pair.partition("=")
            decoded = unquote_plus(value)
            kind = kind_of_key(unquote_plus(name))
            made = (
                self.kind(kind, decoded) if kind is not None and may_be(kind, decoded) else self.text(decoded)
            )
            changed.append(self._name(name) + sign + (value if made == decoded else quote(made, safe="@/:")))
        return "&".join(changed)

    def _name(self, name: str) -> str:
        decoded = unquote_plus(name)
        made = self.key(decoded)
        return name if made == decoded else quote_plus(made)

    def headers(
        self, headers: Mapping[str, tuple[str, ...]], allowed: frozenset[str]
    ) -> dict[str, tuple[str, ...]]:
        kept: dict[str, tuple[str, ...]] = {}
        for name, values in headers.items():
            name = name.lower()  # noqa: PLW2901
            if name == "authorization" and name in allowed:
                kept[name] = tuple(self._authorization(value) for value in values)
            elif name in allowed or is_rate_limit(name, allowed):
                kept[name] = tuple(self._header(name, value) for value in values)
        return kept

    def _header(self, name: str, value: str) -> str:
        if name in {"location", "content-location"}:
            return self.uri(value)
        if name == "content-disposition":
            # files are named after orders and people
            value = _FILE_NAME.sub(_without_name, value)
        return self.text(value)

    def _authorization(self, value: str) -> str:
        scheme, space, credential = value.strip().partition(" ")
        if not space:
            return self.kind(Kind.TOKEN, scheme)
        return f"{scheme} {self.kind(Kind.TOKEN, credential.strip())}"

    def body(self, content: bytes, content_type: str | None, where: str) -> bytes:
        """A body with nothing private left in it.

        Raises:
            BodyUnreadable: Nobody can say what is in it.
        """
        if not content:
            return content
        if pdf.is_pdf(content):
            said = pdf.readable_text(content)
            return content if said is not None and self._harmless(said) else pdf.stand_in()
        try:
            text, charset = bodies.text_of(content, content_type)
        except bodies.BodyUnreadable as error:
            raise bodies.BodyUnreadable(f"{where}: {error}; it is not recorded") from error
        if bodies.is_form(content_type):
            return self.pairs(text).encode(charset)
        start = text.lstrip("\ufeff \t\r\n")[:1]
        if bodies.is_json(content_type) or start in {"{", "["}:
            try:
                return self.json(text).encode(charset)
            except ValueError as error:
                if start in {"{", "[", '"'}:
                    raise bodies.BodyUnreadable(
                        f"{where}: it should be JSON and cannot be read ({error}); it is not recorded"
                    ) from error
        if bodies.media_type(content_type).startswith("multipart/"):
            raise bodies.BodyUnreadable(f"{where}: a body of several parts is not recorded")
        return _stand_in(text).encode(charset)

    def _harmless(self, said: str) -> bool:
        if self.known is not None and self.known.search(said):
            return False
        if self._named(said) != said or self._credentials(said) != said:
            return False
        # object numbers and coordinates of a PDF look like phone numbers, so numbers need a sign to count
        return not (EMAIL.search(said) or JWT.search(said) or re.search(r"\+[1-9][0-9]{8,}", said))


def _without_name(found: re.Match[str]) -> str:
    extension = _EXTENSION.search(found[2])
    return f'filename="file{extension.group() if extension else ""}"'


def _stand_in(text: str) -> str:
    """What takes the place of a text that has no structure: CSV, markup and prose may hold anything anywhere."""
    if _STAND_IN.fullmatch(text):
        return text
    said = f"concealed: {len(text)} characters"
    return f"<html>{said}</html>" if text.lstrip()[:1] == "<" else said


@frozen
class Named:
    """A value behind a name that says what it is, as in addresses, forms and prose."""

    kind: Kind
    between: str
    value: str = field(repr=False)
    start: int
    end: int


def named(text: str) -> Iterator[Named]:
    """Yield every value that stands behind a name which says what it is."""
    end = 0
    for found in _NAMED.finditer(text):
        kind = kind_of_key(found["name"])
        if kind is None:
            continue
        start = found.end()
        if end <= start:
            # the end is looked for once for all names that stand within one value
            stop = _END_OF_VALUE.search(text, start)
            end = stop.start() if stop else len(text)
        yield Named(kind, found["between"], text[start:end], start, end)


def unpacked(word: str) -> str | None:
    """The text that a word holds in base64, None if it holds none."""
    bare = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
    except ValueError:
        return None
    return text if all(one.isprintable() or one.isspace() for one in text) else None


def is_rate_limit(name: str, allowed: frozenset[str]) -> bool:
    """Whether a header of an answer says how many requests are left."""
    return allowed is ALLOWED_RESPONSE_HEADERS and name.startswith(("x-ratelimit-", "ratelimit"))


def _is_moment(key: str) -> bool:
    return key.lower() in {"date", "expires"} or key.endswith(("At", "_at", "Date", "Deadline", "_date"))


def _learn_document(parsed: Any, learned: _Learned) -> None:
    for _, kind, value in private_places(parsed, learned.fields):
        learned.learn(kind, str(value))
    for text, key in _texts(parsed):
        if key != "code":
            learned.identifiers.update(found[0].lower() for found in UUID.finditer(text))
        _learn_named(text, learned)
        if text.lstrip()[:1] in {"{", "["}:
            try:
                _learn_document(bodies.parse_json(text), learned)
            except ValueError:
                continue


def _learn_named(text: str, learned: _Learned) -> None:
    """Learn what a text announces by itself, as the address of a file does its signature."""
    for one in named(text):
        if "=" in one.between or one.kind in SECRET_KINDS:
            learned.learn(one.kind, unquote_plus(one.value) if "%" in one.value else one.value)


def _texts(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if is_mapping(node):
        for name, one in node.items():
            yield name, ""
            yield from _texts(one, name)
    elif is_list(node):
        for one in node:
            yield from _texts(one, key)
    elif isinstance(node, str):
        yield node, key


def _learn_pairs(pairs: Iterable[tuple[str, str]], learned: _Learned) -> None:
    for name, value in pairs:
        kind = kind_of_key(name)
        if kind is not None:
            learned.learn(kind, value)
        learned.identifiers.update(found[0].lower() for found in UUID.finditer(value))


def _learn_body(content: bytes, content_type: str | None, learned: _Learned) -> None:
    try:
        text, _ = bodies.text_of(content, content_type)
    except bodies.BodyUnreadable:
        return
    learned.identifiers.update(found[0].lower() for found in UUID.finditer(text))
    if bodies.is_form(content_type):
        _learn_pairs(parse_qsl(text, keep_blank_values=True), learned)
        return
    try:
        parsed = bodies.parse_json(text)
    except ValueError:
        _learn_named(text, learned)
        return
    _learn_document(parsed, learned)


def _learn_headers(headers: Mapping[str, tuple[str, ...]], learned: _Learned) -> None:
    for name, values in headers.items():
        for value in values:
            if name.lower() == "authorization":
                _learn_authorization(value, learned)
            elif name.lower() in {"cookie", "set-cookie"}:
                cookie = value.split(";")
                for part in cookie[:1] if name.lower() == "set-cookie" else cookie:
                    learned.learn(Kind.TOKEN, part.partition("=")[2].strip())
            else:
                kind = kind_of_key(name)
                if kind is not None:
                    learned.learn(kind, value)
                learned.identifiers.update(found[0].lower() for found in UUID.finditer(value))


def _learn_authorization(value: str, learned: _Learned) -> None:
    scheme, _, credential = value.strip().partition(" ")
    learned.learn(Kind.TOKEN, credential or scheme)
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return
        learned.learn(Kind.CLIENT, unquote(name))
        learned.learn(Kind.SECRET, unquote(secret))


def _learn_origins(exchanges: Iterable[Exchange], learned: _Learned) -> None:
    """Give the loopback origins of a recording names that are the same on every run."""
    roles: dict[str, str] = {}
    for one in exchanges:
        split = urlsplit(one.uri)
        if split.hostname not in _LOOPBACK:
            continue
        origin = f"{split.scheme}://{split.netloc}"
        if b"grant_type=" in one.request_body:
            role = "auth"
        elif re.match(r"/v[0-9]", split.path):
            role = "api"
        else:
            role = "storage"
        # the API may hand out its own tokens and files: what it mostly is wins
        if roles.get(origin) != "api":
            roles[origin] = role
    learned.origins.update({origin: f"https://{role}.sandbox.test" for origin, role in roles.items()})


def conceal(
    exchanges: Iterable[Exchange], pseudonyms: Pseudonyms, *, secrets: Iterable[str] = ()
) -> tuple[Exchange, ...]:
    """The same exchanges without anything private, without content encoding, with allowed headers only.

    Args:
        exchanges: All exchanges of one cassette, for a name that one of them announces may stand in another.
        pseudonyms: Makes the pseudonyms.
        secrets: Values known to be secret, whatever they are called where they stand.

    Raises:
        BodyUnreadable: A body cannot be read; says which.
    """
    decoded = tuple(_decoded(one) for one in exchanges)
    learned = _Learned(pseudonyms)
    _learn_origins(decoded, learned)
    for secret in secrets:
        learned.learn(Kind.SECRET, secret)
    for one in decoded:
        for content, headers in (
            (one.request_body, one.request_headers),
            (one.response_body, one.response_headers),
        ):
            try:
                parsed = bodies.parse_json(bodies.text_of(content, _content_type(headers))[0])
            except ValueError:
                continue
            learned.fields.update(form_fields_of(parsed))
    for one in decoded:
        learned.identifiers.update(found[0].lower() for found in UUID.finditer(unquote(one.uri)))
        _learn_pairs(parse_qsl(urlsplit(one.uri).query, keep_blank_values=True), learned)
        for content, headers in (
            (one.request_body, one.request_headers),
            (one.response_body, one.response_headers),
        ):
            _learn_headers(headers, learned)
            _learn_body(content, _content_type(headers), learned)
    concealer = _Concealer.of(learned)
    return tuple(_concealed(one, concealer) for one in decoded)


def _phrase(status: int) -> str:
    """Return the standard phrase of a status; a server may put anything there."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _content_type(headers: Mapping[str, tuple[str, ...]]) -> str | None:
    return next(iter(headers.get("content-type", ())), None)


def _decoded(exchange: Exchange) -> Exchange:
    def plain(content: bytes, headers: Mapping[str, tuple[str, ...]], what: str) -> bytes:
        try:
            return bodies.decode_content(content, ", ".join(headers.get("content-encoding", ())))
        except bodies.BodyUnreadable as error:
            raise bodies.BodyUnreadable(
                f"{exchange.method} {exchange.uri}, {what}: {error}; it is not recorded"
            ) from error

    request_headers = {name.lower(): tuple(values) for name, values in exchange.request_headers.items()}
    response_headers = {name.lower(): tuple(values) for name, values in exchange.response_headers.items()}
    return evolve(
        exchange,
        request_headers=request_headers,
        response_headers=response_headers,
        request_body=plain(exchange.request_body, request_headers, "the request's body"),
        response_body=plain(exchange.response_body, response_headers, "the answer's body"),
    )


def _concealed(exchange: Exchange, concealer: _Concealer) -> Exchange:
    uri = concealer.uri(exchange.uri)
    where = f"{exchange.method} {uri}"
    return Exchange(
        method=exchange.method,
        uri=uri,
        request_headers=concealer.headers(exchange.request_headers, ALLOWED_REQUEST_HEADERS),
        request_body=concealer.body(
            exchange.request_body, _content_type(exchange.request_headers), f"{where}, the request's body"
        ),
        status=exchange.status,
        reason=_phrase(exchange.status) if exchange.reason else "",
        response_headers=concealer.headers(exchange.response_headers, ALLOWED_RESPONSE_HEADERS),
        response_body=concealer.body(
            exchange.response_body, _content_type(exchange.response_headers), f"{where}, the answer's body"
        ),
    )
