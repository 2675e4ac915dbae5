"""History of the API over all versions in ``openapi/``: `python -m scripts.history`.

Writes one HTML page without scripts, and prints the table of changes per step. Exit status: 0 written, 1 the changes
cannot be determined, 2 invalid arguments.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.compare import ComparisonError
from scripts.compare.python import SurfaceError
from scripts.descriptions import FOLDER
from scripts.track.history_page import show, table
from scripts.track.history_steps import replay

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.history",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="the folder of the descriptions (default: openapi/)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "build" / "history" / "index.html",
        help="the file of the page (default: %(default)s)",
    )
    parser.add_argument("--wire-only", action="store_true", help="omit the effects on Python")
    given = parser.parse_args(arguments)
    try:
        steps = replay(given.folder, python=not given.wire_only)
    except (ComparisonError, SurfaceError) as error:
        print(f"history: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(show(steps), encoding="utf-8")
    sys.stdout.write(table(steps))
    print(f"history: {len(steps)} steps in {given.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
