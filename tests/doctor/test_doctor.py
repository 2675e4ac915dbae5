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
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
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
        **dict.fromkeys(["a2", "a5", "a7", "a8"], "not seen"),
        **dict.fromkeys(["a1", "a3", "a4", "a6"], "held"),
    }
    assert report.status == 0
    shown = json.dumps(report.to_dict()) + report.text()
    secrets = [sandbox.client_secret, sandbox.client_id, "doctor@example.org", "Doctor again"]
    assert not [secret for secret in secrets if secret in shown]


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


def test_the_maintainers_command_refuses_another_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("{}", "[]", "no JSON", '{"format": 1, "differences": [{}]}'):
        (tmp_path / "x.json").write_text(text)
        assert maintaining.main([str(tmp_path / "x.json")]) == 2
    assert maintaining.main([str(tmp_path / "none.json")]) == 2


def test_the_description_that_is_shipped_is_the_current_one() -> None:
    assert maintaining.main(["--check"]) == 0, "run python -m scripts.doctor --description"
