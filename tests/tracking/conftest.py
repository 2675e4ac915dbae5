"""Build small documents to compare."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from scripts.compare import Comparison, Document, compare


def document(content: dict[str, Any]) -> Document:
    return Document(Path("made-up.yaml"), copy.deepcopy(content))


@pytest.fixture
def compared():
    """Compare two documents given as plain values."""

    def run(old: dict[str, Any], new: dict[str, Any]) -> Comparison:
        return compare(document(old), document(new))

    return run
