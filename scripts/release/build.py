"""Reproducible build: sdist and wheel of the last commit, built from two clones and compared byte by byte."""

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
    """Build from two clones into `output` and return the digests.

    Args:
        output: The target folder; its content is replaced.
        python: A Python with `build` and `hatchling`; one is installed if None.

    Raises:
        SystemExit: The two builds differ.
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
            sys.exit(f"the build is not reproducible: {first} and {second}")
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(built[0], output)
    return first


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, and print the digests."""
    parser = argparse.ArgumentParser(prog="python -m scripts.release.build", description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "dist", help="the folder for sdist and wheel (default: dist)"
    )
    for name, digest in build(parser.parse_args(arguments).output).items():
        print(f"{digest}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
