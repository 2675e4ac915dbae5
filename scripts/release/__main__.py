"""``python -m scripts.release``: everything of a release that can be done here, from clean clones, but publishing."""

from __future__ import annotations

import subprocess
import sys

from scripts.release.build import build
from scripts.release.environments import ROOT, interpreters, run, tool
from scripts.release.smoke import smoke

__all__ = ["main"]

_NOTES = ("build", "--draft", "--version", "0.1.0", "--date", "unreleased")


def main() -> int:
    """Build twice, try the wheel in each Python that is here, and check that the fragments become notes."""
    if subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, check=True, capture_output=True).stdout:  # noqa: S607
        print("there are changes that are not committed; what is committed is tried")
    dist = ROOT / "build" / "release" / "dist"
    for name, digest in build(dist).items():
        print(f"{digest}  {name}: the same from two clones")
    (wheel,) = dist.glob("*.whl")
    for python in interpreters():
        for versions in ("lowest", "newest"):
            smoke(wheel, python, lowest=versions == "lowest")
            print(f"{python}, {versions} versions: the wheel and the README work", flush=True)
    run(tool("towncrier"), *_NOTES, cwd=ROOT)
    print("the fragments of changelog.d become release notes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
