"""Meaning of a change of the description in Python: which public names change, for whom, and what to do.

The raw clients of both descriptions are generated and their surfaces compared; each change of a name is traced to the
change of the description that caused it, and the other way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.compare.python.changes import NameChange, surface_changes
from scripts.compare.python.impact import Effect, Meaning, SurfaceError, client_of, explain
from scripts.compare.python.render import FORMATS, effect_lines
from scripts.generate.source import Surface, read_surface

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.compare.wire.records import Comparison

__all__ = [
    "Effect",
    "Meaning",
    "NameChange",
    "Surface",
    "SurfaceError",
    "client_of",
    "effect_lines",
    "explain",
    "explained",
    "read_surface",
    "surface_changes",
]


def explained(comparison: Comparison, old: Path, new: Path, form: str) -> str:
    """Show what a comparison means in Python.

    Args:
        comparison: What differs on the wire.
        old: The former description's file.
        new: The present one's.
        form: ``text``, ``markdown``, ``json`` or ``html``.

    Raises:
        SurfaceError: It cannot be said.
    """
    return FORMATS[form](explain(comparison, old, new, strict=False))
