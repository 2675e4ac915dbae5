"""The cassette sits at korus's own client: it sees what korus sends, whatever the transport, and nothing else."""

from __future__ import annotations

import anyio
import httpx
import pytest
from attrs import evolve
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from korus import AsyncKorus, Korus
from korus._http.tap import through
from korus.errors import NotFound
from korus.sandbox import Sandbox
from korus.testing import cassettes
from korus.testing.matching import MadeRequest, Matcher, describe, roles_of
from korus.testing.playback import Playback
from korus.testing.pseudonyms import Kind, Pseudonyms
from korus.testing.recording import CannotBeReplayed, open_cassette

REPLAYED = {
    "base_url": "https://api.sandbox.test",
    "token_url": "https://api.sandbox.test/realms/korusticket/protocol/openid-connect/token",
    "client_id": "replayed",
    "client_secret": "replayed",
}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(seed=3) as running:
        yield running


def settings(sandbox):
    return {name: getattr(sandbox, name) for name in ("base_url", "token_url", "client_id", "client_secret")}


@pytest.fixture
def scenario(tmp_path, header, sandbox):
    """A cassette with a token and the first catalogue."""
    path = tmp_path / "scenario.yaml"
    with open_cassette(path, header=header, record=True), Korus(**settings(sandbox)) as korus:
        korus.catalogs.list().first()
    return path


def replayed(scenario, header, **options):
    with (
        open_cassette(scenario, header=header, record=False) as tape,
        Korus(**{**REPLAYED, **options}) as korus,
    ):
        found = korus.catalogs.list().first()
        assert tape.unplayed == ()
    return found.name


def refused(request):
    raise AssertionError("a replay sends nothing")


@pytest.mark.parametrize(
    "options", [{}, {"transport": httpx.MockTransport(refused)}, {"http_client": httpx.Client()}]
)
def test_a_client_of_korus_is_answered_whatever_transport_it_has(scenario, header, options):
    assert replayed(scenario, header, **options)


def test_the_async_client_is_answered_too(scenario, header):
    async def shown():
        async with AsyncKorus(**REPLAYED, transport=httpx.MockTransport(refused)) as korus:
            return (await korus.catalogs.list().first()).name

    with open_cassette(scenario, header=header, record=False):
        assert anyio.run(shown)


def application(**options):
    """A shop's web application that asks korus in its view."""

    def view(request):
        with Korus(**options) as korus:
            return JSONResponse({"shows": korus.catalogs.list().first().name})

    return Starlette(routes=[Route("/window", view)])


def visit(app):
    async def visit():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="https://shop.example"
        ) as browser:
            return await browser.get("/window")

    return anyio.run(visit)


def test_application_answers_itself_and_its_client_is_recorded(tmp_path, header, sandbox):
    path = tmp_path / "view.yaml"
    with open_cassette(path, header=header, record=True):
        shown = visit(application(**settings(sandbox))).json()
    recorded = [one.request.uri for one in cassettes.read(path).interactions]
    assert len(recorded) == 2
    assert not any("shop.example" in uri for uri in recorded)
    with open_cassette(path, header=header, record=False) as tape:
        assert visit(application(**REPLAYED)).json() == shown
        assert tape.unplayed == ()
    with open_cassette(path, header=header, record=False), pytest.raises(RuntimeError, match="broken view"):
        visit(Starlette(routes=[Route("/window", broken)]))


def broken(request):
    raise RuntimeError("broken view")


def test_other_traffic_goes_its_own_way_while_korus_is_recorded_and_replayed(
    scenario, header, server, sandbox
):
    for record in (True, False):
        with open_cassette(scenario, header=header, record=record) as tape:
            assert httpx.get(f"{server}/v1/elsewhere").json()["path"] == "/v1/elsewhere"
            if record:
                with Korus(**settings(sandbox)) as korus:
                    korus.catalogs.list().first()
            assert tape.unanswered == ()
    assert not [one for one in cassettes.read(scenario).interactions if "elsewhere" in one.request.uri]


@pytest.mark.parametrize("record", [True, False])
def test_hosts_ignored_by_vcrpy_are_reached(scenario, header, server, record):
    def configure(vcr):
        vcr.ignore_hosts = ["127.0.0.1"]

    before = scenario.read_bytes()
    with (
        open_cassette(scenario, header=header, record=record, configure=configure),
        through(httpx.Client()) as sent,
    ):
        assert sent.get(f"{server}/v1/ignored").json()["path"] == "/v1/ignored"
    assert scenario.read_bytes() == before


def test_korus_s_own_errors_and_retries_are_those_of_the_recording(tmp_path, header, sandbox):
    path = tmp_path / "errors.yaml"
    missing = "/v1/booking/orders/019c23d2-0000-7abc-8def-000000000001"
    with (
        open_cassette(path, header=header, record=True),
        Korus(**settings(sandbox)) as korus,
        pytest.raises(NotFound),
    ):
        korus.orders.get(missing)
    with (
        open_cassette(path, header=header, record=False),
        Korus(**REPLAYED) as korus,
        pytest.raises(NotFound),
    ):
        korus.orders.get(missing)


# --- what is compared ------------------------------------------------------------------------------------------------

API = MadeRequest(
    method="GET",
    uri="https://api.sandbox.test/v1/x?q=1",
    headers={
        "accept": "application/ld+json",
        "accept-language": "fr",
        "authorization": "Bearer abc",
        "content-type": "a/b",
    },
)
RECORDED = cassettes.RecordedRequest(
    method="GET", uri=API.uri, headers={name: (value,) for name, value in API.headers.items()}
)
FILE = cassettes.RecordedRequest(
    method="GET", uri="https://storage.sandbox.test/a.pdf", headers={"accept": ("*/*",)}
)


@pytest.mark.parametrize(
    ("headers", "uri", "places"),
    [
        ({}, API.uri, []),
        ({"authorization": "Bearer other"}, API.uri, []),
        ({}, "https://api.korusticket.com/v1/x?q=1", []),
        ({}, "http://127.0.0.1:8000/v1/x?q=1", []),
        ({"content-type": "a/b; charset=utf-8"}, API.uri, []),
        ({"authorization": None}, API.uri, ["header authorization"]),
        ({"authorization": "Basic abc"}, API.uri, ["header authorization"]),
        ({"accept": "application/json"}, API.uri, ["header accept"]),
        ({"content-type": "a/c"}, API.uri, ["header content-type"]),
        ({"accept-language": "de"}, API.uri, ["header accept-language"]),
        ({"accept-language": None}, API.uri, ["header accept-language"]),
        ({}, "http://api.sandbox.test/v1/x?q=1", ["scheme"]),
        ({}, "https://storage.sandbox.test/v1/x?q=1", ["host"]),
        ({}, "https://api.sandbox.test/v1/x/?q=1", ["path"]),
    ],
)
def test_headers_of_korus_and_where_a_request_goes_are_compared(headers, uri, places):
    merged = {name: value for name, value in {**API.headers, **headers}.items() if value is not None}
    matcher = Matcher(Pseudonyms(), roles=roles_of([RECORDED, FILE]))
    made = evolve(API, uri=uri, headers=merged)
    assert [one.place for one in matcher.differences(RECORDED, made)] == places


@pytest.mark.parametrize("backwards", [False, True])
def test_replay_compares_in_proportion_to_the_number_of_requests(backwards):
    def compared(count):
        requests = [
            cassettes.RecordedRequest(
                method="POST",
                uri="https://api.sandbox.test/v1/booking/orders/_bulk",
                headers={"content-type": ("application/json",)},
                body={"json": {"line": number}},
            )
            for number in range(count)
        ]
        playback = Playback(requests, Matcher(Pseudonyms()))
        for one in reversed(requests) if backwards else requests:
            sent = MadeRequest(
                method="POST", uri=one.uri, headers={"content-type": "application/json"}, content=one.content
            )
            assert playback.take(sent) is not None
        return playback.compared

    assert compared(400) == 400


def test_a_recording_that_would_not_answer_its_own_requests_is_refused(tmp_path, header, server, monkeypatch):
    path = tmp_path / "scenario.yaml"
    monkeypatch.setattr("korus.testing.matching.Matcher._stands_for", lambda *_: False)
    with (
        pytest.raises(CannotBeReplayed, match="would not answer") as caught,
        open_cassette(path, header=header, record=True),
        through(httpx.Client()) as sent,
    ):
        sent.post(f"{server}/v1/things", json={"firstname": "Ada"})
    assert not path.exists()
    assert "body /firstname" in str(caught.value)


def test_a_mismatch_says_how_to_leave_a_place_out_and_how_to_send_a_stand_in():
    given = Pseudonyms().replace(Kind.GIVEN, "Ada")
    one = cassettes.RecordedRequest(
        method="POST", uri="https://h/v1/x?page=1", body={"json": {"firstname": given}}
    )
    made = MadeRequest(method="POST", uri="https://h/v1/x?page=2", content=b'{"firstname": "Bea"}')
    said = describe(made, [(0, one, Matcher(Pseudonyms()).differences(one, made))], "scenario.yaml")
    assert 'volatile=["?page", "/firstname"]' in said
    assert "korus_cassette.stand_in(kind, value)" in said


def test_an_unchanged_scenario_is_not_written_again(scenario, header, sandbox):
    before, changed = scenario.read_bytes(), scenario.stat().st_mtime_ns
    with open_cassette(scenario, header=header, record=True), Korus(**settings(sandbox)) as korus:
        korus.catalogs.list().first()
    assert (scenario.read_bytes(), scenario.stat().st_mtime_ns) == (before, changed)
    with (
        open_cassette(scenario, header=evolve(header, description_sha256="0" * 64), record=True),
        Korus(**settings(sandbox)) as korus,
    ):
        korus.catalogs.list().first()
    assert (
        scenario.read_text().replace(f"description_sha256: '{'0' * 64}'", "description_sha256: ''")
        == before.decode()
    )
