"""The catalogue mirror: a copy of the catalogues in the distributor's database, with a feed of changes.

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
from korus._late_names import late_names as _late_names
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

_import, _names = _late_names(__name__, _HOMES)


def _import_with_extra(name: str) -> Any:
    try:
        return _import(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sqlalchemy":
            raise
        raise ConfigurationError(f"The mirror needs the extra: {install_hint('mirror')}") from None


if not TYPE_CHECKING:  # a type checker would take any name for one of the module's
    __getattr__, __dir__ = _import_with_extra, _names
