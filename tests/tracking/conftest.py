"""Build small documents to compare."""

from __future__ import annotations

from typing import Any

import pytest
from rule_pairs import document

from scripts.compare import Comparison, compare


@pytest.fixture
def compared():
    """Compare two documents given as plain values."""

    def run(old: dict[str, Any], new: dict[str, Any]) -> Comparison:
        return compare(document(old), document(new))

    return run
