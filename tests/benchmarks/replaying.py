"""Row 11: the replay of a long scenario beside vcrpy alone, loading the file included."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import httpx
import vcr

from korus._http.tap import through
from korus.testing import cassettes
from korus.testing.recording import open_cassette
from tests.benchmarks.measuring import CPU, Row, at_most, race, ratio

_COUNT = 200  # of a thousand, vcrpy would make a minute: its time grows with the square
_KORUS, _VCRPY = "korus's cassette", "vcrpy alone"
_API = "https://api.sandbox.test/v1/booking/reservations"


def _header() -> cassettes.Header:
    return cassettes.Header(
        origin="sandbox",
        api_version="release",
        recorded_at=dt.datetime.now(dt.UTC),
        korus_version="0",
        purpose="A long scenario.",
    )


def _written(folder: Path) -> tuple[Path, Path]:
    """Write the same exchanges as a cassette of korus and as one of vcrpy."""
    answer = {
        "@type": "Reservation",
        "status": "confirmed",
        "items": [{"label": "Day ticket", "total": "12.50"}] * 5,
    }
    headers = {"content-type": ("application/json",)}
    interactions = tuple(
        cassettes.Interaction(
            request=cassettes.RecordedRequest(
                method="POST",
                uri=f"{_API}/{number}",
                headers=headers,
                body={"json": {"line": number}},
            ),
            response=cassettes.RecordedResponse(
                status=200, headers=headers, body={"json": {**answer, "number": number}}
            ),
        )
        for number in range(_COUNT)
    )
    own, theirs = folder / "korus.yaml", folder / "vcrpy.yaml"
    cassettes.write(own, cassettes.Cassette(header=_header(), interactions=interactions))
    with vcr.use_cassette(str(theirs)) as cassette:
        for one in interactions:
            request = vcr.request.Request(
                one.request.method, one.request.uri, one.request.content, {"content-type": "application/json"}
            )
            body = {"string": one.response.content}
            cassette.append(
                request,
                {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"content-type": ["application/json"]},
                    "body": body,
                },
            )
    return own, theirs


def _told(client: httpx.Client) -> None:
    for number in range(_COUNT):
        answer = client.post(f"{_API}/{number}", json={"line": number}).json()
        assert answer["number"] == number


def run(rounds: int) -> Row:
    """Measure a long scenario."""
    with tempfile.TemporaryDirectory() as name:
        own, theirs = _written(Path(name))

        def mine() -> None:
            with open_cassette(own, header=_header(), record=False), through(httpx.Client()) as client:
                _told(client)

        def other() -> None:
            with (
                vcr.use_cassette(str(theirs), record_mode="none", match_on=["method", "uri", "body"]),
                httpx.Client() as client,
            ):
                _told(client)

        times = race({_KORUS: mine, _VCRPY: other}, rounds, scale=1e3, clock=CPU, once=True)
    figure = ratio(f"{_KORUS} / {_VCRPY}", times[_KORUS], times[_VCRPY], **at_most(1.5))
    return Row(
        11, "replay 200 exchanges", "ms", times, [figure], ["loading the file included; processor time"]
    )
