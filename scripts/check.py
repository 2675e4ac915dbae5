"""Run every check of `make check` and say at the end which failed.

The checks stand in one table; all of them run, so that one look shows everything there is to mend.
How a check is set up stands with its tool, in ``pyproject.toml``. This is not the test suite: that is
`make test`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CHECKS", "Check", "main"]

ROOT = Path(__file__).resolve().parent.parent


@frozen
class Check:
    """One command whose exit status 0 means that all is well.

    Attributes:
        name: How the check is called on the command line and in the summary.
        module: The Python module to run.
        arguments: Its arguments.
        purpose: What it keeps right, in a few words.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    purpose: str

    @property
    def command(self) -> list[str]:
        """The command as the shell would get it."""
        return [sys.executable, "-m", self.module, *self.arguments]


CHECKS = (
    Check("lint", "ruff", ("check", "."), "every lint rule"),
    Check("format", "ruff", ("format", "--check", "."), "one way to lay out code"),
    Check("mypy", "mypy", (), "types, strict, of korus and scripts"),
    Check("pyright", "pyright", ("--pythonpath", sys.executable), "the same by a second judge"),
    Check("wheel-types", "scripts.wheel_types", (), "a user's program against the installed wheel, by both"),
    Check("mypy-generated", "mypy", ("generated/korus_api",), "types of the raw client"),
    Check("imports", "scripts.contracts", (), "which part may import which"),
    Check(
        "dependencies",
        "deptry",
        ("korus", "generated/korus_api"),
        "what is imported is declared, and the reverse",
    ),
    Check("tool-dependencies", "deptry", ("scripts", "--ignore", "DEP002,DEP004"), "the same for the tools"),
    Check(
        "generated", "scripts.generate", ("--check",), "generated/korus_api is what `make generate` writes"
    ),
    Check(
        "descriptions", "scripts.descriptions", ("--check",), "the lock names the bytes of every description"
    ),
    Check("sync", "scripts.sync", ("--check",), "korus/_sync is what `make sync` writes"),
    Check(
        "docs", "scripts.docs", ("--check",), "the reference pages are what `python -m scripts.docs` writes"
    ),
    Check("workflows", "scripts.workflows", (), "no workflow can be abused: zizmor, offline"),
    Check("private", "scripts.cassettes", ("scan",), "nothing private stands in recorded traffic"),
    Check("recorded", "scripts.cassettes", ("check",), "recorded traffic is what the descriptions say"),
)


@frozen
class Result:
    """How one check ended."""

    check: Check
    status: int
    output: str
    seconds: float


def run(check: Check) -> Result:
    """Run one check in the project's root and keep what it printed."""
    started = time.monotonic()
    ended = subprocess.run(  # noqa: S603 - the commands are the table above
        check.command, cwd=ROOT, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return Result(check, ended.returncode, ended.stdout + ended.stderr, time.monotonic() - started)


def report(result: Result) -> None:
    """Print one line for what is well, and everything that was said about what is not."""
    verdict = "ok" if result.status == 0 else "FAILED"
    print(
        f"{verdict:>6}  {result.check.name:<18} {result.check.purpose} ({result.seconds:.1f} s)", flush=True
    )
    if result.status:
        command = " ".join(["python", *result.check.command[1:]])
        print(f"\n{result.output.rstrip()}\n\nagain with: {command}\n", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named checks, or all; 0 when every one passed, 1 otherwise."""
    known = [check.name for check in CHECKS]
    parser = argparse.ArgumentParser(prog="python -m scripts.check", description="Run the project's checks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(known)} (all)")
    parser.add_argument("--jobs", type=int, default=2, help="how many run at the same time (2)")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.names if name not in known]:
        parser.error(f"no such check: {', '.join(unknown)}; there are {', '.join(known)}")
    checks = [check for check in CHECKS if not chosen.names or check.name in chosen.names]
    failed: list[str] = []
    with ThreadPoolExecutor(max_workers=chosen.jobs) as pool:
        for result in pool.map(run, checks):
            report(result)
            if result.status:
                failed.append(result.check.name)
    print(
        f"{len(checks) - len(failed)} checks passed, {len(failed)} failed"
        + ": " * bool(failed)
        + ", ".join(failed)
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
