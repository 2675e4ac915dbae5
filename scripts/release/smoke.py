"""Smoke test of a wheel in empty environments, with its lowest and its newest dependencies."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.release.environments import EXTRAS, environment, install, run

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "smoke"]

PLAIN = """
import korus, korus.errors, korus.models, korus.types, korus.hooks, korus.forms, korus.iri, korus.money
with korus.Korus(client_id="a", client_secret="b", environment="production") as client:
    assert "b" not in repr(client.config.client_secret)
    client.reservations.bulk()
print(korus.__version__, korus.API_VERSION)
"""
"""Program for the wheel without extras."""

WHOLE = r"""
import os, re, sys, tempfile
from datetime import UTC, datetime
from importlib.metadata import metadata
from korus.sandbox import Sandbox
os.chdir(tempfile.mkdtemp())
readme = metadata("korus-sdk").get_payload() or metadata("korus-sdk")["Description"]
(example, errors, *_) = re.findall(r"^```python\n(.*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)
with Sandbox(seed=7, now=datetime(2026, 12, 28, 9, tzinfo=UTC)) as sandbox:
    os.environ.update(sandbox.environment())
    for cache, journal in ((None, None), ("cache.db", "journal.db")):
        from korus import Korus
        with Korus.from_env(journal=journal, cache=cache) as korus:
            assert korus.catalogs.list().first() is not None
    from korus.mirror import Mirror
    with Korus.from_env() as korus, Mirror("mirror.db", korus) as mirror:
        assert mirror.sync(between=(datetime(2027, 1, 2).date(), datetime(2027, 1, 3).date())).added
    exec(example)
    exec(errors)
    assert os.listdir("tickets")
from korus.cli import main
try:
    main(["--version"])
except SystemExit as left:
    assert not left.code
"""
"""Program for the wheel with all extras: the README's examples, journal, cache, mirror and the command."""


def smoke(wheel: Path, python: str, *, lowest: bool) -> None:
    """Test a wheel with one Python, without and with its extras."""
    for extras, program in (((), PLAIN), (EXTRAS, WHOLE)):
        interpreter = environment(python)
        try:
            chosen = _available(interpreter, extras)
            install(interpreter, f"korus-sdk{chosen} @ {wheel.resolve().as_uri()}", lowest=lowest)
            # outside the clone, so that Python imports the installed wheel
            with tempfile.TemporaryDirectory() as elsewhere:
                subprocess.run(
                    [interpreter, "-W", "error::DeprecationWarning:korus", "-c", program],
                    check=True,
                    cwd=elsewhere,
                )
        finally:
            shutil.rmtree(interpreter.parents[2], ignore_errors=True)


def _available(interpreter: Path, extras: tuple[str, ...]) -> str:
    """Return the extras in brackets; `fast` is left out on free-threaded Python, where orjson has no wheel."""
    free = (
        run(interpreter, "-c", "import sysconfig; print(sysconfig.get_config_var('Py_GIL_DISABLED'))").strip()
        == "1"
    )
    named = ",".join(extra for extra in extras if not (free and extra == "fast"))
    return f"[{named}]" if named else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Test the wheel in a folder."""
    parser = argparse.ArgumentParser(prog="python -m scripts.release.smoke", description=__doc__)
    parser.add_argument("dist", type=Path, help="the folder with the wheel")
    parser.add_argument("--versions", choices=("lowest", "newest"), nargs="*", default=["lowest", "newest"])
    parser.add_argument(
        "--python", nargs="*", default=[sys.executable], help="the interpreters (default: this one)"
    )
    given = parser.parse_args(arguments)
    (wheel,) = given.dist.glob("*.whl")
    for python in given.python:
        for versions in given.versions:
            smoke(wheel, python, lowest=versions == "lowest")
            print(f"{wheel.name}: works with {python} and the {versions} versions", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
