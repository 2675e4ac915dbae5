"""The six descriptions, in a folder of their own, and what all made-up versions are compared with."""

from pathlib import Path

import pytest
from reconstructed import copy_reconstructed
from rehearsal import Rehearsal


@pytest.fixture(scope="session")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the six descriptions that the project began with."""
    return copy_reconstructed(tmp_path_factory.mktemp("six") / "openapi")


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """Return the made-up run that a version is tracked in."""
    place = tmp_path_factory.mktemp("rehearsal")
    folder = copy_reconstructed(place / "openapi")
    return Rehearsal.of(folder, place)
