"""The six descriptions, in a folder of their own."""

from pathlib import Path

import pytest
from reconstructed import copy_reconstructed


@pytest.fixture(scope="session")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the six descriptions that the project began with."""
    return copy_reconstructed(tmp_path_factory.mktemp("six") / "openapi")
