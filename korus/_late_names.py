"""Names of a public module, each imported from where it is defined when it is first used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["late_names"]


def late_names(module: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Build the ``__getattr__`` and the ``__dir__`` of a module.

    Args:
        module: The module's name.
        homes: Where each name is defined; a submodule is its own home.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home = import_module(homes[name])
        found = home if homes[name] == f"{module}.{name}" else getattr(home, name)
        setattr(sys.modules[module], name, found)
        return found

    def names() -> list[str]:
        return sorted(sys.modules[module].__all__)

    return get, names
