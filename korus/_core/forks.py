"""Fork guards: a fork waits until no other thread holds a lock that the child would inherit.

korus imports modules when a call needs them. Python locks a module during its import, and OpenSSL has locks while it
loads certificates; a child forked meanwhile would wait for such a lock for ever. SQLite keeps its file locks in the
memory of the process, and a child that inherits it would take them for its own.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
import weakref
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["ForkGuard", "hold_off_forks", "watch_forks"]

_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.001


class _Section:
    """Work that one thread does at a time, and that no fork interrupts."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._is_held_for_fork = False

    def before_fork(self) -> None:
        self._is_held_for_fork = self.lock.acquire(timeout=_PATIENCE_SECONDS)

    def after_in_parent(self) -> None:
        if self._is_held_for_fork:
            self.lock.release()

    def after_in_child(self) -> None:
        self.lock = threading.Lock()


_SECTION = _Section()


class ForkGuard:
    """Guard for work that no fork interrupts: a fork waits for its end, and new work waits for the end of the fork.

    Args:
        release: Called before each fork, when no work runs; releases what a child must not inherit.
    """

    def __init__(self, release: Callable[[], object]) -> None:
        self._release = release
        self.after_in_child()
        _GUARDS[id(self)] = self
        watch_forks()

    @contextmanager
    def held(self, ends: float) -> Generator[None]:
        """Delay forks until the block ends; it must be short.

        Args:
            ends: The monotonic time until which to wait for a running fork.

        Raises:
            TimeoutError: The fork has not ended by then.
        """
        changed, is_counted = self._changed, False
        try:
            with changed:
                if not changed.wait_for(lambda: not self._is_forking, max(ends - time.monotonic(), 0)):
                    raise TimeoutError
                self._under_way += 1
                is_counted = True  # at once: Ctrl-C may arrive before the block is entered
            yield
        finally:
            # in a child this may be the garbage collector, with the work of a thread of the parent
            if is_counted and changed is self._changed:
                with changed:
                    self._under_way -= 1
                    changed.notify_all()

    def before_fork(self) -> None:
        """Wait a short time for running work, and let no other begin."""
        with self._changed:
            self._is_forking = True
            self._changed.wait_for(lambda: not self._under_way, _PATIENCE_SECONDS)
        self._release()

    def after_in_parent(self) -> None:
        """Let waiting work begin."""
        with self._changed:
            self._is_forking = False
            self._changed.notify_all()

    def after_in_child(self) -> None:
        """Reset in a child: the locks and the work of the parent's threads are dropped."""
        self._changed = threading.Condition()
        self._under_way = 0
        self._is_forking = False


_GUARDS = weakref.WeakValueDictionary[int, ForkGuard]()


@cache
def watch_forks() -> None:
    """Make every fork of this process wait, for a limited time, for imports and guarded work."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child
        )


@contextmanager
def hold_off_forks() -> Generator[None]:
    """Make forks of this process wait until the block ends; it must be short."""
    with _SECTION.lock:
        yield


def _guards() -> list[ForkGuard]:
    return [guard for found in _GUARDS.valuerefs() if (guard := found()) is not None]


def _after_in_parent() -> None:
    _SECTION.after_in_parent()
    for guard in _guards():
        guard.after_in_parent()


def _after_in_child() -> None:
    _SECTION.after_in_child()
    for guard in _guards():
        guard.after_in_child()


def _before_fork() -> None:
    for guard in _guards():
        guard.before_fork()
    _SECTION.before_fork()
    until = time.monotonic() + _PATIENCE_SECONDS
    while _others_import() and time.monotonic() < until:
        time.sleep(_PAUSE_SECONDS)


def _others_import() -> bool:
    # there is no public way to ask; without this function forks do not wait for imports
    locks: dict[str, Any] = getattr(getattr(importlib, "_bootstrap", None), "_module_locks", {})
    owners = {getattr(lock(), "owner", None) for lock in tuple(locks.values())}
    return bool(owners - {None, threading.get_ident()})
