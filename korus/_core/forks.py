"""A fork waits until no other thread is in the middle of what a child could not go on from.

korus imports what a call needs when it is called. Python locks a module while it is imported, and OpenSSL has locks of
its own while certificates are loaded. A child that is forked meanwhile would wait for such a lock for ever.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["hold_off_forks", "watch_forks"]

_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.001


class _Section:
    """What at most one thread does at a time, and no fork splits."""

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


def watch_forks() -> None:
    """Have every fork of this process wait, though not for long, for imports and for `hold_off_forks`."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_before_fork,
            after_in_parent=_SECTION.after_in_parent,
            after_in_child=_SECTION.after_in_child,
        )


@contextmanager
def hold_off_forks() -> Generator[None]:
    """Have forks of this process wait until the block ends; it must not take long."""
    with _SECTION.lock:
        yield


def _before_fork() -> None:
    _SECTION.before_fork()
    until = time.monotonic() + _PATIENCE_SECONDS
    while _others_import() and time.monotonic() < until:
        time.sleep(_PAUSE_SECONDS)


def _others_import() -> bool:
    # there is no public way to ask; without this one nothing is waited for
    locks: dict[str, Any] = getattr(getattr(importlib, "_bootstrap", None), "_module_locks", {})
    owners = {getattr(lock(), "owner", None) for lock in tuple(locks.values())}
    return bool(owners - {None, threading.get_ident()})
