"""Collections over real sockets, whatever the pages say. Sync and async."""

from __future__ import annotations

import gc
import json
import threading
import time
import tracemalloc
import warnings
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
from scripted_server import Caller, Reply, ScriptedServer, Seen

from korus import AsyncKorus, CollectionChanged, Korus, errors

URL = "/v1/booking/orders"

# a connection that anyio was opening when a call ahead was cancelled is left to the garbage collector by asyncio
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


def names(*numbers: int) -> list[dict[str, str]]:
    return [{"@id": f"{URL}/o{number}", "id": f"o{number}"} for number in numbers]


def ids(orders: list) -> list[int]:
    return [int(order.id[1:]) for order in orders]


def query(seen: Seen) -> dict[str, list[str]]:
    return parse_qs(urlsplit(seen.target).query)


class Collection:
    """A well-behaved collection, less what a test takes away from its envelopes."""

    def __init__(self, count: int, *, largest: int = 50, links: bool = True, total: bool = True) -> None:
        self.items = list(range(1, count + 1))
        self.largest = largest
        self.links = links
        self.total = total
        self.delay = 0.0

    def answer(self, seen: Seen) -> Reply:
        asked = query(seen)
        page, size = int(asked.get("page", ["1"])[0]), int(asked.get("itemsPerPage", ["10"])[0])
        size = min(size, self.largest)
        last = max(-(-len(self.items) // size), 1)
        document: dict[str, object] = {"member": names(*self.items[(page - 1) * size : page * size])}
        if self.total:
            document["totalItems"] = len(self.items)
        if self.links:
            extra = f"&itemsPerPage={asked['itemsPerPage'][0]}" if "itemsPerPage" in asked else ""
            document["view"] = {"@id": f"{URL}?foreign=1", "first": f"{URL}?page=1{extra}"}
            if page < last:
                document["view"]["next"] = f"{URL}?page={page + 1}{extra}"  # type: ignore[index]
        return Reply(body=document, delay=self.delay)


def read_all(korus):
    return korus.orders.list()


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize("total", [True, False], ids=["total", "no total"])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 35])
def test_every_item_comes_once_and_in_order(
    server: ScriptedServer, caller: Caller, count: int, links: bool, total: bool
) -> None:
    server.answer = Collection(count, links=links, total=total).answer
    assert ids(caller.call(read_all)) == list(range(1, count + 1))


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize("prefetch", [1, 2, 5, 50])
def test_pages_fetched_ahead_keep_their_order(
    server: ScriptedServer, caller: Caller, links: bool, prefetch: int
) -> None:
    server.answer = Collection(95, links=links).answer
    orders = caller.call(lambda korus: korus.orders.list(page_size=10, prefetch=prefetch))
    assert ids(orders) == list(range(1, 96))
    assert len(server.api_requests) == 10


def test_fetching_ahead_is_bounded_and_as_fast_as_that_allows(server: ScriptedServer, caller: Caller) -> None:
    collection = Collection(210)
    busy, most, counting = 0, 0, threading.Lock()

    def answer(seen: Seen) -> Reply:
        nonlocal busy, most
        with counting:
            busy += 1
            most = max(most, busy)
        time.sleep(0.2)
        with counting:
            busy -= 1
        return collection.answer(seen)

    server.answer = answer
    began = time.monotonic()
    assert len(caller.call(lambda korus: korus.orders.list(page_size=10, prefetch=5))) == 210
    # one page alone, then twenty in four rounds of five: 1 s, and one after the other 4.2 s
    assert 1.0 <= time.monotonic() - began < 3.3
    assert most == 5


def test_too_large_page_size_is_sent_and_the_actual_size_used(server: ScriptedServer, caller: Caller) -> None:
    server.answer = Collection(120, links=False).answer
    orders = caller.call(lambda korus: korus.orders.list(page_size=100))
    assert ids(orders) == list(range(1, 121))
    assert [query(seen)["itemsPerPage"] for seen in server.api_requests] == [["100"]] * 3


@pytest.mark.parametrize(("asked", "came"), [(200, 50), (20, 20), (None, 10)])
@pytest.mark.parametrize("prefetch", [0, 3])
def test_a_page_says_how_many_items_came_and_how_many_were_asked_for(
    server: ScriptedServer, caller: Caller, asked: int | None, came: int, prefetch: int
) -> None:
    server.answer = Collection(125).answer
    pages = caller.call(lambda korus: korus.orders.list(page_size=asked, prefetch=prefetch).pages())
    assert {(page.page_size, page.requested) for page in pages} == {(came, asked)}
    (first, *_) = pages
    rest = caller.call(
        lambda korus: korus.orders.list(page_size=asked, prefetch=prefetch).resume(first.position).pages()
    )
    assert rest[0].page_size == came
    assert len(rest[-1]) == 125 % came


def test_a_link_with_an_endless_page_number_is_no_error_of_python(
    server: ScriptedServer, caller: Caller
) -> None:
    linked = {"member": names(1), "view": {"@id": URL, "next": f"{URL}?page={'9' * 5000}"}}
    last = {"member": names(2), "view": {"@id": URL}}
    server.answer = lambda seen: Reply(body=linked if "page" not in query(seen) else last)
    assert ids(caller.call(read_all)) == [1, 2]


@pytest.mark.parametrize("page_size", [0, -1, True, 2.5, "10"])
def test_a_page_size_below_one_is_refused_before_anything_is_sent(
    server: ScriptedServer, caller: Caller, page_size: object
) -> None:
    with pytest.raises(errors.InvalidArgument, match="page_size"):
        caller.call(lambda korus: korus.orders.list(page_size=page_size))
    assert server.seen == []


def test_nothing_is_sent_before_iteration(server: ScriptedServer, caller: Caller) -> None:
    client = caller.client()
    repr(client.orders.list(page_size=3, prefetch=2))
    assert server.seen == []


def test_the_total_is_asked_for_once(server: ScriptedServer, caller: Caller) -> None:
    server.answer = Collection(35).answer
    client = caller.client()
    orders = client.orders.list()
    assert caller.using(client, lambda _: orders.total(), lambda _: orders.total()) == 35
    assert len(server.api_requests) == 1


def test_a_total_that_is_not_said_is_none(server: ScriptedServer, caller: Caller) -> None:
    server.answer = Collection(5, total=False).answer
    assert caller.call(lambda korus: korus.orders.list().total()) is None


def test_first_reads_one_page(server: ScriptedServer, caller: Caller) -> None:
    server.answer = Collection(35).answer
    assert caller.call(lambda korus: korus.orders.list().first()).id == "o1"
    assert len(server.api_requests) == 1


def test_first_of_nothing_is_none(server: ScriptedServer, caller: Caller) -> None:
    server.answer = Collection(0).answer
    assert caller.call(lambda korus: korus.orders.list().first()) is None


@pytest.mark.parametrize("count", [0, 2, 30])
def test_one_is_exactly_one(server: ScriptedServer, caller: Caller, count: int) -> None:
    server.answer = Collection(count).answer
    with pytest.raises(errors.UnexpectedCount):
        caller.call(lambda korus: korus.orders.list().one())
    server.answer = Collection(1).answer
    assert caller.call(lambda korus: korus.orders.list().one()).id == "o1"


def test_a_page_can_be_asked_for_by_its_number(server: ScriptedServer, caller: Caller) -> None:
    server.answer = Collection(35).answer
    page = caller.call(lambda korus: korus.orders.list().page(4))
    assert (ids(page), len(page), page.number, page.total, page.position) == (
        [31, 32, 33, 34, 35],
        5,
        4,
        35,
        None,
    )
    assert page[0].id == "o31"
    assert [order.id for order in page[1:3]] == ["o32", "o33"]
    beyond = caller.call(lambda korus: korus.orders.list().page(9))
    assert (list(beyond), beyond.total) == ([], 35)


@pytest.mark.parametrize("number", [0, -3, True, "2"])
def test_there_is_no_page_below_one(caller: Caller, number: object) -> None:
    with pytest.raises(errors.InvalidArgument):
        caller.call(lambda korus: korus.orders.list().page(number))


def pages_of(**options):
    return lambda korus: korus.orders.list(**options).pages()


def test_whole_pages_can_be_read(server: ScriptedServer, caller: Caller) -> None:
    server.answer = Collection(25).answer
    pages = caller.call(pages_of())
    assert [(page.number, len(page), page.total) for page in pages] == [(1, 10, 25), (2, 10, 25), (3, 5, 25)]


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize("prefetch", [0, 3])
def test_reading_goes_on_after_any_page_in_another_process(
    server: ScriptedServer, caller: Caller, links: bool, prefetch: int
) -> None:
    server.answer = Collection(35, links=links).answer
    pages = caller.call(pages_of(page_size=8))
    for index, page in enumerate(pages[:-1]):
        saved = json.loads(json.dumps(page.position))
        rest = caller.call(
            lambda korus, at=saved: korus.orders.list(page_size=8, prefetch=prefetch).resume(at)
        )
        assert ids(rest) == list(range(8 * (index + 1) + 1, 36))
    assert pages[-1].position is None


def test_reading_goes_on_after_any_item(server: ScriptedServer) -> None:
    server.answer = Collection(23).answer
    with Korus(**server.settings()) as korus:
        for stop in range(1, 24):
            orders = korus.orders.list()
            read = [order.id for _, order in zip(range(stop), orders, strict=False)]
            saved = json.loads(json.dumps(orders.position))
            rest = [order.id for order in korus.orders.list().resume(saved)]
            assert read + rest == [f"o{number}" for number in range(1, 24)]
        assert list(orders)
        assert orders.position is None


def test_a_position_of_another_list_is_refused(server: ScriptedServer) -> None:
    server.answer = Collection(23).answer
    with Korus(**server.settings()) as korus:
        (first, *_) = korus.orders.list(sort="asc").pages()
        with pytest.raises(errors.InvalidArgument, match="another list"):
            korus.orders.list(sort="desc").resume(first.position)
        for wrong in (
            {},
            {"page": 2},
            {**first.position, "page": 0},
            {**first.position, "query": [1]},
            None,
            3,
        ):
            with pytest.raises(errors.InvalidArgument):
                korus.orders.list(sort="asc").resume(wrong)


def envelope(**keys: object) -> Reply:
    return Reply(body={key: value for key, value in keys.items() if value is not None})


@pytest.mark.parametrize(
    "document",
    [
        {"member": names(1, 2), "totalItems": 2},
        {"hydra:member": names(1, 2), "hydra:totalItems": 2},
        {
            "hydra:member": names(1, 2),
            "hydra:totalItems": 2,
            "hydra:view": {"@id": "?x", "hydra:first": "?page=1"},
        },
        {"member": names(1, 2), "totalItems": "2"},
        {"member": names(1, 2), "totalItems": 2, "view": None, "search": None},
        {"member": names(1, 2), "totalItems": 2, "view": {"@id": f"{URL}?catalog=x&limit=2"}},
        {"member": names(1, 2), "totalItems": 2, "view": []},
        {"member": names(1, 2), "totalItems": 2, "view": {"next": None, "last": 7}},
        {"@context": {"@vocab": "x"}, "view": {}, "member": names(1, 2), "totalItems": 2, "extra": {}},
        names(1, 2),
    ],
)
def test_envelopes_of_every_make_are_read(server: ScriptedServer, caller: Caller, document: object) -> None:
    pages = [document] if isinstance(document, dict) and "totalItems" in str(document) else [document, []]
    server.replies(*[Reply(body=page) for page in pages])
    assert ids(caller.call(read_all)) == [1, 2]


@pytest.mark.parametrize(
    "document",
    [{"member": None, "totalItems": 0}, {"totalItems": 0}, {"@type": "Collection"}, {"hydra:member": []}, []],
)
def test_an_empty_collection_is_empty_however_it_is_said(
    server: ScriptedServer, caller: Caller, document: object
) -> None:
    server.replies(Reply(body=document))
    assert caller.call(read_all) == []


@pytest.mark.parametrize(
    "document", [{}, {"id": "o1"}, {"member": {"a": 1}}, {"member": "x"}, 7, None, "text"]
)
def test_what_is_no_collection_is_a_decoding_failure(
    server: ScriptedServer, caller: Caller, document: object
) -> None:
    server.replies(Reply(body=document))
    with pytest.raises(errors.DecodingFailed):
        caller.call(read_all)


def test_members_that_are_no_objects_are_passed_on(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body={"member": [f"{URL}/o1", None, {"id": "o3"}], "totalItems": 3}))
    first, second, third = caller.call(read_all)
    assert (first, second, third.id) == (f"{URL}/o1", None, "o3")


def test_a_total_far_above_the_only_page_is_noticed(server: ScriptedServer, caller: Caller) -> None:
    server.replies(
        Reply(body={"member": names(1, 2), "totalItems": 9}), Reply(body={"member": [], "totalItems": 9})
    )
    with pytest.warns(CollectionChanged, match="9 items, and 2 came"):
        assert ids(caller.call(read_all)) == [1, 2]
    assert len(server.api_requests) == 2


def test_an_api_that_repeats_its_page_for_ever_is_left(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body={"member": names(1, 2), "totalItems": 9}))
    with pytest.warns(CollectionChanged, match="repeats an earlier page"):
        assert ids(caller.call(read_all)) == [1, 2]
    assert len(server.api_requests) == 2


def test_an_api_that_does_not_know_pages_is_not_suspected(server: ScriptedServer, caller: Caller) -> None:
    server.replies(Reply(body={"member": names(1, 2)}))
    assert ids(caller.call(read_all)) == [1, 2]


@pytest.mark.parametrize(
    "link",
    [
        f"{URL}?page=1",
        f"{URL}",
        "?page=1",
        f"{URL}?page=2",
        f"{URL}?cursor=a",
        "http://127.0.0.1:1/v1/booking/orders?page=2",
        "//evil.test/v1/booking/orders?page=2",
        "https://[broken",
        "/v1/other?page=2",
        7,
        {"@id": f"{URL}?page=2"},
    ],
    ids=str,
)
def test_no_link_leads_for_ever_or_away(server: ScriptedServer, caller: Caller, link: object) -> None:
    """The same page with the same link again and again; reading ends, at the same host."""
    server.replies(Reply(body={"member": names(1, 2), "totalItems": 50, "view": {"next": link}}))
    with pytest.warns(CollectionChanged):
        assert ids(caller.call(read_all)) == [1, 2]
    assert len(server.api_requests) <= 2
    assert all(seen.path == URL for seen in server.api_requests)


def test_links_that_lead_in_a_circle_are_left(server: ScriptedServer, caller: Caller) -> None:
    def answer(seen: Seen) -> Reply:
        at = query(seen).get("cursor", ["0"])[0]
        after = str((int(at) + 1) % 5)
        return Reply(body={"member": names(int(at)), "view": {"next": f"{URL}?cursor={after}"}})

    server.answer = answer
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollectionChanged)
        read = ids(caller.call(read_all))
    assert read[:5] == [0, 1, 2, 3, 4]
    assert len(server.api_requests) < 20


def test_cursor_links_are_followed_to_their_end(server: ScriptedServer, caller: Caller) -> None:
    def answer(seen: Seen) -> Reply:
        at = int(query(seen).get("cursor", ["0"])[0])
        view = {"next": f"{URL}?cursor={at + 1}&f[]=a%20b&f[]="} if at < 40 else {"first": URL}
        return Reply(body={"member": names(at), "view": view})

    server.answer = answer
    assert ids(caller.call(lambda korus: korus.orders.list(prefetch=3))) == list(range(41))
    assert parse_qs(urlsplit(server.api_requests[1].target).query, keep_blank_values=True) == {
        "cursor": ["1"],
        "f[]": ["a b", ""],
    }


def test_a_link_of_a_server_that_does_not_know_its_prefix_stays_below_it(
    server: ScriptedServer, caller: Caller
) -> None:
    server.answer = Collection(15).answer
    orders = caller.call(read_all, base_url=f"{server.base_url}/gateway/")
    assert ids(orders) == list(range(1, 16))
    assert {seen.path for seen in server.api_requests} == {"/gateway" + URL}


@pytest.mark.parametrize("prefetch", [0, 3])
@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize("change", ["grows", "shrinks", "empties"])
def test_a_collection_that_changes_is_noticed_and_ends(
    server: ScriptedServer, caller: Caller, change: str, links: bool, prefetch: int
) -> None:
    collection = Collection(40, links=links)

    def answer(seen: Seen) -> Reply:
        if query(seen).get("page") == ["2"]:
            changes = {"grows": [0, *range(1, 41)], "shrinks": list(range(5, 41)), "empties": []}
            collection.items = changes[change]
        return collection.answer(seen)

    server.answer = answer
    with pytest.warns(CollectionChanged) as warned:
        read = ids(caller.call(lambda korus: korus.orders.list(prefetch=prefetch)))
    assert len(warned) == 1
    assert read[:10] == list(range(1, 11))
    assert len(server.api_requests) <= 6


def test_shifted_item_is_noticed_without_a_total(server: ScriptedServer, caller: Caller) -> None:
    pages = [names(*range(10)), names(*range(9, 19)), []]
    server.replies(*[Reply(body={"member": page}) for page in pages])
    with pytest.warns(CollectionChanged, match="1 items of page 2"):
        assert ids(caller.call(read_all)) == [*range(10), *range(9, 19)]


def test_error_in_the_middle_is_raised_in_place_and_reading_resumes(
    server: ScriptedServer,
) -> None:
    collection, broken = Collection(30), [True]

    def answer(seen: Seen) -> Reply:
        return Reply(500) if broken[0] and query(seen).get("page") == ["2"] else collection.answer(seen)

    server.answer = answer
    with Korus(**server.settings()) as korus:
        for prefetch in (0, 3):
            broken[0] = True
            orders = korus.orders.list(prefetch=prefetch)
            read = []
            with pytest.raises(errors.ServerError):
                read.extend(order.id for order in orders)
            broken[0] = False
            saved = orders.position
            rest = [order.id for order in orders.resume(saved)]
            assert rest == [f"o{number}" for number in range(11, 31)]


def test_the_next_page_is_on_its_way_before_this_one_is_worked_on(
    server: ScriptedServer, caller: Caller
) -> None:
    server.answer = Collection(30).answer

    def work(page) -> int:
        """Work that does not wait for the event loop, which stands still meanwhile."""
        until = time.monotonic() + 5
        while len(server.api_requests) <= page.number and time.monotonic() < until:
            time.sleep(0.002)
        return len(server.api_requests)

    if caller.asynchronous:

        async def read(korus):
            return [work(page) async for page in korus.orders.list(prefetch=1).pages() if page.number < 3]
    else:

        def read(korus):
            return [work(page) for page in korus.orders.list(prefetch=1).pages() if page.number < 3]

    assert caller.call(read) == [2, 3]


def test_an_iteration_that_is_left_early_leaves_nothing_behind(
    server: ScriptedServer, caller: Caller
) -> None:
    collection = Collection(100)
    server.answer = collection.answer
    if caller.asynchronous:

        async def read_three(korus):
            found = []
            async for order in korus.orders.list(page_size=5, prefetch=4):
                found.append(order)
                if len(found) == 3:
                    return found
            return found
    else:

        def read_three(korus):
            return [
                order for _, order in zip(range(3), korus.orders.list(page_size=5, prefetch=4), strict=False)
            ]

    assert ids(caller.call(read_three)) == [1, 2, 3]
    assert len(server.api_requests) <= 6


def test_collected_iteration_does_not_block_and_close_waits_for_it(
    server: ScriptedServer,
) -> None:
    # the collector may come while this thread holds a lock of httpx's pool, which the calls under way need
    collection, go_on, in_time = Collection(30), threading.Event(), []

    def answer(seen: Seen) -> Reply:
        if query(seen).get("page", ["1"]) != ["1"]:
            in_time.append(go_on.wait(5))
        return collection.answer(seen)

    server.answer = answer
    with Korus(**server.settings()) as korus:
        orders = iter(korus.orders.list(prefetch=1))
        next(orders)
        circle: list[object] = [orders]
        circle.append(circle)
        while len(server.api_requests) < 2:
            time.sleep(0.001)
        del orders, circle
        gc.collect()
        assert in_time == []
        threading.Timer(0.05, go_on.set).start()
    assert in_time == [True]
    assert len(server.api_requests) == 2


@pytest.mark.anyio
async def test_reading_a_list_of_a_closed_client_raises(
    server: ScriptedServer,
) -> None:
    collection = Collection(100)
    server.answer = collection.answer
    korus = AsyncKorus(**server.settings())
    pages = korus.orders.list(prefetch=3).pages()
    await anext(pages)
    collection.delay = 1.0
    await anext(pages)
    async with anyio.create_task_group() as group:
        group.start_soon(korus.aclose)
        with pytest.raises(errors.ConfigurationError, match="closed"):
            [_ async for _ in pages]


@pytest.mark.parametrize("prefetch", [0, 2])
def test_memory_does_not_grow_with_the_collection(prefetch: int) -> None:
    pages, size = 200, 50

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 600})
        page = int(request.url.params.get("page", 1))
        members = [{"@id": f"{URL}/{page}-{index}", "id": f"{page}-{index}"} for index in range(size)]
        return httpx.Response(200, json={"member": members, "totalItems": pages * size})

    client = Korus(
        base_url="http://api.test",
        token_url="http://api.test/auth/token",
        client_id="a",
        client_secret="b",
        transport=httpx.MockTransport(handle),
    )
    with client as korus:
        count = 0
        for _ in korus.orders.list(page_size=size, prefetch=prefetch):
            count += 1
            if count == size * 10:
                tracemalloc.start()
                before, _ = tracemalloc.get_traced_memory()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == pages * size
    assert peak - before < 2_000_000


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("prefetch", [0, 4])
def test_a_loop_may_be_left_at_any_moment(backend: str, prefetch: int) -> None:
    """Neither a warning nor a request that goes on; under trio an unfinished generator would be complained of."""
    began, ended = [], []

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/auth/token":
                return httpx.Response(200, json={"access_token": "t", "expires_in": 600})
            page = int(request.url.params.get("page", 1))
            began.append(page)
            if page > 2:
                await anyio.sleep(60)
            ended.append(page)
            return httpx.Response(200, json={"member": names(page * 2, page * 2 + 1), "totalItems": 40})

    async def run() -> list[int]:
        read = []
        settings = {"base_url": "http://a.test", "token_url": "http://a.test/auth/token", "client_id": "a"}
        async with AsyncKorus(**settings, client_secret="b", transport=Slow()) as korus:
            async for order in korus.orders.list(prefetch=prefetch):
                read.append(int(order.id[1:]))
                if len(read) == 3:
                    break
            await anyio.sleep(0.05)
        return read

    start = time.monotonic()
    assert anyio.run(run, backend=backend) == [2, 3, 4]
    assert time.monotonic() - start < 10
    assert ended == [1, 2]
    assert len(began) <= 2 + prefetch


def test_whether_it_changed_is_of_the_latest_reading(server: ScriptedServer) -> None:
    server.replies(
        Reply(body={"member": names(1, 2), "totalItems": 9}),
        Reply(body={"member": [], "totalItems": 9}),
        Reply(body={"member": names(1, 2), "totalItems": 2}),
    )
    with Korus(**server.settings()) as korus:
        orders = korus.orders.list()
        assert not orders.changed
        with pytest.warns(CollectionChanged):
            assert ids(list(orders)) == [1, 2]
        assert orders.changed
        assert ids(list(orders)) == [1, 2]
        assert not orders.changed


async def test_whether_it_changed_is_of_the_latest_reading_async(server: ScriptedServer) -> None:
    server.replies(
        Reply(body={"member": names(1, 2), "totalItems": 9}), Reply(body={"member": [], "totalItems": 9})
    )
    async with AsyncKorus(**server.settings()) as korus:
        orders = korus.orders.list()
        with pytest.warns(CollectionChanged):
            assert ids([order async for order in orders]) == [1, 2]
        assert orders.changed
