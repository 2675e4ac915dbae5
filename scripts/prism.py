"""Booking through Prism as a validating proxy: `python -m scripts.prism`.

Prism (npm, ``@stoplight/prism-cli``) is a third-party tool. It runs between ``korus book`` and the sandbox, compares
each request and each response with the current description and its overlay, and answers with an error if they differ.
It is searched in ``$PRISM``, where ``make prism`` installs it, and on the path; nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from korus.sandbox import Sandbox
from korus.testing import shipped
from scripts.demo import FILE, file_to_book, stock_up

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

__all__ = ["Booked", "Unavailable", "book_through", "find", "main"]

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "PRISM"
_STARTS_WITHIN = 90.0
_PLACE = ROOT / "build" / "prism" / "node_modules" / ".bin"
_VIOLATION = re.compile(r"violation|request terminated with error", re.IGNORECASE)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Unavailable(Exception):
    """Prism cannot be run; the message states the reason."""


@frozen
class Booked:
    """Outcome of a booking through Prism.

    Attributes:
        status: The exit status of ``korus book``.
        output: Its output.
        requests: The number of requests that Prism forwarded.
        violations: The violations that Prism reported.
    """

    status: int
    output: str
    requests: int
    violations: tuple[str, ...]


def find() -> str | None:
    """Return Prism's program, None if it is not installed."""
    named = os.environ.get(VARIABLE)
    if named:
        return shutil.which(named)
    return shutil.which("prism", path=str(_PLACE)) or shutil.which("prism")


def book_through(prism: str, change: Mapping[str, Any] | None = None) -> Booked:
    """Book the example's file at a sandbox, through Prism.

    Args:
        prism: Prism's program.
        change: Another description instead of the current one.

    Raises:
        Unavailable: Prism does not start.
    """
    file, first_day = file_to_book()
    with tempfile.TemporaryDirectory() as folder, Sandbox(seed=7, first_day=first_day) as sandbox:
        if file != FILE:
            stock_up(sandbox, first_day)
        place = Path(folder)
        description = place / "description.json"
        document = shipped.description().document if change is None else change
        description.write_text(json.dumps(document), encoding="utf-8")
        log = place / "prism.log"
        with _proxy(prism, description, sandbox.base_url, log) as address:
            # settings of the shell must not connect to a real API
            others = {name: value for name, value in os.environ.items() if not name.startswith("KORUS_")}
            settings = sandbox.environment() | {"KORUS_BASE_URL": address, "XDG_STATE_HOME": folder}
            ended = subprocess.run(  # noqa: S603 - our own command
                [sys.executable, "-m", "korus.cli", "book", str(file), "--to", str(place / "tickets")],
                cwd=ROOT,
                env=others | settings,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        lines = _COLOURS.sub("", log.read_text(encoding="utf-8", errors="replace")).splitlines()
    return Booked(
        ended.returncode,
        ended.stdout,
        sum("Request received" in line for line in lines),
        tuple(line.strip() for line in lines if _VIOLATION.search(line)),
    )


@contextmanager
def _proxy(prism: str, description: Path, target: str, log: Path) -> Generator[str]:
    """Run Prism before another server, and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [
        prism, "proxy", str(description), target, "--errors", "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    with log.open("wb") as output:
        running = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603 - found by `find`
        try:
            _wait_for(running, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def _wait_for(running: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < ends and running.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise Unavailable(f"Prism does not start: {said or 'no output'}")


def main() -> int:
    """Run the command; return 0 without violations, 1 with violations, 2 if Prism is not installed."""
    prism = find()
    if prism is None:
        print("Prism is not installed: run `make prism`, which requires npm", file=sys.stderr)
        return 2
    try:
        booked = book_through(prism)
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 2
    print(booked.output)
    print("\n".join(booked.violations))
    print(
        f"{booked.requests} requests, {len(booked.violations)} violations; korus book ended with {booked.status}"
    )
    return int(bool(booked.status or booked.violations or not booked.requests))


if __name__ == "__main__":
    sys.exit(main())
