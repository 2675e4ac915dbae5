"""Read-only probe: every GET of the description, with ids from earlier answers; lists, filters and headers."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from korus.errors import DecodingFailed, KorusError
from korus.testing.bodies import BodyUnreadable
from korus.testing.conformance import DOCUMENTED, Checker
from korus.testing.plainvalues import as_list, as_mapping, is_list, is_mapping
from korus.testing.pseudonyms import Pseudonyms
from korus.testing.recording import interactions_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from korus import Korus
    from korus._http.raw_answers import RawAnswers
    from korus.doctor._recorder import Log
    from korus.doctor._report import Report
    from korus.testing.descriptions import Description, Operation
    from korus.testing.privacy import Exchange

__all__ = ["compare", "probe"]

_PARAMETER = re.compile(r"\{[^}]+\}")
_IRI = re.compile(r"/v[0-9]+/[A-Za-z0-9_\-./%~]{1,400}")
_PLACE = re.compile(r"/\d+(?=/|$)")
_PAGES = 3
_LONGEST_VALUE = 60
_CACHING = ("etag", "last-modified", "cache-control", "age", "vary")
# present in every document of this API, described or not (reference 8.8)
_JSON_LD = frozenset({"@context", "@id", "@type"})
_NOBODY = "korus-doctor-nothing"


class _Walk:
    """One run of the probe.

    Args:
        korus: The client.
        description: The API's description.
        log: The exchanges.
        report: The report.
        each: The number of objects of each kind to read.
    """

    def __init__(self, korus: Korus, description: Description, log: Log, report: Report, each: int) -> None:
        self.korus = korus
        self.description = description
        self.log = log
        self.report = report
        self.each = each
        self.iris: dict[str, None] = {}
        self.lists: dict[str, str] = {}
        self._tried: dict[str, set[str]] = defaultdict(set)
        self._seen: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def ask(
        self,
        operation: Operation,
        path: str,
        params: Mapping[str, str | int] | None = None,
        korus: Korus | None = None,
    ) -> tuple[int | None, Any, RawAnswers]:
        """Send a GET; return the status, the JSON (None without one) and the raw answers."""
        client = korus or self.korus
        with client.raw_answer() as raw:
            try:
                document = client.request("GET", path, params=params).json()
            except DecodingFailed:
                self._seen[operation.name][f"{raw.status} unreadable"] += 1
                self.report.differ(
                    "unreadable answer", operation.name, "", f"status {raw.status}, no JSON object"
                )
                return None, None, raw
            except KorusError as error:
                self._seen[operation.name][str(error.status or type(error).__name__)] += 1
                return error.status, None, raw
        self._seen[operation.name][str(raw.status)] += 1
        for iri in _iris(document):
            self.iris.setdefault(iri)
        return raw.status, document, raw

    def run(self) -> None:
        """Send every GET until nothing new is found."""
        reads = sorted(
            (one for one in self.description.operations if one.method == "GET"),
            key=lambda one: (one.path.count("{"), one.path),
        )
        # a list, so that every operation is tried
        while any([self._try(operation) for operation in reads]):  # noqa: C419
            pass
        for operation in reads:
            seen = self._seen[operation.name]
            text = ", ".join(f"{status} x {count}" for status, count in seen.items())
            self.report.operations[operation.name] = text or (
                "not tried: the limit of requests was reached"
                if self.log.is_exhausted
                else "not tried: no object of its kind was found"
            )
            if seen and set(seen) <= {"404", "405", "501"}:
                self.report.differ(
                    "operation", operation.name, "", f"it seems not to exist ({', '.join(seen)})"
                )

    def _try(self, operation: Operation) -> bool:
        """Read the remaining addresses of an operation; return True if there were any."""
        tried = self._tried[operation.name]
        before = len(tried)
        for path in list(self._paths(operation)):
            if self.log.is_exhausted or len(tried) >= self.each:
                break
            tried.add(path)
            self._read(operation, path)
        return len(tried) > before

    def _paths(self, operation: Operation) -> Iterator[str]:
        """Yield the untried addresses of an operation, from the IRIs that were found."""
        if "{" not in operation.path:
            paths = [operation.path]
        else:
            head, last, tail = _split(operation.path)
            pattern = _matcher(head + last)
            paths = [iri + tail for iri in self.iris if pattern.fullmatch(iri)]
        yield from (path for path in paths if path not in self._tried[operation.name])

    def _read(self, operation: Operation, path: str) -> None:
        status, document, _ = self.ask(operation, path)
        members = _members(document)
        if status != 200 or members is None:  # noqa: PLR2004
            return
        self.lists.setdefault(operation.name, path)
        for member in members:
            if not _IRI.fullmatch(str(as_mapping(member).get("@id"))):  # a server without IRIs
                key = as_mapping(member).get("id") or as_mapping(member).get("code")
                if key:
                    self.iris.setdefault(f"{path}/{quote(str(key), safe='')}")
        for page in range(2, _PAGES + 1):
            view = as_mapping(as_mapping(document).get("view") or as_mapping(document).get("hydra:view"))
            if self.log.is_exhausted or not (view.get("next") or view.get("hydra:next")):
                break
            status, document, _ = self.ask(operation, path, {"page": page})


def _matcher(template: str) -> re.Pattern[str]:
    """Return a pattern for the IRIs of a template."""
    return re.compile("[^/]+".join(map(re.escape, _PARAMETER.split(template))))


def _split(path: str) -> tuple[str, str, str]:
    """Split a path at its last parameter; return the parts before it, the parameter, and the parts after it."""
    found = list(_PARAMETER.finditer(path))[-1]
    return path[: found.start()], found[0], path[found.end() :]


def _iris(value: object) -> Iterator[str]:
    """Yield all IRIs of an answer."""
    if isinstance(value, str):
        if _IRI.fullmatch(value):
            yield value
    elif is_mapping(value):
        for one in cast("Mapping[str, object]", value).values():
            yield from _iris(one)
    elif is_list(value):
        for one in cast("list[object]", value):
            yield from _iris(one)


def _members(document: object) -> list[Any] | None:
    if not is_mapping(document):
        return None
    found = document.get("member", document.get("hydra:member"))
    return list(as_list(found)) if is_list(found) else None


def _total(document: object) -> int | None:
    mapping = as_mapping(document)
    found = mapping.get("totalItems", mapping.get("hydra:totalItems"))
    return found if isinstance(found, int) else None


def probe(korus: Korus, description: Description, log: Log, report: Report, *, quick: bool) -> None:
    """Read all readable resources, and add the results to the report."""
    walk = _Walk(korus, description, log, report, each=1 if quick else 3)
    walk.run()
    for name, path in walk.lists.items():
        operation = next(one for one in description.operations if one.name == name)
        _page_sizes(walk, operation, path)
        if not quick:
            _filters(walk, operation, path)
    _headers(walk)
    report.requests = log.sent


def _page_sizes(walk: _Walk, operation: Operation, path: str) -> None:
    """Request the largest page that the description allows."""
    sizes = [one for one in operation.parameters if one.name == "itemsPerPage"]
    if not sizes or walk.log.is_exhausted:
        return
    asked = as_mapping(sizes[0].schema).get("maximum")
    asked = asked if isinstance(asked, int) else 50
    status, document, _ = walk.ask(operation, path, {"itemsPerPage": asked})
    members, total = _members(document), _total(document)
    if status != 200 or members is None:  # noqa: PLR2004
        walk.report.differ("page size", operation.name, "itemsPerPage", f"{asked} was refused ({status})")
        return
    text = f"requested {asked}, received {len(members)}, total {'not sent' if total is None else total}"
    walk.report.observations[f"{operation.name}, page size"] = text
    if total is None:
        walk.report.differ("list", operation.name, "totalItems", "it is not sent")
    elif len(members) > total:
        walk.report.differ(
            "list", operation.name, "totalItems", f"it is less than the number received: {text}"
        )
    elif len(members) < min(asked, total):
        walk.report.differ("page size", operation.name, "itemsPerPage", f"capped at {len(members)}: {text}")
    elif len(members) > asked:
        walk.report.differ("page size", operation.name, "itemsPerPage", f"ignored: {text}")


# by the end of a filter's name, a value that matches nothing
_FILTERS = {"reference": _NOBODY, "[after]": "2199-01-01", "[before]": "1970-01-01"}


def _filters(walk: _Walk, operation: Operation, path: str) -> None:
    """Send filters that match nothing, and both directions of each sort order."""
    known = {one.name for one in operation.parameters}
    plain = walk.ask(operation, path)[1]
    total = _total(plain)
    for name in sorted(known):
        value = next((value for end, value in _FILTERS.items() if name.lower().endswith(end)), None)
        if value is None or walk.log.is_exhausted or not total:
            continue
        status, document, _ = walk.ask(operation, path, {name: value})
        found = _total(document)
        works = status == 200 and found == 0  # noqa: PLR2004
        walk.report.observations[f"{operation.name}, filter {name}"] = (
            "works" if works else f"status {status}, {found} of {total} items left"
        )
        if not works:
            text = f"it does not filter: {found} of {total} items are left" if found else f"status {status}"
            walk.report.differ("filter", operation.name, name, text)
    for name in sorted(one for one in known if one.startswith("order[")):
        if walk.log.is_exhausted or not total or total < 2:  # noqa: PLR2004
            continue
        firsts = [
            next(iter(_members(walk.ask(operation, path, {name: sort})[1]) or ()), None)
            for sort in ("asc", "desc")
        ]
        if None in firsts:
            continue
        same = as_mapping(firsts[0]).get("@id") == as_mapping(firsts[1]).get("@id")
        walk.report.observations[f"{operation.name}, {name}"] = "no visible effect" if same else "works"


def _headers(walk: _Walk) -> None:
    """Record the headers of answers, and try a conditional request and other languages."""
    seen: dict[str, set[str]] = defaultdict(set)
    for one in walk.log.exchanges:
        for name in one.response_headers:
            seen[name].add(f"{one.method} {one.status}")
    notes = walk.report.observations
    notes["caching headers"] = ", ".join(name for name in _CACHING if name in seen) or "none"
    notes["rate limit headers"] = (
        ", ".join(sorted(name for name in seen if "ratelimit" in name or name == "retry-after")) or "none"
    )
    ids = [name for name in ("x-request-id", "request-id", "x-correlation-id") if name in seen]
    notes["request id"] = ", ".join(ids) or "none"
    if not ids:
        walk.report.step(
            "probe", "request id", "warning", "answers have none", "Ask the operator of the API for one."
        )
    if not walk.lists or walk.log.is_exhausted:
        return
    listed, path = next(
        ((name, path) for name, path in walk.lists.items() if "catalogs" in name),
        next(iter(walk.lists.items())),
    )
    operation = next(one for one in walk.description.operations if one.name == listed)
    _, _, raw = walk.ask(operation, path)
    etag = raw.headers.get("etag")
    if etag and etag.isascii() and not walk.log.is_exhausted:
        conditional = walk.korus.with_options(extra_headers={"If-None-Match": etag})
        status, _, _ = walk.ask(operation, path, None, conditional)
        notes["If-None-Match"] = "304" if status == 304 else f"ignored ({status})"  # noqa: PLR2004
    texts: dict[str, tuple[str, str | None]] = {}
    for language in ("fr", "en"):
        if not walk.log.is_exhausted:
            _, document, raw = walk.ask(operation, path, None, walk.korus.with_options(language=language))
            texts[language] = json.dumps(document, sort_keys=True), raw.headers.get("content-language")
    if len(texts) == 2:  # noqa: PLR2004
        said = ", ".join(str(one[1]) for one in texts.values() if one[1]) or "no Content-Language"
        differ = "texts differ" if texts["fr"][0] != texts["en"][0] else "texts are the same"
        notes["languages fr and en"] = f"{differ}, {said}"


def compare(report: Report, log: Log, description: Description, key: bytes, secrets: tuple[str, ...]) -> None:
    """Compare all answers with the description; private data is concealed first."""
    checker, pseudonyms = Checker(description), Pseudonyms(key)
    try:
        interactions = interactions_of(log.exchanges, pseudonyms, secrets=secrets)
    except BodyUnreadable:
        readable = [one for one in log.exchanges if _is_readable(one, pseudonyms)]
        interactions = interactions_of(readable, pseudonyms, secrets=secrets)
    for interaction in interactions:
        if interaction.request.header("if-none-match") or interaction.response.status == 304:  # noqa: PLR2004
            continue
        examination = checker.examine(interaction)
        for finding in examination.findings:
            if finding.kind == DOCUMENTED or not finding.operation:
                continue
            if finding.kind == "undocumented field" and finding.pointer.rpartition("/")[2] in _JSON_LD:
                continue
            place = f"{finding.part} {_PLACE.sub('/*', finding.pointer)}"
            report.differ(
                finding.kind, finding.operation, place, _told(finding.kind, finding.value, finding.message)
            )


def _is_readable(exchange: Exchange, pseudonyms: Pseudonyms) -> bool:
    """Return False if it may contain private data that cannot be recognised; the probe has reported it."""
    try:
        interactions_of((exchange,), pseudonyms)
    except BodyUnreadable:
        return False
    return True


def _told(kind: str, value: object, message: str) -> str:
    if kind == "unknown enum value":
        return f"{json.dumps(value, ensure_ascii=False, default=str)[:_LONGEST_VALUE]} is not documented"
    if kind == "undocumented field":
        return f"a field of type {_type(value)} that the description does not have"
    if kind == "undocumented status":
        return f"status {str(value)[:_LONGEST_VALUE]} is not documented"
    if kind == "missing":
        return "a required field is missing"
    return f"a value of type {_type(value)} is not as described ({kind})" if message else kind


def _type(value: object) -> str:
    for kind, name in (
        (bool, "boolean"),
        (str, "string"),
        (int, "integer"),
        (float, "number"),
        (type(None), "null"),
    ):
        if isinstance(value, kind):
            return name
    return "list" if is_list(value) else "object"
