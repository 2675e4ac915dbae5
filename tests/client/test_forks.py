"""Rule R8 by real forks: a child uses nothing of its parent's, and takes nothing away from it."""

from __future__ import annotations

import ssl
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest
from forking import fork
from scripted_server import Reply, ScriptedServer, Seen, token

if TYPE_CHECKING:
    from pathlib import Path

CLIENTS = pytest.mark.parametrize(
    "get",
    [
        "korus = Korus(**SETTINGS)\nget = lambda name: korus.orders.get(name).id",
        "korus = AsyncKorus(**SETTINGS)\nget = lambda name: asyncio.run(korus.orders.get(name)).id",
    ],
    ids=["sync", "async"],
)


def orders(seen: Seen) -> Reply:
    name = seen.path.rsplit("/", 1)[1]
    return Reply(body={"@id": seen.path, "id": name}, delay=0.6 if name == "slow" else 0)


@pytest.fixture
def server() -> ScriptedServer:
    running = ScriptedServer()
    running.answer = orders
    return running


@CLIENTS
def test_no_child_gets_the_answer_of_another(server: ScriptedServer, get: str) -> None:
    script = (
        get
        + """
get("warm-up")
def impatient():
    korus.config  # the same client
    client = korus.with_options(timeout=0.3)
    return asyncio.run(client.orders.get("slow")) if isinstance(korus, AsyncKorus) else client.orders.get("slow")
first = in_child(impatient, "a")
time.sleep(0.1)
wait(first, *[in_child(lambda: get("bob"), "b") for _ in range(5)])
print("parent:", get("alice"))
"""
    )
    said = fork(server, script)
    assert said[0].startswith("a: TimedOut")
    assert said[1:] == ["b: bob"] * 5 + ["parent: alice"]


@CLIENTS
def test_a_child_takes_the_token_over(server: ScriptedServer, get: str) -> None:
    assert (
        fork(server, get + '\nget("warm-up")\nwait(*[in_child(lambda: get("x")) for _ in range(3)])')
        == ["child: x"] * 3
    )
    assert len(server.token_requests) == 1


def test_a_child_does_not_use_up_its_parents_refresh_token(server: ScriptedServer) -> None:
    server.answer_token = lambda _: Reply(body=token(expires_in=1))
    script = """
korus = Korus(**SETTINGS)
korus.orders.get("x")
time.sleep(1)
wait(in_child(lambda: korus.orders.get("x").id))
korus.orders.get("x")
"""
    fork(server, script)
    assert [b"grant_type=refresh_token" in seen.body for seen in server.token_requests] == [
        False,
        False,
        True,
    ]


def test_a_fork_during_a_renewal_leaves_a_child_that_works(server: ScriptedServer) -> None:
    server.answer_token = lambda _: Reply(body=token(), delay=1.5 if len(server.token_requests) == 2 else 0)
    script = """
Korus(**SETTINGS).orders.get("warm-up")
korus = Korus(**SETTINGS)
threading.Thread(target=lambda: korus.orders.get("parent")).start()
time.sleep(0.3)
began = time.monotonic()
wait(in_child(lambda: korus.orders.get("x").id))
print("quick" if time.monotonic() - began < 1 else "slow")
"""
    assert fork(server, script) == ["child: x", "quick"]


def test_forks_in_the_midst_of_calls_leave_children_that_work(server: ScriptedServer) -> None:
    script = """
korus = Korus(**SETTINGS, max_connections=2)
over = threading.Event()
def shop():
    while not over.is_set():
        korus.orders.get("parent")
        list(korus.catalogs.list(prefetch=2))
        time.sleep(0.002)
threads = [threading.Thread(target=shop) for _ in range(4)]
[thread.start() for thread in threads]
for _ in range(8):
    wait(in_child(lambda: korus.with_options(timeout=20).orders.get("x").id))
over.set()
[thread.join() for thread in threads]
"""
    catalogs = {"totalItems": 1, "member": [{"@id": "/v1/ticketing/catalogs/c", "id": "c"}]}
    server.answer = lambda seen: Reply(body=catalogs) if seen.path.endswith("catalogs") else orders(seen)
    assert fork(server, script, seconds=60) == ["child: x"] * 8


@pytest.mark.parametrize("client", ["Korus", "AsyncKorus"])
def test_nothing_that_acts_before_forks_is_imported_by_a_call(server: ScriptedServer, client: str) -> None:
    """A module that registers itself in the middle of a fork releases a lock that it has not taken."""
    script = f"""
korus = {client}(**SETTINGS)
register, hooks = os.register_at_fork, []
os.register_at_fork = lambda **given: [hooks.extend(given), register(**given)]
async def main():
    await korus.orders.get("x")
    [each async for each in korus.catalogs.list(prefetch=2)]
if isinstance(korus, AsyncKorus):
    asyncio.run(main())
else:
    korus.orders.get("x")
    list(korus.catalogs.list(prefetch=2))
print("before" in hooks)
"""
    catalogs = {"totalItems": 1, "member": [{"@id": "/v1/ticketing/catalogs/c", "id": "c"}]}
    server.answer = lambda seen: Reply(body=catalogs) if seen.path.endswith("catalogs") else orders(seen)
    assert fork(server, script) == ["False"]


@pytest.mark.parametrize("client", ["Korus", "AsyncKorus"])
def test_a_fork_waits_for_a_thread_that_loads_certificates(server: ScriptedServer, client: str) -> None:
    script = f"""
korus = {client}(**SETTINGS)
get = lambda: asyncio.run(korus.orders.get("x")) if isinstance(korus, AsyncKorus) else korus.orders.get("x")
load, in_openssl, began = httpx.create_ssl_context, threading.Lock(), threading.Event()
def load_slowly():
    with in_openssl:  # as OpenSSL's own locks, which no child can open
        began.set()
        time.sleep(0.3)
        return load()
httpx.create_ssl_context = load_slowly
thread = threading.Thread(target=get)
thread.start()
began.wait()
wait(in_child(lambda: get().id))
thread.join()
"""
    assert fork(server, script) == ["child: x"]


def test_a_child_of_a_process_with_a_busy_event_loop_works(server: ScriptedServer) -> None:
    script = """
korus = AsyncKorus(**SETTINGS)
loop = asyncio.new_event_loop()
thread = threading.Thread(target=loop.run_forever)
thread.start()
ask = lambda name: asyncio.run_coroutine_threadsafe(korus.orders.get(name), loop)
ask("warm-up").result()
waiting = ask("slow")
wait(*[in_child(lambda: asyncio.run(korus.orders.get("x")).id) for _ in range(3)])
print("parent:", waiting.result().id, ask("y").result().id)
asyncio.run_coroutine_threadsafe(korus.aclose(), loop).result()
loop.call_soon_threadsafe(loop.stop)
thread.join()
loop.close()
"""
    assert fork(server, script) == ["child: x"] * 3 + ["parent: slow y"]


@pytest.mark.parametrize(
    "setting",
    ["http_client=httpx.Client()", "transport=httpx.HTTPTransport()"],
    ids=["http_client", "transport"],
)
def test_what_the_caller_lent_is_refused_after_a_fork(server: ScriptedServer, setting: str) -> None:
    script = f"""
korus = Korus(**SETTINGS, {setting})
unused = Korus(**SETTINGS, {setting})
korus.orders.get("x")
wait(in_child(lambda: korus.orders.get("x"), "used"))
wait(in_child(lambda: korus.with_options(language="fr").orders.get("x"), "option"))
wait(in_child(lambda: unused.orders.get("x").id, "unused"))
print("parent:", korus.orders.get("x").id)
os._exit(0) if sys.stdout.flush() is None else None
"""
    name = setting.partition("=")[0]
    option, parent, unused, used = fork(server, script)
    for said in (option, used):
        assert f"ConfigurationError: Cannot use this {name} after a fork: it was used in the parent" in said
        assert said.endswith(f"Create the client in each worker, or omit {name}.")
    assert (parent, unused) == ("parent: x", "unused: x")


def test_an_async_client_of_the_callers_is_refused_after_a_fork(server: ScriptedServer) -> None:
    script = """
async def main():
    async with httpx.AsyncClient() as http:
        korus = AsyncKorus(**SETTINGS, http_client=http)
        await korus.orders.get("x")
        return korus
korus = asyncio.run(main())
wait(in_child(lambda: asyncio.run(korus.orders.get("x"))))
"""
    (said,) = fork(server, script)
    assert "Cannot use this http_client after a fork" in said


def test_forked_child_closes_its_client_without_waiting(server: ScriptedServer) -> None:
    def page(seen: Seen) -> Reply:
        number = int(seen.target.partition("page=")[2] or 1)
        members = [{"@id": f"/v1/ticketing/catalogs/{number}-{n}"} for n in range(30)]
        return Reply(body={"totalItems": 90, "member": members}, delay=0.5 if number == 2 else 0)

    server.answer = page
    script = """
korus = Korus(**SETTINGS)
ahead = iter(korus.catalogs.list(prefetch=1))
next(ahead)
began = time.monotonic()
wait(in_child(korus.close, "closed"), in_child(lambda: len(list(ahead)), "read on"))
ahead._walk._workers._pool._shutdown_lock.acquire()
child = in_child(lambda: (globals().pop("ahead"), gc.collect()) and None, "left")
ahead._walk._workers._pool._shutdown_lock.release()
wait(child)
print("parent:", len(list(ahead)))
korus.close()
"""
    assert fork(server, script) == ["closed: None", "left: None", "parent: 89", "read on: 89"]


def test_a_cache_of_the_parents_is_opened_again(server: ScriptedServer, tmp_path: Path) -> None:
    catalogs = {"totalItems": 1, "member": [{"@id": "/v1/ticketing/catalogs/c", "id": "c"}]}
    server.answer = lambda seen: Reply(body=catalogs)
    script = f"""
korus = Korus(**SETTINGS, cache={str(tmp_path / "cache.sqlite3")!r})
read = lambda: [catalog.id for catalog in korus.catalogs.list()]
read()
def work():
    read(), korus.close()
    return korus.cache.hits
wait(*[in_child(work) for _ in range(4)])
print("parent:", read(), korus.cache.hits)
"""
    assert fork(server, script) == ["child: 1"] * 4 + ["parent: ['c'] 1"]
    assert len(server.api_requests) == 1


@pytest.mark.parametrize(
    "keep",
    [
        "korus = Korus(**SETTINGS, journal=JOURNAL)\nkeep = lambda: korus.journal.retain(WEEK)",
        "korus = AsyncKorus(**SETTINGS, journal=JOURNAL)\nkeep = lambda: asyncio.run(korus.journal.retain(WEEK))",
    ],
    ids=["sync", "async"],
)
def test_a_fork_during_a_write_leaves_children_that_write(
    server: ScriptedServer, tmp_path: Path, keep: str
) -> None:
    script = f"""
from datetime import timedelta
JOURNAL, WEEK = {str(tmp_path / "bookings.db")!r}, timedelta(days=7)
{keep}
keep()
writing = threading.Event()
def write():
    with korus.journal.store._transaction():
        writing.set()
        time.sleep(0.3)
def work():
    # SQLite takes the locks of a file that was inherited open for its own
    inherited = [file for file in os.listdir("/proc/self/fd") if is_journal(f"/proc/self/fd/{{file}}")]
    keep()
    return len(inherited)
is_journal = lambda file: os.path.exists(file) and "bookings.db" in os.readlink(file)
for _ in range(3):
    thread = threading.Thread(target=write)
    thread.start()
    writing.wait()
    wait(in_child(work))
    thread.join()
    writing.clear()
began = time.monotonic()
keep()
print("quick" if time.monotonic() - began < 1 else "slow")
"""
    assert fork(server, script) == ["child: 0"] * 3 + ["quick"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", file, "-out", f"{file}.crt"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    file.write_text(file.read_text() + (file.parent / "both.pem.crt").read_text())
    return file


class TlsServer(ScriptedServer):
    """The scripted server over TLS; it counts the connections that were made."""

    def __init__(self, certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self.made = 0
        super().__init__()

    @property
    def base_url(self) -> str:
        return super().base_url.replace("http:", "https:")

    def _serve(self, connection) -> None:
        try:
            connection = self._context.wrap_socket(connection, server_side=True)
        except OSError:
            return
        self.made += 1
        self._connections.append(connection)
        super()._serve(connection)


@CLIENTS
def test_the_parents_tls_session_goes_on(certificate: Path, get: str) -> None:
    server = TlsServer(certificate)
    server.answer = orders
    script = (
        get
        + """
close = (lambda: asyncio.run(korus.aclose())) if isinstance(korus, AsyncKorus) else korus.close
get("warm-up")
def work():
    said = get("x")
    close()
    globals().pop("korus")
    gc.collect()
    return said
wait(*[in_child(work) for _ in range(3)], in_child(close))
print("parent:", [get(name) for name in "abc"])
"""
    )
    said = fork(server, script, SSL_CERT_FILE=f"{certificate}.crt")
    assert said == ["child: None"] + ["child: x"] * 3 + ["parent: ['a', 'b', 'c']"]
    if "AsyncKorus" not in get:
        # one of the parent and one of each child that asked
        assert server.made == 4
    server.close()


def test_no_thread_is_needed_to_notice_a_fork() -> None:
    from korus._primitives import synchronous

    made: list[int] = []
    local = synchronous.Local(lambda: made.append(1) or len(made), made.remove)
    threads = [threading.Thread(target=local.get) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    began = time.monotonic()
    assert len({local.get() for _ in range(3)}) == 1
    assert time.monotonic() - began < 1
