"""The page of the shop in examples/ names what exists."""

from __future__ import annotations

import re
from pathlib import Path

from korus.testing import plugin

ROOT = Path(__file__).resolve().parents[2]
SHOP = ROOT / "examples" / "shop"


def test_the_page_about_it_names_options_and_files_that_exist():
    page = (SHOP / "README.md").read_text(encoding="utf-8")
    offered = Path(plugin.__file__).read_text(encoding="utf-8")
    for option in re.findall(r"--korus-[a-z-]+", page):
        assert f'"{option}"' in offered
    for target in re.findall(r"\]\(([^)]+)\)", page):
        assert (SHOP / target).exists()
    example = re.search(r"```python\n(@pytest.*?)```", page, re.DOTALL)
    lines = [line.strip() for line in example[1].splitlines()]
    source = (SHOP / "tests" / "test_shop.py").read_text(encoding="utf-8")
    assert all(line in source for line in lines)
