"""Scan of cassettes for private values.

Four searches in each file: places that announce a private value must hold pseudonyms; the text must have nothing that
looks like a credential, an e-mail address or a phone number; concealing the exchanges again must change only ids; and
detect-secrets must find nothing. Files are not changed, and findings are never printed whole.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from attrs import frozen
from detect_secrets.core import scan as detect_secrets_scan
from detect_secrets.settings import transient_settings

from korus.testing import bodies, cassettes, pdf, stand_ins
from korus.testing.decoding import decoded
from korus.testing.descriptions import escape
from korus.testing.detectors import PLUGINS, detect
from korus.testing.keys import form_fields_of, kind_of_key, may_be, named, private_places
from korus.testing.plainvalues import is_list, is_mapping
from korus.testing.privacy import (
    ALLOWED_REQUEST_HEADERS,
    ALLOWED_RESPONSE_HEADERS,
    Exchange,
    conceal,
    is_catalogue,
    is_rate_limit,
)
from korus.testing.pseudonyms import SECRET_KINDS, UUID, Kind, Pseudonyms, is_pseudonym, pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Leak", "scan"]

_SHOWN = 3
_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "credential": re.compile(r"\b(?:Bearer|Basic)(?:\s+|%20)([A-Za-z0-9._~+/=-]{6,})", re.IGNORECASE),
    "password in an address": re.compile(r"://[^/\s:@\"']+:([^/\s@\"']+)@"),
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "signature or secret in an address": re.compile(
        r"(?i)[?&](?:[a-z-]*signature|sig|[a-z-]*credential|[a-z-]*security-token|client_secret|access_token|api_?key"
        r"|googleaccessid|awsaccesskeyid|key-pair-id|token)=([^&\s\"'#]+)"
    ),
}
# a server's ids of requests and versions of answers grant no access
_ID_LINE = re.compile(r"^\s*(?:x-request-id|etag): ")
_HARMLESS = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{10,14}|/\.well-known/genid/[0-9a-f]{20}|[0-9a-f]{20}",
    re.IGNORECASE,
)
_EMPTY = frozenset({"null", "true", "false", "~", "|", "|-", ">", "Bearer", "Basic"})
_DIGEST_LINE = re.compile(r"^description_sha256: '?[0-9a-f]{64}'?$")


@frozen(kw_only=True)
class Leak:
    """A value in a cassette that looks private.

    Attributes:
        cassette: The file.
        line: The line in it, counted from 1; 0 where a place in the parsed file is named instead.
        pointer: The place in the parsed file, empty where a line is named.
        what: What it looks like.
        excerpt: Its beginning, never the whole.
    """

    cassette: str
    line: int
    pointer: str
    what: str
    excerpt: str

    def __str__(self) -> str:
        where = f"{self.cassette}:{self.line}" if self.line else f"{self.cassette}#{self.pointer}"
        return f"{where}: {self.what}: {self.excerpt}"


def _masked(text: str) -> str:
    return f"{text[:_SHOWN]}… ({len(text)} characters)"


def scan(paths: Iterable[Path], *, secrets: Sequence[str] = ()) -> list[Leak]:
    """Scan cassettes, and files that cannot be read as one.

    Args:
        paths: The files.
        secrets: Values that must not occur anywhere, such as your client secret.
    """
    leaks: list[Leak] = []
    for path in paths:
        name = path.as_posix()
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            leaks.append(
                Leak(cassette=name, line=0, pointer="", what="unreadable", excerpt="it is not UTF-8")
            )
            continue
        leaks += _in_text(name, text, secrets)
        try:
            cassette = cassettes.read(path)
        except cassettes.CassetteUnreadable as error:
            leaks.append(
                Leak(cassette=name, line=0, pointer=error.where, what="unreadable", excerpt=error.reason)
            )
            leaks += _announced(name, text, frozenset(Kind) - SECRET_KINDS)
            continue
        announced = list(_in_cassette(name, cassette))
        leaks += announced
        leaks += _not_concealed(name, cassette, frozenset(leak.pointer for leak in announced))
    return leaks


def _not_concealed(name: str, cassette: cassettes.Cassette, known: frozenset[str]) -> Iterator[Leak]:
    """Yield what saving the cassette again would replace: pseudonyms stay as they are."""
    recorded = tuple(
        Exchange(
            method=one.request.method,
            uri=one.request.uri,
            request_headers=one.request.headers,
            request_body=one.request.content,
            status=one.response.status,
            reason=one.response.reason,
            response_headers=one.response.headers,
            response_body=one.response.content,
        )
        for one in cassette.interactions
    )
    try:
        concealed = conceal(recorded, Pseudonyms())
    except bodies.BodyUnreadable as error:
        if not any(pointer.endswith("/body/base64") for pointer in known):
            what = "a body that cannot be read"
            yield Leak(cassette=name, line=0, pointer="/interactions", what=what, excerpt=str(error))
        return
    for number, (before, after) in enumerate(zip(recorded, concealed, strict=True)):
        for at, value in _changes(before, after):
            pointer = f"/interactions/{number}{at}"
            if pointer not in known:
                what = "something that is replaced on saving"
                yield Leak(cassette=name, line=0, pointer=pointer, what=what, excerpt=_masked(value))


def _changes(before: Exchange, after: Exchange) -> Iterator[tuple[str, str]]:
    if not _alike(before.uri, after.uri):
        yield "/request/uri", before.uri
    if before.reason != after.reason:
        yield "/response/reason", before.reason
    for side, old_headers, new_headers, old, new in (
        ("request", before.request_headers, after.request_headers, before.request_body, after.request_body),
        (
            "response",
            before.response_headers,
            after.response_headers,
            before.response_body,
            after.response_body,
        ),
    ):
        for header, values in old_headers.items():
            changed = new_headers.get(header)
            if changed is not None and not _alike("\0".join(values), "\0".join(changed)):
                yield f"/{side}/headers/{escape(header)}", next(iter(values), "")
        if _alike(old.decode("latin-1"), new.decode("latin-1")):
            continue
        try:
            places = list(_differing(bodies.parse_json(old.decode()), bodies.parse_json(new.decode()), ""))
        except ValueError:
            yield f"/{side}/body", old[:_SHOWN].decode("latin-1") + "…"
        else:
            yield from ((f"/{side}/body/json{at}", value) for at, value in places)


def _differing(old: Any, new: Any, at: str) -> Iterator[tuple[str, str]]:
    if is_mapping(old) and is_mapping(new) and list(old) == list(new):
        for key in old:
            yield from _differing(old[key], new[key], f"{at}/{escape(key)}")
    elif is_list(old) and is_list(new) and len(old) == len(new):
        for number, one in enumerate(old):
            yield from _differing(one, new[number], f"{at}/{number}")
    elif not _alike(str(old), str(new)):
        yield at, str(old)


def _alike(old: str, new: str) -> bool:
    # an id made up by hand is not private
    return old == new or UUID.sub("id", old) == UUID.sub("id", new)


def _in_text(name: str, text: str, secrets: Sequence[str]) -> Iterator[Leak]:
    for number, line in enumerate(text.splitlines(), start=1):
        for secret in secrets:
            if secret and secret in line:
                yield Leak(
                    cassette=name, line=number, pointer="", what="a secret of this machine", excerpt="…"
                )
        for what, value in _by_form(line):
            if not _is_harmless(value, line):
                yield Leak(cassette=name, line=number, pointer="", what=what, excerpt=_masked(value))
    yield from _announced(name, text, SECRET_KINDS)
    yield from _by_detect_secrets(name, text)


@cache
def _by_form(line: str) -> tuple[tuple[str, str], ...]:
    """Return what is private by its form in a line. Cached: cassettes have most lines in common."""
    found = [
        (what, one[one.lastindex or 0])
        for what, pattern in _PATTERNS.items()
        for one in pattern.finditer(line)
    ]
    if line.lstrip().startswith("base64:") or _DIGEST_LINE.match(line) or _ID_LINE.match(line):
        return tuple(found)
    plain = decoded(line).text
    return (*found, *((one.what, plain[one.start : one.end]) for one in detect(plain)))


def _announced(name: str, text: str, kinds: frozenset[Kind]) -> Iterator[Leak]:
    """Yield the values after names that announce them, without parsing the file."""
    for number, line in enumerate(text.splitlines(), start=1):
        for one in named(line):
            value = unquote_plus(one.value)
            if (
                one.kind in kinds
                and may_be(one.kind, value)
                and not _is_harmless(value, line)
                and value not in _EMPTY
            ):
                yield Leak(cassette=name, line=number, pointer="", what=str(one.kind), excerpt=_masked(value))


def _is_harmless(value: str, line: str) -> bool:
    return (
        is_pseudonym(value)
        or is_pseudonym(value.replace("%40", "@"))
        or all(own or not re.search(r"[0-9A-Za-z]", piece) for piece, own in pieces(value))
        or _HARMLESS.fullmatch(value) is not None
        or _DIGEST_LINE.match(line) is not None
    )


@cache
def _settings() -> dict[str, Any]:
    return {"plugins_used": [{"name": name} for name in PLUGINS], "filters_used": []}


def _by_detect_secrets(name: str, text: str) -> Iterator[Leak]:
    with transient_settings(_settings()):
        for number, line in enumerate(text.splitlines(), start=1):
            for what, excerpt in _suspicions(line.strip()):
                yield Leak(cassette=name, line=number, pointer="", what=what, excerpt=excerpt)


@cache
def _suspicions(line: str) -> tuple[tuple[str, str], ...]:
    """Return what detect-secrets finds in a line. Cached: cassettes have most lines in common."""
    if not line or _DIGEST_LINE.match(line) or line.startswith("base64:"):
        return ()
    found: list[tuple[str, str]] = []
    for one in detect_secrets_scan.scan_line(line):
        value = str(one.secret_value or "")
        if value and not _is_harmless(value.strip("\"' "), line) and not _is_a_word(value, one.type):
            found.append((f"{one.type} (detect-secrets)", _masked(value)))
    return tuple(found)


def _is_a_word(value: str, kind: str) -> bool:
    # after a key such as token_type or secret, detect-secrets reports any word
    return kind == "Secret Keyword" and re.fullmatch(r"[A-Za-z]+|null|''|\"\"", value) is not None


def _in_cassette(name: str, cassette: cassettes.Cassette) -> Iterator[Leak]:
    fields: dict[str, Kind | None] = {}
    for one in cassette.interactions:
        for body in (one.request.body, one.response.body):
            fields.update(form_fields_of(bodies.value(body)))
    for number, one in enumerate(cassette.interactions):
        catalogue = is_catalogue(one.request.method, one.request.uri)
        for side, headers, body, allowed in (
            ("request", one.request.headers, one.request.body, ALLOWED_REQUEST_HEADERS),
            ("response", one.response.headers, one.response.body, ALLOWED_RESPONSE_HEADERS),
        ):
            where = f"/interactions/{number}/{side}"
            for pointer, what, value in (
                *_in_headers(headers, allowed),
                *_in_body(body, fields, catalogue=catalogue and side == "response"),
            ):
                yield Leak(cassette=name, line=0, pointer=where + pointer, what=what, excerpt=_masked(value))
        for parameter, value in parse_qsl(urlsplit(one.request.uri).query, keep_blank_values=True):
            kind = kind_of_key(parameter)
            if kind is not None and may_be(kind, value) and not is_pseudonym(value):
                pointer = f"/interactions/{number}/request/uri"
                yield Leak(
                    cassette=name,
                    line=0,
                    pointer=pointer,
                    what=f"{kind} in the address",
                    excerpt=_masked(value),
                )


def _in_headers(
    headers: Mapping[str, tuple[str, ...]], allowed: frozenset[str]
) -> Iterator[tuple[str, str, str]]:
    for name, values in headers.items():
        pointer = f"/headers/{escape(name)}"
        for value in values:
            if name not in allowed and not is_rate_limit(name, allowed):
                yield pointer, "a header that is not kept", value
            elif name == "authorization" and not is_pseudonym(value.rpartition(" ")[2]):
                yield pointer, "credential", value


def _in_body(
    body: Mapping[str, Any], fields: Mapping[str, Kind | None], *, catalogue: bool
) -> Iterator[tuple[str, str, str]]:
    if "form" in body:
        for key, value in body["form"]:
            kind = kind_of_key(str(key))
            if kind is not None and may_be(kind, str(value)) and not is_pseudonym(str(value)):
                yield f"/body/form/{escape(str(key))}", str(kind), str(value)
    elif "base64" in body:
        yield from _in_bytes(bodies.replay(body), body["base64"])
    else:
        nothing = object()
        parsed = bodies.value(body, nothing)
        if parsed is not nothing:
            for path, kind, value in private_places(parsed, fields, catalogue=catalogue):
                if not is_pseudonym(str(value)):
                    yield "/body/json" + "".join(f"/{escape(step)}" for step in path), str(kind), str(value)


def _in_bytes(content: bytes, shown: str) -> Iterator[tuple[str, str, str]]:
    if stand_ins.is_stand_in(content):
        return
    if not pdf.is_pdf(content):
        yield "/body/base64", "a body that cannot be read", shown
    elif pdf.readable_text(content) is None:
        yield "/body/base64", "a document that cannot be read", shown
