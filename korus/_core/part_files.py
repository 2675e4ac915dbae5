"""Atomic files: written under a temporary name, then moved to their place.

Writing blocks, so it may run in another thread than the one that gives up, and cannot be interrupted. The last of the
two threads removes the temporary file.
"""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["PartFile"]

# some file systems (of networks, in user space) cannot do this, and have no alternative
_NO_SYNC: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


class PartFile:
    """A file being written, with mode 0600 less the umask.

    `open`, `write` and `finish` are called one after the other, from any thread, and raise OSError. `drop` may be
    called at any time from another thread: it does not wait for the disk and never raises.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._path: Path | None = None
        self._working = threading.Lock()
        self._dropped = False

    def open(self) -> None:
        """Create the part, and its folder if it is missing."""
        with self._step():
            self._folder.mkdir(parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(prefix=".korus-", suffix=".part", dir=self._folder)
            self._path = Path(name)
            self._file = os.fdopen(number, "wb")

    def write(self, content: bytes) -> None:
        """Add content to the part."""
        with self._step():
            self._opened().write(content)

    def finish(self, name: str) -> Path:
        """Move the part to its place, where it replaces a file of that name; return the place."""
        with self._step():
            file, final = self._opened(), self._folder / name
            file.flush()
            try:
                os.fsync(file.fileno())
            except OSError as error:
                if error.errno not in _NO_SYNC:
                    raise
            file.close()
            if self._path is not None:
                self._path.replace(final)
                self._path = None
        return final

    def drop(self) -> None:
        """Remove the part, at once or when the thread that works on it has ended its step."""
        self._dropped = True
        self._remove_if_idle()

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            raise ValueError("the part is not open")
        return self._file

    @contextmanager
    def _step(self) -> Generator[None]:
        try:
            with self._working:
                yield
        finally:
            # after the lock: a concurrent `drop` could not take it
            if self._dropped:
                self._remove_if_idle()

    def _remove_if_idle(self) -> None:
        if not self._working.acquire(blocking=False):
            return
        try:
            if self._file is not None:
                with suppress(OSError):  # its buffer may not fit on a full disk
                    self._file.close()
            if self._path is not None:
                with suppress(OSError):
                    self._path.unlink(missing_ok=True)
        finally:
            self._working.release()
