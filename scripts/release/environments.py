"""Test environments for the wheel, created by uv, which can also resolve to the lowest versions."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

__all__ = ["EXTRAS", "ROOT", "environment", "install", "interpreters", "run", "tool"]

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = ("cli", "sandbox", "journal", "mirror", "cache", "fast", "http2", "otel")
"""The extras for applications; `testing` and `dev` are for tests and tools."""

_SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
_TOOLS = ROOT / "build" / "release" / "tools"


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command and return its output; exit with the output if it fails."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\n{' '.join(map(str, command))}: exit status {done.returncode}")
    return done.stdout


def _binary(folder: Path, name: str) -> Path:
    return folder / ("Scripts" if os.name == "nt" else "bin") / (f"{name}.exe" if os.name == "nt" else name)


def tool(name: str) -> Path:
    """Return the path of a tool, installed on first use at the version pinned in `constraints.txt`."""
    if not _binary(_TOOLS, name).exists():
        run(sys.executable, "-m", "venv", _TOOLS)
        run(
            _binary(_TOOLS, "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--constraint", ROOT / "constraints.txt", "build", "hatchling", "towncrier", "uv<1",
        )  # fmt: skip
    return _binary(_TOOLS, name)


def environment(python: str) -> Path:
    """Create an empty virtual environment and return its interpreter."""
    folder = Path(tempfile.mkdtemp(prefix="korus-release-"))
    run(tool("uv"), "venv", "--quiet", "--python", python, folder / "venv")
    return _binary(folder / "venv", "python")


def install(python: Path, *requirements: str, lowest: bool = False) -> None:
    """Install into an environment, from wheels only.

    Args:
        python: The environment's interpreter.
        requirements: Requirements and options for `uv pip install`.
        lowest: True to install the lowest allowed versions of korus's dependencies instead of the newest.
    """
    pins = python.parents[2] / "pins.txt"
    pins.write_text("\n".join(_lowest(python)) if lowest else "", encoding="utf-8")
    run(
        tool("uv"), "pip", "install", "--quiet", "--python", python, "--constraint", pins,
        "--only-binary", ":all:", *requirements,
    )  # fmt: skip


def _lowest(python: Path) -> list[str]:
    """Return pins of korus's direct dependencies at the lowest compatible versions that have wheels."""
    file = ROOT / "pyproject.toml"
    project: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    declared: list[str] = [*project["dependencies"]]
    options: list[str] = []
    for extra in (*EXTRAS, "testing"):
        declared += project["optional-dependencies"][extra]
        options += ["--extra", extra]
    names = {re.split(r"[^\w.-]", line)[0].lower().replace(".", "-") for line in declared}
    resolved = run(
        tool("uv"), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python", python,
        "--only-binary", ":all:", "--no-binary", "korus-sdk", "--resolution", "lowest-direct", *options, file,
    )  # fmt: skip
    return [line for line in resolved.splitlines() if line.partition("==")[0].replace(".", "-") in names]


def interpreters() -> list[str]:
    """Return the installed interpreters of the supported versions, from the path and from pyenv."""
    found: list[str] = []
    for version in _SUPPORTED:
        candidates = [shutil.which(f"python{version}"), sys.executable]
        if pyenv := shutil.which("pyenv"):
            root = run(pyenv, "root").strip()
            candidates += map(str, Path(root, "versions").glob(f"{version}.*/bin/python3"))
        found += [one for one in candidates if one and _is(one, version)][:1]
    return found


def _is(python: str, version: str) -> bool:
    asked = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    done = subprocess.run(asked, check=False, capture_output=True, text=True)
    return done.returncode == 0 and done.stdout.strip() == version
