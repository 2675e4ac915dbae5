"""Files with secrets or private data, readable by their owner only."""

from __future__ import annotations

import os
from stat import S_ISREG
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["create_private", "write_private"]

_MODE = 0o600
_FOLDER_MODE = 0o700


def write_private(path: Path, text: str) -> None:
    """Write to a path that the user named, which may be a pipe or a device; a file gets mode 0600 less the umask.

    Raises:
        OSError: It cannot be written.
    """
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        status = os.fstat(number)
        if S_ISREG(status.st_mode) and status.st_mode & 0o077 and hasattr(os, "fchmod"):
            # an existing file may be readable by others
            os.fchmod(number, status.st_mode & 0o700)
        file.write(text)


def create_private(path: Path) -> None:
    """Create an empty file with mode 0600 less the umask, and missing folders with 0700.

    SQLite creates the files beside its database with the same mode.

    Raises:
        OSError: It cannot be created.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, _MODE))
