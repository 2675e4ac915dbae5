"""Playback of a cassette: each request is answered by the first matching interaction that has not been played.

Candidates are looked up by method and form of the path, so a scenario that keeps the order of its recording compares
each request about once, whatever its length.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from korus.testing.cassettes import RecordedRequest
    from korus.testing.matching import Difference, MadeRequest, Matcher

__all__ = ["Playback"]

_WORD = re.compile(r"[a-z_]+")


def _form(method: str, uri: str) -> str:
    """Return what a request and its recording have in common, whatever the pseudonyms."""
    path = urlsplit(uri).path.split("/")
    return " ".join((method.upper(), *(one if _WORD.fullmatch(one) else "*" for one in path)))


def _exactly(method: str, uri: str, body: Mapping[str, Any]) -> str:
    """Return what a request and its recording have in common if no pseudonym is in them."""
    split = urlsplit(uri)
    said = next((body[key] for key in ("json", "form", "text") if key in body), None)
    return json.dumps([method.upper(), split.path, split.query, said], sort_keys=True)


@define
class Playback:
    """The recorded requests of a cassette and which of them have been played.

    Attributes:
        requests: The recorded requests.
        matcher: Compares them with those being made.
        compared: How many comparisons were made.
    """

    requests: Sequence[RecordedRequest]
    matcher: Matcher
    compared: int = 0
    _open: dict[str, dict[int, None]] = field(factory=dict[str, "dict[int, None]"])
    _exact: dict[str, dict[int, None]] = field(factory=dict[str, "dict[int, None]"])
    _played: set[int] = field(factory=set[int])

    def __attrs_post_init__(self) -> None:
        for number, one in enumerate(self.requests):
            self._open.setdefault(_form(one.method, one.uri), {})[number] = None
            self._exact.setdefault(_exactly(one.method, one.uri, one.body), {})[number] = None

    def take(self, made: MadeRequest) -> int | None:
        """Play the interaction that answers a request, and return its number; None if none does."""
        word_for_word = self._exact.get(_exactly(made.method, made.uri, made.body), {})
        for number in (
            *itertools.islice(word_for_word, 1),
            *self._open.get(_form(made.method, made.uri), {}),
        ):
            self.compared += 1
            one = self.requests[number]
            if self.matcher.matches(one, made):
                del self._open[_form(one.method, one.uri)][number]
                del self._exact[_exactly(one.method, one.uri, one.body)][number]
                self._played.add(number)
                return number
        return None

    @property
    def unplayed(self) -> tuple[int, ...]:
        """The numbers of the interactions that no request has asked for yet."""
        return tuple(number for number in range(len(self.requests)) if number not in self._played)

    def differences(self, made: MadeRequest) -> Iterator[tuple[int, RecordedRequest, list[Difference]]]:
        """Yield the differences of a request from each recorded one."""
        for number, one in enumerate(self.requests):
            yield number, one, self.matcher.differences(one, made)
