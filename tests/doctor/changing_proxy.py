"""A proxy before the sandbox that changes its answers: an API that differs from its description."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

Change = "Callable[[str, str, Any], Any]"


class ChangingProxy:
    """Forwards to another server; ``change(method, path and query, document)`` returns what is answered instead."""

    def __init__(self, target: str, change: Callable[[str, str, Any], Any]) -> None:
        client = httpx.Client(base_url=target)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {
                    name: value
                    for name, value in self.headers.items()
                    if name.lower() not in {"host", "content-length", "accept-encoding", "connection"}
                }
                answer = client.request(self.command, self.path, headers=headers, content=body)
                content = answer.content
                if content and "json" in answer.headers.get("content-type", ""):
                    content = json.dumps(change(self.command, self.path, answer.json())).encode()
                self.send_response(answer.status_code)
                for name in ("content-type", "x-request-id", "etag", "cache-control"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                if answer.status_code != 304:
                    self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = _forward  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._client = client
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._client.close()
