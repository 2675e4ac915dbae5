"""Check that the sandbox's extra is installed; importing this module runs it."""

from __future__ import annotations

from importlib.util import find_spec

from korus._core.distribution import install_hint

__all__ = ["NEEDED", "missing"]

NEEDED = ("starlette", "uvicorn", "reportlab", "segno")
"""The distributions of the extra that the sandbox imports."""


def missing() -> list[str]:
    """Return the missing distributions."""
    return [name for name in NEEDED if find_spec(name) is None]


if missing():
    raise ModuleNotFoundError(
        f"korus.sandbox needs {', '.join(missing())}: {install_hint('sandbox')}", name=missing()[0]
    )
