"""Demonstration of a complete booking, from a booking file to PDF tickets on disk: `make demo`.

Starts the sandbox, books ``examples/family-weekend.yaml`` with ``korus book``, shows the written files, and compares
them with the sandbox's own records. All files are kept in ``build/demo`` until the next run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pypdf import PdfReader

from korus.sandbox import Sandbox
from korus.sandbox.catalogue import first_day_on_sale, sessions_of, tickets_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "examples" / "family-weekend.yaml"
FOLDER = ROOT / "build" / "demo"
FIRST_DAY = date(2027, 5, 10)
"""The Monday before the weekend that the file books."""
WEEKEND = re.compile(r"2027-05-1[456]")
PLENTY = 50


def main() -> int:
    """Run the demonstration; return 0 if everything was booked and is on disk."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    file, first_day = file_to_book()
    say("Starting the sandbox: a local simulation of the API with invented offers.")
    with Sandbox(seed=7, first_day=first_day) as sandbox, tempfile.TemporaryDirectory() as state:
        if file != FILE:
            stock_up(sandbox, first_day)
        say(f"It runs at {sandbox.base_url} and has {sandbox.catalogue.offer_count} offers.\n")
        arguments = ["book", shown(file), "--to", shown(FOLDER)]
        say(f"$ korus {' '.join(arguments)}")
        # settings of the shell must not connect the demonstration to a real API, or the sandbox to the user's own log
        others = {name: value for name, value in os.environ.items() if not name.startswith("KORUS_")}
        ended = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "korus.cli", *arguments],
            cwd=ROOT,
            env=others | sandbox.environment() | {"XDG_STATE_HOME": state},
            check=False,
        )
        say("")
        if ended.returncode:
            say(f"korus book ended with status {ended.returncode}: the demonstration failed.")
            return ended.returncode
        ordered = {order["order"] for order in sandbox.inspect.orders}
        asked = sum(sandbox.inspect.requests.values())
    (receipt_file,) = FOLDER.glob("*/receipt.json")
    receipt = json.loads(receipt_file.read_text())
    say("Written files:\n")
    for line in tree(FOLDER, receipt):
        say(f"  {line}")
    return compare(receipt, ordered, asked)


def file_to_book(today: date | None = None) -> tuple[Path, date]:
    """Return the example and the first day on sale; after its weekend, a copy that is moved by whole weeks.

    Args:
        today: The first day on which the sandbox sells, if it is not the current day.
    """
    today = today or first_day_on_sale(datetime.now(UTC))
    weeks = max(0, -((FIRST_DAY - today).days // 7))
    if not weeks:
        return FILE, FIRST_DAY
    later = timedelta(weeks=weeks)
    moved = WEEKEND.sub(lambda found: (date.fromisoformat(found[0]) + later).isoformat(), FILE.read_text())
    FOLDER.mkdir(parents=True, exist_ok=True)
    copy = FOLDER / FILE.name
    copy.write_text(moved)
    return copy, FIRST_DAY + later


def stock_up(sandbox: Sandbox, first_day: date) -> None:
    """Restock all offers of the week, since some may be sold out."""
    for offer in sandbox.catalogue.offers_by_id.values():
        if offer.date is None or not first_day <= offer.date < first_day + timedelta(weeks=1):
            continue
        for ticket in tickets_of(offer):
            for session in sessions_of(ticket):
                sandbox.set_stock(session.iri, PLENTY)
        if offer.capacity is not None:
            sandbox.set_stock(offer.iri, PLENTY)


def tree(folder: Path, receipt: dict[str, Any]) -> Iterator[str]:
    """Yield each file below a folder, with its size and description."""
    products = {
        document["file"]: f"{item['quantity']} x {item['product']}"
        for item in receipt["items"]
        for document in item["documents"]
    }
    yield f"{shown(folder)}/"
    for path in sorted(folder.rglob("*")):
        depth = "  " * len(path.relative_to(folder).parts)
        if path.is_dir():
            yield f"{depth}{path.name}/"
            continue
        size = f"{path.stat().st_size / 1024:7.1f} KiB"
        what = "receipt, for programs" if path.suffix == ".json" else "booking file"
        if path.suffix == ".pdf":
            pages = len(PdfReader(path).pages)
            what = f"{pages} page{'s' if pages > 1 else ''}: {products.get(path.name, 'tickets')}"
        yield f"{depth}{path.name}  {size}  {what}"


def compare(receipt: dict[str, Any], ordered: set[str], asked: int) -> int:
    """Compare the receipt with the sandbox's records; return 0 if they agree and every line has its tickets."""
    claimed = {item["order"] for item in receipt["items"]}
    without = [item["product"] for item in receipt["items"] if not item["documents"]]
    say(f"\nThe sandbox answered {asked} requests and has {len(ordered)} orders;", end=" ")
    say(
        "the receipt has the same orders."
        if claimed == ordered
        else f"the receipt differs: {sorted(claimed ^ ordered)}"
    )
    if without:
        say(f"Tickets are missing for: {', '.join(without)}")
    say(f"Open one of the PDF files, or read {shown(FILE)} to see the requested lines.")
    return 0 if claimed == ordered and not without else 1


def shown(path: Path) -> str:
    """Return a path relative to the project's root."""
    return str(path.relative_to(ROOT))


def say(words: str, end: str = "\n") -> None:
    """Print and flush, to keep the order with the output of the subprocess."""
    print(words, end=end, flush=True)


if __name__ == "__main__":
    sys.exit(main())
