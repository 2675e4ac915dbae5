"""`korus book` for real: tickets on disk, a receipt that is true, and an exit status that says how it went."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import unicodedata
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from booking_files import ADULTS, CHILDREN, HEAD, PLAYED, write
from pypdf import PdfReader

from korus.cli.carry_out import BookingRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ended

    from korus.sandbox import Sandbox

WEEKEND = Path(__file__).resolve().parents[2] / "examples" / "family-weekend.yaml"


def receipt(folder: Path, name: str = "SHOP_1_415b8e") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (folder / "tickets" / name / "receipt.json").read_text(encoding="utf-8")
    )
    return found


def offer_iri(sandbox: Sandbox, code: str, day: str) -> str:
    (offer,) = (
        offer
        for offer in sandbox.catalogue.offers_by_id.values()
        if offer.product.plan.code == code and str(offer.date) == day
    )
    return offer.iri


def test_the_family_weekend_ends_with_tickets_in_hand(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    ended = korus_command("book", WEEKEND)
    assert (ended.status, ended.err) == (0, "")
    assert "6 of 6 booked" in ended.out
    folder = tmp_path / "tickets" / "FAMILY-WEEKEND-1"
    written = json.loads((folder / "receipt.json").read_text(encoding="utf-8"))
    orders = {order["order"]: order for order in at_the_sandbox.inspect.orders}
    assert {item["order"] for item in written["items"]} == set(orders)
    assert len(orders) == 6
    assert {order["externalReference"] for order in orders.values()} == {"FAMILY-WEEKEND-1"}
    for item in written["items"]:
        order = orders[item["order"]]
        assert (item["state"], item["failures"], item["remarks"]) == ("booked", [], [])
        assert (item["quantity"], item["offer"]) == (order["quantity"], order["offer"])
        assert item["documents"]
        for document in item["documents"]:
            file = folder / document["file"]
            assert (document["bytes"], document["sha256"]) == (
                file.stat().st_size,
                hashlib.sha256(file.read_bytes()).hexdigest(),
            )
            assert order["reference"] in "".join(page.extract_text() for page in PdfReader(file).pages)
    night = orders[written["items"][0]["order"]]
    assert [(name["firstname"], name["dateOfBirth"]) for name in night["beneficiaries"]] == [
        ("Ada", "1985-12-10"),
        ("William", "1983-02-21"),
        ("Byron", "2016-05-12"),
        ("Annabella", "2018-09-22"),
    ]
    assert written["items"][0]["beneficiaries_set"] == 4
    on_disk = {path.name for path in folder.iterdir()}
    named = {document["file"] for item in written["items"] for document in item["documents"]}
    assert on_disk == named | {"receipt.json"}
    assert at_the_sandbox.inspect.storage_requests_with_token == 0


def test_a_second_run_buys_nothing_and_succeeds(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = write(tmp_path, ADULTS, CHILDREN)
    assert korus_command("book", file).status == 0
    first = receipt(tmp_path)
    again = korus_command("book", file)
    assert again.status == 0
    assert "ordered by an earlier run" in again.out
    second = receipt(tmp_path)
    assert [item["order"] for item in second["items"]] == [item["order"] for item in first["items"]]
    assert [item["ordered_earlier"] for item in first["items"] + second["items"]] == [
        False,
        False,
        True,
        True,
    ]
    assert len(at_the_sandbox.inspect.orders) == len(at_the_sandbox.inspect.reservations) == 2


def test_a_line_added_later_is_the_only_one_that_is_bought(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    assert korus_command("book", write(tmp_path, ADULTS)).status == 0
    assert korus_command("book", write(tmp_path, CHILDREN, ADULTS)).status == 0
    assert [item["ordered_earlier"] for item in receipt(tmp_path)["items"]] == [False, True]
    assert [order["quantity"] for order in at_the_sandbox.inspect.orders] == [2, 1]


def test_a_reference_that_belongs_to_something_else_is_refused(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    assert korus_command("book", write(tmp_path, ADULTS)).status == 0
    ended = korus_command("book", write(tmp_path, CHILDREN))
    assert ended.status == 2
    assert "'SHOP 1/é' is the reference of another order already" in ended.err
    assert len(at_the_sandbox.inspect.reservations) == 1
    assert korus_command("book", write(tmp_path, CHILDREN), "--reference", "SHOP-2").status == 0
    assert receipt(tmp_path, "SHOP-2")["external_reference"] == "SHOP-2"


def test_what_is_sold_out_is_left_out_and_the_rest_is_booked(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    at_the_sandbox.set_stock(offer_iri(at_the_sandbox, "day_1_adult", "2027-05-15"), 1)
    ended = korus_command("book", write(tmp_path, ADULTS, CHILDREN))
    assert ended.status == 3
    assert "1 of 2 booked" in ended.out
    assert "sold out: asked for 2, 1 left" in ended.out
    found = receipt(tmp_path)
    assert (found["status"], [item["state"] for item in found["items"]]) == ("partly", ["failed", "booked"])
    assert found["items"][0]["failures"] == ["sold out: asked for 2, 1 left"]
    assert len(at_the_sandbox.inspect.orders) == 1


def test_of_lines_that_are_too_many_together_only_the_last_is_left_out(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    at_the_sandbox.set_stock(offer_iri(at_the_sandbox, "day_1_adult", "2027-05-15"), 3)
    assert korus_command("book", write(tmp_path, ADULTS, ADULTS)).status == 3
    assert [item["state"] for item in receipt(tmp_path)["items"]] == ["booked", "failed"]


def test_what_the_api_refuses_to_hold_or_to_order_fails_alone(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    at_the_sandbox.faults.add("fail_items", operation="bulk_create_reservations", items=(0,), count=1)
    at_the_sandbox.faults.add("fail_items", operation="bulk_create_orders", items=(0,), count=1)
    free = "  - {catalog: Museum of Quiet Things, product: 'Collection, full price', date: 2027-05-15, quantity: 1}\n"
    ended = korus_command("book", write(tmp_path, ADULTS, CHILDREN, free))
    assert ended.status == 3
    found = receipt(tmp_path)
    assert [item["state"] for item in found["items"]] == ["failed", "failed", "booked"]
    assert found["items"][0]["failures"][0].startswith("could not be held: ")
    assert found["items"][1]["failures"][0].startswith("could not be ordered: ")
    assert found["items"][1]["reservation"] is not None


def test_refused_line_does_not_fail_the_others(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    too_many = PLAYED.replace("quantity: 1", "quantity: 5") + "}\n"
    ended = korus_command("book", write(tmp_path, ADULTS, too_many))
    assert ended.status == 3
    assert receipt(tmp_path)["items"][1]["failures"] == ["refused: This value should be 4 or less."]
    assert [order["quantity"] for order in at_the_sandbox.inspect.orders] == [2]


def test_nothing_booked_is_status_1_and_leaves_no_folder(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    at_the_sandbox.set_stock(offer_iri(at_the_sandbox, "day_1_adult", "2027-05-15"), 0)
    ended = korus_command("book", write(tmp_path, ADULTS))
    assert ended.status == 1
    assert "0 of 1 booked" in ended.out
    assert not (tmp_path / "tickets").exists()


def test_all_or_nothing_orders_nothing_when_one_line_cannot_be_had(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    at_the_sandbox.set_stock(offer_iri(at_the_sandbox, "day_1_adult", "2027-05-15"), 0)
    assert korus_command("book", write(tmp_path, ADULTS, CHILDREN), "--all-or-nothing").status == 1
    assert at_the_sandbox.inspect.reservations == []
    at_the_sandbox.set_stock(offer_iri(at_the_sandbox, "day_1_adult", "2027-05-15"), 9)
    at_the_sandbox.faults.add("fail_items", operation="bulk_create_reservations", items=(0,), count=1)
    assert korus_command("book", write(tmp_path, ADULTS, CHILDREN), "--all-or-nothing").status == 1
    assert at_the_sandbox.inspect.orders == []


def test_a_price_that_moved_too_far_is_not_paid(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    at_the_sandbox.set_price(offer_iri(at_the_sandbox, "day_1_adult", "2027-05-15"), "99.00")
    ended = korus_command("book", write(tmp_path, ADULTS, CHILDREN), "--max-price-change", "5.00")
    assert ended.status == 3
    assert "the price has moved from" in ended.out
    assert [item["state"] for item in receipt(tmp_path)["items"]] == ["failed", "booked"]


def test_result_of_a_lost_answer_is_found_and_not_bought_twice(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    at_the_sandbox.faults.add("drop_after", operation="bulk_create_reservations", count=1)
    at_the_sandbox.faults.add("drop_after", operation="bulk_create_orders", count=1)
    assert korus_command("book", write(tmp_path, ADULTS, CHILDREN)).status == 0
    assert len(at_the_sandbox.inspect.orders) == 2
    assert {item["state"] for item in receipt(tmp_path)["items"]} == {"booked"}


def test_tickets_that_are_not_ready_are_fetched_by_a_later_run(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    at_the_sandbox.box_office._document_delay = timedelta(minutes=1)
    people = ", beneficiaries: [{firstname: Ada, lastname: Lovelace}]}\n"
    file = write(tmp_path, PLAYED.replace("05-12", "05-19") + people)
    ended = korus_command("book", file, "--wait", "0")
    assert ended.status == 0
    assert "the tickets are not ready yet, but will be on 20" in ended.out
    assert ended.err == ""
    assert receipt(tmp_path)["items"][0]["documents"] == []
    at_the_sandbox.clock.advance(timedelta(minutes=2))
    part = korus_command("book", file, "--wait", "0")
    assert "note: 1 file is not ready yet; run the same command again later" in part.out
    at_the_sandbox.clock.advance(timedelta(days=400))
    ended = korus_command("book", file, "--wait", "0")
    assert (ended.status, receipt(tmp_path)["items"][0]["remarks"]) == (0, [])
    assert len(receipt(tmp_path)["items"][0]["documents"]) == 2
    assert len(at_the_sandbox.inspect.orders) == 1


def test_a_ticket_that_the_api_calls_too_early_is_waited_for(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    words = {"detail": "This document can be downloaded from 2027-05-03T09:00:01+00:00."}
    fault = {"operation": "update_order_document", "status": 422, "body": words}
    at_the_sandbox.faults.add("status", **fault, count=1)
    file = write(tmp_path, ADULTS)
    assert korus_command("book", file).status == 0
    assert len(receipt(tmp_path)["items"][0]["documents"]) == 1
    at_the_sandbox.faults.add("status", **fault)
    ended = korus_command("book", file, "--wait", "0")
    assert (ended.status, receipt(tmp_path)["items"][0]["documents"]) == (0, [])
    assert "note: the tickets are not ready yet; run the same command again later" in ended.out


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKD"])
def test_names_are_found_whatever_unicode_form_they_are_in(
    form: str, at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    item = "  - {catalog: MUSÉE des Choses\xa0Calmes, product: 'Collection, plein tarif', date: 2027-05-15, quantity: 1}\n"
    file = tmp_path / "wish.yaml"
    text = HEAD.replace("language: en", "language: fr") + unicodedata.normalize(form, item)
    file.write_text(text, encoding="utf-8")
    ended = korus_command("book", file, "--check")
    assert (ended.status, ended.err) == (0, "")
    assert at_the_sandbox.inspect.reservations == []


def test_json_with_an_offers_iri_is_as_good(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    iri = offer_iri(at_the_sandbox, "day_1_adult", "2027-05-15")
    document = {
        "external_reference": "JSON-1",
        "customer": {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.com"},
        "items": [
            {"offer": iri, "quantity": 1},
            {"offer": iri.rpartition("/")[2], "catalog": "Lantern Park", "quantity": 2},
            {"offer": at_the_sandbox.base_url + iri, "quantity": 3},
        ],
    }
    file = tmp_path / "wish.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    ended = korus_command("book", file, "--to", tmp_path / "elsewhere")
    assert ended.status == 0
    assert sorted(order["quantity"] for order in at_the_sandbox.inspect.orders) == [1, 2, 3]
    assert {order["offer"] for order in at_the_sandbox.inspect.orders} == {iri}
    assert (tmp_path / "elsewhere" / "JSON-1" / "receipt.json").is_file()


def test_what_many_lines_name_is_looked_for_once(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    asked = Counter[str]()
    for copies in (1, 20):
        children = [
            f"  - {{offer: {offer_iri(at_the_sandbox, 'day_1_child', f'2027-05-{day}')}, quantity: 1}}\n"
            for day in range(14, 20)
        ]
        nowhere = "  - {offer: 019a51c9-0000-7000-8000-000000000000, catalog: Lantern Park, quantity: 1}\n"
        before = at_the_sandbox.inspect.requests
        ended = korus_command("book", write(tmp_path, *copies * [ADULTS, *children, nowhere]), "--check")
        assert ended.status == 2
        assert ended.err.count("there is no such offer in Lantern Park") == copies
        sent = at_the_sandbox.inspect.requests - before
        asked = asked or sent
        assert sent == asked


@pytest.mark.parametrize("terminal", [True, False])
def test_a_check_says_what_is_left_and_books_nothing(
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    terminal: bool,
) -> None:
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
    at_the_sandbox.set_stock(offer_iri(at_the_sandbox, "day_1_child", "2027-05-15"), 7)
    ended = korus_command("book", write(tmp_path, CHILDREN), "--check")
    assert ended.status == 0
    line, end = ended.out.splitlines()[-2:]
    assert line.endswith(
        "  1 x Lantern Park, one day, child, 2027-05-15 (Lantern Park): 7 left, 24.50 EUR each"
    )
    assert end == "nothing was booked"
    assert ("\x1b[" in ended.out) is terminal
    assert at_the_sandbox.inspect.reservations == []
    assert not (tmp_path / "tickets").exists()


def test_an_api_that_cannot_be_reached_is_one_line_and_status_1(
    korus_command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = {"CLIENT_ID": "shop", "CLIENT_SECRET": "hush-hush", "TIMEOUT": "1"}
    addresses = {"BASE_URL": "http://127.0.0.1:9", "TOKEN_URL": "http://127.0.0.1:9/token"}
    for name, value in (settings | addresses).items():
        monkeypatch.setenv(f"KORUS_{name}", value)
    ended = korus_command("book", write(tmp_path, ADULTS))
    assert ended.status == 1
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("korus: ")
    assert "hush-hush" not in ended.out + ended.err


def test_interrupted_command_writes_what_was_bought(
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(_: BookingRun) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(BookingRun, "finish", interrupt)
        ended = korus_command("book", write(tmp_path, ADULTS))
    assert (ended.status, ended.err.count("\n")) == (130, 1)
    assert ended.err.startswith(
        "interrupted; what was sent may be carried out still. Run the same command again"
    )
    (order,) = at_the_sandbox.inspect.orders
    assert [(item["order"], item["documents"]) for item in receipt(tmp_path)["items"]] == [
        (order["order"], [])
    ]
    assert korus_command("book", write(tmp_path, ADULTS)).status == 0
    assert [bool(item["documents"]) for item in receipt(tmp_path)["items"]] == [True]
    assert len(at_the_sandbox.inspect.orders) == 1


def test_failed_downloads_are_partial_success_and_fetched_by_a_later_run(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    at_the_sandbox.faults.add("html", operation="storage", status=200)
    ended = korus_command("book", write(tmp_path, ADULTS))
    assert ended.status == 3
    assert receipt(tmp_path)["items"][0]["state"] == "incomplete"
    assert "the tickets could not be fetched" in ended.out
    at_the_sandbox.faults.clear()
    assert korus_command("book", write(tmp_path, ADULTS)).status == 0
    assert receipt(tmp_path)["items"][0]["state"] == "booked"


def test_similar_references_have_separate_receipts(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    references = ["A 1", "A/1", "A_1", "é", "è"]
    for reference in references:
        assert korus_command("book", write(tmp_path, ADULTS), "--reference", reference).status == 0
    receipts = [json.loads(file.read_text("utf-8")) for file in (tmp_path / "tickets").glob("*/receipt.json")]
    assert sorted(each["external_reference"] for each in receipts) == sorted(references)
    assert len(at_the_sandbox.inspect.orders) == len(references)


def test_booking_continues_if_the_stream_is_not_read(
    at_the_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, written = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "korus.cli", "book", str(write(tmp_path, ADULTS))]
    ended = subprocess.run(command, cwd=tmp_path, stdout=written, stderr=subprocess.PIPE, check=False)
    os.close(written)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert [bool(item["documents"]) for item in receipt(tmp_path)["items"]] == [True]


def test_full_disk_is_partial_success_and_the_receipt_is_printed(
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(run: BookingRun) -> None:
        folder = run.options.folder
        folder.rmdir()
        folder.write_text("in the way")
        finish(run)

    finish = BookingRun.finish
    monkeypatch.setattr(BookingRun, "finish", refuse)
    ended = korus_command("book", write(tmp_path, ADULTS))
    assert ended.status == 3
    (order,) = at_the_sandbox.inspect.orders
    assert f'"order": "{order["order"]}"' in ended.out
    assert "failed: the tickets could not be written: " in ended.out
    assert "failed: the receipt could not be written into " in ended.out


def test_a_name_that_the_terminal_cannot_show_fails_nothing(at_the_sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "wish.yaml"
    text = HEAD.replace("language: en", "language: fr").replace("SHOP 1/é", "SHOP-1")
    file.write_text(
        text + "  - {catalog: Musée des Choses Calmes, product: x, quantity: 1}\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "korus.cli", "book", str(file)]
    ended = subprocess.run(
        command, env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, check=False
    )
    assert (ended.returncode, b"Traceback" in ended.stderr) == (2, False)
    assert b"Mus\\xe9e des Choses Calmes" in ended.stderr


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_the_receipt_is_private_and_follows_no_link(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("keep me", encoding="utf-8")
    folder = tmp_path / "tickets" / "PLAIN-1"
    folder.mkdir(parents=True)
    for name in ("receipt.json", "receipt.json.new"):
        (folder / name).symlink_to(outside)
    file = write(tmp_path, ADULTS)
    file.write_text(file.read_text("utf-8").replace("SHOP 1/é", "PLAIN-1"), encoding="utf-8")
    assert korus_command("book", file).status == 0
    assert outside.read_text(encoding="utf-8") == "keep me"
    assert not (folder / "receipt.json").is_symlink()
    files = [path for path in folder.iterdir() if not path.is_symlink()]
    assert len(files) > 1
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_json_prints_the_receipt_and_nothing_else(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    ended = korus_command("book", write(tmp_path, ADULTS), "--json")
    assert (ended.status, ended.err) == (0, "")
    printed = json.loads(ended.out)
    assert printed == receipt(tmp_path)
    assert {item["order"] for item in printed["items"]} == {
        order["order"] for order in at_the_sandbox.inspect.orders
    }


def test_json_of_a_check_has_what_was_checked(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    ended = korus_command("book", write(tmp_path, ADULTS, CHILDREN), "--check", "--json")
    assert (ended.status, ended.err) == (0, "")
    assert len(json.loads(ended.out)["checked"]) == 2
    assert at_the_sandbox.inspect.orders == []


def test_quiet_prints_nothing_of_what_went_well(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    ended = korus_command("book", write(tmp_path, ADULTS), "--quiet")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert len(at_the_sandbox.inspect.orders) == 1
    assert receipt(tmp_path)["items"][0]["state"] == "booked"


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_problems_of_a_file_are_printed_whatever_the_option(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path, option: str
) -> None:
    ended = korus_command("book", write(tmp_path, ADULTS.replace("quantity: 2", "quantity: none")), option)
    assert ended.status == 2
    assert "quantity" in ended.err
    assert ended.out == ""
    assert at_the_sandbox.inspect.orders == []
