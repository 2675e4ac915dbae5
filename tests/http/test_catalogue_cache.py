"""The catalogue cache follows the API's headers, and one caller asks when many need the same answer."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import anyio
import hishel
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from korus import AsyncKorus, Cache, Korus
from korus._core.retry_policy import RetryPolicy
from korus._http.cache_rules import Facts, Marks, facts_from, facts_of, key_of, varying_headers
from korus.errors import NotFound, ServerError, SoldOut, TimedOut
from korus.hooks import AttemptEnded, CacheHit, CallEnded
from scripts.soak.redis_server import RedisServer, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from korus.sandbox import Sandbox

pytestmark = pytest.mark.anyio

DAY = 86_400
NOBODY = Marks()


class Api:
    """A transport that says of its catalogues what it is told to, and notes what it is asked."""

    def __init__(self, **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.version = 1
        self.delay = 0.0
        self.failures: list[httpx.Response] = []
        self.asked: list[httpx.Headers] = []
        self.bodies = 0
        self.lies: dict[str, str] | None = None
        """Headers of a 304 that is sent to whatever condition."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "token", "expires_in": 600})
        self.asked.append(request.headers)
        if self.delay:
            time.sleep(self.delay)
        return self._answer(request)

    async def slowly(self, request: httpx.Request) -> httpx.Response:
        """Answer without blocking the event loop."""
        delay, self.delay = self.delay, 0.0
        try:
            answer = self(request)
        finally:
            self.delay = delay
        await anyio.sleep(delay)
        return answer

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.failures:
            return self.failures.pop(0)
        tags, since = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
        if self.lies is not None and (tags or since):
            return httpx.Response(304, headers=self.lies)
        mine = self.headers.get("etag"), self.headers.get("last-modified")
        if (tags and tags == mine[0]) or (not tags and since and since == mine[1]):
            return httpx.Response(304, headers=self.headers)
        self.bodies += 1
        # what an answer depends on shows in it
        name = (
            f"{self.version}-{request.headers.get('accept-language', '')}-{request.headers.get('x-shop', '')}"
        )
        member = {"id": name, "@id": f"/v1/ticketing/catalogs/{name}"}
        return httpx.Response(200, json={"totalItems": 1, "member": [member]}, headers=self.headers)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache.sqlite3"


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    try:
        with RedisServer(tmp_path) as running:
            yield running
    except Unavailable as missing:
        pytest.skip(str(missing))


class Clock:
    """The time of day, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._shift = 0.0
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + self._shift)

    def move(self, seconds: float) -> None:
        self._shift += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def options(api: Api, cache: Any, **more: Any) -> dict[str, Any]:
    return {
        "base_url": "https://api.test",
        "token_url": "https://auth.test/token",
        "client_id": "shop",
        "client_secret": "secret",
        "cache": cache,
        "transport": httpx.MockTransport(api),
        "retry": RetryPolicy(attempts=1),
        **more,
    }


def client(api: Api, cache: Any, **more: Any) -> Korus:
    return Korus(**options(api, cache, **more))


def ids(korus: Korus) -> list[str]:
    return [catalog.id.split("-")[0] for catalog in korus.catalogs.list()]


async def ids_async(korus: AsyncKorus) -> list[str]:
    return [catalog.id.split("-")[0] async for catalog in korus.catalogs.list()]


# --- old entries: conditional requests -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("validators", "sent"),
    [
        ({"etag": '"a"'}, {"if-none-match": '"a"'}),
        ({"etag": 'W/"a"'}, {"if-none-match": 'W/"a"'}),
        (
            {"last-modified": formatdate(1e9, usegmt=True)},
            {"if-modified-since": formatdate(1e9, usegmt=True)},
        ),
    ],
    ids=["etag", "weak etag", "date"],
)
def test_an_old_answer_is_asked_for_conditionally(
    file: Path, clock: Clock, validators: dict[str, str], sent: dict[str, str]
) -> None:
    api, events = Api(), []
    api.headers = dict(validators)
    with client(api, file, hooks=[events.append]) as korus:
        assert ids(korus) == ["1"]
        clock.move(DAY + 1)
        events.clear()
        assert ids(korus) == ["1"]
        assert {name: api.asked[-1][name] for name in sent} == sent
        (hit,) = [event for event in events if isinstance(event, CacheHit)]
        (attempt,) = [event for event in events if isinstance(event, AttemptEnded)]
        assert (hit.revalidated, hit.waited) == (True, False)
        assert hit.age == pytest.approx(0, abs=5)
        assert (attempt.status, attempt.error) == (304, None)
        assert korus.cache is not None
        assert (korus.cache.hits, korus.cache.misses, korus.cache.unchanged) == (0, 2, 1)
        # and it is fresh again for a day
        clock.move(DAY - 100)
        assert ids(korus) == ["1"]
    assert (len(api.asked), api.bodies) == (2, 1)


async def test_an_old_answer_is_asked_for_conditionally_by_tasks(file: Path, clock: Clock) -> None:
    api = Api(etag='"a"')
    async with AsyncKorus(**options(api, file)) as korus:
        await ids_async(korus)
        clock.move(DAY + 1)
        assert await ids_async(korus) == ["1"]
        clock.move(DAY + 1)
        api.version, api.headers = 2, {"etag": '"b"'}
        assert await ids_async(korus) == ["2"]
        assert await ids_async(korus) == ["2"]
    assert (len(api.asked), api.bodies) == (3, 2)


def test_what_has_changed_takes_the_place_of_the_old_answer(file: Path, clock: Clock) -> None:
    api = Api(etag='"a"')
    with client(api, file) as korus:
        ids(korus)
        clock.move(DAY + 1)
        api.version, api.headers = 2, {"etag": '"b"'}
        assert [ids(korus), ids(korus)] == [["2"], ["2"]]
    assert api.asked[-1]["if-none-match"] == '"a"'
    assert len(api.asked) == 2


def test_a_304_about_another_answer_is_not_believed(file: Path, clock: Clock) -> None:
    api = Api(etag='"a"')
    with client(api, file) as korus:
        ids(korus)
        clock.move(DAY + 1)
        api.version, api.lies = 2, {"etag": '"somebody-elses"'}
        assert ids(korus) == ["2"]
    assert len(api.asked) == 3


def test_a_server_that_always_says_304_is_asked_in_full_after_a_while(file: Path, clock: Clock) -> None:
    api = Api(etag='"a"')
    with client(api, file) as korus:
        ids(korus)
        api.version, api.lies = 2, {}
        for _ in range(7):
            clock.move(DAY + 1)
            assert ids(korus) == ["1"]
        clock.move(DAY + 1)
        assert ids(korus) == ["2"]


def test_an_old_answer_is_not_used_while_the_api_fails(file: Path, clock: Clock) -> None:
    api = Api(etag='"a"')
    with client(api, file) as korus:
        ids(korus)
        clock.move(DAY + 1)
        api.failures = [httpx.Response(503)]
        with pytest.raises(ServerError):
            ids(korus)
        assert ids(korus) == ["1"]
    assert api.bodies == 1


# --- what the API says -----------------------------------------------------------------------------------------------


def test_max_age_is_obeyed_unless_keep_says_otherwise(tmp_path: Path, clock: Clock) -> None:
    short = Api(cache_control="private, max-age=60")
    with (
        client(short, tmp_path / "obeys") as obeys,
        client(short, Cache(tmp_path / "keeps", keep=600)) as keeps,
    ):
        ids(obeys), ids(keeps)
        clock.move(59)
        ids(obeys), ids(keeps)
        assert len(short.asked) == 2
        clock.move(2)
        ids(obeys)
        assert len(short.asked) == 3
        ids(keeps)
        assert len(short.asked) == 3
        clock.move(600)
        ids(keeps)
        assert len(short.asked) == 4


def test_max_age_may_be_longer_than_the_advised_day(file: Path, clock: Clock) -> None:
    api = Api(cache_control=f"max-age={2 * DAY}")
    with client(api, file) as korus:
        ids(korus)
        clock.move(2 * DAY - 60)
        ids(korus)
        assert len(api.asked) == 1


def test_no_store_is_obeyed_unless_keep_says_otherwise(tmp_path: Path) -> None:
    api = Api(cache_control="no-store", etag='"a"')
    with client(api, tmp_path / "shared") as obeys:
        ids(obeys), ids(obeys)
        assert api.bodies == 2
        # what another client keeps against the API's will is not used by this one
        with client(api, Cache(tmp_path / "shared", keep=600)) as keeps:
            ids(keeps), ids(keeps)
            assert api.bodies == 3
        ids(obeys)
    assert api.bodies == 4
    assert not any("if-none-match" in headers for headers in api.asked)


def test_an_answer_that_may_not_be_kept_any_more_is_dropped(file: Path, clock: Clock) -> None:
    api = Api(etag='"a"')
    with client(api, file) as korus:
        ids(korus)
        clock.move(DAY + 1)
        api.headers = {"etag": '"a"', "cache-control": "no-store"}
        assert ids(korus) == ["1"]
        assert ids(korus) == ["1"]
    assert "if-none-match" not in api.asked[-1]
    assert api.bodies == 2


def test_age_counts_from_where_the_answer_comes_from(file: Path) -> None:
    events: list[Any] = []
    api = Api(cache_control="max-age=600", age="500")
    with client(api, file, hooks=[events.append]) as korus:
        ids(korus), ids(korus)
    (hit,) = [event for event in events if isinstance(event, CacheHit)]
    assert hit.age == pytest.approx(500, abs=5)
    assert not hit.revalidated
    assert [event.attempts for event in events if isinstance(event, CallEnded)] == [1, 0]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({}, DAY),
        ({"cache-control": "no-cache, private"}, DAY),
        ({"cache-control": "private, must-revalidate"}, DAY),
        ({"cache-control": "MAX-AGE = 5"}, 5),
        ({"cache-control": 'max-age="5"'}, 5),
        ({"cache-control": "max-age=9, max-age=5"}, 5),
        ({"cache-control": "max-age=0"}, 0),
        ({"cache-control": "max-age=-1"}, 0),
        ({"cache-control": "max-age=soon"}, 0),
        ({"cache-control": "max-age=5, no-store"}, 0),
        ({"cache-control": 'private="x, no-store", max-age=7'}, 7),
        ({"cache-control": f"max-age={10**14}"}, 30 * DAY),
        ({"expires": formatdate(1030, usegmt=True), "date": formatdate(1000, usegmt=True)}, 30),
        ({"expires": formatdate(1030, usegmt=True)}, 30),
        ({"expires": "0"}, 0),
        ({"expires": formatdate(2000, usegmt=True), "cache-control": "max-age=5"}, 5),
        ({"vary": "*"}, 0),
    ],
    ids=str,
)
def test_a_lifetime_is_read_from_headers(said: dict[str, str], seconds: float) -> None:
    assert facts_of(said, 1000.0).seconds(None) == seconds
    assert facts_of(said, 1000.0).seconds(42.0) == 42.0


@given(max_age=st.integers(0, 10**6), age=st.integers(0, 10**6), tag=st.none() | st.just('"a"'))
def test_max_age_means_what_it_means_to_hishel(max_age: int, age: int, tag: str | None) -> None:
    now = float(int(time.time()))
    headers = {"cache-control": f"max-age={max_age}", "date": formatdate(now - age, usegmt=True)}
    headers |= {} if tag is None else {"etag": tag}
    facts = facts_of(headers, now - age)
    entry = hishel.Entry(
        id=None,  # type: ignore[arg-type]  # not looked at
        request=hishel.Request("GET", "https://api.test/"),
        response=hishel.Response(200, hishel.Headers(headers)),
    )
    state = hishel.IdleClient(
        options=hishel.CacheOptions(shared=False, supported_methods=["GET"], allow_stale=False)
    )
    theirs = state.next(hishel.Request("GET", "https://api.test/"), [entry])
    if abs(max_age - age) > 5 and max_age < 30 * DAY:  # hishel counts whole seconds
        assert facts.is_fresh(now, None, NOBODY) == isinstance(theirs, hishel.FromCache)


@given(
    facts=st.builds(
        Facts,
        st.floats(-1e12, 1e12),
        st.none() | st.floats(0, 1e9),
        st.booleans(),
        st.none() | st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), min_size=1),
        st.none() | st.just("Mon, 01 Jan 2024 00:00:00 GMT"),
        st.booleans(),
    )
)
def test_facts_are_kept_as_they_are(facts: Facts) -> None:
    assert facts_from(facts.to_headers("application/ld+json")) == facts


def test_an_answer_kept_by_another_version_is_old() -> None:
    for headers in ({"content-type": "x"}, {"x-asked-at": "noon"}, {"x-asked-at": "nan"}):
        assert not facts_from(headers).is_fresh(time.time(), DAY, NOBODY)


def test_a_clock_that_was_set_back_makes_an_answer_old() -> None:
    facts = Facts(1000.0)
    assert facts.is_fresh(1000.0, None, NOBODY)
    assert facts.is_fresh(999.0, None, NOBODY)  # clocks of workers differ a little
    assert not facts.is_fresh(900.0, None, NOBODY)
    assert facts.age(900.0) == 0


# --- kept apart ------------------------------------------------------------------------------------------------------

WHO = st.fixed_dictionaries({
    "client_id": st.sampled_from(["shop", "rival"]),
    "base_url": st.sampled_from(["https://api.test", "https://demo.test", "https://api.test/demo"]),
    "token_url": st.sampled_from(["https://auth.test/token", "https://demo.test/token"]),
    "language": st.sampled_from([None, "fr", "de"]),
    "own": st.sampled_from(["", "accept-language: fr", "accept-language: de", "x-shop: 1", "?shop=1", "cookie"]),
    "extra": st.sampled_from([{}, {"X-Shop": "1"}, {"X-Shop": "2"}]),
})  # fmt: skip


def question(who: dict[str, Any]) -> tuple[Any, ...]:
    """Return what the API is asked: by which account, where, with which headers and parameters."""
    own = dict([who["own"].split(": ")]) if ": " in who["own"] else {}
    language = who["language"] or own.get("accept-language")
    shop = who["extra"].get("X-Shop") or own.get("x-shop")
    rest = who["own"] if who["own"] in {"?shop=1", "cookie"} else ""
    return who["client_id"], who["base_url"], who["token_url"], language, shop, rest


def asking(api: Api, who: dict[str, Any], cache: Path) -> Korus:
    own = dict([who["own"].split(": ")]) if ": " in who["own"] else {}
    transport = httpx.MockTransport(api)
    params = {"shop": "1"} if who["own"] == "?shop=1" else {}
    cookies = {"shop": "1"} if who["own"] == "cookie" else {}
    http_client = httpx.Client(transport=transport, headers=own, params=params, cookies=cookies)
    said = {key: who[key] for key in ("client_id", "base_url", "token_url", "language")}
    more = {**said, "extra_headers": who["extra"], "http_client": http_client}
    return Korus(**{**options(api, cache), **more, "transport": None})


@settings(max_examples=60, deadline=None)
@given(one=WHO, other=WHO)
def test_answers_are_never_shared_between_different_questions(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, Any], other: dict[str, Any]
) -> None:
    cache = tmp_path_factory.mktemp("cache") / "cache.sqlite3"
    api = Api(etag='"a"')
    with asking(api, one, cache) as first, asking(api, other, cache) as second:
        ids(first)
        ids(second)
        if question(one) == question(other):
            assert len(api.asked) == 1
        else:
            # not even by a condition, which another account's answer would satisfy
            assert api.bodies == 2


@given(
    st.lists(st.tuples(st.text(), st.text()), max_size=3),
    st.lists(st.tuples(st.text(), st.text()), max_size=3),
)
def test_different_headers_and_parameters_have_different_keys(one: Any, other: Any) -> None:
    keys = {key_of("a", "e", "u", pairs) for pairs in (one, other)}
    assert len(keys) == (1 if one == other else 2)
    keys = {key_of("a", "e", "u", (), pairs) for pairs in ([("a:b", "c")], [("a", "b:c")])}
    assert len(keys) == 2
    keys = {key_of("a", "e", "u", (), varying_headers(pairs)) for pairs in (one, other)}
    assert len(keys) == (1 if varying_headers(one) == varying_headers(other) else 2)


# --- one request for many --------------------------------------------------------------------------------------------


def test_many_threads_that_need_the_same_make_one_request(file: Path) -> None:
    api, events = Api(), []
    api.delay = 0.3
    with client(api, file, hooks=[events.append]) as korus, ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda _: ids(korus), range(16))) == [["1"]] * 16
    assert len(api.asked) == 1
    hits = [event for event in events if isinstance(event, CacheHit)]
    assert len(hits) == 15
    assert any(hit.waited for hit in hits)


@asynccontextmanager
async def answering_slowly(
    api: Api, file: Path, delay: float
) -> AsyncIterator[tuple[AsyncKorus, Callable[[], Awaitable[None]], list[list[str]]]]:
    """A client that has its token; a task that asks, and where it puts what it found."""
    found: list[list[str]] = []
    more = {"transport": httpx.MockTransport(api.slowly)}
    async with AsyncKorus(**options(api, file, **more)) as korus:
        await korus.orders.list().first()
        api.asked.clear()
        api.delay = delay

        async def ask() -> None:
            found.append(await ids_async(korus))

        yield korus, ask, found


async def test_many_tasks_that_need_the_same_make_one_request(file: Path) -> None:
    api = Api()
    async with answering_slowly(api, file, 1.0) as (_, ask, found), anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(ask)
    assert found == [["1"]] * 50
    assert len(api.asked) == 1


@pytest.mark.parametrize("fails_first", [True, False])
async def test_a_cache_that_fails_for_some_of_them_makes_one_request_all_the_same(
    file: Path, monkeypatch: pytest.MonkeyPatch, *, fails_first: bool
) -> None:
    api = Api()
    async with answering_slowly(api, file, 0.5) as (korus, ask, found):
        health = korus.cache._health
        async with anyio.create_task_group() as group:
            for is_failing in (fails_first, not fails_first):
                monkeypatch.setattr(health, "_rests_until", math.inf if is_failing else 0.0)
                group.start_soon(ask)
                with anyio.fail_after(10):
                    while not api.asked:  # noqa: ASYNC110 (by the server, which has no event)
                        await anyio.sleep(0.01)
    assert found == [["1"]] * 2
    assert len(api.asked) == 1


async def test_who_asks_after_clearing_does_not_wait_for_an_older_answer(file: Path) -> None:
    api = Api()
    async with (
        answering_slowly(api, file, 0.5) as (korus, ask, found),
        anyio.create_task_group() as group,
    ):
        group.start_soon(ask)
        await anyio.sleep(0.1)
        await korus.cache.clear()
        api.version = 2
        group.start_soon(ask)
    assert found == [["1"], ["2"]]
    assert len(api.asked) == 2


async def test_who_waits_for_a_call_that_is_cancelled_asks_itself(file: Path) -> None:
    api = Api()
    async with (
        answering_slowly(api, file, 0.3) as (_, ask, found),
        anyio.create_task_group() as group,
        anyio.create_task_group() as first,
    ):
        first.start_soon(ask)
        await anyio.sleep(0.1)
        group.start_soon(ask)
        await anyio.sleep(0.05)
        first.cancel_scope.cancel()
    assert found == [["1"]]
    assert len(api.asked) == 2


def test_error_reaches_all_waiters_once(file: Path) -> None:
    api = Api()
    api.delay = 0.3
    api.failures = [httpx.Response(404)]
    raised: list[BaseException] = []
    with client(api, file) as korus:
        korus.orders.list  # noqa: B018 (made before the threads)

        def ask(_: int) -> None:
            try:
                ids(korus)
            except NotFound as error:
                raised.append(error)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(8)))
        assert len({id(error) for error in raised}) == len(raised) > 1
        assert len(api.asked) <= 2
        assert ids(korus) == ["1"]


def test_a_hook_that_asks_for_the_same_does_not_wait_for_itself(file: Path) -> None:
    api = Api()

    def hook(event: Any) -> None:
        if isinstance(event, AttemptEnded) and event.call.operation == "list_catalogs":
            found.append(ids(korus))

    found: list[list[str]] = []
    with client(api, file, hooks=[hook], timeout=20) as korus:
        began = time.monotonic()
        assert ids(korus) == ["1"]
        assert time.monotonic() - began < 10
    assert found == [["1"]]


def test_who_waits_keeps_to_its_own_deadline(file: Path) -> None:
    api = Api()
    api.delay = 1.0
    with client(api, file, timeout=30) as korus:
        hurried = korus.with_options(timeout=0.3)
        slow = threading.Thread(target=ids, args=(korus,))
        slow.start()
        time.sleep(0.3)
        began = time.monotonic()
        with pytest.raises(TimedOut, match="another call"):
            ids(hurried)
        assert time.monotonic() - began < 0.8
        slow.join()
        assert ids(hurried) == ["1"]


WORKER = """
import sys, time
import httpx
from korus import Korus

def api(request):
    if request.url.path == "/token":
        return httpx.Response(200, json={"access_token": "token", "expires_in": 600})
    print("asked", flush=True)
    time.sleep(float(sys.argv[2]))
    member = {"id": "a", "@id": "/v1/ticketing/catalogs/a"}
    return httpx.Response(200, json={"totalItems": 1, "member": [member]})

korus = Korus(client_id="shop", client_secret="secret", base_url="https://api.test", token_url="https://auth.test/token",
              cache=sys.argv[1], transport=httpx.MockTransport(api), timeout=30)
print("ready", flush=True)
input()
assert [catalog.id for catalog in korus.catalogs.list()] == ["a"]
print("done", flush=True)
"""


def worker(redis_server: RedisServer, delay: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, redis_server.url, str(delay)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_workers_that_share_a_redis_make_one_request(redis_server: RedisServer) -> None:
    workers = [worker(redis_server, 1.0) for _ in range(3)]
    for process in workers:
        go(process)
    said = [process.communicate(timeout=60)[0].split() for process in workers]
    assert sorted(said) == [["asked", "done"], ["done"], ["done"]]


def test_entry_that_another_worker_writes_meanwhile_is_no_failure(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from hishel._core._storages import _sync_redis
    from redis.exceptions import WatchError

    create = _sync_redis.RedisStorage.create_entry
    left = [2]

    def contended(self: Any, *arguments: Any, **more: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise WatchError("Watched variable changed.")
        return create(self, *arguments, **more)

    monkeypatch.setattr(_sync_redis.RedisStorage, "create_entry", contended)
    api = Api()
    with client(api, redis_server.url) as korus:
        assert (ids(korus), ids(korus)) == (["1"], ["1"])
    assert left == [0]
    assert len(api.asked) == 1
    assert "does not work" not in caplog.text


def test_the_turn_of_a_worker_that_died_ends_by_itself(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = worker(redis_server, 60)
    go(dead)
    assert dead.stdout is not None
    assert dead.stdout.readline() == "asked\n"
    dead.kill()
    dead.communicate()
    with client(Api(), redis_server.url, timeout=3) as korus:
        began = time.monotonic()
        assert ids(korus) == ["1"]
        # it does not even wait for that: half of its own time, and then it asks
        assert 0.5 < time.monotonic() - began < 2.5
    import redis

    keys: list[bytes] = redis.Redis.from_url(redis_server.url).keys("korus:*:turn")
    assert all(0 < redis.Redis.from_url(redis_server.url).pttl(key) <= 10_000 for key in keys)


@pytest.mark.parametrize("gone", ["killed", "suspended"])
def test_without_redis_every_call_asks_and_one_warning_says_so(
    redis_server: RedisServer, gone: str, caplog: pytest.LogCaptureFixture
) -> None:
    api = Api()
    with client(api, redis_server.url, timeout=4) as korus:
        ids(korus), ids(korus)
        assert len(api.asked) == 1
        redis_server.kill() if gone == "killed" else redis_server.suspend()
        try:
            began = time.monotonic()
            assert [ids(korus) for _ in range(5)] == [["1"]] * 5
            assert time.monotonic() - began < 3
        finally:
            redis_server.resume()
    assert len(api.asked) == 6
    assert len([record for record in caplog.records if record.name == "korus.cache"]) == 1


async def test_tasks_read_through_redis_and_revalidate(redis_server: RedisServer, clock: Clock) -> None:
    api = Api(etag='"a"', cache_control="max-age=60")
    async with AsyncKorus(**options(api, redis_server.url)) as one:
        await ids_async(one)
        async with AsyncKorus(**options(api, redis_server.url)) as other:
            assert await ids_async(other) == ["1"]
            assert len(api.asked) == 1
            clock.move(61)
            assert await ids_async(other) == ["1"]
        assert await ids_async(one) == ["1"]
    assert (len(api.asked), api.bodies) == (2, 1)


# --- invalidation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["sqlite", "redis"])
def test_expiring_has_every_process_ask_again(file: Path, place: str, request: pytest.FixtureRequest) -> None:
    cache = file if place == "sqlite" else request.getfixturevalue("redis_server").url
    api = Api(etag='"a"')
    with client(api, cache) as one, client(api, cache) as other:
        ids(one), ids(other)
        assert one.cache is not None
        assert one.cache.expire()
        assert ids(other) == ["1"]
        assert ids(one) == ["1"]
    assert (len(api.asked), api.bodies) == (2, 1)


def test_what_a_sweep_read_itself_stays_fresh() -> None:
    marks = Marks(asked_before=20.0, swept_before=10.0)
    assert Facts(15.0, swept=True).is_fresh(30.0, None, marks)
    assert not Facts(15.0).is_fresh(30.0, None, marks)
    assert not Facts(5.0, swept=True).is_fresh(30.0, None, marks)
    assert Facts(25.0).is_fresh(30.0, None, marks)
    assert not Facts(-math.inf).is_fresh(30.0, None, NOBODY)


# --- against the sandbox ---------------------------------------------------------------------------------------------


def at_sandbox(sandbox: Sandbox, cache: Any, **more: Any) -> Korus:
    names = ("base_url", "token_url", "client_id", "client_secret")
    return Korus(**{name: getattr(sandbox, name) for name in names}, cache=cache, **more)


def test_a_moving_catalogue_is_asked_for_conditionally(sandbox: Sandbox, file: Path, clock: Clock) -> None:
    attempts: list[int | None] = []

    def hook(event: Any) -> None:
        if isinstance(event, AttemptEnded) and event.call.operation == "list_offers":
            attempts.append(event.status)

    with at_sandbox(sandbox, file, hooks=[hook]) as korus:
        catalog = korus.catalogs.list().first()
        assert catalog is not None

        def first() -> Any:
            return korus.offers.list(catalog, page_size=5).first()

        before = first()
        clock.move(DAY + 1)
        assert first().to_dict() == before.to_dict()
        sandbox.catalog.reprice(before.iri, "77.00")
        assert first().price.amount_incl_tax == before.price.amount_incl_tax
        clock.move(DAY + 1)
        assert first().price.amount_incl_tax == "77.00"
    assert attempts == [200, 304, 200]


@pytest.mark.parametrize("keep", ["api", 30 * DAY])
def test_live_checks_of_a_booking_are_never_answered_from_the_cache(
    sandbox: Sandbox, file: Path, keep: Any
) -> None:
    with at_sandbox(sandbox, Cache(file, keep=keep)) as korus:
        offers = korus.offers.list(korus.catalogs.list().first(), page_size=50)
        offer = next(
            each
            for each in offers
            if each.availability_check_required
            and not each.product.disabled
            and all(ticket.date_access and not ticket.form for ticket in each.tickets)
        )
        for _ in range(2):
            booking = korus.reservations.bulk()
            booking.add(offer)
            assert booking.check()[0].availability is not None
        assert sandbox.inspect.requests["get_offer_availability"] == 2
        sandbox.set_stock(offer.iri, 0)
        booking = korus.reservations.bulk()
        booking.add(offer)
        with pytest.raises(SoldOut):
            booking.submit()
