"""Fetching over real HTTP on loopback: what is filed, and that any failure leaves every file as it was."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from reconstructed import copy_reconstructed

from scripts import fetch as fetching
from scripts.descriptions import FOLDER, dump, load, read_lock, sha256
from scripts.fetch import ADDRESSES, Failure, FetchError, fetch, main

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def folder(tmp_path):
    """Copy the reconstructed descriptions, their lock and the overlay."""
    return copy_reconstructed(tmp_path / "openapi")


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def published(version="1.0.39", *, provenance=False, **about):
    """Give a description as it might be published: whole, and without a word of reconstruction."""
    made = load(FOLDER / "release.yaml")
    made["info"] = {**made["info"], "version": version, **about}
    if not provenance:
        made["info"].pop("x-provenance", None)
    return made


@contextmanager
def serving(*answers):
    """Serve functions that get the request handler, one per path: /0, /1, …; the last one serves every other path."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            seen.append((self.path, dict(self.headers)))
            number = int(self.path[1:]) if self.path[1:].isdigit() else len(answers) - 1
            self.close_connection = True
            answers[number](self)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield [f"{base}/{number}" for number in range(len(answers))], seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(content, *, status=200, content_type="application/yaml", length=None, **headers):
    body = content if isinstance(content, bytes) else content.encode()

    def serve(handler):
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Connection", "close")
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return serve


def unframed(content):
    """Answer without a length, so that only the closed connection ends the body."""

    def serve(handler):
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/yaml\r\n\r\n" + content.encode())

    return serve


def half_chunked(content):
    def serve(handler):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/yaml\r\nTransfer-Encoding: chunked\r\n\r\n"
        handler.wfile.write(head + b"%x\r\n%s\r\n" % (len(content), content.encode()))

    return serve


def silence(handler):
    time.sleep(1.5)


def trickle(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/yaml")
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    try:
        for _ in range(60):
            handler.wfile.write(b"#")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass


def hang_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)


def test_a_new_version_is_filed_byte_for_byte_and_becomes_current(folder, capsys):
    text = "# as published\n" + dump(published("1.0.39"))
    before = files(folder)
    with serving(answer(text)) as (urls, seen):
        assert main(["--url", urls[0], "--folder", str(folder)]) == 0
    assert (folder / "1.0.39.yaml").read_text(encoding="utf-8") == text
    lock = read_lock(folder)
    assert lock.current == "1.0.39"
    entry = lock.descriptions["1.0.39"]
    assert (entry.file, entry.origin, entry.url) == ("1.0.39.yaml", "downloaded", urls[0])
    assert entry.sha256 == sha256(text.encode())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.fetched)
    after = files(folder)
    assert {name for name in after if after[name] != before.get(name)} == {"1.0.39.yaml", "lock.toml"}
    assert len(seen) == 1
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "1.0.39" in out


def test_fetching_the_same_again_changes_nothing(folder):
    text = dump(published("1.0.39"))
    with serving(answer(text)) as (urls, _):
        first = fetch(urls, folder=folder)
        before = files(folder)
        second = fetch(urls, folder=folder)
    assert (first.new, second.new) == (True, False)
    assert (first.previous, first.current, second.previous) == ("release", "1.0.39", "1.0.39")
    assert files(folder) == before
    assert "nothing new" in str(second)


def test_first_download_replaces_the_reconstructed_file(folder):
    text = dump(published("release"))
    with serving(answer(text)) as (urls, _):
        fetched = fetch(urls, folder=folder)
    assert fetched.replaced
    assert (folder / "release.yaml").read_text(encoding="utf-8") == text
    entry = read_lock(folder).descriptions["release"]
    assert (entry.origin, entry.url) == ("downloaded", urls[0])


def test_only_the_first_download_replaces_a_version(folder):
    first = dump(published("release"))
    second = dump(published("release", description="Changed since"))
    with serving(answer(first), answer(second)) as (urls, _):
        fetch(urls[:1], folder=folder)
        before = files(folder)
        with pytest.raises(FetchError) as caught:
            fetch(urls[1:], folder=folder)
        digest = sha256(second.encode())
        assert caught.value.failure is Failure.OTHER_CONTENT
        assert caught.value.path == folder / f"release+{digest[:8]}.yaml"
        assert caught.value.version == "release"
        assert files(folder) == {**before, f"release+{digest[:8]}.yaml": second.encode()}
        with pytest.raises(FetchError):  # a second time, nothing more is written
            fetch(urls[1:], folder=folder)
        assert len(files(folder)) == len(before) + 1
    assert read_lock(folder).descriptions["release"].sha256 == sha256(first.encode())


def test_a_download_that_calls_itself_reconstructed_replaces_nothing(folder):
    text = dump(published("release", provenance=True, description="Changed"))
    before = files(folder)
    with serving(answer(text)) as (urls, _), pytest.raises(FetchError) as caught:
        fetch(urls, folder=folder)
    assert caught.value.failure is Failure.OTHER_CONTENT
    assert {name: content for name, content in files(folder).items() if "+" not in name} == before


def test_a_json_description_is_filed_as_json(folder):
    text = json.dumps(published("1.0.39"))
    with serving(answer(text, content_type="application/json")) as (urls, _):
        fetched = fetch(urls, folder=folder)
    assert fetched.path == folder / "1.0.39.json"
    assert load(fetched.path)["info"]["version"] == "1.0.39"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_json_served_as_a_web_page_or_with_a_byte_order_mark_is_filed(folder, mark):
    text = mark + json.dumps(published("1.0.39"))
    with serving(answer(text, content_type="text/html")) as (urls, _):
        assert fetch(urls, folder=folder).path == folder / "1.0.39.json"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_version_without_quotes_is_filed_as_written(folder, mark, form):
    document = published("1.10")
    text = json.dumps(document, indent=1) if form == "json" else dump(document)
    text = mark + text.replace("'1.10'", "1.10").replace('"1.10"', "1.10")
    with serving(answer(text)) as (urls, _):
        assert fetch(urls, folder=folder).version == "1.10"


@pytest.mark.parametrize(
    ("written", "version"),
    [("1.10 # as it is", "1.10"), ("&v 1.10", "1.10"), ("0o17", "0o17"), ("1e3", "1e3")],
)
def test_a_version_is_never_taken_for_another_number(folder, written, version):
    text = dump(published("1.10")).replace("'1.10'", written)
    with serving(answer(text)) as (urls, _):
        assert fetch(urls, folder=folder).version == version


def test_references_in_extensions_need_no_target(folder):
    document = published("1.0.39")
    document["x-ours"] = {"$ref": "#/components/gone"}
    with serving(answer(dump(document))) as (urls, _):
        assert fetch(urls, folder=folder).version == "1.0.39"


def test_a_json_download_takes_the_place_of_a_reconstructed_yaml_file(folder):
    with serving(answer(json.dumps(published("release")))) as (urls, _):
        fetched = fetch(urls, folder=folder)
    assert fetched.path.name == "release.json"
    assert not (folder / "release.yaml").exists()
    assert read_lock(folder).descriptions["release"].file == "release.json"


def test_the_current_version_can_be_kept(folder):
    with serving(answer(dump(published("1.0.39")))) as (urls, _):
        assert main(["--url", urls[0], "--folder", str(folder), "--keep-current"]) == 0
    lock = read_lock(folder)
    assert lock.current == "release"
    assert "1.0.39" in lock.descriptions


def test_a_version_that_is_published_again_becomes_current_again(folder):
    text = (folder / "1.0.38.yaml").read_text(encoding="utf-8")
    before = files(folder)
    with serving(answer(text)) as (urls, _):
        fetched = fetch(urls, folder=folder)
    assert (fetched.new, fetched.previous, fetched.current) == (False, "release", "1.0.38")
    lock = read_lock(folder)
    assert lock.descriptions["1.0.38"].origin == "reconstructed"
    assert {name for name, content in files(folder).items() if content != before[name]} == {"lock.toml"}


def test_the_second_address_is_used_when_the_first_has_nothing(folder):
    with serving(answer("gone", status=404), answer(dump(published("1.0.39")))) as (urls, seen):
        fetched = fetch(urls, folder=folder)
        assert [path for path, _ in seen] == ["/0", "/1"]
        assert fetched.url == urls[1]


def test_newer_address_comes_first():
    assert ADDRESSES == (
        "https://docs.korusticket.com/_bundle/openapi.yaml",
        "https://docs.korusticket.com/_spec/openapi.yaml",
    )


def test_a_redirection_is_followed(folder):
    with serving(answer("", status=302, Location="/1"), answer(dump(published("1.0.39")))) as (urls, _):
        assert fetch(urls[:1], folder=folder).version == "1.0.39"


WHOLE = dump(published("1.0.39"))
LINES = WHOLE.splitlines(keepends=True)
CUT_IN_JSON = json.dumps(published("1.0.39"))[:-400]

FAILURES = {
    "not found": (answer("nothing here", status=404), Failure.NOT_FOUND, 12),
    "gone": (answer("nothing here", status=410), Failure.NOT_FOUND, 12),
    "forbidden": (answer("no", status=403), Failure.OTHER_STATUS, 13),
    "broken server": (answer(WHOLE, status=500), Failure.OTHER_STATUS, 13),
    "redirected in circles": (answer("", status=302, Location="/0"), Failure.OTHER_STATUS, 13),
    "web page": (
        answer("<!doctype html><title>Log in</title>", content_type="text/html"),
        Failure.WEB_PAGE,
        14,
    ),
    "web page called YAML": (answer("\n <!DOCTYPE html>\n<html></html>\n"), Failure.WEB_PAGE, 14),
    "description called web page": (
        answer(WHOLE, content_type="text/html; charset=utf-8"),
        Failure.WEB_PAGE,
        14,
    ),
    "empty": (answer(""), Failure.CUT_SHORT, 15),
    "shorter than announced": (answer(WHOLE[:5000], length=len(WHOLE.encode())), Failure.CUT_SHORT, 15),
    "last chunk missing": (half_chunked(WHOLE), Failure.CUT_SHORT, 15),
    "half of it": (answer(WHOLE[: len(WHOLE) // 2]), Failure.CUT_SHORT, 15),
    "half of it, no length": (unframed(WHOLE[: len(WHOLE) // 2]), Failure.CUT_SHORT, 15),
    "half of its lines": (answer("".join(LINES[: len(LINES) // 2])), Failure.CUT_SHORT, 15),
    "no last tag": (answer("".join(LINES[:-3])), Failure.CUT_SHORT, 15),
    "no last letters": (answer(WHOLE[:-3]), Failure.CUT_SHORT, 15),
    "title only": (answer("openapi: 3.1.0\ninfo:\n  title: KorusTicket API\n"), Failure.CUT_SHORT, 15),
    "cut JSON": (answer(CUT_IN_JSON, content_type="application/json"), Failure.CUT_SHORT, 15),
    "not YAML": (answer("openapi: 3.1.0\n  : [\n}}\nthere: is more\n" * 3), Failure.NOT_OPENAPI, 16),
    "a list": (answer("- openapi: 3.1.0\n"), Failure.NOT_OPENAPI, 16),
    "binary": (answer(b"\x89PNG\r\n\x1a\n\xff\xfe\n"), Failure.NOT_OPENAPI, 16),
    "Swagger 2": (answer(WHOLE.replace("openapi: 3.1.0", "swagger: '2.0'", 1)), Failure.NOT_OPENAPI, 16),
    "OpenAPI 4": (answer(WHOLE.replace("openapi: 3.1.0", "openapi: 4.0.0", 1)), Failure.NOT_OPENAPI, 16),
    "climbing version": (answer(dump(published("../../evil"))), Failure.NOT_OPENAPI, 16),
    "version like a second file": (answer(dump(published("1.0.38+12345678"))), Failure.NOT_OPENAPI, 16),
    "version called overlay": (answer(dump(published("overlay"))), Failure.NOT_OPENAPI, 16),
    "another API": (answer(dump(published("1.0.39", title="Petstore"))), Failure.OTHER_API, 17),
    "too large": (answer(WHOLE + "#" * 400_000 + "\n"), Failure.TOO_LARGE, 19),
    "no answer in time": (silence, Failure.TIMEOUT, 11),
    "no end in time": (trickle, Failure.TIMEOUT, 11),
    "hung up": (hang_up, Failure.NO_NETWORK, 10),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_changes_no_file_and_has_its_line_and_its_status(folder, capsys, case):
    serve, failure, status = FAILURES[case]
    before = files(folder)
    with serving(serve) as (urls, _):
        seconds = "0.4" if failure is Failure.TIMEOUT else "10"
        limits = ["--timeout", seconds, "--limit", "300000"]
        assert main(["--url", urls[0], "--folder", str(folder), *limits]) == status == failure.value
        written = capsys.readouterr()
        assert urls[0] in written.err
    assert written.out == ""
    assert written.err.count("\n") == 1
    assert written.err.startswith("fetch: ")
    assert files(folder) == before


def test_no_network_is_its_own_status(folder, capsys):
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        before = files(folder)
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/openapi.yaml"
        assert main(["--url", url, "--folder", str(folder)]) == Failure.NO_NETWORK == 10
    assert files(folder) == before
    assert "cannot be reached" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/openapi.yaml", "openapi.yaml", "http://"])
def test_invalid_address_cannot_be_reached(folder, url):
    with pytest.raises(FetchError) as caught:
        fetch([url], folder=folder)
    assert caught.value.failure is Failure.NO_NETWORK


def test_all_failed_addresses_are_named_and_the_first_sets_the_status(folder, capsys):
    with serving(answer("<html>", content_type="text/html"), answer("", status=404)) as (urls, _):
        assert main(["--url", urls[0], "--url", urls[1], "--folder", str(folder)]) == Failure.WEB_PAGE
    error = capsys.readouterr().err
    assert urls[0] in error
    assert urls[1] in error
    assert error.count("\n") == 1


def test_a_lock_that_cannot_be_written_leaves_no_new_file_behind(folder, monkeypatch):
    def fail(*_):
        raise PermissionError(13, "Permission denied", "lock.toml")

    before = files(folder)
    monkeypatch.setattr(fetching, "write_lock", fail)
    new, replacing = dump(published("1.0.39")), dump(published("release"))
    with serving(answer(new), answer(replacing)) as (urls, _):
        for url in urls:
            with pytest.raises(FetchError, match="cannot be written: Permission denied") as caught:
                fetch([url], folder=folder)
            assert caught.value.failure is Failure.UNWRITABLE
            assert files(folder) == before


def test_a_folder_without_a_lock_is_refused_before_anything_is_asked(tmp_path):
    with serving(answer(WHOLE)) as (urls, seen):
        with pytest.raises(FetchError) as caught:
            fetch(urls, folder=tmp_path)
        assert seen == []
    assert caught.value.failure is Failure.UNWRITABLE
    assert list(tmp_path.iterdir()) == []


def test_a_description_that_looks_cut_short_can_be_accepted(folder):
    with serving(answer("".join(LINES[:-3]))) as (urls, _):
        assert fetch(urls, folder=folder, accept_cut_short=True).version == "1.0.39"


def test_no_compression_is_asked_for_so_that_a_length_can_be_trusted(folder):
    with serving(answer(WHOLE)) as (urls, seen):
        fetch(urls, folder=folder)
    ((_, headers),) = seen
    assert headers["Accept-Encoding"] == "identity"


def test_every_exit_status_is_in_the_help_once(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    for failure in Failure:
        assert re.search(rf"^{failure.value}\s+\S", text, re.MULTILINE), failure
    assert len({failure.value for failure in Failure}) == len(list(Failure)) == 11


def test_the_command_itself_ends_with_the_status(folder):
    with serving(answer("nothing here", status=404)) as (urls, _):
        ended = subprocess.run(
            [sys.executable, "-m", "scripts.fetch", "--url", urls[0], "--folder", str(folder)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
    assert ended.returncode == 12
    assert ended.stderr.splitlines() == [f"fetch: {urls[0]} answers 404: nothing is published there"]
