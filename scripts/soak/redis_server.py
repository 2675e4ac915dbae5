"""Real Redis server on loopback that can be killed, started again and suspended."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RedisServer", "Unavailable"]

_STARTS_WITHIN: Final = 10.0
_PAUSE: Final = 0.02


class Unavailable(Exception):
    """No Redis server can be started here; the message states the reason."""


class RedisServer:
    """Redis server without persistence, always on the same port.

    Args:
        folder: Its working directory.

    Raises:
        Unavailable: It is not installed.
    """

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise Unavailable(
                "the program redis-server is not installed (Debian: apt-get install redis-server)"
            )
        self._folder = folder
        self._program = program
        # reserves the port while no server runs
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self._address: tuple[str, int] = self._reserved.getsockname()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address, for ``cache=``."""
        return f"redis://127.0.0.1:{self._address[1]}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._reserved.close()

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            Unavailable: It does not start.
        """
        port = str(self._address[1])
        self._process = subprocess.Popen(  # noqa: S603 - the server's own program
            [self._program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no"],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ends = time.monotonic() + _STARTS_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > ends:
                raise Unavailable(f"{self._program} does not start on port {port} of 127.0.0.1")
            time.sleep(_PAUSE)

    def kill(self) -> None:
        """Kill it; connections are reset, then refused."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def suspend(self) -> None:
        """Suspend it: it accepts connections and does not answer."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Resume it."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(self._address, timeout=1.0) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False
