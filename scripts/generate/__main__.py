"""Generator command for the raw client, or for a client of any description: `python -m scripts.generate`.

Without arguments it rebuilds `generated/korus_api` from the version in the lock, with the overlay. With
`--description FILE --output DIR` it does the same for any OpenAPI 3 description and any folder; the folder
becomes the package. The project's overlay is applied only to descriptions with the title of this API;
`--overlay FILE` applies another one, `--no-overlay` none.

The package is written to a temporary folder, audited, and then moved to its place. The last lines of the output are
the counts of the audit. With `--check` nothing is written: the folder is compared with the expected package. Exit
statuses: 0 written, or up to date; 1 the package would be incomplete, nothing written; 2 the description, the overlay
or the arguments are invalid, nothing written; 3 with `--check`, the folder is out of date.
"""

from __future__ import annotations

import argparse
import gc
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.descriptions import FOLDER, DescriptionError, find, read_lock
from scripts.generate.build import NAMES, AuditFailedError, OutputError, build
from scripts.generate.launcher import GenerationError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_OUTPUT = FOLDER.parent / "generated" / "korus_api"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.generate",
        description="Rebuild the raw client, or generate a client of any OpenAPI 3 description.",
    )
    parser.add_argument(
        "--description", type=Path, metavar="FILE", help="an OpenAPI 3 description, YAML or JSON"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="the folder of the package")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--overlay", type=Path, metavar="FILE", help="the overlay to apply instead of the project's"
    )
    which.add_argument("--no-overlay", action="store_true", help="apply no overlay")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; list the files that are out of date"
    )
    options = parser.parse_args(arguments)
    if options.description is not None and options.output is None:
        parser.error("--description requires --output")
    try:
        source: Path = options.description or find(read_lock().current)
        output: Path = options.output or DEFAULT_OUTPUT
        if options.check:
            return _check(source, output, overlay=options.overlay, bare=options.no_overlay)
        # other descriptions add no names here
        grow = options.description is None and options.output is None
        report = build(source, output, overlay=options.overlay, bare=options.no_overlay, grow=grow)
    except (DescriptionError, OutputError) as error:
        print(f"generate: {error}", file=sys.stderr)
        return 2
    except (GenerationError, AuditFailedError) as error:
        print(f"generate: nothing written: {error}", file=sys.stderr)
        return 1
    print(report)
    return 0


def _check(source: Path, output: Path, *, overlay: Path | None, bare: bool) -> int:
    """Compare a folder with a new build; print and count the differences."""
    with tempfile.TemporaryDirectory() as workshop:
        fresh = Path(workshop) / output.resolve().name
        names = Path(workshop) / NAMES.name
        if NAMES.exists():
            shutil.copyfile(NAMES, names)
        build(source, fresh, overlay=overlay, bare=bare, names=names, grow=True)
        wanted, present = _files(fresh), _files(output)
        if output.resolve() == DEFAULT_OUTPUT:
            wanted[NAMES.name], present[NAMES.name] = (
                names.read_bytes(),
                NAMES.read_bytes() if NAMES.exists() else b"",
            )
    different = sorted(
        name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name)
    )
    for name in different:
        state = "missing" if name not in present else "unexpected" if name not in wanted else "different"
        print(f"generate: {output / name}: {state}", file=sys.stderr)
    if different:
        print("generate: out of date; run `make generate`", file=sys.stderr)
        return 3
    print(f"generate: {output} is up to date")
    return 0


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


if __name__ == "__main__":
    gc.disable()  # the process ends before garbage collection is useful
    raise SystemExit(main())
