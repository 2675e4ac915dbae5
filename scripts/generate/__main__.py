"""Rebuild the raw client, or make one for any description: `python -m scripts.generate`.

Without arguments it rebuilds `generated/korus_api` from the version in the lock, with the overlay. With
`--description FILE --output DIR` it does the same for any OpenAPI 3 description and any folder; the folder
becomes the package. The project's overlay is applied to descriptions of this API only, told by their title;
`--overlay FILE` applies another one, `--no-overlay` none.

The package is written beside its place, audited, and only then moved there. What it prints last is what the
audit counted. Exit statuses: 0 written; 1 something would be lost, nothing written; 2 the description, the
overlay or the arguments cannot be used, nothing written.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.descriptions import FOLDER, DescriptionError, find, read_lock
from scripts.generate.build import AuditFailedError, OutputError, build
from scripts.generate.launcher import GenerationError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_OUTPUT = FOLDER.parent / "generated" / "korus_api"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.generate", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--description", type=Path, metavar="FILE", help="an OpenAPI 3 description, YAML or JSON"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="the folder that becomes the package")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--overlay", type=Path, metavar="FILE", help="an overlay to apply instead of the project's"
    )
    which.add_argument("--no-overlay", action="store_true", help="apply no overlay")
    options = parser.parse_args(arguments)
    if options.description is not None and options.output is None:
        parser.error("--description needs --output: which folder shall become the package?")
    try:
        source: Path = options.description or find(read_lock().current)
        report = build(
            source, options.output or DEFAULT_OUTPUT, overlay=options.overlay, bare=options.no_overlay
        )
    except (DescriptionError, OutputError) as error:
        print(f"generate: {error}", file=sys.stderr)
        return 2
    except (GenerationError, AuditFailedError) as error:
        print(f"generate: nothing written: {error}", file=sys.stderr)
        return 1
    print(report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
