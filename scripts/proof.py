"""Parts of `make proof`, run two at a time, with the failed ones listed at the end.

Each part is a search or a campaign for a figure in the documentation; the sizes are those that two cores can do
within half an hour. The output of each part is kept in ``build/proof``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.check import Check, run_table

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PARTS", "main"]

FOLDER = Path(__file__).resolve().parent.parent / "build" / "proof"


WHOLE, HISTORIES = "tests/track/test_whole.py", "tests/compare/test_histories.py"
# the slowest first; `track-whole`, `faults` and `soak` start their own processes, the others use one core
PARTS = (
    Check(
        "track-whole",
        "pytest",
        ("-q", "-m", "proof", WHOLE),
        "three invented versions are absorbed with the suite, each in five minutes on two cores",
    ),
    Check("soak", "scripts.soak", (), "two clients run through ten minutes of outages"),
    Check("fuzz", "tests.compare.fuzz", ("--jobs", "1", "--pairs", "40000"), "every difference is reported"),
    *(
        Check(
            f"faults-{seed}",
            "scripts.faults",
            ("--seed", seed, "--bookings", "1000"),
            "no booking is duplicated or lost",
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
            f"mirror-{runs}",
            "pytest",
            ("-q", "-m", "proof", "tests/mirror", "-k", runs.replace("-", " and ")),
            "a mirror equals the API's lists",
        )
        for runs in ("sqlite-first", "sqlite-second", "postgresql")
    ),
    Check(
        "mirror-living",
        "scripts.living",
        ("--seconds", "45", "--rate", "5"),
        "a mirror of a changing catalogue is exact at the end",
    ),
    Check(
        "histories",
        "pytest",
        ("-q", "-m", "proof", HISTORIES),
        "each step of three histories has a cause in Python",
    ),
    Check(
        "tests",
        "pytest",
        ("-q", "-m", "proof", *(f"--ignore={part}" for part in ("tests/mirror", WHOLE, HISTORIES))),
        "the slow tests",
    ),
    Check(
        "examples",
        "pytest",
        (
            *("-q", "-m", "proof or not proof", "--hypothesis-profile=proof"),
            *("tests/core/test_reading.py", "tests/compare/test_comparison_properties.py"),
        ),
        "more random examples",
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named parts, or all."""
    return run_table(
        PARTS, arguments, prog="python -m scripts.proof", description=__doc__, kind="part", folder=FOLDER
    )


if __name__ == "__main__":
    sys.exit(main())
