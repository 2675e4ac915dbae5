"""A mirror and content that no database likes, in SQLite and in PostgreSQL."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from fake_api import ROOT, FakeApi, small_api
from sqlalchemy import delete, inspect, text, update

from korus.mirror import Mirror, replay, write_csv, write_json_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from korus import Korus

PARK = f"{ROOT}/park"
HALF = "\ud800"  # of a pair of surrogates: JSON can say it, no encoding can
TEXTS = [HALF, "nul\x00", "x" * 5000, "ü🎫" * 900, "=1+1", "\n\r\t", "", None, True, 10**30, [[]], {"@id": 1}]


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: Any, tmp_path: Path) -> Iterator[Callable[..., Mirror]]:
    mirrors: list[Mirror] = []

    def open_mirror(korus: Korus | None = None) -> Mirror:
        if request.param == "sqlite":
            mirrors.append(Mirror(tmp_path / "m.db", korus))
        else:
            place = {"schema": f"s{abs(hash(request.node.name))}", "prefix": ""}
            mirrors.append(Mirror(request.getfixturevalue("address"), korus, **place))
        return mirrors[-1]

    yield open_mirror
    for mirror in mirrors:
        mirror.close()


def written_out(mirror: Mirror) -> int:
    """Write the whole feed as files are written; returns how many lines of JSON came out."""
    changes = mirror.changes()
    lines, table = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    write_json_lines(changes, lines)
    write_csv(changes, table)
    lines.seek(0)
    table.seek(0)
    read = [json.loads(line) for line in lines]
    assert [change["after"] for change in read] == [change.after for change in changes]
    rows = list(csv.DictReader(table))
    assert [json.loads(row["after"]) for row in rows if row["after"]] == [c.after for c in changes if c.after]
    assert not any(
        cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for row in rows for cell in row.values()
    )
    return len(read)


def test_texts_that_no_database_holds_are_mirrored_or_left_out(opened: Callable[..., Mirror]) -> None:
    api = small_api(len(TEXTS) * 6)
    offers = iter(api.offers[PARK])
    for value in TEXTS:
        next(offers)["@id"] = value
        next(offers)["date"] = value
        next(offers)["availableQuantity"] = value
        next(offers)["price"] = {"amountInclTax": value, "currency": value}
        next(offers)["product"] = {"@id": value, "name": value, "disabled": value}
        next(offers)["tickets"] = [{"@id": value, "name": value, "dateAccess": value, "form": value}]
    api.products[f"{PARK}/products/dog"][1]["name"] = HALF
    api.bases[f"{PARK}/product_bases/entry"]["timezone"] = "nul\x00"
    api.catalogs[PARK] |= {"name": HALF, "lastSyncedAt": "nul\x00"}
    with api.client() as korus:
        mirror = opened(korus)
        assert {sweep.state for sweep in mirror.sync(prefetch=0).sweeps} <= {"done", "unsettled"}
        # IRIs that cannot be kept: a half, a NUL, two that are too long
        assert len(mirror.offers()) == len(TEXTS) * 6 - 4
        assert mirror.sync(prefetch=0).changed == 0
        assert written_out(mirror) == sum(mirror.status().counts.values())
        assert len(replay(mirror.changes())) == sum(mirror.status().counts.values())
        mirror.calendar(f"{PARK}/products/adult", "2027-01")
        assert mirror.products(PARK)[2].name == HALF or len(mirror.products(PARK)) == 3


def test_a_huge_offer_and_a_deep_one_are_mirrored(opened: Callable[..., Mirror]) -> None:
    api = small_api(6)
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"a": deep}
    api.offers[PARK][2] |= {"text": "é" * 2_000_000, "deep": deep}
    with api.client() as korus:
        mirror = opened(korus)
        assert mirror.sync(prefetch=0).added == 11
        api.offers[PARK][2]["text"] += "!"
        assert mirror.sync(prefetch=0).changed == 1
        assert replay(mirror.changes())[api.offers[PARK][2]["@id"]]["text"].endswith("é!")


def linked_by(api: FakeApi, link: Callable[[int], str]) -> Callable[[httpx.Request], httpx.Response | None]:
    """Answer the list of offers in pages of ten whose links are these."""

    def answer(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/offers"):
            return None
        number = next((n for n in range(1, 9) if link(n) in str(request.url)), 0)
        members = api.offers[PARK][number * 10 : number * 10 + 10]
        view = {"first": "?"} | ({"next": f"?{link(number + 1)}"} if number < 2 else {})
        return httpx.Response(200, json={"member": members, "totalItems": 30, "view": view})

    return answer


@pytest.mark.parametrize("link", ["cursor=c{}", "page=99999999999999999{}", "page=1&after={}"])
def test_pages_without_usable_numbers_are_mirrored(opened: Callable[..., Mirror], link: str) -> None:
    api = small_api()
    api.hooks.append(linked_by(api, link.format))
    with api.client() as korus:
        mirror = opened(korus)
        mirror.sync(prefetch=0)
        api.offers[PARK][12]["price"]["amountInclTax"] = "1.00"
        report = mirror.sync(prefetch=0)
        assert report.sweeps[-1].error is None
        if link.startswith("page=1"):  # such a link leads back, and is not followed
            assert report.sweeps[-1].state == "unsettled"
        else:
            assert (len(mirror.offers()), report.changed) == (30, 1)


def test_tables_of_the_first_version_are_brought_to_this_one(opened: Callable[..., Mirror]) -> None:
    api = small_api()
    with api.client() as korus:
        mirror = opened(korus)
        mirror.sync(prefetch=0)
        tables = mirror._database.tables
        name = f'"{tables.pages.schema}"."{tables.pages.name}"' if tables.pages.schema else tables.pages.name
        with mirror._database.writing() as connection:
            connection.execute(text(f"ALTER TABLE {name} DROP COLUMN digests"))
            connection.execute(text(f"ALTER TABLE {name} ADD COLUMN rows VARCHAR(32)"))
            connection.execute(update(tables.meta).where(tables.meta.c.name == "version").values(value="1"))
        again = opened(korus)
        assert len(again.offers()) == 30
        with again._database.reading() as connection:
            columns = {
                each["name"]
                for each in inspect(connection).get_columns(tables.pages.name, tables.pages.schema)
            }
        assert columns == {column.name for column in tables.pages.columns}
        assert again.sync(prefetch=0).changed == 0
        api.requests.clear()
        again.sync(prefetch=0)
        assert any(request.headers.get("if-none-match") for request in api.requests)


def test_rows_that_another_sweep_changed_are_read_again_with_their_page(
    opened: Callable[..., Mirror],
) -> None:
    api = small_api()
    with api.client() as korus:
        mirror = opened(korus)
        mirror.sync(prefetch=0)
        offers, bodies = mirror._database.tables.things["offer"], mirror._database.tables.bodies
        changed, lost = api.offers[PARK][3]["@id"], api.offers[PARK][14]["@id"]
        with mirror._database.writing() as connection:
            connection.execute(
                update(offers).where(offers.c.iri == changed).values(digest="other", price="0.01")
            )
            connection.execute(delete(offers).where(offers.c.iri == lost))
            connection.execute(delete(bodies).where(bodies.c.iri == lost))
        api.requests.clear()
        report = mirror.sync(prefetch=0).sweeps[-1]
        assert (report.state, report.added, len(mirror.offers())) == ("done", 1, 30)
        asked = [bool(r.headers.get("if-none-match")) for r in api.requests if r.url.path.endswith("/offers")]
        assert asked == [
            True,
            True,
            True,
            False,
            False,
            False,
        ]  # three pages, two of them again, the first at the end
        day = mirror.calendar(f"{PARK}/products/adult", "2027-01")[1]
        assert str(day.lowest_price) == "10.50"


def test_a_role_that_may_not_create_schemas_uses_one_that_is_there(address: str, tmp_path: Path) -> None:
    plain = address.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS reader")
        admin.execute("CREATE ROLE reader LOGIN")
        admin.execute("DROP SCHEMA IF EXISTS given CASCADE")
        admin.execute("CREATE SCHEMA given AUTHORIZATION reader")
    user = address.partition("://")[2].partition("@")[0].partition(":")[0]
    with (
        small_api().client() as korus,
        Mirror(address.replace(f"//{user}", "//reader", 1), korus, schema="given", prefix="") as mirror,
    ):
        assert mirror.sync(prefetch=0).added == 35
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute("DROP SCHEMA given CASCADE")
        admin.execute("DROP ROLE reader")


def test_an_offer_under_the_name_of_a_product_does_not_take_its_place(opened: Callable[..., Mirror]) -> None:
    api = small_api(6)
    product = f"{PARK}/products/adult"
    with api.client() as korus:
        mirror = opened(korus)
        mirror.sync(prefetch=0)
        api.offers[PARK][2]["@id"] = product
        report = mirror.sync(prefetch=0).sweeps[-1]
        assert (report.state, report.reason) == (
            "unsettled",
            "one of the offers has no IRI or id that can be stored",
        )
        assert [each.iri for each in mirror.products(PARK) if each.name == "adult"] == [product]
        assert replay(mirror.changes())[product]["@type"] == "TicketingProduct"


def test_what_is_removed_is_in_the_feed_in_the_same_sequence_everywhere(
    opened: Callable[..., Mirror],
) -> None:
    api = small_api(30)
    with api.client() as korus:
        mirror = opened(korus)
        api.offers[PARK].reverse()
        mirror.sync(prefetch=0)
        last = mirror.status().last_change
        gone = [api.remove_offer(offer["@id"])["@id"] for offer in api.offers[PARK][3:7]]
        mirror.sync(prefetch=0)
        assert [change.iri for change in mirror.changes(last)] == sorted(gone)
