"""Setting ``cache=``: where catalogue data is kept, and for how long."""

from __future__ import annotations

import math
import os
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Literal

from attrs import frozen

from korus._core.durations import bounded
from korus._core.secret import Secret
from korus._core.values import is_number, shown
from korus.errors import ConfigurationError

__all__ = ["Cache", "default_path"]

_GIGABYTE = 1024**3
_REDIS = frozenset({"redis", "rediss", "unix"})


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def _address(at: os.PathLike[str] | str | Secret | None) -> Secret | None:
    if at is None or isinstance(at, Secret):
        return at
    if not isinstance(at, str | os.PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a type checker
        raise ConfigurationError(
            f"`cache` must be a path, the address of a Redis server, a Cache, True or False, got {shown(at)}"
        )
    return Secret(os.fspath(at))


def _check_scheme(at: Secret | None) -> None:
    found = None if at is None else _SCHEME.match(at.reveal())
    if found and found[1].lower() not in _REDIS:
        raise ConfigurationError(
            f"cache must be a path or the address of a Redis server ({', '.join(sorted(_REDIS))}), "
            f"got the scheme {found[1]!r}."
        )


def _seconds(keep: float | timedelta) -> float:
    seconds: float = keep.total_seconds() if isinstance(keep, timedelta) else keep
    return bounded(seconds)


@frozen(init=False)
class Cache:
    """Setting of the catalogue cache: where data is kept, and for how long.

    Quantities and prices in a list of offers are as old as the list: ask `offers.availability` and
    `offers.price`, which are never kept, just before booking.

    Args:
        at: A path, for an SQLite file that processes of one machine share; the address of a Redis server
            (``redis://…``, ``rediss://…``, ``unix://…``), for workers on many machines, which then share one
            access token too; None for an SQLite file among the user's caches. The access token is stored in Redis in
            clear text while it is valid (the refresh token never is): use a separate database, a user whose ACL
            keeps others from its keys (``~korus:*``), and TLS (``rediss://``).
        keep: Seconds, or a `timedelta`, for which an answer is used without asking, whatever its headers; or ``api``:
            ``max-age`` and ``no-store`` are obeyed, and the default is the day that the API advises.
        max_bytes: How large the SQLite file may become.

    Raises:
        ConfigurationError: An argument cannot be used.

    Example:
        >>> korus = Korus(..., cache=Cache("redis://cache.internal", keep=timedelta(hours=6)))

    Reference: 1.9.
    """

    # the address may hold a password
    _at: Secret | None
    keep: float | Literal["api"]
    max_bytes: int

    def __init__(
        self,
        at: Path | str | Secret | None = None,
        *,
        keep: float | timedelta | Literal["api"] = "api",
        max_bytes: int = _GIGABYTE,
    ) -> None:
        # first, so that a traceback with local variables does not show it
        at = _address(at)
        self.__attrs_init__(at, keep if isinstance(keep, str) else _seconds(keep), max_bytes)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # made by attrs

    def __attrs_post_init__(self) -> None:
        _check_scheme(self._at)
        if self.keep != "api" and not (is_number(self.keep) and 0 < self.keep < math.inf):
            raise ConfigurationError(
                f"`keep` of a cache must be a number of seconds above 0, or 'api', got {shown(self.keep)}"
            )
        if not is_number(self.max_bytes) or self.max_bytes < 1:
            raise ConfigurationError(
                f"`max_bytes` of a cache must be at least a byte, got {shown(self.max_bytes)}"
            )

    @property
    def redis_url(self) -> Secret | None:
        """The address of the Redis server, None for a file."""
        at = self._at
        found = None if at is None else _SCHEME.match(at.reveal())
        return at if found and found[1].lower() in _REDIS else None

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return default_path() if self._at is None else Path(self._at.reveal()).expanduser()

    @classmethod
    def of(cls, value: Cache | Path | str | Secret | bool | None) -> Cache | None:
        """Read what ``cache=`` takes: True, a path, an address, a `Cache`, or None or False for none."""
        if isinstance(value, Cache):
            return value
        if value is None or value is False:
            return None
        if value is True:
            return cls()
        if isinstance(value, str):
            value = Secret(value)
        if isinstance(value, Secret) and not value.reveal().strip():
            raise ConfigurationError(
                "cache must be a path, the address of a Redis server, a Cache, True or False, got an empty text"
            )
        return cls(value)


def default_path() -> Path:
    """Return the SQLite file in this system's folder of user caches."""
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Caches"
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "korus" / "catalogue.sqlite3"
