"""Intent log of the commands: the one in ``KORUS_JOURNAL``, or a default one.

The default is an SQLite file in the user's state folder (``$XDG_STATE_HOME``, or ``~/.local/state``), readable by its
owner only. Different homes or containers have different logs, and runs with different logs do not see each other.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, TypedDict

from korus.errors import ConfigurationError

__all__ = ["LogSetting", "log_setting"]

_FOLDER: Final = "korus"
_FILE: Final = "bookings.db"
_OWNER_ONLY_FOLDER: Final = 0o700
_OWNER_ONLY_FILE: Final = 0o600


class LogSetting(TypedDict, total=False):
    """The argument of a client that names its intent log."""

    journal: str


def log_setting() -> LogSetting:
    """Return the client's ``journal``: nothing where ``KORUS_JOURNAL`` says it, else the file in the state folder.

    Raises:
        ConfigurationError: The state folder cannot be written.
    """
    if os.environ.get("KORUS_JOURNAL"):
        return {}
    place = "the user's state folder"
    try:
        folder = _state_home() / _FOLDER
        place = str(folder)
        _create_folder(folder)
        _create_file(folder / _FILE)
    except (OSError, RuntimeError) as error:  # a RuntimeError: there is no home
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigurationError(
            f"cannot keep the log of bookings in {place}: {reason}. Set KORUS_JOURNAL to a file that can be written, "
            "or to the SQLAlchemy URL of a database"
        ) from None
    return {"journal": str(folder / _FILE)}


def _state_home() -> Path:
    given = os.environ.get("XDG_STATE_HOME", "")
    # the XDG base directory specification has relative paths ignored
    if given.startswith("/"):
        return Path(given)
    home = Path.home()
    if not home.is_absolute():  # each folder would have a log of its own
        raise OSError(0, f"the home folder is not an absolute path: {home}")
    return home / ".local" / "state"


def _create_folder(folder: Path) -> None:
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=_OWNER_ONLY_FOLDER, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise OSError(0, "it belongs to another user")
    if found.st_mode & 0o077:
        folder.chmod(_OWNER_ONLY_FOLDER)


def _create_file(file: Path) -> None:
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _OWNER_ONLY_FILE)
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, _OWNER_ONLY_FILE)
    finally:
        os.close(descriptor)
