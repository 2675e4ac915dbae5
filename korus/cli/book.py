"""``korus book FILE``: from a file of what to book to tickets and a receipt on disk.

A thin shell: `korus.cli.booking_file` reads the file, `korus.cli.lookup` finds what it names,
`korus.cli.carry_out` carries it out, and `korus.cli.receipt` puts into words what became of it.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
import tempfile
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from korus import Korus, __version__
from korus.availability import tolerance
from korus.cli.booking_file import BookingFile, FileInvalid, parse
from korus.cli.carry_out import Errand, Wishes
from korus.cli.located import FileProblem
from korus.cli.lookup import look_up
from korus.cli.progress import Screen, progress_on
from korus.cli.receipt import Line, receipt, status, summary
from korus.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["app", "book"]

_WRONG_FILE = 2
_INTERRUPTED = 130  # as a shell says it
_LARGEST_FILE = 1 << 20
_LONGEST_PROBLEM = 1000

app = typer.Typer()


def _amount(written: str | None) -> str | None:
    """Refuse what is no amount before anything is asked."""
    try:
        tolerance(written)
    except InvalidArgument:
        raise typer.BadParameter(f"{written!r} is not an amount like 2.00") from None
    return written


def _patience(seconds: float) -> float:
    """Refuse a wait without end before anything is asked."""
    if not math.isfinite(seconds):
        raise typer.BadParameter(f"must be a number of seconds, got {seconds}")
    return seconds


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
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for the tickets of an order.", min=0, callback=_patience)
    ] = 120,
    max_price_change: Annotated[
        str | None,
        typer.Option(
            help="Do not book what costs more or less than listed by more than this (2.00).",
            callback=_amount,
        ),
    ] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only check the file and what is left.")] = False,
    whole: Annotated[
        bool, typer.Option("--all-or-nothing", help="Order nothing unless everything could be held.")
    ] = False,
) -> None:
    """Book what a JSON or YAML file asks for; write the tickets and a receipt.

    Leaves with 0 when everything is booked, 3 when a part is, 1 when
    nothing is, and 2 when the file is wrong: then every problem is
    printed with its line, and nothing was sent that books.

    It can be run again: what was ordered under the file's external
    reference already is not bought twice.
    """
    try:
        booking = parse(_text_of(file), json=file.suffix.lower() == ".json", external_reference=reference)
        with Korus.from_env(language=booking.language) if booking.language else Korus.from_env() as korus:
            wishes = Wishes(to / _folder_name(booking), wait, whole, max_price_change)
            ended = _run(korus, booking, wishes, only_check=check)
    except FileInvalid as invalid:
        _report(file, invalid)
        raise typer.Exit(_WRONG_FILE) from None
    except KeyboardInterrupt:
        print("interrupted; the same command again goes on from here and buys nothing twice", file=sys.stderr)  # noqa: T201
        raise typer.Exit(_INTERRUPTED) from None
    raise typer.Exit(ended)


def _run(korus: Korus, booking: BookingFile, wishes: Wishes, *, only_check: bool) -> int:
    screen = Screen()
    with progress_on(screen) as progress:
        progress.step("looking up what the file names")
        found, problems = look_up(korus, booking)
        errand = Errand(korus, booking, wishes, progress, [Line(entry) for entry in found])
        problems += errand.problems()
        if problems:
            raise FileInvalid(problems)
        if only_check:
            words, ended = [*(f"  {line}" for line in errand.check()), "nothing was booked"], 0
        else:
            errand.take_up()
            total = _carry_out(errand, wishes.folder)
            words, ended = summary(errand.lines, wishes.folder, total), status(errand.lines)
    screen.say("\n".join(words))  # after the display, which takes itself away
    return ended


def _carry_out(errand: Errand, folder: Path) -> str:
    """Book, fetch the tickets and write the receipt; give the total in words."""
    with _writable(folder):
        try:
            errand.book()
            errand.finish()
        finally:
            # whatever happens after money moved: what was bought is written down
            written = _write_receipt(errand, folder)
    return " ".join(filter(None, (written["total_incl_tax"], written["currency"])))


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from None
    if len(content) > _LARGEST_FILE:
        raise FileInvalid((FileProblem(1, "", "more than 1 MiB: this cannot be a booking file"),))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = f"0x{content[error.start]:02x}"
        reason = f"not UTF-8 (the byte {byte}): save the file in that encoding"
        raise FileInvalid((FileProblem(line, "", reason),)) from None


def _folder_name(booking: BookingFile) -> str:
    """The external reference as a name that is safe in every file system, and no other reference's."""
    reference = booking.external_reference
    safe = re.sub(r"[^\w-]+", "_", reference, flags=re.ASCII).strip("_")
    if safe == reference:
        return safe
    return "_".join(filter(None, (safe, hashlib.sha256(reference.encode()).hexdigest()[:6])))


@contextmanager
def _writable(folder: Path) -> Generator[None]:
    """Make sure, before anything is held, that tickets can be written; an empty folder is taken away again."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = f"cannot write into {folder}: {error.strerror}"
        raise typer.BadParameter(reason, param_hint="--to") from None
    try:
        yield
    finally:
        for path in missing:
            with suppress(OSError):  # there is something in it
                path.rmdir()


def _write_receipt(errand: Errand, folder: Path) -> dict[str, Any]:
    """Write the receipt if anything was held or bought, whole or not at all; give what it says."""
    written = receipt(errand.lines, errand.booking.external_reference, datetime.now(UTC), __version__)
    if not any(line.is_booked or line.reservation for line in errand.lines):
        return written
    text = json.dumps(written, indent=2, ensure_ascii=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / "receipt.json.new"
        beside.write_text(text, encoding="utf-8")
        beside.replace(folder / "receipt.json")
    except OSError as error:
        print(text)  # noqa: T201 - better here than lost
        for line in errand.lines:
            line.failures.append(f"the receipt could not be written into {folder}: {error.strerror}")
    return written


def _report(file: Path, invalid: FileInvalid) -> None:
    for problem in invalid.problems:
        where = f"{problem.where}: " if problem.where else ""
        print(f"{file}:{problem.line}: {_harmless(where + problem.reason)}", file=sys.stderr)  # noqa: T201
    count = len(invalid.problems)
    print(f"{count} problem{'s' * (count > 1)}; nothing was booked", file=sys.stderr)  # noqa: T201


def _harmless(words: str) -> str:
    """What a file says, as it can be shown on a terminal: nothing that moves the cursor, nothing endless."""
    shown = words if len(words) <= _LONGEST_PROBLEM else f"{words[:_LONGEST_PROBLEM]}…"
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in shown
    )
