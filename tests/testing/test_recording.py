"""Exchanges go into a file and come out of it, for httpx sync and async, byte for byte."""

from __future__ import annotations

import datetime as dt

import anyio
import httpx
import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from korus._http.tap import through
from korus.testing import cassettes, plainyaml, scanning
from korus.testing.bodies import BodyUnreadable
from korus.testing.pseudonyms import Kind, Pseudonyms
from korus.testing.recording import NotRecorded, open_cassette


def client():
    """A client whose requests pass where korus's own do."""
    return through(httpx.Client())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cassettes" / "scenario.yaml"


@pytest.fixture
def scenario(path, header, server):
    """A recorded cassette of three exchanges."""
    with open_cassette(path, header=header, record=True), client() as sent:
        sent.post(f"{server}/v1/things?b=2&a=1", json={"firstname": "Ada", "n": 1})
        sent.get(f"{server}/v1/empty")
        sent.get(f"{server}/v1/things")
    return path


def test_recorded_traffic_replays_to_sync_and_async_offline(scenario, header):
    ada = Pseudonyms().replace(Kind.GIVEN, "Ada")

    with open_cassette(scenario, header=header, record=False) as tape, client() as sent:
        answer = sent.post("https://nowhere.invalid/v1/things?a=1&b=2", json={"n": 1, "firstname": "Ada"})
        assert answer.json()["body"] == f'{{"firstname":"{ada}","n":1}}'
        assert answer.headers["content-length"] == str(len(answer.content))
        assert "set-cookie" not in answer.headers
        assert tape.unplayed == (
            "1: GET https://api.sandbox.test/v1/empty",
            "2: GET https://api.sandbox.test/v1/things",
        )
        assert sent.get("https://nowhere.invalid/v1/empty").status_code == 204
        assert sent.get("https://nowhere.invalid/v1/things").content == (
            b'{"path": "/v1/things", "body": ""}'
        )
        assert tape.unplayed == ()

    async def with_await():
        async with through(httpx.AsyncClient()) as sent:
            return (await sent.get("https://nowhere.invalid/v1/things")).content

    with open_cassette(scenario, header=header, record=False):
        assert anyio.run(with_await) == b'{"path": "/v1/things", "body": ""}'


def test_a_request_that_nothing_answers_fails_at_once_and_is_remembered(scenario, header):
    with open_cassette(scenario, header=header, record=False) as tape, client() as sent:
        with pytest.raises(
            NotRecorded,
            match=r"scenario\.yaml.*\n.*\n.*query a\n.*recorded  \[\"1\"\]\n.*sent      \[\"9\"\]",
        ):
            sent.post("https://nowhere.invalid/v1/things?a=9&b=2", json={"firstname": "Ada", "n": 1})
        sent.get("https://nowhere.invalid/v1/things")
        with pytest.raises(NotRecorded, match="played as often"):
            sent.get("https://nowhere.invalid/v1/things")
        assert len(tape.unanswered) == 2


def test_without_a_cassette_nothing_goes_out(path, header, server):
    with (
        open_cassette(path, header=header, record=False),
        client() as sent,
        pytest.raises(NotRecorded, match="empty or does not exist"),
    ):
        sent.get(f"{server}/v1/things")
    assert not path.exists()


def test_the_file_says_where_it_came_from(scenario, header):
    found = cassettes.read(scenario)
    assert evolve(found.header, recorded_at=header.recorded_at) == header
    assert dt.timedelta() <= dt.datetime.now(dt.UTC) - found.header.recorded_at < dt.timedelta(minutes=5)
    assert [one.request.method for one in found.interactions] == ["POST", "GET", "GET"]


def test_a_body_that_cannot_be_read_leaves_the_old_file_as_it_was(scenario, header, server):
    before = scenario.read_bytes()
    with (
        pytest.raises(BodyUnreadable, match="not recorded"),
        open_cassette(scenario, header=header, record=True),
        client() as sent,
    ):
        sent.get(f"{server}/v1/broken")
    assert scenario.read_bytes() == before
    assert [one.name for one in scenario.parent.iterdir()] == ["scenario.yaml"]


def test_a_scenario_that_went_wrong_is_not_kept(scenario, header, server):
    before = scenario.read_bytes()
    with open_cassette(scenario, header=header, record=True) as tape, client() as sent:
        sent.get(f"{server}/v1/other")
        tape.discard()
    assert scenario.read_bytes() == before


def test_a_private_key_is_not_needed_to_replay(path, header, server):
    private = Pseudonyms(b"known to one person only")
    with open_cassette(path, header=header, record=True, pseudonyms=private), client() as sent:
        sent.post(f"{server}/v1/things", json={"firstname": "Ada"})
    assert cassettes.read(path).header.pseudonyms == "private"
    assert Pseudonyms().replace(Kind.GIVEN, "Ada") not in path.read_text()
    with open_cassette(path, header=header, record=False), client() as sent:
        assert sent.post("https://x.invalid/v1/things", json={"firstname": "Anybody"}).status_code == 200


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (("cassette: 1", "cassette: 2"), "#/cassette"),
        (("origin: sandbox", "origin: somewhere"), "#/origin"),
        (("+00:00'", "'"), "#/recorded_at"),
        (("status: 204", "status: done"), "#/interactions/1/response/status"),
        (("method: POST", "method:\n    - POST"), "#/interactions/0/request/method"),
        (("uri: https://", "uri: https://[nowhere"), "#/interactions/0/request/uri: is not an address"),
        (("interactions:", "interactions: none\nothers:"), "#/interactions"),
        (("json:\n        path", "json:\n        path: 1\n        path"), "twice"),
        (
            ("    body:\n      json:\n        firstname", "    body:\n      jason:\n        firstname"),
            "#/interactions/0/request/body",
        ),
    ],
)
def test_a_broken_cassette_says_which_file_and_where(scenario, change, where):
    text = scenario.read_text()
    assert change[0] in text
    scenario.write_text(text.replace(*change, 1))
    with pytest.raises(cassettes.CassetteUnreadable, match=rf"scenario\.yaml.*{where}"):
        cassettes.read(scenario)


@pytest.mark.parametrize("content", [b"\0", b"\xff\xfe\x00", b"", b"a: [1\n", b"[" * 3000])
def test_file_that_is_no_cassette_is_reported_in_one_line(tmp_path, content):
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    with pytest.raises(cassettes.CassetteUnreadable) as caught:
        cassettes.read(path)
    assert len(str(caught.value).splitlines()) == 1
    assert str(path) in str(caught.value)


PARTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["sandbox", "2026-11-01T10:00:00+00:00", 200]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "method",
                    "uri",
                    "headers",
                    "body",
                    "json",
                    "exact",
                    "layout",
                    "form",
                    "text",
                    "base64",
                    "charset",
                    "status",
                    "at",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    request=PARTS,
    response=PARTS,
    header=st.dictionaries(
        st.sampled_from(["origin", "api_version", "recorded_at", "volatile", "pseudonyms"]), PARTS
    ),
)
def test_any_file_is_read_or_refused_and_scanned_without_crash(tmp_path, request, response, header):
    top = {
        "cassette": 1,
        "origin": "sandbox",
        "api_version": "1",
        "recorded_at": "2026-11-01T10:00:00+00:00",
        "korus_version": "1",
        "purpose": "x",
    }
    path = tmp_path / "odd.yaml"
    document = {**top, **header, "interactions": [{"request": request, "response": response}]}
    path.write_text(plainyaml.dump(document), encoding="utf-8")
    try:
        found = cassettes.read(path)
    except cassettes.CassetteUnreadable as error:
        refused = str(error)
        assert "odd.yaml" in refused
    else:
        assert all(
            isinstance(one.request.content + one.response.content, bytes) for one in found.interactions
        )
    scanning.scan([path])
