"""A cassette to break, and a server to record."""

from __future__ import annotations

import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from korus.testing import cassettes


@pytest.fixture
def header():
    return cassettes.Header(
        origin="sandbox",
        api_version="release",
        recorded_at=dt.datetime(2026, 11, 1, 10, tzinfo=dt.UTC),
        korus_version="0.1.0",
        purpose="Something to test with.",
    )


class _Echo(BaseHTTPRequestHandler):
    """Answers with what was asked, under /v1/."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        answer = json.dumps({"path": self.path, "body": content.decode()}).encode()
        if "empty" in self.path:
            answer = b""
        if "binary" in self.path:
            answer = b"\x00\xff\x01"
        if "broken" in self.path:
            answer = b'{"a": '
        self.send_response(204 if "empty" in self.path else 200)
        self.send_header(
            "content-type", "application/octet-stream" if "binary" in self.path else "application/json"
        )
        self.send_header("set-cookie", "session=0123456789abcdef")
        if answer:
            self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PATCH = do_GET  # noqa: N815 - as above


@pytest.fixture
def server():
    """The address of an HTTP server on loopback."""
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()
