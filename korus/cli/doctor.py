"""``korus doctor``: check that korus and the API fit. A thin shell over `korus.doctor`."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import Annotated

import typer

from korus import doctor as examination
from korus._core.private_files import write_private

__all__ = ["app"]

app = typer.Typer()


@app.command()
def doctor(  # noqa: PLR0917 - typer reads them as options
    quick: Annotated[
        bool, typer.Option("--quick", help="One object of each kind, at most 60 requests.")
    ] = False,
    book: Annotated[
        str | None,
        typer.Option(
            metavar="OFFER", help="Hold one unit of this offer and let it expire; off production order some."
        ),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, help="With --book: wait this long at most for a hold to end."),
    ] = 60,
    really: Annotated[
        bool, typer.Option("--really", help="Allow --book on production (the hold only).")
    ] = False,
    description: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Compare with this OpenAPI description.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the report as JSON, to send to the maintainers."),
    ] = None,
) -> None:
    """Check settings, connection and API with the KORUS_* variables.

    Only reads, unless --book is given: every GET of the API's
    description, with ids found on the way. The report holds no secret
    and no person; values that may be private are pseudonyms.

    The exit status is 0 if korus and the API fit, 3 if they differ, 1 if
    it cannot connect and 2 if the settings are wrong.
    """
    found = examination.examine(quick=quick, book=book, really=really, wait=wait, description=description)
    typer.echo(found.text(), nl=False)
    if report is not None:
        try:
            write_private(report, json.dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            typer.echo(f"korus: cannot write {report}: {error.strerror or error}", err=True)
            raise typer.Exit(2) from None
        typer.echo(f"The report is in {report}.", err=True)
    raise typer.Exit(found.status)
