"""Booking processes of a campaign, which are started, disturbed, and restarted until they have finished."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from scripts.faults.booker import AGAIN, INTERRUPTED, LEASE, WHERE_ARE_YOU, Notes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Processes"]

_SUSPENDED: Final = LEASE + 1.0
_MOST_FAILURES: Final = 5
_PAUSE: Final = 0.05


class Processes:
    """Booking processes, each in a process group with its forked children.

    Args:
        commands: The command of each.
        environments: The environment of each.
        forks: The record of forked children.
        meanwhile: Called while one is suspended beyond its lease.
    """

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        environments: Sequence[Mapping[str, str]],
        forks: Path,
        meanwhile: Callable[[], None],
    ) -> None:
        self._commands = commands
        self._environments = [dict(environment) for environment in environments]
        self._forks = forks
        self._meanwhile = meanwhile
        self._lock = threading.Lock()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._finished: set[int] = set()
        self._suspended: threading.Thread | None = None
        self._asleep: subprocess.Popen[bytes] | None = None
        self.counts: Counter[str] = Counter()
        self._failures: Counter[int] = Counter()

    # --- disturbances: each returns False where it could not be done ---------------------------------------

    def kill(self, choice: int) -> bool:
        """Kill a process and its children without warning."""
        return self._signal(choice, signal.SIGKILL, "process killed (SIGKILL)")

    def interrupt(self, choice: int) -> bool:
        """Interrupt a process as Ctrl-C does."""
        return self._signal(choice, signal.SIGINT, "process interrupted (SIGINT)")

    def terminate(self, choice: int) -> bool:
        """Ask a process to end."""
        return self._signal(choice, signal.SIGTERM, "process terminated (SIGTERM)")

    def suspend(self, choice: int) -> bool:
        """Suspend a process for longer than the lease of its intents; one at a time."""
        if self._suspended is not None and self._suspended.is_alive():
            return False
        process = self._chosen(choice)
        if process is None:
            return False
        self._asleep = process
        self._suspended = threading.Thread(target=self._suspend, args=[process], name="suspend")
        self._suspended.start()
        return True

    def kill_child(self, choice: int) -> bool:
        """Kill the latest forked child; its parent continues."""
        _ = choice
        pids = [entry["pid"] for entry in Notes.read(self._forks)]
        with self._lock:
            groups = {process.pid for process in self._running.values() if process.poll() is None}
            try:
                # never a pid that was reused by another process
                if not pids or os.getpgid(pids[-1]) not in groups:
                    return False
                os.kill(pids[-1], signal.SIGKILL)
            except ProcessLookupError:
                return False
        self.counts["forked child killed (SIGKILL)"] += 1
        return True

    def _signal(self, choice: int, number: signal.Signals, name: str) -> bool:
        process = self._chosen(choice)
        if process is None or not _send(process, number):
            return False
        self.counts[name] += 1
        return True

    def _chosen(self, choice: int) -> subprocess.Popen[bytes] | None:
        with self._lock:
            # not one that is suspended beyond its lease, since ending it would make the suspension useless
            alive = [
                process
                for process in self._running.values()
                if process is not self._asleep and process.poll() is None
            ]
        return alive[choice % len(alive)] if alive else None

    def _suspend(self, process: subprocess.Popen[bytes]) -> None:
        try:
            if _send(process, signal.SIGSTOP):
                time.sleep(_SUSPENDED)
                self._meanwhile()
        finally:
            self._asleep = None
            if _send(process, signal.SIGCONT):
                self.counts["process suspended beyond its lease (SIGSTOP)"] += 1

    # --- looking after them --------------------------------------------------------------------------------

    def attend(self, most_seconds: float) -> None:
        """Keep the processes running until all have finished their work.

        Raises:
            TimeoutError: It takes too long, or one of them fails again and again.
        """
        ends = time.monotonic() + most_seconds
        try:
            while len(self._finished) < len(self._commands):
                for number in range(len(self._commands)):
                    self._attend(number)
                if time.monotonic() > ends or max(self._failures.values(), default=0) > _MOST_FAILURES:
                    self._ask_where()
                    raise TimeoutError(f"not finished; failures: {dict(self._failures)}")
                time.sleep(_PAUSE)
        finally:
            for process in self._running.values():
                _send(process, signal.SIGKILL)
                process.wait()
            if self._suspended is not None:
                self._suspended.join()

    def _ask_where(self) -> None:
        """Make the running processes print their stacks to standard error."""
        for process in self._running.values():
            _send(process, WHERE_ARE_YOU)
        time.sleep(1.0)

    def _attend(self, number: int) -> None:
        process = self._running.get(number)
        if process is not None and process.poll() is None:
            return
        if process is not None and process.returncode == 0:
            self._finished.add(number)
        if number in self._finished:
            return
        if process is not None:
            # no child continues while its parent's successor makes the same bookings
            _send_group(process.pid, signal.SIGKILL)
            if process.returncode > 0 and process.returncode not in {AGAIN, INTERRUPTED}:
                self._failures[number] += 1
        with self._lock:
            self._running[number] = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self._commands[number], env=self._environments[number], start_new_session=True
            )


def _send(process: subprocess.Popen[bytes], number: signal.Signals) -> bool:
    """Send a signal to a process that has not ended, and to its children."""
    return process.poll() is None and _send_group(process.pid, number)


def _send_group(group: int, number: signal.Signals) -> bool:
    with suppress(ProcessLookupError):
        os.killpg(group, number)
        return True
    return False
