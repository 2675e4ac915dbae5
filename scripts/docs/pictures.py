"""Pictures of the documentation: terminal sessions at the sandbox, recorded as SVG."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from korus.sandbox import Sandbox
from scripts import demo
from scripts.docs.layout import DOCS

__all__ = ["PICTURES", "draw"]

_WIDTH = 100
_MOMENT = datetime(2027, 5, 1, 9, tzinfo=UTC)

PICTURES: dict[str, tuple[str, ...]] = {
    "book": (
        "korus book weekend.yaml --check",
        "korus book weekend.yaml --quiet",
        "ls -R tickets | head -12",
    ),
    "calendar": (
        "korus mirror sync --json | tail -1",
        "product=$(korus products 'Lantern Park' --limit 1 --json | cut -d '\"' -f 4)",
        'korus mirror calendar "$product" 2027-05 | head -18',
    ),
}
"""The sessions by name: the lines typed into one shell."""


def draw() -> None:
    """Record each session at its own sandbox and write its picture."""
    (DOCS / "pictures").mkdir(exist_ok=True)
    for name, lines in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder, Sandbox(seed=7, now=_MOMENT) as sandbox:
            said = _session(lines, Path(folder), sandbox)
        (DOCS / "pictures" / f"{name}.svg").write_text(_svg(said, f"korus {name}"), encoding="utf-8")
        print(f"wrote docs/pictures/{name}.svg")


def _session(lines: tuple[str, ...], folder: Path, sandbox: Sandbox) -> str:
    """Run the lines in one shell; return prompts, lines and output as a terminal shows them."""
    booked, first_day = demo.file_to_book(_MOMENT.date())
    demo.stock_up(sandbox, first_day)
    shutil.copyfile(booked, folder / "weekend.yaml")
    script = "".join(f"printf '%s\\n' {_quoted('$ ' + line)}\n{line}\n" for line in lines)
    done = subprocess.run(  # noqa: S603 - the lines above
        ["bash", "-c", script],  # noqa: S607
        cwd=folder,
        env={
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
            "HOME": str(folder),
            "COLUMNS": str(_WIDTH),
            "KORUS_MIRROR": "shop.db",
            **sandbox.environment(),
        },
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout.replace(f"{folder}/", "")


def _quoted(line: str) -> str:
    return "'" + line.replace("'", "'\\''") + "'"


def _svg(said: str, title: str) -> str:
    """Draw the terminal's content; the picture loads no fonts from other hosts."""
    console = Console(
        record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, legacy_windows=False
    )
    for line in said.splitlines():
        console.print(Text.from_ansi(line), overflow="fold", highlight=False)
    svg = console.export_svg(title=title, theme=MONOKAI, unique_id=title.replace(" ", "-"))
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"<!-- Generated with Rich .*?-->\s*", "", svg)
