"""Scripts that fork, each in a process of its own: a test never forks the process that it runs in."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripted_server import ScriptedServer

PROLOGUE = """
import asyncio, gc, json, os, sys, threading, time, warnings
from contextlib import suppress
import httpx
from korus import AsyncKorus, Cache, Korus, RetryPolicy, Timeouts, errors

AT = sys.argv[1]
SETTINGS = dict(
    base_url=AT, token_url=AT + "/auth/token", client_id="shop", client_secret="s", retry=RetryPolicy(attempts=1)
)

def in_child(work, name="child"):
    '''Fork; the child prints what `work` returns, or its error, in one line, and ends as a worker does.'''
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    try:
        said = work()
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    os.write(1, f"{name}: {said}\\n".encode())
    os._exit(0)

def wait(*children):
    for child in children:
        _, status = os.waitpid(child, 0)
        assert status == 0, status
"""


def fork(server: ScriptedServer, script: str, *, seconds: float = 25, **environment: str) -> list[str]:
    """Run a script that knows the server as ``AT``; return the lines it printed, sorted."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore:unclosed:ResourceWarning", "-W", "ignore::DeprecationWarning", "-c", PROLOGUE + dedent(script),
         server.base_url],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == "", done.stderr
    return sorted(done.stdout.splitlines())
