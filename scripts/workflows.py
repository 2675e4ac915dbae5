"""Check of the workflows in ``.github`` with zizmor, offline and with its strictest persona.

zizmor is a program and not a Python module, so ``python -m`` cannot run it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run zizmor; return 0 if it finds nothing."""
    zizmor = Path(sys.executable).with_name("zizmor")
    command = [str(zizmor), "--offline", "--no-progress", "--persona", "auditor", str(ROOT / ".github")]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own tool


if __name__ == "__main__":
    sys.exit(main())
