"""Whole sets of cassettes are checked: exceptions with reasons, coverage, and what breaks is found by a command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from korus.sandbox import API_VERSION
from korus.testing import checking
from scripts.cassettes import __main__ as command
from scripts.cassettes.record import refusal
from scripts.descriptions import read_lock

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "tests" / "cassettes" / "recorded" / "test_published"
TICKET = "test_a_ticket_as_version_1_0_19_printed_it_is_read.yaml"


@pytest.fixture
def cassette(tmp_path):
    path = tmp_path / TICKET
    shutil.copy(PUBLISHED / TICKET, path)
    return path


def run(capsys, *arguments):
    status = command.main([str(one) for one in arguments])
    return status, capsys.readouterr()


def edit(path, change):
    document = yaml.safe_load(path.read_text())
    change(document["interactions"][1]["response"])
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def findings(capsys, path, *arguments):
    status, printed = run(capsys, "check", path, "--format", "json", *arguments)
    found = json.loads(printed.out)
    return status, [
        (one["kind"], one["part"], one["pointer"], one["value"])
        for one in found["findings"]
        if one["kind"] != "documented" and one["api_version"] == read_lock().current
    ]


def test_the_repositorys_cassettes_show_every_operation_and_every_success(capsys):
    # that they are as described, and that nothing private is in them, is looked at by `make check`
    # they are recorded at the sandbox, and can show what that speaks
    spoken = ROOT / "openapi" / f"{API_VERSION}.yaml"
    status, printed = run(capsys, "coverage", "--description", spoken)
    assert status == 0
    assert printed.out.count("100 %") >= 2


def test_the_repositorys_cassettes_are_where_a_recording_puts_them():
    # otherwise one that was deleted would come back in another folder
    assert [path.name for path in (ROOT / "tests" / "cassettes").iterdir()] == ["recorded"]


def test_an_untouched_cassette_passes(capsys, cassette):
    assert findings(capsys, cassette) == (0, [])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda answer: answer["body"]["json"].update(colour="red"),
            ("undocumented field", "response body", "/colour", "red"),
        ),
        (
            lambda answer: answer["body"]["json"].update(status="lost"),
            ("unknown enum value", "response body", "/status", "lost"),
        ),
        (
            lambda answer: answer["body"]["json"].update(beneficiaryAmendable="yes"),
            ("type", "response body", "/beneficiaryAmendable", "yes"),
        ),
        (
            lambda answer: answer["body"]["json"].update(occursAt="soon"),
            ("format", "response body", "/occursAt", "soon"),
        ),
        (lambda answer: answer["body"]["json"].pop("@id"), ("missing", "response body", "/@id", None)),
        (lambda answer: answer.update(status=418), ("undocumented status", "response status", "", 418)),
    ],
)
def test_a_changed_recording_makes_the_command_fail_and_say_where(capsys, cassette, change, expected):
    edit(cassette, change)
    assert findings(capsys, cassette) == (1, [expected])
    status, printed = run(capsys, "check", cassette)
    assert status == 1
    assert expected[0] in printed.out
    assert f"{TICKET}#1" in printed.out


def test_broken_cassette_is_located_and_the_others_are_checked(capsys, cassette):
    broken = cassette.parent / "broken.yaml"
    broken.write_text(cassette.read_text().replace("status: 200", "status: fine", 1))
    status, printed = run(capsys, "check", cassette.parent)
    assert status == 1
    assert "broken.yaml#/interactions/0/response/status" in printed.out
    assert "1 cassettes" in printed.out
    assert run(capsys, "coverage", broken)[0] == 1
    assert run(capsys, "show", broken)[0] == 1


def test_a_planted_secret_makes_the_scan_fail_and_say_where(capsys, cassette):
    edit(cassette, lambda answer: answer["body"]["json"].update(note="mail ada@lovelace.org"))
    status, printed = run(capsys, "scan", cassette)
    assert status == 1
    assert f"{TICKET}:" in printed.out
    assert "e-mail address" in printed.out
    assert "lovelace" not in printed.out


def exceptions(tmp_path, *entries):
    path = tmp_path / "exceptions.yaml"
    path.write_text(yaml.safe_dump({"exceptions": list(entries)}))
    return path


def test_exception_accepts_its_findings_and_is_an_error_when_unused(capsys, tmp_path_factory, cassette):
    folder = cassette.parent
    edit(cassette, lambda answer: answer["body"]["json"].update(colour="red"))
    release = ROOT / "openapi" / "release.yaml"
    given = {"kind": "undocumented field", "pointer": "/colour", "value": "red", "reason": "A test."}
    path = exceptions(tmp_path_factory.mktemp("list"), given)
    assert findings(capsys, folder, "--description", release, "--exceptions", path) == (0, [])
    edit(cassette, lambda answer: answer["body"]["json"].pop("colour"))
    status, printed = run(capsys, "check", folder, "--description", release, "--exceptions", path)
    assert status == 1
    assert "exception 1 no longer occurs" in printed.out


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"pointer": "/x"}, "has no reason"),
        ({"kind": "odd", "reason": "x"}, "is not a kind of finding"),
        ({"place": "/x", "reason": "x"}, "does not know place"),
        ("text", "has to be a mapping"),
    ],
)
def test_an_exception_that_says_too_little_is_refused(tmp_path, entry, message):
    with pytest.raises(checking.ExemptionsUnreadable, match=message):
        checking.read_exemptions(exceptions(tmp_path, entry))


def test_brackets_in_the_names_of_parameters_are_no_patterns():
    exemption = checking.Exemption(pointer="/product[]", reason="x", number=1)
    assert checking._fits(exemption.pointer, "/product[]")
    assert not checking._fits(exemption.pointer, "/product")


def test_coverage_counts_what_one_cassette_shows(capsys, cassette):
    status, printed = run(capsys, "coverage", cassette, "--format", "json")
    found = json.loads(printed.out)
    assert status == 1
    assert found["shares"]["operations"]["shown"] == 1
    name = "GET /v1/booking/orders/{orderId}/items/{orderItemId}/tickets/{id}"
    assert found["operations"][name] == 1
    assert name not in found["shares"]["operations"]["missing"]
    assert f"{name} 404" in found["shares"]["statuses"]["missing"]


def test_show_prints_the_scenario_and_one_exchange(capsys, cassette):
    status, printed = run(capsys, "show", cassette)
    assert status == 0
    assert "from published, API version 1.0.19" in printed.out
    assert "200 OK" in printed.out
    _, printed = run(capsys, "show", cassette, "--interaction", 1)
    assert '"requiredBeneficiaryFields": [' in printed.out


def test_a_check_against_a_description_that_is_none_is_refused(capsys, tmp_path, cassette):
    path = tmp_path / "not-a-description.yaml"
    path.write_text("hello: world\n")
    for arguments in (
        ("check", cassette, "--description", path),
        ("coverage", cassette, "--description", path),
    ):
        status, printed = run(capsys, *arguments)
        assert status == 2
        assert printed.err.startswith("cassettes: ")
    assert run(capsys, "check", tmp_path / "nowhere")[0] == 2


def test_recorded_answers_are_read_with_the_client_of_another_description(capsys, tmp_path, cassette):
    description = yaml.safe_load((ROOT / "openapi" / "1.0.19.yaml").read_text())
    schema = description["components"]["schemas"]["BookingOrderItemTicket.jsonld-v1.order_item_ticket.read"]
    properties = next(part for part in schema["allOf"] if "properties" in part)["properties"]
    properties["voucher"] = {"type": "integer"}
    properties["status"]["enum"] = ["something_else"]
    del description["paths"]["/v1/booking/reservations/{id}"]
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(description))
    gone = PUBLISHED / "test_the_reservation_pages_of_version_1_0_7_are_read.yaml"
    status, printed = run(capsys, "replay", "--against", other, cassette, gone, "--format", "json")
    assert status == 1
    found = json.loads(printed.out)
    # the list of reservations is still there, and is read and given back as it came
    assert found["read"] == 3
    assert {(one["kind"], one["pointer"]) for one in found["troubles"]} == {
        ("kept as it came", "/voucher"),
        ("kept as it came", "/status"),
        ("no operation", ""),
    }


@pytest.mark.parametrize(
    ("environment", "settings", "refused"),
    [
        ("sandbox", {}, None),
        ("demo", {}, "KORUS_CLIENT_ID, KORUS_CLIENT_SECRET, KORUS_TOKEN_URL"),
        ("demo", {"KORUS_CLIENT_ID": "a", "KORUS_CLIENT_SECRET": "b"}, "KORUS_TOKEN_URL"),
        (
            "demo",
            {"KORUS_CLIENT_ID": "a", "KORUS_CLIENT_SECRET": "b", "KORUS_TOKEN_URL": "c", "CI": "1"},
            "in a CI",
        ),
        ("demo", {"KORUS_CLIENT_ID": "a", "KORUS_CLIENT_SECRET": "b", "KORUS_TOKEN_URL": "c"}, None),
        ("production", {"KORUS_CLIENT_ID": "a"}, "KORUS_CLIENT_SECRET"),
    ],
)
def test_real_traffic_is_recorded_only_with_credentials_and_never_by_a_ci(environment, settings, refused):
    reason = refusal(environment, settings)
    assert reason is None if refused is None else refused in reason
