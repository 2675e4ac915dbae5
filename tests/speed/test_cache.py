"""Catalogue data is asked for once a day, by whoever shares the cache, and nothing else is ever kept."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import fakeredis
import httpx
import pytest

from korus import AsyncKorus, Cache, Korus
from korus._async.http import cache as async_cache
from korus._core.cache_setting import default_path
from korus._core.retry_policy import RetryPolicy
from korus._http.cache_rules import CATALOGUE
from korus._http.retry import REPLAY
from korus._sync.http import cache as sync_cache
from korus.errors import ConfigurationError, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from korus.sandbox import Sandbox

pytestmark = pytest.mark.anyio

SECRET = "s3cret-of-the-shop"


def client(sandbox: Sandbox, cache: Any, **options: Any) -> Korus:
    return Korus(**{**connection(sandbox), "cache": cache, **options})


def connection(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "base_url": sandbox.base_url,
        "token_url": sandbox.token_url,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
    }


def asked(sandbox: Sandbox, operation: str) -> int:
    return sandbox.inspect.requests[operation]


def asked_at_all(sandbox: Sandbox) -> int:
    return sum(sandbox.inspect.requests.values()) - sandbox.inspect.requests["token"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache.sqlite3"


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = fakeredis.FakeServer()
    monkeypatch.setattr(sync_cache, "redis_client", lambda url: fakeredis.FakeRedis(server=server))
    monkeypatch.setattr(async_cache, "redis_client", lambda url: fakeredis.FakeAsyncRedis(server=server))
    return "redis://cache.test"


class Answers:
    """A transport that answers as told and notes what it was asked."""

    def __init__(self, *answers: httpx.Response, refresh: str | None = None) -> None:
        self.refresh = refresh
        self.waiting = list(answers)
        self.asked: list[str] = []
        """The token of every request; a request that is sent again is the same object with another one."""
        self.tokens = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            self.tokens += 1
            answer = {
                "access_token": f"token-{self.tokens}",
                "expires_in": 600,
                "refresh_token": self.refresh,
            }
            return httpx.Response(200, json=answer)
        self.asked.append(request.headers["Authorization"])
        return self.waiting.pop(0) if len(self.waiting) > 1 else self.waiting[0]


def catalogs(*ids: str) -> httpx.Response:
    return httpx.Response(
        200,
        json={
            "totalItems": len(ids),
            "member": [{"id": name, "@id": f"/v1/ticketing/catalogs/{name}"} for name in ids],
        },
        headers={"Set-Cookie": "session=abc", "Content-Type": "application/ld+json"},
    )


def with_answers(answers: Answers, cache: Any, **options: Any) -> Korus:
    return Korus(**{
        "base_url": "https://api.test",
        "token_url": "https://auth.test/token",
        "client_id": "shop",
        "client_secret": SECRET,
        "cache": cache,
        "transport": httpx.MockTransport(answers),
        "retry": RetryPolicy(attempts=1),
        **options,
    })  # fmt: skip


def ids(korus: Korus) -> list[str]:
    return [catalog.id for catalog in korus.catalogs.list()]


def test_a_second_process_reads_the_catalogue_without_a_request(sandbox: Sandbox, file: Path) -> None:
    with client(sandbox, file) as first:
        catalog = first.catalogs.list().first()
        before = [offer.to_dict() for offer in first.offers.list(catalog, page_size=50)]
        assert first.cache is not None
        assert (first.cache.hits, first.cache.misses) == (0, asked_at_all(sandbox))
    count = asked_at_all(sandbox)
    with client(sandbox, str(file)) as second:
        again = [
            offer.to_dict() for offer in second.offers.list(second.catalogs.list().first(), page_size=50)
        ]
        assert second.cache is not None
        assert (second.cache.hits, second.cache.misses) == (count, 0)
    assert again == before
    assert asked_at_all(sandbox) == count


async def test_sync_and_async_share_a_file(sandbox: Sandbox, file: Path) -> None:
    async with AsyncKorus(**connection(sandbox), cache=file) as first:
        before = [catalog.id async for catalog in first.catalogs.list()]
    count = asked_at_all(sandbox)
    with client(sandbox, file) as second:
        assert ids(second) == before
    async with AsyncKorus(**connection(sandbox), cache=file) as third:
        assert [catalog.id async for catalog in third.catalogs.list()] == before
    assert asked_at_all(sandbox) == count


def test_what_moves_is_asked_every_time(sandbox: Sandbox, file: Path) -> None:
    with client(sandbox, file) as korus:
        catalog = korus.catalogs.list().first()
        offer = korus.offers.list(catalog, page_size=1).first()
        for _ in range(2):
            korus.offers.availability(offer)
            korus.offers.price(offer)
            korus.orders.list().first()
            korus.reservations.list().first()
    for operation in ("get_offer_availability", "get_offer_price", "list_orders", "list_reservations"):
        assert asked(sandbox, operation) == 2


def test_only_operations_that_read_the_catalogue_are_kept() -> None:
    assert not set(REPLAY) & CATALOGUE
    words = ("availability", "price", "session", "order", "reservation", "item", "document", "bulk")
    assert not [name for name in CATALOGUE if any(word in name for word in words)]


def test_without_a_cache_nothing_is_kept(sandbox: Sandbox) -> None:
    with client(sandbox, None) as korus:
        assert korus.cache is None
        assert ids(korus) == ids(korus)
    assert asked(sandbox, "list_catalogs") == 2


def test_clearing_reaches_every_process_that_shares_the_cache(file: Path) -> None:
    answers = Answers(catalogs("a"), catalogs("b"), catalogs("c"))
    with with_answers(answers, file) as one, with_answers(answers, file) as other:
        assert (ids(one), ids(other)) == (["a"], ["a"])
        assert one.cache is not None
        one.cache.clear()
        assert (ids(other), ids(one)) == (["b"], ["b"])
        one.cache.clear()
        one.cache.clear()
        assert ids(one) == ["c"]


def test_an_answer_is_asked_for_again_when_its_day_is_over(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    answers = Answers(catalogs("a"), catalogs("b"))
    now = time.time()
    with with_answers(answers, file) as korus:
        assert ids(korus) == ["a"]
        monkeypatch.setattr(time, "time", lambda: now + 86_000)
        assert ids(korus) == ["a"]
        monkeypatch.setattr(time, "time", lambda: now + 86_500)
        assert ids(korus) == ["b"]


@pytest.mark.parametrize(
    "other", [{"client_id": "rival"}, {"language": "fr"}, {"base_url": "https://demo.test"}], ids=str
)
def test_accounts_languages_and_installations_are_kept_apart(file: Path, other: dict[str, Any]) -> None:
    answers = Answers(catalogs("a"), catalogs("b"))
    with with_answers(answers, file) as one, with_answers(answers, file, **other) as two:
        assert (ids(one), ids(two)) == (["a"], ["b"])
        assert (ids(one), ids(two)) == (["a"], ["b"])
        assert one.cache is not None
        one.cache.clear()
        before = len(answers.asked)
        assert ids(two) == ["b"]
        # clearing takes all languages of one account
        assert len(answers.asked) - before == ("language" in other)


def test_options_share_the_cache_or_leave_it(file: Path) -> None:
    answers = Answers(catalogs("a"), catalogs("b"))
    with with_answers(answers, file) as korus:
        assert ids(korus) == ["a"]
        hurried = korus.with_options(timeout=5)
        assert hurried.cache is korus.cache
        assert ids(hurried) == ["a"]
        fresh = korus.with_options(cache=False)
        assert fresh.cache is None
        assert ids(fresh) == ["b"]
        hurried.close()
        assert ids(korus) == ["a"]


def test_neither_secrets_nor_cookies_are_written_down(file: Path) -> None:
    with with_answers(Answers(catalogs("a")), file) as korus:
        ids(korus)
    with sqlite3.connect(file) as connection:
        written = b"".join(
            value if isinstance(value, bytes) else str(value).encode()
            for table in ("entries", "streams")
            for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608 (two names from above)
            for value in row
        )
    connection.close()
    assert b"/v1/ticketing/catalogs/a" in written
    for secret in (SECRET, "token-1", "Bearer", "session=abc"):
        assert secret.encode() not in written


def test_a_page_of_maintenance_is_not_kept(file: Path) -> None:
    page = httpx.Response(200, text="<html>back soon</html>", headers={"Content-Type": "text/html"})
    answers = Answers(page, httpx.Response(503), catalogs("a"))
    with with_answers(answers, file) as korus:
        with pytest.raises(Exception, match="markup"):
            ids(korus)
        with pytest.raises(ServerError):
            ids(korus)
        assert ids(korus) == ["a"]


def test_workers_on_one_redis_share_pages_and_one_token(redis: str) -> None:
    answers = Answers(catalogs("a"), catalogs("b"))
    with with_answers(answers, redis) as one, with_answers(answers, redis) as other:
        assert (ids(one), ids(other)) == (["a"], ["a"])
        one.orders.list().first()
        other.orders.list().first()
    assert answers.tokens == 1
    assert set(answers.asked) == {"Bearer token-1"}
    assert len(answers.asked) == 3


def test_the_refresh_token_is_never_in_redis(redis: str) -> None:
    with with_answers(Answers(catalogs("a"), refresh="canary-refresh"), redis) as korus:
        ids(korus)
        korus.orders.list().first()
    with sync_cache.redis_client(redis) as server:
        kept = {key: server.get(key) for key in server.keys("*") if server.type(key) == b"string"}
    assert any(b"token-1" in value for value in kept.values())
    assert not any(b"canary-refresh" in value for value in kept.values())


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_the_file_and_what_sqlite_puts_beside_it_are_private(tmp_path: Path) -> None:
    with with_answers(Answers(catalogs("a")), tmp_path / "new" / "cache.sqlite3") as korus:
        ids(korus)
        modes = {
            path.name: path.stat().st_mode & 0o777
            for path in (tmp_path / "new").iterdir()
            if path.name != ".gitignore"
        }
    assert len(modes) > 1
    assert set(modes.values()) == {0o600}


def test_a_token_that_is_refused_is_renewed_for_all_workers_once(redis: str) -> None:
    answers = Answers(catalogs("a"), httpx.Response(401), catalogs("b"))
    with with_answers(answers, redis) as one, with_answers(answers, redis) as other:
        one.orders.list().first()
        one.orders.list().first()  # refused, renewed, and sent again
        other.orders.list().first()
    assert answers.tokens == 2
    assert answers.asked == [
        "Bearer token-1",
        "Bearer token-1",
        "Bearer token-2",
        "Bearer token-2",
    ]


async def test_async_workers_share_them_too(redis: str) -> None:
    answers = Answers(catalogs("a"), catalogs("b"))
    options: dict[str, Any] = {
        "base_url": "https://api.test",
        "token_url": "https://auth.test/token",
        "client_id": "shop",
        "client_secret": SECRET,
        "cache": redis,
        "transport": httpx.MockTransport(answers),
    }
    async with AsyncKorus(**options) as one, AsyncKorus(**options) as other:
        assert [catalog.id async for catalog in one.catalogs.list()] == ["a"]
        assert [catalog.id async for catalog in other.catalogs.list()] == ["a"]
        await other.orders.list().first()
    assert answers.tokens == 1


def test_a_redis_that_is_gone_is_no_reason_to_fail() -> None:
    answers = Answers(catalogs("a"))
    with with_answers(answers, "redis://127.0.0.1:1") as korus:
        assert ids(korus) == ["a"]
        assert ids(korus) == ["a"]
    assert len(answers.asked) == 2


def test_what_cannot_be_a_cache_is_refused_at_once() -> None:
    for wrong in ("", "  "):
        with pytest.raises(ConfigurationError, match="cache must be a path"):
            Cache.of(wrong)
    for keep in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ConfigurationError, match="number of seconds above 0"):
            Cache(keep=keep)
    with pytest.raises(ConfigurationError, match="at least a byte"):
        Cache(max_bytes=0)


def test_a_cache_is_read_from_what_people_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Cache.of(None) is Cache.of(False) is None
    assert Cache.of(True) == Cache()
    assert Cache().path == default_path()
    assert Cache(keep=timedelta(hours=6)).keep == 21_600
    assert Cache(tmp_path / "x").path == tmp_path / "x"
    assert Cache(tmp_path / "x").redis_url is None
    reached = Cache("rediss://:hunter2@cache.test").redis_url
    assert reached is not None
    assert reached.reveal() == "rediss://:hunter2@cache.test"


def test_a_password_in_the_address_is_never_shown() -> None:
    assert "hunter2" not in repr(Cache("redis://:hunter2@cache.test"))


def test_a_database_of_another_program_is_left_alone(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE entries (mine TEXT)")
    connection.close()
    with (
        with_answers(Answers(catalogs("a")), file) as korus,
        pytest.raises(ConfigurationError, match=r"cache\.sqlite3.* choose another file"),
    ):
        ids(korus)
