"""``korus book FILE``: from a file of what to book to tickets and a receipt on disk.

A thin shell: `korus.cli.booking_file` reads the file, `korus.cli.lookup` finds what it names,
`korus.cli.carry_out` carries it out, and `korus.cli.receipt` puts into words what became of it.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from korus import Korus, __version__
from korus.cli.booking_file import BookingFile, FileInvalid, parse
from korus.cli.carry_out import Errand, Wishes
from korus.cli.lookup import look_up
from korus.cli.progress import progress_on
from korus.cli.receipt import Line, receipt, status, summary

__all__ = ["app", "book"]

_WRONG_FILE = 2

app = typer.Typer()


@app.command()
def book(
    file: Annotated[
        Path,
        typer.Argument(
            help="What to book: JSON if its name ends in .json, else YAML.", exists=True, dir_okay=False
        ),
    ],
    to: Annotated[Path, typer.Option(help="Where to make a folder for tickets and receipt.")] = Path(
        "tickets"
    ),
    reference: Annotated[str | None, typer.Option(help="External reference, instead of the file's.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the tickets of an order.", min=0)] = 120,
    max_price_change: Annotated[
        str | None, typer.Option(help="Do not book what costs more or less than listed by more than this.")
    ] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only check the file and what is left.")] = False,
    whole: Annotated[
        bool, typer.Option("--all-or-nothing", help="Order nothing unless everything could be held.")
    ] = False,
) -> None:
    """Book what a JSON or YAML file asks for; write the tickets and a receipt.

    Leaves with 0 when everything is booked, 3 when a part is, 1 when nothing is, and 2 when the file is
    wrong: then every problem is printed with its line, and nothing was sent that books. It can be run
    again: what was ordered under the file's external reference already is not bought twice.
    """
    try:
        booking = parse(_text_of(file), json=file.suffix.lower() == ".json", external_reference=reference)
        with Korus.from_env(language=booking.language) if booking.language else Korus.from_env() as korus:
            wishes = Wishes(to / _folder_name(booking), wait, whole, max_price_change)
            ended = _run(korus, booking, wishes, only_check=check)
    except FileInvalid as invalid:
        _report(file, invalid)
        raise typer.Exit(_WRONG_FILE) from None
    raise typer.Exit(ended)


def _run(korus: Korus, booking: BookingFile, wishes: Wishes, *, only_check: bool) -> int:
    with progress_on(Console()) as progress:
        progress.step("looking up what the file names")
        found, problems = look_up(korus, booking)
        errand = Errand(korus, booking, wishes, progress, [Line(entry) for entry in found])
        problems += errand.problems()
        if problems:
            raise FileInvalid(problems)
        if only_check:
            for words in errand.check():
                progress.step(f"  {words}")
            progress.step("nothing was booked")
            return 0
        errand.take_up()
        try:
            errand.book()
            errand.finish()
        finally:
            # whatever happens after money moved: what was bought is written down
            total = _write_receipt(booking, errand, wishes.folder)
    print("\n".join(summary(errand.lines, wishes.folder, total)))  # noqa: T201 - what the command is for
    return status(errand.lines)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}") from None


def _folder_name(booking: BookingFile) -> str:
    """The external reference as a name that is safe in every file system."""
    return re.sub(r"[^\w-]+", "_", booking.external_reference, flags=re.ASCII).strip("_") or "booking"


def _write_receipt(booking: BookingFile, errand: Errand, folder: Path) -> str | None:
    """Write the receipt if anything was held or bought, whole or not at all; give the total."""
    written = receipt(errand.lines, booking.external_reference, datetime.now(UTC), __version__)
    if any(line.is_booked or line.reservation for line in errand.lines):
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / "receipt.json.new"
        beside.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(folder / "receipt.json")
    total: str | None = written["total_incl_tax"]
    return total


def _report(file: Path, invalid: FileInvalid) -> None:
    for problem in invalid.problems:
        where = f"{problem.where}: " if problem.where else ""
        print(f"{file}:{problem.line}: {where}{problem.reason}", file=sys.stderr)  # noqa: T201
    count = len(invalid.problems)
    print(f"{count} problem{'s' * (count > 1)}; nothing was booked", file=sys.stderr)  # noqa: T201
