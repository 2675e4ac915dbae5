"""Sweeps look only at what has changed, and what they skip is as sure as what they look at."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fake_api import small_api
from sqlalchemy import inspect, text

from korus import Korus
from korus._http import decode
from korus._mirror import content
from korus._mirror.content import digest_as_written
from korus._sync.mirror import offer_pages
from korus.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from fake_api import FakeApi

PARK = "/v1/ticketing/catalogs/park"
SYNC: dict[str, Any] = {"prefetch": 0}


@pytest.fixture
def api() -> FakeApi:
    api = small_api()
    api.etags = False  # all pages are sent, with other blank nodes in each answer
    return api


@pytest.fixture
def mirror(api: FakeApi, tmp_path: Path) -> Iterator[Mirror]:
    with api.client() as korus, Mirror(tmp_path / "mirror.db", korus) as mirror:
        yield mirror


@pytest.fixture
def digested(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The offers whose canonical digest was built."""
    seen: list[str] = []
    build = content.digest_of

    def noted(body: Any, parent: str) -> str:
        if body["@type"] == "TicketingOffer":
            seen.append(body["@id"])
        return build(body, parent)

    monkeypatch.setattr(content, "digest_of", noted)
    return seen


def prices(mirror: Mirror) -> list[str]:
    return [offer.price.amount_incl_tax for offer in mirror.offers()]


def asked_for(request: httpx.Request, page: int) -> bool:
    params = dict(request.url.params)
    return (
        request.url.path == f"{PARK}/offers"
        and params.get("page", "1") == str(page)
        and "product[]" not in params
    )


def test_pages_that_differ_in_blank_nodes_only_are_not_decoded(
    api: FakeApi, mirror: Mirror, digested: list[str]
) -> None:
    mirror.sync(**SYNC)
    assert len(digested) == 30
    digested.clear()
    assert mirror.sync(**SYNC).sweeps[-1].unchanged == 34
    assert digested == []


def test_of_a_page_only_the_offers_that_changed_are_digested(
    api: FakeApi, mirror: Mirror, digested: list[str]
) -> None:
    mirror.sync(**SYNC)
    digested.clear()
    offer = api.offers[PARK][14]
    offer["price"]["amountInclTax"] = "99.00"
    report = mirror.sync(**SYNC)
    assert (report.changed, report.sweeps[-1].state) == (1, "done")
    assert digested == [offer["@id"]]
    assert prices(mirror)[14] == "99.00"


def places(mirror: Mirror) -> tuple[list[int], list[int]]:
    """The places of the offers' rows as the pages have them, and as they are."""
    with mirror._database.reading() as connection:
        noted = connection.execute(
            text("SELECT value FROM korus_mirror_pages, json_each(places) ORDER BY value")
        )
        real = connection.execute(text("SELECT rowid FROM korus_mirror_offers ORDER BY rowid"))
        return list(noted.scalars()), list(real.scalars())


@pytest.mark.parametrize("etags", [False, True])
@pytest.mark.parametrize("price", ["11.50", "99.00"])
def test_rows_that_have_moved_are_found_and_their_places_noted(
    api: FakeApi, mirror: Mirror, etags: bool, price: str
) -> None:
    api.etags = etags
    mirror.sync(**SYNC)
    noted, real = places(mirror)
    assert noted == real
    assert len(noted) == 30
    with mirror._database.writing() as connection:
        # as `VACUUM` does: half of the places are now those of other rows
        connection.execute(text("UPDATE korus_mirror_offers SET rowid = -rowid"))
        connection.execute(text("UPDATE korus_mirror_offers SET rowid = 46 + rowid"))
    api.offers[PARK][1]["price"]["amountInclTax"] = price
    report = mirror.sync(**SYNC).sweeps[-1]
    assert (report.state, report.changed) == ("done", int(price == "99.00"))
    assert report.changed + report.unchanged == 34
    assert prices(mirror)[1] == price
    noted, real = places(mirror)
    assert noted == real == list(range(16, 46))


def test_rows_are_marked_by_their_places_where_they_are_known(
    api: FakeApi, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.sync(**SYNC)
    found: list[str | None] = []
    mark = mirror._store.seen._mark_same

    def noted(*arguments: Any) -> Any:
        marked = mark(*arguments)
        if arguments[3]:
            found.append(marked[2])
        return marked

    monkeypatch.setattr(mirror._store.seen, "_mark_same", noted)
    mirror.sync(**SYNC)
    api.offers[PARK][14]["price"]["amountInclTax"] = "99.00"
    assert mirror.sync(**SYNC).changed == 1
    mirror.sync(**SYNC)
    assert set(found) == {"places"}
    api.offers[PARK].insert(0, api.offers[PARK].pop(14))  # pages of the same offers, and of others
    assert mirror.sync(**SYNC).sweeps[-1].state == "done"
    noted_places, real = places(mirror)
    assert noted_places == real


def test_an_offer_written_in_another_order_of_keys_has_not_changed(
    api: FakeApi, mirror: Mirror, digested: list[str]
) -> None:
    mirror.sync(**SYNC)
    digested.clear()
    listed = api.offers[PARK]
    listed[3] = dict(reversed(listed[3].items()))
    assert mirror.sync(**SYNC).changed == 0
    assert digested == [listed[3]["@id"]]


def test_a_row_that_another_sweep_changed_is_put_right_on_a_changed_page(
    api: FakeApi, mirror: Mirror
) -> None:
    mirror.sync(**SYNC)
    mine, theirs = api.offers[PARK][:2]
    theirs["price"]["amountInclTax"] = "77.00"
    mirror.sync(between=(date(2027, 1, 1), date(2027, 1, 1)), **SYNC)
    assert prices(mirror)[1] == "77.00"
    theirs["price"]["amountInclTax"] = "11.50"  # as the page of all days was read before
    mine["price"]["amountInclTax"] = "66.00"
    report = mirror.sync(**SYNC)
    assert (report.changed, report.sweeps[-1].state) == (2, "done")
    assert prices(mirror)[:2] == ["66.00", "11.50"]


def test_an_offer_on_two_pages_of_which_one_changed_removes_nothing(api: FakeApi, mirror: Mirror) -> None:
    mirror.sync(**SYNC)
    listed = api.offers[PARK]
    twice, lost = listed[2], listed[25]["@id"]
    listed[25] = twice
    report = mirror.sync(**SYNC).sweeps[-1]
    assert (report.state, report.reason) == ("unsettled", "something was on two pages")
    assert lost in [offer.iri for offer in mirror.offers()]


def test_an_offer_of_two_prices_on_two_pages_removes_nothing(api: FakeApi, mirror: Mirror) -> None:
    mirror.sync(**SYNC)
    listed = api.offers[PARK]
    listed[25] = {**listed[2], "price": {**listed[2]["price"], "amountInclTax": "1.00"}}
    report = mirror.sync(**SYNC).sweeps[-1]
    assert (report.state, report.reason) == ("unsettled", "something was on two pages")
    assert len(mirror.offers()) == 30


@pytest.mark.parametrize("costs", [1, 160])
def test_an_offer_that_stays_on_two_pages_is_noticed_on_known_pages_too(
    api: FakeApi, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, costs: int
) -> None:
    monkeypatch.setattr(offer_pages, "_CHUNK_COSTS", costs)  # in one transaction, or in two
    listed = api.offers[PARK]
    listed[25] = listed[2]
    for _ in range(3):
        report = mirror.sync(**SYNC).sweeps[-1]
        assert (report.state, report.reason) == ("unsettled", "something was on two pages")


def test_an_offer_twice_on_one_known_page_removes_nothing(api: FakeApi, mirror: Mirror) -> None:
    mirror.sync(**SYNC)
    listed = api.offers[PARK]
    lost, listed[4] = listed[4]["@id"], listed[2]
    report = mirror.sync(**SYNC).sweeps[-1]
    assert (report.state, report.reason) == ("unsettled", "something was on one page twice")
    assert lost in [offer.iri for offer in mirror.offers()]


def test_a_row_at_the_place_of_another_that_has_not_changed_is_not_marked(
    api: FakeApi, mirror: Mirror
) -> None:
    mirror.sync(**SYNC)
    with mirror._database.writing() as connection:  # swap two rows of one page
        for old, new in ((3, -3), (5, 3), (-3, 5)):
            connection.execute(
                text("UPDATE korus_mirror_offers SET rowid = :new WHERE rowid = :old"),
                {"old": old, "new": new},
            )
    api.offers[PARK][2]["price"]["amountInclTax"] = "99.00"
    report = mirror.sync(**SYNC).sweeps[-1]
    assert (report.state, report.changed, report.unchanged) == ("done", 1, 33)
    assert prices(mirror)[2] == "99.00"


def without_msgspec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode._Decoders, "fast", None)
    monkeypatch.setattr(decode._Decoders, "looked_up", True)


@pytest.mark.parametrize("first", [False, True])
def test_without_msgspec_a_changed_page_is_decoded_whole(
    api: FakeApi, mirror: Mirror, digested: list[str], monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    if first:
        without_msgspec(monkeypatch)
    mirror.sync(**SYNC)
    without_msgspec(monkeypatch)
    for price in ("98.00", "99.00"):
        digested.clear()
        api.offers[PARK][14]["price"]["amountInclTax"] = price
        report = mirror.sync(**SYNC).sweeps[-1]
        assert (report.state, report.changed, report.unchanged) == ("done", 1, 33)
        assert digested == [offer["@id"] for offer in api.offers[PARK][10:20]]


def test_a_changed_offer_that_only_the_standard_library_reads_is_kept(api: FakeApi, mirror: Mirror) -> None:
    mirror.sync(**SYNC)
    api.offers[PARK][14]["note"] = "\ud800"  # half a character: msgspec refuses the page
    assert mirror.sync(**SYNC).changed == 1
    assert mirror.offers()[14].additional_properties["note"] == "\ud800"
    api.offers[PARK][13]["price"]["amountInclTax"] = "99.00"
    assert mirror.sync(**SYNC).changed == 1


@pytest.mark.parametrize("prefixed", [False, True])
def test_iris_below_a_prefix_are_relative_on_changed_pages_too(
    api: FakeApi, tmp_path: Path, prefixed: bool
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        url = str(request.url).replace("https://api.test/shop", "https://api.test")
        answer = api(httpx.Request(request.method, url, headers=request.headers))
        body = answer.text.replace('"/v1/', '"/shop/v1/') if prefixed else answer.text
        return httpx.Response(answer.status_code, text=body, headers={"Content-Type": "application/ld+json"})

    settings = {**api._settings({}), "base_url": "https://api.test/shop"}
    settings["transport"] = httpx.MockTransport(answer)
    with Korus(**settings) as korus, Mirror(tmp_path / "mirror.db", korus) as mirror:
        mirror.sync(**SYNC)
        api.offers[PARK][14]["price"]["amountInclTax"] = "99.00"
        assert mirror.sync(**SYNC).changed == 1
        assert [offer.iri for offer in mirror.offers()] == [offer["@id"] for offer in api.offers[PARK]]
        assert mirror.offers()[14].product.iri.startswith(f"{PARK}/products/")


def test_a_slow_list_is_written_page_by_page(
    api: FakeApi, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offer_pages, "_CHUNK_SECONDS", 0.0)

    def interrupt(request: httpx.Request) -> None:
        if asked_for(request, 3):
            raise KeyboardInterrupt

    api.hooks.append(interrupt)
    with pytest.raises(KeyboardInterrupt):
        mirror.sync(**SYNC)
    assert len(mirror.offers()) == 20


def test_more_pages_are_read_while_one_is_written_but_no_more_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = small_api(300)
    monkeypatch.setattr(offer_pages, "_CHUNK_COSTS", 1)
    count, at_once, most, while_written = 0, 0, 0, list[int]()
    lock = threading.Lock()

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal count, at_once, most
        with lock:
            count, at_once = count + 1, at_once + 1
            most = max(most, at_once)
        try:
            return api(request)
        finally:
            with lock:
                at_once -= 1

    settings = {**api._settings({}), "transport": httpx.MockTransport(answer)}
    with Korus(**settings) as korus, Mirror(tmp_path / "mirror.db", korus) as mirror:
        write = mirror._store.seen.write

        def slow(lease: Any, kind: Any, *arguments: Any, **options: Any) -> Any:
            before = count
            if kind == "offer" and len(while_written) < 1:
                time.sleep(0.5)
                while_written.append(count - before)
            return write(lease, kind, *arguments, **options)

        monkeypatch.setattr(mirror._store.seen, "write", slow)
        mirror.sync(prefetch=2)
        assert len(mirror.offers()) == 300
    assert while_written[0] >= 10
    assert most <= 2


def as_version_2(mirror: Mirror) -> None:
    """Bring the tables of a mirror back to the version before."""
    with mirror._database.writing() as connection:
        for statement in (
            "CREATE INDEX korus_mirror_changes_iri ON korus_mirror_changes (iri)",
            "ALTER TABLE korus_mirror_pages DROP COLUMN quick",
            "ALTER TABLE korus_mirror_pages DROP COLUMN places",
            "UPDATE korus_mirror_meta SET value = '2' WHERE name = 'version'",
        ):
            connection.execute(text(statement))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_tables_of_version_2_are_migrated(
    api: FakeApi, tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    where = str(tmp_path / "m.db") if kind == "sqlite" else request.getfixturevalue("address")
    with api.client() as korus:
        with Mirror(where, korus) as mirror:
            mirror.sync(**SYNC)
            as_version_2(mirror)
        api.offers[PARK][0]["price"]["amountInclTax"] = "99.00"
        with Mirror(where, korus) as mirror:
            report = mirror.sync(**SYNC)
            assert (report.added, report.changed, report.removed) == (0, 1, 0)
            with mirror._database.reading() as connection:
                there = inspect(connection)
                assert there.get_indexes("korus_mirror_changes") == []
                columns = {each["name"] for each in there.get_columns("korus_mirror_pages")}
                assert {"quick", "places"} <= columns
                version = connection.execute(
                    text("SELECT value FROM korus_mirror_meta WHERE name = 'version'")
                ).scalar_one()
            assert version == "3"


def test_digests_of_pages_and_offers_leave_out_addresses_of_blank_nodes_only() -> None:
    def page(blank: str, price: str = "1.00", key: str = "@id") -> bytes:
        return f'{{"price":{{"{key}":"/.well-known/genid/{blank}","amount":"{price}"}}}}'.encode()

    assert digest_as_written(page("0a")) == digest_as_written(page("ff00"))
    assert digest_as_written(page("0a")) == digest_as_written(page("0b").replace(b"/", rb"\/"))
    assert digest_as_written(page("0a")) != digest_as_written(page("0a", "2.00"))
    assert digest_as_written(page("0a", key="x")) != digest_as_written(page("0b", key="x"))


def test_a_transaction_that_writes_into_the_feed_survives_a_power_cut(
    api: FakeApi, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.sync(**SYNC)
    seen: list[tuple[bool, bool]] = []
    writing = mirror._database.writing

    @contextmanager
    def noted(*, lasting: bool = True) -> Generator[Any]:
        before = mirror._feed.last()
        with writing(lasting=lasting) as connection:
            yield connection
        seen.append((lasting, mirror._feed.last() > before))

    monkeypatch.setattr(mirror._database, "writing", noted)
    mirror.sync(**SYNC)
    assert (False, False) in seen
    assert not any(has_fed for _, has_fed in seen)
    assert seen[-1] == (True, False)  # the end of the sweep
    api.offers[PARK][0]["price"]["amountInclTax"] = "99.00"
    mirror.sync(**SYNC)
    assert (True, True) in seen
    assert (False, True) not in seen
