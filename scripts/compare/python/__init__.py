"""Effects of a changed description on Python: changed public names, their uses, and the required actions.

The raw clients of both descriptions are generated and their surfaces compared. Each change of a name is traced to the
change of the description that caused it.
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
    """Write the effects of a comparison on Python.

    Args:
        comparison: The differences on the wire.
        old: The file of the old description.
        new: The file of the new description.
        form: ``text``, ``markdown``, ``json`` or ``html``.

    Raises:
        SurfaceError: The effects cannot be determined.
    """
    return FORMATS[form](explain(comparison, old, new, strict=False))
