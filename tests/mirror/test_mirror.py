"""The mirror: sweeps, removals that are sure, leases, the feed, and what is read from the copy."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from attrs import evolve
from fake_api import FakeApi, small_api
from sqlalchemy import update

from korus._journal.process import ACTIVE, Owner
from korus._mirror import database as database_module
from korus._mirror.leases import ScopeLost
from korus._mirror.sweeping import Ceiling, Missing, Scope, judge
from korus._mirror.unseen import Looks
from korus._sync.mirror import sweep as sweep_module
from korus.errors import ConfigurationError, InvalidArgument, MirrorFailed
from korus.mirror import AsyncMirror, Mirror, replay, write_csv, write_json_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARK = "/v1/ticketing/catalogs/park"


class Shop:
    """A mirror of an API that a test changes."""

    def __init__(self, path: Path, api: FakeApi, **options: Any) -> None:
        self.api, self.path = api, path
        self.korus = api.client()
        self.mirror = Mirror(path, self.korus, **options)

    def sweep(self, **options: Any) -> Any:
        """Sweep the one catalogue; returns its report."""
        return self.mirror.sync(prefetch=0, **options).sweeps[-1]

    def iris(self) -> list[str]:
        return [offer.iri for offer in self.mirror.offers()]

    def listed(self) -> list[dict[str, Any]]:
        return self.api.offers[PARK]

    def on_page(self, number: int, action: Any) -> None:
        """Carry out an action before a page of the whole list, once."""

        def hook(request: httpx.Request) -> Any:
            params = dict(request.url.params)
            is_page = request.url.path.endswith("/offers") and params.get("page", "1") == str(number)
            if is_page and "product[]" not in params and hook in self.api.hooks:
                self.api.hooks.remove(hook)
                return action()
            return None

        self.api.hooks.append(hook)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "mirror.db", small_api())
    yield shop
    shop.mirror.close()
    shop.korus.close()


# --- sweeps ---------------------------------------------------------------------------------------------------


def test_the_first_sweep_copies_everything_and_the_second_nothing(shop: Shop) -> None:
    first = shop.mirror.sync()
    assert (first.added, first.changed, first.removed, first.quarantined) == (35, 0, 0, 0)
    assert len(shop.mirror.offers()) == 30
    second = shop.mirror.sync()
    assert (second.added, second.changed, second.removed) == (0, 0, 0)
    assert second.sweeps[-1].unchanged == 34
    assert shop.mirror.status().last_change == 35


def test_unchanged_pages_are_asked_for_conditionally_and_not_sent_again(shop: Shop) -> None:
    shop.sweep()
    shop.api.requests.clear()
    shop.sweep()
    asked = [request for request in shop.api.requests if request.url.path.endswith("/offers")]
    assert [bool(request.headers.get("if-none-match")) for request in asked] == [True, True, True, False]
    shop.api.requests.clear()
    shop.sweep(full=True)
    assert not any(request.headers.get("if-none-match") for request in shop.api.requests)


def test_a_price_change_is_one_change_with_its_field(shop: Shop) -> None:
    shop.sweep()
    shop.listed()[4]["price"]["amountInclTax"] = "99.95"
    assert shop.sweep().changed == 1
    (change,) = shop.mirror.changes(since=35)
    assert (change.op, change.kind, change.fields) == ("changed", "offer", ("price",))
    assert change.before["price"]["amountInclTax"] == "11.50"
    assert change.after["price"]["amountInclTax"] == "99.95"
    history = shop.mirror.price_history(change.iri)
    assert [(period.price_minor, period.currency) for period in history] == [(1150, "EUR"), (9995, "EUR")]
    assert history[0].until == history[1].since
    assert history[1].until is None


def test_what_changes_with_every_answer_is_no_change(shop: Shop) -> None:
    shop.api.etags = False
    shop.sweep()
    assert shop.sweep(full=True).changed == 0


def test_the_catalogue_cache_is_passed_and_refreshed(tmp_path: Path) -> None:
    api = small_api()
    with api.client(cache=str(tmp_path / "cache")) as korus, Mirror(tmp_path / "m.db", korus) as mirror:
        list(korus.offers.list(PARK, page_size=50))
        api.offers[PARK][0]["price"]["amountInclTax"] = "1.00"
        assert korus.offers.list(PARK, page_size=50).first().price.amount_incl_tax == "10.50"
        mirror.sync(prefetch=0)
        assert mirror.offers(limit=1)[0].price.amount_incl_tax == "1.00"
        count = len(api.requests)
        assert korus.offers.list(PARK, page_size=50).first().price.amount_incl_tax == "1.00"
        assert len(api.requests) == count


def test_a_304_to_the_mirror_makes_the_cache_fresh_too(tmp_path: Path, monkeypatch) -> None:
    api = small_api()
    with api.client(cache=str(tmp_path / "cache")) as korus, Mirror(tmp_path / "m.db", korus) as mirror:
        mirror.sync(prefetch=0)
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 80_000)
        mirror.sync(prefetch=0)
        monkeypatch.setattr(time, "time", lambda: now + 160_000)
        count = len(api.requests)
        assert len(list(korus.offers.list(PARK, page_size=50))) == 30
        assert len(api.requests) == count


def test_a_change_that_the_mirror_saw_makes_the_cache_ask_again(tmp_path: Path) -> None:
    api = small_api()
    with api.client(cache=str(tmp_path / "cache")) as korus, Mirror(tmp_path / "m.db", korus) as mirror:
        mirror.sync(prefetch=0)
        # pages of another size, which the mirror does not read
        list(korus.offers.list(PARK, page_size=7))
        assert not mirror.expire_cache()
        mirror.sync(prefetch=0)
        count = len(api.requests)
        list(korus.offers.list(PARK, page_size=7))
        assert len(api.requests) == count  # nothing had changed
        api.offers[PARK][0]["price"]["amountInclTax"] = "1.00"
        mirror.sync(prefetch=0)
        api.requests.clear()
        offers = list(korus.offers.list(PARK, page_size=7))
        assert offers[0].price.amount_incl_tax == "1.00"
        asked = [request.headers.get("if-none-match") for request in api.requests]
        assert len(asked) == 5
        assert None not in asked  # four of the five are as they were


def test_a_cache_beside_a_mirror_that_others_sweep_follows_its_feed(tmp_path: Path) -> None:
    api = small_api()
    with (
        api.client() as korus,
        Mirror(tmp_path / "m.db", korus) as mirror,
        api.client(cache=str(tmp_path / "cache")) as cached,
        Mirror(tmp_path / "m.db", cached) as follower,
    ):
        mirror.sync(prefetch=0)
        assert follower.expire_cache()
        assert cached.offers.list(PARK).first().price.amount_incl_tax == "10.50"
        api.offers[PARK][0]["price"]["amountInclTax"] = "1.00"
        mirror.sync(prefetch=0)
        assert cached.offers.list(PARK).first().price.amount_incl_tax == "10.50"
        assert follower.expire_cache()
        assert cached.offers.list(PARK).first().price.amount_incl_tax == "1.00"
        assert not follower.expire_cache()
        assert not mirror.expire_cache()


def test_broken_cache_is_expired_later(tmp_path: Path, monkeypatch) -> None:
    api = small_api()
    with api.client(cache=str(tmp_path / "cache")) as korus, Mirror(tmp_path / "m.db", korus) as mirror:
        monkeypatch.setattr(type(korus.cache), "expire", lambda self, *, began=None: False)
        mirror.sync(prefetch=0)
        monkeypatch.undo()
        assert mirror.expire_cache()


@pytest.mark.anyio
async def test_a_sweep_of_tasks_makes_the_cache_ask_again(tmp_path: Path) -> None:
    api = small_api()
    async with (
        api.async_client(cache=str(tmp_path / "cache")) as korus,
        AsyncMirror(tmp_path / "m.db", korus) as mirror,
    ):
        await mirror.sync(prefetch=0)
        assert len([offer async for offer in korus.offers.list(PARK, page_size=7)]) == 30
        api.offers[PARK][0]["price"]["amountInclTax"] = "1.00"
        await mirror.sync(prefetch=0)
        first = await korus.offers.list(PARK, page_size=7).first()
        assert first is not None
        assert first.price.amount_incl_tax == "1.00"


@pytest.mark.parametrize("where", ["etag", "modified"])
def test_a_server_that_says_304_whatever_happens_is_found_out(shop: Shop, where: str) -> None:
    shop.sweep()
    shop.api.always_304 = True
    shop.listed()[0]["price"]["amountInclTax"] = "2.00"
    if where == "etag":
        assert shop.sweep().changed == 0  # it is believed for a while
        shop.api.catalogs[PARK]["lastSyncedAt"] = "2027-01-02T00:00:00+00:00"
    else:
        with shop.mirror._database.writing() as connection:
            pages = shop.mirror._database.tables.pages
            connection.execute(update(pages).values(read=pages.c.read - 25 * 3600))
    assert shop.sweep().changed == 1


def test_a_page_record_is_not_used_when_the_rows_have_changed_since(shop: Shop) -> None:
    shop.sweep()
    offer = shop.listed()[0]
    offer["price"]["amountInclTax"] = "2.00"
    shop.sweep(between=(date(2027, 1, 1), date(2027, 1, 2)))  # another scope sees it first
    offer["price"]["amountInclTax"] = "10.50"  # and it goes back: the page is as it was
    shop.sweep()
    assert shop.mirror.offers(limit=1)[0].price.amount_incl_tax == "10.50"


# --- removals -------------------------------------------------------------------------------------------------


def test_an_offer_that_is_gone_is_removed_after_a_look_at_its_own_day(shop: Shop) -> None:
    shop.sweep()
    gone = shop.listed()[7]["@id"]
    shop.api.remove_offer(gone)
    assert shop.sweep().removed == 1
    assert gone not in shop.iris()
    assert shop.mirror.changes(since=35)[-1].op == "removed"
    assert shop.mirror.price_history(gone)[-1].until is not None


def test_an_offer_that_slips_between_two_pages_stays(shop: Shop) -> None:
    shop.sweep()
    slipping = shop.listed()[10]["@id"]

    def drift() -> None:
        shop.api.remove_offer(shop.listed()[0]["@id"])
        shop.api.add_offer(f"{PARK}/products/adult", "2027-02-01")

    shop.on_page(2, drift)
    report = shop.sweep()
    assert slipping in shop.iris()
    assert report.state == "unsettled"
    assert report.removed == 0


def test_a_slip_that_nothing_shows_is_found_by_the_second_look(shop: Shop) -> None:
    """The last of page 2 moves to where page 1 was, and something new comes: no total and no first page shows it."""
    shop.sweep()
    moving = shop.listed()[15]["@id"]

    def drift() -> None:
        members = shop.listed()
        offer = members.pop(15)
        members.insert(5, offer)
        members[10], members[5] = members[5], members[10]

    shop.on_page(2, drift)
    shop.sweep()
    assert moving in shop.iris()


def test_an_offer_that_moved_to_another_day_while_it_was_missed_stays(shop: Shop) -> None:
    shop.sweep()
    offer = shop.listed()[25]

    def drift() -> None:
        members = shop.listed()
        members.remove(offer)
        members.insert(3, offer)
        members.append(members.pop(4))
        offer["date"] = "2027-06-01"

    shop.on_page(3, drift)
    shop.sweep()
    assert offer["@id"] in shop.iris()


def test_without_usable_filters_removal_takes_two_sweeps(shop: Shop) -> None:
    shop.sweep()
    gone = shop.listed()[7]["@id"]
    shop.api.remove_offer(gone)

    def nothing(request: httpx.Request, members: list[Any], total: int) -> tuple[list[Any], int]:
        return ([], 0) if "product[]" in request.url.params else (members, total)

    shop.api.lie = nothing
    report = shop.sweep()
    assert (report.state, report.removed, report.waiting) == ("done", 0, 1)
    assert gone in shop.iris()
    assert shop.sweep().removed == 1


@pytest.mark.parametrize("kind", ["product", "base"])
def test_products_and_bases_are_removed_by_the_second_sweep(tmp_path: Path, kind: str) -> None:
    api = small_api()
    bases = [api.add_base(PARK, f"b{number}") for number in range(9)]
    products = [api.add_product(bases[0], f"p{number}") for number in range(9)]
    shop = Shop(tmp_path / "m.db", api)
    shop.sweep()
    if kind == "product":
        del api.products[products[0]]
    else:
        del api.bases[bases[5]]
    assert (shop.sweep().waiting, shop.mirror.sync().removed, shop.mirror.sync().removed) == (1, 1, 0)
    shop.mirror.close()
    shop.korus.close()


@pytest.mark.parametrize("left", [24, 0])
def test_too_many_removals_are_held_in_quarantine_until_accepted(shop: Shop, left: int) -> None:
    shop.sweep()
    kept = list(shop.listed())
    del shop.listed()[left:]
    if left == 24:
        assert shop.sweep().removed == 6  # exactly the ceiling
        return
    report = shop.sweep()
    assert (report.state, report.removed, report.quarantined) == ("quarantined", 0, 30)
    assert "30 of 30 offers are gone" in report.reason
    assert len(shop.iris()) == 30
    assert shop.sweep().state == "quarantined"
    assert shop.sweep(accept=True).removed == 30
    assert shop.iris() == []
    shop.listed().extend(kept)
    assert shop.sweep().added == 30


def test_what_is_accepted_goes_only_if_it_is_still_missing(shop: Shop) -> None:
    shop.sweep()
    back = shop.listed()[20:]
    del shop.listed()[10:]
    assert shop.sweep().state == "quarantined"
    shop.listed().extend(back)
    report = shop.sweep(accept=True)
    assert (report.state, report.removed) == ("done", 10)
    removed = {change.iri for change in shop.mirror.changes() if change.op == "removed"}
    assert removed.isdisjoint(offer["@id"] for offer in back)
    assert len(shop.iris()) == 20


def test_what_went_after_the_quarantine_is_not_accepted_with_it(shop: Shop) -> None:
    shop.sweep()
    del shop.listed()[20:]
    assert shop.sweep().quarantined == 10
    shop.listed().clear()
    report = shop.sweep(accept=True)
    assert (report.state, report.removed, report.quarantined) == ("quarantined", 0, 30)
    assert "20 of 30" in report.reason
    assert shop.sweep(accept=True).removed == 30


def test_a_quarantine_is_no_first_look_for_a_sweep_that_is_not_accepted(shop: Shop) -> None:
    shop.api.lie = lambda request, members, total: (
        ([], 0) if "product[]" in request.url.params else (members, total)
    )
    shop.sweep()
    gone = shop.listed()[:5]
    kept = shop.listed()[5:]
    shop.listed().clear()
    assert shop.sweep().state == "quarantined"
    shop.listed().extend(kept)
    assert (shop.sweep().waiting, shop.sweep().removed) == (5, 5)
    assert set(shop.iris()).isdisjoint(offer["@id"] for offer in gone)


@pytest.mark.parametrize("filters", [True, False])
def test_a_window_in_quarantine_is_accepted_too(shop: Shop, *, filters: bool) -> None:
    days = (date(2027, 1, 1), date(2027, 1, 5))
    shop.sweep(between=days)
    moved = shop.listed()[0]
    moved["date"] = "2027-03-01"
    del shop.listed()[1:12]
    if not filters:
        shop.api.lie = lambda request, members, total: (
            ([], 0) if "product[]" in request.url.params else (members, total)
        )
    assert shop.sweep(between=days).quarantined == 12
    report = shop.sweep(between=days, accept=True)
    # that one has moved and is not gone can only be seen where the API filters by product
    assert report.removed == (11 if filters else 12)
    assert (moved["@id"] in shop.iris()) is filters


def test_a_newer_sweep_of_some_of_the_days_closes_a_quarantine(shop: Shop) -> None:
    shop.sweep()
    kept = list(shop.listed())
    shop.listed().clear()
    shop.sweep(between=(date(2027, 1, 1), None))
    held = [sweep["state"] for sweep in shop.mirror.status().sweeps]
    assert held == ["done", "done", "quarantined"]
    shop.listed().extend(kept)
    shop.sweep(between=(date(2027, 1, 2), None))
    assert "quarantined" not in [sweep["state"] for sweep in shop.mirror.status().sweeps]


@pytest.mark.parametrize(
    ("share", "gone", "state"),
    [(0, 1, "quarantined"), (0, 0, "done"), (1, 30, "done"), (0.1, 3, "done"), (0.1, 4, "quarantined")],
)
def test_the_ceiling_is_the_largest_share_that_may_go(
    tmp_path: Path, share: float, gone: int, state: str
) -> None:
    shop = Shop(tmp_path / "m.db", small_api(), max_removal_share=share)
    shop.sweep()
    del shop.listed()[30 - gone :]
    assert shop.sweep().state == state
    assert shop.sweep().state == state
    assert len(shop.iris()) == (30 - gone if state == "done" else 30)
    shop.mirror.close()
    shop.korus.close()


def test_a_share_is_exact_where_a_float_is_not() -> None:
    for share, unseen in ((0.29, 29), (0.57, 57), (0.07, 7)):
        assert judge({"offer": Missing(unseen, 100)}, disturbed=None, ceiling=Ceiling(share)).state == "done"
        more = judge({"offer": Missing(unseen + 1, 100)}, disturbed=None, ceiling=Ceiling(share))
        assert more.state == "quarantined"


def test_an_empty_catalogue_is_mirrored_and_may_fill(shop: Shop) -> None:
    shop.api.offers[PARK], kept = [], shop.listed()
    assert (shop.sweep().state, shop.sweep().state) == ("done", "done")
    shop.api.offers[PARK] = kept
    assert shop.sweep().added == 30


def test_a_list_that_was_short_for_a_moment_leaves_no_trace(shop: Shop) -> None:
    shop.sweep()
    kept = list(shop.listed())
    shop.listed().clear()
    assert shop.sweep().state == "quarantined"
    shop.listed().extend(kept)
    assert shop.sweep().state == "done"
    assert shop.sweep(accept=True).removed == 0  # nothing is held back any more
    assert len(shop.iris()) == 30


@pytest.mark.parametrize(
    "lie",
    [
        lambda _, members, total: (members[:10] * 3, total),  # the first page again and again
        lambda _, members, total: (members[:28], total),  # the total says more than comes
        lambda _, members, total: (members[:28], total - 5),  # or less
        lambda _, members, total: ([*members[:9], *members[8:28]], total - 1),  # something twice
        lambda _, members, total: ([*members[:28], "what"], total - 1),  # something unreadable
        lambda _, members, total: ([*members[:28], {"name": "no id"}], total - 1),
    ],
)
def test_a_list_that_does_not_hold_together_removes_nothing(shop: Shop, lie: Any) -> None:
    shop.sweep()
    shop.api.lie = lambda request, members, total: (
        lie(request, members, total)
        if request.url.path.endswith("/offers") and "product[]" not in request.url.params
        else (members, total)
    )
    for _ in range(3):
        report = shop.sweep()
        assert (report.state, report.removed) == ("unsettled", 0)
        assert report.reason
    assert len(shop.iris()) == 30


def test_a_first_page_that_is_another_one_at_the_end_removes_nothing(shop: Shop) -> None:
    shop.sweep()

    def drift() -> None:
        members = shop.listed()
        members.insert(0, members.pop(3))

    shop.api.remove_offer(shop.listed()[20]["@id"])
    shop.on_page(3, drift)
    report = shop.sweep()
    assert (report.state, report.reason) == ("unsettled", "the first page had changed at the end")


def test_a_window_removes_nothing_outside_of_it(shop: Shop) -> None:
    shop.sweep()
    outside = shop.listed()[29]["@id"]
    inside = shop.listed()[0]["@id"]
    shop.api.remove_offer(outside)
    shop.api.remove_offer(inside)
    report = shop.sweep(between=(date(2027, 1, 1), date(2027, 1, 5)))
    assert report.removed == 1
    assert outside in shop.iris()
    assert inside not in shop.iris()


def test_an_offer_that_moves_out_of_a_window_lives_on(shop: Shop) -> None:
    window = (date(2027, 1, 1), date(2027, 1, 5))
    shop.sweep()
    offer = shop.listed()[0]
    offer["date"] = "2027-03-01"
    for _ in range(2):
        assert shop.sweep(between=window).removed == 0
    assert shop.mirror.offers(between=(date(2027, 3, 1), None))[0].iri == offer["@id"]


def test_a_catalogue_that_is_no_longer_granted_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    api = small_api()
    for number in range(9):
        api.add_catalog(f"c{number}")
    shop = Shop(tmp_path / "m.db", api)
    shop.sweep()
    del api.catalogs[PARK]
    shop.mirror.sync()
    assert len(shop.iris()) == 30
    shop.mirror.sync()
    assert shop.iris() == []
    assert len(replay(shop.mirror.changes())) == 9
    shop.mirror.close()
    shop.korus.close()


# --- who sweeps ------------------------------------------------------------------------------------------------


def test_a_second_worker_finds_the_scope_busy(shop: Shop) -> None:
    found = []
    with Mirror(shop.path, shop.korus) as rival:
        shop.on_page(2, lambda: found.append(rival.sync([PARK]).sweeps[-1].state))
        assert shop.sweep().state == "done"
    assert found == ["busy"]


def test_a_worker_that_was_taken_over_writes_nothing_more(shop: Shop) -> None:
    def take_over() -> None:
        ACTIVE.forget()
        with Mirror(shop.path, shop.korus) as rival:
            assert rival.sync([PARK]).sweeps[-1].state == "unsettled"  # it goes on where the first one stood
        shop.listed()[29]["price"]["amountInclTax"] = "7.00"

    shop.on_page(3, take_over)
    assert shop.sweep().state == "lost"
    assert shop.mirror.offers()[-1].price.amount_incl_tax != "7.00"


def test_a_lease_that_ran_out_elsewhere_is_taken_and_a_running_one_is_not(shop: Shop) -> None:
    store, tables = shop.mirror._store, shop.mirror._database.tables
    scope = Scope(PARK)
    lease = store.leases.claim(scope)
    assert lease is not None
    elsewhere = update(tables.scopes).values(owner="other 1 1 token")
    with shop.mirror._database.writing() as connection:
        connection.execute(elsewhere)
    assert store.leases.claim(scope) is None
    with shop.mirror._database.writing() as connection:
        connection.execute(update(tables.scopes).values(lease=0.0))
    taken = store.leases.claim(scope)
    assert taken is not None
    assert taken.epoch == lease.epoch + 1
    with pytest.raises(ScopeLost):
        store.seen.write(lease, "offer", [])
    with pytest.raises(ScopeLost):
        store.leases.renew(lease)
    store.leases.renew(taken)


def test_a_worker_that_hangs_is_taken_over_when_its_lease_ends(shop: Shop) -> None:
    store, tables = shop.mirror._store, shop.mirror._database.tables
    lease = store.leases.claim(Scope(PARK))
    assert lease is not None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as hanging:
        owner = evolve(Owner.current(), pid=hanging.pid, started="")
        with shop.mirror._database.writing() as connection:
            connection.execute(update(tables.scopes).values(owner=str(owner)))
        assert store.leases.claim(Scope(PARK)) is None
        with shop.mirror._database.writing() as connection:
            connection.execute(update(tables.scopes).values(lease=0.0))
        taken = store.leases.claim(Scope(PARK))
        hanging.terminate()
    assert taken is not None
    with pytest.raises(ScopeLost):
        store.seen.write(lease, "offer", [])
    with pytest.raises(ScopeLost):
        store.unseen.finish(lease, Ceiling(), Looks())
    store.leases.release(lease, "failed")
    store.leases.renew(taken)


def test_a_lease_is_renewed_while_lists_are_read_and_looked_at_twice(shop: Shop, monkeypatch) -> None:
    shop.sweep()
    shop.api.remove_offer(shop.listed()[7]["@id"])
    renewed: list[int] = []
    renew = shop.mirror._store.leases.renew
    monkeypatch.setattr(
        shop.mirror._store.leases,
        "renew",
        lambda lease: (renewed.append(len(shop.api.requests)), renew(lease)),
    )
    shop.api.requests.clear()
    assert shop.sweep().removed == 1
    assert not renewed  # what is written renews it too, and this is fast
    monkeypatch.setattr(sweep_module, "_RENEW_SECONDS", 0.0)
    shop.api.remove_offer(shop.listed()[7]["@id"])
    shop.api.requests.clear()
    assert shop.sweep().removed == 1
    pages = [number for number, request in enumerate(shop.api.requests, 1) if "page=" in str(request.url)]
    assert set(pages) <= set(renewed)
    assert renewed[-1] > pages[-1]


def test_an_older_sweep_that_ends_later_overwrites_nothing(shop: Shop) -> None:
    offer = shop.listed()[0]

    def newer() -> None:
        offer["price"]["amountInclTax"] = "20.00"
        with Mirror(shop.path, shop.korus) as rival:
            rival.sync([PARK], between=(date(2027, 1, 1), date(2027, 1, 1)))

    shop.on_page(3, newer)  # page 1 with the old price was read, and is written afterwards
    shop.sweep()
    assert shop.mirror.offers(limit=1)[0].price.amount_incl_tax == "20.00"
    offer["price"]["amountInclTax"] = "10.50"
    shop.sweep()
    assert shop.mirror.offers(limit=1)[0].price.amount_incl_tax == "10.50"


def test_a_sweep_that_failed_goes_on_where_it_stood_and_removes_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "m.db", small_api(700))
    shop.on_page(30, lambda: httpx.Response(500))
    report = shop.sweep()
    assert report.state == "failed"
    assert report.error is not None
    assert len(shop.iris()) == 290  # all that was read
    shop.api.requests.clear()
    report = shop.sweep()
    assert (report.state, report.reason) == ("unsettled", "it was interrupted and continued later")
    pages = [
        dict(request.url.params).get("page") for request in shop.api.requests if "/offers" in request.url.path
    ]
    assert pages[0] == "30"
    assert len(shop.iris()) == 700
    assert shop.sweep().state == "done"
    shop.mirror.close()
    shop.korus.close()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Shop]:
    """A shop of two catalogues, park and zoo."""
    api = small_api()
    api.add_offer(api.add_product(api.add_base(api.add_catalog("zoo"), "b"), "p"), "2027-01-01")
    shop = Shop(tmp_path / "m.db", api)
    yield shop
    shop.mirror.close()
    shop.korus.close()


def swept(report: Any) -> list[str | None]:
    return [sweep.scope.catalog and sweep.scope.catalog.rpartition("/")[2] for sweep in report.sweeps]


def test_interrupted_run_does_not_repeat_finished_scopes(two: Shop) -> None:
    def interrupt(request: httpx.Request) -> None:
        if request.url.path.endswith("zoo/offers"):
            raise KeyboardInterrupt

    def is_park_read() -> bool:
        two.api.requests.clear()
        with pytest.raises(KeyboardInterrupt):
            two.mirror.sync()
        return any(request.url.path.endswith("park/offers") for request in two.api.requests)

    two.api.hooks.append(interrupt)
    assert [is_park_read() for _ in range(4)] == [True, False, True, False]
    two.api.hooks.clear()
    assert swept(two.mirror.sync()) == [None, "park", "zoo"]
    two.api.hooks.append(interrupt)
    assert is_park_read()
    two.api.hooks.clear()
    assert swept(two.mirror.sync()) == [None, "zoo"]


def test_a_catalogue_that_always_fails_keeps_no_other_from_being_read(two: Shop) -> None:
    two.api.hooks.append(
        lambda request: httpx.Response(500) if request.url.path.endswith("zoo/offers") else None
    )
    for price in ("21.00", "22.00"):
        two.listed()[0]["price"]["amountInclTax"] = price
        assert [sweep.state for sweep in two.mirror.sync().sweeps] == ["done", "done", "failed"]
        assert two.mirror.offers(PARK, limit=1)[0].price.amount_incl_tax == price


@pytest.mark.parametrize("jump", [timedelta(days=-2), timedelta(days=2)])
def test_a_clock_that_jumps_damages_nothing(shop: Shop, jump: timedelta) -> None:
    import time

    shop.sweep()
    real = time.time
    shop.mirror._database._clock = lambda: real() + jump.total_seconds()
    shop.listed()[0]["price"]["amountInclTax"] = "3.00"
    assert shop.sweep().changed == 1
    shop.mirror._database._clock = None
    shop.listed()[0]["price"]["amountInclTax"] = "4.00"
    assert shop.sweep().changed == 1
    history = shop.mirror.price_history(shop.listed()[0]["@id"])
    assert [period.price for period in history] == ["10.50", "3.00", "4.00"]
    assert all(period.until is None or period.until >= period.since for period in history)
    assert replay(shop.mirror.changes())[shop.listed()[0]["@id"]]["price"]["amountInclTax"] == "4.00"


def test_a_killed_worker_is_taken_over_at_once(shop: Shop) -> None:
    code = (
        "import os, sys; from korus._mirror.store import Store; from korus._mirror.database import Database\n"
        "from korus._mirror.schema import build_tables; from korus._mirror.sweeping import Ceiling, Missing, Scope, judge\n"
        f"lease = Store(Database({str(shop.path)!r}, build_tables())).leases.claim(Scope({PARK!r})); print(lease.sweep); os._exit(9)"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert killed.returncode == 9, killed.stderr
    assert shop.sweep().state == "unsettled"


def test_threads_that_sync_at_once_share_the_work(tmp_path: Path) -> None:
    api = small_api(60)
    states: list[str] = []
    lock = threading.Lock()

    def work() -> None:
        with api.client() as korus, Mirror(tmp_path / "m.db", korus) as mirror:
            state = mirror.sync(prefetch=0).sweeps[-1].state
        with lock:
            states.append(state)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(states) <= {"done", "busy"}
    assert "done" in states
    with Mirror(tmp_path / "m.db") as mirror:
        assert len(mirror.offers()) == 60
        assert len(replay(mirror.changes())) == 65


# --- the database ---------------------------------------------------------------------------------------------


def test_the_file_is_for_its_owner_only(shop: Shop) -> None:
    shop.sweep()
    for path in shop.path.parent.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_locked_database_is_an_error_in_time(shop: Shop) -> None:
    shop.sweep()
    shop.mirror._database._wait = 0.5
    holder = sqlite3.connect(shop.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(MirrorFailed, match="locked"):
        shop.mirror.sync()
    assert len(shop.iris()) == 30  # reading goes on
    holder.close()
    assert shop.sweep().state in {"done", "unsettled"}


def test_tables_of_a_later_version_are_refused_and_earlier_ones_migrated(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.sweep()
    connection = sqlite3.connect(shop.path)
    connection.execute("UPDATE korus_mirror_meta SET value = '99' WHERE name = 'version'")
    connection.commit()
    with Mirror(shop.path) as later, pytest.raises(ConfigurationError, match="version 99"):
        later.offers()
    connection.execute("UPDATE korus_mirror_meta SET value = '0' WHERE name = 'version'")
    connection.commit()
    connection.close()
    done: list[int] = []
    monkeypatch.setitem(database_module.MIGRATIONS, 0, lambda *_: done.append(0))
    with Mirror(shop.path) as earlier:
        assert len(earlier.offers()) == 30
    assert done == [0]


def test_two_mirrors_share_a_database_under_different_prefixes(shop: Shop) -> None:
    shop.sweep()
    with Mirror(shop.path, shop.korus, prefix="other_") as other:
        assert other.offers() == ()
        other.sync()
        assert len(other.offers()) == 30


@pytest.mark.parametrize(
    "options",
    [{"prefix": ""}, {"prefix": "a b"}, {"schema": "x"}, {"schema": "x;y"}, {"database": ":memory:"}, {"database": "sqlite://"},
     {"database": "postgresql+asyncpg://u:geheim@h/d"}, {"database": "nothing://u:geheim@h/d"}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_without_secrets(tmp_path: Path, options: dict[str, str]) -> None:
    if options.get("database") == ":memory:":
        options = {"database": "sqlite:///:memory:"}
    with pytest.raises(ConfigurationError) as refused:
        Mirror(**{"database": str(tmp_path / "m.db"), **options})
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("share", [-0.1, 1.1, "0.2", None, True, float("nan")])
def test_a_share_that_is_none_is_refused(tmp_path: Path, share: Any) -> None:
    with pytest.raises(InvalidArgument, match="max_removal_share"):
        Mirror(tmp_path / "m.db", max_removal_share=share)


def test_a_mirror_without_a_client_can_only_be_read(tmp_path: Path) -> None:
    with Mirror(tmp_path / "m.db") as mirror:
        assert mirror.catalogs() == ()
        with pytest.raises(ConfigurationError, match="no client"):
            mirror.sync()


def test_a_forked_child_uses_its_own_connections(shop: Shop) -> None:
    shop.sweep()
    child = os.fork()
    if child == 0:
        os._exit(0 if len(shop.mirror.offers()) == 30 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(shop.iris()) == 30


# --- reading ----------------------------------------------------------------------------------------------------


def test_offers_are_found_by_product_days_and_stock(shop: Shop) -> None:
    shop.listed()[0]["availableQuantity"] = 0
    shop.api.add_offer(f"{PARK}/products/adult", None)
    shop.sweep()
    adult = f"{PARK}/products/adult"
    found = shop.mirror.offers(PARK, product=adult, between=(date(2027, 1, 2), date(2027, 1, 3)))
    assert [str(offer.date) for offer in found] == ["2027-01-02", "2027-01-03"]
    assert len(shop.mirror.offers(product=adult)) == 11
    assert shop.mirror.offers(product=adult)[-1].date is None
    assert len(shop.mirror.offers(product=adult, available=True)) == 10
    assert [offer.iri for offer in shop.mirror.offers(available=False)] == [shop.listed()[0]["@id"]]
    assert len(shop.mirror.offers("park", limit=3)) == 3
    assert [base.name for base in shop.mirror.product_bases(PARK)] == ["entry"]
    assert [product.name for product in shop.mirror.products(PARK)] == ["adult", "child", "dog"]
    assert len(shop.mirror.products(f"{PARK}/product_bases/entry")) == 3
    with pytest.raises(InvalidArgument):
        shop.mirror.offers(between=(date(2027, 2, 1), date(2027, 1, 1)))


def test_a_calendar_shows_what_can_be_had_and_the_lowest_price(shop: Shop) -> None:
    adult = f"{PARK}/products/adult"
    first, second, third = (offer for offer in shop.listed()[:9] if offer["product"]["name"] == "adult")
    first["availableQuantity"] = 0
    second["availableQuantity"] = 3
    third["price"]["amountInclTax"] = "8.00"
    extra = shop.api.add_offer(adult, "2027-01-01", price="30.00", left=0)
    shop.sweep()
    days = shop.mirror.calendar(adult, "2027-01")
    assert len(days) == 31
    assert [day.status for day in days[:4]] == ["sold_out", "limited", "available", "available"]
    assert days[20].status == "closed"
    assert (days[2].lowest_price, days[2].lowest_price_minor, days[2].currency) == (
        Decimal("8.00"),
        800,
        "EUR",
    )
    assert days[0].offers == (first["@id"], extra)
    assert shop.mirror.calendar(adult, date(2027, 1, 15)) == days
    shop.api.products[adult][1]["disabled"] = True
    shop.sweep()
    assert {day.status for day in shop.mirror.calendar(adult, "2027-01")} == {"closed"}
    for wrong in ("2027", "2027-13", "0000-01", "next month"):
        with pytest.raises(InvalidArgument, match="month"):
            shop.mirror.calendar(adult, wrong)


def test_live_answers_are_asked_nearest_first_and_used_until_a_sweep_is_newer(shop: Shop) -> None:
    shop.sweep()
    asked: list[str] = []

    def live(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/availability"):
            return None
        asked.append(request.url.path)
        if request.url.path.endswith("o00004/availability"):
            return httpx.Response(404, json={})
        return httpx.Response(
            200, json={"@id": request.url.path, "availableQuantity": 0, "sessionsAvailability": []}
        )

    shop.api.hooks.append(live)
    adult = f"{PARK}/products/adult"
    offers = shop.mirror.offers(product=adult)
    found = shop.mirror.refresh(reversed(offers), limit=3, concurrency=1)
    assert [path.split("/")[-2] for path in asked] == ["o00001", "o00004", "o00007"]
    assert [each.available for each in found] == [0, None, 0]
    assert found[1].error is not None
    assert [day.status for day in shop.mirror.calendar(adult, "2027-01")[:3]] == [
        "sold_out",
        "available",
        "sold_out",
    ]
    shop.sweep()
    assert shop.mirror.calendar(adult, "2027-01")[0].status == "available"
    with pytest.raises(InvalidArgument, match="concurrency"):
        shop.mirror.refresh(offers, concurrency=0)


def test_sessions_are_read_with_their_zone_where_they_are_wanted(
    korus: Any, sandbox: Any, tmp_path: Path
) -> None:
    catalog = korus.catalogs.list().first()
    first = sandbox.catalogue.first_day
    with Mirror(tmp_path / "m.db", korus) as mirror:
        report = mirror.sync([catalog], between=(first, first + timedelta(days=1)), sessions=True)
        assert report.sweeps[-1].state == "done"
        offer = next(
            offer for offer in mirror.offers() if any(not ticket.date_access for ticket in offer.tickets)
        )
        sessions = mirror.sessions(offer)
        assert sessions
        assert list(sessions) == [
            each
            for ticket in offer.tickets
            if not ticket.date_access
            for each in korus.offers.sessions(ticket)
        ]
        day = next(day for day in mirror.calendar(offer.product, offer.date) if day.date == offer.date)
        assert day.sessions[0].zone
        assert day.sessions[0].starts_at.utcoffset() is not None
        base = next(base for base in mirror.product_bases(catalog) if mirror.options(base))
        option = mirror.options(base)[0]
        assert mirror.option_values(base, option.code)


def test_sessions_without_an_offset_are_in_the_zone_of_their_venue(shop: Shop) -> None:
    adult = f"{PARK}/products/adult"
    offer = shop.listed()[0]["@id"]
    for written in ("2027-10-31T02:30:00", "2027-07-01T10:00:00", "2027-10-31T02:30:00+01:00", "soon"):
        shop.api.add_session(offer, written)
    shop.sweep(sessions=True)
    times = [each.starts_at for each in shop.mirror.calendar(adult, "2027-01")[0].sessions]
    # in the hour that comes twice, without an offset the first one is meant
    assert [time and time.isoformat() for time in times] == [
        "2027-07-01T10:00:00+02:00",
        "2027-10-31T02:30:00+02:00",
        "2027-10-31T02:30:00+01:00",
        None,
    ]
    assert [session.id for session in shop.mirror.sessions(offer)][-1] == "s00034"
    shop.api.bases[f"{PARK}/product_bases/entry"]["timezone"] = "Nowhere/Land"
    shop.api.sessions[f"{offer}/tickets/t"][:] = shop.api.sessions[f"{offer}/tickets/t"][:1]
    shop.api.sessions[f"{offer}/tickets/t"][0]["availableQuantity"] = 1
    shop.sweep(sessions=True, full=True)
    changed = next(each for each in shop.mirror.calendar(adult, "2027-01")[0].sessions if each.available == 1)
    assert (changed.starts_at, changed.zone) == (datetime.fromisoformat("2027-10-31T02:30:00"), None)


@pytest.mark.parametrize("window", [None, (date(2027, 1, 1), date(2027, 1, 9))])
def test_sessions_of_a_ticket_that_is_gone_go_too(tmp_path: Path, window: Any) -> None:
    shop = Shop(tmp_path / "m.db", small_api())
    for offer in shop.listed()[:12]:
        shop.api.add_session(offer["@id"], "2027-07-01T10:00:00")
    shop.sweep(between=window, sessions=True)
    assert shop.mirror.status().counts["session"] == 12
    ticket = shop.listed()[0]["tickets"][0]
    ticket["@id"], ticket["dateAccess"] = f"{ticket['@id']}2", True
    shop.listed()[1]["tickets"][0]["dateAccess"] = True
    for _ in range(2):
        shop.sweep(between=window, sessions=True)
    assert shop.mirror.status().counts["session"] == 10
    shop.mirror.close()
    shop.korus.close()


@pytest.mark.parametrize(
    "between",
    [
        ("2027-01-01", None),
        (None, 5),
        (datetime.fromisoformat("2027-01-01T12:00"), None),
        (date(2027, 2, 1), date(2027, 1, 1)),
    ],
)
def test_days_that_are_none_are_refused(shop: Shop, between: Any) -> None:
    with pytest.raises(InvalidArgument, match="between"):
        shop.sweep(between=between)
    with pytest.raises(InvalidArgument, match="between"):
        shop.mirror.offers(between=between)


def test_a_renamed_product_is_a_change_of_it_and_of_each_of_its_offers(shop: Shop) -> None:
    shop.sweep()
    shop.api.products[f"{PARK}/products/dog"][1]["name"] = "Hund"
    assert (shop.sweep().changed, shop.sweep().changed) == (11, 0)
    changes = shop.mirror.changes(since=35)
    assert {(change.kind, change.fields) for change in changes} == {
        ("product", ("name",)),
        ("offer", ("product",)),
    }
    assert [product.name for product in shop.mirror.products(PARK)] == ["Hund", "adult", "child"]


def test_live_answers_are_asked_for_among_any_number_of_offers(shop: Shop) -> None:
    shop.sweep()
    shop.api.hooks.append(
        lambda request: (
            httpx.Response(200, json={"availableQuantity": 1})
            if request.url.path.endswith("/availability")
            else None
        )
    )
    many = [f"{PARK}/offers/n{number}" for number in range(40_000)]
    found = shop.mirror.refresh([*many, *reversed(shop.iris())], limit=2)
    assert [each.offer for each in found] == sorted(shop.iris())[:2]


def test_option_with_an_unusable_code_blocks_nothing_else(shop: Shop) -> None:
    base = f"{PARK}/product_bases/entry"

    def options(request: httpx.Request) -> httpx.Response | None:
        if request.url.path == f"{base}/options":
            return httpx.Response(
                200, json={"member": [{"code": "größe"}, {"code": "zone"}], "totalItems": 2}
            )
        if request.url.path.endswith("/values"):
            return httpx.Response(200, json={"member": [{"id": "v", "value": "A"}], "totalItems": 1})
        return None

    shop.api.hooks.append(options)
    assert shop.sweep().state == "done"
    assert [option.code for option in shop.mirror.options(base)] == ["größe", "zone"]
    assert [value.value for value in shop.mirror.option_values(base, "zone")] == ["A"]
    assert shop.mirror.option_values(base, "größe") == ()


# --- the feed -----------------------------------------------------------------------------------------------------


def test_a_consumer_gets_everything_once_acknowledged_in_order(shop: Shop) -> None:
    shop.sweep()
    consumer = shop.mirror.consumer("index")
    first = consumer.read(10)
    assert consumer.read(10) == first  # not acknowledged
    consumer.acknowledge(first[-1].seq)
    assert consumer.read(1)[0].seq == 11
    assert consumer.acknowledge(5) == 10  # never back
    assert shop.mirror.consumer("other").read(1)[0].seq == 1
    assert shop.mirror.status().consumers == {"index": 10}
    for wrong in (36, -1, True):
        with pytest.raises(InvalidArgument):
            consumer.acknowledge(wrong)
    for name in ("", "x" * 201, "half \ud800", "a\nb"):
        with pytest.raises(InvalidArgument):
            shop.mirror.consumer(name).read()


def test_the_feed_is_written_as_json_lines_and_csv(shop: Shop) -> None:
    shop.listed()[0]["product"]["name"] = "=1+1"
    shop.sweep()
    changes = shop.mirror.changes(kinds=["product"])
    lines, table = io.StringIO(), io.StringIO()
    assert write_json_lines(changes, lines) == write_csv(changes, table) == 3
    assert [json.loads(line)["iri"] for line in lines.getvalue().splitlines()] == [
        each.iri for each in changes
    ]
    import csv

    rows = list(csv.DictReader(io.StringIO(table.getvalue())))
    assert json.loads(rows[0]["after"])["name"] == "=1+1"
    assert rows[0]["op"] == "added"


def test_two_processes_that_acknowledge_out_of_order_lose_nothing(shop: Shop) -> None:
    shop.sweep()
    with Mirror(shop.path) as other:
        one, two = shop.mirror.consumer("index"), other.consumer("index")
        first, second = one.read(10), two.read(20)
        assert two.acknowledge(second[-1].seq) == 20
        assert one.acknowledge(first[-1].seq) == 20
        assert (one.position(), two.position()) == (20, 20)
        assert one.read(1)[0].seq == 21


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": -1},
        {"since": True},
        {"since": "5"},
        {"limit": 0},
        {"limit": "2"},
        {"kinds": ["offers"]},
        {"kinds": "x"},
    ],
)
def test_a_place_in_the_feed_that_cannot_be_is_refused(shop: Shop, wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidArgument):
        shop.mirror.changes(**wrong)


# --- async ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_the_async_mirror_does_the_same(tmp_path: Path, anyio_backend: str) -> None:
    api = small_api()
    async with api.async_client() as korus, AsyncMirror(tmp_path / "m.db", korus) as mirror:
        assert (await mirror.sync()).added == 35
        api.remove_offer(api.offers[PARK][3]["@id"])
        report = await mirror.sync()
        assert report.removed == 1
        assert len(await mirror.offers()) == 29
        assert len(await mirror.calendar(f"{PARK}/products/dog", "2027-01")) == 31
        consumer = mirror.consumer("a")
        assert (await consumer.read(1))[0].seq == 1
        assert await consumer.acknowledge(1) == 1
        assert await consumer.position() == 1


async def test_a_cancelled_sweep_gives_its_scope_back(tmp_path: Path) -> None:
    import anyio

    api = small_api()
    async with api.async_client() as korus, AsyncMirror(tmp_path / "m.db", korus) as mirror:
        await mirror.sync()
        with anyio.CancelScope() as scope:

            def cancel(request: httpx.Request) -> None:
                if request.url.params.get("page") == "2":
                    scope.cancel()

            api.hooks.append(cancel)
            await mirror.sync(prefetch=0)
        assert scope.cancelled_caught
        api.hooks.clear()
        assert (await mirror.sync()).sweeps[-1].state == "unsettled"
