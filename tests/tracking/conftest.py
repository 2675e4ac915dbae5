"""Build small documents to compare."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

# the pairs stand beside the tests, however pytest imports those
sys.path.insert(0, str(Path(__file__).parent))
from rule_pairs import document

from scripts.compare import Comparison, compare
from scripts.reconstruct.__main__ import main as reconstruct


@pytest.fixture(scope="session")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the six reconstructed descriptions, whatever has been downloaded and followed since."""
    folder = tmp_path_factory.mktemp("six")
    assert reconstruct(["--folder", str(folder)]) == 0
    return folder


@pytest.fixture
def compared():
    """Compare two documents given as plain values."""

    def run(old: dict[str, Any], new: dict[str, Any]) -> Comparison:
        return compare(document(old), document(new))

    return run
