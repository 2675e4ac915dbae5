"""`korus catalogs`, `offers`, `orders`, …: what is listed and shown, as tables and as JSON, and `korus mirror`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from korus import cli
from korus._mirror.sweeping import Scope
from korus.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ended

    from korus.sandbox import Sandbox

    Command = Callable[..., Ended]

NAMES = ["catalogs", "bases", "products", "offers", "sessions", "form", "availability", "price", "reservations",
         "orders", "order", "tickets", "mirror"]  # fmt: skip


@pytest.fixture
def shop(sandbox: Sandbox, korus_command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KORUS_MIRROR", "mirror.db")
    return korus_command


def lines(ended: Ended) -> list[dict[str, Any]]:
    assert ended.status == 0, ended.err
    return [json.loads(line) for line in ended.out.splitlines()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_explains_itself(name: str, flag: str, korus_command: Command) -> None:
    ended = korus_command(name, flag)
    assert ended.status == 0
    assert f"korus {name}" in ended.out


def test_lists_are_tables_for_people_and_lines_for_programs(shop: Command) -> None:
    table = shop("catalogs").out.splitlines()
    assert table[0].split() == ["catalogue", "name", "imported"]
    assert len(table) == 4
    assert lines(shop("catalogs", "--json"))[0]["name"] == "Lantern Park"
    assert len(lines(shop("offers", "lantern park", "--json", "--limit", "3"))) == 3
    assert len(lines(shop("bases", "Lantern Park", "--all", "--json"))) > 2
    cut = shop("offers", "Lantern Park", "--limit", "2")
    assert len(cut.out.splitlines()) == 3
    assert "--all" in cut.err


def test_offers_are_filtered_as_the_library_filters_them(shop: Command) -> None:
    product = lines(shop("products", "Lantern Park", "--json"))[0]["@id"]
    found = lines(
        shop(
            "offers",
            "Lantern Park",
            "--product",
            product,
            "--after",
            "2027-05-12",
            "--before",
            "2027-05-14",
            "--sort",
            "desc",
            "--json",
        )
    )
    days = [each["date"] for each in found]
    assert days == sorted(days, reverse=True)
    assert set(days) <= {"2027-05-12", "2027-05-13", "2027-05-14"}
    assert days


def test_single_things_are_shown(shop: Command) -> None:
    offer = lines(shop("offers", "Lantern Park", "--limit", "1", "--json"))[0]
    assert "left" in shop("availability", offer["@id"]).out
    assert lines(shop("price", offer["@id"], "--json"))[0]["currency"] == "eur"
    ticket = next(ticket for ticket in offer["tickets"] if not ticket["dateAccess"])
    assert "begins" in shop("sessions", ticket["@id"]).out
    forms = [ticket["form"] for ticket in offer["tickets"] if ticket["form"]]
    if forms:
        assert "required" in shop("form", forms[0]).out
    assert shop("orders").out == shop("reservations").out == "nothing\n"


@pytest.mark.parametrize(
    "arguments",
    [("offers", "No Such Park"), ("offers", "Lantern Park", "--after", "soon"), ("offers", "Lantern Park", "--sort", "up"),
     ("price", "nothing"), ("catalogs", "--limit", "0"), ("mirror", "changes", "--acknowledge"),
     ("mirror", "sync", "--after", "x"), ("mirror", "calendar", "nothing", "2027-05")],
)  # fmt: skip
def test_what_cannot_be_asked_leaves_with_2(shop: Command, arguments: tuple[str, ...]) -> None:
    assert shop(*arguments).status == 2


def test_wrong_credentials_leave_with_2(shop: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KORUS_CLIENT_SECRET", "wrong")
    ended = shop("catalogs")
    assert ended.status == 2
    assert "credentials" in ended.err


def test_a_mirror_is_synced_read_and_guarded(shop: Command, sandbox: Sandbox) -> None:
    first = lines(shop("mirror", "sync", "Lantern Park", "--json"))
    assert set(first[-1]) == {"added", "changed", "removed", "quarantined"}
    assert first[-1]["added"] > 3000
    offer = lines(shop("offers", "Lantern Park", "--limit", "1", "--json"))[0]
    sandbox.catalog.reprice(offer["@id"], "3.00")
    assert lines(shop("mirror", "sync", "Lantern Park", "--json"))[-1]["changed"] >= 1
    seq = first[-1]["added"]
    assert "price" in shop("mirror", "changes", "--since", seq).out
    (change,) = lines(shop("mirror", "changes", "--since", seq, "--json", "--kind", "offer"))
    assert change["after"]["price"]["amountInclTax"] == "3.00"
    read = lines(shop("mirror", "changes", "--consumer", "index", "--acknowledge", "--limit", "10", "--json"))
    assert (
        lines(shop("mirror", "changes", "--consumer", "index", "--limit", "1", "--json"))[0]["seq"]
        == read[-1]["seq"] + 1
    )
    assert shop("mirror", "changes", "--limit", "2", "--csv").out.startswith("seq,at,sweep,op,kind")
    assert [each["price_minor"] for each in lines(shop("mirror", "history", offer["@id"], "--json"))][
        -1
    ] == 300
    month = offer["date"][:7]
    days = lines(shop("mirror", "calendar", offer["product"]["@id"], month, "--json"))
    assert {day["status"] for day in days} <= {"available", "limited", "sold_out", "closed"}
    assert "last change" in shop("mirror", "status").out
    for product in lines(shop("products", "Lantern Park", "--json", "--all"))[:6]:
        sandbox.catalog.remove(product["@id"])
    held = shop("mirror", "sync", "Lantern Park", "--json")
    assert held.status == 3
    assert json.loads(held.out.splitlines()[-1])["quarantined"] > 0
    assert shop("mirror", "status").status == 3
    accepted = shop("mirror", "sync", "Lantern Park", "--accept", "--json")
    assert accepted.status == 0
    assert json.loads(accepted.out.splitlines()[-1])["removed"] > 0


def test_a_mirror_that_cannot_be_synced_or_is_busy_says_so(shop: Command, sandbox: Sandbox) -> None:
    sandbox.faults.add("status", operation="list_offers", status=404)
    failed = shop("mirror", "sync", "Lantern Park", "--json")
    assert (failed.status, json.loads(failed.out.splitlines()[-2])["state"]) == (1, "failed")
    sandbox.faults.clear()
    catalog = lines(shop("catalogs", "--json"))[0]["@id"]
    with Mirror("mirror.db") as mirror:
        for scope in (Scope(), Scope(catalog)):
            assert mirror._store.leases.claim(scope) is not None
        busy = shop("mirror", "sync", "Lantern Park", "--json")
    assert (busy.status, {json.loads(line).get("state") for line in busy.out.splitlines()}) == (
        4,
        {"busy", None},
    )


def test_a_mirror_without_a_name_leaves_with_2(korus_command: Command) -> None:
    ended = korus_command("mirror", "status")
    assert ended.status == 2
    assert "KORUS_MIRROR" in ended.err


def test_a_database_that_cannot_be_used_leaves_with_1(shop: Command, tmp_path: Path) -> None:
    assert shop("mirror", "status", "--database", tmp_path / "no" / "\x01" / "..").status in {1, 2}


def test_the_command_is_a_module_too() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "korus", "--version"], capture_output=True, text=True, check=True
    )
    assert ended.stdout.startswith("korus ")


def test_the_help_names_the_extra_of_a_command_that_lacks_something(
    korus_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == "starlette" else object())
    shown = " ".join(korus_command("--help").out.split())
    assert "needs the extras cli,sandbox" in shown
    assert "cli,mirror" not in shown


def test_a_booking_file_is_read_from_standard_input(shop: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    text = json.dumps({"external_reference": "STDIN-1", "customer": {}, "items": []})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    ended = shop("book", "-")
    assert ended.status == 2
    assert ended.err.startswith("-:1:")
