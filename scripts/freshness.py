"""Tell whether the committed raw client is what `make generate` writes now: `python -m scripts.freshness`.

Generates into a temporary folder and compares byte for byte; changes nothing. The same for ``korus/_sync`` is
`python -m scripts.sync --check`.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from pathlib import Path

from scripts.generate.__main__ import DEFAULT_OUTPUT
from scripts.generate.__main__ import main as generate

__all__ = ["differences", "main"]


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a package by its path, without what Python and its tools leave there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def differences(committed: Path, fresh: Path) -> list[str]:
    """Say in words where two packages differ; empty when they are the same to the byte."""
    old, new = files(committed), files(fresh)
    return [
        *(f"{path} would be new" for path in sorted(new.keys() - old.keys())),
        *(f"{path} would go" for path in sorted(old.keys() - new.keys())),
        *(f"{path} would change" for path in sorted(old.keys() & new.keys()) if old[path] != new[path]),
    ]


def main() -> int:
    """Compare; 0 when fresh, 1 when something would change, else the status of a generator that failed."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / DEFAULT_OUTPUT.name
        with contextlib.redirect_stdout(io.StringIO()):
            status = generate(["--output", str(fresh)])
        if status:
            return status
        found = differences(DEFAULT_OUTPUT, fresh)
    for difference in found:
        print(difference)
    if found:
        print("run `make generate`; what it writes is never edited")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
