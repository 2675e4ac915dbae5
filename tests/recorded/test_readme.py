"""The example of the README and its async twin, word for word, from one cassette."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README, ASYNC_PAGE = ROOT / "README.md", ROOT / "docs" / "howto" / "async.md"


def first_block(page: Path) -> str:
    found = re.search(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.korus_cassette(
    name="the_example", purpose="The example of the README, from the catalogue to the tickets."
)
def test_the_example_books_tickets(korus_cassette, client_kind, request, monkeypatch, tmp_path):
    for name, value in request.getfixturevalue("_korus_settings").items():
        monkeypatch.setenv(f"KORUS_{name.upper()}", value)
    monkeypatch.chdir(tmp_path)
    # in async.md the block runs its coroutine itself
    page = README if client_kind == "sync" else ASYNC_PAGE
    exec(compile(first_block(page), page.name, "exec"), {})  # noqa: S102 - the page is ours
    tickets = list((tmp_path / "tickets").rglob("*.pdf"))
    assert tickets
    assert all(path.read_bytes().startswith(b"%PDF-") for path in tickets)
