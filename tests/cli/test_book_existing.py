"""`korus book` at an API that hides or changes references, shows less than was bought, or forgets: nothing is bought twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from booking_files import ADULTS, CHILDREN, write

from korus.sandbox import representations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ended

    from korus.sandbox import Sandbox

HOLD, ORDER = "bulk_create_reservations", "bulk_create_orders"
Change = "Callable[[dict[str, Any]], object]"


@pytest.fixture
def orders_show(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Have the sandbox change each order that it shows."""
    shown = representations.order

    def show(change: Any) -> None:
        def order(item: Any) -> Any:
            found = shown(item)
            change(found)
            return found

        monkeypatch.setattr(representations, "order", order)

    return show


def receipt(folder: Path, to: str = "tickets") -> dict[str, Any]:
    (file,) = (folder / to).glob("*/receipt.json")
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def bought(sandbox: Sandbox) -> list[int]:
    return sorted(order["quantity"] for order in sandbox.inspect.orders)


@pytest.mark.parametrize(
    "change", [str.lower, str.upper, lambda text: f" {text}", lambda text: text.replace(" ", "  ")]
)
def test_a_reference_that_came_back_otherwise_stops_the_next_run(
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    orders_show: Callable[[Any], None],
    tmp_path: Path,
    change: Callable[[str], str],
) -> None:
    orders_show(lambda order: order.update(externalReference=change(order["externalReference"])))
    file = write(tmp_path, ADULTS)
    assert korus_command("book", file).status == 0
    ended = korus_command("book", file)
    assert ended.status == 2
    assert "differs only in case, space or Unicode form" in ended.err
    assert bought(at_the_sandbox) == [2]


@pytest.mark.parametrize("hidden", [False, True])
def test_reference_in_another_case_than_an_earlier_runs_stops(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path, *, hidden: bool
) -> None:
    file = write(tmp_path, ADULTS)
    assert korus_command("book", file, "--reference", "Shop 42").status == 0
    if hidden:  # as by reads that lag
        at_the_sandbox.box_office.orders_by_reference.clear()
    ended = korus_command("book", file, "--reference", "SHOP 42")
    assert ended.status == 2
    assert "differs only in case, space or Unicode form from 'Shop 42'" in ended.err
    assert bought(at_the_sandbox) == [2]


def test_reference_in_another_case_than_one_that_ordered_nothing_is_taken(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = write(tmp_path, ADULTS)
    at_the_sandbox.faults.add("fail_items", operation=HOLD, count=1)
    assert korus_command("book", file, "--reference", "Shop 42").status == 1
    assert korus_command("book", file, "--reference", "SHOP 42").status == 0
    assert bought(at_the_sandbox) == [2]


@pytest.mark.parametrize("shown", [None, "a digest"], ids=["hidden", "rewritten"])
def test_whatever_references_come_back_the_log_says_what_was_bought(
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    orders_show: Callable[[Any], None],
    tmp_path: Path,
    shown: str | None,
) -> None:
    orders_show(lambda order: order.update(externalReference=shown))
    file = write(tmp_path, ADULTS, CHILDREN)
    assert korus_command("book", file).status == 0
    again = korus_command("book", file)
    assert (again.status, again.out.count("ordered by an earlier run)")) == (0, 2)
    assert bought(at_the_sandbox) == [1, 2]


def test_hold_that_is_ordered_under_another_reference_is_not_held_again(
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    orders_show: Callable[[Any], None],
    tmp_path: Path,
) -> None:
    # nobody knows whose it is: its answer was lost, and every look shows another reference
    orders_show(lambda order: order.update(externalReference="a digest"))
    at_the_sandbox.faults.add("status", operation=ORDER, status=502, done=True, count=1)
    file = write(tmp_path, ADULTS)
    assert korus_command("book", file).status == 3
    again = korus_command("book", file)
    assert (again.status, bought(at_the_sandbox)) == (3, [2])
    assert "is ordered under another reference" in again.out


def test_orders_that_are_listed_no_more_are_known_to_the_log(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = write(tmp_path, ADULTS)
    assert korus_command("book", file).status == 0
    at_the_sandbox.box_office.orders_by_reference.clear()
    assert korus_command("book", file).status == 0
    assert bought(at_the_sandbox) == [2]


def test_without_the_log_an_order_that_hides_its_reference_is_unknown(
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    orders_show: Callable[[Any], None],
    tmp_path: Path,
    own_log: Path,
) -> None:
    orders_show(lambda order: order.update(externalReference=None))
    assert korus_command("book", write(tmp_path, ADULTS)).status == 0
    for file in own_log.parent.iterdir():
        file.unlink()
    again = korus_command("book", write(tmp_path, ADULTS, CHILDREN))
    assert again.status == 3
    assert [item["state"] for item in receipt(tmp_path)["items"]] == ["unknown", "booked"]
    assert "hides its reference, and the log does not know it" in again.out
    assert bought(at_the_sandbox) == [1, 2]


def _cut_tickets(order: dict[str, Any]) -> None:
    del order["items"][0]["tickets"][1:]


def _cut_units(order: dict[str, Any]) -> None:
    order["items"][0]["quantity"] = 1
    _cut_tickets(order)


@pytest.mark.parametrize("cut", [_cut_tickets, _cut_units])
def test_order_of_too_few_units_is_incomplete_and_not_repeated(
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    orders_show: Callable[[Any], None],
    tmp_path: Path,
    cut: Any,
) -> None:
    orders_show(cut)
    file = write(tmp_path, ADULTS)
    for _ in range(2):
        ended = korus_command("book", file)
        assert ended.status == 3
        assert "0 of 1 booked, 1 incomplete" in ended.out
        assert "is not whole: it has 1 of 2" in ended.out
        assert receipt(tmp_path)["items"][0]["state"] == "incomplete"
        assert bought(at_the_sandbox) == [2]


def test_partly_ordered_line_is_booked_for_the_missing_units(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    assert korus_command("book", write(tmp_path, ADULTS)).status == 0
    more = ADULTS.replace("quantity: 2", "quantity: 5")
    assert korus_command("book", write(tmp_path, more)).status == 0
    assert bought(at_the_sandbox) == [2, 3]
    (item,) = receipt(tmp_path)["items"]
    assert (item["state"], len(item["orders"]), len(item["tickets"])) == ("booked", 2, 5)
    assert korus_command("book", write(tmp_path, more)).status == 0
    assert bought(at_the_sandbox) == [2, 3]


def test_what_was_held_and_not_ordered_is_ordered_by_the_next_run(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    at_the_sandbox.faults.add("status", operation=ORDER, status=403, count=1)
    file = write(tmp_path, ADULTS, CHILDREN)
    assert korus_command("book", file).status == 1
    assert korus_command("book", file).status == 0
    assert bought(at_the_sandbox) == [1, 2]
    assert len(at_the_sandbox.inspect.reservations) == 2


def test_a_hold_that_has_ended_is_held_again(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    at_the_sandbox.faults.add("status", operation=ORDER, status=403, count=1)
    file = write(tmp_path, ADULTS)
    assert korus_command("book", file).status == 1
    (held,) = at_the_sandbox.inspect.reservations
    at_the_sandbox.expire_reservation(held["reservation"])
    assert korus_command("book", file).status == 0
    assert bought(at_the_sandbox) == [2]
    assert len(at_the_sandbox.inspect.reservations) == 2


def test_an_unknown_order_is_not_booked_again_until_it_is_forgotten(
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KORUS_TIMEOUT", "2")
    at_the_sandbox.faults.add("drop_before", operation=ORDER, count=None)
    at_the_sandbox.faults.add("status", operation="get_reservation", status=500, skip=1)
    file = write(tmp_path, ADULTS)
    first = korus_command("book", file)
    assert first.status == 3
    assert "it is not known whether this was ordered" in first.out
    second = korus_command("book", file)
    assert second.status == 3
    (entry,) = json.loads(korus_command("journal", "list", "--json", "--kind", "order").out)
    assert f"korus journal forget {entry['id']}" in second.out
    assert len(at_the_sandbox.inspect.reservations) == 1
    assert receipt(tmp_path)["status"] == "unknown"
    at_the_sandbox.faults.clear()
    assert korus_command("journal", "forget", entry["id"]).out == "forgotten\n"
    assert korus_command("journal", "forget", entry["id"]).status == 1
    assert korus_command("book", file).status == 0
    assert bought(at_the_sandbox) == [2]


def test_the_next_receipt_keeps_what_an_earlier_one_says_was_bought(
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    orders_show: Callable[[Any], None],
    tmp_path: Path,
    own_log: Path,
) -> None:
    assert korus_command("book", write(tmp_path, ADULTS)).status == 0
    (first,) = receipt(tmp_path)["items"]
    orders_show(lambda order: order.update(externalReference=None))
    for file in own_log.parent.iterdir():
        file.unlink()
    assert korus_command("book", write(tmp_path, ADULTS, CHILDREN)).status == 3
    written = receipt(tmp_path)
    assert [item["order"] is None for item in written["items"]] == [True, False]
    assert written["earlier_items"] == [first]


def test_a_receipt_never_follows_a_link_nor_overwrites_what_it_cannot_read(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    assert korus_command("book", write(tmp_path, ADULTS)).status == 0
    (folder,) = (tmp_path / "tickets").iterdir()
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text("mine")
    for in_the_way in (lambda file: file.symlink_to(elsewhere), lambda file: file.write_text("{not json")):
        (folder / "receipt.json").unlink()
        in_the_way(folder / "receipt.json")
        assert korus_command("book", write(tmp_path, ADULTS)).status == 0
        assert not (folder / "receipt.json").is_symlink()
        assert receipt(tmp_path)["status"] == "booked"
        assert (folder / "receipt.json").stat().st_mode & 0o777 == 0o600
    assert elsewhere.read_text() == "mine"
    kept = list(folder.glob("receipt-*.json"))
    assert sorted(file.read_text() for file in kept) == ["mine", "{not json"]
    assert list(folder.glob(".korus-*")) == []


def test_unwritable_state_folder_is_status_2_and_names_the_setting(
    at_the_sandbox: Sandbox,
    korus_command: Callable[..., Ended],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    ended = korus_command("book", write(tmp_path, ADULTS))
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert "Set KORUS_JOURNAL" in ended.err
    monkeypatch.setenv("KORUS_JOURNAL", str(tmp_path / "file" / "journal.db"))
    ended = korus_command("book", write(tmp_path, ADULTS))
    assert (ended.status, "KORUS_JOURNAL" in ended.err) == (2, True)
    assert at_the_sandbox.inspect.reservations == []


def test_a_check_needs_no_log(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path, own_log: Path
) -> None:
    assert korus_command("book", write(tmp_path, ADULTS), "--check").status == 0
    assert not own_log.exists()


def test_the_journal_command_shows_the_log_of_the_book_command(
    at_the_sandbox: Sandbox, korus_command: Callable[..., Ended], tmp_path: Path
) -> None:
    assert korus_command("book", write(tmp_path, ADULTS)).status == 0
    listed = json.loads(korus_command("journal", "list", "--all", "--json").out)
    assert {(entry["kind"], entry["reference"]) for entry in listed} == {
        ("hold", "SHOP 1/é"),
        ("order", "SHOP 1/é"),
    }


def test_help_says_that_homes_and_containers_have_logs_of_their_own(
    korus_command: Callable[..., Ended],
) -> None:
    said = " ".join(korus_command("book", "--help").out.replace("│", " ").split())
    assert "Different homes and containers have different logs" in said
