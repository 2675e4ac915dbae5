"""``python -m scripts.faults``: run campaigns, print the table, and exit with 1 unless it is clean."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from attrs import asdict

from scripts.faults.campaign import Campaign, Reckoning, run

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROWS = {
    "asked": "bookings asked",
    "lines": "orders these are to become",
    "ordered": "bookings ordered, named and delivered",
    "refused": "bookings refused (sold out)",
    "orders": "orders that exist at the sandbox",
    "duplicates": "duplicates",
    "lost": "lost",
    "unknown": "left unknown after recover()",
    "late": "requests that book, begun after an interrupt",
    "spare_holds": "holds never ordered (they end by themselves)",
    "tokens": "tokens requested",
    "replays": "replays made",
    "requests": "requests",
    "seconds": "wall time in seconds",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    usual = Campaign()
    parser = argparse.ArgumentParser(prog="python -m scripts.faults", description=__doc__)
    parser.add_argument("--seed", type=int, nargs="*", default=[usual.seed], help="one campaign for each")
    parser.add_argument("--bookings", type=int, default=usual.bookings)
    parser.add_argument("--commands", type=int, default=usual.commands, help="more, by korus book")
    parser.add_argument("--processes", type=int, default=usual.processes)
    parser.add_argument("--workers", type=int, default=usual.workers, help="threads or tasks in each process")
    parser.add_argument("--severity", type=float, default=usual.severity, help="how bad it gets; 1 is bad")
    parser.add_argument("--journal", help="SQLAlchemy URL of the journal; a new SQLite file when left out")
    options = parser.parse_args(arguments)
    found: dict[int, Reckoning] = {}
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
    print(json.dumps({"campaigns": {seed: asdict(reckoning) for seed, reckoning in found.items()}}))
    return 0 if all(reckoning.clean for reckoning in found.values()) else 1


def table(found: dict[int, Reckoning]) -> str:
    """Return the results side by side, one column for each seed, followed by the number of faults of each kind."""
    kinds = sorted({kind for reckoning in found.values() for kind in reckoning.kinds})
    rows = [(words, [getattr(each, name) for each in found.values()]) for name, words in _ROWS.items()]
    rows += [(kind, [each.kinds.get(kind, 0) for each in found.values()]) for kind in kinds]
    width = max(len(words) for words, _ in rows)
    lines = [f"{'seed':<{width}}" + "".join(f"{seed:>10}" for seed in found)]
    for words, values in rows:
        shown = [f"{value:10.1f}" if isinstance(value, float) else f"{value:10}" for value in values]
        lines.append(f"{words:<{width}}" + "".join(shown))
    lines += [f"seed {seed}: {detail}" for seed, reckoning in found.items() for detail in reckoning.details]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
