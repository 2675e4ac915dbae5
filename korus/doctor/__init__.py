"""First contact: checks in a minute that korus fits the API, and writes a report without private data.

`korus doctor` is the command; `examine` is the function for programs. Needs the extra ``korus-sdk[testing]``.

Example:
    >>> from korus import doctor
    >>> report = doctor.examine(quick=True)  # uses the KORUS_* variables  # doctest: +SKIP
    >>> print(report.text())  # doctest: +SKIP
"""

from __future__ import annotations

import math
import secrets
import warnings
from contextlib import closing
from typing import TYPE_CHECKING, Any

from korus._core.values import is_number, shown
from korus._version import __version__
from korus.doctor._report import Assumption, Difference, Report, Step
from korus.errors import CollectionChanged, ConfigurationError, KorusError

if TYPE_CHECKING:
    from pathlib import Path

    from korus.testing.descriptions import Description

__all__ = ["Assumption", "Difference", "Report", "Step", "examine"]

_REQUESTS, _QUICK_REQUESTS = 400, 60
_INTERVAL, _QUICK_INTERVAL = 0.1, 0.05


def examine(
    *,
    quick: bool = False,
    book: str | None = None,
    really: bool = False,
    wait: float = 60.0,
    description: Path | str | None = None,
    **settings: Any,
) -> Report:
    """Check settings, connection and API, and compare the API with its description.

    Nothing is written without ``book``. At most 400 requests are sent, ten per second; 60 with ``quick``. With ``book``
    some dozens more follow.

    Args:
        quick: True to read one object of each kind and send fewer requests.
        book: An offer of which one unit is held and left to expire. Outside of production up to three units are held;
            one is ordered, twice, and one after it has ended.
        really: True to allow ``book`` on production; only one unit is held there.
        wait: The maximum number of seconds to wait for a hold to end before it is ordered; skipped if it lasts longer.
        description: An OpenAPI description to compare with, instead of the one from which korus was generated.
        settings: Arguments of `korus.Korus`; they override the KORUS_* variables.

    Raises:
        ConfigurationError: ``book`` on production without ``really``, or ``wait`` is not a number of seconds.
    """
    from korus import Korus  # noqa: PLC0415 (heavy)
    from korus.doctor._connection import check_connection, check_settings  # noqa: PLC0415
    from korus.doctor._journal import JournalWatch  # noqa: PLC0415
    from korus.doctor._probe import compare, probe  # noqa: PLC0415 (an extra)
    from korus.doctor._recorder import Log, client  # noqa: PLC0415

    if not is_number(wait) or not 0 <= wait < math.inf:
        raise ConfigurationError(f"`wait` must be a number of seconds of at least 0, got {shown(wait)}.")
    known = _description(description)
    report = Report(__version__, known.version)
    options = check_settings(report, settings)
    if options is None:
        return report
    log = Log(_QUICK_REQUESTS if quick else _REQUESTS, _QUICK_INTERVAL if quick else _INTERVAL)
    events: list[Any] = []
    with Korus(**options) as plain:
        config = plain.config
    is_production = _is_production(config.base_url)
    if book is not None and is_production and not really:
        raise ConfigurationError("cannot book on production without really=True (--really): it takes stock")
    journal = JournalWatch(config, report)
    with closing(journal), client(config, log) as recording, warnings.catch_warnings():
        warnings.simplefilter("ignore", CollectionChanged)  # the probe itself checks the content of lists
        options |= {"http_client": recording, "hooks": [events.append], "cache": None, "journal": None}
        with Korus(**options) as korus:
            if not check_connection(report, korus, log, events):
                return report
            probe(korus, known, log, report, quick=quick)
            journal.look()
            if book is not None:
                from korus.doctor._booking import book as hold  # noqa: PLC0415

                try:
                    hold(korus, report, log, book, orders=not is_production, wait=wait)
                except KorusError as error:
                    report.step("probe", "booking", "failed", type(error).__name__)
    compare(report, log, known, secrets.token_bytes(32), (config.client_secret.reveal(), config.client_id))
    report.requests = log.sent
    return report


def _is_production(base_url: str) -> bool:
    from korus._core.config import ENVIRONMENTS  # noqa: PLC0415

    return base_url == ENVIRONMENTS["production"].base_url


def _description(path: Path | str | None) -> Description:
    from korus.testing import descriptions, shipped  # noqa: PLC0415 (an extra)

    if path is None:
        return shipped.description()
    try:
        return descriptions.read(path)
    except (OSError, descriptions.DescriptionUnreadable) as error:
        raise ConfigurationError(f"cannot read the description: {error}") from None
