"""Library tests in a separate environment: lowest versions, another platform, additional packages.

The tests of the maintainers' tools are left out; `make test` runs all tests.
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
"""The packages that the tests import, always at their newest versions."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Create the environment, run the tests, and return pytest's exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.release.library_tests", description=__doc__)
    parser.add_argument(
        "--lowest", action="store_true", help="use the lowest allowed versions of korus's dependencies"
    )
    parser.add_argument(
        "--with", dest="more", nargs="*", default=[], metavar="PACKAGE", help="additional packages to install"
    )
    parser.add_argument("tests", nargs="*", help="tests to run instead of all library tests")
    given = parser.parse_args(arguments)
    free = sysconfig.get_config_var("Py_GIL_DISABLED") == 1
    extras = ",".join(extra for extra in (*EXTRAS, "testing") if not (free and extra == "fast"))
    python = environment(sys.executable)
    own = ("--no-binary", "korus-sdk", "--editable", f"{ROOT}[{extras}]")
    install(python, *own, *TOOLS, *given.more, lowest=given.lowest)
    tests = given.tests or [f"tests/{folder}" for folder in FOLDERS]
    if given.lowest:  # schemathesis and httpx's instrumentation are incompatible with the lowest versions
        tests += ["--ignore=tests/sandbox/test_conformance.py", "-W", "ignore:pkg_resources"]
    workers = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile"]
    return subprocess.run([python, "-m", "pytest", *workers, *tests], check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
