"""vcrpy with the cassettes of korus: how exchanges get into a file, and how it answers requests.

`open_cassette` gives a context manager in which every httpx client, of either colour, is recorded or answered.
The file's form, the pseudonyms and the matching are in their own modules; here they are tied to vcrpy.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import vcr  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
from attrs import define, evolve, field

from korus.testing import bodies, cassettes
from korus.testing.matching import Difference, MadeRequest, Matcher, describe
from korus.testing.privacy import Exchange, conceal
from korus.testing.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

__all__ = ["NotRecorded", "Tape", "interactions_of", "now", "open_cassette"]

# vcrpy has no types; what is taken from it is named here once
_vcr: Any = vcr
_VcrCassette: Any = _vcr.cassette.Cassette
_CassetteNotFoundError: Any = _vcr.cassette.CassetteNotFoundError
_VcrRequest: Any = _vcr.request.Request
_RecordMode: Any = _vcr.record_mode.RecordMode

_AT = "korus at"  # where vcrpy's answers carry the moment of a recorded one
_NO_CONTENT = frozenset({204, 304})


class NotRecorded(AssertionError):
    """A request that no recorded interaction answers; the text names the nearest and the differences."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args


def interactions_of(
    exchanges: Iterable[Exchange],
    pseudonyms: Pseudonyms,
    *,
    secrets: Iterable[str] = (),
    moments: Iterable[float] = (),
) -> tuple[cassettes.Interaction, ...]:
    """Exchanges as they stand in a cassette: nothing private, bodies structured.

    Args:
        exchanges: What went over the wire.
        pseudonyms: Makes the pseudonyms.
        secrets: Values known to be secret, whatever they are called where they stand.
        moments: For each exchange the seconds from the beginning to its answer, if they were measured.

    Raises:
        BodyUnreadable: A body cannot be read, so nobody can say that nothing private is in it.
    """
    return tuple(
        cassettes.Interaction(
            at=round(at, 3),
            request=cassettes.RecordedRequest(
                method=one.method.upper(),
                uri=one.uri,
                headers=one.request_headers,
                body=bodies.record(
                    one.request_body, next(iter(one.request_headers.get("content-type", ())), None)
                ),
            ),
            response=cassettes.RecordedResponse(
                status=one.status,
                reason=one.reason,
                headers=one.response_headers,
                body=bodies.record(
                    one.response_body, next(iter(one.response_headers.get("content-type", ())), None)
                ),
            ),
        )
        for one, at in zip(
            conceal(exchanges, pseudonyms, secrets=secrets),
            itertools.chain(moments, itertools.repeat(0.0)),
            strict=False,
        )
    )


@define(eq=False)
class _Persister:
    """vcrpy's persister for one cassette: it knows the header that the file is to have."""

    header: cassettes.Header
    pseudonyms: Pseudonyms
    secrets: Sequence[str]
    anew: bool
    loaded: cassettes.Cassette | None = None
    recorded: list[Exchange] = field(factory=list[Exchange])
    moments: list[float] = field(factory=list[float])

    def load_cassette(self, cassette_path: str, serializer: object) -> tuple[list[Any], list[dict[str, Any]]]:
        del serializer  # the form of the file is ours
        path = Path(cassette_path)
        if self.anew or not path.is_file():
            raise _CassetteNotFoundError
        self.loaded = cassettes.read(path)
        return (
            [_to_vcr_request(one.request) for one in self.loaded.interactions],
            [{**_to_vcr_response(one.response), _AT: one.at} for one in self.loaded.interactions],
        )

    def save_cassette(self, cassette_path: str, cassette_dict: dict[str, Any], serializer: object) -> None:
        # vcrpy would stay patched in if this raised, so the file is written when vcrpy is out of the way
        del cassette_path, serializer
        self.recorded = [
            _from_vcr(request, response)
            for request, response in zip(cassette_dict["requests"], cassette_dict["responses"], strict=True)
        ]
        self.moments = [float(response.get(_AT, 0.0)) for response in cassette_dict["responses"]]

    def write(self, path: Path) -> None:
        """Write what was recorded."""
        cassettes.write(
            path,
            cassettes.Cassette(
                header=evolve(self.header, pseudonyms="public" if self.pseudonyms.public else "private"),
                interactions=interactions_of(
                    self.recorded, self.pseudonyms, secrets=self.secrets, moments=self.moments
                ),
            ),
        )


def _to_vcr_request(recorded: cassettes.RecordedRequest) -> Any:
    headers = {name: values[0] for name, values in recorded.headers.items() if values}
    return _VcrRequest(recorded.method, recorded.uri, recorded.content, headers)


def _to_vcr_response(recorded: cassettes.RecordedResponse) -> dict[str, Any]:
    content = recorded.content
    headers = {name: list(values) for name, values in recorded.headers.items()}
    if recorded.status not in _NO_CONTENT:
        headers["content-length"] = [str(len(content))]
    return {
        "status": {"code": recorded.status, "message": recorded.reason},
        "headers": headers,
        "body": {"string": content},
    }


def _from_vcr(request: Any, response: dict[str, Any]) -> Exchange:
    content = response["body"]["string"]
    return Exchange(
        method=str(request.method),
        uri=str(request.uri),
        request_headers={str(name).lower(): (str(value),) for name, value in request.headers.items()},
        request_body=_bytes(request.body),
        status=int(response["status"]["code"]),
        reason=str(response["status"]["message"] or ""),
        response_headers={str(name).lower(): tuple(values) for name, values in response["headers"].items()},
        response_body=_bytes(content),
    )


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return bytes(body.read())
    return b"".join(cast("Iterable[bytes]", body))


@define
class RecordedClock:
    """The time of a recording: it goes on by itself, and is set by each answer that is played.

    A program that waits for a moment that an answer names waits as long as it did when it was recorded, and asks as
    often.
    """

    _at: float = 0.0
    _since: float = field(factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds since the recording began."""
        return self._at + time.monotonic() - self._since

    def move(self, at: float) -> None:
        """Be at the moment of a recorded answer."""
        self._at, self._since = at, time.monotonic()


class _Cassette(_VcrCassette):  # type: ignore[misc]  # vcrpy has no types
    """vcrpy's cassette with the matching of korus, and with a memory of what nothing answered."""

    korus_matcher: Matcher
    korus_name: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.unanswered: list[str] = []
        self.korus_lock = threading.RLock()
        self.korus_clock = RecordedClock()
        self._parent().__init__(*args, **kwargs)

    def _differences(
        self, made: MadeRequest
    ) -> Iterator[tuple[int, cassettes.RecordedRequest, list[Difference]]]:
        for number, (stored, _) in enumerate(self.data):
            recorded = cassettes.RecordedRequest(
                method=str(stored.method),
                uri=str(stored.uri),
                body=bodies.record(_bytes(stored.body), stored.headers.get("content-type")),
            )
            yield number, recorded, self.korus_matcher.differences(recorded, made)

    def _responses(self, request: Any) -> Iterator[tuple[int, Any]]:
        made = _made(request)
        for number, _, differences in self._differences(made):
            if not differences:
                yield number, self.data[number][1]

    def can_play_response_for(self, request: Any) -> bool:
        with self.korus_lock:
            playable = bool(self._parent().can_play_response_for(request))
            if playable or not self.write_protected:
                return playable
            made = _made(request)
            reason = describe(made, list(self._differences(made)), self.korus_name)
            self.unanswered.append(reason)
            raise NotRecorded(reason)

    def _parent(self) -> Any:
        return super()

    def append(self, request: Any, response: dict[str, Any]) -> None:
        with self.korus_lock:
            # while the file is loaded its answers have their moment already
            self._parent().append(request, {_AT: self.korus_clock.seconds, **response})

    def play_response(self, request: Any) -> Any:
        with self.korus_lock:
            unplayed = (at for at, _ in self._responses(request) if not self.play_counts[at])
            number = next(unplayed, None)
            response = self._parent().play_response(request)
            self.korus_clock.move(response.get(_AT, 0.0))
            return response if number is None else _as_asked(response, self.data[number][0], request)


def _as_asked(response: dict[str, Any], recorded: Any, asked: Any) -> dict[str, Any]:
    """Return an answer that names what was asked for by the ids that were asked with, not by their pseudonyms."""
    ids = {
        (one.encode(), other.encode())
        for one, other in zip(
            urlsplit(str(recorded.uri)).path.split("/"),
            urlsplit(str(asked.uri)).path.split("/"),
            strict=False,
        )
        if one != other and one and other
    }
    content = _bytes(response["body"]["string"]) if ids else b""
    for pseudonym, plain in ids:
        content = content.replace(pseudonym, plain)
    return {**response, "body": {**response["body"], "string": content}} if ids else response


def _made(request: Any) -> MadeRequest:
    return MadeRequest(
        method=str(request.method),
        uri=str(request.uri),
        content_type=request.headers.get("content-type"),
        content=_bytes(request.body),
    )


@define(eq=False)
class Tape:
    """An open cassette.

    Attributes:
        path: The file.
        recording: Whether requests go out and are recorded; otherwise the file answers them.
        header: The header that the file has or will have.
    """

    path: Path
    recording: bool
    header: cassettes.Header
    _cassette: _Cassette
    _keep: bool = field(default=True)

    def discard(self) -> None:
        """Do not write what was recorded, because the story went wrong."""
        self._keep = False

    def now(self) -> dt.datetime:
        """What time it is in the recording, in UTC."""
        return self.header.recorded_at + dt.timedelta(seconds=self._cassette.korus_clock.seconds)

    @property
    def kept(self) -> bool:
        """Whether what was recorded is to be written."""
        return self._keep

    @property
    def unanswered(self) -> tuple[str, ...]:
        """A description of every request that nothing answered."""
        return tuple(self._cassette.unanswered)

    @property
    def unplayed(self) -> tuple[str, ...]:
        """Every recorded interaction that no request asked for, as ``number: METHOD address``."""
        if self.recording:
            return ()
        return tuple(
            f"{number}: {request.method} {request.uri}"
            for number, (request, _) in enumerate(self._cassette.data)
            if not self._cassette.play_counts[number]
        )

    def __len__(self) -> int:
        return len(self._cassette.data)


@contextlib.contextmanager
def open_cassette(
    path: Path | str,
    *,
    header: cassettes.Header,
    record: bool,
    pseudonyms: Pseudonyms | None = None,
    secrets: Sequence[str] = (),
    configure: Callable[[Any], object] = lambda _vcr: None,
) -> Generator[Tape]:
    """Record into a cassette, or let it answer.

    Args:
        path: The file.
        header: What the file is to say of itself; when it was recorded is put in, its volatile places count.
            When the file answers, its own header counts.
        record: Record anew, replacing the file once all went well; False answers from the file and lets nothing out.
        pseudonyms: Makes the pseudonyms; without one the public key is used, which is for invented data only.
        secrets: Values that must not be in the file wherever they stand.
        configure: Called with the ``vcr.VCR`` before it opens the cassette.

    Raises:
        NotRecorded: While it answers: a request that nothing in it answers.
        CassetteUnreadable: The file is broken.
        BodyUnreadable: On leaving, when a recorded body cannot be read; the file stays as it was.
    """
    file = Path(path)
    pseudonyms = pseudonyms or Pseudonyms()
    persister = _Persister(header, pseudonyms, secrets, record)
    recorder = _vcr.VCR(record_mode=_RecordMode.ONCE if record else _RecordMode.NONE)
    configure(recorder)
    merged = recorder.get_merged_config(path=str(file), persister=persister)
    merged["path_transformer"] = None
    merged["record_on_exception"] = False

    class _Own(_Cassette):
        korus_name = file.name
        # an own recording may be matched by what it holds, also when the key is not at hand
        korus_matcher = Matcher(pseudonyms, header.volatile)

    with _Own.use(**merged) as cassette:
        if persister.loaded is not None:
            found = persister.loaded.header
            cassette.korus_matcher = Matcher(
                Pseudonyms() if found.pseudonyms == "public" else None, found.volatile
            )
            header = found
        elif record:
            # the moments of the answers count from here
            cassette.korus_clock.move(0.0)
            persister.header = header = evolve(header, recorded_at=now())
        tape = Tape(file, record, header, cassette)
        yield tape
    if record and tape.kept and persister.recorded:
        persister.write(file)


def now() -> dt.datetime:
    """The time in UTC, to the millisecond, as it stands in a header."""
    found = dt.datetime.now(dt.UTC)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)
