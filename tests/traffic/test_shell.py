"""``korus cassettes``: what users have of the same tools, with descriptions and exceptions of their own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from korus.cli.cassettes import app

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "openapi" / "release.yaml"
TICKET = ROOT / "tests/cassettes/test_published/test_a_ticket_as_version_1_0_19_printed_it_is_read.yaml"


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
    assert run("check", cassette).exit_code == 2
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
