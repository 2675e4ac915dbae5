"""Checks of `make check`, with the failed ones listed at the end.

The checks are rows of one table; all of them run, so that one run shows all errors. Their configuration is in
``pyproject.toml``. The test suite is `make test`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CHECKS", "Check", "main", "run_table"]

ROOT = Path(__file__).resolve().parent.parent


@frozen
class Check:
    """Command whose exit status 0 means success.

    Attributes:
        name: Its name on the command line and in the summary.
        module: The Python module to run.
        arguments: Its arguments.
        purpose: The property that it checks, in a few words.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    purpose: str

    @property
    def command(self) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", self.module, *self.arguments]


CHECKS = (
    Check("lint", "ruff", ("check", "."), "lint rules"),
    Check("format", "ruff", ("format", "--check", "."), "formatting"),
    Check("mypy", "mypy", (), "types of korus and scripts, strict"),
    Check("pyright", "pyright", ("--pythonpath", sys.executable), "the same with pyright"),
    Check("wheel-types", "scripts.wheel_types", (), "types of the installed wheel, with both"),
    Check("mypy-generated", "mypy", ("generated/korus_api",), "types of the raw client"),
    Check("imports", "scripts.contracts", (), "import contracts"),
    Check("sizes", "scripts.sizes", (), "no class over 400 lines, no function over 60"),
    Check(
        "dependencies",
        "deptry",
        ("korus", "generated/korus_api"),
        "imports and declared dependencies agree",
    ),
    Check("tool-dependencies", "deptry", ("scripts", "--ignore", "DEP002,DEP004"), "the same for the tools"),
    Check(
        "generated",
        "scripts.generate",
        ("--check",),
        "generated/korus_api is up to date with `make generate`",
    ),
    Check("descriptions", "scripts.descriptions", ("--check",), "the digests in the lock are correct"),
    Check("sync", "scripts.sync", ("--check",), "korus/_sync is up to date with `make sync`"),
    Check(
        "docs",
        "scripts.docs",
        ("--check",),
        "the reference pages are up to date with `python -m scripts.docs`",
    ),
    Check("workflows", "scripts.workflows", (), "workflows are secure (zizmor, offline)"),
    Check("private", "scripts.cassettes", ("scan",), "recorded traffic has no private data"),
    Check("recorded", "scripts.cassettes", ("check",), "recorded traffic matches the descriptions"),
)


@frozen
class Result:
    """Result of one check."""

    check: Check
    status: int
    output: str
    seconds: float


def run(check: Check) -> Result:
    """Run one check in the project's root and capture its output."""
    started = time.monotonic()
    ended = subprocess.run(  # noqa: S603 - the commands are the table above
        check.command, cwd=ROOT, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return Result(check, ended.returncode, ended.stdout + ended.stderr, time.monotonic() - started)


def report(result: Result) -> None:
    """Print one line for each passed check, and the whole output of each failed one."""
    verdict = "ok" if result.status == 0 else "FAILED"
    print(
        f"{verdict:>6}  {result.check.name:<18} {result.check.purpose} ({result.seconds:.1f} s)", flush=True
    )
    if result.status:
        command = " ".join(["python", *result.check.command[1:]])
        print(f"\n{result.output.rstrip()}\n\nrun it again with: {command}\n", flush=True)


def run_table(
    table: Sequence[Check],
    arguments: Sequence[str] | None,
    *,
    prog: str,
    description: str | None,
    kind: str,
    folder: Path | None = None,
) -> int:
    """Run the named rows of a table, or all; return 0 if all passed, else 1.

    Args:
        table: The checks.
        arguments: The command line.
        prog: The name of the command.
        description: The description of the command.
        kind: The word for a row.
        folder: For slow checks, the folder for their output. They are reported as they end, not in order, and the last
            line shows the total time.
    """
    known = [check.name for check in table]
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(known)} (default: all)")
    parser.add_argument("--jobs", type=int, default=2, help="the number of parallel runs (default: 2)")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.names if name not in known]:
        parser.error(f"unknown {kind}: {', '.join(unknown)}; known are {', '.join(known)}")
    checks = [check for check in table if not chosen.names or check.name in chosen.names]
    began = time.monotonic()
    failed: list[str] = []
    with ThreadPoolExecutor(max_workers=chosen.jobs) as pool:
        futures = [pool.submit(run, check) for check in checks]
        for future in futures if folder is None else as_completed(futures):
            result = future.result()
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{result.check.name}.txt").write_text(result.output, encoding="utf-8")
            report(result)
            if result.status:
                failed.append(result.check.name)
    took = "" if folder is None else f" in {(time.monotonic() - began) / 60:.0f} min"
    print(
        f"{len(checks) - len(failed)} {kind}s passed, {len(failed)} failed{took}"
        + ": " * bool(failed)
        + ", ".join(failed)
    )
    return 1 if failed else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks that the command line names."""
    description = "Run the project's checks."
    return run_table(CHECKS, arguments, prog="python -m scripts.check", description=description, kind="check")


if __name__ == "__main__":
    sys.exit(main())
