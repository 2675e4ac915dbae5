"""Check and update of the digests in the lock.

``python -m scripts.descriptions`` writes the digest of a reconstructed description that was edited by hand into the
lock; with ``--check`` nothing is written, and a stale digest is an error. A downloaded description is evidence:
it is never edited, and only ``make fetch`` replaces it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from scripts.descriptions.errors import DescriptionError
from scripts.descriptions.files import FOLDER, sha256
from scripts.descriptions.lock import read_lock, write_lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scripts.descriptions.lock import Lock


def stale(lock: Lock, folder: Path) -> dict[str, str]:
    """Return the correct digest of every version whose digest in the lock is stale.

    Raises:
        DescriptionError: A file cannot be read.
    """
    found: dict[str, str] = {}
    for version, entry in lock.descriptions.items():
        try:
            digest = sha256((folder / entry.file).read_bytes())
        except OSError as error:
            raise DescriptionError(f"cannot read {folder / entry.file}: {error.strerror}") from error
        if digest != entry.sha256:
            found[version] = digest
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Check or update the lock; return 0 if it is correct, else 1."""
    parser = argparse.ArgumentParser(prog="python -m scripts.descriptions", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 if a digest is stale"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="the folder of the descriptions")
    options = parser.parse_args(arguments)
    try:
        lock = read_lock(options.folder)
        found = stale(lock, options.folder)
    except DescriptionError as error:
        print(error, file=sys.stderr)
        return 1
    downloaded = [version for version in found if lock.descriptions[version].origin == "downloaded"]
    for version in downloaded:
        print(
            f"{lock.descriptions[version].file}: edited after its download; restore it, or run `make fetch`"
        )
    edited = {version: digest for version, digest in found.items() if version not in downloaded}
    if options.check:
        for version in edited:
            print(f"{lock.descriptions[version].file}: edited; run `make generate`")
        return 1 if found else 0
    if edited:
        entries = {
            version: evolve(entry, sha256=edited.get(version, entry.sha256))
            for version, entry in lock.descriptions.items()
        }
        write_lock(evolve(lock, descriptions=entries), options.folder)
        print(f"updated in the lock: {', '.join(edited)}")
    return 1 if downloaded else 0


if __name__ == "__main__":
    sys.exit(main())
