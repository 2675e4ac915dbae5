"""The six descriptions, in a folder of their own, and what all made-up versions are compared with."""

from typing import TYPE_CHECKING

import pytest
from reconstructed import copy_reconstructed
from rehearsal import Rehearsal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    place = tmp_path_factory.mktemp("rehearsal")
    folder: Path = copy_reconstructed(place / "openapi")
    return Rehearsal.of(folder, place)
