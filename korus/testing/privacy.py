"""Removal of private values from exchanges: pseudonyms in their places, in the same notation.

Two passes. The first learns the private values of the whole cassette from the places that announce them
(`korus.testing.learning`). The second replaces them everywhere: in free text, addresses, keys, headers and nested
texts, in any encoding; it also replaces values that are private by their form (`korus.testing.detectors`). Texts of the
catalogue are not taken for names. A body that cannot be read is replaced by a stand-in of its type.
"""

from __future__ import annotations

import base64
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

from attrs import define, evolve, field, frozen

from korus.testing import bodies, jsontext, pdf, stand_ins
from korus.testing.decoding import View, decoded, fold, folded, rewritten
from korus.testing.detectors import EMAIL, JWT, PHONE, detect
from korus.testing.keys import (
    PERSON_KINDS,
    form_fields_of,
    is_word_of_the_api,
    kind_of_key,
    may_be,
    named,
    private_places,
)
from korus.testing.learning import Found, Learned, texts_of
from korus.testing.pseudonyms import SECRET_KINDS, UUID, Kind, Pseudonyms, pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

__all__ = [
    "ALLOWED_REQUEST_HEADERS",
    "ALLOWED_RESPONSE_HEADERS",
    "EMAIL",
    "JWT",
    "PHONE",
    "Exchange",
    "conceal",
    "form_fields_of",
    "is_catalogue",
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

# words of the API's paths, which are not names
_PATH_WORDS = frozenset(
    {
        "ticketing", "booking", "catalogs", "offers", "availability", "price", "tickets", "sessions", "product_bases",
        "options", "values", "products", "orders", "_bulk", "items", "documents", "reservations", "forms", "fields",
        "content", "genid", "contexts", "realms", "protocol", "openid-connect", "token", "korusticket",
    }
)  # fmt: skip
_CATALOGUE = re.compile(r"/v[0-9]+/ticketing(?:/|$)")
_FILE_NAME = re.compile(r"""(filename\*?\s*=\s*)("(?:[^"\\]|\\.)*"?|[^;\s]+)""", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}(?=\"?$)")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([T ][\d:.]+(Z|[+-]\d{2}:?\d{2})?)?")
_LEAST_NUMBER = 6

_CREDENTIAL = re.compile(r"\b(Bearer|Basic)(\s+|%20|\+)([A-Za-z0-9._~+/=-]{6,})", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)([^/\s:@\"']+)(?::([^/\s@\"']*))?(@[\w.-]+)")
# the file name in a header, also where a header is quoted elsewhere
_DISPOSITION = re.compile(r"(?:attachment|inline)\s*;\s*filename\*?\s*=\s*\"?([^\";&,]+)", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[@A-Za-z_/][\w/.-]*")
_STRUCTURAL = frozenset(
    {"@type", "@context", "status", "type", "currency", "seatsArrangement", "country", "language"}
)
_PROGRAM_KEY = re.compile(r"[@a-z][A-Za-z0-9_:]*(?:\[(?:[a-z][A-Za-z0-9_:]*|[0-9]*)\])*")
_NO_KEYS = SECRET_KINDS | {Kind.ACCOUNT}
_PACKED = re.compile(
    # mails wrap such words after 64 or 76 characters
    r"(?<![A-Za-z0-9+/_=-])(?:(?:[A-Za-z0-9+/]{60,76}\r?\n)+[A-Za-z0-9+/]+|[A-Za-z0-9+/_-]{12,})={0,2}(?![A-Za-z0-9+/_=-])"
)
_LOOPBACK_ORIGIN = re.compile(rb"https?://(?:127\.0\.0\.1|localhost|\[::1\]):[0-9]{1,5}(?![0-9])")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


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


def is_catalogue(method: str, uri: str) -> bool:
    """Return True for a request whose answer is part of a catalogue, in which no customer is named."""
    return method.upper() == "GET" and _CATALOGUE.match(urlsplit(uri).path) is not None


@frozen
class _CatalogueTexts:
    """Texts of the catalogue with a learnt name in them: elsewhere they are not names either."""

    phrases: re.Pattern[str] | None = None
    exact: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, texts: Iterable[tuple[str, str]], learned: Learned) -> _CatalogueTexts:
        exact = {(key, fold(text)) for text, key in texts if learned.knows(text)}
        phrases = sorted({text for _, text in exact if " " in text}, key=len, reverse=True)
        pattern = re.compile("|".join(map(re.escape, phrases))) if phrases else None
        return cls(pattern, frozenset(exact))

    def where(self, view: View, key: str) -> list[tuple[int, int]]:
        """Return the parts of a decoded text that come from the catalogue."""
        if not self.exact:
            return []
        plain = folded(view)
        if (key, plain.text.strip()) in self.exact:
            return [(0, len(view.text))]
        found = self.phrases.finditer(plain.text) if self.phrases else ()
        return [plain.inner_span(one.start(), one.end()) for one in found]


@define
class _Changes:
    """Parts of a decoded text and their replacements; pseudonyms stay."""

    _parts: list[tuple[int, int, str | None]] = field(factory=list["tuple[int, int, str | None]"])

    def keep(self, start: int, end: int) -> None:
        self._parts.append((start, end, None))

    def add(self, start: int, end: int, made: str) -> None:
        """Replace a part; if one part contains another, the outer one counts, and other overlaps are both replaced."""
        for first, last, other in tuple(self._parts):
            if end <= first or last <= start:
                continue
            if (first <= start and end <= last) or (other is None and start <= first and last <= end):
                return
            if start <= first and last <= end:
                self._parts.remove((first, last, other))
            elif start < first:
                end = first
            else:
                start = last
        if start < end:
            self._parts.append((start, end, made))

    def __iter__(self) -> Iterator[tuple[int, int, str]]:
        for start, end, made in sorted(self._parts, key=lambda part: part[:2]):
            if made is not None:
                yield start, end, made


@frozen
class _Concealer:
    learned: Learned
    pseudonyms: Pseudonyms
    origins: Mapping[str, str]
    identifiers: Mapping[str, str]
    catalogue: _CatalogueTexts
    _done: dict[tuple[str, str, bool], str] = field(factory=dict["tuple[str, str, bool]", str], repr=False)
    _keys: dict[str, str] = field(factory=dict[str, str], repr=False)

    def kind(self, kind: Kind, value: str) -> str:
        return self.pseudonyms.replace(kind, self.learned.canonical(kind, value))

    def text(self, text: str, key: str = "", *, nobodys: bool = False) -> str:
        """Return a text with nothing private left in it.

        Args:
            text: The text.
            key: The key of the text, if any.
            nobodys: True for an answer of the catalogue, in which no person is named.
        """
        asked = text, key, nobodys
        if asked not in self._done:
            self._done[asked] = self._text(text, key, nobodys=nobodys)
        return self._done[asked]

    def _text(self, text: str, key: str, *, nobodys: bool) -> str:
        for origin, canonical in self.origins.items():
            text = text.replace(origin, canonical)
        if key != "code" and "-" in text:
            text = UUID.sub(lambda found: self.identifiers.get(found[0].lower(), found[0]), text)
        if text.lstrip()[:1] in {"{", "["}:
            try:
                return self.json(text, nobodys=nobodys)
            except ValueError:
                pass
        view = decoded(text)
        changes = _Changes()
        position = 0
        for piece, own in pieces(view.text):
            if own:
                changes.keep(position, position + len(piece))
            position += len(piece)
        for start, end, made in self._found(view, key, nobodys=nobodys):
            changes.add(start, end, made)
        return self._packed(rewritten(view, text, changes))

    def _found(self, view: View, key: str, *, nobodys: bool) -> Iterator[tuple[int, int, str]]:
        """Yield the private parts of a decoded text: announced ones first, then those found by their form."""
        text = view.text
        yield from self._named(text, nobodys=nobodys)
        for found in _USERINFO.finditer(text):
            # as a whole, since its end and the host look like an e-mail address
            secret = f":{self.kind(Kind.SECRET, found[2])}" if found[2] else ""
            yield found.start(), found.end(), f"{self.kind(Kind.CLIENT, found[1])}{secret}{found[3]}"
        for one in detect(text):
            yield one.start, one.end, self.kind(one.kind, text[one.start : one.end].replace("%40", "@"))
        for found in _CREDENTIAL.finditer(text):
            yield found.start(3), found.end(3), self.kind(Kind.TOKEN, found[3])
        if "filename" in text:
            for found in _DISPOSITION.finditer(text):
                extension = _EXTENSION.search(found[1].strip())
                yield found.start(1), found.end(1), f"file{extension.group() if extension else ''}"
        yield from self._known(view, key, nobodys=nobodys)

    def _known(self, view: View, key: str, *, nobodys: bool) -> Iterator[tuple[int, int, str]]:
        text = view.text
        if key in _STRUCTURAL and _IDENTIFIER.fullmatch(text):
            # a person may be called Order, but the type of a resource is not private
            return
        if _is_moment(key) and _MOMENT.fullmatch(text):
            return
        theirs: list[tuple[int, int]] | None = None
        for one in self.learned.find(view):
            if one.kind in PERSON_KINDS:
                if nobodys or _is_path_word(text, one):
                    continue
                theirs = self.catalogue.where(view, key) if theirs is None else theirs
                if any(start <= one.start and one.end <= end for start, end in theirs):
                    continue
            yield one.start, one.end, self.kind(one.kind, one.value)

    def _named(self, text: str, *, nobodys: bool) -> Iterator[tuple[int, int, str]]:
        for one in named(text):
            if not may_be(one.kind, one.value) or (nobodys and one.kind in PERSON_KINDS):
                continue
            if one.kind is Kind.REFERENCE and "=" not in one.between:
                # "reference: word" is often prose
                continue
            yield one.start, one.end, self.kind(one.kind, one.value)

    def _packed(self, text: str) -> str:
        """Replace texts in base64 as a whole if they have something private."""

        def change(found: re.Match[str]) -> str:
            plain = unpacked(found[0])
            unchanged = plain is None or self.text(plain) == plain
            return found[0] if unchanged else self.kind(Kind.TOKEN, found[0])

        if not _PACKED.search(text):
            return text
        return "".join(piece if own else _PACKED.sub(change, piece) for piece, own in pieces(text))

    def json(self, text: str, *, nobodys: bool = False) -> str:
        """Return a JSON text with nothing private left in it, laid out as before."""
        parsed = bodies.parse_json(text)
        kinds = {
            path: kind for path, kind, _ in private_places(parsed, self.learned.fields, catalogue=nobodys)
        }

        def change(path: jsontext.Path, value: Any) -> Any:
            kind = kinds.get(path)
            if isinstance(value, str):
                if kind is not None and not UUID.fullmatch(value):
                    return self.kind(kind, value)
                key = next((step for step in reversed(path) if isinstance(step, str)), "")
                return self.text(value, key, nobodys=nobodys)
            if isinstance(value, int) and not isinstance(value, bool):
                return self._number(value, announced=kind is not None)
            return value

        return jsontext.rewrite(text, change, lambda _path, key: self.key(key))

    def _number(self, value: int, *, announced: bool) -> int:
        digits = str(value)
        private = announced or (
            len(digits) >= _LEAST_NUMBER
            and (self.learned.number(value) or any(one.kind is Kind.ACCOUNT for one in detect(digits)))
        )
        return int(self.pseudonyms.replace(Kind.VOUCHER, digits)) if private else value

    def key(self, key: str) -> str:
        """Return a key of an object with nothing private left in it; keys that a program would write stay."""
        if key not in self._keys:
            stays = kind_of_key(key) is not None or (
                _PROGRAM_KEY.fullmatch(key) and not self._is_private(key)
            )
            self._keys[key] = key if stays else self.text(key)
        return self._keys[key]

    def _is_private(self, key: str) -> bool:
        """Return True if a part of a key is a secret, or a learnt value that is not a word of the API."""
        for part in re.split(r"[\[\]]+", key):
            if any(one.kind in _NO_KEYS for one in detect(part)):
                return True
            whole = any(one.end - one.start == len(part) for one in self.learned.find(decoded(part)))
            if whole and not is_word_of_the_api(part):
                return True
        return False

    def uri(self, uri: str) -> str:
        """Return an address with nothing private left in it."""
        for origin, canonical in self.origins.items():
            uri = canonical + uri[len(origin) :] if uri.startswith(origin) else uri
        base, mark, query = uri.partition("?")
        base, _, _ = base.partition("#")
        fragmentless, _, _ = query.partition("#")
        origin, path = _split_origin(base)
        return self.text(origin) + self.text(path) + mark + self.pairs(fragmentless)

    def pairs(self, encoded: str) -> str:
        """Return a query or a form with nothing private left in it; unchanged pairs stay as they were written."""
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

    def body(self, content: bytes, content_type: str | None, where: str, *, nobodys: bool = False) -> bytes:
        """Return a body with nothing private left in it, or a stand-in for one that cannot be read.

        Raises:
            BodyUnreadable: It should be JSON and cannot be read.
        """
        if not content or stand_ins.is_stand_in(content):
            return content
        if pdf.is_pdf(content):
            said = pdf.readable_text(content)
            return content if said is not None and self._harmless(said) else pdf.stand_in()
        try:
            text, charset = bodies.text_of(content, content_type)
        except bodies.BodyUnreadable as error:
            if bodies.is_json(content_type):
                raise bodies.BodyUnreadable(f"{where}: {error}; it is not recorded") from error
            return stand_ins.for_binary(content, content_type, self.pseudonyms)
        if bodies.media_type(content_type).startswith("multipart/"):
            return stand_ins.for_binary(content, content_type, self.pseudonyms)
        return self._text_body(text, content_type, where, nobodys=nobodys).encode(charset)

    def _text_body(self, text: str, content_type: str | None, where: str, *, nobodys: bool) -> str:
        if bodies.is_form(content_type):
            return self.pairs(text)
        start = text.lstrip("\ufeff \t\r\n")[:1]
        if bodies.is_json(content_type) or start in {"{", "["}:
            try:
                return self.json(text, nobodys=nobodys)
            except ValueError as error:
                if start in {"{", "[", '"'}:
                    raise bodies.BodyUnreadable(
                        f"{where}: it should be JSON and cannot be read ({error}); it is not recorded"
                    ) from error
        return stand_ins.for_text(text)

    def _harmless(self, said: str) -> bool:
        view = decoded(said)
        if any(True for _ in self._known(view, "", nobodys=False)) or any(
            True for _ in self._named(said, nobodys=False)
        ):
            return False
        # object numbers and coordinates of a PDF look like phone numbers, so only numbers with a sign count
        return not (
            EMAIL.search(said)
            or JWT.search(said)
            or _CREDENTIAL.search(said)
            or re.search(r"\+[1-9][0-9]{8,}", said)
        )


def _split_origin(base: str) -> tuple[str, str]:
    """Split an address into its origin, whose host is invented, and the path."""
    scheme, sign, rest = base.partition("://")
    if not sign:
        return "", base
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}", slash + path


def _is_path_word(text: str, one: Found) -> bool:
    """Return True for a word of the API's paths within such a path."""
    return (
        text[one.start - 1 : one.start] == "/"
        and text[one.end : one.end + 1] in {"", "/", "?"}
        and text[one.start : one.end] in _PATH_WORDS
    )


def _without_name(found: re.Match[str]) -> str:
    extension = _EXTENSION.search(found[2])
    return f'filename="file{extension.group() if extension else ""}"'


def unpacked(word: str) -> str | None:
    """Decode a word from base64; None if it is not text."""
    bare = re.sub(r"\s", "", word).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
    except ValueError:
        return None
    return text if all(one.isprintable() or one.isspace() for one in text) else None


def is_rate_limit(name: str, allowed: frozenset[str]) -> bool:
    """Return True for a response header about rate limits."""
    return allowed is ALLOWED_RESPONSE_HEADERS and name.startswith(("x-ratelimit-", "ratelimit"))


def _is_moment(key: str) -> bool:
    return key.lower() in {"date", "expires"} or key.endswith(("At", "_at", "Date", "Deadline", "_date"))


def _origins(exchanges: Sequence[Exchange]) -> dict[str, str]:
    """Return names for the loopback origins of a recording that are the same in every run."""
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
        # the API may also serve tokens and files: the most frequent role counts
        if roles.get(origin) != "api":
            roles[origin] = role
    for one in exchanges:
        # an address in an answer that was not requested is that of a file
        for found in _LOOPBACK_ORIGIN.finditer(one.response_body.replace(b"\\/", b"/")):
            roles.setdefault(found[0].decode(), "storage")
    return {origin: f"https://{role}.sandbox.test" for origin, role in roles.items()}


def _learn(exchanges: Iterable[Exchange], learned: Learned) -> None:
    """Learn from the exchanges, including catalogue requests; from catalogue answers no names are learnt."""
    for one in exchanges:
        learned.uuids(unquote(one.uri))
        learned.pairs(parse_qsl(urlsplit(one.uri).query, keep_blank_values=True))
        nobodys = is_catalogue(one.method, one.uri)
        for content, headers, catalogue in (
            (one.request_body, one.request_headers, False),
            (one.response_body, one.response_headers, nobodys),
        ):
            learned.headers(headers)
            _learn_body(content, _content_type(headers), learned, catalogue=catalogue)


def _learn_body(content: bytes, content_type: str | None, learned: Learned, *, catalogue: bool) -> None:
    try:
        text, _ = bodies.text_of(content, content_type)
    except bodies.BodyUnreadable:
        return
    learned.uuids(text)
    if bodies.is_form(content_type):
        learned.pairs(parse_qsl(text, keep_blank_values=True))
    elif bodies.media_type(content_type) == "text/csv":
        learned.table(text)
    else:
        learned.text(text, catalogue=catalogue)


def _catalogue_texts(exchanges: Iterable[Exchange]) -> Iterator[tuple[str, str]]:
    for one in exchanges:
        if is_catalogue(one.method, one.uri):
            try:
                parsed = bodies.parse_json(
                    bodies.text_of(one.response_body, _content_type(one.response_headers))[0]
                )
            except ValueError:
                continue
            yield from texts_of(parsed)


def conceal(
    exchanges: Iterable[Exchange], pseudonyms: Pseudonyms, *, secrets: Iterable[str] = ()
) -> tuple[Exchange, ...]:
    """Return the exchanges without private values and content encodings, with allowed headers only.

    Args:
        exchanges: All exchanges of one cassette, since a name learnt from one may occur in another.
        pseudonyms: Makes the pseudonyms.
        secrets: Values known to be secret, under any name.

    Raises:
        BodyUnreadable: A body cannot be read; names it.
    """
    decoded_ = tuple(_decoded(one) for one in exchanges)
    learned = Learned()
    for secret in secrets:
        learned.learn(Kind.SECRET, secret)
    for one in decoded_:
        for content, headers in (
            (one.request_body, one.request_headers),
            (one.response_body, one.response_headers),
        ):
            try:
                parsed = bodies.parse_json(bodies.text_of(content, _content_type(headers))[0])
            except ValueError:
                continue
            learned.fields.update(form_fields_of(parsed))
    _learn(decoded_, learned)
    concealer = _Concealer(
        learned,
        pseudonyms,
        _origins(decoded_),
        pseudonyms.identifiers(sorted(learned.identifiers)),
        _CatalogueTexts.of(_catalogue_texts(decoded_), learned),
    )
    return tuple(_concealed(one, concealer) for one in decoded_)


def _phrase(status: int) -> str:
    """Return the standard phrase of a status, since a server may send any text."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _content_type(headers: Mapping[str, tuple[str, ...]]) -> str | None:
    return next(iter(headers.get("content-type", ())), None)


def _decoded(exchange: Exchange) -> Exchange:
    """Return an exchange without content encoding; a body that cannot be decoded stays as it is."""
    request_headers = {name.lower(): tuple(values) for name, values in exchange.request_headers.items()}
    response_headers = {name.lower(): tuple(values) for name, values in exchange.response_headers.items()}
    return evolve(
        exchange,
        request_headers=request_headers,
        response_headers=response_headers,
        request_body=_plain_content(exchange.request_body, request_headers),
        response_body=_plain_content(exchange.response_body, response_headers),
    )


def _plain_content(content: bytes, headers: Mapping[str, tuple[str, ...]]) -> bytes:
    try:
        return bodies.decode_content(content, ", ".join(headers.get("content-encoding", ())))
    except bodies.BodyUnreadable:
        return content


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
            exchange.response_body,
            _content_type(exchange.response_headers),
            f"{where}, the answer's body",
            nobodys=is_catalogue(exchange.method, exchange.uri),
        ),
    )
