"""Run the benchmarks: ``python -m tests.benchmarks [--rounds N] [--rows 2,3]``."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from tests.benchmarks import (
    bulk_calls,
    calling,
    importing,
    maintaining,
    mirroring,
    paging,
    peers,
    reading,
    replaying,
    report,
    writing,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.measuring import Row


def main() -> int:
    """Measure what was asked for; the exit status says only whether measuring worked, not what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=7, help="turns of each contestant (7, the least for a result)"
    )
    parser.add_argument("--rows", default="", help="numbers of the rows, separated by commas (all)")
    parser.add_argument(
        "--write", action="store_true", help="put the table into docs/project/benchmarks.md as well"
    )
    given = parser.parse_args()
    absent = peers.build()
    by_number: dict[int, Callable[[], Row]] = {
        1: lambda: importing.run(given.rounds),
        2: lambda: reading.run_offers(given.rounds, absent),
        3: lambda: reading.run_orders(given.rounds, absent),
        4: lambda: writing.run(given.rounds, absent),
        5: lambda: calling.run(given.rounds),
        6: lambda: paging.run_waiting(given.rounds),
        7: lambda: calling.run_at_once(given.rounds),
        8: lambda: paging.run_long(given.rounds),
        9: lambda: paging.run_mirror(given.rounds),
        10: lambda: maintaining.run(given.rounds),
        11: lambda: replaying.run(given.rounds),
        12: lambda: mirroring.run(given.rounds),
        13: lambda: bulk_calls.run(given.rounds),
    }
    wanted = [int(number) for number in given.rows.split(",") if number] or list(by_number)
    started = time.monotonic()
    rows: list[Row] = []
    for number in wanted:
        row = by_number[number]()
        print(report.text_of(row), flush=True)
        rows.append(row)
    where = report.write(rows, rounds=given.rounds, seconds=time.monotonic() - started)
    if given.write:
        report.into_page()
    print(report.summary(rows))
    print(f"\nwritten: {where / 'results.json'} and {where / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
