"""Build small documents to compare."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

# the pairs stand beside the tests, however pytest imports those
sys.path.insert(0, str(Path(__file__).parent))
from reconstructed import copy_reconstructed
from rule_pairs import document

from scripts.compare import Comparison, compare


@pytest.fixture(scope="session")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the six descriptions that the project began with."""
    return copy_reconstructed(tmp_path_factory.mktemp("six") / "openapi")


@pytest.fixture(scope="session")
def compared():
    """Compare two documents given as plain values."""

    def run(old: dict[str, Any], new: dict[str, Any]) -> Comparison:
        return compare(document(old), document(new))

    return run
