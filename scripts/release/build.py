"""Build sdist and wheel of the last commit twice, from two clones, and keep them if both are the same to the byte."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.release.environments import ROOT, run, tool

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["build", "main"]


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def build(output: Path, python: Path | None = None) -> dict[str, str]:
    """Build from two clones into `output`; returns the digests, and leaves with a message if they differ.

    Args:
        output: Where the files go; what is there is removed.
        python: A Python that has `build` and `hatchling`; one is installed if None.
    """
    python = python or tool("python")
    with tempfile.TemporaryDirectory() as scratch:
        built: list[Path] = []
        for name in ("one", "another"):
            clone, dist = Path(scratch, name, "clone"), Path(scratch, name, "dist")
            run("git", "clone", "--quiet", "--no-hardlinks", ROOT, clone)
            run(python, "-m", "build", "--no-isolation", "--outdir", dist, clone)
            built.append(dist)
        first, second = map(digests, built)
        if first != second:
            sys.exit(f"two builds of one commit differ: {first} and {second}")
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(built[0], output)
    return first


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m scripts.release.build", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="where sdist and wheel go (dist)")
    for name, digest in build(parser.parse_args(arguments).output).items():
        print(f"{digest}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
