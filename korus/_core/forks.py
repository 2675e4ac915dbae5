"""A fork waits until no other thread imports a module.

korus imports what a call needs when it is called. Python locks a module while it is imported, and a child that is
forked meanwhile would wait for that lock for ever.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
from typing import Any

__all__ = ["watch_imports"]

_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.001


def watch_imports() -> None:
    """Have every fork of this process wait, though not for long, until no other thread imports a module."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_wait_for_imports)


def _wait_for_imports() -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while _others_import() and time.monotonic() < until:
        time.sleep(_PAUSE_SECONDS)


def _others_import() -> bool:
    # there is no public way to ask; without this one nothing is waited for
    locks: dict[str, Any] = getattr(getattr(importlib, "_bootstrap", None), "_module_locks", {})
    owners = {getattr(lock(), "owner", None) for lock in tuple(locks.values())}
    return bool(owners - {None, threading.get_ident()})
