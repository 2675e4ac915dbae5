"""``korus book FILE``: book the lines of a file; write tickets and a receipt.

A thin shell: `korus.cli.booking_file` reads the file, `korus.cli.lookup` finds its offers in the catalogue,
`korus.cli.run_claim` excludes a concurrent run, `korus.cli.carry_out` books, and `korus.cli.receipt` describes the
result.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import signal
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from korus import Korus, __version__
from korus._booking.live_checks import tolerance
from korus.cli import INTERRUPTED_STATUS
from korus.cli.booking_file import BookingFile, FileInvalid, parse
from korus.cli.carry_out import BookingRun, Options
from korus.cli.lookup import look_up
from korus.cli.own_log import log_setting
from korus.cli.progress import PlainLines, Screen
from korus.cli.receipt import PARTLY, Line, receipt, status, summary
from korus.cli.receipt_file import write_receipt
from korus.cli.run_claim import RunBusy, claim_run
from korus.cli.shown import print_json
from korus.cli.source_positions import FileProblem
from korus.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

    from korus._journal.runs import RunHolder
    from korus.cli.progress import Progress

__all__ = ["app", "book", "progress_on"]

_WRONG_FILE = 2
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# a second signal must not interrupt the cleanup after the first, which takes at most 2 s for the log
_GRACE_SECONDS = 5.0
_LARGEST_FILE = 1 << 20
_LONGEST_PROBLEM = 1000

app = typer.Typer()


def _amount(written: str | None) -> str | None:
    """Refuse an invalid amount before any request."""
    try:
        tolerance(written)
    except InvalidArgument:
        raise typer.BadParameter(f"{written!r} is not an amount like 2.00") from None
    return written


def _patience(seconds: float) -> float:
    """Refuse an infinite wait before any request."""
    if not math.isfinite(seconds):
        raise typer.BadParameter(f"must be a number of seconds, got {seconds}")
    return seconds


@app.command()
def book(
    file: Annotated[
        Path,
        typer.Argument(
            help="What to book: JSON if its name ends in .json, else YAML; - reads standard input.",
        ),
    ],
    to: Annotated[
        Path, typer.Option(help="The folder in which a folder for tickets and receipt is made.")
    ] = Path("tickets"),
    reference: Annotated[str | None, typer.Option(help="External reference, instead of the file's.")] = None,
    wait: Annotated[
        float,
        typer.Option(
            help="Seconds to wait for the tickets of an order, and for another run to end.",
            min=0,
            callback=_patience,
        ),
    ] = 120,
    max_price_change: Annotated[
        str | None,
        typer.Option(
            help="Do not book offers whose price differs from the listed one by more than this (2.00).",
            callback=_amount,
        ),
    ] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only check the file and the availability.")] = False,
    whole: Annotated[
        bool, typer.Option("--all-or-nothing", help="Order nothing unless everything is held.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the receipt as JSON, and nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print problems only.")] = False,
) -> None:
    """Book the lines of a JSON or YAML file; write the tickets and a receipt.

    The exit status is 0 if everything is booked; 3 if a part is, if the
    result is unknown, or if another run for the same reference has not
    ended; 1 if nothing is booked; 2 if the file or a setting is wrong:
    then every problem is printed with its line, and nothing was booked.
    130 after an interrupt (SIGINT, SIGTERM).

    It can be run again: it first asks for existing bookings with the
    file's external reference, and books what is missing.

    Bookings are written to a log: the one in KORUS_JOURNAL, or one in the
    user's state folder ($XDG_STATE_HOME, ~/.local/state). Different homes
    and containers have different logs, and runs with different logs do
    not see each other: if they book for one account, set KORUS_JOURNAL to
    one database for all.
    """
    try:
        with _stoppable():
            text = _text_of(file)
            is_json = file.suffix.lower() == ".json" or (_is_input(file) and text.lstrip().startswith("{"))
            booking = parse(text, json=is_json, external_reference=reference)
            options = Options(to / _folder_name(booking), wait, whole, max_price_change)
            screen = Screen(quiet=quiet or as_json)
            ended = (_check if check else _book)(booking, options, screen, as_json=as_json)
    except FileInvalid as invalid:
        _report(file, invalid)
        raise typer.Exit(_WRONG_FILE) from None
    except RunBusy as busy:
        print(f"korus: {_at_work(busy.holder)}; nothing was booked by this one. {_AGAIN}", file=sys.stderr)  # noqa: T201
        raise typer.Exit(PARTLY) from None
    except KeyboardInterrupt:
        print(f"interrupted; what was sent may be carried out still. {_AGAIN}", file=sys.stderr)  # noqa: T201
        raise typer.Exit(INTERRUPTED_STATUS) from None
    raise typer.Exit(ended)


_AGAIN = "Run the same command again, with the same log: it asks first what exists"


@contextmanager
def _stoppable() -> Generator[None]:
    """Treat SIGTERM like SIGINT: stop at once, with cleanup."""
    first: list[float] = []

    def stop(_: int, __: FrameType | None) -> None:
        now = time.monotonic()
        if not first or now - first[0] > _GRACE_SECONDS:
            first.append(now)
            raise KeyboardInterrupt

    if (
        threading.current_thread() is not threading.main_thread()
    ):  # Python handles signals in the main thread only
        yield
        return
    # signals that are ignored, as in a background job of a shell, stay ignored
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    taken = [number for number in _SIGNALS if before[number] is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])


def progress_on(screen: Screen) -> Progress:
    """Return the display that suits where the words go to."""
    if not screen.is_terminal or screen.quiet:
        return PlainLines(screen)
    from korus.cli.live_table import LiveTable  # noqa: PLC0415 (needs a terminal)

    return LiveTable(screen)


def _check(booking: BookingFile, options: Options, screen: Screen, *, as_json: bool) -> int:
    with _client(booking, journal=None) as korus, progress_on(screen) as progress:
        run = _looked_up(korus, booking, options, progress)
        checked = list(run.check())
        words = [*(f"  {line}" for line in checked), "nothing was booked"]
    screen.say("\n".join(words))  # after the display, which takes itself away
    if as_json:
        print_json({"checked": checked})
    return 0


def _book(booking: BookingFile, options: Options, screen: Screen, *, as_json: bool) -> int:
    reference = booking.external_reference
    with _client(booking, **log_setting()) as korus, progress_on(screen) as progress:

        def waiting(holder: RunHolder) -> None:
            progress.step(f"waiting, since {_at_work(holder)}")

        with claim_run(korus.journal.store, reference, options.wait, waiting) as claim:
            progress.step("settling what earlier runs left")
            recovered = korus.journal.recover()
            if made := sum(len(each.succeeded) for each in recovered if each.kind == "order"):
                screen.say(f"orders that earlier runs had begun, found or completed now: {made}")
            run = _looked_up(korus, booking, options, progress)
            run.claim, run.recovered = claim, recovered
            run.take_up()
            written = _carry_out(run, options.folder)
    if as_json:
        print_json(written)
    total = " ".join(filter(None, (written["total_incl_tax"], written["currency"])))
    screen.say("\n".join(summary(run.lines, options.folder, total, run.other_orders)))
    return status(run.lines, run.other_orders)


def _client(booking: BookingFile, **settings: Any) -> Korus:
    if booking.language:
        settings["language"] = booking.language
    return Korus.from_env(**settings)


def _looked_up(korus: Korus, booking: BookingFile, options: Options, progress: Progress) -> BookingRun:
    progress.step("looking up what the file names")
    found, problems = look_up(korus, booking)
    run = BookingRun(korus, booking, options, progress, [Line(entry) for entry in found])
    problems += run.problems()
    if problems:
        raise FileInvalid(problems)
    return run


def _at_work(holder: RunHolder) -> str:
    since = holder.since.isoformat(sep=" ", timespec="seconds")
    return f"another run for this reference is at work: process {holder.pid} on {holder.host}, since {since}"


def _carry_out(run: BookingRun, folder: Path) -> dict[str, Any]:
    """Book, fetch the tickets and write the receipt; return it."""
    with _writable(folder):
        try:
            run.book()
            run.finish()
        finally:
            # after money moved, the receipt is written whatever happens
            written = _write_receipt(run, folder)
    return written


def _is_input(file: Path) -> bool:
    return str(file) == "-"


def _text_of(file: Path) -> str:
    try:
        if _is_input(file):
            content = sys.stdin.buffer.read(_LARGEST_FILE + 1)
        else:
            with file.open("rb") as opened:
                content = opened.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}", param_hint="FILE") from None
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
    """Return a unique name for the external reference that is valid in every file system."""
    reference = booking.external_reference
    safe = re.sub(r"[^\w-]+", "_", reference, flags=re.ASCII).strip("_")
    if safe == reference:
        return safe
    return "_".join(filter(None, (safe, hashlib.sha256(reference.encode()).hexdigest()[:6])))


@contextmanager
def _writable(folder: Path) -> Generator[None]:
    """Check, before anything is held, that tickets can be written; an empty folder is removed again."""
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
            with suppress(OSError):  # it is not empty
                path.rmdir()


def _write_receipt(run: BookingRun, folder: Path) -> dict[str, Any]:
    """Write the receipt atomically if anything was held or bought; return it."""
    written = receipt(run.lines, run.reference, datetime.now(UTC), __version__, run.other_orders)
    if not run.other_orders and not any(line.is_booked or line.reservations for line in run.lines):
        return written
    try:
        write_receipt(folder, written)
    except OSError as error:
        print(json.dumps(written, indent=2, ensure_ascii=False))  # noqa: T201 - better here than lost
        for line in run.lines:
            line.failures.append(f"the receipt could not be written into {folder}: {error.strerror}")
    return written


def _report(file: Path, invalid: FileInvalid) -> None:
    for problem in invalid.problems:
        where = f"{problem.where}: " if problem.where else ""
        print(f"{file}:{problem.line}: {_harmless(where + problem.reason)}", file=sys.stderr)  # noqa: T201
    count = len(invalid.problems)
    print(f"{count} problem{'s' * (count > 1)}; nothing was booked", file=sys.stderr)  # noqa: T201


def _harmless(words: str) -> str:
    """Return a text of the file for a terminal: cut, and without control characters."""
    shown = words if len(words) <= _LONGEST_PROBLEM else f"{words[:_LONGEST_PROBLEM]}…"
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in shown
    )
