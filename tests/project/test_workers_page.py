"""The page about workers is true: its examples run, each in a process of its own, against the sandbox."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from korus.sandbox import Sandbox

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "workers.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=["fork", "loops"])
def test_an_example_of_the_page_runs(sandbox: Sandbox, block: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", **sandbox.environment()},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_page_says_of_the_cache_is_so() -> None:
    from korus._http import cache_health

    assert f"left alone for {cache_health._REST_SECONDS:.0f} seconds" in PAGE
