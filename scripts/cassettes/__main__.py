"""Checks of recorded traffic, and its replay with a client of another description.

`check` compares every exchange with the description of its own version and with the newest one, or with a given one;
`coverage` lists the parts of a description that no cassette shows; `scan` searches for private data; `show` prints a
cassette; `replay` builds the raw client of a description and reads every recorded answer with it. Without paths all
cassettes of the repository are used.

Exit statuses: 0 no problems; 1 problems were found; 2 a file or argument is invalid.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from korus.testing import cassettes, checking, descriptions, reports, scanning, shipped
from scripts.cassettes.replay import reread
from scripts.descriptions import FOLDER, DescriptionError, load, read_lock, sha256
from scripts.generate.build import AuditFailedError, corrected
from scripts.generate.launcher import GenerationError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CASSETTES", "EXCEPTIONS", "library", "main"]

ROOT = FOLDER.parent
CASSETTES = (ROOT / "tests" / "cassettes", ROOT / "examples")
"""The folders of the repository's cassettes."""
EXCEPTIONS = ROOT / "tests" / "cassette-exceptions.yaml"
"""The known exceptions, each with its reason."""


def library() -> checking.Library:
    """Return the descriptions of all versions in the lock, with the overlay of the raw client."""
    lock = read_lock()
    files = {version: FOLDER / one.file for version, one in lock.descriptions.items()}
    return checking.Library(files, lock.current, corrected)


def _description(path: Path) -> descriptions.Description:
    """Return a single description; one of this API with the overlay, as for generating."""
    return descriptions.Description.of(corrected(load(path)), sha256=sha256(path.read_bytes()))


def _paths(given: Sequence[Path]) -> list[Path]:
    if given:
        return list(cassettes.find(given))
    every = list(cassettes.find(folder for folder in CASSETTES if folder.exists()))
    return [path for path in every if "cassettes" in path.relative_to(ROOT).parts]


def _shown(paths: Sequence[Path]) -> list[Path]:
    """Return the paths for display, relative to the root of the repository if they are below it."""
    here = Path.cwd()
    return [
        path.relative_to(here) if path.is_absolute() and path.is_relative_to(here) else path for path in paths
    ]


def _check(options: argparse.Namespace) -> int:
    exceptions = options.exceptions or (
        EXCEPTIONS if EXCEPTIONS.exists() and options.description is None else None
    )
    report = checking.check(
        _shown(_paths(options.paths)),
        library=None if options.description else library(),
        description=_description(options.description) if options.description else None,
        exemptions=checking.read_exemptions(exceptions) if exceptions else (),
        standing=shipped.exceptions() if options.description is None else (),
        complete=not options.paths or options.exceptions is not None,
    )
    print(reports.check_as_json(report) if options.format == "json" else reports.check_as_table(report))
    return 0 if report.passed else 1


def _coverage(options: argparse.Namespace) -> int:
    description = _description(options.description) if options.description else library().newest
    coverage = checking.cover(_shown(_paths(options.paths)), description)
    print(
        reports.coverage_as_json(coverage)
        if options.format == "json"
        else reports.coverage_as_table(coverage)
    )
    return 0 if coverage.passed else 1


def _scan(options: argparse.Namespace) -> int:
    paths = _shown(_paths(options.paths))
    secret = os.environ.get("KORUS_CLIENT_SECRET", "")
    leaks = scanning.scan(paths, secrets=[secret] if secret else [])
    as_json = options.format == "json"
    print(reports.leaks_as_json(leaks, len(paths)) if as_json else reports.leaks_as_table(leaks, len(paths)))
    return 1 if leaks else 0


def _show(options: argparse.Namespace) -> int:
    for path in _shown(_paths(options.paths)):
        print(reports.scenario(cassettes.read(path), path.as_posix(), only=options.interaction), end="\n\n")
    return 0


def _replay(options: argparse.Namespace) -> int:
    known = (*shipped.exceptions(), *checking.read_exemptions(EXCEPTIONS))
    outcome = reread(options.against, _shown(_paths(options.paths)), known)
    print(outcome.as_json() if options.format == "json" else outcome.as_table())
    return 0 if outcome.passed else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.cassettes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, run, summary in (
        ("check", _check, "compare every exchange with the descriptions"),
        ("coverage", _coverage, "list the parts of a description without recorded traffic"),
        ("scan", _scan, "search for private data"),
        ("show", _show, "print cassettes"),
        ("replay", _replay, "read every recorded response with the client of another description"),
    ):
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(run=run)
        command.add_argument(
            "paths", nargs="*", type=Path, metavar="PATH", help="cassettes, or folders of cassettes"
        )
        if name != "show":
            command.add_argument(
                "--format", choices=("table", "json"), default="table", help="the output format"
            )
        if name in {"check", "coverage"}:
            command.add_argument(
                "--description", type=Path, metavar="FILE", help="compare with this description only"
            )
        if name == "check":
            command.add_argument(
                "--exceptions", type=Path, metavar="FILE", help="the list of known exceptions"
            )
        if name == "show":
            command.add_argument(
                "--interaction",
                type=int,
                metavar="N",
                help="print only this exchange, complete; numbered from 0",
            )
        if name == "replay":
            command.add_argument(
                "--against", type=Path, metavar="FILE", required=True, help="the description of the client"
            )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (
        cassettes.CassetteUnreadable,
        checking.ExemptionsUnreadable,
        descriptions.DescriptionUnreadable,
        DescriptionError,
        GenerationError,
        AuditFailedError,
        FileNotFoundError,
    ) as error:
        print(f"cassettes: {error}", file=sys.stderr)
        return 1 if isinstance(error, cassettes.CassetteUnreadable) else 2


if __name__ == "__main__":
    raise SystemExit(main())
