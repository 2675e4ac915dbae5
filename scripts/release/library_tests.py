"""Run the library's tests in an environment of their own: lowest versions, another system, more packages.

The tests of the maintainers' tools stay out; `make test` runs all.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING

from scripts.release.environments import EXTRAS, ROOT, environment, install

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

FOLDERS = (
    "core",
    "http",
    "booking",
    "journal",
    "faults",
    "client",
    "cli",
    "mirror",
    "sandbox",
    "doctor",
    "otel",
    "recorded",
)
TOOLS = (
    "fakeredis[lua]", "hypothesis", "jinja2", "jsonpath-rfc9535",
    "openapi-spec-validator", "opentelemetry-instrumentation-httpx>=0.48b0", "opentelemetry-sdk",
    "packaging", "pypdf", "pytest-asyncio", "pytest-randomly", "pytest-socket", "pytest-timeout",
    "pytest-xdist", "ruff", "setuptools<81", "schemathesis", "sybil", "time-machine", "towncrier", "trio",
    "unasync",
)  # fmt: skip
"""The packages that the tests import; it is not the tools whose floors are tried."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the environment, run the tests, and leave with pytest's status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.release.library_tests", description=__doc__)
    parser.add_argument(
        "--lowest", action="store_true", help="with the lowest versions of what korus declares"
    )
    parser.add_argument(
        "--with", dest="more", nargs="*", default=[], metavar="PACKAGE", help="packages to add"
    )
    parser.add_argument("tests", nargs="*", help="these tests instead of the library's")
    given = parser.parse_args(arguments)
    free = sysconfig.get_config_var("Py_GIL_DISABLED") == 1
    extras = ",".join(extra for extra in (*EXTRAS, "testing") if not (free and extra == "fast"))
    python = environment(sys.executable)
    own = ("--no-binary", "korus-sdk", "--editable", f"{ROOT}[{extras}]")
    install(python, *own, *TOOLS, *given.more, lowest=given.lowest)
    tests = given.tests or [f"tests/{folder}" for folder in FOLDERS]
    if given.lowest:  # schemathesis and httpx's instrumentation do not go well with the lowest versions
        tests += ["--ignore=tests/sandbox/test_conformance.py", "-W", "ignore:pkg_resources"]
    workers = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile"]
    return subprocess.run([python, "-m", "pytest", *workers, *tests], check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
