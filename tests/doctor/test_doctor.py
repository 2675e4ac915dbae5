"""`korus doctor`: what fits, what differs, what cannot be reached, and that its report holds nothing private."""

from __future__ import annotations

import json
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from changing_proxy import ChangingProxy

from korus import Korus, RetryPolicy, doctor, errors
from korus.cli import main
from scripts import doctor as maintaining

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from korus.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    from korus.sandbox import Sandbox

    with Sandbox(seed=7, offers=60) as running:
        yield running


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch, as_the_sandbox: None) -> None:
    monkeypatch.setattr(doctor, "_INTERVAL", 0)
    monkeypatch.setattr(doctor, "_QUICK_INTERVAL", 0)


def settings(sandbox: Sandbox, **changes: Any) -> dict[str, Any]:
    return {**sandbox.credentials, "base_url": sandbox.base_url, "token_url": sandbox.token_url, **changes}


@contextmanager
def changed(sandbox: Sandbox, change: Callable[[str, str, Any], Any]) -> Iterator[dict[str, Any]]:
    proxy = ChangingProxy(sandbox.base_url, change)
    try:
        yield settings(sandbox, base_url=proxy.base_url)
    finally:
        proxy.close()


def plain_offer(sandbox: Sandbox) -> str:
    with Korus(**settings(sandbox)) as korus:
        for catalog in korus.catalogs.list():
            for offer in korus.offers.list(catalog, sort="desc", page_size=50):
                plain = all(ticket.date_access and not ticket.form for ticket in offer.tickets)
                if plain and not offer.product.disabled:
                    sandbox.set_stock(offer.iri, 10)
                    return str(offer.iri)
    raise AssertionError


def differences(report: doctor.Report) -> list[tuple[str, str]]:
    return [(one.kind, one.operation) for one in report.differences]


def test_the_sandbox_fits(sandbox: Sandbox) -> None:
    report = doctor.examine(quick=True, **settings(sandbox))
    assert (report.status, report.differences) == (0, [])
    assert all(step.status in {"ok", "skipped"} for step in report.steps)
    assert report.operations["GET /v1/ticketing/catalogs/{catalogId}/offers/{id}/price"] == "200 x 1"
    assert report.operations["GET /v1/booking/orders/{id}"].startswith("not tried")
    assert report.observations["If-None-Match"] == "304"
    assert 10 < report.requests <= 60
    assert "korus and the API fit." in report.text()


def test_a_booking_shows_what_the_protocol_rests_on(sandbox: Sandbox) -> None:
    report = doctor.examine(quick=True, book=plain_offer(sandbox), **settings(sandbox))
    seen = {name: one.seen for name, one in report.assumptions.items()}
    assert seen == {
        **dict.fromkeys(["a1", "a2", "a3", "a4", "a6"], "held"),
        **dict.fromkeys(["a5", "a8"], "not seen"),
        "a7": "broken",
    }
    assert "longer than --wait 60" in report.assumptions["a5"].evidence
    assert report.status == 0
    shown = json.dumps(report.to_dict()) + report.text()
    secrets = [sandbox.client_secret, sandbox.client_id, "doctor@example.org", "Doctor again"]
    assert not [secret for secret in secrets if secret in shown]


def test_every_assumption_is_in_the_report_with_its_evidence(sandbox: Sandbox) -> None:
    report = doctor.examine(quick=True, **settings(sandbox))
    assert [one.name for one in report.assumptions.values()] == [f"a{number}" for number in range(1, 9)]
    assert all(one.evidence for one in report.assumptions.values())
    text = report.text()
    assert "a1  not seen      the API orders a reservation at most once\n      requires a booking" in text
    assert "a7  seen to fail  all who book" in text
    assert report.status == 0  # what is wrong with a deployment is not the API's


@pytest.fixture
def in_sandbox_time(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the end of a hold moves the sandbox's clock instead."""
    monkeypatch.setattr("korus.doctor._booking.sleep", sandbox.clock.advance)


@pytest.mark.usefixtures("in_sandbox_time")
def test_a_reservation_that_has_ended_is_ordered_in_vain(sandbox: Sandbox) -> None:
    report = doctor.examine(quick=True, book=plain_offer(sandbox), wait=1300, **settings(sandbox))
    a5 = report.assumptions["a5"]
    assert (a5.seen, "was refused" in a5.evidence) == ("held", True)
    assert report.observations["reservation, ended"].startswith("its end is shown after")
    assert (report.status, len(sandbox.inspect.orders)) == (0, 1)


def also_ordered(number: int, iri: str | None = None) -> Callable[[str, str, Any], Any]:
    """Answer an order, counted from 1, with success: with this order, or with the first one."""
    posts: list[Any] = []

    def change(method: str, path: str, document: Any) -> Any:
        if method == "POST" and path.endswith("/orders/_bulk"):
            posts.append(document)
            if len(posts) == number:
                return {**document, "orders": [{"@id": iri} if iri else posts[0]["orders"][0]]}
        return document

    return change


@pytest.mark.usefixtures("in_sandbox_time")
@pytest.mark.parametrize(
    ("number", "iri", "seen"),
    [
        (2, "/v1/booking/orders/2", {"a1": "broken", "a5": "held"}),
        (2, None, {"a1": "held", "a5": "held"}),
        (3, "/v1/booking/orders/3", {"a1": "held", "a5": "broken"}),
    ],
    ids=["another order", "the first order", "after the end"],
)
def test_an_order_that_should_be_refused_is_named(
    sandbox: Sandbox, number: int, iri: str | None, seen: dict[str, str]
) -> None:
    offer = plain_offer(sandbox)
    with changed(sandbox, also_ordered(number, iri)) as options:
        report = doctor.examine(quick=True, book=offer, wait=1300, **options)
    assert {name: report.assumptions[name].seen for name in seen} == seen
    broken = {f"assumption {name}" for name, found in seen.items() if found == "broken"}
    assert broken == {kind for kind, _ in differences(report) if kind.startswith("assumption")}
    assert report.status == (3 if broken else 0)


@pytest.mark.usefixtures("in_sandbox_time")
@pytest.mark.parametrize(("skip", "name"), [(1, "a1"), (2, "a5")])
def test_an_order_whose_answer_is_lost_proves_nothing(sandbox: Sandbox, skip: int, name: str) -> None:
    offer = plain_offer(sandbox)
    sandbox.faults.add("status", status=503, operation="bulk_create_orders", skip=skip, count=1)
    report = doctor.examine(quick=True, book=offer, wait=1300, **settings(sandbox))
    assumption = report.assumptions[name]
    assert (assumption.seen, "is not known (503)" in assumption.evidence) == ("not seen", True)


def test_a_request_that_is_carried_out_late_is_named(sandbox: Sandbox) -> None:
    offer = plain_offer(sandbox)
    sandbox.faults.add("slow", operation="bulk_create_reservations", seconds=3, skip=2, count=1)
    report = doctor.examine(quick=True, book=offer, retry=RetryPolicy(settle=1.0), **settings(sandbox))
    assert report.assumptions["a2"].seen == "broken"
    assert ("assumption a2", "POST /v1/booking/reservations/_bulk") in differences(report)


def test_a_request_that_never_took_effect_is_not_late(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("korus.doctor._booking.SECONDS", 0.5)
    offer = plain_offer(sandbox)
    sandbox.faults.add("drop_before", operation="bulk_create_reservations", skip=2, count=1)
    report = doctor.examine(quick=True, book=offer, retry=RetryPolicy(settle=0.5), **settings(sandbox))
    a2 = report.assumptions["a2"]
    assert (a2.seen, "was not processed within" in a2.evidence) == ("held", True)


def test_on_production_one_unit_is_held_and_nothing_is_ordered(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_is_production", lambda _: True)
    report = doctor.examine(quick=True, book=plain_offer(sandbox), really=True, **settings(sandbox))
    assert (len(sandbox.inspect.reservations), len(sandbox.inspect.orders)) == (1, 0)
    reasons = {report.assumptions[name].evidence for name in ("a1", "a2", "a4", "a5", "a6")}
    assert reasons == {"on production nothing is ordered"}
    assert report.assumptions["a3"].seen == "held"


@pytest.mark.parametrize("wait", [-1, float("nan"), float("inf"), "60", True])
def test_a_wait_that_is_no_number_of_seconds_is_refused(wait: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match="`wait` must be"):
        doctor.examine(wait=wait)


def test_each_change_of_the_api_is_named(sandbox: Sandbox) -> None:
    born: dict[str, float] = {}

    def change(method: str, path: str, document: Any) -> Any:
        if not isinstance(document, dict):
            return document
        if "externalReference" in document:
            document["externalReference"] = str(document["externalReference"]).strip()
        if "member" in document:
            if "/offers?" in path or path.endswith("/offers"):
                document["member"] = document["member"][:20]
                for offer in document["member"]:
                    offer["carbonFootprint"] = 12
            if "/booking/" in path:
                now = time.monotonic()
                young = [
                    one["@id"] for one in document["member"] if now - born.setdefault(one["@id"], now) < 1.5
                ]
                document["member"] = [one for one in document["member"] if one["@id"] not in young]
        if "/forms/" in path:
            for field in document["fields"]:
                field["type"] = "hologram"
        return document

    offer = plain_offer(sandbox)
    with changed(sandbox, change) as options:
        report = doctor.examine(quick=True, book=offer, retry=RetryPolicy(settle=1.0), **options)
    assert report.status == 3
    offers = "GET /v1/ticketing/catalogs/{catalogId}/offers"
    assert ("undocumented field", offers) in differences(report)
    assert ("page size", offers) in differences(report)
    assert ("unknown enum value", "GET /v1/forms/{id}") in differences(report)
    assert ("assumption a6", "GET /v1/booking/orders/{id}") in differences(report)
    assert ("assumption a3", "GET /v1/booking/reservations") in differences(report)
    texts = report.text()
    for said in (
        "/member/*/carbonFootprint",
        "capped at 20",
        "hologram",
        "references are trimmed",
        "reads lag",
    ):
        assert said in texts, said
    proposed = "\n".join(maintaining.proposals(json.loads(json.dumps(report.to_dict()))))
    assert "add the property to its schema" in proposed
    assert "a6, external references come back as they were sent\n  mark it as seen to be wrong" in proposed


def test_a_list_that_ignores_its_filter_is_named(sandbox: Sandbox) -> None:
    proxy_seen: dict[str, Any] = {}

    def change(method: str, path: str, document: Any) -> Any:
        if isinstance(document, dict) and "/offers?" in path and "2199" in path:
            return proxy_seen["offers"]
        if isinstance(document, dict) and path.partition("?")[0].endswith("/offers"):
            proxy_seen["offers"] = document
        return document

    with changed(sandbox, change) as options:
        report = doctor.examine(**options)
    ignored = [one for one in report.differences if one.kind == "filter"]
    assert {one.place for one in ignored} == {"date[after]"}


@pytest.mark.parametrize("kind", ["status", "drop_before", "not_json", "empty"])
def test_a_faulty_api_is_examined_to_the_end(sandbox: Sandbox, kind: Any) -> None:
    sandbox.faults.add(kind, operation="get_offer_price", **({"status": 500} if kind == "status" else {}))
    report = doctor.examine(quick=True, retry=RetryPolicy(attempts=1), **settings(sandbox))
    assert report.operations["GET /v1/ticketing/catalogs/{catalogId}/offers/{id}/price"] != "200 x 1"
    assert report.operations["GET /v1/ticketing/catalogs/{catalogId}/offers"].startswith("200")
    assert report.status in {0, 3}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_what_cannot_be_reached_is_status_1(sandbox: Sandbox) -> None:
    once = {"retry": RetryPolicy(attempts=1), "timeout": 5}
    nobody = f"http://127.0.0.1:{free_port()}"
    report = doctor.examine(**settings(sandbox, base_url=nobody, **once))
    assert report.status == 1
    assert report.steps[-1].title == "connection"
    assert report.steps[-1].advice
    report = doctor.examine(**settings(sandbox, client_secret="wrong", **once))
    assert (report.status, report.steps[-1].title) == (1, "credentials")
    assert "wrong" not in json.dumps(report.to_dict())


def test_wrong_settings_are_status_2() -> None:
    report = doctor.examine(base_url="http://127.0.0.1:1")
    assert report.status == 2
    assert "client_id is missing" in report.text()


def test_production_is_not_booked_by_accident() -> None:
    with pytest.raises(errors.ConfigurationError, match="--really"):
        doctor.examine(book="/v1/x", environment="production", client_id="a", client_secret="b")


def test_the_command_prints_and_writes_a_report(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "report.json"
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--quick", "--report", str(file)])
    assert left.value.code == 0
    printed = capsys.readouterr().out
    assert "korus and the API fit." in printed
    assert sandbox.client_secret not in printed + file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(file.read_text())["status"] == 0
    assert maintaining.main([str(file)]) == 0
    assert capsys.readouterr().out == "nothing to change\n"


@pytest.mark.usefixtures("in_sandbox_time")
def test_the_command_waits_for_the_end_of_a_hold_and_looks_at_the_journal(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {**sandbox.environment(), "KORUS_JOURNAL": str(tmp_path / "canary.db")}.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "report.json"
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--quick", "--book", plain_offer(sandbox), "--wait", "1300", "--report", str(file)])
    printed = capsys.readouterr().out
    assert left.value.code == 0
    seen = {name: one["seen"] for name, one in json.loads(file.read_text())["assumptions"].items()}
    assert seen == dict.fromkeys([f"a{number}" for number in range(1, 9)], "held")
    assert printed.count("seen to hold") == 8
    assert "canary" not in printed + file.read_text()
    assert not (tmp_path / "canary.db").exists()
    assert maintaining.main([str(file)]) == 0
    proposed = capsys.readouterr().out
    assert [f"{name}, " in proposed for name in ("a1", "a5", "a7", "a8")] == [True, True, False, False]


def test_the_maintainers_command_refuses_another_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("{}", "[]", "no JSON", '{"format": 1, "differences": [{}]}'):
        (tmp_path / "x.json").write_text(text)
        assert maintaining.main([str(tmp_path / "x.json")]) == 2
    assert maintaining.main([str(tmp_path / "none.json")]) == 2
