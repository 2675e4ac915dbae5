"""Says what to install when the sandbox's extra is missing; importing it is the check."""

from __future__ import annotations

from importlib.util import find_spec

from korus._core.distribution import install_hint

__all__ = ["NEEDED", "missing"]

NEEDED = ("starlette", "uvicorn", "reportlab", "segno")
"""The distributions of the extra that the sandbox imports."""


def missing() -> list[str]:
    """Return those that are not installed."""
    return [name for name in NEEDED if find_spec(name) is None]


if missing():
    raise ModuleNotFoundError(
        f"korus.sandbox needs {', '.join(missing())}: {install_hint('sandbox')}", name=missing()[0]
    )
