"""``KORUS_LOG``: log of korus on standard error, without configuration in code."""

from __future__ import annotations

import logging
import os

__all__ = ["set_up_log"]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def set_up_log() -> None:
    """Write the log to standard error if ``KORUS_LOG`` is set and no other handler takes it."""
    setting = os.environ.get("KORUS_LOG", "").strip().lower()
    if not setting:
        return
    logger = logging.getLogger("korus")
    if setting not in _LEVELS:
        if logger.getEffectiveLevel() <= logging.WARNING:
            logger.warning(
                "KORUS_LOG must be debug, info or warning; it is left out", extra={"event": "log_setting"}
            )
        return
    logger.setLevel(_LEVELS[setting])
    if not any(_writes(handler) for handler in (*logger.handlers, *logging.getLogger().handlers)):
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(_FORMAT))
        logger.addHandler(handler)


def _writes(handler: logging.Handler) -> bool:
    return not isinstance(handler, logging.NullHandler)
