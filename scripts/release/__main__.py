"""Rehearsal of a release from clean clones, without publishing: `python -m scripts.release`."""

from __future__ import annotations

import subprocess
import sys

from scripts.release.build import build
from scripts.release.environments import ROOT, interpreters, run, tool
from scripts.release.smoke import smoke

__all__ = ["main"]

_NOTES = ("build", "--draft", "--version", "0.1.0", "--date", "unreleased")


def main() -> int:
    """Build twice, test the wheel with every installed Python, and check that the release notes can be built."""
    if subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, check=True, capture_output=True).stdout:  # noqa: S607
        print("uncommitted changes are ignored; the last commit is tested")
    dist = ROOT / "build" / "release" / "dist"
    for name, digest in build(dist).items():
        print(f"{digest}  {name}: identical from two clones")
    (wheel,) = dist.glob("*.whl")
    for python in interpreters():
        for versions in ("lowest", "newest"):
            smoke(wheel, python, lowest=versions == "lowest")
            print(f"{python}, {versions} versions: the wheel works", flush=True)
    run(tool("towncrier"), *_NOTES, cwd=ROOT)
    print("changelog.d: the release notes can be built")
    return 0


if __name__ == "__main__":
    sys.exit(main())
