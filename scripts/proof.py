"""Run every part of `make proof`, two at a time, and say at the end which failed.

Each part is a search or a campaign behind a figure that the documentation names; the sizes are those that two cores
can do within half an hour. What a part prints is kept in ``build/proof``.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.check import Check, report, run

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PARTS", "main"]

FOLDER = Path(__file__).resolve().parent.parent / "build" / "proof"


# what takes longest first; `faults` and `soak` have processes and threads of their own, the rest takes one core
PARTS = (
    Check("soak", "scripts.soak", (), "two clients live through ten minutes of outages"),
    Check("fuzz", "tests.compare.fuzz", ("--jobs", "1", "--pairs", "40000"), "no difference is silent"),
    *(
        Check(
            f"faults-{seed}",
            "scripts.faults",
            ("--seed", seed, "--bookings", "1000"),
            "no booking is doubled, none is lost",
        )
        for seed in ("1", "2")
    ),
    *(
        Check(
            f"simulate-{seed}",
            "scripts.simulate",
            ("--seed", seed, "--schedules", "5000"),
            "no schedule breaks a rule",
        )
        for seed in ("1", "2", "3")
    ),
    *(
        Check(
            f"mirror-{database}",
            "pytest",
            ("-q", "-m", "proof", "tests/mirror", "-k", database),
            "a mirror is what it copies",
        )
        for database in ("sqlite", "postgresql")
    ),
    Check("tests", "pytest", ("-q", "-m", "proof", "--ignore=tests/mirror"), "the tests that take too long"),
    Check(
        "examples",
        "pytest",
        (
            *("-q", "-m", "proof or not proof", "--hypothesis-profile=proof"),
            *("tests/core/test_reading.py", "tests/compare/test_comparison_properties.py"),
        ),
        "more examples of what is drawn",
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named parts, or all; 0 when every one passed, 1 otherwise."""
    known = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(prog="python -m scripts.proof", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(known)} (all)")
    parser.add_argument("--jobs", type=int, default=2, help="how many run at the same time (2)")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.names if name not in known]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(known)}")
    parts = [part for part in PARTS if not chosen.names or part.name in chosen.names]
    began = time.monotonic()
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    with ThreadPoolExecutor(max_workers=chosen.jobs) as pool:
        for future in as_completed([pool.submit(run, part) for part in parts]):
            result = future.result()
            (FOLDER / f"{result.check.name}.txt").write_text(result.output, encoding="utf-8")
            report(result)
            if result.status:
                failed.append(result.check.name)
    print(
        f"{len(parts) - len(failed)} parts passed, {len(failed)} failed in {(time.monotonic() - began) / 60:.0f} min"
        + ": " * bool(failed)
        + ", ".join(failed)
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
