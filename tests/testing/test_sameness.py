"""Recording an unchanged scenario gives no difference, and a changed one does."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import time

import pytest
from attrs import evolve
from booking import ADA, held

from korus import Korus
from korus.sandbox import Sandbox
from korus.testing import cassettes
from korus.testing.recording import open_cassette
from korus.testing.sameness import same_scenario, write_changes

FIRST_DAY = dt.date(2030, 4, 15)


def record(path, header, *, quantity=1):
    with Sandbox(seed=7, first_day=FIRST_DAY) as sandbox, open_cassette(path, header=header, record=True):
        names = ("base_url", "token_url", "client_id", "client_secret")
        with Korus(**{name: getattr(sandbox, name) for name in names}) as korus:
            order = korus.orders.create(
                held(korus, quantity), customer=ADA, external_reference="SHOP-42"
            ).succeeded[0]
            documents = list(korus.documents.list(order))
            if documents:
                korus.documents.get(documents[0].iri)
            korus.orders.get(order.iri)


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """The same scenario recorded on two days of the week, by two sandboxes."""
    header = cassettes.Header(
        origin="sandbox",
        api_version="release",
        recorded_at=dt.datetime.now(dt.UTC),
        korus_version="0",
        purpose="A booking.",
    )
    paths = [tmp_path_factory.mktemp("twice") / f"{number}.yaml" for number in (1, 2)]
    for path in paths:
        record(path, header)
        time.sleep(1.1)
    return header, paths


def test_two_recordings_of_an_unchanged_scenario_say_the_same(twice):
    header, paths = twice
    one, other = map(cassettes.read, paths)
    assert one != other
    assert same_scenario(one, other)
    before, changed = paths[0].read_bytes(), paths[0].stat().st_mtime_ns
    record(paths[0], header)
    assert (paths[0].read_bytes(), paths[0].stat().st_mtime_ns) == (before, changed)


def test_another_scenario_is_written(twice, tmp_path):
    header, paths = twice
    path = tmp_path / "scenario.yaml"
    path.write_bytes(paths[1].read_bytes())
    record(path, header, quantity=2)
    assert path.read_bytes() != paths[1].read_bytes()


def test_a_deleted_recording_is_compared_as_it_was_committed(twice, tmp_path, monkeypatch):
    _, paths = twice
    path = tmp_path / "cassettes" / "scenario.yaml"
    path.parent.mkdir()
    path.write_bytes(paths[0].read_bytes())
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "a scenario"]):
        author = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *author, *command], cwd=tmp_path, check=True)
    shutil.rmtree(path.parent)
    assert not write_changes(path, cassettes.read(paths[1]))
    assert path.read_bytes() == paths[0].read_bytes()
    path.unlink()
    with monkeypatch.context() as patched:
        patched.setenv("PATH", "")  # no git
        assert write_changes(path, cassettes.read(paths[1]))
    assert path.read_bytes() == paths[1].read_bytes()
    other = path.with_name("never committed.yaml")
    assert write_changes(other, cassettes.read(paths[1]))
    assert other.read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("pattern", "made"),
    [
        (r"status: 200", "status: 201"),
        (r"(totalAmountInclTax: ')\d", r"\g<1>0"),
        (r"2030-0\d-\d\d", "2031-01-01"),
        (r"accept: application/ld\+json", "accept: application/json"),
        (r"quantity: 1\b", "quantity: 2"),
    ],
)
def test_a_change_of_what_is_said_counts(twice, tmp_path, pattern, made):
    text = twice[1][0].read_text()
    path = tmp_path / "changed.yaml"
    path.write_text(re.sub(pattern, made, text, count=1))
    assert path.read_text() != text
    assert not same_scenario(cassettes.read(path), cassettes.read(twice[1][0]))


def test_which_number_is_which_counts(twice):
    cassette = cassettes.read(twice[1][0])
    uris = [one.request.uri for one in cassette.interactions]
    number = max(number for number, uri in enumerate(uris) if "/booking/orders/" in uri)
    other = re.search(r"reservations/([0-9a-f-]{36})", twice[1][0].read_text())[1]
    changed = evolve(
        cassette.interactions[number],
        request=evolve(
            cassette.interactions[number].request, uri=re.sub(r"[0-9a-f-]{36}$", other, uris[number])
        ),
    )
    interactions = (*cassette.interactions[:number], changed, *cassette.interactions[number + 1 :])
    assert not same_scenario(cassette, evolve(cassette, interactions=interactions))
