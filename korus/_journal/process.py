"""Liveness of the processes that own intents.

On one machine a process is identified by its id and its start time, so a killed process is noticed at once, and a
suspended one counts as alive. For a process on another machine the lease decides.
"""

from __future__ import annotations

import hashlib
import os
import platform
import threading
from pathlib import Path
from typing import Final
from uuid import uuid4

from attrs import frozen

__all__ = ["ACTIVE", "ActiveIntents", "Owner"]

_MACHINE_ID: Final = Path("/etc/machine-id")
_START_TIME: Final = 19  # the 22nd field of /proc/PID/stat is the 20th after the command's name; see proc(5)


class ActiveIntents:
    """Intents that calls of this process are working on, for all clients.

    An intent of a living process without a call that works on it can be taken over without waiting for its lease.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: set[str] = set()

    def add(self, intent_id: str) -> None:
        """Note that a call works on an intent."""
        with self._lock:
            self._ids.add(intent_id)

    def discard(self, intent_id: str) -> None:
        """Note that no call works on an intent any more."""
        with self._lock:
            self._ids.discard(intent_id)

    def __contains__(self, intent_id: str) -> bool:
        return intent_id in self._ids

    def forget(self) -> None:
        """Reset in a forked child: no call is in progress, and no thread of it holds the lock."""
        self._lock = threading.Lock()
        self._ids = set()


ACTIVE: Final = ActiveIntents()
os.register_at_fork(after_in_child=ACTIVE.forget)


@frozen
class Owner:
    """Identity of a process, from which others on the same machine can find out whether it has ended.

    Attributes:
        host: The scope of the process id: a machine, or a container on it.
        pid: The process's id.
        started: The start time, in ticks of its machine; empty if it cannot be read.
        token: A unique text.
    """

    host: str
    pid: int
    started: str
    token: str

    @classmethod
    def current(cls) -> Owner:
        """Return this process."""
        return cls(_machine(), os.getpid(), _started(os.getpid()) or "", uuid4().hex)

    @classmethod
    def read(cls, written: str) -> Owner:
        """Read what `str` wrote."""
        host, pid, started, token = written.rsplit(" ", 3)
        return cls(host, int(pid), started.strip("-"), token)

    def __str__(self) -> str:
        return f"{self.host} {self.pid} {self.started or '-'} {self.token}"

    def is_here(self, me: Owner) -> bool:
        """Return True if the process has the same host as this one."""
        return self.host == me.host

    def is_alive(self, me: Owner) -> bool:
        """Return True if a process of this machine has not ended."""
        if self.pid == me.pid:
            return self.started == me.started
        now = _started(self.pid)
        return now is not None and not (self.started and now and now != self.started)

    def is_this_process(self, me: Owner) -> bool:
        """Return True for this process."""
        return self.is_here(me) and (self.pid, self.started) == (me.pid, me.started)


def _machine() -> str:
    try:
        space = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        space = ""
    return f"{platform.node()[:100]}{space or 'pid:'}{_machine_digest()}".replace(" ", "_")


def _machine_digest() -> str:
    """Return an id that distinguishes machines of the same name, such as copies of an image; empty without one.

    Machines named "localhost" have equal process id namespaces too. The machine id itself is confidential; see
    machine-id(5).
    """
    try:
        written = _MACHINE_ID.read_bytes().strip()
    except OSError:
        return ""
    return hashlib.sha256(b"korus " + written).hexdigest()[:12] if written else ""


def _started(pid: int) -> str | None:
    """Return the start time of a process of this machine; empty if it cannot be read, None if the process has ended."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        fields = []
    if len(fields) > _START_TIME:
        return None if fields[0] in {"Z", "X"} else fields[_START_TIME]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return ""
