"""The README's example, word for word, in both colours from one cassette."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.mark.korus_cassette(
    name="the_example", purpose="The example of the README, from the catalogue to the tickets."
)
def test_the_example_books_tickets(korus_cassette, colour, request, monkeypatch, tmp_path):
    for name, value in request.getfixturevalue("_korus_settings").items():
        monkeypatch.setenv(f"KORUS_{name.upper()}", value)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    if colour == "sync":
        (block,) = [
            block
            for block in BLOCKS
            if "with Korus.from_env() as korus" in block and "async with" not in block
        ]
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - the README is ours
    else:
        (block,) = [block for block in BLOCKS if "async with AsyncKorus.from_env() as korus" in block]
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - the README is ours
        asyncio.run(names["book"]())
    tickets = list((tmp_path / "tickets").rglob("*.pdf"))
    assert tickets
    assert all(path.read_bytes().startswith(b"%PDF-") for path in tickets)
