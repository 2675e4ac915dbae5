"""``korus cassettes``: what users have of the same tools, with descriptions and exceptions of their own."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from pathlib import Path

import korus_api
import pytest
from booking import ADA, held, plain_offer
from typer.testing import CliRunner

from korus import Korus
from korus.cli.cassettes import app
from korus.sandbox import Sandbox
from korus.testing import cassettes, shipped
from korus.testing.recording import open_cassette
from scripts.descriptions import load, read_lock
from scripts.generate.build import corrected

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "openapi" / "release.yaml"
TICKET = (
    ROOT / "tests/cassettes/recorded/test_published/test_a_ticket_as_version_1_0_19_printed_it_is_read.yaml"
)


@pytest.fixture
def cassette(tmp_path):
    path = tmp_path / "ticket.yaml"
    shutil.copy(TICKET, path)
    return path


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_recording_is_checked_against_a_description_or_a_folder(cassette):
    assert run("check", cassette, "--description", RELEASE).exit_code == 0
    assert run("check", cassette, "--descriptions", RELEASE.parent).exit_code == 0
    cassette.write_text(
        cassette.read_text().replace("beneficiaryAmendable: true", "beneficiaryAmendable: maybe")
    )
    found = run("check", cassette, "--description", RELEASE, "--format", "json")
    assert found.exit_code == 1
    (finding,) = [one for one in json.loads(found.stdout)["findings"] if one["kind"] != "documented"]
    assert (finding["kind"], finding["pointer"], finding["value"]) == (
        "type",
        "/beneficiaryAmendable",
        "maybe",
    )


def test_a_check_needs_something_to_check_against(cassette, tmp_path):
    assert run("check", cassette, "--description", RELEASE, "--descriptions", RELEASE.parent).exit_code == 2
    assert run("check", cassette, "--description", cassette).exit_code == 2
    assert run("check", tmp_path / "nowhere", "--description", RELEASE).exit_code == 2


@pytest.mark.parametrize("command", [("check", "--descriptions", RELEASE.parent), ("scan",), ("show",)])
def test_a_folder_without_cassettes_passes_for_nothing(command, tmp_path):
    done = run(*command, tmp_path)
    assert done.exit_code == 2
    assert f"there is no cassette in {tmp_path}" in done.output


def test_coverage_scan_and_show_say_by_their_status_whether_all_is_well(cassette):
    measured = run("coverage", cassette, "--description", RELEASE)
    assert measured.exit_code == 1
    assert "operations that no cassette has shown:" in measured.stdout
    assert run("scan", cassette).exit_code == 0
    shown = run("show", cassette, "--interaction", 1)
    assert shown.exit_code == 0
    assert '"beneficiaryAmendable": true' in shown.stdout
    cassette.write_text(cassette.read_text() + "note: write to ada@lovelace.org\n")
    leaky = run("scan", cassette)
    assert leaky.exit_code == 1
    assert "e-mail address: ada…" in leaky.stdout
    cassette.write_text("hello\n")
    assert run("show", cassette).exit_code == 1


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A fresh recording of the sandbox: a booking with its tickets."""
    path = tmp_path_factory.mktemp("fresh") / "scenario.yaml"
    header = cassettes.Header(
        origin="sandbox",
        api_version=korus_api.API_VERSION,
        description_sha256=korus_api.DESCRIPTION_SHA256,
        recorded_at=dt.datetime.now(dt.UTC),
        korus_version="0",
        purpose="A booking.",
    )
    with Sandbox(seed=7) as sandbox, open_cassette(path, header=header, record=True):
        names = ("base_url", "token_url", "client_id", "client_secret")
        with Korus(**{name: getattr(sandbox, name) for name in names}) as korus:
            offer = plain_offer(korus)
            korus.offers.price(offer)
            placed = korus.orders.create(held(korus), customer=ADA, external_reference="SHOP-42").succeeded
            assert list(korus.orders.list())
            korus.orders.get(placed[0].iri)
    return path


@pytest.mark.usefixtures("as_the_sandbox")
def test_a_fresh_recording_is_as_described_without_a_description_of_the_user_s(fresh):
    done = run("check", fresh)
    assert done.exit_code == 0, done.output
    assert "all is as described" in done.stdout
    assert "stale" not in done.stdout
    assert run("coverage", fresh).exit_code == 1
    assert run("scan", fresh).exit_code == 0, run("scan", fresh).output


CHANGES = {
    "moved paths": (r"/v1/(ticketing|booking)", r"/v2/\1", "the description has no such operation"),
    "a slash at the end": (r"(uri: \S+/ticketing/catalogs)\n", r"\1/\n", "no slash at the end"),
    "no credentials": (r"      authorization: \S+ \S+\n", "", "requires credentials"),
    "a parameter twice": (r"(uri: \S+/ticketing/catalogs)\n", r"\1?page=1&page=2\n", "this parameter once"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_not_compared_or_not_right_in_a_request_is_a_finding(fresh, tmp_path, change):
    pattern, made, expected = CHANGES[change]
    path = tmp_path / "changed.yaml"
    text = re.sub(pattern, made, fresh.read_text())
    assert text != fresh.read_text()
    path.write_text(text)
    done = run("check", path, "--format", "json")
    assert done.exit_code == 1
    messages = [one["message"] for one in json.loads(done.stdout)["findings"]]
    assert any(expected in message for message in messages)


def test_a_check_in_which_nothing_was_compared_does_not_pass(fresh, tmp_path):
    path = tmp_path / "empty.yaml"
    path.write_text(fresh.read_text().partition("interactions:")[0] + "interactions: []\n")
    done = run("check", path)
    assert done.exit_code == 1
    assert "nothing was compared" in done.stdout


def test_a_digest_of_a_former_description_is_named(fresh, tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text(fresh.read_text().replace(korus_api.DESCRIPTION_SHA256, "0" * 64))
    done = run("check", path)
    assert done.exit_code == 0
    assert f"stale: {path.as_posix()}" in done.stdout


def test_the_shipped_description_is_the_corrected_one_that_korus_was_made_from():
    lock = read_lock()
    current = RELEASE.parent / lock.descriptions[lock.current].file
    corrected_ = json.loads(json.dumps(corrected(load(current)), default=str))
    assert shipped.description().document == corrected_
    assert shipped.description().version == korus_api.API_VERSION
