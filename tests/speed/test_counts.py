"""What does not vary is counted, so that it cannot grow unnoticed: modules, requests, calls and bytes per item."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tracemalloc
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from korus import AsyncKorus, Korus
from korus._http import decode, encode
from korus.models import Offer, Order
from tests.benchmarks import payloads, server
from tests.benchmarks.writing import request

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.anyio

HEAVY = {
    "msgspec", "hishel", "redis", "sqlalchemy", "pydantic", "starlette", "uvicorn", "vcr", "zoneinfo",
    "sqlite3", "certifi.core", "trio", "typer",
}  # fmt: skip


def loaded(program: str) -> set[str]:
    """Run a program in a cold process; give the names of all modules that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint('\\n'.join(sys.modules))"],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


CLIENT = "from korus import Korus\nKorus(client_id='a', client_secret='b', environment='production')"


def test_importing_korus_loads_nothing_else() -> None:
    of_korus = {name for name in loaded("import korus") if name.partition(".")[0] in {"korus", "korus_api"}}
    assert of_korus == {"korus", "korus._late_names", "korus._version"}
    assert not loaded("import korus") & {"httpx", "attrs", "attr", "anyio"}


def test_a_client_loads_fewer_modules_than_httpx_and_its_client() -> None:
    mine, other = loaded(CLIENT), loaded("import httpx\nhttpx.Client()")
    assert len(mine) <= len(other)
    ours = [name for name in mine if name.partition(".")[0] in {"korus", "korus_api"}]
    assert len(ours) <= 55  # small modules, one idea each
    assert mine & HEAVY == set()
    assert not [
        name
        for name in mine
        if name.startswith(("korus_api.", "korus.sandbox", "korus.cli", "korus.testing"))
    ]


def test_one_resource_loads_the_models_it_reads_and_no_others() -> None:
    program = f"{CLIENT[:-1]}).offers.list('{payloads.CATALOG}')"
    models = {name for name in loaded(program) if name.startswith("korus_api.models.")}
    assert 0 < len(models) <= 15
    assert "korus_api.models.order" not in models


def calls_of(function: Callable[[], object]) -> Counter[str]:
    """Count the calls of Python functions that a call makes, by name."""
    names: Counter[str] = Counter()

    def note(frame: Any, event: str, argument: object) -> None:
        if event == "call":
            names[frame.f_code.co_name] += 1

    function()  # once, so that imports and the like are not counted
    gc.disable()  # what is called back when it runs is not ours
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
        gc.enable()
    return names


@pytest.mark.parametrize(
    ("model", "body", "values"),
    [
        (Offer, payloads.offers_page(), {"read_date": 50}),
        (Order, payloads.orders_page(), {"read_datetime": 100, "read": 50}),
    ],
)
def test_reading_an_item_of_a_page_reads_none_of_the_objects_it_holds(
    model: Any, body: bytes, values: dict[str, int]
) -> None:
    members = json.loads(body)["member"]

    def read() -> None:
        for member in members:
            model.from_dict(member)

    expected = Counter({"from_dict": 50, "read": 1})  # the function above
    assert calls_of(read) == expected + Counter(values)


def test_looking_at_an_attribute_again_is_no_call() -> None:
    offer = Offer.from_dict(payloads.offer(1))

    def look() -> None:
        _ = (offer.id, offer.date, offer.price, offer.product, offer.tickets, offer.available_quantity)

    assert calls_of(look) == {"look": 1}


def test_writing_a_bulk_reservation_is_one_call_per_object() -> None:
    made = request(payloads.bulk_lines(20))
    counted = calls_of(made.to_dict)
    assert counted["to_dict"] == 1 + 20 + 20 * 2 * (1 + 1 + 4)
    assert counted["write_value"] == 0


def test_encoding_costs_no_call_per_value() -> None:
    plain = {"items": payloads.bulk_lines(20)}
    assert calls_of(lambda: encode.encode_json(plain)).total() == 5
    assert calls_of(lambda: decode.decode_json(encode.encode_json(plain))).total() == 9


def test_an_offer_read_from_a_page_adds_less_than_a_quarter_of_a_kilobyte() -> None:
    members = [payloads.offer(number) for number in range(500)]
    [Offer.from_dict(member) for member in members[:1]]
    tracemalloc.start()
    kept = [Offer.from_dict(member) for member in members]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == 500
    assert size / 500 < 256


class Api:
    """Pages of a long list, counted."""

    def __init__(self, total: int) -> None:
        self.pages = server.pages(total)
        self.asked: Counter[str] = Counter()

    def __call__(self, asked: httpx.Request) -> httpx.Response:
        if asked.method == "POST":
            self.asked["token"] += 1
            return httpx.Response(200, content=server.token_body())
        page = asked.url.params.get("page", "1")
        self.asked[page] += 1
        return httpx.Response(200, content=self.pages.page(int(page)))

    def options(self) -> dict[str, Any]:
        return {
            "client_id": "a",
            "client_secret": "b",
            "base_url": "https://api.test",
            "token_url": "https://api.test/token",
            "transport": httpx.MockTransport(self),
        }


EVERY_PAGE_ONCE = {"token": 1, **{str(number): 1 for number in range(1, 21)}}


@pytest.mark.parametrize("prefetch", [0, 1, 8, 100])
def test_every_page_is_asked_for_once_however_far_ahead(prefetch: int) -> None:
    api = Api(1_000)
    with Korus(**api.options()) as korus:
        offers = korus.offers.list(payloads.CATALOG, page_size=50, prefetch=prefetch)
        assert sum(1 for _ in offers) == 1_000
    assert api.asked == EVERY_PAGE_ONCE


@pytest.mark.parametrize("prefetch", [0, 1, 8, 100])
async def test_every_page_is_asked_for_once_however_far_ahead_async(prefetch: int) -> None:
    api = Api(1_000)
    async with AsyncKorus(**api.options()) as korus:
        count = 0
        async for _ in korus.offers.list(payloads.CATALOG, page_size=50, prefetch=prefetch):
            count += 1
        assert count == 1_000
    assert api.asked == EVERY_PAGE_ONCE


def test_the_first_item_costs_one_page() -> None:
    api = Api(1_000)
    with Korus(**api.options()) as korus:
        korus.offers.list(payloads.CATALOG, page_size=50).first()
    assert api.asked == {"token": 1, "1": 1}


def test_iterating_keeps_no_page_that_was_read() -> None:
    api = Api(5_000)
    with Korus(**api.options()) as korus:
        sizes: list[int] = []
        tracemalloc.start()
        for number, _ in enumerate(korus.offers.list(payloads.CATALOG, page_size=50)):
            if number % 1_000 == 999:
                gc.collect()  # httpx ties its requests and answers into circles
                sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    # a page is some 200 kB; a few are kept to notice circles, however many there are
    assert len(sizes) == 5
    assert max(sizes[1:]) < sizes[0] + 100_000


def test_a_call_is_so_many_function_calls() -> None:
    api = {"POST": server.token_body(), "GET": server.AVAILABILITY}
    transport = httpx.MockTransport(lambda asked: httpx.Response(200, content=api[asked.method]))
    raw = httpx.Client(transport=transport)
    options = {**Api(0).options(), "transport": transport}
    with Korus(**options) as korus, raw:
        mine = calls_of(lambda: korus.offers.availability(server.OFFER)).total()
        other = calls_of(
            lambda: raw.get(
                f"https://api.test{server.OFFER}/availability",
                headers={"Accept": "application/ld+json", "Authorization": "Bearer x"},
            ).json()
        ).total()
    assert mine - other < 80
