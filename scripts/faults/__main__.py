"""Fault campaigns, which print a table and return 1 if there are problems: `python -m scripts.faults`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from attrs import asdict

from scripts.faults.campaign import Campaign, Result, run

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROWS = {
    "asked": "requested bookings",
    "lines": "requested orders",
    "ordered": "bookings with orders, beneficiaries and documents",
    "refused": "rejected bookings (sold out)",
    "orders": "orders in the sandbox",
    "duplicates": "duplicates",
    "lost": "lost",
    "unknown": "still unknown after recover()",
    "late": "booking requests started after an interrupt",
    "spare_holds": "reservations without an order (they expire)",
    "tokens": "tokens requested",
    "replays": "replays",
    "requests": "requests",
    "seconds": "seconds",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    usual = Campaign()
    parser = argparse.ArgumentParser(
        prog="python -m scripts.faults",
        description="Book under faults and count lost and duplicate bookings; exit status 1 if there are any.",
    )
    parser.add_argument(
        "--seed", type=int, nargs="*", default=[usual.seed], help="the seeds, one campaign for each"
    )
    parser.add_argument("--bookings", type=int, default=usual.bookings, help="the number of bookings")
    parser.add_argument(
        "--commands", type=int, default=usual.commands, help="the number of bookings by `korus book`"
    )
    parser.add_argument("--processes", type=int, default=usual.processes, help="the number of processes")
    parser.add_argument("--workers", type=int, default=usual.workers, help="threads or tasks in each process")
    parser.add_argument(
        "--severity", type=float, default=usual.severity, help="the severity of the faults (1: severe)"
    )
    parser.add_argument("--journal", help="the SQLAlchemy URL of the journal (default: a new SQLite file)")
    options = parser.parse_args(arguments)
    found: dict[int, Result] = {}
    for seed in options.seed:
        found[seed] = run(
            Campaign(
                seed=seed,
                bookings=options.bookings,
                commands=options.commands,
                processes=options.processes,
                workers=options.workers,
                severity=options.severity,
                journal=options.journal,
            )
        )
        print(table({seed: found[seed]}), flush=True)
    if len(found) > 1:
        print(table(found))
    print(json.dumps({"campaigns": {seed: asdict(result) for seed, result in found.items()}}))
    return 0 if all(result.clean for result in found.values()) else 1


def table(found: dict[int, Result]) -> str:
    """Return the results side by side, one column for each seed, followed by the number of faults of each kind."""
    kinds = sorted({kind for result in found.values() for kind in result.kinds})
    rows = [(words, [getattr(each, name) for each in found.values()]) for name, words in _ROWS.items()]
    rows += [(kind, [each.kinds.get(kind, 0) for each in found.values()]) for kind in kinds]
    width = max(len(words) for words, _ in rows)
    lines = [f"{'seed':<{width}}" + "".join(f"{seed:>10}" for seed in found)]
    for words, values in rows:
        shown = [f"{value:10.1f}" if isinstance(value, float) else f"{value:10}" for value in values]
        lines.append(f"{words:<{width}}" + "".join(shown))
    lines += [f"seed {seed}: {detail}" for seed, result in found.items() for detail in result.details]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
