"""Run every part of `make proof`, two at a time, and list the failed ones at the end.

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
        "three made-up versions are absorbed with the suite, each in five minutes of two cores",
    ),
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
            f"mirror-{runs}",
            "pytest",
            ("-q", "-m", "proof", "tests/mirror", "-k", runs.replace("-", " and ")),
            "a mirror is what it copies",
        )
        for runs in ("sqlite-first", "sqlite-second", "postgresql")
    ),
    Check(
        "mirror-living",
        "scripts.living",
        ("--seconds", "45", "--rate", "5"),
        "a mirror of a catalogue that changes ends exact",
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
        "the tests that take too long",
    ),
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
    """Run the named parts, or all."""
    return run_table(
        PARTS, arguments, prog="python -m scripts.proof", description=__doc__, kind="part", folder=FOLDER
    )


if __name__ == "__main__":
    sys.exit(main())
