"""Temporary PostgreSQL server: ``python -m scripts.postgres COMMAND…``.

It requires the server's programs (Debian: ``apt-get install postgresql``), which are searched on the path and in the
folders of distributions. The cluster is in a temporary folder, listens on a socket in that folder and on no port, and
is removed afterwards. PostgreSQL does not run as root, so root starts it as another user.

A command is run with the server's address in ``KORUS_TEST_POSTGRES``; `server` gives it to Python.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

__all__ = ["VARIABLE", "Unavailable", "main", "server"]

VARIABLE = "KORUS_TEST_POSTGRES"

_PLACES = ("/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt", "/usr/pgsql")
_USERS = ("postgres", "nobody")
_STARTS_WITHIN = 60.0
_STOPS_WITHIN = 20.0


class Unavailable(Exception):
    """No PostgreSQL server can be started here; the message states the reason."""


@contextmanager
def server(connections: int = 50) -> Generator[str]:
    """Start a server and yield its SQLAlchemy URL; it ends with the block.

    Args:
        connections: The maximum number of connections.

    Raises:
        Unavailable: Its programs are not installed, or it does not start.
    """
    user = _user()
    # other users must be able to enter the folder
    with tempfile.TemporaryDirectory(prefix="korus-pg-", dir="/tmp" if user else None) as name:  # noqa: S108
        folder = Path(name)
        if user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        data = folder / "data"
        _initialise(data, user)
        process = subprocess.Popen(  # noqa: S603 - the server's own program
            [
                _program("postgres"),
                *("-D", str(data)),
                *("-k", str(folder)),
                *("-c", "listen_addresses="),
                *("-c", f"max_connections={connections}"),
                "-F",  # durability is not needed
            ],
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(process, folder)
            yield f"postgresql+psycopg://korus@/postgres?host={folder}"
        finally:
            process.send_signal(signal.SIGINT)  # fast shutdown
            try:
                process.wait(_STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _program(name: str) -> str:
    found = shutil.which(name)
    if found:
        return str(Path(found).resolve())
    for place in _PLACES:
        candidates = sorted(Path(place).glob(f"*/bin/{name}")) if Path(place).is_dir() else []
        if candidates:
            return str(candidates[-1])
    raise Unavailable(f"the program {name} is not installed (Debian: apt-get install postgresql)")


def _user() -> str | None:
    """Return the user to run it as; None for the current one."""
    if os.geteuid() != 0:
        return None
    for name in _USERS:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise Unavailable("PostgreSQL does not run as root, and there is no other user to run it as")


def _initialise(data: Path, user: str | None) -> None:
    made = subprocess.run(  # noqa: S603 - the server's own program
        [
            _program("initdb"),
            *("-D", str(data)),
            *("-U", "korus"),
            *("-A", "trust"),
            *("-E", "UTF8"),
            *("--locale", "C"),
            "--no-sync",
        ],
        user=user,
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise Unavailable(f"initdb failed: {made.stderr.strip()[-500:]}")


def _wait(process: subprocess.Popen[bytes], folder: Path) -> None:
    ends = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            psycopg.connect(host=str(folder), user="korus", dbname="postgres", connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > ends:
                raise Unavailable(f"the server did not start: {error}") from None
            time.sleep(0.1)
        else:
            return


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command with a server; return its exit status."""
    command = list(sys.argv[1:] if arguments is None else arguments)
    if not command:
        print(__doc__)
        return 2
    try:
        with server() as url:
            environment = {**os.environ, VARIABLE: url}
            return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - as asked
    except Unavailable as reason:
        print(f"no PostgreSQL: {reason}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
