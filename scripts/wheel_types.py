"""Type check of the installed wheel: mypy and pyright check `tests/types` as a user's program.

``accepted.py`` uses every resource and must have no errors; ``refused.py`` must have an error on every marked line and
on no other. The wheel is built and installed into an empty environment, since type checkers treat an installed
package differently from a folder. Nothing is downloaded.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["compare", "main"]

ROOT: Final = Path(__file__).resolve().parent.parent
PROGRAMS: Final = ROOT / "tests" / "types"
_REFUSED: Final = re.compile(r"# refused$")
_MYPY: Final = re.compile(r"(?P<file>[^:]+):(?P<line>\d+): error: (?P<message>.*)")

Errors = dict[tuple[str, int], str]
"""Messages of a checker, by file and line."""


def main() -> int:
    """Build, install and check; return 0 if both checkers report exactly the expected errors."""
    with tempfile.TemporaryDirectory() as folder:
        python = _installed(Path(folder))
        said: dict[str, Errors] = {"mypy --strict": _mypy(python)}
        for mode in ("basic", "strict"):
            said[f"pyright, {mode}"] = _pyright(python, mode, Path(folder))
    problems = [f"{checker}: {problem}" for checker, errors in said.items() for problem in compare(errors)]
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


def compare(errors: Mapping[tuple[str, int], str], programs: Path = PROGRAMS) -> list[str]:
    """Return the missing and the unexpected errors."""
    expected = {
        (file.name, number)
        for file in sorted(programs.glob("*.py"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1)
        if _REFUSED.search(line)
    }
    accepted = [f"{file}:{line}: accepted" for file, line in sorted(expected - errors.keys())]
    refused = [
        f"{file}:{line}: {message}"
        for (file, line), message in sorted(errors.items())
        if (file, line) not in expected
    ]
    return accepted + refused


def _installed(folder: Path) -> Path:
    """Build the wheel, install it into a new environment, and return that environment's Python."""
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)])
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    _run([*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)])
    # the dependencies of korus come from here, after the wheel on the path
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return python


def _mypy(python: Path) -> Errors:
    # without the project's folder and settings
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(python.parent)]
    said = _output([*command, "--python-executable", str(python), *map(str, _programs())], python.parent)
    found = [match for line in said.splitlines() if (match := _MYPY.match(line))]
    return {(Path(match["file"]).name, int(match["line"])): match["message"] for match in found}


def _pyright(python: Path, mode: str, folder: Path) -> Errors:
    project = folder / mode
    shutil.copytree(PROGRAMS, project)
    settings = {"typeCheckingMode": mode, "reportUnusedExpression": False}
    (project / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pyright",
        "--outputjson",
        "--pythonpath",
        str(python),
        "-p",
        str(project),
    ]
    said = json.loads(_output(command, folder))["generalDiagnostics"]
    return {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1): each["message"].splitlines()[0]
        for each in said
        if each["severity"] == "error"
    }


def _programs() -> Sequence[Path]:
    return sorted(PROGRAMS.glob("*.py"))


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - commands of this module


def _output(command: Sequence[str], folder: Path) -> str:
    ended = subprocess.run(  # noqa: S603 - commands of this module
        command, check=False, capture_output=True, text=True, cwd=folder
    )
    if ended.returncode not in {0, 1}:
        raise RuntimeError(f"{command[2]} ended with {ended.returncode}: {ended.stderr or ended.stdout}")
    return ended.stdout


if __name__ == "__main__":
    sys.exit(main())
