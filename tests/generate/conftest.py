"""Raw clients generated for the tests, each imported under its own name."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts.descriptions import dump
from scripts.generate.build import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

HERE = Path(__file__).parent
DESCRIPTIONS = HERE / "descriptions"


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("packages")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="session")
def client_of(workshop: Path) -> Callable[..., ModuleType]:
    """Generate the raw client for a description file or document, once, and import it."""
    made: dict[str, ModuleType] = {}

    def make(source: str | dict[str, Any], name: str | None = None) -> ModuleType:
        name = name or f"client_{source}"
        if name not in made:
            if isinstance(source, str):
                path = DESCRIPTIONS / f"{source}.yaml"
            else:
                path = workshop / f"{name}.description.yaml"
                path.write_text(dump(source), encoding="utf-8")
            build(path, workshop / name)
            importlib.invalidate_caches()
            made[name] = importlib.import_module(name)
        return made[name]

    return make


@pytest.fixture
def described() -> Callable[..., dict[str, Any]]:
    """Build a small description from schemas and the responses of one operation."""

    def describe(schemas: dict[str, Any] | None = None, **operation: Any) -> dict[str, Any]:
        operation.setdefault("responses", {"204": {"description": "done"}})
        return {
            "openapi": "3.1.0",
            "info": {"title": "Small", "version": "1"},
            "paths": {"/things": {"get": operation}},
            "components": {"schemas": schemas or {}},
        }

    return describe
