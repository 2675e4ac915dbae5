"""Server of the sandbox: sockets, event loop, start, stop, and refused connections.

Two ports on one host: the API (with the token endpoint) and the storage host, which makes it another origin.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from korus.sandbox.wire import ResettableProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Server"]

_STARTS_WITHIN = 30.0
_STOPS_WITHIN = 10.0


class _Port:
    """A port that stays reserved while nothing listens on it, so that no other process gets it."""

    def __init__(self, host: str, port: int) -> None:
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._reserved = self._bound(host, port)
        self.host = host
        self.number = int(self._reserved.getsockname()[1])

    def _bound(self, host: str, port: int) -> socket.socket:
        bound = socket.socket(
            self._family, socket.SOCK_STREAM, socket.IPPROTO_TCP
        )  # asyncio sets TCP_NODELAY only so
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
        except OSError:
            bound.close()
            raise
        return bound

    def listener(self) -> socket.socket:
        """Return a new socket on the port, not yet listening."""
        return self._bound(self.host, self.number)

    def release(self) -> None:
        """Release the port."""
        self._reserved.close()


class Server:
    """Runs ASGI applications, each on a port of its own, in one event loop on a thread.

    uvicorn's protocol does HTTP; its process handling (signals, reload, graceful draining) is not used, so starting and
    stopping take milliseconds.

    Args:
        applications: The ASGI applications.
        host: The address to bind.
        ports: A port for each application; 0 takes a free one.
    """

    def __init__(self, applications: Sequence[Any], host: str, ports: Sequence[int]) -> None:
        self._applications = tuple(applications)
        self._ports = [_Port(host, port) for port in ports]
        self._state = ServerState()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._listening: list[asyncio.Server] = []
        self._thread: threading.Thread | None = None

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports, in the order of the applications."""
        return tuple(port.number for port in self._ports)

    @property
    def running(self) -> bool:
        """True if it accepts connections."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start in a thread; return when connections are accepted.

        Raises:
            RuntimeError: It did not start.
        """
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="korus-sandbox", daemon=True)
        self._thread.start()
        ready.result(timeout=_STARTS_WITHIN)

    def stop(self) -> None:
        """Stop; connections still open are closed."""
        if self._loop is not None and self._stop is not None and self.running:
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join(timeout=_STOPS_WITHIN)
            self._thread = None
        for port in self._ports:
            port.release()

    def refuse_connections(self, seconds: float) -> None:
        """Refuse new connections for a time and close the idle ones, as a restarting server does."""
        self._in_loop(lambda: self._refuse(seconds))

    def _in_loop(self, action: Callable[[], Any]) -> None:
        if self._loop is None or not self.running:
            raise RuntimeError("the sandbox is not running")
        asyncio.run_coroutine_threadsafe(action(), self._loop).result(timeout=_STARTS_WITHIN)

    async def _refuse(self, seconds: float) -> None:
        for server in self._listening:
            server.close()
        self._listening.clear()
        for connection in list(self._state.connections):
            protocol = cast("ResettableProtocol", connection)
            if protocol.idle:
                protocol.transport.close()
        asyncio.get_running_loop().call_later(
            seconds, lambda: self._tasks.add(asyncio.ensure_future(self._listen()))
        )

    def _run(self, ready: Future[None]) -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
                return
            raise

    async def _serve(self, ready: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_quiet_about_resets)
        self._tasks: set[asyncio.Future[None]] = set()
        self._stop = asyncio.Event()
        self._configs = [
            Config(
                application,
                http=ResettableProtocol,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                date_header=False,
                server_header=False,
                timeout_keep_alive=75,
            )
            for application in self._applications
        ]
        for config in self._configs:
            config.load()
        await self._listen()
        ready.set_result(None)
        await self._stop.wait()
        await self._close()

    async def _listen(self) -> None:
        if self._listening or (self._stop is not None and self._stop.is_set()):
            return
        loop = asyncio.get_running_loop()
        for config, port in zip(self._configs, self._ports, strict=True):
            self._listening.append(
                await loop.create_server(
                    _protocol_factory(config, self._state), sock=port.listener(), backlog=1024
                )
            )

    async def _close(self) -> None:
        for server in self._listening:
            server.close()
        self._abort_connections()
        for task in list(self._state.tasks):
            task.cancel()
        if self._state.tasks:
            await asyncio.gather(*self._state.tasks, return_exceptions=True)
        await asyncio.sleep(0)
        while self._state.connections:  # some were accepted just before
            self._abort_connections()
            await asyncio.sleep(0)

    def _abort_connections(self) -> None:
        for connection in list(self._state.connections):
            cast("ResettableProtocol", connection).transport.abort()


def _protocol_factory(config: Config, state: ServerState) -> Callable[[], ResettableProtocol]:
    return lambda: ResettableProtocol(config=config, server_state=state, app_state={})


def _quiet_about_resets(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Keep broken connections, which are intended here, out of the log."""
    if not isinstance(context.get("exception"), ConnectionError | BrokenPipeError):
        logging.getLogger("korus.sandbox").error(
            "%s", context.get("message"), exc_info=context.get("exception")
        )
