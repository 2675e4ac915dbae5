"""``korus cassettes``: check, measure, scan, show and import recorded traffic.

A thin shell over `korus.testing`. The default description is the one that korus was built from.
"""

from __future__ import annotations

import os
import secrets
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from korus.testing import bodies, cassettes, checking, descriptions, importing, reports, scanning, shipped
from korus.testing.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["app"]

FOUND, UNUSABLE = 1, 2

app = typer.Typer(no_args_is_help=True, help="Check, measure, scan, show and import recorded traffic.")


class Format(StrEnum):
    """Output format of a result."""

    TABLE = "table"
    JSON = "json"


Paths = Annotated[list[Path], typer.Argument(metavar="PATH…", help="Cassettes, or folders of them.")]
Printed = Annotated[Format, typer.Option("--format", help="A table for people or JSON for programs.")]


def _leave(message: str, status: int = UNUSABLE) -> NoReturn:
    typer.echo(f"korus cassettes: {message}", err=True)
    raise typer.Exit(status)


def _found(paths: Sequence[Path]) -> list[Path]:
    try:
        found = list(cassettes.find(paths))
    except FileNotFoundError as error:
        _leave(str(error))
    if not found:
        # a wrong path would otherwise look like a clean result
        _leave(f"there is no cassette in {', '.join(map(str, paths))}, so nothing was looked at")
    return found


def _description(path: Path) -> descriptions.Description:
    try:
        return descriptions.read(path)
    except (descriptions.DescriptionUnreadable, OSError) as error:
        _leave(str(error))


@app.command()
def check(
    paths: Paths,
    description: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Compare with this OpenAPI description only.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--descriptions",
            metavar="DIR",
            help="Compare with the description of each cassette's version and with the newest.",
        ),
    ] = None,
    exceptions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Known exceptions, each with its reason.")
    ] = None,
    printed: Printed = Format.TABLE,
) -> None:
    """Compare every recorded request and answer with a description.

    The default description is the one that korus was built from, with its known differences accepted. The exit status
    is 0 if all is as described, 1 if something is not, nothing was compared or a cassette is broken, 2 for an unusable
    file.
    """
    if description is not None and folder is not None:
        _leave("give either --description FILE or --descriptions DIR, not both")
    own = description is None and folder is None
    try:
        known = checking.read_exemptions(exceptions) if exceptions else ()
        library = checking.Library.of_folder(folder) if folder else None
    except (checking.ExemptionsUnreadable, OSError) as error:
        _leave(str(error))
    report = checking.check(
        _found(paths),
        library=library,
        description=shipped.description() if own else _description(description) if description else None,
        exemptions=known,
        standing=shipped.exceptions() if own else (),
    )
    typer.echo(reports.check_as_json(report) if printed is Format.JSON else reports.check_as_table(report))
    raise typer.Exit(0 if report.passed else FOUND)


@app.command()
def coverage(
    paths: Paths,
    description: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another OpenAPI description than korus's own.")
    ] = None,
    printed: Printed = Format.TABLE,
) -> None:
    """List the operations, statuses, fields and values of a description that no cassette shows.

    The exit status is 0 if all operations and documented success statuses are shown, 1 if not or a cassette is broken.
    """
    try:
        found = checking.cover(
            _found(paths), _description(description) if description else shipped.description()
        )
    except cassettes.CassetteUnreadable as error:
        _leave(str(error), FOUND)
    typer.echo(
        reports.coverage_as_json(found) if printed is Format.JSON else reports.coverage_as_table(found)
    )
    raise typer.Exit(0 if found.passed else FOUND)


@app.command()
def scan(paths: Paths, printed: Printed = Format.TABLE) -> None:
    """Scan for private values: names, addresses, numbers, tokens, secrets.

    The value of KORUS_CLIENT_SECRET is searched for too. The exit status is 0 if nothing is found, else 1.
    """
    files = _found(paths)
    secret = os.environ.get("KORUS_CLIENT_SECRET", "")
    leaks = scanning.scan(files, secrets=[secret] if secret else [])
    as_json = printed is Format.JSON
    typer.echo(
        reports.leaks_as_json(leaks, len(files)) if as_json else reports.leaks_as_table(leaks, len(files))
    )
    raise typer.Exit(FOUND if leaks else 0)


@app.command(name="import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Recordings of HAR, vcrpy or cassetter.", exists=True),
    ],
    folder: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="The folder of the new cassettes.", file_okay=False)
    ] = Path("cassettes"),
    everything: Annotated[bool, typer.Option("--all", help="Keep requests to other services too.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace cassettes that exist.")] = False,
) -> None:
    """Convert recordings of other tools to cassettes without private values.

    The key of the pseudonyms is KORUS_PSEUDONYM_KEY, or is made from KORUS_CLIENT_SECRET; without either it is random
    and not stored. The exit status is 1 if a file has no exchange with the API, 2 if it cannot be read.
    """
    pseudonyms = Pseudonyms.of_environment(os.environ) or Pseudonyms(secrets.token_bytes(32))
    for file in files:
        target = folder / f"{file.name.partition('.')[0]}.yaml"
        if target.exists() and not force:
            _leave(f"{target} exists; --force replaces it")
        try:
            found = importing.import_file(file, pseudonyms, everything=everything)
        except (importing.ImportFailed, bodies.BodyUnreadable) as error:
            _leave(str(error), FOUND if isinstance(error, importing.NothingOfTheApi) else UNUSABLE)
        cassettes.write(target, found.cassette)
        typer.echo(
            f"{target}: {len(found.cassette.interactions)} exchanges, {found.left_out} with other services left out"
        )


@app.command()
def show(
    paths: Paths,
    interaction: Annotated[
        int | None, typer.Option(metavar="N", help="Only this one, with whole bodies; counted from 0.", min=0)
    ] = None,
) -> None:
    """Print cassettes for people: the purpose, then exchange by exchange.

    The exit status is 1 if a cassette is broken.
    """
    for number, path in enumerate(_found(paths)):
        try:
            scenario = reports.scenario(cassettes.read(path), path.as_posix(), only=interaction)
        except cassettes.CassetteUnreadable as error:
            sys.stdout.flush()
            _leave(str(error), FOUND)
        typer.echo(f"\n{scenario}" if number else scenario)
