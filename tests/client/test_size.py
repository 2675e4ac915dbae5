"""No answer takes more memory than it may, whatever its length and content coding, and on whatever path it comes."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib

import pytest
from scripted_server import Caller, Reply, ScriptedServer, token

from korus import RetryPolicy, errors

ONCE = RetryPolicy(attempts=1)
ORDER = {"@id": "/v1/booking/orders/o1", "id": "o1"}
MEGABYTE = 1_000_000
ALLOWANCE = 32 * MEGABYTE


def get_order(korus):
    return korus.orders.get("o1")


def spaces(megabytes: int, layers: int) -> bytes:
    """So many megabytes of spaces in so many layers of gzip, made without ever holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(b" " * MEGABYTE) for _ in range(megabytes)) + packer.flush()
    for _ in range(layers - 1):
        packed = gzip.compress(packed)
    return packed


def bombs() -> list[tuple[bytes, str]]:
    """Bodies that are many times as long as allowed, and their content encodings."""
    packed = spaces(200, 1)
    return [
        (packed, "gzip"),
        (gzip.compress(packed), "gzip, gzip"),
        (gzip.compress(gzip.compress(packed)), "gzip, gzip, gzip"),
        (zlib.compress(packed), "gzip, deflate"),
        (zlib.compress(b" " * 80 * MEGABYTE), "deflate"),
        (b" " * 80 * MEGABYTE, "identity"),
    ]


# the peak of a process never goes down: one process goes through all paths, and tells after which it grew
CHILD = """
import resource, sys, anyio
from korus import AsyncKorus, Korus, KorusError, RetryPolicy
client_kind, base_url, limit, *paths = sys.argv[1:]
settings = dict(client_id="shop", client_secret="s", base_url=base_url, timeout=60, max_answer_bytes=int(limit),
                retry=RetryPolicy(attempts=1))

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

class Read:
    name, method, path = "get_order", "GET", "/v1/booking/orders/{id}"

def kept(size):
    print(size, end=" ")

async def download(korus, url):
    async with korus.transport.fetch(url, operation="download") as fetched:
        size = 0
        async for chunk in fetched.chunks():
            size += len(chunk)
            if size > int(limit):
                break
        kept(size)

def download_sync(korus, url):
    with korus.transport.fetch(url, operation="download") as fetched:
        size = 0
        for chunk in fetched.chunks():
            size += len(chunk)
            if size > int(limit):
                break
        kept(size)

async def use_async(path, token_path):
    async with AsyncKorus(**settings, token_url=base_url + token_path) as korus:
        if path.startswith("/download"):
            await download(korus, base_url + path)
        else:
            kept(len((await korus.transport.send(Read, {"url": path})).content))

def use_sync(path, token_path):
    with Korus(**settings, token_url=base_url + token_path) as korus:
        if path.startswith("/download"):
            download_sync(korus, base_url + path)
        else:
            kept(len(korus.transport.send(Read, {"url": path}).content))

def use(path, token_path="/auth/token"):
    try:
        anyio.run(use_async, path, token_path) if client_kind == "async" else use_sync(path, token_path)
    except KorusError as error:
        print(type(error).__name__, end=" ")

use("/fine")
before = peak()
print()
for path in paths:
    use(*(("/fine", path) if path.startswith("/token") else (path,)))
    print(path, peak() - before)
"""


def grown(
    server: ScriptedServer, client_kind: str, limit: int, paths: list[str]
) -> dict[str, tuple[str, int]]:
    """Let a process of its own read these paths; say what came of each and how far its peak had grown then."""
    command = [sys.executable, "-c", CHILD, client_kind, server.base_url, str(limit), *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()[1:]]
    return {path: (outcome, int(peak)) for outcome, path, peak in lines}


@pytest.mark.parametrize("client_kind", ["sync", "async"])
def test_what_is_refused_takes_at_most_the_limit_and_32_mb(server: ScriptedServer, client_kind: str) -> None:
    replies = {
        f"/{where}/{number}": Reply(status, body, {"Content-Encoding": coding})
        for number, (body, coding) in enumerate(bombs())
        for where, status in [("api", 200), ("401", 401), ("500", 500), ("download", 200), ("token", 200)]
    }
    replies["/fine"] = Reply(body=ORDER)
    replies["/auth/token"] = Reply(body=token())
    server.answer = lambda seen: replies[seen.path]
    server.answer_token = server.answer
    paths = [path for path in replies if path.count("/") == 2 and not path.startswith("/auth")]
    result = grown(server, client_kind, MEGABYTE, paths)
    assert len(result) == len(paths) == 30
    assert max(peak for _, peak in result.values()) < MEGABYTE + ALLOWANCE, result
    refused = {path: outcome for path, (outcome, _) in result.items() if not path.startswith("/download")}
    assert {path: outcome for path, outcome in refused.items() if path.startswith("/api")} == dict.fromkeys(
        [f"/api/{number}" for number in range(6)], "DecodingFailed"
    )
    assert {outcome for path, outcome in refused.items() if path.startswith("/500")} == {"ServerError"}
    assert {outcome for path, outcome in refused.items() if path.startswith("/401")} == {
        "AuthenticationFailed"
    }
    assert {outcome for path, outcome in refused.items() if path.startswith("/token")} == {"TokenUnavailable"}


@pytest.mark.parametrize("client_kind", ["sync", "async"])
def test_what_is_read_takes_at_most_the_limit_and_32_mb(server: ScriptedServer, client_kind: str) -> None:
    limit = 80 * MEGABYTE
    server.answer = lambda seen: {
        "/fine": Reply(body=ORDER),
        "/plain": Reply(body=b" " * limit),
        "/gzip": Reply(body=spaces(80, 1), headers={"Content-Encoding": "gzip"}),
    }[seen.path]
    result = grown(server, client_kind, limit, ["/plain", "/gzip"])
    assert [outcome for outcome, _ in result.values()] == [str(limit)] * 2
    assert max(peak for _, peak in result.values()) < limit + ALLOWANCE, result


@pytest.mark.parametrize(
    "coding", ["gzip", "x-gzip", "GZIP", "deflate", "raw deflate", "identity", "", "identity, gzip"]
)
def test_each_coding_that_was_asked_for_is_undone(
    server: ScriptedServer, caller: Caller, coding: str
) -> None:
    plain = json.dumps(ORDER).encode()
    packer = zlib.compressobj(wbits=-15)
    packed = {
        "deflate": zlib.compress(plain),
        "raw deflate": packer.compress(plain) + packer.flush(),
        "identity": plain,
        "": plain,
    }.get(coding, gzip.compress(plain))
    server.replies(Reply(body=packed, headers={"Content-Encoding": coding.removeprefix("raw ")}))
    assert caller.call(get_order).id == "o1"
    assert {seen.headers["accept-encoding"] for seen in server.api_requests} == {"gzip, deflate"}


@pytest.mark.parametrize(
    "coding", ["br", "zstd", "compress", "gzip, gzip", "gzip,deflate", "chunked", "none", "gzip;q=1"]
)
def test_any_other_coding_is_refused(server: ScriptedServer, caller: Caller, coding: str) -> None:
    server.replies(Reply(body=gzip.compress(b"{}"), headers={"Content-Encoding": coding}))
    with pytest.raises(errors.DecodingFailed, match="content coding"):
        caller.call(get_order, retry=ONCE)


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_an_error_keeps_its_status_when_its_body_cannot_be_read(
    server: ScriptedServer, caller: Caller, status: int
) -> None:
    server.replies(Reply(status, b"no gzip", {"Content-Encoding": "gzip, gzip"}))
    with pytest.raises(errors.StatusError) as caught:
        caller.call(get_order, retry=ONCE)
    assert (caught.value.status, caught.value.body) == (status, "")


@pytest.mark.parametrize("size", [0, 10, 65_536, 65_537, 3_000_000])
def test_the_body_of_a_401_is_not_read_to_its_end(server: ScriptedServer, caller: Caller, size: int) -> None:
    server.replies(Reply(401, b"x" * size, {"Content-Encoding": "gzip"}), Reply(body=ORDER))
    assert caller.call(get_order).id == "o1"
    assert [seen.path for seen in server.seen].count("/auth/token") == 2


@pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False)])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_the_limit_is_exact(
    server: ScriptedServer, caller: Caller, size: int, fits: bool, coding: str
) -> None:
    plain = json.dumps(ORDER).encode().ljust(size)
    body = gzip.compress(plain) if coding == "gzip" else plain
    server.replies(Reply(body=body, headers={"Content-Encoding": coding}))
    if fits:
        assert caller.call(get_order, max_answer_bytes=1000).id == "o1"
        return
    with pytest.raises(errors.DecodingFailed, match="longer than 1000 bytes"):
        caller.call(get_order, max_answer_bytes=1000)
