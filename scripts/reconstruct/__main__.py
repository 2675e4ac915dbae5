"""The command: ``python -m scripts.reconstruct``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.descriptions import (
    FOLDER,
    Description,
    DescriptionError,
    Lock,
    dump,
    file_name,
    read_lock,
    sha256,
    write_lock,
    write_whole,
)
from scripts.reconstruct import VERSIONS, document

HEADER = "# Written by `python -m scripts.reconstruct` from its tables of facts; not a download.\n"


def text(version_name: str) -> str:
    """Give the whole file of a reconstructed version."""
    version = next(one for one in VERSIONS if one.name == version_name)
    return HEADER + dump(document(version))


def main(arguments: list[str] | None = None) -> int:
    """Write every reconstructed description and enter it in the lock.

    Args:
        arguments: The command line; that of the process if None.

    Returns:
        0 when all is written, 1 when the lock cannot be read.
    """
    parser = argparse.ArgumentParser(prog="python -m scripts.reconstruct", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write (default: openapi/)")
    folder: Path = parser.parse_args(arguments).folder
    try:
        lock = read_lock(folder) if (folder / "lock.toml").exists() else Lock(VERSIONS[-1].name, {})
    except DescriptionError as error:
        print(error, file=sys.stderr)
        return 1
    for version in VERSIONS:
        known = lock.descriptions.get(version.name)
        if known is not None and known.origin != "reconstructed":
            print(f"{known.file}: downloaded since, left alone")
            continue
        content = text(version.name).encode()
        entry = Description(file=file_name(version.name), sha256=sha256(content), origin="reconstructed")
        write_whole(folder / entry.file, content)
        lock = lock.with_description(version.name, entry, current=False)
        print(f"{entry.file}: written, {len(content)} bytes")
    write_lock(lock, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
