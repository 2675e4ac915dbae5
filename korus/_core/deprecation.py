"""Deprecation warnings of korus. `docs/concepts/versions.md` has the policy."""

from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["warn_deprecated", "warn_deprecated_by_api"]


def warn_deprecated(old: str, new: str, *, removed_in: str) -> None:
    """Warn that something is deprecated, at the line outside korus that uses it.

    Args:
        old: What is deprecated, as the user writes it.
        new: What to use instead, as the user writes it.
        removed_in: The version of korus that removes it.
    """
    warnings.warn(
        f"{old} is deprecated and will be removed in korus {removed_in}; use {new}",
        DeprecationWarning,
        stacklevel=_level_outside(),
    )


def warn_deprecated_by_api(what: str) -> None:
    """Warn that the API advises against something, at the line outside korus that uses it.

    Args:
        what: The operation or the argument, as the description's raw client calls it.
    """
    warnings.warn(
        f"{what} is deprecated by the API, which may remove it in any version",
        DeprecationWarning,
        stacklevel=_level_outside(),
    )


def _level_outside() -> int:
    """Return the ``stacklevel`` of the first caller outside korus, for a warning of this function's caller."""
    level = 0
    frame: FrameType | None = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "korus":
        level += 1
        frame = frame.f_back
    return level
