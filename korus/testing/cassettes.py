"""Cassette: a file of recorded exchanges, with a header that names their origin.

This module reads and writes the file format. It records, matches and judges nothing, and needs only PyYAML, so that
every tool for cassettes can build on it.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args
from urllib.parse import urlsplit

from attrs import field, frozen

from korus.testing import bodies, plainyaml
from korus.testing.plainvalues import is_list, is_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "Cassette",
    "CassetteUnreadable",
    "Header",
    "Interaction",
    "Origin",
    "RecordedRequest",
    "RecordedResponse",
    "find",
    "read",
    "write",
]

Origin = Literal["sandbox", "demo", "production", "published", "imported"]

_FORMAT = 1
_SUFFIXES = (".yaml", ".yml")
_LOWEST_STATUS, _HIGHEST_STATUS = 100, 599


class CassetteUnreadable(ValueError):
    """A file is not a cassette, or is broken; names the file and the place in it.

    Attributes:
        path: The file.
        where: The place in it, as a JSON pointer, empty for the whole file.
        reason: What is wrong there.
    """

    path: Path
    where: str
    reason: str

    def __init__(self, path: Path | str, where: str, reason: str) -> None:
        super().__init__(f"{path}{'#' if where else ''}{where}: {reason}")
        self.path = Path(path)
        self.where = where
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.where, self.reason)


@frozen(kw_only=True)
class Header:
    """Origin of the exchanges of a cassette.

    Attributes:
        origin: ``sandbox``, ``demo`` or ``production`` for traffic, ``published`` for a documented sample,
            ``imported`` for a recording of another tool.
        api_version: The ``info.version`` of the description they were made under.
        description_sha256: The description's digest, empty if it is not known.
        recorded_at: When, in UTC.
        korus_version: The version of korus that recorded or built it.
        purpose: One sentence: what the scenario shows.
        pseudonyms: ``public`` if they were made with the public key, ``private`` otherwise.
        volatile: Places that differ between runs and are not compared: JSON pointers into the request's body,
            ``*`` for any one step, or ``?name`` for a query parameter.
        language: The language that the client asked for, empty for none.
    """

    origin: Origin
    api_version: str
    description_sha256: str = ""
    recorded_at: dt.datetime
    korus_version: str
    purpose: str
    pseudonyms: Literal["public", "private"] = "public"
    volatile: tuple[str, ...] = ()
    language: str = ""


@frozen(kw_only=True)
class _Message:
    headers: Mapping[str, tuple[str, ...]] = field(factory=dict[str, tuple[str, ...]])
    body: Mapping[str, Any] = field(factory=dict[str, Any])

    @property
    def content(self) -> bytes:
        """The bytes of the body, without content encoding."""
        return bodies.replay(self.body)

    def header(self, name: str) -> str | None:
        """Return the first value of a header."""
        return next(iter(self.headers.get(name.lower(), ())), None)


@frozen(kw_only=True)
class RecordedRequest(_Message):
    """A request as the cassette has it.

    Attributes:
        method: Upper case.
        uri: The whole address.
        headers: Lower-case names to all their values.
        body: The recorded body, see `korus.testing.bodies`.
    """

    method: str
    uri: str


@frozen(kw_only=True)
class RecordedResponse(_Message):
    """An answer as the cassette has it.

    Attributes:
        status: The HTTP status.
        reason: The reason phrase.
        headers: Lower-case names to all their values.
        body: The recorded body, see `korus.testing.bodies`.
    """

    status: int
    reason: str = ""


@frozen(kw_only=True)
class Interaction:
    """One request and its answer.

    Attributes:
        request: What was asked.
        response: What was answered.
        at: Seconds from the beginning of the recording to the answer, 0 if they were not measured.
    """

    request: RecordedRequest
    response: RecordedResponse
    at: float = 0.0


@frozen(kw_only=True)
class Cassette:
    """One scenario: a header and the exchanges in the order in which they happened."""

    header: Header
    interactions: tuple[Interaction, ...]


def find(paths: Iterable[Path | str]) -> Iterator[Path]:
    """Return the cassette files among and below the paths, sorted.

    Raises:
        FileNotFoundError: A path does not exist.
    """
    for given in paths:
        path = Path(given)
        if path.is_dir():
            yield from sorted(
                found for found in path.rglob("*") if found.suffix in _SUFFIXES and found.is_file()
            )
        elif path.exists():
            yield path
        else:
            raise FileNotFoundError(f"{path} does not exist")


def read(path: Path | str) -> Cassette:
    """Read a cassette and make sure that every body in it can be replayed.

    Raises:
        CassetteUnreadable: The file is not a cassette, or is broken; names the place.
        FileNotFoundError: There is no such file.
    """
    path = Path(path)
    try:
        document = plainyaml.load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise CassetteUnreadable(path, "", f"is not text in UTF-8 (byte {error.start})") from error
    except plainyaml.YamlUnreadable as error:
        raise CassetteUnreadable(path, "", " ".join(str(error).split())) from error
    return _Reader(path).cassette(document)


@frozen
class _Reader:
    path: Path

    def fail(self, where: str, reason: str) -> CassetteUnreadable:
        return CassetteUnreadable(self.path, where, reason)

    def mapping(self, found: Any, where: str) -> dict[str, Any]:
        if not is_mapping(found):
            raise self.fail(where, f"has to be a mapping, is {_kind(found)}")
        return found

    def text(self, holder: Mapping[str, Any], key: str, where: str) -> str:
        found = holder.get(key)
        if not isinstance(found, str):
            raise self.fail(f"{where}/{key}", f"has to be a text, is {_kind(found)}")
        return found

    def uri(self, holder: Mapping[str, Any], where: str) -> str:
        found = self.text(holder, "uri", where)
        try:
            urlsplit(found)
        except ValueError as error:
            raise self.fail(f"{where}/uri", f"is not an address: {error}") from error
        return found

    def cassette(self, document: Any) -> Cassette:
        top = self.mapping(document, "")
        if top.get("cassette") != _FORMAT:
            raise self.fail("/cassette", f"is not a cassette of form {_FORMAT}")
        interactions = top.get("interactions")
        if not is_list(interactions):
            raise self.fail("/interactions", f"has to be a list, is {_kind(interactions)}")
        return Cassette(
            header=self.header(top),
            interactions=tuple(
                self.interaction(found, f"/interactions/{number}")
                for number, found in enumerate(interactions)
            ),
        )

    def header(self, top: Mapping[str, Any]) -> Header:
        origin, pseudonyms = self.text(top, "origin", ""), top.get("pseudonyms", "public")
        if origin not in get_args(Origin):
            raise self.fail("/origin", f"has to be one of {', '.join(get_args(Origin))}, is {origin!r}")
        if pseudonyms not in ("public", "private"):
            raise self.fail("/pseudonyms", f"has to be public or private, is {pseudonyms!r}")
        try:
            recorded_at = dt.datetime.fromisoformat(self.text(top, "recorded_at", ""))
        except ValueError as error:
            raise self.fail("/recorded_at", str(error)) from error
        if recorded_at.tzinfo is None:
            raise self.fail("/recorded_at", "has no offset from UTC")
        volatile = top.get("volatile", [])
        if not is_list(volatile) or not all(isinstance(one, str) for one in volatile):
            raise self.fail("/volatile", "has to be a list of texts")
        return Header(
            origin=cast("Origin", origin),
            api_version=self.text(top, "api_version", ""),
            description_sha256=self.text(top, "description_sha256", "")
            if "description_sha256" in top
            else "",
            recorded_at=recorded_at,
            korus_version=self.text(top, "korus_version", ""),
            purpose=self.text(top, "purpose", ""),
            pseudonyms=pseudonyms,
            volatile=tuple(cast("list[str]", volatile)),
            language=self.text(top, "language", "") if "language" in top else "",
        )

    def interaction(self, found: Any, where: str) -> Interaction:
        both = self.mapping(found, where)
        request = self.mapping(both.get("request"), f"{where}/request")
        response = self.mapping(both.get("response"), f"{where}/response")
        status = response.get("status")
        if (
            not isinstance(status, int)
            or isinstance(status, bool)
            or not _LOWEST_STATUS <= status <= _HIGHEST_STATUS
        ):
            raise self.fail(f"{where}/response/status", f"has to be an HTTP status, is {status!r}")
        at = both.get("at", 0)
        if not isinstance(at, int | float) or isinstance(at, bool):
            raise self.fail(f"{where}/at", f"has to be a number of seconds, is {_kind(at)}")
        return Interaction(
            at=float(at),
            request=RecordedRequest(
                method=self.text(request, "method", f"{where}/request").upper(),
                uri=self.uri(request, f"{where}/request"),
                headers=self.headers(request, f"{where}/request"),
                body=self.body(request, f"{where}/request"),
            ),
            response=RecordedResponse(
                status=status,
                reason=self.text(response, "reason", f"{where}/response") if "reason" in response else "",
                headers=self.headers(response, f"{where}/response"),
                body=self.body(response, f"{where}/response"),
            ),
        )

    def headers(self, holder: Mapping[str, Any], where: str) -> dict[str, tuple[str, ...]]:
        headers: dict[str, tuple[str, ...]] = {}
        for name, found in self.mapping(holder.get("headers", {}), f"{where}/headers").items():
            values = found if is_list(found) else [found]
            if not all(isinstance(one, str) for one in values):
                raise self.fail(f"{where}/headers/{_escape(name)}", "has to be a text or a list of texts")
            headers[name.lower()] = tuple(values)
        return headers

    def body(self, holder: Mapping[str, Any], where: str) -> dict[str, Any]:
        body = self.mapping(holder.get("body", {}), f"{where}/body")
        try:
            bodies.replay(body)
        except bodies.BodyUnreadable as error:
            raise self.fail(f"{where}/body", str(error)) from error
        return body


def _kind(found: Any) -> str:
    return "missing" if found is None else f"{type(found).__name__} {found!r:.40}"


def _escape(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def to_document(cassette: Cassette) -> dict[str, Any]:
    """Return the cassette as the plain values that are written to the file."""
    header = cassette.header
    return {
        "cassette": _FORMAT,
        "purpose": header.purpose,
        "origin": header.origin,
        "api_version": header.api_version,
        "description_sha256": header.description_sha256,
        "recorded_at": header.recorded_at.astimezone(dt.UTC).isoformat(),
        "korus_version": header.korus_version,
        "pseudonyms": header.pseudonyms,
        **({"volatile": list(header.volatile)} if header.volatile else {}),
        **({"language": header.language} if header.language else {}),
        "interactions": [
            {
                **({"at": one.at} if one.at else {}),
                "request": {
                    "method": one.request.method,
                    "uri": one.request.uri,
                    "headers": _written(one.request.headers),
                    **({"body": dict(one.request.body)} if one.request.body else {}),
                },
                "response": {
                    "status": one.response.status,
                    **({"reason": one.response.reason} if one.response.reason else {}),
                    "headers": _written(one.response.headers),
                    **({"body": dict(one.response.body)} if one.response.body else {}),
                },
            }
            for one in cassette.interactions
        ],
    }


def _written(headers: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    return {name: values[0] if len(values) == 1 else list(values) for name, values in headers.items()}


def write(path: Path | str, cassette: Cassette) -> None:
    """Write a cassette; the file is replaced atomically."""
    path = Path(path)
    text = plainyaml.dump(to_document(cassette))
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
