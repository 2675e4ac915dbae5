"""Recording and playback of korus's exchanges with vcrpy.

`open_cassette` returns a context manager in which every client of korus, sync and async, is recorded or answered,
whatever its transport. It acts below retries and tokens, and on korus only: other traffic of a program is untouched.
File format, pseudonyms and matching are in other modules; this one connects them to vcrpy.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import vcr  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
from attrs import define, evolve, field

from korus._http.library import httpx
from korus._http.tap import tapped
from korus.testing import bodies, cassettes
from korus.testing.matching import MadeRequest, Matcher, describe, roles_of
from korus.testing.playback import Playback
from korus.testing.privacy import Exchange, conceal
from korus.testing.pseudonyms import Pseudonyms
from korus.testing.sameness import write_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

__all__ = ["CannotBeReplayed", "CassetteSession", "NotRecorded", "interactions_of", "now", "open_cassette"]

# vcrpy has no types; its names are imported here once
_vcr: Any = vcr
_VcrCassette: Any = _vcr.cassette.Cassette
_CassetteNotFoundError: Any = _vcr.cassette.CassetteNotFoundError
_VcrRequest: Any = _vcr.request.Request
_RecordMode: Any = _vcr.record_mode.RecordMode
_OURS = ("path_transformer", "func_path_generator", "record_on_exception")

_AT = "korus at"  # the key of vcrpy's answers for the time of the recorded answer
_NO_CONTENT = frozenset({204, 304})
_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)


class NotRecorded(AssertionError):
    """No recorded interaction answers a request; the message names the nearest and the differences."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args


class CannotBeReplayed(AssertionError):
    """A recording would not answer the requests it was made from; the message names the differences."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args


def interactions_of(
    exchanges: Iterable[Exchange],
    pseudonyms: Pseudonyms,
    *,
    secrets: Iterable[str] = (),
    moments: Iterable[float] = (),
) -> tuple[cassettes.Interaction, ...]:
    """Convert exchanges for a cassette: nothing private, bodies structured.

    Args:
        exchanges: The exchanges as sent and received.
        pseudonyms: Makes the pseudonyms.
        secrets: Values known to be secret, under any name.
        moments: For each exchange the seconds from the beginning to its answer, if they were measured.

    Raises:
        BodyUnreadable: A body cannot be read, so private values may be in it.
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
    """vcrpy's persister for one cassette, with the header of the file."""

    header: cassettes.Header
    pseudonyms: Pseudonyms
    secrets: Sequence[str]
    rerecord: bool
    renew: bool = False
    loaded: cassettes.Cassette | None = None
    recorded: list[Exchange] = field(factory=list[Exchange])
    moments: list[float] = field(factory=list[float])

    def load_cassette(self, cassette_path: str, serializer: object) -> tuple[list[Any], list[dict[str, Any]]]:
        del serializer  # the file format is ours
        path = Path(cassette_path)
        if self.rerecord or not path.is_file():
            raise _CassetteNotFoundError
        self.loaded = cassettes.read(path)
        return (
            [_to_vcr_request(one.request) for one in self.loaded.interactions],
            [{**_to_vcr_response(one.response), _AT: one.at} for one in self.loaded.interactions],
        )

    def save_cassette(self, cassette_path: str, cassette_dict: dict[str, Any], serializer: object) -> None:
        del cassette_path, serializer
        self.recorded = [
            _from_vcr(request, response)
            for request, response in zip(cassette_dict["requests"], cassette_dict["responses"], strict=True)
        ]
        self.moments = [float(response.get(_AT, 0.0)) for response in cassette_dict["responses"]]

    def write(self, path: Path) -> None:
        """Write the recording, unless the file is equal to it.

        Raises:
            CannotBeReplayed: The recording would not answer its own requests.
        """
        interactions = interactions_of(
            self.recorded, self.pseudonyms, secrets=self.secrets, moments=self.moments
        )
        header = evolve(self.header, pseudonyms="public" if self.pseudonyms.public else "private")
        made = cassettes.Cassette(header=header, interactions=interactions)
        _check_replay(self.recorded, made, self.pseudonyms, path.name)
        (cassettes.write if self.renew else write_changes)(path, made)


def _check_replay(
    recorded: Sequence[Exchange], made: cassettes.Cassette, pseudonyms: Pseudonyms, name: str
) -> None:
    playback = _playback(made, pseudonyms)
    for one in recorded:
        request = MadeRequest(
            method=one.method,
            uri=one.uri,
            headers={key: values[0] for key, values in one.request_headers.items() if values},
            content=one.request_body,
        )
        if playback.take(request) is None:
            raise CannotBeReplayed(
                "This recording is not kept, because it would not answer the request that it was made from:\n"
                + describe(request, list(playback.differences(request)), name)
            )


def _playback(cassette: cassettes.Cassette, pseudonyms: Pseudonyms | None) -> Playback:
    requests = [one.request for one in cassette.interactions]
    return Playback(requests, Matcher(pseudonyms, cassette.header.volatile, roles_of(requests)))


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
    """Clock of a recording: it runs, and each played answer sets it.

    So a program that waits for a time named in an answer waits as long, and asks as often, as when it was recorded.
    """

    _at: float = 0.0
    _since: float = field(factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Seconds since the recording began."""
        return self._at + time.perf_counter() - self._since

    def move(self, at: float) -> None:
        """Set the clock to the time of a recorded answer."""
        self._at, self._since = at, time.perf_counter()


class _Cassette(_VcrCassette):  # type: ignore[misc]  # vcrpy has no types
    """vcrpy's cassette with the matching of korus, and a list of unanswered requests."""

    korus_name: str
    korus_playback: Playback

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.unanswered: list[str] = []
        self.korus_lock = threading.RLock()
        self.korus_clock = RecordedClock()
        self._parent().__init__(*args, **kwargs)

    def _parent(self) -> Any:
        return super()

    def append(self, request: Any, response: dict[str, Any]) -> None:
        with self.korus_lock:
            # answers loaded from a file already have their time
            self._parent().append(request, {_AT: self.korus_clock.seconds, **response})

    def passes(self, request: Any) -> bool:
        """Return True for a request that vcrpy's options exclude, such as one to an ignored host."""
        return not self.filter_request(request)

    def answer(self, request: Any) -> dict[str, Any]:
        """Return the recorded answer to a request.

        Raises:
            NotRecorded: There is no such answer, or it has been played.
        """
        made = _made(request)
        with self.korus_lock:
            number = self.korus_playback.take(made)
            if number is None:
                reason = describe(made, list(self.korus_playback.differences(made)), self.korus_name)
                self.unanswered.append(reason)
                raise NotRecorded(reason)
            recorded, response = self.data[number]
            self.play_counts[number] += 1
            self.korus_clock.move(response.get(_AT, 0.0))
        return _as_asked(response, recorded, request)


def _as_asked(response: dict[str, Any], recorded: Any, asked: Any) -> dict[str, Any]:
    """Return an answer with the ids of the request in place of their pseudonyms."""
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
        headers={str(name).lower(): str(value) for name, value in request.headers.items()},
        content=_bytes(request.body),
    )


def _vcr_request(request: httpx.Request, content: bytes) -> Any:
    return _VcrRequest(request.method, str(request.url), content, dict(request.headers))


def _response(answer: dict[str, Any]) -> httpx.Response:
    return httpx.Response(
        answer["status"]["code"],
        headers=[(name, value) for name, values in answer["headers"].items() for value in values],
        content=_bytes(answer["body"]["string"]),
    )


@define(eq=False)
class _Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Client that answers from a cassette, or records what another client of httpx sends."""

    cassette: _Cassette
    client: Any
    recording: bool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or send and record."""
        asked = _vcr_request(request, request.read())
        if not self.recording and not self.cassette.passes(asked):
            return _response(self.cassette.answer(asked))
        response = self.client.send(request, auth=None, stream=True, follow_redirects=False)
        if self.cassette.passes(asked):
            return _passed_on(response)
        try:
            content = b"".join(response.iter_raw())
        finally:
            response.close()
        return self._recorded(asked, response, content)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or send and record."""
        asked = _vcr_request(request, await request.aread())
        if not self.recording and not self.cassette.passes(asked):
            return _response(self.cassette.answer(asked))
        response = await self.client.send(request, auth=None, stream=True, follow_redirects=False)
        if self.cassette.passes(asked):
            return _passed_on(response)
        try:
            content = b"".join([part async for part in response.aiter_raw()])
        finally:
            await response.aclose()
        return self._recorded(asked, response, content)

    def _recorded(self, asked: Any, response: httpx.Response, content: bytes) -> httpx.Response:
        headers: dict[str, list[str]] = {}
        for name, value in response.headers.multi_items():
            headers.setdefault(name.lower(), []).append(value)
        status = {"code": response.status_code, "message": response.reason_phrase}
        self.cassette.append(asked, {"status": status, "headers": headers, "body": {"string": content}})
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx.ByteStream(content),
            extensions=_kept(response),
        )


def _kept(response: httpx.Response) -> dict[str, Any]:
    return {
        key: value for key, value in response.extensions.items() if key in {"http_version", "reason_phrase"}
    }


def _passed_on(response: httpx.Response) -> httpx.Response:
    return httpx.Response(
        response.status_code, headers=response.headers, stream=response.stream, extensions=_kept(response)
    )


def _kind(client: object) -> Any:
    """Return httpx's class of a client, which may be of a subclass."""
    return httpx.AsyncClient if isinstance(client, httpx.AsyncClient) else httpx.Client


@define(eq=False)
class _Tap:
    """Puts a cassette below each client of korus."""

    cassette: _Cassette
    recording: bool
    _clients: WeakKeyDictionary[Any, Any] = field(factory=WeakKeyDictionary[Any, Any])

    def through(self, client: _Client) -> _Client:
        """Return the client that replaces another one."""
        found: _Client | None = self._clients.get(client)
        if found is None:
            # while recording, the client that sends calls the hooks
            hooks = None if self.recording else client.event_hooks
            transport = _Transport(self.cassette, client, self.recording)
            found = cast("_Client", _kind(client)(transport=transport, event_hooks=hooks, trust_env=False))
            self._clients[client] = found
        return found


@define(eq=False)
class CassetteSession:
    """An open cassette.

    Attributes:
        path: The file.
        recording: True if requests are sent and recorded; otherwise the file answers them.
        header: The header of the file.
    """

    path: Path
    recording: bool
    header: cassettes.Header
    _cassette: _Cassette
    _keep: bool = field(default=True)

    def discard(self) -> None:
        """Discard the recording, because the test failed."""
        self._keep = False

    def now(self) -> dt.datetime:
        """Return the time in the recording, in UTC."""
        return self.header.recorded_at + dt.timedelta(seconds=self._cassette.korus_clock.seconds)

    @property
    def kept(self) -> bool:
        """True if the recording will be written."""
        return self._keep

    @property
    def unanswered(self) -> tuple[str, ...]:
        """A description of every unanswered request."""
        return tuple(self._cassette.unanswered)

    @property
    def unplayed(self) -> tuple[str, ...]:
        """Every interaction that was not played, as ``number: METHOD address``."""
        if self.recording:
            return ()
        requests = self._cassette.korus_playback.requests
        return tuple(
            f"{number}: {requests[number].method} {requests[number].uri}"
            for number in self._cassette.korus_playback.unplayed
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
    renew: bool = False,
    configure: Callable[[Any], object] = lambda _vcr: None,
) -> Generator[CassetteSession]:
    """Record what korus sends into a cassette, or let it answer.

    Args:
        path: The file.
        header: The header of a new file, whose time is filled in; its volatile places apply. While the file answers,
            its own header applies.
        record: True to record, and to replace the file if that succeeds; False to answer from the file without sending.
        pseudonyms: Makes the pseudonyms; by default with the public key, which is for invented data only.
        secrets: Values that must not be anywhere in the file.
        renew: Write the file also if it is equal to the recording, for example because it is too old.
        configure: Called with the ``vcr.VCR`` before it opens the cassette.

    Raises:
        NotRecorded: While it answers: nothing in the file answers a request.
        CassetteUnreadable: The file is broken.
        BodyUnreadable: On leaving: a recorded body cannot be read; the file stays as it was.
        CannotBeReplayed: On leaving: the recording would not answer its own requests; the file stays as it was.
    """
    file = Path(path)
    pseudonyms = pseudonyms or Pseudonyms()
    persister = _Persister(header, pseudonyms, secrets, record, renew)
    recorder = _vcr.VCR(record_mode=_RecordMode.ONCE if record else _RecordMode.NONE)
    configure(recorder)
    recorder.register_persister(persister)
    options = recorder.get_merged_config(path=str(file))
    cassette = _Cassette.load(**{name: value for name, value in options.items() if name not in _OURS})
    cassette.korus_name = file.name
    if persister.loaded is not None:
        header = persister.loaded.header
        cassette.korus_playback = _playback(
            persister.loaded, Pseudonyms() if header.pseudonyms == "public" else None
        )
    else:
        cassette.korus_playback = Playback((), Matcher(pseudonyms))
        if record:
            # the times of the answers count from here
            cassette.korus_clock.move(0.0)
            persister.header = header = evolve(header, recorded_at=now())
    session = CassetteSession(file, record, header, cassette)
    with tapped(_Tap(cassette, record)):
        yield session
    if record and session.kept:
        cassette._save()  # noqa: SLF001 - what vcrpy's own context manager does
        if persister.recorded:
            persister.write(file)


def now() -> dt.datetime:
    """Return the time in UTC, to the millisecond, as in a header."""
    found = dt.datetime.now(dt.UTC)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)
