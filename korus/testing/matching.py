"""Matching of requests with recorded ones, and the differences to the nearest if none matches.

The comparison covers the method, the destination (API, token endpoint or storage, and encrypted or not), the path, the
headers that korus sets, the query regardless of order and of default values, and the body: JSON by value, a form by its
pairs, anything else by its bytes. A pseudonym in the recording matches the value that it was made from; a pseudonym for
a secret matches any value. Volatile places of the cassette are left out.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from attrs import field, frozen

from korus.testing import bodies, stand_ins
from korus.testing.plainvalues import is_list, is_mapping
from korus.testing.pseudonyms import SECRET_KINDS, UUID, Pseudonyms, is_own_identifier, kind_of, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from korus.testing.cassettes import RecordedRequest

__all__ = ["Difference", "MadeRequest", "Matcher", "describe", "roles_of"]

_MISSING = object()
_API = re.compile(r"/v[0-9]+/")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# a version that requires a parameter gets the value that a former one took for granted (reference 1.7, 3.19)
_DEFAULTS = {"page": "1", "itemsPerPage": "10", "withDisabled": "false"}
_SHOWN = 200


@frozen
class Difference:
    """One difference between a request and the recorded one.

    Attributes:
        place: ``method``, ``host``, ``scheme``, ``path``, ``header x``, ``query x`` or ``body /pointer``.
        recorded: The value in the cassette, ``nothing`` if it has none.
        sent: The value in the request.
    """

    place: str
    recorded: str
    sent: str

    def __str__(self) -> str:
        return f"{self.place}: recorded {self.recorded}, sent {self.sent}"


@frozen(kw_only=True)
class MadeRequest:
    """A request that asks for a recorded answer.

    Attributes:
        method: The HTTP method.
        uri: The whole address.
        headers: Lower-case names to values.
        content: The bytes of the body.
    """

    method: str
    uri: str
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    content: bytes = field(default=b"", repr=False)

    @property
    def content_type(self) -> str | None:
        """Return the value of a header, None if it is not there."""
        return self.headers.get("content-type")

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """The body as in a recording."""
        return bodies.parsed(self.content, self.content_type)

    @cached_property
    def asked(self) -> tuple[SplitResult, Mapping[str, list[str]]]:
        """The parts of the address, and its query without defaults."""
        split = urlsplit(self.uri)
        return split, _asked(split.query)


def roles_of(requests: Iterable[RecordedRequest]) -> dict[str, str]:
    """Return the role of each recorded host: ``the API`` or ``storage``; requests for tokens show by themselves."""
    roles: dict[str, str] = {}
    for one in requests:
        if not _is_for_token(one.body):
            host = urlsplit(one.uri).netloc
            # the API may also serve files: the more frequent role counts
            role = _role(one.uri, authorized="authorization" in one.headers)
            roles[host] = role if roles.get(host) != "the API" else "the API"
    return roles


def _role(uri: str, *, authorized: bool) -> str:
    return "the API" if authorized or _API.search(urlsplit(uri).path) else "storage"


def _is_for_token(body: Mapping[str, Any]) -> bool:
    return any(name == "grant_type" for name, *_ in body.get("form", ()))


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, bytes) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


@frozen
class Matcher:
    """Compares requests with those of one cassette.

    Attributes:
        pseudonyms: Makes the cassette's pseudonyms, None without its key: then a pseudonym matches any value of a
            request, but always the same one.
        volatile: The places that are not compared, as in the cassette's header.
        roles: The roles of the recorded hosts, see `roles_of`.
    """

    pseudonyms: Pseudonyms | None = None
    volatile: Sequence[str] = field(default=())
    roles: Mapping[str, str] = field(factory=dict[str, str])

    def differences(self, recorded: RecordedRequest, made: MadeRequest) -> list[Difference]:
        """Return all places where the request differs from the recorded one, none if it matches."""
        return list(self._differences(recorded, made))

    def matches(self, recorded: RecordedRequest, made: MadeRequest) -> bool:
        """Return True if the recorded request is the one being made."""
        return next(self._differences(recorded, made), None) is None

    def _differences(self, recorded: RecordedRequest, made: MadeRequest) -> Iterator[Difference]:
        seen: dict[str, str] = {}
        if recorded.method != made.method.upper():
            yield Difference("method", recorded.method, made.method.upper())
        one = urlsplit(recorded.uri)
        other, asked = made.asked
        if not self._same(unquote(one.path), unquote(other.path), seen):
            yield Difference("path", one.path, other.path)
        yield from self._targets(recorded, made)
        yield from _headers(recorded, made)
        yield from self._pairs("query", _asked(one.query), asked, seen)
        yield from self._bodies(recorded, made, seen)

    def _targets(self, recorded: RecordedRequest, made: MadeRequest) -> Iterator[Difference]:
        one, other = urlsplit(recorded.uri), made.asked[0]
        if not (one.netloc and other.netloc):
            return
        wanted = self._role(recorded.uri, recorded.body, recorded.headers)
        role = self._role(made.uri, made.body, made.headers)
        if wanted != role:
            yield Difference("host", f"{wanted} ({one.netloc})", f"{role} ({other.netloc})")
        if one.scheme != other.scheme and other.hostname not in _LOOPBACK:
            yield Difference("scheme", one.scheme, other.scheme)

    def _role(self, uri: str, body: Mapping[str, Any], headers: Mapping[str, Any]) -> str:
        if _is_for_token(body):
            return "the token endpoint"
        return self.roles.get(urlsplit(uri).netloc) or _role(uri, authorized="authorization" in headers)

    def _pairs(
        self,
        place: str,
        recorded: Mapping[str, list[str]],
        sent: Mapping[str, list[str]],
        seen: dict[str, str],
    ) -> Iterator[Difference]:
        for name in dict.fromkeys((*recorded, *sent)):
            if f"?{name}" in self.volatile or (place == "body" and f"/{name}" in self.volatile):
                continue
            one, other = recorded.get(name), sent.get(name)
            if (
                one is None
                or other is None
                or len(one) != len(other)
                or not all(self._same(left, right, seen) for left, right in zip(one, other, strict=True))
            ):
                yield Difference(
                    f"{place} {name}",
                    _shown(_MISSING if one is None else one),
                    _shown(_MISSING if other is None else other),
                )

    def _bodies(
        self, recorded: RecordedRequest, made: MadeRequest, seen: dict[str, str]
    ) -> Iterable[Difference]:
        sent = made.body
        if "form" in recorded.body and "form" in sent:
            return list(self._pairs("body", _grouped(recorded.body["form"]), _grouped(sent["form"]), seen))
        one, other = bodies.value(recorded.body, _MISSING), bodies.value(sent, _MISSING)
        if one is not _MISSING and other is not _MISSING:
            return list(self._values(one, other, "", seen))
        if recorded.content == made.content:
            return []
        if stand_ins.same_content(recorded.content, made.content, made.content_type, self.pseudonyms):
            return []
        texts = recorded.body.get("text"), sent.get("text")
        if isinstance(texts[0], str) and isinstance(texts[1], str) and self._same(texts[0], texts[1], seen):
            return []
        return [
            Difference(
                "body",
                _shown(recorded.content if one is _MISSING else one) if recorded.body else "nothing",
                _shown(made.content if other is _MISSING else other) if sent else "nothing",
            )
        ]

    def _values(self, one: Any, other: Any, pointer: str, seen: dict[str, str]) -> Iterator[Difference]:
        if any(_covers(volatile, pointer) for volatile in self.volatile):
            return
        if is_mapping(one) and is_mapping(other):
            left, right = one, other
            for key in dict.fromkeys((*left, *right)):
                step = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
                yield from self._values(left.get(key, _MISSING), right.get(key, _MISSING), step, seen)
        elif is_list(one) and is_list(other):
            items, others = one, other
            for number in range(max(len(items), len(others))):
                yield from self._values(
                    items[number] if number < len(items) else _MISSING,
                    others[number] if number < len(others) else _MISSING,
                    f"{pointer}/{number}",
                    seen,
                )
        elif not self._leaf(one, other, seen):
            yield Difference(f"body {pointer or '/'}", _shown(one), _shown(other))

    def _leaf(self, one: Any, other: Any, seen: dict[str, str]) -> bool:
        if isinstance(one, str) and isinstance(other, str):
            return self._same(one, other, seen)
        number = isinstance(one, int) and isinstance(other, int) and not isinstance(one, bool)
        if number and not isinstance(other, bool) and one != other:
            return kind_of(str(one)) is not None and self._same(str(one), str(other), seen)
        return type(one) is type(other) and one == other

    def _same(self, recorded: str, sent: str, seen: dict[str, str]) -> bool:
        """Return True if a recorded text is the sent one, or the sent one with pseudonyms in it."""
        if recorded == sent:
            return True
        pattern, stand_ins = _as_pattern(recorded)
        if not stand_ins:
            return False
        found = re.fullmatch(pattern, sent, re.DOTALL)
        return found is not None and all(
            self._stands_for(stand_in, value, seen)
            for stand_in, value in zip(stand_ins, found.groups(), strict=True)
        )

    def _stands_for(self, stand_in: str, value: str, seen: dict[str, str]) -> bool:
        if value == stand_in:
            return True
        split = UUID.fullmatch(stand_in)
        if split is not None:
            other = UUID.fullmatch(value)
            return other is not None and other[1].lower() == split[1].lower()
        kind = kind_of(stand_in)
        if kind is None or kind in SECRET_KINDS:
            return kind is not None
        if self.pseudonyms is not None:
            return self.pseudonyms.replace(kind, value) == stand_in
        return seen.setdefault(stand_in, value) == value


def _headers(recorded: RecordedRequest, made: MadeRequest) -> Iterator[Difference]:
    """Yield the differences of the headers that korus sets itself; of credentials only their kind."""
    if recorded.header("accept") is None:
        return  # not recorded by korus: written by hand, or imported without its headers
    for name, reduced in _COMPARED.items():
        one, other = reduced(recorded.header(name)), reduced(made.headers.get(name))
        if one != other:
            yield Difference(f"header {name}", one or "nothing", other or "nothing")


def _reduced(value: str | None) -> str:
    return re.sub(r"\s+", "", value or "").lower()


def _scheme(value: str | None) -> str:
    return (value or "").partition(" ")[0]


_COMPARED: Mapping[str, Callable[[str | None], str]] = {
    "accept": _reduced,
    "accept-language": _reduced,
    "authorization": _scheme,
    "content-type": bodies.media_type,
}


def _as_pattern(recorded: str) -> tuple[str, list[str]]:
    parts: list[str] = []
    stand_ins: list[str] = []
    for piece, own in pieces(recorded):
        position = 0
        if own:
            stand_ins.append(piece)
            parts.append("(.+?)")
            continue
        for found in UUID.finditer(piece):
            if not is_own_identifier(found[0]):
                continue
            parts += [re.escape(piece[position : found.start()]), "(.+?)"]
            stand_ins.append(found[0])
            position = found.end()
        parts.append(re.escape(piece[position:]))
    return "".join(parts), stand_ins


def _pairs(query: str) -> dict[str, list[str]]:
    return _grouped(parse_qsl(query, keep_blank_values=True))


def _asked(query: str) -> dict[str, list[str]]:
    """Return the parameters of a query without default values."""
    return {name: values for name, values in _pairs(query).items() if values != [_DEFAULTS.get(name)]}


def _grouped(pairs: Iterable[Sequence[str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(str(name), []).append(str(value))
    return grouped


def _covers(volatile: str, pointer: str) -> bool:
    wanted, steps = volatile.split("/"), pointer.split("/")
    return len(wanted) == len(steps) and all(
        one in {"*", other} for one, other in zip(wanted, steps, strict=True)
    )


def describe(
    made: MadeRequest, candidates: Sequence[tuple[int, RecordedRequest, list[Difference]]], cassette: str
) -> str:
    """Return the message for a request that no recorded one answers.

    Args:
        made: The request.
        candidates: The recorded requests with their numbers and differences; without any it has been played.
        cassette: The name of the file.
    """
    head = f"{made.method} {made.uri}\n  is answered by nothing in {cassette}."
    if not candidates:
        return (
            f"no cassette answers {made.method} {made.uri}: record it with --korus-record=missing\n"
            f"  It is answered by nothing in {cassette}. The cassette is empty or does not exist."
        )
    number, nearest, differences = min(candidates, key=_distance)
    if not differences:
        times = sum(not found for _, _, found in candidates)
        return (
            f"{head} It was recorded {times} {'time' if times == 1 else 'times'} (last as interaction "
            f"{[number for number, _, found in candidates if not found][-1]}) and has been played as often."
        )
    lines = "".join(
        f"\n    {one.place}\n      recorded  {one.recorded}\n      sent      {one.sent}"
        for one in differences
    )
    return (
        f"{head} The nearest is interaction {number}, {nearest.method} {nearest.uri}\n  It differs in{lines}"
        f"{_advice(differences)}"
    )


def _advice(differences: Sequence[Difference]) -> str:
    """Return advice about places that differ between runs, or hold a value with a pseudonym."""
    places = [
        f'"?{name}"' if kind == "query" else f'"{name if name.startswith("/") else f"/{name}"}"'
        for kind, _, name in (one.place.partition(" ") for one in differences)
        if kind in {"query", "body"} and name
    ]
    advice = ""
    if places:
        advice += (
            f"\n  What differs from run to run is left out by the marker: volatile=[{', '.join(places)}]."
        )
    if any(own for one in differences for _, own in pieces(one.recorded)):
        advice += (
            "\n  A pseudonym stands for the value that was sent when this was recorded; a value that has to come back "
            "as it was sent is korus_cassette.stand_in(kind, value)."
        )
    return advice


def _distance(candidate: tuple[int, RecordedRequest, list[Difference]]) -> tuple[int, int, int]:
    number, _, differences = candidate
    places = {one.place.partition(" ")[0] for one in differences}
    weight = 4 * ("path" in places) + 2 * ("method" in places) + ("body" in places) + ("query" in places)
    return weight, len(differences), number
