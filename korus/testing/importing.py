"""Import of other tools' recordings as cassettes: HAR, vcrpy (YAML and JSON) and cassetter (YAML and TOML).

The exchanges are concealed like recorded ones. Only those with the API are kept: its requests, those for tokens, and
the files that its answers name.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import email.utils
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import korus_api
import yaml
from attrs import define, evolve, field, frozen

from korus._http.library import httpx
from korus._version import __version__
from korus.testing import bodies, cassettes, shipped
from korus.testing.plainvalues import as_list, as_mapping, is_list, is_mapping
from korus.testing.privacy import Exchange
from korus.testing.recording import interactions_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from korus.testing.pseudonyms import Pseudonyms

__all__ = ["ImportFailed", "Imported", "NothingOfTheApi", "import_file"]

_STATUSES = range(100, 600)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ImportFailed(ValueError):
    """A file is not a recording of a known tool."""


class NothingOfTheApi(ImportFailed):
    """A recording has no exchange with the API."""


@frozen(kw_only=True)
class Imported:
    """A recording of another tool as a cassette.

    Attributes:
        cassette: The cassette.
        left_out: The number of exchanges that are not with the API.
    """

    cassette: cassettes.Cassette
    left_out: int


@define
class _Taken:
    """An exchange of another tool, its time, and the fault of its answer's body."""

    exchange: Exchange
    moment: dt.datetime | None = field(default=None)
    trouble: str = ""


def import_file(
    path: Path, pseudonyms: Pseudonyms, *, everything: bool = False, purpose: str = ""
) -> Imported:
    """Read a recording of another tool and conceal it.

    Args:
        path: The file.
        pseudonyms: Makes the pseudonyms.
        everything: Keep exchanges with other services too.
        purpose: What the scenario shows, in one sentence.

    Raises:
        ImportFailed: It is not a recording of a known tool.
        NothingOfTheApi: It has no exchange with the API.
        BodyUnreadable: A body cannot be read.
    """
    found = _read(path)
    kept = [one for one in found if one.exchange.status in _STATUSES] if everything else _of_the_api(found)
    for one in kept:
        if one.trouble:
            where = f"{one.exchange.method} {one.exchange.uri.partition('?')[0]}"
            raise ImportFailed(f"{path}: the answer to {where} cannot be replayed: {one.trouble}")
    if not kept:
        raise NothingOfTheApi(f"{path}: none of its {len(found)} exchanges was made with the API")
    moments = [one.moment for one in kept if one.moment is not None]
    began = min(moments, default=dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC))
    header = cassettes.Header(
        origin="imported",
        api_version=korus_api.API_VERSION,
        recorded_at=began.replace(microsecond=0),
        korus_version=__version__,
        purpose=purpose or f"Imported from {path.name}.",
        pseudonyms="public" if pseudonyms.public else "private",
    )
    seconds = [(one.moment - began).total_seconds() if one.moment else 0.0 for one in kept]
    interactions = interactions_of((one.exchange for one in kept), pseudonyms, moments=seconds)
    return Imported(
        cassette=cassettes.Cassette(header=header, interactions=tuple(map(_without_accept, interactions))),
        left_out=len(found) - len(kept),
    )


def _without_accept(interaction: cassettes.Interaction) -> cassettes.Interaction:
    # korus does not send the `accept` of another client
    headers = {
        name: values
        for name, values in interaction.request.headers.items()
        if name not in {"accept", "accept-language"}
    }
    return evolve(interaction, request=evolve(interaction.request, headers=headers))


def _of_the_api(found: list[_Taken]) -> list[_Taken]:
    description = shipped.description()
    named = [one.exchange.response_body.decode("latin-1").replace("\\/", "/") for one in found]

    def belongs(one: Exchange) -> bool:
        if one.method.upper() == "OPTIONS" or one.status not in _STATUSES or not one.uri:
            return False  # a preflight request of a browser, or a request without an answer
        return (
            description.covers(urlsplit(one.uri).path)
            or b"grant_type=" in one.request_body
            or any(one.uri.partition("?")[0] in text for text in named)
        )

    return [one for one in found if belongs(one.exchange)]


def _read(path: Path) -> list[_Taken]:
    try:
        content = path.read_text(encoding="utf-8-sig")
        document = _parsed(content, path.suffix.lower())
        return sorted(_taken(document), key=lambda one: one.moment.timestamp() if one.moment else 0.0)
    except RecursionError:
        raise ImportFailed(
            f"{path}: cannot be read as HAR, vcrpy or cassetter (it is nested too deeply)"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else " ".join(str(error).split())[:200]
        raise ImportFailed(f"{path}: cannot be read as HAR, vcrpy or cassetter ({reason})") from error


def _parsed(content: str, suffix: str) -> Any:
    if suffix == ".toml":
        return tomllib.loads(content)
    if suffix in {".json", ".har"} or content.lstrip()[:1] == "{":
        return json.loads(content)
    return yaml.load(content, Loader=_Loader)  # noqa: S506 - the safe loader, which reads vcrpy's !!binary


def _taken(document: Any) -> list[_Taken]:
    if not is_mapping(document):
        raise ValueError("it is not a mapping")
    if "cassette" in document:
        raise ValueError("it is a cassette of korus already")
    if is_mapping(document.get("log")):
        return [_from_har(one) for one in as_list(document["log"].get("entries"))]
    found = document.get("interactions", document.get("http_interactions"))
    if not is_list(found):
        raise ValueError("it has neither `log` nor `interactions`")
    return [_from_cassetter(one) if _is_cassetter(one) else _from_vcrpy(one) for one in found]


def _from_har(entry: Any) -> _Taken:
    request, response = entry["request"], entry["response"]
    posted = as_mapping(request.get("postData"))
    content = as_mapping(response.get("content"))
    text, size = _har_text(content), content.get("size")
    is_missing = not text and isinstance(size, int) and size > 0
    if posted.get("params") and not posted.get("text"):
        body = urlencode([(one["name"], one.get("value", "")) for one in posted["params"]]).encode()
    else:
        body = _har_text(posted)
    # the body is decoded there
    headers = {name: values for name, values in _har_headers(response).items() if name != "content-encoding"}
    return _Taken(
        Exchange(
            method=request["method"],
            uri=_address(request["url"]),
            request_headers=_with_type(_har_headers(request), posted),
            request_body=body,
            status=int(response["status"]),
            reason=str(response.get("statusText") or ""),
            response_headers=_with_type(headers, content),
            response_body=text,
        ),
        _moment(entry.get("startedDateTime")),
        f"its {size} bytes are not in the file, save it with content" if is_missing else "",
    )


def _har_text(holder: Mapping[str, Any]) -> bytes:
    text = str(holder.get("text") or "")
    return base64.b64decode(text) if holder.get("encoding") == "base64" else text.encode()


def _with_type(headers: dict[str, tuple[str, ...]], holder: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    kind = holder.get("mimeType")
    return {"content-type": (str(kind),), **headers} if kind else headers


def _address(written: Any) -> str:
    """Return an address without its credentials; empty if it cannot be parsed."""
    try:
        split = urlsplit(str(written))
    except ValueError:
        return ""
    return (
        split._replace(netloc=split.netloc.rpartition("@")[2]).geturl()
        if "@" in split.netloc
        else str(written)
    )


def _har_headers(holder: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return _headers((one["name"], one.get("value", "")) for one in as_list(holder.get("headers")))


def _headers(pairs: Iterable[tuple[Any, Any]]) -> dict[str, tuple[str, ...]]:
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if not str(name).startswith(":"):
            headers[str(name).lower()] = (*headers.get(str(name).lower(), ()), str(value))
    return headers


def _from_vcrpy(entry: Any) -> _Taken:
    request, response = entry["request"], entry["response"]
    headers = _listed(response.get("headers"))
    # some names are those of vcrpy before its version 6, when it recorded httpx
    body, trouble = _plain(_bytes(response.get("body", response.get("content"))), headers)
    status = response["status"] if "status" in response else response["status_code"]
    sent = next(iter(headers.get("date", ())), None)
    return _Taken(
        Exchange(
            method=request["method"],
            uri=_address(request.get("uri") or request["url"]),
            request_headers=_listed(request.get("headers")),
            request_body=_bytes(request.get("body")),
            status=int(status["code"] if is_mapping(status) else status),
            reason=str((status.get("message") if is_mapping(status) else None) or ""),
            response_headers={name: found for name, found in headers.items() if name != "content-encoding"},
            response_body=body,
        ),
        _moment(sent),
        trouble,
    )


def _is_cassetter(entry: Any) -> bool:
    request = entry["request"]
    return "body_type" in request or (is_mapping(request.get("body")) and "type" in request["body"])


def _from_cassetter(entry: Any) -> _Taken:
    request, response = entry["request"], entry["response"]
    headers = _listed(response.get("headers"))
    body, trouble = _plain(_typed(response), headers)
    return _Taken(
        Exchange(
            method=request["method"],
            uri=_address(request["uri"]),
            request_headers=_listed(request.get("headers")),
            request_body=_typed(request),
            status=int(response["status"]),
            reason="",
            response_headers={name: found for name, found in headers.items() if name != "content-encoding"},
            response_body=body,
        ),
        _moment(entry.get("recorded_at")),
        trouble,
    )


def _typed(holder: Mapping[str, Any]) -> bytes:
    """Read a body as cassetter writes it: a type, and its content as text, JSON or hexadecimal digits."""
    body = as_mapping(holder.get("body"))
    kind, content = holder.get("body_type", body.get("type")), holder.get("body_content", body.get("content"))
    if kind == "json" and "body_content" in holder:
        return str(content).encode()
    if kind == "json":
        return json.dumps(content, ensure_ascii=False).encode()
    if kind == "binary":
        return bytes.fromhex(str(content))
    if kind not in {"text", "none", None}:
        raise ValueError(f"a body of the type {kind!r} is not known")
    return str(content).encode() if kind == "text" else b""


def _listed(headers: Any) -> dict[str, tuple[str, ...]]:
    return _headers(
        (name, value)
        for name, values in as_mapping(headers).items()
        for value in (values if is_list(values) else [values])
    )


def _bytes(body: Any) -> bytes:
    if is_mapping(body):
        if body.get("base64_string") is not None:
            return base64.b64decode(str(body["base64_string"]))
        body = body.get("string")
    return body if isinstance(body, bytes) else str(body or "").encode()


def _plain(content: bytes, headers: Mapping[str, tuple[str, ...]]) -> tuple[bytes, str]:
    """Undo a content encoding; return the body, and why it could not be decoded. Plain bodies stay as they are."""
    encoding = ", ".join(headers.get("content-encoding", ()))
    with contextlib.suppress(bodies.BodyUnreadable):
        return bodies.decode_content(content, encoding), ""
    try:
        plain = httpx.Response(200, headers={"content-encoding": encoding}, content=content).content
    except httpx.DecodingError:
        plain = content
    if plain != content and not re.search("br|zstd", encoding):
        return content, f"it is cut short ({encoding})"
    if plain == content and bodies.is_json(next(iter(headers.get("content-type", ())), None)):
        try:
            content.decode()
        except UnicodeDecodeError:
            return content, f"it is in {encoding}, which needs httpx[brotli,zstd]"
    return plain, ""


def _moment(written: Any) -> dt.datetime | None:
    if isinstance(written, dt.datetime):
        return written if written.tzinfo else written.replace(tzinfo=dt.UTC)
    if not isinstance(written, str):
        return None
    try:
        found = dt.datetime.fromisoformat(written)
    except ValueError:
        try:
            found = email.utils.parsedate_to_datetime(written)
        except ValueError:
            return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
