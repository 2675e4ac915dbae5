"""The six descriptions that the project began with, copied for tests that change or follow them."""

import shutil
from pathlib import Path

from scripts.descriptions import FOLDER, Description, Lock, sha256, write_lock

VERSIONS = ["1.0.4", "1.0.7", "1.0.10", "1.0.19", "1.0.38", "release"]


def copy_reconstructed(folder: Path) -> Path:
    """Copy the six descriptions and the overlay, and lock them as the project did at first."""
    folder.mkdir(parents=True)
    shutil.copy(FOLDER / "overlay.yaml", folder)
    locked = {}
    for version in VERSIONS:
        path = Path(shutil.copy(FOLDER / f"{version}.yaml", folder))
        locked[version] = Description(path.name, sha256(path.read_bytes()), "reconstructed")
    write_lock(Lock("release", locked), folder)
    return folder
