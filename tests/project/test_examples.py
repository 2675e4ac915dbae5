"""The examples hold: a shop that is tested with korus is a project of its own, and its tests pass as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop"


def test_the_shops_own_tests_pass_from_its_own_folder() -> None:
    # a run of its own: none of our options, and no recording whatever the variables say
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("KORUS_", "PYTEST_"))
    }
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"],
        cwd=SHOP,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    closing = re.search(r"(\d+) passed", ended.stdout)
    assert closing is not None
    assert int(closing[1]) >= 12
