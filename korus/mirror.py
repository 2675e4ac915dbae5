"""The catalogue mirror: a distributor's copy of the catalogues in a database, and a feed of what changed.

`Mirror` is for a `korus.Korus`, `AsyncMirror` the same with ``await`` for a `korus.AsyncKorus`. Needs the extra
``korus-sdk[mirror]``. See ``docs/tutorial/mirror.md``.

Example:
    >>> with Korus.from_env() as korus, Mirror("catalogue.db", korus) as mirror:
    ...     report = mirror.sync()
    ...     print(report.added, report.changed, report.removed)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from korus._core.distribution import install_hint
from korus.errors import ConfigurationError

if TYPE_CHECKING:
    from korus._async.mirror.mirror import AsyncConsumer, AsyncMirror
    from korus._mirror.feed import Change, replay, write_csv, write_json_lines
    from korus._mirror.reading import Day, LiveOffer, Period, SessionTime, Status
    from korus._mirror.sweeping import Progress, Scope, SweepReport, SyncReport
    from korus._sync.mirror.mirror import Consumer, Mirror

__all__ = [
    "AsyncConsumer",
    "AsyncMirror",
    "Change",
    "Consumer",
    "Day",
    "LiveOffer",
    "Mirror",
    "Period",
    "Progress",
    "Scope",
    "SessionTime",
    "Status",
    "SweepReport",
    "SyncReport",
    "replay",
    "write_csv",
    "write_json_lines",
]

_HOMES = {
    "AsyncConsumer": "korus._async.mirror.mirror",
    "AsyncMirror": "korus._async.mirror.mirror",
    "Change": "korus._mirror.feed",
    "Consumer": "korus._sync.mirror.mirror",
    "Day": "korus._mirror.reading",
    "LiveOffer": "korus._mirror.reading",
    "Mirror": "korus._sync.mirror.mirror",
    "Period": "korus._mirror.reading",
    "Progress": "korus._mirror.sweeping",
    "Scope": "korus._mirror.sweeping",
    "SessionTime": "korus._mirror.reading",
    "Status": "korus._mirror.reading",
    "SweepReport": "korus._mirror.sweeping",
    "SyncReport": "korus._mirror.sweeping",
    "replay": "korus._mirror.feed",
    "write_csv": "korus._mirror.feed",
    "write_json_lines": "korus._mirror.feed",
}


def __getattr__(name: str) -> Any:
    import importlib  # noqa: PLC0415 (SQLAlchemy is an extra)

    if name not in _HOMES:
        raise AttributeError(f"module 'korus.mirror' has no attribute {name!r}")
    try:
        found = getattr(importlib.import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sqlalchemy":
            raise
        raise ConfigurationError(f"The mirror needs the extra: {install_hint('mirror')}") from None
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
